# A kernel of one entry, driven by a list of calls: user mode traps once for each, and handle(a0, a1, a2) handles it. One entry more ends
# the trace. The list lies in the boot arguments page: { u64 warm; u64 calls; u64 a0, a1, a2 of each call; }. Where warm is not 0, boot has run both ways
# through handle before: no call finds its code cold.
#include "potoroo.h"

	.equ	ARGUMENTS, 0x87e08000
	.section .start, "ax"
	.globl	_start
_start:
	li	t0, -1			# one region: all of memory, read, write, execute
	csrw	pmpaddr0, t0
	li	t0, 0x1f
	csrw	pmpcfg0, t0
	li	t0, 0x100		# user mode's ecall goes to S-mode
	csrw	medeleg, t0
	csrw	satp, zero
	lla	t0, stack
	csrw	sscratch, t0
	mv	sp, t0
	lla	t0, trap_vector
	csrw	stvec, t0
	POTOROO_INIT t0
	li	t0, ARGUMENTS
	ld	t0, 0(t0)
	beqz	t0, 1f
	li	a0, 0
	li	a1, 0
	li	a2, 0
	call	handle
	li	a0, 0
	li	a1, 0
	li	a2, 1
	call	handle
1:	POTOROO_INIT t0
	li	t0, 0x1800		# mret and then sret lead to user mode
	csrc	mstatus, t0
	li	t0, 0x0800
	csrs	mstatus, t0
	lla	t0, supervisor
	csrw	mepc, t0
	mret
supervisor:
	lla	t0, user
	csrw	sepc, t0
	li	t0, 0x100
	csrc	sstatus, t0
	j	boot_leave

	.text
	.balign	64
	.globl	trap_vector
	.type	trap_vector, @function
trap_vector:
	POTOROO_ENTER_POINT
	csrrw	sp, sscratch, sp
	sd	ra, -8(sp)
	POTOROO_ENTER t0
	POTOROO_PROBE
	addi	sp, sp, -16
	csrr	t0, sepc
	addi	t0, t0, 4
	csrw	sepc, t0
	call	handle
	POTOROO_PROBE
	POTOROO_EXIT t0
	ld	ra, 8(sp)
	addi	sp, sp, 16
	csrrw	sp, sscratch, sp
boot_leave:
	POTOROO_LEAVE_POINT
	sret
	.size	trap_vector, . - trap_vector

	.section .user, "ax"
	.option	norvc
user:
	li	s0, ARGUMENTS + 16
	li	s1, ARGUMENTS
	ld	s1, 8(s1)
1:	ld	a0, 0(s0)
	ld	a1, 8(s0)
	ld	a2, 16(s0)
	ecall
	addi	s0, s0, 24
	addi	s1, s1, -1
	bgez	s1, 1b
	li	t0, 0x100000
	li	t1, 0x5555
2:	sw	t1, 0(t0)
	j	2b

	.bss
	.balign	64
	.zero	8192
stack:
