/* evt: what extreme-value theory would extrapolate from the times of whole entries. A diagnostic and nothing else: it takes the observations for
 * independent draws of one law with a smooth tail, which times of a machine with caches and branches are not, and knows of no way that was not
 * taken. Nothing in the analysis uses it.
 *
 * Peaks over a threshold (Pickands 1975): excesses y = x − threshold follow a generalised Pareto law, P(Y > y) = (1 + shape·y/scale)^(−1/shape).
 * Parameters by probability-weighted moments (Hosking, Wallis 1987). Goodness of fit: the largest distance of the distribution functions at
 * whole cycles, and in how many of 99 samples drawn from the fit, rounded to cycles and fitted again, it is as large. Deterministic. */
#ifndef POTOROO_ANALYZER_EVT_H
#define POTOROO_ANALYZER_EVT_H

#include "analyzer/analyzer.h"

struct evt_fit {
    uint64_t threshold;       /* cycles */
    uint64_t peaks, of;       /* observations above it, all */
    double shape, scale;      /* of the excesses; a negative shape has an end point, scale / −shape above the threshold */
    double distance, p;       /* p: small means that the law does not fit */
};
enum { EVT_LEAST_PEAKS = 30, EVT_LEAST_VALUES = 5, EVT_MOST_PEAKS = 2000, EVT_SAMPLES = 99 };
#define EVT_REJECT 0.05
/* The largest tenth of the observations, EVT_MOST_PEAKS at most. false: too few peaks, or too few different ones. */
bool evt_fit(const bin_list *bins, struct evt_fit *f);
/* The time that the fit exceeds with probability RISK; threshold at least. */
double evt_quantile(const struct evt_fit *f, double risk);

#endif
