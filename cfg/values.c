#include "cfg/values.h"

#include <inttypes.h>

enum { X_RA = 1, X_SP = 2, X_GP = 3, X_T0 = 5, X_A0 = 10, MOST_SLOTS = 400, MOST_CHANGES = 24, MOST_RESTARTS = 12 };
static const uint32_t CALLER_SAVED = 0xf003fce2; /* ra, t0-t6, a0-a7 */

/* ---- the function's graph ---------------------------------------------------------------------------------------------------- */

uint32_t values_local(const struct values *v, uint32_t block) {
    size_t lo = 0, hi = v->blocks;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (v->global[mid] < block)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < v->blocks && v->global[lo] == block ? (uint32_t)lo : NONE;
}

static const struct block *local_block(const struct values *v, uint32_t b) { return block_of(v->g, v->global[b]); }

static uint32_t successor(const struct values *v, uint32_t b, uint32_t i) {
    return values_local(v, v->g->edges.data[local_block(v, b)->edge + i].to);
}

/* Depth first without recursion. */
static uint32_t find_order(struct values *v) {
    VEC(uint32_t) path = {0};
    bool *seen = mem_alloc(v->blocks);
    uint32_t n = v->blocks, entry = values_local(v, v->g->functions.data[v->function].entry);
    seen[entry] = true;
    vec_push(&path, entry);
    vec_push(&path, 0);
    while (path.len) {
        uint32_t b = path.data[path.len - 2], i = path.data[path.len - 1]++;
        if (i >= local_block(v, b)->edges) {
            v->order[--n] = b;
            path.len -= 2;
            continue;
        }
        uint32_t to = successor(v, b, i);
        if (seen[to])
            continue;
        seen[to] = true;
        vec_push(&path, to);
        vec_push(&path, 0);
    }
    free(seen);
    vec_free(&path);
    return n;
}

static void find_predecessors(struct values *v) {
    uint32_t n = v->blocks, edges = 0;
    v->first = mem_alloc((n + 2) * sizeof *v->first);
    for (uint32_t b = 0; b < n; b++)
        for (uint32_t i = 0; i < local_block(v, b)->edges; i++, edges++)
            v->first[successor(v, b, i) + 2]++;
    v->pred = mem_alloc((edges + 1) * sizeof *v->pred);
    for (uint32_t b = 2; b < n + 2; b++)
        v->first[b] += v->first[b - 1];
    for (uint32_t b = 0; b < n; b++)
        for (uint32_t i = 0; i < local_block(v, b)->edges; i++)
            v->pred[v->first[successor(v, b, i) + 1]++] = b;
}

static uint32_t intersect(const struct values *v, uint32_t a, uint32_t b) {
    while (a != b) {
        while (v->number[a] > v->number[b])
            a = v->idom[a];
        while (v->number[b] > v->number[a])
            b = v->idom[b];
    }
    return a;
}

/* Cooper, Harvey, Kennedy: A simple, fast dominance algorithm (2001). */
static void find_dominators(struct values *v, uint32_t from) {
    for (uint32_t b = 0; b < v->blocks; b++)
        v->idom[b] = NONE;
    v->idom[v->order[from]] = v->order[from];
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t i = from + 1; i < v->blocks; i++) {
            uint32_t b = v->order[i], best = NONE;
            for (uint32_t p = v->first[b]; p < v->first[b + 1]; p++)
                if (v->idom[v->pred[p]] != NONE)
                    best = best == NONE ? v->pred[p] : intersect(v, best, v->pred[p]);
            changed |= v->idom[b] != best;
            v->idom[b] = best;
        }
    }
}

bool values_dominates(const struct values *v, uint32_t a, uint32_t b) {
    while (v->number[b] > v->number[a])
        b = v->idom[b];
    return a == b;
}

/* ---- the stack frame ------------------------------------------------------------------------------------------------------- */

struct lifting {
    struct lift l; /* first: the hooks get it */
    struct values *v;
};

static uint32_t here(const struct values *v, uint32_t slot, unsigned kind, ir_ref *loc, uint32_t i) {
    unsigned width = i < LOC_MEM ? 64 : i < LOCS ? 0 : v->slots.data[i - LOCS].width;
    return loc[i] = ir_var(v->ir, width, var_id(kind, slot, i));
}

static void kill_slot(struct values *v, uint32_t slot, ir_ref *loc, uint32_t i) {
    if (ir_at(v->ir, loc[i])->stack)
        v->escaped = true; /* an address of the frame is lost from sight */
    here(v, slot, VAR_KILL, loc, i);
}

