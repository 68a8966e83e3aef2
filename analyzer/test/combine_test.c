/* The operators of combine.h against what is simpler: integer flows for couplings of two, linear programs over all joint distributions for three
 * and for graphs, rational convolution. Each check that a bound dominates is also shown to fail for the comonotonic operator. */
#include "analyzer/combine.h"

#include <glpk.h>
#include <gmp.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static uint64_t seed = 11;

static uint32_t draw(uint32_t below) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((seed >> 33) % below);
}

/* A histogram of TOTAL observations. */
static bin_list random_bins(uint32_t most_values, uint64_t total, uint32_t most_gap) {
    bin_list b = {0};
    uint64_t cycles = draw(5), left = total;
    for (uint32_t n = 1 + draw(most_values); n; n--) {
        uint64_t count = n == 1 ? left : draw((uint32_t)left);
        if (count)
            bins_push(&b, (struct bin){cycles, count});
        left -= count;
        cycles += 1 + draw(most_gap);
    }
    return b;
}

static struct curve curve_from(const bin_list *b) { return curve_of_bins(bins_of(b), b->len); }

static bool same(double bound, double exact) { return bound >= exact && bound <= exact * (1 + 1e-14) + 1e-300; }

/* ---- two units: every coupling is a flow between their histograms ------------------------------------------------------ */

/* The most mass that can lie on pairs with a sum above T: maximal flow by augmenting paths, in integers. */
struct flow {
    const bin_list *x, *y;
    uint64_t t, used_x[16], used_y[16], sent[16][16];
    bool seen_x[16], seen_y[16];
};

static uint64_t push(struct flow *f, size_t i, uint64_t amount) {
    f->seen_x[i] = true;
    for (size_t k = 0; k < f->y->len; k++) {
        if (f->seen_y[k] || bins_of(f->x)[i].cycles + bins_of(f->y)[k].cycles <= f->t)
            continue;
        f->seen_y[k] = true;
        uint64_t room = bins_of(f->y)[k].count - f->used_y[k], part = room < amount ? room : amount;
        if (part) {
            f->used_y[k] += part;
            f->sent[i][k] += part;
            return part;
        }
        for (size_t j = 0; j < f->x->len; j++) /* make room by sending what j sends here elsewhere */
            if (f->sent[j][k] && !f->seen_x[j] && (part = push(f, j, f->sent[j][k] < amount ? f->sent[j][k] : amount))) {
                f->sent[j][k] -= part;
                f->sent[i][k] += part;
                return part;
            }
    }
    return 0;
}

static uint64_t most_above(const bin_list *x, const bin_list *y, uint64_t t) {
    struct flow f = {.x = x, .y = y, .t = t};
    uint64_t total = 0;
    for (size_t i = 0; i < x->len; i++)
        for (uint64_t part; f.used_x[i] < bins_of(x)[i].count;) {
            memset(f.seen_x, 0, sizeof f.seen_x);
            memset(f.seen_y, 0, sizeof f.seen_y);
            if (!(part = push(&f, i, bins_of(x)[i].count - f.used_x[i])))
                break;
            f.used_x[i] += part;
            total += part;
        }
    return total;
}

/* Over many pairs and all t: is the sum by operator D never below (and, for Makarov, exactly) the best coupling? */
static bool two_are_covered(enum dependence d, bool exactly) {
    for (int round = 0; round < 400; round++) {
        bin_list x = random_bins(8, 1024, 9), y = random_bins(8, 1024, 9);
        struct curve a = curve_from(&x), b = curve_from(&y), sum = curve_add(d, &a, &b, 0);
        bool good = true;
        for (uint64_t t = 0; t <= curve_max(&a) + curve_max(&b) + 1; t++) {
            double truth = (double)most_above(&x, &y, t) / 1024, bound = curve_above(&sum, t);
            good &= exactly ? same(bound, truth) : bound >= truth;
        }
        curve_free(&a);
        curve_free(&b);
        curve_free(&sum);
        bins_free(&x);
        bins_free(&y);
        if (!good)
            return false;
    }
    return true;
}

