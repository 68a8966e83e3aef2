/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "user.h"

#define STACK_WORDS 512

word user_buffers[THREADS + 1][IPC_BUFFER_WORDS] __attribute__((aligned(IPC_BUFFER_SIZE)));
static word stacks[THREADS + 1][STACK_WORDS] __attribute__((aligned(64)));

word user_invoke(word target, word label, word a, word b, word c, word d)
{
	struct message message = {message_info(label, MESSAGE_REGISTERS), {a, b, c, d}};
	word badge = 0;

	return user_syscall(SYS_INVOKE, target, &message, &badge);
}

word user_invoke_length(word target, word label, word length, word a)
{
	struct message message = {message_info(label, length), {a, 0, 0, 0}};
	word badge = 0;

	return user_syscall(SYS_INVOKE, target, &message, &badge);
}

void user_prepare(word *buffer, unsigned number, void (*body)(word))
{
	word *registers = buffer + REGISTERS_WORD;

	for (unsigned i = 1; i < 32; i++)
		registers[i] = 0;
	registers[0] = (word)body;
	registers[2] = (word)(stacks[number] + STACK_WORDS);
	registers[10] = number;
}

word user_retype(word untyped, word slot, word type, word bits, word count)
{
	struct message message = {message_info(UNTYPED_RETYPE, 4), {CAP_CNODE, slot, type, count << 8 | bits}};
	word badge = 0;

	return user_syscall(SYS_INVOKE, untyped, &message, &badge);
}

word user_mint(word from, word to, word rights, word badge)
{
	return user_invoke(CAP_CNODE, CNODE_MINT, from, to, rights, badge);
}

word user_delete(word slot)
{
	return user_invoke(CAP_CNODE, CNODE_DELETE, 0, slot, 0, 0);
}

void user_configure(word tcb, word cspace, word vspace, word fault)
{
	user_invoke(tcb, TCB_CONFIGURE, cspace, TCB_CSPACE, 0, 0);
	user_invoke(tcb, TCB_CONFIGURE, vspace, TCB_VSPACE, 0, 0);
	user_invoke(tcb, TCB_CONFIGURE, fault, TCB_FAULT, 0, 0);
}

word user_set_buffer(word tcb, word frame, word offset)
{
	return user_invoke(tcb, TCB_CONFIGURE, frame, TCB_BUFFER, offset, 0);
}

void thread_start(unsigned number, word priority, word space)
{
	word tcb = CAP_THREAD + number;

	user_invoke(tcb, TCB_SUSPEND, 0, 0, 0, 0);
	user_configure(tcb, CAP_CNODE, CAP_SPACE + space, 0);
	user_set_buffer(tcb, CAP_IMAGE, user_buffer_offset(number));
	user_invoke(tcb, TCB_SET_PRIORITY, priority, 0, 0, 0);
	user_invoke_length(tcb, TCB_WRITE_REGISTERS, REGISTERS_LENGTH, 0);
	user_invoke(tcb, TCB_RESUME, 0, 0, 0, 0);
}

void thread_settle(void)
{
	user_invoke(CAP_TCB, TCB_SET_PRIORITY, 1, 0, 0, 0);
	user_invoke(CAP_TCB, TCB_SET_PRIORITY, ROOT_PRIORITY, 0, 0, 0);
}

const word *thread_registers(unsigned number)
{
	user_invoke_length(CAP_THREAD + number, TCB_READ_REGISTERS, REGISTERS_LENGTH, 0);
	return user_buffers[0] + REGISTERS_WORD;
}

/* The frame, mapped again: a capability is mapped once at a time. */
static void map_copy(word frame, word slot, word vspace, word address, word access)
{
	user_invoke(CAP_CNODE, CNODE_COPY, frame, slot, RIGHTS_ALL, 0);
	user_invoke(slot, FRAME_MAP, vspace, address, access, 0);
}

