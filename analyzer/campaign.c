/* The campaign file, and what one job is. */
#include "analyzer/campaign.h"
#include "tracer/tracer.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the file ------------------------------------------------------------------------------------------------------ */

static void push_words(texts *list, const char *value) {
    char *copy = str_dup(value), *rest = copy;
    for (char *w; (w = strsep(&rest, " \t,\n")) != NULL;)
        if (*w)
            vec_push(list, str_dup(w));
    free(copy);
}

/* Arguments may hold commas: only white space parts them. */
static void push_arguments(texts *list, const char *value) {
    char *copy = str_dup(value), *rest = copy;
    for (char *w; (w = strsep(&rest, " \t\n")) != NULL;)
        if (*w)
            vec_push(list, str_dup(w));
    free(copy);
}

static char *beside(const char *file, const char *path) {
    const char *slash = strrchr(file, '/');
    return path[0] == '/' || !slash ? str_dup(path) : str_printf("%.*s/%s", (int)(slash - file), file, path);
}

static int add_seeds(struct campaign *c, const char *value, struct err *e) {
    texts words = {0};
    int rc = 0;
    push_words(&words, value);
    for (size_t i = 0; i < words.len; i++) {
        uint64_t low, high;
        char *dash = strchr(words.data[i], '-');
        if (dash)
            *dash = 0;
        if (rc == 0 && (parse_u64(words.data[i], &low) < 0 || parse_u64(dash ? dash + 1 : words.data[i], &high) < 0 || high < low || high - low > 1000000))
            rc = err_set(e, ERR_INPUT, "seeds are numbers and ranges like 1-8, not %s%s%s", words.data[i], dash ? "-" : "", dash ? dash + 1 : "");
        for (uint64_t s = low; rc == 0 && s <= high; s++)
            vec_push(&c->seeds, s);
        free(words.data[i]);
    }
    vec_free(&words);
    return rc;
}

static int set_path(const struct campaign *c, char **to, const char *value) {
    free(*to);
    *to = beside(c->path, value);
    return 0;
}

static int set_number(uint64_t *to, const char *key, const char *value, struct err *e) {
    return parse_u64(value, to) == 0 && *to ? 0 : err_set(e, ERR_INPUT, "%s '%s' is no positive number", key, value);
}

static int set_campaign(struct campaign *c, const char *key, const char *value, struct err *e) {
    char *end;
    if (strcmp(key, "kernel") == 0)
        return set_path(c, &c->kernel, value);
    if (strcmp(key, "facts") == 0)
        return set_path(c, &c->facts, value);
    if (strcmp(key, "seeds") == 0)
        return add_seeds(c, value, e);
    if (strcmp(key, "stable") == 0)
        return set_number(&c->stable, key, value, e);
    if (strcmp(key, "cycles") == 0)
        return set_number(&c->cycles, key, value, e);
    if (strcmp(key, "platforms") == 0)
        push_words(&c->platforms, value);
    else if (strcmp(key, "arguments") == 0)
        push_arguments(&c->arguments, value);
    else if (strcmp(key, "points") == 0 && (strcmp(value, "port") == 0 || strcmp(value, "probes") == 0))
        c->port = value[1] == 'o';
    else if (strcmp(key, "timeout") == 0 && (c->timeout = strtod(value, &end)) > 0 && !*end && isfinite(c->timeout))
        return 0;
    else
        return err_set(e, ERR_INPUT, "[campaign] has no key '%s' with value '%s'", key, value);
    return 0;
}

