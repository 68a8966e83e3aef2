/* Split cuts on single columns. Take a row f + a·x_j ≤ b of integers, x_j fractional between k and k + 1 at the root's optimum, and
 * M = ⌊max f⌋ by linear programming on the side of the split where the row is the weaker. On the other side, at its edge, f is at most
 * what the row leaves it. The line through both, f + a'·x_j ≤ b', holds on both sides if its slope is not steeper than the row's nor of
 * the other sign; it cuts if M is below what the row leaves at the near edge. This is how loop bounds that are far from tight on the
 * paths that remain (a ≪ 0, M small) get their integral strength. Each cut is a lemma of the proof, with two leaves. */
#include "ilp/search.h"
#include "ilp/exact.h"

#include <math.h>

enum { NO_COLUMN = UINT32_MAX };
enum cut_kind { CUT_BOUND, CUT_STEEP, CUT_GOMORY, CUT_FLAT }; /* the cheaper and stronger first */

struct cutter {
    struct search *t;
    double until;
    mpq_t *cost;      /* one a column of the reduced program, 0 but while in use */
    double *x;        /* the root's optimum, by column of the lp */
    bool *row_basic, *column_basic;
    uint32_t *place;  /* column of the reduced program → column of the lp */
    unsigned made;
};

static void grow_basis(struct cutter *c) { c->row_basic = mem_resize(c->row_basic, c->t->lp->rows.len + 1); }

static bool has_real(const struct presolve *s, const struct terms *t) {
    for (size_t k = 0; k < t->len; k++)
        if (s->column[t->data[k].index].real)
            return true;
    return false;
}

/* The row, times SIGN (−1 for an equality taken the other way), as integers. Returns the scale used. */
static void integral_row(const struct reduced_row *r, int sign, struct terms *out, mpz_t rhs, mpq_t scale) {
    mpz_t common;
    mpq_t v;
    mpz_init_set(common, mpq_denref(r->rhs));
    mpq_init(v);
    for (size_t k = 0; k < r->terms.len; k++)
        mpz_lcm(common, common, mpq_denref(r->terms.data[k].a));
    mpq_set_z(scale, common);
    if (sign < 0)
        mpq_neg(scale, scale);
    for (size_t k = 0; k < r->terms.len; k++) {
        mpq_mul(v, r->terms.data[k].a, scale);
        terms_add(out, r->terms.data[k].index, v);
    }
    mpq_mul(v, r->rhs, scale);
    mpz_set(rhs, mpq_numref(v));
    mpz_clear(common);
    mpq_clear(v);
}

static void set_cost(struct cutter *c, const struct terms *form, bool on) {
    for (size_t k = 0; k < form->len; k++)
        if (on)
            mpq_set(c->cost[form->data[k].index], form->data[k].a);
        else
            mpq_set_ui(c->cost[form->data[k].index], 0, 1);
    c->t->lp->objective = on ? (const mpq_t *)c->cost : NULL;
}

/* Rows that were eliminated start from 0 on the way back. */
static void clear_y(struct search *t) {
    for (size_t i = 0; i < t->s->rows; i++)
        mpq_set_ui(t->y[i], 0, 1);
}

/* max FORM within the box, by duals left in t->y. 1: nothing is feasible there (so GLPK says); -1: unknown. */
static int maximise(struct cutter *c, const struct terms *form, const struct box *box, mpq_t bound) {
    struct search *t = c->t;
    uint32_t which;
    int rc = -1;
    clear_y(t);
    set_cost(c, form, true);
    const struct suggestion *g = search_ask(t, t->engine, box, box ? 1 : 0, false);
    if (g->status == LP_INFEASIBLE)
        rc = 1;
    else if (g->status == LP_OPTIMAL && basis_duals(t->lp, g, t->y, c->until) == 0 && duals_bound(t->lp, (const mpq_t *)t->y, box, box ? 1 : 0, bound, NULL, &which))
        rc = 0;
    set_cost(c, form, false);
    return rc;
}

