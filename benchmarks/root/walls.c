/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The conformance test of what user code must not be able to do: read, write or execute what it has no mapping for, the kernel's
 * memory above all; go on using what was taken from it; privileged instructions; see or lose registers in someone else's call. */
#include "user.h"

#define D(n) ((word)CAP_SCRATCH + 128 + (n))
#define ADDRESS ((word)0x40000000)
#define PRISONER 1
#define CLIENT 2
#define SERVER 3
#define TCB(number) ((word)CAP_THREAD + (number))

enum access { LOAD, STORE, FETCH };

static unsigned good, bad;


#define CHECK(condition) check(condition, #condition, __LINE__)

static void check(bool condition, const char *text, unsigned line)
{
	good += condition;
	bad += !condition;
	if (condition)
		return;
	uart_text("walls.c:");
	uart_number(line);
	uart_text(": failed: ");
	uart_text(text);
	uart_text("\n");
}

/* Where a thread in that vspace stops that starts at PC, comes back to user_stop, and has ADDRESS in a0. */
static word run(word space, word pc, word address)
{
	word *registers = user_buffers[0] + REGISTERS_WORD;

	for (unsigned i = 0; i < 32; i++)
		registers[i] = 0;
	registers[0] = pc;
	registers[1] = (word)user_stop;
	registers[10] = address;
	thread_start(PRISONER, 5, space);
	thread_settle();
	return thread_registers(PRISONER)[0];
}

static bool may(enum access access, word space, word address)
{
	word pc = access == LOAD ? (word)user_load : access == STORE ? (word)user_store : address;

	return run(space, pc, address) != pc;
}

static bool may_nothing(word space, word address)
{
	return !may(LOAD, space, address) & !may(STORE, space, address) & !may(FETCH, space, address);
}

/* Wherever the kernel, its page tables, its devices and everyone's memory lie: by the kernel's addresses and by physical ones. */
static void test_kernel_memory(void)
{
	static const word places[] = {
		0xffffffc000000000, 0xffffffc00c000000, 0xffffffc010000000, 0xffffffc080000000, 0xffffffc080001000, 0xffffffc080002000, 0xffffffc080006000,
		0xffffffc080100000, 0xffffffc081000000, 0xffffffc087dff000, 0xffffffc087e10000, 0xffffffc087fff000, 0xffffffffffffff00, 0xfffffffffffffff8,
		0x80000000, 0x80001000, 0x87fff000, 0x10000000, 0x0c000000, 0x100000, 0, USER_TOP, USER_TOP - 8, (word)1 << 63,
	};

	for (word space = 0; space < SPACES; space++) {
		CHECK(may(LOAD, space, (word)user_buffers) && may(STORE, space, (word)user_buffers[1]) && run(space, (word)user_stop - 4, 0) == (word)user_stop);
		for (unsigned i = 0; i < sizeof places / sizeof *places; i++)
			CHECK(may_nothing(space, places[i]));
		for (word page = 0; page < 64; page++) /* and page by page over the kernel's image */
			CHECK(may_nothing(space, 0xffffffc080000000 + page * 4096 + 8 * page));
	}
	CHECK(may(LOAD, 0, USER_ARGUMENTS) && !may(STORE, 0, USER_ARGUMENTS) && !may(FETCH, 0, USER_ARGUMENTS));
	CHECK(may(LOAD, 1, USER_ARGUMENTS) && may_nothing(1, USER_POWER) && may_nothing(2, USER_COUNTER));
}

/* Each way in which a mapping comes to its end, or never was. */
static void test_frames(void)
{
	CHECK(user_retype(CAP_POOL, D(0), TYPE_TABLE, PAGE_BITS, 2) == KERNEL_OK);
	CHECK(user_retype(CAP_POOL, D(3), TYPE_FRAME, PAGE_BITS, 2) == KERNEL_OK);
	CHECK(user_invoke(D(0), TABLE_MAP, CAP_SPACE + 1, ADDRESS, 0, 0) == KERNEL_OK);
	CHECK(user_invoke(D(1), TABLE_MAP, CAP_SPACE + 1, ADDRESS, 0, 0) == KERNEL_OK);
	CHECK(may_nothing(1, ADDRESS));
	CHECK(user_invoke(D(3), FRAME_MAP, CAP_SPACE + 1, ADDRESS, MAP_READ | MAP_WRITE, 0) == KERNEL_OK);
	CHECK(may(LOAD, 1, ADDRESS) && may(STORE, 1, ADDRESS + 4088) && !may(FETCH, 1, ADDRESS));
	CHECK(may_nothing(0, ADDRESS) && may_nothing(2, ADDRESS) && may_nothing(1, ADDRESS + 4096) && may_nothing(1, ADDRESS - 8));
	CHECK(user_invoke(D(3), FRAME_REMAP, 0, 0, MAP_READ, 0) == KERNEL_OK);
	CHECK(may(LOAD, 1, ADDRESS) && !may(STORE, 1, ADDRESS));
	CHECK(user_invoke(D(3), FRAME_UNMAP, 0, 0, 0, 0) == KERNEL_OK);
	CHECK(may_nothing(1, ADDRESS));
	CHECK(user_invoke(D(3), FRAME_MAP, CAP_SPACE + 1, ADDRESS, MAP_READ | MAP_WRITE, 0) == KERNEL_OK);
	CHECK(may(STORE, 1, ADDRESS) && user_delete(D(3)) == KERNEL_OK && may_nothing(1, ADDRESS));
	CHECK(user_invoke(D(4), FRAME_MAP, CAP_SPACE + 1, ADDRESS, MAP_READ | MAP_WRITE, 0) == KERNEL_OK);
	CHECK(may(STORE, 1, ADDRESS) && user_invoke(D(1), TABLE_UNMAP, 0, 0, 0, 0) == KERNEL_OK && may_nothing(1, ADDRESS));
	CHECK(user_invoke(D(1), TABLE_MAP, CAP_SPACE + 1, ADDRESS, 0, 0) == KERNEL_OK && may_nothing(1, ADDRESS));
	CHECK(user_invoke(D(4), FRAME_UNMAP, 0, 0, 0, 0) == KERNEL_OK);
	CHECK(user_invoke(D(4), FRAME_MAP, CAP_SPACE + 1, ADDRESS, MAP_READ | MAP_WRITE, 0) == KERNEL_OK && may(STORE, 1, ADDRESS));
	CHECK(user_invoke(CAP_CNODE, CNODE_REVOKE, 0, CAP_POOL, 0, 0) == KERNEL_OK && may_nothing(1, ADDRESS));
	/* a vspace that has only just been made holds nothing but the kernel */
	CHECK(user_retype(CAP_POOL, D(0), TYPE_TABLE, PAGE_BITS, 1) == KERNEL_OK);
	CHECK(user_invoke(CAP_ASID_CONTROL, ASID_ASSIGN, D(0), 9, 0, 0) == KERNEL_OK);
	CHECK(run(D(0) - CAP_SPACE, (word)user_load, (word)user_buffers) == (word)user_load);
	/* gone, with a thread in it: it goes on in the kernel's own tables, where there is nothing for it */
	CHECK(user_delete(D(0)) == KERNEL_OK && user_invoke(TCB(PRISONER), TCB_RESUME, 0, 0, 0, 0) == KERNEL_OK);
	thread_settle();
	CHECK(thread_registers(PRISONER)[0] == (word)user_load);
	CHECK(user_invoke(CAP_CNODE, CNODE_REVOKE, 0, CAP_POOL, 0, 0) == KERNEL_OK);
}

static void test_privileged(void)
{
	for (char *pc = user_privileged; pc < user_privileged_end; pc += 8)
		CHECK(run(1, (word)pc, 0) == (word)pc);
}

