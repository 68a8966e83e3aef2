/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Drills: each invocation in each way it can end, from a CSpace of one level or of LOOKUP_LEVELS, with cold caches and dirty
 * lines; queues, deletions and revocations so long that they are preempted. What the invocations return is the
 * conformance test's business. Objects come from CAP_POOL and go with its revocation. */
#include "drill.h"

static void drill_queues(struct worker *w)
{
	static const word sends[] = {SYS_SEND, SYS_CALL, ACT_FAULT, SYS_SEND}, receives[] = {SYS_RECV, SYS_REPLYRECV}, waits[] = {SYS_WAIT};

	for (unsigned round = 0; round < 2; round++) {
		retype(w, D(0), TYPE_ENDPOINT, ENDPOINT_BITS, 1);
		mint(w, D(0), D(1), 7);
		mint(w, D(0), D(2), 8);
		crowd_on(w, D(0), sends, round ? 4 : 3);
		if (round)
			for (word i = 0; i < 3; i++)
				op(w, CAP_CNODE, CNODE_CANCEL, 0, D(1) - (i == 2), 0, 0);
		campaign_call(w, SYS_NBRECV, D(0));
		campaign_call(w, SYS_REPLY, 0);
		if (round)
			revoke(w, CAP_POOL);
		revoke(w, D(0));
		delete(w, D(0));
		crowd_end(w);
		clean(w);
	}
	retype(w, D(0), TYPE_ENDPOINT, ENDPOINT_BITS, 1);
	mint(w, D(0), D(1), 7);
	copy(w, D(0), D(2));
	crowd_on(w, D(0), receives, 2);
	campaign_call(w, SYS_NBSEND, D(0));
	delete(w, D(2));
	delete(w, D(1));
	delete(w, D(0));
	crowd_end(w);
	retype(w, D(0), TYPE_NOTIFICATION, NOTIFICATION_BITS, 1);
	mint(w, D(0), D(1), 1);
	mint(w, D(0), D(2), 2);
	crowd_on(w, D(0), waits, 1);
	campaign_call(w, SYS_SIGNAL, D(1));
	clean(w);
	crowd_end(w);
}

/* Reply capabilities: saved, moved, replied through, deleted; a caller that is stopped. */
static void drill_replies(struct worker *w)
{
	static const word calls[] = {SYS_CALL}, faults[] = {ACT_FAULT};

	for (unsigned round = 0; round < 6; round++) {
		retype(w, D(0), TYPE_ENDPOINT, ENDPOINT_BITS, 1);
		mint(w, D(0), D(1), 7);
		mint(w, D(0), D(2), 8);
		op(w, CAP_CNODE, CNODE_SAVE_CALLER, 0, D(3), 0, 0); /* there is none */
		crowd_on(w, D(0), round % 3 == 2 ? faults : calls, 1);
		campaign_call(w, SYS_NBRECV, D(0));
		op(w, CAP_CNODE, CNODE_SAVE_CALLER, 0, OUTSIDE, 0, 0);
		op(w, CAP_CNODE, CNODE_SAVE_CALLER, 0, D(0), 0, 0);
		op(w, CAP_CNODE, CNODE_SAVE_CALLER, 0, D(3), 0, 0);
		op(w, CAP_CNODE, CNODE_COPY, D(3), D(4), RIGHTS_ALL, 0);
		op(w, CAP_CNODE, CNODE_MOVE, D(3), D(4), 0, 0);
		if (round < 3)
			campaign_call(w, SYS_REPLY, D(4));
		else
			delete(w, D(4));
		campaign_call(w, SYS_REPLY, D(4));
		campaign_call(w, SYS_NBRECV, D(0));
		campaign_call(w, SYS_NBRECV, D(0)); /* gives the caller up */
		campaign_call(w, SYS_NBRECV, D(0));
		op(w, CAP_THREAD + CROWD_FIRST, TCB_SUSPEND, 0, 0, 0, 0);
		crowd_end(w);
		clean(w);
	}
}

/* ---- CNodes -------------------------------------------------------------------------------------------------------- */

static void drill_put(struct worker *w)
{
	static const word labels[] = {CNODE_COPY, CNODE_MINT, CNODE_MOVE, CNODE_MUTATE, CNODE_ROTATE};

	for (unsigned i = 0; i < sizeof labels / sizeof *labels; i++) {
		op(w, CAP_CNODE, labels[i], D(0), OUTSIDE, RIGHTS_ALL, 0);
		op(w, CAP_CNODE, labels[i], GONE, D(1), RIGHTS_ALL, 0);
		op(w, CAP_CNODE, labels[i], 0, D(1), RIGHTS_ALL, 0);
		op(w, CAP_CNODE, labels[i], D(0), D(0), RIGHTS_ALL, 0);
		op(w, CAP_SMALL, labels[i], D(0), 32, RIGHTS_ALL, 0);
		op(w, D(0), labels[i], D(0), D(1), RIGHTS_ALL, 0);
		op(w, CAP_CNODE, labels[i], D(0), D(1), 65 << 8 | RIGHTS_ALL, 0);
		op(w, CAP_CNODE, labels[i], D(0), D(1), 3 << 8 | RIGHTS_ALL, 0);
	}
}

