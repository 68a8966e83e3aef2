/* A guest for nest_test.py: a kernel in M-mode that takes traps while it runs and switches stacks in the middle of an entry. Its user makes
 * 800 calls, counted down in a0: for odd ones the kernel traps into itself, for every eighth it goes on as another thread. */
#include "tracer/target/potoroo.h"

	.option	norelax
	.section .text
	.globl	_start, vector, outer, nested
_start:
	la	t0, vector
	csrw	mtvec, t0
	li	t0, -1
	csrw	pmpaddr0, t0
	li	t0, 0x1f
	csrw	pmpcfg0, t0
	li	t0, 0x1800
	csrc	mstatus, t0
	la	t0, user
	csrw	mepc, t0
	li	a0, 800
	POTOROO_INIT t0
	POTOROO_EXIT t0
	j	out
	.balign	64
	.type	vector, @function
vector:
	POTOROO_ENTER_POINT
	csrr	s1, mcause
	li	s2, 11
	beq	s1, s2, 5f
	POTOROO_ENTER s3
outer:
	POTOROO_PROBE
	csrr	s4, mepc
	addi	s4, s4, 4
	andi	s5, a0, 1
	beqz	s5, 1f
	POTOROO_PROBE
	ecall
	POTOROO_PROBE
1:	POTOROO_PROBE
	andi	s5, a0, 7
	bnez	s5, 2f
	POTOROO_SWITCH
2:	POTOROO_PROBE
	POTOROO_EXIT s3
	csrw	mepc, s4
	j	out
5:	POTOROO_NESTED_ENTER s6
nested:
	POTOROO_PROBE
	csrr	s7, mepc
	addi	s7, s7, 4
	csrw	mepc, s7
	li	s6, 50
3:	POTOROO_PROBE
	addi	s6, s6, -1
	bnez	s6, 3b
	POTOROO_PROBE
	la	s8, slot
	POTOROO_NESTED_EXIT 0(s8)
out:
	POTOROO_LEAVE_POINT
	mret
	.size	vector, . - vector

	.balign	64
user:
	ecall
	addi	a0, a0, -1
	bnez	a0, user
	li	t0, 0x5555
	li	t1, 0x100000
	sw	t0, 0(t1)
4:	j	4b

	.data
slot:	.dword	0

	.section .potoroo.buffer, "aw", @nobits
	.globl	potoroo_buffer
potoroo_buffer:
	.zero	0x1e0000