/* An IPC buffer must be a frame that may be read and written, and is none any longer once that is taken away. */
static void test_buffers(void)
{
	struct message message = {message_info(0, 50), {1, 2, 3, 4}};
	word *registers = user_buffers[0] + REGISTERS_WORD, badge = 0;

	for (word rights = 0; rights < 3; rights++) {
		CHECK(user_invoke(CAP_CNODE, CNODE_COPY, CAP_IMAGE, D(0), rights, 0) == KERNEL_OK);
		CHECK(user_set_buffer(TCB(PRISONER), D(0), 0) == KERNEL_NO_RIGHT && user_delete(D(0)) == KERNEL_OK);
	}
	CHECK(user_retype(CAP_POOL, D(0), TYPE_FRAME, PAGE_BITS, 1) == KERNEL_OK);
	for (unsigned i = 1; i < 32; i++)
		registers[i] = 0;
	registers[0] = (word)user_bare_call;
	registers[10] = CAP_ENDPOINT;
	registers[17] = SYS_RECV;
	thread_start(PRISONER, 5, 0);
	CHECK(user_set_buffer(TCB(PRISONER), D(0), 1024) == KERNEL_OK);
	thread_settle();
	CHECK(user_invoke(CAP_CNODE, CNODE_REVOKE, 0, CAP_POOL, 0, 0) == KERNEL_OK);
	CHECK(user_retype(CAP_POOL, D(0), TYPE_FRAME, PAGE_BITS, 1) == KERNEL_OK); /* somebody else's now */
	CHECK(user_invoke(D(0), FRAME_MAP, CAP_SPACE, USER_PRIVATE + 4096, MAP_READ, 0) == KERNEL_OK);
	for (unsigned i = 0; i < IPC_BUFFER_WORDS; i++)
		user_buffers[0][i] = 0x5ec4e7;
	CHECK(user_syscall(SYS_NBSEND, CAP_ENDPOINT, &message, &badge) == KERNEL_OK);
	CHECK(thread_registers(PRISONER)[11] == message_info(0, 4));
	for (unsigned i = 0; i < 512; i++)
		CHECK(((volatile word *)(USER_PRIVATE + 4096))[i] == 0);
	CHECK(user_invoke(CAP_CNODE, CNODE_REVOKE, 0, CAP_POOL, 0, 0) == KERNEL_OK);
}

static word pattern(unsigned number, unsigned i)
{
	return 0x1111111111111111 * number + 0x123456789abcdef * i;
}

static void start_patterned(unsigned number, word priority, word space, word pc, word call, word length)
{
	word *registers = user_buffers[0] + REGISTERS_WORD;

	for (unsigned i = 1; i < 32; i++)
		registers[i] = pattern(number, i);
	registers[0] = pc;
	registers[8] = CAP_ENDPOINT;
	registers[10] = CAP_ENDPOINT;
	registers[11] = message_info(7, length);
	registers[17] = call;
	thread_start(number, priority, space);
}

/* All but those of the message and its result, a0 to a6, and those that the thread itself has changed, are as they were. */
static bool kept(unsigned number)
{
	const word *registers = thread_registers(number);
	bool same = true;

	for (unsigned i = 1; i < 32; i++)
		same &= registers[i] == pattern(number, i) || (i >= 10 && i <= 17) || i == 8;
	return same;
}

/* A client calls and a server replies, by the fast path and by the other: each has the other's message, and nothing else. */
static void test_calls(void)
{
	for (word length = 0; length < 12; length++)
		for (word priority = 4; priority < 7; priority++) {
			bool arrived = true;

			start_patterned(SERVER, 5, length % SPACES, (word)user_bare_server, SYS_RECV, length);
			thread_settle();
			start_patterned(CLIENT, priority, priority % SPACES, (word)user_bare_call, SYS_CALL, length);
			thread_settle();
			/* the client has its reply and has stopped; the server waits for the next */
			CHECK(kept(CLIENT) && thread_registers(CLIENT)[0] == (word)user_bare_call + 4);
			CHECK(user_buffers[0][REGISTERS_WORD + 10] == KERNEL_OK && user_buffers[0][REGISTERS_WORD + 16] == 0);
			for (unsigned i = 11; i < 16; i++)
				arrived &= user_buffers[0][REGISTERS_WORD + i] == (i == 11 ? message_info(7, length) : pattern(CLIENT, i));
			CHECK(arrived); /* the server sent back what it had got */
			CHECK(kept(SERVER) && user_buffers[0][REGISTERS_WORD] == (word)user_bare_server + 16);
		}
	user_invoke(TCB(SERVER), TCB_SUSPEND, 0, 0, 0, 0);
}

void test_walls(unsigned *passed, unsigned *failed)
{
	test_kernel_memory();
	test_frames();
	test_privileged();
	test_buffers();
	test_calls();
	*passed += good;
	*failed += bad;
}
