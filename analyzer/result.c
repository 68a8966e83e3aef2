/* The result of a WCET analysis: JSON (DESIGN.md's contract), the table, a worst path that can be read. */
#include "analyzer/costs.h"

#include <inttypes.h>

static const char *const status_name[] = {[WCET_ESTIMATE] = "estimate", [WCET_BOUND] = "bound", [WCET_INCOMPLETE] = "incomplete"};

static uint64_t addr_of(const struct wcet *w, uint32_t node) { return w->cfg->blocks.data[w->walk->nodes.data[node].block].addr; }

static json_t *hex(uint64_t addr) { return json_sprintf("0x%" PRIx64, addr); }

/* A bound beyond 2^63 is a string of digits: JSON readers would round it. */
static json_t *number(const mpz_t z) {
    if (mpz_fits_slong_p(z))
        return json_integer(mpz_get_si(z));
    char *digits = mpz_get_str(NULL, 10, z);
    json_t *j = json_string(digits);
    free(digits);
    return j;
}

static json_t *ratio_of(const struct wcet_row *row) {
    if (row->status == WCET_INCOMPLETE || !row->observed_max)
        return json_null();
    return json_real((double)(uint64_t)(mpz_get_d(row->bound) / (double)row->observed_max * 1000 + 0.5) / 1000);
}

static uint64_t observations(const struct wcet *w, uint64_t from, uint64_t to) {
    uint64_t n = 0;
    for (size_t i = 0; i < w->profile->edges.len; i++)
        if (w->profile->edges.data[i].from == from && w->profile->edges.data[i].to == to)
            n += w->profile->edges.data[i].count;
    return n;
}

/* Nothing lies between the step's points but the block at `from`: no successor of it is without a point. */
static bool is_direct(const struct walk *w, uint32_t node) {
    const struct walk_node *n = &w->nodes.data[node];
    for (uint32_t i = n->edge; i < n->edge + n->edges; i++)
        if (w->edges.data[i].ipg == NONE)
            return false;
    return true;
}

static json_t *step_json(const struct wcet *w, const struct wcet_step *s) {
    const struct ipg_edge *x = &w->walk->ipg.data[s->edge];
    uint64_t from = addr_of(w, x->from), to = addr_of(w, x->to);
    const char *file = "";
    int line = 0;
    image_line(w->image, from, &file, &line);
    char *context = walk_context_name(w->walk, w->walk->nodes.data[x->from].context);
    json_t *j = json_pack("{s:o,s:o,s:s,s:s,s:i,s:s,s:I,s:I,s:I,s:s,s:I,s:b}", "addr", hex(from), "to", hex(to), "symbol", cfg_describe(w->cfg, from), "file", file, "line",
                          line, "context", context, "count", (json_int_t)s->count, "cost", (json_int_t)s->cost, "total",
                          (json_int_t)(s->count * s->cost), "origin", s->modelled ? "modelled" : "measured", "observations", (json_int_t)observations(w, from, to), "direct", is_direct(w->walk, x->from));
    if (w->costs)
        json_object_set_new(j, "base", json_integer((json_int_t)s->base));
    free(context);
    return j;
}

static json_t *ledger_json(const struct wcet_row *row) {
    json_t *list = json_array();
    for (size_t i = 0; i < row->ledger.len; i++) {
        const char *kind = row->ledger.data[i], *text = strchr(kind, '\t') + 1, *grounds = strrchr(kind, '\t') + 1;
        json_array_append_new(list, json_pack("{s:s%,s:s%,s:s}", "kind", kind, (size_t)(text - kind - 1), "text", text, (size_t)(grounds - text - 1), "grounds", grounds));
    }
    return list;
}

/* Cycles of all observations. */
static uint64_t total_of(const bin_list *bins) {
    uint64_t sum = 0;
    for (size_t i = 0; i < bins->len; i++)
        sum += bins_of(bins)[i].cycles * bins_of(bins)[i].count;
    return sum;
}

