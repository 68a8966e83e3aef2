/* The walk on control-flow graphs made by hand. */
#include "analyzer/analyzer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* A graph in words: each block is its end, its successors, its callees; every block is a point unless it says otherwise. */
struct spec {
    uint32_t function;
    enum block_end end;
    int to[2], call; /* -1: none */
    bool bare;       /* no point */
};

static struct cfg *make(const struct spec *spec, size_t n, const uint32_t *entry, size_t functions) {
    struct cfg *g = mem_alloc(sizeof *g);
    g->arena = arena_new();
    for (size_t i = 0; i < functions; i++) {
        struct function f = {.name = "f", .addr = 0x1000 + 16 * entry[i], .entry = entry[i], .returns = true, .recursion = 1};
        vec_push(&g->functions, f);
    }
    for (size_t i = 0; i < n; i++) {
        struct block b = {.addr = 0x1000 + 16 * i, .size = 16, .function = spec[i].function, .point = spec[i].bare ? NONE : (uint32_t)i, .edge = (uint32_t)g->edges.len,
                          .call = (uint32_t)g->calls.len, .calls = spec[i].call >= 0, .resume = NONE, .loop = NONE, .end = spec[i].end};
        for (int k = 0; k < 2; k++)
            if (spec[i].to[k] >= 0) {
                struct edge e = {(uint32_t)i, (uint32_t)spec[i].to[k], EDGE_JUMP};
                vec_push(&g->edges, e);
                b.edges++;
            }
        if (spec[i].call >= 0)
            vec_push(&g->calls, (uint32_t)spec[i].call);
        vec_push(&g->blocks, b);
    }
    return g;
}

static void drop(struct cfg *g) {
    vec_free(&g->functions);
    vec_free(&g->blocks);
    vec_free(&g->edges);
    vec_free(&g->calls);
    arena_free(g->arena);
    free(g);
}

/* All blocks that can follow each other, as "from>to " in order of discovery; contexts are not shown. */
static void trail(struct walk *w, uint32_t start, char *out, size_t room) {
    struct err e;
    size_t used = 0;
    out[0] = 0;
    for (uint32_t i = start; i < w->nodes.len; i++) {
        assert_int_equal(walk_expand(w, i, &e), 0);
        for (uint32_t k = 0; k < w->nodes.data[i].edges; k++)
            used += (size_t)snprintf(out + used, room - used, "%u>%u ", w->nodes.data[i].block, w->nodes.data[w->edges.data[w->nodes.data[i].edge + k].to].block);
    }
}

/* 0 calls f1 (3), 1 calls it again, 2 returns: each call returns to its own site only. */
static void calls_return_to_their_own_site(void **state) {
    (void)state;
    const struct spec s[] = {{0, END_CALL, {1, -1}, 1, 0}, {0, END_CALL, {2, -1}, 1, 0}, {0, END_RETURN, {-1, -1}, -1, 0}, {1, END_RETURN, {-1, -1}, -1, 0}};
    struct cfg *g = make(s, 4, (uint32_t[]){0, 3}, 2);
    struct walk *w = walk_new(g);
    char text[200];
    trail(w, walk_start(w, 0), text, sizeof text);
    assert_string_equal(text, "0>3 3>1 1>3 3>2 ");
    assert_int_equal(w->contexts.len, 3);
    assert_true(walk_ends(w, (uint32_t)w->nodes.len - 1));
    walk_free(w);
    drop(g);
}

/* 0 calls f1; f1 (2) tail-calls f2 (3), whose return goes to 1. */
static void a_tail_call_returns_for_its_caller(void **state) {
    (void)state;
    const struct spec s[] = {{0, END_CALL, {1, -1}, 1, 0}, {0, END_TRAP_RETURN, {-1, -1}, -1, 0}, {1, END_TAIL, {-1, -1}, 2, 0}, {2, END_RETURN, {-1, -1}, -1, 0}};
    struct cfg *g = make(s, 4, (uint32_t[]){0, 2, 3}, 3);
    struct walk *w = walk_new(g);
    char text[200];
    trail(w, walk_start(w, 0), text, sizeof text);
    assert_string_equal(text, "0>2 2>3 3>1 ");
    assert_true(walk_ends(w, 3));
    assert_false(walk_ends(w, 2));
    walk_free(w);
    drop(g);
}

