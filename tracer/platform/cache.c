/* Replacement policies. An entry is a line and its dirty bit; a set's entries lie together, so that a look-up reads one or two of the
 * host's cache lines. What else a set keeps is the policy's:
 *   lru, fifo   nothing: the entries are in order, the next victim last (so a hit in lru moves the entry to the front)
 *   nru         a referenced bit a way; when a victim is wanted and all are set, all are cleared first; victim = lowest clear
 *   mru         a referenced bit a way; when an access sets the last clear bit, all others are cleared at once; victim = lowest clear
 *   srrip       a 2-bit re-reference prediction a way: 2 at fill, 0 at a hit; victim = lowest way at 3, all counting up until there is one
 *               (Jaleel et al., ISCA 2010, SRRIP-HP)
 *   plru        a bit a tree node (node 1 the root), 0 = the next victim is on the left
 *   random      nothing; one xorshift generator with a fixed seed for each cache, stepped once a replacement */
#include "tracer/platform/cache.h"

#include <assert.h>
#include <stdlib.h>

struct cache {
    uint64_t *entries;  /* line << 1 | dirty, or EMPTY; set s at entries + s * ways */
    uint32_t ways, mask;
    bool ordered, lru, write_back, allocate;
    enum platform_policy policy;
    uint8_t *ages;      /* beside entries: bit or prediction */
    uint64_t *trees;    /* a set */
    uint32_t sets;
    uint64_t seed;
};

#define EMPTY UINT64_MAX

void cache_flush(struct cache *c)
{
    for (uint64_t i = 0; i < (uint64_t)c->sets * c->ways; i++) {
        c->entries[i] = EMPTY;
        c->ages[i] = 0;
    }
    for (uint32_t s = 0; s < c->sets; s++) c->trees[s] = 0;
}

struct cache *cache_new(const struct platform_cache *config)
{
    size_t entries = (size_t)config->sets * config->ways, size = (entries * sizeof(uint64_t) + 63) / 64 * 64;
    struct cache *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    *c = (struct cache){.ways = config->ways, .mask = config->sets - 1, .policy = config->policy, .sets = config->sets,
                        .write_back = config->write_back, .allocate = config->allocate, .seed = 0x9e3779b97f4a7c15u,
                        .lru = config->policy == POLICY_LRU, .ordered = config->policy == POLICY_LRU || config->policy == POLICY_FIFO};
    c->entries = aligned_alloc(64, size);
    c->ages = malloc(entries);
    c->trees = malloc(config->sets * sizeof *c->trees);
    if (!c->entries || !c->ages || !c->trees) {
        cache_free(c);
        return NULL;
    }
    cache_flush(c);
    return c;
}

void cache_free(struct cache *c)
{
    if (!c) return;
    free(c->entries);
    free(c->ages);
    free(c->trees);
    free(c);
}

static uint64_t next_random(struct cache *c)
{
    c->seed ^= c->seed << 13;
    c->seed ^= c->seed >> 7;
    c->seed ^= c->seed << 17;
    return c->seed;
}

/* Walk from the leaf of way W to the root; each node on the way points to its other side from now on. */
static void plru_touch(uint64_t *tree, uint32_t ways, uint32_t w)
{
    for (uint32_t node = ways + w; node > 1; node /= 2) {
        uint64_t bit = 1ull << (node / 2);
        *tree = node % 2 ? *tree & ~bit : *tree | bit;
    }
}

static uint32_t plru_victim(uint64_t tree, uint32_t ways)
{
    uint32_t node = 1;
    while (node < ways) node = 2 * node + (uint32_t)(tree >> node & 1);
    return node - ways;
}

static void mru_touch(uint8_t *ages, uint32_t ways, uint32_t w)
{
    ages[w] = 1;
    for (uint32_t i = 0; i < ways; i++)
        if (!ages[i]) return;
    for (uint32_t i = 0; i < ways; i++) ages[i] = i == w;
}

static void touch(struct cache *c, uint32_t s, uint32_t w, bool fill)
{
    uint8_t *ages = c->ages + (uint64_t)s * c->ways;
    switch (c->policy) {
    case POLICY_PLRU: plru_touch(&c->trees[s], c->ways, w); break;
    case POLICY_NRU: ages[w] = 1; break;
    case POLICY_MRU: mru_touch(ages, c->ways, w); break;
    case POLICY_SRRIP: ages[w] = fill ? 2 : 0; break;
    default: break;
    }
}

static uint32_t first_of_age(const uint8_t *ages, uint32_t ways, uint8_t age)
{
    uint32_t i = 0;
    while (i < ways && ages[i] != age) i++;
    return i;
}

static uint32_t nru_victim(uint8_t *ages, uint32_t ways)
{
    uint32_t w = first_of_age(ages, ways, 0);
    if (w < ways) return w;
    for (uint32_t i = 0; i < ways; i++) ages[i] = 0;
    return 0;
}

static uint32_t srrip_victim(uint8_t *ages, uint32_t ways)
{
    for (;;) {
        uint32_t w = first_of_age(ages, ways, 3);
        if (w < ways) return w;
        for (uint32_t i = 0; i < ways; i++) ages[i]++;
    }
}

static uint32_t victim_way(struct cache *c, uint32_t s)
{
    uint32_t ways = c->ways;
    const uint64_t *set = c->entries + (uint64_t)s * ways;
    uint8_t *ages = c->ages + (uint64_t)s * ways;
    for (uint32_t i = 0; i < ways; i++)
        if (set[i] == EMPTY) return i;
    switch (c->policy) {
    case POLICY_PLRU: return plru_victim(c->trees[s], ways);
    case POLICY_NRU: return nru_victim(ages, ways);
    case POLICY_MRU: return ways == 1 ? 0 : first_of_age(ages, ways, 0);
    case POLICY_SRRIP: return srrip_victim(ages, ways);
    case POLICY_RANDOM: return (uint32_t)(next_random(c) % ways);
    default: abort();
    }
}

/* The way that holds LINE, or c->ways. */
static inline uint32_t find(const uint64_t *set, uint32_t ways, uint64_t line)
{
    uint32_t w = 0;
    while (w < ways && set[w] >> 1 != line) w++;
    return w;
}

/* The entry of way W moves to the front, as ENTRY; those before it move back by one. */
static inline void to_front(uint64_t *set, uint32_t w, uint64_t entry)
{
    for (; w; w--) set[w] = set[w - 1];
    set[0] = entry;
}

static inline unsigned evict(uint64_t entry, uint64_t *victim)
{
    if (entry == EMPTY) return 0;
    *victim = entry >> 1;
    return CACHE_EVICTED | (entry & 1 ? CACHE_WROTE_BACK : 0);
}

/* WAYS is c->ways, handed over so that the compiler may know it. */
static inline __attribute__((always_inline)) unsigned access_ordered(struct cache *c, uint64_t *set, uint32_t ways, uint64_t line, bool store, uint64_t *victim)
{
    uint32_t w = find(set, ways, line);
    unsigned outcome = CACHE_PRESENT | CACHE_STABLE;
    uint64_t dirty = store && c->write_back, entry;
    if (w < ways) {
        outcome |= CACHE_HIT;
        entry = set[w] |= dirty;
        if (c->lru) to_front(set, w, entry);
    } else if (store && !c->allocate) {
        return 0;
    } else {
        outcome |= evict(set[ways - 1], victim);
        entry = line << 1 | dirty;
        to_front(set, ways - 1, entry);
    }
    return outcome | (entry & 1 ? CACHE_DIRTY : 0);
}

static unsigned access_placed(struct cache *c, uint64_t *set, uint64_t line, bool store, uint64_t *victim)
{
    uint32_t s = (uint32_t)(line & c->mask), w = find(set, c->ways, line);
    bool hit = w < c->ways;
    unsigned outcome = CACHE_PRESENT;
    if (!hit && store && !c->allocate) return 0;
    if (hit) {
        outcome |= CACHE_HIT;
    } else {
        w = victim_way(c, s);
        outcome |= evict(set[w], victim);
        set[w] = line << 1;
    }
    touch(c, s, w, !hit);
    if (store && c->write_back) set[w] |= 1;
    if (hit || c->policy != POLICY_SRRIP) outcome |= CACHE_STABLE;
    return outcome | (set[w] & 1 ? CACHE_DIRTY : 0);
}

unsigned cache_access(struct cache *c, uint64_t line, bool store, uint64_t *victim)
{
    uint64_t *set = c->entries + (line & c->mask) * c->ways;
    assert(line < EMPTY >> 1);
    if (!c->ordered) return access_placed(c, set, line, store, victim);
    if (c->ways == 4) return access_ordered(c, set, 4, line, store, victim);
    return access_ordered(c, set, c->ways, line, store, victim);
}

void cache_post(struct cache *c, uint64_t line)
{
    uint64_t *set = c->entries + (line & c->mask) * c->ways;
    uint32_t w = find(set, c->ways, line);
    if (w < c->ways && c->write_back) set[w] |= 1;
}
