/* A unit's path as what coverage asks about: instructions with their costs, fetches, loads and stores with their addresses. */
#include "analyzer/coverage.h"
#include "cfg/image.h"

#include <inttypes.h>

enum { REG_BUFFER = 26, REG_COUNTER = 27 }; /* s10, s11: reserved for probes */
enum { CSR_SSCRATCH = 0x140, CSR_SEPC = 0x141, CSR_SCAUSE = 0x142, CSR_STVAL = 0x143 };
const uint32_t cover_csr[COVER_CSRS] = {CSR_SSCRATCH, CSR_SEPC, CSR_SCAUSE, CSR_STVAL};

void cover_path_free(struct cover_path *p) {
    vec_free(&p->blocks);
    vec_free(&p->steps);
    vec_free(&p->access);
    vec_free(&p->memory);
    vec_free(&p->matters);
    trail_free(&p->trail);
    ir_free(&p->ir);
}

/* ---- costs ------------------------------------------------------------------------------------------------------------------- */

static bool between(unsigned op, unsigned lo, unsigned hi) { return op >= lo && op <= hi; }

/* The class of an instruction, and of its second half (atomics: load, then store) or MODEL_CLASSES. */
static enum model_class class_of(const struct insn *i, enum model_class *second) {
    unsigned op = i->op;
    *second = between(op, OP_AMOSWAP_W, OP_AMOMAXU_W) || between(op, OP_AMOSWAP_D, OP_AMOMAXU_D) ? MODEL_STORE : MODEL_CLASSES;
    if (*second != MODEL_CLASSES || between(op, OP_LB, OP_LWU) || op == OP_FLW || op == OP_FLD || op == OP_LR_W || op == OP_LR_D)
        return MODEL_LOAD;
    if (between(op, OP_SB, OP_SD) || op == OP_FSW || op == OP_FSD || op == OP_SC_W || op == OP_SC_D)
        return MODEL_STORE;
    if (between(op, OP_BEQ, OP_BGEU))
        return MODEL_BRANCH;
    if (op == OP_JAL || op == OP_JALR)
        return MODEL_JUMP;
    if (between(op, OP_MUL, OP_MULHU) || op == OP_MULW)
        return MODEL_MUL;
    if (between(op, OP_DIV, OP_REMU) || between(op, OP_DIVW, OP_REMUW))
        return MODEL_DIV;
    if (between(op, OP_CSRRW, OP_CSRRCI) || op == OP_ECALL || op == OP_EBREAK || op == OP_WFI)
        return MODEL_CSR;
    if (op == OP_FENCE || op == OP_FENCE_I || op == OP_SFENCE)
        return MODEL_FENCE;
    if (op == OP_SRET || op == OP_MRET)
        return MODEL_RETURN;
    return between(op, OP_FMV_X_W, OP_FP_TO_F) ? MODEL_FP : MODEL_ALU;
}

static int add_latency(const struct model *m, enum model_class k, uint64_t *cycles, struct err *e) {
    if (m->latency[k] < 0)
        return err_set(e, ERR_INCOMPLETE, "the model does not know what '%s' costs", model_class_name(k));
    *cycles += (uint64_t)m->latency[k];
    return 0;
}

static int cost_step(struct cover_step *s, const struct model *m, bool taken, struct err *e) {
    enum model_class second, first = class_of(&s->insn, &second);
    if (add_latency(m, first, &s->cycles, e) < 0 || (second != MODEL_CLASSES && add_latency(m, second, &s->cycles, e) < 0))
        return -1;
    return taken && first == MODEL_BRANCH ? add_latency(m, MODEL_BRANCH_TAKEN, &s->cycles, e) : 0;
}

/* ---- where an access goes ------------------------------------------------------------------------------------------------------ */

static bool bypasses(const struct memory_fact *f) { return f->kind != MEMORY_CACHED; }

/* 1: cached, 0: not, -1: may be either, of an address from LO to HI inclusive. */
static int cached_between(const struct cfg *g, uint64_t lo, uint64_t hi) {
    for (size_t i = 0; i < g->memory.len; i++) {
        const struct memory_fact *f = &g->memory.data[i];
        if (bypasses(f) && lo >= f->lo && hi <= f->hi)
            return 0;
        if (bypasses(f) && lo <= f->hi && hi >= f->lo)
            return -1;
    }
    return 1;
}

static bool holds(const struct cfg *g, const struct cover_path *p, const struct assumption *a) {
    const struct block *b = &g->blocks.data[p->blocks.data[0]];
    const struct point *points;
    image_points(g->image, &points);
    bool probe = !image_has_port(g->image) && b->point != NONE && points[b->point].kind == POINT_PROBE;
    return a->kind == ASSUME_REGISTER && (a->block == p->blocks.data[0] || (a->block == NONE && probe));
}

/* What is assumed of register R wherever a probe uses it. */
static const struct assumption *reserved(const struct cfg *g, unsigned r) {
    for (size_t i = 0; i < g->assumptions.len; i++)
        if (g->assumptions.data[i].kind == ASSUME_REGISTER && g->assumptions.data[i].block == NONE && g->assumptions.data[i].reg == r)
            return &g->assumptions.data[i];
    return NULL;
}

/* AT = the base returned + *offset; base 0: a constant. */
static ir_ref base_of(const struct ir *ir, ir_ref at, uint64_t *offset) {
    const struct ir_node *n = ir_at(ir, at);
    if (ir_is_const(ir, at, offset))
        return 0;
    if (n->op == IR_ADD && ir_is_const(ir, n->b, offset))
        return n->a;
    if (n->op == IR_ADD && ir_is_const(ir, n->a, offset))
        return n->b;
    *offset = 0;
    return at;
}

/* TERM = register at the path's beginning + *offset. */
static bool entry_register(const struct ir *ir, ir_ref term, uint32_t *reg, uint64_t *offset) {
    ir_ref base = base_of(ir, term, offset);
    const struct ir_node *n = ir_at(ir, base);
    if (!base || n->op != IR_VAR || var_kind(n->imm) != VAR_ENTRY || var_loc(n->imm) >= LOC_F)
        return false;
    *reg = var_loc(n->imm);
    return true;
}

static int cached_by_register(const struct cfg *g, const struct cover_path *p, ir_ref addr, unsigned size) {
    uint32_t reg;
    uint64_t offset;
    if (!entry_register(&p->ir, addr, &reg, &offset))
        return -1;
    for (size_t i = 0; i < g->assumptions.len; i++) {
        const struct assumption *a = &g->assumptions.data[i];
        if (holds(g, p, a) && a->reg == reg && a->lo + offset <= a->hi + offset + size - 1) {
            int c = cached_between(g, a->lo + offset, a->hi + offset + size - 1);
            if (c >= 0)
                return c;
        }
    }
    return -1;
}

static bool assumed(const struct cfg *g, enum assumption_kind kind) {
    for (size_t i = 0; i < g->assumptions.len; i++)
        if (g->assumptions.data[i].kind == kind)
            return true;
    return false;
}

static bool any_bypass(const struct cfg *g) {
    for (size_t i = 0; i < g->memory.len; i++)
        if (bypasses(&g->memory.data[i]))
            return true;
    return false;
}

/* A probe's own registers are what the facts say wherever it uses them, also where they have just been loaded. */
static int find_cached(const struct cfg *g, const struct cover_path *p, const struct cover_step *s, ir_ref addr, unsigned size, struct err *e) {
    uint64_t at;
    const struct assumption *own = s->insn.rs1 == REG_BUFFER || s->insn.rs1 == REG_COUNTER ? reserved(g, s->insn.rs1) : NULL;
    uint64_t offset = (uint64_t)(int64_t)s->insn.imm;
    int c = -1;
    if (ir_is_const(&p->ir, addr, &at))
        c = cached_between(g, at, at + size - 1);
    else if (own)
        c = cached_between(g, own->lo + offset, own->hi + offset + size - 1);
    else
        c = cached_by_register(g, p, addr, size);
    if (c >= 0 || assumed(g, ASSUME_CACHED) || !any_bypass(g))
        return c >= 0 ? c : 1;
    return err_set(e, ERR_INCOMPLETE, "the access at %s may or may not bypass the caches, as far as the facts say", cfg_describe(g, s->pc));
}

/* ---- laying out ------------------------------------------------------------------------------------------------------------------ */

static int follow(struct cover_path *p, const struct cfg *g, struct err *e) {
    trail_begin(&p->trail, g, &p->ir, TRAIL_ALONE);
    for (size_t i = 0; i < p->blocks.len; i++)
        if (trail_follow(&p->trail, p->blocks.data[i], i + 1 < p->blocks.len ? p->blocks.data[i + 1] : NONE, e) < 0)
            return -1;
    return p->trail.unmodelled ? err_set(e, ERR_INCOMPLETE, "an instruction in it is not modelled") : 0;
}

static bool is_latch(const struct insn *i) { return i->op == OP_SD && i->rs1 == REG_COUNTER && i->rs2 == 0 && i->imm == 8; }

/* The steps of a block: SIZE_MAX: no latch. Returns the index behind the first latch in it. */
static size_t add_block(struct cover_path *p, const struct cfg *g, size_t n) {
    const struct block *b = &g->blocks.data[p->blocks.data[n]];
    size_t latch = SIZE_MAX;
    const uint8_t *bytes = image_at(g->image, b->addr, b->size);
    for (uint64_t at = 0; bytes && at < b->size;) {
        struct cover_step s = {.pc = b->addr + at, .insn = insn_decode(bytes + at, b->size - at), .block = (uint32_t)n};
        if (s.insn.op == OP_ILLEGAL || s.insn.size == 0)
            break;
        at += s.insn.size;
        vec_push(&p->steps, s);
        if (latch == SIZE_MAX && is_latch(&s.insn))
            latch = p->steps.len;
    }
    return latch;
}

static enum point_kind kind_of(const struct cfg *g, uint32_t block, bool *port) {
    const struct point *points;
    const struct block *b = &g->blocks.data[block];
    image_points(g->image, &points);
    *port = image_has_port(g->image);
    return *port || b->point == NONE ? POINT_PROBE : points[b->point].kind;
}

/* Which steps are timed: from behind the first point's latch to the last one's, that latch included; see docs/ARCHITECTURE.md's table. */
static int add_steps(struct cover_path *p, const struct cfg *g, const struct model *m, struct err *e) {
    bool port;
    for (size_t n = 0; n < p->blocks.len; n++) {
        bool begin = n == 0, end = n + 1 == p->blocks.len;
        size_t at = p->steps.len, latch = add_block(p, g, n);
        enum point_kind kind = kind_of(g, p->blocks.data[n], &port);
        if (p->steps.len == at)
            return err_set(e, ERR_INCOMPLETE, "its code at %s cannot be read", cfg_describe(g, g->blocks.data[p->blocks.data[n]].addr));
        bool leaves = p->steps.data[p->steps.len - 1].insn.op == OP_SRET || p->steps.data[p->steps.len - 1].insn.op == OP_MRET;
        if ((begin || end) && !port && kind == POINT_PROBE && latch == SIZE_MAX)
            return err_set(e, ERR_INCOMPLETE, "the probe at %s does not latch the board's counter", cfg_describe(g, p->steps.data[at].pc));
        if ((begin || end) && kind == POINT_SWITCH)
            return err_set(e, ERR_INCOMPLETE, "it begins or ends where threads are switched");
        if (begin)
            p->first = port || kind == POINT_ENTER ? 0 : latch;
        if (begin && kind == POINT_ENTER && add_latency(m, MODEL_TRAP, &p->extra, e) < 0)
            return -1;
        if (end)
            p->last = (port && leaves) || kind == POINT_LEAVE ? p->steps.len : port ? at : latch;
    }
    if (p->steps.len > p->last + 1)
        p->steps.len = p->last + 1;
    return 0;
}

