/* Where executions end, and where not: functions that are never left (panics and what leads only there), instructions that trap on purpose. */
#include "cfg/graph.h"

struct ends {
    const struct cfg *g;
    bool *out; /* by function: control may leave from within it, or from what it calls, otherwise than by returning */
};

static bool is_kept(uint64_t addr, const uint64_t *keep, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (keep[i] == addr)
            return true;
    return false;
}

static bool leaves(const struct ends *x, const struct block *b) {
    bool out = b->open || b->end == END_OPEN || b->end == END_TRAP_RETURN || b->switches || (b->resume != NONE && x->out[b->resume]);
    for (uint32_t i = b->call; i < b->call + b->calls && !out; i++)
        out = x->out[x->g->calls.data[i]];
    return out && !b->never;
}

void cfg_dead_ends(const struct cfg *g, const uint64_t *keep, size_t n, bool *dead) {
    struct ends x = {.g = g, .out = mem_alloc(g->functions.len + 1)};
    for (size_t b = 0; b < g->blocks.len && n; b++)
        x.out[g->blocks.data[b].function] |= is_kept(g->blocks.data[b].addr, keep, n);
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t b = g->blocks.len; b-- > 0;) {
            const struct block *k = block_of(g, (uint32_t)b);
            if (!x.out[k->function] && leaves(&x, k))
                x.out[k->function] = changed = true;
        }
    }
    for (size_t f = 0; f < g->functions.len; f++)
        dead[f] = !g->functions.data[f].returns && !x.out[f];
    free(x.out);
}

bool cfg_block_calls_out(const struct cfg *g, uint32_t block) {
    struct code *c = &g->own->flow.code;
    const struct block *b = block_of(g, block);
    for (uint64_t at = b->addr; at < b->addr + b->size; at += c->insn[code_slot(c, at)].size)
        if (c->insn[code_slot(c, at)].op == OP_ECALL || c->insn[code_slot(c, at)].op == OP_EBREAK)
            return true;
    return false;
}