static int on_key(void *user, const char *section, const char *key, const char *value, int line, struct err *e) {
    struct campaign *c = user;
    (void)line;
    bool workload = strncmp(section, "workload ", 9) == 0, cache = strncmp(section, "cache ", 6) == 0;
    const char *name = strchr(section, ' ');
    if (!workload && !cache)
        return strcmp(section, "campaign") != 0 ? err_set(e, ERR_INPUT, "unknown section [%s]", section) : key ? set_campaign(c, key, value, e) : 0;
    if (!key) {
        struct campaign_part part = {.name = str_dup(name + 1)};
        for (const char *p = part.name; *p; p++)
            if (!isalnum((unsigned char)*p) && *p != '_' && *p != '-') {
                free(part.name);
                return err_set(e, ERR_INPUT, "[%s]: names are letters, digits, _ and -", section);
            }
        if (workload)
            vec_push(&c->workloads, part);
        else
            vec_push(&c->caches, part);
        return 0;
    }
    if (strcmp(key, "arguments") != 0)
        return err_set(e, ERR_INPUT, "unknown key '%s' in [%s]", key, section);
    push_arguments(workload ? &c->workloads.data[c->workloads.len - 1].arguments : &c->caches.data[c->caches.len - 1].arguments, value);
    return 0;
}

/* ---- jobs ---------------------------------------------------------------------------------------------------------- */

static void push_with_seed(texts *to, const texts *from, uint64_t seed) {
    for (size_t i = 0; i < from->len; i++) {
        char *text = str_dup(from->data[i]);
        for (char *at; (at = strstr(text, "{seed}")) != NULL;) {
            char *with = str_printf("%.*s%llu%s", (int)(at - text), text, (unsigned long long)seed, at + 6);
            free(text);
            text = with;
        }
        vec_push(to, text);
    }
}

static char *stem(const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
    return str_printf("%.*s", dot && dot > name ? (int)(dot - name) : (int)strlen(name), name);
}

static int add_digest(uint64_t *digest, const char *path, struct err *e) {
    const uint8_t *data;
    size_t size;
    if (!path)
        return 0;
    if (file_map(path, &data, &size, e) < 0)
        return -1;
    *digest = hash_bytes(data, size, *digest);
    file_unmap(data, size);
    return 0;
}

static void add_job(struct campaign *c, size_t platform, uint64_t digest, const struct campaign_part *w, const struct campaign_part *cache, uint64_t seed) {
    char *name = stem(c->platforms.data[platform]);
    struct campaign_job j = {.platform = platform};
    j.name = str_printf("%s%s%s%s%s.%llu", name, w ? "." : "", w ? w->name : "", cache ? "." : "", cache ? cache->name : "", (unsigned long long)seed);
    push_with_seed(&j.arguments, &c->arguments, seed);
    if (w)
        push_with_seed(&j.arguments, &w->arguments, seed);
    if (cache)
        push_with_seed(&j.arguments, &cache->arguments, seed);
    for (size_t i = 0; i < j.arguments.len; i++)
        digest = hash_bytes(j.arguments.data[i], strlen(j.arguments.data[i]) + 1, digest);
    j.result = str_printf("%s/%s-%08x.prof", c->folder, j.name, (unsigned)(digest ^ digest >> 32));
    free(name);
    vec_push(&c->jobs, j);
}

static int make_jobs(struct campaign *c, struct err *e) {
    uint64_t kernel = c->port + 2 * c->cycles;
    if (add_digest(&kernel, c->kernel, e) < 0 || add_digest(&kernel, c->facts, e) < 0)
        return -1;
    for (size_t p = 0; p < c->platforms.len; p++) {
        uint64_t digest = kernel;
        if (add_digest(&digest, c->platforms.data[p], e) < 0)
            return -1;
        for (size_t s = 0; s < c->seeds.len; s++)
            for (size_t w = 0; w < c->workloads.len || w == 0; w++)
                for (size_t k = 0; k < c->caches.len || k == 0; k++)
                    add_job(c, p, digest, c->workloads.len ? &c->workloads.data[w] : NULL, c->caches.len ? &c->caches.data[k] : NULL, c->seeds.data[s]);
    }
    for (size_t i = 0; i < c->jobs.len; i++)
        for (size_t k = 0; c->jobs.len < 5000 && k < i; k++)
            if (strcmp(c->jobs.data[i].name, c->jobs.data[k].name) == 0)
                return err_set(e, ERR_INPUT, "%s: two jobs are called %s", c->path, c->jobs.data[i].name);
    return 0;
}

