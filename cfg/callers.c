#include "cfg/callers.h"

enum { A0 = 10, LEVELS = 4, MOST_BLOCKS = 60000 };

typedef VEC(uint32_t) list;

struct callers {
    struct cfg *g;
    list *site;        /* by function: the blocks that call it */
    bool *root;                 /* control may come from elsewhere, or round the call graph */
    uint32_t *level;            /* how far from a wanted function + 1, 0: not needed */
    bool *done, *spoilt;        /* it was looked at; a caller of it could not be */
    struct arguments *args;
    VEC(uint32_t) order;        /* callers first */
};

/* ---- functions whose address is taken ---------------------------------------------------------------------------------------------------- */

static void mark(struct callers *c, uint64_t addr) {
    uint32_t b = cfg_block_at(c->g, addr);
    if (b != NONE && c->g->functions.data[block_of(c->g, b)->function].entry == b)
        c->root[block_of(c->g, b)->function] = true;
}

/* Whatever order control takes: any upper part that the function puts into a register, with any addition to that register. */
static void mark_made(struct callers *c, uint32_t function) {
    struct code *code = &c->g->own->flow.code;
    VEC(uint64_t) upper[32] = {{0}};
    for (int adding = 0; adding < 2; adding++)
        for (size_t k = 0; k < c->g->functions.data[function].blocks.len; k++) {
            const struct block *b = block_of(c->g, c->g->functions.data[function].blocks.data[k]);
            for (uint64_t at = b->addr; at < b->addr + b->size;) {
                const struct insn *i = &code->insn[code_slot(code, at)];
                uint64_t imm = (uint64_t)(int64_t)i->imm;
                if (!adding && (i->op == OP_LUI || i->op == OP_AUIPC))
                    vec_push(&upper[i->rd & 31], i->op == OP_LUI ? imm : at + imm);
                if (adding && (i->op == OP_ADDI || i->op == OP_ADDIW))
                    for (size_t u = 0; u < upper[i->rs1 & 31].len; u++)
                        mark(c, upper[i->rs1 & 31].data[u] + imm);
                at += i->size;
            }
        }
    for (int r = 0; r < 32; r++)
        vec_free(&upper[r]);
}

static void find_roots(struct callers *c) {
    const struct flow *f = &c->g->own->flow;
    const struct point *p;
    for (uint32_t i = 0; i < c->g->functions.len; i++) {
        uint64_t unused, addr = c->g->functions.data[i].addr;
        c->root[i] |= !c->site[i].len || c->g->functions.data[i].recursion != 1 || addr == image_entry(c->g->image) ||
                      map_get(&f->taken, addr, &unused) || map_get(&f->named, addr, &unused);
        mark_made(c, i);
    }
    size_t n = image_points(c->g->image, &p);
    for (size_t i = 0; i < n && !image_has_port(c->g->image); i++)
        if (p[i].kind == POINT_ENTER)
            mark(c, p[i].addr);
}

static void find_sites(struct callers *c) {
    for (uint32_t b = 0; b < c->g->blocks.len; b++) {
        const struct block *k = block_of(c->g, b);
        for (uint32_t i = k->call; i < k->call + k->calls; i++)
            vec_push(&c->site[c->g->calls.data[i]], b);
        if (k->resume != NONE) /* entered with what other functions return */
            c->root[k->resume] = true;
    }
}

/* ---- order ---------------------------------------------------------------------------------------------------------------------------------- */

/* FUNCTION's callers before it; C's stack is bounded by LEVELS. */
static void need(struct callers *c, uint32_t function, uint32_t level, size_t *blocks) {
    if (c->level[function])
        return;
    c->level[function] = level;
    for (size_t i = 0; i < c->site[function].len && !c->root[function]; i++) {
        uint32_t by = block_of(c->g, c->site[function].data[i])->function;
        if (!c->level[by] && (level == LEVELS || *blocks > MOST_BLOCKS)) {
            c->spoilt[function] = true;
            break;
        }
        if (!c->level[by])
            *blocks += c->g->functions.data[by].blocks.len;
        need(c, by, level + 1, blocks);
    }
    vec_push(&c->order, function);
}

