/* The way back from the reduced program: last reduction first. */
#include "ilp/presolve.h"

/* One step. NET: what column u->column is worth less what is charged elsewhere. SUBSTITUTE: with y_i as of the inequality (0 if the row
 * went), adding the rest, (net − Σ y·a)/a_i, makes the reduced cost of x_j −y_i·a_ij ≤ 0. UPPER: what the column is worth beyond its rows
 * is the price of its bound. FORCE: any y_i large enough to make all the columns unattractive. */
static void undo_step(const struct undo *u, mpq_t *y, const mpq_t net, mpq_t rest, mpq_t t) {
    if (u->kind == UNDO_FLIP)
        mpq_neg(y[u->row], y[u->row]);
    if (u->kind != UNDO_SUBSTITUTE && u->kind != UNDO_UPPER && u->kind != UNDO_FORCE)
        return;
    mpq_set(rest, net);
    for (size_t k = 0; k < u->entries.len; k++)
        if (mpq_sgn(y[u->entries.data[k].index])) {
            mpq_mul(t, u->entries.data[k].a, y[u->entries.data[k].index]);
            mpq_sub(rest, rest, t);
        }
    if (mpq_sgn(rest))
        mpq_div(rest, rest, u->a);
    if (u->kind == UNDO_SUBSTITUTE)
        mpq_add(y[u->row], y[u->row], rest);
    else if (u->kind == UNDO_UPPER && mpq_sgn(rest) > 0)
        mpq_set(y[u->row], rest);
    else if (u->kind == UNDO_FORCE && (mpq_sgn(u->a) > 0 ? mpq_cmp(rest, y[u->row]) > 0 : mpq_cmp(rest, y[u->row]) < 0))
        mpq_set(y[u->row], rest);
}

void presolve_duals(const struct presolve *s, mpq_t *y, const mpq_t *branch) {
    mpq_t net, rest, t;
    mpq_inits(net, rest, t, NULL);
    for (size_t k = s->undos; k-- > 0;) {
        mpq_sub(net, s->undo[k].cost, branch[s->undo[k].column]);
        undo_step(&s->undo[k], y, net, rest, t);
    }
    mpq_clears(net, rest, t, NULL);
    for (size_t i = 0; i < s->source->rows.len; i++)
        if (s->source->rows.data[i].sense == '>')
            mpq_neg(y[i], y[i]);
}

/* ---- sparsely ------------------------------------------------------------------------------------------------------- */

/* Only the steps that read something other than 0 are taken: those whose entries have a row with a dual, and those of the form's columns. */
struct presolve_path {
    const struct presolve *s;
    struct indices *by_row, *by_column; /* steps that read it */
    struct indices heap;                /* steps to come, the last one on top */
    bool *queued;                       /* of each step */
    mpq_t *y, *net;                     /* 0 between calls */
    struct indices touched;             /* rows */
};

struct presolve_path *presolve_path_new(const struct presolve *s) {
    struct presolve_path *p = mem_alloc(sizeof *p);
    p->s = s;
    p->by_row = mem_alloc((s->rows + 1) * sizeof *p->by_row);
    p->by_column = mem_alloc((s->columns + 1) * sizeof *p->by_column);
    p->queued = mem_alloc(s->undos + 1);
    p->y = mpq_array_new(s->rows);
    p->net = mpq_array_new(s->columns);
    for (uint32_t k = 0; k < s->undos; k++) {
        const struct undo *u = &s->undo[k];
        for (size_t x = 0; x < u->entries.len; x++)
            vec_push(&p->by_row[u->entries.data[x].index], k);
        if (u->kind == UNDO_FLIP)
            vec_push(&p->by_row[u->row], k);
        else
            vec_push(&p->by_column[u->column], k);
    }
    return p;
}

void presolve_path_free(struct presolve_path *p) {
    if (!p)
        return;
    for (size_t i = 0; i < p->s->rows; i++)
        vec_free(&p->by_row[i]);
    for (size_t j = 0; j < p->s->columns; j++)
        vec_free(&p->by_column[j]);
    free(p->by_row);
    free(p->by_column);
    free(p->queued);
    mpq_array_free(p->y, p->s->rows);
    mpq_array_free(p->net, p->s->columns);
    vec_free(&p->heap);
    vec_free(&p->touched);
    free(p);
}

