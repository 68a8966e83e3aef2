/* What can be said of look-ups before any solver: which lines can be equal or meet in a set, and when no line that the code has looked up
 * can be pushed out again.
 *
 * Addresses with the same base term differ by a constant d: their lines are equal for certain if d = 0, never if |d| >= line, and they meet in
 * a set never if |d| <= (sets - 1) x line. So a base whose offsets lie that close has at most one line in any set.
 * Plain. Let no set ever hold more than `ways` of the code's own lines: at most `ways` bases (fetches: lines counted set by set). Then, under
 * LRU and FIFO with stores that allocate, a line that was looked up stays until the end: only first look-ups can miss. And any choice of
 * the lines that are there at the beginning is a state in which exactly the others miss: put them at the youngest positions; at most
 * ways - 1 other lines of the set come on top of each. So a code with D distinct lines has exactly the counts 0 to D (less what is not
 * counted), and the only question left is how large D can be. */
#include "cachemodel/cover.h"

static const struct cover_access *access_of(const struct cover *c, size_t i) { return &c->q.access[c->parts.data[i].access]; }

static void split_address(const struct ir *ir, ir_ref at, ir_ref *base, uint64_t *offset) {
    const struct ir_node *n = ir_at(ir, at);
    uint64_t v;
    *base = at;
    *offset = 0;
    if (ir_is_const(ir, at, &v))
        *base = 0, *offset = v;
    else if (n->op == IR_ADD && ir_is_const(ir, n->b, &v))
        *base = n->a, *offset = v;
    else if (n->op == IR_ADD && ir_is_const(ir, n->a, &v))
        *base = n->b, *offset = v;
}

struct cover_relation cover_relate(const struct cover *c, size_t k, size_t i) {
    const struct cover_access *a = access_of(c, k), *b = access_of(c, i);
    const struct cover_part *p = &c->parts.data[k], *q = &c->parts.data[i];
    const struct cover_side *d = &c->side[b->fetch];
    if (a->fetch != b->fetch)
        return (struct cover_relation){false, false, false};
    if (a->fetch || (!p->base && !q->base)) {
        uint64_t x = (a->fetch ? a->addr : p->offset) >> d->shift, y = (b->fetch ? b->addr : q->offset) >> d->shift;
        return (struct cover_relation){x == y, x == y, x != y && ((x ^ y) & (d->shape.sets - 1)) == 0};
    }
    if (p->base != q->base)
        return (struct cover_relation){true, false, true};
    uint64_t distance = p->offset - q->offset;
    distance = distance >> 63 ? -distance : distance;
    return (struct cover_relation){distance < d->shape.line, distance == 0, distance > (d->shape.sets - 1) * d->shape.line};
}

bool cover_same_base(const struct cover *c, size_t k, size_t i) {
    const struct cover_part *p = &c->parts.data[k], *q = &c->parts.data[i];
    return access_of(c, k)->fetch == access_of(c, i)->fetch && p->base == q->base && (p->base || cover_relate(c, k, i).must_equal);
}

bool cover_first_of_base(const struct cover *c, size_t i) {
    for (size_t k = 0; k < i; k++)
        if (cover_same_base(c, k, i))
            return false;
    return true;
}

/* The most lines of the code that can be in one set, as far as bases tell. */
static uint64_t crowd(const struct cover *c, bool fetch) {
    uint64_t most = 0, bases = 0;
    for (size_t i = 0; i < c->parts.len; i++) {
        if (access_of(c, i)->fetch != fetch)
            continue;
        bool first = true;
        uint64_t same_set = 1;
        for (size_t k = 0; k < i; k++) {
            struct cover_relation r = cover_relate(c, k, i);
            bool same_base = access_of(c, k)->fetch == fetch && c->parts.data[k].base == c->parts.data[i].base;
            if (c->parts.data[i].base && same_base)
                first = false;
            if (c->parts.data[i].base && same_base && r.may_conflict)
                return UINT64_MAX;
            if (!c->parts.data[i].base && same_base && r.must_equal)
                first = false;
            if (!c->parts.data[i].base && same_base && r.may_conflict) {
                bool repeated = false;
                for (size_t h = 0; h < k && !repeated; h++)
                    repeated = !c->parts.data[h].base && cover_relate(c, h, k).must_equal;
                same_set += !repeated;
            }
        }
        if (c->parts.data[i].base)
            bases += first;
        else if (first && same_set > most)
            most = same_set;
    }
    return most + bases;
}

/* The distinct lines that the counted look-ups of part I's base can be in, for the low bits LOW of the base. */
static unsigned lines_at(const struct cover *c, size_t i, uint64_t low) {
    const struct cover_part *p = &c->parts.data[i];
    unsigned shift = c->side[access_of(c, i)->fetch].shift, n = 0;
    for (size_t k = i; k < c->parts.len; k++) {
        const struct cover_part *q = &c->parts.data[k];
        const struct cover_access *a = access_of(c, k);
        if (a->fetch != access_of(c, i)->fetch || q->base != p->base || !a->counted)
            continue;
        if (c->q.aligned && !a->fetch && p->base && ((low + q->offset) & (a->size - 1)))
            return 0;
        uint64_t line = (low + (a->fetch ? a->addr : q->offset)) >> shift;
        bool known = false;
        for (size_t h = i; h < k && !known; h++) {
            const struct cover_access *o = access_of(c, h);
            known = o->fetch == a->fetch && c->parts.data[h].base == p->base && (low + (o->fetch ? o->addr : c->parts.data[h].offset)) >> shift == line;
        }
        n += !known;
    }
    return n;
}

static bool begins_base(const struct cover *c, size_t i) {
    for (size_t k = 0; k < i; k++)
        if (access_of(c, k)->fetch == access_of(c, i)->fetch && c->parts.data[k].base == c->parts.data[i].base)
            return false;
    return true;
}

/* The low bits of a base are not known, so the worst is taken (2^40 keeps low + offset from running through zero). */
static unsigned most_lines(const struct cover *c, size_t i) {
    unsigned most = 0;
    uint64_t end = c->parts.data[i].base ? c->side[access_of(c, i)->fetch].shape.line : 1;
    for (uint64_t low = 0; low < end; low++) {
        unsigned n = lines_at(c, i, low);
        most = n > most ? n : most;
    }
    return most;
}

static unsigned distinct_limit(const struct cover *c) {
    unsigned sum = 0;
    for (size_t i = 0; i < c->parts.len; i++)
        if (begins_base(c, i))
            sum += most_lines(c, i);
    return sum;
}

static bool allocates(const struct cover *c) {
    for (size_t i = 0; i < c->parts.len; i++)
        if (access_of(c, i)->store && !c->side[0].allocate)
            return false;
    return true;
}

void cover_group(struct cover *c) {
    unsigned counted = 0;
    for (size_t i = 0; i < c->parts.len; i++) {
        struct cover_part *p = &c->parts.data[i];
        const struct cover_access *a = access_of(c, i);
        counted += a->counted;
        if (a->fetch)
            continue;
        split_address(c->q.ir, a->at, &p->base, &p->offset);
        p->offset += p->second ? a->size - 1 : 0;
    }
    c->plain = allocates(c);
    for (int fetch = 0; fetch < 2 && c->plain; fetch++)
        c->plain = !c->side[fetch].there || crowd(c, fetch) <= c->side[fetch].shape.ways;
    c->limit = c->plain ? distinct_limit(c) : counted;
}
