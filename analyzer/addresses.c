/* The interpreter of addresses.h. Lattice of a register: nothing yet; one value (a number, an interval, a symbol plus something); the
 * node's own symbol for the register, where it stays. So every register changes a few times at each node, and it ends. */
#include "analyzer/addresses.h"

enum { REGS = 32, HULLS = 6 };

struct cell {                  /* eight bytes of memory at a known address */
    uint64_t addr;
    struct value value;
};
struct state {
    bool reached;
    uint32_t visits;
    struct value reg[REGS];
    uint64_t top;              /* highest known stack pointer; 0: none yet */
    VEC(struct cell) cells;    /* sorted by address */
};
struct interpreter {
    const struct row_graph *r;
    struct code_book *book;
    struct addresses *a;
    struct state *in;          /* by IPET node */
    uint32_t node;             /* at work */
    struct map symbol_index;
    struct map loaded;         /* variable of a load → index into loads, of this node */
    VEC(struct value) loads;
    struct map memo;
    VEC(struct value) memos;
    struct state now;
    uint64_t low;              /* lowest stack pointer of the last round */
    uint64_t lowest;           /* of this round */
    bool escaped;
};

static bool same_value(const struct value *a, const struct value *b) { return a->symbol == b->symbol && a->lo == b->lo && a->hi == b->hi && a->stride == b->stride; }
static struct value number(uint64_t v) { return (struct value){0, v, v, 0}; }
static bool is_number(const struct value *v) { return !v->symbol && v->lo == v->hi; }
static struct value between(uint64_t lo, uint64_t hi, uint64_t stride) { return (struct value){0, lo, hi, lo == hi ? 0 : stride ? stride : 1}; }

static uint64_t gcd(uint64_t a, uint64_t b) {
    while (b) {
        uint64_t t = a % b;
        a = b;
        b = t;
    }
    return a;
}

/* ---- symbols --------------------------------------------------------------------------------------------------------- */

static struct value symbol_of(struct interpreter *p, uint64_t what, bool stack) {
    uint64_t key = hash_bytes((uint64_t[]){p->node, what}, 16, 3), at;
    if (!map_get(&p->symbol_index, key, &at)) {
        at = p->a->symbols.len;
        vec_push(&p->a->symbols, ((struct symbol_home){p->node, false}));
        map_put(&p->symbol_index, key, at);
    }
    p->a->symbols.data[at].stack |= stack;
    return (struct value){(uint32_t)at, 0, 0, 0};
}

static struct value register_symbol(struct interpreter *p, unsigned reg, bool stack) { return symbol_of(p, (uint64_t)reg << 32 | 0xffffffff, stack); }

static bool near_stack(const struct interpreter *p, const struct value *v) {
    if (v->symbol)
        return p->a->symbols.data[v->symbol].stack;
    return p->now.top && v->hi >= p->low && (v->lo < p->now.top || (v->lo == p->now.top && v->hi == v->lo)); /* what begins behind the stack is something else */
}

/* ---- terms ------------------------------------------------------------------------------------------------------------ */

static struct value eval(struct interpreter *p, ir_ref ref);

static struct value unknown(struct interpreter *p, ir_ref ref, bool stack) {
    unsigned width = ir_at(&p->book->ir, ref)->width;
    return width && width < 64 ? between(0, ir_mask(width), 1) : symbol_of(p, ref, stack);
}

static bool plain_sum(const struct value *a, const struct value *b, struct value *v) {
    uint64_t hi;
    *v = (struct value){0, a->lo + b->lo, a->hi + b->hi, gcd(a->stride, b->stride)};
    return (a->lo == a->hi && b->lo == b->hi) || !__builtin_add_overflow(a->hi, b->hi, &hi);
}

/* A symbol plus a number of small magnitude, or an interval of them. */
static bool sum(const struct value *a, const struct value *b, struct value *v) {
    if (a->symbol && b->symbol)
        return false;
    if (!a->symbol && !b->symbol)
        return plain_sum(a, b, v);
    *v = (struct value){a->symbol | b->symbol, a->lo + b->lo, a->hi + b->hi, gcd(a->stride, b->stride)};
    return (int64_t)v->lo <= (int64_t)v->hi;
}

