/* Decoder, terms and intervals against independent answers; ELF files that are no use; facts. */
#include "cfg/insn.h"
#include "cfg/ir.h"
#include "cfg/ranges.h"

#include <capstone/capstone.h>
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static uint64_t seed = 88172645463325252ull;
static uint64_t next_random(void) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    return seed ^= seed << 17;
}

/* ---- decoder -------------------------------------------------------------------------------------------------------------------------- */

/* Capstone's name of the instruction without the compressed prefix, aliases undone by asking for the id. */
static bool capstone(csh h, const uint8_t *p, size_t size, cs_insn **out) {
    size_t n = cs_disasm(h, p, size, 0, 1, out);
    bool ok = n == 1 && (*out)->size == size;
    if (!ok && n)
        cs_free(*out, n);
    return ok;
}

static const struct {
    unsigned id;
    uint8_t op;
} same_id[] = {
    {RISCV_INS_ADD, OP_ADD}, {RISCV_INS_ADDI, OP_ADDI}, {RISCV_INS_ADDIW, OP_ADDIW}, {RISCV_INS_ADDW, OP_ADDW}, {RISCV_INS_AND, OP_AND},
    {RISCV_INS_ANDI, OP_ANDI}, {RISCV_INS_AUIPC, OP_AUIPC}, {RISCV_INS_BEQ, OP_BEQ}, {RISCV_INS_BNE, OP_BNE}, {RISCV_INS_BLT, OP_BLT},
    {RISCV_INS_BGE, OP_BGE}, {RISCV_INS_BLTU, OP_BLTU}, {RISCV_INS_BGEU, OP_BGEU}, {RISCV_INS_LB, OP_LB}, {RISCV_INS_LH, OP_LH},
    {RISCV_INS_LW, OP_LW}, {RISCV_INS_LD, OP_LD}, {RISCV_INS_LBU, OP_LBU}, {RISCV_INS_LHU, OP_LHU}, {RISCV_INS_LWU, OP_LWU},
    {RISCV_INS_SB, OP_SB}, {RISCV_INS_SH, OP_SH}, {RISCV_INS_SW, OP_SW}, {RISCV_INS_SD, OP_SD}, {RISCV_INS_JAL, OP_JAL}, {RISCV_INS_JALR, OP_JALR},
    {RISCV_INS_LUI, OP_LUI}, {RISCV_INS_SLLI, OP_SLLI}, {RISCV_INS_SRLI, OP_SRLI}, {RISCV_INS_SRAI, OP_SRAI}, {RISCV_INS_MUL, OP_MUL},
    {RISCV_INS_DIVU, OP_DIVU}, {RISCV_INS_REMW, OP_REMW}, {RISCV_INS_LR_W, OP_LR_W}, {RISCV_INS_SC_D, OP_SC_D}, {RISCV_INS_AMOMAXU_D, OP_AMOMAXU_D},
    {RISCV_INS_CSRRW, OP_CSRRW}, {RISCV_INS_CSRRSI, OP_CSRRSI}, {RISCV_INS_SRET, OP_SRET}, {RISCV_INS_MRET, OP_MRET}, {RISCV_INS_WFI, OP_WFI},
    {RISCV_INS_C_LW, OP_LW}, {RISCV_INS_C_LD, OP_LD}, {RISCV_INS_C_SW, OP_SW}, {RISCV_INS_C_SD, OP_SD}, {RISCV_INS_C_LWSP, OP_LW},
    {RISCV_INS_C_LDSP, OP_LD}, {RISCV_INS_C_SWSP, OP_SW}, {RISCV_INS_C_SDSP, OP_SD}, {RISCV_INS_C_ADD, OP_ADD}, {RISCV_INS_C_MV, OP_ADD},
    {RISCV_INS_C_SUB, OP_SUB}, {RISCV_INS_C_XOR, OP_XOR}, {RISCV_INS_C_OR, OP_OR}, {RISCV_INS_C_AND, OP_AND}, {RISCV_INS_C_ADDW, OP_ADDW},
    {RISCV_INS_C_SUBW, OP_SUBW}, {RISCV_INS_C_ADDI, OP_ADDI}, {RISCV_INS_C_ADDIW, OP_ADDIW}, {RISCV_INS_C_LI, OP_ADDI}, {RISCV_INS_C_LUI, OP_LUI},
    {RISCV_INS_C_ADDI16SP, OP_ADDI}, {RISCV_INS_C_ADDI4SPN, OP_ADDI}, {RISCV_INS_C_SLLI, OP_SLLI}, {RISCV_INS_C_SRLI, OP_SRLI},
    {RISCV_INS_C_SRAI, OP_SRAI}, {RISCV_INS_C_ANDI, OP_ANDI}, {RISCV_INS_C_J, OP_JAL}, {RISCV_INS_C_JR, OP_JALR}, {RISCV_INS_C_JALR, OP_JALR},
    {RISCV_INS_C_BEQZ, OP_BEQ}, {RISCV_INS_C_BNEZ, OP_BNE}, {RISCV_INS_C_EBREAK, OP_EBREAK}, {RISCV_INS_C_FLD, OP_FLD}, {RISCV_INS_C_FSD, OP_FSD},
    {RISCV_INS_C_FLDSP, OP_FLD}, {RISCV_INS_C_FSDSP, OP_FSD},
};

