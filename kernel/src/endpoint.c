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

ALONE static void message_move(struct tcb *from, struct tcb *to)
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

static inline void message_arrived(struct tcb *to, word badge)
{
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

static inline void wait_to_send(struct endpoint *endpoint, word badge, word calls)
{
	current->send_badge = badge;
	current->send_calls = calls;
	wait_in(&endpoint->senders, SENDING);
}

/* To the receiver that has waited longest; there is one. */
static inline void send_now(struct endpoint *endpoint, word badge)
{
	struct tcb *self = current, *receiver = list_take(&endpoint->receivers);

	message_move(self, receiver);
	message_arrived(receiver, badge);
	thread_result(self, KERNEL_OK);
	ready_add(receiver);
}

void endpoint_send(struct endpoint *endpoint, word badge)
{
	if (list_empty(&endpoint->receivers))
		wait_to_send(endpoint, badge, false);
	else
		send_now(endpoint, badge);
}

void endpoint_try_send(struct endpoint *endpoint, word badge)
{
	if (list_empty(&endpoint->receivers))
		thread_result(current, KERNEL_WOULD_BLOCK);
	else
		send_now(endpoint, badge);
}

void endpoint_call(struct endpoint *endpoint, word badge)
{
	struct tcb *self = current, *receiver;

	if (list_empty(&endpoint->receivers)) {
		wait_to_send(endpoint, badge, true);
		return;
	}
	receiver = list_take(&endpoint->receivers);
	message_move(self, receiver);
	message_arrived(receiver, badge);
	ready_remove(self);
	await_reply(self, receiver);
	ready_add(receiver);
}

void endpoint_fault(struct endpoint *endpoint, word badge)
{
	struct tcb *self = current, *receiver;

	if (list_empty(&endpoint->receivers)) {
		wait_to_send(endpoint, badge, true);
		return;
	}
	receiver = list_take(&endpoint->receivers);
	fault_message(self, receiver);
	message_arrived(receiver, badge);
	ready_remove(self);
	await_reply(self, receiver);
	ready_add(receiver);
}

/* From the sender that has waited longest; there is one. */
static inline void receive_now(struct endpoint *endpoint)
{
	struct tcb *self = current, *sender = list_take(&endpoint->senders);

	message_arrived(self, sender->send_badge);
	if (sender->fault) {
		fault_message(sender, self);
		await_reply(sender, self);
		return;
	}
	message_move(sender, self);
	if (sender->send_calls) {
		await_reply(sender, self);
	} else {
		thread_result(sender, KERNEL_OK);
		ready_add(sender);
	}
}

void endpoint_receive(struct endpoint *endpoint)
{
	if (list_empty(&endpoint->senders))
		wait_in(&endpoint->receivers, RECEIVING);
	else
		receive_now(endpoint);
}

void endpoint_try_receive(struct endpoint *endpoint)
{
	if (list_empty(&endpoint->senders))
		thread_result(current, KERNEL_WOULD_BLOCK);
	else
		receive_now(endpoint);
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
	message_arrived(to, 0);
	ready_add(to);
}
