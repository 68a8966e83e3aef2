/* The board as a hypothesis, and sequences that put it to the test. */
#include "cachemodel/infer.h"

#include <assert.h>

#define NOTHING UINT64_MAX

bool level_predictable(const struct level *l) {
    unsigned simulated = l->policies & ~(1u << MODEL_RANDOM | 1u << MODEL_PERMUTATION);
    return l->present && l->shaped && simulated;
}

static struct sim *simulate(const struct level *l, bool write_back, bool allocate) {
    return level_predictable(l) ? sim_new(l->shape, (enum model_policy)__builtin_ctz(l->policies), write_back, allocate) : NULL;
}

struct hypothesis hypothesis_new(const struct infer *f, struct writes w) {
    struct hypothesis h = {{simulate(&f->side[SIDE_D], w.back1, w.allocate1), simulate(&f->side[SIDE_I], false, true)}, NULL,
                           f->side[SIDE_I].shape.line, NOTHING, w.back1};
    bool whole = true; /* what reaches L2 is known only if the first level is */
    for (int s = 0; s < SIDES; s++)
        whole = whole && (h.side[s] || !f->side[s].present);
    if (whole && f->second == YES)
        h.l2 = simulate(&f->l2, w.back2, w.allocate2);
    hypothesis_step(&h, &(struct lab_op){OP_FETCH, 0}); /* the stub */
    return h;
}

void hypothesis_free(struct hypothesis *h) {
    sim_free(h->side[SIDE_D]);
    sim_free(h->side[SIDE_I]);
    sim_free(h->l2);
}

static void reach_second(struct hypothesis *h, uint64_t at, bool store, struct counts *c) {
    uint64_t victim;
    if (!h->l2)
        return;
    unsigned outcome = sim_access(h->l2, at, store, &victim);
    c->miss2 = !(outcome & SIM_HIT);
    c->dirty2 += (outcome & SIM_WROTE_BACK) != 0;
}

static void post_second(struct hypothesis *h, uint64_t at) {
    if (h->l2)
        sim_post(h->l2, at);
}

static struct counts step_fetch(struct hypothesis *h, uint64_t at) {
    struct counts c = {0};
    uint64_t victim;
    if (!h->side[SIDE_I] || at / h->fetch_line == h->fetched)
        return c;
    h->fetched = at / h->fetch_line;
    c.miss1 = !(sim_access(h->side[SIDE_I], at, false, &victim) & SIM_HIT);
    if (c.miss1)
        reach_second(h, at, false, &c);
    return c;
}

static struct counts step_data(struct hypothesis *h, uint64_t at, bool store) {
    struct counts c = {0};
    uint64_t victim;
    if (!h->side[SIDE_D])
        return c;
    unsigned outcome = sim_access(h->side[SIDE_D], at, store, &victim);
    c.miss1 = !(outcome & SIM_HIT);
    if (c.miss1)
        reach_second(h, at, !(outcome & SIM_HELD), &c);
    if (outcome & SIM_WROTE_BACK) {
        c.dirty1++;
        post_second(h, victim);
    }
    if (store && (outcome & SIM_HELD) && !h->write_back)
        post_second(h, at);
    return c;
}

struct counts hypothesis_step(struct hypothesis *h, const struct lab_op *op) {
    assert(op->kind != OP_CALL);
    return op->kind == OP_FETCH ? step_fetch(h, op->at) : step_data(h, op->at, op->kind == OP_STORE);
}

/* ---- sequences --------------------------------------------------------------------------------------------------------------- */

enum { HOMES = 8, POOL = 2 * MOST_WAYS };

struct pool {
    uint64_t line[POOL];
    uint64_t n;
};

/* WANT distinct lines of one set, fewer only if memory has no more. The first way of memory is left out: the stub is there. */
static void fill_pool(struct infer *f, struct pool *p, const struct shape *c, uint64_t set_at, uint64_t want) {
    uint64_t way = way_size(c), many = f->lab.cached / way - 1;
    want = want < many ? want : many;
    for (p->n = 0; p->n < want;) {
        uint64_t at = (1 + random_below(f, many)) * way + set_at, k = 0;
        while (k < p->n && p->line[k] != at)
            k++;
        if (k == p->n && at < f->lab.cached)
            p->line[p->n++] = at;
    }
}

