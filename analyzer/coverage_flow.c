/* What of the code the workload passed: blocks, edges, pairs of edges; loops' iterations against what is possible.
 *
 * The whole: what the walk from the entries' starts holds, contexts put together. Passed is only what is certain. A step from point to point that was
 * observed passed what all its ways have in common. Two steps that meet at a point followed each other if in some observed entry one of them was the
 * only one that came there, or the only one that left: each passing has one of either. Replays are no workload: they do not count here. */
#include "analyzer/coverage.h"

#include <inttypes.h>

enum { MOST_WAYS = 64, MOST_BLOCKS = 64 };

typedef VEC(uint64_t) key_list;
struct pair {
    uint64_t first, second;   /* edges: block << 32 | block */
};
typedef VEC(struct pair) pair_list;
/* What all ways of the steps between two points have in common. */
struct step_ways {
    uint64_t from, to;        /* addresses */
    bool any, lost;           /* lost: too many ways */
    key_list edges;
    uint64_t first, last;     /* edge, 0: not common */
    pair_list pairs;
};
struct flow {
    const struct coverage *c;
    VEC(uint8_t) block;       /* by cfg block: 1 in the whole, 2 passed */
    struct map edges, pairs;  /* key → 1 in the whole, 2 passed */
    key_list edge_list;
    pair_list pair_list;
    VEC(struct step_ways) steps;
    struct map step_index;    /* hash of (from, to) → index + 1 */
    uint32_t blocks[MOST_BLOCKS];
    uint32_t ways;            /* of the step at hand */
};

static uint64_t edge_key(uint32_t a, uint32_t b) { return (uint64_t)a << 32 | b; }
static uint64_t pair_key(struct pair p) { return hash_bytes((uint64_t[]){p.first, p.second}, 16, 0); }
static uint64_t point_key(uint64_t from, uint64_t to) { return hash_bytes((uint64_t[]){from, to}, 16, 0); }

/* ---- the whole ------------------------------------------------------------------------------------------------------------------- */

static void add_edge(struct flow *f, uint64_t edge) {
    uint64_t old;
    if (!map_get(&f->edges, edge, &old)) {
        map_put(&f->edges, edge, 1);
        vec_push(&f->edge_list, edge);
    }
}

static void add_pair(struct flow *f, struct pair p) {
    uint64_t old;
    if (!map_get(&f->pairs, pair_key(p), &old)) {
        map_put(&f->pairs, pair_key(p), 1);
        vec_push(&f->pair_list, p);
    }
}

static void find_whole(struct flow *f) {
    const struct walk *w = f->c->wcet->walk;
    for (size_t b = 0; b < w->cfg->blocks.len; b++)
        vec_push(&f->block, 0);
    for (size_t n = 0; n < w->nodes.len; n++)
        f->block.data[w->nodes.data[n].block] = 1;
    for (size_t i = 0; i < w->edges.len; i++) {
        const struct walk_node *from = &w->nodes.data[w->edges.data[i].from], *to = &w->nodes.data[w->edges.data[i].to];
        uint64_t edge = edge_key(from->block, to->block);
        add_edge(f, edge);
        for (uint32_t k = to->edge; to->expanded && k < to->edge + to->edges; k++)
            add_pair(f, (struct pair){edge, edge_key(to->block, w->nodes.data[w->edges.data[k].to].block)});
    }
}

/* ---- ways of a step ---------------------------------------------------------------------------------------------------------------- */

static bool has_edge(const uint32_t *b, size_t n, uint64_t edge) {
    for (size_t i = 0; i + 1 < n; i++)
        if (edge_key(b[i], b[i + 1]) == edge)
            return true;
    return false;
}

static bool has_pair(const uint32_t *b, size_t n, struct pair p) {
    for (size_t i = 0; i + 2 < n; i++)
        if (edge_key(b[i], b[i + 1]) == p.first && edge_key(b[i + 1], b[i + 2]) == p.second)
            return true;
    return false;
}

static void first_way(struct step_ways *s, const uint32_t *b, size_t n) {
    s->any = true;
    s->first = edge_key(b[0], b[1]);
    s->last = edge_key(b[n - 2], b[n - 1]);
    for (size_t i = 0; i + 1 < n; i++)
        vec_push(&s->edges, edge_key(b[i], b[i + 1]));
    for (size_t i = 0; i + 2 < n; i++)
        vec_push(&s->pairs, ((struct pair){edge_key(b[i], b[i + 1]), edge_key(b[i + 1], b[i + 2])}));
}

