#include "cfg/flow.h"

#include <inttypes.h>

#define NONE64 UINT64_MAX
enum { RA = 1, GP = 3, T0 = 5 };

/* ---- resolutions ----------------------------------------------------------------------------------------------------- */

const struct resolution *resolution_at(const struct resolutions *r, uint64_t addr) {
    uint64_t i;
    return r && map_get(&r->index, addr, &i) ? &r->list.data[i] : NULL;
}

struct resolution *resolution_make(struct resolutions *r, uint64_t addr) {
    uint64_t i;
    if (map_get(&r->index, addr, &i))
        return &r->list.data[i];
    struct resolution fresh = {.addr = addr};
    map_put(&r->index, addr, r->list.len);
    vec_push(&r->list, fresh);
    return &r->list.data[r->list.len - 1];
}

void resolution_add(struct resolution *r, uint64_t target) {
    size_t i = r->targets.len;
    while (i && r->targets.data[i - 1] > target)
        i--;
    if (i && r->targets.data[i - 1] == target)
        return;
    vec_push(&r->targets, target);
    memmove(r->targets.data + i + 1, r->targets.data + i, (r->targets.len - 1 - i) * sizeof target);
    r->targets.data[i] = target;
}

void resolutions_free(struct resolutions *r) {
    for (size_t i = 0; i < r->list.len; i++)
        vec_free(&r->list.data[i].targets);
    vec_free(&r->list);
    map_free(&r->index);
}

/* ---- code ------------------------------------------------------------------------------------------------------------ */

static void code_init(struct code *c, const struct image *img) {
    c->img = img;
    c->ranges = image_code(img, &c->range);
    c->first = mem_alloc(c->ranges * sizeof *c->first);
    for (size_t i = 0; i < c->ranges; i++) {
        c->first[i] = c->slots;
        c->slots += (uint32_t)((c->range[i].hi - c->range[i].lo) / 2);
    }
    c->insn = mem_alloc(c->slots * sizeof *c->insn);
    c->flags = mem_alloc(c->slots);
    c->owner = mem_alloc(c->slots * sizeof *c->owner);
    c->start = mem_alloc(c->slots * sizeof *c->start);
}

static void code_free(struct code *c) {
    free(c->first);
    free(c->insn);
    free(c->flags);
    free(c->owner);
    free(c->start);
}

uint32_t code_slot(const struct code *c, uint64_t addr) {
    size_t lo = 0, hi = c->ranges;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (c->range[mid].hi <= addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == c->ranges || addr < c->range[lo].lo || addr & 1 || c->range[lo].hi - addr < 2)
        return NONE;
    return c->first[lo] + (uint32_t)((addr - c->range[lo].lo) / 2);
}

const struct insn *code_insn(struct code *c, uint32_t slot, uint64_t addr) {
    struct insn *i = &c->insn[slot];
    if (i->size)
        return i;
    bool whole = code_slot(c, addr + 2) == slot + 1;
    const uint8_t *p = image_at(c->img, addr, whole ? 4 : 2);
    if (!p && whole)
        p = image_at(c->img, addr, 2), whole = false;
    if (p)
        *i = insn_decode(p, whole ? 4 : 2);
    else
        *i = (struct insn){.size = 2, .op = OP_ILLEGAL};
    return i;
}

/* ---- one instruction ------------------------------------------------------------------------------------------------- */

/* `auipc X; jalr Y, off(X)` side by side, and nobody jumps between them. Constants that travel further are the value analysis's. */
static bool jalr_constant(struct flow *f, uint32_t slot, const struct insn *i, uint64_t addr, uint64_t *target) {
    if (i->rs1 == 0) {
        *target = (uint64_t)(int64_t)i->imm & ~1ull;
        return true;
    }
    uint32_t before = code_slot(&f->code, addr - 4);
    if (before == NONE || !(f->code.flags[before] & SLOT_SEEN) || f->code.flags[slot] & SLOT_ENTERED || f->code.start[slot])
        return false;
    const struct insn *p = &f->code.insn[before];
    if (p->op != OP_AUIPC || p->rd != i->rs1)
        return false;
    *target = (addr - 4 + (uint64_t)(int64_t)p->imm + (uint64_t)(int64_t)i->imm) & ~1ull;
    return true;
}

static void step_unknown(struct step *s, const char *why) {
    s->known = false;
    s->why = why;
    if (s->end != END_CALL)
        s->end = END_OPEN;
}

