/* guess: what may bound the turns of a loop, found by taking turns at random; nothing here is proved. Private to cfg.
 *
 * A measure is a term of the state, read without sign. It `falls` by at least `by` every so many turns, or is `divided` by at least
 * that, and is at least `by` (1 if divided) whenever the loop goes round again. Ranking functions after Podelski and Rybalchenko ("A complete method for
 * the synthesis of linear ranking functions", VMCAI 2004), here from templates: sides of the loop's comparisons, their differences and sums. */
#ifndef POTOROO_CFG_GUESS_H
#define POTOROO_CFG_GUESS_H

#include "cfg/turn.h"

struct measure {
    ir_ref term;
    bool divides;
    uint64_t by;
    unsigned every;         /* turns */
    uint64_t most;          /* of the term when the loop is entered, if it goes round at all */
    bool coarse;            /* that is a guess above what intervals could tell */
};
/* Entries of the header at most, if the measure is one; UINT64_MAX: too many to count. */
uint64_t measure_bound(const struct measure *m);

struct guess {
    VEC(struct measure) measures;   /* the lowest bounds first */
    VEC(ir_ref) invariants;         /* bits that held at every header from which the loop went round */
    uint64_t seen;                  /* entries of the header in the longest run that was tried; 0: none was found */
    unsigned often;                 /* runs that came so far */
    bool ended;                     /* every run came to its end */
};
void guess_make(struct guess *g, struct turn *t);
void guess_free(struct guess *g);

#endif
