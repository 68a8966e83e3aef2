/* SPDX-License-Identifier: GPL-2.0-or-later
 * The operations of CNodes: on the slot that index and depth name in the CNode. */
#include "object.h"

#define DEPTH_SHIFT 8

/* The slot that a3 and a4 name, or NULL. */
ALONE static struct slot *destination(const struct cap *cnode)
{
	word index = argument(REG_A3), depth = argument(REG_A4) >> DEPTH_SHIFT;
	struct slot *slot;

	if (!depth) {
		if (!cnode_slot(cnode, index, &slot))
			slot = NULL;
	} else {
		struct found found = lookup(cnode, index, depth & 127);

		slot = found.slot;
		if ((slot == &nothing) | (depth > 64) | (found.left != 0))
			slot = NULL;
	}
	ONE_EXIT(slot);
	return slot;
}

/* KERNEL_OK when something can be put from SOURCE to the destination. */
ALONE static word decode_put(const struct cap *cnode, const struct slot *source, struct slot **to)
{
	struct slot *slot = destination(cnode);

	*to = slot;
	if (!slot || source->cap.type == TYPE_NULL)
		return KERNEL_BAD_CAP;
	return slot->cap.type == TYPE_NULL ? KERNEL_OK : KERNEL_BAD_STATE;
}

/* What a5 asks for may become the capability's badge or guard. */
ALONE static word decode_badge(const struct cap *cap)
{
	word wish = argument(REG_A5), bits = wish & 63;

	if (cap->type == TYPE_CNODE)
		return bits + cap->bits <= 64 && !(wish >> 6 >> bits) ? KERNEL_OK : KERNEL_BAD_ARGUMENT;
	if (cap->type == TYPE_ENDPOINT || cap->type == TYPE_NOTIFICATION)
		return cap->badge ? KERNEL_BAD_STATE : KERNEL_OK;
	return KERNEL_OK;
}

ALONE static void set_badge(struct cap *cap)
{
	word wish = argument(REG_A5);

	if (cap->type == TYPE_CNODE) {
		cap->guard_bits = wish & 63;
		cap->badge = wish >> 6;
	} else if (cap->type == TYPE_ENDPOINT || cap->type == TYPE_NOTIFICATION) {
		cap->badge = wish;
	}
}

ENTRY INVOCATION(cnode_copy)
{
	struct slot *to;
	word error = decode_put(&target->cap, source, &to);

	if (error)
		return error;
	if (!cap_can_copy(&source->cap))
		return KERNEL_BAD_STATE;
	slot_derive(to, source, argument(REG_A4));
	return KERNEL_OK;
}

ENTRY INVOCATION(cnode_mint)
{
	struct slot *to;
	word error = decode_put(&target->cap, source, &to);

	if (error)
		return error;
	error = decode_badge(&source->cap);
	if (error)
		return error;
	if (!cap_can_copy(&source->cap))
		return KERNEL_BAD_STATE;
	slot_derive(to, source, argument(REG_A4));
	set_badge(&to->cap);
	return KERNEL_OK;
}

ENTRY INVOCATION(cnode_move)
{
	struct slot *to;
	word error = decode_put(&target->cap, source, &to);

	if (!error)
		slot_move(to, source);
	return error;
}

ENTRY INVOCATION(cnode_mutate)
{
	struct slot *to;
	word error = decode_put(&target->cap, source, &to);

	if (error)
		return error;
	error = decode_badge(&source->cap);
	if (error)
		return error;
	slot_move(to, source);
	set_badge(&to->cap);
	return KERNEL_OK;
}

ENTRY INVOCATION(cnode_rotate)
{
	struct slot *to, *pivot = lookup_cap(current, argument(REG_A5));
	word error = decode_put(&target->cap, source, &to);

	if (error)
		return error;
	if (pivot->cap.type == TYPE_NULL)
		return KERNEL_BAD_CAP;
	if (pivot == source)
		return KERNEL_BAD_ARGUMENT;
	slot_move(to, pivot);
	slot_move(pivot, source);
	return KERNEL_OK;
}

ENTRY INVOCATION(cnode_delete)
{
	struct slot *slot = destination(&target->cap);

	(void)source;
	if (!slot)
		return KERNEL_BAD_CAP;
	if (slot->cap.type != TYPE_NULL)
		slot_delete(slot);
	return graveyard();
}

#define REVOKE_UNITS 4 /* capabilities deleted without a preemption point */

/* False: there may be more. Turns REVOKE_UNITS times at most. */
ALONE static bool revoke_some(struct slot *slot)
{
	for (word units = 0; units < REVOKE_UNITS; units++) {
		if (!slot_is_parent(slot, slot->next))
			return true;
		slot_delete(slot->next);
	}
	return false;
}

ENTRY INVOCATION(cnode_revoke)
{
	struct slot *slot = destination(&target->cap);

	(void)source;
	if (!slot || slot->cap.type == TYPE_NULL)
		return KERNEL_BAD_CAP;
	if (!revoke_some(slot))
		return PREEMPTED;
	return graveyard();
}

#define CANCEL_UNITS 4 /* threads looked at without a preemption point */

/* The sender at the cursor; the cursor moves on. */
static inline void cancel_step(struct endpoint *endpoint)
{
	struct tcb *thread = tcb_of(endpoint->cursor);

	endpoint->cursor = thread->link.next;
	if (thread->send_badge == endpoint->cancel_badge) {
		list_remove(&thread->link);
		thread_abort(thread);
	}
}

/* Turns CANCEL_UNITS times at most. */
ALONE static word cancel_some(struct endpoint *endpoint)
{
	for (word units = 0; units < CANCEL_UNITS; units++) {
		if (endpoint->cursor == &endpoint->senders.threads)
			return KERNEL_OK;
		cancel_step(endpoint);
	}
	return endpoint->cursor == &endpoint->senders.threads ? KERNEL_OK : PREEMPTED;
}

/* The cursor survives preemption; endpoint_leave() keeps it right. It starts again where another badge was in between. */
ENTRY INVOCATION(cnode_cancel)
{
	struct slot *slot = destination(&target->cap);
	struct endpoint *endpoint;
	word fresh;

	(void)source;
	if (!slot || slot->cap.type != TYPE_ENDPOINT)
		return KERNEL_BAD_CAP;
	if (!(slot->cap.rights & RIGHT_SEND))
		return KERNEL_NO_RIGHT;
	endpoint = cap_object(&slot->cap);
	fresh = (endpoint->cursor == &endpoint->senders.threads) | (endpoint->cancel_badge != slot->cap.badge);
	ONE_EXIT(fresh);
	if (fresh) {
		endpoint->cursor = endpoint->senders.threads.next;
		endpoint->cancel_badge = slot->cap.badge;
	}
	return cancel_some(endpoint);
}

ENTRY INVOCATION(cnode_save_caller)
{
	struct slot *to;
	word error = decode_put(&target->cap, &current->slots[TCB_CALLER], &to);

	(void)source;
	if (!error)
		slot_move(to, &current->slots[TCB_CALLER]);
	return error;
}
