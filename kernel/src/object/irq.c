/* SPDX-License-Identifier: GPL-2.0-or-later
 * Interrupts become signals. One interrupt an entry: if more are pending, the hart traps again at once. */
#include "object.h"

struct irq irqs[IRQS_MAX], irq_timer;

/* A source that is not bound, or whose notification is gone, has nobody to tell. */
ALONE void irq_signal(const struct slot *slot)
{
	if (slot->cap.type == TYPE_NOTIFICATION)
		notification_signal(cap_object(&slot->cap), slot->cap.badge);
}

static inline word irq_number(const struct irq *irq)
{
	return (word)(irq - irqs);
}

void irq_release(struct irq *irq)
{
	plic_disable(irq_number(irq));
	irq->issued = false;
}

ENTRY INVOCATION(irq_get)
{
	struct slot *to;
	word number = argument(REG_A4);

	if (!cnode_slot(&source->cap, argument(REG_A3), &to))
		return KERNEL_BAD_CAP;
	if (number - 1 >= IRQS_MAX - 1)
		return KERNEL_BAD_ARGUMENT;
	if ((to->cap.type != TYPE_NULL) | irqs[number].issued)
		return KERNEL_BAD_STATE;
	irqs[number].issued = true;
	to->cap.type = TYPE_IRQ;
	to->cap.rights = RIGHTS_ALL;
	to->cap.object = (word)&irqs[number];
	slot_fill(to, target);
	return KERNEL_OK;
}

ALONE static word decode_bind(const struct slot *source)
{
	if (source->cap.type != TYPE_NOTIFICATION)
		return KERNEL_BAD_CAP;
	return source->cap.rights & RIGHT_SEND ? KERNEL_OK : KERNEL_NO_RIGHT;
}

/* Come again, it deletes what it derived before, which is not the last; so the graveyard then stays empty. */
ALONE static word bind(struct irq *irq, struct slot *source)
{
	slot_unbind(&irq->slot);
	slot_derive(&irq->slot, source, RIGHTS_ALL);
	return graveyard();
}

ENTRY INVOCATION(irq_bind)
{
	struct irq *irq = cap_object(&target->cap);
	word error = decode_bind(source);

	if (error)
		return error;
	plic_enable(irq_number(irq));
	return bind(irq, source);
}

ENTRY INVOCATION(irq_clear)
{
	struct irq *irq = cap_object(&target->cap);

	(void)source;
	plic_disable(irq_number(irq));
	slot_unbind(&irq->slot);
	return graveyard();
}

ENTRY INVOCATION(irq_ack)
{
	struct irq *irq = cap_object(&target->cap);

	(void)source;
	plic_complete(irq_number(irq));
	return KERNEL_OK;
}

ENTRY INVOCATION(timer_bind)
{
	word error = decode_bind(source);

	(void)target;
	return error ? error : bind(&irq_timer, source);
}

ENTRY INVOCATION(timer_clear)
{
	(void)target;
	(void)source;
	slot_unbind(&irq_timer.slot);
	return graveyard();
}

ENTRY INVOCATION(timer_set_deadline)
{
	(void)target;
	(void)source;
	timer_set(argument(REG_A2));
	return KERNEL_OK;
}
