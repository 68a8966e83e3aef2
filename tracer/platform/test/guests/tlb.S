# Sv39 with a DTLB of 2 entries and an ITLB of 1, LRU, 4 KiB pages. M-mode has no translation, so nothing misses before S-mode.
# append [dtlb] entries=2 page=4096 policy=lru miss=30
# append [itlb] entries=1 page=4096 policy=lru miss=40
# Pages of data A, B, C, and the counter page K, which every mark touches. Held before the first ld: K (mark).
# A is new (to L1D too): K A. K (mark)
# expect c[1] - c[0] == load + dtlb_miss + l1d_miss + MARK
# B puts out A (K used later): K B; mark
# expect c[2] - c[1] == load + dtlb_miss + l1d_miss + MARK
# B again, then K: all there
# expect c[3] - c[2] == load + MARK
# A and B: A puts out B, ... K A; then B puts out K; the mark's store misses
# expect c[4] - c[3] == 2*load + 2*dtlb_miss + dtlb_miss + MARK
# sfence.vma empties both; data: ld B, then the mark. The fence is the 17th instruction of the code, in a new line;
# its own page is looked up again when the next line is fetched.
# expect c[5] - c[4] == l1i_miss + fence + load + 2*dtlb_miss + MARK
# A call to another page and back: two ITLB misses, two new lines; here the line is fetched anew from L1I, no miss
# expect c[7] - c[6] == 2*jump + 2*itlb_miss + l1i_miss + MARK
# expect c[9] - c[8] == 2*jump + 2*itlb_miss + MARK
# expect itlb[9] - itlb[8] == 2
#include "guest.h"
    BEGIN
    la t0, root
    li t1, 0xcf
    sd t1, 0(t0)
    li t1, (0x80000000 >> 2) | 0xcf
    sd t1, 16(t0)
    srli t0, t0, 12
    li t1, 8
    slli t1, t1, 60
    or t0, t0, t1
    csrw satp, t0
    SUPERVISOR s_mode
s_mode:
    li a0, 0x80100000
    li a1, 0x80101000
    la s1, far
    j 1f
    .balign 128
1:  j 3f
2:  MARK
    ld t1, 0(a0)
    MARK
    ld t1, 0(a1)
    MARK
    ld t1, 0(a1)
    MARK
    ld t1, 0(a0)
    ld t1, 0(a1)
    MARK
    sfence.vma
    ld t1, 0(a1)
    MARK
    j 4f
    .balign 64
3:  j 2b
    .balign 64
4:  MARK
    jalr s1
    MARK
    MARK
    jalr s1
    MARK
    END
    .balign 4096
far:
    ret
    .balign 4096
root:
    .skip 4096
