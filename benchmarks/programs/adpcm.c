/* IMA ADPCM: coding and decoding of a wave, and the error between. */
#include "bench.h"

enum { N = 150 };
static u16 steps[89];
static const i8 moves[8] = {-1, -1, -1, -1, 2, 4, 6, 8};
static i16 wave[N];
static u8 code[N];
struct state {
    i32 value;
    int index;
};

static int clamp(int x, int lo, int hi) { return x < lo ? lo : x > hi ? hi : x; }

static void steps_make(void) { /* 7, then a tenth more each */
    u32 step = 7 << 8;
    for (int i = 0; i < 89; i++) { /* @steps */
        steps[i] = (u16)(step >> 8);
        step += step / 10;
    }
}

static void advance(struct state *s, int bits) {
    int step = steps[s->index], delta = step >> 3;
    for (int i = 0; i < 3; i++) { /* @delta */
        if (bits & 4 >> i)
            delta += step >> i;
    }
    s->value = clamp(bits & 8 ? s->value - delta : s->value + delta, -32768, 32767);
    s->index = clamp(s->index + moves[bits & 7], 0, 88);
}

static int quantise(const struct state *s, int sample) {
    int step = steps[s->index], difference = sample - s->value, bits = 0;
    if (difference < 0) {
        bits = 8;
        difference = -difference;
    }
    for (int bit = 4; bit; bit >>= 1) { /* @quantise */
        if (difference >= step) {
            bits |= bit;
            difference -= step;
        }
        step >>= 1;
    }
    return bits;
}

static i32 triangle(int i) { /* between -9000 and 9000, period 60 */
    int phase = i % 60;
    return (phase < 30 ? phase : 60 - phase) * 600 - 9000;
}

int main(void) {
    struct state coder = {0, 0}, decoder = {0, 0};
    i32 worst = 0;
    steps_make();
    for (int i = 0; i < N; i++) { /* @wave */
        wave[i] = (i16)(triangle(i) * (i32)bench_seed);
    }
    for (int i = 0; i < N; i++) { /* @code */
        code[i] = (u8)quantise(&coder, wave[i]);
        advance(&coder, code[i]);
    }
    for (int i = 0; i < N; i++) { /* @decode */
        advance(&decoder, code[i]);
        i32 error = wave[i] - decoder.value;
        error = error < 0 ? -error : error;
        if (i > 30 && error > worst)
            worst = error;
    }
    return !(worst < 1500 && decoder.value == coder.value);
}
