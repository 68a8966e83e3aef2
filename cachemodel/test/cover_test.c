/* The proven range against the truth: small programs whose inputs and initial cache states are enumerated, every one, by a simulation that
 * shares nothing with the encoder. cover_mutants.py holds that a wrong encoder fails here. */
#include "cachemodel/coverage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { MOST = 7, INPUT_BITS = 6 };

struct program {
    struct ir ir;
    struct model_cache cache;
    struct model model;
    size_t n;
    uint64_t base[MOST], shift[MOST], mask[MOST], stride[MOST];
    bool store[MOST], counted[MOST], wide[MOST];
    bool fetch, aligned;
    struct cover_access access[MOST];
};

static uint64_t seed;
static uint64_t below(uint64_t n) {
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (seed >> 33) % n;
}

static uint64_t address(const struct program *p, size_t i, uint64_t x) { return p->base[i] + (x >> p->shift[i] & p->mask[i]) * p->stride[i]; }

static ir_ref address_term(struct program *p, size_t i) {
    struct ir *ir = &p->ir;
    ir_ref x = ir_zext(ir, ir_var(ir, INPUT_BITS, 5), 64);
    ir_ref part = ir_binary(ir, IR_AND, ir_binary(ir, IR_SHR, x, ir_const(ir, 64, p->shift[i])), ir_const(ir, 64, p->mask[i]));
    return ir_binary(ir, IR_ADD, ir_const(ir, 64, p->base[i]), ir_binary(ir, IR_MUL, part, ir_const(ir, 64, p->stride[i])));
}

static void shape(struct program *p, bool fetch) {
    p->fetch = fetch;
    p->cache = (struct model_cache){.line = 16, .sets = 1 << below(2), .ways = 1 + (int64_t)below(3), .stores = !fetch};
    p->cache.policies = 1u << (below(3) ? MODEL_LRU : MODEL_FIFO);
    p->cache.write_back = (int64_t)below(2);
    p->cache.allocate = (int64_t)below(2);
    strcpy(p->cache.name, fetch ? "L1I" : "L1D");
    vec_push(&p->model.caches, p->cache);
    vec_push(&p->model.absent, str_dup(fetch ? "L1D" : "L1I"));
}

static void generate(struct program *p, uint64_t number) {
    seed = number * 7919 + 1;
    *p = (struct program){0};
    ir_init(&p->ir, NULL);
    shape(p, number % 5 == 4);
    p->aligned = below(4) != 0;
    p->n = 2 + below(p->aligned ? 4 : 2);
    for (size_t i = 0; i < p->n; i++) {
        p->base[i] = 0x1000 + 16 * below(4);
        p->shift[i] = below(5);
        p->mask[i] = below(3) ? 1 + 2 * below(2) : 0;
        p->stride[i] = p->aligned ? 16 : 4 + 4 * below(4);
        p->store[i] = !p->fetch && below(3) == 0;
        p->counted[i] = below(8) != 0;
        if (p->fetch)
            p->mask[i] = 0;
        p->access[i] = (struct cover_access){p->fetch, p->store[i], p->counted[i], 8, p->base[i], p->fetch ? 0 : address_term(p, i), 1};
    }
}

static void drop(struct program *p) {
    ir_free(&p->ir);
    vec_free(&p->model.caches);
    for (size_t i = 0; i < p->model.absent.len; i++)
        free(p->model.absent.data[i]);
    vec_free(&p->model.absent);
}

/* ---- the truth --------------------------------------------------------------------------------------------------------------- */

enum { MOST_WAYS = 3, MOST_SETS = 2, MOST_STEPS = 2 * MOST };
struct truth {
    const struct program *p;
    uint64_t line[MOST_STEPS];  /* looked up, one after the other */
    size_t access[MOST_STEPS], steps;
    uint64_t distinct[MOST_STEPS];
    size_t lines;
    uint64_t at[MOST_SETS][MOST_WAYS]; /* at the beginning, youngest first; 0: another line */
    bool possible[MOST_STEPS + 1];
};

static bool look_up(const struct program *p, uint64_t set[MOST_WAYS], uint64_t line, bool store) {
    size_t ways = (size_t)p->cache.ways, w = 0;
    while (w < ways && set[w] != line)
        w++;
    bool hit = w < ways;
    if ((hit && p->cache.policies == 1u << MODEL_FIFO) || (!hit && store && !p->cache.allocate))
        return hit;
    for (w = hit ? w : ways - 1; w > 0; w--)
        set[w] = set[w - 1];
    set[0] = line;
    return hit;
}

static void run(struct truth *t) {
    uint64_t state[MOST_SETS][MOST_WAYS];
    size_t count = 0;
    memcpy(state, t->at, sizeof state);
    for (size_t i = 0; i < t->steps; i++) {
        bool hit = look_up(t->p, state[t->line[i] & (uint64_t)(t->p->cache.sets - 1)], t->line[i], t->p->store[t->access[i]]);
        count += !hit && t->p->counted[t->access[i]];
    }
    t->possible[count] = true;
}

/* Line N of the distinct ones anywhere in its set, or nowhere. */
static void place(struct truth *t, size_t n) {
    if (n == t->lines) {
        run(t);
        return;
    }
    uint64_t *set = t->at[t->distinct[n] & (uint64_t)(t->p->cache.sets - 1)];
    place(t, n + 1);
    for (size_t w = 0; w < (size_t)t->p->cache.ways; w++)
        if (!set[w]) {
            set[w] = t->distinct[n];
            place(t, n + 1);
            set[w] = 0;
        }
}

