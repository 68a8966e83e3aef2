/* Profiles: merging is associative and commutative, files come back as they were, damage is told. */
#include "analyzer/analyzer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/potoroo-profile-XXXXXX";
static uint64_t seed = 42;

static uint32_t draw(uint32_t below) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((seed >> 33) % below);
}

static char *path_of(const char *name) { return str_printf("%s/%s", dir, name); }

/* Returns how many observations. */
static uint64_t random_bins(bin_list *bins) {
    uint64_t cycles = 0, total = 0;
    for (uint32_t n = 1 + draw(4); n; n--) {
        struct bin b = {cycles += 1 + draw(5), 1 + draw(9)};
        total += b.count;
        bins_push(bins, b);
    }
    return total;
}

/* A random profile of one trace over a universe of 4 contexts × 6 × 6 points, already in canonical order. */
static struct profile *random_profile(unsigned number) {
    static const char *const names[] = {"a", "a/b+0x10>c", "a/b+0x20>c", "a/b+0x20>c/c+0x4~d"};
    struct profile *p = mem_alloc(sizeof *p);
    strcpy(p->info.isa, "rv64");
    strcpy(p->info.build_id, "0123456789abcdef");
    strcpy(p->info.platform, "fedcba9876543210");
    p->info.clock_hz = 1000000;
    struct profile_trace t = {.records = 100, .entries = 10};
    snprintf(t.digest, sizeof t.digest, "%016x", number * 2654435761u);
    vec_push(&p->traces, t);
    for (int i = 0; i < 4; i++)
        vec_push(&p->contexts, str_dup(names[i]));
    for (uint32_t key = 0; key < 4 * 36; key++) {
        if (draw(3))
            continue;
        struct profile_edge x = {.context = key / 36, .from = 0x1000 + key / 6 % 6 * 16, .to = 0x1000 + key % 6 * 16, .turn = key % 3,
                                 .min_at = {0, draw(50)}, .max_at = {0, draw(50)}};
        x.count = random_bins(&x.bins);
        vec_push(&p->edges, x);
    }
    struct profile_path path = {.start = 0x1000, .end = 0x1050, .min_at = {0, draw(100)}, .max_at = {0, draw(100)}};
    path.count = random_bins(&path.bins);
    path.min = bins_least(&path.bins);
    path.max = bins_most(&path.bins);
    for (uint32_t i = 0; i < p->edges.len; i += 1 + draw(9)) {
        struct path_edge k = {.edge = i, .count = 1 + draw(3)};
        random_bins(&k.bins);
        vec_push(&path.edges, k);
    }
    vec_push(&p->paths, path);
    for (uint64_t h = 0; h < 3; h++)
        vec_push(&p->loops, ((struct profile_loop){0x1000 + 16 * h, 1 + draw(4), {0, draw(100)}}));
    return p;
}

static char *bytes_of(const struct profile *p) {
    struct err e = {0};
    char *path = path_of("x.prof"), *text;
    size_t size;
    assert_int_equal(profile_write(p, path, &e), 0);
    assert_int_equal(file_read(path, &text, &size, &e), 0);
    free(path);
    return text;
}

static struct profile *copy(const struct profile *p) {
    struct err e = {0};
    free(bytes_of(p));
    char *path = path_of("x.prof");
    struct profile *c = profile_read(path, &e);
    if (!c)
        fail_msg("%s", e.text);
    free(path);
    return c;
}

static void files_come_back_as_they_were(void **state) {
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        struct profile *p = random_profile(i), *q = copy(p);
        char *a = bytes_of(p), *b = bytes_of(q);
        assert_string_equal(a, b);
        free(a);
        free(b);
        profile_free(p);
        profile_free(q);
    }
}

static void merging_does_not_depend_on_order(void **state) {
    (void)state;
    struct err e = {0};
    for (unsigned round = 0; round < 20; round++) {
        struct profile *p[3] = {random_profile(3 * round), random_profile(3 * round + 1), random_profile(3 * round + 2)};
        static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
        char *first = NULL;
        bins_limit = round % 2 ? 4 : 1024;
        for (int o = 0; o < 6; o++)
            for (int right = 0; right < 2; right++) { /* (a b) c and a (b c) */
                struct profile *x = copy(p[orders[o][0]]), *y = copy(p[orders[o][1]]), *z = copy(p[orders[o][2]]);
                if (right) {
                    assert_int_equal(profile_merge(y, z, &e), 0);
                    assert_int_equal(profile_merge(x, y, &e), 0);
                } else {
                    assert_int_equal(profile_merge(x, y, &e), 0);
                    assert_int_equal(profile_merge(x, z, &e), 0);
                }
                char *text = bytes_of(x);
                if (first)
                    assert_string_equal(text, first);
                else
                    first = str_dup(text);
                free(text);
                profile_free(x);
            }
        free(first);
        for (int i = 0; i < 3; i++)
            profile_free(p[i]);
    }
    bins_limit = 1024;
}