/* The leaf for FORM in the box by the duals in t->y, at the end of the lemmas; HIGHEST becomes the greater of it and the leaf's bound. */
static bool export_leaf(struct cutter *c, const struct terms *form, const struct box *box, mpq_t highest, bool first) {
    struct search *t = c->t;
    struct proof_node *n = proof_push(&t->lemmas, PROOF_LEAF);
    mpq_t bound, *branch = mpq_array_new(t->s->columns);
    uint32_t which;
    mpq_init(bound);
    set_cost(c, form, true);
    bool good = duals_bound(t->lp, (const mpq_t *)t->y, box, 1, bound, branch, &which);
    if (good && box->column != NO_COLUMN && mpq_sgn(branch[t->lp->columns.data[box->column]])) {
        mpq_t s;
        mpq_init(s);
        mpq_abs(s, branch[t->lp->columns.data[box->column]]);
        terms_add(&n->splits, 0, s);
        mpq_clear(s);
    }
    search_export(t, t->y, branch, (const mpq_t *)c->cost, &n->y);
    set_cost(c, form, false);
    if (good && (first || mpq_cmp(bound, highest) > 0))
        mpq_set(highest, bound);
    mpq_clear(bound);
    mpq_array_free(branch, t->s->columns);
    return good;
}

/* BOX NULL: no split. */
static void export_head(struct cutter *c, const struct terms *form, const struct box *box) {
    struct search *t = c->t;
    struct proof_node *n = proof_push(&t->lemmas, PROOF_LEMMA);
    for (size_t k = 0; k < form->len; k++) {
        const struct indices *merged = &t->s->column[form->data[k].index].merged;
        for (size_t x = 0; x < merged->len; x++)
            terms_add(&n->y, merged->data[x], form->data[k].a);
    }
    if (!box)
        return;
    n = proof_push(&t->lemmas, PROOF_SPLIT);
    if (box->bounded)
        mpz_set(n->at, box->high);
    else
        mpz_sub_ui(n->at, box->low, 1);
    search_form(t, box->column, &n->form);
}

/* Undo a lemma that did not work out. */
static void forget(struct proof *p, size_t len) {
    struct proof tail = {p->data + len, p->len - len, 0};
    for (size_t k = 0; k < tail.len; k++) {
        vec_free(&tail.data[k].form);
        mpz_clear(tail.data[k].at);
        terms_free(&tail.data[k].y);
        terms_free(&tail.data[k].splits);
    }
    p->len = len;
}

/* One side of the split x_j ≤ k | x_j ≥ k + 1. */
static void box_set(struct box *b, uint32_t column, const mpz_t k, bool above) {
    b->column = column;
    b->bounded = !above;
    mpz_set(b->high, k);
    mpz_set_ui(b->low, 0);
    if (above)
        mpz_add_ui(b->low, k, 1);
}

struct cut {
    uint32_t row, column; /* column of the lp */
    struct terms form;    /* by column of the reduced program */
    struct term *pivot;   /* x_j's, in form */
    mpz_t rhs, k;
    mpq_t scale;          /* form = scale · row */
    bool far_above;       /* the row is weaker at x_j ≥ k + 1 (a < 0) */
    struct box near, far;
};

/* Both leaves, in the order ≤, ≥. The far side's duals are in t->y, and put aside for the while. */
static bool export_cut(struct cutter *c, struct cut *u, mpq_t highest) {
    struct search *t = c->t;
    mpq_t *far = mpq_array_new(t->s->rows);
    bool good = true;
    for (size_t i = 0; i < t->s->rows; i++)
        mpq_set(far[i], t->y[i]);
    export_head(c, &u->form, &u->near);
    for (int above = 0; above < 2 && good; above++) {
        bool at_far = (above == 1) == u->far_above;
        clear_y(t);
        if (at_far)
            for (size_t i = 0; i < t->s->rows; i++)
                mpq_set(t->y[i], far[i]);
        else
            mpq_set(t->y[u->row], u->scale);
        good = export_leaf(c, &u->form, at_far ? &u->far : &u->near, highest, above == 0);
    }
    mpq_array_free(far, t->s->rows);
    return good;
}

/* The row is weaker where the other terms may be larger: with a < 0 at x_j ≥ k + 1. M there and what the row leaves at the near edge
 * give a'. False: no cut. */