/* Keeps what this way has too. */
static void take_way(struct step_ways *s, const uint32_t *b, size_t n) {
    size_t kept = 0;
    if (!s->any) {
        first_way(s, b, n);
        return;
    }
    for (size_t i = 0; i < s->edges.len; i++)
        if (has_edge(b, n, s->edges.data[i]))
            s->edges.data[kept++] = s->edges.data[i];
    s->edges.len = kept;
    kept = 0;
    for (size_t i = 0; i < s->pairs.len; i++)
        if (has_pair(b, n, s->pairs.data[i]))
            s->pairs.data[kept++] = s->pairs.data[i];
    s->pairs.len = kept;
    s->first = s->first == edge_key(b[0], b[1]) ? s->first : 0;
    s->last = s->last == edge_key(b[n - 2], b[n - 1]) ? s->last : 0;
}

static void search(struct flow *f, struct step_ways *s, uint32_t ipg, uint32_t node, size_t n) {
    const struct walk *w = f->c->wcet->walk;
    const struct walk_node *at = &w->nodes.data[node];
    if (n + 2 > MOST_BLOCKS || f->ways >= MOST_WAYS) {
        s->lost = true;
        return;
    }
    f->blocks[n++] = at->block;
    for (uint32_t k = at->edge; k < at->edge + at->edges && !s->lost; k++) {
        const struct walk_edge *we = &w->edges.data[k];
        if (we->ipg == NONE) {
            search(f, s, ipg, we->to, n);
        } else if (we->ipg == ipg) {
            f->blocks[n] = w->nodes.data[we->to].block;
            f->ways++;
            take_way(s, f->blocks, n + 1);
        }
    }
}

static void find_ways(struct flow *f) {
    const struct walk *w = f->c->wcet->walk;
    const struct cfg *g = f->c->wcet->cfg;
    for (uint32_t i = 0; i < w->ipg.len; i++) {
        uint64_t from = g->blocks.data[w->nodes.data[w->ipg.data[i].from].block].addr, to = g->blocks.data[w->nodes.data[w->ipg.data[i].to].block].addr, at;
        if (!map_get(&f->step_index, point_key(from, to), &at)) {
            vec_push(&f->steps, ((struct step_ways){.from = from, .to = to}));
            at = f->steps.len;
            map_put(&f->step_index, point_key(from, to), at);
        }
        f->ways = 0;
        search(f, &f->steps.data[at - 1], i, w->ipg.data[i].from, 0);
    }
}

static const struct step_ways *ways_of(const struct flow *f, uint64_t from, uint64_t to) {
    uint64_t at;
    return map_get(&f->step_index, point_key(from, to), &at) && f->steps.data[at - 1].any && !f->steps.data[at - 1].lost ? &f->steps.data[at - 1] : NULL;
}

/* ---- what was passed ----------------------------------------------------------------------------------------------------------------- */

static void pass_edge(struct flow *f, uint64_t edge) {
    map_put(&f->edges, edge, 2);
    f->block.data[edge >> 32] = f->block.data[(uint32_t)edge] = 2;
}

static void pass_pair(struct flow *f, struct pair p) {
    uint64_t old;
    if (p.first && p.second && map_get(&f->pairs, pair_key(p), &old))
        map_put(&f->pairs, pair_key(p), 2);
}

static void pass_steps(struct flow *f) {
    const struct profile *p = f->c->wcet->profile;
    const struct cfg *g = f->c->wcet->cfg;
    for (size_t i = 0; i < p->edges.len; i++) {
        const struct step_ways *s = ways_of(f, p->edges.data[i].from, p->edges.data[i].to);
        uint32_t ends[2] = {cfg_block_at(g, p->edges.data[i].from), cfg_block_at(g, p->edges.data[i].to)};
        for (int k = 0; k < 2; k++)
            if (ends[k] != NONE)
                f->block.data[ends[k]] = 2;
        for (size_t k = 0; s && k < s->edges.len; k++)
            pass_edge(f, s->edges.data[k]);
        for (size_t k = 0; s && k < s->pairs.len; k++)
            pass_pair(f, s->pairs.data[k]);
    }
}

