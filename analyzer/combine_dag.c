/* Graphs of units that are neither sequences nor alternatives.
 *
 * Unknown dependence. Give every node v a share of risk ρ(v) that does not fall along edges, ρ(0) = 0, ρ(last) = r, and every edge
 * e = u→v the time Q(e) that it exceeds with probability ρ(v) − ρ(u) at most. On any way, Σ over its edges of those is r; summed
 * over ways, each weighted by how often it is taken, the probability that some passed edge exceeds its Q is at most r: an edge's term
 * is counted once for each way, in all as often as it is passed. So P(T > longest way by Q) ≤ r for *any* shares ρ; better shares
 * give better times. The point is that one edge has one share whichever way it lies on: shares of its own for each way (the
 * pointwise maximum over ways of their sums) are NOT a bound, since the way taken may depend on the time that it took so far.
 * Shares are searched: all risk at one cut, even shares, then coordinate descent. With r = 0 the longest way by maxima results. */
#include "analyzer/combine.h"

#include <float.h>
#include <math.h>

struct dag {
    uint32_t nodes;
    const struct curve_edge *edges;
    size_t n;
    double *share, *best;
    uint64_t *ahead, *behind;  /* longest way from node 0 to a node, from it to the last */
    uint32_t *rank;            /* edges on the longest way from node 0, by number of edges */
};

static uint64_t time_of(const struct dag *g, const struct curve_edge *e) {
    return curve_quantile(e->curve, g->share[e->to] - g->share[e->from]);
}

/* Edges are sorted by `from`: one pass forwards, one backwards. */
static uint64_t longest_way(struct dag *g) {
    memset(g->ahead, 0, g->nodes * sizeof *g->ahead);
    memset(g->behind, 0, g->nodes * sizeof *g->behind);
    for (size_t i = 0; i < g->n; i++) {
        const struct curve_edge *e = &g->edges[i];
        uint64_t t = g->ahead[e->from] + time_of(g, e);
        g->ahead[e->to] = t > g->ahead[e->to] ? t : g->ahead[e->to];
    }
    for (size_t i = g->n; i-- > 0;) {
        const struct curve_edge *e = &g->edges[i];
        uint64_t t = g->behind[e->to] + time_of(g, e);
        g->behind[e->from] = t > g->behind[e->from] ? t : g->behind[e->from];
    }
    return g->ahead[g->nodes - 1];
}

static uint64_t through(struct dag *g, uint32_t v, double share) {
    uint64_t in = 0, out = 0;
    g->share[v] = share;
    for (size_t i = 0; i < g->n; i++) {
        const struct curve_edge *e = &g->edges[i];
        if (e->to != v && e->from != v)
            continue;
        uint64_t t = time_of(g, e) + (e->to == v ? g->ahead[e->from] : g->behind[e->to]);
        if (e->to == v)
            in = t > in ? t : in;
        else
            out = t > out ? t : out;
    }
    return in + out;
}

/* Of a few shares between those of the neighbours, the one with the shortest longest way through V. */
static void improve_node(struct dag *g, uint32_t v) {
    double lo = 0, hi = g->share[g->nodes - 1], old = g->share[v], best = old;
    for (size_t i = 0; i < g->n; i++) {
        if (g->edges[i].to == v && g->share[g->edges[i].from] > lo)
            lo = g->share[g->edges[i].from];
        if (g->edges[i].from == v && g->share[g->edges[i].to] < hi)
            hi = g->share[g->edges[i].to];
    }
    uint64_t least = through(g, v, old);
    for (int k = 0; k <= 4; k++) {
        double share = lo + (hi - lo) * k / 4;
        uint64_t t = through(g, v, share < hi ? share : hi);
        if (t < least) {
            least = t;
            best = g->share[v];
        }
    }
    g->share[v] = best;
    if (best != old)
        longest_way(g);
}

static void keep_if_better(struct dag *g, uint64_t *least) {
    uint64_t t = longest_way(g);
    if (t >= *least)
        return;
    *least = t;
    memcpy(g->best, g->share, g->nodes * sizeof *g->best);
}

static uint64_t time_at_risk(struct dag *g, double risk) {
    uint64_t least = UINT64_MAX, before;
    double depth = g->rank[g->nodes - 1];
    for (uint32_t cut = 0; cut + 1 < g->nodes; cut++) {
        for (uint32_t v = 0; v < g->nodes; v++)
            g->share[v] = v <= cut ? 0 : risk;
        keep_if_better(g, &least);
    }
    if (risk == 0)
        return least;
    for (uint32_t v = 0; v + 1 < g->nodes; v++)
        g->share[v] = risk * (g->rank[v] / depth);
    keep_if_better(g, &least);
    do {
        before = least;
        memcpy(g->share, g->best, g->nodes * sizeof *g->best);
        longest_way(g);
        for (uint32_t v = 1; v + 1 < g->nodes; v++)
            improve_node(g, v);
        keep_if_better(g, &least);
    } while (least < before);
    return least;
}

