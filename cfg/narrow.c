/* Which functions an open pointer may mean: those whose address is taken, less those that its use speaks against.
 *
 * Arguments, after van der Veen et al., "A Tough Call: Mitigating Advanced Code-Reuse Attacks at the Binary Level" (IEEE S&P 2016): who is called
 * reads no argument register that the call has not prepared. What a function reads is never overstated: only an address, a condition, a stored
 * or returned value, or an argument of a callee that reads it itself is a reading of what a register held at the entry; what is only put on
 * the stack is not (variadic functions, -O0), nor what a routine stores that saves whole contexts. What a call prepares is never understated:
 * everything but what an earlier call destroyed on all ways, and what the caller itself is not given. Registers are given in order, so behind the first
 * one that is not prepared there is none. Assumed: code calls by the psABI, with as many arguments as the callee has.
 *
 * Where the data hold a function's address leaves nobody out: a structure that is copied into another one, or pointed to in its midst, has its functions
 * at offsets that no table shows. Who stands where the pointer is loaded from is only told apart. */
#include "cfg/narrow.h"
#include "cfg/callers.h"
#include "cfg/places.h"

enum { A0 = 10, LEVELS = 4, MOST_BLOCKS = 60000, MOST_SEEN = 32 };

/* What a block with a call or an open pointer at its end hands over: bit i is argument register i. */
struct use {
    uint32_t block;
    uint8_t set, through;   /* something is in it for sure or may be; it may be what the caller's caller gave */
    uint8_t of[ARGUMENTS];  /* the caller's arguments that are in it */
    bool based;             /* open: the pointer is loaded OFFSET bytes behind a pointer */
    bool tail;              /* the stack pointer is what it was at the entry */
    uint64_t offset;
};
struct summary {
    bool looked, unsure;    /* there is a summary; the graph may lack ways */
    uint8_t reads;          /* arguments that it reads for certain */
    bool asked;             /* how many it has at most */
    uint32_t arguments;
    VEC(struct use) uses;
};
typedef VEC(uint32_t) numbers;

struct narrowing {
    struct cfg *g;
    struct ir ir;
    uint32_t *unsaved;
    struct summary *of;     /* by function */
    uint8_t *writes;        /* by function: argument registers that it or a callee writes */
    bool *resumed;          /* by function: what another one calls returns to it */
    numbers *site;          /* by function: blocks that call it */
    size_t blocks;          /* looked at so far */
    struct places *places;
    uint32_t *taken;
    size_t n;
    struct candidates now;
};

/* ---- calls that leave registers alone ---------------------------------------------------------------------------------------------------- */

/* May the register come out of the call as it went in? gcc's -fipa-ra counts on what a known callee leaves alone. */
static bool may_keep(const struct narrowing *n, uint32_t block, uint32_t argument) {
    const struct block *k = block_of(n->g, block);
    uint8_t writes = k->open ? 0xff : 0;
    for (uint32_t i = k->call; i < k->call + k->calls; i++)
        writes |= n->writes[n->g->calls.data[i]];
    return !(writes >> argument & 1);
}

/* Called by x5: a routine that saves or restores registers for its caller's, and touches no argument. */
static bool is_millicode(const struct narrowing *n, uint32_t block) {
    struct code *c = &n->g->own->flow.code;
    const struct block *k = block_of(n->g, block);
    return k->end == END_CALL && k->calls && c->insn[code_slot(c, block_last(n->g, block))].rd == 5;
}

/* The local block at whose end TERM came out of a call in argument register A, NONE. */
static uint32_t call_of(const struct values *v, ir_ref term, uint32_t a) {
    const struct ir_node *t = ir_at(v->ir, term);
    bool fits = t->op == IR_VAR && var_kind(t->imm) == VAR_CALL && var_loc(t->imm) == A0 + a;
    return fits ? values_at_slot(v, var_index(t->imm)) : NONE;
}

/* ---- what a function reads ---------------------------------------------------------------------------------------------------------------------- */

