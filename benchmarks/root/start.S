/* SPDX-License-Identifier: GPL-2.0-or-later
 * Where the root task starts, and the system-call stubs.
 *
 *	word user_syscall(word number, word target, struct message *message, word *badge)
 * loads the message's info and first four words, makes the call, and stores what came back. */
	.section .start, "ax"
	.globl	_start
_start:
	lla	sp, root_stack_top
	call	root_main
1:	j	1b

	.text
	.globl	user_syscall
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
	ecall
	sd	a1, 0(t0)
	sd	a2, 8(t0)
	sd	a3, 16(t0)
	sd	a4, 24(t0)
	sd	a5, 32(t0)
	sd	a6, 0(t1)
	ret

	.bss
	.balign	64
	.zero	16384
root_stack_top:
