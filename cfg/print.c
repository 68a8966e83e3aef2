#include "cfg/narrow.h"

#include <inttypes.h>

static const char *const edge_names[] = {"fall", "taken", "jump", "table", "return"};
static const char *const end_names[] = {"fall", "branch", "jump", "call", "tail", "return", "trap-return", "stop", "open"};
static const char *const origin_names[] = {"none", "derived", "proved", "fact"};

/* ---- JSON ------------------------------------------------------------------------------------------------------------ */

/* A JSON integer of ours has 63 bits, an address has 64: hence strings. */
static json_t *json_address(uint64_t a) { return json_sprintf("0x%" PRIx64, a); }

/* Names come from the ELF and may be any bytes; JSON is UTF-8. */
static json_t *json_text(const char *text) {
    json_t *j = json_string(text);
    if (j)
        return j;
    char *safe = str_dup(text);
    for (char *p = safe; *p; p++)
        if ((unsigned char)*p >= 128)
            *p = '?';
    j = json_string(safe);
    free(safe);
    return j;
}

static json_t *json_number(uint64_t v) { return json_integer(v > INT64_MAX ? INT64_MAX : (json_int_t)v); }

static json_t *json_block(const struct cfg *g, const struct block *b) {
    json_t *succ = json_array(), *calls = json_array();
    for (uint32_t i = b->edge; i < b->edge + b->edges; i++) {
        const struct edge *e = &g->edges.data[i];
        json_array_append_new(succ, json_pack("{s:o, s:s}", "to", json_address(block_of(g, e->to)->addr), "kind", edge_names[e->kind]));
    }
    for (uint32_t i = b->call; i < b->call + b->calls; i++)
        json_array_append_new(calls, json_address(g->functions.data[g->calls.data[i]].addr));
    json_t *j = json_pack("{s:o, s:i, s:i, s:o, s:o, s:s}", "addr", json_address(b->addr), "size", (int)b->size, "insns", (int)b->insns,
                          "succ", succ, "calls", calls, "end", end_names[b->end]);
    if (b->open)
        json_object_set_new(j, "open", json_true());
    if (b->never)
        json_object_set_new(j, "never", json_true());
    if (b->resume != NONE)
        json_object_set_new(j, "resume", json_address(g->functions.data[b->resume].addr));
    return j;
}

static json_t *json_bound(const struct loop *l) {
    if (l->origin == BOUND_NONE)
        return json_null();
    json_t *j = json_pack("{s:o, s:s, s:o}", "max", json_number(l->max), "origin", origin_names[l->origin], "why", json_text(l->why));
    if (l->proof)
        json_object_set_new(j, "proof", json_string(cfg_proof_name(l).text));
    return j;
}

static json_t *json_loop(const struct cfg *g, const struct loop *l) {
    json_t *entries = json_array(), *blocks = json_array();
    for (size_t i = 0; i < l->blocks.len; i++)
        json_array_append_new(blocks, json_address(block_of(g, l->blocks.data[i])->addr));
    for (size_t i = 0; i < l->entries.len; i++)
        json_array_append_new(entries, json_address(block_of(g, l->entries.data[i])->addr));
    json_t *j = json_pack("{s:o, s:i, s:o, s:o, s:o}", "header", json_address(block_of(g, l->header)->addr), "depth", (int)l->depth, "bound",
                          json_bound(l), "entries", entries, "blocks", blocks);
    const char *file;
    int line;
    if (l->endless)
        json_object_set_new(j, "endless", json_true());
    if (image_line(g->image, block_of(g, l->header)->addr, &file, &line))
        json_object_set_new(j, "source", json_text(arena_printf(g->arena, "%s:%d", file, line)));
    return j;
}

static json_t *json_function(const struct cfg *g, const struct function *f) {
    json_t *blocks = json_array();
    for (size_t i = 0; i < f->blocks.len; i++)
        json_array_append_new(blocks, json_block(g, block_of(g, f->blocks.data[i])));
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:i}", "name", json_text(f->name), "addr", json_address(f->addr), "size",
                     json_number(f->size), "blocks", blocks, "loops", json_array(), "returns", (int)f->returns, "recursion", (int)f->recursion);
}

static json_t *json_stats(const struct cfg *g) {
    int bounded = 0, endless = 0;
    for (size_t i = 0; i < g->loops.len; i++) {
        bounded += g->loops.data[i].origin != BOUND_NONE;
        endless += g->loops.data[i].endless;
    }
    return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "loops_endless", endless, "functions", (int)g->functions.len, "blocks", (int)g->blocks.len, "edges",
                     (int)g->edges.len, "loops", (int)g->loops.len, "loops_bounded", bounded, "indirect", (int)g->indirect,
                     "indirect_resolved", (int)g->indirect_resolved);
}

