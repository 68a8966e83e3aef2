#include "cfg/smt.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

/* A node may be defined twice: as a bit vector or memory (t), and as a CSR file (f): what a width-0 variable is, only its use says. */
enum sort { SORT_TERM, SORT_FILE, SORTS };
struct definition {
    ir_ref node;
    enum sort sort;
};
struct smt {
    const struct ir *ir;
    VEC(char) text;                 /* always with a NUL behind it that len does not count */
    VEC(uint32_t) number[SORTS];    /* of a node: its number in the text, 0: not defined */
    VEC(struct definition) defined; /* in the order of the text */
    uint32_t numbers;               /* given out */
    bool opaque;                    /* loads are unknowns */
    bool plain;                     /* no memories, no CSR files */
    VEC(char *) asked;
    VEC(uint64_t) value;
    VEC(uint32_t) core;
    uint64_t steps;                 /* of the last answer among several */
};

void smt_opaque_loads(struct smt *s) { s->opaque = true; }
void smt_without_arrays(struct smt *s) { s->opaque = s->plain = true; }

static const char *solver = "z3";
void smt_use_solver(const char *command) { solver = command ? command : "z3"; }

struct smt *smt_new(const struct ir *ir) {
    struct smt *s = mem_alloc(sizeof *s);
    s->ir = ir;
    vec_reserve(&s->text, 1);
    s->text.data[0] = 0;
    return s;
}

void smt_free(struct smt *s) {
    if (!s)
        return;
    for (size_t i = 0; i < s->asked.len; i++)
        free(s->asked.data[i]);
    vec_free(&s->asked);
    vec_free(&s->text);
    vec_free(&s->number[0]);
    vec_free(&s->number[1]);
    vec_free(&s->defined);
    vec_free(&s->value);
    vec_free(&s->core);
    free(s);
}

const char *smt_script(const struct smt *s) { return s->text.data; }

static void vput(struct smt *s, const char *fmt, va_list args) {
    va_list again;
    va_copy(again, args);
    size_t n = (size_t)vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    vec_reserve(&s->text, s->text.len + n + 1);
    vsnprintf(s->text.data + s->text.len, n + 1, fmt, args);
    s->text.len += n;
}

