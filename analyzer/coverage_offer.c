/* From a counterexample to a workload: with what registers must the kernel be entered to come to the unit with those accesses?
 *
 * The shortest way through the walk from an entry's start to the unit is followed (cfg/trail.h). What it and the unit's accesses hang on must be the
 * registers at the trap, which are the caller's to choose: then the solver is asked for them. Where they hang on what the kernel's memory holds, or
 * nothing leads there by that way, that is said. An offer is a proposal: only measuring it tells what it does. */
#include "analyzer/coverage.h"

#include <inttypes.h>

enum { MOST_STEPS = 400, CSR_SCAUSE = 0x142 };

struct way {
    struct coverage *c;
    const struct coverage_unit *u;
    const struct coverage_example *x;
    VEC(uint32_t) blocks;   /* from the entry's start on, the unit's included */
    size_t before;          /* of them before the unit */
    struct ir ir;
    struct trail trail;
    bool *seen;             /* by ir node: it matters */
    struct coverage_offer *out;
};

static void refuse(struct way *w, const char *why) {
    if (!w->out->why)
        w->out->why = why;
}

/* ---- the way there -------------------------------------------------------------------------------------------------------------- */

/* Breadth first; VIA: by node, the one before it + 1. */
static bool reach(const struct walk *w, uint32_t start, uint32_t goal, uint32_t *via) {
    VEC(uint32_t) queue = {0};
    vec_push(&queue, start);
    via[start] = start + 1;
    for (size_t i = 0; i < queue.len && !via[goal]; i++) {
        const struct walk_node *n = &w->nodes.data[queue.data[i]];
        for (uint32_t k = n->edge; n->expanded && k < n->edge + n->edges; k++) {
            uint32_t to = w->edges.data[k].to;
            if (via[to])
                continue;
            via[to] = queue.data[i] + 1;
            vec_push(&queue, to);
        }
    }
    vec_free(&queue);
    return via[goal] != 0;
}

static void keep_way(struct way *w, uint32_t start, uint32_t goal, const uint32_t *via) {
    const struct walk *k = w->c->wcet->walk;
    const struct cover_path *p = &w->u->paths.data[w->x->path].code;
    for (uint32_t n = goal; n != start; n = via[n] - 1)
        vec_push(&w->blocks, k->nodes.data[via[n] - 1].block);
    for (size_t i = 0, j = w->blocks.len; i + 1 < j--; i++) {
        uint32_t b = w->blocks.data[i];
        w->blocks.data[i] = w->blocks.data[j];
        w->blocks.data[j] = b;
    }
    w->before = w->blocks.len;
    for (size_t i = 0; i < p->blocks.len; i++)
        vec_push(&w->blocks, p->blocks.data[i]);
}

static bool find_way(struct way *w) {
    const struct wcet *wc = w->c->wcet;
    uint32_t goal = wc->walk->ipg.data[w->u->ipg].from, *via = mem_alloc((wc->walk->nodes.len + 1) * sizeof *via);
    bool found = false;
    for (size_t i = 0; i < wc->rows.len && !found; i++) {
        uint64_t addr;
        struct err e;
        uint32_t block = cfg_place(wc->cfg, wc->rows.data[i].spec->start, &addr, &e) < 0 ? NONE : cfg_block_at(wc->cfg, addr);
        uint32_t start = block == NONE ? NONE : walk_start(wc->walk, block);
        memset(via, 0, wc->walk->nodes.len * sizeof *via);
        found = start != NONE && reach(wc->walk, start, goal, via);
        if (found)
            keep_way(w, start, goal, via);
    }
    free(via);
    return found;
}

/* ---- what it hangs on ------------------------------------------------------------------------------------------------------------- */

/* Marks what ROOT is made of. False: memory or values that nobody knows are among it. OWN: a csr (sp's, say) makes it the kernel's own. */
static bool mark(struct way *w, ir_ref root, bool *own) {
    VEC(ir_ref) work = {0};
    bool good = true;
    vec_push(&work, root);
    while (work.len) {
        ir_ref r = work.data[--work.len];
        const struct ir_node *n = ir_at(&w->ir, r);
        if (!r)
            continue;
        w->seen[r] = true;
        good = good && n->op != IR_LOAD && n->op != IR_APPLY && !(n->op == IR_VAR && var_kind(n->imm) != VAR_ENTRY);
        *own |= n->op == IR_CSR;
        if (n->op == IR_CSR || n->op == IR_LOAD)
            continue;
        vec_push(&work, n->a);
        vec_push(&work, n->b);
        vec_push(&work, n->c);
    }
    vec_free(&work);
    return good;
}

static bool follow(struct way *w) {
    struct err e;
    trail_begin(&w->trail, w->c->wcet->cfg, &w->ir, TRAIL_ALONE);
    for (size_t i = 0; i < w->blocks.len; i++)
        if (trail_follow(&w->trail, w->blocks.data[i], i + 1 < w->blocks.len ? w->blocks.data[i + 1] : NONE, &e) < 0)
            return false;
    return !w->trail.unmodelled;
}

/* ---- the question ------------------------------------------------------------------------------------------------------------------ */

static unsigned line_shift(const struct coverage *c) {
    const struct model_cache *k = model_find(c->model, "L1D");
    return k && k->line > 0 ? (unsigned)__builtin_ctzll((uint64_t)k->line) : 6;
}

/* The unit's accesses by addresses that hang on the caller's registers go to the example's lines. Those by the kernel's own pointers go where they go. */
static void assert_lines(struct way *w, struct smt *s) {
    const struct cover_path *p = &w->u->paths.data[w->x->path].code;
    unsigned shift = line_shift(w->c);
    size_t k = 0;
    for (size_t i = 0; i < w->trail.accesses.len && k < p->memory.len; i++) {
        const struct trail_access *a = &w->trail.accesses.data[i];
        uint64_t constant;
        if (a->step < w->before)
            continue;
        size_t at = 0; /* of this access among the path's */
        while (at < p->access.len && !(p->access.data[at].at == p->trail.accesses.data[p->memory.data[k]].addr && !p->access.data[at].fetch))
            at++;
        k++;
        bool own = false;
        if (at == p->access.len || !p->access.data[at].cached || ir_is_const(&w->ir, a->addr, &constant))
            continue;
        if (!mark(w, a->addr, &own))
            refuse(w, "the addresses in it hang on what the kernel's memory holds");
        for (size_t l = 0; l < w->x->state.lookups.len && !own; l++)
            if (w->x->state.lookups.data[l].access == at) {
                struct smt_name name = smt_term(s, a->addr);
                smt_assert_text(s, NONE, "(= (bvlshr %s (_ bv%u 64)) (_ bv%" PRIu64 " 64))", name.text, shift, w->x->state.lookups.data[l].line >> shift);
                break;
            }
    }
}

static void read_answer(struct way *w, const struct smt *s, const size_t at[32]) {
    for (uint32_t r = 1; r < 32; r++)
        if (at[r] != SIZE_MAX) {
            w->out->x[r] = smt_value(s, at[r]);
            w->out->known |= 1u << r;
        }
}

static void ask(struct way *w, uint64_t steps) {
    struct smt *s = smt_new(&w->ir);
    size_t at[32];
    enum smt_answer answer = SMT_UNKNOWN;
    struct err e;
    bool own = false;
    for (size_t i = 0; i < w->trail.conditions.len; i++) {
        if (!mark(w, w->trail.conditions.data[i].term, &own))
            refuse(w, "the way there hangs on what the kernel's memory holds");
        smt_assert(s, w->trail.conditions.data[i].term, NONE);
    }
    assert_lines(w, s);
    for (uint32_t r = 1; r < 32; r++) {
        ir_ref v = ir_var(&w->ir, 64, var_id(VAR_ENTRY, 0, r));
        at[r] = !w->out->why && v <= w->ir.nodes.len && w->seen[v] ? smt_ask(s, v) : SIZE_MAX;
    }
    if (!w->out->why && smt_solve(s, (struct smt_limits){(uint32_t)steps, 30, 1ull << 30}, &answer, NULL, &e) < 0)
        refuse(w, "the solver failed");
    if (answer == SMT_SAT)
        read_answer(w, s, at);
    else
        refuse(w, answer == SMT_UNSAT ? "no registers at the entry lead there by the shortest way" : "the solver reached its limit");
    smt_free(s);
}

/* ---- offers -------------------------------------------------------------------------------------------------------------------------- */

static void keep_lines(struct coverage_offer *out, const struct cover_case *k, const struct coverage *c) {
    for (size_t i = 0; i < k->lookups.len; i++) {
        const struct cover_lookup *l = &k->lookups.data[i];
        const struct model_cache *m = model_find(c->model, l->fetch ? "L1I" : "L1D");
        bool known = false;
        for (size_t j = 0; j < i; j++)
            known |= k->lookups.data[j].fetch == l->fetch && k->lookups.data[j].line == l->line;
        if (l->present && !known && m)
            vec_push(&out->lines, ((struct coverage_line){l->line, l->fetch, l->age < (uint64_t)m->ways}));
    }
}

static void offer(struct coverage *c, const struct coverage_unit *u, const struct coverage_example *x, const struct coverage_options *o) {
    struct coverage_offer out = {.unit = str_dup(u->id), .from = u->from, .to = u->to, .count = x->state.count, .cycles = x->cycles};
    struct way w = {.c = c, .u = u, .x = x, .out = &out};
    ir_init(&w.ir, c->wcet->image);
    keep_lines(&out, &x->state, c);
    if (!find_way(&w))
        refuse(&w, "no way through the graph leads there");
    else if (w.blocks.len > MOST_STEPS)
        refuse(&w, "the way there is too long");
    else if (!follow(&w))
        refuse(&w, "an instruction on the way there is not modelled");
    if (!out.why) {
        w.seen = mem_alloc(w.ir.nodes.len + 64); /* the registers themselves may be new nodes */
        ask(&w, o->steps);
    }
    free(w.seen);
    trail_free(&w.trail);
    ir_free(&w.ir);
    vec_free(&w.blocks);
    vec_push(&c->closing.offers, out);
}

void coverage_offer(struct coverage *c, const struct coverage_unit *u, const struct coverage_options *o) {
    for (size_t i = 0; i < u->examples.len; i++) {
        bool made = false;
        for (size_t k = 0; k < c->closing.offers.len; k++)
            made |= c->closing.offers.data[k].from == u->from && c->closing.offers.data[k].to == u->to && c->closing.offers.data[k].count == u->examples.data[i].state.count;
        if (!made)
            offer(c, u, &u->examples.data[i], o);
    }
}

static const char *const x_names[32] = {"zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5",
                                        "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};

static json_t *hex(uint64_t v) { return json_sprintf("0x%" PRIx64, v); }

/* The rows whose worst path the unit is on: which call it is. */
static json_t *entries_of(const struct coverage *c, const struct coverage_offer *o) {
    const struct wcet *w = c->wcet;
    json_t *list = json_array();
    for (size_t i = 0; i < w->rows.len; i++)
        for (size_t k = 0; k < w->rows.data[i].worst_path.len; k++) {
            const struct ipg_edge *x = &w->walk->ipg.data[w->rows.data[i].worst_path.data[k].edge];
            if (w->cfg->blocks.data[w->walk->nodes.data[x->from].block].addr != o->from || w->cfg->blocks.data[w->walk->nodes.data[x->to].block].addr != o->to)
                continue;
            json_array_append_new(list, json_string(w->rows.data[i].spec->name));
            break;
        }
    return list;
}

json_t *coverage_offers_json(const struct coverage *c) {
    json_t *list = json_array();
    for (size_t i = 0; i < c->closing.offers.len; i++) {
        const struct coverage_offer *o = &c->closing.offers.data[i];
        json_t *registers = json_object(), *lines = json_array();
        for (uint32_t r = 1; r < 32; r++)
            if (o->known >> r & 1)
                json_object_set_new(registers, x_names[r], hex(o->x[r]));
        for (size_t k = 0; k < o->lines.len; k++)
            json_array_append_new(lines, json_pack("{s:s,s:o,s:b}", "cache", o->lines.data[k].fetch ? "L1I" : "L1D", "line", hex(o->lines.data[k].line), "there",
                                                   (int)o->lines.data[k].there));
        json_array_append_new(list, json_pack("{s:s,s:I,s:I,s:o,s:o,s:o,s:o}", "unit", o->unit, "count", (json_int_t)o->count, "cycles", (json_int_t)o->cycles, "entries",
                                              entries_of(c, o), "registers", o->why ? json_null() : json_incref(registers), "lines", lines, "why",
                                              o->why ? json_string(o->why) : json_null()));
        json_decref(registers);
    }
    return list;
}

static void print_offer(const struct coverage_offer *o, FILE *out) {
    fprintf(out, "as a workload: %s with %u misses: enter the kernel with", o->unit, o->count);
    for (uint32_t r = 1; r < 32; r++)
        if (o->known >> r & 1)
            fprintf(out, " %s=0x%" PRIx64, x_names[r], o->x[r]);
    fputs(o->known ? "" : " any registers", out);
    for (int there = 1; there >= 0; there--) {
        const char *before = there ? "; cached before:" : "; not cached before:";
        for (size_t k = 0; k < o->lines.len; k++)
            if (o->lines.data[k].there == (there == 1)) {
                fprintf(out, "%s 0x%" PRIx64, before, o->lines.data[k].line);
                before = "";
            }
    }
    fputc('\n', out);
}

void coverage_offers_print(const struct coverage *c, FILE *out) {
    for (size_t i = 0; i < c->closing.offers.len; i++) {
        const struct coverage_offer *o = &c->closing.offers.data[i];
        uint64_t same = 0;
        bool first = true;
        if (!o->why) {
            print_offer(o, out);
            continue;
        }
        for (size_t k = 0; k < c->closing.offers.len; k++) {
            bool is = c->closing.offers.data[k].why && strcmp(c->closing.offers.data[k].why, o->why) == 0;
            same += is;
            first &= !(is && k < i);
        }
        if (first)
            fprintf(out, "no workload derived for %" PRIu64 " of them: %s\n", same, o->why);
    }
}
