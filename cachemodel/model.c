/* The model file: canonical JSON (the contract is in the design, "model"). */
#include "cachemodel/cachemodel.h"

#include <inttypes.h>

static const char *const policy_names[MODEL_POLICIES] = {"lru", "fifo", "plru", "nru", "mru", "srrip", "random", "permutation"};
static const char *const class_names[MODEL_CLASSES] = {"alu", "mul", "div", "fp", "load", "store", "branch", "branch_taken", "jump", "csr",
                                                       "fence", "trap", "return", "device_access"};

const char *model_policy_name(enum model_policy p) { return policy_names[p]; }
const char *model_class_name(enum model_class c) { return class_names[c]; }

const struct model_cache *model_find(const struct model *m, const char *name) {
    for (size_t i = 0; i < m->caches.len; i++)
        if (strcmp(m->caches.data[i].name, name) == 0)
            return &m->caches.data[i];
    return NULL;
}

#define FREE_STRINGS(v)                     \
    do {                                    \
        for (size_t i_ = 0; i_ < (v)->len; i_++) \
            free((v)->data[i_]);            \
        vec_free(v);                        \
    } while (0)

void model_free(struct model *m) {
    if (!m)
        return;
    for (size_t i = 0; i < m->caches.len; i++) {
        FREE_STRINGS(&m->caches.data[i].evidence);
        free(m->caches.data[i].table);
    }
    for (size_t i = 0; i < m->tlbs.len; i++)
        FREE_STRINGS(&m->tlbs.data[i].evidence);
    vec_free(&m->caches);
    vec_free(&m->tlbs);
    for (int s = 0; s < MODEL_SWEEPS; s++)
        vec_free(&m->footprints[s]);
    FREE_STRINGS(&m->absent);
    FREE_STRINGS(&m->unknown);
    free(m->platform);
    free(m);
}

/* ---- writing ----------------------------------------------------------------------------------------------------------------- */

static json_t *json_number(int64_t v) { return v == MODEL_UNKNOWN ? json_string("unknown") : json_integer(v); }

static json_t *json_choice(int64_t v, const char *no, const char *yes) { return json_string(v == MODEL_UNKNOWN ? "unknown" : v ? yes : no); }

static json_t *json_strings(char *const *data, size_t n) {
    json_t *a = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(a, json_string(data[i]));
    return a;
}

static void put_policy(json_t *j, unsigned policies) {
    json_t *all = json_array();
    for (int p = 0; p < MODEL_POLICIES; p++)
        if (policies >> p & 1)
            json_array_append_new(all, json_string(policy_names[p]));
    json_object_set_new(j, "policy", json_string(policies ? policy_names[__builtin_ctz(policies)] : "unknown"));
    json_object_set_new(j, "policy_class", all);
}

static json_t *table_json(const struct model_cache *c) {
    json_t *rows = json_array();
    for (int64_t p = 0; p < c->ways; p++) {
        json_t *row = json_array();
        for (int64_t i = 0; i < c->ways; i++)
            json_array_append_new(row, json_integer(c->table[p * c->ways + i]));
        json_array_append_new(rows, row);
    }
    return rows;
}

static bool cache_certain(const struct model_cache *c) {
    return c->line > 0 && c->sets > 0 && c->ways > 0 && c->miss >= 0 && c->policies;
}

static json_t *cache_json(const struct model_cache *c) {
    json_t *j = json_object();
    json_object_set_new(j, "name", json_string(c->name));
    json_object_set_new(j, "line", json_number(c->line));
    json_object_set_new(j, "sets", json_number(c->sets));
    json_object_set_new(j, "ways", json_number(c->ways));
    json_object_set_new(j, "miss", json_number(c->miss));
    if (c->cold)
        json_object_set_new(j, "cold", json_number(c->cold));
    put_policy(j, c->policies);
    if (c->table)
        json_object_set_new(j, "permutation", table_json(c));
    if (c->stores) {
        json_object_set_new(j, "write", json_choice(c->write_back, "through", "back"));
        json_object_set_new(j, "allocate", json_choice(c->allocate, "no", "yes"));
        json_object_set_new(j, "evict_dirty", json_number(c->evict_dirty));
    }
    json_object_set_new(j, "confidence", json_string(cache_certain(c) ? "certain" : "partial"));
    json_object_set_new(j, "evidence", json_strings(c->evidence.data, c->evidence.len));
    return j;
}

