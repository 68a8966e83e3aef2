/* Determinants: by minors, recursively, and by elimination modulo a prime. */
#include "bench.h"

enum { N = 5, PRIME = 10007 };
static i32 m[N][N];

static NOINLINE i64 minors(i32 (*a)[N], int n) {
    if (n == 1)
        return a[0][0];
    i64 sum = 0;
    for (int skip = 0; skip < n; skip++) { /* @skip */
        i32 minor[N][N];
        for (int r = 1; r < n; r++) { /* @minor-rows */
            for (int c = 0, to = 0; c < n; c++) { /* @minor-columns */
                if (c != skip)
                    minor[r - 1][to++] = a[r][c];
            }
        }
        i64 part = a[0][skip] * minors(minor, n - 1);
        sum += skip & 1 ? -part : part;
    }
    return sum;
}

static i32 inverse(i32 x) { /* x^(p-2) mod p */
    i64 result = 1, power = x;
    for (int e = PRIME - 2; e; e >>= 1) { /* @inverse */
        if (e & 1)
            result = result * power % PRIME;
        power = power * power % PRIME;
    }
    return (i32)result;
}

static i32 eliminate(void) {
    i64 det = 1;
    for (int k = 0; k < N; k++) { /* @pivots */
        int p = k;
        while (p < N && m[p][k] == 0) { /* @search */
            p++;
        }
        if (p == N)
            return 0;
        for (int c = 0; p != k && c < N; c++) { /* @swap */
            i32 t = m[p][c];
            m[p][c] = m[k][c];
            m[k][c] = t;
        }
        det = (p != k ? PRIME - det : det) * m[k][k] % PRIME;
        i64 scale = inverse(m[k][k]);
        for (int r = k + 1; r < N; r++) { /* @rows */
            i64 factor = m[r][k] * scale % PRIME;
            for (int c = k; c < N; c++) { /* @columns */
                m[r][c] = (i32)((m[r][c] + (PRIME - factor) * m[k][c]) % PRIME);
            }
        }
    }
    return (i32)det;
}

int main(void) {
    int wrong = 0;
    for (u32 run = 0; run < 3; run++) { /* @runs */
        u32 state = bench_seed + run;
        for (int i = 0; i < N * N; i++) { /* @fill */
            m[i / N][i % N] = run == 2 && i % N == 0 ? 0 : (i32)(bench_random(&state) % 19); /* the last is singular */
        }
        if (run == 1)
            m[0][0] = 0;
        i64 expect = minors(m, N) % PRIME;
        wrong += eliminate() != (expect < 0 ? expect + PRIME : expect);
    }
    return wrong != 0;
}
