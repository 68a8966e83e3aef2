/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The conformance test: what each system call and invocation does when it succeeds and in each way it can fail, faults,
 * interrupts, priorities, and that address spaces are apart. Prints each failed check, then `N passed, N failed`.
 *
 * An agent is a thread that makes one system call, notes what came of it, and suspends itself. settle() lets all agents
 * run until each has finished or blocks.
 */
#include "user.h"

struct agent {
	word number, target, badge, result;
	struct message message;
	void (*act)(word number);
	volatile bool done;
};

static struct agent agents[THREADS + 1];
static unsigned passed, failed, turn;
static unsigned order[THREADS + 1]; /* when each agent was done, from 1 */

#define EP CAP_ENDPOINT
#define EP_BADGED (CAP_SCRATCH + 0)
#define EP_SEND_ONLY (CAP_SCRATCH + 1)
#define EP_RECV_ONLY (CAP_SCRATCH + 2)
#define NTFN CAP_NOTIFICATION
#define NTFN_1 (CAP_SCRATCH + 3)
#define NTFN_2 (CAP_SCRATCH + 4)
#define NTFN_SIGNAL_ONLY (CAP_SCRATCH + 5)
#define NTFN_WAIT_ONLY (CAP_SCRATCH + 6)
#define EP_FAULT (CAP_SCRATCH + 7)
#define SLOT (CAP_SCRATCH + 16)
#define BADGE 0x77
#define FAULT_BADGE 0x99
#define OUTSIDE ((word)1 << ROOT_RADIX)

#define CHECK(condition) check(condition, #condition, __LINE__)

static void check(bool good, const char *text, unsigned line)
{
	if (good) {
		passed++;
		return;
	}
	failed++;
	uart_text("test.c:");
	uart_number(line);
	uart_text(": failed: ");
	uart_text(text);
	uart_text("\n");
}

/* ---- agents -------------------------------------------------------------------------------------------------------- */

static void agent_body(word number)
{
	struct agent *a = &agents[number];

	if (a->act)
		a->act(number);
	else
		a->result = user_syscall(a->number, a->target, &a->message, &a->badge);
	a->done = true;
	order[number] = ++turn;
	for (;;)
		user_invoke(CAP_THREAD + number, TCB_SUSPEND, 0, 0, 0, 0);
}

static void agent_prepare(unsigned number, word priority, word vspace, word fault)
{
	word tcb = CAP_THREAD + number;

	agents[number].done = false;
	user_invoke(tcb, TCB_SUSPEND, 0, 0, 0, 0);
	user_invoke(tcb, TCB_SET_PRIORITY, priority, 0, 0, 0);
	user_configure(tcb, CAP_CNODE, CAP_SPACE + vspace, fault);
	user_set_buffer(tcb, CAP_IMAGE, user_buffer_offset(number));
	user_prepare(user_buffers[0], number, agent_body);
	user_invoke_length(tcb, TCB_WRITE_REGISTERS, REGISTERS_LENGTH, 0);
}

static void settle(void)
{
	user_invoke(CAP_THREAD, TCB_SET_PRIORITY, 1, 0, 0, 0);
	user_invoke(CAP_THREAD, TCB_SET_PRIORITY, ROOT_PRIORITY, 0, 0, 0);
}

static void agent_begin(unsigned number, word priority, word vspace, word call, word target, word info, word first)
{
	struct agent *a = &agents[number];

	agent_prepare(number, priority, vspace, 0);
	a->act = NULL;
	a->number = call;
	a->target = target;
	a->badge = 0;
	a->message = (struct message){info, {first, first + 1, first + 2, first + 3}};
	user_invoke(CAP_THREAD + number, TCB_RESUME, 0, 0, 0, 0);
}

static void agent_call(unsigned number, word call, word target, word info, word first)
{
	agent_begin(number, 5, 0, call, target, info, first);
	settle();
}

static void agent_act(unsigned number, word vspace, word fault, void (*act)(word))
{
	agent_prepare(number, 5, vspace, fault);
	agents[number].act = act;
	user_invoke(CAP_THREAD + number, TCB_RESUME, 0, 0, 0, 0);
	settle();
}

static void agent_end(unsigned number)
{
	user_invoke(CAP_THREAD + number, TCB_SUSPEND, 0, 0, 0, 0);
}

static bool agent_done(unsigned number, word result)
{
	return agents[number].done && agents[number].result == result;
}

/* ---- the root task's own calls ------------------------------------------------------------------------------------- */

static struct message got;
static word got_badge;

static word call(word number, word target, word info, word first)
{
	got = (struct message){info, {first, first + 1, first + 2, first + 3}};
	got_badge = 0;
	return user_syscall(number, target, &got, &got_badge);
}

static word call_plain(word number, word target)
{
	return call(number, target, 0, 0);
}

static void own_priority(word priority)
{
	user_invoke(CAP_THREAD, TCB_SET_PRIORITY, priority, 0, 0, 0);
}

static bool got_message(word info, word first, word badge)
{
	word length = info & 0xff;

	if (got.info != info || got_badge != badge)
		return false;
	for (word i = 0; i < length && i < MESSAGE_REGISTERS; i++)
		if (got.words[i] != first + i)
			return false;
	return true;
}


/* ---- checks -------------------------------------------------------------------------------------------------------- */

