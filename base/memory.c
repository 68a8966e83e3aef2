#include "base/base.h"

#include <stdarg.h>
#include <sys/mman.h>

static void *checked(void *p) {
    if (!p) {
        fputs("potoroo: out of memory\n", stderr);
        _Exit(ERR_INCOMPLETE);
    }
    return p;
}

void *mem_alloc(size_t size) { return checked(calloc(1, size ? size : 1)); }
void *mem_aligned(size_t alignment, size_t size) { return checked(aligned_alloc(alignment, size)); }

void *mem_large(size_t size) {
    enum { HUGE = 2 << 20 };
    if (size < HUGE)
        return mem_aligned(64, (size + 63) / 64 * 64);
    size = (size + HUGE - 1) / HUGE * HUGE;
    void *p = mem_aligned(HUGE, size);
    madvise(p, size, MADV_HUGEPAGE); /* advice: what becomes of it is no error */
    return p;
}

void *mem_resize(void *old, size_t size) { return checked(realloc(old, size ? size : 1)); }
char *str_dup(const char *s) { return checked(strdup(s)); }

char *str_printf(const char *fmt, ...) {
    char *s = NULL;
    va_list ap;
    va_start(ap, fmt);
    if (vasprintf(&s, fmt, ap) < 0)
        s = NULL;
    va_end(ap);
    return checked(s);
}

void *vec_grow_(void *data, size_t *cap, size_t need, size_t size) {
    size_t n = *cap ? *cap * 2 : 8;
    if (n < need)
        n = need;
    if (n > SIZE_MAX / 2 / size)
        checked(NULL);
    *cap = n;
    return mem_resize(data, n * size);
}

/* Chunks in a list; the head is the one being filled. A request larger than a chunk gets a chunk of its own size. */
enum { CHUNK = 64 * 1024 };

struct chunk {
    struct chunk *next;
    size_t used, size;
    _Alignas(max_align_t) unsigned char data[];
};

struct arena {
    struct chunk *head;
};

struct arena *arena_new(void) { return mem_alloc(sizeof(struct arena)); }

void arena_free(struct arena *a) {
    if (!a)
        return;
    for (struct chunk *c = a->head, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    free(a);
}

void *arena_alloc(struct arena *a, size_t size) {
    size = (size + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
    if (!a->head || a->head->size - a->head->used < size) {
        size_t room = size > CHUNK ? size : CHUNK;
        struct chunk *c = mem_alloc(sizeof *c + room);
        c->size = room;
        c->next = a->head;
        a->head = c;
    }
    void *p = a->head->data + a->head->used;
    a->head->used += size;
    return p;
}

char *arena_strdup(struct arena *a, const char *s) {
    size_t n = strlen(s) + 1;
    return memcpy(arena_alloc(a, n), s, n);
}

char *arena_printf(struct arena *a, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *s = arena_alloc(a, (size_t)n + 1);
    va_start(ap, fmt);
    vsnprintf(s, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return s;
}
