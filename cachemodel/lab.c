#include "cachemodel/lab.h"

#include <assert.h>
#include <inttypes.h>

/* build/cachemodel/guest.bin, see guest/guest.S for its interface. */
__asm__(".section .rodata\n"
        ".global potoroo_infer_guest, potoroo_infer_guest_end\n"
        "potoroo_infer_guest: .incbin \"build/cachemodel/guest.bin\"\n"
        "potoroo_infer_guest_end:\n"
        ".previous\n");
extern const uint8_t potoroo_infer_guest[], potoroo_infer_guest_end[];

enum { DEVICE_TREE = 2 << 20, DEVICE_TREE_USED = 64 << 10, PAGE = 4096, LEAST_ROOM = 200000, WORD_NOTHING = 4, WORD_END = 7 };
static const uint32_t return_code = 0x00028067; /* jr t0 */

/* The guest's own RAM: the largest piece of the uncached range that neither the counter page nor QEMU's device tree is in. */
static int place(struct lab *lab, struct err *e) {
    const struct board_facts *f = &lab->facts;
    const uint64_t limit = 3ull << 30, end_of_ram = f->ram_base + f->ram_size;
    uint64_t tree = ((end_of_ram < limit ? end_of_ram : limit) - DEVICE_TREE) & ~(uint64_t)(DEVICE_TREE - 1);
    const uint64_t cuts[] = {f->uncached_base, f->counter, f->counter + PAGE, tree, tree + DEVICE_TREE_USED, f->uncached_base + f->uncached_size};
    enum { CUTS = sizeof cuts / sizeof *cuts };
    uint64_t best = 0, start = 0, end = f->uncached_base + f->uncached_size;
    for (int i = 0; i < CUTS; i++) {
        uint64_t low = cuts[i], high = end;
        if (low < f->uncached_base || low >= end || low == f->counter || low == tree)
            continue;
        for (int k = 0; k < CUTS; k++)
            if (cuts[k] > low && cuts[k] < high)
                high = cuts[k];
        if (high - low > best) {
            best = high - low;
            start = low;
        }
    }
    lab->home = start - f->ram_base;
    lab->table = lab->home + 2 * PAGE;
    lab->list = lab->home + 3 * PAGE;
    lab->room = best < 4 * PAGE ? 0 : (best - 4 * PAGE) / 4;
    lab->cached = tree - f->ram_base;
    if (f->uncached_size && f->uncached_base - f->ram_base < lab->cached)
        lab->cached = f->uncached_base - f->ram_base;
    if (f->counter - f->ram_base < lab->cached)
        lab->cached = f->counter - f->ram_base;
    lab->aliases = f->ram_size <= LAB_ALIAS && f->ram_base % LAB_ALIAS == 0 ? 4 : 1;
    if (lab->room < LEAST_ROOM)
        return err_set(e, ERR_INPUT, "the board's uncached range must offer 1 MiB for the measuring guest, there are %" PRIu64 " KiB", best >> 10);
    if (lab->cached > 1u << 30)
        lab->cached = 1u << 30;
    if (lab->home >= 1u << 31)
        return err_set(e, ERR_INPUT, "the board's uncached range must begin in the first 2 GiB of RAM");
    if (lab->cached < 24 << 20)
        return err_set(e, ERR_INPUT, "the board must offer 24 MiB of cached RAM below its uncached range and counter page");
    return 0;
}

int lab_open(struct lab *lab, const char *platform, struct err *e) {
    *lab = (struct lab){0};
    lab->board = guest_open(platform, &lab->facts, e);
    if (!lab->board)
        return -1;
    if (place(lab, e) == 0)
        return 0;
    lab_close(lab);
    return err_wrap(e, "%s", platform);
}

void lab_close(struct lab *lab) {
    guest_close(lab->board);
    vec_free(&lab->ops);
    vec_free(&lab->time);
    vec_free(&lab->code);
    lab->board = NULL;
}

void lab_begin(struct lab *lab) {
    lab->ops.len = lab->time.len = lab->code.len = 0;
}

