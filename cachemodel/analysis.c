/* One question a line: which of the accesses to it can miss (see cachemodel.h; younger.h answers for one line). */
#include "cachemodel/younger.h"

#define NO_NODE UINT32_MAX

void cache_graph_free(struct cache_graph *g) {
    for (size_t i = 0; i < g->scopes.len; i++)
        vec_free(&g->scopes.data[i].nodes);
    vec_free(&g->scopes);
    vec_free(&g->edges);
    vec_free(&g->events);
    vec_free(&g->first);
}

static bool is_exact(const struct cache_event *e) { return e->kind == CACHE_ACCESS && e->known && e->lo == e->hi; }

static unsigned log2_of(uint64_t power) { return (unsigned)__builtin_ctzll(power); }

/* Relative to a symbol, lines are counted from that of the symbol's value less BASE; with BASE 0 this is the line number itself. */
static int64_t line_of(uint64_t address, uint64_t base, uint64_t line) { return (int64_t)(address + base) >> log2_of(line); }

/* ---- cases: where lines begin relative to a symbol ------------------------------------------------------------------------------------ */

/* Lines of offsets change only where some offset comes to lie on a line's first byte: so these are all the ways in which lines can part them. */
uint32_t cache_cases(const struct cache_graph *g, uint32_t symbol, uint64_t line, uint64_t base[CACHE_CASES]) {
    uint32_t n = 0;
    for (size_t i = 0; i < g->events.len; i++) {
        const struct cache_event *e = &g->events.data[i];
        if (!is_exact(e) || e->symbol != symbol)
            continue;
        uint64_t b = (0 - e->lo) & (line - 1);
        uint32_t k = 0;
        while (k < n && base[k] != b)
            k++;
        if (k < n)
            continue;
        if (n == CACHE_CASES)
            return 0;
        base[n++] = b;
    }
    return n;
}

/* ---- one line --------------------------------------------------------------------------------------------------------------------- */

struct target {
    uint32_t symbol, bit;      /* bit: its case */
    uint64_t base;
    int64_t line;
    uint32_t own, owns;        /* the accesses to it: a->own[own …] */
};
struct analysis {
    const struct cache_graph *g;
    const struct cache_shape *s;
    struct cache_verdict *verdict;
    struct plan plan;
    uint32_t *order, *number, *pred, *first_pred, *node_of; /* node_of: event → node */
    struct role *role;
    struct family *out;
    bool *inside;
    struct weights weights;
    uint64_t key[OTHERS][2];   /* what each other is: symbol, and line or window */
    VEC(uint32_t) own;         /* events, by target */
    uint64_t *once;            /* by event: the cases in which it misses once at most in the scope at hand */
};

static uint64_t set_of(const struct analysis *a, int64_t line) { return (uint64_t)line & (a->s->sets - 1); }

/* The other's number; OTHERS: no room. */
static uint32_t other_of(struct analysis *a, uint32_t symbol, uint64_t place, uint8_t weight, bool classed) {
    struct weights *w = &a->weights;
    for (uint32_t i = 0; i < w->n; i++)
        if (a->key[i][0] == symbol && a->key[i][1] == place)
            return i;
    if (w->n == OTHERS)
        return OTHERS;
    a->key[w->n][0] = symbol;
    a->key[w->n][1] = place;
    w->weight[w->n] = weight;
    w->classed[w->n] = classed;
    w->of[w->n] = classed ? set_of(a, (int64_t)place) : 0;
    return w->n++;
}

static void set_other(struct role *r, uint32_t other) {
    r->relation = other == OTHERS ? RELATION_EXTRA : RELATION_OTHER;
    r->apart = true;
    r->other = (uint8_t)other;
}

/* Offsets less than sets - 1 lines apart are on one line or in different sets: of each such window, one line can be of the target's
 * set. With one set: a window of a line's length lies on two lines at most. */
