#include "analyzer/known.h"

#include <assert.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Most steps of an entry take as long as they usually do. So for each step there is its usual time, and only what differs from it is counted: the
 * usual one's count is what remains of the entry's. What a step takes beside it is nearly always one of a few times, which are in its cell; what
 * finds no place there is in a table. From time to time it is asked anew which of a cell's times is the usual one: that is a matter of speed
 * only, as the counts do not depend on it. */
typedef uint32_t four __attribute__((vector_size(16)));
struct cell {
    four time, count;         /* place 0: the usual one, whose count is not kept. A place that is not taken has the time NO_TIME */
} __attribute__((aligned(32)));
struct cell_more {            /* what is seldom looked at */
    uint32_t first[4];        /* position of what was counted first, less `base` */
    uint32_t elsewhere;       /* sum of the counts in the table */
    uint32_t step;            /* of its entry */
};
size_t known_limit = 1 << 20;
#define NONE_YET UINT32_MAX
#define NO_TIME UINT32_MAX
#define LONGEST ((uint32_t)INT32_MAX)
#define NO_CELL 0x80000000u

struct entry {
    uint64_t hash;            /* of its points */
    uint32_t points, n;       /* in the pool of points */
    uint32_t units;           /* in the pool of units: n - 1 */
    uint32_t start, end;
    uint64_t cause;
    uint32_t steps;           /* n of them: the whole entry's, then each step's; NONE_YET: none was counted */
    uint32_t count;           /* so often counted */
};
/* A step took another time than its usual one: its cell in the upper half, the time in the lower. What memory holds of many of them is asked for before
 * the first is looked at. */
typedef uint64_t odd;
enum { ODDS = 2048 };
/* The odd ones from FIRST on are of an entry that began at position AT, less `base`. */
struct odd_entry {
    uint32_t first, at;
};
/* A time that found no place in its cell; count 0: free. */
struct more {
    uint32_t cell, time, count, first; /* first: less `base` */
};
struct known {
    uint32_t names;           /* given before the last known_end */
    VEC(struct entry) entries;
    uint64_t *by_hash;        /* upper half of an entry's hash, and its index + 1; 0: free */
    size_t hash_room;         /* a power of two */
    VEC(uint32_t) points, units;
    VEC(uint32_t) usual;      /* by step: its usual time */
    VEC(uint32_t) cell;       /* by step: its cell. NO_CELL, it has always been the usual time: and position of what was counted first, less `base` */
    struct cell *cells;
    VEC(struct cell_more) cells_more;
    size_t cell_count, cell_room;
    odd odd[ODDS];            /* not counted yet, in order */
    struct odd_entry odd_entry[ODDS];
    uint32_t odds, odd_entries;
    struct more *more;
    size_t mores, more_room;  /* more_room: a power of two */
    uint64_t counted, base, last; /* base, last: positions of the first and the last entry counted */
};

struct known *known_new(void) { return mem_alloc(sizeof(struct known)); }

/* Room for all that there can be before known_full is asked, so that nothing moves as it grows; what of it is not touched costs no memory. */
#define ROOM(list, n) ((list)->data = mem_large((n) * sizeof *(list)->data), (list)->cap = (n))

static void make_room(struct known *k) {
    size_t steps = known_limit + ODDS + 1 + STEPS_SLACK;
    ROOM(&k->points, 2 * steps);
    ROOM(&k->units, 2 * steps);
    ROOM(&k->usual, steps);
    ROOM(&k->cell, steps);
    ROOM(&k->cells_more, steps);
    k->cells = mem_large(steps * sizeof *k->cells);
    k->cell_room = steps;
}

static void forget(struct known *k) {
    vec_free(&k->entries);
    vec_free(&k->points);
    vec_free(&k->units);
    vec_free(&k->usual);
    vec_free(&k->cell);
    free(k->by_hash);
    free(k->cells);
    vec_free(&k->cells_more);
    free(k->more);
    uint32_t names = k->names;
    memset(k, 0, sizeof *k);
    k->names = names;
}

void known_free(struct known *k) {
    if (k)
        forget(k);
    free(k);
}

static uint64_t *free_place(const struct known *k, uint64_t hash) {
    size_t at = hash & (k->hash_room - 1);
    while (k->by_hash[at])
        at = (at + 1) & (k->hash_room - 1);
    return &k->by_hash[at];
}

static void put_hash(struct known *k, size_t entry) { *free_place(k, k->entries.data[entry].hash) = k->entries.data[entry].hash >> 32 << 32 | (entry + 1); }

static void grow_hash(struct known *k) {
    k->hash_room = k->hash_room ? 2 * k->hash_room : 256;
    free(k->by_hash);
    k->by_hash = mem_alloc(k->hash_room * sizeof *k->by_hash);
    for (size_t i = 0; i < k->entries.len; i++)
        put_hash(k, i);
}

