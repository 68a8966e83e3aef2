/* FIR filters: over a whole signal, and sample by sample through a circular delay line. */
#include "bench.h"

enum { TAPS = 17, SAMPLES = 120 };
static const i16 taps[TAPS] = {-3, 4, 9, -14, -25, 38, 80, 121, 160, 121, 80, 38, -25, -14, 9, 4, -3};
static i16 in[SAMPLES];
static i32 out[SAMPLES];

static void whole(const i16 *x, i32 *y, int n) {
    for (int i = 0; i < n; i++) { /* @samples */
        i32 sum = 0;
        int most = i < TAPS - 1 ? i : TAPS - 1;
        for (int k = 0; k <= most; k++) { /* @taps */
            sum += taps[k] * x[i - k];
        }
        y[i] = sum >> 4;
    }
}

struct line {
    i16 delay[TAPS];
    int at;
};

static i32 step(struct line *l, i16 x) {
    const i16 *tap = taps;
    i32 sum = 0;
    int i = l->at;
    l->delay[i] = x;
    do { /* @line */
        sum += *tap++ * l->delay[i];
        i = i == 0 ? TAPS - 1 : i - 1;
    } while (tap != taps + TAPS);
    if (++l->at == TAPS)
        l->at = 0;
    return sum >> 4;
}

int main(void) {
    static struct line line;
    u32 state = bench_seed;
    int wrong = 0;
    for (int i = 0; i < SAMPLES; i++) { /* @fill */
        in[i] = (i16)bench_random(&state);
    }
    whole(in, out, SAMPLES);
    for (int i = 0; i < SAMPLES; i++) { /* @check */
        wrong += step(&line, in[i]) != out[i];
    }
    return wrong != 0;
}
