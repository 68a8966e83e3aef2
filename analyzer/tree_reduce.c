/* From an acyclic graph to a tree: series and parallel reductions (Valdes, Tarjan, Lawler 1982); where none applies, the smallest part that
 * hangs on two nodes becomes a region, and so an edge. */
#include "analyzer/tree.h"

uint32_t tree_add(struct tree *t, enum tree_kind kind) {
    struct tree_node n = {.kind = kind, .ipg = NONE, .context = NONE, .loop = NONE, .mark = NONE, .bit = NONE};
    vec_push(&t->nodes, n);
    return (uint32_t)t->nodes.len - 1;
}

static uint32_t join(struct tree *t, enum tree_kind kind, uint32_t a, uint32_t b) {
    if (t->nodes.data[a].kind != kind) {
        uint32_t n = tree_add(t, kind);
        vec_push(&t->nodes.data[n].parts, a);
        a = n;
    }
    if (t->nodes.data[b].kind != kind) {
        vec_push(&t->nodes.data[a].parts, b);
        return a;
    }
    for (size_t i = 0; i < t->nodes.data[b].parts.len; i++)
        vec_push(&t->nodes.data[a].parts, t->nodes.data[b].parts.data[i]);
    vec_free(&t->nodes.data[b].parts);
    return a;
}

uint32_t tree_then(struct tree *t, uint32_t a, uint32_t b) {
    if (t->nodes.data[a].kind == TREE_EMPTY)
        return b;
    return t->nodes.data[b].kind == TREE_EMPTY ? a : join(t, TREE_SEQUENCE, a, b);
}

uint32_t tree_or(struct tree *t, uint32_t a, uint32_t b) { return join(t, TREE_ALTERNATIVE, a, b); }

void sub_free(struct sub_graph *g) {
    vec_free(&g->nodes);
    vec_free(&g->edges);
}

void sub_edges_by_from(const struct sub_graph *g, uint32_t **start, uint32_t **next) {
    size_t n = g->nodes.len;
    *start = mem_alloc((n + 2) * sizeof **start);
    *next = mem_alloc((g->edges.len + 1) * sizeof **next);
    for (size_t i = 0; i < g->edges.len; i++)
        (*start)[g->edges.data[i].from + 2]++;
    for (size_t v = 2; v < n + 2; v++)
        (*start)[v] += (*start)[v - 1];
    for (uint32_t i = 0; i < g->edges.len; i++)
        (*next)[(*start)[g->edges.data[i].from + 1]++] = i;
}

bool sub_order(const struct sub_graph *g, uint32_t *order) {
    uint32_t *into = mem_alloc((g->nodes.len + 1) * sizeof *into), *start, *next;
    size_t n = 0;
    sub_edges_by_from(g, &start, &next);
    for (size_t i = 0; i < g->edges.len; i++)
        into[g->edges.data[i].to]++;
    for (uint32_t v = 0; v < g->nodes.len; v++)
        if (!into[v])
            order[n++] = v;
    for (size_t done = 0; done < n; done++)
        for (uint32_t k = start[order[done]]; k < start[order[done] + 1]; k++)
            if (--into[g->edges.data[next[k]].to] == 0)
                order[n++] = g->edges.data[next[k]].to;
    free(into);
    free(start);
    free(next);
    return n == g->nodes.len;
}

/* ---- series and parallel ---------------------------------------------------------------------------------------------- */

static void drop_edge(struct sub_graph *g, size_t i) {
    memmove(g->edges.data + i, g->edges.data + i + 1, (g->edges.len - 1 - i) * sizeof *g->edges.data);
    g->edges.len--;
}

struct degree {
    uint32_t in, out, last_in, last_out; /* last_: index of such an edge */
};