static void setup_space(word index)
{
	word part = CAP_PARTS + index * PARTS, vspace = CAP_SPACE + index;

	user_retype(CAP_UNTYPED, part + PART_FRAME, TYPE_FRAME, PAGE_BITS, 1);
	if (index == 0) {
		user_invoke(CAP_CNODE, CNODE_COPY, CAP_VSPACE, vspace, RIGHTS_ALL, 0);
	} else {
		user_retype(CAP_UNTYPED, vspace, TYPE_TABLE, PAGE_BITS, 1);
		user_retype(CAP_UNTYPED, part, TYPE_TABLE, PAGE_BITS, 2);
		user_invoke(CAP_ASID_CONTROL, ASID_ASSIGN, vspace, BOOT_ASID + index, 0, 0);
		user_invoke(part, TABLE_MAP, vspace, USER_IMAGE, 0, 0);
		user_invoke(part + 1, TABLE_MAP, vspace, USER_ARGUMENTS, 0, 0);
		map_copy(CAP_IMAGE, part + 2, vspace, USER_IMAGE, MAP_READ | MAP_WRITE | MAP_EXECUTE);
		map_copy(CAP_ARGUMENTS, part + 3, vspace, USER_ARGUMENTS, MAP_READ);
		map_copy(CAP_UART, part + 4, vspace, USER_UART, MAP_READ | MAP_WRITE);
	}
	user_invoke(part + PART_FRAME, FRAME_MAP, vspace, USER_PRIVATE, MAP_READ | MAP_WRITE, 0);
}

/* 34 + 9, 1 + 5, 1 + 5 and 9 bits */
static void setup_deep(void)
{
	user_retype(CAP_UNTYPED, CAP_SCRATCH, TYPE_CNODE, SMALL_RADIX + SLOT_BITS, 2);
	user_mint(CAP_CNODE, CAP_DEEP, RIGHTS_ALL, GUARD(0, 34));
	user_mint(CAP_SCRATCH, CAP_DEEP_1, RIGHTS_ALL, GUARD(1, 1));
	user_invoke(CAP_SCRATCH, CNODE_MINT, CAP_SCRATCH + 1, 0, RIGHTS_ALL, GUARD(1, 1));
	user_invoke(CAP_SCRATCH + 1, CNODE_MINT, CAP_CNODE, 0, RIGHTS_ALL, GUARD(0, 0));
	user_delete(CAP_SCRATCH);
	user_delete(CAP_SCRATCH + 1);
}

void user_setup(void)
{
	user_set_buffer(CAP_TCB, CAP_IMAGE, user_buffer_offset(0));
	user_retype(CAP_UNTYPED, CAP_SMALL, TYPE_CNODE, SMALL_RADIX + SLOT_BITS, 1);
	user_invoke(CAP_IRQ_CONTROL, IRQ_GET, CAP_CNODE, CAP_UART_IRQ, IRQ_UART, 0);
	user_retype(CAP_UNTYPED, CAP_POOL, TYPE_UNTYPED, 20, 1);
	for (word i = 0; i < SPACES; i++)
		setup_space(i);
	for (word i = 0; i < 16; i += RETYPE_MAX) {
		user_retype(CAP_UNTYPED, CAP_ENDPOINT + i, TYPE_ENDPOINT, ENDPOINT_BITS, RETYPE_MAX);
		user_retype(CAP_UNTYPED, CAP_NOTIFICATION + i, TYPE_NOTIFICATION, NOTIFICATION_BITS, RETYPE_MAX);
	}
	user_invoke(CAP_CNODE, CNODE_COPY, CAP_TCB, CAP_THREAD, RIGHTS_ALL, 0);
	user_retype(CAP_UNTYPED, CAP_THREAD + 1, TYPE_TCB, TCB_BITS, 8);
	user_retype(CAP_UNTYPED, CAP_THREAD + 9, TYPE_TCB, TCB_BITS, 7);
	setup_deep();
}

void uart_text(const char *text)
{
	volatile uint8_t *uart = (volatile uint8_t *)USER_UART;

	for (; *text; text++) {
		while (!(uart[5] & 0x20))
			;
		*uart = (uint8_t)*text;
	}
}

void uart_number(word number)
{
	char text[21];
	unsigned at = sizeof text - 1;

	text[at] = 0;
	do {
		text[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	uart_text(text + at);
}
