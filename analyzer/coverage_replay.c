/* From an example to a replay, and from what the board then shows back to the unit. */
#include "analyzer/coverage.h"

#include <inttypes.h>

enum { REG_SCRATCH = 25, REG_BUFFER = 26, CSR_SATP = 0x180, CSR_STIMECMP = 0x14d };

/* What S-mode in the harness cannot do, or would not come back from. */
static const char *refuses(const struct insn *i) {
    switch (i->op) {
    case OP_SRET: case OP_MRET: return "it returns from a trap on the way";
    case OP_ECALL: return "it calls another privilege level";
    case OP_EBREAK: return "it breaks";
    case OP_WFI: return "it waits for an interrupt";
    case OP_SFENCE: return "it changes address translation";
    case OP_LR_W: case OP_LR_D: case OP_SC_W: case OP_SC_D: return "it reserves memory";
    }
    bool csr = i->op >= OP_CSRRW && i->op <= OP_CSRRCI;
    if (csr && (i->imm == CSR_SATP || i->imm == CSR_STIMECMP))
        return "it writes a control register that the harness needs";
    return NULL;
}

static uint64_t line_of(const struct coverage *c, bool fetch) {
    const struct model_cache *k = model_find(c->model, fetch ? "L1I" : "L1D");
    return k ? (uint64_t)k->line : 64;
}

static uint64_t miss_cost(const struct coverage *c, bool fetch) {
    const struct model_cache *k = model_find(c->model, fetch ? "L1I" : "L1D");
    return !k ? 0 : (uint64_t)(k->miss >= 0 ? k->miss : k->cold);
}

static uint64_t dirty_cost(const struct coverage *c) {
    const struct model_cache *k = model_find(c->model, "L1D");
    return k && k->stores && k->evict_dirty > 0 ? (uint64_t)k->evict_dirty : 0;
}

/* Cycles of the look-ups of accesses FROM to TO; ALL, or only the counted ones. */
static uint64_t misses_cost(const struct coverage *c, const struct coverage_example *x, const struct cover_outcome *o, size_t from, size_t to, bool all) {
    uint64_t sum = 0;
    for (size_t i = 0; i < x->state.lookups.len; i++) {
        const struct cover_lookup *l = &x->state.lookups.data[i];
        if (!l->present || l->access < from || l->access >= to || !(all || l->counted))
            continue;
        sum += (o[i].hit ? 0 : miss_cost(c, l->fetch)) + (o[i].dirty ? dirty_cost(c) : 0);
    }
    return sum;
}

/* What the harness puts at END is two bytes: of END's own fetches only that of the line that it begins in is made. */
static size_t fetched_by(const struct coverage *c, const struct cover_path *p, size_t end) {
    const struct cover_step *s = &p->steps.data[end];
    uint64_t line = line_of(c, true);
    bool begins = s->accesses && p->access.data[s->access].fetch && p->access.data[s->access].addr / line == s->pc / line;
    return s->access + begins;
}

/* Misses from access FROM to TO, of each cache. */
static void count_misses(struct coverage_example *x, const struct cover_outcome *o, size_t from, size_t to) {
    x->misses[0] = x->misses[1] = 0;
    for (size_t i = 0; i < x->state.lookups.len; i++) {
        const struct cover_lookup *l = &x->state.lookups.data[i];
        x->misses[l->fetch] += l->present && l->access >= from && l->access < to && !o[i].hit;
    }
}

static const char *choose_steps(const struct cover_path *p, size_t *start, size_t *end) {
    *start = p->first;
    *end = p->last < p->steps.len ? p->last : p->steps.len - 1; /* a return from the trap is not executed */
    if (p->steps.data[*start].pc == p->steps.data[*end].pc && p->steps.data[*start].insn.rd != REG_SCRATCH)
        return "it ends where it begins";
    if (p->steps.data[*start].pc == p->steps.data[*end].pc)
        ++*start; /* a probe's: nobody but the probe misses it */
    if (*start >= *end)
        return "nothing is left of it to be run";
    for (size_t i = *start; i <= *end; i++) {
        const char *why = i < *end ? refuses(&p->steps.data[i].insn) : NULL;
        if (why)
            return why;
        if (i < *end && p->steps.data[i].pc == p->steps.data[*end].pc)
            return "it passes its end on the way";
    }
    return NULL;
}

static const char *fetches_before(const struct coverage *c, const struct cover_path *p, size_t start, struct replay_case *r) {
    uint64_t line = line_of(c, true), last = UINT64_MAX;
    for (size_t i = 0; i < start; i++) {
        const struct cover_step *s = &p->steps.data[i];
        for (size_t k = s->access; k < s->access + s->accesses; k++)
            if (!p->access.data[k].fetch && p->access.data[k].cached)
                return "cached data is accessed before it begins";
        for (uint64_t at = s->pc / line; at <= (s->pc + s->insn.size - 1) / line; at++) {
            if (at != last)
                vec_push(&r->before, at * line);
            last = at;
        }
    }
    return NULL;
}

/* The record that a probe writes goes where the harness wants it: s10 is the probes' own, and bypasses the caches wherever it points. */
static bool in_record(const struct coverage *c, const struct coverage_example *x, uint64_t addr) {
    return !image_has_port(c->wcet->image) && addr - x->values.x[REG_BUFFER] < 64;
}

static void describe(struct coverage *c, struct coverage_unit *u, struct coverage_example *x) {
    const struct cover_path *p = &u->paths.data[x->path].code;
    struct cover_outcome *o = mem_alloc((x->state.lookups.len + 1) * sizeof *o);
    struct replay_case *r = &x->replay;
    size_t start, end;
    const char *why = choose_steps(p, &start, &end);
    cover_simulate(c->model, &x->state, o);
    x->cycles = p->base + misses_cost(c, x, o, 0, p->access.len, false);
    *r = (struct replay_case){.name = u->id, .state = &x->state};
    if (!why)
        why = fetches_before(c, p, start, r);
    if (why) {
        r->refused = str_dup(why);
        free(o);
        return;
    }
    r->start = p->steps.data[start].pc;
    r->end = p->steps.data[end].pc;
    memcpy(r->x, x->values.x, sizeof r->x);
    r->sscratch = x->values.csr[0];
    r->sepc = x->values.csr[1];
    r->scause = x->values.csr[2];
    r->stval = x->values.csr[3];
    for (size_t i = 0; i < x->values.words.len; i++)
        vec_push(&r->words, x->values.words.data[i]);
    for (size_t i = 0; i < x->values.stores.len; i++)
        if (!in_record(c, x, x->values.stores.data[i].addr))
            vec_push(&r->stores, x->values.stores.data[i]);
    for (size_t i = start; i < end; i++)
        x->expected += p->steps.data[i].cycles;
    x->expected += misses_cost(c, x, o, p->steps.data[start].access, fetched_by(c, p, end), true);
    count_misses(x, o, p->steps.data[start].access, fetched_by(c, p, end));
    r->probes = !image_has_port(c->wcet->image);
    free(o);
}

void coverage_describe(struct coverage *c, struct coverage_unit *u) {
    for (size_t k = 0; k < u->examples.len; k++)
        describe(c, u, &u->examples.data[k]);
}

/* ---- other states ------------------------------------------------------------------------------------------------------------- */

enum { MOST_TRIES = 6 };

