/* Bubble sort that stops after a pass without an exchange. */
#include "bench.h"

enum { N = 24 };
static i16 a[N];

static int pass(i16 *v, int end) {
    int swapped = 0;
    for (int i = 0; i < end; i++) { /* @pass */
        if (v[i] > v[i + 1]) {
            i16 t = v[i];
            v[i] = v[i + 1];
            v[i + 1] = t;
            swapped = 1;
        }
    }
    return swapped;
}

static void sort(i16 *v, int n) {
    for (int end = n - 1; end > 0; end--) { /* @passes */
        if (!pass(v, end))
            break;
    }
}

int main(void) {
    u32 state = bench_seed;
    int wrong = 0;
    for (int run = 0; run < 3; run++) { /* @runs */
        for (int i = 0; i < N; i++) { /* @fill */
            a[i] = (i16)(run == 0 ? i : run == 1 ? (int)(bench_random(&state) & 0x7fff) : N - i);
        }
        sort(a, N);
        for (int i = 1; i < N; i++) { /* @check */
            wrong += a[i - 1] > a[i];
        }
    }
    return wrong != 0;
}
