#include "cfg/ranges.h"

/* ---- intervals --------------------------------------------------------------------------------------------------------------- */

static int64_t least(unsigned w) { return w >= 64 ? INT64_MIN : -(int64_t)(1ull << (w - 1)); }
static int64_t most(unsigned w) { return w >= 64 ? INT64_MAX : (int64_t)((1ull << (w - 1)) - 1); }

struct interval interval_all(unsigned w) {
    return (struct interval){0, ir_mask(w), least(w), most(w)};
}

/* Each reading sharpens the other where it stays on one side of the sign. */
static struct interval reconcile(struct interval i, unsigned w) {
    uint64_t half = 1ull << (w - 1), m = ir_mask(w);
    if (i.lo > i.hi || i.slo > i.shi)
        return (struct interval){1, 0, 1, 0};
    if (i.hi < half || i.lo >= half) {
        int64_t a = ir_signed(i.lo, w), b = ir_signed(i.hi, w);
        i.slo = a > i.slo ? a : i.slo;
        i.shi = b < i.shi ? b : i.shi;
    }
    if (i.slo > i.shi)
        return (struct interval){1, 0, 1, 0};
    if (i.slo >= 0 || i.shi < 0) {
        uint64_t a = (uint64_t)i.slo & m, b = (uint64_t)i.shi & m;
        i.lo = a > i.lo ? a : i.lo;
        i.hi = b < i.hi ? b : i.hi;
    }
    return i.lo > i.hi ? (struct interval){1, 0, 1, 0} : i;
}

struct interval interval_unsigned(unsigned w, uint64_t lo, uint64_t hi) {
    struct interval i = interval_all(w);
    i.lo = lo, i.hi = hi;
    return reconcile(i, w);
}

struct interval interval_signed(unsigned w, int64_t lo, int64_t hi) {
    struct interval i = interval_all(w);
    i.slo = lo, i.shi = hi;
    return reconcile(i, w);
}

bool interval_empty(struct interval a) { return a.lo > a.hi; }

struct interval interval_join(struct interval a, struct interval b) {
    if (interval_empty(a) || interval_empty(b))
        return interval_empty(a) ? b : a;
    return (struct interval){a.lo < b.lo ? a.lo : b.lo, a.hi > b.hi ? a.hi : b.hi, a.slo < b.slo ? a.slo : b.slo,
                             a.shi > b.shi ? a.shi : b.shi};
}

struct interval interval_meet(struct interval a, struct interval b, unsigned w) {
    struct interval i = {a.lo > b.lo ? a.lo : b.lo, a.hi < b.hi ? a.hi : b.hi, a.slo > b.slo ? a.slo : b.slo, a.shi < b.shi ? a.shi : b.shi};
    return reconcile(i, w);
}

/* ---- a term's interval from its parts' ------------------------------------------------------------------------------------------ */

/* lo..hi computed exactly in 128 bits: kept where it fits the width's unsigned or signed range, dropped where it may wrap. */
static struct interval from_wide(unsigned w, __int128 ulo, __int128 uhi, __int128 slo, __int128 shi) {
    struct interval i = interval_all(w);
    __int128 m = (__int128)ir_mask(w);
    if (ulo >= 0 && uhi <= m)
        i.lo = (uint64_t)ulo, i.hi = (uint64_t)uhi;
    else if (uhi < 0 && ulo >= -m - 1) /* all of it wraps, once */
        i.lo = (uint64_t)(ulo + m + 1), i.hi = (uint64_t)(uhi + m + 1);
    else if (ulo > m && uhi <= 2 * m + 1)
        i.lo = (uint64_t)(ulo - m - 1), i.hi = (uint64_t)(uhi - m - 1);
    if (slo >= least(w) && shi <= most(w))
        i.slo = (int64_t)slo, i.shi = (int64_t)shi;
    return reconcile(i, w);
}