/* A routine that stores what other registers than arguments held when it began, and not on its stack: it saves a context. */
static bool saves_context(const struct values *v) {
    const uint32_t arguments = 0xffu << A0, fixed = 1u << 2 | 1u << 3 | 1u << 4;
    for (ir_ref r = 1; r < v->ir->nodes.len; r++) {
        const struct ir_node *n = ir_at(v->ir, r), *value = ir_at(v->ir, n->c);
        bool entry = n->op == IR_STORE && value->op == IR_VAR && var_kind(value->imm) == VAR_ENTRY && var_loc(value->imm) < LOC_F;
        if (entry && !ir_at(v->ir, n->b)->stack && !((arguments | fixed) >> var_loc(value->imm) & 1))
            return true;
    }
    return false;
}

/* Of each node the arguments that it is made of, other than by way of memory; *reads: those that a load or store needs. */
static uint8_t *find_parts(const struct narrowing *f, const struct values *v, uint8_t *reads) {
    const struct ir *ir = v->ir;
    uint8_t *part = mem_alloc(ir->nodes.len);
    bool context = saves_context(v);
    for (ir_ref r = 1; r < ir->nodes.len; r++) { /* made of earlier ones */
        const struct ir_node *n = ir_at(ir, r);
        if (n->op == IR_VAR && var_kind(n->imm) == VAR_ENTRY && var_loc(n->imm) - A0 < ARGUMENTS)
            part[r] = (uint8_t)(1u << (var_loc(n->imm) - A0));
        else if (n->op == IR_VAR && var_kind(n->imm) == VAR_CALL && var_loc(n->imm) - A0 < ARGUMENTS) {
            uint32_t a = var_loc(n->imm) - A0, b = call_of(v, r, a);
            part[r] = b != NONE && is_millicode(f, v->global[b]) ? part[v->given[b * ARGUMENTS + a]] : 0;
        }
        else if (n->op == IR_LOAD || n->op == IR_STORE)
            *reads |= part[n->b] | (n->op == IR_STORE && !context && !ir_at(ir, n->b)->stack ? part[n->c] : 0);
        else if (n->op == IR_SETCSR)
            *reads |= part[n->b];
        else if (n->op != IR_CONST && n->op != IR_VAR && n->op != IR_CSR)
            part[r] = part[n->a] | part[n->b] | part[n->c];
    }
    return part;
}

/* ---- what a call hands over ----------------------------------------------------------------------------------------------------------------------- */

struct origin {
    bool set, through;
    ir_ref seen[MOST_SEEN];
    size_t seens;
};

/* Where what argument register A holds may have come from: TERM. */
static void find_origin(const struct narrowing *n, const struct values *v, ir_ref term, uint32_t a, struct origin *o) {
    const struct ir_node *t = ir_at(v->ir, term);
    unsigned kind = t->op == IR_VAR && var_loc(t->imm) == A0 + a ? var_kind(t->imm) : 0;
    uint32_t at = kind == VAR_CALL || kind == VAR_PHI ? values_at_slot(v, var_index(t->imm)) : NONE;
    for (size_t i = 0; i < o->seens; i++)
        if (o->seen[i] == term)
            return;
    if (kind == VAR_ENTRY)
        o->through = true;
    else if (at == NONE || o->seens == MOST_SEEN)
        o->set = true;
    else if (kind == VAR_CALL) {
        o->seen[o->seens++] = term;
        o->set |= a < 2 && !is_millicode(n, v->global[at]); /* a0 and a1: what it returned */
        if (may_keep(n, v->global[at], a))
            find_origin(n, v, v->given[at * ARGUMENTS + a], a, o);
    } else {
        o->seen[o->seens++] = term;
        o->through |= v->idom[at] == at;
        for (uint32_t p = v->first[at]; p < v->first[at + 1]; p++)
            if (value_out(v, v->pred[p], A0 + a))
                find_origin(n, v, value_out(v, v->pred[p], A0 + a), a, o);
    }
}

/* The pointer is what is loaded a constant behind some pointer that is not computed here. */
static void find_base(const struct values *v, uint32_t b, struct use *u) {
    const struct ir_node *t = ir_at(v->ir, v->target[b]);
    uint64_t k = 0;
    if (t->op == IR_AND && ir_is_const(v->ir, t->b, &k) && k == UINT64_MAX - 1)
        t = ir_at(v->ir, t->a);
    if (t->op != IR_LOAD || t->width != 64 || ir_at(v->ir, t->b)->stack)
        return;
    const struct ir_node *base = ir_at(v->ir, t->b);
    k = 0;
    if (base->op == IR_ADD && ir_is_const(v->ir, base->b, &k))
        base = ir_at(v->ir, base->a);
    u->based = (base->op == IR_VAR || base->op == IR_LOAD) && (int64_t)k >= 0 && k < 2048;
    u->offset = k;
}

