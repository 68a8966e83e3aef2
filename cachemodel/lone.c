/* A second level behind one first-level cache alone. There is no other side to put lines in or to ask for them, so all that is seen of
 * it is what the first level loses and asks for again: if some of that ever costs less than a cold access, there is a second level.
 * Its shape is found by elimination: every number of sets and ways and every policy that can be simulated, over all accesses that
 * missed the first level. If nothing ever cost less, there is none, or one that never hits: that is the same, and stays unknown. */
#include "cachemodel/infer.h"

#include <inttypes.h>

enum { MOST_SETS = 1 << 14, POOL_OPS = 600, AREA_OPS = 24000, CONFLICT_OPS = 8000 };

struct missed {
    uint64_t at;
    bool cold;               /* it cost as much as a miss everywhere */
};
struct misses {
    VEC(struct missed) seen;
    struct span near;        /* the cost of those that cost less */
    bool two_costs;          /* all cost one or the other */
};

/* ---- accesses ---------------------------------------------------------------------------------------------------------------- */

static void add_pool(struct infer *f, enum side s, uint64_t start, uint64_t stride, uint64_t lines, size_t n) {
    uint64_t last = 0, at;
    for (size_t k = 0; k < n; k++) {
        do
            at = start + stride * random_below(f, lines);
        while (at == last);
        last = at;
        lab_op(&f->lab, read_of(s), at);
    }
}

/* Pools at all strides, of few lines and of many; and all lines of areas of growing size. */
static void add_accesses(struct infer *f, enum side s) {
    const struct shape *c = &f->side[s].shape;
    const uint64_t sizes[] = {c->ways + 1, c->ways + 2, 2 * c->ways + 2, 3 * c->ways + 20};
    add_random(f, c, c->line, 1u << read_of(s), CONFLICT_OPS);
    for (uint64_t stride = c->line; stride <= f->stride / 2; stride *= 2)
        for (int i = 0; i < 4; i++)
            if (stride * sizes[i] < f->lab.cached / 2)
                add_pool(f, s, 8192 * (1 + random_below(f, 64)), stride, sizes[i], POOL_OPS);
    for (uint64_t size = way_size(c) * c->ways; size <= 4 << 20; size *= 2)
        add_pool(f, s, 8192, c->line, 2 * size / c->line, AREA_OPS);
}

static void collect(const struct infer *f, enum side s, struct misses *m) {
    const struct level *l = &f->side[s];
    m->near = (struct span){0, INT64_MAX};
    m->two_costs = true;
    if (s == SIDE_I)
        vec_push(&m->seen, ((struct missed){0, true})); /* the stub */
    for (size_t k = 0; k < f->lab.ops.len; k++) {
        int64_t x = excess(f, k);
        if (x <= f->jitter)
            continue;
        vec_push(&m->seen, ((struct missed){f->lab.ops.data[k].at, x >= l->cold}));
        if (x < l->cold) {
            m->near.low = x - f->jitter > m->near.low ? x - f->jitter : m->near.low;
            m->near.high = x < m->near.high ? x : m->near.high;
        } else if (x > l->cold + f->jitter) {
            m->two_costs = false;
        }
    }
    m->two_costs = m->two_costs && m->near.low <= m->near.high;
}

/* ---- elimination ------------------------------------------------------------------------------------------------------------- */

static bool explains(const struct misses *m, struct shape shape, enum model_policy p) {
    struct sim *sim = sim_new(shape, p, false, true);
    bool good = true;
    uint64_t victim;
    for (size_t k = 0; good && k < m->seen.len; k++)
        good = !(sim_access(sim, m->seen.data[k].at, false, &victim) & SIM_HIT) == m->seen.data[k].cold;
    sim_free(sim);
    return good;
}

/* The only shape that explains all misses, whatever the policy; ways 0 if there are several or none. */
static struct shape only_shape(const struct misses *m, uint64_t line, uint64_t stride) {
    struct shape found = {line, 0, 0};
    for (uint64_t sets = 1; sets <= MOST_SETS && sets * line < stride; sets *= 2)
        for (uint64_t ways = 1; ways <= MOST_WAYS; ways++)
            for (int p = 0; p < MODEL_POLICIES; p++) {
                struct shape shape = {line, sets, ways};
                if (!policy_defined((enum model_policy)p, ways) || !explains(m, shape, (enum model_policy)p))
                    continue;
                if (found.ways && (found.sets != sets || found.ways != ways))
                    return (struct shape){line, 0, 0};
                found = shape;
            }
    return found;
}

static void conclude(struct infer *f, enum side s, const struct misses *m) {
    struct level *l = &f->side[s];
    int64_t near = span_value(m->near);
    if (m->near.high == INT64_MAX) {
        unknown(f, "L2: no access cost less than a cold one: there is none, or one that never hits");
        return;
    }
    if (!m->two_costs || near < 0 || !clear_of_jitter(f, near) || !clear_of_jitter(f, l->cold - near)) {
        unknown(f, "L2: misses have more than two costs, or they drown in jitter");
        return;
    }
    l->miss = near;
    f->second = YES;
    f->l2.present = true;
    f->l2.miss = l->cold - near;
    say(f, L2, "some of %zu misses of the first level cost %" PRId64 ", all others %" PRId64, m->seen.len, near, l->cold);
    f->l2_line = distance_where_more(f->neighbour[s], near);
    if (f->l2_line < l->shape.line) {
        unknown(f, "L2: line: no clear step");
        return;
    }
    f->l2.shape = only_shape(m, f->l2_line, f->stride);
    f->l2.shaped = f->l2.shape.ways > 0;
    if (f->l2.shaped)
        say(f, L2, "sets, ways: of all up to %d and %d, with any policy known, only these explain which of them cost less", MOST_SETS, MOST_WAYS);
    else
        unknown(f, "L2: sets, ways: none or several with the policies known explain which misses cost less");
}

int infer_lone_second(struct infer *f, struct err *e) {
    enum side s = f->side[SIDE_D].present ? SIDE_D : SIDE_I;
    struct misses m = {0};
    if (f->side[SIDE_D].present == f->side[SIDE_I].present)
        return 0;
    if (!f->side[s].shaped || f->side[s].cold < 0)
        return unknown(f, "L2: not without the first level's shape"), 0;
    lab_begin(&f->lab);
    add_accesses(f, s);
    if (lab_run(&f->lab, e) < 0)
        return -1;
    collect(f, s, &m);
    conclude(f, s, &m);
    vec_free(&m.seen);
    return 0;
}
