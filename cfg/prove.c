#include "cfg/prove.h"
#include "cfg/graph.h"
#include "cfg/guess.h"
#include "cfg/smt.h"

#include <inttypes.h>

/* The steps are what decides (a million take about a tenth of a second); seconds and bytes only end what the steps should have. */
static const struct smt_limits limits = {.steps = 400u * 1000, .seconds = 120, .bytes = 2ull << 30}, patient = {.steps = 5000u * 1000, .seconds = 120, .bytes = 2ull << 30};
enum { MOST_ROUNDS = 10, MOST_TRIED = 3, MOST_UNROLLED = 40, MOST_NODES = 20000 };
/* For one loop, for any program, and for its code; what a question costs beside the steps that the solver counts. */
static const int64_t STEPS_A_LOOP = 4000 * 1000, STEPS = 16000 * 1000, STEPS_A_BYTE = 12, STEPS_A_QUESTION = 100 * 1000;

enum stage { MEASURE, SEARCH, TIGHTEN, DONE };
struct job {
    struct turn *t;
    struct guess guess;
    enum stage stage;
    size_t measure;             /* asked now */
    bool unsure;                /* the solver ran out of steps on the first measure */
    unsigned rounds;
    uint64_t turns;             /* asked for by the search */
    uint64_t proved, refuted;   /* by tightening: the measure's `most` */
    struct smt *question;
    VEC(size_t) speaks, kept;   /* in the question, by way (the last: from one turn to the next): does it matter; then for each invariant: is it kept */
    int64_t left;               /* steps of the solver */
    uint64_t bound;             /* 0: not proved */
};
struct prover {
    struct cfg *g;
    VEC(struct job *) jobs;
    int64_t left;               /* steps of the solver */
    uint32_t numbers;           /* of turns in the question that is being made: tells the chances of one from those of another */
};

struct prover *prover_new(struct cfg *g) {
    struct prover *p = mem_alloc(sizeof *p);
    p->g = g;
    p->left = STEPS;
    for (size_t i = 0; i < g->blocks.len; i++) /* not what else lies in the sections, which may be much more */
        p->left += STEPS_A_BYTE * (int64_t)g->blocks.data[i].size;
    return p;
}

static void job_free(struct job *j) {
    smt_free(j->question);
    guess_free(&j->guess);
    turn_free(j->t);
    vec_free(&j->speaks);
    vec_free(&j->kept);
    free(j);
}

/* A search pays where several runs ended at the same length and none went on. */
static enum stage begin_search(struct job *j) {
    enum { OFTEN = 3 };
    j->turns = j->guess.seen;
    return j->guess.ended && j->guess.often >= OFTEN && j->turns <= MOST_UNROLLED ? SEARCH : DONE;
}

/* What to ask first; DONE: nothing is worth it. */
static enum stage begin(struct job *j) {
    if (j->guess.measures.len)
        return MEASURE;
    return begin_search(j);
}

void prover_add(struct prover *p, const struct search *s) {
    struct turn *t = turn_of(s);
    if (!t)
        return;
    struct job *j = mem_alloc(sizeof *j);
    j->t = t;
    j->left = STEPS_A_LOOP;
    guess_make(&j->guess, t);
    j->stage = begin(j);
    if (j->stage == DONE)
        job_free(j);
    else
        vec_push(&p->jobs, j);
}

/* ---- parts of questions --------------------------------------------------------------------------------------------------------------- */

static ir_ref both(struct turn *t, ir_ref a, ir_ref b) { return ir_binary(&t->ir, IR_AND, a, b); }
static ir_ref either(struct turn *t, ir_ref a, ir_ref b) { return ir_binary(&t->ir, IR_OR, a, b); }

static ir_ref all_of(struct turn *t, const ir_ref *bit, size_t n) {
    ir_ref r = ir_const(&t->ir, 1, 1);
    for (size_t i = 0; i < n; i++)
        r = both(t, r, bit[i]);
    return r;
}

static ir_ref keeps(struct job *j, const ir_ref *state) {
    return turn_at(j->t, all_of(j->t, j->guess.invariants.data, j->guess.invariants.len), state, 0);
}

