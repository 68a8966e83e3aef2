#include "cfg/piece.h"

enum { VAR_LOADED = 99 };

/* ---- making ------------------------------------------------------------------------------------------------------------------------- */

struct maker {
    struct lift l; /* first: the hooks get it */
    struct evaluator *e;
    struct piece *p;
    uint32_t loads;
};

void evaluator_init(struct evaluator *e, struct cfg *g, struct ir *ir) {
    *e = (struct evaluator){.g = g, .ir = ir};
    lift_entry(ir, e->entry);
}

void evaluator_free(struct evaluator *e) {
    free(e->value), free(e->seen), free(e->learnt);
    vec_free(&e->lessons);
    vec_free(&e->keep);
}

static void make_room(struct evaluator *e) {
    size_t need = e->ir->nodes.len, now = e->nodes;
    if (need <= now)
        return;
    need += need / 2;
    e->value = mem_resize(e->value, need * sizeof *e->value);
    e->seen = mem_resize(e->seen, need * sizeof *e->seen);
    e->learnt = mem_resize(e->learnt, need * sizeof *e->learnt);
    memset(e->seen + now, 0, (need - now) * sizeof *e->seen);
    memset(e->learnt + now, 0, (need - now) * sizeof *e->learnt);
    e->nodes = need;
}

/* Lists a node behind those that it is made of. */
static void list(struct evaluator *e, struct piece *p, ir_ref root) {
    VEC(ir_ref) path = {0};
    make_room(e);
    vec_push(&path, root);
    while (path.len) {
        ir_ref r = path.data[path.len - 1];
        const struct ir_node *n = ir_at(e->ir, r);
        ir_ref kids[3] = {n->a, n->b, n->c};
        bool ready = true;
        if (e->seen[r] == e->pieces) {
            path.len--;
            continue;
        }
        for (int i = 0; i < 3 && n->op != IR_CSR && n->op != IR_APPLY; i++)
            if (kids[i] && e->seen[kids[i]] != e->pieces && ir_at(e->ir, kids[i])->width) {
                vec_push(&path, kids[i]);
                ready = false;
            }
        if (!ready)
            continue;
        e->seen[r] = (uint32_t)e->pieces;
        if (n->op == IR_CONST)
            e->value[r] = abs_const(n->width, n->imm);
        else
            vec_push(&p->steps, r);
        path.len--;
    }
    vec_free(&path);
}

static void add_event(struct maker *m, struct event v) {
    vec_push(&m->p->steps, STEP_EVENT | (uint32_t)m->p->events.len);
    vec_push(&m->p->events, v);
    if (v.kind != EVENT_LOAD)
        m->p->quiet = m->p->events.len;
}

static ir_ref make_load(struct lift *l, ir_ref addr, unsigned width) {
    struct maker *m = (struct maker *)l;
    struct event v = {EVENT_LOAD, width, addr, ir_var(l->ir, width, var_id(VAR_LOADED, l->slot, m->loads++))};
    list(m->e, m->p, addr);
    make_room(m->e);
    m->e->seen[v.value] = (uint32_t)m->e->pieces;
    add_event(m, v);
    return v.value;
}

static void make_store(struct lift *l, ir_ref addr, ir_ref value) {
    struct maker *m = (struct maker *)l;
    list(m->e, m->p, addr);
    list(m->e, m->p, value);
    add_event(m, (struct event){EVENT_STORE, ir_at(l->ir, value)->width, addr, value});
}

static void make_forget(struct lift *l) { add_event((struct maker *)l, (struct event){.kind = EVENT_FORGET}); }

struct piece *piece_make(struct evaluator *e, uint32_t block) {
    struct code *c = &e->g->own->flow.code;
    const struct block *k = block_of(e->g, block);
    ir_ref loc[LOCS];
    struct piece *p = mem_alloc(sizeof *p);
    struct maker m = {.l = {.ir = e->ir, .loc = loc, .load = make_load, .store = make_store, .remap = make_forget}, .e = e, .p = p};
    memcpy(loc, e->entry, sizeof loc);
    e->pieces++;
    const struct insn *i;
    for (uint64_t at = k->addr; at < k->addr + k->size; at += i->size) {
        m.l.addr = at;
        m.l.slot = code_slot(c, at);
        m.loads = 0;
        i = &c->insn[m.l.slot];
        if (lift_insn(&m.l, i))
            continue;
        make_forget(&m.l);
        for (uint32_t r = 1; r < LOCS; r++)
            loc[r] = ir_var(e->ir, r < LOC_MEM ? 64 : 0, var_id(VAR_TRAP, m.l.slot, r));
    }
    for (unsigned r = 0; r < 32; r++)
        list(e, p, p->reg[r] = loc[r]);
    if ((p->condition = m.l.condition) != 0)
        list(e, p, p->condition);
    if ((p->target = m.l.target) != 0)
        list(e, p, p->target);
    return p;
}

void piece_free(struct piece *p) {
    if (!p)
        return;
    vec_free(&p->steps);
    vec_free(&p->events);
    free(p);
}

