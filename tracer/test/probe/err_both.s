	.text
	.type	f, @function
f:
 #APP
# 7 "user.c" 1
1:	auipc a0,%pcrel_hi(x)
	lw a0,%pcrel_lo(1b)(a0)
	beqz a0,1b
# 0 "" 2
 #NO_APP
	ret