static void foreign_role(struct analysis *a, const struct cache_event *e, struct role *r) {
    uint64_t window = a->s->sets > 1 ? (a->s->sets - 1) * a->s->line : a->s->line;
    int64_t offset = (int64_t)e->lo, size = (int64_t)window;
    int64_t at = offset >= 0 ? offset / size : -((-offset + size - 1) / size);
    set_other(r, other_of(a, e->symbol, (uint64_t)at, a->s->sets > 1 ? 1 : 2, false));
    r->apart = false;
}

/* Numbers between lo and hi, for a line of the cache: none of them in its set, or only itself (which changes nothing for the worse)? */
static bool range_misses(const struct analysis *a, const struct cache_event *e, int64_t line) {
    int64_t first = line_of(e->lo, 0, a->s->line), last = line_of(e->hi + e->bytes - 1, 0, a->s->line);
    if (last < first || (uint64_t)(last - first) >= a->s->sets)
        return false;
    for (int64_t l = first; l <= last; l++)
        if (l != line && set_of(a, l) == set_of(a, line))
            return false;
    return true;
}

static void access_role(struct analysis *a, const struct target *t, const struct cache_event *e, struct role *r) {
    r->store = e->store;
    if (!e->known || (e->lo != e->hi && (t->symbol || e->symbol))) {
        r->relation = RELATION_EXTRA;
    } else if (e->lo != e->hi) {
        r->relation = RELATION_EXTRA;
        int64_t first = line_of(e->lo, 0, a->s->line), last = line_of(e->hi + e->bytes - 1, 0, a->s->line);
        r->apart = t->line < first || t->line > last;
        if (range_misses(a, e, t->line) && r->apart)
            r->relation = RELATION_NONE;
    } else if (e->symbol != t->symbol && (e->symbol || t->symbol)) {
        if (e->symbol)
            foreign_role(a, e, r);
        else
            set_other(r, other_of(a, 0, (uint64_t)line_of(e->lo, 0, a->s->line), 1, true));
    } else {
        int64_t line = line_of(e->lo, t->base, a->s->line);
        if (line == t->line)
            r->relation = RELATION_SELF;
        else if (set_of(a, line) == set_of(a, t->line))
            set_other(r, other_of(a, e->symbol, (uint64_t)line, 1, false));
        r->certain = true;
    }
}

static void set_roles(struct analysis *a, const struct target *t) {
    const struct cache_graph *g = a->g;
    a->weights.n = 0;
    memset(a->role, 0, (g->events.len + 1) * sizeof *a->role);
    for (size_t i = 0; i < g->events.len; i++) {
        const struct cache_event *e = &g->events.data[i];
        if (e->kind == CACHE_ACCESS)
            access_role(a, t, e, &a->role[i]);
        else if (e->kind == CACHE_ANYTHING)
            a->role[i].relation = RELATION_ANYTHING;
        else if (e->kind == CACHE_FLUSH || e->symbol == t->symbol)
            a->role[i].relation = RELATION_KILL;
    }
    for (size_t i = 0; i < g->events.len; i++) {
        const struct cache_event *e = &g->events.data[i];
        if (e->kind != CACHE_DEFINE || e->symbol == t->symbol)
            continue;
        for (uint32_t k = 0; k < a->weights.n; k++)
            if (a->key[k][0] == e->symbol)
                a->role[i].others |= 1ull << k;
        a->role[i].relation = a->role[i].others ? RELATION_RENAME : RELATION_NONE;
    }
}

typedef void judge_fn(struct analysis *a, const struct target *t, uint32_t event, const struct family *f);

static void judge(struct analysis *a, const struct question *q, const struct target *t, judge_fn *fn) {
    for (uint32_t i = 0; i < a->plan.nodes; i++) {
        uint32_t node = a->order[i];
        struct family f;
        if (q->inside && !q->inside[node])
            continue;
        younger_in(q, node, &f);
        for (uint32_t e = a->plan.first[node]; e < a->plan.first[node + 1]; e++) {
            if (a->role[e].relation == RELATION_SELF)
                fn(a, t, e, &f);
            younger_step(q, &a->role[e], &f);
        }
    }
}