/* ---- running ------------------------------------------------------------------------------------------------------------------------- */

static struct abs constant_at(const struct image *img, uint64_t addr, unsigned width) {
    uint64_t v = 0;
    memcpy(&v, image_at(img, addr, width / 8), width / 8);
    return abs_const(width, v);
}

/* A load from what nobody writes, else from what the program wrote. */
static struct abs load(const struct evaluator *e, const struct machine *m, struct abs addr, unsigned width) {
    const struct image *img = e->g->image;
    uint64_t step = addr.low >= 64 ? 1 : 1ull << addr.low;
    if (abs_empty(&addr) || addr.i.hi - addr.i.lo > 1 << 16)
        return abs_all(width);
    if (!image_is_constant(img, addr.i.lo, width / 8))
        return memory_load(&m->mem, addr, width);
    struct abs all = constant_at(img, addr.i.lo, width);
    for (uint64_t at = addr.i.lo; at != addr.i.hi;) {
        at += step;
        if (!image_is_constant(img, at, width / 8))
            return abs_all(width);
        all = abs_join(width, all, constant_at(img, at, width));
    }
    return all;
}

static struct abs node_value(const struct evaluator *e, ir_ref r, const struct abs *reg) {
    const struct ir_node *n = ir_at(e->ir, r);
    const struct abs *a = &e->value[n->a];
    switch (n->op) {
    case IR_VAR:
        return var_kind(n->imm) == VAR_ENTRY && var_loc(n->imm) < 32 ? reg[var_loc(n->imm)] : abs_all(n->width);
    case IR_CSR: case IR_APPLY: case IR_LOAD:
        return abs_all(n->width);
    case IR_ITE:
        if (abs_is_const(a))
            return e->value[a->i.lo ? n->b : n->c];
        return abs_join(n->width, e->value[n->b], e->value[n->c]);
    case IR_ZEXT: case IR_SEXT: case IR_LOW:
        return abs_convert(n, ir_at(e->ir, n->a)->width, *a);
    default:
        return abs_binary((enum ir_op)n->op, n->width, ir_at(e->ir, n->a)->width, *a, e->value[n->b]);
    }
}

static void happen(struct evaluator *e, const struct event *v, struct machine *m) {
    switch (v->kind) {
    case EVENT_LOAD:
        e->value[v->value] = load(e, m, e->value[v->addr], v->width);
        break;
    case EVENT_STORE:
        memory_store(&m->mem, e->value[v->addr], v->width, e->value[v->value], e->keep.data, e->keep.len);
        break;
    case EVENT_FORGET:
        memory_free(&m->mem);
        break;
    }
}

void piece_run(struct evaluator *e, const struct piece *p, struct machine *m) {
    for (size_t i = 0; i < p->steps.len; i++) {
        uint32_t s = p->steps.data[i];
        if (s & STEP_EVENT)
            happen(e, &p->events.data[s & ~STEP_EVENT], m);
        else
            e->value[s] = node_value(e, s, m->reg);
    }
    for (unsigned r = 1; r < 32; r++)
        m->reg[r] = e->value[p->reg[r]];
}

/* ---- learning ------------------------------------------------------------------------------------------------------------------------ */

/* The node's value is in X too, and so its parts' are in what follows. False: that cannot be. */
static bool learn(struct evaluator *e, ir_ref r, struct abs x, int depth) {
    const struct ir_node *n = ir_at(e->ir, r);
    unsigned w = n->width;
    struct abs now = abs_meet(w, e->value[r], x);
    if (abs_empty(&now))
        return false;
    if (abs_same(&now, &e->value[r]) || n->op == IR_CONST)
        return true;
    if (!e->learnt[r]) {
        struct lesson fresh = {r, now, e->value[r]};
        vec_push(&e->lessons, fresh);
        e->learnt[r] = (uint32_t)e->lessons.len;
    }
    e->lessons.data[e->learnt[r] - 1].value = e->value[r] = now;
    if (depth > 12)
        return true;
    unsigned from = n->a ? ir_at(e->ir, n->a)->width : 0;
    switch (n->op) {
    case IR_ADD:
        return learn(e, n->a, abs_binary(IR_SUB, w, w, now, e->value[n->b]), depth + 1) &&
               learn(e, n->b, abs_binary(IR_SUB, w, w, now, e->value[n->a]), depth + 1);
    case IR_SUB:
        return learn(e, n->a, abs_binary(IR_ADD, w, w, now, e->value[n->b]), depth + 1) &&
               learn(e, n->b, abs_binary(IR_SUB, w, w, e->value[n->a], now), depth + 1);
    case IR_ZEXT: case IR_SEXT: /* the low bits of the extended value are the value */
        return learn(e, n->a, abs_convert(&(struct ir_node){.op = IR_LOW, .width = (uint8_t)from}, w, now), depth + 1);
    case IR_LOW:
        if (e->value[n->a].i.hi <= ir_mask(w))
            return learn(e, n->a, abs_convert(&(struct ir_node){.op = IR_ZEXT, .width = (uint8_t)from}, w, now), depth + 1);
        if (e->value[n->a].i.slo >= -(int64_t)(ir_mask(w) / 2) - 1 && e->value[n->a].i.shi <= (int64_t)(ir_mask(w) / 2))
            return learn(e, n->a, abs_convert(&(struct ir_node){.op = IR_SEXT, .width = (uint8_t)from}, w, now), depth + 1);
        return true;
    }
    return true;
}