static bool strengthen(struct cutter *c, struct cut *u) {
    mpq_t bound, a, near, t;
    mpz_t m;
    bool good = false;
    mpz_init(m);
    mpq_inits(bound, a, near, t, NULL);
    mpq_set(a, u->pivot->a);
    mpq_set_ui(u->pivot->a, 0, 1);
    if (maximise(c, &u->form, &u->far, bound) == 0) {
        mpz_fdiv_q(m, mpq_numref(bound), mpq_denref(bound));
        mpq_set_z(near, u->far_above ? u->k : u->far.high); /* the near edge is k, or k + 1 */
        if (!u->far_above)
            mpz_add_ui(mpq_numref(near), u->k, 1);
        mpq_mul(near, near, a);
        mpq_set_z(t, u->rhs);
        mpq_sub(near, t, near); /* what the row leaves f there */
        mpq_set_z(bound, m);
        if (mpq_cmp(bound, near) < 0)
            mpq_set(bound, near);
        mpq_sub(bound, near, bound); /* −(M − near) */
        if (!u->far_above)
            mpq_neg(bound, bound);
        good = u->far_above ? mpq_cmp(bound, a) > 0 : mpq_cmp(bound, a) < 0;
        mpq_set(u->pivot->a, bound);
    }
    mpz_clear(m);
    mpq_clears(bound, a, near, t, NULL);
    return good;
}

/* How far the root's point is beyond FORM ≤ RHS, relative to the form's size. */
static double violation(const struct cutter *c, const struct terms *form, const mpq_t rhs, const uint32_t *place) {
    double sum = -mpq_get_d(rhs), size = 0;
    for (size_t k = 0; k < form->len; k++) {
        double a = mpq_get_d(form->data[k].a);
        sum += a * c->x[place[form->data[k].index]];
        size += a * a;
    }
    return size > 0 ? sum / sqrt(size) : 0;
}

/* The lemma exported behind BEFORE says FORM ≤ RHS: a row if it is GOOD and cuts the root's point off, else forgotten. Consumes FORM. */
static bool keep_cut(struct cutter *c, struct terms *form, const mpq_t rhs, size_t before, bool good, const uint32_t *place) {
    struct search *t = c->t;
    good = good && form->len && violation(c, form, rhs, place) > 1e-4;
    if (good) {
        uint32_t row = presolve_add_row(t->s, *form, rhs);
        *form = (struct terms){0};
        engine_add_row(t->engine, t->lp, row);
        search_grow(t);
        c->made++;
    } else {
        forget(&t->lemmas, before);
    }
    return good;
}

static bool add_cut(struct cutter *c, struct cut *u, const uint32_t *place) {
    size_t before = c->t->lemmas.len;
    mpq_t rhs;
    mpq_init(rhs);
    bool good = export_cut(c, u, rhs);
    mpz_fdiv_q(mpq_numref(rhs), mpq_numref(rhs), mpq_denref(rhs));
    mpz_set_ui(mpq_denref(rhs), 1);
    terms_sort(&u->form); /* a' may be 0 */
    good = keep_cut(c, &u->form, rhs, before, good, place);
    mpq_clear(rhs);
    return good;
}

/* Try the split at column J of the lp on row ROW (times SIGN). */
static bool try_cut(struct cutter *c, uint32_t row, int sign, uint32_t j, const uint32_t *place) {
    struct search *t = c->t;
    struct cut u = {.row = row, .column = j};
    mpz_inits(u.rhs, u.k, u.near.low, u.near.high, u.far.low, u.far.high, NULL);
    mpq_init(u.scale);
    integral_row(&t->s->row[row], sign, &u.form, u.rhs, u.scale);
    u.pivot = terms_find(&u.form, t->lp->columns.data[j]);
    bool made = false;
    if (u.pivot) {
        mpz_set_d(u.k, floor(c->x[j]));
        u.far_above = mpq_sgn(u.pivot->a) < 0;
        box_set(&u.near, j, u.k, !u.far_above);
        box_set(&u.far, j, u.k, u.far_above);
        made = strengthen(c, &u) && add_cut(c, &u, place);
    }
    terms_free(&u.form);
    mpz_clears(u.rhs, u.k, u.near.low, u.near.high, u.far.low, u.far.high, NULL);
    mpq_clear(u.scale);
    return made;
}

/* ---- rounding ------------------------------------------------------------------------------------------------------- */

/* The lemma FORM ≤ ⌊what the duals in t->y prove⌋, if the root's point is beyond it. Consumes FORM. */
static bool add_rounding(struct cutter *c, struct terms *form, const uint32_t *place) {
    struct search *t = c->t;
    size_t before = t->lemmas.len;
    struct box none = {0};
    mpq_t rhs;
    mpq_init(rhs);
    mpz_inits(none.low, none.high, NULL);
    none.column = NO_COLUMN;
    export_head(c, form, NULL);
    bool good = export_leaf(c, form, &none, rhs, true);
    mpz_fdiv_q(mpq_numref(rhs), mpq_numref(rhs), mpq_denref(rhs));
    mpz_set_ui(mpq_denref(rhs), 1);
    good = keep_cut(c, form, rhs, before, good, place);
    mpz_clears(none.low, none.high, NULL);
    mpq_clear(rhs);
    return good;
}

