/* Backtracking: eight queens, permutations, subsets of a given sum. */
#include "bench.h"

enum { N = 6, ITEMS = 10 };
static int column[N], solutions, count;
static u8 order[5], taken[5];
static const i16 items[ITEMS] = {3, 34, 4, 12, 5, 2, 7, 8, 9, 10};

static int attacked(int row, int c) {
    for (int r = 0; r < row; r++) { /* @attacked */
        int d = column[r] - c;
        if (d == 0 || d == row - r || d == r - row)
            return 1;
    }
    return 0;
}

static NOINLINE void place(int row) {
    if (row == N) {
        solutions++;
        return;
    }
    for (int c = 0; c < N; c++) { /* @place */
        if (attacked(row, c))
            continue;
        column[row] = c;
        place(row + 1);
    }
}

static NOINLINE void permute(int at) {
    if (at == 5) {
        count++;
        return;
    }
    for (u8 i = 0; i < 5; i++) { /* @permute */
        if (taken[i])
            continue;
        taken[i] = 1;
        order[at] = i;
        permute(at + 1);
        taken[i] = 0;
    }
}

static NOINLINE int subsets(int at, int left) {
    if (left == 0)
        return 1;
    if (at == ITEMS || left < 0)
        return 0;
    return subsets(at + 1, left) + subsets(at + 1, left - items[at]);
}

int main(void) {
    int expected = 0;
    place(0);
    permute(0);
    for (u32 set = 0; set < 1u << ITEMS; set++) { /* @sets */
        int sum = 0;
        for (int i = 0; i < ITEMS; i++) { /* @members */
            sum += set >> i & 1 ? items[i] : 0;
        }
        expected += sum == 29 + (int)bench_seed;
    }
    return solutions != 4 || count != 120 || subsets(0, 29 + (int)bench_seed) != expected;
}
