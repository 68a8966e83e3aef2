/* Inside of ilp/: the program's data, proofs, and the passes from one to the other. Not for other rooms. */
#ifndef POTOROO_ILP_PROGRAM_H
#define POTOROO_ILP_PROGRAM_H

#include "ilp/ilp.h"

struct term { /* coefficient a of index (a variable, or a row, by context) */
    uint32_t index;
    mpq_t a;
};
struct terms { /* a VEC; sorted by index where said */
    struct term *data;
    size_t len, cap;
};
struct indices {
    uint32_t *data;
    size_t len, cap;
};

struct variable {
    char *name;
    mpq_t cost;
    mpz_t upper;
    bool bounded; /* upper holds */
    bool real;
};
struct row {
    char *name;
    char sense;
    mpq_t rhs;
    struct terms terms; /* as given: an index may come twice */
};
struct ilp {
    struct {
        struct variable *data;
        size_t len, cap;
    } variables;
    struct {
        struct row *data;
        size_t len, cap;
    } rows;
};

void terms_add(struct terms *t, uint32_t index, const mpq_t a); /* appends */
void terms_sort(struct terms *t);                               /* sorts, merges equal indices, drops zeros */
void terms_free(struct terms *t);
void term_of_one(struct terms *t, uint32_t index);             /* appends index with coefficient 1 */

/* A proof that no integer solution has a value above max over the leaves of the leaf's bound. The tree is in preorder: a split
 * on the integer form Σ form is followed by the proof for form ≤ at, then by that for form ≥ at + 1. A leaf has one dual value a
 * row (rows of the program, those of the splits above it in order): ≥ 0 for ≤, ≤ 0 for ≥, any for =. With
 * d = c − Σ y·row it bounds the objective by Σ y·rhs + Σ max(d_j, 0)·upper_j. An empty leaf does so for the objective 0, with a
 * bound below 0: no solution.
 * Before the tree there may be lemmas, each followed by a tree of its own for the objective Σ lemma: that form is at most its bound,
 * rounded down if all its coefficients and variables are integers. It becomes a row, behind those of the program, for what follows. */
enum proof_kind { PROOF_SPLIT, PROOF_LEAF, PROOF_EMPTY, PROOF_LEMMA };
struct proof_node {
    enum proof_kind kind;
    struct terms form;   /* integers */
    mpz_t at;
    struct terms y;      /* rows of the program and lemmas; of a lemma: its form */
    struct terms splits; /* index = depth of the split; value ≥ 0 */
};
struct proof {
    struct proof_node *data;
    size_t len, cap;
};
struct proof_node *proof_push(struct proof *p, enum proof_kind kind);
void proof_free(struct proof *p);
/* The bound that PROOF gives for P, exactly: 0 and *BOUND; 1 if all leaves are empty; -1 if it proves nothing. */
int proof_bound(const struct ilp *p, const struct proof *proof, mpq_t bound);

/* Solve without writing. PROOF is empty when there is no bound (ILP_UNBOUNDED, ILP_OPEN). */
int ilp_prove(const struct ilp *p, struct ilp_limits limits, struct proof *proof, struct ilp_result *r, struct err *e);
int certificate_write_ilp(const struct ilp *p, const struct proof *proof, const struct ilp_result *r, const char *path, struct err *e);
int certificate_write_ipet(const struct ipet *g, const struct proof *proof, const struct ilp_result *r, const char *path, struct err *e);

void mpz_array_free(mpz_t *x, size_t n);
mpz_t *mpz_array_new(size_t n);
mpq_t *mpq_array_new(size_t n);
void mpq_array_free(mpq_t *x, size_t n);
double seconds_now(void);

#endif
