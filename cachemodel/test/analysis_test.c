/* The cache analysis against brute force: on small random graphs, every path from every content of the cache (LRU: the answer must be
 * exact); and against long random walks on simulated caches of every policy, with symbols, stores, ranges and scopes (no answer may be wrong).
 * analysis_mutants.py holds that seeded wrong analyses do not pass. */
#include "cachemodel/sim.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static uint64_t seed = 1;

static uint32_t draw(uint32_t below) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((seed >> 33) % below);
}

enum { LINE = 64 };

static void put_access(struct cache_graph *g, uint32_t symbol, uint64_t lo, uint64_t hi, bool store, bool known) {
    vec_push(&g->events, ((struct cache_event){CACHE_ACCESS, store, known, symbol, lo, hi, 8}));
}

static void random_edges(struct cache_graph *g, uint32_t nodes) {
    g->nodes = nodes;
    for (uint32_t n = 0; n + 1 < nodes; n++)
        vec_push(&g->edges, ((struct cache_edge){n, n + 1}));
    for (uint32_t i = draw(nodes); i-- > 0;)
        vec_push(&g->edges, ((struct cache_edge){draw(nodes), draw(nodes)}));
}

/* ---- every path from every content ------------------------------------------------------------------------------------------------ */

enum { WAYS_MAX = 4, LINES_MAX = 6, STATES = 1 << 16 };

struct oracle {
    const struct cache_graph *g;
    uint32_t ways;
    bool allocate;
    struct map seen;
    VEC(uint32_t) todo;        /* node << 16 | content */
    bool *hit, *miss;          /* by event */
};

/* A content: `ways` digits of 4 bits, the youngest lowest. Lines are 1 to 6, what else was there 8 to 11. */
static uint32_t touch(const struct oracle *o, uint32_t content, uint32_t line, bool store, bool *hit) {
    uint32_t at = 0;
    while (at < o->ways && (content >> 4 * at & 15) != line)
        at++;
    *hit = at < o->ways;
    if (!*hit && store && !o->allocate)
        return content;
    if (!*hit)
        at = o->ways - 1;
    uint32_t younger = content & ((1u << 4 * at) - 1), older = at + 1 < o->ways ? content >> 4 * (at + 1) << 4 * (at + 1) : 0;
    return older | younger << 4 | line;
}

static void come(struct oracle *o, uint32_t node, uint32_t content) {
    uint32_t key = node << 16 | content;
    uint64_t there;
    if (map_get(&o->seen, key, &there))
        return;
    map_put(&o->seen, key, 0);
    vec_push(&o->todo, key);
}

static void come_with_everything(struct oracle *o, uint32_t node, uint32_t content, uint32_t used, uint32_t n) {
    if (n == o->ways) {
        come(o, node, content);
        return;
    }
    for (uint32_t l = 1; l <= 11; l++)
        if (l != 7 && !(used >> l & 1))
            come_with_everything(o, node, content << 4 | l, used | 1u << l, n + 1);
}

static void explore(struct oracle *o) {
    come_with_everything(o, o->g->start, 0, 0, 0);
    for (size_t i = 0; i < o->todo.len; i++) {
        uint32_t node = o->todo.data[i] >> 16, content = o->todo.data[i] & 0xffff;
        bool anything = false;
        for (uint32_t e = o->g->first.data[node]; e < o->g->first.data[node + 1]; e++) {
            bool hit;
            anything = o->g->events.data[e].kind == CACHE_ANYTHING; /* a node's last */
            if (anything)
                break;
            content = touch(o, content, (uint32_t)(o->g->events.data[e].lo / LINE), o->g->events.data[e].store, &hit);
            *(hit ? &o->hit[e] : &o->miss[e]) = true;
        }
        for (size_t k = 0; k < o->g->edges.len; k++)
            if (o->g->edges.data[k].from == node && anything)
                come_with_everything(o, o->g->edges.data[k].to, 0, 0, 0);
            else if (o->g->edges.data[k].from == node)
                come(o, o->g->edges.data[k].to, content);
    }
}

static void small_graph(struct cache_graph *g, uint32_t lines, bool stores, bool gaps) {
    uint32_t nodes = 2 + draw(6);
    random_edges(g, nodes);
    for (uint32_t n = 0; n < nodes; n++) {
        vec_push(&g->first, (uint32_t)g->events.len);
        for (uint32_t i = draw(4); i-- > 0;) {
            uint64_t at = (1 + draw(lines)) * LINE + 8 * draw(8);
            put_access(g, 0, at, at, stores && draw(3) == 0, true);
        }
        if (gaps && draw(6) == 0)
            vec_push(&g->events, ((struct cache_event){.kind = CACHE_ANYTHING}));
    }
    vec_push(&g->first, (uint32_t)g->events.len);
}

struct tally {
    uint64_t events, hits, always, between;
};

static void compare_small(bool stores, struct tally *t) {
    struct cache_graph g = {0};
    struct cache_shape s = {.line = LINE, .sets = 1, .ways = 1 + draw(WAYS_MAX), .allocate = !stores || draw(2)};
    s.leaves = s.ways;
    small_graph(&g, 2 + draw(LINES_MAX - 1), stores, s.ways <= 2); /* behind a gap are all contents again: few, with two ways */
    struct oracle o = {.g = &g, .ways = s.ways, .allocate = s.allocate, .hit = mem_alloc(g.events.len + 1), .miss = mem_alloc(g.events.len + 1)};
    struct cache_verdict *v = mem_alloc((g.events.len + 1) * sizeof *v);
    explore(&o);
    cache_analyse(&g, &s, v);
    for (size_t e = 0; e < g.events.len; e++) {
        bool may_miss = v[e].miss & 1;
        if (g.events.data[e].kind == CACHE_ANYTHING)
            continue;
        if (o.miss[e] != may_miss && (o.miss[e] || s.allocate))
            fail_msg("event %zu of %zu, %u ways: %s, but the analysis says otherwise", e, g.events.len, s.ways, o.miss[e] ? "it can miss" : "it always hits");
        if (o.hit[e] == v[e].always && (o.hit[e] || s.allocate))
            fail_msg("event %zu of %zu, %u ways: %s, but the analysis says otherwise", e, g.events.len, s.ways, o.hit[e] ? "it can hit" : "it always misses");
        t->events++;
        t->hits += !may_miss;
        t->always += v[e].always;
        t->between += may_miss && !v[e].always;
    }
    free(v);
    free(o.hit);
    free(o.miss);
    map_free(&o.seen);
    vec_free(&o.todo);
    cache_graph_free(&g);
}

static void exact_for_lru(void **state) {
    (void)state;
    struct tally t = {0};
    for (int i = 0; i < 700; i++)
        compare_small(false, &t);
    for (int i = 0; i < 300; i++)
        compare_small(true, &t);
    assert_true(t.events > 3000 && t.hits > 500 && t.always > 100 && t.between > 1000);
}

/* ---- random walks on simulated caches ------------------------------------------------------------------------------------------------ */

enum { SYMBOLS = 3, NODES = 10, AREA = 8 * 1024 };

static void random_event(struct cache_graph *g, uint32_t line, uint32_t sets) {
    uint32_t span = line * sets;
    switch (draw(30) == 0 ? 10 : draw(10)) {
    case 10: vec_push(&g->events, ((struct cache_event){.kind = CACHE_ANYTHING})); return;
    case 0: put_access(g, 0, 8 * draw(64), 0, draw(3) == 0, false); return; /* anything */
    case 1: {
        uint64_t lo = 8 * draw(AREA / 8 - 64);
        put_access(g, 0, lo, lo + 8 * draw(2 * line / 8), draw(3) == 0, true);
        return;
    }
    case 2: case 3: case 4: {
        uint64_t off = (uint64_t)(int64_t)(8 * (int64_t)draw(line / 2) - 2 * (int64_t)line) + (draw(6) ? 0 : span);
        put_access(g, 1 + draw(SYMBOLS), off, off, draw(3) == 0, true);
        return;
    }
    default: {
        uint64_t at = draw(4) * line + draw(3) * span + 8 * draw(line / 8);
        put_access(g, 0, at, at, draw(3) == 0, true);
    }
    }
}

/* Loops of a few nodes, each with an edge back; one within another. */
static void walk_graph(struct cache_graph *g, uint32_t line, uint32_t sets, bool plain) {
    random_edges(g, NODES);
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t from = 1 + draw(4), to = from + draw(NODES - from);
        struct cache_scope s = {0};
        for (uint32_t n = from; n <= to; n++)
            vec_push(&s.nodes, n);
        vec_push(&g->edges, ((struct cache_edge){to, from}));
        vec_push(&g->scopes, s);
    }
    for (uint32_t n = 0; n < NODES; n++) {
        vec_push(&g->first, (uint32_t)g->events.len);
        if (!plain && n < SYMBOLS)
            vec_push(&g->events, ((struct cache_event){.kind = CACHE_DEFINE, .symbol = n + 1}));
        for (uint32_t i = draw(4); i-- > 0;) {
            uint64_t at = draw(4) * line + 8 * draw(line / 8) + draw(2) * line * sets;
            if (plain)
                put_access(g, 0, at, at, draw(3) == 0, true);
            else
                random_event(g, line, sets);
        }
    }
    vec_push(&g->first, (uint32_t)g->events.len);
    vec_push(&g->edges, ((struct cache_edge){NODES - 1, 0}));
}

struct walker {
    const struct cache_graph *g;
    const struct cache_shape *s;
    const struct cache_verdict *v;
    struct sim *sim;
    uint64_t value[SYMBOLS + 1];
    VEC(uint64_t) missed[2];   /* by scope: lines that missed since it was entered */
    uint64_t hits, firsts, always;
};

static bool inside(const struct cache_scope *s, uint32_t node) {
    for (size_t i = 0; i < s->nodes.len; i++)
        if (s->nodes.data[i] == node)
            return true;
    return false;
}

/* The case whose base is the largest not above where the symbol's value lies in its line, going round. */
static uint32_t case_of(const struct walker *w, uint32_t symbol) {
    uint64_t base[CACHE_CASES], at = w->value[symbol] & (w->s->line - 1), best = 0;
    uint32_t n = symbol ? cache_cases(w->g, symbol, w->s->line, base) : 0, found = 0;
    for (uint32_t c = 0; c < n; c++) {
        uint64_t from = base[c] <= at ? base[c] + w->s->line : base[c];
        if (from > best) {
            best = from;
            found = c;
        }
    }
    return found;
}

static void check_access(struct walker *w, size_t event, uint64_t addr, bool hit) {
    const struct cache_verdict *v = &w->v[event];
    uint32_t c = case_of(w, w->g->events.data[event].symbol);
    bool excluded = !(v->miss >> c & 1);
    if (!hit && excluded)
        fail_msg("event %zu missed, which was excluded", event);
    if (hit && v->always)
        fail_msg("event %zu hit, which was excluded", event);
    w->hits += excluded;
    w->always += v->always;
    if (v->scope == CACHE_NO_SCOPE || excluded)
        return;
    w->firsts++;
    uint64_t name = (uint64_t)w->g->events.data[event].symbol << 32 | addr / w->s->line; /* by two symbols, a line is two */
    for (size_t i = 0; !hit && i < w->missed[v->scope].len; i++)
        if (w->missed[v->scope].data[i] == name)
            fail_msg("event %zu missed twice in its scope", event);
    if (!hit)
        vec_push(&w->missed[v->scope], name);
}

static uint64_t address_of(const struct walker *w, const struct cache_event *e) {
    if (!e->known)
        return 8 * draw(AREA / 8);
    return w->value[e->symbol] + e->lo + (e->hi > e->lo ? 8 * draw((uint32_t)(e->hi - e->lo) / 8 + 1) : 0);
}

static void run_event(struct walker *w, size_t event) {
    const struct cache_event *e = &w->g->events.data[event];
    uint64_t victim;
    if (e->kind == CACHE_DEFINE) {
        w->value[e->symbol] = 1024 + 8 * draw(AREA / 8 - 256);
        return;
    }
    if (e->kind == CACHE_ANYTHING) {
        for (uint32_t i = draw(200); i-- > 0;)
            sim_access(w->sim, 8 * draw(AREA / 8), draw(2), &victim);
        return;
    }
    uint64_t addr = address_of(w, e);
    check_access(w, event, addr, sim_access(w->sim, addr, e->store, &victim) & SIM_HIT);
}

static void take_walk(struct walker *w, uint32_t steps) {
    uint32_t node = 0;
    for (uint32_t i = draw(200); i-- > 0;) { /* what the cache holds before */
        uint64_t victim;
        sim_access(w->sim, 8 * draw(AREA / 8), false, &victim);
    }
    while (steps-- > 0) {
        for (uint32_t e = w->g->first.data[node]; e < w->g->first.data[node + 1]; e++)
            run_event(w, e);
        uint32_t n = 0, to = 0;
        for (size_t k = 0; k < w->g->edges.len; k++)
            if (w->g->edges.data[k].from == node && draw(++n) == 0)
                to = w->g->edges.data[k].to;
        for (uint32_t s = 0; s < w->g->scopes.len; s++)
            if (inside(&w->g->scopes.data[s], to) && !inside(&w->g->scopes.data[s], node))
                w->missed[s].len = 0;
        node = to;
    }
}

