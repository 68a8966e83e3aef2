/* What is known of each unit of a row. A row's entries are a part of all entries, and what a unit takes may hang on which entry it
 * is passed in; so the row's own paths are asked first, and only where they are silent others. */
#include "analyzer/replay.h"
#include "analyzer/tree.h"

struct unit_source {
    uint32_t turn;
    const bin_list *bins;     /* the profile's */
};
typedef VEC(struct unit_source) source_list;

struct unit_table {
    source_list *own, *context;  /* by IPG edge: from the row's paths; from all entries */
    struct map elsewhere;        /* (from, to) → index into others */
    VEC(source_list) others;
    const struct walk *walk;
    struct map found;            /* query → answers */
    struct answer {
        bin_list bins;
        enum unit_grounds grounds;
    } *answers;
    size_t answered, room;
};

static uint64_t place_key(uint64_t from, uint64_t to) { return hash_bytes((uint64_t[]){from, to}, 16, 0); }

static uint64_t point_addr(const struct walk *w, uint32_t node) { return w->cfg->blocks.data[w->nodes.data[node].block].addr; }

static void add_paths(struct unit_table *u, const struct row_graph *r, const uint32_t *ipg) {
    const struct profile *p = r->w->profile;
    for (size_t i = 0; i < p->paths.len; i++) {
        const struct profile_path *path = &p->paths.data[i];
        if (!row_matches(r, p, path))
            continue;
        for (size_t k = 0; k < path->edges.len; k++) {
            uint32_t edge = path->edges.data[k].edge;
            if (ipg[edge] != NONE)
                vec_push(&u->own[ipg[edge]], ((struct unit_source){p->edges.data[edge].turn, &path->edges.data[k].bins}));
        }
    }
}

struct unit_table *units_new(const struct row_graph *r, const uint32_t *ipg) {
    struct unit_table *u = mem_alloc(sizeof *u);
    const struct profile *p = r->w->profile;
    size_t n = r->w->walk->ipg.len + 1;
    u->walk = r->w->walk;
    u->own = mem_alloc(n * sizeof *u->own);
    u->context = mem_alloc(n * sizeof *u->context);
    add_paths(u, r, ipg);
    for (size_t i = 0; i < p->edges.len; i++) {
        const struct profile_edge *x = &p->edges.data[i];
        struct unit_source s = {x->turn, &x->bins};
        if (ipg[i] != NONE)
            vec_push(&u->context[ipg[i]], s);
        uint64_t at, key = place_key(x->from, x->to);
        if (!map_get(&u->elsewhere, key, &at)) {
            at = u->others.len;
            map_put(&u->elsewhere, key, at);
            vec_push(&u->others, ((source_list){0}));
        }
        vec_push(&u->others.data[at], s);
    }
    return u;
}

void units_free(struct unit_table *u) {
    if (!u)
        return;
    for (size_t i = 0; i < u->walk->ipg.len; i++) {
        vec_free(&u->own[i]);
        vec_free(&u->context[i]);
    }
    for (size_t i = 0; i < u->others.len; i++)
        vec_free(&u->others.data[i]);
    for (size_t i = 0; i < u->answered; i++)
        bins_free(&u->answers[i].bins);
    vec_free(&u->others);
    map_free(&u->elsewhere);
    map_free(&u->found);
    free(u->own);
    free(u->context);
    free(u->answers);
    free(u);
}

static bool gather(bin_list *into, const source_list *from, uint32_t known, uint32_t turn) {
    for (size_t i = 0; i < from->len; i++)
        if ((from->data[i].turn & known) == (turn & known))
            bins_merge(into, from->data[i].bins);
    return into->len > 0;
}

static enum unit_grounds answer(struct unit_table *u, uint32_t ipg, uint32_t known, uint32_t turn, bin_list *bins) {
    const struct ipg_edge *x = &u->walk->ipg.data[ipg];
    uint64_t at;
    if (gather(bins, &u->own[ipg], known, turn))
        return UNIT_OWN;
    if (gather(bins, &u->own[ipg], 0, 0))
        return UNIT_TURN;
    if (gather(bins, &u->context[ipg], known, turn) || gather(bins, &u->context[ipg], 0, 0))
        return UNIT_ENTRIES;
    if (map_get(&u->elsewhere, place_key(point_addr(u->walk, x->from), point_addr(u->walk, x->to)), &at) && gather(bins, &u->others.data[at], 0, 0))
        return UNIT_CONTEXTS;
    return UNIT_NONE;
}

const bin_list *units_bins(struct unit_table *u, uint32_t ipg, uint32_t known, uint32_t turn, enum unit_grounds *grounds) {
    uint64_t at, key = (uint64_t)ipg << 32 | known << 16 | (turn & known);
    if (!map_get(&u->found, key, &at)) {
        if (u->answered == u->room) {
            u->room = u->room ? 2 * u->room : 64;
            u->answers = mem_resize(u->answers, u->room * sizeof *u->answers);
        }
        struct answer a = {0};
        a.grounds = answer(u, ipg, known, turn, &a.bins);
        at = u->answered++;
        u->answers[at] = a;
        map_put(&u->found, key, at);
    }
    *grounds = u->answers[at].grounds;
    return &u->answers[at].bins;
}
