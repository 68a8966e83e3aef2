#include "ilp/program.h"

#include <time.h>

struct ilp *ilp_new(void) { return mem_alloc(sizeof(struct ilp)); }

void ilp_free(struct ilp *p) {
    if (!p)
        return;
    for (size_t i = 0; i < p->variables.len; i++) {
        free(p->variables.data[i].name);
        mpq_clear(p->variables.data[i].cost);
        mpz_clear(p->variables.data[i].upper);
    }
    for (size_t i = 0; i < p->rows.len; i++) {
        free(p->rows.data[i].name);
        mpq_clear(p->rows.data[i].rhs);
        terms_free(&p->rows.data[i].terms);
    }
    vec_free(&p->variables);
    vec_free(&p->rows);
    free(p);
}

uint32_t ilp_variable(struct ilp *p, const char *name, const mpq_t cost, const mpz_t upper) {
    struct variable v = {.name = str_dup(name), .bounded = upper != NULL};
    mpq_init(v.cost);
    mpq_set(v.cost, cost);
    mpz_init(v.upper);
    if (upper)
        mpz_set(v.upper, upper);
    vec_push(&p->variables, v);
    return (uint32_t)p->variables.len - 1;
}

void ilp_continuous(struct ilp *p, uint32_t variable) { p->variables.data[variable].real = true; }
uint32_t ilp_variables(const struct ilp *p) { return (uint32_t)p->variables.len; }
uint32_t ilp_rows(const struct ilp *p) { return (uint32_t)p->rows.len; }
const char *ilp_variable_name(const struct ilp *p, uint32_t variable) { return p->variables.data[variable].name; }

uint32_t ilp_row(struct ilp *p, const char *name, char sense, const mpq_t rhs) {
    struct row r = {.name = str_dup(name), .sense = sense};
    mpq_init(r.rhs);
    mpq_set(r.rhs, rhs);
    vec_push(&p->rows, r);
    return (uint32_t)p->rows.len - 1;
}

void ilp_term(struct ilp *p, uint32_t row, uint32_t variable, const mpq_t coefficient) {
    terms_add(&p->rows.data[row].terms, variable, coefficient);
}

void terms_add(struct terms *t, uint32_t index, const mpq_t a) {
    struct term n = {.index = index};
    mpq_init(n.a);
    mpq_set(n.a, a);
    vec_push(t, n);
}

void term_of_one(struct terms *t, uint32_t index) {
    mpq_t one;
    mpq_init(one);
    mpq_set_ui(one, 1, 1);
    terms_add(t, index, one);
    mpq_clear(one);
}

static int by_index(const void *a, const void *b) {
    const struct term *x = a, *y = b;
    return (x->index > y->index) - (x->index < y->index);
}

void terms_sort(struct terms *t) {
    size_t n = 0;
    if (t->len)
        qsort(t->data, t->len, sizeof *t->data, by_index);
    for (size_t i = 0; i < t->len;) {
        struct term *first = &t->data[i];
        size_t j = i + 1;
        for (; j < t->len && t->data[j].index == first->index; j++) {
            mpq_add(first->a, first->a, t->data[j].a);
            mpq_clear(t->data[j].a);
        }
        if (mpq_sgn(first->a) == 0)
            mpq_clear(first->a);
        else
            t->data[n++] = *first;
        i = j;
    }
    t->len = n;
}

void terms_free(struct terms *t) {
    for (size_t i = 0; i < t->len; i++)
        mpq_clear(t->data[i].a);
    vec_free(t);
}

static bool row_holds(const struct row *r, const mpq_t left) {
    int c = mpq_cmp(left, r->rhs);
    return r->sense == '<' ? c <= 0 : r->sense == '>' ? c >= 0 : c == 0;
}

static void row_value(const struct row *r, const mpz_t *x, mpq_t sum) {
    mpq_t t;
    mpq_init(t);
    mpq_set_ui(sum, 0, 1);
    for (size_t k = 0; k < r->terms.len; k++) {
        mpq_set_z(t, x[r->terms.data[k].index]);
        mpq_mul(t, t, r->terms.data[k].a);
        mpq_add(sum, sum, t);
    }
    mpq_clear(t);
}

int ilp_admits(const struct ilp *p, const mpz_t *x, mpq_t value, struct err *e) {
    int bad = 0;
    mpq_t sum, t;
    mpq_inits(sum, t, NULL);
    for (size_t i = 0; i < p->rows.len && !bad; i++) {
        row_value(&p->rows.data[i], x, sum);
        if (!row_holds(&p->rows.data[i], sum))
            bad = err_set(e, ERR_INPUT, "row %s does not hold", p->rows.data[i].name);
    }
    mpq_set_ui(sum, 0, 1);
    for (size_t j = 0; j < p->variables.len && !bad; j++) {
        const struct variable *v = &p->variables.data[j];
        if (mpz_sgn(x[j]) < 0 || (v->bounded && mpz_cmp(x[j], v->upper) > 0))
            bad = err_set(e, ERR_INPUT, "variable %s is out of its bounds", v->name);
        mpq_set_z(t, x[j]);
        mpq_mul(t, t, v->cost);
        mpq_add(sum, sum, t);
    }
    if (value && !bad)
        mpq_set(value, sum);
    mpq_clears(sum, t, NULL);
    return bad;
}

void ilp_result_free(struct ilp_result *r) {
    mpz_clear(r->bound);
    mpz_clear(r->value);
    mpz_array_free(r->x, r->variables);
    r->x = NULL;
}

int ilp_solve(const struct ilp *p, struct ilp_limits limits, const char *certificate, struct ilp_result *r, struct err *e) {
    struct proof proof = {0};
    int bad = ilp_prove(p, limits, &proof, r, e);
    if (!bad && certificate && proof.len) {
        bad = certificate_write_ilp(p, &proof, r, certificate, e);
        if (bad)
            ilp_result_free(r);
    }
    proof_free(&proof);
    return bad;
}

mpz_t *mpz_array_new(size_t n) {
    mpz_t *x = mem_alloc((n + 1) * sizeof *x);
    for (size_t i = 0; i < n; i++)
        mpz_init(x[i]);
    return x;
}

void mpz_array_free(mpz_t *x, size_t n) {
    for (size_t i = 0; x && i < n; i++)
        mpz_clear(x[i]);
    free(x);
}

mpq_t *mpq_array_new(size_t n) {
    mpq_t *x = mem_alloc((n + 1) * sizeof *x);
    for (size_t i = 0; i < n; i++)
        mpq_init(x[i]);
    return x;
}

void mpq_array_free(mpq_t *x, size_t n) {
    for (size_t i = 0; x && i < n; i++)
        mpq_clear(x[i]);
    free(x);
}

double seconds_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