static void look_block(const struct narrowing *n, const struct values *v, uint32_t b, const uint8_t *part, struct summary *s) {
    const struct block *k = block_of(n->g, v->global[b]);
    struct use u = {.block = v->global[b], .tail = value_out(v, b, 2) == v->sp};
    for (uint32_t a = 0; a < ARGUMENTS; a++) {
        ir_ref given = v->given[b * ARGUMENTS + a];
        struct origin o = {0};
        find_origin(n, v, given, a, &o);
        u.set |= (uint8_t)(o.set << a);
        u.through |= (uint8_t)(o.through << a);
        u.of[a] = part[given];
    }
    if (k->open && v->target[b])
        find_base(v, b, &u);
    vec_push(&s->uses, u);
}

/* ---- one function ------------------------------------------------------------------------------------------------------------------------------------ */

static bool label_within(const struct cfg *g, const struct function *f) {
    const struct flow *w = &g->own->flow;
    for (size_t i = 0; i < w->candidates.len; i++)
        if (w->candidates.data[i] - f->addr - 1 < f->size - 1)
            return true;
    return false;
}

static const struct symbol *symbol_of(const struct cfg *g, uint64_t addr) {
    const struct symbol *s;
    size_t n = symbols_at(g->image, addr, &s);
    for (size_t i = 0; i < n; i++)
        if (s[i].function && s[i].size)
            return &s[i];
    return NULL;
}

/* Its open jumps leave the function: compiled code jumps to one of its own labels by a pointer only if it takes their addresses. */
static bool leaves_only(const struct cfg *g, uint32_t function) {
    const struct function *f = &g->functions.data[function];
    bool open = false, pointers = true;
    for (size_t i = 0; i < f->blocks.len; i++)
        open |= block_of(g, f->blocks.data[i])->end == END_OPEN;
    for (size_t i = 0; i < g->unresolved.len && open; i++) {
        const struct unresolved *u = &g->unresolved.data[i];
        const struct resolution *r = resolution_at(&g->own->known, u->addr);
        pointers &= u->function != function || (u->pointer && r && r->why && !r->constant && !strstr(r->why, " table "));
    }
    return !open || (pointers && symbol_of(g, f->addr) && !label_within(g, f));
}

static void look(struct narrowing *n, uint32_t function) {
    struct summary *s = &n->of[function];
    struct values v;
    if (s->looked)
        return;
    n->blocks += n->g->functions.data[function].blocks.len;
    s->looked = true;
    s->unsure = n->blocks > MOST_BLOCKS || !leaves_only(n->g, function);
    if (n->blocks > MOST_BLOCKS)
        return;
    ir_reset(&n->ir);
    values_find(&v, n->g, function, &n->ir, n->unsaved);
    uint8_t *part = find_parts(n, &v, &s->reads);
    for (uint32_t b = 0; b < v.blocks; b++) {
        const struct block *k = block_of(n->g, v.global[b]);
        if (v.number[b] == NONE)
            continue;
        s->reads |= part[v.condition[b]] | part[v.target[b]];
        if (k->end == END_RETURN && ir_at(&n->ir, value_out(&v, b, A0))->imm != var_id(VAR_ENTRY, 0, A0))
            s->reads |= part[value_out(&v, b, A0)];
        if (k->calls || k->open)
            look_block(n, &v, b, part, s);
    }
    free(part);
    values_free(&v);
}

/* ---- what flows between functions ----------------------------------------------------------------------------------------------------------------------- */

/* Argument A of all that U's block may call is read. */
static bool callees_read(const struct narrowing *n, const struct use *u, uint32_t a) {
    const struct block *k = block_of(n->g, u->block);
    bool all = k->calls != 0 && !k->open;
    for (uint32_t i = k->call; i < k->call + k->calls; i++)
        all &= n->of[n->g->calls.data[i]].reads >> a & 1;
    return all;
}

static bool pass_reads(struct narrowing *n, struct summary *s) {
    uint8_t before = s->reads;
    for (size_t i = 0; i < s->uses.len; i++)
        for (uint32_t a = 0; a < ARGUMENTS; a++)
            if (s->uses.data[i].of[a] & ~s->reads && callees_read(n, &s->uses.data[i], a))
                s->reads |= s->uses.data[i].of[a];
    return s->reads != before;
}

