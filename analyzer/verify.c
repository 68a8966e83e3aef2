/* Verification: further traces against a result. It uses of the result only the bounds and costs, and of the analysis only which
 * entries a row means: an entry belongs to a row if it begins at `start` and passes every `via`. */
#include "analyzer/replay.h"

#include <inttypes.h>

struct row_check {
    const struct entry_spec *spec;
    uint64_t start;
    VEC(uint64_t) via, end;
    bool bounded, seen;
    double bound_d;
    uint64_t bound;            /* UINT64_MAX: larger than any time */
};
struct verifier {
    struct walk *w;
    FILE *out;
    const char *trace;
    VEC(struct row_check) rows;
    struct map cost;           /* (from, to) → cycles */
    struct verify_summary *s;
};
enum { SHOWN = 10 };

static uint64_t addr_of(const struct walk *w, uint32_t node) { return w->cfg->blocks.data[w->nodes.data[node].block].addr; }

static void on_edge(void *user, uint32_t unit, uint64_t cycles, uint64_t position) {
    struct verifier *v = user;
    uint32_t ipg = unit_ipg(unit);
    uint64_t from = addr_of(v->w, v->w->ipg.data[ipg].from), to = addr_of(v->w, v->w->ipg.data[ipg].to), cost = 0;
    bool known = map_get(&v->cost, hash_bytes((uint64_t[]){from, to}, 16, 0), &cost);
    if (known && cycles <= cost)
        return;
    if (v->s->edge_violations++ < SHOWN && v->out)
        fprintf(v->out, "%s: record %" PRIu64 ": the step from %s to %s took %" PRIu64 " cycles, %s %" PRIu64 "\n", v->trace, position,
                cfg_describe(v->w->cfg, from), cfg_describe(v->w->cfg, to), cycles, known ? "its cost is" : "and was never observed:", cost);
}

static bool passed(const struct verifier *v, const struct replay_entry *entry, uint64_t addr) {
    if (addr_of(v->w, entry->start) == addr)
        return true;
    for (size_t i = 0; i < entry->touches; i++)
        if (addr_of(v->w, v->w->ipg.data[unit_ipg(entry->touched[i])].to) == addr)
            return true;
    return false;
}

static bool matches(const struct verifier *v, const struct row_check *row, const struct replay_entry *entry) {
    if (row->start != addr_of(v->w, entry->start))
        return false;
    bool ended = row->end.len == 0;
    for (size_t i = 0; i < row->end.len; i++)
        ended |= row->end.data[i] == addr_of(v->w, entry->end);
    for (size_t i = 0; ended && i < row->via.len; i++)
        ended = passed(v, entry, row->via.data[i]);
    return ended && entry_has_cause(row->spec, entry->cause);
}

static void violation(struct verifier *v, const struct replay_entry *entry, const char *why) {
    if (v->s->violations++ < SHOWN)
        fprintf(v->out, "%s: the kernel entry at record %" PRIu64 " took %" PRIu64 " cycles: %s\n", v->trace, entry->position, entry->cycles, why);
}

static void on_entry(void *user, const struct replay_entry *entry) {
    struct verifier *v = user;
    bool matched = false;
    v->s->entries++;
    for (size_t i = 0; i < v->rows.len; i++) {
        struct row_check *row = &v->rows.data[i];
        if (!matches(v, row, entry))
            continue;
        matched = row->seen = true;
        double ratio = row->bounded ? (double)entry->cycles / row->bound_d : 0;
        if (ratio > v->s->worst_ratio) {
            v->s->worst_ratio = ratio;
            snprintf(v->s->worst, sizeof v->s->worst, "%s", row->spec->name);
        }
        if (row->bounded && entry->cycles <= row->bound)
            continue;
        char *why = row->bounded ? str_printf("the bound of %s is %" PRIu64, row->spec->name, row->bound) : str_printf("%s has no bound", row->spec->name);
        violation(v, entry, why);
        free(why);
    }
    if (matched)
        return;
    v->s->unmatched++;
    violation(v, entry, "it is none of the entries that the result bounds");
}

/* ---- reading the result ---------------------------------------------------------------------------------------------- */

static int place_all(const struct cfg *g, char *const *texts, size_t n, uint64_t *out, struct err *e) {
    for (size_t i = 0; i < n; i++)
        if (cfg_place(g, texts[i], &out[i], e) < 0)
            return -1;
    return 0;
}

