#include "tracer/trace_format.h"

#include <errno.h>
#include <zstd.h>

enum { LEVEL = 3 };

/* One that was written in this frame: its records' addresses and last steps are in the pools. */
struct phrase {
    uint32_t pool, records, to; /* to: the node it ends at */
    bool near;                /* all steps are below 2^32 */
};

struct trace_writer {
    struct atomic_file *file;
    FILE *out;
    char *path;
    uint64_t offset, records, lost, last_cycle;
    uint64_t appended, latest; /* records given to us; the last one's cycle */
    bool in_phrase;
    VEC(uint64_t) held, held_cycles; /* the phrase's records: they are written when it is whole */
    struct frame_head frame;  /* the open one; sizes and sum are filled in when it is written */
    uint8_t *raw;             /* in the frame's order once it is full: where, time (FRAME_TOKENS bytes each), extras */
    VEC(struct phrase) phrases;
    struct map by_points;     /* hash of the addresses → phrase */
    VEC(uint64_t) pool;
    VEC(uint32_t) pool_steps;
    size_t extras;            /* bytes of them */
    trace_nodes nodes;
    struct map by_addr;
    uint32_t current;         /* node of the last record */
    uint64_t last_new;
    VEC(uint64_t) index;      /* INDEX_ENTRY / 8 numbers a frame */
    void *packed;
    ZSTD_CCtx *zstd;
};

static int failed(struct trace_writer *w, struct err *e) { return err_set(e, ERR_INPUT, "%s: %s", w->path, strerror(errno)); }

static int put(struct trace_writer *w, const void *data, size_t size, struct err *e) {
    if (fwrite(data, 1, size, w->out) != size)
        return failed(w, e);
    w->offset += size;
    return 0;
}

static void open_frame(struct trace_writer *w) {
    uint64_t number = w->index.len / (INDEX_ENTRY / 8);
    w->frame = (struct frame_head){.number = number, .records_before = w->records, .lost_before = w->lost, .first_cycle = w->last_cycle};
    w->extras = 0;
    w->nodes.len = 0;
    vec_push(&w->nodes, (struct trace_node){0});
    map_free(&w->by_addr);
    w->current = 0;
    w->last_new = 0;
    w->phrases.len = w->pool.len = w->pool_steps.len = 0;
    map_free(&w->by_points);
}

static uint8_t *put_text(uint8_t *p, const char *text, size_t room) {
    memset(p, 0, room);
    memcpy(p, text, strnlen(text, room - 1));
    return p + room;
}

static int put_header(struct trace_writer *w, const struct trace_info *info, struct err *e) {
    uint8_t chunk[CHUNK_HEAD + HEADER_SIZE], *body = chunk + CHUNK_HEAD, *p = body;
    put32(put32(chunk, CHUNK_MAGIC), HEADER_SIZE);
    memcpy(p, TRACE_MARK, 16);
    p = put64(put64(p + 16, info->clock_hz), info->port);
    p = put_text(p, info->isa, 16);
    p = put_text(p, info->build_id, 136);
    p = put_text(p, info->platform, 40);
    put64(p, hash_bytes(body, (size_t)(p - body), 0));
    return put(w, chunk, sizeof chunk, e);
}

struct trace_writer *trace_create(const char *path, const struct trace_info *info, struct err *e) {
    struct trace_writer *w = mem_alloc(sizeof *w);
    w->path = str_dup(path);
    w->raw = mem_alloc(FRAME_RAW_MAX);
    w->packed = mem_alloc(ZSTD_compressBound(FRAME_RAW_MAX));
    w->zstd = ZSTD_createCCtx();
    w->file = atomic_open(path, e);
    if (w->file)
        w->out = atomic_stream(w->file);
    open_frame(w);
    if (w->file && put_header(w, info, e) == 0)
        return w;
    trace_abort(w);
    return NULL;
}

static int put_frame_head(struct trace_writer *w, struct err *e) {
    const struct frame_head *f = &w->frame;
    uint8_t chunk[CHUNK_HEAD + FRAME_SIZE], *body = chunk + CHUNK_HEAD, *p = body;
    put32(put32(chunk, CHUNK_MAGIC), FRAME_SIZE);
    memcpy(p, FRAME_MARK, 8);
    p = put64(put64(p + 8, f->number), f->records_before);
    p = put64(put64(p, f->lost_before), f->first_cycle);
    p = put32(put32(p, f->tokens), f->records);
    p = put32(put32(p, f->raw), f->packed);
    p = put64(p, f->sum);
    put64(p, hash_bytes(body, (size_t)(p - body), 0));
    return put(w, chunk, sizeof chunk, e);
}

