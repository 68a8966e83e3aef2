/* The cost of each IPG edge of a row: over all ways that it stands for, the dearest (costs.h). */
#include "analyzer/costs_own.h"

#include <inttypes.h>

enum { WAYS = 4096, DEEP = 4096 };
static const uint64_t EXACT = 1 << 20; /* longer steps are not told apart by what they can take, but by at least and at most */

struct reach {                 /* what one execution can take */
    uint64_t least, most;
    VEC(uint64_t) bits;        /* bit t: t cycles; empty: everything between */
    struct cost_step step;
};
struct row_explained {
    size_t n;
    struct reach *reach;       /* by walk->ipg edge; most = 0: not of this row */
    uint64_t hits, firsts, misses, always, modelled, steps;
    bool escaped;
};

void costs_forget(struct row_explained *x) {
    for (size_t i = 0; x && i < x->n; i++)
        vec_free(&x->reach[i].bits);
    if (x)
        free(x->reach);
    free(x);
}

/* ---- one way -------------------------------------------------------------------------------------------------------------- */

struct way {
    struct row_model *m;
    uint64_t fixed, late, entering;
    VEC(uint32_t) charges;     /* indices into m->charges */
};

static void add_half(struct way *w, const struct half *h) {
    w->fixed += h->fixed;
    for (uint32_t i = 0; i < h->charges; i++)
        vec_push(&w->charges, h->charge + i);
}

static const struct cache_event *event_of(const struct row_model *m, const struct charge *c) { return &m->graph[c->store].events.data[c->event]; }
static const struct cache_verdict *verdict_of(const struct row_model *m, const struct charge *c) { return &m->verdict[c->store][c->event]; }

enum counting { COUNT_COST, COUNT_MOST, COUNT_ALL };

/* Whether the charge is to be paid here, in that case. First-misses are paid where the scope is entered. */
static bool pays(const struct row_model *m, const struct charge *c, uint32_t at, enum counting how) {
    const struct cache_verdict *v = verdict_of(m, c);
    if (how == COUNT_ALL)
        return true;
    return (v->miss >> at & 1) && (how == COUNT_MOST || v->scope == CACHE_NO_SCOPE);
}

/* All charges of one symbol and store: the worst case of where lines begin in it, or it is a device. */
static uint64_t symbol_cost(const struct way *w, const struct charge *first, enum counting how) {
    const struct row_model *m = w->m;
    uint64_t sum[CACHE_CASES] = {0}, device = 0, most = 0;
    uint32_t symbol = event_of(m, first)->symbol;
    for (size_t i = 0; i < w->charges.len; i++) {
        const struct charge *c = &m->charges.data[w->charges.data[i]];
        if (c->store != first->store || event_of(m, c)->symbol != symbol)
            continue;
        device += c->device;
        for (uint32_t k = 0; k < CACHE_CASES; k++)
            sum[k] += pays(m, c, k, how) ? m->c->store[c->store].penalty.most : 0;
    }
    for (uint32_t k = 0; k < CACHE_CASES; k++)
        most = sum[k] > most ? sum[k] : most;
    return device > most ? device : most;
}

static bool seen_before(const struct way *w, size_t at) {
    const struct charge *c = &w->m->charges.data[w->charges.data[at]];
    for (size_t i = 0; i < at; i++) {
        const struct charge *x = &w->m->charges.data[w->charges.data[i]];
        if (x->store == c->store && event_of(w->m, x)->symbol == event_of(w->m, c)->symbol)
            return true;
    }
    return false;
}

static uint64_t charges_cost(const struct way *w, enum counting how) {
    uint64_t sum = 0;
    for (size_t i = 0; i < w->charges.len; i++) {
        const struct charge *c = &w->m->charges.data[w->charges.data[i]];
        if (c->store == STORES) {
            sum += c->device;
        } else if (event_of(w->m, c)->symbol) {
            sum += seen_before(w, i) ? 0 : symbol_cost(w, c, how);
        } else {
            uint64_t miss = pays(w->m, c, 0, how) ? w->m->c->store[c->store].penalty.most : 0;
            sum += c->device > miss ? c->device : miss;
        }
    }
    return sum;
}

