# Uncached RAM and devices cost device_access more and leave the caches alone. A device access in the middle of a block is broken
# off and run again by QEMU: it must count once, and so must its neighbours.
# expect c[6] - c[5] == 2*(load + device_access) + store + device_access + MARK
# expect c[7] - c[6] == 2*alu + load + device_access + 3*alu + MARK
# expect insns[7] - insns[6] == 6 + 2
# two of them in a row
# expect c[8] - c[7] == alu + 2*(load + device_access) + alu + MARK
# in a loop whose head is in the middle of the block that enters it: 1 + 3 rounds of (addi, lb, bnez)
# expect c[9] - c[8] == alu + 3*(alu + load + device_access + branch) + 2*branch_taken + MARK
# expect l1d[9] == 0
#include "guest.h"
    BEGIN
    li a0, 0x87e20000
    li a1, 0x10000000   # UART, line status at 5
    TWICE
    MARK
    ld t1, 0(a0)
    ld t1, 64(a0)
    sd t1, 128(a0)
    MARK
    nop
    nop
    lb t1, 5(a1)
    nop
    nop
    nop
    MARK
    nop
    lb t1, 5(a1)
    lb t1, 5(a1)
    nop
    MARK
    li t0, 3
1:  addi t0, t0, -1
    lb t1, 5(a1)
    bnez t0, 1b
    MARK
    AGAIN
    END
