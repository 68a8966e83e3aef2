/* SPDX-License-Identifier: GPL-2.0-or-later
 * A fault is a call that the thread did not mean to make. */
#include "object.h"

void fault_raise(word fault, word cause, word value)
{
	struct tcb *self = current;
	struct cap *cap = &self->fault_endpoint;

	self->fault = fault;
	self->fault_cause = cause;
	self->fault_value = value;
	if (cap->type == CAP_TYPE_ENDPOINT) {
		endpoint_fault(cap->object, cap->extra);
	} else {
		self->fault = FAULT_NONE;
		ready_remove(self);
		self->state = INACTIVE;
	}
}

void fault_message(struct tcb *from, struct tcb *to)
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
		to->context.x[REG_PC] = in[1];
	ready_add(to);
}
