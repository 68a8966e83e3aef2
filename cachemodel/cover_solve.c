/* The range of a unit's miss counts, by tightening; every case is confirmed by simulation before it counts. */
#include "cachemodel/cover.h"

#include <inttypes.h>

void cover_case_free(struct cover_case *c) {
    vec_free(&c->lookups);
    vec_free(&c->values);
}

void cover_range_free(struct cover_range *r) {
    for (size_t i = 0; i < r->cases.len; i++)
        cover_case_free(&r->cases.data[i]);
    vec_free(&r->cases);
    vec_free(&r->state);
}

/* ---- what is asked ----------------------------------------------------------------------------------------------------------- */

static unsigned log2_of(uint64_t v) { return (unsigned)__builtin_ctzll(v); }

int cover_side(const struct model *m, bool fetch, struct cover_side *side, struct err *e) {
    const char *name = fetch ? "L1I" : "L1D";
    const struct model_cache *k = model_find(m, name);
    *side = (struct cover_side){0};
    for (size_t i = 0; !k && i < m->absent.len; i++)
        if (strcmp(m->absent.data[i], name) == 0)
            return 0;
    if (!k)
        return err_set(e, ERR_INCOMPLETE, "the model says nothing of %s", name);
    if (k->line < 0 || k->sets < 0 || k->ways < 0 || k->ways > 200)
        return err_set(e, ERR_INCOMPLETE, "the model does not know %s's shape", name);
    unsigned known = k->ways == 1 ? 1u << MODEL_LRU : k->policies & (1u << MODEL_LRU | 1u << MODEL_FIFO);
    if (!known)
        return err_set(e, ERR_INCOMPLETE, "%s's replacement policy (%s) is not encoded: only LRU, FIFO and what equals them are", name,
                       k->policies ? model_policy_name((enum model_policy)__builtin_ctz(k->policies)) : "unknown");
    bool same_time = k->write_back < 0 && k->evict_dirty == 0; /* nobody can tell, and no count or time hangs on it */
    if (k->stores && (k->allocate < 0 || (k->write_back < 0 && !same_time)))
        return err_set(e, ERR_INCOMPLETE, "the model does not know how stores reach %s", name);
    *side = (struct cover_side){true, {(uint64_t)k->line, (uint64_t)k->sets, (uint64_t)k->ways}, log2_of((uint64_t)k->line), log2_of((uint64_t)k->sets),
                                (enum model_policy)__builtin_ctz(known), k->stores && k->write_back == 1, !k->stores || k->allocate == 1};
    return 0;
}

static int check_model(struct cover *c, struct err *e) {
    const struct model *m = c->q.model;
    if (model_find(m, "L2"))
        return err_set(e, ERR_INCOMPLETE, "the platform has a second level of cache: a first-level miss has no one cost");
    if (m->tlbs.len)
        return err_set(e, ERR_INCOMPLETE, "the platform has TLBs, whose misses are not encoded");
    if (cover_side(m, false, &c->side[0], e) < 0 || cover_side(m, true, &c->side[1], e) < 0)
        return -1;
    return 0;
}

/* The same fetch line again with no other between is no look-up: the fetch unit has it. */
static void add_parts(struct cover *c) {
    uint64_t fetched = 0;
    bool any = false;
    for (size_t i = 0; i < c->q.accesses; i++) {
        const struct cover_access *a = &c->q.access[i];
        const struct cover_side *d = &c->side[a->fetch];
        if (!d->there || (!a->fetch && !a->cached))
            continue;
        if (a->fetch && any && fetched == a->addr >> d->shift)
            continue;
        if (a->fetch) {
            fetched = a->addr >> d->shift;
            any = true;
        }
        vec_push(&c->parts, ((struct cover_part){i, false, 0, 0}));
        if (a->fetch || c->q.aligned || a->size <= 1)
            continue;
        vec_push(&c->parts, ((struct cover_part){i, true, 0, 0}));
    }
}

struct cover *cover_new(const struct cover_question *q, struct err *e) {
    struct cover *c = mem_alloc(sizeof *c);
    c->q = *q;
    c->before = smt_mark(q->smt);
    c->callers = c->before.asked;
    int rc = check_model(c, e);
    if (rc == 0)
        add_parts(c);
    if (rc == 0 && c->parts.len > COVER_MOST_LOOKUPS)
        rc = err_set(e, ERR_INCOMPLETE, "%zu cache look-ups, more than %d", c->parts.len, COVER_MOST_LOOKUPS);
    if (rc < 0) {
        cover_free(c);
        return NULL;
    }
    cover_group(c);
    return c;
}

void cover_limit(struct cover *c, unsigned most) { c->limit = most < c->limit ? most : c->limit; }

