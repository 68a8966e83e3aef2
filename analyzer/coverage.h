/* coverage: were the measurements of each unit enough? Units, their paths as accesses and costs, answers, replay. Internal to the analyzer.
 *
 * A unit is an IPG edge: from one instrumentation point to the next. What it may start in is any state that the facts allow, so its range of
 * miss counts is the same in every context; and since a step's cost is its largest in any context, the observations of all contexts are
 * held against it together. */
#ifndef POTOROO_ANALYZER_COVERAGE_H
#define POTOROO_ANALYZER_COVERAGE_H

#include "analyzer/analyzer.h"
#include "cachemodel/coverage.h"
#include "cachemodel/replay.h"
#include "cfg/trail.h"

/* ---- one path of a unit ---------------------------------------------------------------------------------------------------- */

struct cover_step {          /* one instruction */
    uint64_t pc;
    struct insn insn;
    uint32_t block;          /* index into the path's blocks */
    uint64_t cycles;         /* without misses; a taken branch's and accesses that bypass the caches included */
    size_t access, accesses; /* its own: access[access .. access + accesses) */
};
struct cover_path {
    VEC(uint32_t) blocks;    /* the last one is the point's that the unit ends at */
    VEC(struct cover_step) steps;
    size_t first, last;      /* the timed ones: [first, last); steps before are the point's own, step `last` (if any) is fetched next */
    uint64_t extra;          /* cycles of a trap that the unit begins with */
    uint64_t base;           /* cycles without misses, extra included */
    VEC(struct cover_access) access;
    VEC(size_t) memory;      /* trail.accesses that belong to the steps, in order */
    VEC(bool) matters;       /* of each of them: a load whose value the path's conditions or addresses depend on */
    struct trail trail;
    struct ir ir;
    bool aligned;
    unsigned lookups_i, lookups_d; /* counted */
};
/* Lays BLOCKS out as instructions, terms, costs and accesses. ERR_INCOMPLETE: why it cannot be done, in words. Free it in either case. */
int cover_path_make(struct cover_path *p, const struct cfg *g, const struct model *m, struct err *e);
void cover_path_free(struct cover_path *p);
/* Path conditions and assumptions into the script, and the questions that a case's state is read from. */
void cover_path_assert(struct cover_path *p, const struct cfg *g, struct smt *s);
/* The pure function from registers, memory and caches to misses that the path is, for people. */
void cover_path_print(struct cover_path *p, const struct cfg *g, const struct model *m, FILE *out);
/* The assumptions of facts in words: an array of strings. */
json_t *cover_assumptions(const struct cfg *g);

/* Values of a case, in the order in which cover_path_assert asks. */
enum { COVER_CSRS = 4 };
extern const uint32_t cover_csr[COVER_CSRS];
struct cover_state_values {
    uint64_t x[32], csr[COVER_CSRS];
    VEC(struct replay_word) words, stores; /* memory at the beginning; what is stored to */
};
void cover_values(const struct cover_path *p, const struct cover_case *c, struct cover_state_values *v);

/* ---- units ------------------------------------------------------------------------------------------------------------------ */

