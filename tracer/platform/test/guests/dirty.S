# Dirty evictions. Five lines A..E, 4096 apart: one set of four ways (LRU). The measured code is one line.
# Store to A and C, load B and D: four misses. Then E puts out A (dirty), A puts out B (clean), B puts out C (dirty).
# expect c[1] - c[0] == 2*store + 2*load + 4*l1d_miss + MARK
# expect c[2] - c[1] == 3*load + 3*l1d_miss + 2*l1d_evict_dirty + MARK
# expect dirty[2] == 2
# A came back clean, so when it goes again nothing is written: the set is D E A B; C puts out D, D puts out E, E puts out A
# expect c[4] - c[3] == 3*load + 3*l1d_miss + MARK
# a load, then a store that hits: dirty too. The set is B C D E; C is written, B and C go (F, G)
# expect c[5] - c[4] == store + 2*load + 2*l1d_miss + MARK
# now the set is D E ... see below: C was used last but two, so D and E go before it; then C, dirty
# expect c[6] - c[5] == 2*load + 2*l1d_miss + l1d_evict_dirty + MARK
#include "guest.h"
    BEGIN
    li a0, 0x80100000
    li a1, 0x80101000
    li a2, 0x80102000
    li a3, 0x80103000
    li a4, 0x80104000
    li a5, 0x80105000
    li a6, 0x80106000
    .balign 64
    MARK
    sd zero, 0(a0)
    ld t1, 0(a1)
    sd zero, 0(a2)
    ld t1, 0(a3)
    MARK
    ld t1, 0(a4)
    ld t1, 0(a0)
    ld t1, 0(a1)
    MARK
    .balign 64
    MARK
    ld t1, 0(a2)        # set, least recent first: E A B C
    ld t1, 0(a3)        # A B C D
    ld t1, 0(a4)        # B C D E
    MARK
    sd zero, 0(a2)      # B D E C*
    ld t1, 0(a5)        # D E C* F
    ld t1, 0(a6)        # E C* F G
    MARK
    ld t1, 0(a0)        # C* F G A
    ld t1, 0(a1)        # F G A B, C written back
    MARK
    END
