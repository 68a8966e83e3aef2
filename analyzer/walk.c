/* The expanded graph. Virtual inlining (Martin, Alt, Wilhelm, Ferdinand, CC 1998, "Analysis of loops" and call strings): every
 * call gets a context of its own, so a return goes to its own call site only, and what is said of a node is said of one way to it. */
#include "analyzer/analyzer.h"

struct walk *walk_new(const struct cfg *g) {
    struct walk *w = mem_alloc(sizeof *w);
    w->cfg = g;
    w->dead = mem_alloc(g->functions.len + 1);
    cfg_dead_ends(g, NULL, 0, w->dead);
    return w;
}

void walk_keep(struct walk *w, const uint64_t *addr, size_t n) { cfg_dead_ends(w->cfg, addr, n, w->dead); }

void walk_free(struct walk *w) {
    if (!w)
        return;
    vec_free(&w->contexts);
    vec_free(&w->nodes);
    vec_free(&w->edges);
    vec_free(&w->ipg);
    map_free(&w->context_index);
    map_free(&w->node_index);
    map_free(&w->ipg_index);
    free(w->dead);
    free(w);
}

/* The maps are keyed by 64 bits that hold two indices; a third is chained through this: an index of the first pair. */
static uint64_t pair(uint32_t a, uint32_t b) { return (uint64_t)a << 32 | b; }

static uint32_t activations(const struct walk *w, uint32_t context, uint32_t function) {
    for (; context != NONE; context = w->contexts.data[context].parent)
        if (w->contexts.data[context].function == function)
            return w->contexts.data[context].depth;
    return 0;
}

/* A call's context is determined by parent, site and callee; with a handful of callees a site, chaining over them is short. */
static uint32_t context_of(struct walk *w, uint32_t parent, uint32_t site, uint32_t function, bool tail) {
    uint64_t first, key = hash_bytes((uint32_t[]){parent, site, function}, 12, 0);
    for (;; key++) {
        if (!map_get(&w->context_index, key, &first))
            break;
        const struct context *c = &w->contexts.data[first];
        if (c->parent == parent && c->site == site && c->function == function)
            return (uint32_t)first;
    }
    struct context c = {parent, site, function, tail, activations(w, parent, function) + 1};
    vec_push(&w->contexts, c);
    map_put(&w->context_index, key, w->contexts.len - 1);
    return (uint32_t)w->contexts.len - 1;
}

bool walk_at_point(const struct walk *w, uint32_t node) { return w->nodes.data[node].last == node; }

static uint32_t node_of(struct walk *w, uint32_t context, uint32_t block, uint32_t last) {
    bool point = w->cfg->blocks.data[block].point != NONE;
    uint64_t found, key = hash_bytes((uint32_t[]){context, block, point ? NONE : last}, 12, 1);
    for (;; key++) {
        if (!map_get(&w->node_index, key, &found))
            break;
        const struct walk_node *n = &w->nodes.data[found];
        if (n->context == context && n->block == block && (point || n->last == last))
            return (uint32_t)found;
    }
    uint32_t id = (uint32_t)w->nodes.len;
    struct walk_node n = {.context = context, .block = block, .last = point ? id : last};
    vec_push(&w->nodes, n);
    map_put(&w->node_index, key, id);
    return id;
}

uint32_t walk_start(struct walk *w, uint32_t block) {
    uint32_t c = context_of(w, NONE, block, w->cfg->blocks.data[block].function, false);
    return node_of(w, c, block, NONE);
}

static uint32_t ipg_of(struct walk *w, uint32_t from, uint32_t to) {
    uint64_t found;
    if (map_get(&w->ipg_index, pair(from, to), &found))
        return (uint32_t)found;
    struct ipg_edge e = {from, to};
    vec_push(&w->ipg, e);
    map_put(&w->ipg_index, pair(from, to), w->ipg.len - 1);
    return (uint32_t)w->ipg.len - 1;
}

static void add_edge(struct walk *w, uint32_t from, uint32_t context, uint32_t block, uint32_t within) {
    if (w->cfg->blocks.data[block].never)
        return;
    uint32_t last = w->nodes.data[from].last, to = node_of(w, context, block, last);
    struct walk_edge e = {from, to, within, NONE};
    if (walk_at_point(w, to) && last != NONE)
        e.ipg = ipg_of(w, last, to);
    vec_push(&w->edges, e);
    w->nodes.data[from].edges++;
}

