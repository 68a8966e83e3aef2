/* The comparison: the new worst path priced with the old build's costs (diff.h has the accounting). */
#include "analyzer/diff_match.h"

#include <inttypes.h>

const char *const part_name[PARTS] = {"code", "added", "removed", "count", "path", "lines", "layout", "measured", "rest"};

static const char *text_of(const json_t *j, const char *key) {
    const char *s = json_string_value(json_object_get(j, key));
    return s ? s : "";
}

static int64_t integer_of(const json_t *j, const char *key) { return json_integer_value(json_object_get(j, key)); }

int threshold_parse(const char *text, struct threshold *out, struct err *e) {
    char *end;
    double v = strtod(text, &end);
    bool relative = strcmp(end, "%") == 0;
    if (end == text || !(v >= 0) || v > 1e15 || (!relative && (*end || v != (double)(int64_t)v)))
        return err_set(e, ERR_INPUT, "threshold '%s' is neither a percentage (2%%) nor a number of cycles", text);
    *out = (struct threshold){.relative = relative, .share = v / 100, .cycles = (int64_t)v};
    return 0;
}

/* ---- worst paths ----------------------------------------------------------------------------------------------------- */

struct step {
    uint64_t context;          /* digest of the call string without offsets: they differ from build to build */
    uint32_t from, to;
    int64_t count, cost;
    int64_t base;              /* of the cost, what its instructions take without a miss; 0 where no model says */
    int64_t touched, twin_touched; /* lines of code that it is the first on the path to touch; and if the path were the other build's */
    bool direct, used;
};
struct path {
    VEC(struct step) steps;
    struct map at;             /* key → index */
    struct map lines, twin_lines;
};

static uint64_t context_digest(const char *s) {
    uint64_t h = 0;
    for (size_t n; *s; s += n) {
        n = strcspn(s, "+");
        h = hash_bytes(s, n, h);
        if (s[n] == '+')
            n += 1 + strspn(s + n + 1, "0123456789abcdefx");
    }
    return h;
}

static uint64_t step_key(uint64_t context, uint32_t from, uint32_t to) { return hash_bytes((uint64_t[]){context, from, to}, 24, 0); }

/* Steps of the same place and call string (reached by several calls in one function) are one: counts add up, the cost is the mean
 * rounded down; what that loses goes to PART_REST. */
static void path_add(struct path *p, struct step s) {
    uint64_t key = step_key(s.context, s.from, s.to), at;
    if (!map_get(&p->at, key, &at)) {
        map_put(&p->at, key, p->steps.len);
        vec_push(&p->steps, s);
        return;
    }
    struct step *old = &p->steps.data[at];
    int64_t total = old->count * old->cost + s.count * s.cost, count = old->count + s.count;
    int64_t bases = old->count * old->base + s.count * s.base;
    old->cost = count ? total / count : 0;
    old->base = count ? bases / count : 0;
    old->count = count;
    old->direct &= s.direct;
}

static int64_t touch(struct map *lines, const struct result *r, uint32_t block) {
    int64_t n = 0;
    uint64_t seen;
    if (block == NO_BLOCK)
        return 0;
    const struct code_block *b = &r->blocks.data[block];
    for (uint64_t l = b->addr / (uint64_t)r->line; b->size && l <= (b->addr + (uint64_t)b->size - 1) / (uint64_t)r->line; l++) {
        n += !map_get(lines, l, &seen);
        map_put(lines, l, 1);
    }
    return n;
}

static void path_touch(struct path *p, const struct result *r, const struct result *other) {
    for (size_t i = 0; i < p->steps.len; i++) {
        struct step *s = &p->steps.data[i];
        s->touched = touch(&p->lines, r, s->from);
        s->twin_touched = touch(&p->twin_lines, other, s->from == NO_BLOCK ? NO_BLOCK : r->blocks.data[s->from].twin);
    }
}

static void path_read(struct path *p, const struct result *r, const json_t *entry) {
    size_t i;
    json_t *x;
    json_array_foreach(json_object_get(entry, "worst_path"), i, x)
        path_add(p, (struct step){.context = context_digest(text_of(x, "context")), .from = result_block(r, json_object_get(x, "addr")),
                                  .to = result_block(r, json_object_get(x, "to")), .count = integer_of(x, "count"), .cost = integer_of(x, "cost"), .base = integer_of(x, "base"),
                                  .direct = json_is_true(json_object_get(x, "direct"))});
}

