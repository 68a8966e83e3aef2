/* The root's cuts: what the kinds share, and the rounds. */
#include "ilp/cut.h"
#include "ilp/exact.h"

#include <math.h>

void cut_objective(struct cutter *c, const struct terms *form, bool on) {
    for (size_t k = 0; k < form->len; k++)
        if (on)
            mpq_set(c->cost[form->data[k].index], form->data[k].a);
        else
            mpq_set_ui(c->cost[form->data[k].index], 0, 1);
    c->t->lp->objective = on ? (const mpq_t *)c->cost : NULL;
}

bool cut_leaf(struct cutter *c, struct proof *proof, const struct terms *form, const struct box *box, mpq_t highest, bool first) {
    struct search *t = c->t;
    struct proof_node *n = proof_push(proof, PROOF_LEAF);
    mpq_t bound, *branch = mpq_array_new(t->s->columns);
    uint32_t which;
    mpq_init(bound);
    cut_objective(c, form, true);
    bool good = duals_bound(t->lp, t->y, box, 1, bound, branch, &which);
    cut_objective(c, form, false);
    if (good && box->column != NO_COLUMN && mpq_sgn(branch[box->column])) {
        mpq_abs(branch[box->column], branch[box->column]);
        terms_add(&n->splits, 0, branch[box->column]);
    }
    search_collect(t, &n->y);
    if (good && (first || mpq_cmp(bound, highest) > 0))
        mpq_set(highest, bound);
    mpq_clear(bound);
    mpq_array_free(branch, t->s->columns);
    return good;
}

double cut_violation(const struct cutter *c, const struct terms *form, const mpq_t rhs) {
    double sum = -mpq_get_d(rhs), size = 0;
    for (size_t k = 0; k < form->len; k++) {
        double a = mpq_get_d(form->data[k].a);
        sum += a * c->x[form->data[k].index];
        size += a * a;
    }
    return size > 0 ? sum / sqrt(size) : 0;
}

/* Columns of one stretch of flow give the same cut over and over. */
static bool is_new(struct cutter *c, const struct terms *form) {
    uint64_t h = form->len, there;
    for (size_t k = 0; k < form->len; k++) {
        uint64_t part[2] = {form->data[k].index, mpz_get_ui(mpq_numref(form->data[k].a)) * 2 + (mpq_sgn(form->data[k].a) < 0)};
        h = hash_bytes(part, sizeof part, h);
    }
    if (map_get(&c->seen, h, &there))
        return false;
    map_put(&c->seen, h, 1);
    return true;
}

/* A bound ±x_j ≤ rhs: nothing for the linear program but tighter bounds. */
static void keep_bound(struct cutter *c, uint32_t fact) {
    struct search *t = c->t;
    uint32_t j = t->s->row[fact].terms.data[0].index;
    core_bound(t->s, j, fact);
    engine_set_bounds(t->engine, j);
    if (c->probe)
        engine_set_bounds(c->probe, j);
}

bool cut_keep(struct cutter *c, struct terms *form, const mpq_t rhs, struct proof *proof) {
    struct search *t = c->t;
    if (!form->len || cut_violation(c, form, rhs) <= 1e-4 || !is_new(c, form))
        return false;
    bool bound = form->len == 1 && mpz_cmpabs_ui(mpq_numref(form->data[0].a), 1) == 0;
    uint32_t row = core_derive(t->s, *form, rhs, *proof);
    *form = (struct terms){0};
    *proof = (struct proof){0};
    if (bound) {
        keep_bound(c, row);
    } else {
        core_revive(t->s, row);
        vec_push(&t->lp->rows, row);
        engine_add_row(t->engine);
        if (c->probe)
            engine_add_row(c->probe);
    }
    search_grow(t);
    c->made++;
    return true;
}

bool cut_round_down(struct cutter *c, struct terms *form) {
    struct box none = {.column = NO_COLUMN};
    struct proof proof = {0};
    mpq_t rhs;
    mpq_init(rhs);
    mpz_inits(none.low, none.high, NULL);
    bool good = cut_leaf(c, &proof, form, &none, rhs, true);
    mpz_fdiv_q(mpq_numref(rhs), mpq_numref(rhs), mpq_denref(rhs));
    mpz_set_ui(mpq_denref(rhs), 1);
    good = good && cut_keep(c, form, rhs, &proof);
    proof_free(&proof);
    mpz_clears(none.low, none.high, NULL);
    mpq_clear(rhs);
    return good;
}

