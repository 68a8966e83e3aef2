/* Greatest common divisors: Euclid by division, by subtraction, binary, extended; least common multiple of a table. */
#include "bench.h"

static u32 euclid(u32 a, u32 b) {
    while (b != 0) { /* @euclid */
        u32 r = a % b;
        a = b;
        b = r;
    }
    return a;
}

static u32 subtract(u32 a, u32 b) {
    while (a != b) { /* @subtract */
        if (a > b)
            a -= b;
        else
            b -= a;
    }
    return a;
}

static u32 binary(u32 a, u32 b) {
    int shift = 0;
    while (((a | b) & 1) == 0) { /* @both-even */
        a >>= 1;
        b >>= 1;
        shift++;
    }
    while (b != 0) { /* @binary */
        while ((a & 1) == 0) { /* @even */
            a >>= 1;
        }
        while ((b & 1) == 0) { /* @other-even */
            b >>= 1;
        }
        if (a > b) {
            u32 t = a;
            a = b;
            b = t;
        }
        b -= a;
    }
    return a << shift;
}

static i64 extended(i64 a, i64 b, i64 *x) {
    i64 x0 = 1, x1 = 0;
    while (b) { /* @extended */
        i64 q = a / b, r = a % b, t = x0 - q * x1;
        a = b;
        b = r;
        x0 = x1;
        x1 = t;
    }
    *x = x0;
    return a;
}

int main(void) {
    static const u32 pairs[][3] = {{2971215073u, 1836311903, 1}, {48, 36, 12}, {1u << 20, 1u << 12, 1u << 12}, {97, 96, 1}, {1u << 12, 1u << 30, 1u << 12}, {3u << 30, 3, 3}};
    int wrong = 0;
    u64 multiple = bench_seed;
    i64 x;
    for (int i = 0; i < COUNT(pairs); i++) { /* @pairs */
        wrong += euclid(pairs[i][0], pairs[i][1]) != pairs[i][2] || binary(pairs[i][0], pairs[i][1]) != pairs[i][2];
        wrong += extended(pairs[i][0], pairs[i][1], &x) != pairs[i][2] || ((i64)pairs[i][0] * x - pairs[i][2]) % pairs[i][1] != 0;
    }
    wrong += subtract(1000, 1) != 1 || subtract(144, 89) != 1;
    for (u32 n = 1; n <= 20; n++) { /* @multiple */
        multiple = multiple / euclid((u32)(multiple % n), n) * n;
    }
    return wrong != 0 || multiple != 232792560;
}
