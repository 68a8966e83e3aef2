/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The conformance test of preemption points. The root task makes an invocation that is preempted, with the timer set to strike ever
 * later; each time the invocation comes to the same end. Whenever the timer strikes an observer runs, who is more important. He finds the
 * root task at its ecall again, though it has executed it, and sees how far the invocation has come: each point must have been
 * met, after each number of turns that it can be met. */
#include "user.h"

#define D(n) ((word)CAP_SCRATCH + 128 + (n))
#define STRIKE D(40) /* the observer's notification, as the timer is bound to it */
#define OBSERVED (CAP_NOTIFICATION + 1)
#define OBSERVER 12
#define OTHER (CAP_THREAD + 13) /* a thread that does not run */
#define AGENTS 9
#define STRIKES 200 /* spread over the time that the invocation takes */
#define NEVER ((word)1 << 40)

struct point {
	const char *name;
	void (*set_up)(void);
	word target, label, a, b, c, d; /* the invocation */
	word (*progress)(word *buffer);
	word met;  /* bit n: the point is met when progress is n */
	word ends; /* the progress in the end */
};

static unsigned good, bad;
static const struct point *now;
static volatile word met, before, deadline;
static word agent_number, agent_target;

static word call(word number, word target)
{
	struct message message = {0};
	word badge = 0;

	return user_syscall(number, target, &message, &badge);
}

static void must(bool condition, const char *what)
{
	good += condition;
	bad += !condition;
	if (condition)
		return;
	uart_text("preempt.c: ");
	uart_text(now->name);
	uart_text(": ");
	uart_text(what);
	uart_text("\n");
}

/* ---- what is seen ---------------------------------------------------------------------------------------------------- */

/* A thread's registers, by way of the caller's buffer. */
static const word *registers_of(word tcb, word *buffer)
{
	user_invoke_length(tcb, TCB_READ_REGISTERS, REGISTERS_LENGTH, 0);
	return buffer + REGISTERS_WORD;
}

static word aborted(word *buffer)
{
	word count = 0;

	for (word i = 1; i <= AGENTS; i++)
		count += registers_of(CAP_THREAD + i, buffer)[10] == KERNEL_ABORTED;
	return count;
}

static word emptied(word *buffer)
{
	word count = 0;

	(void)buffer;
	for (word i = 1; i <= 10; i++)
		count += user_invoke(D(i), 0, 0, 0, 0, 0) == KERNEL_BAD_CAP;
	return count;
}

static word made(word *buffer)
{
	return 10 - emptied(buffer);
}

/* The deadline was behind the ecall: between `before` and that are fewer instructions than there are in a tick. */
static void observe(word number)
{
	for (;;) {
		const word *root;

		call(SYS_WAIT, OBSERVED);
		root = registers_of(CAP_THREAD, user_buffers[number]);
		if (root[0] == (word)user_ecall && root[17] == SYS_INVOKE && root[11] >> 8 == now->label && deadline >= before + 2)
			met |= (word)1 << now->progress(user_buffers[number]);
	}
}

/* ---- what is interrupted ----------------------------------------------------------------------------------------------- */

static void agent(word number)
{
	call(agent_number, agent_target);
	for (;;)
		user_invoke(CAP_THREAD + number, TCB_SUSPEND, 0, 0, 0, 0);
}

static void start(unsigned number, word priority, void (*body)(word))
{
	word tcb = CAP_THREAD + number;

	user_invoke(tcb, TCB_SUSPEND, 0, 0, 0, 0);
	user_invoke(tcb, TCB_SET_PRIORITY, priority, 0, 0, 0);
	user_prepare(user_buffers[0], number, body);
	user_invoke_length(tcb, TCB_WRITE_REGISTERS, REGISTERS_LENGTH, 0);
	user_invoke(tcb, TCB_RESUME, 0, 0, 0, 0);
}

