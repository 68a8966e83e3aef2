# For the drain's tests (board_test.py): 21 records { i, 3 i }, one a kernel exit, into a buffer of eight at 0xffffffc087e10040 (the
# kernel's view of 0x87e10040). Each entry takes the head from where the board, or its own last exit, left it.
# expect traps[0] == 20
#include "guest.h"
    BEGIN
    la t0, root
    li t1, 0xcf
    sd t1, 0(t0)
    li t1, (0x80000000 >> 2) | 0xcf
    sd t1, 16(t0)       # 0x80000000
    li t2, 258*8
    add t2, t2, t0
    sd t1, 0(t2)        # 0xffffffc080000000
    srli t0, t0, 12
    li t1, 8
    slli t1, t1, 60
    or t0, t0, t1
    csrw satp, t0
    SUPERVISOR s_mode
s_mode:
    sfence.vma
    la t0, handler
    csrw stvec, t0
    li s1, 0xffffffc087e10000
    li t0, 0x314f4f524f544f50
    sd t0, 0(s1)
    addi t0, s1, 0x40
    sd t0, 8(s1)
    sd t0, 16(s1)
    addi t0, t0, 64
    sd t0, 24(s1)
    sd zero, 32(s1)
    li s2, 0
    la s3, again
    j exit
    .balign 64
again:                  # S-mode again: an sret that stays in the kernel's mode
    ebreak
    .balign 64
handler:
exit:
    addi s2, s2, 1      # one record
    ld t0, 16(s1)
    sw s2, 0(t0)
    slli t1, s2, 1
    add t1, t1, s2
    sw t1, 4(t0)
    addi t0, t0, 8
    sd t0, 16(s1)
    li t1, 21
    beq s2, t1, 1f
    csrw sepc, s3
    li t1, 0x100
    csrs sstatus, t1
    sret
1:  MARK
    END
    .balign 4096
root:
    .skip 4096
