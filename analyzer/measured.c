/* What was measured of each step, by the workload's traces and by replays. */
#include "analyzer/row.h"

#include <inttypes.h>

/* ---- replays in a profile ---------------------------------------------------------------------------------------------------- */

uint64_t replay_way(const uint64_t *blocks, size_t n) { return hash_bytes(blocks, n * sizeof *blocks, 0); }

/* All but the number of runs tells one replay from another. */
static int order(const struct profile_replay *a, const struct profile_replay *b) {
    const uint64_t x[] = {a->from, a->to, a->way, a->misses, a->cycles}, y[] = {b->from, b->to, b->way, b->misses, b->cycles};
    for (size_t i = 0; i < sizeof x / sizeof *x; i++)
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    return 0;
}

void profile_add_replay(struct profile *p, const struct profile_replay *r) {
    size_t at = p->replays.len;
    while (at && order(&p->replays.data[at - 1], r) > 0)
        at--;
    if (at && order(&p->replays.data[at - 1], r) == 0) {
        p->replays.data[at - 1].runs += r->runs;
        return;
    }
    vec_push(&p->replays, *r);
    memmove(p->replays.data + at + 1, p->replays.data + at, (p->replays.len - 1 - at) * sizeof *r);
    p->replays.data[at] = *r;
}

/* ---- the most of each step --------------------------------------------------------------------------------------------------- */

static uint64_t key_of(uint64_t from, uint64_t to) { return hash_bytes((uint64_t[]){from, to}, 16, 0); }

static void raise_to(struct map *high, uint64_t key, uint64_t cycles, bool known_only) {
    uint64_t old = 0;
    bool known = map_get(high, key, &old);
    if (known ? cycles > old : !known_only)
        map_put(high, key, cycles);
}

/* The cost of an IPG edge is the most that it took in any context: a context seen less often, or never with cold caches, is not
 * believed to be faster; nor is the first iteration of a loop or a later one. Nothing observed anywhere leaves UINT64_MAX: no cost, not zero.
 * A replay is an execution too, so it can raise what the workload showed; where the workload never came, it is not evidence enough. */
void costs_measured(struct wcet *w) {
    struct map high = {0};
    const struct profile *p = w->profile;
    const struct walk *walk = w->walk;
    for (size_t i = 0; i < p->edges.len; i++) {
        const struct profile_edge *x = &p->edges.data[i];
        raise_to(&high, key_of(x->from, x->to), bins_most(&x->bins), false);
    }
    for (size_t i = 0; i < p->replays.len; i++)
        raise_to(&high, key_of(p->replays.data[i].from, p->replays.data[i].to), p->replays.data[i].cycles, true);
    while (w->cost.len < walk->ipg.len) {
        const struct ipg_edge *x = &walk->ipg.data[w->cost.len];
        uint64_t cost = UINT64_MAX;
        map_get(&high, key_of(w->cfg->blocks.data[walk->nodes.data[x->from].block].addr, w->cfg->blocks.data[walk->nodes.data[x->to].block].addr), &cost);
        vec_push(&w->cost, cost);
    }
    map_free(&high);
}

/* ---- for the ledger ---------------------------------------------------------------------------------------------------------- */

/* The most that a replay of each step took. */
static void most_replayed(const struct wcet *w, struct map *most) {
    const struct profile *p = w->profile;
    for (size_t i = 0; i < p->replays.len; i++)
        raise_to(most, key_of(p->replays.data[i].from, p->replays.data[i].to), p->replays.data[i].cycles, false);
}

static uint64_t step_key(const struct wcet *w, uint32_t ipg, uint64_t addr[2]) {
    const struct ipg_edge *x = &w->walk->ipg.data[ipg];
    addr[0] = w->cfg->blocks.data[w->walk->nodes.data[x->from].block].addr;
    addr[1] = w->cfg->blocks.data[w->walk->nodes.data[x->to].block].addr;
    return key_of(addr[0], addr[1]);
}

uint64_t costs_replayed(const struct wcet *w, const struct wcet_row *row) {
    struct map most = {0};
    uint64_t addr[2], cycles, n = 0;
    most_replayed(w, &most);
    for (size_t i = 0; i < row->worst_path.len; i++)
        n += map_get(&most, step_key(w, row->worst_path.data[i].edge, addr), &cycles);
    map_free(&most);
    return n;
}
