/* One row of the WCET table at work: the part of the walk that its paths can take. Internal to the analyzer. */
#ifndef POTOROO_ANALYZER_ROW_H
#define POTOROO_ANALYZER_ROW_H

#include "analyzer/analyzer.h"

struct row_graph {
    const struct wcet *w;
    struct wcet_row *row;
    uint32_t start;
    VEC(bool) live;               /* by walk node */
    VEC(uint64_t) end, via;       /* addresses; end empty: where the kernel is left */
    VEC(bool) via_needs_row;      /* the graph alone does not force the path through this one */
    VEC(uint32_t) edges;          /* walk edges between live nodes: index = IPET edge */
    VEC(uint32_t) nodes;          /* walk nodes that are live: index = IPET node */
    VEC(uint32_t) number;         /* walk node → IPET node */
    VEC(uint32_t) edge_number;    /* walk edge → IPET edge, NONE */
    bool cycles_apart;            /* the integer program's answer is a flow that no path has, see row_cycles_apart */
    VEC(uint64_t) cost;           /* of each walk->ipg edge: in the integer program; UINT64_MAX: none */
    VEC(uint64_t) most;           /* what one execution can take (costs.h); without a model the same */
    VEC(uint64_t) base;           /* of the cost, what the instructions take without a miss; without a model empty */
    VEC(uint64_t) all_miss;       /* cost if nothing were known of the caches' contents; without a model empty */
    struct row_explained *explained; /* with a model: what costs_explain needs; owned by costs.c */
};

/* What keeps a node of the walk from being expanded, NULL if nothing: kept by wcet_expand. */
struct walk_problem {
    uint32_t node;
    char *text;
};
typedef VEC(struct walk_problem) walk_problems;

/* Expand everything reachable from START. */
void row_expand(struct walk *w, uint32_t start, walk_problems *problems);
/* Which part of the walk the row speaks of. ERR_INPUT: a place that does not exist, or no path passes it. Adds to row->missing what is unknown in it. */
int row_select(struct row_graph *r, const walk_problems *problems, struct err *e);
void row_free(struct row_graph *r);
bool row_is_sink(const struct row_graph *r, uint32_t node);
void row_missing(struct row_graph *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The row's integer program with costs COST, by walk->ipg edge; what has no bound or no observation is added to row->missing. Owned by the caller. */
struct ipet *row_ipet(struct row_graph *r, const uint64_t *cost);

/* Constraints that every path satisfies and the flow COUNT does not, if cycles of it hang together with nothing (as subtours do: Dantzig, Fulkerson,
 * Johnson 1954). Returns how many were added. */
uint32_t row_connect(const struct row_graph *r, struct ipet *ip, const uint64_t *count);

/* Is the flow COUNT (by IPET edge), a solution of the integer program, more than a path could do? Only where a loop has several entries: there
 * cycles may hang together with nothing, or one entry to the loop may use up the iterations of another. */
bool row_cycles_apart(const struct row_graph *r, const uint64_t *count);

/* Fills in row->pessimism. IPG_OF: by profile edge, the walk's IPG edge or NONE. */
void row_pessimism(struct row_graph *r, const uint32_t *ipg_of);

/* Called for each row when it is finished. IPG_OF: by profile edge, the walk's IPG edge or NONE. */
typedef int row_visit_fn(void *user, const struct row_graph *r, const uint32_t *ipg_of, struct err *e);
struct wcet *wcet_analyse_visiting(const struct analysis *a, const char *const *only, const char *certificates, row_visit_fn *visit, void *user,
                                   struct err *e);

/* Does an observed path belong to this row? */
bool row_matches(const struct row_graph *r, const struct profile *p, const struct profile_path *path);

/* measured.c. Fills in w->cost. */
void costs_measured(struct wcet *w);
/* How many steps of the row's worst path were also replayed. */
uint64_t costs_replayed(const struct wcet *w, const struct wcet_row *row);

/* answers.c: what coverage said. PATH: its JSON result; ERR_INPUT: not one, or of another build. The text is the caller's, NULL: none. */
int answers_read(struct wcet *w, const char *path, struct err *e);
void answers_of_row(const struct wcet *w, struct wcet_row *row);
char *answers_text(const struct wcet_row *row);
double answers_complete(const struct wcet_row *row); /* the share of cycles on complete units, in percent; negative: no worst path */
json_t *answers_json(const struct wcet_row *row);

#endif
