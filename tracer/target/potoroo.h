/* SPDX-License-Identifier: BSD-2-Clause
 *
 * potoroo.h: what a kernel compiles in so that potoroo can measure it. Usable from C and from assembly (.S); rv64.
 *
 * The kernel is compiled with -ffixed-x25 -ffixed-x26 -ffixed-x27: between POTOROO_ENTER and POTOROO_EXIT
 *     s11  holds the counter page's virtual address,
 *     s10  holds the virtual address of the next record,
 *     s9   is scratch.
 * `potoroo cc` puts probes into compiled C; hand-written assembly says POTOROO_PROBE where a basic block begins.
 *
 * The trap vector, in this order:
 *     vector: POTOROO_ENTER_POINT          declares the next instruction an `enter` point; emits no code
 *             … save every register …
 *             POTOROO_ENTER tmp            loads s11 and s10, writes the last entry's `leave` and this entry's `enter` record
 *             POTOROO_PROBE                first probe
 *             … handle …
 *             POTOROO_PROBE
 *             POTOROO_EXIT tmp             publishes s10
 *             … restore every register …
 *             POTOROO_LEAVE_POINT          declares the next instruction a `leave` point; emits no code
 *             sret
 * Boot says POTOROO_INIT tmp before any probed code runs, and once more before it joins the exit path: what boot itself
 * recorded is thus dropped, and the first record is the `leave` of boot's own sret.
 * There is one ENTER_POINT and one LEAVE_POINT in a kernel. `tmp` is a register that the macro may destroy (not s9 to s11).
 *
 * Configuration, each with the reference board's value as default:
 *     POTOROO_COUNTER       virtual address of the counter page
 *     POTOROO_BUFFER_SIZE   bytes of the trace buffer, its header included
 *     POTOROO_ROOM_SHIFT    one kernel entry may write at most POTOROO_ROOM = 1 << POTOROO_ROOM_SHIFT bytes; checked once,
 *                           at its start
 *     POTOROO_OFF           when defined, every macro is empty: the unprobed kernel
 */
#ifndef POTOROO_H
#define POTOROO_H

#ifndef POTOROO_COUNTER
#define POTOROO_COUNTER 0xffffffc087fff000
#endif
#ifndef POTOROO_BUFFER_SIZE
#define POTOROO_BUFFER_SIZE 0x1e0000
#endif
#ifndef POTOROO_ROOM_SHIFT
#define POTOROO_ROOM_SHIFT 14
#endif
#define POTOROO_ROOM (1 << POTOROO_ROOM_SHIFT)

#define POTOROO_MAGIC 0x314f4f524f544f50 /* "POTOROO1" */

/* offsets in the counter page */
#define POTOROO_CYCLE 0  /* load: the cycle that the last store to POTOROO_LATCH latched */
#define POTOROO_LATCH 8  /* store */
#define POTOROO_TRAP 16  /* load: the cycle of the last trap to S-mode */
#define POTOROO_SRET 24  /* load: the cycle after the last sret */
#define POTOROO_MARK 32  /* store: a mark in the board's log */

/* kinds of points */
#define POTOROO_KIND_PROBE 0
#define POTOROO_KIND_ENTER 1
#define POTOROO_KIND_LEAVE 2

/* offsets in struct potoroo_buffer */
#define POTOROO_BUFFER_MAGIC 0
#define POTOROO_BUFFER_START 8
#define POTOROO_BUFFER_HEAD 16
#define POTOROO_BUFFER_LIMIT 24
#define POTOROO_BUFFER_LOST 32
#define POTOROO_BUFFER_RECORDS 64 /* the first record; records are 8 bytes */

#ifdef __ASSEMBLER__

#ifdef POTOROO_OFF
.macro POTOROO_ENTER_POINT
.endm
.macro POTOROO_LEAVE_POINT
.endm
.macro POTOROO_PROBE
.endm
.macro POTOROO_INIT tmp
.endm
.macro POTOROO_ENTER tmp
.endm
.macro POTOROO_EXIT tmp
.endm
#else

.macro potoroo_point label, kind
	.pushsection .potoroo.points, "", @progbits
	.quad	\label, \kind
	.popsection
.endm

.macro POTOROO_ENTER_POINT
	.globl	potoroo_enter_point
