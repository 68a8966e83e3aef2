# Dirty lines over two levels. L1D is one line, L2 has two ways; A B C fall into one L2 set (number 128, far from the code's).
# platform reference-l2.ini
# for N in 0 1
# set l1d.sets = 1
# set l1d.ways = 1
# set l1d.write = {back:through}
# set l2.ways = 2
# let BACK = N == 0
# Store A: L1 and L2 miss; L2: A, L1: A dirty (back), or A dirty in L2 at once (through).
# expect c[1] - c[0] == store + l1d_miss + l2_miss + MARK
# Load B: both miss; L2: A B. A leaves L1: written back (back), which makes it dirty in L2.
# expect c[2] - c[1] == load + l1d_miss + l2_miss + (l1d_evict_dirty if BACK else 0) + MARK
# Load C: both miss; B leaves L1 clean; A, the least recent, leaves L2 dirty: B C.
# expect c[3] - c[2] == load + l1d_miss + l2_miss + l2_evict_dirty + MARK
# Store C: hits L1. (through: C is dirty in L2)
# expect c[4] - c[3] == store + MARK
# (Behind this line of code comes another, cold in both levels.)
# Load B: L2 hits; C leaves L1, written back (back): C dirty, and older than B in L2: a write-back is no use.
# expect c[5] - c[4] == load + l1d_miss + (l1d_evict_dirty if BACK else 0) + l1i_miss + l2_miss + MARK
# Load A: both miss; C leaves L2 dirty.
# expect c[6] - c[5] == load + l1d_miss + l2_miss + l2_evict_dirty + MARK
# expect dirty[6] == (2 if BACK else 0)
# expect l2dirty[6] == 2
# expect l1i[6] == l1i[0] + 1
#include "guest.h"
    BEGIN
    li a0, 0x80102000
    li a1, 0x80106000
    li a2, 0x8010a000
    j 3f
    .balign 64
2:  MARK
    sd zero, 0(a0)
    MARK
    ld t1, 0(a1)
    MARK
    ld t1, 0(a2)
    MARK
    sd zero, 0(a2)
    MARK
    ld t1, 0(a1)
    MARK                # the line ends behind this li
    ld t1, 0(a0)
    MARK
    END
    .balign 64
3:  j 2b
