/* Loops without constraints reaching into them collapse to their headers, innermost first (the order of Havlak 1997: headers by
 * descending DFS preorder). The longest iteration is the loop row's exact dual, the longest paths are node potentials, so the
 * reduction solves its part of the dual combinatorially; all arithmetic is on integers of any size.
 *
 * Invariant: the alive arcs join nodes that are not absorbed, and a flow along them costs, entries included, what the best flow
 * through the absorbed nodes would. */
#include "ilp/graph.h"

struct work {
    struct reduction *r;
    const struct ipet *g;
    uint32_t *pre, *last;     /* DFS preorder, and the highest one below the node; NONE: not reached */
    uint32_t *region;         /* of each node: 1 + the loop whose region it was last seen in */
    uint32_t *placed;         /* of each node: 1 + the loop in whose order it is already */
    uint32_t *exit_to;        /* of each node: an arc that leaves to it, valid if exit_mark says so */
    uint32_t *exit_mark;
    mpz_t *dist;
    struct indices members, stack, step;
};

static uint32_t arc_new(struct reduction *r, uint32_t from, uint32_t to, uint32_t variable, uint32_t via) {
    struct arc a = {.from = from, .to = to, .variable = variable, .via = via, .twin = NONE, .alive = true};
    mpz_init(a.cost);
    vec_push(&r->arcs, a);
    uint32_t k = (uint32_t)r->arcs.len - 1;
    vec_push(&r->out[from], k);
    vec_push(&r->in[to], k);
    return k;
}

static void load_arcs(struct reduction *r) {
    const struct ipet *g = r->g;
    for (uint32_t k = 0; k < g->edges.len; k++) {
        uint32_t arc = arc_new(r, g->edges.data[k].from, g->edges.data[k].to, k, NONE);
        mpz_set_ui(r->arcs.data[arc].cost, g->edges.data[k].cost);
    }
    for (uint32_t k = 0; k < g->sinks.len; k++)
        arc_new(r, g->sinks.data[k], g->nodes, (uint32_t)g->edges.len + k, NONE);
}

/* ---- what loops and constraints speak of -------------------------------------------------------------------------- */

static void touch_loop(struct reduction *r, uint32_t loop) {
    const struct ipet_loop *l = &r->g->loops.data[loop];
    for (size_t k = 0; k < l->inside.len; k++)
        r->touched[l->inside.data[k]] = true;
    for (size_t k = 0; k < l->outside.len; k++)
        r->touched[l->outside.data[k]] = true;
}

/* One entry, and all its edges lead there? */
static bool has_one_header(const struct ipet *g, const struct ipet_loop *l) {
    if (!l->inside.len)
        return false;
    uint32_t header = g->edges.data[l->inside.data[0]].to;
    for (size_t k = 0; k < l->inside.len; k++)
        if (g->edges.data[l->inside.data[k]].to != header)
            return false;
    for (size_t k = 0; k < l->outside.len; k++)
        if (g->edges.data[l->outside.data[k]].to != header)
            return false;
    return true;
}

static bool claim(uint32_t *owner, const struct indices *list, uint32_t loop) {
    bool sole = true;
    for (size_t k = 0; k < list->len; k++) {
        sole = sole && owner[list->data[k]] == NONE;
        owner[list->data[k]] = loop;
    }
    return sole;
}

/* An edge that two loops claim in the same role makes the second one ineligible; the first one then finds an edge into its header
 * that is not its own. */
static void classify_loops(struct reduction *r, bool rules, bool *eligible) {
    for (uint32_t k = 0; k < r->g->loops.len; k++) {
        const struct ipet_loop *l = &r->g->loops.data[k];
        bool sole = claim(r->inside_of, &l->inside, k);
        sole = claim(r->outside_of, &l->outside, k) && sole;
        eligible[k] = sole && has_one_header(r->g, l);
        if (!eligible[k])
            touch_loop(r, k);
    }
    for (size_t k = 0; rules && k < r->g->rules.len; k++)
        for (size_t x = 0; x < r->g->rules.data[k].terms.len; x++)
            r->touched[r->g->rules.data[k].terms.data[x].edge] = true;
}

/* ---- depth-first numbers, uncovered cycles ------------------------------------------------------------------------- */

static void number_nodes(struct work *w) {
    uint32_t count = 0;
    vec_push(&w->stack, w->g->source);
    vec_push(&w->step, 0);
    w->pre[w->g->source] = count++;
    while (w->stack.len) {
        uint32_t v = w->stack.data[w->stack.len - 1], *k = &w->step.data[w->step.len - 1];
        if (*k == w->r->out[v].len) {
            w->last[v] = count - 1;
            w->stack.len--, w->step.len--;
            continue;
        }
        uint32_t to = w->r->arcs.data[w->r->out[v].data[(*k)++]].to;
        if (to < w->g->nodes && w->pre[to] == NONE) {
            w->pre[to] = count++;
            vec_push(&w->stack, to);
            vec_push(&w->step, 0);
        }
    }
}

/* Take away nodes without in-arcs (other than loops' inside edges) until none is left: what remains lies on or behind a cycle;
 * walking back from any of it finds the cycle. */
static int check_cycles(const struct work *w, struct err *e) {
    const struct ipet *g = w->g;
    uint32_t *open = mem_alloc((g->nodes + 1) * sizeof *open), left = g->nodes;
    struct indices queue = {0};
    for (size_t k = 0; k < g->edges.len; k++)
        open[g->edges.data[k].to] += w->r->inside_of[k] == NONE;
    for (uint32_t v = 0; v < g->nodes; v++)
        if (!open[v])
            vec_push(&queue, v);
    while (queue.len) {
        uint32_t v = queue.data[--queue.len];
        left--;
        for (size_t k = 0; k < w->r->out[v].len; k++) {
            const struct arc *a = &w->r->arcs.data[w->r->out[v].data[k]];
            if (a->to < g->nodes && w->r->inside_of[a->variable] == NONE && --open[a->to] == 0)
                vec_push(&queue, a->to);
        }
    }
    uint32_t v = 0;
    while (left && !open[v])
        v++;
    for (uint32_t steps = 0; left && steps < g->nodes; steps++)
        for (size_t k = 0; k < w->r->in[v].len; k++) {
            const struct arc *a = &w->r->arcs.data[w->r->in[v].data[k]];
            if (w->r->inside_of[a->variable] == NONE && open[a->from]) {
                v = a->from;
                break;
            }
        }
    free(open);
    vec_free(&queue);
    return left ? err_set(e, ERR_INCOMPLETE, "a cycle through node %u has no loop bound", v) : 0;
}

/* ---- one loop ----------------------------------------------------------------------------------------------------- */

static bool in_region(const struct work *w, uint32_t v, uint32_t loop) { return v < w->g->nodes && w->region[v] == loop + 1; }

static void join_region(struct work *w, uint32_t v, uint32_t loop) {
    if (in_region(w, v, loop))
        return;
    w->region[v] = loop + 1;
    vec_push(&w->members, v);
}

/* Is each arc into the header one of the loop's own? */
static bool header_is_sound(const struct work *w, uint32_t header, uint32_t loop) {
    const struct indices *in = &w->r->in[header];
    for (size_t k = 0; k < in->len; k++) {
        const struct arc *a = &w->r->arcs.data[in->data[k]];
        if (a->alive && (w->r->inside_of[a->variable] == loop) == (w->r->outside_of[a->variable] == loop))
            return false;
    }
    return true;
}

/* The nodes that reach the header's inside arcs without passing the header; members[0] is the header. False: the region can be
 * entered elsewhere. */
static bool find_region(struct work *w, uint32_t header, uint32_t loop) {
    w->members.len = 0;
    join_region(w, header, loop);
    for (size_t at = 0; at < w->members.len; at++) {
        uint32_t v = w->members.data[at];
        const struct indices *in = &w->r->in[v];
        if (w->pre[v] == NONE || w->pre[v] < w->pre[header] || w->pre[v] > w->last[header])
            return false;
        for (size_t k = 0; k < in->len; k++) {
            const struct arc *a = &w->r->arcs.data[in->data[k]];
            if (a->alive && (v != header || w->r->inside_of[a->variable] == loop))
                join_region(w, a->from, loop);
        }
    }
    return true;
}

/* Does a constraint speak of an arc within, or does the loop's entry come from within? */
static bool region_is_free(const struct work *w, uint32_t loop) {
    for (size_t x = 0; x < w->members.len; x++) {
        const struct indices *out = &w->r->out[w->members.data[x]];
        for (size_t k = 0; k < out->len; k++) {
            const struct arc *a = &w->r->arcs.data[out->data[k]];
            if (a->alive && in_region(w, a->to, loop) && (w->r->touched[a->variable] || w->r->outside_of[a->variable] == loop))
                return false;
        }
    }
    return true;
}

/* Depth-first postorder from the header within the region, reversed. False: a cycle that does not pass the header. */
static bool order_region(struct work *w, uint32_t header, uint32_t loop, struct indices *order) {
    enum { OPEN = 1 };
    w->stack.len = w->step.len = 0;
    vec_push(&w->stack, header);
    vec_push(&w->step, 0);
    w->placed[header] = OPEN;
    bool acyclic = true;
    while (w->stack.len && acyclic) {
        uint32_t v = w->stack.data[w->stack.len - 1], *k = &w->step.data[w->step.len - 1];
        if (*k == w->r->out[v].len) {
            w->placed[v] = loop + 2;
            if (v != header)
                vec_push(order, v);
            w->stack.len--, w->step.len--;
            continue;
        }
        const struct arc *a = &w->r->arcs.data[w->r->out[v].data[(*k)++]];
        if (!a->alive || !in_region(w, a->to, loop) || a->to == header || w->placed[a->to] == loop + 2)
            continue;
        acyclic = w->placed[a->to] != OPEN;
        w->placed[a->to] = OPEN;
        vec_push(&w->stack, a->to);
        vec_push(&w->step, 0);
    }
    for (size_t i = 0, j = order->len; i + 1 < j; i++) {
        uint32_t t = order->data[i];
        order->data[i] = order->data[--j];
        order->data[j] = t;
    }
    for (size_t x = 0; x < w->members.len; x++)
        w->placed[w->members.data[x]] = 0;
    return acyclic;
}

/* dist[v] + cost of the arc. */
static void through(const struct work *w, const struct arc *a, uint32_t header, mpz_t sum) {
    if (a->from == header)
        mpz_set(sum, a->cost);
    else
        mpz_add(sum, w->dist[a->from], a->cost);
}

/* Longest paths from the header to each absorbed node, and the longest iteration. */
static void longest_paths(struct work *w, struct collapse *c) {
    mpz_t sum;
    mpz_init(sum);
    for (size_t x = 0; x < c->order.len; x++) {
        uint32_t v = c->order.data[x];
        w->r->best_in[v] = NONE;
        for (size_t k = 0; k < w->r->in[v].len; k++) {
            const struct arc *a = &w->r->arcs.data[w->r->in[v].data[k]];
            if (!a->alive)
                continue;
            through(w, a, c->header, sum);
            mpz_add(sum, sum, w->r->entry[v]);
            if (w->r->best_in[v] != NONE && mpz_cmp(sum, w->dist[v]) <= 0)
                continue;
            mpz_set(w->dist[v], sum);
            w->r->best_in[v] = w->r->in[v].data[k];
        }
    }
    c->back = NONE;
    for (size_t k = 0; k < w->r->in[c->header].len; k++) {
        const struct arc *a = &w->r->arcs.data[w->r->in[c->header].data[k]];
        if (!a->alive || w->r->inside_of[a->variable] != c->loop)
            continue;
        through(w, a, c->header, sum);
        if (c->back != NONE && mpz_cmp(sum, c->price) <= 0)
            continue;
        mpz_set(c->price, sum);
        c->back = w->r->in[c->header].data[k];
    }
    mpz_clear(sum);
}

