# Write-through without allocation: a store that misses pays the miss each time and leaves the line out; nothing is ever dirty.
# set l1d.write = through
# set l1d.allocate = no
# expect c[1] - c[0] == 2*(store + l1d_miss) + MARK
# the load fills; then stores hit
# expect c[2] - c[1] == load + l1d_miss + 2*store + load + MARK
# (the third load is the 17th instruction: the next line)
# five lines through four ways, the first four written: no write-backs
# expect c[3] - c[2] == 4*(load + store) + 3*l1d_miss + load + l1d_miss + l1i_miss + MARK
# expect dirty[3] == 0
#include "guest.h"
    BEGIN
    li a0, 0x80100000
    li a1, 0x80101000
    li a2, 0x80102000
    li a3, 0x80103000
    li a4, 0x80104000
    j 1f
    .balign 64
1:  j 3f
2:  MARK
    sd zero, 0(a0)
    sd zero, 8(a0)
    MARK
    ld t1, 0(a0)
    sd zero, 0(a0)
    sd zero, 8(a0)
    ld t1, 0(a0)
    MARK
    ld t1, 0(a0)
    sd zero, 0(a0)
    ld t1, 0(a1)
    sd zero, 0(a1)
    ld t1, 0(a2)
    sd zero, 0(a2)
    ld t1, 0(a3)
    sd zero, 0(a3)
    ld t1, 0(a4)
    MARK
    END
    .balign 64
3:  j 2b                # the first line of the code above is fetched, then the work begins