/* ---- what a way can take ------------------------------------------------------------------------------------------------- */

struct sums {                  /* a set of numbers below `size` */
    VEC(uint64_t) bits;
    uint64_t size;
};

static void set_bit(struct sums *s, uint64_t i) { s->bits.data[i / 64] |= 1ull << i % 64; }

static void or_shifted(struct sums *to, const struct sums *from, uint64_t by) {
    size_t words = by / 64, bits = by % 64;
    for (size_t i = to->bits.len; i-- > words;) {
        uint64_t v = from->bits.data[i - words] << bits;
        if (bits && i > words)
            v |= from->bits.data[i - words - 1] >> (64 - bits);
        to->bits.data[i] |= v;
    }
}

static void clear(struct sums *s) { memset(s->bits.data, 0, s->bits.len * sizeof *s->bits.data); }

static struct sums sums_new(uint64_t size) {
    struct sums s = {.size = size};
    while (s.bits.len * 64 <= size)
        vec_push(&s.bits, 0);
    return s;
}

/* SUMS becomes all sums of one of its numbers and one of the amounts. */
static void spread(struct sums *sums, struct sums *other, const uint64_t *amount, uint32_t n) {
    clear(other);
    for (uint32_t i = 0; i < n; i++)
        if (amount[i] < sums->size)
            or_shifted(other, sums, amount[i]);
    struct sums t = *sums;
    *sums = *other;
    *other = t;
}

/* A charge's possible amounts; 0: anything. What certainly misses is not 0, what certainly hits is. */
static uint32_t amounts_of(const struct way *w, const struct charge *c, uint64_t amount[AMOUNTS + 1]) {
    uint32_t n = 0;
    if (c->store == STORES) {
        amount[n++] = 0;
        amount[n++] = c->device;
        return n;
    }
    const struct penalty *p = &w->m->c->store[c->store].penalty;
    const struct cache_verdict *v = verdict_of(w->m, c);
    if (v->miss && !p->n)
        return 0;
    for (uint32_t i = 0; i < (v->miss ? p->n : 1); i++)
        if (p->amount[i] || !v->always || !v->miss)
            amount[n++] = v->miss ? p->amount[i] : 0;
    if (c->device)
        amount[n++] = c->device;
    return n ? n : 0;
}

static void reach_of(const struct way *w, uint64_t most, struct sums *all, struct sums *at, struct sums *other) {
    uint64_t amount[AMOUNTS + 1], one[2] = {0, 1};
    clear(at);
    set_bit(at, w->fixed);
    for (size_t i = 0; i < w->charges.len && at->size; i++) {
        uint32_t n = amounts_of(w, &w->m->charges.data[w->charges.data[i]], amount);
        if (!n)
            at->size = 0; /* not told apart */
        else
            spread(at, other, amount, n);
    }
    for (uint64_t i = 0; i < w->late && at->size; i++)
        spread(at, other, one, 2);
    for (uint64_t i = 0; !at->size && i <= most; i++)
        if (i >= w->fixed)
            set_bit(all, i);
    for (size_t i = 0; at->size && i < all->bits.len; i++)
        all->bits.data[i] |= at->bits.data[i];
}

/* ---- all ways of an edge ------------------------------------------------------------------------------------------------- */

struct search {
    struct row_model *m;
    uint32_t ipg;
    VEC(uint32_t) edges;       /* walk edges, the way at hand */
    uint32_t found;
    bool too_many;
    uint64_t cost, most, all_miss, least, base;
    VEC(struct way) ways;
    struct cost_step step;
};

static void build_way(struct search *s, struct way *w) {
    const struct row_graph *r = s->m->r;
    const struct walk *k = r->w->walk;
    const struct cfg *g = k->cfg;
    for (size_t i = 0; i < s->edges.len; i++) {
        const struct walk_edge *we = &k->edges.data[s->edges.data[i]];
        const struct block *from = &g->blocks.data[k->nodes.data[we->from].block], *to = &g->blocks.data[k->nodes.data[we->to].block];
        const struct node_cost *n = &s->m->nodes.data[r->number.data[we->from]];
        if (i)
            add_half(w, &n->half[0]);
        add_half(w, &n->half[1]);
        if (from->end == END_BRANCH && to->addr != from->addr + from->size)
            w->fixed += (uint64_t)s->m->c->model->latency[MODEL_BRANCH_TAKEN];
        w->entering += s->m->entering.data[r->edge_number.data[s->edges.data[i]]];
    }
    const struct walk_edge *last = &k->edges.data[s->edges.data[s->edges.len - 1]];
    const struct node_cost *end = &s->m->nodes.data[r->number.data[last->to]];
    add_half(w, &end->half[0]);
    w->late = end->late;
}

static void step_base(struct cost_step *step, uint64_t base, uint64_t devices, bool first) {
    step->least = first || base < step->least ? base : step->least;
    step->most = base + devices > step->most ? base + devices : step->most;
}

static void count_misses(struct search *s, const struct way *w) {
    uint32_t may[STORES] = {0}, must[STORES] = {0}, all[STORES] = {0};
    uint64_t devices = 0;
    for (size_t i = 0; i < w->charges.len; i++) {
        const struct charge *c = &s->m->charges.data[w->charges.data[i]];
        devices += c->device;
        if (c->store == STORES)
            continue;
        all[c->store]++;
        may[c->store] += verdict_of(s->m, c)->miss != 0;
        must[c->store] += verdict_of(s->m, c)->miss && verdict_of(s->m, c)->always;
    }
    for (int k = 0; k < STORES; k++) {
        struct cost_step *step = &s->step;
        step->may[k] = may[k] > step->may[k] ? may[k] : step->may[k];
        step->lookups[k] = all[k] > step->lookups[k] ? all[k] : step->lookups[k];
        step->must[k] = !s->found || must[k] < step->must[k] ? must[k] : step->must[k];
    }
    step_base(&s->step, w->fixed, devices, !s->found);
}

static void take_way(struct search *s) {
    struct way w = {.m = s->m};
    build_way(s, &w);
    uint64_t fixed = w.fixed + w.late, cost = fixed + charges_cost(&w, COUNT_COST) + w.entering, most = fixed + charges_cost(&w, COUNT_MOST);
    uint64_t all = fixed + charges_cost(&w, COUNT_ALL);
    s->base = cost > s->cost || !s->found ? fixed : s->base;
    s->cost = cost > s->cost ? cost : s->cost;
    s->most = most > s->most ? most : s->most;
    s->all_miss = all > s->all_miss ? all : s->all_miss;
    s->least = s->found == 0 || w.fixed < s->least ? w.fixed : s->least;
    count_misses(s, &w);
    s->found++;
    vec_push(&s->ways, w);
}

static void search_ways(struct search *s, uint32_t node) {
    const struct row_graph *r = s->m->r;
    const struct walk *k = r->w->walk;
    const struct walk_node *n = &k->nodes.data[node];
    if (s->edges.len >= DEEP || s->found >= WAYS) {
        s->too_many = true;
        return;
    }
    for (uint32_t e = n->edge; e < n->edge + n->edges && !s->too_many; e++) {
        const struct walk_edge *we = &k->edges.data[e];
        if (r->edge_number.data[e] == NONE || (we->ipg != NONE && we->ipg != s->ipg))
            continue;
        vec_push(&s->edges, e);
        if (we->ipg != NONE)
            take_way(s);
        else
            search_ways(s, we->to);
        s->edges.len--;
    }
}

