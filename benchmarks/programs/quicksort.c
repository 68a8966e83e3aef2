/* Quicksort, recursive, last element as pivot: a sorted array is its worst case. */
#include "bench.h"

enum { N = 40 };
static u32 a[N];

static int partition(u32 *v, int lo, int hi) {
    u32 pivot = v[hi];
    int to = lo;
    for (int i = lo; i < hi; i++) { /* @partition */
        if (v[i] < pivot) {
            u32 t = v[i];
            v[i] = v[to];
            v[to++] = t;
        }
    }
    v[hi] = v[to];
    v[to] = pivot;
    return to;
}

static NOINLINE void sort(u32 *v, int lo, int hi) {
    if (lo >= hi)
        return;
    int p = partition(v, lo, hi);
    sort(v, lo, p - 1);
    sort(v, p + 1, hi);
}

int main(void) {
    u32 state = bench_seed;
    int wrong = 0;
    for (int run = 0; run < 3; run++) { /* @runs */
        for (int i = 0; i < N; i++) { /* @fill */
            a[i] = run == 0 ? (u32)i : run == 1 ? bench_random(&state) : (u32)(N - i);
        }
        sort(a, 0, N - 1);
        for (int i = 1; i < N; i++) { /* @check */
            wrong += a[i - 1] > a[i];
        }
    }
    return wrong != 0;
}
