/* Split cuts on single columns. Take a row f + a·x_j ≤ b of integers, x_j fractional between k and k + 1 at the root's optimum, and
 * M = ⌊max f⌋ by linear programming on the side of the split where the row is the weaker. On the other side, at its edge, f is at most
 * what the row leaves it. The line through both, f + a'·x_j ≤ b', holds on both sides if its slope is not steeper than the row's nor of
 * the other sign; it cuts if M is below what the row leaves at the near edge. This is how loop bounds that are far from tight on the
 * paths that remain (a ≪ 0, M small) get their integral strength. Each cut is a lemma of the proof, with two leaves. */
#include "ilp/search.h"
#include "ilp/exact.h"

#include <math.h>

enum { NO_COLUMN = UINT32_MAX };
enum cut_kind { CUT_ROUNDING, CUT_BOUND, CUT_GOMORY, CUT_STEEP, CUT_FLAT };

struct cutter {
    struct search *t;
    double until;
    struct engine *probe; /* for other objectives, so that the root's basis stays */
    mpq_t *cost;      /* one a column of the reduced program, 0 but while in use */
    double *x;        /* the root's optimum, by column of the lp */
    uint32_t *place;  /* column of the reduced program → column of the lp */
    struct map seen;  /* this round's cuts, by hash */
    unsigned made;
};


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
    const struct suggestion *g = search_ask(t, c->probe, box, box ? 1 : 0, false);
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
    mpq_t one;
    mpq_init(one);
    mpq_set_ui(one, 1, 1);
    search_form(t, box->column, one, &n->form);
    mpq_clear(one);
}

