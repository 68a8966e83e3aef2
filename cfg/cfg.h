/* cfg: from a linked kernel ELF to its control-flow graph, loops and flow facts.
 *
 * Use.  image_open → cfg_build → (facts_read → cfg_apply_facts) → look → cfg_free → image_free. Everything that a cfg or image
 *       hands out is borrowed and lives as long as it does. All addresses are virtual; all indices are into cfg's arrays,
 *       NONE where there is nothing. Arrays are sorted by address, so results do not depend on the order of discovery.
 * Meaning. A basic block is a maximal straight line entered only at its first and left only at its last instruction; blocks are
 *       also split at every instrumentation point (docs/ARCHITECTURE.md), so a point is always the first instruction of a block.
 *       A function's graph is intraprocedural: a call ends its block, whose only edge (EDGE_RETURN) leads to where the callee
 *       returns; if no callee returns there is no edge. A jump to another function's entry is a tail call: no edge, but `calls`.
 * Unknown is fatal. What cannot be resolved (an indirect jump without a table, a call through a pointer, bytes that are no
 *       instruction) is in `unresolved`, and the block has `open` set. Nobody may treat such a block's successors as complete.
 * Assumed. What the proofs of jump tables and loop bounds rest on, beyond the code: calls follow the psABI (sp and the callee-saved registers
 *       come back, except those that the callee is seen to change without storing them; a callee does not know our stack frame unless an
 *       address of it was let out); read-only sections are not written; gp is __global_pointer$; traps give back every register.
 *       Other memory may change between any two loads, but an index that is loaded again for a table jump, with nothing stored or called since it
 *       was checked, is what was checked. A function whose address is nowhere seen to be made is only called where we see it
 *       (callers.h). Bounds that come from running the whole program (execute.h; their `why` says so) take its own memory to be written by
 *       nobody else; those that say `begins as the ELF says` also take the initial values of its variables for granted. */
#ifndef POTOROO_CFG_H
#define POTOROO_CFG_H

#include "base/base.h"

#define NONE UINT32_MAX

/* ---- ELF image (libelf, libdw) ------------------------------------------------------------------------------------ */

struct image;

enum point_kind { POINT_PROBE = 0, POINT_ENTER = 1, POINT_LEAVE = 2, POINT_SWITCH = 3 };
struct point {
    uint64_t addr;
    enum point_kind kind;
};
struct symbol {
    const char *name;
    uint64_t addr, size;
    bool function, object; /* STT_FUNC, STT_OBJECT */
};

/* Only a 64-bit little-endian RISC-V executable (ET_EXEC or ET_DYN) is accepted; anything else is ERR_INPUT naming what it is. */
struct image *image_open(const char *path, struct err *e);
void image_free(struct image *img);
const char *image_path(const struct image *img);
const char *image_build_id(const struct image *img); /* lower-case hex of the GNU build-id note, or the XXH3 of the file if it has none */
uint64_t image_entry(const struct image *img);
/* SIZE bytes at ADDR, from one loadable segment; NULL if not wholly in the file's part of one. */
const uint8_t *image_at(const struct image *img, uint64_t addr, size_t size);
bool image_is_code(const struct image *img, uint64_t addr);
uint64_t image_code_size(const struct image *img); /* bytes of code */
bool image_is_constant(const struct image *img, uint64_t addr, size_t size); /* in a segment or section nobody writes */
bool image_physical(const struct image *img, uint64_t addr, uint64_t *paddr); /* by the program headers */
/* The Ith loadable segment. False: there are no more. */
struct image_part {
    uint64_t lo, hi, paddr; /* [lo, hi) lies at paddr */
    uint64_t filled;        /* bytes from lo on that the file has; the rest is zeros */
    bool code;
};
bool image_part(const struct image *img, size_t i, struct image_part *part);
bool image_moves(const struct image *img); /* position-independent: may be loaded anywhere (ET_DYN) */
size_t image_symbols(const struct image *img, const struct symbol **symbols); /* sorted by address, then name */
const struct symbol *image_symbol(const struct image *img, const char *name); /* NULL: none. Two different ones: see image_symbol_count */
size_t image_symbol_count(const struct image *img, const char *name);
size_t image_points(const struct image *img, const struct point **points);    /* section .potoroo.points, sorted, without duplicates */
/* What is measured are records of the trace port: CFGs built from now on have a point at every block, and a return from a trap, where
 * the port tells that the kernel is left, is a block of its own. */
void image_use_port(struct image *img);
bool image_has_port(const struct image *img);
/* Source position of an address: false if DWARF says nothing. *file is relative to the compilation directory where possible. */
bool image_line(const struct image *img, uint64_t addr, const char **file, int *line);

/* ---- control-flow graph ------------------------------------------------------------------------------------------- */

enum edge_kind { EDGE_FALL, EDGE_TAKEN, EDGE_JUMP, EDGE_TABLE, EDGE_RETURN };
struct edge {
    uint32_t from, to; /* blocks of the same function */
    enum edge_kind kind;
};