static void set_reach(const struct search *s, struct reach *r) {
    uint64_t most = s->most > s->all_miss ? s->most : s->all_miss; /* what is not excluded one by one adds up to no more than all of it */
    r->least = s->least;
    r->most = s->most;
    r->step = s->step;
    if (most >= EXACT)
        return;
    struct sums all = sums_new(most + 1), at = sums_new(most + 1), other = sums_new(most + 1);
    for (size_t i = 0; i < s->ways.len; i++) {
        at.size = most + 1;
        reach_of(&s->ways.data[i], most, &all, &at, &other);
    }
    r->bits.data = all.bits.data;
    r->bits.len = all.bits.len;
    r->bits.cap = all.bits.cap;
    vec_free(&at.bits);
    vec_free(&other.bits);
}

static void cost_edge(struct row_model *m, uint32_t ipg) {
    struct row_graph *r = m->r;
    struct search s = {.m = m, .ipg = ipg};
    const struct ipg_edge *x = &r->w->walk->ipg.data[ipg];
    search_ways(&s, x->from);
    if (s.too_many && !m->unusable)
        m->unusable = str_printf("there are too many ways from %s to the next point", cfg_describe(r->w->cfg, r->w->cfg->blocks.data[r->w->walk->nodes.data[x->from].block].addr));
    if (s.found && !m->unusable) {
        r->cost.data[ipg] = s.cost;
        r->most.data[ipg] = s.most;
        r->all_miss.data[ipg] = s.all_miss;
        r->base.data[ipg] = s.base;
        set_reach(&s, &r->explained->reach[ipg]);
    }
    for (size_t i = 0; i < s.ways.len; i++)
        vec_free(&s.ways.data[i].charges);
    vec_free(&s.ways);
    vec_free(&s.edges);
}

/* ---- a row ----------------------------------------------------------------------------------------------------------------- */

static void remember_most(struct row_graph *r, uint32_t ipg) {
    struct map *most = (struct map *)&r->w->most;
    const struct walk *w = r->w->walk;
    uint64_t old = 0, from = w->cfg->blocks.data[w->nodes.data[w->ipg.data[ipg].from].block].addr;
    uint64_t to = w->cfg->blocks.data[w->nodes.data[w->ipg.data[ipg].to].block].addr, key = hash_bytes((uint64_t[]){from, to}, 16, 0);
    map_get(most, key, &old);
    if (r->most.data[ipg] > old)
        map_put(most, key, r->most.data[ipg]);
}

static void cost_edges_of(struct row_model *m) {
    struct row_graph *r = m->r;
    const struct walk *w = r->w->walk;
    struct row_explained *x = r->explained;
    for (size_t i = 0; i < r->edges.len && !m->unusable; i++) {
        uint32_t ipg = w->edges.data[r->edges.data[i]].ipg;
        if (ipg == NONE || x->reach[ipg].most)
            continue;
        cost_edge(m, ipg);
        if (m->unusable)
            break;
        x->steps++;
        bool observed = r->w->cost.data[ipg] != UINT64_MAX;
        x->modelled += !observed;
        remember_most(r, ipg);
        if (!observed && r->w->analysis->no_modelled)
            r->cost.data[ipg] = UINT64_MAX;
    }
}

static void measured_only(struct row_graph *r) {
    for (size_t i = 0; i < r->w->cost.len; i++)
        r->cost.data[i] = r->most.data[i] = r->w->cost.data[i];
    vec_free(&r->all_miss);
    vec_free(&r->base);
}

