/* SPDX-License-Identifier: GPL-2.0-or-later
 * Reply capabilities: one for each thread that has called, made when its message is received, gone with the reply. */
#include "object.h"

ALONE void reply_expect(struct tcb *caller, struct slot *slot)
{
	caller->state = CALLING;
	caller->reply_slot = slot;
	slot->cap.type = TYPE_REPLY;
	slot->cap.object = (word)caller;
	slot_fill(slot, &derivation);
}

ALONE void reply_send(struct slot *slot)
{
	struct tcb *self = current, *to = cap_object(&slot->cap);

	slot_empty(slot);
	if (to->fault) {
		fault_reply(to);
		return;
	}
	self->send_grants = RIGHT_GRANT;
	message_move(self, to);
	to->context.x[REG_A6] = 0;
	thread_result(to, KERNEL_OK);
	ready_add(to);
}

ALONE void reply_abandon(struct slot *slot)
{
	struct tcb *caller = cap_object(&slot->cap);

	if (!caller)
		return;
	slot_empty(slot);
	thread_abort(caller);
}
