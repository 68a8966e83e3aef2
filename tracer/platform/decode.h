/* decode: what the timing model needs to know of an RV64GC (+ Zicsr, Zifencei, privileged) encoding. Nothing else of the
 * instruction is looked at; reserved encodings are DECODE_UNKNOWN, which is no error until one retires. */
#ifndef POTOROO_DECODE_H
#define POTOROO_DECODE_H

#include <stdbool.h>
#include <stdint.h>

enum decode_kind {
    DECODE_UNKNOWN,
    DECODE_ALU, DECODE_MUL, DECODE_DIV, DECODE_FP,
    DECODE_LOAD, DECODE_STORE, DECODE_AMO,             /* LR is a load, SC a store */
    DECODE_BRANCH, DECODE_JUMP, DECODE_JUMP_INDIRECT,
    DECODE_CSR, DECODE_FENCE, DECODE_SFENCE,
    DECODE_WAIT,                                       /* wfi */
    DECODE_CALL,                                       /* ecall, ebreak: always trap */
    DECODE_SRET, DECODE_MRET,
};

struct decoded {
    enum decode_kind kind;
    int32_t offset; /* of a branch or direct jump */
    uint32_t csr;   /* number, of a CSR instruction */
    uint32_t bytes; /* accessed by a load, store or AMO */
};

/* CODE holds the instruction's 2 or 4 bytes, zero-extended. */
struct decoded decode(uint32_t code);

#endif
