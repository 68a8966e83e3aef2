/* ChaCha20 (RFC 8439), checked against its example block; a message of any length. */
#include "bench.h"

static u32 input[16], stream[16];
static u8 message[150], copy[150];

static u32 left(u32 x, int n) { return x << n | x >> (32 - n); }

static void quarter(u32 *s, int a, int b, int c, int d) {
    static const u8 turns[4] = {16, 12, 8, 7};
    for (int i = 0; i < 4; i += 2) { /* @quarter */
        s[a] += s[b];
        s[d] = left(s[d] ^ s[a], turns[i]);
        s[c] += s[d];
        s[b] = left(s[b] ^ s[c], turns[i + 1]);
    }
}

static void block(void) {
    for (int i = 0; i < 16; i++) { /* @load */
        stream[i] = input[i];
    }
    for (int round = 20; round; round -= 2) { /* @rounds */
        for (int i = 0; i < 4; i++) { /* @straight */
            quarter(stream, i, 4 + i, 8 + i, 12 + i);
        }
        for (int i = 0; i < 4; i++) { /* @diagonal */
            quarter(stream, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
        }
    }
    for (int i = 0; i < 16; i++) { /* @add */
        stream[i] += input[i];
    }
}

static void apply(u8 *p, u32 n) {
    while (n > 0) { /* @blocks */
        u32 part = n < 64 ? n : 64;
        block();
        for (u32 i = 0; i < part; i++) { /* @bytes */
            p[i] ^= (u8)(stream[i >> 2] >> (8 * (i & 3)));
        }
        input[12]++;
        p += part;
        n -= part;
    }
}

static void start(u32 counter) {
    static const u32 words[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    for (u32 i = 0; i < 16; i++) { /* @start */
        input[i] = i < 4 ? words[i] : i < 12 ? 0x03020100 + 0x04040404 * (i - 4) : 0;
    }
    input[12] = counter;
    input[13] = 0x09000000;
    input[14] = 0x4a000000;
}

int main(void) {
    int wrong = 0;
    start(bench_seed);
    block();
    wrong += stream[0] != 0xe4e7f110 || stream[15] != 0x4e3c50a2;
    for (u32 i = 0; i < sizeof message; i++) { /* @fill */
        copy[i] = message[i] = (u8)(i * 7);
    }
    apply(message, sizeof message);
    start(bench_seed);
    apply(message, sizeof message);
    for (u32 i = 0; i < sizeof message; i++) { /* @check */
        wrong += copy[i] != message[i];
    }
    return wrong != 0;
}
