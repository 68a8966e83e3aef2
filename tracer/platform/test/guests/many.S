# For the test of QEMU's translation memory running over (board_test.py): 12000 blocks, three times around.
# Only the first round is cold: 12000 blocks of 8 bytes are 1500 lines; L1I here holds 4096.
# set l1i.sets = 1024
# expect c[2] - c[1] == 12000*(alu + jump) + alu + branch + jump + MARK
# expect l1i[2] == l1i[1]
#include "guest.h"
    BEGIN
    li s10, 3
    j 1f
    .balign 64
1:
    .rept 12000
    addi t0, t0, 1
    j .+4
    .endr
    MARK
    addi s10, s10, -1
    beqz s10, 2f
    j 1b
2:  END
