/* Probe insertion into compiler-written RISC-V assembly.
 *
 * Where. A probe belongs at each place where a basic block of the linked binary can begin: at a label that control can reach
 * otherwise than by falling into it (a branch or jump names it, data or an instruction takes its address, or it may be known outside of
 * this file), and behind every conditional branch and every call. A probe too many costs time, a probe too few loses an edge; so
 * whatever is in doubt is a boundary, and what cannot be read (jumps in macros, raw bytes in code, targets such as .+8) is an error.
 * When. A boundary is remembered until the next instruction, so that a label, alignment and .cfi directives keep their place and a
 * block reached both ways gets one probe. Labels that only anchor a %pcrel_lo stay with their auipc: the probe goes before them.
 * LR/SC. No probe goes between a load-reserved and its store-conditional: the probe's stores would break the reservation. */
#include "tracer/asm.h"
#include "tracer/tracer.h"

#include <ctype.h>

struct section {
    struct span name;
    bool code, skip;          /* skip: the author asked for no probes here */
};
struct label {
    struct span name;
    uint32_t next;            /* in its hash chain, NONE */
    uint32_t stmt;            /* where it stands */
    bool code, boundary, anchor;
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

enum mark { MARK_BOUNDARY = 1, MARK_ANCHOR = 2 };

static int fail(const struct inserter *in, const struct stmt *s, const char *why) {
    const char *end = s->args.len ? s->args.at + s->args.len : s->name.at + s->name.len;
    int len = (int)(end - s->name.at);
    if (!s->source)
        return err_set(in->e, ERR_INPUT, "%s: line %u of its assembly: `%.*s`: %s", in->name, s->line, len, s->name.at, why);
    return err_set(in->e, ERR_INPUT, "%s:%u: `%.*s`: %s", in->text->files.data[s->file], s->source, len, s->name.at, why);
}

static bool one_of(struct span s, const char *const *words) {
    for (; *words; words++)
        if (span_is(s, *words))
            return true;
    return false;
}

/* ---- sections ------------------------------------------------------------------------------------------------------ */

struct section_stack {
    uint32_t current, previous;
    VEC(uint32_t) pushed;     /* pairs: current, previous */
};

static bool is_code(struct span name, struct span flags) {
    if (flags.len)
        return memchr(flags.at, 'x', flags.len) != NULL;
    return span_begins(name, ".text") || span_begins(name, ".init") || span_begins(name, ".fini");
}

static uint32_t section_named(struct inserter *in, struct span name, struct span flags) {
    for (size_t i = 0; i < in->sections.len; i++) {
        const struct section *s = &in->sections.data[i];
        if (s->name.len == name.len && memcmp(s->name.at, name.at, name.len) == 0)
            return (uint32_t)i;
    }
    struct section s = {.name = name, .code = is_code(name, flags), .skip = span_begins(name, ".noprobe")};
    vec_push(&in->sections, s);
    return (uint32_t)in->sections.len - 1;
}

static struct span unquote(struct span s) {
    if (s.len >= 2 && s.at[0] == '"' && s.at[s.len - 1] == '"')
        return (struct span){s.at + 1, s.len - 2};
    return s;
}

static void switch_to(struct section_stack *st, uint32_t section) {
    st->previous = st->current;
    st->current = section;
}

/* Follow a directive that changes the section; false: it is no such directive. */
static bool follow_section(struct inserter *in, struct section_stack *st, const struct stmt *d) {
    static const char *const plain[] = {".text", ".data", ".bss", ".rodata", ".sdata", ".sbss", NULL};
    struct span args = d->args, name = {d->args.at, 0}, flags = name;
    if (span_is(d->name, ".section") || span_is(d->name, ".pushsection")) {
        asm_operand(&args, &name);
        while (asm_operand(&args, &flags) && (!flags.len || flags.at[0] != '"')) /* .pushsection NAME, SUBSECTION, "FLAGS" */
            flags.len = 0;
        if (span_is(d->name, ".pushsection")) {
            vec_push(&st->pushed, st->current);
            vec_push(&st->pushed, st->previous);
        }
        switch_to(st, section_named(in, unquote(name), unquote(flags)));
    } else if (one_of(d->name, plain)) {
        switch_to(st, section_named(in, d->name, flags));
    } else if (span_is(d->name, ".previous")) {
        switch_to(st, st->previous);
    } else if (span_is(d->name, ".popsection") && st->pushed.len >= 2) {
        st->previous = st->pushed.data[--st->pushed.len];
        st->current = st->pushed.data[--st->pushed.len];
    } else {
        return false;
    }
    return true;
}

/* ---- labels -------------------------------------------------------------------------------------------------------- */

static uint32_t find_label(const struct inserter *in, struct span name) {
    uint64_t i = NONE;
    map_get(&in->by_name, hash_bytes(name.at, name.len, 0), &i);
    while (i != NONE && !(in->labels.data[i].name.len == name.len && memcmp(in->labels.data[i].name.at, name.at, name.len) == 0))
        i = in->labels.data[i].next;
    return (uint32_t)i;
}

static bool is_number(struct span s) {
    for (size_t i = 0; i < s.len; i++)
        if (!isdigit((unsigned char)s.at[i]))
            return false;
    return s.len > 0;
}

static uint32_t add_label(struct inserter *in, struct span name, size_t stmt, bool code) {
    uint32_t index = (uint32_t)in->labels.len;
    struct label l = {.name = name, .next = NONE, .stmt = (uint32_t)stmt, .code = code};
    if (!is_number(name)) {
        uint64_t key = hash_bytes(name.at, name.len, 0), head = NONE;
        map_get(&in->by_name, key, &head);
        l.next = (uint32_t)head;
        l.boundary = !span_begins(name, ".L") && name.at[0] != '$';
        map_put(&in->by_name, key, index);
    }
    vec_push(&in->labels, l);
    return index;
}

/* What would make places in code that the labels do not show: subsections, and labels in disguise (`NAME = .`). */
static int check_structure(struct inserter *in, const struct stmt *s) {
    static const char *const sets[] = {".set", ".equ", ".equiv", NULL};
    struct span word;
    size_t at = 0;
    if (s->kind == STMT_DIRECTIVE && span_is(s->name, ".subsection"))
        return fail(in, s, "a subsection of code: no probes can be placed");
    if (s->kind == STMT_ASSIGN || (s->kind == STMT_DIRECTIVE && one_of(s->name, sets)))
        for (bool lo; asm_word(s->args, &at, &word, &lo);)
            if (span_is(word, "."))
                return fail(in, s, "a place in code that is no label: no probes can be placed");
    return 0;
}

/* First pass: which section each statement is in, and every label. */
static int find_places(struct inserter *in) {
    struct section_stack st = {0};
    int rc = 0;
    st.current = st.previous = section_named(in, (struct span){".text", 5}, (struct span){"", 0});
    for (size_t i = 0; i < in->text->stmts.len && rc == 0; i++) {
        const struct stmt *s = &in->text->stmts.data[i];
        if (s->kind == STMT_DIRECTIVE && !s->macro)
            follow_section(in, &st, s);
        in->places[i] = (struct place){st.current, NONE, 0};
        const struct section *section = &in->sections.data[st.current];
        if (s->kind == STMT_LABEL && !s->macro)
            in->places[i].label = add_label(in, s->name, i, section->code);
        if (section->code && !section->skip)
            rc = check_structure(in, s);
    }
    vec_free(&st.pushed);
    return rc;
}

/* ---- references ---------------------------------------------------------------------------------------------------- */

static void mark_label(struct label *l, unsigned marks) {
    l->boundary |= (marks & MARK_BOUNDARY) != 0;
    l->anchor |= (marks & MARK_ANCHOR) != 0;
}

static void mark_word(struct inserter *in, struct span word, unsigned mark) {
    uint32_t number, index;
    bool forward;
    uint64_t found = NONE;
    if (!asm_numeric(word, &number, &forward)) {
        if ((index = find_label(in, word)) != NONE)
            mark_label(&in->labels.data[index], mark);
    } else if (forward) {
        uint64_t marks = 0;
        map_get(&in->ahead, number, &marks);
        map_put(&in->ahead, number, marks | mark);
    } else if (map_get(&in->behind, number, &found)) {
        mark_label(&in->labels.data[found], mark);
    }
}

static void mark_words(struct inserter *in, struct span text) {
    struct span word;
    size_t at = 0;
    for (bool lo; asm_word(text, &at, &word, &lo);)
        mark_word(in, word, lo ? MARK_ANCHOR : MARK_BOUNDARY);
}

static void pass_numeric(struct inserter *in, uint32_t label) {
    struct label *l = &in->labels.data[label];
    if (!is_number(l->name))
        return;
    uint64_t number = strtoull(l->name.at, NULL, 10), marks = 0;
    map_get(&in->ahead, number, &marks);
    mark_label(l, (unsigned)marks);
    map_put(&in->ahead, number, 0);
    map_put(&in->behind, number, label);
}

/* Directives that name labels without making them reachable. */
static bool is_passive(struct span d) {
    static const char *const names[] = {
        ".size", ".type", ".loc", ".file", ".globl", ".global", ".weak", ".local", ".hidden", ".protected", ".internal", ".comm", ".lcomm",
        ".ident", ".section", ".pushsection", ".popsection", ".previous", ".text", ".data", ".bss", ".string", ".ascii", ".asciz",
        ".attribute", ".option", ".addrsig", ".addrsig_sym", ".symver", ".align", ".balign", ".p2align", NULL};
    return span_begins(d, ".cfi_") || one_of(d, names);
}

static bool is_debug(struct span section) { return span_begins(section, ".debug") || span_begins(section, ".eh_frame"); }

static int check_target(struct inserter *in, const struct stmt *s, struct span target) {
    struct span word, rest;
    size_t at = 0;
    uint32_t number;
    bool lo, forward, ok = asm_word(target, &at, &word, &lo) && word.at == target.at;
    rest = (struct span){target.at + at, target.len - at};
    ok = ok && (!rest.len || span_is(rest, "@plt")) && !span_is(word, ".");
    if (ok && isdigit((unsigned char)*word.at))
        ok = asm_numeric(word, &number, &forward);
    return ok ? 0 : fail(in, s, "where this goes is not a label, so no probe can be placed there");
}

static int check_registers(struct inserter *in, const struct stmt *s) {
    static const char *const reserved[] = {"s9", "s10", "s11", "x25", "x26", "x27", NULL};
    struct span word;
    size_t at = 0;
    for (bool lo; asm_word(s->args, &at, &word, &lo);)
        if (one_of(word, reserved))
            return fail(in, s, "s9, s10 and s11 are reserved for probes");
    return 0;
}

/* `.insn` can encode any instruction; those that jump would go unseen. */
static int check_insn(struct inserter *in, const struct stmt *s) {
    static const char *const jumps[] = {"b", "sb", "j", "uj", "cb", "cj", "cr", "BRANCH", "JAL", "JALR",
                                        "0x63", "0x67", "0x6f", "0x6F", "99", "103", "111", NULL};
    struct span word;
    size_t at = 0;
    bool lo;
    for (int i = 0; i < 2 && asm_word(s->args, &at, &word, &lo); i++) /* format and opcode */
        if (one_of(word, jumps) || (i == 0 && isdigit((unsigned char)*word.at)))
            return fail(in, s, "an instruction given by its encoding, which may jump: no probes can be placed");
    return 0;
}

static int check_macro(struct inserter *in, const struct stmt *s) {
    struct span target;
    if (s->kind == STMT_LABEL || asm_flow(s, &target) != FLOW_NEXT || s->name.at[0] == '\\' || span_is(s->name, ".insn"))
        return fail(in, s, "control flow in an assembler macro or repetition: no probes can be placed");
    return 0;
}

/* Second pass, one statement: what it refers to, and whether we can deal with it. */
static int refer(struct inserter *in, size_t i) {
    const struct stmt *s = &in->text->stmts.data[i];
    const struct section *section = &in->sections.data[in->places[i].section];
    bool ours = section->code && !section->skip;
    struct span target;
    if (s->macro && ours && check_macro(in, s) < 0)
        return -1;
    if (in->places[i].label != NONE)
        pass_numeric(in, in->places[i].label);
    else if (s->kind == STMT_INSN || s->kind == STMT_ASSIGN)
        mark_words(in, s->args);
    else if (s->kind == STMT_DIRECTIVE && !is_debug(section->name) && !is_passive(s->name))
        mark_words(in, s->args);
    if (!ours)
        return 0;
    if (s->kind == STMT_DIRECTIVE && span_is(s->name, ".insn"))
        return check_insn(in, s) < 0 ? -1 : check_registers(in, s);
    if (s->kind != STMT_INSN)
        return 0;
    asm_flow(s, &target);
    if (target.len && !s->macro && check_target(in, s, target) < 0)
        return -1;
    return check_registers(in, s);
}

/* ---- reach --------------------------------------------------------------------------------------------------------- */

/* A conditional branch spans 4 KiB. gas turns one that does not reach into an inverted branch over a jump; LLVM's assembler does not,
 * so where the compiler is clang that happens here, to every branch that may not reach by an upper bound of all sizes. */
enum { PROBE_BYTES = 24, BRANCH_SPAN = 4000 };

static uint64_t most_bytes(const struct stmt *s) {
    struct span target, first, args = s->args;
    uint64_t n = 0;
    if (s->kind == STMT_LABEL)
        return PROBE_BYTES;
    if (s->kind == STMT_INSN) /* li takes up to 8 instructions, other pseudo-instructions up to 3 */
        return span_is(s->name, "li") ? 32 : asm_flow(s, &target) == FLOW_NEXT ? 12 : 12 + PROBE_BYTES;
    if (span_is(s->name, ".align") || span_is(s->name, ".p2align"))
        return asm_operand(&args, &first) && first.len < 3 ? (uint64_t)1 << strtoul(first.at, NULL, 10) % 64 : 0;
    while (asm_operand(&args, &first)) /* data: no element is larger than this */
        n += 16;
    return s->kind == STMT_DIRECTIVE && !span_begins(s->name, ".cfi_") && !span_is(s->name, ".loc") ? n : 0;
}

static void measure(struct inserter *in) {
    uint64_t *size = mem_alloc(in->sections.len * sizeof *size);
    for (size_t i = 0; i < in->text->stmts.len; i++) {
        in->places[i].offset = size[in->places[i].section];
        size[in->places[i].section] += most_bytes(&in->text->stmts.data[i]);
    }
    free(size);
}

static const char *inverse_of(struct span branch) {
    static const char *const pairs[][2] = {{"beq", "bne"},   {"blt", "bge"},   {"bltu", "bgeu"}, {"bgt", "ble"},
                                           {"bgtu", "bleu"}, {"beqz", "bnez"}, {"blez", "bgtz"}, {"bgez", "bltz"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        for (int k = 0; k < 2; k++)
            if (span_is(branch, pairs[i][k]))
                return pairs[i][1 - k];
    return NULL;
}

static bool may_not_reach(const struct inserter *in, size_t i, struct span target) {
    uint32_t label = find_label(in, target);
    const struct place *at = &in->places[i], *to = label == NONE ? NULL : &in->places[in->labels.data[label].stmt];
    if (!to || to->section != at->section) /* another file's, another section's, or a numeric label, which is near */
        return to != NULL;
    return (to->offset > at->offset ? to->offset - at->offset : at->offset - to->offset) > BRANCH_SPAN;
}

/* ---- emission ------------------------------------------------------------------------------------------------------ */

struct emitter {
    struct inserter *in;
    const char *text;
    size_t size, copied;      /* text up to `copied` is out */
    bool *pending;            /* by section: a block begins at the next instruction */
    size_t hold;              /* offset of the anchor labels that the next instruction needs before it, SIZE_MAX */
    size_t reserved;          /* index of the store-conditional up to which no probe may go; 0: none */
    struct span function;
    uint32_t count, turned;
    bool reach;               /* help branches that may not reach */
    FILE *out, *map;
};

/* docs/ARCHITECTURE.md, "Probes on the target". */
static void put_probe(struct emitter *m) {
    fprintf(m->out,
            ".Lpotoroo%u:\n\tauipc\ts9,0\n\tsw\ts9,0(s10)\n\tsd\tzero,8(s11)\n\tld\ts9,0(s11)\n\tsw\ts9,4(s10)\n\taddi\ts10,s10,8\n"
            "\t.pushsection\t.potoroo.points,\"\",@progbits\n\t.quad\t.Lpotoroo%u,0\n\t.popsection\n",
            m->count, m->count);
}

static void put_map(struct emitter *m, const struct stmt *s) {
    if (!m->map)
        return;
    fprintf(m->map, "%s\t%u\t%.*s\t", m->in->name, m->count, (int)m->function.len, m->function.at);
    if (s->source)
        fprintf(m->map, "%s:%u\n", m->in->text->files.data[s->file], s->source);
    else
        fputs("-\n", m->map);
}

/* Before the statement, on lines of its own. */
static void flush(struct emitter *m, size_t i) {
    const struct stmt *s = &m->in->text->stmts.data[i];
    bool *pending = &m->pending[m->in->places[i].section];
    bool wanted = *pending && i > m->reserved;
    *pending = false;
    if (!wanted)
        return;
    size_t at = m->hold != SIZE_MAX ? m->hold : s->start, line = at;
    while (line > m->copied && (m->text[line - 1] == ' ' || m->text[line - 1] == '\t'))
        line--;
    bool fresh = line == 0 || m->text[line - 1] == '\n';
    at = fresh ? line : at;
    fwrite(m->text + m->copied, 1, at - m->copied, m->out);
    m->copied = at;
    if (!fresh)
        fputc('\n', m->out);
    put_probe(m);
    put_map(m, s);
    m->count++;
}

/* The index of the store-conditional that belongs to the load-reserved at I, 0 if it has none. The architecture's constrained
 * loops have at most 16 instructions. */
static size_t conditional_of(const struct asm_text *t, size_t i) {
    for (int insns = 0; ++i < t->stmts.len && insns < 16;)
        if (t->stmts.data[i].kind == STMT_INSN) {
            if (span_begins(t->stmts.data[i].name, "sc."))
                return i;
            insns++;
        }
    return 0;
}

static int emit_label(struct emitter *m, size_t i) {
    const struct stmt *s = &m->in->text->stmts.data[i];
    const struct label *l = &m->in->labels.data[m->in->places[i].label];
    if (l->boundary && (l->anchor || m->hold != SIZE_MAX))
        return fail(m->in, s, "a jump's target at a %pcrel_lo anchor: no probe can be placed");
    if (l->anchor && m->hold == SIZE_MAX)
        m->hold = s->start;
    if (l->boundary)
        m->pending[m->in->places[i].section] = true;
    if (!is_number(s->name) && !span_begins(s->name, ".L"))
        m->function = s->name;
    return 0;
}

/* The branch at I becomes its inverse over a jump. */
static void turn_branch(struct emitter *m, size_t i, struct span target) {
    const struct stmt *s = &m->in->text->stmts.data[i];
    const char *inverse = inverse_of(s->name);
    if (!inverse)
        return;
    fwrite(m->text + m->copied, 1, s->start - m->copied, m->out);
    fprintf(m->out, "%s\t%.*s.Lpotoroo_near%u\n\tj\t%.*s\n.Lpotoroo_near%u:", inverse, (int)(target.at - s->args.at), s->args.at, m->turned,
            (int)target.len, target.at, m->turned);
    m->copied = (size_t)(s->args.at + s->args.len - m->text);
    m->turned++;
}

static void emit_insn(struct emitter *m, size_t i) {
    const struct stmt *s = &m->in->text->stmts.data[i];
    struct span target;
    flush(m, i);
    m->hold = SIZE_MAX;
    if (span_begins(s->name, "lr."))
        m->reserved = conditional_of(m->in->text, i);
    enum flow flow = asm_flow(s, &target);
    if (m->reach && flow == FLOW_BRANCH && may_not_reach(m->in, i, target))
        turn_branch(m, i, target);
    m->pending[m->in->places[i].section] = flow == FLOW_BRANCH || flow == FLOW_CALL;
}

static int emit_directive(struct emitter *m, size_t i) {
    static const char *const ends[] = {".cfi_endproc", ".size", NULL};
    static const char *const repeats[] = {".rept", ".irp", ".irpc", NULL};
    static const char *const merges[] = {".else", ".elseif", ".endif", NULL};
    static const char *const bytes[] = {".byte", ".1byte", ".2byte", ".4byte", ".8byte", ".half", ".short", ".hword", ".word", ".long",
                                        ".int", ".dword", ".quad", ".octa", ".ascii", ".asciz", ".string", ".zero", ".space", ".skip",
                                        ".fill", ".incbin", ".org", NULL};
    const struct stmt *s = &m->in->text->stmts.data[i];
    bool *pending = &m->pending[m->in->places[i].section];
    if (span_is(s->name, ".insn"))
        emit_insn(m, i);
    else if (one_of(s->name, ends))
        *pending = false;
    else if (one_of(s->name, merges))
        *pending = true;
    else if (one_of(s->name, repeats) || span_begins(s->name, ".if"))
        flush(m, i);
    else if (one_of(s->name, bytes)) {
        if (s->written)
            return fail(m->in, s, "bytes in code: instructions or data? Say .insn, or put them in a section of data");
        *pending = false;
    }
    return 0;
}

static int emit(struct emitter *m) {
    const struct inserter *in = m->in;
    int rc = 0;
    for (size_t i = 0, section = SIZE_MAX; i < in->text->stmts.len && rc == 0; i++) {
        const struct stmt *s = &in->text->stmts.data[i];
        const struct section *sec = &in->sections.data[in->places[i].section];
        if (in->places[i].section != section)
            m->hold = SIZE_MAX;
        section = in->places[i].section;
        if (!sec->code || sec->skip || s->macro)
            continue;
        if (s->kind == STMT_LABEL)
            rc = emit_label(m, i);
        else if (s->kind == STMT_INSN)
            emit_insn(m, i);
        else if (s->kind == STMT_DIRECTIVE)
            rc = emit_directive(m, i);
    }
    if (rc == 0)
        fwrite(m->text + m->copied, 1, m->size - m->copied, m->out);
    return rc;
}

static int insert(struct inserter *in, const char *text, size_t size, bool reach, FILE *out, FILE *map) {
    struct emitter m = {.in = in, .text = text, .size = size, .hold = SIZE_MAX, .function = {"-", 1}, .reach = reach, .out = out, .map = map};
    in->places = mem_alloc((in->text->stmts.len + 1) * sizeof *in->places);
    int rc = find_places(in);
    for (size_t i = 0; i < in->text->stmts.len && rc == 0; i++)
        rc = refer(in, i);
    m.pending = mem_alloc(in->sections.len + 1);
    if (rc == 0 && reach)
        measure(in);
    if (rc == 0)
        rc = emit(&m);
    free(m.pending);
    return rc;
}

int probe_insert_with(const char *in, size_t size, const char *name, const struct probe_options *o, FILE *out, struct err *e) {
    struct asm_text text;
    if (o->density != PROBES_ALL)
        return err_set(e, ERR_USAGE, "sparse probes are not available");
    if (asm_scan(in, size, name, &text, e) < 0)
        return -1;
    struct inserter i = {.text = &text, .name = name, .e = e};
    int rc = insert(&i, in, size, o->reach, out, o->map);
    free(i.places);
    vec_free(&i.sections);
    vec_free(&i.labels);
    map_free(&i.by_name);
    map_free(&i.behind);
    map_free(&i.ahead);
    asm_free(&text);
    if (rc == 0 && ferror(out))
        rc = err_set(e, ERR_INPUT, "%s: writing its assembly failed", name);
    return rc;
}

int probe_insert(const char *in, size_t size, const char *name, enum probe_density density, FILE *out, struct err *e) {
    return probe_insert_with(in, size, name, &(struct probe_options){.density = density}, out, e);
}
