/* Probe insertion into compiler-written RISC-V assembly.
 *
 * Where. A probe belongs at each place where a basic block of the linked binary can begin: at a label that control can reach
 * otherwise than by falling into it (a branch or jump names it, data or an instruction takes its address, or it may be known outside of
 * this file), and behind every conditional branch and every call. A probe too many costs time, a probe too few loses an edge; so
 * whatever is in doubt is a boundary, and what cannot be read (jumps in macros, raw bytes in code, targets such as .+8) is an error.
 * When. A boundary is remembered until the next instruction, so that a label, alignment and .cfi directives keep their place and a
 * block reached both ways gets one probe. Labels that only anchor a %pcrel_lo stay with their auipc: the probe goes before them.
 * LR/SC. No probe goes between a load-reserved and its store-conditional: the probe's stores would break the reservation. */
#include "tracer/insert.h"

#include <ctype.h>

enum mark { MARK_BOUNDARY = 1, MARK_ANCHOR = 2, MARK_TAKEN = 4 };

int insert_fail(const struct inserter *in, const struct stmt *s, const char *why) {
    const char *end = s->args.len ? s->args.at + s->args.len : s->name.at + s->name.len;
    int len = (int)(end - s->name.at);
    if (!s->source)
        return err_set(in->e, ERR_INPUT, "%s: line %u of its assembly (-g tells the source line): `%.*s`: %s", in->name, s->line, len, s->name.at, why);
    return err_set(in->e, ERR_INPUT, "%s:%u: `%.*s`: %s", in->text->files.data[s->file], s->source, len, s->name.at, why);
}

bool insert_one_of(struct span s, const char *const *words) {
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
    } else if (insert_one_of(d->name, plain)) {
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

uint32_t insert_find_label(const struct inserter *in, struct span name) {
    uint64_t i = NONE;
    map_get(&in->by_name, hash_bytes(name.at, name.len, 0), &i);
    while (i != NONE && !(in->labels.data[i].name.len == name.len && memcmp(in->labels.data[i].name.at, name.at, name.len) == 0))
        i = in->labels.data[i].next;
    return (uint32_t)i;
}

bool insert_is_number(struct span s) {
    for (size_t i = 0; i < s.len; i++)
        if (!isdigit((unsigned char)s.at[i]))
            return false;
    return s.len > 0;
}

static uint32_t add_label(struct inserter *in, struct span name, size_t stmt, bool code) {
    uint32_t index = (uint32_t)in->labels.len;
    struct label l = {.name = name, .next = NONE, .stmt = (uint32_t)stmt, .code = code, .taken = insert_is_number(name)};
    if (!insert_is_number(name)) {
        uint64_t key = hash_bytes(name.at, name.len, 0), head = NONE;
        map_get(&in->by_name, key, &head);
        l.next = (uint32_t)head;
        l.boundary = l.taken = !span_begins(name, ".L") && name.at[0] != '$';
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
        return insert_fail(in, s, "a subsection of code: no probes can be placed");
    if (s->kind == STMT_ASSIGN || (s->kind == STMT_DIRECTIVE && insert_one_of(s->name, sets)))
        for (bool lo; asm_word(s->args, &at, &word, &lo);)
            if (span_is(word, "."))
                return insert_fail(in, s, "a place in code that is no label: no probes can be placed");
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
    l->taken |= (marks & MARK_TAKEN) != 0;
}

static void mark_word(struct inserter *in, struct span word, unsigned mark) {
    uint32_t number, index;
    bool forward;
    uint64_t found = NONE;
    if (!asm_numeric(word, &number, &forward)) {
        if ((index = insert_find_label(in, word)) != NONE)
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
        mark_word(in, word, lo ? MARK_ANCHOR : MARK_BOUNDARY | MARK_TAKEN);
}

/* A direct branch or jump comes from a place that we see, so its target need not be taken for one that anybody may reach. */
static void mark_insn(struct inserter *in, const struct stmt *s, bool ours) {
    struct span target;
    enum flow flow = asm_flow(s, &target);
    if (ours && target.len && (flow == FLOW_BRANCH || flow == FLOW_JUMP))
        mark_word(in, target, MARK_BOUNDARY);
    else
        mark_words(in, s->args);
}

static void pass_numeric(struct inserter *in, uint32_t label) {
    struct label *l = &in->labels.data[label];
    if (!insert_is_number(l->name))
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
    return span_begins(d, ".cfi_") || insert_one_of(d, names);
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
    return ok ? 0 : insert_fail(in, s, "where this goes is not a label, so no probe can be placed there");
}

static int check_registers(struct inserter *in, const struct stmt *s) {
    static const char *const reserved[] = {"s9", "s10", "s11", "x25", "x26", "x27", NULL};
    struct span word;
    size_t at = 0;
    for (bool lo; asm_word(s->args, &at, &word, &lo);)
        if (insert_one_of(word, reserved))
            return insert_fail(in, s, "s9, s10 and s11 are reserved for probes");
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
        if (insert_one_of(word, jumps) || (i == 0 && isdigit((unsigned char)*word.at)))
            return insert_fail(in, s, "an instruction given by its encoding, which may jump: no probes can be placed");
    return 0;
}

static int check_macro(struct inserter *in, const struct stmt *s) {
    struct span target;
    if (s->kind == STMT_LABEL || asm_flow(s, &target) != FLOW_NEXT || s->name.at[0] == '\\' || span_is(s->name, ".insn"))
        return insert_fail(in, s, "control flow in an assembler macro or repetition: no probes can be placed");
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
    else if (s->kind == STMT_INSN)
        mark_insn(in, s, ours);
    else if (s->kind == STMT_ASSIGN)
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

int probe_insert_with(const char *in, size_t size, const char *name, const struct probe_options *o, FILE *out, struct err *e) {
    struct asm_text text;
    if (asm_scan(in, size, name, &text, e) < 0)
        return -1;
    struct inserter n = {.text = &text, .name = name, .e = e};
    n.places = mem_alloc((text.stmts.len + 1) * sizeof *n.places);
    int rc = find_places(&n);
    for (size_t i = 0; i < text.stmts.len && rc == 0; i++)
        rc = refer(&n, i);
    if (rc == 0)
        rc = insert_emit(&n, in, size, o, out);
    free(n.places);
    vec_free(&n.sections);
    vec_free(&n.labels);
    map_free(&n.by_name);
    map_free(&n.behind);
    map_free(&n.ahead);
    asm_free(&text);
    if (rc == 0 && ferror(out))
        rc = err_set(e, ERR_INPUT, "%s: writing its assembly failed", name);
    return rc;
}

int probe_insert(const char *in, size_t size, const char *name, enum probe_density density, FILE *out, struct err *e) {
    return probe_insert_with(in, size, name, &(struct probe_options){.density = density}, out, e);
}