static struct interval of_mul(unsigned w, struct interval a, struct interval b) {
    __int128 p[4] = {(__int128)a.slo * b.slo, (__int128)a.slo * b.shi, (__int128)a.shi * b.slo, (__int128)a.shi * b.shi}, lo = p[0], hi = p[0];
    for (int i = 1; i < 4; i++) {
        lo = p[i] < lo ? p[i] : lo;
        hi = p[i] > hi ? p[i] : hi;
    }
    unsigned __int128 top = (unsigned __int128)a.hi * b.hi;
    __int128 uhi = top > ir_mask(w) ? (__int128)ir_mask(w) * 4 : (__int128)top;
    return from_wide(w, uhi > (__int128)ir_mask(w) ? -1 : (__int128)((unsigned __int128)a.lo * b.lo), uhi, lo, hi);
}

/* Bits above the highest one that an operand can have stay clear. */
static uint64_t fill(uint64_t x) {
    return x ? UINT64_MAX >> __builtin_clzll(x) : 0;
}

static struct interval of_logic(enum ir_op op, unsigned w, struct interval a, struct interval b) {
    if (op == IR_AND) {
        struct interval i = interval_unsigned(w, 0, a.hi < b.hi ? a.hi : b.hi);
        if (a.shi < 0 && b.shi < 0)
            i = interval_meet(i, interval_signed(w, least(w), -1), w);
        return i;
    }
    uint64_t top = fill(a.hi | b.hi);
    return interval_unsigned(w, op == IR_OR ? (a.lo > b.lo ? a.lo : b.lo) : 0, top);
}

static struct interval of_shift(enum ir_op op, unsigned w, struct interval a, struct interval b) {
    if (b.lo != b.hi) {
        if (op == IR_SHR)
            return interval_unsigned(w, 0, a.hi);
        return interval_all(w);
    }
    unsigned k = (unsigned)(b.lo % w);
    if (op == IR_SHR)
        return interval_unsigned(w, a.lo >> k, a.hi >> k);
    if (op == IR_SAR)
        return interval_signed(w, a.slo >> k, a.shi >> k);
    if (k >= 62)
        return interval_all(w);
    __int128 f = (__int128)1 << k;
    return from_wide(w, a.lo * f > (__int128)ir_mask(w) ? -1 : a.lo * f, a.hi * f, a.slo * f, a.shi * f);
}

static struct interval of_divide(enum ir_op op, unsigned w, struct interval a, struct interval b) {
    if (op == IR_DIVU && b.lo > 0)
        return interval_unsigned(w, a.lo / b.hi, a.hi / b.lo);
    if (op == IR_REMU && b.lo > 0)
        return interval_unsigned(w, 0, a.hi < b.hi - 1 ? a.hi : b.hi - 1);
    if (op == IR_DIV && a.slo >= 0 && b.slo > 0)
        return interval_signed(w, a.slo / b.shi, a.shi / b.slo);
    if (op == IR_REM && b.slo > 0)
        return interval_signed(w, a.slo >= 0 ? 0 : a.slo > 1 - b.shi ? a.slo : 1 - b.shi, a.shi < b.shi - 1 ? (a.shi < 0 ? 0 : a.shi) : b.shi - 1);
    return interval_all(w);
}

static struct interval of_high(unsigned w, struct interval a, struct interval b) {
    return interval_unsigned(w, (uint64_t)((unsigned __int128)a.lo * b.lo >> w), (uint64_t)((unsigned __int128)a.hi * b.hi >> w));
}

static struct interval of_compare(enum ir_op op, struct interval a, struct interval b) {
    if (op == IR_EQ && (a.hi < b.lo || b.hi < a.lo || a.shi < b.slo || b.shi < a.slo))
        return interval_unsigned(1, 0, 0);
    if (op == IR_ULT && (a.hi < b.lo || a.lo >= b.hi))
        return interval_unsigned(1, a.hi < b.lo, a.hi < b.lo);
    if (op == IR_SLT && (a.shi < b.slo || a.slo >= b.shi))
        return interval_unsigned(1, a.shi < b.slo, a.shi < b.slo);
    return interval_all(1);
}

