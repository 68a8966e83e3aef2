# An instruction on two pages that lie apart in memory: 0x40000ffe is at 0x80200ffe, 0x40001000 at 0x80300000. It fetches a line of each.
# At 0x40000ffe: addi; behind it ret. Cold, then warm.
# expect c[1] - c[0] == jump + 2*l1i_miss + alu + jump + MARK
# expect c[2] - c[1] == jump + alu + jump + MARK
# The same ret at its own address: the line is there.
# expect c[3] - c[2] == jump + jump + MARK
#include "guest.h"
    BEGIN
    li t0, 0x80200ffe
    lla t1, code
    lhu t2, 0(t1)
    sh t2, 0(t0)
    li t0, 0x80300000
    lhu t2, 2(t1)
    sh t2, 0(t0)
    lhu t2, 4(t1)
    sh t2, 2(t0)
    lhu t2, 6(t1)
    sh t2, 4(t0)
    fence.i
    la t0, root
    li t1, 0xcf
    sd t1, 0(t0)
    li t1, (0x80000000 >> 2) | 0xcf
    sd t1, 16(t0)
    srli t1, t0, 2      # (address >> 12) << 10
    li t2, 0x1000 >> 2
    add t1, t1, t2
    ori t3, t1, 1
    sd t3, 8(t0)        # second table behind the root, third behind that
    add t1, t1, t2
    ori t3, t1, 1
    li t2, 4096
    add t4, t0, t2
    sd t3, 0(t4)
    add t4, t4, t2
    li t1, (0x80200000 >> 2) | 0xcf
    sd t1, 0(t4)
    li t1, (0x80300000 >> 2) | 0xcf
    sd t1, 8(t4)
    srli t0, t0, 12
    li t1, 8
    slli t1, t1, 60
    or t0, t0, t1
    csrw satp, t0
    SUPERVISOR s_mode
s_mode:
    sfence.vma
    li s1, 0x40000ffe
    li s2, 0x80300002
    j 1f
    .balign 64
1:  MARK
    jalr s1
    MARK
    jalr s1
    MARK
    jalr s2
    MARK
    END
code:
    addi t1, t1, 1
    ret
    .balign 4096
root:
    .skip 3 * 4096
