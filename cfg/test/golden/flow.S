# Flow that a decoder must follow with care.
        .option norelax
        .macro  function name
        .globl  \name
        .type   \name, @function
\name:
        .endm
        .text
function _start
        call    stops
        .word   0xffffffff              # behind a call that does not return: never reached
function stops
1:      wfi
        j       1b
function illegal
        beqz    a0, 1f
        ret
1:      .word   0xffffffff
function overlapping
        .option push
        .option norvc
        beqz    a0, 1f + 2
1:      lui     a0, 0x8082a             # holds a compressed ret in its upper half
        ret
        .option pop
function outside
        beqz    a0, 1f
        ret
1:      li      t0, 0x1000
        jr      t0
function hand_made
        la      ra, 1f
        tail    leaf
1:      ret
function leaf
        ret
function returns_by_hand
        la      ra, leaf
        ret
function recursive
        addi    sp, sp, -16
        sd      ra, 8(sp)
        beqz    a0, 1f
        addi    a0, a0, -1
        call    recursive
1:      ld      ra, 8(sp)
        addi    sp, sp, 16
        ret
function semihosting
        .option push
        .option norvc
        slli    x0, x0, 0x1f
        ebreak
        srai    x0, x0, 7
        .option pop
        ret
function breaks
        ebreak
function spin
1:      j       1b
function vector_user
        la      t0, vector
        csrw    stvec, t0
        ret
        .balign 4
vector: csrrw   sp, sscratch, sp
        csrrw   sp, sscratch, sp
        sret
function local_label
        la      t0, .Lonly_taken
        csrw    mtvec, t0
        ret
        .balign 4
.Lonly_taken:
        mret
function falls_off
        nop
