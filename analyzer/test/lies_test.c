/* Seeded lies about the real kernel, each of which must be caught: a block's cost lowered, an edge of the CFG dropped, a loop
 * bound less one, a trace record altered. Works on what `make` and rules.mk made under build/: the default analysis, and a short
 * further trace with its profile. */
#include "analyzer/known.h"
#include "cfg/smt.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SHORT_TRACE "build/analyzer/test/short.ptrace"

static char dir[] = "/tmp/potoroo-lies-XXXXXX";
static uint64_t seed = 7;

static uint32_t draw(size_t below) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((seed >> 33) % below);
}

static char *path_of(const char *name) { return str_printf("%s/%s", dir, name); }

static struct analysis *analysis(void) {
    struct err e = {0};
    struct analysis *a = analysis_read("potoroo.ini", &e);
    if (!a)
        fail_msg("%s", e.text);
    a->keep_infeasible = true; /* only one test is about that */
    return a;
}

static void replace(char **field, char *with) {
    free(*field);
    *field = with;
}

/* Costs as measured: what a lie about a measurement does when there is no model to tell it. */
static struct analysis *analysis_without_model(void) {
    struct analysis *a = analysis();
    replace(&a->model, NULL);
    return a;
}

static void caught(const struct err *e, const char *words) {
    if (e->kind != ERR_INPUT || !strstr(e->text, words))
        fail_msg("said '%s' instead of '%s'", e->text, words);
}

/* ---- a block's cost lowered ------------------------------------------------------------------------------------------ */

static const struct profile_path *longest(const struct profile *p) {
    const struct profile_path *best = &p->paths.data[0];
    for (size_t i = 0; i < p->paths.len; i++)
        if (p->paths.data[i].max > best->max)
            best = &p->paths.data[i];
    return best;
}

/* In the profile: everything measured for one step of the longest path seen is set to nothing. */
static void a_step_lowered_in_the_profile(void **state) {
    (void)state;
    struct err e = {0};
    struct profile *p = profile_read("build/kernel/kernel.prof", &e);
    assert_non_null(p);
    const struct profile_path *path = longest(p);
    const struct profile_edge *victim = &p->edges.data[path->edges.data[0].edge];
    for (size_t i = 0; i < path->edges.len; i++) { /* the one that costs most: its slack is less than all of it */
        const struct profile_edge *x = &p->edges.data[path->edges.data[i].edge];
        if (bins_most(&x->bins) > bins_most(&victim->bins))
            victim = x;
    }
    uint64_t from = victim->from, to = victim->to;
    for (size_t i = 0; i < p->edges.len; i++)
        if (p->edges.data[i].from == from && p->edges.data[i].to == to) {
            p->edges.data[i].bins.len = 1;
            bins_of(&p->edges.data[i].bins)[0].cycles = 0;
        }
    char *file = path_of("lowered.prof");
    assert_int_equal(profile_write(p, file, &e), 0);
    profile_free(p);
    struct analysis *a = analysis_without_model();
    replace(&a->profile, file);
    assert_null(wcet_analyse(a, NULL, NULL, &e));
    caught(&e, "more than the costs of its steps add up to");
    analysis_free(a);
}

/* In the profile, seen by the path tree alone: what one step took on the row's own paths, but not in all, is set to nothing. */
static void a_step_lowered_on_its_paths(void **state) {
    (void)state;
    struct err e = {0};
    struct profile *p = profile_read("build/kernel/kernel.prof", &e);
    assert_non_null(p);
    const struct profile_path *path = longest(p);
    for (size_t i = 0; i < path->edges.len; i++)
        for (size_t k = 0; k < p->paths.len; k++)
            for (size_t j = 0; j < p->paths.data[k].edges.len; j++)
                if (p->paths.data[k].edges.data[j].edge == path->edges.data[i].edge && i % 2) {
                    bin_list *bins = &p->paths.data[k].edges.data[j].bins;
                    bins->len = 1;
                    bins_of(bins)[0].cycles = 0;
                }
    char *file = path_of("paths.prof");
    assert_int_equal(profile_write(p, file, &e), 0);
    profile_free(p);
    struct analysis *a = analysis_without_model();
    replace(&a->profile, str_dup(file));
    assert_null(wcet_analyse(a, NULL, NULL, &e));
    caught(&e, "more than the longest path of the path tree");
    analysis_free(a);
    a = analysis();
    replace(&a->profile, file);
    assert_null(wcet_analyse(a, NULL, NULL, &e));
    caught(&e, "less than its instructions take without a miss");
    analysis_free(a);
}

