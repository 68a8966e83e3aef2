/* SPDX-License-Identifier: GPL-2.0-or-later
 * Code and data large enough to push everything else out of the caches. Each 32-byte line of the code holds a jump to the
 * next line, and a return for those who want this line alone. */
	.option	norvc
	.option	norelax

	.text
	.globl	evict_code_tail, evict_code_lines, evict_data_store, evict_data_load
evict_code_tail:
	lla	t0, evict_code_end
	slli	a0, a0, 5
	sub	t0, t0, a0
	jr	t0

evict_code_lines:
	lla	t0, evict_code
	slli	a0, a0, 5
	add	t0, t0, a0
	beqz	a1, 2f
1:	jalr	t1, 4(t0)
	addi	t0, t0, 32
	addi	a1, a1, -1
	bnez	a1, 1b
2:	ret

evict_data_store:
	beqz	a1, 2f
1:	sd	zero, 0(a0)
	sd	zero, 32(a0)
	sd	zero, 64(a0)
	sd	zero, 96(a0)
	sd	zero, 128(a0)
	sd	zero, 160(a0)
	sd	zero, 192(a0)
	sd	zero, 224(a0)
	addi	a0, a0, 256
	addi	a1, a1, -1
	bnez	a1, 1b
2:	ret

evict_data_load:
	beqz	a1, 2f
1:	ld	t0, 0(a0)
	ld	t0, 32(a0)
	ld	t0, 64(a0)
	ld	t0, 96(a0)
	ld	t0, 128(a0)
	ld	t0, 160(a0)
	ld	t0, 192(a0)
	ld	t0, 224(a0)
	addi	a0, a0, 256
	addi	a1, a1, -1
	bnez	a1, 1b
2:	ret

	.section .text.zz_evict, "ax"
	.balign	64
evict_code:
	.rept	8192
	j	.+32
	jr	t1
	.zero	24
	.endr
evict_code_end:
	ret

	.bss
	.balign	4096
	.globl	evict_data
evict_data:
	.zero	0x80000
