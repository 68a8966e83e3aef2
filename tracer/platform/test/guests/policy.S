# One set of four ways; lines A..H accessed by loads in the order of the sequence. Worked out by hand; misses are marked with *.
# set l1d.sets = 1
# set l1d.policy = {lru:fifo:plru:nru:mru:srrip}
# for N in 0 1 2 3 4 5
#
# First  A*B*C*D*, all policies: ways 0..3 hold A B C D.      expect 4
# Second A E* A B C D:
#   lru    A: B C D A; E puts out B: C D A E; A; B* puts out C: D E A B; C* out D; D* out E: E B* C* D* = 4 misses
#   fifo   A hit; E puts out A: B C D E; A* out B; B* out C; C* out D; D* out E                         = 5
#   plru   after D the tree is (root: left; left pair: A; right pair: C). A: root right, left pair B. E* goes right: C's way:
#          A B E D, root left, right pair D. A: root right. B: left pair A. C* goes right, pair D: A B E C. D* : root is left, pair A: D B E C = E C D = 3
#   nru    all four bits set; A hit: no change. E*: all cleared, way 0 (A) out: E B C D, bits 1000. A*: way 1: E A C D, 1100. B*: way 2: E A B D, 1110.
#          C*: way 3: E A B C, 1111. D*: cleared, way 0: D A B C                                          = 5
#   mru    D set the last bit, so only D's is set: 0001. A: 1001. E*: lowest clear is way 1 (B): A E C D, 1101. A hit. B*: way 2 fills the
#          bits, only its own stays: A E B D, 0010. C*: way 0: C E B D, 1010. D hit: 1011                  = E B C = 3
#   srrip  A B C D all at 2. A: 0. E*: none at 3: count up: A 1, B C D 3; way 1: A1 E2 C3 D3. A: 0. B*: way 2: A0 E2 B2 D3. C*: way 3: A0 E2 B2 C2.
#          D*: up: A1 E3 B3 C3: way 1: A1 D2 B3 C3                                                         = E B C D = 4
# Third C F G H C A (state before, ways 0..3 or oldest first):
#   lru    A B C D. C; F* puts out A, G* B, H* D; C hit; A*                                              = 4
#   fifo   A B C D. C; F* puts out A, G* B, H* C; C* out D; A*                                           = 5
#   plru   D B E C, next right, pairs B and E. C: next left. F*: B's way, next right. G*: E's way, next left, right pair C. H*: D's way. C; A*   = 4
#   nru    D A B C, 1000. C: 1001. F* way 1, G* way 2: 1111. H*: cleared, way 0. C; A*                   = 4
#   mru    C E B D, 1011. C. F*: way 1 fills the bits: 0100. G*: way 0 (C). H*: way 2. C*, A*            = 5
#   srrip  A1 D2 B3 C3. C 0. F* way 2. G*: up: A2 D3 F3 C1: way 1. H*: way 2. C; A hit                   = 3
# The line of code that begins at label 1 ends within the second MARK of the three.
# let MISSES = [4, 5, 3, 5, 3, 4][N]
# let THIRD = [4, 5, 4, 4, 5, 3][N]
# expect c[1] - c[0] == 4*load + 4*l1d_miss + MARK
# expect c[2] - c[1] == 6*load + MISSES*l1d_miss + l1i_miss + MARK
# expect c[3] - c[2] == 6*load + THIRD*l1d_miss + MARK
#include "guest.h"
    BEGIN
    li a0, 0x80100000
    j 1f
    .balign 64
1:  j 3f
2:  MARK
    ld t1, 0(a0)
    ld t1, 64(a0)
    ld t1, 128(a0)
    ld t1, 192(a0)
    MARK
    ld t1, 0(a0)        # A
    ld t1, 256(a0)      # E
    ld t1, 0(a0)        # A
    ld t1, 64(a0)       # B
    ld t1, 128(a0)      # C
    ld t1, 192(a0)      # D
    MARK
    ld t1, 128(a0)      # C
    ld t1, 320(a0)      # F
    ld t1, 384(a0)      # G
    ld t1, 448(a0)      # H
    ld t1, 128(a0)      # C
    ld t1, 0(a0)        # A
    MARK
    END
    .balign 64
3:  j 2b
