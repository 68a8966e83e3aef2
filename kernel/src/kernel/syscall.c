/* SPDX-License-Identifier: GPL-2.0-or-later
 * The system calls: each decodes its arguments, then performs. */
#include "object.h"

static inline bool too_long(void)
{
	return info_length(argument(REG_A1)) > MESSAGE_WORDS_MAX;
}

/* 0 if the slot holds a capability of that type with these rights; or an error. */
static inline word decode(const struct cap *cap, word type, word rights)
{
	if (cap->type != type)
		return KERNEL_BAD_CAP;
	return rights & ~(word)cap->rights ? KERNEL_NO_RIGHT : KERNEL_OK;
}

static inline word decode_send(const struct cap *cap)
{
	current->send_grants = cap->rights & RIGHT_GRANT;
	return too_long() ? KERNEL_MESSAGE_LENGTH : decode(cap, TYPE_ENDPOINT, RIGHT_SEND);
}

ENTRY static void sys_send(const struct cap *cap)
{
	word error = decode_send(cap);

	if (error)
		thread_result(current, error);
	else
		endpoint_send(cap_object(cap), cap->badge);
}

ENTRY static void sys_nbsend(const struct cap *cap)
{
	word error = decode_send(cap);

	if (error)
		thread_result(current, error);
	else
		endpoint_try_send(cap_object(cap), cap->badge);
}

ENTRY static void sys_call(const struct cap *cap)
{
	word error = decode_send(cap);

	if (error)
		thread_result(current, error);
	else
		endpoint_call(cap_object(cap), cap->badge);
}

ENTRY static void sys_recv(const struct cap *cap)
{
	word error = decode(cap, TYPE_ENDPOINT, RIGHT_RECV);
	struct endpoint *endpoint = cap_object(cap);

	if (error) {
		thread_result(current, error);
	} else {
		reply_abandon(&current->slots[TCB_CALLER]);
		endpoint_receive(endpoint);
	}
}

ENTRY static void sys_nbrecv(const struct cap *cap)
{
	word error = decode(cap, TYPE_ENDPOINT, RIGHT_RECV);
	struct endpoint *endpoint = cap_object(cap);

	if (error) {
		thread_result(current, error);
	} else {
		reply_abandon(&current->slots[TCB_CALLER]);
		endpoint_try_receive(endpoint);
	}
}

/* (The endpoint is read before the reply: the capability may be the one that the reply gives to itself.) */
ENTRY static void sys_replyrecv(const struct cap *cap)
{
	word error = too_long() ? KERNEL_MESSAGE_LENGTH : decode(cap, TYPE_ENDPOINT, RIGHT_RECV);
	struct endpoint *endpoint = cap_object(cap);

	if (error) {
		thread_result(current, error);
	} else {
		if (current->slots[TCB_CALLER].cap.object)
			reply_send(&current->slots[TCB_CALLER]);
		endpoint_receive(endpoint);
	}
}

ENTRY static void sys_reply(struct slot *slot)
{
	struct tcb *self = current;

	if (!argument(REG_A0))
		slot = &self->slots[TCB_CALLER];
	if (too_long()) {
		thread_result(self, KERNEL_MESSAGE_LENGTH);
	} else if (slot->cap.type != TYPE_REPLY) {
		thread_result(self, KERNEL_BAD_STATE);
	} else {
		thread_result(self, KERNEL_OK);
		reply_send(slot);
	}
}

ENTRY static void sys_signal(const struct cap *cap)
{
	word error = decode(cap, TYPE_NOTIFICATION, RIGHT_SEND);

	thread_result(current, error);
	if (!error)
		notification_signal(cap_object(cap), cap->badge);
}

ENTRY static void sys_wait(const struct cap *cap)
{
	word error = decode(cap, TYPE_NOTIFICATION, RIGHT_RECV);

	if (error)
		thread_result(current, error);
	else
		notification_wait(cap_object(cap));
}

ENTRY static void sys_poll(const struct cap *cap)
{
	word error = decode(cap, TYPE_NOTIFICATION, RIGHT_RECV);

	if (error)
		thread_result(current, error);
	else
		notification_poll(cap_object(cap));
}

ENTRY static void sys_yield(void)
{
	thread_result(current, KERNEL_OK);
	ready_remove(current);
	ready_add(current);
}

/* A result of PREEMPTED: back to the ecall. Registers are as they were. */
ENTRY static void sys_invoke(struct slot *target)
{
	struct tcb *self = current;
	word error = invoke(target);

	if (error == PREEMPTED)
		self->context.x[REG_PC] -= 4;
	else
		thread_result(self, error);
}

ENTRY static void sys_unknown(void)
{
	thread_result(current, KERNEL_BAD_SYSCALL);
}

static inline struct slot *target(void)
{
	return lookup_cap(current, argument(REG_A0));
}

struct tcb *slow_call(void)
{
	sys_call(&target()->cap);
	return schedule();
}

struct tcb *slow_replyrecv(void)
{
	sys_replyrecv(&target()->cap);
	return schedule();
}

/* All but Call and ReplyRecv, which have the last numbers. */
struct tcb *slow_syscall(void)
{
	struct slot *slot = target();

	switch (argument(REG_A7)) {
	case SYS_SEND:
		sys_send(&slot->cap);
		break;
	case SYS_NBSEND:
		sys_nbsend(&slot->cap);
		break;
	case SYS_RECV:
		sys_recv(&slot->cap);
		break;
	case SYS_NBRECV:
		sys_nbrecv(&slot->cap);
		break;
	case SYS_SIGNAL:
		sys_signal(&slot->cap);
		break;
	case SYS_WAIT:
		sys_wait(&slot->cap);
		break;
	case SYS_POLL:
		sys_poll(&slot->cap);
		break;
	case SYS_YIELD:
		sys_yield();
		break;
	case SYS_REPLY:
		sys_reply(slot);
		break;
	case SYS_INVOKE:
		sys_invoke(slot);
		break;
	default:
		sys_unknown();
		break;
	}
	return schedule();
}
