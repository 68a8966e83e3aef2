	.file	"branch.c"
	.text
	.align	1
	.globl	f
	.type	f, @function
f:
.LFB0:
	.file 1 "branch.c"
	.loc 1 3 14
	.cfi_startproc
.LVL0:
	bgtu	a0,a1,.L2		# taken: .L2
	addi	sp,sp,-16
	.cfi_def_cfa_offset 16
	call	g
.LVL1:
	ld	ra,8(sp)
	jr	ra
.L9:
	nop				# not reachable: nothing names .L9
.L2:
	.loc 1 4 2
	tail	h
	.cfi_endproc
.LFE0:
	.size	f, .-f
	.section	.debug_info,"",@progbits
	.4byte	.L9
	.section	.text.unlikely,"ax",@progbits
	.type	never, @function
never:
	call	abort
	.size	never, .-never
	.type	last, %function
last:
	jal	g
	jal	zero,.L2
	.size	last, .-last
