# What OpenSBI starts in S-mode: asks for its services one by one, makes it emulate, and has it power off.
        .option norelax
        .option arch, +zicsr
        .macro  sbi extension, function, x=0, y=0, z=0
        li      a7, \extension
        li      a6, \function
        li      a0, \x
        li      a1, \y
        li      a2, \z
        li      a3, 0
        li      a4, 0
        ecall
        .endm
        .globl  _start
_start:
        la      t0, caught
        csrw    stvec, t0
        .irp    function, 0, 1, 2, 3, 4, 5, 6
        sbi     0x10, \function, 0x10           # what is there
        .endr
        .irp    char, 'o', 'k', '\n'
        sbi     1, 0, \char                     # legacy console
        .endr
        sbi     2, 0                            # a character, if there is one
        sbi     0x54494d45, 0, -1               # timer, far away
        sbi     0x735049, 0, 1, 0               # interrupt to hart 0
        sbi     0x52464e43, 0, 1, 0             # remote fences
        sbi     0x52464e43, 1, 1, 0, 0x1000
        sbi     0x48534d, 2, 0                  # hart 0's state
        sbi     0x48534d, 2, 99                 # no such hart
        sbi     0x48534d, 0, 0, 0               # already started
        sbi     0x504d55, 0                     # counters
        sbi     0x504d55, 1, 0
        sbi     0x504d55, 1, 99
        sbi     0x4442434e, 2, 'x'              # debug console
        sbi     0x12345678, 0                   # no such extension
        la      t0, word
        lw      t1, 1(t0)                       # misaligned: emulated, or done by the processor
        sd      t1, 3(t0)
        rdtime  t1
        rdcycle t1
        .word   0xffffffff                      # illegal: handed back to us
        csrr    t1, mscratch                    # not ours: the same
        sbi     0x53525354, 0, 9, 0             # a reset that does not exist
        sbi     0x53525354, 0, 0, 0             # off
1:      j       1b
        .balign 4
caught:
        csrr    t2, sepc
        addi    t2, t2, 4
        csrw    sepc, t2
        csrr    t2, scause
        bgez    t2, 2f
        csrw    sie, zero
2:      sret
        .balign 8
word:   .dword  0x1122334455667788, 0, 0
