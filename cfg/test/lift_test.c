/* The lifting against QEMU, opcode by opcode: random and edge-case states are run by a bare-metal guest (lift_guest.S) and by the
 * evaluator of the ir; registers, memory, CSR and program counter must agree.
 *
 * Usage: lift_test GUEST.elf QEMU WORKDIR STATES [BREAK] — STATES a kind of instruction; BREAK = name of an opcode whose lifting is
 * falsified, to see that it is found.
 *
 * Guest memory (a shared file): snippets of 20 bytes at CODE: two instructions (the first a nop or an lr), then jumps to where the guest
 * writes down 0 (fell through), 9 (must not happen) and 1 (branch or jump taken, 12 bytes on). Records of 160 words at TESTS + 64:
 * [0] snippet, x1…x31, f0…f31, sscratch, 8 words of memory at SCRATCH; from [80] the same afterwards, [80] being what was written down. */
#include "cfg/lift.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <unistd.h>

enum { WORDS = 160, OUT = 80, SNIPPET = 20, MOST_TESTS = 24000, SSCRATCH = 0x140 };
static const uint64_t RAM = 0x80000000, CODE = 0x80010000, SCRATCH = 0x80300000, TESTS = 0x80400000, RAM_SIZE = 64 << 20;

static uint64_t seed = 0x9e3779b97f4a7c15ull;
static uint64_t next_random(void) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    return seed ^= seed << 17;
}

/* Values that arithmetic trips over, half of the time. */
static uint64_t interesting(void) {
    static const uint64_t edge[] = {0, 1, 2, 3, 7, 31, 32, 63, 64, 127, 128, 255, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, INT64_MAX,
                                    1ull << 63, UINT64_MAX, UINT64_MAX - 1, 0xffffffff80000000, 0xffffffff7fffffff, 0x5555555555555555, 0xaaaaaaaaaaaaaaaa};
    uint64_t r = next_random();
    switch (r & 7) {
    case 0: case 1: case 2: case 3: return edge[(r >> 8) % (sizeof edge / sizeof *edge)];
    case 4: return next_random() >> (r >> 8 & 63);
    case 5: return (uint64_t)(int64_t)(int32_t)next_random();
    case 6: return 0 - (next_random() >> (r >> 8 & 63));
    default: return next_random();
    }
}

/* ---- the instructions: match and which fields are free ------------------------------------------------------------------------------------ */

