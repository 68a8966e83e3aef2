/* Matrix product, sums of rows and columns, transposition. */
#include "bench.h"

enum { N = 10 };
static i32 a[N][N], b[N][N], c[N][N];

static void fill(u32 state) {
    for (int i = 0; i < N; i++) { /* @fill-rows */
        for (int j = 0; j < N; j++) { /* @fill-columns */
            a[i][j] = (i32)(bench_random(&state) % 100);
            b[i][j] = i == j ? 2 : 0;
        }
    }
}

static void multiply(void) {
    for (int i = 0; i < N; i++) { /* @rows */
        for (int j = 0; j < N; j++) { /* @columns */
            i32 sum = 0;
            for (int k = 0; k < N; k++) { /* @sum */
                sum += a[i][k] * b[k][j];
            }
            c[i][j] = sum;
        }
    }
}

static void transpose(i32 (*m)[N]) {
    for (int i = 0; i < N; i++) { /* @upper-rows */
        for (int j = i + 1; j < N; j++) { /* @upper-columns */
            i32 t = m[i][j];
            m[i][j] = m[j][i];
            m[j][i] = t;
        }
    }
}

int main(void) {
    int wrong = 0;
    fill(bench_seed);
    multiply();
    transpose(c);
    for (int i = 0; i < N * N; i++) { /* @check */
        wrong += c[i % N][i / N] != 2 * a[i / N][i % N];
    }
    return wrong != 0;
}
