#include "cfg/turn.h"

enum { MOST_BLOCKS = 64, MOST_NODES = 3000, DEEPEST = 300 };

struct making {
    const struct search *s;
    struct turn *t;
    struct map done;        /* the values' term → ours */
    struct map leaves;      /* of what is fixed: the values' term → ours */
    struct map reach;       /* local block → bit: it is executed in this turn */
    struct map choice;      /* edge → bit, where nothing tells whether it is taken */
    uint32_t loc[MOST_STATE];
    bool outside;           /* translating what holds before the loop: nothing of the loop may be in it */
    bool failed;
    int depth;
};

static ir_ref fail(struct making *m) {
    m->failed = true;
    return ir_const(&m->t->ir, 1, 0);
}

/* ---- leaves ------------------------------------------------------------------------------------------------------------------------ */

void turn_within(struct ir *ir, ir_ref var, struct interval r, bits *facts) {
    unsigned w = ir_at(ir, var)->width;
    int64_t least = w >= 64 ? INT64_MIN : -((int64_t)1 << (w - 1));
    if (w < 2 || interval_empty(r))
        return;
    if (r.lo)
        vec_push(facts, ir_not(ir, ir_binary(ir, IR_ULT, var, ir_const(ir, w, r.lo))));
    if (r.hi != ir_mask(w))
        vec_push(facts, ir_not(ir, ir_binary(ir, IR_ULT, ir_const(ir, w, r.hi), var)));
    if (r.slo != least)
        vec_push(facts, ir_not(ir, ir_binary(ir, IR_SLT, var, ir_const(ir, w, (uint64_t)r.slo & ir_mask(w)))));
    if (r.shi != -1 - least)
        vec_push(facts, ir_not(ir, ir_binary(ir, IR_SLT, ir_const(ir, w, (uint64_t)r.shi & ir_mask(w)), var)));
}

/* What is known of a term whenever the loop is entered. */
static struct interval range_outside(const struct search *s, ir_ref r) {
    struct interval all = {1, 0, 1, 0};
    for (size_t p = 0; p < s->outer.len; p++)
        all = interval_join(all, search_range_at_entry(s, s->outer.data[p], r));
    return all;
}

static struct interval range_anywhere(const struct search *s, ir_ref r) {
    struct ranges known;
    ranges_init(&known, s->v);
    struct interval i = ranges_of(&known, r);
    ranges_free(&known);
    return i;
}

/* A variable of our own for a term that is not looked into. */
static ir_ref leaf(struct making *m, ir_ref r) {
    struct turn *t = m->t;
    unsigned w = ir_at(m->s->v->ir, r)->width;
    bool fixed = ir_at(m->s->v->ir, r)->op != IR_CSR && search_invariant(m->s, r, 0);
    uint64_t known;
    if (fixed && map_get(&m->leaves, r, &known))
        return (ir_ref)known;
    if (!w || (m->outside && !fixed))
        return fail(m);
    struct leaf l = {.var = ir_var(&t->ir, w, var_id(VAR_LEAF, (uint32_t)(t->fixed.len + t->chance.len), 0))};
    l.range = fixed ? range_outside(m->s, r) : range_anywhere(m->s, r);
    if (fixed) {
        map_put(&m->leaves, r, l.var);
        vec_push(&t->fixed, l);
    } else {
        vec_push(&t->chance, l);
    }
    return l.var;
}

/* A bit that may be anything in each turn: whether an edge is taken. */
static ir_ref any_bit(struct making *m, uint32_t from, uint32_t to) {
    struct turn *t = m->t;
    uint64_t known, key = (uint64_t)from << 32 | to;
    if (map_get(&m->choice, key, &known))
        return (ir_ref)known;
    struct leaf l = {ir_var(&t->ir, 1, var_id(VAR_LEAF, (uint32_t)(t->fixed.len + t->chance.len), 0)), interval_all(1)};
    vec_push(&t->chance, l);
    map_put(&m->choice, key, l.var);
    return l.var;
}

static ir_ref state(struct making *m, ir_ref r, uint32_t loc) {
    struct turn *t = m->t;
    if (t->states == MOST_STATE || m->outside || !ir_at(m->s->v->ir, r)->width)
        return fail(m);
    m->loc[t->states] = loc;
    values_location_name(m->s->v, loc, t->name[t->states], sizeof t->name[0]);
    return t->state[t->states++] = ir_var(&t->ir, ir_at(m->s->v->ir, r)->width, ir_at(m->s->v->ir, r)->imm);
}

/* ---- terms ------------------------------------------------------------------------------------------------------------------------- */

static ir_ref translate(struct making *m, ir_ref r);

static ir_ref rebuilt(struct ir *ir, const struct ir_node *n, ir_ref a, ir_ref b, ir_ref c) {
    switch (n->op) {
    case IR_ITE: return ir_ite(ir, a, b, c);
    case IR_ZEXT: return ir_zext(ir, a, n->width);
    case IR_SEXT: return ir_sext(ir, a, n->width);
    case IR_LOW: return ir_low(ir, a, n->width);
    case IR_APPLY: return ir_apply(ir, n->width, n->imm, a, b, c);
    }
    return ir_binary(ir, (enum ir_op)n->op, a, b);
}

