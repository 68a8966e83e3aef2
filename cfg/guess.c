#include "cfg/guess.h"

enum { MOST_RUNS = 24, MOST_TRIES = 400, LONGEST_RUN = 48, MOST_TERMS = 160, MOST_MEASURES = 5, MOST_INVARIANTS = 32 };
static const uint64_t MOST_BOUND = 1u << 24; /* as the closed forms have it */

/* ---- evaluation ---------------------------------------------------------------------------------------------------------------------- */

/* Nodes in an order in which each comes after its operands. */
struct plan {
    VEC(ir_ref) order;
};

static void plan_make(struct plan *p, const struct ir *ir, const ir_ref *roots, size_t n) {
    bool *needed = mem_alloc(ir->nodes.len);
    size_t end = 1;
    for (size_t i = 0; i < n; i++) {
        needed[roots[i]] = true;
        end = roots[i] + 1u > end ? roots[i] + 1u : end;
    }
    for (size_t r = end; r-- > 1;) {
        const struct ir_node *k = ir_at(ir, (ir_ref)r);
        if (needed[r] && k->op != IR_VAR && k->op != IR_CONST)
            needed[k->a] = needed[k->b] = needed[k->c] = true;
    }
    p->order.len = 0;
    for (size_t r = 1; r < end; r++)
        if (needed[r] && ir_at(ir, (ir_ref)r)->op != IR_VAR)
            vec_push(&p->order, (ir_ref)r);
    free(needed);
}

static uint64_t apply(const struct ir_node *n, const uint64_t *v) {
    uint64_t given[4] = {n->imm, n->a ? v[n->a] : 0, n->b ? v[n->b] : 0, n->c ? v[n->c] : 0};
    return hash_bytes(given, sizeof given, 0) & ir_mask(n->width);
}

/* V: of each node; the variables' are there. */
static void plan_run(const struct plan *p, const struct ir *ir, uint64_t *v) {
    for (size_t i = 0; i < p->order.len; i++) {
        ir_ref r = p->order.data[i];
        const struct ir_node *n = ir_at(ir, r);
        switch (n->op) {
        case IR_CONST: v[r] = n->imm; break;
        case IR_ITE: v[r] = v[n->a] ? v[n->b] : v[n->c]; break;
        case IR_ZEXT: v[r] = v[n->a]; break;
        case IR_SEXT: v[r] = (uint64_t)ir_signed(v[n->a], ir_at(ir, n->a)->width) & ir_mask(n->width); break;
        case IR_LOW: v[r] = v[n->a] & ir_mask(n->width); break;
        case IR_APPLY: v[r] = apply(n, v); break;
        default: v[r] = ir_fold((enum ir_op)n->op, ir_at(ir, n->a)->width, v[n->a], v[n->b]);
        }
    }
}

/* ---- runs ------------------------------------------------------------------------------------------------------------------------------ */

struct run {
    uint64_t *fixed;            /* by index in the turn's list */
    uint64_t (*state)[MOST_STATE];
    size_t turns;               /* states from which the loop went round */
    bool ended;
};
struct sampler {
    struct turn *t;
    uint64_t seed;
    uint64_t *v;                /* by node */
    size_t room;
    VEC(struct run) runs;
};

static uint64_t next_random(struct sampler *s) {
    s->seed ^= s->seed << 13;
    s->seed ^= s->seed >> 7;
    return s->seed ^= s->seed << 17;
}

static void make_room(struct sampler *s) {
    if (s->room >= s->t->ir.nodes.len)
        return;
    s->room = s->t->ir.nodes.len;
    s->v = mem_resize(s->v, s->room * sizeof *s->v);
}

/* Ends of the interval, small numbers and those of any length: where programs turn. */
static uint64_t draw(struct sampler *s, const struct leaf *l) {
    unsigned w = ir_at(&s->t->ir, l->var)->width;
    struct interval r = l->range;
    uint64_t x = next_random(s), small = (x >> 8) % 20, v = r.lo;
    if (interval_empty(r))
        return 0;
    for (int tries = 0; tries < 4; tries++) {
        switch ((x >> 4 * tries) & 7) {
        case 0: v = r.lo + small; break;
        case 1: v = r.hi - small; break;
        case 2: v = (uint64_t)r.slo + small; break;
        case 3: v = (uint64_t)r.shi - small; break;
        case 4: v = small; break;
        case 5: v = next_random(s) >> (x >> 32 & 63); break;
        case 6: v = (next_random(s) >> (x >> 32 & 63)) % 1000; break;
        default: v = 1ull << (x >> 32 & 63);
        }
        v &= ir_mask(w);
        if (v >= r.lo && v <= r.hi && ir_signed(v, w) >= r.slo && ir_signed(v, w) <= r.shi)
            return v;
    }
    return (x & 1 ? r.hi : r.lo) & ir_mask(w);
}

