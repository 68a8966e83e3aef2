/* Loops of a graph being reduced: each strongly connected component, cut at the edges that the integer program counts for its loop, is one
 * iteration. The loop becomes edges, one from each of its entries to each of its exits: nothing of where control came in and went out
 * is lost to what asks for the longest way. Only the tree made of the graph takes all entries for one, and all exits. */
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
static int loop_of(const struct tree *t, const struct sub_graph *g, const uint32_t *component, uint32_t c, uint32_t *context, uint32_t *loop, struct err *e) {
    const struct walk *w = walk_of(t);
    const struct cfg *cfg = cfg_of(t);
    *loop = NONE;
    for (size_t i = 0; i < g->edges.len; i++) {
        const struct sub_edge *x = &g->edges.data[i];
        if (component[x->from] != c || component[x->to] != c || g->nodes.data[x->to] == NONE)
            continue;
        const struct walk_node *to = &w->nodes.data[g->nodes.data[x->to]];
        for (uint32_t l = cfg->blocks.data[to->block].loop; l != NONE; l = cfg->loops.data[l].parent) {
            if (!repeats(t, g, x, to->context, l))
                continue;
            uint32_t depth = tree_context_depth(w, to->context), best = *loop == NONE ? UINT32_MAX : tree_context_depth(w, *context);
            if (depth < best || (depth == best && cfg->loops.data[l].depth < cfg->loops.data[*loop].depth)) {
                *context = to->context;
                *loop = l;
            }
        }
    }
    if (*loop == NONE)
        return err_set(e, ERR_INCOMPLETE, "a cycle that is no loop of the control-flow graph");
    if (cfg->loops.data[*loop].origin == BOUND_NONE)
        return err_set(e, ERR_INCOMPLETE, "no bound for the loop at %s", cfg_describe(cfg, cfg->blocks.data[cfg->loops.data[*loop].header].addr));
    return 0;
}

static void connect(struct tree *t, struct sub_graph *g, uint32_t from, uint32_t to) {
    uint32_t nothing = tree_add(t, TREE_EMPTY);
    vec_push(&g->edges, ((struct sub_edge){from, to, nothing, NONE, 0, 0}));
}

/* ---- from acyclic graphs to flows and trees ------------------------------------------------------------------------------ */

typedef VEC(uint32_t) places;

void tree_flow_free(struct tree_flow *f) {
    vec_free(&f->edges);
    vec_free(&f->entry);
    vec_free(&f->again);
    vec_free(&f->exit);
}

static int by_place(const void *va, const void *vb) {
    const struct flow_edge *a = va, *b = vb;
    return a->from != b->from ? (a->from < b->from ? -1 : 1) : (a->to > b->to) - (a->to < b->to);
}

/* Places are numbered as control flows. false: there is a cycle. */
static bool flow_of(const struct sub_graph *g, const places *entry, const places *again, const places *exit, struct tree_flow *f) {
    uint32_t *order = mem_alloc((g->nodes.len + 1) * sizeof *order), *number = mem_alloc((g->nodes.len + 1) * sizeof *number);
    *f = (struct tree_flow){.places = (uint32_t)g->nodes.len};
    bool acyclic = sub_order(g, order);
    for (uint32_t i = 0; acyclic && i < g->nodes.len; i++)
        number[order[i]] = i;
    for (size_t i = 0; i < g->edges.len; i++) {
        const struct sub_edge *x = &g->edges.data[i];
        vec_push(&f->edges, ((struct flow_edge){number[x->from], number[x->to], x->tree, x->enter, x->leave}));
    }
    if (f->edges.len)
        qsort(f->edges.data, f->edges.len, sizeof *f->edges.data, by_place);
    for (size_t i = 0; i < entry->len; i++)
        vec_push(&f->entry, number[entry->data[i]]);
    for (size_t i = 0; i < again->len; i++)
        vec_push(&f->again, number[again->data[i]]);
    for (size_t i = 0; i < exit->len; i++)
        vec_push(&f->exit, number[exit->data[i]]);
    free(order);
    free(number);
    return acyclic;
}

