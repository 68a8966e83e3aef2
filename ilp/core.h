/* What presolve left, as the search sees it: columns, and facts about them. A fact is a row that holds for every integer solution: one of
 * the reduced program, an upper bound that presolve found, or one derived from earlier facts, with its proof by those. Only what the
 * final proof leans on is carried back to the source, once, as lemmas. */
#ifndef POTOROO_ILP_CORE_H
#define POTOROO_ILP_CORE_H

#include "ilp/presolve.h"

enum { NO_FACT = UINT32_MAX };
enum fact_origin { FACT_ROW, FACT_UPPER, FACT_DERIVED };

/* terms ≤ rhs (or =), over columns of the core. */
struct fact {
    struct terms terms; /* sorted */
    mpq_t rhs;
    double *a, unit;      /* the coefficients; the power of two, 1 or less, in which long ones are looked at in doubles */
    bool equality;
    bool alive;           /* a row of the linear programs; a bound is not */
    enum fact_origin origin;
    uint32_t from;        /* FACT_ROW: row of the presolve; FACT_UPPER: its column */
    struct proof derived; /* FACT_DERIVED: a tree for the objective `terms`; y by fact, forms by column of the core */
};
struct core_column {
    struct indices rows;  /* alive facts that contain it */
    mpq_t cost, upper, low; /* low ≥ 0; integers but for the upper bound of a continuous column */
    bool bounded, real;
    uint32_t upper_fact, low_fact; /* that say so; NO_FACT */
    uint32_t outer;       /* its column in presolve */
};
struct core {
    const struct presolve *outer;
    struct core_column *column;
    struct fact *row;     /* a VEC */
    size_t columns, rows, row_cap;
    mpq_t constant;
};

struct core *core_new(const struct presolve *s);
void core_free(struct core *c);
/* TERMS ≤ RHS with its proof; both become the fact's. Returns the fact's index; not yet alive. */
uint32_t core_derive(struct core *c, struct terms terms, const mpq_t rhs, struct proof proof);
void core_revive(struct core *c, uint32_t fact);
/* The fact ±x_column ≤ rhs becomes the column's bound if it is the tighter one. */
void core_bound(struct core *c, uint32_t column, uint32_t fact);

/* PROOF, a tree for the core's objective (y by fact), as one for the source. */
void core_lift(const struct core *c, const struct proof *proof, struct proof *to);

#endif
