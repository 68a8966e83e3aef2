/* Cycles while blocks run: the fetch unit, the caches and TLBs, and the usual way from block to block.
 *
 * The filters (fetch_mru, load_line, store_line) hold, per set, the line that was accessed last if the same access again is known
 * to hit and to leave the state as it is (CACHE_STABLE). Every access of a set goes through the cache or is such a repetition,
 * so skipping the repetition leaves the very state that performing it would. */
#include "tracer/platform/board.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* ---- set-up ------------------------------------------------------------------------------------------------------------------ */

static uint32_t log2_of(uint32_t power)
{
    return (uint32_t)__builtin_ctz(power);
}

static void *need(void *p)
{
    if (!p) board_fatal("out of memory");
    return p;
}

static struct cache *new_cache(const struct platform_cache *c)
{
    return c->present ? need(cache_new(c)) : NULL;
}

static struct cache *new_tlb(const struct platform_tlb *t)
{
    struct platform_cache c = {true, t->page, 1, t->entries, t->policy, false, true, t->miss, 0};
    return t->present ? need(cache_new(&c)) : NULL;
}

static uint64_t *new_filter(uint32_t sets)
{
    uint64_t *filter = need(malloc(sets * sizeof *filter));
    for (uint32_t i = 0; i < sets; i++) filter[i] = NO_LINE;
    return filter;
}

void timing_init(void)
{
    const struct platform *p = &board.platform;
    board.l1i_cache = new_cache(&p->l1i);
    board.l1d_cache = new_cache(&p->l1d);
    board.l2_cache = new_cache(&p->l2);
    board.itlb_cache = new_tlb(&p->itlb);
    board.dtlb_cache = new_tlb(&p->dtlb);
    board.l1i_shift = p->l1i.present ? log2_of(p->l1i.line) : PAGE_SHIFT;
    board.l1i_mask = p->l1i.present ? p->l1i.sets - 1 : 0;
    board.l1d_shift = p->l1d.present ? log2_of(p->l1d.line) : PAGE_SHIFT;
    board.l1d_offset = (1ull << board.l1d_shift) - 1;
    board.l1d_mask = p->l1d.present ? p->l1d.sets - 1 : 0;
    board.l2_shift = p->l2.present ? log2_of(p->l2.line) : 0;
    board.itlb_shift = p->itlb.present ? log2_of(p->itlb.page) : PAGE_SHIFT;
    board.dtlb_shift = p->dtlb.present ? log2_of(p->dtlb.page) : PAGE_SHIFT;
    board.fetch_mru = new_filter(board.l1i_mask + 1);
    board.load_line = new_filter(board.l1d_mask + 1);
    board.store_line = new_filter(board.l1d_mask + 1);
    board.data_slow = !board.l1d_cache || board.dtlb_cache;
    board.fetch_line = board.fetch_page = NO_LINE;
    board.start.end = END_NONE;
    board.start.flags = BLOCK_TRANSLATION;
    board.start.pc = board.start.next[0] = board.start.next[1] = ODD;
    board.current = &board.start;
    for (struct image_part *i = board.image; i < board.image + board.n_image; i++) {
        size_t pages = (i->high >> board.itlb_shift) - (i->low >> board.itlb_shift) + 1;
        i->page = malloc(pages * sizeof *i->page);
        if (!i->page) board_fatal("out of memory");
        memset(i->page, 0xff, pages * sizeof *i->page);
    }
    timing_flush_pages();
    timing_set_privilege(3);
}

void timing_flush_machine_pages(void)
{
    for (int i = 0; i < PAGES; i++) board.pages_of[1][i].tag = NO_LINE;
}

void timing_flush_pages(void)
{
    for (int i = 0; i < PAGES; i++) board.pages_of[0][i].tag = NO_LINE;
    timing_flush_machine_pages();
}

void timing_flush_tlbs(void)
{
    if (board.itlb_cache) cache_flush(board.itlb_cache);
    if (board.dtlb_cache) cache_flush(board.dtlb_cache);
    board.fetch_page = NO_LINE;
}

/* User and supervisor share one translation; what M-mode sees may differ. */
void timing_set_privilege(uint64_t priv)
{
    board.priv = priv;
    board.pages = board.pages_of[priv == 3];
}

/* ---- behind the first level -------------------------------------------------------------------------------------------------- */

static void access_l2(uint64_t paddr, bool store)
{
    uint64_t victim;
    if (!board.l2_cache) return;
    unsigned outcome = cache_access(board.l2_cache, paddr >> board.l2_shift, store, &victim);
    if (!(outcome & CACHE_HIT)) {
        board.cycles += board.platform.l2.miss;
        board.count.l2++;
    }
    if (outcome & CACHE_WROTE_BACK) {
        board.cycles += board.platform.l2.evict_dirty;
        board.count.l2_dirty++;
    }
}

static void post_l2(uint64_t paddr)
{
    if (board.l2_cache) cache_post(board.l2_cache, paddr >> board.l2_shift);
}

static bool access_tlb(struct cache *tlb, uint64_t page)
{
    uint64_t victim;
    return cache_access(tlb, page, false, &victim) & CACHE_HIT;
}

/* ---- instruction side -------------------------------------------------------------------------------------------------------- */

static void fetch_l1i(uint64_t line)
{
    uint64_t victim;
    unsigned outcome = cache_access(board.l1i_cache, line, false, &victim);
    board.fetch_mru[line & board.l1i_mask] = outcome & CACHE_STABLE && !board.itlb_cache ? line : NO_LINE;
    if (outcome & CACHE_HIT) return;
    board.cycles += board.platform.l1i.miss;
    board.count.l1i++;
    access_l2(line << board.l1i_shift, false);
}

/* An analysis of the ELF knows one virtual page for each page of code: LINE (physical) is fetched from PAGE. */
static void check_page(uint64_t line, uint64_t page)
{
    uint64_t paddr = line << board.l1i_shift;
    struct image_part *p = translate_part(paddr);
    if (!p) return;
    uint64_t place = p->low + (paddr - p->paddr), *seen = &p->page[(place >> board.itlb_shift) - (p->low >> board.itlb_shift)];
    if (*seen == NO_LINE) *seen = page;
    if (*seen != page)
        board_fatal("code at 0x%" PRIx64 " runs at two virtual addresses, on pages 0x%" PRIx64 " and 0x%" PRIx64 ": with an ITLB no bound would hold", place,
                    *seen << board.itlb_shift, page << board.itlb_shift);
}

/* The fetch unit moves to another line, which the filter does not know. */
static __attribute__((noinline)) void fetch_new(uint64_t line, uint64_t page)
{
    if (board.itlb_cache && page != board.fetch_page && flow_translating()) {
        board.fetch_page = page;
        if (board.n_image) check_page(line, page);
        if (!access_tlb(board.itlb_cache, page)) {
            board.cycles += board.platform.itlb.miss;
            board.count.itlb++;
        }
    }
    if (board.l1i_cache) fetch_l1i(line);
}

static inline void fetch(uint64_t line, uint64_t page)
{
    if (line == board.fetch_line || line == NO_LINE) return;
    board.fetch_line = line;
    if (board.fetch_mru[line & board.l1i_mask] != line) fetch_new(line, page);
}

void timing_on_fetch(unsigned vcpu, void *user)
{
    const struct insn *i = user;
    (void)vcpu;
    fetch(i->line, i->pc >> board.itlb_shift);
    fetch(i->line2, i->pc >> board.itlb_shift);
}

/* The first instruction of B lies on two pages: the second's place is found in the page table. */
static void fetch_crossing(const struct block *b)
{
    uint64_t second = (b->pc | ((1u << PAGE_SHIFT) - 1)) + 1, paddr = flow_translating() ? flow_walk(second) : second;
    if (paddr == NO_LINE) board_fatal("no page table entry for the running instruction at 0x%" PRIx64, b->pc);
    fetch(paddr >> board.l1i_shift, second >> board.itlb_shift);
}

/* Whether PC can be a trap vector; true for some others too. */
static inline bool near_vector(uint64_t pc)
{
    return pc - (board.stvec & ~3ull) < 256 || pc - (board.mtvec & ~3ull) < 256;
}

void timing_on_block(unsigned vcpu, void *user)
{
    struct block *b = user, *from = board.current;
    (void)vcpu;
    if (b->pc == from->next[0]) {
        board.cycles += from->cost[0];
        board.count.insns += from->n;
    } else if (b->pc == from->next[1]) {
        board.cycles += from->cost[1];
        board.count.insns += from->n;
        board.count.taken++;
    } else if (from->end == END_INDIRECT && !(from->flags & BLOCK_UNKNOWN) && !near_vector(b->pc)) {
        board.cycles += from->cost[0];
        board.count.insns += from->n;
    } else {
        flow_leave(from, b->pc);
    }
    board.current = b;
    if (UNLIKELY(b->flags & BLOCK_PORT)) output_block(from, b);
    fetch(b->line, b->pc >> board.itlb_shift);
    if (UNLIKELY(b->flags & BLOCK_CROSSING)) fetch_crossing(b);
    if (b->flags & BLOCK_EARLY)
        for (unsigned i = 0; i < b->early; i++) fetch(b->early_line[i], b->early_page[i]);
}

/* ---- data side --------------------------------------------------------------------------------------------------------------- */

