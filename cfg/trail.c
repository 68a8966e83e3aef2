#include "cfg/trail.h"
#include "cfg/graph.h"

enum { X_RA = 1, X_SP, X_S10 = 26, X_S11 = 27, MOST_ELEMENTS = 64 };

struct moment {
    struct lift l;          /* first: the hooks get it */
    struct trail *t;
    const struct insn *insn;
    bool probe;             /* reaches memory as only probes do */
    bool stack;             /* reaches memory by sp */
};

void trail_begin(struct trail *t, const struct cfg *g, struct ir *ir, enum trail_memory memory) {
    *t = (struct trail){.ir = ir, .cfg = g, .memory = memory};
    lift_entry(ir, t->loc);
}

void trail_free(struct trail *t) {
    vec_free(&t->conditions);
    vec_free(&t->accesses);
    map_free(&t->frames);
}

/* ---- memory -------------------------------------------------------------------------------------------------------------- */

static void note(struct moment *s, enum trail_access_kind kind, ir_ref addr, ir_ref value) {
    struct trail_access a = {.pc = s->l.addr, .step = s->t->steps, .kind = (uint8_t)kind, .size = ir_at(s->l.ir, value)->width / 8,
                             .atomic = s->insn->op >= OP_LR_W && s->insn->op <= OP_AMOMAXU_D, .addr = addr, .value = value};
    vec_push(&s->t->accesses, a);
}

static bool others_change(const struct trail *t, uint64_t addr, unsigned bytes) {
    for (size_t i = 0; i < t->cfg->memory.len; i++) {
        const struct memory_fact *m = &t->cfg->memory.data[i];
        if (m->kind != MEMORY_CACHED && addr <= m->hi && m->lo <= addr + bytes - 1)
            return true;
    }
    return false;
}

/* ADDR as base + constant, as the ir's constructors make it; the base of a constant is 0. */
static ir_ref base_of(const struct ir *ir, ir_ref addr, uint64_t *offset) {
    const struct ir_node *n = ir_at(ir, addr);
    *offset = 0;
    if (ir_is_const(ir, addr, offset))
        return 0;
    *offset = 0;
    if (n->op == IR_ADD && ir_is_const(ir, n->b, offset))
        return n->a;
    return addr;
}

/* Certainly not the same bytes: other distances from one base, modulo 2^64 as addresses count; or one is in a frame that nobody knows an
 * address of, and the other was not reached by sp and is not a constant. */
static bool apart(const struct trail *t, ir_ref store, ir_ref addr, unsigned bytes, bool stack) {
    const struct ir_node *n = ir_at(t->ir, store);
    uint64_t want, have, frame;
    ir_ref base = base_of(t->ir, addr, &want), other = base_of(t->ir, n->b, &have);
    if (base == other)
        return have - want >= bytes && want - have >= ir_at(t->ir, n->c)->width / 8u;
    bool stored = map_get(&t->frames, store, &frame);
    return !t->escaped && ((stack && other && !stored) || (stored && base && !stack));
}

/* The latest store that may reach [addr, addr + bytes): passing over those before it leaves the same value, and lets equal loads be
 * equal terms. */
static ir_ref latest(const struct trail *t, ir_ref addr, unsigned bytes, bool stack) {
    ir_ref mem = t->loc[LOC_MEM];
    while (ir_at(t->ir, mem)->op == IR_STORE && apart(t, mem, addr, bytes, stack))
        mem = ir_at(t->ir, mem)->a;
    return mem;
}

/* A load from a table that nobody writes, at an index that is not known: the elements from the constant in the address on are what the image
 * says; further ones are left as V. */
static ir_ref look_up(struct lift *l, ir_ref addr, unsigned width, ir_ref v) {
    const struct ir_node n = *ir_at(l->ir, addr);
    uint64_t table;
    if (n.op != IR_ADD || !ir_is_const(l->ir, n.b, &table) || !l->ir->img)
        return v;
    for (unsigned i = 0; i < MOST_ELEMENTS && image_is_constant(l->ir->img, table + i * (width / 8), width / 8); i++) {
        ir_ref at = ir_const(l->ir, 64, table + i * (width / 8));
        v = ir_ite(l->ir, ir_binary(l->ir, IR_EQ, addr, at), ir_load(l->ir, 0, at, width, 0), v);
    }
    return v;
}

static ir_ref load(struct lift *l, ir_ref addr, unsigned width) {
    struct moment *s = (struct moment *)l;
    struct ir *ir = l->ir;
    uint64_t at;
    bool own = s->t->memory == TRAIL_SHARED || s->probe || (ir_is_const(ir, addr, &at) && others_change(s->t, at, width / 8));
    ir_ref mem = own ? l->loc[LOC_MEM] : latest(s->t, addr, width / 8, s->stack);
    const struct ir_node *n = ir_at(ir, mem);
    ir_ref v;
    if (!own && n->op == IR_STORE && n->b == addr && ir_at(ir, n->c)->width >= width)
        v = ir_low(ir, n->c, width); /* the bytes at ADDR are the low ones */
    else
        v = look_up(l, addr, width, ir_load(ir, mem, addr, width, own ? l->slot + 1ull : 0));
    note(s, TRAIL_LOAD, addr, v);
    return v;
}

static void store(struct lift *l, ir_ref addr, ir_ref value) {
    struct moment *s = (struct moment *)l;
    note(s, TRAIL_STORE, addr, value);
    if (s->probe)
        return;
    l->loc[LOC_MEM] = ir_store(l->ir, l->loc[LOC_MEM], addr, value);
    if (s->stack)
        map_put(&s->t->frames, l->loc[LOC_MEM], 1);
}

/* An address of a frame is made that is not used at once: somebody may come to know it. */
static bool lets_frame_out(const struct insn *i) {
    bool store = (i->op >= OP_SB && i->op <= OP_SD) || (i->op >= OP_LR_W && i->op <= OP_AMOMAXU_D);
    bool memory = store || (i->op >= OP_LB && i->op <= OP_LWU) || (i->op >= OP_FLW && i->op <= OP_FSD);
    bool csr = i->op >= OP_CSRRW && i->op <= OP_CSRRC;
    bool reads = i->rs1 == X_SP || i->rs2 == X_SP;
    return (store && i->rs2 == X_SP) || (!memory && reads && i->rd != X_SP && (i->rd || csr));
}

/* A frame lies below what sp was at a call. (Code that is no function may use sp as it likes: trap vectors do.) */
static bool in_frame(const struct trail *t, const struct insn *i) {
    uint64_t offset, top = t->stack_top;
    return i->rs1 == X_SP && t->called && base_of(t->ir, t->loc[X_SP], &offset) == t->stack_base &&
           (int64_t)(offset + (uint64_t)(int64_t)i->imm - top) < 0;
}

static void note_call(struct trail *t, const struct insn *i) {
    uint64_t offset;
    if ((i->op != OP_JAL && i->op != OP_JALR) || i->rd != X_RA)
        return;
    ir_ref base = base_of(t->ir, t->loc[X_SP], &offset);
    if (t->called && base == t->stack_base && (int64_t)(offset - t->stack_top) < 0)
        return;
    t->escaped |= t->called; /* another stack: not followed */
    t->called = true;
    t->stack_base = base;
    t->stack_top = offset;
}

/* ---- CSRs ---------------------------------------------------------------------------------------------------------------- */

enum { SSCRATCH = 0x140, SEPC, SCAUSE, STVAL, MSCRATCH = 0x340, MEPC, MCAUSE, MTVAL };

static ir_ref csr(struct lift *l, uint32_t number) {
    bool scratch = number == SSCRATCH || number == MSCRATCH;
    bool steady = (number >= SSCRATCH && number <= STVAL) || (number >= MSCRATCH && number <= MTVAL);
    ir_ref file = l->loc[LOC_CSR];
    const struct ir_node *n = ir_at(l->ir, file);
    while (steady && n->op == IR_SETCSR && n->imm != number) {
        file = n->a;
        n = ir_at(l->ir, file);
    }
    if (scratch && n->op == IR_SETCSR)
        return n->b;
    steady = steady && n->op == IR_VAR; /* what was written to the others may read back otherwise: not every bit can be written */
    return ir_csr(l->ir, file, number, steady ? 0 : l->slot + 1ull);
}

/* ---- blocks -------------------------------------------------------------------------------------------------------------- */

static void lose_everything(struct moment *s) {
    for (uint32_t i = 1; i < LOCS; i++)
        s->l.loc[i] = ir_var(s->l.ir, i < LOC_MEM ? 64 : 0, var_id(VAR_TRAP, s->l.slot, i));
    s->l.condition = s->l.target = 0;
    s->t->unmodelled++;
}

static void hold(struct moment *s, ir_ref term) {
    uint64_t v;
    struct trail_condition c = {term, s->l.addr, s->t->steps};
    if (!ir_is_const(s->l.ir, term, &v) || !v)
        vec_push(&s->t->conditions, c);
}

static bool has_probe(const struct trail *t, const struct block *b) { return b->point != NONE && !image_has_port(t->cfg->image); }

