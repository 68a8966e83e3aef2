# Bare metal on QEMU's virt board: stack, trap vector, main, power off.
#ifndef __clang__
        .option arch, +zicsr
#endif
        .option norelax
        .section .text.start, "ax"
        .globl  _start
_start:
        .option push
        .option norelax
        la      gp, __global_pointer$
        .option pop
        la      sp, stack_top
        la      t0, trap_vector
        csrw    mtvec, t0
        li      t0, 0x6000              # floating point on
        csrs    mstatus, t0
        call    main
        li      t0, 0x5555
        li      t1, 0x100000
        sw      t0, 0(t1)
1:      j       1b

        .section .text, "ax"
        .balign 4
# Hand-written, without a type: known only by the csrw above. Skips the ecall.
trap_vector:
#ifdef ALONE
        j       trap_vector             # nothing runs in between: the program may be run as a whole
#endif
        csrrw   sp, mscratch, sp
        la      sp, trap_stack
        sd      t0, -8(sp)
        sd      a0, -16(sp)
        csrr    a0, mcause
        li      t0, 8
        bltu    a0, t0, trap_other
trap_call:
        csrr    t0, mepc
        addi    t0, t0, 4
        csrw    mepc, t0
        j       trap_leave
trap_other:
        la      t0, trap_count
        ld      a0, 0(t0)
        addi    a0, a0, 1
        sd      a0, 0(t0)
        j       trap_call
trap_leave:
        ld      t0, -8(sp)
        ld      a0, -16(sp)
        csrrw   sp, mscratch, sp
        mret

        .bss
        .balign 16
trap_count: .space 16
        .space  1024
trap_stack:
        .space  65536
stack_top:
