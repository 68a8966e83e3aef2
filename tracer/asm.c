#include "tracer/asm.h"

#include <ctype.h>

bool span_is(struct span s, const char *word) { return strlen(word) == s.len && memcmp(s.at, word, s.len) == 0; }

bool span_begins(struct span s, const char *prefix) {
    size_t n = strlen(prefix);
    return n <= s.len && memcmp(s.at, prefix, n) == 0;
}

struct span span_trim(struct span s) {
    while (s.len && isspace((unsigned char)*s.at))
        s.at++, s.len--;
    while (s.len && isspace((unsigned char)s.at[s.len - 1]))
        s.len--;
    return s;
}

static bool is_symbol(char c) { return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '$' || (c & 0x80); }

/* ---- cutting the text into statements ------------------------------------------------------------------------------ */

struct scan {
    const char *text, *p, *end;
    const char *name;
    uint32_t line;
    uint32_t file, source;         /* as of now: inline assembly's own, else that of the last .loc */
    uint32_t loc_file, loc_source;
    bool written;
    int macro_depth;
    VEC(uint32_t) numbered; /* .file N: index into out->files, by N; 0 where N was not declared */
    struct asm_text *out;
    struct err *e;
};

static int fail(struct scan *s, const char *why) {
    return err_set(s->e, ERR_INPUT, "%s: line %u of its assembly: %s", s->name, s->line, why);
}

/* Behind the string or character constant that begins at p. gas knows '\ escapes, and leaves out the closing ' if it likes. */
static const char *skip_quoted(struct scan *s, const char *p) {
    if (*p == '\'') {
        p += p + 1 < s->end && p[1] == '\\' ? 3 : 2;
        if (p > s->end)
            return NULL;
        return p < s->end && *p == '\'' ? p + 1 : p;
    }
    for (p++; p < s->end && *p != '"'; p++)
        if (*p == '\\')
            p++;
    return p < s->end ? p + 1 : NULL;
}

static uint32_t add_file(struct scan *s, struct span dir, struct span base) {
    char *path = dir.len && base.len && base.at[0] != '/' ? str_printf("%.*s/%.*s", (int)dir.len, dir.at, (int)base.len, base.at)
                                                           : str_printf("%.*s", (int)base.len, base.at);
    for (size_t i = 0; i < s->out->files.len; i++)
        if (strcmp(s->out->files.data[i], path) == 0) {
            free(path);
            return (uint32_t)i;
        }
    vec_push(&s->out->files, path);
    return (uint32_t)s->out->files.len - 1;
}

static struct span quoted(const char **p, const char *end) {
    const char *from = memchr(*p, '"', (size_t)(end - *p));
    const char *to = from ? memchr(from + 1, '"', (size_t)(end - from - 1)) : NULL;
    if (!to)
        return (struct span){*p, 0};
    *p = to + 1;
    return (struct span){from + 1, (size_t)(to - from - 1)};
}

/* gcc writes `# LINE "FILE" FLAGS` before inline assembly, and `# 0 "" 2` behind it. */
static void note_comment(struct scan *s, struct span c) {
    if (span_begins(c, "#APP"))
        s->written = true;
    else if (span_begins(c, "#NO_APP")) {
        s->written = false;
        s->file = s->loc_file;
        s->source = s->loc_source;
    } else if (c.len > 3 && c.at[1] == ' ' && isdigit((unsigned char)c.at[2])) {
        const char *p = c.at, *end = c.at + c.len;
        struct span file = quoted(&p, end);
        unsigned long line = strtoul(c.at + 2, NULL, 10);
        if (line && file.len) {
            s->file = add_file(s, (struct span){0}, file);
            s->source = (uint32_t)line;
        }
    }
}