static int complete(struct campaign *c, struct err *e) {
    if (!c->kernel || !c->platforms.len || !c->seeds.len)
        return err_set(e, ERR_INPUT, "%s: [campaign] needs kernel, platforms and seeds", c->path);
    for (size_t i = 0; i < c->platforms.len; i++) {
        char *path = beside(c->path, c->platforms.data[i]);
        free(c->platforms.data[i]);
        c->platforms.data[i] = path;
    }
    if (mkdir(c->folder, 0777) < 0 && errno != EEXIST)
        return err_set(e, ERR_INPUT, "%s: %s", c->folder, strerror(errno));
    return make_jobs(c, e);
}

struct campaign *campaign_read(const char *path, const char *folder, struct err *e) {
    struct campaign *c = mem_alloc(sizeof *c);
    c->path = str_dup(path);
    c->folder = str_dup(folder);
    c->timeout = 600;
    if (ini_each(path, on_key, c, e) == 0 && complete(c, e) == 0)
        return c;
    campaign_free(c);
    return NULL;
}

static void free_texts(texts *t) {
    for (size_t i = 0; i < t->len; i++)
        free(t->data[i]);
    vec_free(t);
}

void campaign_free(struct campaign *c) {
    if (!c)
        return;
    for (size_t i = 0; i < c->workloads.len + c->caches.len; i++) {
        struct campaign_part *p = i < c->workloads.len ? &c->workloads.data[i] : &c->caches.data[i - c->workloads.len];
        free(p->name);
        free_texts(&p->arguments);
    }
    for (size_t i = 0; i < c->jobs.len; i++) {
        free(c->jobs.data[i].name);
        free(c->jobs.data[i].result);
        free_texts(&c->jobs.data[i].arguments);
    }
    vec_free(&c->workloads);
    vec_free(&c->caches);
    vec_free(&c->jobs);
    vec_free(&c->seeds);
    free_texts(&c->platforms);
    free_texts(&c->arguments);
    free(c->path);
    free(c->folder);
    free(c->kernel);
    free(c->facts);
    free(c);
}

char *campaign_profile(const struct campaign *c, size_t platform) {
    char *name = stem(c->platforms.data[platform]), *path = str_printf("%s/%s.prof", c->folder, name);
    free(name);
    return path;
}

/* ---- one job ------------------------------------------------------------------------------------------------------- */

static struct profile *measure(const struct campaign *c, const char *trace, struct err *e) {
    struct image *img = NULL;
    struct cfg *g = NULL;
    struct profile *p = NULL;
    if (kernel_open(c->kernel, c->facts, c->port, &img, &g, e) == 0)
        p = profile_replay(g, trace, e);
    cfg_free(g);
    image_free(img);
    return p;
}

int campaign_do(const struct campaign *c, const struct campaign_job *job, bool keep, struct err *e) {
    char *trace = str_printf("%.*s.ptrace", (int)(strlen(job->result) - strlen(".prof")), job->result);
    texts arguments = {0};
    for (size_t i = 0; i < job->arguments.len; i++)
        vec_push(&arguments, job->arguments.data[i]);
    vec_push(&arguments, NULL);
    struct run_options o = {.platform = c->platforms.data[job->platform], .kernel = c->kernel, .output = trace, .port = c->port, .facts = c->facts,
                            .timeout = c->timeout, .cycles = c->cycles, .must_end = true, .qemu_args = arguments.data};
    struct run_summary s;
    struct profile *p = NULL;
    int rc = tracer_run(&o, &s, e);
    if (rc == 0)
        rc = (p = measure(c, trace, e)) && profile_write(p, job->result, e) == 0 ? 0 : -1;
    if (!keep)
        unlink(trace);
    profile_free(p);
    vec_free(&arguments);
    free(trace);
    return rc;
}