static int op_of_id(unsigned id) {
    for (size_t i = 0; i < sizeof same_id / sizeof *same_id; i++)
        if (same_id[i].id == id)
            return same_id[i].op;
    return -1;
}

/* The last immediate of Capstone's operands: an offset, displacement or number. */
static bool immediate(const cs_insn *in, int64_t *v) {
    const cs_riscv *d = &in->detail->riscv;
    for (int i = d->op_count; i-- > 0;) {
        if (d->operands[i].type == RISCV_OP_IMM)
            return *v = d->operands[i].imm, true;
        if (d->operands[i].type == RISCV_OP_MEM)
            return *v = d->operands[i].mem.disp, true;
    }
    return false;
}

/* Encodings that the manual reserves and Capstone 5 decodes all the same (volume I, tables 16.5 to 16.7). */
static bool reserved(uint32_t w) {
    uint32_t f3 = w >> 13 & 7, rd = w >> 7 & 31, imm = (w >> 2 & 31) | (w >> 7 & 32);
    switch (w & 3) {
    case 0: return f3 == 0 && !(w & 0x1fe0);        /* c.addi4spn of 0 */
    case 1: return (f3 == 3 && !imm) || (f3 == 1 && !rd);
    case 2: return (f3 == 2 || f3 == 3) && !rd;     /* c.lwsp, c.ldsp into x0 */
    }
    return false;
}

static void compare(csh h, uint32_t w, size_t size, unsigned long *agreed) {
    uint8_t b[4] = {(uint8_t)w, (uint8_t)(w >> 8), (uint8_t)(w >> 16), (uint8_t)(w >> 24)};
    struct insn i = insn_decode(b, 4);
    cs_insn *in;
    int64_t imm;
    if (!capstone(h, b, size, &in)) /* it does not know hints and newer system instructions; what we do not know it must not either */
        return;
    if (i.op == OP_ILLEGAL && size == 2 && reserved(w)) {
        cs_free(in, 1);
        return;
    }
    if (i.op == OP_ILLEGAL)
        fail_msg("0x%08x is %s %s", w, in->mnemonic, in->op_str);
    int want = op_of_id(in->id);
    if (want >= 0 && want != i.op)
        fail_msg("0x%08x is %s %s, decoded as %s", w, in->mnemonic, in->op_str, insn_names[i.op]);
    bool shifted = in->id == RISCV_INS_LUI || in->id == RISCV_INS_AUIPC || in->id == RISCV_INS_C_LUI;
    if (want >= 0 && i.op < OP_CSRRW && immediate(in, &imm) && (shifted ? (int32_t)((uint32_t)imm << 12) : imm) != i.imm)
        fail_msg("0x%08x is %s %s, decoded with %d", w, in->mnemonic, in->op_str, i.imm);
    *agreed += want >= 0;
    cs_free(in, 1);
}