/* `.file N "DIR" "FILE"` and `.loc N LINE …`. */
static void note_position(struct scan *s, const struct stmt *d) {
    struct span word;
    size_t at = 0;
    bool lo;
    if (!asm_word(d->args, &at, &word, &lo) || !isdigit((unsigned char)*word.at))
        return;
    unsigned long n = strtoul(word.at, NULL, 10);
    if (n > 100000)
        return;
    if (span_is(d->name, ".file")) {
        const char *p = word.at + word.len, *end = d->args.at + d->args.len;
        struct span a = quoted(&p, end), b = quoted(&p, end);
        while (s->numbered.len <= n)
            vec_push(&s->numbered, 0);
        s->numbered.data[n] = b.len ? add_file(s, a, b) : add_file(s, b, a);
    } else if (asm_word(d->args, &at, &word, &lo)) {
        s->loc_file = s->file = n < s->numbered.len ? s->numbered.data[n] : 0;
        s->loc_source = s->source = (uint32_t)strtoul(word.at, NULL, 10);
    }
}

static int note_macro(struct scan *s, struct span name) {
    if (span_is(name, ".macro") || span_is(name, ".rept") || span_is(name, ".irp") || span_is(name, ".irpc"))
        s->macro_depth++;
    else if (span_is(name, ".endm") || span_is(name, ".endr") || span_is(name, ".endmacro"))
        if (--s->macro_depth < 0)
            return fail(s, "a macro's end without its beginning");
    return 0;
}

static int push(struct scan *s, struct stmt st) {
    st.line = s->line;
    st.file = s->file;
    st.source = s->source;
    st.written = s->written;
    bool outside = s->macro_depth == 0;
    if (st.kind == STMT_DIRECTIVE && note_macro(s, st.name) < 0)
        return -1;
    st.macro = !outside && s->macro_depth > 0;
    vec_push(&s->out->stmts, st);
    if (st.kind == STMT_DIRECTIVE && (span_is(st.name, ".file") || span_is(st.name, ".loc")))
        note_position(s, &s->out->stmts.data[s->out->stmts.len - 1]);
    return 0;
}

/* The end of the statement's text at p: the line's end, a semicolon, or a comment. */
static const char *statement_end(struct scan *s, const char *p) {
    while (p && p < s->end && *p != '\n' && *p != ';' && *p != '#' && !(*p == '/' && p + 1 < s->end && (p[1] == '/' || p[1] == '*')))
        p = *p == '"' || *p == '\'' ? skip_quoted(s, p) : p + 1;
    return p;
}

static const char *name_end(struct scan *s, const char *p) {
    if (*p == '"')
        return skip_quoted(s, p);
    while (p < s->end && (is_symbol(*p) || *p == '\\' || *p == '@'))
        p++;
    return p;
}

/* One label, directive, instruction or assignment, from s->p on. */
static int scan_statement(struct scan *s) {
    const char *from = s->p, *to = name_end(s, from);
    if (!to)
        return fail(s, "a string without its end");
    if (to == from)
        return fail(s, "what is this?");
    struct stmt st = {.name = {from, (size_t)(to - from)}, .start = (size_t)(from - s->text)};
    if (*from == '"')
        st.name = (struct span){from + 1, (size_t)(to - from - 2)};
    const char *p = to;
    while (p < s->end && (*p == ' ' || *p == '\t'))
        p++;
    if (p < s->end && *p == ':') {
        st.kind = STMT_LABEL;
        s->p = p + 1;
        return push(s, st);
    }
    const char *end = statement_end(s, p);
    if (!end)
        return fail(s, "a string without its end");
    bool assigned = p < end && *p == '=';
    st.kind = assigned ? STMT_ASSIGN : *from == '.' ? STMT_DIRECTIVE : STMT_INSN;
    st.args = span_trim((struct span){p + assigned, (size_t)(end - p) - assigned});
    s->p = end;
    return push(s, st);
}

static int skip_comment(struct scan *s) {
    const char *p = s->p;
    if (*p == '/' && p + 1 < s->end && p[1] == '*') {
        for (p += 2; p + 1 < s->end && !(*p == '*' && p[1] == '/'); p++)
            s->line += *p == '\n';
        if (p + 1 >= s->end)
            return fail(s, "a comment without its end");
        s->p = p + 2;
        return 0;
    }
    const char *end = memchr(p, '\n', (size_t)(s->end - p));
    end = end ? end : s->end;
    if (*p == '#')
        note_comment(s, (struct span){p, (size_t)(end - p)});
    s->p = end;
    return 0;
}

