# Odds and ends, warm (second pass: marks from 6).
# wfi waits for the timer (its interrupt is pending but not taken): the wait costs nothing
# expect c[7] - c[6] == 2*csr + alu + csr + csr + MARK
# code in the uncached range: each of its instructions pays device_access
# expect c[8] - c[7] == jump + 3*(alu + device_access) + jump + device_access + MARK
# floating point that is switched off traps: it has cost fp
# expect c[9] - c[8] == fp + trap + csr + alu + csr + ret + MARK
# an sc without reservation fails and touches nothing, in a cold line too
# expect c[10] - c[9] == store + MARK
# cbo, vector …: not here. An access to the boot ROM (no RAM) costs device_access
# expect c[11] - c[10] == load + device_access + MARK
# expect l1d[11] == 0
#include "guest.h"
    BEGIN
    SUPERVISOR s_mode
s_mode:
    la t0, handler
    csrw stvec, t0
    li t0, 0x20
    csrw sie, t0
    li t0, 0x6000
    csrc sstatus, t0
    li s1, 0x87e30000
    li t0, 0x00130313   # addi t1, t1, 1
    sw t0, 0(s1)
    sw t0, 4(s1)
    sw t0, 8(s1)
    li t0, 0x00008067   # ret
    sw t0, 12(s1)
    fence.i
    li s2, 0x80100000
    li s3, 0x1000
    TWICE
    MARK
    csrr t0, time
    addi t0, t0, 100
    csrw stimecmp, t0
    wfi
    csrw stimecmp, s9
    MARK
    jalr s1
    MARK
    fadd.d ft0, ft0, ft0
    MARK
    sc.d t1, zero, (s2)
    MARK
    ld t1, 0(s3)
    MARK
    AGAIN
    END
    .balign 64
handler:
    csrr t0, sepc
    addi t0, t0, 4
    csrw sepc, t0
    sret
