/* addresses: where the memory accesses of a row's nodes go: strided intervals of plain numbers, or symbols plus an offset, by abstract
 * interpretation of the lifted code over the walk, in context. Internal to the analyzer.
 *
 * A symbol is the value of one term at one node (or of one register on entry to it) that nobody knows; each time the node runs it
 * has a new one. Known numbers flow through registers and through memory at known addresses.
 * Assumed (the ledger says so): no pointer to the kernel's stack comes from anywhere but the stack pointer; accesses are aligned to their size.
 * The first keeps what was saved on the stack through stores to unknown addresses, unless a stack address was itself stored in
 * other memory: then such stores may reach it. */
#ifndef POTOROO_ANALYZER_ADDRESSES_H
#define POTOROO_ANALYZER_ADDRESSES_H

#include "analyzer/row.h"
#include "cfg/lift.h"

/* ---- the lifted code of one block ------------------------------------------------------------------------------------ */

struct code_access {
    bool store;
    uint32_t insn;            /* index in the block */
    uint32_t bytes;
    ir_ref address, value;    /* value: what is stored; of a load, the variable that stands for what came */
    uint8_t base;             /* register that the address is made from */
};
struct code_insn {
    struct insn insn;
    uint64_t addr;
};
struct block_code {
    bool made, modelled;      /* an instruction is not modelled: nothing is known of registers behind the block */
    bool remaps;              /* address translation changes */
    VEC(struct code_insn) insns;
    VEC(struct code_access) accesses;
    ir_ref out[32];
};
struct code_book {            /* by block of the cfg, filled as asked for */
    const struct cfg *g;
    struct ir ir;
    struct block_code *blocks;
    uint32_t loads;
};
struct code_book *code_book_new(const struct cfg *g);
void code_book_free(struct code_book *b);
const struct block_code *code_of(struct code_book *b, uint32_t block);

/* ---- where they go ----------------------------------------------------------------------------------------------------- */

struct value {
    uint32_t symbol;          /* 0: a plain number */
    uint64_t lo, hi, stride;  /* added to the symbol's value; stride 0 iff lo == hi */
};
struct node_access {
    const struct code_access *code;
    struct value address;
};
struct symbol_home {
    uint32_t node;            /* IPET number */
    bool stack;               /* may be an address of the stack */
};
struct addresses {
    VEC(struct node_access) accesses; /* of node n: first[n] … first[n + 1] */
    VEC(uint32_t) first;
    VEC(struct symbol_home) symbols;  /* [0] is none */
    bool escaped;             /* a stack address was stored elsewhere */
};
void addresses_find(const struct row_graph *r, struct code_book *book, struct addresses *a);
void addresses_free(struct addresses *a);

#endif