enum block_end {
    END_FALL,      /* runs into the next block */
    END_BRANCH,    /* conditional; a side that is another function's entry is no edge but in `calls`: a conditional tail call */
    END_JUMP,      /* direct or through a resolved table; table entries that are other functions' entries are in `calls`: tail calls */
    END_CALL,      /* `calls`, then EDGE_RETURN, or on in function `resume` */
    END_TAIL,      /* jump to the functions in `calls`, which return to our caller */
    END_RETURN,    /* to the caller */
    END_TRAP_RETURN, /* sret, mret */
    END_STOP,      /* never goes on: a call that does not return (the callees are in `calls`), ebreak, a jump to itself */
    END_OPEN       /* unresolved or undecodable */
};
struct block {
    uint64_t addr;
    uint32_t size, insns;       /* bytes, instructions */
    uint32_t function;
    uint32_t point;             /* index into image_points (after image_use_port: the block's own), NONE: no point at addr */
    uint32_t edge, edges;       /* outgoing: cfg->edges[edge .. edge+edges) */
    uint32_t call, calls;       /* possible callees: cfg->calls[call .. call+calls), indices of functions */
    uint32_t resume;            /* END_CALL whose callees return to another function's entry (code that runs into the next symbol): that
                                 * function, tail-called after the callees; NONE otherwise */
    uint32_t loop;              /* innermost loop it is in, NONE */
    enum block_end end;
    bool open;                  /* callees or successors are not all known */
    bool never;                 /* a fact says it is not executed */
    bool switches;              /* a fact says that control goes on in another thread from here: a kernel entry is over where it comes here */
};
struct function {
    const char *name;           /* symbol, or "f_80000123" */
    uint64_t addr, size;
    uint32_t entry;             /* block */
    VEC(uint32_t) blocks;       /* sorted; a block shared by functions belongs to one, see END_TAIL */
    bool returns;
    uint32_t recursion;         /* at most this many activations of it at once, by fact; 1 = not recursive, 0 = recursive and no fact */
};
enum bound_origin { BOUND_NONE, BOUND_DERIVED, BOUND_PROVED, BOUND_FACT };
/* The bound counts the header's executions: it runs at most `max` times for each entry to the loop from outside (for an irreducible
 * loop: its entry blocks together). A derived bound is proved from the code; a fact may only sharpen it, and a fact below what the code is
 * sure to do is refused. */
struct loop {
    uint32_t header;            /* block; for an irreducible loop its first entry, all of them in `entries` */
    uint32_t parent, depth;     /* enclosing loop or NONE; outermost depth 1 */
    VEC(uint32_t) blocks;       /* sorted, inner loops' included */
    VEC(uint32_t) entries;      /* blocks of the loop with a predecessor outside (or the function's entry) */
    uint64_t max;
    enum bound_origin origin;
    const char *why;            /* the fact's reason or the derivation in words */
    const char *proof;          /* of a proved bound: the question in SMT-LIB that is unsatisfiable, a whole file; else NULL */
    bool endless;               /* nothing leaves it: no execution that ends comes here, and no bound is asked for */
};
/* A call or jump through a pointer is an open question: any of cfg_taken's functions may be meant. Those that its use speaks against are left out
 * where people are told of candidates (cfg/narrow.h), which changes nothing else. */
struct unresolved {
    uint64_t addr;
    uint32_t function;
    const char *why;
    bool pointer;
    uint64_t target;            /* if it is a constant that is no code, which; 0: none */
    uint64_t table;             /* if it is loaded from a table in memory that is written, where; 0: it is not */
};

struct exclusive {
    uint32_t a, b;              /* blocks that are never both executed in one kernel entry, by fact */
    const char *why;
};
enum memory_kind { MEMORY_CACHED, MEMORY_UNCACHED, MEMORY_DEVICE };
struct memory_fact {
    uint64_t lo, hi;            /* both included */
    enum memory_kind kind;
};

/* What code may rely on when it begins: grounds of miss-count coverage, never used to bound flow. */
enum assumption_kind {
    ASSUME_REGISTER,            /* lo <= register <= hi and it is a multiple of align: where `block` begins, or wherever code begins behind a probe */
    ASSUME_ALIGNED,             /* every load and store is naturally aligned */
    ASSUME_MISSES,              /* from the point at `block` to that at `to` at most `hi` look-ups miss: what has more is not reachable */
    ASSUME_CACHED               /* a load or store whose address no fact places is to memory of a `cached` range, or in no other range */
};
struct assumption {
    enum assumption_kind kind;
    uint32_t reg, block, to;    /* block: NONE: wherever */
    uint64_t lo, hi, align;
    const char *why;
};

struct cfg {
    const struct image *image;
    VEC(struct function) functions;
    VEC(struct block) blocks;
    VEC(struct edge) edges;
    VEC(uint32_t) calls;
    VEC(struct loop) loops;
    VEC(struct unresolved) unresolved;
    VEC(struct exclusive) exclusive;
    VEC(struct memory_fact) memory;
    VEC(struct assumption) assumptions;
    const char *unasked;        /* why no loop was put to the solver, NULL: they were */
    uint32_t indirect, indirect_resolved;
    struct arena *arena;
    struct cfg_private *own;    /* cfg's passes */
};

