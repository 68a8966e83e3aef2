/* SPDX-License-Identifier: GPL-2.0-or-later
 * Capabilities and how they derive from each other: one circular list in preorder, with `derivation` for its head.
 *
 * No parent is stored. An untyped capability is the parent of what lies in its memory; of two capabilities to one object
 * the levels tell: the original is the parent of all others, a minted one of the copies that bear its badge. So a deleted
 * capability leaves its children to the one before it that could have been their parent, in constant time. */
#include "object.h"

struct slot nothing, derivation = {.next = &derivation, .prev = &derivation};

#define TYPE_BIT(type) ((word)1 << (type))
#define CAN_COPY                                                                                                       \
	(TYPE_BIT(TYPE_CNODE) | TYPE_BIT(TYPE_TCB) | TYPE_BIT(TYPE_ENDPOINT) | TYPE_BIT(TYPE_NOTIFICATION) |          \
	 TYPE_BIT(TYPE_FRAME) | TYPE_BIT(TYPE_VSPACE) | TYPE_BIT(TYPE_ASID_CONTROL) | TYPE_BIT(TYPE_IRQ_CONTROL) |    \
	 TYPE_BIT(TYPE_IRQ) | TYPE_BIT(TYPE_TIMER))

static const struct cap cap_none;

bool cap_can_copy(const struct cap *cap)
{
	return CAN_COPY >> cap->type & 1;
}

void slot_fill(struct slot *slot, struct slot *parent)
{
	slot_link(slot, parent);
}

ALONE void slot_empty(struct slot *slot)
{
	slot_unlink(slot);
	cap_copy(&slot->cap, &cap_none);
}

ALONE void slot_derive(struct slot *to, struct slot *from, word rights)
{
	cap_copy(&to->cap, &from->cap);
	to->cap.rights &= (uint8_t)rights;
	to->cap.level += from->cap.level != LEVEL_COPY;
	to->cap.extra = 0;
	slot_fill(to, from);
}

ALONE void slot_move(struct slot *to, struct slot *from)
{
	cap_copy(&to->cap, &from->cap);
	slot_fill(to, from);
	slot_empty(from);
	if (to->cap.type == TYPE_REPLY)
		((struct tcb *)to->cap.object)->reply_slot = to;
}

/* All capabilities of the board lie in memory that is never untyped, those to objects in it are told by address. */
ALONE bool slot_is_parent(const struct slot *slot, const struct slot *of)
{
	const struct cap *a = &slot->cap, *b = &of->cap;
	word type = header_type(a->header), level = header_level(a->header), other_level = header_level(b->header);
	word inside = b->object - a->object < (word)1 << header_bits(a->header);
	word same = (b->object == a->object) & (header_type(b->header) == type);
	word minted = (level == LEVEL_MINTED) & (other_level == LEVEL_COPY) & (a->badge == b->badge);
	word derived = ((level == LEVEL_ORIGINAL) & (other_level != LEVEL_ORIGINAL)) | minted;

	return ((type == TYPE_UNTYPED) & inside) | (same & derived);
}

static inline word same_object(const struct cap *a, const struct cap *b)
{
	return (a->object == b->object) & (a->type == b->type);
}

bool slot_is_last(const struct slot *slot)
{
	return !(same_object(&slot->cap, &slot->next->cap) | same_object(&slot->cap, &slot->prev->cap));
}
