/* The main job: costs from the profile, one IPET a row, and cross-checks by what is simpler than what made the bound. */
#include "analyzer/costs.h"
#include "analyzer/infeasible.h"
#include "analyzer/row.h"
#include "analyzer/tree.h"

#include <inttypes.h>

/* ---- facts against traces --------------------------------------------------------------------------------------------- */

/* A fact that a trace contradicts is an error that names both. (Steps into `never` blocks are found by place_paths.) */
static int check_loops(const struct wcet *w, struct err *e) {
    const struct cfg *g = w->cfg;
    for (size_t i = 0; i < w->profile->loops.len; i++) {
        const struct profile_loop *seen = &w->profile->loops.data[i];
        for (size_t k = 0; k < g->loops.len; k++) {
            const struct loop *l = &g->loops.data[k];
            if (g->blocks.data[l->header].addr == seen->header && l->origin != BOUND_NONE && seen->max > l->max)
                return err_set(e, ERR_INPUT, "the loop at %s is said to run at most %" PRIu64 " times (%s), but trace %s shows %" PRIu64 " at record %" PRIu64,
                               cfg_describe(g, seen->header), l->max, l->why ? l->why : "derived", w->profile->traces.data[seen->max_at.trace].digest,
                               seen->max, seen->max_at.position);
        }
    }
    return 0;
}

/* ---- observed paths on the walk ------------------------------------------------------------------------------------- */

/* From a profile's edge (context name, from, to) to the walk's IPG edge: NONE where the walk, restricted by facts, does not have it. */
struct placement {
    VEC(uint32_t) ipg;         /* by profile edge */
};

static uint64_t place_key(const char *context, uint64_t from, uint64_t to) {
    uint64_t h = hash_bytes(context, strlen(context), 0);
    return hash_bytes((uint64_t[]){h, from, to}, 24, 0);
}

static void place_edges(const struct wcet *w, struct placement *pl) {
    const struct walk *walk = w->walk;
    struct map index = {0};
    char **names = mem_alloc((walk->contexts.len + 1) * sizeof *names);
    for (uint32_t i = 0; i < walk->ipg.len; i++) {
        const struct walk_node *from = &walk->nodes.data[walk->ipg.data[i].from], *to = &walk->nodes.data[walk->ipg.data[i].to];
        if (!names[from->context])
            names[from->context] = walk_context_name(walk, from->context);
        map_put(&index, place_key(names[from->context], w->cfg->blocks.data[from->block].addr, w->cfg->blocks.data[to->block].addr), i);
    }
    for (size_t i = 0; i < walk->contexts.len; i++)
        free(names[i]);
    free(names);
    for (size_t i = 0; i < w->profile->edges.len; i++) {
        const struct profile_edge *x = &w->profile->edges.data[i];
        uint64_t at = NONE;
        map_get(&index, place_key(w->profile->contexts.data[x->context], x->from, x->to), &at);
        vec_push(&pl->ipg, (uint32_t)at);
    }
    map_free(&index);
}

/* The ways by which the row can take one IPG edge: through blocks that are no points. Points tell no more than that one was taken. */
struct ways {
    const struct row_graph *r;
    uint32_t ipg, found;
    uint32_t now[32], first[32]; /* IPET edges: of the way at hand, of the first one found */
    size_t length;
};

static void find_ways(struct ways *f, uint32_t node, size_t depth) {
    const struct walk *w = f->r->w->walk;
    const struct walk_node *n = &w->nodes.data[node];
    for (uint32_t k = n->edge; k < n->edge + n->edges && f->found < 2; k++) {
        const struct walk_edge *we = &w->edges.data[k];
        if (f->r->edge_number.data[k] == NONE || (we->ipg != NONE && we->ipg != f->ipg))
            continue;
        f->now[depth] = f->r->edge_number.data[k];
        if (we->ipg == NONE && depth + 1 < sizeof f->now / sizeof *f->now) {
            find_ways(f, we->to, depth + 1);
        } else if (we->ipg == NONE) {
            f->found = 2; /* too long to tell: as if there were several */
        } else if (f->found++ == 0) {
            f->length = depth + 1;
            memcpy(f->first, f->now, f->length * sizeof *f->now);
        }
    }
}