uint32_t known_find(const struct known *k, const uint32_t *point, uint32_t n) {
    uint64_t hash = hash_bytes(point, n * sizeof *point, 0);
    if (!k->hash_room)
        return 0;
    for (size_t at = hash & (k->hash_room - 1); k->by_hash[at]; at = (at + 1) & (k->hash_room - 1)) {
        if (k->by_hash[at] >> 32 != hash >> 32)
            continue;
        const struct entry *x = &k->entries.data[(uint32_t)k->by_hash[at] - 1];
        if (x->n == n && memcmp(k->points.data + x->points, point, n * sizeof *point) == 0)
            return k->names + (uint32_t)k->by_hash[at];
    }
    return 0;
}

uint32_t known_add(struct known *k, const uint32_t *point, uint32_t n, const struct replay_entry *entry) {
    if (!k->cell_room)
        make_room(k);
    struct entry x = {.hash = hash_bytes(point, n * sizeof *point, 0), .points = (uint32_t)k->points.len, .n = n, .start = entry->start, .end = entry->end, .cause = entry->cause, .steps = NONE_YET};
    for (uint32_t i = 0; i < n; i++)
        vec_push(&k->points, point[i]);
    x.units = (uint32_t)k->units.len;
    for (size_t i = 0; i < entry->step_count; i++)
        vec_push(&k->units, entry->steps[i].unit);
    vec_push(&k->entries, x);
    if (2 * k->entries.len > k->hash_room)
        grow_hash(k);
    else
        put_hash(k, k->entries.len - 1);
    return k->names + (uint32_t)k->entries.len;
}

/* ---- counting ------------------------------------------------------------------------------------------------------ */

static size_t slot_of(size_t room, odd o) { return (size_t)(o * 0x9e3779b97f4a7c15u >> 32) & (room - 1); }

static struct more *place_of(struct more *table, size_t room, uint32_t cell, uint32_t time) {
    size_t at = slot_of(room, (odd)cell << 32 | time);
    while (table[at].count && (table[at].cell != cell || table[at].time != time))
        at = (at + 1) & (room - 1);
    return &table[at];
}

static void grow(struct known *k) {
    size_t room = k->more_room ? 2 * k->more_room : 1024;
    struct more *table = mem_large(room * sizeof *table);
    memset(table, 0, room * sizeof *table); /* written before it is read: else its pages are faulted in twice, and one thread's fault halts the other */
    for (size_t i = 0; i < k->more_room; i++)
        if (k->more[i].count)
            *place_of(table, room, k->more[i].cell, k->more[i].time) = k->more[i];
    free(k->more);
    k->more = table;
    k->more_room = room;
}

static uint32_t __attribute__((noinline)) make_cell(struct known *k, uint32_t usual, uint32_t position, uint32_t step) {
    assert(k->cell_count < k->cell_room);
    k->cells[k->cell_count] = (struct cell){{usual, NO_TIME, NO_TIME, NO_TIME}, {0, 0, 0, 0}};
    vec_push(&k->cells_more, ((struct cell_more){{position, 0, 0, 0}, 0, step}));
    return (uint32_t)k->cell_count++;
}

/* TIME was in none of the cell's places when it was last looked for. If it is seen for the first time: where its position goes, else NULL. */
static uint32_t *__attribute__((noinline)) count_elsewhere(struct known *k, uint32_t cell, uint32_t time) {
    struct cell *c = &k->cells[cell];
    for (int i = 1; i < 4; i++)
        if (c->time[i] == NO_TIME) {
            c->time[i] = time;
            c->count[i] = 1;
            return &k->cells_more.data[cell].first[i];
        } else if (c->time[i] == time) {
            c->count[i]++;
            return NULL;
        }
    k->cells_more.data[cell].elsewhere++;
    struct more *m = place_of(k->more, k->more_room, cell, time);
    if (m->count++)
        return NULL;
    *m = (struct more){cell, time, 1, 0};
    k->mores++;
    return &m->first;
}

/* Which places of 16 differ, by bit. */
#ifdef __SSE2__
static inline __m128i same_four(const uint32_t *a, const uint32_t *b) {
    return _mm_cmpeq_epi32(_mm_loadu_si128((const __m128i *)(const void *)a), _mm_loadu_si128((const __m128i *)(const void *)b));
}