static bool passes_on(const struct use *u) {
    uint8_t any = 0;
    for (uint32_t a = 0; a < ARGUMENTS; a++)
        any |= u->of[a];
    return any != 0;
}

/* The least fixed point: what is not looked at reads nothing. */
static void find_reads(struct narrowing *n) {
    numbers todo = {0};
    bool *seen = mem_alloc(n->g->functions.len + 1);
    for (size_t i = 0; i < n->n; i++) {
        vec_push(&todo, n->taken[i]);
        seen[n->taken[i]] = true;
    }
    for (size_t i = 0; i < todo.len; i++) {
        look(n, todo.data[i]);
        const struct summary *s = &n->of[todo.data[i]];
        for (size_t k = 0; k < s->uses.len; k++) {
            const struct block *b = block_of(n->g, s->uses.data[k].block);
            for (uint32_t c = b->call; c < b->call + b->calls && passes_on(&s->uses.data[k]); c++)
                if (!seen[n->g->calls.data[c]]) {
                    seen[n->g->calls.data[c]] = true;
                    vec_push(&todo, n->g->calls.data[c]);
                }
        }
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = todo.len; i-- > 0;)
            changed |= pass_reads(n, &n->of[todo.data[i]]);
    }
    vec_free(&todo);
    free(seen);
}

/* Only what writes for certain where it is executed counts. */
static uint8_t own_writes(const struct cfg *g, uint32_t function) {
    struct code *c = &g->own->flow.code;
    uint8_t writes = 0;
    for (size_t k = 0; k < g->functions.data[function].blocks.len; k++) {
        const struct block *b = block_of(g, g->functions.data[function].blocks.data[k]);
        for (uint64_t at = b->addr; at < b->addr + b->size;) {
            const struct insn *i = &c->insn[code_slot(c, at)];
            bool plain = i->op == OP_LUI || i->op == OP_AUIPC || (i->op >= OP_LB && i->op <= OP_LWU) || (i->op >= OP_ADDI && i->op <= OP_REMUW);
            writes |= plain && i->rd - A0 < ARGUMENTS && i->rd >= A0 ? (uint8_t)(1u << (i->rd - A0)) : 0;
            at += i->size;
        }
        writes |= b->open ? 0xff : 0; /* whom nobody knows may, by the psABI */
    }
    return writes;
}

static void find_writes(struct narrowing *n) {
    const struct cfg *g = n->g;
    for (uint32_t f = 0; f < g->functions.len; f++)
        n->writes[f] = own_writes(g, f);
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t b = g->blocks.len; b-- > 0;) {
            const struct block *k = block_of(g, (uint32_t)b);
            uint8_t all = n->writes[k->function] | (k->resume != NONE ? n->writes[k->resume] : 0);
            for (uint32_t i = k->call; i < k->call + k->calls; i++)
                all |= n->writes[g->calls.data[i]];
            changed |= all != n->writes[k->function];
            n->writes[k->function] = all;
        }
    }
}

static const struct use *use_of(const struct narrowing *n, uint32_t block) {
    const struct summary *s = &n->of[block_of(n->g, block)->function];
    for (size_t i = 0; i < s->uses.len; i++)
        if (s->uses.data[i].block == block)
            return &s->uses.data[i];
    return NULL;
}

static bool is_call(const struct block *b) { return b->end == END_CALL || b->end == END_STOP; }
static bool is_function(const struct narrowing *n, uint32_t function) { return symbol_of(n->g, n->g->functions.data[function].addr) != NULL; }

static uint32_t count_given(struct narrowing *n, uint32_t block, int level);

/* Is FUNCTION only entered as functions are: not in the midst of what was one function to the compiler? */
static bool is_called(const struct narrowing *n, uint32_t function) {
    bool calls = !n->resumed[function] && n->g->functions.data[function].addr != image_entry(n->g->image);
    for (size_t i = 0; i < n->site[function].len && calls; i++)
        calls = is_call(block_of(n->g, n->site[function].data[i])) || is_function(n, function);
    return calls;
}