bool costs_of_row(struct costs *c, struct row_graph *r) {
    struct row_model m = {.c = c, .r = r};
    size_t n = r->w->walk->ipg.len;
    r->explained = mem_alloc(sizeof *r->explained);
    *r->explained = (struct row_explained){.n = n, .reach = mem_alloc((n + 1) * sizeof *r->explained->reach)};
    while (r->all_miss.len < n) {
        vec_push(&r->all_miss, UINT64_MAX);
        vec_push(&r->base, 0);
    }
    if (c->unusable) {
        m.unusable = str_dup(c->unusable);
    } else {
        row_model_build(&m);
        cost_edges_of(&m);
    }
    r->explained->hits = m.hits;
    r->explained->firsts = m.firsts;
    r->explained->misses = m.misses;
    r->explained->always = m.always;
    r->explained->escaped = m.addresses.escaped;
    bool usable = !m.unusable;
    if (!usable) {
        measured_only(r);
        free(r->row->estimate_why);
        r->row->estimate_why = m.unusable;
        m.unusable = NULL;
        costs_forget(r->explained);
        r->explained = NULL;
    }
    row_model_free(&m);
    return usable;
}

bool costs_step(const struct row_graph *r, uint32_t ipg, struct cost_step *step) {
    if (!r->explained || ipg >= r->explained->n || !r->explained->reach[ipg].most)
        return false;
    *step = r->explained->reach[ipg].step;
    return true;
}

/* ---- observations ---------------------------------------------------------------------------------------------------------- */

static bool possible(const struct reach *r, uint64_t t) {
    if (t < r->least || t > r->most)
        return false;
    return r->bits.len == 0 || (t / 64 < r->bits.len && (r->bits.data[t / 64] >> t % 64 & 1));
}

static int unexplained(const struct row_graph *r, const struct profile_path *path, const struct profile_edge *x, const struct reach *reach, uint64_t t, struct err *e) {
    const struct profile *p = r->w->profile;
    const struct cfg *g = r->w->cfg;
    uint64_t most = bins_most(&x->bins);
    struct sighting at = t == most ? x->max_at : t == bins_least(&x->bins) ? x->min_at : path->max_at;
    char *how = t < reach->least  ? str_printf("less than its instructions take without a miss, %" PRIu64, reach->least)
                : t > reach->most ? str_printf("more than with every miss that is not excluded, %" PRIu64, reach->most)
                                  : str_printf("and %" PRIu64 " cycles and no possible misses add up to that", reach->least);
    err_set(e, ERR_INPUT, "the model does not explain trace %s, record %" PRIu64 " (or near it, on the same path): the step from %s to %s took %" PRIu64 " cycles, %s",
            p->traces.data[at.trace].digest, at.position, cfg_describe(g, x->from), cfg_describe(g, x->to), t, how);
    free(how);
    return -1;
}

int costs_explain(const struct costs *c, const struct row_graph *r, const uint32_t *ipg_of, struct err *e) {
    const struct profile *p = r->w->profile;
    (void)c;
    for (size_t i = 0; i < p->paths.len; i++) {
        const struct profile_path *path = &p->paths.data[i];
        if (!row_matches(r, p, path))
            continue;
        for (size_t k = 0; k < path->edges.len; k++) {
            const struct path_edge *x = &path->edges.data[k];
            uint32_t ipg = ipg_of[x->edge];
            if (ipg == NONE || !r->explained->reach[ipg].most)
                continue;
            for (size_t b = 0; b < x->bins.len; b++)
                if (bins_exact(&x->bins, b) && !possible(&r->explained->reach[ipg], bins_of(&x->bins)[b].cycles))
                    return unexplained(r, path, &p->edges.data[x->edge], &r->explained->reach[ipg], bins_of(&x->bins)[b].cycles, e);
        }
    }
    return 0;
}

/* ---- the model ------------------------------------------------------------------------------------------------------------- */

/* The trace buffer is where the probes write: potoroo's own rule, but only a fact says that the memory there is uncached. */
static bool buffer_is_uncached(const struct cfg *g) {
    const struct symbol *s = image_symbol(g->image, "potoroo_buffer");
    for (size_t i = 0; s && i < g->memory.len; i++)
        if (g->memory.data[i].kind != MEMORY_CACHED && s->addr >= g->memory.data[i].lo && s->addr <= g->memory.data[i].hi)
            return true;
    return false;
}

