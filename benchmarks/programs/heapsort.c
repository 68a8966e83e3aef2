/* Heap sort with a sift-down whose depth is logarithmic. */
#include "bench.h"

enum { N = 50 };
static i64 a[N];

static void sift(i64 *v, int i, int n) {
    while (2 * i + 1 < n) { /* @sift */
        int child = 2 * i + 1;
        if (child + 1 < n && v[child + 1] > v[child])
            child++;
        if (v[i] >= v[child])
            break;
        i64 t = v[i];
        v[i] = v[child];
        v[child] = t;
        i = child;
    }
}

static void sort(i64 *v, int n) {
    for (int i = n / 2 - 1; i >= 0; i--) { /* @build */
        sift(v, i, n);
    }
    for (int end = n - 1; end > 0; end--) { /* @extract */
        i64 t = v[0];
        v[0] = v[end];
        v[end] = t;
        sift(v, 0, end);
    }
}

int main(void) {
    u32 state = bench_seed;
    int wrong = 0;
    for (int run = 0; run < 3; run++) { /* @runs */
        for (int i = 0; i < N; i++) { /* @fill */
            a[i] = run == 0 ? i : run == 1 ? (i64)bench_random(&state) : N - i;
        }
        sort(a, N);
        for (int i = 1; i < N; i++) { /* @check */
            wrong += a[i - 1] > a[i];
        }
    }
    return wrong != 0;
}
