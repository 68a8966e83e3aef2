#include "cachemodel/replay.h"
#include "cachemodel/cover.h"
#include "cachemodel/lab.h"
#include "cfg/image.h"

#include <assert.h>
#include <inttypes.h>

/* build/cachemodel/replay.bin, see guest/replay.S for its interface. */
__asm__(".section .rodata\n"
        ".global potoroo_replay_guest, potoroo_replay_guest_end\n"
        "potoroo_replay_guest: .incbin \"build/cachemodel/replay.bin\"\n"
        "potoroo_replay_guest_end:\n"
        ".previous\n");
extern const uint8_t potoroo_replay_guest[], potoroo_replay_guest_end[];

enum { PAGE = 4096, CASES_PER_RUN = 400, CASE_SIZE = 352, MOST_OPS = 4000 };
enum { DO_LOAD, DO_STORE, DO_STORE_2, DO_STORE_1, DO_CALL, DO_RUN, DO_END };
enum { CODE_RETURN = 0x8282 /* c.jr t0 */, CODE_BREAK = 0x9002 /* c.ebreak */, CAUSE_BREAK = 3 };
enum { REG_BUFFER = 26 }; /* s10 */
enum { CASE_PC = 32, CASE_CSRS = 33, CASE_BEFORE = 38 }; /* dwords of a case */

struct todo {
    uint64_t kind, addr, value;
};
struct bench {
    struct lab lab;
    const struct image *img;
    const struct model *m;
    struct cover_side side[2];
    uint64_t gib;              /* of VA - PA: the one constant, in units of 1 GiB */
    uint64_t delta;
    uint64_t arena;            /* offset in RAM of lines that are nobody's */
    uint8_t *ram;
    bool truth;
    struct guest_stamp *stamps; /* of the last power-on, if truth is wanted */
    size_t stamp_count;
    VEC(struct todo) ops;
    VEC(uint64_t) restore;     /* offsets of dwords to be put back after a case */
};

void replay_case_free(struct replay_case *c) {
    vec_free(&c->words);
    vec_free(&c->stores);
    vec_free(&c->before);
    free(c->refused);
    free(c->failed);
}

/* ---- addresses --------------------------------------------------------------------------------------------------------------- */

static uint64_t ram_base(const struct bench *b) { return b->lab.facts.ram_base; }
static uint64_t physical(const struct bench *b, uint64_t va) { return va - b->delta; }
static bool in_cached(const struct bench *b, uint64_t pa) { return pa - ram_base(b) < b->lab.cached; }

static bool in_guest(const struct bench *b, uint64_t pa) {
    return pa - (ram_base(b) + b->lab.home) < 4 * PAGE + 4 * b->lab.room;
}

static bool in_counter(const struct bench *b, uint64_t pa) { return pa / PAGE == b->lab.facts.counter / PAGE; }

/* ---- operations -------------------------------------------------------------------------------------------------------------- */

static void add(struct bench *b, uint64_t kind, uint64_t addr, uint64_t value) {
    vec_push(&b->ops, ((struct todo){kind, addr, value}));
}

static void keep(struct bench *b, uint64_t pa, uint64_t size) {
    if (!in_cached(b, pa))
        return;
    for (uint64_t at = (pa - ram_base(b)) & ~7ull; at < pa - ram_base(b) + size; at += 8)
        vec_push(&b->restore, at);
}

static void store_half(struct bench *b, uint64_t pa, uint16_t code) {
    keep(b, pa, 2);
    add(b, DO_STORE_2, pa, code);
}

static uint64_t original(const struct bench *b, uint64_t offset) {
    uint64_t v;
    memcpy(&v, b->ram + offset, sizeof v);
    return v;
}

static void put_back(struct bench *b) {
    for (size_t i = b->restore.len; i-- > 0;)
        add(b, DO_STORE, ram_base(b) + b->restore.data[i], original(b, b->restore.data[i]));
    b->restore.len = 0;
}