/* A turn from STATE on, which becomes the next one: does the loop go round? Each has chances of its own, within their intervals. */
static ir_ref take_turn(struct prover *p, struct job *j, ir_ref *state) {
    struct turn *t = j->t;
    uint32_t k = ++p->numbers;
    ir_ref next[MOST_STATE], again = turn_at(t, t->again, state, k);
    bits facts = {0};
    for (size_t i = 0; i < t->states; i++)
        next[i] = turn_at(t, t->next[i], state, k);
    for (size_t i = 0; i < t->chance.len; i++) {
        ir_ref mine = turn_at(t, t->chance.data[i].var, state, k);
        turn_within(&t->ir, mine, t->chance.data[i].range, &facts);
    }
    again = both(t, again, all_of(t, facts.data, facts.len));
    memcpy(state, next, sizeof next);
    vec_free(&facts);
    return again;
}

static struct smt *question(struct prover *p, struct job *j) {
    struct smt *s = smt_new(&j->t->ir);
    smt_without_arrays(s);
    p->numbers = 0;
    for (size_t i = 0; i < j->t->facts.len; i++)
        smt_assert(s, j->t->facts.data[i], NONE);
    for (size_t i = 0; j->t->ways.len == 1 && i < j->t->ways.data[0].facts.len; i++) /* the only way in: they are of what is fixed, so hold on */
        smt_assert(s, j->t->ways.data[0].facts.data[i], NONE);
    return s;
}

/* Entered by way W, from which the loop goes round at least once. */
static ir_ref enters(struct prover *p, struct job *j, const struct way_in *w) {
    ir_ref state[MOST_STATE];
    memcpy(state, w->state, sizeof state);
    return both(j->t, all_of(j->t, w->facts.data, w->facts.len), take_turn(p, j, state));
}

/* m after is less than m before by `by`, or at most its part: neither side wraps. */
static ir_ref has_fallen(struct turn *t, const struct measure *m, ir_ref before, ir_ref after) {
    struct ir *ir = &t->ir;
    unsigned w = ir_at(ir, before)->width;
    ir_ref by = ir_const(ir, w, m->by);
    if (!m->divides)
        return both(t, ir_not(ir, ir_binary(ir, IR_ULT, before, by)), ir_not(ir, ir_binary(ir, IR_ULT, ir_binary(ir, IR_SUB, before, by), after)));
    ir_ref fits = ir_not(ir, ir_binary(ir, IR_ULT, ir_const(ir, w, ir_mask(w) / m->by), after));
    return both(t, fits, ir_not(ir, ir_binary(ir, IR_ULT, before, ir_binary(ir, IR_MUL, after, by))));
}

/* ---- questions -------------------------------------------------------------------------------------------------------------------------- */

/* What the solver's state says of the invariants at STATE, reached where SPEAKS. */
static void ask_kept(struct job *j, ir_ref speaks, const ir_ref *state) {
    vec_push(&j->speaks, smt_ask(j->question, speaks));
    for (size_t k = 0; k < j->guess.invariants.len; k++)
        vec_push(&j->kept, smt_ask(j->question, turn_at(j->t, j->guess.invariants.data[k], state, 0)));
}

static ir_ref not_entered(struct prover *p, struct job *j, const struct measure *m) {
    struct turn *t = j->t;
    struct ir *ir = &t->ir;
    unsigned w = ir_at(ir, m->term)->width;
    ir_ref bad = ir_const(ir, 1, 0);
    for (size_t i = 0; i < t->ways.len; i++) {
        const struct way_in *in = &t->ways.data[i];
        ir_ref above = ir_binary(ir, IR_ULT, ir_const(ir, w, m->most), turn_at(t, m->term, in->state, 0)), speaks = enters(p, j, in);
        bad = either(t, bad, both(t, speaks, either(t, above, ir_not(ir, keeps(j, in->state)))));
        ask_kept(j, speaks, in->state);
    }
    return bad;
}

