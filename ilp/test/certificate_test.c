/* Certificates of random graphs are accepted; altered ones are rejected, or what they claim is still true: found by exhaustive search
 * of the altered graph. CERTIFICATE_MUTATIONS says how many. */
#include "ilp/test/random_graph.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

enum { BATCH = 100, SIZE = 1 << 16 };

static char dir[] = "/tmp/potoroo-certificate-XXXXXX";
static char *batch_path[BATCH], *batch_text[BATCH];

static uint64_t fnv1a(const char *s, size_t n) {
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t k = 0; k < n; k++)
        h = (h ^ (unsigned char)s[k]) * 0x100000001b3u;
    return h;
}

/* The program's digest anew, so that it is not what betrays the alteration. */
static void mend_digest(char *text) {
    char *program = strstr(text, "\nipet "), *claim = program ? strstr(++program, "\nbound ") : NULL, digest[17];
    if (program && !claim)
        claim = strstr(program, "\ninfeasible");
    if (!claim)
        return;
    snprintf(digest, sizeof digest, "%016" PRIx64, fnv1a(program, (size_t)(claim + 1 - program)));
    memcpy(strstr(text, "digest ") + 7, digest, 16);
}

/* One number of the text, any but those of the first two lines, becomes another; or a line is lost or doubled. */
static void alter(char *text, uint64_t *s) {
    char *from = strstr(text, "\nipet "), copy[SIZE], number[32];
    size_t tokens = 0;
    for (char *c = from; *c; c++)
        tokens += (c[-1] == ' ' || c[-1] == '\n') && strchr("-0123456789", *c) != NULL;
    size_t pick = random_next(s) % (tokens + tokens / 8 + 1);
    for (char *c = from; *c; c++) {
        if (!((c[-1] == ' ' || c[-1] == '\n') && strchr("-0123456789", *c)) || pick--)
            continue;
        char *rest;
        long old = strtol(c, &rest, 10);
        const long news[] = {old + 1, old - 1, 0, -old, old * 2, (long)(random_next(s) % 20), old + (long)(random_next(s) % 1000)};
        snprintf(number, sizeof number, "%ld", news[random_next(s) % 7]);
        snprintf(copy, sizeof copy, "%.*s%s%s", (int)(c - text), text, number, rest);
        strcpy(text, copy);
        return;
    }
    char *line = from + 1;
    for (uint64_t skip = random_next(s) % 30; skip && strchr(line, '\n') && strchr(line, '\n')[1]; skip--)
        line = strchr(line, '\n') + 1;
    size_t n = strcspn(line, "\n") + 1;
    bool twice = random_next(s) & 1;
    snprintf(copy, sizeof copy, "%.*s%.*s%s", (int)(line - text), text, twice ? (int)(2 * n) : 0, line, line + (strlen(line) >= n ? n : 0));
    if (twice)
        snprintf(copy, sizeof copy, "%.*s%.*s%s", (int)(line - text), text, (int)n, line, line);
    strcpy(text, copy);
}

/* The graph that a certificate speaks of. False: none that the search can take. */
static bool parse_graph(const char *text, struct random_graph *r) {
    unsigned nodes, edges, sinks, loops, rules, source, n;
    uint64_t max;
    const char *s = strstr(text, "\nipet ");
    s = s ? s + 1 : "";
    if (sscanf(s, "ipet %u %u %u %u %u %u", &nodes, &edges, &sinks, &loops, &rules, &source) != 6 || edges > GRAPH_EDGES || loops > GRAPH_NODES ||
        source >= nodes || sinks < 1 || sinks > 2)
        return false;
    *r = (struct random_graph){.nodes = nodes, .source = source, .g = ipet_new(nodes, source)};
    int used;
    for (s = strchr(s, '\n') + 1; edges; edges--, s = strchr(s, '\n') + 1) {
        if (sscanf(s, "edge %u %u %" SCNu64, &r->edge[r->edges].from, &r->edge[r->edges].to, &r->edge[r->edges].cost) != 3)
            return false;
        ipet_edge(r->g, r->edge[r->edges].from, r->edge[r->edges].to, r->edge[r->edges].cost);
        r->edges++;
    }
    for (unsigned k = 0; k < sinks; k++, s = strchr(s, '\n') + 1) {
        if (sscanf(s, "sink %u", k ? &r->second_sink : &r->sink) != 1)
            return false;
        ipet_sink(r->g, k ? r->second_sink : r->sink);
    }
    r->second_sink = sinks == 2 ? r->second_sink : r->sink;
    for (; loops; loops--, s++) {
        uint32_t set[2][64], len[2];
        if (sscanf(s, "loop %" SCNu64 "%n", &max, &used) != 1)
            return false;
        s += used;
        for (int k = 0; k < 2; k++) {
            if (sscanf(s, " %u%n", &len[k], &used) != 1 || len[k] > 64)
                return false;
            s += used;
            for (n = 0; n < len[k]; n++, s += used)
                if (sscanf(s, " %u%n", &set[k][n], &used) != 1 || set[k][n] >= r->edges)
                    return false;
        }
        ipet_loop(r->g, set[0], len[0], set[1], len[1], max);
        r->loop[r->loops].max = max;
        for (n = 0; n < len[0]; n++) {
            r->loop[r->loops].inside |= 1u << set[0][n];
            r->loop[r->loops].source_enters |= r->edge[set[0][n]].to == source;
        }
        for (n = 0; n < len[1]; n++)
            r->loop[r->loops].outside |= 1u << set[1][n];
        r->loops++;
    }
    for (; rules; rules--, s++) {
        struct ipet_term t[16];
        char sense;
        int64_t rhs;
        if (sscanf(s, "constraint %c %" SCNd64 " %u%n", &sense, &rhs, &n, &used) != 3 || n > 16)
            return false;
        s += used;
        for (unsigned k = 0; k < n; k++, s += used)
            if (sscanf(s, " %u %" SCNd64 "%n", &t[k].edge, &t[k].coefficient, &used) != 2)
                return false;
        ipet_constraint(r->g, t, n, sense, rhs, "altered");
    }
    return true;
}

