# Straight-line code: each instruction costs its class; each line is fetched once while it stays.
# The code between the marks begins 8 bytes into a line: 30 instructions end the second line, the second mark is in the third.
# expect c[1] - c[0] == 30*alu + 2*l1i_miss + MARK
# expect l1i[1] - l1i[0] == 2
# expect c[3] - c[2] == 30*alu + MARK
# expect insns[3] - insns[2] == 32
#include "guest.h"
    BEGIN
    TWICE
    MARK
    .rept 30
    addi t1, t1, 1
    .endr
    MARK
    AGAIN
    END
