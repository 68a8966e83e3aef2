/* What a trail says of paths against running them: of each function of programs/paths.c, for all small arguments, the path that is executed is
 * one whose conditions the solver can fulfil, and every other path through the graph is one for which it cannot. The execution is concrete,
 * instruction by instruction, and shares with the trail nothing but the lifting (which lift_test proves against QEMU).
 * Usage: trail_test PATHS.elf */
#include "cfg/graph.h"
#include "cfg/smt.h"
#include "cfg/trail.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { RANGE = 24, MOST_BLOCKS = 120, STATE = 64 };
static struct image *img;
static struct cfg *g;

typedef VEC(uint32_t) path;
typedef VEC(path) path_list;

static int compare_paths(const path *a, const path *b) {
    size_t n = a->len < b->len ? a->len : b->len;
    int c = memcmp(a->data, b->data, n * sizeof *a->data);
    return c ? c : (a->len > b->len) - (a->len < b->len);
}

static bool contains(const path_list *l, const path *p) {
    for (size_t i = 0; i < l->len; i++)
        if (compare_paths(&l->data[i], p) == 0)
            return true;
    return false;
}

static void add(path_list *l, const path *p) {
    path copy = {0};
    for (size_t i = 0; i < p->len; i++)
        vec_push(&copy, p->data[i]);
    vec_push(l, copy);
}

static void free_paths(path_list *l) {
    for (size_t i = 0; i < l->len; i++)
        vec_free(&l->data[i]);
    vec_free(l);
}

/* ---- execution ---------------------------------------------------------------------------------------------------------------------- */

struct machine {
    struct lift l;
    struct ir ir;
    ir_ref loc[LOCS];
    struct map bytes;
    uint64_t scratch;
};
static const uint64_t RETURN = 0x1000, TOP = 0x9000000000ull;

static uint8_t *memory_byte(struct machine *m, uint64_t addr, uint8_t *b) {
    uint64_t v;
    const uint8_t *p = image_at(img, addr, 1);
    *b = map_get(&m->bytes, addr, &v) ? (uint8_t)v : p ? *p : 0;
    return b;
}

static uint64_t value(struct machine *m, ir_ref r) {
    uint64_t v;
    assert_true(ir_is_const(&m->ir, r, &v));
    return v;
}

static ir_ref machine_load(struct lift *l, ir_ref addr, unsigned width) {
    struct machine *m = (struct machine *)l;
    uint64_t v = 0;
    uint8_t b;
    for (unsigned i = 0; i < width / 8; i++)
        v |= (uint64_t)*memory_byte(m, value(m, addr) + i, &b) << 8 * i;
    return ir_const(&m->ir, width, v);
}

static void machine_store(struct lift *l, ir_ref addr, ir_ref v) {
    struct machine *m = (struct machine *)l;
    for (unsigned i = 0; i < ir_at(&m->ir, v)->width / 8u; i++)
        map_put(&m->bytes, value(m, addr) + i, value(m, v) >> 8 * i & 255);
}

static ir_ref machine_csr(struct lift *l, uint32_t number) {
    struct machine *m = (struct machine *)l;
    const struct ir_node *n = ir_at(&m->ir, l->loc[LOC_CSR]);
    assert_int_equal(number, 0x340);
    return n->op == IR_SETCSR ? n->b : ir_const(&m->ir, 64, m->scratch);
}

/* The block executed next; NONE: back from the function. */
static uint32_t execute(struct machine *m, uint32_t block) {
    struct code *c = &g->own->flow.code;
    const struct block *b = &g->blocks.data[block];
    const struct insn *i = NULL;
    uint64_t at = b->addr, to;
    for (; at < b->addr + b->size; at += i->size) {
        i = &c->insn[code_slot(c, at)];
        m->l.addr = at;
        assert_true(lift_insn(&m->l, i));
    }
    to = at;
    if (i->op == OP_JAL || (m->l.condition && value(m, m->l.condition)))
        to = at - i->size + (uint64_t)(int64_t)i->imm;
    if (m->l.target)
        to = value(m, m->l.target);
    return to == RETURN ? NONE : cfg_block_at(g, to);
}

