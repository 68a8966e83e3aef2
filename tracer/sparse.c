/* Sparse probes: which sites can do without.
 *
 * The graph. A node is a site: the straight line from there to the next site or the end of control. Its edges are what this file shows:
 * falling on, direct branches and jumps. All else (calls, returns, indirect jumps, other files) goes to one node OUT; whoever comes from
 * there comes to a site with `keep`. So every path of the program is, between two points or OUT, a path of this graph.
 * The condition. For each point and each of the nodes that are points or OUT, at most one path leads from the first to the second
 * without passing another point. That is: a walk from the point, not going on beyond points, comes to no node twice, which also
 * excludes cycles without a point. OUT counts as one node although many lie behind it; and as code without points may lie behind it,
 * through which control comes to any site with `keep`, a walk must not come both to OUT and to such a site.
 * The order. Taking a point away only ever lengthens paths, so a site that could not go once cannot go later: one pass over all sites
 * gives a set of which none can go. It is a minimal set, not always the smallest one. */
#include "tracer/insert.h"

enum { OUT = 0, EDGES = 2 };

struct node {
    uint32_t to[EDGES], edges; /* numbers of nodes: site + 1, or OUT */
    uint32_t from, visited;    /* first in `sources`; last walk that came here */
};
struct source {
    uint32_t node, next;
};
struct graph {
    const struct inserter *in;
    insert_sites *sites;
    struct node *nodes;        /* [0] is OUT, [i + 1] is site i */
    VEC(struct source) sources;
    VEC(uint32_t) todo;
    uint32_t walk;
};

static void add_edge(struct graph *g, uint32_t from, uint32_t to) {
    struct node *n = &g->nodes[from];
    struct source s = {from, g->nodes[to].from};
    n->to[n->edges++] = to;
    g->nodes[to].from = (uint32_t)g->sources.len;
    vec_push(&g->sources, s);
}

/* The node that begins at a label: its section's first site from there on. */
static uint32_t node_at(const struct graph *g, struct span target) {
    uint32_t label = insert_find_label(g->in, target);
    if (label == NONE)
        return OUT;
    uint32_t stmt = g->in->labels.data[label].stmt, section = g->in->places[stmt].section;
    size_t low = 0, high = g->sites->len;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (g->sites->data[mid].stmt < stmt)
            low = mid + 1;
        else
            high = mid;
    }
    while (low < g->sites->len && g->in->places[g->sites->data[low].stmt].section != section)
        low++;
    return low < g->sites->len ? (uint32_t)low + 1 : OUT;
}

/* The edges of node *open at statement S, which belongs to it; *open becomes NONE where control does not fall on. */
static void take_stmt(struct graph *g, const struct stmt *s, uint32_t *open) {
    struct span target;
    enum flow flow = asm_flow(s, &target);
    if (*open == NONE || flow == FLOW_NEXT)
        return;
    if (flow == FLOW_CALL)
        add_edge(g, *open, OUT);
    else
        add_edge(g, *open, target.len ? node_at(g, target) : OUT);
    if (flow != FLOW_BRANCH)
        *open = NONE;
}

static void make_edges(struct graph *g) {
    const struct inserter *in = g->in;
    uint32_t *open = mem_alloc(in->sections.len * sizeof *open); /* by section: the node that we are in */
    size_t site = 0;
    for (size_t i = 0; i < in->sections.len; i++)
        open[i] = NONE;
    for (size_t i = 0; i < in->text->stmts.len; i++) {
        uint32_t *at = &open[in->places[i].section];
        if (site < g->sites->len && g->sites->data[site].stmt == i) {
            if (*at != NONE)
                add_edge(g, *at, (uint32_t)site + 1);
            *at = (uint32_t)++site;
        }
        if (!in->text->stmts.data[i].macro)
            take_stmt(g, &in->text->stmts.data[i], at);
    }
    for (size_t i = 0; i < in->sections.len; i++)
        if (open[i] != NONE)
            add_edge(g, open[i], OUT);
    free(open);
}

static bool is_point(const struct graph *g, uint32_t node) { return node == OUT || g->sites->data[node - 1].point; }

/* The condition, for the paths that begin at FROM. */
static bool is_unique(struct graph *g, uint32_t from) {
    bool out = false, kept = false;
    g->walk++;
    g->todo.len = 0;
    vec_push(&g->todo, from);
    while (g->todo.len) {
        const struct node *n = &g->nodes[g->todo.data[--g->todo.len]];
        for (uint32_t i = 0; i < n->edges; i++) {
            struct node *to = &g->nodes[n->to[i]];
            if (to->visited == g->walk)
                return false;
            to->visited = g->walk;
            out = out || n->to[i] == OUT;
            kept = kept || (n->to[i] != OUT && g->sites->data[n->to[i] - 1].keep);
            if (out && kept)
                return false;
            if (!is_point(g, n->to[i]))
                vec_push(&g->todo, n->to[i]);
        }
    }
    return true;
}

/* The condition, for every point from which NODE can be reached without passing another; NODE itself is none. What no point reaches is
 * code that we do not understand: false. */
static bool sources_unique(struct graph *g, uint32_t node) {
    VEC(uint32_t) back = {0};
    bool good = true, reached = false;
    struct map seen = {0};
    vec_push(&back, node);
    while (back.len && good)
        for (uint32_t s = g->nodes[back.data[--back.len]].from; s != NONE && good; s = g->sources.data[s].next) {
            uint32_t from = g->sources.data[s].node;
            uint64_t old;
            if (map_get(&seen, from, &old))
                continue;
            map_put(&seen, from, 1);
            if (is_point(g, from)) {
                reached = true;
                good = is_unique(g, from);
            } else {
                vec_push(&back, from);
            }
        }
    map_free(&seen);
    vec_free(&back);
    return good && reached;
}

void insert_sparsen(const struct inserter *in, insert_sites *sites) {
    struct graph g = {.in = in, .sites = sites};
    g.nodes = mem_alloc((sites->len + 1) * sizeof *g.nodes);
    for (size_t i = 0; i <= sites->len; i++)
        g.nodes[i].from = NONE;
    make_edges(&g);
    for (size_t i = 0; i < sites->len; i++) {
        struct site *s = &sites->data[i];
        if (s->keep || !s->point)
            continue;
        s->point = false;
        s->point = !sources_unique(&g, (uint32_t)i + 1);
    }
    free(g.nodes);
    vec_free(&g.sources);
    vec_free(&g.todo);
}
