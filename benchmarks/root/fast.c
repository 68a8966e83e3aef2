/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The conformance test of the fast path: a client calls a server who waits and is to run next, and each condition of the fast path is
 * in turn the only one that does not hold. Whichever path is taken, the outcome is that of Call and ReplyRecv. */
#include "user.h"

#define D(n) ((word)CAP_SCRATCH + 128 + (n))
#define EP D(0)
#define EP_BADGED D(1)
#define EP_RECV D(2)
#define EP_SEND D(3)
#define GIFT D(4)
#define ARRIVED D(5)
#define NOTIFICATION D(6)
#define SIGNAL D(7)
#define BADGE 0x123456789abcdef0
#define CLIENT 1
#define SERVER 2
#define OTHER 3
#define HEARINGS 4

struct hearing {
	struct message message;
	word badge, private;
};

static unsigned good, bad;
static struct hearing heard[HEARINGS]; /* by the server */
static volatile unsigned hearings, turn;
static struct message answer, question;
static word reply_target; /* what the server replies on */
static word reply_error;
static bool signals_itself;
static struct hearing told; /* to the client */
static volatile word told_result, turns[THREADS + 1];
static word ask_target;

#define CHECK(condition) check(condition, #condition, __LINE__)

static void check(bool condition, const char *text, unsigned line)
{
	good += condition;
	bad += !condition;
	if (condition)
		return;
	uart_text("fast.c:");
	uart_number(line);
	uart_text(": failed: ");
	uart_text(text);
	uart_text("\n");
}

static void end(word number)
{
	turns[number] = ++turn;
	for (;;)
		user_illegal();
}

/* Once it has heard too much it ends, so that a kernel in error does not keep it busy for ever. */
static void serve(word number)
{
	volatile word *private = (volatile word *)USER_PRIVATE;
	struct message message = {0};
	word badge = 0;

	*private = 7 * number;
	user_syscall(SYS_RECV, EP, &message, &badge);
	while (hearings < HEARINGS) {
		heard[hearings++] = (struct hearing){message, badge, *private};
		message = answer;
		if (message.words[0] == 0) /* a fault: on behind its instruction */
			message.words[0] = heard[hearings - 1].message.words[0] + 4;
		badge = 0;
		if (signals_itself) {
			struct message none = {0};

			signals_itself = false;
			user_syscall(SYS_SIGNAL, SIGNAL, &none, &badge);
		}
		reply_error = user_syscall(SYS_REPLYRECV, reply_target, &message, &badge);
		if (reply_error)
			break;
	}
	end(number);
}

static void ask(word number)
{
	volatile word *private = (volatile word *)USER_PRIVATE;

	*private = 7 * number;
	told.message = question;
	told.badge = 1;
	told_result = user_syscall(SYS_CALL, ask_target, &told.message, &told.badge);
	told.private = *private;
	end(number);
}

static void idle(word number)
{
	end(number);
}

static void fail(word number)
{
	user_illegal();
	end(number);
}

static void start(unsigned number, word priority, word space, void (*body)(word))
{
	turns[number] = 0;
	user_prepare(user_buffers[0], number, body);
	thread_start(number, priority, space);
}

static void serve_anew(word priority, word space)
{
	turn = 0;
	hearings = 0;
	reply_target = EP;
	answer = (struct message){message_info(8, 4), {81, 82, 83, 84}};
	start(SERVER, priority, space, serve);
	thread_settle();
}

static void ask_on(word target, word info, word priority, word space)
{
	ask_target = target;
	question = (struct message){info, {71, 72, 73, 74}};
	start(CLIENT, priority, space, ask);
	thread_settle();
}

static bool is_message(const struct message *m, word info, word first)
{
	bool same = m->info == info;

	for (word i = 0; i < MESSAGE_REGISTERS; i++)
		same &= m->words[i] == first + i;
	return same;
}

static bool answered(void)
{
	return turns[CLIENT] && told_result == KERNEL_OK && is_message(&told.message, answer.info, 81) && told.badge == 0 && told.private == 7 * CLIENT;
}