static void path_free(struct path *p) {
    vec_free(&p->steps);
    map_free(&p->at);
    map_free(&p->lines);
    map_free(&p->twin_lines);
}

/* ---- accounting ------------------------------------------------------------------------------------------------------ */

struct account {
    struct diff *d;
    struct entry_diff *x;
    struct path from, to;
    bool code_changed;         /* anywhere */
    int64_t base_work;         /* what changed code takes more without a miss: of misses, changed code may have fewer and others more instead */
};

static uint32_t twin_of(const struct result *r, uint32_t block) { return block == NO_BLOCK ? NO_BLOCK : r->blocks.data[block].twin; }

/* The line of the first instruction whose mnemonic differs; the block's own where that is not known. */
static int changed_line(const struct diff *d, uint32_t old_block, uint32_t new_block);

static void add_cause(struct account *a, enum part part, const struct step *old, const struct step *new, int64_t cycles) {
    const struct result *r = new ? a->d->to : a->d->from;
    uint32_t block = new ? new->from : old->from;
    struct cause c = {.part = part, .function = "?", .file = "", .cycles = cycles, .steps = 1};
    if (block != NO_BLOCK) {
        const struct code_block *b = &r->blocks.data[block];
        c.function = r->functions.data[b->function].name;
        c.file = b->file;
        c.line = part == PART_CODE ? changed_line(a->d, twin_of(a->d->to, block), block) : b->line;
    }
    if (old)
        c.old_count = old->count, c.old_cost = old->cost;
    if (new)
        c.new_count = new->count, c.new_cost = new->cost;
    a->x->part[part] += cycles;
    if (cycles)
        vec_push(&a->x->causes, c);
}

/* Has the code that the step runs through stayed the same? A step with points left out may run through more than its first block. */
static bool step_unchanged(const struct account *a, const struct step *s) {
    const struct code_block *b = &a->d->to->blocks.data[s->from];
    return s->direct ? b->shape == a->d->from->blocks.data[b->twin].shape : !a->code_changed;
}

/* What lying on other lines costs or saves: COUNT executions, TOUCHED and SIZE more lines and bytes than before. */
static int64_t lines_cost(const struct account *a, int64_t count, int64_t touched, int64_t size) {
    return count * a->d->line_cost * (touched * a->d->to->line - size) / a->d->to->line;
}

static int64_t size_of(const struct result *r, uint32_t block) { return block == NO_BLOCK ? 0 : r->blocks.data[block].size; }

/* Part of CYCLES is the lines', the rest is PART's. */
static void add_apart(struct account *a, enum part part, const struct step *old, const struct step *new, int64_t cycles, int64_t lines) {
    if (a->d->same_binary || (new && !new->direct) || (old && !new && !old->direct))
        lines = 0;
    add_cause(a, PART_LINES, old, new, lines);
    add_cause(a, part, old, new, cycles - lines);
}

/* The step of the old path that S was: in the same context; with RENAMED, in one that another name may have made look different. */
static struct step *old_step(struct account *a, const struct step *s, uint32_t from, uint32_t to, bool renamed) {
    uint64_t at;
    if (from == NO_BLOCK || to == NO_BLOCK)
        return NULL;
    if (map_get(&a->from.at, step_key(s->context, from, to), &at))
        return &a->from.steps.data[at];
    for (size_t i = 0; renamed && i < a->from.steps.len; i++)
        if (!a->from.steps.data[i].used && a->from.steps.data[i].from == from && a->from.steps.data[i].to == to)
            return &a->from.steps.data[i];
    return NULL;
}

