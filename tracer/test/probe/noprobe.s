	.section	.noprobe.text,"ax",@progbits
	.type	boot, @function
boot:
	li	s10,5
	beqz	a0,.L1
	j	.+8
.L1:
	ret
	.text
	.type	f, @function
f:
	nop
	.if 1
	beqz	a0,.L2
	.else
	nop
	.endif
	nop
.L2:
	ret
