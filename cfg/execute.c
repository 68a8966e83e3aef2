#include "cfg/execute.h"
#include "cfg/piece.h"
#include "cfg/values.h"

#include <inttypes.h>

enum { RA = 1, SP = 2, MOST_DEPTH = 200, MOST_TURNS = 1 << 20, MOST_DOUBTS = 2000, MOST_ROUNDS = 40 };
static const uint64_t WORK_SOFT = 12000000, WORK_HARD = 16000000;
static const uint32_t KEPT = 0x0ffc031c; /* sp, gp, tp and s0 to s11, which the psABI lets a call not change */

/* One call of a function while it runs: the states that wait at its blocks, and what has returned. */
struct activation {
    uint32_t function;
    struct machine **in;        /* by place in the function's list of blocks */
    struct machine *out;
};

typedef VEC(uint32_t) blocks;

struct executor {
    struct cfg *g;
    struct evaluator e;
    struct ir ir;
    struct piece **piece;       /* by block */
    uint32_t *place;            /* a block's place in its function's list */
    uint32_t **order;           /* by function: its blocks in reverse postorder, NONE at the end; NULL: not asked for yet */
    blocks *top, *body;         /* by function, by loop: see make_lists */
    uint64_t *max;              /* by loop, so far */
    bool *lost;                 /* by loop: has no bound */
    uint64_t *doubts;           /* by loop: how often its end was possible but not certain */
    bool *tangled;              /* by function: has irreducible loops */
    bool *forgotten;            /* by function: its loops have no bounds, nor have its callees' */
    uint32_t *unsaved;
    uint64_t work;
    uint32_t depth;
};

/* ---- states ----------------------------------------------------------------------------------------------------------------------------- */

static struct machine *machine_unknown(void) {
    struct machine *m = mem_alloc(sizeof *m);
    for (unsigned r = 0; r < 32; r++)
        m->reg[r] = r ? abs_all(64) : abs_const(64, 0);
    return m;
}

static struct machine *machine_copy(struct executor *x, const struct machine *from) {
    struct machine *m = mem_alloc(sizeof *m);
    x->work += 10 + from->mem.pages.len / 8;
    memcpy(m->reg, from->reg, sizeof m->reg);
    memory_copy(&m->mem, &from->mem);
    return m;
}

static void machine_free(struct machine *m) {
    if (m)
        memory_free(&m->mem);
    free(m);
}

static void machine_join(struct executor *x, struct machine *m, const struct machine *other, bool widen) {
    for (unsigned r = 1; r < 32; r++) {
        if (abs_same(&m->reg[r], &other->reg[r]))
            continue;
        struct abs joined = abs_join(64, m->reg[r], other->reg[r]);
        m->reg[r] = widen ? abs_widen(64, m->reg[r], joined) : joined;
    }
    x->work += 16 + m->mem.pages.len / 4;
    x->work += 32 * memory_join(&m->mem, &other->mem, widen);
}

static bool machine_same(struct executor *x, const struct machine *a, const struct machine *b) {
    for (unsigned r = 1; r < 32; r++)
        if (!abs_same(&a->reg[r], &b->reg[r]))
            return false;
    x->work += a->mem.pages.len / 4;
    return memory_same(&a->mem, &b->mem);
}

/* Takes M over. */
static void meet_at(struct executor *x, struct machine **there, struct machine *m) {
    if (!*there) {
        *there = m;
        return;
    }
    machine_join(x, *there, m, false);
    machine_free(m);
}

/* ---- giving up ---------------------------------------------------------------------------------------------------------------------------- */

/* Nothing is known of how FUNCTION and what it calls are run from now on. */
static void forget_function(struct executor *x, uint32_t function) {
    VEC(uint32_t) work = {0};
    vec_push(&work, function);
    while (work.len) {
        uint32_t f = work.data[--work.len];
        if (x->forgotten[f])
            continue;
        x->forgotten[f] = true;
        for (size_t i = 0; i < x->g->functions.data[f].blocks.len; i++) {
            const struct block *k = block_of(x->g, x->g->functions.data[f].blocks.data[i]);
            for (uint32_t c = k->call; c < k->call + k->calls; c++)
                vec_push(&work, x->g->calls.data[c]);
            if (k->resume != NONE)
                vec_push(&work, k->resume);
            for (uint32_t l = k->loop; l != NONE && !x->lost[l]; l = x->g->loops.data[l].parent)
                x->lost[l] = true;
        }
    }
    vec_free(&work);
}

