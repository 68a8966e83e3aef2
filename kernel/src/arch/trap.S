/* SPDX-License-Identifier: GPL-2.0-or-later
 * The one way into the kernel and the one way out. sscratch holds the running thread's context. */
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
	csrr	t0, sepc
	sd	t0, 8 * REG_PC(sp)
	csrr	t0, sstatus
	sd	t0, CONTEXT_STATUS(sp)
	POTOROO_ENTER t0
	POTOROO_PROBE
	lla	sp, kernel_stack_top
	csrr	a0, scause
	csrr	a1, stval
	call	trap_handle
	.globl	trap_return
trap_return:				/* a0: the thread to run, in its own address space */
	POTOROO_PROBE
	POTOROO_EXIT t0
	csrw	sscratch, a0
	ld	t0, 8 * REG_PC(a0)
	csrw	sepc, t0
	ld	t0, CONTEXT_STATUS(a0)
	csrw	sstatus, t0
	.irp	r, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	ld	x\r, 8 * \r(a0)
	.endr
	ld	x10, 8 * REG_A0(a0)
	POTOROO_LEAVE_POINT
	sret
	.size	trap_vector, . - trap_vector
