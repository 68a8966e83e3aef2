/* SPDX-License-Identifier: GPL-2.0-or-later
 * A notification is a word of pending badges; one waiter takes them all. */
#include "object.h"

/* Who is not bound is bound to these, so that nobody has to ask: no bits are ever pending, no message awaited. */
struct notification nobody_notification = {.waiters = {.threads = {&nobody_notification.waiters.threads, &nobody_notification.waiters.threads}},
					   .bound = &nobody_thread};
struct tcb nobody_thread = {.bound = &nobody_notification};

static inline void notification_give(struct tcb *waiter, word badges)
{
	waiter->context.x[REG_A6] = badges;
	thread_result(waiter, KERNEL_OK);
}

/* To the current thread; there are some. */
void notification_take(struct notification *notification)
{
	notification_give(current, notification->pending);
	notification->pending = 0;
}

static inline void give_ready(struct tcb *waiter, word badges)
{
	list_remove(&waiter->link);
	notification_give(waiter, badges);
	ready_add(waiter);
}

ALONE void notification_signal(struct notification *notification, word badge)
{
	if (!list_empty(&notification->waiters.threads)) {
		give_ready(tcb_of(notification->waiters.threads.next), badge);
	} else if (notification->bound->state == RECEIVING) {
		notification->bound->context.x[REG_A1] = 0;
		give_ready(notification->bound, notification->pending | badge);
		notification->pending = 0;
	} else {
		notification->pending |= badge;
	}
}

void notification_wait(struct notification *notification)
{
	struct tcb *self = current;

	if (notification->pending) {
		notification_take(notification);
	} else {
		ready_remove(self);
		self->state = WAITING;
		list_append(&notification->waiters.threads, &self->link);
	}
}

ALONE void notification_poll(struct notification *notification)
{
	if (notification->pending) {
		notification_take(notification);
	} else {
		thread_result(current, KERNEL_WOULD_BLOCK);
	}
}

/* They are bound to each other, or one of them is nobody. */
ALONE void notification_unbind(struct notification *notification, struct tcb *thread)
{
	thread->bound = &nobody_notification;
	notification->bound = &nobody_thread;
}