static ir_ref edge_taken(struct making *m, uint32_t from, uint32_t to);

static bool comes_before(const struct search *s, uint32_t from, uint32_t b) {
    return s->inside[from] && s->v->number[from] != NONE && s->v->number[from] < s->v->number[b];
}

static ir_ref reached(struct making *m, uint32_t b) {
    struct ir *ir = &m->t->ir;
    uint64_t known;
    if (b == m->s->header)
        return ir_const(ir, 1, 1);
    if (map_get(&m->reach, b, &known))
        return (ir_ref)known;
    ir_ref r = ir_const(ir, 1, 0);
    for (uint32_t p = m->s->v->first[b]; p < m->s->v->first[b + 1] && !m->failed; p++)
        if (comes_before(m->s, m->s->v->pred[p], b))
            r = ir_binary(ir, IR_OR, r, edge_taken(m, m->s->v->pred[p], b));
    map_put(&m->reach, b, r);
    return r;
}

static ir_ref edge_taken(struct making *m, uint32_t from, uint32_t to) {
    const struct values *v = m->s->v;
    struct ir *ir = &m->t->ir;
    struct outcome o;
    ir_ref r = reached(m, from), bit;
    if (block_of(v->g, v->global[from])->edges == 1 && block_of(v->g, v->global[from])->end != END_BRANCH)
        return r;
    if (v->unknown[from] || !ranges_edge_shows(v, from, to, &o))
        bit = any_bit(m, from, to);
    else
        bit = o.value ? translate(m, o.bit) : ir_not(ir, translate(m, o.bit));
    return ir_binary(ir, IR_AND, r, bit);
}

/* What a location holds when one of the edges FROM… to block B was taken. */
static ir_ref along_edges(struct making *m, uint32_t b, uint32_t loc, bool round) {
    const struct values *v = m->s->v;
    ir_ref r = 0;
    for (uint32_t p = v->first[b]; p < v->first[b + 1] && !m->failed; p++) {
        uint32_t from = v->pred[p];
        if (round ? !m->s->inside[from] || v->number[from] == NONE : !comes_before(m->s, from, b))
            continue;
        ir_ref value = translate(m, value_out(v, from, loc)), taken = edge_taken(m, from, b);
        r = r ? ir_ite(&m->t->ir, taken, value, r) : value;
    }
    return r ? r : fail(m);
}

/* A φ where ways inside a turn join. */
static bool is_join(const struct search *s, uint32_t b) {
    for (uint32_t p = s->v->first[b]; p < s->v->first[b + 1]; p++)
        if (!comes_before(s, s->v->pred[p], b))
            return false;
    return true;
}

static ir_ref variable(struct making *m, ir_ref r) {
    uint64_t id = ir_at(m->s->v->ir, r)->imm;
    uint32_t loc;
    if (search_header_phi(m->s, r, &loc))
        return state(m, r, loc);
    if (var_kind(id) == VAR_PHI && !m->outside) {
        uint32_t b = values_at_slot(m->s->v, var_index(id));
        if (b != NONE && m->s->inside[b] && b != m->s->header && is_join(m->s, b))
            return along_edges(m, b, var_loc(id), false);
    }
    return leaf(m, r);
}

static ir_ref translate(struct making *m, ir_ref r) {
    const struct ir_node n = *ir_at(m->s->v->ir, r);
    uint64_t known;
    if (n.op == IR_CONST)
        return ir_const(&m->t->ir, n.width, n.imm);
    if (map_get(&m->done, r, &known))
        return (ir_ref)known;
    if (m->failed || !n.width || ++m->depth > DEEPEST || m->t->ir.nodes.len > MOST_NODES)
        return fail(m);
    ir_ref made;
    if (n.op == IR_VAR)
        made = variable(m, r);
    else if (n.op == IR_LOAD || n.op == IR_CSR)
        made = leaf(m, r);
    else {
        ir_ref a = translate(m, n.a), b = n.b ? translate(m, n.b) : 0, c = n.c ? translate(m, n.c) : 0;
        made = m->failed ? 0 : rebuilt(&m->t->ir, &n, a, b, c);
    }
    m->depth--;
    if (m->failed)
        return fail(m);
    map_put(&m->done, r, made);
    return made;
}

