/* Writing the assembly with its probes. */
#include "tracer/insert.h"

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
    uint32_t label = insert_find_label(in, target);
    const struct place *at = &in->places[i], *to = label == NONE ? NULL : &in->places[in->labels.data[label].stmt];
    if (!to || to->section != at->section) /* another file's, another section's, or a numeric label, which is near */
        return to != NULL;
    return (to->offset > at->offset ? to->offset - at->offset : at->offset - to->offset) > BRANCH_SPAN;
}

/* ---- emission ------------------------------------------------------------------------------------------------------ */

enum pending { NOT_PENDING, PENDING, PENDING_KEEP };

/* It goes over the statements twice: first to list the sites, then, when it is known which get a probe, to write. */
struct emitter {
    struct inserter *in;
    const char *text;
    size_t size, copied;      /* text up to `copied` is out */
    unsigned char *pending;   /* enum pending, by section: a block begins at the next instruction */
    size_t hold;              /* offset of the anchor labels that the next instruction needs before it, SIZE_MAX */
    size_t reserved;          /* index of the store-conditional up to which no probe may go; 0: none */
    bool keep_all;            /* which code is assembled is not known: all sites must be kept */
    struct span function;
    uint32_t count, turned;
    insert_sites sites;
    size_t site;              /* writing: the next one */
    FILE *out;                /* NULL: listing */
    const struct probe_options *o;
};

/* docs/ARCHITECTURE.md, "Probes on the target". */
static void put_probe(struct emitter *m) {
    fprintf(m->out,
            ".Lpotoroo%u:\n\tauipc\ts9,0\n\tsw\ts9,0(s10)\n\t%s\n\tsw\ts9,4(s10)\n\taddi\ts10,s10,8\n"
            "\t.pushsection\t.potoroo.points,\"\",@progbits\n\t.quad\t.Lpotoroo%u,0\n\t.popsection\n",
            m->count, m->o->clock ? m->o->clock : "sd\tzero,8(s11)\n\tld\ts9,0(s11)", m->count);
}

static void put_map(struct emitter *m, const struct stmt *s) {
    FILE *map = m->o->map;
    if (!map)
        return;
    fprintf(map, "%s\t%u\t%.*s\t", m->in->name, m->count, (int)m->function.len, m->function.at);
    if (s->source)
        fprintf(map, "%s:%u\n", m->in->text->files.data[s->file], s->source);
    else
        fputs("-\n", map);
}

/* Before the statement, on lines of its own. */
static void write_probe(struct emitter *m, const struct stmt *s) {
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

static void flush(struct emitter *m, size_t i) {
    unsigned char *pending = &m->pending[m->in->places[i].section];
    if (*pending == NOT_PENDING)
        return;
    bool point = i > m->reserved;
    struct site site = {.stmt = (uint32_t)i, .keep = *pending == PENDING_KEEP, .point = point};
    *pending = NOT_PENDING;
    if (!m->out)
        vec_push(&m->sites, site);
    else if (m->sites.data[m->site++].point)
        write_probe(m, &m->in->text->stmts.data[i]);
}

/* Whatever made the block a boundary before counts too. */
static void begin_block(struct emitter *m, size_t i, bool keep) {
    unsigned char *pending = &m->pending[m->in->places[i].section];
    *pending = keep || *pending == PENDING_KEEP ? PENDING_KEEP : PENDING;
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
        return insert_fail(m->in, s, "a jump's target at a %pcrel_lo anchor: no probe can be placed");
    if (l->anchor && m->hold == SIZE_MAX)
        m->hold = s->start;
    if (l->boundary)
        begin_block(m, i, l->taken);
    if (!insert_is_number(s->name) && !span_begins(s->name, ".L"))
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
    if (m->out && m->o->reach && flow == FLOW_BRANCH && may_not_reach(m->in, i, target))
        turn_branch(m, i, target);
    m->pending[m->in->places[i].section] = flow == FLOW_BRANCH ? PENDING : flow == FLOW_CALL ? PENDING_KEEP : NOT_PENDING;
}

static int emit_directive(struct emitter *m, size_t i) {
    static const char *const ends[] = {".cfi_endproc", ".size", NULL};
    static const char *const repeats[] = {".rept", ".irp", ".irpc", NULL};
    static const char *const merges[] = {".else", ".elseif", ".endif", NULL};
    static const char *const bytes[] = {".byte", ".1byte", ".2byte", ".4byte", ".8byte", ".half", ".short", ".hword", ".word", ".long",
                                        ".int", ".dword", ".quad", ".octa", ".ascii", ".asciz", ".string", ".zero", ".space", ".skip",
                                        ".fill", ".incbin", ".org", NULL};
    const struct stmt *s = &m->in->text->stmts.data[i];
    unsigned char *pending = &m->pending[m->in->places[i].section];
    if (span_is(s->name, ".insn"))
        emit_insn(m, i);
    else if (insert_one_of(s->name, ends))
        *pending = NOT_PENDING;
    else if (insert_one_of(s->name, merges))
        begin_block(m, i, true);
    else if (insert_one_of(s->name, repeats) || span_begins(s->name, ".if")) {
        m->keep_all = m->keep_all || span_begins(s->name, ".if");
        flush(m, i);
    }
    else if (insert_one_of(s->name, bytes)) {
        if (s->written)
            return insert_fail(m->in, s, "bytes in code: instructions or data? Say .insn, or put them in a section of data");
        *pending = NOT_PENDING;
    }
    return 0;
}

static int go_over(struct emitter *m) {
    const struct inserter *in = m->in;
    int rc = 0;
    m->hold = SIZE_MAX;
    m->reserved = 0;
    memset(m->pending, NOT_PENDING, in->sections.len);
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
    return rc;
}

int insert_emit(struct inserter *in, const char *text, size_t size, const struct probe_options *o, FILE *out) {
    struct emitter m = {.in = in, .text = text, .size = size, .function = {"-", 1}, .o = o};
    m.pending = mem_alloc(in->sections.len);
    if (o->reach)
        measure(in);
    int rc = go_over(&m);
    if (rc == 0 && o->density == PROBES_SPARSE && !m.keep_all)
        insert_sparsen(in, &m.sites);
    m.out = out;
    if (rc == 0)
        rc = go_over(&m);
    if (rc == 0)
        fwrite(text + m.copied, 1, size - m.copied, out);
    free(m.pending);
    vec_free(&m.sites);
    return rc;
}