/* At most so many arguments has FUNCTION: each call that is seen gives it all, also if it is called from elsewhere too. */
static uint32_t count_arguments(struct narrowing *n, uint32_t function, int level) {
    struct summary *s = &n->of[function];
    if (s->asked || level == LEVELS || !n->site[function].len || !is_called(n, function))
        return s->asked ? s->arguments : ARGUMENTS;
    s->asked = true;
    s->arguments = ARGUMENTS; /* for whoever asks meanwhile */
    uint32_t least = ARGUMENTS, most = 0;
    for (size_t i = 0; i < n->site[function].len && least; i++) {
        uint32_t count = count_given(n, n->site[function].data[i], level + 1);
        least = count < least ? count : least;
    }
    while (s->reads >> most)
        most++;
    return s->arguments = least < most ? most : least;
}

/* So many argument registers from a0 on may hold something that is meant for whom the end of BLOCK calls. */
static uint32_t count_given(struct narrowing *n, uint32_t block, int level) {
    uint32_t function = block_of(n->g, block)->function, count = 0;
    look(n, function);
    const struct use *u = n->of[function].unsure ? NULL : use_of(n, block);
    if (!u)
        return ARGUMENTS;
    uint32_t arguments = u->through ? count_arguments(n, function, level) : 0;
    while (count < ARGUMENTS && (u->set >> count & 1 || (u->through >> count & 1 && count < arguments)))
        count++;
    return count;
}

/* ---- the candidates of one pointer -------------------------------------------------------------------------------------------------------------------------- */

/* A jump may also lead to a label of its own function, which is no function: only what is one for certain is left out then. */
const struct candidates *narrowing_of(struct narrowing *n, size_t unresolved) {
    const struct unresolved *u = &n->g->unresolved.data[unresolved];
    uint32_t block = cfg_block_around(n->g, u->addr);
    struct candidates *c = &n->now;
    c->list.len = c->kept = c->fitting = 0;
    c->gives = ARGUMENTS;
    c->based = false;
    if (!u->pointer || block == NONE)
        return c;
    bool call = is_call(block_of(n->g, block));
    c->gives = count_given(n, block, 0);
    const struct use *use = use_of(n, block);
    if (!call && !(use && use->tail))
        c->gives = ARGUMENTS;
    c->based = use && use->based;
    c->offset = use ? use->offset : 0;
    for (size_t i = 0; i < n->n; i++) {
        struct candidate k = {.function = n->taken[i]};
        k.out = n->of[k.function].reads >> c->gives && (call || is_function(n, k.function));
        k.fits = c->based && !k.out && places_fit(n->places, k.function, c->offset);
        c->kept += !k.out;
        c->fitting += k.fits;
        vec_push(&c->list, k);
    }
    return c;
}

struct narrowing *narrowing_new(const struct cfg *g) {
    struct narrowing *n = mem_alloc(sizeof *n);
    size_t count = g->functions.len + 1;
    bool any = false;
    n->g = (struct cfg *)g; /* values does not change it */
    for (size_t i = 0; i < g->unresolved.len; i++)
        any |= g->unresolved.data[i].pointer;
    if (!any)
        return n;
    ir_init(&n->ir, g->image);
    n->of = mem_alloc(count * sizeof *n->of);
    n->writes = mem_alloc(count);
    n->resumed = mem_alloc(count);
    n->site = mem_alloc(count * sizeof *n->site);
    n->unsaved = values_unsaved(g);
    n->n = cfg_taken(g, &n->taken);
    n->places = places_new(g, n->taken, n->n);
    for (uint32_t b = 0; b < g->blocks.len; b++) {
        const struct block *k = block_of(g, b);
        for (uint32_t i = k->call; i < k->call + k->calls; i++)
            vec_push(&n->site[g->calls.data[i]], b);
        if (k->resume != NONE)
            n->resumed[k->resume] = true;
    }
    find_writes(n);
    for (size_t i = 0; i < g->unresolved.len; i++)
        if (g->unresolved.data[i].pointer)
            look(n, g->unresolved.data[i].function);
    find_reads(n);
    return n;
}

void narrowing_free(struct narrowing *n) {
    size_t count = n->of ? n->g->functions.len : 0;
    for (size_t f = 0; f < count; f++) {
        vec_free(&n->of[f].uses);
        vec_free(&n->site[f]);
    }
    if (n->of)
        ir_free(&n->ir);
    places_free(n->places);
    vec_free(&n->now.list);
    free(n->unsaved), free(n->of), free(n->writes), free(n->resumed), free(n->site), free(n->taken);
    free(n);
}
