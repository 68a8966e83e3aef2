/* TLBs. The same accesses twice, untranslated in M-mode and translated in S-mode: the caches do the same both times, so the difference
 * is what translation costs. A TLB is then found by elimination, over every page size, number of entries and policy at once: the
 * candidate's misses times one cost must be the difference, at every access. It is supposed to be fully associative, to be asked at
 * every data access (the guest's own included: counter page and list) or at every fetch from another page than the last, and to be
 * empty when translation begins. */
#include "cachemodel/infer.h"

#include <inttypes.h>

enum { LEAST_PAGE = 4096, MOST_PAGE = 4 << 20, MOST_ENTRIES = SIM_MAX_WAYS, ROUNDS = 3, BURST = 60, LOWEST = 8192 };

struct translation {
    VEC(uint32_t) plain;     /* times without */
    VEC(int64_t) own;        /* what the guest's own data accesses cost beside each operation */
    size_t fetches;          /* from this operation on, all are fetches; before, loads */
};

struct candidate {
    uint64_t page, entries;
    enum model_policy policy;
    struct span miss;
};

/* ---- accesses ---------------------------------------------------------------------------------------------------------------- */

/* Bursts over N pages, 4 KiB or some power of two of it apart, long enough that each is seen several times; never the same page twice
 * in a row. Large ones come first: they rule out most candidates soon. */
static void add_bursts(struct infer *f, enum op_kind kind) {
    static const uint8_t sizes[] = {2, 3, 4, 5, 6, 8, 9, 12, 13, 16, 17, 20, 24, 28, 32, 33, 40, 48, 56, 62, 64, 66, 70, 80};
    static const uint8_t hops[] = {0, 0, 1, 2, 4, 6, 9, 9, 10}; /* powers of two of 4 KiB: pages that boards have */
    enum { SIZES = sizeof sizes, HOPS = sizeof hops };
    uint64_t pages = (f->lab.cached - LOWEST) / LEAST_PAGE, last = 0;
    for (int i = 0; i < ROUNDS * SIZES; i++) {
        uint64_t n = sizes[i < 6 ? SIZES - 1 - i % 3 : (int)random_below(f, SIZES)], hop = 1ull << hops[random_below(f, HOPS)], first = random_below(f, pages * f->lab.aliases);
        for (uint64_t k = 0; k < BURST + 6 * n; k++) {
            uint64_t page = (first + hop * random_below(f, n)) % (pages * f->lab.aliases);
            if (page == last)
                page = (page + hop) % (pages * f->lab.aliases);
            last = page;
            lab_op(&f->lab, kind, page / pages * LAB_ALIAS + LOWEST + page % pages * LEAST_PAGE + page * 64 % LEAST_PAGE);
        }
    }
}

static int measure_translation(struct infer *f, struct translation *t, struct err *e) {
    lab_begin(&f->lab);
    add_bursts(f, OP_LOAD);
    t->fetches = f->lab.ops.len;
    add_bursts(f, OP_FETCH);
    if (lab_run(&f->lab, e) < 0)
        return -1;
    for (size_t k = 0; k < f->lab.time.len; k++)
        vec_push(&t->plain, f->lab.time.data[k]);
    f->lab.translate = true;
    int rc = lab_run(&f->lab, e);
    f->lab.translate = false;
    return rc;
}

static int64_t difference(const struct infer *f, const struct translation *t, size_t k) {
    return (int64_t)f->lab.time.data[k] - t->plain.data[k];
}

/* ---- a candidate's misses ---------------------------------------------------------------------------------------------------- */

struct walker {
    struct sim *sim;
    uint64_t page, last;     /* of fetches: the page looked up last */
    uint64_t counter;
};

static struct walker walker_new(const struct infer *f, const struct candidate *c) {
    struct shape shape = {c->page, 1, c->entries};
    return (struct walker){sim_new(shape, c->policy, false, true), c->page, UINT64_MAX, f->lab.facts.counter - f->lab.facts.ram_base};
}

/* Pages are numbered virtually: an offset from RAM's base will do, as RAM begins at a multiple of any page. */
static int look_up(struct walker *w, uint64_t at) {
    uint64_t victim;
    return !(sim_access(w->sim, at, false, &victim) & SIM_HIT);
}

static void start_data(struct walker *w, const struct infer *f) {
    look_up(w, w->counter);
    look_up(w, w->counter);
    look_up(w, lab_word(&f->lab, (size_t)-2));
    look_up(w, w->counter);
    look_up(w, w->counter);
    look_up(w, lab_word(&f->lab, (size_t)-2));
    look_up(w, lab_word(&f->lab, (size_t)-1));
    look_up(w, w->counter);
}