static void step_resolved(struct flow *f, uint64_t addr, struct step *s) {
    const struct resolution *r = resolution_at(f->known, addr);
    if (!r)
        step_unknown(s, s->link ? "a call through a pointer" : "a jump through a register");
    else if (r->why)
        step_unknown(s, r->why);
    if (!r || r->why)
        return;
    s->targets = r->targets.data;
    s->count = r->targets.len;
    s->kind = r->targets.len > 1 || r->origin != RESOLVED_CONSTANT ? EDGE_TABLE : EDGE_JUMP;
}

/* The return address stack's hints (ISA manual, 2.5): a jalr that links in x1 or x5 is a call, one through x1 that links nothing a return;
 * through x5 it is a return of a millicode routine, which is called by `jal x5`. */
static void step_jalr(struct flow *f, uint32_t slot, const struct insn *i, uint64_t addr, uint64_t function, struct step *s) {
    s->link = i->rd != 0;
    s->end = s->link ? END_CALL : END_JUMP;
    s->falls = s->link;
    uint32_t entry = code_slot(&f->code, function);
    bool millicode = i->rs1 == T0 && entry != NONE && f->code.flags[entry] & SLOT_LINKED;
    if (jalr_constant(f, slot, i, addr, &s->direct)) {
        s->targets = &s->direct;
        s->count = 1;
        s->kind = EDGE_JUMP;
    } else if (!s->link && i->imm == 0 && (i->rs1 == RA || millicode) && !resolution_at(f->known, addr)) {
        s->end = END_RETURN; /* unless ra was found to be made by hand */
    } else {
        s->indirect = true;
        step_resolved(f, addr, s);
    }
}

/* Semihosting wraps its ebreak in two no-ops that nothing else uses, and goes on behind it. */
static bool semihosting(struct flow *f, uint64_t addr) {
    uint32_t a = code_slot(&f->code, addr - 4), b = code_slot(&f->code, addr + 4);
    return a != NONE && b != NONE && code_insn(&f->code, a, addr - 4)->word == 0x01f01013 &&
           code_insn(&f->code, b, addr + 4)->word == 0x40705013;
}

static void step_direct(struct step *s, enum block_end end, enum edge_kind kind, uint64_t target) {
    s->end = end;
    s->kind = kind;
    s->direct = target;
    s->targets = &s->direct;
    s->count = 1;
}

void flow_step(struct flow *f, uint32_t slot, uint64_t addr, struct step *s) {
    const struct insn *i = code_insn(&f->code, slot, addr);
    uint32_t owner = f->code.owner[slot];
    *s = (struct step){.end = END_FALL, .falls = true, .known = true};
    uint64_t there = addr + (uint64_t)(int64_t)i->imm;
    switch (i->op) {
    case OP_BEQ: case OP_BNE: case OP_BLT: case OP_BGE: case OP_BLTU: case OP_BGEU:
        step_direct(s, END_BRANCH, EDGE_TAKEN, there);
        break;
    case OP_JAL:
        step_direct(s, i->rd ? END_CALL : END_JUMP, EDGE_JUMP, there);
        s->link = s->falls = i->rd != 0;
        if (!i->rd && there == addr)
            s->end = END_STOP, s->count = 0;
        break;
    case OP_JALR:
        step_jalr(f, slot, i, addr, owner ? f->starts.data[owner - 1].addr : 0, s);
        break;
    case OP_SRET: case OP_MRET:
        s->end = END_TRAP_RETURN;
        s->falls = false;
        break;
    case OP_EBREAK:
        if (i->size == 4 && semihosting(f, addr))
            break;
        /* fall through */
    case OP_UNIMP:
        s->end = END_STOP;
        s->falls = false;
        break;
    case OP_ILLEGAL:
        s->falls = false;
        step_unknown(s, "bytes that are no instruction");
        break;
    }
}

/* ---- discovery --------------------------------------------------------------------------------------------------------- */

/* A new start in code that was already walked as the middle of something else makes this pass void. */
static uint32_t add_start(struct flow *f, uint64_t addr) {
    uint32_t slot = code_slot(&f->code, addr);
    if (slot == NONE)
        return NONE;
    if (f->code.start[slot])
        return f->code.start[slot] - 1;
    struct start s = {.addr = addr};
    vec_push(&f->starts, s);
    f->code.start[slot] = (uint32_t)f->starts.len;
    if (f->code.flags[slot] & (SLOT_SEEN | SLOT_INSIDE))
        f->again = true;
    vec_push(&f->work, f->starts.len - 1);
    vec_push(&f->work, addr);
    return (uint32_t)f->starts.len - 1;
}

