# Interrupts, warm. The S-mode software interrupt is raised by a CSR write and taken behind it; the handler takes the first way.
# let HANDLER = trap + csr + alu + branch + branch_taken + csr + ret
# expect c[3] - c[2] == csr + HANDLER + alu + MARK
# expect traps[3] - traps[2] == 1
# Timer interrupts where they come: behind taken and untaken branches, jumps, plain instructions. The loop's rounds are known; the
# whole is the loop plus as many handlers (the second way) as there were traps.
# let TIMER = trap + csr + branch + csr + 2*alu + csr + ret
# let ROUND = alu + mul + branch + alu + branch + branch_taken + jump + alu + alu + branch + branch_taken
# let TRAPS = traps[7] - traps[6]
# expect TRAPS > 100
# expect c[7] - c[6] == alu + 5000*ROUND - branch_taken + TRAPS*TIMER + MARK
# expect taken[7] - taken[6] == 2*5000 - 1
#include "guest.h"
    BEGIN
    SUPERVISOR s_mode
s_mode:
    la t0, handler
    csrw stvec, t0
    li s9, 0
    li t0, 0x22
    csrw sie, t0
    li t0, -1
    csrw stimecmp, t0
    csrsi sstatus, 2
    li s8, 100          # rounds of the timed loop, in the warming pass
    li s7, 5000
    TWICE
    MARK
    csrsi sip, 2
    nop
    MARK
    AGAIN
    li s10, 2
    j 1f
    .balign 64
1:  csrr t0, time
    addi t0, t0, 1
    csrw stimecmp, t0
    beqz s9, 2f
    nop
2:  MARK
    mv t2, s8
3:  addi t1, t1, 1
    mul t1, t1, t1
    bne zero, zero, 6f
    addi t1, t1, 1
    beq zero, zero, 4f
    nop
4:  j 5f
    nop
5:  addi t1, t1, 1
    addi t2, t2, -1
    bnez t2, 3b
6:  MARK
    mv s8, s7
    addi s10, s10, -1
    bnez s10, 1b
    END
    .balign 64
handler:
    csrr s1, scause
    andi s2, s1, 4      # 1: software, 5: timer
    beqz s2, 7f
    csrr s2, time
    addi s2, s2, 3
    csrw stimecmp, s2
    sret
7:  csrci sip, 2
    sret
