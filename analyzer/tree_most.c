/* The longest way, exactly, by the flow graphs (struct tree_flow): these keep where control goes on, which the tree forgets where a loop has
 * several entries or exits.
 *
 * A loop. Let A(i, j) be the longest iteration that begins at entry i and hands over to one at entry j, and L(i, x) the longest that begins
 * at i and leaves by exit x. With the sum of path lengths as product and the maximum as sum (the max-plus semiring; Cuninghame-Green 1979)
 * the longest way in at i and out by x, of at most n iterations, the first of which has times of its own (A₁, L₁), is
 * the element (i, x) of L₁ ⊕ A₁ ⊗ (I ⊕ A)ⁿ⁻² ⊗ L. One entry makes it the usual first + (n − 2) × again + last.
 *
 * Where facts or the row speak of blocks that a path must pass, or not both, every length is a list of them, one for each set of those
 * blocks: the longest way that passes just these. Put one after the other, ways pass the union. */
#include "analyzer/replay.h"
#include "analyzer/tree.h"

/* A length: m->kinds numbers, by set of marked blocks. Lists of lengths are flat. */
struct ways {
    int64_t *longest;         /* through a loop: by entry, then exit; through a call: one */
    int64_t most;             /* of all */
};
struct tree_most {
    const struct tree *t;
    tree_cost_fn *cost;
    void *user;
    bool turns, overflow;
    size_t kinds;             /* sets of marked blocks */
    struct map index;         /* (node, known, turn) → ways */
    VEC(struct ways) found;
};

struct tree_most *tree_most_new(const struct tree *t, tree_cost_fn *cost, bool turns, void *user) {
    struct tree_most *m = mem_alloc(sizeof *m);
    *m = (struct tree_most){.t = t, .cost = cost, .user = user, .turns = turns, .kinds = (size_t)1 << t->marks.used};
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

static int64_t *lengths(const struct tree_most *m, size_t n) {
    int64_t *all = mem_alloc((n * m->kinds + 1) * sizeof *all);
    for (size_t i = 0; i < n * m->kinds; i++)
        all[i] = no_way;
    return all;
}

/* INTO becomes the longer of itself and A, then B. */
static void then(struct tree_most *m, const int64_t *a, const int64_t *b, int64_t *into) {
    for (size_t i = 0; i < m->kinds; i++)
        for (size_t k = 0; k < m->kinds && a[i] != no_way; k++) {
            int64_t t = plus(m, a[i], b[k]);
            into[i | k] = t > into[i | k] ? t : into[i | k];
        }
}

static uint32_t marks_at(const struct tree_most *m, uint32_t walk_node) {
    const struct tree_marks *marks = &m->t->marks;
    for (uint32_t n = 0; n < marks->used; n++)
        if (marks->block[n] == m->t->row->w->walk->nodes.data[walk_node].block)
            return 1u << n;
    return 0;
}

/* A unit passes the block that it leads to. */
static void unit_length(struct tree_most *m, const struct tree_node *n, uint32_t known, uint32_t turn, int64_t *length) {
    uint64_t cost = m->cost(m->user, n->ipg, known, turn);
    m->overflow |= cost > INT64_MAX;
    length[m->kinds == 1 ? 0 : marks_at(m, m->t->row->w->walk->ipg.data[n->ipg].to)] = m->overflow ? 0 : (int64_t)cost;
}

static void edge_length(struct tree_most *m, const struct flow_edge *x, uint32_t known, uint32_t turn, int64_t *length) {
    const struct tree_node *n = &m->t->nodes.data[x->node];
    for (size_t i = 0; i < m->kinds; i++)
        length[i] = no_way;
    if (n->kind == TREE_EMPTY) {
        length[0] = 0;
    } else if (n->kind == TREE_UNIT) {
        unit_length(m, n, known, turn, length);
    } else {
        struct ways w = ways_of(m, x->node, known, turn);
        size_t at = n->kind == TREE_LOOP ? x->enter * n->flow.exit.len + x->leave : 0;
        memcpy(length, w.longest + at * m->kinds, m->kinds * sizeof *length);
    }
}

/* Longest ways from place FROM to all places. The caller frees them. */
static int64_t *ways_from(struct tree_most *m, const struct tree_flow *f, uint32_t from, uint32_t known, uint32_t turn) {
    int64_t *ahead = lengths(m, f->places), length[1 << TREE_MARKS];
    ahead[from * m->kinds] = 0;
    for (size_t i = 0; i < f->edges.len; i++) {
        const struct flow_edge *x = &f->edges.data[i];
        if (x->from < from)
            continue;
        edge_length(m, x, known, turn, length);
        then(m, ahead + x->from * m->kinds, length, ahead + x->to * m->kinds);
    }
    return ahead;
}

/* A and L above, of iterations in TURN. */
struct iteration {
    int64_t *again, *last;
};

static struct iteration iteration_of(struct tree_most *m, const struct tree_flow *f, uint32_t known, uint32_t turn) {
    size_t k = f->entry.len, exits = f->exit.len, size = m->kinds * sizeof(int64_t);
    struct iteration it = {lengths(m, k * k), lengths(m, k * exits)};
    for (size_t i = 0; i < k; i++) {
        int64_t *ahead = ways_from(m, f, f->entry.data[i], known, turn);
        for (size_t j = 0; j < k; j++)
            memcpy(it.again + (i * k + j) * m->kinds, ahead + f->again.data[j] * m->kinds, size);
        for (size_t x = 0; x < exits; x++)
            memcpy(it.last + (i * exits + x) * m->kinds, ahead + f->exit.data[x] * m->kinds, size);
        free(ahead);
    }
    return it;
}

/* The product of a matrix of ROWS × INNER and one of INNER × COLUMNS. The caller frees it. */
static int64_t *times(struct tree_most *m, const int64_t *a, const int64_t *b, size_t rows, size_t inner, size_t columns) {
    int64_t *c = lengths(m, rows * columns);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            for (size_t l = 0; l < inner; l++)
                then(m, a + (i * inner + l) * m->kinds, b + (l * columns + j) * m->kinds, c + (i * columns + j) * m->kinds);
    return c;
}

static void become(int64_t **a, int64_t *b) {
    free(*a);
    *a = b;
}

/* FIRST ⊗ (I ⊕ AGAIN)ⁿ, both of K × K. The caller frees it. */
static int64_t *up_to(struct tree_most *m, const int64_t *first, const int64_t *again, size_t k, uint64_t n) {
    int64_t *sum = lengths(m, k * k), *power = lengths(m, k * k);
    memcpy(sum, first, k * k * m->kinds * sizeof *sum);
    memcpy(power, again, k * k * m->kinds * sizeof *power);
    for (size_t i = 0; i < k; i++) {
        int64_t *none = power + (i * k + i) * m->kinds; /* on the diagonal, passing nothing */
        *none = *none > 0 ? *none : 0;
    }
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
        for (size_t i = 0; i < k * exits * m->kinds; i++)
            first.last[i] = many[i] > first.last[i] ? many[i] : first.last[i];
        free(before);
        free(many);
        free(later.again);
        free(later.last);
    }
    free(first.again);
    return first.last;
}

