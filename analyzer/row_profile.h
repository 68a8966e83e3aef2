/* Execution-time profiles of rows: `potoroo profile tree` and `potoroo profile curve`. Internal to the analyzer. */
#ifndef POTOROO_ANALYZER_ROW_PROFILE_H
#define POTOROO_ANALYZER_ROW_PROFILE_H

#include "analyzer/evt.h"
#include "analyzer/tree.h"

struct row_profile_options {
    enum dependence dependence;
    double alpha;             /* 1 − confidence */
    size_t points;            /* most support points of a curve */
    bool evt;                 /* the diagnostic too */
    bool measured;            /* use what was measured jointly; `dependence` for what was not */
};
static const char *const dependence_name[] = {[DEPENDENCE_UNKNOWN] = "unknown", [DEPENDENCE_INDEPENDENT] = "independent",
                                              [DEPENDENCE_COMONOTONIC] = "comonotonic"};
/* What is taken for granted, in words: goes with every figure that rests on it. */
const char *dependence_words(const struct row_profile_options *o);
const char *dependence_label(const struct row_profile_options *o);

enum { PERCENTILES = 4 };
extern const double percentile[PERCENTILES];     /* 50, 90, 99, 99.9 */

/* One row's figures, to keep after the row is gone. */
struct row_profile {
    const struct wcet_row *row;
    struct curve observed, combined; /* no steps: none */
    uint64_t observations, sample, units;
    double band_observed, band_combined;
    enum unit_grounds grounds;
    uint64_t ways;            /* `combined` is of so many ways, each measured as a whole; 0: of units */
    char *missing;            /* why there is no combined curve, NULL */
    bool fitted;
    struct evt_fit evt;       /* of the observed times, if fitted */
};
void row_profile_make(const struct row_graph *r, const uint32_t *ipg_of, const struct row_profile_options *o, struct row_profile *p);
void row_profile_free(struct row_profile *p);
/* The smallest t with P(X > t) ≤ 1 − percent/100, BAND added to P. false: BAND is too wide for any. */
bool row_profile_quantile(const struct curve *c, double band, double percent, uint64_t *t);

json_t *row_quantiles_json(const struct curve *c, double band); /* an object: percentile → cycles, null where BAND is too wide */

/* Tables, JSON, CSV of rows; the tree of one. */
void row_profiles_print(const struct row_profile *p, size_t n, const struct row_profile_options *o, FILE *out);
void row_profiles_csv(const struct row_profile *p, size_t n, FILE *out);    /* every step of every curve */
void row_percentiles_csv(const struct row_profile *p, size_t n, FILE *out); /* a line a curve */
json_t *row_profiles_json(const struct wcet *w, const struct row_profile *p, size_t n, const struct row_profile_options *o);
json_t *tree_json(const struct row_graph *r, const uint32_t *ipg_of, const struct row_profile_options *o, struct err *e); /* NULL on failure */
int tree_print(const struct row_graph *r, const uint32_t *ipg_of, const struct row_profile_options *o, bool units, FILE *out, struct err *e);

#endif