static double least_risk(const struct curve_edge *edges, size_t n) {
    double least = 1;
    for (size_t i = 0; i < n; i++)
        if (edges[i].curve->steps.len > 1) {
            double last = edges[i].curve->steps.data[edges[i].curve->steps.len - 2].above;
            least = last < least ? last : least;
        }
    return least;
}

static int by_from(const void *va, const void *vb) {
    const struct curve_edge *a = va, *b = vb;
    return a->from != b->from ? (a->from < b->from ? -1 : 1) : (a->to > b->to) - (a->to < b->to);
}

/* Levels of risk from 1 down to the least that any edge speaks of, each a fixed part of the one before, then 0. Differences of shares are
 * rounded; a way has fewer than `nodes` of them. */
static struct curve by_shares(struct dag *g) {
    enum { LEVELS = 40 };
    struct curve c = {0};
    double least = least_risk(g->edges, g->n), ratio = pow(least, 1.0 / (LEVELS - 1));
    struct curve_step found[LEVELS + 1];
    if (least == 1)
        return curve_constant(time_at_risk(g, 0));
    double risk = 0.999;
    for (int k = 0; k < LEVELS; k++, risk = k == LEVELS - 1 ? least : risk * ratio)
        found[k] = (struct curve_step){time_at_risk(g, risk), risk * (1 + (g->nodes + 4) * DBL_EPSILON)};
    found[LEVELS] = (struct curve_step){time_at_risk(g, 0), 0};
    for (int k = LEVELS; k-- > 0;) /* what holds with less risk holds with more */
        if (found[k + 1].cycles < found[k].cycles)
            found[k].cycles = found[k + 1].cycles;
    for (int k = 0; k <= LEVELS; k++)
        if (k == LEVELS || found[k + 1].cycles > found[k].cycles)
            if (found[k].above < (c.steps.len ? c.steps.data[c.steps.len - 1].above : 1))
                vec_push(&c.steps, found[k]);
    return c;
}

static void rank_nodes(struct dag *g) {
    for (size_t i = 0; i < g->n; i++)
        if (g->rank[g->edges[i].from] + 1 > g->rank[g->edges[i].to])
            g->rank[g->edges[i].to] = g->rank[g->edges[i].from] + 1;
}

static uint64_t most_error(const struct dag *g) {
    memset(g->ahead, 0, g->nodes * sizeof *g->ahead);
    for (size_t i = 0; i < g->n; i++) {
        const struct curve_edge *e = &g->edges[i];
        uint64_t t = g->ahead[e->from] + e->curve->error;
        g->ahead[e->to] = t > g->ahead[e->to] ? t : g->ahead[e->to];
    }
    return g->ahead[g->nodes - 1];
}

/* If the units are independent of each other and of the way taken, or their quantiles add, then so it is on every way, and the way taken is
 * one of them: the pointwise maximum at each node. */
static struct curve by_nodes(enum dependence d, const struct dag *g, size_t limit) {
    struct curve *at = mem_alloc(g->nodes * sizeof *at);
    at[0] = curve_constant(0);
    for (size_t i = 0; i < g->n; i++) {
        const struct curve_edge *e = &g->edges[i];
        struct curve sum = curve_add(d, &at[e->from], e->curve, limit), old = at[e->to];
        at[e->to] = old.steps.len ? curve_either(&old, &sum) : curve_copy(&sum);
        curve_free(&sum);
        curve_free(&old);
    }
    struct curve c = at[g->nodes - 1];
    for (uint32_t v = 0; v + 1 < g->nodes; v++)
        curve_free(&at[v]);
    free(at);
    curve_coarsen(&c, limit ? limit : CURVE_POINTS);
    return c;
}

struct curve curve_dag(enum dependence d, uint32_t nodes, const struct curve_edge *edges, size_t n, size_t limit) {
    struct curve_edge *sorted = mem_alloc(n * sizeof *sorted);
    memcpy(sorted, edges, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_from);
    struct dag g = {.nodes = nodes, .edges = sorted, .n = n, .share = mem_alloc(nodes * sizeof(double)), .best = mem_alloc(nodes * sizeof(double)),
                    .ahead = mem_alloc(nodes * sizeof(uint64_t)), .behind = mem_alloc(nodes * sizeof(uint64_t)), .rank = mem_alloc(nodes * sizeof(uint32_t))};
    rank_nodes(&g);
    struct curve c = d == DEPENDENCE_UNKNOWN ? by_shares(&g) : by_nodes(d, &g, limit);
    if (d == DEPENDENCE_UNKNOWN)
        c.error = most_error(&g);
    free(g.share);
    free(g.best);
    free(g.ahead);
    free(g.behind);
    free(g.rank);
    free(sorted);
    return c;
}
