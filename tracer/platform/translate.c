/* What is known of a block before it runs: each instruction's class and cost, the cache lines it is fetched from, where it leads. */
#include "tracer/platform/board.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory of blocks: a list of chunks, given back when QEMU throws its translations away ---------------------------------- */

struct chunk {
    struct chunk *next;
    size_t used;
    char data[1 << 18] __attribute__((aligned(64)));
};
static struct chunk *chunks;

static void *block_alloc(size_t size)
{
    size = (size + 63) & ~(size_t)63;
    if (!chunks || chunks->used + size > sizeof chunks->data) {
        struct chunk *c = aligned_alloc(64, sizeof *c);
        if (!c || size > sizeof c->data) board_fatal("out of memory");
        c->next = chunks;
        c->used = 0;
        chunks = c;
    }
    void *p = chunks->data + chunks->used;
    chunks->used += size;
    return memset(p, 0, size);
}

/* The current block is still needed: it is copied into the fresh memory. */
void translate_flush(qemu_plugin_id_t id)
{
    (void)id;
    struct chunk *old = chunks;
    struct block *current = board.current;
    chunks = NULL;
    if (current != &board.start && current != &board.resumed) {
        size_t size = sizeof *current + current->n * sizeof current->insn[0];
        board.current = memcpy(block_alloc(size), current, size);
        for (uint32_t i = 0; i < current->n; i++) board.current->insn[i].block = board.current;
    }
    while (old) {
        struct chunk *next = old->next;
        free(old);
        old = next;
    }
}

/* ---- where QEMU keeps the guest's RAM --------------------------------------------------------------------------------------- */

/* The mapping that begins at AT (AT NULL: another one than board.ram, of the file FILE: "MAJOR:MINOR INODE"). Writes its file. */
static const uint8_t *find_mapping(const uint8_t *at, char file[64])
{
    char line[4400], dev[32], inode[32], this[66];
    FILE *maps = fopen("/proc/self/maps", "r");
    const uint8_t *found = NULL;
    if (!maps) board_fatal("/proc/self/maps: %s", strerror(errno));
    while (!found && fgets(line, sizeof line, maps)) {
        uint64_t low, high, offset;
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64 " %31s %31s", &low, &high, &offset, dev, inode) < 5) continue;
        snprintf(this, sizeof this, "%s %s", dev, inode);
        const uint8_t *start = (const uint8_t *)low;
        if (at ? start == at : !offset && start != board.ram && !strcmp(this, file)) found = start;
        if (at && found) snprintf(file, 64, "%s", this);
    }
    fclose(maps);
    return found;
}

/* By the file's identity, not its name: it may have none any more. */
static const uint8_t *find_qemu_ram(void)
{
    char file[64];
    const uint8_t *found = find_mapping(board.ram, file) ? find_mapping(NULL, file) : NULL;
    if (!found) board_fatal("%s is not QEMU's RAM: give the machine memory-backend-file with this mem-path and share=on", board.ram_path);
    return found;
}

/* Physical address, or NO_LINE outside RAM (the boot ROM). */
static uint64_t insn_paddr(const struct qemu_plugin_insn *insn)
{
    const uint8_t *host = qemu_plugin_insn_haddr(insn);
    if (!board.qemu_ram) board.qemu_ram = find_qemu_ram();
    if (!host || host < board.qemu_ram || host >= board.qemu_ram + board.ram_size) return NO_LINE;
    return RAM_BASE + (uint64_t)(host - board.qemu_ram);
}

struct image_part *translate_part(uint64_t paddr)
{
    for (struct image_part *p = board.image; p < board.image + board.n_image; p++)
        if (paddr - p->paddr < p->high - p->low) return p;
    return NULL;
}

uint64_t translate_place(uint64_t vaddr, uint64_t paddr)
{
    const struct image_part *p = paddr == NO_LINE ? NULL : translate_part(paddr);
    return p ? p->low + (paddr - p->paddr) : vaddr;
}

/* ---- one instruction --------------------------------------------------------------------------------------------------------- */

