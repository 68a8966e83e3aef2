/* infeasible: paths that the graph has and the code does not. Internal to the analyzer.
 *
 * After Sewell, Kam, Heiser, "Complete, high-assurance determination of loop bounds and infeasible paths for WCET analysis" (RTAS 2016): the
 * worst path is asked of the solver piece by piece, through the lifting; a piece that cannot be executed, whatever the machine's state at its
 * beginning, becomes a constraint, and the integer program is solved again.
 *
 * Soundness. A *piece* is a way along consecutive nodes of the walk that stays in one iteration of one innermost loop (or outside of all), and in
 * which no node comes twice: none of its edges is executed twice in one iteration. Its *choices* are its first edge and those whose node has
 * more than one way on in the walk. Say an execution takes all choices in one iteration. After a choice it comes, there being no other way, to the
 * next choice's node, once in the iteration, and there takes that choice. So it takes the piece from its first edge to its last choice without a
 * break. If the conditions along that cannot hold together, it does not exist: of M choices at most M − 1 are taken in an iteration. Summed over
 * the iterations:
 *
 *     Σ choices ≤ (M − 1) · (executions of the loop's header + 1 if the entry begins inside the loop)      [outside of loops: ≤ M − 1]
 *
 * A loop with several entries has no such iterations: pieces in it are not asked. What was measured need not be asked; a part of that is all the
 * same, and must be possible: else the analysis ends with an error. Each exclusion is a file in SMT-LIB that says so without us.
 * Deterministic: the solver is bounded by its own count of steps, the search by a count of rounds. */
#ifndef POTOROO_ANALYZER_INFEASIBLE_H
#define POTOROO_ANALYZER_INFEASIBLE_H

#include "analyzer/row.h"

struct infeasible; /* what is known, for all rows of an analysis */

/* IPG_OF: by profile edge, the walk's IPG edge or NONE. PROOFS: path prefix of the files, NULL: none are written. W is borrowed. */
struct infeasible *infeasible_new(const struct wcet *w, const uint32_t *ipg_of, const char *proofs);
void infeasible_free(struct infeasible *f); /* f may be NULL */
/* Adds to the row's program IP what excludes the flow COUNT or a part of it, and says in *added how many constraints that are. */
int infeasible_exclude(struct infeasible *f, const struct row_graph *r, struct ipet *ip, const uint64_t *count, uint32_t *added, struct err *e);
/* Adds what other rows found that holds of this one too. */
uint32_t infeasible_apply(struct infeasible *f, const struct row_graph *r, struct ipet *ip);
/* Each exclusion that the row uses, in words, and the file that proves it (or NULL). */
typedef void infeasible_say_fn(void *user, const char *text, const char *proof);
void infeasible_each(const struct infeasible *f, const struct row_graph *r, infeasible_say_fn *say, void *user);

#endif
