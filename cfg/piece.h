/* piece: a basic block prepared for being executed abstractly many times. Private to cfg.
 *
 * The block is lifted once. What it computes becomes a list of nodes of the ir, each behind those that it is made of, with the loads and stores
 * at their places between them. */
#ifndef POTOROO_CFG_PIECE_H
#define POTOROO_CFG_PIECE_H

#include "cfg/graph.h"
#include "cfg/lift.h"
#include "cfg/memory.h"

enum event_kind { EVENT_LOAD, EVENT_STORE, EVENT_FORGET };
struct event {
    enum event_kind kind;
    unsigned width;
    ir_ref addr, value; /* of a load: the variable that stands for what was there */
};
enum { STEP_EVENT = 1u << 31 };
struct piece {
    VEC(uint32_t) steps;        /* nodes, or STEP_EVENT | index into events */
    VEC(struct event) events;
    size_t quiet;               /* index of the first event behind the last store: loads from there on tell what memory holds at the end */
    ir_ref reg[32];             /* at the end */
    ir_ref condition, target;   /* 0: none */
};

struct machine {
    struct abs reg[32];
    struct memory mem;
};

struct lesson {
    ir_ref node;
    struct abs value, before;
};

/* Evaluates pieces. Values of nodes are those of the last execution. */
struct evaluator {
    struct cfg *g;
    struct ir *ir;
    ir_ref entry[LOCS];         /* the variables that stand for registers when a block begins */
    struct abs *value;          /* by node */
    uint32_t *seen;             /* by node: the piece that listed it last */
    uint32_t *learnt;           /* by node: index into LESSONS + 1 */
    size_t nodes, pieces;
    VEC(struct lesson) lessons;
    VEC(struct range) keep;     /* memory that is the program's own */
};

void evaluator_init(struct evaluator *e, struct cfg *g, struct ir *ir);
void evaluator_free(struct evaluator *e);
/* The caller frees it. */
struct piece *piece_make(struct evaluator *e, uint32_t block);
void piece_free(struct piece *p);
/* From the state at its begin to that at its end, in place, branches aside. */
void piece_run(struct evaluator *e, const struct piece *p, struct machine *m);
/* M, the state behind piece_run, with what the outcome of the block's condition adds. BEFORE: registers at the begin. False: it cannot be. */
bool piece_assume(struct evaluator *e, const struct piece *p, const struct abs *before, struct machine *m, bool outcome);

#endif