static enum op_kind random_kind(struct infer *f, unsigned kinds) {
    for (;;) {
        enum op_kind k = (enum op_kind)random_below(f, OP_CALL);
        if (kinds >> k & 1)
            return k;
    }
}

void add_random(struct infer *f, const struct shape *c, uint64_t hop, unsigned kinds, size_t n) {
    struct pool pool[HOMES];
    if (!f->side[SIDE_I].present)
        kinds &= ~(1u << OP_FETCH);
    if (!f->side[SIDE_D].present)
        kinds &= ~(1u << OP_LOAD | 1u << OP_STORE);
    if (!kinds)
        return;
    uint64_t way = way_size(c), fetched = NOTHING, fetch_line = f->side[SIDE_I].shape.line;
    uint64_t start = random_below(f, c->sets) * c->line, homes = 0;
    do {
        const uint64_t more[4] = {1, 2, c->ways, 1};
        fill_pool(f, &pool[homes], c, (start + homes * hop) % way, c->ways + more[homes % 4]);
        homes++;
    } while (homes < HOMES && homes < way / hop);
    for (size_t k = f->lab.ops.len; k > 0 && fetched == NOTHING && fetch_line; k--)
        if (f->lab.ops.data[k - 1].kind == OP_FETCH)
            fetched = f->lab.ops.data[k - 1].at / fetch_line;
    while (n > 0) {
        const struct pool *p = &pool[random_below(f, homes)];
        enum op_kind kind = random_kind(f, kinds);
        uint64_t at = p->line[random_below(f, p->n)] + 8 * random_below(f, c->line / 8);
        if (kind == OP_FETCH && at / fetch_line == fetched)
            continue;
        if (kind == OP_FETCH)
            fetched = at / fetch_line;
        lab_op(&f->lab, kind, at);
        n--;
    }
}

void add_random_everywhere(struct infer *f, unsigned kinds, size_t n) {
    const struct shape *all[] = {&f->side[SIDE_D].shape, &f->side[SIDE_I].shape, &f->l2.shape};
    struct shape c = f->l2.shape;
    for (int i = 0; i < 3; i++) {
        c.sets = way_size(all[i]) / c.line > c.sets ? way_size(all[i]) / c.line : c.sets;
        c.ways = all[i]->ways > c.ways ? all[i]->ways : c.ways;
    }
    add_random(f, &c, c.line, kinds, n);
}

struct window {
    struct {
        uint64_t at;
        enum side from;
        bool done;           /* the other side had it too, or nobody */
    } line[MOST_WAYS + 2];
    uint64_t n, next;        /* next: ways of memory used */
};

/* From the top of memory down: other sequences of a list begin at the bottom. */
static uint64_t unused(const struct infer *f, struct window *w, uint64_t set_at) {
    uint64_t way = way_size(&f->l2.shape), top = f->lab.cached / way - 1;
    return w->next + 2 < top ? (top - ++w->next) * way + set_at : 0;
}

static bool step_window(struct infer *f, struct window *w, uint64_t set_at) {
    uint64_t k = random_below(f, w->n);
    if (!w->line[k].done && random_below(f, 3)) {
        w->line[k].done = true;
        lab_op(&f->lab, read_of(w->line[k].from == SIDE_D ? SIDE_I : SIDE_D), w->line[k].at);
        return true;
    }
    uint64_t at = unused(f, w, set_at);
    w->line[k].at = at;
    w->line[k].done = false;
    w->line[k].from = (enum side)random_below(f, SIDES);
    if (at)
        lab_op(&f->lab, read_of(w->line[k].from), at);
    return at != 0;
}

void add_once_each(struct infer *f, size_t n) {
    const struct shape *c = &f->l2.shape;
    struct window w[HOMES] = {0};
    uint64_t homes = c->sets < HOMES ? c->sets : HOMES, start = random_below(f, c->sets);
    for (uint64_t h = 0; h < homes; h++) {
        w[h].n = c->ways + (h & 1) + 1;
        for (uint64_t k = 0; k < w[h].n; k++)
            w[h].line[k].done = true;
    }
    for (size_t end = f->lab.ops.len + n; f->lab.ops.len < end;) {
        uint64_t h = random_below(f, homes);
        if (!step_window(f, &w[h], (start + h) % c->sets * c->line))
            return;
    }
}
