/* Families of younger sets (see cachemodel.h). A family stands for all paths to a place: for each, some member holds at least (must) or
 * at most (may) what the path touched since it last touched the line. Members that another one stands for are dropped. */
#include "cachemodel/younger.h"

uint32_t younger_weight(const struct weights *w, const struct touched *t) {
    uint64_t sum = t->extra, most = 0;
    for (uint64_t left = t->named; left; left &= left - 1) {
        int i = __builtin_ctzll(left);
        if (!w->classed[i]) {
            sum += w->weight[i];
            continue;
        }
        uint64_t same = 0;
        for (uint64_t k = t->named; k; k &= k - 1) {
            int j = __builtin_ctzll(k);
            same += w->classed[j] && w->of[j] == w->of[i] ? w->weight[j] : 0;
        }
        most = same > most ? same : most;
    }
    sum += most;
    return sum > UINT32_MAX ? UINT32_MAX : (uint32_t)sum;
}

/* A stands for B. */
static bool covers(bool may, const struct touched *a, const struct touched *b) {
    if (may)
        return (a->named & ~b->named) == 0 && a->extra <= b->extra;
    return (b->named & ~a->named) == 0 && b->extra <= a->extra;
}

/* Must: united; may: what both have. Either stands for all members. */
static void unite(bool may, struct family *f) {
    for (uint32_t i = 1; i < f->n; i++) {
        struct touched *a = &f->set[0], *b = &f->set[i];
        a->named = may ? a->named & b->named : a->named | b->named;
        a->extra = (may ? a->extra > b->extra : a->extra < b->extra) ? b->extra : a->extra;
    }
    f->n = f->n ? 1 : 0;
}

static void add(const struct question *q, struct family *f, const struct touched *t) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < f->n; i++)
        if (covers(q->may, &f->set[i], t))
            return;
    for (uint32_t i = 0; i < f->n; i++)
        if (!covers(q->may, t, &f->set[i]))
            f->set[kept++] = f->set[i];
    f->n = kept;
    if (f->n == FAMILY)
        unite(q->may, f);
    f->set[f->n++] = *t;
    if (f->n == 2 && kept == FAMILY)
        unite(q->may, f);
}

static void set_empty(struct family *f) {
    f->top = false;
    f->n = 1;
    f->set[0] = (struct touched){0, 0};
}

static void set_gone(struct family *f, bool may) {
    f->top = !may;
    f->n = 0;
}

static void join(const struct question *q, struct family *into, const struct family *from) {
    if (!from->reached)
        return;
    if (!into->reached) {
        *into = *from;
        return;
    }
    if (into->top || from->top) {
        set_gone(into, false);
        return;
    }
    for (uint32_t i = 0; i < from->n; i++)
        add(q, into, &from->set[i]);
}

/* Every member becomes what CHANGE makes of it. Must: the first to have too many ends it. May: those leave. */
static void change(const struct question *q, struct family *f, const struct role *r) {
    struct family old = *f;
    f->n = 0;
    for (uint32_t i = 0; i < old.n; i++) {
        struct touched t = old.set[i];
        if (r->relation == RELATION_OTHER) {
            t.named |= 1ull << r->other;
        } else if (r->relation == RELATION_EXTRA) {
            t.extra++;
        } else {
            struct touched renamed = {t.named & r->others, 0};
            t.extra += younger_weight(q->weights, &renamed);
            t.named &= ~r->others;
        }
        if (younger_weight(q->weights, &t) < q->ways) {
            add(q, f, &t);
        } else if (!q->may) {
            set_gone(f, false);
            return;
        }
    }
}

static void step_may(const struct question *q, const struct role *r, struct family *f) {
    bool itself = r->relation == RELATION_SELF || (r->relation == RELATION_EXTRA && !r->apart) || (r->relation == RELATION_OTHER && !r->certain);
    if (r->relation == RELATION_KILL)
        set_gone(f, true);
    else if (r->relation == RELATION_ANYTHING)
        set_empty(f);
    else if (itself && (f->n || !r->store || q->allocate))
        set_empty(f);
    else if (r->relation == RELATION_OTHER && r->certain && (!r->store || q->allocate))
        change(q, f, r);
}

/* A store that does not allocate leaves a line out that was not there for certain. In a scope it changes nothing: paths that have not brought
 * the line are not in the family, and stay so. */
void younger_step(const struct question *q, const struct role *r, struct family *f) {
    bool brings = !r->store || q->allocate;
    if (q->inside && r->relation == RELATION_SELF && !brings)
        return;
    if (r->relation == RELATION_NONE || (!f->reached && r->relation != RELATION_SELF))
        return;
    if (q->may) {
        step_may(q, r, f);
    } else if (r->relation == RELATION_SELF) {
        bool there = f->reached && !f->top;
        f->reached = true;
        if (brings || there)
            set_empty(f);
        else
            set_gone(f, false);
    } else if (r->relation == RELATION_KILL || r->relation == RELATION_ANYTHING) {
        set_gone(f, false);
    } else if (!f->top) {
        change(q, f, r);
    }
}

static bool same(const struct family *a, const struct family *b) {
    if (a->reached != b->reached || a->top != b->top || a->n != b->n)
        return false;
    for (uint32_t i = 0; i < a->n; i++)
        if (a->set[i].named != b->set[i].named || a->set[i].extra != b->set[i].extra)
            return false;
    return true;
}

/* Whole graph: anything may be in the cache at the start. May: the line itself, touched last. Scope: a path into it counts from its first touch. */
void younger_in(const struct question *q, uint32_t node, struct family *f) {
    const struct plan *p = q->plan;
    uint32_t at = p->number[node];
    f->reached = f->top = false;
    f->n = 0;
    if (!q->inside && node == p->start) {
        f->reached = true;
        if (q->may)
            set_empty(f);
        else
            set_gone(f, false);
    }
    for (uint32_t i = p->first_pred[at]; i < p->first_pred[at + 1]; i++)
        if (!q->inside || q->inside[p->pred[i]])
            join(q, f, &q->out[p->pred[i]]);
}

static bool visit(const struct question *q, uint32_t node) {
    struct family f;
    younger_in(q, node, &f);
    for (uint32_t e = q->plan->first[node]; e < q->plan->first[node + 1]; e++)
        younger_step(q, &q->role[e], &f);
    if (q->out[node].reached) /* monotone whatever the order in which members were united */
        join(q, &f, &q->out[node]);
    if (same(&f, &q->out[node]))
        return false;
    q->out[node] = f;
    return true;
}

void younger_solve(const struct question *q) {
    const struct plan *p = q->plan;
    bool changed = true;
    for (uint32_t i = 0; i < p->nodes; i++)
        q->out[p->order[i]] = (struct family){0};
    while (changed) {
        changed = false;
        for (uint32_t i = 0; i < p->nodes; i++)
            if (!q->inside || q->inside[p->order[i]])
                changed |= visit(q, p->order[i]);
    }
}
