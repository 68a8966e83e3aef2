#include "cachemodel/host.h"
#include "cachemodel/infer.h"

#include <stdarg.h>

uint64_t next_random(struct infer *f) {
    f->seed += 0x9e3779b97f4a7c15u; /* SplitMix64 (Steele, Lea, Flood 2014) */
    uint64_t z = f->seed;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint64_t random_below(struct infer *f, uint64_t n) { return next_random(f) % n; }

static char *format(const char *fmt, va_list ap) {
    char text[512];
    vsnprintf(text, sizeof text, fmt, ap);
    return str_dup(text);
}

void say(struct infer *f, int cache, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    vec_push(&f->evidence[cache], format(fmt, ap));
    va_end(ap);
}

void unknown(struct infer *f, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    vec_push(&f->m->unknown, format(fmt, ap));
    va_end(ap);
}

/* ---- the result -------------------------------------------------------------------------------------------------------------- */

static int64_t or_unknown(bool certain, uint64_t value) { return certain && value ? (int64_t)value : MODEL_UNKNOWN; }

static struct model_cache *add_cache(struct infer *f, const char *name, int which, const struct level *l) {
    vec_push(&f->m->caches, (struct model_cache){0});
    struct model_cache *c = &f->m->caches.data[f->m->caches.len - 1];
    snprintf(c->name, sizeof c->name, "%s", name);
    c->line = or_unknown(true, l->shape.line);
    c->ways = or_unknown(true, l->shape.ways);
    c->sets = or_unknown(l->shaped, l->shape.sets);
    c->policies = l->policies;
    if (l->policies >> MODEL_PERMUTATION & 1)
        c->table = memcpy(mem_alloc((size_t)(l->shape.ways * l->shape.ways)), l->table, (size_t)(l->shape.ways * l->shape.ways));
    c->miss = l->miss;
    c->cold = which == L2 ? 0 : l->cold;
    c->write_back = c->allocate = c->evict_dirty = MODEL_UNKNOWN;
    for (size_t i = 0; i < f->evidence[which].len; i++)
        vec_push(&c->evidence, f->evidence[which].data[i]);
    f->evidence[which].len = 0;
    return c;
}

static void add_stores(struct infer *f, struct model_cache *c, int level) {
    c->stores = true;
    c->write_back = f->write_back[level];
    c->allocate = f->allocate[level];
    c->evict_dirty = f->evict_dirty[level];
}

static void finish_model(struct infer *f) {
    struct model *m = f->m;
    if (f->side[SIDE_I].present)
        add_cache(f, "L1I", SIDE_I, &f->side[SIDE_I]);
    else
        vec_push(&m->absent, str_dup("L1I"));
    if (f->side[SIDE_D].present)
        add_stores(f, add_cache(f, "L1D", SIDE_D, &f->side[SIDE_D]), 0);
    else
        vec_push(&m->absent, str_dup("L1D"));
    if (f->second == YES) {
        struct model_cache *c = add_cache(f, "L2", L2, &f->l2);
        if (f->side[SIDE_D].present)
            add_stores(f, c, 1);
    } else if (f->second == NO)
        vec_push(&m->absent, str_dup("L2"));
}

/* ---- the way there ----------------------------------------------------------------------------------------------------------- */

static void set_stride(struct infer *f) {
    f->stride = 1;
    while ((MOST_WAYS + 2) * 2 * f->stride <= f->lab.cached)
        f->stride *= 2;
}

static int infer_all(struct infer *f, struct err *e) {
    static int (*const steps[])(struct infer *, struct err *) = {infer_latencies, infer_lines, infer_first_level, infer_second_level, infer_lone_second,
                                                                  infer_policies, infer_stores, infer_falsify, infer_tlbs, infer_sweep};
    enum { STEPS = sizeof steps / sizeof *steps };
    struct progress *p = progress_begin("inferring the model", STEPS);
    int rc = 0;
    for (int i = 0; rc == 0 && i < STEPS; i++) {
        rc = steps[i](f, e);
        progress_at(p, (uint64_t)i + 1);
    }
    progress_end(p);
    return rc;
}

/* "platforms/reference.ini" is called "reference". */
static char *name_of(const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t n = strlen(name);
    return str_printf("%.*s", (int)(n > 4 && strcmp(name + n - 4, ".ini") == 0 ? n - 4 : n), name);
}

static void model_init(struct model *m, const char *platform, const struct board_facts *facts) {
    m->platform = name_of(platform);
    snprintf(m->digest, sizeof m->digest, "%s", facts->digest);
    m->clock = facts->clock_hz;
}

struct model *model_infer(const char *platform, struct err *e) {
    if (strcmp(platform, "host") == 0)
        return host_infer(e);
    struct infer f = {.m = mem_alloc(sizeof *f.m), .seed = 1};
    int rc = lab_open(&f.lab, platform, e);
    if (rc == 0) {
        model_init(f.m, platform, &f.lab.facts);
        set_stride(&f);
        rc = infer_all(&f, e);
        if (rc == 0)
            finish_model(&f);
        lab_close(&f.lab);
    }
    for (int c = 0; c < 3; c++) {
        for (size_t i = 0; i < f.evidence[c].len; i++)
            free(f.evidence[c].data[i]);
        vec_free(&f.evidence[c]);
    }
    for (int s = 0; s < SIDES; s++)
        free(f.side[s].table);
    if (rc == 0)
        return f.m;
    model_free(f.m);
    return NULL;
}
