/* linear: terms as sums of atoms times constants, modulo 2^w. Private to cfg. */
#ifndef POTOROO_CFG_LINEAR_H
#define POTOROO_CFG_LINEAR_H

#include "cfg/ir.h"

enum { MOST_ATOMS = 16 };
struct linear {
    unsigned w;
    uint64_t constant;
    size_t count;
    ir_ref atom[MOST_ATOMS];        /* W bits wide, in order of reference, no two the same, no coefficient 0 */
    uint64_t coefficient[MOST_ATOMS];
};

bool linear_of(struct linear *l, const struct ir *ir, ir_ref term);             /* false: too many atoms */
bool linear_add(struct linear *l, const struct linear *x, uint64_t factor);    /* l += factor · x */
ir_ref linear_term(const struct linear *l, struct ir *ir);

#endif
