# For the trace port's tests (board_test.py): user code, two ecalls, a handler with both ways of a branch.
# expect traps[0] == 2
#include "guest.h"
    .globl s_mode, sret_boot, user, user_2, user_3, handler, handler_mid, handler_odd, handler_out, sret_out, the_end
    BEGIN
    SUPERVISOR s_mode
s_mode:
    la t0, handler
    csrw stvec, t0
    la t0, user
    csrw sepc, t0
    li s10, 2
sret_boot:
    sret                # SPP is 0
    .balign 64
user:
    addi a0, a0, 1
    ecall
user_2:
    beqz zero, user_3
    nop
user_3:
    ecall
    .balign 64
handler:
    csrr t0, sepc
handler_mid:
    addi t0, t0, 4
    csrw sepc, t0
    addi s10, s10, -1
    bnez s10, handler_out
handler_odd:
    MARK
    j the_end
handler_out:
    nop
sret_out:
    sret
    .balign 64
the_end:
    END
