#include "cfg/abstract.h"

static unsigned least_u(unsigned a, unsigned b) { return a < b ? a : b; }

/* The interval's ends are moved to values with the right low bits; one value knows all its bits. */
static struct abs tidy(unsigned w, struct abs a) {
    struct abs none = {{1, 0, 1, 0}, 0, 0};
    if (a.i.lo > a.i.hi)
        return none;
    if (!a.low && a.i.lo != a.i.hi)
        return a;
    if (a.low >= w)
        a.low = (uint8_t)w;
    if (a.low && a.i.lo != a.i.hi) {
        uint64_t m = ir_mask(a.low), up = (a.bits - a.i.lo) & m, down = (a.i.hi - a.bits) & m;
        if (a.i.lo > a.i.hi - down || a.i.hi - down < a.i.lo + up || a.i.lo + up < a.i.lo)
            return none;
        a.i.lo += up;
        a.i.hi -= down;
        a.i = interval_meet(a.i, interval_all(w), w);
        if (a.i.lo > a.i.hi)
            return none;
    }
    if (a.i.lo == a.i.hi) {
        if (a.low && ((a.i.lo ^ a.bits) & ir_mask(a.low)))
            return none;
        a.low = (uint8_t)w;
        a.bits = a.i.lo;
    }
    return a;
}

struct abs abs_all(unsigned w) { return (struct abs){interval_all(w), 0, 0}; }
struct abs abs_const(unsigned w, uint64_t v) { return (struct abs){interval_unsigned(w, v, v), v, (uint8_t)w}; }
struct abs abs_of(unsigned w, struct interval i) { return tidy(w, (struct abs){i, 0, 0}); }

bool abs_same(const struct abs *a, const struct abs *b) {
    return a->i.lo == b->i.lo && a->i.hi == b->i.hi && a->i.slo == b->i.slo && a->i.shi == b->i.shi && a->low == b->low && a->bits == b->bits;
}

struct abs abs_join(unsigned w, struct abs a, struct abs b) {
    if (abs_same(&a, &b))
        return a;
    if (abs_empty(&a) || abs_empty(&b))
        return abs_empty(&a) ? b : a;
    struct abs r = {interval_join(a.i, b.i), 0, 0};
    uint64_t differ = a.bits ^ b.bits;
    unsigned same = least_u(a.low, b.low), agree = differ ? (unsigned)__builtin_ctzll(differ) : 64;
    r.low = (uint8_t)least_u(same, agree);
    r.bits = r.low ? a.bits & ir_mask(r.low) : 0;
    return tidy(w, r);
}

struct abs abs_meet(unsigned w, struct abs a, struct abs b) {
    struct abs r = a.low >= b.low ? a : b;
    unsigned both = least_u(a.low, b.low);
    r.i = interval_meet(a.i, b.i, w);
    if (both && ((a.bits ^ b.bits) & ir_mask(both)))
        r.i = (struct interval){1, 0, 1, 0};
    return tidy(w, r);
}

struct abs abs_widen(unsigned w, struct abs old, struct abs joined) {
    struct interval all = interval_all(w), i = joined.i;
    if (abs_empty(&old))
        return joined;
    i.lo = i.lo < old.i.lo ? all.lo : i.lo;
    i.hi = i.hi > old.i.hi ? all.hi : i.hi;
    i.slo = i.slo < old.i.slo ? all.slo : i.slo;
    i.shi = i.shi > old.i.shi ? all.shi : i.shi;
    joined.i = i;
    return joined;
}

/* ---- low bits ------------------------------------------------------------------------------------------------------------------ */

static unsigned known_zeros(struct abs a) {
    unsigned n = a.bits ? (unsigned)__builtin_ctzll(a.bits) : 64;
    return least_u(n, a.low);
}

static uint64_t mask_of(unsigned low) { return low ? ir_mask(low) : 0; }

static void low_bits(enum ir_op op, unsigned w, struct abs a, struct abs b, struct abs *r) {
    unsigned n = least_u(a.low, b.low);
    uint64_t ka = mask_of(a.low), kb = mask_of(b.low), known;
    switch (op) {
    case IR_ADD: case IR_SUB: case IR_XOR:
        break;
    case IR_MUL: {
        unsigned left = a.low + known_zeros(b), right = b.low + known_zeros(a);
        n = least_u(left, right);
        break;
    }
    case IR_AND: case IR_OR:
        known = op == IR_AND ? (ka & kb) | (ka & ~a.bits) | (kb & ~b.bits) : (ka & kb) | (ka & a.bits) | (kb & b.bits);
        n = ~known ? (unsigned)__builtin_ctzll(~known) : 64;
        break;
    case IR_SHL:
        n = b.low >= w ? a.low + (unsigned)(b.bits % w) : 0;
        break;
    case IR_SHR: case IR_SAR:
        n = b.low >= w && a.low > b.bits % w ? a.low - (unsigned)(b.bits % w) : 0;
        break;
    default:
        return;
    }
    r->low = (uint8_t)least_u(n, w);
    r->bits = r->low ? ir_fold(op == IR_SAR ? IR_SHR : op, w, a.bits, b.bits) & ir_mask(r->low) : 0;
}

struct abs abs_binary(enum ir_op op, unsigned w, unsigned from, struct abs a, struct abs b) {
    struct abs r = {{1, 0, 1, 0}, 0, 0};
    if (abs_empty(&a) || abs_empty(&b))
        return r;
    r.i = interval_binary(op, w, from, a.i, b.i);
    if (abs_is_const(&a) && abs_is_const(&b))
        return abs_const(w, r.i.lo);
    uint64_t both = mask_of(least_u(a.low, b.low));
    if (op == IR_EQ && ((a.bits ^ b.bits) & both))
        return abs_const(1, 0);
    low_bits(op, from, a, b, &r);
    return tidy(w, r);
}

struct abs abs_convert(const struct ir_node *n, unsigned from, struct abs a) {
    struct abs r = {{1, 0, 1, 0}, 0, 0};
    if (abs_empty(&a))
        return r;
    if (abs_is_const(&a))
        return abs_const(n->width, n->op == IR_SEXT ? (uint64_t)ir_signed(a.i.lo, from) & ir_mask(n->width) : a.i.lo & ir_mask(n->width));
    r.i = interval_convert(n, a.i);
    r.low = (uint8_t)least_u(a.low, n->width);
    r.bits = r.low ? a.bits & ir_mask(r.low) : 0;
    return tidy(n->width, r);
}
