/* SPDX-License-Identifier: GPL-2.0-or-later
 * Looking up capabilities, and the operations of CNodes. */
#include "object.h"

static inline bool cnode_slot(struct cnode *cnode, word index, struct cap **slot)
{
	*slot = &cnode->slots[index];
	return !(index >> cnode->bits);
}

bool cap_slot(word index, struct cap **slot)
{
	return cnode_slot(current->cspace, index, slot);
}

word cap_find(word index, enum cap_type type, struct cap **found)
{
	struct cap *cap;

	if (!cap_slot(index, &cap) || cap->type != type)
		return KERNEL_BAD_CAP;
	*found = cap;
	return KERNEL_OK;
}

static bool badged(const struct cap *cap)
{
	return cap->type == CAP_TYPE_ENDPOINT || cap->type == CAP_TYPE_NOTIFICATION;
}

static word cnode_mint(struct cnode *cnode, word from_index, word to_index, word rights, word badge)
{
	struct cap *from, *to;

	if (!cap_slot(from_index, &from) || !cnode_slot(cnode, to_index, &to) || from->type == CAP_TYPE_NULL)
		return KERNEL_BAD_CAP;
	if (to->type != CAP_TYPE_NULL)
		return KERNEL_BAD_STATE;
	to->rights = from->rights & (uint32_t)rights;
	to->extra = badged(from) ? badge : from->extra;
	to->object = from->object;
	to->type = from->type;
	return KERNEL_OK;
}

static word cnode_delete(struct cnode *cnode, word index)
{
	struct cap *slot;

	if (!cnode_slot(cnode, index, &slot))
		return KERNEL_BAD_CAP;
	slot->type = CAP_TYPE_NULL;
	return KERNEL_OK;
}

ENTRY word cnode_invoke(struct cap *cap, word label)
{
	const word *arguments = &current->context.x[REG_A2];

	switch (label) {
	case CNODE_MINT:
		return cnode_mint(cap->object, arguments[0], arguments[1], arguments[2], arguments[3]);
	case CNODE_DELETE:
		return cnode_delete(cap->object, arguments[0]);
	default:
		return KERNEL_BAD_OPERATION;
	}
}
