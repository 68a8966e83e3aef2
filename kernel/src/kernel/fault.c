/* SPDX-License-Identifier: GPL-2.0-or-later
 * A fault is a call that the thread did not mean to make. */
#include "object.h"

ALONE void fault_raise(word fault, word cause, word value)
{
	struct tcb *self = current;
	struct cap *cap = &self->slots[TCB_FAULT].cap;

	if (cap->type != TYPE_ENDPOINT) {
		ready_remove(self);
		self->state = INACTIVE;
		return;
	}
	self->fault = fault;
	self->fault_cause = cause;
	self->fault_value = value;
	endpoint_fault(cap_object(cap), cap->badge);
}

ALONE void fault_message(struct tcb *from, struct tcb *to)
{
	word *out = &to->context.x[REG_A1];

	out[0] = from->fault << 8 | MESSAGE_REGISTERS;
	out[1] = from->context.x[REG_PC];
	out[2] = from->fault_value;
	out[3] = from->fault_cause;
	out[4] = from->context.x[REG_RA];
}

void fault_reply(struct tcb *to)
{
	const word *in = &current->context.x[REG_A1];

	to->fault = FAULT_NONE;
	if (info_label(in[0])) {
		to->state = INACTIVE;
		return;
	}
	if (info_length(in[0]))
		to->context.x[REG_PC] = in[1] & ~(word)1;
	ready_add(to);
}
