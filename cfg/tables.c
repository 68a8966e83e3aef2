/* Jump tables and constant pointers. The target of the jump is a term; somewhere in it is an index, a term with a small interval at
 * the jump, such that the target is known once the index is: then the targets for all values of the index are all there are. That
 * covers absolute and relative tables, words and half words, masked and compared indices, without knowing any compiler's pattern.
 *
 * Soundness. The interval is proved on the graph known so far, which may lack edges that a later table adds. So nothing is final before a
 * round in which every table, looked at on the whole graph, gives what the graph was made with. Then assume an execution left the graph,
 * and look at the first transfer that did: until then all that the analysis says of the graph held, also at this transfer, so its target is
 * among those found. Targets only ever grow from round to round; one that keeps changing is given up. */
#include "cfg/tables.h"
#include "cfg/ranges.h"

#include <inttypes.h>

enum { MOST_TARGETS = 4096, MOST_TERMS = 200 };

/* The nodes of a term, each before those that it is made of. False: too many. */
typedef VEC(ir_ref) refs;

static bool collect(const struct ir *ir, ir_ref root, refs *out) {
    struct map seen = {0};
    vec_push(out, root);
    map_put(&seen, root, 1);
    for (size_t i = 0; i < out->len && out->len < MOST_TERMS; i++) {
        const struct ir_node *n = ir_at(ir, out->data[i]);
        ir_ref kids[3] = {n->op == IR_LOAD ? 0 : n->a, n->b, n->c};
        uint64_t unused;
        for (int k = 0; k < 3; k++) /* a load from a table does not depend on what else is in memory */
            if (kids[k] && ir_at(ir, kids[k])->width && !map_get(&seen, kids[k], &unused)) {
                map_put(&seen, kids[k], 1);
                vec_push(out, kids[k]);
            }
    }
    map_free(&seen);
    return out->len < MOST_TERMS;
}

/* A set of values: all that a term can have at a place. Sorted only when it becomes a resolution. */
typedef VEC(uint64_t) numbers;

/* An index that is checked in one register and loaded again for the table: compilers do so where nothing was stored and nothing called in between,
 * so that the memory is the same term. What the check showed of the one load holds of the other (assumed, see cfg.h). */
static struct interval range_at_table(struct ranges *r, ir_ref term) {
    const struct ir_node *n = ir_at(r->ir, term);
    struct interval i = ranges_of(r, term);
    for (size_t k = 0; k < r->terms.len && n->op == IR_LOAD; k++) {
        const struct ir_node *other = ir_at(r->ir, r->terms.data[k]);
        if (other->op == IR_LOAD && other->a == n->a && other->b == n->b && other->width == n->width)
            i = interval_meet(i, r->list.data[k], n->width);
    }
    return i;
}

static bool is_outside(const struct ir *ir, ir_ref term, struct interval known, const struct ir_env *env) {
    uint64_t k;
    if (!ir_eval(ir, term, env, &k))
        return false;
    int64_t s = ir_signed(k, ir_at(ir, term)->width);
    return interval_empty(known) || k < known.lo || k > known.hi || s < known.slo || s > known.shi;
}

/* Does what is known at the place, of TERMS or of any other, contradict that the term given in ENV has the given value? */
static bool contradicted(const struct ir *ir, struct ranges *r, const refs *terms, const struct ir_env *env) {
    for (size_t i = 0; i < terms->len; i++)
        if (is_outside(ir, terms->data[i], range_at_table(r, terms->data[i]), env))
            return true;
    for (size_t i = 0; i < r->terms.len; i++)
        if (is_outside(ir, r->terms.data[i], r->list.data[i], env))
            return true;
    return false;
}

/* The values of TERM, for those of INDEX in I that what is known at the place (R, of TERMS) allows: an entry of a table that is checked not to be null
 * is no target. */
static bool enumerate(const struct values *v, struct ranges *r, const refs *terms, ir_ref term, ir_ref index, struct interval i, numbers *out) {
    struct ir_env env = {.given = index};
    uint64_t bits = ranges_bits(v->ir, index);
    for (uint64_t k = i.lo;; k++) {
        uint64_t to;
        env.given_value = k;
        if (!(k & ~bits) && !contradicted(v->ir, r, terms, &env)) {
            if (!ir_eval(v->ir, term, &env, &to))
                return false;
            vec_push(out, to);
        }
        if (k == i.hi)
            return out->len != 0;
    }
}