potoroo_enter_point:
	potoroo_point potoroo_enter_point, POTOROO_KIND_ENTER
.endm

.macro POTOROO_LEAVE_POINT
	.globl	potoroo_leave_point
potoroo_leave_point:
	potoroo_point potoroo_leave_point, POTOROO_KIND_LEAVE
.endm

.macro POTOROO_PROBE
.Lpotoroo_probe\@:
	auipc	s9, 0
	sw	s9, 0(s10)
	sd	zero, POTOROO_LATCH(s11)
	ld	s9, POTOROO_CYCLE(s11)
	sw	s9, 4(s10)
	addi	s10, s10, 8
	potoroo_point .Lpotoroo_probe\@, POTOROO_KIND_PROBE
.endm

/* Empties the buffer and loads s10 and s11. Clobbers s9. */
.macro POTOROO_INIT tmp
	li	s11, POTOROO_COUNTER
	lla	s9, potoroo_buffer
	li	\tmp, POTOROO_MAGIC
	sd	\tmp, POTOROO_BUFFER_MAGIC(s9)
	addi	s10, s9, POTOROO_BUFFER_RECORDS
	sd	s10, POTOROO_BUFFER_START(s9)
	sd	s10, POTOROO_BUFFER_HEAD(s9)
	li	\tmp, POTOROO_BUFFER_SIZE
	add	\tmp, \tmp, s9
	sd	\tmp, POTOROO_BUFFER_LIMIT(s9)
	sd	zero, POTOROO_BUFFER_LOST(s9)
.endm

/* The overflow branch is the entry path's only one. Where the host drains, it is never taken. */
.macro POTOROO_ENTER tmp
	li	s11, POTOROO_COUNTER
	lla	s9, potoroo_buffer
	ld	s10, POTOROO_BUFFER_HEAD(s9)
	ld	\tmp, POTOROO_BUFFER_LIMIT(s9)
	sub	\tmp, \tmp, s10
	srli	\tmp, \tmp, POTOROO_ROOM_SHIFT
	beqz	\tmp, potoroo_overflow
.Lpotoroo_room\@:
	lla	\tmp, potoroo_leave_point
	sw	\tmp, 0(s10)
	ld	\tmp, POTOROO_SRET(s11)
	sw	\tmp, 4(s10)
	lla	\tmp, potoroo_enter_point
	sw	\tmp, 8(s10)
	ld	\tmp, POTOROO_TRAP(s11)
	sw	\tmp, 12(s10)
	addi	s10, s10, 16
	.subsection 1
	.globl	potoroo_overflow
potoroo_overflow:
	ld	\tmp, POTOROO_BUFFER_START(s9)
	sub	s10, s10, \tmp
	srli	s10, s10, 3
	ld	\tmp, POTOROO_BUFFER_LOST(s9)
	add	\tmp, \tmp, s10
	sd	\tmp, POTOROO_BUFFER_LOST(s9)
	ld	s10, POTOROO_BUFFER_START(s9)
	j	.Lpotoroo_room\@
	.previous
.endm

.macro POTOROO_EXIT tmp
	lla	\tmp, potoroo_buffer
	sd	s10, POTOROO_BUFFER_HEAD(\tmp)
.endm
#endif

#else /* C */

#include <stdint.h>

struct potoroo_buffer {
	uint64_t magic; /* POTOROO_MAGIC */
	uint64_t start; /* virtual address of the first record */
	uint64_t head;	/* virtual address where the next record goes, as of the last kernel exit */
	uint64_t limit; /* virtual address behind the last record */
	uint64_t lost;	/* records dropped because the buffer was full */
};

extern struct potoroo_buffer potoroo_buffer;

/* A probe in C, for code that `potoroo cc` does not compile. */
#ifdef POTOROO_OFF
#define POTOROO_PROBE() ((void)0)
#else
#define POTOROO_PROBE()                                                                                                \
	__asm__ volatile("1: auipc s9, 0\n\tsw s9, 0(s10)\n\tsd zero, 8(s11)\n\tld s9, 0(s11)\n\tsw s9, 4(s10)\n\t"    \
			 "addi s10, s10, 8\n\t"                                                                        \
			 ".pushsection .potoroo.points,\"\",@progbits\n\t.quad 1b, 0\n\t.popsection" ::                \
				 : "memory")
#endif
#endif

#endif