static void push(struct flow *f, uint32_t function, uint64_t addr) {
    vec_push(&f->work, function);
    vec_push(&f->work, addr);
}

static void now_returns(struct flow *f, uint32_t function) {
    if (f->starts.data[function].returns)
        return;
    f->starts.data[function].returns = true;
    vec_push(&f->returned, function);
}

static void wake(struct flow *f, const struct waiting *w) {
    if (w->resume == NONE64)
        now_returns(f, w->caller);
    else
        push(f, w->caller, w->resume);
}

static void wait_for(struct flow *f, uint32_t callee, uint32_t caller, uint64_t resume) {
    struct waiting w = {caller, f->starts.data[callee].waiting, resume};
    if (f->starts.data[callee].returns) {
        wake(f, &w);
        return;
    }
    vec_push(&f->waiting, w);
    f->starts.data[callee].waiting = (uint32_t)f->waiting.len;
}

/* Everybody who waited for the functions that were found to return. */
static void wake_all(struct flow *f) {
    while (f->returned.len) {
        struct start *s = &f->starts.data[f->returned.data[--f->returned.len]];
        for (uint32_t i = s->waiting; i; i = f->waiting.data[i - 1].next) {
            struct waiting w = f->waiting.data[i - 1];
            wake(f, &w);
        }
    }
}

/* A millicode routine runs on into another one: that returns by x5 as well. */
static void tail_call(struct flow *f, uint32_t function, uint32_t callee) {
    uint32_t from = code_slot(&f->code, f->starts.data[function].addr), to = code_slot(&f->code, f->starts.data[callee].addr);
    if (f->code.flags[from] & SLOT_LINKED && !(f->code.flags[to] & SLOT_LINKED)) {
        f->code.flags[to] |= SLOT_LINKED;
        f->again = true;
    }
    wait_for(f, callee, function, NONE64);
}

/* Control goes to ADDR within FUNCTION, or to another function's start: a tail call. */
static void go(struct flow *f, uint32_t function, uint64_t addr, bool jump) {
    uint32_t slot = code_slot(&f->code, addr);
    if (slot == NONE)
        return;
    uint32_t start = f->code.start[slot];
    if (start && start - 1 != function) {
        tail_call(f, function, start - 1);
        return;
    }
    if (jump && f->code.flags[slot] & SLOT_SEEN && !(f->code.flags[slot] & SLOT_ENTERED)) {
        const struct insn *i = &f->code.insn[slot];
        f->again = f->again || i->op == OP_JALR;
    }
    if (jump)
        f->code.flags[slot] |= SLOT_ENTERED;
    push(f, function, addr);
}

static void call(struct flow *f, uint32_t caller, const struct step *s, const struct insn *i, uint64_t next) {
    for (size_t k = 0; k < s->count; k++) {
        uint32_t callee = add_start(f, s->targets[k]);
        if (callee == NONE)
            continue;
        uint32_t slot = code_slot(&f->code, s->targets[k]);
        if (i->rd == T0 && !(f->code.flags[slot] & SLOT_LINKED)) {
            f->code.flags[slot] |= SLOT_LINKED;
            f->again = true;
        }
        wait_for(f, callee, caller, next);
    }
    if (!s->known)
        go(f, caller, next, false);
}

/* An address that code makes and that a symbol names is taken to be a function: trap vectors are known only by `la; csrw stvec`.
 * This only decides where functions begin; it may err on the side of too many. */
static void maybe_taken(struct flow *f, uint64_t addr) {
    uint64_t unused;
    if (map_get(&f->labels, addr, &unused)) {
        add_start(f, addr);
        map_put(&f->named, addr, 1);
    }
    else if (code_slot(&f->code, addr) != NONE && !map_get(&f->taken, addr, &unused)) {
        map_put(&f->taken, addr, 1);
        vec_push(&f->candidates, addr);
    }
}