/* Until all threads but this one wait. */
static void settle(void)
{
	user_invoke(CAP_THREAD, TCB_SET_PRIORITY, 1, 0, 0, 0);
	user_invoke(CAP_THREAD, TCB_SET_PRIORITY, PRIORITIES - 4, 0, 0, 0);
}

static void agents_on(word number, word target)
{
	agent_number = number;
	agent_target = target;
	for (unsigned i = 1; i <= AGENTS; i++)
		start(i, 5, agent);
	settle();
}

static void endpoint_with(word number, word target)
{
	user_retype(CAP_POOL, D(0), TYPE_ENDPOINT, ENDPOINT_BITS, 1);
	user_mint(D(0), D(1), RIGHTS_ALL, 7);
	agents_on(number, target);
}

static void set_up_copies(void)
{
	user_retype(CAP_POOL, D(0), TYPE_ENDPOINT, ENDPOINT_BITS, 1);
	for (word i = 1; i <= 10; i++)
		user_mint(D(0), D(i), RIGHTS_ALL, i);
}

/* One capability, with threads that wait for it. */
static void set_up_endpoint(void)
{
	endpoint_with(SYS_SEND, D(0));
	user_delete(D(1));
}

static void set_up_queue(void)
{
	endpoint_with(SYS_SEND, D(1));
}

/* A CNode of 16 slots: what is taken apart first are the capabilities to reply to the agents. */
static void set_up_replies(void)
{
	endpoint_with(SYS_CALL, D(0));
	user_retype(CAP_POOL, D(2), TYPE_CNODE, SLOT_BITS + 4, 1);
	for (word i = 0; i < AGENTS; i++) {
		call(SYS_NBRECV, D(0));
		user_invoke(D(2), CNODE_SAVE_CALLER, 0, 15 - i, 0, 0);
	}
}

static void set_up_cspace(void)
{
	set_up_replies();
	user_invoke(OTHER, TCB_CONFIGURE, D(2), TCB_CSPACE, 0, 0);
	user_delete(D(2));
}

static void set_up_notification(void)
{
	user_retype(CAP_POOL, D(0), TYPE_NOTIFICATION, NOTIFICATION_BITS, 1);
	agents_on(SYS_WAIT, D(0));
}

static void set_up_irq(void)
{
	set_up_notification();
	user_invoke(CAP_IRQ_CONTROL, IRQ_GET, CAP_CNODE, D(2), 11, 0);
	user_invoke(D(2), IRQ_BIND, D(0), 0, 0, 0);
	user_delete(D(0));
}

static void set_up_timer(void)
{
	set_up_notification();
	user_invoke(CAP_TIMER, TIMER_BIND, D(0), 0, 0, 0);
	user_delete(D(0));
}

static void set_up_nothing(void)
{
}