void cover_free(struct cover *c) {
    if (!c)
        return;
    smt_rewind(c->q.smt, c->before);
    vec_free(&c->parts);
    free(c);
}

/* ---- cases ------------------------------------------------------------------------------------------------------------------- */

static struct cover_lookup read_lookup(const struct cover *c, size_t i) {
    const struct smt *s = c->q.smt;
    const struct cover_access *a = &c->q.access[c->parts.data[i].access];
    const struct cover_side *d = &c->side[a->fetch];
    size_t at = c->asked + 4 * i;
    uint64_t line = smt_value(s, at) << d->shift;
    return (struct cover_lookup){c->parts.data[i].access, a->fetch, a->store, a->counted, smt_value(s, at + 2) != 0, smt_value(s, at + 3) != 0,
                                 line, cover_set(d, line), smt_value(s, at + 1)};
}

static int confirm(const struct cover *c, const struct cover_case *k, struct err *e) {
    struct cover_outcome *o = mem_alloc((k->lookups.len + 1) * sizeof *o);
    unsigned count = 0;
    size_t wrong = SIZE_MAX;
    cover_simulate(c->q.model, k, o);
    for (size_t i = 0; i < k->lookups.len; i++) {
        const struct cover_lookup *l = &k->lookups.data[i];
        if (l->present && l->hit != o[i].hit && wrong == SIZE_MAX)
            wrong = i;
        count += l->counted && l->present && !o[i].hit;
    }
    free(o);
    if (wrong != SIZE_MAX)
        return err_set(e, ERR_INPUT, "the simulation does not confirm the solver's case: look-up %zu, line 0x%" PRIx64, wrong, k->lookups.data[wrong].line);
    if (count != k->count)
        return err_set(e, ERR_INPUT, "the simulation counts %u misses in the solver's case of %u", count, k->count);
    return 0;
}

/* Plain: the lines that are there are the youngest of their sets, in the order of their first look-ups: none of them is pushed out. */
static void set_ages(const struct cover *c, struct cover_case *k) {
    for (size_t i = 0; i < k->lookups.len; i++) {
        struct cover_lookup *l = &k->lookups.data[i];
        uint64_t ways = c->side[l->fetch].shape.ways, age = 0;
        if (l->age >= ways || !l->present)
            continue;
        for (size_t j = 0; j < i; j++) {
            const struct cover_lookup *o = &k->lookups.data[j];
            bool first = o->present && o->fetch == l->fetch && o->set == l->set && o->age < ways;
            for (size_t h = 0; h < j && first; h++)
                first = !(k->lookups.data[h].present && k->lookups.data[h].fetch == o->fetch && k->lookups.data[h].line == o->line);
            if (first && o->line == l->line) {
                age = o->age;
                break;
            }
            age += first;
        }
        l->age = age;
    }
}

/* What the state does by simulation, whatever the solver thought: any state's count is feasible. */
static void adopt(const struct cover *c, struct cover_case *k) {
    struct cover_outcome *o = mem_alloc((k->lookups.len + 1) * sizeof *o);
    cover_simulate(c->q.model, k, o);
    k->count = 0;
    for (size_t i = 0; i < k->lookups.len; i++) {
        struct cover_lookup *l = &k->lookups.data[i];
        l->hit = l->present && o[i].hit;
        k->count += l->counted && l->present && !l->hit;
    }
    free(o);
}

static int read_case(const struct cover *c, struct cover_case *k, bool apart, struct err *e) {
    *k = (struct cover_case){.count = (unsigned)smt_value(c->q.smt, c->asked + 4 * c->parts.len)};
    for (size_t i = 0; i < c->callers; i++)
        vec_push(&k->values, smt_value(c->q.smt, i));
    for (size_t i = 0; i < c->parts.len; i++)
        vec_push(&k->lookups, read_lookup(c, i));
    if (c->plain || apart)
        set_ages(c, k);
    if (apart && !c->plain)
        adopt(c, k);
    if (confirm(c, k, e) == 0)
        return 0;
    cover_case_free(k);
    return -1;
}

/* ---- questions --------------------------------------------------------------------------------------------------------------- */

/* 1: found; 0: denied; -1: error, or unknown (ERR_INCOMPLETE). */
static int ask_once(struct cover *c, unsigned lo, unsigned hi, bool apart, const char *proof, struct cover_case *found, struct err *e) {
    enum smt_answer answer;
    const char *why = "";
    cover_encode(c, apart);
    smt_assert_text(c->q.smt, NONE, "(and (bvuge cMisses #x%02x) (bvule cMisses #x%02x))", lo, hi);
    int rc = smt_solve(c->q.smt, c->q.limits, &answer, &why, e);
    if (rc == 0 && answer == SMT_SAT)
        rc = read_case(c, found, apart, e) < 0 ? -1 : 1;
    else if (rc == 0 && answer == SMT_UNKNOWN)
        rc = err_set(e, ERR_INCOMPLETE, "%s", why && *why ? why : "the solver does not know");
    else if (rc == 0 && proof)
        rc = smt_write(c->q.smt, proof, "Is there a state with a miss count in the range asked for last? Denied.", SMT_UNSAT, e);
    smt_rewind(c->q.smt, c->before);
    if (rc == 1 && (found->count < lo || found->count > hi)) { /* lines pushed each other out */
        cover_case_free(found);
        return 0;
    }
    return rc;
}

int cover_ask(struct cover *c, unsigned lo, unsigned hi, const char *proof, struct cover_case *found, struct err *e) {
    int rc = ask_once(c, lo, hi, true, NULL, found, e);
    if (rc == 1 || (rc < 0 && e->kind != ERR_INCOMPLETE))
        return rc;
    if (!c->plain && c->parts.len > COVER_MOST_FULL)
        return err_set(e, ERR_INCOMPLETE, "%zu look-ups that can push each other out, more than %d", c->parts.len, COVER_MOST_FULL);
    return ask_once(c, lo, hi, false, proof, found, e);
}

struct search {
    struct cover *c;
    struct cover_range *r;
    const char *proof;
    struct err *e;
};

/* Every count from LO to HI becomes FEASIBLE, one of them, or INFEASIBLE or UNKNOWN, all that are not decided. -1 only for errors. */
static int ask(struct search *s, unsigned lo, unsigned hi, const char *name) {
    struct cover_case found;
    char *path = s->proof ? str_printf("%s.%s.smt2", s->proof, name) : NULL;
    int rc = cover_ask(s->c, lo, hi, path, &found, s->e);
    free(path);
    if (rc == 1) {
        s->r->state.data[found.count] = COVER_FEASIBLE;
        vec_push(&s->r->cases, found);
        return 0;
    }
    if (rc < 0 && s->e->kind != ERR_INCOMPLETE)
        return -1;
    for (unsigned n = lo; n <= hi; n++)
        if (s->r->state.data[n] == COVER_UNASKED)
            s->r->state.data[n] = rc < 0 ? COVER_UNKNOWN : COVER_INFEASIBLE;
    if (rc < 0)
        s->r->why = !s->c->plain && s->c->parts.len > COVER_MOST_FULL ? "too many look-ups that can push each other out" : "the solver reached its limit";
    return 0;
}

static unsigned highest(const struct cover_range *r) {
    for (unsigned n = r->limit + 1; n-- > 0;)
        if (r->state.data[n] == COVER_FEASIBLE)
            return n;
    return UINT32_MAX;
}

static unsigned lowest(const struct cover_range *r) {
    for (unsigned n = 0; n <= r->limit; n++)
        if (r->state.data[n] == COVER_FEASIBLE)
            return n;
    return UINT32_MAX;
}

/* From what is known to be feasible outwards, until the solver denies all that is left, or, unless EXACT, has found one more. */
static int tighten(struct search *s, bool exact) {
    struct cover_range *r = s->r;
    int rc = 0;
    if (highest(r) == UINT32_MAX)
        rc = ask(s, 0, r->limit, "any");
    for (unsigned top; rc == 0 && (top = highest(r)) < r->limit && r->state.data[top + 1] == COVER_UNASKED && (exact || !r->cases.len);)
        rc = ask(s, top + 1, r->limit, "hi");
    for (unsigned low; rc == 0 && !s->c->plain && (low = lowest(r)) != UINT32_MAX && low > 0 && r->state.data[low - 1] == COVER_UNASKED && (exact || !r->cases.len);)
        rc = ask(s, 0, low - 1, "lo");
    return rc;
}

static void copy_case(struct cover_case *to, const struct cover_case *from) {
    *to = (struct cover_case){.count = from->count};
    for (size_t i = 0; i < from->lookups.len; i++)
        vec_push(&to->lookups, from->lookups.data[i]);
    for (size_t i = 0; i < from->values.len; i++)
        vec_push(&to->values, from->values.data[i]);
}