/* ---- the model ----------------------------------------------------------------------------------------------------------- */

static void add_to(json_t *object, const char *key, int by) {
    json_integer_set(json_object_get(object, key), json_integer_value(json_object_get(object, key)) + by);
}

static json_t *cache_of(json_t *model, const char *name) {
    size_t i;
    json_t *c;
    json_array_foreach(json_object_get(model, "caches"), i, c)
        if (strcmp(json_string_value(json_object_get(c, "name")), name) == 0)
            return c;
    return NULL;
}

static void wrong_penalty(json_t *m) { add_to(cache_of(m, "L1I"), "miss", 1), add_to(cache_of(m, "L1I"), "cold", 1); }
static void low_penalty(json_t *m) { add_to(cache_of(m, "L1D"), "miss", -1), add_to(cache_of(m, "L1D"), "cold", -1); }
static void no_evictions(json_t *m) { json_object_set_new(cache_of(m, "L1D"), "evict_dirty", json_integer(0)); }
static void longer_lines(json_t *m) { json_object_set_new(cache_of(m, "L1I"), "line", json_integer(128)); }
static void longer_data_lines(json_t *m) { json_object_set_new(cache_of(m, "L1D"), "line", json_integer(128)); }
static void slow_loads(json_t *m) { add_to(json_object_get(m, "latencies"), "load", 1); }
static void quick_branches(json_t *m) { add_to(json_object_get(m, "latencies"), "branch_taken", -1); }
static void cheap_traps(json_t *m) { add_to(json_object_get(m, "latencies"), "trap", -1); }
static void cheap_devices(json_t *m) { add_to(json_object_get(m, "latencies"), "device_access", -1); }
static void no_data_cache(json_t *m) {
    json_array_remove(json_object_get(m, "caches"), 1);
    json_array_append_new(json_object_get(m, "absent"), json_string("L1D"));
}

/* An intentionally wrong model does not explain what was observed, and the error names the record. */
static void a_wrong_model(void **state) {
    (void)state;
    static void (*const wrongs[])(json_t *) = {wrong_penalty, low_penalty, no_evictions, longer_lines, longer_data_lines, slow_loads, quick_branches, cheap_traps, cheap_devices, no_data_cache};
    static const char *const only[] = {"send", NULL};
    struct err e = {0};
    struct analysis *a = analysis();
    struct wcet *w = wcet_analyse(a, only, NULL, &e);
    assert_non_null(w);
    assert_int_equal(w->rows.data[0].status, WCET_BOUND);
    wcet_free(w);
    char *file = path_of("wrong.model"), *good = a->model;
    a->model = file;
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        json_t *m = json_load_file(good, 0, NULL);
        wrongs[i](m);
        assert_int_equal(json_write(m, file, &e), 0);
        json_decref(m);
        if (wcet_analyse(a, only, NULL, &e))
            fail_msg("wrong model %zu is not noticed", i);
        caught(&e, "the model does not explain trace");
        caught(&e, "record");
    }
    free(good);
    analysis_free(a);
}

static bool has_note(const struct wcet_row *row, const char *words) {
    for (size_t i = 0; i < row->ledger.len; i++)
        if (strstr(row->ledger.data[i], words))
            return true;
    return false;
}

/* Fewer observations: with the model the bounds are the same and the ledger says what was never observed; without, or with
 * --no-modelled, such rows have none. */