/* An accepted certificate must not be contradicted by any walk that the search finds. */
static void verify_claim(const char *text, const char *path) {
    struct random_graph r = {0};
    bool done;
    if (parse_graph(text, &r)) {
        int64_t truth = best_walk(&r, &done);
        const char *bound = strstr(text, "\nbound ");
        if (truth >= 0 && (!bound || strtoll(bound + 7, NULL, 10) < truth))
            fail_msg("%s was accepted, but there is a walk of %" PRId64 ":\n%s", path, truth, text);
    }
    ipet_free(r.g);
}

/* Runs the checker on N files; counts those accepted and verifies them. */
static unsigned check_batch(size_t n) {
    char *argv[BATCH + 2] = {"build/potoroo-check"}, *out_path = str_printf("%s/out", dir), *out;
    struct child_result result;
    struct err e = {0};
    unsigned accepted = 0;
    size_t size;
    for (size_t k = 0; k < n; k++)
        argv[k + 1] = batch_path[k];
    FILE *f = fopen(out_path, "w");
    assert_int_equal(child_run(argv, (struct child_limits){.seconds = 60}, fileno(f), -1, &result, &e), 0);
    fclose(f);
    assert_int_equal(file_read(out_path, &out, &size, &e), 0);
    char *line = out;
    for (size_t k = 0; k < n; k++, line = strchr(line, '\n') + 1) {
        size_t length = strlen(batch_path[k]);
        assert_memory_equal(line, batch_path[k], length);
        if (memcmp(line + length, ": accepted: ", 12)) {
            assert_memory_equal(line + length, ": rejected: ", 12);
            continue;
        }
        accepted++;
        verify_claim(batch_text[k], batch_path[k]);
    }
    assert_int_equal(result.status, accepted == n ? 0 : 3);
    free(out);
    free(out_path);
    return accepted;
}

static void put_file(size_t k, const char *text) {
    FILE *f = fopen(batch_path[k], "w");
    fputs(text, f);
    fclose(f);
    strcpy(batch_text[k], text);
}

/* The certificate of graph SEED, NULL if it has none. The caller frees it. */
static char *make_certificate(uint64_t seed) {
    struct random_graph r;
    struct ipet_result got;
    struct err e = {0};
    char *path = str_printf("%s/whole", dir), *text = NULL;
    size_t size;
    random_graph_make(&r, seed, (unsigned)(seed % 4));
    unlink(path);
    assert_int_equal(ipet_solve(r.g, (struct ilp_limits){.seconds = 20}, path, &got, &e), 0);
    if (access(path, R_OK) == 0)
        assert_int_equal(file_read(path, &text, &size, &e), 0);
    assert_true(text || got.status == ILP_OPEN || got.status == ILP_UNBOUNDED);
    ipet_result_free(&got);
    ipet_free(r.g);
    free(path);
    return text;
}

static void whole_certificates_are_accepted(void **state) {
    (void)state;
    for (uint64_t from = 1; from <= 1000; from += BATCH) {
        for (uint64_t k = 0; k < BATCH; k++) {
            char *text = make_certificate(from + k);
            put_file(k, text);
            free(text);
        }
        assert_int_equal(check_batch(BATCH), BATCH);
    }
}

static void altered_certificates_are_caught(void **state) {
    (void)state;
    const char *wanted = getenv("CERTIFICATE_MUTATIONS");
    unsigned total = 0, accepted = 0, n = wanted ? (unsigned)atoi(wanted) : 4000;
    uint64_t s = 99;
    for (uint64_t seed = 5000; total < n; seed++) {
        char *whole = make_certificate(seed), text[SIZE];
        for (size_t k = 0; whole && strlen(whole) < SIZE / 2 && k < BATCH; k++) {
            strcpy(text, whole);
            while (strcmp(text, whole) == 0)
                alter(text, &s);
            mend_digest(text);
            put_file(k, text);
        }
        if (whole) {
            accepted += check_batch(BATCH);
            total += BATCH;
        }
        free(whole);
    }
    printf("certificates: %u alterations, %u rejected, %u accepted and true\n", total, total - accepted, accepted);
    assert_true(accepted < total / 2);
}

/* The same input gives the same bytes. */
static void certificates_are_reproducible(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed < 50; seed++) {
        char *first = make_certificate(seed), *second = make_certificate(seed);
        assert_string_equal(first, second);
        free(first);
        free(second);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_certificates_are_accepted), cmocka_unit_test(altered_certificates_are_caught),
        cmocka_unit_test(certificates_are_reproducible),
    };
    if (!mkdtemp(dir))
        return 1;
    for (int k = 0; k < BATCH; k++) {
        batch_path[k] = str_printf("%s/%d", dir, k);
        batch_text[k] = mem_alloc(SIZE);
    }
    int bad = cmocka_run_group_tests(tests, NULL, NULL);
    char *remove[] = {"rm", "-rf", dir, NULL};
    struct child_result result;
    struct err e = {0};
    child_run(remove, (struct child_limits){.seconds = 60}, -1, -1, &result, &e);
    return bad;
}
