/* From the walk to one row's IPET: selection of the paths that the row means, then its integer program
 * (Li and Malik, DAC 1995; Puschner and Schedl 1997). */
#include "analyzer/costs.h"

#include <stdarg.h>

void row_missing(struct row_graph *r, const char *fmt, ...) {
    char *text;
    va_list ap;
    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        text = str_dup("out of memory");
    va_end(ap);
    for (size_t i = 0; i < r->row->missing.len; i++)
        if (strcmp(r->row->missing.data[i], text) == 0) {
            free(text);
            return;
        }
    vec_push(&r->row->missing, text);
}

void row_expand(struct walk *w, uint32_t start, walk_problems *problems) {
    VEC(uint32_t) todo = {0};
    VEC(bool) seen = {0};
    struct err e;
    vec_push(&todo, start);
    for (size_t i = 0; i < todo.len; i++) {
        uint32_t n = todo.data[i];
        if (walk_expand(w, n, &e) < 0) {
            struct walk_problem p = {n, str_dup(e.text)};
            vec_push(problems, p);
            if (w->nodes.len > WALK_LIMIT)
                break;
            continue;
        }
        while (seen.len < w->nodes.len)
            vec_push(&seen, false);
        for (uint32_t k = 0; k < w->nodes.data[n].edges; k++) {
            uint32_t to = w->edges.data[w->nodes.data[n].edge + k].to;
            if (!seen.data[to] && to != start)
                vec_push(&todo, to);
            seen.data[to] = true;
        }
    }
    vec_free(&todo);
    vec_free(&seen);
}

/* ---- selection ------------------------------------------------------------------------------------------------------ */

static uint64_t addr_of(const struct row_graph *r, uint32_t node) {
    const struct walk *w = r->w->walk;
    return w->cfg->blocks.data[w->nodes.data[node].block].addr;
}

bool row_is_sink(const struct row_graph *r, uint32_t node) {
    if (r->end.len == 0)
        return walk_ends(r->w->walk, node);
    for (size_t i = 0; i < r->end.len; i++)
        if (addr_of(r, node) == r->end.data[i] && node != r->start)
            return true;
    return false;
}

typedef VEC(bool) marks;

/* Marks what is reachable from the marked nodes along live edges: forwards or, with REVERSE, backwards; never past a sink or
 * into a node whose address is AVOID (0: none). */
static void spread(const struct row_graph *r, marks *m, bool reverse, uint64_t avoid) {
    const struct walk *w = r->w->walk;
    bool changed = true;
    while (changed) {
        changed = false;
        for (size_t k = 0; k < w->edges.len; k++) {
            size_t i = reverse ? w->edges.len - 1 - k : k;
            uint32_t from = w->edges.data[i].from, to = w->edges.data[i].to;
            if (!r->live.data[from] || !r->live.data[to] || row_is_sink(r, from))
                continue;
            if (avoid && (addr_of(r, to) == avoid || addr_of(r, from) == avoid))
                continue;
            uint32_t have = reverse ? to : from, get = reverse ? from : to;
            if (m->data[have] && !m->data[get])
                m->data[get] = changed = true;
        }
    }
}

static void clear(const struct row_graph *r, marks *m) {
    m->len = 0;
    while (m->len < r->w->walk->nodes.len)
        vec_push(m, false);
}

static void keep(struct row_graph *r, const marks *m) {
    for (size_t i = 0; i < r->live.len; i++)
        r->live.data[i] = r->live.data[i] && m->data[i];
}

static void keep_between(struct row_graph *r, const walk_problems *problems) {
    marks m = {0};
    clear(r, &m);
    m.data[r->start] = true;
    spread(r, &m, false, 0);
    keep(r, &m);
    clear(r, &m);
    for (size_t i = 0; i < r->live.len; i++)
        m.data[i] = r->live.data[i] && row_is_sink(r, (uint32_t)i);
    for (size_t i = 0; i < problems->len; i++)
        m.data[problems->data[i].node] = r->live.data[problems->data[i].node];
    spread(r, &m, true, 0);
    keep(r, &m);
    vec_free(&m);
}