static void drill_badges(struct worker *w)
{
	static const word froms[] = {CAP_SMALL, CAP_IMAGE, CAP_NOTIFICATION, CAP_ENDPOINT, CAP_UART_IRQ, CAP_TIMER, CAP_POOL, CAP_PARTS + PARTS};

	for (unsigned i = 0; i < sizeof froms / sizeof *froms; i++) {
		mint(w, froms[i], D(5), GUARD(1, 1));
		op(w, CAP_CNODE, CNODE_MUTATE, D(5), D(6), 0, GUARD(2, 3));
		op(w, CAP_CNODE, CNODE_MUTATE, D(6), D(7), 0, GUARD(2, 1));
		mint(w, froms[i], D(8), GUARD(0, 63));
		mint(w, D(6), D(9), GUARD(3, 4));
		copy(w, D(6), D(10));
		op(w, CAP_CNODE, CNODE_MOVE, D(10), D(11), 0, 0);
		op(w, CAP_CNODE, CNODE_ROTATE, D(11), D(12), 0, D(6));
		revoke(w, D(12));
		for (word slot = 5; slot < 13; slot++)
			delete(w, D(slot));
	}
}

/* Depths; a chain of CNodes longer than LOOKUP_LEVELS. */
static void drill_depths(struct worker *w)
{
	op(w, CAP_CNODE, CNODE_DELETE, 0, D(1), 64 << 8, 0);
	op(w, CAP_CNODE, CNODE_DELETE, 0, OUTSIDE, 64 << 8, 0);
	op(w, CAP_CNODE, CNODE_DELETE, 0, D(1), 65 << 8, 0);
	op(w, CAP_CNODE, CNODE_DELETE, 0, D(1), 3 << 8, 0);
	op(w, CAP_CNODE, CNODE_DELETE, 0, D(1), (128 + 64) << 8, 0);
	op(w, CAP_SMALL, CNODE_COPY, CAP_SMALL, 1, RIGHTS_ALL, 0);
	op(w, CAP_SMALL, CNODE_DELETE, 0, 0, 5 << 8, 0);
	op(w, CAP_SMALL, CNODE_DELETE, 0, 0, 6 << 8, 0);
	op(w, CAP_SMALL, CNODE_COPY, D(0), 0x8421 << 5 >> 5 & ~(word)31, 20 << 8 | RIGHTS_ALL, 0);
	op(w, CAP_SMALL, CNODE_DELETE, 0, 0x8420, 20 << 8, 0);
	op(w, CAP_SMALL, CNODE_DELETE, 0, 0x108421, 25 << 8, 0);
	op(w, CAP_SMALL, CNODE_DELETE, 0, 1, 0, 0);
	mint(w, CAP_SMALL, D(13), GUARD(1, 1)); /* two levels, guards that are and are not met */
	op(w, CAP_SMALL, CNODE_MOVE, D(13), 2, 0, 0);
	op(w, CAP_SMALL, CNODE_DELETE, 0, 2 << 6 | 1 << 5 | 3, 11 << 8, 0);
	op(w, CAP_SMALL, CNODE_DELETE, 0, 2 << 6 | 3, 11 << 8, 0);
	op(w, CAP_SMALL, CNODE_DELETE, 0, 2, 0, 0);
}

/* Revocation of many, of none, of what is not there; cancelling. */
static void drill_revoke(struct worker *w)
{
	for (word i = 0; i < 9; i++)
		mint(w, D(0), D(20) + i, i);
	for (word i = 0; i < 5; i++)
		copy(w, D(22), D(30) + i);
	revoke(w, D(22));
	revoke(w, D(21));
	revoke(w, D(0));
	revoke(w, D(0));
	revoke(w, GONE);
	revoke(w, OUTSIDE);
	op(w, CAP_CNODE, CNODE_REVOKE, 0, D(0), 65 << 8, 0);
	op(w, CAP_CNODE, CNODE_CANCEL, 0, D(0), 65 << 8, 0);
	op(w, CAP_CNODE, CNODE_SAVE_CALLER, 0, D(0), 65 << 8, 0);
	copy(w, D(0), D(14));
	op(w, CAP_CNODE, CNODE_MUTATE, D(14), D(15), 0, 9);
	delete(w, D(15));
	op(w, CAP_CNODE, CNODE_CANCEL, 0, OUTSIDE, 0, 0);
	op(w, CAP_CNODE, CNODE_CANCEL, 0, GONE, 0, 0);
	op(w, CAP_CNODE, CNODE_CANCEL, 0, D(0), 0, 0);
	op(w, CAP_CNODE, CNODE_COPY, D(0), D(1), RIGHT_RECV, 0);
	op(w, CAP_CNODE, CNODE_CANCEL, 0, D(1), 0, 0);
	delete(w, D(1));
}