/* How many different steps of an entry come to, and leave, a point. */
struct meeting {
    uint64_t point;
    key_list in, out;          /* the other points */
};

typedef VEC(struct meeting) meeting_list;

static void add_once(key_list *list, uint64_t v) {
    for (size_t i = 0; i < list->len; i++)
        if (list->data[i] == v)
            return;
    vec_push(list, v);
}

static void meet(struct flow *f, const struct meeting *m) {
    for (size_t i = 0; (m->in.len == 1 || m->out.len == 1) && i < m->in.len; i++)
        for (size_t k = 0; k < m->out.len; k++) {
            const struct step_ways *a = ways_of(f, m->in.data[i], m->point), *b = ways_of(f, m->point, m->out.data[k]);
            if (a && b)
                pass_pair(f, (struct pair){a->last, b->first});
        }
}

static struct meeting *meeting_at(struct map *index, meeting_list *all, uint64_t point) {
    uint64_t at;
    if (!map_get(index, point, &at)) {
        at = all->len;
        vec_push(all, ((struct meeting){.point = point}));
        map_put(index, point, at);
    }
    return &all->data[at];
}

static void pass_meetings(struct flow *f, const struct profile_path *path) {
    const struct profile *p = f->c->wcet->profile;
    meeting_list all = {0};
    struct map index = {0};
    for (size_t i = 0; i < path->edges.len; i++) {
        const struct profile_edge *x = &p->edges.data[path->edges.data[i].edge];
        add_once(&meeting_at(&index, &all, x->from)->out, x->to);
        add_once(&meeting_at(&index, &all, x->to)->in, x->from);
    }
    for (size_t i = 0; i < all.len; i++) {
        if (all.data[i].point != path->start && all.data[i].point != path->end)
            meet(f, &all.data[i]);
        vec_free(&all.data[i].in);
        vec_free(&all.data[i].out);
    }
    vec_free(&all);
    map_free(&index);
}

/* ---- results -------------------------------------------------------------------------------------------------------------------------- */

static bool passed(const struct map *m, uint64_t key) {
    uint64_t v = 0;
    return map_get(m, key, &v) && v == 2;
}