/* The same graph with all of a loop's edges as one, and with one entry and one exit. What is merged has no way from one to the other, so no
 * cycle comes of it: a component is left for good. Behind a loop with several exits a node of the tree says which was taken. */
static uint32_t tree_of(struct tree *t, struct sub_graph *g, const places *entry, const places *again, const places *exit) {
    uint32_t *same = mem_alloc((g->nodes.len + 1) * sizeof *same), *left = mem_alloc((g->nodes.len + 1) * sizeof *left);
    size_t kept = 0;
    for (uint32_t v = 0; v < g->nodes.len; v++)
        same[v] = v;
    for (size_t i = 0; i < entry->len; i++)
        same[entry->data[i]] = entry->data[0];
    for (size_t i = 0; i < again->len; i++)
        same[again->data[i]] = exit->data[0];
    for (size_t i = 0; i < exit->len; i++)
        same[exit->data[i]] = exit->data[0];
    struct map first = {0};
    for (size_t i = 0; i < g->edges.len; i++) {
        struct sub_edge *x = &g->edges.data[i];
        uint64_t at;
        if (t->nodes.data[x->tree].kind != TREE_LOOP)
            continue;
        if (!map_get(&first, x->tree, &at))
            map_put(&first, x->tree, at = i);
        same[x->from] = g->edges.data[at].from;
        same[x->to] = g->edges.data[at].to;
        left[x->to] = t->nodes.data[x->tree].flow.exit.len > 1 ? g->nodes.data[x->to] + 1 : 0;
        if (at != i)
            x->tree = NONE;
    }
    for (size_t i = 0; i < g->edges.len; i++) {
        struct sub_edge x = g->edges.data[i];
        if (x.tree == NONE)
            continue;
        if (left[x.from]) {
            uint32_t said = tree_add(t, TREE_EXIT);
            t->nodes.data[said].mark = left[x.from] - 1;
            x.tree = tree_then(t, said, x.tree);
        }
        x.from = same[x.from];
        x.to = same[x.to];
        g->edges.data[kept++] = x;
    }
    g->edges.len = kept;
    map_free(&first);
    free(same);
    free(left);
    return tree_reduce(t, g, entry->data[0], exit->data[0]);
}

/* ---- contraction --------------------------------------------------------------------------------------------------------- */

/* A component on its way to become a loop: where it is entered from outside or by its own iterations, and the nodes that it is left from. */
struct component {
    uint32_t id, context, loop, node;
    places entry, exit;       /* nodes of the graph that it is in */
};

static const char broken[] = "a part of a loop with several entries is left that is no cycle: how often it is passed is not counted";

/* Is the node in the loop, itself or by the calls that led to it? */
static bool is_within(const struct tree *t, uint32_t walk_node, const struct component *c) {
    const struct walk *w = walk_of(t);
    if (walk_node == NONE)
        return false;
    uint32_t context = w->nodes.data[walk_node].context, block = w->nodes.data[walk_node].block;
    for (; context != NONE && context != c->context; context = w->contexts.data[context].parent)
        block = w->contexts.data[context].site;
    return context == c->context && loop_contains(cfg_of(t), c->loop, block);
}

/* Facts may leave several cycles of what was one loop. To come to one from within the loop is not to enter the loop. */
static void find_ends(struct tree *t, const struct sub_graph *g, const uint32_t *component, struct component *c) {
    bool *begins = mem_alloc(g->nodes.len + 1), *leaves = mem_alloc(g->nodes.len + 1);
    for (size_t i = 0; i < g->edges.len; i++) {
        const struct sub_edge *x = &g->edges.data[i];
        bool from = component[x->from] == c->id, to = component[x->to] == c->id;
        begins[x->to] |= to && (!from || repeats(t, g, x, c->context, c->loop));
        leaves[x->from] |= from && !to;
        if (to && !from && is_within(t, g->nodes.data[x->from], c))
            t->looser = broken;
    }
    for (uint32_t v = 0; v < g->nodes.len; v++) {
        if (begins[v])
            vec_push(&c->entry, v);
        if (leaves[v])
            vec_push(&c->exit, v);
    }
    free(begins);
    free(leaves);
}

