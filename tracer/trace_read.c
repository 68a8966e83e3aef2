/* Reading traces. Nothing is believed before its checksum has been checked, and nothing even then: a frame that passes may still have
 * been written by a faulty program, so every index and size is checked as it is used. */
#include "tracer/trace_format.h"

#include <ctype.h>
#include <inttypes.h>
#include <zstd.h>

#ifdef TRACE_UNCHECKED /* for the fuzzer, which would never guess a checksum */
enum { CHECKED = 0 };
#else
enum { CHECKED = 1 };
#endif

enum { BATCH = 256 };

struct trace_reader {
    const uint8_t *file;
    size_t size, at;          /* `at`: of the next chunk */
    char *path;
    struct trace_info info;
    bool cut, ended, damaged; /* damaged: something was skipped since the last good frame */

    struct frame_head frame;
    bool in_frame;
    size_t frame_at;          /* its head chunk, for messages */
    uint8_t *raw;
    const uint8_t *extra;     /* the next one */
    uint32_t token, records;  /* done in this frame */
    trace_nodes nodes;
    uint32_t current;
    uint64_t last_new, cycle;

    struct trace_record batch[BATCH];
    uint32_t batched, taken;  /* records in it; handed out of it */

    uint64_t seen;            /* records handed out or skipped, those of the batch excluded */
    uint64_t handed_cycle;    /* of the last one of them that was handed out */
    uint64_t marked;          /* losses that the trace itself marks, up to here */
    uint64_t lost, lost_here; /* marked or skipped: all so far; those that the next record will tell */
    ZSTD_DCtx *zstd;
};

/* ---- header -------------------------------------------------------------------------------------------------------- */

static int get_text(char *to, const uint8_t *from, size_t room, size_t size) {
    size_t n = strnlen((const char *)from, room);
    if (n >= size)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (!isgraph(from[i]))
            return -1;
    memcpy(to, from, n);
    to[n] = 0;
    return 0;
}

static bool sum_right(const uint8_t *body, size_t size) { return !CHECKED || get64(body + size) == hash_bytes(body, size, 0); }

static bool is_chunk(const struct trace_reader *r, size_t at, const char *mark) {
    return r->size >= CHUNK_HEAD + 8 && at <= r->size - CHUNK_HEAD - 8 && get32(r->file + at) == CHUNK_MAGIC &&
           memcmp(r->file + at + CHUNK_HEAD, mark, 8) == 0;
}

static int read_header(struct trace_reader *r, struct err *e) {
    const uint8_t *body = r->file + CHUNK_HEAD;
    if (!is_chunk(r, 0, TRACE_MARK))
        return err_set(e, ERR_INPUT, "%s: not a potoroo trace", r->path);
    if (r->size < CHUNK_HEAD + HEADER_SIZE)
        return err_set(e, ERR_INPUT, "%s: cut short within its header", r->path);
    if (memcmp(body, TRACE_MARK, 16) != 0)
        return err_set(e, ERR_INPUT, "%s: a trace of another version than 1", r->path);
    const uint8_t *p = body + 16;
    bool bad = !sum_right(body, HEADER_SIZE - 8) || get32(r->file + 4) != HEADER_SIZE;
    r->info.clock_hz = get64(p);
    r->info.port = get64(p + 8) & 1;
    bad = bad || get_text(r->info.isa, p + 16, 16, sizeof r->info.isa) < 0;
    bad = bad || get_text(r->info.build_id, p + 32, 136, sizeof r->info.build_id) < 0;
    bad = bad || get_text(r->info.platform, p + 168, 40, sizeof r->info.platform) < 0;
    if (bad)
        return err_set(e, ERR_INPUT, "%s: offset 0: damaged header", r->path);
    r->at = CHUNK_HEAD + HEADER_SIZE;
    return 0;
}

struct trace_reader *trace_open(const char *path, struct err *e) {
    struct trace_reader *r = mem_alloc(sizeof *r);
    r->path = str_dup(path);
    r->zstd = ZSTD_createDCtx();
    r->raw = mem_alloc(FRAME_RAW_MAX);
    if (file_map(path, &r->file, &r->size, e) == 0 && read_header(r, e) == 0)
        return r;
    trace_close(r);
    return NULL;
}

void trace_close(struct trace_reader *r) {
    if (!r)
        return;
    file_unmap(r->file, r->size);
    ZSTD_freeDCtx(r->zstd);
    vec_free(&r->nodes);
    free(r->raw);
    free(r->path);
    free(r);
}

const struct trace_info *trace_get_info(const struct trace_reader *r) { return &r->info; }
uint64_t trace_position(const struct trace_reader *r) { return r->seen + r->taken ? r->seen + r->taken - 1 : 0; }
uint64_t trace_lost(const struct trace_reader *r) { return r->lost; }
uint64_t trace_size(const struct trace_reader *r) { return r->size; }
uint64_t trace_offset(const struct trace_reader *r) { return r->at; }
bool trace_cut(const struct trace_reader *r) { return r->cut; }

/* ---- chunks -------------------------------------------------------------------------------------------------------- */