static json_t *row_json(const struct wcet *w, const struct wcet_row *row) {
    json_t *path = json_array(), *missing = json_array();
    for (size_t i = 0; i < row->worst_path.len; i++)
        json_array_append_new(path, step_json(w, &row->worst_path.data[i]));
    for (size_t i = 0; i < row->missing.len; i++)
        json_array_append_new(missing, json_string(row->missing.data[i]));
    json_t *j = json_pack("{s:s,s:s,s:I,s:I,s:o,s:o,s:o,s:o}", "name", row->spec->name, "status", status_name[row->status], "observed_max",
                          (json_int_t)row->observed_max, "observations", (json_int_t)row->observations, "ratio", ratio_of(row), "worst_path", path, "missing",
                          missing, "ledger", ledger_json(row));
    json_object_set_new(j, "bound", row->status == WCET_INCOMPLETE ? json_null() : number(row->bound));
    if (w->costs)
        json_object_set_new(j, "bound_all_miss", row->has_all_miss ? number(row->all_miss) : json_null());
    if (row->estimate_why && row->status == WCET_ESTIMATE)
        json_object_set_new(j, "estimate_why", json_string(row->estimate_why));
    json_object_set_new(j, "bound_before", row->status == WCET_INCOMPLETE ? json_null() : number(row->bound_before));
    json_object_set_new(j, "excluded", json_integer(row->excluded));
    json_object_set_new(j, "pessimism", row->pessimism ? json_string(row->pessimism) : json_null());
    if (w->analysis->coverage)
        json_object_set_new(j, "coverage", answers_json(row));
    json_object_set_new(j, "certificate", row->certificate ? json_string(row->certificate) : json_null());
    json_object_set_new(j, "observed_total", json_integer((json_int_t)total_of(&row->observed)));
    if (row->observations)
        json_object_set_new(j, "observed_max_at", json_pack("{s:s,s:I}", "trace", w->profile->traces.data[row->max_at.trace].digest, "record", (json_int_t)row->max_at.position));
    if (row->tree_max || row->tree_note)
        json_object_set_new(j, "tree", json_pack("{s:o,s:o}", "max", row->tree_max ? json_integer((json_int_t)row->tree_max) : json_null(), "note",
                                                 row->tree_note ? json_string(row->tree_note) : json_null()));
    if (row->spec->budget)
        json_object_set_new(j, "budget", json_integer((json_int_t)row->spec->budget));
    if (row->spec->threshold)
        json_object_set_new(j, "threshold", json_string(row->spec->threshold));
    return j;
}

static json_t *cost_json(uint64_t from, uint64_t to, uint64_t cost, uint64_t count) {
    return json_pack("{s:o,s:o,s:I,s:I,s:s}", "from", hex(from), "to", hex(to), "cost", (json_int_t)cost, "observations", (json_int_t)count, "origin", count ? "measured" : "modelled");
}

/* With a model: what one execution takes at most in any row and context, of steps that were never observed too. */
static void add_modelled(const struct wcet *w, json_t *list, struct map *at) {
    for (size_t i = 0; i < w->walk->ipg.len; i++) {
        uint64_t from = addr_of(w, w->walk->ipg.data[i].from), to = addr_of(w, w->walk->ipg.data[i].to);
        uint64_t key = hash_bytes((uint64_t[]){from, to}, 16, 0), index, most;
        if (!map_get(&w->most, key, &most))
            continue;
        if (!map_get(at, key, &index)) {
            map_put(at, key, json_array_size(list));
            json_array_append_new(list, cost_json(from, to, most, 0));
            continue;
        }
        json_t *cost = json_object_get(json_array_get(list, index), "cost");
        if ((json_int_t)most > json_integer_value(cost))
            json_integer_set(cost, (json_int_t)most);
    }
}

/* Steps of the workload that a replay took longer for. */
static void raise_replayed(const struct profile *p, json_t *list, struct map *at) {
    for (size_t i = 0; i < p->replays.len; i++) {
        const struct profile_replay *x = &p->replays.data[i];
        uint64_t index;
        if (!map_get(at, hash_bytes((uint64_t[]){x->from, x->to}, 16, 0), &index))
            continue;
        json_t *cost = json_object_get(json_array_get(list, index), "cost");
        if ((json_int_t)x->cycles > json_integer_value(cost))
            json_integer_set(cost, (json_int_t)x->cycles);
    }
}

