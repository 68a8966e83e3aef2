# Write-back without allocation, and write-through with it.
# for N in 0 1
# let BACK = N == 0
# set l1d.write = {back:through}
# set l1d.allocate = {no:yes}
# Two stores to a new line: without allocation both miss; with it the second hits.
# expect c[1] - c[0] == 2*store + (2 if BACK else 1)*l1d_miss + MARK
# Load it (fills it in the first case), store (dirty where written back), then four more lines put it out.
# expect c[2] - c[1] == load + (l1d_miss if BACK else 0) + store + MARK
# expect c[3] - c[2] == 4*(load + l1d_miss) + (l1d_evict_dirty if BACK else 0) + MARK
#include "guest.h"
    BEGIN
    li a0, 0x80100000
    li a1, 0x80101000
    li a2, 0x80102000
    li a3, 0x80103000
    li a4, 0x80104000
    .balign 64
    MARK
    sd zero, 0(a0)
    sd zero, 8(a0)
    MARK
    ld t1, 0(a0)
    sd zero, 0(a0)
    MARK
    ld t1, 0(a1)
    ld t1, 0(a2)
    ld t1, 0(a3)
    ld t1, 0(a4)
    MARK
    END