bool cut_is_tight(const struct cutter *c, const struct fact *r) {
    double v = r->equality ? 0 : cut_violation(c, &r->terms, r->rhs);
    return v > -1e-6;
}

static bool root_point(struct cutter *c) {
    struct search *t = c->t;
    const struct suggestion *g = search_ask(t, t->engine, NULL, 0, false);
    if (g->status != LP_OPTIMAL)
        return false;
    memcpy(c->x, g->x, t->s->columns * sizeof *c->x);
    memcpy(c->basic, g->column_basic, t->s->columns * sizeof *c->basic);
    return true;
}

static double optimum(const struct cutter *c) {
    double sum = mpq_get_d(c->t->s->constant);
    for (size_t j = 0; j < c->t->s->columns; j++)
        sum += c->x[j] * mpq_get_d(c->t->s->column[j].cost);
    return sum;
}

bool cut_is_fractional(const struct cutter *c, uint32_t j) {
    double part = c->x[j] - floor(c->x[j]);
    double least = 1e-5 + 1e-10 * fabs(c->x[j]);
    return !c->t->s->column[j].real && part > least && part < 1 - least;
}

/* One kind of cut on all fractional columns. */
static unsigned cut_round(struct cutter *c, enum cut_kind kind) {
    enum { MOST_CUTS = 50, MOST_GUESSES = 200 };
    struct search *t = c->t;
    unsigned before = c->made;
    map_free(&c->seen);
    c->guesses = 0;
    if (kind <= CUT_MIXED)
        cut_tableau(c, kind == CUT_MIXED);
    for (uint32_t j = 0; kind > CUT_MIXED && j < t->s->columns && c->made - before < MOST_CUTS && c->guesses < MOST_GUESSES && t->work < MOST_WORK / 2 && seconds_now() < c->until; j++) {
        if (!cut_is_fractional(c, j))
            continue;
        if (kind == CUT_BOUND)
            cut_bound(c, j);
        else
            cut_split_rows(c, j, kind == CUT_STEEP);
    }
    return c->made - before;
}

/* One kind after the other, until one yields a cut; where that does not move the optimum, one that is dearer is tried too. */
static bool cut_once(struct cutter *c, enum cut_effort effort, bool stalled) {
    if (effort == EFFORT_ROUNDING)
        return cut_round(c, CUT_ROUNDING) > 0;
    unsigned all = cut_round(c, CUT_ROUNDING) + cut_round(c, CUT_MIXED);
    for (int k = CUT_BOUND; effort == EFFORT_ALL && k < CUT_KINDS; k++)
        if (!all || (stalled && k <= CUT_STEEP))
            all += cut_round(c, (enum cut_kind)k);
    return all > 0;
}

void cut_root(struct search *t, enum cut_effort effort, double until) {
    enum { ROUNDS = 60, PATIENCE = 12, STUCK = 5 };
    size_t columns = t->s->columns + 1;
    struct cutter c = {.t = t, .until = until, .cost = mpq_array_new(t->s->columns), .x = mem_alloc(columns * sizeof(double)), .basic = mem_alloc(columns)};
    c.probe = effort == EFFORT_ALL ? engine_new(t->lp, t->deadline) : NULL;
    double last = 0, landmark = 0;
    for (unsigned round = 0, since = 0, stuck = 0; round < ROUNDS && since < PATIENCE && stuck < STUCK && t->work < MOST_WORK / 2 && seconds_now() < until && root_point(&c); round++) {
        double now = optimum(&c);
        bool stalled = round > 0 && last - now <= 1e-7 * fabs(now);
        stuck = stalled ? stuck + 1 : 0;
        since++;
        if (round == 0 || landmark - now > 1e-3 * fabs(now))
            landmark = now, since = 0;
        last = now;
        if (!cut_once(&c, effort, stalled))
            break;
    }
    engine_free(c.probe);
    mpq_array_free(c.cost, t->s->columns);
    map_free(&c.seen);
    free(c.x);
    free(c.basic);
}