static void judge_must(struct analysis *a, const struct target *t, uint32_t event, const struct family *f) {
    if (f->reached && !f->top)
        a->verdict[event].miss &= ~(1ull << t->bit);
}

static void judge_may(struct analysis *a, const struct target *t, uint32_t event, const struct family *f) {
    (void)t;
    a->verdict[event].always = f->reached && f->n == 0;
}

static void judge_once(struct analysis *a, const struct target *t, uint32_t event, const struct family *f) {
    if ((!f->reached || !f->top) && (a->s->allocate || !a->role[event].store)) /* else each may miss and bring nothing */
        a->once[event] |= 1ull << t->bit;
}

/* ---- a target in the whole graph, and in a scope --------------------------------------------------------------------------------------- */

static struct question ask(struct analysis *a, bool may, uint32_t ways) {
    return (struct question){.plan = &a->plan, .role = a->role, .weights = &a->weights, .ways = ways, .allocate = a->s->allocate, .may = may, .out = a->out};
}

/* Whether it certainly misses is asked of plain numbers only: a symbol's line may have been touched by another name. */
static void in_all(struct analysis *a, struct target *t) {
    set_roles(a, t);
    t->own = (uint32_t)a->own.len;
    for (uint32_t e = 0; e < a->g->events.len; e++)
        if (a->role[e].relation == RELATION_SELF)
            vec_push(&a->own, e);
    t->owns = (uint32_t)a->own.len - t->own;
    struct question q = ask(a, false, a->s->ways);
    if (a->s->ways) {
        younger_solve(&q);
        judge(a, &q, t, judge_must);
    }
    if (a->s->leaves && !t->symbol) {
        q = ask(a, true, a->s->leaves);
        younger_solve(&q);
        judge(a, &q, t, judge_may);
    }
}

/* FIFO: suppose that all that a scope touches of a set are at most `ways` lines, and take the first time that one of them misses twice.
 * Between its two misses it was brought and pushed out by `ways` others brought, of which the scope has too few: so one of those was brought
 * twice, and missed twice before. */
static bool few_in_all(const struct analysis *a) {
    struct touched all = {0, 1};
    for (uint32_t i = 0; i < a->plan.nodes; i++) {
        uint32_t node = a->order[i];
        for (uint32_t e = a->plan.first[node]; a->inside[node] && e < a->plan.first[node + 1]; e++) {
            uint8_t relation = a->role[e].relation;
            if (relation == RELATION_OTHER)
                all.named |= 1ull << a->role[e].other;
            else if (relation != RELATION_NONE && relation != RELATION_SELF)
                return false;
        }
    }
    return younger_weight(&a->weights, &all) <= a->s->fifo;
}

static void in_scope(struct analysis *a, const struct target *t) {
    bool asked = false;
    for (uint32_t i = t->own; i < t->own + t->owns; i++) {
        uint32_t e = a->own.data[i];
        asked |= a->inside[a->node_of[e]] && a->verdict[e].scope == CACHE_NO_SCOPE && (a->verdict[e].miss >> t->bit & 1);
    }
    if (!asked)
        return;
    set_roles(a, t);
    if (a->s->ways) {
        struct question q = ask(a, false, a->s->ways);
        q.inside = a->inside;
        younger_solve(&q);
        judge(a, &q, t, judge_once);
    }
    for (uint32_t i = t->own; a->s->fifo && few_in_all(a) && i < t->own + t->owns; i++)
        if (a->s->allocate || !a->role[a->own.data[i]].store)
            a->once[a->own.data[i]] |= 1ull << t->bit;
}

/* ---- all targets ------------------------------------------------------------------------------------------------------------------------ */

typedef VEC(struct target) target_list;

static void add_target(target_list *list, struct map *seen, struct target t) {
    uint64_t key = hash_bytes((uint64_t[]){t.symbol, t.bit, (uint64_t)t.line}, 24, 0), at;
    if (map_get(seen, key, &at))
        return;
    map_put(seen, key, 0);
    vec_push(list, t);
}

