/* lift: the one translation of instructions into the functional form: State → State. Others than cfg use it through cfg/trail.h. */
#ifndef POTOROO_CFG_LIFT_H
#define POTOROO_CFG_LIFT_H

#include "cfg/ir.h"

/* What a state holds: an expression each. LOC_X is always the constant 0. */
enum { LOC_X = 0, LOC_F = 32, LOC_MEM = 64, LOC_CSR = 65, LOCS = 66 };

struct lift {
    struct ir *ir;
    ir_ref *loc;             /* LOCS or more; changed in place, one instruction after the other */
    uint64_t addr;           /* of the instruction */
    uint32_t slot;           /* what tells it from every other one: the tag of its loads and its own unknowns */
    ir_ref condition;        /* out: of a branch, 1 bit: taken; 0 if both ways lead to the same place */
    ir_ref target;           /* out: of a jalr */
    /* How memory is reached; NULL: as a plain functional array. How a CSR is read; NULL: each read may give something else. */
    ir_ref (*load)(struct lift *l, ir_ref addr, unsigned width);
    void (*store)(struct lift *l, ir_ref addr, ir_ref value);
    ir_ref (*csr)(struct lift *l, uint32_t number);
    void (*remap)(struct lift *l);  /* address translation changes, or another privilege level ran */
    void *user;
};

enum { VAR_ENTRY = 1, VAR_PHI, VAR_CALL, VAR_SC, VAR_REMAP, VAR_TRAP, VAR_KILL, VAR_TURN, VAR_LEAF };
static inline uint64_t var_id(unsigned kind, uint32_t index, uint32_t loc) { return (uint64_t)kind << 56 | (uint64_t)index << 16 | loc; }
static inline unsigned var_kind(uint64_t id) { return (unsigned)(id >> 56); }
static inline uint32_t var_index(uint64_t id) { return (uint32_t)(id >> 16); }
static inline uint32_t var_loc(uint64_t id) { return (uint32_t)(id & 0xffff); }

/* Fills a state with VAR_ENTRY variables. */
void lift_entry(struct ir *ir, ir_ref *loc);
/* False: not modelled, the state is unknown from here. Control flow instructions leave the link register and condition or target. */
bool lift_insn(struct lift *l, const struct insn *i);

#endif