static void price_step(struct account *a, struct step *s, bool renamed) {
    uint32_t from = twin_of(a->d->to, s->from), to = twin_of(a->d->to, s->to);
    struct step old = {.from = from, .to = to, .count = s->count, .base = s->base};
    struct step *on_path = old_step(a, s, from, to, renamed);
    if (!on_path && !renamed)
        return;
    if (on_path)
        old.cost = on_path->cost, old.base = on_path->base;
    else if (!result_cost(a->d->from, from, to, &old.cost))
        return;
    s->used = true;
    enum part part = !step_unchanged(a, s) ? PART_CODE : a->d->same_binary ? PART_MEASURED : PART_LAYOUT;
    a->base_work += part == PART_CODE ? s->count * (s->base - old.base) : 0;
    add_apart(a, part, on_path ? on_path : &old, s, s->count * (s->cost - old.cost),
              lines_cost(a, s->count, s->touched - s->twin_touched, size_of(a->d->to, s->from) - size_of(a->d->from, from)));
    if (!on_path) {
        add_cause(a, PART_PATH, NULL, s, s->count * old.cost);
        return;
    }
    on_path->used = true;
    add_cause(a, PART_COUNT, on_path, s, (s->count - on_path->count) * old.cost);
}

/* A block that both paths take but leave another way: its change as a whole, which is its code's if that changed. */
static void price_exit(struct account *a, struct step *s) {
    uint32_t from = twin_of(a->d->to, s->from);
    for (size_t i = 0; from != NO_BLOCK && i < a->from.steps.len; i++) {
        struct step *old = &a->from.steps.data[i];
        if (old->used || old->from != from || old->context != s->context)
            continue;
        enum part part = step_unchanged(a, s) && old->direct ? PART_PATH : PART_CODE;
        s->used = old->used = true;
        a->base_work += part == PART_CODE ? s->count * s->base - old->count * old->base : 0;
        add_apart(a, part, old, s, s->count * s->cost - old->count * old->cost,
                  lines_cost(a, s->count, s->touched, size_of(a->d->to, s->from)) - lines_cost(a, old->count, old->touched, size_of(a->d->from, from)));
        return;
    }
}

static void price_rest(struct account *a) {
    for (size_t i = 0; i < a->to.steps.len; i++) {
        const struct step *s = &a->to.steps.data[i];
        a->base_work += s->used ? 0 : s->count * s->base;
        if (!s->used)
            add_apart(a, PART_ADDED, NULL, s, s->count * s->cost, lines_cost(a, s->count, s->touched, size_of(a->d->to, s->from)));
    }
    for (size_t i = 0; i < a->from.steps.len; i++) {
        const struct step *s = &a->from.steps.data[i];
        bool kept = twin_of(a->d->from, s->from) != NO_BLOCK && twin_of(a->d->from, s->to) != NO_BLOCK;
        int64_t lines = kept ? 0 : -lines_cost(a, s->count, s->touched, size_of(a->d->from, s->from));
        a->base_work -= s->used || kept ? 0 : s->count * s->base;
        if (!s->used)
            add_apart(a, kept ? PART_PATH : PART_REMOVED, s, NULL, -s->count * s->cost, lines);
    }
}

static int by_size(const void *p, const void *q) {
    const struct cause *a = p, *b = q;
    int64_t x = a->cycles < 0 ? -a->cycles : a->cycles, y = b->cycles < 0 ? -b->cycles : b->cycles;
    if (x != y)
        return x < y ? 1 : -1;
    if (a->part != b->part)
        return a->part < b->part ? -1 : 1;
    int order = strcmp(a->function, b->function);
    return order ? order : (a->line > b->line) - (a->line < b->line);
}

static void account_for(struct diff *d, struct entry_diff *x, bool code_changed) {
    struct account a = {.d = d, .x = x, .code_changed = code_changed};
    path_read(&a.from, d->from, x->old_entry);
    path_read(&a.to, d->to, x->new_entry);
    path_touch(&a.from, d->from, d->to);
    path_touch(&a.to, d->to, d->from);
    for (int renamed = 0; renamed < 2; renamed++)
        for (size_t i = 0; i < a.to.steps.len; i++)
            if (!a.to.steps.data[i].used)
                price_step(&a, &a.to.steps.data[i], renamed);
    for (size_t i = 0; i < a.to.steps.len; i++)
        if (!a.to.steps.data[i].used)
            price_exit(&a, &a.to.steps.data[i]);
    price_rest(&a);
    x->part[PART_REST] = x->change;
    for (int k = 0; k < PARTS; k++)
        x->part[PART_REST] -= k == PART_REST ? 0 : x->part[k];
    x->work = x->change - x->part[PART_LINES] - x->part[PART_LAYOUT] - x->part[PART_MEASURED];
    x->work = a.base_work > x->work ? a.base_work : x->work;
    if (x->causes.len)
        qsort(x->causes.data, x->causes.len, sizeof *x->causes.data, by_size);
    path_free(&a.from);
    path_free(&a.to);
}