static bool all_hold(const struct sampler *s, const ir_ref *bit, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!s->v[bit[i]])
            return false;
    return true;
}

/* From the state in V on, until the loop is left whatever is tried. */
static void take_turns(struct sampler *s, const struct plan *turn, struct run *r) {
    struct turn *t = s->t;
    while (r->turns < LONGEST_RUN) {
        bool again = false;
        for (int tries = 0; tries < (t->chance.len ? 24 : 1) && !again; tries++) {
            for (size_t i = 0; i < t->chance.len; i++)
                s->v[t->chance.data[i].var] = draw(s, &t->chance.data[i]);
            plan_run(turn, &t->ir, s->v);
            again = s->v[t->again];
        }
        if (!again) {
            r->ended = true;
            return;
        }
        for (size_t i = 0; i < t->states; i++)
            r->state[r->turns][i] = s->v[t->state[i]];
        r->turns++;
        uint64_t next[MOST_STATE];
        for (size_t i = 0; i < t->states; i++)
            next[i] = s->v[t->next[i]];
        for (size_t i = 0; i < t->states; i++)
            s->v[t->state[i]] = next[i];
    }
}

static bool enter(struct sampler *s, const struct way_in *w, const struct plan *entry) {
    struct turn *t = s->t;
    for (size_t i = 0; i < t->fixed.len; i++)
        s->v[t->fixed.data[i].var] = draw(s, &t->fixed.data[i]);
    plan_run(entry, &t->ir, s->v);
    if (!all_hold(s, t->facts.data, t->facts.len) || !all_hold(s, w->facts.data, w->facts.len))
        return false;
    for (size_t i = 0; i < t->states; i++)
        s->v[t->state[i]] = s->v[w->state[i]];
    return true;
}

static void sample_way(struct sampler *s, const struct way_in *w, const struct plan *turn) {
    struct turn *t = s->t;
    VEC(ir_ref) roots = {0};
    struct plan entry = {0};
    for (size_t i = 0; i < t->facts.len; i++)
        vec_push(&roots, t->facts.data[i]);
    for (size_t i = 0; i < w->facts.len; i++)
        vec_push(&roots, w->facts.data[i]);
    for (size_t i = 0; i < t->states; i++)
        vec_push(&roots, w->state[i]);
    plan_make(&entry, &t->ir, roots.data, roots.len);
    size_t found = 0, most = MOST_RUNS / t->ways.len + 1;
    for (int tries = 0; tries < MOST_TRIES && found < most; tries++) {
        if (!enter(s, w, &entry))
            continue;
        struct run r = {.fixed = mem_alloc(t->fixed.len * sizeof(uint64_t)), .state = mem_alloc(LONGEST_RUN * sizeof *r.state)};
        for (size_t i = 0; i < t->fixed.len; i++)
            r.fixed[i] = s->v[t->fixed.data[i].var];
        take_turns(s, turn, &r);
        found++;
        vec_push(&s->runs, r);
    }
    vec_free(&entry.order);
    vec_free(&roots);
}

static void sample(struct sampler *s) {
    struct turn *t = s->t;
    ir_ref roots[MOST_STATE + 1];
    struct plan turn = {0};
    for (size_t i = 0; i < t->states; i++)
        roots[i] = t->next[i];
    roots[t->states] = t->again;
    plan_make(&turn, &t->ir, roots, t->states + 1);
    make_room(s);
    for (size_t i = 0; i < t->ways.len; i++)
        sample_way(s, &t->ways.data[i], &turn);
    vec_free(&turn.order);
}

/* The term's value at turn K of a run. */
static uint64_t value_at(struct sampler *s, const struct plan *p, ir_ref term, const struct run *r, size_t k) {
    for (size_t i = 0; i < s->t->states; i++)
        s->v[s->t->state[i]] = r->state[k][i];
    for (size_t i = 0; i < s->t->fixed.len; i++)
        s->v[s->t->fixed.data[i].var] = r->fixed[i];
    plan_run(p, &s->t->ir, s->v);
    return s->v[term];
}

/* ---- terms to try ------------------------------------------------------------------------------------------------------------------------ */

