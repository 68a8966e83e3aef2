/* costs: what one execution of each IPG edge of a row takes at most, by the inferred model: the base time of its instructions, and the
 * misses that cache analysis cannot exclude in its context. Internal to the analyzer.
 *
 * Why it bounds. The board's time is additive (each model's falsification run says so), so a step takes the sum of its instructions' base
 * times, plus a penalty for each miss. The base is known exactly; the misses are at most those that are not excluded. Every
 * observation is held against that: one that is no base plus possible misses, or lies above the cost, is an error, so a cost is
 * never below its own high-water mark, and a wrong model does not go unnoticed.
 * First-misses. An access that misses once at most for each entry to a loop costs its penalty on the edges that enter the loop, not where
 * it is. So the cost of an edge can be below what one execution of it takes: `most` is that. */
#ifndef POTOROO_ANALYZER_COSTS_H
#define POTOROO_ANALYZER_COSTS_H

#include "analyzer/row.h"
#include "cachemodel/cachemodel.h"

struct costs;

/* Reads the model that the analysis names. Owned by the caller. ERR_INPUT: the file is bad, or of another board than the profile. */
struct costs *costs_open(const struct wcet *w, struct err *e);
void costs_close(struct costs *c); /* may be NULL */
const struct model *costs_model(const struct costs *c); /* borrowed */

/* Fills in r->cost, r->most and r->all_miss. False: the model does not say enough; r->row->estimate_why does. */
bool costs_of_row(struct costs *c, struct row_graph *r);
/* Holds what was observed on the row's paths against the costs. IPG_OF: by profile edge, the walk's IPG edge or NONE. */
int costs_explain(const struct costs *c, const struct row_graph *r, const uint32_t *ipg_of, struct err *e);
/* What the costs say of one execution of an edge: for tests that know the truth. Look-ups by L1I, L1D, ITLB, DTLB. */
struct cost_step {
    uint64_t least, most;      /* base times of its ways; most: what is not known to be memory is a device */
    uint32_t may[4], must[4];  /* misses that are not excluded; that are certain */
    uint32_t lookups[4];       /* in all */
};
/* False: it is not of the row. */
bool costs_step(const struct row_graph *r, uint32_t ipg, struct cost_step *step);
void costs_forget(struct row_explained *x); /* may be NULL */
void costs_ledger(const struct costs *c, const struct row_graph *r);

#endif