static void makarov_is_the_best_coupling_of_two(void **state) {
    (void)state;
    assert_true(two_are_covered(DEPENDENCE_UNKNOWN, true));
}

/* METHODS 3's trap, exactly: two blocks, each 100 with probability 0.01, else 0. */
static void the_trap_of_comonotonicity(void **state) {
    (void)state;
    const struct bin bins[] = {{0, 99}, {100, 1}};
    struct curve x = curve_of_bins(bins, 2), sum[3];
    for (int d = 0; d < 3; d++)
        sum[d] = curve_add((enum dependence)d, &x, &x, 0);
    assert_true(same(curve_above(&sum[DEPENDENCE_UNKNOWN], 99), 0.02));
    assert_true(fabs(curve_above(&sum[DEPENDENCE_INDEPENDENT], 99) - 0.0199) < 1e-14);
    assert_true(same(curve_above(&sum[DEPENDENCE_COMONOTONIC], 99), 0.01));
    struct curve twenty = curve_times(DEPENDENCE_UNKNOWN, &x, 20, 0);
    assert_true(fabs(curve_above(&twenty, 99) - 0.2) < 1e-14);
    for (int d = 0; d < 3; d++)
        curve_free(&sum[d]);
    curve_free(&twenty);
    curve_free(&x);
}

static void the_comonotonic_operator_is_told(void **state) {
    (void)state;
    assert_false(two_are_covered(DEPENDENCE_COMONOTONIC, false));
    assert_false(two_are_covered(DEPENDENCE_INDEPENDENT, false));
}

/* ---- linear programs over joint distributions ---------------------------------------------------------------------------- */

static glp_prob *program_new(void) {
    glp_prob *p = glp_create_prob();
    glp_term_out(GLP_OFF);
    glp_set_obj_dir(p, GLP_MAX);
    return p;
}

static int row_new(glp_prob *p, double rhs) {
    int row = glp_add_rows(p, 1);
    glp_set_row_bnds(p, row, GLP_FX, rhs, rhs);
    return row;
}

static void column_new(glp_prob *p, double objective, int n, const int *rows, const double *values) {
    int column = glp_add_cols(p, 1);
    glp_set_col_bnds(p, column, GLP_LO, 0, 0);
    glp_set_obj_coef(p, column, objective);
    glp_set_mat_col(p, column, n, rows, values);
}

static double program_solve(glp_prob *p) {
    assert_int_equal(glp_simplex(p, NULL), 0);
    assert_int_equal(glp_get_status(p), GLP_OPT);
    double best = glp_get_obj_val(p);
    glp_delete_prob(p);
    return best;
}

static double best_of_three(const bin_list *u, uint64_t t) {
    glp_prob *p = program_new();
    int row[3][8];
    for (int k = 0; k < 3; k++)
        for (size_t i = 0; i < u[k].len; i++)
            row[k][i] = row_new(p, (double)bins_of(&u[k])[i].count / 64);
    for (size_t a = 0; a < u[0].len; a++)
        for (size_t b = 0; b < u[1].len; b++)
            for (size_t c = 0; c < u[2].len; c++) {
                int rows[] = {0, row[0][a], row[1][b], row[2][c]};
                double ones[] = {0, 1, 1, 1};
                column_new(p, bins_of(&u[0])[a].cycles + bins_of(&u[1])[b].cycles + bins_of(&u[2])[c].cycles > t, 3, rows, ones);
            }
    return program_solve(p);
}

static bool three_are_covered(enum dependence d) {
    bool good = true;
    for (int round = 0; round < 60 && good; round++) {
        bin_list u[3];
        struct curve c[3];
        const struct curve *all[3] = {&c[0], &c[1], &c[2]};
        for (int k = 0; k < 3; k++) {
            u[k] = random_bins(4, 64, 6);
            c[k] = curve_from(&u[k]);
        }
        struct curve sum = curve_sum(d, all, 3, 0);
        for (uint64_t t = 0; t <= curve_max(&sum); t += 1 + draw(3))
            good &= curve_above(&sum, t) >= best_of_three(u, t) - 1e-9;
        curve_free(&sum);
        for (int k = 0; k < 3; k++) {
            curve_free(&c[k]);
            bins_free(&u[k]);
        }
    }
    return good;
}

