/* SPDX-License-Identifier: GPL-2.0-or-later
 * Kernel entries that are no system calls: what happened, then who runs next. */
#include "object.h"

_Noreturn void panic(void)
{
	*device(BOARD_POWER) = POWER_FAIL;
	for (;;)
		__asm__ volatile("wfi");
}

ENTRY static void handle_timer(void)
{
	timer_set(UINT64_MAX);
	irq_signal(&irq_timer.slot);
}

/* Claim 0 (the source went away in between) is a source that nobody can be bound to. The controller knows no source of
 * IRQS_MAX or more. */
ENTRY static void handle_device(void)
{
	irq_signal(&irqs[plic_claim()].slot);
}

ENTRY static void handle_page_fault(word cause, word address)
{
	fault_raise(FAULT_PAGE, cause, address);
}

ENTRY static void handle_illegal_instruction(word instruction)
{
	fault_raise(FAULT_ILLEGAL, CAUSE_ILLEGAL, instruction);
}

ENTRY static void handle_exception(word cause, word value)
{
	fault_raise(FAULT_EXCEPTION, cause, value);
}

/* sstatus is still that of the trap. */
static inline void handle_fault(word cause)
{
	word value = csr_read(stval);

	if (csr_read(sstatus) & SSTATUS_SPP)
		panic();
	if (cause == CAUSE_ILLEGAL)
		handle_illegal_instruction(value);
	else if (CAUSES_PAGE >> cause & 1)
		handle_page_fault(cause, value);
	else
		handle_exception(cause, value);
}

struct tcb *trap_other(word cause)
{
	if (cause == CAUSE_TIMER)
		handle_timer();
	else if (cause & CAUSE_INTERRUPT)
		handle_device();
	else
		handle_fault(cause);
	return schedule();
}
