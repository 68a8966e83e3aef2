/* potoroo.ini: what to analyse (DESIGN.md's contract). */
#include "analyzer/analyzer.h"
#include "analyzer/diff.h"

static char *beside(const char *ini, const char *path) {
    const char *slash = strrchr(ini, '/');
    if (path[0] == '/' || !slash)
        return str_dup(path);
    return str_printf("%.*s/%s", (int)(slash - ini), ini, path);
}

static int set_kernel(struct analysis *a, const char *key, const char *value, struct err *e) {
    const struct {
        const char *key;
        char **to;
    } paths[] = {{"elf", &a->elf}, {"facts", &a->facts}, {"model", &a->model}, {"profile", &a->profile}, {"platform", &a->platform}, {"coverage", &a->coverage}};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (strcmp(key, paths[i].key) == 0) {
            if (*paths[i].to)
                return err_set(e, ERR_INPUT, "'%s' is given twice", key);
            *paths[i].to = beside(a->path, value);
            return 0;
        }
    if (strcmp(key, "arch") == 0)
        return strcmp(value, "rv64") == 0 ? 0 : err_set(e, ERR_INPUT, "arch '%s' is not known (rv64 is)", value);
    return err_set(e, ERR_INPUT, "unknown key '%s' in [kernel]", key);
}

static struct entry_spec *new_entry(struct analysis *a, const char *section, int line, struct err *e) {
    const char *name = section + strlen("entry ");
    for (size_t i = 0; i < a->entries.len; i++)
        if (strcmp(a->entries.data[i].name, name) == 0) {
            err_set(e, ERR_INPUT, "[%s] is there twice", section);
            return NULL;
        }
    struct entry_spec s = {.name = str_dup(name), .line = line};
    vec_push(&a->entries, s);
    return &a->entries.data[a->entries.len - 1];
}

#define PUSH_WORDS(list, value)                                                                        \
    do {                                                                                               \
        char *copy_ = str_dup(value), *rest_ = copy_;                                                  \
        for (char *w_; (w_ = strsep(&rest_, " \t,")) != NULL;)                                         \
            if (*w_)                                                                                   \
                vec_push(list, str_dup(w_));                                                           \
        free(copy_);                                                                                   \
    } while (0)

/* "8 interrupt:7": numbers as the architecture gives them, exceptions' or interrupts'. */
static int set_causes(struct entry_spec *s, const char *value, struct err *e) {
    VEC(char *) words = {0};
    int rc = 0;
    PUSH_WORDS(&words, value);
    for (size_t i = 0; i < words.len; i++) {
        bool interrupt = strncmp(words.data[i], "interrupt:", 10) == 0;
        uint64_t number;
        if (rc == 0 && (parse_u64(words.data[i] + (interrupt ? 10 : 0), &number) < 0 || number > 62))
            rc = err_set(e, ERR_INPUT, "cause '%s' is neither a number up to 62 nor interrupt:NUMBER", words.data[i]);
        if (rc == 0)
            vec_push(&s->causes, (uint64_t)interrupt << 63 | number);
        free(words.data[i]);
    }
    vec_free(&words);
    return rc;
}

bool entry_has_cause(const struct entry_spec *s, uint64_t cause) {
    bool found = s->causes.len == 0;
    for (size_t i = 0; i < s->causes.len && !found; i++)
        found = s->causes.data[i] == cause;
    return found;
}

static int set_entry(struct entry_spec *s, const char *key, const char *value, struct err *e) {
    if (strcmp(key, "start") == 0) {
        if (s->start)
            return err_set(e, ERR_INPUT, "'start' is given twice");
        s->start = str_dup(value);
    } else if (strcmp(key, "end") == 0) {
        if (strcmp(value, "return") != 0)
            PUSH_WORDS(&s->end, value);
    } else if (strcmp(key, "via") == 0) {
        PUSH_WORDS(&s->via, value);
    } else if (strcmp(key, "cause") == 0) {
        return set_causes(s, value, e);
    } else if (strcmp(key, "budget") == 0) {
        if (parse_u64(value, &s->budget) < 0 || s->budget == 0)
            return err_set(e, ERR_INPUT, "budget '%s' is no positive number of cycles", value);
    } else if (strcmp(key, "threshold") == 0) {
        struct threshold unused;
        free(s->threshold);
        s->threshold = str_dup(value);
        return threshold_parse(value, &unused, e);
    } else if (strcmp(key, "interrupt") == 0) {
        s->interrupt = strcmp(value, "yes") == 0;
        if (!s->interrupt && strcmp(value, "no") != 0)
            return err_set(e, ERR_INPUT, "interrupt '%s' is neither yes nor no", value);
    } else {
        return err_set(e, ERR_INPUT, "unknown key '%s' in [entry %s]", key, s->name);
    }
    return 0;
}

static int on_key(void *user, const char *section, const char *key, const char *value, int line, struct err *e) {
    struct analysis *a = user;
    bool entry = strncmp(section, "entry ", 6) == 0;
    if (!entry && strcmp(section, "kernel") != 0)
        return err_set(e, ERR_INPUT, "unknown section [%s]", section);
    if (!key)
        return entry && !new_entry(a, section, line, e) ? -1 : 0;
    if (!*value)
        return err_set(e, ERR_INPUT, "'%s' has no value", key);
    return entry ? set_entry(&a->entries.data[a->entries.len - 1], key, value, e) : set_kernel(a, key, value, e);
}

static int complete(const struct analysis *a, struct err *e) {
    if (!a->elf)
        return err_set(e, ERR_INPUT, "%s: [kernel] needs 'elf'", a->path);
    if (a->entries.len == 0)
        return err_set(e, ERR_INPUT, "%s: there is no [entry NAME]", a->path);
    for (size_t i = 0; i < a->entries.len; i++)
        if (!a->entries.data[i].start)
            return err_set(e, ERR_INPUT, "%s:%d: [entry %s] needs 'start'", a->path, a->entries.data[i].line, a->entries.data[i].name);
    return 0;
}

struct analysis *analysis_read(const char *path, struct err *e) {
    struct analysis *a = mem_alloc(sizeof *a);
    a->path = str_dup(path);
    if (ini_each(path, on_key, a, e) == 0 && complete(a, e) == 0)
        return a;
    analysis_free(a);
    return NULL;
}

void analysis_free(struct analysis *a) {
    if (!a)
        return;
    for (size_t i = 0; i < a->entries.len; i++) {
        struct entry_spec *s = &a->entries.data[i];
        for (size_t k = 0; k < s->end.len; k++)
            free(s->end.data[k]);
        for (size_t k = 0; k < s->via.len; k++)
            free(s->via.data[k]);
        vec_free(&s->end);
        vec_free(&s->via);
        vec_free(&s->causes);
        free(s->name);
        free(s->start);
        free(s->threshold);
    }
    vec_free(&a->entries);
    free(a->path);
    free(a->elf);
    free(a->facts);
    free(a->model);
    free(a->coverage);
    free(a->profile);
    free(a->platform);
    free(a);
}

int kernel_open(const char *elf, const char *facts, bool trace_port, struct image **img, struct cfg **g, struct err *e) {
    *g = NULL;
    *img = image_open(elf, e);
    if (*img && trace_port)
        image_use_port(*img);
    *g = *img ? cfg_build_with(*img, facts, e) : NULL;
    if (*g)
        return 0;
    image_free(*img);
    *img = NULL;
    return -1;
}
