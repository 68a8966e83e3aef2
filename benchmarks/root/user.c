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
