/* Reading a result, and matching the code of two by name and shape. */
#include "analyzer/diff_match.h"

#include <inttypes.h>

/* Beyond these, sums of products might not fit 63 bits; no kernel comes near. */
enum { BLOCK_MAX = 1 << 20 };
static const int64_t step_max = INT64_C(1) << 30;

/* ---- reading --------------------------------------------------------------------------------------------------------- */

static const char *text_of(const json_t *j, const char *key) {
    const char *s = json_string_value(json_object_get(j, key));
    return s ? s : "";
}

static int read_block(struct result *r, const json_t *j, struct err *e) {
    struct code_block b = {.function = (uint32_t)r->functions.len, .twin = NO_BLOCK, .file = text_of(j, "file"),
                           .line = (int)json_integer_value(json_object_get(j, "line")), .insns = json_integer_value(json_object_get(j, "insns")), .size = json_integer_value(json_object_get(j, "size"))};
    if (parse_u64(text_of(j, "addr"), &b.addr) < 0 || parse_u64(text_of(j, "shape"), &b.shape) < 0)
        return err_set(e, ERR_INPUT, "a block has no 'addr' or 'shape'");
    if (b.size < 0 || b.size > BLOCK_MAX || b.insns < 0 || b.insns > BLOCK_MAX)
        return err_set(e, ERR_INPUT, "the block at 0x%" PRIx64 " has no possible size", b.addr);
    map_put(&r->block_at, b.addr, r->blocks.len);
    vec_push(&r->blocks, b);
    return 0;
}

static int read_function(struct result *r, const json_t *j, struct err *e) {
    struct code_function f = {.name = text_of(j, "name"), .block = (uint32_t)r->blocks.len, .twin = NO_BLOCK};
    size_t i;
    json_t *block;
    json_array_foreach(json_object_get(j, "blocks"), i, block)
        if (read_block(r, block, e) < 0)
            return err_wrap(e, "function '%s'", f.name);
    f.blocks = (uint32_t)(r->blocks.len - f.block);
    vec_push(&r->functions, f);
    return 0;
}

static void read_cost(struct result *r, const json_t *step, const char *from_key, const char *cost_key) {
    uint64_t from, to, key, old = 0;
    int64_t cost = json_integer_value(json_object_get(step, cost_key));
    if (parse_u64(text_of(step, from_key), &from) < 0 || parse_u64(text_of(step, "to"), &to) < 0 || cost < 0 || cost > step_max)
        return;
    key = hash_bytes((uint64_t[]){from, to}, 16, 0);
    if (!map_get(&r->cost, key, &old) || (uint64_t)cost > old)
        map_put(&r->cost, key, (uint64_t)cost);
}

static void read_costs(struct result *r) {
    size_t i, k;
    json_t *x, *step;
    json_array_foreach(json_object_get(r->root, "costs"), i, x)
        read_cost(r, x, "from", "cost");
    json_array_foreach(r->entries, i, x)
        json_array_foreach(json_object_get(x, "worst_path"), k, step)
            read_cost(r, step, "addr", "cost");
}

static int check_path(const json_t *entry, struct err *e) {
    size_t i;
    json_t *step;
    json_array_foreach(json_object_get(entry, "worst_path"), i, step) {
        int64_t count = json_integer_value(json_object_get(step, "count")), cost = json_integer_value(json_object_get(step, "cost"));
        if (count < 0 || cost < 0 || count > step_max || cost > step_max)
            return err_set(e, ERR_INPUT, "entry '%s': step %zu of its worst path is too large to compare", text_of(entry, "name"), i + 1);
    }
    return 0;
}

static int read_entries(const struct result *r, struct err *e) {
    size_t i;
    json_t *x;
    json_array_foreach(r->entries, i, x) {
        const json_t *bound = json_object_get(x, "bound");
        if (!json_is_string(json_object_get(x, "name")))
            return err_set(e, ERR_INPUT, "entry %zu has no name", i + 1);
        if (json_is_string(bound))
            return err_set(e, ERR_INPUT, "entry '%s': a bound beyond 2^63 cannot be compared", text_of(x, "name"));
        if (!json_is_null(bound) && !json_is_integer(bound))
            return err_set(e, ERR_INPUT, "entry '%s': 'bound' is neither a number of cycles nor null", text_of(x, "name"));
        if (check_path(x, e) < 0)
            return -1;
    }
    return 0;
}