/* Not kept, not positive or not fallen. */
static ir_ref not_stepped(struct prover *p, struct job *j, const struct measure *m) {
    struct turn *t = j->t;
    struct ir *ir = &t->ir;
    ir_ref state[MOST_STATE], next[MOST_STATE], least = ir_const(ir, ir_at(ir, m->term)->width, m->divides ? 1 : m->by);
    memcpy(state, t->state, sizeof state);
    ir_ref holds = keeps(j, state); /* before the turn is taken */
    ir_ref here = both(t, holds, take_turn(p, j, state));
    ir_ref bad = both(t, here, ir_binary(ir, IR_ULT, m->term, least));
    memcpy(next, state, sizeof next);
    ir_ref round = both(t, here, take_turn(p, j, next));
    bad = either(t, bad, both(t, round, ir_not(ir, keeps(j, state))));
    ask_kept(j, round, state);
    for (unsigned i = 1; i < m->every; i++) {
        memcpy(state, next, sizeof state);
        round = both(t, round, take_turn(p, j, next));
    }
    ir_ref fallen = has_fallen(t, m, m->term, turn_at(t, m->term, state, 0));
    return either(t, bad, both(t, round, ir_not(ir, fallen)));
}

/* Some obligation of the measure fails. */
static void ask_measure(struct prover *p, struct job *j) {
    const struct measure *m = &j->guess.measures.data[j->measure];
    struct smt *s = j->question = question(p, j);
    j->speaks.len = j->kept.len = 0;
    ir_ref entered = not_entered(p, j, m), stepped = not_stepped(p, j, m);
    smt_assert(s, either(j->t, entered, stepped), NONE);
}

/* The loop goes round so often that its header is executed `turns` times and once more. */
static void ask_search(struct prover *p, struct job *j) {
    struct turn *t = j->t;
    struct smt *s = j->question = question(p, j);
    ir_ref bad = ir_const(&t->ir, 1, 0);
    for (size_t i = 0; i < t->ways.len; i++) {
        ir_ref state[MOST_STATE], round = all_of(t, t->ways.data[i].facts.data, t->ways.data[i].facts.len);
        memcpy(state, t->ways.data[i].state, sizeof state);
        for (uint64_t k = 0; k < j->turns && t->ir.nodes.len < MOST_NODES; k++)
            round = both(t, round, take_turn(p, j, state));
        bad = either(t, bad, round);
    }
    if (t->ir.nodes.len >= MOST_NODES) { /* not all turns are in it */
        smt_free(s);
        j->question = NULL;
        j->stage = DONE;
        return;
    }
    smt_assert(s, bad, NONE);
}

static void ask(struct prover *p, struct job *j) {
    if (j->t->ir.nodes.len >= MOST_NODES)
        j->stage = DONE;
    switch (j->stage) {
    case MEASURE: case TIGHTEN: ask_measure(p, j); break;
    case SEARCH: ask_search(p, j); break;
    case DONE: break;
    }
}

/* ---- answers ------------------------------------------------------------------------------------------------------------------------------ */

static bool name_of(void *user, ir_ref r, char *name, size_t size) {
    const struct turn *t = user;
    const struct ir_node *n = ir_at(&t->ir, r);
    for (size_t i = 0; i < t->states; i++)
        if (t->state[i] == r) {
            snprintf(name, size, "%s", t->name[i]);
            return true;
        }
    if (n->op == IR_VAR)
        snprintf(name, size, "fixed%u", var_index(n->imm));
    return n->op == IR_VAR;
}

static char *measure_text(struct turn *t, ir_ref term) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    ir_print(&t->ir, term, name_of, t, out);
    fclose(out);
    if (strlen(text) > 80)
        strcpy(text + 77, "...");
    return text;
}

static const char *in_words(struct prover *p, struct job *j) {
    const struct measure *m = &j->guess.measures.data[j->measure];
    if (j->stage == SEARCH)
        return arena_printf(p->g->arena, "proved by Z3: no way into it goes round %" PRIu64 " times", j->turns);
    char *text = measure_text(j->t, m->term), turns[32] = "each turn";
    if (m->every > 1)
        snprintf(turns, sizeof turns, "every %u turns", m->every);
    const char *why = m->divides ? arena_printf(p->g->arena, "proved by Z3: %s is at most %" PRIu64 ", and %s at most a part of %" PRIu64 " of it is left while it is not 0", text,
                                                m->most, turns, m->by)
                                 : arena_printf(p->g->arena, "proved by Z3: %s is at most %" PRIu64 " and falls by at least %" PRIu64 " %s", text, m->most, m->by, turns);
    free(text);
    return why;
}

