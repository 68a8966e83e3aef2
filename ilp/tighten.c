/* Bounds of integers by propagation: in Σ a·x ≤ b each term is at most what the others' least values leave it; rounded to an integer, and
 * again, until nothing moves by much (Savelsbergh 1994). Doubles find the candidates; each becomes a fact, with the row and the bounds it
 * leans on as its duals, in exact arithmetic. */
#include "ilp/search.h"

#include <math.h>

struct tightening {
    struct search *t;
    double *low, *high;   /* as of the facts; high < 0: none */
    struct indices dirty; /* rows, a queue */
    size_t next;          /* its head */
    bool *is_dirty;
    size_t left;          /* facts that may still be made: convergence can be slow */
};

static void mark_rows(struct tightening *w, uint32_t column) {
    const struct indices *rows = &w->t->s->column[column].rows;
    for (size_t k = 0; k < rows->len; k++)
        if (!w->is_dirty[rows->data[k]]) {
            w->is_dirty[rows->data[k]] = true;
            vec_push(&w->dirty, rows->data[k]);
        }
}

/* The least Σ a·x (times SIGN) can be, and the number of terms without limit, of which LAST is one. */
static double least_sum(const struct tightening *w, const struct fact *r, int sign, unsigned *endless, uint32_t *last) {
    double sum = 0;
    *endless = 0;
    for (size_t k = 0; k < r->terms.len; k++) {
        uint32_t j = r->terms.data[k].index;
        double a = sign * r->a[k];
        if (a < 0 && w->high[j] < 0)
            ++*endless, *last = j;
        else
            sum += a * (a > 0 ? w->low[j] : w->high[j]);
    }
    return sum;
}

/* The exact bound that row FACT times SIGN gives its term E, as ±x ≤ rhs, and its duals. */
static void derive(const struct tightening *w, uint32_t fact, int sign, const struct term *e, mpq_t rhs, struct terms *y) {
    const struct core *s = w->t->s;
    const struct fact *r = &s->row[fact];
    mpq_t scale, d, v;
    mpq_inits(scale, d, v, NULL);
    mpq_set_si(scale, sign, 1);
    mpq_div(scale, scale, e->a);
    mpq_abs(scale, scale);
    if (sign < 0)
        mpq_neg(scale, scale);
    terms_add(y, fact, scale);
    mpq_mul(rhs, scale, r->rhs);
    for (size_t k = 0; k < r->terms.len; k++) {
        const struct term *o = &r->terms.data[k];
        const struct core_column *x = &s->column[o->index];
        if (o == e)
            continue;
        mpq_mul(d, scale, o->a);
        bool up = mpq_sgn(d) < 0;
        uint32_t bound = up ? x->upper_fact : x->low_fact;
        mpq_mul(v, d, up ? x->upper : x->low);
        mpq_sub(rhs, rhs, v);
        mpq_abs(d, d);
        if (bound != NO_FACT)
            terms_add(y, bound, d);
    }
    terms_sort(y);
    mpq_clears(scale, d, v, NULL);
}

/* ±x_j ≤ ⌊rhs⌋ as a fact, unless it is no better after all or contradicts another. */
static bool keep(struct tightening *w, uint32_t fact, int sign, const struct term *e) {
    struct search *t = w->t;
    uint32_t j = e->index;
    struct core_column *x = &t->s->column[j];
    struct terms form = {0}, y = {0};
    struct proof proof = {0};
    mpq_t rhs;
    mpq_init(rhs);
    bool up = sign * mpq_sgn(e->a) > 0;
    derive(w, fact, sign, e, rhs, &y);
    mpz_fdiv_q(mpq_numref(rhs), mpq_numref(rhs), mpq_denref(rhs));
    mpz_set_ui(mpq_denref(rhs), 1);
    if (!up)
        mpq_neg(rhs, rhs);
    bool good = up ? (!x->bounded || mpq_cmp(rhs, x->upper) < 0) && mpq_cmp(rhs, x->low) >= 0
                   : mpq_cmp(rhs, x->low) > 0 && (!x->bounded || mpq_cmp(rhs, x->upper) <= 0);
    if (good) {
        (up ? w->high : w->low)[j] = mpq_get_d(rhs);
        term_of_one(&form, j);
        if (!up) {
            mpq_neg(form.data[0].a, form.data[0].a);
            mpq_neg(rhs, rhs);
        }
        proof_push(&proof, PROOF_LEAF)->y = y;
        core_bound(t->s, j, core_derive(t->s, form, rhs, proof));
        mark_rows(w, j);
        w->left--;
    } else {
        terms_free(&y);
    }
    mpq_clear(rhs);
    return good;
}

/* Is the step worth a fact? A quarter of the range; small ranges are worth any. */
static bool is_worth(double from, double to, double range) { return fabs(from - to) >= fmax(1, range / 4) - 1e-6; }

static void tighten_row(struct tightening *w, uint32_t fact, int sign) {
    uint32_t last = 0;
    unsigned endless;
    const struct fact *r = &w->t->s->row[fact];
    double least = least_sum(w, r, sign, &endless, &last), rhs = sign * mpq_get_d(r->rhs);
    const struct terms terms = r->terms; /* a new fact may move R */
    for (size_t k = 0; k < terms.len && endless < 2 && w->left; k++) {
        const struct term *e = &terms.data[k];
        uint32_t j = e->index;
        double a = sign * mpq_get_d(e->a), own = a > 0 ? a * w->low[j] : w->high[j] < 0 ? 0 : a * w->high[j];
        if (w->t->s->column[j].real || (endless && last != j))
            continue;
        double v = (rhs - (least - own)) / a, range = w->high[j] < 0 ? INFINITY : w->high[j] - w->low[j];
        if (fabs(v) > 1e12)
            continue;
        v = a > 0 ? floor(v + 1e-6) : ceil(v - 1e-6);
        if (a > 0 ? w->high[j] < 0 || is_worth(w->high[j], v, range) : v > w->low[j] && is_worth(w->low[j], v, isinf(range) ? 0 : range))
            if (a < 0 || v < w->high[j] || w->high[j] < 0)
                keep(w, fact, sign, e);
    }
}

void search_tighten(struct search *t) {
    enum { FACTS_PER_COLUMN = 10 };
    size_t n = t->s->columns + 1;
    struct tightening w = {.t = t, .low = mem_alloc(n * sizeof *w.low), .high = mem_alloc(n * sizeof *w.high), .is_dirty = mem_alloc(t->s->rows + 1)};
    w.left = FACTS_PER_COLUMN * n;
    for (size_t j = 0; j < t->s->columns; j++) {
        w.low[j] = mpq_get_d(t->s->column[j].low);
        w.high[j] = t->s->column[j].bounded ? mpq_get_d(t->s->column[j].upper) : -1;
    }
    for (size_t i = 0; i < t->lp->rows.len; i++) {
        vec_push(&w.dirty, t->lp->rows.data[i]);
        w.is_dirty[t->lp->rows.data[i]] = true;
    }
    while (w.next < w.dirty.len && w.left && seconds_now() < t->deadline) {
        uint32_t i = w.dirty.data[w.next++];
        w.is_dirty[i] = false;
        tighten_row(&w, i, 1);
        if (t->s->row[i].equality)
            tighten_row(&w, i, -1);
    }
    search_grow(t);
    vec_free(&w.dirty);
    free(w.low);
    free(w.high);
    free(w.is_dirty);
}
