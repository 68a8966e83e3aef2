/* SPDX-License-Identifier: GPL-2.0-or-later
 * What the root task's files share: system calls, threads, eviction, and the two programs, test and campaign. */
#ifndef ROOT_USER_H
#define ROOT_USER_H

#include "api.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t word;

/* What user_setup() puts into the root task's CNode. */
#define CAP_SMALL 16	    /* a CNode of 1 << SMALL_RADIX slots */
#define CAP_UART_IRQ 17
#define CAP_DEEP 18	    /* a CSpace of LOOKUP_LEVELS levels: DEEP(i) in it is slot i of the root task's CNode */
#define CAP_DEEP_1 19
#define CAP_POOL 20	    /* untyped, for what comes and goes */
#define CAP_SPACE 24	    /* SPACES vspaces; the root task runs in the first */
#define CAP_ENDPOINT 32	    /* badge 0, all rights */
#define CAP_NOTIFICATION 48
#define CAP_THREAD 64	    /* TCBs; the first is the root task's */
#define CAP_PARTS 80	    /* what the vspaces are made of: PARTS slots each */
#define CAP_SCRATCH 128	    /* empty from here on */
#define SMALL_RADIX 5
#define SPACES 3
#define ENDPOINT_COUNT 16
#define NOTIFICATION_COUNT 16
#define TCB_COUNT 16
#define PARTS 8
#define PART_FRAME 5	    /* the private frame */
#define DEEP(index) ((word)CAP_DEEP_1 << 21 | 1 << 20 | 1 << 14 | (index))

#define USER_PRIVATE 0x404000 /* a frame of each vspace's own */
#define USER_UNMAPPED 0x405000 /* nothing from here on */

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
extern char user_ecall[]; /* its ecall */

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

/* The root task's slots, vspaces, threads and so on. */
void user_setup(void);
void user_configure(word tcb, word cspace, word vspace, word fault);
word user_set_buffer(word tcb, word frame, word offset);
word user_retype(word untyped, word slot, word type, word bits, word count);
word user_mint(word from, word to, word rights, word badge);
word user_delete(word slot);

/* Threads other than the root task: THREADS of them, with TCB CAP_THREAD + number, 1 .. THREADS. Each has a stack and an IPC
 * buffer here; number 0, the root task, has only the buffer. */
#define THREADS 15
extern word user_buffers[THREADS + 1][IPC_BUFFER_WORDS];
static inline word user_buffer_offset(unsigned number)
{
	return (word)user_buffers[number] - USER_IMAGE;
}
/* Registers of a thread that starts at body(number), written to the caller's IPC buffer for TCB_WRITE_REGISTERS. */
void user_prepare(word *buffer, unsigned number, void (*body)(word));

/* One of them starts with the registers in words REGISTERS_WORD.. of the root task's buffer, its own buffer, and no fault endpoint: a
 * fault is its end. */
void thread_start(unsigned number, word priority, word space);
void thread_settle(void); /* until all but the root task wait or have ended */
const word *thread_registers(unsigned number); /* into the root task's buffer */

/* start.S: what may not be executed in user mode, 8 bytes each; an instruction that is none; one system call with registers as the
 * thread was started with, then the end; the same for two, the second of which is SYS_REPLYRECV on what s0 has. */
extern char user_privileged[], user_privileged_end[], user_stop[], user_bare_call[], user_bare_server[];

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

/* Each adds to both. */
void test_objects(unsigned *passed, unsigned *failed);
void test_refusals(unsigned *passed, unsigned *failed);
void test_preemption(unsigned *passed, unsigned *failed);
void test_walls(unsigned *passed, unsigned *failed);
void test_fast(unsigned *passed, unsigned *failed);
void test_gifts(unsigned *passed, unsigned *failed);
int test_main(void);	    /* mode 1: number of failed checks */
void campaign_main(void);   /* mode 0 */
int bench_main(void);	    /* mode 3: not 0 if one way takes more than 300 cycles */
int fuzz_main(bool with_cold_caches); /* modes 2 and 4: not 0 if an error was none of the interface's */

#endif
