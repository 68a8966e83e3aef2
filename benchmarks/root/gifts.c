/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The conformance test of capabilities that go along with messages, of reply capabilities that are kept for later, of badges and
 * guards that are given afterwards, of signals to one who receives, and of large frames. */
#include "user.h"

#define D(n) ((word)CAP_SCRATCH + 128 + (n))
#define ADDRESS ((word)0x40000000)
#define GIFT D(0)    /* an endpoint's badged capability, to send only */
#define ARRIVED D(1) /* where it is to come */
#define EP D(2)
#define EP_BADGED D(3)
#define EP_NO_GRANT D(4)
#define OTHER D(5)
#define OUTSIDE ((word)1 << ROOT_RADIX)
#define ONE 1
#define TWO 2

static unsigned good, bad;
static struct message got;
static word got_badge;

#define CHECK(condition) check(condition, #condition, __LINE__)

static void check(bool condition, const char *text, unsigned line)
{
	good += condition;
	bad += !condition;
	if (condition)
		return;
	uart_text("gifts.c:");
	uart_number(line);
	uart_text(": failed: ");
	uart_text(text);
	uart_text("\n");
}

static word call(word number, word target, word info)
{
	got = (struct message){info, {1, 2, 3, 4}};
	got_badge = 0;
	return user_syscall(number, target, &got, &got_badge);
}

static bool empty(word slot)
{
	return user_invoke(slot, 0, 0, 0, 0, 0) == KERNEL_BAD_CAP;
}

static void clean(void)
{
	CHECK(user_invoke(CAP_CNODE, CNODE_REVOKE, 0, CAP_POOL, 0, 0) == KERNEL_OK);
}

/* A thread makes one call, and ends when that is over. */
static void thread_call(unsigned number, word number_of_call, word target, word info)
{
	word *registers = user_buffers[0] + REGISTERS_WORD;

	for (unsigned i = 0; i < 32; i++)
		registers[i] = 0x100 * number + i;
	registers[0] = (word)user_bare_call;
	registers[10] = target;
	registers[11] = info;
	registers[17] = number_of_call;
	thread_start(number, 5, number % SPACES);
	thread_settle();
}

/* What it ended with; all ones while it still waits: the pc is behind the ecall then, too, but its result is not there yet. */
static word result(unsigned number, word target)
{
	const word *registers;

	thread_settle();
	registers = thread_registers(number);
	return registers[0] == (word)user_bare_call + 4 && registers[10] != target ? registers[10] : ~(word)0;
}

static word info_of(unsigned number)
{
	return thread_registers(number)[11];
}

static void offer(unsigned from, word cap, unsigned to, word cnode, word index)
{
	user_buffers[from][BUFFER_SEND_CAP] = cap;
	user_buffers[to][BUFFER_RECEIVE_CNODE] = cnode;
	user_buffers[to][BUFFER_RECEIVE_INDEX] = index;
}

static void set_up(void)
{
	CHECK(user_retype(CAP_POOL, EP, TYPE_ENDPOINT, ENDPOINT_BITS, 1) == KERNEL_OK);
	CHECK(user_retype(CAP_POOL, OTHER, TYPE_ENDPOINT, ENDPOINT_BITS, 1) == KERNEL_OK);
	CHECK(user_mint(EP, EP_BADGED, RIGHTS_ALL, 5) == KERNEL_OK);
	CHECK(user_mint(EP, EP_NO_GRANT, RIGHT_SEND | RIGHT_RECV, 6) == KERNEL_OK);
	CHECK(user_mint(OTHER, GIFT, RIGHT_SEND, 0x91f7) == KERNEL_OK);
}

/* The root task sends to ONE, who waits; does the capability arrive? */
static bool arrives(word endpoint, word cap, word cnode, word index)
{
	word info = message_info(3, 2) | MESSAGE_CAP;

	thread_call(ONE, SYS_RECV, EP, 0);
	offer(0, cap, ONE, cnode, index);
	CHECK(call(SYS_NBSEND, endpoint, info) == KERNEL_OK && result(ONE, EP) == KERNEL_OK);
	CHECK(info_of(ONE) == info || info_of(ONE) == message_info(3, 2));
	return info_of(ONE) == info;
}