static void drill_cnodes(struct worker *w)
{
	retype(w, D(0), TYPE_ENDPOINT, ENDPOINT_BITS, 1);
	drill_put(w);
	drill_badges(w);
	drill_depths(w);
	drill_revoke(w);
	copy(w, D(0), D(1));
	op(w, CAP_CNODE, CNODE_ROTATE, D(0), D(2), 0, GONE);
	op(w, CAP_CNODE, CNODE_ROTATE, D(0), D(2), 0, D(0));
	op(w, CAP_CNODE, CNODE_ROTATE, D(0), D(2), 0, OUTSIDE);
	op(w, CAP_CNODE, CNODE_ROTATE, D(0), D(2), 0, D(1));
	clean(w);
}

/* ---- memory -------------------------------------------------------------------------------------------------------- */

static void drill_retype(struct worker *w)
{
	static const word refused[][4] = { /* slot, type, bits, count */
		{0, TYPES, 12, 1}, {0, TYPE_REPLY, 0, 1}, {0, TYPE_NULL, 6, 1}, {0, TYPE_UNTYPED, 5, 1}, {0, TYPE_UNTYPED, 31, 1}, {0, TYPE_TCB, TCB_BITS, 0},
		{0, TYPE_TCB, TCB_BITS, RETYPE_MAX + 1}, {0, TYPE_FRAME, 13, 1}, {OUTSIDE, TYPE_TCB, TCB_BITS, 1}, {CAP_TIMER, TYPE_TCB, TCB_BITS, 1},
		{OUTSIDE - 1, TYPE_TCB, TCB_BITS, 2}, {0, TYPE_UNTYPED, 21, 1}, {0, TYPE_FRAME, HUGE_BITS, 1},
	};
	static const word made[][3] = {{TYPE_TCB, TCB_BITS, RETYPE_MAX}, {TYPE_ENDPOINT, ENDPOINT_BITS, RETYPE_MAX},
		{TYPE_NOTIFICATION, NOTIFICATION_BITS, RETYPE_MAX}, {TYPE_CNODE, SLOT_BITS + 1, RETYPE_MAX}, {TYPE_UNTYPED, UNTYPED_BITS_MIN, RETYPE_MAX},
		{TYPE_FRAME, PAGE_BITS, 3}, {TYPE_TABLE, PAGE_BITS, 1}, {TYPE_UNTYPED, 13, 1}};

	for (unsigned i = 0; i < sizeof refused / sizeof *refused; i++)
		op(w, CAP_POOL, UNTYPED_RETYPE, CAP_CNODE, refused[i][0] ? refused[i][0] : D(0), refused[i][1], refused[i][3] << 8 | refused[i][2]);
	op(w, CAP_POOL, UNTYPED_RETYPE, CAP_ENDPOINT, D(0), TYPE_TCB, 1 << 8 | TCB_BITS);
	op(w, CAP_POOL, UNTYPED_RETYPE, GONE, D(0), TYPE_TCB, 1 << 8 | TCB_BITS);
	for (unsigned i = 0; i < sizeof made / sizeof *made; i++) {
		retype(w, D(0), made[i][0], made[i][1], made[i][2]);
		retype(w, D(8), TYPE_TABLE, PAGE_BITS, 1); /* does not start behind the last */
		clean(w);
	}
	/* memory used anew, as long as something of it is left over from one that others have not taken apart */
	op(w, CAP_DEVICE, UNTYPED_RETYPE, CAP_CNODE, D(0), TYPE_TCB, 1 << 8 | TCB_BITS);
	op(w, CAP_DEVICE, UNTYPED_RETYPE, CAP_CNODE, D(0), TYPE_FRAME, 1 << 8 | HUGE_BITS);
	op(w, CAP_DEVICE, UNTYPED_RETYPE, CAP_CNODE, D(1), TYPE_FRAME, 1 << 8 | PAGE_BITS);
	op(w, D(0), FRAME_MAP, CAP_SPACE + 1, ADDRESS * 2, MAP_READ, 0);
	op(w, D(0), FRAME_UNMAP, 0, 0, 0, 0);
	revoke(w, CAP_DEVICE);
}

/* Every type's last capability, and one that is not the last. */
static void drill_deletion(struct worker *w)
{
	retype(w, D(0), TYPE_ENDPOINT, ENDPOINT_BITS, 1);
	retype(w, D(1), TYPE_NOTIFICATION, NOTIFICATION_BITS, 1);
	retype(w, D(2), TYPE_TCB, TCB_BITS, 1);
	retype(w, D(3), TYPE_CNODE, SLOT_BITS + 2, 1);
	retype(w, D(4), TYPE_FRAME, PAGE_BITS, 1);
	retype(w, D(5), TYPE_TABLE, PAGE_BITS, 1);
	retype(w, D(6), TYPE_UNTYPED, PAGE_BITS, 1);
	retype(w, D(7), TYPE_TABLE, PAGE_BITS, 1);
	op(w, CAP_ASID_CONTROL, ASID_ASSIGN, D(7), 9, 0, 0);
	op(w, CAP_IRQ_CONTROL, IRQ_GET, CAP_CNODE, D(8), 11, 0);
	copy(w, CAP_ASID_CONTROL, D(9));
	copy(w, CAP_TIMER, D(10));
	copy(w, CAP_IRQ_CONTROL, D(11));
	for (word i = 0; i < 12; i++)
		copy(w, D(i), D(20) + i);
	op(w, D(2), TCB_CONFIGURE, D(3), TCB_CSPACE, 0, 0);
	op(w, D(2), TCB_CONFIGURE, D(7), TCB_VSPACE, 0, 0);
	op(w, D(2), TCB_CONFIGURE, D(0), TCB_FAULT, 0, 0);
	op(w, D(2), TCB_CONFIGURE, D(4), TCB_BUFFER, 0, 0);
	op(w, D(2), TCB_BIND_NOTIFICATION, D(1), 0, 0, 0);
	for (word i = 0; i < 4; i++) /* what the CNode holds goes with it */
		op(w, D(3), CNODE_COPY, D(i), i, RIGHTS_ALL, 0);
	op(w, D(8), IRQ_BIND, D(1), 0, 0, 0);
	for (word i = 0; i < 12; i++)
		delete(w, D(20) + i);
	for (word i = 0; i < 12; i++)
		delete(w, D(i));
	clean(w);
}

