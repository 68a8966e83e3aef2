/* Most tokens are a phrase met again, or lead to a known successor. Runs of the latter are decoded in two passes, each without a branch that
 * depends on the data but the one for long times: first where control went, then how long it took. Of a phrase only the second is left. */
#include "tracer/trace_decode.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

_Static_assert(SUCCESSORS == 4 && (int)TOKEN_PHRASE == 128, "the mask below");
#define NO_SLOT 0xfcfcfcfcfcfcfcfcu /* eight tokens at a time: those that are no slot, or begin a phrase */

/* Room for a frame of TOKENS: it has no more nodes than these, the first and the sink. */
static void make_room(struct trace_decoder *d, uint32_t tokens) {
    if (d->room < tokens + 2) {
        d->room = tokens + 2;
        d->to = mem_resize(d->to, SUCCESSORS * (size_t)d->room * sizeof *d->to);
        d->step = mem_resize(d->step, SUCCESSORS * (size_t)d->room * sizeof *d->step);
        d->seen = mem_resize(d->seen, d->room * sizeof *d->seen);
        d->number = mem_resize(d->number, d->room * sizeof *d->number);
    }
    d->sink = SUCCESSORS * (tokens + 1);
    for (uint32_t i = 0; i < SUCCESSORS; i++) {
        d->to[d->sink + i] = d->sink;
        d->step[d->sink + i] = 0;
    }
    d->number[d->sink / SUCCESSORS] = 0;
}

void decoder_free(struct trace_decoder *d) {
    vec_free(&d->points);
    vec_free(&d->phrases);
    vec_free(&d->pool_points);
    vec_free(&d->pool_steps);
    map_free(&d->by_addr);
    free(d->to);
    free(d->step);
    free(d->seen);
    free(d->number);
}

static uint32_t number_of(struct trace_decoder *d, uint64_t addr) {
    uint64_t n;
    if (!map_get(&d->by_addr, addr, &n)) {
        n = d->points.len;
        vec_push(&d->points, addr);
        map_put(&d->by_addr, addr, n);
    }
    return (uint32_t)n;
}

static uint32_t add_node(struct trace_decoder *d, uint32_t number) {
    uint32_t n = d->nodes++;
    for (uint32_t i = 0; i < SUCCESSORS; i++) {
        d->to[SUCCESSORS * n + i] = d->sink;
        d->step[SUCCESSORS * n + i] = 0;
    }
    d->seen[n] = 0;
    d->number[n] = number;
    return n;
}

void decoder_begin(struct trace_decoder *d, const struct frame_head *f, const uint8_t *raw) {
    make_room(d, f->tokens);
    d->nodes = 0;
    add_node(d, 0);
    d->current = d->token = d->record = 0;
    d->tokens = f->tokens;
    d->records = f->records;
    d->phrases.len = d->pool_points.len = d->pool_steps.len = 0;
    d->last_new = d->lost = 0;
    d->cycle = f->first_cycle;
    d->where = raw;
    d->time = raw + f->tokens;
    d->extra = raw + f->tokens + f->records;
    d->end = raw + f->raw;
}

static int get_varint(struct trace_decoder *d, uint64_t *v) {
    uint64_t value = 0;
    for (unsigned shift = 0; d->extra < d->end && shift < 64; shift += 7) {
        uint8_t byte = *d->extra++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *v = value;
            return 0;
        }
    }
    return -1;
}

/* How many of the N tokens at WHERE are plain slots, up to the first that is not. */
static uint32_t run_length(const uint8_t *where, uint32_t n) {
    uint32_t i = 0;
    for (uint64_t eight; i + 8 <= n; i += 8) {
        memcpy(&eight, where + i, 8);
        if (eight & NO_SLOT)
            break;
    }
    while (i < n && where[i] < SUCCESSORS)
        i++;
    return i;
}

/* Where N tokens from `token` on lead. */
static int follow(struct trace_decoder *d, uint32_t n) {
    const uint8_t *where = d->where + d->token;
    const uint32_t *to = d->to, *number = d->number;
    uint32_t *slot = d->slot + d->count, *point = d->point_room + d->count, current = d->current;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t way = where[i] % SUCCESSORS;
        slot[i] = current + way;
        current = (to + way)[current];
        point[i] = number[current / SUCCESSORS];
    }
    d->current = current;
    return current == d->sink ? -1 : 0;
}

