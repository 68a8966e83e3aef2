# A guest for run_test.py, in M-mode. The word at 0x87e08000 says what to do, the next one how often:
#   0 write N probe records      1 never end            2 fail with status 7          3 write a record that is no point
#   4 never set up the buffer    5 claim 42 lost        6 let the cycle count wrap    7 print on the console
#include "tracer/target/potoroo.h"

	.option	norelax
	.section .text
	.globl	_start
_start:
	li	s1, 0x87e08000
	ld	a0, 0(s1)
	ld	a1, 8(s1)
	li	t0, 4
	beq	a0, t0, off
	POTOROO_INIT t0
	li	t0, 1
	beq	a0, t0, hang
	li	t0, 2
	beq	a0, t0, fail
	li	t0, 3
	beq	a0, t0, stray
	li	t0, 5
	beq	a0, t0, lost
	li	t0, 6
	beq	a0, t0, wrap
	li	t0, 7
	beq	a0, t0, hello
again:
	POTOROO_PROBE
	andi	t0, a1, 3
	beqz	t0, skip
	POTOROO_PROBE
	nop
skip:
	addi	a1, a1, -1
	bgtz	a1, again
end:
	POTOROO_EXIT t0
off:
	li	t0, 0x5555
1:	li	t1, 0x100000
	sw	t0, 0(t1)
	j	1b
hang:
	POTOROO_PROBE
	j	hang
fail:
	POTOROO_PROBE
	POTOROO_EXIT t0
	li	t0, 7 << 16 | 0x3333
	j	1b
stray:
	POTOROO_PROBE
	li	t0, 0x1234
	sw	t0, 0(s10)
	sw	t0, 4(s10)
	addi	s10, s10, 8
	j	end
lost:
	POTOROO_PROBE
	lla	t1, potoroo_buffer
	li	t0, 42
	sd	t0, POTOROO_BUFFER_LOST(t1)
	j	end
	.globl	wrap
wrap:
#ifndef POTOROO_OFF
	.pushsection .potoroo.points, "", @progbits
	.quad	wrap, 0
	.popsection
#endif
	lla	t0, wrap
	li	t1, 0xfffffff0
	sw	t0, 0(s10)
	sw	t1, 4(s10)
	sw	t0, 8(s10)
	sw	zero, 12(s10)
	sw	t0, 16(s10)
	sw	t1, 20(s10)
	sw	t0, 24(s10)
	li	t1, 5
	sw	t1, 28(s10)
	addi	s10, s10, 32
	j	end
hello:
	POTOROO_PROBE
	li	t1, 0x10000000
	li	t0, 'h'
	sb	t0, 0(t1)
	li	t0, 'i'
	sb	t0, 0(t1)
	li	t0, '\n'
	sb	t0, 0(t1)
	j	end

	.section .potoroo.buffer, "aw", @nobits
	.globl	potoroo_buffer
potoroo_buffer:
	.zero	0x1e0000