static void add_fetches(struct cover_path *p, struct cover_step *s, uint64_t line, bool counted, uint64_t *last) {
    for (uint64_t at = s->pc / line; line && at <= (s->pc + s->insn.size - 1) / line; at++) {
        if (at == *last)
            continue;
        *last = at;
        vec_push(&p->access, ((struct cover_access){.fetch = true, .counted = counted, .addr = at * line}));
        p->lookups_i += counted;
    }
}

static int add_memory(struct cover_path *p, const struct cfg *g, const struct model *m, struct cover_step *s, size_t k, bool counted, struct err *e) {
    const struct trail_access *a = &p->trail.accesses.data[k];
    int cached = find_cached(g, p, s, a->addr, a->size, e);
    if (cached < 0)
        return -1;
    if (a->kind == TRAIL_STORE && a->atomic && (s->insn.op == OP_SC_W || s->insn.op == OP_SC_D))
        return err_set(e, ERR_INCOMPLETE, "its store-conditional at %s may fail, and then looks nothing up", cfg_describe(g, s->pc));
    vec_push(&p->access, ((struct cover_access){.store = a->kind == TRAIL_STORE, .counted = counted, .size = a->size, .at = a->addr, .cached = cached}));
    vec_push(&p->memory, k);
    p->lookups_d += counted && cached;
    return cached ? 0 : add_latency(m, MODEL_DEVICE_ACCESS, &s->cycles, e);
}

static int add_accesses(struct cover_path *p, const struct cfg *g, const struct model *m, struct err *e) {
    const struct model_cache *l1i = model_find(m, "L1I");
    uint64_t line = l1i && l1i->line > 0 ? (uint64_t)l1i->line : 0, fetched = UINT64_MAX;
    size_t k = 0;
    for (size_t i = 0; i < p->steps.len; i++) {
        struct cover_step *s = &p->steps.data[i];
        bool counted = i >= p->first && i < p->last;
        const struct block *b = &g->blocks.data[p->blocks.data[s->block]];
        bool ends = s->pc + s->insn.size == b->addr + b->size && s->block + 1 < p->blocks.len;
        bool taken = ends && g->blocks.data[p->blocks.data[s->block + 1]].addr != s->pc + s->insn.size;
        s->access = p->access.len;
        add_fetches(p, s, line, counted, &fetched);
        if (i < p->last && cost_step(s, m, taken, e) < 0)
            return -1;
        for (; i < p->last && k < p->trail.accesses.len && p->trail.accesses.data[k].pc == s->pc && p->trail.accesses.data[k].step == s->block; k++)
            if (add_memory(p, g, m, s, k, counted, e) < 0)
                return -1;
        s->accesses = p->access.len - s->access;
        if (counted)
            p->base += s->cycles;
    }
    p->base += p->extra;
    return 0;
}

/* ---- which loads matter ---------------------------------------------------------------------------------------------------------- */

static void mark(const struct ir *ir, bool *seen, ir_ref root) {
    VEC(ir_ref) work = {0};
    vec_push(&work, root);
    while (work.len) {
        ir_ref r = work.data[--work.len];
        if (!r || seen[r])
            continue;
        seen[r] = true;
        vec_push(&work, ir_at(ir, r)->a);
        vec_push(&work, ir_at(ir, r)->b);
        vec_push(&work, ir_at(ir, r)->c);
    }
    vec_free(&work);
}

/* Terms load parts of what an instruction loads, so loads are compared by where they are. */
static bool loads_near(const struct ir *ir, const bool *seen, ir_ref at) {
    uint64_t here, there;
    ir_ref base = base_of(ir, at, &here);
    for (ir_ref r = 1; r < ir->nodes.len; r++)
        if (seen[r] && ir_at(ir, r)->op == IR_LOAD && base_of(ir, ir_at(ir, r)->b, &there) == base && here - there + 8 <= 16)
            return true;
    return false;
}

/* The solver is asked for the values of these alone: a memory that nothing depends on would only cost it time. */
static void find_matters(struct cover_path *p) {
    bool *seen = mem_alloc(p->ir.nodes.len + 1);
    for (size_t i = 0; i < p->trail.conditions.len; i++)
        mark(&p->ir, seen, p->trail.conditions.data[i].term);
    for (size_t i = 0; i < p->memory.len; i++)
        mark(&p->ir, seen, p->trail.accesses.data[p->memory.data[i]].addr);
    for (size_t i = 0; i < p->memory.len; i++) {
        const struct trail_access *a = &p->trail.accesses.data[p->memory.data[i]];
        vec_push(&p->matters, a->kind == TRAIL_LOAD && loads_near(&p->ir, seen, a->addr));
    }
    free(seen);
}

int cover_path_make(struct cover_path *p, const struct cfg *g, const struct model *m, struct err *e) {
    ir_init(&p->ir, g->image);
    p->aligned = assumed(g, ASSUME_ALIGNED);
    if (follow(p, g, e) < 0 || add_steps(p, g, m, e) < 0)
        return -1;
    if (add_accesses(p, g, m, e) < 0)
        return -1;
    find_matters(p);
    return 0;
}

/* ---- assertions ------------------------------------------------------------------------------------------------------------------ */

static void assert_between(struct smt *s, const char *term, uint64_t lo, uint64_t hi) {
    smt_assert_text(s, NONE, "(and (bvuge %s (_ bv%" PRIu64 " 64)) (bvule %s (_ bv%" PRIu64 " 64)))", term, lo, term, hi);
}

static void assert_registers(struct cover_path *p, const struct cfg *g, struct smt *s) {
    for (size_t i = 0; i < g->assumptions.len; i++) {
        const struct assumption *a = &g->assumptions.data[i];
        if (!holds(g, p, a))
            continue;
        struct smt_name name = smt_term(s, ir_var(&p->ir, 64, var_id(VAR_ENTRY, 0, a->reg)));
        assert_between(s, name.text, a->lo, a->hi);
        if (a->align > 1)
            smt_assert_text(s, NONE, "(= (bvand %s (_ bv%" PRIu64 " 64)) (_ bv0 64))", name.text, a->align - 1);
    }
}

/* In one of the cached ranges, or, where none is named, in none that bypasses the caches; not in code; not around the end of memory. */
static void assert_place(const struct cfg *g, struct smt *s, const char *at, unsigned size, uint64_t code_lo, uint64_t code_hi) {
    bool ranges = false;
    for (size_t i = 0; i < g->memory.len; i++)
        ranges |= g->memory.data[i].kind == MEMORY_CACHED;
    if (ranges) {
        char *text = str_dup("false");
        for (size_t i = 0; i < g->memory.len; i++) {
            const struct memory_fact *f = &g->memory.data[i];
            if (f->kind != MEMORY_CACHED || f->hi - f->lo < size - 1)
                continue;
            char *more = str_printf("(or %s (and (bvuge %s (_ bv%" PRIu64 " 64)) (bvule %s (_ bv%" PRIu64 " 64))))", text, at, f->lo, at, f->hi - (size - 1));
            free(text);
            text = more;
        }
        smt_assert_text(s, NONE, "%s", text);
        free(text);
    }
    for (size_t i = 0; i < g->memory.len && !ranges; i++)
        if (bypasses(&g->memory.data[i]))
            smt_assert_text(s, NONE, "(or (bvugt %s (_ bv%" PRIu64 " 64)) (bvult (bvadd %s (_ bv%u 64)) (_ bv%" PRIu64 " 64)))", at, g->memory.data[i].hi, at,
                            size - 1, g->memory.data[i].lo);
    smt_assert_text(s, NONE, "(bvule %s (_ bv%" PRIu64 " 64))", at, UINT64_MAX - (size - 1));
    smt_assert_text(s, NONE, "(or (bvuge %s (_ bv%" PRIu64 " 64)) (bvult (bvadd %s (_ bv%u 64)) (_ bv%" PRIu64 " 64)))", at, code_hi, at, size - 1, code_lo);
}