/* *z: TIME_EXTRA. What it stands for. */
static int get_time(struct trace_decoder *d, uint64_t *z) {
    if (get_varint(d, z) < 0)
        return -1;
    *z += TIME_EXTRA;
    return 0;
}

/* The time of N records, the batch's last, is SUM, if no sum passes 64 bits; none took longer than HIGH. */
static int add_up(struct trace_decoder *d, uint32_t n, uint64_t high, uint64_t sum) {
    uint64_t cycle = d->cycle;
    if ((high | cycle) >> 48) /* else BATCH of them cannot */
        for (uint32_t i = d->count - n; i < d->count; i++) {
            if (d->steps[i] > UINT64_MAX - cycle)
                return -1;
            cycle += d->steps[i];
        }
    d->high |= high;
    d->cycle += sum;
    return 0;
}

static int take_run(struct trace_decoder *d, uint32_t n) {
    if (follow(d, n) < 0)
        return -1;
    const uint8_t *time = d->time + d->record;
    const uint32_t *slot = d->slot + d->count;
    uint64_t *steps = d->steps + d->count, *step = d->step, high = 0, sum = 0, z;
    for (uint32_t i = 0; i < n; i++) {
        if ((z = time[i]) == TIME_EXTRA && get_time(d, &z) < 0)
            return -1;
        steps[i] = step[slot[i]] += unzigzag(z);
        high |= steps[i];
        sum += steps[i];
    }
    d->token += n;
    d->record += n;
    d->count += n;
    return add_up(d, n, high, sum);
}

/* The node that a token other than a slot's leads to. */
static int find_node(struct trace_decoder *d, unsigned where, uint32_t *node) {
    uint64_t v;
    if (get_varint(d, &v) < 0)
        return -1;
    if (where == TOKEN_KNOWN && v > 0 && v < d->nodes) {
        *node = (uint32_t)v;
        return 0;
    }
    if (where != TOKEN_NEW)
        return -1;
    d->last_new += unzigzag(v);
    *node = add_node(d, number_of(d, d->last_new));
    return 0;
}

static int take_elsewhere(struct trace_decoder *d, unsigned where) {
    uint32_t node, from = d->current / SUCCESSORS, n = d->count;
    uint64_t z = d->time[d->record];
    if (find_node(d, where, &node) < 0 || (z == TIME_EXTRA && get_time(d, &z) < 0))
        return -1;
    uint32_t slot = SUCCESSORS * from + d->seen[from]++ % SUCCESSORS;
    d->to[slot] = d->current = SUCCESSORS * node;
    d->step[slot] = d->steps[n] = unzigzag(z);
    d->point_room[n] = d->number[node];
    d->token++;
    d->record++;
    d->count++;
    return add_up(d, 1, d->steps[n], d->steps[n]);
}

static int take_loss(struct trace_decoder *d) {
    uint64_t v;
    if (get_varint(d, &v) < 0 || v > UINT64_MAX - d->lost)
        return -1;
    d->lost += v;
    d->token++;
    return 0;
}

/* ---- phrases ------------------------------------------------------------------------------------------------------- */

/* The batch so far is a new one. */
static void keep_phrase(struct trace_decoder *d) {
    uint32_t n = d->count, pool = (uint32_t)d->pool_points.len;
    vec_reserve(&d->pool_points, pool + n);
    vec_reserve(&d->pool_steps, pool + n + STEPS_SLACK);
    memcpy(d->pool_points.data + pool, d->point_room, n * sizeof *d->point_room);
    uint32_t *to = d->pool_steps.data + pool;
    for (uint32_t i = 0; i < n; i++)
        to[i] = (uint32_t)d->steps[i];
    bool near = d->high <= UINT32_MAX;
    d->pool_points.len = d->pool_steps.len = pool + n;
    vec_push(&d->phrases, ((struct trace_phrase){pool, n, d->current, near, 0, d->cycle - d->before}));
    d->known = &d->phrases.data[d->phrases.len - 1].known;
    d->near = near ? d->pool_steps.data + pool : NULL;
}

