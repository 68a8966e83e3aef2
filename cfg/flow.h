/* flow: which instructions are reached, by whom, and how control goes on from each. Private to cfg.
 *
 * Discovery runs in passes over the whole image with a growing set of function starts, until a pass learns nothing new. A pass
 * follows control flow only: nothing that is not reached is decoded, and code behind a call that does not return is not reached. */
#ifndef POTOROO_CFG_FLOW_H
#define POTOROO_CFG_FLOW_H

#include "cfg/image.h"
#include "cfg/insn.h"

/* ---- what is known of indirect transfers, from facts or from the value analysis ------------------------------------- */

enum resolution_origin { RESOLVED_CONSTANT, RESOLVED_TABLE, RESOLVED_FACT };
struct resolution {
    uint64_t addr;           /* of the jalr */
    VEC(uint64_t) targets;   /* sorted, without duplicates */
    enum resolution_origin origin;
    const char *why;         /* unresolved, if not NULL: targets are then not to be used */
    uint64_t constant;       /* unresolved: it leads to this constant, which is no code; 0: it does not */
    uint64_t table;          /* unresolved: it is loaded from a table here, in memory that is written; 0: it is not */
};
struct resolutions {
    struct map index;        /* address → index into list */
    VEC(struct resolution) list;
};
const struct resolution *resolution_at(const struct resolutions *r, uint64_t addr); /* NULL: none */
/* The resolution of ADDR, made if need be. Borrowed until the next call. */
struct resolution *resolution_make(struct resolutions *r, uint64_t addr);
void resolution_add(struct resolution *r, uint64_t target); /* keeps `targets` sorted and unique */
void resolutions_free(struct resolutions *r);

/* ---- the code, by halfwords ------------------------------------------------------------------------------------------ */

enum slot_flag {
    SLOT_SEEN = 1,      /* an instruction begins here and is reached */
    SLOT_INSIDE = 2,    /* the second half of a reached instruction */
    SLOT_LEADER = 4,    /* begins a block */
    SLOT_ENTERED = 8,   /* a jump leads here: a constant made before it does not hold. Kept from pass to pass */
    SLOT_LINKED = 16    /* called with x5 as the link register. Kept from pass to pass */
};
struct code {
    const struct image *img;
    size_t ranges;
    const struct range *range;
    uint32_t *first;        /* slot of each range's begin */
    uint32_t slots;
    struct insn *insn;      /* size 0: not decoded yet */
    uint8_t *flags;
    uint32_t *owner;        /* function that reached it + 1; 0: none */
    uint32_t *start;        /* function that starts here + 1; 0: none */
};
uint32_t code_slot(const struct code *c, uint64_t addr);       /* NONE: odd or not code */
const struct insn *code_insn(struct code *c, uint32_t slot, uint64_t addr);

/* ---- control flow ----------------------------------------------------------------------------------------------------- */

struct start {
    uint64_t addr;
    bool returns;
    bool weak, banned;      /* only a guess (flow_more); and it was wrong: another function's instructions lie across it */
    uint32_t waiting;       /* head of the list of those who wait for it to return: index + 1 */
};
struct waiting {
    uint32_t caller, next;
    uint64_t resume;        /* where the caller goes on once the callee is known to return; NONE64: the caller returns too */
};
struct flow {
    struct code code;
    VEC(struct start) starts;
    const struct resolutions *known;
    VEC(struct waiting) waiting;
    VEC(uint32_t) returned; /* functions just found to return */
    uint64_t gp;            /* what the linker relaxed addresses against */
    bool gp_known;
    VEC(uint64_t) work;     /* pairs: function, address */
    bool again;             /* this pass found a start or an entered constant too late */
    struct map labels;      /* addresses that may be functions if somebody takes them: symbol values in code */
    struct map named;       /* those of them that code or data make */
    struct map taken;       /* other addresses in code that code or data make */
    struct map tried;       /* those that became starts once, right or wrong */
    VEC(uint64_t) candidates; /* the same, in order of discovery */
};

/* How control leaves an instruction. */
struct step {
    enum block_end end;     /* END_FALL for a plain instruction */
    bool falls;             /* may go on to the next instruction (for a call: the return, if the callees return) */
    bool known;             /* targets are all there are */
    bool indirect, link;    /* goes through a register whose value the instruction alone does not say; is a call */
    enum edge_kind kind;    /* of the edges to the targets */
    const uint64_t *targets;
    size_t count;
    uint64_t direct;        /* storage for a single target */
    const char *why;        /* unknown because */
};
/* STEP may point into itself: do not copy it. */
void flow_step(struct flow *f, uint32_t slot, uint64_t addr, struct step *step);

void flow_init(struct flow *f, const struct image *img, const struct resolutions *known);
void flow_run(struct flow *f); /* to the fixed point, with what is known now */
/* Once nothing else is found: starts at addresses that are taken but not reached. False: there are none. */
bool flow_more(struct flow *f);
void flow_free(struct flow *f);
bool flow_returns(const struct flow *f, uint64_t start);

#endif
