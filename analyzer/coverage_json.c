/* The result of coverage as JSON (DESIGN's contract) and as a table. */
#include "analyzer/coverage.h"

#include <inttypes.h>

static const char *const statuses[] = {"complete", "counterexample", "open"};
static const char *const x_names[32] = {"zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5",
                                        "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
static const char *const csr_names[COVER_CSRS] = {"sscratch", "sepc", "scause", "stval"};

static json_t *hex(uint64_t v) {
    char text[24];
    snprintf(text, sizeof text, "0x%" PRIx64, v);
    return json_string(text);
}

static json_t *words_json(const struct replay_word *w, size_t n, bool values) {
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *j = json_pack("{s:o,s:i}", "addr", hex(w[i].addr), "size", (int)w[i].size);
        if (values)
            json_object_set_new(j, "value", hex(w[i].value));
        json_array_append_new(list, j);
    }
    return list;
}

static json_t *registers_json(const struct cover_state_values *v) {
    json_t *j = json_object();
    for (int r = 1; r < 32; r++)
        json_object_set_new(j, x_names[r], hex(v->x[r]));
    for (int i = 0; i < COVER_CSRS; i++)
        json_object_set_new(j, csr_names[i], hex(v->csr[i]));
    return j;
}

static json_t *lookups_json(const struct coverage_example *x) {
    json_t *list = json_array();
    for (size_t i = 0; i < x->state.lookups.len; i++) {
        const struct cover_lookup *l = &x->state.lookups.data[i];
        if (!l->present)
            continue;
        json_t *j = json_pack("{s:s,s:o,s:I,s:s,s:b,s:b}", "cache", l->fetch ? "L1I" : "L1D", "line", hex(l->line), "set", (json_int_t)l->set, "kind",
                              l->fetch ? "fetch" : l->store ? "store" : "load", "hit", l->hit, "counted", l->counted);
        json_object_set_new(j, "age", json_integer((json_int_t)l->age));
        json_array_append_new(list, j);
    }
    return list;
}

static json_t *misses_json(const uint64_t misses[2]) { return json_pack("{s:I,s:I}", "L1D", (json_int_t)misses[0], "L1I", (json_int_t)misses[1]); }

static json_t *replay_json(const struct coverage_example *x) {
    const struct replay_case *r = &x->replay;
    json_t *before = json_array();
    for (size_t i = 0; i < r->before.len; i++)
        json_array_append_new(before, hex(r->before.data[i]));
    json_t *j = json_pack("{s:o,s:o,s:o,s:I}", "start", hex(r->start), "end", hex(r->end), "before", before, "expected", (json_int_t)x->expected);
    json_object_set_new(j, "probes", json_boolean(r->probes));
    json_object_set_new(j, "cycles", x->replayed && !r->failed ? json_integer((json_int_t)r->cycles) : json_null());
    json_object_set_new(j, "misses", misses_json(x->misses));
    json_object_set_new(j, "board_misses", x->replayed && r->counted ? misses_json(r->misses) : json_null());
    json_object_set_new(j, "agrees", x->replayed ? json_boolean(x->agrees) : json_null());
    if (r->refused || r->failed)
        json_object_set_new(j, "why", json_string(r->refused ? r->refused : r->failed));
    return j;
}

static json_t *path_json(const struct cfg *g, const struct cover_path *p) {
    json_t *list = json_array();
    for (size_t i = 0; i < p->blocks.len; i++)
        json_array_append_new(list, hex(g->blocks.data[p->blocks.data[i]].addr));
    return list;
}

static json_t *example_json(const struct coverage *c, const struct coverage_unit *u, const struct coverage_example *x) {
    const struct cover_state_values *v = &x->values;
    return json_pack("{s:I,s:I,s:o,s:o,s:o,s:o,s:o,s:o}", "count", (json_int_t)x->state.count, "cycles", (json_int_t)x->cycles, "path",
                     path_json(c->wcet->cfg, &u->paths.data[x->path].code), "registers", registers_json(v), "memory",
                     words_json(v->words.data, v->words.len, true), "stores", words_json(v->stores.data, v->stores.len, false), "caches", lookups_json(x),
                     "replay", replay_json(x));
}

/* What the workload showed; or what replays alone showed, on some path. */
static json_t *shown_json(const struct coverage_unit *u, bool replayed) {
    json_t *list = json_array();
    for (unsigned n = 0; n <= u->limit; n++) {
        bool any = false;
        for (size_t k = 0; k < u->paths.len; k++) {
            const struct coverage_path *p = &u->paths.data[k];
            any |= n < p->seen.len && (replayed ? p->replayed.data[n] && !p->seen.data[n] : p->seen.data[n]);
        }
        if (any)
            json_array_append_new(list, json_integer(n));
    }
    return list;
}

