#include "program.h"

static int dense(unsigned x) {
    switch (x) {
    case 0: return 5;
    case 1: return (int)next_random() & 1;
    case 2: /* falls through */
    case 3: return 9;
    case 4: return -1;
    case 5: return 77;
    case 6: x += 3; /* falls through */
    case 7: return (int)x * 3;
    case 9: return 12;
    default: return 0;
    }
}

static int sparse(int x) {
    switch (x) {
    case -7: return 1;
    case 100: return 2;
    case 101: return 3;
    case 5000: return 4;
    case 1 << 20: return 5;
    default: return x < 0 ? 6 : 7;
    }
}

/* An interpreter by computed goto. */
static uint64_t interpret(const uint8_t *code) {
    static const void *const jump[] = {&&stop, &&add, &&twice, &&loop, &&drop};
    uint64_t acc = 1, count = 10;
    goto *jump[*code++];
add:
    acc += 3;
    goto *jump[*code++];
twice:
    acc *= 2;
    goto *jump[*code++];
loop:
    if (--count) {
        code -= 3;
        goto *jump[*code++];
    }
    goto *jump[*code++];
drop:
    acc -= acc >> 2;
    goto *jump[*code++];
stop:
    return acc;
}

void test_switches(void) {
    static const uint8_t program[] = {1, 2, 3, 4, 1, 0};
    static const int probes[] = {-7, 100, 101, 102, 5000, 1 << 20, -8, 0};
    uint64_t sum = 0;
    for (unsigned i = 0; i < 64; i++)
        sum = sum * 5 + (uint64_t)dense((unsigned)(next_random() % 11));
    for (size_t i = 0; i < sizeof probes / sizeof *probes; i++)
        sum = sum * 5 + (uint64_t)sparse(probes[i]);
    print("switch", sum);
    print("goto", interpret(program));
}
