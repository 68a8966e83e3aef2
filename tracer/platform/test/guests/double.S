# Two traps at once: a machine timer interrupt may come between a trap to S-mode and its handler's first instruction. 3000 rounds
# of an ecall with the timer firing all the time; s6 counts the interrupts that hit right there. Warmed by 100 rounds (mark 0 to 1).
# The mark's value is s6; rounds are marks 1 to 2. Before them: addi, beqz, j; blt, addi, andi, bnez, mv, j; mv.
# let D = v[2] - v[1]
# let M = traps[2] - traps[1] - 3000
# expect D >= 1 and M > 100
# Round: ecall, S handler (csrr, addi, csrw, sret), addi, bnez. M handler: csrr, bne (taken unless it hit), [addi], ld, addi, sd, mret
# let MACHINE = trap + csr + branch + load + device_access + alu + store + device_access + ret
# let ROUND = csr + trap + csr + alu + csr + ret + alu + branch + branch_taken
# expect c[2] - c[1] == alu + branch + jump + branch + 2*alu + branch + alu + jump + alu + 3000*ROUND - branch_taken + M*MACHINE + (M - D)*branch_taken + D*alu + MARK
#include "guest.h"
    BEGIN
    la t0, m_handler
    csrw mtvec, t0
    li s3, 0x200bff8
    li s4, 0x2004000
    la s5, handler
    li s6, 0
    ld t0, 0(s3)
    sd t0, 0(s4)
    li t0, 0x80
    csrw mie, t0
    SUPERVISOR s_mode
s_mode:
    csrw stvec, s5
    li s7, 100
    li s8, 3000
    li s10, 3
    j 1f
    .balign 64
2:  mv t2, s7
3:  ecall
    addi t2, t2, -1
    bnez t2, 3b
1:  MARK_VALUE s6
    addi s10, s10, -1
    beqz s10, 4f
    j 5f
4:  END
    .balign 64
5:  blt s10, zero, 4b   # fetched once before it counts
    addi s9, s9, 1
    andi s9, s9, 1
    bnez s9, 2b
    mv s7, s8
    j 2b
    .balign 64
handler:
    csrr t0, sepc
    addi t0, t0, 4
    csrw sepc, t0
    sret
    .balign 64
m_handler:
    csrr s1, mepc
    bne s1, s5, 1f
    addi s6, s6, 1
1:  ld s2, 0(s3)
    addi s2, s2, 1
    sd s2, 0(s4)
    mret