/* Fetch the line that PA is in and come back; its first dword is put back at once. */
static void touch_code(struct bench *b, uint64_t pa) {
    uint64_t line = pa & ~(b->side[1].shape.line - 1);
    add(b, DO_STORE_2, line, CODE_RETURN);
    add(b, DO_CALL, line, 0);
    add(b, DO_STORE, line, original(b, line - ram_base(b)));
}

/* Is the line of SIZE bytes at PA one that the case knows? Then it must not serve as a filler. */
static bool taken(const struct bench *b, const struct replay_case *c, uint64_t pa, uint64_t size) {
    for (size_t i = 0; i < c->state->lookups.len; i++)
        if (physical(b, c->state->lookups.data[i].line) / size == pa / size)
            return true;
    for (size_t i = 0; i < c->words.len; i++)
        if (physical(b, c->words.data[i].addr) / size == pa / size || physical(b, c->words.data[i].addr + 7) / size == pa / size)
            return true;
    for (size_t i = 0; i < c->stores.len; i++)
        if (physical(b, c->stores.data[i].addr) / size == pa / size || physical(b, c->stores.data[i].addr + 7) / size == pa / size)
            return true;
    return false;
}

static uint64_t filler(const struct bench *b, const struct replay_case *c, const struct cover_touch *t) {
    const struct shape *s = &b->side[t->fetch].shape;
    uint64_t way = s->line * s->sets, first = (ram_base(b) + b->arena + way - 1) / way * way + t->set * s->line, n = 0;
    for (uint64_t at = first;; at += way) {
        if (taken(b, c, at, s->line))
            continue;
        if (n++ == t->number)
            return at;
    }
}

/* ---- a case ------------------------------------------------------------------------------------------------------------------ */

static bool refuse(struct replay_case *c, const char *fmt, uint64_t addr) {
    free(c->refused);
    c->refused = str_printf("%s 0x%" PRIx64, fmt, addr);
    return false;
}

/* The same for an access: no address from LO to HI is better. */
static bool refuse_range(struct replay_case *c, const char *fmt, uint64_t addr, uint64_t lo, uint64_t hi) {
    c->elsewhere = true;
    c->bad_lo = lo;
    c->bad_hi = hi;
    return refuse(c, fmt, addr);
}

static bool refuse_outside(const struct bench *b, struct replay_case *c, const char *fmt, uint64_t addr, uint64_t size) {
    uint64_t lo = ram_base(b) + b->delta, hi = lo + size;
    return addr < lo ? refuse_range(c, fmt, addr, 0, lo - 1) : refuse_range(c, fmt, addr, hi, UINT64_MAX);
}

static bool refuse_guest(const struct bench *b, struct replay_case *c, const char *fmt, uint64_t addr) {
    uint64_t lo = ram_base(b) + b->lab.home + b->delta;
    return refuse_range(c, fmt, addr, lo, lo + 4 * PAGE + 4 * b->lab.room - 1);
}

static bool check_data(const struct bench *b, struct replay_case *c) {
    for (size_t i = 0; i < c->state->lookups.len; i++) {
        const struct cover_lookup *l = &c->state->lookups.data[i];
        if (l->present && !in_cached(b, physical(b, l->line)))
            return refuse_outside(b, c, "a cached access lies outside the board's cached RAM:", l->line, b->lab.cached);
    }
    for (size_t i = 0; i < c->words.len; i++) {
        uint64_t pa = physical(b, c->words.data[i].addr);
        if (pa < ram_base(b) || pa - ram_base(b) >= b->lab.facts.ram_size)
            return refuse_outside(b, c, "it loads from a device:", c->words.data[i].addr, b->lab.facts.ram_size);
        if (in_guest(b, pa))
            return refuse_guest(b, c, "it loads from where the measuring guest is:", c->words.data[i].addr);
    }
    for (size_t i = 0; i < c->stores.len; i++) {
        uint64_t pa = physical(b, c->stores.data[i].addr);
        if (pa < ram_base(b) || pa - ram_base(b) >= b->lab.facts.ram_size)
            return refuse_outside(b, c, "it stores to a device:", c->stores.data[i].addr, b->lab.facts.ram_size);
        if (in_guest(b, pa))
            return refuse_guest(b, c, "it stores to where the measuring guest is:", c->stores.data[i].addr);
    }
    return true;
}

