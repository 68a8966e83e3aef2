	.text
	.type	f, @function
f:
 #APP
# 7 "user.c" 1
	ld x27,0(a0)
# 0 "" 2
 #NO_APP
	ret
