/* turn: one turn of a loop, from its header to its header, as a function on terms of its own. Private to cfg.
 *
 * The state are those of the header's φs that decide whether the loop goes round, and what they are made of. One turn finds besides some values
 * anew, which may be anything within their intervals (`chance`: what it loads, what calls return, what loops inside leave behind); all else
 * (`fixed`) is the same in every turn. Joins inside a turn are conditional expressions.
 *
 * Sound, because every turn that an execution makes is one of the relation's. Take of the turn each block's last execution: cut of its
 * cycles it is a way from the header to a back edge, every variable on it is the one that its place defined last (values.h), and as
 * loops inside have one entry, it passes that before anything else of theirs and never by a back edge; so a block that is not such an entry
 * takes its φs from the block before it on the way. What an inner loop's entry takes is left open. */
#ifndef POTOROO_CFG_TURN_H
#define POTOROO_CFG_TURN_H

#include "cfg/induction.h"

enum { MOST_STATE = 10 };

struct leaf {
    ir_ref var;
    struct interval range;
};
/* One way into the loop: the state of its first turn, and bits that hold when it is taken. */
struct way_in {
    ir_ref state[MOST_STATE];
    VEC(ir_ref) facts;
};
struct turn {
    uint32_t loop;              /* of the cfg's */
    struct ir ir;               /* of its own: outlives the function's values */
    size_t states;
    ir_ref state[MOST_STATE];   /* variables */
    ir_ref next[MOST_STATE];    /* one turn later, if there is one */
    char name[MOST_STATE][24];
    ir_ref again;               /* 1 bit: the header is executed again */
    VEC(struct leaf) fixed, chance;
    VEC(ir_ref) facts;          /* bits that hold of what is fixed */
    VEC(struct way_in) ways;
};

/* NULL: nothing is to be learnt (irreducible, too large, nothing decides). */
struct turn *turn_of(const struct search *s);
void turn_free(struct turn *t);
/* TERM with the state's variables replaced by STATE, and the chances by those of the K-th turn (0: as they are). */
ir_ref turn_at(struct turn *t, ir_ref term, const ir_ref *state, uint32_t k);
/* The bits that say that variable VAR is within RANGE, added to *FACTS. */
typedef VEC(ir_ref) bits;
void turn_within(struct ir *ir, ir_ref var, struct interval range, bits *facts);

#endif
