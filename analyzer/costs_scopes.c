/* Loops as scopes of first-misses: a loop in a context, with all that it calls. */
#include "analyzer/costs_own.h"

struct scope_key {
    uint64_t key;              /* context and loop */
    uint32_t scope;
};

static void put_node(struct cache_graph *g, struct map *index, uint32_t context, uint32_t loop, uint32_t node) {
    uint64_t key = (uint64_t)context << 32 | loop, at;
    if (!map_get(index, key, &at)) {
        at = g->scopes.len;
        vec_push(&g->scopes, ((struct cache_scope){0}));
        map_put(index, key, at);
    }
    vec_push(&g->scopes.data[at].nodes, node);
}

static int larger_first(const void *va, const void *vb) {
    const struct cache_scope *a = va, *b = vb;
    if (a->nodes.len != b->nodes.len)
        return a->nodes.len > b->nodes.len ? -1 : 1;
    return a->nodes.data[0] < b->nodes.data[0] ? -1 : a->nodes.data[0] > b->nodes.data[0];
}

/* An inner loop is a part of the outer one, so it is not the larger. One with the start in it is entered without an edge: left out. */
void row_model_scopes(struct row_model *m, struct cache_graph *g) {
    const struct walk *w = m->r->w->walk;
    const struct cfg *k = w->cfg;
    struct map index = {0};
    for (uint32_t n = 0; n < m->r->nodes.len; n++) {
        const struct walk_node *wn = &w->nodes.data[m->r->nodes.data[n]];
        uint32_t block = wn->block;
        for (uint32_t c = wn->context; c != NONE; block = w->contexts.data[c].site, c = w->contexts.data[c].parent)
            for (uint32_t l = k->blocks.data[block].loop; l != NONE; l = k->loops.data[l].parent)
                put_node(g, &index, c, l, n);
    }
    map_free(&index);
    size_t kept = 0;
    for (size_t i = 0; i < g->scopes.len; i++) {
        bool starts = false;
        for (size_t j = 0; j < g->scopes.data[i].nodes.len; j++)
            starts |= g->scopes.data[i].nodes.data[j] == g->start;
        if (starts)
            vec_free(&g->scopes.data[i].nodes);
        else
            g->scopes.data[kept++] = g->scopes.data[i];
    }
    g->scopes.len = kept;
    if (kept)
        qsort(g->scopes.data, kept, sizeof *g->scopes.data, larger_first);
}

/* ---- what it costs to enter them ------------------------------------------------------------------------------------------- */

/* In case C (without a symbol: 0) the first-misses of a symbol's lines, or of all plain ones: each line once. */
static uint64_t lines_once(const struct row_model *m, int store, uint32_t scope, uint32_t symbol, uint32_t c, uint64_t base) {
    const struct cache_graph *g = &m->graph[store];
    uint64_t bytes = m->c->store[store].shape.line;
    unsigned shift = bytes ? (unsigned)__builtin_ctzll(bytes) : 0; /* no such store: nothing looks it up */
    struct map seen = {0};
    uint64_t n = 0, there;
    for (size_t e = 0; e < g->events.len; e++) {
        const struct cache_event *x = &g->events.data[e];
        if (x->kind != CACHE_ACCESS || x->symbol != symbol || m->verdict[store][e].scope != scope || !(m->verdict[store][e].miss >> c & 1))
            continue;
        uint64_t line = (uint64_t)((int64_t)(x->lo + base) >> shift);
        if (!map_get(&seen, line, &there))
            n++;
        map_put(&seen, line, 0);
    }
    map_free(&seen);
    return n;
}

static uint64_t symbol_once(const struct row_model *m, int store, uint32_t scope, uint32_t symbol) {
    uint64_t base[CACHE_CASES], most = 0;
    uint32_t cases = cache_cases(&m->graph[store], symbol, m->c->store[store].shape.line, base);
    for (uint32_t c = 0; c < cases; c++) {
        uint64_t n = lines_once(m, store, scope, symbol, c, base[c]);
        most = n > most ? n : most;
    }
    return most;
}

static uint64_t misses_once(const struct row_model *m, int store, uint32_t scope) {
    const struct cache_graph *g = &m->graph[store];
    struct map symbols = {0};
    uint64_t n = lines_once(m, store, scope, 0, 0, 0), there;
    for (size_t e = 0; e < g->events.len; e++) {
        uint32_t symbol = g->events.data[e].symbol;
        if (m->verdict[store][e].scope != scope || !symbol || map_get(&symbols, symbol, &there))
            continue;
        map_put(&symbols, symbol, 0);
        n += symbol_once(m, store, scope, symbol);
    }
    map_free(&symbols);
    return n;
}

static void add_entering(struct row_model *m, const struct cache_scope *scope, uint64_t cycles) {
    const struct walk *w = m->r->w->walk;
    bool *inside = mem_alloc(m->r->nodes.len + 1);
    for (size_t i = 0; i < scope->nodes.len; i++)
        inside[scope->nodes.data[i]] = true;
    for (size_t i = 0; i < m->r->edges.len; i++) {
        const struct walk_edge *we = &w->edges.data[m->r->edges.data[i]];
        if (inside[m->r->number.data[we->to]] && !inside[m->r->number.data[we->from]])
            m->entering.data[i] += cycles;
    }
    free(inside);
}

void row_model_entering(struct row_model *m) {
    while (m->entering.len < m->r->edges.len)
        vec_push(&m->entering, 0);
    for (int s = 0; s < STORES; s++)
        for (uint32_t k = 0; k < m->graph[s].scopes.len; k++) {
            uint64_t n = misses_once(m, s, k);
            if (n)
                add_entering(m, &m->graph[s].scopes.data[k], n * m->c->store[s].penalty.most);
        }
}
