/* values: what every register, stack slot and the memory holds at each block of one function, as terms of the ir. Private to cfg.
 *
 * Global value numbering in the manner of Reif and Lewis ("Symbolic evaluation and the global value graph", POPL 1977): a location
 * whose value is the same term along all edges into a block has that term there, else a variable of the block's own (a φ). The
 * result is the function as a set of mutually recursive pure functions, one a block, whose parameters are its φs.
 *
 * Invariant that the clients rely on: a variable names the value that its place defined last. A term at block B speaks only of variables
 * whose places dominate B: else some path to B would not have it, and the merge would have made a φ. So two occurrences of one
 * variable at B mean the same moment, and what a dominating branch learnt of a term still holds at B.
 *
 * Assumed of the code (the psABI, and what linkers do): a call preserves sp and the callee-saved registers (but those that the
 * callee or one of its callees changes without ever storing them); nobody but the function itself knows its stack frame unless it lets an
 * address of it out; constant sections do not change; gp is __global_pointer$ wherever it is used as a base. */
#ifndef POTOROO_CFG_VALUES_H
#define POTOROO_CFG_VALUES_H

#include "cfg/graph.h"
#include "cfg/lift.h"

/* Both readings of one bit vector at once; each is a superset of the possible values. Empty (lo > hi) where the code cannot be reached. */
struct interval {
    uint64_t lo, hi;    /* unsigned */
    int64_t slo, shi;   /* signed */
};

/* A loop header's φ as begin + step · iteration, iteration counting from 0. */
struct affine {
    ir_ref begin, iteration;
    int64_t step;
};

struct stack_slot {
    int64_t offset;     /* from sp at the function's entry; negative */
    unsigned width;     /* bits */
};
struct values {
    struct cfg *g;
    uint32_t function;
    struct ir *ir;
    uint32_t blocks, locs;
    const uint32_t *global;         /* local → the cfg's block */
    uint32_t *order, *number;       /* reverse postorder, and a block's place in it (NONE: not reached) */
    uint32_t *idom;                 /* immediate dominator, local; the entry's is itself */
    uint32_t *pred, *first;         /* predecessors, local: pred[first[b] .. first[b + 1]) */
    ir_ref *in, *out;               /* [block * locs + location] */
    ir_ref *entry;                  /* by location: at the function's entry */
    ir_ref *before;                 /* like in: what came from blocks before this one in the order, when last looked at */
    ir_ref *condition, *target;     /* at the end of each block, 0: none */
    ir_ref *given;                  /* [block * 8 + i]: argument register i at the end of each block, before the call if it ends in one */
    const struct interval *argument; /* of the argument registers at entry, 8 of them; NULL: not known. Set by whoever knows; borrowed */
    uint8_t *changes;
    bool *unknown;                  /* the block has an instruction that is not modelled */
    VEC(struct stack_slot) slots;   /* location LOCS + i */
    bool escaped;                   /* somebody else may know an address of the frame */
    bool again;
    const uint32_t *unsaved;        /* see values_unsaved; borrowed */
    ir_ref sp;                      /* the variable: sp at entry */
    /* What the bounds found of loop headers' φs: variable → index into header_range. Filled by bounds_derive, used by ranges. */
    struct map header_index;
    VEC(struct interval) header_range;
    struct map join_index;          /* φ → index into join_range: its interval wherever it is seen (ranges.c) */
    VEC(struct interval) join_range;
    struct map affine_index;        /* the φ, or its low bits → index into affine */
    VEC(struct affine) affine;
};

/* For each function the registers, a bit each, that the psABI says a call preserves but that it (or a callee) changes without ever storing
 * them; the last element, behind the functions, is for calls whose callees are not known. The caller frees it. */
uint32_t *values_unsaved(const struct cfg *g);
void values_find(struct values *v, struct cfg *g, uint32_t function, struct ir *ir, const uint32_t *unsaved);
void values_free(struct values *v);
uint32_t values_local(const struct values *v, uint32_t block);
uint32_t values_at_slot(const struct values *v, uint32_t slot); /* the local block around the instruction there, NONE: another function's */
static inline ir_ref value_in(const struct values *v, uint32_t b, uint32_t loc) { return v->in[(size_t)b * v->locs + loc]; }
static inline ir_ref value_out(const struct values *v, uint32_t b, uint32_t loc) { return v->out[(size_t)b * v->locs + loc]; }
void values_location_name(const struct values *v, uint32_t loc, char *name, size_t size); /* "a0", "stack-16_64" */
bool values_dominates(const struct values *v, uint32_t a, uint32_t b);

#endif
