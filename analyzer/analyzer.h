/* analyzer: from traces and a CFG to execution-time profiles and the WCET of each kernel entry.
 *
 *   walk      the virtually inlined graph of what can happen after a start block: contexts (call strings), nodes, edges
 *   profile   what traces showed: a histogram an IPG edge and context, distinct paths, loop iterations; mergeable
 *   replay    trace × walk → profile; a step that the CFG does not have is an error
 *   analysis  potoroo.ini
 *   wcet      costs from a profile, one IPET a kernel entry, cross-checks, the result (JSON, table)
 *   verify    further traces against a result: no entry above its bound
 *
 * Times are cycles, addresses virtual. */
#ifndef POTOROO_ANALYZER_H
#define POTOROO_ANALYZER_H

#include "base/base.h"
#include "cfg/cfg.h"
#include "ilp/ilp.h"
#include "tracer/tracer.h"

/* ---- walk: the expanded graph -------------------------------------------------------------------------------------- */

/* A context is a call string: how control came to this activation. Root contexts have parent NONE. */
struct context {
    uint32_t parent, site, function; /* site: the calling block */
    bool tail;                       /* entered by a tail call: returns to where its parent would */
    uint32_t depth;                  /* activations of `function` on the string, this one included */
};
/* Where control is: a block in a context, and the node of the instrumentation point passed last (itself if it is one; NONE: none yet).
 * With a point in every block this is the CFG, inlined; with sparse points a block stands once for each point that it may follow. */
struct walk_node {
    uint32_t context, block, last;
    uint32_t edge, edges; /* outgoing edges are contiguous, valid once expanded */
    bool expanded;
};
struct walk_edge {
    uint32_t from, to;
    uint32_t within; /* the block that precedes `to` in its own function (the call site for a return), NONE for a call */
    uint32_t ipg;    /* if `to` is at a point: index of the IPG edge that ends here, else NONE */
};
/* An edge of the instrumentation-point graph, in context: from the node of one point to that of the next. */
struct ipg_edge {
    uint32_t from, to;
};
struct walk {
    const struct cfg *cfg;
    VEC(struct context) contexts;
    VEC(struct walk_node) nodes;
    VEC(struct walk_edge) edges;
    VEC(struct ipg_edge) ipg;
    struct map context_index, node_index, ipg_index;
    bool *dead; /* by function: cfg_dead_ends. There are no edges into these */
};

struct walk *walk_new(const struct cfg *g);
/* Before anything is expanded: executions are also taken to end at these N blocks. */
void walk_keep(struct walk *w, const uint64_t *addr, size_t n);
void walk_free(struct walk *w);
uint32_t walk_start(struct walk *w, uint32_t block);
/* Make the node's outgoing edges. Idempotent. Blocks that a fact says are never executed get no edges to them.
 * ERR_INCOMPLETE: its successors are not all known, or recursion without a fact, or the graph outgrew WALK_LIMIT nodes. */
enum { WALK_LIMIT = 4 * 1000 * 1000 };
int walk_expand(struct walk *w, uint32_t node, struct err *e);
bool walk_at_point(const struct walk *w, uint32_t node);
/* Control leaves the kernel, the start block's function, or by a `switch` fact the thread, here. */
bool walk_ends(const struct walk *w, uint32_t node);
/* "trap_vector/handle_trap+0x40>sys_send": a canonical name, the same in every run. The caller frees it. */
char *walk_context_name(const struct walk *w, uint32_t context);

/* ---- execution-time profiles --------------------------------------------------------------------------------------- */

struct bin {
    uint64_t cycles, count;
};
/* Sorted by cycles, counts above 0. The first and the last time are exact; with GRAIN above 0 those between are rounded up to multiples of 2^GRAIN, or
 * to the last one: see bins.c. Most have one bin, and there are very many of them: that one is in the list itself. All-zero is empty. */
typedef struct {
    union {
        struct bin one;       /* room 0 */
        struct bin *many;     /* else: 1 << room of them */
    };
    uint32_t len;
    uint8_t room, grain;
} bin_list;
static inline struct bin *bins_of(const bin_list *bins) { return bins->room ? bins->many : (struct bin *)(uintptr_t)&bins->one; }
static inline uint64_t bins_least(const bin_list *bins) { return bins_of(bins)[0].cycles; } /* of none that is empty */
static inline uint64_t bins_most(const bin_list *bins) { return bins_of(bins)[bins->len - 1].cycles; }
struct sighting {             /* where an extreme was seen: so it can be found again */
    uint32_t trace;           /* index into traces */
    uint64_t position;        /* record index */
};
struct profile_trace {
    char digest[17];          /* XXH3 of the trace file */
    uint64_t records, entries;
    uint64_t boot;            /* records before the first kernel entry (trace port: outside of any) */
    uint64_t lost, cut;       /* records lost; entries dropped because of loss or the end of the trace, or of which a switch of threads cut the end off */
    uint64_t interrupted;     /* entries that went on behind a trap: they are in no path, their steps are units */
};
/* A unit: an IPG edge in a context, the first iteration and the later ones of the (outermost three) loops around `from` apart: bit n of
 * `turn` is set in the later iterations of the nth loop from outside, callers' loops included. */
