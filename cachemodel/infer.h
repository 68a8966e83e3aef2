/* infer: the parts of model_infer(), in the order in which they run. Each takes what the ones before it made certain, adds to the
 * model what it makes certain itself, and names the rest in model.unknown. They fail (-1) only if the board cannot be run.
 *
 * What is supposed of a board (and tried by every run's falsification): at power-on its caches are empty and fills take empty ways
 * first; lines, sets and their number are powers of two, the set is the address's bits above the line's; time is additive; a latch
 * is late by 0 to `jitter` cycles; fetching the same line twice in a row may bypass the cache. */
#ifndef POTOROO_CACHEMODEL_INFER_H
#define POTOROO_CACHEMODEL_INFER_H

#include "cachemodel/lab.h"
#include "cachemodel/sim.h"

/* What is known of a cycle count after some samples of value + (0..jitter): it lies in [low, high]. */
struct span {
    int64_t low, high;
};
static inline bool span_certain(struct span s) { return s.low == s.high; }
static inline int64_t span_value(struct span s) { return span_certain(s) ? s.low : MODEL_UNKNOWN; }

enum side { SIDE_D, SIDE_I, SIDES };

enum { DISTANCES = 11 }; /* 0, 8, 16, ... 4096 bytes */

/* A first-level cache as it looks from its side. */
struct level {
    bool present;
    bool shaped;             /* shape is certain */
    struct shape shape;
    unsigned policies;       /* as in struct model_cache */
    uint8_t *table;          /* as in struct model_cache; owned until the model takes it */
    int64_t miss;            /* of this level alone; MODEL_UNKNOWN */
    int64_t cold;            /* a miss at all levels; MODEL_UNKNOWN */
};

/* How stores are treated, as a hypothesis. */
struct writes {
    bool back1, allocate1, back2, allocate2; /* of L1D, of L2 */
};

enum answer { NO, YES, UNSURE };

struct infer {
    struct lab lab;
    struct model *m;
    uint64_t stride;         /* a power of two beyond any way that is looked for; MOST_WAYS + 2 of them fit in cached RAM */
    uint32_t base[OP_KINDS]; /* least time of each kind */
    int64_t jitter;
    struct level side[SIDES];
    enum answer second;      /* is there a unified second level? */
    struct level l2;         /* l2.miss: of this level alone */
    uint64_t l2_line;        /* 0 = unknown */
    struct span neighbour[SIDES][DISTANCES]; /* excess of an access right after a cold one at this distance, both from one side */
    int64_t write_back[2], allocate[2], evict_dirty[2]; /* of L1D and L2 */
    struct writes writes;    /* one way to see it that explains all stores, even where another does too */
    bool writes_known;       /* there is one */
    uint64_t seed;
    VEC(char *) evidence[3]; /* of L1D, L1I, L2; owned until the model takes them */
};

enum { MOST_WAYS = 64, L2 = 2 };

/* Excess of operation K over the least of its kind. */
static inline int64_t excess(const struct infer *f, size_t k) {
    return (int64_t)f->lab.time.data[k] - f->base[f->lab.ops.data[k].kind];
}
static inline bool is_hit(const struct infer *f, size_t k) { return excess(f, k) <= f->jitter; }
static inline enum op_kind read_of(enum side s) { return s == SIDE_D ? OP_LOAD : OP_FETCH; }
static inline enum side side_of(enum op_kind k) { return k == OP_FETCH ? SIDE_I : SIDE_D; }
static inline uint64_t way_size(const struct shape *s) { return s->line * s->sets; }
/* The costs that tell misses from hits stand out of the jitter. */
static inline bool clear_of_jitter(const struct infer *f, int64_t cost) { return cost > f->jitter; }

uint64_t next_random(struct infer *f);
uint64_t random_below(struct infer *f, uint64_t n);
void say(struct infer *f, int cache, const char *fmt, ...) __attribute__((format(printf, 3, 4)));      /* evidence */
void unknown(struct infer *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* calibrate.c: base, jitter, counter overhead, latencies. */
int infer_latencies(struct infer *f, struct err *e);
/* geometry.c: lines, penalties, whether there is a second level; then sets and ways. */
int infer_lines(struct infer *f, struct err *e);
int infer_first_level(struct infer *f, struct err *e);
int infer_second_level(struct infer *f, struct err *e);
/* The smallest distance (of S[DISTANCES]) at which accesses cost more than LIMIT, 0 if there is no such step. */
uint64_t distance_where_more(const struct span *s, int64_t limit);
/* lone.c: a second level behind one first-level cache alone. */
int infer_lone_second(struct infer *f, struct err *e);
/* replacement.c */
int infer_policies(struct infer *f, struct err *e);
/* permutation.c: of a first-level cache that none of the known policies explains. Sets policies and table if it is a permutation policy. */
int infer_permutation(struct infer *f, enum side s, struct err *e);
/* stores.c */
int infer_stores(struct infer *f, struct err *e);
/* tlb.c */
int infer_tlbs(struct infer *f, struct err *e);
/* sweep.c: evidence only. */
int infer_sweep(struct infer *f, struct err *e);
/* falsify.c: demotes what a prediction failed of. */
int infer_falsify(struct infer *f, struct err *e);

/* ---- predictions (predict.c) ------------------------------------------------------------------------------------------------- */

/* The whole board as a hypothesis; from power-on (the stub's fetch included). What is not certain of it is left out (NULL). */
struct hypothesis {
    struct sim *side[SIDES], *l2;
    uint64_t fetch_line, fetched; /* the fetch unit: size of a line, number of the last one */
    bool write_back;              /* L1D */
};
struct counts {
    bool miss1, miss2;
    int dirty1, dirty2;           /* evictions of dirty lines */
};
/* What can be simulated: shape and policy certain. */
bool level_predictable(const struct level *l);
struct hypothesis hypothesis_new(const struct infer *f, struct writes w);
void hypothesis_free(struct hypothesis *h);
/* What the hypothesis says of the next operation: of levels that it has. */
struct counts hypothesis_step(struct hypothesis *h, const struct lab_op *op);

/* Adds to the list N random operations over pools of lines that collide: in a few sets of the cache SHAPE, some lines more than ways.
 * The sets are HOP bytes apart (at least a line). KINDS: bit set of enum op_kind; those of a side without a cache are left out. Never fetches the same line twice in a row. */
void add_random(struct infer *f, const struct shape *shape, uint64_t hop, unsigned kinds, size_t n);
/* The same over lines that collide in every cache at once, some more than any has ways: whatever the second level's shape, it is asked
 * for lines that the first has lost. All three must be shaped. */
void add_random_everywhere(struct infer *f, unsigned kinds, size_t n);
/* Adds up to N loads and fetches of a few sets of L2, each line once from each side at most: so all miss the first level, whatever that
 * is, and all are seen by L2: new lines, and lines that the other side brought a little while ago. Needs L2's shape. For a list that
 * has not touched these lines before. */
void add_once_each(struct infer *f, size_t n);

#endif
