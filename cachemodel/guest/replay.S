# The guest of `potoroo replay`: runs a list of operations of 24 bytes, { u64 kind, address, value }, in M-mode, from uncached memory.
#   0 load        8 bytes at address
#   1 store       8 bytes          2 store  2 bytes          3 store  1 byte
#   4 call        address, where there is `jr t0`
#   5 run         the case at address, below
#   6 end         power off
# A case is { u64 x[32] (x[0] is the counter page); u64 pc, sscratch, sepc, scause, stval, stvec; u64 before, after, cause, where; }. It is
# run in S-mode, translated by satp, until a trap to M-mode: `before` is latched as soon as nothing but the registers is left to be
# loaded, `after` as the trap's third instruction. A run of 1,000 ticks of the timer is ended by its interrupt.
#
# The parameter page, 4 KiB behind _start: { u64 counter, operations, satp; }
    .option norvc
    .equ PC, 256
    .equ BEFORE, 304
    .globl _start
_start:
    auipc s0, 0
    la t0, trap
    csrw mtvec, t0
    li t0, 0x1000
    add s0, s0, t0
    ld s1, 0(s0)
    ld s3, 16(s0)
    ld s0, 8(s0)
    li t0, -1               # all memory is open to S-mode
    csrw pmpaddr0, t0
    li t0, 0x1f
    csrw pmpcfg0, t0
    csrw medeleg, zero
    csrw mideleg, zero
    li t0, 0x80             # the timer's interrupt, taken in S-mode only
    csrw mie, t0
    li t0, 0x2000           # mstatus.FS, where there is floating point
    csrr t1, misa
    andi t1, t1, 8
    beqz t1, next
    csrs mstatus, t0

next:
    ld t0, 0(s0)
    ld t1, 8(s0)
    ld t2, 16(s0)
    addi s0, s0, 24
    bnez t0, 1f
    ld t3, 0(t1)
    j next
1:  addi t0, t0, -1
    bnez t0, 1f
    sd t2, 0(t1)
    j next
1:  addi t0, t0, -1
    bnez t0, 1f
    sh t2, 0(t1)
    j next
1:  addi t0, t0, -1
    bnez t0, 1f
    sb t2, 0(t1)
    j next
1:  addi t0, t0, -1
    bnez t0, 1f
    jalr t0, 0(t1)
    j next
1:  addi t0, t0, -1
    bnez t0, end

run:
    la t3, saved
    sd s0, 0(t3)
    sd s1, 8(t3)
    sd s3, 16(t3)
    mv t6, t1
    csrw mscratch, t6
    ld t0, PC(t6)
    csrw mepc, t0
    ld t0, PC+8(t6)
    csrw sscratch, t0
    ld t0, PC+16(t6)
    csrw sepc, t0
    ld t0, PC+24(t6)
    csrw scause, t0
    ld t0, PC+32(t6)
    csrw stval, t0
    ld t0, PC+40(t6)
    csrw stvec, t0
    li t0, 0x1800           # mstatus.MPP = S
    csrc mstatus, t0
    li t0, 0x800
    csrs mstatus, t0
    csrw satp, s3
    sfence.vma
    li t1, 0x200bff8        # mtime
    ld t0, 0(t1)
    addi t0, t0, 1000
    li t1, 0x2004000        # mtimecmp
    sd t0, 0(t1)
    sd zero, 8(s1)
    ld t0, 0(s1)
    sd t0, BEFORE(t6)
    .irp r, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    ld x\r, 8 * \r(t6)
    .endr
    mret

    .balign 4
trap:
    csrrw t6, mscratch, t6
    ld t5, 0(t6)            # the counter page
    sd zero, 8(t5)
    ld t5, 0(t5)
    sd t5, BEFORE+8(t6)
    csrr t5, mcause
    sd t5, BEFORE+16(t6)
    csrr t5, mepc
    sd t5, BEFORE+24(t6)
    csrw satp, zero
    sfence.vma
    la t3, saved
    ld s0, 0(t3)
    ld s1, 8(t3)
    ld s3, 16(t3)
    j next

end:
    li t1, 0x5555
    li t0, 0x100000
    sw t1, 0(t0)
1:  j 1b
    .balign 8
saved:
    .dword 0, 0, 0