static void decoder_agrees_with_capstone(void **state) {
    (void)state;
    csh h;
    unsigned long agreed = 0;
    assert_int_equal(cs_open(CS_ARCH_RISCV, CS_MODE_RISCV64 | CS_MODE_RISCVC, &h), CS_ERR_OK);
    cs_option(h, CS_OPT_DETAIL, CS_OPT_ON);
    for (uint32_t w = 0; w < 65536; w++)
        if ((w & 3) != 3)
            compare(h, w, 2, &agreed);
    static const uint8_t majors[] = {0x03, 0x07, 0x0f, 0x13, 0x17, 0x1b, 0x23, 0x27, 0x2f, 0x33, 0x37, 0x3b, 0x43, 0x53, 0x63, 0x67, 0x6f, 0x73};
    for (int k = 0; k < 400000; k++) {
        uint32_t w = (uint32_t)next_random();
        if (k & 1) /* few bits in the funct7 field: real instructions */
            w &= 0x43ffffff;
        compare(h, (w & ~127u) | majors[(unsigned)k % sizeof majors], 4, &agreed);
    }
    cs_close(&h);
    assert_true(agreed > 100000);
}

/* ---- terms: constructors against plain arithmetic ------------------------------------------------------------------------------------------ */

struct tree_values {
    uint64_t v[4];
};
static bool tree_var(void *user, uint64_t id, uint64_t *v) {
    *v = ((struct tree_values *)user)->v[id];
    return true;
}

static uint64_t small_or_random(void) { return next_random() & 1 ? next_random() % 70 : next_random() & 2 ? 0 - next_random() % 70 : next_random(); }

/* A random term and, beside it, its value computed without the constructors' rewriting. */
static ir_ref tree(struct ir *ir, const struct tree_values *t, unsigned w, int depth, uint64_t *v) {
    uint64_t a, b, c;
    if (depth == 0) {
        if (next_random() % 3 == 0) {
            *v = small_or_random() & ir_mask(w);
            return ir_const(ir, w, *v);
        }
        uint64_t id = next_random() & 3;
        *v = t->v[id] & ir_mask(w);
        return ir_low(ir, ir_var(ir, 64, id), w);
    }
    unsigned kind = (unsigned)(next_random() % 22);
    if (kind == 0 && w == 64) {
        ir_ref x = tree(ir, t, 32, depth - 1, &a);
        *v = a;
        return ir_zext(ir, x, 64);
    }
    if (kind <= 2 && w == 64) {
        ir_ref x = tree(ir, t, 32, depth - 1, &a);
        *v = (uint64_t)ir_signed(a, 32);
        return ir_sext(ir, x, 64);
    }
    if (kind <= 2) {
        ir_ref x = tree(ir, t, 64, depth - 1, &a);
        *v = a & ir_mask(w);
        return ir_low(ir, x, w);
    }
    if (kind <= 5) {
        enum ir_op op = kind == 3 ? IR_EQ : kind == 4 ? IR_ULT : IR_SLT;
        ir_ref x = tree(ir, t, w, depth - 1, &a), y = tree(ir, t, w, depth - 1, &b);
        *v = ir_fold(op, w, a, b);
        return ir_zext(ir, ir_binary(ir, op, x, y), w);
    }
    if (kind == 6) {
        ir_ref x = tree(ir, t, w, depth - 1, &a), y = tree(ir, t, w, depth - 1, &b), z = tree(ir, t, w, depth - 1, &c);
        *v = a != 0 ? b : c;
        return ir_ite(ir, ir_not(ir, ir_binary(ir, IR_EQ, x, ir_const(ir, w, 0))), y, z);
    }
    static const uint8_t ops[] = {IR_ADD, IR_SUB, IR_ADD, IR_SUB, IR_MUL, IR_AND, IR_OR, IR_XOR, IR_SHL, IR_SHR, IR_SAR, IR_DIV, IR_DIVU, IR_REM, IR_REMU};
    enum ir_op op = (enum ir_op)ops[kind - 7];
    ir_ref x = tree(ir, t, w, depth - 1, &a), y = tree(ir, t, w, next_random() & 1 ? 0 : depth - 1, &b);
    *v = ir_fold(op, w, a, b);
    return ir_binary(ir, op, x, y);
}

