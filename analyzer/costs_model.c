/* The model as the costs use it: what misses cost, at all levels; what instructions take. */
#include "analyzer/costs_own.h"

static bool absent(const struct model *m, const char *name) {
    for (size_t i = 0; i < m->absent.len; i++)
        if (strcmp(m->absent.data[i], name) == 0)
            return true;
    return false;
}

static void unusable(struct costs *c, char *why) {
    if (c->unusable)
        free(why);
    else
        c->unusable = why;
}

/* ---- what a miss costs --------------------------------------------------------------------------------------------------- */

static void add_amount(struct penalty *p, uint64_t v) {
    for (uint32_t i = 0; i < p->n; i++)
        if (p->amount[i] == v)
            return;
    if (p->n < AMOUNTS)
        p->amount[p->n++] = v;
    p->most = v > p->most ? v : p->most;
}

/* What the eviction of a dirty line adds. MODEL_UNKNOWN: it may happen and the model does not say. */
static int64_t dirty_of(const struct model_cache *c) { return !c || !c->stores || c->write_back == 0 ? 0 : c->evict_dirty; }

/* A miss brings a line and may push out a dirty one, at each level that it misses. */
static void set_penalty(struct costs *c, const struct model_cache *first, const struct model_cache *second, struct penalty *p) {
    int64_t all = first->cold >= 0 ? first->cold : second ? MODEL_UNKNOWN : first->miss, dirty = dirty_of(first), dirty2 = dirty_of(second);
    if (all < 0) {
        unusable(c, str_printf("the model does not say what a miss in %s costs", first->name));
        return;
    }
    if (dirty < 0 || dirty2 < 0) {
        unusable(c, str_printf("the model does not say what a dirty line's eviction from %s costs", dirty < 0 ? first->name : second->name));
        return;
    }
    add_amount(p, 0);
    for (int d = 0; d < 2; d++) {
        uint64_t more = d ? (uint64_t)dirty : 0;
        if (second && first->miss >= 0)
            add_amount(p, (uint64_t)first->miss + more);
        add_amount(p, (uint64_t)all + more);
        add_amount(p, (uint64_t)all + more + (uint64_t)dirty2);
    }
    if (second && first->miss < 0)
        p->n = 0;
}

static void cache_store(struct costs *c, int store, const char *name) {
    const struct model_cache *first = model_find(c->model, name), *second = model_find(c->model, "L2");
    struct store_model *s = &c->store[store];
    if (!first) {
        if (!absent(c->model, name))
            unusable(c, str_printf("the model does not say whether there is an %s", name));
        return;
    }
    if (!second && !absent(c->model, "L2"))
        unusable(c, str_dup("the model does not say whether there is an L2"));
    s->there = true;
    s->shaped = model_shape(first, &s->shape);
    set_penalty(c, first, second, &s->penalty);
}

static void tlb_store(struct costs *c, int store, const char *name) {
    struct store_model *s = &c->store[store];
    for (size_t i = 0; i < c->model->tlbs.len; i++) {
        const struct model_tlb *t = &c->model->tlbs.data[i];
        if (strcmp(t->name, name) != 0)
            continue;
        s->there = true;
        s->shaped = model_tlb_shape(t, &s->shape);
        s->shape.leaves = 0; /* a look-up may not take place: in M-mode, in the line that was fetched last; nor a flush, if satp stays the same */
        if (t->miss < 0)
            unusable(c, str_printf("the model does not say what a miss in %s costs", name));
        add_amount(&s->penalty, 0);
        add_amount(&s->penalty, t->miss < 0 ? 0 : (uint64_t)t->miss);
        return;
    }
    if (!absent(c->model, name))
        unusable(c, str_printf("the model does not say whether there is an %s", name));
}

void stores_of_model(struct costs *c) {
    cache_store(c, STORE_I, "L1I");
    cache_store(c, STORE_D, "L1D");
    tlb_store(c, STORE_ITLB, "ITLB");
    tlb_store(c, STORE_DTLB, "DTLB");
    if (c->model->jitter < 0)
        unusable(c, str_dup("the model does not say how late a latch can be"));
    if (c->model->latency[MODEL_DEVICE_ACCESS] < 0)
        unusable(c, str_dup("the model does not say what an access to a device costs"));
}

/* ---- what an instruction takes ------------------------------------------------------------------------------------------- */

static bool is_atomic(unsigned op) { return op >= OP_LR_W && op <= OP_AMOMAXU_D; }
static bool is_lr(unsigned op) { return op == OP_LR_W || op == OP_LR_D; }
static bool is_sc(unsigned op) { return op == OP_SC_W || op == OP_SC_D; }

/* NULL-ended by MODEL_CLASSES: an atomic operation is a load and a store. */
static enum model_class class_of(unsigned op) {
    if (is_atomic(op))
        return is_sc(op) ? MODEL_STORE : MODEL_LOAD;
    if ((op >= OP_LB && op <= OP_LWU) || op == OP_FLW || op == OP_FLD)
        return MODEL_LOAD;
    if ((op >= OP_SB && op <= OP_SD) || op == OP_FSW || op == OP_FSD)
        return MODEL_STORE;
    if ((op >= OP_MUL && op <= OP_MULHU) || op == OP_MULW)
        return MODEL_MUL;
    if ((op >= OP_DIV && op <= OP_REMU) || (op >= OP_DIVW && op <= OP_REMUW))
        return MODEL_DIV;
    if (op >= OP_BEQ && op <= OP_BGEU)
        return MODEL_BRANCH;
    if (op == OP_JAL || op == OP_JALR)
        return MODEL_JUMP;
    if ((op >= OP_CSRRW && op <= OP_CSRRCI) || op == OP_WFI || op == OP_ECALL || op == OP_EBREAK) /* a trap's own cost is that of the entry it begins */
        return MODEL_CSR;
    if (op == OP_FENCE || op == OP_FENCE_I || op == OP_SFENCE)
        return MODEL_FENCE;
    if (op == OP_SRET || op == OP_MRET)
        return MODEL_RETURN;
    if (op >= OP_FMV_X_W && op <= OP_FP_TO_F)
        return MODEL_FP;
    if (op == OP_ILLEGAL || op == OP_UNIMP)
        return MODEL_CLASSES; /* a trap out of the kernel: its time is somebody else's */
    return MODEL_ALU;
}

int64_t latency_of(const struct costs *c, const struct insn *i, char **why) {
    enum model_class k = class_of(i->op);
    bool both = is_atomic(i->op) && !is_lr(i->op) && !is_sc(i->op);
    *why = NULL;
    if (k == MODEL_CLASSES) {
        *why = str_printf("%s leaves the kernel on the way", insn_names[i->op]);
        return MODEL_UNKNOWN;
    }
    int64_t take = c->model->latency[k], more = both ? c->model->latency[MODEL_STORE] : 0;
    if (take < 0 || more < 0) {
        *why = str_printf("the model does not say what a '%s' instruction takes", model_class_name(take < 0 ? k : MODEL_STORE));
        return MODEL_UNKNOWN;
    }
    return take + more;
}
