#include "analyzer/infeasible.h"
#include "cfg/smt.h"
#include "cfg/trail.h"

#include <inttypes.h>

/* The steps are what decides; the seconds only end what the steps should have. */
static const struct smt_limits limits = {.steps = 300u * 1000, .seconds = 60, .bytes = 2ull << 30};
enum { LONGEST_FLOW = 200 * 1000, LONGEST_PIECE = 400, BEFORE = 16, AUDIT = 24 };

typedef VEC(uint32_t) edge_list; /* of the walk */

/* The innermost loop around a node, by the call string: context and loop; loop NONE: outside of all. */
struct home {
    uint32_t context, loop;
};
struct exclusion {
    edge_list choices;
    struct home home;
    char *text, *proof;
};
struct infeasible {
    const struct wcet *w;
    const char *proofs;
    VEC(struct exclusion) list;
    struct map asked;           /* digests of the pieces' edges */
    uint64_t *seen;             /* by IPG edge: a bit for each observed path, set if it passes the edge */
    size_t words;
};

struct infeasible *infeasible_new(const struct wcet *w, const uint32_t *ipg_of, const char *proofs) {
    struct infeasible *f = mem_alloc(sizeof *f);
    const struct profile *p = w->profile;
    *f = (struct infeasible){.w = w, .proofs = proofs, .words = (p->paths.len + 63) / 64};
    f->seen = mem_alloc((w->walk->ipg.len * f->words + 1) * sizeof *f->seen);
    for (size_t i = 0; i < p->paths.len; i++)
        for (size_t k = 0; k < p->paths.data[i].edges.len; k++) {
            uint32_t ipg = ipg_of[p->paths.data[i].edges.data[k].edge];
            if (ipg != NONE)
                f->seen[ipg * f->words + i / 64] |= 1ull << (i % 64);
        }
    return f;
}

void infeasible_free(struct infeasible *f) {
    if (!f)
        return;
    for (size_t i = 0; i < f->list.len; i++) {
        vec_free(&f->list.data[i].choices);
        free(f->list.data[i].text);
        free(f->list.data[i].proof);
    }
    vec_free(&f->list);
    map_free(&f->asked);
    free(f->seen);
    free(f);
}

/* ---- the flow as one walk ------------------------------------------------------------------------------------------------ */

/* Hierholzer's way from the row's start through every edge as often as COUNT says (a flow that hangs together has one). Edges of the walk,
 * last first. */
static void linearise(const struct row_graph *r, const uint64_t *count, edge_list *back) {
    const struct walk *w = r->w->walk;
    uint64_t *left = mem_alloc((r->edges.len + 1) * sizeof *left);
    edge_list stack = {0}; /* edges taken; the node we stand at is the last one's end */
    uint64_t total = 0;
    for (size_t i = 0; i < r->edges.len; i++)
        total += left[i] = count[i];
    for (bool more = total <= LONGEST_FLOW; more;) {
        uint32_t at = stack.len ? w->edges.data[stack.data[stack.len - 1]].to : r->start, next = NONE;
        const struct walk_node *n = &w->nodes.data[at];
        for (uint32_t k = n->edge; k < n->edge + n->edges && next == NONE; k++)
            if (r->edge_number.data[k] != NONE && left[r->edge_number.data[k]])
                next = k;
        if (next != NONE) {
            left[r->edge_number.data[next]]--;
            vec_push(&stack, next);
        } else if (stack.len) {
            vec_push(back, stack.data[--stack.len]);
        } else {
            more = false;
        }
    }
    vec_free(&stack);
    free(left);
}

/* ---- pieces ---------------------------------------------------------------------------------------------------------------- */

static struct home home_of(const struct walk *w, uint32_t node) {
    const struct cfg *g = w->cfg;
    uint32_t block = w->nodes.data[node].block;
    for (uint32_t c = w->nodes.data[node].context; c != NONE; block = w->contexts.data[c].site, c = w->contexts.data[c].parent)
        if (g->blocks.data[block].loop != NONE)
            return (struct home){c, g->blocks.data[block].loop};
    return (struct home){NONE, NONE};
}

static bool same_home(struct home a, struct home b) { return a.context == b.context && a.loop == b.loop; }

static bool is_header(const struct walk *w, uint32_t node, struct home h) {
    const struct walk_node *n = &w->nodes.data[node];
    return h.loop != NONE && n->context == h.context && n->block == w->cfg->loops.data[h.loop].header;
}

