/* From the core back to the source: facts become lemmas, in their order, as far as the proof leans on them. An equality becomes two, as far
 * as it is used both ways. The objective becomes a lemma too, Σ (source's cost − core's cost)·x ≤ constant, so that leaves are as short as
 * in the core; but a lone leaf that needs no derived fact goes straight through presolve. */
#include "ilp/core.h"

struct lift {
    const struct core *c;
    const struct ilp *source;
    struct presolve_path *path;
    bool *wanted[2];    /* of each fact: as ≤, as ≥ */
    uint32_t *lemma[2]; /* its row then */
    uint32_t objective; /* the objective's lemma */
    uint32_t lemmas;
    struct proof *to;
};

static int way(const struct core *c, const struct term *y) { return c->row[y->index].equality && mpq_sgn(y->a) < 0; }

static void want(struct lift *l, const struct proof *p) {
    for (size_t k = 0; k < p->len; k++)
        for (size_t x = 0; p->data[k].kind != PROOF_LEMMA && x < p->data[k].y.len; x++)
            l->wanted[way(l->c, &p->data[k].y.data[x])][p->data[k].y.data[x].index] = true;
}

/* FORM by column of the core, times ±1, by variable of the source. */
static void expand(const struct lift *l, const struct terms *form, bool negate, struct terms *to) {
    mpq_t a;
    mpq_init(a);
    for (size_t k = 0; k < form->len; k++) {
        const struct indices *merged = &l->c->outer->column[l->c->column[form->data[k].index].outer].merged;
        mpq_set(a, form->data[k].a);
        if (negate)
            mpq_neg(a, a);
        for (size_t x = 0; x < merged->len; x++)
            terms_add(to, merged->data[x], a);
    }
    mpq_clear(a);
}

static void copy_terms(const struct terms *from, struct terms *to) {
    for (size_t k = 0; k < from->len; k++)
        terms_add(to, from->data[k].index, from->data[k].a);
}

/* A leaf's duals by fact, as duals by lemma. */
static void copy_duals(const struct lift *l, const struct terms *from, struct terms *to) {
    mpq_t a;
    mpq_init(a);
    for (size_t k = 0; k < from->len; k++) {
        int w = way(l->c, &from->data[k]);
        mpq_set(a, from->data[k].a);
        if (w)
            mpq_neg(a, a);
        terms_add(to, l->lemma[w][from->data[k].index], a);
    }
    mpq_clear(a);
}

static void copy_tree(struct lift *l, const struct proof *from, bool whole) {
    mpq_t one;
    mpq_init(one);
    mpq_set_ui(one, 1, 1);
    for (size_t k = 0; k < from->len; k++) {
        const struct proof_node *n = &from->data[k];
        struct proof_node *o = proof_push(l->to, n->kind);
        expand(l, &n->form, false, &o->form);
        mpz_set(o->at, n->at);
        copy_duals(l, &n->y, &o->y);
        if (whole && n->kind == PROOF_LEAF)
            terms_add(&o->y, l->objective, one);
        copy_terms(&n->splits, &o->splits);
    }
    mpq_clear(one);
}

static void lift_fact(struct lift *l, uint32_t fact, bool negate) {
    const struct fact *f = &l->c->row[fact];
    struct proof_node *n = proof_push(l->to, PROOF_LEMMA);
    expand(l, &f->terms, negate, &n->y);
    l->lemma[negate][fact] = l->lemmas++;
    if (f->origin == FACT_DERIVED) {
        copy_tree(l, &f->derived, false);
        return;
    }
    n = proof_push(l->to, PROOF_LEAF);
    struct terms form = {0};
    for (size_t k = 0; k < f->terms.len; k++)
        terms_add(&form, l->c->column[f->terms.data[k].index].outer, f->terms.data[k].a);
    presolve_path_duals(l->path, f->origin == FACT_ROW ? f->from : UINT32_MAX, &form, negate, &n->y);
    terms_free(&form);
}

