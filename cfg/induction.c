#include "cfg/induction.h"

/* ---- the loop's shape ------------------------------------------------------------------------------------------------------------- */

static bool slot_inside(const struct search *s, uint32_t slot) {
    uint32_t local = values_at_slot(s->v, slot);
    return local == NONE || s->inside[local];
}

/* Is the term's value the same throughout one run of the loop? */
bool search_invariant(const struct search *s, ir_ref r, int depth) {
    const struct ir_node *n = ir_at(s->v->ir, r);
    if (!r || n->op == IR_CONST)
        return true;
    if (n->op == IR_VAR)
        return var_kind(n->imm) == VAR_ENTRY || !slot_inside(s, var_index(n->imm));
    if (n->op == IR_LOAD)
        return n->imm && !slot_inside(s, (uint32_t)(n->imm - 1));
    if (n->op == IR_CSR || n->op == IR_APPLY || !n->width || depth > 40)
        return false;
    return search_invariant(s, n->a, depth + 1) && search_invariant(s, n->b, depth + 1) && search_invariant(s, n->c, depth + 1);
}

bool search_header_phi(const struct search *s, ir_ref r, uint32_t *loc) {
    const struct ir_node *n = ir_at(s->v->ir, r);
    uint32_t slot = code_slot(&s->g->own->flow.code, block_of(s->g, s->v->global[s->header])->addr);
    if (n->op != IR_VAR || var_kind(n->imm) != VAR_PHI || var_index(n->imm) != slot)
        return false;
    *loc = var_loc(n->imm);
    return true;
}

/* The value of a location where the loop is entered from block P; NONE: where the function is. */
ir_ref search_outer_value(const struct search *s, uint32_t p, uint32_t loc) { return p == NONE ? s->v->entry[loc] : value_out(s->v, p, loc); }

/* What is known of T when the loop is entered from block P. */
struct interval search_range_at_entry(const struct search *s, uint32_t p, ir_ref t) {
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
bool search_phi_bits(const struct search *s, ir_ref term, uint32_t *loc) {
    const struct ir_node *n = ir_at(s->v->ir, term);
    return search_header_phi(s, n->op == IR_LOW ? n->a : term, loc);
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
        if (!search_phi_bits(s, l->atom[k], &loc) && !search_invariant(s, l->atom[k], 0))
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
ir_ref search_by_equality(const struct search *s, uint32_t p, ir_ref value) {
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
bool search_step(const struct search *s, ir_ref atom, uint32_t loc, wide *slow, wide *fast) {
    wide lo = INT64_MAX, hi = INT64_MIN;
    unsigned w = ir_at(s->v->ir, atom)->width;
    for (size_t k = 0; k < s->latch.len; k++) {
        ir_ref next = ir_low(s->v->ir, value_out(s->v, s->latch.data[k], loc), w);
        if (find_change(s, next, atom, &lo, &hi, 0))
            continue;
        next = search_by_equality(s, s->latch.data[k], next);
        if (!find_change(s, next, atom, &lo, &hi, 0))
            return false;
    }
    *slow = lo, *fast = hi;
    return s->latch.len != 0;
}

/* A 64-bit register that holds a 32-bit int: each back edge sign-extends, and so must what it starts with. */
bool search_holds_int(const struct search *s, uint32_t loc) {
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
        struct interval r = search_range_at_entry(s, s->outer.data[k], search_outer_value(s, s->outer.data[k], loc));
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
        if (!search_phi_bits(s, i->x.atom[k], &loc)) {
            if (!search_invariant(s, i->x.atom[k], 0))
                return false;
            continue;
        }
        if (!search_step(s, i->x.atom[k], loc, &slow, &fast))
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

bool induction_find(const struct search *s, ir_ref e, struct induction *i) {
    struct ir *ir = s->v->ir;
    struct ir_node n = *ir_at(ir, e);
    uint32_t loc;
    ir_ref x = n.op == IR_SEXT || n.op == IR_ZEXT ? n.a : e;
    *i = (struct induction){.ext = x == e ? IR_CONST : (enum ir_op)n.op, .w = ir_at(ir, x)->width};
    if (i->w < 8 || !linear_of(&i->x, ir, x))
        return false;
    if (sum_steps(s, i))
        return true;
    if (i->w != 64 || x != e || !search_header_phi(s, e, &loc) || !search_holds_int(s, loc))
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

ir_ref search_unfolded(const struct search *s, ir_ref term) {
    struct linear l;
    return linear_of(&l, s->v->ir, term) && unfold(s, &l) ? linear_term(&l, s->v->ir) : term;
}

/* x of the first iteration, when the loop is entered from P. W bits wide. */
ir_ref induction_first(const struct search *s, const struct induction *i, uint32_t p) {
    struct ir *ir = s->v->ir;
    struct linear sum = {.w = i->w, .constant = i->x.constant}, part;
    for (size_t k = 0; k < i->x.count; k++) {
        uint32_t loc;
        ir_ref t = i->x.atom[k];
        if (search_phi_bits(s, t, &loc))
            t = ir_low(ir, search_outer_value(s, p, loc), i->w);
        if (!linear_of(&part, ir, t) || !linear_add(&sum, &part, i->x.coefficient[k]))
            return 0;
    }
    return linear_term(&sum, ir);
}

ir_ref induction_extend(struct ir *ir, enum ir_op ext, ir_ref x, unsigned w) {
    return ext == IR_SEXT ? ir_sext(ir, x, w) : ext == IR_ZEXT ? ir_zext(ir, x, w) : x;
}