static void what_was_never_observed(void **state) {
    (void)state;
    struct err e = {0};
    struct analysis *a = analysis(), *few = analysis(), *strict = analysis(), *none = analysis_without_model();
    replace(&few->profile, str_dup("build/analyzer/test/short.prof"));
    replace(&strict->profile, str_dup("build/analyzer/test/short.prof"));
    replace(&none->profile, str_dup("build/analyzer/test/short.prof"));
    strict->no_modelled = true;
    struct wcet *all = wcet_analyse(a, NULL, NULL, &e), *w = wcet_analyse(few, NULL, NULL, &e), *s = wcet_analyse(strict, NULL, NULL, &e), *n = wcet_analyse(none, NULL, NULL, &e);
    assert_true(all && w && s && n);
    size_t modelled = 0;
    for (size_t i = 0; i < w->rows.len; i++) {
        bool partly = has_note(&w->rows.data[i], "were never observed: their costs are the model's alone");
        assert_int_equal(w->rows.data[i].status, WCET_BOUND);
        assert_int_equal(mpz_cmp(w->rows.data[i].bound, all->rows.data[i].bound), 0);
        assert_int_equal(s->rows.data[i].status, partly ? WCET_INCOMPLETE : WCET_BOUND);
        assert_int_equal(n->rows.data[i].status, partly ? WCET_INCOMPLETE : WCET_ESTIMATE);
        modelled += partly;
    }
    assert_true(modelled > 0 && modelled < w->rows.len);
    wcet_free(all);
    wcet_free(w);
    wcet_free(s);
    wcet_free(n);
    analysis_free(a);
    analysis_free(few);
    analysis_free(strict);
    analysis_free(none);
}

/* A cycle more or less in what one path's step took is no sum of its instructions and possible misses. */
static void a_cycle_more_on_a_path(void **state) {
    (void)state;
    static const char *const only[] = {"send", NULL};
    struct err e = {0};
    char *file = path_of("cycle.prof");
    struct analysis *a = analysis();
    struct image *img = image_open(a->elf, &e);
    uint64_t via = image_symbol(img, "sys_send")->addr;
    image_free(img);
    replace(&a->profile, str_dup(file));
    for (int round = 0; round < 6; round++) {
        struct profile *p = profile_read("build/kernel/kernel.prof", &e);
        assert_non_null(p);
        size_t at = 0; /* a path of the row: the first that passes sys_send */
        for (size_t i = 0; i < p->paths.len && !at; i++)
            for (size_t k = 0; k < p->paths.data[i].edges.len; k++)
                at = p->edges.data[p->paths.data[i].edges.data[k].edge].to == via ? i : at;
        assert_true(at > 0);
        struct profile_path *path = &p->paths.data[at];
        bin_list *bins = &path->edges.data[draw(path->edges.len)].bins;
        bins_of(bins)[round % 2 ? 0 : bins->len - 1].cycles += round % 2 ? -1 : 1;
        assert_int_equal(profile_write(p, file, &e), 0);
        profile_free(p);
        assert_null(wcet_analyse(a, only, NULL, &e));
        caught(&e, "the model does not explain trace");
    }
    free(file);
    analysis_free(a);
}

/* Not a lie, but what the tree rests on: the later iterations of a loop are profiled apart from the first, and whole entries' units add
 * up to them: what a path's units took at most is no less than what the path took. */
static void first_and_later_iterations_are_apart(void **state) {
    (void)state;
    struct err e = {0};
    struct profile *p = profile_read("build/kernel/kernel.prof", &e);
    size_t both = 0, differ = 0;
    assert_non_null(p);
    for (size_t i = 1; i < p->edges.len; i++) {
        const struct profile_edge *first = &p->edges.data[i - 1], *later = &p->edges.data[i];
        if (first->context != later->context || first->from != later->from || first->to != later->to)
            continue;
        both++;
        assert_true(first->turn < later->turn);
        differ += first->bins.len != later->bins.len || memcmp(bins_of(&first->bins), bins_of(&later->bins), first->bins.len * sizeof(struct bin)) != 0;
    }
    assert_true(both > 5 && differ > 0);
    for (size_t i = 0; i < p->paths.len; i++) {
        const struct profile_path *path = &p->paths.data[i];
        uint64_t low = 0, high = 0, entries = 0;
        for (size_t k = 0; k < path->bins.len; k++)
            entries += bins_of(&path->bins)[k].count;
        for (size_t k = 0; k < path->edges.len; k++) {
            const bin_list *bins = &path->edges.data[k].bins;
            uint64_t passed = 0;
            for (size_t j = 0; j < bins->len; j++)
                passed += bins_of(bins)[j].count;
            assert_true(passed >= entries);
            low += bins_least(bins);
            high += bins_most(bins) * path->edges.data[k].count;
        }
        assert_true(entries == path->count && low <= path->min && high >= path->max);
    }
    profile_free(p);
}

