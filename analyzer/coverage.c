/* Units, what was observed of them, and the answers: complete, counterexample, open. */
#include "analyzer/coverage.h"

#include <inttypes.h>

enum { MOST_PATHS = 16, MOST_BLOCKS = 64 };

/* ---- the units of the worst paths -------------------------------------------------------------------------------------------- */

struct collector {
    struct coverage *c;
    const struct coverage_options *o;
    struct map index;        /* hash of (from, to) → unit + 1 */
};

static uint64_t block_addr(const struct wcet *w, uint32_t node) { return w->cfg->blocks.data[w->walk->nodes.data[node].block].addr; }

static bool same_blocks(const struct cover_path *a, const uint32_t *blocks, size_t n) {
    return a->blocks.len == n && memcmp(a->blocks.data, blocks, n * sizeof *blocks) == 0;
}

/* Adds the paths by which one edge of the walk can be taken. False: too many or too long ones, or a cycle without a point. */
static bool add_paths(struct coverage_unit *u, const struct walk *w, uint32_t ipg, uint32_t node, uint32_t *blocks, size_t n) {
    const struct walk_node *at = &w->nodes.data[node];
    if (n + 1 >= MOST_BLOCKS)
        return false;
    blocks[n++] = at->block;
    for (uint32_t k = at->edge; k < at->edge + at->edges; k++) {
        const struct walk_edge *we = &w->edges.data[k];
        if (we->ipg == NONE && !add_paths(u, w, ipg, we->to, blocks, n))
            return false;
        if (we->ipg != ipg)
            continue;
        blocks[n] = w->nodes.data[we->to].block;
        bool known = false;
        for (size_t i = 0; i < u->paths.len && !known; i++)
            known = same_blocks(&u->paths.data[i].code, blocks, n + 1);
        if (known)
            continue;
        if (u->paths.len == MOST_PATHS)
            return false;
        struct coverage_path p = {0};
        for (size_t i = 0; i <= n; i++)
            vec_push(&p.code.blocks, blocks[i]);
        vec_push(&u->paths, p);
    }
    return true;
}

static void open_unit(struct coverage_unit *u, const char *fmt, const char *what) {
    u->status = COVERAGE_OPEN;
    if (!u->why)
        u->why = str_printf("%s%s", fmt, what);
}

static bool wanted(const struct collector *k, const struct coverage_unit *u) {
    const char *only = k->o->unit;
    uint64_t addr;
    struct err e;
    if (!only || strcmp(only, u->id) == 0)
        return true;
    return !strstr(only, "->") && cfg_place(k->c->wcet->cfg, only, &addr, &e) == 0 && addr == u->from;
}

static struct coverage_unit *unit_of(struct collector *k, uint32_t ipg) {
    struct wcet *w = k->c->wcet;
    uint64_t from = block_addr(w, w->walk->ipg.data[ipg].from), to = block_addr(w, w->walk->ipg.data[ipg].to), at;
    uint64_t key = hash_bytes((uint64_t[]){from, to}, 16, 0);
    if (map_get(&k->index, key, &at))
        return at ? &k->c->units.data[at - 1] : NULL;
    struct coverage_unit u = {.from = from, .to = to, .ipg = ipg};
    u.id = str_printf("%s->%s", cfg_describe(w->cfg, from), cfg_describe(w->cfg, to));
    if (!wanted(k, &u)) {
        free(u.id);
        map_put(&k->index, key, 0);
        return NULL;
    }
    vec_push(&k->c->units, u);
    map_put(&k->index, key, k->c->units.len);
    return &k->c->units.data[k->c->units.len - 1];
}

static int by_address(const void *a, const void *b) {
    const struct coverage_unit *x = a, *y = b;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return x->to < y->to ? -1 : x->to > y->to;
}

static void collect(struct coverage *c, const struct coverage_options *o) {
    struct collector k = {c, o, {0}};
    struct wcet *w = c->wcet;
    uint32_t blocks[MOST_BLOCKS];
    for (size_t r = 0; r < w->rows.len; r++)
        for (size_t i = 0; i < w->rows.data[r].worst_path.len; i++) {
            uint32_t ipg = w->rows.data[r].worst_path.data[i].edge;
            struct coverage_unit *u = unit_of(&k, ipg);
            if (u && !add_paths(u, w->walk, ipg, w->walk->ipg.data[ipg].from, blocks, 0))
                open_unit(u, "it has too many paths, or a cycle, without a point on them", "");
        }
    map_free(&k.index);
    if (c->units.len)
        qsort(c->units.data, c->units.len, sizeof *c->units.data, by_address);
}

static void observe(struct coverage *c) {
    const struct profile *p = c->wcet->profile;
    struct map index = {0};
    for (size_t i = 0; i < c->units.len; i++)
        map_put(&index, hash_bytes((uint64_t[]){c->units.data[i].from, c->units.data[i].to}, 16, 0), i);
    for (size_t i = 0; i < p->edges.len; i++) {
        const struct profile_edge *x = &p->edges.data[i];
        uint64_t at;
        if (!map_get(&index, hash_bytes((uint64_t[]){x->from, x->to}, 16, 0), &at))
            continue;
        bins_merge(&c->units.data[at].bins, &x->bins);
        c->units.data[at].contexts++;
    }
    map_free(&index);
}

/* ---- from times to counts ------------------------------------------------------------------------------------------------------ */

static int64_t penalty(const struct model *m, const char *name, bool dirty) {
    const struct model_cache *k = model_find(m, name);
    return !k ? 0 : dirty ? (k->stores ? k->evict_dirty : 0) : k->miss >= 0 ? k->miss : k->cold;
}

struct explain {
    int64_t i, d, dirty;     /* penalties */
    uint64_t found;          /* explanations with different (path, count): 0, 1, 2 = more */
    uint32_t path;
    unsigned count;
};

static void explained(struct explain *x, uint32_t path, unsigned count) {
    if (x->found && x->path == path && x->count == count)
        return;
    x->found++;
    x->path = path;
    x->count = count;
}

/* Every way to make EXCESS of misses and evictions; a look-up that misses evicts one line at most. */
static void explain_path(struct explain *x, const struct coverage_path *p, uint32_t path, int64_t excess) {
    for (unsigned i = 0; i <= p->code.lookups_i; i++)
        for (unsigned d = 0; d <= p->limit - p->code.lookups_i; d++) {
            int64_t rest = excess - x->i * i - x->d * d;
            if (rest == 0 || (rest > 0 && x->dirty > 0 && rest % x->dirty == 0 && rest / x->dirty <= d))
                explained(x, path, i + d);
        }
}

/* The fact that bounds the unit's misses, NULL if there is none; of several the strictest. */
static const struct assumption *misses_fact(const struct coverage *c, const struct coverage_unit *u) {
    const struct cfg *g = c->wcet->cfg;
    const struct assumption *best = NULL;
    for (size_t i = 0; i < g->assumptions.len; i++) {
        const struct assumption *a = &g->assumptions.data[i];
        if (a->kind == ASSUME_MISSES && g->blocks.data[a->block].addr == u->from && g->blocks.data[a->to].addr == u->to && (!best || a->hi < best->hi))
            best = a;
    }
    return best;
}

/* A fact that a trace contradicts is an error that names both. */
static int check_fact(const struct coverage *c, const struct coverage_unit *u, struct err *e) {
    const struct assumption *a = misses_fact(c, u);
    const struct profile *p = c->wcet->profile;
    unsigned most = 0;
    for (size_t k = 0; k < u->paths.len; k++)
        for (unsigned n = 0; n < u->paths.data[k].seen.len; n++)
            most = u->paths.data[k].seen.data[n] && n > most ? n : most;
    if (!a || most <= a->hi)
        return 0;
    for (size_t i = 0; i < p->edges.len; i++) {
        const struct profile_edge *x = &p->edges.data[i];
        if (x->from == u->from && x->to == u->to && bins_most(&x->bins) == bins_most(&u->bins))
            return err_set(e, ERR_INPUT, "%s is said to miss at most %" PRIu64 " times (%s), but %u misses were observed; trace %s, record %" PRIu64 " shows its longest time", u->id,
                           a->hi, a->why, most, p->traces.data[x->max_at.trace].digest, x->max_at.position);
    }
    return 0;
}

/* An observation counts for a number of misses only if nothing else explains its time. */
static void read_observations(struct coverage *c, struct coverage_unit *u) {
    const struct model *m = c->model;
    for (size_t i = 0; i < u->bins.len; i++) {
        if (!bins_exact(&u->bins, i)) {
            u->unclear += bins_of(&u->bins)[i].count;
            continue;
        }
        struct explain x = {penalty(m, "L1I", false), penalty(m, "L1D", false), penalty(m, "L1D", true), 0, 0, 0};
        for (uint32_t k = 0; k < u->paths.len; k++)
            explain_path(&x, &u->paths.data[k], k, (int64_t)(bins_of(&u->bins)[i].cycles - u->paths.data[k].code.base));
        if (x.found == 1)
            u->paths.data[x.path].seen.data[x.count] = true;
        if (x.found > 1)
            u->unclear += bins_of(&u->bins)[i].count;
        if (x.found == 0 && u->status != COVERAGE_OPEN) {
            char *text = str_printf("%" PRIu64 " cycles were observed, which no number of misses explains", bins_of(&u->bins)[i].cycles);
            open_unit(u, text, "");
            free(text);
        }
    }
}

static bool explains(const struct coverage *c, const struct coverage_path *p, uint64_t cycles, uint64_t misses) {
    const struct model *m = c->model;
    for (unsigned i = 0; i <= p->code.lookups_i && i <= misses; i++) {
        int64_t rest = (int64_t)(cycles - p->code.base) - penalty(m, "L1I", false) * i - penalty(m, "L1D", false) * (int64_t)(misses - i);
        int64_t dirty = penalty(m, "L1D", true);
        if (misses <= p->limit && (rest == 0 || (rest > 0 && dirty > 0 && rest % dirty == 0)))
            return true;
    }
    return false;
}

uint64_t coverage_way(const struct coverage *c, const struct cover_path *p) {
    uint64_t addr[MOST_BLOCKS + 1];
    for (size_t i = 0; i < p->blocks.len; i++)
        addr[i] = c->wcet->cfg->blocks.data[p->blocks.data[i]].addr;
    return replay_way(addr, p->blocks.len);
}

static struct coverage_path *path_of_way(const struct coverage *c, struct coverage_unit *u, uint64_t way) {
    for (size_t k = 0; k < u->paths.len; k++)
        if (coverage_way(c, &u->paths.data[k].code) == way)
            return &u->paths.data[k];
    return NULL;
}

/* A replay tells its path and its count by itself. One of a way that facts exclude by now says nothing. */
static void read_replays(const struct coverage *c, struct coverage_unit *u) {
    const struct profile *p = c->wcet->profile;
    for (size_t i = 0; i < p->replays.len; i++) {
        const struct profile_replay *x = &p->replays.data[i];
        struct coverage_path *path = x->from == u->from && x->to == u->to ? path_of_way(c, u, x->way) : NULL;
        if (!path)
            continue;
        if (explains(c, path, x->cycles, x->misses))
            path->replayed.data[x->misses] = true;
        else
            open_unit(u, "the profile has a replay whose misses do not explain its cycles", "");
    }
}

/* ---- answers ------------------------------------------------------------------------------------------------------------------- */

static unsigned lookups_of(const struct cover_path *p) {
    return p->lookups_i + (p->aligned ? 1 : 2) * p->lookups_d;
}

static int lay_out(struct coverage *c, struct coverage_unit *u, struct err *e) {
    for (size_t k = 0; k < u->paths.len; k++) {
        struct coverage_path *p = &u->paths.data[k];
        if (cover_path_make(&p->code, c->wcet->cfg, c->model, e) < 0) {
            if (e->kind != ERR_INCOMPLETE)
                return err_wrap(e, "%s", u->id);
            open_unit(u, e->text, "");
        }
        p->limit = lookups_of(&p->code);
        u->limit = p->limit > u->limit ? p->limit : u->limit;
        for (unsigned n = 0; n <= p->limit; n++) {
            vec_push(&p->seen, false);
            vec_push(&p->replayed, false);
        }
    }
    return 0;
}

static bool shown(const struct coverage_path *p, unsigned n) { return n < p->seen.len && (p->seen.data[n] || p->replayed.data[n]); }