static bool same_column(const struct reduction *r, uint32_t x, uint32_t y) {
    return !r->touched[x] && !r->touched[y] && r->inside_of[x] == r->inside_of[y] && r->outside_of[x] == r->outside_of[y];
}

/* Of two arcs from the header with the same head and the same constraints the cheaper one dies. */
static void settle_exit(struct work *w, uint32_t arc, uint32_t loop) {
    struct reduction *r = w->r;
    uint32_t to = r->arcs.data[arc].to, other = w->exit_mark[to] == loop + 1 ? w->exit_to[to] : NONE, winner = arc;
    if (other != NONE && same_column(r, r->arcs.data[arc].variable, r->arcs.data[other].variable)) {
        winner = mpz_cmp(r->arcs.data[arc].cost, r->arcs.data[other].cost) > 0 ? arc : other;
        uint32_t loser = winner == arc ? other : arc, end = loser;
        while (r->arcs.data[end].twin != NONE)
            end = r->arcs.data[end].twin;
        r->arcs.data[end].twin = r->arcs.data[winner].twin;
        r->arcs.data[winner].twin = loser;
        r->arcs.data[loser].alive = false;
    }
    w->exit_mark[to] = loop + 1;
    w->exit_to[to] = winner;
}

/* Arcs that leave from within become arcs of the header. */
static void pull_exits(struct work *w, const struct collapse *c) {
    struct reduction *r = w->r;
    for (size_t k = 0; k < r->out[c->header].len; k++) {
        struct arc *a = &r->arcs.data[r->out[c->header].data[k]];
        if (a->alive && in_region(w, a->to, c->loop))
            a->alive = false, a->own = true;
        else if (a->alive)
            settle_exit(w, r->out[c->header].data[k], c->loop);
    }
    for (size_t x = 0; x < c->order.len; x++) {
        uint32_t v = c->order.data[x];
        for (size_t k = 0; k < r->out[v].len; k++) {
            uint32_t inner = r->out[v].data[k];
            if (!r->arcs.data[inner].alive)
                continue;
            r->arcs.data[inner].alive = false;
            if (in_region(w, r->arcs.data[inner].to, c->loop))
                continue;
            uint32_t outer = arc_new(r, c->header, r->arcs.data[inner].to, r->arcs.data[inner].variable, inner);
            mpz_add(r->arcs.data[outer].cost, w->dist[v], r->arcs.data[inner].cost);
            settle_exit(w, outer, c->loop);
        }
        r->absorbed[v] = true;
    }
}

static bool collapse_loop(struct work *w, uint32_t loop) {
    const struct ipet_loop *l = &w->g->loops.data[loop];
    struct collapse c = {.loop = loop, .header = w->g->edges.data[l->inside.data[0]].to};
    if (!header_is_sound(w, c.header, loop) || !find_region(w, c.header, loop) || !region_is_free(w, loop) ||
        !order_region(w, c.header, loop, &c.order)) {
        vec_free(&c.order);
        return false;
    }
    mpz_t all;
    mpz_init(all);
    mpz_init(c.price);
    longest_paths(w, &c);
    pull_exits(w, &c);
    mpz_mul_ui(all, c.price, l->max - 1);
    mpz_add(w->r->entry[c.header], w->r->entry[c.header], all);
    mpz_clear(all);
    vec_push(&w->r->collapses, c);
    return true;
}

/* ---- all of them -------------------------------------------------------------------------------------------------- */

struct ranked {
    uint32_t pre, loop;
};

static int innermost_first(const void *a, const void *b) {
    const struct ranked *x = a, *y = b;
    if (x->pre != y->pre)
        return x->pre > y->pre ? -1 : 1;
    return (x->loop > y->loop) - (x->loop < y->loop);
}

static void collapse_loops(struct work *w, const bool *eligible) {
    struct ranked *rank = mem_alloc((w->g->loops.len + 1) * sizeof *rank);
    size_t n = 0;
    for (uint32_t k = 0; k < w->g->loops.len; k++)
        if (eligible[k])
            rank[n++] = (struct ranked){w->pre[w->g->edges.data[w->g->loops.data[k].inside.data[0]].to], k};
    qsort(rank, n, sizeof *rank, innermost_first);
    for (size_t k = 0; k < n; k++) {
        if (collapse_loop(w, rank[k].loop))
            w->r->collapse_of[rank[k].loop] = (uint32_t)w->r->collapses.len - 1;
        else
            touch_loop(w->r, rank[k].loop);
    }
    free(rank);
}

static uint32_t *nones(size_t n) {
    uint32_t *x = mem_alloc((n + 1) * sizeof *x);
    memset(x, 0xff, (n + 1) * sizeof *x);
    return x;
}

static void work_free(struct work *w) {
    free(w->pre);
    free(w->last);
    free(w->region);
    free(w->placed);
    free(w->exit_to);
    free(w->exit_mark);
    mpz_array_free(w->dist, w->g->nodes);
    vec_free(&w->members);
    vec_free(&w->stack);
    vec_free(&w->step);
}

static void reduction_make(struct reduction *r, const struct ipet *g) {
    size_t nodes = (size_t)g->nodes + 1, variables = g->edges.len + g->sinks.len;
    *r = (struct reduction){.g = g, .entry = mpz_array_new(nodes), .best_in = nones(nodes)};
    r->out = mem_alloc(nodes * sizeof *r->out);
    r->in = mem_alloc(nodes * sizeof *r->in);
    r->absorbed = mem_alloc(nodes);
    r->collapse_of = nones(g->loops.len);
    r->touched = mem_alloc(variables + 1);
    r->inside_of = nones(variables);
    r->outside_of = nones(variables);
    load_arcs(r);
}

int reduction_new(const struct ipet *g, bool rules, struct reduction *r, struct err *e) {
    size_t nodes = (size_t)g->nodes + 1;
    struct work w = {.r = r, .g = g, .pre = nones(nodes), .last = nones(nodes), .exit_to = nones(nodes), .dist = mpz_array_new(g->nodes)};
    bool *eligible = mem_alloc(g->loops.len + 1);
    w.region = mem_alloc(nodes * sizeof *w.region);
    w.placed = mem_alloc(nodes * sizeof *w.placed);
    w.exit_mark = mem_alloc(nodes * sizeof *w.exit_mark);
    reduction_make(r, g);
    classify_loops(r, rules, eligible);
    int bad = check_cycles(&w, e);
    if (!bad) {
        number_nodes(&w);
        collapse_loops(&w, eligible);
    }
    free(eligible);
    work_free(&w);
    if (bad)
        reduction_free(r);
    return bad;
}

void reduction_free(struct reduction *r) {
    size_t nodes = (size_t)r->g->nodes + 1;
    for (size_t k = 0; k < r->arcs.len; k++)
        mpz_clear(r->arcs.data[k].cost);
    for (size_t v = 0; v < nodes; v++) {
        vec_free(&r->out[v]);
        vec_free(&r->in[v]);
    }
    for (size_t k = 0; k < r->collapses.len; k++) {
        mpz_clear(r->collapses.data[k].price);
        vec_free(&r->collapses.data[k].order);
    }
    vec_free(&r->arcs);
    vec_free(&r->collapses);
    free(r->out);
    free(r->in);
    free(r->absorbed);
    free(r->collapse_of);
    free(r->touched);
    free(r->inside_of);
    free(r->outside_of);
    free(r->best_in);
    mpz_array_free(r->entry, nodes);
}

/* ---- the way back ------------------------------------------------------------------------------------------------- */

/* What entered the loop leaves it, so its exits tell how often it was entered; each entry runs the longest iteration as often as
 * allowed. Flow that must come through an absorbed node comes along the longest path to it. */
