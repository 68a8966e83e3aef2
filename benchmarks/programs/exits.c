/* Ways out of loops: break, return, goto out of a nest, continue, flags, two conditions, exits in the middle. */
#include "bench.h"

enum { N = 60 };
static i32 v[N];
static u8 grid[6][9][4];

static int first_pair(i32 sum) { /* goto out of two loops */
    int i, j = 0;
    for (i = 0; i < N; i++) { /* @pair-first */
        for (j = i + 1; j < N; j++) { /* @pair-second */
            if (v[i] + v[j] == sum)
                goto found;
        }
    }
    return -1;
found:
    return i * N + j;
}

static int budget(i32 most) { /* break in the middle */
    int n = 0;
    i32 sum = 0;
    for (;;) { /* @budget */
        sum += v[n];
        if (sum > most)
            break;
        if (++n == N)
            break;
        sum -= n & 1;
    }
    return n;
}

static int skips(void) { /* continue */
    int n = 0, i = 0;
    while (i < N) { /* @skips */
        i++;
        if (i % 3 == 0)
            continue;
        if (i == 50)
            break;
        n++;
    }
    return n;
}

static int three(u8 what) { /* a flag ends three loops */
    int found = 0, steps = 0;
    for (int x = 0; x < 6 && !found; x++) { /* @x */
        for (int y = 0; y < 9 && !found; y++) { /* @y */
            for (int z = 0; z < 4; z++) { /* @z */
                steps++;
                if (grid[x][y][z] == what) {
                    found = 1;
                    break;
                }
            }
        }
    }
    return found ? steps : -steps;
}

static int collide(int a, int b) { /* two counters meet */
    int steps = 0;
    while (a < b) { /* @collide */
        a += 3;
        b -= 2;
        steps++;
        if (steps > 40)
            return -1;
    }
    return steps;
}

static int retry(u32 *state) { /* do-while with a limit of tries */
    int tries = 0;
    u32 x;
    do { /* @retry */
        x = bench_random(state) & 7;
        tries++;
    } while (x != 8 && tries < 25);
    return tries;
}

int main(void) {
    u32 state = bench_seed;
    int wrong = 0;
    for (int i = 0; i < N; i++) { /* @fill */
        v[i] = 2 * i + (i32)bench_seed;
    }
    wrong += first_pair(4) != 1 || first_pair(3) != -1;
    wrong += budget(1 << 20) != N || budget(0) != 0;
    wrong += skips() != 33;
    wrong += three(0) != 1 || three(1) != -216;
    grid[5][8][3] = 1;
    wrong += three(1) != 216;
    wrong += collide(0, 100) != 20 || collide(0, 300) != -1;
    wrong += retry(&state) != 25;
    return wrong != 0;
}
