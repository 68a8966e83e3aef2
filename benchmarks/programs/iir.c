/* A cascade of three second-order IIR sections in fixed point, down to silence. */
#include "bench.h"

enum { SECTIONS = 3, SAMPLES = 90 };
struct section {
    i32 b[3], a[2], x[2], y[2];
};
static struct section cascade[SECTIONS] = {
    {{1000, 2000, 1000}, {-28000, 12500}, {0, 0}, {0, 0}},
    {{4096, 0, -4096}, {-2000, 3000}, {0, 0}, {0, 0}},
    {{2048, 1024, 512}, {1500, -1000}, {0, 0}, {0, 0}},
};

static i32 filter(i32 x) {
    const struct section *end = cascade + SECTIONS;
    for (struct section *s = cascade; s < end; s++) { /* @sections */
        i64 sum = (i64)s->b[0] * x;
        for (int k = 0; k < 2; k++) { /* @terms */
            sum += (i64)s->b[k + 1] * s->x[k] - (i64)s->a[k] * s->y[k];
        }
        s->x[1] = s->x[0];
        s->x[0] = x;
        s->y[1] = s->y[0];
        x = s->y[0] = (i32)(sum / 16384);
    }
    return x;
}

static int settle(void) { /* samples until 8 in a row are silent */
    int n = 0, silent = 0;
    while (silent < 8 && n < 200) { /* @settle */
        silent = filter(0) == 0 ? silent + 1 : 0;
        n++;
    }
    return n;
}

int main(void) {
    i64 energy = 0;
    for (int i = 0; i < SAMPLES; i++) { /* @samples */
        i32 y = filter(i % 40 == 0 ? 1 << 20 : (i32)bench_seed);
        energy += (i64)y * y;
    }
    int n = settle();
    return !(energy > 0 && n >= 8 && n < 200);
}
