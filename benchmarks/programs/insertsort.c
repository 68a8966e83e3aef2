/* Insertion sort: the inner loop stops early unless the array is reversed. */
#include "bench.h"

enum { N = 32 };
static i32 a[N];

static void sort(i32 *v, int n) {
    for (int i = 1; i < n; i++) { /* @outer */
        i32 x = v[i];
        int j = i;
        while (j > 0 && v[j - 1] > x) { /* @inner */
            v[j] = v[j - 1];
            j--;
        }
        v[j] = x;
    }
}

static int sorted(const i32 *v, int n) {
    for (int i = 1; i < n; i++) { /* @check */
        if (v[i - 1] > v[i])
            return 0;
    }
    return 1;
}

int main(void) {
    u32 state = bench_seed;
    int good = 1;
    for (int run = 0; run < 3; run++) { /* @runs */
        for (int i = 0; i < N; i++) { /* @fill */
            a[i] = run == 0 ? i : run == 1 ? (i32)bench_random(&state) : N - i;
        }
        sort(a, N);
        good &= sorted(a, N);
    }
    return !good;
}