enum form { R, I, SHIFT, SHIFTW, S, B, U, J, AMO, CSR, CSRI, FLOAT };
struct kind {
    const char *name;
    uint32_t match;
    enum form form;
};
static const struct kind kinds[] = {
    {"lui", 0x37, U}, {"auipc", 0x17, U}, {"jal", 0x6f, J}, {"jalr", 0x67, I},
    {"beq", 0x63, B}, {"bne", 0x1063, B}, {"blt", 0x4063, B}, {"bge", 0x5063, B}, {"bltu", 0x6063, B}, {"bgeu", 0x7063, B},
    {"lb", 0x3, I}, {"lh", 0x1003, I}, {"lw", 0x2003, I}, {"ld", 0x3003, I}, {"lbu", 0x4003, I}, {"lhu", 0x5003, I}, {"lwu", 0x6003, I},
    {"sb", 0x23, S}, {"sh", 0x1023, S}, {"sw", 0x2023, S}, {"sd", 0x3023, S},
    {"addi", 0x13, I}, {"slti", 0x2013, I}, {"sltiu", 0x3013, I}, {"xori", 0x4013, I}, {"ori", 0x6013, I}, {"andi", 0x7013, I},
    {"slli", 0x1013, SHIFT}, {"srli", 0x5013, SHIFT}, {"srai", 0x40005013, SHIFT},
    {"add", 0x33, R}, {"sub", 0x40000033, R}, {"sll", 0x1033, R}, {"slt", 0x2033, R}, {"sltu", 0x3033, R}, {"xor", 0x4033, R}, {"srl", 0x5033, R},
    {"sra", 0x40005033, R}, {"or", 0x6033, R}, {"and", 0x7033, R},
    {"addiw", 0x1b, I}, {"slliw", 0x101b, SHIFTW}, {"srliw", 0x501b, SHIFTW}, {"sraiw", 0x4000501b, SHIFTW},
    {"addw", 0x3b, R}, {"subw", 0x4000003b, R}, {"sllw", 0x103b, R}, {"srlw", 0x503b, R}, {"sraw", 0x4000503b, R},
    {"mul", 0x2000033, R}, {"mulh", 0x2001033, R}, {"mulhsu", 0x2002033, R}, {"mulhu", 0x2003033, R}, {"div", 0x2004033, R}, {"divu", 0x2005033, R},
    {"rem", 0x2006033, R}, {"remu", 0x2007033, R}, {"mulw", 0x200003b, R}, {"divw", 0x200403b, R}, {"divuw", 0x200503b, R}, {"remw", 0x200603b, R},
    {"remuw", 0x200703b, R},
    {"lr.w", 0x1000202f, AMO}, {"sc.w", 0x1800202f, AMO}, {"amoswap.w", 0x800202f, AMO}, {"amoadd.w", 0x202f, AMO}, {"amoxor.w", 0x2000202f, AMO},
    {"amoand.w", 0x6000202f, AMO}, {"amoor.w", 0x4000202f, AMO}, {"amomin.w", 0x8000202f, AMO}, {"amomax.w", 0xa000202f, AMO},
    {"amominu.w", 0xc000202f, AMO}, {"amomaxu.w", 0xe000202f, AMO},
    {"lr.d", 0x1000302f, AMO}, {"sc.d", 0x1800302f, AMO}, {"amoswap.d", 0x800302f, AMO}, {"amoadd.d", 0x302f, AMO}, {"amoxor.d", 0x2000302f, AMO},
    {"amoand.d", 0x6000302f, AMO}, {"amoor.d", 0x4000302f, AMO}, {"amomin.d", 0x8000302f, AMO}, {"amomax.d", 0xa000302f, AMO},
    {"amominu.d", 0xc000302f, AMO}, {"amomaxu.d", 0xe000302f, AMO},
    {"csrrw", 0x1073, CSR}, {"csrrs", 0x2073, CSR}, {"csrrc", 0x3073, CSR}, {"csrrwi", 0x5073, CSRI}, {"csrrsi", 0x6073, CSRI}, {"csrrci", 0x7073, CSRI},
    {"fence", 0xf, I}, {"fence.i", 0x100f, I},
    {"flw", 0x2007, I}, {"fld", 0x3007, I}, {"fsw", 0x2027, S}, {"fsd", 0x3027, S},
    {"fmv.x.w", 0xe0000053, FLOAT}, {"fmv.x.d", 0xe2000053, FLOAT}, {"fmv.w.x", 0xf0000053, FLOAT}, {"fmv.d.x", 0xf2000053, FLOAT},
};

static uint32_t encode_immediate(uint32_t r, enum form form) {
    int32_t imm = (int32_t)(r & 15) < 12 ? (int32_t)(r >> 8) % 2048 : (int32_t)(r >> 4 & 1) - 1;
    uint32_t u = (uint32_t)imm & 0xfff;
    return form == S ? (u >> 5) << 25 | (u & 31) << 7 : u << 20;
}

static uint32_t encode(const struct kind *k) {
    uint32_t r = (uint32_t)next_random(), w = k->match;
    uint32_t rd = (r & 31) << 7, rs1 = (r >> 5 & 31) << 15, rs2 = (r >> 10 & 31) << 20;
    switch (k->form) {
    case R: return w | rd | rs1 | rs2;
    case I: return (w & 0x7f) == 0x0f ? w : w | rd | rs1 | encode_immediate((uint32_t)next_random(), I);
    case SHIFT: return w | rd | rs1 | (uint32_t)(next_random() & 63) << 20;
    case SHIFTW: return w | rd | rs1 | (uint32_t)(next_random() & 31) << 20;
    case S: return w | rs1 | rs2 | encode_immediate((uint32_t)next_random(), S);
    case B: return w | rs1 | rs2 | 12 << 7;                   /* 12 bytes on */
    case U: return w | rd | ((uint32_t)next_random() & 0xfffff000);
    case J: return w | rd | 12 << 20;
    case AMO: return w | rd | rs1 | ((w >> 27) == 2 ? 0 : rs2) | (r >> 15 & 3) << 25;
    case CSR: case CSRI: return w | rd | rs1 | SSCRATCH << 20;
    case FLOAT: return w | rd | rs1;
    }
    abort();
}

