/* IPET against exhaustive search, and its corners. */
#include "ilp/test/random_graph.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct ilp_limits limits = {.seconds = 20};

struct tally {
    unsigned total, exact, infeasible, cut;
};

static void compare(uint64_t seed, unsigned rules, struct tally *t) {
    struct random_graph r;
    struct ipet_result got;
    struct err e = {0};
    bool done;
    random_graph_make(&r, seed, rules);
    int64_t truth = best_walk(&r, &done);
    if (ipet_solve(r.g, limits, NULL, &got, &e))
        fail_msg("seed %llu: %s", (unsigned long long)seed, e.text);
    t->total++;
    t->cut += !done;
    if (got.status == ILP_INFEASIBLE) {
        t->infeasible++;
        if (truth >= 0)
            fail_msg("seed %llu: infeasible, but there is a walk of %lld", (unsigned long long)seed, (long long)truth);
    } else {
        if (got.status != ILP_OPTIMAL && got.status != ILP_BOUNDED)
            fail_msg("seed %llu: status %d", (unsigned long long)seed, got.status);
        if (mpz_cmp_si(got.bound, truth) < 0)
            fail_msg("seed %llu: bound %lu below %lld", (unsigned long long)seed, mpz_get_ui(got.bound), (long long)truth);
        t->exact += done && mpz_cmp_si(got.bound, truth) == 0;
        if (got.count && ipet_admits(r.g, got.count, &e))
            fail_msg("seed %llu: the witness is none: %s", (unsigned long long)seed, e.text);
        assert_true(got.status != ILP_OPTIMAL || got.witness);
    }
    ipet_result_free(&got);
    ipet_free(r.g);
}

static void compare_many(unsigned rules, uint64_t from, uint64_t n, double rate) {
    struct tally t = {0};
    for (uint64_t seed = from; seed < from + n; seed++)
        compare(seed, rules, &t);
    printf("ipet: %u graphs with %u constraints: %u equal to exhaustive search, %u infeasible, %u searches cut\n", t.total, rules, t.exact,
           t.infeasible, t.cut);
    assert_true(t.exact + t.infeasible + t.cut >= rate * t.total);
}

static void free_graphs_are_exact(void **state) {
    (void)state;
    compare_many(0, 1, 3000, 0.97);
}

static void constrained_graphs_are_bounded(void **state) {
    (void)state;
    compare_many(1, 100001, 1500, 0.9);
    compare_many(3, 200001, 1500, 0.9);
}

/* Five nested loops of a million rounds each: about 10^30 cycles, exactly. */
static void nests_beyond_64_bits_are_exact(void **state) {
    (void)state;
    enum { DEPTH = 5, ROUNDS = 1000000 };
    struct ipet *g = ipet_new(2 * DEPTH + 1, 0);
    struct ipet_result r;
    struct err e = {0};
    uint32_t entry[DEPTH];
    mpz_t expected;
    for (uint32_t d = 0; d < DEPTH; d++)
        entry[d] = ipet_edge(g, d, d + 1, 0);
    for (uint32_t d = DEPTH; d-- > 0;) {
        uint32_t tail = 2 * DEPTH - 1 - d, back = ipet_edge(g, tail, d + 1, d == DEPTH - 1);
        ipet_loop(g, &back, 1, &entry[d], 1, ROUNDS + 1);
        ipet_edge(g, tail, tail + 1, 0);
    }
    ipet_sink(g, 2 * DEPTH);
    assert_int_equal(ipet_solve(g, limits, NULL, &r, &e), 0);
    assert_int_equal(r.status, ILP_OPTIMAL);
    mpz_init_set_ui(expected, ROUNDS);
    for (int d = 1; d < DEPTH; d++) /* inner loops are entered ROUNDS + 1 times a round of the outer one */
        mpz_mul_ui(expected, expected, ROUNDS + 1);
    assert_int_equal(mpz_cmp(r.bound, expected), 0);
    assert_null(r.count); /* 10^30 does not fit */
    mpz_clear(expected);
    ipet_result_free(&r);
    ipet_free(g);
}

static void cycles_without_bound_are_named(void **state) {
    (void)state;
    struct ipet *g = ipet_new(4, 0);
    struct ipet_result r;
    struct err e = {0};
    ipet_edge(g, 0, 1, 1);
    ipet_edge(g, 1, 2, 1);
    ipet_edge(g, 2, 1, 1);
    ipet_edge(g, 2, 3, 1);
    ipet_sink(g, 3);
    assert_int_equal(ipet_solve(g, limits, NULL, &r, &e), -1);
    assert_int_equal(e.kind, ERR_INCOMPLETE);
    assert_true(strstr(e.text, "node 1 ") || strstr(e.text, "node 2 "));
    ipet_free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(free_graphs_are_exact), cmocka_unit_test(constrained_graphs_are_bounded),
        cmocka_unit_test(nests_beyond_64_bits_are_exact), cmocka_unit_test(cycles_without_bound_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