/* The CFG of everything reachable from the function symbols (STT_FUNC), the ELF's entry and the calls found on the way. */
struct cfg *cfg_build(const struct image *img, struct err *e);
/* The same with cfg_apply_facts (FACTS NULL: without), but quicker than one after the other. */
struct cfg *cfg_build_with(const struct image *img, const char *facts, struct err *e);
void cfg_free(struct cfg *g);

uint32_t cfg_block_at(const struct cfg *g, uint64_t addr);       /* the block that starts there, NONE */
uint32_t cfg_block_around(const struct cfg *g, uint64_t addr);   /* the block that contains it, NONE */
uint32_t cfg_function_named(const struct cfg *g, const char *name);
/* "SYMBOL", "FUNC+0xOFF" or "0xADDRESS" → address; ERR_INPUT says what was not found or is ambiguous. */
int cfg_place(const struct cfg *g, const char *text, uint64_t *addr, struct err *e);
const char *cfg_describe(const struct cfg *g, uint64_t addr);    /* "FUNC+0x12", in the cfg's arena; may be called by several threads at once */
/* The functions whose address code or data hold, sorted: the candidates of calls through pointers. The caller frees *functions. */
size_t cfg_taken(const struct cfg *g, uint32_t **functions);

/* Does an instruction of the block call another entry of the kernel (or of what is below it): ecall, ebreak? */
bool cfg_block_calls_out(const struct cfg *g, uint32_t block);

/* DEAD[f]: no execution that ends goes through function F: it never returns, and neither it nor what it calls returns from a trap, goes on in another
 * thread, or goes where is not known. KEEP (N addresses of blocks): places at which an execution is taken to end too. */
void cfg_dead_ends(const struct cfg *g, const uint64_t *keep, size_t n, bool *dead);

/* ---- code across rebuilds ------------------------------------------------------------------------------------------- */

/* SHAPE[i] becomes a digest of what the function's i-th block does: its instructions, with addresses named by their symbols and
 * jumps inside the function left to the graph. Equal in two builds: the same code, maybe elsewhere. */
void cfg_shapes(const struct cfg *g, uint32_t function, uint64_t *shape);
/* Its assembly, an array with a string an instruction; the caller owns the reference. */
json_t *cfg_block_text(const struct cfg *g, uint32_t block);

/* ---- flow facts ---------------------------------------------------------------------------------------------------- */

/* Read FILE.ff and apply it, on top of what was applied before. On failure *g is as it was: `elf "ID"|any`, loop, calls, jumps, exclusive, never, switch, recursion, memory, assume (DESIGN.md's contract). A place
 * is FUNC+0xOFF, SYMBOL, 0xADDR or FILE.c:LINE. A fact bound to another build, naming no loop or no block, or contradicting a derived bound is
 * ERR_INPUT with file:line. `calls` and `jumps` facts take part in discovery, so this rebuilds what depends on them. */
int cfg_apply_facts(struct cfg **g, const char *path, struct err *e);

void cfg_print(const struct cfg *g, FILE *out);              /* a table for people: functions, loops, what is unresolved */
/* What is still asked: a .ff file with one line a missing fact, its place and source position, to be filled in. ALL: candidates that were left out too. */
void cfg_facts_template(const struct cfg *g, bool all, FILE *out);
json_t *cfg_json(const struct cfg *g);                       /* DESIGN.md's contract, addresses as "0x…"; the caller owns the reference */
void cfg_dot(const struct cfg *g, const char *function, FILE *out); /* NULL: every function */
/* The functions that a path passes, with the path in red: each step goes from one block's beginning to another's (0: it ends there), so often, at
 * so many cycles in all. Between the two may lie blocks on which nothing is measured. -1: no block begins there; nothing is written. */
struct path_step {
    uint64_t from, to, count, cycles;
};
int cfg_dot_path(const struct cfg *g, const struct path_step *steps, size_t n, FILE *out, struct err *e);
/* A proved bound's question as a file, PREFIX with the name below; of all such loops, *written of them. */
int cfg_write_proof(const struct loop *l, const char *prefix, struct err *e);
int cfg_write_proofs(const struct cfg *g, const char *prefix, size_t *written, struct err *e);
/* The file's name, loop-DIGEST.smt2; "" if its bound is not proved. */
struct proof_name {
    char text[40];
};
struct proof_name cfg_proof_name(const struct loop *l);
/* Disassembly with source lines, blocks, ways on, loops and bounds; of all functions if NULL. */
void cfg_annotate(const struct cfg *g, const char *function, FILE *out);
/* A function as the purely functional program that it is (DESIGN.md, idea 1): one `let` a line. */
void cfg_print_functional(const struct cfg *g, uint32_t function, FILE *out);

#endif
