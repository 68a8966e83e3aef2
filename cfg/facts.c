#include "cfg/facts.h"
#include "cfg/image.h"

#include <inttypes.h>

enum fact_kind { FACT_LOOP, FACT_CALLS, FACT_JUMPS, FACT_EXCLUSIVE, FACT_NEVER, FACT_SWITCH, FACT_RECURSION, FACT_MEMORY, FACT_ASSUME };

struct fact {
    enum fact_kind kind;
    const char *file;
    int line;
    const char *place;          /* as written; the first of two */
    uint64_t addr;              /* of an indirect transfer */
    VEC(const char *) others;   /* further places */
    VEC(uint64_t) targets;
    uint64_t max, lo, hi;
    enum memory_kind memory;
    struct assumption assumed;
    const char *why;
};

struct facts {
    struct arena *arena;
    VEC(struct fact) list;
};

void facts_free(struct facts *f) {
    if (!f)
        return;
    for (size_t i = 0; i < f->list.len; i++) {
        vec_free(&f->list.data[i].others);
        vec_free(&f->list.data[i].targets);
    }
    vec_free(&f->list);
    arena_free(f->arena);
    free(f);
}

static struct facts *facts_copy(const struct facts *from) {
    struct facts *f = mem_alloc(sizeof *f);
    f->arena = arena_new();
    for (size_t i = 0; from && i < from->list.len; i++) {
        const struct fact *o = &from->list.data[i];
        struct fact n = *o;
        memset(&n.others, 0, sizeof n.others);
        memset(&n.targets, 0, sizeof n.targets);
        n.file = arena_strdup(f->arena, o->file);
        n.place = o->place ? arena_strdup(f->arena, o->place) : NULL;
        n.why = o->why ? arena_strdup(f->arena, o->why) : NULL;
        for (size_t k = 0; k < o->others.len; k++)
            vec_push(&n.others, arena_strdup(f->arena, o->others.data[k]));
        for (size_t k = 0; k < o->targets.len; k++)
            vec_push(&n.targets, o->targets.data[k]);
        vec_push(&f->list, n);
    }
    return f;
}

/* ---- reading ----------------------------------------------------------------------------------------------------------- */

enum { MOST_WORDS = 256 };
struct line {
    char *word[MOST_WORDS];
    bool quoted[MOST_WORDS];
    size_t words;
};

/* Words, split at blanks; "…" is one word; # outside quotes ends the line. Cuts TEXT up. */
static int split(char *text, struct line *l, struct err *e) {
    l->words = 0;
    for (char *p = text;;) {
        p += strspn(p, " \t\r");
        if (!*p || *p == '#')
            return 0;
        if (l->words == MOST_WORDS)
            return err_set(e, ERR_INPUT, "more than %d words", MOST_WORDS);
        bool quoted = l->quoted[l->words] = *p == '"';
        char *end = quoted ? strchr(p + 1, '"') : p + strcspn(p, " \t\r#");
        if (!end)
            return err_set(e, ERR_INPUT, "a quote is not closed");
        l->word[l->words++] = p + quoted;
        p = end + (*end && *end != '#');
        bool comment = *end == '#';
        *end = 0;
        if (comment)
            return 0;
    }
}

static bool is(const struct line *l, size_t i, const char *word) { return i < l->words && !l->quoted[i] && strcmp(l->word[i], word) == 0; }

static int expect(const struct line *l, const char *usage, size_t words, bool because, struct err *e) {
    bool ok = l->words == words + (because ? 2 : 0);
    if (ok && because)
        ok = is(l, words, "because") && l->quoted[words + 1] && *l->word[words + 1];
    return ok ? 0 : err_set(e, ERR_INPUT, "expected: %s", usage);
}

/* `max N`: N is at least 1. */
static int read_max(const struct line *l, size_t at, struct fact *f, struct err *e) {
    if (!is(l, at, "max") || parse_u64(l->word[at + 1], &f->max) < 0 || f->max == 0)
        return err_set(e, ERR_INPUT, "expected `max N`, N a number of at least 1");
    return 0;
}

