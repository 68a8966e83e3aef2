/* places: where the data hold addresses of functions. Private to cfg. */
#ifndef POTOROO_CFG_PLACES_H
#define POTOROO_CFG_PLACES_H

#include "cfg/graph.h"

/* Of the N functions, sorted by index. */
struct places *places_new(const struct cfg *g, const uint32_t *functions, size_t n);
void places_free(struct places *p);
/* Do the data, as the ELF has them, hold the function's address OFFSET bytes behind something that data or code point to, that a symbol names,
 * or that may be an element of a named array? False proves nothing: structures are copied, and pointers lead into their midst. */
bool places_fit(const struct places *p, uint32_t function, uint64_t offset);

#endif
