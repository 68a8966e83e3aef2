/* graph: the passes that make and complete a struct cfg. Private to cfg. */
#ifndef POTOROO_CFG_GRAPH_H
#define POTOROO_CFG_GRAPH_H

#include "cfg/flow.h"


struct facts; /* facts.h */

struct cfg_private {
    struct flow flow;
    struct resolutions known;
    struct facts *facts;
    struct map block_at;    /* address → block */
    uint64_t *least;        /* of each loop: header executions that every entry reaches for certain, 0: unknown */
};

/* Functions, blocks and edges out of what the flow found; what was in them before is dropped. */
void graph_make(struct cfg *g);
/* An entry in `unresolved`; the block becomes open. */
void graph_unresolved(struct cfg *g, uint32_t block, uint64_t addr, const char *why);
/* All of g's arrays, emptied. */
void graph_clear(struct cfg *g);

void loops_find(struct cfg *g);      /* g->loops and each block's innermost one */
void recursion_find(struct cfg *g);  /* function.recursion = 0 on the call graph's cycles */

/* cfg_build with what facts say of indirect transfers. Takes FACTS (may be NULL) over, also on failure. */
struct cfg *graph_build(const struct image *img, struct facts *facts, struct err *e);

static inline const struct block *block_of(const struct cfg *g, uint32_t b) { return &g->blocks.data[b]; }
/* How many symbols an address has; *first: the image's, from there on. */
size_t symbols_at(const struct image *img, uint64_t addr, const struct symbol **first);
/* The address of the last instruction of a block. */
uint64_t block_last(const struct cfg *g, uint32_t b);

#endif