/* The flow of an observed path on the row's IPET. 1: placed; 0: sparse points leave its edges open; -1: it is not among the row's paths. */
static int flow_of(const struct row_graph *r, const struct placement *pl, const struct profile_path *path, uint64_t *count, struct err *e) {
    const struct wcet *w = r->w;
    const struct profile *p = w->profile;
    int placed = 1;
    memset(count, 0, (r->edges.len + 1) * sizeof *count);
    for (size_t i = 0; i < path->edges.len; i++) {
        const struct profile_edge *x = &p->edges.data[path->edges.data[i].edge];
        struct ways f = {.r = r, .ipg = pl->ipg.data[path->edges.data[i].edge]};
        if (f.ipg != NONE)
            find_ways(&f, w->walk->ipg.data[f.ipg].from, 0);
        if (f.found == 0)
            return err_set(e, ERR_INPUT, "it takes the step from %s to %s, which the analysis excludes%s", cfg_describe(w->cfg, x->from),
                           cfg_describe(w->cfg, x->to), f.ipg == NONE ? " (a 'never' fact?)" : "");
        if (f.found > 1)
            placed = 0;
        for (size_t k = 0; k < f.length; k++)
            count[f.first[k]] += path->edges.data[i].count;
    }
    return placed;
}

/* ---- a row ---------------------------------------------------------------------------------------------------------- */

/* What the analysis says this path costs, from the row's own costs. */
static void cost_of(const struct row_graph *r, const struct placement *pl, const struct profile_path *path, mpz_t sum) {
    mpz_set_ui(sum, 0);
    for (size_t k = 0; k < path->edges.len; k++) {
        uint32_t ipg = pl->ipg.data[path->edges.data[k].edge];
        if (ipg == NONE || r->cost.data[ipg] == UINT64_MAX)
            continue;
        mpz_t term;
        mpz_init_set_ui(term, r->cost.data[ipg]);
        mpz_mul_ui(term, term, path->edges.data[k].count);
        mpz_add(sum, sum, term);
        mpz_clear(term);
    }
}

static int check_path(struct row_graph *r, const struct placement *pl, const struct ipet *ip, const struct profile_path *path, uint64_t *count,
                      mpz_t sum, struct err *e) {
    int placed = flow_of(r, pl, path, count, e);
    if (placed < 0)
        return -1;
    if (placed == 1 && ipet_admits(ip, count, e) < 0)
        return err_wrap(e, "this kernel entry is no path of the integer program");
    cost_of(r, pl, path, sum);
    if (mpz_cmp(sum, r->row->seen_cost) > 0)
        mpz_set(r->row->seen_cost, sum);
    if (mpz_cmp_ui(sum, path->max) < 0)
        return err_set(e, ERR_INPUT, "it took %" PRIu64 " cycles, more than the costs of its steps add up to", path->max);
    if (r->row->status != WCET_INCOMPLETE && mpz_cmp(sum, r->row->bound) > 0)
        return err_set(e, ERR_INPUT, "by the costs of its steps it takes longer than the bound");
    return 0;
}

/* Every observed path must be a solution of the row's integer program, cost what was observed at least, and the bound at most. */
static int cross_check(struct row_graph *r, const struct placement *pl, const struct ipet *ip, struct err *e) {
    const struct profile *p = r->w->profile;
    uint64_t *count = mem_alloc((r->edges.len + 1) * sizeof *count);
    mpz_t sum;
    int rc = 0;
    mpz_init(sum);
    for (size_t i = 0; i < p->paths.len && rc == 0; i++) {
        const struct profile_path *path = &p->paths.data[i];
        if (!row_matches(r, p, path))
            continue;
        rc = check_path(r, pl, ip, path, count, sum, e);
        if (rc < 0)
            err_wrap(e, "trace %s, kernel entry at record %" PRIu64, p->traces.data[path->max_at.trace].digest, path->max_at.position);
    }
    mpz_clear(sum);
    free(count);
    return rc;
}

