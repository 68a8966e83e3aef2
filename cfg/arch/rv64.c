/* Decoding of RV64GC. Our own, from the encoding (The RISC-V Instruction Set Manual, volumes I and II), because the analyses
 * need every operand exactly; Capstone, an independent decoder, says which floating-point encodings exist (those are never
 * interpreted) and prints. The test compares the two over all 16-bit encodings and millions of 32-bit ones. */
#include "cfg/insn.h"

#include <capstone/capstone.h>

const char *const insn_names[OPS] = {
#define X(name) #name,
    RV64_OPS(X)
#undef X
};

static uint32_t bits(uint32_t w, int hi, int lo) { return (w >> lo) & ((2u << (hi - lo)) - 1); }
static int32_t extend(uint32_t v, int width) { return (int32_t)(v << (32 - width)) >> (32 - width); }

/* ---- Capstone ------------------------------------------------------------------------------------------------------ */

static csh capstone(void) {
    static csh handle;
    static bool open;
    if (!open && cs_open(CS_ARCH_RISCV, CS_MODE_RISCV64 | CS_MODE_RISCVC, &handle) != CS_ERR_OK) {
        fputs("potoroo: Capstone cannot decode RISC-V\n", stderr);
        _Exit(ERR_INCOMPLETE);
    }
    open = true;
    return handle;
}

static size_t capstone_decode(uint32_t word, size_t size, uint64_t addr, cs_insn **out) {
    uint8_t bytes[4] = {(uint8_t)word, (uint8_t)(word >> 8), (uint8_t)(word >> 16), (uint8_t)(word >> 24)};
    return cs_disasm(capstone(), bytes, size, addr, 1, out);
}

static bool capstone_knows(uint32_t word, size_t size) {
    cs_insn *in;
    size_t n = capstone_decode(word, size, 0, &in);
    bool ok = n == 1 && in->size == size;
    if (n)
        cs_free(in, n);
    return ok;
}

char *insn_text(const struct insn *i, uint64_t addr, char *text, size_t size) {
    cs_insn *in;
    size_t n = capstone_decode(i->word, i->size, addr, &in);
    *text = 0;
    if (n) {
        snprintf(text, size, "%s%s%s", in->mnemonic, *in->op_str ? " " : "", in->op_str);
        cs_free(in, n);
    }
    return text;
}

/* ---- 32-bit encodings ---------------------------------------------------------------------------------------------- */

static int32_t imm_i(uint32_t w) { return extend(w >> 20, 12); }
static int32_t imm_s(uint32_t w) { return extend(bits(w, 31, 25) << 5 | bits(w, 11, 7), 12); }
static int32_t imm_b(uint32_t w) {
    return extend(bits(w, 31, 31) << 12 | bits(w, 7, 7) << 11 | bits(w, 30, 25) << 5 | bits(w, 11, 8) << 1, 13);
}
static int32_t imm_j(uint32_t w) {
    return extend(bits(w, 31, 31) << 20 | bits(w, 19, 12) << 12 | bits(w, 20, 20) << 11 | bits(w, 30, 21) << 1, 21);
}

static void decode_load(struct insn *i) {
    static const uint8_t ops[8] = {OP_LB, OP_LH, OP_LW, OP_LD, OP_LBU, OP_LHU, OP_LWU, OP_ILLEGAL};
    i->op = ops[bits(i->word, 14, 12)];
    i->imm = imm_i(i->word);
}

static void decode_store(struct insn *i) {
    uint32_t f3 = bits(i->word, 14, 12);
    i->op = f3 < 4 ? (uint8_t)(OP_SB + f3) : OP_ILLEGAL;
    i->imm = imm_s(i->word);
    i->rd = 0;
}

static void decode_branch(struct insn *i) {
    static const uint8_t ops[8] = {OP_BEQ, OP_BNE, OP_ILLEGAL, OP_ILLEGAL, OP_BLT, OP_BGE, OP_BLTU, OP_BGEU};
    i->op = ops[bits(i->word, 14, 12)];
    i->imm = imm_b(i->word);
    i->rd = 0;
}