static int by_value(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static json_t *block_json(const struct flow *f, uint64_t block) {
    const struct cfg *g = f->c->wcet->cfg;
    return json_string(cfg_describe(g, g->blocks.data[block].addr));
}

static json_t *counted(uint64_t all, uint64_t had, json_t *missing) {
    json_t *j = json_pack("{s:I,s:I}", "all", (json_int_t)all, "passed", (json_int_t)had);
    if (missing)
        json_object_set_new(j, "missing", missing);
    return j;
}

static json_t *blocks_json(const struct flow *f) {
    json_t *missing = json_array();
    uint64_t all = 0, had = 0;
    for (size_t b = 0; b < f->block.len; b++) {
        all += f->block.data[b] != 0;
        had += f->block.data[b] == 2;
        if (f->block.data[b] == 1)
            json_array_append_new(missing, block_json(f, b));
    }
    return counted(all, had, missing);
}

static json_t *edges_json(struct flow *f) {
    json_t *missing = json_array();
    uint64_t had = 0;
    if (f->edge_list.len)
        qsort(f->edge_list.data, f->edge_list.len, sizeof *f->edge_list.data, by_value);
    for (size_t i = 0; i < f->edge_list.len; i++) {
        uint64_t e = f->edge_list.data[i];
        had += passed(&f->edges, e);
        if (!passed(&f->edges, e))
            json_array_append_new(missing, json_pack("[o,o]", block_json(f, e >> 32), block_json(f, (uint32_t)e)));
    }
    return counted(f->edge_list.len, had, missing);
}

static json_t *pairs_json(const struct flow *f) {
    uint64_t had = 0;
    for (size_t i = 0; i < f->pair_list.len; i++)
        had += passed(&f->pairs, pair_key(f->pair_list.data[i]));
    return counted(f->pair_list.len, had, NULL);
}

static json_t *loops_json(const struct flow *f) {
    static const char *const origin[] = {"none", "derived", "proved", "annotated"};
    const struct cfg *g = f->c->wcet->cfg;
    const struct profile *p = f->c->wcet->profile;
    json_t *list = json_array();
    for (size_t l = 0; l < g->loops.len; l++) {
        const struct loop *loop = &g->loops.data[l];
        uint64_t seen = 0, at = g->blocks.data[loop->header].addr;
        if (!f->block.data[loop->header])
            continue;
        for (size_t i = 0; i < p->loops.len; i++)
            seen = p->loops.data[i].header == at && p->loops.data[i].max > seen ? p->loops.data[i].max : seen;
        json_array_append_new(list, json_pack("{s:s,s:o,s:s,s:I}", "header", cfg_describe(g, at), "possible", loop->origin == BOUND_NONE ? json_null() : json_integer((json_int_t)loop->max),
                                              "origin", origin[loop->origin], "observed", (json_int_t)seen));
    }
    return list;
}

static json_t *modelled_json(const struct coverage *c) {
    json_t *list = json_array();
    for (size_t i = 0; i < c->units.len; i++)
        if (!c->units.data[i].bins.len)
            json_array_append_new(list, json_string(c->units.data[i].id));
    return list;
}

static void flow_free(struct flow *f) {
    for (size_t i = 0; i < f->steps.len; i++) {
        vec_free(&f->steps.data[i].edges);
        vec_free(&f->steps.data[i].pairs);
    }
    vec_free(&f->steps);
    vec_free(&f->block);
    vec_free(&f->edge_list);
    vec_free(&f->pair_list);
    map_free(&f->edges);
    map_free(&f->pairs);
    map_free(&f->step_index);
}

json_t *coverage_flow_json(const struct coverage *c) {
    struct flow f = {.c = c};
    find_whole(&f);
    find_ways(&f);
    pass_steps(&f);
    for (size_t i = 0; i < c->wcet->profile->paths.len; i++)
        pass_meetings(&f, &c->wcet->profile->paths.data[i]);
    json_t *edges = edges_json(&f);
    json_t *j = json_pack("{s:o,s:o,s:o,s:o,s:o}", "blocks", blocks_json(&f), "edges", edges, "edge_pairs", pairs_json(&f), "loops", loops_json(&f), "modelled", modelled_json(c));
    flow_free(&f);
    return j;
}

/* ---- for people ------------------------------------------------------------------------------------------------------------------------ */

static void print_share(const json_t *j, const char *name, const char *what, FILE *out) {
    json_t *x = json_object_get(j, name);
    json_int_t all = json_integer_value(json_object_get(x, "all")), had = json_integer_value(json_object_get(x, "passed"));
    fprintf(out, "%s: %" PRId64 " of %" PRId64 " passed by the workload (%.0f %%)\n", what, (int64_t)had, (int64_t)all, all ? 100.0 * (double)had / (double)all : 100.0);
}

void coverage_flow_print(const struct coverage *c, FILE *out) {
    json_t *j = coverage_flow_json(c), *loops = json_object_get(j, "loops"), *modelled = json_object_get(j, "modelled"), *l;
    size_t i, most = 0;
    print_share(j, "blocks", "blocks", out);
    print_share(j, "edges", "edges", out);
    print_share(j, "edge_pairs", "pairs of edges", out);
    json_array_foreach(loops, i, l)
        most += json_is_integer(json_object_get(l, "possible")) && json_integer_value(json_object_get(l, "possible")) <= json_integer_value(json_object_get(l, "observed"));
    if (json_array_size(loops))
        fprintf(out, "loops: %zu of %zu were seen to run as often as is possible\n", most, json_array_size(loops));
    json_array_foreach(loops, i, l) {
        json_t *possible = json_object_get(l, "possible");
        json_int_t observed = json_integer_value(json_object_get(l, "observed"));
        if (json_is_null(possible))
            fprintf(out, "loop at %s: nothing bounds it, %" PRId64 " observed\n", json_string_value(json_object_get(l, "header")), (int64_t)observed);
        else if (json_integer_value(possible) > observed)
            fprintf(out, "loop at %s: at most %" PRId64 " possible, %" PRId64 " observed\n", json_string_value(json_object_get(l, "header")), (int64_t)json_integer_value(possible), (int64_t)observed);
    }
    fprintf(out, "%zu units on worst paths were never passed by the workload: their cost is the model's alone\n", json_array_size(modelled));
    json_array_foreach(modelled, i, l)
        fprintf(out, "modelled: %s\n", json_string_value(l));
    json_decref(j);
}