struct interval interval_binary(enum ir_op op, unsigned w, unsigned from, struct interval a, struct interval b) {
    if (a.lo == a.hi && b.lo == b.hi) {
        uint64_t v = ir_fold(op, from, a.lo, b.lo);
        return interval_unsigned(w, v, v);
    }
    switch (op) {
    case IR_ADD:
        return from_wide(w, (__int128)a.lo + b.lo, (__int128)a.hi + b.hi, (__int128)a.slo + b.slo, (__int128)a.shi + b.shi);
    case IR_SUB:
        return from_wide(w, (__int128)a.lo - b.hi, (__int128)a.hi - b.lo, (__int128)a.slo - b.shi, (__int128)a.shi - b.slo);
    case IR_MUL: return of_mul(w, a, b);
    case IR_MULHU: return of_high(w, a, b);
    case IR_DIV: case IR_DIVU: case IR_REM: case IR_REMU: return of_divide(op, w, a, b);
    case IR_AND: case IR_OR: case IR_XOR: return of_logic(op, w, a, b);
    case IR_SHL: case IR_SHR: case IR_SAR: return of_shift(op, w, a, b);
    case IR_EQ: case IR_ULT: case IR_SLT: return of_compare(op, a, b);
    default: return interval_all(w);
    }
}

struct interval interval_convert(const struct ir_node *n, struct interval a) {
    if (n->op == IR_ZEXT)
        return interval_unsigned(n->width, a.lo, a.hi);
    if (n->op == IR_SEXT)
        return interval_signed(n->width, a.slo, a.shi);
    struct interval i = interval_all(n->width);
    if (a.hi <= ir_mask(n->width))
        i.lo = a.lo, i.hi = a.hi;
    if (a.slo >= least(n->width) && a.shi <= most(n->width))
        i.slo = a.slo, i.shi = a.shi;
    return reconcile(i, n->width);
}

/* ---- terms --------------------------------------------------------------------------------------------------------------------- */

enum { DEEPEST = 48 };

static struct interval of(struct ranges *r, ir_ref t, int depth);
static struct interval of_phi(struct ranges *r, ir_ref t, struct interval known);

static struct interval known_of(const struct ranges *r, ir_ref t, unsigned w) {
    uint64_t i;
    return map_get(&r->known, t, &i) ? r->list.data[i] : interval_all(w);
}

/* A φ where paths join has one of the values that come in; each is looked at with what holds on its path and what is known here. The
 * latter may be used because whatever is known here of a term that the predecessor can see is of the same moment (values.h). */
static struct interval of_join(struct ranges *r, uint32_t b, uint32_t loc, unsigned w) {
    struct interval all = {1, 0, 1, 0};
    for (uint32_t p = r->v->first[b]; p < r->v->first[b + 1]; p++) {
        struct ranges there;
        uint32_t from = r->v->pred[p];
        ranges_init(&there, r->v);
        there.depth = r->depth + 1;
        for (size_t i = 0; i < r->list.len; i++)
            ranges_learn(&there, r->terms.data[i], r->list.data[i]);
        ranges_at(&there, r->v, from);
        ranges_edge(&there, r->v, from, b);
        all = interval_join(all, ranges_of(&there, value_out(r->v, from, loc)));
        ranges_free(&there);
    }
    return interval_empty(all) ? interval_all(w) : all;
}

static bool is_join(const struct values *v, uint32_t b) {
    if (v->first[b + 1] - v->first[b] > 4 || v->first[b + 1] == v->first[b])
        return false;
    for (uint32_t p = v->first[b]; p < v->first[b + 1]; p++)
        if (v->number[v->pred[p]] >= v->number[b])
            return false; /* round a loop, or not reached */
    return true;
}

/* The same without what is known here: found once for each φ. NESTED bounds C's stack where joins lead to joins. */
static struct interval join_anywhere(const struct ranges *r, ir_ref t, uint32_t b) {
    enum { MOST_NESTED = 3 };
    struct values *v = (struct values *)(uintptr_t)r->v; /* its memory of answers changes, not the answers */
    const struct ir_node *n = ir_at(r->ir, t);
    struct ranges nothing;
    uint64_t at;
    if (map_get(&v->join_index, t, &at))
        return v->join_range.data[at];
    if (r->depth >= MOST_NESTED)
        return interval_all(n->width);
    map_put(&v->join_index, t, v->join_range.len); /* asked for again on the way to the answer, it is anything */
    at = v->join_range.len;
    vec_push(&v->join_range, interval_all(n->width));
    ranges_init(&nothing, v);
    nothing.depth = r->depth + 1;
    struct interval i = of_join(&nothing, b, var_loc(n->imm), n->width);
    ranges_free(&nothing);
    return v->join_range.data[at] = i;
}

