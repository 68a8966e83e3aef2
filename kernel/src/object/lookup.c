/* SPDX-License-Identifier: GPL-2.0-or-later
 * From a capability pointer to a slot. */
#include "object.h"

/* The CNode takes its guard and its radix from the LEFT bits of ADDRESS. */
static inline bool resolves(const struct cap *node, word address, word left)
{
	word guard = address >> ((left - node->guard_bits) & 63) & (((word)1 << node->guard_bits) - 1);

	return ((word)node->guard_bits + node->bits <= left) & (guard == node->badge);
}

/* Turns LOOKUP_LEVELS times at most. */
ALONE struct found lookup(const struct cap *node, word address, word bits)
{
	struct found found = {&nothing, bits};

	for (word level = 0; level < LOOKUP_LEVELS; level++) {
		if (node->type != TYPE_CNODE)
			break;
		if (!resolves(node, address, found.left)) {
			found.slot = &nothing;
			break;
		}
		found.left -= (word)node->guard_bits + node->bits;
		found.slot = (struct slot *)node->object + (address >> found.left & (((word)1 << node->bits) - 1));
		if (!found.left)
			break;
		node = &found.slot->cap;
	}
	ONE_EXIT(found.slot);
	return found;
}
