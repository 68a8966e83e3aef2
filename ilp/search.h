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
    struct terms y;    /* by fact */
    bool bounded;      /* bound holds, of its own duals or an ancestor's */
    mpq_t bound;       /* in the source's objective */
};
enum { MOST_WORK = 120 * 1000 * 1000 };
struct search {
    const struct ilp *source;
    struct core *s;
    struct lp *lp, *elastic_lp;
    struct engine *engine, *elastic;
    double deadline;
    uint64_t work;     /* steps of the simplex method, times rows and columns, and about as much for other things: what ends the search, so that it
                          ends the same each time */
    struct {
        struct node *data;
        size_t len, cap;
    } nodes;
    mpq_t *y;          /* scratch, one a fact */
    size_t y_len;      /* room in y */
    mpz_t *x;          /* scratch, one a column */
    mpz_t *whole;      /* scratch, one a variable of the source */
    struct ilp_result *r;
};

/* What is in t->y, added to TO; t->y is 0 then. */
void search_collect(struct search *t, struct terms *to);
void search_clear(struct search *t); /* t->y becomes 0 */
void search_grow(struct search *t);  /* facts were added: scratch follows */
/* GLPK's answer within BOX. */
const struct suggestion *search_ask(struct search *t, struct engine *e, const struct box *box, size_t n, bool rational);

/* Bounds of the columns by propagation. The engines are not told. */
void search_tighten(struct search *t);
/* Rows that cut off the root's fractional point, until UNTIL (seconds_now) or nothing more comes of it. Roundings keep numbers small; mixed-integer
 * cuts are deeper; ALL: also those that take linear programs of their own. */
enum cut_effort { EFFORT_ROUNDING, EFFORT_MIXED, EFFORT_ALL };
void cut_root(struct search *t, enum cut_effort effort, double until);

#endif
