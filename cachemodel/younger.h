/* younger: the fate of one line on all paths of a graph, by sets of the lines touched since. Private to cachemodel. */
#ifndef POTOROO_CACHEMODEL_YOUNGER_H
#define POTOROO_CACHEMODEL_YOUNGER_H

#include "cachemodel/cachemodel.h"

/* What an event means for the line in question. */
enum relation {
    RELATION_NONE,     /* certainly of another set */
    RELATION_SELF,     /* this very line */
    RELATION_OTHER,    /* another line that may be of its set, or is: `other` */
    RELATION_EXTRA,    /* some line: a new one each time */
    RELATION_KILL,     /* the line has another meaning from here, or has gone */
    RELATION_ANYTHING, /* the line may have been touched or be gone: what happened is not known */
    RELATION_RENAME    /* the others that `others` names mean something else from here: those of before are counted, not named */
};
struct role {
    uint8_t relation;
    bool store;
    bool certain;          /* OTHER: of the same set for certain, and never the line itself */
    bool apart;            /* EXTRA: not the line itself */
    uint8_t other;
    uint64_t others;
};
enum { OTHERS = 64, FAMILY = 32 };
struct touched {           /* a set of other lines, and how many unnamed ones */
    uint64_t named;
    uint32_t extra;
};
/* The sets touched since the line was, one a kind of path. Must: the largest; may: the smallest. */
struct family {
    bool reached, top;     /* top: on some path it may be gone, or never was there */
    uint32_t n;
    struct touched set[FAMILY];
};
/* How many of a set can be of one cache set: others have weights; those with a class add up only within it, the largest class counts. */
struct weights {
    uint32_t n;
    uint8_t weight[OTHERS];
    bool classed[OTHERS];
    uint64_t of[OTHERS];   /* class */
};
struct plan {              /* the graph in the order of a sweep */
    uint32_t nodes;
    const uint32_t *order, *number;        /* reverse postorder; its inverse, NONE where not reached */
    const uint32_t *pred, *first_pred;     /* predecessors of order[i]: pred[first_pred[i] …] */
    const uint32_t *first;                 /* node → its events */
    uint32_t start;
};
struct question {
    const struct plan *plan;
    const struct role *role;   /* by event */
    const struct weights *weights;
    uint32_t ways;             /* must: kept while fewer; may: gone at */
    bool allocate;
    bool may;                  /* the dual: can it be there? */
    const bool *inside;        /* of a scope, NULL: the whole graph */
    struct family *out;        /* room for one a node */
};
/* Ends with q->out at the least fixed point. Then younger_at gives the family before each event. */
void younger_solve(const struct question *q);
/* The family on entry to NODE. */
void younger_in(const struct question *q, uint32_t node, struct family *f);
uint32_t younger_weight(const struct weights *w, const struct touched *t);
void younger_step(const struct question *q, const struct role *r, struct family *f);

#endif
