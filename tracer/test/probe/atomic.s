	.text
	.type	f, @function
f:
1:
	lr.w.aqrl	a5,0(a0)
	bne	a5,a1,1f
	sc.w.rl	a4,a2,0(a0)
	bnez	a4,1b
1:
	sext.w	a0,a5
	ret
	.size f, .-f
	.type	g, @function
g:
	lr.w	a5,0(a0)
	bne	a5,a1,.L5
	nop
.L5:
	ret
