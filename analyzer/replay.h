/* Replay of a trace through the walk: the part that profiles and verification share. Internal to the analyzer. */
#ifndef POTOROO_ANALYZER_REPLAY_H
#define POTOROO_ANALYZER_REPLAY_H

#include "analyzer/analyzer.h"

/* One kernel entry, seen whole. `touched` are the IPG edges that it passed, in order of first passing; times[] their counts. */
struct replay_entry {
    uint32_t start, end;      /* walk nodes */
    uint64_t cycles, position; /* position: of its first record */
    const uint32_t *touched;
    size_t touches;
    const uint64_t *times;    /* indexed by IPG edge */
};
struct replay_events {
    void *user;
    /* Every IPG edge passed, those of entries that turn out cut included. */
    void (*edge)(void *user, uint32_t ipg, uint64_t cycles, uint64_t position);
    void (*entry)(void *user, const struct replay_entry *entry);
    /* The loop's entry blocks were reached `executions` times since it was entered: called at each increase. */
    void (*loop)(void *user, uint32_t loop, uint64_t executions, uint64_t position);
};
int replay_trace(struct walk *w, const char *path, const struct replay_events *events, struct profile_trace *totals,
                 struct trace_info *info, struct err *e);

#endif
