/* Exact presolve: the same maximum, fewer variables and rows, and the way back for duals and solutions. */
#ifndef POTOROO_ILP_PRESOLVE_H
#define POTOROO_ILP_PRESOLVE_H

#include "ilp/program.h"

/* The reduced program: maximise constant + cᵀx, rows ≤ or =, 0 ≤ x ≤ upper (rational). Columns and rows carry the index that they
 * had before; eliminated ones are not alive. */
struct column {
    struct indices rows;   /* rows that contain it, or once did, perhaps twice */
    uint32_t count;        /* alive rows that contain it */
    mpq_t cost, upper;
    bool bounded, alive, real;
    struct indices merged; /* itself and the variables that it stands for the sum of */
};
struct reduced_row {
    struct terms terms; /* sorted */
    mpq_t rhs;
    bool equality, alive;
};
struct presolve {
    struct column *column;
    struct reduced_row *row;
    size_t columns, rows;
    mpq_t constant;
    struct undo *undo; /* a VEC */
    size_t undos, undo_cap;
    struct indices dirty_rows;
    bool *row_is_dirty;
    const struct ilp *source;
    uint32_t at_row;
    size_t row_cap;
};

struct presolve *presolve_new(const struct ilp *p);
void presolve_free(struct presolve *s);
/* A further row Σ terms ≤ rhs over alive columns; TERMS are sorted and become the row's. Its index is the next one. */
uint32_t presolve_add_row(struct presolve *s, struct terms terms, const mpq_t rhs);
/* Y has a value for each alive row (≥ 0 for ≤), BRANCH for each column the net dual of the splits on it (0 if eliminated); COST is the
 * objective, one a column (0 if eliminated), NULL: the source's. Fills in Y for the rows that were eliminated and turns signs back
 * to the source's. Overwrites BRANCH. */
void presolve_duals(const struct presolve *s, mpq_t *y, mpq_t *branch, const mpq_t *cost);
/* X has a value for each alive column; fills in the rest. -1 if one is not an integer or negative. */
int presolve_solution(const struct presolve *s, mpz_t *x);

#endif
