#include "ilp/basis.h"
#include "ilp/exact.h"

#include <math.h>

/* Rows without a basic slack (active) and basic columns: the kernel of the basis. The rest of it is a unit matrix. */
struct kernel {
    uint32_t *row_place;      /* row of the reduced program → place among the active ones */
    struct indices active;    /* rows of the reduced program */
    struct indices basic;     /* columns of the lp; elastic ones too */
    struct indices elastic_row; /* per elastic column: its row */
};

enum { NOWHERE = UINT32_MAX };

static void kernel_make(struct kernel *k, const struct lp *p, const struct suggestion *g) {
    *k = (struct kernel){.row_place = mem_alloc((p->s->rows + 1) * sizeof *k->row_place)};
    memset(k->row_place, 0xff, p->s->rows * sizeof *k->row_place);
    for (size_t i = 0; i < p->rows.len; i++) {
        uint32_t row = p->rows.data[i];
        k->row_place[row] = g->row_basic[i] ? NOWHERE : (uint32_t)k->active.len;
        if (!g->row_basic[i])
            vec_push(&k->active, row);
        for (int side = 0; p->elastic && side < 1 + p->s->row[row].equality; side++)
            vec_push(&k->elastic_row, row);
    }
    for (size_t j = 0; j < p->s->columns + p->elastics; j++)
        if (g->column_basic[j])
            vec_push(&k->basic, (uint32_t)j);
}

static void kernel_free(struct kernel *k) {
    free(k->row_place);
    vec_free(&k->active);
    vec_free(&k->basic);
    vec_free(&k->elastic_row);
}

/* The second elastic column of an equality has the sign +. */
static int elastic_sign(const struct kernel *k, uint32_t e) {
    return e > 0 && k->elastic_row.data[e] == k->elastic_row.data[e - 1] ? 1 : -1;
}

/* One equation for each basic column: Σ a·y = c. */
static void dual_equation(const struct lp *p, const struct kernel *k, uint32_t j, struct terms *eq, mpq_t rhs) {
    mpq_t one;
    if (j >= p->s->columns) {
        uint32_t e = j - (uint32_t)p->s->columns, place = k->row_place[k->elastic_row.data[e]];
        mpq_init(one);
        mpq_set_si(one, elastic_sign(k, e), 1);
        mpq_mul_2exp(one, one, (mp_bitcnt_t)-ilogb(p->s->row[k->elastic_row.data[e]].unit));
        mpq_set_si(rhs, -1, 1);
        if (place != NOWHERE)
            terms_add(eq, place, one);
        mpq_clear(one);
        return;
    }
    const struct core_column *c = &p->s->column[j];
    if (!p->elastic)
        mpq_set(rhs, lp_cost(p, j));
    for (size_t x = 0; x < c->rows.len; x++)
        if (k->row_place[c->rows.data[x]] != NOWHERE)
            terms_add(eq, k->row_place[c->rows.data[x]], terms_find(&p->s->row[c->rows.data[x]].terms, j)->a);
}

int basis_multipliers(const struct lp *p, const struct suggestion *g, mpq_t *y, double deadline) {
    struct kernel k;
    int bad = -1;
    kernel_make(&k, p, g);
    size_t n = k.active.len;
    if (k.basic.len == n) {
        struct terms *eq = mem_alloc((n + 1) * sizeof *eq);
        mpq_t *rhs = mpq_array_new(n), *place = mpq_array_new(n);
        for (size_t i = 0; i < n; i++)
            dual_equation(p, &k, k.basic.data[i], &eq[i], rhs[i]);
        bad = exact_solve(eq, rhs, n, place, deadline);
        for (size_t i = 0; i < p->rows.len && !bad; i++) {
            uint32_t row = p->rows.data[i];
            if (k.row_place[row] == NOWHERE)
                mpq_set_ui(y[row], 0, 1);
            else
                mpq_set(y[row], place[k.row_place[row]]);
        }
        free(eq);
        mpq_array_free(rhs, n);
        mpq_array_free(place, n);
    }
    kernel_free(&k);
    return bad;
}