/* The costs that the bounds rest on: what verification compares further traces with. */
static json_t *costs_json(const struct wcet *w) {
    json_t *list = json_array();
    const struct profile *p = w->profile;
    struct map at = {0};
    for (size_t i = 0; i < p->edges.len; i++) {
        const struct profile_edge *x = &p->edges.data[i];
        uint64_t key = hash_bytes((uint64_t[]){x->from, x->to}, 16, 0), index, most = bins_most(&x->bins);
        if (map_get(&at, key, &index)) {
            json_t *j = json_array_get(list, index);
            json_integer_set(json_object_get(j, "observations"), json_integer_value(json_object_get(j, "observations")) + (json_int_t)x->count);
            if ((json_int_t)most > json_integer_value(json_object_get(j, "cost")))
                json_integer_set(json_object_get(j, "cost"), (json_int_t)most);
            continue;
        }
        map_put(&at, key, json_array_size(list));
        json_array_append_new(list, cost_json(x->from, x->to, most, x->count));
    }
    raise_replayed(p, list, &at);
    if (w->costs)
        add_modelled(w, list, &at);
    map_free(&at);
    return list;
}

/* Interrupts are off inside the kernel, so one that comes just after an entry began waits for all of it, then takes its own. */
struct latency {
    const struct wcet_row *section, *interrupt;
    const char *why; /* there is none: no bound, or no entry that is an interrupt's */
    enum wcet_status status;
};

static const struct wcet_row *longer(const struct wcet_row *a, const struct wcet_row *b) { return !a || mpz_cmp(b->bound, a->bound) > 0 ? b : a; }

static struct latency latency_of_interrupts(const struct wcet *w) {
    struct latency l = {.status = WCET_BOUND};
    if (w->rows.len < w->analysis->entries.len)
        return (struct latency){.why = "not all entries were analysed", .status = WCET_INCOMPLETE};
    for (size_t i = 0; i < w->rows.len; i++) {
        const struct wcet_row *row = &w->rows.data[i];
        if (row->status == WCET_INCOMPLETE)
            return (struct latency){.why = row->spec->name, .status = WCET_INCOMPLETE};
        if (row->status != WCET_BOUND)
            l.status = WCET_ESTIMATE; /* any row could be the longest */
        l.section = longer(l.section, row);
        if (row->spec->interrupt)
            l.interrupt = longer(l.interrupt, row);
    }
    return l.interrupt ? l : (struct latency){.why = "no entry says 'interrupt = yes'", .status = WCET_INCOMPLETE};
}

static void latency_bound(const struct latency *l, mpz_t sum) {
    mpz_init(sum);
    mpz_add(sum, l->section->bound, l->interrupt->bound);
}

static json_t *interrupt_latency(const struct wcet *w) {
    struct latency l = latency_of_interrupts(w);
    if (l.why)
        return json_pack("{s:s,s:s}", "status", "incomplete", "why", l.why);
    mpz_t sum;
    latency_bound(&l, sum);
    json_t *j = json_pack("{s:s,s:s,s:s,s:o}", "status", status_name[l.status], "section", l.section->spec->name, "interrupt", l.interrupt->spec->name, "bound", number(sum));
    mpz_clear(sum);
    return j;
}

json_t *wcet_json(const struct wcet *w) {
    json_t *rows = json_array(), *traces = json_array();
    for (size_t i = 0; i < w->rows.len; i++)
        json_array_append_new(rows, row_json(w, &w->rows.data[i]));
    for (size_t i = 0; i < w->profile->traces.len; i++)
        json_array_append_new(traces, json_string(w->profile->traces.data[i].digest));
    return json_pack("{s:s,s:s,s:s,s:o,s:s,s:o,s:o,s:o,s:I,s:o,s:o}", "tool", "potoroo 0.1", "kernel", w->analysis->elf, "build_id", image_build_id(w->image), "model",
                     w->costs ? model_json(costs_model(w->costs)) : json_null(), "platform", w->profile->info.platform, "traces", traces, "entries", rows, "costs", costs_json(w), "unmatched",
                     (json_int_t)w->unmatched, "interrupt_latency", interrupt_latency(w), "functions", wcet_code_json(w));
}

/* ---- for people ------------------------------------------------------------------------------------------------------ */

static void print_complete(const struct wcet_row *row, FILE *out) {
    double share = answers_complete(row);
    if (share < 0)
        fprintf(out, " %8s", "-");
    else
        fprintf(out, " %7.0f%%", share < 99.5 || share == 100 ? share : 99.0); /* 100 means all */
}

