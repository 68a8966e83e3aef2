	.text
	.type	f, @function
f:
 #APP
# 7 "user.c" 1
	.insn sb 0x63, 0, a0, a1, f
# 0 "" 2
 #NO_APP
	ret