struct profile_edge {
    uint32_t context;         /* of `from` */
    uint32_t turn;
    uint64_t from, to;        /* points */
    bin_list bins;            /* all its executions, those of entries that were cut included */
    uint64_t count;
    struct sighting min_at, max_at;
};
struct path_edge {
    uint32_t edge;            /* index into edges */
    uint64_t count;           /* how often the longest of the path's entries passed it */
    bin_list bins;            /* its executions on this path: what it takes may hang on the way that led to it and goes on */
};
/* Kernel entries that passed the same set of units, after traps of the same cause. */
#define NO_CAUSE UINT64_MAX   /* only the trace port tells causes */
struct profile_path {
    VEC(struct path_edge) edges; /* sorted by edge; the first point is edges' only one that nothing leads to */
    uint64_t start, end;      /* points */
    uint64_t cause;           /* as in mcause */
    uint64_t count, min, max;
    bin_list bins;            /* of the whole entries: count of them, from min to max */
    struct sighting min_at, max_at;
};
struct profile_loop {
    uint64_t header, max;     /* most executions of the header for one entry to the loop */
    struct sighting max_at;
};
/* A unit run from a state that coverage found and the workload did not show (coverage.h). It tells what is possible, never how often, and not in
 * which context: no histogram holds it, so no exceedance does; the most measured of a step does. */
struct profile_replay {
    uint64_t from, to;        /* points */
    uint64_t way;             /* hash of the addresses of the blocks between them, both included: replay_way */
    uint64_t misses, cycles;  /* counted, and taken, by the unit */
    uint64_t runs;
};
struct profile {
    struct trace_info info;
    VEC(struct profile_trace) traces;   /* sorted by digest */
    VEC(char *) contexts;               /* names, sorted */
    VEC(struct profile_edge) edges;     /* sorted by context, from, to, turn */
    VEC(struct profile_path) paths;     /* sorted by their edges */
    VEC(struct profile_loop) loops;     /* sorted by header */
    VEC(struct profile_replay) replays; /* sorted */
};

void profile_free(struct profile *p);
void bins_add(bin_list *bins, uint64_t cycles, uint64_t count);
void bins_push(bin_list *bins, struct bin b); /* behind all others; the caller keeps the order */
void bins_free(bin_list *bins);
void bins_merge(bin_list *into, const bin_list *from);
bool bins_exact(const bin_list *bins, size_t i); /* some execution took the I-th bin's time, not only one that was rounded up to it */
uint64_t bins_error(const bin_list *bins); /* by so many cycles at most a time was rounded up */
extern size_t bins_limit;     /* bins of a histogram at most; tests make it small, no less than 4 */
/* The CFG that traces of this kind (TRACE_PORT: from the trace port) speak of, with FACTS (may be NULL). Both are the caller's on success. */
int kernel_open(const char *elf, const char *facts, bool trace_port, struct image **img, struct cfg **g, struct err *e);
/* Replay one trace through the CFG. ERR_INPUT: the trace is of another build, damaged, or has a step that the CFG does not have
 * (says which record, and both places). */
struct profile *profile_replay(const struct cfg *g, const char *trace_path, struct err *e);
/* The profiles of all the traces (NULL-terminated, at least one), merged, by JOBS (≥ 1) threads; a trace is split into parts if there are more threads
 * than traces. The profile is the same whatever JOBS is. */
struct profile *profile_replay_all(const struct cfg *g, char *const *traces, unsigned jobs, struct err *e);
/* *into becomes what both measured: associative and commutative. Frees FROM. ERR_INPUT: different builds or platforms, or the same trace twice. */
int profile_merge(struct profile *into, struct profile *from, struct err *e);
/* Contexts become the last DEPTH calls of their string, "*" before them where some are left out; what becomes one is pooled, so what is said of
 * a context holds for all that it stands for. Shortening commutes with merging. No analysis takes a profile with shortened contexts. */
void profile_shorten(struct profile *p, uint32_t depth);
bool profile_is_short(const struct profile *p);
void profile_add_replay(struct profile *p, const struct profile_replay *r); /* r->runs runs of it */
uint64_t replay_way(const uint64_t *blocks, size_t n);
int profile_write(const struct profile *p, const char *path, struct err *e);
struct profile *profile_read(const char *path, struct err *e);
json_t *profile_json(const struct profile *p);
void profile_print(const struct profile *p, const struct image *names, FILE *out); /* NAMES: whose symbols points are told by; NULL: none */

/* ---- combination: see combine.h and tree.h -------------------------------------------------------------------------- */

/* What is taken for granted of how the times of the units of a path hang together. Only UNKNOWN is sound whatever the kernel does. */
enum dependence { DEPENDENCE_UNKNOWN, DEPENDENCE_INDEPENDENT, DEPENDENCE_COMONOTONIC };

/* ---- the analysis file --------------------------------------------------------------------------------------------- */

struct entry_spec {
    char *name, *start;
    VEC(char *) end;          /* symbols or addresses; empty: "return" */
    VEC(char *) via;
    VEC(uint64_t) causes;     /* empty: whatever the trap's cause */
    uint64_t budget;          /* cycles, 0: none */
    char *threshold;          /* "2%" or cycles: what potoroo diff lets the bound grow by; NULL: its default */
    bool interrupt;           /* one that an interrupt waits for: part of the interrupt latency */
    int line;
};
struct analysis {
    char *path, *elf, *facts, *model, *profile, *platform, *coverage; /* NULL where not given; relative to the file's folder */
    bool no_modelled;         /* a step that was never observed makes its row incomplete, though the model could say what it takes */
    VEC(struct entry_spec) entries;
    bool keep_infeasible;     /* the solver is not asked which paths cannot be */
    const char *dump_lp;      /* folder for each row's integer program before its reduction, borrowed; NULL: not written */
};
struct analysis *analysis_read(const char *path, struct err *e);
void analysis_free(struct analysis *a);
bool entry_has_cause(const struct entry_spec *s, uint64_t cause); /* is an entry after a trap of this cause one of them? */

/* ---- WCET ---------------------------------------------------------------------------------------------------------- */

enum wcet_status { WCET_ESTIMATE, WCET_BOUND, WCET_INCOMPLETE };

struct wcet_step {            /* one IPG edge of the worst path */
    uint32_t edge;            /* into walk->ipg */
    uint64_t count, cost;     /* cost of one execution */
    uint64_t base;            /* with a model: of it, what the instructions take without a miss */
    bool modelled;            /* never observed: its cost is the model's alone */
};
/* What potoroo coverage said of a step: see coverage.h. */
enum coverage_answer { ANSWER_COMPLETE, ANSWER_EXAMPLE, ANSWER_OPEN, ANSWER_NONE, ANSWERS };
struct wcet_row {
    uint64_t answered[ANSWERS]; /* with a coverage file: cycles of the worst path, by answer */
    uint64_t by_replay;       /* of the complete ones: cycles on units of which replays alone showed some counts */
    const struct entry_spec *spec;
    enum wcet_status status;
    mpz_t bound;
    mpz_t all_miss;           /* with a model: the bound if every access missed */
    bool has_all_miss;
    char *estimate_why;       /* why it is no bound, NULL if it is one (or incomplete) */
    mpz_t bound_before;       /* with the paths that the solver found not to be */
    uint32_t excluded;        /* constraints that say so */
    mpz_t seen_cost;          /* the costliest path seen, by the bound's costs */
    char *pessimism;          /* where the bound lies above observed_max; NULL: nothing to say */
    uint64_t observed_max, observations;
    struct sighting max_at;
    bin_list observed;        /* whole entries */
    uint64_t tree_max;        /* longest path of the path tree, each unit at its longest in this row's own entries; 0: no tree */
    char *tree_note;          /* why there is no tree, or why its longest path may exceed the bound; NULL */
    VEC(struct wcet_step) worst_path;
    VEC(char *) missing;      /* what makes it incomplete, in words */
    VEC(char *) ledger;       /* "kind\ttext\tgrounds" */
    char *certificate;        /* path or NULL */
};
struct wcet {
    const struct analysis *analysis;
    struct image *image;
    struct cfg *cfg;
    struct walk *walk;
    struct profile *profile;
    VEC(struct wcet_row) rows;
    VEC(uint64_t) cost;       /* of each walk->ipg edge, the most observed in any context; UINT64_MAX: never observed */
    struct map answers;       /* hash of (from, to) → enum coverage_answer, of the coverage file */
    struct costs *costs;      /* of the model, NULL: none is given */
    struct map most;          /* hash of (from, to) → what one execution takes at most, with a model, in any row and context */
    uint64_t unmatched;       /* observed kernel entries that no row speaks of */
};
/* ONLY (may be NULL): NULL-terminated names of the rows wanted. CERTIFICATES: path prefix, NULL for none.
 * Cross-checks on the way (each a fatal error): every observed path is a solution of the row's IPET, costs on it what was observed
 * at least, and the bound at most; the longest path of the path tree is the bound if costs are the same and the row has no side
 * constraints, and lies between what was observed and the bound if they are the row's own. */
struct wcet *wcet_analyse(const struct analysis *a, const char *const *only, const char *certificates, struct err *e);
void wcet_free(struct wcet *w);
json_t *wcet_json(const struct wcet *w);
json_t *wcet_code_json(const struct wcet *w); /* its `functions`: blocks, loops, disassembly of the worst paths */
void wcet_print_table(const struct wcet *w, FILE *out);
void wcet_print_path(const struct wcet *w, const struct wcet_row *row, FILE *out);

/* ---- verification of a result against traces ----------------------------------------------------------------------- */

struct verify_summary {
    uint64_t entries, violations, unmatched, edge_violations;
    double worst_ratio;       /* largest observed/bound */
    char worst[160];
};
/* Replays the traces; an entry above the bound of any row that it matches, or matching none, is a violation. Says each of
 * the first few on OUT. edge_violations: IPG edges that took longer than the cost that the result used. */
int verify_result(const struct analysis *a, const char *result, char *const *traces, FILE *out, struct verify_summary *s, struct err *e);

#endif