static void decode_imm(struct insn *i) {
    static const uint8_t ops[8] = {OP_ADDI, OP_SLLI, OP_SLTI, OP_SLTIU, OP_XORI, OP_SRLI, OP_ORI, OP_ANDI};
    uint32_t f3 = bits(i->word, 14, 12), f6 = bits(i->word, 31, 26);
    i->op = ops[f3];
    i->imm = imm_i(i->word);
    if (f3 != 1 && f3 != 5)
        return;
    i->imm = (int32_t)bits(i->word, 25, 20);
    if (f6 == 16 && f3 == 5)
        i->op = OP_SRAI;
    else if (f6)
        i->op = OP_ILLEGAL;
}

static void decode_imm_w(struct insn *i) {
    uint32_t f3 = bits(i->word, 14, 12), f7 = bits(i->word, 31, 25);
    i->imm = f3 ? (int32_t)bits(i->word, 24, 20) : imm_i(i->word);
    if (f3 == 0)
        i->op = OP_ADDIW;
    else if (f3 == 1 && f7 == 0)
        i->op = OP_SLLIW;
    else if (f3 == 5 && (f7 == 0 || f7 == 32))
        i->op = f7 ? OP_SRAIW : OP_SRLIW;
    else
        i->op = OP_ILLEGAL;
}

static void decode_reg(struct insn *i) {
    static const uint8_t base[8] = {OP_ADD, OP_SLL, OP_SLT, OP_SLTU, OP_XOR, OP_SRL, OP_OR, OP_AND};
    uint32_t f3 = bits(i->word, 14, 12), f7 = bits(i->word, 31, 25);
    if (f7 == 0)
        i->op = base[f3];
    else if (f7 == 1)
        i->op = (uint8_t)(OP_MUL + f3);
    else if (f7 == 32 && (f3 == 0 || f3 == 5))
        i->op = f3 ? OP_SRA : OP_SUB;
}

static void decode_reg_w(struct insn *i) {
    static const uint8_t base[8] = {OP_ADDW, OP_SLLW, OP_ILLEGAL, OP_ILLEGAL, OP_ILLEGAL, OP_SRLW, OP_ILLEGAL, OP_ILLEGAL};
    static const uint8_t mul[8] = {OP_MULW, OP_ILLEGAL, OP_ILLEGAL, OP_ILLEGAL, OP_DIVW, OP_DIVUW, OP_REMW, OP_REMUW};
    uint32_t f3 = bits(i->word, 14, 12), f7 = bits(i->word, 31, 25);
    if (f7 == 0)
        i->op = base[f3];
    else if (f7 == 1)
        i->op = mul[f3];
    else if (f7 == 32 && (f3 == 0 || f3 == 5))
        i->op = f3 ? OP_SRAW : OP_SUBW;
}

static void decode_atomic(struct insn *i) {
    static const uint8_t ops[32] = {[0] = OP_AMOADD_W, [1] = OP_AMOSWAP_W, [2] = OP_LR_W, [3] = OP_SC_W, [4] = OP_AMOXOR_W,
                                    [8] = OP_AMOOR_W, [12] = OP_AMOAND_W, [16] = OP_AMOMIN_W, [20] = OP_AMOMAX_W,
                                    [24] = OP_AMOMINU_W, [28] = OP_AMOMAXU_W};
    uint32_t f3 = bits(i->word, 14, 12);
    uint8_t op = ops[bits(i->word, 31, 27)];
    if (op == OP_ILLEGAL || (f3 != 2 && f3 != 3) || (op == OP_LR_W && i->rs2))
        return;
    i->op = f3 == 3 ? (uint8_t)(op + (OP_LR_D - OP_LR_W)) : op;
}

