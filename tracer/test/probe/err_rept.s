	.text
	.type	f, @function
f:
 #APP
# 7 "user.c" 1
	.rept 2
	j f
	.endr
# 0 "" 2
 #NO_APP
	ret