/* A CNode that is full of what is costly to delete; a TCB in each state. */
static void drill_taking_apart(struct worker *w)
{
	static const word calls[] = {SYS_CALL, SYS_SEND, ACT_FAULT, SYS_CALL}, waits[] = {SYS_WAIT, SYS_WAIT};

	retype(w, D(0), TYPE_CNODE, SLOT_BITS + 4, 1);
	retype(w, D(1), TYPE_TCB, TCB_BITS, 6);
	retype(w, D(7), TYPE_NOTIFICATION, NOTIFICATION_BITS, 6);
	for (word i = 0; i < 6; i++) {
		op(w, D(1) + i, TCB_SET_PRIORITY, 2, 0, 0, 0);
		op(w, D(1) + i, TCB_BIND_NOTIFICATION, D(7) + i, 0, 0, 0);
		if (i & 1)
			op(w, D(1) + i, TCB_RESUME, 0, 0, 0, 0);
		op(w, D(0), CNODE_MOVE, D(1) + i, i, 0, 0);
		op(w, D(0), CNODE_MOVE, D(7) + i, 15 - i, 0, 0);
	}
	delete(w, D(0));
	clean(w);
	for (unsigned round = 0; round < 2; round++) { /* waiting for all that can be waited for */
		retype(w, D(0), TYPE_ENDPOINT, ENDPOINT_BITS, 1);
		mint(w, D(0), D(1), 1);
		mint(w, D(0), D(2), 2);
		retype(w, D(20), TYPE_TCB, TCB_BITS, RETYPE_MAX);
		retype(w, D(28), TYPE_TCB, TCB_BITS, CROWD - RETYPE_MAX);
		crowd_slot = D(20);
		crowd_on(w, round ? D(0) : CAP_NOTIFICATION, round ? calls : waits, round ? 4 : 1);
		if (round)
			campaign_call(w, SYS_NBRECV, D(0));
		for (word i = 0; i < CROWD; i++)
			delete(w, D(20) + i);
		crowd_slot = CAP_THREAD + CROWD_FIRST;
		clean(w);
	}
	for (word i = 0; i < 8; i++)
		op(w, CAP_SMALL, CNODE_DELETE, 0, i, 0, 0);
}

/* A thread that revokes all there is, itself too, before the work is done: someone else finishes it. */
static void drill_unfinished(struct worker *w)
{
	static const word revokes[] = {ACT_REVOKE};

	retype(w, D(20), TYPE_TCB, TCB_BITS, RETYPE_MAX);
	retype(w, D(28), TYPE_TCB, TCB_BITS, CROWD - RETYPE_MAX);
	retype(w, D(0), TYPE_CNODE, SLOT_BITS + 6, 1);
	crowd_slot = D(20);
	crowd_on(w, D(0), revokes, 1);
	crowd_slot = CAP_THREAD + CROWD_FIRST;
	retype(w, D(0), TYPE_ENDPOINT, ENDPOINT_BITS, 1);
	clean(w);
}

/* Messages with a capability that arrives, and that does not. */
static void drill_transfer(struct worker *w)
{
	static const word sends[] = {SYS_SEND}, polls[] = {SYS_POLL};
	word *buffer = user_buffers[0];

	for (word round = 0; round < 4; round++) {
		retype(w, D(0), TYPE_ENDPOINT, ENDPOINT_BITS, 1);
		op(w, CAP_CNODE, CNODE_MINT, D(0), D(1), RIGHT_SEND, 7);
		mint(w, D(0), D(2), 8);
		crowd_on(w, D(0), sends, 1);
		if (round == 3)
			for (word i = 0; i < CROWD; i++)
				crowd_strip(w, CROWD_FIRST + i);
		for (word i = 0; i < CROWD; i++) {
			campaign_call(w, SYS_NBRECV, D(0));
			buffer[BUFFER_RECEIVE_CNODE] = w->deep ? DEEP(CAP_CNODE) : CAP_CNODE;
			buffer[BUFFER_RECEIVE_INDEX] = round == 0 ? OUTSIDE : D(40) + i / 2;
		}
		crowd_end(w);
		for (word i = 0; i < CROWD; i++)
			delete(w, D(40) + i);
		clean(w);
	}
	crowd_cspace(w, false);
	for (word i = 0; i < 2; i++) { /* calls without a CSpace */
		crowd_prepare(CROWD_FIRST + i, polls[0], CAP_NOTIFICATION, CAP_SPACE, 0);
		crowd_strip(w, CROWD_FIRST + i);
	}
	crowd_settle(w);
	crowd_end(w);
}