static void test_mint(void)
{
	CHECK(user_mint(EP, EP_BADGED, 3, BADGE) == KERNEL_OK);
	CHECK(user_mint(EP, EP_SEND_ONLY, RIGHT_SEND, 1) == KERNEL_OK);
	CHECK(user_mint(EP, EP_RECV_ONLY, RIGHT_RECV, 2) == KERNEL_OK);
	CHECK(user_mint(NTFN, NTFN_1, 3, 1) == KERNEL_OK);
	CHECK(user_mint(NTFN, NTFN_2, 3, 2) == KERNEL_OK);
	CHECK(user_mint(NTFN, NTFN_SIGNAL_ONLY, RIGHT_SEND, 4) == KERNEL_OK);
	CHECK(user_mint(NTFN, NTFN_WAIT_ONLY, RIGHT_RECV, 8) == KERNEL_OK);
	CHECK(user_mint(EP, EP_FAULT, RIGHT_SEND, FAULT_BADGE) == KERNEL_OK);
}

static void test_cnode(void)
{
	CHECK(user_mint(EP, EP_BADGED, 3, 0) == KERNEL_BAD_STATE);
	CHECK(user_mint(CAP_NULL, SLOT, 3, 0) == KERNEL_BAD_CAP);
	CHECK(user_mint(OUTSIDE, SLOT, 3, 0) == KERNEL_BAD_CAP);
	CHECK(user_mint(EP, OUTSIDE, 3, 0) == KERNEL_BAD_CAP);
	CHECK(user_delete(OUTSIDE) == KERNEL_BAD_CAP);
	CHECK(user_delete(SLOT) == KERNEL_OK);
	CHECK(user_invoke(CAP_CNODE, 0, 0, 0, 0, 0) == KERNEL_BAD_OPERATION);
	CHECK(user_invoke(CAP_CNODE, TCB_SUSPEND, 0, 0, 0, 0) == KERNEL_BAD_OPERATION);
	/* rights never grow */
	CHECK(user_mint(EP_SEND_ONLY, SLOT, 3, 5) == KERNEL_BAD_STATE);
	CHECK(user_invoke(CAP_CNODE, CNODE_COPY, EP_SEND_ONLY, SLOT, RIGHTS_ALL, 0) == KERNEL_OK);
	CHECK(call_plain(SYS_NBRECV, SLOT) == KERNEL_NO_RIGHT);
	CHECK(call_plain(SYS_NBSEND, SLOT) == KERNEL_WOULD_BLOCK);
	CHECK(user_delete(SLOT) == KERNEL_OK);
	CHECK(call_plain(SYS_NBSEND, SLOT) == KERNEL_BAD_CAP);
	/* the small CNode has its own size */
	CHECK(user_invoke(CAP_SMALL, CNODE_MINT, EP, 31, 3, 0) == KERNEL_OK);
	CHECK(user_invoke(CAP_SMALL, CNODE_MINT, EP, 32, 3, 0) == KERNEL_BAD_CAP);
	CHECK(user_invoke(CAP_SMALL, CNODE_DELETE, 0, 31, 0, 0) == KERNEL_OK);
	/* a frame's size is not a badge */
	CHECK(user_mint(CAP_IMAGE, SLOT, 3, 1 << 30) == KERNEL_OK);
	CHECK(user_set_buffer(CAP_THREAD + 1, SLOT, USER_IMAGE_SIZE) == KERNEL_BAD_ARGUMENT);
	CHECK(user_delete(SLOT) == KERNEL_OK);
}

static void test_decode(void)
{
	static const word sends[] = {SYS_SEND, SYS_NBSEND, SYS_CALL}, receives[] = {SYS_RECV, SYS_NBRECV, SYS_REPLYRECV};
	word too_long = message_info(0, MESSAGE_WORDS_MAX + 1);

	CHECK(call_plain(SYS_COUNT, EP) == KERNEL_BAD_SYSCALL);
	CHECK(call_plain(~(word)0, EP) == KERNEL_BAD_SYSCALL);
	CHECK(call_plain((word)1 << 32, EP) == KERNEL_BAD_SYSCALL);
	for (unsigned i = 0; i < 3; i++) {
		CHECK(call_plain(sends[i], CAP_NULL) == KERNEL_BAD_CAP);
		CHECK(call_plain(sends[i], OUTSIDE) == KERNEL_BAD_CAP);
		CHECK(call_plain(sends[i], ~(word)0) == KERNEL_BAD_CAP);
		CHECK(call_plain(sends[i], NTFN) == KERNEL_BAD_CAP);
		CHECK(call_plain(sends[i], EP_RECV_ONLY) == KERNEL_NO_RIGHT);
		CHECK(call(sends[i], EP, too_long, 0) == KERNEL_MESSAGE_LENGTH);
		CHECK(call_plain(receives[i], CAP_NULL) == KERNEL_BAD_CAP);
		CHECK(call_plain(receives[i], OUTSIDE) == KERNEL_BAD_CAP);
		CHECK(call_plain(receives[i], CAP_THREAD) == KERNEL_BAD_CAP);
		CHECK(call_plain(receives[i], EP_SEND_ONLY) == KERNEL_NO_RIGHT);
	}
	CHECK(call(SYS_REPLYRECV, EP, too_long, 0) == KERNEL_MESSAGE_LENGTH);
	CHECK(call(SYS_REPLY, EP, too_long, 0) == KERNEL_MESSAGE_LENGTH);
	CHECK(call_plain(SYS_REPLY, EP) == KERNEL_BAD_STATE);
	CHECK(call_plain(SYS_SIGNAL, EP) == KERNEL_BAD_CAP);
	CHECK(call_plain(SYS_SIGNAL, OUTSIDE) == KERNEL_BAD_CAP);
	CHECK(call_plain(SYS_SIGNAL, NTFN_WAIT_ONLY) == KERNEL_NO_RIGHT);
	CHECK(call_plain(SYS_WAIT, EP) == KERNEL_BAD_CAP);
	CHECK(call_plain(SYS_WAIT, CAP_NULL) == KERNEL_BAD_CAP);
	CHECK(call_plain(SYS_WAIT, NTFN_SIGNAL_ONLY) == KERNEL_NO_RIGHT);
	CHECK(user_invoke(CAP_NULL, 1, 0, 0, 0, 0) == KERNEL_BAD_CAP);
	CHECK(user_invoke(OUTSIDE, 1, 0, 0, 0, 0) == KERNEL_BAD_CAP);
	CHECK(user_invoke(EP, 1, 0, 0, 0, 0) == KERNEL_BAD_OPERATION);
	CHECK(user_invoke(CAP_SPACE, 1, 0, 0, 0, 0) == KERNEL_BAD_OPERATION);
}