/* From each priority to each, from each vspace to each. */
static void test_plain(void)
{
	for (word i = 0; i < 9; i++) {
		serve_anew(4 + i % 3, 1 + i % 2);
		ask_on(EP_BADGED, message_info(3, i % 5), 5, i / 3 % 2 ? 0 : 2 - i % 2);
		CHECK(answered() && hearings == 1 && is_message(&heard[0].message, message_info(3, i % 5), 71));
		CHECK(heard[0].badge == BADGE && heard[0].private == 7 * SERVER);
		ask_on(EP, message_info(4, 1), 5, 0);
		CHECK(answered() && hearings == 2 && heard[1].badge == 0 && heard[1].message.info == message_info(4, 1));
	}
}

static void test_long(void)
{
	for (word length = 4; length < 20; length++) {
		bool same = true;

		serve_anew(6, 1);
		answer.info = message_info(8, length);
		for (word i = 0; i < IPC_BUFFER_WORDS; i++) {
			user_buffers[CLIENT][i] = 1000 + i;
			user_buffers[SERVER][i] = 0;
		}
		ask_on(EP, message_info(3, length), 5, 0);
		CHECK(answered() && hearings == 1);
		for (word i = MESSAGE_REGISTERS; i < length; i++)
			same &= user_buffers[SERVER][i] == 1000 + i;
		CHECK(same);
	}
	serve_anew(6, 1);
	user_buffers[CLIENT][BUFFER_SEND_CAP] = GIFT;
	user_buffers[SERVER][BUFFER_RECEIVE_CNODE] = CAP_CNODE;
	user_buffers[SERVER][BUFFER_RECEIVE_INDEX] = ARRIVED;
	ask_on(EP, message_info(3, 2) | MESSAGE_CAP, 5, 0);
	CHECK(answered() && heard[0].message.info == (message_info(3, 2) | MESSAGE_CAP));
	CHECK(user_delete(ARRIVED) == KERNEL_OK && user_invoke(CAP_CNODE, CNODE_COPY, GIFT, ARRIVED, RIGHTS_ALL, 0) == KERNEL_OK);
	CHECK(user_delete(ARRIVED) == KERNEL_OK);
}

static void test_refused(void)
{
	static const struct {
		word target, error;
	} cases[] = {
		{EP_RECV, KERNEL_NO_RIGHT}, {EP | 1 << ROOT_RADIX, KERNEL_BAD_CAP}, {EP | (word)1 << 63, KERNEL_BAD_CAP}, {SIGNAL, KERNEL_BAD_CAP}, {CAP_NULL, KERNEL_BAD_CAP},
	};

	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		serve_anew(6, 1);
		ask_on(cases[i].target, message_info(3, 2), 5, 0);
		CHECK(turns[CLIENT] && told_result == cases[i].error && hearings == 0);
		/* a reply that is refused has not replied */
		serve_anew(6, 1);
		reply_target = cases[i].target == EP_RECV ? EP_SEND : cases[i].target;
		ask_on(EP, message_info(3, 2), 5, 0);
		CHECK(!turns[CLIENT] && turns[SERVER] && hearings == 1 && reply_error == cases[i].error);
		user_invoke(CAP_THREAD + CLIENT, TCB_SUSPEND, 0, 0, 0, 0);
	}
}

/* Others are ready, and come before whoever is woken. */
static void test_order(void)
{
	for (word priority = 4; priority < 8; priority++) {
		serve_anew(6, 1);
		ask_target = EP;
		question = (struct message){message_info(1, 1), {71, 72, 73, 74}};
		start(CLIENT, 5, 0, ask);
		start(OTHER, priority, 0, idle);
		thread_settle();
		CHECK(answered() && turns[OTHER] && (turns[OTHER] < turns[CLIENT]) == (priority >= 5));
		serve_anew(4, 1); /* less important than the client and, mostly, than who is ready */
		start(CLIENT, 5, 0, ask);
		start(OTHER, priority, 0, idle);
		thread_settle();
		CHECK(answered() && turns[OTHER] && hearings == 1 && turns[OTHER] == 1);
	}
}

