/* From the model's cache to what an analysis may count on.
 *
 * `ways` by policy: of LRU(w) for which every hit of LRU(w) is a hit of the policy with k ways, from any two states (Reineke, Grund, Berg, Wilhelm,
 * "Timing predictability of cache replacement policies", Real-Time Systems 2007: minimum life spans; checked by brute force in the test):
 *   lru    k
 *   plru   log2(k) + 1: after a touch no bit on the line's way up points to it, and another line turns one of them at most
 *   mru    2 (k > 1): the touch that clears all others' bits is another line's, the victim is chosen at the next one
 *   others 1: a line that was touched last is there. fifo may push out the next time what was hit; nru, when all bits are set, clears
 *          them and takes the first; srrip's fresh lines grow old together; random may take any
 *   unknown 0: every access may miss
 * Several names in `policies` behave the same at these ways, so the best of them holds. */
#include "cachemodel/cachemodel.h"

static bool is_power(int64_t v) { return v > 0 && (v & (v - 1)) == 0; }

static uint32_t lru_ways(enum model_policy p, uint32_t ways) {
    switch (p) {
    case MODEL_LRU: return ways;
    case MODEL_PLRU: return is_power(ways) ? (uint32_t)__builtin_ctz(ways) + 1 : 1;
    case MODEL_MRU: return ways > 1 ? 2 : 1;
    default: return 1;
    }
}

static bool shape_of(int64_t line, int64_t sets, int64_t ways, unsigned policies, struct cache_shape *s) {
    *s = (struct cache_shape){.allocate = true};
    if (!is_power(line))
        return false;
    s->line = (uint64_t)line;
    s->sets = is_power(sets) ? (uint64_t)sets : 1; /* not known: as if all lines were of one set */
    s->ways = policies ? 1 : 0;
    if (!is_power(sets) || ways < 1)
        return true;
    for (int p = 0; p < MODEL_POLICIES; p++)
        if (policies >> p & 1 && lru_ways((enum model_policy)p, (uint32_t)ways) > s->ways)
            s->ways = lru_ways((enum model_policy)p, (uint32_t)ways);
    s->fifo = policies >> MODEL_FIFO & 1 ? (uint32_t)ways : 0;
    s->leaves = policies >> MODEL_LRU & 1 ? (uint32_t)ways : 0;
    return true;
}

bool model_shape(const struct model_cache *c, struct cache_shape *s) {
    if (!shape_of(c->line, c->sets, c->ways, c->policies, s))
        return false;
    s->allocate = !c->stores || c->allocate == 1; /* not known: as if a store brought nothing */
    if (c->stores && c->allocate == MODEL_UNKNOWN)
        s->leaves = 0;
    return true;
}

bool model_tlb_shape(const struct model_tlb *t, struct cache_shape *s) { return shape_of(t->page, 1, t->entries, t->policies, s); }
