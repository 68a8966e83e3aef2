/* SHA-256 (FIPS 180-4), the constants computed from the primes' roots; checked against the standard's examples. */
#include "bench.h"

static u32 k[64], h[8];
static u8 block[64];

static u32 rotate(u32 x, int n) { return x >> n | x << (32 - n); }

/* The first 32 bits of the fraction of the square (2) or cube (3) root of PRIME, by bisection. */
static u32 root_fraction(u64 prime, int degree) {
    u64 lo = 0, hi = 1ul << 37;
    while (hi - lo > 1) { /* @bisect */
        u64 mid = (lo + hi) / 2;
        unsigned __int128 power = (unsigned __int128)mid * mid;
        int above = degree == 2 ? power > (unsigned __int128)prime << 64 : power * mid > (unsigned __int128)prime << 96;
        if (above)
            hi = mid;
        else
            lo = mid;
    }
    return (u32)lo;
}

static int is_prime(u32 n) {
    for (u32 d = 2; d * d <= n; d++) { /* @divisors */
        if (n % d == 0)
            return 0;
    }
    return 1;
}

static void constants(void) {
    int n = 0;
    for (u32 p = 2; n < 64; p++) { /* @primes */
        if (is_prime(p))
            k[n++] = root_fraction(p, 3);
    }
}

static void start(void) {
    static const u8 primes[8] = {2, 3, 5, 7, 11, 13, 17, 19};
    for (int i = 0; i < 8; i++) { /* @start */
        h[i] = root_fraction(primes[i], 2);
    }
}

static void compress(const u8 *p) {
    u32 w[64], s[8];
    for (int i = 0; i < 16; i++) { /* @words */
        w[i] = (u32)p[4 * i] << 24 | (u32)p[4 * i + 1] << 16 | (u32)p[4 * i + 2] << 8 | p[4 * i + 3];
    }
    for (int i = 16; i < 64; i++) { /* @schedule */
        u32 a = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        u32 b = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + a + w[i - 7] + b;
    }
    for (int i = 0; i < 8; i++) { /* @load */
        s[i] = h[i];
    }
    for (int i = 0; i < 64; i++) { /* @rounds */
        u32 t1 = s[7] + (rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + k[i] + w[i];
        u32 t2 = (rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        for (int j = 7; j > 0; j--) { /* @shift */
            s[j] = s[j - 1];
        }
        s[4] += t1;
        s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++) { /* @add */
        h[i] += s[i];
    }
}

static void hash(const u8 *p, u32 size) {
    u32 left = size, at = 0;
    start();
    for (; left >= 64; left -= 64, p += 64) { /* @blocks */
        compress(p);
    }
    while (at < left) { /* @rest */
        block[at++] = *p++;
    }
    block[at++] = 0x80;
    if (at > 56) {
        while (at < 64) { /* @pad */
            block[at++] = 0;
        }
        compress(block);
        at = 0;
    }
    while (at < 56) { /* @zeros */
        block[at++] = 0;
    }
    for (int i = 0; i < 8; i++) { /* @length */
        block[56 + i] = (u8)((u64)size * 8 >> (56 - 8 * i));
    }
    compress(block);
}

int main(void) {
    static const u8 two[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    static u8 many[200];
    int wrong = 0;
    constants();
    hash(two, 3 * bench_seed);
    hash((const u8 *)"abc", 3);
    wrong += h[0] != 0xba7816bf || h[7] != 0xf20015ad;
    hash(two, 56);
    wrong += h[0] != 0x248d6a61 || h[7] != 0x19db06c1;
    hash(many, 191);
    hash(many, 0);
    wrong += h[0] != 0xe3b0c442 || h[7] != 0x7852b855;
    return wrong != 0;
}
