/* asm: RISC-V assembly text as gcc and clang write it, cut into statements; and what each instruction does to the flow of control.
 *
 * Nothing is copied: a statement is a span of the text, which must outlive it. */
#ifndef POTOROO_ASM_H
#define POTOROO_ASM_H

#include "base/base.h"

struct span {
    const char *at;
    size_t len;
};
bool span_is(struct span s, const char *word);
bool span_begins(struct span s, const char *prefix);
struct span span_trim(struct span s);

enum stmt_kind { STMT_LABEL, STMT_DIRECTIVE, STMT_INSN, STMT_ASSIGN /* NAME = EXPRESSION */ };
struct stmt {
    enum stmt_kind kind;
    struct span name;      /* label (without quotes and colon), directive with its dot, mnemonic, or assigned symbol */
    struct span args;      /* all behind the name, comments behind the statement excluded */
    size_t start;          /* offset of its first byte in the text */
    uint32_t line;         /* in the text, from 1 */
    uint32_t file, source; /* position in the user's source: index into asm_text.files and line; source 0: not known */
    bool written;          /* in inline assembly that gcc or clang marked as such (#APP … #NO_APP) */
    bool macro;            /* in the body of .macro, .rept, .irp or .irpc */
};
struct asm_text {
    VEC(struct stmt) stmts;
    VEC(char *) files;     /* the user's sources; [0] is NAME */
};

/* NAME is the source's name in messages. ERR_INPUT with NAME and line for an unterminated string, comment or macro. */
int asm_scan(const char *text, size_t size, const char *name, struct asm_text *out, struct err *e);
void asm_free(struct asm_text *t);

/* The next operand of *args (separated by commas outside of parentheses and strings), trimmed; false: none is left. */
bool asm_operand(struct span *args, struct span *operand);
/* The next symbol, register or number in TEXT from offset *at on (a run of symbol characters outside of strings), and whether
 * "%pcrel_lo(" precedes it; false: none is left. */
bool asm_word(struct span text, size_t *at, struct span *word, bool *pcrel_lo);
/* "12b" or "12f": true, and which. */
bool asm_numeric(struct span word, uint32_t *number, bool *forward);

enum flow {
    FLOW_NEXT,      /* goes on with the next instruction */
    FLOW_BRANCH,    /* conditional */
    FLOW_CALL,      /* comes back behind itself */
    FLOW_JUMP       /* does not go on here: jump, tail call, return */
};
/* *target: the operand that names where a direct branch, jump or call goes; length 0 if there is none. */
enum flow asm_flow(const struct stmt *s, struct span *target);

#endif
