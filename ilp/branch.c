/* Branch and bound on the reduced program. Every node that closes a branch carries exact duals; what is still open when time is up
 * is closed with its parent's duals, so there is a bound as soon as the root has one. */
#include "ilp/basis.h"

#include <math.h>

enum node_state { NODE_OPEN, NODE_SPLIT, NODE_LEAF, NODE_EMPTY };
struct node {
    enum node_state state;
    int parent;        /* -1: the root */
    bool above;        /* this one is column ≥ at + 1 of its parent's split */
    uint32_t column;   /* of its own split: column ≤ at or ≥ at + 1 */
    mpz_t at;
    int child[2];
    int duals;         /* the node whose y holds here: itself or an ancestor; -1: none */
    int users;         /* nodes that name this one in duals */
    struct terms y;    /* by row of the reduced program */
    mpq_t bound;       /* in the source's objective, if duals ≥ 0 */
};
struct boxes {
    struct box *data;
    size_t len, cap;
};
struct search {
    const struct ilp *source;
    struct presolve *s;
    struct lp *lp, *elastic_lp;
    struct engine *engine, *elastic;
    double deadline;
    struct {
        struct node *data;
        size_t len, cap;
    } nodes;
    mpq_t *y;          /* scratch, one a row */
    mpz_t *x;          /* scratch, one a variable */
    struct ilp_result *r;
};

static int node_new(struct search *t, int parent, bool above) {
    struct node n = {.parent = parent, .above = above, .child = {-1, -1}, .duals = -1};
    mpz_init(n.at);
    mpq_init(n.bound);
    if (parent >= 0) {
        n.duals = t->nodes.data[parent].duals;
        mpq_set(n.bound, t->nodes.data[parent].bound);
        if (n.duals >= 0)
            t->nodes.data[n.duals].users++;
    }
    vec_push(&t->nodes, n);
    return (int)t->nodes.len - 1;
}

static void drop_duals(struct search *t, int node) {
    struct node *n = &t->nodes.data[node];
    if (n->duals >= 0 && --t->nodes.data[n->duals].users == 0)
        terms_free(&t->nodes.data[n->duals].y);
    n->duals = -1;
}

/* Keeps t->y as the node's own. */
static void keep_duals(struct search *t, int node) {
    drop_duals(t, node);
    struct node *n = &t->nodes.data[node];
    for (size_t i = 0; i < t->lp->rows.len; i++) {
        uint32_t row = t->lp->rows.data[i];
        if (mpq_sgn(t->y[row]))
            terms_add(&n->y, row, t->y[row]);
    }
    n->duals = node;
    n->users = 1;
}

static struct box *box_for(struct boxes *b, uint32_t column) {
    for (size_t k = 0; k < b->len; k++)
        if (b->data[k].column == column)
            return &b->data[k];
    struct box n = {.column = column};
    mpz_inits(n.low, n.high, NULL);
    vec_push(b, n);
    return &b->data[b->len - 1];
}

/* The tightest splits above the node. */
static void boxes_at(const struct search *t, int node, struct boxes *b) {
    for (int below = node; t->nodes.data[below].parent >= 0; below = t->nodes.data[below].parent) {
        const struct node *split = &t->nodes.data[t->nodes.data[below].parent];
        struct box *x = box_for(b, split->column);
        if (t->nodes.data[below].above) {
            if (mpz_cmp(split->at, x->low) >= 0)
                mpz_add_ui(x->low, split->at, 1);
        } else if (!x->bounded || mpz_cmp(split->at, x->high) < 0) {
            mpz_set(x->high, split->at);
            x->bounded = true;
        }
    }
}

static void boxes_free(struct boxes *b) {
    for (size_t k = 0; k < b->len; k++)
        mpz_clears(b->data[k].low, b->data[k].high, NULL);
    vec_free(b);
}

static const struct suggestion *ask(struct engine *e, const struct lp *p, const struct boxes *b, bool rational) {
    struct bounds *f = mem_alloc((b->len + 1) * sizeof *f);
    for (size_t k = 0; k < b->len; k++) {
        const struct column *c = &p->s->column[p->columns.data[b->data[k].column]];
        double own = c->bounded ? mpq_get_d(c->upper) : -1, high = b->data[k].bounded ? mpz_get_d(b->data[k].high) : -1;
        f[k] = (struct bounds){b->data[k].column, mpz_get_d(b->data[k].low), high < 0 || (own >= 0 && own < high) ? own : high};
    }
    const struct suggestion *g = engine_solve(e, f, b->len, rational);
    free(f);
    return g;
}

