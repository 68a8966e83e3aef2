/* Gomory's mixed-integer cuts (Gomory 1960; Balas 1979), and Chvátal's roundings with the same multipliers.
 *
 * Of a row of the tableau, as multipliers h of facts: Σ ā·x + Σ h·s = b̄, with slacks s ≥ 0 of the ≤ rows. Where a row has integers only, so is
 * its slack, and whole parts of h add nothing: f(h) counts. f = ā − ⌊ā⌋, f0 = b̄ − ⌊b̄⌋; an integer weighs g(f) = f(1 − f0) if f ≤ f0, f0(1 − f)
 * otherwise, anything else g(a) = a(1 − f0) if a ≥ 0, −a·f0 otherwise. The cut is Σ g·x + Σ g·s ≥ f0(1 − f0); the split that proves it is on
 * π = Σ ⌊ā⌋ or ⌈ā⌉·x + Σ 0 or 1·s over the integers, down where f ≤ f0. On the side π ≤ ⌊b̄⌋ the duals are 1 − f0 for the split, −(1 − f0)·h
 * for equalities, 1 − h for slacks with h > f0, −h for continuous ones with h < 0; on the other side f0, f0·h, h for slacks with h ≤ f0, h for continuous
 * ones with h > 0. All slacks are written as b − a·x. A column that stands at a bound other than 0 counts from there: its bound is one more row.
 *
 * The cut may be multiplied and its coefficients rounded down, as x ≥ 0, which keeps its numbers small. */
#include "ilp/cut.h"

#include <math.h>

struct gomory {
    struct indices rows;   /* with a multiplier */
    bool *whole;           /* of each: all in integers */
    mpq_t *h, *scale;      /* one each; scale makes integers of it */
    mpq_t f0, rest;        /* rest = 1 − f0 */
    struct terms form, split;
    mpq_t at, factor;      /* of the split; of the form */
    bool real;             /* the form has a continuous column */
};

static void gomory_free(struct gomory *m) {
    mpq_array_free(m->h, m->rows.len);
    mpq_array_free(m->scale, m->rows.len);
    free(m->whole);
    vec_free(&m->rows);
    terms_free(&m->form);
    terms_free(&m->split);
    mpq_clears(m->f0, m->rest, m->at, m->factor, NULL);
}

static void keep_fraction(mpq_t q, mpz_t whole) {
    mpz_fdiv_q(whole, mpq_numref(q), mpq_denref(q));
    mpz_submul(mpq_numref(q), whole, mpq_denref(q));
}

bool cut_row_is_whole(const struct core *s, const struct fact *r, mpq_t scale) {
    enum { LARGEST = 20 /* bits */ };
    mpz_t common;
    bool whole = true;
    mpz_init_set(common, mpq_denref(r->rhs));
    for (size_t k = 0; k < r->terms.len && whole; k++) {
        mpz_lcm(common, common, mpq_denref(r->terms.data[k].a));
        whole = !s->column[r->terms.data[k].index].real && mpz_sizeinbase(mpq_numref(r->terms.data[k].a), 2) <= LARGEST;
    }
    whole = whole && mpz_sizeinbase(common, 2) <= LARGEST;
    mpq_set_ui(scale, 1, 1);
    if (whole)
        mpq_set_z(scale, common);
    mpz_clear(common);
    return whole;
}

