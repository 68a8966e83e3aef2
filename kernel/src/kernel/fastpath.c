/* SPDX-License-Identifier: GPL-2.0-or-later
 * The fast path of Call and ReplyRecv: short messages without a capability, through a CSpace of one level, to someone who waits
 * and who is to run next anyhow. What it does is what the other path would do; where one condition fails it has changed
 * nothing and takes that. Conditions that need no memory of their own are put together without a branch. The caller's registers
 * come as arguments, in the registers that they are in. */
#include "object.h"

#define MESSAGE word info, word word0, word word1, word word2, word word3
#define PASS info, word0, word1, word2, word3

/* Not 0 for a message of more than MESSAGE_REGISTERS = 4 words, or with a capability. */
static inline word lengthy(word info)
{
	return ((info & 0xff) + 3) >> 3;
}

/* The capability that the pointer names, to an endpoint with this right, or NULL. A thread's CSpace is a CNode, or zeros. */
static inline const struct cap *fast_endpoint(const struct tcb *self, word pointer, word info, word right)
{
	const struct cap *root = &self->slots[TCB_CSPACE].cap, *cap;
	word rest = root->guard_bits, other = (rest + root->bits - 64) | (pointer >> root->bits ^ root->badge) | lengthy(info);
	word wanted = TYPE_ENDPOINT | right << 8;

	if (other)
		return NULL;
	cap = &((struct slot *)root->object)[pointer << rest >> rest].cap;
	return (cap->kind ^ wanted) & (0xff | right << 8) ? NULL : cap;
}

/* ready_map without SELF; the thread that runs is first in its list. */
static inline word fast_others(const struct tcb *self)
{
	word alone = self->link.next == self->link.prev;

	return ready_map & ~(alone << self->priority);
}

/* NEXT runs: it was not ready, and no other thread is as important. */
static inline struct tcb *fast_switch(struct tcb *next, MESSAGE, word badge)
{
	struct link *list = &ready[next->priority];
	word *out = next->context.x;

	out[REG_A0] = KERNEL_OK;
	out[REG_A1] = info;
	out[REG_A2] = word0;
	out[REG_A3] = word1;
	out[REG_A4] = word2;
	out[REG_A5] = word3;
	out[REG_A6] = badge;
	next->state = READY;
	next->link = (struct link){list, list};
	*list = (struct link){&next->link, &next->link};
	current = next;
	space_enter(next);
	return next;
}

/* From here on nothing fails. */
ENTRY static struct tcb *fast_call_switch(struct tcb *next, MESSAGE, word badge)
{
	return fast_switch(next, PASS, badge);
}

ENTRY static struct tcb *fast_reply_switch(struct tcb *next, MESSAGE, word badge)
{
	return fast_switch(next, PASS, badge);
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

static inline struct tcb *fast_call(word pointer, MESSAGE, struct tcb *self)
{
	const struct cap *cap = fast_endpoint(self, pointer, info, RIGHT_SEND);
	struct endpoint *endpoint;
	struct tcb *to;
	word others;

	if (!cap)
		return slow_call();
	endpoint = cap_object(cap);
	to = tcb_of(endpoint->receivers.threads.next);
	if (list_empty(&endpoint->receivers.threads))
		return slow_call();
	others = fast_others(self);
	if (others >> to->priority)
		return slow_call();
	ready_map = others | (word)1 << to->priority;
	list_remove(&self->link);
	list_unlink(&to->link);
	fast_expect(self, &to->slots[TCB_CALLER]);
	return fast_call_switch(to, PASS, cap->badge);
}

/* The caller gets its reply and runs; SELF is the next to receive. */
static inline struct tcb *fast_replyrecv(word pointer, MESSAGE, struct tcb *self)
{
	const struct cap *cap = fast_endpoint(self, pointer, info, RIGHT_RECV);
	struct slot *reply = &self->slots[TCB_CALLER];
	struct endpoint *endpoint;
	struct tcb *to;
	word others;

	if (!cap || !reply->cap.object)
		return slow_replyrecv();
	endpoint = cap_object(cap);
	to = cap_object(&reply->cap);
	if (to->fault | self->bound->pending | !list_empty(&endpoint->senders.threads))
		return slow_replyrecv();
	others = fast_others(self);
	if (others >> to->priority)
		return slow_replyrecv();
	ready_map = others | (word)1 << to->priority;
	list_unlink(&self->link);
	self->state = RECEIVING;
	list_append(&endpoint->receivers.threads, &self->link);
	slot_unlink(reply);
	reply->cap.type = TYPE_NULL;
	reply->cap.object = 0;
	return fast_reply_switch(to, PASS, 0);
}

/* NUMBER is the thread's a7, and so on. */
struct tcb *trap_syscall(word pointer, MESSAGE, struct tcb *self, word number)
{
	if (number == SYS_CALL)
		return fast_call(pointer, PASS, self);
	if (number == SYS_REPLYRECV)
		return fast_replyrecv(pointer, PASS, self);
	return slow_syscall();
}