static void verify(const char *result, struct verify_summary *s) {
    struct err e = {0};
    struct analysis *a = analysis();
    FILE *sink = fopen("/dev/null", "w");
    char *traces[] = {SHORT_TRACE, NULL};
    if (verify_result(a, result, traces, sink, s, &e) < 0)
        fail_msg("%s", e.text);
    fclose(sink);
    analysis_free(a);
}

static uint64_t high_water(const struct profile *p, const char *from, const char *to) {
    uint64_t f = strtoull(from, NULL, 16), t = strtoull(to, NULL, 16), most = 0;
    for (size_t i = 0; i < p->edges.len; i++) {
        const struct profile_edge *x = &p->edges.data[i];
        if (x->from == f && x->to == t && bins_most(&x->bins) > most)
            most = bins_most(&x->bins);
    }
    return most;
}

/* In the result: a step's cost one cycle below what the further trace shows, a bound one below what it shows. */
static void a_cycle_less_in_the_result(void **state) {
    (void)state;
    struct err e = {0};
    struct verify_summary s;
    verify("build/wcet.json", &s);
    assert_true(s.entries > 0 && s.violations == 0);
    uint64_t edges_before = s.edge_violations;
    struct profile *p = profile_read("build/analyzer/test/short.prof", &e);
    assert_non_null(p);
    char *file = path_of("lowered.json");
    for (int round = 0; round < 5; round++) {
        json_t *j = json_load_file("build/wcet.json", 0, NULL), *costs = json_object_get(j, "costs"), *x;
        uint64_t most;
        do {
            x = json_array_get(costs, draw(json_array_size(costs)));
            most = high_water(p, json_string_value(json_object_get(x, "from")), json_string_value(json_object_get(x, "to")));
        } while (!most);
        json_object_set_new(x, "cost", json_integer((json_int_t)most - 1));
        assert_int_equal(json_write(j, file, &e), 0);
        json_decref(j);
        verify(file, &s);
        assert_true(s.edge_violations > edges_before);
    }
    json_t *j = json_load_file("build/wcet.json", 0, NULL);
    json_t *row = json_array_get(json_object_get(j, "entries"), 0);
    json_object_set_new(row, "bound", json_integer(100));
    assert_int_equal(json_write(j, file, &e), 0);
    json_decref(j);
    verify(file, &s);
    assert_true(s.violations > 0);
    free(file);
    profile_free(p);
}

/* ---- an edge of the CFG dropped -------------------------------------------------------------------------------------- */

static void an_edge_dropped_from_the_cfg(void **state) {
    (void)state;
    struct err e = {0};
    struct analysis *a = analysis();
    struct image *img = image_open(a->elf, &e);
    struct cfg *g = cfg_build(img, &e);
    struct profile *p = profile_read("build/analyzer/test/short.prof", &e);
    assert_non_null(p);
    int dropped = 0;
    for (int tries = 0; tries < 400 && dropped < 25; tries++) {
        const struct profile_edge *x = &p->edges.data[draw(p->edges.len)];
        struct block *b = &g->blocks.data[cfg_block_at(g, x->from)];
        for (uint32_t k = 0; k < b->edges; k++) {
            struct edge *edge = &g->edges.data[b->edge + k];
            if (b->end == END_CALL || g->blocks.data[edge->to].addr != x->to)
                continue;
            struct edge kept = *edge;
            *edge = g->edges.data[b->edge + b->edges - 1];
            b->edges--;
            assert_null(profile_replay(g, SHORT_TRACE, &e));
            caught(&e, "the CFG has no step from");
            b->edges++;
            g->edges.data[b->edge + b->edges - 1] = *edge;
            *edge = kept;
            dropped++;
            break;
        }
    }
    assert_int_equal(dropped, 25);
    profile_free(p);
    cfg_free(g);
    image_free(img);
    analysis_free(a);
}

/* ---- a loop bound less one ------------------------------------------------------------------------------------------- */

