/* bounds: how often loops run, derived from the lifted code. Private to cfg. */
#ifndef POTOROO_CFG_BOUNDS_H
#define POTOROO_CFG_BOUNDS_H

#include "cfg/graph.h"

/* Sets max, origin (BOUND_DERIVED) and why of each loop that the code itself bounds, and least[loop]: a number of header executions that
 * every entry to the loop reaches for certain (0: not known). `least` has one element a loop. */
void bounds_derive(struct cfg *g, uint64_t *least);

#endif
