/* Drives picolibc's formatted output and input. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static char out[2048];
static size_t length;

static int put(char c, FILE *file) {
    (void)file;
    if (length < sizeof out - 1)
        out[length++] = c;
    return (unsigned char)c;
}

static FILE stream = FDEV_SETUP_STREAM(put, NULL, NULL, _FDEV_SETUP_WRITE);
FILE *const stdout = &stream;

int main(void) {
    char text[64];
    int a = 0, wrong = 0;
    double b = 0;
    printf("%d %5d|%-8u|%08x %o %c %s\n", -42, 7, 1234567890u, 0xbeefu, 8, 'x', "text");
    printf("%ld %llx %hhd %zu %p %%\n", -1234567890123L, 0x123456789abcdefULL, (char)200, sizeof out, (void *)main);
    printf("%f %.3e %g %g %12.4f %a\n", 3.25, 6.02e23, 1e-5, 123456789.0, -0.5, 1.5);
    printf("%*.*f %.10s %-6s|\n", 10, 2, 2.718281828, "a long string that is cut", "ab");
    printf("%g %f %e\n", 1.0 / 0.0, 0.0 / 0.0, 1e308);
    wrong += strncmp(out, "-42     7|1234567890|0000beef 10 x text\n", 40) != 0;
    snprintf(text, sizeof text, "%s-%d", "part", 99);
    wrong += strcmp(text, "part-99") != 0;
    wrong += sscanf("12 abc 3.5", "%d %15s %lf", &a, text, &b) != 3 || a != 12 || b != 3.5;
    wrong += sscanf("0x1f,zz", "%i,%[a-z]", &a, text) != 2 || a != 31;
    puts(wrong ? "wrong" : "right");
    *(volatile uint32_t *)0x100000 = wrong ? 0x13333 : 0x5555;
    for (;;) {
    }
}
