#include "ilp/test/random_graph.h"

uint64_t random_next(uint64_t *state) { /* splitmix64 */
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint32_t below(uint64_t *s, uint32_t n) { return (uint32_t)(random_next(s) % n); }

static void add_edge(struct random_graph *r, uint64_t *s, uint32_t from, uint32_t to) {
    if (r->edges == GRAPH_EDGES)
        return;
    uint64_t cost = below(s, 4) ? below(s, 20) : 0;
    r->edge[r->edges].from = from;
    r->edge[r->edges].to = to;
    r->edge[r->edges].cost = cost;
    if (ipet_edge(r->g, from, to, cost) != r->edges++)
        abort();
}

/* Nodes that reach TAIL without passing HEADER, and the header. */
static void find_region(const struct random_graph *r, uint32_t header, bool *in) {
    in[header] = true;
    for (bool again = true; again;) {
        again = false;
        for (uint32_t k = 0; k < r->edges; k++) {
            bool to_region = r->edge[k].to == header ? r->edge[k].from >= header : in[r->edge[k].to];
            if (to_region && !in[r->edge[k].from])
                in[r->edge[k].from] = again = true;
        }
    }
}

static void add_loop(struct random_graph *r, uint64_t *s, uint32_t header) {
    bool in[GRAPH_NODES] = {false};
    uint32_t inside[GRAPH_EDGES], outside[GRAPH_EDGES];
    size_t insides = 0, outsides = 0;
    find_region(r, header, in);
    for (uint32_t k = 0; k < r->edges; k++)
        if (r->edge[k].to == header && r->edge[k].from >= header)
            inside[insides++] = k;
        else if (in[r->edge[k].to] && !in[r->edge[k].from])
            outside[outsides++] = k;
    if (!insides)
        return;
    uint64_t max = 1 + below(s, 3);
    ipet_loop(r->g, inside, insides, outside, outsides, max);
    r->loop[r->loops].max = max;
    r->loop[r->loops].source_enters = header == r->source;
    for (size_t k = 0; k < insides; k++)
        r->loop[r->loops].inside |= 1u << inside[k];
    for (size_t k = 0; k < outsides; k++)
        r->loop[r->loops].outside |= 1u << outside[k];
    r->loops++;
}

static void add_rule(struct random_graph *r, uint64_t *s) {
    struct ipet_term t[3];
    size_t n = 1 + below(s, 3);
    static const char senses[] = "<<<=>";
    for (size_t k = 0; k < n; k++) {
        t[k].edge = below(s, r->edges);
        t[k].coefficient = (int64_t)below(s, 5) - 2;
    }
    ipet_constraint(r->g, t, n, senses[below(s, 5)], (int64_t)below(s, 4), "random");
}

void random_graph_make(struct random_graph *r, uint64_t seed, unsigned rules) {
    uint64_t s = seed;
    *r = (struct random_graph){.nodes = 3 + below(&s, GRAPH_NODES - 2)};
    r->sink = r->nodes - 1;
    r->second_sink = below(&s, 3) ? r->sink : below(&s, r->nodes);
    r->source = below(&s, 4) ? 0 : below(&s, 2);
    r->g = ipet_new(r->nodes, r->source);
    ipet_sink(r->g, r->sink);
    ipet_sink(r->g, r->second_sink);
    for (uint32_t v = 0; v + 1 < r->nodes; v++)
        if (below(&s, 8))
            add_edge(r, &s, v, v + 1);
    for (uint32_t k = below(&s, 5); k; k--) {
        uint32_t from = below(&s, r->nodes - 1);
        add_edge(r, &s, from, from + 1 + below(&s, r->nodes - 1 - from));
    }
    for (uint32_t k = below(&s, 4); k; k--) {
        uint32_t from = below(&s, r->nodes);
        add_edge(r, &s, from, below(&s, from + 1));
    }
    for (uint32_t v = 0; v < r->nodes; v++)
        add_loop(r, &s, v);
    for (unsigned k = 0; k < rules && r->edges; k++)
        add_rule(r, &s);
}

/* ---- exhaustive search -------------------------------------------------------------------------------------------- */

enum { STATES = 60000, MOST = 14 };
struct walk {
    const struct random_graph *r;
    struct map seen; /* counts, four bits an edge, by node */
    uint64_t count[GRAPH_EDGES];
    int64_t best;
    bool done;
};

static void try_here(struct walk *w, uint32_t node) {
    struct err e = {0};
    int64_t cost = 0;
    if ((node != w->r->sink && node != w->r->second_sink) || ipet_admits(w->r->g, w->count, &e))
        return;
    for (uint32_t k = 0; k < w->r->edges; k++)
        cost += (int64_t)(w->r->edge[k].cost * w->count[k]);
    if (cost > w->best)
        w->best = cost;
}

/* More of a loop's inside edges so far than its entries so far allow? */
static bool ahead(const struct walk *w) {
    for (uint32_t l = 0; l < w->r->loops; l++) {
        uint64_t inside = 0, outside = w->r->loop[l].source_enters;
        for (uint32_t k = 0; k < w->r->edges; k++) {
            inside += w->r->loop[l].inside >> k & 1 ? w->count[k] : 0;
            outside += w->r->loop[l].outside >> k & 1 ? w->count[k] : 0;
        }
        if (inside > (w->r->loop[l].max - 1) * outside)
            return true;
    }
    return false;
}

/* The counts determine the node where the walk stands, so they alone are the state. */
static void walk_on(struct walk *w, uint32_t node) {
    uint64_t key = 0, known;
    for (uint32_t k = 0; k < w->r->edges; k++)
        key = key << 4 | w->count[k];
    if (map_get(&w->seen, key, &known))
        return;
    map_put(&w->seen, key, 1);
    try_here(w, node);
    if (w->seen.len > STATES) {
        w->done = false;
        return;
    }
    for (uint32_t k = 0; k < w->r->edges; k++) {
        if (w->r->edge[k].from != node)
            continue;
        if (w->count[k] == MOST) {
            w->done = false;
            continue;
        }
        w->count[k]++;
        if (!ahead(w))
            walk_on(w, w->r->edge[k].to);
        w->count[k]--;
    }
}

int64_t best_walk(const struct random_graph *r, bool *done) {
    struct walk w = {.r = r, .best = -1, .done = true};
    walk_on(&w, r->source);
    map_free(&w.seen);
    *done = w.done;
    return w.best;
}
