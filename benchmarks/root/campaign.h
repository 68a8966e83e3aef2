/* SPDX-License-Identifier: GPL-2.0-or-later
 * What the campaign and its drills share. */
#ifndef CAMPAIGN_H
#define CAMPAIGN_H

#include "user.h"

#define WORKERS 6
#define DRILL_FIRST 400 /* slots of the root task's CNode that drills use, to the last */
#define OUTSIDE ((word)1 << ROOT_RADIX)

enum role { MIXED, SERVER, CLIENT, WAITER, SIGNALER, FAULTER, INTERRUPTER, OPERATOR, HANDLER, ROLES };

enum temper { TEMPER_MIXED, TEMPER_WARM, TEMPER_COLD, TEMPER_WORST, TEMPER_PARTIAL };

struct worker {
	word random;
	enum role role;
	word left;	 /* operations still to make */
	word endpoint;	 /* the one its role prefers */
	struct message reply; /* for the next SYS_REPLYRECV, when a fault was received */
	bool has_reply;
	bool deep; /* its CSpace is CAP_DEEP */
} __attribute__((aligned(64)));

extern struct worker workers[WORKERS + 1]; /* 0: the root task */
extern enum temper temper;
extern bool long_messages;

/* SYS_INVOKE, with the caches as the dice say; pointers are made to fit the worker's CSpace. Comes again by itself where the
 * kernel preempts it; the caches then are as they are. */
word campaign_invoke(struct worker *w, word target, word label, word length, word a, word b, word c, word d);
/* Another system call, with a random message. */
void campaign_call(struct worker *w, word number, word target);
void campaign_evict(struct worker *w);
/* The UART interrupts, caches as the dice say. */
void campaign_device(struct worker *w);
void worker_body(word number);

/* Every way out of every invocation, and what only a crowd of threads brings about. Leaves things as they were. */
void drills_run(struct worker *root);

#endif