static struct interval of_phi(struct ranges *r, ir_ref t, struct interval known) {
    enum { MOST_KNOWN = 64 };
    const struct ir_node *n = ir_at(r->ir, t);
    uint64_t at;
    if (map_get(&r->v->header_index, n->imm, &at))
        known = interval_meet(known, r->v->header_range.data[at], n->width);
    if (map_get(&r->memo, t, &at))
        return r->memos.data[at];
    uint32_t b = values_at_slot(r->v, var_index(n->imm));
    if (b != NONE && is_join(r->v, b))
        known = interval_meet(known, join_anywhere(r, t, b), n->width);
    if (b != NONE && !r->depth && !r->learning && r->list.len < MOST_KNOWN && is_join(r->v, b))
        known = interval_meet(known, of_join(r, b, var_loc(n->imm), n->width), n->width);
    map_put(&r->memo, t, r->memos.len);
    vec_push(&r->memos, known);
    return known;
}

/* Does order fact O speak of the W-bit terms x and y themselves, or of wider registers that hold them as ints? */
static bool speaks_of(struct ranges *r, ir_ref fact, ir_ref x, unsigned w, int depth) {
    const struct ir_node *f = ir_at(r->ir, fact), *n = ir_at(r->ir, x);
    if (fact == x)
        return true;
    if (f->op == IR_SEXT && f->a == x)
        return true;
    if (f->op == IR_CONST && n->op == IR_CONST)
        return ir_signed(f->imm, f->width) == ir_signed(n->imm, w);
    if (n->op != IR_LOW || n->a != fact)
        return false;
    struct interval i = of(r, fact, depth + 1);
    return i.slo >= least(w) && i.shi <= most(w);
}

/* x - y where a branch has shown y < x or y ≤ x: it is not negative, and does not wrap. */
static struct interval of_ordered(struct ranges *r, const struct ir_node *n, struct interval x, struct interval y, int depth) {
    struct interval i = interval_all(n->width);
    for (size_t k = 0; k < r->orders.len; k++) {
        struct order o = r->orders.data[k];
        bool wide = ir_at(r->ir, o.a)->width != n->width;
        if ((wide && !o.is_signed) || !speaks_of(r, o.a, n->b, n->width, depth) || !speaks_of(r, o.b, n->a, n->width, depth))
            continue;
        __int128 most_apart = o.is_signed ? (__int128)x.shi - y.slo : (__int128)x.hi - y.lo;
        if (most_apart < o.strict || most_apart > (o.is_signed ? (__int128)most(n->width) : (__int128)ir_mask(n->width)))
            continue;
        i = interval_meet(i, interval_unsigned(n->width, o.strict, (uint64_t)most_apart), n->width);
    }
    return i;
}

