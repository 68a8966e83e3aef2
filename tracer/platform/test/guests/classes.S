# One instruction of each class at a time, warm.
# expect c[10] - c[9] == mul + MARK
# expect c[11] - c[10] == 2*mul + MARK
# expect c[12] - c[11] == 3*div + MARK
# expect c[13] - c[12] == 2*csr + MARK
# expect c[14] - c[13] == 2*fence + MARK
# expect c[15] - c[14] == 3*fp + MARK
# loads and stores of a line that is in the cache; an AMO is a load and a store; lr is a load, sc a store
# expect c[16] - c[15] == 2*load + 2*store + MARK
# expect c[17] - c[16] == load + store + load + store + MARK
#include "guest.h"
    BEGIN
    li t0, 0x6000
    csrs mstatus, t0
    li s1, 0x80100000
    li t1, 7
    TWICE
    MARK
    mul t2, t1, t1
    MARK
    mulhu t2, t1, t1
    mulw t2, t1, t1
    MARK
    div t2, t1, t1
    remu t2, t1, t1
    divuw t2, t1, t1
    MARK
    csrr t2, mscratch
    csrw mscratch, t2
    MARK
    fence
    fence.i
    MARK
    fcvt.d.l ft0, t1
    fadd.d ft1, ft0, ft0
    fmadd.d ft1, ft0, ft0, ft1
    MARK
    ld t2, 0(s1)
    sw t2, 8(s1)
    fsd ft1, 16(s1)
    fld ft1, 16(s1)
    MARK
    amoadd.d t2, t1, (s1)
    lr.w t2, (s1)
    sc.w t2, t1, (s1)
    MARK
    AGAIN
    END
