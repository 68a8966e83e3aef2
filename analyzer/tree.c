/* From a row's walk to its path tree: calls first, deepest first, each becoming an edge; in every graph so made, loops become edges
 * (tree_loops.c); what is left is acyclic and is reduced (tree_reduce.c). */
#include "analyzer/tree.h"

void tree_free(struct tree *t) {
    for (size_t i = 0; i < t->nodes.len; i++) {
        vec_free(&t->nodes.data[i].parts);
        vec_free(&t->nodes.data[i].dag);
        tree_flow_free(&t->nodes.data[i].flow);
    }
    tree_flow_free(&t->flow);
    vec_free(&t->marks.apart);
    vec_free(&t->nodes);
}

static const struct walk *walk_of(const struct tree *t) { return t->row->w->walk; }
static const struct cfg *cfg_of(const struct tree *t) { return t->row->w->cfg; }

static const char *place_name(const struct tree *t, uint32_t walk_node) {
    return cfg_describe(cfg_of(t), cfg_of(t)->blocks.data[walk_of(t)->nodes.data[walk_node].block].addr);
}

/* ---- calls ------------------------------------------------------------------------------------------------------------ */

/* Which activation each node of the graph counts to, and for each activation its nodes and the edges that touch it; edges that were moved into
 * a call's tree are marked by tree = NONE. An activation that is done counts to its caller, its node and edges with it. */
struct activations {
    struct tree *t;
    struct sub_graph *g;
    uint32_t *owner;
    struct activation {
        VEC(uint32_t) nodes, edges;
    } *of;                    /* by context */
    uint32_t *number;         /* scratch: node → node of the body */
};

static void touch(struct activations *a, uint32_t edge) {
    const struct sub_edge *x = &a->g->edges.data[edge];
    uint32_t from = a->owner[x->from], to = a->owner[x->to];
    if (from != NONE)
        vec_push(&a->of[from].edges, edge);
    if (to != NONE && to != from)
        vec_push(&a->of[to].edges, edge);
}

/* false if it is not entered at one node and left to one, coming from one block. */
static bool activation_ends(const struct activations *a, uint32_t context, uint32_t *entry, uint32_t *next, uint32_t *within) {
    const struct activation *own = &a->of[context];
    *entry = *next = *within = NONE;
    for (size_t i = 0; i < own->edges.len; i++) {
        const struct sub_edge *x = &a->g->edges.data[own->edges.data[i]];
        bool from = a->owner[x->from] == context, to = a->owner[x->to] == context;
        if (x->tree == NONE)
            continue;
        if (!from && to) {
            if (*entry != NONE && *entry != x->to)
                return false;
            *entry = x->to;
        } else if (from && !to) {
            if (*next != NONE && (*next != x->to || *within != x->within))
                return false;
            *next = x->to;
            *within = x->within;
        }
    }
    return *entry != NONE && *next != NONE;
}

static void take_body(struct activations *a, uint32_t context, uint32_t next, struct sub_graph *body) {
    const struct activation *own = &a->of[context];
    for (size_t i = 0; i < own->nodes.len; i++)
        a->number[own->nodes.data[i]] = sub_node(body, a->g->nodes.data[own->nodes.data[i]]);
    a->number[next] = sub_node(body, NONE);
    for (size_t i = 0; i < own->edges.len; i++) {
        struct sub_edge *x = &a->g->edges.data[own->edges.data[i]];
        if (x->tree == NONE || a->owner[x->from] != context)
            continue;
        vec_push(&body->edges, ((struct sub_edge){a->number[x->from], a->number[x->to], x->tree, x->within, 0, 0}));
        x->tree = NONE;
    }
}

/* The activation becomes one edge, from its entry to where it returns. */
static int call_edge(struct activations *a, uint32_t context, uint32_t entry, uint32_t next, uint32_t within, struct err *e) {
    struct sub_graph body = {0};
    struct tree_flow flow;
    uint32_t tree;
    take_body(a, context, next, &body);
    int rc = tree_solve(a->t, &body, a->number[entry], a->number[next], &tree, &flow, e);
    sub_free(&body);
    if (rc < 0)
        return -1;
    if (a->t->nodes.data[tree].kind == TREE_EMPTY) {
        tree_flow_free(&flow);
    } else {
        uint32_t call = tree_add(a->t, TREE_CALL);
        a->t->nodes.data[call].context = context;
        a->t->nodes.data[call].flow = flow;
        vec_push(&a->t->nodes.data[call].parts, tree);
        tree = call;
    }
    struct activation *own = &a->of[context];
    own->nodes.len = own->edges.len = 0;
    vec_push(&own->nodes, entry);
    vec_push(&a->g->edges, ((struct sub_edge){entry, next, tree, within, 0, 0}));
    return 0;
}

static void hand_to_caller(struct activations *a, uint32_t context, uint32_t caller, bool called) {
    struct activation *own = &a->of[context], *up = &a->of[caller];
    for (size_t i = 0; i < own->nodes.len; i++) {
        a->owner[own->nodes.data[i]] = caller;
        vec_push(&up->nodes, own->nodes.data[i]);
    }
    for (size_t i = 0; i < own->edges.len; i++) {
        const struct sub_edge *x = &a->g->edges.data[own->edges.data[i]];
        if (x->tree != NONE) /* the caller may have it already: taken once, it is marked */
            vec_push(&up->edges, own->edges.data[i]);
    }
    if (called)
        touch(a, (uint32_t)a->g->edges.len - 1);
    vec_free(&own->nodes);
    vec_free(&own->edges);
}

struct ranked {
    uint32_t context, depth;
};

static int deepest_first(const void *va, const void *vb) {
    const struct ranked *a = va, *b = vb;
    return a->depth != b->depth ? (a->depth > b->depth ? -1 : 1) : (a->context > b->context) - (a->context < b->context);
}

static int collapse_in_order(struct activations *a, struct ranked *order, size_t n, struct err *e) {
    const struct walk *w = walk_of(a->t);
    int rc = 0;
    qsort(order, n, sizeof *order, deepest_first);
    for (size_t i = 0; i < n && rc == 0; i++) {
        uint32_t entry, next, within, context = order[i].context;
        if (w->contexts.data[context].parent == NONE)
            continue;
        bool whole = activation_ends(a, context, &entry, &next, &within);
        rc = whole ? call_edge(a, context, entry, next, within, e) : 0;
        hand_to_caller(a, context, w->contexts.data[context].parent, whole && rc == 0);
    }
    return rc;
}

static void drop_taken_edges(struct sub_graph *g) {
    size_t kept = 0;
    for (size_t i = 0; i < g->edges.len; i++)
        if (g->edges.data[i].tree != NONE)
            g->edges.data[kept++] = g->edges.data[i];
    g->edges.len = kept;
}

/* Nodes without edges go too: most of the graph, when calls have become edges. */
static void drop_idle_nodes(struct sub_graph *g, uint32_t *from, uint32_t *to) {
    uint32_t *number = mem_alloc((g->nodes.len + 1) * sizeof *number);
    size_t kept = 0;
    for (size_t i = 0; i < g->edges.len; i++)
        number[g->edges.data[i].from] = number[g->edges.data[i].to] = 1;
    number[*from] = number[*to] = 1;
    for (uint32_t v = 0; v < g->nodes.len; v++)
        if (number[v]) {
            g->nodes.data[kept] = g->nodes.data[v];
            number[v] = (uint32_t)kept++;
        }
    g->nodes.len = kept;
    for (size_t i = 0; i < g->edges.len; i++) {
        g->edges.data[i].from = number[g->edges.data[i].from];
        g->edges.data[i].to = number[g->edges.data[i].to];
    }
    *from = number[*from];
    *to = number[*to];
    free(number);
}

static int collapse_calls(struct tree *t, struct sub_graph *g, uint32_t *from, uint32_t *to, struct err *e) {
    const struct walk *w = walk_of(t);
    struct activations a = {t, g, mem_alloc((g->nodes.len + 1) * sizeof(uint32_t)), mem_alloc((w->contexts.len + 1) * sizeof *a.of),
                            mem_alloc((g->nodes.len + 1) * sizeof(uint32_t))};
    bool *there = mem_alloc(w->contexts.len + 1);
    VEC(struct ranked) order = {0};
    for (uint32_t v = 0; v < g->nodes.len; v++) {
        a.owner[v] = g->nodes.data[v] == NONE ? NONE : w->nodes.data[g->nodes.data[v]].context;
        if (a.owner[v] != NONE)
            vec_push(&a.of[a.owner[v]].nodes, v);
        for (uint32_t c = a.owner[v]; c != NONE && !there[c]; c = w->contexts.data[c].parent) {
            there[c] = true;
            vec_push(&order, ((struct ranked){c, tree_context_depth(w, c)}));
        }
    }
    for (uint32_t i = 0; i < g->edges.len; i++)
        touch(&a, i);
    int rc = collapse_in_order(&a, order.data, order.len, e);
    drop_taken_edges(g);
    drop_idle_nodes(g, from, to);
    for (size_t c = 0; c < w->contexts.len; c++) {
        vec_free(&a.of[c].nodes);
        vec_free(&a.of[c].edges);
    }
    vec_free(&order);
    free(a.of);
    free(a.owner);
    free(a.number);
    free(there);
    return rc;
}

/* ---- the row's graph of points ------------------------------------------------------------------------------------------ */