static void a_loop_bound_less_one(void **state) {
    (void)state;
    struct err e = {0};
    struct analysis *a = analysis();
    char *text, *file = path_of("less.ff");
    size_t size;
    assert_int_equal(file_read(a->facts, &text, &size, &e), 0);
    replace(&a->facts, file);
    int loops = 0;
    for (char *line = text; (line = strstr(line, "\nloop ")) != NULL; line++) {
        char *max = strstr(line, " max ") + 5, *rest;
        unsigned long bound = strtoul(max, &rest, 10);
        FILE *f = fopen(file, "w");
        fprintf(f, "%.*s%lu%s", (int)(max - text), text, bound - 1, rest);
        fclose(f);
        assert_null(wcet_analyse(a, NULL, NULL, &e)); /* refuted by the code where it can be derived, else by the trace */
        caught(&e, strstr(e.text, "says the fact, but the code runs") ? "says the fact, but the code runs" : "is said to run at most");
        loops++;
    }
    assert_true(loops > 0);
    free(text);
    analysis_free(a);
}

/* ---- a trace record altered ------------------------------------------------------------------------------------------ */

/* Replays to the end without a complaint? */
static bool believed(const struct cfg *g, const char *path, struct err *e) {
    struct profile *p = profile_replay(g, path, e);
    bool good = p != NULL;
    profile_free(p);
    return good;
}

static bool enters(const struct image *img, uint64_t addr) {
    const struct point *points;
    for (size_t n = image_points(img, &points); n-- > 0;)
        if (points[n].addr == addr)
            return points[n].kind == POINT_ENTER;
    return false;
}

/* A copy of the trace, all checksums right, in which record AT says ADDR. With IMG, kernel entries are phrases of it; without, it has none
 * and every entry is replayed step by step. */
static void forge(const char *from, const struct image *img, const char *path, uint64_t at, uint64_t addr) {
    struct err e = {0};
    struct trace_reader *in = trace_open(from, &e);
    struct trace_writer *out = trace_create(path, trace_get_info(in), &e);
    struct trace_record r;
    for (uint64_t i = 0; trace_next(in, &r, &e) > 0; i++) {
        if (img && enters(img, r.addr))
            assert_int_equal(trace_phrase(out, &e), 0);
        assert_int_equal(trace_append(out, i == at ? addr : r.addr, r.cycle, &e), 0);
    }
    assert_int_equal(trace_commit(out, &e), 0);
    trace_close(in);
}

static void a_trace_record_altered(void **state) {
    (void)state;
    struct err e = {0};
    struct analysis *a = analysis();
    struct image *img = image_open(a->elf, &e);
    struct cfg *g = cfg_build(img, &e);
    char *bytes, *file = path_of("altered.ptrace");
    size_t size;
    assert_true(believed(g, SHORT_TRACE, &e));
    assert_int_equal(file_read(SHORT_TRACE, &bytes, &size, &e), 0);
    for (int i = 0; i < 200; i++) {
        size_t at = draw(size);
        char old = bytes[at];
        bytes[at] = (char)(old ^ (1 << draw(8)));
        FILE *f = fopen(file, "w");
        fwrite(bytes, 1, size, f);
        fclose(f);
        bytes[at] = old;
        if (believed(g, file, &e))
            fail_msg("a bit flipped at offset %zu of %zu is not noticed", at, size);
    }
    const struct point *points;
    size_t n = image_points(img, &points);
    struct trace_reader *in = trace_open(SHORT_TRACE, &e);
    struct trace_record r;
    uint64_t records = 0;
    while (trace_next(in, &r, &e) > 0)
        records++;
    trace_close(in);
    forge(SHORT_TRACE, NULL, file, UINT64_MAX, 0);
    assert_true(believed(g, file, &e));
    int unnoticed = 0; /* a point that could as well have been passed there, or the very one that was, is no lie the CFG can tell */
    for (int i = 0; i < 20; i++) {
        struct err plain = {0};
        uint64_t where = records / 2 + draw(records / 2 - 100), what = points[draw(n)].addr;
        forge(SHORT_TRACE, NULL, file, where, what);
        bool missed = believed(g, file, &plain);
        unnoticed += missed;
        forge(SHORT_TRACE, img, file, where, what); /* entries seen before are not searched again, but looked at no less */
        assert_int_equal(believed(g, file, &e), missed);
        if (!missed)
            assert_string_equal(e.text, plain.text);
    }
    assert_true(unnoticed <= 2);
    struct trace_writer *out = trace_create(file, &(struct trace_info){.isa = "rv64"}, &e);
    assert_int_equal(trace_append(out, points[0].addr, 100, &e), 0);
    assert_int_equal(trace_append(out, points[0].addr, 99, &e), -1); /* such a file cannot even be written */
    trace_abort(out);
    free(bytes);
    free(file);
    cfg_free(g);
    image_free(img);
    analysis_free(a);
}

