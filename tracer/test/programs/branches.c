#include "program.h"

static int classify(int64_t x) {
    if (x < -100)
        return x & 1 ? 1 : 2;
    if (x < 0 || x == 17 || (x > 30 && x < 40))
        return 3;
    return x > 1000 && (x ^ 0x55) & 4 ? 4 : 5;
}

static uint64_t gcd(uint64_t a, uint64_t b) { return b ? gcd(b, a % b) : a; }

static int ackermann(int m, int n) {
    if (m == 0)
        return n + 1;
    return n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

__attribute__((cold, noinline)) static uint64_t rarely(uint64_t x) { return x * 3; }

__attribute__((noinline)) static uint64_t mostly(uint64_t x) {
    if (__builtin_expect(x % 61 == 0, 0))
        return rarely(x);
    return x ^ 5;
}

void test_branches(void) {
    uint64_t sum = 0;
    for (int i = 0; i < 300; i++)
        sum = sum * 7 + (uint64_t)classify((int64_t)next_random() >> (i % 64)) + mostly((uint64_t)i);
    print("classify", sum);
    print("gcd", gcd(next_random() % 100000, 3 * 1024) + gcd(1071, 462));
    print("ackermann", (uint64_t)ackermann(2, 5));
}
