/* SPDX-License-Identifier: GPL-2.0-or-later
 * The end of capabilities and objects.
 *
 * slot_delete() takes constant time: with the last capability to an object that holds slots or threads, the object goes to
 * the graveyard, where reap() takes it apart piece by piece. Invocations that delete or that use memory anew begin only
 * while the graveyard is empty, and end only once it is empty again, so that nothing in it is ever used for something else. */
#include "object.h"

struct slot *dead_slots;
struct queue *dead_queues;

static inline void bury_slots(struct slot *first, word count)
{
	first->dead_left = count;
	first->dead_next = dead_slots;
	dead_slots = first;
}

ALONE static void bury_queue(struct queue *queue)
{
	if (list_empty(&queue->threads))
		return;
	queue->dead_next = dead_queues;
	dead_queues = queue;
}

static inline void bury_endpoint(struct endpoint *endpoint)
{
	bury_queue(&endpoint->senders);
	bury_queue(&endpoint->receivers);
}

ALONE static void bury_notification(struct notification *notification)
{
	notification_unbind(notification, notification->bound);
	bury_queue(&notification->waiters);
}

static inline void bury_tcb(struct tcb *thread)
{
	tcb_stop(thread);
	notification_unbind(thread->bound, thread);
	bury_slots(thread->slots, TCB_SLOTS);
}

/* slot_delete() of what can only be a notification's capability, or none. */
ALONE void slot_unbind(struct slot *slot)
{
	if (slot->cap.type == TYPE_NULL)
		return;
	if (slot_is_last(slot))
		bury_notification(cap_object(&slot->cap));
	slot_empty(slot);
}

static inline void bury_irq(struct irq *irq)
{
	irq_release(irq);
	slot_unbind(&irq->slot);
}

static inline void bury_reply(struct tcb *caller)
{
	thread_abort(caller);
}

/* The object has lost its last capability; or a frame one that may be mapped. (Counted from the first type, so that a table of
 * jumps has no place for TYPE_NULL, which never comes here.) */
static inline void bury(struct cap *cap)
{
	word kind = (word)cap->type - TYPE_CNODE;

	ONE_EXIT(kind);
	switch (kind) {
	case 0:
		bury_slots(cap_object(cap), (word)1 << cap->bits);
		break;
	case TYPE_TCB - TYPE_CNODE:
		bury_tcb(cap_object(cap));
		break;
	case TYPE_ENDPOINT - TYPE_CNODE:
		bury_endpoint(cap_object(cap));
		break;
	case TYPE_NOTIFICATION - TYPE_CNODE:
		bury_notification(cap_object(cap));
		break;
	case TYPE_FRAME - TYPE_CNODE:
		frame_release(cap);
		break;
	case TYPE_TABLE - TYPE_CNODE:
		table_release(cap);
		break;
	case TYPE_VSPACE - TYPE_CNODE:
		vspace_release(cap);
		break;
	case TYPE_REPLY - TYPE_CNODE:
		bury_reply(cap_object(cap));
		break;
	case TYPE_IRQ - TYPE_CNODE:
		bury_irq(cap_object(cap));
		break;
	default: /* untyped memory goes back to where it came from; what the board has one of stays */
		break;
	}
}

ALONE void slot_delete(struct slot *slot)
{
	if (slot_is_last(slot) | (slot->cap.type == TYPE_FRAME))
		bury(&slot->cap);
	slot_empty(slot);
}

static inline void reap_slot(void)
{
	struct slot *first = dead_slots, *slot = first + --first->dead_left;

	if (slot == first)
		dead_slots = first->dead_next;
	if (slot->cap.type != TYPE_NULL)
		slot_delete(slot);
}

static inline void reap_thread(void)
{
	struct queue *queue = dead_queues;

	if (list_empty(&queue->threads))
		dead_queues = queue->dead_next;
	else
		thread_abort(list_take(&queue->threads));
}

/* Turns REAP_UNITS times at most. */
ENTRY word reap(void)
{
	word units = 0;

	do {
		if (dead_slots)
			reap_slot();
		else if (dead_queues)
			reap_thread();
		else
			break;
	} while (++units < REAP_UNITS);
	return PREEMPTED;
}
