/* The instruction's class from its encoding: "The RISC-V Instruction Set Manual", volumes I (RV64GC, Zicsr, Zifencei) and II. */
#include "tracer/platform/decode.h"

static uint32_t bits(uint32_t code, int high, int low)
{
    return code >> low & (0xffffffffu >> (31 - (high - low)));
}

/* Bit FROM of CODE, moved to bit TO. */
static uint32_t move(uint32_t code, int from, int to)
{
    return (code >> from & 1) << to;
}

static int32_t sign_extend(uint32_t v, int width)
{
    uint32_t sign = 1u << (width - 1);
    return (int32_t)((v ^ sign) - sign);
}

static struct decoded simple(enum decode_kind kind)
{
    return (struct decoded){.kind = kind};
}

static struct decoded access(enum decode_kind kind, uint32_t bytes)
{
    return (struct decoded){.kind = kind, .bytes = bytes};
}

static struct decoded jump(enum decode_kind kind, int32_t offset)
{
    return (struct decoded){.kind = kind, .offset = offset};
}

static struct decoded when(bool legal, enum decode_kind kind)
{
    return simple(legal ? kind : DECODE_UNKNOWN);
}

static int32_t branch_offset(uint32_t c)
{
    return sign_extend(move(c, 31, 12) | move(c, 7, 11) | bits(c, 30, 25) << 5 | bits(c, 11, 8) << 1, 13);
}

static int32_t jal_offset(uint32_t c)
{
    return sign_extend(move(c, 31, 20) | bits(c, 19, 12) << 12 | move(c, 20, 11) | bits(c, 30, 21) << 1, 21);
}

static struct decoded op_imm(uint32_t c, bool word)
{
    uint32_t f3 = bits(c, 14, 12), top = word ? bits(c, 31, 25) : bits(c, 31, 26) << 1;
    if (f3 == 1) return when(top == 0, DECODE_ALU);
    if (f3 == 5) return when(top == 0 || top == 0x20, DECODE_ALU);
    return when(!word || f3 == 0, DECODE_ALU);
}

static struct decoded op(uint32_t c, bool word)
{
    uint32_t f3 = bits(c, 14, 12), f7 = bits(c, 31, 25);
    if (f7 == 1) {
        if (f3 < 4) return when(!word || f3 == 0, DECODE_MUL);
        return simple(DECODE_DIV);
    }
    if (word && f3 != 0 && f3 != 1 && f3 != 5) return simple(DECODE_UNKNOWN);
    return when(f7 == 0 || (f7 == 0x20 && (f3 == 0 || f3 == 5)), DECODE_ALU);
}

static struct decoded amo(uint32_t c)
{
    uint32_t f3 = bits(c, 14, 12), f5 = bits(c, 31, 27), bytes = 1u << f3;
    if (f3 != 2 && f3 != 3) return simple(DECODE_UNKNOWN);
    if (f5 == 2) return bits(c, 24, 20) ? simple(DECODE_UNKNOWN) : access(DECODE_LOAD, bytes);
    if (f5 == 3) return access(DECODE_STORE, bytes);
    if (f5 == 0 || f5 == 1 || (f5 & 3) == 0) return access(DECODE_AMO, bytes);
    return simple(DECODE_UNKNOWN);
}

static struct decoded op_fp(uint32_t c)
{
    uint32_t f5 = bits(c, 31, 27), format = bits(c, 26, 25);
    bool known = f5 <= 5 || f5 == 8 || f5 == 0xb || f5 == 0x14 || f5 == 0x18 || f5 == 0x1a || f5 == 0x1c || f5 == 0x1e;
    return when(known && format <= 1, DECODE_FP);
}

static struct decoded privileged(uint32_t c)
{
    if (bits(c, 31, 25) == 0x09 && bits(c, 11, 7) == 0) return simple(DECODE_SFENCE);
    switch (c) {
    case 0x00000073:
    case 0x00100073: return simple(DECODE_CALL);
    case 0x10200073: return simple(DECODE_SRET);
    case 0x30200073: return simple(DECODE_MRET);
    case 0x10500073: return simple(DECODE_WAIT);
    }
    return simple(DECODE_UNKNOWN);
}

static struct decoded system_op(uint32_t c)
{
    uint32_t f3 = bits(c, 14, 12);
    if (f3 == 0) return privileged(c);
    if (f3 == 4) return simple(DECODE_UNKNOWN);
    return (struct decoded){.kind = DECODE_CSR, .csr = bits(c, 31, 20)};
}