/* Only nodes before or after one at ADDR can be on a path through it. */
static int keep_via(struct row_graph *r, uint64_t addr, const char *name, struct err *e) {
    marks before = {0}, after = {0};
    bool any = false;
    clear(r, &before);
    clear(r, &after);
    for (size_t i = 0; i < r->live.len; i++)
        if (r->live.data[i] && addr_of(r, (uint32_t)i) == addr)
            before.data[i] = after.data[i] = any = true;
    spread(r, &before, true, 0);
    spread(r, &after, false, 0);
    for (size_t i = 0; i < r->live.len; i++)
        before.data[i] |= after.data[i];
    keep(r, &before);
    vec_free(&before);
    vec_free(&after);
    return any ? 0 : err_set(e, ERR_INPUT, "no path from '%s' passes '%s'", r->row->spec->start, name);
}

static bool avoidable(const struct row_graph *r, uint64_t addr) {
    marks m = {0};
    bool reached = false;
    clear(r, &m);
    m.data[r->start] = addr_of(r, r->start) != addr;
    spread(r, &m, false, addr);
    for (size_t i = 0; i < r->live.len; i++)
        reached |= m.data[i] && row_is_sink(r, (uint32_t)i) && addr_of(r, (uint32_t)i) != addr;
    vec_free(&m);
    return reached;
}

/* exclusive A B, and every path passes A: then none passes B. */
static void drop_excluded(struct row_graph *r, const walk_problems *problems) {
    const struct cfg *g = r->w->cfg;
    for (size_t i = 0; i < 2 * g->exclusive.len; i++) {
        const struct exclusive *x = &g->exclusive.data[i / 2];
        uint64_t passed = g->blocks.data[i % 2 ? x->b : x->a].addr, excluded = g->blocks.data[i % 2 ? x->a : x->b].addr;
        if (avoidable(r, passed))
            continue;
        for (size_t n = 0; n < r->live.len; n++)
            r->live.data[n] = r->live.data[n] && addr_of(r, (uint32_t)n) != excluded;
        keep_between(r, problems);
    }
}

static int resolve(struct row_graph *r, struct err *e) {
    const struct entry_spec *s = r->row->spec;
    const struct cfg *g = r->w->cfg;
    uint64_t addr;
    for (size_t i = 0; i < s->end.len + s->via.len; i++) {
        bool is_end = i < s->end.len;
        const char *text = is_end ? s->end.data[i] : s->via.data[i - s->end.len];
        if (cfg_place(g, text, &addr, e) < 0)
            return -1;
        uint32_t b = cfg_block_at(g, addr);
        if (b == NONE)
            return err_set(e, ERR_INPUT, "'%s' does not start a basic block", text);
        if (g->blocks.data[b].point == NONE)
            return err_set(e, ERR_INPUT, "'%s' is no instrumentation point: what passes it cannot be told in a trace", text);
        if (is_end)
            vec_push(&r->end, addr);
        else
            vec_push(&r->via, addr);
    }
    return 0;
}

static void number_what_is_live(struct row_graph *r) {
    const struct walk *w = r->w->walk;
    for (uint32_t i = 0; i < w->nodes.len; i++) {
        vec_push(&r->number, r->live.data[i] ? (uint32_t)r->nodes.len : NONE);
        if (r->live.data[i])
            vec_push(&r->nodes, i);
    }
    for (uint32_t i = 0; i < w->edges.len; i++) {
        const struct walk_edge *we = &w->edges.data[i];
        bool in = r->live.data[we->from] && r->live.data[we->to] && !row_is_sink(r, we->from);
        vec_push(&r->edge_number, in ? (uint32_t)r->edges.len : NONE);
        if (in)
            vec_push(&r->edges, i);
    }
}

static bool is_live(const struct row_graph *r, uint64_t addr) {
    for (size_t i = 0; i < r->live.len; i++)
        if (r->live.data[i] && addr_of(r, (uint32_t)i) == addr)
            return true;
    return false;
}