/* The piece of code that the path is in. */
static void code_bounds(const struct cover_path *p, const struct cfg *g, uint64_t *lo, uint64_t *hi) {
    const struct range *r;
    size_t n = image_code(g->image, &r);
    uint64_t here = g->blocks.data[p->blocks.data[0]].addr;
    *lo = *hi = here;
    for (size_t i = 0; i < n; i++)
        if (here >= r[i].lo && here < r[i].hi)
            *lo = r[i].lo, *hi = r[i].hi;
}

static void assert_accesses(struct cover_path *p, const struct cfg *g, struct smt *s) {
    uint64_t lo, hi;
    code_bounds(p, g, &lo, &hi);
    for (size_t i = 0; i < p->access.len; i++) {
        const struct cover_access *a = &p->access.data[i];
        uint64_t constant;
        if (a->fetch || !a->cached || ir_is_const(&p->ir, a->at, &constant))
            continue;
        struct smt_name at = smt_term(s, a->at);
        assert_place(g, s, at.text, a->size, lo, hi);
        if (p->aligned && a->size > 1)
            smt_assert_text(s, NONE, "(= (bvand %s (_ bv%u 64)) (_ bv0 64))", at.text, a->size - 1);
    }
}

/* Records are written where the facts say that the next record is, also where s10 has just been loaded: so find_cached has it. */
static void assert_records(struct cover_path *p, const struct cfg *g, struct smt *s) {
    const struct assumption *own = reserved(g, REG_BUFFER);
    for (size_t i = 0; i < p->steps.len && own; i++) {
        const struct cover_step *x = &p->steps.data[i];
        for (size_t k = x->access; k < x->access + x->accesses; k++) {
            const struct cover_access *a = &p->access.data[k];
            uint64_t offset = (uint64_t)(int64_t)x->insn.imm, constant;
            if (a->fetch || a->cached || x->insn.rs1 != REG_BUFFER || ir_is_const(&p->ir, a->at, &constant))
                continue;
            struct smt_name at = smt_term(s, a->at);
            assert_between(s, at.text, own->lo + offset, own->hi + offset);
            if (own->align > 1)
                smt_assert_text(s, NONE, "(= (bvand (bvsub %s (_ bv%" PRIu64 " 64)) (_ bv%" PRIu64 " 64)) (_ bv0 64))", at.text, offset, own->align - 1);
        }
    }
}

static void ask_values(struct cover_path *p, struct smt *s) {
    ir_ref csrs = ir_var(&p->ir, 0, var_id(VAR_ENTRY, 0, LOC_CSR));
    for (uint32_t r = 1; r < 32; r++)
        smt_ask(s, ir_var(&p->ir, 64, var_id(VAR_ENTRY, 0, r)));
    for (int i = 0; i < COVER_CSRS; i++)
        smt_ask(s, ir_csr(&p->ir, csrs, cover_csr[i], 0));
    for (size_t i = 0; i < p->memory.len; i++) {
        smt_ask(s, p->trail.accesses.data[p->memory.data[i]].addr);
        if (p->matters.data[i])
            smt_ask(s, p->trail.accesses.data[p->memory.data[i]].value);
    }
}

void cover_path_assert(struct cover_path *p, const struct cfg *g, struct smt *s) {
    assert_registers(p, g, s);
    for (size_t i = 0; i < p->trail.conditions.len; i++)
        smt_assert(s, p->trail.conditions.data[i].term, NONE);
    assert_accesses(p, g, s);
    assert_records(p, g, s);
    ask_values(p, s);
}

/* ---- a case's state -------------------------------------------------------------------------------------------------------------- */

static bool known_byte(const struct cover_state_values *v, uint64_t addr) {
    for (size_t i = 0; i < v->words.len; i++)
        if (addr - v->words.data[i].addr < v->words.data[i].size)
            return true;
    for (size_t i = 0; i < v->stores.len; i++)
        if (addr - v->stores.data[i].addr < v->stores.data[i].size)
            return true;
    return false;
}

