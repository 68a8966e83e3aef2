/* Boot in M-mode, the firmware's and the kernel's trap vectors, the switch of threads. */
	.equ	TRAMPOLINE, 0x3ffffff000

	.section .text.boot, "ax"
	.globl	_start
_start:
	la	sp, boot_stack_top
	la	t0, machine_vectors
	ori	t0, t0, 1
	csrw	mtvec, t0
	la	t0, machine_area
	csrw	mscratch, t0
	li	t0, -1
	csrw	pmpaddr0, t0
	li	t0, 0x1f
	csrw	pmpcfg0, t0
	li	t0, 0xb1ff
	csrw	medeleg, t0
	li	t0, 0x222
	csrw	mideleg, t0
	li	t0, 0x80
	csrw	mie, t0
	li	t0, 0x1800
	csrc	mstatus, t0
	li	t0, 0x880
	csrs	mstatus, t0
	li	t0, -1
	csrw	mcounteren, t0
	call	set_timer
	la	t0, kernel_main
	csrw	mepc, t0
	mret

	.text
	.balign	256
machine_vectors:		/* vectored: exceptions first, each interrupt at its own place */
	j	machine_call
	.org	machine_vectors + 4 * 7
	j	machine_timer

	/* The firmware's only service: much memory is read. */
machine_call:
	csrrw	t0, mscratch, t0
	sd	t1, 0(t0)
	sd	t2, 8(t0)
	la	t1, wide
	li	t2, 512
1:	ld	zero, 0(t1)
	addi	t1, t1, 64
	addi	t2, t2, -1
	bnez	t2, 1b
	csrr	t1, mepc
	addi	t1, t1, 4
	csrw	mepc, t1
	ld	t1, 0(t0)
	ld	t2, 8(t0)
	csrrw	t0, mscratch, t0
	mret

machine_timer:
	csrrw	t0, mscratch, t0
	sd	t1, 0(t0)
	sd	t2, 8(t0)
	sd	ra, 16(t0)
	call	set_timer_saved
	li	t1, 2
	csrs	mip, t1
	ld	t1, 0(t0)
	ld	t2, 8(t0)
	ld	ra, 16(t0)
	csrrw	t0, mscratch, t0
	mret

set_timer:
set_timer_saved:		/* uses t1, t2 */
	li	t1, 0x200bff8
	ld	t1, 0(t1)
	addi	t1, t1, PERIOD
	li	t2, 0x2004000
	sd	t1, 0(t2)
	ret

	/* From kernel code: an interrupt. */
	.balign	4
	.globl	kernel_vector
kernel_vector:
	addi	sp, sp, -256
	.irp	r, 1, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 28, 29, 30, 31
	sd	x\r, 8 * \r(sp)
	.endr
	call	kernel_interrupt
	.irp	r, 1, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 28, 29, 30, 31
	ld	x\r, 8 * \r(sp)
	.endr
	addi	sp, sp, 256
	sret

	.globl	weave
weave:
	sd	ra, 0(a0)
	sd	sp, 8(a0)
	.irp	r, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	sd	s\r, 16 + 8 * \r(a0)
	.endr
	ld	ra, 0(a1)
	ld	sp, 8(a1)
	.irp	r, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	ld	s\r, 16 + 8 * \r(a1)
	.endr
	ret

	/* From user mode. sscratch: the thread's frame; its words 32 to 34: the kernel's stack, user_trap, the user's pc. */
	.section .trampoline, "ax"
	.balign	4
	.globl	user_vector, user_resume
user_vector:
	csrrw	a0, sscratch, a0
	.irp	r, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	sd	x\r, 8 * \r(a0)
	.endr
	csrrw	t0, sscratch, a0
	sd	t0, 8 * 10(a0)
	csrr	t0, sepc
	sd	t0, 8 * 34(a0)
	ld	sp, 8 * 32(a0)
	ld	t0, 8 * 33(a0)
	jr	t0
user_resume:			/* a0: the frame */
	csrw	sscratch, a0
	ld	t0, 8 * 34(a0)
	csrw	sepc, t0
	.irp	r, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	ld	x\r, 8 * \r(a0)
	.endr
	ld	a0, 8 * 10(a0)
	sret

	.bss
	.balign	16
	.zero	4096
boot_stack_top:
machine_area:
	.zero	64
	.balign	64
	.globl	wide
wide:	.zero	32768