/* From the flow's one entry to its one exit. The caller frees it. */
static int64_t *through(struct tree_most *m, const struct tree_flow *f, uint32_t known, uint32_t turn) {
    int64_t *ahead = ways_from(m, f, f->entry.data[0], known, turn);
    memmove(ahead, ahead + f->exit.data[0] * m->kinds, m->kinds * sizeof *ahead);
    return ahead;
}

static struct ways ways_of(struct tree_most *m, uint32_t node, uint32_t known, uint32_t turn) {
    uint64_t at, key = (uint64_t)node << 32 | known << 16 | (turn & known);
    if (map_get(&m->index, key, &at))
        return m->found.data[at];
    const struct tree_node *n = &m->t->nodes.data[node];
    bool loop = n->kind == TREE_LOOP;
    struct ways w = {loop ? loop_ways(m, n, known, turn) : through(m, &n->flow, known, turn), no_way};
    for (size_t i = 0; i < (loop ? n->flow.entry.len * n->flow.exit.len : 1) * m->kinds; i++)
        w.most = w.longest[i] > w.most ? w.longest[i] : w.most;
    map_put(&m->index, key, m->found.len);
    vec_push(&m->found, w);
    return w;
}

int64_t tree_most_of(struct tree_most *m, uint32_t node, uint32_t known, uint32_t turn) {
    int64_t t = ways_of(m, node, known, turn).most;
    return m->overflow ? -1 : t;
}

static bool possible(const struct tree_marks *m, uint32_t passed) {
    for (size_t i = 0; i < m->apart.len; i++)
        if ((passed & m->apart.data[i]) == m->apart.data[i])
            return false;
    return (passed & m->needed) == m->needed;
}

int64_t tree_longest(struct tree_most *m) {
    int64_t *length = through(m, &m->t->flow, 0, 0), most = no_way;
    uint32_t start = marks_at(m, m->t->row->start);
    for (uint32_t i = 0; i < m->kinds; i++)
        if (possible(&m->t->marks, i | start))
            most = length[i] > most ? length[i] : most;
    free(length);
    return m->overflow ? -1 : most;
}
