/* trail: what one path of basic blocks computes, as terms of cfg/ir.h. Public to cachemodel and analyzer.
 *
 * Use.   trail_begin → (change t->loc if more is known of the entry state) → trail_follow for each block and the next one → look at
 *        loc, conditions, accesses → trail_free. The path may go from function to function: a call is followed by the callee's entry, a return by
 *        the block behind the call. It is the caller's matter that the path is one of the code; a next block that cannot follow is ERR_INPUT.
 * Meaning. In every execution along the path that begins in the state that the VAR_ENTRY variables stand for, every condition is true, and
 *        loc and accesses are what the terms say. So if no values make all conditions true, the path is never executed; the reverse does not hold:
 *        unknown values are variables that may be anything.
 * Memory.  TRAIL_SHARED: each load gives a value of its own, whatever was stored: others may write at any time.
 *        TRAIL_ALONE: a load gives what was stored last, or what the memory held at the path's beginning. Assumed: between the path's ends only
 *        its own instructions change the memory that it loads from by an address which is not constant; no two virtual addresses that it uses
 *        are the same memory. (True of a kernel that runs with interrupts off on one hart and reaches each object by one address.) And as the rest
 *        of cfg does: nobody reaches a function's stack frame but by sp, unless an address of a frame was let out.
 *        At constant addresses, `memory … uncached|device` facts say what others may change: their loads are always values of their own; and so
 *        is all memory after its mapping changed (satp, sfence.vma) or another privilege level ran (ecall).
 *        Constant sections of the image are what the image says.
 * Probes.  In a block that begins at an instrumentation point, what is stored by s10 or s11 (docs/ARCHITECTURE.md reserves them) goes to the
 *        trace buffer and the counter, which the kernel's own code never reads: an access, but loads do not see it.
 * CSRs.  sscratch, sepc, scause and stval (and M-mode's) change by csr instructions only while no trap is taken: reads before the first write are
 *        the entry's, reads after a write to the scratch registers what was written. Any other read is a value of its own.
 * An instruction that is not modelled makes everything unknown from there on (`unmodelled`). */
#ifndef POTOROO_CFG_TRAIL_H
#define POTOROO_CFG_TRAIL_H

#include "cfg/lift.h"

enum trail_memory { TRAIL_SHARED, TRAIL_ALONE };
enum trail_access_kind { TRAIL_LOAD, TRAIL_STORE };

struct trail_condition {
    ir_ref term;        /* 1 bit */
    uint64_t pc;        /* of the branch or indirect jump */
    uint32_t step;      /* trail_follow calls before the one it belongs to */
};
/* An atomic instruction is a load and a store, `atomic` both; fetches are not listed: they are the blocks' bytes. */
struct trail_access {
    uint64_t pc;
    uint32_t step;
    uint8_t kind, size; /* bytes */
    bool atomic;
    ir_ref addr, value; /* 64 bits; 8 · size bits */
};
struct trail {
    struct ir *ir;
    const struct cfg *cfg;
    enum trail_memory memory;
    ir_ref loc[LOCS];   /* now: after the last block followed */
    VEC(struct trail_condition) conditions; /* in order; those that are true whatever the state are left out */
    VEC(struct trail_access) accesses;      /* in order */
    uint32_t steps;     /* blocks followed */
    uint32_t moments;   /* instructions executed: tells unknowns of one from those of another */
    uint32_t unmodelled;
    /* Of the stack: sp at the outermost call, as base + constant; an address of a frame was let out; stores into frames. */
    bool called, escaped;
    ir_ref stack_base;
    uint64_t stack_top;
    struct map frames;
};

/* G and IR are borrowed; IR is best a fresh one for each path: equal paths then make equal terms with equal numbers. */
void trail_begin(struct trail *t, const struct cfg *g, struct ir *ir, enum trail_memory memory);
/* Execute BLOCK, after which NEXT is entered (NONE: the path ends behind BLOCK, whichever way it goes on). */
int trail_follow(struct trail *t, uint32_t block, uint32_t next, struct err *e);
void trail_free(struct trail *t);

#endif
