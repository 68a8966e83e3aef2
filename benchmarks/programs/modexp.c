/* Modular exponentiation: square and multiply on words, and Montgomery's on eight 32-bit digits, with Fermat's test as the check. */
#include "bench.h"

enum { DIGITS = 8 };

static u64 modular_power(u64 base, u64 e, u64 m) { /* m below 2^32 */
    u64 result = 1 % m;
    base %= m;
    while (e > 0) { /* @words */
        if (e & 1)
            result = result * base % m;
        base = base * base % m;
        e >>= 1;
    }
    return result;
}

/* 2^255 - 19, least digit first. */
static const u32 prime[DIGITS] = {0xffffffed, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, 0x7fffffff};
static u32 inverse; /* -1 / prime modulo 2^32 */

static int below(const u32 *a, const u32 *b) {
    for (int i = DIGITS - 1; i >= 0; i--) { /* @below */
        if (a[i] != b[i])
            return a[i] < b[i];
    }
    return 0;
}

static void subtract(u32 *a, const u32 *b) {
    u64 borrow = 0;
    for (int i = 0; i < DIGITS; i++) { /* @subtract */
        u64 d = (u64)a[i] - b[i] - borrow;
        a[i] = (u32)d;
        borrow = d >> 63;
    }
}

static void montgomery(u32 *out, const u32 *a, const u32 *b) {
    u32 t[DIGITS + 2] = {0};
    for (int i = 0; i < DIGITS; i++) { /* @digits */
        u64 carry = 0;
        for (int j = 0; j < DIGITS; j++) { /* @multiply */
            carry += (u64)a[j] * b[i] + t[j];
            t[j] = (u32)carry;
            carry >>= 32;
        }
        carry += t[DIGITS];
        t[DIGITS] = (u32)carry;
        t[DIGITS + 1] = (u32)(carry >> 32);
        u32 q = t[0] * inverse;
        carry = (u64)q * prime[0] + t[0];
        carry >>= 32;
        for (int j = 1; j < DIGITS; j++) { /* @reduce */
            carry += (u64)q * prime[j] + t[j];
            t[j - 1] = (u32)carry;
            carry >>= 32;
        }
        carry += t[DIGITS];
        t[DIGITS - 1] = (u32)carry;
        t[DIGITS] = t[DIGITS + 1] + (u32)(carry >> 32);
    }
    if (!below(t, prime))
        subtract(t, prime);
    for (int i = 0; i < DIGITS; i++) { /* @out */
        out[i] = t[i];
    }
}

/* BASE^(prime - 1), BASE and the result in Montgomery's form (times 2^256): 38 = 2^256 mod prime is one. */
static int fermat(u32 base) {
    u32 x[DIGITS] = {base * 38}, r[DIGITS] = {38}, e[DIGITS];
    for (int i = 0; i < DIGITS; i++) { /* @exponent */
        e[i] = prime[i] - (i == 0);
    }
    for (int bit = 254; bit >= 0; bit--) { /* @bits */
        montgomery(r, r, r);
        if (e[bit >> 5] >> (bit & 31) & 1)
            montgomery(r, r, x);
    }
    int wrong = r[0] != 38;
    for (int i = 1; i < DIGITS; i++) { /* @one */
        wrong |= r[i] != 0;
    }
    return wrong;
}

int main(void) {
    int wrong = 0;
    u32 x = 1;
    for (int i = 0; i < 5; i++) { /* @newton */
        x *= 2 - prime[0] * x;
    }
    inverse = -x;
    wrong += inverse * prime[0] != ~0u;
    wrong += fermat(2 + bench_seed) || below(prime, prime);
    wrong += modular_power(3, 1000000006, 1000000007) != 1 || modular_power(2, ~0ul, 13) != 8 || modular_power(5, 0, 7) != 1;
    return wrong != 0;
}
