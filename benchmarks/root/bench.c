/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Performance: one-way IPC, warm. A client calls a server in another vspace; the cycles from before the client's ecall to the
 * server's first instruction behind its own, and back, are those of the board's counter: latched by each side. The least and
 * the median of many rounds; the latch's own cost is in it. */
#include "user.h"

#define ROUNDS 101
#define WARM 10

static volatile word received, replied, sent, called;
static word forth[ROUNDS], back[ROUNDS];

/* Latches the cycle right before the ecall and right behind it; a message of four words. */
static void timed(word number, word target, volatile word *before, volatile word *after)
{
	register word a0 __asm__("a0") = target, a1 __asm__("a1") = message_info(0, 4), a7 __asm__("a7") = number;
	register volatile word *counter __asm__("t0") = (volatile word *)USER_COUNTER;
	register word first __asm__("t1"), second __asm__("t2");

	__asm__ volatile("sd zero, 8(t0)\n\tld t1, 0(t0)\n\tecall\n\tsd zero, 8(t0)\n\tld t2, 0(t0)"
			 : "+r"(a0), "+r"(a1), "=r"(first), "=r"(second)
			 : "r"(a7), "r"(counter)
			 : "a2", "a3", "a4", "a5", "a6", "memory");
	*before = first;
	*after = second;
}

static void server(word number)
{
	struct message message = {0};
	word badge = 0;

	(void)number;
	user_syscall(SYS_RECV, CAP_ENDPOINT, &message, &badge);
	for (;;)
		timed(SYS_REPLYRECV, CAP_ENDPOINT, &replied, &received);
}

static word median(word *values)
{
	for (unsigned i = 1; i < ROUNDS; i++)
		for (unsigned j = i; j && values[j] < values[j - 1]; j--) {
			word swap = values[j];

			values[j] = values[j - 1];
			values[j - 1] = swap;
		}
	return values[ROUNDS / 2];
}

static void report(const char *what, word *values)
{
	word middle = median(values);

	uart_text(what);
	uart_text(": median ");
	uart_number(middle);
	uart_text(", least ");
	uart_number(values[0]);
	uart_text(" cycles\n");
}

int bench_main(void)
{
	word tcb = CAP_THREAD + 1;
	struct message message = {0};
	word badge = 0;

	user_invoke(CAP_CNODE, CNODE_COPY, CAP_COUNTER, CAP_SCRATCH + 20, RIGHTS_ALL, 0);
	user_invoke(CAP_SCRATCH + 20, FRAME_MAP, CAP_SPACE + 1, USER_COUNTER, MAP_READ | MAP_WRITE, 0);
	user_configure(tcb, CAP_CNODE, CAP_SPACE + 1, 0);
	user_prepare(user_buffers[0], 1, server);
	user_invoke_length(tcb, TCB_WRITE_REGISTERS, REGISTERS_LENGTH, 0);
	user_invoke(tcb, TCB_SET_PRIORITY, ROOT_PRIORITY, 0, 0, 0);
	user_invoke(tcb, TCB_RESUME, 0, 0, 0, 0);
	user_syscall(SYS_YIELD, 0, &message, &badge);
	/* What the server notes of its reply comes to be known one round later. */
	for (int i = -WARM; i < ROUNDS; i++) {
		word called_before = called;

		timed(SYS_CALL, CAP_ENDPOINT, &sent, &called);
		if (i >= 0) {
			forth[i] = received - sent;
			back[i] = called_before - replied;
		}
	}
	report("Call, from client to server in another vspace", forth);
	report("ReplyRecv, from server to client", back);
	return forth[ROUNDS / 2] > 300 || back[ROUNDS / 2] > 300;
}
