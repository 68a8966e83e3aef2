# Loops bounded by what all callers give; the return from a trap keeps the program from being run as a whole.
        .option norelax
        .macro  function name
        .globl  \name
        .type   \name, @function
\name:
        .endm

        .text
function _start
        la      sp, stack
        csrr    s0, mhartid
        li      a0, 9
        li      a1, 5
        call    limited
        li      a0, 3
        li      a1, 8
        call    limited
        li      a0, 4
        call    pointed
        li      a0, 6
        call    halves
2:      auipc   t0, %pcrel_hi(halves)
        beqz    s0, 1f
1:      addi    t0, t0, %pcrel_lo(2b)
        csrw    mtvec, t0
        andi    a0, s0, 15
        call    passing
        call    several
        mret
# 9
function limited
1:      addi    a0, a0, -1
        bnez    a0, 1b
        ret
# its address is made in two blocks: no bound
function halves
1:      addi    a0, a0, -1
        bnez    a0, 1b
        ret
# its address is in the data: no bound
function pointed
1:      addi    a0, a0, -1
        bnez    a0, 1b
        ret
# 1 to 16, and on to a function in whose place it returns
function passing
        addi    a0, a0, 1
        j       passed
# 16
function passed
1:      addi    a0, a0, -1
        bnez    a0, 1b
        ret
# what comes back from a call is not what went in: no bound
function several
        addi    sp, sp, -16
        sd      ra, 8(sp)
        li      a0, 3
        call    unknown
        call    fromcall
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret
function unknown
        csrr    a0, mcycle
        ret
function fromcall
1:      addi    a0, a0, -1
        bnez    a0, 1b
        ret

        .data
        .balign 8
        .dword  pointed
        .bss
        .space 256
stack:
