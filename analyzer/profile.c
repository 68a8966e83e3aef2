/* Profiles: what a replay showed, in canonical order, and their union.
 * Everything is keyed by addresses and context names, not by indices of one run's walk, so profiles of any number of runs of one
 * build merge; sorting by key makes the union associative, commutative and its file the same bytes in any order. */
#include "analyzer/replay.h"

/* ---- building from a replay ---------------------------------------------------------------------------------------- */

struct builder {
    struct walk *w;
    struct profile *p;
    struct map paths;                       /* hash of the set of units → path */
    VEC(struct profile_edge) edges;         /* by unit */
    VEC(struct profile_loop) loops;         /* by cfg loop */
    struct profile_path *repeated;          /* the path that on_repeated_step speaks of */
    VEC(uint32_t) place;                    /* unit → index into the entry's path's edges: valid for the units it touched */
};

static struct profile_edge *edge_of(struct builder *b, uint32_t unit) {
    while (b->edges.len <= unit) {
        vec_push(&b->edges, ((struct profile_edge){0}));
        vec_push(&b->place, 0);
    }
    return &b->edges.data[unit];
}

static void on_edge(void *user, uint32_t unit, uint64_t cycles, uint64_t position) {
    struct builder *b = user;
    struct profile_edge *edge = edge_of(b, unit);
    if (edge->count == 0 || cycles > bins_most(&edge->bins))
        edge->max_at = (struct sighting){0, position};
    if (edge->count == 0 || cycles < bins_least(&edge->bins))
        edge->min_at = (struct sighting){0, position};
    edge->count++;
    bins_add(&edge->bins, cycles, 1);
}

static void on_loop(void *user, uint32_t loop, uint64_t executions, uint64_t position) {
    struct builder *b = user;
    struct profile_loop *seen = &b->loops.data[loop];
    if (executions > seen->max) {
        seen->max = executions;
        seen->max_at = (struct sighting){0, position};
    }
}

static bool same_edges(const struct profile_path *path, const struct replay_entry *entry) {
    if (path->edges.len != entry->touches || path->cause != entry->cause)
        return false;
    for (size_t i = 0; i < path->edges.len; i++)
        if (entry->times[path->edges.data[i].edge] == 0)
            return false;
    return true;
}

static uint64_t point_of(const struct walk *w, uint32_t node) { return w->cfg->blocks.data[w->nodes.data[node].block].addr; }

static struct profile_path *path_for(struct builder *b, const struct replay_entry *entry) {
    uint64_t key = entry->cause, found;
    for (size_t i = 0; i < entry->touches; i++)
        key ^= hash_bytes(&entry->touched[i], sizeof entry->touched[i], 7);
    for (;; key++) {
        if (!map_get(&b->paths, key, &found))
            break;
        if (same_edges(&b->p->paths.data[found], entry))
            return &b->p->paths.data[found];
    }
    struct profile_path path = {.start = point_of(b->w, entry->start), .end = point_of(b->w, entry->end), .cause = entry->cause};
    vec_reserve(&path.edges, entry->touches);
    for (size_t i = 0; i < entry->touches; i++)
        vec_push(&path.edges, ((struct path_edge){.edge = entry->touched[i]}));
    vec_push(&b->p->paths, path);
    map_put(&b->paths, key, b->p->paths.len - 1);
    return &b->p->paths.data[b->p->paths.len - 1];
}

static void on_entry(void *user, const struct replay_entry *entry) {
    struct builder *b = user;
    struct profile_path *path = path_for(b, entry);
    bool longest = path->count == 0 || entry->cycles > path->max, shortest = path->count == 0 || entry->cycles < path->min;
    path->count++;
    bins_add(&path->bins, entry->cycles, 1);
    if (shortest) {
        path->min = entry->cycles;
        path->min_at = (struct sighting){0, entry->position};
    }
    if (longest) {
        path->max = entry->cycles;
        path->max_at = (struct sighting){0, entry->position};
    }
    for (size_t i = 0; i < path->edges.len; i++) {
        b->place.data[path->edges.data[i].edge] = (uint32_t)i;
        if (longest)
            path->edges.data[i].count = entry->times[path->edges.data[i].edge];
    }
    for (size_t i = 0; i < entry->step_count; i++)
        bins_add(&path->edges.data[b->place.data[entry->steps[i].unit]].bins, entry->steps[i].cycles, 1);
}

/* Of two sightings of the same extreme in this trace the first is kept. */
static void keep_first(struct sighting *at, bool beyond, bool same, uint64_t position) {
    if (beyond || (same && position < at->position))
        at->position = position;
}

static void on_repeated(void *user, const struct replay_entry *entry, const replay_seen_list *whole) {
    struct builder *b = user;
    struct profile_path *path = b->repeated = path_for(b, entry);
    for (size_t i = 0; i < whole->len; i++) {
        const struct replay_seen *s = &whole->data[i];
        bool first = path->count == 0, longest = first || s->cycles > path->max || (s->cycles == path->max && s->first < path->max_at.position);
        keep_first(&path->min_at, first || s->cycles < path->min, s->cycles == path->min, s->first);
        keep_first(&path->max_at, longest, false, s->first);
        path->min = first || s->cycles < path->min ? s->cycles : path->min;
        path->max = longest ? s->cycles : path->max;
        path->count += s->count;
        bins_add(&path->bins, s->cycles, s->count);
        for (size_t k = 0; longest && k < path->edges.len; k++)
            path->edges.data[k].count = entry->times[path->edges.data[k].edge];
    }
    for (size_t i = 0; i < path->edges.len; i++) {
        edge_of(b, path->edges.data[i].edge);
        b->place.data[path->edges.data[i].edge] = (uint32_t)i;
    }
}

static void on_repeated_step(void *user, uint32_t unit, const replay_seen_list *seen) {
    struct builder *b = user;
    struct profile_edge *edge = &b->edges.data[unit];
    bin_list *of_path = &b->repeated->edges.data[b->place.data[unit]].bins;
    for (size_t i = 0; i < seen->len; i++) {
        const struct replay_seen *s = &seen->data[i];
        bool none = edge->count == 0;
        keep_first(&edge->max_at, none || s->cycles > bins_most(&edge->bins), !none && s->cycles == bins_most(&edge->bins), s->first);
        keep_first(&edge->min_at, none || s->cycles < bins_least(&edge->bins), !none && s->cycles == bins_least(&edge->bins), s->first);
        edge->count += s->count;
        bins_add(&edge->bins, s->cycles, s->count);
        bins_add(of_path, s->cycles, s->count);
    }
}

/* ---- canonical order ----------------------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

#define THREE_WAY(x, y) ((x) < (y) ? -1 : (x) > (y))

static int by_place(const void *va, const void *vb) {
    const struct profile_edge *a = va, *b = vb;
    int c = THREE_WAY(a->context, b->context);
    c = c ? c : THREE_WAY(a->from, b->from);
    c = c ? c : THREE_WAY(a->to, b->to);
    return c ? c : THREE_WAY(a->turn, b->turn);
}

static int by_edge(const void *va, const void *vb) {
    const struct path_edge *a = va, *b = vb;
    return THREE_WAY(a->edge, b->edge);
}

static int by_edges(const void *va, const void *vb) {
    const struct profile_path *a = va, *b = vb;
    for (size_t i = 0; i < a->edges.len && i < b->edges.len; i++)
        if (a->edges.data[i].edge != b->edges.data[i].edge)
            return THREE_WAY(a->edges.data[i].edge, b->edges.data[i].edge);
    int c = THREE_WAY(a->edges.len, b->edges.len);
    c = c ? c : THREE_WAY(a->start, b->start);
    c = c ? c : THREE_WAY(a->cause, b->cause);
    return c ? c : THREE_WAY(a->end, b->end);
}

static int by_header(const void *va, const void *vb) {
    const struct profile_loop *a = va, *b = vb;
    return THREE_WAY(a->header, b->header);
}

static int by_digest(const void *va, const void *vb) {
    const struct profile_trace *a = va, *b = vb;
    return strcmp(a->digest, b->digest);
}

/* What is merged into something sorted mostly leaves it so. */
static void sort(void *data, size_t n, size_t size, int (*order)(const void *, const void *)) {
    const char *at = data;
    for (size_t i = 1; i < n; i++, at += size)
        if (order(at, at + size) > 0) {
            qsort(data, n, size, order);
            return;
        }
}

#define SORT(v, order) sort((v).data, (v).len, sizeof *(v).data, order)

/* Where each element of OLD went in a sorted copy: the caller frees it. */
static uint32_t *sorted_contexts(struct profile *p) {
    size_t n = p->contexts.len;
    char **old = mem_alloc(n * sizeof *old);
    if (n)
        memcpy(old, p->contexts.data, n * sizeof *old);
    SORT(p->contexts, by_name);
    uint32_t *to = mem_alloc(n * sizeof *to);
    for (size_t i = 0; i < n; i++)
        to[i] = (uint32_t)((char **)bsearch(&old[i], p->contexts.data, n, sizeof *old, by_name) - p->contexts.data);
    free(old);
    return to;
}

/* As sorted_contexts. */
static uint32_t *sorted_edges(struct profile *p) {
    size_t n = p->edges.len;
    struct profile_edge *old = mem_alloc(n * sizeof *old);
    if (n)
        memcpy(old, p->edges.data, n * sizeof *old);
    SORT(p->edges, by_place);
    uint32_t *to = mem_alloc(n * sizeof *to);
    for (size_t i = 0; i < n; i++)
        to[i] = (uint32_t)((struct profile_edge *)bsearch(&old[i], p->edges.data, n, sizeof *old, by_place) - p->edges.data);
    free(old);
    return to;
}

static void canonical(struct profile *p) {
    uint32_t *context = sorted_contexts(p);
    for (size_t i = 0; i < p->edges.len; i++)
        p->edges.data[i].context = context[p->edges.data[i].context];
    uint32_t *edge = sorted_edges(p);
    for (size_t i = 0; i < p->paths.len; i++) {
        struct profile_path *path = &p->paths.data[i];
        for (size_t k = 0; k < path->edges.len; k++)
            path->edges.data[k].edge = edge[path->edges.data[k].edge];
        SORT(path->edges, by_edge);
    }
    SORT(p->paths, by_edges);
    SORT(p->loops, by_header);
    SORT(p->traces, by_digest);
    free(edge);
    free(context);
}

/* The builder's edges and loops, indexed by the walk, become the profile's; only what was seen is kept. */
static void hand_over(struct builder *b) {
    struct profile *p = b->p;
    const struct walk *w = b->w;
    uint32_t *kept = mem_alloc((b->edges.len + 1) * sizeof *kept), *named = mem_alloc((w->contexts.len + 1) * sizeof *named);
    for (size_t i = 0; i < b->edges.len; i++) {
        struct profile_edge edge = b->edges.data[i];
        if (!edge.count)
            continue;
        const struct ipg_edge *ipg = &w->ipg.data[unit_ipg((uint32_t)i)];
        uint32_t context = w->nodes.data[ipg->from].context;
        if (!named[context]) {
            vec_push(&p->contexts, walk_context_name(w, context));
            named[context] = (uint32_t)p->contexts.len;
        }
        edge.context = named[context] - 1;
        edge.turn = unit_turn((uint32_t)i);
        edge.from = point_of(w, ipg->from);
        edge.to = point_of(w, ipg->to);
        kept[i] = (uint32_t)p->edges.len;
        vec_push(&p->edges, edge);
    }
    for (size_t i = 0; i < p->paths.len; i++)
        for (size_t k = 0; k < p->paths.data[i].edges.len; k++)
            p->paths.data[i].edges.data[k].edge = kept[p->paths.data[i].edges.data[k].edge];
    for (size_t i = 0; i < b->loops.len; i++)
        if (b->loops.data[i].max) {
            b->loops.data[i].header = w->cfg->blocks.data[w->cfg->loops.data[i].header].addr;
            vec_push(&p->loops, b->loops.data[i]);
        }
    free(kept);
    free(named);
}

