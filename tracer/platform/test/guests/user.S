# User mode: an ecall, and an sret that is illegal there and so must leave the return stamp alone. Warm in the second pass.
# The user part: ecall, sret. Handler for both: ld of the return stamp, mark with it, csrr, addi, csrw, addi, beqz, sret.
# From the mark in the ecall's handler to that in the illegal sret's: csrr, addi, csrw, addi, beqz, sret; the user's sret (return); trap; ld; mark
# expect c[5] - c[4] == 2*csr + 2*alu + branch + ret + ret + trap + load + device_access + MARK
# The stamp seen in the second handler is the time after the first handler's sret, whatever the user's sret tried.
# expect v[4] == c[3] + 2*csr + 2*alu + branch + ret
# and so on around: the loop is user ecall, user sret, user j
# expect v[5] == c[4] + 2*csr + 2*alu + branch + ret
# expect c[4] - c[3] == 2*csr + 2*alu + branch + ret + jump + csr + trap + load + device_access + MARK
#include "guest.h"
    BEGIN
    SUPERVISOR s_mode
s_mode:
    la t0, handler
    csrw stvec, t0
    li s10, 8
    la t0, user
    csrw sepc, t0
    li t0, 0x100
    csrc sstatus, t0
    sret
    .balign 64
user:
    ecall
    sret
    j user
    .balign 64
handler:
    ld s1, 24(s11)
    MARK_VALUE s1
    csrr t0, sepc
    addi t0, t0, 4
    csrw sepc, t0
    addi s10, s10, -1
    beqz s10, 1f
    sret
1:  END