int row_select(struct row_graph *r, const walk_problems *problems, struct err *e) {
    const struct entry_spec *s = r->row->spec;
    if (resolve(r, e) < 0)
        return -1;
    while (r->live.len < r->w->walk->nodes.len)
        vec_push(&r->live, true);
    keep_between(r, problems);
    for (size_t i = 0; i < s->via.len; i++)
        if (keep_via(r, r->via.data[i], s->via.data[i], e) < 0)
            return -1;
    if (s->via.len)
        keep_between(r, problems);
    drop_excluded(r, problems);
    for (size_t i = 0; i < r->via.len; i++) {
        if (!is_live(r, r->via.data[i]))
            return err_set(e, ERR_INPUT, "no path that the facts allow passes '%s'", s->via.data[i]);
        vec_push(&r->via_needs_row, avoidable(r, r->via.data[i]));
    }
    for (size_t i = 0; i < problems->len; i++)
        if (r->live.data[problems->data[i].node])
            row_missing(r, "%s", problems->data[i].text);
    number_what_is_live(r);
    if (r->number.data[r->start] == NONE)
        return err_set(e, ERR_INPUT, "no path that the facts allow leads from '%s' to an end", s->start);
    return 0;
}

void row_free(struct row_graph *r) {
    vec_free(&r->live);
    vec_free(&r->end);
    vec_free(&r->via);
    vec_free(&r->via_needs_row);
    vec_free(&r->edges);
    vec_free(&r->nodes);
    vec_free(&r->number);
    vec_free(&r->edge_number);
    vec_free(&r->cost);
    vec_free(&r->most);
    vec_free(&r->all_miss);
    vec_free(&r->base);
    costs_forget(r->explained);
}

/* ---- the integer program -------------------------------------------------------------------------------------------- */

static uint64_t edge_cost(struct row_graph *r, const struct walk_edge *we, const uint64_t *costs) {
    const struct walk *w = r->w->walk;
    if (we->ipg == NONE)
        return 0;
    uint64_t cost = costs[we->ipg];
    if (cost != UINT64_MAX)
        return cost;
    const struct ipg_edge *x = &w->ipg.data[we->ipg];
    const char *file = "?";
    int line = 0;
    image_line(r->w->image, addr_of(r, x->to), &file, &line);
    row_missing(r, "never observed: the step from %s to %s (%s:%d)", cfg_describe(w->cfg, addr_of(r, x->from)),
                cfg_describe(w->cfg, addr_of(r, x->to)), file, line);
    return 0;
}

static void check_ends(struct row_graph *r) {
    const struct walk *w = r->w->walk;
    if (!walk_at_point(w, r->start))
        row_missing(r, "'%s' is no instrumentation point: the time from there to the first point is not measured", r->row->spec->start);
    for (size_t i = 0; i < r->nodes.len; i++)
        if (row_is_sink(r, r->nodes.data[i]) && !walk_at_point(w, r->nodes.data[i]))
            row_missing(r, "%s ends the entry but is no instrumentation point: the time from the last point to there is not measured",
                        cfg_describe(w->cfg, addr_of(r, r->nodes.data[i])));
}

static bool within_loop(const struct cfg *g, uint32_t block, uint32_t loop) {
    for (uint32_t l = g->blocks.data[block].loop; l != NONE; l = g->loops.data[l].parent)
        if (l == loop)
            return true;
    return false;
}

static bool is_entry_of(const struct loop *loop, uint32_t block) {
    for (size_t i = 0; i < loop->entries.len; i++)
        if (loop->entries.data[i] == block)
            return true;
    return false;
}

struct loop_edges {
    uint32_t context, loop;
    VEC(uint32_t) inside, outside;
};
typedef VEC(struct loop_edges) loop_list;

static struct loop_edges *loop_in(loop_list *list, struct map *index, uint32_t context, uint32_t loop) {
    uint64_t key = (uint64_t)context << 32 | loop, at;
    if (!map_get(index, key, &at)) {
        at = list->len;
        struct loop_edges x = {.context = context, .loop = loop};
        vec_push(list, x);
        map_put(index, key, at);
    }
    return &list->data[at];
}