static void expand_loop(const struct reduction *r, const struct collapse *c, mpz_t *flow, mpz_t *need) {
    mpz_t entered;
    mpz_init(entered);
    for (size_t k = 0; k < r->out[c->header].len; k++) {
        uint32_t arc = r->out[c->header].data[k], via = r->arcs.data[arc].via;
        mpz_add(entered, entered, flow[arc]);
        if (via != NONE) {
            mpz_add(flow[via], flow[via], flow[arc]);
            mpz_add(need[r->arcs.data[via].from], need[r->arcs.data[via].from], flow[arc]);
        }
    }
    if (mpz_sgn(c->price) > 0) {
        mpz_mul_ui(entered, entered, r->g->loops.data[c->loop].max - 1);
        mpz_add(flow[c->back], flow[c->back], entered);
        mpz_add(need[r->arcs.data[c->back].from], need[r->arcs.data[c->back].from], entered);
    }
    for (size_t x = c->order.len; x-- > 0;) {
        uint32_t v = c->order.data[x], arc = r->best_in[v];
        mpz_add(flow[arc], flow[arc], need[v]);
        mpz_add(need[r->arcs.data[arc].from], need[r->arcs.data[arc].from], need[v]);
    }
    mpz_clear(entered);
}

/* An arc's flow was handed to its via; the flow of the arc itself counts for the variable only where there is no via. The header's
 * out-arcs within the region have no flow yet when the loop is expanded: entered is that of the exits alone. */
void reduction_expand(const struct reduction *r, mpz_t *flow, mpz_t *count) {
    mpz_t *need = mpz_array_new(r->g->nodes);
    for (size_t k = r->collapses.len; k-- > 0;)
        expand_loop(r, &r->collapses.data[k], flow, need);
    for (size_t k = 0; k < r->arcs.len; k++)
        if (r->arcs.data[k].via == NONE)
            mpz_set(count[r->arcs.data[k].variable], flow[k]);
    mpz_array_free(need, r->g->nodes);
}

/* An inside arc of a collapsed loop pays the price of the iteration instead of the header's entry. */
void arc_worth(const struct reduction *r, const struct arc *a, const mpq_t *y, const mpq_t *extra, bool objective, mpq_t worth) {
    uint32_t loop = r->inside_of[a->variable], collapse = loop == NONE ? NONE : r->collapse_of[loop];
    mpq_set_ui(worth, 0, 1);
    if (objective && collapse != NONE)
        mpz_sub(mpq_numref(worth), a->cost, r->collapses.data[collapse].price);
    else if (objective && a->to < r->g->nodes)
        mpz_add(mpq_numref(worth), a->cost, r->entry[a->to]);
    else if (objective)
        mpz_set(mpq_numref(worth), a->cost);
    if (a->to < r->g->nodes)
        mpq_add(worth, worth, y[a->to]);
    if (extra && mpq_sgn(extra[a->variable]))
        mpq_sub(worth, worth, extra[a->variable]);
}

/* A header's arcs into its own region are paid for by its exits: the longest paths to those lead through them. */
static void absorbed_dual(const struct reduction *r, uint32_t v, mpq_t *y, const mpq_t *extra, bool objective) {
    mpq_t worth;
    bool any = false;
    mpq_init(worth);
    for (size_t k = 0; k < r->out[v].len; k++) {
        const struct arc *a = &r->arcs.data[r->out[v].data[k]];
        if (a->own)
            continue;
        arc_worth(r, a, y, extra, objective, worth);
        if (!any || mpq_cmp(worth, y[v]) > 0)
            mpq_set(y[v], worth);
        any = true;
    }
    mpq_clear(worth);
}

void reduction_duals(const struct reduction *r, mpq_t *y, const mpq_t *extra, bool objective) {
    for (size_t k = r->collapses.len; k-- > 0;)
        for (size_t x = r->collapses.data[k].order.len; x-- > 0;)
            absorbed_dual(r, r->collapses.data[k].order.data[x], y, extra, objective);
}