static bool difference(const struct value *a, const struct value *b, struct value *v) {
    if (b->lo != b->hi || (b->symbol && b->symbol != a->symbol))
        return false;
    *v = (struct value){b->symbol ? 0 : a->symbol, a->lo - b->lo, a->hi - b->lo, a->stride};
    return v->symbol ? (int64_t)v->lo <= (int64_t)v->hi : v->lo <= v->hi;
}

/* Of a plain interval and a number. */
static bool scaled(enum ir_op op, const struct value *a, uint64_t c, struct value *v) {
    uint64_t hi;
    if (op == IR_SHL ? c > 63 || a->hi > UINT64_MAX >> c : __builtin_mul_overflow(a->hi, c, &hi))
        return false;
    uint64_t by = op == IR_SHL ? 1ull << c : c;
    *v = between(a->lo * by, a->hi * by, a->stride * by);
    return true;
}

static bool arithmetic(enum ir_op op, const struct value *a, const struct value *b, struct value *v) {
    if (op == IR_ADD)
        return sum(a, b, v);
    if (op == IR_SUB)
        return difference(a, b, v);
    if (op == IR_AND && is_number(b) && (int64_t)b->lo >= 0) {
        *v = between(0, !a->symbol && a->hi < b->lo ? a->hi : b->lo, b->lo & 1 ? 1 : 1ull << __builtin_ctzll(b->lo | 1ull << 63));
        return true;
    }
    if (op == IR_SHR && is_number(b) && b->lo < 64) {
        *v = a->symbol ? between(0, UINT64_MAX >> b->lo, 1) : between(a->lo >> b->lo, a->hi >> b->lo, 1);
        return b->lo > 0;
    }
    if ((op == IR_SHL || op == IR_MUL) && !a->symbol && is_number(b))
        return scaled(op, a, b->lo, v);
    if (op == IR_REMU && is_number(b) && b->lo) {
        *v = between(0, b->lo - 1, 1);
        return true;
    }
    return false;
}

static struct value binary(struct interpreter *p, ir_ref ref, const struct ir_node *n) {
    struct value a = eval(p, n->a), b = eval(p, n->b), v;
    bool stack = near_stack(p, &a) || near_stack(p, &b), commutes = n->op == IR_ADD || n->op == IR_AND || n->op == IR_MUL;
    if (is_number(&a) && is_number(&b))
        return number(ir_fold((enum ir_op)n->op, ir_at(&p->book->ir, n->a)->width, a.lo, b.lo));
    if (n->width < 64) /* arithmetic modulo less than the word: only its width is known */
        return between(0, ir_mask(n->width), 1);
    if (arithmetic((enum ir_op)n->op, &a, &b, &v) || (commutes && arithmetic((enum ir_op)n->op, &b, &a, &v)))
        return v;
    return unknown(p, ref, stack);
}

static struct value hull(const struct value *a, const struct value *b) {
    uint64_t lo = a->lo < b->lo ? a->lo : b->lo, hi = a->hi > b->hi ? a->hi : b->hi;
    uint64_t apart = a->lo > b->lo ? a->lo - b->lo : b->lo - a->lo;
    return between(lo, hi, gcd(gcd(a->stride, b->stride), apart));
}

static struct value resized(struct interpreter *p, ir_ref ref, const struct ir_node *n) {
    struct value a = eval(p, n->a);
    unsigned from = ir_at(&p->book->ir, n->a)->width;
    if (n->op == IR_LOW) {
        if (!a.symbol && (a.hi <= ir_mask(n->width) || a.lo == a.hi))
            return between(a.lo & ir_mask(n->width), a.hi & ir_mask(n->width), a.stride);
        return between(0, ir_mask(n->width), 1);
    }
    if (is_number(&a))
        return number(n->op == IR_ZEXT ? a.lo : (uint64_t)ir_signed(a.lo, from) & ir_mask(n->width));
    if (n->op == IR_ZEXT || (!a.symbol && from && a.hi <= ir_mask(from) >> 1))
        return a;
    return unknown(p, ref, false);
}