static void observe(struct row_graph *r) {
    const struct profile *p = r->w->profile;
    for (size_t i = 0; i < p->paths.len; i++) {
        const struct profile_path *path = &p->paths.data[i];
        if (!row_matches(r, p, path))
            continue;
        if (r->row->observations == 0 || path->max > r->row->observed_max) {
            r->row->observed_max = path->max;
            r->row->max_at = path->max_at;
        }
        r->row->observations += path->count;
        bins_merge(&r->row->observed, &path->bins);
    }
}

struct visit {
    uint32_t node, next;
};

/* Reading order: reverse postorder of the flow from the start. */
static void order_nodes(const struct row_graph *r, const uint64_t *count, uint32_t *order, size_t *n) {
    const struct walk *walk = r->w->walk;
    bool *seen = mem_alloc(r->nodes.len + 1);
    VEC(struct visit) stack = {0};
    size_t at = r->nodes.len;
    vec_push(&stack, ((struct visit){r->start, 0}));
    seen[r->number.data[r->start]] = true;
    while (stack.len) {
        uint32_t node = stack.data[stack.len - 1].node, k = stack.data[stack.len - 1].next++;
        const struct walk_node *wn = &walk->nodes.data[node];
        if (k == wn->edges) {
            order[--at] = node;
            stack.len--;
            continue;
        }
        uint32_t edge = wn->edge + wn->edges - 1 - k, number = r->edge_number.data[edge], to = walk->edges.data[edge].to;
        if (number == NONE || count[number] == 0 || seen[r->number.data[to]])
            continue;
        seen[r->number.data[to]] = true;
        vec_push(&stack, ((struct visit){to, 0}));
    }
    *n = r->nodes.len - at;
    memmove(order, order + at, *n * sizeof *order);
    vec_free(&stack);
    free(seen);
}

static void worst_path(struct row_graph *r, const uint64_t *count) {
    const struct walk *walk = r->w->walk;
    uint32_t *order = mem_alloc((r->nodes.len + 1) * sizeof *order);
    size_t n;
    order_nodes(r, count, order, &n);
    for (size_t i = 0; i < n; i++) {
        const struct walk_node *wn = &walk->nodes.data[order[i]];
        for (uint32_t k = 0; k < wn->edges; k++) {
            uint32_t number = r->edge_number.data[wn->edge + k], ipg = walk->edges.data[wn->edge + k].ipg;
            if (number != NONE && count[number] && ipg != NONE)
                vec_push(&r->row->worst_path, ((struct wcet_step){ipg, count[number], r->cost.data[ipg], r->explained ? r->base.data[ipg] : 0, r->w->cost.data[ipg] == UINT64_MAX}));
        }
    }
    free(order);
}

enum { CONNECT_ROUNDS = 100, EXCLUDE_ROUNDS = 60 };

/* Until what is longest hangs together: at once, unless a loop has several entries. */
static int solve_connected(struct row_graph *r, struct ipet *ip, struct ipet_result *res, struct err *e) {
    for (int round = 0; ; round++) {
        if (ipet_solve(ip, (struct ilp_limits){0}, r->row->certificate, res, e) < 0)
            return -1;
        if (!res->count || round == CONNECT_ROUNDS || row_connect(r, ip, res->count) == 0)
            return 0;
        ipet_result_free(res);
    }
}

/* Until the solver has nothing against what is longest. */
static int solve_row(struct row_graph *r, struct infeasible *f, struct ipet *ip, struct ipet_result *res, struct err *e) {
    int rc = solve_connected(r, ip, res, e);
    if (rc < 0)
        return -1;
    mpz_set(r->row->bound_before, res->bound);
    uint32_t added = f && res->count ? infeasible_apply(f, r, ip) : 0; /* what other rows found */
    for (int round = 0; res->count && f && round < EXCLUDE_ROUNDS; round++, added = 0) {
        if (!added && infeasible_exclude(f, r, ip, res->count, &added, e) < 0)
            rc = -1;
        if (!added)
            break;
        r->row->excluded += added;
        ipet_result_free(res);
        if (solve_connected(r, ip, res, e) < 0)
            return -1;
    }
    if (rc < 0)
        ipet_result_free(res);
    return rc;
}

