/* SPDX-License-Identifier: GPL-2.0-or-later
 * A notification is a word of pending badges; one waiter takes them all. */
#include "object.h"

static inline void notification_give(struct tcb *waiter, word badges)
{
	waiter->context.x[REG_A6] = badges;
	thread_result(waiter, KERNEL_OK);
}

void notification_signal(struct notification *notification, word badge)
{
	if (list_empty(&notification->waiters)) {
		notification->pending |= badge;
	} else {
		struct tcb *waiter = list_take(&notification->waiters);

		notification_give(waiter, badge);
		ready_add(waiter);
	}
}

void notification_wait(struct notification *notification)
{
	struct tcb *self = current;

	if (notification->pending) {
		notification_give(self, notification->pending);
		notification->pending = 0;
	} else {
		ready_remove(self);
		self->state = WAITING;
		list_append(&notification->waiters, &self->link);
	}
}
