/* The truth about misses: the board's own count of them, at every stamp, against what the costs say of each step that was traced.
 *
 *     misses_test ANALYSIS.ini TRACE STAMPS [tries to fool it: i or d, a look-up that may miss is said not to]
 *
 * For each step of each kernel entry, in each row that the entry belongs to: its time is a base time of its instructions plus the board's
 * misses at the model's penalties; each cache missed no more often than is not excluded, no less than is certain. */
#include "analyzer/costs.h"
#include "analyzer/replay.h"

#include <inttypes.h>

enum { COUNTS = 7 }; /* l1i l1d l2 itlb dtlb dirty l2dirty */
struct stamp {
    uint64_t cycle;
    uint32_t count[8];
};
struct test {
    const char *trace, *fool;
    VEC(struct stamp) at;      /* by record of the trace: the stamp that it shows */
    VEC(uint32_t) steps;       /* IPG edges of all entries, one after the other */
    VEC(uint64_t) first, position;
    bool read;
    uint64_t units, wrong_time, above, below, quiet, certain;
    uint64_t lookups[2], hits[2];
};

static void fail(const struct err *e) {
    fprintf(stderr, "misses_test: %s\n", e->text);
    exit(3);
}

/* Records come in the order of stamps; boot's own stamps have no record. */
static void align(struct test *t, const char *stamps) {
    struct err e = {0};
    struct trace_reader *in = trace_open(t->trace, &e);
    const uint8_t *data;
    size_t size, next = 0;
    struct trace_record r;
    if (!in || file_map(stamps, &data, &size, &e) < 0)
        fail(&e);
    const struct stamp *s = (const struct stamp *)data;
    size_t n = size / sizeof *s;
    while (trace_next(in, &r, &e) > 0) {
        while (next < n && (uint32_t)s[next].cycle != (uint32_t)r.cycle)
            next++;
        if (next == n) {
            fprintf(stderr, "misses_test: no stamp for record %zu\n", t->at.len);
            exit(3);
        }
        vec_push(&t->at, s[next++]);
    }
    trace_close(in);
    file_unmap(data, size);
}

static void on_entry(void *user, const struct replay_entry *entry) {
    struct test *t = user;
    vec_push(&t->first, t->steps.len);
    vec_push(&t->position, entry->position);
    for (size_t i = 0; i < entry->step_count; i++)
        vec_push(&t->steps, unit_ipg(entry->steps[i].unit));
}

static int64_t penalty_of(const struct model *m, const char *name, bool dirty) {
    const struct model_cache *c = model_find(m, name);
    int64_t v = !c ? 0 : dirty ? c->evict_dirty : c->miss;
    return v < 0 || (dirty && c && (!c->stores || c->write_back != 1)) ? 0 : v;
}

static int64_t tlb_penalty(const struct model *m, const char *name) {
    for (size_t i = 0; i < m->tlbs.len; i++)
        if (strcmp(m->tlbs.data[i].name, name) == 0)
            return m->tlbs.data[i].miss;
    return 0;
}

static void prices(const struct model *m, int64_t price[COUNTS]) {
    price[0] = penalty_of(m, "L1I", false);
    price[1] = penalty_of(m, "L1D", false);
    price[2] = penalty_of(m, "L2", false);
    price[3] = tlb_penalty(m, "ITLB");
    price[4] = tlb_penalty(m, "DTLB");
    price[5] = penalty_of(m, "L1D", true);
    price[6] = penalty_of(m, "L2", true);
}