static void sort_edge(const struct row_graph *r, loop_list *list, struct map *index, uint32_t edge) {
    const struct walk *w = r->w->walk;
    const struct walk_edge *we = &w->edges.data[r->edges.data[edge]];
    const struct walk_node *to = &w->nodes.data[we->to];
    for (uint32_t l = w->cfg->blocks.data[to->block].loop; l != NONE; l = w->cfg->loops.data[l].parent) {
        if (!is_entry_of(&w->cfg->loops.data[l], to->block))
            continue;
        struct loop_edges *x = loop_in(list, index, to->context, l);
        if (we->within != NONE && within_loop(w->cfg, we->within, l))
            vec_push(&x->inside, edge);
        else
            vec_push(&x->outside, edge);
    }
}

static void add_loops(struct row_graph *r, struct ipet *ip) {
    const struct cfg *g = r->w->cfg;
    loop_list list = {0};
    struct map index = {0};
    for (uint32_t i = 0; i < r->edges.len; i++)
        sort_edge(r, &list, &index, i);
    for (size_t i = 0; i < list.len; i++) {
        struct loop_edges *x = &list.data[i];
        const struct loop *loop = &g->loops.data[x->loop];
        if (x->inside.len && loop->origin == BOUND_NONE) {
            const char *file = "?";
            int line = 0;
            uint64_t header = g->blocks.data[loop->header].addr;
            image_line(r->w->image, header, &file, &line);
            row_missing(r, "no bound for the loop at %s (%s:%d)", cfg_describe(g, header), file, line);
        } else if (x->inside.len) {
            ipet_loop(ip, x->inside.data, x->inside.len, x->outside.data, x->outside.len, loop->max);
        }
        vec_free(&x->inside);
        vec_free(&x->outside);
    }
    vec_free(&list);
    map_free(&index);
}

static void add_via(struct row_graph *r, struct ipet *ip) {
    for (size_t i = 0; i < r->via.len; i++) {
        VEC(struct ipet_term) terms = {0};
        for (uint32_t k = 0; r->via_needs_row.data[i] && k < r->edges.len; k++)
            if (addr_of(r, r->w->walk->edges.data[r->edges.data[k]].to) == r->via.data[i])
                vec_push(&terms, ((struct ipet_term){k, 1}));
        if (terms.len) {
            char *text = str_printf("the path passes %s", r->row->spec->via.data[i]);
            ipet_constraint(ip, terms.data, terms.len, '>', 1, text);
            free(text);
        }
        vec_free(&terms);
    }
}

/* How often the node can run at most: the product of the bounds of the loops around it, in all its contexts. 0: no bound, or too large. */
static uint64_t most_runs(const struct row_graph *r, uint32_t node) {
    const struct walk *w = r->w->walk;
    const struct cfg *g = w->cfg;
    uint64_t runs = 1;
    uint32_t block = w->nodes.data[node].block;
    for (uint32_t c = w->nodes.data[node].context; c != NONE; block = w->contexts.data[c].site, c = w->contexts.data[c].parent)
        for (uint32_t l = g->blocks.data[block].loop; l != NONE; l = g->loops.data[l].parent)
            if (g->loops.data[l].origin == BOUND_NONE || __builtin_mul_overflow(runs, g->loops.data[l].max, &runs) || runs > 1 << 30)
                return 0;
    return runs;
}

/* exclusive A B: x_A > 0 implies x_B = 0. With x_A ≤ M_A and x_B ≤ M_B every such flow satisfies M_B x_A + M_A x_B ≤ M_A M_B. */
static void add_exclusive(struct row_graph *r, struct ipet *ip, const struct exclusive *x) {
    const struct walk *w = r->w->walk;
    uint64_t most[2] = {0, 0};
    uint32_t block[2] = {x->a, x->b};
    VEC(struct ipet_term) terms = {0};
    for (size_t i = 0; i < r->nodes.len; i++)
        for (int k = 0; k < 2; k++)
            if (w->nodes.data[r->nodes.data[i]].block == block[k]) {
                uint64_t runs = most_runs(r, r->nodes.data[i]);
                most[k] = runs ? most[k] + runs : UINT32_MAX;
            }
    if (most[0] && most[1] && most[0] < 1 << 30 && most[1] < 1 << 30) {
        for (uint32_t i = 0; i < r->edges.len; i++)
            for (int k = 0; k < 2; k++)
                if (w->nodes.data[w->edges.data[r->edges.data[i]].to].block == block[k])
                    vec_push(&terms, ((struct ipet_term){i, (int64_t)most[1 - k]}));
        char *text = str_printf("exclusive: %s", x->why ? x->why : "");
        ipet_constraint(ip, terms.data, terms.len, '<', (int64_t)(most[0] * most[1]), text);
        free(text);
    }
    vec_free(&terms);
}

