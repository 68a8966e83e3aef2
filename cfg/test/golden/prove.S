# Loops for the solver: their true bounds, and ones that look so but are not. The number: executions of the header at most.
        .option norelax
        .macro  function name
        .globl  \name
        .type   \name, @function
\name:
        .endm
        .text
function _start
        ret
# 64: the lowest 1, and there is one
function lowest
        beqz    a0, 2f
1:      andi    t0, a0, 1
        bnez    t0, 2f
        srli    a0, a0, 1
        j       1b
2:      ret
# for ever: there may be none
function lowest_of_0
1:      andi    t0, a0, 1
        bnez    t0, 2f
        srli    a0, a0, 1
        j       1b
2:      ret
# 11: 1023, 511 … 1, 0 are left to search
function halves
        andi    a1, a1, 1023
        li      a0, 0
1:      bgeu    a0, a1, 2f
        add     t0, a0, a1
        srli    t0, t0, 1
        add     t1, a2, t0
        lbu     t1, 0(t1)
        addi    t2, t0, 1
        beqz    t1, 3f
        mv      a1, t0
        j       1b
3:      mv      a0, t2
        j       1b
2:      ret
# for ever: one is left and never tried
function stuck
        andi    a1, a1, 1023
        li      a0, 0
1:      bgeu    a0, a1, 2f
        add     t0, a0, a1
        srli    t0, t0, 1
        add     t1, a2, t0
        lbu     t1, 0(t1)
        beqz    t1, 3f
        mv      a1, t0
        j       1b
3:      mv      a0, t0
        j       1b
2:      ret
# for ever: a negative value never becomes 0
function signed_shift
        mv      t0, a0
1:      beq     t0, a1, 2f
        beqz    t0, 2f
        srai    t0, t0, 1
        j       1b
2:      ret
# 62: 31 + 31 elements, one of them at the end is not taken
function merge
        andi    a2, a2, 31
        andi    a3, a3, 31
        li      t0, 0
        li      t1, 0
1:      bgeu    t0, a2, 2f
        bgeu    t1, a3, 2f
        add     t2, a0, t0
        lbu     t2, 0(t2)
        beqz    t2, 3f
        addi    t0, t0, 1
        j       1b
3:      addi    t1, t1, 1
        j       1b
2:      ret
# 101: they come nearer from one side or the other
function meet
        li      t0, 0
        li      t1, 100
1:      bgeu    t0, t1, 2f
        lbu     t2, 0(a0)
        beqz    t2, 3f
        addi    t0, t0, 1
        j       1b
3:      addi    t1, t1, -1
        j       1b
2:      ret
# 21: one step in two turns
function alternate
        li      t0, 0
        li      t1, 0
        li      t2, 10
1:      bgeu    t0, t2, 2f
        add     t0, t0, t1
        xori    t1, t1, 1
        j       1b
2:      ret
# for ever: the step may be 0
function lazy
        li      t0, 0
        li      t2, 100
1:      bgeu    t0, t2, 2f
        lbu     t1, 0(a0)
        andi    t1, t1, 3
        add     t0, t0, t1
        j       1b
2:      ret
# 13: Euclid; more is proved
function euclid
        andi    a0, a0, 255
        andi    a1, a1, 255
1:      beqz    a1, 2f
        remu    t0, a0, a1
        mv      a0, a1
        mv      a1, t0
        j       1b
2:      ret
# 8: every residue, then 0
function residues
1:      andi    a0, a0, 7
        beqz    a0, 2f
        slli    t0, a0, 2
        add     a0, a0, t0
        addi    a0, a0, 1
        j       1b
2:      ret
# for ever: the loop inside may set back
function set_back
        li      t0, 0
        li      t2, 100
1:      mv      t1, t0
2:      lbu     t3, 0(a0)
        beqz    t3, 3f
        xori    t1, t1, 4
        j       2b
3:      addi    t0, t1, 1
        bltu    t0, t2, 1b
        ret
# for ever, almost: one way in, seldom taken, says nothing of the limit
function two_ways
        li      t0, 0
        li      t1, 10
        li      t2, 0x12345678
        beq     a3, t2, 4f
        bltu    t1, a1, 2f
        li      t0, 1
1:      lbu     t3, 0(a2)
        beqz    t3, 3f
        addi    t0, t0, 1
3:      addi    t0, t0, 1
        bltu    t0, a1, 1b
2:      ret
4:      j       1b
# 6: the difference to a fixed value that is not known, by 2 at most once more
function window
        lbu     a1, 0(a1)
        li      t0, 0
1:      lbu     t2, 0(a2)
        bnez    t2, 3f
        addi    t0, t0, -1
3:      addi    t0, t0, 2
        add     t1, a1, t0
        addi    t2, a1, 6
        bltu    t1, t2, 1b
        ret
