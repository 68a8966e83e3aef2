/* combine: distributions of execution times and how they add up. Pure: nothing of kernels, traces or files.
 *
 * A curve bounds a time X from above in distribution: for every t, P(X > t) ≤ curve_above(c, t). Times are cycles; probabilities are
 * doubles *rounded up* by every operation, so each is at least the exact one and off by parts in 10^15 of itself, also deep in
 * the tail (no absolute error as of FFT). Adding and folding keep the bound under the dependence that the operator assumes:
 *
 *   unknown      none: Makarov (1981), Rüschendorf (1982). X ≤ a and Y ≤ b imply X+Y ≤ a+b, so P(X+Y > t) ≤ min over a+b ≤ t of
 *                P(X > a) + P(Y > b). Sharp for two; folding stays valid.
 *   independent  convolution; true only if the user knows the units to be independent.
 *   comonotonic  quantiles add. A heuristic: it is NOT an upper bound (two units that are slow at different times exceed it).
 *
 * Curves are coarsened only by rounding times up; `error` says by how many cycles at most any quantile was moved by that. */
#ifndef POTOROO_ANALYZER_COMBINE_H
#define POTOROO_ANALYZER_COMBINE_H

#include "analyzer/analyzer.h"

struct curve_step {
    uint64_t cycles;
    double above;             /* P(X > cycles) is at most this */
};
/* Sorted by cycles, `above` falls strictly; the last is 0, so its cycles are the maximum. P(X > t) = 1 before the first.
 * Never empty. Freed with curve_free. */
struct curve {
    VEC(struct curve_step) steps;
    uint64_t error;
};

void curve_free(struct curve *c);
struct curve curve_copy(const struct curve *c);
struct curve curve_constant(uint64_t cycles);
/* Of a histogram with at least one observation. */
struct curve curve_of_bins(const struct bin *bins, size_t n);
struct curve curve_of_histogram(const bin_list *bins); /* not empty; its rounding is part of `error` */
uint64_t curve_max(const struct curve *c);
/* At most this is P(X > t). */
double curve_above(const struct curve *c, uint64_t t);
/* The smallest t with P(X > t) ≤ risk. */
uint64_t curve_quantile(const struct curve *c, double risk);

/* At most this many support points come out of an operation; more are coarsened upwards. */
enum { CURVE_POINTS = 2048 };
/* X + Y. LIMIT (0: CURVE_POINTS): most support points of the result. */
struct curve curve_add(enum dependence d, const struct curve *x, const struct curve *y, size_t limit);
/* X1 + … + Xm for any m ≤ n, each distributed as X or earlier. */
struct curve curve_times(enum dependence d, const struct curve *x, uint64_t n, size_t limit);
/* All of them: pairwise, neighbours first, so that coarsening errors grow with the logarithm of n. n ≥ 1. */
struct curve curve_sum(enum dependence d, const struct curve *const *x, size_t n, size_t limit);
/* One of them, it is not known which, whatever decides: the pointwise maximum. */
struct curve curve_either(const struct curve *x, const struct curve *y);
/* X is known never to exceed WALL (which is at least what a curve says with certainty: its first step). */
void curve_cut(struct curve *c, uint64_t wall);
/* At most LIMIT (≥ 2) support points, by rounding times up. */
void curve_coarsen(struct curve *c, size_t limit);

/* A directed acyclic graph of units, from node 0 to node NODES − 1; edges lead from lower to higher numbers; every node lies on a way
 * from 0 to the last. The time of whichever way is taken, whatever decides which. With dependence unknown the curve has at most 41 levels of
 * risk, rounded up; its maximum is exact. */
struct curve_edge {
    uint32_t from, to;
    const struct curve *curve;
};
struct curve curve_dag(enum dependence d, uint32_t nodes, const struct curve_edge *edges, size_t n, size_t limit);

/* One-sided band of Dvoretzky, Kiefer, Wolfowitz (Massart 1990): with confidence 1 − alpha the true P(X > t) is nowhere more
 * than this above the observed one, if the n observations are independent draws. Rounded up. */
double curve_band(double alpha, uint64_t n);

#endif
