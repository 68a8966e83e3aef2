/* A case's caches: how to bring them about, and what its look-ups then find. */
#include "cachemodel/cover.h"

/* Look-ups of earlier ones' sets are skipped: each set is prepared once. */
static bool first_of_set(const struct cover_case *c, size_t i) {
    const struct cover_lookup *l = &c->lookups.data[i];
    for (size_t k = 0; k < i; k++)
        if (c->lookups.data[k].present && c->lookups.data[k].fetch == l->fetch && c->lookups.data[k].set == l->set)
            return false;
    return l->present;
}

static const struct cover_lookup *line_of_age(const struct cover_case *c, const struct cover_lookup *like, uint64_t age) {
    for (size_t i = 0; i < c->lookups.len; i++) {
        const struct cover_lookup *l = &c->lookups.data[i];
        if (l->present && l->fetch == like->fetch && l->set == like->set && l->age == age)
            return l;
    }
    return NULL;
}

static void prepare_set(const struct cover_case *c, const struct cover_lookup *l, uint64_t ways, cover_touch_list *out) {
    uint64_t filler = 0;
    for (uint64_t w = 0; w < ways; w++)
        vec_push(out, ((struct cover_touch){l->fetch, 0, true, l->set, filler++}));
    for (uint64_t age = ways; age-- > 0;) {
        const struct cover_lookup *known = line_of_age(c, l, age);
        if (known)
            vec_push(out, ((struct cover_touch){l->fetch, known->line, false, l->set, 0}));
        else
            vec_push(out, ((struct cover_touch){l->fetch, 0, true, l->set, filler++}));
    }
}

void cover_prepare(const struct model *m, const struct cover_case *c, cover_touch_list *out) {
    for (size_t i = 0; i < c->lookups.len; i++)
        if (first_of_set(c, i))
            prepare_set(c, &c->lookups.data[i], (uint64_t)model_find(m, c->lookups.data[i].fetch ? "L1I" : "L1D")->ways, out);
}

/* Where lines begin that no look-up of the case is near: 2^40 bytes of other lines. */
static uint64_t fillers_base(const struct cover_case *c) {
    for (uint64_t base = 1ull << 40;; base += 1ull << 40) {
        bool near = false;
        for (size_t i = 0; i < c->lookups.len; i++)
            near |= c->lookups.data[i].line >> 40 == base >> 40;
        if (!near)
            return base;
    }
}

static uint64_t filler_line(const struct cover_side *d, const struct cover_touch *t, uint64_t base) {
    return base + ((t->number << d->set_bits) + t->set) * d->shape.line;
}

void cover_simulate(const struct model *m, const struct cover_case *c, struct cover_outcome *outcome) {
    struct cover_side side[2];
    struct sim *sim[2] = {NULL, NULL};
    struct err e;
    cover_touch_list touches = {0};
    uint64_t victim, base = fillers_base(c);
    for (int f = 0; f < 2; f++)
        if (cover_side(m, f, &side[f], &e) == 0 && side[f].there)
            sim[f] = sim_new(side[f].shape, side[f].policy, side[f].write_back, side[f].allocate);
    cover_prepare(m, c, &touches);
    for (size_t i = 0; i < touches.len; i++) {
        const struct cover_touch *t = &touches.data[i];
        sim_access(sim[t->fetch], t->filler ? filler_line(&side[t->fetch], t, base) : t->line, false, &victim);
    }
    for (size_t i = 0; i < c->lookups.len; i++) {
        const struct cover_lookup *l = &c->lookups.data[i];
        unsigned o = l->present ? sim_access(sim[l->fetch], l->line, l->store, &victim) : SIM_HIT;
        outcome[i] = (struct cover_outcome){(o & SIM_HIT) != 0, (o & SIM_WROTE_BACK) != 0};
    }
    sim_free(sim[0]);
    sim_free(sim[1]);
    vec_free(&touches);
}