/* Says of each node whether it is made of the state and of what is fixed alone, and of the state at all. */
struct nature {
    bool *sure, *moves;
    size_t len;
};

static void find_nature(const struct turn *t, struct nature *k) {
    k->len = t->ir.nodes.len;
    k->sure = mem_alloc(k->len);
    k->moves = mem_alloc(k->len);
    for (size_t r = 1; r < k->len; r++) {
        const struct ir_node *n = ir_at(&t->ir, (ir_ref)r);
        k->sure[r] = n->op != IR_VAR || var_kind(n->imm) != VAR_LEAF;
        k->moves[r] = n->op == IR_VAR && var_kind(n->imm) != VAR_LEAF;
        ir_ref kids[3] = {n->a, n->b, n->c};
        for (int i = 0; i < 3 && n->op != IR_VAR && n->op != IR_CONST; i++)
            if (kids[i]) {
                k->sure[r] &= k->sure[kids[i]];
                k->moves[r] |= k->moves[kids[i]];
            }
    }
    for (size_t i = 0; i < t->fixed.len; i++)
        k->sure[t->fixed.data[i].var] = true;
    for (size_t r = 1; r < k->len; r++) { /* again, now that what is fixed counts as sure */
        const struct ir_node *n = ir_at(&t->ir, (ir_ref)r);
        if (n->op != IR_VAR && n->op != IR_CONST)
            k->sure[r] = (!n->a || k->sure[n->a]) && (!n->b || k->sure[n->b]) && (!n->c || k->sure[n->c]);
    }
}

typedef VEC(ir_ref) terms;

static void add_term(terms *list, const struct ir *ir, ir_ref r) {
    uint64_t k;
    if (list->len >= MOST_TERMS || ir_is_const(ir, r, &k) || ir_at(ir, r)->width < 8)
        return;
    for (size_t i = 0; i < list->len; i++)
        if (list->data[i] == r)
            return;
    vec_push(list, r);
}

/* A side that does not move, whatever the other one is made of. */
static void add_limit(const struct turn *t, const struct nature *k, ir_ref side, terms *limits) {
    const struct ir_node *n = ir_at(&t->ir, side);
    if (k->sure[side] && !k->moves[side] && n->op != IR_CONST && limits->len < 6)
        add_term(limits, &t->ir, side);
}

/* The sides of every comparison that decides whether the loop goes round, or what it does. */
static void find_compared(const struct turn *t, const struct nature *k, terms *sides, terms *limits) {
    bool *needed = mem_alloc(k->len);
    needed[t->again] = true;
    for (size_t r = k->len; r-- > 1;) {
        const struct ir_node *n = ir_at(&t->ir, (ir_ref)r);
        if (!needed[r] || n->op == IR_VAR || n->op == IR_CONST)
            continue;
        needed[n->a] = needed[n->b] = needed[n->c] = true;
        if ((n->op == IR_EQ || n->op == IR_ULT || n->op == IR_SLT) && k->sure[n->a] && k->sure[n->b] && (k->moves[n->a] || k->moves[n->b]) &&
            ir_at(&t->ir, n->a)->width >= 8 && sides->len < 16) {
            vec_push(sides, n->a);
            vec_push(sides, n->b);
        }
        if (n->op == IR_EQ || n->op == IR_ULT || n->op == IR_SLT) {
            add_limit(t, k, n->a, limits);
            add_limit(t, k, n->b, limits);
        }
    }
    free(needed);
}

static void add_differences(struct ir *ir, terms *list, ir_ref a, ir_ref b) {
    ir_ref one = ir_const(ir, ir_at(ir, a)->width, 1), up = ir_binary(ir, IR_SUB, b, a), down = ir_binary(ir, IR_SUB, a, b);
    ir_ref each[] = {up, down, ir_binary(ir, IR_ADD, up, one), ir_binary(ir, IR_ADD, down, one)};
    for (size_t k = 0; k < sizeof each / sizeof *each; k++)
        add_term(list, ir, each[k]);
}

static void find_terms(struct turn *t, const terms *sides, const terms *limits, terms *list) {
    struct ir *ir = &t->ir;
    for (size_t i = 0; i < sides->len; i += 2) {
        add_term(list, ir, sides->data[i]);
        add_term(list, ir, sides->data[i + 1]);
        add_differences(ir, list, sides->data[i], sides->data[i + 1]);
    }
    for (size_t i = 0; i < t->states; i++) {
        unsigned w = ir_at(ir, t->state[i])->width;
        ir_ref zero = ir_const(ir, w, 0);
        add_term(list, ir, t->state[i]);
        add_term(list, ir, ir_binary(ir, IR_SUB, zero, t->state[i]));
        if (w == 64) {
            add_term(list, ir, ir_low(ir, t->state[i], 32));
            add_term(list, ir, ir_low(ir, ir_binary(ir, IR_SUB, zero, t->state[i]), 32));
        }
        for (size_t k = 0; k < limits->len; k++)
            if (ir_at(ir, limits->data[k])->width <= w && ir_at(ir, limits->data[k])->width >= 32)
                add_differences(ir, list, ir_low(ir, t->state[i], ir_at(ir, limits->data[k])->width), limits->data[k]);
        for (size_t k = 0; k < t->states; k++)
            if (i != k && ir_at(ir, t->state[k])->width == w)
                add_term(list, ir, ir_binary(ir, IR_SUB, t->state[i], t->state[k]));
    }
}

/* ---- measures ------------------------------------------------------------------------------------------------------------------------------- */

static unsigned logarithm(uint64_t n, uint64_t base) {
    unsigned k = 0;
    for (; n >= base; n /= base)
        k++;
    return k;
}

/* Be x(0) … x(b - 1) the states from which it goes round, j the `every`, q = (b - 1) / j rounded down. Falling: m(x(qj)) >= by, so m(x(0)) >= (q + 1) by
 * and b <= j (q + 1) <= j (most / by). Divided: m(x(0)) >= by^q, so b <= j (log most + 1). The header is entered once more than that. */
uint64_t measure_bound(const struct measure *m) {
    if (!m->most)
        return 1;
    uint64_t rounds = m->divides ? logarithm(m->most, m->by) + 1u : m->most / m->by;
    return rounds >= UINT64_MAX / 4 ? UINT64_MAX : m->every * rounds + 1;
}

/* How the term changes every so many turns of the runs that were tried. False: not as a measure. */
static bool observe(struct sampler *s, ir_ref term, unsigned every, struct measure *fall, struct measure *divide, uint64_t *first) {
    struct plan p = {0};
    uint64_t value[LONGEST_RUN];
    bool falls = true, divides = true, pairs = false;
    *first = 0;
    *fall = (struct measure){.term = term, .every = every, .by = UINT64_MAX};
    *divide = (struct measure){.term = term, .every = every, .by = 256, .divides = true};
    plan_make(&p, &s->t->ir, &term, 1);
    for (size_t i = 0; i < s->runs.len && (falls || divides); i++) {
        const struct run *r = &s->runs.data[i];
        for (size_t k = 0; k < r->turns && (falls || divides); k++) {
            value[k] = value_at(s, &p, term, r, k);
            *first = !k && value[k] > *first ? value[k] : *first;
            falls &= value[k] != 0;
            divides &= value[k] != 0;
            fall->by = value[k] < fall->by ? value[k] : fall->by;
            if (k < every)
                continue;
            uint64_t before = value[k - every];
            pairs = true;
            falls &= before > value[k];
            fall->by = before > value[k] && before - value[k] < fall->by ? before - value[k] : fall->by;
            divides &= value[k] && before / value[k] >= 2;
            divide->by = value[k] && before / value[k] < divide->by ? before / value[k] : divide->by;
        }
    }
    vec_free(&p.order);
    fall->by = falls ? fall->by : 0;
    divide->by = divides && pairs ? divide->by : 0;
    return falls || divides;
}

/* The greatest value at entry, if the loop goes round at all. */
static uint64_t most_at_entry(struct turn *t, ir_ref term) {
    uint64_t most = 0;
    for (size_t i = 0; i < t->ways.len; i++) {
        const struct way_in *w = &t->ways.data[i];
        ir_ref first = turn_at(t, term, w->state, 0), again = turn_at(t, t->again, w->state, 0);
        struct ranges r = {.ir = &t->ir};
        for (size_t k = 0; k < t->fixed.len; k++)
            ranges_learn(&r, t->fixed.data[k].var, t->fixed.data[k].range);
        for (size_t k = 0; k < w->facts.len; k++)
            ranges_assume(&r, w->facts.data[k], true);
        ranges_assume(&r, again, true);
        struct interval v = ranges_of(&r, first);
        ranges_free(&r);
        most = !interval_empty(v) && v.hi > most ? v.hi : most;
    }
    return most;
}