static bool check_case(const struct bench *b, struct replay_case *c) {
    uint64_t start, end;
    if (!image_physical(b->img, c->start, &start))
        return refuse(c, "not in the image:", c->start);
    if (!image_physical(b->img, c->end, &end))
        return refuse(c, "not in the image:", c->end);
    if (c->start - start != b->delta || c->end - end != b->delta)
        return refuse(c, "it lies at another distance from its physical address than the rest:", c->start);
    if (c->start == c->end)
        return refuse(c, "it ends where it begins:", c->start);
    if (!in_cached(b, start) || !in_cached(b, end))
        return refuse(c, "its code is not in the board's cached RAM:", c->start);
    return check_data(b, c);
}

static void write_words(struct bench *b, const struct replay_case *c) {
    for (size_t i = 0; i < c->words.len; i++) {
        const struct replay_word *w = &c->words.data[i];
        uint64_t pa = physical(b, w->addr);
        if (in_counter(b, pa))
            continue; /* the board writes there itself */
        keep(b, pa, w->size);
        for (uint32_t k = 0; k < w->size; k++)
            add(b, DO_STORE_1, pa + k, w->value >> 8 * k & 0xff);
    }
    for (size_t i = 0; i < c->stores.len; i++)
        keep(b, physical(b, c->stores.data[i].addr), c->stores.data[i].size);
}

/* Instructions first, for their lines are brought in by storing into them; then data, each set over again. */
static void write_caches(struct bench *b, const struct replay_case *c) {
    cover_touch_list touches = {0};
    cover_prepare(b->m, c->state, &touches);
    for (int fetch = 1; fetch >= 0; fetch--) {
        for (size_t i = 0; i < touches.len; i++) {
            const struct cover_touch *t = &touches.data[i];
            if (t->fetch != (fetch == 1))
                continue;
            uint64_t at = t->filler ? filler(b, c, t) : physical(b, t->line);
            if (fetch)
                touch_code(b, at);
            else
                add(b, DO_LOAD, at, 0);
        }
        for (size_t i = 0; fetch && b->side[1].there && i < c->before.len; i++)
            touch_code(b, physical(b, c->before.data[i]));
        if (fetch)
            store_half(b, physical(b, c->end), CODE_BREAK);
    }
    vec_free(&touches);
}

static uint64_t case_offset(const struct bench *b, size_t slot) { return b->lab.home + 4 * PAGE + slot * CASE_SIZE; }

static void write_case(struct bench *b, const struct replay_case *c, size_t slot) {
    uint64_t *at = (uint64_t *)(void *)(b->ram + case_offset(b, slot));
    memcpy(at, c->x, sizeof c->x);
    at[0] = b->lab.facts.counter;
    if (c->probes)
        at[REG_BUFFER] = ram_base(b) + b->lab.home + 4 * PAGE + 4 * b->lab.room - PAGE + b->delta;
    at[CASE_PC] = c->start;
    memcpy(at + CASE_CSRS, (uint64_t[]){c->sscratch, c->sepc, c->scause, c->stval, c->stvec}, 40);
    add(b, DO_RUN, ram_base(b) + case_offset(b, slot), 0);
}

static void write_ops_of(struct bench *b, const struct replay_case *c, size_t slot) {
    write_words(b, c);
    write_caches(b, c);
    write_case(b, c, slot);
    put_back(b);
}