static json_t *tlb_json(const struct model_tlb *t) {
    json_t *j = json_object();
    json_object_set_new(j, "name", json_string(t->name));
    json_object_set_new(j, "entries", json_number(t->entries));
    json_object_set_new(j, "page", json_number(t->page));
    json_object_set_new(j, "miss", json_number(t->miss));
    put_policy(j, t->policies);
    json_object_set_new(j, "evidence", json_strings(t->evidence.data, t->evidence.len));
    return j;
}

static json_t *falsification_json(const struct model *m) {
    return json_pack("{s:I, s:I}", "accesses", (json_int_t)m->falsify_accesses, "mismatches", (json_int_t)m->falsify_mismatches);
}

static const char *const sweep_names[MODEL_SWEEPS] = {"loads", "fetches"};

static json_t *footprints_json(const struct model *m) {
    json_t *j = json_object();
    for (int s = 0; s < MODEL_SWEEPS; s++) {
        json_t *list = json_array();
        for (size_t i = 0; i < m->footprints[s].len; i++) {
            const struct model_footprint *x = &m->footprints[s].data[i];
            json_array_append_new(list, json_pack("{s:I, s:I, s:I}", "bytes", (json_int_t)x->bytes, "accesses", (json_int_t)x->accesses, "cycles", (json_int_t)x->cycles));
        }
        json_object_set_new(j, sweep_names[s], list);
    }
    return j;
}

json_t *model_json(const struct model *m) {
    json_t *j = json_object(), *caches = json_array(), *tlbs = json_array(), *latencies = json_object();
    for (size_t i = 0; i < m->caches.len; i++)
        json_array_append_new(caches, cache_json(&m->caches.data[i]));
    for (size_t i = 0; i < m->tlbs.len; i++)
        json_array_append_new(tlbs, tlb_json(&m->tlbs.data[i]));
    for (int c = 0; c < MODEL_CLASSES; c++)
        json_object_set_new(latencies, class_names[c], json_number(m->latency[c]));
    json_object_set_new(j, "platform", json_string(m->platform));
    json_object_set_new(j, "platform_digest", json_string(m->digest));
    json_object_set_new(j, "status", json_string(m->estimate ? "estimate" : "inferred"));
    json_object_set_new(j, "clock", json_number(m->clock ? (int64_t)m->clock : MODEL_UNKNOWN));
    json_object_set_new(j, "counter_overhead", json_number(m->counter_overhead));
    json_object_set_new(j, "jitter", json_number(m->jitter));
    json_object_set_new(j, "caches", caches);
    json_object_set_new(j, "tlbs", tlbs);
    json_object_set_new(j, "footprint", footprints_json(m));
    json_object_set_new(j, "absent", json_strings(m->absent.data, m->absent.len));
    json_object_set_new(j, "latencies", latencies);
    json_object_set_new(j, "unknown", json_strings(m->unknown.data, m->unknown.len));
    json_object_set_new(j, "falsification", falsification_json(m));
    return j;
}

/* ---- reading ----------------------------------------------------------------------------------------------------------------- */

struct reader {
    const char *path;
    struct err *e;
    bool failed;
};

static void bad(struct reader *r, const char *key, const char *why) {
    if (!r->failed)
        err_set(r->e, ERR_INPUT, "%s: %s: %s", r->path, key, why);
    r->failed = true;
}

static bool is_unknown(const json_t *v) { return json_is_string(v) && strcmp(json_string_value(v), "unknown") == 0; }

