/* Nested loops whose inner bounds depend on the outer ones: triangles, trapezia, pyramids, bands, halvings. */
#include "bench.h"

enum { N = 15 };
static u32 cells[N][N];

static u32 lower(void) {
    u32 n = 0;
    for (int i = 0; i < N; i++) { /* @lower */
        for (int j = 0; j <= i; j++) { /* @lower-row */
            cells[i][j] = (u32)(i * j) + bench_seed;
            n++;
        }
    }
    return n;
}

static u32 upper(void) {
    u32 n = 0;
    for (u32 i = 0; i < N; i++) { /* @upper */
        for (u32 j = N - 1; j > i; j--) { /* @upper-row */
            cells[i][j] = cells[j][i];
            n++;
        }
    }
    return n;
}

static u32 trapezium(int from) {
    u32 n = 0;
    for (int i = from; i < N; i += 2) { /* @trapezium */
        for (int j = i; j < N + 3; ++j) { /* @trapezium-row */
            n += cells[i][j % N] & 1;
        }
    }
    return n;
}

static u32 pyramid(int n) {
    u32 count = 0;
    for (int i = 0; i < n; i++) { /* @pyramid */
        for (int j = 0; j < i; j++) { /* @pyramid-row */
            for (int k = 0; k < j; k++) { /* @pyramid-point */
                count++;
            }
        }
    }
    return count;
}

static u32 band(void) {
    u32 sum = 0;
    for (int i = 0; i < N; i++) { /* @band */
        int from = i > 2 ? i - 2 : 0, to = i + 2 < N ? i + 2 : N - 1;
        for (int j = from; j <= to; j++) { /* @band-row */
            sum += cells[i][j];
        }
    }
    return sum;
}

static u32 harmonic(u32 limit) {
    u32 n = 0;
    for (u32 gap = limit / 2; gap > 0; gap /= 2) { /* @gaps */
        for (u32 i = gap; i < limit; i += gap) { /* @gap-steps */
            n++;
        }
    }
    return n;
}

int main(void) {
    int wrong = lower() != N * (N + 1) / 2;
    wrong += upper() != N * (N - 1) / 2;
    wrong += trapezium(0) < trapezium(5);
    wrong += pyramid(12) != 220;
    wrong += band() == 0;
    wrong += harmonic(64) != 1 + 3 + 7 + 15 + 31 + 63;
    return wrong != 0;
}
