/* SPDX-License-Identifier: GPL-2.0-or-later
 * Synchronous messages. No operation depends on how many threads wait. */
#include "object.h"

static inline void message_arrived(struct tcb *to, word badge)
{
	to->context.x[REG_A6] = badge;
	thread_result(to, KERNEL_OK);
}

static inline void wait_in(struct queue *queue, enum thread_state state)
{
	struct tcb *self = current;

	ready_remove(self);
	self->state = state;
	list_append(&queue->threads, &self->link);
}

static inline void wait_to_send(struct endpoint *endpoint, word badge, word calls)
{
	struct tcb *self = current;

	self->send_badge = badge;
	self->send_calls = calls;
	self->endpoint = endpoint;
	wait_in(&endpoint->senders, SENDING);
}

/* The cursor of CNODE_CANCEL moves on from who leaves; without a branch. */
ALONE void endpoint_leave(struct tcb *sender)
{
	struct endpoint *endpoint = sender->endpoint;
	word here = -(word)(endpoint->cursor == &sender->link);

	endpoint->cursor = (struct link *)(((word)endpoint->cursor & ~here) | ((word)sender->link.next & here));
	list_remove(&sender->link);
}

ALONE void thread_abort(struct tcb *thread)
{
	if (thread->fault) {
		thread->fault = FAULT_NONE;
		thread->state = INACTIVE;
	} else {
		thread_result(thread, KERNEL_ABORTED);
		ready_add(thread);
	}
}

/* To the receiver that has waited longest; there is one. */
ALONE static void send_now(struct endpoint *endpoint, word badge)
{
	struct tcb *self = current, *receiver = list_take(&endpoint->receivers.threads);

	message_move(self, receiver);
	message_arrived(receiver, badge);
	thread_result(self, KERNEL_OK);
	ready_add(receiver);
}

void endpoint_send(struct endpoint *endpoint, word badge)
{
	if (list_empty(&endpoint->receivers.threads))
		wait_to_send(endpoint, badge, false);
	else
		send_now(endpoint, badge);
}

void endpoint_try_send(struct endpoint *endpoint, word badge)
{
	if (list_empty(&endpoint->receivers.threads))
		thread_result(current, KERNEL_WOULD_BLOCK);
	else
		send_now(endpoint, badge);
}

void endpoint_call(struct endpoint *endpoint, word badge)
{
	struct tcb *self = current, *receiver;

	if (list_empty(&endpoint->receivers.threads)) {
		wait_to_send(endpoint, badge, true);
		return;
	}
	receiver = list_take(&endpoint->receivers.threads);
	message_move(self, receiver);
	message_arrived(receiver, badge);
	ready_remove(self);
	reply_expect(self, &receiver->slots[TCB_CALLER]);
	ready_add(receiver);
}

void endpoint_fault(struct endpoint *endpoint, word badge)
{
	struct tcb *self = current, *receiver;

	if (list_empty(&endpoint->receivers.threads)) {
		wait_to_send(endpoint, badge, true);
		return;
	}
	receiver = list_take(&endpoint->receivers.threads);
	fault_message(self, receiver);
	message_arrived(receiver, badge);
	ready_remove(self);
	reply_expect(self, &receiver->slots[TCB_CALLER]);
	ready_add(receiver);
}

/* From the sender that has waited longest; there is one. */
ALONE static void receive_now(struct endpoint *endpoint)
{
	struct tcb *self = current, *sender = tcb_of(endpoint->senders.threads.next);

	endpoint_leave(sender);
	message_arrived(self, sender->send_badge);
	if (sender->fault) {
		fault_message(sender, self);
		reply_expect(sender, &self->slots[TCB_CALLER]);
		return;
	}
	message_move(sender, self);
	if (sender->send_calls) {
		reply_expect(sender, &self->slots[TCB_CALLER]);
	} else {
		thread_result(sender, KERNEL_OK);
		ready_add(sender);
	}
}

/* A signal to the thread's bound notification comes before any message. */
ALONE static void receive_signal(struct notification *notification)
{
	current->context.x[REG_A1] = 0;
	notification_take(notification);
}

void endpoint_receive(struct endpoint *endpoint)
{
	if (current->bound->pending)
		receive_signal(current->bound);
	else if (list_empty(&endpoint->senders.threads))
		wait_in(&endpoint->receivers, RECEIVING);
	else
		receive_now(endpoint);
}

void endpoint_try_receive(struct endpoint *endpoint)
{
	if (current->bound->pending)
		receive_signal(current->bound);
	else if (list_empty(&endpoint->senders.threads))
		thread_result(current, KERNEL_WOULD_BLOCK);
	else
		receive_now(endpoint);
}
