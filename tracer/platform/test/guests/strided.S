# N lines of 64 bytes, one load each, round after round over an L1D of 256 lines (64 sets, 4 ways, LRU): below, at, above capacity.
# for N in 255 256 257
# From mark to mark: addi, bnez taken, mv, N times (ld, addi, bne), bne taken all but once. The code is one line.
# let ROUND = alu + branch + branch_taken + alu + N*(load + alu + branch) + (N - 1)*branch_taken + MARK
# Cold: every line misses.
# expect c[1] - c[0] == ROUND + N*l1d_miss
# The second time: 256 lines fit. With 257, set 0 has five lines for four ways, in a circle: all five miss.
# let AGAIN = {255: 0, 256: 0, 257: 5}[N]
# expect c[2] - c[1] == ROUND + AGAIN*l1d_miss
# expect l1d[2] - l1d[1] == AGAIN
# expect dirty[2] == 0
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
