/* Counting and moving bits: by shifts, by clearing the lowest, by table; logarithms, reversal, parity, Gray code, integer roots. */
#include "bench.h"

static u8 table[256];

static int by_shift(u64 x) {
    int n = 0;
    while (x) { /* @by-shift */
        n += (int)(x & 1);
        x >>= 1;
    }
    return n;
}

static int by_clearing(u64 x) {
    int n;
    for (n = 0; x != 0; n++) { /* @by-clearing */
        x &= x - 1;
    }
    return n;
}

static int by_table(u64 x) {
    int n = 0;
    for (int i = 0; i < 64; i += 8) { /* @by-table */
        n += table[x >> i & 255];
    }
    return n;
}

static int by_halving(u64 x) {
    static const u64 masks[6] = {0x5555555555555555, 0x3333333333333333, 0x0f0f0f0f0f0f0f0f, 0x00ff00ff00ff00ff, 0x0000ffff0000ffff, 0xffffffff};
    for (int i = 0; i < 6; i++) { /* @by-halving */
        x = (x & masks[i]) + (x >> (1 << i) & masks[i]);
    }
    return (int)x;
}

static int logarithm(u32 x) {
    int n = 0;
    while (x >>= 1) { /* @logarithm */
        n++;
    }
    return n;
}

static u32 reverse(u32 x) {
    u32 out = 0;
    for (u32 mask = 1u << 31; mask; mask >>= 1) { /* @reverse */
        out = out >> 1 | (x & mask ? 1u << 31 : 0);
    }
    return out;
}

static int leading(u64 x) {
    int n = 0;
    for (int half = 32; half; half /= 2) { /* @leading */
        if (x >> (64 - half) == 0) {
            n += half;
            x <<= half;
        }
    }
    return n;
}

static u32 root(u32 x) {
    u32 r = 0, bit = 1u << 30;
    while (bit > x) { /* @root-start */
        bit >>= 2;
    }
    while (bit) { /* @root */
        if (x >= r + bit) {
            x -= r + bit;
            r = (r >> 1) + bit;
        } else {
            r >>= 1;
        }
        bit >>= 2;
    }
    return r;
}

int main(void) {
    static const u64 words[] = {0, 1, ~0ul, 1ul << 63, 0x123456789abcdef, 0xf0f0f0f0};
    int wrong = 0;
    for (int i = 1; i < 256; i++) { /* @table */
        table[i] = (u8)(table[i / 2] + i % 2);
    }
    for (u32 i = 0; i < COUNT(words); i++) { /* @words */
        int n = by_shift(words[i]);
        wrong += by_clearing(words[i]) != n || by_table(words[i]) != n || by_halving(words[i]) != n;
        u32 low = (u32)words[i];
        wrong += reverse(reverse(low)) != low || (low && logarithm(low) != 63 - leading(low));
        u64 r = root(low | 1);
        wrong += r * r > (low | 1) || (r + 1) * (r + 1) <= (low | 1);
    }
    wrong += leading(bench_seed) != 63;
    return wrong != 0;
}
