/* costs_own: between the files of the costs. Nobody else's. */
#ifndef POTOROO_ANALYZER_COSTS_OWN_H
#define POTOROO_ANALYZER_COSTS_OWN_H

#include "analyzer/addresses.h"
#include "analyzer/costs.h"

enum { STORE_I, STORE_D, STORE_ITLB, STORE_DTLB, STORES }; /* what holds lines or pages */
enum { AMOUNTS = 16 };

/* What one miss can cost. */
struct penalty {
    uint64_t most;
    uint32_t n;                /* the amounts it can be, 0 (a hit) included; 0: not known one by one, anything up to `most` */
    uint64_t amount[AMOUNTS];
};
struct store_model {
    bool there;
    bool shaped;               /* else every access may miss */
    struct cache_shape shape;
    struct penalty penalty;
};
struct costs {
    const struct wcet *w;
    struct model *model;
    struct code_book *book;
    struct store_model store[STORES];
    char *unusable;            /* why the model cannot be used at all, NULL */
    bool buffer_uncached;      /* facts say that probes write to uncached memory */
};

/* What can be added to a node's time, besides what is certain. */
struct charge {
    uint8_t store;             /* STORE_…; STORES: no miss but `device` alone, or nothing */
    uint32_t event;            /* in that store's graph, NONE */
    uint64_t device;           /* or it is this much instead: a device's access */
};
/* A node's time, parted where its point's record is made: before belongs to the edges that end here, behind to those that begin. */
struct half {
    uint64_t fixed;
    uint32_t charge, charges;
};
struct node_cost {
    struct half half[2];
    uint64_t late;             /* jitter: up to this much at the end of `half[0]` */
};
struct row_model {             /* of one row at work */
    struct costs *c;
    struct row_graph *r;
    struct addresses addresses;
    struct cache_graph graph[STORES];
    struct cache_verdict *verdict[STORES];
    VEC(struct charge) charges;
    VEC(struct node_cost) nodes; /* by IPET node */
    bool *pending;             /* by IPET node: a flush of the pages may be pending on entry */
    VEC(uint64_t) entering;    /* by IPET edge: first-misses of the scopes that it enters */
    uint64_t hits, firsts, misses, always; /* accesses by what the analysis says */
    char *unusable;
};

/* ---- costs_model.c ---- */
void stores_of_model(struct costs *c);
/* The latency of an instruction. MODEL_UNKNOWN: not known, *why says so (the caller frees it). */
int64_t latency_of(const struct costs *c, const struct insn *i, char **why);
/* ---- costs_graph.c ---- */
void row_model_build(struct row_model *m);   /* events, charges, verdicts; or m->unusable */
void row_model_free(struct row_model *m);
/* ---- costs_scopes.c ---- */
void row_model_scopes(struct row_model *m, struct cache_graph *g);
void row_model_entering(struct row_model *m);

#endif
