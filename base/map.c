#include "base/base.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t hash_bytes(const void *data, size_t size, uint64_t seed) { return XXH3_64bits_withSeed(data, size, seed); }

struct hash_stream {
    XXH3_state_t *state;
};

struct hash_stream *hash_begin(void) {
    struct hash_stream *h = mem_alloc(sizeof *h);
    h->state = mem_aligned(64, (sizeof *h->state + 63) / 64 * 64);
    XXH3_INITSTATE(h->state);
    XXH3_64bits_reset(h->state);
    return h;
}

void hash_add(struct hash_stream *h, const void *data, size_t size) { XXH3_64bits_update(h->state, data, size); }

uint64_t hash_end(struct hash_stream *h) {
    uint64_t value = XXH3_64bits_digest(h->state);
    free(h->state);
    free(h);
    return value;
}

/* Open addressing, linear probing, a power of two of slots, at most 2/3 of them used, so a probe always ends at an unused one. */
static size_t slot(const struct map *m, uint64_t key) {
    size_t i = (size_t)(hash_bytes(&key, sizeof key, 0)) & (m->cap - 1);
    while (m->used[i] && m->keys[i] != key)
        i = (i + 1) & (m->cap - 1);
    return i;
}

bool map_get(const struct map *m, uint64_t key, uint64_t *value) {
    if (!m->cap)
        return false;
    size_t i = slot(m, key);
    if (!m->used[i])
        return false;
    *value = m->values[i];
    return true;
}

static void grow(struct map *m) {
    struct map bigger = {.cap = m->cap ? m->cap * 2 : 16};
    bigger.keys = mem_alloc(bigger.cap * sizeof *bigger.keys);
    bigger.values = mem_alloc(bigger.cap * sizeof *bigger.values);
    bigger.used = mem_alloc(bigger.cap);
    for (size_t i = 0; i < m->cap; i++)
        if (m->used[i])
            map_put(&bigger, m->keys[i], m->values[i]);
    map_free(m);
    *m = bigger;
}

void map_put(struct map *m, uint64_t key, uint64_t value) {
    if (m->len * 3 >= m->cap * 2)
        grow(m);
    size_t i = slot(m, key);
    m->len += !m->used[i];
    m->used[i] = 1;
    m->keys[i] = key;
    m->values[i] = value;
}

void map_free(struct map *m) {
    free(m->keys);
    free(m->values);
    free(m->used);
    *m = (struct map){0};
}
