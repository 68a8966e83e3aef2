/* Counting in all ways: down, by steps, with !=, through wrap-around, in narrow types, from parameters, by floating limits. */
#include "bench.h"

static u32 sink[64];

static int down_signed(int from) {
    int n = 0;
    for (int i = from; i >= 0; i -= 3) { /* @down-signed */
        sink[n++ & 63] = (u32)i;
    }
    return n;
}

static int down_unsigned(u32 from) {
    int n = 0;
    for (u32 i = from; i-- > 0;) { /* @down-unsigned */
        sink[n++ & 63] = i;
    }
    return n;
}

static int until_equal(u32 from, u32 to) {
    int n = 0;
    for (u32 i = from; i != to; i += 4) { /* @until-equal */
        sink[n++ & 63] = i;
    }
    return n;
}

static int wrap(u8 from) {
    int n = 0;
    for (u8 i = from; i != 0; i++) { /* @wrap */
        sink[n++ & 63] = i;
    }
    return n;
}

static int narrow(i16 to) {
    int n = 0;
    for (i16 i = -20; i < to; i = (i16)(i + 5)) { /* @narrow */
        sink[n++ & 63] = (u32)i;
    }
    return n;
}

static int clamped(int to) {
    int n = 0;
    if (to > 48)
        to = 48;
    for (int i = 0; i < to; i++) { /* @clamped */
        sink[i] = (u32)i;
        n++;
    }
    return n;
}

static int modulo(u32 to) {
    int n = 0;
    for (u32 i = 0; i < to % 20; i++) { /* @modulo */
        sink[i] = i;
        n++;
    }
    return n;
}

static int powers(u64 limit) {
    int n = 0;
    for (u64 x = 1; x <= limit; x *= 3) { /* @powers */
        sink[n++ & 63] = (u32)x;
    }
    return n;
}

static int shifts(i64 x) {
    int n = 0;
    while (x > 1) { /* @shifts */
        x >>= 2;
        n++;
    }
    return n;
}

static int both(int n) {
    int steps = 0;
    for (int i = 0, j = n; i < j; i += 2, j--) { /* @both */
        sink[steps++ & 63] = (u32)(j - i);
    }
    return steps;
}

static int do_while(int n) {
    int steps = 0;
    do { /* @do-while */
        steps++;
        n -= 7;
    } while (n > 0);
    return steps;
}

static int two_speeds(int n) { /* the step changes half way */
    int steps = 0, i = 0;
    while (i < n) { /* @two-speeds */
        i += i < n / 2 ? 1 : 4;
        steps++;
    }
    return steps;
}

int main(void) {
    int wrong = 0, o = (int)bench_seed - 1; /* 0, but the compiler does not know */
    u32 u = (u32)o;
    wrong += down_signed(100 + o) != 34 || down_signed(o - 1) != 0;
    wrong += down_unsigned(40 + u) != 40 || down_unsigned(u) != 0;
    wrong += until_equal(8 + 4 * u, 208) != 50;
    wrong += wrap((u8)(200 + u)) != 56 || wrap((u8)bench_seed) != 255;
    wrong += narrow((i16)(30 + o)) != 10;
    wrong += clamped(1000 + o) != 48 || clamped(7 + o) != 7 || clamped(o - 5) != 0;
    wrong += modulo(1000 + u) != 0 || modulo(1019 + u) != 19;
    wrong += powers(1000000 + u) != 13 || powers(u) != 0;
    wrong += shifts((i64)(~0ul >> 1) - o) != 31;
    wrong += both(40 + o) != 14;
    wrong += do_while(50 + o) != 8 || do_while(o - 3) != 1;
    wrong += two_speeds(80 + o) != 50;
    return wrong != 0;
}
