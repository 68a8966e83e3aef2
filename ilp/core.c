#include "ilp/core.h"

#include <math.h>

static uint32_t fact_new(struct core *c, enum fact_origin origin, uint32_t from) {
    if (c->rows == c->row_cap)
        c->row = vec_grow_(c->row, &c->row_cap, c->rows + 1, sizeof *c->row);
    c->row[c->rows] = (struct fact){.origin = origin, .from = from};
    mpq_init(c->row[c->rows].rhs);
    return (uint32_t)c->rows++;
}

static void fact_doubles(struct fact *f) {
    double most = 0;
    f->a = mem_alloc((f->terms.len + 1) * sizeof *f->a);
    for (size_t k = 0; k < f->terms.len; k++) {
        f->a[k] = mpq_get_d(f->terms.data[k].a);
        most = fmax(most, fabs(f->a[k]));
    }
    f->unit = most > 1 << 20 ? ldexp(1, -ilogb(most)) : 1;
}

void core_revive(struct core *c, uint32_t fact) {
    struct fact *f = &c->row[fact];
    f->alive = true;
    for (size_t k = 0; k < f->terms.len; k++)
        vec_push(&c->column[f->terms.data[k].index].rows, fact);
}

static void floor_to(mpq_t to, const mpq_t q) {
    mpz_fdiv_q(mpq_numref(to), mpq_numref(q), mpq_denref(q));
    mpz_set_ui(mpq_denref(to), 1);
}

static void load_upper(struct core *c, uint32_t j) {
    struct core_column *to = &c->column[j];
    const struct column *from = &c->outer->column[to->outer];
    mpq_t one;
    if (!from->bounded)
        return;
    uint32_t f = fact_new(c, FACT_UPPER, to->outer);
    mpq_init(one);
    mpq_set_ui(one, 1, 1);
    terms_add(&c->row[f].terms, j, one);
    mpq_clear(one);
    fact_doubles(&c->row[f]);
    if (from->real)
        mpq_set(c->row[f].rhs, from->upper);
    else
        floor_to(c->row[f].rhs, from->upper);
    core_bound(c, j, f);
}

static void load_columns(struct core *c, uint32_t *place) {
    const struct presolve *s = c->outer;
    for (uint32_t j = 0; j < s->columns; j++)
        c->columns += s->column[j].alive;
    c->column = mem_alloc((c->columns + 1) * sizeof *c->column);
    uint32_t at = 0;
    for (uint32_t j = 0; j < s->columns; j++) {
        if (!s->column[j].alive)
            continue;
        struct core_column *to = &c->column[at];
        *to = (struct core_column){.real = s->column[j].real, .outer = j, .upper_fact = NO_FACT, .low_fact = NO_FACT};
        mpq_inits(to->cost, to->upper, to->low, NULL);
        mpq_set(to->cost, s->column[j].cost);
        place[j] = at++;
    }
}

struct core *core_new(const struct presolve *s) {
    struct core *c = mem_alloc(sizeof *c);
    uint32_t *place = mem_alloc((s->columns + 1) * sizeof *place);
    c->outer = s;
    mpq_init(c->constant);
    mpq_set(c->constant, s->constant);
    load_columns(c, place);
    for (uint32_t i = 0; i < s->rows; i++) {
        const struct reduced_row *r = &s->row[i];
        if (!r->alive)
            continue;
        uint32_t f = fact_new(c, FACT_ROW, i);
        for (size_t k = 0; k < r->terms.len; k++)
            terms_add(&c->row[f].terms, place[r->terms.data[k].index], r->terms.data[k].a);
        mpq_set(c->row[f].rhs, r->rhs);
        c->row[f].equality = r->equality;
        fact_doubles(&c->row[f]);
        core_revive(c, f);
    }
    free(place);
    for (uint32_t j = 0; j < c->columns; j++)
        load_upper(c, j);
    return c;
}

void core_free(struct core *c) {
    if (!c)
        return;
    for (size_t j = 0; j < c->columns; j++) {
        mpq_clears(c->column[j].cost, c->column[j].upper, c->column[j].low, NULL);
        vec_free(&c->column[j].rows);
    }
    for (size_t i = 0; i < c->rows; i++) {
        terms_free(&c->row[i].terms);
        free(c->row[i].a);
        mpq_clear(c->row[i].rhs);
        proof_free(&c->row[i].derived);
    }
    free(c->column);
    free(c->row);
    mpq_clear(c->constant);
    free(c);
}

uint32_t core_derive(struct core *c, struct terms terms, const mpq_t rhs, struct proof proof) {
    uint32_t f = fact_new(c, FACT_DERIVED, 0);
    c->row[f].terms = terms;
    c->row[f].derived = proof;
    fact_doubles(&c->row[f]);
    mpq_set(c->row[f].rhs, rhs);
    return f;
}

void core_bound(struct core *c, uint32_t column, uint32_t fact) {
    struct core_column *x = &c->column[column];
    const struct fact *f = &c->row[fact];
    mpq_t v;
    mpq_init(v);
    mpq_div(v, f->rhs, f->terms.data[0].a);
    if (mpq_sgn(f->terms.data[0].a) > 0 && (!x->bounded || mpq_cmp(v, x->upper) < 0)) {
        x->bounded = true;
        x->upper_fact = fact;
        mpq_set(x->upper, v);
    } else if (mpq_sgn(f->terms.data[0].a) < 0 && mpq_cmp(v, x->low) > 0) {
        x->low_fact = fact;
        mpq_set(x->low, v);
    }
    mpq_clear(v);
}
