/* Branch and bound on the reduced program. Every node that closes a branch carries exact duals; what is still open when time is up
 * is closed with its parent's duals, so there is a bound as soon as the root has one. */
#include "ilp/search.h"

#include <math.h>

struct boxes {
    struct box *data;
    size_t len, cap;
};

static int node_new(struct search *t, int parent, bool above) {
    struct node n = {.parent = parent, .above = above, .child = {-1, -1}, .duals = -1};
    mpz_init(n.at);
    mpq_init(n.bound);
    if (parent >= 0) {
        n.duals = t->nodes.data[parent].duals;
        n.bounded = t->nodes.data[parent].bounded;
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
    terms_free(&n->y);
    for (size_t i = 0; i < t->lp->rows.len; i++) {
        uint32_t row = t->lp->rows.data[i];
        if (mpq_sgn(t->y[row]))
            terms_add(&n->y, row, t->y[row]);
    }
    n->duals = node;
    n->users += node == 0 ? 2 : 1; /* the root's stay: see reopen_root */
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

const struct suggestion *search_ask(struct search *t, struct engine *e, const struct box *box, size_t n, bool rational) {
    struct bounds *f = mem_alloc((n + 1) * sizeof *f);
    for (size_t k = 0; k < n; k++) {
        const struct core_column *c = &t->s->column[box[k].column];
        double own = c->bounded ? mpq_get_d(c->upper) : -1, high = box[k].bounded ? mpz_get_d(box[k].high) : -1;
        f[k] = (struct bounds){box[k].column, fmax(mpz_get_d(box[k].low), mpq_get_d(c->low)), high < 0 || (own >= 0 && own < high) ? own : high};
    }
    const struct suggestion *g = engine_solve(e, f, n, rational);
    t->work += (uint64_t)(20 + g->steps) * (t->lp->rows.len + t->s->columns);
    free(f);
    return g;
}

void search_grow(struct search *t) {
    if (t->y_len >= t->s->rows)
        return;
    t->y = mem_resize(t->y, (2 * t->s->rows) * sizeof *t->y);
    for (; t->y_len < 2 * t->s->rows; t->y_len++)
        mpq_init(t->y[t->y_len]);
}

void search_clear(struct search *t) {
    for (size_t i = 0; i < t->s->rows; i++)
        mpq_set_ui(t->y[i], 0, 1);
}

static bool exact_duals(struct search *t, const struct lp *p, const struct suggestion *g) {
    t->work += 1000 * (p->rows.len + t->s->columns);
    return basis_duals(p, g, t->y, t->deadline) == 0;
}

/* Are duals that prove BOUND (of the core's objective) as good as those of the basis G would be, but for rounding? */
static bool is_sharp(const struct search *t, const struct suggestion *g, const mpq_t bound) {
    double value = 0;
    for (size_t j = 0; j < t->s->columns; j++)
        value += g->x[j] == 0 ? 0 : g->x[j] * mpq_get_d(t->s->column[j].cost);
    return fabs(value) < 1e12 && fabs(mpq_get_d(bound) - value) < 1e-6 + 1e-12 * fabs(value);
}

/* Exact duals for a basis that claims to be optimal: the float ones, rounded, if they do; those of the basis; GLPK's rational simplex mends
 * one that is not quite. */
static bool certify(struct search *t, int node, const struct boxes *b, const struct suggestion **g) {
    uint32_t which;
    mpq_t bound;
    mpq_init(bound);
    bool good = false;
    search_clear(t);
    for (int simple = 1; simple >= 0 && !good; simple--) {
        rounded_duals(t->lp, *g, simple, t->y);
        good = duals_bound(t->lp, t->y, b->data, b->len, bound, NULL, &which) && is_sharp(t, *g, bound);
    }
    for (int again = 0; again < 2 && !good; again++) {
        if (again && (*g = search_ask(t, t->engine, b->data, b->len, true))->status != LP_OPTIMAL)
            break;
        good = exact_duals(t, t->lp, *g) && duals_bound(t->lp, t->y, b->data, b->len, bound, NULL, &which);
    }
    struct node *n = &t->nodes.data[node];
    if (good) {
        mpq_add(bound, bound, t->s->constant);
        good = !n->bounded || mpq_cmp(bound, n->bound) <= 0;
    }
    if (good) {
        mpq_set(n->bound, bound);
        n->bounded = true;
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
    const struct suggestion *g = search_ask(t, t->elastic, b->data, b->len, false);
    bool empty = false;
    mpq_init(bound);
    search_clear(t);
    for (int way = 0; way < 3 && !empty && g->status == LP_OPTIMAL; way++) {
        bool good = way == 2 ? exact_duals(t, t->elastic_lp, g) : true;
        if (way < 2)
            rounded_duals(t->elastic_lp, g, way == 0, t->y);
        empty = good && duals_bound(t->elastic_lp, t->y, b->data, b->len, bound, NULL, &which) && mpq_sgn(bound) < 0;
    }
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

/* t->x holds the core's columns. */
static bool try_witness(struct search *t) {
    struct err ignored = {0};
    mpz_t z;
    mpq_t value;
    for (size_t j = 0; j < t->s->columns; j++)
        mpz_set(t->whole[t->s->column[j].outer], t->x[j]);
    if (presolve_solution(t->s->outer, t->whole))
        return false;
    mpz_init(z);
    mpq_init(value);
    bool good = ilp_admits(t->source, t->whole, value, &ignored) == 0;
    if (good) {
        floor_of(z, value);
        if (!t->r->witness || mpz_cmp(z, t->r->value) > 0) {
            t->r->witness = true;
            mpz_set(t->r->value, z);
            for (size_t j = 0; j < t->source->variables.len; j++)
                mpz_set(t->r->x[j], t->whole[j]);
        }
    }
    mpz_clear(z);
    mpq_clear(value);
    return good;
}

static bool round_float(struct search *t, const struct suggestion *g) {
    for (size_t j = 0; j < t->s->columns; j++) {
        if (!isfinite(g->x[j]) || fabs(g->x[j]) > 1e15)
            return false;
        mpz_set_d(t->x[j], floor(g->x[j] + 0.5));
    }
    return true;
}

/* The column to branch on: nearest to a half. -1 if none is fractional among those that may be. RELATIVE: of a large number only what the
 * float solver can know. */
static int choose_column(const struct search *t, const struct suggestion *g, double relative) {
    int best = -1;
    double best_score = 0;
    for (size_t j = 0; j < t->s->columns; j++) {
        double part = g->x[j] - floor(g->x[j]), score = part < 0.5 ? part : 1 - part;
        if (t->s->column[j].real || score <= 1e-6 + relative * fabs(g->x[j]) || score <= best_score)
            continue;
        best_score = score, best = (int)j;
    }
    return best;
}

/* The point, as rounded or exactly, is an integer solution. */
static bool try_point(struct search *t, const struct suggestion *g, const struct boxes *b) {
    return (round_float(t, g) && try_witness(t)) || (basis_point(t->lp, g, b->data, b->len, t->x, t->deadline) == 0 && try_witness(t));
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

/* Solves the node and closes or splits it. Returns the child to look at next, or -1. GLPK's word that nothing is feasible
 * needs a proof; without one, and where it sees no limit, its rational arithmetic decides. */
static int visit(struct search *t, int node) {
    struct boxes b = {0};
    int next = -1;
    boxes_at(t, node, &b);
    const struct suggestion *g = search_ask(t, t->engine, b.data, b.len, false);
    t->nodes.data[node].state = NODE_LEAF;
    if (g->status == LP_INFEASIBLE && certify_empty(t, node, &b))
        t->nodes.data[node].state = NODE_EMPTY;
    else if (g->status != LP_OPTIMAL)
        g = search_ask(t, t->engine, b.data, b.len, true);
    if (t->nodes.data[node].state == NODE_LEAF && g->status == LP_OPTIMAL) {
        certify(t, node, &b, &g);
        int column = g->status == LP_OPTIMAL ? choose_column(t, g, 1e-10) : -1;
        if (column < 0 && g->status == LP_OPTIMAL && !try_point(t, g, &b))
            column = choose_column(t, g, 0);
        if (column >= 0 && !(t->nodes.data[node].bounded && beaten(t, t->nodes.data[node].bound))) {
            double x = g->x[column];
            split_node(t, node, (uint32_t)column, x);
            next = t->nodes.data[node].child[x - floor(x) > 0.5];
        }
    } else if (g->status == LP_UNBOUNDED && !t->nodes.data[node].bounded) {
        t->r->status = ILP_UNBOUNDED; /* no proof is given of this; it is no bound either */
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
        if (n->bounded && beaten(t, n->bound))
            n->state = NODE_LEAF;
        else if (best < 0 || mpq_cmp(n->bound, t->nodes.data[best].bound) > 0)
            best = (int)k;
    }
    return best;
}

/* The root once more, with the cuts. */
static void reopen_root(struct search *t) {
    for (size_t k = 1; k < t->nodes.len; k++) {
        drop_duals(t, (int)k);
        mpz_clear(t->nodes.data[k].at);
        mpq_clear(t->nodes.data[k].bound);
        terms_free(&t->nodes.data[k].y);
    }
    t->nodes.len = 1;
    t->nodes.data[0].state = NODE_OPEN;
    t->nodes.data[0].duals = t->nodes.data[0].bounded ? 0 : -1;
    t->nodes.data[0].users = t->nodes.data[0].bounded ? 2 : 0;
}

/* ---- the proof ------------------------------------------------------------------------------------------------------ */

void search_collect(struct search *t, struct terms *to) {
    for (uint32_t i = 0; i < t->s->rows; i++)
        if (mpq_sgn(t->y[i])) {
            terms_add(to, i, t->y[i]);
            mpq_set_ui(t->y[i], 0, 1);
        }
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

/* A closed node's duals. */
static void export_leaf(struct search *t, int node, struct proof *proof) {
    const struct node *n = &t->nodes.data[node];
    bool empty = n->state == NODE_EMPTY;
    struct proof_node *out = proof_push(proof, empty ? PROOF_EMPTY : PROOF_LEAF);
    struct boxes b = {0};
    uint32_t which;
    mpq_t bound, *branch = mpq_array_new(t->s->columns);
    mpq_init(bound);
    boxes_at(t, node, &b);
    search_clear(t);
    for (size_t k = 0; n->duals >= 0 && k < t->nodes.data[n->duals].y.len; k++)
        mpq_set(t->y[t->nodes.data[n->duals].y.data[k].index], t->nodes.data[n->duals].y.data[k].a);
    duals_bound(empty ? t->elastic_lp : t->lp, t->y, b.data, b.len, bound, branch, &which);
    for (size_t k = 0; k < b.len; k++) {
        mpq_ptr d = branch[b.data[k].column];
        uint32_t depth = tightest(t, node, b.data[k].column, mpq_sgn(d) > 0);
        mpq_abs(d, d);
        if (mpq_sgn(d))
            terms_add(&out->splits, depth, d);
    }
    terms_sort(&out->splits);
    search_collect(t, &out->y);
    boxes_free(&b);
    mpq_clear(bound);
    mpq_array_free(branch, t->s->columns);
}

/* The greatest bound of a leaf, rounded down: nothing below a node whose own bound is no higher need be shown. */
static bool claim(const struct search *t, mpz_t bound) {
    bool any = false;
    mpz_t z;
    mpz_init(z);
    for (size_t k = 0; k < t->nodes.len; k++) {
        const struct node *n = &t->nodes.data[k];
        if ((n->state != NODE_LEAF && n->state != NODE_OPEN) || !n->bounded)
            continue;
        floor_of(z, n->bound);
        if (!any || mpz_cmp(z, bound) > 0)
            mpz_set(bound, z);
        any = true;
    }
    mpz_clear(z);
    return any;
}

/* The node was split in vain: its own duals, worked out once more, close it. */
static bool close_again(struct search *t, int node) {
    struct boxes b = {0};
    boxes_at(t, node, &b);
    const struct suggestion *g = search_ask(t, t->engine, b.data, b.len, false);
    uint32_t which;
    mpq_t bound;
    mpq_init(bound);
    bool good = g->status == LP_OPTIMAL && basis_duals(t->lp, g, t->y, t->deadline) == 0 &&
                duals_bound(t->lp, t->y, b.data, b.len, bound, NULL, &which);
    mpq_add(bound, bound, t->s->constant);
    good = good && mpq_cmp(bound, t->nodes.data[node].bound) <= 0;
    if (good) {
        keep_duals(t, node);
        t->nodes.data[node].state = NODE_LEAF;
    }
    mpq_clear(bound);
    boxes_free(&b);
    return good;
}

static void export_tree(struct search *t, int node, const mpz_t enough, struct proof *proof) {
    struct node *n = &t->nodes.data[node];
    mpz_t z;
    mpz_init(z);
    floor_of(z, n->bound);
    bool needless = n->state == NODE_SPLIT && n->bounded && mpz_cmp(z, enough) <= 0 && close_again(t, node);
    mpz_clear(z);
    n = &t->nodes.data[node];
    if (needless || n->state != NODE_SPLIT) {
        export_leaf(t, node, proof);
        return;
    }
    struct proof_node *out = proof_push(proof, PROOF_SPLIT);
    term_of_one(&out->form, n->column);
    mpz_set(out->at, n->at);
    export_tree(t, n->child[0], enough, proof);
    export_tree(t, n->child[1], enough, proof);
}

/* What the proof says is worked out anew from the source: whatever went wrong above can only cost the answer. */
static void conclude(struct search *t, struct proof *proof) {
    mpq_t bound;
    mpz_t enough;
    mpq_init(bound);
    mpz_init(enough);
    if (t->r->status != ILP_UNBOUNDED) {
        claim(t, enough);
        struct proof tree = {0};
        export_tree(t, 0, enough, &tree);
        core_lift(t->s, &tree, proof);
        proof_free(&tree);
        int says = proof_bound(t->source, proof, bound);
        t->r->status = says < 0 ? ILP_OPEN : says > 0 ? ILP_INFEASIBLE : ILP_BOUNDED;
        floor_of(t->r->bound, bound);
        for (size_t k = 0; k < proof->len; k++)
            t->r->leaves += proof->data[k].kind == PROOF_LEAF || proof->data[k].kind == PROOF_EMPTY;
        if (t->r->status == ILP_BOUNDED && t->r->witness && mpz_cmp(t->r->bound, t->r->value) == 0)
            t->r->status = ILP_OPTIMAL;
        if (t->r->status == ILP_OPEN)
            proof_free(proof);
    }
    mpq_clear(bound);
    mpz_clear(enough);
}

/* Branches until nothing is open, up to so many nodes. False: something is left. */
static bool branch(struct search *t, size_t nodes, double stop) {
    engine_free(t->elastic); /* it does not know the last cuts */
    lp_free(t->elastic_lp);
    t->elastic = NULL;
    t->elastic_lp = NULL;
    int node = visit(t, 0);
    for (;;) {
        if (node < 0)
            node = best_open(t);
        if (node < 0 || t->r->status == ILP_UNBOUNDED)
            return true;
        if (t->nodes.len > nodes || t->work > MOST_WORK || seconds_now() >= stop)
            return false;
        node = visit(t, node);
    }
}

/* Cheap cuts and a small tree; if that does not do, dearer cuts, and at last a large tree. What is not solved by MOST_WORK hardly will be in a
 * few times that. Some of the time is kept for writing the proof down. */
static void search_run(struct search *t) {
    enum { SMALL_TREE = 60 };
    double begin = seconds_now(), span = t->deadline - begin, stop = begin + 0.85 * span;
    if (visit(t, node_new(t, -1, false)) < 0)
        return;
    reopen_root(t);
    search_tighten(t);
    for (uint32_t j = 0; j < t->s->columns; j++)
        engine_set_bounds(t->engine, j);
    for (int effort = EFFORT_ROUNDING; effort <= EFFORT_ALL; effort++) {
        cut_root(t, (enum cut_effort)effort, begin + 0.8 * span);
        if (branch(t, effort == EFFORT_ALL ? SIZE_MAX : SMALL_TREE, stop) || t->work > MOST_WORK || seconds_now() >= stop)
            return;
        if (effort < EFFORT_ALL)
            reopen_root(t);
    }
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
    mpq_array_free(t->y, t->y_len);
    mpz_array_free(t->x, t->s->columns);
    mpz_array_free(t->whole, t->source->variables.len);
    core_free(t->s);
}

int ilp_prove(const struct ilp *p, struct ilp_limits limits, struct proof *proof, struct ilp_result *r, struct err *e) {
    struct search t = {.source = p, .r = r, .deadline = seconds_now() + (limits.seconds > 0 ? limits.seconds : 30)};
    (void)e;
    *r = (struct ilp_result){.status = ILP_OPEN, .x = mpz_array_new(p->variables.len), .variables = p->variables.len};
    mpz_inits(r->bound, r->value, NULL);
    struct presolve *outer = presolve_new(p);
    t.s = core_new(outer);
    t.lp = lp_new(t.s, false);
    t.engine = engine_new(t.lp, t.deadline);
    t.y = mem_alloc(sizeof *t.y);
    search_grow(&t);
    t.x = mpz_array_new(t.s->columns);
    t.whole = mpz_array_new(p->variables.len);
    search_run(&t);
    conclude(&t, proof);
    if (!r->witness) {
        mpz_array_free(r->x, r->variables);
        r->x = NULL;
    }
    search_free(&t);
    presolve_free(outer);
    return 0;
}
