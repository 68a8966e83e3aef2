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
enum undo_kind { UNDO_SUBSTITUTE, UNDO_FLIP, UNDO_UPPER, UNDO_FORCE, UNDO_ZERO, UNDO_MERGE };
/* What was done, for the way back. */
struct undo {
    enum undo_kind kind;
    uint32_t row, column;
    mpq_t a, cost, rhs;
    struct terms entries; /* the column's, without `row` */
    struct terms others;  /* the row's, without `column` */
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
};

struct presolve *presolve_new(const struct ilp *p);
void presolve_free(struct presolve *s);
/* Y has a value for each alive row (≥ 0 for ≤), BRANCH for each column a price that is charged elsewhere (0 if eliminated): what is left
 * of the source's objective after it. Fills in Y for the rows that were eliminated and turns signs back to the source's. */
void presolve_duals(const struct presolve *s, mpq_t *y, const mpq_t *branch);
/* The same for other objectives, sparsely: the duals that prove what an alive row (ROW; UINT32_MAX: none, the bounds of the form's columns) says of FORM, by
 * alive column; of −FORM if NEGATE. Added to TO. */
struct presolve_path;
struct presolve_path *presolve_path_new(const struct presolve *s); /* borrows S */
void presolve_path_free(struct presolve_path *p);
void presolve_path_duals(struct presolve_path *p, uint32_t row, const struct terms *form, bool negate, struct terms *to);
/* X has a value for each alive column; fills in the rest. -1 if one is not an integer or negative. */
int presolve_solution(const struct presolve *s, mpz_t *x);

#endif
