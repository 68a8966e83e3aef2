/* Jitter and instruction latencies. Code under test is N copies of an instruction and a return within 16 aligned bytes, called many
 * times in a row: from the second time on the fetch unit or L1I has it, and time(N) - time(0) = N * latency must be a straight line. */
#include "cachemodel/infer.h"

#include <inttypes.h>

enum { REPEATS = 120, WARM = 4, JITTER_SAMPLES = 3000, SLOT = 64, FIRST_SLOT = 0x8000, PLAIN = 0x4000 };
static const uint32_t jr_t0 = 0x00028067, no_op = 0x00000013;

/* What comes before `jr t0`; `whole` blocks bring their own. */
struct snippet {
    const char *name;
    uint32_t word[3];
    int n;
};

enum {
    EMPTY, ALU1, ALU2, ALU3, MUL1, MUL2, MUL3, DIV1, DIV2, DIV3, FP1, FP2, FP3, LOAD1, LOAD2, LOAD3, STORE1, STORE2, STORE3,
    BRANCH1, BRANCH2, BRANCH3, JUMP1, JUMP2, JUMP3, CSR1, CSR2, CSR3, FENCE1, FENCE2, FENCE3,
    DEVICE_LOAD1, DEVICE_LOAD2, DEVICE_LOAD3, DEVICE_STORE1, DEVICE_STORE2, DEVICE_STORE3, TAKEN, ECALL, FAULT, MRET, LATCH, BLOCKS
};

#define TIMES123(name, w) {name, {w}, 1}, {name, {w, w}, 2}, {name, {w, w, w}, 3}
static const struct snippet blocks[BLOCKS] = {
    {"", {0}, 0},
    TIMES123("add", 0x01c38333),    TIMES123("mul", 0x03c38333),    TIMES123("div", 0x03c3c333),
    TIMES123("fadd.d", 0x02007053), TIMES123("ld", 0x0007b303),     TIMES123("sd", 0x0077b023),
    TIMES123("bne, not taken", 0x00001463), TIMES123("jal", 0x0040006f), TIMES123("csrr", 0x34002373), TIMES123("fence", 0x0ff0000f),
    TIMES123("ld, uncached", 0x00083303), TIMES123("sd, uncached", 0x00783023),
    {"beq, taken over one instruction", {0x00000463, no_op}, 2},
    {"ecall, handler returns", {0x00000073}, 1},
    {"ld that faults", {0x00003303}, 1},
    {"mret", {0x30200073}, 1},
    {"latch and read", {0x0004b423, 0x0004b303}, 2},
};

/* ---- samples ----------------------------------------------------------------------------------------------------------------- */

struct range {
    int64_t low, high;
};

static struct range range_of(const struct infer *f, size_t from, size_t n) {
    struct range r = {INT64_MAX, INT64_MIN};
    for (size_t k = from; k < from + n; k++) {
        int64_t t = f->lab.time.data[k];
        r.low = t < r.low ? t : r.low;
        r.high = t > r.high ? t : r.high;
    }
    return r;
}

/* Certain only if the whole range of so many latches' jitter was seen: then the least sample had none. */
static int64_t exact(const struct infer *f, struct range r, int latches) {
    return r.high - r.low == latches * f->jitter ? r.low : MODEL_UNKNOWN;
}

static void add_blocks(struct infer *f, size_t start[BLOCKS]) {
    for (int b = 0; b < BLOCKS; b++) {
        uint64_t at = FIRST_SLOT + (uint64_t)b * SLOT;
        lab_code(&f->lab, at, blocks[b].word, (size_t)blocks[b].n);
        lab_code(&f->lab, at + 4 * (uint64_t)blocks[b].n, &jr_t0, 1);
        lab_op(&f->lab, OP_LOAD, LAB_DATA);
        for (int k = 0; k < WARM; k++)
            lab_op(&f->lab, OP_CALL, at);
        start[b] = f->lab.ops.len;
        for (int k = 0; k < REPEATS; k++)
            lab_op(&f->lab, OP_CALL, at);
    }
}

static size_t add_repeats(struct infer *f, enum op_kind kind, uint64_t at, size_t n) {
    for (int k = 0; k < WARM; k++)
        lab_op(&f->lab, kind, at);
    size_t start = f->lab.ops.len;
    for (size_t k = 0; k < n; k++)
        lab_op(&f->lab, kind, at);
    return start;
}

/* ---- latencies --------------------------------------------------------------------------------------------------------------- */

/* time(1..3) of three blocks from FIRST on, less that of none: N * latency? */
static int64_t slope(const int64_t *t, int first) {
    int64_t step = t[first] - t[EMPTY];
    bool straight = t[EMPTY] >= 0 && t[first] >= 0 && t[first + 1] - t[first] == step && t[first + 2] - t[first + 1] == step;
    return straight && step >= 0 ? step : MODEL_UNKNOWN;
}

/* a - b - c, or unknown if any of them or the result is. */
static int64_t rest(int64_t a, int64_t b, int64_t c) {
    return a < 0 || b < 0 || c < 0 || a < b + c ? MODEL_UNKNOWN : a - b - c;
}

static int64_t agreed(int64_t a, int64_t b) { return a == b ? a : MODEL_UNKNOWN; }

static void set_latencies(struct infer *f, const int64_t *t) {
    static const struct {
        enum model_class class;
        int first;
    } slopes[] = {{MODEL_ALU, ALU1}, {MODEL_MUL, MUL1}, {MODEL_DIV, DIV1}, {MODEL_FP, FP1}, {MODEL_LOAD, LOAD1}, {MODEL_STORE, STORE1},
                  {MODEL_BRANCH, BRANCH1}, {MODEL_JUMP, JUMP1}, {MODEL_CSR, CSR1}, {MODEL_FENCE, FENCE1}};
    int64_t *l = f->m->latency;
    for (size_t i = 0; i < sizeof slopes / sizeof *slopes; i++)
        l[slopes[i].class] = slope(t, slopes[i].first);
    l[MODEL_DEVICE_ACCESS] = agreed(rest(slope(t, DEVICE_LOAD1), l[MODEL_LOAD], 0), rest(slope(t, DEVICE_STORE1), l[MODEL_STORE], 0));
    l[MODEL_BRANCH_TAKEN] = rest(t[TAKEN], t[EMPTY], l[MODEL_BRANCH]);
    l[MODEL_TRAP] = agreed(rest(t[FAULT], t[EMPTY], l[MODEL_LOAD]), rest(t[ECALL], t[EMPTY], l[MODEL_CSR]));
    l[MODEL_RETURN] = rest(t[MRET], t[EMPTY], 0);
    f->m->counter_overhead = rest(t[LATCH], t[EMPTY], 0);
    for (int c = 0; c < MODEL_CLASSES; c++)
        if (l[c] < 0)
            unknown(f, "latency of %s: its code does not take the same time again, or not N times as long N times", model_class_name(c));
    if (f->m->counter_overhead < 0)
        unknown(f, "counter overhead: it does not repeat");
}

/* Stores may not reach a store's own line if it is not allocated: their base is that of one to a line loaded just before. */
int infer_latencies(struct infer *f, struct err *e) {
    size_t start[BLOCKS], plain[3];
    int64_t t[BLOCKS];
    lab_begin(&f->lab);
    plain[OP_LOAD] = add_repeats(f, OP_LOAD, LAB_DATA, JITTER_SAMPLES);
    plain[OP_STORE] = add_repeats(f, OP_STORE, LAB_DATA, REPEATS);
    plain[OP_FETCH] = add_repeats(f, OP_FETCH, PLAIN, REPEATS);
    add_blocks(f, start);
    if (lab_run(&f->lab, e) < 0)
        return -1;
    struct range r = range_of(f, plain[OP_LOAD], JITTER_SAMPLES);
    f->jitter = f->m->jitter = r.high - r.low;
    for (int k = 0; k < OP_CALL; k++)
        f->base[k] = (uint32_t)range_of(f, plain[k], k == OP_LOAD ? JITTER_SAMPLES : REPEATS).low;
    for (int b = 0; b < BLOCKS; b++)
        t[b] = exact(f, range_of(f, start[b], REPEATS), b == LATCH ? 2 : 1);
    f->base[OP_CALL] = (uint32_t)range_of(f, start[EMPTY], REPEATS).low;
    set_latencies(f, t);
    return 0;
}