static void take_examples(struct coverage_unit *u, uint32_t path, struct cover_range *r) {
    struct coverage_path *p = &u->paths.data[path];
    for (size_t i = r->cases.len; i-- > 0;) {
        struct cover_case *k = &r->cases.data[i];
        if (shown(p, k->count))
            continue;
        struct coverage_example x = {.path = path, .state = *k};
        cover_values(&p->code, k, &x.values);
        vec_push(&u->examples, x);
        *k = (struct cover_case){0};
    }
}

/* "sys_send+0x10->…" as a file's name. */
static char *proof_name(const char *folder, const struct coverage_unit *u, size_t path) {
    return folder ? str_printf("%s/%" PRIx64 "-%" PRIx64 "-%zu", folder, u->from, u->to, path) : NULL;
}

struct cover *coverage_question(const struct coverage *c, const struct coverage_unit *u, uint32_t path, const struct coverage_options *o, struct smt *s, struct err *e) {
    struct cover_path *p = (struct cover_path *)&u->paths.data[path].code;
    const struct assumption *fact = misses_fact(c, u);
    struct cover_question q = {c->model, &p->ir, s, p->access.data, p->access.len, p->aligned, {o->steps, 60, 3ull << 30}};
    struct cover *cover = cover_new(&q, e);
    if (cover && fact && fact->hi < u->limit)
        cover_limit(cover, (unsigned)fact->hi);
    return cover;
}

static void take_range(struct coverage_unit *u, struct coverage_path *p, const struct cover_range *r) {
    p->lo = r->lo;
    p->hi = r->hi;
    for (size_t i = 0; i < r->state.len; i++)
        vec_push(&p->state, r->state.data[i]);
    if (!r->closed && u->paths.len > 1 && r->hi == UINT32_MAX && r->state.data[0] == COVER_INFEASIBLE)
        p->lo = 1, p->hi = 0; /* a path that no state takes */
    else if (!r->closed)
        open_unit(u, r->why, "");
}

static int solve_path(struct coverage *c, struct coverage_unit *u, uint32_t path, const struct coverage_options *o, struct err *e) {
    struct coverage_path *p = &u->paths.data[path];
    struct smt *s = smt_new(&p->code.ir);
    cover_path_assert(&p->code, c->wcet->cfg, s);
    struct cover *cover = coverage_question(c, u, path, o, s, e);
    struct cover_range r;
    char *proof = proof_name(o->proofs, u, path);
    VEC(bool) known = {0};
    for (unsigned n = 0; n < p->seen.len; n++)
        vec_push(&known, shown(p, n));
    int rc = cover ? cover_solve(cover, known.data, known.len, o->exact, proof, &r, e) : -1;
    if (rc == 0) {
        take_range(u, p, &r);
        take_examples(u, path, &r);
        cover_range_free(&r);
    } else if (e->kind == ERR_INCOMPLETE) {
        open_unit(u, e->text, "");
        rc = 0;
    }
    vec_free(&known);
    free(proof);
    cover_free(cover);
    smt_free(s);
    return rc;
}

static int by_count(const void *a, const void *b) {
    const struct coverage_example *x = a, *y = b;
    if (x->state.count != y->state.count)
        return x->state.count > y->state.count ? -1 : 1;
    return x->path < y->path ? -1 : x->path > y->path;
}

/* A count that a path was seen with must be one that it can have; else an assumption, a fact or the model is wrong. */
static void check_seen(struct coverage_unit *u) {
    for (size_t k = 0; k < u->paths.len; k++)
        for (unsigned n = 0; n < u->paths.data[k].seen.len; n++)
            if (shown(&u->paths.data[k], n) && (u->paths.data[k].lo > u->paths.data[k].hi))
                open_unit(u, "it was observed on a path that no state should take", "");
}

static void conclude(struct coverage_unit *u) {
    u->lo = UINT32_MAX;
    for (size_t k = 0; k < u->paths.len; k++) {
        const struct coverage_path *p = &u->paths.data[k];
        if (p->lo > p->hi)
            continue;
        u->lo = p->lo < u->lo ? p->lo : u->lo;
        u->hi = p->hi > u->hi ? p->hi : u->hi;
    }
    if (u->examples.len)
        qsort(u->examples.data, u->examples.len, sizeof *u->examples.data, by_count);
    check_seen(u);
    u->proven = u->status != COVERAGE_OPEN && u->lo <= u->hi;
    if (u->status != COVERAGE_OPEN && u->lo > u->hi)
        open_unit(u, "no state satisfies its conditions and the assumptions", "");
    if (u->status != COVERAGE_OPEN)
        u->status = u->examples.len ? COVERAGE_COUNTEREXAMPLE : COVERAGE_COMPLETE;
}