static int add_row(struct verifier *v, const struct entry_spec *spec, const json_t *row, struct err *e) {
    struct row_check c = {.spec = spec};
    const json_t *bound = json_object_get(row, "bound");
    if (json_is_integer(bound)) {
        c.bounded = true;
        c.bound = (uint64_t)json_integer_value(bound);
        c.bound_d = (double)c.bound;
    } else if (json_is_string(bound)) {
        c.bounded = true;
        c.bound = UINT64_MAX;
        c.bound_d = strtod(json_string_value(bound), NULL);
    }
    vec_reserve(&c.via, spec->via.len);
    vec_reserve(&c.end, spec->end.len);
    c.via.len = spec->via.len;
    c.end.len = spec->end.len;
    vec_push(&v->rows, c);
    if (cfg_place(v->w->cfg, spec->start, &v->rows.data[v->rows.len - 1].start, e) < 0 || place_all(v->w->cfg, spec->via.data, spec->via.len, c.via.data, e) < 0)
        return -1;
    return place_all(v->w->cfg, spec->end.data, spec->end.len, c.end.data, e);
}

static int read_rows(struct verifier *v, const struct analysis *a, const json_t *result, const char *path, struct err *e) {
    const json_t *entries = json_object_get(result, "entries"), *row;
    size_t i;
    json_array_foreach(entries, i, row) {
        const char *name = json_string_value(json_object_get(row, "name"));
        const struct entry_spec *spec = NULL;
        for (size_t k = 0; name && k < a->entries.len; k++)
            if (strcmp(a->entries.data[k].name, name) == 0)
                spec = &a->entries.data[k];
        if (!spec)
            return err_set(e, ERR_INPUT, "%s: %s has no entry '%s'", path, a->path, name ? name : "?");
        if (add_row(v, spec, row, e) < 0)
            return -1;
    }
    return v->rows.len ? 0 : err_set(e, ERR_INPUT, "%s: no entries", path);
}

static int read_costs(struct verifier *v, const json_t *result, const char *path, struct err *e) {
    const json_t *x;
    size_t i;
    json_array_foreach(json_object_get(result, "costs"), i, x) {
        uint64_t from, to;
        const char *f = json_string_value(json_object_get(x, "from")), *t = json_string_value(json_object_get(x, "to"));
        const json_t *cost = json_object_get(x, "cost");
        if (!f || !t || !json_is_integer(cost) || parse_u64(f, &from) < 0 || parse_u64(t, &to) < 0)
            return err_set(e, ERR_INPUT, "%s: costs[%zu] is not {from, to, cost}", path, i);
        map_put(&v->cost, hash_bytes((uint64_t[]){from, to}, 16, 0), (uint64_t)json_integer_value(cost));
    }
    return 0;
}

static int read_result(struct verifier *v, const struct analysis *a, const char *path, struct err *e) {
    json_error_t why;
    json_t *result = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
    if (!result)
        return err_set(e, ERR_INPUT, "%s:%d: %s", path, why.line, why.text);
    const char *id = json_string_value(json_object_get(result, "build_id")), *own = image_build_id(v->w->cfg->image);
    int rc;
    if (!id || strcmp(id, own) != 0)
        rc = err_set(e, ERR_INPUT, "%s: of build %.16s, but %s is build %.16s", path, id ? id : "(none)", a->elf, own);
    else
        rc = read_rows(v, a, result, path, e) < 0 ? -1 : read_costs(v, result, path, e);
    json_decref(result);
    return rc;
}

int verify_result(const struct analysis *a, const char *result, char *const *traces, FILE *out, struct verify_summary *s, struct err *e) {
    struct verifier v = {.out = out, .s = s};
    struct image *img = NULL;
    struct cfg *g = NULL;
    struct trace_reader *first = *traces ? trace_open(*traces, e) : NULL;
    int rc = *traces && !first ? -1 : kernel_open(a->elf, a->facts, first && trace_get_info(first)->port, &img, &g, e);
    trace_close(first);
    *s = (struct verify_summary){0};
    if (rc == 0) {
        v.w = walk_new(g);
        rc = read_result(&v, a, result, e);
    }
    struct replay_events events = {.user = &v, .edge = on_edge, .undisturbed = true, .entry = on_entry};
    for (; rc == 0 && *traces; traces++) {
        struct profile_trace totals;
        struct trace_info info;
        v.trace = *traces;
        rc = replay_trace(v.w, *traces, &events, &totals, &info, e);
    }
    for (size_t i = 0; i < v.rows.len; i++) {
        vec_free(&v.rows.data[i].via);
        vec_free(&v.rows.data[i].end);
    }
    vec_free(&v.rows);
    map_free(&v.cost);
    walk_free(v.w);
    cfg_free(g);
    image_free(img);
    return rc;
}
