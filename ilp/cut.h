/* What the kinds of cuts share. A cut is a fact of the core, ∑ form ≤ rhs in integers, that the root's fractional point breaks; with its proof. */
#ifndef POTOROO_ILP_CUT_H
#define POTOROO_ILP_CUT_H

#include "ilp/search.h"

enum { NO_COLUMN = UINT32_MAX };
enum cut_kind { CUT_ROUNDING, CUT_MIXED, CUT_BOUND, CUT_STEEP, CUT_FLAT, CUT_KINDS };

struct cutter {
    struct search *t;
    double until;
    struct engine *probe; /* for other objectives, so that the root's basis stays */
    mpq_t *cost;     /* one a column, 0 but while in use */
    double *x;       /* the root's optimum */
    bool *basic;     /* … and which columns are basic in it */
    struct map seen; /* this round's cuts, by hash */
    unsigned made, guesses; /* cuts; linear programs of other objectives in this round */
};

/* FORM is the objective of c->t->lp while ON. */
void cut_objective(struct cutter *c, const struct terms *form, bool on);
/* How far the root's point is beyond FORM ≤ RHS, relative to the form's size. */
double cut_violation(const struct cutter *c, const struct terms *form, const mpq_t rhs);
/* A leaf for FORM in BOX (column NO_COLUMN: none) by the duals in t->y, at the end of PROOF; HIGHEST becomes the greater of it and the leaf's bound. t->y is 0 then. */
bool cut_leaf(struct cutter *c, struct proof *proof, const struct terms *form, const struct box *box, mpq_t highest, bool first);
/* FORM ≤ RHS becomes a row, or a bound, if it cuts the root's point off. Consumes FORM and PROOF, by which it holds. */
bool cut_keep(struct cutter *c, struct terms *form, const mpq_t rhs, struct proof *proof);
/* FORM ≤ ⌊what the duals in t->y prove⌋, if the root's point is beyond it. Consumes FORM. */
bool cut_round_down(struct cutter *c, struct terms *form);
bool cut_is_tight(const struct cutter *c, const struct fact *r);

bool cut_is_fractional(const struct cutter *c, uint32_t j);

/* From the rows of the tableau; MIXED: mixed-integer cuts of the deepest that are unlike, else roundings of all. */
void cut_tableau(struct cutter *c, bool mixed);
/* From the multipliers in t->y of facts, rows and bounds. */
bool cut_gomory(struct cutter *c, bool mixed);
/* With SCALE the row is one of integers; false: there is a continuous column, or the numbers are so large that a unit of slack means nothing. */
bool cut_row_is_whole(const struct core *s, const struct fact *r, mpq_t scale);
/* Splits on column j and the tight rows that have it. STEEP: only those where the coefficient is not ±1. */
void cut_split_rows(struct cutter *c, uint32_t j, bool steep);
/* x_j ≤ ⌊max x_j⌋ */
bool cut_bound(struct cutter *c, uint32_t j);

#endif
