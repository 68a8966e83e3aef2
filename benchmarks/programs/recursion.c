/* Recursions: Fibonacci, Ackermann, the towers of Hanoi, even and odd by each other. */
#include "bench.h"

static u8 pegs[3][8];
static int height[3];
static u32 moves;

static NOINLINE u32 fibonacci(u32 n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

static NOINLINE u32 ackermann(u32 m, u32 n) {
    if (m == 0)
        return n + 1;
    return ackermann(m - 1, n == 0 ? 1 : ackermann(m, n - 1));
}

static NOINLINE void hanoi(int n, int from, int to) {
    if (n == 0)
        return;
    int other = 3 - from - to;
    hanoi(n - 1, from, other);
    pegs[to][height[to]++] = pegs[from][--height[from]];
    moves++;
    hanoi(n - 1, other, to);
}

static NOINLINE int odd(u32 n);
static NOINLINE int even(u32 n) { return n == 0 ? 1 : !odd(n - 1) ? 0 : 1; }
static NOINLINE int odd(u32 n) { return n == 0 ? 0 : !even(n - 1) ? 0 : 1; }

int main(void) {
    int wrong = 0;
    for (int i = 0; i < 8; i++) { /* @discs */
        pegs[0][height[0]++] = (u8)(8 - i);
    }
    hanoi(7 + (int)bench_seed, 0, 2);
    wrong += moves != 255 || height[2] != 8;
    for (int i = 0; i < 8; i++) { /* @tower */
        wrong += pegs[2][i] != 8 - i;
    }
    wrong += fibonacci(14 + bench_seed) != 610;
    wrong += ackermann(2, 3 + bench_seed) != 11;
    wrong += !even(20) || even(21) || !odd(19);
    return wrong != 0;
}