/* TERM = K, carried into the choices of a table's elements (look_up) through what was done to them: what is left is which index leads to K. */
static ir_ref is_value(struct ir *ir, ir_ref term, uint64_t k) {
    const struct ir_node n = *ir_at(ir, term);
    uint64_t c;
    unsigned inner = n.a ? ir_at(ir, n.a)->width : 0;
    if (n.op == IR_ITE)
        return ir_ite(ir, n.a, is_value(ir, n.b, k), is_value(ir, n.c, k));
    if (n.op == IR_ADD && ir_is_const(ir, n.b, &c))
        return is_value(ir, n.a, (k - c) & ir_mask(n.width));
    if (n.op == IR_SEXT || n.op == IR_ZEXT) {
        uint64_t low = k & ir_mask(inner), back = n.op == IR_SEXT ? (uint64_t)ir_signed(low, inner) & ir_mask(n.width) : low;
        return back == k ? is_value(ir, n.a, low) : ir_const(ir, 1, 0);
    }
    return ir_binary(ir, IR_EQ, term, ir_const(ir, n.width, k));
}

/* Only the lowest bit of a jump's target is dropped. */
static ir_ref jumps_to(struct ir *ir, ir_ref target, uint64_t to) {
    const struct ir_node n = *ir_at(ir, target);
    uint64_t mask;
    if (n.op == IR_AND && ir_is_const(ir, n.b, &mask) && mask == ~1ull && !(to & 1)) {
        ir_ref even = is_value(ir, n.a, to), odd = is_value(ir, n.a, to | 1);
        return ir_ite(ir, even, ir_const(ir, 1, 1), odd);
    }
    return is_value(ir, target, to);
}

/* Where a fact says where it goes, code may be mapped at further addresses: only the place within the page is the same for certain. */
static ir_ref jumps_to_page(struct ir *ir, ir_ref target, uint64_t to) {
    return ir_binary(ir, IR_EQ, ir_binary(ir, IR_AND, target, ir_const(ir, 64, 0xffe)), ir_const(ir, 64, to & 0xffe));
}

static bool by_fact(const struct moment *s) {
    const struct resolution *r = resolution_at(&s->t->cfg->own->known, s->l.addr);
    return r && r->origin == RESOLVED_FACT;
}

/* What had to hold for control to go from the block's last instruction to TO. False: it cannot. */
static bool leave(struct moment *s, const struct block *b, uint64_t to) {
    const struct insn *i = s->insn;
    struct ir *ir = s->l.ir;
    uint64_t behind = s->l.addr + i->size, jumped = s->l.addr + (uint64_t)(int64_t)i->imm;
    switch (i->op) {
    case OP_JAL:
        return to == jumped;
    case OP_JALR:
        if (s->l.target)
            hold(s, by_fact(s) ? jumps_to_page(ir, s->l.target, to) : jumps_to(ir, s->l.target, to));
        return true;
    case OP_BEQ: case OP_BNE: case OP_BLT: case OP_BGE: case OP_BLTU: case OP_BGEU:
        if (to != behind && to != jumped)
            return false;
        if (s->l.condition)
            hold(s, to == jumped ? s->l.condition : ir_not(ir, s->l.condition));
        return true;
    }
    return b->end == END_TRAP_RETURN || b->end == END_STOP ? false : to == behind;
}

int trail_follow(struct trail *t, uint32_t block, uint32_t next, struct err *e) {
    struct code *c = &t->cfg->own->flow.code;
    const struct block *b = &t->cfg->blocks.data[block];
    struct moment s = {.l = {.ir = t->ir, .loc = t->loc, .load = load, .store = store, .csr = csr}, .t = t};
    bool probe = has_probe(t, b);
    for (uint64_t at = b->addr; at < b->addr + b->size; at += s.insn->size) {
        s.insn = &c->insn[code_slot(c, at)];
        s.l.addr = at;
        s.l.slot = t->moments++;
        s.stack = in_frame(t, s.insn);
        t->escaped |= t->called && lets_frame_out(s.insn);
        note_call(t, s.insn);
        s.probe = probe && (s.insn->rs1 == X_S10 || s.insn->rs1 == X_S11);
        if (!lift_insn(&s.l, s.insn))
            lose_everything(&s);
    }
    if (next != NONE && !leave(&s, b, t->cfg->blocks.data[next].addr))
        return err_set(e, ERR_INPUT, "%s cannot follow %s", cfg_describe(t->cfg, t->cfg->blocks.data[next].addr), cfg_describe(t->cfg, b->addr));
    t->steps++;
    return 0;
}