/* Compressed forms that can be run: every encoding but traps and those that would jump elsewhere. By (quadrant, funct3, opcode). */
struct group {
    uint32_t key;
    VEC(uint16_t) words;
};

static bool runnable(const struct insn *i) {
    switch (i->op) {
    case OP_ILLEGAL: case OP_UNIMP: case OP_EBREAK: return false;
    case OP_BEQ: case OP_BNE: case OP_JAL: return i->imm == 12;
    }
    return true;
}

static size_t compressed_groups(struct group *groups) {
    size_t n = 0;
    for (uint32_t w = 0; w < 65536; w++) {
        uint8_t bytes[4] = {(uint8_t)w, (uint8_t)(w >> 8)};
        struct insn i = insn_decode(bytes, 2);
        uint32_t key = (w & 3) << 16 | (w >> 13) << 8 | i.op;
        size_t k = 0;
        if ((w & 3) == 3 || !runnable(&i))
            continue;
        while (k < n && groups[k].key != key)
            k++;
        groups[k].key = key;
        n += k == n;
        vec_push(&groups[k].words, (uint16_t)w);
    }
    return n;
}

/* ---- running ------------------------------------------------------------------------------------------------------------------------------- */

struct test {
    const char *name;
    uint32_t words[2];
};
static struct test tests[MOST_TESTS];
static size_t count;
static uint8_t *ram;
static uint64_t save_at;
static size_t passed, failed, groups_done;
static const char *broken;

static uint64_t *record(size_t i) { return (uint64_t *)(void *)(ram + (TESTS - RAM) + 64 + i * WORDS * 8); }
static void put32(uint64_t at, uint32_t w) { memcpy(ram + (at - RAM), &w, 4); }

static uint32_t jump(uint64_t from, uint64_t to) {
    uint32_t d = (uint32_t)(to - from);
    return 0x6f | (d >> 20 & 1) << 31 | (d >> 1 & 0x3ff) << 21 | (d >> 11 & 1) << 20 | (d >> 12 & 0xff) << 12;
}

static struct insn decoded(uint32_t w) {
    uint8_t b[4] = {(uint8_t)w, (uint8_t)(w >> 8), (uint8_t)(w >> 16), (uint8_t)(w >> 24)};
    return insn_decode(b, 4);
}

/* The base register of an access must point into the scratch memory, that of a jump to the snippet's end. */
static void aim(const struct insn *i, uint64_t *in, uint64_t code) {
    bool load = (i->op >= OP_LB && i->op <= OP_LWU) || i->op == OP_FLW || i->op == OP_FLD;
    bool storing = (i->op >= OP_SB && i->op <= OP_SD) || i->op == OP_FSW || i->op == OP_FSD;
    if (!i->rs1)
        return;
    if (load || storing)
        in[i->rs1] = SCRATCH + next_random() % 56 - (uint64_t)(int64_t)i->imm;
    else if (i->op >= OP_LR_W && i->op <= OP_AMOMAXU_D)
        in[i->rs1] = SCRATCH + (next_random() % 7) * 8;
    else if (i->op == OP_JALR)
        in[i->rs1] = code + 16 + (next_random() & 1) - (uint64_t)(int64_t)i->imm;
}

static void add(const char *name, uint32_t first, uint32_t word) {
    uint64_t code = CODE + count * SNIPPET, *in = record(count);
    struct insn i = decoded(word);
    bool touches = (i.op >= OP_LB && i.op <= OP_SD) || (i.op >= OP_LR_W && i.op <= OP_AMOMAXU_D) || (i.op >= OP_FLW && i.op <= OP_FSD) || i.op == OP_JALR;
    if (touches && !i.rs1)
        return; /* address 0 */
    tests[count] = (struct test){name, {first, word}};
    put32(code, first);
    put32(code + 4, i.size == 2 ? word | 0x00010000 : word); /* a compressed one is followed by c.nop */
    put32(code + 8, jump(code + 8, save_at));
    put32(code + 12, jump(code + 12, save_at + 32));
    put32(code + 16, jump(code + 16, save_at + 16));
    in[0] = code;
    for (int k = 1; k <= 72; k++)
        in[k] = interesting();
    aim(&i, in, code);
    count++;
}