static void three_are_never_below_the_best_coupling(void **state) {
    (void)state;
    assert_true(three_are_covered(DEPENDENCE_UNKNOWN));
    assert_false(three_are_covered(DEPENDENCE_COMONOTONIC));
}

/* ---- graphs --------------------------------------------------------------------------------------------------------------- */

enum { WAYS = 8, WAY_EDGES = 4 };
struct shape {
    uint32_t nodes, edges, from[8], to[8], ways, way[WAYS][WAY_EDGES], length[WAYS];
};
/* 0→1→3 and 0→2→3 with a bridge 1→2; and 0→1 twice, then 1→2 (a sequence of an alternative and a unit). */
static const struct shape bridge = {4, 5, {0, 0, 1, 1, 2}, {1, 2, 2, 3, 3}, 3, {{0, 3}, {1, 4}, {0, 2, 4}}, {2, 2, 3}};
static const struct shape fork_join = {3, 3, {0, 0, 1}, {1, 1, 2}, 2, {{0, 2}, {1, 2}}, {2, 2}};

/* One column for each way and values of the units on it. Row of (unit, value): the mass with that value is the unit's share of the mass
 * that passes the unit. What decides the way may know all values. */
static void add_columns(glp_prob *p, const struct shape *s, const bin_list *u, int row[8][8], int whole, uint32_t way, uint64_t t) {
    uint32_t n = s->length[way], at[WAY_EDGES] = {0};
    for (;;) {
        int rows[1 + 8 * WAY_EDGES], used = 0;
        double values[1 + 8 * WAY_EDGES];
        uint64_t time = 0;
        rows[++used] = whole;
        values[used] = 1;
        for (uint32_t k = 0; k < n; k++) {
            uint32_t unit = s->way[way][k];
            time += bins_of(&u[unit])[at[k]].cycles;
            for (size_t i = 0; i < u[unit].len; i++) {
                rows[++used] = row[unit][i];
                values[used] = (i == at[k]) - (double)bins_of(&u[unit])[i].count / 64;
            }
        }
        column_new(p, time > t, used, rows, values);
        uint32_t k = 0;
        while (k < n && ++at[k] == u[s->way[way][k]].len)
            at[k++] = 0;
        if (k == n)
            return;
    }
}

static double best_of_graph(const struct shape *s, const bin_list *u, uint64_t t) {
    glp_prob *p = program_new();
    int row[8][8], whole = row_new(p, 1);
    for (uint32_t k = 0; k < s->edges; k++)
        for (size_t i = 0; i < u[k].len; i++)
            row[k][i] = row_new(p, 0);
    for (uint32_t w = 0; w < s->ways; w++)
        add_columns(p, s, u, row, whole, w, t);
    return program_solve(p);
}

static struct curve graph_curve(enum dependence d, const struct shape *s, const struct curve *c) {
    struct curve_edge edges[8];
    for (uint32_t k = 0; k < s->edges; k++)
        edges[k] = (struct curve_edge){s->from[k], s->to[k], &c[k]};
    return curve_dag(d, s->nodes, edges, s->edges, 0);
}

/* What is tempting and wrong: each way folded on its own, then the maximum. */
static struct curve ways_apart(const struct shape *s, const struct curve *c) {
    struct curve best = curve_constant(0);
    for (uint32_t w = 0; w < s->ways; w++) {
        const struct curve *parts[WAY_EDGES];
        for (uint32_t k = 0; k < s->length[w]; k++)
            parts[k] = &c[s->way[w][k]];
        struct curve one = curve_sum(DEPENDENCE_UNKNOWN, parts, s->length[w], 0), old = best;
        best = curve_either(&old, &one);
        curve_free(&one);
        curve_free(&old);
    }
    return best;
}

