/* SPDX-License-Identifier: GPL-2.0-or-later
 * Untyped memory becomes objects; the one place where memory is used anew. */
#include "object.h"

struct retype {
	struct slot *first; /* of the new capabilities */
	word type, bits, count, offset;
};

/* bits lowest and highest of each type's size */
static const uint8_t sizes[TYPES][2] = {
	[TYPE_NULL] = {1, 0}, /* none of these */
	[TYPE_VSPACE] = {1, 0},
	[TYPE_REPLY] = {1, 0},
	[TYPE_IRQ] = {1, 0},
	[TYPE_IRQ_CONTROL] = {1, 0},
	[TYPE_ASID_CONTROL] = {1, 0},
	[TYPE_TIMER] = {1, 0},
	[TYPE_UNTYPED] = {UNTYPED_BITS_MIN, UNTYPED_BITS_MAX},
	[TYPE_CNODE] = {SLOT_BITS + 1, SLOT_BITS + CNODE_RADIX_MAX},
	[TYPE_TCB] = {TCB_BITS, TCB_BITS},
	[TYPE_ENDPOINT] = {ENDPOINT_BITS, ENDPOINT_BITS},
	[TYPE_NOTIFICATION] = {NOTIFICATION_BITS, NOTIFICATION_BITS},
	[TYPE_FRAME] = {PAGE_BITS, HUGE_BITS},
	[TYPE_TABLE] = {PAGE_BITS, PAGE_BITS},
};

#define FRAME_SIZES ((word)1 << PAGE_BITS | (word)1 << LARGE_BITS | (word)1 << HUGE_BITS)
#define DEVICE_TYPES ((word)1 << TYPE_UNTYPED | (word)1 << TYPE_FRAME)

static inline word decode_type(const struct cap *untyped, const struct retype *r)
{
	if (r->type >= TYPES)
		return KERNEL_BAD_ARGUMENT;
	if ((r->bits < sizes[r->type][0]) | (r->bits > sizes[r->type][1]) | (r->count - 1 >= RETYPE_MAX))
		return KERNEL_BAD_ARGUMENT;
	if ((r->type == TYPE_FRAME) & !(FRAME_SIZES >> r->bits & 1))
		return KERNEL_BAD_ARGUMENT;
	if (untyped->device & !(DEVICE_TYPES >> r->type & 1))
		return KERNEL_BAD_ARGUMENT;
	return KERNEL_OK;
}

/* Turns RETYPE_MAX times at most. */
ALONE static bool slots_empty(const struct slot *first, word count)
{
	word types = 0, i = 0;

	do {
		types |= first->cap.type;
		first++;
	} while (++i != RETYPE_MAX && i != count);
	return types == TYPE_NULL;
}

static inline word decode_slots(const struct cap *cnode, struct retype *r)
{
	word index = argument(REG_A3);

	if (!cnode_slot(cnode, index, &r->first) || (index + r->count - 1) >> cnode->bits)
		return KERNEL_BAD_CAP;
	return slots_empty(r->first, r->count) ? KERNEL_OK : KERNEL_BAD_STATE;
}

/* Without children all of the memory is free again. */
static inline word decode_memory(const struct slot *untyped, struct retype *r)
{
	word mask = ((word)1 << r->bits) - 1, used = slot_is_parent(untyped, untyped->next) ? untyped->cap.badge : 0;

	r->offset = (used + mask) & ~mask;
	return r->offset + (r->count << r->bits) > (word)1 << untyped->cap.bits ? KERNEL_NO_MEMORY : KERNEL_OK;
}

static inline word decode_retype(const struct slot *untyped, const struct slot *cnode, struct retype *r)
{
	word error;

	r->type = argument(REG_A4);
	r->bits = argument(REG_A5) & 0xff;
	r->count = argument(REG_A5) >> 8;
	error = decode_type(&untyped->cap, r);
	if (error)
		return error;
	error = decode_slots(&cnode->cap, r);
	if (error)
		return error;
	return decode_memory(untyped, r);
}

static inline void object_init(word type, word object)
{
	switch (type) {
	case TYPE_TCB:
		tcb_init((struct tcb *)object);
		break;
	case TYPE_ENDPOINT: {
		struct endpoint *endpoint = (struct endpoint *)object;

		list_init(&endpoint->senders.threads);
		list_init(&endpoint->receivers.threads);
		endpoint->cursor = &endpoint->senders.threads;
		break;
	}
	case TYPE_NOTIFICATION: {
		struct notification *notification = (struct notification *)object;

		list_init(&notification->waiters.threads);
		notification->bound = &nobody_thread;
		break;
	}
	default: /* zeros will do */
		break;
	}
}

static inline void slot_create(struct slot *untyped, struct slot *slot, const struct retype *r, word object)
{
	slot->cap.type = (uint8_t)r->type;
	slot->cap.rights = RIGHTS_ALL;
	slot->cap.bits = (uint8_t)(r->type == TYPE_CNODE ? r->bits - SLOT_BITS : r->bits);
	slot->cap.device = untyped->cap.device;
	slot->cap.object = object;
	object_init(r->type, object);
	slot_fill(slot, untyped);
}

/* Turns 1 to RETYPE_MAX times; the remainder is what tells a reader of the binary so. */
ALONE static void create(struct slot *untyped, const struct retype *r)
{
	word object = untyped->cap.object + r->offset, rest = (r->count - 1) % RETYPE_MAX;
	struct slot *slot = r->first;

	do {
		slot_create(untyped, slot, r, object);
		object += (word)1 << r->bits;
		slot++;
	} while (rest--);
}

/* The memory from OFFSET to END is to be zero. What is cleared stays cleared until it is used; so whoever has cleared
 * something comes again. */
static inline word clear_some(struct cap *untyped, word offset, word end)
{
	word before = untyped->extra, from = before ^ ((before ^ offset) & -(word)(before < offset)), lines; /* the greater */

	ONE_EXIT(from);
	if (from >= end)
		return KERNEL_OK;
	lines = (end - from) / (LINE_WORDS * sizeof(word));
	if (lines > CLEAR_LINES)
		lines = CLEAR_LINES;
	memory_clear((word *)(untyped->object + from), lines);
	untyped->extra = from + lines * LINE_WORDS * sizeof(word);
	return PREEMPTED;
}

/* Memory is used anew: nothing of it is in the graveyard, which is empty. */
static inline void reset(struct cap *untyped)
{
	untyped->badge = 0;
	untyped->extra = 0;
}

ENTRY INVOCATION(untyped_retype)
{
	struct cap *untyped = &target->cap;
	struct retype r;
	word error = decode_retype(target, source, &r), end;

	if (error)
		return error;
	if (r.offset < untyped->badge)
		reset(untyped);
	end = r.offset + (r.count << r.bits);
	untyped->badge = r.offset; /* what alignment skips is given up before anything behind it is cleared */
	if (!untyped->device && clear_some(untyped, r.offset, end))
		return PREEMPTED;
	create(target, &r);
	untyped->badge = end;
	return KERNEL_OK;
}