static void proved(struct prover *p, struct job *j) {
    struct loop *l = &p->g->loops.data[j->t->loop];
    l->max = j->bound = j->stage == SEARCH ? j->turns : measure_bound(&j->guess.measures.data[j->measure]);
    l->origin = BOUND_PROVED;
    l->why = in_words(p, j);
    char *comment = str_printf("%s runs at most %" PRIu64 " times for each entry to its loop: %s.\nUnsatisfiable: no obligation of that can fail (cfg/prove.h), by the code of the build %s.",
                               cfg_describe(p->g, block_of(p->g, l->header)->addr), l->max, l->why, image_build_id(p->g->image));
    char *text = smt_text_of(j->question, comment, SMT_UNSAT);
    l->proof = arena_strdup(p->g->arena, text);
    free(comment);
    free(text);
}

static void next_measure(struct job *j) {
    if (++j->measure < j->guess.measures.len && j->measure < MOST_TRIED)
        return;
    j->stage = begin_search(j);
}

/* Drops the invariants that the solver's state breaks. False: none. */
static bool drop(struct job *j) {
    size_t n = j->guess.invariants.len, left = 0;
    for (size_t k = 0; k < n; k++) {
        bool fine = true;
        for (size_t i = 0; i < j->speaks.len; i++)
            fine &= !smt_value(j->question, j->speaks.data[i]) || smt_value(j->question, j->kept.data[i * n + k]);
        if (fine)
            j->guess.invariants.data[left++] = j->guess.invariants.data[k];
    }
    j->guess.invariants.len = left;
    return left < n;
}

/* A guess at the measure's greatest value was too careful: halve the distance, in powers of two, to what is refuted. */
static void tighten(struct job *j) {
    struct measure *m = &j->guess.measures.data[j->measure];
    unsigned apart = 0;
    while (j->proved >> apart > j->refuted)
        apart++;
    m->most = j->refuted << (apart / 2 + apart % 2);
    j->stage = m->most < j->proved && m->most > j->refuted ? TIGHTEN : DONE;
}

static void answered(struct prover *p, struct job *j, enum smt_answer answer) {
    struct measure *m = j->stage == SEARCH ? NULL : &j->guess.measures.data[j->measure];
    if (answer == SMT_UNSAT) {
        proved(p, j);
        j->stage = m && m->coarse ? TIGHTEN : DONE;
        if (j->stage == TIGHTEN)
            j->proved = m->most, j->refuted = j->refuted ? j->refuted : m->by, tighten(j);
    } else if (j->stage == TIGHTEN) {
        j->refuted = m->most;
        tighten(j);
    } else if (j->stage == MEASURE) {
        j->unsure |= answer == SMT_UNKNOWN && !j->measure;
        if (answer != SMT_SAT || !drop(j) || ++j->rounds == MOST_ROUNDS)
            next_measure(j);
    } else {
        j->stage = DONE;
    }
}

/* One question of each of the loops [*from, …) that are still open, as many as one run of the solver gets; *from moves behind them. */
static bool ask_some(struct prover *p, size_t *from, struct smt_limits each, struct err *e, int *rc) {
    enum { AT_ONCE = 32 };
    VEC(struct job *) asked = {0};
    VEC(struct smt *) questions = {0};
    for (; *from < p->jobs.len && p->left > 0 && asked.len < AT_ONCE; ++*from) {
        struct job *j = p->jobs.data[*from];
        ask(p, j);
        if (j->stage == DONE)
            continue;
        p->left -= STEPS_A_QUESTION;
        vec_push(&asked, j);
        vec_push(&questions, j->question);
    }
    bool any = asked.len != 0;
    enum smt_answer *answers = mem_alloc((asked.len + 1) * sizeof *answers);
    *rc = any ? smt_solve_all(questions.data, questions.len, each, answers, e) : 0;
    for (size_t i = 0; i < asked.len; i++) {
        p->left -= (int64_t)smt_steps(asked.data[i]->question);
        asked.data[i]->left -= (int64_t)smt_steps(asked.data[i]->question);
        if (*rc == 0)
            answered(p, asked.data[i], answers[i]);
        if (asked.data[i]->left < 0)
            asked.data[i]->stage = DONE;
        smt_free(asked.data[i]->question);
        asked.data[i]->question = NULL;
    }
    free(answers);
    vec_free(&asked);
    vec_free(&questions);
    return any && *rc == 0;
}