/* Kills what overlaps [offset, offset + bytes), but not location EXCEPT. */
static void kill_range(struct values *v, uint32_t slot, ir_ref *loc, int64_t offset, int64_t bytes, uint32_t except) {
    for (uint32_t i = LOCS; i < v->locs; i++) {
        const struct stack_slot *s = &v->slots.data[i - LOCS];
        if (i != except && s->offset < offset + bytes && offset < s->offset + s->width / 8)
            kill_slot(v, slot, loc, i);
    }
}

static void kill_all(struct values *v, uint32_t slot, ir_ref *loc) { kill_range(v, slot, loc, INT32_MIN, (int64_t)2 * INT32_MAX, NONE); }

/* Is ADDR a constant place in the function's own frame? */
static bool in_frame(const struct values *v, ir_ref addr, int64_t *offset) {
    const struct ir_node *n = ir_at(v->ir, addr);
    if (n->op != IR_ADD || n->a != v->sp || ir_at(v->ir, n->b)->op != IR_CONST)
        return false;
    *offset = (int64_t)ir_at(v->ir, n->b)->imm;
    return *offset < 0 && *offset > INT32_MIN;
}

/* The location of a stack slot; one that is new is known from the next restart on. */
static uint32_t slot_location(struct values *v, int64_t offset, unsigned width) {
    for (uint32_t i = 0; i < v->slots.len; i++)
        if (v->slots.data[i].offset == offset && v->slots.data[i].width == width)
            return LOCS + i < v->locs ? LOCS + i : NONE;
    struct stack_slot s = {offset, width};
    if (v->slots.len < MOST_SLOTS) {
        vec_push(&v->slots, s);
        v->again = true;
    }
    return NONE;
}

static ir_ref load(struct lift *l, ir_ref addr, unsigned width) {
    struct values *v = ((struct lifting *)l)->v;
    int64_t offset;
    if (in_frame(v, addr, &offset)) {
        uint32_t at = slot_location(v, offset, width);
        for (uint32_t i = LOCS; i < v->locs; i++) { /* the low part of a wider one that was stored last */
            const struct stack_slot *s = &v->slots.data[i - LOCS];
            if (s->offset == offset && s->width > width && at != NONE && var_kind(ir_at(l->ir, l->loc[at])->imm) == VAR_KILL &&
                ir_at(l->ir, l->loc[at])->op == IR_VAR)
                return ir_low(l->ir, l->loc[i], width);
        }
        if (at != NONE)
            return l->loc[at];
    }
    return ir_load(l->ir, l->loc[LOC_MEM], addr, width, l->slot + 1ull);
}

static void store(struct lift *l, ir_ref addr, ir_ref value) {
    struct values *v = ((struct lifting *)l)->v;
    unsigned width = ir_at(l->ir, value)->width;
    int64_t offset;
    if (in_frame(v, addr, &offset)) {
        uint32_t at = slot_location(v, offset, width);
        kill_range(v, l->slot, l->loc, offset, width / 8, at);
        if (at != NONE)
            l->loc[at] = value;
        else if (ir_at(l->ir, value)->stack)
            v->escaped = true;
        return;
    }
    if (ir_at(l->ir, value)->stack && width == 64)
        v->escaped = true;
    if (v->escaped || ir_at(l->ir, addr)->stack)
        kill_all(v, l->slot, l->loc);
    l->loc[LOC_MEM] = ir_store(l->ir, l->loc[LOC_MEM], addr, value);
}

static void remap(struct lift *l) {
    struct values *v = ((struct lifting *)l)->v;
    here(v, l->slot, VAR_REMAP, l->loc, LOC_MEM);
    kill_all(v, l->slot, l->loc);
}

/* ---- blocks ---------------------------------------------------------------------------------------------------------------- */

/* Slots below the stack pointer are the callee's to use. */
static void call_slots(struct values *v, uint32_t slot, ir_ref *loc) {
    int64_t bottom;
    for (uint32_t r = 1; r < 32; r++)
        if (CALLER_SAVED >> r & 1 && ir_at(v->ir, loc[r])->stack)
            v->escaped = true;
    if (v->escaped || !in_frame(v, loc[X_SP], &bottom))
        kill_all(v, slot, loc);
    else
        kill_range(v, slot, loc, INT32_MIN, bottom - INT32_MIN, NONE);
}

static void after_call(struct values *v, const struct block *k, uint32_t slot, unsigned link, ir_ref *loc) {
    uint32_t lost = CALLER_SAVED | (k->open ? v->unsaved[v->g->functions.len] : 0);
    for (uint32_t i = k->call; i < k->call + k->calls; i++)
        lost |= v->unsaved[v->g->calls.data[i]];
    if (link != X_RA) /* a millicode routine, which may move the stack pointer and restore anything */
        lost = ~1u;
    call_slots(v, slot, loc);
    for (uint32_t i = 1; i < LOCS; i++)
        if (i >= LOC_F || lost >> i & 1)
            here(v, slot, VAR_CALL, loc, i);
    if (link != X_RA)
        kill_all(v, slot, loc);
}

static void all_unknown(struct values *v, uint32_t slot, ir_ref *loc) {
    v->escaped = true;
    for (uint32_t i = 1; i < v->locs; i++)
        here(v, slot, VAR_TRAP, loc, i);
}

static void lift_block(struct values *v, uint32_t b) {
    struct code *c = &v->g->own->flow.code;
    const struct block *k = local_block(v, b);
    ir_ref *loc = v->out + (size_t)b * v->locs;
    struct lifting f = {.l = {.ir = v->ir, .loc = loc, .load = load, .store = store, .remap = remap}, .v = v};
    memcpy(loc, v->in + (size_t)b * v->locs, v->locs * sizeof *loc);
    const struct insn *i = NULL;
    for (uint64_t at = k->addr; at < k->addr + k->size; at += i->size) {
        uint32_t slot = code_slot(c, at);
        i = &c->insn[slot];
        f.l.addr = at;
        f.l.slot = slot;
        if (!lift_insn(&f.l, i)) {
            v->unknown[b] = true;
            all_unknown(v, slot, loc);
        }
    }
    memcpy(v->given + (size_t)b * 8, loc + X_A0, 8 * sizeof *loc);
    v->condition[b] = f.l.condition;
    v->target[b] = f.l.target;
    if (k->end == END_CALL)
        after_call(v, k, f.l.slot, i->rd, loc);
}

/* ---- the fixed point ----------------------------------------------------------------------------------------------------------- */

static void phi(struct values *v, uint32_t b, uint32_t loc, ir_ref *in) {
    here(v, code_slot(&v->g->own->flow.code, local_block(v, b)->addr), VAR_PHI, in, loc);
}

static bool is_phi(const struct values *v, uint32_t b, uint32_t loc, ir_ref r) {
    const struct ir_node *n = ir_at(v->ir, r);
    return n->op == IR_VAR && n->imm == var_id(VAR_PHI, code_slot(&v->g->own->flow.code, local_block(v, b)->addr), loc);
}

/* What flows in along the edges from blocks before B in the order, or along all of them; 0: nothing yet. */
static ir_ref incoming(const struct values *v, uint32_t b, uint32_t loc, bool all, bool *differ, bool *stack) {
    ir_ref r = 0;
    for (uint32_t p = v->first[b]; p < v->first[b + 1]; p++) {
        uint32_t from = v->pred[p];
        ir_ref o = all || v->number[from] < v->number[b] ? value_out(v, from, loc) : 0;
        if (!o)
            continue;
        *stack |= ir_at(v->ir, o)->stack;
        *differ |= r && o != r;
        r = r ? r : o;
    }
    return r;
}

/* When what comes from before has changed, what comes round a loop is stale and is looked at in the next turn only: *later is set then. Once a φ,
 * always a φ, and after MOST_CHANGES a φ in any case: so it ends. ROUND: anything comes round a loop. */
static bool merge_location(struct values *v, uint32_t b, uint32_t loc, uint32_t entry, bool round, bool *later) {
    ir_ref *in = v->in + (size_t)b * v->locs + loc, *before = v->before + (size_t)b * v->locs + loc;
    bool differ = false, stack = false;
    if (is_phi(v, b, loc, *in))
        return false;
    ir_ref r = incoming(v, b, loc, false, &differ, &stack);
    if (b == entry) {
        differ |= r != 0;
        r = v->entry[loc];
    }
    bool news = r != *before;
    *later |= round && news;
    *before = r;
    if (round && (!news || differ)) {
        ir_ref any = incoming(v, b, loc, true, &differ, &stack);
        differ |= r && any && r != any;
        r = r ? r : any;
    }
    if (!r || (!differ && r == *in))
        return false;
    if (differ || (*in && v->changes[b] >= MOST_CHANGES)) {
        phi(v, b, loc, v->in + (size_t)b * v->locs);
        v->escaped |= stack && loc != X_SP;
    } else {
        *in = r;
    }
    return true;
}

static bool merge(struct values *v, uint32_t b, uint32_t entry, bool *later) {
    bool changed = false, round = false;
    *later = false;
    for (uint32_t p = v->first[b]; p < v->first[b + 1]; p++)
        round |= v->number[v->pred[p]] >= v->number[b];
    for (uint32_t loc = 1; loc < v->locs; loc++)
        changed |= merge_location(v, b, loc, entry, round, later);
    v->changes[b] += changed && v->changes[b] < 255;
    return changed;
}

static void start(struct values *v) {
    size_t n = (size_t)v->blocks * v->locs;
    free(v->in), free(v->out), free(v->before), free(v->entry);
    v->entry = mem_alloc(v->locs * sizeof *v->entry);
    v->before = mem_alloc(n * sizeof *v->before);
    v->in = mem_alloc(n * sizeof *v->in);
    v->out = mem_alloc(n * sizeof *v->out);
    memset(v->changes, 0, v->blocks);
    ir_ref *in = v->entry;
    for (uint32_t b = 0; b < v->blocks; b++)
        v->in[(size_t)b * v->locs] = ir_const(v->ir, 64, 0);
    lift_entry(v->ir, in);
    for (uint32_t i = LOCS; i < v->locs; i++)
        here(v, 0, VAR_ENTRY, in, i);
    v->sp = in[X_SP];
    ir_mark_stack(v->ir, v->sp);
    if (v->g->own->flow.gp_known)
        in[X_GP] = ir_const(v->ir, 64, v->g->own->flow.gp);
}

/* Turn by turn over the blocks to which something new may come: in the last turn there is none, so every edge was looked at. */
static void iterate(struct values *v, uint32_t from) {
    uint32_t entry = v->order[from];
    bool *due = mem_alloc(v->blocks), later;
    memset(due, true, v->blocks);
    bool first = true;
    for (bool changed = true; changed; first = false) {
        changed = false;
        for (uint32_t i = from; i < v->blocks; i++) {
            uint32_t b = v->order[i];
            if (!due[b])
                continue;
            bool new = merge(v, b, entry, &later) || first;
            changed |= new || later;
            due[b] = later;
            if (new) {
                lift_block(v, b);
                for (uint32_t k = 0; k < local_block(v, b)->edges; k++)
                    due[successor(v, b, k)] = true;
            }
        }
    }
    free(due);
}

void values_find(struct values *v, struct cfg *g, uint32_t function, struct ir *ir, const uint32_t *unsaved) {
    const struct function *f = &g->functions.data[function];
    *v = (struct values){.g = g, .function = function, .ir = ir, .unsaved = unsaved, .blocks = (uint32_t)f->blocks.len, .global = f->blocks.data};
    uint32_t n = v->blocks;
    v->order = mem_alloc(n * sizeof *v->order);
    v->number = mem_alloc(n * sizeof *v->number);
    v->idom = mem_alloc(n * sizeof *v->idom);
    v->condition = mem_alloc(n * sizeof *v->condition);
    v->target = mem_alloc(n * sizeof *v->target);
    v->given = mem_alloc(n * 8 * sizeof *v->given);
    v->unknown = mem_alloc(n);
    v->changes = mem_alloc(n);
    find_predecessors(v);
    uint32_t from = find_order(v);
    memset(v->number, 0xff, n * sizeof *v->number);
    for (uint32_t i = from; i < n; i++)
        v->number[v->order[i]] = i;
    find_dominators(v, from);
    for (int i = 0;; i++) {
        bool escaped = v->escaped;
        v->again = false;
        v->locs = LOCS + (uint32_t)v->slots.len;
        start(v);
        iterate(v, from);
        if (v->escaped == escaped && !(v->again && i < MOST_RESTARTS))
            break;
        if (i >= MOST_RESTARTS)
            v->escaped = true;
    }
}

void values_free(struct values *v) {
    free(v->order), free(v->number), free(v->idom), free(v->pred), free(v->first);
    free(v->in), free(v->out), free(v->before), free(v->entry), free(v->condition), free(v->target), free(v->given), free(v->unknown), free(v->changes);
    vec_free(&v->slots);
    map_free(&v->header_index);
    vec_free(&v->header_range);
    map_free(&v->join_index);
    vec_free(&v->join_range);
    map_free(&v->affine_index);
    vec_free(&v->affine);
}

uint32_t values_at_slot(const struct values *v, uint32_t slot) {
    const struct code *c = &v->g->own->flow.code;
    size_t r = c->ranges;
    while (r-- > 0)
        if (slot >= c->first[r]) {
            uint32_t b = cfg_block_around(v->g, c->range[r].lo + (uint64_t)(slot - c->first[r]) * 2);
            return b == NONE ? NONE : values_local(v, b);
        }
    return NONE;
}

