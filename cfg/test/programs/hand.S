# Hand-written shapes: a shared epilogue, code that runs into the next function, a call that returns to it, an address-taken label,
# a millicode routine, a loop with two entries, a computed call into a row of equal pieces, a conditional tail call.
        .text
        .globl  main
        .type   main, @function
main:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s1, 16(sp)
        li      s1, 6
1:      mv      a0, s1
        call    first
        mv      a0, s1
        call    second
        mv      a0, s1
        call    runs_into
        mv      a0, s1
        call    two_entries
        mv      a0, s1
        call    pieces
        mv      a0, s1
        call    conditional
        mv      a0, s1
        call    far
        mv      a0, s1
        call    calls_then_runs
        jal     t0, millicode
        addi    s1, s1, -1
        bnez    s1, 1b
        j       epilogue
        .size   main, . - main

        .type   first, @function
first:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s1, 16(sp)
        addi    a0, a0, 1
        j       epilogue
        .size   first, . - first

        .type   second, @function
second:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s1, 16(sp)
        slli    a0, a0, 1
        bgtz    a0, epilogue
        ebreak
        .size   second, . - second

epilogue:
        ld      ra, 24(sp)
        ld      s1, 16(sp)
        addi    sp, sp, 32
        ret

        .type   runs_into, @function
runs_into:
        addi    a0, a0, 5
        .size   runs_into, . - runs_into
        .type   next_one, @function
next_one:
        addi    a0, a0, 6
        ret
        .size   next_one, . - next_one

        .type   two_entries, @function
two_entries:
        andi    t1, a0, 1
        bnez    t1, 3f
2:      addi    a0, a0, -1
3:      addi    a0, a0, -1
        bgtz    a0, 2b
        ret
        .size   two_entries, . - two_entries

# (a0 & 3) selects one of four pieces of 8 bytes
        .type   pieces, @function
pieces:
        .option push
        .option norvc
        andi    a0, a0, 3
        slli    a0, a0, 3
        la      t1, row
        add     t1, t1, a0
        jr      t1
row:    li      a0, 10
        ret
        li      a0, 11
        ret
        li      a0, 12
        ret
        li      a0, 13
        ret
        .option pop
        .size   pieces, . - pieces

        .type   conditional, @function
conditional:
        andi    t1, a0, 1
        beqz    t1, next_one
        ret
        .size   conditional, . - conditional

# Far calls and jumps, not relaxed.
        .type   far, @function
far:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        .option push
        .option norelax
        call    next_one
        la      t1, taken
        jalr    t1
        ld      ra, 8(sp)
        addi    sp, sp, 16
        tail    next_one
        .option pop
        .size   far, . - far

taken:
        addi    a0, a0, 3
        ret

        .type   calls_then_runs, @function
calls_then_runs:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        call    next_one
        .size   calls_then_runs, . - calls_then_runs
        .type   joint, @function
joint:
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret
        .size   joint, . - joint

millicode:
        addi    a0, a0, 1
        jr      t0