struct profile *profile_replay(const struct cfg *g, const char *trace_path, struct err *e) { return profile_replay_part(g, trace_path, NULL, e); }

struct profile *profile_replay_part(const struct cfg *g, const char *trace_path, struct replay_part *part, struct err *e) {
    struct builder b = {.w = walk_new(g), .p = mem_alloc(sizeof *b.p)};
    struct replay_events events = {.user = &b, .edge = on_edge, .entry = on_entry, .loop = on_loop, .repeated = on_repeated, .repeated_step = on_repeated_step};
    struct profile_trace totals;
    for (size_t i = 0; i < g->loops.len; i++)
        vec_push(&b.loops, ((struct profile_loop){0}));
    int rc = replay_some(b.w, trace_path, part, &events, &totals, &b.p->info, e);
    if (rc == 0) {
        vec_push(&b.p->traces, totals);
        hand_over(&b);
        canonical(b.p);
    }
    walk_free(b.w);
    map_free(&b.paths);
    vec_free(&b.loops);
    vec_free(&b.place);
    if (rc < 0)
        for (size_t i = 0; i < b.edges.len; i++)
            bins_free(&b.edges.data[i].bins);
    vec_free(&b.edges);
    if (rc == 0)
        return b.p;
    profile_free(b.p);
    return NULL;
}

void profile_free(struct profile *p) {
    if (!p)
        return;
    for (size_t i = 0; i < p->contexts.len; i++)
        free(p->contexts.data[i]);
    for (size_t i = 0; i < p->edges.len; i++)
        bins_free(&p->edges.data[i].bins);
    for (size_t i = 0; i < p->paths.len; i++) {
        struct profile_path *path = &p->paths.data[i];
        for (size_t k = 0; k < path->edges.len; k++)
            bins_free(&path->edges.data[k].bins);
        vec_free(&path->edges);
        bins_free(&path->bins);
    }
    vec_free(&p->contexts);
    vec_free(&p->edges);
    vec_free(&p->paths);
    vec_free(&p->loops);
    vec_free(&p->replays);
    vec_free(&p->traces);
    free(p);
}

/* ---- merging -------------------------------------------------------------------------------------------------------- */

/* Of two sightings of the same extreme the one in the smaller trace digest, then position, is kept: any order of merging agrees. */
static bool earlier(struct sighting a, struct sighting b) { return a.trace != b.trace ? a.trace < b.trace : a.position < b.position; }

static void renumber(struct sighting *s, const uint32_t *trace) { s->trace = trace[s->trace]; }

static int merge_traces(struct profile *into, struct profile *from, struct err *e) {
    size_t old = into->traces.len;
    for (size_t i = 0; i < from->traces.len; i++)
        vec_push(&into->traces, from->traces.data[i]);
    struct profile_trace *before = mem_alloc(into->traces.len * sizeof *before);
    memcpy(before, into->traces.data, into->traces.len * sizeof *before);
    SORT(into->traces, by_digest);
    int rc = 0;
    for (size_t i = 1; i < into->traces.len && rc == 0; i++)
        if (by_digest(&into->traces.data[i - 1], &into->traces.data[i]) == 0)
            rc = err_set(e, ERR_INPUT, "the trace with digest %s was already measured", into->traces.data[i].digest);
    uint32_t *to = mem_alloc(into->traces.len * sizeof *to);
    for (size_t i = 0; i < into->traces.len; i++)
        to[i] = (uint32_t)((struct profile_trace *)bsearch(&before[i], into->traces.data, into->traces.len, sizeof *before, by_digest) - into->traces.data);
    struct profile *both[2] = {into, from};
    for (int k = 0; k < 2; k++) {
        const uint32_t *map = k ? to + old : to;
        for (size_t i = 0; i < both[k]->edges.len; i++) {
            renumber(&both[k]->edges.data[i].min_at, map);
            renumber(&both[k]->edges.data[i].max_at, map);
        }
        for (size_t i = 0; i < both[k]->paths.len; i++) {
            renumber(&both[k]->paths.data[i].min_at, map);
            renumber(&both[k]->paths.data[i].max_at, map);
        }
        for (size_t i = 0; i < both[k]->loops.len; i++)
            renumber(&both[k]->loops.data[i].max_at, map);
    }
    free(before);
    free(to);
    return rc;
}