static void count_degrees(const struct sub_graph *g, struct degree *d) {
    memset(d, 0, g->nodes.len * sizeof *d);
    for (uint32_t i = 0; i < g->edges.len; i++) {
        d[g->edges.data[i].from].out++;
        d[g->edges.data[i].from].last_out = i;
        d[g->edges.data[i].to].in++;
        d[g->edges.data[i].to].last_in = i;
    }
}

/* Edges merged into others are marked by tree = NONE until the end of the pass. */
static void drop_marked(struct sub_graph *g) {
    size_t kept = 0;
    for (size_t i = 0; i < g->edges.len; i++)
        if (g->edges.data[i].tree != NONE)
            g->edges.data[kept++] = g->edges.data[i];
    g->edges.len = kept;
}

static bool merge_series(struct tree *t, struct sub_graph *g, uint32_t from, uint32_t to) {
    struct degree *d = mem_alloc((g->nodes.len + 1) * sizeof *d);
    bool any = false;
    count_degrees(g, d);
    for (uint32_t v = 0; v < g->nodes.len; v++) {
        if (v == from || v == to || d[v].in != 1 || d[v].out != 1)
            continue;
        struct sub_edge *a = &g->edges.data[d[v].last_in], *b = &g->edges.data[d[v].last_out];
        a->tree = tree_then(t, a->tree, b->tree);
        a->to = b->to;
        b->tree = NONE;
        if (d[b->to].last_in == d[v].last_out)
            d[b->to].last_in = d[v].last_in;
        d[v].in = d[v].out = 0;
        any = true;
    }
    free(d);
    drop_marked(g);
    return any;
}

struct place {
    uint32_t from, to, edge;
};

static int by_ends(const void *va, const void *vb) {
    const struct place *a = va, *b = vb;
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    if (a->to != b->to)
        return a->to < b->to ? -1 : 1;
    return (a->edge > b->edge) - (a->edge < b->edge);
}

static bool merge_parallel(struct tree *t, struct sub_graph *g) {
    struct place *order = mem_alloc((g->edges.len + 1) * sizeof *order);
    bool any = false;
    for (uint32_t i = 0; i < g->edges.len; i++)
        order[i] = (struct place){g->edges.data[i].from, g->edges.data[i].to, i};
    qsort(order, g->edges.len, sizeof *order, by_ends);
    for (size_t i = 0, k; i < g->edges.len; i = k)
        for (k = i + 1; k < g->edges.len && order[k].from == order[i].from && order[k].to == order[i].to; k++) {
            struct sub_edge *a = &g->edges.data[order[i].edge], *b = &g->edges.data[order[k].edge];
            a->tree = tree_or(t, a->tree, b->tree);
            b->tree = NONE;
            any = true;
        }
    free(order);
    drop_marked(g);
    return any;
}

/* ---- regions ---------------------------------------------------------------------------------------------------------- */

struct part {                 /* nodes that hang on u and v alone: only edges from u lead in, only to v out */
    uint32_t u, v;
    size_t size;
    bool *has;
};

/* What is connected with W when u and v are taken out. Returns its size, 0 if it is no part. */
static size_t part_around(const struct sub_graph *g, uint32_t from, uint32_t to, uint32_t u, uint32_t v, uint32_t w, bool *has) {
    uint32_t *queue = mem_alloc(g->nodes.len * sizeof *queue);
    size_t n = 0;
    bool good = true;
    memset(has, 0, g->nodes.len);
    queue[n++] = w;
    has[w] = true;
    for (size_t i = 0; i < n && good; i++)
        for (size_t k = 0; k < g->edges.len && good; k++) {
            const struct sub_edge *e = &g->edges.data[k];
            if (e->from != queue[i] && e->to != queue[i])
                continue;
            uint32_t other = e->from == queue[i] ? e->to : e->from;
            if (other == u || other == v) {
                good = other == u ? e->from == u : e->to == v;
            } else if (!has[other]) {
                good = other != from && other != to;
                has[other] = true;
                queue[n++] = other;
            }
        }
    free(queue);
    return good ? n : 0;
}