static const struct point points[] = {
	{"revoke", set_up_copies, CAP_CNODE, CNODE_REVOKE, 0, D(0), 0, 0, emptied, 1 << 4 | 1 << 8, 10},
	{"delete an endpoint with a queue", set_up_endpoint, CAP_CNODE, CNODE_DELETE, 0, D(0), 0, 0, aborted, 1 << 0 | 1 << 4 | 1 << 8 | 1 << 9, 9},
	{"delete a CNode", set_up_replies, CAP_CNODE, CNODE_DELETE, 0, D(2), 0, 0, aborted, 1 << 0 | 1 << 4 | 1 << 8 | 1 << 9, 9},
	{"revoke what goes to the graveyard", set_up_endpoint, CAP_CNODE, CNODE_REVOKE, 0, CAP_POOL, 0, 0, aborted, 1 << 0 | 1 << 4 | 1 << 8 | 1 << 9, 9},
	{"cancel", set_up_queue, CAP_CNODE, CNODE_CANCEL, 0, D(1), 0, 0, aborted, 1 << 4 | 1 << 8, 9},
	{"retype", set_up_nothing, CAP_POOL, UNTYPED_RETYPE, CAP_CNODE, D(1), TYPE_FRAME, 4 << 8 | PAGE_BITS, made, 1 << 0, 4},
	{"configure", set_up_cspace, OTHER, TCB_CONFIGURE, CAP_CNODE, TCB_CSPACE, 0, 0, aborted, 1 << 0 | 1 << 4 | 1 << 8 | 1 << 9, 9},
	{"bind an IRQ", set_up_irq, D(2), IRQ_BIND, CAP_NOTIFICATION, 0, 0, 0, aborted, 1 << 0 | 1 << 4 | 1 << 8 | 1 << 9, 9},
	{"clear an IRQ", set_up_irq, D(2), IRQ_CLEAR, 0, 0, 0, 0, aborted, 1 << 0 | 1 << 4 | 1 << 8 | 1 << 9, 9},
	{"bind the timer", set_up_timer, CAP_TIMER, TIMER_BIND, STRIKE, 0, 0, 0, aborted, 1 << 0 | 1 << 4 | 1 << 8 | 1 << 9, 9},
	/* the timer strikes here too, but there is nobody to observe it */
	{"clear the timer", set_up_timer, CAP_TIMER, TIMER_CLEAR, 0, 0, 0, 0, aborted, 0, 9},
};

/* How long it took, in ticks. */
static word strike(const struct point *p, word delay)
{
	word start, end;

	user_invoke(CAP_TIMER, TIMER_BIND, STRIKE, 0, 0, 0);
	p->set_up();
	for (word i = delay / 2 % 8; i; i--) /* the kernel that tests itself does so at some entries */
		call(SYS_POLL, OBSERVED);
	start = user_time();
	deadline = start + delay;
	before = ~(word)2;
	user_invoke(CAP_TIMER, TIMER_SET, deadline, 0, 0, 0);
	before = user_time();
	must(user_invoke(p->target, p->label, p->a, p->b, p->c, p->d) == KERNEL_OK, "does not succeed");
	end = user_time();
	/* (before the invocation, the timer's own case wakes one who waits) */
	must(p->progress(user_buffers[0]) == p->ends || deadline < before + 2, "is not done");
	user_invoke(CAP_TIMER, TIMER_SET, ~(word)0, 0, 0, 0);
	for (word i = 1; i <= AGENTS; i++)
		user_invoke(CAP_THREAD + i, TCB_SUSPEND, 0, 0, 0, 0);
	user_delete(D(2));
	user_invoke(CAP_CNODE, CNODE_REVOKE, 0, CAP_POOL, 0, 0);
	return end - start;
}

void test_preemption(unsigned *passed, unsigned *failed)
{
	user_mint(OBSERVED, STRIKE, RIGHTS_ALL, 1);
	for (unsigned i = 1; i <= OBSERVER; i++) {
		user_configure(CAP_THREAD + i, CAP_CNODE, CAP_SPACE, 0);
		user_set_buffer(CAP_THREAD + i, CAP_IMAGE, user_buffer_offset(i));
	}
	now = points;
	start(OBSERVER, PRIORITIES - 2, observe);
	settle();
	for (; now < points + sizeof points / sizeof *points; now++) {
		met = 0;
		for (word ticks = strike(now, NEVER), delay = 0; delay <= ticks; delay += ticks / STRIKES + 1)
			strike(now, delay);
		must((met & now->met) == now->met, "a point was not met");
		must(!(met & ~now->met), "preempted where it should not be");
	}
	user_invoke(CAP_THREAD + OBSERVER, TCB_SUSPEND, 0, 0, 0, 0);
	user_invoke(CAP_TIMER, TIMER_CLEAR, 0, 0, 0, 0);
	user_delete(STRIKE);
	user_invoke(CAP_THREAD, TCB_SET_PRIORITY, ROOT_PRIORITY, 0, 0, 0);
	*passed += good;
	*failed += bad;
}
