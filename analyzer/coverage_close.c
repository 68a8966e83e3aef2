/* Closing the loop: from counterexamples to evidence, and back to the units, the profile and the bounds. */
#include "analyzer/coverage.h"

#include <inttypes.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static const struct coverage_unit *unit_at(const struct coverage *c, uint64_t from, uint64_t to) {
    size_t lo = 0, hi = c->units.len;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        const struct coverage_unit *u = &c->units.data[mid];
        if (u->from == from && u->to == to)
            return u;
        if (u->from < from || (u->from == from && u->to < to))
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

/* ---- rounds ------------------------------------------------------------------------------------------------------------------- */

/* What the replay measured is the unit's but for the ends: the trap or return that the harness does not execute, the fetch of the instruction
 * at END that it does. Those are the model's, and fixed; the replay agreed with their sum to the cycle. */
static uint64_t unit_cycles(const struct coverage_example *x) { return x->replay.cycles + x->cycles - x->expected; }

static bool take_evidence(struct coverage *c, struct coverage_unit *u) {
    bool fresh = false;
    for (size_t i = 0; i < u->examples.len; i++) {
        const struct coverage_example *x = &u->examples.data[i];
        struct coverage_path *p = &u->paths.data[x->path];
        if (!x->replayed || !x->agrees || p->replayed.data[x->state.count])
            continue;
        p->replayed.data[x->state.count] = fresh = true;
        c->closing.added++;
        profile_add_replay(c->wcet->profile, &(struct profile_replay){u->from, u->to, coverage_way(c, &p->code), x->state.count, unit_cycles(x), 1});
    }
    return fresh;
}

static bool disagrees(const struct coverage *c) {
    for (size_t i = 0; i < c->units.len; i++)
        for (size_t k = 0; k < c->units.data[i].examples.len; k++)
            if (c->units.data[i].examples.data[k].replayed && !c->units.data[i].examples.data[k].agrees)
                return true;
    return false;
}

/* 1: some unit has new evidence, or another state to be tried; 0: none has. */
static int round_of(struct coverage *c, const struct coverage_options *o, struct err *e) {
    int fresh = 0;
    for (size_t i = 0; i < c->units.len; i++) {
        struct coverage_unit *u = &c->units.data[i];
        if (u->status != COVERAGE_COUNTEREXAMPLE)
            continue;
        bool more = take_evidence(c, u);
        int rc = more ? coverage_answer_again(c, u, o, e) : coverage_other_states(c, u, o, e);
        if (rc < 0)
            return -1;
        fresh |= more || rc > 0;
    }
    return fresh;
}

static int iterate(struct coverage *c, const struct coverage_options *o, const char *platform, struct err *e) {
    int fresh = 1;
    c->closing.open = false;
    while (fresh == 1) {
        c->closing.end = c->closing.rounds == o->rounds ? "the rounds are used up" : o->seconds > 0 && now() - c->closing.begun > o->seconds ? "the time is used up" : NULL;
        if (c->closing.end)
            return 0;
        c->closing.rounds++;
        for (size_t i = 0; i < c->units.len; i++)
            coverage_offer(c, &c->units.data[i], o);
        if (coverage_replay(c, platform, false, e) < 0)
            return -1;
        if (disagrees(c)) {
            c->closing.end = "a replay did not show what was predicted";
            return 0;
        }
        fresh = round_of(c, o, e);
    }
    c->closing.end = "nothing new";
    c->closing.open = true;
    return fresh;
}

/* ---- the profile and the bounds ------------------------------------------------------------------------------------------------ */

static char *bound_text(const struct wcet_row *row) { return row->status == WCET_INCOMPLETE ? NULL : mpz_get_str(NULL, 10, row->bound); }

static void note_bounds(struct coverage *c) {
    for (size_t i = 0; i < c->wcet->rows.len; i++)
        vec_push(&c->closing.bounds, ((struct coverage_bound){c->wcet->rows.data[i].spec, bound_text(&c->wcet->rows.data[i]), NULL}));
}

static int bound_again(struct coverage *c, const char *profile, struct err *e) {
    struct analysis a = c->analysis;
    a.profile = (char *)profile;
    struct wcet *w = wcet_analyse(&a, NULL, NULL, e);
    for (size_t i = 0; w && i < w->rows.len; i++)
        c->closing.bounds.data[i].after = bound_text(&w->rows.data[i]);
    wcet_free(w);
    return w ? 0 : -1;
}

/* A path for a file of our own, in the folder for temporary files; NULL: it cannot be made. The caller unlinks and frees it. */
static char *temporary(const char *what, struct err *e) {
    char *path = str_printf("/tmp/potoroo-%s-XXXXXX", what);
    int fd = mkstemp(path);
    if (fd >= 0) {
        close(fd);
        return path;
    }
    err_set(e, ERR_INPUT, "%s: cannot be made", path);
    free(path);
    return NULL;
}