static const char *const x_names[32] = {"zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5",
                                        "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};

void values_location_name(const struct values *v, uint32_t loc, char *name, size_t size) {
    if (loc < LOC_F)
        snprintf(name, size, "%s", x_names[loc]);
    else if (loc < LOC_MEM)
        snprintf(name, size, "f%u", loc - LOC_F);
    else if (loc < LOCS)
        snprintf(name, size, "%s", loc == LOC_MEM ? "mem" : "csrs");
    else
        snprintf(name, size, "stack%" PRId64 "_%u", v->slots.data[loc - LOCS].offset, v->slots.data[loc - LOCS].width);
}

/* ---- the registers that calls do not preserve ------------------------------------------------------------------------------------ */

static uint32_t written(const struct insn *i) {
    bool none = (i->op >= OP_BEQ && i->op <= OP_BGEU) || (i->op >= OP_SB && i->op <= OP_SD) || i->op == OP_FLW || i->op == OP_FLD ||
                i->op == OP_FSW || i->op == OP_FSD || i->op == OP_FP_TO_F || i->op == OP_FMV_W_X || i->op == OP_FMV_D_X;
    return none ? 0 : 1u << i->rd;
}

static void own_registers(const struct cfg *g, uint32_t function, uint32_t *writes, uint32_t *saves) {
    struct code *c = &g->own->flow.code;
    for (size_t k = 0; k < g->functions.data[function].blocks.len; k++) {
        const struct block *b = block_of(g, g->functions.data[function].blocks.data[k]);
        for (uint64_t at = b->addr; at < b->addr + b->size;) {
            const struct insn *i = &c->insn[code_slot(c, at)];
            *writes |= i->op == OP_LD && i->rs1 == X_SP ? 0 : written(i); /* an epilogue restores, maybe for a prologue elsewhere */
            *saves |= i->op == OP_SD ? 1u << i->rs2 : 0;
            at += i->size;
        }
    }
}

/* -msave-restore: a prologue may be a call by x5 to a routine that stores the registers, or runs on into others that do. */
static void saved_by_millicode(const struct cfg *g, uint32_t *saves) {
    struct code *c = &g->own->flow.code;
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t b = g->blocks.len; b-- > 0;) {
            const struct block *k = block_of(g, (uint32_t)b);
            const struct insn *last = k->calls ? &c->insn[code_slot(c, block_last(g, (uint32_t)b))] : NULL;
            bool call = k->end == END_CALL && last && last->rd == X_T0;
            bool runs_on = k->end == END_TAIL && c->flags[code_slot(c, g->functions.data[k->function].addr)] & SLOT_LINKED;
            for (uint32_t i = k->call; i < k->call + k->calls && (call || runs_on); i++) {
                uint32_t news = saves[g->calls.data[i]] & ~saves[k->function];
                saves[k->function] |= news;
                changed |= news != 0;
            }
        }
    }
}

/* What a function changes, its callees change too unless it saves it. The last element is for callees that are not known. */
uint32_t *values_unsaved(const struct cfg *g) {
    size_t n = g->functions.len;
    uint32_t *unsaved = mem_alloc((n + 1) * sizeof *unsaved), *saves = mem_alloc(n * sizeof *saves);
    for (uint32_t f = 0; f < n; f++)
        own_registers(g, f, &unsaved[f], &saves[f]);
    saved_by_millicode(g, saves);
    for (uint32_t f = 0; f < n; f++)
        unsaved[f] &= ~saves[f] & ~(CALLER_SAVED | 1u << X_SP | 1u);
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t b = g->blocks.len; b-- > 0;) {
            const struct block *k = block_of(g, (uint32_t)b);
            uint32_t f = k->function, news = 0;
            for (uint32_t i = k->call; i < k->call + k->calls; i++)
                news |= unsaved[g->calls.data[i]];
            news |= k->resume != NONE ? unsaved[k->resume] : 0;
            news &= ~saves[f] & ~unsaved[f];
            unsaved[f] |= news;
            changed |= news != 0;
        }
    }
    bool *taken = mem_alloc(n);
    const struct flow *w = &g->own->flow;
    for (size_t b = 0; b < g->blocks.len; b++) /* a function that is called directly is no candidate for an unknown pointer's convention */
        for (uint32_t i = 0; i < g->blocks.data[b].calls; i++)
            taken[g->calls.data[g->blocks.data[b].call + i]] = true;
    for (uint32_t f = 0; f < n; f++) {
        const struct function *fn = &g->functions.data[f];
        bool guess = w->starts.data[w->code.start[code_slot(&w->code, fn->addr)] - 1].weak;
        unsaved[n] |= !taken[f] && fn->returns && !guess && fn->addr != image_entry(g->image) ? unsaved[f] : 0;
    }
    free(taken);
    free(saves);
    return unsaved;
}