static uint32_t context_named(const struct profile *p, size_t known, const char *name) {
    char **at = known ? bsearch(&name, p->contexts.data, known, sizeof *at, by_name) : NULL;
    return at ? (uint32_t)(at - p->contexts.data) : NONE;
}

/* *at was seen with extreme OLD; another sighting has NEW, and is kept if that is beyond: for a low-water mark swap OLD and NEW. */
static void keep_sighting(struct sighting *at, uint64_t old, struct sighting other, uint64_t new) {
    if (new > old || (new == old && earlier(other, *at)))
        *at = other;
}

/* FROM's contexts and edges are appended under INTO's indices; returns where FROM's edges went (the caller frees it). */
static uint32_t *merge_edges(struct profile *into, struct profile *from) {
    size_t known_contexts = into->contexts.len, known = into->edges.len;
    uint32_t *context = mem_alloc((from->contexts.len + 1) * sizeof *context), *to = mem_alloc((from->edges.len + 1) * sizeof *to);
    for (size_t i = 0; i < from->contexts.len; i++) {
        context[i] = context_named(into, known_contexts, from->contexts.data[i]);
        if (context[i] == NONE) {
            context[i] = (uint32_t)into->contexts.len;
            vec_push(&into->contexts, from->contexts.data[i]);
            from->contexts.data[i] = NULL;
        }
    }
    for (size_t i = 0; i < from->edges.len; i++) {
        struct profile_edge *f = &from->edges.data[i];
        f->context = context[f->context];
        struct profile_edge *at = known ? bsearch(f, into->edges.data, known, sizeof *at, by_place) : NULL;
        to[i] = at ? (uint32_t)(at - into->edges.data) : (uint32_t)into->edges.len;
        if (!at) {
            vec_push(&into->edges, *f);
            *f = (struct profile_edge){0};
            continue;
        }
        keep_sighting(&at->max_at, bins_most(&at->bins), f->max_at, bins_most(&f->bins));
        keep_sighting(&at->min_at, bins_least(&f->bins), f->min_at, bins_least(&at->bins));
        at->count += f->count;
        bins_merge(&at->bins, &f->bins);
    }
    free(context);
    return to;
}

/* Both have the same edges, sorted alike. The counts are of the longest entry: of two as long, that of the sighting kept. */
static void merge_path(struct profile_path *at, struct profile_path *f) {
    bool later = f->max > at->max || (f->max == at->max && earlier(f->max_at, at->max_at));
    keep_sighting(&at->min_at, f->min, f->min_at, at->min);
    at->count += f->count;
    at->min = f->min < at->min ? f->min : at->min;
    bins_merge(&at->bins, &f->bins);
    for (size_t k = 0; k < at->edges.len; k++) {
        bins_merge(&at->edges.data[k].bins, &f->edges.data[k].bins);
        if (later)
            at->edges.data[k].count = f->edges.data[k].count;
    }
    if (later) {
        at->max = f->max;
        at->max_at = f->max_at;
    }
}