static void drill_frames(struct worker *w)
{
	word vspace = CAP_SPACE + 1;

	retype(w, D(0), TYPE_TABLE, PAGE_BITS, 3);
	retype(w, D(4), TYPE_FRAME, PAGE_BITS, 2);
	op(w, D(4), FRAME_MAP, vspace, ADDRESS, MAP_READ, 0); /* no table */
	op(w, D(0), TABLE_MAP, CAP_ENDPOINT, ADDRESS, 0, 0);
	op(w, D(0), TABLE_MAP, vspace, USER_TOP, 0, 0);
	op(w, D(0), TABLE_MAP, vspace, ADDRESS, 0, 0);
	op(w, D(0), TABLE_MAP, vspace, ADDRESS, 0, 0); /* mapped */
	op(w, D(0), TABLE_MAP, vspace, ADDRESS * 3, 0, 0);
	op(w, D(4), FRAME_MAP, vspace, ADDRESS, MAP_READ, 0); /* no table */
	op(w, D(1), TABLE_MAP, vspace, ADDRESS, 0, 0);
	op(w, D(2), TABLE_MAP, vspace, ADDRESS, 0, 0); /* full */
	op(w, D(4), FRAME_MAP, CAP_ENDPOINT, ADDRESS, MAP_READ, 0);
	op(w, D(4), FRAME_MAP, vspace, USER_TOP, MAP_READ, 0);
	op(w, D(4), FRAME_MAP, vspace, ADDRESS + 8, MAP_READ, 0);
	op(w, D(4), FRAME_MAP, vspace, ADDRESS, MAP_WRITE, 0);
	op(w, D(4), FRAME_MAP, vspace, ADDRESS, 8, 0);
	op(w, D(4), FRAME_REMAP, 0, 0, MAP_READ, 0); /* not mapped */
	op(w, CAP_CNODE, CNODE_COPY, D(4), D(6), RIGHT_SEND, 0);
	op(w, D(6), FRAME_MAP, vspace, ADDRESS, MAP_READ | MAP_WRITE, 0);
	op(w, D(4), FRAME_MAP, vspace, ADDRESS, MAP_READ | MAP_WRITE, 0);
	op(w, D(6), FRAME_MAP, vspace, ADDRESS, MAP_READ, 0); /* full */
	op(w, D(4), FRAME_MAP, vspace, ADDRESS + 4096, MAP_READ, 0); /* mapped */
	op(w, D(4), FRAME_REMAP, 0, 0, MAP_READ, 0);
	op(w, D(4), FRAME_REMAP, 0, 0, 0, 0);
	op(w, D(4), FRAME_REMAP, 0, 0, 8, 0);
	op(w, D(6), FRAME_REMAP, 0, 0, MAP_READ | MAP_WRITE, 0);
	op(w, D(5), FRAME_MAP, vspace, ADDRESS + 4096, MAP_READ | MAP_EXECUTE, 0);
	op(w, D(5), FRAME_UNMAP, 0, 0, 0, 0);
	op(w, D(5), FRAME_UNMAP, 0, 0, 0, 0);
	op(w, D(2), TABLE_UNMAP, 0, 0, 0, 0);
	op(w, D(1), TABLE_UNMAP, 0, 0, 0, 0);
	op(w, D(4), FRAME_UNMAP, 0, 0, 0, 0); /* the table is gone */
	op(w, D(0), TABLE_UNMAP, 0, 0, 0, 0);
	/* a large frame where a table would go */
	op(w, D(0), TABLE_MAP, vspace, ADDRESS, 0, 0);
	copy(w, CAP_IMAGE, D(8));
	op(w, D(8), FRAME_MAP, vspace, ADDRESS, MAP_READ, 0);
	op(w, D(1), TABLE_MAP, vspace, ADDRESS, 0, 0);
	op(w, D(4), FRAME_MAP, vspace, ADDRESS, MAP_READ, 0);
	delete(w, D(0));
	op(w, D(8), FRAME_REMAP, 0, 0, MAP_READ, 0);
	delete(w, D(8));
	op(w, D(1), TABLE_MAP, vspace, ADDRESS, 0, 0);
	op(w, D(2), TABLE_MAP, vspace, ADDRESS, 0, 0);
	delete(w, D(1)); /* with a table in it, which is then nowhere */
	op(w, D(2), TABLE_UNMAP, 0, 0, 0, 0);
	op(w, CAP_DEVICE, UNTYPED_RETYPE, CAP_CNODE, D(9), TYPE_FRAME, 1 << 8 | HUGE_BITS);
	op(w, D(9), FRAME_MAP, vspace, ADDRESS, MAP_READ, 0);
	op(w, D(1), TABLE_MAP, vspace, ADDRESS, 0, 0);
	op(w, D(2), TABLE_MAP, vspace, ADDRESS, 0, 0);
	op(w, D(9), FRAME_UNMAP, 0, 0, 0, 0);
	revoke(w, CAP_DEVICE);
	clean(w);
}