static struct value evaluate(struct interpreter *p, ir_ref ref) {
    const struct ir_node *n = ir_at(&p->book->ir, ref);
    uint64_t at;
    switch (n->op) {
    case IR_CONST: return number(n->imm);
    case IR_VAR:
        if (var_kind(n->imm) == VAR_ENTRY && var_loc(n->imm) < REGS)
            return p->now.reg[var_loc(n->imm)];
        return map_get(&p->loaded, ref, &at) ? p->loads.data[at] : unknown(p, ref, false);
    case IR_ZEXT: case IR_SEXT: case IR_LOW: return resized(p, ref, n);
    case IR_EQ: case IR_ULT: case IR_SLT: return between(0, 1, 1);
    case IR_ITE: {
        struct value a = eval(p, n->b), b = eval(p, n->c);
        if (same_value(&a, &b))
            return a;
        bool stack = near_stack(p, &a) || near_stack(p, &b);
        return !a.symbol && !b.symbol && !stack ? hull(&a, &b) : unknown(p, ref, stack);
    }
    default: return n->op >= IR_ADD && n->op <= IR_SAR ? binary(p, ref, n) : unknown(p, ref, false);
    }
}

static struct value eval(struct interpreter *p, ir_ref ref) {
    uint64_t at;
    if (map_get(&p->memo, ref, &at))
        return p->memos.data[at];
    struct value v = evaluate(p, ref);
    map_put(&p->memo, ref, p->memos.len);
    vec_push(&p->memos, v);
    return v;
}

/* ---- memory ------------------------------------------------------------------------------------------------------------ */

static bool on_stack(const struct interpreter *p, uint64_t addr) { return addr >= p->low && addr < p->now.top; }

static struct value *cell_at(struct interpreter *p, uint64_t addr) {
    for (size_t i = 0; i < p->now.cells.len; i++)
        if (p->now.cells.data[i].addr == addr)
            return &p->now.cells.data[i].value;
    return NULL;
}

static void put_cell(struct interpreter *p, uint64_t addr, struct value v) {
    size_t at = 0;
    while (at < p->now.cells.len && p->now.cells.data[at].addr < addr)
        at++;
    vec_push(&p->now.cells, ((struct cell){0}));
    memmove(p->now.cells.data + at + 1, p->now.cells.data + at, (p->now.cells.len - 1 - at) * sizeof(struct cell));
    p->now.cells.data[at] = (struct cell){addr, v};
}

/* Forget what a store to somewhere in ADDRESS may change. */
static void forget(struct interpreter *p, const struct value *address, uint32_t bytes) {
    bool stack_too = p->escaped || (address->symbol && p->a->symbols.data[address->symbol].stack);
    size_t kept = 0;
    for (size_t i = 0; i < p->now.cells.len; i++) {
        const struct cell *c = &p->now.cells.data[i];
        bool hit = address->symbol ? stack_too || !on_stack(p, c->addr) : c->addr + 8 > address->lo && c->addr < address->hi + bytes;
        if (!hit)
            p->now.cells.data[kept++] = *c;
    }
    p->now.cells.len = kept;
}

static void do_store(struct interpreter *p, const struct code_access *c, const struct value *address) {
    struct value v = eval(p, c->value);
    bool known = is_number(address);
    if (near_stack(p, &v) && c->bytes == 8 && !(known && on_stack(p, address->lo)))
        p->escaped = true;
    forget(p, address, c->bytes);
    if (known && c->bytes == 8 && address->lo % 8 == 0)
        put_cell(p, address->lo, v);
}

static bool constant_at(const struct interpreter *p, uint64_t addr, uint32_t bytes, uint64_t *v) {
    const uint8_t *at = image_is_constant(p->book->g->image, addr, bytes) ? image_at(p->book->g->image, addr, bytes) : NULL;
    *v = 0;
    if (at)
        memcpy(v, at, bytes);
    return at != NULL;
}

static void do_load(struct interpreter *p, const struct code_access *c, const struct value *address) {
    struct value v, *cell = is_number(address) && c->bytes == 8 ? cell_at(p, address->lo) : NULL;
    uint64_t constant;
    if (cell) {
        v = *cell;
    } else if (is_number(address) && constant_at(p, address->lo, c->bytes, &constant)) {
        v = number(constant);
    } else {
        v = unknown(p, c->value, p->escaped);
        if (is_number(address) && c->bytes == 8 && address->lo % 8 == 0)
            put_cell(p, address->lo, v);
    }
    map_put(&p->loaded, c->value, p->loads.len);
    vec_push(&p->loads, v);
}

