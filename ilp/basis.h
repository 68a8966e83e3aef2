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

/* The basis's dual values, one a row of the reduced program (0 for rows with a basic slack, and clamped to ≥ 0 for ≤). -1: singular or late. */
int basis_duals(const struct lp *p, const struct suggestion *g, mpq_t *y, double deadline);
/* The same without clamping: the multipliers of a row of the tableau, where the objective is one basic column. */
int basis_multipliers(const struct lp *p, const struct suggestion *g, mpq_t *y, double deadline);
/* The bound that duals Y (≥ 0 for ≤) give within BOX, in the lp's own objective (without the constant). False: none, for column
 * *WHICH has a price and no upper bound. BRANCH, if not NULL (one a column of the reduced program, all 0 before), gets the net duals of the splits. */
bool duals_bound(const struct lp *p, const mpq_t *y, const struct box *box, size_t n, mpq_t bound, mpq_t *branch, uint32_t *which);
/* The point of the basis, one value a column of the reduced program, rounded to the nearest integers; -1: singular or late. */
int basis_point(const struct lp *p, const struct suggestion *g, const struct box *box, size_t n, mpz_t *x, double deadline);

#endif