/* Exact duals for a basis that claims to be optimal; GLPK's rational simplex mends one that is not quite. */
static bool certify(struct search *t, int node, const struct boxes *b, const struct suggestion **g) {
    uint32_t which;
    bool good = false;
    mpq_t bound;
    mpq_init(bound);
    for (int again = 0; again < 2 && !good; again++) {
        if (again && (*g = ask(t->engine, t->lp, b, true))->status != LP_OPTIMAL)
            break;
        good = basis_duals(t->lp, *g, t->y, t->deadline) == 0 && duals_bound(t->lp, t->y, b->data, b->len, bound, NULL, &which);
    }
    struct node *n = &t->nodes.data[node];
    if (good) {
        mpq_add(bound, bound, t->s->constant);
        good = n->duals < 0 || mpq_cmp(bound, n->bound) <= 0;
    }
    if (good) {
        mpq_set(n->bound, bound);
        keep_duals(t, node);
    }
    mpq_clear(bound);
    return good;
}

/* Is nothing feasible here? The elastic program's duals say so if its optimum is below 0. */
static bool certify_empty(struct search *t, int node, const struct boxes *b) {
    uint32_t which;
    mpq_t bound;
    if (!t->elastic_lp) {
        t->elastic_lp = lp_new(t->s, true);
        t->elastic = engine_new(t->elastic_lp, t->deadline);
    }
    const struct suggestion *g = ask(t->elastic, t->elastic_lp, b, false);
    if (g->status != LP_OPTIMAL || basis_duals(t->elastic_lp, g, t->y, t->deadline))
        return false;
    mpq_init(bound);
    bool empty = duals_bound(t->elastic_lp, t->y, b->data, b->len, bound, NULL, &which) && mpq_sgn(bound) < 0;
    mpq_clear(bound);
    if (empty)
        keep_duals(t, node);
    return empty;
}

static void floor_of(mpz_t z, const mpq_t q) { mpz_fdiv_q(z, mpq_numref(q), mpq_denref(q)); }

/* Can nothing better than the witness be below this bound? */
static bool beaten(const struct search *t, const mpq_t bound) {
    mpz_t z;
    mpz_init(z);
    floor_of(z, bound);
    bool is = t->r->witness && mpz_cmp(z, t->r->value) <= 0;
    mpz_clear(z);
    return is;
}

/* t->x holds the alive columns. */
static bool try_witness(struct search *t) {
    struct err ignored = {0};
    mpz_t z;
    mpq_t value;
    if (presolve_solution(t->s, t->x))
        return false;
    mpz_init(z);
    mpq_init(value);
    bool good = ilp_admits(t->source, t->x, value, &ignored) == 0;
    if (good) {
        floor_of(z, value);
        if (!t->r->witness || mpz_cmp(z, t->r->value) > 0) {
            t->r->witness = true;
            mpz_set(t->r->value, z);
            for (size_t j = 0; j < t->source->variables.len; j++)
                mpz_set(t->r->x[j], t->x[j]);
        }
    }
    mpz_clear(z);
    mpq_clear(value);
    return good;
}

static bool round_float(struct search *t, const struct suggestion *g) {
    for (size_t j = 0; j < t->lp->columns.len; j++) {
        if (!isfinite(g->x[j]) || fabs(g->x[j]) > 1e15)
            return false;
        mpz_set_d(t->x[t->lp->columns.data[j]], floor(g->x[j] + 0.5));
    }
    return true;
}

/* The column to branch on: nearest to a half. -1 if none is fractional among those that may be. */
static int choose_column(const struct search *t, const struct suggestion *g, bool *integral) {
    int best = -1;
    double best_score = 1e-6;
    *integral = true;
    for (size_t j = 0; j < t->lp->columns.len; j++) {
        const struct column *c = &t->s->column[t->lp->columns.data[j]];
        double part = g->x[j] - floor(g->x[j]), score = part < 0.5 ? part : 1 - part;
        if (score > 1e-6)
            *integral = false;
        if (c->real || c->fixed_shape || score <= best_score)
            continue;
        best_score = score, best = (int)j;
    }
    return best;
}