/* A callee that is already `recursion` times on the string is not entered again: that is what the fact says cannot happen. */
static int add_calls(struct walk *w, uint32_t node, bool tail, struct err *e) {
    const struct cfg *g = w->cfg;
    uint32_t context = w->nodes.data[node].context, site = w->nodes.data[node].block;
    const struct block *b = &g->blocks.data[site];
    for (uint32_t i = 0; i < b->calls; i++) {
        uint32_t callee = g->calls.data[b->call + i];
        const struct function *f = &g->functions.data[callee];
        uint32_t active = activations(w, context, callee);
        if (w->dead[callee])
            continue;
        if (active >= 1 && f->recursion <= 1)
            return err_set(e, ERR_INCOMPLETE, "%s calls %s recursively: a fact 'recursion %s max N' is needed",
                           cfg_describe(g, b->addr), f->name, f->name);
        if (active < 1 || active < f->recursion)
            add_edge(w, node, context_of(w, context, site, callee, tail), f->entry, NONE);
    }
    return 0;
}

/* Returning from a chain of tail calls goes to where the first of them was called from; if that is the entry of another function,
 * it is as if the caller tail-called it. */
static void add_return(struct walk *w, uint32_t node) {
    const struct cfg *g = w->cfg;
    const struct context *c = &w->contexts.data[w->nodes.data[node].context];
    while (c->tail)
        c = &w->contexts.data[c->parent];
    if (c->parent == NONE)
        return;
    uint32_t site = c->site, parent = c->parent;
    const struct block *b = &g->blocks.data[site];
    for (uint32_t i = 0; i < b->edges; i++)
        add_edge(w, node, parent, g->edges.data[b->edge + i].to, site);
    if (b->resume != NONE)
        add_edge(w, node, context_of(w, parent, site, b->resume, true), g->functions.data[b->resume].entry, NONE);
}

/* What is not known of the block's last instruction, and the fact that says it. */
static int unknown_way(const struct cfg *g, const struct block *b, struct err *e) {
    const char *fact = b->end == END_CALL || b->end == END_STOP ? "calls" : "jumps";
    for (size_t i = 0; i < g->unresolved.len; i++) {
        const struct unresolved *u = &g->unresolved.data[i];
        if (u->addr - b->addr < b->size)
            return err_set(e, ERR_INCOMPLETE, "%s: where control goes from here is not known: %s; a fact `%s 0x%llx TARGET…` tells", cfg_describe(g, b->addr), u->why, fact,
                           (unsigned long long)u->addr);
    }
    return err_set(e, ERR_INCOMPLETE, "%s: where control goes from here is not known", cfg_describe(g, b->addr));
}

int walk_expand(struct walk *w, uint32_t node, struct err *e) {
    const struct cfg *g = w->cfg;
    if (w->nodes.data[node].expanded)
        return 0;
    uint32_t context = w->nodes.data[node].context, block = w->nodes.data[node].block;
    const struct block *b = &g->blocks.data[block];
    if (w->nodes.len > WALK_LIMIT)
        return err_set(e, ERR_INCOMPLETE, "the graph of the entry has more than %d nodes when calls are inlined", WALK_LIMIT);
    if (b->switches) {
        w->nodes.data[node].expanded = true;
        return 0;
    }
    if (b->open || b->end == END_OPEN)
        return unknown_way(g, b, e);
    w->nodes.data[node].edge = (uint32_t)w->edges.len;
    w->nodes.data[node].expanded = true;
    if (b->end == END_CALL || b->end == END_STOP)
        return add_calls(w, node, false, e);
    if (b->end == END_RETURN)
        add_return(w, node);
    else
        for (uint32_t i = 0; i < b->edges; i++)
            add_edge(w, node, context, g->edges.data[b->edge + i].to, block);
    return add_calls(w, node, true, e);
}

bool walk_ends(const struct walk *w, uint32_t node) {
    const struct walk_node *n = &w->nodes.data[node];
    const struct block *b = &w->cfg->blocks.data[n->block];
    if (b->switches || b->end != END_RETURN)
        return b->switches || b->end == END_TRAP_RETURN;
    const struct context *c = &w->contexts.data[n->context];
    while (c->tail)
        c = &w->contexts.data[c->parent];
    return c->parent == NONE;
}

char *walk_context_name(const struct walk *w, uint32_t context) {
    const struct context *c = &w->contexts.data[context];
    const struct cfg *g = w->cfg;
    if (c->parent == NONE)
        return str_dup(cfg_describe(g, g->blocks.data[c->site].addr));
    char *parent = walk_context_name(w, c->parent);
    char *name = str_printf("%s/%s%c%s", parent, cfg_describe(g, g->blocks.data[c->site].addr), c->tail ? '~' : '>',
                            g->functions.data[c->function].name);
    free(parent);
    return name;
}