static bool learn_unequal(struct evaluator *e, ir_ref a, uint64_t k, unsigned w) {
    struct abs x = abs_all(w), *now = &e->value[a];
    uint64_t step = now->low >= 64 ? 1 : 1ull << now->low;
    if (abs_is_const(now))
        return now->i.lo != k;
    if (now->i.lo == k)
        x.i.lo = k + step;
    if (now->i.hi == k)
        x.i.hi = k - step;
    if (now->i.slo == ir_signed(k, w))
        x.i.slo = ir_signed(k, w) + 1;
    if (now->i.shi == ir_signed(k, w))
        x.i.shi = ir_signed(k, w) - 1;
    return learn(e, a, x, 0);
}

static bool learn_order(struct evaluator *e, ir_ref a, ir_ref b, bool is_signed, bool strict) {
    unsigned w = ir_at(e->ir, a)->width;
    struct interval x = e->value[a].i, y = e->value[b].i;
    struct abs lower = abs_all(w), upper = lower;
    if (is_signed) {
        if (strict && (y.shi == lower.i.slo || x.slo == lower.i.shi))
            return false;
        lower.i.shi = y.shi - strict;
        upper.i.slo = x.slo + strict;
    } else {
        if (strict && (y.hi == 0 || x.lo == ir_mask(w)))
            return false;
        lower.i.hi = y.hi - strict;
        upper.i.lo = x.lo + strict;
    }
    return learn(e, a, lower, 0) && learn(e, b, upper, 0);
}

static bool assume(struct evaluator *e, ir_ref bit, bool outcome, int depth) {
    const struct ir_node *n = ir_at(e->ir, bit);
    uint64_t k;
    switch (n->op) {
    case IR_XOR:
        return n->width == 1 && ir_is_const(e->ir, n->b, &k) && k && depth < 12 ? assume(e, n->a, !outcome, depth + 1) : true;
    case IR_AND:
        return !outcome || depth > 12 || (assume(e, n->a, true, depth + 1) && assume(e, n->b, true, depth + 1));
    case IR_EQ:
        if (outcome)
            return learn(e, n->a, e->value[n->b], 0) && learn(e, n->b, e->value[n->a], 0);
        if (abs_is_const(&e->value[n->b]))
            return learn_unequal(e, n->a, e->value[n->b].i.lo, ir_at(e->ir, n->a)->width);
        return !abs_is_const(&e->value[n->a]) || learn_unequal(e, n->b, e->value[n->a].i.lo, ir_at(e->ir, n->a)->width);
    case IR_ULT: case IR_SLT:
        return outcome ? learn_order(e, n->a, n->b, n->op == IR_SLT, true) : learn_order(e, n->b, n->a, n->op == IR_SLT, false);
    }
    return true;
}

/* Once more without the loads and stores, with what was learnt. */
static bool run_again(struct evaluator *e, const struct piece *p, const struct abs *before, struct machine *m) {
    for (size_t i = 0; i < p->steps.len; i++) {
        uint32_t s = p->steps.data[i];
        if (s & STEP_EVENT)
            continue;
        e->value[s] = node_value(e, s, before);
        if (e->learnt[s])
            e->value[s] = abs_meet(ir_at(e->ir, s)->width, e->value[s], e->lessons.data[e->learnt[s] - 1].value);
        if (abs_empty(&e->value[s]))
            return false;
    }
    for (unsigned r = 1; r < 32; r++)
        m->reg[r] = e->value[p->reg[r]];
    for (size_t i = p->quiet; i < p->events.len; i++) {
        const struct event *v = &p->events.data[i];
        if (abs_is_const(&e->value[v->addr]) && e->learnt[v->value])
            memory_refine(&m->mem, e->value[v->addr].i.lo, v->width, e->value[v->value]);
    }
    return true;
}

bool piece_assume(struct evaluator *e, const struct piece *p, const struct abs *before, struct machine *m, bool outcome) {
    bool fine = assume(e, p->condition, outcome, 0) && run_again(e, p, before, m);
    for (size_t i = e->lessons.len; i-- > 0;) {
        e->value[e->lessons.data[i].node] = e->lessons.data[i].before;
        e->learnt[e->lessons.data[i].node] = 0;
    }
    e->lessons.len = 0;
    for (size_t i = 0; i < p->steps.len; i++) /* the other outcome begins where this one did */
        if (!(p->steps.data[i] & STEP_EVENT))
            e->value[p->steps.data[i]] = node_value(e, p->steps.data[i], before);
    return fine;
}
