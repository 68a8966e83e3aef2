# As stamp.S, but the kernel lives in M-mode: its traps and mret have stamps of their own, and leave those of S-mode alone.
# v[k] is the value of mark k. Second pass: marks 6 (latch before), 7 (trap stamp), 8 (latch in the handler), 9 (return stamp),
# 10 and 11 (S-mode's: nothing came)
# expect v[7] - v[6] == load + device_access + csr
# expect v[8] - v[7] == trap + load + device_access + store + device_access
# expect v[9] - v[8] == load + device_access + csr + alu + csr + ret
# expect v[10] == 0
# expect v[11] == 0
#include "guest.h"
    BEGIN
    la t0, handler
    csrw mtvec, t0
    sd zero, 16(s11)
    sd zero, 24(s11)
    TWICE
    sd zero, 8(s11)
    ld s1, 0(s11)
    ecall
    ld s4, 48(s11)
    ld s5, 16(s11)
    ld s6, 24(s11)
    MARK_VALUE s1
    MARK_VALUE s2
    MARK_VALUE s3
    MARK_VALUE s4
    MARK_VALUE s5
    MARK_VALUE s6
    AGAIN
    END
    .balign 64
handler:
    ld s2, 40(s11)
    sd zero, 8(s11)
    ld s3, 0(s11)
    csrr t0, mepc
    addi t0, t0, 4
    csrw mepc, t0
    mret
