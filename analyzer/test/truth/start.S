# A kernel of one entry: user mode traps once for each input from 0 to INPUTS − 1, and f(input) handles it. One entry more ends the
# trace: an entry is whole when the next one begins.
#include "potoroo.h"

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
	lla	t0, trap_vector
	csrw	stvec, t0
	POTOROO_INIT t0
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
	call	f
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
	li	s0, 0
	li	s1, INPUTS
1:	mv	a0, s0
	ecall
	addi	s0, s0, 1
	bleu	s0, s1, 1b
	li	t0, 0x100000
	li	t1, 0x5555
2:	sw	t1, 0(t0)
	j	2b

	.bss
	.balign	64
	.zero	8192
stack:
