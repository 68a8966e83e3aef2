/* SPDX-License-Identifier: GPL-2.0-or-later
 * The invariants of include/object.h, tested on the way out of every CHECK_EVERYth kernel entry of the kernel that is built
 * for it. A broken one ends the run: what is left in a0 is the line. */
#include "object.h"

#define CHECK_EVERY 8
#define OBJECTS_MAX 512

static const struct cap *objects[OBJECTS_MAX]; /* one capability to each object in memory */
static word object_count;

static void text(const char *s)
{
	for (; *s; s++)
		*(volatile uint8_t *)phys_to_virt(BOARD_UART) = (uint8_t)*s;
}

_Noreturn static void broken(const char *what)
{
	text("invariant broken: ");
	text(what);
	text("\n");
	panic();
}

#define HOLDS(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			broken(#condition);                                                                            \
	} while (0)

static word list_length(const struct link *list)
{
	word length = 0;

	for (const struct link *l = list->next; l != list; l = l->next, length++) {
		HOLDS(l->next->prev == l && l->prev->next == l);
		HOLDS(length < 1000);
	}
	return length;
}

static bool list_has(const struct link *list, const struct link *element)
{
	for (const struct link *l = list->next; l != list; l = l->next)
		if (l == element)
			return true;
	return false;
}

static void check_scheduler(void)
{
	for (word p = 0; p < PRIORITIES; p++) {
		HOLDS((ready_map >> p & 1) == !list_empty(&ready[p]));
		list_length(&ready[p]);
		for (struct link *l = ready[p].next; l != &ready[p]; l = l->next)
			HOLDS(tcb_of(l)->state == READY && tcb_of(l)->priority == p);
	}
	HOLDS(current->state == READY && ready[current->priority].next == &current->link);
	HOLDS(!(ready_map >> current->priority >> 1));
}

static void check_thread(struct tcb *thread)
{
	const struct slot *reply = thread->reply_slot;

	HOLDS(thread->state <= CALLING && thread->priority < PRIORITIES);
	if (thread->state == READY)
		HOLDS(list_has(&ready[thread->priority], &thread->link));
	if (thread->state == INACTIVE)
		HOLDS(list_empty(&thread->link) && !thread->fault);
	if (thread->state == SENDING)
		HOLDS(list_has(&thread->endpoint->senders.threads, &thread->link));
	if (thread->state == CALLING)
		HOLDS(reply->cap.type == TYPE_REPLY && reply->cap.object == (word)thread);
	HOLDS(thread->bound == &nobody_notification || thread->bound->bound == thread);
	HOLDS(thread->slots[TCB_CSPACE].cap.type == TYPE_NULL || thread->slots[TCB_CSPACE].cap.type == TYPE_CNODE);
	HOLDS(thread->slots[TCB_VSPACE].cap.type == TYPE_NULL || thread->slots[TCB_VSPACE].cap.type == TYPE_VSPACE);
	HOLDS(thread->slots[TCB_CALLER].cap.type == TYPE_NULL || thread->slots[TCB_CALLER].cap.type == TYPE_REPLY);
}

static void check_queue(const struct queue *queue, enum thread_state state)
{
	list_length(&queue->threads);
	for (struct link *l = queue->threads.next; l != &queue->threads; l = l->next)
		HOLDS(tcb_of(l)->state == state);
}

static void check_endpoint(const struct endpoint *endpoint)
{
	check_queue(&endpoint->senders, SENDING);
	check_queue(&endpoint->receivers, RECEIVING);
	HOLDS(list_empty(&endpoint->senders.threads) || list_empty(&endpoint->receivers.threads));
	HOLDS(endpoint->cursor == &endpoint->senders.threads || list_has(&endpoint->senders.threads, endpoint->cursor));
}

static void check_notification(const struct notification *notification)
{
	check_queue(&notification->waiters, WAITING);
	HOLDS(list_empty(&notification->waiters.threads) || !notification->pending);
	HOLDS(notification->bound == &nobody_thread || notification->bound->bound == notification);
}

static void check_untyped(const struct cap *cap)
{
	const word *memory = cap_object(cap);

	HOLDS(cap->badge <= (word)1 << cap->bits && cap->extra <= (word)1 << cap->bits);
	if (!cap->device && cap->badge < cap->extra)
		HOLDS(memory[cap->badge / 8] == 0 && memory[cap->extra / 8 - 1] == 0);
}

static void check_cap(const struct cap *cap)
{
	HOLDS(cap->type > TYPE_NULL && cap->type < TYPES && cap->level <= LEVEL_COPY);
	switch (cap->type) {
	case TYPE_UNTYPED:
		check_untyped(cap);
		break;
	case TYPE_TCB:
		check_thread(cap_object(cap));
		break;
	case TYPE_ENDPOINT:
		check_endpoint(cap_object(cap));
		break;
	case TYPE_NOTIFICATION:
		check_notification(cap_object(cap));
		break;
	case TYPE_REPLY:
		HOLDS(((struct tcb *)cap->object)->state == CALLING && &((struct tcb *)cap->object)->reply_slot->cap == cap);
		break;
	case TYPE_VSPACE:
		HOLDS(asid_root[cap->asid] == cap_object(cap));
		break;
	default:
		break;
	}
}

static word cap_bytes(const struct cap *cap)
{
	return (word)1 << (cap->type == TYPE_CNODE ? cap->bits + SLOT_BITS : cap->bits);
}

static bool in_memory(const struct cap *cap)
{
	return cap->type >= TYPE_CNODE && cap->type <= TYPE_VSPACE;
}

/* Capabilities to one object are neighbours, so the first of each stands for it; then no two objects share memory. */
static void check_overlap(void)
{
	for (word i = 0; i < object_count; i++)
		for (word j = 0; j < i; j++)
			HOLDS(objects[i]->object >= objects[j]->object + cap_bytes(objects[j]) ||
			      objects[j]->object >= objects[i]->object + cap_bytes(objects[i]));
}

static void check_derivation(void)
{
	const struct slot *slot;
	word count = 0;

	object_count = 0;
	for (slot = derivation.next; slot != &derivation; slot = slot->next) {
		const struct cap *cap = &slot->cap, *before = &slot->prev->cap;

		HOLDS(slot->next->prev == slot && slot->prev->next == slot && ++count < 100000);
		check_cap(cap);
		if (in_memory(cap) && !cap->device && (before->object != cap->object || before->type != cap->type) && object_count < OBJECTS_MAX)
			objects[object_count++] = cap;
	}
}

void check_invariants(void)
{
	static word entries;

	HOLDS(current->context.status & SSTATUS_SPIE);
	if (entries++ % CHECK_EVERY)
		return;
	check_scheduler();
	check_derivation();
	if (entries % (CHECK_EVERY * 8) == 1)
		check_overlap();
	HOLDS(nothing.cap.type == TYPE_NULL && !nobody_notification.pending && nobody_thread.state == INACTIVE);
}