static void print_row(const struct wcet_row *row, int width, bool all_miss, bool coverage, FILE *out) {
    char *bound = row->status == WCET_INCOMPLETE ? str_dup("-") : mpz_get_str(NULL, 10, row->bound);
    fprintf(out, "%-*s %12s ", width, row->spec->name, bound);
    if (all_miss) {
        char *all = row->has_all_miss ? mpz_get_str(NULL, 10, row->all_miss) : str_dup("-");
        fprintf(out, "%12s ", all);
        free(all);
    }
    fprintf(out, "%12" PRIu64 " ", row->observed_max);
    if (row->status == WCET_INCOMPLETE || !row->observed_max)
        fprintf(out, "%6s %6s", "-", "-");
    else
        fprintf(out, "%6.2f %6.2f", mpz_get_d(row->bound_before) / (double)row->observed_max, mpz_get_d(row->bound) / (double)row->observed_max);
    fprintf(out, " %13" PRIu64, row->observations);
    if (coverage)
        print_complete(row, out);
    fprintf(out, "  %s\n", status_name[row->status]);
    free(bound);
}

/* The aims: 1.05 for what interrupts wait for, 1.5 for the rest. */
static bool is_loose(const struct wcet_row *row) {
    return row->pessimism && mpz_get_d(row->bound) > (double)row->observed_max * (row->spec->interrupt ? 1.05 : 1.5);
}

/* One row more where an entry is an interrupt's: what such an interrupt waits at most, from when it is raised to when its entry has ended. */
static void print_latency(const struct wcet *w, int width, FILE *out) {
    struct latency l = latency_of_interrupts(w);
    mpz_t sum;
    if (l.why)
        return;
    latency_bound(&l, sum);
    gmp_fprintf(out, "%-*s %12Zd %s%12s %6s %6s %13s%s  %s\n", width, "interrupt-latency", sum, w->costs ? "           - " : "", "-", "-", "-", "-",
                w->analysis->coverage ? "        -" : "", status_name[l.status]);
    mpz_clear(sum);
}

void wcet_print_table(const struct wcet *w, FILE *out) {
    int width = 17;
    for (size_t i = 0; i < w->rows.len; i++)
        width = (int)strlen(w->rows.data[i].spec->name) > width ? (int)strlen(w->rows.data[i].spec->name) : width;
    fprintf(out, "%-*s %12s %s%12s %6s %6s %13s%s  %s\n", width, "entry", "bound", w->costs ? "  all missed " : "", "observed max", "before", "ratio",
            "observations", w->analysis->coverage ? " complete" : "", "status");
    for (size_t i = 0; i < w->rows.len; i++)
        print_row(&w->rows.data[i], width, w->costs != NULL, w->analysis->coverage != NULL, out);
    print_latency(w, width, out);
    struct latency l = latency_of_interrupts(w);
    if (!l.why)
        fprintf(out, "interrupt-latency: all of %s, the longest entry, then %s\n", l.section->spec->name, l.interrupt->spec->name);
    for (size_t i = 0; i < w->rows.len; i++)
        if (is_loose(&w->rows.data[i]))
            fprintf(out, "%s: %s\n", w->rows.data[i].spec->name, w->rows.data[i].pessimism);
}

void wcet_print_path(const struct wcet *w, const struct wcet_row *row, FILE *out) {
    fprintf(out, "worst path of %s\n%18s  %-36s %-28s %7s %7s %9s\n", row->spec->name, "address", "function", "source", "count", "cost", "cycles");
    for (size_t i = 0; i < row->worst_path.len; i++) {
        const struct wcet_step *s = &row->worst_path.data[i];
        uint64_t from = addr_of(w, w->walk->ipg.data[s->edge].from);
        const char *file = "?";
        int line = 0;
        image_line(w->image, from, &file, &line);
        char *source = str_printf("%s:%d", file, line);
        fprintf(out, "%18" PRIx64 "  %-36s %-28s %7" PRIu64 " %7" PRIu64 " %9" PRIu64 "\n", from, cfg_describe(w->cfg, from), source, s->count, s->cost, s->count * s->cost);
        free(source);
    }
    if (row->pessimism)
        fprintf(out, "above the longest entry seen: %s\n", row->pessimism);
}