struct coverage_range {
    uint64_t lo, hi;         /* both included */
};
enum coverage_status { COVERAGE_COMPLETE, COVERAGE_COUNTEREXAMPLE, COVERAGE_OPEN };
struct coverage_example {    /* a count that is feasible and was not observed */
    uint32_t path;
    struct cover_case state;
    struct cover_state_values values;
    uint64_t cycles;         /* of the unit, predicted */
    struct replay_case replay;
    uint64_t expected;       /* of the replay, predicted */
    uint64_t misses[2];      /* the same, misses of L1D and L1I */
    VEC(struct coverage_range) avoid; /* addresses that the harness could not use */
    bool tried, replayed, agrees; /* tried: it was to be replayed; replayed: it could be */
};
struct coverage_path {
    struct cover_path code;
    unsigned limit, lo, hi;
    VEC(bool) seen;          /* counts that the workload showed for certain */
    VEC(bool) replayed;      /* counts that a replay showed */
    VEC(enum cover_state) state;
};
struct coverage_unit {
    uint64_t from, to;       /* points */
    uint32_t ipg;            /* one of its edges in the walk */
    char *id;
    bin_list bins;           /* all observations, of any context */
    uint64_t contexts;
    VEC(struct coverage_path) paths;
    VEC(struct coverage_example) examples; /* the highest count first */
    enum coverage_status status;
    char *why;               /* open: why */
    unsigned limit;          /* no more look-ups than that */
    unsigned lo, hi;         /* proved, if not open */
    bool proven;
    uint64_t unclear;        /* observations that several counts explain */
    uint64_t replays, agreed; /* of this unit, whether still an example or evidence by now */
};
/* What closing the loop did: see coverage_close. */
struct coverage_bound {      /* of a row, by profile: as it was, and with what closing added */
    const struct entry_spec *spec;
    char *before, *after;    /* NULL: incomplete */
};
/* A counterexample as a workload: how the kernel is to be entered for it. */
struct coverage_line {
    uint64_t line;
    bool fetch, there;       /* there: cached before */
};
struct coverage_offer {
    char *unit;
    uint64_t from, to, cycles;
    unsigned count;
    uint64_t x[32];
    uint32_t known;          /* registers that matter: bit r, x[r] */
    VEC(struct coverage_line) lines;
    const char *why;         /* NULL, or why no workload can be derived: a literal */
};
struct coverage_closing {
    VEC(struct coverage_offer) offers;
    bool done;               /* coverage_close ran */
    bool open;               /* it might go on: it did not end by its budget or a disagreement */
    double begun;
    unsigned rounds, measured; /* measured: how often the workload's command was run */
    uint64_t replays, agreed; /* by analyses before this one */
    uint64_t added;          /* counts that only replays showed, taken into the profile */
    const char *end;         /* why it ended, a literal */
    VEC(struct coverage_bound) bounds;
};
struct coverage {
    struct coverage_closing closing;
    struct analysis analysis; /* a copy that names no earlier result of coverage; what it points to is borrowed */
    struct wcet *wcet;
    struct model *model;
    VEC(struct coverage_unit) units;
};
struct coverage_options {
    unsigned rounds;         /* of closing, at most */
    double seconds;          /* of closing: no round begins later; 0: no limit */
    const char *workload;    /* of closing: a command that measures what is offered; NULL: none */
    const char *profile_out; /* of closing: where the profile goes that replays were added to; NULL: nowhere */
    const char *unit;        /* only this one: "FROM->TO", or a place that it begins at; NULL: all */
    const char *proofs;      /* folder, NULL: none */
    bool exact;              /* decide every count, not only whether one is missing */
    uint64_t steps;          /* of the solver, for one question */
};
struct coverage *coverage_analyse(const struct analysis *a, const struct coverage_options *o, struct err *e);
void coverage_free(struct coverage *c);
json_t *coverage_json(const struct coverage *c);
void coverage_print(const struct coverage *c, FILE *out);
/* The question that path PATH of the unit is, its conditions being in S. */
struct cover *coverage_question(const struct coverage *c, const struct coverage_unit *u, uint32_t path, const struct coverage_options *o, struct smt *s, struct err *e);
/* Where an example was refused for an address: another state of the same count, if there is one, to be replayed instead. Returns how many there are. */
int coverage_other_states(struct coverage *c, struct coverage_unit *u, const struct coverage_options *o, struct err *e);
/* What each example of the unit would cost, and how it is put into the board. Part of every answer. */
void coverage_describe(struct coverage *c, struct coverage_unit *u);
/* Which way a replay took: replay_way of its blocks. */
uint64_t coverage_way(const struct coverage *c, const struct cover_path *p);
/* Every example that has not been replayed yet. TRUTH: see replay_run. */
int coverage_replay(struct coverage *c, const char *platform, bool truth, struct err *e);
/* Did the replay show what was predicted: the time, and where the board was asked for it the misses of each cache? */
bool replay_agrees(const struct replay_case *r, uint64_t cycles, const uint64_t misses[2]);
/* Counterexamples of a saved result: ONLY: of this unit, NULL: of all. ERR_INPUT: PATH is no such result, or of another build than IMG. */
struct saved_example {
    char *unit;
    struct coverage_example *example;
};
typedef VEC(struct saved_example) saved_list;
int saved_read(const char *path, const struct image *img, const char *only, saved_list *list, struct err *e);
int saved_replay(saved_list *list, const char *platform, const struct image *img, const struct model *m, struct err *e);
void saved_free(saved_list *list);
/* One unit once more, from what is known to have been shown now. */
int coverage_answer_again(struct coverage *c, struct coverage_unit *u, const struct coverage_options *o, struct err *e);
/* Closes the loop: replays every example; what a replay showed, to the cycle as predicted, becomes evidence of the unit, in the profile and
 * beside its histograms; units with new evidence are answered again; until nothing is new or the budget ends. Then the bounds once more, of the
 * new profile.
 * Why it is sound: a replayed state is one that the assumptions admit, so its run is an execution that the unit's range must hold, and evidence
 * only ever raises what was measured. It says nothing of how often, or whether the workload gets there: so it is in no histogram, and kept
 * apart in every output. A replay that disagrees is no evidence of anything but a wrong model, and ends the closing. */
int coverage_close(struct coverage **c, const struct coverage_options *o, const char *platform, struct err *e);
/* Adds an offer for each of the unit's examples that there is none for yet. */
void coverage_offer(struct coverage *c, const struct coverage_unit *u, const struct coverage_options *o);
json_t *coverage_offers_json(const struct coverage *c);
void coverage_offers_print(const struct coverage *c, FILE *out);
void coverage_closing_free(struct coverage_closing *k);
json_t *coverage_closing_json(const struct coverage *c);
void coverage_closing_print(const struct coverage *c, FILE *out);
/* What the workload passed of the code: blocks, edges, pairs of edges, loops' iterations; which units rest on the model alone. */
json_t *coverage_flow_json(const struct coverage *c);
void coverage_flow_print(const struct coverage *c, FILE *out);
/* The steps of the row's worst path, in cycles, by what their units' answers rest on. */
enum coverage_rest { REST_WORKLOAD, REST_REPLAY, REST_EXAMPLE, REST_OPEN, RESTS };
void coverage_rests(const struct coverage *c, const struct wcet_row *row, uint64_t cycles[RESTS]);
/* Was every count that the unit has shown by the workload, or some only by replays? */
bool coverage_by_replay(const struct coverage_unit *u);

#endif
