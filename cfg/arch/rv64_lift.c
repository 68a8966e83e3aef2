/* RV64IMAC, Zicsr and the moves of F and D as expressions; other floating point is uninterpreted. After The RISC-V Instruction Set
 * Manual, volume I (2019). Proved against QEMU, opcode by opcode, in cfg/test. */
#include "cfg/lift.h"

enum { CSR_SATP = 0x180 };

static ir_ref reg(const struct lift *l, unsigned r) { return l->loc[LOC_X + r]; }
static ir_ref imm(struct lift *l, int64_t v) { return ir_const(l->ir, 64, (uint64_t)v); }
static ir_ref word(struct lift *l, ir_ref v) { return ir_low(l->ir, v, 32); }

static void set(struct lift *l, unsigned rd, ir_ref v) {
    if (rd)
        l->loc[LOC_X + rd] = v;
}

static void set_word(struct lift *l, unsigned rd, ir_ref v) { set(l, rd, ir_sext(l->ir, v, 64)); }

static ir_ref load(struct lift *l, ir_ref addr, unsigned width) {
    if (l->load)
        return l->load(l, addr, width);
    return ir_load(l->ir, l->loc[LOC_MEM], addr, width, l->slot + 1ull);
}

static void store(struct lift *l, ir_ref addr, ir_ref value) {
    if (l->store)
        l->store(l, addr, value);
    else
        l->loc[LOC_MEM] = ir_store(l->ir, l->loc[LOC_MEM], addr, value);
}

static void remap(struct lift *l) {
    if (l->remap)
        l->remap(l);
    else
        l->loc[LOC_MEM] = ir_var(l->ir, 0, var_id(VAR_REMAP, l->slot, LOC_MEM));
}

static ir_ref address(struct lift *l, const struct insn *i) { return ir_binary(l->ir, IR_ADD, reg(l, i->rs1), imm(l, i->imm)); }

/* ---- arithmetic ------------------------------------------------------------------------------------------------------------ */

static const uint8_t imm_ops[] = {IR_ADD, IR_SLT, IR_ULT, IR_XOR, IR_OR, IR_AND, IR_SHL, IR_SHR, IR_SAR};   /* from ADDI */
static const uint8_t reg_ops[] = {IR_ADD, IR_SUB, IR_SHL, IR_SLT, IR_ULT, IR_XOR, IR_SHR, IR_SAR, IR_OR, IR_AND}; /* from ADD */
static const uint8_t word_imm_ops[] = {IR_ADD, IR_SHL, IR_SHR, IR_SAR};                                     /* from ADDIW */
static const uint8_t word_reg_ops[] = {IR_ADD, IR_SUB, IR_SHL, IR_SHR, IR_SAR};                             /* from ADDW */
static const uint8_t mul_ops[] = {IR_MUL, IR_MULH, IR_MULHSU, IR_MULHU, IR_DIV, IR_DIVU, IR_REM, IR_REMU};  /* from MUL */
static const uint8_t mul_word_ops[] = {IR_MUL, IR_DIV, IR_DIVU, IR_REM, IR_REMU};                           /* from MULW */

static void binary(struct lift *l, unsigned rd, enum ir_op op, ir_ref a, ir_ref b) {
    set(l, rd, ir_zext(l->ir, ir_binary(l->ir, op, a, b), 64)); /* a comparison's bit becomes 0 or 1 */
}

static bool lift_arithmetic(struct lift *l, const struct insn *i) {
    ir_ref a = reg(l, i->rs1), b = reg(l, i->rs2);
    if (i->op >= OP_ADDI && i->op <= OP_SRAI)
        binary(l, i->rd, (enum ir_op)imm_ops[i->op - OP_ADDI], a, imm(l, i->imm));
    else if (i->op >= OP_ADD && i->op <= OP_AND)
        binary(l, i->rd, (enum ir_op)reg_ops[i->op - OP_ADD], a, b);
    else if (i->op >= OP_ADDIW && i->op <= OP_SRAIW)
        set_word(l, i->rd, ir_binary(l->ir, (enum ir_op)word_imm_ops[i->op - OP_ADDIW], word(l, a), ir_const(l->ir, 32, (uint64_t)(int64_t)i->imm)));
    else if (i->op >= OP_ADDW && i->op <= OP_SRAW)
        set_word(l, i->rd, ir_binary(l->ir, (enum ir_op)word_reg_ops[i->op - OP_ADDW], word(l, a), word(l, b)));
    else if (i->op >= OP_MUL && i->op <= OP_REMU)
        binary(l, i->rd, (enum ir_op)mul_ops[i->op - OP_MUL], a, b);
    else if (i->op >= OP_MULW && i->op <= OP_REMUW)
        set_word(l, i->rd, ir_binary(l->ir, (enum ir_op)mul_word_ops[i->op - OP_MULW], word(l, a), word(l, b)));
    else
        return false;
    return true;
}

