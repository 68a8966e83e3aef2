/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The kernel's objects and what is done with them.
 *
 * A capability lies in a slot and names a typed object. Each system call and invocation decodes first (all checks, no
 * change; a failure returns an error and has changed nothing) and then performs, which cannot fail. What takes long does a
 * constant amount of work and returns PREEMPTED: the thread makes the same call again, interrupts come in between.
 *
 * Invariants (src/kernel/check.c tests them):
 * - Every slot that is not empty is in the derivation list, in preorder: what was derived from a capability follows it.
 *   All capabilities to one object are neighbours; all that lies in an untyped capability's memory follows it at once.
 * - A thread is READY iff it is in ready[its priority]; the running thread is the first of the highest such list.
 *   Idle has priority 0 and is always READY. ready_map has bit p set iff ready[p] is not empty.
 * - A thread is SENDING, RECEIVING or WAITING iff it is in the list of the endpoint or notification it waits for.
 * - Of an endpoint's two lists one is empty. A notification that has waiters has the word 0.
 * - A thread is CALLING iff one capability of TYPE_REPLY names it; it lies in its reply_slot.
 * - thread->bound == n iff n->bound == thread, or neither is bound (nobody_notification, nobody_thread).
 * - Memory of an untyped object behind its watermark belongs to nobody, and is zero up to `cleared`.
 * - Objects without a capability are in the graveyard or gone. Memory is used anew only while the graveyard is empty.
 * - The registers of a thread that is not INACTIVE and not running change only as its system call returns: a message
 *   whose length was checked when it was queued is still of that length when it is moved.
 */
#ifndef KERNEL_OBJECT_H
#define KERNEL_OBJECT_H

#include "api.h"
#include "machine.h"
#include "types.h"

/* What decides between two capabilities to one object which was derived from which. */
enum level { LEVEL_ORIGINAL, LEVEL_MINTED, LEVEL_COPY };

/* 32 bytes. What badge and extra hold goes by the type. */
struct cap {
	union {
		struct {
			uint8_t type;
			uint8_t rights;
			uint8_t bits; /* size of the object; CNode: radix */
			uint8_t level;
			uint8_t guard_bits; /* CNode; page table: bits of the range that it covers where it is mapped */
			uint8_t device;	    /* untyped, frame: no RAM */
			uint16_t asid;	    /* vspace */
		};
		uint16_t kind; /* type | rights << 8 */
		word header;   /* all of them, read and copied at once */
	};
	word object;	    /* the kernel's address of it, 0 if there is none */
	word badge;	    /* endpoint, notification: badge; CNode: guard; untyped: watermark, an offset */
	word extra;	    /* frame, page table: address | ASID where it is mapped, or 0; untyped: offset of what is not cleared */
};

struct slot {
	struct cap cap;
	struct slot *next, *prev; /* derivation */
	struct slot *dead_next;	  /* of the first slot of an array in the graveyard */
	word dead_left;		  /* and how many of it are still to be emptied */
} __attribute__((aligned(64)));

/* Threads that wait. `dead_next` links queues in the graveyard. */
struct queue {
	struct link threads;
	struct queue *dead_next;
};

struct endpoint {
	struct queue senders, receivers;
	struct link *cursor; /* CNODE_CANCEL is to look at this sender next; at the list's head: there is none under way */
	word cancel_badge;
};

struct notification {
	struct queue waiters;
	word pending;
	struct tcb *bound;
};

/* x[0] holds the pc, which is even, so that the registers are 32 words without a gap. Offsets known to trap.S. */
struct context {
	word x[32];
	word status; /* sstatus while it runs */
};

enum thread_state { INACTIVE, READY, SENDING, RECEIVING, WAITING, CALLING };

#define TCB_CALLER 4 /* reply capability for the caller received last */
#define TCB_SLOTS 5

struct tcb {
	struct context context;
	struct link link; /* in ready[], or in the list waited in */
	uint32_t state;
	uint32_t priority;
	word buffer_offset;	     /* of the IPC buffer in the frame */
	struct slot *reply_slot;     /* while CALLING */
	struct endpoint *endpoint;   /* while SENDING */
	word send_badge;	     /* while SENDING */
	word send_calls;	     /* while SENDING: a reply is wanted */
	word send_grants;	     /* a capability may go along with what it sends */
	word fault;		     /* FAULT_*: not FAULT_NONE from a fault until its reply */
	word fault_value;
	word fault_cause;
	struct notification *bound;
	struct slot slots[TCB_SLOTS];
};

struct irq {
	struct slot slot; /* the notification bound to it */
	word issued;	  /* there is a capability to it */
} __attribute__((aligned(64)));

#define PREEMPTED 255 /* an invocation's result: come again */