static struct decoded decode_32(uint32_t c)
{
    uint32_t f3 = bits(c, 14, 12);
    switch (bits(c, 6, 2)) {
    case 0x00: return f3 == 7 ? simple(DECODE_UNKNOWN) : access(DECODE_LOAD, 1u << (f3 & 3));
    case 0x01: return f3 == 2 || f3 == 3 ? access(DECODE_LOAD, 1u << f3) : simple(DECODE_UNKNOWN);
    case 0x03: return when(f3 <= 1, DECODE_FENCE);
    case 0x04: return op_imm(c, false);
    case 0x05:
    case 0x0d: return simple(DECODE_ALU); /* auipc, lui */
    case 0x06: return op_imm(c, true);
    case 0x08: return f3 > 3 ? simple(DECODE_UNKNOWN) : access(DECODE_STORE, 1u << f3);
    case 0x09: return f3 == 2 || f3 == 3 ? access(DECODE_STORE, 1u << f3) : simple(DECODE_UNKNOWN);
    case 0x0b: return amo(c);
    case 0x0c: return op(c, false);
    case 0x0e: return op(c, true);
    case 0x10: case 0x11: case 0x12:
    case 0x13: return when(bits(c, 26, 25) <= 1, DECODE_FP); /* fused multiply-add */
    case 0x14: return op_fp(c);
    case 0x18: return f3 == 2 || f3 == 3 ? simple(DECODE_UNKNOWN) : jump(DECODE_BRANCH, branch_offset(c));
    case 0x19: return when(f3 == 0, DECODE_JUMP_INDIRECT);
    case 0x1b: return jump(DECODE_JUMP, jal_offset(c));
    case 0x1c: return system_op(c);
    }
    return simple(DECODE_UNKNOWN);
}

static struct decoded quadrant_0(uint32_t c)
{
    switch (bits(c, 15, 13)) {
    case 0: return when(bits(c, 12, 5) != 0, DECODE_ALU); /* c.addi4spn */
    case 1:
    case 3: return access(DECODE_LOAD, 8);
    case 2: return access(DECODE_LOAD, 4);
    case 5:
    case 7: return access(DECODE_STORE, 8);
    case 6: return access(DECODE_STORE, 4);
    }
    return simple(DECODE_UNKNOWN);
}

static int32_t cj_offset(uint32_t c)
{
    return sign_extend(move(c, 12, 11) | move(c, 11, 4) | bits(c, 10, 9) << 8 | move(c, 8, 10) | move(c, 7, 6) | move(c, 6, 7) |
                       bits(c, 5, 3) << 1 | move(c, 2, 5), 12);
}

static int32_t cb_offset(uint32_t c)
{
    return sign_extend(move(c, 12, 8) | bits(c, 11, 10) << 3 | bits(c, 6, 5) << 6 | bits(c, 4, 3) << 1 | move(c, 2, 5), 9);
}

static struct decoded quadrant_1(uint32_t c)
{
    bool imm = bits(c, 6, 2) || bits(c, 12, 12);
    switch (bits(c, 15, 13)) {
    case 1: return when(bits(c, 11, 7) != 0, DECODE_ALU); /* c.addiw */
    case 3: return when(imm, DECODE_ALU);                 /* c.lui, c.addi16sp */
    case 4:
        if (bits(c, 11, 10) != 3 || !bits(c, 12, 12)) return simple(DECODE_ALU);
        return when(bits(c, 6, 5) <= 1, DECODE_ALU); /* c.subw, c.addw; the rest is reserved */
    case 5: return jump(DECODE_JUMP, cj_offset(c));
    case 6:
    case 7: return jump(DECODE_BRANCH, cb_offset(c));
    }
    return simple(DECODE_ALU); /* c.nop, c.addi, c.li */
}

static struct decoded quadrant_2(uint32_t c)
{
    uint32_t rd = bits(c, 11, 7), rs2 = bits(c, 6, 2);
    switch (bits(c, 15, 13)) {
    case 1: return access(DECODE_LOAD, 8); /* c.fldsp */
    case 2: return rd ? access(DECODE_LOAD, 4) : simple(DECODE_UNKNOWN);
    case 3: return rd ? access(DECODE_LOAD, 8) : simple(DECODE_UNKNOWN);
    case 4:
        if (rs2) return simple(DECODE_ALU); /* c.mv, c.add */
        if (rd) return simple(DECODE_JUMP_INDIRECT);
        return when(bits(c, 12, 12), DECODE_CALL); /* c.ebreak */
    case 5:
    case 7: return access(DECODE_STORE, 8);
    case 6: return access(DECODE_STORE, 4);
    }
    return simple(DECODE_ALU); /* c.slli */
}

struct decoded decode(uint32_t code)
{
    switch (code & 3) {
    case 0: return quadrant_0(code);
    case 1: return quadrant_1(code);
    case 2: return quadrant_2(code);
    }
    return decode_32(code);
}