static void heap_push(struct indices *h, uint32_t v) {
    vec_push(h, v);
    for (size_t at = h->len - 1; at && h->data[(at - 1) / 2] < v; at = (at - 1) / 2) {
        h->data[at] = h->data[(at - 1) / 2];
        h->data[(at - 1) / 2] = v;
    }
}

static uint32_t heap_pop(struct indices *h) {
    uint32_t top = h->data[0], v = h->data[--h->len];
    size_t at = 0, child;
    while ((child = 2 * at + 1) < h->len) {
        if (child + 1 < h->len && h->data[child + 1] > h->data[child])
            child++;
        if (h->data[child] <= v)
            break;
        h->data[at] = h->data[child];
        at = child;
    }
    h->data[at] = v;
    return top;
}

/* Steps before BEFORE. */
static void queue(struct presolve_path *p, const struct indices *steps, uint32_t before) {
    for (size_t k = 0; k < steps->len && steps->data[k] < before; k++)
        if (!p->queued[steps->data[k]]) {
            p->queued[steps->data[k]] = true;
            heap_push(&p->heap, steps->data[k]);
        }
}

static void take_steps(struct presolve_path *p) {
    mpq_t rest, t;
    mpq_inits(rest, t, NULL);
    while (p->heap.len) {
        uint32_t k = heap_pop(&p->heap);
        const struct undo *u = &p->s->undo[k];
        bool before = mpq_sgn(p->y[u->row]) != 0;
        p->queued[k] = false;
        undo_step(u, p->y, p->net[u->column], rest, t);
        if (!before && mpq_sgn(p->y[u->row])) {
            vec_push(&p->touched, u->row);
            queue(p, &p->by_row[u->row], k);
        }
    }
    mpq_clears(rest, t, NULL);
}

static int ascending(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

void presolve_path_duals(struct presolve_path *p, uint32_t row, const struct terms *form, bool negate, struct terms *to) {
    for (size_t k = 0; k < form->len; k++) {
        mpq_set(p->net[form->data[k].index], form->data[k].a);
        if (negate)
            mpq_neg(p->net[form->data[k].index], form->data[k].a);
        queue(p, &p->by_column[form->data[k].index], UINT32_MAX);
    }
    if (row != UINT32_MAX) {
        mpq_set_si(p->y[row], negate ? -1 : 1, 1);
        vec_push(&p->touched, row);
        queue(p, &p->by_row[row], UINT32_MAX);
    }
    take_steps(p);
    if (p->touched.len)
        qsort(p->touched.data, p->touched.len, sizeof *p->touched.data, ascending);
    for (size_t k = 0; k < p->touched.len; k++) {
        mpq_ptr y = p->y[p->touched.data[k]];
        if (p->s->source->rows.data[p->touched.data[k]].sense == '>')
            mpq_neg(y, y);
        if (mpq_sgn(y)) /* a row that came to 0 and back is here twice */
            terms_add(to, p->touched.data[k], y);
        mpq_set_ui(y, 0, 1);
    }
    for (size_t k = 0; k < form->len; k++)
        mpq_set_ui(p->net[form->data[k].index], 0, 1);
    p->touched.len = 0;
}

/* ---- solutions ------------------------------------------------------------------------------------------------------- */

static int solve_row(const struct undo *u, mpz_t *x) {
    mpq_t sum, t;
    int bad = 0;
    mpq_inits(sum, t, NULL);
    mpq_set(sum, u->rhs);
    for (size_t k = 0; k < u->others.len; k++) {
        mpq_set_z(t, x[u->others.data[k].index]);
        mpq_mul(t, t, u->others.data[k].a);
        mpq_sub(sum, sum, t);
    }
    mpq_div(sum, sum, u->a);
    if (mpz_cmp_ui(mpq_denref(sum), 1) || mpq_sgn(sum) < 0)
        bad = -1;
    mpz_set(x[u->column], mpq_numref(sum));
    mpq_clears(sum, t, NULL);
    return bad;
}

int presolve_solution(const struct presolve *s, mpz_t *x) {
    for (size_t k = s->undos; k-- > 0;) {
        const struct undo *u = &s->undo[k];
        if (u->kind == UNDO_SUBSTITUTE) {
            if (solve_row(u, x))
                return -1;
        } else if (u->kind == UNDO_FORCE || u->kind == UNDO_ZERO || u->kind == UNDO_MERGE) {
            mpz_set_ui(x[u->column], 0);
        }
    }
    return 0;
}
