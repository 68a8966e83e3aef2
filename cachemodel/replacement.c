/* Replacement policies by elimination. With shapes certain, each candidate of the library is simulated over all accesses that
 * reached the cache since power-on - those are measured, not predicted: an access reached L2 if it was seen to miss the first level -
 * and is out at its first wrong prediction. Several survivors are one policy only if they are proved equivalent at these ways. */
#include "cachemodel/infer.h"

#include <inttypes.h>

struct access {
    uint64_t at;
    bool hit;
};
struct stream {
    VEC(struct access) seen;
};

/* ---- elimination ------------------------------------------------------------------------------------------------------------- */

/* Index of the first wrong prediction; the stream's length if there is none. */
static size_t first_wrong(const struct stream *s, struct shape shape, enum model_policy p) {
    struct sim *sim = sim_new(shape, p, false, true);
    size_t k = 0;
    uint64_t victim;
    while (k < s->seen.len && ((sim_access(sim, s->seen.data[k].at, false, &victim) & SIM_HIT) != 0) == s->seen.data[k].hit)
        k++;
    sim_free(sim);
    return k;
}

static unsigned equivalent_only(unsigned survivors, uint64_t ways) {
    enum model_policy first = (enum model_policy)__builtin_ctz(survivors);
    for (int p = 0; p < MODEL_POLICIES; p++)
        if (survivors >> p & 1 && !policy_equivalent(first, (enum model_policy)p, ways))
            return 0;
    return survivors | (ways == 1 ? 1u << MODEL_RANDOM : 0);
}

/* Returns the survivors; l->policies is set if they are one policy. */
static unsigned eliminate(struct infer *f, struct level *l, int cache, const char *name, const struct stream *s) {
    unsigned survivors = 0;
    size_t furthest = 0, misses = 0;
    for (size_t k = 0; k < s->seen.len; k++)
        misses += !s->seen.data[k].hit;
    for (int p = 0; p < MODEL_POLICIES; p++) {
        if (!policy_defined((enum model_policy)p, l->shape.ways))
            continue;
        size_t k = first_wrong(s, l->shape, (enum model_policy)p);
        survivors |= k == s->seen.len ? 1u << p : 0;
        furthest = k > furthest ? k : furthest;
    }
    l->policies = survivors ? equivalent_only(survivors, l->shape.ways) : 0;
    if (l->policies)
        say(f, cache, "policy: of those known, only this explains %zu random accesses (%zu misses)", s->seen.len, misses);
    else if (survivors)
        unknown(f, "%s: policy: several explain all %zu accesses, but are not the same", name, s->seen.len);
    else
        say(f, cache, "policy: each of those known is wrong within %zu of %zu random accesses", furthest + 1, s->seen.len);
    return survivors;
}

/* ---- random accesses --------------------------------------------------------------------------------------------------------- */

enum { FIRST_LEVEL_OPS = 16000, SECOND_LEVEL_OPS = 40000 };

static void collect(const struct infer *f, struct stream s[3]) {
    for (int c = 0; c < 3; c++)
        s[c].seen.len = 0;
    vec_push(&s[SIDE_I].seen, ((struct access){0, false})); /* the stub */
    vec_push(&s[L2].seen, ((struct access){0, false}));
    for (size_t k = 0; k < f->lab.ops.len; k++) {
        enum side side = side_of(f->lab.ops.data[k].kind);
        bool hit = is_hit(f, k);
        uint64_t at = f->lab.ops.data[k].at;
        vec_push(&s[side].seen, ((struct access){at, hit}));
        if (!hit)
            vec_push(&s[L2].seen, ((struct access){at, excess(f, k) <= f->side[side].miss + f->jitter}));
    }
}

/* Sets of L2 whose lines fall into one set of the first level, if there are such: only what misses that is seen by L2. */
static uint64_t second_hop(const struct infer *f) {
    uint64_t hop = f->l2.shape.line;
    for (int s = 0; s < SIDES; s++)
        if (f->side[s].shaped && way_size(&f->side[s].shape) > hop)
            hop = way_size(&f->side[s].shape);
    return hop < way_size(&f->l2.shape) ? hop : f->l2.shape.line;
}