static void split_node(struct search *t, int node, uint32_t column, double value) {
    mpz_set_d(t->nodes.data[node].at, floor(value));
    t->nodes.data[node].column = column;
    t->nodes.data[node].state = NODE_SPLIT;
    for (int above = 0; above < 2; above++) {
        int child = node_new(t, node, above);
        t->nodes.data[node].child[above] = child;
    }
    drop_duals(t, node);
}

/* Solves the node and closes or splits it. Returns the child to look at next, or -1. */
static int visit(struct search *t, int node) {
    struct boxes b = {0};
    int next = -1;
    bool integral;
    boxes_at(t, node, &b);
    const struct suggestion *g = ask(t->engine, t->lp, &b, false);
    t->nodes.data[node].state = NODE_LEAF;
    if (g->status == LP_INFEASIBLE && certify_empty(t, node, &b)) {
        t->nodes.data[node].state = NODE_EMPTY;
    } else if (g->status == LP_OPTIMAL) {
        certify(t, node, &b, &g);
        int column = g->status == LP_OPTIMAL ? choose_column(t, g, &integral) : -1;
        if (column < 0 && g->status == LP_OPTIMAL && !(round_float(t, g) && try_witness(t)) &&
            basis_point(t->lp, g, b.data, b.len, t->x, t->deadline) == 0)
            try_witness(t);
        if (column >= 0 && !beaten(t, t->nodes.data[node].bound)) {
            double x = g->x[column];
            split_node(t, node, (uint32_t)column, x);
            next = t->nodes.data[node].child[x - floor(x) > 0.5];
        }
    } else if (g->status == LP_UNBOUNDED) {
        t->r->status = ILP_UNBOUNDED;
    }
    boxes_free(&b);
    return next;
}

/* The open node with the highest bound; closes those that the witness beats. */
static int best_open(struct search *t) {
    int best = -1;
    for (size_t k = 0; k < t->nodes.len; k++) {
        struct node *n = &t->nodes.data[k];
        if (n->state != NODE_OPEN)
            continue;
        if (n->duals >= 0 && beaten(t, n->bound))
            n->state = NODE_LEAF;
        else if (best < 0 || mpq_cmp(n->bound, t->nodes.data[best].bound) > 0)
            best = (int)k;
    }
    return best;
}

static void search_run(struct search *t) {
    int node = node_new(t, -1, false);
    while (node >= 0 && seconds_now() < t->deadline && t->r->status != ILP_UNBOUNDED) {
        node = visit(t, node);
        if (node < 0)
            node = best_open(t);
    }
}

/* The form that a column of the lp stands for. */
static void form_of(const struct search *t, uint32_t column, struct indices *form) {
    const struct indices *merged = &t->s->column[t->lp->columns.data[column]].merged;
    for (size_t k = 0; k < merged->len; k++)
        vec_push(form, merged->data[k]);
}

/* The split on the path to NODE that gives its column the bound that a positive (upper) or negative price leans on. */
static uint32_t tightest(const struct search *t, int node, uint32_t column, bool upper) {
    uint32_t depth = 0, best = 0;
    const mpz_t *at = NULL;
    for (int k = node; t->nodes.data[k].parent >= 0; k = t->nodes.data[k].parent)
        depth++;
    for (int k = node; t->nodes.data[k].parent >= 0; k = t->nodes.data[k].parent) {
        const struct node *split = &t->nodes.data[t->nodes.data[k].parent];
        depth--;
        if (split->column != column || t->nodes.data[k].above == upper)
            continue;
        if (!at || (upper ? mpz_cmp(split->at, *at) < 0 : mpz_cmp(split->at, *at) > 0)) {
            at = &split->at;
            best = depth;
        }
    }
    return best;
}

