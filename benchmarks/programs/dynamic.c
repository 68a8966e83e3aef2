/* Dynamic programming: longest common subsequence, edit distance, knapsack, matrix chain, longest ascending run. */
#include "bench.h"

enum { A = 24, B = 20, CAPACITY = 50, ITEMS = 8, CHAIN = 9 };
static char a[A], b[B];
static u8 table[A + 1][B + 1];
static u16 best[CAPACITY + 1];
static u32 cost[CHAIN][CHAIN];

static int least(int x, int y) { return x < y ? x : y; }

static int subsequence(int n, int m) {
    for (int i = 0; i <= n; i++) { /* @lcs-rows */
        for (int j = 0; j <= m; j++) { /* @lcs-columns */
            if (i == 0 || j == 0)
                table[i][j] = 0;
            else if (a[i - 1] == b[j - 1])
                table[i][j] = table[i - 1][j - 1] + 1;
            else
                table[i][j] = table[i - 1][j] > table[i][j - 1] ? table[i - 1][j] : table[i][j - 1];
        }
    }
    int length = 0;
    while (n > 0 && m > 0) { /* @trace-back */
        if (a[n - 1] == b[m - 1]) {
            n--, m--, length++;
        } else if (table[n - 1][m] >= table[n][m - 1]) {
            n--;
        } else {
            m--;
        }
    }
    return length;
}

static int edits(int n, int m) { /* in one row */
    static int row[B + 1];
    for (int j = 0; j <= m; j++) { /* @first-row */
        row[j] = j;
    }
    for (int i = 1; i <= n; i++) { /* @edit-rows */
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= m; j++) { /* @edit-columns */
            int next = least(least(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = row[j];
            row[j] = next;
        }
    }
    return row[m];
}

static int knapsack(void) {
    static const u8 weights[ITEMS] = {5, 7, 11, 13, 3, 9, 20, 1}, values[ITEMS] = {10, 13, 24, 25, 4, 15, 41, 1};
    for (int i = 0; i < ITEMS; i++) { /* @items */
        for (int c = CAPACITY; c >= weights[i]; c--) { /* @capacity */
            u16 with = best[c - weights[i]] + values[i];
            if (with > best[c])
                best[c] = with;
        }
    }
    return best[CAPACITY];
}

static u32 chain(const u8 *size) {
    for (int length = 2; length <= CHAIN; length++) { /* @lengths */
        for (int i = 0; i + length <= CHAIN; i++) { /* @starts */
            int j = i + length - 1;
            cost[i][j] = ~0u;
            for (int k = i; k < j; k++) { /* @splits */
                u32 c = cost[i][k] + cost[k + 1][j] + (u32)size[i] * size[k + 1] * size[j + 1];
                if (c < cost[i][j])
                    cost[i][j] = c;
            }
        }
    }
    return cost[0][CHAIN - 1];
}

int main(void) {
    static const u8 size[CHAIN + 1] = {5, 5, 5, 5, 5, 5, 5, 5, 5, 5};
    int wrong = 0;
    for (int i = 0; i < A; i++) { /* @fill */
        a[i] = (char)('a' + i);
        if (i < B)
            b[i] = (char)('A' + i);
    }
    wrong += subsequence(A, B) != 0 || edits(A, B) != A;
    for (int i = 0; i < B; i++) { /* @same */
        b[i] = a[i + (int)bench_seed];
    }
    wrong += subsequence(A, B) != B || edits(A, B) != A - B;
    wrong += knapsack() != 101;
    wrong += chain(size) != 8 * 125;
    return wrong != 0;
}
