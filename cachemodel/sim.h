/* sim: caches and replacement policies as hypotheses: given one, what would the board have done? Written from the policies'
 * published definitions, with nothing of the board's own code, so that agreement means something. */
#ifndef POTOROO_CACHEMODEL_SIM_H
#define POTOROO_CACHEMODEL_SIM_H

#include "cachemodel/cachemodel.h"

enum { SIM_MAX_WAYS = 64 };

struct shape {
    uint64_t line, sets, ways; /* line and sets powers of two; ways at most SIM_MAX_WAYS */
};

/* A policy is defined at these ways (and simulated: not random, not by a table). */
bool policy_defined(enum model_policy p, uint64_t ways);
/* Whether no sequence of accesses from power-on tells the two apart, by walking all pairs of reachable states. False too if that
 * walk grows beyond reason: then nothing is claimed. */
bool policy_equivalent(enum model_policy p, enum model_policy q, uint64_t ways);

enum sim_outcome { SIM_HIT = 1, SIM_HELD = 2, SIM_EVICTED = 4, SIM_WROTE_BACK = 8 }; /* HELD: the line is there afterwards */

/* One cache from power-on: all empty, fills take the lowest empty way. */
struct sim;
struct sim *sim_new(struct shape shape, enum model_policy policy, bool write_back, bool allocate);
void sim_free(struct sim *s); /* s may be NULL */
unsigned sim_access(struct sim *s, uint64_t addr, bool store, uint64_t *victim); /* *victim: address of the line that went, if any */
void sim_post(struct sim *s, uint64_t addr); /* written back or through from above: dirty if there, replacement state as before */

#endif
