/* Numbers to text and back, in several bases; checked conversion with overflow; a checksum of digits. */
#include "bench.h"

static char text[72];

static int print(char *to, u64 value, u32 base) {
    char digits[64];
    int n = 0;
    do { /* @digits */
        digits[n++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    for (int i = 0; i < n; i++) { /* @order */
        to[i] = digits[n - 1 - i];
    }
    to[n] = 0;
    return n;
}

static int print_hex(char *to, u32 value) {
    for (int shift = 28; shift >= 0; shift -= 4) { /* @nibbles */
        *to++ = "0123456789abcdef"[value >> shift & 15];
    }
    *to = 0;
    return 8;
}

static int parse(const char *s, u32 base, u64 *value) {
    u64 v = 0;
    int n = 0;
    for (; *s; s++) { /* @parse */
        u32 digit = *s >= 'a' ? (u32)(*s - 'a' + 10) : (u32)(*s - '0');
        if (digit >= base || v > (~0ul - digit) / base)
            return 0;
        v = v * base + digit;
        n++;
    }
    *value = v;
    return n;
}

static int luhn(const char *s, int n) {
    int sum = 0, twice = 0;
    while (--n >= 0) { /* @luhn */
        int d = s[n] - '0';
        d <<= twice;
        sum += d > 9 ? d - 9 : d;
        twice ^= 1;
    }
    return sum % 10 == 0;
}

int main(void) {
    static const u64 values[] = {0, 7, 1000000007, 0xdeadbeef, ~0ul};
    static const u32 bases[] = {2, 8, 10, 16};
    int wrong = 0;
    u64 back = 0;
    for (int i = 0; i < COUNT(values); i++) { /* @values */
        for (int b = 0; b < COUNT(bases); b++) { /* @bases */
            int n = print(text, values[i], bases[b]);
            wrong += parse(text, bases[b], &back) != n || back != values[i];
        }
    }
    print_hex(text, 0xcafe0000 + bench_seed);
    wrong += !parse(text, 16, &back) || back != 0xcafe0001;
    wrong += parse("18446744073709551616", 10, &back) || parse("12a", 10, &back);
    wrong += !luhn("4539578763621486", 16) || luhn("4539578763621487", 16);
    return wrong != 0;
}