static int step_data(struct walker *w, const struct infer *f, size_t k) {
    const struct lab_op *op = &f->lab.ops.data[k];
    int misses = look_up(w, w->counter) + look_up(w, lab_word(&f->lab, k - 1)) + look_up(w, lab_word(&f->lab, k));
    if (op->kind != OP_FETCH)
        misses += look_up(w, op->at);
    return misses + look_up(w, w->counter);
}

static int step_fetch(struct walker *w, uint64_t at) {
    if (at / w->page == w->last)
        return 0;
    w->last = at / w->page;
    return look_up(w, at);
}

/* N misses cost X, within the jitter of two latches (of either run). */
static bool costs(struct span *miss, int n, int64_t x, int64_t jitter) {
    if (n == 0)
        return x >= -jitter && x <= jitter;
    int64_t low = (x - jitter + n - 1) / n, high = (x + jitter) / n;
    miss->low = low > miss->low ? low : miss->low;
    miss->high = high < miss->high ? high : miss->high;
    return miss->low <= miss->high;
}

static bool explains_loads(const struct infer *f, const struct translation *t, struct candidate *c) {
    struct walker w = walker_new(f, c);
    bool good = true;
    start_data(&w, f);
    for (size_t k = 0; good && k < t->fetches; k++)
        good = costs(&c->miss, step_data(&w, f, k), difference(f, t, k), f->jitter);
    sim_free(w.sim);
    return good;
}

/* What the guest's own accesses cost beside each fetch, with a certain DTLB (NULL: there is none). */
static void predict_own(const struct infer *f, struct translation *t, const struct candidate *data) {
    struct walker w = {0};
    t->own.len = 0;
    if (data) {
        w = walker_new(f, data);
        start_data(&w, f);
    }
    for (size_t k = 0; k < f->lab.ops.len; k++)
        vec_push(&t->own, data ? step_data(&w, f, k) * data->miss.low : 0);
    sim_free(w.sim);
}

static bool explains_fetches(const struct infer *f, const struct translation *t, struct candidate *c) {
    struct walker w = walker_new(f, c);
    bool good = true;
    for (size_t k = t->fetches; good && k < f->lab.ops.len; k++)
        good = costs(&c->miss, step_fetch(&w, f->lab.ops.data[k].at), difference(f, t, k) - t->own.data[k], f->jitter);
    sim_free(w.sim);
    return good;
}

/* ---- elimination ------------------------------------------------------------------------------------------------------------- */

struct survivors {
    struct candidate first;
    unsigned policies;
    int n;
    bool one_shape, one_cost;
};

static void keep(struct survivors *s, const struct candidate *c) {
    if (!s->n++) {
        s->first = *c;
        s->one_shape = s->one_cost = true;
    }
    s->one_shape = s->one_shape && c->page == s->first.page && c->entries == s->first.entries;
    s->one_cost = s->one_cost && span_certain(c->miss) && c->miss.low == s->first.miss.low;
    s->policies |= 1u << c->policy;
}

static struct survivors eliminate(const struct infer *f, const struct translation *t, enum side side) {
    struct survivors s = {0};
    for (uint64_t page = LEAST_PAGE; page <= MOST_PAGE; page *= 2)
        for (uint64_t entries = 1; entries <= MOST_ENTRIES; entries++)
            for (int p = 0; p < MODEL_POLICIES; p++) {
                struct candidate c = {page, entries, (enum model_policy)p, {f->jitter + 1, INT64_MAX}}; /* less would drown in jitter */
                if (!policy_defined(c.policy, entries))
                    continue;
                if (side == SIDE_D ? explains_loads(f, t, &c) : explains_fetches(f, t, &c))
                    keep(&s, &c);
            }
    return s;
}

static bool same_policy(const struct survivors *s) {
    for (int p = 0; p < MODEL_POLICIES; p++)
        if (s->policies >> p & 1 && !policy_equivalent(s->first.policy, (enum model_policy)p, s->first.entries))
            return false;
    return true;
}

