# Untaken branches cost branch; taken ones branch + branch_taken, forwards and backwards.
# expect c[6] - c[5] == 3*branch + MARK
# expect c[7] - c[6] == 3*(branch + branch_taken) + MARK
# a loop of 10: li, then 10 times addi and bnez, taken 9 times
# expect c[8] - c[7] == alu + 10*(alu + branch) + 9*branch_taken + MARK
# expect taken[8] - taken[7] == 9
# compressed branches: c.beqz taken, c.bnez untaken
# expect c[9] - c[8] == alu + 2*branch + branch_taken + MARK
#include "guest.h"
    BEGIN
    TWICE
    MARK
    bne zero, zero, 1f
    beq zero, s11, 1f
    bltu s11, zero, 1f
    MARK
    beq zero, zero, 2f
1:  nop
2:  bgeu s11, zero, 3f
    nop
3:  bne zero, s11, 4f
    nop
4:  MARK
    li t0, 10
5:  addi t0, t0, -1
    bnez t0, 5b
    MARK
    li a0, 0
    .option rvc
    c.beqz a0, 6f
    c.nop
6:  c.bnez a0, 6b
    .option norvc
    MARK
    AGAIN
    END