static void merge_paths(struct profile *into, struct profile *from, const uint32_t *to) {
    size_t known = into->paths.len;
    for (size_t i = 0; i < from->paths.len; i++) {
        struct profile_path *f = &from->paths.data[i];
        for (size_t k = 0; k < f->edges.len; k++)
            f->edges.data[k].edge = to[f->edges.data[k].edge];
        SORT(f->edges, by_edge);
        struct profile_path *at = known ? bsearch(f, into->paths.data, known, sizeof *at, by_edges) : NULL;
        if (at) {
            merge_path(at, f);
        } else {
            vec_push(&into->paths, *f);
            *f = (struct profile_path){0};
        }
    }
}

static void merge_loops(struct profile *into, const struct profile *from) {
    size_t known = into->loops.len;
    for (size_t i = 0; i < from->loops.len; i++) {
        const struct profile_loop *f = &from->loops.data[i];
        struct profile_loop *at = known ? bsearch(f, into->loops.data, known, sizeof *at, by_header) : NULL;
        if (!at)
            vec_push(&into->loops, *f);
        else if (f->max > at->max || (f->max == at->max && earlier(f->max_at, at->max_at)))
            *at = *f;
    }
}

static void merge_measured(struct profile *into, struct profile *from) {
    uint32_t *to = merge_edges(into, from);
    merge_paths(into, from, to);
    merge_loops(into, from);
    for (size_t i = 0; i < from->replays.len; i++)
        profile_add_replay(into, &from->replays.data[i]);
    canonical(into);
    free(to);
}

/* Positions are the trace's in both, so of two sightings of the same extreme the earlier is the first in all of it. */
void profile_join(struct profile *into, struct profile *from) {
    struct profile_trace *a = &into->traces.data[0], *b = &from->traces.data[0];
    a->records += b->records;
    a->entries += b->entries;
    a->boot += b->boot;
    a->interrupted += b->interrupted;
    a->lost += b->lost;
    a->cut += b->cut;
    merge_measured(into, from);
    profile_free(from);
}

int profile_merge(struct profile *into, struct profile *from, struct err *e) {
    const struct trace_info *a = &into->info, *b = &from->info;
    int rc = 0;
    if (strcmp(a->build_id, b->build_id) != 0)
        rc = err_set(e, ERR_INPUT, "profiles of different builds: %.16s and %.16s", a->build_id, b->build_id);
    else if (strcmp(a->platform, b->platform) != 0 || a->clock_hz != b->clock_hz || a->port != b->port)
        rc = err_set(e, ERR_INPUT, "profiles of different platforms or kinds of trace");
    else
        rc = merge_traces(into, from, e);
    if (rc == 0)
        merge_measured(into, from);
    profile_free(from);
    return rc;
}

/* ---- fewer contexts -------------------------------------------------------------------------------------------------- */

/* A call in a context's name begins with '/'. Where the name holds more than DEPTH calls, "*" and the last of them; else the name. */
static char *short_name(const char *name, uint32_t depth) {
    uint32_t calls = 0;
    for (const char *s = name; *s; s++)
        calls += *s == '/';
    if (calls <= depth)
        return str_dup(name);
    if (depth == 0)
        return str_dup("*");
    for (; calls >= depth; calls--)
        name = strchr(name, '/') + 1;
    return str_printf("*/%s", name);
}

bool profile_is_short(const struct profile *p) { return p->contexts.len && p->contexts.data[0][0] == '*'; }

/* Each context's index among the short names, which become the profile's; SHORTENED says of which old ones. The caller frees both. */
static uint32_t *shorten_names(struct profile *p, uint32_t depth, bool **shortened) {
    size_t n = p->contexts.len, kept = 0;
    char **old = mem_alloc((n + 1) * sizeof *old);
    uint32_t *to = mem_alloc((n + 1) * sizeof *to);
    *shortened = mem_alloc(n + 1);
    for (size_t i = 0; i < n; i++) {
        old[i] = short_name(p->contexts.data[i], depth);
        (*shortened)[i] = strcmp(old[i], p->contexts.data[i]) != 0;
        free(p->contexts.data[i]);
        p->contexts.data[i] = old[i];
    }
    SORT(p->contexts, by_name);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || strcmp(p->contexts.data[i], p->contexts.data[kept - 1]) != 0)
            p->contexts.data[kept++] = str_dup(p->contexts.data[i]);
    p->contexts.len = kept;
    for (size_t i = 0; i < n; i++)
        to[i] = context_named(p, kept, old[i]);
    for (size_t i = 0; i < n; i++)
        free(old[i]);
    free(old);
    return to;
}