static bool in_loop(const struct cfg *g, uint32_t block, uint32_t loop) {
    uint32_t l = block_of(g, block)->loop;
    while (l != NONE && l != loop)
        l = g->loops.data[l].parent;
    return l == loop;
}

/* The loop may have done anything, any number of times. */
static void forget_loop(struct executor *x, struct activation *a, uint32_t loop) {
    const struct loop *l = &x->g->loops.data[loop];
    for (size_t i = 0; i < l->blocks.len; i++) {
        const struct block *k = block_of(x->g, l->blocks.data[i]);
        machine_free(a->in[x->place[l->blocks.data[i]]]);
        a->in[x->place[l->blocks.data[i]]] = NULL;
        for (uint32_t c = k->call; c < k->call + k->calls; c++)
            forget_function(x, x->g->calls.data[c]);
        if (k->resume != NONE)
            forget_function(x, k->resume);
        for (uint32_t n = k->loop; n != NONE; n = n == loop ? NONE : x->g->loops.data[n].parent)
            x->lost[n] = true;
        if (k->end == END_RETURN || k->end == END_TAIL || k->resume != NONE || (k->calls && k->end == END_BRANCH))
            meet_at(x, &a->out, machine_unknown());
    }
    for (size_t i = 0; i < l->blocks.len; i++) {
        const struct block *k = block_of(x->g, l->blocks.data[i]);
        for (uint32_t e = k->edge; e < k->edge + k->edges; e++) {
            uint32_t to = x->g->edges.data[e].to;
            if (!in_loop(x->g, to, loop))
                meet_at(x, &a->in[x->place[to]], machine_unknown());
        }
    }
}

/* ---- calls ---------------------------------------------------------------------------------------------------------------------------------- */

static struct machine *run_function(struct executor *x, uint32_t function, struct machine *m);

/* All of the block's callees that the target may be; those that return, joined. Takes M over. NULL: none returns. */
static struct machine *run_callees(struct executor *x, const struct block *k, struct machine *m, const struct abs *target) {
    struct machine *back = NULL;
    for (uint32_t c = k->call; c < k->call + k->calls; c++) {
        uint32_t f = x->g->calls.data[c];
        uint64_t addr = x->g->functions.data[f].addr;
        if (target && (addr < target->i.lo || addr > target->i.hi))
            continue;
        struct machine *r = run_function(x, f, machine_copy(x, m));
        if (r)
            meet_at(x, &back, r);
    }
    machine_free(m);
    return back;
}

/* What the psABI keeps is as it was before the call, where the callee's own doings do not say so already. */
static void keep_registers(const struct executor *x, const struct block *k, const struct abs *before, struct machine *after) {
    uint32_t lost = ~KEPT;
    for (uint32_t c = k->call; c < k->call + k->calls; c++)
        lost |= x->unsaved[x->g->calls.data[c]];
    for (unsigned r = 1; r < 32; r++)
        if (!(lost >> r & 1) && !abs_is_const(&after->reg[r]))
            after->reg[r] = before[r];
}

/* ---- blocks ---------------------------------------------------------------------------------------------------------------------------------- */

static void tail_call(struct executor *x, struct activation *a, const struct block *k, struct machine *m, const struct abs *target) {
    struct machine *back = run_callees(x, k, m, target);
    if (back)
        meet_at(x, &a->out, back);
}

/* Along the only edge of the kind, or into the functions behind it. */
static void go(struct executor *x, struct activation *a, const struct block *k, struct machine *m, enum edge_kind kind) {
    const struct edge *found = k->edges == 1 && !k->calls ? &x->g->edges.data[k->edge] : NULL;
    for (uint32_t e = k->edge; e < k->edge + k->edges; e++)
        if (x->g->edges.data[e].kind == kind)
            found = &x->g->edges.data[e];
    if (found)
        meet_at(x, &a->in[x->place[found->to]], m);
    else if (k->calls)
        tail_call(x, a, k, m, NULL);
    else
        machine_free(m);
}

/* Both ways of block B's branch are possible: each loop that one of them leaves may end here or not. */
static void doubt(struct executor *x, const struct block *k) {
    for (uint32_t e = k->edge; e < k->edge + k->edges; e++)
        for (uint32_t l = k->loop; l != NONE && !in_loop(x->g, x->g->edges.data[e].to, l); l = x->g->loops.data[l].parent)
            x->doubts[l]++;
}