static void decode_system(struct insn *i) {
    static const uint8_t csr[8] = {OP_ILLEGAL, OP_CSRRW, OP_CSRRS, OP_CSRRC, OP_ILLEGAL, OP_CSRRWI, OP_CSRRSI, OP_CSRRCI};
    uint32_t f3 = bits(i->word, 14, 12);
    i->imm = (int32_t)bits(i->word, 31, 20);
    i->op = csr[f3];
    if (i->word == 0xc0001073) /* a write to a read-only register: what assemblers call unimp */
        i->op = OP_UNIMP;
    if (f3 != 0)
        return;
    switch (i->word) {
    case 0x00000073: i->op = OP_ECALL; return;
    case 0x00100073: i->op = OP_EBREAK; return;
    case 0x10200073: i->op = OP_SRET; return;
    case 0x30200073: i->op = OP_MRET; return;
    case 0x10500073: i->op = OP_WFI; return;
    }
    uint32_t f7 = bits(i->word, 31, 25); /* sfence.vma, sinval.vma, hfence.vvma, hinval.vvma, hfence.gvma, hinval.gvma */
    bool fence = f7 == 0x09 || f7 == 0x0b || f7 == 0x11 || f7 == 0x13 || f7 == 0x31 || f7 == 0x33;
    if ((fence && i->rd == 0) || i->word == 0x18000073 || i->word == 0x18100073)
        i->op = OP_SFENCE;
}

static void decode_fence(struct insn *i) {
    uint32_t f3 = bits(i->word, 14, 12);
    i->op = f3 == 0 ? OP_FENCE : f3 == 1 ? OP_FENCE_I : OP_ILLEGAL;
    i->rd = i->rs1 = 0;
}

static void decode_fp_op(struct insn *i) {
    uint32_t f7 = bits(i->word, 31, 25), rm = bits(i->word, 14, 12), f5 = f7 >> 2;
    i->op = f5 == 0x14 || f5 == 0x18 || f5 == 0x1c ? OP_FP_TO_X : OP_FP_TO_F;
    if (rm || i->rs2)
        return;
    switch (f7) {
    case 0x70: i->op = OP_FMV_X_W; break;
    case 0x71: i->op = OP_FMV_X_D; break;
    case 0x78: i->op = OP_FMV_W_X; break;
    case 0x79: i->op = OP_FMV_D_X; break;
    }
}

static void decode_fp(struct insn *i, uint32_t major) {
    uint32_t f3 = bits(i->word, 14, 12);
    if (major == 0x07) {
        i->op = f3 == 2 ? OP_FLW : f3 == 3 ? OP_FLD : OP_ILLEGAL;
        i->imm = imm_i(i->word);
    } else if (major == 0x27) {
        i->op = f3 == 2 ? OP_FSW : f3 == 3 ? OP_FSD : OP_ILLEGAL;
        i->imm = imm_s(i->word);
        i->rd = 0;
    } else if (!capstone_knows(i->word, 4)) {
        i->op = OP_ILLEGAL;
    } else if (major == 0x53) {
        decode_fp_op(i);
    } else {
        i->op = OP_FP_TO_F;
    }
}

static void decode_jump(struct insn *i, uint32_t major) {
    if (major == 0x6f) {
        i->op = OP_JAL;
        i->imm = imm_j(i->word);
    } else if (bits(i->word, 14, 12) == 0) {
        i->op = OP_JALR;
        i->imm = imm_i(i->word);
    }
}

static void decode32(struct insn *i) {
    uint32_t w = i->word, major = w & 0x7f;
    i->rd = (uint8_t)bits(w, 11, 7);
    i->rs1 = (uint8_t)bits(w, 19, 15);
    i->rs2 = (uint8_t)bits(w, 24, 20);
    i->rs3 = (uint8_t)bits(w, 31, 27);
    switch (major) {
    case 0x37: case 0x17:
        i->op = major == 0x37 ? OP_LUI : OP_AUIPC;
        i->imm = (int32_t)(w & 0xfffff000);
        return;
    case 0x6f: case 0x67: decode_jump(i, major); return;
    case 0x63: decode_branch(i); return;
    case 0x03: decode_load(i); return;
    case 0x23: decode_store(i); return;
    case 0x13: decode_imm(i); return;
    case 0x1b: decode_imm_w(i); return;
    case 0x33: decode_reg(i); return;
    case 0x3b: decode_reg_w(i); return;
    case 0x2f: decode_atomic(i); return;
    case 0x0f: decode_fence(i); return;
    case 0x73: decode_system(i); return;
    case 0x07: case 0x27: case 0x43: case 0x47: case 0x4b: case 0x4f: case 0x53: decode_fp(i, major); return;
    }
}