struct costs *costs_open(const struct wcet *w, struct err *e) {
    struct model *m = model_load(w->analysis->model, e);
    if (!m)
        return NULL;
    if (m->digest[0] && strcmp(m->digest, w->profile->info.platform) != 0) {
        err_set(e, ERR_INPUT, "%s: inferred on the board with digest %.8s…, but %s was measured on %.8s…", w->analysis->model, m->digest, w->analysis->profile, w->profile->info.platform);
        model_free(m);
        return NULL;
    }
    struct costs *c = mem_alloc(sizeof *c);
    c->w = w;
    c->model = m;
    c->book = code_book_new(w->cfg);
    c->buffer_uncached = buffer_is_uncached(w->cfg);
    stores_of_model(c);
    if (m->estimate)
        c->unusable = c->unusable ? c->unusable : str_dup("the model itself is an estimate, of a noisy machine");
    return c;
}

const struct model *costs_model(const struct costs *c) { return c->model; }

void costs_close(struct costs *c) {
    if (!c)
        return;
    model_free(c->model);
    code_book_free(c->book);
    free(c->unusable);
    free(c);
}

/* ---- the ledger ------------------------------------------------------------------------------------------------------------ */

static void note(const struct row_graph *r, const char *kind, char *text, const char *grounds) {
    vec_push(&r->row->ledger, str_printf("%s\t%s\t%s", kind, text, grounds));
    free(text);
}

static void note_store(const struct costs *c, const struct row_graph *r, int store, const char *name) {
    const struct store_model *s = &c->store[store];
    if (!s->there)
        return;
    char *kept = s->shaped && s->shape.ways ? str_printf("analysed as LRU of %" PRIu32 " ways", s->shape.ways) : str_dup("every access may miss");
    note(r, "model", str_printf("%s: a miss costs at most %" PRIu64 " cycles, all levels and dirty evictions included; %s", name, s->penalty.most, kept), "inferred");
    free(kept);
}

void costs_ledger(const struct costs *c, const struct row_graph *r) {
    static const char *const names[STORES] = {"L1I", "L1D", "ITLB", "DTLB"};
    const struct row_explained *x = r->explained;
    note(r, "cost", str_printf("%" PRIu64 " of the row's %" PRIu64 " steps were observed, and every observation is their base time plus possible misses", x->steps - x->modelled, x->steps), "measured");
    if (x->modelled)
        note(r, "cost", str_printf("%" PRIu64 " steps were never observed: their costs are the model's alone", x->modelled), "modelled");
    note(r, "model", str_printf("%s, inferred by timing; %" PRIu64 " random accesses predicted and measured, %" PRIu64 " predictions failed", c->w->analysis->model,
                                c->model->falsify_accesses, c->model->falsify_mismatches), "inferred");
    for (int s = 0; s < STORES; s++)
        note_store(c, r, s, names[s]);
    note(r, "cache", str_printf("look-ups in the row's code: %" PRIu64 " always hit, %" PRIu64 " miss once for each entry to a loop at most, %" PRIu64 " may miss, %" PRIu64 " always miss", x->hits, x->firsts,
                                x->misses, x->always), "derived");
    note(r, "assumption", str_dup("memory accesses are aligned to their size; the kernel's image lies in memory where its program headers say, in cached memory but where facts say otherwise"), "assumed");
    if (!x->escaped)
        note(r, "assumption", str_dup("no pointer to the kernel's stack comes from anywhere but its stack pointer"), "assumed");
    if (c->buffer_uncached && !image_has_port(r->w->image))
        note(r, "assumption", str_dup("probes write to the trace buffer, which a fact says is uncached"), "annotated");
    note(r, "assumption", str_dup("nothing else uses the caches while the kernel entry runs, and no trap interrupts it"), "assumed");
}