static inline uint64_t differing(const uint32_t *a, const uint32_t *b) {
    __m128i low = _mm_packs_epi32(same_four(a, b), same_four(a + 4, b + 4)), high = _mm_packs_epi32(same_four(a + 8, b + 8), same_four(a + 12, b + 12));
    return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(low, high)) ^ 0xffff;
}
#else
static inline uint64_t differing(const uint32_t *a, const uint32_t *b) {
    uint32_t mask = 0;
    for (int i = 0; i < 16; i++)
        mask |= (uint32_t)(a[i] != b[i]) << i;
    return mask;
}
#endif

/* One more in TIME's place, if it has one. */
static inline bool count_here(struct cell *c, uint32_t time) {
    four same = (four)(c->time == (four){time, time, time, time});
    c->count -= same; /* true is -1 */
#ifdef __SSE2__
    return _mm_movemask_epi8((__m128i)same);
#else
    return same[0] | same[1] | same[2] | same[3];
#endif
}

static void count_odds(struct known *k) {
    uint32_t left = 0, place[ODDS]; /* of those that are not in their cells */
    while (3 * (k->mores + k->odds) >= 2 * k->more_room)
        grow(k);
    for (uint32_t i = 0; i < k->odds; i++) {
        place[left] = i;
        left += !count_here(&k->cells[k->odd[i] >> 32], (uint32_t)k->odd[i]);
    }
    for (uint32_t i = 0; i < left; i++) {
        __builtin_prefetch(&k->more[slot_of(k->more_room, k->odd[place[i]])], 1);
        __builtin_prefetch(&k->cells_more.data[k->odd[place[i]] >> 32], 1);
    }
    const struct odd_entry *x = k->odd_entry, *last = x + k->odd_entries - 1;
    for (uint32_t i = 0; i < left; i++) {
        uint32_t cell = (uint32_t)(k->odd[place[i]] >> 32), *first = count_elsewhere(k, cell, (uint32_t)k->odd[place[i]]);
        if (!first)
            continue;
        while (x < last && x[1].first <= place[i])
            x++;
        *first = x->at + k->cells_more.data[cell].step;
    }
    k->odds = k->odd_entries = 0;
}

static void make_steps(struct known *k, struct entry *x, uint32_t whole, const uint32_t *steps, uint32_t position) {
    x->steps = (uint32_t)k->usual.len;
    for (uint32_t i = 0; i < x->n; i++) {
        vec_push(&k->usual, i ? steps[i] : whole);
        vec_push(&k->cell, NO_CELL | (position + i));
    }
}

/* How often each of a cell's places was taken, of N times in all. */
static four counts_of(const struct known *k, uint32_t cell, uint32_t n) {
    four counts = k->cells[cell].count;
    counts[0] = n - counts[1] - counts[2] - counts[3] - k->cells_more.data[cell].elsewhere;
    return counts;
}

static void choose_usual(struct known *k, const struct entry *x) {
    count_odds(k);
    for (uint32_t i = 0; i < x->n; i++) {
        uint32_t cell = k->cell.data[x->steps + i], best = 0;
        if (cell & NO_CELL)
            continue;
        struct cell *c = &k->cells[cell], old = *c;
        uint32_t *first = k->cells_more.data[cell].first, usual_first = first[0];
        old.count = counts_of(k, cell, x->count);
        for (uint32_t p = 1; p < 4; p++)
            best = old.count[p] > old.count[best] ? p : best;
        c->time[0] = old.time[best];
        first[0] = first[best];
        c->time[best] = old.time[0];
        c->count[best] = best ? old.count[0] : 0;
        first[best] = usual_first;
        k->usual.data[x->steps + i] = c->time[0];
    }
}

/* Of X's steps from I on those whose bits are set in MASK: they took TIME. */
static inline uint32_t put_odds(struct known *k, uint32_t odds, uint64_t mask, const struct entry *x, uint32_t i, const uint32_t *time) {
    for (; mask; mask &= mask - 1, odds++) {
        uint32_t bit = (uint32_t)__builtin_ctzll(mask), *cell = &k->cell.data[x->steps + i + bit];
        if (*cell & NO_CELL)
            *cell = make_cell(k, k->usual.data[x->steps + i + bit], *cell & ~NO_CELL, i + bit);
        __builtin_prefetch(&k->cells[*cell], 1);
        k->odd[odds] = (odd)*cell << 32 | time[bit];
    }
    return odds;
}

/* The steps of X that do not take their usual time, 64 at a time: what is read behind the last is left out again. */
static uint32_t find_odds(struct known *k, uint32_t odds, const struct entry *x, const uint32_t *time) {
    const uint32_t *usual = k->usual.data + x->steps, n = x->n;
    for (uint32_t i = 1; i < n; i += STEPS_SLACK) {
        const uint32_t *a = time + i, *b = usual + i;
        uint64_t mask = differing(a, b) | differing(a + 16, b + 16) << 16 | differing(a + 32, b + 32) << 32 | differing(a + 48, b + 48) << 48;
        odds = put_odds(k, odds, n - i < 64 ? mask & (((uint64_t)1 << (n - i)) - 1) : mask, x, i, a);
    }
    return odds;
}

