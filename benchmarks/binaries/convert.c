/* Drives picolibc's conversions of text to numbers and its mathematics. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int close_to(double a, double b) { return fabs(a - b) <= 1e-9 * (1 + fabs(b)); }

int main(void) {
    static const char *const texts[] = {"3.25", "-1e10", "6.02214076e23", "1e-320", "0x1.8p3", "inf", "nan", "12345678901234567890.5", "", "1e400"};
    char *end;
    int wrong = 0;
    volatile double sum = 0, x = 0.7;
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        double d = strtod(texts[i], &end);
        wrong += i != 8 && *end;
        if (i < 3)
            sum += d;
    }
    wrong += !close_to(sum, 6.02214076e23 - 1e10 + 3.25) || strtod("0.1", NULL) != 0.1;
    wrong += strtol("-123abc", &end, 10) != -123 || strcmp(end, "abc") != 0 || strtoul("ff", NULL, 16) != 255 || atoi("77") != 77;
    wrong += !close_to(sin(x) * sin(x) + cos(x) * cos(x), 1) || !close_to(exp(log(x)), x) || !close_to(pow(x, 3), x * x * x);
    wrong += !close_to(sqrt(x) * sqrt(x), x) || !close_to(atan2(sin(x), cos(x)), x) || fmod(7.5, 2) != 1.5 || floor(-1.5) != -2;
    wrong += !close_to(tan(1e6 + x), sin(1e6 + x) / cos(1e6 + x)) || !close_to(cbrt(x * x * x), x) || !close_to(tgamma(5), 24);
    *(volatile uint32_t *)0x100000 = wrong ? 0x13333 : 0x5555;
    for (;;) {
    }
}