struct ipet *row_ipet(struct row_graph *r, const uint64_t *cost) {
    const struct walk *w = r->w->walk;
    check_ends(r);
    struct ipet *ip = ipet_new((uint32_t)r->nodes.len, r->number.data[r->start]);
    for (size_t i = 0; i < r->nodes.len; i++)
        if (row_is_sink(r, r->nodes.data[i]))
            ipet_sink(ip, (uint32_t)i);
    for (size_t i = 0; i < r->edges.len; i++) {
        const struct walk_edge *we = &w->edges.data[r->edges.data[i]];
        ipet_edge(ip, r->number.data[we->from], r->number.data[we->to], edge_cost(r, we, cost));
    }
    add_loops(r, ip);
    add_via(r, ip);
    for (size_t i = 0; i < r->w->cfg->exclusive.len; i++)
        add_exclusive(r, ip, &r->w->cfg->exclusive.data[i]);
    return ip;
}

/* Nodes that the flow reaches from the start. */
static bool *reached_by(const struct row_graph *r, const uint64_t *count) {
    const struct walk *w = r->w->walk;
    bool *reached = mem_alloc(w->nodes.len + 1);
    VEC(uint32_t) todo = {0};
    vec_push(&todo, r->start);
    reached[r->start] = true;
    while (todo.len) {
        const struct walk_node *n = &w->nodes.data[todo.data[--todo.len]];
        for (uint32_t k = n->edge; k < n->edge + n->edges; k++) {
            uint32_t number = r->edge_number.data[k], to = w->edges.data[k].to;
            if (number == NONE || count[number] == 0 || reached[to])
                continue;
            reached[to] = true;
            vec_push(&todo, to);
        }
    }
    vec_free(&todo);
    return reached;
}

static bool edge_repeats(const struct row_graph *r, const struct walk_edge *we, uint32_t context, uint32_t loop) {
    const struct walk_node *to = &r->w->walk->nodes.data[we->to];
    return to->context == context && we->within != NONE && is_entry_of(&r->w->cfg->loops.data[loop], to->block) && within_loop(r->w->cfg, we->within, loop);
}

static bool node_within(const struct row_graph *r, uint32_t node, uint32_t context, uint32_t loop) {
    const struct walk *w = r->w->walk;
    uint32_t c = w->nodes.data[node].context, block = w->nodes.data[node].block;
    for (; c != NONE && c != context; c = w->contexts.data[c].parent)
        block = w->contexts.data[c].site;
    return c == context && within_loop(w->cfg, block, loop);
}

/* The innermost loop, callers' included, around all the nodes that are IN. false: none. */
static bool loop_around(const struct row_graph *r, const bool *in, uint32_t first, uint32_t *context, uint32_t *loop) {
    const struct walk *w = r->w->walk;
    uint32_t block = w->nodes.data[first].block;
    for (uint32_t c = w->nodes.data[first].context; c != NONE; block = w->contexts.data[c].site, c = w->contexts.data[c].parent)
        for (uint32_t l = w->cfg->blocks.data[block].loop; l != NONE; l = w->cfg->loops.data[l].parent) {
            bool all = true;
            for (size_t i = 0; i < r->nodes.len && all; i++)
                all = !in[r->nodes.data[i]] || node_within(r, r->nodes.data[i], c, l);
            *context = c;
            *loop = l;
            if (all)
                return true;
        }
    return false;
}

/* The nodes that hang together with FIRST by flow. A circulation goes back to wherever it leads, so one direction does. */
static bool *hangs_with(const struct row_graph *r, const uint64_t *count, uint32_t first) {
    struct row_graph from_there = *r;
    from_there.start = first;
    return reached_by(&from_there, count);
}