static struct interval of(struct ranges *r, ir_ref t, int depth) {
    const struct ir_node *n = ir_at(r->ir, t);
    uint64_t at;
    if (n->op == IR_CONST)
        return interval_unsigned(n->width, n->imm, n->imm);
    struct interval known = known_of(r, t, n->width), i = interval_all(n->width);
    if (n->op == IR_VAR && var_kind(n->imm) == VAR_PHI && n->width && !interval_empty(known))
        return of_phi(r, t, known);
    if (n->op == IR_VAR && n->width == 64 && r->v && r->v->argument && var_kind(n->imm) == VAR_ENTRY && var_loc(n->imm) - 10u < 8)
        return interval_meet(known, r->v->argument[var_loc(n->imm) - 10u], 64);
    if (n->op == IR_VAR || n->op == IR_LOAD || n->op == IR_CSR || n->op == IR_APPLY || depth > DEEPEST || interval_empty(known))
        return known;
    if (map_get(&r->memo, t, &at))
        return r->memos.data[at];
    struct interval a = of(r, n->a, depth + 1);
    if (n->op == IR_ITE)
        i = interval_join(of(r, n->b, depth + 1), of(r, n->c, depth + 1));
    else if (n->op == IR_ZEXT || n->op == IR_SEXT || n->op == IR_LOW)
        i = interval_convert(n, a);
    else {
        struct interval b = of(r, n->b, depth + 1);
        if (!interval_empty(a) && !interval_empty(b))
            i = interval_binary((enum ir_op)n->op, n->width, ir_at(r->ir, n->a)->width, a, b);
    }
    if (n->op == IR_SUB && r->orders.len && !interval_empty(a) && depth < 8)
        i = interval_meet(i, of_ordered(r, n, a, of(r, n->b, depth + 1), depth), n->width);
    i = interval_meet(i, known, n->width);
    map_put(&r->memo, t, r->memos.len);
    vec_push(&r->memos, i);
    return i;
}

struct interval ranges_of(struct ranges *r, ir_ref t) { return of(r, t, 0); }

void ranges_init(struct ranges *r, const struct values *v) { *r = (struct ranges){.ir = v->ir, .v = v}; }

void ranges_free(struct ranges *r) {
    map_free(&r->known);
    map_free(&r->memo);
    vec_free(&r->list);
    vec_free(&r->terms);
    vec_free(&r->orders);
    vec_free(&r->memos);
}

static uint64_t bits_of(const struct ir *ir, ir_ref t, int depth) {
    const struct ir_node *n = ir_at(ir, t);
    uint64_t m = ir_mask(n->width), a, b, k;
    if (n->op == IR_CONST)
        return n->imm;
    if (depth > 12)
        return m;
    switch (n->op) {
    case IR_ZEXT: return bits_of(ir, n->a, depth + 1);
    case IR_LOW: return bits_of(ir, n->a, depth + 1) & m;
    case IR_AND: return bits_of(ir, n->a, depth + 1) & bits_of(ir, n->b, depth + 1);
    case IR_OR: case IR_XOR: return bits_of(ir, n->a, depth + 1) | bits_of(ir, n->b, depth + 1);
    case IR_SHL: return ir_is_const(ir, n->b, &k) ? bits_of(ir, n->a, depth + 1) << k & m : m;
    case IR_SHR: return ir_is_const(ir, n->b, &k) ? bits_of(ir, n->a, depth + 1) >> k : m;
    case IR_ITE: return bits_of(ir, n->b, depth + 1) | bits_of(ir, n->c, depth + 1);
    case IR_ADD: case IR_SUB: /* no carry comes from below the lowest bit of either */
        a = bits_of(ir, n->a, depth + 1);
        b = bits_of(ir, n->b, depth + 1);
        return a | b ? m & ~(((a | b) & -(a | b)) - 1) : 0;
    case IR_MUL:
        a = bits_of(ir, n->a, depth + 1);
        b = bits_of(ir, n->b, depth + 1);
        return a && b ? m & ~(((a & -a) * (b & -b)) - 1) : 0;
    }
    return m;
}

uint64_t ranges_bits(const struct ir *ir, ir_ref t) { return bits_of(ir, t, 0); }

/* ---- learning -------------------------------------------------------------------------------------------------------------------- */

static void note(struct ranges *r, ir_ref t, struct interval i) {
    uint64_t at;
    unsigned w = ir_at(r->ir, t)->width;
    if (map_get(&r->known, t, &at)) {
        r->list.data[at] = interval_meet(r->list.data[at], i, w);
    } else {
        map_put(&r->known, t, r->list.len);
        vec_push(&r->list, i);
        vec_push(&r->terms, t);
    }
    map_free(&r->memo);
    r->memos.len = 0;
}

