#include "cfg/places.h"
#include "cfg/insn.h"

struct place {
    uint32_t function;
    uint64_t addr;
};
struct places {
    VEC(struct place) list; /* sorted */
    struct map pointed;     /* addresses of data that data, code or symbols name */
    const struct symbol *symbols;
    size_t count;
};

static int by_function(const void *a, const void *b) {
    const struct place *x = a, *y = b;
    return x->function != y->function ? (x->function > y->function) - (x->function < y->function) : (x->addr > y->addr) - (x->addr < y->addr);
}

static void point(struct places *p, const struct cfg *g, uint64_t addr) {
    if (!image_is_code(g->image, addr))
        map_put(&p->pointed, addr, 1);
}

/* Words of the data. */
static void read_data(struct places *p, const struct cfg *g, const struct map *function) {
    const uint8_t *bytes;
    uint64_t addr, v, f;
    size_t size;
    for (size_t k = 0; (size = image_data(g->image, k, &addr, &bytes)) != 0; k++)
        for (size_t at = (8 - (addr & 7)) & 7; size != SIZE_MAX && at + 8 <= size; at += 8) {
            memcpy(&v, bytes + at, 8);
            if (!v || image_is_code(g->image, addr + at) || !image_may_point(g->image, addr + at))
                continue;
            if (map_get(function, v, &f)) {
                struct place place = {(uint32_t)f, addr + at};
                vec_push(&p->list, place);
            } else if (image_at(g->image, v, 8)) {
                point(p, g, v);
            }
        }
}

/* Addresses that one straight run makes. */
static void read_block(struct places *p, const struct cfg *g, const struct block *b) {
    const struct code *c = &g->own->flow.code;
    uint64_t value[32] = {0};
    uint32_t known = 0;
    for (uint64_t at = b->addr; at < b->addr + b->size;) {
        const struct insn *i = &c->insn[code_slot(c, at)];
        uint64_t imm = (uint64_t)(int64_t)i->imm, base = i->rs1 == 3 ? g->own->flow.gp : value[i->rs1 & 31];
        bool adds = i->op == OP_ADDI && (known >> (i->rs1 & 31) & 1 || (i->rs1 == 3 && g->own->flow.gp_known));
        bool makes = adds || i->op == OP_LUI || i->op == OP_AUIPC;
        value[i->rd & 31] = adds ? base + imm : i->op == OP_AUIPC ? at + imm : imm;
        known = makes ? known | 1u << (i->rd & 31) : known & ~(1u << (i->rd & 31));
        if (adds && image_at(g->image, base + imm, 8))
            point(p, g, base + imm);
        at += i->size;
    }
}

struct places *places_new(const struct cfg *g, const uint32_t *functions, size_t n) {
    struct places *p = mem_alloc(sizeof *p);
    struct map function = {0};
    for (size_t i = 0; i < n; i++)
        map_put(&function, g->functions.data[functions[i]].addr, functions[i]);
    read_data(p, g, &function);
    if (p->list.len)
        qsort(p->list.data, p->list.len, sizeof *p->list.data, by_function);
    for (size_t b = 0; b < g->blocks.len && p->list.len; b++)
        read_block(p, g, &g->blocks.data[b]);
    p->count = image_symbols(g->image, &p->symbols);
    for (size_t i = 0; i < p->count; i++)
        if (p->symbols[i].object)
            point(p, g, p->symbols[i].addr);
    map_free(&function);
    return p;
}

void places_free(struct places *p) {
    if (!p)
        return;
    vec_free(&p->list);
    map_free(&p->pointed);
    free(p);
}

static uint64_t common_divisor(uint64_t a, uint64_t b) {
    while (b) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The smallest named object around ADDR among those that begin last before it; NULL: none is found. */
static const struct symbol *object_around(const struct places *p, uint64_t addr) {
    enum { NEAR = 8 };
    const struct symbol *best = NULL;
    size_t lo = 0, hi = p->count;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (p->symbols[mid].addr <= addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (size_t near = 0; lo-- > 0 && near < NEAR; near++) {
        const struct symbol *s = &p->symbols[lo];
        if (s->object && addr - s->addr < s->size && (!best || s->size < best->size))
            best = s;
    }
    return best;
}

/* A pointer to what begins OFFSET bytes before ADDR does not lead out of the object that ADDR is in; it is known, or to an element of an array. */
static bool fits(const struct places *p, uint64_t addr, uint64_t offset) {
    uint64_t unused, least = offset + 8 < 16 ? 16 : offset + 8;
    const struct symbol *s = object_around(p, addr);
    if (s && addr - s->addr < offset)
        return false;
    return map_get(&p->pointed, addr - offset, &unused) || (s && common_divisor(s->size, addr - s->addr - offset) >= least);
}

bool places_fit(const struct places *p, uint32_t function, uint64_t offset) {
    size_t lo = 0, hi = p->list.len;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (p->list.data[mid].function < function)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < p->list.len && p->list.data[lo].function == function; lo++)
        if (fits(p, p->list.data[lo].addr, offset))
            return true;
    return false;
}