/* Undo a lemma that did not work out. */
static void forget(struct proof *p, size_t len) {
    struct proof tail = {p->data + len, p->len - len, 0};
    for (size_t k = 0; k < tail.len; k++) {
        terms_free(&tail.data[k].form);
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

/* Columns of one stretch of flow give the same cut over and over. */
static bool is_new(struct cutter *c, const struct terms *form) {
    uint64_t h = form->len, there;
    for (size_t k = 0; k < form->len; k++) {
        uint64_t part[2] = {form->data[k].index, mpz_get_ui(mpq_numref(form->data[k].a)) * 2 + (mpq_sgn(form->data[k].a) < 0)};
        h = hash_bytes(part, sizeof part, h);
    }
    if (map_get(&c->seen, h, &there))
        return false;
    map_put(&c->seen, h, 1);
    return true;
}

/* The lemma exported behind BEFORE says FORM ≤ RHS: a row if it is GOOD and cuts the root's point off, else forgotten. Consumes FORM. */
static bool keep_cut(struct cutter *c, struct terms *form, const mpq_t rhs, size_t before, bool good, const uint32_t *place) {
    struct search *t = c->t;
    good = good && form->len && violation(c, form, rhs, place) > 1e-4 && is_new(c, form);
    if (good) {
        uint32_t row = presolve_add_row(t->s, *form, rhs);
        *form = (struct terms){0};
        vec_push(&t->lp->rows, row);
        engine_add_row(t->engine);
        engine_add_row(c->probe);
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

/* ---- Gomory's mixed-integer cut ---------------------------------------------------------------------------------------- */

/* Of the row of the tableau with multipliers h (of the rows as integers, reduced to their fractional parts): Σ ā·x + Σ h·s = b̄ with
 * slacks s of the ≤ rows. f = ā − ⌊ā⌋, f0 = b̄ − ⌊b̄⌋, and g(f) = f(1 − f0) if f ≤ f0, f0(1 − f) otherwise. The cut is
 * Σ g(f)·x + Σ g(h)·s ≥ f0(1 − f0); the split that proves it is on π = Σ ⌊ā⌋ or ⌈ā⌉·x + Σ 0 or 1·s, down where f ≤ f0. On the side
 * π ≤ ⌊b̄⌋ the duals are 1 − f0 for the split, 1 − h for the rows with h > f0 and −(1 − f0)·h for equalities; on the other side f0, h
 * for the rows with h ≤ f0, and f0·h. All slacks are written as b − a·x (Gomory 1960; Balas 1979). */
struct gomory {
    struct indices rows;   /* with a multiplier */
    mpq_t *h, *scale;      /* one each */
    mpq_t f0, rest;        /* rest = 1 − f0 */
    struct terms form, split;
    mpq_t at, factor;      /* factor: the form's common denominator */
};

static void gomory_free(struct gomory *m) {
    mpq_array_free(m->h, m->rows.len);
    mpq_array_free(m->scale, m->rows.len);
    vec_free(&m->rows);
    terms_free(&m->form);
    terms_free(&m->split);
    mpq_clears(m->f0, m->rest, m->at, m->factor, NULL);
}

static void keep_fraction(mpq_t q, mpz_t whole) {
    mpz_fdiv_q(whole, mpq_numref(q), mpq_denref(q));
    mpz_submul(mpq_numref(q), whole, mpq_denref(q));
}

static void row_scale(const struct reduced_row *r, mpq_t scale) {
    mpz_t common;
    mpz_init_set(common, mpq_denref(r->rhs));
    for (size_t k = 0; k < r->terms.len; k++)
        mpz_lcm(common, common, mpq_denref(r->terms.data[k].a));
    mpq_set_z(scale, common);
    mpz_clear(common);
}

/* Multipliers from t->y, and f0. */
static void gomory_begin(struct search *t, struct gomory *m) {
    mpz_t whole;
    mpq_t v;
    mpz_init(whole);
    mpq_init(v);
    *m = (struct gomory){0};
    mpq_inits(m->f0, m->rest, m->at, m->factor, NULL);
    for (size_t i = 0; i < t->lp->rows.len; i++)
        if (mpq_sgn(t->y[t->lp->rows.data[i]]))
            vec_push(&m->rows, t->lp->rows.data[i]);
    m->h = mpq_array_new(m->rows.len);
    m->scale = mpq_array_new(m->rows.len);
    for (size_t i = 0; i < m->rows.len; i++) {
        const struct reduced_row *r = &t->s->row[m->rows.data[i]];
        row_scale(r, m->scale[i]);
        mpq_div(m->h[i], t->y[m->rows.data[i]], m->scale[i]);
        keep_fraction(m->h[i], whole);
        mpq_mul(v, m->h[i], m->scale[i]);
        mpq_mul(v, v, r->rhs);
        mpq_add(m->f0, m->f0, v);
    }
    mpq_set(m->at, m->f0);
    keep_fraction(m->f0, whole);
    mpq_sub(m->at, m->at, m->f0);
    mpq_set_ui(m->rest, 1, 1);
    mpq_sub(m->rest, m->rest, m->f0);
    mpz_clear(whole);
    mpq_clear(v);
}

/* g(f), and whether f > f0. */
static bool gomory_weight(const struct gomory *m, const mpq_t f, mpq_t g) {
    bool above = mpq_cmp(f, m->f0) > 0;
    if (above) {
        mpq_set_ui(g, 1, 1);
        mpq_sub(g, g, f);
        mpq_mul(g, g, m->f0);
    } else {
        mpq_mul(g, f, m->rest);
    }
    return above;
}

/* Σ h·row into FORM (as ā), and the slacks' share of form and split into SHARE and SPLIT. */
static void gomory_rows(struct search *t, struct gomory *m, struct terms *sum, struct terms *share, struct terms *split) {
    mpq_t w, v;
    mpq_inits(w, v, NULL);
    for (size_t i = 0; i < m->rows.len; i++) {
        const struct reduced_row *r = &t->s->row[m->rows.data[i]];
        bool above = !r->equality && gomory_weight(m, m->h[i], w);
        for (size_t k = 0; k < r->terms.len; k++) {
            mpq_mul(v, r->terms.data[k].a, m->scale[i]);
            if (above) {
                mpq_neg(v, v);
                terms_add(split, r->terms.data[k].index, v);
                mpq_neg(v, v);
            }
            if (!r->equality) {
                mpq_mul(w, w, v);
                terms_add(share, r->terms.data[k].index, w);
                gomory_weight(m, m->h[i], w);
            }
            mpq_mul(v, v, m->h[i]);
            terms_add(sum, r->terms.data[k].index, v);
        }
        if (above) {
            mpq_mul(v, r->rhs, m->scale[i]);
            mpq_sub(m->at, m->at, v);
        }
    }
    terms_sort(sum);
    mpq_clears(w, v, NULL);
}

/* The form −Σ g(f)·x + Σ g(h)·(row), times its common denominator, and the split's. False if that is of no use: a continuous variable,
 * too dense, too large numbers. */
static bool gomory_forms(struct search *t, struct gomory *m) {
    enum { DENSEST = 3000, LARGEST = 60 /* bits */ };
    struct terms sum = {0};
    mpz_t whole, common;
    mpq_t f, g;
    mpz_inits(whole, common, NULL);
    mpq_inits(f, g, NULL);
    bool good = true;
    gomory_rows(t, m, &sum, &m->form, &m->split);
    for (size_t k = 0; k < sum.len; k++) {
        good = good && !t->s->column[sum.data[k].index].real;
        mpq_set(f, sum.data[k].a);
        keep_fraction(f, whole);
        if (gomory_weight(m, f, g))
            mpz_add_ui(whole, whole, 1);
        mpq_neg(g, g);
        terms_add(&m->form, sum.data[k].index, g);
        mpq_set_z(g, whole);
        terms_add(&m->split, sum.data[k].index, g);
    }
    terms_sort(&m->form);
    terms_sort(&m->split);
    mpz_set_ui(common, 1);
    for (size_t k = 0; k < m->form.len; k++)
        mpz_lcm(common, common, mpq_denref(m->form.data[k].a));
    mpq_set_z(m->factor, common);
    good = good && m->form.len && m->form.len <= DENSEST && mpz_sizeinbase(common, 2) <= LARGEST;
    for (size_t k = 0; k < m->form.len && good; k++) {
        mpq_mul(m->form.data[k].a, m->form.data[k].a, m->factor);
        good = mpz_sizeinbase(mpq_numref(m->form.data[k].a), 2) <= LARGEST;
    }
    terms_free(&sum);
    mpz_clears(whole, common, NULL);
    mpq_clears(f, g, NULL);
    return good;
}

/* One side's duals, as above, times the factor. */
static void gomory_leaf(struct cutter *c, const struct gomory *m, bool above) {
    struct search *t = c->t;
    struct proof_node *n = proof_push(&t->lemmas, PROOF_LEAF);
    mpq_t s, v, *branch = mpq_array_new(t->s->columns);
    mpq_inits(s, v, NULL);
    clear_y(t);
    for (size_t i = 0; i < m->rows.len; i++) {
        bool up = mpq_cmp(m->h[i], m->f0) > 0;
        mpq_ptr y = t->y[m->rows.data[i]];
        if (t->s->row[m->rows.data[i]].equality) {
            mpq_mul(y, m->h[i], above ? m->f0 : m->rest);
            if (!above)
                mpq_neg(y, y);
        } else if (above && !up) {
            mpq_set(y, m->h[i]);
        } else if (!above && up) {
            mpq_set_ui(y, 1, 1);
            mpq_sub(y, y, m->h[i]);
        }
        mpq_mul(y, y, m->scale[i]);
        mpq_mul(y, y, m->factor);
    }
    mpq_mul(s, above ? m->f0 : m->rest, m->factor);
    terms_add(&n->splits, 0, s);
    if (above)
        mpq_neg(s, s);
    for (size_t k = 0; k < m->split.len; k++)
        mpq_mul(branch[m->split.data[k].index], s, m->split.data[k].a);
    set_cost(c, &m->form, true);
    search_export(t, t->y, branch, (const mpq_t *)c->cost, &n->y);
    set_cost(c, &m->form, false);
    mpq_clears(s, v, NULL);
    mpq_array_free(branch, t->s->columns);
}

/* factor · (Σ g(h)·rhs − f0(1 − f0)), rounded down. */
static void gomory_rhs(const struct search *t, const struct gomory *m, mpq_t rhs) {
    mpq_t w;
    mpq_init(w);
    mpq_mul(rhs, m->f0, m->rest);
    mpq_neg(rhs, rhs);
    for (size_t i = 0; i < m->rows.len; i++) {
        const struct reduced_row *r = &t->s->row[m->rows.data[i]];
        if (r->equality)
            continue;
        gomory_weight(m, m->h[i], w);
        mpq_mul(w, w, m->scale[i]);
        mpq_mul(w, w, r->rhs);
        mpq_add(rhs, rhs, w);
    }
    mpq_mul(rhs, rhs, m->factor);
    mpz_fdiv_q(mpq_numref(rhs), mpq_numref(rhs), mpq_denref(rhs));
    mpz_set_ui(mpq_denref(rhs), 1);
    mpq_clear(w);
}

static bool add_gomory(struct cutter *c, struct gomory *m, const uint32_t *place) {
    struct search *t = c->t;
    size_t before = t->lemmas.len;
    mpq_t rhs;
    mpq_init(rhs);
    gomory_rhs(t, m, rhs);
    bool good = violation(c, &m->form, rhs, place) > 1e-4;
    if (good) {
        export_head(c, &m->form, NULL);
        struct proof_node *n = proof_push(&t->lemmas, PROOF_SPLIT);
        mpz_set(n->at, mpq_numref(m->at));
        for (size_t k = 0; k < m->split.len; k++)
            search_form(t, place[m->split.data[k].index], m->split.data[k].a, &n->form);
        gomory_leaf(c, m, false);
        gomory_leaf(c, m, true);
        good = keep_cut(c, &m->form, rhs, before, true, place);
    }
    mpq_clear(rhs);
    return good;
}

/* The nearest fraction with a small denominator: multipliers need not be exact for the cut to be valid, and simple ones make it short. */
static void simple_fraction(double v, mpq_t q) {
    enum { LARGEST = 10000, TERMS = 20 };
    double rest = fabs(v);
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

/* Chvátal's rounding with the same multipliers: Σ ⌊ā⌋·x ≤ ⌊b̄⌋. Weaker, but its numbers are small. */
static bool try_rounding(struct cutter *c, const struct gomory *m, const uint32_t *place) {
    enum { DENSEST = 2000 };
    struct search *t = c->t;
    struct terms form = {0};
    mpz_t whole;
    mpq_t v;
    bool good = true;
    mpz_init(whole);
    mpq_init(v);
    clear_y(t);
    for (size_t i = 0; i < m->rows.len; i++) {
        mpq_mul(t->y[m->rows.data[i]], m->h[i], m->scale[i]);
        const struct reduced_row *r = &t->s->row[m->rows.data[i]];
        for (size_t k = 0; k < r->terms.len; k++) {
            mpq_mul(v, r->terms.data[k].a, t->y[m->rows.data[i]]);
            terms_add(&form, r->terms.data[k].index, v);
        }
    }
    terms_sort(&form);
    for (size_t k = 0; k < form.len; k++) {
        good = good && !t->s->column[form.data[k].index].real;
        mpq_set(v, form.data[k].a);
        keep_fraction(v, whole);
        mpq_set_z(form.data[k].a, whole);
    }
    terms_sort(&form);
    good = good && form.len && form.len <= DENSEST && add_rounding(c, &form, place);
    terms_free(&form);
    mpz_clear(whole);
    mpq_clear(v);
    return good;
}

static bool try_tableau(struct cutter *c, uint32_t j, enum cut_kind kind, const uint32_t *place) {
    struct search *t = c->t;
    struct gomory m;
    size_t rows = t->lp->rows.len;
    double *h = mem_alloc((rows + 1) * sizeof *h);
    bool made = engine_multipliers(t->engine, j, h) == 0;
    clear_y(t);
    for (size_t i = 0; i < rows && made; i++)
        if (fabs(h[i]) > 1e-9 && fabs(h[i]) < 1e9)
            simple_fraction(h[i], t->y[t->lp->rows.data[i]]);
    if (made) {
        gomory_begin(t, &m);
        double f0 = mpq_get_d(m.f0);
        if (kind == CUT_ROUNDING)
            made = try_rounding(c, &m, place);
        else
            made = f0 > 0.005 && f0 < 0.995 && gomory_forms(t, &m) && add_gomory(c, &m, place);
        gomory_free(&m);
    }
    free(h);
    return made;
}

/* ---- rounds --------------------------------------------------------------------------------------------------------- */

static bool is_tight(const struct cutter *c, const struct reduced_row *r, const uint32_t *place) {
    double v = r->equality ? 0 : violation(c, &r->terms, r->rhs, place);
    return v > -1e-6;
}

static bool root_point(struct cutter *c) {
    struct search *t = c->t;
    const struct suggestion *g = search_ask(t, t->engine, NULL, 0, false);
    if (g->status != LP_OPTIMAL)
        return false;
    memcpy(c->x, g->x, t->lp->columns.len * sizeof *c->x);
    return true;
}

static double optimum(const struct cutter *c) {
    double sum = mpq_get_d(c->t->s->constant);
    for (size_t j = 0; j < c->t->lp->columns.len; j++)
        sum += c->x[j] * mpq_get_d(c->t->s->column[c->t->lp->columns.data[j]].cost);
    return sum;
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
    map_free(&c->seen);
    for (uint32_t j = 0; j < t->lp->columns.len && seconds_now() < c->until; j++) {
        if (!is_fractional(c, j))
            continue;
        if (kind == CUT_BOUND)
            try_bound(c, j, c->place);
        else if (kind == CUT_ROUNDING || kind == CUT_GOMORY)
            try_tableau(c, j, kind, c->place);
        else
            split_rows(c, j, kind == CUT_STEEP, c->place);
    }
    return c->made - before;
}

/* The first kind that yields a cut. Rounding is the cheapest, but where it does not move the optimum it only piles up rows. */
static bool cut_once(struct cutter *c, bool stalled) {
    static const enum cut_kind moving[] = {CUT_ROUNDING, CUT_BOUND, CUT_STEEP, CUT_GOMORY, CUT_FLAT};
    static const enum cut_kind stuck[] = {CUT_BOUND, CUT_STEEP, CUT_ROUNDING, CUT_GOMORY, CUT_FLAT};
    for (int k = 0; k < 5; k++)
        if (cut_round(c, (stalled ? stuck : moving)[k]))
            return true;
    return false;
}

void cut_root(struct search *t, double until) {
    enum { PATIENCE = 12 };
    size_t columns = t->lp->columns.len + 1;
    struct cutter c = {.t = t, .until = until, .cost = mpq_array_new(t->s->columns), .x = mem_alloc(columns * sizeof(double))};
    c.probe = engine_new(t->lp, t->deadline);
    c.place = mem_alloc((t->s->columns + 1) * sizeof *c.place);
    for (uint32_t j = 0; j < t->lp->columns.len; j++)
        c.place[t->lp->columns.data[j]] = j;
    double last = 0;
    for (unsigned round = 0, stalled = 0; stalled < PATIENCE && seconds_now() < until && root_point(&c); round++) {
        double now = optimum(&c);
        stalled = round == 0 || last - now > 1e-7 * fabs(now) ? 0 : stalled + 1;
        last = now;
        if (!cut_once(&c, stalled > 0))
            break;
    }
    engine_free(c.probe);
    mpq_array_free(c.cost, t->s->columns);
    map_free(&c.seen);
    free(c.x);
    free(c.place);
}