/* ---- 16-bit encodings ---------------------------------------------------------------------------------------------- */

static void set(struct insn *i, enum op op, uint32_t rd, uint32_t rs1, uint32_t rs2, int32_t imm) {
    i->op = (uint8_t)op;
    i->rd = (uint8_t)rd;
    i->rs1 = (uint8_t)rs1;
    i->rs2 = (uint8_t)rs2;
    i->imm = imm;
}

/* Offsets of the forms with three-bit registers: a word's and a double word's. */
static int32_t offset_w(uint32_t w) { return (int32_t)(bits(w, 12, 10) << 3 | bits(w, 6, 6) << 2 | bits(w, 5, 5) << 6); }
static int32_t offset_d(uint32_t w) { return (int32_t)(bits(w, 12, 10) << 3 | bits(w, 6, 5) << 6); }

static void expand0(struct insn *i) {
    uint32_t w = i->word, rd = 8 + bits(w, 4, 2), rs1 = 8 + bits(w, 9, 7);
    int32_t wide = (int32_t)(bits(w, 12, 11) << 4 | bits(w, 10, 7) << 6 | bits(w, 6, 6) << 2 | bits(w, 5, 5) << 3);
    switch (bits(w, 15, 13)) {
    case 0:
        if (wide)
            set(i, OP_ADDI, rd, 2, 0, wide);
        else if (!w)
            set(i, OP_UNIMP, 0, 0, 0, 0);
        return;
    case 1: set(i, OP_FLD, rd, rs1, 0, offset_d(w)); return;
    case 2: set(i, OP_LW, rd, rs1, 0, offset_w(w)); return;
    case 3: set(i, OP_LD, rd, rs1, 0, offset_d(w)); return;
    case 5: set(i, OP_FSD, 0, rs1, rd, offset_d(w)); return;
    case 6: set(i, OP_SW, 0, rs1, rd, offset_w(w)); return;
    case 7: set(i, OP_SD, 0, rs1, rd, offset_d(w)); return;
    }
}

static void expand_arithmetic(struct insn *i) {
    static const uint8_t ops[2][4] = {{OP_SUB, OP_XOR, OP_OR, OP_AND}, {OP_SUBW, OP_ADDW, OP_ILLEGAL, OP_ILLEGAL}};
    uint32_t w = i->word, rd = 8 + bits(w, 9, 7), rs2 = 8 + bits(w, 4, 2);
    int32_t imm = extend(bits(w, 12, 12) << 5 | bits(w, 6, 2), 6);
    switch (bits(w, 11, 10)) {
    case 0: set(i, OP_SRLI, rd, rd, 0, imm & 63); return;
    case 1: set(i, OP_SRAI, rd, rd, 0, imm & 63); return;
    case 2: set(i, OP_ANDI, rd, rd, 0, imm); return;
    case 3: set(i, ops[bits(w, 12, 12)][bits(w, 6, 5)], rd, rd, rs2, 0); return;
    }
}