void lab_code(struct lab *lab, uint64_t at, const uint32_t *words, size_t n) {
    for (size_t i = 0; i < n; i++) {
        vec_push(&lab->code, (uint32_t)(at / 4 + i));
        vec_push(&lab->code, words[i]);
    }
}

/* auipc t0 with the 4 KiB aligned distance to the guest, then jump there. LAB_STUB serves a fetch of the stub's line. */
static void write_stub(const struct lab *lab, uint8_t *ram) {
    uint32_t stub[] = {0x00000297 | (uint32_t)lab->home, return_code, return_code, return_code};
    memcpy(ram, stub, sizeof stub);
}

/* Words before the first operation's. One more when translating: so the same list does not meet the same jitter twice. */
static size_t words_before(const struct lab *lab) { return lab->translate ? 2 : 1; }

static uint64_t first_word(const struct lab *lab) { return lab->list + 4 * words_before(lab); }

uint64_t lab_word(const struct lab *lab, size_t k) { return lab->list + 4 * (k + 2); }

/* Sv39: one table of leaves of 1 GiB: valid, read, write, execute, global, accessed, dirty. */
static void write_table(const struct lab *lab, uint8_t *ram) {
    uint64_t first = lab->facts.ram_base / LAB_ALIAS;
    for (uint64_t gib = 0; gib < 256; gib++) {
        uint64_t leaf = (gib > first && gib - first < lab->aliases ? first : gib) << 28 | 0xef;
        memcpy(ram + lab->table + 8 * gib, &leaf, sizeof leaf);
    }
}

static void write_program(const struct lab *lab, uint8_t *ram) {
    const struct board_facts *f = &lab->facts;
    const uint64_t parameters[] = {f->counter, f->ram_base, f->ram_base + lab->list, f->ram_base + LAB_DATA, f->ram_base + lab->home + LAB_DEVICE,
                                   lab->translate ? 8ull << 60 | (f->ram_base + lab->table) >> 12 : 0};
    uint32_t *list = (uint32_t *)(void *)(ram + first_word(lab));
    memcpy(ram + lab->home, potoroo_infer_guest, (size_t)(potoroo_infer_guest_end - potoroo_infer_guest));
    memcpy(ram + lab->home + PAGE, parameters, sizeof parameters);
    for (size_t i = 0; i < lab->ops.len; i++) {
        const struct lab_op *op = &lab->ops.data[i];
        uint64_t at = op->at % LAB_ALIAS;
        assert(op->at % 8 == 0 && at < lab->cached && op->at / LAB_ALIAS < lab->aliases);
        list[i] = (uint32_t)(lab->translate ? op->at : at) | op->kind;
        assert(op->kind != OP_FETCH || at);
        if (op->kind == OP_FETCH)
            for (int k = 0; k < 2; k++)
                memcpy(ram + at + 4 * k, &return_code, 4);
    }
    for (size_t k = words_before(lab); k > 0; k--)
        list[-(ptrdiff_t)k] = WORD_NOTHING;
    list[lab->ops.len] = WORD_END;
    for (size_t i = 0; i < lab->code.len; i += 2)
        memcpy(ram + 4ull * lab->code.data[i], &lab->code.data[i + 1], 4);
}

int lab_run(struct lab *lab, struct err *e) {
    if (lab->ops.len + 3 > lab->room)
        return err_set(e, ERR_INPUT, "the board's uncached range has no room for %zu operations", lab->ops.len);
    uint8_t *ram = guest_reset(lab->board, e);
    if (!ram)
        return -1;
    write_program(lab, ram);
    write_stub(lab, ram);
    write_table(lab, ram);
    if (guest_run(lab->board, 60, e) < 0)
        return -1;
    lab->time.len = 0;
    vec_reserve(&lab->time, lab->ops.len);
    memcpy(lab->time.data, ram + first_word(lab), lab->ops.len * 4);
    lab->time.len = lab->ops.len;
    return 0;
}