static void test_transfer(void)
{
	set_up();
	CHECK(arrives(EP_BADGED, GIFT, CAP_CNODE, ARRIVED) && !empty(ARRIVED));
	/* what arrived has the same rights and the same badge */
	CHECK(call(SYS_NBRECV, ARRIVED, 0) == KERNEL_NO_RIGHT && user_mint(ARRIVED, D(9), RIGHTS_ALL, 1) == KERNEL_BAD_STATE);
	thread_call(TWO, SYS_RECV, OTHER, 0);
	CHECK(call(SYS_NBSEND, ARRIVED, message_info(0, 1)) == KERNEL_OK && result(TWO, OTHER) == KERNEL_OK);
	CHECK(thread_registers(TWO)[16] == 0x91f7 && thread_registers(TWO)[12] == 1);
	/* and is derived from what was sent */
	CHECK(!arrives(EP_BADGED, GIFT, CAP_CNODE, ARRIVED)); /* the slot is full */
	CHECK(user_invoke(CAP_CNODE, CNODE_REVOKE, 0, GIFT, 0, 0) == KERNEL_OK && empty(ARRIVED) && !empty(GIFT));
	CHECK(!arrives(EP_NO_GRANT, GIFT, CAP_CNODE, ARRIVED) && empty(ARRIVED));
	CHECK(!arrives(EP, CAP_POOL, CAP_CNODE, ARRIVED) && empty(ARRIVED)); /* cannot be copied */
	CHECK(!arrives(EP, CAP_NULL, CAP_CNODE, ARRIVED) && empty(ARRIVED));
	CHECK(!arrives(EP, GIFT, CAP_CNODE, OUTSIDE));
	CHECK(!arrives(EP, GIFT, CAP_TIMER, 0));
	CHECK(!arrives(EP, GIFT, OUTSIDE, 0));
	/* from one who waits to send, with what right he had when he sent */
	for (word grant = 0; grant < 2; grant++) {
		thread_call(ONE, SYS_SEND, grant ? EP : EP_NO_GRANT, message_info(0, 0) | MESSAGE_CAP);
		offer(ONE, GIFT, 0, CAP_CNODE, ARRIVED);
		CHECK(call(SYS_NBRECV, EP, 0) == KERNEL_OK && got.info == (grant ? MESSAGE_CAP : 0) && empty(ARRIVED) == !grant);
		CHECK(result(ONE, grant ? EP : EP_NO_GRANT) == KERNEL_OK && user_delete(ARRIVED) == KERNEL_OK);
	}
	/* a reply needs no right */
	thread_call(ONE, SYS_CALL, EP_NO_GRANT, message_info(0, 0));
	offer(0, GIFT, ONE, CAP_CNODE, ARRIVED);
	CHECK(call(SYS_NBRECV, EP, 0) == KERNEL_OK && call(SYS_REPLY, 0, message_info(1, 0) | MESSAGE_CAP) == KERNEL_OK);
	CHECK(result(ONE, EP_NO_GRANT) == KERNEL_OK && info_of(ONE) == (message_info(1, 0) | MESSAGE_CAP) && !empty(ARRIVED));
	/* without a buffer there is nowhere to look */
	CHECK(user_delete(ARRIVED) == KERNEL_OK);
	thread_call(ONE, SYS_RECV, EP, 0);
	user_set_buffer(CAP_THREAD + ONE, 0, 0);
	CHECK(call(SYS_NBSEND, EP, MESSAGE_CAP) == KERNEL_OK && result(ONE, EP) == KERNEL_OK && info_of(ONE) == 0 && empty(ARRIVED));
	clean();
}