static json_t *evidence_json(const struct coverage *c, const struct coverage_unit *u) {
    json_t *list = json_array();
    const struct profile *p = c->wcet->profile;
    for (size_t i = 0; i < p->replays.len; i++)
        if (p->replays.data[i].from == u->from && p->replays.data[i].to == u->to)
            json_array_append_new(list, json_pack("{s:I,s:I,s:I}", "misses", (json_int_t)p->replays.data[i].misses, "cycles", (json_int_t)p->replays.data[i].cycles,
                                                  "runs", (json_int_t)p->replays.data[i].runs));
    return list;
}

static json_t *missing_json(const struct coverage_unit *u) {
    json_t *list = json_array();
    for (size_t i = u->examples.len; i-- > 0;)
        if (i + 1 == u->examples.len || u->examples.data[i].state.count != u->examples.data[i + 1].state.count)
            json_array_append_new(list, json_integer(u->examples.data[i].state.count));
    return list;
}

static uint64_t executions(const struct coverage_unit *u) {
    uint64_t n = 0;
    for (size_t i = 0; i < u->bins.len; i++)
        n += bins_of(&u->bins)[i].count;
    return n;
}

static json_t *unit_json(const struct coverage *c, const struct coverage_unit *u) {
    const struct cfg *g = c->wcet->cfg;
    const struct block *b = &g->blocks.data[cfg_block_at(g, u->from)];
    json_t *paths = json_array(), *bases = json_array();
    for (size_t i = 0; i < u->paths.len; i++) {
        json_array_append_new(paths, path_json(g, &u->paths.data[i].code));
        json_array_append_new(bases, json_integer((json_int_t)u->paths.data[i].code.base));
    }
    json_t *j = json_pack("{s:s,s:s,s:o,s:o,s:o,s:s,s:I}", "id", u->id, "function", g->functions.data[b->function].name, "paths", paths, "base", bases,
                          "observed", shown_json(u, false), "status", statuses[u->status], "limit", (json_int_t)u->limit);
    json_object_set_new(j, "proven", u->proven ? json_pack("[I,I]", (json_int_t)u->lo, (json_int_t)u->hi) : json_null());
    json_object_set_new(j, "counterexample", u->status == COVERAGE_COUNTEREXAMPLE ? example_json(c, u, &u->examples.data[0]) : json_null());
    json_t *further = json_array(); /* of other counts */
    for (size_t i = 1; i < u->examples.len; i++)
        json_array_append_new(further, example_json(c, u, &u->examples.data[i]));
    json_object_set_new(j, "further", further);
    json_object_set_new(j, "missing", missing_json(u));
    json_object_set_new(j, "from", hex(u->from));
    json_object_set_new(j, "to", hex(u->to));
    json_object_set_new(j, "contexts", json_integer((json_int_t)u->contexts));
    json_object_set_new(j, "observations", json_integer((json_int_t)executions(u)));
    json_object_set_new(j, "unclear", json_integer((json_int_t)u->unclear));
    json_object_set_new(j, "replayed", shown_json(u, true));
    json_object_set_new(j, "replays", evidence_json(c, u));
    if (u->why)
        json_object_set_new(j, "why", json_string(u->why));
    return j;
}

json_t *cover_assumptions(const struct cfg *g) {
    json_t *list = json_array();
    json_array_append_new(list, json_string("loads and stores do not touch the code, and no two virtual addresses that a unit uses are the same memory"));
    for (size_t i = 0; i < g->assumptions.len; i++) {
        const struct assumption *a = &g->assumptions.data[i];
        char *where = a->block == NONE ? str_dup("wherever code begins behind a probe") : str_printf("at %s", cfg_describe(g, g->blocks.data[a->block].addr));
        char *text = a->kind == ASSUME_MISSES    ? str_printf("at most %" PRIu64 " misses from %s to %s: %s", a->hi, where + 3, cfg_describe(g, g->blocks.data[a->to].addr), a->why)
                     : a->kind == ASSUME_ALIGNED  ? str_printf("every load and store is naturally aligned: %s", a->why)
                     : a->kind == ASSUME_CACHED ? str_printf("loads and stores that no fact places are to cached memory: %s", a->why)
                                                : str_printf("%s from 0x%" PRIx64 " to 0x%" PRIx64 ", a multiple of %" PRIu64 ", %s: %s", x_names[a->reg], a->lo, a->hi,
                                                             a->align, where, a->why);
        json_array_append_new(list, json_string(text));
        free(text);
        free(where);
    }
    return list;
}