struct context {
    const uint64_t *in, *out;
    struct insn insn;
    bool reserved;      /* an lr of the same place came before */
};

static bool var_value(void *user, uint64_t id, uint64_t *v) {
    const struct context *c = user;
    uint32_t loc = var_loc(id);
    if (var_kind(id) == VAR_SC) /* QEMU decides */
        *v = c->insn.rd ? c->out[OUT + c->insn.rd] == 0 : c->reserved;
    else if (var_kind(id) == VAR_ENTRY && loc < LOC_MEM)
        *v = loc < LOC_F ? (loc ? c->in[loc] : 0) : c->in[loc];
    else
        return false;
    return true;
}

static bool byte_value(void *user, uint64_t addr, uint8_t *v) {
    const struct context *c = user;
    if (addr - SCRATCH >= 64)
        return false;
    *v = ((const uint8_t *)(c->in + 65))[addr - SCRATCH];
    return true;
}

static bool csr_value(void *user, uint32_t number, uint64_t *v) {
    *v = ((const struct context *)user)->in[64];
    return number == SSCRATCH;
}

static bool report(const struct test *t, const char *what, uint64_t want, uint64_t got) {
    if (failed < 20)
        printf("%s (0x%08x): %s: QEMU 0x%" PRIx64 ", the ir 0x%" PRIx64 "\n", t->name, t->words[1], what, want, got);
    return false;
}

static bool agree(struct ir *ir, const struct ir_env *env, ir_ref r, uint64_t want, const struct test *t, const char *what) {
    uint64_t got;
    if (!ir_eval(ir, r, env, &got))
        return report(t, "not known", want, 0);
    return got == want || report(t, what, want, got);
}

/* Where the ir says control goes: 0 or 1 as the guest writes down. */
static bool agree_pc(struct ir *ir, const struct ir_env *env, const struct lift *l, uint64_t code, uint64_t marker, const struct test *t) {
    struct insn i = decoded(t->words[1]);
    uint64_t v = 0;
    if (l->condition && !ir_eval(ir, l->condition, env, &v))
        return report(t, "condition not known", marker, 0);
    if (l->target) {
        if (!ir_eval(ir, l->target, env, &v))
            return report(t, "target not known", marker, 0);
        v = v == code + 16 ? 1 : 2;
    }
    if (i.op == OP_JAL)
        v = 1;
    return v == marker || report(t, "where it goes", marker, v);
}

static bool check(struct ir *ir, size_t index) {
    const struct test *t = &tests[index];
    struct context c = {.in = record(index), .out = record(index), .insn = decoded(t->words[1]), .reserved = t->words[0] != 0x13};
    struct ir_env env = {.var = var_value, .byte = byte_value, .csr = csr_value, .user = &c};
    ir_ref loc[LOCS];
    ir_reset(ir);
    lift_entry(ir, loc);
    struct lift l = {.ir = ir, .loc = loc};
    bool ok = c.out[OUT] != 7 || report(t, "trapped", 7, 0);
    for (int k = 0; k < 2 && ok; k++) {
        struct insn i = decoded(t->words[k]);
        l.addr = c.in[0] + 4 * (uint64_t)k;
        l.slot = (uint32_t)k;
        if (broken && strcmp(broken, t->name) == 0 && k == 1)
            i.rs2 = (uint8_t)(i.rs2 + 1) & 31, i.imm++;
        ok = lift_insn(&l, &i) || report(t, "not modelled", 0, 0);
    }
    ok = ok && agree_pc(ir, &env, &l, c.in[0], c.out[OUT], t);
    for (unsigned r = 1; r < 64 && ok; r++)
        ok = r == 32 || agree(ir, &env, loc[r], c.out[OUT + r], t, "a register");
    ok = ok && agree(ir, &env, loc[32], c.out[OUT + 32], t, "f0");
    for (unsigned k = 0; k < 8 && ok; k++)
        ok = agree(ir, &env, ir_load(ir, loc[LOC_MEM], ir_const(ir, 64, SCRATCH + 8 * k), 64, 0), c.out[OUT + 65 + k], t, "memory");
    return ok && agree(ir, &env, ir_csr(ir, loc[LOC_CSR], SSCRATCH, 0), c.out[OUT + 64], t, "sscratch");
}