static void conclude(struct infer *f, const char *name, const struct survivors *s, size_t accesses) {
    struct model_tlb m = {.entries = MODEL_UNKNOWN, .page = MODEL_UNKNOWN, .miss = MODEL_UNKNOWN};
    snprintf(m.name, sizeof m.name, "%s", name);
    if (s->n && s->one_shape) {
        m.entries = (int64_t)s->first.entries;
        m.page = (int64_t)s->first.page;
        m.policies = same_policy(s) ? s->policies | (m.entries == 1 ? 1u << MODEL_RANDOM : 0) : 0;
    }
    if (s->n && s->one_cost)
        m.miss = s->first.miss.low;
    vec_push(&m.evidence, str_printf("%d of all candidates (pages of 4 KiB to 4 MiB, 1 to %d entries, any policy known) explain%s what %zu accesses cost more when translated",
                                     s->n, MOST_ENTRIES, s->n == 1 ? "s" : "", accesses));
    if (m.entries < 0 || m.miss < 0 || !m.policies)
        unknown(f, "%s: %s", name, s->n ? "more than one fits" : "none of those known explains what translation costs");
    vec_push(&f->m->tlbs, m);
}

/* No cost (of fetches: beside the guest's own accesses) that would stand out of the jitter; and none hidden in it, which would shift the mean. */
static bool free_of_cost(const struct infer *f, const struct translation *t, size_t from, size_t to) {
    int64_t sum = 0;
    for (size_t k = from; k < to; k++) {
        int64_t x = difference(f, t, k) - (k < t->fetches ? 0 : t->own.data[k]);
        sum += x;
        if (x > f->jitter || x < -f->jitter)
            return false;
    }
    return sum < (int64_t)(to - from) / 20 && -sum < (int64_t)(to - from) / 20;
}

static void infer_fetches(struct infer *f, struct translation *t, const struct candidate *data) {
    size_t n = f->lab.ops.len;
    predict_own(f, t, data);
    if (free_of_cost(f, t, t->fetches, n)) {
        vec_push(&f->m->absent, str_dup("ITLB"));
    } else {
        struct survivors s = eliminate(f, t, SIDE_I);
        conclude(f, "ITLB", &s, n - t->fetches);
    }
}

static void infer_both(struct infer *f, struct translation *t) {
    if (free_of_cost(f, t, 0, t->fetches)) {
        vec_push(&f->m->absent, str_dup("DTLB"));
        infer_fetches(f, t, NULL);
        return;
    }
    struct survivors s = eliminate(f, t, SIDE_D);
    conclude(f, "DTLB", &s, t->fetches);
    if (s.n && s.one_shape && s.one_cost && same_policy(&s))
        infer_fetches(f, t, &s.first);
    else
        unknown(f, "ITLB: not without a certain DTLB");
}

/* ---- falsification ----------------------------------------------------------------------------------------------------------- */

static bool certain_tlb(const struct model_tlb *t) { return t->entries > 0 && t->page > 0 && t->miss >= 0 && t->policies; }

static struct candidate candidate_of(const struct model_tlb *t) {
    return (struct candidate){(uint64_t)t->page, (uint64_t)t->entries, (enum model_policy)__builtin_ctz(t->policies), {t->miss, t->miss}};
}

static void demote(struct infer *f, struct model_tlb *t) {
    f->m->falsify_mismatches++;
    t->entries = t->page = t->miss = MODEL_UNKNOWN;
    t->policies = 0;
    unknown(f, "%s: falsified: a prediction of the model failed in its falsification run", t->name);
}

static void hold_against(struct infer *f, struct translation *t) {
    const struct candidate *data = NULL;
    struct candidate c[2];
    for (size_t i = 0; i < f->m->tlbs.len; i++) {
        struct model_tlb *tlb = &f->m->tlbs.data[i];
        bool is_data = strcmp(tlb->name, "DTLB") == 0;
        if (!certain_tlb(tlb))
            return;
        c[i] = candidate_of(tlb);
        if (is_data)
            data = &c[i];
        else
            predict_own(f, t, data);
        f->m->falsify_accesses += is_data ? t->fetches : f->lab.ops.len - t->fetches;
        if (!(is_data ? explains_loads(f, t, &c[i]) : explains_fetches(f, t, &c[i])))
            return demote(f, tlb);
    }
}

int infer_tlbs(struct infer *f, struct err *e) {
    struct translation t = {0};
    int rc = measure_translation(f, &t, e);
    if (rc == 0)
        infer_both(f, &t);
    if (rc == 0 && f->m->tlbs.len) {
        t.plain.len = 0;
        rc = measure_translation(f, &t, e);
        if (rc == 0)
            hold_against(f, &t);
    }
    vec_free(&t.plain);
    vec_free(&t.own);
    return rc;
}
