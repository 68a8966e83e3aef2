# Sv39: page faults of loads, stores and fetches, warm (second pass: marks from 4).
# let HANDLER = trap + csr + alu + csr + ret
# expect c[5] - c[4] == load + HANDLER + MARK
# expect c[6] - c[5] == store + HANDLER + MARK
# A fetch fault: the jump before it is complete, nothing is fetched. Its handler: csrw, sret. Around it csrw, jr, csrw.
# expect c[7] - c[6] == csr + jump + trap + csr + ret + csr + MARK
# expect traps[7] - traps[6] == 1
# expect insns[7] - insns[6] == 3 + 2 + 2
# the two stores to the page table are one line, in M-mode
# expect l1d[7] == 1
#include "guest.h"
    BEGIN
    la t0, root         # two gigapages, at 0 and at 0x80000000; between them nothing
    li t1, 0xcf
    sd t1, 0(t0)
    li t1, (0x80000000 >> 2) | 0xcf
    sd t1, 16(t0)
    srli t0, t0, 12
    li t1, 8
    slli t1, t1, 60
    or t0, t0, t1
    csrw satp, t0
    SUPERVISOR s_mode
s_mode:
    la s1, handler
    la s2, fetch_handler
    la s3, 2f
    csrw stvec, s1
    sfence.vma
    li a0, 0x40001000
    li s10, 2
    j 1f
    .balign 64
1:  MARK
    ld t1, 0(a0)
    MARK
    sd t1, 8(a0)
    MARK
    csrw stvec, s2
    jr a0
2:  csrw stvec, s1
    MARK
    addi s10, s10, -1
    bnez s10, 1b
    END
    .balign 64
handler:
    csrr t0, sepc
    addi t0, t0, 4
    csrw sepc, t0
    sret
    .balign 64
fetch_handler:
    csrw sepc, s3
    sret
    .balign 4096
root:
    .skip 4096