static void drill_asids(struct worker *w)
{
	static const word waits[] = {SYS_WAIT};

	retype(w, D(0), TYPE_TABLE, PAGE_BITS, 2);
	op(w, CAP_ASID_CONTROL, ASID_ASSIGN, CAP_ENDPOINT, 9, 0, 0);
	op(w, CAP_ASID_CONTROL, ASID_ASSIGN, D(0), 0, 0, 0);
	op(w, CAP_ASID_CONTROL, ASID_ASSIGN, D(0), ASIDS, 0, 0);
	op(w, CAP_ASID_CONTROL, ASID_ASSIGN, D(0), BOOT_ASID, 0, 0);
	op(w, D(1), TABLE_MAP, CAP_SPACE + 1, ADDRESS, 0, 0);
	op(w, CAP_ASID_CONTROL, ASID_ASSIGN, D(1), 9, 0, 0);
	op(w, D(1), TABLE_UNMAP, 0, 0, 0, 0);
	op(w, CAP_ASID_CONTROL, ASID_ASSIGN, D(0), 9, 0, 0);
	op(w, D(1), TABLE_MAP, D(0), ADDRESS, 0, 0);
	copy(w, CAP_ENDPOINT, D(2));
	delete(w, D(0));
	op(w, D(1), TABLE_UNMAP, 0, 0, 0, 0); /* of a vspace that is gone */
	crowd_on(w, CAP_NOTIFICATION, waits, 1);
	crowd_end(w);
	clean(w);
	delete(w, D(2));
}

/* ---- threads, interrupts ------------------------------------------------------------------------------------------- */

static void drill_tcbs(struct worker *w)
{
	word tcb = D(0);

	retype(w, tcb, TYPE_TCB, TCB_BITS, 2);
	retype(w, D(2), TYPE_NOTIFICATION, NOTIFICATION_BITS, 2);
	for (word which = 0; which < 6; which++) {
		op(w, tcb, TCB_CONFIGURE, CAP_TIMER, which, 0, 0);
		op(w, tcb, TCB_CONFIGURE, GONE, which, 0, 0);
		op(w, tcb, TCB_CONFIGURE, 0, which, 0, 0);
	}
	for (word round = 0; round < 2; round++) {
		op(w, tcb, TCB_CONFIGURE, CAP_CNODE, TCB_CSPACE, 0, 0);
		op(w, tcb, TCB_CONFIGURE, CAP_SPACE + 1, TCB_VSPACE, 0, 0);
		op(w, tcb, TCB_CONFIGURE, CAP_ENDPOINT, TCB_FAULT, 0, 0);
		op(w, tcb, TCB_CONFIGURE, CAP_IMAGE, TCB_BUFFER, 0x1000, 0);
		op(w, tcb, TCB_CONFIGURE, CAP_IMAGE, TCB_BUFFER, 0x1200, 0);
		op(w, tcb, TCB_CONFIGURE, CAP_IMAGE, TCB_BUFFER, USER_IMAGE_SIZE, 0);
		op(w, tcb, TCB_CONFIGURE, CAP_UART, TCB_BUFFER, 0, 0);
		op(w, tcb, TCB_CONFIGURE, CAP_ARGUMENTS, TCB_BUFFER, 0, 0);
	}
	/* the last capability of what was there goes: many threads are left behind */
	retype(w, D(4), TYPE_CNODE, SLOT_BITS + 3, 1);
	for (word i = 0; i < 8; i++)
		op(w, D(4), CNODE_COPY, CAP_ENDPOINT, i, RIGHTS_ALL, 0);
	op(w, tcb, TCB_CONFIGURE, D(4), TCB_CSPACE, 0, 0);
	delete(w, D(4));
	op(w, tcb, TCB_CONFIGURE, CAP_CNODE, TCB_CSPACE, 0, 0);
	op(w, tcb, TCB_SET_PRIORITY, 0, 0, 0, 0);
	op(w, tcb, TCB_SET_PRIORITY, 7, 0, 0, 0);
	op(w, CAP_THREAD + WORKERS, TCB_SET_PRIORITY, 61, 0, 0, 0);
	op(w, CAP_THREAD + WORKERS, TCB_SET_PRIORITY, 2, 0, 0, 0);
	user_prepare(user_buffers[0], WORKERS, worker_body);
	campaign_invoke(w, tcb, TCB_WRITE_REGISTERS, REGISTERS_LENGTH, 0, 0, 0, 0);
	campaign_invoke(w, tcb, TCB_WRITE_REGISTERS, REGISTERS_LENGTH - 1, 0, 0, 0, 0);
	campaign_invoke(w, CAP_THREAD, TCB_WRITE_REGISTERS, REGISTERS_LENGTH, 0, 0, 0, 0);
	campaign_invoke(w, tcb, TCB_READ_REGISTERS, REGISTERS_LENGTH, 0, 0, 0, 0);
	campaign_invoke(w, tcb, TCB_READ_REGISTERS, 3, 0, 0, 0, 0);
	op(w, CAP_THREAD, TCB_CONFIGURE, 0, TCB_BUFFER, 0, 0); /* the root task's own */
	campaign_invoke(w, tcb, TCB_WRITE_REGISTERS, REGISTERS_LENGTH, 0, 0, 0, 0);
	campaign_invoke(w, tcb, TCB_READ_REGISTERS, REGISTERS_LENGTH, 0, 0, 0, 0);
	op(w, CAP_THREAD, TCB_CONFIGURE, CAP_IMAGE, TCB_BUFFER, user_buffer_offset(0), 0);
	op(w, CAP_THREAD, TCB_RESUME, 0, 0, 0, 0);
	op(w, CAP_THREAD + WORKERS, TCB_SUSPEND, 0, 0, 0, 0);
	op(w, CAP_THREAD + WORKERS, TCB_SUSPEND, 0, 0, 0, 0);
	op(w, CAP_THREAD + WORKERS, TCB_RESUME, 0, 0, 0, 0);
	op(w, tcb, TCB_UNBIND_NOTIFICATION, 0, 0, 0, 0);
	op(w, tcb, TCB_BIND_NOTIFICATION, CAP_ENDPOINT, 0, 0, 0);
	op(w, CAP_CNODE, CNODE_COPY, D(2), D(5), RIGHT_SEND, 0);
	op(w, tcb, TCB_BIND_NOTIFICATION, D(5), 0, 0, 0);
	op(w, tcb, TCB_BIND_NOTIFICATION, D(2), 0, 0, 0);
	op(w, tcb, TCB_BIND_NOTIFICATION, D(3), 0, 0, 0);
	op(w, D(1), TCB_BIND_NOTIFICATION, D(2), 0, 0, 0);
	op(w, tcb, TCB_UNBIND_NOTIFICATION, 0, 0, 0, 0);
	op(w, D(1), TCB_RESUME, 0, 0, 0, 0); /* without a vspace or anything: faults */
	op(w, CAP_THREAD, TCB_SET_PRIORITY, 1, 0, 0, 0);
	op(w, CAP_THREAD, TCB_SET_PRIORITY, ROOT_PRIORITY, 0, 0, 0);
	clean(w);
}