static bool graphs_are_covered(const struct shape *s, enum dependence d, bool apart, int rounds) {
    bool good = true;
    for (int round = 0; round < rounds && good; round++) {
        bin_list u[8];
        struct curve c[8];
        for (uint32_t k = 0; k < s->edges; k++) {
            u[k] = random_bins(3, 64, 8);
            c[k] = curve_from(&u[k]);
        }
        struct curve all = apart ? ways_apart(s, c) : graph_curve(d, s, c);
        for (uint64_t t = 0; t <= curve_max(&all) + 1; t += 1 + draw(2))
            good &= curve_above(&all, t) >= best_of_graph(s, u, t) - 1e-9;
        curve_free(&all);
        for (uint32_t k = 0; k < s->edges; k++) {
            curve_free(&c[k]);
            bins_free(&u[k]);
        }
    }
    return good;
}

static void regions_are_never_below_any_joint_law(void **state) {
    (void)state;
    assert_true(graphs_are_covered(&bridge, DEPENDENCE_UNKNOWN, false, 40));
    assert_true(graphs_are_covered(&fork_join, DEPENDENCE_UNKNOWN, false, 40));
    assert_false(graphs_are_covered(&bridge, DEPENDENCE_COMONOTONIC, false, 40));
    assert_false(graphs_are_covered(&fork_join, DEPENDENCE_UNKNOWN, true, 200));
}

/* On a graph that is a tree after all, the search for shares comes close to the tree's answer; and its maximum is the longest way. */
static void regions_agree_with_trees(void **state) {
    (void)state;
    for (int round = 0; round < 50; round++) {
        bin_list u[8];
        struct curve c[8];
        for (uint32_t k = 0; k < 5; k++) {
            u[k] = random_bins(4, 64, 8);
            c[k] = curve_from(&u[k]);
        }
        struct curve either = curve_either(&c[0], &c[1]), tree = curve_add(DEPENDENCE_UNKNOWN, &either, &c[2], 0);
        struct curve region = graph_curve(DEPENDENCE_UNKNOWN, &fork_join, c), second = graph_curve(DEPENDENCE_UNKNOWN, &bridge, c);
        assert_int_equal(curve_max(&region), curve_max(&tree));
        for (uint64_t t = 0; t < curve_max(&tree); t++)
            assert_true(curve_above(&region, t) >= curve_above(&tree, t) - 1e-12);
        uint64_t way[3] = {curve_max(&c[0]) + curve_max(&c[3]), curve_max(&c[1]) + curve_max(&c[4]), curve_max(&c[0]) + curve_max(&c[2]) + curve_max(&c[4])}, most = 0;
        for (int k = 0; k < 3; k++)
            most = way[k] > most ? way[k] : most;
        assert_int_equal(curve_max(&second), most);
        curve_free(&either);
        curve_free(&tree);
        curve_free(&region);
        curve_free(&second);
        for (uint32_t k = 0; k < 5; k++) {
            curve_free(&c[k]);
            bins_free(&u[k]);
        }
    }
}

/* ---- convolution ------------------------------------------------------------------------------------------------------------ */

/* Twenty times 1000 with probability 1/1000, else 0: at least all twenty at once is 10^-60, to 13 digits. */
static void deep_tails_keep_their_digits(void **state) {
    (void)state;
    const struct bin bins[] = {{0, 999}, {1000, 1}};
    struct curve x = curve_of_bins(bins, 2), sum = curve_times(DEPENDENCE_INDEPENDENT, &x, 20, 1 << 16);
    double last = curve_above(&sum, 19999), before = curve_above(&sum, 18999);
    assert_true(last >= 1e-60 && last <= 1e-60 * (1 + 1e-9));
    assert_true(before >= 1e-60 + 20 * 0.999e-57 && before <= (1e-60 + 20 * 0.999e-57) * (1 + 1e-9));
    curve_free(&x);
    curve_free(&sum);
}

