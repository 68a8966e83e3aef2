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
#include "cfg/callers.h"
#include "cfg/execute.h"
#include "cfg/induction.h"
#include "cfg/prove.h"

#include <inttypes.h>

enum { MOST_STEPS = 100 };
static const uint64_t MOST_BOUND = 1u << 24; /* beyond, a bound says nothing: better to ask */

static uint32_t loop_function(const struct cfg *g, uint32_t loop) { return block_of(g, g->loops.data[loop].header)->function; }

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
static ir_ref narrow_limit(const struct search *s, const struct induction *i, ir_ref n, uint32_t p) {
    struct ir *ir = s->v->ir;
    unsigned w = ir_at(ir, n)->width;
    if (i->ext == IR_CONST)
        return n;
    ir_ref x = ir_low(ir, n, i->w);
    if (induction_extend(ir, i->ext, x, w) == n)
        return x;
    struct interval r = search_range_at_entry(s, p, n);
    wide half = (wide)1 << (i->w - 1);
    bool fits = i->ext == IR_SEXT ? r.slo >= -half && r.shi < half : r.hi <= ir_mask(i->w);
    return fits && !interval_empty(r) ? x : 0;
}

static wide ceiling(wide a, wide b) { return a <= 0 ? 0 : (a + b - 1) / b; }

/* Stays at most this often when entered from P, -1: no bound. *exact: exactly this often, if no other exit is taken. */
static wide exact_hit(const struct search *s, const struct induction *i, const struct test *t, uint32_t p, bool *exact) {
    struct ir *ir = s->v->ir;
    bool up = i->slow > 0;
    uint64_t step = (uint64_t)(up ? i->slow : -i->slow), k;
    if (i->slow != i->fast || (t->rel != REL_NE && t->rel != (up ? REL_LT : REL_GT)))
        return -1;
    ir_ref n = narrow_limit(s, i, t->n, p), first = induction_first(s, i, p);
    if (!n || !first)
        return -1;
    ir_ref plain = up ? ir_binary(ir, IR_SUB, n, first) : ir_binary(ir, IR_SUB, first, n), d = search_unfolded(s, plain);
    if (!divides(ir, step, d))
        return -1;
    struct interval r = interval_meet(search_range_at_entry(s, p, d), search_range_at_entry(s, p, plain), i->w);
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
    ir_ref value = induction_first(s, i, p), first = value ? induction_extend(ir, i->ext, value, ir_at(ir, t->e)->width) : 0;
    if (!first)
        return -1;
    struct interval a = search_range_at_entry(s, p, first), n = search_range_at_entry(s, p, t->n);
    wide lowest, highest;
    uint64_t unused;
    bool up = i->slow > 0;
    if (interval_empty(a) || interval_empty(n))
        return 0;
    view(i, t, &lowest, &highest);
    if (!t->is_signed && i->ext == IR_SEXT && !up && a.slo < 0)
        return -1;
    *exact = i->slow == i->fast && ir_is_const(ir, first, &unused) && ir_is_const(ir, t->n, &unused);
    if (up && (t->rel == REL_LT || t->rel == REL_LE)) {
        wide m = (t->is_signed ? (wide)n.shi : (wide)n.hi) + (t->rel == REL_LE);
        return m - 1 + i->fast > highest ? -1 : ceiling(m - (t->is_signed ? (wide)a.slo : (wide)a.lo), i->slow);
    }
    if (!up && (t->rel == REL_GT || t->rel == REL_GE)) {
        wide m = (t->is_signed ? (wide)n.slo : (wide)n.lo) - (t->rel == REL_GE);
        return m + 1 + i->fast < lowest ? -1 : ceiling((t->is_signed ? (wide)a.shi : (wide)a.hi) - m, -i->slow);
    }
    return -1;
}