/* From POINT on, through blocks that are no points, to the next points: one edge for each IPG edge. */
static int add_steps(struct tree *t, struct sub_graph *g, uint32_t *number, uint32_t point, struct err *e) {
    const struct row_graph *r = t->row;
    const struct walk *w = walk_of(t);
    VEC(uint32_t) queue = {0};
    struct map done = {0};
    int rc = 0;
    vec_push(&queue, point);
    for (size_t i = 0; i < queue.len && rc == 0; i++) {
        const struct walk_node *n = &w->nodes.data[queue.data[i]];
        for (uint32_t k = n->edge; k < n->edge + n->edges; k++) {
            const struct walk_edge *we = &w->edges.data[k];
            uint64_t seen = 0;
            if (r->edge_number.data[k] == NONE)
                continue;
            bool before = map_get(&done, (uint64_t)we->ipg << 32 | we->to, &seen);
            if (we->ipg == NONE) {
                uint32_t l = cfg_of(t)->blocks.data[w->nodes.data[we->to].block].loop;
                if (l != NONE && tree_loop_begins(cfg_of(t), l, w->nodes.data[we->to].block))
                    rc = err_set(e, ERR_INCOMPLETE, "%s begins a loop but is no instrumentation point", place_name(t, we->to));
                if (!before)
                    vec_push(&queue, we->to);
            } else if (!before) {
                uint32_t unit = tree_add(t, TREE_UNIT);
                t->nodes.data[unit].ipg = we->ipg;
                vec_push(&g->edges, ((struct sub_edge){number[point], number[we->to], unit, we->within, 0, 0}));
            } else if (seen != we->within) {
                rc = err_set(e, ERR_INCOMPLETE, "the step to %s comes from inside a loop and from outside of it", place_name(t, we->to));
            }
            map_put(&done, (uint64_t)we->ipg << 32 | we->to, we->within);
        }
    }
    vec_free(&queue);
    map_free(&done);
    return rc;
}

static int points_graph(struct tree *t, struct sub_graph *g, uint32_t *from, uint32_t *to, struct err *e) {
    const struct row_graph *r = t->row;
    const struct walk *w = walk_of(t);
    uint32_t *number = mem_alloc((w->nodes.len + 1) * sizeof *number);
    int rc = 0;
    for (size_t i = 0; i < r->nodes.len; i++)
        if (walk_at_point(w, r->nodes.data[i]))
            number[r->nodes.data[i]] = sub_node(g, r->nodes.data[i]);
    *to = sub_node(g, NONE);
    for (size_t i = 0; i < r->nodes.len && rc == 0; i++) {
        uint32_t n = r->nodes.data[i];
        if (!walk_at_point(w, n))
            continue;
        if (row_is_sink(r, n))
            vec_push(&g->edges, ((struct sub_edge){number[n], *to, tree_add(t, TREE_EMPTY), NONE, 0, 0}));
        else
            rc = add_steps(t, g, number, n, e);
    }
    *from = number[r->start];
    free(number);
    return rc;
}

/* The block's bit, 0 if there are too many, or it is no point: then the steps between points do not tell who passed it. */
static uint32_t mark_of(struct tree *t, uint32_t block) {
    struct tree_marks *m = &t->marks;
    uint32_t n = 0;
    while (n < m->used && m->block[n] != block)
        n++;
    if (n == TREE_MARKS || cfg_of(t)->blocks.data[block].point == NONE)
        return 0;
    m->block[n] = block;
    m->used = n < m->used ? m->used : n + 1;
    return 1u << n;
}

static void note_via(struct tree *t) {
    const struct row_graph *r = t->row;
    for (size_t i = 0; i < r->via.len; i++) {
        uint32_t bit = r->via_needs_row.data[i] ? mark_of(t, cfg_block_at(cfg_of(t), r->via.data[i])) : 0;
        t->marks.needed |= bit;
        if (r->via_needs_row.data[i] && !bit)
            t->looser = "the entry has ways that do not pass its 'via'";
    }
}

static void note_exclusive(struct tree *t, const struct exclusive *x) {
    const struct row_graph *r = t->row;
    bool has[2] = {false, false};
    for (size_t k = 0; k < r->nodes.len; k++) {
        uint32_t block = walk_of(t)->nodes.data[r->nodes.data[k]].block;
        has[0] |= block == x->a;
        has[1] |= block == x->b;
    }
    if (!has[0] || !has[1])
        return;
    uint32_t a = mark_of(t, x->a), b = mark_of(t, x->b);
    if (a && b)
        vec_push(&t->marks.apart, a | b);
    else
        t->looser = "a fact excludes ways by what was passed before";
}

static void note_constraints(struct tree *t) {
    note_via(t);
    for (size_t i = 0; i < cfg_of(t)->exclusive.len; i++)
        note_exclusive(t, &cfg_of(t)->exclusive.data[i]);
}

int tree_build(const struct row_graph *r, struct tree *t, struct err *e) {
    struct sub_graph g = {0};
    uint32_t from, to;
    *t = (struct tree){.row = r};
    if (!walk_at_point(r->w->walk, r->start))
        return err_set(e, ERR_INCOMPLETE, "'%s' is no instrumentation point", r->row->spec->start);
    int rc = points_graph(t, &g, &from, &to, e);
    if (rc == 0)
        rc = collapse_calls(t, &g, &from, &to, e);
    if (rc == 0)
        rc = tree_solve(t, &g, from, to, &t->root, &t->flow, e);
    if (rc == 0)
        note_constraints(t);
    sub_free(&g);
    if (rc < 0)
        tree_free(t);
    return rc;
}
