/* SPDX-License-Identifier: GPL-2.0-or-later
 * rv64: control registers, the board's memory map, the interrupt controller. C and assembly. */
#ifndef KERNEL_MACHINE_H
#define KERNEL_MACHINE_H

#define PHYS_WINDOW 0xffffffc000000000 /* physical address p is mapped at PHYS_WINDOW + p */

#define BOARD_POWER 0x100000
#define BOARD_PLIC 0xc000000
#define BOARD_UART 0x10000000
#define BOARD_RAM 0x80000000
#define BOARD_RAM_END 0x87e00000 /* of what the kernel hands out */
#define BOARD_ARGUMENTS 0x87e08000
#define BOARD_COUNTER 0x87fff000


#define POWER_OFF 0x5555
#define POWER_FAIL 0x13333 /* exit code 1 */

#define SSTATUS_SPIE 0x20
#define SSTATUS_SPP 0x100
#define SIE_STIE 0x20
#define SIE_SEIE 0x200
#define SATP_SV39 0x8000000000000000
#define SATP_ASID_SHIFT 44

#define CAUSE_INTERRUPT 0x8000000000000000
#define CAUSE_TIMER (CAUSE_INTERRUPT | 5)
#define CAUSE_ILLEGAL 2
#define CAUSE_ECALL 8
#define CAUSES_PAGE 0xb000 /* bits 12, 13, 15: page fault of a fetch, load, store */

#define CSR_STIMECMP 0x14d
#define CSR_MENVCFG 0x30a
#define MENVCFG_STCE 0x8000000000000000

#define PTE_V 1
#define PTE_R 2
#define PTE_W 4
#define PTE_X 8
#define PTE_U 16
#define PTE_G 32
#define PTE_A 64
#define PTE_D 128

/* x[] indices of struct context */
#define REG_PC 0
#define REG_RA 1
#define REG_SP 2
#define REG_A0 10
#define REG_A1 11
#define REG_A2 12
#define REG_A3 13
#define REG_A4 14
#define REG_A5 15
#define REG_A6 16
#define REG_A7 17

#ifndef __ASSEMBLER__
#include "types.h"

#define STRING_(x) #x
#define STRING(x) STRING_(x)
#define csr_write(csr, value) __asm__ volatile("csrw " STRING(csr) ", %0" ::"r"((word)(value)) : "memory")
#define csr_read(csr)                                                                                                  \
	({                                                                                                             \
		word csr_value_;                                                                                       \
		__asm__ volatile("csrr %0, " STRING(csr) : "=r"(csr_value_));                                          \
		csr_value_;                                                                                            \
	})

static inline void *phys_to_virt(word physical)
{
	return (void *)(PHYS_WINDOW + physical);
}

static inline word virt_to_phys(const void *virtual)
{
	return (word)virtual - PHYS_WINDOW;
}

static inline volatile uint32_t *device(word physical)
{
	return phys_to_virt(physical);
}

/* The controller's context 1: hart 0 in S-mode. */
#define PLIC_ENABLE (BOARD_PLIC + 0x2080)
#define PLIC_THRESHOLD (BOARD_PLIC + 0x201000)
#define PLIC_CLAIM (BOARD_PLIC + 0x201004)

static inline word plic_claim(void)
{
	return *device(PLIC_CLAIM);
}

static inline void plic_complete(word irq)
{
	*device(PLIC_CLAIM) = (uint32_t)irq;
}

static inline void plic_enable(word irq)
{
	*device(PLIC_ENABLE + irq / 32 * 4) |= 1u << irq % 32;
}

static inline void plic_disable(word irq)
{
	*device(PLIC_ENABLE + irq / 32 * 4) &= ~(1u << irq % 32);
}

static inline void timer_set(word deadline)
{
	csr_write(CSR_STIMECMP, deadline);
}
#endif

#endif