extern struct tcb *current;
extern struct slot nothing; /* where a pointer leads that leads nowhere; always empty */
extern struct slot derivation;
extern struct irq irqs[IRQS_MAX], irq_timer;
extern struct notification nobody_notification;
extern struct tcb nobody_thread;
extern word asid_satp[ASIDS];	/* what satp is to be */
extern word *asid_root[ASIDS];	/* an ASID that is free has an empty table */
extern word kernel_satp;
extern word empty_table[512];

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

static inline word argument(word reg)
{
	return current->context.x[reg];
}

/* What a system call returns to the thread that made it. */
static inline void thread_result(struct tcb *thread, word error)
{
	thread->context.x[REG_A0] = error;
}

static inline word info_length(word info)
{
	return info & 0x7f;
}

static inline word info_label(word info)
{
	return info >> 8;
}

static inline void *cap_object(const struct cap *cap)
{
	return (void *)cap->object;
}

/* False where the thread has no IPC buffer. */
static inline bool tcb_buffer(const struct tcb *thread, word **buffer)
{
	word base = thread->slots[TCB_BUFFER].cap.object;

	*buffer = (word *)(base + thread->buffer_offset);
	return base != 0;
}

/* Fields of a header. */
static inline word header_type(word header)
{
	return header & 0xff;
}

static inline word header_bits(word header)
{
	return header >> 16 & 0xff;
}

static inline word header_level(word header)
{
	return header >> 24 & 0xff;
}

static inline word header_guard_bits(word header)
{
	return header >> 32 & 0xff;
}

/* Member by member: the compiler calls no memcpy for it, at any level of optimisation. */
static inline void cap_copy(struct cap *to, const struct cap *from)
{
	to->header = from->header;
	to->object = from->object;
	to->badge = from->badge;
	to->extra = from->extra;
}

/* ---- src/kernel ---------------------------------------------------------------------------------------------------- */

/* sched.c */
extern struct link ready[PRIORITIES];
extern word ready_map;
void ready_add(struct tcb *thread);    /* behind its equals; sets READY */
void ready_remove(struct tcb *thread); /* the caller sets the new state */
struct tcb *schedule(void);	       /* makes `current` who is to run, in its address space, with its sstatus */

extern word active_satp;
static inline void space_enter(const struct tcb *thread)
{
	word satp = asid_satp[thread->slots[TCB_VSPACE].cap.asid]; /* ASID 0, of no vspace: the kernel's own tables */

	if (satp != active_satp) {
		active_satp = satp;
		csr_write(satp, satp);
	}
}

/* fastpath.c: Call and ReplyRecv, fast where that can be, and all other calls. Returns who is to run. */
struct tcb *trap_syscall(word pointer, word info, word word0, word word1, word word2, word word3, struct tcb *self, word number);

/* message.c: moves the message in FROM's registers and buffer, and the capability that goes along. */
void message_move(struct tcb *from, struct tcb *to);

/* fault.c: the current thread cannot go on. */
void fault_raise(word fault, word cause, word value);
void fault_message(struct tcb *from, struct tcb *to);
void fault_reply(struct tcb *to);

/* syscall.c, invoke.c */
struct tcb *slow_syscall(void);
struct tcb *slow_call(void);
struct tcb *slow_replyrecv(void);
word invoke(struct slot *target);

/* trap.c, boot.c, memory.c, check.c */
struct tcb *trap_other(word cause);
_Noreturn void panic(void);
struct tcb *boot_main(void);
void memory_clear(word *from, word lines); /* LINE_WORDS words each; 1 .. CLEAR_LINES lines */
void check_invariants(void);

#define CLEAR_LINES 64 /* memory that is cleared without a preemption point */

/* ---- src/object ---------------------------------------------------------------------------------------------------- */

/* slot.c: capabilities, and how they derive from each other. All take constant time. */
static inline void slot_link(struct slot *slot, struct slot *parent)
{
	struct slot *next = parent->next;

	slot->next = next;
	slot->prev = parent;
	next->prev = slot;
	parent->next = slot;
}
static inline void slot_unlink(struct slot *slot)
{
	slot->prev->next = slot->next;
	slot->next->prev = slot->prev;
}
void slot_fill(struct slot *slot, struct slot *parent); /* the capability is written; links it behind PARENT */
void slot_empty(struct slot *slot);			 /* the capability alone goes */
void slot_derive(struct slot *to, struct slot *from, word rights);
void slot_move(struct slot *to, struct slot *from);
bool slot_is_parent(const struct slot *slot, const struct slot *of);
bool slot_is_last(const struct slot *slot); /* no other capability names its object */
bool cap_can_copy(const struct cap *cap);