ir_ref turn_at(struct turn *t, ir_ref term, const ir_ref *with, uint32_t k) {
    struct ir *ir = &t->ir;
    size_t end = (size_t)term + 1; /* what a term is made of has smaller references */
    ir_ref *to = mem_alloc(end * sizeof *to);
    bool *needed = mem_alloc(end);
    needed[term] = true;
    for (size_t r = end; r-- > 1;) {
        const struct ir_node *n = ir_at(ir, (ir_ref)r);
        if (needed[r] && n->op != IR_VAR && n->op != IR_CONST)
            needed[n->a] = needed[n->b] = needed[n->c] = true;
    }
    for (size_t i = 0; i < t->states; i++)
        if (t->state[i] < end)
            to[t->state[i]] = with[i];
    for (size_t i = 0; i < t->chance.len && k; i++)
        if (t->chance.data[i].var < end) {
            const struct ir_node n = *ir_at(ir, t->chance.data[i].var);
            to[t->chance.data[i].var] = ir_var(ir, n.width, var_id(VAR_LEAF, var_index(n.imm), k));
        }
    for (size_t r = 1; r < end; r++) {
        const struct ir_node n = *ir_at(ir, (ir_ref)r);
        if (needed[r] && !to[r])
            to[r] = n.op == IR_VAR || n.op == IR_CONST ? (ir_ref)r : rebuilt(ir, &n, to[n.a], to[n.b], to[n.c]);
    }
    ir_ref made = to[term];
    free(to);
    free(needed);
    return made;
}

/* ---- ways in ------------------------------------------------------------------------------------------------------------------------ */

/* A fact that cannot be told is left out: to know less is sound. */
static void add_fact(struct making *m, const struct outcome *o, bits *facts) {
    ir_ref bit = translate(m, o->bit);
    uint64_t always;
    if (!m->failed && (!ir_is_const(&m->t->ir, bit, &always)))
        vec_push(facts, o->value ? bit : ir_not(&m->t->ir, bit));
    m->failed = false;
    m->depth = 0;
}

static bool add_way(struct making *m, uint32_t p) {
    const struct search *s = m->s;
    struct way_in w = {.facts = {0}};
    struct outcome shown[MOST_SHOWN + 1];
    for (size_t i = 0; i < m->t->states; i++)
        w.state[i] = translate(m, search_outer_value(s, p, m->loc[i]));
    if (m->failed)
        return false;
    bits facts = {0};
    size_t n = p == NONE ? 0 : ranges_shown(s->v, p, shown);
    n += p != NONE && ranges_edge_shows(s->v, p, s->header, &shown[n]);
    for (size_t i = 0; i < n; i++)
        add_fact(m, &shown[i], &facts);
    w.facts.data = facts.data, w.facts.len = facts.len, w.facts.cap = facts.cap;
    vec_push(&m->t->ways, w);
    return true;
}

static bool fits(const struct search *s) {
    if (s->loop->entries.len != 1 || !s->outer.len || !s->latch.len || s->loop->blocks.len > MOST_BLOCKS)
        return false;
    for (size_t i = 0; i < s->loop->blocks.len; i++) /* loops inside, too, have one entry */
        for (uint32_t k = block_of(s->g, s->loop->blocks.data[i])->loop; k != s->index; k = s->g->loops.data[k].parent)
            if (s->g->loops.data[k].entries.len != 1)
                return false;
    return true;
}

static bool make(struct making *m) {
    const struct search *s = m->s;
    struct turn *t = m->t;
    uint64_t always;
    t->again = ir_const(&t->ir, 1, 0);
    for (size_t i = 0; i < s->latch.len; i++)
        t->again = ir_binary(&t->ir, IR_OR, t->again, edge_taken(m, s->latch.data[i], s->header));
    if (m->failed || !t->states || ir_is_const(&t->ir, t->again, &always))
        return false;
    for (size_t i = 0; i < t->states && !m->failed; i++) /* grows while the values of the next turn are made of others */
        t->next[i] = along_edges(m, s->header, m->loc[i], true);
    m->outside = true;
    map_free(&m->done); /* what was translated of the loop's inside must not be met outside */
    for (size_t p = 0; p < s->outer.len && !m->failed; p++)
        add_way(m, s->outer.data[p]);
    return !m->failed;
}

struct turn *turn_of(const struct search *s) {
    if (!fits(s))
        return NULL;
    struct turn *t = mem_alloc(sizeof *t);
    struct making m = {.s = s, .t = t};
    t->loop = s->index;
    ir_init(&t->ir, NULL);
    bool fine = make(&m);
    map_free(&m.done);
    map_free(&m.leaves);
    map_free(&m.reach);
    map_free(&m.choice);
    bits facts = {0};
    for (size_t i = 0; i < t->fixed.len; i++)
        turn_within(&t->ir, t->fixed.data[i].var, t->fixed.data[i].range, &facts);
    t->facts.data = facts.data, t->facts.len = facts.len, t->facts.cap = facts.cap;
    if (!fine) {
        turn_free(t);
        return NULL;
    }
    return t;
}

void turn_free(struct turn *t) {
    for (size_t i = 0; i < t->ways.len; i++)
        vec_free(&t->ways.data[i].facts);
    vec_free(&t->ways);
    vec_free(&t->facts);
    vec_free(&t->fixed);
    vec_free(&t->chance);
    ir_free(&t->ir);
    free(t);
}