/* ---- where a block changed --------------------------------------------------------------------------------------------- */

static const json_t *block_json(const struct result *r, uint32_t block) {
    const struct code_block *b = &r->blocks.data[block];
    const json_t *f = json_array_get(json_object_get(r->root, "functions"), b->function);
    return json_array_get(json_object_get(f, "blocks"), block - r->functions.data[b->function].block);
}

static bool same_mnemonic(const json_t *a, const json_t *b) {
    const char *x = json_string_value(a), *y = json_string_value(b);
    size_t n = x ? strcspn(x, " ") : 0;
    return x && y && n == strcspn(y, " ") && strncmp(x, y, n) == 0;
}

static int changed_line(const struct diff *d, uint32_t old_block, uint32_t new_block) {
    const struct code_block *b = &d->to->blocks.data[new_block];
    if (old_block == NO_BLOCK)
        return b->line;
    const json_t *new_json = block_json(d->to, new_block), *new_text = json_object_get(new_json, "text"), *lines = json_object_get(new_json, "lines");
    const json_t *old_text = json_object_get(block_json(d->from, old_block), "text");
    for (size_t i = 0; old_text && i < json_array_size(new_text); i++)
        if (!same_mnemonic(json_array_get(old_text, i), json_array_get(new_text, i)))
            return (int)json_integer_value(json_array_get(lines, i));
    return b->line;
}

/* ---- constraints ----------------------------------------------------------------------------------------------------- */

static size_t hex_digits(const char *s) { return strspn(s, "0123456789abcdef"); }

/* "f+0x12 runs at most 4 times: the branch at 0xffffffc080005796 …" without what moves with the code. */
static char *without_offsets(const char *s) {
    char *out = mem_alloc(strlen(s) + 1), *to = out;
    while (*s)
        if (strncmp(s, "+0x", 3) == 0)
            s += 3 + hex_digits(s + 3);
        else if (strncmp(s, "0x", 2) == 0 && hex_digits(s + 2) >= 8)
            s += 2 + hex_digits(s + 2);
        else
            *to++ = *s++;
    return out;
}

static bool is_constraint(const json_t *item) {
    const char *kind = text_of(item, "kind");
    return strcmp(kind, "loop") == 0 || strcmp(kind, "never") == 0 || strcmp(kind, "exclusive") == 0;
}

static size_t times(const json_t *ledger, const char *kind, const char *text) {
    size_t i, n = 0;
    json_t *item;
    json_array_foreach(ledger, i, item) {
        char *other = without_offsets(text_of(item, "text"));
        n += strcmp(text_of(item, "kind"), kind) == 0 && strcmp(other, text) == 0;
        free(other);
    }
    return n;
}

static bool noted(const struct entry_diff *x, bool added, const char *kind, const char *text) {
    for (size_t i = 0; i < x->constraints.len; i++) {
        const struct constraint_change *c = &x->constraints.data[i];
        if (c->added == added && strcmp(c->kind, kind) == 0 && strcmp(c->text, text) == 0)
            return true;
    }
    return false;
}

static void note_constraints(struct entry_diff *x, const json_t *in, const json_t *not_in, bool added) {
    size_t i;
    json_t *item;
    json_array_foreach(in, i, item) {
        const char *kind = text_of(item, "kind");
        char *text = without_offsets(text_of(item, "text"));
        if (is_constraint(item) && times(in, kind, text) > times(not_in, kind, text) && !noted(x, added, kind, text))
            vec_push(&x->constraints, ((struct constraint_change){added, kind, text}));
        else
            free(text);
    }
}

/* ---- verdicts -------------------------------------------------------------------------------------------------------- */

static void fail(struct entry_diff *x, char *why) {
    x->verdict = VERDICT_FAIL;
    vec_push(&x->reasons, why);
}

static struct threshold threshold_of(const struct diff *d, const struct entry_diff *x) {
    const char *own = text_of(x->new_entry, "threshold");
    struct threshold t = d->options.threshold;
    struct err unused;
    if (*own && !d->options.threshold_given)
        threshold_parse(own, &t, &unused);
    return t;
}