/* If f(x) is in I then x is in …, for the invertible f. */
static bool inverse(const struct ranges *r, const struct ir_node *n, struct interval i, struct interval *x) {
    unsigned w = n->width, from = ir_at(r->ir, n->a)->width;
    uint64_t c;
    switch (n->op) {
    case IR_ZEXT:
        *x = interval_unsigned(from, i.lo, i.hi < ir_mask(from) ? i.hi : ir_mask(from));
        return true;
    case IR_SEXT:
        *x = interval_signed(from, i.slo > least(from) ? i.slo : least(from), i.shi < most(from) ? i.shi : most(from));
        if (i.hi < 1ull << (from - 1))
            *x = interval_meet(*x, interval_unsigned(from, i.lo, i.hi), from);
        return true;
    case IR_SHR:
        if (!ir_is_const(r->ir, n->b, &c) || c >= w)
            return false;
        *x = interval_unsigned(w, i.lo << c, (i.hi << c | ir_mask((unsigned)c)) & ir_mask(w));
        return i.hi <= ir_mask(w) >> c;
    case IR_ADD:
        if (!ir_is_const(r->ir, n->b, &c))
            return false;
        *x = interval_binary(IR_SUB, w, w, i, interval_unsigned(w, c, c));
        return true;
    }
    return false;
}

static void assume(struct ranges *r, ir_ref bit, bool value);

static bool is_condition(const struct ir_node *n) { return n->width == 1 && (n->op == IR_EQ || n->op == IR_ULT || n->op == IR_SLT || n->op == IR_XOR || n->op == IR_AND); }

void ranges_learn(struct ranges *r, ir_ref t, struct interval i) {
    for (int depth = 0; depth < DEEPEST; depth++) {
        const struct ir_node *n = ir_at(r->ir, t);
        struct interval x;
        if (n->op == IR_CONST)
            return;
        note(r, t, i);
        if (i.lo == i.hi && is_condition(n)) {
            assume(r, t, i.lo);
            return;
        }
        if (n->op == IR_OR && i.lo == 0 && i.hi == 0) { /* then so are both */
            ranges_learn(r, n->b, i);
            t = n->a;
            continue;
        }
        if (interval_empty(i) || !inverse(r, n, interval_meet(i, ranges_of(r, t), n->width), &x))
            return;
        t = n->a;
        i = x;
    }
}

static void learn_unequal(struct ranges *r, ir_ref a, uint64_t k, unsigned w) {
    struct interval i = ranges_of(r, a);
    int64_t s = ir_signed(k, w);
    if (interval_empty(i))
        return;
    if (i.lo == k && i.lo < i.hi)
        i.lo++;
    else if (i.hi == k && i.lo < i.hi)
        i.hi--;
    if (i.slo == s && i.slo < i.shi)
        i.slo++;
    else if (i.shi == s && i.slo < i.shi)
        i.shi--;
    ranges_learn(r, a, reconcile(i, w));
}

static void learn_equal(struct ranges *r, ir_ref a, ir_ref b, bool value) {
    unsigned w = ir_at(r->ir, a)->width;
    uint64_t k;
    if (value) {
        struct interval both = interval_meet(ranges_of(r, a), ranges_of(r, b), w);
        ranges_learn(r, a, both);
        ranges_learn(r, b, both);
    } else if (ir_is_const(r->ir, b, &k)) {
        learn_unequal(r, a, k, w);
    } else if (ir_is_const(r->ir, a, &k)) {
        learn_unequal(r, b, k, w);
    }
}

/* a < b in one of the two readings: STRICT, or else a ≤ b. */
static void learn_order(struct ranges *r, ir_ref a, ir_ref b, bool is_signed, bool strict) {
    unsigned w = ir_at(r->ir, a)->width;
    struct order o = {a, b, is_signed, strict};
    struct interval x = ranges_of(r, a), y = ranges_of(r, b), all = interval_all(w), lower = all, upper = all;
    vec_push(&r->orders, o);
    if (interval_empty(x) || interval_empty(y))
        return;
    if (is_signed) {
        if (strict && (y.shi == least(w) || x.slo == most(w)))
            return; /* cannot be: the code is not reached */
        lower.shi = y.shi - strict;
        upper.slo = x.slo + strict;
    } else {
        if (strict && (y.hi == 0 || x.lo == ir_mask(w)))
            return;
        lower.hi = y.hi - strict;
        upper.lo = x.lo + strict;
    }
    ranges_learn(r, a, interval_meet(x, reconcile(lower, w), w));
    ranges_learn(r, b, interval_meet(y, reconcile(upper, w), w));
}

