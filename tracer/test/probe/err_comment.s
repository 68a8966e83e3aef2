	.text
	.type	f, @function
f:
 #APP
# 7 "user.c" 1
	/* abc
# 0 "" 2
 #NO_APP
	ret
