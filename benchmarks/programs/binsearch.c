/* Binary search, in the closed and in the half-open form. */
#include "bench.h"

enum { N = 127 };
static i32 keys[N];

static int closed(const i32 *v, int n, i32 key) {
    int lo = 0, hi = n - 1;
    while (lo <= hi) { /* @closed */
        int mid = lo + (hi - lo) / 2;
        if (v[mid] == key)
            return mid;
        if (v[mid] < key)
            lo = mid + 1;
        else
            hi = mid - 1;
    }
    return -1;
}

static u32 lower(const i32 *v, u32 n, i32 key) {
    u32 lo = 0, hi = n;
    while (lo < hi) { /* @lower */
        u32 mid = (lo + hi) >> 1;
        if (v[mid] < key)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

int main(void) {
    int wrong = 0;
    for (int i = 0; i < N; i++) { /* @fill */
        keys[i] = 3 * i + (i32)bench_seed;
    }
    for (i32 key = 0; key <= 3 * N; key++) { /* @keys */
        int at = closed(keys, N, key);
        u32 first = lower(keys, N, key);
        if (key % 3 == 1)
            wrong += at != key / 3 || first != (u32)at;
        else
            wrong += at != -1 || first != (u32)(key + 1) / 3;
    }
    return wrong != 0;
}
