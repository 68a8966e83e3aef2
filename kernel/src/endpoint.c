/* SPDX-License-Identifier: GPL-2.0-or-later
 * Synchronous messages. No operation depends on how many threads wait; the only loop moves a message's lines. */
#include "object.h"

#define MESSAGE_LINES_MAX (MESSAGE_WORDS_MAX / LINE_WORDS)

/* Lines 0 .. of the buffer, as many as hold `length` words, length > MESSAGE_REGISTERS. Words 0 to 3 of the first line
 * mean nothing. decode refused lengths over MESSAGE_WORDS_MAX, so this turns at most MESSAGE_LINES_MAX times. */
ALONE static void message_copy_lines(word *to, const word *from, word length)
{
	word line = 0;

	do {
		line_copy(to + line, from + line);
		line += LINE_WORDS;
	} while (line < length);
}

static void message_move(struct tcb *from, struct tcb *to)
{
	const word *in = &from->context.x[REG_A1];
	word *out = &to->context.x[REG_A1];
	word length = info_length(in[0]);

	out[0] = in[0];
	out[1] = in[1];
	out[2] = in[2];
	out[3] = in[3];
	out[4] = in[4];
	if (length <= MESSAGE_REGISTERS)
		return;
	if (from->ipc_buffer && to->ipc_buffer)
		message_copy_lines(to->ipc_buffer, from->ipc_buffer, length);
	else
		out[0] -= length - MESSAGE_REGISTERS;
}

/* What `from` has to say, a message or its fault, arrives at `to`. */
ALONE static void message_deliver(struct tcb *from, struct tcb *to, word badge)
{
	if (from->fault)
		fault_message(from, to);
	else
		message_move(from, to);
	to->context.x[REG_A6] = badge;
	thread_result(to, KERNEL_OK);
}

static inline void await_reply(struct tcb *caller, struct tcb *replier)
{
	caller->state = CALLING;
	caller->replier = replier;
	replier->caller = caller;
}

static inline void wait_in(struct link *list, enum thread_state state)
{
	struct tcb *self = current;

	ready_remove(self);
	self->state = state;
	list_append(list, &self->link);
}

void endpoint_send(struct endpoint *endpoint, word badge, enum send_mode mode)
{
	struct tcb *self = current;

	if (!list_empty(&endpoint->receivers)) {
		struct tcb *receiver = tcb_of(endpoint->receivers.next);

		list_remove(&receiver->link);
		message_deliver(self, receiver, badge);
		if (mode == SEND_CALL) {
			ready_remove(self);
			await_reply(self, receiver);
		} else {
			thread_result(self, KERNEL_OK);
		}
		ready_add(receiver);
	} else if (mode == SEND_TRY) {
		thread_result(self, KERNEL_WOULD_BLOCK);
	} else {
		self->send_badge = badge;
		self->send_calls = mode == SEND_CALL;
		wait_in(&endpoint->senders, SENDING);
	}
}

void endpoint_receive(struct endpoint *endpoint, bool wait)
{
	struct tcb *self = current;

	thread_abandon_caller(self);
	if (!list_empty(&endpoint->senders)) {
		struct tcb *sender = tcb_of(endpoint->senders.next);

		list_remove(&sender->link);
		message_deliver(sender, self, sender->send_badge);
		if (sender->send_calls) {
			await_reply(sender, self);
		} else {
			thread_result(sender, KERNEL_OK);
			ready_add(sender);
		}
	} else if (!wait) {
		thread_result(self, KERNEL_WOULD_BLOCK);
	} else {
		wait_in(&endpoint->receivers, RECEIVING);
	}
}

void endpoint_reply(struct tcb *to)
{
	struct tcb *self = current;

	self->caller = NULL;
	to->replier = NULL;
	if (to->fault) {
		fault_reply(to);
		return;
	}
	message_move(self, to);
	to->context.x[REG_A6] = 0;
	thread_result(to, KERNEL_OK);
	ready_add(to);
}
