/* Loop bounds in closed form: affine induction, and where that fails a few iterations of the loop on intervals.
 *
 * A test is a block X that belongs to the loop itself (not to one inside), dominates every back edge, and whose branch leaves the loop on one
 * side. X then runs exactly once in each iteration that reaches a back edge, so if its branch can stay at most K times, the header runs at most
 * K + 1 times for each entry. Any one test bounds the loop, whatever the other exits do.
 *
 * All reasoning is on values modulo 2^w as the machine has them:
 *   exact hit   the tested value moves by s from e to N = e + D (mod 2^w) and |s| divides D: after D/|s| steps it *is* N, where `!=` and the
 *               strict comparisons leave. This holds with any wrapping in between.
 *   interval    while the loop stays, the value is below the limit M; if M - 1 + s still fits, no step wraps, and the steps are those
 *               of integers: K = ⌈(M - e)/s⌉.
 *   iteration   the header's φs as intervals, stepped until the test cannot stay. */
#include "cfg/bounds.h"
#include "cfg/ranges.h"

#include <inttypes.h>

typedef __int128 wide;

enum { MOST_STEPS = 100 };
static const uint64_t MOST_BOUND = 1u << 24; /* beyond, a bound says nothing: better to ask */

struct search {
    struct cfg *g;
    struct values *v;
    struct loop *loop;
    uint32_t index, header;     /* of the loop in the cfg; the local block */
    bool *inside;               /* local blocks of the loop */
    VEC(uint32_t) outer, latch; /* predecessors of the header outside and inside */
    uint64_t best;              /* header executions; UINT64_MAX: none yet */
    uint64_t least;
    char why[256];
};

/* The tested value: ext(x + d) where x is the low W bits of a header φ that each iteration changes by STEP. */
struct induction {
    unsigned w;
    enum ir_op ext;             /* SEXT, ZEXT, or CONST for none */
    ir_ref base;                /* the φ, or its low bits */
    uint32_t loc;
    uint64_t offset;
    int64_t step;
};

/* ---- the loop's shape ------------------------------------------------------------------------------------------------------------- */

static bool slot_inside(const struct search *s, uint32_t slot) {
    uint32_t local = values_at_slot(s->v, slot);
    return local == NONE || s->inside[local];
}

/* Is the term's value the same throughout one run of the loop? */
static bool invariant(const struct search *s, ir_ref r, int depth) {
    const struct ir_node *n = ir_at(s->v->ir, r);
    if (!r || n->op == IR_CONST)
        return true;
    if (n->op == IR_VAR)
        return var_kind(n->imm) == VAR_ENTRY || !slot_inside(s, var_index(n->imm));
    if (n->op == IR_LOAD)
        return n->imm && !slot_inside(s, (uint32_t)(n->imm - 1));
    if (n->op == IR_CSR || n->op == IR_APPLY || !n->width || depth > 40)
        return false;
    return invariant(s, n->a, depth + 1) && invariant(s, n->b, depth + 1) && invariant(s, n->c, depth + 1);
}

static bool header_phi(const struct search *s, ir_ref r, uint32_t *loc) {
    const struct ir_node *n = ir_at(s->v->ir, r);
    uint32_t slot = code_slot(&s->g->own->flow.code, block_of(s->g, s->v->global[s->header])->addr);
    if (n->op != IR_VAR || var_kind(n->imm) != VAR_PHI || var_index(n->imm) != slot)
        return false;
    *loc = var_loc(n->imm);
    return true;
}

/* What is known of T when the loop is entered from block P. */
static struct interval range_at_entry(const struct search *s, uint32_t p, ir_ref t) {
    struct ranges r;
    ranges_init(&r, s->v);
    ranges_at(&r, s->v, p);
    ranges_edge(&r, s->v, p, s->header);
    struct interval i = ranges_of(&r, t);
    ranges_free(&r);
    return i;
}

/* ---- induction ---------------------------------------------------------------------------------------------------------------------- */

static bool plus_constant(const struct ir *ir, ir_ref r, ir_ref base, uint64_t *c) {
    const struct ir_node *n = ir_at(ir, r);
    *c = 0;
    if (r == base)
        return true;
    return n->op == IR_ADD && n->a == base && ir_is_const(ir, n->b, c);
}