/* FIRST: the greatest that a run was seen to begin with. */
static void add_measure(struct guess *g, struct measure m, uint64_t first) {
    uint64_t bound = measure_bound(&m);
    size_t i = g->measures.len;
    if (bound > MOST_BOUND && !m.divides) { /* maybe it is less than intervals tell: the solver may know */
        m.most = MOST_BOUND / 2 * m.by;
        m.coarse = true;
        bound = measure_bound(&m);
    }
    if (bound > MOST_BOUND || first > m.most)
        return;
    vec_push(&g->measures, m);
    for (; i && measure_bound(&g->measures.data[i - 1]) > bound; i--)
        g->measures.data[i] = g->measures.data[i - 1];
    g->measures.data[i] = m;
    if (g->measures.len > MOST_MEASURES)
        g->measures.len = MOST_MEASURES;
}

static void try_term(struct guess *g, struct sampler *s, ir_ref term) {
    struct measure fall, divide;
    unsigned every = 1;
    uint64_t first;
    while (every <= 2 && !observe(s, term, every, &fall, &divide, &first))
        every++;
    if (every > 2)
        return;
    uint64_t most = most_at_entry(s->t, term);
    make_room(s);
    fall.most = divide.most = most;
    if (fall.by)
        add_measure(g, fall, first);
    if (fall.by > 1) {
        fall.by = 1;
        add_measure(g, fall, first);
    }
    if (divide.by)
        add_measure(g, divide, first);
    if (divide.by > 2) {
        divide.by = 2;
        add_measure(g, divide, first);
    }
}

/* Never grows, and falls at times: two such may take turns. */
static bool falls_at_times(struct sampler *s, ir_ref term) {
    struct plan p = {0};
    bool never_grows = true, falls = false;
    plan_make(&p, &s->t->ir, &term, 1);
    for (size_t i = 0; i < s->runs.len && never_grows; i++) {
        uint64_t before = 0, now = 0;
        for (size_t k = 0; k < s->runs.data[i].turns && never_grows; k++, before = now) {
            now = value_at(s, &p, term, &s->runs.data[i], k);
            never_grows = !k || now <= before;
            falls |= k && now < before;
        }
    }
    vec_free(&p.order);
    return never_grows && falls;
}

static void try_sums(struct guess *g, struct sampler *s, const terms *list) {
    enum { MOST_PARTS = 8 };
    ir_ref part[MOST_PARTS];
    size_t parts = 0;
    struct ir *ir = &s->t->ir;
    for (size_t i = 0; i < list->len && parts < MOST_PARTS; i++)
        if (falls_at_times(s, list->data[i]))
            part[parts++] = list->data[i];
    for (size_t i = 0; i < parts; i++)
        for (size_t k = 0; k < i; k++)
            if (ir_at(ir, part[i])->width == ir_at(ir, part[k])->width) {
                ir_ref sum = ir_binary(ir, IR_ADD, part[i], part[k]);
                make_room(s);
                try_term(g, s, sum);
            }
}

/* ---- invariants -------------------------------------------------------------------------------------------------------------------------------- */

static bool held(struct sampler *s, ir_ref bit) {
    struct plan p = {0};
    bool fine = true;
    plan_make(&p, &s->t->ir, &bit, 1);
    for (size_t i = 0; i < s->runs.len && fine; i++)
        for (size_t k = 0; k < s->runs.data[i].turns && fine; k++)
            fine = value_at(s, &p, bit, &s->runs.data[i], k);
    vec_free(&p.order);
    return fine;
}

static void try_invariant(struct guess *g, struct sampler *s, ir_ref bit) {
    uint64_t always;
    if (g->invariants.len >= MOST_INVARIANTS || ir_is_const(&s->t->ir, bit, &always))
        return;
    make_room(s);
    for (size_t i = 0; i < g->invariants.len; i++)
        if (g->invariants.data[i] == bit)
            return;
    if (held(s, bit))
        vec_push(&g->invariants, bit);
}

static void try_order(struct guess *g, struct sampler *s, ir_ref a, ir_ref b) {
    struct ir *ir = &s->t->ir;
    if (a == b || ir_at(ir, a)->width != ir_at(ir, b)->width)
        return;
    try_invariant(g, s, ir_not(ir, ir_binary(ir, IR_ULT, b, a)));
    try_invariant(g, s, ir_not(ir, ir_binary(ir, IR_SLT, b, a)));
    try_invariant(g, s, ir_not(ir, ir_binary(ir, IR_ULT, a, b)));
    try_invariant(g, s, ir_not(ir, ir_binary(ir, IR_SLT, a, b)));
    try_invariant(g, s, ir_not(ir, ir_binary(ir, IR_EQ, a, b)));
}