static int close_frame(struct trace_writer *w, struct err *e) {
    struct frame_head *f = &w->frame;
    if (!f->tokens)
        return 0;
    memmove(w->raw + f->tokens, w->raw + FRAME_TOKENS, f->records);
    memmove(w->raw + f->tokens + f->records, w->raw + 2 * FRAME_TOKENS, w->extras);
    f->raw = f->tokens + f->records + (uint32_t)w->extras;
    size_t n = ZSTD_compressCCtx(w->zstd, w->packed, ZSTD_compressBound(FRAME_RAW_MAX), w->raw, f->raw, LEVEL);
    if (ZSTD_isError(n))
        return err_set(e, ERR_INPUT, "%s: zstd: %s", w->path, ZSTD_getErrorName(n));
    f->packed = (uint32_t)n;
    f->sum = hash_bytes(w->packed, n, 0);
    vec_push(&w->index, w->offset);
    vec_push(&w->index, f->records_before);
    vec_push(&w->index, f->first_cycle);
    if (put_frame_head(w, e) < 0 || put(w, w->packed, n, e) < 0)
        return -1;
    open_frame(w);
    return 0;
}

static void put_varint(struct trace_writer *w, uint64_t v) {
    uint8_t *p = w->raw + 2 * FRAME_TOKENS + w->extras, *from = p;
    for (; v >= 0x80; v >>= 7)
        *p++ = (uint8_t)(v | 0x80);
    *p++ = (uint8_t)v;
    w->extras += (size_t)(p - from);
}

static void put_time(struct trace_writer *w, uint64_t z) {
    if (z >= TIME_EXTRA)
        put_varint(w, z - TIME_EXTRA);
    w->raw[FRAME_TOKENS + w->frame.records++] = (uint8_t)(z < TIME_EXTRA ? z : TIME_EXTRA);
    w->records++;
}

static void put_token(struct trace_writer *w, unsigned where) { w->raw[w->frame.tokens++] = (uint8_t)where; }

static int close_if_full(struct trace_writer *w, struct err *e) {
    return w->frame.tokens >= FRAME_LIMIT || w->frame.records >= FRAME_LIMIT ? close_frame(w, e) : 0;
}

/* Moves to ADDR's node, which takes a place among the current one's successors. Returns the token. */
static unsigned step_elsewhere(struct trace_writer *w, uint64_t addr, uint64_t step) {
    uint64_t node = w->nodes.len;
    unsigned token = map_get(&w->by_addr, addr, &node) ? TOKEN_KNOWN : TOKEN_NEW;
    if (token == TOKEN_NEW) {
        vec_push(&w->nodes, ((struct trace_node){.addr = addr}));
        map_put(&w->by_addr, addr, node);
        put_varint(w, zigzag(addr - w->last_new));
        w->last_new = addr;
    } else {
        put_varint(w, node);
    }
    node_replace(&w->nodes.data[w->current], (uint32_t)node, step);
    w->current = (uint32_t)node;
    return token;
}

static int write_record(struct trace_writer *w, uint64_t addr, uint64_t cycle, unsigned flag, struct err *e) {
    if (!w->frame.records) {
        w->frame.first_cycle = cycle;
        w->last_cycle = cycle;
    }
    uint64_t step = cycle - w->last_cycle, expected = 0;
    struct trace_node *from = &w->nodes.data[w->current];
    unsigned slot = 0, slots = node_slots(from);
    while (slot < slots && w->nodes.data[from->to[slot]].addr != addr)
        slot++;
    if (slot < slots) {
        expected = from->step[slot];
        from->step[slot] = step;
        w->current = from->to[slot];
    } else {
        slot = step_elsewhere(w, addr, step);
    }
    put_token(w, slot | flag);
    put_time(w, zigzag(step - expected));
    w->last_cycle = cycle;
    return close_if_full(w, e);
}

/* The phrase of the held records in this frame, or what it shall be: then *key is for by_points. */
static struct phrase *find_phrase(struct trace_writer *w, uint64_t *key) {
    size_t n = w->held.len;
    uint64_t found;
    for (*key = hash_bytes(w->held.data, n * sizeof *w->held.data, 0); map_get(&w->by_points, *key, &found); ++*key) {
        struct phrase *p = &w->phrases.data[found];
        if (p->records == n && memcmp(w->pool.data + p->pool, w->held.data, n * sizeof *w->held.data) == 0)
            return p;
    }
    return NULL;
}

static bool all_near(const struct trace_writer *w) {
    uint64_t last = w->last_cycle;
    for (size_t i = 0; i < w->held.len; i++) {
        if (w->held_cycles.data[i] - last > UINT32_MAX)
            return false;
        last = w->held_cycles.data[i];
    }
    return true;
}

static int write_again(struct trace_writer *w, const struct phrase *p, struct err *e) {
    put_token(w, TOKEN_AGAIN);
    put_varint(w, (uint64_t)(p - w->phrases.data));
    for (uint32_t i = 0; i < p->records; i++) {
        uint32_t *expected = &w->pool_steps.data[p->pool + i], step = (uint32_t)(w->held_cycles.data[i] - w->last_cycle), off = step - *expected;
        put_time(w, (uint32_t)(off << 1) ^ (0 - (off >> 31)));
        *expected = step;
        w->last_cycle = w->held_cycles.data[i];
    }
    w->current = p->to;
    return close_if_full(w, e);
}