static void test_replies(void)
{
	set_up();
	thread_call(ONE, SYS_CALL, EP, message_info(0, 1));
	thread_call(TWO, SYS_CALL, EP, message_info(0, 1));
	CHECK(call(SYS_NBRECV, EP, 0) == KERNEL_OK);
	CHECK(user_invoke(CAP_CNODE, CNODE_SAVE_CALLER, 0, GIFT, 0, 0) == KERNEL_BAD_STATE);
	CHECK(user_invoke(CAP_CNODE, CNODE_SAVE_CALLER, 0, D(6), 0, 0) == KERNEL_OK);
	CHECK(user_invoke(CAP_CNODE, CNODE_SAVE_CALLER, 0, D(7), 0, 0) == KERNEL_BAD_CAP);
	CHECK(call(SYS_NBRECV, EP, 0) == KERNEL_OK); /* does not give up the first */
	CHECK(user_invoke(CAP_CNODE, CNODE_COPY, D(6), D(7), RIGHTS_ALL, 0) == KERNEL_BAD_STATE);
	CHECK(user_invoke(CAP_CNODE, CNODE_MOVE, D(6), D(7), 0, 0) == KERNEL_OK);
	CHECK(call(SYS_REPLY, D(6), 0) == KERNEL_BAD_STATE && result(ONE, EP) == ~(word)0);
	CHECK(call(SYS_REPLY, D(7), message_info(9, 0)) == KERNEL_OK && result(ONE, EP) == KERNEL_OK && info_of(ONE) == message_info(9, 0));
	CHECK(call(SYS_REPLY, D(7), 0) == KERNEL_BAD_STATE && empty(D(7)) && result(TWO, EP) == ~(word)0);
	CHECK(call(SYS_REPLY, 0, message_info(8, 0)) == KERNEL_OK && result(TWO, EP) == KERNEL_OK && info_of(TWO) == message_info(8, 0));
	/* deleted: the caller goes on without a reply; the caller stopped: there is nobody to reply to */
	thread_call(ONE, SYS_CALL, EP, 0);
	thread_call(TWO, SYS_CALL, EP, 0);
	CHECK(call(SYS_NBRECV, EP, 0) == KERNEL_OK && user_invoke(CAP_CNODE, CNODE_SAVE_CALLER, 0, D(6), 0, 0) == KERNEL_OK);
	CHECK(call(SYS_NBRECV, EP, 0) == KERNEL_OK && user_invoke(CAP_CNODE, CNODE_SAVE_CALLER, 0, D(7), 0, 0) == KERNEL_OK);
	CHECK(user_delete(D(6)) == KERNEL_OK && result(ONE, EP) == KERNEL_ABORTED);
	CHECK(user_invoke(CAP_THREAD + TWO, TCB_SUSPEND, 0, 0, 0, 0) == KERNEL_OK && empty(D(7)));
	clean();
}

static void test_mutation(void)
{
	set_up();
	CHECK(user_invoke(CAP_CNODE, CNODE_COPY, EP, D(6), RIGHT_SEND, 0) == KERNEL_OK);
	CHECK(user_invoke(CAP_CNODE, CNODE_MUTATE, D(6), D(7), 0, 77) == KERNEL_OK && empty(D(6)));
	thread_call(ONE, SYS_RECV, EP, 0);
	CHECK(call(SYS_NBSEND, D(7), 0) == KERNEL_OK && result(ONE, EP) == KERNEL_OK && thread_registers(ONE)[16] == 77);
	CHECK(call(SYS_NBRECV, D(7), 0) == KERNEL_NO_RIGHT);
	/* a guard */
	CHECK(user_retype(CAP_POOL, D(6), TYPE_CNODE, SLOT_BITS + 2, 1) == KERNEL_OK);
	CHECK(user_invoke(CAP_CNODE, CNODE_MUTATE, D(6), D(8), 0, GUARD(5, 3)) == KERNEL_OK);
	CHECK(user_invoke(D(8), CNODE_COPY, EP, 5 << 2 | 1, 5 << 8 | RIGHTS_ALL, 0) == KERNEL_OK);
	CHECK(user_invoke(D(8), CNODE_COPY, EP, 4 << 2 | 2, 5 << 8 | RIGHTS_ALL, 0) == KERNEL_BAD_CAP);
	CHECK(user_invoke(D(8), CNODE_DELETE, 0, 1, 0, 0) == KERNEL_OK);
	clean();
}

static void test_cancel(void)
{
	set_up();
	thread_call(ONE, SYS_SEND, EP_BADGED, 0);
	thread_call(TWO, SYS_SEND, EP_NO_GRANT, 0);
	CHECK(user_invoke(CAP_CNODE, CNODE_CANCEL, 0, EP, 0, 0) == KERNEL_OK);
	CHECK(result(ONE, EP_BADGED) == ~(word)0 && result(TWO, EP_NO_GRANT) == ~(word)0);
	CHECK(user_invoke(CAP_CNODE, CNODE_CANCEL, 0, EP_BADGED, 0, 0) == KERNEL_OK);
	CHECK(result(ONE, EP_BADGED) == KERNEL_ABORTED && result(TWO, EP_NO_GRANT) == ~(word)0);
	CHECK(call(SYS_NBRECV, EP, 0) == KERNEL_OK && got_badge == 6 && call(SYS_NBRECV, EP, 0) == KERNEL_WOULD_BLOCK);
	clean();
}