/* All but the lines that tell of the trace, and the last, a checksum. */
static char *measured(const struct cfg *g, const char *trace) {
    struct err e = {0};
    struct profile *p = profile_replay(g, trace, &e);
    char *file = path_of("measured.prof"), *text, *line, *rest;
    size_t size;
    assert_non_null(p);
    assert_int_equal(profile_write(p, file, &e), 0);
    assert_int_equal(file_read(file, &text, &size, &e), 0);
    char *kept = mem_alloc(size + 1), *to = kept;
    for (rest = text; (line = strsep(&rest, "\n")) && *rest;)
        if (strncmp(line, "trace ", 6) != 0)
            to += sprintf(to, "%s\n", line);
    profile_free(p);
    free(text);
    free(file);
    return kept;
}

/* What was counted of entries that came again is what replaying each of them finds. */
static void entries_seen_again_are_measured_alike(void **state) {
    (void)state;
    static const char *const traces[] = {SHORT_TRACE, "build/kernel/kernel.ptrace"};
    struct err e = {0};
    struct analysis *a = analysis();
    struct image *img = image_open(a->elf, &e);
    struct cfg *g = cfg_build(img, &e);
    char *file = path_of("plain.ptrace");
    for (int i = 0; i < 2; i++) {
        forge(traces[i], NULL, file, UINT64_MAX, 0);
        char *again = measured(g, traces[i]), *each = measured(g, file);
        assert_true(strlen(again) > 10000);
        assert_int_equal(strcmp(again, each), 0);
        for (known_limit = 30; known_limit < 10000; known_limit *= 20) { /* forgets again and again */
            char *forgetful = measured(g, traces[i]);
            assert_int_equal(strcmp(forgetful, each), 0);
            free(forgetful);
        }
        known_limit = 1 << 19;
        free(again);
        free(each);
    }
    free(file);
    cfg_free(g);
    image_free(img);
    analysis_free(a);
}

/* ---- a solver that lies ------------------------------------------------------------------------------------------------ */

static uint64_t bound_of(const struct wcet *w) { return mpz_get_ui(w->rows.data[0].bound); }

/* One that says of everything that it cannot be is found out; one that says nothing excludes nothing. */
static void a_solver_that_lies(void **state) {
    (void)state;
    static const char *const says[] = {"#!/bin/sh\necho unsat\n", "#!/bin/sh\necho unknown\n"};
    static const char *const only[] = {"irq-ack", NULL};
    struct err e = {0};
    struct analysis *a = analysis();
    char *file = path_of("solver");
    a->keep_infeasible = false;
    struct wcet *w = wcet_analyse(a, only, NULL, &e);
    assert_non_null(w);
    assert_true(w->rows.data[0].excluded > 0);
    assert_true(mpz_cmp(w->rows.data[0].bound, w->rows.data[0].bound_before) < 0);
    uint64_t before = mpz_get_ui(w->rows.data[0].bound_before);
    wcet_free(w);
    for (int i = 0; i < 2; i++) {
        FILE *f = fopen(file, "w");
        assert_non_null(f);
        fputs(says[i], f);
        fclose(f);
        chmod(file, 0700);
        smt_use_solver(file);
        w = wcet_analyse(a, only, NULL, &e);
        smt_use_solver(NULL);
        if (i == 0) {
            assert_null(w);
            caught(&e, "never executed: do not believe it");
        } else {
            assert_non_null(w);
            assert_int_equal(bound_of(w), before);
        }
        wcet_free(w);
    }
    unlink(file);
    free(file);
    analysis_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_seen_again_are_measured_alike),
        cmocka_unit_test(a_step_lowered_in_the_profile), cmocka_unit_test(a_step_lowered_on_its_paths), cmocka_unit_test(a_wrong_model), cmocka_unit_test(a_cycle_more_on_a_path), cmocka_unit_test(what_was_never_observed),
        cmocka_unit_test(first_and_later_iterations_are_apart), cmocka_unit_test(a_cycle_less_in_the_result), cmocka_unit_test(an_edge_dropped_from_the_cfg),
        cmocka_unit_test(a_solver_that_lies), cmocka_unit_test(a_loop_bound_less_one), cmocka_unit_test(a_trace_record_altered),
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
