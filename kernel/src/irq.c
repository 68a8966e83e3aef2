/* SPDX-License-Identifier: GPL-2.0-or-later
 * Interrupts become signals. One interrupt an entry: if more are pending, the hart traps again at once. */
#include "object.h"

struct irq irqs[IRQS];
struct notification irq_nobody;

static void irq_clear(word number)
{
	irqs[number].notification = &irq_nobody;
	irqs[number].badge = 0;
}

static word irq_bind(word number, word notification)
{
	struct cap *cap;
	word error = cap_find_right(notification, CAP_TYPE_NOTIFICATION, RIGHT_SEND, &cap);

	if (error)
		return error;
	irqs[number].notification = cap->object;
	irqs[number].badge = cap->extra;
	return KERNEL_OK;
}

ENTRY word irq_invoke(struct cap *cap, word label)
{
	word number = cap->extra;
	word error;

	switch (label) {
	case IRQ_BIND:
		error = irq_bind(number, current->context.x[REG_A2]);
		if (!error)
			plic_enable(number);
		return error;
	case IRQ_CLEAR:
		plic_disable(number);
		irq_clear(number);
		return KERNEL_OK;
	case IRQ_ACK:
		plic_complete(number);
		return KERNEL_OK;
	default:
		return KERNEL_BAD_OPERATION;
	}
}

ENTRY word timer_invoke(word label)
{
	switch (label) {
	case IRQ_BIND:
		return irq_bind(IRQ_TIMER, current->context.x[REG_A2]);
	case IRQ_CLEAR:
		irq_clear(IRQ_TIMER);
		return KERNEL_OK;
	case TIMER_SET:
		timer_set(current->context.x[REG_A2]);
		return KERNEL_OK;
	default:
		return KERNEL_BAD_OPERATION;
	}
}