/* A thread receives messages and, by the notification it is bound to, signals. */
static void test_signal_arrives(void)
{
	set_up();
	CHECK(user_retype(CAP_POOL, D(6), TYPE_NOTIFICATION, NOTIFICATION_BITS, 1) == KERNEL_OK);
	CHECK(user_mint(D(6), D(7), RIGHT_SEND, 0x30) == KERNEL_OK);
	thread_call(ONE, SYS_RECV, EP, 0x55);
	CHECK(user_invoke(CAP_THREAD + ONE, TCB_BIND_NOTIFICATION, D(6), 0, 0, 0) == KERNEL_OK);
	CHECK(call(SYS_SIGNAL, D(7), 0) == KERNEL_OK && result(ONE, EP) == KERNEL_OK);
	CHECK(thread_registers(ONE)[16] == 0x30 && info_of(ONE) == 0);
	CHECK(call(SYS_POLL, D(6), 0) == KERNEL_WOULD_BLOCK && call(SYS_NBSEND, EP, 0) == KERNEL_WOULD_BLOCK);
	CHECK(user_invoke(CAP_THREAD + ONE, TCB_UNBIND_NOTIFICATION, 0, 0, 0, 0) == KERNEL_OK);
	thread_call(ONE, SYS_RECV, EP, 0x55);
	CHECK(call(SYS_SIGNAL, D(7), 0) == KERNEL_OK && result(ONE, EP) == ~(word)0 && call(SYS_POLL, D(6), 0) == KERNEL_OK && got_badge == 0x30);
	clean();
}

/* 2 MiB that are written and read by way of a large frame, and of the small ones that the same memory becomes next: all zero then. */
static void test_large(void)
{
	volatile word *at = (volatile word *)ADDRESS;
	bool same = true, cleared = true;

	CHECK(user_retype(CAP_POOL, D(0), TYPE_TABLE, PAGE_BITS, 2) == KERNEL_OK);
	CHECK(user_invoke(D(0), TABLE_MAP, CAP_SPACE, ADDRESS, 0, 0) == KERNEL_OK);
	CHECK(user_retype(CAP_UNTYPED + 1, D(2), TYPE_UNTYPED, LARGE_BITS, 1) == KERNEL_OK);
	CHECK(user_retype(D(2), D(3), TYPE_FRAME, LARGE_BITS, 1) == KERNEL_OK);
	CHECK(user_invoke(D(3), FRAME_MAP, CAP_SPACE, ADDRESS, MAP_READ | MAP_WRITE, 0) == KERNEL_OK);
	for (word i = 0; i < 1 << LARGE_BITS; i += 4096)
		at[i / 8] = i + 1;
	for (word i = 0; i < 1 << LARGE_BITS; i += 4096)
		same &= at[i / 8] == i + 1;
	CHECK(same);
	CHECK(user_invoke(CAP_CNODE, CNODE_REVOKE, 0, D(2), 0, 0) == KERNEL_OK && empty(D(3)));
	CHECK(user_invoke(D(1), TABLE_MAP, CAP_SPACE, ADDRESS, 0, 0) == KERNEL_OK);
	CHECK(user_retype(D(2), D(3), TYPE_FRAME, PAGE_BITS, RETYPE_MAX) == KERNEL_OK);
	for (word i = 0; i < RETYPE_MAX; i++) {
		CHECK(user_invoke(D(3) + i, FRAME_MAP, CAP_SPACE, ADDRESS + i * 4096, MAP_READ, 0) == KERNEL_OK);
		cleared &= at[i * 512] == 0;
	}
	CHECK(cleared);
	CHECK(user_invoke(CAP_CNODE, CNODE_REVOKE, 0, D(2), 0, 0) == KERNEL_OK && user_delete(D(2)) == KERNEL_OK);
	clean();
}

void test_gifts(unsigned *passed, unsigned *failed)
{
	test_transfer();
	test_replies();
	test_mutation();
	test_cancel();
	test_signal_arrives();
	test_large();
	*passed += good;
	*failed += bad;
}
