/* Reading traces. Nothing is believed before its checksum has been checked, and nothing even then: a frame that passes may still have
 * been written by a faulty program, so every index and size is checked as it is used. */
#include "tracer/trace_decode.h"

#include <ctype.h>
#include <inttypes.h>
#include <zstd.h>

#ifdef TRACE_UNCHECKED /* for the fuzzer, which would never guess a checksum */
enum { CHECKED = 0 };
#else
enum { CHECKED = 1 };
#endif

enum { LET_GO = 1 << 20 };    /* bytes of the file that are kept in memory behind us */

struct trace_reader {
    const uint8_t *file;
    size_t size, at;          /* `at`: of the next chunk */
    size_t let_go;            /* up to here the file's memory was given back */
    char *path;
    struct trace_info info;
    bool cut, ended, damaged; /* damaged: something was skipped since the last good frame */

    struct frame_head frame;
    bool in_frame;
    size_t frame_at;          /* its head chunk, for messages */
    uint8_t *raw;
    size_t raw_room;
    struct trace_decoder decoder;
    uint32_t taken;           /* records of the decoder's batch that were handed out */
    uint64_t batch_lost;      /* lost just before its first */

    uint64_t seen;            /* records handed out or skipped, those of the batch excluded */
    uint64_t handed_cycle;    /* of the last one that was handed out */
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
        return err_set(e, ERR_INPUT, "%s: a trace of another version than 2", r->path);
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
    decoder_free(&r->decoder);
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

/* ---- parts --------------------------------------------------------------------------------------------------------- */

/* The index's body, with *frames in it; NULL if it is not whole, or that of a trace in which records were lost. */
static const uint8_t *find_index(const struct trace_reader *r, uint64_t *frames) {
    if (r->size < CHUNK_HEAD + INDEX_SIZE + FOOTER_SIZE || memcmp(r->file + r->size - 8, END_MARK, 8) != 0)
        return NULL;
    uint64_t at = get64(r->file + r->size - 16);
    if (!is_chunk(r, at, INDEX_MARK) || get32(r->file + at + 4) != r->size - at - CHUNK_HEAD || r->size - at - CHUNK_HEAD < INDEX_SIZE + FOOTER_SIZE)
        return NULL;
    const uint8_t *body = r->file + at + CHUNK_HEAD;
    size_t before = r->size - at - CHUNK_HEAD - FOOTER_SIZE;
    *frames = get64(body + 8);
    return *frames == (before - INDEX_SIZE) / INDEX_ENTRY && sum_right(body, before) && get64(body + 24) == 0 ? body : NULL;
}

unsigned trace_split(const struct trace_reader *r, struct trace_part *part, unsigned n) {
    uint64_t frames = 0;
    const uint8_t *index = find_index(r, &frames);
    unsigned parts = 1;
    part[0] = (struct trace_part){CHUNK_HEAD + HEADER_SIZE, 0, 0, UINT64_MAX};
    for (uint64_t i = 1; index && i < frames && parts < n; i++) {
        const uint8_t *frame = index + INDEX_SIZE + i * INDEX_ENTRY;
        struct trace_part next = {get64(frame), get64(frame + 8), get64(frame + 16), UINT64_MAX};
        if (next.first < (double)get64(index + 16) / n * parts || next.first <= part[parts - 1].first || !is_chunk(r, next.offset, FRAME_MARK))
            continue;
        part[parts - 1].end = next.first;
        part[parts++] = next;
    }
    return parts;
}

void trace_seek(struct trace_reader *r, const struct trace_part *part) {
    r->at = r->let_go = part->offset;
    r->seen = part->first;
    r->handed_cycle = part->cycle;
}

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

static int read_frame(struct trace_reader *r, struct err *e) {
    size_t at = r->frame_at = r->at, room = r->size - at;
    if (room < CHUNK_HEAD + FRAME_SIZE)
        return cut_short(r);
    const uint8_t *body = r->file + at + CHUNK_HEAD, *packed = body + FRAME_SIZE;
    struct frame_head *f = &r->frame;
    *f = (struct frame_head){get64(body + 8),  get64(body + 16), get64(body + 24), get64(body + 32), get32(body + 40),
                             get32(body + 44), get32(body + 48), get32(body + 52), get64(body + 56)};
    if (get32(r->file + at + 4) != FRAME_SIZE || !sum_right(body, FRAME_SIZE - 8) || f->tokens > FRAME_TOKENS ||
        f->records > FRAME_TOKENS || f->tokens + f->records > f->raw || f->raw > FRAME_RAW_MAX)
        return damage(r, at, "damaged head of a frame", e);
    if (f->packed > room - CHUNK_HEAD - FRAME_SIZE)
        return cut_short(r);
    if (CHECKED && hash_bytes(packed, f->packed, 0) != f->sum)
        return damage(r, at, "damaged frame: its checksum does not match", e);
    if (!r->raw || r->raw_room < f->raw) {
        r->raw_room = f->raw;
        r->raw = mem_resize(r->raw, r->raw_room + DECODE_SLACK);
    }
    size_t n = ZSTD_decompressDCtx(r->zstd, r->raw, f->raw, packed, f->packed);
    if (ZSTD_isError(n) || n != f->raw)
        return damage(r, at, "damaged frame: it does not unpack", e);
    if (catch_up(r, f->records_before, f->lost_before) < 0)
        return damage(r, at, "a frame of another trace or out of order", e);
    if (f->first_cycle < r->handed_cycle)
        return damage(r, at, "time runs backwards from one frame to the next", e);
    r->at = at + CHUNK_HEAD + FRAME_SIZE + f->packed;
    if (r->at - r->let_go > LET_GO) {
        file_let_go(r->file, r->let_go, at);
        r->let_go = at;
    }
    decoder_begin(&r->decoder, f, r->raw);
    r->in_frame = true;
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

/* All of the batch has been handed out. */
static void close_batch(struct trace_reader *r) {
    r->seen += r->decoder.count;
    r->decoder.count = r->taken = 0;
}

/* Refill the batch. -1: damaged. The frame is left when its last record is in the batch. */
static int refill(struct trace_reader *r, struct err *e) {
    struct trace_decoder *d = &r->decoder;
    if (decoder_batch(d) < 0 || d->lost > UINT64_MAX - r->lost) {
        d->count = 0; /* none of it can be trusted */
        return damage(r, r->frame_at, "damaged frame: its contents make no sense", e);
    }
    r->in_frame = !decoder_done(d);
    r->marked += d->lost;
    r->lost += d->lost;
    r->lost_here += d->lost;
    if (!d->count)
        return 0;
    if (d->before != r->handed_cycle) { /* a frame begins */
        d->steps[0] += d->before - r->handed_cycle;
        d->near = NULL;
    }
    r->batch_lost = r->lost_here;
    r->lost_here = 0;
    return 0;
}

/* 1: there is a record to hand out. */
static int fill(struct trace_reader *r, struct err *e) {
    while (r->taken == r->decoder.count) {
        close_batch(r);
        if (r->ended)
            return 0;
        if ((r->in_frame ? refill(r, e) : read_chunk(r, e)) < 0)
            return -1;
    }
    return 1;
}

static uint64_t lost_before(const struct trace_reader *r) { return r->taken ? 0 : r->batch_lost; }

void trace_point(const struct trace_reader *r, uint32_t number, struct trace_record *record) {
    uint64_t addr = r->decoder.points.data[number];
    record->mark = r->info.port && (addr & 1);
    record->cause = record->mark ? get_cause(&addr) : 0;
    record->addr = addr - record->mark;
}

int trace_next_batch(struct trace_reader *r, struct trace_batch *b, struct err *e) {
    int rc = fill(r, e);
    if (rc <= 0)
        return rc;
    const struct trace_decoder *d = &r->decoder;
    uint32_t from = r->taken;
    *b = (struct trace_batch){d->point + from, d->near ? NULL : d->steps + from, d->near ? d->near + from : NULL, d->count - from, r->handed_cycle, d->cycle,
                              lost_before(r), r->seen + from, from ? NULL : d->known};
    r->taken = d->count;
    r->handed_cycle = d->cycle;
    return 1;
}

int trace_next(struct trace_reader *r, struct trace_record *record, struct err *e) {
    int rc = fill(r, e);
    if (rc <= 0)
        return rc;
    const struct trace_decoder *d = &r->decoder;
    record->lost = lost_before(r);
    record->cycle = r->handed_cycle += d->near ? d->near[r->taken] : d->steps[r->taken];
    trace_point(r, d->point[r->taken++], record);
    return 1;
}
