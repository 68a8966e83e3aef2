/* Where a row's bound lies above what was measured: which steps of the worst path cost more than on the longest entry seen. */
#include "analyzer/row.h"

#include <inttypes.h>

enum { NAMED = 3 };

struct excess {
    const struct wcet_step *step;
    uint64_t seen, seen_cycles; /* on the longest entry: how often, and at most how long all of these */
    int64_t cycles;
};

static const struct profile_path *longest_seen(const struct row_graph *r, const struct profile *p) {
    const struct profile_path *best = NULL;
    for (size_t i = 0; i < p->paths.len; i++)
        if (row_matches(r, p, &p->paths.data[i]) && (!best || p->paths.data[i].max > best->max))
            best = &p->paths.data[i];
    return best;
}

/* What the longest entry's path shows of one IPG edge. (A path's histogram of a unit is that of all entries of the path: so at most.) */
static void see(const struct profile_path *path, const uint32_t *ipg_of, struct excess *x) {
    for (size_t k = 0; k < path->edges.len; k++) {
        const struct path_edge *pe = &path->edges.data[k];
        if (ipg_of[pe->edge] != x->step->edge)
            continue;
        x->seen += pe->count;
        x->seen_cycles += pe->count * (pe->bins.len ? bins_most(&pe->bins) : 0);
    }
    x->cycles = (int64_t)(x->step->count * x->step->cost) - (int64_t)x->seen_cycles;
}

static int by_cycles(const void *a, const void *b) {
    const struct excess *x = a, *y = b;
    return x->cycles != y->cycles ? (x->cycles < y->cycles ? 1 : -1) : (x->step > y->step) - (x->step < y->step);
}

static char *step_in_words(const struct row_graph *r, const struct excess *x) {
    const struct wcet *w = r->w;
    uint64_t addr = w->cfg->blocks.data[w->walk->nodes.data[w->walk->ipg.data[x->step->edge].from].block].addr;
    const char *place = cfg_describe(w->cfg, addr);
    if (!x->seen)
        return str_printf("%s +%" PRId64 " (not on that path)", place, x->cycles);
    if (x->seen < x->step->count)
        return str_printf("%s +%" PRId64 " (%" PRIu64 " times instead of %" PRIu64 ")", place, x->cycles, x->step->count, x->seen);
    return str_printf("%s +%" PRId64 " (slower elsewhere than on that path)", place, x->cycles);
}

/* The difference between bound and longest entry is that of the costliest path seen, by the bound's costs, and what the worst path costs more. */
void row_pessimism(struct row_graph *r, const uint32_t *ipg_of) {
    struct wcet_row *row = r->row;
    const struct profile_path *path = longest_seen(r, r->w->profile);
    if (!path || !row->worst_path.len || !mpz_fits_ulong_p(row->bound) || !mpz_fits_ulong_p(row->seen_cost))
        return;
    struct excess *x = mem_alloc(row->worst_path.len * sizeof *x);
    for (size_t i = 0; i < row->worst_path.len; i++) {
        x[i].step = &row->worst_path.data[i];
        see(path, ipg_of, &x[i]);
    }
    qsort(x, row->worst_path.len, sizeof *x, by_cycles);
    uint64_t bound = mpz_get_ui(row->bound), seen = mpz_get_ui(row->seen_cost);
    row->pessimism = str_printf("%" PRIu64 " because the longest times of steps were never seen together, %" PRIu64 " because the worst path was not seen; most:",
                                seen > row->observed_max ? seen - row->observed_max : 0, bound > seen ? bound - seen : 0);
    for (size_t i = 0; i < row->worst_path.len && i < NAMED && x[i].cycles > 0; i++) {
        char *step = step_in_words(r, &x[i]), *longer = str_printf("%s%s %s", row->pessimism, i ? "," : "", step);
        free(row->pessimism);
        free(step);
        row->pessimism = longer;
    }
    free(x);
}