static void smallest_part_between(const struct sub_graph *g, uint32_t from, uint32_t to, uint32_t u, uint32_t v, struct part *best) {
    bool *has = mem_alloc(g->nodes.len), *seen = mem_alloc(g->nodes.len);
    for (uint32_t w = 0; w < g->nodes.len; w++) {
        if (w == from || w == to || w == u || w == v || seen[w])
            continue;
        size_t size = part_around(g, from, to, u, v, w, has);
        for (uint32_t x = 0; x < g->nodes.len; x++)
            seen[x] |= has[x];
        if (size < 2 || size >= best->size)
            continue;
        best->u = u;
        best->v = v;
        best->size = size;
        memcpy(best->has, has, g->nodes.len);
    }
    free(has);
    free(seen);
}

/* Region nodes are numbered in the order of the flow. The graph's nodes without edges are left over from reductions. */
static uint32_t make_region(struct tree *t, struct sub_graph *g, const struct part *p) {
    uint32_t *order = mem_alloc((g->nodes.len + 1) * sizeof *order), *number = mem_alloc((g->nodes.len + 1) * sizeof *number), n = 0;
    uint32_t region = tree_add(t, TREE_REGION);
    sub_order(g, order);
    number[p->u] = n++;
    for (size_t i = 0; i < g->nodes.len; i++)
        if (p->has[order[i]])
            number[order[i]] = n++;
    number[p->v] = n++;
    struct tree_node *r = &t->nodes.data[region];
    r->places = n;
    for (size_t i = 0; i < g->edges.len;) {
        const struct sub_edge *e = &g->edges.data[i];
        if (!p->has[e->from] && !p->has[e->to]) {
            i++;
            continue;
        }
        vec_push(&r->dag, ((struct tree_edge){number[e->from], number[e->to], e->tree}));
        drop_edge(g, i);
    }
    vec_push(&g->edges, ((struct sub_edge){p->u, p->v, region, NONE, 0, 0}));
    free(order);
    free(number);
    return region;
}

/* Beyond this many nodes no smaller part is looked for: a region may be as large as it likes. */
enum { PART_NODES = 64 };

static void make_smallest_region(struct tree *t, struct sub_graph *g, uint32_t from, uint32_t to) {
    struct degree *d = mem_alloc((g->nodes.len + 1) * sizeof *d);
    struct part best = {from, to, SIZE_MAX, mem_alloc(g->nodes.len + 1)};
    size_t alive = 0;
    count_degrees(g, d);
    for (uint32_t v = 0; v < g->nodes.len; v++)
        alive += d[v].in + d[v].out > 0;
    for (uint32_t u = 0; u < g->nodes.len && alive <= PART_NODES; u++)
        for (uint32_t v = 0; v < g->nodes.len; v++)
            if (u != v && d[u].out > 1 && d[v].in > 1)
                smallest_part_between(g, from, to, u, v, &best);
    if (best.size == SIZE_MAX)
        for (uint32_t v = 0; v < g->nodes.len; v++)
            best.has[v] = v != from && v != to && d[v].in + d[v].out > 0;
    make_region(t, g, &best);
    free(best.has);
    free(d);
}

uint32_t tree_reduce(struct tree *t, const struct sub_graph *whole, uint32_t from, uint32_t to) {
    struct sub_graph g = {0};
    for (size_t i = 0; i < whole->nodes.len; i++)
        vec_push(&g.nodes, whole->nodes.data[i]);
    for (size_t i = 0; i < whole->edges.len; i++)
        vec_push(&g.edges, whole->edges.data[i]);
    while (g.edges.len > 1) {
        bool series = merge_series(t, &g, from, to), parallel = merge_parallel(t, &g);
        if (!series && !parallel)
            make_smallest_region(t, &g, from, to);
    }
    uint32_t tree = g.edges.len ? g.edges.data[0].tree : tree_add(t, TREE_EMPTY);
    sub_free(&g);
    return tree;
}