/* Histograms of few bins of many times: whatever the order and whoever was merged first, the bins are the same; each time is rounded up by no more
 * than is said, the extremes not at all, and the grain is the least that will do. */
static uint64_t some_time(uint32_t spread) { return draw(20) ? 5000 + draw(spread) : draw(3) ? draw(1u << 30) : UINT64_MAX - draw(2); }

static bool is_least_grain(const bin_list *b, const uint64_t *times, size_t n) {
    struct map seen = {0};
    for (size_t i = 0; i < n && b->grain; i++) {
        uint64_t step = (uint64_t)1 << (b->grain - 1), least = bins_least(b), most = bins_most(b), t = times[i];
        bool over = t > UINT64_MAX - (step - 1);
        t = t == least ? t : over || (t + step - 1) / step * step > most ? most : (t + step - 1) / step * step;
        map_put(&seen, t, 1);
    }
    size_t finer = seen.len;
    map_free(&seen);
    return !b->grain || finer > bins_limit;
}

static void check_bins(const bin_list *b, const uint64_t *times, size_t n) {
    uint64_t least = UINT64_MAX, most = 0, total = 0;
    assert_true(b->len <= bins_limit);
    for (size_t i = 0; i < n; i++) {
        size_t above = 0;
        least = times[i] < least ? times[i] : least;
        most = times[i] > most ? times[i] : most;
        while (bins_of(b)[above].cycles < times[i])
            above++;
        assert_true(bins_of(b)[above].cycles - times[i] <= bins_error(b));
    }
    for (size_t i = 0; i < b->len; i++)
        total += bins_of(b)[i].count;
    assert_true(bins_least(b) == least && bins_most(b) == most && total == n);
    assert_true(is_least_grain(b, times, n));
}

static void same_bins(const bin_list *a, const bin_list *b) {
    assert_int_equal(a->grain, b->grain);
    assert_int_equal(a->len, b->len);
    assert_memory_equal(bins_of(a), bins_of(b), a->len * sizeof(struct bin));
}

static void coarse_bins_do_not_depend_on_order(void **state) {
    (void)state;
    size_t limit = bins_limit;
    for (unsigned round = 0; round < 300; round++) {
        uint64_t times[200];
        size_t n = 1 + draw(200);
        uint32_t spread = 1 + draw(400);
        bin_list one = {0}, parts[4] = {0}, all = {0};
        bins_limit = 4 + draw(20);
        for (size_t i = 0; i < n; i++)
            times[i] = some_time(spread);
        for (size_t i = 0; i < n; i++)
            bins_add(&one, times[i], 1);
        check_bins(&one, times, n);
        for (size_t i = n; i-- > 0;)
            bins_add(&parts[draw(4)], times[i], 1);
        unsigned first = draw(4);
        for (unsigned i = 0; i < 4; i++) {
            bin_list *into = i % 2 ? &parts[(first + 3) % 4] : &all; /* (all + a + c) + (d + b) in some order */
            if (into != &parts[(first + i) % 4])
                bins_merge(into, &parts[(first + i) % 4]);
        }
        bins_merge(&all, &parts[(first + 3) % 4]);
        same_bins(&one, &all);
        for (unsigned i = 0; i < 4; i++)
            bins_free(&parts[i]);
        bins_free(&one);
        bins_free(&all);
    }
    bins_limit = limit;
}

static uint64_t executions(const struct profile *p) {
    uint64_t n = 0;
    for (size_t i = 0; i < p->edges.len; i++)
        n += p->edges.data[i].count;
    return n;
}

/* Names in order, ", " behind each. */
static char *contexts_of(const struct profile *p) {
    char *all = str_dup("");
    for (size_t i = 0; i < p->contexts.len; i++) {
        char *more = str_printf("%s%s, ", all, p->contexts.data[i]);
        free(all);
        all = more;
    }
    return all;
}

static bool has_names(unsigned depth, const char *names) {
    struct profile *p = random_profile(4);
    uint64_t before = executions(p);
    profile_shorten(p, depth);
    char *all = contexts_of(p);
    bool good = strcmp(all, names) == 0 && executions(p) == before && profile_is_short(p) == (depth < 2);
    if (!good)
        print_message("depth %u: %s\n", depth, all);
    free(all);
    profile_free(p);
    return good;
}

