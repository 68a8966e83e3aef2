/* Random small integer programs against exhaustive search: never below, and equal. RANDOM_ILPS says how many. */
#include "ilp/ilp.h"
#include "ilp/test/random_graph.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { VARIABLES = 5, ROWS = 5, UPPER = 4 };

struct program {
    long cost[VARIABLES], a[ROWS][VARIABLES], rhs[ROWS];
    char sense[ROWS];
    unsigned variables, rows;
    long divisor; /* of all coefficients, on both sides of the rows */
};

static long draw(uint64_t *s, long low, long high) { return low + (long)(random_next(s) % (uint64_t)(high - low + 1)); }

static void draw_program(struct program *p, uint64_t *s) {
    p->variables = (unsigned)draw(s, 2, VARIABLES);
    p->rows = (unsigned)draw(s, 1, ROWS);
    p->divisor = random_next(s) % 3 ? 1 : draw(s, 2, 7);
    for (unsigned j = 0; j < p->variables; j++)
        p->cost[j] = draw(s, -3, 12);
    for (unsigned i = 0; i < p->rows; i++) {
        for (unsigned j = 0; j < p->variables; j++)
            p->a[i][j] = random_next(s) % 3 ? draw(s, -4, 9) : 0;
        p->rhs[i] = draw(s, 0, 20);
        p->sense[i] = random_next(s) % 6 ? '<' : random_next(s) % 2 ? '=' : '>';
    }
}

/* The greatest value, -1000 if nothing is feasible. */
static long best_of(const struct program *p) {
    long best = -1000, x[VARIABLES] = {0};
    for (;;) {
        long value = 0;
        bool good = true;
        for (unsigned i = 0; i < p->rows && good; i++) {
            long sum = -p->rhs[i];
            for (unsigned j = 0; j < p->variables; j++)
                sum += p->a[i][j] * x[j];
            good = p->sense[i] == '<' ? sum <= 0 : p->sense[i] == '>' ? sum >= 0 : sum == 0;
        }
        for (unsigned j = 0; j < p->variables; j++)
            value += p->cost[j] * x[j];
        best = good && value > best ? value : best;
        unsigned j = 0;
        while (j < p->variables && x[j] == UPPER)
            x[j++] = 0;
        if (j == p->variables)
            return best;
        x[j]++;
    }
}

/* Every other variable has its bound as a row, where presolve and propagation must find it. */
static struct ilp *make(const struct program *p) {
    struct ilp *m = ilp_new();
    mpq_t q;
    mpz_t upper;
    mpq_init(q);
    mpz_init_set_ui(upper, UPPER);
    for (unsigned j = 0; j < p->variables; j++) {
        mpq_set_si(q, p->cost[j], 1);
        ilp_variable(m, "x", q, j % 2 ? NULL : upper);
    }
    for (unsigned i = 0; i < p->rows; i++) {
        mpq_set_si(q, p->rhs[i], (unsigned long)p->divisor);
        mpq_canonicalize(q);
        uint32_t row = ilp_row(m, "row", p->sense[i], q);
        for (unsigned j = 0; j < p->variables; j++) {
            mpq_set_si(q, p->a[i][j], (unsigned long)p->divisor);
            mpq_canonicalize(q);
            ilp_term(m, row, j, q);
        }
    }
    for (unsigned j = 1; j < p->variables; j += 2) {
        mpq_set_si(q, 3 * UPPER + 2, 1); /* 3 x ≤ 14 */
        uint32_t row = ilp_row(m, "bound", '<', q);
        mpq_set_si(q, 3, 1);
        ilp_term(m, row, j, q);
    }
    mpq_clear(q);
    mpz_clear(upper);
    return m;
}

static void bounds_are_the_maximum(void **state) {
    (void)state;
    const char *wanted = getenv("RANDOM_ILPS");
    unsigned n = wanted ? (unsigned)atoi(wanted) : 1500, infeasible = 0;
    uint64_t s = 2026;
    for (unsigned k = 0; k < n; k++) {
        struct program p = {0};
        struct ilp_result r;
        struct err e = {0};
        draw_program(&p, &s);
        long truth = best_of(&p);
        struct ilp *m = make(&p);
        assert_int_equal(ilp_solve(m, (struct ilp_limits){.seconds = 60}, NULL, &r, &e), 0);
        if (truth == -1000) {
            assert_int_equal(r.status, ILP_INFEASIBLE);
            infeasible++;
        } else if (r.status != ILP_OPTIMAL || mpz_cmp_si(r.bound, truth)) {
            ilp_write_lp(m, "/tmp/random_ilp.lp", &e);
            fail_msg("program %u: status %d, bound %ld, the maximum is %ld", k, r.status, mpz_get_si(r.bound), truth);
        }
        ilp_result_free(&r);
        ilp_free(m);
    }
    printf("random programs: %u, %u of them infeasible\n", n, infeasible);
    assert_true(infeasible > 0 && infeasible < n / 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(bounds_are_the_maximum)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