/* Signals to a thread that receives, and to one that is about to; from the root task. */
static void drill_bound(struct worker *w)
{
	static const word receives[] = {SYS_RECV};
	word tcb = CAP_THREAD + CROWD_FIRST;

	retype(w, D(0), TYPE_ENDPOINT, ENDPOINT_BITS, 1);
	copy(w, D(0), D(1));
	copy(w, D(0), D(2));
	retype(w, D(3), TYPE_NOTIFICATION, NOTIFICATION_BITS, 1);
	mint(w, D(3), D(4), 5);
	crowd_on(w, D(0), receives, 1);
	op(w, tcb, TCB_BIND_NOTIFICATION, D(3), 0, 0, 0);
	campaign_call(w, SYS_SIGNAL, D(4)); /* arrives */
	campaign_call(w, SYS_SIGNAL, D(4));
	campaign_call(w, SYS_POLL, D(4));
	campaign_call(w, SYS_POLL, D(4));
	campaign_call(w, SYS_POLL, D(0));
	op(w, CAP_CNODE, CNODE_COPY, D(3), D(5), RIGHT_SEND, 0);
	campaign_call(w, SYS_POLL, D(5));
	op(w, tcb, TCB_UNBIND_NOTIFICATION, 0, 0, 0, 0);
	crowd_end(w);
	op(w, CAP_THREAD, TCB_BIND_NOTIFICATION, D(3), 0, 0, 0);
	campaign_call(w, SYS_SIGNAL, D(4));
	campaign_call(w, SYS_RECV, D(0));
	campaign_call(w, SYS_SIGNAL, D(4));
	campaign_call(w, SYS_NBRECV, D(0));
	campaign_call(w, SYS_SIGNAL, D(4));
	campaign_call(w, SYS_REPLYRECV, D(0));
	op(w, CAP_THREAD, TCB_UNBIND_NOTIFICATION, 0, 0, 0, 0);
	clean(w);
}

