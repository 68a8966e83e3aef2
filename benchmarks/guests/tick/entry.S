/* The only assembly of the kernel: boot, the trap vector, the way back. mscratch holds the running task. */
#include "potoroo.h"

#define FRAME_PC 0 /* x0's place in the frame */

	.section .text.boot, "ax"
	.globl	_start
_start:
	la	sp, kernel_stack_top
	la	t0, trap
	csrw	mtvec, t0
	POTOROO_INIT t0
	call	kernel_start
	POTOROO_INIT t0
	j	resume

	.text
	.balign	4
	.globl	trap, resume
	.type	trap, @function
trap:
	POTOROO_ENTER_POINT
	csrrw	a0, mscratch, a0
	.irp	r, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	sd	x\r, 8 * \r(a0)
	.endr
	csrrw	t1, mscratch, a0
	sd	t1, 8 * 10(a0)
	csrr	t1, mepc
	sd	t1, FRAME_PC(a0)
	POTOROO_ENTER t1
	POTOROO_PROBE
	la	sp, kernel_stack_top
	csrr	a1, mcause
	bltz	a1, 1f
	POTOROO_PROBE
	call	on_exception
	POTOROO_PROBE
	j	resume
1:	POTOROO_PROBE
	call	on_interrupt
resume:				/* a0: the task to run */
	POTOROO_PROBE
	POTOROO_EXIT t1
	csrw	mscratch, a0
	ld	t1, FRAME_PC(a0)
	csrw	mepc, t1
	.irp	r, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	ld	x\r, 8 * \r(a0)
	.endr
	ld	a0, 8 * 10(a0)
	POTOROO_LEAVE_POINT
	mret
	.size	trap, . - trap

	.bss
	.balign	16
	.zero	2048
kernel_stack_top:
