/* From a row's walk to its path tree: calls first, deepest first, each becoming an edge; in every graph so made, loops become edges; what is
 * left is acyclic and is reduced (tree_reduce.c). */
#include "analyzer/replay.h"
#include "analyzer/tree.h"

static int solve(struct tree *t, struct sub_graph *g, uint32_t from, uint32_t to, uint32_t *tree, struct err *e);

void tree_free(struct tree *t) {
    for (size_t i = 0; i < t->nodes.len; i++) {
        vec_free(&t->nodes.data[i].parts);
        vec_free(&t->nodes.data[i].dag);
    }
    vec_free(&t->nodes);
}

static const struct walk *walk_of(const struct tree *t) { return t->row->w->walk; }
static const struct cfg *cfg_of(const struct tree *t) { return t->row->w->cfg; }

static const char *place_name(const struct tree *t, uint32_t walk_node) {
    return cfg_describe(cfg_of(t), cfg_of(t)->blocks.data[walk_of(t)->nodes.data[walk_node].block].addr);
}

/* ---- loops ------------------------------------------------------------------------------------------------------------ */

static bool loop_contains(const struct cfg *g, uint32_t loop, uint32_t block) {
    for (uint32_t l = g->blocks.data[block].loop; l != NONE; l = g->loops.data[l].parent)
        if (l == loop)
            return true;
    return false;
}

static bool loop_begins(const struct cfg *g, uint32_t loop, uint32_t block) {
    const struct loop *l = &g->loops.data[loop];
    for (size_t i = 0; i < l->entries.len; i++)
        if (l->entries.data[i] == block)
            return true;
    return false;
}

/* Does the edge lead back to an entry of the loop, from within it, in CONTEXT? The integer program counts the same edges. */
static bool repeats(const struct tree *t, const struct sub_graph *g, const struct sub_edge *e, uint32_t context, uint32_t loop) {
    if (g->nodes.data[e->to] == NONE || e->within == NONE)
        return false;
    const struct walk_node *to = &walk_of(t)->nodes.data[g->nodes.data[e->to]];
    return to->context == context && loop_begins(cfg_of(t), loop, to->block) && loop_contains(cfg_of(t), loop, e->within);
}

/* Strongly connected components (Tarjan 1972), iteratively. component[v] is the same number for all of one; returns how many. */
struct tarjan {
    uint32_t *low, *at, *stack, *component, *path;
    uint32_t *next, *end, *edges; /* next edge to look at, by node: from `next` to before `end` in `edges` */
    size_t depth, height, components;
    uint32_t time;
};

static void tarjan_enter(struct tarjan *s, uint32_t v) {
    s->low[v] = s->at[v] = ++s->time;
    s->stack[s->height++] = v;
    s->path[s->depth++] = v;
}

static void tarjan_leave(struct tarjan *s, uint32_t v) {
    s->depth--;
    if (s->depth && s->low[v] < s->low[s->path[s->depth - 1]])
        s->low[s->path[s->depth - 1]] = s->low[v];
    if (s->low[v] != s->at[v])
        return;
    uint32_t x;
    do {
        x = s->stack[--s->height];
        s->component[x] = (uint32_t)s->components;
    } while (x != v);
    s->components++;
}

static void tarjan_from(struct tarjan *s, const struct sub_graph *g, uint32_t root) {
    tarjan_enter(s, root);
    while (s->depth) {
        uint32_t v = s->path[s->depth - 1];
        if (s->next[v] == s->end[v]) {
            tarjan_leave(s, v);
            continue;
        }
        const struct sub_edge *e = &g->edges.data[s->edges[s->next[v]++]];
        if (!s->at[e->to])
            tarjan_enter(s, e->to);
        else if (s->component[e->to] == NONE && s->at[e->to] < s->low[v])
            s->low[v] = s->at[e->to];
    }
}

static size_t components_of(const struct sub_graph *g, uint32_t *component) {
    size_t n = g->nodes.len + 1;
    struct tarjan s = {.component = component};
    uint32_t *all = mem_alloc(5 * n * sizeof *all), *start;
    sub_edges_by_from(g, &start, &s.edges);
    s.low = all;
    s.at = all + n;
    s.stack = all + 2 * n;
    s.next = all + 3 * n;
    s.path = all + 4 * n;
    s.end = start + 1;
    memcpy(s.next, start, g->nodes.len * sizeof *start);
    memset(component, 0xff, n * sizeof *component);
    for (uint32_t v = 0; v < g->nodes.len; v++)
        if (!s.at[v])
            tarjan_from(&s, g, v);
    free(all);
    free(start);
    free(s.edges);
    return s.components;
}