/* lookup.c. `left`: bits that were not resolved; of no meaning when slot is `nothing`. */
struct found {
	struct slot *slot;
	word left;
};
struct found lookup(const struct cap *root, word address, word bits);
static inline struct slot *lookup_cap(const struct tcb *thread, word pointer)
{
	return lookup(&thread->slots[TCB_CSPACE].cap, pointer, 64).slot;
}
/* Slot INDEX of what may be a CNode; false where it is none or has no such slot. *slot then means nothing. */
static inline bool cnode_slot(const struct cap *cnode, word index, struct slot **slot)
{
	word header = cnode->header, none = (header_type(header) ^ TYPE_CNODE) | index >> header_bits(header);

	*slot = (struct slot *)cnode->object + index;
	ONE_EXIT(none);
	return !none;
}

/* delete.c: the end of capabilities and objects. */
#define REAP_UNITS 4 /* slots emptied, or threads woken, without a preemption point */
void slot_delete(struct slot *slot); /* in constant time: what is long goes to the graveyard */
void slot_unbind(struct slot *slot); /* what an interrupt is bound to */
word reap(void);		     /* works at the graveyard, which is not empty: PREEMPTED */
extern struct slot *dead_slots;
extern struct queue *dead_queues;
/* An invocation that may have buried something is through, or else comes again. */
static inline word graveyard(void)
{
	return ((word)dead_slots | (word)dead_queues) ? PREEMPTED : KERNEL_OK;
}

/* endpoint.c: the current thread sends, receives; `try` does not wait. One function for each way, so that no branch in
 * them is decided by the caller. */
void endpoint_send(struct endpoint *endpoint, word badge);
void endpoint_try_send(struct endpoint *endpoint, word badge);
void endpoint_call(struct endpoint *endpoint, word badge);
void endpoint_fault(struct endpoint *endpoint, word badge); /* calls with its fault for a message */
void endpoint_receive(struct endpoint *endpoint);
void endpoint_try_receive(struct endpoint *endpoint);
void endpoint_leave(struct tcb *sender); /* it does not wait to send any longer */
void thread_abort(struct tcb *thread);	 /* it waits no longer: goes on with KERNEL_ABORTED, or stays at its fault */

/* reply.c */
void reply_expect(struct tcb *caller, struct slot *slot); /* the caller waits for a reply through the slot, which is empty */
void reply_send(struct slot *slot);
void reply_abandon(struct slot *slot); /* who waits for the reply in the slot, if anyone, is aborted */

/* notification.c */
void notification_signal(struct notification *notification, word badge);
void notification_wait(struct notification *notification);
void notification_take(struct notification *notification);
void notification_poll(struct notification *notification);
void notification_unbind(struct notification *notification, struct tcb *thread);

/* tcb.c */
void tcb_init(struct tcb *thread);
void tcb_stop(struct tcb *thread); /* inactive, in no list */

/* vspace.c */
void frame_release(struct cap *frame); /* out of where it is mapped */
void table_release(struct cap *table);
void vspace_release(struct cap *vspace);

/* irq.c */
void irq_signal(const struct slot *slot);
void irq_release(struct irq *irq);

/* The invocations: TARGET is of the right type; ARGUMENT is what a2 points to, or `nothing`. */
#define INVOCATION(name) word name(struct slot *target, struct slot *source)
INVOCATION(cnode_copy);
INVOCATION(cnode_mint);
INVOCATION(cnode_move);
INVOCATION(cnode_mutate);
INVOCATION(cnode_rotate);
INVOCATION(cnode_delete);
INVOCATION(cnode_revoke);
INVOCATION(cnode_cancel);
INVOCATION(cnode_save_caller);
INVOCATION(untyped_retype);
INVOCATION(tcb_configure);
INVOCATION(tcb_set_priority);
INVOCATION(tcb_write_registers);
INVOCATION(tcb_read_registers);
INVOCATION(tcb_resume);
INVOCATION(tcb_suspend);
INVOCATION(tcb_bind_notification);
INVOCATION(tcb_unbind_notification);
INVOCATION(frame_map);
INVOCATION(frame_unmap);
INVOCATION(frame_remap);
INVOCATION(table_map);
INVOCATION(table_unmap);
INVOCATION(asid_assign);
INVOCATION(irq_get);
INVOCATION(irq_bind);
INVOCATION(irq_clear);
INVOCATION(irq_ack);
INVOCATION(timer_bind);
INVOCATION(timer_clear);
INVOCATION(timer_set_deadline);

/* src/arch: trap.S, boot.S */
extern char trap_vector[], trap_return[], idle_loop[], kernel_end[], user_image[], user_image_end[];
extern word kernel_root[512];

#endif