static void branch(struct executor *x, struct activation *a, const struct block *k, const struct piece *p, const struct abs *before, struct machine *m) {
    if (!p->condition) { /* both ways lead to the same place */
        go(x, a, k, m, EDGE_FALL);
        return;
    }
    struct abs c = x->e.value[p->condition];
    if (abs_is_const(&c)) {
        go(x, a, k, m, c.i.lo ? EDGE_TAKEN : EDGE_FALL);
        return;
    }
    x->work += 6 * p->steps.len;
    struct machine *other = machine_copy(x, m);
    bool taken = piece_assume(&x->e, p, before, m, true), falls = piece_assume(&x->e, p, before, other, false);
    if (taken && falls)
        doubt(x, k);
    if (taken)
        go(x, a, k, m, EDGE_TAKEN);
    else
        machine_free(m);
    if (falls)
        go(x, a, k, other, EDGE_FALL);
    else
        machine_free(other);
}

static void jump(struct executor *x, struct activation *a, const struct block *k, const struct piece *p, struct machine *m) {
    struct abs target = p->target ? x->e.value[p->target] : abs_all(64);
    for (uint32_t e = k->edge; e < k->edge + k->edges; e++) {
        uint32_t to = x->g->edges.data[e].to;
        uint64_t addr = block_of(x->g, to)->addr;
        if (addr >= target.i.lo && addr <= target.i.hi)
            meet_at(x, &a->in[x->place[to]], machine_copy(x, m));
    }
    tail_call(x, a, k, m, &target);
}

static void call(struct executor *x, struct activation *a, const struct block *k, const struct piece *p, struct machine *m) {
    struct abs target = p->target ? x->e.value[p->target] : abs_all(64), before[32];
    memcpy(before, m->reg, sizeof before);
    struct machine *back = run_callees(x, k, m, &target);
    if (!back)
        return;
    keep_registers(x, k, before, back);
    if (k->resume != NONE) {
        struct machine *r = run_function(x, k->resume, back);
        if (r)
            meet_at(x, &a->out, r);
    } else if (k->edges) {
        meet_at(x, &a->in[x->place[x->g->edges.data[k->edge].to]], back);
    } else {
        machine_free(back);
    }
}

/* The stack is the program's own too, from where sp is down to what it has used. */
static void keep_stack(struct executor *x, const struct machine *m) {
    struct range *stack = &x->e.keep.data[0];
    if (!abs_is_const(&m->reg[SP]))
        return;
    uint64_t sp = m->reg[SP].i.lo;
    stack->hi = sp > stack->hi ? sp : stack->hi;
    stack->lo = sp < stack->lo && stack->hi - sp < 1 << 20 ? sp : stack->lo;
}

static void run_block(struct executor *x, struct activation *a, uint32_t b, struct machine *m) {
    const struct block *k = block_of(x->g, b);
    struct abs before[32];
    if (!x->piece[b])
        x->piece[b] = piece_make(&x->e, b);
    const struct piece *p = x->piece[b];
    x->work += p->steps.len + 8 + m->mem.pages.len / 8;
    memcpy(before, m->reg, sizeof before);
    piece_run(&x->e, p, m);
    keep_stack(x, m);
    switch (k->end) {
    case END_FALL:
        go(x, a, k, m, EDGE_FALL);
        break;
    case END_BRANCH:
        branch(x, a, k, p, before, m);
        break;
    case END_JUMP:
        jump(x, a, k, p, m);
        break;
    case END_TAIL:
        tail_call(x, a, k, m, NULL);
        break;
    case END_CALL: case END_STOP:
        call(x, a, k, p, m);
        break;
    case END_RETURN:
        meet_at(x, &a->out, m);
        break;
    case END_TRAP_RETURN: case END_OPEN: /* not in programs that we run */
        machine_free(m);
        break;
    }
}

/* ---- loops ------------------------------------------------------------------------------------------------------------------------------------ */

static void run_loop(struct executor *x, struct activation *a, uint32_t loop);

