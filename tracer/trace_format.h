/* The .ptrace file, version 2. docs of the format: this comment.
 *
 * A file is a sequence of zstd frames and zstd skippable frames ("chunks": u32 magic, u32 size of what follows), so that zstd itself
 * can check and unpack it. All numbers are little endian; a checksum is the XXH3 (64 bits) of what stands before it in its chunk, magic
 * and size excluded.
 *
 *   header chunk   mark "POTOROO TRACE 2\n" · u64 clock_hz · u64 flags (bit 0: from the trace port) · isa[16] · build_id[136] ·
 *                  platform[40] · checksum                                       (texts are padded with zeros)
 *   for each frame:
 *     head chunk   mark "ptrFRAME" · u64 frame's number · u64 records before it · u64 lost before it · u64 cycle of its first record ·
 *                  u32 tokens · u32 records · u32 raw size · u32 packed size · u64 XXH3 of the packed bytes · checksum
 *     zstd frame   of `packed size` bytes, which unpacks to `raw size` bytes: `tokens` bytes that say where each token goes, `records`
 *                  bytes that say how long each record's step took, then the extras of both in the order of decoding
 *   footer chunk   mark "ptrINDEX" · u64 frames · u64 records · u64 lost · u64 last cycle · for each frame { u64 offset of its head
 *                  chunk · u64 records before it · u64 its first cycle } · checksum · u64 offset of the footer chunk · mark "ptr END\n"
 *
 * Frames are independent of one another: a coder starts afresh in each. It keeps a node for each point seen (node 0: none yet), with
 * the last SUCCESSORS points that followed it and how long the last step to each took; and phrases, runs of records that are likely to
 * come again (kernel entries). A token is
 *
 *   where  0 … 3    the successor of that slot
 *          4        a point seen before: extra varint, its node's number
 *          5        a point not seen before: extra varint, zigzag of its address less that of the point last seen for the first time
 *          6        records lost here: extra varint, how many; no record results
 *          7        the records of a phrase: extra varint, its number in this frame, from 0
 *          + 128    (with 0, 4, 5 …) its record begins a new phrase, which goes up to the next token 6, 7 or with 128, to the frame's end,
 *                   or to its PHRASE_MAX-th record
 *   time   0 … 254  zigzag of the step's cycles less those of the last such step (0 if this one is new)
 *          255      extra varint: that zigzag less 255
 *
 * What was not in a slot replaces the oldest. The cycle before a frame's first record is taken to be that record's. In a phrase met again
 * the last such step is that of the same record of the phrase when it last came, all modulo 2^32; a phrase in which a step took longer when
 * it was new is not met again. The slots' times stay as they were.
 *
 * In a trace from the port, bit 0 of an address is no part of it: set, the record is a trap's or a return's mark. The upper seven bits of a
 * trap's address, which are copies of bit 56 otherwise, are inverted where its cause has ones: bit 63 for interrupts, then six bits of the
 * cause's number (63: that or a larger one). */
#ifndef POTOROO_TRACE_FORMAT_H
#define POTOROO_TRACE_FORMAT_H

#include "tracer/tracer.h"

#include <endian.h>

#define TRACE_MARK "POTOROO TRACE 2\n"
#define FRAME_MARK "ptrFRAME"
#define INDEX_MARK "ptrINDEX"
#define END_MARK "ptr END\n"

#ifndef FRAME_LIMIT /* a test build makes many frames of few records */
#define FRAME_LIMIT FRAME_TOKENS
#endif

enum {
    CHUNK_MAGIC = 0x184D2A5B,
    CHUNK_HEAD = 8,           /* magic and size */
    HEADER_SIZE = 16 + 8 + 8 + 16 + 136 + 40 + 8,
    FRAME_SIZE = 8 + 4 * 8 + 4 * 4 + 8 + 8,
    INDEX_SIZE = 8 + 4 * 8,   /* before the entries */
    INDEX_ENTRY = 24,
    FOOTER_SIZE = 24,         /* after the entries */
    FRAME_TOKENS = 1 << 18,   /* at most, in a frame, and as many records */
    FRAME_RAW_MAX = FRAME_TOKENS * 22, /* a token's two bytes and its two longest varints */
    PHRASE_MAX = 1024,
    SUCCESSORS = 4
};

enum token {
    TOKEN_KNOWN = SUCCESSORS,
    TOKEN_NEW,
    TOKEN_LOST,
    TOKEN_AGAIN,
    TOKEN_PHRASE = 128,
    TIME_EXTRA = 255
};

struct frame_head {
    uint64_t number, records_before, lost_before, first_cycle;
    uint32_t tokens, records, raw, packed;
    uint64_t sum;
};

/* A point within a frame, to the writer. */
struct trace_node {
    uint64_t addr;
    uint32_t seen;            /* successors so far; slot seen % SUCCESSORS is the next to be replaced */
    uint32_t to[SUCCESSORS];
    uint64_t step[SUCCESSORS];
};
typedef VEC(struct trace_node) trace_nodes;

static inline uint32_t node_slots(const struct trace_node *n) { return n->seen < SUCCESSORS ? n->seen : SUCCESSORS; }

static inline void node_replace(struct trace_node *n, uint32_t to, uint64_t step) {
    uint32_t slot = n->seen++ % SUCCESSORS;
    n->to[slot] = to;
    n->step[slot] = step;
}

/* ADDR with a trap's cause (as in mcause), and the other way round. */
static inline uint64_t put_cause(uint64_t addr, uint64_t cause) { return addr ^ (cause >> 63 << 63 | (cause & 63) << 57); }
static inline uint64_t get_cause(uint64_t *addr) {
    uint64_t plain = (uint64_t)((int64_t)(*addr << 7) >> 7), bits = (*addr ^ plain) >> 57;
    *addr = plain;
    return bits >> 6 << 63 | (bits & 63);
}

static inline uint64_t zigzag(uint64_t difference) { return (difference << 1) ^ (uint64_t)((int64_t)difference >> 63); }
static inline uint64_t unzigzag(uint64_t z) { return (z >> 1) ^ (0 - (z & 1)); }

static inline uint32_t get32(const uint8_t *p) {
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return le32toh(v);
}
static inline uint64_t get64(const uint8_t *p) {
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return le64toh(v);
}
static inline uint8_t *put32(uint8_t *p, uint32_t v) {
    v = htole32(v);
    memcpy(p, &v, sizeof v);
    return p + sizeof v;
}
static inline uint8_t *put64(uint8_t *p, uint64_t v) {
    v = htole64(v);
    memcpy(p, &v, sizeof v);
    return p + sizeof v;
}

#endif
