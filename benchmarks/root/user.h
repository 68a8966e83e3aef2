/* SPDX-License-Identifier: GPL-2.0-or-later
 * What the root task's files share: system calls, threads, eviction, and the two programs, test and campaign. */
#ifndef ROOT_USER_H
#define ROOT_USER_H

#include "api.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t word;

struct message {
	word info;
	word words[MESSAGE_REGISTERS];
};

static inline word message_info(word label, word length)
{
	return label << 8 | length;
}

/* start.S: makes the call; *message and *badge take what a1 to a6 hold afterwards. */
word user_syscall(word number, word target, struct message *message, word *badge);

/* start.S: one instruction that faults, four bytes long, then return. The handler lets the thread go on behind it, or at
 * ra where the pc itself was bad. */
void user_load(word address);
void user_store(word address);
void user_fetch(word address);
void user_illegal(void);
void user_breakpoint(void);
void user_misaligned(word address);

/* SYS_INVOKE with up to four arguments. */
word user_invoke(word target, word label, word a, word b, word c, word d);
/* As above with a message of `length` words, for labels that look at it. */
word user_invoke_length(word target, word label, word length, word a);

static inline word user_time(void)
{
	word ticks;

	__asm__ volatile("rdtime %0" : "=r"(ticks));
	return ticks;
}

/* Threads other than the root task: THREADS of them, with TCB CAP_TCB + number, 1 .. THREADS. Each has a stack and an IPC
 * buffer here; number 0, the root task, has only the buffer. */
#define THREADS 8
extern word user_buffers[THREADS + 1][IPC_BUFFER_WORDS];
static inline word user_buffer_offset(unsigned number)
{
	return (word)user_buffers[number] - USER_IMAGE;
}
/* Registers of a thread that starts at body(number), written to the caller's IPC buffer for TCB_WRITE_REGISTERS. */
void user_prepare(word *buffer, unsigned number, void (*body)(word));

/* Random numbers: xorshift64*. The state is never 0. */
static inline word user_random(word *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1d;
}
static inline word user_below(word *state, word limit)
{
	return (user_random(state) >> 32) * limit >> 32;
}

/* evict.S: lines are taken to be 32 bytes; larger ones are met more than once. */
#define EVICT_CODE_LINES 8192
#define EVICT_DATA_BYTES 0x80000
extern char evict_data[EVICT_DATA_BYTES];
void evict_code_tail(word lines);	       /* executes the last lines of 256 KiB of code */
void evict_code_lines(word first, word lines); /* these lines of it */
void evict_data_store(char *from, word blocks); /* writes one word in each line of blocks of 256 bytes */
void evict_data_load(char *from, word blocks);

/* Boot arguments. */
static inline word argument_seed(void)
{
	return ((volatile word *)USER_ARGUMENTS)[0];
}
static inline word argument_entries(void)
{
	return ((volatile word *)USER_ARGUMENTS)[1];
}
static inline word argument_mode(void)
{
	return ((volatile word *)USER_ARGUMENTS)[2];
}

void uart_text(const char *text);
void uart_number(word number);

int test_main(void);	    /* mode 1: number of failed checks */
void campaign_main(void);   /* mode 0 */

#endif
