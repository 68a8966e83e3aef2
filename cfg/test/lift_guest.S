# Runs one snippet after another on given register states and writes down what became of them. See lift_test.c for the layout.
        .option norelax
        .option norvc
        .equ    OUT, 640
        .equ    SCRATCH, 0x80300000
        .equ    TESTS, 0x80400000
        .section .text.start, "ax"
        .globl  _start
_start: la      t0, trap
        csrw    mtvec, t0
        li      t0, 0x6000
        csrs    mstatus, t0
        li      s0, TESTS
        ld      s1, 0(s0)
        addi    s0, s0, 64
next:   beqz    s1, done
        la      t0, state
        sd      s0, 0(t0)
        sd      s1, 8(t0)
        csrw    mscratch, s0
        mv      x31, s0
        li      x1, SCRATCH
        .irp    i, 0,1,2,3,4,5,6,7
        ld      x2, (65+\i)*8(x31)
        sd      x2, \i*8(x1)
        .endr
        ld      x1, 0(x31)
        csrw    mepc, x1
        ld      x1, 64*8(x31)
        csrw    sscratch, x1
        li      x1, 0x1800
        csrs    mstatus, x1
        .irp    i, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        fld     f\i, (32+\i)*8(x31)
        .endr
        .irp    i, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        ld      x\i, \i*8(x31)
        .endr
        mret

        .macro  save marker
        csrrw   x31, mscratch, x31
        sd      x30, OUT+30*8(x31)
        li      x30, \marker
        j       common
        .endm
        .globl  save
save:   save    0               # 16 bytes each
        save    1
        save    9
        .balign 4
trap:   save    7

common: sd      x30, OUT(x31)
        .irp    i, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29
        sd      x\i, OUT+\i*8(x31)
        .endr
        csrr    x30, mscratch
        sd      x30, OUT+31*8(x31)
        .irp    i, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        fsd     f\i, OUT+(32+\i)*8(x31)
        .endr
        csrr    x1, sscratch
        sd      x1, OUT+64*8(x31)
        li      x1, SCRATCH
        .irp    i, 0,1,2,3,4,5,6,7
        ld      x2, \i*8(x1)
        sd      x2, OUT+(65+\i)*8(x31)
        .endr
        la      t0, state
        ld      s0, 0(t0)
        ld      s1, 8(t0)
        addi    s0, s0, 1280
        addi    s1, s1, -1
        j       next
done:   li      t0, 0x5555
        li      t1, 0x100000
        sw      t0, 0(t1)
1:      j       1b
        .balign 8
state:  .quad   0, 0