struct finder {
    const struct values *v;
    ir_ref busy[4];     /* φs being followed */
    int depth;
};

static bool find_values(struct finder *f, ir_ref term, uint32_t b, uint32_t to, numbers *out);

/* The values of a φ: those that come in along each edge. One that comes in as itself adds nothing. */
static bool find_phi(struct finder *f, ir_ref phi, numbers *out) {
    const struct values *v = f->v;
    uint64_t id = ir_at(v->ir, phi)->imm;
    uint32_t b = var_kind(id) == VAR_PHI ? values_at_slot(v, var_index(id)) : NONE;
    if (b == NONE || f->depth == 4 || v->idom[b] == b)
        return false;
    for (int i = 0; i < f->depth; i++)
        if (f->busy[i] == phi)
            return false;
    f->busy[f->depth++] = phi;
    bool fine = true;
    for (uint32_t p = v->first[b]; p < v->first[b + 1] && fine; p++) {
        ir_ref in = value_out(v, v->pred[p], var_loc(id));
        if (in && in != phi)
            fine = find_values(f, in, v->pred[p], b, out) && out->len < MOST_TARGETS;
    }
    f->depth--;
    return fine;
}

/* R: what holds where the term is used; a bounds check behind the φ excludes some of its values. */
static bool through_phi(struct finder *f, ir_ref term, const refs *terms, struct ranges *r, numbers *out) {
    ir_ref phi = 0;
    for (size_t i = 0; i < terms->len; i++) {
        const struct ir_node *n = ir_at(f->v->ir, terms->data[i]);
        if (n->op != IR_VAR)
            continue;
        if (phi)
            return false;
        phi = terms->data[i];
    }
    numbers given = {0};
    bool fine = phi && find_phi(f, phi, &given);
    for (size_t i = 0; i < given.len && fine; i++) {
        struct ir_env env = {.given = phi, .given_value = given.data[i]};
        uint64_t to;
        if (contradicted(f->v->ir, r, terms, &env))
            continue;
        fine = ir_eval(f->v->ir, term, &env, &to);
        if (fine)
            vec_push(out, to);
    }
    vec_free(&given);
    return fine && out->len;
}

/* All values that TERM can have at the end of block B, where it goes on with TO (NONE: wherever). */
static bool find_values(struct finder *f, ir_ref term, uint32_t b, uint32_t to, numbers *out) {
    const struct values *v = f->v;
    refs terms = {0};
    struct ranges ranges;
    bool done = false;
    ranges_init(&ranges, v);
    ranges_at(&ranges, v, b);
    if (to != NONE)
        ranges_edge(&ranges, v, b, to);
    bool small = collect(v->ir, term, &terms);
    if (f->depth == 0 && terms.len > 1) /* an interval of the target itself says nothing of where instructions begin */
        memmove(terms.data, terms.data + 1, --terms.len * sizeof *terms.data);
    uint64_t tried = 0, unused;
    size_t begin = out->len;
    for (bool more = small; more && !done;) { /* the term with the fewest values first: the bounds check is on some term, not on all */
        uint64_t best = MOST_TARGETS;
        more = false;
        for (size_t i = 0; i < terms.len; i++) {
            struct interval k = range_at_table(&ranges, terms.data[i]);
            uint64_t n = interval_empty(k) ? MOST_TARGETS : k.hi - k.lo + 1;
            if (n > tried && n < best)
                best = n, more = true;
        }
        for (size_t i = terms.len; i-- > 0 && more && !done;) {
            struct interval k = range_at_table(&ranges, terms.data[i]);
            size_t before = out->len;
            if (interval_empty(k) || k.hi - k.lo + 1 != best)
                continue;
            done = enumerate(v, &ranges, &terms, term, terms.data[i], k, out);
            out->len = done ? out->len : before;
        }
        tried = best;
    }
    /* Following a φ is exact where an interval of a join is not: both answers are right, and the smaller one is taken. */
    numbers followed = {0};
    if (small && !ir_is_const(v->ir, term, &unused) && through_phi(f, term, &terms, &ranges, &followed) && (!done || followed.len < out->len - begin)) {
        out->len = begin;
        for (size_t i = 0; i < followed.len; i++)
            vec_push(out, followed.data[i]);
        done = true;
    }
    vec_free(&followed);
    ranges_free(&ranges);
    vec_free(&terms);
    return done;
}

