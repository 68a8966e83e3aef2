/* AES-128 encryption (FIPS 197); the S-box computed; checked against the standard's example. */
#include "bench.h"

static u8 sbox[256], keys[176], state[16];

static u8 twice(u8 x) { return (u8)(x << 1 ^ (x & 0x80 ? 0x1b : 0)); }

static void sbox_make(void) {
    u8 p = 1, q = 1; /* q is 1 / p throughout */
    do { /* @units */
        p = (u8)(p ^ twice(p)); /* times 3 */
        q ^= (u8)(q << 1);
        q ^= (u8)(q << 2);
        q ^= (u8)(q << 4);
        if (q & 0x80)
            q ^= 0x09; /* through 3 */
        u8 x = q;
        for (int i = 1; i <= 4; i++) { /* @affine */
            x ^= (u8)(q << i | q >> (8 - i));
        }
        sbox[p] = x ^ 0x63;
    } while (p != 1);
    sbox[0] = 0x63;
}

static void expand(const u8 *key) {
    u8 constant = 1;
    for (int i = 0; i < 16; i++) { /* @key */
        keys[i] = key[i];
    }
    for (int i = 16; i < 176; i += 4) { /* @expand */
        u8 t[4];
        for (int j = 0; j < 4; j++) { /* @word */
            t[j] = keys[i - 4 + (i % 16 ? j : (j + 1) % 4)];
            if (i % 16 == 0)
                t[j] = sbox[t[j]];
        }
        if (i % 16 == 0) {
            t[0] ^= constant;
            constant = twice(constant);
        }
        for (int j = 0; j < 4; j++) { /* @combine */
            keys[i + j] = keys[i - 16 + j] ^ t[j];
        }
    }
}

static void add_key(int round) {
    for (int i = 15; i >= 0; i--) { /* @add */
        state[i] ^= keys[16 * round + i];
    }
}

static void substitute_and_shift(void) {
    u8 out[16];
    for (int c = 0; c < 4; c++) { /* @columns */
        for (int r = 0; r < 4; r++) { /* @rows */
            out[4 * c + r] = sbox[state[4 * ((c + r) & 3) + r]];
        }
    }
    for (int i = 0; i < 16; i++) { /* @store */
        state[i] = out[i];
    }
}

static void mix(void) {
    for (u8 *s = state; s != state + 16; s += 4) { /* @mix */
        u8 all = s[0] ^ s[1] ^ s[2] ^ s[3], first = s[0];
        for (int r = 0; r < 4; r++) { /* @mix-rows */
            s[r] ^= all ^ twice(s[r] ^ (r < 3 ? s[r + 1] : first));
        }
    }
}

static void encrypt(void) {
    add_key(0);
    for (int round = 1; round <= 10; round++) { /* @rounds */
        substitute_and_shift();
        if (round < 10)
            mix();
        add_key(round);
    }
}

int main(void) {
    static const u8 expected[16] = {0x69, 0xc4, 0xe0, 0xd8, 0x6a, 0x7b, 0x04, 0x30, 0xd8, 0xcd, 0xb7, 0x80, 0x70, 0xb4, 0xc5, 0x5a};
    u8 key[16];
    int wrong = 0;
    for (int i = 0; i < 16; i++) { /* @input */
        key[i] = (u8)(i * (int)bench_seed);
        state[i] = (u8)(0x11 * i);
    }
    sbox_make();
    expand(key);
    encrypt();
    for (int i = 0; i < 16; i++) { /* @check */
        wrong += state[i] != expected[i];
    }
    return wrong != 0;
}
