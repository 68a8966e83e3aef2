/* How stores are treated. Whether L1D allocates shows at once: store to a fresh line, then load it. The rest by elimination over the
 * whole board: for each of the ways to treat stores, predict which accesses of a random sequence miss and which evict dirty lines; the
 * time left over must then be dirty1 * evict1 + dirty2 * evict2 + (0..jitter) for one pair of costs. What the survivors agree on is
 * certain; what they do not agree on makes no difference to any time seen. */
#include "cachemodel/infer.h"

#include <inttypes.h>

enum { ALLOCATE_PROBES = 64, STORE_OPS = 12000, SECOND_STORE_OPS = 40000, DIRTY_ROUNDS = 40, STALE_ROUNDS = 60 };

/* ---- allocation -------------------------------------------------------------------------------------------------------------- */

static void add_allocate(struct infer *f) {
    for (uint64_t k = 1; k <= ALLOCATE_PROBES; k++) {
        lab_op(&f->lab, OP_STORE, k * 8192);
        lab_op(&f->lab, OP_LOAD, k * 8192);
    }
}

static int64_t read_allocate(const struct infer *f) {
    int hits = 0;
    for (size_t k = 0; k < ALLOCATE_PROBES; k++)
        hits += is_hit(f, 2 * k + 1);
    return hits == ALLOCATE_PROBES ? 1 : hits ? MODEL_UNKNOWN : 0;
}

/* ---- one hypothesis ---------------------------------------------------------------------------------------------------------- */

struct fit {
    struct writes writes;
    bool good;
    struct span evict1, evict2;      /* high INT64_MAX: no access evicted one */
    size_t wrong;                    /* index of the operation that refuted it */
};

static bool narrow(struct span *s, int64_t x, int64_t jitter) {
    s->low = x - jitter > s->low ? x - jitter : s->low;
    s->high = x < s->high ? x : s->high;
    return s->low <= s->high;
}

/* X: what is left of the time; it lies within 0..jitter of the costs of C's evictions. */
static bool explain(struct fit *t, struct span *both, const struct counts *c, int64_t x, int64_t jitter) {
    if (!c->dirty1 && !c->dirty2)
        return x >= 0 && x <= jitter;
    return narrow(!c->dirty2 ? &t->evict1 : !c->dirty1 ? &t->evict2 : both, x, jitter);
}

static bool sums_up(const struct fit *t, struct span both) {
    if (both.high == INT64_MAX || t->evict1.high == INT64_MAX || t->evict2.high == INT64_MAX)
        return true;
    return t->evict1.low + t->evict2.low <= both.high && both.low <= t->evict1.high + t->evict2.high;
}

static struct fit try_writes(const struct infer *f, struct writes w) {
    const struct span free_span = {0, INT64_MAX};
    struct fit t = {w, true, free_span, free_span, 0};
    struct span both = free_span;
    struct hypothesis h = hypothesis_new(f, w);
    for (size_t k = 0; t.good && k < f->lab.ops.len; k++) {
        const struct lab_op *op = &f->lab.ops.data[k];
        const struct level *l = &f->side[side_of(op->kind)];
        struct counts c = hypothesis_step(&h, op);
        int64_t x = excess(f, k) - (c.miss1 ? l->miss : 0) - (c.miss2 ? f->l2.miss : 0);
        t.good = explain(&t, &both, &c, x, f->jitter);
        t.wrong = k;
    }
    hypothesis_free(&h);
    t.good = t.good && sums_up(&t, both);
    return t;
}

/* ---- all of them ------------------------------------------------------------------------------------------------------------- */

struct agreement {
    int n;
    int64_t back1, back2, allocate2, evict1, evict2;
};

static int64_t agree(int64_t old, int64_t now, int n) { return n == 0 || old == now ? now : MODEL_UNKNOWN; }

/* A cost that was never paid counts as none: that is what it comes to. */
static int64_t cost_of(struct span s, bool back) {
    return !back ? 0 : s.high == INT64_MAX ? MODEL_UNKNOWN : span_value(s);
}

