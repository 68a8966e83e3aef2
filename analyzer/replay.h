/* Replay of a trace through the walk: the part that profiles and verification share. Internal to the analyzer. */
#ifndef POTOROO_ANALYZER_REPLAY_H
#define POTOROO_ANALYZER_REPLAY_H

#include "analyzer/analyzer.h"

/* What a profile keeps apart: an IPG edge, and for each of the LOOPS_APART outermost loops around its first point, callers' loops
 * included, whether it was passed in the loop's first iteration (bit clear) or a later one. Bit 0 is the outermost loop. */
enum { LOOPS_APART = 3, TURNS = 1 << LOOPS_APART };
static inline uint32_t unit_of(uint32_t ipg, uint32_t turn) { return ipg * TURNS + turn; }
static inline uint32_t unit_ipg(uint32_t unit) { return unit / TURNS; }
static inline uint32_t unit_turn(uint32_t unit) { return unit % TURNS; }

/* How many loops are around the context's activation, in its callers. */
uint32_t replay_loops_around(const struct walk *w, uint32_t context);

struct replay_step {
    uint32_t unit;
    uint64_t cycles;
};
/* One kernel entry, seen whole. `steps` is what it passed, in order. `touched` are the units that it passed, in order of first passing; times[] their counts. */
struct replay_entry {
    uint32_t start, end;      /* walk nodes */
    uint64_t cycles, position; /* position: of its first record */
    uint64_t cause;           /* of the trap that began it; NO_CAUSE if that is not told */
    const uint32_t *touched;
    size_t touches;
    const uint64_t *times;    /* indexed by unit */
    const struct replay_step *steps;
    size_t step_count;
};
/* Times of entries that came again and again. */
struct replay_seen {
    uint64_t cycles, count, first; /* first: position of the record that it was first seen at */
};
typedef VEC(struct replay_seen) replay_seen_list;
struct replay_events {
    void *user;
    /* If these two are given, the other events tell not of all entries. The rest come later, many as one: ENTRY has no cycles, position and
     * steps; WHOLE has its times, no two alike. Then, for each of its steps in order, what times it took. `first` of a whole entry: its
     * first record's. */
    void (*repeated)(void *user, const struct replay_entry *entry, const replay_seen_list *whole);
    void (*repeated_step)(void *user, uint32_t unit, const replay_seen_list *seen);
    /* Every unit passed, those of entries that turn out cut included. */
    void (*edge)(void *user, uint32_t unit, uint64_t cycles, uint64_t position);
    bool undisturbed;         /* but not of entries from where a trap came in between */
    void (*entry)(void *user, const struct replay_entry *entry);
    /* The loop's entry blocks were reached `executions` times since it was entered: called at each increase. */
    void (*loop)(void *user, uint32_t loop, uint64_t executions, uint64_t position);
};
/* A part of a trace (trace_split). What was before it is taken to have ended with a kernel entry's end, so a part goes on, with the next, until it
 * does: what replays the next must then be thrown away. */
struct replay_part {
    const struct trace_part *part;
    unsigned number, parts;   /* number: of the part that is replayed; then that of the first one that was not */
};
/* PART NULL: all of it. */
int replay_some(struct walk *w, const char *path, struct replay_part *part, const struct replay_events *events, struct profile_trace *totals,
                struct trace_info *info, struct err *e);
/* A profile of what replay_some replays. */
struct profile *profile_replay_part(const struct cfg *g, const char *trace_path, struct replay_part *part, struct err *e);
/* *into becomes the profile of two parts of one trace, of which it was the earlier's. Frees FROM. */
void profile_join(struct profile *into, struct profile *from);
int replay_trace(struct walk *w, const char *path, const struct replay_events *events, struct profile_trace *totals,
                 struct trace_info *info, struct err *e);

#endif
