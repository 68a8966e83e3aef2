/* Huffman coding of a text: counting, the tree by repeated search of the two lightest, codes, coding, decoding. */
#include "bench.h"

enum { LETTERS = 16, NODES = 2 * LETTERS - 1, TEXT = 250 };
static u32 weight[NODES];
static u8 text[TEXT], bits[TEXT * LETTERS / 8 + 8];
static i8 parent[NODES], child[NODES][2];
static u8 again[TEXT];

static int lightest(int n) {
    int best = -1;
    for (int i = 0; i < n; i++) { /* @lightest */
        if (parent[i] < 0 && (best < 0 || weight[i] < weight[best]))
            best = i;
    }
    return best;
}

static void build(void) {
    for (int n = LETTERS; n < NODES; n++) { /* @build */
        for (int side = 0; side < 2; side++) { /* @sides */
            int i = lightest(n);
            parent[i] = (i8)n;
            child[n][side] = (i8)i;
            weight[n] += weight[i];
        }
    }
}

static int encode(void) {
    int at = 0;
    for (int i = 0; i < TEXT; i++) { /* @encode */
        u8 path[LETTERS];
        int depth = 0;
        for (int n = text[i]; n != NODES - 1; n = parent[n]) { /* @climb */
            path[depth++] = child[(int)parent[n]][1] == n;
        }
        while (depth > 0) { /* @emit */
            bits[at >> 3] |= (u8)(path[--depth] << (at & 7));
            at++;
        }
    }
    return at;
}

static int decode(int length) {
    int n = 0, at = 0;
    while (at < length && n < TEXT) { /* @decode */
        int node = NODES - 1;
        while (node >= LETTERS) { /* @descend */
            node = child[node][bits[at >> 3] >> (at & 7) & 1];
            at++;
        }
        again[n++] = (u8)node;
    }
    return n;
}

static int run(int fibonacci) {
    u32 state = bench_seed;
    u32 a = 1, b = 1;
    int wrong = 0;
    for (int i = 0; i < NODES; i++) { /* @clear */
        weight[i] = 0;
        parent[i] = -1;
    }
    for (int i = 0; i < COUNT(bits); i++) { /* @blank */
        bits[i] = 0;
    }
    for (int i = 0; i < TEXT; i++) { /* @fill */
        text[i] = (u8)(i < LETTERS ? i : (int)bench_random(&state) % LETTERS);
        if (!fibonacci)
            weight[text[i]]++;
    }
    for (int i = 0; fibonacci && i < LETTERS; i++) { /* @weights */
        weight[i] = a;
        b += a;
        a = b - a;
    }
    build();
    wrong += decode(encode()) != TEXT;
    for (int i = 0; i < TEXT; i++) { /* @check */
        wrong += again[i] != text[i];
    }
    return wrong;
}

int main(void) { return run(0) + run(1) != 0; }