/* BASE | 1 is what a vectored mtvec or stvec is made of: interrupt N goes to BASE + 4 N, where a jump is. Only guesses, tried where nothing else leads to. */
static void maybe_vectors(struct flow *f, uint64_t base) {
    enum { INTERRUPTS = 64 };
    for (uint64_t n = 0; n < INTERRUPTS; n++) {
        uint64_t addr = base + 4 * n, unused;
        uint32_t slot = code_slot(&f->code, addr);
        const struct insn *i = slot == NONE ? NULL : code_insn(&f->code, slot, addr);
        bool jump = i && i->op == OP_JAL && i->rd == 0;
        if (n == 0 && !jump)
            return;
        if (!n || !jump || map_get(&f->taken, addr, &unused))
            continue;
        map_put(&f->taken, addr, 1);
        vec_push(&f->candidates, addr);
    }
}

/* Addresses that nothing names but somebody takes, in code that nothing else reached (stripped images, local labels). */
bool flow_more(struct flow *f) {
    bool more = false;
    for (size_t i = 0; i < f->candidates.len; i++) {
        uint32_t slot = code_slot(&f->code, f->candidates.data[i]);
        if (f->code.flags[slot] & (SLOT_SEEN | SLOT_INSIDE) || f->code.start[slot])
            continue;
        if (code_insn(&f->code, slot, f->candidates.data[i])->op == OP_ILLEGAL)
            continue;
        uint64_t unused, addr = f->candidates.data[i];
        if (map_get(&f->tried, addr, &unused))
            continue;
        map_put(&f->tried, addr, 1);
        uint32_t start = add_start(f, addr);
        f->starts.data[start].weak = true;
        more = true;
    }
    return more;
}

/* Constants along one straight run. */
struct run {
    uint64_t value[32];
    uint32_t known;
};

static void run_track(struct flow *f, struct run *r, const struct insn *i, uint64_t addr) {
    uint64_t imm = (uint64_t)(int64_t)i->imm, v = 0;
    bool known = true, made = false;
    if (i->op == OP_AUIPC)
        v = addr + imm;
    else if (i->op == OP_LUI)
        v = imm;
    else if (i->op == OP_ADDI && (r->known >> i->rs1 & 1))
        v = r->value[i->rs1] + imm, made = true;
    else if (i->op == OP_ORI && (r->known >> i->rs1 & 1))
        v = r->value[i->rs1] | imm, made = true;
    else
        known = false;
    if (!i->rd)
        return;
    r->known = known ? r->known | 1u << i->rd : r->known & ~(1u << i->rd);
    r->value[i->rd] = v;
    if (made && (v & 3) == 1)
        maybe_vectors(f, v - 1);
    else if (made)
        maybe_taken(f, v);
}

static void ban(struct flow *f, uint32_t function) {
    struct start *s = &f->starts.data[function];
    if (!s->weak || s->banned)
        return;
    s->banned = true;
    f->code.start[code_slot(&f->code, s->addr)] = 0;
    f->again = true;
}

/* Marks the instruction as FUNCTION's. False: it is not to be walked (again). */
static bool claim(struct flow *f, uint32_t function, uint64_t addr, uint32_t slot) {
    uint8_t *flags = f->code.flags;
    if (flags[slot] & SLOT_SEEN) {
        if (f->code.owner[slot] != function + 1)
            add_start(f, addr); /* shared by two functions: a function of its own, which both tail-call */
        return false;
    }
    const struct insn *i = code_insn(&f->code, slot, addr);
    bool across = i->size == 4 && slot + 1 < f->code.slots && flags[slot + 1] & SLOT_SEEN;
    if (flags[slot] & SLOT_INSIDE || across) { /* two readings of the same bytes: if neither is a guess, the graph's construction reports it */
        uint32_t other = f->code.owner[across ? slot + 1 : slot - 1];
        if (!f->starts.data[function].weak && other)
            ban(f, other - 1);
        else
            ban(f, function);
        return false;
    }
    flags[slot] |= SLOT_SEEN;
    f->code.owner[slot] = function + 1;
    if (i->size == 4)
        flags[slot + 1] |= SLOT_INSIDE;
    return true;
}

