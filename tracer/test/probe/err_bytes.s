	.text
	.type	f, @function
f:
 #APP
# 7 "user.c" 1
	.word 0x12345
# 0 "" 2
 #NO_APP
	ret