/* Every back edge must change the low W bits by the same constant, not 0. */
static bool find_step(const struct search *s, struct induction *i) {
    for (size_t k = 0; k < s->latch.len; k++) {
        ir_ref next = ir_low(s->v->ir, value_out(s->v, s->latch.data[k], i->loc), i->w);
        uint64_t c;
        if (!plus_constant(s->v->ir, next, i->base, &c) || !c)
            return false;
        int64_t step = ir_signed(c, i->w);
        if (k && step != i->step)
            return false;
        i->step = step;
    }
    return s->latch.len != 0;
}

/* A 64-bit register that holds a 32-bit int: each back edge sign-extends, and so must what it starts with. */
static bool find_int(const struct search *s, ir_ref phi, struct induction *i) {
    struct ir *ir = s->v->ir;
    i->w = 32;
    i->ext = IR_SEXT;
    i->base = ir_low(ir, phi, 32);
    if (!find_step(s, i))
        return false;
    for (size_t k = 0; k < s->latch.len; k++) {
        ir_ref out = value_out(s->v, s->latch.data[k], i->loc);
        if (out != ir_sext(ir, ir_low(ir, out, 32), 64))
            return false;
    }
    for (size_t k = 0; k < s->outer.len; k++) {
        struct interval r = range_at_entry(s, s->outer.data[k], value_out(s->v, s->outer.data[k], i->loc));
        if (r.slo < INT32_MIN || r.shi > INT32_MAX)
            return false;
    }
    return true;
}

static bool find_induction(const struct search *s, ir_ref e, struct induction *i) {
    struct ir *ir = s->v->ir;
    struct ir_node n = *ir_at(ir, e);
    *i = (struct induction){.ext = IR_CONST, .w = n.width};
    ir_ref x = e;
    if (n.op == IR_SEXT || n.op == IR_ZEXT) {
        i->ext = (enum ir_op)n.op;
        x = n.a;
        i->w = ir_at(ir, x)->width;
    }
    n = *ir_at(ir, x);
    i->base = x;
    if (n.op == IR_ADD && ir_is_const(ir, n.b, &i->offset))
        i->base = n.a;
    else
        i->offset = 0;
    n = *ir_at(ir, i->base);
    ir_ref phi = n.op == IR_LOW ? n.a : i->base;
    if (!header_phi(s, phi, &i->loc))
        return false;
    if (find_step(s, i))
        return true;
    return i->w == 64 && i->ext == IR_CONST && !i->offset && phi == i->base && find_int(s, phi, i);
}

/* x + d of the first iteration, when the loop is entered from P. W bits wide. */
static ir_ref first_value(const struct search *s, const struct induction *i, uint32_t p) {
    struct ir *ir = s->v->ir;
    return ir_binary(ir, IR_ADD, ir_low(ir, value_out(s->v, p, i->loc), i->w), ir_const(ir, i->w, i->offset));
}

static ir_ref extend(struct ir *ir, enum ir_op ext, ir_ref x, unsigned w) {
    return ext == IR_SEXT ? ir_sext(ir, x, w) : ext == IR_ZEXT ? ir_zext(ir, x, w) : x;
}

/* ---- one test ----------------------------------------------------------------------------------------------------------------------- */

/* Stay while e REL n. */
enum relation { REL_EQ, REL_NE, REL_LT, REL_LE, REL_GT, REL_GE };
static const char *const relation_text[] = {"equal to", "not", "below", "at most", "above", "at least"};
struct test {
    enum relation rel;
    bool is_signed;
    ir_ref e, n;
};

static bool find_test(const struct ir *ir, ir_ref bit, bool stay, struct test *t) {
    const struct ir_node *n = ir_at(ir, bit);
    uint64_t k;
    while (n->op == IR_XOR && n->width == 1 && ir_is_const(ir, n->b, &k) && k) {
        stay = !stay;
        n = ir_at(ir, n->a);
    }
    if (n->op != IR_EQ && n->op != IR_ULT && n->op != IR_SLT)
        return false;
    *t = (struct test){.rel = n->op == IR_EQ ? (stay ? REL_EQ : REL_NE) : stay ? REL_LT : REL_GE, .is_signed = n->op == IR_SLT, .e = n->a, .n = n->b};
    return true;
}

static struct test swapped(struct test t) {
    static const enum relation mirror[] = {REL_EQ, REL_NE, REL_GT, REL_GE, REL_LT, REL_LE};
    return (struct test){mirror[t.rel], t.is_signed, t.n, t.e};
}

