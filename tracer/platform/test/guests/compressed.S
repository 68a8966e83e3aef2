# A line holds 32 compressed instructions. A 4-byte instruction on the edge of two lines fetches both.
# Line 0: li, sd of the mark (8 bytes), 27 c.nop (54 bytes), then a 4-byte addi at offset 62: it pays line 1. The second mark (8 bytes) is in line 1.
# expect c[1] - c[0] == 27*alu + alu + l1i_miss + MARK
# expect c[3] - c[2] == 28*alu + MARK
# Third part: 32 c.nop make the line exactly full; with the mark the next line is paid.
# expect c[5] - c[4] == 28*alu + l1i_miss + MARK
#include "guest.h"
    BEGIN
    TWICE
    MARK
    .option rvc
    .rept 27
    c.nop
    .endr
    .option norvc
    addi t1, t1, 1
    MARK
    AGAIN
    j 1f
    .balign 64
1:  MARK
    .option rvc
    .rept 28
    c.nop
    .endr
    .option norvc
    MARK
    END
