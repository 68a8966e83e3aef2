/* cachemodel: what the hardware is, found by measuring.
 *
 * A model is what an analysis may know of a platform's caches and latencies. Inference measures a board through a guest that sees
 * nothing but a cycle counter (tracer's guest_run); it never opens the platform file. What does not fit is unknown, never a guess,
 * and every model has survived a falsification run: random accesses, predicted first and measured then.
 *
 * Units: cycles, bytes. MODEL_UNKNOWN stands wherever measurement did not make it certain. Evidence is text for people. */
#ifndef POTOROO_CACHEMODEL_H
#define POTOROO_CACHEMODEL_H

#include "base/base.h"

#define MODEL_UNKNOWN (-1)

enum model_policy { MODEL_LRU, MODEL_FIFO, MODEL_PLRU, MODEL_NRU, MODEL_MRU, MODEL_SRRIP, MODEL_RANDOM, MODEL_PERMUTATION, MODEL_POLICIES };
enum model_class {
    MODEL_ALU, MODEL_MUL, MODEL_DIV, MODEL_FP, MODEL_LOAD, MODEL_STORE, MODEL_BRANCH, MODEL_BRANCH_TAKEN, MODEL_JUMP, MODEL_CSR,
    MODEL_FENCE, MODEL_TRAP, MODEL_RETURN, MODEL_DEVICE_ACCESS, MODEL_CLASSES
};

struct model_cache {
    char name[8];            /* L1I, L1D, L2 (unified) */
    int64_t line, sets, ways;
    unsigned policies;       /* bit set of enum model_policy: all of them behave the same at these ways; 0 = unknown */
    /* Of policy MODEL_PERMUTATION alone (else NULL): ways x ways. Lines have positions 0 (filled last) to ways - 1 (next to go); a miss
     * moves each one further; a hit at position p moves the line at position i to table[p * ways + i]. Owned by the model. */
    uint8_t *table;
    int64_t miss;            /* what a miss at this level adds; a miss at every level adds all of them */
    int64_t cold;            /* of a first-level cache: what a miss at every level adds (0 for L2); known even where miss is not */
    bool stores;             /* whether stores reach it; the next three mean nothing where not */
    int64_t write_back;      /* 1 write-back, 0 write-through */
    int64_t allocate;        /* 1: a store that misses fills the line */
    int64_t evict_dirty;     /* what the eviction of a dirty line adds */
    VEC(char *) evidence;
};

struct model_tlb {
    char name[8];            /* ITLB, DTLB: fully associative */
    int64_t entries, page, miss;
    unsigned policies;
    VEC(char *) evidence;
};

/* Evidence for people: a range of BYTES, gone through line by line, once and then again: that second time it cost CYCLES in all over the
 * least time of such an access, in ACCESSES. */
struct model_footprint {
    uint64_t bytes, accesses, cycles;
};
enum { MODEL_LOADS, MODEL_FETCHES, MODEL_SWEEPS };

struct model {
    char *platform;          /* its name */
    char digest[33];         /* of its file, hex: which board this was inferred on */
    bool estimate;           /* of a noisy platform: no ground for a sound bound */
    uint64_t clock;          /* Hz, as the board's user says; 0 = not known */
    int64_t counter_overhead; /* of one latch and read, from cached code */
    int64_t jitter;          /* a latch is late by 0 to this many cycles */
    VEC(struct model_cache) caches;  /* those that are there, or may be */
    VEC(struct model_tlb) tlbs;
    VEC(char *) absent;      /* names of caches and TLBs that are certainly not there */
    int64_t latency[MODEL_CLASSES];  /* as in the platform file: branch_taken adds to branch, trap to the instruction's own class */
    VEC(char *) unknown;     /* what could not be made certain, and why, one line each */
    uint64_t falsify_accesses, falsify_mismatches;
    VEC(struct model_footprint) footprints[MODEL_SWEEPS]; /* by growing size; empty: not measured */
};

/* Measures the board of PLATFORM (an INI file that only the runner opens), or this x86-64 machine if PLATFORM is "host": its L1D
 * alone, as an estimate. NULL on failure; the caller frees with model_free. */
struct model *model_infer(const char *platform, struct err *e);
void model_free(struct model *m); /* m may be NULL */

json_t *model_json(const struct model *m);                       /* the caller owns it */
struct model *model_load(const char *path, struct err *e);       /* NULL on failure */
void model_print(const struct model *m, FILE *out);