/* Is the node in that loop, however deep? */
static bool is_within(const struct walk *w, uint32_t node, struct home h) {
    const struct cfg *g = w->cfg;
    uint32_t block = w->nodes.data[node].block;
    for (uint32_t c = w->nodes.data[node].context; c != NONE; block = w->contexts.data[c].site, c = w->contexts.data[c].parent)
        for (uint32_t l = g->blocks.data[block].loop; l != NONE; l = g->loops.data[l].parent)
            if (c == h.context && l == h.loop)
                return true;
    return false;
}

static bool is_choice(const struct walk *w, uint32_t edge) { return w->nodes.data[w->edges.data[edge].from].edges > 1; }

/* Where a piece that begins with PATH[from] ends: behind its last edge. The last edge may lead out of the loop, or back to its header: it is
 * executed at most once in the iteration all the same. */
static size_t piece_end(const struct walk *w, const edge_list *path, size_t from) {
    struct home h = home_of(w, w->edges.data[path->data[from]].from);
    size_t end = from + 1;
    for (; end < path->len && end - from < LONGEST_PIECE; end++) {
        uint32_t node = w->edges.data[path->data[end]].from;
        if (!same_home(home_of(w, node), h) || is_header(w, node, h))
            break;
    }
    return end;
}

/* ---- questions -------------------------------------------------------------------------------------------------------------- */

struct question {
    struct ir ir;
    struct trail trail;
    struct smt *smt;
};

static void question_free(struct question *q) {
    smt_free(q->smt);
    trail_free(&q->trail);
    ir_free(&q->ir);
}

/* All conditions along EDGES, from any state. */
static int question_make(const struct infeasible *f, const uint32_t *edges, size_t n, struct question *q, struct err *e) {
    const struct walk *w = f->w->walk;
    *q = (struct question){0};
    ir_init(&q->ir, f->w->image);
    trail_begin(&q->trail, f->w->cfg, &q->ir, TRAIL_ALONE);
    q->smt = smt_new(&q->ir);
    smt_opaque_loads(q->smt); /* the trail has found what was stored where it could be told; the rest costs more than it yields */
    for (size_t i = 0; i < n; i++) {
        uint32_t from = w->nodes.data[w->edges.data[edges[i]].from].block, to = w->nodes.data[w->edges.data[edges[i]].to].block;
        if (trail_follow(&q->trail, from, to, e) < 0)
            return -1;
    }
    for (size_t i = 0; i < q->trail.conditions.len; i++)
        smt_assert(q->smt, q->trail.conditions.data[i].term, NONE);
    return 0;
}

/* 1: EDGES are never executed one after the other. 0: as far as the solver knows they may be. */
static int cannot_be(struct infeasible *f, const uint32_t *edges, size_t n, struct err *e) {
    uint64_t key = hash_bytes(edges, n * sizeof *edges, 0), known;
    struct question q;
    enum smt_answer answer = SMT_SAT;
    if (map_get(&f->asked, key, &known))
        return (int)known;
    int rc = question_make(f, edges, n, &q, e);
    if (rc == 0 && q.trail.conditions.len)
        rc = smt_solve(q.smt, limits, &answer, NULL, e);
    if (rc < 0)
        err_wrap(e, "asking whether a way can be executed (--keep-infeasible does without)");
    question_free(&q);
    if (rc == 0)
        map_put(&f->asked, key, answer == SMT_UNSAT);
    return rc < 0 ? -1 : answer == SMT_UNSAT;
}

/* ---- what is worth asking --------------------------------------------------------------------------------------------------- */

/* Whether some observed path passed the edge and all in SET, which becomes those. A step between points that was seen says nothing of the
 * edges within it: they are passed over. (Only what is asked hangs on this, never what is excluded.) */
static bool seen_with(const struct infeasible *f, uint32_t edge, uint64_t *set) {
    uint32_t ipg = f->w->walk->edges.data[edge].ipg;
    bool any = false;
    for (size_t i = 0; i < f->words; i++) {
        if (ipg != NONE)
            set[i] &= f->seen[ipg * f->words + i];
        any |= set[i] != 0;
    }
    return any;
}

/* The latest beginning from which the way to END was never seen in one path; END: none. */
static size_t unseen_from(const struct infeasible *f, const uint32_t *edges, size_t end, uint64_t *set) {
    memset(set, 0xff, f->words * sizeof *set);
    for (size_t i = end; i-- > 0;)
        if (!seen_with(f, edges[i], set))
            return i;
    return end;
}