static void assert_avoided(const struct cover_path *p, const struct coverage_example *x, struct smt *s) {
    for (size_t i = 0; i < p->memory.len; i++) {
        uint64_t constant;
        ir_ref at = p->trail.accesses.data[p->memory.data[i]].addr;
        if (ir_is_const(&p->ir, at, &constant))
            continue;
        struct smt_name name = smt_term(s, at);
        for (size_t k = 0; k < x->avoid.len; k++) {
            uint64_t lo = x->avoid.data[k].lo, first = lo < 7 ? 0 : lo - 7; /* an access is 8 bytes at most */
            smt_assert_text(s, NONE, "(not (and (bvuge %s (_ bv%" PRIu64 " 64)) (bvule %s (_ bv%" PRIu64 " 64))))", name.text, first, name.text, x->avoid.data[k].hi);
        }
    }
}

/* 1: x is another one. Only what is found means something: nothing is proved by what is not. */
static int other_state(struct coverage *c, struct coverage_unit *u, struct coverage_example *x, const struct coverage_options *o, struct err *e) {
    struct cover_path *p = &u->paths.data[x->path].code;
    struct smt *s = smt_new(&p->ir);
    struct cover_case found;
    cover_path_assert(p, c->wcet->cfg, s);
    vec_push(&x->avoid, ((struct coverage_range){x->replay.bad_lo, x->replay.bad_hi}));
    assert_avoided(p, x, s);
    struct cover *cover = coverage_question(c, u, x->path, o, s, e);
    int rc = cover ? cover_ask(cover, x->state.count, x->state.count, NULL, &found, e) : -1;
    if (rc == 1) {
        cover_case_free(&x->state);
        vec_free(&x->values.words);
        vec_free(&x->values.stores);
        replay_case_free(&x->replay);
        x->state = found;
        x->values = (struct cover_state_values){0};
        cover_values(p, &x->state, &x->values);
        x->expected = 0;
        x->tried = false;
        describe(c, u, x);
    }
    cover_free(cover);
    smt_free(s);
    return rc < 0 && e->kind == ERR_INCOMPLETE ? 0 : rc;
}

int coverage_other_states(struct coverage *c, struct coverage_unit *u, const struct coverage_options *o, struct err *e) {
    int found = 0;
    for (size_t i = 0; i < u->examples.len; i++) {
        struct coverage_example *x = &u->examples.data[i];
        if (!x->tried || !x->replay.refused || !x->replay.elsewhere || x->avoid.len == MOST_TRIES)
            continue;
        int rc = other_state(c, u, x, o, e);
        if (rc < 0)
            return -1;
        found += rc;
        if (rc == 0)
            x->replay.elsewhere = false;
    }
    return found;
}

bool replay_agrees(const struct replay_case *r, uint64_t cycles, const uint64_t misses[2]) {
    return !r->failed && r->cycles == cycles && (!r->counted || (r->misses[0] == misses[0] && r->misses[1] == misses[1]));
}

static void judge(struct coverage_unit *u, struct coverage_example *x) {
    x->tried = true;
    if (x->replay.refused)
        return;
    x->replayed = true;
    x->agrees = replay_agrees(&x->replay, x->expected, x->misses);
    u->replays++;
    u->agreed += x->agrees;
}

/* Cases move into one list and back: replay_run wants an array. */
int coverage_replay(struct coverage *c, const char *platform, bool truth, struct err *e) {
    VEC(struct replay_case) cases = {0};
    for (size_t i = 0; i < c->units.len; i++)
        for (size_t k = 0; k < c->units.data[i].examples.len; k++)
            if (!c->units.data[i].examples.data[k].tried)
                vec_push(&cases, c->units.data[i].examples.data[k].replay);
    int rc = replay_run(platform, c->wcet->image, c->model, truth, cases.data, cases.len, e);
    for (size_t i = 0, at = 0; i < c->units.len; i++)
        for (size_t k = 0; k < c->units.data[i].examples.len; k++) {
            struct coverage_example *x = &c->units.data[i].examples.data[k];
            if (x->tried)
                continue;
            x->replay = cases.data[at++];
            if (rc == 0)
                judge(&c->units.data[i], x);
        }
    vec_free(&cases);
    return rc;
}