static uint32_t context_depth(const struct walk *w, uint32_t context) {
    uint32_t n = 0;
    for (; context != NONE; context = w->contexts.data[context].parent)
        n++;
    return n;
}

/* The outermost loop that the component is the cycle of. */
static int loop_of(struct tree *t, const struct sub_graph *g, const uint32_t *component, uint32_t c, uint32_t *context, uint32_t *loop, struct err *e) {
    const struct walk *w = walk_of(t);
    const struct cfg *cfg = cfg_of(t);
    *loop = NONE;
    for (size_t i = 0; i < g->edges.len; i++) {
        const struct sub_edge *x = &g->edges.data[i];
        if (component[x->from] != c || component[x->to] != c || g->nodes.data[x->to] == NONE)
            continue;
        const struct walk_node *to = &w->nodes.data[g->nodes.data[x->to]];
        uint32_t found = 0;
        for (uint32_t l = cfg->blocks.data[to->block].loop; l != NONE; l = cfg->loops.data[l].parent) {
            if (!repeats(t, g, x, to->context, l))
                continue;
            found++;
            uint32_t depth = context_depth(w, to->context), best = *loop == NONE ? UINT32_MAX : context_depth(w, *context);
            if (depth < best || (depth == best && cfg->loops.data[l].depth < cfg->loops.data[*loop].depth)) {
                *context = to->context;
                *loop = l;
            }
        }
        if (found > 1)
            t->looser = "two loops have a header in common";
    }
    if (*loop == NONE)
        return err_set(e, ERR_INCOMPLETE, "a cycle that is no loop of the control-flow graph");
    if (cfg->loops.data[*loop].origin == BOUND_NONE)
        return err_set(e, ERR_INCOMPLETE, "no bound for the loop at %s", cfg_describe(cfg, cfg->blocks.data[cfg->loops.data[*loop].header].addr));
    return 0;
}

struct body {
    struct sub_graph g;
    uint32_t *number;         /* of the outer graph's nodes */
    uint32_t component;       /* of the outer graph that this is */
    uint32_t entry, full, last;
    bool several;
};

static uint32_t sub_node(struct sub_graph *g, uint32_t walk_node) {
    vec_push(&g->nodes, walk_node);
    return (uint32_t)g->nodes.len - 1;
}

/* One iteration: from the entries to FULL, where the next begins, or to LAST, where the loop is left. */
static void body_fill(struct tree *t, const struct sub_graph *g, const uint32_t *component, uint32_t from, uint32_t context, uint32_t loop, struct body *b) {
    uint32_t c = b->component;
    bool *begins = mem_alloc(g->nodes.len + 1), *leaves = mem_alloc(g->nodes.len + 1);
    b->number = mem_alloc((g->nodes.len + 1) * sizeof *b->number);
    for (uint32_t v = 0; v < g->nodes.len; v++)
        if (component[v] == c)
            b->number[v] = sub_node(&b->g, g->nodes.data[v]);
    b->full = sub_node(&b->g, NONE);
    b->last = sub_node(&b->g, NONE);
    if (component[from] == c)
        begins[from] = true;
    for (size_t i = 0; i < g->edges.len; i++) {
        struct sub_edge x = g->edges.data[i];
        bool back = component[x.from] == c && component[x.to] == c && repeats(t, g, &x, context, loop);
        if (component[x.to] == c && (back || component[x.from] != c))
            begins[x.to] = true;
        if (component[x.from] == c && component[x.to] != c)
            leaves[x.from] = true;
        if (component[x.from] != c || component[x.to] != c)
            continue;
        x.from = b->number[x.from];
        x.to = back ? b->full : b->number[x.to];
        vec_push(&b->g.edges, x);
    }
    uint32_t entries = 0;
    for (uint32_t v = 0; v < g->nodes.len; v++) {
        if (leaves[v])
            vec_push(&b->g.edges, ((struct sub_edge){b->number[v], b->last, tree_add(t, TREE_EMPTY), g->nodes.data[v], NONE}));
        entries += begins[v];
        b->entry = begins[v] ? b->number[v] : b->entry;
    }
    b->several = entries > 1;
    if (b->several) {
        b->entry = sub_node(&b->g, NONE);
        for (uint32_t v = 0; v < g->nodes.len; v++)
            if (begins[v])
                vec_push(&b->g.edges, ((struct sub_edge){b->entry, b->number[v], tree_add(t, TREE_EMPTY), NONE, NONE}));
    }
    free(begins);
    free(leaves);
}

