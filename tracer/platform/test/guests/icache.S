# L1I of 16 sets, 2 ways, 64-byte lines, LRU. Lines A, B, C lie 1024 bytes apart, in set 12; the rest in sets 0 to 8.
# set l1i.sets = 16
# set l1i.ways = 2
# Each pair of marks is in one line. A call and its return are 2 jumps. Cold: A and B miss, then hit.
# expect c[1] - c[0] == 8*jump + 2*l1i_miss + MARK
# Three lines in two ways: A and B are there; C puts A out, A puts B out, B puts C out, C puts A out.
# expect c[3] - c[2] == 12*jump + 4*l1i_miss + MARK
# expect l1i[3] - l1i[2] == 4
# B and C are there.
# expect c[5] - c[4] == 6*jump + MARK
#include "guest.h"
    BEGIN
    la s1, a
    la s2, a + 1024
    la s3, a + 2048
    .balign 64
    MARK
    jalr s1
    jalr s2
    jalr s1
    jalr s2
    MARK
    .balign 64
    MARK
    jalr s1
    jalr s2
    jalr s3
    jalr s1
    jalr s2
    jalr s3
    MARK
    .balign 64
    MARK
    jalr s3
    jalr s2
    jalr s3
    MARK
    END
    .balign 1024
    .skip 12*64
a:  ret
    .skip 1020
    ret
    .skip 1020
    ret