static bool divides(const struct ir *ir, uint64_t step, ir_ref d) {
    uint64_t k;
    if (step == 1)
        return true;
    if (ir_is_const(ir, d, &k))
        return k % step == 0;
    return (step & (step - 1)) == 0 && (ranges_bits(ir, d) & (step - 1)) == 0;
}

/* The limit as W bits such that e = N exactly when x + d equals them; 0: there is none for certain. */
static ir_ref narrow_limit(struct ir *ir, const struct induction *i, ir_ref n) {
    unsigned w = ir_at(ir, n)->width;
    if (i->ext == IR_CONST)
        return n;
    ir_ref x = ir_low(ir, n, i->w);
    return extend(ir, i->ext, x, w) == n ? x : 0;
}

static wide ceiling(wide a, wide b) { return a <= 0 ? 0 : (a + b - 1) / b; }

/* Stays at most this often when entered from P, -1: no bound. *exact: exactly this often, if no other exit is taken. */
static wide exact_hit(const struct search *s, const struct induction *i, const struct test *t, uint32_t p, bool *exact) {
    struct ir *ir = s->v->ir;
    bool up = i->step > 0;
    uint64_t step = up ? (uint64_t)i->step : 0 - (uint64_t)i->step, k;
    if (t->rel != REL_NE && t->rel != (up ? REL_LT : REL_GT))
        return -1;
    ir_ref n = narrow_limit(ir, i, t->n);
    if (!n)
        return -1;
    ir_ref first = first_value(s, i, p), d = up ? ir_binary(ir, IR_SUB, n, first) : ir_binary(ir, IR_SUB, first, n);
    if (!divides(ir, step, d))
        return -1;
    struct interval r = range_at_entry(s, p, d);
    *exact = t->rel == REL_NE && ir_is_const(ir, d, &k);
    return interval_empty(r) ? 0 : (wide)(r.hi / step);
}

/* The values that e takes in the reading of the test. */
static bool view(const struct induction *i, const struct test *t, wide *lowest, wide *highest) {
    wide m = (wide)ir_mask(i->w), half = (wide)1 << (i->w - 1);
    bool negative = i->ext == IR_SEXT || (i->ext == IR_CONST && t->is_signed);
    *lowest = negative ? -half : 0;
    *highest = negative ? half - 1 : m;
    if (negative && !t->is_signed)
        *lowest = 0; /* read without sign, negative values are above all others: the caller keeps out of there */
    return true;
}

static wide interval_steps(const struct search *s, const struct induction *i, const struct test *t, uint32_t p, bool *exact) {
    struct ir *ir = s->v->ir;
    ir_ref first = extend(ir, i->ext, first_value(s, i, p), ir_at(ir, t->e)->width);
    struct interval a = range_at_entry(s, p, first), n = range_at_entry(s, p, t->n);
    wide lowest, highest, step = i->step;
    uint64_t unused;
    bool up = step > 0;
    if (interval_empty(a) || interval_empty(n))
        return 0;
    view(i, t, &lowest, &highest);
    if (!t->is_signed && i->ext == IR_SEXT && !up && a.slo < 0)
        return -1;
    *exact = ir_is_const(ir, first, &unused) && ir_is_const(ir, t->n, &unused);
    if (up && (t->rel == REL_LT || t->rel == REL_LE)) {
        wide m = (t->is_signed ? (wide)n.shi : (wide)n.hi) + (t->rel == REL_LE);
        return m - 1 + step > highest ? -1 : ceiling(m - (t->is_signed ? (wide)a.slo : (wide)a.lo), step);
    }
    if (!up && (t->rel == REL_GT || t->rel == REL_GE)) {
        wide m = (t->is_signed ? (wide)n.slo : (wide)n.lo) - (t->rel == REL_GE);
        return m + 1 + step < lowest ? -1 : ceiling((t->is_signed ? (wide)a.shi : (wide)a.hi) - m, -step);
    }
    return -1;
}

static void describe_number(const struct search *s, ir_ref r, char *text, size_t size) {
    uint64_t k;
    struct interval i = range_at_entry(s, s->outer.data[0], r);
    unsigned w = ir_at(s->v->ir, r)->width;
    if (ir_is_const(s->v->ir, r, &k))
        snprintf(text, size, ir_signed(k, w) > 0xffffff || ir_signed(k, w) < -0xffffff ? "0x%" PRIx64 : "%" PRId64, (uint64_t)ir_signed(k, w));
    else if (i.slo > -(1 << 24) && i.shi < 1 << 24)
        snprintf(text, size, "[%" PRId64 ", %" PRId64 "]", i.slo, i.shi);
    else
        snprintf(text, size, "a fixed value");
}