static void test_fault_reply(void)
{
	serve_anew(6, 1);
	answer = (struct message){message_info(0, 1), {0, 82, 83, 84}};
	user_prepare(user_buffers[0], CLIENT, fail);
	turns[CLIENT] = 0;
	thread_start(CLIENT, 5, 0);
	user_invoke(CAP_THREAD + CLIENT, TCB_CONFIGURE, EP_BADGED, TCB_FAULT, 0, 0);
	thread_settle();
	/* its end is a fault again, and again */
	CHECK(turns[CLIENT] && hearings == HEARINGS && heard[0].badge == BADGE && heard[0].message.info == message_info(FAULT_ILLEGAL, 4));
	CHECK(heard[0].message.words[0] == (word)user_illegal && heard[1].message.info == message_info(FAULT_ILLEGAL, 4));
	user_invoke(CAP_THREAD + CLIENT, TCB_SUSPEND, 0, 0, 0, 0);
}

static void test_signal_first(void)
{
	serve_anew(6, 1);
	CHECK(user_invoke(CAP_THREAD + SERVER, TCB_BIND_NOTIFICATION, NOTIFICATION, 0, 0, 0) == KERNEL_OK);
	signals_itself = true;
	ask_on(EP, message_info(3, 2), 5, 0);
	CHECK(answered() && hearings == 2 && heard[1].badge == 0x40 && heard[1].message.info == 0);
	CHECK(user_invoke(CAP_THREAD + SERVER, TCB_UNBIND_NOTIFICATION, 0, 0, 0, 0) == KERNEL_OK);
}

/* Two clients: the second waits to send while the server replies to the first. */
static void test_next_sender(void)
{
	serve_anew(4, 1);
	ask_target = EP_BADGED;
	question = (struct message){message_info(1, 1), {71, 72, 73, 74}};
	start(CLIENT, 5, 0, ask);
	start(OTHER, 5, 2, ask);
	thread_settle();
	CHECK(turns[CLIENT] && turns[OTHER] && hearings == 2 && heard[1].badge == BADGE);
	CHECK(is_message(&heard[1].message, message_info(1, 1), 71));
}

static void set_up(void)
{
	CHECK(user_retype(CAP_POOL, EP, TYPE_ENDPOINT, ENDPOINT_BITS, 1) == KERNEL_OK);
	CHECK(user_retype(CAP_POOL, NOTIFICATION, TYPE_NOTIFICATION, NOTIFICATION_BITS, 1) == KERNEL_OK);
	CHECK(user_mint(EP, EP_BADGED, RIGHTS_ALL, BADGE) == KERNEL_OK && user_mint(EP, EP_RECV, RIGHT_RECV, 6) == KERNEL_OK);
	CHECK(user_mint(EP, EP_SEND, RIGHT_SEND, 7) == KERNEL_OK && user_mint(EP, GIFT, RIGHTS_ALL, 8) == KERNEL_OK);
	CHECK(user_mint(NOTIFICATION, SIGNAL, RIGHT_SEND, 0x40) == KERNEL_OK);
}

/* The thread, and what was written in a vspace. */
static void forget(unsigned number)
{
	word *registers = user_buffers[0] + REGISTERS_WORD;

	for (unsigned i = 0; i < 32; i++)
		registers[i] = 0;
	registers[0] = (word)user_store;
	registers[1] = (word)user_stop;
	registers[10] = USER_PRIVATE;
	thread_start(number, 5, number % SPACES);
	thread_settle();
	user_invoke(CAP_THREAD + number, TCB_SUSPEND, 0, 0, 0, 0);
}

void test_fast(unsigned *passed, unsigned *failed)
{
	set_up();
	test_plain();
	test_long();
	test_refused();
	test_order();
	test_fault_reply();
	test_signal_first();
	test_next_sender();
	for (unsigned i = CLIENT; i <= OTHER; i++)
		forget(i);
	CHECK(user_invoke(CAP_CNODE, CNODE_REVOKE, 0, CAP_POOL, 0, 0) == KERNEL_OK);
	*passed += good;
	*failed += bad;
}
