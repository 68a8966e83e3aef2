/* What a block does, not where it lies: equal digests in two builds mean the same instructions on the same registers, calling and
 * reading the same symbols. Used to match code across rebuilds. */
#include "cfg/insn.h"

/* While a function is scanned in address order: what auipc and lui put into each register. An address is then named by its symbol.
 * The scan ignores control flow, which is enough: both builds are scanned alike, and an unknown base leaves the plain immediate. */
struct bases {
    bool known[32];
    uint64_t value[32];
};

static uint64_t mix(uint64_t h, uint64_t v) { return hash_bytes((uint64_t[]){h, v}, 16, 0); }

/* Of symbols at one address the one that has a size: a mark without one, as of a stack's end, lies where the linker happened to put it. */
static const struct symbol *symbol_around(const struct image *img, uint64_t addr) {
    const struct symbol *s;
    size_t lo = 0, hi = image_symbols(img, &s);
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (s[mid].addr <= addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    while (lo > 1 && !s[lo - 1].size && s[lo - 2].addr == s[lo - 1].addr)
        lo--;
    return lo && addr - s[lo - 1].addr < (s[lo - 1].size ? s[lo - 1].size : 1) ? &s[lo - 1] : NULL;
}

/* "name.0" and "name.constprop.3" are the compiler's numbering: the stem stays. An address without a symbol (a jump table) counts as data. */
static uint64_t place_digest(const struct image *img, uint64_t addr) {
    const struct symbol *s = symbol_around(img, addr);
    return s ? mix(hash_bytes(s->name, strcspn(s->name, "."), 1), addr - s->addr) : 2;
}

static bool is_jump(uint8_t op) { return op == OP_JAL || (op >= OP_BEQ && op <= OP_BGEU); }

/* The register fields that the instruction has; in the others the decoder leaves bits of the immediate. */
static uint64_t registers(const struct insn *i) {
    bool upper = i->op == OP_LUI || i->op == OP_AUIPC || i->op == OP_JAL;
    bool immediate = i->op == OP_JALR || (i->op >= OP_LB && i->op <= OP_LWU) || i->op == OP_FLW || i->op == OP_FLD || (i->op >= OP_ADDI && i->op <= OP_SRAI);
    uint64_t r = (uint64_t)i->op << 32 | (uint64_t)i->rd << 24;
    if (!upper)
        r |= (uint64_t)i->rs1 << 16;
    if (!upper && !immediate)
        r |= (uint64_t)i->rs2 << 8;
    return i->op == OP_FP_TO_F || i->op == OP_FP_TO_X ? r | i->rs3 : r;
}

static uint64_t operand_digest(const struct image *img, const struct function *f, const struct insn *i, uint64_t addr, const struct bases *b) {
    if (is_jump(i->op)) {
        uint64_t to = addr + (uint64_t)(int64_t)i->imm;
        return to - f->addr < f->size && to != f->addr ? 3 : place_digest(img, to); /* inside: the graph's edges tell */
    }
    if (i->op == OP_AUIPC || i->op == OP_LUI)
        return i->op == OP_AUIPC ? 4 : (uint64_t)(int64_t)i->imm;
    bool based = i->op == OP_JALR || i->op == OP_ADDI || (i->op >= OP_LB && i->op <= OP_SD) || (i->op >= OP_FLW && i->op <= OP_FSD);
    if (based && b->known[i->rs1 & 31])
        return place_digest(img, b->value[i->rs1 & 31] + (uint64_t)(int64_t)i->imm);
    return (uint64_t)(int64_t)i->imm;
}

static uint64_t block_shape(const struct image *img, const struct function *f, const struct block *b, struct bases *bases) {
    uint64_t h = 0;
    for (uint64_t at = b->addr, left = b->size; left >= 2;) {
        struct insn i = insn_decode(image_at(img, at, left), left);
        h = mix(mix(h, registers(&i)), operand_digest(img, f, &i, at, bases));
        bool store = (i.op >= OP_SB && i.op <= OP_SD) || (i.op >= OP_FLW && i.op <= OP_FSD); /* or a register of the other file */
        if (!store && !(i.op >= OP_BEQ && i.op <= OP_BGEU)) {
            bases->known[i.rd & 31] = i.op == OP_AUIPC;
            bases->value[i.rd & 31] = at + (uint64_t)(int64_t)i.imm;
        }
        at += i.size;
        left -= i.size < left ? i.size : left;
    }
    return h;
}

void cfg_shapes(const struct cfg *g, uint32_t function, uint64_t *shape) {
    const struct function *f = &g->functions.data[function];
    struct bases bases = {0};
    for (size_t i = 0; i < f->blocks.len; i++)
        shape[i] = block_shape(g->image, f, &g->blocks.data[f->blocks.data[i]], &bases);
}

json_t *cfg_block_text(const struct cfg *g, uint32_t block) {
    const struct block *b = &g->blocks.data[block];
    json_t *list = json_array();
    char text[128];
    for (uint64_t at = b->addr, end = b->addr + b->size; at < end;) {
        struct insn i = insn_decode(image_at(g->image, at, end - at), end - at);
        json_array_append_new(list, json_string(insn_text(&i, at, text, sizeof text)));
        at += i.size;
    }
    return list;
}
