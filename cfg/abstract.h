/* abstract: sets of bit vectors as abstract execution (execute.h) computes with them. Private to cfg.
 *
 * An abs stands for all values of some width in the interval whose low `low` bits are those of `bits`. Every operation gives a superset of
 * the results on the members of its operands. */
#ifndef POTOROO_CFG_ABSTRACT_H
#define POTOROO_CFG_ABSTRACT_H

#include "cfg/ranges.h"

struct abs {
    struct interval i;
    uint64_t bits;  /* those above `low` are 0 */
    uint8_t low;    /* the width, if it is one value */
};

struct abs abs_all(unsigned w);
struct abs abs_const(unsigned w, uint64_t v);
struct abs abs_of(unsigned w, struct interval i);
static inline bool abs_empty(const struct abs *a) { return a->i.lo > a->i.hi; }
static inline bool abs_is_const(const struct abs *a) { return a->i.lo == a->i.hi; }
bool abs_same(const struct abs *a, const struct abs *b);
struct abs abs_join(unsigned w, struct abs a, struct abs b);
struct abs abs_meet(unsigned w, struct abs a, struct abs b);
/* JOINED contains OLD; what grew is given up, so that a chain of these ends. */
struct abs abs_widen(unsigned w, struct abs old, struct abs joined);
/* OP on operands of FROM bits; W: the result's width. */
struct abs abs_binary(enum ir_op op, unsigned w, unsigned from, struct abs a, struct abs b);
struct abs abs_convert(const struct ir_node *n, unsigned from, struct abs a); /* ZEXT, SEXT, LOW */

#endif
