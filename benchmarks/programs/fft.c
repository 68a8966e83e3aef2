/* Integer FFT, radix 2, in place, 64 points; the roots by repeated multiplication in a prime field, so that it is exact. */
#include "bench.h"

enum { N = 64, PRIME = 257, ROOT = 3 }; /* 3 generates the 256 units of the field */
static u32 v[N], saved[N];

static u32 power(u32 base, u32 e) {
    u32 result = 1;
    while (e) { /* @power */
        if (e & 1)
            result = result * base % PRIME;
        base = base * base % PRIME;
        e >>= 1;
    }
    return result;
}

static void reverse(void) {
    for (u32 i = 1, j = 0; i < N; i++) { /* @reverse */
        u32 bit = N >> 1;
        for (; j & bit; bit >>= 1) { /* @carry */
            j ^= bit;
        }
        j ^= bit;
        if (i < j) {
            u32 t = v[i];
            v[i] = v[j];
            v[j] = t;
        }
    }
}

static void transform(u32 root) {
    reverse();
    for (u32 len = 2; len <= N; len <<= 1) { /* @stages */
        u32 step = power(root, N / len);
        for (u32 i = 0; i < N; i += len) { /* @groups */
            u32 w = 1;
            for (u32 k = 0; k < len / 2; k++) { /* @butterflies */
                u32 even = v[i + k], odd = v[i + k + len / 2] * w % PRIME;
                v[i + k] = (even + odd) % PRIME;
                v[i + k + len / 2] = (even + PRIME - odd) % PRIME;
                w = w * step % PRIME;
            }
        }
    }
}

int main(void) {
    u32 state = bench_seed, root = power(ROOT, 256 / N), wrong = 0;
    for (int i = 0; i < N; i++) { /* @fill */
        saved[i] = v[i] = bench_random(&state) % PRIME;
    }
    transform(root);
    transform(power(root, PRIME - 2));
    for (int i = 0; i < N; i++) { /* @check */
        wrong += v[i] != saved[i] * N % PRIME;
    }
    return wrong != 0;
}