static uint32_t base_cost(enum decode_kind kind)
{
    static const uint8_t class_of[] = {
        [DECODE_UNKNOWN] = CLASS_ALU, [DECODE_ALU] = CLASS_ALU, [DECODE_MUL] = CLASS_MUL, [DECODE_DIV] = CLASS_DIV,
        [DECODE_FP] = CLASS_FP, [DECODE_LOAD] = CLASS_LOAD, [DECODE_STORE] = CLASS_STORE, [DECODE_AMO] = CLASS_LOAD,
        [DECODE_BRANCH] = CLASS_BRANCH, [DECODE_JUMP] = CLASS_JUMP, [DECODE_JUMP_INDIRECT] = CLASS_JUMP, [DECODE_CSR] = CLASS_CSR,
        [DECODE_FENCE] = CLASS_FENCE, [DECODE_SFENCE] = CLASS_FENCE, [DECODE_WAIT] = CLASS_CSR, [DECODE_CALL] = CLASS_CSR,
        [DECODE_SRET] = CLASS_RETURN, [DECODE_MRET] = CLASS_RETURN,
    };
    const uint32_t *cost = board.platform.cost;
    return cost[class_of[kind]] + (kind == DECODE_AMO ? cost[CLASS_STORE] : 0);
}

static bool is_point(uint64_t pc)
{
    size_t low = 0, high = board.n_points;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (board.points[middle] < pc) low = middle + 1;
        else high = middle;
    }
    return low < board.n_points && board.points[low] == pc;
}

static bool in_uncached(uint64_t paddr)
{
    return paddr - board.platform.uncached_base < board.platform.uncached_size;
}

/* The lines that the instruction's bytes lie in. A second page's place is known only when it runs (BLOCK_CROSSING). */
static void set_lines(struct insn *i, uint64_t paddr, struct block *b)
{
    i->line = i->line2 = NO_LINE;
    if (paddr == NO_LINE || (!board.l1i_cache && !board.itlb_cache) || in_uncached(paddr)) return;
    uint64_t last = paddr + i->length - 1;
    i->line = paddr >> board.l1i_shift;
    if (paddr >> PAGE_SHIFT != last >> PAGE_SHIFT) b->flags |= BLOCK_CROSSING;
    else if (last >> board.l1i_shift != i->line) i->line2 = last >> board.l1i_shift;
}

static struct decoded set_insn(struct insn *i, const struct qemu_plugin_insn *from, struct block *b)
{
    uint64_t paddr = insn_paddr(from);
    i->block = b;
    i->pc = qemu_plugin_insn_vaddr(from);
    i->length = (uint8_t)qemu_plugin_insn_size(from);
    if (i->length > 4 || qemu_plugin_insn_data(from, &i->code, i->length) != i->length)
        board_fatal("cannot read the instruction at 0x%" PRIx64, i->pc);
    struct decoded d = decode(i->code);
    i->kind = (uint8_t)d.kind;
    i->bytes = d.bytes;
    i->limit = (uint32_t)board.l1d_offset + 1 - d.bytes;
    i->place = translate_place(i->pc, paddr);
    i->point = is_point(i->place);
    i->after = i->before + base_cost(d.kind) + (paddr != NO_LINE && in_uncached(paddr) ? board.platform.device_access : 0);
    if (d.kind == DECODE_UNKNOWN) b->flags |= BLOCK_UNKNOWN;
    set_lines(i, paddr, b);
    return d;
}

/* Neither traps nor is seen by anyone: lines fetched for what comes after may as well be fetched before it. */
static bool is_pure(const struct insn *i)
{
    return !i->point && (i->kind == DECODE_ALU || i->kind == DECODE_MUL || i->kind == DECODE_DIV);
}

/* ---- the block --------------------------------------------------------------------------------------------------------------- */

static bool changes_translation(const struct decoded *d)
{
    return d->kind == DECODE_CSR && (d->csr == 0x105 || d->csr == 0x180 || d->csr == 0x300 || d->csr == 0x305); /* stvec satp mstatus mtvec */
}