static void expand1(struct insn *i) {
    uint32_t w = i->word, rd = bits(w, 11, 7), rs1 = 8 + bits(w, 9, 7);
    int32_t imm = extend(bits(w, 12, 12) << 5 | bits(w, 6, 2), 6);
    int32_t stack = extend(bits(w, 12, 12) << 9 | bits(w, 6, 6) << 4 | bits(w, 5, 5) << 6 | bits(w, 4, 3) << 7 | bits(w, 2, 2) << 5, 10);
    int32_t jump = extend(bits(w, 12, 12) << 11 | bits(w, 11, 11) << 4 | bits(w, 10, 9) << 8 | bits(w, 8, 8) << 10 | bits(w, 7, 7) << 6 |
                              bits(w, 6, 6) << 7 | bits(w, 5, 3) << 1 | bits(w, 2, 2) << 5, 12);
    int32_t branch = extend(bits(w, 12, 12) << 8 | bits(w, 11, 10) << 3 | bits(w, 6, 5) << 6 | bits(w, 4, 3) << 1 | bits(w, 2, 2) << 5, 9);
    switch (bits(w, 15, 13)) {
    case 0: set(i, OP_ADDI, rd, rd, 0, imm); return;
    case 1: set(i, rd ? OP_ADDIW : OP_ILLEGAL, rd, rd, 0, imm); return;
    case 2: set(i, OP_ADDI, rd, 0, 0, imm); return;
    case 3:
        if (rd == 2)
            set(i, stack ? OP_ADDI : OP_ILLEGAL, 2, 2, 0, stack);
        else
            set(i, imm ? OP_LUI : OP_ILLEGAL, rd, 0, 0, imm * 4096);
        return;
    case 4: expand_arithmetic(i); return;
    case 5: set(i, OP_JAL, 0, 0, 0, jump); return;
    case 6: set(i, OP_BEQ, 0, rs1, 0, branch); return;
    case 7: set(i, OP_BNE, 0, rs1, 0, branch); return;
    }
}

static void expand_move(struct insn *i) {
    uint32_t w = i->word, rd = bits(w, 11, 7), rs2 = bits(w, 6, 2);
    if (rs2)
        set(i, OP_ADD, rd, bits(w, 12, 12) ? rd : 0, rs2, 0);
    else if (rd)
        set(i, OP_JALR, bits(w, 12, 12), rd, 0, 0);
    else if (bits(w, 12, 12))
        set(i, OP_EBREAK, 0, 0, 0, 0);
}

static void expand2(struct insn *i) {
    uint32_t w = i->word, rd = bits(w, 11, 7), rs2 = bits(w, 6, 2);
    int32_t shift = (int32_t)(bits(w, 12, 12) << 5 | bits(w, 6, 2));
    int32_t load_w = (int32_t)(bits(w, 12, 12) << 5 | bits(w, 6, 4) << 2 | bits(w, 3, 2) << 6);
    int32_t load_d = (int32_t)(bits(w, 12, 12) << 5 | bits(w, 6, 5) << 3 | bits(w, 4, 2) << 6);
    int32_t store_w = (int32_t)(bits(w, 12, 9) << 2 | bits(w, 8, 7) << 6);
    int32_t store_d = (int32_t)(bits(w, 12, 10) << 3 | bits(w, 9, 7) << 6);
    switch (bits(w, 15, 13)) {
    case 0: set(i, OP_SLLI, rd, rd, 0, shift); return;
    case 1: set(i, OP_FLD, rd, 2, 0, load_d); return;
    case 2: set(i, rd ? OP_LW : OP_ILLEGAL, rd, 2, 0, load_w); return;
    case 3: set(i, rd ? OP_LD : OP_ILLEGAL, rd, 2, 0, load_d); return;
    case 4: expand_move(i); return;
    case 5: set(i, OP_FSD, 0, 2, rs2, store_d); return;
    case 6: set(i, OP_SW, 0, 2, rs2, store_w); return;
    case 7: set(i, OP_SD, 0, 2, rs2, store_d); return;
    }
}

struct insn insn_decode(const uint8_t *p, size_t available) {
    struct insn i = {.word = p[0] | (uint32_t)p[1] << 8, .size = 2, .op = OP_ILLEGAL};
    if ((i.word & 3) == 0)
        expand0(&i);
    else if ((i.word & 3) == 1)
        expand1(&i);
    else if ((i.word & 3) == 2)
        expand2(&i);
    if ((i.word & 3) != 3 || (i.word & 0x1f) == 0x1f || available < 4)
        return i; /* 48-bit and longer encodings are none of RV64GC */
    i.word |= (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    i.size = 4;
    decode32(&i);
    return i;
}
