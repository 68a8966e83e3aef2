/* LZ77 with a window of 64 bytes and matches of 3 to 18, greedy, and back. */
#include "bench.h"

enum { N = 240, WINDOW = 64, LEAST = 3, MOST = 18 };
static u8 plain[N], packed[2 * N], again[N];

static int longest(const u8 *in, int at, int n, int *where) {
    int best = 0;
    int first = at > WINDOW ? at - WINDOW : 0;
    for (int from = at - 1; from >= first; from--) { /* @window */
        int len = 0;
        while (len < MOST && at + len < n && in[from + len] == in[at + len]) { /* @match */
            len++;
        }
        if (len > best) {
            best = len;
            *where = at - from;
            if (best == MOST)
                break;
        }
    }
    return best;
}

static int encode(const u8 *in, int n, u8 *out) {
    int to = 0, at = 0;
    while (at < n) { /* @encode */
        int distance = 0, len = longest(in, at, n, &distance);
        if (len >= LEAST) {
            out[to++] = (u8)(0x80 | len);
            out[to++] = (u8)distance;
            at += len;
        } else {
            out[to++] = in[at++] & 0x7f;
        }
    }
    return to;
}

static int decode(const u8 *in, int n, u8 *out) {
    int to = 0;
    for (int i = 0; i < n; i++) { /* @decode */
        if (in[i] & 0x80) {
            int len = in[i] & 0x7f, distance = in[++i];
            for (; len; len--, to++) { /* @copy */
                out[to] = out[to - distance];
            }
        } else {
            out[to++] = in[i];
        }
    }
    return to;
}

int main(void) {
    int wrong = 0;
    for (int run = 0; run < 3; run++) { /* @runs */
        u32 state = bench_seed;
        for (int i = 0; i < N; i++) { /* @fill */
            plain[i] = (u8)(run == 0 ? i & 0x7f : run == 1 ? (int)(bench_random(&state) & 3) : 'x');
        }
        int n = encode(plain, N, packed);
        wrong += decode(packed, n, again) != N;
        for (int i = 0; i < N; i++) { /* @check */
            wrong += again[i] != plain[i];
        }
    }
    return wrong != 0;
}
