# Loops that only a run from the entry on all values can bound, and ones that it must not. a0 is not known at the entry, nor is
# memory that the program has not written.
        .option norelax
        .macro  function name
        .globl  \name
        .type   \name, @function
\name:
        .endm
# as often as t0 says
        .macro  turn
1:      addi    t0, t0, -1
        bnez    t0, 1b
        ret
        .endm

        .text
function _start
        la      sp, stack
        mv      s0, a0
        call    stored
        call    joined
        call    overwritten
        call    apart
        call    part
        li      a1, 5
        call    given
        li      a1, 3
        call    given
        li      a1, 4
        call    taken
        call    initial
        call    shrinking
        call    searching
        call    wild
        la      t0, taken
        csrw    mtvec, t0
1:      j       1b
# 5
function stored
        la      t1, cell
        li      t0, 5
        sd      t0, 0(t1)
        lw      t0, 0(t1)
        turn
# 3 or 7: 7
function joined
        la      t1, cell
        li      t0, 3
        sd      t0, 0(t1)
        beqz    s0, 1f
        li      t0, 7
        sd      t0, 0(t1)
1:      ld      t0, 0(t1)
        turn
# 4, or 9 if the index is 2: 9
function overwritten
        la      t1, array
        li      t0, 4
        sd      t0, 16(t1)
        andi    t2, s0, 7
        slli    t2, t2, 3
        add     t2, t2, t1
        li      t0, 9
        sd      t0, 0(t2)
        ld      t0, 16(t1)
        turn
# the other words of the array are written, never this one: 4
function apart
        la      t1, array
        li      t0, 4
        sw      t0, 12(t1)
        andi    t2, s0, 7
        slli    t2, t2, 3
        add     t2, t2, t1
        li      t0, 9
        sw      t0, 0(t2)
        lw      t0, 12(t1)
        turn
# one byte of the word is not known: no bound by the word, and 255 by that byte
function part
        la      t1, cell
        li      t0, 1
        sd      t0, 0(t1)
        ori     t2, s0, 1
        sb      t2, 0(t1)
        lbu     t0, 0(t1)
        turn
# anything may have been written over: no bound
function wild
        la      t1, cell
        li      t0, 4
        sd      t0, 0(t1)
        sd      zero, 0(s0)
        ld      t0, 0(t1)
        turn
# 5, then 3
function given
        mv      t0, a1
        turn
# 4 by the call, but traps come here too: no bound
function taken
        mv      t0, a1
        turn
# 6, if memory begins as the ELF says
function initial
        la      t1, six
        ld      t0, 0(t1)
        turn
# halves what is below 1000: ten times
function shrinking
        li      t0, 1000
        remu    t0, s0, t0
        sd      t0, -8(sp)
1:      ld      t0, -8(sp)
        srli    t0, t0, 1
        sd      t0, -8(sp)
        bnez    t0, 1b
        ret
# until a word that the program wrote itself
function searching
        la      t1, array
        sd      zero, 56(t1)
1:      ld      t0, 0(t1)
        addi    t1, t1, 8
        bnez    t0, 1b
        ret

        .data
        .balign 8
six:    .dword 6
cell:   .dword 0
array:  .space 64
        .space 256
stack:
