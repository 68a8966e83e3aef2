/* Reduce, solve what is left, carry the answer back to the unreduced program, and check it there. */
#include "ilp/graph.h"

/* ---- nothing left but a DAG ---------------------------------------------------------------------------------------- */

struct dag {
    const struct reduction *r;
    mpq_t *y;              /* of each node */
    uint32_t *best;        /* the arc on the longest path to the end; NONE: the end is not reached */
    struct indices order;  /* nodes that are not absorbed, topologically */
};

static void order_nodes(struct dag *d) {
    const struct reduction *r = d->r;
    uint32_t nodes = r->g->nodes, *open = mem_alloc((nodes + 1) * sizeof *open);
    for (size_t k = 0; k < r->arcs.len; k++)
        open[r->arcs.data[k].to] += r->arcs.data[k].alive;
    for (uint32_t v = 0; v < nodes; v++)
        if (!r->absorbed[v] && !open[v])
            vec_push(&d->order, v);
    for (size_t x = 0; x < d->order.len; x++) {
        const struct indices *out = &r->out[d->order.data[x]];
        for (size_t k = 0; k < out->len; k++) {
            const struct arc *a = &r->arcs.data[out->data[k]];
            if (a->alive && --open[a->to] == 0 && a->to < nodes)
                vec_push(&d->order, a->to);
        }
    }
    free(open);
}

static void longest_to_end(struct dag *d) {
    const struct reduction *r = d->r;
    mpq_t worth;
    mpq_init(worth);
    for (size_t x = d->order.len; x-- > 0;) {
        uint32_t v = d->order.data[x];
        d->best[v] = NONE;
        for (size_t k = 0; k < r->out[v].len; k++) {
            const struct arc *a = &r->arcs.data[r->out[v].data[k]];
            if (!a->alive || (a->to < r->g->nodes && d->best[a->to] == NONE))
                continue;
            arc_worth(r, a, d->y, NULL, true, worth);
            if (d->best[v] != NONE && mpq_cmp(worth, d->y[v]) <= 0)
                continue;
            mpq_set(d->y[v], worth);
            d->best[v] = r->out[v].data[k];
        }
    }
    mpq_clear(worth);
}

/* A node that does not reach the end carries no flow: its potential must only be low enough for the arcs into it. */
static void sink_dead_ends(struct dag *d) {
    const struct reduction *r = d->r;
    mpq_t room, t;
    mpq_inits(room, t, NULL);
    for (size_t x = 0; x < d->order.len; x++) {
        uint32_t v = d->order.data[x];
        bool any = false;
        if (d->best[v] != NONE)
            continue;
        for (size_t k = 0; k < r->in[v].len; k++) {
            const struct arc *a = &r->arcs.data[r->in[v].data[k]];
            if (!a->alive)
                continue;
            mpq_set_z(t, a->cost);
            mpz_add(mpq_numref(t), mpq_numref(t), r->entry[v]);
            mpq_sub(room, d->y[a->from], t);
            if (!any || mpq_cmp(room, d->y[v]) < 0)
                mpq_set(d->y[v], room);
            any = true;
        }
    }
    mpq_clears(room, t, NULL);
}

/* No way from the source to the end: potential −1 wherever the source leads, 0 elsewhere. */
static void prove_no_way(const struct ipet *g, struct proof *proof) {
    bool *seen = mem_alloc(g->nodes + 1);
    struct indices *out = mem_alloc((g->nodes + 1) * sizeof *out), queue = {0};
    struct proof_node *n = proof_push(proof, PROOF_EMPTY);
    mpq_t minus;
    mpq_init(minus);
    mpq_set_si(minus, -1, 1);
    for (size_t k = 0; k < g->edges.len; k++)
        vec_push(&out[g->edges.data[k].from], g->edges.data[k].to);
    seen[g->source] = true;
    vec_push(&queue, g->source);
    for (size_t x = 0; x < queue.len; x++)
        for (size_t k = 0; k < out[queue.data[x]].len; k++) {
            uint32_t v = out[queue.data[x]].data[k];
            if (!seen[v])
                vec_push(&queue, v);
            seen[v] = true;
        }
    for (uint32_t v = 0; v < g->nodes; v++) {
        if (seen[v])
            terms_add(&n->y, v, minus);
        vec_free(&out[v]);
    }
    mpq_clear(minus);
    free(out);
    free(seen);
    vec_free(&queue);
}

static void export_duals(const struct reduction *r, mpq_t *y, bool objective, struct terms *to) {
    mpq_t price;
    mpq_init(price);
    for (uint32_t v = 0; v < r->g->nodes; v++)
        if (mpq_sgn(y[v]))
            terms_add(to, v, y[v]);
    for (size_t k = 0; objective && k < r->collapses.len; k++) {
        mpq_set_z(price, r->collapses.data[k].price);
        if (mpq_sgn(price))
            terms_add(to, r->g->nodes + r->collapses.data[k].loop, price);
    }
    mpq_clear(price);
}

static void solve_dag(const struct reduction *r, struct proof *proof, mpz_t *x, bool *witness) {
    const struct ipet *g = r->g;
    struct dag d = {.r = r, .y = mpq_array_new(g->nodes), .best = mem_alloc((g->nodes + 1) * sizeof *d.best)};
    order_nodes(&d);
    longest_to_end(&d);
    *witness = d.best[g->source] != NONE;
    if (*witness) {
        mpz_t *flow = mpz_array_new(r->arcs.len);
        sink_dead_ends(&d);
        reduction_duals(r, d.y, NULL, true);
        export_duals(r, d.y, true, &proof_push(proof, PROOF_LEAF)->y);
        for (uint32_t v = g->source; v < g->nodes; v = r->arcs.data[d.best[v]].to)
            mpz_set_ui(flow[d.best[v]], 1);
        reduction_expand(r, flow, x);
        mpz_array_free(flow, r->arcs.len);
    } else {
        prove_no_way(g, proof);
    }
    vec_free(&d.order);
    free(d.best);
    mpq_array_free(d.y, g->nodes);
}

/* ---- a core with constraints: a program over the alive arcs --------------------------------------------------------- */

struct core {
    const struct reduction *r;
    struct ilp *p;
    struct indices arc;         /* of each variable of p */
    struct indices row;         /* of each row of p: its row of the unreduced program */
    uint32_t *row_of_node, *variable_of_arc;
    mpq_t *y, *extra;           /* scratch: of each node; of each variable of the unreduced program */
    struct {
        struct core_branch {
            const struct proof_node *split;
            bool above;
        } *data;
        size_t len, cap;
    } path;
    const struct terms *lemma;  /* whose tree is at hand, as a form of the unreduced program; NULL: the last tree */
    struct {
        struct terms *data;
        size_t len, cap;
    } lemmas;                   /* done */
    size_t next;
};

static void core_variables(struct core *c) {
    const struct reduction *r = c->r;
    char name[32];
    mpq_t cost;
    mpq_init(cost);
    for (uint32_t k = 0; k < r->arcs.len; k++) {
        const struct arc *a = &r->arcs.data[k];
        c->variable_of_arc[k] = NONE;
        if (!a->alive)
            continue;
        mpq_set_z(cost, a->cost);
        if (a->to < r->g->nodes)
            mpz_add(mpq_numref(cost), mpq_numref(cost), r->entry[a->to]);
        snprintf(name, sizeof name, "a%u", k);
        c->variable_of_arc[k] = ilp_variable(c->p, name, cost, NULL);
        vec_push(&c->arc, k);
    }
    mpq_clear(cost);
}

static void core_node_rows(struct core *c) {
    const struct reduction *r = c->r;
    mpq_t one, minus, rhs;
    mpq_inits(one, minus, rhs, NULL);
    mpq_set_si(one, 1, 1);
    mpq_set_si(minus, -1, 1);
    for (uint32_t v = 0; v < r->g->nodes; v++) {
        if (r->absorbed[v])
            continue;
        mpq_set_ui(rhs, v == r->g->source, 1);
        c->row_of_node[v] = ilp_row(c->p, "node", '=', rhs);
        vec_push(&c->row, v);
    }
    for (uint32_t x = 0; x < c->arc.len; x++) {
        const struct arc *a = &r->arcs.data[c->arc.data[x]];
        ilp_term(c->p, c->row_of_node[a->from], x, one);
        if (a->to < r->g->nodes)
            ilp_term(c->p, c->row_of_node[a->to], x, minus);
    }
    mpq_clears(one, minus, rhs, NULL);
}

/* A row of the unreduced program over the arcs that are left. Its variables are touched, so each is the variable of at most one alive
 * arc; twins count through the arc that won. */
static void core_copy_row(struct core *c, const struct row *from, uint32_t index, const uint32_t *variable_of) {
    uint32_t row = ilp_row(c->p, from->name, from->sense, from->rhs);
    vec_push(&c->row, index);
    for (size_t k = 0; k < from->terms.len; k++) {
        uint32_t x = variable_of[from->terms.data[k].index];
        if (x != NONE)
            ilp_term(c->p, row, x, from->terms.data[k].a);
    }
}

static void core_make(struct core *c, const struct reduction *r, const struct ilp *whole, bool rules) {
    const struct ipet *g = r->g;
    *c = (struct core){.r = r, .p = ilp_new()};
    uint32_t *variable_of = mem_alloc((whole->variables.len + 1) * sizeof *variable_of);
    memset(variable_of, 0xff, (whole->variables.len + 1) * sizeof *variable_of);
    c->row_of_node = mem_alloc((g->nodes + 1) * sizeof *c->row_of_node);
    c->variable_of_arc = mem_alloc((r->arcs.len + 1) * sizeof *c->variable_of_arc);
    c->y = mpq_array_new(g->nodes);
    c->extra = mpq_array_new(whole->variables.len);
    core_variables(c);
    core_node_rows(c);
    for (uint32_t x = 0; x < c->arc.len; x++)
        variable_of[r->arcs.data[c->arc.data[x]].variable] = x;
    for (uint32_t k = 0; k < g->loops.len; k++)
        if (r->collapse_of[k] == NONE)
            core_copy_row(c, &whole->rows.data[g->nodes + k], g->nodes + k, variable_of);
    for (uint32_t k = 0; rules && k < g->rules.len; k++) {
        uint32_t row = g->nodes + (uint32_t)g->loops.len + k;
        core_copy_row(c, &whole->rows.data[row], row, variable_of);
    }
    free(variable_of);
}

static void core_free(struct core *c, const struct ilp *whole) {
    ilp_free(c->p);
    vec_free(&c->arc);
    vec_free(&c->row);
    vec_free(&c->path);
    for (size_t k = 0; k < c->lemmas.len; k++)
        terms_free(&c->lemmas.data[k]);
    vec_free(&c->lemmas);
    free(c->row_of_node);
    free(c->variable_of_arc);
    mpq_array_free(c->y, c->r->g->nodes);
    mpq_array_free(c->extra, whole->variables.len);
}

/* The arcs that X stands for, as variables of the unreduced program. */
static void core_form(const struct core *c, uint32_t x, struct indices *form) {
    for (uint32_t k = c->arc.data[x]; k != NONE; k = c->r->arcs.data[k].twin)
        vec_push(form, c->r->arcs.data[k].variable);
}

static void take_off(mpq_t *extra, uint32_t variable, const mpq_t y, const mpq_t a) {
    mpq_t t;
    mpq_init(t);
    mpq_mul(t, y, a);
    mpq_add(extra[variable], extra[variable], t);
    mpq_clear(t);
}

/* FORM into OUT as variables of the unreduced program. */
static void core_terms(const struct core *c, const struct terms *form, struct terms *out) {
    for (size_t k = 0; k < form->len; k++) {
        struct indices all = {0};
        core_form(c, form->data[k].index, &all);
        for (size_t x = 0; x < all.len; x++)
            terms_add(out, all.data[x], form->data[k].a);
        vec_free(&all);
    }
    terms_sort(out);
}

static void take_off_all(mpq_t *extra, const struct terms *row, const mpq_t y) {
    for (size_t x = 0; x < row->len; x++)
        take_off(extra, row->data[x].index, y, row->data[x].a);
}

static void take_off_split(struct core *c, struct core_branch b, const mpq_t y) {
    struct terms form = {0};
    mpq_t s;
    mpq_init(s);
    core_terms(c, &b.split->form, &form);
    if (b.above)
        mpq_neg(s, y);
    else
        mpq_set(s, y);
    take_off_all(c->extra, &form, s);
    mpq_clear(s);
    terms_free(&form);
}

/* In a lemma's tree the objective is its form: what its variables gain is the opposite of what rows take off. */
static void core_leaf(struct core *c, const struct ilp *whole, const struct proof_node *n, struct proof_node *out) {
    bool costs = n->kind == PROOF_LEAF && !c->lemma;
    mpq_t minus;
    mpq_init(minus);
    mpq_set_si(minus, -1, 1);
    for (uint32_t v = 0; v < c->r->g->nodes; v++)
        mpq_set_ui(c->y[v], 0, 1);
    for (size_t j = 0; j < whole->variables.len; j++)
        mpq_set_ui(c->extra[j], 0, 1);
    if (n->kind == PROOF_LEAF && c->lemma)
        take_off_all(c->extra, c->lemma, minus);
    for (size_t k = 0; k < n->y.len; k++) {
        uint32_t index = n->y.data[k].index, own = index < c->row.len ? c->row.data[index] : 0;
        if (index < c->row.len && own < c->r->g->nodes) {
            mpq_set(c->y[own], n->y.data[k].a);
            continue;
        }
        bool is_lemma = index >= c->row.len;
        take_off_all(c->extra, is_lemma ? &c->lemmas.data[index - c->row.len] : &whole->rows.data[own].terms, n->y.data[k].a);
        terms_add(&out->y, is_lemma ? (uint32_t)(whole->rows.len + index - c->row.len) : own, n->y.data[k].a);
    }
    for (size_t k = 0; k < n->splits.len; k++) {
        take_off_split(c, c->path.data[n->splits.data[k].index], n->splits.data[k].a);
        terms_add(&out->splits, n->splits.data[k].index, n->splits.data[k].a);
    }
    reduction_duals(c->r, c->y, (const mpq_t *)c->extra, costs);
    export_duals(c->r, c->y, costs, &out->y);
    terms_sort(&out->y);
    mpq_clear(minus);
}

static void core_tree(struct core *c, const struct ilp *whole, const struct proof *from, struct proof *to) {
    const struct proof_node *n = &from->data[c->next++];
    struct proof_node *out = proof_push(to, n->kind);
    if (n->kind != PROOF_SPLIT) {
        core_leaf(c, whole, n, out);
        return;
    }
    mpz_set(out->at, n->at);
    core_terms(c, &n->form, &out->form);
    for (int above = 0; above < 2; above++) {
        vec_push(&c->path, ((struct core_branch){n, above}));
        core_tree(c, whole, from, to);
        c->path.len--;
    }
}

static void core_export(struct core *c, const struct ilp *whole, const struct proof *from, struct proof *to) {
    while (from->data[c->next].kind == PROOF_LEMMA) {
        struct terms form = {0};
        core_terms(c, &from->data[c->next].y, &form);
        core_terms(c, &from->data[c->next++].y, &proof_push(to, PROOF_LEMMA)->y);
        c->lemma = &form;
        core_tree(c, whole, from, to);
        c->lemma = NULL;
        vec_push(&c->lemmas, form);
    }
    core_tree(c, whole, from, to);
}

static int solve_core(const struct reduction *r, const struct ilp *whole, bool rules, struct ilp_limits limits, struct proof *proof, mpz_t *x,
                      bool *witness, struct ipet_result *out, struct err *e) {
    struct core c;
    struct proof inner = {0};
    struct ilp_result got;
    core_make(&c, r, whole, rules);
    out->variables = ilp_variables(c.p);
    out->rows = ilp_rows(c.p);
    int bad = ilp_prove(c.p, limits, &inner, &got, e);
    if (!bad) {
        *witness = got.witness;
        out->status = got.status;
        if (got.witness) {
            mpz_t *flow = mpz_array_new(r->arcs.len);
            for (uint32_t k = 0; k < c.arc.len; k++)
                mpz_set(flow[c.arc.data[k]], got.x[k]);
            reduction_expand(r, flow, x);
            mpz_array_free(flow, r->arcs.len);
        }
        if (inner.len)
            core_export(&c, whole, &inner, proof);
        ilp_result_free(&got);
    }
    proof_free(&inner);
    core_free(&c, whole);
    return bad;
}

/* ---- both ---------------------------------------------------------------------------------------------------------- */

static bool has_core(const struct reduction *r, bool rules) {
    bool all = true;
    for (size_t k = 0; k < r->g->loops.len; k++)
        all = all && r->collapse_of[k] != NONE;
    return !all || (rules && r->g->rules.len);
}

static int attempt(const struct ipet *g, const struct ilp *whole, bool rules, struct ilp_limits limits, struct proof *proof, mpz_t *x,
                   bool *witness, struct ipet_result *out, struct err *e) {
    struct reduction r;
    int bad = reduction_new(g, rules, &r, e);
    if (bad)
        return bad;
    if (has_core(&r, rules))
        bad = solve_core(&r, whole, rules, limits, proof, x, witness, out, e);
    else
        solve_dag(&r, proof, x, witness);
    reduction_free(&r);
    return bad;
}

/* Everything is worked out anew from the unreduced program. */
static void settle(const struct ilp *whole, const struct proof *proof, const mpz_t *x, bool witness, struct ilp_result *r) {
    struct err ignored = {0};
    mpq_t q;
    mpq_init(q);
    int says = proof->len ? proof_bound(whole, proof, q) : -1;
    mpz_fdiv_q(r->bound, mpq_numref(q), mpq_denref(q));
    r->witness = witness && ilp_admits(whole, x, q, &ignored) == 0;
    if (r->witness)
        mpz_fdiv_q(r->value, mpq_numref(q), mpq_denref(q));
    if (says >= 0)
        r->status = says > 0 ? ILP_INFEASIBLE : r->witness && mpz_cmp(r->bound, r->value) == 0 ? ILP_OPTIMAL : ILP_BOUNDED;
    else if (r->status != ILP_UNBOUNDED)
        r->status = ILP_OPEN;
    mpq_clear(q);
}

static uint64_t *small_counts(const mpz_t *x, size_t n) {
    uint64_t *count = mem_alloc((n + 1) * sizeof *count);
    for (size_t k = 0; k < n; k++) {
        if (mpz_sizeinbase(x[k], 2) > 64) {
            free(count);
            return NULL;
        }
        count[k] = mpz_get_ui(x[k]);
    }
    return count;
}

int ipet_solve(const struct ipet *g, struct ilp_limits limits, const char *certificate, struct ipet_result *r, struct err *e) {
    *r = (struct ipet_result){.status = ILP_OPEN};
    if (ipet_valid(g, e))
        return -1;
    struct ilp *whole = ipet_program(g);
    struct proof proof = {0};
    struct ilp_result got = {.status = ILP_OPEN, .x = mpz_array_new(whole->variables.len), .variables = whole->variables.len};
    bool witness = false;
    mpz_inits(got.bound, got.value, NULL);
    int bad = attempt(g, whole, true, limits, &proof, got.x, &witness, r, e);
    got.status = r->status;
    if (!bad)
        settle(whole, &proof, got.x, witness, &got);
    if (!bad && got.status == ILP_OPEN && g->rules.len) { /* without the constraints there is always a bound, if a worse one */
        proof_free(&proof);
        bad = attempt(g, whole, false, limits, &proof, got.x, &witness, r, e);
        if (!bad)
            settle(whole, &proof, got.x, witness && ilp_admits(whole, got.x, NULL, e) == 0, &got);
    }
    if (!bad && certificate && proof.len && got.status != ILP_OPEN && got.status != ILP_UNBOUNDED)
        bad = certificate_write_ipet(g, &proof, &got, certificate, e);
    if (!bad) {
        r->status = got.status;
        r->witness = got.witness;
        mpz_init_set(r->bound, got.bound);
        mpz_init_set(r->value, got.value);
        r->count = got.witness ? small_counts(got.x, g->edges.len) : NULL;
    }
    proof_free(&proof);
    ilp_result_free(&got);
    ilp_free(whole);
    return bad;
}

void ipet_result_free(struct ipet_result *r) {
    mpz_clear(r->bound);
    mpz_clear(r->value);
    free(r->count);
    r->count = NULL;
}
