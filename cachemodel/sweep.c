/* Latency against footprint: what an access to a range costs that was gone through once before, for growing ranges. Nothing is
 * concluded from it: it is the picture that a reader knows caches by, beside what the other experiments made certain. */
#include "cachemodel/infer.h"

enum { LEAST_FOOTPRINT = 512, MOST_FOOTPRINT = 16 << 20, FROM = 64 << 10, MOST_OPS = 120000, BEYOND = 4 };

/* The next size: half as much again, then a third more: 2^k and 1.5 · 2^k. */
static uint64_t next_size(uint64_t bytes) { return bytes & (bytes - 1) ? bytes / 3 * 4 : bytes / 2 * 3; }

static uint64_t capacity(const struct level *l) { return l->shape.line * l->shape.sets * l->shape.ways; }

/* Up to BEYOND times the largest capacity that was found. */
static uint64_t last_size(const struct infer *f, enum side s) {
    uint64_t most = capacity(&f->side[s]);
    if (f->second == YES && capacity(&f->l2) > most)
        most = capacity(&f->l2);
    most = most ? most * BEYOND : 256 << 10;
    return most < MOST_FOOTPRINT ? most : MOST_FOOTPRINT;
}

static void add_passes(struct infer *f, enum side s, uint64_t bytes, uint64_t step) {
    for (int pass = 0; pass < 2; pass++)
        for (uint64_t at = 0; at < bytes; at += step)
            lab_op(&f->lab, read_of(s), FROM + at);
}

/* Sums over the second pass, the last N operations before END. */
static struct model_footprint footprint_of(const struct infer *f, uint64_t bytes, size_t end, size_t n) {
    uint64_t sum = 0;
    for (size_t k = end - n; k < end; k++)
        sum += (uint64_t)(excess(f, k) > 0 ? excess(f, k) : 0);
    return (struct model_footprint){bytes, n, sum};
}

static int sweep_side(struct infer *f, enum side s, struct err *e) {
    uint64_t line = f->side[s].shape.line ? f->side[s].shape.line : 16, bytes = line > LEAST_FOOTPRINT ? line : LEAST_FOOTPRINT;
    VEC(uint64_t) sizes = {0};
    lab_begin(&f->lab);
    for (; bytes <= last_size(f, s) && FROM + bytes < f->lab.cached && f->lab.ops.len + 2 * (bytes / line) < MOST_OPS; bytes = next_size(bytes)) {
        add_passes(f, s, bytes, line);
        vec_push(&sizes, bytes);
    }
    int rc = lab_run(&f->lab, e);
    size_t end = 0;
    for (size_t i = 0; rc == 0 && i < sizes.len; i++) {
        size_t n = (size_t)((sizes.data[i] + line - 1) / line);
        end += 2 * n;
        vec_push(&f->m->footprints[s], footprint_of(f, sizes.data[i], end, n));
    }
    vec_free(&sizes);
    return rc;
}

int infer_sweep(struct infer *f, struct err *e) {
    return sweep_side(f, SIDE_D, e) < 0 ? -1 : sweep_side(f, SIDE_I, e);
}