static int contract_loops(struct tree *t, struct sub_graph *g, uint32_t *from, struct err *e);

/* The body's graph, loops in it contracted, goes into the loop's node; in the iteration's tree both its ends are one. */
static int body_close(struct tree *t, struct body *b, uint32_t loop_node, struct err *e) {
    if (contract_loops(t, &b->g, &b->entry, e) < 0)
        return -1;
    size_t n = b->g.nodes.len;
    uint32_t *order = mem_alloc((n + 1) * sizeof *order), *number = mem_alloc((n + 1) * sizeof *number), count = 1;
    bool *used = mem_alloc(n + 1);
    if (!sub_order(&b->g, order)) {
        free(order);
        free(number);
        free(used);
        return err_set(e, ERR_INCOMPLETE, "a cycle within a loop that does not pass its header");
    }
    for (size_t i = 0; i < b->g.edges.len; i++)
        used[b->g.edges.data[i].from] = used[b->g.edges.data[i].to] = true;
    for (size_t i = 0; i < n; i++)
        if (used[order[i]] && order[i] != b->entry && order[i] != b->full && order[i] != b->last)
            number[order[i]] = count++;
    number[b->entry] = 0;
    number[b->full] = count++;
    number[b->last] = count++;
    t->nodes.data[loop_node].places = count;
    for (size_t i = 0; i < b->g.edges.len; i++) {
        struct sub_edge *x = &b->g.edges.data[i];
        vec_push(&t->nodes.data[loop_node].dag, ((struct tree_edge){number[x->from], number[x->to], x->tree, x->to == b->last ? x->mark : NONE}));
        x->to = x->to == b->full ? b->last : x->to;
    }
    free(order);
    free(number);
    free(used);
    /* Copies: reducing makes sequences by appending to what it finds, but the loop's graph still names these nodes. */
    for (size_t i = 0; i < b->g.edges.len; i++) {
        struct tree_node *x = &t->nodes.data[b->g.edges.data[i].tree];
        if (x->kind != TREE_SEQUENCE && x->kind != TREE_ALTERNATIVE)
            continue;
        uint32_t copy = tree_add(t, t->nodes.data[b->g.edges.data[i].tree].kind);
        x = &t->nodes.data[b->g.edges.data[i].tree];
        for (size_t k = 0; k < x->parts.len; k++)
            vec_push(&t->nodes.data[copy].parts, x->parts.data[k]);
        b->g.edges.data[i].tree = copy;
    }
    uint32_t iteration = tree_reduce(t, &b->g, b->entry, b->last);
    vec_push(&t->nodes.data[loop_node].parts, iteration);
    return 0;
}

/* The component's nodes are left without edges; two new ones, before and behind the loop, take their place. */
static int contract(struct tree *t, struct sub_graph *g, const uint32_t *component, uint32_t c, uint32_t *from, struct err *e) {
    uint32_t context = NONE, loop, node = tree_add(t, TREE_LOOP);
    struct body b = {.component = c};
    if (loop_of(t, g, component, c, &context, &loop, e) < 0)
        return -1;
    body_fill(t, g, component, *from, context, loop, &b);
    struct tree_node *n = &t->nodes.data[node];
    n->context = context;
    n->loop = loop;
    n->several = b.several;
    n->max = cfg_of(t)->loops.data[loop].max;
    n->bit = replay_loops_around(walk_of(t), context) + cfg_of(t)->loops.data[loop].depth - 1;
    if (b.several)
        t->looser = "a loop has several entries";
    int rc = body_close(t, &b, node, e);
    free(b.number);
    sub_free(&b.g);
    if (rc < 0)
        return -1;
    uint32_t before = sub_node(g, NONE), behind = sub_node(g, NONE), leaving = NONE;
    size_t kept = 0, exits = 0;
    for (size_t i = 0; i < g->edges.len; i++) {
        const struct sub_edge *x = &g->edges.data[i];
        if (component[x->from] == c && component[x->to] != c && x->from != leaving) {
            exits += leaving != NONE || exits == 0;
            leaving = x->from;
        }
    }
    for (size_t i = 0; i < g->edges.len; i++) {
        struct sub_edge x = g->edges.data[i];
        bool in = component[x.to] == c, out = component[x.from] == c;
        if (in && out)
            continue;
        if (out) {
            uint32_t exit = exits > 1 ? tree_add(t, TREE_EXIT) : NONE;
            if (exit != NONE) {
                t->nodes.data[exit].of = node;
                t->nodes.data[exit].mark = g->nodes.data[x.from];
                x.tree = tree_then(t, exit, x.tree);
            }
            x.from = behind;
        }
        x.to = in ? before : x.to;
        g->edges.data[kept++] = x;
    }
    g->edges.len = kept;
    vec_push(&g->edges, ((struct sub_edge){before, behind, node, NONE, NONE}));
    *from = component[*from] == c ? before : *from;
    return 0;
}

