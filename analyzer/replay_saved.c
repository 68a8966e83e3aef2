/* Counterexamples of a saved result of coverage, put into the board again. */
#include "analyzer/coverage.h"

#include <inttypes.h>

static const char *const x_names[32] = {"zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5",
                                        "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
enum { REG_BUFFER = 26 };

/* What of the file is not there, or not what it should be, makes `bad`, which sticks. */
struct saved {
    const char *what;
    bool bad;
};

static json_t *member(struct saved *s, json_t *j, const char *name) {
    json_t *v = json_object_get(j, name);
    if (!v && !s->bad) {
        s->bad = true;
        s->what = name;
    }
    return v;
}

static uint64_t number(struct saved *s, json_t *j, const char *name) {
    json_t *v = member(s, j, name);
    uint64_t n = 0;
    bool good = json_is_integer(v) || (json_is_string(v) && parse_u64(json_string_value(v), &n) == 0);
    if (!good && !s->bad) {
        s->bad = true;
        s->what = name;
    }
    return json_is_integer(v) ? (uint64_t)json_integer_value(v) : n;
}

static void read_registers(struct saved *s, json_t *j, struct replay_case *r) {
    for (int i = 1; i < 32; i++)
        r->x[i] = number(s, j, x_names[i]);
    r->sscratch = number(s, j, "sscratch");
    r->sepc = number(s, j, "sepc");
    r->scause = number(s, j, "scause");
    r->stval = number(s, j, "stval");
}

static void read_memory(struct saved *s, json_t *example, struct replay_case *r) {
    json_t *words = member(s, example, "memory"), *stores = member(s, example, "stores"), *j;
    size_t i;
    json_array_foreach(words, i, j) {
        struct replay_word w = {number(s, j, "addr"), (uint32_t)number(s, j, "size"), number(s, j, "value")};
        s->bad |= w.size == 0 || w.size > 8;
        vec_push(&r->words, w);
    }
    json_array_foreach(stores, i, j) {
        struct replay_word w = {number(s, j, "addr"), (uint32_t)number(s, j, "size"), 0};
        s->bad |= w.size == 0 || w.size > 8;
        if (!(r->probes && w.addr - r->x[REG_BUFFER] < 64))
            vec_push(&r->stores, w);
    }
}

static bool is(json_t *j, const char *name, const char *value) {
    const char *text = json_string_value(json_object_get(j, name));
    return text && strcmp(text, value) == 0;
}

static void read_caches(struct saved *s, json_t *list, struct cover_case *k) {
    size_t i;
    json_t *j;
    json_array_foreach(list, i, j) {
        struct cover_lookup l = {.access = i, .fetch = is(j, "kind", "fetch"), .store = is(j, "kind", "store"), .present = true,
                                 .counted = json_is_true(member(s, j, "counted")), .hit = json_is_true(member(s, j, "hit")), .line = number(s, j, "line"),
                                 .set = number(s, j, "set"), .age = number(s, j, "age")};
        vec_push(&k->lookups, l);
    }
}

/* X: zero; its replay refers to its state, so it must stay where it is. NAME: borrowed. */
static int read_example(json_t *j, const char *name, struct coverage_example *x, struct err *e) {
    struct saved s = {0};
    struct replay_case *r = &x->replay;
    json_t *how = member(&s, j, "replay"), *before, *misses, *v;
    size_t i;
    x->state.count = (unsigned)number(&s, j, "count");
    x->cycles = number(&s, j, "cycles");
    x->expected = number(&s, how, "expected");
    misses = member(&s, how, "misses");
    x->misses[0] = number(&s, misses, "L1D");
    x->misses[1] = number(&s, misses, "L1I");
    r->name = name;
    r->state = &x->state;
    r->start = number(&s, how, "start");
    r->end = number(&s, how, "end");
    r->probes = json_is_true(member(&s, how, "probes"));
    before = member(&s, how, "before");
    json_array_foreach(before, i, v) {
        uint64_t at = 0;
        s.bad |= !json_is_string(v) || parse_u64(json_string_value(v), &at) < 0;
        vec_push(&r->before, at);
    }
    read_registers(&s, member(&s, j, "registers"), r);
    read_memory(&s, j, r);
    read_caches(&s, member(&s, j, "caches"), &x->state);
    if (r->start == 0 && r->end == 0) /* what was refused for its instructions has no place */
        r->refused = str_dup(is(how, "why", "") || !json_string_value(json_object_get(how, "why")) ? "it was not replayed" : json_string_value(json_object_get(how, "why")));
    return s.bad ? err_set(e, ERR_INPUT, "%s: its counterexample has no good '%s'", name, s.what ? s.what : "memory") : 0;
}

static int read_unit(json_t *unit, const char *only, saved_list *list, struct err *e) {
    const char *id = json_string_value(json_object_get(unit, "id"));
    json_t *first = json_object_get(unit, "counterexample"), *further = json_object_get(unit, "further");
    if (!id || !first)
        return err_set(e, ERR_INPUT, "a unit without id or counterexample: not a result of potoroo coverage");
    if (only && strcmp(only, id) != 0)
        return 0;
    for (size_t i = 0; json_is_object(first) && i <= json_array_size(further); i++) {
        struct coverage_example *x = mem_alloc(sizeof *x);
        vec_push(list, ((struct saved_example){str_dup(id), x}));
        if (read_example(i ? json_array_get(further, i - 1) : first, list->data[list->len - 1].unit, x, e) < 0)
            return -1;
    }
    return 0;
}

void saved_free(saved_list *list) {
    for (size_t i = 0; i < list->len; i++) {
        struct coverage_example *x = list->data[i].example;
        cover_case_free(&x->state);
        replay_case_free(&x->replay);
        free(x);
        free(list->data[i].unit);
    }
    vec_free(list);
}

int saved_read(const char *path, const struct image *img, const char *only, saved_list *list, struct err *e) {
    json_error_t why;
    json_t *j = json_load_file(path, 0, &why), *units = json_object_get(j, "units");
    const char *build = json_string_value(json_object_get(j, "build_id"));
    int rc = 0;
    if (!j)
        return err_set(e, ERR_INPUT, "%s:%d: %s", path, why.line, why.text);
    if (!json_is_array(units) || !build)
        rc = err_set(e, ERR_INPUT, "not a result of potoroo coverage");
    else if (strcmp(build, image_build_id(img)) != 0)
        rc = err_set(e, ERR_INPUT, "made of build %.16s, but %s is build %.16s", build, image_path(img), image_build_id(img));
    for (size_t i = 0; rc == 0 && i < json_array_size(units); i++)
        rc = read_unit(json_array_get(units, i), only, list, e);
    json_decref(j);
    return rc < 0 ? err_wrap(e, "%s", path) : 0;
}

int saved_replay(saved_list *list, const char *platform, const struct image *img, const struct model *m, struct err *e) {
    VEC(struct replay_case) cases = {0};
    for (size_t i = 0; i < list->len; i++)
        vec_push(&cases, list->data[i].example->replay);
    int rc = replay_run(platform, img, m, true, cases.data, cases.len, e);
    for (size_t i = 0; i < list->len; i++) {
        struct coverage_example *x = list->data[i].example;
        x->replay = cases.data[i];
        x->replayed = rc == 0 && !x->replay.refused;
        x->agrees = x->replayed && replay_agrees(&x->replay, x->expected, x->misses);
    }
    vec_free(&cases);
    return rc;
}
