/* cache.c against models that are plain to see: a set is a list of lines in an order that the policy keeps, or a bit for each way.
 * Random accesses over many geometries; every outcome must agree. */
#include "tracer/platform/cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_WAYS = 16, MAX_SETS = 8, EMPTY = -1 };

struct model_way {
    long line;
    bool dirty, bit;
    int prediction;
};
struct model_set {
    struct model_way way[MAX_WAYS];
    int order[MAX_WAYS]; /* ways, next victim first (lru, fifo) */
    bool right[MAX_WAYS]; /* plru: node k sends the next victim to its right half; children 2k+1, 2k+2 */
};
struct model {
    struct platform_cache config;
    struct model_set set[MAX_SETS];
};

static uint32_t seed = 1;

static uint32_t random_below(uint32_t n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

static void model_init(struct model *m, const struct platform_cache *config)
{
    memset(m, 0, sizeof *m);
    m->config = *config;
    for (int s = 0; s < MAX_SETS; s++)
        for (int w = 0; w < MAX_WAYS; w++) {
            m->set[s].way[w].line = EMPTY;
            m->set[s].order[w] = w;
        }
}

static void move_last(int *order, int n, int w)
{
    int at = 0;
    while (order[at] != w) at++;
    memmove(order + at, order + at + 1, (size_t)(n - at - 1) * sizeof *order);
    order[n - 1] = w;
}

/* Tell every node above way W (the tree over ways low..low+n-1, rooted at NODE) to look away from it. */
static void tree_touch(bool *right, int node, int low, int n, int w)
{
    if (n == 1) return;
    bool is_right = w >= low + n / 2;
    right[node] = !is_right;
    tree_touch(right, 2 * node + 1 + is_right, is_right ? low + n / 2 : low, n / 2, w);
}

static int tree_victim(const bool *right, int node, int low, int n)
{
    if (n == 1) return low;
    return tree_victim(right, 2 * node + 1 + right[node], right[node] ? low + n / 2 : low, n / 2);
}

static int first_clear(const struct model_set *s, int n)
{
    for (int w = 0; w < n; w++)
        if (!s->way[w].bit) return w;
    return EMPTY;
}

static void clear_bits(struct model_set *s, int n)
{
    for (int w = 0; w < n; w++) s->way[w].bit = false;
}

static int model_victim(struct model_set *s, enum platform_policy policy, int n)
{
    for (int w = 0; w < n; w++)
        if (s->way[w].line == EMPTY) return w;
    switch (policy) {
    case POLICY_LRU:
    case POLICY_FIFO: return s->order[0];
    case POLICY_PLRU: return tree_victim(s->right, 0, 0, n);
    case POLICY_NRU:
        if (first_clear(s, n) == EMPTY) clear_bits(s, n);
        return first_clear(s, n);
    case POLICY_MRU: return n == 1 ? 0 : first_clear(s, n);
    case POLICY_SRRIP:
        for (;;) {
            for (int w = 0; w < n; w++)
                if (s->way[w].prediction >= 3) return w;
            for (int w = 0; w < n; w++) s->way[w].prediction++;
        }
    default: abort();
    }
}

static void model_touch(struct model_set *s, enum platform_policy policy, int n, int w, bool fill)
{
    if (policy == POLICY_LRU || (policy == POLICY_FIFO && fill)) move_last(s->order, n, w);
    if (policy == POLICY_PLRU) tree_touch(s->right, 0, 0, n, w);
    s->way[w].prediction = fill ? 2 : 0;
    s->way[w].bit = true;
    if (policy == POLICY_MRU && first_clear(s, n) == EMPTY) {
        clear_bits(s, n);
        s->way[w].bit = true;
    }
}

/* What cache_access should say, but for CACHE_STABLE. */
static unsigned model_access(struct model *m, long line, bool store, uint64_t *victim)
{
    int n = (int)m->config.ways, w = 0;
    struct model_set *s = &m->set[line % m->config.sets];
    unsigned outcome = CACHE_PRESENT;
    while (w < n && s->way[w].line != line) w++;
    bool hit = w < n;
    if (hit) {
        outcome |= CACHE_HIT;
    } else {
        if (store && !m->config.allocate) return 0;
        w = model_victim(s, m->config.policy, n);
        if (s->way[w].line != EMPTY) {
            *victim = (uint64_t)s->way[w].line;
            outcome |= CACHE_EVICTED | (s->way[w].dirty ? CACHE_WROTE_BACK : 0);
        }
        s->way[w].line = line;
        s->way[w].dirty = false;
    }
    model_touch(s, m->config.policy, n, w, !hit);
    if (store && m->config.write_back) s->way[w].dirty = true;
    return outcome | (s->way[w].dirty ? CACHE_DIRTY : 0);
}

static void model_post(struct model *m, long line)
{
    struct model_set *s = &m->set[line % m->config.sets];
    for (uint32_t w = 0; w < m->config.ways; w++)
        if (s->way[w].line == line && m->config.write_back) s->way[w].dirty = true;
}

static void compare(const struct platform_cache *config)
{
    struct cache *c = cache_new(config);
    struct model m;
    assert_non_null(c);
    model_init(&m, config);
    uint32_t lines = config->sets * config->ways * 2 + 1;
    for (int i = 0; i < 4000; i++) {
        long line = random_below(lines);
        bool store = random_below(3) == 0;
        uint64_t got = 0, want = 0;
        if (random_below(16) == 0) {
            cache_post(c, (uint64_t)line);
            model_post(&m, line);
        }
        unsigned outcome = cache_access(c, (uint64_t)line, store, &got);
        assert_int_equal(outcome & ~CACHE_STABLE, model_access(&m, line, store, &want));
        assert_int_equal(got, want);
    }
    cache_free(c);
}

static void each_geometry(enum platform_policy policy, void check(const struct platform_cache *))
{
    static const uint32_t all_ways[] = {1, 2, 3, 4, 6, 8, 16}, all_sets[] = {1, 2, 8};
    for (size_t w = 0; w < sizeof all_ways / sizeof *all_ways; w++)
        for (size_t s = 0; s < 3; s++)
            for (int flags = 0; flags < 4; flags++) {
                struct platform_cache config = {true, 64, all_sets[s], all_ways[w], policy, flags & 1, flags & 2, 1, 1};
                if (policy != POLICY_PLRU || !(all_ways[w] & (all_ways[w] - 1))) check(&config);
            }
}

static void test_lru(void **state) { (void)state; each_geometry(POLICY_LRU, compare); }
static void test_fifo(void **state) { (void)state; each_geometry(POLICY_FIFO, compare); }
static void test_plru(void **state) { (void)state; each_geometry(POLICY_PLRU, compare); }
static void test_nru(void **state) { (void)state; each_geometry(POLICY_NRU, compare); }
static void test_mru(void **state) { (void)state; each_geometry(POLICY_MRU, compare); }
static void test_srrip(void **state) { (void)state; each_geometry(POLICY_SRRIP, compare); }

/* Random: what is in the cache follows from the victims that it names; a victim is in the same set; twice the same sequence. */
static void compare_random(const struct platform_cache *config)
{
    struct cache *a = cache_new(config), *b = cache_new(config);
    bool resident[MAX_SETS * MAX_WAYS * 2 + 1] = {false};
    uint32_t lines = config->sets * config->ways * 2 + 1;
    for (int i = 0; i < 4000; i++) {
        uint32_t line = random_below(lines);
        uint64_t va = 0, vb = 0;
        unsigned outcome = cache_access(a, line, false, &va);
        assert_int_equal(outcome, cache_access(b, line, false, &vb));
        assert_int_equal(va, vb);
        assert_int_equal(!!(outcome & CACHE_HIT), resident[line]);
        if (outcome & CACHE_EVICTED) {
            assert_true(resident[va] && va % config->sets == line % config->sets);
            resident[va] = false;
        }
        resident[line] = true;
    }
    cache_free(a);
    cache_free(b);
}

static void test_random(void **state)
{
    (void)state;
    each_geometry(POLICY_RANDOM, compare_random);
}

static void test_random_reaches_every_way(void **state)
{
    struct platform_cache config = {true, 64, 1, 4, POLICY_RANDOM, true, true, 1, 1};
    struct cache *c = cache_new(&config);
    long at[4] = {0, 1, 2, 3};
    int victims[4] = {0};
    (void)state;
    for (uint64_t line = 0, v = 0; line < 4000; line++) {
        if (!(cache_access(c, line, false, &v) & CACHE_EVICTED)) continue;
        for (int w = 0; w < 4; w++)
            if (at[w] == (long)v) {
                victims[w]++;
                at[w] = (long)line;
                break;
            }
    }
    for (int w = 0; w < 4; w++) assert_in_range(victims[w], 850, 1150);
    cache_free(c);
}

/* CACHE_STABLE keeps its promise: a cache that sees such an access three times goes on as one that sees it once. */
static void compare_stable(const struct platform_cache *config)
{
    struct cache *once = cache_new(config), *thrice = cache_new(config);
    uint32_t lines = config->sets * config->ways * 2 + 1;
    for (int i = 0; i < 4000; i++) {
        uint32_t line = random_below(lines);
        bool store = random_below(3) == 0;
        uint64_t v1 = 0, v2 = 0, none;
        unsigned outcome = cache_access(once, line, store, &v1);
        assert_int_equal(outcome, cache_access(thrice, line, store, &v2));
        assert_int_equal(v1, v2);
        for (int k = 0; k < 2 && outcome & CACHE_STABLE; k++)
            assert_true(cache_access(thrice, line, store, &none) & CACHE_HIT);
    }
    cache_free(once);
    cache_free(thrice);
}

static void test_stable(void **state)
{
    (void)state;
    for (int p = 0; p < POLICY_COUNT; p++) each_geometry((enum platform_policy)p, compare_stable);
}

static void test_flush(void **state)
{
    (void)state;
    for (int p = 0; p < POLICY_COUNT; p++) {
        struct platform_cache config = {true, 64, 2, 4, (enum platform_policy)p, true, true, 1, 1};
        struct cache *c = cache_new(&config);
        uint64_t v;
        for (uint64_t line = 0; line < 8; line++) cache_access(c, line, true, &v);
        cache_flush(c);
        for (uint64_t line = 0; line < 8; line++) assert_false(cache_access(c, line, false, &v) & (CACHE_HIT | CACHE_EVICTED));
        cache_free(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lru), cmocka_unit_test(test_fifo), cmocka_unit_test(test_plru), cmocka_unit_test(test_nru),
        cmocka_unit_test(test_mru), cmocka_unit_test(test_srrip), cmocka_unit_test(test_random),
        cmocka_unit_test(test_random_reaches_every_way), cmocka_unit_test(test_stable), cmocka_unit_test(test_flush),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