int asm_scan(const char *text, size_t size, const char *name, struct asm_text *out, struct err *e) {
    struct scan s = {.text = text, .p = text, .end = text + size, .name = name, .line = 1, .out = out, .e = e};
    *out = (struct asm_text){0};
    vec_push(&out->files, str_dup(name));
    int rc = 0;
    while (rc == 0 && s.p < s.end) {
        char c = *s.p;
        if (c == '\n')
            s.line++;
        if (isspace((unsigned char)c) || c == ';')
            s.p++;
        else if (c == '#' || (c == '/' && s.p + 1 < s.end && (s.p[1] == '/' || s.p[1] == '*')))
            rc = skip_comment(&s);
        else
            rc = scan_statement(&s);
    }
    if (rc == 0 && s.macro_depth)
        rc = fail(&s, "a macro without its end");
    vec_free(&s.numbered);
    if (rc < 0)
        asm_free(out);
    return rc;
}

void asm_free(struct asm_text *t) {
    for (size_t i = 0; i < t->files.len; i++)
        free(t->files.data[i]);
    vec_free(&t->files);
    vec_free(&t->stmts);
}

/* ---- operands ------------------------------------------------------------------------------------------------------ */

static size_t skip_string(const char *p, size_t len) {
    size_t i = 1;
    while (i < len && p[i] != '"')
        i += p[i] == '\\' ? 2 : 1;
    return i < len ? i + 1 : len;
}

bool asm_operand(struct span *args, struct span *operand) {
    struct span a = span_trim(*args);
    if (!a.len)
        return false;
    size_t i = 0;
    for (int depth = 0; i < a.len && (depth > 0 || a.at[i] != ',');) {
        depth += a.at[i] == '(' ? 1 : a.at[i] == ')' ? -1 : 0;
        i += a.at[i] == '"' ? skip_string(a.at + i, a.len - i) : 1;
    }
    *operand = span_trim((struct span){a.at, i});
    *args = i < a.len ? (struct span){a.at + i + 1, a.len - i - 1} : (struct span){a.at + a.len, 0};
    return true;
}

/* Is what precedes offset AT of TEXT "%pcrel_lo("? */
static bool anchored(struct span text, size_t at) {
    static const char lo[] = "%pcrel_lo";
    const size_t n = sizeof lo - 1;
    size_t i = at;
    while (i > 0 && (text.at[i - 1] == ' ' || text.at[i - 1] == '('))
        i--;
    return i < at && i >= n && memcmp(text.at + i - n, lo, n) == 0;
}

bool asm_word(struct span text, size_t *at, struct span *word, bool *pcrel_lo) {
    size_t i = *at;
    while (i < text.len && !is_symbol(text.at[i]))
        i += text.at[i] == '"' ? skip_string(text.at + i, text.len - i) : 1;
    size_t from = i;
    while (i < text.len && is_symbol(text.at[i]))
        i++;
    *word = (struct span){text.at + from, i - from};
    *pcrel_lo = anchored(text, from);
    *at = i;
    return i > from;
}

bool asm_numeric(struct span word, uint32_t *number, bool *forward) {
    uint32_t n = 0;
    if (word.len < 2 || word.len > 9)
        return false;
    for (size_t i = 0; i + 1 < word.len; i++) {
        if (!isdigit((unsigned char)word.at[i]))
            return false;
        n = n * 10 + (uint32_t)(word.at[i] - '0');
    }
    char way = word.at[word.len - 1];
    *number = n;
    *forward = way == 'f';
    return way == 'f' || way == 'b';
}

/* ---- flow of control ----------------------------------------------------------------------------------------------- */

/* Where the operand that names the target is. */
enum target { TARGET_NONE, TARGET_FIRST, TARGET_LAST };

