/* What a basis says, exactly. */
#ifndef POTOROO_ILP_BASIS_H
#define POTOROO_ILP_BASIS_H

#include "ilp/engine.h"

/* A node's bounds on the columns of an lp, exactly; bounded false: no upper one but the column's own. */
struct box {
    uint32_t column;
    mpz_t low, high;
    bool bounded;
};

/* The basis's dual values, one a fact (0 for rows with a basic slack, and clamped to ≥ 0 for ≤). -1: singular or late. */
int basis_duals(const struct lp *p, const struct suggestion *g, mpq_t *y, double deadline);
/* Near to the float solver's duals, as simple fractions (then often exactly what was meant) or in binary; what they prove is to be seen. */
void rounded_duals(const struct lp *p, const struct suggestion *g, bool simple, mpq_t *y);
/* The nearest fraction with a small denominator. */
void simple_fraction(double v, mpq_t q);
/* The same without clamping: the multipliers of a row of the tableau, where the objective is one basic column. */
int basis_multipliers(const struct lp *p, const struct suggestion *g, mpq_t *y, double deadline);
/* The bound that duals Y (≥ 0 for ≤) give within BOX, in the lp's own objective (without the constant). False: none, for column
 * *WHICH has a price and no upper bound. With BRANCH (one a column, all 0 before)
 * what is leant on is charged: to BRANCH the net duals of the splits, to Y those of the core's bounds. */
bool duals_bound(const struct lp *p, mpq_t *y, const struct box *box, size_t n, mpq_t bound, mpq_t *branch, uint32_t *which);
/* The point of the basis, one value a column, rounded to the nearest integers; -1: singular or late. */
int basis_point(const struct lp *p, const struct suggestion *g, const struct box *box, size_t n, mpz_t *x, double deadline);

#endif
