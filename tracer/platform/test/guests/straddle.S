# An access over the edge of two lines touches both; over the edge of two pages too.
# expect c[1] - c[0] == load + 2*l1d_miss + MARK
# the first line is there, the second is new
# expect c[2] - c[1] == load + l1d_miss + MARK
# both there
# expect c[3] - c[2] == load + store + MARK
# two pages
# expect c[4] - c[3] == store + 2*l1d_miss + MARK
# the last byte of a line is not over the edge
# (that is the 17th instruction of the code: the next line)
# expect c[5] - c[4] == load + l1d_miss + l1i_miss + MARK
#include "guest.h"
    BEGIN
    li a0, 0x80100000
    li a1, 0x80102000
    j 1f
    .balign 64
1:  j 3f
2:  MARK
    ld t1, 60(a0)
    MARK
    lw t1, 126(a0)
    MARK
    ld t1, 60(a0)
    sw t1, 126(a0)
    MARK
    sd t1, -4(a1)
    MARK
    lhu t1, 318(a0)
    MARK
    END
    .balign 64
3:  j 2b                # the first line of the code above is fetched, then the work begins
