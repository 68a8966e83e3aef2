/* SPDX-License-Identifier: GPL-2.0-or-later
 * Fixed priorities, first come first served within one. Every operation takes constant time. */
#include "object.h"

struct link ready[PRIORITIES];
word ready_map;
struct tcb *current;
word active_satp;

/* The highest bit of a map that is not 0, without a branch. */
static inline word highest_bit(word map)
{
	word at = 0, step;

	step = (word)(map > 0xffffffff) << 5, map >>= step, at += step;
	step = (word)(map > 0xffff) << 4, map >>= step, at += step;
	step = (word)(map > 0xff) << 3, map >>= step, at += step;
	step = (word)(map > 0xf) << 2, map >>= step, at += step;
	step = (word)(map > 3) << 1, map >>= step, at += step;
	return at + (map > 1);
}

ALONE void ready_add(struct tcb *thread)
{
	thread->state = READY;
	list_append(&ready[thread->priority], &thread->link);
	ready_map |= (word)1 << thread->priority;
}

ALONE void ready_remove(struct tcb *thread)
{
	struct link *list = &ready[thread->priority];

	list_remove(&thread->link);
	if (list_empty(list))
		ready_map &= ~((word)1 << thread->priority);
}

ALONE struct tcb *schedule(void)
{
	struct tcb *next = tcb_of(ready[highest_bit(ready_map)].next);

	current = next;
	space_enter(next);
	csr_write(sstatus, next->context.status);
	return next;
}
