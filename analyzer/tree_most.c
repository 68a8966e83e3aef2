/* The longest way, exactly, by the flow graphs (struct tree_flow): these keep where control goes on, which the tree forgets where a loop has
 * several entries or exits.
 *
 * A loop. Let A(i, j) be the longest iteration that begins at entry i and hands over to one at entry j, and L(i, x) the longest that begins
 * at i and leaves by exit x. With the sum of path lengths as product and the maximum as sum (the max-plus semiring; Cuninghame-Green 1979)
 * the longest way in at i and out by x, of at most n iterations, the first of which has times of its own (A₁, L₁), is
 * the element (i, x) of L₁ ⊕ A₁ ⊗ (I ⊕ A)ⁿ⁻² ⊗ L. One entry makes it the usual first + (n − 2) × again + last. */
#include "analyzer/replay.h"
#include "analyzer/tree.h"

struct ways {
    int64_t *longest;         /* through a loop: by entry, then exit */
    int64_t most;
};
struct tree_most {
    const struct tree *t;
    tree_cost_fn *cost;
    void *user;
    bool turns, overflow;
    struct map index;         /* (node, known, turn) → ways */
    VEC(struct ways) found;
};

struct tree_most *tree_most_new(const struct tree *t, tree_cost_fn *cost, bool turns, void *user) {
    struct tree_most *m = mem_alloc(sizeof *m);
    *m = (struct tree_most){.t = t, .cost = cost, .user = user, .turns = turns};
    return m;
}

void tree_most_free(struct tree_most *m) {
    if (!m)
        return;
    for (size_t i = 0; i < m->found.len; i++)
        free(m->found.data[i].longest);
    vec_free(&m->found);
    map_free(&m->index);
    free(m);
}

static struct ways ways_of(struct tree_most *m, uint32_t node, uint32_t known, uint32_t turn);

static const int64_t no_way = INT64_MIN;

static int64_t plus(struct tree_most *m, int64_t a, int64_t b) {
    int64_t sum;
    if (a == no_way || b == no_way)
        return no_way;
    if (__builtin_add_overflow(a, b, &sum))
        m->overflow = true;
    return m->overflow ? 0 : sum;
}

static int64_t edge_most(struct tree_most *m, const struct flow_edge *x, uint32_t known, uint32_t turn) {
    const struct tree_node *n = &m->t->nodes.data[x->node];
    if (n->kind == TREE_EMPTY)
        return 0;
    if (n->kind == TREE_UNIT) {
        uint64_t cost = m->cost(m->user, n->ipg, known, turn);
        m->overflow |= cost > INT64_MAX;
        return m->overflow ? 0 : (int64_t)cost;
    }
    struct ways w = ways_of(m, x->node, known, turn);
    return n->kind == TREE_LOOP ? w.longest[x->enter * n->flow.exit.len + x->leave] : w.most;
}

/* Longest ways from place FROM to all places. The caller frees them. */
static int64_t *ways_from(struct tree_most *m, const struct tree_flow *f, uint32_t from, uint32_t known, uint32_t turn) {
    int64_t *ahead = mem_alloc(f->places * sizeof *ahead);
    for (uint32_t v = 0; v < f->places; v++)
        ahead[v] = v == from ? 0 : no_way;
    for (size_t i = 0; i < f->edges.len; i++) {
        const struct flow_edge *x = &f->edges.data[i];
        if (ahead[x->from] == no_way)
            continue;
        int64_t t = plus(m, ahead[x->from], edge_most(m, x, known, turn));
        ahead[x->to] = t > ahead[x->to] ? t : ahead[x->to];
    }
    return ahead;
}

/* A and L above, of iterations in TURN. */
struct iteration {
    int64_t *again, *last;
};

static struct iteration iteration_of(struct tree_most *m, const struct tree_flow *f, uint32_t known, uint32_t turn) {
    size_t k = f->entry.len, exits = f->exit.len;
    struct iteration it = {mem_alloc((k * k + 1) * sizeof(int64_t)), mem_alloc((k * exits + 1) * sizeof(int64_t))};
    for (size_t i = 0; i < k; i++) {
        int64_t *ahead = ways_from(m, f, f->entry.data[i], known, turn);
        for (size_t j = 0; j < k; j++)
            it.again[i * k + j] = ahead[f->again.data[j]];
        for (size_t x = 0; x < exits; x++)
            it.last[i * exits + x] = ahead[f->exit.data[x]];
        free(ahead);
    }
    return it;
}

