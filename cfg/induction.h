/* induction: one loop as the bounds look at it, and how values of its header change from iteration to iteration. Private to cfg. */
#ifndef POTOROO_CFG_INDUCTION_H
#define POTOROO_CFG_INDUCTION_H

#include "cfg/linear.h"
#include "cfg/ranges.h"

typedef __int128 wide;

struct search {
    struct cfg *g;
    struct values *v;
    struct loop *loop;
    uint32_t index, header;     /* of the loop in the cfg; the local block */
    bool *inside;               /* local blocks of the loop */
    VEC(uint32_t) outer, latch; /* predecessors of the header outside (NONE: the function's caller) and inside */
    uint64_t best;              /* header executions; UINT64_MAX: none yet */
    uint64_t least;
    char why[256];
};

/* The tested value: ext(x), where x is W bits: a sum of the header's φs and of what does not change. */
struct induction {
    unsigned w;
    enum ir_op ext;             /* SEXT, ZEXT, or CONST for none */
    struct linear x;
    wide slow, fast;            /* each iteration adds one of slow … fast to x, both of one sign, not 0 */
};

/* Is the term's value the same throughout one run of the loop? DEPTH 0. */
bool search_invariant(const struct search *s, ir_ref r, int depth);
/* Is the term a φ of the loop's header, of which location? */
bool search_header_phi(const struct search *s, ir_ref r, uint32_t *loc);
/* The same, or the low bits of one. */
bool search_phi_bits(const struct search *s, ir_ref term, uint32_t *loc);
/* The value of a location where the loop is entered from block P; NONE: where the function is. */
ir_ref search_outer_value(const struct search *s, uint32_t p, uint32_t loc);
/* What is known of T when the loop is entered from block P (or, P a back edge's block, entered again). */
struct interval search_range_at_entry(const struct search *s, uint32_t p, ir_ref t);
/* The least and greatest that one iteration adds to the atom (a header φ's low bits), on every back edge. */
bool search_step(const struct search *s, ir_ref atom, uint32_t loc, wide *slow, wide *fast);
/* Does the 64-bit φ of the location hold a sign-extended 32-bit int at every turn? */
bool search_holds_int(const struct search *s, uint32_t loc);
/* VALUE, told by the header's φs with the help of the equations that branches on the way to P have shown; VALUE itself if there are none. */
ir_ref search_by_equality(const struct search *s, uint32_t p, ir_ref value);
/* The term with enclosing loops' φs told as begin + step · iteration. */
ir_ref search_unfolded(const struct search *s, ir_ref term);

bool induction_find(const struct search *s, ir_ref e, struct induction *i);
/* x of the first iteration, W bits, when the loop is entered from P. 0: too long. */
ir_ref induction_first(const struct search *s, const struct induction *i, uint32_t p);
ir_ref induction_extend(struct ir *ir, enum ir_op ext, ir_ref x, unsigned w);

#endif
