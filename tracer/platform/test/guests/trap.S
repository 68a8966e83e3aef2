# Traps to S-mode and sret, warm (second pass: marks from 7). The handler steps over the instruction: csrr, addi, csrw, sret.
# let HANDLER = trap + csr + alu + csr + ret
# ecall: its own cost (csr), then the trap
# expect c[8] - c[7] == csr + HANDLER + MARK
# ebreak
# expect c[9] - c[8] == csr + HANDLER + MARK
# an illegal instruction: fetch and alu
# expect c[10] - c[9] == alu + HANDLER + MARK
# a load that faults pays its class, not its access; the instructions around it count once
# expect c[11] - c[10] == 2*alu + load + HANDLER + 2*alu + MARK
# expect insns[11] - insns[10] == 5 + 4 + 2
# traps behind a taken branch and behind a jump
# expect c[12] - c[11] == branch + branch_taken + csr + HANDLER + jump + csr + HANDLER + MARK
# expect traps[12] - traps[11] == 2
# mret is illegal in S-mode: its own cost (return), then the trap
# expect c[13] - c[12] == ret + HANDLER + MARK
# expect l1d[13] == 0
#include "guest.h"
    BEGIN
    SUPERVISOR s_mode
s_mode:
    la t0, handler
    csrw stvec, t0
    li a0, 0x60000      # no memory, no device
    TWICE
    MARK
    ecall
    MARK
    ebreak
    MARK
    .word 0xffffffff
    MARK
    nop
    nop
    ld t1, 0(a0)
    nop
    nop
    MARK
    beq zero, zero, 1f
    nop
1:  ecall
    j 2f
    nop
2:  ecall
    MARK
    mret
    MARK
    AGAIN
    END
    .balign 64
handler:
    csrr t0, sepc
    addi t0, t0, 4
    csrw sepc, t0
    sret