/* Leave the frame; go on with the next whole chunk behind AT, if there is one. */
static int damage(struct trace_reader *r, size_t at, const char *why, struct err *e) {
    r->in_frame = false;
    r->damaged = true;
    size_t p = at + 1;
    while (p < r->size) {
        const uint8_t *next = memchr(r->file + p, CHUNK_MAGIC & 0xff, r->size - p);
        p = next ? (size_t)(next - r->file) : r->size;
        if (is_chunk(r, p, FRAME_MARK) || is_chunk(r, p, INDEX_MARK))
            break;
        p++;
    }
    r->at = p < r->size ? p : r->size;
    return err_set(e, ERR_INPUT, "%s: offset %zu: %s", r->path, at, why);
}

/* The end of what there is: nothing after this point can be told. */
static int cut_short(struct trace_reader *r) {
    r->in_frame = false;
    r->cut = r->ended = true;
    r->at = r->size;
    return 0;
}

/* What a later place of the file says of how far the trace is there, against how far we came: the difference was skipped. */
static int catch_up(struct trace_reader *r, uint64_t records, uint64_t marked) {
    if (records < r->seen || marked < r->marked || (!r->damaged && (records != r->seen || marked != r->marked)))
        return -1;
    uint64_t skipped = records - r->seen + (marked - r->marked);
    r->lost_here += skipped;
    r->lost += skipped;
    r->seen = records;
    r->marked = marked;
    r->damaged = false;
    return 0;
}

static int read_footer(struct trace_reader *r, struct err *e) {
    const uint8_t *body = r->file + r->at + CHUNK_HEAD;
    size_t room = r->size - r->at - CHUNK_HEAD, size = get32(r->file + r->at + 4);
    if (size < INDEX_SIZE + FOOTER_SIZE)
        return damage(r, r->at, "damaged index", e);
    if (size > room)
        return cut_short(r);
    size_t before = size - FOOTER_SIZE;
    if (get64(body + 8) != (before - INDEX_SIZE) / INDEX_ENTRY || !sum_right(body, before) || get64(body + size - 16) != r->at ||
        memcmp(body + size - 8, END_MARK, 8) != 0)
        return damage(r, r->at, "damaged index", e);
    if (size < room)
        return damage(r, r->at + CHUNK_HEAD + size, "something follows the end of the trace", e);
    if (catch_up(r, get64(body + 16), get64(body + 24)) < 0)
        return damage(r, r->at, "the index speaks of other records than these", e);
    r->at = r->size;
    r->ended = true;
    return 0;
}

static void begin_frame(struct trace_reader *r) {
    r->nodes.len = 0;
    vec_push(&r->nodes, (struct trace_node){0});
    r->current = r->token = r->records = 0;
    r->last_new = 0;
    r->cycle = r->frame.first_cycle;
    r->extra = r->raw + 2 * r->frame.tokens;
    r->in_frame = true;
}

static int read_frame(struct trace_reader *r, struct err *e) {
    size_t at = r->frame_at = r->at, room = r->size - at;
    if (room < CHUNK_HEAD + FRAME_SIZE)
        return cut_short(r);
    const uint8_t *body = r->file + at + CHUNK_HEAD, *packed = body + FRAME_SIZE;
    struct frame_head *f = &r->frame;
    *f = (struct frame_head){get64(body + 8),  get64(body + 16), get64(body + 24), get64(body + 32), get32(body + 40),
                             get32(body + 44), get32(body + 48), get32(body + 52), get64(body + 56)};
    if (get32(r->file + at + 4) != FRAME_SIZE || !sum_right(body, FRAME_SIZE - 8) || f->tokens > FRAME_TOKENS || 2 * f->tokens > f->raw ||
        f->records > f->tokens || f->raw > FRAME_RAW_MAX)
        return damage(r, at, "damaged head of a frame", e);
    if (f->packed > room - CHUNK_HEAD - FRAME_SIZE)
        return cut_short(r);
    if (CHECKED && hash_bytes(packed, f->packed, 0) != f->sum)
        return damage(r, at, "damaged frame: its checksum does not match", e);
    size_t n = ZSTD_decompressDCtx(r->zstd, r->raw, FRAME_RAW_MAX, packed, f->packed);
    if (ZSTD_isError(n) || n != f->raw)
        return damage(r, at, "damaged frame: it does not unpack", e);
    if (catch_up(r, f->records_before, f->lost_before) < 0)
        return damage(r, at, "a frame of another trace or out of order", e);
    if (f->first_cycle < r->handed_cycle)
        return damage(r, at, "time runs backwards from one frame to the next", e);
    r->at = at + CHUNK_HEAD + FRAME_SIZE + f->packed;
    begin_frame(r);
    return 0;
}

static int read_chunk(struct trace_reader *r, struct err *e) {
    if (r->size - r->at < CHUNK_HEAD + 8)
        return cut_short(r);
    if (is_chunk(r, r->at, FRAME_MARK))
        return read_frame(r, e);
    if (is_chunk(r, r->at, INDEX_MARK))
        return read_footer(r, e);
    return damage(r, r->at, "neither a frame nor the index", e);
}