/* ---- memory ---------------------------------------------------------------------------------------------------------------- */

static void lift_load(struct lift *l, const struct insn *i) {
    bool zero = i->op >= OP_LBU;
    unsigned width = 8u << (zero ? i->op - OP_LBU : i->op - OP_LB);
    ir_ref v = load(l, address(l, i), width);
    set(l, i->rd, zero ? ir_zext(l->ir, v, 64) : ir_sext(l->ir, v, 64));
}

static void lift_store(struct lift *l, const struct insn *i) {
    store(l, address(l, i), ir_low(l->ir, reg(l, i->rs2), 8u << (i->op - OP_SB)));
}

static ir_ref atomic_result(struct lift *l, unsigned op, ir_ref old, ir_ref v) {
    static const uint8_t ops[] = {IR_ADD, IR_XOR, IR_AND, IR_OR, IR_SLT, IR_SLT, IR_ULT, IR_ULT}; /* from AMOADD */
    if (op == 0)
        return v;
    ir_ref r = ir_binary(l->ir, (enum ir_op)ops[op - 1], old, v);
    if (op <= 4)
        return r;
    bool least = op == 5 || op == 7;
    return ir_ite(l->ir, r, least ? old : v, least ? v : old);
}

/* A store-conditional may fail whenever it likes; whether it does is a variable of its own. */
static void lift_atomic(struct lift *l, const struct insn *i) {
    bool wide = i->op >= OP_LR_D;
    unsigned op = i->op - (wide ? OP_LR_D : OP_LR_W), width = wide ? 64 : 32;
    ir_ref at = reg(l, i->rs1), value = ir_low(l->ir, reg(l, i->rs2), width);
    ir_ref old = load(l, at, width);
    if (op == 1) {
        ir_ref done = ir_var(l->ir, 1, var_id(VAR_SC, l->slot, 0));
        store(l, at, ir_ite(l->ir, done, value, old));
        set(l, i->rd, ir_zext(l->ir, ir_not(l->ir, done), 64));
        return;
    }
    if (op)
        store(l, at, atomic_result(l, op - 2, old, value));
    set(l, i->rd, ir_sext(l->ir, old, 64));
}

/* ---- floating point ---------------------------------------------------------------------------------------------------------- */

static const uint64_t BOX = 0xffffffff00000000ull; /* a single in a double's register */

static void lift_float_memory(struct lift *l, const struct insn *i) {
    unsigned width = i->op == OP_FLW || i->op == OP_FSW ? 32 : 64;
    if (i->op == OP_FSW || i->op == OP_FSD) {
        store(l, address(l, i), ir_low(l->ir, l->loc[LOC_F + i->rs2], width));
        return;
    }
    ir_ref v = load(l, address(l, i), width);
    l->loc[LOC_F + i->rd] = width == 64 ? v : ir_binary(l->ir, IR_OR, ir_zext(l->ir, v, 64), ir_const(l->ir, 64, BOX));
}

/* The result is a function of the encoding without its register numbers, the operands and the rounding mode's register. */
static ir_ref lift_float_result(struct lift *l, const struct insn *i) {
    bool from_x = (i->word & 0x7f) == 0x53 && ((i->word >> 27) == 0x1a || (i->word >> 27) == 0x1e);
    bool fused = (i->word & 0x7f) != 0x53;
    uint32_t shape = i->word & 0xfe00707f;
    if (!fused && (i->word >> 27) >= 0x08) /* conversions select by rs2 */
        shape |= (i->word >> 20 & 31) << 20;
    ir_ref a = from_x ? reg(l, i->rs1) : l->loc[LOC_F + i->rs1];
    ir_ref rest = ir_apply(l->ir, 64, 0, l->loc[LOC_F + i->rs3], ir_csr(l->ir, l->loc[LOC_CSR], 3, 0), 0);
    ir_ref r = ir_apply(l->ir, 64, shape & (fused ? 0x0600707fu : ~0u), a, l->loc[LOC_F + i->rs2], rest);
    l->loc[LOC_CSR] = ir_set_csr(l->ir, l->loc[LOC_CSR], 3, ir_apply(l->ir, 64, 1, r, ir_csr(l->ir, l->loc[LOC_CSR], 3, 0), 0));
    return r;
}

static bool lift_float(struct lift *l, const struct insn *i) {
    switch (i->op) {
    case OP_FLW: case OP_FLD: case OP_FSW: case OP_FSD: lift_float_memory(l, i); return true;
    case OP_FMV_X_D: set(l, i->rd, l->loc[LOC_F + i->rs1]); return true;
    case OP_FMV_X_W: set_word(l, i->rd, word(l, l->loc[LOC_F + i->rs1])); return true;
    case OP_FMV_D_X: l->loc[LOC_F + i->rd] = reg(l, i->rs1); return true;
    case OP_FMV_W_X:
        l->loc[LOC_F + i->rd] = ir_binary(l->ir, IR_OR, ir_zext(l->ir, word(l, reg(l, i->rs1)), 64), ir_const(l->ir, 64, BOX));
        return true;
    case OP_FP_TO_X: set(l, i->rd, lift_float_result(l, i)); return true;
    case OP_FP_TO_F: l->loc[LOC_F + i->rd] = lift_float_result(l, i); return true;
    }
    return false;
}