/* Blocks in reverse postorder: behind all from which control comes, but round loops. */
static void depth_first(struct executor *x, uint32_t function) {
    const struct function *f = &x->g->functions.data[function];
    VEC(uint64_t) path = {0};
    bool *seen = mem_alloc(f->blocks.len);
    uint32_t at = (uint32_t)f->blocks.len, *order = mem_alloc((f->blocks.len + 1) * sizeof *order);
    order[at] = NONE;
    seen[x->place[f->entry]] = true;
    vec_push(&path, (uint64_t)f->entry << 32);
    while (path.len) {
        uint32_t b = (uint32_t)(path.data[path.len - 1] >> 32), i = (uint32_t)path.data[path.len - 1]++;
        const struct block *k = block_of(x->g, b);
        if (i >= k->edges) {
            order[--at] = b;
            path.len--;
            continue;
        }
        uint32_t to = x->g->edges.data[k->edge + i].to;
        if (!seen[x->place[to]])
            vec_push(&path, (uint64_t)to << 32);
        seen[x->place[to]] = true;
    }
    memmove(order, order + at, (f->blocks.len + 1 - at) * sizeof *order);
    x->order[function] = order;
    vec_free(&path);
    free(seen);
}

static bool is_entry(const struct loop *l, uint32_t block) {
    for (size_t i = 0; i < l->entries.len; i++)
        if (l->entries.data[i] == block)
            return true;
    return false;
}

/* A function's blocks by the loop that they are in, each list in reverse postorder; a loop inside is told by its entries. */
static void make_lists(struct executor *x, uint32_t function) {
    const struct loop *loops = x->g->loops.data;
    depth_first(x, function);
    for (const uint32_t *b = x->order[function]; *b != NONE; b++) {
        uint32_t l = block_of(x->g, *b)->loop;
        vec_push(l == NONE ? &x->top[function] : &x->body[l], *b);
        if (l != NONE && is_entry(&loops[l], *b))
            vec_push(loops[l].parent == NONE ? &x->top[function] : &x->body[loops[l].parent], *b);
    }
}

/* Runs what waits in the blocks of LOOP (NONE: of the function) once through; loops inside as a whole. FIRST: also what waits in LOOP's
 * entries. How many of them were run. */
static uint64_t sweep(struct executor *x, struct activation *a, uint32_t loop, bool first) {
    const blocks *list = loop == NONE ? &x->top[a->function] : &x->body[loop];
    uint64_t entries = 0;
    for (size_t i = 0; i < list->len; i++) {
        uint32_t b = list->data[i], l = block_of(x->g, b)->loop;
        struct machine *m = a->in[x->place[b]];
        if (!m)
            continue;
        if (l != loop) {
            run_loop(x, a, l);
            continue;
        }
        if (loop != NONE && is_entry(&x->g->loops.data[loop], b)) {
            if (!first)
                continue;
            entries++;
        }
        a->in[x->place[b]] = NULL;
        run_block(x, a, b, m);
    }
    return entries;
}

static bool waits(const struct executor *x, const struct activation *a, uint32_t loop) {
    const blocks *list = loop == NONE ? &x->top[a->function] : &x->body[loop];
    for (size_t i = 0; i < list->len; i++)
        if (a->in[x->place[list->data[i]]] && (loop == NONE || !is_entry(&x->g->loops.data[loop], list->data[i])))
            return true;
    return false;
}

/* The same until only LOOP's entries wait. In reducible code that is so after one sweep, as the order is one in which control flows. */
static uint64_t run_through(struct executor *x, struct activation *a, uint32_t loop) {
    uint64_t entries = sweep(x, a, loop, true);
    while (x->tangled[a->function] && waits(x, a, loop))
        sweep(x, a, loop, false);
    return entries;
}

/* The loop has no bound: its header's state is widened until another turn adds nothing. */
static void run_forever(struct executor *x, struct activation *a, uint32_t loop) {
    struct machine **in = &a->in[x->place[x->g->loops.data[loop].header]], *all = *in;
    x->lost[loop] = true;
    *in = NULL;
    for (int round = 0; all; round++) {
        if (round == MOST_ROUNDS || x->work > WORK_HARD) {
            machine_free(*in), *in = NULL;
            forget_loop(x, a, loop);
            break;
        }
        *in = machine_copy(x, all);
        run_through(x, a, loop);
        struct machine *next = *in, *before = machine_copy(x, all);
        *in = NULL;
        if (next)
            machine_join(x, all, next, round >= 2);
        bool done = machine_same(x, before, all);
        machine_free(next);
        machine_free(before);
        if (done)
            break;
    }
    machine_free(all);
}

/* Have too many turns been taken that might as well have been the last? */
static bool hopeless(const struct executor *x, uint32_t loop, uint64_t turns, uint64_t doubts) {
    return x->lost[loop] || turns >= MOST_TURNS || x->doubts[loop] - doubts > MOST_DOUBTS || x->work > WORK_SOFT;
}