/* Why a target cannot be one, or NULL. */
static const char *check_targets(const struct values *v, const struct resolution *r) {
    for (size_t i = 0; i < r->targets.len; i++)
        if (code_slot(&v->g->own->flow.code, r->targets.data[i]) == NONE)
            return arena_printf(v->g->arena, "it leads to 0x%" PRIx64 ", which is no code", r->targets.data[i]);
    return NULL;
}

static const char *explain(const struct values *v, ir_ref target, bool link, uint64_t *written) {
    bool loads = false, table = false;
    refs terms = {0};
    collect(v->ir, target, &terms);
    for (size_t i = 0; i < terms.len; i++) {
        const struct ir_node *t = ir_at(v->ir, terms.data[i]);
        uint64_t base;
        loads |= t->op == IR_LOAD;
        if (t->op != IR_LOAD || ir_at(v->ir, t->b)->op != IR_ADD || !ir_is_const(v->ir, ir_at(v->ir, t->b)->b, &base) || !image_at(v->g->image, base, 8))
            continue;
        table |= image_is_constant(v->g->image, base, 1);
        *written = table || t->width != 64 ? 0 : base;
    }
    vec_free(&terms);
    if (table)
        return link ? "a call through a table whose index has no bound that can be proved" : "a table jump whose index has no bound that can be proved";
    if (loads)
        return link ? "a call through a pointer in writable memory" : "a jump through a pointer in writable memory";
    return link ? "a call through a pointer that the caller gives" : "a jump through a pointer that the caller gives";
}

/* Fills R; r->why says why not. */
static void resolve_term(const struct values *v, uint32_t b, bool link, struct resolution *r) {
    ir_ref target = v->target[b];
    struct finder f = {.v = v};
    numbers found = {0};
    uint64_t unused;
    bool done = find_values(&f, target, b, NONE, &found);
    for (size_t i = 0; i < found.len && done; i++)
        resolution_add(r, found.data[i]);
    vec_free(&found);
    r->origin = ir_is_const(v->ir, target, &unused) ? RESOLVED_CONSTANT : RESOLVED_TABLE;
    r->why = done ? check_targets(v, r) : explain(v, target, link, &r->table);
    r->constant = r->why && r->origin == RESOLVED_CONSTANT && r->targets.len ? r->targets.data[0] : 0;
}

static bool same_resolution(const struct resolution *a, const struct resolution *b) {
    return a && !a->why == !b->why && a->targets.len == b->targets.len &&
           (a->targets.len == 0 || memcmp(a->targets.data, b->targets.data, a->targets.len * sizeof(uint64_t)) == 0);
}

/* Takes the news in. True: they are news. */
static bool update(struct cfg *g, uint64_t addr, struct resolution *news, bool last) {
    const struct resolution *old = resolution_at(&g->own->known, addr);
    if (old && !old->why && !news->why)
        for (size_t i = 0; i < old->targets.len; i++)
            resolution_add(news, old->targets.data[i]);
    if (news->why)
        news->targets.len = 0;
    if (same_resolution(old, news) || (old && old->why && last)) {
        vec_free(&news->targets);
        return false;
    }
    bool changed = old != NULL || !news->why;
    struct resolution *r = resolution_make(&g->own->known, addr);
    vec_free(&r->targets);
    *r = *news;
    r->addr = addr;
    if (last) {
        r->targets.len = 0;
        r->why = "a table jump that its own targets keep changing";
    }
    return changed;
}

