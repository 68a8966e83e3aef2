/* ranges: intervals of terms, from their structure and from what branches on the way have shown. Private to cfg. */
#ifndef POTOROO_CFG_RANGES_H
#define POTOROO_CFG_RANGES_H

#include "cfg/values.h"

/* What is known at one place: an interval for some terms. */
struct order {
    ir_ref a, b;                        /* a < b, or a ≤ b */
    bool is_signed, strict;
};
struct ranges {
    const struct ir *ir;
    const struct values *v;             /* may be NULL: then nothing is known of φs */
    int depth;                          /* of φs within φs */
    bool learning;                      /* then φs are looked at without what is known here: that would cost too much each time */
    VEC(ir_ref) terms;                  /* of list, in order */
    struct map known;                   /* term → index into list */
    VEC(struct interval) list;
    VEC(struct order) orders;
    struct map memo;                    /* term → index into memos, dropped when something is learnt */
    VEC(struct interval) memos;
};

struct interval interval_all(unsigned width);
struct interval interval_unsigned(unsigned width, uint64_t lo, uint64_t hi);
struct interval interval_signed(unsigned width, int64_t lo, int64_t hi);
struct interval interval_join(struct interval a, struct interval b);
struct interval interval_meet(struct interval a, struct interval b, unsigned width);
bool interval_empty(struct interval a);
/* OP on operands of FROM bits, the result having W; ZEXT, SEXT or LOW as node N has them. */
struct interval interval_binary(enum ir_op op, unsigned w, unsigned from, struct interval a, struct interval b);
struct interval interval_convert(const struct ir_node *n, struct interval a);

/* A mask of the bits that can be 1 in any value of the term. */
uint64_t ranges_bits(const struct ir *ir, ir_ref term);

void ranges_init(struct ranges *r, const struct values *v);
void ranges_free(struct ranges *r);
struct interval ranges_of(struct ranges *r, ir_ref term);
void ranges_learn(struct ranges *r, ir_ref term, struct interval i);    /* and what follows for its parts */
void ranges_assume(struct ranges *r, ir_ref bit, bool value);           /* a condition that holds, or does not */
/* A branch's condition and what it was. */
struct outcome {
    ir_ref bit;
    bool value;
};
enum { MOST_SHOWN = 64 };
/* The outcomes of the branches that dominate block B (local): they hold whenever it is entered. Their number. */
size_t ranges_shown(const struct values *v, uint32_t b, struct outcome shown[MOST_SHOWN]);
/* What taking the edge FROM → TO shows; false: nothing. */
bool ranges_edge_shows(const struct values *v, uint32_t from, uint32_t to, struct outcome *o);
/* All that holds whenever block B (local) is entered. */
void ranges_at(struct ranges *r, const struct values *v, uint32_t b);
/* What the edge FROM → TO adds: the outcome of FROM's branch. */
void ranges_edge(struct ranges *r, const struct values *v, uint32_t from, uint32_t to);

#endif