static void add_fit(struct agreement *a, const struct fit *t) {
    a->back1 = agree(a->back1, t->writes.back1, a->n);
    a->back2 = agree(a->back2, t->writes.back2, a->n);
    a->allocate2 = agree(a->allocate2, t->writes.allocate2, a->n);
    a->evict1 = agree(a->evict1, cost_of(t->evict1, t->writes.back1), a->n);
    a->evict2 = agree(a->evict2, cost_of(t->evict2, t->writes.back2), a->n);
    a->n++;
}

static void conclude(struct infer *f, const struct agreement *a, bool second, size_t ops) {
    f->write_back[0] = a->back1;
    f->evict_dirty[0] = a->evict1;
    say(f, SIDE_D, "stores: %d of %d ways to treat them explain the times of %zu random accesses", a->n, second ? 8 : 2, ops);
    if (a->back1 < 0)
        unknown(f, "L1D: write: through and back explain the same times%s", a->evict1 == 0 ? " (dirty evictions cost nothing)" : "");
    if (a->evict1 < 0)
        unknown(f, "L1D: evict_dirty: more than one value fits");
    if (!second)
        return;
    f->write_back[1] = a->back2;
    f->allocate[1] = a->allocate2;
    f->evict_dirty[1] = a->evict2;
    say(f, L2, "stores: %d of 8 ways to treat them explain the times of %zu random accesses", a->n, ops);
    if (a->back2 < 0)
        unknown(f, "L2: write: through and back explain the same times%s", a->evict2 == 0 ? " (dirty evictions cost nothing)" : "");
    if (a->allocate2 < 0)
        unknown(f, "L2: allocate: yes and no explain the same times%s", f->allocate[0] == 1 ? " (no store reaches it: L1D allocates)" : "");
    if (a->evict2 < 0)
        unknown(f, "L2: evict_dirty: more than one value fits");
}

static void eliminate(struct infer *f) {
    bool second = f->second == YES;
    struct agreement a = {0};
    size_t furthest = 0;
    for (int i = 0; i < (second ? 8 : 2); i++) {
        struct fit t = try_writes(f, (struct writes){i & 1, f->allocate[0] == 1, i >> 1 & 1, i >> 2 & 1});
        furthest = t.wrong > furthest ? t.wrong : furthest;
        if (!t.good)
            continue;
        if (!a.n)
            f->writes = t.writes;
        add_fit(&a, &t);
    }
    f->writes_known = a.n > 0;
    if (a.n)
        conclude(f, &a, second, f->lab.ops.len);
    else
        unknown(f, "L1D: write, evict_dirty: no way to treat stores explains the times (the best fails at access %zu)", furthest);
}

/* ---- without predictions: L1D full of dirty lines, and one line more -------------------------------------------------------- */

/* Whether a set of L1D can be filled and overfilled with nothing pushed out of L2: then only L1D's evictions cost. */
static bool second_has_room(const struct infer *f) {
    const struct shape *c = &f->side[SIDE_D].shape, *c2 = &f->l2.shape;
    return f->second == NO || (f->second == YES && f->l2.shaped && c2->ways > c->ways && way_size(c2) >= way_size(c));
}

static uint64_t add_full_sets(struct infer *f) {
    const struct shape *c = &f->side[SIDE_D].shape;
    uint64_t step = f->second == YES ? f->l2.shape.line : c->line, n = 0;
    for (uint64_t at = 0; at < way_size(c) && n < DIRTY_ROUNDS; at += step, n++)
        for (uint64_t k = 0; k <= c->ways; k++) {
            lab_op(&f->lab, OP_LOAD, (k + 1) * way_size(c) + at);
            if (k < c->ways)
                lab_op(&f->lab, OP_STORE, (k + 1) * way_size(c) + at);
        }
    return n;
}