static void test_send(void)
{
	word info = message_info(9, 4);

	CHECK(call_plain(SYS_NBSEND, EP) == KERNEL_WOULD_BLOCK);
	CHECK(call_plain(SYS_NBRECV, EP) == KERNEL_WOULD_BLOCK);
	/* the sender waits */
	agent_call(1, SYS_SEND, EP_BADGED, info, 100);
	CHECK(!agents[1].done);
	CHECK(call_plain(SYS_NBRECV, EP) == KERNEL_OK && got_message(info, 100, BADGE));
	settle();
	CHECK(agent_done(1, KERNEL_OK));
	/* the receiver waits */
	agent_call(1, SYS_RECV, EP, 0, 0);
	CHECK(!agents[1].done);
	CHECK(call(SYS_NBSEND, EP_BADGED, info, 200) == KERNEL_OK);
	settle();
	CHECK(agent_done(1, KERNEL_OK) && agents[1].badge == BADGE && agents[1].message.info == info);
	CHECK(agents[1].message.words[0] == 200 && agents[1].message.words[3] == 203);
	agent_call(1, SYS_RECV, EP, 0, 0);
	CHECK(call(SYS_SEND, EP_BADGED, info, 300) == KERNEL_OK);
	settle();
	CHECK(agent_done(1, KERNEL_OK) && agents[1].message.words[1] == 301);
	/* the root task receives, blocking, from who comes later; and sends so */
	agent_begin(1, 5, 1, SYS_SEND, EP_BADGED, info, 400);
	CHECK(call_plain(SYS_RECV, EP) == KERNEL_OK && got_message(info, 400, BADGE));
	agent_begin(1, 5, 1, SYS_RECV, EP, 0, 0);
	CHECK(call(SYS_SEND, EP, info, 500) == KERNEL_OK);
	settle();
	CHECK(agent_done(1, KERNEL_OK) && agents[1].message.words[2] == 502);
	/* who waited first is served first; one that was suspended is forgotten */
	for (unsigned i = 1; i <= 4; i++)
		agent_call(i, SYS_SEND, EP, info, 10 * i);
	agent_end(3);
	CHECK(call_plain(SYS_NBRECV, EP) == KERNEL_OK && got_message(info, 10, 0));
	CHECK(call_plain(SYS_NBRECV, EP) == KERNEL_OK && got_message(info, 20, 0));
	CHECK(call_plain(SYS_NBRECV, EP) == KERNEL_OK && got_message(info, 40, 0));
	CHECK(call_plain(SYS_NBRECV, EP) == KERNEL_WOULD_BLOCK);
	agent_call(1, SYS_RECV, EP, 0, 0);
	agent_end(1);
	CHECK(call_plain(SYS_NBSEND, EP) == KERNEL_WOULD_BLOCK);
}

static bool words_arrived(const word *from, const word *to, word length)
{
	for (word i = MESSAGE_REGISTERS; i < length; i++)
		if (to[i] != from[i])
			return false;
	return true;
}

static void test_length(void)
{
	bool good = true, kept = true;

	for (word length = 0; length <= MESSAGE_WORDS_MAX; length++) {
		agent_begin(1, 5, length % SPACES, SYS_RECV, EP, 0, 0);
		settle();
		for (word i = 0; i < IPC_BUFFER_WORDS; i++) {
			user_buffers[0][i] = length * 1000 + i;
			user_buffers[1][i] = 7;
		}
		good &= call(SYS_NBSEND, EP, message_info(length, length), 1) == KERNEL_OK;
		settle();
		good &= agent_done(1, KERNEL_OK) && agents[1].message.info == message_info(length, length);
		good &= words_arrived(user_buffers[0], user_buffers[1], length);
		for (word i = (length + 7) / 8 * 8; length > MESSAGE_REGISTERS && i < IPC_BUFFER_WORDS; i++)
			kept &= user_buffers[1][i] == 7;
	}
	CHECK(good);
	CHECK(kept);
	/* without a buffer, four words */
	agent_begin(1, 5, 0, SYS_RECV, EP, 0, 0);
	user_set_buffer(CAP_THREAD + 1, 0, 0);
	settle();
	CHECK(call(SYS_NBSEND, EP, message_info(3, 50), 1) == KERNEL_OK);
	settle();
	CHECK(agent_done(1, KERNEL_OK) && agents[1].message.info == message_info(3, 4));
	agent_begin(1, 5, 0, SYS_SEND, EP, message_info(4, 60), 1);
	user_set_buffer(CAP_THREAD + 1, 0, 0);
	settle();
	CHECK(call_plain(SYS_NBRECV, EP) == KERNEL_OK && got_message(message_info(4, 4), 1, 0));
}

