/* Duff's device: a switch into the middle of an unrolled loop, which makes it irreducible; and its tame relatives. */
#include "bench.h"

enum { N = 90 };
static u16 from[N], to[N];

static NOINLINE void device(u16 *t, const u16 *f, u32 count) {
    u32 rounds = (count + 7) / 8;
    if (!count)
        return;
    switch (count % 8) {
    case 0: do { *t++ = *f++; /* @device */
    case 7: *t++ = *f++;
    case 6: *t++ = *f++;
    case 5: *t++ = *f++;
    case 4: *t++ = *f++;
    case 3: *t++ = *f++;
    case 2: *t++ = *f++;
    case 1: *t++ = *f++;
            } while (--rounds > 0);
    }
}

static void by_fours(u16 *t, const u16 *f, u32 count) {
    u32 i = 0;
    for (; i + 4 <= count; i += 4) { /* @fours */
        t[i] = f[i];
        t[i + 1] = f[i + 1];
        t[i + 2] = f[i + 2];
        t[i + 3] = f[i + 3];
    }
    for (; i < count; i++) { /* @rest */
        t[i] = f[i];
    }
}

static int same(int n) {
    for (int i = 0; i < n; i++) { /* @same */
        if (from[i] != to[i])
            return 0;
    }
    return n == N || to[n] == 0;
}

int main(void) {
    int wrong = 0;
    for (int i = 0; i < N; i++) { /* @fill */
        from[i] = (u16)(1000 * bench_seed + (u32)i);
    }
    for (int n = 0; n <= N; n++) { /* @sizes */
        for (int i = 0; i < N; i++) { /* @clear */
            to[i] = 0;
        }
        device(to, from, (u32)n);
        wrong += !same(n);
        for (int i = 0; i < n; i++) { /* @wipe */
            to[i] = 0;
        }
        by_fours(to, from, (u32)n);
        wrong += !same(n);
    }
    return wrong != 0;
}
