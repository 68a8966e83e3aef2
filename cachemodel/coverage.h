/* coverage: which cache-miss counts can a piece of code have, over every register, memory and cache state that it may start in?
 *
 * A question is a list of accesses (fetches at known addresses, loads and stores at terms) with the path's conditions and the assumptions
 * asserted in a solver's script (cfg/smt.h). It is turned into bit vectors by the distinct-conflict window of docs/COVERAGE.md, and answered by
 * tightening: is there a state with a higher count, with a lower one, with one in a hole? What the solver denies is proved; what it
 * finds is a case: a state, put down as values, whose count a simulation (cachemodel/sim.h) must reproduce before anybody is told of it.
 * After Schaefer, Scholz, Petters, Heiser: Towards a functional approach to measurement coverage (2006); the replacement policies as in
 * Mattson et al.'s stack algorithm (1970).
 *
 * Counts: misses of first-level caches, of the accesses that are `counted`. Addresses are virtual; the physical one must be the virtual one
 * minus a constant that is a multiple of every cache's sets x line (cover_new is told how the caller knows). */
#ifndef POTOROO_COVERAGE_H
#define POTOROO_COVERAGE_H

#include "cachemodel/cachemodel.h"
#include "cfg/smt.h"

struct cover_access {
    bool fetch, store;
    bool counted;       /* false: before or behind the part that is timed: it shapes the caches, but its misses are not counted */
    uint32_t size;      /* bytes, of a load or store */
    uint64_t addr;      /* fetch: any address in the line */
    ir_ref at;          /* load or store: 64-bit term, its first byte */
    int cached;         /* load or store: 1 sure to be cached, 0 sure to bypass the caches */
};

struct cover_question {
    const struct model *model;
    const struct ir *ir;                 /* the terms'; borrowed */
    struct smt *smt;                     /* borrowed; at cover_free it is as it was */
    const struct cover_access *access;
    size_t accesses;
    bool aligned;                        /* assumed: no load or store straddles two lines */
    struct smt_limits limits;            /* of one question */
};

enum { COVER_MOST_LOOKUPS = 60, COVER_MOST_FULL = 14 }; /* the latter where lines can push each other out: beyond, nothing is proved */

/* What an access does to a cache in a case: an access that may straddle lines is two look-ups. */
struct cover_lookup {
    size_t access;
    bool fetch, store, counted;
    bool present;       /* the second of an access that does not straddle: not */
    bool hit;
    uint64_t line;      /* virtual address of the line's first byte */
    uint64_t set;
    uint64_t age;       /* position of the line in its set before the first access, 0 youngest; ways or more: not there */
};
/* A state, by what matters of it. */
struct cover_case {
    unsigned count;
    VEC(struct cover_lookup) lookups;
    VEC(uint64_t) values;                /* of what the caller had asked (smt_ask) before cover_new, in that order */
};
void cover_case_free(struct cover_case *c);

enum cover_state { COVER_UNASKED, COVER_FEASIBLE, COVER_INFEASIBLE, COVER_UNKNOWN };
struct cover_range {
    unsigned limit;                      /* no count can be above: that many look-ups are counted */
    VEC(enum cover_state) state;         /* of the counts 0 to limit */
    VEC(struct cover_case) cases;        /* found on the way, each of another count, sorted by it */
    unsigned lo, hi;                     /* proved, if `closed`: no count outside */
    bool closed;
    const char *why;                     /* not closed: why, a literal */
};
void cover_range_free(struct cover_range *r);

struct cover;
/* NULL and ERR_INCOMPLETE with the reason in words if the model does not say enough, or its caches are not ones that can be encoded (LRU and
 * FIFO, and what equals them at its ways; one level; no TLB), or there are more look-ups than COVER_MOST_LOOKUPS. */
struct cover *cover_new(const struct cover_question *q, struct err *e);
/* Assumed from now on: states with more misses than MOST are not reached. They are not looked for. */
void cover_limit(struct cover *c, unsigned most);
void cover_free(struct cover *c);
/* *range: owned by the caller. SEEN: counts that were observed, 0 to SEENS - 1 (so known to be feasible: they are not asked). EXACT: every count
 * is decided; else the search ends with the first count that was not seen, and lo and hi only enclose the range. PROOF: NULL, or a path
 * prefix: each question that was denied is kept as PROOF + ".hi.smt2", ".lo.smt2", ".N.smt2". ERR_INPUT: the solver failed; a case that the
 * simulation does not confirm. */
int cover_solve(struct cover *c, const bool *seen, size_t seens, bool exact, const char *proof, struct cover_range *range, struct err *e);
/* One question: is there a case with a count from LO to HI? 1: *found is one; 0: no; -1: unknown or an error (e->kind ERR_INCOMPLETE: unknown). */
int cover_ask(struct cover *c, unsigned lo, unsigned hi, const char *proof, struct cover_case *found, struct err *e);

/* The accesses that bring the caches into a case's state. */
struct cover_touch {
    bool fetch;
    uint64_t line;      /* as cover_lookup's; of another line of the set, where only its being there matters: filler below */
    bool filler;
    uint64_t set, number; /* of a filler: the number-th line of the set that the case does not know */
};
typedef VEC(struct cover_touch) cover_touch_list;
/* Oldest first. Each set that the case looks into is first filled with fillers, so that nothing from before is left in it. */
void cover_prepare(const struct model *m, const struct cover_case *c, cover_touch_list *out);
struct cover_outcome {
    bool hit, dirty;    /* dirty: a dirty line had to go */
};
/* OUTCOME: one a look-up. From power-on, prepared as cover_prepare says, with the other lines' contents clean. */
void cover_simulate(const struct model *m, const struct cover_case *c, struct cover_outcome *outcome);

#endif
