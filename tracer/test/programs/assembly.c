#include "program.h"

/* Loops and labels in inline assembly, several statements on a line, other sections, atomics. */
__attribute__((noinline)) static uint64_t count_bits(uint64_t x) {
    uint64_t n, t;
    __asm__("li %0, 0; j 2f\n"
            "1:\tandi %1, %2, 1; add %0, %0, %1 # one; bit\n"
            "\tsrli %2, %2, 1\n"
            "2:\tbnez %2, 1b"
            : "=&r"(n), "=&r"(t), "+r"(x));
    return n;
}

__attribute__((noinline)) static uint64_t choose(uint64_t x) {
    __asm__("beqz %0, 1f\n\taddi %0, %0, 5; bltz %0, 1f; xori %0, %0, 3\n"
            "1:\n\t.pushsection .rodata; .balign 8; .quad 1b; .popsection"
            : "+r"(x));
    return x;
}

__attribute__((noinline)) static int has_bit(uint64_t x) {
    __asm__ goto("andi t0, %0, 8\n\tbnez t0, %l1" : : "r"(x) : "t0" : yes);
    return 0;
yes:
    return 1;
}

static uint64_t cell;

__attribute__((noinline)) static uint64_t atomics(uint64_t x) {
    uint64_t old = __atomic_load_n(&cell, __ATOMIC_ACQUIRE);
    while (!__atomic_compare_exchange_n(&cell, &old, old * 3 + x, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
        ;
    return __atomic_fetch_add(&cell, x, __ATOMIC_SEQ_CST) + old;
}

__asm__(".text\n\t.globl\tin_assembly\n\t.type\tin_assembly, @function\nin_assembly:\n"
        "\tbgtz a0, .Lpositive\n\tneg a0, a0\n.Lpositive:\n\tret\n\t.size in_assembly, .-in_assembly");
int64_t in_assembly(int64_t x);

void test_assembly(void) {
    uint64_t sum = 0;
    for (int i = 0; i < 50; i++) {
        uint64_t r = next_random();
        sum = sum * 3 + count_bits(r) + choose(r >> (i & 63)) + (uint64_t)has_bit(r) + atomics(r) + (uint64_t)in_assembly((int64_t)r);
    }
    print("assembly", sum + cell);
}
