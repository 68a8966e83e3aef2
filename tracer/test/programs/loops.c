#include "program.h"

static uint32_t crc(const uint8_t *p, size_t n) {
    uint32_t c = 0xffffffffu;
    while (n--) {
        c ^= *p++;
        for (int k = 0; k < 8; k++)
            c = c & 1 ? c >> 1 ^ 0xedb88320u : c >> 1;
    }
    return ~c;
}

static uint64_t primes(unsigned limit) {
    static uint8_t composite[500];
    uint64_t sum = 0;
    for (unsigned i = 2; i < limit; i++) {
        if (composite[i])
            continue;
        sum += i;
        for (unsigned j = i * i; j < limit; j += i)
            composite[j] = 1;
    }
    return sum;
}

static uint64_t matrix(void) {
    uint64_t a[6][6], b[6][6], trace = 0;
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 6; j++) {
            a[i][j] = next_random() & 15;
            b[j][i] = next_random() & 15;
        }
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 6; j++)
            for (int k = 0; k < 6; k++)
                trace += i == j ? a[i][k] * b[k][j] : 0;
    return trace;
}

static int collatz(uint64_t n) {
    int steps = 0;
    do {
        if (steps > 500)
            goto give_up;
        n = n & 1 ? 3 * n + 1 : n / 2;
        steps++;
    } while (n != 1);
    return steps;
give_up:
    return -1;
}

void test_loops(void) {
    print("crc", crc((const uint8_t *)"123456789", 9));
    print("primes", primes(500));
    print("matrix", matrix());
    print("collatz", (uint64_t)collatz(27) * 1000 + (uint64_t)collatz(97));
}