/* ---- system ------------------------------------------------------------------------------------------------------------------ */

/* Reading a CSR may give something else each time (counters), so each read is tagged with its place. */
static void lift_csr(struct lift *l, const struct insn *i) {
    uint32_t number = (uint32_t)i->imm;
    bool immediate = i->op >= OP_CSRRWI;
    unsigned kind = i->op - (immediate ? OP_CSRRWI : OP_CSRRW);
    ir_ref v = immediate ? imm(l, i->rs1) : reg(l, i->rs1);
    ir_ref old = l->csr ? l->csr(l, number) : ir_csr(l->ir, l->loc[LOC_CSR], number, l->slot + 1ull);
    if (kind == 1)
        v = ir_binary(l->ir, IR_OR, old, v);
    else if (kind == 2)
        v = ir_binary(l->ir, IR_AND, old, ir_binary(l->ir, IR_XOR, v, imm(l, -1)));
    if (kind == 0 || i->rs1) {
        l->loc[LOC_CSR] = ir_set_csr(l->ir, l->loc[LOC_CSR], number, v);
        if (number == CSR_SATP)
            remap(l);
    }
    set(l, i->rd, old);
}

/* Another privilege level answers. By the calling conventions (SBI, Linux) it changes a0 and a1 only; we let it have every register that a
 * call may change, and memory. */
static void lift_ecall(struct lift *l) {
    for (unsigned r = 1; r < 32; r++)
        if (r == 1 || (r >= 5 && r <= 7) || (r >= 10 && r <= 17) || r >= 28)
            set(l, r, ir_var(l->ir, 64, var_id(VAR_TRAP, l->slot, LOC_X + r)));
    l->loc[LOC_CSR] = ir_var(l->ir, 0, var_id(VAR_TRAP, l->slot, LOC_CSR));
    remap(l);
}

static void lift_branch(struct lift *l, const struct insn *i) {
    static const uint8_t ops[] = {IR_EQ, IR_EQ, IR_SLT, IR_SLT, IR_ULT, IR_ULT};
    ir_ref c = ir_binary(l->ir, (enum ir_op)ops[i->op - OP_BEQ], reg(l, i->rs1), reg(l, i->rs2));
    bool negated = i->op == OP_BNE || i->op == OP_BGE || i->op == OP_BGEU;
    l->condition = i->imm == i->size ? 0 : negated ? ir_not(l->ir, c) : c;
}

static bool lift_other(struct lift *l, const struct insn *i) {
    switch (i->op) {
    case OP_LUI: set(l, i->rd, imm(l, i->imm)); return true;
    case OP_AUIPC: set(l, i->rd, ir_const(l->ir, 64, l->addr + (uint64_t)(int64_t)i->imm)); return true;
    case OP_JAL: set(l, i->rd, ir_const(l->ir, 64, l->addr + i->size)); return true;
    case OP_JALR:
        l->target = ir_binary(l->ir, IR_AND, address(l, i), imm(l, -2));
        set(l, i->rd, ir_const(l->ir, 64, l->addr + i->size));
        return true;
    case OP_FENCE: case OP_FENCE_I: case OP_WFI: case OP_EBREAK: case OP_UNIMP: return true;
    case OP_SRET: case OP_MRET: return true;
    case OP_SFENCE: remap(l); return true;
    case OP_ECALL: lift_ecall(l); return true;
    }
    return false;
}

bool lift_insn(struct lift *l, const struct insn *i) {
    l->condition = l->target = 0;
    if (lift_arithmetic(l, i) || lift_other(l, i))
        return true;
    if (i->op >= OP_LB && i->op <= OP_LWU)
        lift_load(l, i);
    else if (i->op >= OP_SB && i->op <= OP_SD)
        lift_store(l, i);
    else if (i->op >= OP_BEQ && i->op <= OP_BGEU)
        lift_branch(l, i);
    else if (i->op >= OP_LR_W && i->op <= OP_AMOMAXU_D)
        lift_atomic(l, i);
    else if (i->op >= OP_CSRRW && i->op <= OP_CSRRCI)
        lift_csr(l, i);
    else
        return lift_float(l, i);
    return true;
}

void lift_entry(struct ir *ir, ir_ref *loc) {
    for (uint32_t i = 0; i < LOCS; i++)
        loc[i] = ir_var(ir, i < LOC_MEM ? 64 : 0, var_id(VAR_ENTRY, 0, i));
    loc[LOC_X] = ir_const(ir, 64, 0);
}
