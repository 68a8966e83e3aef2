/* diff: two results of `potoroo wcet`, entry by entry: what changed, by how much, why, and whether that is too much.
 *
 * Matching. Functions by name (the compiler's .isra, .part and .constprop endings aside), blocks within a function by an alignment of
 *           their shapes (cfg_shapes): never by address.
 * Why.      The new worst path is priced with the old build's costs, step by step. That splits the change of the bound exactly:
 *             bound(new) - bound(old) = Σ parts
 *           code      steps whose block exists in both builds with different instructions: growth of their cost
 *           added     steps whose block has no counterpart in the old build, at their whole cost
 *           removed   steps of the old worst path whose block has no counterpart in the new build (negative)
 *           count     steps on both worst paths, taken more or less often (a loop's bound, a fact)
 *           path      steps on one of the worst paths only, of code that both builds have
 *           layout    the same instructions at another cost: code or data lies elsewhere, other lines conflict
 *           measured  the same, in the same binary: only the measurements differ
 *           rest      bound above the cost of its worst path (a bound that the solver did not prove to be attained)
 *           Where a model tells what steps take without a miss, `work` is at least what changed code takes more of that.
 *           The last but rest are the noise of any rebuild; the others are the `work` that was done to the kernel. One line's cost is
 *           not taken from anywhere: it is by how much the same instructions most often differ between the two results.
 * Verdict.  An entry fails if it lost its bound or vanished, exceeds its budget, grew by more than its threshold in all, or by
 *           code_cycles or more by work alone. What more code lines add is forgiven, and noise within its own allowance: any unrelated change moves code.
 *           So 20 cycles of new code are told from 60 of noise. Work counts even where a luckier layout hides it. */
#ifndef POTOROO_ANALYZER_DIFF_H
#define POTOROO_ANALYZER_DIFF_H

#include "base/base.h"

/* "2%" → relative 0.02; "150" → cycles. */
struct threshold {
    bool relative;
    double share;
    int64_t cycles;
};
int threshold_parse(const char *text, struct threshold *out, struct err *e);

enum part { PART_CODE, PART_ADDED, PART_REMOVED, PART_COUNT, PART_PATH, PART_LINES, PART_LAYOUT, PART_MEASURED, PART_REST, PARTS };
extern const char *const part_name[PARTS];

struct cause {                 /* strings are borrowed from the results */
    enum part part;
    const char *function, *file;
    int line;
    int64_t old_count, old_cost, new_count, new_cost;
    int64_t cycles;            /* its share of the change */
    size_t steps;              /* of the worst paths that it sums up */
};
struct constraint_change {
    bool added;
    const char *kind;
    char *text;                /* owned */
};
enum verdict { VERDICT_PASS, VERDICT_FAIL, VERDICT_NEW };
struct entry_diff {
    const char *name;
    json_t *old_entry, *new_entry;           /* borrowed; NULL: not there */
    bool has_old, has_new;                   /* there, with a bound */
    int64_t old_bound, new_bound, change, work;
    int64_t old_observed, new_observed;
    int64_t part[PARTS];
    VEC(struct cause) causes;                /* largest first */
    VEC(struct constraint_change) constraints;
    VEC(char *) reasons;                     /* why it fails, in words */
    enum verdict verdict;
};
enum function_change { FUNCTION_CHANGED, FUNCTION_ADDED, FUNCTION_REMOVED };
struct function_diff {
    const char *name, *file;
    int line;
    enum function_change change;
};
struct diff_options {
    struct threshold threshold;
    bool threshold_given;      /* on the command line: it overrides the entries' own */
    struct threshold noise;    /* growth of layout and measured that is forgiven */
    int64_t min_cycles;        /* a change below it is within the threshold */
    int64_t code_cycles;       /* this many by work alone fail */
};
struct diff {
    struct result *from, *to;  /* owned */
    struct diff_options options;
    VEC(struct entry_diff) entries;          /* in the new result's order, then the vanished */
    VEC(struct function_diff) functions;
    size_t failed;
    bool same_binary;
    int64_t line_cost;         /* cycles, 0: not known */
};
/* NULL: ERR_INPUT, a result that cannot be read or is of another kind. */
struct diff *diff_results(const char *from, const char *to, struct diff_options o, struct err *e);
void diff_free(struct diff *d);

const char *diff_verdict(const struct entry_diff *x); /* "ok", "FAIL", "new" */
/* The first cause that work has; else the first at all; NULL if there is none. */
const struct cause *diff_lead(const struct entry_diff *x);
void cause_describe(const struct cause *c, char *text, size_t size);

/* The formats. All write the same facts; each is a whole document. */
void diff_print_text(const struct diff *d, bool color, bool quiet, FILE *out);
void diff_print_markdown(const struct diff *d, FILE *out);
void diff_print_junit(const struct diff *d, FILE *out);
json_t *diff_json(const struct diff *d);   /* reports/schema/diff.json */
json_t *diff_sarif(const struct diff *d);  /* SARIF 2.1.0 */

#endif