/* The product of a matrix of ROWS × INNER and one of INNER × COLUMNS. The caller frees it. */
static int64_t *times(struct tree_most *m, const int64_t *a, const int64_t *b, size_t rows, size_t inner, size_t columns) {
    int64_t *c = mem_alloc((rows * columns + 1) * sizeof *c);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            int64_t most = no_way;
            for (size_t l = 0; l < inner; l++) {
                int64_t t = plus(m, a[i * inner + l], b[l * columns + j]);
                most = t > most ? t : most;
            }
            c[i * columns + j] = most;
        }
    return c;
}

static void become(int64_t **a, int64_t *b) {
    free(*a);
    *a = b;
}

/* FIRST ⊗ (I ⊕ AGAIN)ⁿ, both of K × K. The caller frees it. */
static int64_t *up_to(struct tree_most *m, const int64_t *first, const int64_t *again, size_t k, uint64_t n) {
    int64_t *sum = mem_alloc((k * k + 1) * sizeof *sum), *power = mem_alloc((k * k + 1) * sizeof *power);
    memcpy(sum, first, k * k * sizeof *sum);
    memcpy(power, again, k * k * sizeof *power);
    for (size_t i = 0; i < k; i++)
        power[i * k + i] = power[i * k + i] > 0 ? power[i * k + i] : 0;
    for (; n; n >>= 1) {
        if (n & 1)
            become(&sum, times(m, sum, power, k, k, k));
        if (n > 1)
            become(&power, times(m, power, power, k, k, k));
    }
    free(power);
    return sum;
}

static int64_t *loop_ways(struct tree_most *m, const struct tree_node *n, uint32_t known, uint32_t turn) {
    bool apart = m->turns && n->bit < LOOPS_APART;
    uint32_t bit = apart ? 1u << n->bit : 0;
    size_t k = n->flow.entry.len, exits = n->flow.exit.len;
    struct iteration first = iteration_of(m, &n->flow, known | bit, turn & ~bit);
    if (n->max >= 2) {
        struct iteration later = iteration_of(m, &n->flow, known | bit, turn | bit);
        int64_t *before = up_to(m, first.again, later.again, k, n->max - 2), *many = times(m, before, later.last, k, k, exits);
        for (size_t i = 0; i < k * exits; i++)
            first.last[i] = many[i] > first.last[i] ? many[i] : first.last[i];
        free(before);
        free(many);
        free(later.again);
        free(later.last);
    }
    free(first.again);
    return first.last;
}

static int64_t through(struct tree_most *m, const struct tree_flow *f, uint32_t known, uint32_t turn) {
    int64_t *ahead = ways_from(m, f, f->entry.data[0], known, turn), t = ahead[f->exit.data[0]];
    free(ahead);
    return t;
}

static struct ways ways_of(struct tree_most *m, uint32_t node, uint32_t known, uint32_t turn) {
    uint64_t at, key = (uint64_t)node << 32 | known << 16 | (turn & known);
    if (map_get(&m->index, key, &at))
        return m->found.data[at];
    const struct tree_node *n = &m->t->nodes.data[node];
    struct ways w = {NULL, no_way};
    if (n->kind == TREE_LOOP) {
        w.longest = loop_ways(m, n, known, turn);
        for (size_t i = 0; i < n->flow.entry.len * n->flow.exit.len; i++)
            w.most = w.longest[i] > w.most ? w.longest[i] : w.most;
    } else {
        w.most = through(m, &n->flow, known, turn);
    }
    map_put(&m->index, key, m->found.len);
    vec_push(&m->found, w);
    return w;
}

int64_t tree_most_of(struct tree_most *m, uint32_t node, uint32_t known, uint32_t turn) {
    int64_t t = ways_of(m, node, known, turn).most;
    return m->overflow ? -1 : t;
}

int64_t tree_longest(struct tree_most *m) {
    int64_t t = through(m, &m->t->flow, 0, 0);
    return m->overflow ? -1 : t;
}
