# The same over two levels: L1D 64 lines (16 sets, 4 ways), L2 2048 lines (256 sets, 8 ways), all LRU, read only.
# platform reference-l2.ini
# for N in 64 65 2048 2049
# let ROUND = alu + branch + branch_taken + alu + N*(load + alu + branch) + (N - 1)*branch_taken + MARK
# Cold: every line misses in both levels.
# expect c[1] - c[0] == ROUND + N*(l1d_miss + l2_miss)
# The second time: L1 holds 64; with 65, set 0's five lines miss; far beyond its capacity all miss. L2 holds 2048; with 2049,
# set 0's nine lines for eight ways all miss. (The code's few lines have gone from L2 before, but L1I keeps them.)
# let L1 = {64: 0, 65: 5, 2048: 2048, 2049: 2049}[N]
# let L2 = {64: 0, 65: 0, 2048: 0, 2049: 9}[N]
# expect c[2] - c[1] == ROUND + L1*l1d_miss + L2*l2_miss
# expect l1d[2] - l1d[1] == L1
# expect l2[2] - l2[1] == L2
# expect l1i[2] == l1i[0]
#include "guest.h"
    BEGIN
    li s1, 0x80100000
    li s2, 0x80100000 + N*64
    li s10, 3
    j 4f
    .balign 64
2:  mv t0, s1
3:  ld t1, 0(t0)
    addi t0, t0, 64
    bne t0, s2, 3b
4:  MARK
    addi s10, s10, -1
    bnez s10, 2b
    END