/* Turn by turn, until none goes round any more. A state that comes again comes for ever: looked for at every power of two (Brent). */
static void run_loop(struct executor *x, struct activation *a, uint32_t loop) {
    const struct loop *l = &x->g->loops.data[loop];
    struct machine **in = &a->in[x->place[l->header]], *seen = NULL;
    uint64_t turns = 0, entries = 0, doubts = x->doubts[loop];
    bool plain = l->entries.len == 1, more = true;
    while (more) {
        if (x->work > WORK_HARD || (!plain && hopeless(x, loop, turns, doubts))) {
            forget_loop(x, a, loop);
            break;
        }
        if (plain && ((seen && machine_same(x, seen, *in)) || hopeless(x, loop, turns, doubts))) {
            run_forever(x, a, loop);
            break;
        }
        turns++;
        if (plain && (turns & (turns - 1)) == 0) {
            machine_free(seen);
            seen = machine_copy(x, *in);
        }
        entries += run_through(x, a, loop);
        more = false;
        for (size_t i = 0; i < l->entries.len; i++)
            more |= a->in[x->place[l->entries.data[i]]] != NULL;
    }
    machine_free(seen);
    x->max[loop] = entries > x->max[loop] ? entries : x->max[loop];
}

/* ---- functions ---------------------------------------------------------------------------------------------------------------------------------- */

/* Takes M over. What it returns with, NULL: it does not return. */
static struct machine *run_function(struct executor *x, uint32_t function, struct machine *m) {
    const struct function *f = &x->g->functions.data[function];
    if (x->depth >= MOST_DEPTH || x->work > WORK_HARD || x->forgotten[function]) {
        forget_function(x, function);
        machine_free(m);
        return f->returns ? machine_unknown() : NULL;
    }
    struct activation a = {.function = function, .in = mem_alloc((f->blocks.len + 1) * sizeof *a.in)};
    if (!x->order[function])
        make_lists(x, function);
    x->depth++;
    a.in[x->place[f->entry]] = m;
    run_through(x, &a, NONE);
    x->depth--;
    for (size_t i = 0; i < f->blocks.len; i++)
        machine_free(a.in[i]);
    free(a.in);
    return a.out;
}

/* ---- programs -------------------------------------------------------------------------------------------------------------------------------------- */

static void reach(const struct cfg *g, uint32_t function, bool *reached) {
    VEC(uint32_t) work = {0};
    vec_push(&work, function);
    while (work.len) {
        uint32_t f = work.data[--work.len];
        if (reached[f])
            continue;
        reached[f] = true;
        for (size_t i = 0; i < g->functions.data[f].blocks.len; i++) {
            const struct block *k = block_of(g, g->functions.data[f].blocks.data[i]);
            for (uint32_t c = k->call; c < k->call + k->calls; c++)
                vec_push(&work, g->calls.data[c]);
            if (k->resume != NONE)
                vec_push(&work, k->resume);
        }
    }
    vec_free(&work);
}

/* Functions that control may come to otherwise than by the calls that we see. */
static bool is_root(const struct cfg *g, uint32_t function, const bool *called) {
    uint64_t unused, addr = g->functions.data[function].addr;
    return !called[function] || map_get(&g->own->flow.taken, addr, &unused) || map_get(&g->own->flow.named, addr, &unused);
}

static void others(const struct cfg *g, uint32_t entry, bool *reached) {
    bool *called = mem_alloc(g->functions.len);
    for (size_t b = 0; b < g->blocks.len; b++) {
        const struct block *k = block_of(g, (uint32_t)b);
        for (uint32_t c = k->call; c < k->call + k->calls; c++)
            called[g->calls.data[c]] = true;
        if (k->resume != NONE)
            called[k->resume] = true;
    }
    for (uint32_t f = 0; f < g->functions.len; f++)
        if (f != entry && is_root(g, f, called))
            reach(g, f, reached);
    free(called);
}

/* Nothing else runs in between or beside, and we know where control goes and what instructions do. */
static bool alone(const struct cfg *g, const bool *reached) {
    const struct code *c = &g->own->flow.code;
    for (uint32_t b = 0; b < g->blocks.len; b++) {
        const struct block *k = block_of(g, b);
        if (k->end == END_TRAP_RETURN)
            return false;
        if (reached[k->function] && (k->open || k->never))
            return false;
        for (uint64_t at = k->addr; at < k->addr + k->size && reached[k->function]; at += c->insn[code_slot(c, at)].size)
            if (c->insn[code_slot(c, at)].op >= OP_LR_W && c->insn[code_slot(c, at)].op <= OP_AMOMAXU_D)
                return false;
    }
    return true;
}