/* What keeps the graph from having a finite longest path is said in words; the solver is not asked. */
static int bound_row(struct row_graph *r, struct infeasible *f, struct ipet *ip, const char *certificates, bool *optimal, struct err *e) {
    struct ipet_result res;
    if (r->row->missing.len) {
        r->row->status = WCET_INCOMPLETE;
        return 0;
    }
    if (certificates)
        r->row->certificate = str_printf("%s%s.cert", certificates, r->row->spec->name);
    if (solve_row(r, f, ip, &res, e) < 0)
        return -1;
    if (res.status == ILP_OPTIMAL || res.status == ILP_BOUNDED) {
        mpz_set(r->row->bound, res.bound);
        *optimal = res.status == ILP_OPTIMAL;
        r->row->status = r->explained ? WCET_BOUND : WCET_ESTIMATE;
        if (res.count) {
            worst_path(r, res.count);
            r->cycles_apart = row_cycles_apart(r, res.count);
        }
    } else {
        r->row->status = WCET_INCOMPLETE;
        row_missing(r, res.status == ILP_INFEASIBLE ? "no path satisfies all facts" : res.status == ILP_UNBOUNDED ? "a cycle has no bound" : "the integer program was not solved in time");
    }
    ipet_result_free(&res);
    return 0;
}

/* ---- the path tree --------------------------------------------------------------------------------------------------- */

static uint64_t same_cost(void *user, uint32_t ipg, uint32_t known, uint32_t turn) {
    (void)known;
    (void)turn;
    return ((const uint64_t *)user)[ipg];
}

/* The tree knows nothing of the solver: where they must agree and do not, one of them is wrong. */
static int compare_tree(struct row_graph *r, const struct tree *t, const uint32_t *ipg_of, bool optimal, struct err *e) {
    struct wcet_row *row = r->row;
    struct tree_most *m = tree_most_new(t, same_cost, false, r->cost.data), *single = tree_most_new(t, same_cost, false, r->most.data);
    struct unit_table *u = units_new(r, ipg_of);
    int64_t same = tree_longest(m), own = units_most(u, t), most = tree_longest(single);
    tree_most_free(m);
    tree_most_free(single);
    units_free(u);
    if (same < 0 || own < 0 || most < 0) {
        row->tree_note = str_dup("its longest path is too large a number");
        return 0;
    }
    row->tree_max = (uint64_t)own;
    row->tree_note = t->looser ? str_dup(t->looser) : row->excluded ? str_dup("it has ways that cannot be executed one after the other") : NULL;
    int against = mpz_cmp_si(row->bound, same); /* > 0: the bound is above the tree's longest path */
    if (row->observed_max > row->tree_max)
        return err_set(e, ERR_INPUT, "%" PRIu64 " cycles were observed, more than the longest path of the path tree, %" PRId64, row->observed_max, own);
    if (own > most)
        return err_set(e, ERR_INPUT, "the longest path of the path tree is %" PRId64 " cycles with the row's own times, but %" PRId64 " with all", own, most);
    bool may_be_below = t->looser || row->excluded, may_be_above = !optimal || (t->several && r->cycles_apart) || t->marks.apart.len;
    if (may_be_above && against > 0 && !t->looser && optimal)
        row->tree_note = str_dup(t->marks.apart.len ? "a fact excludes ways that the integer program only makes rarer: the bound is above the longest path" :
                                 "a loop has several entries, and the integer program's longest flow is no path: the bound is above the longest path");
    if ((against < 0 && !may_be_below) || (against > 0 && !may_be_above))
        return err_set(e, ERR_INPUT, "the bound and the longest path of the path tree, %" PRId64 " cycles, disagree", same);
    return 0;
}

static int check_tree(struct row_graph *r, const uint32_t *ipg_of, bool optimal, struct err *e) {
    struct tree t;
    if (tree_build(r, &t, e) < 0) {
        if (e->kind != ERR_INCOMPLETE)
            return -1;
        r->row->tree_note = str_dup(e->text);
        return 0;
    }
    int rc = compare_tree(r, &t, ipg_of, optimal, e);
    tree_free(&t);
    return rc;
}

/* ---- the ledger ------------------------------------------------------------------------------------------------------ */

static void note(struct wcet_row *row, const char *kind, char *text, const char *grounds) {
    vec_push(&row->ledger, str_printf("%s\t%s\t%s", kind, text, grounds));
    free(text);
}

static void note_excluded(void *user, const char *text, const char *proof) {
    const char *file = proof ? strrchr(proof, '/') : NULL;
    note(user, "infeasible", str_dup(text), proof ? file ? file + 1 : proof : "asked of the solver");
}

static void note_answers(struct row_graph *r) {
    answers_of_row(r->w, r->row);
    char *text = answers_text(r->row);
    if (text)
        note(r->row, "coverage", text, "proved");
}

static void note_replays(struct row_graph *r) {
    uint64_t steps = costs_replayed(r->w, r->row);
    if (steps)
        note(r->row, "cost", str_printf("%" PRIu64 " steps of the worst path were also run from states that no trace showed: in no histogram, so in no exceedance", steps), "replayed");
}

static void note_interrupted(struct row_graph *r) {
    uint64_t n = 0;
    for (size_t i = 0; i < r->w->profile->traces.len; i++)
        n += r->w->profile->traces.data[i].interrupted;
    if (n)
        note(r->row, "entry", str_printf("traps interrupted %" PRIu64 " kernel entries of the traces, which are not among the observations: each such trap adds the time of the "
                                         "entry that it begins, and what that throws out of the caches has to be loaded again", n), "measured");
}

/* The loops around the row's blocks, an element each of the cfg's; the caller frees it. */
static bool *loops_passed(const struct row_graph *r) {
    const struct cfg *g = r->w->cfg;
    bool *used = mem_alloc(g->loops.len + 1);
    for (size_t i = 0; i < r->nodes.len; i++)
        for (uint32_t l = g->blocks.data[r->w->walk->nodes.data[r->nodes.data[i]].block].loop; l != NONE; l = g->loops.data[l].parent)
            used[l] = true;
    return used;
}

/* Beside the certificates: the questions on which the row's loop bounds rest. */
static int write_loop_proofs(const struct row_graph *r, const char *certificates, struct err *e) {
    bool *used = certificates ? loops_passed(r) : NULL;
    int rc = 0;
    for (size_t l = 0; used && l < r->w->cfg->loops.len && rc == 0; l++)
        if (used[l] && r->w->cfg->loops.data[l].proof && r->w->cfg->loops.data[l].origin == BOUND_PROVED)
            rc = cfg_write_proof(&r->w->cfg->loops.data[l], certificates, e);
    free(used);
    return rc;
}

static void write_ledger(struct row_graph *r, const struct infeasible *f) {
    const struct wcet *w = r->w;
    const struct cfg *g = w->cfg;
    static const char *const origin[] = {"none", "derived", "proved", "annotated"};
    if (r->explained)
        costs_ledger(w->costs, r);
    else
        note(r->row, "cost", str_printf("%zu steps of the worst path, each the largest of its observations in any context", r->row->worst_path.len), "measured");
    if (w->analysis->coverage)
        note_answers(r);
    note_replays(r);
    bool *used = loops_passed(r);
    for (size_t l = 0; l < g->loops.len; l++) {
        const struct loop *loop = &g->loops.data[l];
        if (used[l] && loop->origin != BOUND_NONE)
            note(r->row, "loop", str_printf("%s runs at most %" PRIu64 " times: %s%s%s", cfg_describe(g, g->blocks.data[loop->header].addr), loop->max, loop->why ? loop->why : "",
                                            loop->proof ? "; the question is " : "", cfg_proof_name(loop).text), origin[loop->origin]);
    }
    free(used);
    if (r->row->spec->causes.len)
        note(r->row, "entry", str_dup("what was observed is of traps of the entry's causes only; the bound is over every way from its start, whatever the cause"), "measured");
    for (size_t b = 0; b < g->blocks.len; b++)
        if (g->blocks.data[b].never)
            note(r->row, "never", str_printf("%s is not executed", cfg_describe(g, g->blocks.data[b].addr)), "annotated");
    for (size_t i = 0; i < r->nodes.len; i++)
        if (g->blocks.data[w->walk->nodes.data[r->nodes.data[i]].block].switches) {
            note(r->row, "switch", str_dup("the entry is over where control goes on in another thread; what that still does in the kernel is not in it"), "annotated");
            break;
        }
    for (size_t i = 0; i < g->exclusive.len; i++)
        note(r->row, "exclusive", str_printf("%s", g->exclusive.data[i].why ? g->exclusive.data[i].why : ""), "annotated");
    if (r->row->excluded) {
        infeasible_each(f, r, note_excluded, r->row);
        note(r->row, "assumption", str_dup("while the kernel runs nothing else changes the cached memory that it reads, it reaches each object by one "
                                           "address, and a stack frame only by sp"), "assumed");
    }
    note_interrupted(r);
    if (r->explained)
        note(r->row, "assumption", str_dup("the time of a path is the sum of the times of its steps, as on the machine that was measured"), "inferred");
    if (r->explained)
        return;
    note(r->row, "assumption", str_dup("no step can take longer than the longest time that was measured for it: nothing has proved that the measurements saw every cache state"), "assumed");
    note(r->row, "assumption", str_dup("the time of a path is the sum of the times of its steps (no timing anomalies)"), "assumed");
}

/* ---- all rows -------------------------------------------------------------------------------------------------------- */

static bool wanted(const char *const *only, const char *name) {
    for (; only && *only; only++)
        if (strcmp(*only, name) == 0)
            return true;
    return !only;
}

struct rows_at_work {
    struct wcet *w;
    walk_problems problems;
    struct placement placement;
    struct infeasible *infeasible; /* NULL: paths are not asked */
    row_visit_fn *visit;
    void *user;
    VEC(struct row_graph) graphs;
};

static int begin_row(struct rows_at_work *a, const struct entry_spec *spec, struct err *e) {
    struct wcet *w = a->w;
    uint64_t addr;
    uint32_t block;
    if (cfg_place(w->cfg, spec->start, &addr, e) < 0)
        return -1;
    if (spec->causes.len && !w->profile->info.port)
        return err_set(e, ERR_INPUT, "[entry %s] names causes of traps, which only the trace port tells", spec->name);
    if ((block = cfg_block_at(w->cfg, addr)) == NONE)
        return err_set(e, ERR_INPUT, "'%s' does not start a basic block", spec->start);
    size_t nodes = w->walk->nodes.len;
    struct row_graph r = {.w = w, .start = walk_start(w->walk, block)};
    if (w->walk->nodes.len > nodes)
        row_expand(w->walk, r.start, &a->problems);
    struct wcet_row row = {.spec = spec};
    mpz_inits(row.bound, row.all_miss, row.bound_before, row.seen_cost, NULL);
    vec_push(&w->rows, row);
    vec_push(&a->graphs, r);
    return 0;
}

/* What the bound would be if nothing were known of the caches' contents: what the cache analysis is worth. */
static int bound_all_miss(struct row_graph *r, struct err *e) {
    struct ipet_result res;
    if (!r->explained || r->row->status == WCET_INCOMPLETE)
        return 0;
    struct ipet *ip = row_ipet(r, r->all_miss.data);
    int rc = ipet_solve(ip, (struct ilp_limits){0}, NULL, &res, e);
    if (rc == 0) {
        r->row->has_all_miss = res.status == ILP_OPTIMAL || res.status == ILP_BOUNDED;
        if (r->row->has_all_miss)
            mpz_set(r->row->all_miss, res.bound);
        ipet_result_free(&res);
    }
    ipet_free(ip);
    return rc;
}

static int cost_row(struct rows_at_work *a, struct row_graph *r, struct err *e) {
    const struct wcet *w = a->w;
    for (size_t i = 0; i < w->cost.len; i++) {
        vec_push(&r->cost, w->cost.data[i]);
        vec_push(&r->most, w->cost.data[i]);
    }
    if (!w->costs)
        r->row->estimate_why = str_dup("no model is given: costs are what was measured");
    else if (costs_of_row(w->costs, r))
        return costs_explain(w->costs, r, a->placement.ipg.data, e);
    return 0;
}

/* The program as the graph makes it, before any reduction, with what was excluded: for another solver's opinion. */
static int dump_program(const struct row_graph *r, const struct ipet *ip, struct err *e) {
    const char *folder = r->w->analysis->dump_lp;
    if (!folder || r->row->status == WCET_INCOMPLETE)
        return 0;
    struct ilp *p = ipet_program(ip);
    char *path = str_printf("%s/%s.lp", folder, r->row->spec->name);
    int rc = ilp_write_lp(p, path, e);
    free(path);
    ilp_free(p);
    return rc;
}

static int finish_row(struct rows_at_work *a, size_t i, const char *certificates, struct err *e) {
    struct row_graph *r = &a->graphs.data[i];
    bool optimal = false;
    r->row = &a->w->rows.data[i];
    if (row_select(r, &a->problems, e) < 0 || cost_row(a, r, e) < 0)
        return -1;
    struct ipet *ip = row_ipet(r, r->cost.data);
    observe(r);
    int rc = bound_row(r, a->infeasible, ip, certificates, &optimal, e);
    if (rc == 0)
        rc = dump_program(r, ip, e);
    if (rc == 0)
        rc = bound_all_miss(r, e);
    if (rc == 0)
        rc = cross_check(r, &a->placement, ip, e);
    if (rc == 0 && r->row->status != WCET_INCOMPLETE)
        rc = check_tree(r, a->placement.ipg.data, optimal, e);
    if (rc == 0 && r->row->status != WCET_INCOMPLETE)
        write_ledger(r, a->infeasible), row_pessimism(r, a->placement.ipg.data);
    if (rc == 0)
        rc = write_loop_proofs(r, certificates, e);
    if (rc == 0 && a->visit)
        rc = a->visit(a->user, r, a->placement.ipg.data, e);
    ipet_free(ip);
    return rc;
}

static void count_unmatched(struct rows_at_work *a) {
    const struct profile *p = a->w->profile;
    for (size_t i = 0; i < p->paths.len; i++) {
        bool matched = false;
        for (size_t k = 0; k < a->graphs.len && !matched; k++)
            matched = row_matches(&a->graphs.data[k], p, &p->paths.data[i]);
        a->w->unmatched += matched ? 0 : p->paths.data[i].count;
    }
}

/* What the rows name is where executions may end, or must pass. What is not found there is told of by row_select. */
static void keep_places(struct rows_at_work *a) {
    struct wcet *w = a->w;
    VEC(uint64_t) keep = {0};
    struct err unused;
    uint64_t addr;
    for (size_t i = 0; i < w->analysis->entries.len; i++) {
        const struct entry_spec *s = &w->analysis->entries.data[i];
        for (size_t k = 0; k < s->end.len + s->via.len; k++)
            if (cfg_place(w->cfg, k < s->end.len ? s->end.data[k] : s->via.data[k - s->end.len], &addr, &unused) == 0)
                vec_push(&keep, addr);
    }
    walk_keep(w->walk, keep.data, keep.len);
    vec_free(&keep);
}