static size_t deepest_context(struct cfg *g) {
    struct walk *w = walk_new(g);
    char text[400];
    size_t deepest = 0;
    trail(w, walk_start(w, 0), text, sizeof text);
    for (size_t i = 0; i < w->contexts.len; i++)
        deepest = w->contexts.data[i].depth > deepest ? w->contexts.data[i].depth : deepest;
    walk_free(w);
    return deepest;
}

/* f branches to its end or to a call of itself. */
static void recursion_needs_a_fact(void **state) {
    (void)state;
    const struct spec s[] = {{0, END_BRANCH, {1, 2}, -1, 0}, {0, END_CALL, {2, -1}, 0, 0}, {0, END_RETURN, {-1, -1}, -1, 0}};
    struct cfg *g = make(s, 3, (uint32_t[]){0}, 1);
    g->functions.data[0].recursion = 0;
    struct walk *w = walk_new(g);
    struct err e = {0};
    uint32_t start = walk_start(w, 0), failures = 0;
    assert_int_equal(walk_expand(w, start, &e), 0);
    for (uint32_t i = start; i < w->nodes.len; i++)
        failures += walk_expand(w, i, &e) < 0;
    assert_int_equal(failures, 1);
    assert_int_equal(e.kind, ERR_INCOMPLETE);
    assert_non_null(strstr(e.text, "recursively"));
    walk_free(w);
    for (uint32_t n = 2; n <= 4; n++) {
        g->functions.data[0].recursion = n;
        assert_int_equal(deepest_context(g), n);
    }
    drop(g);
}

/* 0 branches to bare 1 and 2, both lead to bare 3, then to the point 4: one IPG edge 0→4, by two ways. */
static void sparse_points_make_one_edge_of_several_ways(void **state) {
    (void)state;
    const struct spec s[] = {{0, END_BRANCH, {1, 2}, -1, 0}, {0, END_FALL, {3, -1}, -1, 1}, {0, END_JUMP, {3, -1}, -1, 1}, {0, END_FALL, {4, -1}, -1, 1}, {0, END_TRAP_RETURN, {-1, -1}, -1, 0}};
    struct cfg *g = make(s, 5, (uint32_t[]){0}, 1);
    struct walk *w = walk_new(g);
    char text[200];
    trail(w, walk_start(w, 0), text, sizeof text);
    assert_string_equal(text, "0>1 0>2 1>3 2>3 3>4 ");
    assert_int_equal(w->ipg.len, 1);
    assert_int_equal(w->nodes.data[w->ipg.data[0].from].block, 0);
    assert_int_equal(w->nodes.data[w->ipg.data[0].to].block, 4);
    walk_free(w);
    drop(g);
}

static void what_is_never_executed_is_left_out(void **state) {
    (void)state;
    const struct spec s[] = {{0, END_BRANCH, {1, 2}, -1, 0}, {0, END_TRAP_RETURN, {-1, -1}, -1, 0}, {0, END_TRAP_RETURN, {-1, -1}, -1, 0}};
    struct cfg *g = make(s, 3, (uint32_t[]){0}, 1);
    g->blocks.data[2].never = true;
    struct walk *w = walk_new(g);
    char text[200];
    trail(w, walk_start(w, 0), text, sizeof text);
    assert_string_equal(text, "0>1 ");
    walk_free(w);
    drop(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_return_to_their_own_site), cmocka_unit_test(a_tail_call_returns_for_its_caller), cmocka_unit_test(recursion_needs_a_fact),
        cmocka_unit_test(sparse_points_make_one_edge_of_several_ways), cmocka_unit_test(what_is_never_executed_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