/* Ends where it begins, at a line of the arena, reached by its physical address. */
static void write_null(struct bench *b, size_t slot) {
    uint64_t at = ram_base(b) + b->arena;
    struct replay_case c = {.start = at};
    store_half(b, at, CODE_RETURN);
    add(b, DO_CALL, at, 0);
    store_half(b, at, CODE_BREAK);
    write_case(b, &c, slot);
    put_back(b);
}

static const struct guest_stamp *stamp_at(const struct bench *b, uint64_t cycle) {
    for (size_t i = 0; i < b->stamp_count; i++)
        if (b->stamps[i].cycle == cycle)
            return &b->stamps[i];
    return NULL;
}

/* The harness itself looks nothing up between the two latches: it is in uncached memory. */
static void read_truth(const struct bench *b, struct replay_case *c, uint64_t before, uint64_t after) {
    const struct guest_stamp *x = stamp_at(b, before), *y = stamp_at(b, after);
    c->counted = x && y;
    if (!c->counted)
        return;
    c->misses[0] = y->l1d - x->l1d;
    c->misses[1] = y->l1i - x->l1i;
}

static void read_case(const struct bench *b, struct replay_case *c, size_t slot, uint64_t null) {
    uint64_t at[4];
    memcpy(at, b->ram + case_offset(b, slot) + 8 * CASE_BEFORE, sizeof at);
    c->cycles = at[1] - at[0] - null;
    if (b->truth)
        read_truth(b, c, at[0], at[1]);
    if (at[2] != CAUSE_BREAK || at[3] != c->end)
        c->failed = str_printf("it ended at 0x%" PRIx64 " with cause %" PRId64 ", not at 0x%" PRIx64, at[3], (int64_t)at[2], c->end);
}

/* ---- the board --------------------------------------------------------------------------------------------------------------- */

static int load_image(struct bench *b, struct err *e) {
    uint64_t addr, pa;
    const uint8_t *bytes;
    size_t size;
    b->arena = 0;
    for (size_t i = 0; (size = image_data(b->img, i, &addr, &bytes)) != 0; i++) {
        if (size == SIZE_MAX || !image_physical(b->img, addr, &pa))
            continue;
        if (pa < ram_base(b) || pa - ram_base(b) + size > b->lab.cached)
            return err_set(e, ERR_INPUT, "%s: a segment at 0x%" PRIx64 " is not in the board's cached RAM", image_path(b->img), pa);
        memcpy(b->ram + (pa - ram_base(b)), bytes, size);
        uint64_t end = (pa - ram_base(b) + size + PAGE - 1) / PAGE * PAGE;
        b->arena = end > b->arena ? end : b->arena;
    }
    return 0;
}

/* Sv39: leaves of 1 GiB: physical addresses as they are, and where the image says. Valid, read, write, execute, global, accessed, dirty. */
static void write_table(const struct bench *b) {
    for (uint64_t gib = 0; gib < 256; gib++) {
        uint64_t leaf = gib << 28 | 0xef, high = (gib + b->gib) & 511;
        memcpy(b->ram + b->lab.table + 8 * gib, &leaf, sizeof leaf);
        if (high >= 256)
            memcpy(b->ram + b->lab.table + 8 * high, &leaf, sizeof leaf);
    }
}

static int begin_board(struct bench *b, struct err *e) {
    const struct lab *lab = &b->lab;
    b->ram = guest_reset(lab->board, e);
    if (!b->ram || load_image(b, e) < 0)
        return -1;
    b->ops.len = 0;
    add(b, DO_STORE, ram_base(b), original(b, 0));
    add(b, DO_STORE, ram_base(b) + 8, original(b, 8));
    memcpy(b->ram + lab->home, potoroo_replay_guest, (size_t)(potoroo_replay_guest_end - potoroo_replay_guest));
    write_table(b);
    return 0;
}

