/* One block's lifted code: its accesses in order, and the registers behind it, as terms over the registers before it. */
#include "analyzer/addresses.h"

enum { VAR_LOADED = 0x40 }; /* what a load brought: none of cfg's own kinds */

struct lifting {
    struct lift l;
    struct code_book *book;
    struct block_code *code;
    const struct insn *insn;
};

struct code_book *code_book_new(const struct cfg *g) {
    struct code_book *b = mem_alloc(sizeof *b);
    b->g = g;
    b->blocks = mem_alloc((g->blocks.len + 1) * sizeof *b->blocks);
    ir_init(&b->ir, g->image);
    return b;
}

void code_book_free(struct code_book *b) {
    if (!b)
        return;
    for (size_t i = 0; i < b->g->blocks.len; i++) {
        vec_free(&b->blocks[i].insns);
        vec_free(&b->blocks[i].accesses);
    }
    free(b->blocks);
    ir_free(&b->ir);
    free(b);
}

static void note_access(struct lifting *f, bool store, ir_ref address, unsigned width, ir_ref value) {
    struct code_access a = {store, (uint32_t)f->code->insns.len - 1, width / 8, address, value, f->insn->rs1};
    vec_push(&f->code->accesses, a);
}

static ir_ref on_load(struct lift *l, ir_ref address, unsigned width) {
    struct lifting *f = l->user;
    ir_ref v = ir_var(l->ir, width, var_id(VAR_LOADED, ++f->book->loads, 0));
    note_access(f, false, address, width, v);
    return v;
}

static void on_store(struct lift *l, ir_ref address, ir_ref value) {
    note_access(l->user, true, address, ir_at(l->ir, value)->width, value);
}

static void on_remap(struct lift *l) { ((struct lifting *)l->user)->code->remaps = true; }

static void lift_block(struct code_book *b, uint32_t block, struct block_code *c) {
    const struct block *k = &b->g->blocks.data[block];
    ir_ref loc[LOCS];
    struct lifting f = {.book = b, .code = c};
    f.l = (struct lift){.ir = &b->ir, .loc = loc, .load = on_load, .store = on_store, .remap = on_remap, .user = &f};
    lift_entry(&b->ir, loc);
    c->made = c->modelled = true;
    for (uint64_t at = k->addr, n = 0; at < k->addr + k->size; n++) {
        size_t left = k->addr + k->size - at;
        const uint8_t *bytes = image_at(b->g->image, at, left < 4 ? left : 4);
        if (!bytes)
            break;
        struct code_insn i = {insn_decode(bytes, left < 4 ? left : 4), at};
        vec_push(&c->insns, i);
        f.insn = &i.insn;
        f.l.addr = at;
        f.l.slot = (uint32_t)n;
        c->modelled &= lift_insn(&f.l, &i.insn);
        at += i.insn.size;
    }
    memcpy(c->out, loc, sizeof c->out);
}

const struct block_code *code_of(struct code_book *b, uint32_t block) {
    if (!b->blocks[block].made)
        lift_block(b, block, &b->blocks[block]);
    return &b->blocks[block];
}
