/* The state that cutting and branching share. */
#ifndef POTOROO_ILP_SEARCH_H
#define POTOROO_ILP_SEARCH_H

#include "ilp/basis.h"

enum node_state { NODE_OPEN, NODE_SPLIT, NODE_LEAF, NODE_EMPTY };
struct node {
    enum node_state state;
    int parent;        /* -1: the root */
    bool above;        /* this one is column ≥ at + 1 of its parent's split */
    uint32_t column;   /* of its own split: column ≤ at or ≥ at + 1 */
    mpz_t at;
    int child[2];
    int duals;         /* the node whose y holds here: itself or an ancestor; -1: none */
    int users;         /* nodes that name this one in duals */
    struct terms y;    /* by row of the reduced program */
    bool bounded;      /* bound holds, of its own duals or an ancestor's */
    mpq_t bound;       /* in the source's objective */
};
struct search {
    const struct ilp *source;
    struct presolve *s;
    struct lp *lp, *elastic_lp;
    struct engine *engine, *elastic;
    double deadline;
    struct {
        struct node *data;
        size_t len, cap;
    } nodes;
    struct proof lemmas; /* exported already */
    mpq_t *y;          /* scratch, one a row of the reduced program */
    mpz_t *x;          /* scratch, one a variable */
    struct ilp_result *r;
};

/* Y (by row of the reduced program) and BRANCH (net duals of splits, by column) carried back to the source and added to TO. COST as in
 * presolve_duals. Overwrites both. */
void search_export(struct search *t, mpq_t *y, mpq_t *branch, const mpq_t *cost, struct terms *to);
/* A times the sum of the variables of the source that a column of the lp stands for, added to FORM. */
void search_form(const struct search *t, uint32_t column, const mpq_t a, struct terms *form);
/* GLPK's answer within BOX. */
const struct suggestion *search_ask(const struct search *t, struct engine *e, const struct box *box, size_t n, bool rational);
void search_grow(struct search *t); /* a row was added: scratch follows */

/* Rows that cut off the root's fractional point, until UNTIL (seconds_now) or nothing more comes of it. */
void cut_root(struct search *t, double until);

#endif
