/* Hostile assembly: probe_insert on mutated files, with sanitizers.
 *
 *   probe_fuzz ROUNDS FILE.s…
 * Whatever the text: no crash, no read beyond it, and what comes out is what went in, but for the probes and white space. */
#include "tracer/tracer.h"

#include <ctype.h>

static void check(bool good, const char *what) {
    if (!good) {
        fprintf(stderr, "probe_fuzz: %s\n", what);
        abort();
    }
}

static uint64_t state = 88172645463325252u;

static uint64_t rnd(uint64_t below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
}

static size_t line_at(const char *p, size_t size, size_t at) {
    const char *end = memchr(p + at, '\n', size - at);
    return end ? (size_t)(end - p) + 1 - at : size - at;
}

/* P has room for twice SIZE. Returns the new size. */
static size_t mutate(char *p, size_t size) {
    static const char *const pieces[] = {"\"", "'", "#", ";", ":", "(", ")", "%pcrel_lo(", "/*", "*/", "//", "1b", "1f", ".text\n", ".macro m\n", ".endm\n",
                                         ".pushsection .rodata\n", ".popsection\n", "\tj 1b\n", "1:", "\\", ",", "=", ".", "\n", "s9", "@", "\0"};
    for (uint64_t n = 1 + rnd(4); n && size > 1; n--) {
        const char *piece = pieces[rnd(sizeof pieces / sizeof *pieces)];
        size_t at = rnd(size), len = strlen(piece) + (*piece == 0), line;
        switch (rnd(4)) {
        case 0: p[at] = (char)rnd(256); break;
        case 1:
            memmove(p + at + len, p + at, size - at);
            memcpy(p + at, piece, len);
            size += len;
            break;
        case 2:
            line = line_at(p, size, at);
            memmove(p + at, p + at + line, size - at - line);
            size -= line;
            break;
        default: size = rnd(8) ? size : at;
        }
    }
    return size;
}

static bool same_words(const char *a, size_t n, const char *b, size_t m) {
    size_t i = 0, j = 0;
    for (;;) {
        while (i < n && isspace((unsigned char)a[i]))
            i++;
        while (j < m && isspace((unsigned char)b[j]))
            j++;
        if (i == n || j == m)
            return i == n && j == m;
        if (a[i++] != b[j++])
            return false;
    }
}

/* In place; returns the new size. */
static size_t drop_probes(char *p, size_t size) {
    size_t to = 0;
    int skip = 0;
    for (size_t at = 0, line; at < size; at += line) {
        line = line_at(p, size, at);
        if (line > 10 && memcmp(p + at, ".Lpotoroo", 9) == 0)
            skip = 10;
        if (skip-- > 0)
            continue;
        memmove(p + to, p + at, line);
        to += line;
    }
    return to;
}

static bool try_text(const char *text, size_t size, bool sparse) {
    struct err e;
    char *out = NULL, *exact = malloc(size ? size : 1); /* no byte more, so that reading beyond is caught */
    size_t n;
    memcpy(exact, text, size);
    FILE *f = open_memstream(&out, &n);
    int rc = probe_insert(exact, size, "fuzz", sparse ? PROBES_SPARSE : PROBES_ALL, f, &e);
    fclose(f);
    check(rc == 0 || (e.kind == ERR_INPUT && memchr(e.text, 0, sizeof e.text)), "an error without a message");
    if (rc == 0)
        check(same_words(text, size, out, drop_probes(out, n)), "what came out is not what went in");
    free(out);
    free(exact);
    return rc == 0;
}

int main(int argc, char **argv) {
    uint64_t rounds, good = 0;
    if (argc < 3 || parse_u64(argv[1], &rounds) < 0)
        return ERR_USAGE;
    for (uint64_t i = 0; i < rounds; i++) {
        struct err e;
        char *text;
        size_t size;
        check(file_read(argv[2 + rnd((uint64_t)argc - 2)], &text, &size, &e) == 0, "cannot read");
        text = mem_resize(text, 2 * size + 100);
        good += try_text(text, mutate(text, size), rnd(2));
        free(text);
    }
    printf("  %llu mutated files, %llu of them given probes\n", (unsigned long long)rounds, (unsigned long long)good);
    printf("%d passed, %d failed\n", good > 0, good == 0);
    return good == 0;
}
