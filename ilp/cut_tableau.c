/* Which rows of the tableau become cuts: all are scored in doubles, the deepest that are not alike are worked out exactly. */
#include "ilp/cut.h"

#include <math.h>

/* The multipliers H of the first N rows as fractions, into t->y; those of rows with long numbers in their units. If no small common denominator turns up, a power of two
 * will do for mixed-integer cuts, which forgive it; for roundings it will not: false. */
static bool round_multipliers(struct cutter *c, const double *h, size_t n, bool mixed) {
    enum { LONGEST = 48, FINEST = 30 /* bits */ };
    struct search *t = c->t;
    mpz_t common;
    mpz_init_set_ui(common, 1);
    search_clear(t);
    for (size_t i = 0; i < n; i++) {
        const struct fact *r = &t->s->row[t->lp->rows.data[i]];
        mpq_ptr y = t->y[t->lp->rows.data[i]];
        if (fabs(h[i]) / r->unit < 1e-9 || fabs(h[i]) > 1e9)
            continue;
        simple_fraction(h[i] / r->unit, y);
        if (mpz_sizeinbase(common, 2) <= LONGEST)
            mpz_lcm(common, common, mpq_denref(y));
        mpq_div_2exp(y, y, (mp_bitcnt_t)-ilogb(r->unit));
    }
    bool fine = mpz_sizeinbase(common, 2) <= LONGEST;
    mpz_clear(common);
    for (size_t i = 0; i < n && !fine && mixed; i++) {
        const struct fact *r = &t->s->row[t->lp->rows.data[i]];
        mpq_ptr y = t->y[t->lp->rows.data[i]];
        if (mpq_sgn(y) == 0)
            continue;
        mpq_set_d(y, nearbyint(ldexp(h[i] / r->unit, FINEST)));
        mpq_div_2exp(y, y, (mp_bitcnt_t)(FINEST - ilogb(r->unit)));
    }
    return fine || mixed;
}

/* A nonbasic column at a bound other than 0 counts from there: the bound is one more row, with the multiplier that takes the column out. */
static void shift_to_bounds(struct cutter *c) {
    struct search *t = c->t;
    struct terms sum = {0};
    mpq_t v;
    mpq_init(v);
    for (size_t i = 0; i < t->lp->rows.len; i++) {
        uint32_t row = t->lp->rows.data[i];
        for (size_t k = 0; mpq_sgn(t->y[row]) && k < t->s->row[row].terms.len; k++) {
            const struct term *e = &t->s->row[row].terms.data[k];
            const struct core_column *x = &t->s->column[e->index];
            if (c->basic[e->index] || (x->upper_fact == NO_FACT && x->low_fact == NO_FACT))
                continue;
            mpq_mul(v, e->a, t->y[row]);
            terms_add(&sum, e->index, v);
        }
    }
    terms_sort(&sum);
    for (size_t k = 0; k < sum.len; k++) {
        const struct core_column *x = &t->s->column[sum.data[k].index];
        double at = c->x[sum.data[k].index];
        if (x->upper_fact != NO_FACT && at > mpq_get_d(x->upper) - 0.5)
            mpq_neg(t->y[x->upper_fact], sum.data[k].a);
        else if (x->low_fact != NO_FACT && at < mpq_get_d(x->low) + 0.5)
            mpq_set(t->y[x->low_fact], sum.data[k].a);
    }
    terms_free(&sum);
    mpq_clear(v);
}

/* A row of the tableau in doubles, and how deep its cut goes: f0(1 − f0) over the length of the form. */
struct candidate {
    uint32_t column;
    double depth, length;
    double *h;
    struct indices index; /* the form */
    double *a;
};
enum { TRIED = 300, KEPT = 40 };

/* Scratch of the scoring: dense, 0 between calls. */
struct score {
    struct cutter *c;
    double *unit; /* of each row of the lp: its scale to integers; 0: not such a row */
    double *sum, *form;
    bool *seen;
    struct indices touched;
};

static void score_row(struct score *s, const struct fact *r, double h, double *to) {
    for (size_t k = 0; k < r->terms.len; k++) {
        uint32_t j = r->terms.data[k].index;
        if (!s->seen[j]) {
            s->seen[j] = true;
            vec_push(&s->touched, j);
        }
        to[j] += h * r->a[k];
    }
}

static double weight(double a, double f0, bool real) {
    double f = a - floor(a + 1e-9);
    if (real)
        return a < 0 ? -a * f0 : a * (1 - f0);
    return f <= f0 ? fmax(f, 0) * (1 - f0) : f0 * (1 - f);
}

/* Where a nonbasic column stands, if not at 0: 1 at its upper bound, −1 at its lower one. */
static int stands(const struct cutter *c, uint32_t j) {
    const struct core_column *x = &c->t->s->column[j];
    if (c->basic[j])
        return 0;
    if (x->upper_fact != NO_FACT && c->x[j] > mpq_get_d(x->upper) - 0.5)
        return 1;
    return x->low_fact != NO_FACT && c->x[j] < mpq_get_d(x->low) + 0.5 ? -1 : 0;
}