/* Of one part of the state: its sign, that it holds an int, and how it lies to where it began, whose low bits it may keep. */
static void find_single(struct guess *g, struct sampler *s, size_t i) {
    struct ir *ir = &s->t->ir;
    ir_ref x = s->t->state[i], first = s->t->ways.data[0].state[i];
    unsigned w = ir_at(ir, x)->width;
    try_invariant(g, s, ir_not(ir, ir_binary(ir, IR_EQ, x, ir_const(ir, w, 0))));
    try_invariant(g, s, ir_not(ir, ir_binary(ir, IR_SLT, x, ir_const(ir, w, 0))));
    if (w == 64) {
        try_invariant(g, s, ir_binary(ir, IR_EQ, x, ir_sext(ir, ir_low(ir, x, 32), 64)));
        try_invariant(g, s, ir_binary(ir, IR_EQ, x, ir_zext(ir, ir_low(ir, x, 32), 64)));
    }
    for (unsigned low = 4; low-- > 1 && w >= 8;)
        try_invariant(g, s, ir_binary(ir, IR_EQ, ir_low(ir, x, low), ir_const(ir, low, 0)));
    if (s->t->ways.len > 1)
        return;
    try_order(g, s, x, first);
    for (unsigned low = 5; low-- > 1 && w >= 8;)
        try_invariant(g, s, ir_binary(ir, IR_EQ, ir_low(ir, ir_binary(ir, IR_SUB, x, first), low), ir_const(ir, low, 0)));
}

static void find_pair(struct guess *g, struct sampler *s, size_t i, size_t k) {
    struct ir *ir = &s->t->ir;
    ir_ref x = s->t->state[i], y = s->t->state[k];
    if (ir_at(ir, x)->width != ir_at(ir, y)->width)
        return;
    try_order(g, s, x, y);
    const ir_ref *first = s->t->ways.data[0].state;
    if (s->t->ways.len == 1) {
        try_invariant(g, s, ir_binary(ir, IR_EQ, ir_binary(ir, IR_SUB, x, y), ir_binary(ir, IR_SUB, first[i], first[k])));
        try_invariant(g, s, ir_binary(ir, IR_EQ, ir_binary(ir, IR_ADD, x, y), ir_binary(ir, IR_ADD, first[i], first[k])));
    }
}

static void find_invariants(struct guess *g, struct sampler *s, const terms *sides) {
    for (size_t i = 0; i < s->t->states; i++)
        find_single(g, s, i);
    for (size_t i = 0; i < s->t->states; i++)
        for (size_t k = 0; k < i; k++)
            find_pair(g, s, i, k);
    for (size_t i = 0; i < sides->len; i += 2)
        try_order(g, s, sides->data[i], sides->data[i + 1]);
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------------------------------ */

void guess_make(struct guess *g, struct turn *t) {
    struct sampler s = {.t = t, .seed = 0x9e3779b97f4a7c15ull + t->loop};
    struct nature nature = {0};
    terms sides = {0}, limits = {0}, list = {0};
    *g = (struct guess){.ended = true};
    sample(&s);
    for (size_t i = 0; i < s.runs.len; i++) {
        uint64_t entries = s.runs.data[i].turns + 1;
        g->often = entries > g->seen ? 1 : g->often + (entries == g->seen);
        g->seen = entries > g->seen ? entries : g->seen;
        g->ended &= s.runs.data[i].ended;
    }
    find_nature(t, &nature);
    find_compared(t, &nature, &sides, &limits);
    find_terms(t, &sides, &limits, &list);
    make_room(&s);
    for (size_t i = 0; i < list.len && g->seen > 2; i++)
        try_term(g, &s, list.data[i]);
    if (g->seen > 2 && !g->measures.len)
        try_sums(g, &s, &list);
    if (g->measures.len)
        find_invariants(g, &s, &sides);
    for (size_t i = 0; i < s.runs.len; i++)
        free(s.runs.data[i].fixed), free(s.runs.data[i].state);
    vec_free(&s.runs);
    free(s.v);
    free(nature.sure), free(nature.moves);
    vec_free(&sides);
    vec_free(&limits);
    vec_free(&list);
}

void guess_free(struct guess *g) {
    vec_free(&g->measures);
    vec_free(&g->invariants);
}