static void test_call(void)
{
	word info = message_info(2, 2);

	/* call, receive, reply */
	agent_call(1, SYS_CALL, EP_BADGED, info, 10);
	CHECK(call_plain(SYS_NBRECV, EP) == KERNEL_OK && got_message(info, 10, BADGE));
	settle();
	CHECK(!agents[1].done);
	CHECK(call(SYS_REPLY, 0, message_info(5, 1), 77) == KERNEL_OK);
	settle();
	CHECK(agent_done(1, KERNEL_OK) && agents[1].message.info == message_info(5, 1) && agents[1].message.words[0] == 77);
	CHECK(agents[1].badge == 0);
	CHECK(call_plain(SYS_REPLY, 0) == KERNEL_BAD_STATE);
	/* the receiver was there first */
	agent_begin(1, 5, 1, SYS_CALL, EP, info, 20);
	CHECK(call_plain(SYS_RECV, EP) == KERNEL_OK && got_message(info, 20, 0));
	/* reply to one, receive from the next */
	agent_call(2, SYS_CALL, EP_BADGED, info, 30);
	CHECK(call(SYS_REPLYRECV, EP, message_info(0, 1), 55) == KERNEL_OK && got_message(info, 30, BADGE));
	settle();
	CHECK(agent_done(1, KERNEL_OK) && agents[1].message.words[0] == 55);
	CHECK(!agents[2].done);
	/* receiving again gives up the caller */
	CHECK(call_plain(SYS_NBRECV, EP) == KERNEL_WOULD_BLOCK);
	settle();
	CHECK(agent_done(2, KERNEL_ABORTED));
	/* so does the suspension of who owes the reply: an agent that has received suspends itself */
	agent_call(1, SYS_RECV, EP, 0, 0);
	agent_call(2, SYS_CALL, EP, info, 0);
	CHECK(agent_done(1, KERNEL_OK) && agent_done(2, KERNEL_ABORTED));
	/* and that by another thread */
	agent_begin(1, 5, 0, SYS_RECV, EP, 0, 0);
	settle();
	agent_begin(2, 9, 0, SYS_CALL, EP, info, 0);
	own_priority(6);
	CHECK(!agents[1].done && !agents[2].done);
	own_priority(ROOT_PRIORITY);
	agent_end(1);
	settle();
	CHECK(!agents[1].done && agent_done(2, KERNEL_ABORTED));
	/* a suspended caller needs no reply */
	agent_call(1, SYS_CALL, EP, info, 0);
	CHECK(call_plain(SYS_NBRECV, EP) == KERNEL_OK);
	agent_end(1);
	CHECK(call_plain(SYS_REPLY, 0) == KERNEL_BAD_STATE);
	/* a failing ReplyRecv does not reply */
	agent_call(1, SYS_CALL, EP, info, 0);
	CHECK(call_plain(SYS_NBRECV, EP) == KERNEL_OK);
	CHECK(call_plain(SYS_REPLYRECV, CAP_NULL) == KERNEL_BAD_CAP);
	settle();
	CHECK(!agents[1].done);
	CHECK(call_plain(SYS_REPLY, 0) == KERNEL_OK);
	settle();
	CHECK(agent_done(1, KERNEL_OK));
	/* ReplyRecv without a caller receives */
	agent_begin(1, 5, 0, SYS_SEND, EP, info, 90);
	CHECK(call_plain(SYS_REPLYRECV, EP) == KERNEL_OK && got_message(info, 90, 0));
}

static void test_notification(void)
{
	CHECK(call_plain(SYS_SIGNAL, NTFN_1) == KERNEL_OK);
	CHECK(call_plain(SYS_SIGNAL, NTFN_2) == KERNEL_OK);
	CHECK(call_plain(SYS_SIGNAL, NTFN_1) == KERNEL_OK);
	CHECK(call_plain(SYS_WAIT, NTFN) == KERNEL_OK && got_badge == 3);
	agent_call(1, SYS_WAIT, NTFN, 0, 0);
	agent_call(2, SYS_WAIT, NTFN_WAIT_ONLY, 0, 0);
	CHECK(!agents[1].done && !agents[2].done);
	CHECK(call_plain(SYS_SIGNAL, NTFN_SIGNAL_ONLY) == KERNEL_OK);
	settle();
	CHECK(agent_done(1, KERNEL_OK) && agents[1].badge == 4 && !agents[2].done);
	CHECK(call_plain(SYS_SIGNAL, NTFN_2) == KERNEL_OK);
	settle();
	CHECK(agent_done(2, KERNEL_OK) && agents[2].badge == 2);
	agent_call(1, SYS_WAIT, NTFN, 0, 0);
	agent_end(1);
	CHECK(call_plain(SYS_SIGNAL, NTFN_1) == KERNEL_OK);
	CHECK(call_plain(SYS_WAIT, NTFN) == KERNEL_OK && got_badge == 1);
	agent_begin(1, 5, 2, SYS_SIGNAL, NTFN_2, 0, 0);
	CHECK(call_plain(SYS_WAIT, NTFN) == KERNEL_OK && got_badge == 2);
}

