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
#include "cfg/linear.h"
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
    VEC(uint32_t) outer, latch; /* predecessors of the header outside (NONE: the function's caller) and inside */
    uint64_t best;              /* header executions; UINT64_MAX: none yet */
    uint64_t least;
    char why[256];
};

/* The tested value: ext(x), where x is W bits: a sum of the header's φs and of what does not change. */
struct induction {
    unsigned w;
    enum ir_op ext;             /* SEXT, ZEXT, or CONST for none */
    struct linear x;
    wide slow, fast;            /* each iteration adds one of slow … fast to x, both of one sign, not 0 */
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

/* The value of a location where the loop is entered from block P; NONE: where the function is. */
static ir_ref outer_value(const struct search *s, uint32_t p, uint32_t loc) { return p == NONE ? s->v->entry[loc] : value_out(s->v, p, loc); }

/* What is known of T when the loop is entered from block P. */
static struct interval range_at_entry(const struct search *s, uint32_t p, ir_ref t) {
    struct ranges r;
    ranges_init(&r, s->v);
    if (p != NONE) {
        ranges_at(&r, s->v, p);
        ranges_edge(&r, s->v, p, s->header);
    }
    struct interval i = ranges_of(&r, t);
    ranges_free(&r);
    return i;
}

/* ---- induction ---------------------------------------------------------------------------------------------------------------------- */

/* TERM as a header φ's W low bits, and its location. */
static bool phi_bits(const struct search *s, ir_ref term, uint32_t *loc) {
    const struct ir_node *n = ir_at(s->v->ir, term);
    return header_phi(s, n->op == IR_LOW ? n->a : term, loc);
}

/* next = atom + c? Through the joins of paths inside the loop there may be several c: they widen [lo, hi]. */
static bool find_change(const struct search *s, ir_ref next, ir_ref atom, wide *lo, wide *hi, int depth) {
    struct ir *ir = s->v->ir;
    const struct ir_node *n = ir_at(ir, next);
    unsigned w = n->width;
    uint64_t add = 0;
    ir_ref base = next;
    if (n->op == IR_ADD && ir_is_const(ir, n->b, &add))
        base = n->a;
    else
        add = 0;
    if (base == atom) {
        wide c = ir_signed(add, w);
        *lo = c < *lo ? c : *lo;
        *hi = c > *hi ? c : *hi;
        return true;
    }
    n = ir_at(ir, base);
    ir_ref phi = n->op == IR_LOW ? n->a : base;
    const struct ir_node *p = ir_at(ir, phi);
    if (depth == 4 || p->op != IR_VAR || var_kind(p->imm) != VAR_PHI)
        return false;
    uint32_t b = values_at_slot(s->v, var_index(p->imm)), loc = var_loc(p->imm);
    if (b == NONE || !s->inside[b] || b == s->header || s->v->number[b] == NONE)
        return false;
    for (uint32_t k = s->v->first[b]; k < s->v->first[b + 1]; k++) {
        uint32_t from = s->v->pred[k];
        if (s->v->number[from] >= s->v->number[b]) /* round a loop inside: any number of times */
            return false;
        ir_ref in = ir_binary(ir, IR_ADD, ir_low(ir, value_out(s->v, from, loc), w), ir_const(ir, w, add));
        if (!find_change(s, in, atom, lo, hi, depth + 1))
            return false;
    }
    return true;
}

/* Only φs of the header and what does not change? */
static bool told_by_header(const struct search *s, const struct linear *l) {
    uint32_t loc;
    for (size_t k = 0; k < l->count; k++)
        if (!phi_bits(s, l->atom[k], &loc) && !invariant(s, l->atom[k], 0))
            return false;
    return true;
}

/* The equation that the only edge into block B has shown: *x = *y. */
static bool equation(const struct search *s, uint32_t b, ir_ref *x, ir_ref *y) {
    const struct ir *ir = s->v->ir;
    uint32_t from = s->v->first[b + 1] - s->v->first[b] == 1 ? s->v->pred[s->v->first[b]] : NONE;
    if (from == NONE || !s->v->condition[from] || block_of(s->g, s->v->global[from])->end != END_BRANCH)
        return false;
    bool taken = false;
    const struct block *k = block_of(s->g, s->v->global[from]);
    for (uint32_t e = k->edge; e < k->edge + k->edges; e++)
        if (s->g->edges.data[e].to == s->v->global[b])
            taken = s->g->edges.data[e].kind == EDGE_TAKEN;
    const struct ir_node *c = ir_at(ir, s->v->condition[from]);
    if (c->op == IR_XOR && c->width == 1 && ir_at(ir, c->b)->op == IR_CONST)
        c = ir_at(ir, c->a), taken = !taken;
    *x = c->a;
    *y = c->b;
    return c->op == IR_EQ && taken;
}

/* Where a branch on the way to block P, in this iteration, has shown that x = y, a value made of x can be told by y: the counter of a
 * loop inside is known after its `!=`. */
static ir_ref by_equality(const struct search *s, uint32_t p, ir_ref value) {
    struct ir *ir = s->v->ir;
    struct linear sum, l, d;
    if (!linear_of(&l, ir, value) || told_by_header(s, &l))
        return value;
    for (uint32_t b = p; b != s->header && s->v->idom[b] != b; b = s->v->idom[b]) {
        ir_ref x, y;
        if (!equation(s, b, &x, &y) || ir_at(ir, x)->width != l.w || !linear_of(&d, ir, ir_binary(ir, IR_SUB, y, x)))
            continue;
        for (size_t i = 0; i < l.count; i++) /* add the multiple of 0 = y - x that makes an atom vanish */
            for (size_t k = 0; k < d.count; k++) {
                bool one = d.coefficient[k] == 1 || d.coefficient[k] == ir_mask(l.w);
                if (l.atom[i] != d.atom[k] || !one)
                    continue;
                sum = l;
                if (linear_add(&sum, &d, d.coefficient[k] == 1 ? 0 - l.coefficient[i] : l.coefficient[i]) && told_by_header(s, &sum))
                    return linear_term(&sum, ir);
            }
    }
    return value;
}

/* The least and greatest that one iteration adds to the atom (a header φ's low bits), on every back edge. */
static bool find_step(const struct search *s, ir_ref atom, uint32_t loc, wide *slow, wide *fast) {
    wide lo = INT64_MAX, hi = INT64_MIN;
    unsigned w = ir_at(s->v->ir, atom)->width;
    for (size_t k = 0; k < s->latch.len; k++) {
        ir_ref next = ir_low(s->v->ir, value_out(s->v, s->latch.data[k], loc), w);
        if (find_change(s, next, atom, &lo, &hi, 0))
            continue;
        next = by_equality(s, s->latch.data[k], next);
        if (!find_change(s, next, atom, &lo, &hi, 0))
            return false;
    }
    *slow = lo, *fast = hi;
    return s->latch.len != 0;
}

/* A 64-bit register that holds a 32-bit int: each back edge sign-extends, and so must what it starts with. */
static bool holds_int(const struct search *s, uint32_t loc) {
    struct ir *ir = s->v->ir;
    for (size_t k = 0; k < s->latch.len; k++) {
        struct ranges r;
        ir_ref out = value_out(s->v, s->latch.data[k], loc);
        ranges_init(&r, s->v);
        struct interval i = ranges_of(&r, out);
        ranges_free(&r);
        if (out != ir_sext(ir, ir_low(ir, out, 32), 64) && (i.slo < INT32_MIN || i.shi > INT32_MAX))
            return false;
    }
    for (size_t k = 0; k < s->outer.len; k++) {
        struct interval r = range_at_entry(s, s->outer.data[k], outer_value(s, s->outer.data[k], loc));
        if (r.slo < INT32_MIN || r.shi > INT32_MAX)
            return false;
    }
    return true;
}

/* Sums the changes of all φs in x; the rest must not change. */
static bool sum_steps(const struct search *s, struct induction *i) {
    i->slow = i->fast = 0;
    for (size_t k = 0; k < i->x.count; k++) {
        uint32_t loc;
        wide slow, fast, c = ir_signed(i->x.coefficient[k], i->w);
        if (!phi_bits(s, i->x.atom[k], &loc)) {
            if (!invariant(s, i->x.atom[k], 0))
                return false;
            continue;
        }
        if (!find_step(s, i->x.atom[k], loc, &slow, &fast))
            return false;
        i->slow += c * (c < 0 ? fast : slow);
        i->fast += c * (c < 0 ? slow : fast);
    }
    wide half = (wide)1 << (i->w - 1);
    if (i->slow < 0) { /* downwards: slow is the smaller change */
        wide t = i->slow;
        i->slow = i->fast, i->fast = t;
    }
    return i->slow != 0 && (i->slow > 0) == (i->fast > 0) && i->fast < half && i->fast >= -half;
}

static bool find_induction(const struct search *s, ir_ref e, struct induction *i) {
    struct ir *ir = s->v->ir;
    struct ir_node n = *ir_at(ir, e);
    uint32_t loc;
    ir_ref x = n.op == IR_SEXT || n.op == IR_ZEXT ? n.a : e;
    *i = (struct induction){.ext = x == e ? IR_CONST : (enum ir_op)n.op, .w = ir_at(ir, x)->width};
    if (i->w < 8 || !linear_of(&i->x, ir, x))
        return false;
    if (sum_steps(s, i))
        return true;
    if (i->w != 64 || x != e || !header_phi(s, e, &loc) || !holds_int(s, loc))
        return false;
    i->w = 32;
    i->ext = IR_SEXT;
    return linear_of(&i->x, ir, ir_low(ir, e, 32)) && sum_steps(s, i);
}

/* An outer loop's φs as begin + step · iteration, so that what two of them have in common cancels out. */
static bool unfold(const struct search *s, struct linear *l) {
    struct ir *ir = s->v->ir;
    for (int turns = 0; turns < 8; turns++) {
        size_t k = 0;
        uint64_t at = 0;
        while (k < l->count && !map_get(&s->v->affine_index, l->atom[k], &at))
            k++;
        if (k == l->count)
            return true;
        const struct affine *a = &s->v->affine.data[at];
        struct linear begin, iteration, itself;
        uint64_t c = l->coefficient[k];
        if (!linear_of(&begin, ir, a->begin) || !linear_of(&iteration, ir, a->iteration))
            return false;
        itself = (struct linear){.w = l->w, .count = 1, .atom = {l->atom[k]}, .coefficient = {1}};
        if (!linear_add(l, &itself, 0 - c) || !linear_add(l, &begin, c) || !linear_add(l, &iteration, c * (uint64_t)a->step))
            return false;
    }
    return true;
}

static ir_ref unfolded(const struct search *s, ir_ref term) {
    struct linear l;
    return linear_of(&l, s->v->ir, term) && unfold(s, &l) ? linear_term(&l, s->v->ir) : term;
}

/* x of the first iteration, when the loop is entered from P. W bits wide. */
static ir_ref first_value(const struct search *s, const struct induction *i, uint32_t p) {
    struct ir *ir = s->v->ir;
    struct linear sum = {.w = i->w, .constant = i->x.constant}, part;
    for (size_t k = 0; k < i->x.count; k++) {
        uint32_t loc;
        ir_ref t = i->x.atom[k];
        if (phi_bits(s, t, &loc))
            t = ir_low(ir, outer_value(s, p, loc), i->w);
        if (!linear_of(&part, ir, t) || !linear_add(&sum, &part, i->x.coefficient[k]))
            return 0;
    }
    return linear_term(&sum, ir);
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
static ir_ref narrow_limit(const struct search *s, const struct induction *i, ir_ref n, uint32_t p) {
    struct ir *ir = s->v->ir;
    unsigned w = ir_at(ir, n)->width;
    if (i->ext == IR_CONST)
        return n;
    ir_ref x = ir_low(ir, n, i->w);
    if (extend(ir, i->ext, x, w) == n)
        return x;
    struct interval r = range_at_entry(s, p, n);
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
    ir_ref n = narrow_limit(s, i, t->n, p), first = first_value(s, i, p);
    if (!n || !first)
        return -1;
    ir_ref plain = up ? ir_binary(ir, IR_SUB, n, first) : ir_binary(ir, IR_SUB, first, n), d = unfolded(s, plain);
    if (!divides(ir, step, d))
        return -1;
    struct interval r = interval_meet(range_at_entry(s, p, d), range_at_entry(s, p, plain), i->w);
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
    ir_ref value = first_value(s, i, p), first = value ? extend(ir, i->ext, value, ir_at(ir, t->e)->width) : 0;
    if (!first)
        return -1;
    struct interval a = range_at_entry(s, p, first), n = range_at_entry(s, p, t->n);
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
    snprintf(s->why, sizeof s->why, "counts from %s by %" PRId64 "%s while %s %s: the branch at 0x%" PRIx64 " stays at most %" PRIu64 " times", first,
             (int64_t)i->slow, i->slow == i->fast ? "" : " or more", relation_text[t->rel], limit, block_last(s->g, s->v->global[x]), (uint64_t)stays);
}

/* A bound of the number of times that test T stays, over all ways into the loop; -1: none. */
static wide affine_stays(struct search *s, struct test *t, struct induction *i, uint32_t x, bool *exact) {
    wide worst = 0;
    t->e = by_equality(s, x, t->e);
    if (!find_induction(s, t->e, i) || !invariant(s, t->n, 0))
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
        now[k] = range_at_entry(s, s->outer.data[0], outer_value(s, s->outer.data[0], locs[k]));
        for (size_t p = 1; p < s->outer.len; p++)
            now[k] = interval_join(now[k], range_at_entry(s, s->outer.data[p], outer_value(s, s->outer.data[p], locs[k])));
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
        phi = header_phi(s, n->a, &loc) ? n->a : n->b;
    if (!phi_bits(s, phi, &loc))
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
        begin = interval_join(begin, range_at_entry(s, s->outer.data[p], outer_value(s, s->outer.data[p], loc)));
    for (size_t k = 0; k < s->latch.len; k++)
        end = interval_join(end, range_at_entry(s, s->latch.data[k], value_out(s->v, s->latch.data[k], loc)));
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
    bool found = w >= 8 && find_step(s, phi, loc, &slow, &fast);
    if (!found && w == 64 && holds_int(s, loc)) {
        atom = ir_low(ir, phi, w = 32);
        found = find_step(s, atom, loc, &slow, &fast);
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
        if (header_phi(s, value_in(v, s->header, loc), &unused))
            try_climbing(s, loc);
}

/* A header φ that each iteration changes by s, in a loop whose header runs at most N times, is within (N - 1) s of where it began,
 * if that does not wrap. The loops inside use it. */
static void note_range(struct search *s, uint32_t loc, unsigned step_width, wide slow, wide fast) {
    ir_ref phi = value_in(s->v, s->header, loc);
    unsigned w = ir_at(s->v->ir, phi)->width;
    struct interval from = {1, 0, 1, 0}, all = interval_all(w);
    for (size_t p = 0; p < s->outer.len; p++)
        from = interval_join(from, range_at_entry(s, s->outer.data[p], outer_value(s, s->outer.data[p], loc)));
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
    a.begin = ir_low(ir, outer_value(s, s->outer.data[0], loc), w);
    a.iteration = ir_low(ir, ir_var(ir, 64, var_id(VAR_TURN, code_slot(&s->g->own->flow.code, block_of(s->g, s->loop->header)->addr), 0)), w);
    map_put(&s->v->affine_index, atom, s->v->affine.len);
    vec_push(&s->v->affine, a);
}

static void note_phi(struct search *s, uint32_t loc) {
    struct ir *ir = s->v->ir;
    ir_ref phi = value_in(s->v, s->header, loc);
    unsigned w = ir_at(ir, phi)->width;
    wide slow, fast;
    bool whole = w && find_step(s, phi, loc, &slow, &fast), known = s->best != UINT64_MAX;
    if (whole && known)
        note_range(s, loc, w, slow, fast);
    if (whole && slow == fast)
        note_affine(s, phi, loc, slow);
    if (w != 64 || !find_step(s, ir_low(ir, phi, 32), loc, &slow, &fast))
        return;
    if (!whole && known && holds_int(s, loc))
        note_range(s, loc, 32, slow, fast);
    if (slow == fast)
        note_affine(s, ir_low(ir, phi, 32), loc, slow);
}

static void bound_loop(struct cfg *g, struct values *v, uint32_t index, bool *inside, uint64_t *least) {
    struct search s = {.g = g, .v = v, .loop = &g->loops.data[index], .index = index, .inside = inside, .best = UINT64_MAX};
    search_loop(&s);
    for (uint32_t loc = 1, unused; loc < v->locs && s.outer.len; loc++)
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
    uint32_t *unsaved = values_unsaved(g);
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
    free(unsaved);
    ir_free(&ir);
}