static void constructors_keep_the_value(void **state) {
    (void)state;
    struct ir ir;
    ir_init(&ir, NULL);
    for (int k = 0; k < 60000; k++) {
        struct tree_values t;
        struct ir_env env = {.var = tree_var, .user = &t};
        uint64_t want, got;
        for (int i = 0; i < 4; i++)
            t.v[i] = small_or_random();
        ir_reset(&ir);
        ir_ref r = tree(&ir, &t, next_random() & 1 ? 64 : 32, (int)(next_random() % 5) + 1, &want);
        assert_true(ir_eval(&ir, r, &env, &got));
        if (got != want)
            fail_msg("round %d: 0x%lx, not 0x%lx", k, got, want);
    }
    ir_free(&ir);
}

/* ---- intervals: every value that a term takes is inside ---------------------------------------------------------------------------------------- */

static bool holds(struct interval i, uint64_t v, unsigned w) {
    return i.lo <= v && v <= i.hi && i.slo <= ir_signed(v, w) && ir_signed(v, w) <= i.shi;
}

static void intervals_hold_the_value(void **state) {
    (void)state;
    struct ir ir;
    unsigned narrow = 0;
    ir_init(&ir, NULL);
    for (int k = 0; k < 60000; k++) {
        struct tree_values t;
        struct ir_env env = {.var = tree_var, .user = &t};
        struct values v = {.ir = &ir};
        struct ranges r;
        uint64_t want, fact;
        for (int i = 0; i < 4; i++)
            t.v[i] = small_or_random();
        ir_reset(&ir);
        ranges_init(&r, &v);
        unsigned w = next_random() & 1 ? 64 : 32;
        for (int i = 0; i < 3; i++) { /* facts that are true of these values */
            uint64_t a, b;
            ir_ref x = tree(&ir, &t, w, 1, &a), y = tree(&ir, &t, w, 1, &b);
            static const uint8_t relations[] = {IR_EQ, IR_ULT, IR_SLT};
            ir_ref bit = ir_binary(&ir, (enum ir_op)relations[i], x, y);
            assert_true(ir_eval(&ir, bit, &env, &fact));
            ranges_assume(&r, bit, fact != 0);
        }
        ir_ref e = tree(&ir, &t, w, (int)(next_random() % 4) + 1, &want);
        struct interval i = ranges_of(&r, e);
        if (!holds(i, want, w))
            fail_msg("round %d: 0x%lx is not in [0x%lx, 0x%lx], [%ld, %ld]", k, want, i.lo, i.hi, i.slo, i.shi);
        if (want & ~ranges_bits(&ir, e))
            fail_msg("round %d: 0x%lx has other bits than 0x%lx", k, want, ranges_bits(&ir, e));
        narrow += i.hi - i.lo < ir_mask(w) / 2;
        ranges_free(&r);
    }
    ir_free(&ir);
    assert_true(narrow > 10000);
}

/* ---- ELF files that are no use --------------------------------------------------------------------------------------------------------------------- */

static char dir[] = "/tmp/potoroo-cfg-XXXXXX";
static const char *sample; /* a good one, from the command line */

static void refused(const void *data, size_t size, const char *why) {
    char *path = str_printf("%s/bad.elf", dir);
    struct err e = {0};
    FILE *f = fopen(path, "w");
    fwrite(data, 1, size, f);
    fclose(f);
    struct image *img = image_open(path, &e);
    if (img || e.kind != ERR_INPUT || !strstr(e.text, why) || strchr(e.text, '\n'))
        fail_msg("wanted a refusal with '%s', got %s", why, img ? "none" : e.text);
    free(path);
}

