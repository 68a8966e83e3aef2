#include "program.h"

static volatile uint8_t *const uart = (volatile uint8_t *)0x10000000;

static void put(const char *s) {
    while (*s)
        *uart = (uint8_t)*s++;
}

void print(const char *name, uint64_t value) {
    char digits[17];
    for (int i = 15; i >= 0; i--, value >>= 4)
        digits[i] = "0123456789abcdef"[value & 15];
    digits[16] = 0;
    put(name);
    put(" ");
    put(digits);
    put("\n");
}

static uint64_t state = 88172645463325252u;

uint64_t next_random(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* The compiler may call these though nobody else does. */
void *memcpy(void *to, const void *from, size_t n) {
    char *t = to;
    for (const char *f = from; n--;)
        *t++ = *f++;
    return to;
}

void *memset(void *to, int c, size_t n) {
    for (char *t = to; n--;)
        *t++ = (char)c;
    return to;
}

int main(void) {
    test_branches();
    test_switches();
    test_pointers();
    test_loops();
    test_assembly();
    test_far();
    test_random();
    put("done\n");
    return 0;
}
