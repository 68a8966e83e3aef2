# The counter page: the trap stamp is the time of the trap without its cost, the return stamp that behind sret, the latch that
# behind the latching store. Values are told by marks.
# v[k] is the value of mark k. Second pass: marks 4 (latch before), 5 (trap stamp), 6 (latch in the handler), 7 (return stamp)
# The latch store is followed by ld, then ecall.
# expect v[5] - v[4] == load + device_access + csr
# the handler: trap, ld, mv; sd, ld (the latch)
# expect v[6] - v[5] == trap + load + device_access + store + device_access
# then ld of the latch, csrr, addi, csrw, sret
# expect v[7] - v[6] == load + device_access + csr + alu + csr + ret
#include "guest.h"
    BEGIN
    SUPERVISOR s_mode
s_mode:
    la t0, handler
    csrw stvec, t0
    TWICE
    sd zero, 8(s11)
    ld s1, 0(s11)
    ecall
    ld s4, 24(s11)
    MARK_VALUE s1
    MARK_VALUE s2
    MARK_VALUE s3
    MARK_VALUE s4
    AGAIN
    END
    .balign 64
handler:
    ld s2, 16(s11)
    sd zero, 8(s11)
    ld s3, 0(s11)
    csrr t0, sepc
    addi t0, t0, 4
    csrw sepc, t0
    sret