/* Which of 16 bytes are not zero, by bit. */
static inline uint64_t not_zero(const uint8_t *p) {
#ifdef __SSE2__
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), _mm_setzero_si128())) ^ 0xffff;
#else
    uint32_t mask = 0;
    for (int i = 0; i < 16; i++)
        mask |= (uint32_t)(p[i] != 0) << i;
    return mask;
#endif
}

/* The steps of a phrase: modulo 2^32, so none is wrong. Most took as long as the last time; those that did not are found 64 at a time, as one loop
 * over all of them is easier to foresee than several. */
static int take_near(struct trace_decoder *d, struct trace_phrase *p) {
    const uint8_t *time = d->time + d->record;
    uint32_t *step = d->pool_steps.data + p->pool, n = p->records;
    uint64_t sum = p->sum, z;
    for (uint32_t i = 0; i < n; i += 64) {
        /* There is DECODE_SLACK behind the last. */
        uint64_t left = not_zero(time + i) | not_zero(time + i + 16) << 16 | not_zero(time + i + 32) << 32 | not_zero(time + i + 48) << 48;
        for (left &= n - i < 64 ? ((uint64_t)1 << (n - i)) - 1 : UINT64_MAX; left; left &= left - 1) {
            uint32_t k = i + (uint32_t)__builtin_ctzll(left), was = step[k];
            if ((z = time[k]) == TIME_EXTRA && get_time(d, &z) < 0)
                return -1;
            step[k] = was + (uint32_t)unzigzag(z);
            sum += (uint64_t)step[k] - was;
        }
    }
    if (sum > UINT64_MAX - d->cycle)
        return -1;
    p->sum = sum;
    d->cycle += sum;
    return 0;
}

/* As get_varint, without a branch on whether it has one byte or two. */
static int get_short(struct trace_decoder *d, uint64_t *v) {
    if (d->end - d->extra < 2 || (d->extra[0] & d->extra[1] & 0x80))
        return get_varint(d, v);
    uint32_t more = d->extra[0] >> 7;
    *v = (d->extra[0] & 0x7fu) | ((uint32_t)d->extra[1] << 7 & (0 - more));
    d->extra += 1 + more;
    return 0;
}

static int take_again(struct trace_decoder *d) {
    uint64_t v;
    if (get_short(d, &v) < 0 || v >= d->phrases.len)
        return -1;
    struct trace_phrase *p = &d->phrases.data[v];
    if (!p->near || p->records > d->records - d->record || take_near(d, p) < 0)
        return -1;
    d->point = d->pool_points.data + p->pool;
    d->near = d->pool_steps.data + p->pool;
    d->known = &p->known;
    d->current = p->to;
    d->count = p->records;
    d->record += p->records;
    d->token++;
    return 0;
}

/* ---- batches ------------------------------------------------------------------------------------------------------- */

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

/* One record with the token WHERE, or as many as are plain slots, at most ROOM. */
static int take_records(struct trace_decoder *d, unsigned where, uint32_t room) {
    if (d->record == d->records)
        return -1;
    uint32_t limit = least(room, least(d->tokens - d->token, d->records - d->record));
    if (where < SUCCESSORS)
        return take_run(d, 1 + run_length(d->where + d->token + 1, limit - 1));
    return take_elsewhere(d, where);
}

/* A batch is a phrase, or ends before one, and before a loss. */
static int decode(struct trace_decoder *d) {
    bool phrase = false;
    uint32_t room = BATCH;
    while (d->count < room && d->token < d->tokens) {
        unsigned where = d->where[d->token];
        if (d->count && (where >= TOKEN_LOST))
            break;
        if (where == TOKEN_AGAIN)
            return take_again(d);
        if (where >= TOKEN_PHRASE) {
            phrase = true;
            room = PHRASE_MAX;
        }
        if ((where == TOKEN_LOST ? take_loss(d) : take_records(d, where % TOKEN_PHRASE, room - d->count)) < 0)
            return -1;
    }
    if (phrase)
        keep_phrase(d);
    return 0;
}

int decoder_batch(struct trace_decoder *d) {
    d->count = 0;
    d->lost = 0;
    d->before = d->cycle;
    d->point = d->point_room;
    d->near = NULL;
    d->known = NULL;
    d->high = 0;
    if (decode(d) >= 0 && (!decoder_done(d) || (d->record == d->records && d->extra == d->end)))
        return 0;
    d->count = 0;
    return -1;
}
