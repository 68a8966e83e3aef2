# Jump tables that can be resolved, and ones that must not be.
        .option norelax
        .macro  function name
        .globl  \name
        .type   \name, @function
\name:
        .endm
        .macro  cases prefix, n
\prefix\()0: li a0, 0
        ret
\prefix\()1: li a0, 1
        ret
\prefix\()2: li a0, 2
        ret
\prefix\()3: li a0, 3
        ret
        .endm

        .text
function _start
        ret
# index < 4, absolute: four targets
function absolute
        li      t1, 4
        bgeu    a0, t1, .Lnone
        slli    t1, a0, 3
        la      t2, .Ltable
        add     t1, t1, t2
        ld      t1, 0(t1)
        jr      t1
        cases   .La, 4
.Lnone: ret
# index ≤ 2 of the same table: three targets
function three
        li      t1, 2
        bltu    t1, a0, .Lnone2
        slli    t1, a0, 3
        la      t2, .Ltable3
        add     t1, t1, t2
        ld      t1, 0(t1)
        jr      t1
        cases   .Lc, 4
.Lnone2: ret
# relative words, masked
function masked
        andi    a0, a0, 3
        slli    a0, a0, 2
        la      t2, .Lrelative
        add     a0, a0, t2
        lw      t1, 0(a0)
        add     t1, t1, t2
        jr      t1
        cases   .Lb, 4
# a signed check leaves negative indices: not to be resolved
function signed
        li      t1, 4
        bge     a0, t1, .Lnone3
        slli    t1, a0, 3
        la      t2, .Ltable
        add     t1, t1, t2
        ld      t1, 0(t1)
        jr      t1
.Lnone3: ret
# checked from both sides: resolved
function both
        li      t1, 4
        bge     a0, t1, .Lnone4
        bltz    a0, .Lnone4
        slli    t1, a0, 3
        la      t2, .Ltable4
        add     t1, t1, t2
        ld      t1, 0(t1)
        jr      t1
        cases   .Ld, 4
.Lnone4: ret
# the check is on another value
function other
        li      t1, 4
        bgeu    a1, t1, .Lnone5
        slli    t1, a0, 3
        la      t2, .Ltable
        add     t1, t1, t2
        ld      t1, 0(t1)
        jr      t1
.Lnone5: ret
# the index changes between check and use
function changed
        li      t1, 4
        bgeu    a0, t1, .Lnone6
        addi    a0, a0, 1
        ld      a0, 0(a0)
        slli    t1, a0, 3
        la      t2, .Ltable
        add     t1, t1, t2
        ld      t1, 0(t1)
        jr      t1
.Lnone6: ret
# a way round the check
function around
        beqz    a1, 1f
        li      t1, 4
        bgeu    a0, t1, .Lnone7
1:      slli    t1, a0, 3
        la      t2, .Ltable
        add     t1, t1, t2
        ld      t1, 0(t1)
        jr      t1
.Lnone7: ret
# the table can be written
function writable
        andi    a0, a0, 1
        slli    a0, a0, 3
        la      t2, .Lwritable
        add     a0, a0, t2
        ld      t1, 0(a0)
        jr      t1
# one target is no code
function broken
        andi    a0, a0, 1
        slli    a0, a0, 3
        la      t2, .Lbroken
        add     a0, a0, t2
        ld      t1, 0(a0)
        jr      t1
# a call through a constant table of functions
function calls
        addi    sp, sp, -16
        sd      ra, 8(sp)
        andi    a0, a0, 1
        slli    a0, a0, 3
        la      t2, .Lfunctions
        add     a0, a0, t2
        ld      t1, 0(a0)
        jalr    t1
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret
# either of two functions, chosen by a branch
function either
        la      t1, three
        bnez    a0, 1f
        la      t1, masked
1:      jr      t1
# a machine of states: 2 comes round too, but the check keeps it from the next table's words
function states
        li      a1, 0
1:      li      t1, 2
        bgeu    a1, t1, .Lnone8
        slli    t1, a1, 3
        la      t2, .Lstates
        add     t1, t1, t2
        ld      t1, 0(t1)
        jr      t1
.Ls0:   li      a1, 1
        j       1b
.Ls1:   li      a1, 2
        j       1b
.Ls2:   lla     t1, states
        jr      t1
.Lnone8: ret
# checked, and loaded again with nothing in between: resolved
function again
        lw      t0, 8(a0)
        li      t1, 4
        bgeu    t0, t1, .Lnone9
        lwu     t0, 8(a0)
        slli    t0, t0, 3
        la      t2, .Ltable9
        add     t0, t0, t2
        ld      t0, 0(t0)
        jr      t0
        cases   .Lg, 4
.Lnone9: ret
# the same with a store in between: not to be resolved
function spoilt
        lw      t0, 8(a0)
        li      t1, 4
        bgeu    t0, t1, .Lnone10
        sw      zero, 0(a1)
        lwu     t0, 8(a0)
        slli    t0, t0, 3
        la      t2, .Ltable9
        add     t0, t0, t2
        ld      t0, 0(t0)
        jr      t0
.Lnone10: ret
# through a pointer that is given
function given
        jr      a0
# a machine of states without a check before the table: 2 does not come round, as a branch leaves with it
function turned
        li      a1, 0
1:      slli    t1, a1, 3
        la      t2, .Lturned
        add     t1, t1, t2
        ld      t1, 0(t1)
        jr      t1
.Lt0:   li      a2, 1
        beqz    a0, 2f
        li      a2, 2
2:      mv      a1, a2
        li      t3, 2
        bne     a2, t3, 1b
        ret
.Lt1:   li      a1, 0
        addi    a0, a0, -1
        bnez    a0, 1b
        ret

        .section .rodata
        .balign 8
.Ltable: .dword .La0, .La1, .La2, .La3
.Ltable3: .dword .Lc0, .Lc1, .Lc2, .Lc3
.Ltable4: .dword .Ld0, .Ld1, .Ld2, .Ld3
.Lstates: .dword .Ls0, .Ls1
        .dword .Ls2
.Ltable9: .dword .Lg0, .Lg1, .Lg2, .Lg3
.Lbroken: .dword .La0, 12345
.Lfunctions: .dword absolute, masked
.Lturned: .dword .Lt0, .Lt1
        .dword .Ls2
.Lrelative: .word .Lb0 - .Lrelative, .Lb1 - .Lrelative, .Lb2 - .Lrelative, .Lb3 - .Lrelative
        .data
        .balign 8
.Lwritable: .dword .La0, .La1
