/* SPDX-License-Identifier: GPL-2.0-or-later
 * The crowd of the drills. Its members are more important than the workers, less than the root task. */
#include "drill.h"

struct part {
	word tcb, call, target;
};
static struct part parts[TCB_COUNT];
static struct worker dice; /* of those who evict */
word crowd_slot = CAP_THREAD + CROWD_FIRST;

static void crowd_serve(const struct part *p)
{
	struct message message = {message_info(1, 2), {1, 2, 3, 4}};
	word badge = 0;

	user_syscall(SYS_RECV, p->target, &message, &badge);
	for (;;) {
		message.info = message_info(2, 4);
		campaign_evict(&dice);
		user_syscall(SYS_REPLYRECV, p->target, &message, &badge);
	}
}

/* What the root task has begun and not ended is in the graveyard, which this invocation finds with the caches evicted. */
static void crowd_strike(const struct part *p)
{
	struct message message = {0};
	word badge = 0;

	for (;;) {
		user_syscall(SYS_WAIT, p->target, &message, &badge);
		campaign_evict(&dice);
		user_invoke(CAP_CNODE, CNODE_DELETE, 0, GONE, 0, 0);
		if (user_below(&dice.random, 3))
			user_invoke(CAP_TIMER, TIMER_SET, user_time() + 8 + user_below(&dice.random, 24), 0, 0, 0);
	}
}

static void crowd_body(word number)
{
	struct part *p = &parts[number];
	struct message message = {message_info(1, number & 1 ? 20 : 2), {1, 2, 3, 4}};
	word badge = 0;

	if (number & 2)
		message.info |= MESSAGE_CAP;
	switch (p->call) {
	case ACT_FAULT:
		user_illegal();
		break;
	case ACT_REVOKE:
		user_invoke(CAP_CNODE, CNODE_REVOKE, 0, CAP_POOL, 0, 0);
		break;
	case ACT_SERVE:
		crowd_serve(p);
		break;
	case ACT_STRIKE:
		crowd_strike(p);
		break;
	default:
		user_syscall(p->call, p->target, &message, &badge);
		break;
	}
	for (;;) {
		user_invoke(p->tcb, TCB_SUSPEND, 0, 0, 0, 0);
		user_illegal();
	}
}

void crowd_prepare(word number, word call, word target, word vspace, word fault)
{
	word tcb = crowd_slot + number - CROWD_FIRST;

	if (!dice.random)
		dice.random = argument_seed() * 2 + 1;
	parts[number] = (struct part){tcb, call, target};
	user_invoke(tcb, TCB_SUSPEND, 0, 0, 0, 0);
	user_configure(tcb, CAP_CNODE, vspace, fault);
	user_set_buffer(tcb, number & 4 ? 0 : CAP_IMAGE, user_buffer_offset((unsigned)number));
	user_buffers[number][BUFFER_SEND_CAP] = number & 8 ? CAP_ENDPOINT : CAP_POOL;
	user_invoke(tcb, TCB_SET_PRIORITY, CROWD_PRIORITY, 0, 0, 0);
	user_prepare(user_buffers[0], (unsigned)number, crowd_body);
	user_invoke_length(tcb, TCB_WRITE_REGISTERS, REGISTERS_LENGTH, 0);
	user_invoke(tcb, TCB_RESUME, 0, 0, 0, 0);
}

void crowd_settle(const struct worker *w)
{
	word self = w->deep ? DEEP(CAP_THREAD) : CAP_THREAD;

	user_invoke(self, TCB_SET_PRIORITY, CROWD_PRIORITY - 1, 0, 0, 0);
	user_invoke(self, TCB_SET_PRIORITY, ROOT_PRIORITY, 0, 0, 0);
}

void crowd_strip(struct worker *w, word number)
{
	op(w, crowd_slot + number - CROWD_FIRST, TCB_CONFIGURE, 0, TCB_CSPACE, 0, 0);
}

void crowd_end(struct worker *w)
{
	for (word i = 0; i < CROWD; i++)
		op(w, CAP_THREAD + CROWD_FIRST + i, TCB_SUSPEND, 0, 0, 0, 0);
}

void crowd_cspace(struct worker *w, bool deep)
{
	op(w, CAP_THREAD, TCB_CONFIGURE, deep ? CAP_DEEP : CAP_CNODE, TCB_CSPACE, 0, 0);
	w->deep = deep;
}

void crowd_on(struct worker *w, word target, const word *calls, word count)
{
	bool deep = w->deep;

	crowd_cspace(w, false);
	for (word i = 0; i < CROWD; i++)
		crowd_prepare(CROWD_FIRST + i, calls[i % count], target + i % 3, CAP_SPACE, target + 1);
	crowd_settle(w);
	crowd_cspace(w, deep);
}