static void contexts_are_the_last_calls(void **state) {
    (void)state;
    assert_true(has_names(2, "a, a/b+0x10>c, a/b+0x20>c, a/b+0x20>c/c+0x4~d, "));
    assert_true(has_names(1, "*/c+0x4~d, a, a/b+0x10>c, a/b+0x20>c, "));
    assert_true(has_names(0, "*, a, "));
}

/* A profile must dominate each that it was pooled from: the largest time of any is its largest, and every execution is still there. */
static void shortening_only_pools(void **state) {
    (void)state;
    struct err e = {0};
    for (unsigned round = 0; round < 40; round++) {
        unsigned depth = round % 3;
        struct profile *a = random_profile(2 * round), *b = random_profile(2 * round + 1), *before = copy(a), *late = copy(a), *early = copy(a), *other = copy(b);
        assert_int_equal(profile_merge(late, b, &e), 0);
        profile_shorten(late, depth);
        profile_shorten(early, depth);
        profile_shorten(other, depth);
        for (size_t i = 0; i < before->edges.len; i++) {
            const struct profile_edge *x = &before->edges.data[i];
            bool held = false;
            for (size_t k = 0; k < early->edges.len; k++) {
                const struct profile_edge *y = &early->edges.data[k];
                held |= y->from == x->from && y->to == x->to && y->count >= x->count && bins_most(&y->bins) >= bins_most(&x->bins);
            }
            assert_true(held);
        }
        assert_int_equal(profile_merge(early, other, &e), 0);
        char *x = bytes_of(late), *y = bytes_of(early);
        assert_string_equal(x, y);
        struct profile *again = copy(late); /* what was written is a profile */
        free(x);
        free(y);
        profile_free(again);
        profile_free(a);
        profile_free(before);
        profile_free(late);
        profile_free(early);
    }
}

static void what_does_not_belong_together_is_refused(void **state) {
    (void)state;
    struct err e = {0};
    struct profile *p = random_profile(1);
    assert_int_equal(profile_merge(p, copy(p), &e), -1);
    assert_non_null(strstr(e.text, "already measured"));
    profile_free(p);
    p = random_profile(1);
    struct profile *q = random_profile(2);
    q->info.build_id[0] = 'x';
    assert_int_equal(profile_merge(p, q, &e), -1);
    assert_non_null(strstr(e.text, "different builds"));
    q = random_profile(2);
    q->info.platform[0] = 'x';
    assert_int_equal(profile_merge(p, q, &e), -1);
    profile_free(p);
}

static bool reads(const char *text, size_t size) {
    struct err e = {0};
    char *path = path_of("mutant.prof");
    FILE *f = fopen(path, "w");
    fwrite(text, 1, size, f);
    fclose(f);
    struct profile *p = profile_read(path, &e);
    if (!p)
        assert_true(e.kind == ERR_INPUT && strstr(e.text, "mutant.prof") != NULL);
    profile_free(p);
    free(path);
    return p != NULL;
}

/* Any single altered byte and any cut is told; with the checksum made right again, the parser still never trips. */
static void damage_is_told(void **state) {
    (void)state;
    struct profile *p = random_profile(9);
    char *text = bytes_of(p);
    size_t size = strlen(text);
    assert_true(reads(text, size));
    for (size_t i = 0; i < size; i += 1 + draw(20))
        assert_false(reads(text, i));
    for (int i = 0; i < 2000; i++) {
        size_t at = draw((uint32_t)size);
        char old = text[at];
        do
            text[at] = (char)(draw(4) ? "0123456789abcdef *:\n"[draw(20)] : (char)draw(256));
        while (text[at] == old);
        assert_false(reads(text, size));
        char *end = strstr(text, "\nend ");
        if (end) {
            size_t body = (size_t)(end + 1 - text);
            char *forged = str_printf("%.*send %016llx\n", (int)body, text, (unsigned long long)hash_bytes(text, body, 0));
            reads(forged, strlen(forged));
            free(forged);
        }
        text[at] = old;
    }
    free(text);
    profile_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_come_back_as_they_were), cmocka_unit_test(merging_does_not_depend_on_order),
        cmocka_unit_test(coarse_bins_do_not_depend_on_order),
        cmocka_unit_test(contexts_are_the_last_calls), cmocka_unit_test(shortening_only_pools),
        cmocka_unit_test(what_does_not_belong_together_is_refused), cmocka_unit_test(damage_is_told),
    };
    if (!mkdtemp(dir))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char *clean[] = {"rm", "-rf", dir, NULL};
    struct child_result r;
    struct err e;
    child_run(clean, (struct child_limits){.seconds = 20}, -1, -1, &r, &e);
    return failed;
}
