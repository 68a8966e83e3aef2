/* From units' histograms to the profile of every node of a tree. */
#include "analyzer/replay.h"
#include "analyzer/tree.h"

#include <math.h>

struct tree_evaluation {
    const struct tree *t;
    struct unit_table *units;
    enum dependence d;
    double alpha;             /* of one unit */
    uint64_t split;
    size_t limit;
    struct tree_most *most;
    struct map index;         /* (node, known, turn) → values */
    VEC(struct tree_value *) values;
};

static const struct tree_value *value(struct tree_evaluation *v, uint32_t node, uint32_t known, uint32_t turn);

static uint64_t unit_most(void *user, uint32_t ipg, uint32_t known, uint32_t turn) {
    enum unit_grounds grounds;
    const bin_list *bins = units_bins(user, ipg, known, turn, &grounds);
    return bins->len ? bins_most(bins) : 0;
}

int64_t units_most(struct unit_table *u, const struct tree *t) {
    struct tree_most *m = tree_most_new(t, unit_most, true, u);
    int64_t longest = tree_longest(m);
    tree_most_free(m);
    return longest;
}

static void weaken(struct tree_value *to, const struct tree_value *part) {
    to->executions = part->executions < to->executions ? part->executions : to->executions;
    to->grounds = part->grounds > to->grounds ? part->grounds : to->grounds;
}

static void unit_value(struct tree_evaluation *v, const struct tree_node *n, uint32_t known, uint32_t turn, struct tree_value *x) {
    const bin_list *bins = units_bins(v->units, n->ipg, known, turn, &x->grounds);
    x->executions = 0;
    for (size_t i = 0; i < bins->len; i++)
        x->executions += bins_of(bins)[i].count;
    x->curve = bins->len ? curve_of_histogram(bins) : curve_constant(0);
    x->band = curve_band(v->alpha, x->executions);
}

/* Bands add as risks do: along a way they sum up, of several ways the largest counts. */
static void sequence_value(struct tree_evaluation *v, const struct tree_node *n, uint32_t known, uint32_t turn, struct tree_value *x) {
    const struct curve **parts = mem_alloc((n->parts.len + 1) * sizeof *parts);
    for (size_t i = 0; i < n->parts.len; i++) {
        const struct tree_value *part = value(v, n->parts.data[i], known, turn);
        weaken(x, part);
        parts[i] = &part->curve;
        x->band += part->band;
    }
    x->curve = curve_sum(v->d, parts, n->parts.len, v->limit);
    free(parts);
}

static void alternative_value(struct tree_evaluation *v, const struct tree_node *n, uint32_t known, uint32_t turn, struct tree_value *x) {
    for (size_t i = 0; i < n->parts.len; i++) {
        const struct tree_value *part = value(v, n->parts.data[i], known, turn);
        weaken(x, part);
        struct curve old = x->curve;
        x->curve = i ? curve_either(&old, &part->curve) : curve_copy(&part->curve);
        curve_free(&old);
        x->band = part->band > x->band ? part->band : x->band;
    }
}

/* The later iterations: any number up to max − 1, each distributed as all later ones together, or, where there are fewer, no
 * time. Taken in random order each has the pooled profile, and a sum does not know the order of its terms. */
static void loop_value(struct tree_evaluation *v, const struct tree_node *n, uint32_t known, uint32_t turn, struct tree_value *x) {
    bool apart = n->bit < LOOPS_APART;
    uint32_t bit = apart ? 1u << n->bit : 0;
    const struct tree_value *first = value(v, n->parts.data[0], known | bit, turn & ~bit);
    const struct tree_value *later = n->max > 1 ? value(v, n->parts.data[0], known | bit, turn | bit) : first;
    weaken(x, first);
    weaken(x, later);
    struct curve all = curve_times(v->d, &later->curve, apart ? n->max - 1 : n->max, v->limit);
    x->curve = apart ? curve_add(v->d, &first->curve, &all, v->limit) : curve_copy(&all);
    x->band = (apart ? first->band : later->band) + later->band * (double)(n->max - 1);
    curve_free(&all);
}

