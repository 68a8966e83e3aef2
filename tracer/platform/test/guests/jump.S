# Direct and indirect jumps, calls and returns cost jump each.
# expect c[4] - c[3] == 2*jump + MARK
# call and return
# expect c[5] - c[4] == 2*jump + alu + MARK
#include "guest.h"
    BEGIN
    la s9, 2f
    TWICE
    MARK
    j 1f
    nop
1:  jalr zero, 0(s9)
    nop
2:  MARK
    jal ra, 3f
    MARK
    AGAIN
    END
3:  nop
    ret