static void test_priority(void)
{
	/* of higher priority: runs at once */
	agent_begin(1, 10, 0, SYS_RECV, EP, 0, 0);
	settle();
	own_priority(6);
	CHECK(call_plain(SYS_NBSEND, EP) == KERNEL_OK);
	CHECK(agents[1].done);
	own_priority(ROOT_PRIORITY);
	/* of lower or equal priority: not before this thread waits, or yields to its equals */
	agent_begin(1, 6, 1, SYS_RECV, EP, 0, 0);
	agent_begin(2, 4, 2, SYS_RECV, EP, 0, 0);
	settle();
	own_priority(6);
	CHECK(call_plain(SYS_NBSEND, EP) == KERNEL_OK);
	CHECK(call_plain(SYS_NBSEND, EP) == KERNEL_OK);
	CHECK(!agents[1].done && !agents[2].done);
	CHECK(call_plain(SYS_YIELD, 0) == KERNEL_OK);
	CHECK(agents[1].done && !agents[2].done);
	CHECK(call_plain(SYS_YIELD, 0) == KERNEL_OK);
	CHECK(!agents[2].done);
	own_priority(ROOT_PRIORITY);
	settle();
	CHECK(agents[2].done);
	/* the highest first, whatever the order they became ready in */
	turn = 0;
	agent_begin(1, 3, 0, SYS_YIELD, 0, 0, 0);
	agent_begin(2, 62, 0, SYS_YIELD, 0, 0, 0);
	agent_begin(3, 33, 0, SYS_YIELD, 0, 0, 0);
	agent_begin(4, 33, 0, SYS_YIELD, 0, 0, 0);
	settle();
	CHECK(order[2] == 1 && order[3] == 2 && order[4] == 3 && order[1] == 4);
	/* a ready thread that is made more important comes first */
	turn = 0;
	agent_begin(1, 3, 0, SYS_SIGNAL, NTFN, 0, 0);
	agent_begin(2, 4, 0, SYS_SIGNAL, NTFN, 0, 0);
	user_invoke(CAP_THREAD + 1, TCB_SET_PRIORITY, 9, 0, 0, 0);
	settle();
	CHECK(order[1] == 1 && order[2] == 2);
}

static void test_tcb(void)
{
	word tcb = CAP_THREAD + 1, *buffer = user_buffers[0];

	agent_end(1);
	CHECK(user_invoke(tcb, TCB_SET_PRIORITY, 0, 0, 0, 0) == KERNEL_BAD_ARGUMENT);
	CHECK(user_invoke(tcb, TCB_SET_PRIORITY, PRIORITIES, 0, 0, 0) == KERNEL_BAD_ARGUMENT);
	CHECK(user_invoke(tcb, TCB_SET_PRIORITY, PRIORITIES - 1, 0, 0, 0) == KERNEL_OK);
	CHECK(user_invoke(tcb, TCB_CONFIGURE, EP, TCB_CSPACE, 0, 0) == KERNEL_BAD_CAP);
	CHECK(user_invoke(tcb, TCB_CONFIGURE, CAP_CNODE, TCB_VSPACE, 0, 0) == KERNEL_BAD_CAP);
	CHECK(user_invoke(tcb, TCB_CONFIGURE, NTFN, TCB_FAULT, 0, 0) == KERNEL_BAD_CAP);
	CHECK(user_invoke(tcb, TCB_CONFIGURE, EP_RECV_ONLY, TCB_FAULT, 0, 0) == KERNEL_NO_RIGHT);
	CHECK(user_invoke(tcb, TCB_CONFIGURE, EP_SEND_ONLY, TCB_FAULT, 0, 0) == KERNEL_OK);
	CHECK(user_invoke(tcb, TCB_CONFIGURE, CAP_CNODE, TCB_BUFFER + 1, 0, 0) == KERNEL_BAD_ARGUMENT);
	CHECK(user_set_buffer(tcb, EP, 0) == KERNEL_BAD_CAP);
	CHECK(user_set_buffer(tcb, CAP_IMAGE, 512) == KERNEL_BAD_ARGUMENT);
	CHECK(user_set_buffer(tcb, CAP_IMAGE, USER_IMAGE_SIZE) == KERNEL_BAD_ARGUMENT);
	CHECK(user_set_buffer(tcb, CAP_IMAGE, ~(word)1023) == KERNEL_BAD_ARGUMENT);
	CHECK(user_invoke(tcb, IRQ_ACK, 0, 0, 0, 0) == KERNEL_BAD_OPERATION);
	CHECK(user_invoke(tcb, TCB_SUSPEND, 0, 0, 0, 0) == KERNEL_OK);
	CHECK(user_invoke_length(tcb, TCB_WRITE_REGISTERS, REGISTERS_LENGTH - 1, 0) == KERNEL_MESSAGE_LENGTH);
	CHECK(user_invoke_length(tcb, TCB_READ_REGISTERS, 0, 0) == KERNEL_MESSAGE_LENGTH);
	for (unsigned i = 0; i < 32; i++)
		buffer[REGISTERS_WORD + i] = 0x1111 * i;
	CHECK(user_invoke_length(tcb, TCB_WRITE_REGISTERS, REGISTERS_LENGTH, 0) == KERNEL_OK);
	for (unsigned i = 0; i < 32; i++)
		buffer[REGISTERS_WORD + i] = 0;
	CHECK(user_invoke_length(tcb, TCB_READ_REGISTERS, REGISTERS_LENGTH, 0) == KERNEL_OK);
	bool same = true;
	for (unsigned i = 0; i < 32; i++)
		same &= buffer[REGISTERS_WORD + i] == 0x1111 * i;
	CHECK(same);
	buffer[REGISTERS_WORD] = 0x1235; /* no instruction lies at an odd address */
	CHECK(user_invoke_length(tcb, TCB_WRITE_REGISTERS, REGISTERS_LENGTH, 0) == KERNEL_OK);
	CHECK(user_invoke_length(tcb, TCB_READ_REGISTERS, REGISTERS_LENGTH, 0) == KERNEL_OK && buffer[REGISTERS_WORD] == 0x1234);
	user_set_buffer(CAP_THREAD, 0, 0);
	CHECK(user_invoke_length(tcb, TCB_WRITE_REGISTERS, REGISTERS_LENGTH, 0) == KERNEL_NO_BUFFER);
	CHECK(user_invoke_length(tcb, TCB_READ_REGISTERS, REGISTERS_LENGTH, 0) == KERNEL_NO_BUFFER);
	user_set_buffer(CAP_THREAD, CAP_IMAGE, user_buffer_offset(0));
	agent_call(1, SYS_RECV, EP, 0, 0);
	CHECK(user_invoke(tcb, TCB_RESUME, 0, 0, 0, 0) == KERNEL_BAD_STATE);
	CHECK(user_invoke_length(tcb, TCB_WRITE_REGISTERS, REGISTERS_LENGTH, 0) == KERNEL_BAD_STATE);
	agent_end(1);
}