static int contract_loops(struct tree *t, struct sub_graph *g, uint32_t *from, struct err *e) {
    size_t nodes = g->nodes.len;
    uint32_t *component = mem_alloc((nodes * 3 + 3) * sizeof *component); /* two more nodes a component may come, in no component */
    size_t n = components_of(g, component);
    memset(component + nodes, 0xff, (nodes * 2 + 2) * sizeof *component);
    bool *cyclic = mem_alloc(n + 1);
    for (size_t i = 0; i < g->edges.len; i++)
        cyclic[component[g->edges.data[i].from]] |= component[g->edges.data[i].from] == component[g->edges.data[i].to];
    int rc = 0;
    for (uint32_t c = 0; c < n && rc == 0; c++)
        if (cyclic[c])
            rc = contract(t, g, component, c, from, e);
    free(component);
    free(cyclic);
    return rc;
}

static int solve(struct tree *t, struct sub_graph *g, uint32_t from, uint32_t to, uint32_t *tree, struct err *e) {
    if (contract_loops(t, g, &from, e) < 0)
        return -1;
    *tree = tree_reduce(t, g, from, to);
    return 0;
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
        vec_push(&body->edges, ((struct sub_edge){a->number[x->from], a->number[x->to], x->tree, x->mark, x->within}));
        x->tree = NONE;
    }
}

/* The activation becomes one edge, from its entry to where it returns. */
static int call_edge(struct activations *a, uint32_t context, uint32_t entry, uint32_t next, uint32_t within, struct err *e) {
    struct sub_graph body = {0};
    uint32_t tree;
    take_body(a, context, next, &body);
    int rc = solve(a->t, &body, a->number[entry], a->number[next], &tree, e);
    sub_free(&body);
    if (rc < 0)
        return -1;
    if (a->t->nodes.data[tree].kind != TREE_EMPTY) {
        uint32_t call = tree_add(a->t, TREE_CALL);
        a->t->nodes.data[call].context = context;
        vec_push(&a->t->nodes.data[call].parts, tree);
        tree = call;
    }
    struct activation *own = &a->of[context];
    own->nodes.len = own->edges.len = 0;
    vec_push(&own->nodes, entry);
    vec_push(&a->g->edges, ((struct sub_edge){entry, next, tree, NONE, within}));
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
            vec_push(&order, ((struct ranked){c, context_depth(w, c)}));
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
                if (l != NONE && loop_begins(cfg_of(t), l, w->nodes.data[we->to].block))
                    rc = err_set(e, ERR_INCOMPLETE, "%s begins a loop but is no instrumentation point", place_name(t, we->to));
                if (!before)
                    vec_push(&queue, we->to);
            } else if (!before) {
                uint32_t unit = tree_add(t, TREE_UNIT);
                t->nodes.data[unit].ipg = we->ipg;
                vec_push(&g->edges, ((struct sub_edge){number[point], number[we->to], unit, NONE, we->within}));
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
            vec_push(&g->edges, ((struct sub_edge){number[n], *to, tree_add(t, TREE_EMPTY), NONE, NONE}));
        else
            rc = add_steps(t, g, number, n, e);
    }
    *from = number[r->start];
    free(number);
    return rc;
}

static void note_constraints(struct tree *t) {
    const struct row_graph *r = t->row;
    for (size_t i = 0; i < r->via.len; i++)
        if (r->via_needs_row.data[i])
            t->looser = "the entry has ways that do not pass its 'via'";
    for (size_t i = 0; i < cfg_of(t)->exclusive.len; i++) {
        bool has[2] = {false, false};
        for (size_t k = 0; k < r->nodes.len; k++) {
            uint32_t block = walk_of(t)->nodes.data[r->nodes.data[k]].block;
            has[0] |= block == cfg_of(t)->exclusive.data[i].a;
            has[1] |= block == cfg_of(t)->exclusive.data[i].b;
        }
        if (has[0] && has[1])
            t->looser = "a fact excludes ways by what was passed before";
    }
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
        rc = solve(t, &g, from, to, &t->root, e);
    if (rc == 0)
        note_constraints(t);
    sub_free(&g);
    if (rc < 0)
        tree_free(t);
    return rc;
}
