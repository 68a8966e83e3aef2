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
 * A kernel that takes traps while it runs distinguishes them behind ENTER_POINT, and uses for those
 *             POTOROO_NESTED_ENTER tmp     s10 and s11 hold what they held in the interrupted code: reload them if the vector has not
 *             POTOROO_NESTED_EXIT slot     writes `leave`; slot (OFFSET(REGISTER)): where the return restores s10 from
 * A kernel that switches to another thread's stack in the middle of an entry says POTOROO_SWITCH there, and does not switch s9 to
 * s11: what was measured of the entry so far is kept, but the entry itself is counted as cut.
 *
 * Time: by default the board's counter page, whose stamps of trap and return make an entry's time that of the whole entry. Elsewhere
 * a CSR or a counter in memory is read, `enter` is when POTOROO_ENTER runs and `leave` is when POTOROO_EXIT runs. `potoroo cc` must be
 * told the same: --clock=csr:NAME, --clock=load:OFFSET.
 *
 * tracer/target/potoroo.c defines the buffer, and a routine that prints it on any console.
 *
 * Configuration, each with the reference board's value as default:
 *     POTOROO_COUNTER       virtual address of the counter page
 *     POTOROO_BUFFER_SIZE   bytes of the trace buffer, its header included
 *     POTOROO_ROOM_SHIFT    one kernel entry may write at most POTOROO_ROOM = 1 << POTOROO_ROOM_SHIFT bytes; checked once,
 *                           at its start
 *     POTOROO_MACHINE       when defined, the kernel lives in M-mode: the counter page's stamps are those of traps to M-mode and mret
 *     POTOROO_CLOCK_CSR     when defined, the CSR that counts: cycle, time, mcycle, a number
 *     POTOROO_CLOCK_LOAD    when defined, the count is a 64-bit word at this offset from POTOROO_COUNTER
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
#define POTOROO_MTRAP 40 /* load: the cycle of the last trap to M-mode */
#define POTOROO_MRET 48  /* load: the cycle after the last mret */
#ifdef POTOROO_MACHINE
#define POTOROO_STAMP_ENTER POTOROO_MTRAP
#define POTOROO_STAMP_LEAVE POTOROO_MRET
#else
#define POTOROO_STAMP_ENTER POTOROO_TRAP
#define POTOROO_STAMP_LEAVE POTOROO_SRET
#endif
#if !defined POTOROO_CLOCK_CSR && !defined POTOROO_CLOCK_LOAD
#define POTOROO_STAMPS 1 /* the clock keeps the times of trap and return */
#endif

/* kinds of points */
#define POTOROO_KIND_PROBE 0
#define POTOROO_KIND_ENTER 1
#define POTOROO_KIND_LEAVE 2
#define POTOROO_KIND_SWITCH 3

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
.macro POTOROO_NESTED_ENTER tmp
.endm
.macro POTOROO_NESTED_EXIT slot
.endm
.macro POTOROO_SWITCH
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

/* The time, in s9. */
.macro potoroo_now
#if defined POTOROO_CLOCK_CSR
	csrr	s9, POTOROO_CLOCK_CSR
#elif defined POTOROO_CLOCK_LOAD
	ld	s9, POTOROO_CLOCK_LOAD(s11)
#else
	sd	zero, POTOROO_LATCH(s11)
	ld	s9, POTOROO_CYCLE(s11)
#endif
.endm

/* A record of the point at LABEL, at the time now. */
.macro potoroo_record label
	lla	s9, \label
	sw	s9, 0(s10)
	potoroo_now
	sw	s9, 4(s10)
	addi	s10, s10, 8
.endm

.macro potoroo_probe_of kind
.Lpotoroo_probe\@:
	auipc	s9, 0
	sw	s9, 0(s10)
	potoroo_now
	sw	s9, 4(s10)
	addi	s10, s10, 8
	potoroo_point .Lpotoroo_probe\@, \kind
.endm

.macro POTOROO_PROBE
	potoroo_probe_of POTOROO_KIND_PROBE
.endm

.macro POTOROO_SWITCH
	potoroo_probe_of POTOROO_KIND_SWITCH
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