/* The multipliers H, one a row of the lp. 0: of no use. */
static double score_depth(struct score *s, const double *h) {
    struct search *t = s->c->t;
    double f0 = 0, size = 0;
    for (size_t i = 0; i < t->lp->rows.len; i++)
        if (h[i] != 0) {
            const struct fact *r = &t->s->row[t->lp->rows.data[i]];
            double part = s->unit[i] > 0 ? h[i] - s->unit[i] * floor(h[i] / s->unit[i] + 1e-9) : h[i];
            score_row(s, r, part, s->sum);
            f0 += part * mpq_get_d(r->rhs);
        }
    for (size_t k = 0; k < s->touched.len; k++) {
        uint32_t j = s->touched.data[k];
        int at = stands(s->c, j);
        if (at)
            f0 -= s->sum[j] * mpq_get_d(at > 0 ? t->s->column[j].upper : t->s->column[j].low);
    }
    f0 -= floor(f0);
    if (f0 < 0.005 || f0 > 0.995)
        return 0;
    for (size_t k = 0; k < s->touched.len; k++) {
        uint32_t j = s->touched.data[k];
        int at = stands(s->c, j);
        s->form[j] = at > 0 ? weight(-s->sum[j], f0, t->s->column[j].real) : -weight(s->sum[j], f0, t->s->column[j].real);
    }
    for (size_t i = 0; i < t->lp->rows.len; i++) {
        const struct fact *r = &t->s->row[t->lp->rows.data[i]];
        if (h[i] != 0 && !r->equality)
            score_row(s, r, (s->unit[i] > 0 ? s->unit[i] * weight(h[i] / s->unit[i], f0, false) : weight(h[i], f0, true)), s->form);
    }
    for (size_t k = 0; k < s->touched.len; k++)
        size += s->form[s->touched.data[k]] * s->form[s->touched.data[k]];
    return size > 1e-12 ? f0 * (1 - f0) / sqrt(size) : 0;
}

static void score_clear(struct score *s) {
    for (size_t k = 0; k < s->touched.len; k++) {
        s->sum[s->touched.data[k]] = s->form[s->touched.data[k]] = 0;
        s->seen[s->touched.data[k]] = false;
    }
    s->touched.len = 0;
}

static void candidate_free(struct candidate *k) {
    free(k->h);
    free(k->a);
    vec_free(&k->index);
}

static int by_index(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static bool candidate_make(struct score *s, uint32_t j, struct candidate *k) {
    *k = (struct candidate){.column = j, .h = mem_alloc((s->c->t->lp->rows.len + 1) * sizeof *k->h)};
    s->c->t->work += 3 * s->c->t->lp->rows.len;
    if (engine_multipliers(s->c->t->engine, j, k->h) == 0)
        k->depth = score_depth(s, k->h);
    if (k->depth > 1e-6) {
        qsort(s->touched.data, s->touched.len, sizeof *s->touched.data, by_index);
        k->a = mem_alloc((s->touched.len + 1) * sizeof *k->a);
        for (size_t x = 0; x < s->touched.len; x++) {
            double a = s->form[s->touched.data[x]];
            if (a == 0)
                continue;
            k->a[k->index.len] = a;
            vec_push(&k->index, s->touched.data[x]);
            k->length += a * a;
        }
        k->length = sqrt(k->length);
    }
    score_clear(s);
    if (k->depth <= 1e-6)
        candidate_free(k);
    return k->depth > 1e-6;
}

/* The cosine of the angle between both forms. */
static double likeness(const struct candidate *a, const struct candidate *b) {
    double sum = 0;
    for (size_t i = 0, j = 0; i < a->index.len && j < b->index.len;) {
        if (a->index.data[i] == b->index.data[j])
            sum += a->a[i++] * b->a[j++];
        else if (a->index.data[i] < b->index.data[j])
            i++;
        else
            j++;
    }
    return sum / (a->length * b->length);
}

static int deepest_first(const void *a, const void *b) {
    const struct candidate *x = a, *y = b;
    if (x->depth != y->depth)
        return x->depth > y->depth ? -1 : 1;
    return (x->column > y->column) - (x->column < y->column);
}

static void make_cuts(struct cutter *c, struct candidate *all, size_t n, bool mixed) {
    size_t kept[KEPT], used = 0, rows = c->t->lp->rows.len; /* cuts add to them */
    for (size_t k = 0; k < n && used < KEPT && seconds_now() < c->until; k++) {
        bool alike = false;
        for (size_t x = 0; mixed && x < used && !alike; x++)
            alike = likeness(&all[k], &all[kept[x]]) > 0.98;
        if (alike)
            continue;
        if (!round_multipliers(c, all[k].h, rows, mixed))
            continue;
        shift_to_bounds(c);
        c->t->work += 40 * (rows + c->t->s->columns);
        cut_gomory(c, mixed);
        if (mixed)
            kept[used++] = k;
    }
}

void cut_tableau(struct cutter *c, bool mixed) {
    struct search *t = c->t;
    size_t n = t->s->columns + 1, rows = t->lp->rows.len;
    struct score s = {.c = c, .unit = mem_alloc((rows + 1) * sizeof *s.unit), .sum = mem_alloc(n * sizeof *s.sum), .form = mem_alloc(n * sizeof *s.form),
                      .seen = mem_alloc(n)};
    struct {
        struct candidate *data;
        size_t len, cap;
    } all = {0};
    mpq_t scale;
    mpq_init(scale);
    for (size_t i = 0; i < rows; i++)
        s.unit[i] = cut_row_is_whole(t->s, &t->s->row[t->lp->rows.data[i]], scale) ? mpq_get_d(scale) : 0;
    for (uint32_t j = 0; j < t->s->columns && all.len < TRIED && seconds_now() < c->until; j++) {
        struct candidate k;
        if (c->basic[j] && cut_is_fractional(c, j) && candidate_make(&s, j, &k))
            vec_push(&all, k);
    }
    if (all.len)
        qsort(all.data, all.len, sizeof *all.data, deepest_first);
    make_cuts(c, all.data, all.len, mixed);
    for (size_t k = 0; k < all.len; k++)
        candidate_free(&all.data[k]);
    vec_free(&all);
    vec_free(&s.touched);
    mpq_clear(scale);
    free(s.unit);
    free(s.sum);
    free(s.form);
    free(s.seen);
}