int basis_duals(const struct lp *p, const struct suggestion *g, mpq_t *y, double deadline) {
    int bad = basis_multipliers(p, g, y, deadline);
    for (size_t i = 0; i < p->rows.len && !bad; i++)
        if (!p->s->row[p->rows.data[i]].equality && mpq_sgn(y[p->rows.data[i]]) < 0)
            mpq_set_ui(y[p->rows.data[i]], 0, 1);
    return bad;
}

void simple_fraction(double v, mpq_t q) {
    enum { LARGEST = 10000, TERMS = 20 };
    double rest = isfinite(v) ? fabs(v) : 0;
    long p0 = 0, q0 = 1, p1 = 1, q1 = 0;
    for (int k = 0; k < TERMS; k++) {
        double whole = floor(rest);
        if (whole * (double)q1 + (double)q0 > LARGEST || whole * (double)p1 + (double)p0 > 1e15)
            break;
        long p2 = (long)whole * p1 + p0, q2 = (long)whole * q1 + q0;
        p0 = p1, q0 = q1, p1 = p2, q1 = q2;
        if (fabs((double)p1 / (double)q1 - fabs(v)) < 1e-9 || rest - whole < 1e-12)
            break;
        rest = 1 / (rest - whole);
    }
    mpq_set_si(q, v < 0 ? -p1 : p1, q1 ? (unsigned long)q1 : 1);
    mpq_canonicalize(q);
}

void rounded_duals(const struct lp *p, const struct suggestion *g, bool simple, mpq_t *y) {
    enum { FINEST = 40 /* bits */ };
    for (size_t i = 0; i < p->rows.len; i++) {
        const struct fact *r = &p->s->row[p->rows.data[i]];
        mpq_ptr to = y[p->rows.data[i]];
        double v = g->y[i] / r->unit;
        mpq_set_ui(to, 0, 1);
        if (g->row_basic[i] || !isfinite(v) || fabs(v) < 1e-12 || fabs(v) > 1e15)
            continue;
        if (simple) {
            simple_fraction(v, to);
        } else {
            mpq_set_d(to, nearbyint(ldexp(v, FINEST)));
            mpq_div_2exp(to, to, FINEST);
        }
        mpq_div_2exp(to, to, (mp_bitcnt_t)-ilogb(r->unit));
        if (!r->equality && mpq_sgn(to) < 0)
            mpq_set_ui(to, 0, 1);
    }
}

static const struct box *box_of(const struct box *box, size_t n, uint32_t column) {
    for (size_t k = 0; k < n; k++)
        if (box[k].column == column)
            return &box[k];
    return NULL;
}

static void reduced_cost(const struct lp *p, const mpq_t *y, uint32_t at, mpq_t d, mpq_t t) {
    const struct core_column *c = &p->s->column[at];
    if (p->elastic)
        mpq_set_ui(d, 0, 1);
    else
        mpq_set(d, lp_cost(p, at));
    for (size_t k = 0; k < c->rows.len; k++)
        if (mpq_sgn(y[c->rows.data[k]])) {
            mpq_mul(t, y[c->rows.data[k]], terms_find(&p->s->row[c->rows.data[k]].terms, at)->a);
            mpq_sub(d, d, t);
        }
}

/* Adds what column j with price D can contribute; false if that has no limit. What it leans on, a split or a bound of the core's, is charged if
 * BRANCH is there. */
static bool price(const struct core_column *c, const struct box *b, const mpq_t d, mpq_t bound, mpq_t *y, mpq_ptr branch, mpq_t t) {
    bool up = mpq_sgn(d) > 0;
    bool by_split = b && (up ? b->bounded : mpz_sgn(b->low) > 0);
    if (by_split) {
        mpq_set_z(t, up ? b->high : b->low);
        by_split = up ? !c->bounded || mpq_cmp(t, c->upper) < 0 : mpq_cmp(t, c->low) > 0;
    }
    if (!by_split && up && !c->bounded)
        return false;
    if (!by_split)
        mpq_set(t, up ? c->upper : c->low);
    mpq_mul(t, t, d);
    mpq_add(bound, bound, t);
    if (branch && by_split) {
        mpq_set(branch, d);
    } else if (branch && up) {
        mpq_add(y[c->upper_fact], y[c->upper_fact], d);
    } else if (branch && c->low_fact != NO_FACT) {
        mpq_sub(y[c->low_fact], y[c->low_fact], d);
    }
    return true;
}

