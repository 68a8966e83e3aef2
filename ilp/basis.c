#include "ilp/basis.h"
#include "ilp/exact.h"

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
    for (size_t i = 0; i < p->rows.len; i++) {
        uint32_t row = p->rows.data[i];
        k->row_place[row] = g->row_basic[i] ? NOWHERE : (uint32_t)k->active.len;
        if (!g->row_basic[i])
            vec_push(&k->active, row);
        for (int side = 0; p->elastic && side < 1 + p->s->row[row].equality; side++)
            vec_push(&k->elastic_row, row);
    }
    for (size_t j = 0; j < p->columns.len + p->elastics; j++)
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
    if (j >= p->columns.len) {
        uint32_t e = j - (uint32_t)p->columns.len, place = k->row_place[k->elastic_row.data[e]];
        mpq_init(one);
        mpq_set_si(one, elastic_sign(k, e), 1);
        mpq_set_si(rhs, -1, 1);
        if (place != NOWHERE)
            terms_add(eq, place, one);
        mpq_clear(one);
        return;
    }
    const struct column *c = &p->s->column[p->columns.data[j]];
    if (!p->elastic)
        mpq_set(rhs, lp_cost(p, j));
    for (size_t x = 0; x < c->rows.len; x++)
        if (k->row_place[c->rows.data[x]] != NOWHERE)
            terms_add(eq, k->row_place[c->rows.data[x]], terms_find(&p->s->row[c->rows.data[x]].terms, p->columns.data[j])->a);
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

static const struct box *box_of(const struct box *box, size_t n, uint32_t column) {
    for (size_t k = 0; k < n; k++)
        if (box[k].column == column)
            return &box[k];
    return NULL;
}

static void reduced_cost(const struct lp *p, const mpq_t *y, uint32_t at, mpq_t d, mpq_t t) {
    uint32_t j = p->columns.data[at];
    const struct column *c = &p->s->column[j];
    if (p->elastic)
        mpq_set_ui(d, 0, 1);
    else
        mpq_set(d, lp_cost(p, at));
    for (size_t k = 0; k < c->rows.len; k++)
        if (mpq_sgn(y[c->rows.data[k]])) {
            mpq_mul(t, y[c->rows.data[k]], terms_find(&p->s->row[c->rows.data[k]].terms, j)->a);
            mpq_sub(d, d, t);
        }
}

/* Adds what column j with price D can contribute; false if that has no limit. */
static bool price(const struct column *c, const struct box *b, const mpq_t d, mpq_t bound, mpq_t branch, mpq_t t) {
    mpq_set_ui(t, 0, 1);
    if (b)
        mpq_set_z(t, mpq_sgn(d) > 0 ? b->high : b->low);
    bool by_split = b && (mpq_sgn(d) > 0 ? b->bounded && (!c->bounded || mpq_cmp(t, c->upper) < 0) : mpz_sgn(b->low) > 0);
    if (!by_split) {
        if (mpq_sgn(d) < 0)
            return true;
        if (!c->bounded)
            return false;
        mpq_set(t, c->upper);
    } else if (branch) {
        mpq_set(branch, d);
    }
    mpq_mul(t, t, d);
    mpq_add(bound, bound, t);
    return true;
}

bool duals_bound(const struct lp *p, const mpq_t *y, const struct box *box, size_t n, mpq_t bound, mpq_t *branch, uint32_t *which) {
    bool finite = true;
    mpq_t d, t;
    mpq_inits(d, t, NULL);
    mpq_set_ui(bound, 0, 1);
    for (size_t i = 0; i < p->rows.len; i++) {
        mpq_mul(t, y[p->rows.data[i]], p->s->row[p->rows.data[i]].rhs);
        mpq_add(bound, bound, t);
    }
    for (uint32_t j = 0; j < p->columns.len && finite; j++) {
        uint32_t column = p->columns.data[j];
        reduced_cost(p, y, j, d, t);
        if (mpq_sgn(d))
            finite = price(&p->s->column[column], box_of(box, n, j), d, bound, branch ? branch[column] : NULL, t);
        if (!finite)
            *which = j;
    }
    mpq_clears(d, t, NULL);
    return finite;
}

/* A nonbasic column stands at whichever of its bounds the float solver has it nearer to. */
static void resting_value(const struct lp *p, const struct suggestion *g, const struct box *b, uint32_t j, mpq_t v) {
    const struct column *c = &p->s->column[p->columns.data[j]];
    mpq_set_ui(v, 0, 1);
    if (b)
        mpq_set_z(v, b->low);
    double low = mpq_get_d(v), high = b && b->bounded ? mpz_get_d(b->high) : c->bounded ? mpq_get_d(c->upper) : -1;
    if (high < 0 || g->x[j] - low < high - g->x[j])
        return;
    if (c->bounded)
        mpq_set(v, c->upper);
    if (b && b->bounded && (!c->bounded || mpz_cmp(b->high, mpq_numref(c->upper)) < 0 || mpz_cmp_ui(mpq_denref(c->upper), 1)))
        mpq_set_z(v, b->high);
}

static void primal_equation(const struct lp *p, uint32_t row, const uint32_t *place, mpq_t *value, struct terms *eq, mpq_t rhs) {
    const struct reduced_row *r = &p->s->row[row];
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
    for (uint32_t j = 0, at = 0; j < p->columns.len; j++) {
        place[p->columns.data[j]] = g->column_basic[j] ? at++ : NOWHERE;
        if (!g->column_basic[j])
            resting_value(p, g, box_of(box, n, j), j, value[p->columns.data[j]]);
    }
    if (k.basic.len == m && !p->elastic) {
        struct terms *eq = mem_alloc((m + 1) * sizeof *eq);
        mpq_t *rhs = mpq_array_new(m), *at = mpq_array_new(m);
        for (size_t i = 0; i < m; i++)
            primal_equation(p, k.active.data[i], place, value, &eq[i], rhs[i]);
        bad = exact_solve(eq, rhs, m, at, deadline);
        for (size_t j = 0; j < p->columns.len && !bad; j++) {
            uint32_t column = p->columns.data[j];
            round_to(x[column], place[column] == NOWHERE ? value[column] : at[place[column]]);
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
