#include "cachemodel/sim.h"

#include <assert.h>

#define EMPTY UINT64_MAX

/* One set. `stamp` is a policy's memory of each way: LRU, FIFO the order (greatest = youngest); NRU, MRU the reference bit; SRRIP the
 * re-reference value. PLRU's tree: bit n tells of node n (root 1, children 2n and 2n+1) which child was used less recently. */
struct set {
    uint64_t tag[SIM_MAX_WAYS];
    uint64_t stamp[SIM_MAX_WAYS];
    bool dirty[SIM_MAX_WAYS];
    uint64_t tree, clock;
};

struct sim {
    struct shape shape;
    enum model_policy policy;
    bool write_back, allocate;
    struct set **sets;       /* NULL: not accessed yet */
};

/* ---- policies ---------------------------------------------------------------------------------------------------------------- */

static bool power_of_two(uint64_t v) { return v && (v & (v - 1)) == 0; }

bool policy_defined(enum model_policy p, uint64_t ways) {
    if (p == MODEL_RANDOM || p == MODEL_PERMUTATION)
        return false;
    return p != MODEL_PLRU || power_of_two(ways);
}

static void set_clear(struct set *s, uint64_t ways) {
    memset(s, 0, sizeof *s);
    for (uint64_t w = 0; w < ways; w++)
        s->tag[w] = EMPTY;
}

static uint64_t find_stamp(const struct set *s, uint64_t ways, uint64_t stamp) {
    uint64_t w = 0;
    while (w < ways && s->stamp[w] != stamp)
        w++;
    return w;
}

static void used(struct set *s, enum model_policy p, uint64_t ways, uint64_t way, bool fill) {
    switch (p) {
    case MODEL_FIFO:
        if (!fill)
            return;
        /* fall through */
    case MODEL_LRU:
        s->stamp[way] = ++s->clock;
        return;
    case MODEL_PLRU:
        for (uint64_t child = ways + way; child > 1; child /= 2) {
            uint64_t parent = 1ull << child / 2;
            s->tree = child & 1 ? s->tree & ~parent : s->tree | parent;
        }
        return;
    case MODEL_MRU: /* bit-PLRU (Malamy et al.): the last clear bit that is set clears all others at once */
        s->stamp[way] = 1;
        if (find_stamp(s, ways, 0) == ways)
            for (uint64_t w = 0; w < ways; w++)
                s->stamp[w] = w == way;
        return;
    case MODEL_NRU:
        s->stamp[way] = 1;
        return;
    case MODEL_SRRIP: /* Jaleel et al., ISCA 2010: two bits, hit priority */
        s->stamp[way] = fill ? 2 : 0;
        return;
    case MODEL_RANDOM:
    case MODEL_PERMUTATION:
    case MODEL_POLICIES: break;
    }
    abort();
}

static uint64_t smallest(const struct set *s, uint64_t ways) {
    uint64_t best = 0;
    for (uint64_t w = 1; w < ways; w++)
        if (s->stamp[w] < s->stamp[best])
            best = w;
    return best;
}

static uint64_t nru_victim(struct set *s, uint64_t ways) {
    uint64_t w = find_stamp(s, ways, 0);
    if (w < ways)
        return w;
    for (w = 0; w < ways; w++)
        s->stamp[w] = 0;
    return 0;
}

static uint64_t srrip_victim(struct set *s, uint64_t ways) {
    uint64_t top = 0;
    for (uint64_t w = 0; w < ways; w++)
        top = s->stamp[w] > top ? s->stamp[w] : top;
    for (uint64_t w = 0; w < ways; w++)
        s->stamp[w] += 3 - top;
    return find_stamp(s, ways, 3);
}

static uint64_t victim(struct set *s, enum model_policy p, uint64_t ways) {
    uint64_t node = 1;
    switch (p) {
    case MODEL_LRU:
    case MODEL_FIFO: return smallest(s, ways);
    case MODEL_PLRU:
        while (node < ways)
            node = 2 * node + (s->tree >> node & 1);
        return node - ways;
    case MODEL_NRU: return nru_victim(s, ways);
    case MODEL_MRU: return ways == 1 ? 0 : find_stamp(s, ways, 0);
    case MODEL_SRRIP: return srrip_victim(s, ways);
    case MODEL_RANDOM:
    case MODEL_PERMUTATION:
    case MODEL_POLICIES: break;
    }
    abort();
}

static uint64_t find_tag(const struct set *s, uint64_t ways, uint64_t tag) {
    uint64_t w = 0;
    while (w < ways && s->tag[w] != tag)
        w++;
    return w;
}

/* Returns the way that now holds TAG; *old: what it held before (TAG itself at a hit). */
static uint64_t touch(struct set *s, enum model_policy p, uint64_t ways, uint64_t tag, uint64_t *old) {
    uint64_t w = find_tag(s, ways, tag);
    bool fill = w == ways;
    if (fill)
        w = find_tag(s, ways, EMPTY);
    if (w == ways)
        w = victim(s, p, ways);
    *old = s->tag[w];
    s->tag[w] = tag;
    used(s, p, ways, w, fill);
    return w;
}

