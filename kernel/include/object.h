/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The kernel's objects and what is done with them.
 *
 * A capability lies in a slot and names a typed object; a CNode is an array of slots. Each system call and invocation
 * decodes first (all checks, no change; a failure returns an error and has changed nothing) and then performs, which
 * cannot fail. All objects exist from boot on, so that no pointer to one ever dangles.
 *
 * Invariants:
 * - A thread is READY iff it is in ready[its priority]; the running thread is the first of the highest such list.
 *   Idle has priority 0 and is always READY. ready_map has bit p set iff ready[p] is not empty.
 * - A thread is SENDING, RECEIVING or WAITING iff it is in the list of the endpoint or notification it waits for.
 * - Of an endpoint's two lists one is empty. A notification that has waiters has the word 0.
 * - a->caller == b iff b->replier == a; then b is CALLING. A thread that is CALLING without a replier cannot be.
 * - The registers of a thread that is not INACTIVE and not running change only as its system call returns: a message
 *   whose length was checked when it was queued is still of that length when it is moved.
 */
#ifndef KERNEL_OBJECT_H
#define KERNEL_OBJECT_H

#include "api.h"
#include "machine.h"
#include "types.h"

/* The types that can be invoked come first. */
enum cap_type { CAP_TYPE_NULL, CAP_TYPE_CNODE, CAP_TYPE_TCB, CAP_TYPE_IRQ, CAP_TYPE_TIMER, CAP_TYPE_VSPACE,
		CAP_TYPE_FRAME, CAP_TYPE_ENDPOINT, CAP_TYPE_NOTIFICATION };

/* `extra` by type: endpoint and notification: the badge; frame: its size in bytes; irq: its number. */
struct cap {
	uint32_t type;
	uint32_t rights;
	word extra;
	void *object;
	word reserved; /* for the derivation tree; keeps a slot half a line */
} __attribute__((aligned(32)));

/* Member by member: the compiler calls no memcpy for it, at any level of optimisation. */
static inline void cap_copy(struct cap *to, const struct cap *from)
{
	to->type = from->type;
	to->rights = from->rights;
	to->extra = from->extra;
	to->object = from->object;
}

struct cnode {
	word bits; /* 1 << bits slots */
	struct cap *slots;
};

struct vspace {
	word satp; /* root page table and address-space identifier, as the register wants them */
};

struct endpoint {
	struct link senders, receivers;
};

struct notification {
	word pending;
	struct link waiters;
};

/* x[0] holds the pc, so that the registers are 32 words without a gap. Offsets known to trap.S. */
struct context {
	word x[32];
	word status; /* sstatus; user code cannot set it */
};

enum thread_state { INACTIVE, READY, SENDING, RECEIVING, WAITING, CALLING };

struct tcb {
	struct context context;
	struct link link; /* in ready[], or in the list waited in */
	word *ipc_buffer; /* the kernel's address of it, or NULL */
	uint32_t state;
	uint32_t priority;
	struct vspace *vspace;
	struct cnode *cspace;
	struct tcb *caller;  /* who waits for this thread's reply */
	struct tcb *replier; /* whose reply this thread waits for */
	word send_badge;     /* while SENDING */
	word send_calls;     /* while SENDING: a reply is wanted */
	word fault;	     /* FAULT_*: not FAULT_NONE from a fault until its reply */
	word fault_value;
	word fault_cause;
	struct cap fault_endpoint;
} __attribute__((aligned(64)));

/* Where interrupt n goes. One that is not bound is masked, and goes to a notification that nobody has; so no interrupt needs
 * to be asked whether it is bound. */
struct irq {
	struct notification *notification;
	word badge;
};

#define IRQS 128     /* a power of two, more than the board's interrupt sources */
#define IRQ_TIMER 127 /* the timer's place among them; no source of the board has this number */

extern struct tcb *current;
extern struct irq irqs[IRQS];
extern struct notification irq_nobody;

static inline struct tcb *tcb_of(struct link *link)
{
	return (struct tcb *)((char *)link - offsetof(struct tcb, link));
}

/* The thread that comes first in a list that is not empty, taken off it. */
static inline struct tcb *list_take(struct link *list)
{
	struct link *first = list->next;

	list_remove(first);
	return tcb_of(first);
}

/* What a system call returns to the thread that made it. */
static inline void thread_result(struct tcb *thread, word error)
{
	thread->context.x[REG_A0] = error;
}

static inline word info_length(word info)
{
	return info & 0xff;
}

static inline word info_label(word info)
{
	return info >> 8;
}

/* sched.c */
extern struct link ready[PRIORITIES];
extern word ready_map;
void ready_add(struct tcb *thread);    /* behind its equals; sets READY */
void ready_remove(struct tcb *thread); /* the caller sets the new state */
struct tcb *schedule(void);	       /* makes `current` who is to run, in its address space */

/* cap.c: false when `index` is no slot of the current thread's CNode; *slot then means nothing. */
bool cap_slot(word index, struct cap **slot);
/* 0 and *found, a capability of that type; or an error. */
word cap_find(word index, enum cap_type type, struct cap **found);
/* … with these rights, too. */
static inline word cap_find_right(word index, enum cap_type type, word rights, struct cap **found)
{
	word error = cap_find(index, type, found);

	if (error)
		return error;
	return rights & ~(*found)->rights ? KERNEL_NO_RIGHT : KERNEL_OK;
}
word cnode_invoke(struct cap *cap, word label);

/* endpoint.c: the current thread sends, receives, replies; `try` does not wait. One function for each way, so that no
 * branch in them is decided by the caller. */
void endpoint_send(struct endpoint *endpoint, word badge);
void endpoint_try_send(struct endpoint *endpoint, word badge);
void endpoint_call(struct endpoint *endpoint, word badge);
void endpoint_fault(struct endpoint *endpoint, word badge); /* calls with its fault for a message */
void endpoint_receive(struct endpoint *endpoint);
void endpoint_try_receive(struct endpoint *endpoint);
void endpoint_reply(struct tcb *to); /* to the current thread's caller */

/* notification.c */
void notification_signal(struct notification *notification, word badge);
void notification_wait(struct notification *notification);

/* thread.c */
void thread_abandon_caller(struct tcb *thread); /* whoever waits for its reply goes on with KERNEL_ABORTED */
word tcb_invoke(struct cap *cap, word label);

/* fault.c: the current thread cannot go on. */
void fault_raise(word fault, word cause, word value);
void fault_message(struct tcb *from, struct tcb *to);
void fault_reply(struct tcb *to);

/* irq.c */
word irq_invoke(struct cap *cap, word label);
word timer_invoke(word label);

/* syscall.c */
void handle_syscall(void);

/* trap.c */
struct tcb *trap_handle(word cause, word value);
_Noreturn void panic(void);

/* boot.c */
struct tcb *boot_main(void);

/* trap.S, boot.S */
extern char trap_vector[], trap_return[], idle_loop[], kernel_end[], user_image[], user_image_end[];
extern word kernel_root[512];

#endif
