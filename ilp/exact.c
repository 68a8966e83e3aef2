/* Gaussian elimination with Markowitz's rule (Markowitz 1957). Bases of flow problems are triangular but for a small rest, so
 * nearly all pivots come from singleton equations or unknowns and cause no fill. */
#include "ilp/exact.h"

struct term *terms_find(const struct terms *t, uint32_t index) {
    size_t lo = 0, hi = t->len;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (t->data[mid].index < index)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < t->len && t->data[lo].index == index ? &t->data[lo] : NULL;
}

void terms_combine(struct terms *into, const struct terms *from, const mpq_t factor, void (*changed)(void *, uint32_t, int), void *user) {
    struct terms out = {0};
    size_t i = 0, j = 0;
    mpq_t t;
    mpq_init(t);
    vec_reserve(&out, into->len + from->len + 1);
    while (i < into->len || j < from->len) {
        if (j == from->len || (i < into->len && into->data[i].index < from->data[j].index)) {
            out.data[out.len++] = into->data[i++];
            continue;
        }
        mpq_mul(t, factor, from->data[j].a);
        if (i < into->len && into->data[i].index == from->data[j].index) {
            struct term *old = &into->data[i++];
            mpq_add(old->a, old->a, t);
            if (mpq_sgn(old->a)) {
                out.data[out.len++] = *old;
            } else {
                mpq_clear(old->a);
                if (changed)
                    changed(user, from->data[j].index, -1);
            }
        } else {
            terms_add(&out, from->data[j].index, t);
            if (changed)
                changed(user, from->data[j].index, 1);
        }
        j++;
    }
    mpq_clear(t);
    vec_free(into);
    *into = out;
}

struct elimination {
    struct terms *eq;
    mpq_t *rhs;
    size_t n;
    struct indices *in;  /* per unknown: equations that contain it or once did */
    uint32_t *count;     /* per unknown: unused equations that contain it */
    bool *used;          /* equations already pivots */
    struct indices pivots, unknowns; /* in order */
    struct indices single_eq, single_unknown;
    uint32_t at;         /* equation under change, for changed() */
};

static void count_changed(void *user, uint32_t unknown, int by) {
    struct elimination *x = user;
    x->count[unknown] += (uint32_t)by;
    if (by > 0)
        vec_push(&x->in[unknown], x->at);
    else if (x->count[unknown] == 1)
        vec_push(&x->single_unknown, unknown);
}

static bool find_single(struct elimination *x, uint32_t *eq, uint32_t *unknown) {
    while (x->single_unknown.len) {
        uint32_t u = x->single_unknown.data[--x->single_unknown.len];
        for (size_t k = 0; x->count[u] == 1 && k < x->in[u].len; k++) {
            uint32_t i = x->in[u].data[k];
            if (!x->used[i] && terms_find(&x->eq[i], u)) {
                *eq = i, *unknown = u;
                return true;
            }
        }
    }
    while (x->single_eq.len) {
        uint32_t i = x->single_eq.data[--x->single_eq.len];
        if (!x->used[i] && x->eq[i].len == 1) {
            *eq = i, *unknown = x->eq[i].data[0].index;
            return true;
        }
    }
    return false;
}

/* The shortest equation, and in it the rarest unknown. */
static bool find_pivot(struct elimination *x, uint32_t *eq, uint32_t *unknown) {
    size_t best = SIZE_MAX;
    if (find_single(x, eq, unknown))
        return true;
    for (size_t i = 0; i < x->n; i++) {
        if (x->used[i] || x->eq[i].len >= best)
            continue;
        best = x->eq[i].len;
        *eq = (uint32_t)i;
    }
    if (best == SIZE_MAX || best == 0)
        return false;
    *unknown = x->eq[*eq].data[0].index;
    for (size_t k = 1; k < best; k++)
        if (x->count[x->eq[*eq].data[k].index] < x->count[*unknown])
            *unknown = x->eq[*eq].data[k].index;
    return true;
}

static void eliminate(struct elimination *x, uint32_t eq, uint32_t unknown) {
    mpq_t factor, t;
    mpq_inits(factor, t, NULL);
    mpq_ptr pivot = terms_find(&x->eq[eq], unknown)->a;
    x->used[eq] = true;
    vec_push(&x->pivots, eq);
    vec_push(&x->unknowns, unknown);
    for (size_t k = 0; k < x->in[unknown].len; k++) {
        uint32_t i = x->in[unknown].data[k];
        struct term *other = x->used[i] ? NULL : terms_find(&x->eq[i], unknown);
        if (!other)
            continue;
        mpq_div(factor, other->a, pivot);
        mpq_neg(factor, factor);
        x->at = i;
        terms_combine(&x->eq[i], &x->eq[eq], factor, count_changed, x);
        mpq_mul(t, factor, x->rhs[eq]);
        mpq_add(x->rhs[i], x->rhs[i], t);
        if (x->eq[i].len == 1)
            vec_push(&x->single_eq, i);
    }
    for (size_t k = 0; k < x->eq[eq].len; k++) {
        uint32_t u = x->eq[eq].data[k].index;
        if (--x->count[u] == 1)
            vec_push(&x->single_unknown, u);
    }
    mpq_clears(factor, t, NULL);
}

static void substitute_back(struct elimination *x, mpq_t *y) {
    mpq_t t;
    mpq_init(t);
    for (size_t s = x->pivots.len; s-- > 0;) {
        struct terms *eq = &x->eq[x->pivots.data[s]];
        uint32_t unknown = x->unknowns.data[s];
        mpq_set(y[unknown], x->rhs[x->pivots.data[s]]);
        for (size_t k = 0; k < eq->len; k++)
            if (eq->data[k].index != unknown) {
                mpq_mul(t, eq->data[k].a, y[eq->data[k].index]);
                mpq_sub(y[unknown], y[unknown], t);
            }
        mpq_div(y[unknown], y[unknown], terms_find(eq, unknown)->a);
    }
    mpq_clear(t);
}

int exact_solve(struct terms *equations, mpq_t *rhs, size_t n, mpq_t *y, double deadline) {
    struct elimination x = {.eq = equations, .rhs = rhs, .n = n};
    x.in = mem_alloc((n + 1) * sizeof *x.in);
    x.count = mem_alloc((n + 1) * sizeof *x.count);
    x.used = mem_alloc(n + 1);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < equations[i].len; k++) {
            vec_push(&x.in[equations[i].data[k].index], (uint32_t)i);
            x.count[equations[i].data[k].index]++;
        }
        if (equations[i].len == 1)
            vec_push(&x.single_eq, (uint32_t)i);
    }
    for (size_t u = n; u-- > 0;)
        if (x.count[u] == 1)
            vec_push(&x.single_unknown, (uint32_t)u);
    uint32_t eq = 0, unknown = 0;
    while (x.pivots.len < n && find_pivot(&x, &eq, &unknown) && (x.pivots.len % 64 || seconds_now() < deadline))
        eliminate(&x, eq, unknown);
    bool done = x.pivots.len == n;
    if (done)
        substitute_back(&x, y);
    for (size_t i = 0; i < n; i++) {
        vec_free(&x.in[i]);
        terms_free(&equations[i]);
    }
    free(x.in);
    free(x.count);
    free(x.used);
    vec_free(&x.pivots);
    vec_free(&x.unknowns);
    vec_free(&x.single_eq);
    vec_free(&x.single_unknown);
    return done ? 0 : -1;
}
