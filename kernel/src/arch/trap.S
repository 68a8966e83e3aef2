/* SPDX-License-Identifier: GPL-2.0-or-later
 * The one way into the kernel and the one way out. sscratch holds the running thread's context. sstatus is not saved: a thread's
 * never changes while it runs, and what comes from a fast path goes back to user code as it came. */
#include "machine.h"
#include "potoroo.h"

	.text
	.balign	64
	.globl	trap_vector
	.type	trap_vector, @function
trap_vector:
	POTOROO_ENTER_POINT
	csrrw	sp, sscratch, sp
	.irp	r, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	sd	x\r, 8 * \r(sp)
	.endr
	csrr	t0, sscratch
	sd	t0, 8 * REG_SP(sp)
	mv	a6, sp
	csrr	t1, sepc
	csrr	t2, scause
	POTOROO_ENTER t0
	POTOROO_PROBE
	lla	sp, kernel_stack_top
	li	t0, CAUSE_ECALL
	bne	t2, t0, 1f
	POTOROO_PROBE
	addi	t1, t1, 4		/* goes on behind its ecall */
	sd	t1, 8 * REG_PC(a6)
	call	trap_syscall		/* a0 to a5, a7 as the thread left them, a6: the thread */
	.globl	trap_return
trap_return:				/* a0: the thread to run, in its own address space, sstatus as it wants it */
	POTOROO_PROBE
#ifdef KERNEL_CHECK
	mv	s0, a0
	call	check_invariants
	mv	a0, s0
#endif
	POTOROO_EXIT t0
	csrw	sscratch, a0
	ld	t0, 8 * REG_PC(a0)
	csrw	sepc, t0
	.irp	r, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	ld	x\r, 8 * \r(a0)
	.endr
	ld	x10, 8 * REG_A0(a0)
	POTOROO_LEAVE_POINT
	sret
1:
	POTOROO_PROBE
	sd	t1, 8 * REG_PC(a6)
	mv	a0, t2
	call	trap_other
	POTOROO_PROBE
	j	trap_return
	.size	trap_vector, . - trap_vector
