/* SPDX-License-Identifier: GPL-2.0-or-later
 * From a capability pointer to a slot. */
#include "object.h"

/* The CNode takes its guard and its radix from the LEFT bits of ADDRESS. */
static inline bool resolves(const struct cap *node, word guard_bits, word radix, word address, word left)
{
	word guard = address >> ((left - guard_bits) & 63) & (((word)1 << guard_bits) - 1);

	return (guard_bits + radix <= left) & (guard == node->badge);
}

/* Turns LOOKUP_LEVELS times at most. */
ALONE struct found lookup(const struct cap *node, word address, word bits)
{
	struct found found = {&nothing, bits};

	for (word level = 0; level < LOOKUP_LEVELS; level++) {
		word header = node->header, guard_bits = header_guard_bits(header), radix = header_bits(header);

		if (header_type(header) != TYPE_CNODE)
			break;
		if (!resolves(node, guard_bits, radix, address, found.left)) {
			found.slot = &nothing;
			break;
		}
		found.left -= guard_bits + radix;
		found.slot = (struct slot *)node->object + (address >> found.left & (((word)1 << radix) - 1));
		if (!found.left)
			break;
		node = &found.slot->cap;
	}
	ONE_EXIT(found.slot);
	return found;
}