/* Y by row of the presolve, BRANCH by its column; what they prove of the source's objective goes to TO. */
static void through_presolve(const struct lift *l, mpq_t *y, mpq_t *branch, struct terms *to) {
    presolve_duals(l->c->outer, y, branch);
    for (uint32_t i = 0; i < l->source->rows.len; i++)
        if (mpq_sgn(y[i]))
            terms_add(to, i, y[i]);
}

static void lift_objective(struct lift *l) {
    mpq_t *y = mpq_array_new(l->c->outer->rows), *branch = mpq_array_new(l->c->outer->columns), *cost = mpq_array_new(l->source->variables.len);
    struct proof_node *n = proof_push(l->to, PROOF_LEMMA);
    for (size_t j = 0; j < l->source->variables.len; j++)
        mpq_set(cost[j], l->source->variables.data[j].cost);
    for (size_t j = 0; j < l->c->columns; j++) {
        const struct core_column *x = &l->c->column[j];
        const struct indices *merged = &l->c->outer->column[x->outer].merged;
        mpq_set(branch[x->outer], x->cost);
        for (size_t k = 0; k < merged->len; k++)
            mpq_sub(cost[merged->data[k]], cost[merged->data[k]], x->cost);
    }
    for (uint32_t j = 0; j < l->source->variables.len; j++)
        if (mpq_sgn(cost[j]))
            terms_add(&n->y, j, cost[j]);
    n = proof_push(l->to, PROOF_LEAF);
    through_presolve(l, y, branch, &n->y);
    l->objective = l->lemmas++;
    mpq_array_free(y, l->c->outer->rows);
    mpq_array_free(branch, l->c->outer->columns);
    mpq_array_free(cost, l->source->variables.len);
}

/* False: it leans on more than rows and upper bounds as presolve knows them, which rounds none. */
static bool lift_lone_leaf(struct lift *l, const struct proof *p) {
    const struct proof_node *n = &p->data[0];
    if (p->len != 1 || n->kind != PROOF_LEAF)
        return false;
    for (size_t k = 0; k < n->y.len; k++) {
        const struct fact *f = &l->c->row[n->y.data[k].index];
        if (f->origin == FACT_DERIVED || (f->origin == FACT_UPPER && !mpq_equal(f->rhs, l->c->outer->column[f->from].upper)))
            return false;
    }
    mpq_t *y = mpq_array_new(l->c->outer->rows), *branch = mpq_array_new(l->c->outer->columns);
    for (size_t k = 0; k < n->y.len; k++) {
        const struct fact *f = &l->c->row[n->y.data[k].index];
        if (f->origin == FACT_ROW)
            mpq_set(y[f->from], n->y.data[k].a);
    }
    through_presolve(l, y, branch, &proof_push(l->to, PROOF_LEAF)->y);
    mpq_array_free(y, l->c->outer->rows);
    mpq_array_free(branch, l->c->outer->columns);
    return true;
}

void core_lift(const struct core *c, const struct proof *proof, struct proof *to) {
    struct lift l = {.c = c, .source = c->outer->source, .to = to, .lemmas = (uint32_t)c->outer->source->rows.len};
    if (lift_lone_leaf(&l, proof))
        return;
    l.path = presolve_path_new(c->outer);
    for (int w = 0; w < 2; w++) {
        l.wanted[w] = mem_alloc(c->rows + 1);
        l.lemma[w] = mem_alloc((c->rows + 1) * sizeof *l.lemma[w]);
    }
    want(&l, proof);
    for (size_t i = c->rows; i-- > 0;)
        if (l.wanted[0][i] && c->row[i].origin == FACT_DERIVED)
            want(&l, &c->row[i].derived);
    lift_objective(&l);
    for (uint32_t i = 0; i < c->rows; i++)
        for (int w = 0; w < 2; w++)
            if (l.wanted[w][i])
                lift_fact(&l, i, w);
    copy_tree(&l, proof, true);
    for (int w = 0; w < 2; w++) {
        free(l.wanted[w]);
        free(l.lemma[w]);
    }
    presolve_path_free(l.path);
}