static void step(struct truth *t, size_t i, uint64_t line) {
    if (t->p->fetch && t->steps && t->line[t->steps - 1] == line)
        return;
    t->line[t->steps] = line;
    t->access[t->steps++] = i;
    size_t k = 0;
    while (k < t->lines && t->distinct[k] != line)
        k++;
    if (k == t->lines)
        t->distinct[t->lines++] = line;
}

static void enumerate(const struct program *p, bool *possible) {
    struct truth t = {.p = p};
    for (uint64_t x = 0; x < 1u << INPUT_BITS; x++) {
        t.steps = t.lines = 0;
        for (size_t i = 0; i < p->n; i++) {
            uint64_t a = address(p, i, x);
            step(&t, i, a / 16);
            if (!p->aligned && (a + 7) / 16 != a / 16)
                step(&t, i, a / 16 + 1);
        }
        place(&t, 0);
    }
    memcpy(possible, t.possible, sizeof t.possible);
}

/* ---- tests ------------------------------------------------------------------------------------------------------------------- */

static const struct smt_limits limits = {200000000, 60, 2ull << 30};

static bool same_range(const struct program *p) {
    struct smt *s = smt_new(&p->ir);
    struct cover_question q = {&p->model, &p->ir, s, p->access, p->n, p->aligned, limits};
    struct cover_range r;
    struct err e = {0};
    bool possible[MOST_STEPS + 1] = {false};
    enumerate(p, possible);
    struct cover *c = cover_new(&q, &e);
    assert_non_null(c);
    bool same = cover_solve(c, NULL, 0, true, NULL, &r, &e) == 0;
    if (same) {
        same = r.closed;
        for (unsigned n = 0; n <= MOST_STEPS; n++)
            same = same && (n < r.state.len && r.state.data[n] == COVER_FEASIBLE) == possible[n];
        cover_range_free(&r);
    } else {
        print_message("%s\n", e.text);
    }
    cover_free(c);
    smt_free(s);
    return same;
}

static void test_truth(void **state) {
    const char *count = getenv("COVER_PROGRAMS");
    (void)state;
    for (uint64_t n = 0; n < (count ? strtoull(count, NULL, 10) : 30); n++) {
        struct program p;
        generate(&p, n);
        bool same = same_range(&p);
        drop(&p);
        if (!same)
            fail_msg("program %d: the proven range is not the truth", (int)n);
    }
}

/* What was seen is not asked again, and the rest is found all the same. */
static void test_seen(void **state) {
    (void)state;
    struct program p;
    generate(&p, 1);
    struct smt *s = smt_new(&p.ir);
    struct cover_question q = {&p.model, &p.ir, s, p.access, p.n, p.aligned, limits};
    struct cover_range all, rest;
    struct err e = {0};
    struct cover *c = cover_new(&q, &e);
    assert_int_equal(cover_solve(c, NULL, 0, true, NULL, &all, &e), 0);
    bool seen[MOST_STEPS + 1] = {false};
    seen[all.lo] = true;
    assert_int_equal(cover_solve(c, seen, all.lo + 1, true, NULL, &rest, &e), 0);
    assert_int_equal(rest.hi, all.hi);
    assert_int_equal(rest.lo, all.lo);
    for (size_t i = 0; i < rest.cases.len; i++)
        assert_int_not_equal(rest.cases.data[i].count, all.lo);
    cover_range_free(&all);
    cover_range_free(&rest);
    cover_free(c);
    smt_free(s);
    drop(&p);
}

/* A solver that gives up leaves the range open, never closed. */
static void test_gives_up(void **state) {
    (void)state;
    struct program p;
    generate(&p, 1);
    struct smt *s = smt_new(&p.ir);
    struct cover_question q = {&p.model, &p.ir, s, p.access, p.n, p.aligned, {1, 60, 2ull << 30}};
    struct cover_range r;
    struct err e = {0};
    struct cover *c = cover_new(&q, &e);
    assert_int_equal(cover_solve(c, NULL, 0, true, NULL, &r, &e), 0);
    assert_false(r.closed);
    assert_non_null(r.why);
    cover_range_free(&r);
    cover_free(c);
    smt_free(s);
    drop(&p);
}

static void test_refuses(void **state) {
    (void)state;
    struct program p;
    struct err e = {0};
    generate(&p, 0);
    struct smt *s = smt_new(&p.ir);
    struct cover_question q = {&p.model, &p.ir, s, p.access, p.n, true, limits};
    p.model.caches.data[0].ways = 4;
    p.model.caches.data[0].policies = 1u << MODEL_RANDOM;
    assert_null(cover_new(&q, &e));
    assert_int_equal(e.kind, ERR_INCOMPLETE);
    p.model.caches.data[0].policies = 1u << MODEL_LRU;
    p.model.caches.data[0].sets = MODEL_UNKNOWN;
    assert_null(cover_new(&q, &e));
    smt_free(s);
    drop(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_truth), cmocka_unit_test(test_seen), cmocka_unit_test(test_gives_up),
                                       cmocka_unit_test(test_refuses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