static void describe(struct search *s, const struct induction *i, const struct test *t, wide stays, uint32_t x) {
    char first[64], limit[64];
    describe_number(s, first_value(s, i, s->outer.data[0]), first, sizeof first);
    describe_number(s, t->n, limit, sizeof limit);
    snprintf(s->why, sizeof s->why, "counts from %s by %" PRId64 " while %s %s: the branch at 0x%" PRIx64 " stays at most %" PRIu64 " times", first,
             i->step, relation_text[t->rel], limit, block_last(s->g, s->v->global[x]), (uint64_t)stays);
}

/* A bound of the number of times that test T stays, over all ways into the loop; -1: none. */
static wide affine_stays(struct search *s, const struct test *t, struct induction *i, bool *exact) {
    wide worst = 0;
    if (!find_induction(s, t->e, i) || !invariant(s, t->n, 0))
        return -1;
    *exact = s->outer.len == 1;
    if (t->rel == REL_EQ) { /* one step away from N it is not N */
        *exact = false;
        return 1;
    }
    for (size_t k = 0; k < s->outer.len; k++) {
        bool exact_a = false, exact_b = false;
        wide a = exact_hit(s, i, t, s->outer.data[k], &exact_a), b = interval_steps(s, i, t, s->outer.data[k], &exact_b);
        if (a < 0 && b < 0)
            return -1;
        bool first = b < 0 || (a >= 0 && a < b);
        wide stays = first ? a : b;
        *exact &= (a >= 0 && exact_a && stays == a) || (b >= 0 && exact_b && stays == b);
        worst = stays > worst ? stays : worst;
    }
    return worst;
}

/* ---- iteration on intervals -------------------------------------------------------------------------------------------------------------- */

/* Header φs that the terms in WORK depend on, directly or through an iteration. False: too many. */
static bool find_phis(const struct search *s, ir_ref root, uint32_t *locs, size_t *count, size_t most) {
    const struct ir *ir = s->v->ir;
    VEC(ir_ref) work = {0};
    struct map seen = {0};
    *count = 0;
    vec_push(&work, root);
    for (size_t at = 0; at < work.len && work.len < 200 && *count <= most; at++) {
        const struct ir_node n = *ir_at(ir, work.data[at]);
        ir_ref kids[3] = {n.a, n.b, n.c};
        uint32_t loc;
        uint64_t unused;
        if (map_get(&seen, work.data[at], &unused))
            continue;
        map_put(&seen, work.data[at], 1);
        if (header_phi(s, work.data[at], &loc)) {
            if (*count < most)
                locs[*count] = loc;
            ++*count;
            for (size_t k = 0; k < s->latch.len; k++)
                vec_push(&work, value_out(s->v, s->latch.data[k], loc));
        }
        for (int k = 0; k < 3 && n.op != IR_LOAD; k++)
            if (kids[k] && ir_at(ir, kids[k])->width)
                vec_push(&work, kids[k]);
    }
    bool fine = work.len < 200 && *count <= most && *count > 0;
    map_free(&seen);
    vec_free(&work);
    return fine;
}

/* Learns what holds of everything fixed, whichever way the loop was entered: only with a single way in. */
static void learn_entry(const struct search *s, struct ranges *r) {
    if (s->outer.len != 1)
        return;
    ranges_at(r, s->v, s->outer.data[0]);
    ranges_edge(r, s->v, s->outer.data[0], s->header);
}

static wide iterate_stays(struct search *s, uint32_t x, bool stay) {
    enum { MOST_PHIS = 6 };
    uint32_t locs[MOST_PHIS];
    struct interval now[MOST_PHIS], next[MOST_PHIS];
    size_t count;
    if (!find_phis(s, s->v->condition[x], locs, &count, MOST_PHIS))
        return -1;
    for (size_t k = 0; k < count; k++) {
        now[k] = range_at_entry(s, s->outer.data[0], value_out(s->v, s->outer.data[0], locs[k]));
        for (size_t p = 1; p < s->outer.len; p++)
            now[k] = interval_join(now[k], range_at_entry(s, s->outer.data[p], value_out(s->v, s->outer.data[p], locs[k])));
    }
    for (int step = 0; step < MOST_STEPS; step++) {
        struct ranges r;
        ranges_init(&r, s->v);
        learn_entry(s, &r);
        for (size_t k = 0; k < count; k++)
            ranges_learn(&r, value_in(s->v, s->header, locs[k]), now[k]);
        struct interval c = ranges_of(&r, s->v->condition[x]);
        bool leaves = interval_empty(c) || (c.lo == c.hi && (c.lo != 0) != stay);
        ranges_assume(&r, s->v->condition[x], stay);
        bool same = true;
        for (size_t k = 0; k < count; k++) {
            next[k] = (struct interval){1, 0, 1, 0};
            for (size_t p = 0; p < s->latch.len; p++)
                next[k] = interval_join(next[k], ranges_of(&r, value_out(s->v, s->latch.data[p], locs[k])));
            leaves |= interval_empty(ranges_of(&r, value_in(s->v, s->header, locs[k])));
            same &= memcmp(&next[k], &now[k], sizeof next[k]) == 0;
        }
        ranges_free(&r);
        if (leaves)
            return step;
        if (same)
            return -1;
        memcpy(now, next, sizeof now);
    }
    return -1;
}