/* Multipliers from t->y, and f0. */
static void gomory_begin(struct search *t, struct gomory *m) {
    mpz_t whole;
    mpq_t v;
    mpz_init(whole);
    mpq_init(v);
    *m = (struct gomory){0};
    mpq_inits(m->f0, m->rest, m->at, m->factor, NULL);
    for (uint32_t i = 0; i < t->s->rows; i++)
        if (mpq_sgn(t->y[i]))
            vec_push(&m->rows, i);
    m->h = mpq_array_new(m->rows.len);
    m->scale = mpq_array_new(m->rows.len);
    m->whole = mem_alloc(m->rows.len + 1);
    for (size_t i = 0; i < m->rows.len; i++) {
        const struct fact *r = &t->s->row[m->rows.data[i]];
        m->whole[i] = cut_row_is_whole(t->s, r, m->scale[i]);
        mpq_div(m->h[i], t->y[m->rows.data[i]], m->scale[i]);
        if (m->whole[i])
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

/* g of an integer with fraction F, and whether f > f0. */
static bool whole_weight(const struct gomory *m, const mpq_t f, mpq_t g) {
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

/* … and of anything else. */
static void real_weight(const struct gomory *m, const mpq_t a, mpq_t g) {
    mpq_mul(g, a, mpq_sgn(a) < 0 ? m->f0 : m->rest);
    mpq_abs(g, g);
}

static bool row_weight(const struct gomory *m, size_t i, mpq_t g) {
    if (m->whole[i])
        return whole_weight(m, m->h[i], g);
    real_weight(m, m->h[i], g);
    return false;
}

/* Row I times A, added to TO. */
static void add_row(const struct search *t, const struct gomory *m, size_t i, const mpq_t a, struct terms *to) {
    const struct fact *r = &t->s->row[m->rows.data[i]];
    mpq_t v;
    mpq_init(v);
    for (size_t k = 0; k < r->terms.len; k++) {
        mpq_mul(v, r->terms.data[k].a, a);
        terms_add(to, r->terms.data[k].index, v);
    }
    mpq_clear(v);
}

/* Σ h·row into SUM (as ā), and the slacks' share of form and split into those. */
static void gomory_rows(struct search *t, struct gomory *m, struct terms *sum) {
    mpq_t g, v;
    mpq_inits(g, v, NULL);
    for (size_t i = 0; i < m->rows.len; i++) {
        const struct fact *r = &t->s->row[m->rows.data[i]];
        mpq_mul(v, m->h[i], m->scale[i]);
        add_row(t, m, i, v, sum);
        if (r->equality)
            continue;
        bool above = row_weight(m, i, g);
        mpq_mul(v, g, m->scale[i]);
        add_row(t, m, i, v, &m->form);
        if (above) {
            mpq_neg(v, m->scale[i]);
            add_row(t, m, i, v, &m->split);
            mpq_mul(v, v, r->rhs);
            mpq_add(m->at, m->at, v);
        }
    }
    terms_sort(sum);
    mpq_clears(g, v, NULL);
}

/* Integers of moderate size: times the common denominator, or else times a power of two and rounded down. */
static void round_form(struct gomory *m) {
    enum { EXACT = 24, ROUNDED = 30 /* bits */ };
    mpz_t common, z;
    long largest = 0;
    mpz_init_set_ui(common, 1);
    mpz_init(z);
    for (size_t k = 0; k < m->form.len; k++) {
        mpq_srcptr a = m->form.data[k].a;
        long size = (long)mpz_sizeinbase(mpq_numref(a), 2) - (long)mpz_sizeinbase(mpq_denref(a), 2);
        largest = k == 0 || size > largest ? size : largest;
        if (mpz_sizeinbase(common, 2) <= EXACT)
            mpz_lcm(common, common, mpq_denref(a));
    }
    mpq_set_ui(m->factor, 1, 1);
    if (mpz_sizeinbase(common, 2) <= EXACT && (long)mpz_sizeinbase(common, 2) + largest <= ROUNDED)
        mpq_set_z(m->factor, common);
    else if (largest < ROUNDED)
        mpq_mul_2exp(m->factor, m->factor, (mp_bitcnt_t)(ROUNDED - largest));
    for (size_t k = 0; k < m->form.len; k++) {
        mpq_ptr a = m->form.data[k].a;
        mpq_mul(a, a, m->factor);
        mpz_fdiv_q(z, mpq_numref(a), mpq_denref(a));
        mpq_set_z(a, z);
    }
    terms_sort(&m->form);
    mpz_clears(common, z, NULL);
}

/* The form −Σ g·x + Σ g·(row) and the split's. */
static void gomory_forms(struct search *t, struct gomory *m) {
    struct terms sum = {0};
    mpz_t whole;
    mpq_t f, g;
    mpz_init(whole);
    mpq_inits(f, g, NULL);
    gomory_rows(t, m, &sum);
    for (size_t k = 0; k < sum.len; k++) {
        mpq_set(f, sum.data[k].a);
        if (t->s->column[sum.data[k].index].real) {
            real_weight(m, f, g);
        } else {
            keep_fraction(f, whole);
            if (whole_weight(m, f, g))
                mpz_add_ui(whole, whole, 1);
            mpq_set_z(f, whole);
            terms_add(&m->split, sum.data[k].index, f);
        }
        mpq_neg(g, g);
        terms_add(&m->form, sum.data[k].index, g);
    }
    terms_sort(&m->form);
    terms_sort(&m->split);
    round_form(m);
    for (size_t k = 0; k < m->form.len; k++)
        m->real = m->real || t->s->column[m->form.data[k].index].real;
    terms_free(&sum);
    mpz_clear(whole);
    mpq_clears(f, g, NULL);
}

/* One side's duals, as above, times the factor. */
static void gomory_leaf(struct cutter *c, const struct gomory *m, bool above, struct proof *proof) {
    struct search *t = c->t;
    struct proof_node *n = proof_push(proof, PROOF_LEAF);
    mpq_t s;
    mpq_init(s);
    search_clear(t);
    for (size_t i = 0; i < m->rows.len; i++) {
        bool up = m->whole[i] ? mpq_cmp(m->h[i], m->f0) > 0 : mpq_sgn(m->h[i]) < 0;
        mpq_ptr y = t->y[m->rows.data[i]];
        if (t->s->row[m->rows.data[i]].equality) {
            mpq_mul(y, m->h[i], above ? m->f0 : m->rest);
            if (!above)
                mpq_neg(y, y);
        } else if (above && !up) {
            mpq_set(y, m->h[i]);
        } else if (!above && up) {
            mpq_set_ui(y, m->whole[i] ? 1 : 0, 1);
            mpq_sub(y, y, m->h[i]);
        }
        mpq_mul(y, y, m->scale[i]);
        mpq_mul(y, y, m->factor);
    }
    mpq_mul(s, above ? m->f0 : m->rest, m->factor);
    terms_add(&n->splits, 0, s);
    search_collect(t, &n->y);
    mpq_clear(s);
}

/* factor · (Σ g(h)·rhs − f0(1 − f0)), rounded down if all is integers. */
static void gomory_rhs(const struct search *t, const struct gomory *m, mpq_t rhs) {
    mpq_t w;
    mpq_init(w);
    mpq_mul(rhs, m->f0, m->rest);
    mpq_neg(rhs, rhs);
    for (size_t i = 0; i < m->rows.len; i++) {
        const struct fact *r = &t->s->row[m->rows.data[i]];
        if (r->equality)
            continue;
        row_weight(m, i, w);
        mpq_mul(w, w, m->scale[i]);
        mpq_mul(w, w, r->rhs);
        mpq_add(rhs, rhs, w);
    }
    mpq_mul(rhs, rhs, m->factor);
    if (!m->real) {
        mpz_fdiv_q(mpq_numref(rhs), mpq_numref(rhs), mpq_denref(rhs));
        mpz_set_ui(mpq_denref(rhs), 1);
    }
    mpq_clear(w);
}

static bool add_gomory(struct cutter *c, struct gomory *m) {
    struct proof proof = {0};
    mpq_t rhs;
    mpq_init(rhs);
    gomory_forms(c->t, m);
    gomory_rhs(c->t, m, rhs);
    bool good = cut_violation(c, &m->form, rhs) > 1e-4;
    if (good) {
        struct proof_node *n = proof_push(&proof, PROOF_SPLIT);
        mpz_set(n->at, mpq_numref(m->at));
        for (size_t k = 0; k < m->split.len; k++)
            terms_add(&n->form, m->split.data[k].index, m->split.data[k].a);
        gomory_leaf(c, m, false, &proof);
        gomory_leaf(c, m, true, &proof);
        good = cut_keep(c, &m->form, rhs, &proof);
    }
    proof_free(&proof);
    mpq_clear(rhs);
    return good;
}

/* Chvátal's rounding: Σ ⌊ā⌋·x ≤ ⌊b̄⌋. Weaker, but its numbers are small. */
static bool add_rounding(struct cutter *c, const struct gomory *m) {
    struct search *t = c->t;
    struct terms form = {0};
    mpz_t whole;
    mpq_t v;
    bool good = true;
    mpz_init(whole);
    mpq_init(v);
    search_clear(t);
    for (size_t i = 0; i < m->rows.len; i++) {
        const struct fact *r = &t->s->row[m->rows.data[i]];
        mpq_mul(v, m->h[i], m->scale[i]);
        good = good && (r->equality || mpq_sgn(v) >= 0);
        if (r->alive) /* bounds are charged as need be */
            mpq_set(t->y[m->rows.data[i]], v);
        add_row(t, m, i, v, &form);
    }
    terms_sort(&form);
    for (size_t k = 0; k < form.len; k++) {
        good = good && !t->s->column[form.data[k].index].real;
        mpz_fdiv_q(whole, mpq_numref(form.data[k].a), mpq_denref(form.data[k].a));
        mpq_set_z(form.data[k].a, whole);
    }
    terms_sort(&form);
    good = good && form.len && cut_round_down(c, &form);
    search_clear(t);
    terms_free(&form);
    mpz_clear(whole);
    mpq_clear(v);
    return good;
}

bool cut_gomory(struct cutter *c, bool mixed) {
    struct gomory m;
    gomory_begin(c->t, &m);
    double f0 = mpq_get_d(m.f0);
    bool made = mixed ? f0 > 0.001 && f0 < 0.999 && add_gomory(c, &m) : add_rounding(c, &m);
    gomory_free(&m);
    return made;
}
