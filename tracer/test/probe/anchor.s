	.text
	.type	f,@function
f:
.LBB0_7:
	auipc	a0, %pcrel_hi(x)
	addi	a0, a0, %pcrel_lo(.LBB0_7)
	beqz	a0, .LBB0_2
.LBB0_8:
	auipc	a1, %pcrel_hi(x)
	addi	a1, a1, %pcrel_lo(.LBB0_8)
	lw	a1, %pcrel_lo(.LBB0_8)(a1)
.LBB0_2:
.LA3:
	auipc	a1, %pcrel_hi(x)
	addi	a1, a1, %pcrel_lo(.LA3)
	call	g
1:	auipc	a1, %pcrel_hi(x)
	addi	a1, a1, %pcrel_lo(1b)
	ret
