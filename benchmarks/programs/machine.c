/* A recogniser of numbers (sign, digits, fraction, exponent) as a state machine: a switch in a loop. */
#include "bench.h"

enum state { START, SIGN, DIGITS, POINT, FRACTION, EXPONENT, EXPONENT_SIGN, EXPONENT_DIGITS, REJECT };

static int is_digit(char c) { return c >= '0' && c <= '9'; }

static enum state step(enum state s, char c) {
    switch (s) {
    case START: return c == '+' || c == '-' ? SIGN : is_digit(c) ? DIGITS : c == '.' ? POINT : REJECT;
    case SIGN: return is_digit(c) ? DIGITS : c == '.' ? POINT : REJECT;
    case DIGITS: return is_digit(c) ? DIGITS : c == '.' ? FRACTION : c == 'e' ? EXPONENT : REJECT;
    case POINT: return is_digit(c) ? FRACTION : REJECT;
    case FRACTION: return is_digit(c) ? FRACTION : c == 'e' ? EXPONENT : REJECT;
    case EXPONENT: return c == '+' || c == '-' ? EXPONENT_SIGN : is_digit(c) ? EXPONENT_DIGITS : REJECT;
    case EXPONENT_SIGN: return is_digit(c) ? EXPONENT_DIGITS : REJECT;
    case EXPONENT_DIGITS: return is_digit(c) ? EXPONENT_DIGITS : REJECT;
    default: return REJECT;
    }
}

static int accepts(const char *text, int limit) {
    enum state s = START;
    for (int i = 0; i < limit && text[i]; i++) { /* @text */
        s = step(s, text[i]);
        if (s == REJECT)
            return 0;
    }
    return s == DIGITS || s == FRACTION || s == EXPONENT_DIGITS;
}

static int light(int ticks) { /* a traffic light with a pedestrian's button in one of seven ticks */
    int state = 0, left = 5, walked = 0;
    while (ticks-- > 0) { /* @ticks */
        if (left > 0) {
            left--;
            continue;
        }
        switch (state) {
        case 0: state = ticks % 7 == 3 ? 4 : 1, left = 4; break;
        case 1: state = 2, left = 1; break;
        case 2: state = 3, left = 6; break;
        case 3: state = 0, left = 5; break;
        case 4: state = 5, left = 2; break;
        case 5: state = 2, left = 3, walked++; break;
        }
    }
    return walked;
}

int main(void) {
    static const struct { char text[12]; int good; } cases[] = {
        {"1", 1}, {"-12", 1}, {"+.5", 1}, {"3.", 1}, {"1e9", 1}, {"12.5e-12", 1}, {"", 0}, {".", 0}, {"1e", 0}, {"--1", 0},
        {"12x", 0}, {"-123456.78e1", 1},
    };
    int wrong = 0;
    for (int i = 0; i < COUNT(cases); i++) { /* @cases */
        wrong += accepts(cases[i].text, sizeof cases[i].text) != cases[i].good;
    }
    return wrong != 0 || light(500 * (int)bench_seed) < 1;
}
