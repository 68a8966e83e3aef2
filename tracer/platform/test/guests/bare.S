# A board without caches: what is not there costs nothing.
# remove l1i
# remove l1d
# expect c[1] - c[0] == 3*alu + 2*load + store + MARK
# expect c[2] - c[1] == jump + load + MARK
# expect l1i[2] + l1d[2] == 0
#include "guest.h"
    BEGIN
    li a0, 0x80100000
    MARK
    ld t1, 60(a0)
    ld t1, 0(a0)
    sd t1, -4(a0)
    nop
    nop
    nop
    MARK
    j 1f
    .balign 4096
1:  ld t1, 64(a0)
    MARK
    END