static void run(uint32_t function, uint64_t a, uint64_t b, path *p) {
    struct machine *m = mem_alloc(sizeof *m);
    ir_init(&m->ir, NULL);
    m->l = (struct lift){.ir = &m->ir, .loc = m->loc, .load = machine_load, .store = machine_store, .csr = machine_csr};
    for (int i = 0; i < LOC_MEM; i++)
        m->loc[i] = ir_const(&m->ir, 64, 0);
    m->loc[LOC_CSR] = ir_var(&m->ir, 0, 1);
    m->loc[1] = ir_const(&m->ir, 64, RETURN);
    m->loc[2] = ir_const(&m->ir, 64, TOP);
    m->loc[10] = ir_const(&m->ir, 64, a);
    m->loc[11] = ir_const(&m->ir, 64, b);
    p->len = 0;
    for (uint32_t at = g->functions.data[function].entry; at != NONE; at = execute(m, at)) {
        vec_push(p, at);
        assert_true(p->len < MOST_BLOCKS);
    }
    ir_free(&m->ir);
    map_free(&m->bytes);
    free(m);
}

/* ---- all paths ------------------------------------------------------------------------------------------------------------------------ */

struct walker {
    path now, stack; /* call sites */
    path_list *all;
    uint32_t visits[4096];
    uint32_t most;   /* of one block on a path */
};

static void walk(struct walker *w, uint32_t block);

static void onwards(struct walker *w, uint32_t block) {
    const struct block *b = &g->blocks.data[block];
    for (uint32_t i = 0; i < b->edges; i++)
        walk(w, g->edges.data[b->edge + i].to);
}

static void leave(struct walker *w) {
    if (!w->stack.len) {
        add(w->all, &w->now);
        return;
    }
    uint32_t site = w->stack.data[--w->stack.len];
    onwards(w, site);
    vec_push(&w->stack, site);
}

static void walk(struct walker *w, uint32_t block) {
    const struct block *b = &g->blocks.data[block];
    assert_false(b->open);
    if (w->visits[block] == w->most)
        return;
    w->visits[block]++;
    vec_push(&w->now, block);
    if (b->end == END_CALL) {
        vec_push(&w->stack, block);
        walk(w, g->functions.data[g->calls.data[b->call]].entry);
        w->stack.len--;
    } else {
        if (b->end == END_RETURN)
            leave(w);
        onwards(w, block);
        for (uint32_t i = 0; i < b->calls; i++)
            walk(w, g->functions.data[g->calls.data[b->call + i]].entry);
    }
    w->now.len--;
    w->visits[block]--;
}

/* ---- what the trail says --------------------------------------------------------------------------------------------------------------- */

static void assert_small(struct smt *s, struct ir *ir, ir_ref x) { smt_assert(s, ir_binary(ir, IR_ULT, x, ir_const(ir, 64, RANGE)), NONE); }

static bool possible(const path *p, enum trail_memory memory, uint64_t state) {
    struct ir ir;
    struct trail t;
    struct err e = {0};
    enum smt_answer answer;
    ir_init(&ir, img);
    trail_begin(&t, g, &ir, memory);
    struct smt *s = smt_new(&ir);
    assert_small(s, &ir, t.loc[10]);
    assert_small(s, &ir, t.loc[11]);
    for (unsigned i = 0; i < STATE; i++) {
        ir_ref byte = ir_load(&ir, t.loc[LOC_MEM], ir_const(&ir, 64, state + i), 8, 0);
        smt_assert(s, ir_binary(&ir, IR_EQ, byte, ir_const(&ir, 8, *image_at(img, state + i, 1))), NONE);
    }
    t.loc[2] = ir_const(&ir, 64, TOP);
    for (size_t i = 0; i < p->len; i++)
        if (trail_follow(&t, p->data[i], i + 1 < p->len ? p->data[i + 1] : NONE, &e) < 0)
            fail_msg("%s", e.text);
    assert_int_equal(t.unmodelled, 0);
    for (size_t i = 0; i < t.conditions.len; i++)
        smt_assert(s, t.conditions.data[i].term, (uint32_t)i);
    if (smt_solve(s, (struct smt_limits){.steps = 100u * 1000 * 1000, .seconds = 100}, &answer, NULL, &e) < 0)
        fail_msg("%s", e.text);
    assert_int_not_equal(answer, SMT_UNKNOWN);
    smt_free(s);
    trail_free(&t);
    ir_free(&ir);
    return answer == SMT_SAT;
}

static size_t never; /* paths that cannot be, in all functions */