static int run(const char *qemu, const char *guest, const char *file) {
    char *backend = str_printf("memory-backend-file,id=ram,size=%" PRIu64 ",mem-path=%s,share=on", RAM_SIZE, file);
    char *argv[] = {(char *)(uintptr_t)qemu, "-M", "virt,memory-backend=ram", "-object", backend, "-m", "64M", "-bios", "none", "-nographic", "-monitor",
                    "none", "-serial", "none", "-kernel", (char *)(uintptr_t)guest, NULL};
    struct child_result r;
    struct err e = {0};
    struct ir ir;
    uint64_t n = count;
    memcpy(ram + (TESTS - RAM), &n, 8);
    if (child_run(argv, (struct child_limits){.seconds = 120}, -1, 2, &r, &e) < 0 || r.status || r.timed_out) {
        printf("QEMU failed: %s (status %d)\n", e.text, r.status);
        return -1;
    }
    ir_init(&ir, NULL);
    for (size_t i = 0; i < count; i++) {
        bool ok = check(&ir, i);
        passed += ok;
        failed += !ok;
    }
    ir_free(&ir);
    count = 0;
    memset(ram + (TESTS - RAM), 0, 64);
    return 0;
}

int main(int argc, char **argv) {
    static struct group groups[256];
    struct err e = {0};
    uint64_t states = 0;
    if (argc < 5 || parse_u64(argv[4], &states) < 0) {
        fputs("usage: lift_test GUEST.elf QEMU WORKDIR STATES [BREAK]\n", stderr);
        return ERR_USAGE;
    }
    broken = argc > 5 ? argv[5] : NULL;
    struct image *img = image_open(argv[1], &e);
    const struct symbol *save = img ? image_symbol(img, "save") : NULL;
    if (!save) {
        fprintf(stderr, "lift_test: %s\n", img ? "no symbol save" : e.text);
        return ERR_INPUT;
    }
    save_at = save->addr;
    char *file = str_printf("%s/lift-ram.%ld", argv[3], (long)getpid());
    int fd = open(file, O_RDWR | O_CREAT | O_TRUNC, 0600), rc = 0;
    if (fd < 0 || ftruncate(fd, (off_t)RAM_SIZE) < 0)
        return perror(file), ERR_INPUT;
    ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    size_t compressed = compressed_groups(groups);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds && rc == 0; k++, groups_done++)
        for (uint64_t s = 0; s < states && rc == 0; s++) {
            if (count + 2 > MOST_TESTS)
                rc = run(argv[2], argv[1], file);
            uint32_t w = encode(&kinds[k]), first = 0x13;
            if (strncmp(kinds[k].name, "sc.", 3) == 0 && s & 1 && (w >> 15 & 31) != 0) /* with a reservation: lr into x0 */
                first = 0x1000002f | (w & 0x7000) | (w & 0xf8000);
            add(kinds[k].name, first, w);
        }
    for (size_t k = 0; k < compressed && rc == 0; k++, groups_done++)
        for (uint64_t s = 0; s < states && rc == 0; s++) {
            if (count + 2 > MOST_TESTS)
                rc = run(argv[2], argv[1], file);
            uint16_t w = groups[k].words.data[next_random() % groups[k].words.len];
            add("compressed", 0x13, w);
        }
    if (rc == 0)
        rc = run(argv[2], argv[1], file);
    unlink(file);
    printf("%zu kinds of instructions\n%zu passed, %zu failed\n", groups_done, passed, failed);
    image_free(img);
    return rc < 0 || failed != 0;
}
