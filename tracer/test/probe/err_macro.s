	.text
	.type	f, @function
f:
 #APP
# 7 "user.c" 1
	.macro m
	beqz a0,1f
1:
	.endm
	m
# 0 "" 2
 #NO_APP
	ret