static void check(const char *name) {
    uint32_t f = cfg_function_named(g, name);
    path_list all = {0}, seen = {0};
    path p = {0};
    assert_int_not_equal(f, NONE);
    for (uint64_t a = 0; a < RANGE; a++)
        for (uint64_t b = 0; b < RANGE; b++) {
            run(f, a, b, &p);
            if (!contains(&seen, &p))
                add(&seen, &p);
        }
    struct walker *w = mem_alloc(sizeof *w);
    w->all = &all;
    w->most = 4;
    walk(w, g->functions.data[f].entry);
    assert_in_range(all.len, 2, 400);
    for (size_t i = 0; i < seen.len; i++)
        assert_true(contains(&all, &seen.data[i]));
    for (size_t i = 0; i < all.len; i++) {
        bool can = possible(&all.data[i], TRAIL_ALONE, image_symbol(img, "paths_state")->addr), did = contains(&seen, &all.data[i]);
        if (can != did)
            fail_msg("%s: path %zu of %zu: %s, but %s", name, i, all.len, did ? "executed" : "never executed", can ? "said to be possible" : "excluded");
        never += !did;
        if (did) /* whatever others do to memory, too */
            assert_true(possible(&all.data[i], TRAIL_SHARED, image_symbol(img, "paths_state")->addr));
    }
    vec_free(&w->now);
    vec_free(&w->stack);
    vec_free(&p);
    free_paths(&all);
    free_paths(&seen);
    free(w);
}

static void paths_that_are_executed(void **state) {
    static const char *const names[] = {"paths_twice", "paths_memory", "paths_alias", "paths_calls", "paths_frame", "paths_loop", "paths_switch", "paths_system",
                                        "paths_overlap", "paths_escape", "paths_again"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        check(names[i]);
    assert_true(never > 20);
}

/* What others may have changed between two looks is no reason to exclude a path. */
static void shared_memory_changes(void **state) {
    path_list all = {0};
    size_t can = 0, alone = 0;
    struct walker *w = mem_alloc(sizeof *w);
    (void)state;
    w->all = &all;
    w->most = 1;
    walk(w, g->functions.data[cfg_function_named(g, "paths_again")].entry);
    for (size_t i = 0; i < all.len; i++) {
        can += possible(&all.data[i], TRAIL_SHARED, image_symbol(img, "paths_state")->addr);
        alone += possible(&all.data[i], TRAIL_ALONE, image_symbol(img, "paths_state")->addr);
    }
    assert_true(all.len > 1);
    assert_int_equal(can, all.len);
    assert_int_equal(alone, 1);
    vec_free(&w->now);
    vec_free(&w->stack);
    free_paths(&all);
    free(w);
}

/* Conditions tell where they come from, accesses what they reach; a next block that cannot follow is refused. */
static void what_is_listed(void **state) {
    struct ir ir;
    struct trail t;
    struct err e = {0};
    path p = {0};
    (void)state;
    run(cfg_function_named(g, "paths_memory"), 20, 1, &p);
    ir_init(&ir, img);
    trail_begin(&t, g, &ir, TRAIL_ALONE);
    t.loc[2] = ir_const(&ir, 64, TOP);
    t.loc[10] = ir_const(&ir, 64, 20);
    t.loc[11] = ir_const(&ir, 64, 1);
    for (size_t i = 0; i + 1 < p.len; i++)
        assert_int_equal(trail_follow(&t, p.data[i], p.data[i + 1], &e), 0);
    uint64_t v, at = image_symbol(img, "paths_state")->addr;
    assert_int_equal(t.conditions.len, 0); /* all known */
    assert_int_equal(t.steps, p.len - 1);
    bool stored = false, loaded = false;
    for (size_t i = 0; i < t.accesses.len; i++) {
        const struct trail_access *a = &t.accesses.data[i];
        bool here = ir_is_const(&ir, a->addr, &v) && v == at + 8 && a->size == 8 && ir_is_const(&ir, a->value, &v) && v == 20;
        stored |= here && a->kind == TRAIL_STORE;
        loaded |= here && a->kind == TRAIL_LOAD && stored;
        assert_true(cfg_block_around(g, a->pc) == p.data[a->step]);
    }
    assert_true(stored && loaded);
    assert_int_equal(trail_follow(&t, p.data[0], p.data[p.len - 1], &e), -1);
    assert_non_null(strstr(e.text, "cannot follow"));
    trail_free(&t);
    ir_free(&ir);
    vec_free(&p);
}

int main(int argc, char **argv) {
    struct err e = {0};
    const struct CMUnitTest tests[] = {cmocka_unit_test(paths_that_are_executed), cmocka_unit_test(shared_memory_changes), cmocka_unit_test(what_is_listed)};
    if (argc != 2 || !(img = image_open(argv[1], &e)) || !(g = cfg_build(img, &e))) {
        fprintf(stderr, "trail_test: %s\n", argc == 2 ? e.text : "usage: trail_test PATHS.elf");
        return ERR_INPUT;
    }
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    cfg_free(g);
    image_free(img);
    return rc;
}
