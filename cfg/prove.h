/* prove: loop bounds by an SMT solver. Private to cfg.
 *
 * For each loop that closed forms and execution leave open, one turn as terms (turn.h), a measure and invariants guessed from runs (guess.h), and one
 * question to the solver: is there a state in which any of the following fails? If not, the measure's bound holds.
 *   entered     the invariants hold at the first header, and the measure is at most `most`, if the loop goes round at all;
 *   kept        the invariants hold at the next header if they hold at this one and it goes round from both;
 *   positive    wherever the loop goes round the measure is at least `by`;
 *   falls       `every` turns later, if it goes round there too, it is less by `by`, or at most its part of it.
 * That is k-induction on the header's state; guesses can only fail to be proved, so nothing is trusted but the question, the turn's terms and the solver.
 * Invariants that do not hold are dropped after the solver's counterexamples (Flanagan and Leino: "Houdini, an annotation assistant for ESC/Java", FME
 * 2001). Where there is no measure, so many turns from the loop's entries are asked for as no run took, one after the other (bounded search).
 * Each bound's question is kept as a text of SMT-LIB: struct loop's `proof`.
 *
 * The number of questions and the solver's steps for each are bounded by the code alone, so the result is the same on every machine. */
#ifndef POTOROO_CFG_PROVE_H
#define POTOROO_CFG_PROVE_H

#include "cfg/induction.h"

struct prover;
struct prover *prover_new(struct cfg *g);
/* The loop of S, which nothing bounds so far. All that is needed is copied. */
void prover_add(struct prover *p, const struct search *s);
/* Asks, and bounds what is proved. Where the solver cannot be run, nothing is proved and g->unasked says why. Frees P. */
void prover_run(struct prover *p);

#endif