static int64_t get_number(struct reader *r, const json_t *j, const char *key) {
    const json_t *v = json_object_get(j, key);
    if (json_is_integer(v) && json_integer_value(v) >= 0)
        return json_integer_value(v);
    if (!is_unknown(v))
        bad(r, key, v ? "neither a count nor \"unknown\"" : "missing");
    return MODEL_UNKNOWN;
}

static int64_t get_choice(struct reader *r, const json_t *j, const char *key, const char *no, const char *yes) {
    const json_t *v = json_object_get(j, key);
    const char *text = json_is_string(v) ? json_string_value(v) : "";
    if (strcmp(text, no) == 0 || strcmp(text, yes) == 0)
        return strcmp(text, yes) == 0;
    if (!is_unknown(v))
        bad(r, key, "neither of its two values nor \"unknown\"");
    return MODEL_UNKNOWN;
}

static unsigned get_policies(struct reader *r, const json_t *j) {
    const json_t *all = json_object_get(j, "policy_class"), *one;
    unsigned set = 0;
    size_t i;
    if (!json_is_array(all))
        bad(r, "policy_class", "not a list");
    json_array_foreach(all, i, one) {
        int p = 0;
        while (p < MODEL_POLICIES && (!json_is_string(one) || strcmp(json_string_value(one), policy_names[p]) != 0))
            p++;
        if (p == MODEL_POLICIES)
            bad(r, "policy_class", "no such policy");
        else
            set |= 1u << p;
    }
    return set;
}

static char *get_text(struct reader *r, const json_t *j, const char *key) {
    const json_t *v = json_object_get(j, key);
    if (!json_is_string(v))
        bad(r, key, "not a text");
    return str_dup(json_is_string(v) ? json_string_value(v) : "");
}

#define GET_STRINGS(r, j, key, v)                                             \
    do {                                                                      \
        const json_t *a_ = json_object_get(j, key), *s_;                      \
        size_t i_;                                                            \
        if (!json_is_array(a_))                                               \
            bad(r, key, "not a list");                                        \
        json_array_foreach(a_, i_, s_) {                                      \
            if (json_is_string(s_))                                           \
                vec_push(v, str_dup(json_string_value(s_)));                  \
            else                                                              \
                bad(r, key, "not a list of texts");                           \
        }                                                                     \
    } while (0)

static void get_name(struct reader *r, const json_t *j, char name[8]) {
    char *text = get_text(r, j, "name");
    if (strlen(text) > 7)
        bad(r, "name", "too long");
    snprintf(name, 8, "%s", text);
    free(text);
}

/* Each row must be a permutation of 0 .. ways - 1. */
static uint8_t *get_table(struct reader *r, const json_t *rows, int64_t ways) {
    if (ways < 1 || ways > 255 || json_array_size(rows) != (size_t)ways)
        return bad(r, "permutation", "not as many rows as ways"), NULL;
    uint8_t *table = mem_alloc((size_t)(ways * ways));
    for (int64_t p = 0; p < ways; p++) {
        const json_t *row = json_array_get(rows, (size_t)p);
        bool seen[256] = {false};
        for (int64_t i = 0; i < ways; i++) {
            const json_t *v = json_array_get(row, (size_t)i);
            json_int_t n = json_is_integer(v) ? json_integer_value(v) : -1;
            if (n < 0 || n >= ways || seen[n] || json_array_size(row) != (size_t)ways) {
                free(table);
                return bad(r, "permutation", "a row is no permutation"), NULL;
            }
            seen[n] = true;
            table[p * ways + i] = (uint8_t)n;
        }
    }
    return table;
}

