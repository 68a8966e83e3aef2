/* SPDX-License-Identifier: GPL-2.0-or-later
 * Where the root task starts; the system-call stub; instructions that fault. */
	.section .start, "ax"
	.globl	_start
_start:
	lla	sp, root_stack_top
	call	root_main
1:	j	1b

	.text
	.globl	user_syscall, user_ecall
user_syscall:
	mv	a7, a0
	mv	a0, a1
	mv	t0, a2
	mv	t1, a3
	ld	a1, 0(t0)
	ld	a2, 8(t0)
	ld	a3, 16(t0)
	ld	a4, 24(t0)
	ld	a5, 32(t0)
	ld	a6, 0(t1)
user_ecall:
	ecall
	sd	a1, 0(t0)
	sd	a2, 8(t0)
	sd	a3, 16(t0)
	sd	a4, 24(t0)
	sd	a5, 32(t0)
	sd	a6, 0(t1)
	ret

	.option	norvc
	.globl	user_load, user_store, user_fetch, user_illegal, user_breakpoint, user_misaligned
user_load:
	ld	t0, 0(a0)
	ret
user_store:
	sd	zero, 0(a0)
	ret
user_fetch:
	addi	sp, sp, -16
	sd	ra, 0(sp)
	jalr	a0
	ld	ra, 0(sp)
	addi	sp, sp, 16
	ret
user_illegal:
	.word	0
	ret
user_breakpoint:
	ebreak
	ret
user_misaligned:
	amoadd.d zero, zero, (a0)
	ret

	/* what user code may not do: 8 bytes each */
	.globl	user_privileged, user_privileged_end, user_stop, user_bare_call, user_bare_server
user_privileged:
	.irp	insn, "csrw sscratch, zero", "csrr t0, sscratch", "csrr t0, sepc", "csrw stvec, zero", "csrr t0, satp", "csrw satp, zero", \
		"csrr t0, sstatus", "csrs sstatus, t0", "csrw sie, zero", "csrr t0, stval", "csrw 0x14d, zero", "csrw scounteren, zero", \
		"csrr t0, mhartid", "csrr t0, mstatus", "csrw pmpcfg0, zero", "sfence.vma", "sret", "mret", "wfi"
	\insn
	ret
	.endr
user_privileged_end:
user_stop:
	.word	0
user_bare_call:				/* one call with every register as the thread was given it */
	ecall
	.word	0
user_bare_server:			/* the same for two; a0 as in s0 */
	ecall
	mv	a0, s0
	li	a7, 11			/* SYS_REPLYRECV */
	ecall
	.word	0

	.globl	user_invert, user_spin
user_invert:
	.irp	r, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	not	x\r, x\r
	.endr
user_spin:
	j	user_spin

	.bss
	.balign	64
	.zero	16384
root_stack_top:
