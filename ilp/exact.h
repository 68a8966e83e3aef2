/* Exact sparse linear equations over the rationals. */
#ifndef POTOROO_ILP_EXACT_H
#define POTOROO_ILP_EXACT_H

#include "ilp/program.h"

/* Solve Σ_k equation[i].a_k · y[index_k] = rhs[i] for n equations in n unknowns. Consumes the terms of EQUATIONS (each is empty
 * afterwards) and RHS's values. 0, or -1 if singular or not done by DEADLINE (seconds_now). */
int exact_solve(struct terms *equations, mpq_t *rhs, size_t n, mpq_t *y, double deadline);

/* into += factor · from, both sorted by index; the result is sorted without zeros. For each index that becomes present or absent
 * by this, changed(user, index, +1 or −1) is called if not NULL. */
void terms_combine(struct terms *into, const struct terms *from, const mpq_t factor, void (*changed)(void *, uint32_t, int), void *user);
struct term *terms_find(const struct terms *t, uint32_t index); /* in sorted terms; NULL: not there */

#endif
