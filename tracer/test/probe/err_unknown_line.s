	.text
f:
	mv s9,a0