/* Without a branch: what measures adds no paths to what is measured. Where the host drains, nothing is ever dropped. */
.macro POTOROO_ENTER tmp
	lla	s9, potoroo_buffer
	ld	s10, POTOROO_BUFFER_HEAD(s9)
	ld	\tmp, POTOROO_BUFFER_LIMIT(s9)
	sub	\tmp, \tmp, s10
	srli	\tmp, \tmp, POTOROO_ROOM_SHIFT
	seqz	\tmp, \tmp
	neg	\tmp, \tmp		/* all ones if there is not enough room */
	ld	s11, POTOROO_BUFFER_START(s9)
	sub	s11, s10, s11
	and	s11, s11, \tmp		/* bytes dropped */
	sub	s10, s10, s11
	srli	s11, s11, 3
	ld	\tmp, POTOROO_BUFFER_LOST(s9)
	add	\tmp, \tmp, s11
	sd	\tmp, POTOROO_BUFFER_LOST(s9)
	li	s11, POTOROO_COUNTER
#ifdef POTOROO_STAMPS
	lla	\tmp, potoroo_leave_point
	sw	\tmp, 0(s10)
	ld	\tmp, POTOROO_STAMP_LEAVE(s11)
	sw	\tmp, 4(s10)
	lla	\tmp, potoroo_enter_point
	sw	\tmp, 8(s10)
	ld	\tmp, POTOROO_STAMP_ENTER(s11)
	sw	\tmp, 12(s10)
	addi	s10, s10, 16
#else
	potoroo_record potoroo_enter_point
#endif
.endm

.macro POTOROO_EXIT tmp
#ifndef POTOROO_STAMPS
	potoroo_record potoroo_leave_point
#endif
	lla	\tmp, potoroo_buffer
	sd	s10, POTOROO_BUFFER_HEAD(\tmp)
.endm

.macro POTOROO_NESTED_ENTER tmp
#ifdef POTOROO_STAMPS
	lla	\tmp, potoroo_enter_point
	sw	\tmp, 0(s10)
	ld	\tmp, POTOROO_STAMP_ENTER(s11)
	sw	\tmp, 4(s10)
	addi	s10, s10, 8
#else
	potoroo_record potoroo_enter_point
#endif
.endm

/* The interrupted entry's `leave` is a stamp, which a nested return would overwrite before it is read: this one is taken here. The
 * rest of the return is part of the interrupted step's time, which is thereby overestimated. */
.macro POTOROO_NESTED_EXIT slot:vararg
	potoroo_record potoroo_leave_point
	sd	s10, \slot
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

/* potoroo.c: print what is in the buffer, as `potoroo import` reads it, and empty it. PUT prints a character; other output may come
 * between the lines. Call it outside of POTOROO_ENTER to POTOROO_EXIT. */
void potoroo_dump(void (*put)(char c));

/* A probe in C, for code that `potoroo cc` does not compile. */
#ifdef POTOROO_OFF
#define POTOROO_PROBE() ((void)0)
#else
#define POTOROO_TEXT_(x) #x
#define POTOROO_TEXT(x) POTOROO_TEXT_(x)
#if defined POTOROO_CLOCK_CSR
#define POTOROO_NOW "csrr s9, " POTOROO_TEXT(POTOROO_CLOCK_CSR)
#elif defined POTOROO_CLOCK_LOAD
#define POTOROO_NOW "ld s9, " POTOROO_TEXT(POTOROO_CLOCK_LOAD) "(s11)"
#else
#define POTOROO_NOW "sd zero, 8(s11)\n\tld s9, 0(s11)"
#endif
#define POTOROO_PROBE()                                                                                                \
	__asm__ volatile("1: auipc s9, 0\n\tsw s9, 0(s10)\n\t" POTOROO_NOW "\n\tsw s9, 4(s10)\n\t"                 \
			 "addi s10, s10, 8\n\t"                                                                        \
			 ".pushsection .potoroo.points,\"\",@progbits\n\t.quad 1b, 0\n\t.popsection" ::                \
				 : "memory")
#endif
#endif

#endif
