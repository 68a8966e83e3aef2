/* SPDX-License-Identifier: GPL-2.0-or-later
 * The operations of threads. */
#include "object.h"

#define CONTEXT_LINES (32 / LINE_WORDS)

ALONE void tcb_init(struct tcb *thread)
{
	list_init(&thread->link);
	thread->bound = &nobody_notification;
	thread->priority = 1;
	thread->context.status = SSTATUS_SPIE;
}

ALONE void tcb_stop(struct tcb *thread)
{
	switch (thread->state) {
	case READY:
		ready_remove(thread);
		break;
	case CALLING:
		slot_empty(thread->reply_slot);
		break;
	case SENDING:
		endpoint_leave(thread);
		break;
	default: /* RECEIVING, WAITING; of an inactive thread the link points to itself */
		list_remove(&thread->link);
		break;
	}
	thread->state = INACTIVE;
	thread->fault = FAULT_NONE;
}

static inline bool fits_buffer(const struct cap *frame, word offset)
{
	return !(offset >> frame->bits) & !(offset % IPC_BUFFER_SIZE) & !frame->device;
}

/* May the capability go to that slot of a thread? */
static inline word decode_configure(const struct cap *cap, word which)
{
	static const uint8_t types[] = {TYPE_CNODE, TYPE_VSPACE, TYPE_ENDPOINT, TYPE_FRAME};
	static const uint8_t rights[] = {0, 0, RIGHT_SEND, RIGHT_SEND | RIGHT_RECV};

	if (cap->type != types[which])
		return KERNEL_BAD_CAP;
	if (rights[which] & ~cap->rights)
		return KERNEL_NO_RIGHT;
	if (which != TCB_BUFFER)
		return KERNEL_OK;
	return fits_buffer(cap, argument(REG_A4)) ? KERNEL_OK : KERNEL_BAD_ARGUMENT;
}

/* Come again, it deletes what it derived before, which is not the last; so the graveyard then stays empty. */
ENTRY INVOCATION(tcb_configure)
{
	struct tcb *thread = cap_object(&target->cap);
	word which = argument(REG_A3), error;
	struct slot *slot;

	if (which > TCB_BUFFER)
		return KERNEL_BAD_ARGUMENT;
	if (argument(REG_A2)) {
		error = decode_configure(&source->cap, which);
		if (error)
			return error;
	}
	slot = &thread->slots[which];
	if (slot->cap.type != TYPE_NULL)
		slot_delete(slot);
	if (source->cap.type != TYPE_NULL) {
		slot_derive(slot, source, RIGHTS_ALL);
		if (which == TCB_BUFFER)
			thread->buffer_offset = argument(REG_A4);
	}
	return graveyard();
}

ENTRY INVOCATION(tcb_set_priority)
{
	struct tcb *thread = cap_object(&target->cap);
	word priority = argument(REG_A2);

	(void)source;
	if (priority - 1 >= PRIORITIES - 1)
		return KERNEL_BAD_ARGUMENT;
	if (thread->state == READY) {
		ready_remove(thread);
		thread->priority = (uint32_t)priority;
		ready_add(thread);
	} else {
		thread->priority = (uint32_t)priority;
	}
	return KERNEL_OK;
}

/* Turns CONTEXT_LINES times. */
ALONE static void context_copy(word *to, const word *from)
{
	word line = 0;

	do {
		line_copy(to + line, from + line);
		line += LINE_WORDS;
	} while (line < CONTEXT_LINES * LINE_WORDS);
}

/* 0 and the words of the caller's buffer that hold a thread's registers; or an error. */
static inline word registers_window(word **window)
{
	word *buffer;

	if (info_length(argument(REG_A1)) < REGISTERS_LENGTH)
		return KERNEL_MESSAGE_LENGTH;
	if (!tcb_buffer(current, &buffer))
		return KERNEL_NO_BUFFER;
	*window = buffer + REGISTERS_WORD;
	return KERNEL_OK;
}

ENTRY INVOCATION(tcb_write_registers)
{
	struct tcb *thread = cap_object(&target->cap);
	word *window, error = registers_window(&window);

	(void)source;
	if (error)
		return error;
	if (thread->state != INACTIVE)
		return KERNEL_BAD_STATE;
	context_copy(thread->context.x, window);
	thread->context.x[REG_PC] &= ~(word)1;
	return KERNEL_OK;
}

ENTRY INVOCATION(tcb_read_registers)
{
	struct tcb *thread = cap_object(&target->cap);
	word *window, error = registers_window(&window);

	(void)source;
	if (error)
		return error;
	context_copy(window, thread->context.x);
	return KERNEL_OK;
}

ENTRY INVOCATION(tcb_resume)
{
	struct tcb *thread = cap_object(&target->cap);

	(void)source;
	if (thread->state != INACTIVE)
		return KERNEL_BAD_STATE;
	ready_add(thread);
	return KERNEL_OK;
}

/* Whoever waits for the thread's reply waits in vain. */
ENTRY INVOCATION(tcb_suspend)
{
	struct tcb *thread = cap_object(&target->cap);

	(void)source;
	tcb_stop(thread);
	reply_abandon(&thread->slots[TCB_CALLER]);
	return KERNEL_OK;
}

ENTRY INVOCATION(tcb_bind_notification)
{
	struct tcb *thread = cap_object(&target->cap);
	struct notification *notification = cap_object(&source->cap);

	if (source->cap.type != TYPE_NOTIFICATION)
		return KERNEL_BAD_CAP;
	if (!(source->cap.rights & RIGHT_RECV))
		return KERNEL_NO_RIGHT;
	if ((thread->bound != &nobody_notification) | (notification->bound != &nobody_thread))
		return KERNEL_BAD_STATE;
	thread->bound = notification;
	notification->bound = thread;
	return KERNEL_OK;
}

ENTRY INVOCATION(tcb_unbind_notification)
{
	struct tcb *thread = cap_object(&target->cap);

	(void)source;
	notification_unbind(thread->bound, thread);
	return KERNEL_OK;
}

_Static_assert(offsetof(struct tcb, context) == 0, "trap.S knows a thread by its context");
_Static_assert(sizeof(struct tcb) <= 1 << TCB_BITS && sizeof(struct slot) == 1 << SLOT_BITS, "objects fit their sizes");
_Static_assert(sizeof(struct endpoint) <= 1 << ENDPOINT_BITS && sizeof(struct notification) <= 1 << NOTIFICATION_BITS, "they do");