static uint32_t place_in(const places *p, uint32_t v) {
    uint32_t i = 0;
    while (p->data[i] != v)
        i++;
    return i;
}

static int contract_loops(struct tree *t, struct sub_graph *g, struct err *e);

/* One iteration: from where it begins to where the next one does, or to where the loop is left. */
static int make_body(struct tree *t, const struct sub_graph *g, const uint32_t *component, const struct component *c, struct err *e) {
    struct sub_graph b = {0};
    places entry = {0}, again = {0}, exit = {0};
    uint32_t *number = mem_alloc((g->nodes.len + 1) * sizeof *number);
    for (uint32_t v = 0; v < g->nodes.len; v++)
        if (component[v] == c->id)
            number[v] = sub_node(&b, g->nodes.data[v]);
    for (size_t i = 0; i < c->entry.len; i++) {
        vec_push(&entry, sub_node(&b, NONE));
        vec_push(&again, sub_node(&b, NONE));
        connect(t, &b, entry.data[i], number[c->entry.data[i]]);
    }
    for (size_t i = 0; i < g->edges.len; i++) {
        struct sub_edge x = g->edges.data[i];
        if (component[x.from] != c->id || component[x.to] != c->id)
            continue;
        bool back = repeats(t, g, &x, c->context, c->loop);
        t->repeats += back;
        x.from = number[x.from];
        x.to = back ? again.data[place_in(&c->entry, x.to)] : number[x.to];
        vec_push(&b.edges, x);
    }
    for (size_t i = 0; i < c->exit.len; i++) {
        vec_push(&exit, sub_node(&b, NONE));
        connect(t, &b, number[c->exit.data[i]], exit.data[i]);
    }
    int rc = contract_loops(t, &b, e);
    if (rc == 0 && !flow_of(&b, &entry, &again, &exit, &t->nodes.data[c->node].flow))
        rc = err_set(e, ERR_INCOMPLETE, "a cycle within a loop that does not pass its header");
    if (rc == 0) {
        uint32_t iteration = tree_of(t, &b, &entry, &again, &exit);
        vec_push(&t->nodes.data[c->node].parts, iteration);
    }
    free(number);
    vec_free(&entry);
    vec_free(&again);
    vec_free(&exit);
    sub_free(&b);
    return rc;
}

/* The component's nodes are left without edges: made-up ones, before each entry and behind each exit, take their place. */
static void replace(struct sub_graph *g, const uint32_t *component, const struct component *c) {
    places before = {0}, behind = {0};
    bool *entered = mem_alloc(c->entry.len + 1);
    size_t kept = 0;
    for (size_t i = 0; i < c->entry.len; i++)
        vec_push(&before, sub_node(g, NONE));
    for (size_t i = 0; i < c->exit.len; i++)
        vec_push(&behind, sub_node(g, g->nodes.data[c->exit.data[i]]));
    for (size_t i = 0; i < g->edges.len; i++) {
        struct sub_edge x = g->edges.data[i];
        bool in = component[x.to] == c->id, out = component[x.from] == c->id;
        if (in && out)
            continue;
        if (out)
            x.from = behind.data[place_in(&c->exit, x.from)];
        if (in) {
            entered[place_in(&c->entry, x.to)] = true;
            x.to = before.data[place_in(&c->entry, x.to)];
        }
        g->edges.data[kept++] = x;
    }
    g->edges.len = kept;
    for (uint32_t i = 0; i < before.len; i++)
        for (uint32_t k = 0; k < behind.len && entered[i]; k++)
            vec_push(&g->edges, ((struct sub_edge){before.data[i], behind.data[k], c->node, NONE, i, k}));
    vec_free(&before);
    vec_free(&behind);
    free(entered);
}