static int run_board(struct bench *b, size_t slots, struct err *e) {
    const struct lab *lab = &b->lab;
    uint64_t list = (case_offset(b, slots) + 63) & ~63ull;
    uint64_t parameters[] = {lab->facts.counter, ram_base(b) + list, 8ull << 60 | (ram_base(b) + lab->table) >> 12};
    uint32_t stub[] = {0x00000297 | (uint32_t)lab->home, 0x00028067, 0x00028067, 0x00028067}; /* auipc t0; jr t0 */
    add(b, DO_END, 0, 0);
    assert(list + b->ops.len * sizeof *b->ops.data <= lab->list + 4 * lab->room);
    memcpy(b->ram + lab->home + PAGE, parameters, sizeof parameters);
    memcpy(b->ram + list, b->ops.data, b->ops.len * sizeof *b->ops.data);
    memcpy(b->ram, stub, sizeof stub);
    free(b->stamps);
    b->stamps = NULL;
    return b->truth ? guest_run_stamped(lab->board, 120, &b->stamps, &b->stamp_count, e) : guest_run(lab->board, 120, e);
}

static bool full(const struct bench *b, size_t slots) {
    return slots + 1 >= CASES_PER_RUN || (b->ops.len + MOST_OPS) * sizeof *b->ops.data + (slots + 2) * CASE_SIZE + 6 * PAGE > 4 * b->lab.room;
}

/* Cases from *AT on, as many as there is room for. Slot 0 is the null case. */
static int run_some(struct bench *b, struct replay_case *cases, size_t n, size_t *at, struct err *e) {
    size_t slots = 1, first = *at;
    uint64_t null[2];
    if (begin_board(b, e) < 0)
        return -1;
    write_null(b, 0);
    for (; *at < n && !full(b, slots); (*at)++)
        if (!cases[*at].refused && check_case(b, &cases[*at]))
            write_ops_of(b, &cases[*at], slots++);
    if (slots > 1 && run_board(b, slots, e) < 0)
        return -1;
    memcpy(null, b->ram + case_offset(b, 0) + 8 * CASE_BEFORE, sizeof null);
    for (size_t i = first, slot = 1; i < *at; i++)
        if (!cases[i].refused)
            read_case(b, &cases[i], slot++, null[1] - null[0]);
    return 0;
}

/* The guest moves to the last quarter of its room: code that writes records has its buffer in what is before. */
static void leave_room(struct lab *lab) {
    uint64_t by = 3 * lab->room & ~(uint64_t)(PAGE - 1);
    lab->home += by;
    lab->table += by;
    lab->list += by;
    lab->room -= by / 4;
}

static int open_bench(struct bench *b, const char *platform, uint64_t start, struct err *e) {
    uint64_t pa;
    if (cover_side(b->m, false, &b->side[0], e) < 0 || cover_side(b->m, true, &b->side[1], e) < 0)
        return -1;
    if (image_physical(b->img, start, &pa))
        b->delta = start - pa;
    b->gib = b->delta >> 30;
    if (b->delta & ((1ull << 30) - 1))
        return err_set(e, ERR_INPUT, "%s: its addresses are not whole GiB away from the physical ones", image_path(b->img));
    if (lab_open(&b->lab, platform, e) < 0)
        return -1;
    leave_room(&b->lab);
    if (!b->m->digest[0] || strcmp(b->m->digest, b->lab.facts.digest) == 0)
        return 0;
    return err_set(e, ERR_INPUT, "%s is not the board that the model was inferred on", platform);
}

int replay_run(const char *platform, const struct image *img, const struct model *m, bool truth, struct replay_case *cases, size_t n, struct err *e) {
    struct bench b = {.img = img, .m = m, .truth = truth};
    size_t at = 0;
    if (n == 0)
        return 0;
    while (at < n && cases[at].refused)
        at++;
    if (at == n)
        return 0;
    int rc = open_bench(&b, platform, cases[at].start, e);
    while (rc == 0 && at < n)
        rc = run_some(&b, cases, n, &at, e);
    if (b.lab.board)
        lab_close(&b.lab);
    free(b.stamps);
    vec_free(&b.ops);
    vec_free(&b.restore);
    return rc;
}
