/* ir: the purely functional intermediate form that every analysis asks. Public to cachemodel and analyzer.
 *
 * An expression is a bit vector of 1 to 64 bits, or a whole memory or CSR file (width 0), made of smaller expressions; nothing is ever
 * changed. Equal expressions are one node (hash-consing), so equality of references is equality of terms. Constructors simplify;
 * every simplification is an identity of modular arithmetic (the differential test in cfg/test runs every opcode through them).
 * Division, remainder and shifts mean what RISC-V defines: x/0 is all ones, x%0 is x, overflow wraps, a shift's amount is taken modulo
 * the width. */
#ifndef POTOROO_CFG_IR_H
#define POTOROO_CFG_IR_H

#include "cfg/insn.h"

typedef uint32_t ir_ref; /* 0: none */

#define IR_OPS(X)                                                                                                             \
    X(CONST, "") X(VAR, "") X(ADD, "+") X(SUB, "-") X(MUL, "*") X(MULH, "mulh") X(MULHSU, "mulhsu") X(MULHU, "mulhu")           \
    X(DIV, "/s") X(DIVU, "/u") X(REM, "%s") X(REMU, "%u") X(AND, "&") X(OR, "|") X(XOR, "^") X(SHL, "<<") X(SHR, ">>u")         \
    X(SAR, ">>s") X(EQ, "==") X(ULT, "<u") X(SLT, "<s") X(ITE, "if") X(ZEXT, "zext") X(SEXT, "sext") X(LOW, "low")             \
    X(LOAD, "load") X(STORE, "store") X(CSR, "csr") X(SETCSR, "setcsr") X(APPLY, "apply")
enum ir_op {
#define X(name, text) IR_##name,
    IR_OPS(X)
#undef X
};

struct ir_node {
    uint8_t op, width;
    bool stack;         /* contains the variable marked with ir_mark_stack */
    ir_ref a, b, c;     /* LOAD: memory, address; STORE: memory, address, value; ITE: condition, then, else */
    uint64_t imm;       /* CONST: value; VAR: identity; LOAD: tag; CSR: number | tag << 12; SETCSR: number; APPLY: function */
};
struct ir {
    VEC(struct ir_node) nodes; /* [0] is not used */
    uint32_t *table;
    size_t capacity;
    struct map lows;           /* remembered results of ir_low: it distributes over arithmetic */
    const struct image *img;   /* loads from constant memory at constant addresses are folded; may be NULL */
};

void ir_init(struct ir *ir, const struct image *img);
void ir_free(struct ir *ir);
void ir_reset(struct ir *ir); /* forgets every node */
static inline const struct ir_node *ir_at(const struct ir *ir, ir_ref r) { return &ir->nodes.data[r]; }
static inline uint64_t ir_mask(unsigned width) { return width >= 64 ? UINT64_MAX : (1ull << width) - 1; }
static inline int64_t ir_signed(uint64_t v, unsigned width) { return width >= 64 ? (int64_t)v : (int64_t)(v << (64 - width)) >> (64 - width); }
bool ir_is_const(const struct ir *ir, ir_ref r, uint64_t *v);

ir_ref ir_const(struct ir *ir, unsigned width, uint64_t v);
ir_ref ir_var(struct ir *ir, unsigned width, uint64_t id); /* width 0: a memory */
void ir_mark_stack(struct ir *ir, ir_ref var);
ir_ref ir_binary(struct ir *ir, enum ir_op op, ir_ref a, ir_ref b); /* ADD … SLT; both of one width */
ir_ref ir_not(struct ir *ir, ir_ref bit);
ir_ref ir_ite(struct ir *ir, ir_ref bit, ir_ref a, ir_ref b);
ir_ref ir_zext(struct ir *ir, ir_ref a, unsigned width);
ir_ref ir_sext(struct ir *ir, ir_ref a, unsigned width);
ir_ref ir_low(struct ir *ir, ir_ref a, unsigned width);
/* TAG: 0 for memory that only this code changes, else what tells this moment's load from any other's (memory may be shared or a device). */
ir_ref ir_load(struct ir *ir, ir_ref mem, ir_ref addr, unsigned width, uint64_t tag);
ir_ref ir_store(struct ir *ir, ir_ref mem, ir_ref addr, ir_ref value);
ir_ref ir_csr(struct ir *ir, ir_ref file, uint32_t number, uint64_t tag);
ir_ref ir_set_csr(struct ir *ir, ir_ref file, uint32_t number, ir_ref value);
ir_ref ir_apply(struct ir *ir, unsigned width, uint64_t function, ir_ref a, ir_ref b, ir_ref c); /* uninterpreted */

/* The operation on constants, as the constructors fold it. */
uint64_t ir_fold(enum ir_op op, unsigned width, uint64_t a, uint64_t b);

/* Concrete evaluation. VAR and LOAD (of an unchanged memory) and CSR ask the callbacks; false: not known, and so is the result. */
struct ir_env {
    bool (*var)(void *user, uint64_t id, uint64_t *v);
    bool (*byte)(void *user, uint64_t addr, uint8_t *v);
    bool (*csr)(void *user, uint32_t number, uint64_t *v);
    void *user;
    ir_ref given;       /* this node has the value given_value, 0: none */
    uint64_t given_value;
};
bool ir_eval(const struct ir *ir, ir_ref r, const struct ir_env *env, uint64_t *v);

/* One line: an expression, with nodes that NAMED says yes to by name only. */
typedef bool ir_named_fn(void *user, ir_ref r, char *name, size_t size);
void ir_print(const struct ir *ir, ir_ref r, ir_named_fn *named, void *user, FILE *out);

#endif
