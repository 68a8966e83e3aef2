	.text
	.type	f, @function
f:
 #APP
# 6 "a.c" 1
	1: addi a0,a0,-1; bnez a0, 1b; nop
	beqz a0,2f /* over; bnez a0,1b
	 the top */ ; nop // j 1b
	.ascii_not_a_string = 5
 2: j 1f
 nop
1:
	.pushsection __ex_table,"a"
	.quad 1b, 3f
	.popsection
	la a0, 1b
	li a1, ';'
3:
	.option push
	.option norvc
	ret
	.option pop
# 0 "" 2
 #NO_APP
	.rept	3
	nop
	.endr
	.size f, .-f