/* ---- exclusions ---------------------------------------------------------------------------------------------------------------- */

static const char *place(const struct infeasible *f, uint32_t node) {
    return cfg_describe(f->w->cfg, f->w->cfg->blocks.data[f->w->walk->nodes.data[node].block].addr);
}

static char *in_words(const struct infeasible *f, const struct exclusion *x) {
    const struct walk *w = f->w->walk;
    char *text = str_dup("never one after the other:");
    for (size_t i = 0; i < x->choices.len; i++) {
        const struct walk_edge *we = &w->edges.data[x->choices.data[i]];
        char *longer = str_printf("%s%s %s to %s", text, i ? "," : "", place(f, we->from), place(f, we->to));
        free(text);
        text = longer;
    }
    return text;
}

/* The question as a file, named by what it asks: an equal one from an earlier run is left as it is. */
static int write_proof(const struct infeasible *f, const uint32_t *edges, size_t n, struct exclusion *x, struct err *e) {
    struct question q;
    int rc = question_make(f, edges, n, &q, e);
    if (rc == 0) {
        const char *script = smt_script(q.smt);
        x->proof = str_printf("%sinfeasible-%016" PRIx64 ".smt2", f->proofs, hash_bytes(script, strlen(script), 0));
        char *comment = str_printf("%s\nThe conditions of that way through %s, from any state at its beginning. Unsatisfiable: it is never executed.", x->text,
                                   image_build_id(f->w->image));
        rc = smt_write(q.smt, x->proof, comment, SMT_UNSAT, e);
        free(comment);
    }
    question_free(&q);
    return rc;
}

/* Header executions of the home loop, as terms and a constant. */
static int64_t iterations(const struct infeasible *f, const struct row_graph *r, struct home h, edge_list *into) {
    const struct walk *w = f->w->walk;
    if (h.loop == NONE)
        return 1;
    for (uint32_t i = 0; i < r->edges.len; i++)
        if (is_header(w, w->edges.data[r->edges.data[i]].to, h))
            vec_push(into, i);
    return is_within(w, r->start, h);
}

/* False: some choice is none of the row's edges, so the row needs no telling. */
static bool constrain(const struct infeasible *f, const struct row_graph *r, const struct exclusion *x, struct ipet *ip) {
    VEC(struct ipet_term) terms = {0};
    edge_list into = {0};
    int64_t less = (int64_t)x->choices.len - 1, begin = iterations(f, r, x->home, &into);
    bool all = true;
    for (size_t i = 0; i < x->choices.len && all; i++) {
        uint32_t number = r->edge_number.data[x->choices.data[i]];
        all = number != NONE;
        vec_push(&terms, ((struct ipet_term){number, 1}));
    }
    for (size_t i = 0; i < into.len && all && less; i++) {
        size_t k = 0;
        while (k < terms.len && terms.data[k].edge != into.data[i])
            k++;
        if (k == terms.len)
            vec_push(&terms, ((struct ipet_term){into.data[i], 0}));
        terms.data[k].coefficient -= less;
    }
    if (all)
        ipet_constraint(ip, terms.data, terms.len, '<', less * begin, x->text);
    vec_free(&terms);
    vec_free(&into);
    return all;
}

uint32_t infeasible_apply(struct infeasible *f, const struct row_graph *r, struct ipet *ip) {
    uint32_t added = 0;
    for (size_t i = 0; i < f->list.len; i++)
        added += constrain(f, r, &f->list.data[i], ip);
    return added;
}

void infeasible_each(const struct infeasible *f, const struct row_graph *r, infeasible_say_fn *say, void *user) {
    for (size_t i = 0; i < f->list.len; i++) {
        const struct exclusion *x = &f->list.data[i];
        bool all = true;
        for (size_t k = 0; k < x->choices.len; k++)
            all &= r->edge_number.data[x->choices.data[k]] != NONE;
        if (all)
            say(user, x->text, x->proof);
    }
}

static bool is_known(const struct infeasible *f, const struct exclusion *x) {
    for (size_t i = 0; i < f->list.len; i++) {
        const edge_list *c = &f->list.data[i].choices;
        if (c->len == x->choices.len && memcmp(c->data, x->choices.data, c->len * sizeof *c->data) == 0)
            return true;
    }
    return false;
}

/* EDGES[from … end) cannot be: an exclusion. */
static int exclude(struct infeasible *f, const uint32_t *edges, size_t from, size_t end, struct err *e) {
    const struct walk *w = f->w->walk;
    struct exclusion x = {.home = home_of(w, w->edges.data[edges[0]].from)};
    for (size_t i = from; i < end; i++)
        if (i == from || is_choice(w, edges[i]))
            vec_push(&x.choices, edges[i]);
    if (is_known(f, &x)) {
        vec_free(&x.choices);
        return 0;
    }
    x.text = in_words(f, &x);
    int rc = f->proofs ? write_proof(f, edges + from, end - from, &x, e) : 0;
    vec_push(&f->list, x);
    return rc;
}

/* The latest beginning in [lo, hi] from which the way to END cannot be: from a later one more can, so halving finds it. NONE: from none. */
static int narrow(struct infeasible *f, const uint32_t *edges, size_t lo, size_t hi, size_t end, size_t *from, struct err *e) {
    int rc = cannot_be(f, edges + hi, end - hi, e);
    if (rc == 0) {
        for (hi--; lo < hi && rc >= 0;) {
            size_t mid = lo + (hi - lo + 1) / 2;
            rc = cannot_be(f, edges + mid, end - mid, e);
            lo = rc > 0 ? mid : lo;
            hi = rc > 0 ? hi : mid - 1;
        }
        hi = lo;
    }
    *from = hi;
    return rc < 0 ? -1 : 0;
}

/* What was seen must be possible, else the lifting or the solver is not to be believed: the end of the piece, as far back as one path passed
 * it. Outside of loops whoever passes all of it passes it without a break. */
static int audit(struct infeasible *f, const uint32_t *edges, size_t n, uint64_t *set, struct err *e) {
    const struct walk *w = f->w->walk;
    size_t from = unseen_from(f, edges, n, set);
    from = from == n ? 0 : from + 1;
    from = n - from > AUDIT ? n - AUDIT : from;
    for (size_t i = from; i < n; i++)
        if (w->edges.data[edges[i]].ipg == NONE)
            return 0;
    if (from == n || home_of(w, w->edges.data[edges[0]].from).loop != NONE)
        return 0;
    int rc = cannot_be(f, edges + from, n - from, e);
    return rc <= 0 ? rc : err_set(e, ERR_INPUT, "the way from %s to %s was measured, but the solver says that it is never executed: do not believe it",
                                  place(f, w->edges.data[edges[from]].from), place(f, w->edges.data[edges[n - 1]].to));
}

/* What was never seen together and cannot be becomes an exclusion: each shortest way never seen, and if that can be, the same from a
 * little earlier. */
static int ask(struct infeasible *f, const uint32_t *edges, size_t n, struct err *e) {
    uint64_t *set = mem_alloc((f->words + 1) * sizeof *set);
    size_t latest = 0; /* 1 + the last beginning asked */
    int rc = audit(f, edges, n, set, e);
    for (size_t end = 1; end <= n && rc >= 0; end++) {
        size_t from = unseen_from(f, edges, end, set), lo = from < BEFORE ? 0 : from - BEFORE;
        if (from == end || from + 1 <= latest) /* all seen; or longer than one that was asked */
            continue;
        latest = from + 1;
        rc = cannot_be(f, edges + lo, end - lo, e);
        if (rc > 0 && (rc = narrow(f, edges, lo, from, end, &from, e)) == 0)
            rc = exclude(f, edges, from, end, e);
    }
    free(set);
    return rc < 0 ? -1 : 0;
}

int infeasible_exclude(struct infeasible *f, const struct row_graph *r, struct ipet *ip, const uint64_t *count, uint32_t *added, struct err *e) {
    const struct walk *w = f->w->walk;
    edge_list path = {0};
    size_t before = f->list.len;
    int rc = 0;
    linearise(r, count, &path);
    for (size_t i = 0; i < path.len / 2; i++) {
        uint32_t x = path.data[i];
        path.data[i] = path.data[path.len - 1 - i];
        path.data[path.len - 1 - i] = x;
    }
    for (size_t i = 0, end; i < path.len && rc >= 0; i = end) {
        struct home h = home_of(w, w->edges.data[path.data[i]].from);
        end = piece_end(w, &path, i);
        if (h.loop == NONE || w->cfg->loops.data[h.loop].entries.len == 1)
            rc = ask(f, path.data + i, end - i, e);
    }
    *added = 0;
    for (size_t i = before; i < f->list.len && rc >= 0; i++)
        *added += constrain(f, r, &f->list.data[i], ip);
    vec_free(&path);
    return rc < 0 ? -1 : 0;
}
