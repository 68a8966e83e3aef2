/* Linear searches: counted, with a sentinel, backwards, and by rows. */
#include "bench.h"

enum { N = 100, ROWS = 8, COLUMNS = 12 };
static i32 v[N + 1];
static u8 grid[ROWS][COLUMNS];

static int counted(const i32 *a, int n, i32 key) {
    for (int i = 0; i < n; i++) { /* @counted */
        if (a[i] == key)
            return i;
    }
    return -1;
}

static int sentinel(i32 *a, int n, i32 key) {
    int i = 0;
    a[n] = key;
    while (a[i] != key) { /* @sentinel */
        i++;
    }
    return i < n ? i : -1;
}

static int backwards(const i32 *a, int n, i32 key) {
    while (n-- > 0) { /* @backwards */
        if (a[n] == key)
            break;
    }
    return n;
}

static int rows(u8 key) {
    int at = -1;
    for (int r = 0; r < ROWS && at < 0; r++) { /* @rows */
        for (int c = 0; c < COLUMNS; c++) { /* @columns */
            if (grid[r][c] == key) {
                at = r * COLUMNS + c;
                break;
            }
        }
    }
    return at;
}

int main(void) {
    int wrong = 0;
    for (int i = 0; i < N; i++) { /* @fill */
        v[i] = 7 * i + (i32)bench_seed;
    }
    for (int i = 0; i < ROWS * COLUMNS; i++) { /* @grid */
        grid[i / COLUMNS][i % COLUMNS] = (u8)(i + bench_seed);
    }
    for (int i = 0; i <= N; i += 20) { /* @keys */
        int want = i < N ? i : -1;
        wrong += counted(v, N, 7 * i + 1) != want || sentinel(v, N, 7 * i + 1) != want || backwards(v, N, 7 * i + 1) != want;
    }
    wrong += rows(1) != 0 || rows(50) != 49 || rows(200) != -1;
    return wrong != 0;
}
