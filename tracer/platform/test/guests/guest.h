/* For all guests: every instruction has 4 bytes (unless a guest says .option rvc), so an L1I line of 64 bytes holds 16.
 * s11 = counter page. A mark's time is that after its store, so from mark to mark one MARK is paid:
 *     MARK = alu + store + device_access
 * Guests that measure warm code go over it twice (TWICE … AGAIN): the second pass's marks follow the first's. */
    .option norvc
    .globl _start
    .section .text

    .macro BEGIN
_start:
    li s11, 0x87fff000
    .endm

    .macro MARK
    li t6, 0
    sd t6, 32(s11)
    .endm

    .macro MARK_VALUE reg
    mv t6, \reg
    sd t6, 32(s11)
    .endm

    .macro TWICE
    li s10, 2
    j 9f
    .balign 64
9:
    .endm

    .macro AGAIN
    addi s10, s10, -1
    bnez s10, 9b
    .endm

    .macro END
    li t0, 0x100000
    li t1, 0x5555
    sw t1, 0(t0)
8:  j 8b
    .endm

    /* From M-mode to S-mode at LABEL, with all exceptions and S interrupts delegated and all memory open to S. */
    .macro SUPERVISOR label
    li t0, -1
    csrw pmpaddr0, t0
    li t0, 0x1f
    csrw pmpcfg0, t0
    li t0, 0xffff
    csrw medeleg, t0
    csrw mideleg, t0
    li t0, 2
    csrw mcounteren, t0
    csrr t0, menvcfg
    li t1, 1
    slli t1, t1, 63
    or t0, t0, t1
    csrw menvcfg, t0
    li t0, 0x1800
    csrc mstatus, t0
    li t0, 0x800
    csrs mstatus, t0
    la t0, \label
    csrw mepc, t0
boot_mret:
    mret
    .endm
