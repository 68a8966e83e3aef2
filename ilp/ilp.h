/* ilp: exact upper bounds of integer programs, with certificates, and IPET on a flow graph.
 *
 * A floating-point solver (GLPK, in a child that can be killed) only ever *suggests*: its dual values are rounded to rationals
 * and repaired to be feasible, so bᵀy is a sound bound whatever it answered; bounds are exact integers or rationals (GMP). */
#ifndef POTOROO_ILP_H
#define POTOROO_ILP_H

#include "base/base.h"
#include <gmp.h>

/* ---- integer programs: maximise cᵀx, rows, 0 ≤ x ≤ upper, x integer ------------------------------------------------ */

struct ilp; /* owned by the caller; all text copied */

struct ilp *ilp_new(void);
void ilp_free(struct ilp *p);
/* A variable 0 ≤ x ≤ UPPER (NULL: no upper bound) with objective coefficient COST. Returns its index. */
uint32_t ilp_variable(struct ilp *p, const char *name, const mpq_t cost, const mpz_t upper);
/* The variable need not be an integer (bounds stay sound; a witness is looked for among the integers only). */
void ilp_continuous(struct ilp *p, uint32_t variable);
uint32_t ilp_variables(const struct ilp *p);
uint32_t ilp_rows(const struct ilp *p);
const char *ilp_variable_name(const struct ilp *p, uint32_t variable); /* borrowed */
/* Begin a row; then ilp_term for each coefficient. SENSE is '<', '=' or '>' (≤, =, ≥). Returns the row's index. */
uint32_t ilp_row(struct ilp *p, const char *name, char sense, const mpq_t rhs);
void ilp_term(struct ilp *p, uint32_t row, uint32_t variable, const mpq_t coefficient);
/* Is X (one value a variable) an integer solution? Then VALUE, if not NULL, is its objective. Otherwise why not, in E. */
int ilp_admits(const struct ilp *p, const mpz_t *x, mpq_t value, struct err *e);
/* CPLEX LP format, the subset of IPET-like maximisations. ERR_INPUT with file:line. NULL on failure. */
struct ilp *ilp_read_lp(const char *path, struct err *e);
int ilp_write_lp(const struct ilp *p, const char *path, struct err *e);

enum ilp_status { ILP_OPTIMAL, /* bound = value of the integer witness */ ILP_BOUNDED, /* sound bound, no witness reaches it */ ILP_INFEASIBLE, ILP_UNBOUNDED, ILP_OPEN /* no finite bound could be certified */ };
struct ilp_result {
    enum ilp_status status;
    mpz_t bound;          /* ⌊certified dual bound⌋, for the integer program */
    bool witness;         /* x holds an integer solution checked exactly */
    mpz_t value;          /* cᵀx of the witness, rounded down */
    mpz_t *x;             /* one a variable; NULL without witness */
    size_t variables;     /* length of x */
    uint32_t leaves;      /* of the branch tree that proves the bound */
};
struct ilp_limits {
    double seconds;       /* wall clock for everything; 0 = 30 */
};
/* CERTIFICATE (path, may be NULL) is written in the format that potoroo-check reads (bound or infeasibility; nothing is written
 * when neither is known). 0 whenever *r says something; R is to be freed then. */
int ilp_solve(const struct ilp *p, struct ilp_limits limits, const char *certificate, struct ilp_result *r, struct err *e);
void ilp_result_free(struct ilp_result *r);

/* ---- IPET on a flow graph ------------------------------------------------------------------------------------------ */

/* Nodes and edges of one kernel entry; flow 1 leaves the source and 1 reaches the sinks; every node conserves flow.
 * Costs are non-negative cycles on edges. A loop says: Σ flow of its `inside` edges (those that lead back to an entry node from
 * within) ≤ (max − 1) × Σ flow of its `outside` edges (those that enter it). If an inside edge leads to the source, the unit of flow
 * that starts there counts as outside flow too. max ≥ 1. Every cycle must contain an inside edge of some loop: ipet_solve names
 * the first cycle that does not (ERR_INCOMPLETE). */
struct ipet;

struct ipet *ipet_new(uint32_t nodes, uint32_t source);
void ipet_free(struct ipet *g);
void ipet_sink(struct ipet *g, uint32_t node);
uint32_t ipet_edge(struct ipet *g, uint32_t from, uint32_t to, uint64_t cost); /* returns its index, counted from 0 */
void ipet_loop(struct ipet *g, const uint32_t *inside, size_t insides, const uint32_t *outside, size_t outsides, uint64_t max);
/* Σ coefficient × flow(edge)  SENSE  rhs. TEXT says where it comes from. */
struct ipet_term {
    uint32_t edge;
    int64_t coefficient;
};
void ipet_constraint(struct ipet *g, const struct ipet_term *terms, size_t n, char sense, int64_t rhs, const char *text);

struct ipet_result {
    enum ilp_status status;
    mpz_t bound;          /* cycles */
    bool witness;
    mpz_t value;
    uint64_t *count;      /* flow of each edge in the witness (with ILP_BOUNDED: of the best found); NULL without witness or if
                             a count does not fit */
    uint32_t variables, rows; /* of the program after structural reduction, for the record */
};
/* Infeasible constraints, or no way from the source to a sink, are ILP_INFEASIBLE. */
int ipet_solve(const struct ipet *g, struct ilp_limits limits, const char *certificate, struct ipet_result *r, struct err *e);
void ipet_result_free(struct ipet_result *r);
/* The unreduced program, for a second opinion. */
struct ilp *ipet_program(const struct ipet *g);
/* Is this flow (one count an edge) a solution of the graph's constraints? Otherwise why not (the first one violated), in E. */
int ipet_admits(const struct ipet *g, const uint64_t *count, struct err *e);

#endif
