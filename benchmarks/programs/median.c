/* Median filters: 3 x 3 by sorting, 1 x 7 by a sliding sorted window, and the median of all by quickselect. */
#include "bench.h"

enum { W = 16, H = 12, N = 60, WINDOW = 7 };
static u8 in[H][W], out[H][W];
static i32 signal[N], smooth[N], work[N];

static void swap(i32 *a, i32 *b) {
    i32 t = *a;
    *a = *b;
    *b = t;
}

static u8 middle(u8 *v) {
    for (int i = 0; i <= 4; i++) { /* @select */
        int least = i;
        for (int j = i + 1; j < 9; j++) { /* @least */
            if (v[j] < v[least])
                least = j;
        }
        u8 t = v[i];
        v[i] = v[least];
        v[least] = t;
    }
    return v[4];
}

static void filter(void) {
    for (int y = 1; y < H - 1; y++) { /* @rows */
        for (int x = 1; x < W - 1; x++) { /* @columns */
            u8 v[9];
            int n = 0;
            for (int dy = -1; dy <= 1; dy++) { /* @dy */
                for (int dx = -1; dx <= 1; dx++) { /* @dx */
                    v[n++] = in[y + dy][x + dx];
                }
            }
            out[y][x] = middle(v);
        }
    }
}

static void slide(const i32 *x, i32 *y, int n) {
    i32 sorted[WINDOW];
    int size = 0;
    for (int i = 0; i < n; i++) { /* @slide */
        int k;
        if (size == WINDOW) {
            for (k = 0; sorted[k] != x[i - WINDOW]; k++) { /* @find */
            }
            for (size--; k < size; k++) { /* @remove */
                sorted[k] = sorted[k + 1];
            }
        }
        for (k = size++; k > 0 && sorted[k - 1] > x[i]; k--) { /* @insert */
            sorted[k] = sorted[k - 1];
        }
        sorted[k] = x[i];
        y[i] = sorted[size / 2];
    }
}

static i32 quickselect(i32 *v, int n, int k) {
    int lo = 0, hi = n - 1;
    while (lo < hi) { /* @quickselect */
        int to = lo;
        for (int i = lo; i < hi; i++) { /* @partition */
            if (v[i] < v[hi])
                swap(&v[i], &v[to++]);
        }
        swap(&v[hi], &v[to]);
        if (to == k)
            return v[k];
        if (to < k)
            lo = to + 1;
        else
            hi = to - 1;
    }
    return v[k];
}

int main(void) {
    int wrong = 0;
    for (int i = 0; i < W * H; i++) { /* @fill */
        in[i / W][i % W] = (u8)(i % 11 == 5 ? 255 : 90 + (u32)i / W);
    }
    filter();
    for (int y = 1; y < H - 1; y++) { /* @check */
        wrong += out[y][7] < 89 || out[y][7] > 103;
    }
    for (int run = 0; run < 2; run++) { /* @runs */
        for (int i = 0; i < N; i++) { /* @signal */
            work[i] = signal[i] = run == 0 ? i : (i32)bench_seed * (N - i);
        }
        slide(signal, smooth, N);
        wrong += smooth[30] != (run == 0 ? 27 : 33);
        wrong += quickselect(work, N, 0) != run;
    }
    return wrong != 0;
}
