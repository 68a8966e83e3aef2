# Instrumentation points split blocks; an enter point starts a function.
        .option norelax
        .macro  point kind
        .pushsection .potoroo.points, "", @progbits
        .quad   9f, \kind
        .popsection
9:
        .endm
        .text
        .globl  _start
        .type   _start, @function
_start: nop
        point   0
        nop
        nop
        point   0
        nop
        beqz    a0, 1f
        point   0
        nop
1:      ret
        .balign 4
        point   1
        csrrw   sp, sscratch, sp
        point   0
        nop
        point   2
        sret
        .pushsection .potoroo.points, "", @progbits
        .quad   0, 0
        .popsection