/* ---- equivalence ------------------------------------------------------------------------------------------------------------- */

enum { MOST_PAIRS = 4000 };

struct pair {
    struct set a, b;
};

/* States that behave alike from now on get one form: tags by way of A, orders as ranks, counters dropped. */
static void rank_stamps(struct set *s, enum model_policy p, uint64_t ways) {
    uint64_t rank[SIM_MAX_WAYS];
    if (p != MODEL_LRU && p != MODEL_FIFO)
        return;
    for (uint64_t w = 0; w < ways; w++) {
        rank[w] = s->stamp[w] != 0;
        for (uint64_t v = 0; v < ways; v++)
            rank[w] += s->stamp[v] && s->stamp[v] < s->stamp[w];
    }
    memcpy(s->stamp, rank, ways * sizeof *rank);
    s->clock = ways;
}

static bool normalise(struct pair *x, enum model_policy p, enum model_policy q, uint64_t ways) {
    uint64_t name[SIM_MAX_WAYS];
    for (uint64_t w = 0; w < ways; w++) {
        if (x->b.tag[w] == EMPTY) {
            name[w] = EMPTY;
            continue;
        }
        name[w] = find_tag(&x->a, ways, x->b.tag[w]);
        if (name[w] == ways)
            return false; /* they hold different lines: an access to this one tells them apart */
    }
    memcpy(x->b.tag, name, ways * sizeof *name);
    for (uint64_t w = 0; w < ways; w++)
        x->a.tag[w] = x->a.tag[w] == EMPTY ? EMPTY : w;
    rank_stamps(&x->a, p, ways);
    rank_stamps(&x->b, q, ways);
    return true;
}

static void add_pair(struct pair *list, size_t *n, const struct pair *x) {
    for (size_t i = 0; i < *n; i++)
        if (memcmp(&list[i], x, sizeof *x) == 0)
            return;
    list[(*n)++] = *x;
}

bool policy_equivalent(enum model_policy p, enum model_policy q, uint64_t ways) {
    if (p == q || ways == 1)
        return true;
    if (!policy_defined(p, ways) || !policy_defined(q, ways))
        return false;
    struct pair *list = mem_alloc((MOST_PAIRS + SIM_MAX_WAYS + 1) * sizeof *list);
    size_t n = 1;
    bool equal = true;
    set_clear(&list[0].a, ways);
    set_clear(&list[0].b, ways);
    for (size_t i = 0; equal && i < n && n < MOST_PAIRS; i++)
        for (uint64_t tag = 0; equal && tag <= ways; tag++) { /* tag WAYS: any line that neither holds */
            struct pair next = list[i];
            uint64_t old;
            if (tag < ways && next.a.tag[tag] == EMPTY)
                continue;
            touch(&next.a, p, ways, tag, &old);
            touch(&next.b, q, ways, tag, &old);
            equal = normalise(&next, p, q, ways);
            if (equal)
                add_pair(list, &n, &next);
        }
    free(list);
    return equal && n < MOST_PAIRS;
}

/* ---- a cache ----------------------------------------------------------------------------------------------------------------- */

struct sim *sim_new(struct shape shape, enum model_policy policy, bool write_back, bool allocate) {
    struct sim *s = mem_alloc(sizeof *s);
    assert(power_of_two(shape.line) && power_of_two(shape.sets) && shape.ways && shape.ways <= SIM_MAX_WAYS);
    assert(policy_defined(policy, shape.ways));
    *s = (struct sim){shape, policy, write_back, allocate, mem_alloc(shape.sets * sizeof *s->sets)};
    return s;
}

void sim_free(struct sim *s) {
    for (uint64_t i = 0; s && i < s->shape.sets; i++)
        free(s->sets[i]);
    if (s)
        free(s->sets);
    free(s);
}

static struct set *set_of(struct sim *s, uint64_t tag) {
    struct set **set = &s->sets[tag & (s->shape.sets - 1)];
    if (!*set) {
        *set = mem_alloc(sizeof **set);
        set_clear(*set, s->shape.ways);
    }
    return *set;
}

unsigned sim_access(struct sim *s, uint64_t addr, bool store, uint64_t *victim_addr) {
    uint64_t tag = addr / s->shape.line, old;
    struct set *set = set_of(s, tag);
    bool hit = find_tag(set, s->shape.ways, tag) < s->shape.ways;
    if (!hit && store && !s->allocate)
        return 0;
    uint64_t w = touch(set, s->policy, s->shape.ways, tag, &old);
    unsigned outcome = SIM_HELD | (hit ? SIM_HIT : 0);
    if (!hit && old != EMPTY) {
        outcome |= SIM_EVICTED | (set->dirty[w] ? SIM_WROTE_BACK : 0);
        *victim_addr = old * s->shape.line;
    }
    set->dirty[w] = (hit && set->dirty[w]) || (store && s->write_back);
    return outcome;
}

void sim_post(struct sim *s, uint64_t addr) {
    uint64_t tag = addr / s->shape.line;
    struct set *set = set_of(s, tag);
    uint64_t w = find_tag(set, s->shape.ways, tag);
    if (w < s->shape.ways && s->write_back)
        set->dirty[w] = true;
}
