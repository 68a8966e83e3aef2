/* memory: what an abstractly executed program itself has written, byte by byte. Private to cfg.
 *
 * A cell is 1 to 8 bytes written together. What is in no cell is unknown. Pages are shared between copies until one of them is written. */
#ifndef POTOROO_CFG_MEMORY_H
#define POTOROO_CFG_MEMORY_H

#include "cfg/abstract.h"

struct page;
struct mapping {
    uint64_t number;    /* address / page size */
    struct page *page;
};
struct memory {
    VEC(struct mapping) pages; /* sorted by number */
};

void memory_free(struct memory *m);      /* everything is unknown then */
void memory_copy(struct memory *to, const struct memory *from); /* TO is overwritten: it holds nothing before */
/* The WIDTH bits at one of the addresses. */
struct abs memory_load(const struct memory *m, struct abs addr, unsigned width);
/* Stores V, WIDTH bits, at one of the addresses. Only addresses in KEEP (sorted, disjoint ranges) are remembered. */
void memory_store(struct memory *m, struct abs addr, unsigned width, struct abs v, const struct range *keep, size_t ranges);
/* If the cell at ADDR is WIDTH bits, what it holds is in V too. */
void memory_refine(struct memory *m, uint64_t addr, unsigned width, struct abs v);
/* M becomes what holds in M or OTHER. WIDEN: M was before, and a chain of these shall end. The number of pages that differed. */
size_t memory_join(struct memory *m, const struct memory *other, bool widen);
bool memory_same(const struct memory *a, const struct memory *b);

#endif