/* A path that has begun outside of W begins at most max − 1 further iterations of the loop around W, inside of W, each time that it comes to W. */
static bool connect(const struct row_graph *r, struct ipet *ip, const bool *in, uint32_t first) {
    uint32_t context, loop;
    if (!loop_around(r, in, first, &context, &loop) || r->w->cfg->loops.data[loop].max > 1 << 30)
        return false;
    VEC(struct ipet_term) terms = {0};
    int64_t more = (int64_t)r->w->cfg->loops.data[loop].max - 1;
    for (uint32_t i = 0; i < r->edges.len; i++) {
        const struct walk_edge *we = &r->w->walk->edges.data[r->edges.data[i]];
        if (in[we->to] && in[we->from] && edge_repeats(r, we, context, loop))
            vec_push(&terms, ((struct ipet_term){i, 1}));
        if (in[we->to] && !in[we->from] && more > 0)
            vec_push(&terms, ((struct ipet_term){i, -more}));
    }
    char *text = str_printf("what the path never comes to does not repeat (%s)", cfg_describe(r->w->cfg, addr_of(r, first)));
    ipet_constraint(ip, terms.data, terms.len, '<', 0, text);
    free(text);
    vec_free(&terms);
    return true;
}

uint32_t row_connect(const struct row_graph *r, struct ipet *ip, const uint64_t *count) {
    const struct walk *w = r->w->walk;
    bool *reached = reached_by(r, count);
    uint32_t added = 0;
    for (uint32_t i = 0; i < r->edges.len; i++) {
        uint32_t from = w->edges.data[r->edges.data[i]].from;
        if (count[i] == 0 || reached[from])
            continue;
        bool *in = hangs_with(r, count, from);
        added += connect(r, ip, in, from);
        for (size_t v = 0; v < w->nodes.len; v++)
            reached[v] |= in[v];
        free(in);
    }
    free(reached);
    return added;
}

/* How often the flow enters the loop in the context, the start of the row included. */
static uint64_t entered(const struct row_graph *r, const struct loop_edges *x, const uint64_t *count) {
    const struct walk_node *start = &r->w->walk->nodes.data[r->start];
    uint64_t n = start->context == x->context && is_entry_of(&r->w->cfg->loops.data[x->loop], start->block);
    for (size_t i = 0; i < x->outside.len; i++)
        n += count[x->outside.data[i]];
    return n;
}

bool row_cycles_apart(const struct row_graph *r, const uint64_t *count) {
    const struct walk *w = r->w->walk;
    bool *reached = reached_by(r, count), apart = false;
    loop_list list = {0};
    struct map index = {0};
    for (uint32_t i = 0; i < r->edges.len; i++) {
        apart |= count[i] && !reached[w->edges.data[r->edges.data[i]].from];
        if (count[i])
            sort_edge(r, &list, &index, i);
    }
    for (size_t i = 0; i < list.len; i++) {
        apart |= w->cfg->loops.data[list.data[i].loop].entries.len > 1 && entered(r, &list.data[i], count) > 1;
        vec_free(&list.data[i].inside);
        vec_free(&list.data[i].outside);
    }
    vec_free(&list);
    map_free(&index);
    free(reached);
    return apart;
}

/* ---- observations --------------------------------------------------------------------------------------------------- */

static bool passes(const struct profile *p, const struct profile_path *path, uint64_t addr) {
    for (size_t i = 0; i < path->edges.len; i++) {
        const struct profile_edge *x = &p->edges.data[path->edges.data[i].edge];
        if (x->from == addr || x->to == addr)
            return true;
    }
    return false;
}

bool row_matches(const struct row_graph *r, const struct profile *p, const struct profile_path *path) {
    if (path->start != addr_of(r, r->start))
        return false;
    bool ended = r->end.len == 0;
    for (size_t i = 0; i < r->end.len; i++)
        ended |= path->end == r->end.data[i];
    for (size_t i = 0; i < r->via.len; i++)
        if (!passes(p, path, r->via.data[i]))
            return false;
    return ended && entry_has_cause(r->row->spec, path->cause);
}