static void read_cache(struct reader *r, const json_t *j, struct model *m) {
    struct model_cache c = {0};
    get_name(r, j, c.name);
    c.line = get_number(r, j, "line");
    c.sets = get_number(r, j, "sets");
    c.ways = get_number(r, j, "ways");
    c.miss = get_number(r, j, "miss");
    c.cold = json_object_get(j, "cold") ? get_number(r, j, "cold") : 0;
    c.policies = get_policies(r, j);
    if (c.policies >> MODEL_PERMUTATION & 1)
        c.table = get_table(r, json_object_get(j, "permutation"), c.ways);
    c.stores = json_object_get(j, "write") != NULL;
    c.write_back = c.allocate = c.evict_dirty = MODEL_UNKNOWN;
    if (c.stores) {
        c.write_back = get_choice(r, j, "write", "through", "back");
        c.allocate = get_choice(r, j, "allocate", "no", "yes");
        c.evict_dirty = get_number(r, j, "evict_dirty");
    }
    GET_STRINGS(r, j, "evidence", &c.evidence);
    vec_push(&m->caches, c);
}

static void read_tlb(struct reader *r, const json_t *j, struct model *m) {
    struct model_tlb t = {0};
    get_name(r, j, t.name);
    t.entries = get_number(r, j, "entries");
    t.page = get_number(r, j, "page");
    t.miss = get_number(r, j, "miss");
    t.policies = get_policies(r, j);
    GET_STRINGS(r, j, "evidence", &t.evidence);
    vec_push(&m->tlbs, t);
}

static struct model_footprint read_footprint(struct reader *r, const json_t *j) {
    int64_t bytes = get_number(r, j, "bytes"), accesses = get_number(r, j, "accesses"), cycles = get_number(r, j, "cycles");
    if (bytes <= 0 || accesses <= 0 || cycles < 0)
        bad(r, "footprint", "bytes, accesses and cycles are numbers, the first two above 0");
    return (struct model_footprint){(uint64_t)bytes, (uint64_t)accesses, (uint64_t)cycles};
}

static void read_footprints(struct reader *r, const json_t *j, struct model *m) {
    const json_t *x;
    size_t i;
    for (int s = 0; s < MODEL_SWEEPS; s++)
        json_array_foreach(json_object_get(j, sweep_names[s]), i, x) vec_push(&m->footprints[s], read_footprint(r, x));
}

static void read_lists(struct reader *r, const json_t *j, struct model *m) {
    const json_t *caches = json_object_get(j, "caches"), *tlbs = json_object_get(j, "tlbs"), *x;
    size_t i;
    if (!json_is_array(caches))
        bad(r, "caches", "not a list");
    json_array_foreach(caches, i, x) read_cache(r, x, m);
    json_array_foreach(tlbs, i, x) read_tlb(r, x, m);
    GET_STRINGS(r, j, "absent", &m->absent);
    GET_STRINGS(r, j, "unknown", &m->unknown);
}

static void read_model(struct reader *r, const json_t *j, struct model *m) {
    const json_t *latencies = json_object_get(j, "latencies"), *falsification = json_object_get(j, "falsification");
    char *digest = get_text(r, j, "platform_digest");
    m->platform = get_text(r, j, "platform");
    snprintf(m->digest, sizeof m->digest, "%s", digest);
    free(digest);
    int64_t clock = get_number(r, j, "clock");
    m->clock = clock == MODEL_UNKNOWN ? 0 : (uint64_t)clock;
    m->estimate = get_choice(r, j, "status", "inferred", "estimate") == 1;
    m->counter_overhead = get_number(r, j, "counter_overhead");
    m->jitter = get_number(r, j, "jitter");
    for (int c = 0; c < MODEL_CLASSES; c++)
        m->latency[c] = get_number(r, latencies, class_names[c]);
    m->falsify_accesses = (uint64_t)get_number(r, falsification, "accesses");
    m->falsify_mismatches = (uint64_t)get_number(r, falsification, "mismatches");
    read_footprints(r, json_object_get(j, "footprint"), m);
    read_lists(r, j, m);
}