static void assume(struct ranges *r, ir_ref bit, bool value) {
    uint64_t k;
    for (int depth = 0; depth < DEEPEST; depth++) {
        const struct ir_node *n = ir_at(r->ir, bit);
        switch (n->op) {
        case IR_XOR:
            if (n->width != 1 || !ir_is_const(r->ir, n->b, &k) || !k)
                return;
            bit = n->a;
            value = !value;
            continue;
        case IR_EQ:
            learn_equal(r, n->a, n->b, value);
            return;
        case IR_ULT: case IR_SLT:
            if (value)
                learn_order(r, n->a, n->b, n->op == IR_SLT, true);
            else
                learn_order(r, n->b, n->a, n->op == IR_SLT, false);
            return;
        case IR_AND:
            if (!value || n->width != 1)
                return;
            assume(r, n->a, true);
            bit = n->b;
            continue;
        case IR_LOW: /* of a mask of cases, as compilers make for switches and holes of tables */
            note(r, bit, interval_unsigned(1, value, value));
            return;
        }
        return;
    }
}

void ranges_assume(struct ranges *r, ir_ref bit, bool value) {
    r->learning = true;
    assume(r, bit, value);
    r->learning = false;
    map_free(&r->memo);
    r->memos.len = 0;
}

bool ranges_edge_shows(const struct values *v, uint32_t from, uint32_t to, struct outcome *o) {
    const struct block *b = block_of(v->g, v->global[from]);
    if (b->end != END_BRANCH || !v->condition[from])
        return false;
    const struct edge *only = NULL;
    for (uint32_t i = b->edge; i < b->edge + b->edges; i++)
        if (v->g->edges.data[i].to == v->global[to])
            only = &v->g->edges.data[i];
    if (only)
        *o = (struct outcome){v->condition[from], only->kind == EDGE_TAKEN};
    return only != NULL;
}

void ranges_edge(struct ranges *r, const struct values *v, uint32_t from, uint32_t to) {
    struct outcome o;
    if (ranges_edge_shows(v, from, to, &o))
        ranges_assume(r, o.bit, o.value);
}

/* The only way into block B from blocks that it does not dominate, NONE: there are several. What its edge shows holds in B whenever B is
 * entered: coming round a loop changes none of the variables that the predecessor's condition speaks of, as they are defined before it. */
static uint32_t only_way_in(const struct values *v, uint32_t b) {
    uint32_t found = NONE;
    for (uint32_t p = v->first[b]; p < v->first[b + 1]; p++) {
        uint32_t from = v->pred[p];
        if (v->number[from] == NONE)
            return NONE;
        if (v->number[from] >= v->number[b] && values_dominates(v, b, from))
            continue;
        if (found != NONE)
            return NONE;
        found = from;
    }
    return found;
}

/* Outermost first, so that later comparisons see the bounds of what they compare with. Only the nearest: to know less is sound, and the time
 * stays linear in the function's size. */
size_t ranges_shown(const struct values *v, uint32_t b, struct outcome shown[MOST_SHOWN]) {
    uint32_t chain[MOST_SHOWN];
    size_t n = 0, count = 0;
    if (v->number[b] == NONE)
        return 0;
    for (uint32_t k = b; v->idom[k] != k && n < MOST_SHOWN; k = v->idom[k])
        chain[n++] = k;
    while (n-- > 0) {
        uint32_t from = only_way_in(v, chain[n]);
        count += from != NONE && ranges_edge_shows(v, from, chain[n], &shown[count]);
    }
    return count;
}

void ranges_at(struct ranges *r, const struct values *v, uint32_t b) {
    struct outcome shown[MOST_SHOWN];
    size_t n = ranges_shown(v, b, shown);
    for (size_t i = 0; i < n; i++)
        ranges_assume(r, shown[i].bit, shown[i].value);
}
