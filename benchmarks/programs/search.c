/* Searching a text: naive, Knuth-Morris-Pratt, Horspool. */
#include "bench.h"

enum { TEXT = 96, PATTERN = 8 };
static char text[TEXT + 1];
static int fails[PATTERN];
static u8 shift[256];

static int naive(const char *t, int n, const char *p, int m) {
    for (int i = 0; i + m <= n; i++) { /* @naive */
        int j = 0;
        while (j < m && t[i + j] == p[j]) { /* @match */
            j++;
        }
        if (j == m)
            return i;
    }
    return -1;
}

static void prepare(const char *p, int m) {
    fails[0] = 0;
    for (int i = 1, k = 0; i < m; i++) { /* @prepare */
        while (k > 0 && p[i] != p[k]) { /* @prepare-back */
            k = fails[k - 1];
        }
        if (p[i] == p[k])
            k++;
        fails[i] = k;
    }
}

static int kmp(const char *t, int n, const char *p, int m) {
    prepare(p, m);
    for (int i = 0, k = 0; i < n; i++) { /* @kmp */
        while (k > 0 && t[i] != p[k]) { /* @kmp-back */
            k = fails[k - 1];
        }
        if (t[i] == p[k])
            k++;
        if (k == m)
            return i - m + 1;
    }
    return -1;
}

static int horspool(const char *t, int n, const char *p, int m) {
    for (int i = 0; i < COUNT(shift); i++) { /* @shifts */
        shift[i] = (u8)m;
    }
    for (int i = 0; i < m - 1; i++) { /* @last */
        shift[(u8)p[i]] = (u8)(m - 1 - i);
    }
    int at = 0;
    while (at <= n - m) { /* @horspool */
        int j = m - 1;
        while (t[at + j] == p[j]) { /* @backwards */
            if (j-- == 0)
                return at;
        }
        at += shift[(u8)t[at + m - 1]];
    }
    return -1;
}

int main(void) {
    static const char patterns[][PATTERN + 1] = {"aaaaaaab", "aaaabaaa", "baaaaaaa", "zzzzzzzz", "aaaaaaaa"};
    int wrong = 0;
    for (int round = 0; round < 3; round++) { /* @rounds */
        for (int i = 0; i < TEXT; i++) { /* @fill */
            text[i] = (char)(round == 2 && i % 8 == 5 ? 'b' : 'a');
        }
        if (round == 1)
            text[TEXT - (int)bench_seed] = 'b';
        for (int i = 0; i < COUNT(patterns); i++) { /* @patterns */
            int at = naive(text, TEXT, patterns[i], PATTERN);
            wrong += kmp(text, TEXT, patterns[i], PATTERN) != at || horspool(text, TEXT, patterns[i], PATTERN) != at;
            wrong += round == 0 && (at == 0) != (i == 4);
        }
    }
    return wrong != 0;
}