static int solve(struct coverage *c, struct coverage_unit *u, const struct coverage_options *o, struct err *e) {
    for (uint32_t k = 0; k < u->paths.len && u->status != COVERAGE_OPEN; k++)
        if (solve_path(c, u, k, o, e) < 0)
            return err_wrap(e, "%s", u->id);
    conclude(u);
    coverage_describe(c, u);
    return 0;
}

static int answer(struct coverage *c, struct coverage_unit *u, const struct coverage_options *o, struct err *e) {
    if (u->status != COVERAGE_OPEN && lay_out(c, u, e) < 0)
        return -1;
    if (u->status != COVERAGE_OPEN)
        read_observations(c, u);
    if (u->status != COVERAGE_OPEN && check_fact(c, u, e) < 0)
        return -1;
    if (u->status != COVERAGE_OPEN)
        read_replays(c, u);
    return solve(c, u, o, e);
}

static void free_examples(struct coverage_unit *u) {
    for (size_t i = 0; i < u->examples.len; i++) {
        struct coverage_example *x = &u->examples.data[i];
        cover_case_free(&x->state);
        vec_free(&x->values.words);
        vec_free(&x->values.stores);
        replay_case_free(&x->replay);
        vec_free(&x->avoid);
    }
    u->examples.len = 0;
}

int coverage_answer_again(struct coverage *c, struct coverage_unit *u, const struct coverage_options *o, struct err *e) {
    free_examples(u);
    for (size_t k = 0; k < u->paths.len; k++)
        u->paths.data[k].state.len = u->paths.data[k].lo = u->paths.data[k].hi = 0;
    u->lo = u->hi = 0;
    u->status = COVERAGE_COMPLETE; /* as far as is known */
    return solve(c, u, o, e);
}

struct coverage *coverage_analyse(const struct analysis *a, const struct coverage_options *o, struct err *e) {
    struct coverage *c = mem_alloc(sizeof *c);
    c->analysis = *a;
    c->analysis.coverage = NULL;
    int rc = a->model ? 0 : err_set(e, ERR_INPUT, "%s: [kernel] needs 'model': what do misses cost?", a->path);
    if (rc == 0 && !(c->model = model_load(a->model, e)))
        rc = -1;
    if (rc == 0 && c->model->jitter)
        rc = err_set(e, ERR_INPUT, "%s: times with jitter do not tell how many misses they hold", a->model);
    if (rc == 0 && !(c->wcet = wcet_analyse(&c->analysis, NULL, NULL, e)))
        rc = -1;
    if (rc == 0) {
        collect(c, o);
        observe(c);
    }
    if (rc == 0 && o->unit && c->units.len == 0)
        rc = err_set(e, ERR_USAGE, "%s is no unit of a worst path", o->unit);
    struct progress *progress = progress_begin("coverage", c->units.len);
    for (size_t i = 0; i < c->units.len && rc == 0; i++) {
        rc = answer(c, &c->units.data[i], o, e);
        progress_at(progress, i + 1);
    }
    progress_end(progress);
    if (rc == 0)
        return c;
    coverage_free(c);
    return NULL;
}

static void free_unit(struct coverage_unit *u) {
    for (size_t i = 0; i < u->paths.len; i++) {
        struct coverage_path *p = &u->paths.data[i];
        cover_path_free(&p->code);
        vec_free(&p->seen);
        vec_free(&p->replayed);
        vec_free(&p->state);
    }
    free_examples(u);
    vec_free(&u->paths);
    vec_free(&u->examples);
    bins_free(&u->bins);
    free(u->id);
    free(u->why);
}

void coverage_free(struct coverage *c) {
    if (!c)
        return;
    for (size_t i = 0; i < c->units.len; i++)
        free_unit(&c->units.data[i]);
    vec_free(&c->units);
    coverage_closing_free(&c->closing);
    model_free(c->model);
    wcet_free(c->wcet);
    free(c);
}