bool known_count(struct known *k, uint32_t name, const uint32_t *steps, uint32_t n, uint64_t whole, uint64_t position) {
    if (name <= k->names || name - k->names > k->entries.len)
        return false;
    struct entry *x = &k->entries.data[name - k->names - 1];
    if (x->n != n || n > ODDS || whole > LONGEST) /* then no step is longer */
        return false;
    if (!k->counted++)
        k->base = position;
    k->last = position;
    uint32_t at = (uint32_t)(position - k->base), all = (uint32_t)whole;
    if (x->steps == NONE_YET)
        make_steps(k, x, all, steps, at);
    if (k->odds + n > ODDS)
        count_odds(k);
    uint32_t odds = put_odds(k, k->odds, all != k->usual.data[x->steps], x, 0, &all);
    odds = find_odds(k, odds, x, steps);
    k->odd_entry[k->odd_entries] = (struct odd_entry){k->odds, at};
    k->odd_entries += odds > k->odds;
    k->odds = odds;
    x->count++;
    if (x->count >= 16 && (x->count & (x->count - 1)) == 0)
        choose_usual(k, x);
    return true;
}

bool known_full(const struct known *k) {
    return k->usual.len > known_limit || k->points.len > 2 * known_limit || k->mores > known_limit || k->last - k->base > INT32_MAX / 2;
}

/* ---- handing out --------------------------------------------------------------------------------------------------- */

/* What was in the table, by cell: the C-th's are from place first[C] up to first[C + 1]. */
struct by_cell {
    struct more *more;
    uint32_t *first;
};

static struct by_cell sort_more(const struct known *k) {
    struct by_cell by = {mem_resize(NULL, k->mores * sizeof *by.more), mem_alloc((k->cell_count + 1) * sizeof *by.first)};
    for (size_t i = 0; i < k->more_room; i++)
        if (k->more[i].count)
            by.first[k->more[i].cell]++;
    for (size_t c = 1; c <= k->cell_count; c++)
        by.first[c] += by.first[c - 1];
    for (size_t i = 0; i < k->more_room; i++)
        if (k->more[i].count)
            by.more[--by.first[k->more[i].cell]] = k->more[i];
    return by;
}

/* The times of the I-th step of X. */
static void collect(const struct known *k, const struct by_cell *by, const struct entry *x, uint32_t i, replay_seen_list *to) {
    uint32_t cell = k->cell.data[x->steps + i];
    to->len = 0;
    if (cell & NO_CELL) {
        vec_push(to, ((struct replay_seen){k->usual.data[x->steps + i], x->count, k->base + (cell & ~NO_CELL)}));
        return;
    }
    const struct cell *c = &k->cells[cell];
    const struct cell_more *m = &k->cells_more.data[cell];
    four counts = counts_of(k, cell, x->count);
    for (int p = 0; p < 4; p++)
        if (c->time[p] != NO_TIME)
            vec_push(to, ((struct replay_seen){c->time[p], counts[p], k->base + m->first[p]}));
    for (const struct more *o = by->more + by->first[cell]; o < by->more + by->first[cell + 1]; o++)
        vec_push(to, ((struct replay_seen){o->time, o->count, k->base + o->first}));
}

void known_end(struct known *k, const struct replay_events *to, uint64_t *times) {
    replay_seen_list seen = {0};
    VEC(uint32_t) touched = {0};
    count_odds(k);
    struct by_cell by = sort_more(k);
    for (size_t i = 0; i < k->entries.len; i++) {
        const struct entry *x = &k->entries.data[i];
        if (!x->count)
            continue;
        touched.len = 0;
        for (uint32_t u = 0; u + 1 < x->n; u++)
            if (times[k->units.data[x->units + u]]++ == 0)
                vec_push(&touched, k->units.data[x->units + u]);
        struct replay_entry entry = {.start = x->start, .end = x->end, .cause = x->cause, .touched = touched.data, .touches = touched.len, .times = times};
        collect(k, &by, x, 0, &seen);
        to->repeated(to->user, &entry, &seen);
        for (uint32_t s = 1; s < x->n; s++) {
            collect(k, &by, x, s, &seen);
            to->repeated_step(to->user, k->units.data[x->units + s - 1], &seen);
        }
        for (size_t t = 0; t < touched.len; t++)
            times[touched.data[t]] = 0;
    }
    free(by.more);
    free(by.first);
    vec_free(&seen);
    vec_free(&touched);
    k->names += (uint32_t)k->entries.len;
    forget(k);
}