/* x_j ≤ ⌊max x_j⌋ */
static bool try_bound(struct cutter *c, uint32_t j, const uint32_t *place) {
    struct terms form = {0};
    mpq_t one, bound;
    mpz_t m;
    mpq_inits(one, bound, NULL);
    mpz_init(m);
    mpq_set_ui(one, 1, 1);
    terms_add(&form, c->t->lp->columns.data[j], one);
    bool made = false;
    if (maximise(c, &form, NULL, bound) == 0) {
        mpz_fdiv_q(m, mpq_numref(bound), mpq_denref(bound));
        if (mpz_get_d(m) < c->x[j] - 1e-4)
            made = add_rounding(c, &form, place);
    }
    terms_free(&form);
    mpq_clears(one, bound, NULL);
    mpz_clear(m);
    return made;
}

/* y − ⌊y⌋ for the row as integers: its slack is an integer, so whole multiples of it add nothing. */
static void fractional_duals(struct search *t) {
    mpz_t common, whole;
    mpq_t scale;
    mpz_inits(common, whole, NULL);
    mpq_init(scale);
    for (size_t i = 0; i < t->lp->rows.len; i++) {
        uint32_t row = t->lp->rows.data[i];
        const struct reduced_row *r = &t->s->row[row];
        if (mpq_sgn(t->y[row]) == 0)
            continue;
        mpz_set(common, mpq_denref(r->rhs));
        for (size_t k = 0; k < r->terms.len; k++)
            mpz_lcm(common, common, mpq_denref(r->terms.data[k].a));
        mpq_set_z(scale, common);
        mpq_div(t->y[row], t->y[row], scale);
        mpz_fdiv_q(whole, mpq_numref(t->y[row]), mpq_denref(t->y[row]));
        mpz_submul(mpq_numref(t->y[row]), whole, mpq_denref(t->y[row]));
        mpq_mul(t->y[row], t->y[row], scale);
    }
    mpz_clears(common, whole, NULL);
    mpq_clear(scale);
}

/* ⌊Σ y·row⌋, column by column. False if there is a continuous one in it, or it is too dense to be of use. */
static bool rounded_form(struct search *t, struct terms *form) {
    enum { DENSEST = 2000 };
    mpq_t sum, a;
    bool good = true;
    mpq_inits(sum, a, NULL);
    for (size_t j = 0; j < t->lp->columns.len && good; j++) {
        uint32_t column = t->lp->columns.data[j];
        const struct column *c = &t->s->column[column];
        mpq_set_ui(sum, 0, 1);
        for (size_t k = 0; k < c->rows.len; k++)
            if (mpq_sgn(t->y[c->rows.data[k]])) {
                mpq_mul(a, t->y[c->rows.data[k]], terms_find(&t->s->row[c->rows.data[k]].terms, column)->a);
                mpq_add(sum, sum, a);
            }
        mpz_fdiv_q(mpq_numref(sum), mpq_numref(sum), mpq_denref(sum));
        mpz_set_ui(mpq_denref(sum), 1);
        if (mpq_sgn(sum) == 0)
            continue;
        good = !c->real && form->len < DENSEST;
        terms_add(form, column, sum);
    }
    mpq_clears(sum, a, NULL);
    return good;
}

/* Gomory's fractional cut of the row of the tableau in which x_j is basic, as Chvátal's rounding of its multipliers. */
static bool try_gomory(struct cutter *c, uint32_t j, const struct suggestion *g, const uint32_t *place) {
    struct search *t = c->t;
    struct terms unit = {0}, form = {0};
    mpq_t one;
    mpq_init(one);
    mpq_set_ui(one, 1, 1);
    terms_add(&unit, t->lp->columns.data[j], one);
    clear_y(t);
    set_cost(c, &unit, true);
    bool made = basis_multipliers(t->lp, g, t->y, c->until) == 0;
    set_cost(c, &unit, false);
    if (made) {
        fractional_duals(t);
        made = rounded_form(t, &form) && add_rounding(c, &form, place);
    }
    terms_free(&unit);
    terms_free(&form);
    mpq_clear(one);
    return made;
}