static int infer_by_full_sets(struct infer *f, struct err *e) {
    struct span s = {0, INT64_MAX};
    const struct level *l = &f->side[SIDE_D];
    if (!second_has_room(f))
        return unknown(f, "L1D: write, evict_dirty: not without a policy that can be predicted"), 0;
    lab_begin(&f->lab);
    uint64_t sets = add_full_sets(f);
    if (lab_run(&f->lab, e) < 0)
        return -1;
    size_t each = 2 * l->shape.ways + 1;
    bool good = true;
    for (uint64_t set = 0; set < sets; set++)
        good = good && narrow(&s, excess(f, set * each + each - 1) - l->cold, f->jitter);
    if (good && span_certain(s)) {
        f->evict_dirty[0] = s.low;
        f->write_back[0] = s.low > 0 ? 1 : MODEL_UNKNOWN;
        say(f, SIDE_D, "stores: a load that pushes a line out of a set full of stored-to lines pays %" PRId64 " more", s.low);
    }
    if (f->write_back[0] < 0)
        unknown(f, "L1D: write%s: not without a policy that can be predicted", f->evict_dirty[0] < 0 ? ", evict_dirty" : "");
    return 0;
}

/* ---- all --------------------------------------------------------------------------------------------------------------------- */

/* A line is stored to in L1D and pushed out of L2 by fetches, which leave L1D alone: was it dirty there already? */
static void add_stale(struct infer *f) {
    const struct shape *c = &f->l2.shape;
    uint64_t way = way_size(c), top = f->lab.cached / way - 1, start = random_below(f, c->sets);
    for (uint64_t r = 0; r < STALE_ROUNDS && (r / c->sets + 1) * 2 * c->ways + 4 < top; r++) {
        uint64_t at = (start + r) % c->sets * c->line, x = (1 + r / c->sets) * way + at;
        lab_op(&f->lab, OP_LOAD, x);
        lab_op(&f->lab, OP_STORE, x);
        for (uint64_t k = 0; k < 2 * c->ways; k++)
            lab_op(&f->lab, OP_FETCH, (top - r / c->sets * 2 * c->ways - k) * way + at);
    }
}

static void add_second(struct infer *f) {
    if (f->side[SIDE_I].present)
        add_stale(f);
    const struct shape *c = &f->l2.shape;
    uint64_t hop = way_size(&f->side[SIDE_D].shape);
    add_random(f, c, hop < way_size(c) && hop >= c->line ? hop : c->line, 1u << OP_LOAD | 1u << OP_STORE, SECOND_STORE_OPS);
    add_random(f, c, c->line, 1u << OP_LOAD | 1u << OP_STORE | 1u << OP_FETCH, SECOND_STORE_OPS / 2);
    add_random_everywhere(f, 1u << OP_LOAD | 1u << OP_STORE | 1u << OP_FETCH, SECOND_STORE_OPS);
}

static bool predictable(const struct infer *f) {
    return level_predictable(&f->side[SIDE_D]) && f->side[SIDE_D].miss >= 0 &&
           (f->second == NO || (f->second == YES && level_predictable(&f->l2) && (level_predictable(&f->side[SIDE_I]) || !f->side[SIDE_I].present)));
}

int infer_stores(struct infer *f, struct err *e) {
    const struct level *l = &f->side[SIDE_D];
    for (int c = 0; c < 2; c++)
        f->write_back[c] = f->allocate[c] = f->evict_dirty[c] = MODEL_UNKNOWN;
    if (!l->shaped)
        return 0;
    bool whole = predictable(f);
    lab_begin(&f->lab);
    add_allocate(f);
    if (whole) {
        add_random(f, &l->shape, l->shape.line, 1u << OP_LOAD | 1u << OP_STORE, STORE_OPS);
        if (f->second == YES)
            add_second(f);
    }
    if (lab_run(&f->lab, e) < 0)
        return -1;
    f->allocate[0] = read_allocate(f);
    if (f->allocate[0] < 0)
        return unknown(f, "L1D: allocate, write: some stored-to lines are there afterwards, some not"), 0;
    say(f, SIDE_D, "allocate: %d loads, each just after a store to the same fresh line, all %s", ALLOCATE_PROBES, f->allocate[0] ? "hit" : "miss");
    if (whole) {
        eliminate(f);
        return 0;
    }
    if (f->second == YES)
        unknown(f, "L2: write, allocate, evict_dirty: not without policies that can be predicted");
    return infer_by_full_sets(f, e);
}