static void walk_on(enum model_policy p, uint64_t ways, bool plain, struct walker *total) {
    struct model_cache c = {.line = 16 << draw(4), .sets = 1 << draw(4), .ways = (int64_t)ways, .policies = 1u << p, .stores = true, .allocate = draw(2)};
    struct cache_graph g = {0};
    struct cache_shape s;
    assert_true(model_shape(&c, &s));
    walk_graph(&g, (uint32_t)c.line, (uint32_t)c.sets, plain);
    struct cache_verdict *v = mem_alloc((g.events.len + 1) * sizeof *v);
    cache_analyse(&g, &s, v);
    for (int i = 0; i < 4; i++) {
        struct walker w = {.g = &g, .s = &s, .v = v, .sim = sim_new((struct shape){s.line, s.sets, ways}, p, false, c.allocate)};
        for (uint32_t k = 1; k <= SYMBOLS; k++)
            w.value[k] = 1024 + 8 * draw(AREA / 8 - 256);
        take_walk(&w, 300);
        total->hits += w.hits;
        total->firsts += w.firsts;
        total->always += w.always;
        vec_free(&w.missed[0]);
        vec_free(&w.missed[1]);
        sim_free(w.sim);
    }
    free(v);
    cache_graph_free(&g);
}

static void never_wrong(void **state) {
    (void)state;
    struct walker total = {0}, fifo = {0};
    static const uint64_t ways[] = {1, 2, 3, 4, 8};
    for (int i = 0; i < 1500; i++) {
        enum model_policy p = (enum model_policy)draw(MODEL_SRRIP + 1);
        uint64_t w = ways[draw(5)];
        if (policy_defined(p, w))
            walk_on(p, w, i % 3 == 0, p == MODEL_FIFO ? &fifo : &total);
    }
    assert_true(total.hits > 10000 && total.firsts > 5000 && fifo.hits > 1000 && fifo.firsts > 1000);
}

/* Choices, each of one of two lines, then one line of every choice again: 2^CHOICES sets that differ, more than are kept apart. On one
 * path only, all 2 CHOICES lines are touched between two touches of line 0. */
enum { CHOICES = 7 };

static void more_sets_than_are_kept(void **state) {
    (void)state;
    for (uint32_t again = 0; again < 1u << CHOICES; again++) {
        struct cache_graph g = {.nodes = 3 * CHOICES + 2};
        struct cache_shape s = {.line = LINE, .sets = 1, .ways = 2 * CHOICES, .allocate = true};
        struct cache_verdict v[3 * CHOICES + 2];
        for (uint32_t i = 0; i < CHOICES; i++) {
            vec_push(&g.first, (uint32_t)g.events.len);
            if (i == 0)
                put_access(&g, 0, 0, 0, false, true);
            for (uint32_t k = 0; k < 2; k++) {
                vec_push(&g.first, (uint32_t)g.events.len);
                put_access(&g, 0, (1 + 2 * i + k) * LINE, (1 + 2 * i + k) * LINE, false, true);
                vec_push(&g.edges, ((struct cache_edge){3 * i, 3 * i + 1 + k}));
                vec_push(&g.edges, ((struct cache_edge){3 * i + 1 + k, 3 * i + 3}));
            }
        }
        vec_push(&g.first, (uint32_t)g.events.len);
        for (uint32_t i = 0; i < CHOICES; i++)
            put_access(&g, 0, (1 + 2 * i + (again >> i & 1)) * LINE, (1 + 2 * i + (again >> i & 1)) * LINE, false, true);
        put_access(&g, 0, 0, 0, false, true);
        vec_push(&g.first, (uint32_t)g.events.len);
        vec_push(&g.first, (uint32_t)g.events.len);
        cache_analyse(&g, &s, v);
        assert_true(v[g.events.len - 1].miss == 1);
        s.ways++;
        cache_analyse(&g, &s, v);
        assert_true(v[g.events.len - 1].miss == 0);
        cache_graph_free(&g);
    }
}

/* ---- what little an unknown policy is worth ------------------------------------------------------------------------------------------- */

static void unknown_is_all_miss(void **state) {
    (void)state;
    struct model_cache c = {.line = 64, .sets = 16, .ways = 4};
    struct cache_shape s;
    struct cache_graph g = {.nodes = 1};
    struct cache_verdict v[2];
    vec_push(&g.first, 0);
    put_access(&g, 0, 0, 0, false, true);
    put_access(&g, 0, 8, 8, false, true);
    vec_push(&g.first, 2);
    assert_true(model_shape(&c, &s));
    cache_analyse(&g, &s, v);
    assert_true(v[0].miss == 1 && v[1].miss == 1);
    c.policies = 1u << MODEL_RANDOM;
    assert_true(model_shape(&c, &s));
    cache_analyse(&g, &s, v);
    assert_true(v[0].miss == 1 && v[1].miss == 0);
    c.line = MODEL_UNKNOWN;
    assert_false(model_shape(&c, &s));
    cache_graph_free(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(exact_for_lru), cmocka_unit_test(never_wrong), cmocka_unit_test(more_sets_than_are_kept), cmocka_unit_test(unknown_is_all_miss)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