static int contract(struct tree *t, struct sub_graph *g, const uint32_t *component, uint32_t id, struct err *e) {
    struct component c = {.id = id};
    if (loop_of(t, g, component, id, &c.context, &c.loop, e) < 0)
        return -1;
    c.node = tree_add(t, TREE_LOOP);
    find_ends(t, g, component, &c);
    struct tree_node *n = &t->nodes.data[c.node];
    n->context = c.context;
    n->loop = c.loop;
    n->max = cfg_of(t)->loops.data[c.loop].max;
    n->bit = replay_loops_around(walk_of(t), c.context) + cfg_of(t)->loops.data[c.loop].depth - 1;
    t->several |= c.entry.len > 1;
    int rc = make_body(t, g, component, &c, e);
    if (rc == 0)
        replace(g, component, &c);
    vec_free(&c.entry);
    vec_free(&c.exit);
    return rc;
}

/* No node with edges to it alone, or from it alone, is in a component: ends of the graph that are needed are such. */
static int contract_loops(struct tree *t, struct sub_graph *g, struct err *e) {
    size_t nodes = g->nodes.len;
    uint32_t *component = mem_alloc((nodes * 3 + 3) * sizeof *component); /* made-up nodes, two for each of a component at most, are in none */
    size_t n = components_of(g, component);
    memset(component + nodes, 0xff, (nodes * 2 + 2) * sizeof *component);
    bool *cyclic = mem_alloc(n + 1);
    for (size_t i = 0; i < g->edges.len; i++)
        cyclic[component[g->edges.data[i].from]] |= component[g->edges.data[i].from] == component[g->edges.data[i].to];
    int rc = 0;
    for (uint32_t c = 0; c < n && rc == 0; c++)
        if (cyclic[c])
            rc = contract(t, g, component, c, e);
    free(component);
    free(cyclic);
    return rc;
}

/* Edges that the integer program counts as further iterations. */
static size_t count_repeats(const struct tree *t, const struct sub_graph *g) {
    size_t n = 0;
    for (size_t i = 0; i < g->edges.len; i++) {
        const struct sub_edge *x = &g->edges.data[i];
        if (g->nodes.data[x->to] == NONE)
            continue;
        const struct walk_node *to = &walk_of(t)->nodes.data[g->nodes.data[x->to]];
        for (uint32_t l = cfg_of(t)->blocks.data[to->block].loop; l != NONE; l = cfg_of(t)->loops.data[l].parent)
            n += repeats(t, g, x, to->context, l);
    }
    return n;
}

int tree_solve(struct tree *t, struct sub_graph *g, uint32_t from, uint32_t to, uint32_t *tree, struct tree_flow *flow, struct err *e) {
    places entry = {0}, again = {0}, exit = {0};
    vec_push(&entry, sub_node(g, NONE));
    vec_push(&exit, to);
    connect(t, g, entry.data[0], from);
    *flow = (struct tree_flow){0};
    size_t before = t->repeats, repeating = count_repeats(t, g);
    int rc = contract_loops(t, g, e);
    if (t->repeats - before < repeating) /* facts may leave ways between the entries of a loop that are on no cycle any more */
        t->looser = broken;
    if (rc == 0 && !flow_of(g, &entry, &again, &exit, flow))
        rc = err_set(e, ERR_INCOMPLETE, "a cycle that is no loop of the control-flow graph");
    if (rc == 0)
        *tree = tree_of(t, g, &entry, &again, &exit);
    if (rc < 0)
        tree_flow_free(flow);
    vec_free(&entry);
    vec_free(&exit);
    return rc;
}