/* ---- records ------------------------------------------------------------------------------------------------------- */

/* Where decoding is, in variables of its own: a frame is decoded in batches, so that this stays in registers. */
struct cursor {
    const uint8_t *extra, *end;
    struct trace_node *nodes;
    uint32_t current;
    uint64_t cycle;
};

static int get_varint(struct cursor *c, uint64_t *v) {
    uint64_t value = 0;
    for (unsigned shift = 0; c->extra < c->end && shift < 64; shift += 7) {
        uint8_t byte = *c->extra++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *v = value;
            return 0;
        }
    }
    return -1;
}

/* The node that a token other than a slot's leads to. */
static int find_node(struct trace_reader *r, struct cursor *c, unsigned where, uint32_t *node) {
    uint64_t v;
    if (get_varint(c, &v) < 0)
        return -1;
    if (where == TOKEN_KNOWN && v > 0 && v < r->nodes.len) {
        *node = (uint32_t)v;
        return 0;
    }
    if (where != TOKEN_NEW)
        return -1;
    r->last_new += unzigzag(v);
    *node = (uint32_t)r->nodes.len;
    vec_push(&r->nodes, ((struct trace_node){.addr = r->last_new}));
    c->nodes = r->nodes.data;
    return 0;
}

static inline int get_step(struct cursor *c, unsigned time, uint64_t expected, uint64_t *step) {
    uint64_t z = time;
    if (time == TIME_EXTRA) {
        if (get_varint(c, &z) < 0)
            return -1;
        z += TIME_EXTRA;
    }
    *step = expected + unzigzag(z);
    return *step > UINT64_MAX - c->cycle ? -1 : 0;
}

static int take_elsewhere(struct trace_reader *r, struct cursor *c, unsigned where, unsigned time) {
    uint32_t node;
    uint64_t step;
    if (find_node(r, c, where, &node) < 0 || get_step(c, time, 0, &step) < 0)
        return -1;
    node_replace(&c->nodes[c->current], node, step);
    c->current = node;
    c->cycle += step;
    return 0;
}

static inline int take_slot(struct cursor *c, unsigned slot, unsigned time) {
    struct trace_node *from = &c->nodes[c->current];
    uint64_t step;
    if (slot >= node_slots(from) || get_step(c, time, from->step[slot], &step) < 0)
        return -1;
    from->step[slot] = step;
    c->current = from->to[slot];
    c->cycle += step;
    return 0;
}

static int take_loss(struct trace_reader *r, struct cursor *c, unsigned time) {
    uint64_t v;
    if (time || get_varint(c, &v) < 0 || v > UINT64_MAX - r->lost)
        return -1;
    r->marked += v;
    r->lost += v;
    r->lost_here += v;
    return 0;
}

/* The next tokens into the batch, until it is full. 0, or -1: the frame is not what its head says, from the batch's end on. */
static int decode(struct trace_reader *r) {
    const uint8_t *where = r->raw, *time = r->raw + r->frame.tokens;
    struct cursor c = {r->extra, r->raw + r->frame.raw, r->nodes.data, r->current, r->cycle};
    uint32_t i = r->token, n = 0;
    const uint64_t port = r->info.port;
    int rc = 0;
    for (; n < BATCH && i < r->frame.tokens; i++) {
        if (where[i] < SUCCESSORS)
            rc = take_slot(&c, where[i], time[i]);
        else if (where[i] != TOKEN_LOST)
            rc = take_elsewhere(r, &c, where[i], time[i]);
        else if ((rc = take_loss(r, &c, time[i])) == 0)
            continue;
        if (rc < 0)
            break;
        uint64_t addr = c.nodes[c.current].addr, mark = addr & port;
        r->batch[n++] = (struct trace_record){addr - mark, c.cycle, r->lost_here, mark};
        r->lost_here = 0;
    }
    r->token = i;
    r->extra = c.extra;
    r->current = c.current;
    r->cycle = c.cycle;
    r->batched = n;
    r->records += n;
    return rc;
}

/* All of the batch has been handed out. */
static void close_batch(struct trace_reader *r) {
    r->handed_cycle = r->batched ? r->batch[r->batched - 1].cycle : r->handed_cycle;
    r->seen += r->batched;
    r->batched = r->taken = 0;
}

/* Refill the batch. -1: damaged. The frame is left when its last record is in the batch. */
static int refill(struct trace_reader *r, struct err *e) {
    bool bad = decode(r) < 0;
    if (!bad && r->token < r->frame.tokens)
        return 0;
    r->in_frame = false;
    if (bad || r->records != r->frame.records || r->extra != r->raw + r->frame.raw) {
        r->batched = 0; /* none of it can be trusted */
        return damage(r, r->frame_at, "damaged frame: its contents make no sense", e);
    }
    return 0;
}

int trace_next(struct trace_reader *r, struct trace_record *record, struct err *e) {
    while (r->taken == r->batched) {
        close_batch(r);
        if (r->ended)
            return 0;
        if ((r->in_frame ? refill(r, e) : read_chunk(r, e)) < 0)
            return -1;
    }
    *record = r->batch[r->taken++];
    return 1;
}
