/* GLPK in a child process that can be killed. It only suggests: a basis, whose duals are then computed exactly elsewhere. */
#ifndef POTOROO_ILP_ENGINE_H
#define POTOROO_ILP_ENGINE_H

#include "ilp/core.h"

/* The linear program that the engine sees: the alive facts and the columns of a core. Elastic: costs 0 and every row may be
 * violated at a cost of 1 a unit (an equality both ways), which tells infeasible programs: the optimum is below 0. */
struct lp {
    const struct core *s;
    struct indices rows;    /* alive ones */
    const mpq_t *objective; /* instead of the program's, one a column; NULL: its own */
    bool elastic;
    size_t elastics;        /* columns behind the others: row by row, two for an equality */
};
struct lp *lp_new(const struct core *s, bool elastic);
void lp_free(struct lp *p);
/* The objective's coefficient of a column of the lp that is not elastic. */
mpq_srcptr lp_cost(const struct lp *p, uint32_t column);

/* A column's bounds at a node of the branch tree. */
struct bounds {
    uint32_t column;
    double low, high; /* high < 0: none */
};

struct suggestion {
    enum { LP_OPTIMAL, LP_INFEASIBLE, LP_UNBOUNDED, LP_FAILED } status;
    bool *row_basic;    /* one a row of the lp */
    bool *column_basic; /* one a column, elastic ones included */
    double *x;          /* one a column */
    int steps;          /* of the simplex method that it took */
    double *y;          /* duals, one a row of the lp */
};

struct engine; /* follows what is done to its lp by engine_add_row, and the lp's objective */
struct engine *engine_new(const struct lp *p, double deadline);
void engine_free(struct engine *e); /* kills the child */
/* The lp has a new row, the last one. */
void engine_add_row(struct engine *e);
/* The core has new bounds for the column. */
void engine_set_bounds(struct engine *e, uint32_t column);
/* The row of the last answer's tableau in which COLUMN is basic: its multipliers, one a row of the lp. -1: none to be had. */
int engine_multipliers(struct engine *e, uint32_t column, double *h);
/* Solve within those bounds. RATIONAL: go on in GLPK's rational arithmetic from the last basis. The answer lives until the next call.
 * LP_FAILED when every way was tried or the deadline passed. */
const struct suggestion *engine_solve(struct engine *e, const struct bounds *b, size_t n, bool rational);

#endif