static void put(struct smt *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void put(struct smt *s, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    vput(s, fmt, args);
    va_end(args);
}

void smt_text(struct smt *s, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    vput(s, fmt, args);
    va_end(args);
    put(s, "\n");
}

/* ---- terms --------------------------------------------------------------------------------------------------------------- */

static const char *const memory_sort = "(Array (_ BitVec 64) (_ BitVec 8))", *const file_sort = "(Array (_ BitVec 12) (_ BitVec 64))";

static uint32_t *number_of(struct smt *s, ir_ref r, enum sort sort) {
    while (s->number[sort].len <= r)
        vec_push(&s->number[sort], 0);
    return &s->number[sort].data[r];
}

static struct smt_name literal(unsigned width, uint64_t v) {
    struct smt_name n;
    if (width % 4 == 0)
        snprintf(n.text, sizeof n.text, "#x%0*" PRIx64, (int)width / 4, v);
    else
        snprintf(n.text, sizeof n.text, "#b%u", (unsigned)v);
    return n;
}

/* Constants are written where they stand; those too long for that have definitions like any other term. */
static bool is_literal(const struct ir_node *n) { return n->op == IR_CONST && (n->width % 4 == 0 || n->width == 1); }

static struct smt_name name_of(struct smt *s, ir_ref r, enum sort sort) {
    const struct ir_node *n = ir_at(s->ir, r);
    struct smt_name name;
    if (is_literal(n))
        return literal(n->width, n->imm);
    snprintf(name.text, sizeof name.text, "%c%u", sort == SORT_FILE ? 'f' : 't', *number_of(s, r, sort));
    return name;
}

/* The sort in which a node uses its first operand, and its third: SETCSR's file and CSR's; an ITE passes its own on. */
static enum sort operand_sort(const struct ir_node *n, enum sort own, int operand) {
    if (n->op == IR_CSR || n->op == IR_SETCSR)
        return operand == 0 ? SORT_FILE : SORT_TERM;
    return n->op == IR_ITE && operand > 0 ? own : SORT_TERM;
}

static bool is_unknown(const struct smt *s, const struct ir_node *n) {
    return n->op == IR_VAR || (n->op == IR_LOAD && (n->imm || s->opaque)) || (n->op == IR_CSR && n->imm >> 12);
}

static void put_sort(struct smt *s, const struct ir_node *n, enum sort sort) {
    if (n->width)
        put(s, "(_ BitVec %u)", n->width);
    else
        put(s, "%s", sort == SORT_FILE ? file_sort : memory_sort);
}

/* RISC-V's division by zero: all ones, and the dividend as the remainder. SMT-LIB's unsigned one is the same, its signed one is not. */
static void put_divide(struct smt *s, const struct ir_node *n, const char *a, const char *b) {
    bool divide = n->op == IR_DIV;
    put(s, "(ite (= %s (_ bv0 %u)) ", b, n->width);
    if (divide)
        put(s, "(bvnot (_ bv0 %u))", n->width);
    else
        put(s, "%s", a);
    put(s, " (%s %s %s))", divide ? "bvsdiv" : "bvsrem", a, b);
}

static void put_high(struct smt *s, const struct ir_node *n, const char *a, const char *b) {
    unsigned w = n->width;
    const char *left = n->op == IR_MULHU ? "zero" : "sign", *right = n->op == IR_MULH ? "sign" : "zero";
    put(s, "((_ extract %u %u) (bvmul ((_ %s_extend %u) %s) ((_ %s_extend %u) %s)))", 2 * w - 1, w, left, w, a, right, w, b);
}

/* A shift's amount counts modulo the width. */
static void put_shift(struct smt *s, const struct ir_node *n, const char *a, const char *b) {
    const char *op = n->op == IR_SHL ? "bvshl" : n->op == IR_SHR ? "bvlshr" : "bvashr";
    put(s, "(%s %s (bvurem %s (_ bv%u %u)))", op, a, b, n->width, n->width);
}

static const char *plain_op(unsigned op) {
    switch (op) {
    case IR_ADD: return "bvadd";
    case IR_SUB: return "bvsub";
    case IR_MUL: return "bvmul";
    case IR_DIVU: return "bvudiv";
    case IR_REMU: return "bvurem";
    case IR_AND: return "bvand";
    case IR_OR: return "bvor";
    case IR_XOR: return "bvxor";
    }
    return NULL;
}

static void put_binary(struct smt *s, const struct ir_node *n, const char *a, const char *b) {
    switch (n->op) {
    case IR_DIV: case IR_REM: put_divide(s, n, a, b); return;
    case IR_MULH: case IR_MULHSU: case IR_MULHU: put_high(s, n, a, b); return;
    case IR_SHL: case IR_SHR: case IR_SAR: put_shift(s, n, a, b); return;
    case IR_EQ: put(s, "(ite (= %s %s) #b1 #b0)", a, b); return;
    case IR_ULT: put(s, "(ite (bvult %s %s) #b1 #b0)", a, b); return;
    case IR_SLT: put(s, "(ite (bvslt %s %s) #b1 #b0)", a, b); return;
    }
    put(s, "(%s %s %s)", plain_op(n->op), a, b);
}

/* Least significant byte at the lowest address. */
static void put_load(struct smt *s, const struct ir_node *n, const char *mem, const char *addr) {
    unsigned bytes = n->width / 8;
    if (bytes == 1) {
        put(s, "(select %s %s)", mem, addr);
        return;
    }
    put(s, "(concat");
    for (unsigned i = bytes; i-- > 1;)
        put(s, " (select %s (bvadd %s #x%016x))", mem, addr, i);
    put(s, " (select %s %s))", mem, addr);
}

static void put_store(struct smt *s, const struct ir_node *n, const char *mem, const char *addr, const char *value) {
    unsigned width = ir_at(s->ir, n->c)->width;
    for (unsigned i = 0; i < width / 8; i++)
        put(s, "(store ");
    put(s, "%s", mem);
    for (unsigned i = 0; i < width / 8; i++)
        put(s, " (bvadd %s #x%016x) ((_ extract %u %u) %s))", addr, i, 8 * i + 7, 8 * i, value);
}

static void put_term(struct smt *s, const struct ir_node *n, enum sort sort) {
    ir_ref kids[3] = {n->a, n->b, n->c};
    struct smt_name k[3] = {{""}, {""}, {""}};
    for (int i = 0; i < 3 && kids[i]; i++)
        k[i] = name_of(s, kids[i], operand_sort(n, sort, i));
    const char *a = k[0].text, *b = k[1].text, *c = k[2].text;
    switch (n->op) {
    case IR_CONST: put(s, "(_ bv%" PRIu64 " %u)", n->imm, n->width); return;
    case IR_ITE: put(s, "(ite (= %s #b1) %s %s)", a, b, c); return;
    case IR_ZEXT: case IR_SEXT:
        put(s, "((_ %s_extend %u) %s)", n->op == IR_ZEXT ? "zero" : "sign", n->width - ir_at(s->ir, n->a)->width, a);
        return;
    case IR_LOW: put(s, "((_ extract %u 0) %s)", n->width - 1u, a); return;
    case IR_LOAD: put_load(s, n, a, b); return;
    case IR_STORE: put_store(s, n, a, b, c); return;
    case IR_CSR: put(s, "(select %s (_ bv%" PRIu64 " 12))", a, n->imm & 4095); return;
    case IR_SETCSR: put(s, "(store %s (_ bv%" PRIu64 " 12) %s)", a, n->imm, b); return;
    }
    put_binary(s, n, a, b);
}

/* One function symbol for each function, result and operand widths; declared where it is used first. The text itself remembers. */
static struct smt_name function_of(struct smt *s, const struct ir_node *n) {
    ir_ref kids[3] = {n->a, n->b, n->c};
    char widths[32] = "", *declaration;
    struct smt_name name;
    for (int i = 0; i < 3 && kids[i]; i++)
        snprintf(widths + strlen(widths), sizeof widths - strlen(widths), "_%u", ir_at(s->ir, kids[i])->width);
    snprintf(name.text, sizeof name.text, "u%" PRIx64 "_%u%s", n->imm, n->width, widths);
    declaration = str_printf("(declare-fun %s (", name.text);
    if (!strstr(s->text.data, declaration)) {
        put(s, "%s", declaration);
        for (int i = 0; i < 3 && kids[i]; i++)
            put(s, "%s(_ BitVec %u)", i ? " " : "", ir_at(s->ir, kids[i])->width);
        put(s, ") (_ BitVec %u))\n", n->width);
    }
    free(declaration);
    return name;
}

static void put_apply(struct smt *s, const struct ir_node *n, struct smt_name f) {
    ir_ref kids[3] = {n->a, n->b, n->c};
    put(s, "(%s", f.text);
    for (int i = 0; i < 3 && kids[i]; i++)
        put(s, " %s", name_of(s, kids[i], SORT_TERM).text);
    put(s, ")");
}

/* ---- what is only said in part, without arrays -------------------------------------------------------------------------------------- */

/* Products of two unknowns and quotients cost the solver more than all else. They are unknowns of which this is said, all of it true: so whatever
 * the term can be, the translation can be. */
static bool is_constant(const struct smt *s, ir_ref r) { return ir_at(s->ir, r)->op == IR_CONST; }

static bool is_loose(const struct smt *s, const struct ir_node *n) {
    switch (n->op) {
    case IR_MUL: case IR_MULHU: return s->plain && n->width > 16 && !(n->op == IR_MUL && (is_constant(s, n->a) || is_constant(s, n->b)));
    case IR_MULH: case IR_MULHSU: case IR_DIV: case IR_DIVU: case IR_REM: case IR_REMU: return s->plain && n->width > 16;
    }
    return false;
}

static void say_divided(struct smt *s, const struct ir_node *n, const char *a, const char *b, const char *r) {
    bool is_signed = n->op == IR_DIV || n->op == IR_REM, quotient = n->op == IR_DIV || n->op == IR_DIVU;
    unsigned w = n->width;
    uint64_t d;
    put(s, "(assert (=> (= %s (_ bv0 %u)) (= %s ", b, w, r);
    if (quotient)
        put(s, "(bvnot (_ bv0 %u)))))\n", w);
    else
        put(s, "%s)))\n", a);
    if (is_signed)
        put(s, "(assert (=> (and (bvsge %s (_ bv0 %u)) (bvsgt %s (_ bv0 %u)))", a, w, b, w);
    else
        put(s, "(assert (=> (distinct %s (_ bv0 %u))", b, w);
    if (!quotient) {
        put(s, " (and (bvult %s %s) (bvule %s %s) (=> (bvule %s %s) (bvule %s (bvsub %s %s))) (=> (bvult %s %s) (= %s %s)))))\n", r, b, r, a, b, a, r, a, b, a, b, r, a);
        return;
    }
    put(s, " (and (bvule %s %s) (=> (bvult %s %s) (= %s (_ bv0 %u))) (=> (bvuge %s (_ bv2 %u)) (bvule %s (bvlshr %s (_ bv1 %u)))))))\n", r, a, a, b, r, w, b, w, r, a, w);
    if (ir_is_const(s->ir, n->b, &d) && d > 1 && ir_signed(d, w) > 0) /* all there is to say: the product does not wrap */
        put(s, "(assert (=> (%s %s (_ bv0 %u)) (and (bvule %s (_ bv%" PRIu64 " %u)) (bvule (bvmul %s %s) %s) (bvult (bvsub %s (bvmul %s %s)) %s))))\n",
            is_signed ? "bvsge" : "bvuge", a, w, r, ir_mask(w) / d, w, r, b, a, a, r, b, b);
}

static void say_loosely(struct smt *s, const struct ir_node *n, const char *r) {
    struct smt_name x = name_of(s, n->a, SORT_TERM), y = name_of(s, n->b, SORT_TERM);
    const char *a = x.text, *b = y.text;
    if (n->op == IR_MULHU)
        put(s, "(assert (and (bvule %s %s) (bvule %s %s)))\n", r, a, r, b);
    else if (n->op != IR_MUL && n->op != IR_MULH && n->op != IR_MULHSU)
        say_divided(s, n, a, b, r);
}

/* A bit vector's definition is a constant that is said to be equal to it: z3 reads hundreds of those a hundred times faster than as many
 * define-funs. A memory's is a define-fun, so that no equality of arrays has to be reasoned about. */
static void define(struct smt *s, struct definition d) {
    const struct ir_node *n = ir_at(s->ir, d.node);
    struct smt_name f = {""};
    if (n->op == IR_APPLY)
        f = function_of(s, n);
    *number_of(s, d.node, d.sort) = ++s->numbers;
    vec_push(&s->defined, d);
    struct smt_name name = name_of(s, d.node, d.sort);
    bool loose = is_loose(s, n), unknown = is_unknown(s, n) || loose, define = !n->width && !unknown;
    put(s, "(%s %s () ", define ? "define-fun" : "declare-fun", name.text);
    put_sort(s, n, d.sort);
    if (!unknown) {
        put(s, define ? " " : ")\n(assert (= %s ", name.text);
        if (n->op == IR_APPLY)
            put_apply(s, n, f);
        else
            put_term(s, n, d.sort);
        put(s, define ? "" : ")");
    }
    put(s, ")\n");
    if (loose)
        say_loosely(s, n, name.text);
}

/* Operands have smaller references than what is made of them, so definitions in the order of references define before use. */
static int by_node(const void *x, const void *y) {
    const struct definition *a = x, *b = y;
    return a->node != b->node ? (a->node > b->node ? 1 : -1) : (int)a->sort - (int)b->sort;
}

enum { PENDING = UINT32_MAX };

static void need(struct smt *s, ir_ref r, enum sort sort, struct definition **list, size_t *len, size_t *cap) {
    uint32_t *n = number_of(s, r, sort);
    if (*n || is_literal(ir_at(s->ir, r)))
        return;
    *n = (uint32_t)PENDING;
    if (*len == *cap)
        *list = vec_grow_(*list, cap, *len + 1, sizeof **list);
    (*list)[(*len)++] = (struct definition){r, sort};
}

static void define_all(struct smt *s, ir_ref r, enum sort sort) {
    struct definition *list = NULL;
    size_t len = 0, cap = 0;
    need(s, r, sort, &list, &len, &cap);
    for (size_t i = 0; i < len; i++) {
        const struct ir_node *n = ir_at(s->ir, list[i].node);
        ir_ref kids[3] = {n->a, n->b, n->c};
        enum sort own = list[i].sort;
        for (int k = 0; k < 3 && kids[k] && !is_unknown(s, n); k++)
            need(s, kids[k], operand_sort(n, own, k), &list, &len, &cap);
    }
    if (len)
        qsort(list, len, sizeof *list, by_node);
    for (size_t i = 0; i < len; i++)
        define(s, list[i]);
    free(list);
}

struct smt_name smt_term(struct smt *s, ir_ref term) {
    define_all(s, term, SORT_TERM);
    return name_of(s, term, SORT_TERM);
}

/* ---- assertions and questions ------------------------------------------------------------------------------------------------ */

void smt_assert(struct smt *s, ir_ref bit, uint32_t name) { smt_assert_text(s, name, "(= %s #b1)", smt_term(s, bit).text); }

void smt_assert_text(struct smt *s, uint32_t name, const char *fmt, ...) {
    va_list args;
    put(s, name == NONE ? "(assert " : "(assert (! ");
    va_start(args, fmt);
    vput(s, fmt, args);
    va_end(args);
    if (name == NONE)
        put(s, ")\n");
    else
        put(s, " :named a%u))\n", name);
}

size_t smt_ask_text(struct smt *s, const char *fmt, ...) {
    va_list args;
    char *text = NULL;
    va_start(args, fmt);
    if (vasprintf(&text, fmt, args) < 0)
        abort();
    va_end(args);
    vec_push(&s->asked, text);
    return s->asked.len - 1;
}

size_t smt_ask(struct smt *s, ir_ref term) { return smt_ask_text(s, "%s", smt_term(s, term).text); }

struct smt_mark smt_mark(const struct smt *s) {
    return (struct smt_mark){.text = s->text.len, .defined = s->defined.len, .asked = s->asked.len, .numbers = s->numbers};
}

void smt_rewind(struct smt *s, struct smt_mark m) {
    while (s->defined.len > m.defined) {
        struct definition d = s->defined.data[--s->defined.len];
        *number_of(s, d.node, d.sort) = 0;
    }
    while (s->asked.len > m.asked)
        free(s->asked.data[--s->asked.len]);
    s->numbers = m.numbers;
    s->text.len = m.text;
    s->text.data[m.text] = 0;
}

/* ---- the solver ---------------------------------------------------------------------------------------------------------------- */

/* Cores cost the solver some of its simplifications: only where something has a name. */
static bool has_names(const struct smt *s) { return strstr(s->text.data, ":named a"); }

static const char *logic_of(const struct smt *s) {
    return !s->plain ? "QF_AUFBV" : strstr(s->text.data, "(declare-fun u") ? "QF_UFBV" : "QF_BV";
}

static void put_question(const struct smt *s, FILE *out) {
    fputs("(set-option :error-behavior immediate-exit)\n(set-option :produce-models true)\n", out);
    if (has_names(s))
        fputs("(set-option :produce-unsat-cores true)\n", out);
    fprintf(out, "(set-logic %s)\n", logic_of(s));
    fwrite(s->text.data, 1, s->text.len, out);
    /* Of what follows, that which does not fit the answer is an error in the output: not looked at. */
    fputs("(check-sat)\n(set-option :error-behavior continued-execution)\n", out);
    if (has_names(s))
        fputs("(get-unsat-core)\n", out);
    for (size_t i = 0; i < s->asked.len; i++)
        fprintf(out, "%s%s%s", i ? "\n" : "(get-value (", s->asked.data[i], i + 1 < s->asked.len ? "" : "))\n");
}

/* Every STEP-th of several questions for one run of the solver, each behind a mark in its output; it forgets one before it reads the next. */
static void put_questions(struct smt *const *list, size_t n, size_t step, struct smt_limits limits, FILE *out) {
    for (size_t i = 0; i < n; i += step) {
        fprintf(out, "(echo \"question %zu\")\n(set-option :rlimit %" PRIu32 ")\n", i, limits.steps);
        put_question(list[i], out);
        fputs("(get-info :rlimit)\n(reset)\n", out);
    }
}

/* Files without names that the child finds under /dev/fd. */
static int nameless(FILE **question, int *in, int *out, struct err *e) {
    *in = memfd_create("question.smt2", 0);
    *out = memfd_create("answer", MFD_CLOEXEC);
    *question = *in < 0 || *out < 0 ? NULL : fdopen(dup(*in), "w");
    return *question ? 0 : err_set(e, ERR_INPUT, "no file for the solver's question: %m");
}

static char *answer_text(int fd) {
    off_t size = lseek(fd, 0, SEEK_END);
    char *text = mem_alloc((size_t)size + 1);
    if (pread(fd, text, (size_t)size, 0) != size)
        text[0] = 0;
    return text;
}

static bool read_value(const char **p, uint64_t *v) {
    const char *t = *p;
    char *end = NULL;
    if (t[0] == '#')
        *v = strtoull(t + 2, &end, t[1] == 'x' ? 16 : 2);
    else if (strncmp(t, "true", 4) == 0 || strncmp(t, "false", 5) == 0)
        *v = t[0] == 't', end = (char *)(uintptr_t)t + (t[0] == 't' ? 4 : 5);
    else if (isdigit((unsigned char)t[0]))
        *v = strtoull(t, &end, 10);
    *p = end;
    return end && end != t;
}

/* Behind the expression at P, which may be broken over lines in any way. */
static const char *skip(const char *p) {
    int depth = 0;
    p += strspn(p, " \n");
    do {
        if (*p == '(' || *p == ')')
            depth += *p++ == '(' ? 1 : -1;
        else
            p += strcspn(p, "() \n");
        p += depth ? strspn(p, " \n") : 0;
    } while (depth > 0 && *p);
    return p + strspn(p, " \n");
}

/* "((TERM VALUE) (TERM VALUE) …)", in the order of the questions. */
static int read_values(struct smt *s, const char *p, struct err *e) {
    s->value.len = 0;
    p = strstr(p, "((");
    for (size_t i = 0; i < s->asked.len; i++) {
        uint64_t v;
        p = p ? strchr(p + (i == 0), '(') : NULL;
        if (p)
            p = skip(p + 1);
        if (!p || !read_value(&p, &v))
            return err_set(e, ERR_INPUT, "%s: no value of %s in its answer", solver, s->asked.data[i]);
        vec_push(&s->value, v);
    }
    return 0;
}

static int by_number(const void *x, const void *y) {
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    return (a > b) - (a < b);
}

static int read_core(struct smt *s, const char *p, struct err *e) {
    p = strchr(p, '(');
    if (!p || strncmp(p, "(error", 6) == 0)
        return err_set(e, ERR_INPUT, "%s: no core in its answer", solver);
    for (p++; *p && *p != ')'; p++)
        if (*p == 'a') {
            char *end;
            vec_push(&s->core, (uint32_t)strtoul(p + 1, &end, 10));
            p = end - 1;
        }
    if (s->core.len)
        qsort(s->core.data, s->core.len, sizeof *s->core.data, by_number);
    return 0;
}

/* The answer is the first line; an error before it means that the text was not understood. */
static int read_answer(struct smt *s, const char *text, enum smt_answer *answer, struct err *e) {
    size_t first = strcspn(text, "\n");
    *answer = SMT_UNKNOWN;
    if (strncmp(text, "sat", first) == 0 && first == 3) {
        *answer = SMT_SAT;
        return read_values(s, text + first, e);
    }
    if (strncmp(text, "unsat", first) == 0 && first == 5) {
        *answer = SMT_UNSAT;
        s->core.len = 0;
        return has_names(s) ? read_core(s, text + first, e) : 0;
    }
    if (strncmp(text, "(error", 6) == 0 && !strstr(text, "out of memory"))
        return err_set(e, ERR_INPUT, "%s: %.*s", solver, (int)first, text);
    return 0;
}

/* A run of the solver. */
struct run {
    int in, out;
    pid_t pid;                /* 0: it has not begun, or is over */
    struct smt_limits limits;
    struct child_result result;
    char *text;               /* its output, when it is over */
};

static int begin_run(struct run *r, struct err *e) {
    char *steps = str_printf("rlimit=%" PRIu32, r->limits.steps), *path = str_printf("/dev/fd/%d", r->in);
    char *argv[] = {(char *)(uintptr_t)solver, "-smt2", steps, path, NULL};
    int rc = child_start(argv, (struct child_limits){r->limits.seconds, r->limits.bytes}, r->out, -1, &r->pid, e);
    if (rc < 0)
        r->pid = 0;
    free(steps);
    free(path);
    return rc;
}

static int finish_run(struct run *r, struct err *e) {
    int rc = child_wait(r->pid, (struct child_limits){r->limits.seconds, r->limits.bytes}, &r->result, e);
    r->pid = 0;
    r->text = rc == 0 ? answer_text(r->out) : NULL;
    return rc;
}

static int written(FILE *f, struct err *e) { return fclose(f) == 0 ? 0 : err_set(e, ERR_INPUT, "writing the solver's question: %m"); }

static void end_run(struct run *r) {
    if (r->pid)
        child_kill(r->pid);
    if (r->in >= 0)
        close(r->in);
    if (r->out >= 0)
        close(r->out);
    free(r->text);
}

int smt_solve(struct smt *s, struct smt_limits limits, enum smt_answer *answer, const char **why, struct err *e) {
    FILE *question = NULL;
    struct run r = {.limits = limits};
    int rc = nameless(&question, &r.in, &r.out, e);
    const char *reason = "the solver gave up";
    *answer = SMT_UNKNOWN;
    if (rc == 0) {
        put_question(s, question);
        rc = written(question, e);
    }
    if (rc == 0)
        rc = begin_run(&r, e);
    if (rc == 0)
        rc = finish_run(&r, e);
    if (rc == 0 && r.result.timed_out)
        reason = "the solver ran out of time";
    else if (rc == 0)
        rc = read_answer(s, r.text, answer, e);
    if (rc == 0 && !r.result.timed_out && *answer == SMT_UNKNOWN && r.result.status >= 101)
        reason = "the solver ran out of memory";
    end_run(&r);
    if (why)
        *why = reason;
    return rc;
}

/* Where the output on question I begins, cut off behind the last line of it; NULL: the solver did not come so far. */
static char *section(char *text, size_t i) {
    char mark[32];
    snprintf(mark, sizeof mark, "question %zu\n", i);
    char *begin = strstr(text, mark);
    if (!begin)
        return NULL;
    begin += strlen(mark);
    return begin;
}

enum { RUNS = 2 };            /* of the solver at a time, whatever the machine: what it answers might hang on what it was asked before */

static int begin_share(struct run *r, struct smt *const *list, size_t n, struct smt_limits limits, struct err *e) {
    FILE *questions = NULL;
    r->limits = (struct smt_limits){0, limits.seconds, limits.bytes};
    int rc = nameless(&questions, &r->in, &r->out, e);
    if (rc == 0) {
        put_questions(list, n, RUNS, limits, questions);
        rc = written(questions, e);
    }
    return rc == 0 ? begin_run(r, e) : -1;
}

static int read_share(struct run *r, struct smt *const *list, size_t n, struct smt_limits limits, enum smt_answer *answers, struct err *e) {
    int rc = finish_run(r, e);
    for (size_t i = (n - 1) / RUNS * RUNS + RUNS; i >= RUNS && rc == 0;) { /* from the back, so that each can be cut off */
        i -= RUNS;
        char *own = section(r->text, i), *steps = own ? strstr(own, "(:rlimit ") : NULL;
        list[i]->steps = steps ? strtoull(steps + 9, NULL, 10) : limits.steps;
        if (own && *own && !(r->result.timed_out && !strchr(own, '\n')))
            rc = read_answer(list[i], own, &answers[i], e);
        if (own)
            own[-1] = 0;
    }
    return rc;
}

int smt_solve_all(struct smt *const *list, size_t n, struct smt_limits limits, enum smt_answer *answers, struct err *e) {
    struct run run[RUNS];
    size_t runs = n < RUNS ? n : RUNS;
    int rc = 0;
    for (size_t i = 0; i < n; i++)
        answers[i] = SMT_UNKNOWN;
    for (size_t k = 0; k < runs; k++)
        run[k] = (struct run){.in = -1, .out = -1};
    for (size_t k = 0; k < runs && rc == 0; k++)
        rc = begin_share(&run[k], list + k, n - k, limits, e);
    for (size_t k = 0; k < runs && rc == 0; k++)
        rc = read_share(&run[k], list + k, n - k, limits, answers + k, e);
    for (size_t k = 0; k < runs; k++)
        end_run(&run[k]);
    return rc;
}

uint64_t smt_steps(const struct smt *s) { return s->steps; }

uint64_t smt_value(const struct smt *s, size_t asked) { return s->value.data[asked]; }

size_t smt_core(const struct smt *s, const uint32_t **names) {
    *names = s->core.data;
    return s->core.len;
}

static void put_comment(const char *comment, FILE *out) {
    for (const char *p = comment; p && *p;) {
        size_t n = strcspn(p, "\n");
        fprintf(out, "; %.*s\n", (int)n, p);
        p += n + (p[n] == '\n');
    }
}

static void put_file(const struct smt *s, const char *comment, enum smt_answer expected, FILE *out) {
    put_comment(comment, out);
    fprintf(out, "(set-logic %s)\n(set-info :status %s)\n", logic_of(s), expected == SMT_SAT ? "sat" : expected == SMT_UNSAT ? "unsat" : "unknown");
    fwrite(s->text.data, 1, s->text.len, out);
    fputs("(check-sat)\n(exit)\n", out);
}

int smt_write(const struct smt *s, const char *path, const char *comment, enum smt_answer expected, struct err *e) {
    struct atomic_file *f = atomic_open(path, e);
    if (!f)
        return -1;
    put_file(s, comment, expected, atomic_stream(f));
    return atomic_commit(f, e);
}

char *smt_text_of(const struct smt *s, const char *comment, enum smt_answer expected) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    put_file(s, comment, expected, out);
    fclose(out);
    return text;
}
