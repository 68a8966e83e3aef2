/* SPDX-License-Identifier: GPL-2.0-or-later
 * The system calls: each decodes its arguments, then performs. */
#include "object.h"

static inline word argument(word reg)
{
	return current->context.x[reg];
}

static inline bool too_long(void)
{
	return info_length(argument(REG_A1)) > MESSAGE_WORDS_MAX;
}

static inline word decode_send(struct cap **cap)
{
	if (too_long())
		return KERNEL_MESSAGE_LENGTH;
	return cap_find_right(argument(REG_A0), CAP_TYPE_ENDPOINT, RIGHT_SEND, cap);
}

static inline word decode_receive(struct cap **cap)
{
	return cap_find_right(argument(REG_A0), CAP_TYPE_ENDPOINT, RIGHT_RECV, cap);
}

ENTRY static void sys_send(void)
{
	struct cap *cap;
	word error = decode_send(&cap);

	if (error)
		thread_result(current, error);
	else
		endpoint_send(cap->object, cap->extra);
}

ENTRY static void sys_nbsend(void)
{
	struct cap *cap;
	word error = decode_send(&cap);

	if (error)
		thread_result(current, error);
	else
		endpoint_try_send(cap->object, cap->extra);
}

ENTRY static void sys_call(void)
{
	struct cap *cap;
	word error = decode_send(&cap);

	if (error)
		thread_result(current, error);
	else
		endpoint_call(cap->object, cap->extra);
}

ENTRY static void sys_recv(void)
{
	struct cap *cap;
	word error = decode_receive(&cap);

	if (error) {
		thread_result(current, error);
	} else {
		thread_abandon_caller(current);
		endpoint_receive(cap->object);
	}
}

ENTRY static void sys_nbrecv(void)
{
	struct cap *cap;
	word error = decode_receive(&cap);

	if (error) {
		thread_result(current, error);
	} else {
		thread_abandon_caller(current);
		endpoint_try_receive(cap->object);
	}
}

ENTRY static void sys_replyrecv(void)
{
	struct cap *cap;
	word error = too_long() ? KERNEL_MESSAGE_LENGTH : decode_receive(&cap);

	if (error) {
		thread_result(current, error);
	} else {
		if (current->caller)
			endpoint_reply(current->caller);
		endpoint_receive(cap->object);
	}
}

ENTRY static void sys_reply(void)
{
	struct tcb *self = current, *caller = self->caller;

	if (too_long()) {
		thread_result(self, KERNEL_MESSAGE_LENGTH);
	} else if (!caller) {
		thread_result(self, KERNEL_BAD_STATE);
	} else {
		thread_result(self, KERNEL_OK);
		endpoint_reply(caller);
	}
}

ENTRY static void sys_signal(void)
{
	struct cap *cap;
	word error = cap_find_right(argument(REG_A0), CAP_TYPE_NOTIFICATION, RIGHT_SEND, &cap);

	thread_result(current, error);
	if (!error)
		notification_signal(cap->object, cap->extra);
}

ENTRY static void sys_wait(void)
{
	struct cap *cap;
	word error = cap_find_right(argument(REG_A0), CAP_TYPE_NOTIFICATION, RIGHT_RECV, &cap);

	if (error)
		thread_result(current, error);
	else
		notification_wait(cap->object);
}

ENTRY static void sys_yield(void)
{
	thread_result(current, KERNEL_OK);
	ready_remove(current);
	ready_add(current);
}

static word invoke(struct cap *cap, word label)
{
	switch (cap->type) {
	case CAP_TYPE_CNODE:
		return cnode_invoke(cap, label);
	case CAP_TYPE_TCB:
		return tcb_invoke(cap, label);
	case CAP_TYPE_IRQ:
		return irq_invoke(cap, label);
	case CAP_TYPE_TIMER:
		return timer_invoke(label);
	default:
		return KERNEL_BAD_CAP;
	}
}

ENTRY static void sys_invoke(void)
{
	struct tcb *self = current;
	struct cap *cap;
	bool slot = cap_slot(argument(REG_A0), &cap);

	thread_result(self, slot ? invoke(cap, info_label(argument(REG_A1))) : KERNEL_BAD_CAP);
}

ENTRY static void sys_unknown(void)
{
	thread_result(current, KERNEL_BAD_SYSCALL);
}

void handle_syscall(void)
{
	current->context.x[REG_PC] += 4;
	switch (argument(REG_A7)) {
	case SYS_SEND:
		sys_send();
		break;
	case SYS_NBSEND:
		sys_nbsend();
		break;
	case SYS_RECV:
		sys_recv();
		break;
	case SYS_NBRECV:
		sys_nbrecv();
		break;
	case SYS_CALL:
		sys_call();
		break;
	case SYS_REPLYRECV:
		sys_replyrecv();
		break;
	case SYS_SIGNAL:
		sys_signal();
		break;
	case SYS_WAIT:
		sys_wait();
		break;
	case SYS_YIELD:
		sys_yield();
		break;
	case SYS_REPLY:
		sys_reply();
		break;
	case SYS_INVOKE:
		sys_invoke();
		break;
	default:
		sys_unknown();
		break;
	}
}