static void region_value(struct tree_evaluation *v, const struct tree_node *n, uint32_t known, uint32_t turn, struct tree_value *x) {
    struct curve_edge *edges = mem_alloc((n->dag.len + 1) * sizeof *edges);
    double *band = mem_alloc(n->places * sizeof *band);
    for (uint32_t from = 0; from < n->places; from++)
        for (size_t i = 0; i < n->dag.len; i++) {
            const struct tree_edge *e = &n->dag.data[i];
            if (e->from != from)
                continue;
            const struct tree_value *part = value(v, e->node, known, turn);
            weaken(x, part);
            edges[i] = (struct curve_edge){e->from, e->to, &part->curve};
            band[e->to] = fmax(band[e->to], band[from] + part->band);
        }
    x->curve = curve_dag(v->d, n->places, edges, n->dag.len, v->limit);
    x->band = band[n->places - 1];
    free(edges);
    free(band);
}

/* No execution is longer than the longest way. */
static void cut_at_longest(struct tree_evaluation *v, uint32_t node, uint32_t known, uint32_t turn, struct curve *c) {
    enum tree_kind kind = v->t->nodes.data[node].kind;
    int64_t most = -1;
    if (node == v->t->root)
        most = tree_longest(v->most);
    else if (kind == TREE_LOOP || kind == TREE_CALL)
        most = tree_most_of(v->most, node, known, turn);
    if (most >= 0)
        curve_cut(c, (uint64_t)most);
}

static struct tree_value *compute(struct tree_evaluation *v, uint32_t node, uint32_t known, uint32_t turn) {
    const struct tree_node *n = &v->t->nodes.data[node];
    struct tree_value *x = mem_alloc(sizeof *x);
    *x = (struct tree_value){.executions = UINT64_MAX};
    switch (n->kind) {
    case TREE_UNIT: unit_value(v, n, known, turn, x); break;
    case TREE_EMPTY: case TREE_EXIT: x->curve = curve_constant(0); break;
    case TREE_SEQUENCE: case TREE_CALL: sequence_value(v, n, known, turn, x); break;
    case TREE_ALTERNATIVE: alternative_value(v, n, known, turn, x); break;
    case TREE_LOOP: loop_value(v, n, known, turn, x); break;
    case TREE_REGION: region_value(v, n, known, turn, x); break;
    }
    cut_at_longest(v, node, known, turn, &x->curve);
    return x;
}

static const struct tree_value *value(struct tree_evaluation *v, uint32_t node, uint32_t known, uint32_t turn) {
    uint64_t at, key = (uint64_t)node << 32 | known << 16 | (turn & known);
    if (map_get(&v->index, key, &at))
        return v->values.data[at];
    struct tree_value *x = compute(v, node, known, turn);
    map_put(&v->index, key, v->values.len);
    vec_push(&v->values, x);
    return x;
}

static uint64_t count_units(const struct tree *t, uint32_t node) {
    const struct tree_node *n = &t->nodes.data[node];
    uint64_t count = n->kind == TREE_UNIT;
    for (size_t i = 0; i < n->parts.len; i++)
        count += count_units(t, n->parts.data[i]);
    for (size_t i = 0; n->kind == TREE_REGION && i < n->dag.len; i++)
        count += count_units(t, n->dag.data[i].node);
    return n->kind == TREE_LOOP && n->bit < LOOPS_APART ? 2 * count : count;
}

struct tree_evaluation *tree_evaluate(const struct tree *t, struct unit_table *u, enum dependence d, double alpha, size_t limit) {
    struct tree_evaluation *v = mem_alloc(sizeof *v);
    v->t = t;
    v->units = u;
    v->d = d;
    v->split = count_units(t, t->root);
    v->alpha = alpha / (double)(v->split ? v->split : 1);
    v->limit = limit;
    v->most = tree_most_new(t, unit_most, true, u);
    return v;
}

uint64_t tree_units(const struct tree_evaluation *v) { return v->split; }

const struct tree_value *tree_value_of(struct tree_evaluation *v, uint32_t node, uint32_t known, uint32_t turn) { return value(v, node, known, turn); }

void tree_evaluation_free(struct tree_evaluation *v) {
    if (!v)
        return;
    for (size_t i = 0; i < v->values.len; i++) {
        curve_free(&v->values.data[i]->curve);
        free(v->values.data[i]);
    }
    vec_free(&v->values);
    map_free(&v->index);
    tree_most_free(v->most);
    free(v);
}