static bool resolve_function(struct cfg *g, uint32_t function, struct ir *ir, const uint32_t *unsaved, bool last) {
    struct flow *f = &g->own->flow;
    struct values v;
    bool changed = false;
    ir_reset(ir);
    values_find(&v, g, function, ir, unsaved);
    for (uint32_t b = 0; b < v.blocks; b++) {
        uint64_t at = block_last(g, v.global[b]);
        struct step s;
        flow_step(f, code_slot(&f->code, at), at, &s);
        const struct resolution *known = resolution_at(&g->own->known, at);
        uint64_t fixed;
        bool hand_made = s.end == END_RETURN && v.target[b] && ir_is_const(ir, v.target[b], &fixed);
        if ((!s.indirect && !hand_made) || (known && known->origin == RESOLVED_FACT))
            continue;
        struct resolution r = {.addr = at};
        if (v.unknown[b] || !v.target[b] || v.number[b] == NONE)
            r.why = "behind an instruction that is not modelled";
        else
            resolve_term(&v, b, s.link, &r);
        changed |= update(g, at, &r, last);
    }
    values_free(&v);
    return changed;
}

/* Does an instruction put something into ra that is neither a link nor restored from the stack? */
static bool makes_ra(const struct insn *i) {
    bool restored = i->op == OP_LD && i->rs1 == 2;
    bool store = i->op >= OP_SB && i->op <= OP_SD, branch = i->op >= OP_BEQ && i->op <= OP_BGEU;
    return i->rd == 1 && !store && !branch && !restored && i->op != OP_JAL && i->op != OP_JALR && i->op < OP_FLW;
}

static bool function_makes_ra(struct cfg *g, uint32_t function) {
    struct code *c = &g->own->flow.code;
    for (size_t k = 0; k < g->functions.data[function].blocks.len; k++) {
        const struct block *b = block_of(g, g->functions.data[function].blocks.data[k]);
        for (uint64_t at = b->addr; at < b->addr + b->size;) {
            const struct insn *i = &c->insn[code_slot(c, at)];
            if (makes_ra(i))
                return true;
            at += i->size;
        }
    }
    return false;
}

bool tables_resolve(struct cfg *g, bool last) {
    struct flow *f = &g->own->flow;
    struct ir ir;
    bool changed = false;
    ir_init(&ir, g->image);
    uint32_t *unsaved = values_unsaved(g);
    for (uint32_t i = 0; i < g->functions.len; i++) {
        bool wanted = function_makes_ra(g, i); /* then `ret` may be a jump */
        for (size_t k = 0; k < g->functions.data[i].blocks.len && !wanted; k++) {
            struct step s;
            uint64_t at = block_last(g, g->functions.data[i].blocks.data[k]);
            flow_step(f, code_slot(&f->code, at), at, &s);
            wanted = s.indirect;
        }
        if (wanted)
            changed |= resolve_function(g, i, &ir, unsaved, last);
    }
    free(unsaved);
    ir_free(&ir);
    return changed;
}

/* ---- return addresses made by hand ---------------------------------------------------------------------------------------------------- */

/* `la ra, there; j handler` returns to `there`, not to our caller: what the graph says of a return or a tail call would be wrong. */
void tables_check_returns(struct cfg *g) {
    struct ir ir;
    ir_init(&ir, g->image);
    uint32_t *unsaved = values_unsaved(g);
    for (uint32_t f = 0; f < g->functions.len; f++) {
        struct values v;
        if (!function_makes_ra(g, f))
            continue;
        ir_reset(&ir);
        values_find(&v, g, f, &ir, unsaved);
        for (uint32_t b = 0; b < v.blocks; b++) {
            const struct block *k = block_of(g, v.global[b]);
            uint64_t to;
            bool leaves = k->end == END_RETURN;
            for (uint32_t i = k->call; i < k->call + k->calls && k->end != END_CALL && k->end != END_STOP; i++)
                leaves |= g->functions.data[g->calls.data[i]].returns;
            if (leaves && v.number[b] != NONE && ir_is_const(&ir, value_out(&v, b, 1), &to))
                graph_unresolved(g, v.global[b], block_last(g, v.global[b]),
                                 arena_printf(g->arena, "leaves the function with a return address made by hand, 0x%" PRIx64, to));
        }
        values_free(&v);
    }
    free(unsaved);
    ir_free(&ir);
}
