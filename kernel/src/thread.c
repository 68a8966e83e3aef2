/* SPDX-License-Identifier: GPL-2.0-or-later
 * The operations of threads. */
#include "object.h"

#define CONTEXT_LINES (32 / LINE_WORDS)

void thread_abandon_caller(struct tcb *thread)
{
	struct tcb *caller = thread->caller;

	if (!caller)
		return;
	thread->caller = NULL;
	caller->replier = NULL;
	if (caller->fault) {
		caller->fault = FAULT_NONE;
		caller->state = INACTIVE;
		return;
	}
	thread_result(caller, KERNEL_ABORTED);
	ready_add(caller);
}

static word tcb_set_space(struct tcb *thread, word cnode, word vspace, word endpoint)
{
	static struct cap none;
	struct cap *cspace_cap, *vspace_cap, *fault_cap = &none;
	word error;

	error = cap_find(cnode, CAP_TYPE_CNODE, &cspace_cap);
	if (error)
		return error;
	error = cap_find(vspace, CAP_TYPE_VSPACE, &vspace_cap);
	if (error)
		return error;
	if (endpoint) {
		error = cap_find_right(endpoint, CAP_TYPE_ENDPOINT, RIGHT_SEND, &fault_cap);
		if (error)
			return error;
	}
	thread->cspace = cspace_cap->object;
	thread->vspace = vspace_cap->object;
	cap_copy(&thread->fault_endpoint, fault_cap);
	return KERNEL_OK;
}

static word tcb_set_buffer(struct tcb *thread, word frame, word offset)
{
	struct cap *cap;
	word error;

	if (!frame) {
		thread->ipc_buffer = NULL;
		return KERNEL_OK;
	}
	error = cap_find(frame, CAP_TYPE_FRAME, &cap);
	if (error)
		return error;
	if (offset >= cap->extra || offset % IPC_BUFFER_SIZE)
		return KERNEL_BAD_ARGUMENT;
	thread->ipc_buffer = (word *)((char *)cap->object + offset);
	return KERNEL_OK;
}

static word tcb_set_priority(struct tcb *thread, word priority)
{
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
	if (info_length(current->context.x[REG_A1]) < REGISTERS_LENGTH)
		return KERNEL_MESSAGE_LENGTH;
	if (!current->ipc_buffer)
		return KERNEL_NO_BUFFER;
	*window = current->ipc_buffer + REGISTERS_WORD;
	return KERNEL_OK;
}

static word tcb_write_registers(struct tcb *thread)
{
	word *window, error = registers_window(&window);

	if (error)
		return error;
	if (thread->state != INACTIVE)
		return KERNEL_BAD_STATE;
	context_copy(thread->context.x, window);
	return KERNEL_OK;
}

static word tcb_read_registers(struct tcb *thread)
{
	word *window, error = registers_window(&window);

	if (error)
		return error;
	context_copy(window, thread->context.x);
	return KERNEL_OK;
}

static word tcb_resume(struct tcb *thread)
{
	if (thread->state != INACTIVE)
		return KERNEL_BAD_STATE;
	ready_add(thread);
	return KERNEL_OK;
}

static word tcb_suspend(struct tcb *thread)
{
	switch (thread->state) {
	case INACTIVE:
		return KERNEL_OK;
	case READY:
		ready_remove(thread);
		break;
	case CALLING:
		thread->replier->caller = NULL;
		thread->replier = NULL;
		break;
	default: /* SENDING, RECEIVING, WAITING */
		list_remove(&thread->link);
		break;
	}
	thread->state = INACTIVE;
	thread->fault = FAULT_NONE;
	thread_abandon_caller(thread);
	return KERNEL_OK;
}

ENTRY word tcb_invoke(struct cap *cap, word label)
{
	const word *arguments = &current->context.x[REG_A2];
	struct tcb *thread = cap->object;

	switch (label) {
	case TCB_SET_SPACE:
		return tcb_set_space(thread, arguments[0], arguments[1], arguments[2]);
	case TCB_SET_BUFFER:
		return tcb_set_buffer(thread, arguments[0], arguments[1]);
	case TCB_SET_PRIORITY:
		return tcb_set_priority(thread, arguments[0]);
	case TCB_WRITE_REGISTERS:
		return tcb_write_registers(thread);
	case TCB_READ_REGISTERS:
		return tcb_read_registers(thread);
	case TCB_RESUME:
		return tcb_resume(thread);
	case TCB_SUSPEND:
		return tcb_suspend(thread);
	default:
		return KERNEL_BAD_OPERATION;
	}
}
