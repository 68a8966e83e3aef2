#include "cfg/memory.h"

enum { PAGE = 128, MOST_PAGES = 1 << 15, MOST_SPREAD = 4096 };

struct page {
    uint32_t users;
    uint8_t width[PAGE];    /* bytes of the cell that begins here, 0: none does. No cell crosses a page, no two overlap */
    struct abs cell[PAGE];
};

/* ---- pages ------------------------------------------------------------------------------------------------------------------------ */

static void release(struct page *p) {
    if (!--p->users)
        free(p);
}

void memory_free(struct memory *m) {
    for (size_t i = 0; i < m->pages.len; i++)
        release(m->pages.data[i].page);
    vec_free(&m->pages);
}

void memory_copy(struct memory *to, const struct memory *from) {
    *to = (struct memory){0};
    vec_reserve(&to->pages, from->pages.len);
    if (from->pages.len)
        memcpy(to->pages.data, from->pages.data, from->pages.len * sizeof *from->pages.data);
    to->pages.len = from->pages.len;
    for (size_t i = 0; i < to->pages.len; i++)
        to->pages.data[i].page->users++;
}

static size_t place(const struct memory *m, uint64_t number) {
    size_t lo = 0, hi = m->pages.len;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (m->pages.data[mid].number < number)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static struct page *page_at(const struct memory *m, uint64_t addr) {
    size_t i = place(m, addr / PAGE);
    return i < m->pages.len && m->pages.data[i].number == addr / PAGE ? m->pages.data[i].page : NULL;
}

/* A page of our own. NULL: there is none there, and MAKE is not set or there are too many. */
static struct page *own_page(struct memory *m, uint64_t addr, bool make) {
    size_t i = place(m, addr / PAGE);
    if (i == m->pages.len || m->pages.data[i].number != addr / PAGE) {
        struct mapping fresh = {addr / PAGE, NULL};
        if (!make || m->pages.len >= MOST_PAGES)
            return NULL;
        fresh.page = mem_alloc(sizeof *fresh.page);
        fresh.page->users = 1;
        vec_push(&m->pages, fresh);
        memmove(m->pages.data + i + 1, m->pages.data + i, (m->pages.len - 1 - i) * sizeof fresh);
        m->pages.data[i] = fresh;
    } else if (m->pages.data[i].page->users > 1) {
        struct page *copy = mem_alloc(sizeof *copy);
        *copy = *m->pages.data[i].page;
        copy->users = 1;
        release(m->pages.data[i].page);
        m->pages.data[i].page = copy;
    }
    return m->pages.data[i].page;
}

/* ---- cells ------------------------------------------------------------------------------------------------------------------------- */

/* A constant that is written over in part keeps its other bytes. */
static void split(struct page *p, unsigned at) {
    unsigned n = p->width[at];
    uint64_t v = p->cell[at].i.lo;
    bool fixed = abs_is_const(&p->cell[at]);
    for (unsigned k = 0; k < n; k++) {
        p->width[at + k] = fixed;
        p->cell[at + k] = abs_const(8, v >> 8 * k & 255);
    }
}

/* Forgets the cells in bytes [from, to) of the page. */
static void clear(struct page *p, unsigned from, unsigned to) {
    for (unsigned i = from > 7 ? from - 7 : 0; i < to; i++)
        if (p->width[i] && i + p->width[i] > from && (i < from || i + p->width[i] > to))
            split(p, i);
    memset(p->width + from, 0, to - from);
}

static struct abs load_one(const struct memory *m, uint64_t addr, unsigned width) {
    const struct page *p = page_at(m, addr);
    unsigned at = (unsigned)(addr % PAGE), n = width / 8;
    if (!p || at + n > PAGE)
        return abs_all(width);
    if (p->width[at] == n)
        return p->cell[at];
    uint64_t v = 0;
    for (unsigned k = 0; k < n;) { /* put together from constants, or the low part of one */
        unsigned begin = at + k, back = 0;
        while (back < 8 && begin >= back && !p->width[begin - back])
            back++;
        if (back > begin || back == 8 || p->width[begin - back] <= back || !abs_is_const(&p->cell[begin - back]))
            return abs_all(width);
        unsigned rest = p->width[begin - back] - back;
        v |= p->cell[begin - back].i.lo >> 8 * back << 8 * k;
        k += rest;
    }
    return abs_const(width, v & ir_mask(width));
}

/* Addresses from lo to hi by this. */
static uint64_t stride(const struct abs *addr) { return addr->low >= 64 ? 1 : 1ull << addr->low; }

struct abs memory_load(const struct memory *m, struct abs addr, unsigned width) {
    uint64_t step = stride(&addr);
    if (abs_empty(&addr) || (addr.i.hi - addr.i.lo) / step > MOST_SPREAD)
        return abs_all(width);
    struct abs all = load_one(m, addr.i.lo, width);
    for (uint64_t at = addr.i.lo; at != addr.i.hi && !(all.i.lo == 0 && all.i.hi == ir_mask(width) && !all.low);) {
        at += step;
        all = abs_join(width, all, load_one(m, at, width));
    }
    return all;
}

static bool kept(const struct range *keep, size_t ranges, uint64_t addr, unsigned n) {
    for (size_t i = 0; i < ranges; i++)
        if (addr >= keep[i].lo && addr < keep[i].hi && keep[i].hi - addr >= n)
            return true;
    return false;
}

static void store_one(struct memory *m, uint64_t addr, unsigned n, struct abs v, bool keep) {
    unsigned at = (unsigned)(addr % PAGE), here = at + n > PAGE ? PAGE - at : n;
    struct page *p = own_page(m, addr, keep && here == n);
    if (p)
        clear(p, at, at + here);
    if (p && keep && here == n) {
        p->width[at] = (uint8_t)n;
        p->cell[at] = v;
    }
    if (here < n && (p = own_page(m, addr + here, false)) != NULL)
        clear(p, 0, n - here);
}

/* Does a cell of W bytes at C share a byte with N bytes at one of the addresses O + k · STEP? */
static bool touches(uint64_t c, unsigned w, uint64_t o, unsigned n, uint64_t step) {
    return ((c - o) & (step - 1)) < n || ((o - c) & (step - 1)) < w;
}

/* Maybe stored: cells of the same size at one of the addresses hold the old or the new value, others are forgotten. */
static void store_maybe(struct memory *m, struct abs addr, unsigned n, struct abs v) {
    uint64_t lo = addr.i.lo, hi = addr.i.hi, step = stride(&addr);
    for (size_t i = place(m, (lo >= 8 ? lo - 8 : 0) / PAGE); i < m->pages.len && m->pages.data[i].number <= (hi + n) / PAGE; i++) {
        uint64_t base = m->pages.data[i].number * PAGE;
        struct page *p = own_page(m, base, false);
        for (unsigned at = 0; at < PAGE; at++) {
            uint64_t a = base + at;
            unsigned w = p->width[at];
            if (!w || a + w <= lo || a >= hi + n || !touches(a, w, lo, n, step))
                continue;
            if (w == n && a >= lo && a <= hi && !((a - lo) & (step - 1)))
                p->cell[at] = abs_join(n * 8, p->cell[at], v);
            else
                p->width[at] = 0;
        }
    }
}

void memory_store(struct memory *m, struct abs addr, unsigned width, struct abs v, const struct range *keep, size_t ranges) {
    unsigned n = width / 8;
    if (abs_empty(&addr))
        return;
    if (abs_is_const(&addr)) {
        store_one(m, addr.i.lo, n, v, kept(keep, ranges, addr.i.lo, n));
        return;
    }
    if (addr.i.hi > UINT64_MAX - 2 * PAGE)
        memory_free(m);
    else
        store_maybe(m, addr, n, v);
}

void memory_refine(struct memory *m, uint64_t addr, unsigned width, struct abs v) {
    struct page *p = page_at(m, addr);
    if (!p || p->width[addr % PAGE] != width / 8)
        return;
    struct abs now = abs_meet(width, p->cell[addr % PAGE], v);
    if (!abs_empty(&now) && !abs_same(&now, &p->cell[addr % PAGE]))
        own_page(m, addr, false)->cell[addr % PAGE] = now;
}

/* ---- joins -------------------------------------------------------------------------------------------------------------------------- */

static bool same_page(const struct page *a, const struct page *b) {
    if (a == b)
        return true;
    if (memcmp(a->width, b->width, PAGE))
        return false;
    for (unsigned i = 0; i < PAGE; i++)
        if (a->width[i] && !abs_same(&a->cell[i], &b->cell[i]))
            return false;
    return true;
}

/* Constants of different sizes are compared byte by byte. */
static void align(struct page *a, struct page *b) {
    for (unsigned i = 0; i < PAGE; i++)
        if (a->width[i] != b->width[i]) {
            if (a->width[i] > 1)
                split(a, i);
            if (b->width[i] > 1)
                split(b, i);
        }
}

static void join_page(struct page *a, const struct page *from, bool widen) {
    struct page b = *from;
    if (memcmp(a->width, b.width, PAGE))
        align(a, &b);
    for (unsigned i = 0; i < PAGE; i++) {
        if (a->width[i] != b.width[i]) {
            a->width[i] = 0;
            continue;
        }
        if (!a->width[i])
            continue;
        if (abs_same(&a->cell[i], &b.cell[i]))
            continue;
        struct abs joined = abs_join(a->width[i] * 8u, a->cell[i], b.cell[i]);
        a->cell[i] = widen ? abs_widen(a->width[i] * 8u, a->cell[i], joined) : joined;
    }
}

size_t memory_join(struct memory *m, const struct memory *other, bool widen) {
    size_t kept_pages = 0, j = 0, different = 0;
    for (size_t i = 0; i < m->pages.len; i++) {
        struct mapping here = m->pages.data[i];
        while (j < other->pages.len && other->pages.data[j].number < here.number)
            j++;
        if (j == other->pages.len || other->pages.data[j].number != here.number) {
            release(here.page);
            continue;
        }
        const struct page *there = other->pages.data[j].page;
        if (!same_page(here.page, there)) {
            struct page *own = here.page;
            different++;
            if (own->users > 1) {
                own = mem_alloc(sizeof *own);
                *own = *here.page;
                own->users = 1;
                release(here.page);
            }
            join_page(own, there, widen);
            here.page = own;
        }
        m->pages.data[kept_pages++] = here;
    }
    m->pages.len = kept_pages;
    return different;
}

bool memory_same(const struct memory *a, const struct memory *b) {
    if (a->pages.len != b->pages.len)
        return false;
    for (size_t i = 0; i < a->pages.len; i++)
        if (a->pages.data[i].number != b->pages.data[i].number || !same_page(a->pages.data[i].page, b->pages.data[i].page))
            return false;
    return true;
}