static void executor_init(struct executor *x, struct cfg *g) {
    *x = (struct executor){.g = g};
    ir_init(&x->ir, g->image);
    evaluator_init(&x->e, g, &x->ir);
    x->piece = mem_alloc(g->blocks.len * sizeof *x->piece);
    x->place = mem_alloc(g->blocks.len * sizeof *x->place);
    x->order = mem_alloc(g->functions.len * sizeof *x->order);
    x->top = mem_alloc(g->functions.len * sizeof *x->top);
    x->body = mem_alloc(g->loops.len * sizeof *x->body);
    x->max = mem_alloc(g->loops.len * sizeof *x->max);
    x->lost = mem_alloc(g->loops.len);
    x->doubts = mem_alloc(g->loops.len * sizeof *x->doubts);
    x->tangled = mem_alloc(g->functions.len);
    x->forgotten = mem_alloc(g->functions.len);
    x->unsaved = values_unsaved(g);
    for (size_t f = 0; f < g->functions.len; f++)
        for (uint32_t i = 0; i < g->functions.data[f].blocks.len; i++)
            x->place[g->functions.data[f].blocks.data[i]] = i;
    for (size_t l = 0; l < g->loops.len; l++)
        if (g->loops.data[l].entries.len != 1)
            x->tangled[block_of(g, g->loops.data[l].header)->function] = true;
    struct range r = {UINT64_MAX, 0};
    vec_push(&x->e.keep, r); /* the stack */
    for (size_t i = 0; image_memory(g->image, i, &r.lo, &r.hi); i++)
        vec_push(&x->e.keep, r);
}

static void executor_free(struct executor *x) {
    for (size_t b = 0; b < x->g->blocks.len; b++)
        piece_free(x->piece[b]);
    for (size_t f = 0; f < x->g->functions.len; f++) {
        free(x->order[f]);
        vec_free(&x->top[f]);
    }
    for (size_t l = 0; l < x->g->loops.len; l++)
        vec_free(&x->body[l]);
    free(x->piece), free(x->place), free(x->order), free(x->top), free(x->body), free(x->max), free(x->lost), free(x->doubts), free(x->tangled), free(x->forgotten), free(x->unsaved);
    evaluator_free(&x->e);
    ir_free(&x->ir);
}

/* The state in which the program is entered. LOADED: what it may write begins as the ELF says. */
static struct machine *machine_first(struct executor *x, bool loaded) {
    enum { MOST_LOADED = 1 << 18 };
    struct machine *m = machine_unknown();
    uint64_t lo, hi;
    for (size_t i = 0; loaded && image_memory(x->g->image, i, &lo, &hi); i++)
        for (uint64_t at = lo & ~7ull; at < hi && hi - lo < MOST_LOADED; at += 8) {
            uint64_t v = 0;
            for (unsigned k = 0; k < 8; k++) {
                const uint8_t *p = image_at(x->g->image, at + k, 1);
                v |= p ? (uint64_t)*p << 8 * k : 0;
            }
            memory_store(&m->mem, abs_const(64, at), 64, abs_const(64, v), x->e.keep.data, x->e.keep.len);
        }
    return m;
}

static void run_program(struct cfg *g, uint32_t entry, bool loaded, const bool *theirs, uint64_t *max) {
    struct executor x;
    executor_init(&x, g);
    machine_free(run_function(&x, entry, machine_first(&x, loaded)));
    for (size_t l = 0; l < g->loops.len; l++) {
        uint32_t f = block_of(g, g->loops.data[l].header)->function;
        if (!theirs[f] && !x.lost[l] && !x.forgotten[f])
            max[l] = x.max[l];
    }
    executor_free(&x);
}

void execute_program(struct cfg *g, bool loaded, uint64_t *max) {
    uint32_t first = cfg_block_at(g, image_entry(g->image)), entry = first == NONE ? NONE : block_of(g, first)->function;
    if (entry == NONE || g->functions.data[entry].entry != first)
        return;
    bool *ours = mem_alloc(g->functions.len), *theirs = mem_alloc(g->functions.len);
    reach(g, entry, ours);
    others(g, entry, theirs);
    if (alone(g, ours))
        run_program(g, entry, loaded, theirs, max);
    free(ours);
    free(theirs);
}
