#include "cfg/graph.h"

#include <inttypes.h>
#include <pthread.h>

uint32_t cfg_block_at(const struct cfg *g, uint64_t addr) {
    uint64_t b;
    return map_get(&g->own->block_at, addr, &b) ? (uint32_t)b : NONE;
}

uint32_t cfg_block_around(const struct cfg *g, uint64_t addr) {
    size_t lo = 0, hi = g->blocks.len;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (g->blocks.data[mid].addr <= addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    const struct block *b = lo ? &g->blocks.data[lo - 1] : NULL;
    return b && addr - b->addr < b->size ? (uint32_t)(lo - 1) : NONE;
}

uint32_t cfg_function_named(const struct cfg *g, const char *name) {
    for (uint32_t i = 0; i < g->functions.len; i++)
        if (strcmp(g->functions.data[i].name, name) == 0)
            return i;
    /* another symbol of the same address */
    const struct symbol *s = image_symbol(g->image, name);
    for (uint32_t i = 0; s && i < g->functions.len; i++)
        if (g->functions.data[i].addr == s->addr)
            return i;
    return NONE;
}

static int symbol_address(const struct cfg *g, const char *name, uint64_t *addr, struct err *e) {
    const struct symbol *s = image_symbol(g->image, name);
    if (image_symbol_count(g->image, name) > 1)
        return err_set(e, ERR_INPUT, "%s: several symbols have this name", name);
    if (s) {
        *addr = s->addr;
        return 0;
    }
    for (size_t i = 0; i < g->functions.len; i++)
        if (strcmp(g->functions.data[i].name, name) == 0) {
            *addr = g->functions.data[i].addr;
            return 0;
        }
    return err_set(e, ERR_INPUT, "%s: no such symbol", name);
}

int cfg_place(const struct cfg *g, const char *text, uint64_t *addr, struct err *e) {
    if (text[0] >= '0' && text[0] <= '9')
        return parse_u64(text, addr) == 0 ? 0 : err_set(e, ERR_INPUT, "%s: not an address", text);
    const char *plus = strrchr(text, '+');
    uint64_t offset = 0;
    if (plus && parse_u64(plus + 1, &offset) < 0)
        return err_set(e, ERR_INPUT, "%s: not SYMBOL+0xOFFSET", text);
    char *name = str_dup(text);
    if (plus)
        name[plus - text] = 0;
    int rc = symbol_address(g, name, addr, e);
    free(name);
    *addr += rc == 0 ? offset : 0;
    return rc;
}

/* The function that the address's block belongs to names it; an offset below its entry falls back to the nearest symbol before. */
static const char *describe(const struct cfg *g, uint64_t addr) {
    uint32_t b = cfg_block_around(g, addr);
    const struct function *f = b == NONE ? NULL : &g->functions.data[g->blocks.data[b].function];
    if (f && f->addr == addr)
        return f->name;
    if (f && f->addr < addr)
        return arena_printf(g->arena, "%s+0x%" PRIx64, f->name, addr - f->addr);
    const struct symbol *s, *best = NULL;
    size_t n = image_symbols(g->image, &s), lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (s[mid].addr <= addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (size_t i = lo; i-- > 0 && s[i].addr == s[lo - 1].addr;)
        if (!best || s[i].function)
            best = &s[i];
    if (!best || !image_is_code(g->image, addr))
        return arena_printf(g->arena, "0x%" PRIx64, addr);
    return best->addr == addr ? best->name : arena_printf(g->arena, "%s+0x%" PRIx64, best->name, addr - best->addr);
}

/* Names go to the graph's arena, which threads that replay share. */
static pthread_mutex_t naming = PTHREAD_MUTEX_INITIALIZER;

const char *cfg_describe(const struct cfg *g, uint64_t addr) {
    pthread_mutex_lock(&naming);
    const char *name = describe(g, addr);
    pthread_mutex_unlock(&naming);
    return name;
}

size_t cfg_taken(const struct cfg *g, uint32_t **functions) {
    const struct flow *f = &g->own->flow;
    size_t n = 0;
    *functions = mem_alloc((g->functions.len + 1) * sizeof **functions);
    for (uint32_t i = 0; i < g->functions.len; i++) {
        uint64_t unused, addr = g->functions.data[i].addr;
        if (map_get(&f->named, addr, &unused) || map_get(&f->taken, addr, &unused))
            (*functions)[n++] = i;
    }
    return n;
}
