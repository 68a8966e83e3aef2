/* SPDX-License-Identifier: GPL-2.0-or-later
 * Which invocation: the label must be one of the object's type. */
#include "object.h"

static const uint8_t types[LABELS] = {
	[CNODE_COPY] = TYPE_CNODE,
	[CNODE_MINT] = TYPE_CNODE,
	[CNODE_MOVE] = TYPE_CNODE,
	[CNODE_MUTATE] = TYPE_CNODE,
	[CNODE_ROTATE] = TYPE_CNODE,
	[CNODE_DELETE] = TYPE_CNODE,
	[CNODE_REVOKE] = TYPE_CNODE,
	[CNODE_CANCEL] = TYPE_CNODE,
	[CNODE_SAVE_CALLER] = TYPE_CNODE,
	[UNTYPED_RETYPE] = TYPE_UNTYPED,
	[TCB_CONFIGURE] = TYPE_TCB,
	[TCB_SET_PRIORITY] = TYPE_TCB,
	[TCB_WRITE_REGISTERS] = TYPE_TCB,
	[TCB_READ_REGISTERS] = TYPE_TCB,
	[TCB_RESUME] = TYPE_TCB,
	[TCB_SUSPEND] = TYPE_TCB,
	[TCB_BIND_NOTIFICATION] = TYPE_TCB,
	[TCB_UNBIND_NOTIFICATION] = TYPE_TCB,
	[FRAME_MAP] = TYPE_FRAME,
	[FRAME_UNMAP] = TYPE_FRAME,
	[FRAME_REMAP] = TYPE_FRAME,
	[TABLE_MAP] = TYPE_TABLE,
	[TABLE_UNMAP] = TYPE_TABLE,
	[ASID_ASSIGN] = TYPE_ASID_CONTROL,
	[IRQ_GET] = TYPE_IRQ_CONTROL,
	[IRQ_BIND] = TYPE_IRQ,
	[IRQ_CLEAR] = TYPE_IRQ,
	[IRQ_ACK] = TYPE_IRQ,
	[TIMER_BIND] = TYPE_TIMER,
	[TIMER_CLEAR] = TYPE_TIMER,
	[TIMER_SET] = TYPE_TIMER,
};

/* These begin with an empty graveyard: they bury, or use memory anew. */
#define LABEL_BIT(label) ((word)1 << (label))
#define BURIES                                                                                                         \
	(LABEL_BIT(CNODE_DELETE) | LABEL_BIT(CNODE_REVOKE) | LABEL_BIT(UNTYPED_RETYPE) | LABEL_BIT(TCB_CONFIGURE) |   \
	 LABEL_BIT(IRQ_BIND) | LABEL_BIT(IRQ_CLEAR) | LABEL_BIT(TIMER_BIND) | LABEL_BIT(TIMER_CLEAR))

ENTRY static word invoke_unknown(const struct slot *target)
{
	return target->cap.type == TYPE_NULL ? KERNEL_BAD_CAP : KERNEL_BAD_OPERATION;
}

/* The label, or 0 if the object does not know it; no object knows 0. */
static inline word known_label(const struct slot *target)
{
	word label = info_label(argument(REG_A1));

	return label < LABELS && types[label % LABELS] == target->cap.type ? label : 0;
}

word invoke(struct slot *target)
{
	struct slot *source = lookup_cap(current, argument(REG_A2));
	word label = known_label(target);

	if ((BURIES >> label & 1) && graveyard())
		return reap();
	switch (label) {
	case CNODE_COPY:
		return cnode_copy(target, source);
	case CNODE_MINT:
		return cnode_mint(target, source);
	case CNODE_MOVE:
		return cnode_move(target, source);
	case CNODE_MUTATE:
		return cnode_mutate(target, source);
	case CNODE_ROTATE:
		return cnode_rotate(target, source);
	case CNODE_DELETE:
		return cnode_delete(target, source);
	case CNODE_REVOKE:
		return cnode_revoke(target, source);
	case CNODE_CANCEL:
		return cnode_cancel(target, source);
	case CNODE_SAVE_CALLER:
		return cnode_save_caller(target, source);
	case UNTYPED_RETYPE:
		return untyped_retype(target, source);
	case TCB_CONFIGURE:
		return tcb_configure(target, source);
	case TCB_SET_PRIORITY:
		return tcb_set_priority(target, source);
	case TCB_WRITE_REGISTERS:
		return tcb_write_registers(target, source);
	case TCB_READ_REGISTERS:
		return tcb_read_registers(target, source);
	case TCB_RESUME:
		return tcb_resume(target, source);
	case TCB_SUSPEND:
		return tcb_suspend(target, source);
	case TCB_BIND_NOTIFICATION:
		return tcb_bind_notification(target, source);
	case TCB_UNBIND_NOTIFICATION:
		return tcb_unbind_notification(target, source);
	case FRAME_MAP:
		return frame_map(target, source);
	case FRAME_UNMAP:
		return frame_unmap(target, source);
	case FRAME_REMAP:
		return frame_remap(target, source);
	case TABLE_MAP:
		return table_map(target, source);
	case TABLE_UNMAP:
		return table_unmap(target, source);
	case ASID_ASSIGN:
		return asid_assign(target, source);
	case IRQ_GET:
		return irq_get(target, source);
	case IRQ_BIND:
		return irq_bind(target, source);
	case IRQ_CLEAR:
		return irq_clear(target, source);
	case IRQ_ACK:
		return irq_ack(target, source);
	case TIMER_BIND:
		return timer_bind(target, source);
	case TIMER_CLEAR:
		return timer_clear(target, source);
	case TIMER_SET:
		return timer_set_deadline(target, source);
	default:
		return invoke_unknown(target);
	}
}
