#include "cfg/linear.h"

static bool add_atom(struct linear *l, ir_ref atom, uint64_t c) {
    size_t i = 0;
    while (i < l->count && l->atom[i] < atom)
        i++;
    if (i < l->count && l->atom[i] == atom) {
        l->coefficient[i] = (l->coefficient[i] + c) & ir_mask(l->w);
        if (l->coefficient[i])
            return true;
        memmove(l->atom + i, l->atom + i + 1, (l->count - i - 1) * sizeof *l->atom);
        memmove(l->coefficient + i, l->coefficient + i + 1, (l->count - i - 1) * sizeof *l->coefficient);
        l->count--;
        return true;
    }
    c &= ir_mask(l->w);
    if (!c)
        return true;
    if (l->count == MOST_ATOMS)
        return false;
    memmove(l->atom + i + 1, l->atom + i, (l->count - i) * sizeof *l->atom);
    memmove(l->coefficient + i + 1, l->coefficient + i, (l->count - i) * sizeof *l->coefficient);
    l->atom[i] = atom;
    l->coefficient[i] = c;
    l->count++;
    return true;
}

static bool collect(struct linear *l, const struct ir *ir, ir_ref t, uint64_t factor, int depth) {
    const struct ir_node *n = ir_at(ir, t);
    uint64_t k;
    if (n->op == IR_CONST) {
        l->constant = (l->constant + factor * n->imm) & ir_mask(l->w);
        return true;
    }
    if (depth < 20) {
        if (n->op == IR_ADD)
            return collect(l, ir, n->a, factor, depth + 1) && collect(l, ir, n->b, factor, depth + 1);
        if (n->op == IR_SUB)
            return collect(l, ir, n->a, factor, depth + 1) && collect(l, ir, n->b, 0 - factor, depth + 1);
        if (n->op == IR_MUL && ir_is_const(ir, n->b, &k))
            return collect(l, ir, n->a, factor * k, depth + 1);
        if (n->op == IR_SHL && ir_is_const(ir, n->b, &k))
            return collect(l, ir, n->a, factor << k, depth + 1);
    }
    return add_atom(l, t, factor);
}

bool linear_of(struct linear *l, const struct ir *ir, ir_ref t) {
    *l = (struct linear){.w = ir_at(ir, t)->width};
    return collect(l, ir, t, 1, 0);
}

bool linear_add(struct linear *l, const struct linear *x, uint64_t factor) {
    l->constant = (l->constant + factor * x->constant) & ir_mask(l->w);
    for (size_t i = 0; i < x->count; i++)
        if (!add_atom(l, x->atom[i], factor * x->coefficient[i]))
            return false;
    return true;
}

/* Atoms with coefficient -1 are subtracted, so that a difference of two is one SUB. */
ir_ref linear_term(const struct linear *l, struct ir *ir) {
    ir_ref sum = ir_const(ir, l->w, 0);
    for (int negative = 0; negative < 2; negative++)
        for (size_t i = 0; i < l->count; i++) {
            bool minus = l->coefficient[i] == ir_mask(l->w);
            if (minus != negative)
                continue;
            ir_ref t = minus ? l->atom[i] : ir_binary(ir, IR_MUL, l->atom[i], ir_const(ir, l->w, l->coefficient[i]));
            sum = ir_binary(ir, minus ? IR_SUB : IR_ADD, sum, t);
        }
    return ir_binary(ir, IR_ADD, sum, ir_const(ir, l->w, l->constant));
}
