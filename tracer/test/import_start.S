#include "potoroo.h"
	.section .text.start, "ax"
	.globl	_start
_start:
	la	sp, _start + 0x100000
	POTOROO_INIT t0
	li	a0, 300
	call	work
	POTOROO_EXIT t0
	call	finish
	li	t0, 0x5555
	li	t1, 0x100000
	sw	t0, 0(t1)
1:	j	1b