static void check_step(struct test *t, const struct row_graph *r, const int64_t *price, uint32_t ipg, uint64_t position) {
    const struct stamp *from = &t->at.data[position - 1], *to = &t->at.data[position];
    static const int count_of[4] = {0, 1, 3, 4};
    struct cost_step step;
    int64_t time = (int64_t)(to->cycle - from->cycle);
    if (!costs_step(r, ipg, &step))
        return;
    t->units++;
    for (int k = 0; k < COUNTS; k++)
        time -= price[k] * (int64_t)(to->count[k] - from->count[k]);
    bool wrong = time < (int64_t)step.least || time > (int64_t)step.most + costs_model(r->w->costs)->jitter;
    if (wrong && t->wrong_time < 4)
        printf("record %" PRIu64 ": the step to %s took %" PRId64 " cycles besides its misses, not %" PRIu64 "\n", position, cfg_describe(r->w->cfg, r->w->cfg->blocks.data[r->w->walk->nodes.data[r->w->walk->ipg.data[ipg].to].block].addr), time, step.least);
    t->wrong_time += wrong;
    if (t->fool && step.may[t->fool[0] == 'd'])
        step.may[t->fool[0] == 'd']--;
    for (int k = 0; k < 4; k++) {
        uint32_t misses = to->count[count_of[k]] - from->count[count_of[k]];
        t->above += misses > step.may[k];
        t->below += misses < step.must[k];
        t->quiet += k < 2 && step.lookups[k] && !step.may[k];
        t->certain += step.must[k];
        if (k < 2) {
            t->lookups[k] += step.lookups[k];
            t->hits[k] += step.lookups[k] - step.may[k];
        }
    }
}

static uint64_t addr_of(const struct walk *w, uint32_t node) { return w->cfg->blocks.data[w->nodes.data[node].block].addr; }

static bool belongs(const struct test *t, const struct row_graph *r, size_t entry) {
    const struct walk *w = r->w->walk;
    size_t end = entry + 1 < t->first.len ? t->first.data[entry + 1] : t->steps.len;
    for (size_t v = 0; v < r->via.len; v++) {
        bool passed = false;
        for (size_t i = t->first.data[entry]; i < end && !passed; i++)
            passed = addr_of(w, w->ipg.data[t->steps.data[i]].to) == r->via.data[v];
        if (!passed)
            return false;
    }
    return true;
}

static int visit(void *user, const struct row_graph *r, const uint32_t *ipg_of, struct err *e) {
    struct test *t = user;
    struct replay_events events = {.user = t, .entry = on_entry};
    struct profile_trace totals;
    struct trace_info info;
    int64_t price[COUNTS];
    (void)ipg_of;
    if (!r->w->costs || !r->explained)
        return err_set(e, ERR_INPUT, "%s has no costs by a model", r->row->spec->name);
    prices(costs_model(r->w->costs), price);
    if (!t->read && replay_trace(r->w->walk, t->trace, &events, &totals, &info, e) < 0)
        return -1;
    t->read = true;
    for (size_t i = 0; i < t->first.len; i++) {
        size_t end = i + 1 < t->first.len ? t->first.data[i + 1] : t->steps.len;
        for (size_t k = t->first.data[i]; belongs(t, r, i) && k < end; k++)
            check_step(t, r, price, t->steps.data[k], t->position.data[i] + 1 + (k - t->first.data[i]));
    }
    return 0;
}

int main(int argc, char **argv) {
    struct err e = {0};
    if (argc < 4)
        return 2;
    struct test t = {.trace = argv[2], .fool = argc > 4 ? argv[4] : NULL};
    struct analysis *a = analysis_read(argv[1], &e);
    if (!a)
        fail(&e);
    align(&t, argv[3]);
    a->keep_infeasible = true;
    struct wcet *w = wcet_analyse_visiting(a, NULL, NULL, visit, &t, &e);
    if (!w)
        fail(&e);
    printf("%" PRIu64 " steps: %" PRIu64 " times are no base time plus the board's misses, %" PRIu64 " caches missed more than is not excluded, %" PRIu64 " less than is certain; "
           "of the look-ups, L1I %.1f %% and L1D %.1f %% excluded\n", t.units, t.wrong_time, t.above, t.below,
           t.lookups[0] ? 100.0 * (double)t.hits[0] / (double)t.lookups[0] : 0, t.lookups[1] ? 100.0 * (double)t.hits[1] / (double)t.lookups[1] : 0);
    wcet_free(w);
    analysis_free(a);
    bool good = t.units > 0 && t.quiet > 0 && !t.wrong_time && !t.above && !t.below;
    return good ? 0 : 1;
}