static void convolution_is_exact_and_rounded_up(void **state) {
    (void)state;
    for (int round = 0; round < 100; round++) {
        bin_list x = random_bins(8, 1000, 9), y = random_bins(8, 777, 9);
        struct curve a = curve_from(&x), b = curve_from(&y), sum = curve_add(DEPENDENCE_INDEPENDENT, &a, &b, 0);
        for (uint64_t t = 0; t < curve_max(&sum); t++) {
            uint64_t above = 0;
            for (size_t i = 0; i < x.len; i++)
                for (size_t k = 0; k < y.len; k++)
                    above += bins_of(&x)[i].cycles + bins_of(&y)[k].cycles > t ? bins_of(&x)[i].count * bins_of(&y)[k].count : 0;
            mpq_t bound, exact;
            mpq_inits(bound, exact, NULL);
            mpq_set_d(bound, curve_above(&sum, t));
            mpq_set_ui(exact, above, 777000);
            mpq_canonicalize(exact);
            assert_true(mpq_cmp(bound, exact) >= 0);
            assert_true(curve_above(&sum, t) <= (double)above / 777000 * (1 + 1e-12));
            mpq_clears(bound, exact, NULL);
        }
        curve_free(&a);
        curve_free(&b);
        curve_free(&sum);
        bins_free(&x);
        bins_free(&y);
    }
}

/* ---- coarsening --------------------------------------------------------------------------------------------------------------- */

static void only_upwards(const struct curve *exact, const struct curve *coarse) {
    for (uint64_t t = 0; t <= curve_max(coarse); t += 1 + draw(20))
        assert_true(curve_above(coarse, t) >= curve_above(exact, t) * (1 - 1e-10)); /* both are rounded up, in different places */
    for (size_t i = 0; i < exact->steps.len; i++) { /* every quantile moves by the error at most */
        double risk = exact->steps.data[i].above;
        assert_true(curve_quantile(coarse, risk * (1 + 1e-10)) <= exact->steps.data[i].cycles + coarse->error);
    }
    assert_int_equal(curve_max(exact), curve_max(coarse));
    assert_true(coarse->steps.data[coarse->steps.len - 1].above == 0);
}

static void coarsening_is_upwards_and_bounded(void **state) {
    (void)state;
    for (int round = 0; round < 60; round++) {
        struct curve c[16], copy;
        const struct curve *all[16];
        for (int k = 0; k < 16; k++) {
            bin_list b = random_bins(40, 100000, 50);
            c[k] = curve_from(&b);
            all[k] = &c[k];
            bins_free(&b);
        }
        copy = curve_copy(&c[0]);
        curve_coarsen(&copy, 2 + draw(10));
        only_upwards(&c[0], &copy);
        for (int d = 0; d < 3; d++) {
            struct curve exact = curve_sum((enum dependence)d, all, 16, 1 << 20), coarse = curve_sum((enum dependence)d, all, 16, 16 + draw(300));
            assert_int_equal(exact.error, 0);
            assert_true(coarse.steps.len <= 320);
            only_upwards(&exact, &coarse);
            curve_free(&exact);
            curve_free(&coarse);
        }
        curve_free(&copy);
        for (int k = 0; k < 16; k++)
            curve_free(&c[k]);
    }
}

static void bands_are_those_of_the_inequality(void **state) {
    (void)state;
    assert_true(same(curve_band(0.05, 1000), sqrt(log(20) / 2000)));
    assert_true(curve_band(0.05, 0) == 1);
    assert_true(curve_band(1e-9, 1) == 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makarov_is_the_best_coupling_of_two), cmocka_unit_test(the_trap_of_comonotonicity),
        cmocka_unit_test(the_comonotonic_operator_is_told), cmocka_unit_test(three_are_never_below_the_best_coupling),
        cmocka_unit_test(regions_are_never_below_any_joint_law), cmocka_unit_test(regions_agree_with_trees),
        cmocka_unit_test(deep_tails_keep_their_digits), cmocka_unit_test(convolution_is_exact_and_rounded_up),
        cmocka_unit_test(coarsening_is_upwards_and_bounded), cmocka_unit_test(bands_are_those_of_the_inequality),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