static void forget(char *path) {
    if (path)
        unlink(path);
    free(path);
}

static int write_and_bound(struct coverage *c, const struct coverage_options *o, struct err *e) {
    char *own = o->profile_out ? NULL : temporary("profile", e);
    const char *path = o->profile_out ? o->profile_out : own;
    int rc = path ? profile_write(c->wcet->profile, path, e) : -1;
    if (rc == 0 && !o->unit)
        rc = bound_again(c, path, e);
    forget(own);
    return rc;
}

/* ---- the workload once more ------------------------------------------------------------------------------------------------------ */

static bool shows_more(const struct coverage *old, const struct coverage *now) {
    for (size_t i = 0; i < now->units.len; i++) {
        const struct coverage_unit *u = &now->units.data[i];
        const struct coverage_unit *was = unit_at(old, u->from, u->to);
        for (size_t k = 0; k < u->paths.len; k++)
            for (unsigned n = 0; n < u->paths.data[k].seen.len; n++)
                if (u->paths.data[k].seen.data[n] && (!was || k >= was->paths.len || n >= was->paths.data[k].seen.len || !was->paths.data[k].seen.data[n]))
                    return true;
    }
    return false;
}

/* What was done so far goes with the analysis that comes next. */
static void hand_on(struct coverage *from, struct coverage *to) {
    for (size_t i = 0; i < from->units.len; i++) {
        from->closing.replays += from->units.data[i].replays;
        from->closing.agreed += from->units.data[i].agreed;
    }
    to->closing = from->closing;
    from->closing = (struct coverage_closing){0};
}

static int run_workload(const struct coverage *c, const char *command, const char *offers, const char *trace, struct err *e) {
    char *line = str_printf("%s \"$0\" \"$1\"", command);
    char *const argv[] = {(char *)"sh", (char *)"-c", line, (char *)offers, (char *)trace, NULL};
    struct child_result result = {0};
    json_t *j = coverage_offers_json(c);
    int rc = json_write(j, offers, e);
    json_decref(j);
    if (rc == 0)
        rc = child_run(argv, (struct child_limits){.seconds = 3600}, 2, 2, &result, e);
    if (rc == 0 && (result.timed_out || result.status))
        rc = err_set(e, ERR_INPUT, "--workload: '%s' %s %d", command, result.timed_out ? "was still running after 3600 s, status" : "ended with status", result.status);
    free(line);
    return rc;
}

/* 1: *c is the analysis with what the command measured, and it shows more; 0: it shows nothing new. */
static int measure_again(struct coverage **c, const struct coverage_options *o, struct err *e) {
    char *offers = temporary("offers", e), *trace = temporary("trace", e), *profile = temporary("profile", e);
    struct profile *p = NULL;
    struct coverage *now = NULL;
    int rc = offers && trace && profile ? run_workload(*c, o->workload, offers, trace, e) : -1;
    if (rc == 0 && !(p = profile_replay((*c)->wcet->cfg, trace, e)))
        rc = -1;
    bool known = false; /* the same trace again */
    for (size_t i = 0; rc == 0 && i < (*c)->wcet->profile->traces.len; i++)
        known |= strcmp((*c)->wcet->profile->traces.data[i].digest, p->traces.data[0].digest) == 0;
    if (rc < 0 || known)
        profile_free(p);
    else if ((rc = profile_merge((*c)->wcet->profile, p, e)) == 0)
        rc = profile_write((*c)->wcet->profile, profile, e);
    if (rc == 0 && !known) {
        struct analysis a = (*c)->analysis;
        a.profile = profile;
        now = coverage_analyse(&a, o, e);
        rc = now ? shows_more(*c, now) : -1;
    }
    if (now) {
        hand_on(*c, now);
        now->analysis.profile = (*c)->analysis.profile;
        coverage_free(*c);
        *c = now;
    }
    forget(offers);
    forget(trace);
    forget(profile);
    return rc;
}

int coverage_close(struct coverage **c, const struct coverage_options *o, const char *platform, struct err *e) {
    int more = 1;
    (*c)->closing.done = true;
    (*c)->closing.begun = now();
    note_bounds(*c);
    while (more == 1) {
        if (iterate(*c, o, platform, e) < 0)
            return -1;
        if (!(*c)->closing.open || disagrees(*c) || !o->workload)
            break;
        if ((more = measure_again(c, o, e)) < 0)
            return -1;
        (*c)->closing.measured++;
    }
    return disagrees(*c) ? 0 : write_and_bound(*c, o, e);
}

