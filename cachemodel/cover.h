/* cover: what the parts of coverage share. Private to cachemodel. */
#ifndef POTOROO_CACHEMODEL_COVER_H
#define POTOROO_CACHEMODEL_COVER_H

#include "cachemodel/coverage.h"
#include "cachemodel/sim.h"

/* A first-level cache, as far as miss counts depend on it. */
struct cover_side {
    bool there;
    struct shape shape;
    unsigned shift, set_bits;
    enum model_policy policy; /* MODEL_LRU or MODEL_FIFO */
    bool write_back, allocate;
};
/* ERR_INCOMPLETE: it cannot be encoded, and why. */
int cover_side(const struct model *m, bool fetch, struct cover_side *side, struct err *e);
static inline uint64_t cover_set(const struct cover_side *s, uint64_t line) { return line >> s->shift & (s->shape.sets - 1); }

/* A look-up whose line is a term. */
struct cover_part {
    size_t access;
    bool second;
    ir_ref base;               /* data: the address is base + offset; 0: a constant */
    uint64_t offset;
};
struct cover {
    struct cover_question q;
    struct cover_side side[2];     /* [fetch] */
    VEC(struct cover_part) parts;
    struct smt_mark before;
    size_t callers, asked;         /* the caller's questions; the first of ours: line, age, present, hit of each look-up, then the count */
    unsigned limit;
    bool plain;                    /* see cover_groups.c */
};
/* Finds bases and offsets; then decides `plain`, and a limit that is sound in either case. */
void cover_group(struct cover *c);
/* What two look-ups of the same cache can have to do with each other: may their lines be equal, must they be, may they meet in a set? */
struct cover_relation {
    bool may_equal, must_equal, may_conflict;
};
struct cover_relation cover_relate(const struct cover *c, size_t k, size_t i);
/* Are both fetches, or loads and stores of the same base? Constants that are different lines have nothing in common. */
bool cover_same_base(const struct cover *c, size_t k, size_t i);
bool cover_first_of_base(const struct cover *c, size_t i);
/* Writes the encoding into q.smt and asks for the values. APART: of the states in which different bases are far from each other, so that
 * their lines are different, and as if it were plain: fewer states, much quicker to decide. Only what it finds means something, and where
 * it is not plain only after simulation. */
void cover_encode(struct cover *c, bool apart);

#endif