/* ---- one loop ---------------------------------------------------------------------------------------------------------------------------- */

static void offer(struct search *s, wide stays) {
    if (stays >= 0 && stays < (wide)MOST_BOUND && (uint64_t)stays + 1 < s->best)
        s->best = (uint64_t)stays + 1;
}

/* Does nothing but the branch of X leave the loop? */
static bool only_exit(const struct search *s, uint32_t x) {
    for (uint32_t b = 0; b < s->v->blocks; b++) {
        const struct block *k = block_of(s->g, s->v->global[b]);
        if (!s->inside[b])
            continue;
        if (k->open || k->end >= END_TAIL || (k->calls && k->end != END_CALL))
            return false;
        for (uint32_t e = k->edge; e < k->edge + k->edges; e++)
            if (!s->inside[values_local(s->v, s->g->edges.data[e].to)] && b != x)
                return false;
        for (uint32_t c = k->call; c < k->call + k->calls; c++)
            if (!s->g->functions.data[s->g->calls.data[c]].returns)
                return false;
    }
    return true;
}

static void try_test(struct search *s, uint32_t x, bool stay) {
    struct test t;
    struct induction i;
    bool exact = false;
    wide stays = -1;
    if (find_test(s->v->ir, s->v->condition[x], stay, &t)) {
        stays = affine_stays(s, &t, &i, &exact);
        if (stays < 0) {
            t = swapped(t);
            stays = affine_stays(s, &t, &i, &exact);
        }
    }
    uint64_t before = s->best;
    if (stays >= 0) {
        offer(s, stays);
        if (s->best < before)
            describe(s, &i, &t, stays, x);
        if (exact && stays < (wide)MOST_BOUND && only_exit(s, x))
            s->least = (uint64_t)stays + 1;
        return;
    }
    stays = iterate_stays(s, x, stay);
    offer(s, stays);
    if (s->best < before)
        snprintf(s->why, sizeof s->why, "stepping the loop on intervals: the branch at 0x%" PRIx64 " stays at most %" PRIu64 " times",
                 block_last(s->g, s->v->global[x]), (uint64_t)stays);
}

static bool is_test(const struct search *s, uint32_t x, bool *stay) {
    const struct block *k = block_of(s->g, s->v->global[x]);
    uint32_t in = 0;
    if (k->loop != s->index || k->end != END_BRANCH || !s->v->condition[x] || s->v->unknown[x] || k->open)
        return false;
    for (uint32_t e = k->edge; e < k->edge + k->edges; e++)
        if (s->inside[values_local(s->v, s->g->edges.data[e].to)]) {
            in++;
            *stay = s->g->edges.data[e].kind == EDGE_TAKEN;
        }
    for (size_t i = 0; i < s->latch.len && in == 1; i++)
        if (!values_dominates(s->v, x, s->latch.data[i]))
            return false;
    return in == 1;
}

static void search_loop(struct search *s) {
    struct values *v = s->v;
    s->header = values_local(v, s->loop->header);
    bool at_entry = s->g->functions.data[v->function].entry == s->loop->header;
    if (s->loop->entries.len != 1 || v->number[s->header] == NONE || at_entry)
        return;
    for (size_t i = 0; i < s->loop->blocks.len; i++)
        s->inside[values_local(v, s->loop->blocks.data[i])] = true;
    for (uint32_t p = v->first[s->header]; p < v->first[s->header + 1]; p++) {
        if (s->inside[v->pred[p]])
            vec_push(&s->latch, v->pred[p]);
        else if (v->number[v->pred[p]] != NONE)
            vec_push(&s->outer, v->pred[p]);
    }
    for (size_t i = 0; i < s->loop->blocks.len && s->outer.len; i++) {
        uint32_t x = values_local(v, s->loop->blocks.data[i]);
        bool stay = false;
        if (is_test(s, x, &stay))
            try_test(s, x, stay);
    }
}