static void access_l1d(uint64_t paddr, bool store)
{
    const struct platform_cache *l1d = &board.platform.l1d;
    uint64_t line = paddr >> board.l1d_shift, set = line & board.l1d_mask, victim;
    unsigned outcome = cache_access(board.l1d_cache, line, store, &victim);
    if (!(outcome & CACHE_HIT)) {
        board.cycles += l1d->miss;
        board.count.l1d++;
        access_l2(paddr, !(outcome & CACHE_PRESENT));
    }
    if (outcome & CACHE_WROTE_BACK) {
        board.cycles += l1d->evict_dirty;
        board.count.dirty++;
        post_l2(victim << board.l1d_shift);
    }
    if (!(outcome & CACHE_PRESENT)) return;
    if (store && !l1d->write_back) post_l2(paddr);
    bool stable = outcome & CACHE_STABLE, store_stable = stable && (l1d->write_back ? outcome & CACHE_DIRTY : !board.l2_cache);
    board.load_line[set] = stable ? line : NO_LINE;
    board.store_line[set] = store_stable ? line : NO_LINE;
}

static bool in_ram(uint64_t paddr)
{
    return paddr - RAM_BASE < board.ram_size;
}

/* Finds where VADDR's page lies and remembers it. NULL: a device, at *DEVICE. */
static struct page *find_page(qemu_plugin_meminfo_t info, uint64_t vaddr, uint64_t *device)
{
    struct page *p = &board.pages[vaddr >> PAGE_SHIFT & (PAGES - 1)];
    if ((p->tag & ~PAGE_SPECIAL) == vaddr >> PAGE_SHIFT) return p;
    struct qemu_plugin_hwaddr *h = qemu_plugin_get_hwaddr(info, vaddr);
    if (!h) board_fatal("QEMU does not say where the access to 0x%" PRIx64 " went", vaddr);
    uint64_t paddr = qemu_plugin_hwaddr_phys_addr(h);
    *device = paddr;
    if (qemu_plugin_hwaddr_is_io(h)) return NULL;
    bool special = !in_ram(paddr) || paddr - board.platform.uncached_base < board.platform.uncached_size ||
                   (board.platform.counter && paddr >> PAGE_SHIFT == board.platform.counter >> PAGE_SHIFT);
    p->tag = vaddr >> PAGE_SHIFT | (special ? PAGE_SPECIAL : 0);
    p->delta = paddr - vaddr;
    return p;
}

static void translate_data(uint64_t vaddr)
{
    if (!board.dtlb_cache || !flow_translating() || access_tlb(board.dtlb_cache, vaddr >> board.dtlb_shift)) return;
    board.cycles += board.platform.dtlb.miss;
    board.count.dtlb++;
}

/* One access, whole within the L1D line (or page) that VADDR is in. */
static void access_part(const struct insn *i, qemu_plugin_meminfo_t info, uint64_t vaddr, bool store)
{
    uint64_t device;
    const struct page *p = find_page(info, vaddr, &device);
    if (!p || p->tag & PAGE_SPECIAL) {
        board.cycles += board.platform.device_access;
        if (!p && store && device == POWER_OFF) output_power_off(i);
        if (p && store && board.platform.counter && (vaddr + p->delta) >> PAGE_SHIFT == board.platform.counter >> PAGE_SHIFT) output_counter(i, vaddr + p->delta);
    } else if (board.l1d_cache) {
        access_l1d(vaddr + p->delta, store);
    }
}

static __attribute__((noinline)) void access_slow(const struct insn *i, qemu_plugin_meminfo_t info, uint64_t vaddr, bool store)
{
    uint64_t last = vaddr + i->bytes - 1;
    translate_data(vaddr);
    if (last >> board.dtlb_shift != vaddr >> board.dtlb_shift) translate_data(last);
    access_part(i, info, vaddr, store);
    if (last >> board.l1d_shift != vaddr >> board.l1d_shift) access_part(i, info, last & ~((1ull << board.l1d_shift) - 1), store);
}

/* The fast path: a page that is known, one line; and nothing to do if that line is in its set's filter. */
static inline void access_data(const struct insn *i, qemu_plugin_meminfo_t info, uint64_t vaddr, const uint64_t *filter, bool store)
{
    if (UNLIKELY(i->block != board.current)) flow_resume(i);
    const struct page *p = &board.pages[vaddr >> PAGE_SHIFT & (PAGES - 1)];
    uint64_t paddr = vaddr + p->delta, line = paddr >> board.l1d_shift;
    if (p->tag != vaddr >> PAGE_SHIFT || (vaddr & board.l1d_offset) > i->limit || board.data_slow) access_slow(i, info, vaddr, store);
    else if (filter[line & board.l1d_mask] != line) access_l1d(paddr, store);
}

void timing_on_load(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *user)
{
    (void)vcpu;
    access_data(user, info, vaddr, board.load_line, false);
}

void timing_on_store(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *user)
{
    (void)vcpu;
    access_data(user, info, vaddr, board.store_line, true);
}