enum group { KEPT, FITTING, LEFT_OUT };
static bool is_in(const struct candidate *c, enum group group) { return group == LEFT_OUT ? c->out : group == KEPT ? !c->out : c->fits; }

static json_t *json_group(const struct cfg *g, const struct candidates *c, enum group group) {
    enum { MOST_TOLD = 64 };
    size_t n = group == LEFT_OUT ? c->list.len - c->kept : group == KEPT ? c->kept : c->fitting;
    json_t *list = json_array();
    for (size_t k = 0; k < c->list.len && n <= MOST_TOLD; k++)
        if (is_in(&c->list.data[k], group))
            json_array_append_new(list, json_address(g->functions.data[c->list.data[k].function].addr));
    return list;
}

/* "candidates": what an unresolved pointer may mean, as far as that is told one by one, those of them that "fitting" tells stand in the data where
 * it is loaded from; "left_out": those that read more than the "arguments" that are given. */
static void json_candidates(const struct cfg *g, const struct candidates *c, json_t *u) {
    json_object_set_new(u, "candidates", json_group(g, c, KEPT));
    json_object_set_new(u, "candidate_count", json_integer((json_int_t)c->kept));
    json_object_set_new(u, "left_out", json_group(g, c, LEFT_OUT));
    json_object_set_new(u, "left_out_count", json_integer((json_int_t)(c->list.len - c->kept)));
    json_object_set_new(u, "arguments", json_integer(c->gives));
    if (!c->based)
        return;
    json_object_set_new(u, "offset", json_integer((json_int_t)c->offset));
    json_object_set_new(u, "fitting", json_group(g, c, FITTING));
    json_object_set_new(u, "fitting_count", json_integer((json_int_t)c->fitting));
}

static void json_all_candidates(const struct cfg *g, json_t *unresolved) {
    struct narrowing *n = narrowing_new(g);
    for (size_t i = 0; i < g->unresolved.len; i++)
        if (g->unresolved.data[i].pointer)
            json_candidates(g, narrowing_of(n, i), json_array_get(unresolved, i));
    narrowing_free(n);
}

json_t *cfg_json(const struct cfg *g) {
    json_t *functions = json_array(), *unresolved = json_array();
    for (size_t i = 0; i < g->functions.len; i++)
        json_array_append_new(functions, json_function(g, &g->functions.data[i]));
    for (size_t i = 0; i < g->loops.len; i++) {
        uint32_t f = block_of(g, g->loops.data[i].header)->function;
        json_array_append_new(json_object_get(json_array_get(functions, f), "loops"), json_loop(g, &g->loops.data[i]));
    }
    for (size_t i = 0; i < g->unresolved.len; i++) {
        const struct unresolved *u = &g->unresolved.data[i];
        json_array_append_new(unresolved, json_pack("{s:o, s:o, s:o, s:o}", "addr", json_address(u->addr), "function",
                                                    json_text(g->functions.data[u->function].name), "place",
                                                    json_text(cfg_describe(g, u->addr)), "why", json_text(u->why)));
    }
    json_all_candidates(g, unresolved);
    return json_pack("{s:o, s:s, s:s, s:o, s:o, s:o}", "elf", json_text(image_path(g->image)), "build_id", image_build_id(g->image), "arch", "rv64",
                     "functions", functions, "unresolved", unresolved, "stats", json_stats(g));
}

/* ---- a table ----------------------------------------------------------------------------------------------------------- */

static void print_loops(const struct cfg *g, FILE *out) {
    fputs("\nloops\n", out);
    for (size_t i = 0; i < g->loops.len; i++) {
        const struct loop *l = &g->loops.data[i];
        const char *file = "";
        int line = 0;
        bool known = image_line(g->image, block_of(g, l->header)->addr, &file, &line);
        fprintf(out, "  %*s%s", 2 * (int)(l->depth - 1), "", cfg_describe(g, block_of(g, l->header)->addr));
        if (known)
            fprintf(out, "  %s:%d", file, line);
        if (l->endless)
            fputs("  never left\n", out);
        else if (l->origin == BOUND_NONE)
            fputs("  unbounded\n", out);
        else
            fprintf(out, "  max %" PRIu64 " %s: %s\n", l->max, origin_names[l->origin], l->why);
    }
}

