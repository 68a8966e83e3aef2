/* Run-length coding, with runs of at most 255, and back. */
#include "bench.h"

enum { N = 400 };
static u8 plain[N], packed[2 * N], again[N];

static int encode(const u8 *in, int n, u8 *out) {
    int to = 0, i = 0;
    while (i < n) { /* @encode */
        int run = 1;
        while (i + run < n && run < 255 && in[i + run] == in[i]) { /* @run */
            run++;
        }
        out[to++] = (u8)run;
        out[to++] = in[i];
        i += run;
    }
    return to;
}

static int decode(const u8 *in, int n, u8 *out) {
    int to = 0;
    for (int i = 0; i < n; i += 2) { /* @decode */
        for (int k = in[i]; k > 0; k--) { /* @expand */
            out[to++] = in[i + 1];
        }
    }
    return to;
}

int main(void) {
    int wrong = 0;
    for (int run = 0; run < 3; run++) { /* @runs */
        for (int i = 0; i < N; i++) { /* @fill */
            plain[i] = (u8)(run == 0 ? (int)bench_seed : run == 1 ? i : i / 7);
        }
        int n = encode(plain, N, packed);
        wrong += decode(packed, n, again) != N;
        for (int i = 0; i < N; i++) { /* @check */
            wrong += again[i] != plain[i];
        }
    }
    return wrong != 0;
}
