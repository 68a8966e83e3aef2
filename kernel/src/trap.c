/* SPDX-License-Identifier: GPL-2.0-or-later
 * Every kernel entry comes through trap_handle: what happened, then who runs next. */
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
	notification_signal(irqs[IRQ_TIMER].notification, irqs[IRQ_TIMER].badge);
}

/* Claim 0 (the source went away in between) is a source that nobody can be bound to. */
ENTRY static void handle_device(void)
{
	struct irq *irq = &irqs[plic_claim() % IRQS];

	notification_signal(irq->notification, irq->badge);
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

static inline void handle_synchronous(word cause, word value)
{
	if (current->context.status & SSTATUS_SPP)
		panic();
	if (cause == CAUSE_ECALL)
		handle_syscall();
	else if (cause == CAUSE_ILLEGAL)
		handle_illegal_instruction(value);
	else if (CAUSES_PAGE >> cause & 1)
		handle_page_fault(cause, value);
	else
		handle_exception(cause, value);
}

struct tcb *trap_handle(word cause, word value)
{
	if (cause == CAUSE_TIMER)
		handle_timer();
	else if (cause & CAUSE_INTERRUPT)
		handle_device();
	else
		handle_synchronous(cause, value);
	return schedule();
}