static void add_accesses(struct infer *f) {
    bool both = f->side[SIDE_D].shape.line && f->side[SIDE_I].shape.line, second = f->l2.shaped;
    if (second && both)
        add_once_each(f, SECOND_LEVEL_OPS / 2);
    for (int s = 0; s < SIDES; s++)
        if (f->side[s].shaped)
            add_random(f, &f->side[s].shape, f->side[s].shape.line, 1u << read_of((enum side)s), FIRST_LEVEL_OPS);
    if (!second)
        return;
    add_random(f, &f->l2.shape, second_hop(f), 1u << OP_LOAD | 1u << OP_FETCH, SECOND_LEVEL_OPS);
    if ((f->side[SIDE_D].shaped || !f->side[SIDE_D].present) && (f->side[SIDE_I].shaped || !f->side[SIDE_I].present))
        add_random_everywhere(f, 1u << OP_LOAD | 1u << OP_FETCH, SECOND_LEVEL_OPS);
}

/* ---- random replacement ------------------------------------------------------------------------------------------------------ */

enum { TWINS = 8 };

static uint64_t twin_length(const struct shape *c) { return 12 * c->ways + 40; }
static uint64_t twins(const struct shape *c) { return c->sets - 1 < TWINS ? c->sets - 1 : TWINS; }

/* The same accesses, relative to the set, in some sets that were empty (so not set 0, the stub's). First level: W + 1 lines, in an order that never repeats one
 * at once. */
static void add_twins(struct infer *f, enum side s) {
    const struct shape *c = &f->side[s].shape;
    for (uint64_t t = 0; t < twins(c); t++)
        for (uint64_t k = 0, line = 0, step = 1; k < twin_length(c); k++, step = step * 5 % 1021) {
            line = (line + 1 + step % c->ways) % (c->ways + 1);
            lab_op(&f->lab, read_of(s), (line + 1) * way_size(c) + (c->sets - 1 - t) * c->line);
        }
}

/* Second level: more lines than fit, put in by fetches; which of them do loads find? */
static void add_second_twins(struct infer *f) {
    const struct shape *c = &f->l2.shape;
    for (uint64_t t = 0; t < twins(c); t++)
        for (int pass = 0; pass < 2; pass++)
            for (uint64_t k = 0; k < c->ways + 8; k++)
                lab_op(&f->lab, pass ? OP_LOAD : OP_FETCH, (k + 1) * way_size(c) + (c->sets - 1 - t) * c->line);
}

/* Whether some of the twins differ in one of their N outcomes. */
static bool twins_differ(const struct infer *f, uint64_t n, uint64_t number, int64_t limit) {
    for (uint64_t i = n; i < n * number; i++)
        if ((excess(f, i) <= limit + f->jitter) != (excess(f, i % n) <= limit + f->jitter))
            return true;
    return false;
}

static const char *const names[3] = {"L1D", "L1I", "L2"};

/* CACHE is random, or a permutation policy that is not known by name, or it stays unknown. */
static int infer_other(struct infer *f, int cache, struct err *e) {
    struct level *l = cache == L2 ? &f->l2 : &f->side[cache];
    lab_begin(&f->lab);
    if (cache == L2)
        add_second_twins(f);
    else
        add_twins(f, (enum side)cache);
    if (l->shape.sets > 2 && lab_run(&f->lab, e) < 0)
        return -1;
    uint64_t n = cache == L2 ? 2 * (l->shape.ways + 8) : twin_length(&l->shape);
    if (l->shape.sets > 2 && twins_differ(f, n, twins(&l->shape), cache == L2 ? f->side[SIDE_D].miss : 0)) {
        l->policies = 1u << MODEL_RANDOM;
        say(f, cache, "policy: the same accesses from power-on do not have the same outcome in all sets");
    } else if (cache != L2 && infer_permutation(f, (enum side)cache, e) < 0) {
        return -1;
    }
    if (!l->policies)
        unknown(f, "%s: policy: none of those known explains the accesses", names[cache]);
    return 0;
}

/* ---- all --------------------------------------------------------------------------------------------------------------------- */

int infer_policies(struct infer *f, struct err *e) {
    struct stream s[3] = {0};
    unsigned survivors[3] = {0};
    int rc = 0;
    lab_begin(&f->lab);
    add_accesses(f);
    if (!f->lab.ops.len)
        return 0;
    if (lab_run(&f->lab, e) < 0)
        return -1;
    collect(f, s);
    for (int c = 0; c < SIDES; c++)
        if (f->side[c].shaped)
            survivors[c] = eliminate(f, &f->side[c], c, names[c], &s[c]);
    if (f->l2.shaped)
        survivors[L2] = eliminate(f, &f->l2, L2, names[L2], &s[L2]);
    for (int c = 0; c < 3; c++) {
        const struct level *l = c == L2 ? &f->l2 : &f->side[c];
        vec_free(&s[c].seen);
        if (rc == 0 && l->shaped && !survivors[c])
            rc = infer_other(f, c, e);
    }
    return rc;
}
