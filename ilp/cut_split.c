/* Split cuts on single columns. Take a row f + a·x_j ≤ b of integers, x_j fractional between k and k + 1 at the root's optimum, and
 * M = ⌊max f⌋ by linear programming on the side of the split where the row is the weaker. On the other side, at its edge, f is at most
 * what the row leaves it. The line through both, f + a'·x_j ≤ b', holds on both sides if its slope is not steeper than the row's nor of
 * the other sign; it cuts if M is below what the row leaves at the near edge. This is how loop bounds that are far from tight on the
 * paths that remain (a ≪ 0, M small) get their integral strength. Each cut is a lemma of the proof, with two leaves. */
#include "ilp/cut.h"
#include "ilp/exact.h"

#include <math.h>

static bool has_real(const struct core *s, const struct terms *t) {
    for (size_t k = 0; k < t->len; k++)
        if (s->column[t->data[k].index].real)
            return true;
    return false;
}

/* The row, times SIGN (−1 for an equality taken the other way), as integers. Returns the scale used. */
static void integral_row(const struct fact *r, int sign, struct terms *out, mpz_t rhs, mpq_t scale) {
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

/* max FORM within the box as GLPK has it. NULL: not optimal. */
static const struct suggestion *guess(struct cutter *c, const struct terms *form, const struct box *box, double *value) {
    cut_objective(c, form, true);
    c->guesses++;
    const struct suggestion *g = search_ask(c->t, c->probe, box, box ? 1 : 0, false);
    cut_objective(c, form, false);
    *value = 0;
    for (size_t k = 0; k < form->len && g->status == LP_OPTIMAL; k++)
        *value += mpq_get_d(form->data[k].a) * g->x[form->data[k].index];
    return g->status == LP_OPTIMAL ? g : NULL;
}

/* … and exactly, or hardly more, by duals left in t->y. */
static bool prove(struct cutter *c, const struct terms *form, const struct box *box, const struct suggestion *g, double value, mpq_t bound) {
    struct search *t = c->t;
    uint32_t which;
    search_clear(t);
    cut_objective(c, form, true);
    bool good = false;
    t->work += 40 * (t->lp->rows.len + t->s->columns);
    for (int simple = 1; simple >= 0 && !good; simple--) {
        rounded_duals(t->lp, g, simple, t->y);
        good = duals_bound(t->lp, t->y, box, box ? 1 : 0, bound, NULL, &which) && floor(mpq_get_d(bound)) <= floor(value + 1e-6);
    }
    if (!good)
        good = basis_duals(t->lp, g, t->y, c->until) == 0 && duals_bound(t->lp, t->y, box, box ? 1 : 0, bound, NULL, &which);
    cut_objective(c, form, false);
    return good;
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
    uint32_t row, column;
    struct terms form;
    struct term *pivot;   /* x_j's, in form */
    mpz_t rhs, k;
    mpq_t scale;          /* form = scale · row */
    bool far_above;       /* the row is weaker at x_j ≥ k + 1 (a < 0) */
    struct box near, far;
};

/* Both leaves, in the order ≤, ≥. The far side's duals are in t->y, and put aside for the while. */
static bool export_cut(struct cutter *c, struct cut *u, struct proof *proof, mpq_t highest) {
    struct search *t = c->t;
    struct terms far = {0};
    bool good = true;
    search_collect(t, &far);
    struct proof_node *n = proof_push(proof, PROOF_SPLIT);
    term_of_one(&n->form, u->column);
    mpz_set(n->at, u->k);
    for (int above = 0; above < 2 && good; above++) {
        bool at_far = (above == 1) == u->far_above;
        for (size_t k = 0; at_far && k < far.len; k++)
            mpq_set(t->y[far.data[k].index], far.data[k].a);
        if (!at_far)
            mpq_set(t->y[u->row], u->scale);
        good = cut_leaf(c, proof, &u->form, at_far ? &u->far : &u->near, highest, above == 0);
    }
    terms_free(&far);
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
    double value;
    const struct suggestion *g = guess(c, &u->form, &u->far, &value);
    double edge = mpz_get_d(u->k) + !u->far_above, left = mpz_get_d(u->rhs) - mpq_get_d(a) * edge;
    if (g && floor(value + 1e-6) < left + fabs(mpq_get_d(a)) && prove(c, &u->form, &u->far, g, value, bound)) {
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

static bool add_cut(struct cutter *c, struct cut *u) {
    struct proof proof = {0};
    mpq_t rhs;
    mpq_init(rhs);
    bool good = export_cut(c, u, &proof, rhs);
    mpz_fdiv_q(mpq_numref(rhs), mpq_numref(rhs), mpq_denref(rhs));
    mpz_set_ui(mpq_denref(rhs), 1);
    terms_sort(&u->form); /* a' may be 0 */
    good = good && cut_keep(c, &u->form, rhs, &proof);
    proof_free(&proof);
    mpq_clear(rhs);
    return good;
}

/* Try the split at column J of the lp on row ROW (times SIGN). */
static bool try_cut(struct cutter *c, uint32_t row, int sign, uint32_t j) {
    struct search *t = c->t;
    struct cut u = {.row = row, .column = j};
    mpz_inits(u.rhs, u.k, u.near.low, u.near.high, u.far.low, u.far.high, NULL);
    mpq_init(u.scale);
    integral_row(&t->s->row[row], sign, &u.form, u.rhs, u.scale);
    u.pivot = terms_find(&u.form, j);
    bool made = false;
    if (u.pivot) {
        mpz_set_d(u.k, floor(c->x[j]));
        u.far_above = mpq_sgn(u.pivot->a) < 0;
        box_set(&u.near, j, u.k, !u.far_above);
        box_set(&u.far, j, u.k, u.far_above);
        made = strengthen(c, &u) && add_cut(c, &u);
    }
    terms_free(&u.form);
    mpz_clears(u.rhs, u.k, u.near.low, u.near.high, u.far.low, u.far.high, NULL);
    mpq_clear(u.scale);
    return made;
}

/* x_j ≤ ⌊max x_j⌋ */
bool cut_bound(struct cutter *c, uint32_t j) {
    struct terms form = {0};
    double value;
    mpq_t bound;
    mpq_init(bound);
    term_of_one(&form, j);
    const struct suggestion *g = guess(c, &form, NULL, &value);
    bool made = g && floor(value + 1e-6) < c->x[j] - 1e-4 && prove(c, &form, NULL, g, value, bound) && cut_round_down(c, &form);
    terms_free(&form);
    mpq_clear(bound);
    return made;
}

void cut_split_rows(struct cutter *c, uint32_t j, bool steep) {
    struct search *t = c->t;
    const struct core_column *column = &t->s->column[j];
    size_t entries = column->rows.len; /* cuts lengthen the list */
    for (size_t k = 0; k < entries && seconds_now() < c->until; k++) {
        uint32_t row = column->rows.data[k];
        const struct fact *r = &t->s->row[row];
        const struct term *e = r->alive ? terms_find(&r->terms, j) : NULL;
        bool unit = e && mpz_cmpabs_ui(mpq_numref(e->a), 1) == 0;
        if (!e || unit == steep || has_real(t->s, &r->terms) || !cut_is_tight(c, r))
            continue;
        bool equality = r->equality;
        bool made = try_cut(c, row, 1, j);
        if (equality && !made)
            try_cut(c, row, -1, j);
    }
}