const char *model_policy_name(enum model_policy p);
const char *model_class_name(enum model_class c);
/* Borrowed; NULL if the model has no such cache. */
const struct model_cache *model_find(const struct model *m, const char *name);

/* ---- what of a graph's accesses can miss ------------------------------------------------------------------------------------------
 *
 * A graph whose nodes hold accesses in order, entered at `start` with anything in the cache. For each access: on which paths can it miss?
 *
 * Must and persistence go by younger sets (Huynh, Ju, Roychoudhury, "Scope-aware data cache analysis for WCET estimation", RTAS 2011; the
 * families of sets of Touzeau, Maiza, Monniaux, Reineke, "Ascertaining uncertainty for efficient exact cache analysis", CAV 2017): for one line at a time,
 * which others were touched since, on any path. LRU keeps a line while fewer than `ways` others of its set were. Families of sets
 * are kept apart up to a limit, then united: exact for LRU below the limit, sound beyond it. First-miss is the same question asked
 * inside a scope, of paths that have touched the line in it already: so what a scope loses between two of its own touches is seen
 * (the flaw of the first persistence analyses; Cullmann, "Cache persistence analysis", LCTES 2011).
 * Other policies hit wherever LRU of fewer ways does (Reineke, Grund, "Relative competitiveness of cache replacement policies", 2008).
 *
 * An address is a number, or a symbol's value plus a number. A symbol is a value that nobody knows; all that is used is that it stays the
 * same until it is defined again. Symbols may be equal, or alias numbers. Where lines begin relative to a symbol is one of as many cases
 * as it has offsets; the answer is given for each case (a bit each), and the caller takes the worst.
 * Addresses are physical or differ from them by a constant; accesses through symbols lie within one line. */
struct cache_event {
    enum { CACHE_ACCESS, CACHE_DEFINE, CACHE_FLUSH, CACHE_ANYTHING } kind; /* DEFINE: `symbol` has a new value from here; FLUSH: everything goes; ANYTHING:
                            * what is in it from here is not known, as code ran that the graph does not have */
    bool store;
    bool known;            /* the address is one of symbol + lo … symbol + hi; else it is anything */
    uint32_t symbol;       /* 0: none */
    uint64_t lo, hi;       /* of the first byte */
    uint32_t bytes;
};
struct cache_edge {
    uint32_t from, to;
};
struct cache_scope {       /* a part of the graph that is entered again and again: a loop with all that it calls; not with `start` in it */
    VEC(uint32_t) nodes;
};
struct cache_graph {
    uint32_t nodes, start;
    VEC(struct cache_edge) edges;
    VEC(struct cache_event) events;
    VEC(uint32_t) first;   /* of each node, its first event; one element more than nodes */
    VEC(struct cache_scope) scopes; /* outer before inner */
};
struct cache_shape {
    uint64_t line, sets;
    uint32_t ways;         /* a touched line is there while fewer than this many others of its set have been touched since; 0: nothing is known */
    uint32_t fifo;         /* if not 0: in a scope that touches at most this many lines of a set, each misses once at most */
    uint32_t leaves;       /* if not 0: once this many others have been touched since, it is gone */
    bool allocate;         /* a store that misses brings the line */
};
enum { CACHE_CASES = 64, CACHE_NO_SCOPE = UINT32_MAX };
struct cache_verdict {
    uint64_t miss;         /* bit c: can miss in case c of where lines begin; without a symbol, bit 0 */
    bool always;           /* cannot hit */
    uint32_t scope;        /* if not CACHE_NO_SCOPE: of all entries' misses, one at most for each line and entry to this scope */
};
/* VERDICT: one an event, those of accesses are set. */
void cache_analyse(const struct cache_graph *g, const struct cache_shape *s, struct cache_verdict *verdict);
/* How many cases there are for a symbol: those of its exact accesses' offsets, in order of the events. 0: too many to tell apart; every bit stands for all. */
uint32_t cache_cases(const struct cache_graph *g, uint32_t symbol, uint64_t line, uint64_t base[CACHE_CASES]);
void cache_graph_free(struct cache_graph *g);

/* What the model says of a cache (or TLB, as a cache of one set of pages), as far as an analysis can use it. False: its line is not known; every access may miss. */
bool model_shape(const struct model_cache *c, struct cache_shape *s);
bool model_tlb_shape(const struct model_tlb *t, struct cache_shape *s);

#endif