static void walk(struct flow *f, uint32_t function, uint64_t addr) {
    struct run r = {.known = 1u | (uint32_t)f->gp_known << GP, .value[GP] = f->gp};
    uint32_t slot = code_slot(&f->code, addr);
    if (slot == NONE)
        return;
    if (f->code.start[slot] && f->code.start[slot] - 1 != function) {
        wait_for(f, f->code.start[slot] - 1, function, NONE64);
        return;
    }
    f->code.flags[slot] |= SLOT_LEADER;
    for (;;) {
        if (slot == NONE || !claim(f, function, addr, slot))
            return;
        const struct insn *i = &f->code.insn[slot];
        uint64_t next = addr + i->size;
        struct step s;
        if (i->op == OP_ILLEGAL)
            ban(f, function); /* if it is a guess it was a wrong one */
        flow_step(f, slot, addr, &s);
        run_track(f, &r, i, addr);
        if (s.end != END_FALL) {
            if (s.link)
                call(f, function, &s, i, next);
            else {
                for (size_t k = 0; k < s.count; k++)
                    go(f, function, s.targets[k], true);
                if (s.falls)
                    go(f, function, next, false);
            }
            if (s.end == END_RETURN || (s.end == END_OPEN && s.indirect))
                now_returns(f, function);
            return;
        }
        addr = next;
        slot = code_slot(&f->code, addr);
        if (slot != NONE && f->code.start[slot]) {
            go(f, function, addr, false);
            return;
        }
    }
}

static void pass(struct flow *f) {
    struct code *c = &f->code;
    for (uint32_t i = 0; i < c->slots; i++) {
        c->flags[i] &= SLOT_ENTERED | SLOT_LINKED;
        c->owner[i] = 0;
    }
    f->again = false;
    f->work.len = f->waiting.len = 0;
    for (size_t i = f->starts.len; i-- > 0;) {
        f->starts.data[i].returns = false;
        f->starts.data[i].waiting = 0;
        if (!f->starts.data[i].banned)
            push(f, (uint32_t)i, f->starts.data[i].addr);
    }
    while (f->work.len) {
        uint64_t addr = f->work.data[--f->work.len];
        uint32_t function = (uint32_t)f->work.data[--f->work.len];
        walk(f, function, addr);
        wake_all(f);
    }
}

void flow_run(struct flow *f) {
    do
        pass(f);
    while (f->again); /* ends: each pass that asks for another adds a start or sets a flag that is kept */
}

/* ---- where functions start ---------------------------------------------------------------------------------------------- */

/* The compiler's cold parts are reached by jumps from their function and jump back: they belong to it. */
static bool is_part(const char *name) { return strstr(name, ".cold") != NULL; }

static void symbol_starts(struct flow *f) {
    const struct symbol *s;
    size_t n = image_symbols(f->code.img, &s);
    for (size_t i = 0; i < n; i++) {
        if (code_slot(&f->code, s[i].addr) == NONE || s[i].object)
            continue;
        map_put(&f->labels, s[i].addr, 1);
        if (s[i].function && !is_part(s[i].name))
            add_start(f, s[i].addr);
    }
}

static void point_starts(struct flow *f) {
    const struct point *p;
    size_t n = image_points(f->code.img, &p);
    for (size_t i = 0; i < n; i++)
        if (p[i].kind == POINT_ENTER)
            add_start(f, p[i].addr);
}

/* Words of the data that are a named address in code. */
static void data_starts(struct flow *f) {
    const uint8_t *bytes;
    uint64_t addr, v;
    size_t size;
    for (size_t k = 0; (size = image_data(f->code.img, k, &addr, &bytes)) != 0; k++) {
        if (size == SIZE_MAX)
            continue;
        for (size_t at = (8 - (addr & 7)) & 7; at + 8 <= size; at += 8) {
            memcpy(&v, bytes + at, 8);
            if (code_slot(&f->code, v) != NONE && code_slot(&f->code, (addr + at) & ~1ull) == NONE && image_may_point(f->code.img, addr + at))
                maybe_taken(f, v);
        }
    }
}

void flow_init(struct flow *f, const struct image *img, const struct resolutions *known) {
    *f = (struct flow){.known = known};
    const struct symbol *gp = image_symbol(img, "__global_pointer$");
    f->gp_known = gp != NULL;
    f->gp = gp ? gp->addr : 0;
    code_init(&f->code, img);
    add_start(f, image_entry(img));
    symbol_starts(f);
    point_starts(f);
    data_starts(f);
}

void flow_free(struct flow *f) {
    code_free(&f->code);
    vec_free(&f->starts);
    vec_free(&f->waiting);
    vec_free(&f->returned);
    vec_free(&f->work);
    map_free(&f->labels);
    map_free(&f->named);
    map_free(&f->taken);
    map_free(&f->tried);
    vec_free(&f->candidates);
}

bool flow_returns(const struct flow *f, uint64_t start) {
    uint32_t slot = code_slot(&f->code, start);
    return slot != NONE && f->code.start[slot] && f->starts.data[f->code.start[slot] - 1].returns;
}