struct model *model_load(const char *path, struct err *e) {
    json_error_t why;
    char *text;
    size_t size;
    if (file_read(path, &text, &size, e) < 0)
        return NULL;
    json_t *j = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);
    free(text);
    if (!j) {
        err_set(e, ERR_INPUT, "%s:%d: %s", path, why.line, why.text);
        return NULL;
    }
    struct reader r = {path, e, false};
    struct model *m = mem_alloc(sizeof *m);
    read_model(&r, j, m);
    json_decref(j);
    if (!r.failed)
        return m;
    model_free(m);
    return NULL;
}

/* ---- for people -------------------------------------------------------------------------------------------------------------- */

static void print_number(FILE *out, int64_t v, const char *unit) {
    if (v == MODEL_UNKNOWN)
        fprintf(out, "unknown%s", unit);
    else
        fprintf(out, "%" PRId64 "%s", v, unit);
}

static void print_policy(FILE *out, unsigned policies) {
    const char *between = "";
    for (int p = 0; p < MODEL_POLICIES; p++)
        if (policies >> p & 1) {
            fprintf(out, "%s%s", between, policy_names[p]);
            between = " = ";
        }
    if (!policies)
        fputs("unknown", out);
}

static const char *choice(int64_t v, const char *no, const char *yes) { return v == MODEL_UNKNOWN ? "unknown" : v ? yes : no; }

static void print_cache(const struct model_cache *c, FILE *out) {
    fprintf(out, "%s: ", c->name);
    print_number(out, c->line, "-byte lines, ");
    print_number(out, c->sets, " sets, ");
    print_number(out, c->ways, " ways, policy ");
    print_policy(out, c->policies);
    print_number(out, (fputs(", miss +", out), c->miss), "");
    if (c->miss < 0 && c->cold > 0)
        fprintf(out, " (+%" PRId64 " where it misses everywhere)", c->cold);
    if (c->stores) {
        fprintf(out, ", write %s, allocate %s", choice(c->write_back, "through", "back"), choice(c->allocate, "no", "yes"));
        print_number(out, (fputs(", dirty eviction +", out), c->evict_dirty), "");
    }
    fputc('\n', out);
    for (size_t i = 0; i < c->evidence.len; i++)
        fprintf(out, "    %s\n", c->evidence.data[i]);
}

static void print_tlb(const struct model_tlb *t, FILE *out) {
    fprintf(out, "%s: ", t->name);
    print_number(out, t->entries, " entries, ");
    print_number(out, t->page, "-byte pages, policy ");
    print_policy(out, t->policies);
    print_number(out, (fputs(", miss +", out), t->miss), "\n");
    for (size_t i = 0; i < t->evidence.len; i++)
        fprintf(out, "    %s\n", t->evidence.data[i]);
}

static void print_latencies(const struct model *m, FILE *out) {
    fputs("Cycles:", out);
    for (int c = 0; c < MODEL_CLASSES; c++) {
        fprintf(out, "%s %s ", c ? "," : "", class_names[c]);
        print_number(out, m->latency[c], "");
    }
    print_number(out, (fputs("\nCounter: ", out), m->counter_overhead), " cycles a latch and read, up to ");
    print_number(out, m->jitter, " late\n");
}

void model_print(const struct model *m, FILE *out) {
    fprintf(out, "Platform %s, %s, ", m->platform, m->estimate ? "estimate" : "inferred");
    print_number(out, m->clock ? (int64_t)m->clock : MODEL_UNKNOWN, " Hz\n");
    for (size_t i = 0; i < m->caches.len; i++)
        print_cache(&m->caches.data[i], out);
    for (size_t i = 0; i < m->tlbs.len; i++)
        print_tlb(&m->tlbs.data[i], out);
    for (size_t i = 0; i < m->absent.len; i++)
        fprintf(out, "%s: there is none\n", m->absent.data[i]);
    print_latencies(m, out);
    fprintf(out, "Falsification: %" PRIu64 " accesses predicted and measured, %" PRIu64 " predictions failed\n", m->falsify_accesses, m->falsify_mismatches);
    for (size_t i = 0; i < m->unknown.len; i++)
        fprintf(out, "unknown: %s\n", m->unknown.data[i]);
}
