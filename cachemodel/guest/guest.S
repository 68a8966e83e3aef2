# The guest of `potoroo model infer`: runs a list of operations, one 32-bit word each, and replaces each word by the cycles from the
# latch before it to the latch after it. It is flat, position-independent and lives in uncached memory with its list, so that it
# disturbs no cache: what an operation costs beyond the least of its kind is the board's doing.
#
# word = (offset from RAM's base) | kind; offset a multiple of 8. Kinds:
#   0 load      8 bytes
#   1 store     8 bytes: `jr t0` twice, so that code survives it
#   2 fetch     jump there; there is `jr t0`
#   3 call      as fetch, with trap vector and mepc 4 bytes behind: there is code under test that ends in `jr t0` and may use
#               t1-t3, f0, a5 (address in cached memory), a6 (in uncached memory), s1 (counter page)
#   4 nothing   the first word: its time has no full loop behind it
#   7 end       power off
#
# The parameter page, 4 KiB behind _start: { u64 counter, ram_base, operations, cached, uncached, satp; }
# With satp not 0 all this happens in S-mode, translated; there are no calls (3) then.
    .option norvc
    .globl _start
_start:
    auipc s0, 0
    la t0, fail
    csrw mtvec, t0
    li t0, 0x1000
    add s0, s0, t0
    ld s1, 0(s0)
    ld s2, 8(s0)
    ld a5, 24(s0)
    ld a6, 32(s0)
    ld s7, 40(s0)
    ld s0, 16(s0)
    li s4, 0x0002806700028067
    li s5, 0x1800           # mstatus.MPP = M
    li s6, 0x2000           # mstatus.FS, where there is floating point
    csrr t0, misa
    andi t0, t0, 8
    beqz t0, 1f
    csrs mstatus, s6
1:  li t0, -1               # all memory is open to S-mode
    csrw pmpaddr0, t0
    li t0, 0x1f
    csrw pmpcfg0, t0
    csrw satp, s7
    sfence.vma
    csrs mstatus, s5
    beqz s7, 1f
    li t0, 0x1000           # MPP = S
    csrc mstatus, t0
1:  la t0, 1f
    csrw mepc, t0
    mret
1:  sd zero, 8(s1)
    ld s3, 0(s1)

next:
    lwu t1, 0(s0)
    andi t2, t1, 7
    andi t1, t1, -8
    add t1, t1, s2
    bnez t2, 1f
    ld t3, 0(t1)
    j latch
1:  addi t2, t2, -1
    bnez t2, 1f
    sd s4, 0(t1)
    j latch
1:  addi t2, t2, -1
    bnez t2, 1f
    jalr t0, 0(t1)
    j latch
1:  addi t2, t2, -1
    bnez t2, 1f
    addi t3, t1, 4
    csrw mtvec, t3
    csrw mepc, t3
    csrs mstatus, s5
    jalr t0, 0(t1)
    j latch
1:  addi t2, t2, -1
    bnez t2, end
latch:
    sd zero, 8(s1)
    ld t4, 0(s1)
    sub t5, t4, s3
    sw t5, 0(s0)
    mv s3, t4
    addi s0, s0, 4
    j next

end:
    li t1, 0x5555
    j off
fail:
    li t1, 0x13333
off:
    li t0, 0x100000
    sw t1, 0(t0)
1:  j 1b