enum { CODE_LINE_MAX = 4096 };

static int64_t code_line(const json_t *root) {
    size_t i;
    json_t *c;
    json_array_foreach(json_object_get(json_object_get(root, "model"), "caches"), i, c)
        if (strcmp(text_of(c, "name"), "L1I") == 0 && json_integer_value(json_object_get(c, "line")) > 0 &&
            json_integer_value(json_object_get(c, "line")) <= CODE_LINE_MAX)
            return json_integer_value(json_object_get(c, "line"));
    return 64;
}

static int read_all(struct result *r, struct err *e) {
    json_error_t je;
    size_t i;
    json_t *f;
    if (!(r->root = json_load_file(r->path, JSON_REJECT_DUPLICATES, &je)))
        return je.line > 0 ? err_set(e, ERR_INPUT, "line %d: %s", je.line, je.text) : err_set(e, ERR_INPUT, "%s", je.text);
    r->entries = json_object_get(r->root, "entries");
    if (!json_is_array(r->entries))
        return err_set(e, ERR_INPUT, "it has no 'entries': not a result of potoroo wcet");
    if (!json_is_array(json_object_get(r->root, "functions")))
        return err_set(e, ERR_INPUT, "it has no 'functions': made by an older potoroo wcet, so code cannot be matched");
    r->build_id = text_of(r->root, "build_id");
    r->line = code_line(r->root);
    r->kernel = text_of(r->root, "kernel");
    json_array_foreach(json_object_get(r->root, "functions"), i, f)
        if (read_function(r, f, e) < 0)
            return -1;
    read_costs(r);
    return read_entries(r, e);
}

struct result *result_read(const char *path, struct err *e) {
    struct result *r = mem_alloc(sizeof *r);
    r->path = str_dup(path);
    if (read_all(r, e) == 0)
        return r;
    if (strncmp(e->text, path, strlen(path)) != 0)
        err_wrap(e, "%s", path);
    result_free(r);
    return NULL;
}

void result_free(struct result *r) {
    if (!r)
        return;
    json_decref(r->root);
    vec_free(&r->functions);
    vec_free(&r->blocks);
    map_free(&r->block_at);
    map_free(&r->cost);
    free(r->path);
    free(r);
}

json_t *result_entry(const struct result *r, const char *name) {
    size_t i;
    json_t *x;
    json_array_foreach(r->entries, i, x)
        if (strcmp(text_of(x, "name"), name) == 0)
            return x;
    return NULL;
}

uint32_t result_block(const struct result *r, const json_t *address) {
    uint64_t addr, b;
    if (!json_is_string(address) || parse_u64(json_string_value(address), &addr) < 0 || !map_get(&r->block_at, addr, &b))
        return NO_BLOCK;
    return (uint32_t)b;
}

bool result_cost(const struct result *r, uint32_t from, uint32_t to, int64_t *cost) {
    uint64_t v;
    if (from == NO_BLOCK || to == NO_BLOCK || !map_get(&r->cost, hash_bytes((uint64_t[]){r->blocks.data[from].addr, r->blocks.data[to].addr}, 16, 0), &v))
        return false;
    *cost = (int64_t)v;
    return true;
}

/* ---- matching -------------------------------------------------------------------------------------------------------- */

/* Without the endings that compilers give to clones: "sys_send.isra.0" is sys_send. */
static bool same_stem(const char *a, const char *b) {
    size_t n = strcspn(a, ".");
    return n && n == strcspn(b, ".") && strncmp(a, b, n) == 0;
}

static uint32_t find_function(const struct result *r, const char *name, bool stem) {
    uint32_t found = NO_BLOCK;
    for (uint32_t i = 0; i < r->functions.len; i++) {
        const struct code_function *f = &r->functions.data[i];
        if (f->twin != NO_BLOCK || !(stem ? same_stem(f->name, name) : strcmp(f->name, name) == 0))
            continue;
        if (found != NO_BLOCK)
            return NO_BLOCK; /* ambiguous: better no match than a wrong one */
        found = i;
    }
    return found;
}

static void pair_functions(struct result *a, struct result *b, bool stem) {
    for (uint32_t i = 0; i < a->functions.len; i++) {
        if (a->functions.data[i].twin != NO_BLOCK)
            continue;
        uint32_t twin = find_function(b, a->functions.data[i].name, stem);
        if (twin == NO_BLOCK)
            continue;
        a->functions.data[i].twin = twin;
        b->functions.data[twin].twin = i;
    }
}

