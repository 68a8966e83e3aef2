/* SPDX-License-Identifier: GPL-2.0-or-later
 * The fast path of Call and ReplyRecv: short messages without a capability, through a CSpace of one level, to someone who waits
 * and who is to run next anyhow. What it does is what the other path would do; where one condition fails it has changed
 * nothing and takes that. Conditions that need no memory of their own are put together without a branch. */
#include "object.h"

/* The capability that a0 names, to an endpoint with this right, or NULL. */
static inline const struct cap *fast_endpoint(const struct tcb *self, word right)
{
	const struct cap *root = &self->slots[TCB_CSPACE].cap, *cap;
	word pointer = self->context.x[REG_A0], info = self->context.x[REG_A1];
	word other = (root->type ^ TYPE_CNODE) | ((word)root->guard_bits + root->bits - 64) | (pointer >> root->bits ^ root->badge) |
		     ((info & 0xff) > MESSAGE_REGISTERS);

	if (other)
		return NULL;
	cap = &((struct slot *)root->object)[pointer & (((word)1 << root->bits) - 1)].cap;
	return ((cap->type ^ TYPE_ENDPOINT) | (~cap->rights & right)) ? NULL : cap;
}

/* The thread would be first of all once `self` waits. */
static inline bool fast_next(const struct tcb *self, const struct tcb *next)
{
	word alone = self->link.next == self->link.prev;

	return (next->priority > self->priority) | ((next->priority == self->priority) & alone);
}

static inline void fast_message(const struct tcb *self, struct tcb *to, word badge)
{
	const word *in = self->context.x;
	word *out = to->context.x;

	out[REG_A0] = KERNEL_OK;
	out[REG_A1] = in[REG_A1];
	out[REG_A2] = in[REG_A2];
	out[REG_A3] = in[REG_A3];
	out[REG_A4] = in[REG_A4];
	out[REG_A5] = in[REG_A5];
	out[REG_A6] = badge;
}

/* SELF has left the list of its priority; TO runs. */
ENTRY static struct tcb *fast_switch(struct tcb *self, struct tcb *to)
{
	word emptied = list_empty(&ready[self->priority]);

	self->context.x[REG_PC] += 4;
	ready_map = (ready_map & ~(emptied << self->priority)) | (word)1 << to->priority;
	to->state = READY;
	list_append(&ready[to->priority], &to->link);
	current = to;
	space_enter(to);
	return to;
}

/* SELF waits for the reply that the slot is for. */
static inline void fast_expect(struct tcb *self, struct slot *reply)
{
	self->state = CALLING;
	self->reply_slot = reply;
	reply->cap.type = TYPE_REPLY;
	reply->cap.object = (word)self;
	slot_link(reply, &derivation);
}

ALONE struct tcb *fast_call(struct tcb *self)
{
	const struct cap *cap = fast_endpoint(self, RIGHT_SEND);
	struct endpoint *endpoint;
	struct tcb *to;

	if (!cap)
		return slow_call();
	endpoint = cap_object(cap);
	to = tcb_of(endpoint->receivers.threads.next);
	if (list_empty(&endpoint->receivers.threads) || !fast_next(self, to))
		return slow_call();
	fast_message(self, to, cap->badge);
	list_remove(&to->link);
	list_remove(&self->link);
	fast_expect(self, &to->slots[TCB_CALLER]);
	return fast_switch(self, to);
}

/* The caller gets its reply and runs; SELF is the next to receive. */
ALONE struct tcb *fast_replyrecv(struct tcb *self)
{
	const struct cap *cap = fast_endpoint(self, RIGHT_RECV);
	struct slot *reply = &self->slots[TCB_CALLER];
	struct endpoint *endpoint;
	struct tcb *to;

	if (!cap || !reply->cap.object)
		return slow_replyrecv();
	endpoint = cap_object(cap);
	to = cap_object(&reply->cap);
	if ((to->fault | self->bound->pending | !list_empty(&endpoint->senders.threads)) || !fast_next(self, to))
		return slow_replyrecv();
	fast_message(self, to, 0);
	slot_unlink(reply);
	reply->cap.type = TYPE_NULL;
	reply->cap.object = 0;
	list_remove(&self->link);
	self->state = RECEIVING;
	list_append(&endpoint->receivers.threads, &self->link);
	return fast_switch(self, to);
}