static void symbol_targets(const struct analysis *a, target_list *list, struct map *seen, uint32_t symbol) {
    uint64_t base[CACHE_CASES];
    uint32_t cases = cache_cases(a->g, symbol, a->s->line, base);
    for (size_t i = 0; i < a->g->events.len; i++) {
        const struct cache_event *e = &a->g->events.data[i];
        for (uint32_t c = 0; is_exact(e) && e->symbol == symbol && c < cases; c++)
            add_target(list, seen, (struct target){.symbol = symbol, .bit = c, .base = base[c], .line = line_of(e->lo, base[c], a->s->line)});
    }
}

/* What would take too long to ask is not asked: such accesses may miss. A count of steps, so the same on every machine. */
static const uint64_t STEPS = 2000 * 1000 * 1000ull;

static void find_targets(const struct analysis *a, target_list *list) {
    struct map seen = {0}, symbols = {0};
    uint64_t each = a->g->events.len + a->g->nodes + 1, there;
    for (size_t i = 0; i < a->g->events.len; i++) {
        const struct cache_event *e = &a->g->events.data[i];
        if (is_exact(e) && !e->symbol)
            add_target(list, &seen, (struct target){.line = line_of(e->lo, 0, a->s->line)});
    }
    for (size_t i = 0; i < a->g->events.len && list->len * each < STEPS; i++) {
        const struct cache_event *e = &a->g->events.data[i];
        if (!is_exact(e) || !e->symbol || map_get(&symbols, e->symbol, &there))
            continue;
        map_put(&symbols, e->symbol, 0);
        symbol_targets(a, list, &seen, e->symbol);
    }
    if (list->len * each >= STEPS)
        list->len = STEPS / each;
    map_free(&seen);
    map_free(&symbols);
}

/* An access has the outermost scope in which all its misses that are left are first ones. */
static void ask_scopes(struct analysis *a, const target_list *list) {
    for (uint32_t s = 0; s < a->g->scopes.len; s++) {
        const struct cache_scope *scope = &a->g->scopes.data[s];
        memset(a->once, 0, (a->g->events.len + 1) * sizeof *a->once);
        for (size_t i = 0; i < scope->nodes.len; i++)
            a->inside[scope->nodes.data[i]] = true;
        for (size_t i = 0; i < list->len; i++)
            in_scope(a, &list->data[i]);
        for (size_t e = 0; e < a->g->events.len; e++)
            if (is_exact(&a->g->events.data[e]) && a->inside[a->node_of[e]] && a->verdict[e].scope == CACHE_NO_SCOPE && a->verdict[e].miss &&
                !(a->verdict[e].miss & ~a->once[e]))
                a->verdict[e].scope = s;
        for (size_t i = 0; i < scope->nodes.len; i++)
            a->inside[scope->nodes.data[i]] = false;
    }
}

/* Every access may miss in the cases that there are, until it is shown that it cannot. */
static void assume_misses(struct analysis *a) {
    struct map cases = {0};
    for (size_t i = 0; i < a->g->events.len; i++) {
        const struct cache_event *e = &a->g->events.data[i];
        uint64_t n = 1, base[CACHE_CASES];
        if (e->symbol && !map_get(&cases, e->symbol, &n)) {
            n = cache_cases(a->g, e->symbol, a->s->line, base);
            map_put(&cases, e->symbol, n);
        }
        bool all = !n || n >= 64 || !is_exact(e);
        a->verdict[i] = (struct cache_verdict){.miss = all ? UINT64_MAX : (1ull << n) - 1, .scope = CACHE_NO_SCOPE};
    }
    map_free(&cases);
}

/* ---- the plan --------------------------------------------------------------------------------------------------------------------------- */

