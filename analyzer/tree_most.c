/* The longest way through a tree, exactly. A loop that can be left from several places is the one thing in which parts hang together: how
 * its last iteration ends decides where control goes on. The loop takes the longest end, and the exit after it takes back what another
 * end has less: exits add nothing or a negative number, so ways still add up. */
#include "analyzer/replay.h"
#include "analyzer/tree.h"

struct tree_most {
    const struct tree *t;
    tree_cost_fn *cost;
    void *user;
    bool turns, overflow;
    struct map found;         /* (node, known, turn) → most */
};

struct tree_most *tree_most_new(const struct tree *t, tree_cost_fn *cost, bool turns, void *user) {
    struct tree_most *m = mem_alloc(sizeof *m);
    *m = (struct tree_most){.t = t, .cost = cost, .user = user, .turns = turns};
    return m;
}

void tree_most_free(struct tree_most *m) {
    if (m)
        map_free(&m->found);
    free(m);
}

static int64_t most(struct tree_most *m, uint32_t node, uint32_t known, uint32_t turn);

static const int64_t no_way = INT64_MIN;

static int64_t plus(struct tree_most *m, int64_t a, int64_t b) {
    int64_t sum;
    if (a == no_way || b == no_way)
        return no_way;
    if (__builtin_add_overflow(a, b, &sum) || sum == no_way)
        m->overflow = true;
    return m->overflow ? 0 : sum;
}

/* Longest way in the node's graph from place 0 to the edge that ends at TO with MARK (NONE: any edge). */
static int64_t way(struct tree_most *m, const struct tree_node *n, uint32_t to, uint32_t mark, uint32_t known, uint32_t turn) {
    int64_t *ahead = mem_alloc(n->places * sizeof *ahead), result;
    for (uint32_t v = 1; v < n->places; v++)
        ahead[v] = no_way;
    for (uint32_t v = 0; v < n->places; v++)
        for (size_t i = 0; i < n->dag.len; i++) {
            const struct tree_edge *x = &n->dag.data[i];
            if (x->from != v || (x->to == to && mark != NONE && x->mark != mark))
                continue;
            int64_t t = plus(m, ahead[v], most(m, x->node, known, turn));
            ahead[x->to] = t > ahead[x->to] ? t : ahead[x->to];
        }
    result = ahead[to];
    free(ahead);
    return result;
}

/* The longest way through the loop that ends at MARK: one iteration, the last; or a first one, any number up to max − 2, and the last. */
static int64_t loop_way(struct tree_most *m, const struct tree_node *n, uint32_t mark, uint32_t known, uint32_t turn) {
    bool apart = m->turns && n->bit < LOOPS_APART;
    uint32_t bit = apart ? 1u << n->bit : 0, first = turn & ~bit, later = turn | bit, all = known | bit;
    int64_t once = way(m, n, tree_last(n), mark, all, first), begin, again, end, turns = 0;
    if (n->max < 2)
        return once;
    begin = way(m, n, tree_full(n), NONE, all, first);
    again = apart ? way(m, n, tree_full(n), NONE, all, later) : begin;
    end = apart ? way(m, n, tree_last(n), mark, all, later) : once;
    if (again > 0 && (n->max > INT64_MAX || __builtin_mul_overflow(again, (int64_t)(n->max - 2), &turns)))
        m->overflow = true;
    int64_t many = plus(m, plus(m, begin, turns), end);
    return many > once ? many : once;
}

/* With several entries an iteration may begin at any: each is taken for the longest. */
static int64_t loop_many(struct tree_most *m, const struct tree_node *n, uint32_t known, uint32_t turn) {
    int64_t full = way(m, n, tree_full(n), NONE, known, turn), last = way(m, n, tree_last(n), NONE, known, turn), all = 0;
    uint32_t bit = m->turns && n->bit < LOOPS_APART ? 1u << n->bit : 0;
    full = full > last ? full : last;
    if (bit) { /* first or later: the longer of them */
        int64_t other = way(m, n, tree_full(n), NONE, known | bit, turn | bit);
        full = other > full ? other : full;
        other = way(m, n, tree_last(n), NONE, known | bit, turn | bit);
        full = other > full ? other : full;
    }
    if (full > 0 && (n->max > INT64_MAX || __builtin_mul_overflow(full, (int64_t)n->max, &all)))
        m->overflow = true;
    return all;
}

static int64_t whole_loop(struct tree_most *m, uint32_t node, uint32_t known, uint32_t turn) {
    const struct tree_node *n = &m->t->nodes.data[node];
    return n->several ? loop_many(m, n, known, turn) : loop_way(m, n, NONE, known, turn);
}

static int64_t compute(struct tree_most *m, uint32_t node, uint32_t known, uint32_t turn) {
    const struct tree_node *n = &m->t->nodes.data[node];
    int64_t sum = 0;
    switch (n->kind) {
    case TREE_UNIT: {
        uint64_t cost = m->cost(m->user, n->ipg, known, turn);
        m->overflow |= cost > INT64_MAX;
        return m->overflow ? 0 : (int64_t)cost;
    }
    case TREE_EMPTY: return 0;
    case TREE_LOOP: return whole_loop(m, node, known, turn);
    case TREE_REGION: return way(m, n, n->places - 1, NONE, known, turn);
    case TREE_EXIT: {
        const struct tree_node *loop = &m->t->nodes.data[n->of];
        int64_t all = most(m, n->of, known, turn), here = loop->several ? all : loop_way(m, loop, n->mark, known, turn);
        return here == no_way ? no_way : here - all;
    }
    case TREE_ALTERNATIVE:
        sum = no_way;
        for (size_t i = 0; i < n->parts.len; i++) {
            int64_t t = most(m, n->parts.data[i], known, turn);
            sum = t > sum ? t : sum;
        }
        return sum;
    case TREE_SEQUENCE: case TREE_CALL:
        for (size_t i = 0; i < n->parts.len; i++)
            sum = plus(m, sum, most(m, n->parts.data[i], known, turn));
    }
    return sum;
}

static int64_t most(struct tree_most *m, uint32_t node, uint32_t known, uint32_t turn) {
    uint64_t found, key = (uint64_t)node << 32 | known << 16 | (turn & known);
    if (map_get(&m->found, key, &found))
        return (int64_t)found;
    int64_t t = compute(m, node, known, turn);
    map_put(&m->found, key, (uint64_t)t);
    return t;
}

int64_t tree_most_of(struct tree_most *m, uint32_t node, uint32_t known, uint32_t turn) {
    int64_t t = most(m, node, known, turn);
    return m->overflow ? -1 : t;
}