static void set_end(struct block *b, const struct decoded *d)
{
    const struct insn *last = &b->insn[b->n - 1];
    b->follow = last->pc + last->length;
    b->cost[0] = b->cost[1] = last->after;
    b->next[0] = b->next[1] = b->follow;
    b->end = END_NEXT;
    switch (d->kind) {
    case DECODE_BRANCH:
        b->end = END_BRANCH;
        b->next[1] = last->pc + (uint64_t)(int64_t)d->offset;
        b->cost[1] += board.platform.branch_taken;
        break;
    case DECODE_JUMP:
        b->end = END_JUMP;
        b->next[0] = b->next[1] = last->pc + (uint64_t)(int64_t)d->offset;
        break;
    case DECODE_JUMP_INDIRECT: b->end = END_INDIRECT; break;
    case DECODE_SRET:
    case DECODE_MRET: b->end = END_RETURN; break;
    case DECODE_CALL: b->end = END_CALL; break;
    default: break;
    }
    if (b->end >= END_INDIRECT || b->flags & (BLOCK_TRANSLATION | BLOCK_UNKNOWN)) b->next[0] = b->next[1] = ODD;
}

/* True: the fetch of I's line(s) was moved to the block's start. */
static bool fetch_early(struct block *b, const struct insn *i, uint64_t line)
{
    if (b->early == EARLY_LINES) return false;
    b->flags |= BLOCK_EARLY;
    b->early_line[b->early] = line;
    b->early_page[b->early++] = i->pc >> board.itlb_shift;
    return true;
}

static void register_insn(struct block *b, struct insn *i, struct qemu_plugin_insn *to, uint64_t *line, bool *early)
{
    bool first = i == b->insn, new_line = i->line != *line && i->line != NO_LINE;
    if (i->point && !first) qemu_plugin_register_vcpu_insn_exec_cb(to, output_on_point, QEMU_PLUGIN_CB_NO_REGS, i);
    if (i->point) *early = false;
    if (first) {
        if (i->line2 != NO_LINE && !fetch_early(b, i, i->line2)) abort();
    } else if (new_line || i->line2 != NO_LINE) {
        uint64_t wanted = new_line ? i->line : i->line2;
        bool both = new_line && i->line2 != NO_LINE;
        if (both || !*early || !fetch_early(b, i, wanted)) {
            qemu_plugin_register_vcpu_insn_exec_cb(to, timing_on_fetch, QEMU_PLUGIN_CB_NO_REGS, i);
            *early = false; /* order of fetches is order of instructions */
        }
    }
    if (i->line != NO_LINE) *line = i->line2 != NO_LINE ? i->line2 : i->line;
    if (!is_pure(i)) *early = false;
    if (i->kind == DECODE_SRET || i->kind == DECODE_MRET) qemu_plugin_register_vcpu_insn_exec_cb(to, flow_on_return, QEMU_PLUGIN_CB_R_REGS, i);
    if (i->kind == DECODE_SFENCE) qemu_plugin_register_vcpu_insn_exec_cb(to, flow_on_fence, QEMU_PLUGIN_CB_R_REGS, i);
    if (i->kind == DECODE_LOAD || i->kind == DECODE_AMO) qemu_plugin_register_vcpu_mem_cb(to, timing_on_load, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_R, i);
    if (i->kind == DECODE_STORE || i->kind == DECODE_AMO) qemu_plugin_register_vcpu_mem_cb(to, timing_on_store, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_W, i);
}

void translate_block(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    size_t n = qemu_plugin_tb_n_insns(tb);
    struct block *b = block_alloc(sizeof *b + n * sizeof b->insn[0]);
    struct decoded d = {0};
    if (board.port) b->flags |= BLOCK_PORT;
    for (size_t k = 0; k < n; k++) {
        b->insn[k].before = k ? b->insn[k - 1].after : 0;
        d = set_insn(&b->insn[k], qemu_plugin_tb_get_insn(tb, k), b);
        if (d.kind == DECODE_WAIT) n = k + 1; /* QEMU translates on, but leaves the block at a wfi, be it for no time at all */
        if (!changes_translation(&d)) continue;
        b->flags |= BLOCK_TRANSLATION;
        if (k + 1 != n) board_fatal("block at 0x%" PRIx64 " goes on behind a change of translation", b->insn[0].pc);
    }
    b->n = (uint32_t)n;
    b->pc = b->insn[0].pc;
    set_end(b, &d);
    uint64_t line = b->line = b->insn[0].line;
    bool early = true;
    qemu_plugin_register_vcpu_tb_exec_cb(tb, timing_on_block, QEMU_PLUGIN_CB_R_REGS, b);
    for (size_t k = 0; k < n; k++) register_insn(b, &b->insn[k], qemu_plugin_tb_get_insn(tb, k), &line, &early);
}