static void drill_irqs(struct worker *w)
{
	op(w, CAP_CNODE, CNODE_COPY, CAP_NOTIFICATION, D(9), RIGHT_RECV, 0);
	retype(w, D(0), TYPE_NOTIFICATION, NOTIFICATION_BITS, 2);
	op(w, CAP_IRQ_CONTROL, IRQ_GET, CAP_ENDPOINT, D(3), 11, 0);
	op(w, CAP_IRQ_CONTROL, IRQ_GET, CAP_CNODE, OUTSIDE, 11, 0);
	op(w, CAP_IRQ_CONTROL, IRQ_GET, CAP_CNODE, D(3), 0, 0);
	op(w, CAP_IRQ_CONTROL, IRQ_GET, CAP_CNODE, D(3), IRQS_MAX, 0);
	op(w, CAP_IRQ_CONTROL, IRQ_GET, CAP_CNODE, D(0), 11, 0);
	op(w, CAP_IRQ_CONTROL, IRQ_GET, CAP_CNODE, D(3), IRQ_UART, 0);
	for (word round = 0; round < 3; round++) {
		op(w, CAP_IRQ_CONTROL, IRQ_GET, CAP_CNODE, D(3), 11, 0);
		op(w, D(3), IRQ_CLEAR, 0, 0, 0, 0);
		op(w, D(3), IRQ_BIND, CAP_ENDPOINT, 0, 0, 0);
		op(w, D(3), IRQ_BIND, D(9), 0, 0, 0);
		op(w, D(3), IRQ_BIND, D(0), 0, 0, 0);
		op(w, D(3), IRQ_BIND, D(1), 0, 0, 0);
		if (round == 1)
			op(w, D(3), IRQ_CLEAR, 0, 0, 0, 0);
		if (round == 2)
			delete(w, D(1));
		op(w, D(3), IRQ_ACK, 0, 0, 0, 0);
		delete(w, D(3));
	}
	op(w, CAP_TIMER, TIMER_CLEAR, 0, 0, 0, 0);
	op(w, CAP_TIMER, TIMER_BIND, CAP_ENDPOINT, 0, 0, 0);
	op(w, CAP_TIMER, TIMER_BIND, D(9), 0, 0, 0);
	op(w, CAP_TIMER, TIMER_BIND, D(0), 0, 0, 0);
	op(w, CAP_TIMER, TIMER_BIND, D(0), 0, 0, 0);
	op(w, CAP_TIMER, TIMER_SET, 0, 0, 0, 0);
	clean(w); /* now it is bound to nothing */
	op(w, CAP_TIMER, TIMER_SET, 0, 0, 0, 0);
	op(w, CAP_TIMER, TIMER_CLEAR, 0, 0, 0, 0);
	delete(w, D(9));
	retype(w, D(0), TYPE_NOTIFICATION, NOTIFICATION_BITS, 1);
	op(w, CAP_UART_IRQ, IRQ_BIND, D(0), 0, 0, 0);
	clean(w);
	for (word i = 0; i < 8; i++)
		campaign_device(w);
}

/* What was bound, deleted last by who is bound: the last capability, with threads that wait for it. */
static void drill_irq_last(struct worker *w)
{
	static const word waits[] = {SYS_WAIT};

	op(w, CAP_IRQ_CONTROL, IRQ_GET, CAP_CNODE, D(9), 12, 0);
	for (word round = 0; round < 4; round++) {
		word target = round < 2 ? CAP_TIMER : D(9);

		retype(w, D(0), TYPE_NOTIFICATION, NOTIFICATION_BITS, 1);
		copy(w, D(0), D(1));
		copy(w, D(0), D(2));
		crowd_on(w, D(0), waits, 1);
		op(w, target, round < 2 ? TIMER_BIND : IRQ_BIND, D(0), 0, 0, 0);
		for (word i = 0; i < 3; i++)
			delete(w, D(i));
		if (round & 1)
			op(w, target, round < 2 ? TIMER_CLEAR : IRQ_CLEAR, 0, 0, 0, 0);
		else
			op(w, target, round < 2 ? TIMER_BIND : IRQ_BIND, CAP_NOTIFICATION, 0, 0, 0);
		crowd_end(w);
	}
	delete(w, D(9));
	clean(w);
}

static void drill_unknown(struct worker *w)
{
	static const word targets[] = {CAP_NULL, CAP_SPACE, CAP_ENDPOINT, OUTSIDE, CAP_TIMER, CAP_POOL, CAP_UART_IRQ, CAP_IMAGE};

	for (unsigned i = 0; i < sizeof targets / sizeof *targets; i++) {
		op(w, targets[i], 0, 0, 0, 0, 0);
		op(w, targets[i], LABELS + 3, 0, 0, 0, 0);
		op(w, targets[i], TCB_RESUME, 0, 0, 0, 0);
	}
}

void drills_run(struct worker *root)
{
	static void (*const drills[])(struct worker *) = {drill_queues, drill_replies, drill_cnodes, drill_retype, drill_deletion, drill_taking_apart,
		drill_frames, drill_asids, drill_unfinished, drill_transfer, drill_tcbs, drill_bound, drill_irqs, drill_irq_last, drill_unknown, drill_left_behind,
		drill_scattered, drill_cancel, drill_fast, drill_struck};
	enum temper before = temper;
	static word next;

	if (!next) /* another order for each seed */
		next = argument_seed() * 2 + 1;
	temper = user_below(&root->random, 3) ? TEMPER_COLD : TEMPER_WORST;
	crowd_cspace(root, user_below(&root->random, 3));
	drills[next++ % (sizeof drills / sizeof *drills)](root);
	crowd_cspace(root, false);
	temper = before;
}
