# Loops whose bounds are known, and ones that look so but are not.
        .option norelax
        .macro  function name
        .globl  \name
        .type   \name, @function
\name:
        .endm
        .text
function _start
        ret
# 10
function up
        li      t0, 0
        li      t1, 10
1:      addi    t0, t0, 1
        bne     t0, t1, 1b
        ret
# 11: the test comes first
function first
        li      t0, 0
        li      t1, 10
1:      bge     t0, t1, 2f
        addi    t0, t0, 1
        j       1b
2:      ret
# misses its limit: goes round for ever
function misses
        li      t0, 0
        li      t1, 7
1:      addi    t0, t0, 2
        bne     t0, t1, 1b
        ret
# 5: a limit between two steps
function between
        li      t0, 0
        li      t1, 9
1:      addi    t0, t0, 2
        blt     t0, t1, 1b
        ret
# the limit is so high that the step wraps over it
function wraps
        li      t0, 0
        li      t1, -1
        srli    t1, t1, 1
1:      addi    t0, t0, 2
        blt     t0, t1, 1b
        ret
# the same with an int, near its end
function wraps32
        lui     t0, 0x7ffff
        li      t1, -1
        srliw   t1, t1, 1
1:      addiw   t0, t0, 2
        blt     t0, t1, 1b
        ret
# the limit is another one each time
function variant
        li      t0, 0
1:      addi    t0, t0, 1
        lbu     t1, 0(a0)
        bne     t0, t1, 1b
        ret
# 255: whatever it is, it is below 256
function small
        li      t0, 0
1:      addi    t0, t0, 1
        lbu     t1, 0(a0)
        bltu    t0, t1, 1b
        ret
# 32-bit and unsigned: from 2^32 - 3 up to 5 is 8 steps with !=
function around
        li      t0, -3
        li      t1, 5
1:      addiw   t0, t0, 1
        bne     t0, t1, 1b
        ret
# the limit is moved inside
function moved
        li      t0, 0
        li      t1, 10
1:      addi    t0, t0, 1
        addi    t1, t1, 1
        bne     t0, t1, 1b
        ret
# the test can be avoided
function avoided
        li      t0, 0
        li      t1, 10
1:      addi    t0, t0, 1
        beq     a0, t0, 1b
        bne     t0, t1, 1b
        ret
# a callee changes the counter, which by convention it may not
function clobbered
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        li      s0, 10
1:      call    clobbers
        addi    s0, s0, -1
        bnez    s0, 1b
        ld      s0, 0(sp)
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret
function clobbers
        li      s0, 100
        ret
# 10: a callee that keeps it
function kept
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        li      s0, 10
1:      call    keeps
        addi    s0, s0, -1
        bnez    s0, 1b
        ld      s0, 0(sp)
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret
function keeps
        addi    sp, sp, -16
        sd      s0, 8(sp)
        li      s0, 100
        ld      s0, 8(sp)
        addi    sp, sp, 16
        ret
# 10: the counter is on the stack
function on_stack
        addi    sp, sp, -16
        li      t0, 10
        sd      t0, 8(sp)
1:      ld      t0, 8(sp)
        addi    t0, t0, -1
        sd      t0, 8(sp)
        bnez    t0, 1b
        addi    sp, sp, 16
        ret
# the counter is on the stack and a pointer to it is out
function leaked
        addi    sp, sp, -32
        sd      ra, 24(sp)
        li      t0, 10
        sd      t0, 8(sp)
        addi    a0, sp, 8
        call    keeps
1:      ld      t0, 8(sp)
        addi    t0, t0, -1
        sd      t0, 8(sp)
        call    keeps
        ld      t0, 8(sp)
        bnez    t0, 1b
        ld      ra, 24(sp)
        addi    sp, sp, 32
        ret
# the counter is in memory that others may change
function shared
        la      t1, counter
        li      t0, 10
        sd      t0, 0(t1)
1:      ld      t0, 0(t1)
        addi    t0, t0, -1
        sd      t0, 0(t1)
        bnez    t0, 1b
        ret
# 8: at most the second exit
function two_exits
        li      t0, 0
        li      t1, 100
        li      t2, 8
1:      addi    t0, t0, 1
        beq     t0, t1, 2f
        bne     t0, t2, 1b
2:      ret
# unsigned below 16, whatever it is: 17
function guarded
        li      t1, 16
        bgtu    a0, t1, 2f
        li      t0, 0
1:      bgeu    t0, a0, 2f
        addi    t0, t0, 1
        j       1b
2:      ret
# guarded on the wrong side
function unguarded
        li      t1, 16
        bltu    a0, t1, 2f
        li      t0, 0
1:      bgeu    t0, a0, 2f
        addi    t0, t0, 1
        j       1b
2:      ret
# 64: bits
function shifted
        beqz    a0, 2f
1:      srli    a0, a0, 1
        bnez    a0, 1b
2:      ret
# arithmetic shift of a negative number never ends
function sticks
1:      srai    a0, a0, 1
        bnez    a0, 1b
        ret
# the loop is the function's beginning: 256
function at_entry
        addi    a0, a0, -1
        andi    a0, a0, 255
        bnez    a0, at_entry
        ret
# 64: with nothing before it
function entry_shift
        srli    a0, a0, 1
        bnez    a0, entry_shift
        ret
# two entries
function irreducible
        li      t0, 0
        li      t1, 10
        bnez    a0, 2f
1:      addi    t0, t0, 1
2:      addi    t0, t0, 1
        blt     t0, t1, 1b
        ret
# nested, the inner counts what the outer gives: 4 and 4
function nested
        li      t0, 1
        li      t3, 5
1:      li      t1, 0
2:      addi    t1, t1, 1
        blt     t1, t0, 2b
        addi    t0, t0, 1
        bne     t0, t3, 1b
        ret
        .data
        .balign 8
counter: .dword 0