/* ---- rounds --------------------------------------------------------------------------------------------------------- */

static bool is_tight(const struct cutter *c, const struct reduced_row *r, const uint32_t *place) {
    double v = r->equality ? 0 : violation(c, &r->terms, r->rhs, place);
    return v > -1e-6;
}

/* The root's optimum: *G borrows it until the next question. */
static bool root_point(struct cutter *c) {
    struct search *t = c->t;
    const struct suggestion *g = search_ask(t, t->engine, NULL, 0, false);
    if (g->status != LP_OPTIMAL)
        return false;
    memcpy(c->x, g->x, t->lp->columns.len * sizeof *c->x);
    memcpy(c->row_basic, g->row_basic, t->lp->rows.len * sizeof *c->row_basic);
    memcpy(c->column_basic, g->column_basic, t->lp->columns.len * sizeof *c->column_basic);
    return true;
}

static bool is_fractional(const struct cutter *c, uint32_t j) {
    double part = c->x[j] - floor(c->x[j]);
    return !c->t->s->column[c->t->lp->columns.data[j]].real && part > 1e-5 && part < 1 - 1e-5 && fabs(c->x[j]) < 1e12;
}

/* Splits on column j and the tight rows that have it. STEEP: only those where the coefficient is not ±1. */
static void split_rows(struct cutter *c, uint32_t j, bool steep, const uint32_t *place) {
    struct search *t = c->t;
    const struct column *column = &t->s->column[t->lp->columns.data[j]];
    size_t entries = column->rows.len; /* cuts lengthen the list */
    for (size_t k = 0; k < entries && seconds_now() < c->until; k++) {
        uint32_t row = column->rows.data[k];
        const struct reduced_row *r = &t->s->row[row];
        const struct term *e = r->alive ? terms_find(&r->terms, t->lp->columns.data[j]) : NULL;
        bool unit = e && mpz_cmpabs_ui(mpq_numref(e->a), 1) == 0;
        if (!e || unit == steep || has_real(t->s, &r->terms) || !is_tight(c, r, place))
            continue;
        bool equality = r->equality;
        bool made = try_cut(c, row, 1, j, place);
        if (equality && !made)
            try_cut(c, row, -1, j, place);
    }
}

/* One kind of cut on all fractional columns. */
static unsigned cut_round(struct cutter *c, enum cut_kind kind) {
    struct search *t = c->t;
    unsigned before = c->made;
    size_t rows = t->lp->rows.len;
    struct suggestion g = {.status = LP_OPTIMAL, .row_basic = c->row_basic, .column_basic = c->column_basic, .x = c->x};
    for (uint32_t j = 0; j < t->lp->columns.len && seconds_now() < c->until; j++) {
        if (!is_fractional(c, j))
            continue;
        for (size_t i = rows; i < t->lp->rows.len; i++)
            c->row_basic[i] = true; /* the cuts of this round are not in the basis yet */
        if (kind == CUT_BOUND)
            try_bound(c, j, c->place);
        else if (kind == CUT_GOMORY && c->column_basic[j])
            try_gomory(c, j, &g, c->place);
        else if (kind != CUT_GOMORY)
            split_rows(c, j, kind == CUT_STEEP, c->place);
        grow_basis(c);
    }
    return c->made - before;
}

void cut_root(struct search *t, double until) {
    size_t columns = t->lp->columns.len + 1;
    struct cutter c = {.t = t, .until = until, .cost = mpq_array_new(t->s->columns), .x = mem_alloc(columns * sizeof(double))};
    c.column_basic = mem_alloc(columns);
    c.place = mem_alloc((t->s->columns + 1) * sizeof *c.place);
    for (uint32_t j = 0; j < t->lp->columns.len; j++)
        c.place[t->lp->columns.data[j]] = j;
    grow_basis(&c);
    for (unsigned round = 0; round < 60 && seconds_now() < until && root_point(&c); round++) {
        unsigned made = 0;
        for (enum cut_kind kind = CUT_BOUND; kind <= CUT_FLAT && !made; kind++)
            made = cut_round(&c, kind);
        if (!made)
            break;
    }
    mpq_array_free(c.cost, t->s->columns);
    free(c.x);
    free(c.place);
    free(c.row_basic);
    free(c.column_basic);
}