bool duals_bound(const struct lp *p, mpq_t *y, const struct box *box, size_t n, mpq_t bound, mpq_t *branch, uint32_t *which) {
    bool finite = true;
    mpq_t d, t;
    mpq_inits(d, t, NULL);
    mpq_set_ui(bound, 0, 1);
    for (size_t i = 0; i < p->rows.len; i++)
        if (mpq_sgn(y[p->rows.data[i]])) {
            mpq_mul(t, y[p->rows.data[i]], p->s->row[p->rows.data[i]].rhs);
            mpq_add(bound, bound, t);
        }
    for (uint32_t j = 0; j < p->s->columns && finite; j++) {
        reduced_cost(p, y, j, d, t);
        if (mpq_sgn(d))
            finite = price(&p->s->column[j], box_of(box, n, j), d, bound, y, branch ? branch[j] : NULL, t);
        if (!finite)
            *which = j;
    }
    mpq_clears(d, t, NULL);
    return finite;
}

/* A nonbasic column stands at whichever of its bounds the float solver has it nearer to. */
static void resting_value(const struct lp *p, const struct suggestion *g, const struct box *b, uint32_t j, mpq_t v) {
    const struct core_column *c = &p->s->column[j];
    mpq_set(v, c->low);
    if (b && mpz_cmp(b->low, mpq_numref(v)) > 0)
        mpq_set_z(v, b->low);
    double low = mpq_get_d(v), high = b && b->bounded ? mpz_get_d(b->high) : c->bounded ? mpq_get_d(c->upper) : -1;
    if (high < 0 || g->x[j] - low < high - g->x[j])
        return;
    if (b && b->bounded)
        mpq_set_z(v, b->high);
    if (c->bounded && (!b || !b->bounded || mpq_cmp(c->upper, v) < 0))
        mpq_set(v, c->upper);
}

static void primal_equation(const struct lp *p, uint32_t row, const uint32_t *place, mpq_t *value, struct terms *eq, mpq_t rhs) {
    const struct fact *r = &p->s->row[row];
    mpq_t t;
    mpq_init(t);
    mpq_set(rhs, r->rhs);
    for (size_t k = 0; k < r->terms.len; k++) {
        uint32_t j = r->terms.data[k].index;
        if (place[j] != NOWHERE) {
            terms_add(eq, place[j], r->terms.data[k].a);
            continue;
        }
        mpq_mul(t, r->terms.data[k].a, value[j]);
        mpq_sub(rhs, rhs, t);
    }
    terms_sort(eq);
    mpq_clear(t);
}

static void round_to(mpz_t z, const mpq_t q) {
    mpq_t half;
    mpq_init(half);
    mpq_set_ui(half, 1, 2);
    mpq_add(half, half, q);
    mpz_fdiv_q(z, mpq_numref(half), mpq_denref(half));
    mpq_clear(half);
}

int basis_point(const struct lp *p, const struct suggestion *g, const struct box *box, size_t n, mpz_t *x, double deadline) {
    struct kernel k;
    int bad = -1;
    kernel_make(&k, p, g);
    size_t m = k.active.len;
    uint32_t *place = mem_alloc((p->s->columns + 1) * sizeof *place);
    mpq_t *value = mpq_array_new(p->s->columns);
    for (uint32_t j = 0, at = 0; j < p->s->columns; j++) {
        place[j] = g->column_basic[j] ? at++ : NOWHERE;
        if (!g->column_basic[j])
            resting_value(p, g, box_of(box, n, j), j, value[j]);
    }
    if (k.basic.len == m && !p->elastic) {
        struct terms *eq = mem_alloc((m + 1) * sizeof *eq);
        mpq_t *rhs = mpq_array_new(m), *at = mpq_array_new(m);
        for (size_t i = 0; i < m; i++)
            primal_equation(p, k.active.data[i], place, value, &eq[i], rhs[i]);
        bad = exact_solve(eq, rhs, m, at, deadline);
        for (size_t j = 0; j < p->s->columns && !bad; j++) {
            round_to(x[j], place[j] == NOWHERE ? value[j] : at[place[j]]);
        }
        free(eq);
        mpq_array_free(rhs, m);
        mpq_array_free(at, m);
    }
    free(place);
    mpq_array_free(value, p->s->columns);
    kernel_free(&k);
    return bad;
}