static void act_load(word number)
{
	(void)number;
	user_load(USER_UNMAPPED + 8);
}

static void act_store(word number)
{
	(void)number;
	user_store(USER_UNMAPPED + 16);
}

static void act_fetch(word number)
{
	(void)number;
	user_fetch(USER_UNMAPPED + 32);
}

static void act_store_arguments(word number)
{
	(void)number;
	user_store(USER_ARGUMENTS);
}

static void act_kernel_load(word number)
{
	(void)number;
	user_load(0xffffffc080001000);
}

static void act_kernel_store(word number)
{
	(void)number;
	user_store(0xffffffc080006000);
}

static void act_kernel_fetch(word number)
{
	(void)number;
	user_fetch(0xffffffc080001000);
}

static void act_power(word number)
{
	(void)number;
	user_store(USER_POWER);
}

static void act_illegal(word number)
{
	(void)number;
	user_illegal();
}

/* A fault, then a call: nothing of the fault is left. */
static void act_illegal_send(word number)
{
	struct agent *a = &agents[number];

	user_illegal();
	a->message = (struct message){message_info(6, 2), {60, 61, 62, 63}};
	a->result = user_syscall(SYS_SEND, EP_BADGED, &a->message, &a->badge);
}

static void act_csr(word number)
{
	(void)number;
	__asm__ volatile(".option push\n.option norvc\ncsrw sscratch, zero\n.option pop");
}

static void act_breakpoint(word number)
{
	(void)number;
	user_breakpoint();
}

static void act_misaligned(word number)
{
	(void)number;
	user_misaligned((word)user_buffers[1] + 4);
}

struct fault_case {
	void (*act)(word);
	word label, cause, value, vspace;
};

/* A fault arrives as a call; a reply lets the thread go on where word 0 says. */
static void test_fault(void)
{
	static const struct fault_case cases[] = {
		{act_load, FAULT_PAGE, 13, USER_UNMAPPED + 8, 0},
		{act_store, FAULT_PAGE, 15, USER_UNMAPPED + 16, 1},
		{act_fetch, FAULT_PAGE, 12, USER_UNMAPPED + 32, 2},
		{act_store_arguments, FAULT_PAGE, 15, USER_ARGUMENTS, 0},
		{act_kernel_load, FAULT_PAGE, 13, 0xffffffc080001000, 0},
		{act_kernel_store, FAULT_PAGE, 15, 0xffffffc080006000, 1},
		{act_kernel_fetch, FAULT_PAGE, 12, 0xffffffc080001000, 2},
		{act_power, FAULT_PAGE, 15, USER_POWER, 1},
		{act_illegal, FAULT_ILLEGAL, 2, 0, 0},
		{act_csr, FAULT_ILLEGAL, 2, 0x14001073, 1},
		{act_breakpoint, FAULT_EXCEPTION, 3, ~(word)0, 0},
		{act_misaligned, FAULT_EXCEPTION, 6, 0, 0}, /* so the manual; QEMU 10.0.2 says 4 */
	};

	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct fault_case *c = &cases[i];

		agent_act(1, c->vspace, EP_FAULT, c->act);
		CHECK(!agents[1].done);
		CHECK(call_plain(SYS_NBRECV, EP) == KERNEL_OK && got_badge == FAULT_BADGE);
		CHECK(got.info == message_info(c->label, 4));
		CHECK(got.words[2] == c->cause || (c->act == act_misaligned && got.words[2] == 4));
		if (c->label != FAULT_EXCEPTION)
			CHECK(got.words[1] == c->value);
		CHECK(call(SYS_REPLY, 0, message_info(0, 1), c->cause == 12 ? got.words[3] : got.words[0] + 4) == KERNEL_OK);
		settle();
		CHECK(agents[1].done);
	}
	/* a handler that waits */
	agent_begin(2, 6, 0, SYS_RECV, EP, 0, 0);
	settle();
	agent_act(1, 1, EP_FAULT, act_illegal);
	CHECK(agent_done(2, KERNEL_OK) && agents[2].badge == FAULT_BADGE);
	/* (2 suspended itself and with that gave up 1) */
	CHECK(!agents[1].done && user_invoke(CAP_THREAD + 1, TCB_RESUME, 0, 0, 0, 0) == KERNEL_OK);
	agent_end(1);
	/* a reply without a word: the instruction is tried again; a reply with a label: the thread stays inactive */
	agent_act(1, 0, EP_FAULT, act_load);
	CHECK(call_plain(SYS_NBRECV, EP) == KERNEL_OK);
	CHECK(call(SYS_REPLY, 0, 0, 0) == KERNEL_OK);
	settle();
	CHECK(call_plain(SYS_NBRECV, EP) == KERNEL_OK && got.words[1] == USER_UNMAPPED + 8);
	CHECK(call(SYS_REPLY, 0, message_info(1, 0), 0) == KERNEL_OK);
	settle();
	CHECK(!agents[1].done && call_plain(SYS_NBRECV, EP) == KERNEL_WOULD_BLOCK);
	CHECK(user_invoke(CAP_THREAD + 1, TCB_RESUME, 0, 0, 0, 0) == KERNEL_OK);
	settle();
	CHECK(call_plain(SYS_NBRECV, EP) == KERNEL_OK);
	/* receiving again gives the faulting thread up */
	CHECK(call_plain(SYS_NBRECV, EP) == KERNEL_WOULD_BLOCK);
	CHECK(user_invoke(CAP_THREAD + 1, TCB_RESUME, 0, 0, 0, 0) == KERNEL_OK);
	agent_end(1);
	agent_act(1, 2, EP_FAULT, act_illegal_send);
	CHECK(call_plain(SYS_NBRECV, EP) == KERNEL_OK && got.info == message_info(FAULT_ILLEGAL, 4));
	CHECK(call(SYS_REPLY, 0, message_info(0, 1), got.words[0] + 4) == KERNEL_OK);
	settle();
	CHECK(call_plain(SYS_NBRECV, EP) == KERNEL_OK && got_message(message_info(6, 2), 60, BADGE));
	settle();
	CHECK(agent_done(1, KERNEL_OK));
	/* nobody to tell */
	agent_act(1, 0, 0, act_load);
	CHECK(!agents[1].done && user_invoke(CAP_THREAD + 1, TCB_RESUME, 0, 0, 0, 0) == KERNEL_OK);
	agent_end(1);
}

