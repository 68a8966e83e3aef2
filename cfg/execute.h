/* execute: loop bounds by abstract execution of the whole program. Private to cfg.
 *
 * After Gustafsson, Ermedahl, Sandberg, Lisper: "Automatic derivation of loop bounds and infeasible paths for WCET analysis using abstract
 * execution" (RTSS 2006): the program is run from its entry on sets of values, call by call and iteration by iteration; where both ways of a
 * branch are possible both are followed, and what meets again in the same iteration of the same call is joined. A loop's header is then
 * executed at most as often as the longest such run went round.
 *
 * What may be relied on: for a program without return from traps (nothing runs in between), memory that lies in its own segments or on
 * its stack and that the program itself has written holds what was written. Of memory before that nothing is known; or, if the caller says so, that
 * it begins as the ELF says: an assumption of its own, that nobody sets variables from outside. A loop is only bounded if every way into its
 * function begins at the ELF's entry.
 * Work is bounded by a count of operations, so results do not depend on the machine; when it is used up, the loops that were not run to
 * their end stay without a bound. */
#ifndef POTOROO_CFG_EXECUTE_H
#define POTOROO_CFG_EXECUTE_H

#include "cfg/graph.h"

/* MAX[i]: the header of loop i runs at most so often for each entry; 0: nothing is known. One element a loop, zeroed. LOADED: memory begins as
 * the ELF says. */
void execute_program(struct cfg *g, bool loaded, uint64_t *max);

#endif