static int read_memory(const struct line *l, struct fact *f, struct err *e) {
    static const char *const kinds[] = {"cached", "uncached", "device"};
    const char *usage = "memory 0xLO-0xHI cached|uncached|device";
    if (expect(l, usage, 3, false, e) < 0)
        return -1;
    char *dash = strchr(l->word[1], '-');
    if (!dash)
        return err_set(e, ERR_INPUT, "expected: %s", usage);
    *dash = 0;
    if (parse_u64(l->word[1], &f->lo) < 0 || parse_u64(dash + 1, &f->hi) < 0 || f->lo > f->hi)
        return err_set(e, ERR_INPUT, "not a range of addresses, lowest to highest");
    for (f->memory = MEMORY_CACHED; f->memory <= MEMORY_DEVICE; f->memory++)
        if (is(l, 2, kinds[f->memory]))
            return 0;
    return err_set(e, ERR_INPUT, "%s: not cached, uncached or device", l->word[2]);
}

/* ABI name or xN; NONE if it is neither. */
static uint32_t register_named(const char *name) {
    static const char *const names[32] = {"zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5",
                                          "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
    uint64_t n;
    for (uint32_t r = 1; r < 32; r++)
        if (strcmp(name, names[r]) == 0)
            return r;
    return name[0] == 'x' && parse_u64(name + 1, &n) == 0 && n > 0 && n < 32 ? (uint32_t)n : NONE;
}

static int read_bounds(char *text, uint64_t *lo, uint64_t *hi, struct err *e) {
    char *dash = strchr(text, '-');
    if (dash)
        *dash = 0;
    if (!dash || parse_u64(text, lo) < 0 || parse_u64(dash + 1, hi) < 0 || *lo > *hi)
        return err_set(e, ERR_INPUT, "not a range, lowest to highest: 0xLO-0xHI");
    return 0;
}

/* `assume misses FROM TO max N`: N may be 0. */
static int read_misses(struct facts *fs, const struct line *l, struct fact *f, struct err *e) {
    if (expect(l, "assume misses PLACE PLACE max N because \"…\"", 6, true, e) < 0)
        return -1;
    if (!is(l, 4, "max") || parse_u64(l->word[5], &f->assumed.hi) < 0)
        return err_set(e, ERR_INPUT, "expected `max N`, N a number of misses");
    f->assumed.kind = ASSUME_MISSES;
    f->place = arena_strdup(fs->arena, l->word[2]);
    vec_push(&f->others, arena_strdup(fs->arena, l->word[3]));
    return 0;
}

/* `assume accesses aligned|cached` or `assume REG in LO-HI [aligned N] [at PLACE]`. */
static int read_assume(struct facts *fs, const struct line *l, struct fact *f, struct err *e) {
    const char *usage = "assume accesses aligned|cached because \"…\", assume misses PLACE PLACE max N because \"…\", or: assume REGISTER in 0xLO-0xHI [aligned N] [at PLACE] because \"…\"";
    size_t at = 4;
    f->kind = FACT_ASSUME;
    f->place = NULL;
    f->assumed.align = 1;
    if (is(l, 1, "misses"))
        return read_misses(fs, l, f, e);
    if (is(l, 1, "accesses")) {
        f->assumed.kind = is(l, 2, "aligned") ? ASSUME_ALIGNED : ASSUME_CACHED;
        return is(l, 2, "aligned") || is(l, 2, "cached") ? expect(l, usage, 3, true, e) : err_set(e, ERR_INPUT, "expected: %s", usage);
    }
    if (l->words < 6 || !is(l, 2, "in"))
        return err_set(e, ERR_INPUT, "expected: %s", usage);
    if ((f->assumed.reg = register_named(l->word[1])) == NONE)
        return err_set(e, ERR_INPUT, "%s: no register that can be assumed anything of", l->word[1]);
    if (read_bounds(l->word[3], &f->assumed.lo, &f->assumed.hi, e) < 0)
        return -1;
    if (is(l, at, "aligned") && at + 1 < l->words) {
        if (parse_u64(l->word[at + 1], &f->assumed.align) < 0 || !f->assumed.align || (f->assumed.align & (f->assumed.align - 1)))
            return err_set(e, ERR_INPUT, "aligned %s: not a power of two", l->word[at + 1]);
        at += 2;
    }
    if (is(l, at, "at") && at + 1 < l->words) {
        f->place = arena_strdup(fs->arena, l->word[at + 1]);
        at += 2;
    }
    return expect(l, usage, at, true, e);
}

static int read_transfer(const struct cfg *g, const struct line *l, struct fact *f, struct err *e) {
    if (l->words < 3)
        return err_set(e, ERR_INPUT, "expected: %s PLACE TARGET…", l->word[0]);
    if (cfg_place(g, f->place, &f->addr, e) < 0)
        return -1;
    for (size_t i = 2; i < l->words && !is(l, i, "because"); i++) {
        uint64_t target;
        if (cfg_place(g, l->word[i], &target, e) < 0)
            return -1;
        if (!image_is_code(g->image, target))
            return err_set(e, ERR_INPUT, "%s: not in code", l->word[i]);
        vec_push(&f->targets, target);
    }
    return f->targets.len ? 0 : err_set(e, ERR_INPUT, "no target");
}

static int read_words(const struct cfg *g, struct facts *fs, const struct line *l, struct fact *f, struct err *e) {
    f->place = l->words > 1 ? arena_strdup(fs->arena, l->word[1]) : NULL;
    if (l->words > 2 && is(l, l->words - 2, "because"))
        f->why = arena_strdup(fs->arena, l->word[l->words - 1]);
    if (is(l, 0, "loop")) {
        f->kind = FACT_LOOP;
        return expect(l, "loop PLACE max N because \"…\"", 4, true, e) < 0 ? -1 : read_max(l, 2, f, e);
    }
    if (is(l, 0, "recursion")) {
        f->kind = FACT_RECURSION;
        return expect(l, "recursion FUNCTION max N", 4, f->why != NULL, e) < 0 ? -1 : read_max(l, 2, f, e);
    }
    if (is(l, 0, "never")) {
        f->kind = FACT_NEVER;
        return expect(l, "never PLACE because \"…\"", 2, true, e);
    }
    if (is(l, 0, "switch")) {
        f->kind = FACT_SWITCH;
        return expect(l, "switch PLACE because \"…\"", 2, true, e);
    }
    if (is(l, 0, "exclusive")) {
        f->kind = FACT_EXCLUSIVE;
        if (expect(l, "exclusive PLACE PLACE because \"…\"", 3, true, e) < 0)
            return -1;
        vec_push(&f->others, arena_strdup(fs->arena, l->word[2]));
        return 0;
    }
    if (is(l, 0, "assume"))
        return read_assume(fs, l, f, e);
    f->kind = is(l, 0, "calls") ? FACT_CALLS : is(l, 0, "jumps") ? FACT_JUMPS : FACT_MEMORY;
    if (f->kind != FACT_MEMORY)
        return read_transfer(g, l, f, e);
    if (!is(l, 0, "memory"))
        return err_set(e, ERR_INPUT, "%s: unknown kind of fact", l->word[0]);
    return read_memory(l, f, e);
}

/* `elf any` binds the facts to places in the source rather than to one build. Then no address of the build may be named. */
static int read_elf(const struct cfg *g, const struct line *l, bool *any, struct err *e) {
    if (l->words != 2)
        return err_set(e, ERR_INPUT, "expected: elf \"BUILD-ID\" or elf any");
    *any = is(l, 1, "any");
    if (*any || strcmp(l->word[1], image_build_id(g->image)) == 0)
        return 0;
    return err_set(e, ERR_INPUT, "these facts are for the build %s, but %s is the build %s", l->word[1], image_path(g->image),
                   image_build_id(g->image));
}

static bool is_source_place(const char *s) {
    const char *colon = strrchr(s, ':');
    uint64_t n;
    return colon && parse_u64(colon + 1, &n) == 0;
}

static bool is_address(const char *s) { return (s[0] >= '0' && s[0] <= '9') || strrchr(s, '+'); }

static int check_any(const struct fact *f, struct err *e) {
    for (size_t i = 0; i <= f->others.len && f->kind != FACT_MEMORY && f->place; i++) {
        const char *p = i ? f->others.data[i - 1] : f->place;
        if (!is_source_place(p) && is_address(p))
            return err_set(e, ERR_INPUT, "%s: an address in one build, but `elf any` promises to hold for all", p);
    }
    return 0;
}

static int read_line(const struct cfg *g, struct facts *fs, char *text, const char *path, int number, int *bound, struct err *e) {
    struct line l;
    bool any = *bound == 2;
    if (split(text, &l, e) < 0)
        return -1;
    if (!l.words)
        return 0;
    if (is(&l, 0, "elf")) {
        if (read_elf(g, &l, &any, e) < 0)
            return -1;
        *bound = any ? 2 : 1;
        return 0;
    }
    if (!*bound)
        return err_set(e, ERR_INPUT, "the first fact must be `elf \"BUILD-ID\"` or `elf any`: which build do these facts speak of?");
    struct fact f = {.file = arena_strdup(fs->arena, path), .line = number};
    int rc = read_words(g, fs, &l, &f, e);
    if (rc == 0 && any)
        rc = check_any(&f, e);
    vec_push(&fs->list, f);
    return rc;
}

static int facts_read(const struct cfg *g, struct facts *fs, const char *path, struct err *e) {
    char *data;
    size_t size;
    int number = 0, bound = 0, rc = 0;
    if (file_read(path, &data, &size, e) < 0)
        return -1;
    if (memchr(data, 0, size))
        rc = err_set(e, ERR_INPUT, "%s: not a text file", path);
    for (char *p = data; rc == 0 && p && *p;) {
        char *end = strchr(p, '\n');
        if (end)
            *end = 0;
        number++;
        rc = read_line(g, fs, p, path, number, &bound, e);
        if (rc < 0)
            err_wrap(e, "%s:%d", path, number);
        p = end ? end + 1 : NULL;
    }
    free(data);
    return rc;
}

void facts_resolve(const struct facts *f, struct resolutions *known) {
    for (size_t i = 0; f && i < f->list.len; i++) {
        const struct fact *k = &f->list.data[i];
        if (k->kind != FACT_CALLS && k->kind != FACT_JUMPS)
            continue;
        struct resolution *r = resolution_make(known, k->addr);
        r->origin = RESOLVED_FACT;
        for (size_t t = 0; t < k->targets.len; t++)
            resolution_add(r, k->targets.data[t]);
    }
}

/* ---- places ------------------------------------------------------------------------------------------------------------ */

/* FILE.c:LINE matches a position whose path ends in FILE.c, at a slash or wholly. */
static bool same_file(const char *have, const char *want, size_t n) {
    size_t h = strlen(have);
    return h >= n && strncmp(have + h - n, want, n) == 0 && (h == n || have[h - n - 1] == '/');
}

struct source {
    const char *file;
    size_t length;
    uint64_t line;
};

static bool source_place(const char *s, struct source *p) {
    if (!is_source_place(s))
        return false;
    p->file = s;
    p->length = (size_t)(strrchr(s, ':') - s);
    return parse_u64(strrchr(s, ':') + 1, &p->line) == 0;
}

static bool on_line(const struct cfg *g, uint64_t addr, const struct source *p) {
    const char *file;
    int line;
    return image_line(g->image, addr, &file, &line) && (uint64_t)line == p->line && same_file(file, p->file, p->length);
}

/* A loop belongs to a line if the line made its first instruction or one of the branches that steer it: the conditional branches and
 * jumps of its own blocks (not of the loops inside). */
static bool loop_on_line(const struct cfg *g, uint32_t loop, const struct source *p) {
    const struct loop *l = &g->loops.data[loop];
    for (size_t i = 0; i < l->entries.len; i++)
        if (on_line(g, block_of(g, l->entries.data[i])->addr, p))
            return true;
    for (size_t i = 0; i < l->blocks.len; i++) {
        const struct block *b = block_of(g, l->blocks.data[i]);
        if (b->loop == loop && (b->end == END_BRANCH || b->end == END_JUMP) && on_line(g, block_last(g, l->blocks.data[i]), p))
            return true;
    }
    return false;
}

/* Every innermost loop made of the line: there are several when the compiler copied it (inlining), and what holds for the source
 * holds for each. A loop that contains another one of the line is not meant. */
static void loops_on_line(const struct cfg *g, const struct source *p, bool *chosen) {
    for (uint32_t i = 0; i < g->loops.len; i++)
        chosen[i] = loop_on_line(g, i, p);
    for (uint32_t i = 0; i < g->loops.len; i++)
        for (uint32_t up = chosen[i] ? g->loops.data[i].parent : NONE; up != NONE; up = g->loops.data[up].parent)
            chosen[up] = false;
}

/* A function's only loop, or the loop with an entry block that the address is in. */
static int loop_at(const struct cfg *g, const char *place, bool *chosen, struct err *e) {
    uint64_t addr;
    if (cfg_place(g, place, &addr, e) < 0)
        return -1;
    uint32_t b = cfg_block_around(g, addr), only = NONE, count = 0;
    if (b == NONE)
        return err_set(e, ERR_INPUT, "%s: no block of the control-flow graph is there", place);
    for (uint32_t i = 0; i < g->loops.len; i++) {
        const struct loop *l = &g->loops.data[i];
        for (size_t k = 0; k < l->entries.len; k++)
            if (l->entries.data[k] == b)
                chosen[i] = true;
        if (chosen[i])
            return 0;
        if (block_of(g, l->header)->function == block_of(g, b)->function)
            only = i, count++;
    }
    if (count != 1 || is_address(place))
        return err_set(e, ERR_INPUT, "%s: no loop begins there", place);
    chosen[only] = true;
    return 0;
}

/* Blocks made wholly of the line: with one of them the line's statement is executed. */
static bool block_on_line(const struct cfg *g, const struct block *b, const struct source *p) {
    struct code *c = &g->own->flow.code;
    for (uint64_t at = b->addr; at < b->addr + b->size; at += c->insn[code_slot(c, at)].size)
        if (!on_line(g, at, p))
            return false;
    return true;
}

static int blocks_at(const struct cfg *g, const char *place, bool *chosen, struct err *e) {
    struct source p;
    if (source_place(place, &p)) {
        bool any = false;
        for (size_t i = 0; i < g->blocks.len; i++)
            any |= chosen[i] = block_on_line(g, block_of(g, (uint32_t)i), &p);
        return any ? 0 : err_set(e, ERR_INPUT, "%s: no block is made of this line alone", place);
    }
    uint64_t addr;
    if (cfg_place(g, place, &addr, e) < 0)
        return -1;
    uint32_t b = cfg_block_around(g, addr);
    if (b == NONE)
        return err_set(e, ERR_INPUT, "%s: no block of the control-flow graph is there", place);
    chosen[b] = true;
    return 0;
}

/* ---- applying ---------------------------------------------------------------------------------------------------------- */

static int bound_loop(struct cfg *g, uint32_t loop, const struct fact *f, struct err *e) {
    struct loop *l = &g->loops.data[loop];
    const char *where = cfg_describe(g, block_of(g, l->header)->addr);
    if (l->origin == BOUND_FACT && l->max != f->max)
        return err_set(e, ERR_INPUT, "%s: two facts bound the loop at %s: %" PRIu64 " and %" PRIu64, f->place, where, l->max, f->max);
    if (f->max < g->own->least[loop])
        return err_set(e, ERR_INPUT, "%s: at most %" PRIu64 " times, says the fact, but the code runs the header at %s at least %" PRIu64 " times (%s)", f->place, f->max,
                       where, g->own->least[loop], l->why);
    if ((l->origin == BOUND_DERIVED || l->origin == BOUND_PROVED) && l->max <= f->max)
        return 0; /* the code itself says more */
    l->max = f->max;
    l->origin = BOUND_FACT;
    l->proof = NULL;
    l->why = arena_strdup(g->arena, f->why);
    return 0;
}

static int apply_loop(struct cfg *g, const struct fact *f, struct err *e) {
    struct source p;
    bool *chosen = mem_alloc(g->loops.len);
    bool any = false;
    int rc = 0;
    if (source_place(f->place, &p))
        loops_on_line(g, &p, chosen);
    else
        rc = loop_at(g, f->place, chosen, e);
    for (uint32_t i = 0; i < g->loops.len && rc == 0; i++) {
        any |= chosen[i];
        if (chosen[i])
            rc = bound_loop(g, i, f, e);
    }
    free(chosen);
    return rc == 0 && !any ? err_set(e, ERR_INPUT, "%s: no loop is made of this line", f->place) : rc;
}

/* `never`, `switch` */
static int apply_to_blocks(struct cfg *g, const struct fact *f, struct err *e) {
    bool *chosen = mem_alloc(g->blocks.len);
    int rc = blocks_at(g, f->place, chosen, e);
    for (size_t i = 0; i < g->blocks.len && rc == 0; i++) {
        g->blocks.data[i].never |= f->kind == FACT_NEVER && chosen[i];
        g->blocks.data[i].switches |= f->kind == FACT_SWITCH && chosen[i];
    }
    free(chosen);
    return rc;
}

static int apply_exclusive(struct cfg *g, const struct fact *f, struct err *e) {
    bool *a = mem_alloc(g->blocks.len), *b = mem_alloc(g->blocks.len);
    int rc = blocks_at(g, f->place, a, e);
    if (rc == 0)
        rc = blocks_at(g, f->others.data[0], b, e);
    for (uint32_t i = 0; i < g->blocks.len && rc == 0; i++)
        for (uint32_t k = 0; k < g->blocks.len && a[i]; k++)
            if (b[k] && i != k) {
                struct exclusive x = {i, k, arena_strdup(g->arena, f->why)};
                vec_push(&g->exclusive, x);
            }
    free(a), free(b);
    return rc;
}

static int apply_recursion(struct cfg *g, const struct fact *f, struct err *e) {
    uint32_t fn = cfg_function_named(g, f->place);
    if (fn == NONE)
        return err_set(e, ERR_INPUT, "%s: no such function", f->place);
    if (g->functions.data[fn].recursion == 1)
        return err_set(e, ERR_INPUT, "%s: the function is not recursive", f->place);
    g->functions.data[fn].recursion = f->max > UINT32_MAX ? UINT32_MAX : (uint32_t)f->max;
    return 0;
}

/* The fact's place must be an indirect transfer of its kind: anything else is decided by the code. */
static int check_transfer(struct cfg *g, const struct fact *f, struct err *e) {
    uint32_t b = cfg_block_around(g, f->addr);
    if (b == NONE || block_last(g, b) != f->addr)
        return err_set(e, ERR_INPUT, "%s: no jump or call of the control-flow graph is there", f->place);
    struct flow *w = &g->own->flow;
    struct step s;
    flow_step(w, code_slot(&w->code, f->addr), f->addr, &s);
    if (!s.indirect)
        return err_set(e, ERR_INPUT, "%s: where this goes is fixed by the code", f->place);
    if (s.link != (f->kind == FACT_CALLS))
        return err_set(e, ERR_INPUT, "%s: this is a %s", f->place, s.link ? "call" : "jump");
    return 0;
}

static int apply_misses(struct cfg *g, const struct fact *f, struct err *e) {
    struct assumption a = f->assumed;
    bool *from = mem_alloc(g->blocks.len), *to = mem_alloc(g->blocks.len);
    int rc = blocks_at(g, f->place, from, e) < 0 || blocks_at(g, f->others.data[0], to, e) < 0 ? -1 : 0;
    a.why = arena_strdup(g->arena, f->why);
    for (a.block = 0; rc == 0 && a.block < g->blocks.len; a.block++)
        for (a.to = 0; from[a.block] && a.to < g->blocks.len; a.to++)
            if (to[a.to])
                vec_push(&g->assumptions, a);
    free(from);
    free(to);
    return rc;
}

static int apply_assume(struct cfg *g, const struct fact *f, struct err *e) {
    if (f->assumed.kind == ASSUME_MISSES)
        return apply_misses(g, f, e);
    struct assumption a = f->assumed;
    bool *chosen = mem_alloc(g->blocks.len);
    int rc = f->place ? blocks_at(g, f->place, chosen, e) : 0;
    a.why = arena_strdup(g->arena, f->why);
    a.block = NONE;
    for (uint32_t b = 0; rc == 0 && f->place && b < g->blocks.len; b++)
        if (chosen[b]) {
            a.block = b;
            vec_push(&g->assumptions, a);
        }
    if (rc == 0 && !f->place)
        vec_push(&g->assumptions, a);
    free(chosen);
    return rc;
}

static int apply_one(struct cfg *g, const struct fact *f, struct err *e) {
    switch (f->kind) {
    case FACT_LOOP: return apply_loop(g, f, e);
    case FACT_NEVER: case FACT_SWITCH: return apply_to_blocks(g, f, e);
    case FACT_EXCLUSIVE: return apply_exclusive(g, f, e);
    case FACT_RECURSION: return apply_recursion(g, f, e);
    case FACT_CALLS: case FACT_JUMPS: return check_transfer(g, f, e);
    case FACT_ASSUME: return apply_assume(g, f, e);
    case FACT_MEMORY: break;
    }
    struct memory_fact m = {f->lo, f->hi, f->memory};
    vec_push(&g->memory, m);
    return 0;
}

int cfg_apply_facts(struct cfg **g, const char *path, struct err *e) {
    struct facts *fs = facts_copy((*g)->own->facts);
    if (facts_read(*g, fs, path, e) < 0) {
        facts_free(fs);
        return -1;
    }
    struct cfg *fresh = graph_build((*g)->image, fs, e);
    if (!fresh)
        return -1;
    for (size_t i = 0; i < fs->list.len; i++)
        if (apply_one(fresh, &fs->list.data[i], e) < 0) {
            err_wrap(e, "%s:%d", fs->list.data[i].file, fs->list.data[i].line);
            cfg_free(fresh);
            return -1;
        }
    cfg_free(*g);
    *g = fresh;
    return 0;
}
