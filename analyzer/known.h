/* Kernel entries whose way is known from their points: only their times are new, and are counted here. Internal to the analyzer.
 *
 * An entry's way through the walk depends on its points alone (replay.c), so what was found of it once is true of all that pass the same
 * points; what is counted here is handed to the profile as one: times add up in any order, and of equal extremes the earliest is kept. */
#ifndef POTOROO_ANALYZER_KNOWN_H
#define POTOROO_ANALYZER_KNOWN_H

#include "analyzer/replay.h"

struct known *known_new(void);
void known_free(struct known *k);
/* What is known of the entry of these N points (numbers of one trace's reader): 0, nothing, or its name, which is never used again. */
uint32_t known_find(const struct known *k, const uint32_t *point, uint32_t n);
/* ENTRY's way: record 0 entered, each other record made one of its steps, of which only the units are asked. Returns its name; nothing is counted yet. */
uint32_t known_add(struct known *k, const uint32_t *point, uint32_t n, const struct replay_entry *entry);
/* It came: STEPS cycles from record to record (0's: to record 0), in all WHOLE from record 0 on, from POSITION on. False, and nothing counted: not known (any more), or
 * a step took too long to be counted here. STEPS_SLACK places behind the last of STEPS may be read, whatever is there. */
bool known_count(struct known *k, uint32_t name, const uint32_t *steps, uint32_t n, uint64_t whole, uint64_t position);
/* Memory is bounded: time for known_end. By this many steps, which tests make few; 0: every entry is replayed. */
extern size_t known_limit;
bool known_full(const struct known *k);
/* Hand out all counts and forget everything. TIMES: by unit, all zero, and again when this returns. */
void known_end(struct known *k, const struct replay_events *to, uint64_t *times);

#endif