/* ---- a node ------------------------------------------------------------------------------------------------------------- */

static void copy_state(struct state *to, const struct state *from) {
    to->reached = from->reached;
    to->top = from->top;
    memcpy(to->reg, from->reg, sizeof to->reg);
    to->cells.len = 0;
    for (size_t i = 0; i < from->cells.len; i++)
        vec_push(&to->cells, from->cells.data[i]);
}

/* From p->in[node] to p->now, the state behind it. RECORD: the final pass. */
static void run_node(struct interpreter *p, uint32_t node, bool record) {
    const struct walk *w = p->r->w->walk;
    const struct block_code *c = code_of(p->book, w->nodes.data[p->r->nodes.data[node]].block);
    struct value out[REGS];
    p->node = node;
    map_free(&p->memo);
    map_free(&p->loaded);
    p->memos.len = p->loads.len = 0;
    copy_state(&p->now, &p->in[node]);
    for (size_t i = 0; i < c->accesses.len; i++) {
        const struct code_access *x = &c->accesses.data[i];
        struct value address = eval(p, x->address);
        if (record)
            vec_push(&p->a->accesses, ((struct node_access){x, address}));
        if (x->store)
            do_store(p, x, &address);
        else
            do_load(p, x, &address);
    }
    if (!c->modelled || c->remaps)
        p->now.cells.len = 0;
    for (unsigned i = 0; i < REGS; i++)
        out[i] = c->modelled ? eval(p, c->out[i]) : symbol_of(p, (uint64_t)i << 32 | 0xfffffffe, true);
    memcpy(p->now.reg, out, sizeof out);
    if (is_number(&out[2]) && out[2].lo > p->now.top)
        p->now.top = out[2].lo;
    if (is_number(&out[2]) && out[2].lo < p->lowest)
        p->lowest = out[2].lo;
}

/* ---- joins --------------------------------------------------------------------------------------------------------------- */

static bool of_node(const struct interpreter *p, const struct value *v, uint32_t node) { return v->symbol && p->a->symbols.data[v->symbol].node == node; }

/* What a register is on entry to the node, with V coming over one more edge. Symbols of the node itself are those of an earlier time. */
static struct value join_value(struct interpreter *p, const struct state *s, unsigned reg, const struct value *old, const struct value *v) {
    bool stack = near_stack(p, v) || (old && near_stack(p, old));
    struct value own = register_symbol(p, reg, false);
    if (old && old->symbol == own.symbol && own.symbol) {
        register_symbol(p, reg, stack);
        return own;
    }
    if (!of_node(p, v, p->node)) {
        if (!old || same_value(old, v))
            return *v;
        if (!old->symbol && !v->symbol && !stack && s->visits < HULLS)
            return hull(old, v);
    }
    return register_symbol(p, reg, stack);
}

static bool join_cells(struct interpreter *p, struct state *into) {
    size_t kept = 0;
    for (size_t i = 0; i < into->cells.len; i++) {
        const struct value *v = cell_at(p, into->cells.data[i].addr);
        if (v && same_value(v, &into->cells.data[i].value))
            into->cells.data[kept++] = into->cells.data[i];
    }
    bool changed = kept != into->cells.len;
    into->cells.len = kept;
    return changed;
}

/* p->now arrives at NODE. True: its state on entry is another one now. */
static bool arrive(struct interpreter *p, uint32_t node) {
    struct state *s = &p->in[node];
    bool first = !s->reached, changed = first;
    p->node = node;
    for (unsigned i = 0; i < REGS; i++) {
        struct value v = join_value(p, s, i, first ? NULL : &s->reg[i], &p->now.reg[i]);
        changed |= first || !same_value(&v, &s->reg[i]);
        s->reg[i] = v;
    }
    if (first) {
        s->cells.len = 0;
        for (size_t i = 0; i < p->now.cells.len; i++)
            if (!of_node(p, &p->now.cells.data[i].value, node))
                vec_push(&s->cells, p->now.cells.data[i]);
    } else {
        changed |= join_cells(p, s);
    }
    changed |= p->now.top > s->top;
    s->top = p->now.top > s->top ? p->now.top : s->top;
    s->reached = true;
    s->visits++;
    return changed;
}

