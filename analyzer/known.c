#include "analyzer/known.h"

/* Times of a step: nearly all steps take one of a few. A place that is not taken has the time NO_TIME, which is never counted. */
typedef uint32_t four __attribute__((vector_size(16)));
struct cell {
    four time, count;
};
struct first {
    uint32_t position[4];     /* by place, less `base` */
};
size_t known_limit = 1 << 18;
#define NONE_YET UINT32_MAX
#define NO_TIME UINT32_MAX
#define LONGEST ((uint32_t)INT32_MAX)

struct entry {
    uint64_t hash;
    uint32_t points, n;       /* in the pool of points */
    uint32_t units;           /* in the pool of units: n - 1 */
    uint32_t touched, touches; /* in the pool of units, each followed by its count */
    uint32_t start, end;
    uint64_t cause;
    uint32_t cells;           /* n of them: the whole entry's, then each step's; NONE_YET: it has come once */
    uint64_t count;
};
/* The times that found no place in their cell. */
struct more {
    uint64_t key;             /* cell << 32 | time; count 0: free */
    uint32_t count, first;    /* first: less `base` */
};
struct known {
    uint32_t names;           /* given before the last known_end */
    VEC(struct entry) entries;
    struct map by_hash;
    VEC(uint32_t) points, units;
    VEC(struct cell) cells;
    VEC(struct first) firsts;
    struct more *more;
    size_t mores, more_room;
    uint64_t counted, base, latest; /* base, latest: positions of the first and the last entry counted */
};

struct known *known_new(void) { return mem_alloc(sizeof(struct known)); }

static void forget(struct known *k) {
    vec_free(&k->entries);
    vec_free(&k->points);
    vec_free(&k->units);
    vec_free(&k->cells);
    vec_free(&k->firsts);
    map_free(&k->by_hash);
    free(k->more);
    *k = (struct known){.names = k->names};
}

void known_free(struct known *k) {
    if (k)
        forget(k);
    free(k);
}

static uint64_t find(const struct known *k, const uint32_t *point, uint32_t n, uint64_t *found) {
    uint64_t key = hash_bytes(point, n * sizeof *point, 0);
    for (; map_get(&k->by_hash, key, found); key++) {
        const struct entry *x = &k->entries.data[*found];
        if (x->n == n && memcmp(k->points.data + x->points, point, n * sizeof *point) == 0)
            return key;
    }
    *found = NONE;
    return key;
}

uint32_t known_find(const struct known *k, const uint32_t *point, uint32_t n) {
    uint64_t found;
    find(k, point, n, &found);
    return found == NONE ? 0 : k->names + (uint32_t)found + 1;
}

uint32_t known_add(struct known *k, const uint32_t *point, uint32_t n, const struct replay_entry *entry) {
    uint64_t found, key = find(k, point, n, &found);
    struct entry x = {.points = (uint32_t)k->points.len, .n = n, .start = entry->start, .end = entry->end, .cause = entry->cause, .cells = NONE_YET};
    for (uint32_t i = 0; i < n; i++)
        vec_push(&k->points, point[i]);
    x.units = (uint32_t)k->units.len;
    for (size_t i = 0; i < entry->step_count; i++)
        vec_push(&k->units, entry->steps[i].unit);
    x.touched = (uint32_t)k->units.len;
    x.touches = (uint32_t)entry->touches;
    for (size_t i = 0; i < entry->touches; i++) {
        vec_push(&k->units, entry->touched[i]);
        vec_push(&k->units, (uint32_t)entry->times[entry->touched[i]]);
    }
    map_put(&k->by_hash, key, k->entries.len);
    vec_push(&k->entries, x);
    return k->names + (uint32_t)k->entries.len;
}

static struct more *place_of(struct more *table, size_t room, uint64_t key) {
    size_t at = (size_t)(((key >> 32) * 0x9e3779b97f4a7c15u >> 32) + key) & (room - 1); /* a cell's times side by side: the cache likes it */
    while (table[at].count && table[at].key != key)
        at = (at + 1) & (room - 1);
    return &table[at];
}

static void grow(struct known *k) {
    size_t room = k->more_room ? 2 * k->more_room : 1024;
    struct more *table = mem_alloc(room * sizeof *table);
    for (size_t i = 0; i < k->more_room; i++)
        if (k->more[i].count)
            *place_of(table, room, k->more[i].key) = k->more[i];
    free(k->more);
    k->more = table;
    k->more_room = room;
}

/* TIME was in none of the cell's places. */
static void __attribute__((noinline)) count_more(struct known *k, size_t cell, uint32_t time, uint32_t position) {
    struct cell *c = &k->cells.data[cell];
    for (int i = 0; i < 4; i++)
        if (c->time[i] == NO_TIME) {
            c->time[i] = time;
            c->count[i] = 1;
            k->firsts.data[cell].position[i] = position;
            return;
        }
    if (2 * k->mores >= k->more_room)
        grow(k);
    struct more *m = place_of(k->more, k->more_room, (uint64_t)cell << 32 | time);
    if (!m->count++) {
        m->key = (uint64_t)cell << 32 | time;
        m->first = position;
        k->mores++;
    }
}