/* Reverse postorder of what the start reaches, without recursion. */
static uint32_t put_in_order(const struct cache_graph *g, uint32_t *order) {
    uint32_t *head = mem_alloc((g->nodes + 1) * sizeof *head), *next = mem_alloc((g->edges.len + 1) * sizeof *next), *stack = mem_alloc((g->nodes + 1) * sizeof *stack);
    bool *seen = mem_alloc(g->nodes + 1);
    uint32_t depth = 0, at = g->nodes;
    for (size_t i = g->edges.len; i-- > 0;) {
        next[i] = head[g->edges.data[i].from];
        head[g->edges.data[i].from] = (uint32_t)i + 1;
    }
    stack[depth++] = g->start;
    seen[g->start] = true;
    while (depth) {
        uint32_t node = stack[depth - 1], e = head[node];
        if (!e) {
            order[--at] = node;
            depth--;
            continue;
        }
        head[node] = next[e - 1];
        uint32_t to = g->edges.data[e - 1].to;
        if (!seen[to]) {
            seen[to] = true;
            stack[depth++] = to;
        }
    }
    memmove(order, order + at, (g->nodes - at) * sizeof *order);
    free(head);
    free(next);
    free(stack);
    free(seen);
    return g->nodes - at;
}

static void link_predecessors(struct analysis *a, uint32_t reached) {
    const struct cache_graph *g = a->g;
    for (size_t i = 0; i < g->edges.len; i++)
        if (a->number[g->edges.data[i].from] != NO_NODE)
            a->first_pred[a->number[g->edges.data[i].to] + 1]++;
    for (uint32_t i = 0; i < reached; i++)
        a->first_pred[i + 1] += a->first_pred[i];
    uint32_t *fill = mem_alloc((reached + 1) * sizeof *fill);
    memcpy(fill, a->first_pred, reached * sizeof *fill);
    for (size_t i = 0; i < g->edges.len; i++)
        if (a->number[g->edges.data[i].from] != NO_NODE)
            a->pred[fill[a->number[g->edges.data[i].to]]++] = g->edges.data[i].from;
    free(fill);
}

static void make_plan(struct analysis *a) {
    const struct cache_graph *g = a->g;
    a->order = mem_alloc((g->nodes + 1) * sizeof *a->order);
    a->number = mem_alloc((g->nodes + 1) * sizeof *a->number);
    a->pred = mem_alloc((g->edges.len + 1) * sizeof *a->pred);
    a->first_pred = mem_alloc((g->nodes + 2) * sizeof *a->first_pred);
    a->node_of = mem_alloc((g->events.len + 1) * sizeof *a->node_of);
    a->role = mem_alloc((g->events.len + 1) * sizeof *a->role);
    a->once = mem_alloc((g->events.len + 1) * sizeof *a->once);
    a->out = mem_alloc((g->nodes + 1) * sizeof *a->out);
    a->inside = mem_alloc(g->nodes + 1);
    uint32_t reached = put_in_order(g, a->order);
    for (uint32_t i = 0; i < g->nodes; i++)
        a->number[i] = NO_NODE;
    for (uint32_t i = 0; i < reached; i++)
        a->number[a->order[i]] = i;
    link_predecessors(a, reached);
    for (uint32_t n = 0; n < g->nodes; n++)
        for (uint32_t e = g->first.data[n]; e < g->first.data[n + 1]; e++)
            a->node_of[e] = n;
    a->plan = (struct plan){reached, a->order, a->number, a->pred, a->first_pred, g->first.data, g->start};
}

void cache_analyse(const struct cache_graph *g, const struct cache_shape *s, struct cache_verdict *verdict) {
    struct analysis a = {.g = g, .s = s, .verdict = verdict};
    target_list list = {0};
    make_plan(&a);
    assume_misses(&a);
    find_targets(&a, &list);
    for (size_t i = 0; i < list.len; i++)
        in_all(&a, &list.data[i]);
    ask_scopes(&a, &list);
    vec_free(&list);
    vec_free(&a.own);
    free(a.order);
    free(a.number);
    free(a.pred);
    free(a.first_pred);
    free(a.node_of);
    free(a.role);
    free(a.once);
    free(a.out);
    free(a.inside);
}
