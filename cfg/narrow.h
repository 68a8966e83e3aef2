/* narrow: the candidates of open pointers, less those that the pointer's use speaks against. Private to cfg. */
#ifndef POTOROO_CFG_NARROW_H
#define POTOROO_CFG_NARROW_H

#include "cfg/graph.h"

enum left_out { LEFT_IN, LEFT_OUT_ARGUMENTS, LEFT_OUT_PLACE };
struct candidate {
    uint32_t function;
    enum left_out out;
};
struct candidates {
    VEC(struct candidate) list;         /* of all functions whose address is taken, sorted; empty: this is no pointer */
    size_t kept, by_arguments, by_place;
    uint32_t gives;                     /* argument registers that the call may give: a0 and so on; 8: maybe all */
    bool based;                         /* the pointer is loaded `offset` bytes behind another pointer */
    int64_t offset;
};
/* Nothing in G is changed, and no edge and no bound rests on what this says: it helps people to answer a question. */
struct narrowing *narrowing_new(const struct cfg *g);
void narrowing_free(struct narrowing *n);
/* Of g->unresolved[UNRESOLVED]. Borrowed until the next call. */
const struct candidates *narrowing_of(struct narrowing *n, size_t unresolved);
/* How they were narrowed, in words, on one line without its end; nothing if none was left out. */
void narrowing_explain(const struct candidates *c, FILE *out);

#endif