static void pool_edge(struct profile_edge *at, struct profile_edge *f) {
    keep_sighting(&at->max_at, bins_most(&at->bins), f->max_at, bins_most(&f->bins));
    keep_sighting(&at->min_at, bins_least(&f->bins), f->min_at, bins_least(&at->bins));
    at->count += f->count;
    bins_merge(&at->bins, &f->bins);
    bins_free(&f->bins);
}

/* Units of the path that became one: counts of its longest entry add up, and so do its executions. */
static void pool_path_edges(struct profile_path *path, const uint32_t *to) {
    size_t kept = 0;
    for (size_t k = 0; k < path->edges.len; k++)
        path->edges.data[k].edge = to[path->edges.data[k].edge];
    SORT(path->edges, by_edge);
    for (size_t k = 0; k < path->edges.len; k++) {
        struct path_edge *x = &path->edges.data[k];
        if (kept && path->edges.data[kept - 1].edge == x->edge) {
            path->edges.data[kept - 1].count += x->count;
            bins_merge(&path->edges.data[kept - 1].bins, &x->bins);
            bins_free(&x->bins);
        } else {
            path->edges.data[kept++] = *x;
        }
    }
    path->edges.len = kept;
}

static void pool_paths(struct profile *p) {
    size_t kept = 0;
    SORT(p->paths, by_edges);
    for (size_t i = 0; i < p->paths.len; i++) {
        struct profile_path *x = &p->paths.data[i];
        if (!kept || by_edges(&p->paths.data[kept - 1], x) != 0) {
            p->paths.data[kept++] = *x;
            continue;
        }
        merge_path(&p->paths.data[kept - 1], x);
        for (size_t k = 0; k < x->edges.len; k++)
            bins_free(&x->edges.data[k].bins);
        vec_free(&x->edges);
        bins_free(&x->bins);
    }
    p->paths.len = kept;
}

/* Where a name is shortened it is not known any more which loops the bits of `turn` speak of: iterations are pooled too. */
void profile_shorten(struct profile *p, uint32_t depth) {
    bool *shortened;
    uint32_t *context = shorten_names(p, depth, &shortened), *to = mem_alloc((p->edges.len + 1) * sizeof *to);
    struct profile_edge *old = mem_alloc((p->edges.len + 1) * sizeof *old);
    size_t n = p->edges.len, kept = 0;
    for (size_t i = 0; i < n; i++) {
        struct profile_edge *x = &p->edges.data[i];
        x->turn = shortened[x->context] ? 0 : x->turn;
        x->context = context[x->context];
        old[i] = *x;
    }
    SORT(p->edges, by_place);
    for (size_t i = 0; i < n; i++)
        if (kept && by_place(&p->edges.data[kept - 1], &p->edges.data[i]) == 0)
            pool_edge(&p->edges.data[kept - 1], &p->edges.data[i]);
        else
            p->edges.data[kept++] = p->edges.data[i];
    p->edges.len = kept;
    for (size_t i = 0; i < n; i++)
        to[i] = (uint32_t)((struct profile_edge *)bsearch(&old[i], p->edges.data, kept, sizeof *old, by_place) - p->edges.data);
    for (size_t i = 0; i < p->paths.len; i++)
        pool_path_edges(&p->paths.data[i], to);
    pool_paths(p);
    free(old);
    free(to);
    free(context);
    free(shortened);
}
