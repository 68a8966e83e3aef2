/* SPDX-License-Identifier: GPL-2.0-or-later
 * From reset to the first user instruction. M-mode shim, switch to the high half, boot_main, then the exit path. */
#include "machine.h"
#include "potoroo.h"

	.section .boot, "ax"
	.option norvc
	.globl	_start
_start:
	lla	t0, machine_trap
	csrw	mtvec, t0
	li	t0, -1			/* one region: all of memory, read, write, execute */
	csrw	pmpaddr0, t0
	li	t0, 0x1f
	csrw	pmpcfg0, t0
	li	t0, 0xb1ff		/* every exception that user code can raise */
	csrw	medeleg, t0
	li	t0, 0x222
	csrw	mideleg, t0
	li	t0, MENVCFG_STCE
	csrs	CSR_MENVCFG, t0
	li	t0, -1
	csrw	CSR_STIMECMP, t0
	li	t0, 7
	csrw	mcounteren, t0
	csrw	scounteren, t0
	csrw	mie, zero
	li	t0, 0x1800		/* mstatus: MPP = S, MPIE = 0 */
	csrc	mstatus, t0
	li	t0, 0x0800
	csrs	mstatus, t0
	csrw	satp, zero
	lla	t0, supervisor
	csrw	mepc, t0
	mret

	.align	2
machine_trap:				/* nothing is left to M-mode */
	li	t0, BOARD_POWER
	li	t1, POWER_FAIL
	sw	t1, 0(t0)
	j	machine_trap

supervisor:
	ld	t0, root_physical
	srli	t0, t0, 12
	li	t1, SATP_SV39
	or	t0, t0, t1
	ld	t2, high_address
	csrw	satp, t0
	sfence.vma
	jr	t2
	.align	3
root_physical:
	.quad	kernel_root - PHYS_WINDOW
high_address:
	.quad	boot_high

	.text
boot_high:
	lla	t0, kernel_root		/* the low half goes */
	sd	zero, 16(t0)
	sfence.vma
	lla	t0, trap_vector
	csrw	stvec, t0
	lla	t0, bss_start
	lla	t1, bss_end
1:	sd	zero, 0(t0)
	addi	t0, t0, 8
	bltu	t0, t1, 1b
	lla	sp, kernel_stack_top
	POTOROO_INIT t0
	call	boot_main
	POTOROO_INIT t0
	lla	ra, trap_return		/* into the way out, by the road that trap_handle takes */
	ret

	.globl	idle_loop
idle_loop:				/* S-mode, interrupts on: a thread like any other */
	wfi
	j	idle_loop

#define KERNEL_PTE (PTE_V | PTE_R | PTE_W | PTE_X | PTE_G | PTE_A | PTE_D)
	.section .data.kernel_root, "aw"
	.balign	4096
	.globl	kernel_root
kernel_root:				/* pages of 1 GiB */
	.zero	16
	.quad	BOARD_RAM >> 2 | KERNEL_PTE
	.zero	8 * (256 - 3)
	.quad	0 | (KERNEL_PTE & ~PTE_X)
	.zero	8
	.quad	BOARD_RAM >> 2 | KERNEL_PTE
	.zero	8 * (512 - 259)

	.section .bss
	.balign	4096
	.globl	kernel_stack
kernel_stack:
	.zero	4096
	.globl	kernel_stack_top
kernel_stack_top:

	.section .user, "a"
	.balign	4096
	.globl	user_image, user_image_end
user_image:
	.incbin	USER_IMAGE_FILE
	.balign	8
user_image_end:
