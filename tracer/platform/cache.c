/* Replacement policies. Per way: the line, a dirty flag and one number AGE whose meaning is the policy's:
 *   lru     time of the last access           fifo   time of the fill
 *   nru     referenced bit; when a victim is wanted and all bits are set, all are cleared first; victim = lowest clear
 *   mru     referenced bit; when an access sets the last clear bit, all others are cleared at once; victim = lowest clear
 *   srrip   2-bit re-reference prediction: 2 at fill, 0 at a hit; victim = lowest way at 3, all counting up until there is one
 *           (Jaleel et al., ISCA 2010, SRRIP-HP)
 *   plru    unused: a set's tree is in tree[], node 1 the root, bit 0 = the next victim is on the left
 *   random  unused: a xorshift generator with a fixed seed for each cache, stepped once a replacement */
#include "tracer/platform/cache.h"

#include <assert.h>
#include <stdlib.h>

struct way {
    uint64_t line, age;
    bool dirty;
};

struct cache {
    struct platform_cache config;
    struct way *ways;
    uint64_t *tree;
    uint64_t clock, seed;
};

#define NO_LINE UINT64_MAX

void cache_flush(struct cache *c)
{
    for (uint64_t i = 0; i < (uint64_t)c->config.sets * c->config.ways; i++) c->ways[i] = (struct way){.line = NO_LINE};
    for (uint32_t s = 0; s < c->config.sets; s++) c->tree[s] = 0;
}

struct cache *cache_new(const struct platform_cache *config)
{
    struct cache *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->config = *config;
    c->seed = 0x9e3779b97f4a7c15u;
    c->ways = calloc((size_t)config->sets * config->ways, sizeof *c->ways);
    c->tree = calloc(config->sets, sizeof *c->tree);
    if (!c->ways || !c->tree) {
        cache_free(c);
        return NULL;
    }
    cache_flush(c);
    return c;
}

void cache_free(struct cache *c)
{
    if (!c) return;
    free(c->ways);
    free(c->tree);
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

static void mru_touch(struct way *set, uint32_t ways, uint32_t w)
{
    set[w].age = 1;
    for (uint32_t i = 0; i < ways; i++)
        if (!set[i].age) return;
    for (uint32_t i = 0; i < ways; i++) set[i].age = i == w;
}

static void touch(struct cache *c, uint32_t s, uint32_t w, bool fill)
{
    struct way *set = c->ways + (uint64_t)s * c->config.ways;
    switch (c->config.policy) {
    case POLICY_LRU: set[w].age = ++c->clock; break;
    case POLICY_FIFO: if (fill) set[w].age = ++c->clock; break;
    case POLICY_PLRU: plru_touch(&c->tree[s], c->config.ways, w); break;
    case POLICY_NRU: set[w].age = 1; break;
    case POLICY_MRU: mru_touch(set, c->config.ways, w); break;
    case POLICY_SRRIP: set[w].age = fill ? 2 : 0; break;
    case POLICY_RANDOM:
    case POLICY_COUNT: break;
    }
}

static uint32_t oldest(const struct way *set, uint32_t ways)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < ways; i++)
        if (set[i].age < set[best].age) best = i;
    return best;
}

static uint32_t first_of_age(const struct way *set, uint32_t ways, uint64_t age)
{
    uint32_t i = 0;
    while (i < ways && set[i].age != age) i++;
    return i;
}

static uint32_t nru_victim(struct way *set, uint32_t ways)
{
    uint32_t w = first_of_age(set, ways, 0);
    if (w < ways) return w;
    for (uint32_t i = 0; i < ways; i++) set[i].age = 0;
    return 0;
}

static uint32_t srrip_victim(struct way *set, uint32_t ways)
{
    for (;;) {
        uint32_t w = first_of_age(set, ways, 3);
        if (w < ways) return w;
        for (uint32_t i = 0; i < ways; i++) set[i].age++;
    }
}

static uint32_t victim_way(struct cache *c, uint32_t s)
{
    uint32_t ways = c->config.ways;
    struct way *set = c->ways + (uint64_t)s * ways;
    for (uint32_t i = 0; i < ways; i++)
        if (set[i].line == NO_LINE) return i;
    switch (c->config.policy) {
    case POLICY_LRU:
    case POLICY_FIFO: return oldest(set, ways);
    case POLICY_PLRU: return plru_victim(c->tree[s], ways);
    case POLICY_NRU: return nru_victim(set, ways);
    case POLICY_MRU: return ways == 1 ? 0 : first_of_age(set, ways, 0);
    case POLICY_SRRIP: return srrip_victim(set, ways);
    case POLICY_RANDOM: return (uint32_t)(next_random(c) % ways);
    case POLICY_COUNT: break;
    }
    abort();
}

static struct way *find(struct cache *c, uint64_t line, uint32_t *w)
{
    struct way *set = c->ways + (line & (c->config.sets - 1)) * c->config.ways;
    for (*w = 0; *w < c->config.ways; ++*w)
        if (set[*w].line == line) return &set[*w];
    return NULL;
}

static unsigned fill(struct cache *c, uint64_t line, uint64_t *victim)
{
    uint32_t s = (uint32_t)(line & (c->config.sets - 1)), w = victim_way(c, s);
    struct way *way = &c->ways[(uint64_t)s * c->config.ways + w];
    unsigned outcome = CACHE_PRESENT;
    if (way->line != NO_LINE) {
        outcome |= CACHE_EVICTED | (way->dirty ? CACHE_WROTE_BACK : 0);
        *victim = way->line;
    }
    way->line = line;
    way->dirty = false;
    touch(c, s, w, true);
    if (c->config.policy != POLICY_SRRIP) outcome |= CACHE_STABLE;
    return outcome;
}

unsigned cache_access(struct cache *c, uint64_t line, bool store, uint64_t *victim)
{
    uint32_t w;
    unsigned outcome;
    assert(line != NO_LINE);
    struct way *way = find(c, line, &w);
    if (way) {
        outcome = CACHE_HIT | CACHE_PRESENT | CACHE_STABLE;
        touch(c, (uint32_t)(line & (c->config.sets - 1)), w, false);
    } else if (store && !c->config.allocate) {
        return 0;
    } else {
        outcome = fill(c, line, victim);
        way = find(c, line, &w);
    }
    if (store && c->config.write_back) way->dirty = true;
    return outcome | (way->dirty ? CACHE_DIRTY : 0);
}

void cache_post(struct cache *c, uint64_t line)
{
    uint32_t w;
    struct way *way = find(c, line, &w);
    if (way && c->config.write_back) way->dirty = true;
}