static volatile word spin_ticks;

static void act_spin(word number)
{
	(void)number;
	while (user_time() < spin_ticks)
		;
}

static void test_timer(void)
{
	word now = user_time();

	CHECK(user_invoke(CAP_TIMER, TIMER_BIND, EP, 0, 0, 0) == KERNEL_BAD_CAP);
	CHECK(user_invoke(CAP_TIMER, TIMER_BIND, NTFN_WAIT_ONLY, 0, 0, 0) == KERNEL_NO_RIGHT);
	CHECK(user_invoke(CAP_TIMER, IRQ_ACK, 0, 0, 0, 0) == KERNEL_BAD_OPERATION);
	CHECK(user_invoke(CAP_TIMER, TIMER_BIND, NTFN_1, 0, 0, 0) == KERNEL_OK);
	/* from idle */
	CHECK(user_invoke(CAP_TIMER, TIMER_SET, now + 1000, 0, 0, 0) == KERNEL_OK);
	CHECK(call_plain(SYS_WAIT, NTFN) == KERNEL_OK && got_badge == 1);
	CHECK(user_time() >= now + 1000);
	/* once only */
	agent_call(1, SYS_WAIT, NTFN, 0, 0);
	for (now = user_time(); user_time() < now + 5000;)
		;
	settle();
	CHECK(!agents[1].done);
	agent_end(1);
	/* a deadline in the past */
	CHECK(user_invoke(CAP_TIMER, TIMER_SET, 0, 0, 0, 0) == KERNEL_OK);
	CHECK(call_plain(SYS_WAIT, NTFN) == KERNEL_OK && got_badge == 1);
	/* from a thread that does not give way */
	spin_ticks = ~(word)0;
	agent_prepare(1, 5, 1, 0);
	agents[1].act = act_spin;
	user_invoke(CAP_THREAD + 1, TCB_RESUME, 0, 0, 0, 0);
	now = user_time();
	CHECK(user_invoke(CAP_TIMER, TIMER_SET, now + 500, 0, 0, 0) == KERNEL_OK);
	CHECK(call_plain(SYS_WAIT, NTFN) == KERNEL_OK && got_badge == 1 && user_time() >= now + 500);
	CHECK(!agents[1].done);
	spin_ticks = 0;
	settle();
	CHECK(agents[1].done);
	/* unbound: it goes nowhere */
	CHECK(user_invoke(CAP_TIMER, TIMER_CLEAR, 0, 0, 0, 0) == KERNEL_OK);
	agent_call(1, SYS_WAIT, NTFN, 0, 0);
	CHECK(user_invoke(CAP_TIMER, TIMER_SET, 0, 0, 0, 0) == KERNEL_OK);
	settle();
	CHECK(!agents[1].done);
	agent_end(1);
}