static double cycles_of(const struct threshold *t, int64_t bound) { return t->relative ? t->share * (double)bound : (double)t->cycles; }

/* Growth that is judged: all but what more code lines add, and but noise within its allowance. */
static int64_t judged_growth(const struct diff *d, const struct entry_diff *x) {
    int64_t lines = x->part[PART_LINES] > 0 ? x->part[PART_LINES] : 0, noise = x->part[PART_LAYOUT] + x->part[PART_MEASURED];
    double allowed = cycles_of(&d->options.noise, x->old_bound);
    int64_t forgiven = noise <= 0 ? 0 : (double)noise < allowed ? noise : (int64_t)allowed;
    return x->change - lines - forgiven;
}

static void judge_growth(const struct diff *d, struct entry_diff *x) {
    struct threshold t = threshold_of(d, x);
    int64_t grew = judged_growth(d, x);
    const char *besides = grew < x->change ? " besides what moving code explains" : "";
    if (grew > 0 && (double)grew > cycles_of(&t, x->old_bound) && grew >= d->options.min_cycles)
        fail(x, t.relative ? str_printf("the bound grew by %" PRId64 " cycles%s (%.2f%%, allowed %.4g%%)", grew, besides, 100.0 * (double)grew / (double)x->old_bound, 100 * t.share)
                           : str_printf("the bound grew by %" PRId64 " cycles%s (allowed %" PRId64 ")", grew, besides, t.cycles));
    if (d->options.code_cycles && x->work >= d->options.code_cycles)
        fail(x, str_printf("changed code or constraints add %" PRId64 " cycles (allowed %" PRId64 ")", x->work, d->options.code_cycles - 1));
}

static void judge(const struct diff *d, struct entry_diff *x) {
    int64_t budget = integer_of(x->new_entry, "budget");
    const char *missing = json_string_value(json_array_get(json_object_get(x->new_entry, "missing"), 0));
    if (!x->new_entry)
        fail(x, str_dup("the entry is not in the new result"));
    else if (x->has_old && !x->has_new)
        fail(x, str_printf("it has no bound any more: %s", missing ? missing : text_of(x->new_entry, "status")));
    else if (!x->old_entry)
        x->verdict = VERDICT_NEW;
    if (x->has_new && budget && x->new_bound > budget)
        fail(x, str_printf("the bound exceeds the budget of %" PRId64 " cycles", budget));
    if (x->has_old && x->has_new)
        judge_growth(d, x);
}

/* ---- all entries ------------------------------------------------------------------------------------------------------- */

static void read_sides(struct entry_diff *x) {
    x->has_old = json_is_integer(json_object_get(x->old_entry, "bound"));
    x->has_new = json_is_integer(json_object_get(x->new_entry, "bound"));
    x->old_bound = integer_of(x->old_entry, "bound");
    x->new_bound = integer_of(x->new_entry, "bound");
    x->old_observed = integer_of(x->old_entry, "observed_max");
    x->new_observed = integer_of(x->new_entry, "observed_max");
    x->change = x->has_old && x->has_new ? x->new_bound - x->old_bound : 0;
}

/* Neither code nor a constraint of the entry changed: if another way is the longest now, then because costs moved with the code. */
static void forget_other_ways(struct entry_diff *x) {
    if (!x->part[PART_CODE] && !x->part[PART_ADDED] && !x->part[PART_REMOVED] && !x->part[PART_REST] && !x->constraints.len && x->work > 0)
        x->work = 0;
}

static void compare_entry(struct diff *d, const char *name, bool code_changed) {
    struct entry_diff x = {.name = name, .old_entry = result_entry(d->from, name), .new_entry = result_entry(d->to, name)};
    read_sides(&x);
    if (x.has_old && x.has_new)
        account_for(d, &x, code_changed);
    if (x.old_entry && x.new_entry) {
        const json_t *before = json_object_get(x.old_entry, "ledger"), *after = json_object_get(x.new_entry, "ledger");
        note_constraints(&x, before, after, false);
        note_constraints(&x, after, before, true);
    }
    forget_other_ways(&x);
    judge(d, &x);
    d->failed += x.verdict == VERDICT_FAIL;
    vec_push(&d->entries, x);
}

