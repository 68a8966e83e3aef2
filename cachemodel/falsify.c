/* The falsification run: fresh random sequences, predicted from the model, then measured. The first access that a prediction is wrong
 * of demotes the part concerned, and the run is repeated with what is left, so that what remains has survived a whole run. */
#include "cachemodel/infer.h"

#include <inttypes.h>

enum { ROUND_OPS = 12000, MOST_RUNS = 6 };

enum part { AS_PREDICTED, PART_D, PART_I, PART_L2, PART_STORES, PART_COSTS };

/* ---- sequences --------------------------------------------------------------------------------------------------------------- */

/* Anywhere in memory, in bursts: neighbours, and lines seen a little while ago. */
static void add_walk(struct infer *f, unsigned kinds, size_t n) {
    uint64_t at = 8192, fetched = UINT64_MAX, line = f->side[SIDE_I].shape.line, recent[16] = {0};
    for (size_t k = 0; k < n; k++) {
        enum op_kind kind;
        do
            kind = (enum op_kind)random_below(f, OP_CALL);
        while (!(kinds >> kind & 1));
        switch (random_below(f, 8)) {
        case 0: at = 4096 + 8 * random_below(f, (f->lab.cached - 8192) / 8); break;
        case 1:
        case 2: at = recent[random_below(f, 16)]; break;
        default: at += 8 * random_below(f, 16);
        }
        if (at < 4096 || at >= f->lab.cached)
            at = 4096;
        recent[k % 16] = at;
        if (kind == OP_FETCH && at / line == fetched)
            kind = OP_LOAD;
        if (kind == OP_FETCH)
            fetched = at / line;
        lab_op(&f->lab, kind, at);
    }
}

static void add_sequences(struct infer *f) {
    const struct level *d = &f->side[SIDE_D], *i = &f->side[SIDE_I];
    unsigned fetch = level_predictable(i) ? 1u << OP_FETCH : 0, store = f->writes_known ? 1u << OP_STORE : 0, all = (d->present ? 1u << OP_LOAD : 0) | fetch | store;
    if (f->second == YES && level_predictable(&f->l2) && d->present && i->present)
        add_once_each(f, ROUND_OPS);
    if (level_predictable(d))
        add_random(f, &d->shape, d->shape.line, all & ~fetch, ROUND_OPS);
    if (fetch)
        add_random(f, &i->shape, i->shape.line, fetch, ROUND_OPS);
    if (f->second == YES && level_predictable(&f->l2) && (fetch || !i->present)) {
        add_random(f, &f->l2.shape, f->l2.shape.line, all, 2 * ROUND_OPS);
        if (level_predictable(d) || !d->present)
            add_random_everywhere(f, all, 2 * ROUND_OPS);
    }
    if (fetch || level_predictable(d))
        add_walk(f, all, 2 * ROUND_OPS);
}

/* ---- comparison -------------------------------------------------------------------------------------------------------------- */

/* Whom to blame for the excess X of OP; AS_PREDICTED: it is as predicted. */
static enum part judge(const struct infer *f, const struct hypothesis *h, const struct lab_op *op, const struct counts *c, int64_t x) {
    enum side s = side_of(op->kind);
    const struct level *l = &f->side[s];
    enum part own = s == SIDE_D ? PART_D : PART_I;
    if (!l->present)
        return x <= f->jitter ? AS_PREDICTED : own;
    if (!h->side[s])
        return AS_PREDICTED;
    if (!c->miss1 || x <= f->jitter)
        return (x <= f->jitter) == !c->miss1 ? AS_PREDICTED : own;
    if (l->miss < 0 || (f->second == YES && !h->l2) || f->second == UNSURE)
        return AS_PREDICTED;
    x -= l->miss + (c->miss2 ? f->l2.miss : 0);
    if (c->dirty1)
        x -= f->evict_dirty[0] < 0 ? 0 : f->evict_dirty[0];
    if (c->dirty2)
        x -= f->evict_dirty[1] < 0 ? 0 : f->evict_dirty[1];
    if (x >= 0 && x <= f->jitter)
        return AS_PREDICTED;
    if (c->dirty1 || c->dirty2)
        return (c->dirty1 && f->evict_dirty[0] < 0) || (c->dirty2 && f->evict_dirty[1] < 0) ? AS_PREDICTED : PART_STORES;
    return h->l2 ? PART_L2 : PART_COSTS;
}

static enum part compare(const struct infer *f, size_t *at) {
    struct hypothesis h = hypothesis_new(f, f->writes);
    enum part wrong = AS_PREDICTED;
    for (*at = 0; !wrong && *at < f->lab.ops.len; ++*at) {
        const struct lab_op *op = &f->lab.ops.data[*at];
        struct counts c = hypothesis_step(&h, op);
        wrong = judge(f, &h, op, &c, excess(f, *at));
    }
    hypothesis_free(&h);
    return wrong;
}

/* ---- consequences ------------------------------------------------------------------------------------------------------------ */

static void forget_stores(struct infer *f) {
    f->writes_known = false;
    for (int c = 0; c < 2; c++)
        f->write_back[c] = f->evict_dirty[c] = f->allocate[c] = MODEL_UNKNOWN;
}

static void forget(struct level *l) {
    l->shaped = false;
    l->policies = 0;
    l->shape.sets = l->shape.ways = 0;
}

static void demote(struct infer *f, enum part part, size_t at) {
    static const char *const name[] = {"", "L1D", "L1I", "L2", "L1D: write, allocate, evict_dirty", "L1D, L1I: miss"};
    f->m->falsify_mismatches++;
    unknown(f, "%s: falsified: a prediction of the model failed at access %zu of its falsification run", name[part], at);
    switch (part) {
    case PART_D: forget(&f->side[SIDE_D]); break;
    case PART_I: forget(&f->side[SIDE_I]); break;
    case PART_L2: forget(&f->l2); break;
    case PART_COSTS: f->side[SIDE_D].miss = f->side[SIDE_I].miss = f->side[SIDE_D].cold = f->side[SIDE_I].cold = MODEL_UNKNOWN; break;
    case PART_STORES:
    case AS_PREDICTED: break;
    }
    forget_stores(f); /* it rests on all of them */
}

int infer_falsify(struct infer *f, struct err *e) {
    for (int run = 0; run < MOST_RUNS; run++) {
        size_t at;
        lab_begin(&f->lab);
        add_sequences(f);
        if (!f->lab.ops.len)
            return 0;
        if (lab_run(&f->lab, e) < 0)
            return -1;
        enum part wrong = compare(f, &at);
        f->m->falsify_accesses += at;
        if (!wrong)
            return 0;
        demote(f, wrong, at);
    }
    return 0;
}
