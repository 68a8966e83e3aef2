	.text
	.type	f, @function
f:
 #APP
# 7 "user.c" 1
	.insn 0x0000006f
# 0 "" 2
 #NO_APP
	ret