struct totals {
    uint64_t by[3], by_replay, replays, agreed, refused;
};

static struct totals add_up(const struct coverage *c) {
    struct totals t = {.replays = c->closing.replays, .agreed = c->closing.agreed};
    for (size_t i = 0; i < c->units.len; i++) {
        const struct coverage_unit *u = &c->units.data[i];
        t.by[u->status]++;
        t.replays += u->replays;
        t.agreed += u->agreed;
        t.by_replay += u->status == COVERAGE_COMPLETE && coverage_by_replay(u);
        for (size_t k = 0; k < u->examples.len; k++)
            t.refused += u->examples.data[k].tried && u->examples.data[k].replay.refused;
    }
    return t;
}

json_t *coverage_json(const struct coverage *c) {
    struct totals t = add_up(c);
    json_t *units = json_array();
    for (size_t i = 0; i < c->units.len; i++)
        json_array_append_new(units, unit_json(c, &c->units.data[i]));
    json_t *summary = json_pack("{s:I,s:I,s:I,s:I,s:o}", "units", (json_int_t)c->units.len, "complete", (json_int_t)t.by[0], "counterexample",
                                (json_int_t)t.by[1], "open", (json_int_t)t.by[2], "assumptions", cover_assumptions(c->wcet->cfg));
    json_object_set_new(summary, "replays", json_pack("{s:I,s:I,s:I}", "run", (json_int_t)t.replays, "agreed", (json_int_t)t.agreed, "refused", (json_int_t)t.refused));
    json_object_set_new(summary, "complete_by_replay", json_integer((json_int_t)t.by_replay));
    json_object_set_new(summary, "workload", coverage_flow_json(c));
    if (c->closing.done)
        json_object_set_new(summary, "closing", coverage_closing_json(c));
    return json_pack("{s:s,s:s,s:s,s:o,s:o}", "kernel", c->wcet->analysis->elf, "build_id", image_build_id(c->wcet->image), "model", c->wcet->analysis->model,
                     "units", units, "summary", summary);
}

/* ---- for people ------------------------------------------------------------------------------------------------------------------ */

static void print_unit(const struct coverage_unit *u, FILE *out) {
    json_t *seen = shown_json(u, false), *replayed = shown_json(u, true), *missing = missing_json(u);
    char *a = json_dumps(seen, JSON_COMPACT), *b = json_dumps(missing, JSON_COMPACT);
    char proven[40] = "-";
    if (u->proven)
        snprintf(proven, sizeof proven, "%u to %u", u->lo, u->hi);
    char *r = json_dumps(replayed, JSON_COMPACT);
    fprintf(out, "%-14s  %-10s  %-16s  %s", statuses[u->status], proven, a, u->id);
    if (json_array_size(replayed))
        fprintf(out, ", by replay: %s", r);
    fprintf(out, "%s%s%s%s\n", u->examples.len ? ", not seen: " : "", u->examples.len ? b : "", u->why ? ": " : "", u->why ? u->why : "");
    json_decref(replayed);
    free(r);
    free(a);
    free(b);
    json_decref(seen);
    json_decref(missing);
}

void coverage_print(const struct coverage *c, FILE *out) {
    struct totals t = add_up(c);
    fprintf(out, "%-14s  %-10s  %-16s  %s\n", "status", "feasible", "observed", "unit");
    for (size_t i = 0; i < c->units.len; i++)
        print_unit(&c->units.data[i], out);
    fprintf(out, "%zu units: %" PRIu64 " complete", c->units.len, t.by[0]);
    if (t.by_replay)
        fprintf(out, " (%" PRIu64 " of them by counts that only replays showed)", t.by_replay);
    fprintf(out, ", %" PRIu64 " with a counterexample, %" PRIu64 " open\n", t.by[1], t.by[2]);
    if (t.replays + t.refused)
        fprintf(out, "%" PRIu64 " counterexamples replayed, %" PRIu64 " as predicted; %" PRIu64 " cannot be put into the board\n", t.replays, t.agreed, t.refused);
    coverage_flow_print(c, out);
    if (c->closing.done)
        coverage_closing_print(c, out);
    json_t *list = cover_assumptions(c->wcet->cfg);
    for (size_t i = 0; i < json_array_size(list); i++)
        fprintf(out, "assumed: %s\n", json_string_value(json_array_get(list, i)));
    json_decref(list);
}
