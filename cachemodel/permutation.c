/* Permutation policies (Abel, Reineke: "Measurement-based modeling of the cache replacement policy", RTAS 2013): the lines of a set have
 * an order; a miss removes the last, puts the new line first and moves the others one further; a hit reorders by a permutation that
 * depends only on the position hit. Positions are named by what evicts them: a line at position i goes with the (ways - i)-th of the
 * misses that follow.
 *
 * For each p and q: fill the set afresh, hit the line at position p, miss n times, look whether the line formerly at position q is
 * there still. The least n at which it is not is ways - (its new position). Everything is read in two sets; each row must be a
 * permutation and both readings the same; and the table must then predict random accesses. */
#include "cachemodel/infer.h"

#include <inttypes.h>

enum { VERIFY_OPS = 4000, MOST_OPS = 250000 };

/* One set of the cache, and lines of it that it certainly does not hold: a cycle long enough that each is gone when it comes again. */
struct bench {
    enum side side;
    const struct shape *shape;
    uint64_t set, next, many;
};

static struct bench bench_new(const struct infer *f, enum side s, uint64_t set) {
    const struct shape *c = &f->side[s].shape;
    return (struct bench){s, c, set, 0, f->lab.cached / way_size(c) - 2};
}

static uint64_t fresh(struct bench *b) {
    uint64_t at = (1 + b->next % b->many) * way_size(b->shape) + b->set * b->shape->line;
    b->next++;
    return at;
}

static void touch(struct infer *f, const struct bench *b, uint64_t at) { lab_op(&f->lab, read_of(b->side), at); }

/* Leaves in AT the lines by position. */
static void fill(struct infer *f, struct bench *b, uint64_t at[SIM_MAX_WAYS]) {
    uint64_t ways = b->shape->ways;
    for (uint64_t k = 0; k < 2 * ways; k++) {
        uint64_t line = fresh(b);
        touch(f, b, line);
        if (k >= ways)
            at[2 * ways - 1 - k] = line;
    }
}

/* A fetch of the line fetched last would not ask the cache: fetch one of another set between. */
static void separate(struct infer *f, const struct bench *b) {
    if (b->side == SIDE_I)
        touch(f, b, way_size(b->shape) * b->many + (b->set ^ 1) * b->shape->line);
}

/* ---- the table --------------------------------------------------------------------------------------------------------------- */

static void add_question(struct infer *f, struct bench *b, uint64_t p, uint64_t q, uint64_t n) {
    uint64_t at[SIM_MAX_WAYS];
    fill(f, b, at);
    separate(f, b);
    touch(f, b, at[p]);
    for (uint64_t k = 0; k < n; k++)
        touch(f, b, fresh(b));
    touch(f, b, at[q]);
}

static uint64_t question_length(const struct bench *b, uint64_t n) { return 2 * b->shape->ways + (b->side == SIDE_I) + 1 + n + 1; }

static void add_questions(struct infer *f, struct bench *b) {
    uint64_t ways = b->shape->ways;
    for (uint64_t p = 0; p < ways; p++)
        for (uint64_t q = 0; q < ways; q++)
            for (uint64_t n = 1; n <= ways; n++)
                add_question(f, b, p, q, n);
}

/* False: no permutation policy. */
static bool read_table(const struct infer *f, const struct bench *b, uint8_t *table) {
    uint64_t ways = b->shape->ways;
    size_t k = 0;
    for (uint64_t p = 0; p < ways; p++) {
        bool taken[SIM_MAX_WAYS] = {false};
        for (uint64_t q = 0; q < ways; q++) {
            uint64_t held = 0;
            for (uint64_t n = 1; n <= ways; n++) {
                k += question_length(b, n);
                if (is_hit(f, k - 1) && held++ != n - 1)
                    return false;
            }
            uint64_t position = ways - 1 - held;
            if (held >= ways || taken[position])
                return false;
            taken[position] = true;
            table[p * ways + q] = (uint8_t)position;
        }
    }
    return true;
}

static int measure_table(struct infer *f, enum side s, uint64_t set, uint8_t *table, bool *good, struct err *e) {
    struct bench b = bench_new(f, s, set);
    lab_begin(&f->lab);
    add_questions(f, &b);
    if (lab_run(&f->lab, e) < 0)
        return -1;
    *good = read_table(f, &b, table);
    return 0;
}

/* ---- its predictions --------------------------------------------------------------------------------------------------------- */

static bool predict(uint64_t *at, uint64_t ways, const uint8_t *table, uint64_t line) {
    uint64_t moved[SIM_MAX_WAYS], p = 0;
    while (p < ways && at[p] != line)
        p++;
    for (uint64_t i = 0; i < ways; i++)
        if (p < ways)
            moved[table[p * ways + i]] = at[i];
        else
            moved[(i + 1) % ways] = i + 1 < ways ? at[i] : line;
    memcpy(at, moved, ways * sizeof *at);
    return p < ways;
}

static int verify_table(struct infer *f, enum side s, const uint8_t *table, bool *good, struct err *e) {
    struct bench b = bench_new(f, s, 1);
    uint64_t ways = b.shape->ways, at[SIM_MAX_WAYS], pool[SIM_MAX_WAYS + 2], last = 0;
    lab_begin(&f->lab);
    fill(f, &b, at);
    for (uint64_t i = 0; i < ways + 2; i++)
        pool[i] = i < ways ? at[i] : fresh(&b);
    separate(f, &b);
    size_t from = f->lab.ops.len;
    while (f->lab.ops.len < from + VERIFY_OPS) {
        uint64_t line = pool[random_below(f, ways + 2)];
        if (line != last)
            touch(f, &b, line);
        last = line;
    }
    if (lab_run(&f->lab, e) < 0)
        return -1;
    *good = true;
    for (size_t k = from; *good && k < f->lab.ops.len; k++)
        *good = predict(at, ways, table, f->lab.ops.data[k].at) == is_hit(f, k);
    return 0;
}

int infer_permutation(struct infer *f, enum side s, struct err *e) {
    struct level *l = &f->side[s];
    uint64_t ways = l->shape.ways;
    bool good = true, same = true;
    struct bench b = bench_new(f, s, 0);
    if (l->shape.sets < 4 || ways * ways * ways * question_length(&b, ways) > MOST_OPS || b.many < 4 * ways)
        return 0;
    uint8_t *table = mem_alloc(ways * ways), *again = mem_alloc(ways * ways);
    int rc = measure_table(f, s, 1, table, &good, e);
    if (rc == 0 && good)
        rc = measure_table(f, s, 2, again, &same, e);
    good = good && same && memcmp(table, again, ways * ways) == 0;
    if (rc == 0 && good)
        rc = verify_table(f, s, table, &good, e);
    free(again);
    if (rc < 0 || !good) {
        free(table);
        return rc;
    }
    l->table = table;
    l->policies = 1u << MODEL_PERMUTATION;
    say(f, s, "policy: a permutation policy of no known name: its table read twice the same, in two sets, and right about %d random accesses", VERIFY_OPS);
    return 0;
}