static bool same_shapes(const struct result *a, const struct result *b, const struct code_function *f, const struct code_function *g) {
    if (f->blocks != g->blocks)
        return false;
    for (uint32_t i = 0; i < f->blocks; i++)
        if (a->blocks.data[f->block + i].shape != b->blocks.data[g->block + i].shape)
            return false;
    return true;
}

/* A function that lost its name but not a single instruction. */
static void pair_renamed(struct result *a, struct result *b) {
    for (uint32_t i = 0; i < a->functions.len; i++)
        for (uint32_t k = 0; a->functions.data[i].twin == NO_BLOCK && k < b->functions.len; k++)
            if (b->functions.data[k].twin == NO_BLOCK && same_shapes(a, b, &a->functions.data[i], &b->functions.data[k])) {
                a->functions.data[i].twin = k;
                b->functions.data[k].twin = i;
            }
}

static void pair_blocks(struct result *a, struct result *b, uint32_t x, uint32_t y) {
    a->blocks.data[x].twin = y;
    b->blocks.data[y].twin = x;
}

enum { SAME = 1000, ALIKE = 10, ALIKE_LEAST = 1 };

/* One equal shape outweighs a hundred likely pairs; of those, similar sizes are preferred. */
static int likeness(const struct code_block *x, const struct code_block *y) {
    if (x->shape == y->shape)
        return SAME;
    int64_t apart = x->insns > y->insns ? x->insns - y->insns : y->insns - x->insns;
    return apart < ALIKE - ALIKE_LEAST ? ALIKE - (int)apart : ALIKE_LEAST;
}

/* The alignment of N and M blocks in address order that makes the sum of likenesses largest (Needleman and Wunsch). */
static void align_between(struct result *a, struct result *b, uint32_t first_a, size_t n, uint32_t first_b, size_t m) {
    size_t row = m + 1;
    int64_t *best = mem_alloc((n + 1) * row * sizeof *best);
    for (size_t i = n; i-- > 0;)
        for (size_t k = m; k-- > 0;) {
            int64_t pair = best[(i + 1) * row + k + 1] + likeness(&a->blocks.data[first_a + i], &b->blocks.data[first_b + k]);
            int64_t skip = best[(i + 1) * row + k] > best[i * row + k + 1] ? best[(i + 1) * row + k] : best[i * row + k + 1];
            best[i * row + k] = pair >= skip ? pair : skip;
        }
    for (size_t i = 0, k = 0; i < n && k < m;) {
        int64_t pair = best[(i + 1) * row + k + 1] + likeness(&a->blocks.data[first_a + i], &b->blocks.data[first_b + k]);
        if (best[i * row + k] == pair)
            pair_blocks(a, b, first_a + (uint32_t)i++, first_b + (uint32_t)k++);
        else if (best[(i + 1) * row + k] >= best[i * row + k + 1])
            i++;
        else
            k++;
    }
    free(best);
}

/* What is equal at both ends needs no table: most functions are equal as a whole. */
static void align(struct result *a, struct result *b, const struct code_function *f, const struct code_function *g) {
    uint32_t i = 0, n = f->blocks, m = g->blocks;
    for (; i < n && i < m && a->blocks.data[f->block + i].shape == b->blocks.data[g->block + i].shape; i++)
        pair_blocks(a, b, f->block + i, g->block + i);
    for (; n > i && m > i && a->blocks.data[f->block + n - 1].shape == b->blocks.data[g->block + m - 1].shape; n--, m--)
        pair_blocks(a, b, f->block + n - 1, g->block + m - 1);
    if (n > i && m > i)
        align_between(a, b, f->block + i, n - i, g->block + i, m - i);
}

void result_match(struct result *a, struct result *b) {
    pair_functions(a, b, false);
    pair_functions(a, b, true);
    pair_renamed(a, b);
    for (size_t i = 0; i < a->functions.len; i++)
        if (a->functions.data[i].twin != NO_BLOCK)
            align(a, b, &a->functions.data[i], &b->functions.data[a->functions.data[i].twin]);
}

bool same_code(const struct result *a, const struct result *b, uint32_t function) {
    const struct code_function *f = &a->functions.data[function];
    const struct code_function *g = f->twin == NO_BLOCK ? NULL : &b->functions.data[f->twin];
    return g && same_shapes(a, b, f, g);
}
