/* From a row's code and the addresses of its accesses to what the caches see, in order, and to each node's time. */
#include "analyzer/costs_own.h"

#include <stdarg.h>

enum { REG_RECORD = 26, REG_CLOCK = 27 }; /* s10 and s11 belong to the probes (docs/ARCHITECTURE.md) */

static void unusable(struct row_model *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void unusable(struct row_model *m, const char *fmt, ...) {
    va_list ap;
    if (m->unusable)
        return;
    va_start(ap, fmt);
    if (vasprintf(&m->unusable, fmt, ap) < 0)
        m->unusable = str_dup("out of memory");
    va_end(ap);
}

/* ---- what kind of memory ------------------------------------------------------------------------------------------------- */

enum where { AT_CACHED, AT_DEVICE, AT_UNKNOWN };

/* By facts; else what the image holds is in cached memory, and of the rest nothing is known. */
static enum where where_is(const struct cfg *g, uint64_t lo, uint64_t last) {
    uint64_t a, b;
    for (size_t i = 0; i < g->memory.len; i++) {
        const struct memory_fact *f = &g->memory.data[i];
        if (last < f->lo || lo > f->hi)
            continue;
        if (f->kind == MEMORY_CACHED)
            break;
        return lo >= f->lo && last <= f->hi ? AT_DEVICE : AT_UNKNOWN;
    }
    return image_physical(g->image, lo, &a) && image_physical(g->image, last, &b) && b - a == last - lo ? AT_CACHED : AT_UNKNOWN;
}

/* ---- events and charges --------------------------------------------------------------------------------------------------- */

static uint32_t put_event(struct row_model *m, int store, struct cache_event e) {
    vec_push(&m->graph[store].events, e);
    return (uint32_t)m->graph[store].events.len - 1;
}

static void put_charge(struct row_model *m, struct half *h, struct charge c) {
    vec_push(&m->charges, c);
    h->charges++;
}

static void put_access(struct row_model *m, struct half *h, int store, struct cache_event e, uint64_t device) {
    if (m->c->store[store].there)
        put_charge(m, h, (struct charge){(uint8_t)store, put_event(m, store, e), device});
    else if (device)
        put_charge(m, h, (struct charge){STORES, NONE, device});
}

struct position {              /* in a node */
    struct half *half;
    uint64_t line, page;       /* fetched last, +1; 0: none in this node */
    bool pending;              /* a flush of the pages, until another line is fetched */
};

/* The fetch unit looks up a line unless it is the one that it fetched last; what it fetched before this node is left open. */
static void fetch(struct row_model *m, struct position *at, uint64_t vaddr, uint64_t size) {
    const struct store_model *i = &m->c->store[STORE_I], *t = &m->c->store[STORE_ITLB];
    uint64_t paddr, line = i->there && i->shaped ? i->shape.line : 2, page = t->there && t->shaped ? t->shape.line : 4096;
    if (where_is(m->r->w->cfg, vaddr, vaddr + size - 1) == AT_DEVICE) {
        at->half->fixed += (uint64_t)m->c->model->latency[MODEL_DEVICE_ACCESS];
        return;
    }
    if (!image_physical(m->r->w->image, vaddr, &paddr)) {
        unusable(m, "where the code at 0x%llx lies in memory is not known", (unsigned long long)vaddr);
        return;
    }
    for (uint64_t p = paddr & ~(line - 1); p < paddr + size; p += line) {
        uint64_t v = p < paddr ? vaddr : vaddr + (p - paddr);
        if (p + 1 == at->line)
            continue;
        if (at->line && at->pending) {
            put_event(m, STORE_ITLB, (struct cache_event){.kind = CACHE_FLUSH});
            at->page = 0;
            at->pending = false;
        }
        at->line = p + 1;
        if (at->page != v / page + 1)
            put_access(m, at->half, STORE_ITLB, (struct cache_event){.kind = CACHE_ACCESS, .known = true, .lo = v, .hi = v, .bytes = 1}, 0);
        at->page = v / page + 1;
        put_access(m, at->half, STORE_I, (struct cache_event){.kind = CACHE_ACCESS, .known = i->shaped, .lo = p, .hi = p, .bytes = 1}, 0);
    }
}

static bool may_fail(const struct code_insn *i) { return i->insn.op == OP_SC_W || i->insn.op == OP_SC_D; }

/* Both parts of an access that lies across two lines. */
static void cached(struct row_model *m, struct half *h, struct cache_event e) {
    const struct store_model *d = &m->c->store[STORE_D];
    uint64_t last = e.lo + e.bytes - 1;
    if (!d->there || !d->shaped || e.lo / d->shape.line == last / d->shape.line) {
        put_access(m, h, STORE_D, e, 0);
        return;
    }
    struct cache_event second = e;
    second.lo = second.hi = last & ~(d->shape.line - 1);
    second.bytes = 1;
    e.bytes = 1;
    put_access(m, h, STORE_D, e, 0);
    put_access(m, h, STORE_D, second, 0);
}

static void translated(struct row_model *m, struct half *h, const struct node_access *x, bool known) {
    struct cache_event e = {.kind = CACHE_ACCESS, .known = known, .symbol = x->address.symbol, .lo = x->address.lo, .hi = x->address.hi, .bytes = x->code->bytes};
    put_access(m, h, STORE_DTLB, e, 0);
}

/* Instrumentation writes through s10, which goes round the trace buffer; everything else goes where its address says. */
static void access_memory(struct row_model *m, struct half *h, const struct node_access *x, bool fails) {
    const struct value *v = &x->address;
    const struct cfg *g = m->r->w->cfg;
    uint64_t device = (uint64_t)m->c->model->latency[MODEL_DEVICE_ACCESS], last = v->hi + x->code->bytes - 1, physical;
    bool ours = x->code->base == REG_RECORD && !image_has_port(g->image) && m->c->buffer_uncached;
    enum where at = ours ? AT_DEVICE : v->symbol ? AT_UNKNOWN : where_is(g, v->lo, last);
    struct cache_event e = {.kind = CACHE_ACCESS, .store = x->code->store, .known = !fails, .symbol = v->symbol, .lo = v->lo, .hi = v->hi, .bytes = x->code->bytes};
    translated(m, h, x, !ours && !fails);
    if (at == AT_DEVICE) {
        if (fails)
            put_charge(m, h, (struct charge){STORES, NONE, device});
        else
            h->fixed += device;
    } else if (at == AT_CACHED) {
        image_physical(g->image, v->lo, &physical);
        e.hi = physical + (v->hi - v->lo);
        e.lo = physical;
        if (e.lo == e.hi)
            cached(m, h, e);
        else
            put_access(m, h, STORE_D, e, 0);
    } else {
        e.known = e.known && v->symbol;
        put_access(m, h, STORE_D, e, device);
    }
}

/* ---- translation that changes --------------------------------------------------------------------------------------------- */

static bool remaps(const struct insn *i) { return i->op == OP_SFENCE || (i->op >= OP_CSRRW && i->op <= OP_CSRRCI && i->imm == 0x180); }

/* Behind a flush the page is looked up again only when another line is fetched, be it some nodes later: until then the flush is pending. */
static bool flush_leaves(const struct row_model *m, uint32_t node, bool pending) {
    const struct walk *w = m->r->w->walk;
    const struct block *b = &w->cfg->blocks.data[w->nodes.data[m->r->nodes.data[node]].block];
    const struct block_code *c = code_of(m->c->book, (uint32_t)(b - w->cfg->blocks.data));
    const struct store_model *i = &m->c->store[STORE_I];
    uint64_t line = i->there && i->shaped ? i->shape.line : 4096, last = (b->addr + b->size - 1) / line;
    bool leaves = pending && b->addr / line == last;
    for (size_t k = 0; k < c->insns.len; k++)
        leaves |= remaps(&c->insns.data[k].insn) && (c->insns.data[k].addr + c->insns.data[k].insn.size - 1) / line == last;
    return leaves;
}

static void find_pending(struct row_model *m) {
    const struct row_graph *r = m->r;
    bool changed = true;
    m->pending = mem_alloc(r->nodes.len + 1);
    while (changed) {
        changed = false;
        for (size_t k = 0; k < r->edges.len; k++) {
            const struct walk_edge *we = &r->w->walk->edges.data[r->edges.data[k]];
            uint32_t from = r->number.data[we->from], to = r->number.data[we->to];
            if (m->pending[to] || !flush_leaves(m, from, m->pending[from]))
                continue;
            m->pending[to] = changed = true;
        }
    }
}

/* ---- a node ------------------------------------------------------------------------------------------------------------------ */

/* The probe's latch: the last instruction that belongs to the step that ends here. */
static uint32_t latch_of(const struct block_code *c) {
    for (uint32_t i = 0; i < c->insns.len; i++) {
        const struct insn *x = &c->insns.data[i].insn;
        if (x->op == OP_SD && x->rs1 == REG_CLOCK && x->rs2 == 0 && x->imm == 8)
            return i;
    }
    return NONE;
}

/* How many of the block's instructions belong to the step that ends at it. */
static uint32_t parted(struct row_model *m, const struct block *b, const struct block_code *c, struct node_cost *n) {
    const struct image *img = m->r->w->image;
    const struct point *points;
    if (b->point == NONE)
        return 0;
    if (b->end == END_TRAP_RETURN && c->insns.len == 1)
        return 1; /* a leave: the return's own cost included */
    if (image_has_port(img))
        return 0;
    image_points(img, &points);
    enum point_kind kind = points[b->point].kind;
    if (kind == POINT_ENTER)
        return 0;
    uint32_t latch = latch_of(c);
    if (kind == POINT_LEAVE || latch == NONE) {
        unusable(m, "%s: where in it the time is taken is not known", cfg_describe(m->r->w->cfg, b->addr));
        return 0;
    }
    n->late = (uint64_t)m->c->model->jitter;
    return latch + 1;
}

static bool enters_by_trap(const struct row_model *m, uint32_t node, const struct block *b, bool *sure) {
    const struct point *points;
    *sure = !image_has_port(m->r->w->image);
    if (!*sure)
        return m->r->nodes.data[node] == m->r->start;
    image_points(m->r->w->image, &points);
    return b->point != NONE && points[b->point].kind == POINT_ENTER;
}

/* An entry from the trace port may begin with a trap: the row's start says nothing of it. */
static void trap_cost(struct row_model *m, uint32_t node, const struct block *b, struct half *h) {
    int64_t trap = m->c->model->latency[MODEL_TRAP];
    bool sure;
    if (!enters_by_trap(m, node, b, &sure))
        return;
    if (trap < 0)
        unusable(m, "the model does not say what a trap costs");
    else if (sure)
        h->fixed += (uint64_t)trap;
    else if (trap)
        put_charge(m, h, (struct charge){STORES, NONE, (uint64_t)trap});
}

static void run_insn(struct row_model *m, struct position *at, const struct block_code *c, uint32_t i, const struct node_access **x, const struct node_access *end) {
    const struct code_insn *insn = &c->insns.data[i];
    char *why;
    int64_t take = latency_of(m->c, &insn->insn, &why);
    if (take < 0)
        unusable(m, "%s: %s", cfg_describe(m->r->w->cfg, insn->addr), why);
    free(why);
    fetch(m, at, insn->addr, insn->insn.size);
    at->half->fixed += take < 0 ? 0 : (uint64_t)take;
    for (; *x < end && (*x)->code->insn == i; (*x)++)
        access_memory(m, at->half, *x, may_fail(insn));
    for (int s = STORE_ITLB; remaps(&insn->insn) && s <= STORE_DTLB; s++) {
        put_event(m, s, (struct cache_event){.kind = CACHE_FLUSH});
        at->page = 0;
    }
    if (insn->insn.op != OP_ECALL && insn->insn.op != OP_EBREAK)
        return;
    for (int s = 0; s < STORES; s++) /* what it calls is another kernel entry: its time is not ours, what it does to the caches is */
        put_event(m, s, (struct cache_event){.kind = CACHE_ANYTHING});
    at->line = at->page = 0;
}

static void define_symbols(struct row_model *m, uint32_t node, const bool *used) {
    for (uint32_t s = 1; s < m->addresses.symbols.len; s++)
        for (int k = STORE_D; used[s] && m->addresses.symbols.data[s].node == node && k < STORES; k++)
            if (k != STORE_ITLB)
                put_event(m, k, (struct cache_event){.kind = CACHE_DEFINE, .symbol = s});
}

static void build_node(struct row_model *m, uint32_t node, const bool *used) {
    const struct walk *w = m->r->w->walk;
    const struct block *b = &w->cfg->blocks.data[w->nodes.data[m->r->nodes.data[node]].block];
    const struct block_code *c = code_of(m->c->book, (uint32_t)(b - w->cfg->blocks.data));
    const struct node_access *x = m->addresses.accesses.data + m->addresses.first.data[node], *end = m->addresses.accesses.data + m->addresses.first.data[node + 1];
    struct node_cost n = {0};
    for (int s = 0; s < STORES; s++)
        vec_push(&m->graph[s].first, (uint32_t)m->graph[s].events.len);
    if (!c->modelled)
        unusable(m, "%s: an instruction is not modelled", cfg_describe(w->cfg, b->addr));
    define_symbols(m, node, used);
    uint32_t before = parted(m, b, c, &n);
    struct position at = {.pending = m->pending[node]};
    for (int h = 0; h < 2; h++) {
        at.half = &n.half[h];
        at.half->charge = (uint32_t)m->charges.len;
        if (h)
            trap_cost(m, node, b, at.half);
        for (uint32_t i = h ? before : 0; i < (h ? c->insns.len : before); i++)
            run_insn(m, &at, c, i, &x, end);
    }
    if (at.pending)
        put_event(m, STORE_ITLB, (struct cache_event){.kind = CACHE_FLUSH});
    vec_push(&m->nodes, n);
}

/* ---- the row ------------------------------------------------------------------------------------------------------------------- */

static void link_graph(struct row_model *m, struct cache_graph *g) {
    const struct row_graph *r = m->r;
    g->nodes = (uint32_t)r->nodes.len;
    g->start = r->number.data[r->start];
    vec_push(&g->first, (uint32_t)g->events.len);
    for (size_t i = 0; i < r->edges.len; i++) {
        const struct walk_edge *we = &r->w->walk->edges.data[r->edges.data[i]];
        vec_push(&g->edges, ((struct cache_edge){r->number.data[we->from], r->number.data[we->to]}));
    }
    row_model_scopes(m, g);
}

static void count_verdicts(struct row_model *m, int store) {
    for (size_t e = 0; e < m->graph[store].events.len; e++) {
        const struct cache_verdict *v = &m->verdict[store][e];
        if (m->graph[store].events.data[e].kind != CACHE_ACCESS)
            continue;
        if (!v->miss)
            m->hits++;
        else if (v->scope != CACHE_NO_SCOPE)
            m->firsts++;
        else if (v->always)
            m->always++;
        else
            m->misses++;
    }
}

static void judge(struct row_model *m, int store) {
    const struct store_model *s = &m->c->store[store];
    struct cache_graph *g = &m->graph[store];
    link_graph(m, g);
    m->verdict[store] = mem_alloc((g->events.len + 1) * sizeof **m->verdict);
    if (s->there && s->shaped)
        cache_analyse(g, &s->shape, m->verdict[store]);
    for (size_t e = 0; (!s->there || !s->shaped) && e < g->events.len; e++)
        m->verdict[store][e] = (struct cache_verdict){.miss = UINT64_MAX, .scope = CACHE_NO_SCOPE};
    if (s->there)
        count_verdicts(m, store);
}

void row_model_build(struct row_model *m) {
    addresses_find(m->r, m->c->book, &m->addresses);
    bool *used = mem_alloc(m->addresses.symbols.len + 1);
    for (size_t i = 0; i < m->addresses.accesses.len; i++)
        used[m->addresses.accesses.data[i].address.symbol] = true;
    find_pending(m);
    for (uint32_t n = 0; n < m->r->nodes.len; n++)
        build_node(m, n, used);
    free(used);
    for (int s = 0; s < STORES; s++)
        judge(m, s);
    row_model_entering(m);
}

void row_model_free(struct row_model *m) {
    addresses_free(&m->addresses);
    for (int s = 0; s < STORES; s++) {
        cache_graph_free(&m->graph[s]);
        free(m->verdict[s]);
    }
    vec_free(&m->charges);
    vec_free(&m->nodes);
    vec_free(&m->entering);
    free(m->pending);
    free(m->unusable);
}
