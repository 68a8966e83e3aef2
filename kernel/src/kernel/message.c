/* SPDX-License-Identifier: GPL-2.0-or-later
 * A message moves from one thread to another. */
#include "object.h"

#define MESSAGE_LINES_MAX (MESSAGE_WORDS_MAX / LINE_WORDS)

/* Lines 0 .. of the buffer, as many as hold `length` words, length > MESSAGE_REGISTERS. Words 0 to 3 of the first line
 * mean nothing. decode refused lengths over MESSAGE_WORDS_MAX, so this turns at most MESSAGE_LINES_MAX times. */
ALONE static void message_copy_lines(word *to, const word *from, word length)
{
	word line = 0;

	do {
		line_copy(to + line, from + line);
		line += LINE_WORDS;
	} while (line < length);
}

/* MESSAGE_CAP, or 0 where there is nothing to send, nowhere to put it, or it cannot be copied. */
ALONE static word cap_move(struct tcb *from, const word *in, struct tcb *to, const word *out)
{
	struct slot *source = lookup_cap(from, in[BUFFER_SEND_CAP]);
	struct slot *slot, *cnode = lookup_cap(to, out[BUFFER_RECEIVE_CNODE]);

	if (!cnode_slot(&cnode->cap, out[BUFFER_RECEIVE_INDEX], &slot))
		return 0;
	if ((slot->cap.type != TYPE_NULL) | !cap_can_copy(&source->cap))
		return 0;
	slot_derive(slot, source, RIGHTS_ALL);
	return MESSAGE_CAP;
}

/* What exceeds the registers, in words; without a branch. */
static inline word excess(word info)
{
	word length = info_length(info);

	return (length - MESSAGE_REGISTERS) & -(word)(length > MESSAGE_REGISTERS);
}

static inline void message_move_buffer(struct tcb *from, struct tcb *to, word info)
{
	word *in, *out, *arrived = &to->context.x[REG_A1];

	*arrived &= ~(word)MESSAGE_CAP;
	if (!tcb_buffer(from, &in) || !tcb_buffer(to, &out)) {
		*arrived -= excess(info);
		return;
	}
	if (info_length(info) > MESSAGE_REGISTERS)
		message_copy_lines(out, in, info_length(info));
	if (info & MESSAGE_CAP && from->send_grants)
		*arrived |= cap_move(from, in, to, out);
}

ALONE void message_move(struct tcb *from, struct tcb *to)
{
	const word *in = &from->context.x[REG_A1];
	word *out = &to->context.x[REG_A1];
	word info = in[0];

	out[0] = info;
	out[1] = in[1];
	out[2] = in[2];
	out[3] = in[3];
	out[4] = in[4];
	if ((info & 0xff) > MESSAGE_REGISTERS)
		message_move_buffer(from, to, info);
}
