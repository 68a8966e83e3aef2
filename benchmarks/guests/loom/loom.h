/* loom: a small kernel in S-mode in the manner of teaching kernels, with what makes such kernels hard to follow from outside: a trap vector
 * that is mapped a second time and only runs there, threads switched in the middle of system calls, a table of system calls with holes, locks,
 * panics that print and lock, interrupts and firmware calls within system calls, memory used to its end. Nothing in it is potoroo's. */
#ifndef LOOM_H
#define LOOM_H

#include <stdint.h>

enum { THREADS = 4, PAGE = 4096, PIPE_BYTES = 64, FRAME_WORDS = 36 };
enum call { CALL_ID = 1, CALL_TICKS = 2, CALL_YIELD = 4, CALL_SEND = 5, CALL_TAKE = 7, CALL_FIRMWARE = 9, CALL_LONG = 10, CALLS };

#define TRAMPOLINE 0x3ffffff000ul
#define USER_WINDOW 0x100000000ul   /* RAM once more, for user mode */
#define DEVICE_WINDOW 0x140000000ul /* devices, for user mode */

struct context {
	uint64_t ra, sp, s[12];
};
void weave(struct context *from, struct context *to); /* goes on as TO */

#endif