void coverage_closing_free(struct coverage_closing *k) {
    for (size_t i = 0; i < k->bounds.len; i++) {
        free(k->bounds.data[i].before);
        free(k->bounds.data[i].after);
    }
    vec_free(&k->bounds);
    for (size_t i = 0; i < k->offers.len; i++) {
        free(k->offers.data[i].unit);
        vec_free(&k->offers.data[i].lines);
    }
    vec_free(&k->offers);
}

/* ---- what worst paths rest on --------------------------------------------------------------------------------------------------- */

bool coverage_by_replay(const struct coverage_unit *u) {
    for (size_t k = 0; k < u->paths.len; k++)
        for (unsigned n = 0; n < u->paths.data[k].replayed.len; n++)
            if (u->paths.data[k].replayed.data[n] && !u->paths.data[k].seen.data[n])
                return true;
    return false;
}

void coverage_rests(const struct coverage *c, const struct wcet_row *row, uint64_t cycles[RESTS]) {
    const struct walk *w = c->wcet->walk;
    const struct cfg *g = c->wcet->cfg;
    memset(cycles, 0, RESTS * sizeof *cycles);
    for (size_t i = 0; i < row->worst_path.len; i++) {
        const struct wcet_step *s = &row->worst_path.data[i];
        const struct ipg_edge *x = &w->ipg.data[s->edge];
        const struct coverage_unit *u = unit_at(c, g->blocks.data[w->nodes.data[x->from].block].addr, g->blocks.data[w->nodes.data[x->to].block].addr);
        enum coverage_rest r = !u || u->status == COVERAGE_OPEN ? REST_OPEN : u->status == COVERAGE_COUNTEREXAMPLE ? REST_EXAMPLE
                               : coverage_by_replay(u) ? REST_REPLAY : REST_WORKLOAD;
        cycles[r] += s->count * s->cost;
    }
}

/* ---- for people and programs ------------------------------------------------------------------------------------------------------ */

static const char *const rest_names[RESTS] = {"workload", "replay", "counterexample", "open"};

static json_t *rests_json(const struct coverage *c, size_t i) {
    uint64_t cycles[RESTS];
    json_t *j = json_object();
    coverage_rests(c, &c->wcet->rows.data[i], cycles);
    for (int k = 0; k < RESTS; k++)
        json_object_set_new(j, rest_names[k], json_integer((json_int_t)cycles[k]));
    return j;
}

static json_t *number(const char *text) { return text ? json_integer(strtoll(text, NULL, 10)) : json_null(); }

json_t *coverage_closing_json(const struct coverage *c) {
    json_t *rows = json_array();
    uint64_t measured = c->closing.measured;
    for (size_t i = 0; i < c->closing.bounds.len; i++) {
        const struct coverage_bound *b = &c->closing.bounds.data[i];
        json_array_append_new(rows, json_pack("{s:s,s:o,s:o,s:o}", "name", b->spec->name, "bound_before", number(b->before), "bound", number(b->after), "rests",
                                              rests_json(c, i)));
    }
    return json_pack("{s:I,s:I,s:I,s:s,s:o,s:o}", "measured", (json_int_t)measured, "rounds", (json_int_t)c->closing.rounds, "added", (json_int_t)c->closing.added, "end", c->closing.end, "entries", rows,
                     "offers", coverage_offers_json(c));
}

static void print_bound(const struct coverage_bound *b, const uint64_t cycles[RESTS], FILE *out) {
    double all = 0;
    for (int k = 0; k < RESTS; k++)
        all += (double)cycles[k] / 100;
    fprintf(out, "%-24s %12s %12s", b->spec->name, b->before ? b->before : "-", b->after ? b->after : "-");
    for (int k = 0; k < RESTS && all > 0; k++)
        fprintf(out, " %13.0f%%", (double)cycles[k] / all);
    fputc('\n', out);
}

void coverage_closing_print(const struct coverage *c, FILE *out) {
    fprintf(out, "closing: %u rounds, %" PRIu64 " counts shown by replays; the workload was run again %u times; %s\n", c->closing.rounds, c->closing.added,
            c->closing.measured, c->closing.end);
    coverage_offers_print(c, out);
    if (c->closing.bounds.len)
        fprintf(out, "%-24s %12s %12s  the worst path's cycles rest on units complete by\n%51s %14s %14s %14s\n", "entry", "bound before", "bound now", "the workload",
                "and replays", "with example", "open");
    for (size_t i = 0; i < c->closing.bounds.len; i++) {
        uint64_t cycles[RESTS];
        coverage_rests(c, &c->wcet->rows.data[i], cycles);
        print_bound(&c->closing.bounds.data[i], cycles, out);
    }
}