/* Every mnemonic and pseudo-instruction of gas and LLVM for RISC-V that can leave the straight line. jal and jalr are calls or jumps
 * by their first operand. ecall and ebreak are straight line: a trap taken there comes back by itself or never. */
static const struct opcode {
    char name[12];
    enum flow flow;
    enum target target;
} opcodes[] = {
    {"beq", FLOW_BRANCH, TARGET_LAST},    {"bne", FLOW_BRANCH, TARGET_LAST},    {"blt", FLOW_BRANCH, TARGET_LAST},
    {"bge", FLOW_BRANCH, TARGET_LAST},    {"bltu", FLOW_BRANCH, TARGET_LAST},   {"bgeu", FLOW_BRANCH, TARGET_LAST},
    {"bgt", FLOW_BRANCH, TARGET_LAST},    {"ble", FLOW_BRANCH, TARGET_LAST},    {"bgtu", FLOW_BRANCH, TARGET_LAST},
    {"bleu", FLOW_BRANCH, TARGET_LAST},   {"beqz", FLOW_BRANCH, TARGET_LAST},   {"bnez", FLOW_BRANCH, TARGET_LAST},
    {"blez", FLOW_BRANCH, TARGET_LAST},   {"bgez", FLOW_BRANCH, TARGET_LAST},   {"bltz", FLOW_BRANCH, TARGET_LAST},
    {"bgtz", FLOW_BRANCH, TARGET_LAST},   {"c.beqz", FLOW_BRANCH, TARGET_LAST}, {"c.bnez", FLOW_BRANCH, TARGET_LAST},
    {"j", FLOW_JUMP, TARGET_LAST},        {"c.j", FLOW_JUMP, TARGET_LAST},      {"jump", FLOW_JUMP, TARGET_FIRST},
    {"tail", FLOW_JUMP, TARGET_LAST},     {"jr", FLOW_JUMP, TARGET_NONE},       {"c.jr", FLOW_JUMP, TARGET_NONE},
    {"ret", FLOW_JUMP, TARGET_NONE},      {"mret", FLOW_JUMP, TARGET_NONE},     {"sret", FLOW_JUMP, TARGET_NONE},
    {"uret", FLOW_JUMP, TARGET_NONE},     {"dret", FLOW_JUMP, TARGET_NONE},     {"mnret", FLOW_JUMP, TARGET_NONE},
    {"cm.popret", FLOW_JUMP, TARGET_NONE},{"cm.popretz", FLOW_JUMP, TARGET_NONE},{"cm.jt", FLOW_JUMP, TARGET_NONE},
    {"call", FLOW_CALL, TARGET_LAST},     {"jal", FLOW_CALL, TARGET_LAST},      {"c.jal", FLOW_CALL, TARGET_LAST},
    {"jalr", FLOW_CALL, TARGET_NONE},     {"c.jalr", FLOW_CALL, TARGET_NONE},   {"cm.jalt", FLOW_CALL, TARGET_NONE},
};

static bool is_zero(struct span r) { return span_is(r, "zero") || span_is(r, "x0"); }

enum flow asm_flow(const struct stmt *s, struct span *target) {
    *target = (struct span){s->args.at, 0};
    if (s->kind != STMT_INSN)
        return FLOW_NEXT;
    const struct opcode *op = NULL;
    for (size_t i = 0; i < sizeof opcodes / sizeof *opcodes && !op; i++)
        if (span_is(s->name, opcodes[i].name))
            op = &opcodes[i];
    if (!op)
        return FLOW_NEXT;
    struct span args = s->args, operand, first = {s->args.at, 0}, last = first;
    size_t n = 0;
    while (asm_operand(&args, &operand)) {
        first = n++ ? first : operand;
        last = operand;
    }
    if (op->target != TARGET_NONE)
        *target = op->target == TARGET_FIRST ? first : last;
    bool links = span_is(s->name, "jal") || span_is(s->name, "jalr");
    return links && n > 1 && is_zero(first) ? FLOW_JUMP : op->flow;
}
