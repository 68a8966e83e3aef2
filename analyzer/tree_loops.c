/* Loops of a graph being reduced: each strongly connected component, cut at the edges that the integer program counts for its loop, is one
 * iteration; the iterations become an edge, behind which all ways out begin. */
#include "analyzer/replay.h"
#include "analyzer/tree.h"

static const struct walk *walk_of(const struct tree *t) { return t->row->w->walk; }
static const struct cfg *cfg_of(const struct tree *t) { return t->row->w->cfg; }

uint32_t sub_node(struct sub_graph *g, uint32_t walk_node) {
    vec_push(&g->nodes, walk_node);
    return (uint32_t)g->nodes.len - 1;
}

uint32_t tree_context_depth(const struct walk *w, uint32_t context) {
    uint32_t n = 0;
    for (; context != NONE; context = w->contexts.data[context].parent)
        n++;
    return n;
}

bool tree_loop_begins(const struct cfg *g, uint32_t loop, uint32_t block) {
    const struct loop *l = &g->loops.data[loop];
    for (size_t i = 0; i < l->entries.len; i++)
        if (l->entries.data[i] == block)
            return true;
    return false;
}

static bool loop_contains(const struct cfg *g, uint32_t loop, uint32_t block) {
    for (uint32_t l = g->blocks.data[block].loop; l != NONE; l = g->loops.data[l].parent)
        if (l == loop)
            return true;
    return false;
}

/* Does the edge lead back to an entry of the loop, from within it, in CONTEXT? The integer program counts the same edges. */
static bool repeats(const struct tree *t, const struct sub_graph *g, const struct sub_edge *e, uint32_t context, uint32_t loop) {
    if (g->nodes.data[e->to] == NONE || e->within == NONE)
        return false;
    const struct walk_node *to = &walk_of(t)->nodes.data[g->nodes.data[e->to]];
    return to->context == context && tree_loop_begins(cfg_of(t), loop, to->block) && loop_contains(cfg_of(t), loop, e->within);
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
            uint32_t depth = tree_context_depth(w, to->context), best = *loop == NONE ? UINT32_MAX : tree_context_depth(w, *context);
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
static void replace(struct tree *t, struct sub_graph *g, const uint32_t *component, uint32_t c, uint32_t node, uint32_t *from) {
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
}

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
    replace(t, g, component, c, node, from);
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

int tree_solve(struct tree *t, struct sub_graph *g, uint32_t from, uint32_t to, uint32_t *tree, struct err *e) {
    if (contract_loops(t, g, &from, e) < 0)
        return -1;
    *tree = tree_reduce(t, g, from, to);
    return 0;
}
