/* narrow: the candidates of open pointers, less those that the pointer's use speaks against. Private to cfg. */
#ifndef POTOROO_CFG_NARROW_H
#define POTOROO_CFG_NARROW_H

#include "cfg/graph.h"

struct candidate {
    uint32_t function;
    bool out;                           /* left out: it reads more arguments than are given */
    bool fits;                          /* `based`, and the data hold it at such a place (places.h): a hint, no proof */
};
struct candidates {
    VEC(struct candidate) list;         /* of all functions whose address is taken, sorted; empty: this is no pointer */
    size_t kept, fitting;               /* not left out; fitting among those */
    uint32_t gives;                     /* argument registers that the call may give: a0 and so on; 8: maybe all */
    bool based;                         /* the pointer is loaded `offset` bytes behind another pointer */
    uint64_t offset;
};
/* Nothing in G is changed, and no edge and no bound rests on what this says: it helps people to answer a question. */
struct narrowing *narrowing_new(const struct cfg *g);
void narrowing_free(struct narrowing *n);
/* Of g->unresolved[UNRESOLVED]. Borrowed until the next call. */
const struct candidates *narrowing_of(struct narrowing *n, size_t unresolved);

#endif
