/* facts: flow facts, read from .ff files and applied to a graph. Private to cfg. */
#ifndef POTOROO_CFG_FACTS_H
#define POTOROO_CFG_FACTS_H

#include "cfg/graph.h"

struct facts; /* may be NULL: none */

void facts_free(struct facts *f);
/* What `calls` and `jumps` facts say of indirect transfers, before there is a graph. */
void facts_resolve(const struct facts *f, struct resolutions *known);

#endif
