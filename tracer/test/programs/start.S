# Bare metal, M-mode: enough for main() to run with probes: s10 writes records into plain RAM, s11 is a page that nobody counts in.
	.section .start,"ax"
	.globl	_start
_start:
	la	sp, stack_top
	la	s11, counter
	li	s10, 0x90000000
	call	main
	li	t0, 0x90000000
	li	t1, 0x8ffffff8
	sd	s10, 0(t1)
	li	t0, 0x100000
	li	t1, 0x5555
	sw	t1, 0(t0)
1:	j	1b
	.bss
	.align	12
counter:
	.zero	4096
	.zero	65536
stack_top:
