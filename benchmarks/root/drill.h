/* SPDX-License-Identifier: GPL-2.0-or-later
 * What drills share: short names of invocations by the root task, and the crowd. */
#ifndef DRILL_H
#define DRILL_H

#include "campaign.h"

#define D(n) ((word)DRILL_FIRST + (n))
#define ADDRESS ((word)0x40000000) /* of the vspaces, nothing is mapped here */
#define GONE (CAP_SCRATCH + 120) /* a slot that is empty */

static inline word op(struct worker *w, word target, word label, word a, word b, word c, word d)
{
	return campaign_invoke(w, target, label, 4, a, b, c, d);
}

static inline void retype(struct worker *w, word slot, word type, word bits, word count)
{
	op(w, CAP_POOL, UNTYPED_RETYPE, CAP_CNODE, slot, type, count << 8 | bits);
}

static inline void copy(struct worker *w, word from, word to)
{
	op(w, CAP_CNODE, CNODE_COPY, from, to, RIGHTS_ALL, 0);
}

static inline void mint(struct worker *w, word from, word to, word badge)
{
	op(w, CAP_CNODE, CNODE_MINT, from, to, RIGHTS_ALL, badge);
}

static inline void delete(struct worker *w, word slot)
{
	op(w, CAP_CNODE, CNODE_DELETE, 0, slot, 0, 0);
}

static inline void revoke(struct worker *w, word slot)
{
	op(w, CAP_CNODE, CNODE_REVOKE, 0, slot, 0, 0);
}

static inline void clean(struct worker *w)
{
	revoke(w, CAP_POOL);
}

/* crowd.c: threads that make one call each. */
#define CROWD_FIRST (WORKERS + 1)
#define CROWD_PRIORITY (PRIORITIES - 2)
#define CROWD (TCB_COUNT - CROWD_FIRST)
#define ACT_FAULT SYS_COUNT	   /* an illegal instruction */
#define ACT_REVOKE SYS_INVOKE	   /* revokes CAP_POOL */
#define ACT_SERVE (SYS_COUNT + 1)  /* receives, then replies and receives again and again, with the caches as the dice say */
#define ACT_STRIKE (SYS_COUNT + 2) /* waits for the notification; evicts, deletes nothing, mostly sets the timer; again and again */

extern word crowd_slot; /* of the first of their TCBs */
/* Sets up and starts member NUMBER, CROWD_FIRST ..; it runs when the root task waits or crowd_settle() lets it. */
void crowd_prepare(word number, word call, word target, word vspace, word fault);
void crowd_settle(const struct worker *w);     /* until each waits */
void crowd_strip(struct worker *w, word number); /* takes its CSpace away */
void crowd_end(struct worker *w);	      /* suspends them all */
/* Each of the CALLS in turn, on TARGET and on the minted TARGET + 1 and + 2 in turn; TARGET + 1 is the fault endpoint. */
void crowd_on(struct worker *w, word target, const word *calls, word count);
/* The root task's own CSpace: of LOOKUP_LEVELS levels, or of one; which is also what the crowd is set up from. */
void crowd_cspace(struct worker *w, bool deep);

/* adversary.c: what makes the longest sections. */
void drill_left_behind(struct worker *w);
void drill_scattered(struct worker *w);
void drill_cancel(struct worker *w);
void drill_fast(struct worker *w);
void drill_struck(struct worker *w);

#endif
