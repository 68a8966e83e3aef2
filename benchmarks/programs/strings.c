/* Strings: length, comparison, copying, reversal, folding of case, palindromes, counting words. */
#include "bench.h"

static char buffer[64], folded[64];

static int length(const char *s) {
    const char *p = s;
    while (*p) { /* @length */
        p++;
    }
    return (int)(p - s);
}

static int compare(const char *a, const char *b) {
    while (*a && *a == *b) { /* @compare */
        a++;
        b++;
    }
    return (u8)*a - (u8)*b;
}

static int copy(char *to, const char *from, int size) {
    int i = 0;
    while (i < size - 1 && (to[i] = from[i]) != 0) { /* @copy */
        i++;
    }
    to[i] = 0;
    return i;
}

static void reverse(char *s, int n) {
    for (int i = 0, j = n - 1; i < j; i++, j--) { /* @reverse */
        char t = s[i];
        s[i] = s[j];
        s[j] = t;
    }
}

static void fold(char *to, const char *from) {
    do { /* @fold */
        *to++ = (char)(*from >= 'A' && *from <= 'Z' ? *from + 32 : *from);
    } while (*from++);
}

static int words(const char *s) {
    int n = 0;
    while (*s) { /* @words */
        n += *s != ' ';
        while (*s && *s != ' ') { /* @letters */
            s++;
        }
        while (*s == ' ') { /* @blanks */
            s++;
        }
    }
    return n;
}

int main(void) {
    static const char *const texts[] = {"", "A man a plan a canal", "  two   words ", "The quick brown fox jumps over the lazy dog, 43 letters.",
                                        "abcdefghijklmnopqrstuvwxyz"};
    static const int counts[] = {0, 6, 2, 11, 1};
    int wrong = 0;
    for (int i = 0; i < COUNT(texts); i++) { /* @texts */
        int n = copy(buffer, texts[i], sizeof buffer);
        wrong += n != length(texts[i]) || compare(buffer, texts[i]) != 0 || words(buffer) != counts[i];
        reverse(buffer, n);
        reverse(buffer, n);
        fold(folded, buffer);
        wrong += length(folded) != n || (compare(folded, buffer) == 0) != (i == 0 || i == 2 || i == 4);
    }
    wrong += copy(buffer, texts[3], 8) != 7 || compare("abc", "abd") >= 0;
    return wrong != 0;
}
