/* Random small flow graphs, and their best admissible walk by exhaustive search. */
#ifndef POTOROO_ILP_TEST_RANDOM_GRAPH_H
#define POTOROO_ILP_TEST_RANDOM_GRAPH_H

#include "ilp/ilp.h"

enum { GRAPH_NODES = 9, GRAPH_EDGES = 16 };

struct random_graph {
    struct ipet *g; /* owned by the caller */
    uint32_t nodes, source, sink, second_sink, edges;
    struct {
        uint32_t from, to;
        uint64_t cost;
    } edge[GRAPH_EDGES];
    uint32_t loops;
    struct {
        uint32_t inside, outside; /* sets of edges, as bits */
        bool source_enters;
        uint64_t max;
    } loop[GRAPH_NODES];
};

uint64_t random_next(uint64_t *state);
/* RULES: how many random constraints. */
void random_graph_make(struct random_graph *r, uint64_t seed, unsigned rules);
/* The highest cost of a walk from the source to a sink whose counts ipet_admits, and which at no time is ahead of a loop's bound;
 * -1: there is none. *DONE false: the search was cut
 * short, so that there may be a better one. */
int64_t best_walk(const struct random_graph *r, bool *done);

#endif