/* Plain: of the lines that miss in FROM, one after the other is there from the beginning instead: one miss less each. */
static int lesser_cases(struct search *s, size_t from) {
    const struct cover *c = s->c;
    struct cover_case *top = &s->r->cases.data[from];
    for (size_t i = 0; i < top->lookups.len && top->count > 0; i++) {
        const struct cover_lookup l = top->lookups.data[i];
        uint64_t ways = c->side[l.fetch].shape.ways;
        if (!l.present || l.hit || !l.counted)
            continue;
        struct cover_case less;
        copy_case(&less, top);
        for (size_t k = 0; k < less.lookups.len; k++)
            if (less.lookups.data[k].present && less.lookups.data[k].fetch == l.fetch && less.lookups.data[k].line == l.line) {
                less.lookups.data[k].age = 0;
                less.lookups.data[k].hit = true;
            }
        for (size_t k = 0; k < less.lookups.len; k++) /* back to: there, or not */
            less.lookups.data[k].age = less.lookups.data[k].age >= ways ? less.lookups.data[k].age : 0;
        less.count--;
        set_ages(c, &less);
        if (confirm(c, &less, s->e) < 0) {
            cover_case_free(&less);
            return -1;
        }
        bool wanted = s->r->state.data[less.count] == COVER_UNASKED;
        if (wanted)
            s->r->state.data[less.count] = COVER_FEASIBLE;
        vec_push(&s->r->cases, less);
        return lesser_cases(s, s->r->cases.len - 1);
    }
    return 0;
}

static int fill_holes(struct search *s) {
    struct cover_range *r = s->r;
    for (unsigned n = lowest(r), hi = highest(r); n < hi && hi != UINT32_MAX; n++) {
        char name[16];
        snprintf(name, sizeof name, "%u", n);
        if (r->state.data[n] == COVER_UNASKED && ask(s, n, n, name) < 0)
            return -1;
    }
    return 0;
}

/* Plain: every count below a feasible one is feasible; cases are made of the highest one's. */
static int fill_plain(struct search *s) {
    struct cover_range *r = s->r;
    unsigned best = highest(r);
    size_t top = 0;
    for (size_t i = 0; i < r->cases.len; i++)
        top = r->cases.data[i].count > r->cases.data[top].count ? i : top;
    if (best == UINT32_MAX)
        return 0;
    if (r->cases.len && lesser_cases(s, top) < 0)
        return -1;
    bool all = r->cases.len && r->cases.data[top].count == best;
    for (unsigned n = 0; n < best; n++)
        if (all)
            r->state.data[n] = COVER_FEASIBLE;
    return 0;
}

static int by_count(const void *a, const void *b) {
    unsigned x = ((const struct cover_case *)a)->count, y = ((const struct cover_case *)b)->count;
    return x < y ? -1 : x > y;
}

/* One case a count, none of a count that was seen. */
static void thin_out(struct cover_range *r, const bool *seen, size_t seens) {
    size_t kept = 0;
    if (r->cases.len)
        qsort(r->cases.data, r->cases.len, sizeof *r->cases.data, by_count);
    for (size_t i = 0; i < r->cases.len; i++) {
        struct cover_case *k = &r->cases.data[i];
        if ((k->count < seens && seen[k->count]) || (kept && r->cases.data[kept - 1].count == k->count))
            cover_case_free(k);
        else
            r->cases.data[kept++] = *k;
    }
    r->cases.len = kept;
}

/* The range is known from both sides if nothing is left that was not asked or not answered; else it is enclosed: nothing above the lowest
 * count that was not decided can be excluded, so the limit is the end. */
static void conclude(struct cover_range *r, bool exact) {
    bool unknown = false, unasked = false;
    for (unsigned n = 0; n <= r->limit; n++) {
        unknown |= r->state.data[n] == COVER_UNKNOWN;
        unasked |= r->state.data[n] == COVER_UNASKED;
    }
    r->lo = lowest(r);
    r->hi = highest(r);
    r->closed = r->hi != UINT32_MAX && !unknown && !(exact && unasked);
    for (unsigned n = r->limit; r->closed && n > r->hi; n--)
        if (r->state.data[n] == COVER_UNASKED) {
            r->hi = n;
            break;
        }
    for (unsigned n = 0; r->closed && n < r->lo; n++)
        if (r->state.data[n] == COVER_UNASKED) {
            r->lo = n;
            break;
        }
    if (!r->closed && !r->why)
        r->why = r->hi == UINT32_MAX ? "no state at all satisfies the path's conditions and the assumptions" : "not every count was decided";
}

int cover_solve(struct cover *c, const bool *seen, size_t seens, bool exact, const char *proof, struct cover_range *range, struct err *e) {
    struct search s = {c, range, proof, e};
    *range = (struct cover_range){.limit = c->limit};
    for (unsigned n = 0; n <= c->limit; n++)
        vec_push(&range->state, n < seens && seen[n] ? COVER_FEASIBLE : COVER_UNASKED);
    int rc = tighten(&s, exact);
    if (rc == 0 && c->plain)
        rc = fill_plain(&s);
    if (rc == 0 && (exact || !range->cases.len))
        rc = fill_holes(&s);
    conclude(range, exact);
    thin_out(range, seen, seens);
    if (rc < 0)
        cover_range_free(range);
    return rc;
}