/* ---- one caller ------------------------------------------------------------------------------------------------------------------------------ */

static bool is_open(const struct cfg *g, uint32_t function) {
    for (size_t k = 0; k < g->functions.data[function].blocks.len; k++)
        if (block_of(g, g->functions.data[function].blocks.data[k])->end == END_OPEN)
            return true;
    return false;
}

static void tell(struct callers *c, const struct values *v, uint32_t b, uint32_t callee) {
    struct ranges r;
    ranges_init(&r, v);
    ranges_at(&r, v, b);
    for (int i = 0; i < ARGUMENTS; i++)
        c->args[callee].of[i] = interval_join(c->args[callee].of[i], ranges_of(&r, v->given[b * ARGUMENTS + (uint32_t)i]));
    ranges_free(&r);
}

static bool complete(const struct callers *c, uint32_t function) { return !c->root[function] && !c->spoilt[function]; }

/* What FUNCTION gives to those whom it calls. */
static void look(struct callers *c, uint32_t function, struct ir *ir, const uint32_t *unsaved) {
    bool open = is_open(c->g, function), calls = false;
    for (size_t i = 0; i < c->site[function].len; i++)
        if (!c->done[block_of(c->g, c->site[function].data[i])->function])
            c->spoilt[function] = true;
    c->done[function] = true;
    for (size_t k = 0; k < c->g->functions.data[function].blocks.len; k++) {
        const struct block *b = block_of(c->g, c->g->functions.data[function].blocks.data[k]);
        for (uint32_t i = b->call; i < b->call + b->calls; i++) {
            uint32_t to = c->g->calls.data[i];
            calls |= c->level[to] && complete(c, to);
            c->spoilt[to] |= open;
        }
    }
    if (!calls || open)
        return;
    struct values v;
    ir_reset(ir);
    values_find(&v, c->g, function, ir, unsaved);
    v.argument = complete(c, function) ? c->args[function].of : NULL;
    for (uint32_t b = 0; b < v.blocks; b++) {
        const struct block *k = block_of(c->g, v.global[b]);
        for (uint32_t i = k->call; i < k->call + k->calls && v.number[b] != NONE; i++)
            if (c->level[c->g->calls.data[i]])
                tell(c, &v, b, c->g->calls.data[i]);
    }
    values_free(&v);
}

void callers_arguments(struct cfg *g, const bool *wanted, const uint32_t *unsaved, struct arguments *args, bool *known) {
    size_t n = g->functions.len, blocks = 0;
    struct callers c = {.g = g, .site = mem_alloc(n * sizeof *c.site), .root = mem_alloc(n), .level = mem_alloc(n * sizeof *c.level),
                        .done = mem_alloc(n), .spoilt = mem_alloc(n), .args = args};
    struct ir ir;
    ir_init(&ir, g->image);
    find_sites(&c);
    find_roots(&c);
    for (uint32_t f = 0; f < n; f++)
        for (int i = 0; i < ARGUMENTS; i++)
            args[f].of[i] = (struct interval){1, 0, 1, 0};
    for (uint32_t f = 0; f < n; f++)
        if (wanted[f] && !c.root[f])
            need(&c, f, 1, &blocks);
    for (size_t i = 0; i < c.order.len; i++)
        look(&c, c.order.data[i], &ir, unsaved);
    for (uint32_t f = 0; f < n; f++) {
        known[f] = wanted[f] && c.level[f] && complete(&c, f);
        for (int i = 0; i < ARGUMENTS; i++) /* no call of it is ever reached: say nothing */
            known[f] = known[f] && !interval_empty(args[f].of[i]);
    }
    for (uint32_t f = 0; f < n; f++)
        vec_free(&c.site[f]);
    ir_free(&ir);
    vec_free(&c.order);
    free(c.site), free(c.root), free(c.level), free(c.done), free(c.spoilt);
}
