/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Drills that aim at the longest sections: four frames to unmap, each by way of page tables of its own, with the caches dirty; work that
 * another thread has left in the graveyard; queues in which everyone is meant; interrupts amidst what takes long, after which
 * the caches are cold again; and the fast path from cold caches. */
#include "drill.h"

#define SCATTERED 12
#define SCATTER_ADDRESS ((word)0x540000)
#define SCATTER_STEP ((word)0x8000) /* page table entries a cache line apart */
#define SCATTER_SLOT D(60)

/* Copies of frames, in turn in each vspace: of the vspaces' own, or of one in FROM. */
static void scatter(word from)
{
	for (word i = 0; i < SCATTERED; i++) {
		word space = i % SPACES, frame = from ? from : CAP_PARTS + space * PARTS + PART_FRAME;

		user_invoke(CAP_CNODE, CNODE_COPY, frame, SCATTER_SLOT + i, RIGHTS_ALL, 0);
		user_invoke(SCATTER_SLOT + i, FRAME_MAP, CAP_SPACE + space, SCATTER_ADDRESS + i * SCATTER_STEP, MAP_READ, 0);
	}
}

/* A CNode full of them, not in the order of derivation. */
static void scatter_into(struct worker *w, word cnode)
{
	retype(w, cnode, TYPE_CNODE, SLOT_BITS + 4, 1);
	scatter(0);
	for (word i = 0; i < SCATTERED; i++)
		user_invoke(cnode, CNODE_MOVE, SCATTER_SLOT + i, 15 - i * 5 % SCATTERED, 0, 0);
}

/* A thread's last act is to bury itself, and the CNode on top: all that is left for the root task to take apart. */
void drill_left_behind(struct worker *w)
{
	bool deep = w->deep;

	for (word round = 0; round < 3; round++) {
		crowd_cspace(w, false);
		scatter_into(w, D(0));
		retype(w, D(1), TYPE_TCB, TCB_BITS, 1);
		crowd_slot = D(1);
		crowd_prepare(CROWD_FIRST, ACT_REVOKE, 0, CAP_SPACE, 0);
		crowd_slot = CAP_THREAD + CROWD_FIRST;
		crowd_cspace(w, deep);
		crowd_settle(w);
		if (round)
			delete(w, GONE);
		else
			op(w, CAP_THREAD + CROWD_FIRST, TCB_CONFIGURE, 0, TCB_BUFFER, 0, 0);
		clean(w);
	}
}

/* Many copies of one frame, revoked, and deleted one by one. */
void drill_scattered(struct worker *w)
{
	bool deep = w->deep;

	for (word round = 0; round < 3; round++) {
		crowd_cspace(w, false);
		retype(w, D(0), TYPE_FRAME, PAGE_BITS, 1);
		scatter(D(0));
		crowd_cspace(w, deep);
		if (round == 2)
			for (word i = 0; i < SCATTERED; i++)
				delete(w, SCATTER_SLOT + i * 5 % SCATTERED);
		revoke(w, D(0));
		clean(w);
	}
}

/* All senders have the badge that is cancelled, or all but the root task's last cancellation goes on from where it was. */
void drill_cancel(struct worker *w)
{
	static const word calls[][2] = {{SYS_SEND, SYS_CALL}, {SYS_CALL, ACT_FAULT}};
	bool deep = w->deep;

	for (word round = 0; round < 4; round++) {
		crowd_cspace(w, false);
		retype(w, D(0), TYPE_ENDPOINT, ENDPOINT_BITS, 1);
		mint(w, D(0), D(1), 7);
		for (word i = 0; i < CROWD; i++)
			crowd_prepare(CROWD_FIRST + i, calls[round & 1][i & 1], D(1), CAP_SPACE + i % SPACES, D(1));
		crowd_settle(w);
		crowd_cspace(w, deep);
		if (round & 2) {
			campaign_call(w, SYS_NBRECV, D(0));
			op(w, CAP_CNODE, CNODE_CANCEL, 0, D(0), 0, 0);
		}
		op(w, CAP_CNODE, CNODE_CANCEL, 0, D(1), 0, 0);
		crowd_end(w);
		clean(w);
	}
}

static void call_short(struct worker *w, word endpoint)
{
	struct message message = {message_info(3, user_below(&w->random, 5)), {1, 2, 3, 4}};
	word badge = 0;

	campaign_evict(w);
	user_syscall(SYS_CALL, endpoint, &message, &badge);
}

/* A server more, as, and less important than its client, in each vspace, far from the others that are ready. */
void drill_fast(struct worker *w)
{
	bool deep = w->deep;

	crowd_cspace(w, false);
	retype(w, D(0), TYPE_ENDPOINT, ENDPOINT_BITS, 1);
	mint(w, D(0), D(1), 9);
	for (word space = 0; space < SPACES; space++) {
		crowd_prepare(CROWD_FIRST, ACT_SERVE, D(0), CAP_SPACE + space, 0);
		crowd_settle(w);
		for (word i = 0; i < 20; i++) {
			op(w, CAP_THREAD, TCB_SET_PRIORITY, CROWD_PRIORITY - 1 + i % 3, 0, 0, 0);
			call_short(w, i & 1 ? D(1) : D(0));
			call_short(w, D(1));
		}
		op(w, CAP_THREAD, TCB_SET_PRIORITY, ROOT_PRIORITY, 0, 0, 0);
		crowd_end(w);
	}
	crowd_cspace(w, deep);
	clean(w);
}

/* The timer is to strike soon after this one's ecall, or the next. */
static void struck(struct worker *w, word target, word label, word b, word c, word d)
{
	campaign_evict(w);
	user_invoke(CAP_TIMER, TIMER_SET, user_time() + 4 + user_below(&w->random, 12), 0, 0, 0);
	user_invoke(target, label, label == UNTYPED_RETYPE ? CAP_CNODE : 0, b, c, d);
}

/* What takes long, with someone more important who comes in between. */
void drill_struck(struct worker *w)
{
	bool deep = w->deep;

	crowd_cspace(w, false);
	retype(w, D(1), TYPE_NOTIFICATION, NOTIFICATION_BITS, 1);
	mint(w, D(1), D(2), 1);
	retype(w, D(3), TYPE_UNTYPED, 16, 1);
	crowd_prepare(CROWD_FIRST, ACT_STRIKE, D(1), CAP_SPACE + 1, 0);
	crowd_settle(w);
	op(w, CAP_TIMER, TIMER_BIND, D(2), 0, 0, 0);
	op(w, CAP_THREAD, TCB_SET_PRIORITY, CROWD_PRIORITY - 1, 0, 0, 0);
	for (word round = 0; round < 4; round++) {
		scatter_into(w, D(0));
		struck(w, CAP_CNODE, CNODE_DELETE, D(0), 0, 0);
		retype(w, D(0), TYPE_FRAME, PAGE_BITS, 1);
		scatter(D(0));
		struck(w, CAP_CNODE, CNODE_REVOKE, D(0), 0, 0);
		delete(w, D(0));
		struck(w, D(3), UNTYPED_RETYPE, D(4), TYPE_CNODE, 1 << 8 | 14);
		delete(w, D(4));
	}
	op(w, CAP_TIMER, TIMER_CLEAR, 0, 0, 0, 0);
	op(w, CAP_THREAD, TCB_SET_PRIORITY, ROOT_PRIORITY, 0, 0, 0);
	crowd_end(w);
	crowd_cspace(w, deep);
	clean(w);
}
