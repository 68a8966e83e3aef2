/* Primes: Eratosthenes on bytes and on bits, trial division, the next prime. */
#include "bench.h"

enum { N = 500 };
static u8 composite[N + 1];
static u64 odd[(N / 2 + 63) / 64];

static int sieve(void) {
    int count = 0;
    for (int p = 2; p <= N; p++) { /* @sieve */
        if (composite[p])
            continue;
        count++;
        for (int q = p * p; q <= N; q += p) { /* @strike */
            composite[q] = 1;
        }
    }
    return count;
}

static int bit_sieve(void) { /* bit i stands for 2 i + 1 */
    int count = 1;
    for (u32 i = 1; 2 * i + 1 <= N; i++) { /* @odd */
        if (odd[i >> 6] >> (i & 63) & 1)
            continue;
        count++;
        for (u32 k = 3 * i + 1; k < N / 2; k += 2 * i + 1) { /* @strike-odd */
            odd[k >> 6] |= 1ul << (k & 63);
        }
    }
    return count;
}

static int divides(u32 n) {
    for (u32 d = 3; d * d <= n; d += 2) { /* @trial */
        if (n % d == 0)
            return 1;
    }
    return n % 2 == 0 && n != 2;
}

static u32 next_prime(u32 n) {
    do { /* @next */
        n++;
    } while (divides(n));
    return n;
}

int main(void) {
    int wrong = sieve() != 95;
    wrong += bit_sieve() != 95;
    for (u32 n = 2; n <= N; n++) { /* @check */
        wrong += divides(n) != composite[n];
    }
    wrong += next_prime(1326 + bench_seed) != 1361 || next_prime(113) != 127;
    return wrong != 0;
}
