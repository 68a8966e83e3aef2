/* cache: one set-associative cache (or TLB) as a pure state machine over line numbers. No costs, no addresses: the caller divides
 * addresses by the line size and turns outcomes into cycles.
 *
 * A set starts empty. A fill takes the lowest empty way; when there is none, the policy chooses the victim. */
#ifndef POTOROO_CACHE_H
#define POTOROO_CACHE_H

#include "tracer/platform/platform.h"

struct cache;

enum cache_outcome {
    CACHE_HIT = 1,         /* the line was there */
    CACHE_PRESENT = 2,     /* it is there now (a store that misses without allocation leaves it out) */
    CACHE_DIRTY = 4,       /* it is there now and dirty */
    CACHE_EVICTED = 8,     /* a line had to go */
    CACHE_WROTE_BACK = 16, /* and it was dirty */
    CACHE_STABLE = 32,     /* the same access again, with nothing between in this set, would hit and change nothing */
};

/* config->line is not looked at: cache_access is given line numbers. NULL if memory is short. The caller frees. */
struct cache *cache_new(const struct platform_cache *config);
void cache_free(struct cache *c);

/* A demand access; returns cache_outcome bits. *VICTIM, if CACHE_EVICTED, is the line that went. */
unsigned cache_access(struct cache *c, uint64_t line, bool store, uint64_t *victim);

/* A write that nobody waits for (a write-back from above, or a store written through): marks the line dirty if it is there and
 * this cache writes back; replacement state stays. */
void cache_post(struct cache *c, uint64_t line);

void cache_flush(struct cache *c); /* everything out, unwritten; the random policy's sequence goes on */

#endif
