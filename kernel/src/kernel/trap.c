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

static inline void handle_fault(word cause, word value)
{
	if (current->context.status & SSTATUS_SPP)
		panic();
	if (cause == CAUSE_ILLEGAL)
		handle_illegal_instruction(value);
	else if (CAUSES_PAGE >> cause & 1)
		handle_page_fault(cause, value);
	else
		handle_exception(cause, value);
}

static inline struct tcb *handle(word cause, word value)
{
	struct tcb *self = current;

	if (cause == CAUSE_ECALL) {
		if (self->context.x[REG_A7] == SYS_CALL)
			return fast_call(self);
		if (self->context.x[REG_A7] == SYS_REPLYRECV)
			return fast_replyrecv(self);
		handle_syscall();
	} else if (cause == CAUSE_TIMER) {
		handle_timer();
	} else if (cause & CAUSE_INTERRUPT) {
		handle_device();
	} else {
		handle_fault(cause, value);
	}
	return schedule();
}

struct tcb *trap_handle(word cause, word value)
{
	struct tcb *next = handle(cause, value);

#ifdef KERNEL_CHECK
	check_invariants();
#endif
	return next;
}