/* ---- all nodes ----------------------------------------------------------------------------------------------------------- */

static void start(struct interpreter *p) {
    uint32_t node = p->r->number.data[p->r->start];
    p->node = node;
    p->in[node].reached = true;
    for (unsigned i = 1; i < REGS; i++)
        p->in[node].reg[i] = register_symbol(p, i, false);
}

static void propagate(struct interpreter *p) {
    const struct row_graph *r = p->r;
    const struct walk *w = r->w->walk;
    VEC(uint32_t) work = {0};
    bool *queued = mem_alloc(r->nodes.len + 1);
    vec_push(&work, r->number.data[r->start]);
    for (size_t i = 0; i < work.len; i++) {
        uint32_t node = work.data[i];
        const struct walk_node *wn = &w->nodes.data[r->nodes.data[node]];
        queued[node] = false;
        run_node(p, node, false);
        for (uint32_t k = wn->edge; k < wn->edge + wn->edges; k++) {
            uint32_t to = w->edges.data[k].to;
            if (r->edge_number.data[k] == NONE || !arrive(p, r->number.data[to]) || queued[r->number.data[to]])
                continue;
            queued[r->number.data[to]] = true;
            vec_push(&work, r->number.data[to]);
        }
    }
    vec_free(&work);
    free(queued);
}

static void record(struct interpreter *p) {
    struct addresses *a = p->a;
    a->accesses.len = a->first.len = 0;
    for (uint32_t n = 0; n < p->r->nodes.len; n++) {
        vec_push(&a->first, (uint32_t)a->accesses.len);
        if (p->in[n].reached)
            run_node(p, n, true);
    }
    vec_push(&a->first, (uint32_t)a->accesses.len);
}

static void forget_all(struct interpreter *p) {
    for (uint32_t n = 0; n < p->r->nodes.len; n++)
        vec_free(&p->in[n].cells);
    memset(p->in, 0, (p->r->nodes.len + 1) * sizeof *p->in);
}

static size_t stack_symbols(const struct interpreter *p) {
    size_t n = 0;
    for (size_t i = 0; i < p->a->symbols.len; i++)
        n += p->a->symbols.data[i].stack;
    return n;
}

static void round_of(struct interpreter *p) {
    p->lowest = UINT64_MAX;
    forget_all(p);
    start(p);
    propagate(p);
    record(p);
}

/* How far the stack goes down, which symbols may be addresses of it, and whether one is let out, are found on the way, but must be known
 * from the start: rounds, until one finds nothing new. The first finds how far the stack goes down. */
void addresses_find(const struct row_graph *r, struct code_book *book, struct addresses *a) {
    struct interpreter p = {.r = r, .book = book, .a = a, .low = UINT64_MAX};
    p.in = mem_alloc((r->nodes.len + 1) * sizeof *p.in);
    vec_push(&a->symbols, ((struct symbol_home){.node = NONE}));
    round_of(&p);
    p.escaped = false;
    for (size_t i = 0; i < a->symbols.len; i++)
        a->symbols.data[i].stack = false;
    for (bool again = true; again;) {
        size_t stack = stack_symbols(&p);
        bool escaped = p.escaped;
        p.low = p.lowest < p.low ? p.lowest : p.low;
        round_of(&p);
        again = p.escaped != escaped || p.lowest < p.low || stack_symbols(&p) != stack;
    }
    a->escaped = p.escaped;
    forget_all(&p);
    free(p.in);
    map_free(&p.symbol_index);
    map_free(&p.loaded);
    map_free(&p.memo);
    vec_free(&p.loads);
    vec_free(&p.memos);
    vec_free(&p.now.cells);
}

void addresses_free(struct addresses *a) {
    vec_free(&a->accesses);
    vec_free(&a->first);
    vec_free(&a->symbols);
}