static void describe_number(const struct search *s, ir_ref r, char *text, size_t size) {
    uint64_t k;
    struct interval i = search_range_at_entry(s, s->outer.data[0], r);
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
    describe_number(s, induction_first(s, i, s->outer.data[0]), first, sizeof first);
    describe_number(s, t->n, limit, sizeof limit);
    snprintf(s->why, sizeof s->why, "counts from %s by %" PRId64 "%s while %s %s: the branch at 0x%" PRIx64 " stays at most %" PRIu64 " times", first,
             (int64_t)i->slow, i->slow == i->fast ? "" : " or more", relation_text[t->rel], limit, block_last(s->g, s->v->global[x]), (uint64_t)stays);
}

/* A bound of the number of times that test T stays, over all ways into the loop; -1: none. */
static wide affine_stays(struct search *s, struct test *t, struct induction *i, uint32_t x, bool *exact) {
    wide worst = 0;
    t->e = search_by_equality(s, x, t->e);
    if (!induction_find(s, t->e, i) || !search_invariant(s, t->n, 0))
        return -1;
    *exact = s->outer.len == 1;
    wide room = (wide)ir_mask(i->w) + 1;
    if (t->rel == REL_EQ) { /* one step away from N it is not N */
        if (i->fast >= room || -i->fast >= room)
            return -1;
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
        if (search_header_phi(s, work.data[at], &loc)) {
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
    if (s->outer.len != 1 || s->outer.data[0] == NONE)
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
        now[k] = search_range_at_entry(s, s->outer.data[0], search_outer_value(s, s->outer.data[0], locs[k]));
        for (size_t p = 1; p < s->outer.len; p++)
            now[k] = interval_join(now[k], search_range_at_entry(s, s->outer.data[p], search_outer_value(s, s->outer.data[p], locs[k])));
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

/* x & (x - 1) is x without its lowest 1: zero after as many iterations as x has bits. */
static wide clearing_stays(const struct search *s, const struct test *t) {
    struct ir *ir = s->v->ir;
    uint64_t zero;
    uint32_t loc;
    ir_ref phi = t->e;
    if (t->rel != REL_NE || !ir_is_const(ir, t->n, &zero) || zero)
        return -1;
    const struct ir_node *n = ir_at(ir, t->e);
    if (n->op == IR_AND) /* tested after the change */
        phi = search_header_phi(s, n->a, &loc) ? n->a : n->b;
    if (!search_phi_bits(s, phi, &loc))
        return -1;
    unsigned w = ir_at(ir, phi)->width;
    ir_ref less = ir_binary(ir, IR_AND, phi, ir_binary(ir, IR_ADD, phi, ir_const(ir, w, UINT64_MAX)));
    for (size_t k = 0; k < s->latch.len; k++)
        if (ir_low(ir, value_out(s->v, s->latch.data[k], loc), w) != less)
            return -1;
    return t->e == phi || t->e == less ? (wide)w : -1;
}

static void try_test(struct search *s, uint32_t x, bool stay) {
    struct test t;
    struct induction i;
    bool exact = false;
    wide stays = -1;
    if (find_test(s->v->ir, s->v->condition[x], stay, &t)) {
        stays = affine_stays(s, &t, &i, x, &exact);
        if (stays < 0) {
            t = swapped(t);
            stays = affine_stays(s, &t, &i, x, &exact);
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
    stays = find_test(s->v->ir, s->v->condition[x], stay, &t) ? clearing_stays(s, &t) : -1;
    offer(s, stays);
    if (s->best < before)
        snprintf(s->why, sizeof s->why, "each iteration clears the lowest 1 of a value of %" PRIu64 " bits", (uint64_t)stays);
    before = s->best;
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

/* Without any single test: if a φ grows in every iteration, and each back edge is only taken while it stays below some M (whichever test
 * on the way says so), the back edges are taken at most (M - begin) / step times. While it stays, no step wraps: M + step must fit. */
static wide climb(const struct search *s, uint32_t loc, unsigned w, wide slow, wide fast, bool is_signed) {
    struct interval begin = {1, 0, 1, 0}, end = begin;
    for (size_t p = 0; p < s->outer.len; p++)
        begin = interval_join(begin, search_range_at_entry(s, s->outer.data[p], search_outer_value(s, s->outer.data[p], loc)));
    for (size_t k = 0; k < s->latch.len; k++)
        end = interval_join(end, search_range_at_entry(s, s->latch.data[k], value_out(s->v, s->latch.data[k], loc)));
    if (interval_empty(begin) || interval_empty(end))
        return 0;
    wide half = (wide)1 << (w - 1), top = is_signed ? half - 1 : (wide)ir_mask(w), bottom = is_signed ? -half : 0;
    wide from_lo = is_signed ? (wide)begin.slo : (wide)begin.lo, from_hi = is_signed ? (wide)begin.shi : (wide)begin.hi;
    wide to_lo = is_signed ? (wide)end.slo : (wide)end.lo, to_hi = is_signed ? (wide)end.shi : (wide)end.hi;
    if (slow > 0)
        return (to_hi > from_hi ? to_hi : from_hi) + fast > top ? -1 : to_hi < from_lo ? 0 : (to_hi - from_lo) / slow;
    return (to_lo < from_lo ? to_lo : from_lo) + fast < bottom ? -1 : to_lo > from_hi ? 0 : (from_hi - to_lo) / -slow;
}

static void try_climbing(struct search *s, uint32_t loc) {
    struct ir *ir = s->v->ir;
    ir_ref phi = value_in(s->v, s->header, loc), atom = phi;
    unsigned w = ir_at(ir, phi)->width;
    wide slow, fast;
    bool found = w >= 8 && search_step(s, phi, loc, &slow, &fast);
    if (!found && w == 64 && search_holds_int(s, loc)) {
        atom = ir_low(ir, phi, w = 32);
        found = search_step(s, atom, loc, &slow, &fast);
    }
    if (!found || slow == 0 || fast == 0 || (slow > 0) != (fast > 0))
        return;
    if (slow < 0) {
        wide t = slow;
        slow = fast, fast = t;
    }
    for (int is_signed = 0; is_signed < 2; is_signed++) {
        wide stays = w < 64 && ir_at(ir, phi)->width == 64 && !is_signed ? -1 : climb(s, loc, w, slow, fast, is_signed);
        uint64_t before = s->best;
        offer(s, stays);
        if (s->best < before)
            snprintf(s->why, sizeof s->why, "a value that moves by %" PRId64 " or more each time goes round at most %" PRIu64 " times within its limits",
                     (int64_t)slow, (uint64_t)stays);
    }
}

static void search_loop(struct search *s) {
    struct values *v = s->v;
    s->header = values_local(v, s->loop->header);
    bool at_entry = s->g->functions.data[v->function].entry == s->loop->header;
    if (s->loop->entries.len != 1 || v->number[s->header] == NONE)
        return;
    for (size_t i = 0; i < s->loop->blocks.len; i++)
        s->inside[values_local(v, s->loop->blocks.data[i])] = true;
    for (uint32_t p = v->first[s->header]; p < v->first[s->header + 1]; p++) {
        if (s->inside[v->pred[p]])
            vec_push(&s->latch, v->pred[p]);
        else if (v->number[v->pred[p]] != NONE)
            vec_push(&s->outer, v->pred[p]);
    }
    if (at_entry)
        vec_push(&s->outer, NONE);
    for (size_t i = 0; i < s->loop->blocks.len && s->outer.len; i++) {
        uint32_t x = values_local(v, s->loop->blocks.data[i]);
        bool stay = false;
        if (is_test(s, x, &stay))
            try_test(s, x, stay);
    }
    for (uint32_t loc = 1, unused; loc < v->locs && s->outer.len && s->best == UINT64_MAX; loc++)
        if (search_header_phi(s, value_in(v, s->header, loc), &unused))
            try_climbing(s, loc);
}

/* A header φ that each iteration changes by s, in a loop whose header runs at most N times, is within (N - 1) s of where it began,
 * if that does not wrap. The loops inside use it. */
static void note_range(struct search *s, uint32_t loc, unsigned step_width, wide slow, wide fast) {
    ir_ref phi = value_in(s->v, s->header, loc);
    unsigned w = ir_at(s->v->ir, phi)->width;
    struct interval from = {1, 0, 1, 0}, all = interval_all(w);
    for (size_t p = 0; p < s->outer.len; p++)
        from = interval_join(from, search_range_at_entry(s, s->outer.data[p], search_outer_value(s, s->outer.data[p], loc)));
    if (interval_empty(from))
        return;
    wide turns = (wide)(s->best - 1), half = (wide)1 << (step_width - 1), down = slow < 0 ? slow * turns : 0, up = fast > 0 ? fast * turns : 0;
    wide lo = from.slo + down, hi = from.shi + up, ulo = from.lo + down, uhi = from.hi + up;
    if (lo >= -half && hi < half)
        all = interval_meet(all, interval_signed(w, (int64_t)lo, (int64_t)hi), w);
    if (step_width == w && ulo >= 0 && uhi <= (wide)ir_mask(w))
        all = interval_meet(all, interval_unsigned(w, (uint64_t)ulo, (uint64_t)uhi), w);
    map_put(&s->v->header_index, ir_at(s->v->ir, phi)->imm, s->v->header_range.len);
    vec_push(&s->v->header_range, all);
}

/* atom = begin + step · iteration, for the loops inside. */
static void note_affine(struct search *s, ir_ref atom, uint32_t loc, wide step) {
    struct ir *ir = s->v->ir;
    unsigned w = ir_at(ir, atom)->width;
    struct affine a = {.step = (int64_t)step};
    if (s->outer.len != 1)
        return;
    a.begin = ir_low(ir, search_outer_value(s, s->outer.data[0], loc), w);
    a.iteration = ir_low(ir, ir_var(ir, 64, var_id(VAR_TURN, code_slot(&s->g->own->flow.code, block_of(s->g, s->loop->header)->addr), 0)), w);
    map_put(&s->v->affine_index, atom, s->v->affine.len);
    vec_push(&s->v->affine, a);
}

static void note_phi(struct search *s, uint32_t loc) {
    struct ir *ir = s->v->ir;
    ir_ref phi = value_in(s->v, s->header, loc);
    unsigned w = ir_at(ir, phi)->width;
    wide slow, fast;
    bool whole = w && search_step(s, phi, loc, &slow, &fast), known = s->best != UINT64_MAX;
    if (whole && known)
        note_range(s, loc, w, slow, fast);
    if (whole && slow == fast)
        note_affine(s, phi, loc, slow);
    if (w != 64 || !search_step(s, ir_low(ir, phi, 32), loc, &slow, &fast))
        return;
    if (!whole && known && search_holds_int(s, loc))
        note_range(s, loc, 32, slow, fast);
    if (slow == fast)
        note_affine(s, ir_low(ir, phi, 32), loc, slow);
}

static void bound_loop(struct cfg *g, struct values *v, uint32_t index, bool *inside, uint64_t *least, struct prover *prover) {
    struct search s = {.g = g, .v = v, .loop = &g->loops.data[index], .index = index, .inside = inside, .best = UINT64_MAX};
    search_loop(&s);
    if (prover && s.best == UINT64_MAX && s.loop->origin == BOUND_NONE && !s.loop->endless && s.outer.len)
        prover_add(prover, &s);
    for (uint32_t loc = 1, unused; loc < v->locs && s.outer.len; loc++)
        if (search_header_phi(&s, value_in(v, s.header, loc), &unused))
            note_phi(&s, loc);
    for (size_t i = 0; i < s.loop->blocks.len; i++)
        inside[values_local(v, s.loop->blocks.data[i])] = false;
    *least = s.least > *least ? s.least : *least;
    if (s.best != UINT64_MAX && (s.loop->origin == BOUND_NONE || s.best < s.loop->max)) {
        s.loop->max = s.best;
        s.loop->origin = BOUND_DERIVED;
        s.loop->why = arena_strdup(g->arena, s.why);
    }
    vec_free(&s.outer);
    vec_free(&s.latch);
}

/* The loops of one function, [first, end) of the cfg's, outer ones first. ARGUMENT: see struct values. PROVER: gets what stays open; or NULL. */
static void bound_function(struct cfg *g, uint32_t first, uint32_t end, struct ir *ir, const uint32_t *unsaved, const struct interval *argument, uint64_t *least,
                           struct prover *prover) {
    struct values v;
    ir_reset(ir);
    values_find(&v, g, loop_function(g, first), ir, unsaved);
    v.argument = argument;
    bool *inside = mem_alloc(v.blocks);
    uint32_t deepest = 1;
    for (uint32_t depth = 1; depth <= deepest; depth++)
        for (uint32_t k = first; k < end; k++) {
            deepest = g->loops.data[k].depth > deepest ? g->loops.data[k].depth : deepest;
            if (g->loops.data[k].depth == depth)
                bound_loop(g, &v, k, inside, &least[k], prover);
        }
    free(inside);
    values_free(&v);
}

/* LOADED only for loops that have no bound without that assumption. */
static void derive_executed(struct cfg *g, bool loaded) {
    uint64_t *max = mem_alloc(g->loops.len * sizeof *max);
    bool open = !loaded;
    for (size_t i = 0; i < g->loops.len && !open; i++)
        open = g->loops.data[i].origin == BOUND_NONE && !g->loops.data[i].endless;
    if (open)
        execute_program(g, loaded, max);
    for (size_t i = 0; i < g->loops.len; i++) {
        struct loop *l = &g->loops.data[i];
        if (!max[i] || max[i] >= MOST_BOUND || (l->origin != BOUND_NONE && (loaded || l->max <= max[i])))
            continue;
        l->max = max[i];
        l->origin = BOUND_DERIVED;
        l->why = arena_printf(g->arena, "run on all values from the program's entry%s: at most %" PRIu64 " times in any call",
                              loaded ? ", with memory that begins as the ELF says and that nobody else writes" : ", with memory that nobody else writes", max[i]);
    }
    free(max);
}

/* Behind the last loop of the function that has loop FIRST: a function's loops stand together. */
static uint32_t last_loop(const struct cfg *g, uint32_t first) {
    uint32_t i = first;
    while (i < g->loops.len && loop_function(g, i) == loop_function(g, first))
        i++;
    return i;
}

static bool lacks_edges(const struct cfg *g, uint32_t function) {
    for (size_t k = 0; k < g->functions.data[function].blocks.len; k++)
        if (block_of(g, g->functions.data[function].blocks.data[k])->end == END_OPEN)
            return true;
    return false;
}

/* Once more for the functions with loops that are still open, with what their callers give them; and what stays open is put to the solver. */
static void derive_from_callers(struct cfg *g, struct ir *ir, const uint32_t *unsaved, uint64_t *least) {
    size_t n = g->functions.len;
    struct arguments *args = mem_alloc(n * sizeof *args);
    bool *wanted = mem_alloc(n), *known = mem_alloc(n);
    for (uint32_t i = 0; i < g->loops.len; i++)
        wanted[loop_function(g, i)] |= g->loops.data[i].origin == BOUND_NONE && !lacks_edges(g, loop_function(g, i));
    callers_arguments(g, wanted, unsaved, args, known);
    struct prover *prover = prover_new(g);
    for (uint32_t i = 0, end; i < g->loops.len; i = end) {
        uint32_t f = loop_function(g, i);
        end = last_loop(g, i);
        if (wanted[f])
            bound_function(g, i, end, ir, unsaved, known[f] ? args[f].of : NULL, least, prover);
    }
    prover_run(prover);
    free(args), free(wanted), free(known);
}

void bounds_derive(struct cfg *g, uint64_t *least) {
    struct ir ir;
    ir_init(&ir, g->image);
    uint32_t *unsaved = values_unsaved(g);
    for (uint32_t i = 0, end; i < g->loops.len; i = end) {
        end = last_loop(g, i);
        if (!lacks_edges(g, loop_function(g, i))) /* where edges are missing nothing that is proved on the others holds */
            bound_function(g, i, end, &ir, unsaved, NULL, least, NULL);
    }
    derive_executed(g, false);
    derive_from_callers(g, &ir, unsaved, least);
    derive_executed(g, true);
    free(unsaved);
    ir_free(&ir);
}