static void bad_images_are_refused(void **state) {
    (void)state;
    struct err e = {0};
    char *data;
    size_t size;
    assert_int_equal(file_read(sample, &data, &size, &e), 0);
    Elf64_Ehdr *h = (Elf64_Ehdr *)(void *)data, good = *h;
    assert_null(image_open("/nonexistent/kernel.elf", &e));
    assert_int_equal(e.kind, ERR_INPUT);
    refused("", 0, "not an ELF");
    refused("hello, world", 12, "not an ELF");
    refused(data, 8, "truncated");
    refused(data, 40, "truncated");
    refused(data, 100, "truncated");
    for (size_t n = 64; n < size; n += size / 50)
        refused(data, n, "truncated");
    refused(data, size - 1, "truncated");
    h->e_ident[EI_CLASS] = ELFCLASS32, refused(data, size, "32-bit"), *h = good;
    h->e_ident[EI_DATA] = ELFDATA2MSB, refused(data, size, "big-endian"), *h = good;
    h->e_machine = EM_X86_64, refused(data, size, "not RISC-V"), *h = good;
    h->e_type = ET_REL, refused(data, size, "not a linked executable"), *h = good;
    h->e_phnum = 0, refused(data, size, "program headers"), *h = good;
    h->e_phoff = UINT64_MAX - 8, refused(data, size, "truncated"), *h = good;
    h->e_shoff = UINT64_MAX - 8, refused(data, size, "truncated"), *h = good;
    free(data);
}

static void headers_of_sections_may_be_absent(void **state) {
    (void)state;
    struct err e = {0};
    char *data, *path = str_printf("%s/bare.elf", dir);
    size_t size;
    assert_int_equal(file_read(sample, &data, &size, &e), 0);
    Elf64_Ehdr *h = (Elf64_Ehdr *)(void *)data;
    h->e_shoff = h->e_shnum = h->e_shstrndx = 0;
    FILE *f = fopen(path, "w");
    fwrite(data, 1, size, f);
    fclose(f);
    struct image *img = image_open(path, &e);
    assert_non_null(img);
    struct cfg *g = cfg_build(img, &e);
    assert_non_null(g);
    assert_true(g->functions.len > 3); /* by calls from the entry alone */
    cfg_free(g);
    image_free(img);
    free(data);
    free(path);
}

/* ---- facts ---------------------------------------------------------------------------------------------------------------------------------------------- */

static int apply(struct cfg **g, const char *text, struct err *e) {
    char *path = str_printf("%s/facts.ff", dir);
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
    int rc = cfg_apply_facts(g, path, e);
    free(path);
    return rc;
}

static void wrong(struct cfg **g, const char *text, const char *where, const char *why) {
    struct err e = {0};
    struct cfg *before = *g;
    assert_int_equal(apply(g, text, &e), -1);
    if (e.kind != ERR_INPUT || !strstr(e.text, where) || !strstr(e.text, why))
        fail_msg("%s: wanted '%s' and '%s' in: %s", text, where, why, e.text);
    assert_ptr_equal(*g, before);
}

static uint32_t only_loop(const struct cfg *g, const char *function) {
    uint32_t f = cfg_function_named(g, function), found = NONE;
    assert_int_not_equal(f, NONE);
    for (uint32_t i = 0; i < g->loops.len; i++)
        if (g->blocks.data[g->loops.data[i].header].function == f) {
            assert_int_equal(found, NONE);
            found = i;
        }
    assert_int_not_equal(found, NONE);
    return found;
}