/* Each loop's next question. False: none is left, or no steps. */
static bool round_of(struct prover *p, struct smt_limits each, struct err *e, int *rc) {
    bool any = false;
    for (size_t from = 0; from < p->jobs.len && *rc == 0;)
        if (ask_some(p, &from, each, e, rc))
            any = true;
        else
            break;
    return any;
}

/* Lower bounds are likelier to hold, and the steps may not be enough for all. */
static uint64_t promise(const struct job *j) {
    const struct measure *m = j->guess.measures.len ? &j->guess.measures.data[0] : NULL;
    return m ? measure_bound(m) + (m->coarse ? 1u << 31 : 0) : j->turns + (1u << 30);
}

static int by_promise(const void *x, const void *y) {
    const struct job *a = *(struct job *const *)x, *b = *(struct job *const *)y;
    uint64_t m = promise(a), n = promise(b);
    return m != n ? (m > n ? 1 : -1) : (int)(a->t->loop > b->t->loop) - (int)(a->t->loop < b->t->loop);
}

void prover_run(struct prover *p) {
    struct err e = {0};
    int rc = 0;
    if (p->jobs.len)
        qsort(p->jobs.data, p->jobs.len, sizeof *p->jobs.data, by_promise);
    while (round_of(p, limits, &e, &rc))
        ;
    for (int bare = 0; bare < 2 && rc == 0; bare++) { /* once more, with patience, where it was only a matter of steps; then without invariants, which cost steps too */
        for (size_t i = 0; i < p->jobs.len; i++) {
            struct job *j = p->jobs.data[i];
            j->stage = j->unsure && !j->bound ? MEASURE : DONE;
            j->measure = 0;
            if (bare)
                j->guess.invariants.len = 0;
        }
        round_of(p, patient, &e, &rc);
    }
    if (rc < 0)
        p->g->unasked = arena_strdup(p->g->arena, e.text);
    for (size_t i = 0; i < p->jobs.len; i++) {
        struct job *j = p->jobs.data[i];
        if (j->bound && j->bound < j->guess.seen) /* a run went round oftener: turn and question would contradict each other */
            abort();
        job_free(j);
    }
    vec_free(&p->jobs);
    free(p);
}

/* ---- proofs as files ------------------------------------------------------------------------------------------------------------------------ */

struct proof_name cfg_proof_name(const struct loop *l) {
    struct proof_name n = {""};
    if (l->proof)
        snprintf(n.text, sizeof n.text, "loop-%016" PRIx64 ".smt2", hash_bytes(l->proof, strlen(l->proof), 0));
    return n;
}

int cfg_write_proof(const struct loop *l, const char *prefix, struct err *e) {
    char *path = str_printf("%s%s", prefix, cfg_proof_name(l).text);
    struct atomic_file *f = atomic_open(path, e);
    int rc = f ? 0 : -1;
    if (f) {
        fputs(l->proof, atomic_stream(f));
        rc = atomic_commit(f, e);
    }
    free(path);
    return rc;
}

int cfg_write_proofs(const struct cfg *g, const char *prefix, size_t *written, struct err *e) {
    *written = 0;
    for (size_t i = 0; i < g->loops.len; i++) {
        if (!g->loops.data[i].proof)
            continue;
        if (cfg_write_proof(&g->loops.data[i], prefix, e) < 0)
            return -1;
        ++*written;
    }
    return 0;
}
