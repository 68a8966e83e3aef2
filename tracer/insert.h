/* insert: what the passes of probe insertion share. probe.c finds the block boundaries, sparse.c chooses among them, emit.c writes. */
#ifndef POTOROO_INSERT_H
#define POTOROO_INSERT_H

#include "tracer/asm.h"
#include "tracer/tracer.h"

struct section {
    struct span name;
    bool code, skip;          /* skip: the author asked for no probes here */
};
struct label {
    struct span name;
    uint32_t next;            /* in its hash chain, NONE */
    uint32_t stmt;            /* where it stands */
    bool code, boundary, anchor;
    bool taken;               /* control may come here by other ways than this file's direct branches and jumps */
};
/* Statement by statement, what the first pass found. */
struct place {
    uint32_t section, label;  /* label: of a STMT_LABEL, else NONE */
    uint64_t offset;          /* in its section, at most; only where branches may need help to reach */
};

struct inserter {
    const struct asm_text *text;
    const char *name;
    VEC(struct section) sections;
    VEC(struct label) labels;
    struct place *places;
    struct map by_name;       /* hash of a name → the first label of its chain */
    struct map behind, ahead; /* numeric labels, as the second pass goes: number → label; number → marks for the next one */
    struct err *e;
};

/* A place where a block begins: the instruction at STMT. */
struct site {
    uint32_t stmt;
    bool keep;                /* it must have a probe: who comes here is not known in this file */
    bool point;               /* it has one */
};
typedef VEC(struct site) insert_sites;

/* ERR_INPUT with the user's file and line. */
int insert_fail(const struct inserter *in, const struct stmt *s, const char *why);
bool insert_one_of(struct span s, const char *const *words);
/* The label that a branch's target names, NONE: not of this file, or numeric and not resolved. */
uint32_t insert_find_label(const struct inserter *in, struct span name);
bool insert_is_number(struct span s);

/* Clear `point` of every site that is not needed: afterwards no two paths from one point to the next have the same ends, and every
 * cycle has a point; and no further site could go. */
void insert_sparsen(const struct inserter *in, insert_sites *sites);

/* Write TEXT with its probes to OUT. */
int insert_emit(struct inserter *in, const char *text, size_t size, const struct probe_options *o, FILE *out);

#endif