static void facts_are_applied_or_refused(void **state) {
    (void)state;
    struct err e = {0};
    struct image *img = image_open(sample, &e);
    assert_non_null(img);
    struct cfg *g = cfg_build(img, &e);
    assert_non_null(g);
    wrong(&g, "loop gcd max 3 because \"x\"\n", "facts.ff:1", "elf");
    wrong(&g, "elf \"0123\"\n", "facts.ff:1", "0123");
    wrong(&g, "# nothing\nelf any\nloop nowhere max 3 because \"x\"\n", "facts.ff:3", "nowhere");
    wrong(&g, "elf any\nloop gcd+0x2 max 3 because \"x\"\n", "facts.ff:2", "elf any");
    wrong(&g, "elf any\nloop gcd max 0 because \"x\"\n", "facts.ff:2", "at least 1");
    wrong(&g, "elf any\nloop gcd max 5\n", "facts.ff:2", "expected");
    wrong(&g, "elf any\nloop gcd max 5 because \"x\n", "facts.ff:2", "quote");
    wrong(&g, "elf any\nloop loops.c:1 max 5 because \"x\"\n", "facts.ff:2", "no loop");
    wrong(&g, "elf any\nloop next max 5 because \"x\"\n", "facts.ff:2", "no loop");
    wrong(&g, "elf any\nfrobnicate gcd\n", "facts.ff:2", "unknown kind");
    wrong(&g, "elf any\nnever loops.c:1 because \"x\"\n", "facts.ff:2", "no block");
    wrong(&g, "elf any\nrecursion gcd max 4\n", "facts.ff:2", "not recursive");
    wrong(&g, "elf any\nrecursion nobody max 4\n", "facts.ff:2", "no such function");
    wrong(&g, "elf any\ncalls gcd bits\n", "facts.ff:2", "no jump or call");
    wrong(&g, "elf any\nmemory 0x10-0x1 device\n", "facts.ff:2", "lowest to highest");
    wrong(&g, "elf any\nmemory 0x10-0x1f fast\n", "facts.ff:2", "fast");
    wrong(&g, "elf any\nloop constant max 40 because \"it is not so\"\n", "facts.ff:2", "64");
    wrong(&g, "elf any\nloop gcd max 40 because \"a\"\nloop gcd max 41 because \"b\"\n", "facts.ff:3", "two facts");
    assert_int_equal(g->loops.data[only_loop(g, "gcd")].origin, BOUND_NONE);
    char *text = str_printf("elf \"%s\"\nloop gcd max 93 because \"Fibonacci\"\nmemory 0x1000-0x1fff device # here\nnever wrap8 because \"unused\"\n", image_build_id(img));
    assert_int_equal(apply(&g, text, &e), 0);
    const struct loop *l = &g->loops.data[only_loop(g, "gcd")];
    assert_int_equal(l->origin, BOUND_FACT);
    assert_int_equal(l->max, 93);
    assert_string_equal(l->why, "Fibonacci");
    assert_int_equal(g->memory.len, 1);
    assert_true(g->blocks.data[g->functions.data[cfg_function_named(g, "wrap8")].entry].never);
    /* facts add up, and a derived bound that says more stays */
    assert_int_equal(apply(&g, "elf any\nloop collatz max 200 because \"small numbers\"\nloop constant max 4000 because \"\\\"\n", &e), 0);
    assert_int_equal(g->loops.data[only_loop(g, "gcd")].max, 93);
    assert_int_equal(g->loops.data[only_loop(g, "collatz")].max, 200);
    assert_int_equal(g->loops.data[only_loop(g, "constant")].max, 64);
    assert_int_equal(g->loops.data[only_loop(g, "constant")].origin, BOUND_DERIVED);
    /* by source line */
    const char *file;
    int line;
    assert_true(image_line(img, g->blocks.data[g->loops.data[only_loop(g, "length")].header].addr, &file, &line));
    char *by_line = str_printf("elf any\nloop loops.c:%d max 77 because \"strings are short\"\n", line);
    assert_int_equal(apply(&g, by_line, &e), 0);
    assert_int_equal(g->loops.data[only_loop(g, "length")].max, 77);
    free(text);
    free(by_line);
    cfg_free(g);
    image_free(img);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoder_agrees_with_capstone), cmocka_unit_test(constructors_keep_the_value), cmocka_unit_test(intervals_hold_the_value),
        cmocka_unit_test(bad_images_are_refused), cmocka_unit_test(headers_of_sections_may_be_absent), cmocka_unit_test(facts_are_applied_or_refused),
    };
    if (argc < 2 || !mkdtemp(dir))
        return ERR_USAGE;
    sample = argv[1];
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char *command = str_printf("rm -r %s", dir);
    failed += system(command) != 0;
    free(command);
    printf("%d passed, %d failed\n", (int)(sizeof tests / sizeof *tests) - failed, failed);
    return failed != 0;
}