static int analyse_rows(struct rows_at_work *a, const char *const *only, const char *certificates, struct err *e) {
    struct wcet *w = a->w;
    const struct analysis *an = w->analysis;
    keep_places(a);
    for (size_t i = 0; i < an->entries.len; i++)
        if (wanted(only, an->entries.data[i].name) && begin_row(a, &an->entries.data[i], e) < 0)
            return err_wrap(e, "%s:%d: [entry %s]", an->path, an->entries.data[i].line, an->entries.data[i].name);
    if (w->rows.len == 0)
        return err_set(e, ERR_USAGE, "%s has no such entry", an->path);
    costs_measured(w);
    place_edges(w, &a->placement);
    if (!w->analysis->keep_infeasible)
        a->infeasible = infeasible_new(w, a->placement.ipg.data, certificates);
    for (size_t i = 0; i < w->rows.len; i++)
        if (finish_row(a, i, certificates, e) < 0)
            return err_wrap(e, "%s:%d: [entry %s]", an->path, w->rows.data[i].spec->line, w->rows.data[i].spec->name);
    if (!only)
        count_unmatched(a);
    return 0;
}

static int load(struct wcet *w, struct err *e) {
    const struct analysis *a = w->analysis;
    if (!a->profile)
        return err_set(e, ERR_INPUT, "%s: [kernel] needs 'profile'", a->path);
    if (!(w->profile = profile_read(a->profile, e)) || kernel_open(a->elf, a->facts, w->profile->info.port, &w->image, &w->cfg, e) < 0)
        return -1;
    if (strcmp(w->profile->info.build_id, image_build_id(w->image)) != 0)
        return err_set(e, ERR_INPUT, "%s: measured on build %.16s, but %s is build %.16s", a->profile, w->profile->info.build_id, a->elf, image_build_id(w->image));
    if (profile_is_short(w->profile))
        return err_set(e, ERR_INPUT, "%s: its contexts were shortened (--context-depth): it is for looking at, no analysis can use it", a->profile);
    if (a->coverage && answers_read(w, a->coverage, e) < 0)
        return -1;
    w->walk = walk_new(w->cfg);
    if (a->model && !(w->costs = costs_open(w, e)))
        return -1;
    return check_loops(w, e);
}

struct wcet *wcet_analyse(const struct analysis *an, const char *const *only, const char *certificates, struct err *e) {
    return wcet_analyse_visiting(an, only, certificates, NULL, NULL, e);
}

struct wcet *wcet_analyse_visiting(const struct analysis *an, const char *const *only, const char *certificates, row_visit_fn *visit, void *user,
                                   struct err *e) {
    struct rows_at_work a = {.w = mem_alloc(sizeof *a.w), .visit = visit, .user = user};
    a.w->analysis = an;
    int rc = load(a.w, e);
    if (rc == 0)
        rc = analyse_rows(&a, only, certificates, e);
    for (size_t i = 0; i < a.graphs.len; i++)
        row_free(&a.graphs.data[i]);
    for (size_t i = 0; i < a.problems.len; i++)
        free(a.problems.data[i].text);
    vec_free(&a.graphs);
    vec_free(&a.problems);
    vec_free(&a.placement.ipg);
    infeasible_free(a.infeasible);
    if (rc == 0)
        return a.w;
    wcet_free(a.w);
    return NULL;
}

void wcet_free(struct wcet *w) {
    if (!w)
        return;
    for (size_t i = 0; i < w->rows.len; i++) {
        struct wcet_row *row = &w->rows.data[i];
        for (size_t k = 0; k < row->missing.len; k++)
            free(row->missing.data[k]);
        for (size_t k = 0; k < row->ledger.len; k++)
            free(row->ledger.data[k]);
        vec_free(&row->missing);
        vec_free(&row->ledger);
        vec_free(&row->worst_path);
        bins_free(&row->observed);
        free(row->tree_note);
        free(row->certificate);
        free(row->estimate_why);
        free(row->pessimism);
        mpz_clears(row->bound, row->all_miss, row->bound_before, row->seen_cost, NULL);
    }
    vec_free(&w->rows);
    vec_free(&w->cost);
    map_free(&w->most);
    costs_close(w->costs);
    map_free(&w->answers);
    walk_free(w->walk);
    profile_free(w->profile);
    cfg_free(w->cfg);
    image_free(w->image);
    free(w);
}