/* A phrase that the frame's end cuts is none that can be met again. */
static int write_new(struct trace_writer *w, bool near, struct err *e) {
    size_t frame = w->index.len;
    struct phrase p = {.pool = (uint32_t)w->pool.len, .records = (uint32_t)w->held.len, .near = near};
    uint64_t key, before = w->frame.records ? w->last_cycle : w->held_cycles.data[0];
    for (uint32_t i = 0; i < p.records; i++)
        if (write_record(w, w->held.data[i], w->held_cycles.data[i], i ? 0 : TOKEN_PHRASE, e) < 0)
            return -1;
    if (w->index.len != frame)
        return 0;
    for (uint32_t i = 0; i < p.records; i++) {
        vec_push(&w->pool, w->held.data[i]);
        vec_push(&w->pool_steps, (uint32_t)(w->held_cycles.data[i] - before));
        before = w->held_cycles.data[i];
    }
    p.to = w->current;
    find_phrase(w, &key);
    map_put(&w->by_points, key, w->phrases.len);
    vec_push(&w->phrases, p);
    return 0;
}

/* The held records, if any, into the frame. */
static int end_phrase(struct trace_writer *w, struct err *e) {
    uint32_t n = (uint32_t)w->held.len;
    w->in_phrase = false;
    if (!n)
        return 0;
    if (w->frame.records && (w->frame.records + n > FRAME_LIMIT || w->frame.tokens + n > FRAME_LIMIT) && close_frame(w, e) < 0)
        return -1;
    uint64_t key;
    bool near = all_near(w);
    const struct phrase *p = near ? find_phrase(w, &key) : NULL;
    int rc = p && p->near ? write_again(w, p, e) : write_new(w, near, e);
    w->held.len = w->held_cycles.len = 0;
    return rc;
}

int trace_append(struct trace_writer *w, uint64_t addr, uint64_t cycle, struct err *e) {
    if (cycle < w->latest)
        return err_set(e, ERR_INPUT, "record %llu: time runs backwards, from cycle %llu to %llu", (unsigned long long)w->appended,
                       (unsigned long long)w->latest, (unsigned long long)cycle);
    w->latest = cycle;
    w->appended++;
    if (!w->in_phrase)
        return write_record(w, addr, cycle, 0, e);
    vec_push(&w->held, addr);
    vec_push(&w->held_cycles, cycle);
    return w->held.len == PHRASE_MAX ? end_phrase(w, e) : 0;
}

int trace_append_mark(struct trace_writer *w, uint64_t addr, uint64_t cause, uint64_t cycle, struct err *e) {
    return trace_append(w, put_cause(addr | 1, cause), cycle, e);
}

int trace_phrase(struct trace_writer *w, struct err *e) {
    int rc = end_phrase(w, e);
    w->in_phrase = true;
    return rc;
}

int trace_append_lost(struct trace_writer *w, uint64_t records, struct err *e) {
    if (!records)
        return 0;
    if (end_phrase(w, e) < 0)
        return -1;
    put_token(w, TOKEN_LOST);
    put_varint(w, records);
    w->lost += records;
    return close_if_full(w, e);
}

static int put_footer(struct trace_writer *w, struct err *e) {
    size_t size = INDEX_SIZE + w->index.len * 8 + FOOTER_SIZE;
    uint8_t *chunk = mem_alloc(CHUNK_HEAD + size), *body = chunk + CHUNK_HEAD, *p = body;
    put32(put32(chunk, CHUNK_MAGIC), (uint32_t)size);
    memcpy(p, INDEX_MARK, 8);
    p = put64(put64(p + 8, w->index.len / (INDEX_ENTRY / 8)), w->records);
    p = put64(put64(p, w->lost), w->last_cycle);
    for (size_t i = 0; i < w->index.len; i++)
        p = put64(p, w->index.data[i]);
    p = put64(p, hash_bytes(body, (size_t)(p - body), 0));
    p = put64(p, w->offset);
    memcpy(p, END_MARK, 8);
    int rc = put(w, chunk, CHUNK_HEAD + size, e);
    free(chunk);
    return rc;
}

static void release(struct trace_writer *w) {
    ZSTD_freeCCtx(w->zstd);
    map_free(&w->by_addr);
    vec_free(&w->nodes);
    vec_free(&w->index);
    map_free(&w->by_points);
    vec_free(&w->phrases);
    vec_free(&w->pool);
    vec_free(&w->pool_steps);
    vec_free(&w->held);
    vec_free(&w->held_cycles);
    free(w->packed);
    free(w->raw);
    free(w->path);
    free(w);
}

int trace_commit(struct trace_writer *w, struct err *e) {
    int rc = end_phrase(w, e);
    if (rc == 0)
        rc = close_frame(w, e);
    if (rc == 0)
        rc = put_footer(w, e);
    if (rc == 0)
        rc = atomic_commit(w->file, e);
    else
        atomic_abort(w->file);
    release(w);
    return rc;
}

void trace_abort(struct trace_writer *w) {
    if (!w)
        return;
    atomic_abort(w->file);
    release(w);
}
