# Start on the reference board, in M-mode: stack, main, power off. Exit status: 0 if main returned 0, else 1; a trap: 2.
        .option arch, +zicsr
        .section .text.start, "ax"
        .globl  _start
        .type   _start, @function
_start:
        .option push
        .option norelax
        la      gp, __global_pointer$
        .option pop
        la      sp, stack_top
        la      t0, trapped
        csrw    mtvec, t0
        call    main
        li      t1, 0x100000
        bnez    a0, 1f
        li      t0, 0x5555
        sw      t0, 0(t1)
        j       .
1:      li      t0, 0x13333
        sw      t0, 0(t1)
        j       .
        .size   _start, . - _start

        .balign 4
        .type   trapped, @function
trapped:
        li      t1, 0x100000
        li      t0, 0x23333
        sw      t0, 0(t1)
        j       .
        .size   trapped, . - trapped

        .section .bss
        .balign 16
        .space  65536
stack_top:
