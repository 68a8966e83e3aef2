/* The path tree of one row: what its paths are made of. Internal to the analyzer.
 *
 *   unit       an IPG edge in its context
 *   empty      no time passes
 *   sequence   its parts one after the other
 *   alternative  one of its parts
 *   loop       its part, an iteration from one of its entries to the next or to where it is left, between once and `max` times
 *   call       an activation of a function: from its entry to where it returns to, the step back included
 *   exit       by which way the loop before it was left: no time, a word for the reader
 *   region     parts on a directed acyclic graph that is neither sequence nor alternative
 *
 * Every unit has one place in the tree. That is not only tidy but what soundness hangs on: a unit's profile says nothing of a part of
 * its executions, so no operator may treat two occurrences of one unit as two units (see combine_dag.c). The first iteration of
 * a loop and the later ones are different units: they were profiled apart. */
#ifndef POTOROO_ANALYZER_TREE_H
#define POTOROO_ANALYZER_TREE_H

#include "analyzer/combine.h"
#include "analyzer/row.h"

enum tree_kind { TREE_UNIT, TREE_EMPTY, TREE_SEQUENCE, TREE_ALTERNATIVE, TREE_LOOP, TREE_EXIT, TREE_CALL, TREE_REGION };

/* An edge of a region's graph. */
struct tree_edge {
    uint32_t from, to;        /* numbers: 0 first */
    uint32_t node;            /* of the tree */
};
/* The acyclic graph of the whole entry, an activation or an iteration before it is reduced to a tree: what the longest way is asked of. A
 * loop in it has an edge for each pair of its entries and exits, since what an iteration may be hangs on where the one before ended. */
struct flow_edge {
    uint32_t from, to;        /* places; from < to */
    uint32_t node;            /* of the tree: a unit, empty, call or loop */
    uint32_t enter, leave;    /* of a loop: which of its entries and exits */
};
struct tree_flow {
    uint32_t places;
    VEC(struct flow_edge) edges;  /* sorted by `from` */
    VEC(uint32_t) entry;      /* places. Whole entry and activation: one; iteration: each entry of the loop */
    VEC(uint32_t) again;      /* iteration: the next one begins at that entry */
    VEC(uint32_t) exit;       /* whole entry and activation: one; iteration: each node that the loop is left from */
};
struct tree_node {
    enum tree_kind kind;
    uint32_t ipg;             /* unit */
    VEC(uint32_t) parts;      /* sequence, alternative; loop: an iteration, whole or the last; call: the body */
    VEC(struct tree_edge) dag; /* region: from node 0 to the last */
    uint32_t places;          /* nodes of the dag */
    uint32_t context, loop;   /* loop, call: whose */
    uint32_t mark;            /* exit: the walk node that the loop is left from */
    uint64_t max;             /* loop: executions of its entries together */
    uint32_t bit;             /* loop: which bit of `turn` tells its iterations apart; LOOPS_APART or more: none does */
    struct tree_flow flow;    /* loop: an iteration; call: the activation */
};

/* What facts and the row say of which blocks a path passes: by a bit for each block that they speak of. */
enum { TREE_MARKS = 6 };
struct tree_marks {
    uint32_t block[TREE_MARKS], used; /* bit n is of block[n] */
    uint32_t needed;          /* bits: a path passes these */
    VEC(uint32_t) apart;      /* bits, two at a time: a path does not pass both */
};

struct tree {
    const struct row_graph *row;
    struct tree_marks marks;
    VEC(struct tree_node) nodes;
    uint32_t root;
    struct tree_flow flow;    /* of the whole entry */
    const char *looser;       /* why the longest path of the tree may be longer than the integer program's: NULL: it may not */
    size_t repeats;           /* edges that begin a further iteration, found so far */
    bool several;             /* a loop has several entries: there the integer program may combine cycles to what is no path */
};

/* ERR_INCOMPLETE: something keeps it from being built (a loop without a bound, a loop entry without a point). */
int tree_build(const struct row_graph *r, struct tree *t, struct err *e);
void tree_free(struct tree *t);

/* ---- what is known of each unit -------------------------------------------------------------------------------------- */

/* Histograms of a row's units: from the entries of this row alone, in the iteration asked for (OWN); where none passed it, in any
 * iteration (TURN); by any kernel entry in that context (ENTRIES); in any context (CONTEXTS). */
enum unit_grounds { UNIT_OWN, UNIT_TURN, UNIT_ENTRIES, UNIT_CONTEXTS, UNIT_NONE };
struct unit_table;
struct unit_table *units_new(const struct row_graph *r, const uint32_t *ipg_of_profile_edge);
void units_free(struct unit_table *u);
/* The observations of IPG edge IPG whose turn agrees with TURN in the bits KNOWN. Borrowed until the next question. */
const bin_list *units_bins(struct unit_table *u, uint32_t ipg, uint32_t known, uint32_t turn, enum unit_grounds *grounds);

/* The longest path of the tree, each unit at its longest. -1: too large. */
int64_t units_most(struct unit_table *u, const struct tree *t);

/* ---- evaluation ------------------------------------------------------------------------------------------------------ */

struct tree_value {
    struct curve curve;       /* times of the node's executions */
    uint64_t executions;      /* smallest sample of any unit in it */
    double band;              /* what DKW bands of the units add to the curve, alpha split over all units of the tree */
    enum unit_grounds grounds; /* the weakest of its units' */
};
struct tree_evaluation;
/* ALPHA: 1 − confidence. */
struct tree_evaluation *tree_evaluate(const struct tree *t, struct unit_table *u, enum dependence d, double alpha, size_t limit);
void tree_evaluation_free(struct tree_evaluation *v);
/* NODE with the loops around it in the iterations TURN, of which the bits KNOWN are told. Borrowed. */
const struct tree_value *tree_value_of(struct tree_evaluation *v, uint32_t node, uint32_t known, uint32_t turn);
uint64_t tree_units(const struct tree_evaluation *v); /* over which alpha is split */

/* The longest way at what a unit costs by COST: the tree's answer to the integer program's question, exact whatever the loops look
 * like (tree_most.c). -1: too large. */
typedef uint64_t tree_cost_fn(void *user, uint32_t ipg, uint32_t known, uint32_t turn);
struct tree_most;
struct tree_most *tree_most_new(const struct tree *t, tree_cost_fn *cost, bool turns, void *user);
int64_t tree_longest(struct tree_most *m);
/* Through NODE, a loop or a call, with the loops around it in the iterations TURN, of which the bits KNOWN are told. */
int64_t tree_most_of(struct tree_most *m, uint32_t node, uint32_t known, uint32_t turn);
void tree_most_free(struct tree_most *m);

/* ---- making one ------------------------------------------------------------------------------------------------------ */

/* A graph being reduced to a tree: edges of it stand for trees. */
struct sub_edge {
    uint32_t from, to;
    uint32_t tree;
    uint32_t within;          /* as in struct walk_edge */
    uint32_t enter, leave;    /* as in struct flow_edge */
};
struct sub_graph {
    VEC(uint32_t) nodes;      /* walk nodes, NONE: made up */
    VEC(struct sub_edge) edges;
};
uint32_t sub_node(struct sub_graph *g, uint32_t walk_node); /* adds one, returns its index */
uint32_t tree_context_depth(const struct walk *w, uint32_t context); /* calls on its string, itself included */
bool tree_loop_begins(const struct cfg *g, uint32_t loop, uint32_t block);
uint32_t tree_add(struct tree *t, enum tree_kind kind);
uint32_t tree_then(struct tree *t, uint32_t a, uint32_t b); /* a, then b; either may become part of the result */
uint32_t tree_or(struct tree *t, uint32_t a, uint32_t b);
/* One tree for all that leads from node FROM to node TO of an acyclic graph in which every edge lies between them. */
uint32_t tree_reduce(struct tree *t, const struct sub_graph *g, uint32_t from, uint32_t to);
/* The same for a graph that may have cycles, each a loop with a bound; FLOW becomes the graph with those as edges. G is used up. */
int tree_solve(struct tree *t, struct sub_graph *g, uint32_t from, uint32_t to, uint32_t *tree, struct tree_flow *flow, struct err *e);
void tree_flow_free(struct tree_flow *f);
/* The nodes in an order in which edges lead onwards. false: there is a cycle. */
bool sub_order(const struct sub_graph *g, uint32_t *order);
void sub_free(struct sub_graph *g);
/* Edge indices by the node that they leave: those of v are (*next)[(*start)[v]] up to before (*next)[(*start)[v + 1]]. The caller frees both. */
void sub_edges_by_from(const struct sub_graph *g, uint32_t **start, uint32_t **next);

#endif
