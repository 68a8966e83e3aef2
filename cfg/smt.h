/* smt: questions about terms of cfg/ir.h, put to an SMT solver. Public to cachemodel and analyzer.
 *
 * The solver is a command (Debian's z3, any that speaks SMT-LIB 2 would do) in a child bounded in time and memory; what it reads is text
 * that we write, in the logic QF_AUFBV (Barrett, Fontaine, Tinelli: The SMT-LIB Standard, version 2.6). So each question can be kept as a
 * file that anybody can put to any solver again: an unsatisfiable one is a proof obligation, not our word.
 *
 * Use.   smt_new → smt_assert, smt_text, smt_ask … → smt_solve → answer, smt_value or smt_core → (more, or smt_rewind) → smt_free.
 * Terms. A node of W bits becomes a (_ BitVec W), also of one bit: #b1 is true. A memory is an (Array (_ BitVec 64) (_ BitVec 8)), little
 *        endian; a CSR file an (Array (_ BitVec 12) (_ BitVec 64)). Each node is defined once, however often it is shared. VAR is a constant
 *        that may be anything. A LOAD or CSR with a tag is a constant that may be anything too, one a node: memory that others change. APPLY
 *        is an uninterpreted function. So whatever the terms can be, the translation can be: UNSAT holds of the terms.
 * Limits. `steps` bounds the solver's own count of work (z3's rlimit), the same on every machine: with it as the only limit that is ever met,
 *        the same question has the same answer everywhere. Seconds and bytes are there to protect the machine; SMT_UNKNOWN says which it was.
 * Numbers in the text follow the order of use, not the ir's: the same questions asked of another ir in the same order are the same bytes. */
#ifndef POTOROO_CFG_SMT_H
#define POTOROO_CFG_SMT_H

#include "cfg/ir.h"

struct smt;
enum smt_answer { SMT_UNKNOWN, SMT_SAT, SMT_UNSAT };
struct smt_limits {
    uint32_t steps;   /* 0: none */
    double seconds;   /* wall clock; required, > 0 */
    uint64_t bytes;   /* the child's address space; 0: none */
};

/* IR is borrowed; it may grow between the calls but not be reset. */
struct smt *smt_new(const struct ir *ir);
void smt_free(struct smt *s); /* s may be NULL */
/* From now on every LOAD is a constant that may be anything, one a node: no arrays, so much quicker. More is possible then than with what memories
 * hold: UNSAT still holds of the terms, SAT says less. */
void smt_opaque_loads(struct smt *s);
/* The same, and no memory or CSR file is in any term: the logic is then QF_BV, QF_UFBV with functions, which solvers are quicker at. Products of two
 * unknowns and quotients are then unknowns of which only some bounds are said. */
void smt_without_arrays(struct smt *s);

/* The 1-bit term BIT is true. NAME: what the core calls it, < NONE, each at most once; NONE: it is always in. */
void smt_assert(struct smt *s, ir_ref bit, uint32_t name);
/* The same of a Bool in SMT-LIB text. */
void smt_assert_text(struct smt *s, uint32_t name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* SMT-LIB commands of the caller's (declarations, definitions, comments), a line added behind what is there. Names that begin with `t`,
 * `f`, `a` or `u` and a digit are ours. */
void smt_text(struct smt *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* TERM's name in the text, defined if it was not; of a width-0 term: the memory. At most 23 characters; constants are their literals. */
struct smt_name {
    char text[24];
};
struct smt_name smt_term(struct smt *s, ir_ref term);

/* What is asserted up to here; smt_rewind goes back to it: what was asserted, defined or asked since is gone. */
struct smt_mark {
    size_t text, defined, asked;
    uint32_t numbers;
};
struct smt_mark smt_mark(const struct smt *s);
void smt_rewind(struct smt *s, struct smt_mark m);

/* Asks for the value that a term has if the answer is SAT: an index for smt_value. Of at most 64 bits; a Bool counts as 0 or 1. To look into
 * a memory, ask for a load. */
size_t smt_ask(struct smt *s, ir_ref term);
size_t smt_ask_text(struct smt *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* 0 and the answer, or -1: the solver could not be run, or did not take the text. *why (may be NULL) says in words why an answer is
 * unknown: a literal. */
int smt_solve(struct smt *s, struct smt_limits limits, enum smt_answer *answer, const char **why, struct err *e);
/* The same of N questions without starting the solver for each: each is asked as if alone, with steps of its own, but starting the solver costs as much as an
 * easy question; two runs share them. Seconds and bytes are for all of a run's. Nothing may be named. What the solver did not come to is unknown. */
int smt_solve_all(struct smt *const *list, size_t n, struct smt_limits limits, enum smt_answer *answers, struct err *e);
uint64_t smt_steps(const struct smt *s);                     /* after smt_solve_all: what the answer cost; the limit, if the solver does not tell */
uint64_t smt_value(const struct smt *s, size_t asked);       /* after SAT */
size_t smt_core(const struct smt *s, const uint32_t **names); /* after UNSAT: sorted; borrowed until the next smt_solve */

/* The question as a file that a solver can be given: COMMENT's lines, the text, (check-sat). EXPECTED: its :status. */
int smt_write(const struct smt *s, const char *path, const char *comment, enum smt_answer expected, struct err *e);
char *smt_text_of(const struct smt *s, const char *comment, enum smt_answer expected); /* the file's contents; the caller frees them */
/* The text as it is now: borrowed until the next call that adds to it. */
const char *smt_script(const struct smt *s);

/* The solver's command, found in PATH; "z3" unless a test says otherwise. NULL: back to that. */
void smt_use_solver(const char *command);

#endif
