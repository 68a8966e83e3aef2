#include "cfg/graph.h"
#include "cfg/bounds.h"
#include "cfg/facts.h"
#include "cfg/tables.h"

#include <inttypes.h>

/* ---- functions ------------------------------------------------------------------------------------------------------- */

size_t symbols_at(const struct image *img, uint64_t addr, const struct symbol **first) {
    const struct symbol *s;
    size_t n = image_symbols(img, &s), lo = 0, hi = n, end;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (s[mid].addr < addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (end = lo; end < n && s[end].addr == addr; end++)
        ;
    *first = end > lo ? s + lo : NULL;
    return end - lo;
}

/* The symbol that names an address: a function's before any other; NULL: none. */
static const struct symbol *name_of(const struct image *img, uint64_t addr) {
    const struct symbol *s, *best = NULL;
    size_t n = symbols_at(img, addr, &s);
    for (size_t i = 0; i < n; i++)
        if (!best || (s[i].function && !best->function))
            best = &s[i];
    return best;
}

static int start_order(const void *a, const void *b) {
    uint64_t x = ((const struct start *)a)->addr, y = ((const struct start *)b)->addr;
    return x < y ? -1 : x > y;
}

/* Functions in order of address. A start that cannot be one (it is inside an instruction that flow reached) is left out. */
static void make_functions(struct cfg *g, struct map *index) {
    struct flow *f = &g->own->flow;
    if (!f->starts.len)
        return;
    struct start *sorted = mem_alloc(f->starts.len * sizeof *sorted);
    memcpy(sorted, f->starts.data, f->starts.len * sizeof *sorted);
    qsort(sorted, f->starts.len, sizeof *sorted, start_order);
    for (size_t i = 0; i < f->starts.len; i++) {
        uint64_t addr = sorted[i].addr;
        uint32_t slot = code_slot(&f->code, addr);
        if (!(f->code.flags[slot] & SLOT_SEEN) || sorted[i].banned || !f->code.start[slot])
            continue;
        const struct symbol *s = name_of(g->image, addr);
        struct function fn = {.addr = addr, .entry = NONE, .returns = sorted[i].returns, .recursion = 1};
        fn.name = s ? s->name : arena_printf(g->arena, "f_%" PRIx64, addr);
        fn.size = s && s->function ? s->size : 0;
        map_put(index, f->code.start[slot], g->functions.len);
        vec_push(&g->functions, fn);
    }
    free(sorted);
}

/* ---- blocks ---------------------------------------------------------------------------------------------------------- */

/* Flags a leader wherever control enters, at each point, and behind each end of a block. */
static void mark_leaders(struct cfg *g) {
    struct flow *f = &g->own->flow;
    const struct point *p;
    for (uint32_t i = 0; image_has_port(g->image) && i < f->code.slots; i++)
        if (f->code.flags[i] & SLOT_SEEN && (f->code.insn[i].op == OP_SRET || f->code.insn[i].op == OP_MRET))
            f->code.flags[i] |= SLOT_LEADER;
    size_t n = image_points(g->image, &p);
    for (size_t i = 0; i < n; i++) {
        uint32_t slot = code_slot(&f->code, p[i].addr);
        if (slot != NONE && f->code.flags[slot] & SLOT_SEEN)
            f->code.flags[slot] |= SLOT_LEADER;
    }
}

static uint32_t point_at(const struct image *img, uint64_t addr) {
    const struct point *p;
    size_t lo = 0, n = image_points(img, &p), hi = n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (p[mid].addr < addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < n && p[lo].addr == addr ? (uint32_t)lo : NONE;
}

/* The block that begins at SLOT. Returns the slot behind its last instruction. */
static uint32_t make_block(struct cfg *g, uint32_t slot, uint64_t addr, const struct map *index, uint64_t *last) {
    struct code *c = &g->own->flow.code;
    uint32_t owner = c->owner[slot];
    uint64_t function;
    if (!map_get(index, owner, &function))
        return slot + 1;
    struct block b = {.addr = addr, .function = (uint32_t)function, 
                      .point = image_has_port(g->image) ? (uint32_t)g->blocks.len : point_at(g->image, addr), .loop = NONE, .resume = NONE};
    for (;;) {
        const struct insn *i = &c->insn[slot];
        struct step s;
        *last = addr;
        b.insns++;
        b.size += i->size;
        flow_step(&g->own->flow, slot, addr, &s);
        addr += i->size;
        slot = code_slot(c, addr);
        if (s.end != END_FALL || slot == NONE || !(c->flags[slot] & SLOT_SEEN) || c->flags[slot] & SLOT_LEADER || c->owner[slot] != owner)
            break;
    }
    map_put(&g->own->block_at, b.addr, g->blocks.len);
    vec_push(&g->blocks, b);
    return slot;
}

static void make_blocks(struct cfg *g, const struct map *index, struct map *last_of) {
    struct code *c = &g->own->flow.code;
    for (size_t r = 0; r < c->ranges; r++)
        for (uint64_t addr = c->range[r].lo; addr + 2 <= c->range[r].hi; addr += 2) {
            uint32_t slot = code_slot(c, addr);
            uint64_t last = 0;
            size_t before = g->blocks.len;
            if (!(c->flags[slot] & SLOT_SEEN))
                continue;
            make_block(g, slot, addr, index, &last);
            if (g->blocks.len == before)
                continue;
            map_put(last_of, before, last);
            addr = g->blocks.data[before].addr + g->blocks.data[before].size - 2;
        }
    for (uint32_t b = 0; b < g->blocks.len; b++) {
        struct function *f = &g->functions.data[g->blocks.data[b].function];
        vec_push(&f->blocks, b);
        if (g->blocks.data[b].addr == f->addr)
            f->entry = b;
    }
}

static void function_sizes(struct cfg *g) {
    for (size_t i = 0; i < g->functions.len; i++) {
        struct function *f = &g->functions.data[i];
        const struct block *last = block_of(g, f->blocks.data[f->blocks.len - 1]);
        if (!f->size)
            f->size = last->addr + last->size - block_of(g, f->blocks.data[0])->addr;
    }
}

/* ---- edges ----------------------------------------------------------------------------------------------------------- */

void graph_unresolved(struct cfg *g, uint32_t block, uint64_t addr, const char *why) {
    struct unresolved u = {.addr = addr, .function = g->blocks.data[block].function, .why = why};
    vec_push(&g->unresolved, u);
    g->blocks.data[block].open = true;
}

static void add_edge(struct cfg *g, uint32_t from, uint32_t to, enum edge_kind kind) {
    struct block *b = &g->blocks.data[from];
    for (uint32_t i = b->edge; i < g->edges.len; i++)
        if (g->edges.data[i].to == to)
            return;
    struct edge e = {from, to, kind};
    vec_push(&g->edges, e);
    b->edges++;
}

static void add_call(struct cfg *g, uint32_t block, uint32_t function) {
    struct block *b = &g->blocks.data[block];
    for (uint32_t i = b->call; i < g->calls.len; i++)
        if (g->calls.data[i] == function)
            return;
    vec_push(&g->calls, function);
    b->calls++;
}

/* The function that starts at ADDR, or NONE. */
static uint32_t function_at(const struct cfg *g, const struct map *index, uint64_t addr) {
    uint64_t i;
    uint32_t slot = code_slot(&g->own->flow.code, addr);
    return slot != NONE && g->own->flow.code.start[slot] && map_get(index, g->own->flow.code.start[slot], &i) ? (uint32_t)i : NONE;
}

/* Where a jump or a plain step leads: an edge within the function, a tail call outside, or a hole. */
static void connect(struct cfg *g, const struct map *index, uint32_t b, uint64_t at, uint64_t to, enum edge_kind kind) {
    uint32_t function = g->blocks.data[b].function, there = function_at(g, index, to), block = cfg_block_at(g, to);
    if (there != NONE && there != function)
        add_call(g, b, there);
    else if (block != NONE && g->blocks.data[block].function == function)
        add_edge(g, b, block, kind);
    else if (code_slot(&g->own->flow.code, to) == NONE)
        graph_unresolved(g, b, at, arena_printf(g->arena, "control leaves the code, to 0x%" PRIx64, to));
    else
        graph_unresolved(g, b, at, arena_printf(g->arena, "control goes to 0x%" PRIx64 ", the middle of another instruction", to));
}

static void connect_call(struct cfg *g, const struct map *index, uint32_t b, uint64_t at, const struct step *s, uint64_t next) {
    bool returns = !s->known;
    for (size_t i = 0; i < s->count; i++) {
        uint32_t callee = function_at(g, index, s->targets[i]);
        if (callee == NONE) {
            graph_unresolved(g, b, at, arena_printf(g->arena, "a call to 0x%" PRIx64 ", which is no code", s->targets[i]));
            continue;
        }
        add_call(g, b, callee);
        returns = returns || g->functions.data[callee].returns;
    }
    if (!returns) {
        g->blocks.data[b].end = END_STOP;
        return;
    }
    uint32_t there = function_at(g, index, next);
    if (there != NONE && there != g->blocks.data[b].function)
        g->blocks.data[b].resume = there;
    else
        connect(g, index, b, at, next, EDGE_RETURN);
}

static void connect_block(struct cfg *g, const struct map *index, uint32_t b, uint64_t last) {
    struct flow *f = &g->own->flow;
    struct step s;
    struct block *k = &g->blocks.data[b];
    uint64_t next = k->addr + k->size;
    k->edge = (uint32_t)g->edges.len;
    k->call = (uint32_t)g->calls.len;
    flow_step(f, code_slot(&f->code, last), last, &s);
    k->end = s.end;
    g->indirect += s.indirect;
    g->indirect_resolved += s.indirect && s.known;
    if (!s.known) {
        graph_unresolved(g, b, last, s.why);
        g->unresolved.data[g->unresolved.len - 1].pointer = s.indirect;
    }
    if (s.link) {
        connect_call(g, index, b, last, &s, next);
        return;
    }
    if (s.falls)
        connect(g, index, b, last, next, EDGE_FALL);
    for (size_t i = 0; i < s.count; i++)
        connect(g, index, b, last, s.targets[i], s.kind);
    k = &g->blocks.data[b];
    if (k->calls && !k->edges && (k->end == END_FALL || k->end == END_JUMP))
        k->end = END_TAIL;
    if (k->open && !k->edges && !k->calls)
        k->end = END_OPEN;
}

void graph_clear(struct cfg *g) {
    for (size_t i = 0; i < g->functions.len; i++)
        vec_free(&g->functions.data[i].blocks);
    for (size_t i = 0; i < g->loops.len; i++) {
        vec_free(&g->loops.data[i].blocks);
        vec_free(&g->loops.data[i].entries);
    }
    g->functions.len = g->blocks.len = g->edges.len = g->calls.len = g->loops.len = g->unresolved.len = 0;
    g->indirect = g->indirect_resolved = 0;
    map_free(&g->own->block_at);
}

void graph_make(struct cfg *g) {
    struct map index = {0}, last = {0};
    graph_clear(g);
    make_functions(g, &index);
    mark_leaders(g);
    make_blocks(g, &index, &last);
    function_sizes(g);
    for (uint32_t b = 0; b < g->blocks.len; b++) {
        uint64_t at = 0;
        map_get(&last, b, &at);
        connect_block(g, &index, b, at);
    }
    map_free(&index);
    map_free(&last);
}

uint64_t block_last(const struct cfg *g, uint32_t b) {
    struct code *c = &g->own->flow.code;
    uint64_t addr = block_of(g, b)->addr, end = addr + block_of(g, b)->size;
    for (;;) {
        uint64_t next = addr + c->insn[code_slot(c, addr)].size;
        if (next >= end)
            return addr;
        addr = next;
    }
}

/* ---- the whole --------------------------------------------------------------------------------------------------------- */

enum { MOST_ROUNDS = 32 };

/* What was found out of the open pointers, also when the graph was made already. */
static void explain_pointers(struct cfg *g) {
    for (size_t i = 0; i < g->unresolved.len; i++) {
        struct unresolved *u = &g->unresolved.data[i];
        const struct resolution *r = resolution_at(&g->own->known, u->addr);
        if (!r || !r->why)
            continue;
        u->why = r->why;
        u->target = r->constant;
        u->table = r->table;
    }
}

/* graph_build, but for the loops' bounds. */
static struct cfg *make_shape(const struct image *img, struct facts *facts, struct err *e) {
    struct cfg *g = mem_alloc(sizeof *g);
    g->image = img;
    g->arena = arena_new();
    g->own = mem_alloc(sizeof *g->own);
    g->own->facts = facts;
    facts_resolve(facts, &g->own->known);
    flow_init(&g->own->flow, img, &g->own->known);
    for (int round = 0;; round++) {
        flow_run(&g->own->flow);
        graph_make(g);
        if (tables_resolve(g, round >= MOST_ROUNDS))
            continue;
        if (!flow_more(&g->own->flow))
            break;
        round = 0;
    }
    if (!g->functions.len) {
        err_set(e, ERR_INPUT, "%s: no code can be reached: no function symbol, and the entry 0x%" PRIx64 " is not in code", image_path(img),
                image_entry(img));
        cfg_free(g);
        return NULL;
    }
    explain_pointers(g);
    tables_check_returns(g);
    loops_find(g);
    recursion_find(g);
    return g;
}

struct cfg *graph_build(const struct image *img, struct facts *facts, struct err *e) {
    struct cfg *g = make_shape(img, facts, e);
    if (!g)
        return NULL;
    g->own->least = mem_alloc(g->loops.len * sizeof *g->own->least);
    bounds_derive(g, g->own->least);
    return g;
}

struct cfg *cfg_build(const struct image *img, struct err *e) { return graph_build(img, NULL, e); }

/* The places that facts name are found in a graph, from which another is then built: the first one needs no bounds. */
struct cfg *cfg_build_with(const struct image *img, const char *facts, struct err *e) {
    struct cfg *g = facts ? make_shape(img, NULL, e) : cfg_build(img, e);
    if (!g || !facts || cfg_apply_facts(&g, facts, e) == 0)
        return g;
    cfg_free(g);
    return NULL;
}

void cfg_free(struct cfg *g) {
    if (!g)
        return;
    graph_clear(g);
    vec_free(&g->functions);
    vec_free(&g->blocks);
    vec_free(&g->edges);
    vec_free(&g->calls);
    vec_free(&g->loops);
    vec_free(&g->unresolved);
    vec_free(&g->exclusive);
    vec_free(&g->memory);
    vec_free(&g->assumptions);
    flow_free(&g->own->flow);
    resolutions_free(&g->own->known);
    facts_free(g->own->facts);
    free(g->own->least);
    free(g->own);
    arena_free(g->arena);
    free(g);
}