/* What a load finds was there at the beginning, but for bytes that an earlier load has told of or an earlier store has written. */
static void add_load(struct cover_state_values *v, uint64_t addr, unsigned size, uint64_t value) {
    bool fresh = true;
    for (unsigned k = 0; k < size; k++)
        fresh = fresh && !known_byte(v, addr + k);
    if (fresh) {
        vec_push(&v->words, ((struct replay_word){addr, size, value}));
        return;
    }
    for (unsigned k = 0; k < size; k++)
        if (!known_byte(v, addr + k))
            vec_push(&v->words, ((struct replay_word){addr + k, 1, value >> 8 * k & 0xff}));
}

void cover_values(const struct cover_path *p, const struct cover_case *c, struct cover_state_values *v) {
    size_t at = 0;
    for (uint32_t r = 1; r < 32; r++)
        v->x[r] = c->values.data[at++];
    for (int i = 0; i < COVER_CSRS; i++)
        v->csr[i] = c->values.data[at++];
    for (size_t i = 0; i < p->memory.len; i++) {
        const struct trail_access *a = &p->trail.accesses.data[p->memory.data[i]];
        uint64_t addr = c->values.data[at++];
        if (p->matters.data[i])
            add_load(v, addr, a->size, c->values.data[at++]);
        else if (a->kind == TRAIL_STORE)
            vec_push(&v->stores, ((struct replay_word){addr, a->size, 0}));
    }
}

/* ---- as a function, for people --------------------------------------------------------------------------------------------------- */

static const char *const x_names[32] = {"zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5",
                                        "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};

static bool variable_named(void *user, ir_ref r, char *name, size_t size) {
    const struct cover_path *p = user;
    const struct ir_node *n = ir_at(&p->ir, r);
    if (n->op != IR_VAR)
        return false;
    uint32_t loc = var_loc(n->imm);
    if (var_kind(n->imm) != VAR_ENTRY)
        snprintf(name, size, "unknown%" PRIx64, n->imm);
    else if (loc < LOC_F)
        snprintf(name, size, "%s", x_names[loc]);
    else if (loc < LOC_MEM)
        snprintf(name, size, "f%u", loc - LOC_F);
    else
        snprintf(name, size, "%s", loc == LOC_MEM ? "mem" : "csrs");
    return true;
}

static void print_fetch(const struct cover_path *p, const struct cover_access *a, const struct model *m, size_t n, FILE *out) {
    const struct model_cache *k = model_find(m, "L1I");
    (void)p;
    fprintf(out, "  look-up %zu: L1I line 0x%" PRIx64, n, a->addr);
    if (k && k->sets > 0 && k->line > 0)
        fprintf(out, ", set %" PRIu64, a->addr / (uint64_t)k->line % (uint64_t)k->sets);
}

void cover_path_print(struct cover_path *p, const struct cfg *g, const struct model *m, FILE *out) {
    fputs("  (registers, mem, csrs, caches) ->\n", out);
    for (size_t i = 0; i < p->trail.conditions.len; i++) {
        fprintf(out, "  if at %s: ", cfg_describe(g, p->trail.conditions.data[i].pc));
        ir_print(&p->ir, p->trail.conditions.data[i].term, variable_named, p, out);
        fputc('\n', out);
    }
    for (size_t i = 0, n = 0; i < p->access.len; i++) {
        const struct cover_access *a = &p->access.data[i];
        if (a->fetch) {
            print_fetch(p, a, m, n++, out);
        } else {
            fprintf(out, a->cached ? "  look-up %zu: L1D " : "  past the caches: ", n);
            n += a->cached ? 1 : 0;
            fprintf(out, "%s of %u bytes at ", a->store ? "store" : "load", a->size);
            ir_print(&p->ir, a->at, variable_named, p, out);
        }
        fputs(a->counted ? "\n" : ", not timed\n", out);
    }
    fprintf(out, "  misses = the timed look-ups that do not hit; cycles = %" PRIu64 " + what they cost\n", p->base);
}