static inline void count(struct known *k, size_t cell, uint32_t time, uint32_t position) {
    struct cell *c = &k->cells.data[cell];
    four same = (four)(c->time == (four){time, time, time, time});
    c->count -= same; /* true is -1 */
    uint64_t halves[2];
    memcpy(halves, &same, sizeof halves);
    if (!(halves[0] | halves[1]))
        count_more(k, cell, time, position);
}

static void make_cells(struct known *k, struct entry *x) {
    x->cells = (uint32_t)k->cells.len;
    for (uint32_t i = 0; i < x->n; i++) {
        vec_push(&k->cells, ((struct cell){{NO_TIME, NO_TIME, NO_TIME, NO_TIME}, {0, 0, 0, 0}}));
        vec_push(&k->firsts, ((struct first){{0}}));
    }
}

bool known_count(struct known *k, uint32_t name, const uint32_t *steps, uint32_t n, uint64_t position) {
    if (name <= k->names || name - k->names > k->entries.len)
        return false;
    struct entry *x = &k->entries.data[name - k->names - 1];
    uint64_t whole = 0;
    for (uint32_t i = 1; i < n; i++)
        whole += steps[i];
    if (x->n != n || whole > LONGEST) /* then no step is longer */
        return false;
    if (x->cells == NONE_YET)
        make_cells(k, x);
    if (!k->counted++)
        k->base = position;
    k->latest = position;
    uint32_t at = (uint32_t)(position - k->base);
    count(k, x->cells, (uint32_t)whole, at);
    for (uint32_t i = 1; i < n; i++)
        count(k, x->cells + i, steps[i], at + i);
    x->count++;
    return true;
}

bool known_full(const struct known *k) {
    return k->cells.len > known_limit || k->points.len > 2 * known_limit || k->mores > known_limit || k->latest - k->base > INT32_MAX;
}

/* ---- handing out --------------------------------------------------------------------------------------------------- */

static int by_key(const void *va, const void *vb) {
    const struct more *a = va, *b = vb;
    return a->key < b->key ? -1 : a->key > b->key;
}

/* Those in use, sorted, to the front. */
static void sort_more(struct known *k) {
    size_t n = 0;
    for (size_t i = 0; i < k->more_room; i++)
        if (k->more[i].count)
            k->more[n++] = k->more[i];
    if (n)
        qsort(k->more, n, sizeof *k->more, by_key);
}

static size_t first_more(const struct known *k, uint32_t cell) {
    size_t lo = 0;
    for (size_t hi = k->mores; lo < hi;) {
        size_t mid = (lo + hi) / 2;
        if (k->more[mid].key >> 32 < cell)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* The times of a cell. Those of an entry are asked for in ascending order: *more is where the rest of them begins in the table. */
static void collect(const struct known *k, uint32_t cell, size_t *more, replay_seen_list *to) {
    const struct cell *c = &k->cells.data[cell];
    to->len = 0;
    for (int i = 0; i < 4; i++)
        if (c->time[i] != NO_TIME)
            vec_push(to, ((struct replay_seen){c->time[i], c->count[i], k->base + k->firsts.data[cell].position[i]}));
    for (; *more < k->mores && k->more[*more].key >> 32 <= cell; ++*more)
        vec_push(to, ((struct replay_seen){(uint32_t)k->more[*more].key, k->more[*more].count, k->base + k->more[*more].first}));
}

void known_end(struct known *k, const struct replay_events *to, uint64_t *times) {
    replay_seen_list seen = {0};
    VEC(uint32_t) touched = {0};
    sort_more(k);
    for (size_t i = 0; i < k->entries.len; i++) {
        const struct entry *x = &k->entries.data[i];
        if (!x->count)
            continue;
        touched.len = 0;
        for (uint32_t t = 0; t < x->touches; t++) {
            const uint32_t *pair = k->units.data + x->touched + 2 * t;
            vec_push(&touched, pair[0]);
            times[pair[0]] = pair[1];
        }
        size_t more = first_more(k, x->cells);
        struct replay_entry entry = {.start = x->start, .end = x->end, .cause = x->cause, .touched = touched.data, .touches = touched.len, .times = times};
        collect(k, x->cells, &more, &seen);
        to->repeated(to->user, &entry, &seen);
        for (uint32_t s = 1; s < x->n; s++) {
            collect(k, x->cells + s, &more, &seen);
            to->repeated_step(to->user, k->units.data[x->units + s - 1], &seen);
        }
        for (size_t t = 0; t < touched.len; t++)
            times[touched.data[t]] = 0;
    }
    vec_free(&seen);
    vec_free(&touched);
    k->names += (uint32_t)k->entries.len;
    forget(k);
}