static void note_function(struct diff *d, const struct result *r, uint32_t i, enum function_change change) {
    const struct code_function *f = &r->functions.data[i];
    const struct code_block *b = f->blocks ? &r->blocks.data[f->block] : NULL;
    vec_push(&d->functions, ((struct function_diff){f->name, b ? b->file : "", b ? b->line : 0, change}));
}

static void compare_functions(struct diff *d) {
    for (uint32_t i = 0; i < d->to->functions.len; i++)
        if (d->to->functions.data[i].twin == NO_BLOCK)
            note_function(d, d->to, i, FUNCTION_ADDED);
        else if (!same_code(d->to, d->from, i))
            note_function(d, d->to, i, FUNCTION_CHANGED);
    for (uint32_t i = 0; i < d->from->functions.len; i++)
        if (d->from->functions.data[i].twin == NO_BLOCK)
            note_function(d, d->from, i, FUNCTION_REMOVED);
}

/* ---- one line's cost --------------------------------------------------------------------------------------------------- */

static int by_value(const void *p, const void *q) {
    int64_t a = *(const int64_t *)p, b = *(const int64_t *)q;
    return (a > b) - (a < b);
}

/* By how much the costs of unchanged blocks differ, most often: blocks straddle one line more or less, rarely anything else.
 * Too few to tell: 0, and then all is `layout`. */
static int64_t line_cost(const struct diff *d) {
    enum { TELLING = 3 };
    VEC(int64_t) seen = {0};
    size_t i, best = 0;
    int64_t cost = 0;
    json_t *x;
    json_array_foreach(json_object_get(d->to->root, "costs"), i, x) {
        uint32_t from = result_block(d->to, json_object_get(x, "from")), twin = twin_of(d->to, from);
        int64_t old, new = integer_of(x, "cost");
        if (twin != NO_BLOCK && d->to->blocks.data[from].shape == d->from->blocks.data[twin].shape &&
            result_cost(d->from, twin, twin_of(d->to, result_block(d->to, json_object_get(x, "to"))), &old) && old != new)
            vec_push(&seen, old < new ? new - old : old - new);
    }
    if (seen.len)
        qsort(seen.data, seen.len, sizeof *seen.data, by_value);
    for (size_t k = 0, n = 1; k < seen.len; k++, n++) {
        if (k && seen.data[k] != seen.data[k - 1])
            n = 1;
        if (n > best) {
            best = n;
            cost = seen.data[k];
        }
    }
    vec_free(&seen);
    return best >= TELLING ? cost : 0;
}

static void compare_all(struct diff *d) {
    size_t i;
    json_t *x;
    result_match(d->from, d->to);
    d->line_cost = line_cost(d);
    compare_functions(d);
    d->same_binary = strcmp(d->from->build_id, d->to->build_id) == 0;
    json_array_foreach(d->to->entries, i, x)
        compare_entry(d, text_of(x, "name"), d->functions.len > 0);
    json_array_foreach(d->from->entries, i, x)
        if (!result_entry(d->to, text_of(x, "name")))
            compare_entry(d, text_of(x, "name"), d->functions.len > 0);
}

struct diff *diff_results(const char *from, const char *to, struct diff_options o, struct err *e) {
    struct diff *d = mem_alloc(sizeof *d);
    d->options = o;
    if ((d->from = result_read(from, e)) && (d->to = result_read(to, e))) {
        compare_all(d);
        return d;
    }
    diff_free(d);
    return NULL;
}

static void entry_free(struct entry_diff *x) {
    for (size_t i = 0; i < x->constraints.len; i++)
        free(x->constraints.data[i].text);
    for (size_t i = 0; i < x->reasons.len; i++)
        free(x->reasons.data[i]);
    vec_free(&x->constraints);
    vec_free(&x->reasons);
    vec_free(&x->causes);
}

void diff_free(struct diff *d) {
    if (!d)
        return;
    for (size_t i = 0; i < d->entries.len; i++)
        entry_free(&d->entries.data[i]);
    vec_free(&d->entries);
    vec_free(&d->functions);
    result_free(d->from);
    result_free(d->to);
    free(d);
}