void cfg_print(const struct cfg *g, FILE *out) {
    fprintf(out, "%-18s %7s %6s %6s  %s\n", "address", "bytes", "blocks", "insns", "function");
    size_t bounded = 0;
    for (size_t i = 0; i < g->functions.len; i++) {
        const struct function *f = &g->functions.data[i];
        uint64_t insns = 0, bytes = 0;
        for (size_t k = 0; k < f->blocks.len; k++) {
            insns += block_of(g, f->blocks.data[k])->insns;
            bytes += block_of(g, f->blocks.data[k])->size;
        }
        fprintf(out, "0x%016" PRIx64 " %7" PRIu64 " %6zu %6" PRIu64 "  %s%s%s\n", f->addr, bytes, f->blocks.len, insns, f->name,
                f->returns ? "" : " (does not return)", f->recursion != 1 ? " (recursive)" : "");
    }
    for (size_t i = 0; i < g->loops.len; i++)
        bounded += g->loops.data[i].origin != BOUND_NONE;
    if (g->loops.len)
        print_loops(g, out);
    if (g->unresolved.len)
        fputs("\nunresolved\n", out);
    for (size_t i = 0; i < g->unresolved.len; i++)
        fprintf(out, "  %s: %s\n", cfg_describe(g, g->unresolved.data[i].addr), g->unresolved.data[i].why);
    fprintf(out, "\n%zu functions, %zu blocks, %zu edges, %zu loops (%zu bounded), %u indirect transfers (%u resolved)\n", g->functions.len,
            g->blocks.len, g->edges.len, g->loops.len, bounded, g->indirect, g->indirect_resolved);
}

/* ---- facts that are missing ------------------------------------------------------------------------------------------------ */

static void template_source(const struct cfg *g, uint64_t addr, FILE *out) {
    const char *file;
    int line;
    if (image_line(g->image, addr, &file, &line))
        fprintf(out, "# %s:%d\n", file, line);
}

static void template_names(const struct cfg *g, const struct candidates *c, enum group group, FILE *out) {
    enum { MOST_NAMED = 200 };
    size_t told = 0;
    for (size_t k = 0; k < c->list.len && told <= MOST_NAMED; k++)
        if (is_in(&c->list.data[k], group) && told++ < MOST_NAMED)
            fprintf(out, "%s%s", told % 10 != 1 ? " " : "\n#    ", g->functions.data[c->list.data[k].function].name);
    fputs(told > MOST_NAMED ? " …\n" : "\n", out);
}

static void template_candidates(const struct cfg *g, const struct candidates *c, bool all, FILE *out) {
    fprintf(out, "# candidates: %zu of %zu functions whose address is taken", c->kept, c->list.len);
    template_names(g, c, KEPT, out);
    if (c->fitting && c->fitting < c->kept) {
        fprintf(out, "# of these the data hold, %" PRIu64 " bytes behind something that is pointed to: %zu", c->offset, c->fitting);
        template_names(g, c, FITTING, out);
    }
    if (c->kept == c->list.len)
        return;
    fprintf(out, "# left out: %zu that read more than the %u arguments that are given here", c->list.len - c->kept, c->gives);
    if (all)
        template_names(g, c, LEFT_OUT, out);
    else
        fputs(" (-v names them)\n", out);
}

/* What a table in written memory holds as the ELF has it: pointers to functions and nulls, up to the first other thing or the next symbol. */
static void template_table(const struct cfg *g, uint64_t table, FILE *out) {
    enum { MOST = 512 };
    const struct symbol *s;
    size_t n = image_symbols(g->image, &s), named = 0;
    uint64_t end = table + 8 * MOST, word;
    const char *name = NULL;
    for (size_t i = 0; i < n; i++) {
        name = s[i].object && s[i].addr == table ? s[i].name : name;
        end = s[i].object && s[i].addr > table && s[i].addr < end ? s[i].addr : end;
    }
    for (uint64_t at = table; at < end; at += 8) {
        const uint8_t *p = image_at(g->image, at, 8);
        if (!p)
            break;
        memcpy(&word, p, 8);
        uint32_t b = cfg_block_at(g, word);
        if (word && (b == NONE || g->functions.data[block_of(g, b)->function].entry != b))
            break;
        if (word && !named++)
            fprintf(out, "# as the ELF has it, %s holds:", name ? name : "the table");
        if (word)
            fprintf(out, " %s", g->functions.data[block_of(g, b)->function].name);
    }
    fputs(named ? "\n" : "", out);
}

/* A constant that is no code: kernels map code (trampolines) a second time, and pages keep the low bits of addresses. */
static void template_mapped(const struct cfg *g, uint64_t target, FILE *out) {
    enum { MOST_NAMED = 8, WITHIN = 4096 };
    const struct symbol *s;
    size_t n = image_symbols(g->image, &s), found = 0;
    for (size_t i = 0; i < n && found < MOST_NAMED; i++)
        if (image_is_code(g->image, s[i].addr) && s[i].addr % WITHIN == target % WITHIN && *s[i].name)
            fprintf(out, "%s %s", found++ ? "," : "# if that is code mapped a second time:", s[i].name);
    fputs(found ? "\n" : "", out);
}

/* Does FUNCTION call itself, be it through others, on a way that may end? */
static bool comes_back(const struct cfg *g, uint32_t function, const bool *dead) {
    bool *seen = mem_alloc(g->functions.len + 1), back = false;
    VEC(uint32_t) todo = {0};
    vec_push(&todo, function);
    for (size_t i = 0; i < todo.len && !back; i++) {
        const struct function *f = &g->functions.data[todo.data[i]];
        for (size_t k = 0; k < f->blocks.len; k++) {
            const struct block *b = block_of(g, f->blocks.data[k]);
            for (uint32_t c = b->call; c < b->call + b->calls && !b->never; c++) {
                uint32_t to = g->calls.data[c];
                back |= to == function;
                if (!seen[to] && !dead[to])
                    vec_push(&todo, to);
                seen[to] = true;
            }
        }
    }
    vec_free(&todo);
    free(seen);
    return back;
}

/* A function that returns on a stack pointer that it has loaded from elsewhere than the stack. */
static bool loads_stack(const struct cfg *g, uint32_t function) {
    struct code *c = &g->own->flow.code;
    const struct function *f = &g->functions.data[function];
    bool loads = false, returns = false;
    for (size_t k = 0; k < f->blocks.len; k++) {
        const struct block *b = block_of(g, f->blocks.data[k]);
        if (b->switches)
            return false;
        returns |= b->end == END_RETURN;
        for (uint64_t at = b->addr; at < b->addr + b->size; at += c->insn[code_slot(c, at)].size) {
            const struct insn *i = &c->insn[code_slot(c, at)];
            loads |= i->op == OP_LD && i->rd == 2 && i->rs1 != 2;
        }
    }
    return loads && returns;
}

static void template_switches(const struct cfg *g, FILE *out) {
    for (uint32_t i = 0; i < g->functions.len; i++)
        if (loads_stack(g, i))
            fprintf(out, "\n# it loads its stack pointer: if it goes on as another thread, the entry that came there is over\n# switch %s because \"\"\n", g->functions.data[i].name);
}

static void template_recursion(const struct cfg *g, FILE *out) {
    bool *dead = mem_alloc(g->functions.len + 1);
    cfg_dead_ends(g, NULL, 0, dead);
    for (uint32_t i = 0; i < g->functions.len; i++)
        if (g->functions.data[i].recursion == 0 && !dead[i] && comes_back(g, i, dead))
            fprintf(out, "\n# recursion %s max N\n", g->functions.data[i].name);
    free(dead);
}

void cfg_facts_template(const struct cfg *g, bool all, FILE *out) {
    struct narrowing *narrowing = narrowing_new(g);
    fprintf(out, "elf \"%s\"\n", image_build_id(g->image));
    for (size_t i = 0; i < g->unresolved.len; i++) {
        const struct unresolved *u = &g->unresolved.data[i];
        uint32_t b = cfg_block_around(g, u->addr);
        fputc('\n', out);
        template_source(g, u->addr, out);
        fprintf(out, "# %s: %s\n", cfg_describe(g, u->addr), u->why);
        if (u->target)
            template_mapped(g, u->target, out);
        else if (u->pointer)
            template_candidates(g, narrowing_of(narrowing, i), all, out);
        if (u->table)
            template_table(g, u->table, out);
        if (b != NONE)
            fprintf(out, "# %s 0x%" PRIx64 " TARGET...\n", block_of(g, b)->end == END_CALL || block_of(g, b)->end == END_STOP ? "calls" : "jumps", u->addr);
    }
    narrowing_free(narrowing);
    if (g->unresolved.len)
        fputs("\n# With these filled in, ask again: some of what follows will be known then.\n", out);
    for (size_t i = 0; i < g->loops.len; i++) {
        if (g->loops.data[i].origin != BOUND_NONE || g->loops.data[i].endless)
            continue;
        uint64_t addr = block_of(g, g->loops.data[i].header)->addr;
        fputc('\n', out);
        template_source(g, addr, out);
        fprintf(out, "# loop %s max N because \"\"\n", cfg_describe(g, addr));
    }
    template_switches(g, out);
    template_recursion(g, out);
}