/* A header φ that each iteration changes by s, in a loop whose header runs at most N times, is within (N - 1) s of where it began,
 * if that does not wrap. The loops inside use it. */
static void note_phi(struct search *s, uint32_t loc) {
    struct ir *ir = s->v->ir;
    ir_ref phi = value_in(s->v, s->header, loc);
    struct induction i = {.w = ir_at(ir, phi)->width, .ext = IR_CONST, .base = phi, .loc = loc};
    struct interval from = {1, 0, 1, 0};
    if (!i.w || (!find_step(s, &i) && (i.w != 64 || !find_int(s, phi, &i))))
        return;
    for (size_t p = 0; p < s->outer.len; p++)
        from = interval_join(from, range_at_entry(s, s->outer.data[p], value_out(s->v, s->outer.data[p], loc)));
    if (interval_empty(from))
        return;
    wide way = (wide)i.step * (wide)(s->best - 1), half = (wide)1 << (i.w - 1);
    wide lo = from.slo + (way < 0 ? way : 0), hi = from.shi + (way > 0 ? way : 0);
    wide ulo = from.lo + (way < 0 ? way : 0), uhi = from.hi + (way > 0 ? way : 0);
    unsigned w = ir_at(ir, phi)->width;
    struct interval all = interval_all(w);
    if (lo >= -half && hi < half)
        all = interval_meet(all, interval_signed(w, (int64_t)lo, (int64_t)hi), w);
    if (i.w == w && ulo >= 0 && uhi <= (wide)ir_mask(w))
        all = interval_meet(all, interval_unsigned(w, (uint64_t)ulo, (uint64_t)uhi), w);
    map_put(&s->v->header_index, ir_at(ir, phi)->imm, s->v->header_range.len);
    vec_push(&s->v->header_range, all);
}

static void bound_loop(struct cfg *g, struct values *v, uint32_t index, bool *inside, uint64_t *least) {
    struct search s = {.g = g, .v = v, .loop = &g->loops.data[index], .index = index, .inside = inside, .best = UINT64_MAX};
    search_loop(&s);
    for (uint32_t loc = 1, unused; loc < v->locs && s.best != UINT64_MAX; loc++)
        if (header_phi(&s, value_in(v, s.header, loc), &unused))
            note_phi(&s, loc);
    for (size_t i = 0; i < s.loop->blocks.len; i++)
        inside[values_local(v, s.loop->blocks.data[i])] = false;
    *least = s.least;
    if (s.best != UINT64_MAX) {
        s.loop->max = s.best;
        s.loop->origin = BOUND_DERIVED;
        s.loop->why = arena_strdup(g->arena, s.why);
    }
    vec_free(&s.outer);
    vec_free(&s.latch);
}

void bounds_derive(struct cfg *g, uint64_t *least) {
    struct ir ir;
    ir_init(&ir, g->image);
    uint32_t unsaved = values_unsaved(g);
    for (uint32_t i = 0; i < g->loops.len;) { /* a function's loops stand together */
        uint32_t function = block_of(g, g->loops.data[i].header)->function, first = i;
        bool open = false;
        for (size_t k = 0; k < g->functions.data[function].blocks.len; k++)
            open |= block_of(g, g->functions.data[function].blocks.data[k])->end == END_OPEN;
        for (; i < g->loops.len && block_of(g, g->loops.data[i].header)->function == function; i++) {
        }
        if (open) /* edges are missing: nothing that is proved on the others holds */
            continue;
        struct values v;
        ir_reset(&ir);
        values_find(&v, g, function, &ir, unsaved);
        bool *inside = mem_alloc(v.blocks);
        uint32_t deepest = 1;
        for (uint32_t depth = 1; depth <= deepest; depth++) /* outer loops first */
            for (uint32_t k = first; k < i; k++) {
                deepest = g->loops.data[k].depth > deepest ? g->loops.data[k].depth : deepest;
                if (g->loops.data[k].depth == depth)
                    bound_loop(g, &v, k, inside, &least[k]);
            }
        free(inside);
        values_free(&v);
    }
    ir_free(&ir);
}
