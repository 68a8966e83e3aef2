/* insn: one decoded instruction. Compressed ones are expanded to the base instruction that they stand for, so that nothing
 * above the decoder knows of them but by `size`. */
#ifndef POTOROO_CFG_INSN_H
#define POTOROO_CFG_INSN_H

#include "cfg/cfg.h"

/* Loads, stores and arithmetic are in groups: the lifting indexes tables with the distance from the first of a group. */
#define RV64_OPS(X)                                                                                                            \
    X(ILLEGAL) X(UNIMP) X(LUI) X(AUIPC) X(JAL) X(JALR)                                                                           \
    X(BEQ) X(BNE) X(BLT) X(BGE) X(BLTU) X(BGEU)                                                                                  \
    X(LB) X(LH) X(LW) X(LD) X(LBU) X(LHU) X(LWU) X(SB) X(SH) X(SW) X(SD)                                                         \
    X(ADDI) X(SLTI) X(SLTIU) X(XORI) X(ORI) X(ANDI) X(SLLI) X(SRLI) X(SRAI)                                                      \
    X(ADD) X(SUB) X(SLL) X(SLT) X(SLTU) X(XOR) X(SRL) X(SRA) X(OR) X(AND)                                                        \
    X(ADDIW) X(SLLIW) X(SRLIW) X(SRAIW) X(ADDW) X(SUBW) X(SLLW) X(SRLW) X(SRAW)                                                  \
    X(MUL) X(MULH) X(MULHSU) X(MULHU) X(DIV) X(DIVU) X(REM) X(REMU) X(MULW) X(DIVW) X(DIVUW) X(REMW) X(REMUW)                    \
    X(LR_W) X(SC_W) X(AMOSWAP_W) X(AMOADD_W) X(AMOXOR_W) X(AMOAND_W) X(AMOOR_W) X(AMOMIN_W) X(AMOMAX_W) X(AMOMINU_W) X(AMOMAXU_W) \
    X(LR_D) X(SC_D) X(AMOSWAP_D) X(AMOADD_D) X(AMOXOR_D) X(AMOAND_D) X(AMOOR_D) X(AMOMIN_D) X(AMOMAX_D) X(AMOMINU_D) X(AMOMAXU_D) \
    X(FENCE) X(FENCE_I) X(SFENCE) X(ECALL) X(EBREAK) X(SRET) X(MRET) X(WFI)                                                      \
    X(CSRRW) X(CSRRS) X(CSRRC) X(CSRRWI) X(CSRRSI) X(CSRRCI)                                                                     \
    X(FLW) X(FLD) X(FSW) X(FSD) X(FMV_X_W) X(FMV_X_D) X(FMV_W_X) X(FMV_D_X) X(FP_TO_X) X(FP_TO_F)

enum op {
#define X(name) OP_##name,
    RV64_OPS(X)
#undef X
        OPS
};

struct insn {
    uint32_t word;    /* as fetched: 16 or 32 bits */
    uint8_t op, size; /* size in bytes: 2 or 4, also of an ILLEGAL one */
    uint8_t rd, rs1, rs2, rs3;
    int32_t imm; /* as the semantics use it: sign-extended, lui's and auipc's shifted; shifts' amount; CSR number. CSRRxI: rs1 = zimm */
};

extern const char *const insn_names[OPS];

/* The instruction whose bytes are at P, of which AVAILABLE (≥ 2) may be read. ILLEGAL: not an instruction of RV64GC + Zicsr +
 * Zifencei + the privileged ones. */
struct insn insn_decode(const uint8_t *p, size_t available);
/* Its assembly text by Capstone, for people; "" if Capstone does not know it. Returns TEXT. */
char *insn_text(const struct insn *i, uint64_t addr, char *text, size_t size);

#endif
