	.text
	.type	f, @function
f:
	lla	a4,.L4
	slli	a0,a0,2
	add	a0,a0,a4
	lw	a5,0(a0)
	add	a5,a5,a4
	jr	a5
	.section	.rodata
	.align	2
.L4:
	.word	.L8-.L4
	.word	.L7-.L4
	.text
.L8:
	li	a0,12
	ret
.L7:
	li	a0,7
.L6:
	ret
.L5:
	ret
	.size	f, .-f
	.section	.data.rel,"aw"
t:	.dword	.L5
	.type	g, @function
	.text
g:	lla	a0,.L11
	jalr	x0,0(a0)
.L12:	nop
.L11:	jalr	a0
	jalr	t0, 4(a0)
	ret
