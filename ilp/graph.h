/* The flow graph of ipet_*, and its reduction. Not for other rooms. */
#ifndef POTOROO_ILP_GRAPH_H
#define POTOROO_ILP_GRAPH_H

#include "ilp/program.h"

enum { NONE = UINT32_MAX };

struct ipet_edge {
    uint32_t from, to;
    uint64_t cost;
};
struct ipet_loop {
    struct indices inside, outside;
    uint64_t max;
};
struct ipet_rule { /* a constraint */
    struct {
        struct ipet_term *data;
        size_t len, cap;
    } terms;
    char sense;
    int64_t rhs;
    char *text;
};
struct ipet {
    uint32_t nodes, source;
    struct indices sinks; /* in the order given, each once */
    struct {
        struct ipet_edge *data;
        size_t len, cap;
    } edges;
    struct {
        struct ipet_loop *data;
        size_t len, cap;
    } loops;
    struct {
        struct ipet_rule *data;
        size_t len, cap;
    } rules;
};

bool ipet_source_enters(const struct ipet *g, const struct ipet_loop *l); /* its unit of flow counts as outside flow */
int ipet_valid(const struct ipet *g, struct err *e);                     /* indices in range, loop bounds at least 1 */

/* The program's variables are the edges, then one a sink (what leaves there); its rows the nodes, the loops, the constraints. */

/* An edge of the graph under reduction: one of the program's variables, reached from `from` over a longest path through nodes that
 * were absorbed into it. The edge it prolongs is `via`. */
struct arc {
    uint32_t from, to;  /* to = nodes: the end, behind the sinks */
    uint32_t variable;
    uint32_t via;       /* NONE: the variable itself */
    uint32_t twin;      /* next of the arcs that lost against this one (same head, same constraints, cheaper) */
    bool alive;
    bool own;           /* it led from a collapsed header into its region */
    mpz_t cost;         /* without what entering `to` costs */
};
struct collapse {       /* a loop that was reduced to its header */
    uint32_t loop, header, back; /* back: the arc that closes the longest iteration */
    mpz_t price;        /* cost of that iteration: the loop row's dual */
    struct indices order; /* absorbed nodes, topologically */
};
struct reduction {
    const struct ipet *g;
    struct {
        struct arc *data;
        size_t len, cap;
    } arcs;
    struct indices *out, *in; /* arcs of each node (the end has in-arcs only) */
    mpz_t *entry;       /* of each node: what entering it costs beyond the arc: the collapsed loops' iterations */
    uint32_t *best_in;  /* of an absorbed node: the arc on the longest path from its header */
    bool *absorbed;
    uint32_t *collapse_of; /* of each loop: its index in collapses, or NONE */
    bool *touched;      /* variables that a constraint, or a loop that did not collapse, speaks of */
    uint32_t *inside_of, *outside_of; /* of each variable: its loop, or NONE */
    struct {
        struct collapse *data;
        size_t len, cap;
    } collapses;
};

/* -1 if some cycle has no inside edge of a loop. RULES false: as if there were no constraints. */
int reduction_new(const struct ipet *g, bool rules, struct reduction *r, struct err *e);
void reduction_free(struct reduction *r);
/* FLOW: one count an arc, set for the arcs that are alive; sets the rest, down to COUNT, one a variable of the program. */
void reduction_expand(const struct reduction *r, mpz_t *flow, mpz_t *count);
/* Y: a dual value for each node that is not absorbed (the end's is 0); EXTRA: of each variable, what its constraints and splits take
 * off its cost; OBJECTIVE false: all costs are 0 (a proof of emptiness). Fills in the absorbed nodes. */
void reduction_duals(const struct reduction *r, mpq_t *y, const mpq_t *extra, bool objective);
/* y[to] + entry[to] + cost − extra (NULL: 0): what the arc's tail must be worth at least. */
void arc_worth(const struct reduction *r, const struct arc *a, const mpq_t *y, const mpq_t *extra, bool objective, mpq_t worth);

#endif