/* A closed node's duals, carried back to the source. */
static void export_leaf(struct search *t, int node, struct proof *proof) {
    const struct node *n = &t->nodes.data[node];
    struct proof_node *out = proof_push(proof, n->state == NODE_EMPTY ? PROOF_EMPTY : PROOF_LEAF);
    const struct lp *lp = n->state == NODE_EMPTY ? t->elastic_lp : t->lp;
    struct boxes b = {0};
    uint32_t which;
    mpq_t bound, *branch = mpq_array_new(t->s->columns);
    mpq_init(bound);
    boxes_at(t, node, &b);
    for (size_t i = 0; i < t->s->rows; i++)
        mpq_set_ui(t->y[i], 0, 1);
    for (size_t k = 0; n->duals >= 0 && k < t->nodes.data[n->duals].y.len; k++)
        mpq_set(t->y[t->nodes.data[n->duals].y.data[k].index], t->nodes.data[n->duals].y.data[k].a);
    duals_bound(lp, t->y, b.data, b.len, bound, branch, &which);
    presolve_duals(t->s, t->y, branch, n->state != NODE_EMPTY);
    for (uint32_t i = 0; i < t->s->rows; i++)
        if (mpq_sgn(t->y[i]))
            terms_add(&out->y, i, t->y[i]);
    for (size_t k = 0; k < b.len; k++) {
        mpq_ptr d = branch[t->lp->columns.data[b.data[k].column]];
        uint32_t depth = tightest(t, node, b.data[k].column, mpq_sgn(d) > 0);
        if (mpq_sgn(d) == 0)
            continue;
        mpq_abs(d, d);
        terms_add(&out->splits, depth, d);
    }
    terms_sort(&out->splits);
    boxes_free(&b);
    mpq_clear(bound);
    mpq_array_free(branch, t->s->columns);
}

static void export_tree(struct search *t, int node, struct proof *proof) {
    const struct node *n = &t->nodes.data[node];
    if (n->state != NODE_SPLIT) {
        export_leaf(t, node, proof);
        return;
    }
    struct proof_node *out = proof_push(proof, PROOF_SPLIT);
    form_of(t, n->column, &out->form);
    mpz_set(out->at, n->at);
    export_tree(t, n->child[0], proof);
    export_tree(t, n->child[1], proof);
}

/* What the proof says is worked out anew from the source: whatever went wrong above can only cost the answer. */
static void conclude(struct search *t, struct proof *proof) {
    mpq_t bound;
    mpq_init(bound);
    if (t->r->status != ILP_UNBOUNDED) {
        export_tree(t, 0, proof);
        int says = proof_bound(t->source, proof, bound);
        t->r->status = says < 0 ? ILP_OPEN : says > 0 ? ILP_INFEASIBLE : ILP_BOUNDED;
        floor_of(t->r->bound, bound);
        for (size_t k = 0; k < proof->len; k++)
            t->r->leaves += proof->data[k].kind != PROOF_SPLIT;
        if (t->r->status == ILP_BOUNDED && t->r->witness && mpz_cmp(t->r->bound, t->r->value) == 0)
            t->r->status = ILP_OPTIMAL;
        if (t->r->status == ILP_OPEN)
            proof_free(proof);
    }
    mpq_clear(bound);
}

static void search_free(struct search *t) {
    for (size_t k = 0; k < t->nodes.len; k++) {
        mpz_clear(t->nodes.data[k].at);
        mpq_clear(t->nodes.data[k].bound);
        terms_free(&t->nodes.data[k].y);
    }
    vec_free(&t->nodes);
    engine_free(t->engine);
    engine_free(t->elastic);
    lp_free(t->lp);
    lp_free(t->elastic_lp);
    mpq_array_free(t->y, t->s->rows);
    mpz_array_free(t->x, t->s->columns);
    presolve_free(t->s);
}

int ilp_prove(const struct ilp *p, struct ilp_limits limits, struct proof *proof, struct ilp_result *r, struct err *e) {
    struct search t = {.source = p, .r = r, .deadline = seconds_now() + (limits.seconds > 0 ? limits.seconds : 30)};
    (void)e;
    *r = (struct ilp_result){.status = ILP_OPEN, .x = mpz_array_new(p->variables.len), .variables = p->variables.len};
    mpz_inits(r->bound, r->value, NULL);
    t.s = presolve_new(p);
    t.lp = lp_new(t.s, false);
    t.engine = engine_new(t.lp, t.deadline);
    t.y = mpq_array_new(t.s->rows);
    t.x = mpz_array_new(t.s->columns);
    search_run(&t);
    conclude(&t, proof);
    if (!r->witness) {
        mpz_array_free(r->x, r->variables);
        r->x = NULL;
    }
    search_free(&t);
    return 0;
}
