/* More sorts: merge sort from below and recursive, shell sort, counting and radix sort. */
#include "bench.h"

enum { N = 48 };
static u32 v[N], scratch[N], counts[16];

static void merge(u32 *a, int lo, int mid, int hi) {
    int i = lo, j = mid, k = lo;
    while (i < mid && j < hi) { /* @merge */
        scratch[k++] = a[i] <= a[j] ? a[i++] : a[j++];
    }
    while (i < mid) { /* @left */
        scratch[k++] = a[i++];
    }
    while (j < hi) { /* @right */
        scratch[k++] = a[j++];
    }
    for (k = lo; k < hi; k++) { /* @back */
        a[k] = scratch[k];
    }
}

static void from_below(u32 *a, int n) {
    for (int width = 1; width < n; width *= 2) { /* @widths */
        for (int lo = 0; lo + width < n; lo += 2 * width) { /* @pairs */
            merge(a, lo, lo + width, lo + 2 * width < n ? lo + 2 * width : n);
        }
    }
}

static NOINLINE void recursive(u32 *a, int lo, int hi) {
    if (hi - lo < 2)
        return;
    int mid = lo + (hi - lo) / 2;
    recursive(a, lo, mid);
    recursive(a, mid, hi);
    merge(a, lo, mid, hi);
}

static void shell(u32 *a, int n) {
    for (int gap = n / 2; gap > 0; gap /= 2) { /* @gaps */
        for (int i = gap; i < n; i++) { /* @shell */
            u32 x = a[i];
            int j = i;
            for (; j >= gap && a[j - gap] > x; j -= gap) { /* @move */
                a[j] = a[j - gap];
            }
            a[j] = x;
        }
    }
}

static void radix(u32 *a, int n) {
    for (int shift = 0; shift < 32; shift += 4) { /* @digits */
        for (int d = 0; d < 16; d++) { /* @clear */
            counts[d] = 0;
        }
        for (int i = 0; i < n; i++) { /* @count */
            counts[a[i] >> shift & 15]++;
        }
        for (int d = 1; d < 16; d++) { /* @sums */
            counts[d] += counts[d - 1];
        }
        for (int i = n - 1; i >= 0; i--) { /* @place */
            scratch[--counts[a[i] >> shift & 15]] = a[i];
        }
        for (int i = 0; i < n; i++) { /* @copy */
            a[i] = scratch[i];
        }
    }
}

int main(void) {
    int wrong = 0;
    for (int sort = 0; sort < 4; sort++) { /* @sorts */
        for (int run = 0; run < 3; run++) { /* @runs */
            u32 state = bench_seed;
            for (u32 i = 0; i < N; i++) { /* @fill */
                v[i] = run == 0 ? i : run == 1 ? bench_random(&state) << 5 : (N - i) * 1000;
            }
            if (sort == 0)
                from_below(v, N);
            else if (sort == 1)
                recursive(v, 0, N);
            else if (sort == 2)
                shell(v, N);
            else
                radix(v, N);
            for (int i = 1; i < N; i++) { /* @check */
                wrong += v[i - 1] > v[i];
            }
        }
    }
    return wrong != 0;
}