static void test_device(void)
{
	volatile uint8_t *uart = (volatile uint8_t *)USER_UART;

	CHECK(user_invoke(CAP_UART_IRQ, IRQ_BIND, CAP_NULL, 0, 0, 0) == KERNEL_BAD_CAP);
	CHECK(user_invoke(CAP_UART_IRQ, IRQ_BIND, NTFN_WAIT_ONLY, 0, 0, 0) == KERNEL_NO_RIGHT);
	CHECK(user_invoke(CAP_UART_IRQ, TIMER_SET, 0, 0, 0, 0) == KERNEL_BAD_OPERATION);
	CHECK(user_invoke(CAP_UART_IRQ, IRQ_BIND, NTFN_2, 0, 0, 0) == KERNEL_OK);
	uart[1] = 2;
	CHECK(call_plain(SYS_WAIT, NTFN) == KERNEL_OK && got_badge == 2);
	/* not again before it is acknowledged */
	agent_call(1, SYS_WAIT, NTFN, 0, 0);
	uart[1] = 0;
	uart[1] = 2;
	settle();
	CHECK(!agents[1].done);
	CHECK(user_invoke(CAP_UART_IRQ, IRQ_ACK, 0, 0, 0, 0) == KERNEL_OK);
	settle();
	CHECK(agent_done(1, KERNEL_OK) && agents[1].badge == 2);
	uart[1] = 0;
	CHECK(user_invoke(CAP_UART_IRQ, IRQ_ACK, 0, 0, 0, 0) == KERNEL_OK);
	/* a thread that waits is more important than the one that is interrupted */
	agent_begin(1, 10, 2, SYS_WAIT, NTFN, 0, 0);
	settle();
	own_priority(5);
	uart[1] = 2;
	CHECK(agents[1].done && agents[1].badge == 2);
	own_priority(ROOT_PRIORITY);
	uart[1] = 0;
	CHECK(user_invoke(CAP_UART_IRQ, IRQ_ACK, 0, 0, 0, 0) == KERNEL_OK);
	/* cleared: masked, so that nobody has claimed it when it is bound again. (QEMU's controller looks for what is pending
	 * only when a source changes, not when one is enabled.) */
	CHECK(user_invoke(CAP_UART_IRQ, IRQ_CLEAR, 0, 0, 0, 0) == KERNEL_OK);
	agent_call(1, SYS_WAIT, NTFN, 0, 0);
	uart[1] = 2;
	settle();
	CHECK(!agents[1].done);
	CHECK(user_invoke(CAP_UART_IRQ, IRQ_BIND, NTFN_1, 0, 0, 0) == KERNEL_OK);
	uart[1] = 0;
	uart[1] = 2;
	settle();
	CHECK(agent_done(1, KERNEL_OK) && agents[1].badge == 1);
	uart[1] = 0;
	CHECK(user_invoke(CAP_UART_IRQ, IRQ_ACK, 0, 0, 0, 0) == KERNEL_OK);
	CHECK(user_invoke(CAP_UART_IRQ, IRQ_CLEAR, 0, 0, 0, 0) == KERNEL_OK);
}

static volatile word private_seen;

static void act_private(word number)
{
	private_seen = *(volatile word *)USER_PRIVATE;
	*(volatile word *)USER_PRIVATE = number;
}

static void test_spaces(void)
{
	volatile word *own = (volatile word *)USER_PRIVATE;

	*own = 1000;
	private_seen = 1;
	agent_act(1, 1, 0, act_private);
	CHECK(agents[1].done && private_seen == 0);
	agent_act(2, 2, 0, act_private);
	CHECK(agents[2].done && private_seen == 0);
	agent_act(3, 1, 0, act_private);
	CHECK(agents[3].done && private_seen == 1);
	agent_act(4, 0, 0, act_private);
	CHECK(agents[4].done && private_seen == 1000);
	CHECK(*own == 4);
}

extern char user_invert[], user_spin[];

/* An interrupt leaves every register as it was: the thread inverts each and then does nothing while it is interrupted. */
static void test_registers(void)
{
	word tcb = CAP_THREAD + 1, *registers = user_buffers[0] + REGISTERS_WORD;
	bool same = true;

	agent_end(1);
	user_configure(tcb, CAP_CNODE, CAP_SPACE + 1, 0);
	registers[0] = (word)user_invert;
	for (unsigned i = 1; i < 32; i++)
		registers[i] = 0x123456789abcdef * i;
	CHECK(user_invoke_length(tcb, TCB_WRITE_REGISTERS, REGISTERS_LENGTH, 0) == KERNEL_OK);
	user_invoke(CAP_TIMER, TIMER_BIND, NTFN_1, 0, 0, 0);
	user_invoke(tcb, TCB_SET_PRIORITY, 5, 0, 0, 0);
	user_invoke(tcb, TCB_RESUME, 0, 0, 0, 0);
	for (unsigned i = 0; i < 3; i++) {
		user_invoke(CAP_TIMER, TIMER_SET, user_time() + 100, 0, 0, 0);
		CHECK(call_plain(SYS_WAIT, NTFN) == KERNEL_OK);
	}
	user_invoke(CAP_TIMER, TIMER_CLEAR, 0, 0, 0, 0);
	CHECK(user_invoke_length(tcb, TCB_READ_REGISTERS, REGISTERS_LENGTH, 0) == KERNEL_OK);
	CHECK(registers[0] == (word)user_spin);
	for (unsigned i = 1; i < 32; i++)
		same &= registers[i] == ~((word)0x123456789abcdef * i);
	CHECK(same);
	agent_end(1);
}

int test_main(void)
{
	test_objects(&passed, &failed);
	test_refusals(&passed, &failed);
	test_fast(&passed, &failed);
	test_gifts(&passed, &failed);
	test_preemption(&passed, &failed);
	test_walls(&passed, &failed);
	test_mint();
	test_cnode();
	test_decode();
	test_send();
	test_length();
	test_call();
	test_notification();
	test_priority();
	test_tcb();
	test_fault();
	test_timer();
	test_device();
	test_spaces();
	test_registers();
	uart_number(passed);
	uart_text(" passed, ");
	uart_number(failed);
	uart_text(" failed\n");
	return failed != 0;
}
