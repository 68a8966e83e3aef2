/* Drives picolibc's sorting, searching and strings. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int values[100];
static char words[12][16];

static int by_value(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
static int by_reverse(const void *a, const void *b) { return *(const int *)b - *(const int *)a; }
static int by_text(const void *a, const void *b) { return strcmp(a, b); }

int main(void) {
    char text[] = "the quick brown fox jumps over the lazy dog", *rest = NULL;
    int wrong = 0, n = 0;
    srand(7);
    for (int i = 0; i < 100; i++)
        values[i] = rand() % 1000;
    qsort(values, 100, sizeof values[0], by_value);
    for (int i = 1; i < 100; i++)
        wrong += values[i - 1] > values[i];
    wrong += !bsearch(&values[57], values, 100, sizeof values[0], by_value);
    qsort(values, 100, sizeof values[0], by_reverse);
    wrong += values[0] < values[99];
    for (char *w = strtok_r(text, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
        strncpy(words[n++], w, sizeof words[0] - 1);
    qsort(words, (size_t)n, sizeof words[0], by_text);
    wrong += n != 9 || strcmp(words[0], "brown") != 0 || strcmp(words[8], "the") != 0;
    wrong += strstr("a needle in a haystack", "needle") == NULL || strchr("abc", 'z') != NULL || strrchr("abca", 'a') == NULL;
    wrong += strspn("aabbc", "ab") != 4 || strcspn("xyz", "z") != 2 || strpbrk("hello", "lo") == NULL;
    wrong += memcmp("abcdefgh", "abcdefgz", 8) >= 0 || memchr("abc", 'c', 3) == NULL || strcasecmp("HeLLo", "hello") != 0;
    memmove(values + 1, values, 50 * sizeof values[0]);
    memmove(values, values + 1, 50 * sizeof values[0]);
    *(volatile uint32_t *)0x100000 = wrong ? 0x13333 : 0x5555;
    for (;;) {
    }
}
