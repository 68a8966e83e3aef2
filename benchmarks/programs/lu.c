/* LU decomposition without pivoting, in 16.16 fixed point, of a matrix with a heavy diagonal; then forward and back substitution. */
#include "bench.h"

enum { N = 8, ONE = 1 << 16 };
static i64 a[N][N], b[N], x[N];

static i64 times(i64 p, i64 q) { return p * q >> 16; }
static i64 over(i64 p, i64 q) { return (p << 16) / q; }

static void decompose(void) {
    for (int k = 0; k < N - 1; k++) { /* @steps */
        for (int i = k + 1; i < N; i++) { /* @rows */
            a[i][k] = over(a[i][k], a[k][k]);
            for (int j = k + 1; j < N; j++) { /* @columns */
                a[i][j] -= times(a[i][k], a[k][j]);
            }
        }
    }
}

static void solve(void) {
    for (int i = 0; i < N; i++) { /* @forward */
        i64 sum = b[i];
        for (int j = 0; j < i; j++) { /* @below */
            sum -= times(a[i][j], x[j]);
        }
        x[i] = sum;
    }
    for (int i = N - 1; i >= 0; --i) { /* @backward */
        i64 sum = x[i];
        for (int j = N - 1; j > i; --j) { /* @above */
            sum -= times(a[i][j], x[j]);
        }
        x[i] = over(sum, a[i][i]);
    }
}

int main(void) {
    int wrong = 0;
    for (int i = 0; i < N; i++) { /* @fill */
        b[i] = 0;
        for (int j = 0; j < N; j++) { /* @fill-row */
            a[i][j] = i == j ? 20 * ONE : ONE * ((i * 3 + j * (int)bench_seed) % 5 - 2);
            b[i] += a[i][j] * (j + 1); /* the solution is 1, 2, …, N */
        }
    }
    decompose();
    solve();
    for (int i = 0; i < N; i++) { /* @check */
        i64 error = x[i] - (i64)ONE * (i + 1);
        wrong += error > 64 || error < -64;
    }
    return wrong != 0;
}
