/* Lines, sets and ways, by arguments that hold for every replacement policy:
 *
 * line      An access right after one to the same line hits; the first power-of-two distance that does not is the line.
 * ways      N lines of one set, loaded into a cache that was empty there, are all still held iff N <= ways: until then each fill
 *           takes an empty way; beyond, one of them must be out (pigeonhole). They collide because they lie one very large power
 *           of two apart; that it is large enough is shown by the next step.
 * way size  The set full of W lines; one line more at distance 2^k from the first pushes one of them out iff it falls into their
 *           set: the smallest such 2^k is sets * line.
 *
 * L2 hides behind the first level, so there each line is put in by one side (fetch) and asked for by the other (load), once each:
 * both miss in their own first-level cache for sure, whatever that one's shape and policy. */
#include "cachemodel/infer.h"

#include <inttypes.h>

/* ---- lines and penalties ----------------------------------------------------------------------------------------------------- */

enum pair_kind { PAIR_DD, PAIR_II, PAIR_ID, PAIR_DI, PAIRS }; /* first access, second access */
enum { REGION = 8192, LONGEST = 4096 };
static const char *const side_name[SIDES] = {"loads", "fetches"}, *const cache_name[SIDES] = {"L1D", "L1I"};

struct pairs {
    struct span first[SIDES];          /* cold, by the side of the first access */
    struct span second[PAIRS][DISTANCES];
};

static uint64_t distance(int d) { return d ? 4ull << d : 0; }

static int pair_samples(const struct infer *f) { return f->jitter ? 48 : 4; }

/* The excess over the least of the kind lies in [most seen - jitter, least seen]. */
static void span_add(struct span *s, int64_t x, int64_t jitter) {
    s->low = x - jitter > s->low ? x - jitter : s->low;
    s->high = x < s->high ? x : s->high;
}
static const struct span anything = {0, INT64_MAX};

static int measure_pairs(struct infer *f, struct pairs *p, struct err *e) {
    int n = pair_samples(f);
    uint64_t region = REGION;
    lab_begin(&f->lab);
    for (int kind = 0; kind < PAIRS; kind++)
        for (int d = 0; d < DISTANCES; d++)
            for (int k = 0; k < n; k++, region += REGION) {
                lab_op(&f->lab, read_of(kind == PAIR_II || kind == PAIR_ID ? SIDE_I : SIDE_D), region);
                lab_op(&f->lab, read_of(kind == PAIR_II || kind == PAIR_DI ? SIDE_I : SIDE_D), region + distance(d));
            }
    if (lab_run(&f->lab, e) < 0)
        return -1;
    p->first[SIDE_D] = p->first[SIDE_I] = anything;
    for (int i = 0; i < PAIRS * DISTANCES; i++)
        p->second[i / DISTANCES][i % DISTANCES] = anything;
    for (size_t k = 0; k < f->lab.ops.len; k += 2) {
        size_t group = k / 2 / (size_t)n;
        span_add(&p->first[side_of(f->lab.ops.data[k].kind)], excess(f, k), f->jitter);
        span_add(&p->second[group / DISTANCES][group % DISTANCES], excess(f, k + 1), f->jitter);
    }
    return 0;
}

/* All must cost at most LIMIT below it and all more from there on. Nothing that costs more than LIMIT costs less than LIMIT + jitter + 1. */
uint64_t distance_where_more(const struct span *s, int64_t limit) {
    int d = 0;
    while (d < DISTANCES && s[d].low <= limit)
        d++;
    uint64_t at = d < DISTANCES ? distance(d) : 0;
    for (; d < DISTANCES; d++)
        if (s[d].low <= limit || s[d].high <= limit)
            return 0;
    return at;
}

static void line_of_side(struct infer *f, enum side s, const struct pairs *p) {
    struct level *l = &f->side[s];
    struct span cold = p->first[s];
    l->miss = MODEL_UNKNOWN;
    l->cold = span_value(cold);
    l->present = cold.low > 0 || cold.high > 0;
    if (!l->present)
        return;
    if (l->cold < 0 || !clear_of_jitter(f, l->cold)) {
        l->cold = MODEL_UNKNOWN;
        unknown(f, "%s: the cost of a cold access does not repeat or drowns in jitter", cache_name[s]);
        return;
    }
    l->shape.line = distance_where_more(p->second[s == SIDE_D ? PAIR_DD : PAIR_II], 0);
    if (l->shape.line < 16) {
        unknown(f, "%s: line: not one of 16 to %d bytes", cache_name[s], LONGEST);
        l->shape.line = 0;
        return;
    }
    say(f, s, "line: of pairs of fresh %s, the second is free up to %" PRIu64 " bytes from the first and costs more from %" PRIu64 " on; %d pairs at each distance",
        side_name[s], l->shape.line - 8, l->shape.line, pair_samples(f));
}

/* The first level's part of a miss: what the other side's fill of the same line leaves to pay. */
static void split_penalty(struct infer *f, enum side s, struct span crossed) {
    struct level *l = &f->side[s];
    int64_t part = span_value(crossed);
    if (part < 0 || part > l->cold)
        return;
    l->miss = part;
    if (part < l->cold)
        say(f, s, "miss: %" PRId64 " cycles where the other side had brought the line, %" PRId64 " where nobody had", part, l->cold);
    else
        say(f, s, "miss: %" PRId64 " cycles, whether the other side had brought the line or not", part);
}

static void find_second(struct infer *f, const struct pairs *p) {
    struct level *d = &f->side[SIDE_D], *i = &f->side[SIDE_I];
    split_penalty(f, SIDE_D, p->second[PAIR_ID][0]);
    split_penalty(f, SIDE_I, p->second[PAIR_DI][0]);
    if (d->miss < 0 || i->miss < 0)
        return unknown(f, "L2: what the two sides pay for each other's lines does not repeat");
    if (d->miss == d->cold && i->miss == i->cold) {
        f->second = NO;
        return;
    }
    f->l2.miss = d->cold - d->miss;
    if (i->cold - i->miss != f->l2.miss || !clear_of_jitter(f, d->miss) || !clear_of_jitter(f, i->miss) || !clear_of_jitter(f, f->l2.miss)) {
        unknown(f, "L2: loads and fetches do not pay the same for missing it, or it drowns in jitter");
        f->l2.miss = MODEL_UNKNOWN;
        return;
    }
    f->second = YES;
    f->l2.present = true;
    uint64_t line = distance_where_more(p->second[PAIR_ID], d->miss);
    if (line == distance_where_more(p->second[PAIR_DI], i->miss))
        f->l2_line = line;
    say(f, L2, "unified: a load pays %" PRId64 " less for a line that a fetch has brought, and the other way round", f->l2.miss);
    if (line >= 16 && f->l2_line)
        say(f, L2, "line: that holds up to %" PRIu64 " bytes away and no further", line - 8);
}

int infer_lines(struct infer *f, struct err *e) {
    struct pairs p;
    f->second = UNSURE;
    f->l2.miss = MODEL_UNKNOWN;
    if (measure_pairs(f, &p, e) < 0)
        return -1;
    memcpy(f->neighbour[SIDE_D], p.second[PAIR_DD], sizeof f->neighbour[0]);
    memcpy(f->neighbour[SIDE_I], p.second[PAIR_II], sizeof f->neighbour[0]);
    line_of_side(f, SIDE_D, &p);
    line_of_side(f, SIDE_I, &p);
    if (!f->side[SIDE_D].present && !f->side[SIDE_I].present)
        f->second = NO;
    else if (f->side[SIDE_D].present && f->side[SIDE_I].present && f->side[SIDE_D].cold > 0 && f->side[SIDE_I].cold > 0)
        find_second(f, &p);
    else if (f->side[SIDE_D].present && f->side[SIDE_I].present)
        unknown(f, "L2: not without certain costs of cold accesses");
    return 0;
}

/* ---- sets and ways of the first level ---------------------------------------------------------------------------------------- */

/* Loads start in a cache that nobody has used; the boot stub's line is the first of the fetches'. */
static uint64_t first_of(enum side s) { return s == SIDE_I ? LAB_STUB : 0; }

static uint64_t nth(const struct infer *f, enum side s, uint64_t n) { return first_of(s) + n * f->stride; }

static void add_ways(struct infer *f, enum side s) {
    for (uint64_t n = 0; n <= MOST_WAYS; n++) {
        lab_op(&f->lab, read_of(s), nth(f, s, n));
        for (uint64_t k = 0; k <= n; k++)
            lab_op(&f->lab, read_of(s), nth(f, s, k));
    }
}

/* Rounds of the list from K on, as add_ways made it. Returns the ways, 0 if there is no telling. */
static uint64_t read_ways(const struct infer *f, size_t *k) {
    uint64_t ways = 0;
    for (uint64_t n = 0; n <= MOST_WAYS; n++) {
        ++*k;
        for (uint64_t i = 0; i <= n; i++, ++*k)
            if (!ways && !is_hit(f, *k))
                ways = n ? n : MOST_WAYS + 1;
    }
    return ways <= MOST_WAYS ? ways : 0;
}

static int measure_ways(struct infer *f, struct err *e) {
    size_t k = 0;
    lab_begin(&f->lab);
    for (int s = 0; s < SIDES; s++)
        if (f->side[s].shape.line)
            add_ways(f, s);
    if (!f->lab.ops.len)
        return 0;
    if (lab_run(&f->lab, e) < 0)
        return -1;
    for (int s = 0; s < SIDES; s++) {
        struct level *l = &f->side[s];
        if (!l->shape.line)
            continue;
        l->shape.ways = read_ways(f, &k);
        if (!l->shape.ways)
            unknown(f, "%s: ways: not 1 to %d", cache_name[s], MOST_WAYS);
        else
            say(f, s, "ways: %" PRIu64 " lines at distance %" PRIu64 " are all held, one more is not (any policy, from power-on)", l->shape.ways, f->stride);
    }
    return 0;
}

static void add_way_size(struct infer *f, enum side s) {
    const struct shape *c = &f->side[s].shape;
    for (uint64_t n = 0; n < c->ways; n++)
        lab_op(&f->lab, read_of(s), nth(f, s, n));
    for (uint64_t d = c->line; d < f->stride; d *= 2) {
        lab_op(&f->lab, read_of(s), first_of(s) + d);
        for (uint64_t n = 0; n < c->ways; n++)
            lab_op(&f->lab, read_of(s), nth(f, s, n));
    }
}

static uint64_t read_way_size(const struct infer *f, enum side s, size_t *k) {
    const struct shape *c = &f->side[s].shape;
    uint64_t size = 0;
    *k += c->ways;
    for (uint64_t d = c->line; d < f->stride; d *= 2) {
        ++*k;
        for (uint64_t n = 0; n < c->ways; n++, ++*k)
            if (!size && !is_hit(f, *k))
                size = d;
    }
    return size;
}

static int measure_way_sizes(struct infer *f, struct err *e) {
    size_t k = 0;
    lab_begin(&f->lab);
    for (int s = 0; s < SIDES; s++)
        if (f->side[s].shape.ways)
            add_way_size(f, s);
    if (!f->lab.ops.len)
        return 0;
    if (lab_run(&f->lab, e) < 0)
        return -1;
    for (int s = 0; s < SIDES; s++) {
        struct level *l = &f->side[s];
        if (!l->shape.ways)
            continue;
        uint64_t size = read_way_size(f, s, &k);
        if (size) {
            l->shape.sets = size / l->shape.line;
            l->shaped = true;
            say(f, s, "sets: a full set loses a line to one %" PRIu64 " bytes away and to none at smaller powers of two", size);
        } else {
            unknown(f, "%s: sets: a way is not smaller than %" PRIu64 " bytes", cache_name[s], f->stride);
        }
    }
    return 0;
}

int infer_first_level(struct infer *f, struct err *e) {
    return measure_ways(f, e) < 0 || measure_way_sizes(f, e) < 0 ? -1 : 0;
}

/* ---- sets and ways of the second level --------------------------------------------------------------------------------------- */

/* Fetch LINES lines of one set and EXTRA (0: none), then load the lines. 1: L2 had them all; 0: not; -1: error. */
static int all_held(struct infer *f, uint64_t lines, uint64_t extra, struct err *e) {
    lab_begin(&f->lab);
    for (uint64_t n = 0; n < lines; n++)
        lab_op(&f->lab, OP_FETCH, nth(f, SIDE_I, n));
    if (extra)
        lab_op(&f->lab, OP_FETCH, LAB_STUB + extra);
    size_t k = f->lab.ops.len;
    for (uint64_t n = 0; n < lines; n++)
        lab_op(&f->lab, OP_LOAD, nth(f, SIDE_I, n));
    if (lab_run(&f->lab, e) < 0)
        return -1;
    for (; k < f->lab.ops.len; k++)
        if (excess(f, k) > f->side[SIDE_D].miss + f->jitter)
            return 0;
    return 1;
}

/* The largest N at which they are still held, 0 if beyond MOST_WAYS. */
static int second_ways(struct infer *f, uint64_t *ways, struct err *e) {
    uint64_t low = 1, high = MOST_WAYS + 1;
    int held = all_held(f, high, 0, e);
    for (; held == 0 && high - low > 1; ) {
        uint64_t middle = (low + high) / 2;
        int more = all_held(f, middle, 0, e);
        if (more < 0)
            return -1;
        *(more ? &low : &high) = middle;
    }
    *ways = held ? 0 : low;
    return held < 0 ? -1 : 0;
}

/* The smallest power of two, as an exponent of the line, at which one line more collides; 0 if none. */
static int second_way_size(struct infer *f, uint64_t *size, struct err *e) {
    uint64_t low = f->l2_line / 2, high = f->stride;
    while (high / low > 2) {
        uint64_t middle = low;
        while (high / middle > middle / low)
            middle *= 2;
        int held = all_held(f, f->l2.shape.ways, middle, e);
        if (held < 0)
            return -1;
        *(held ? &low : &high) = middle;
    }
    *size = high < f->stride ? high : 0;
    return 0;
}

int infer_second_level(struct infer *f, struct err *e) {
    struct shape *c = &f->l2.shape;
    uint64_t size;
    if (f->second != YES)
        return 0;
    if (f->l2_line < 16 || f->l2_line < f->side[SIDE_D].shape.line || f->l2_line < f->side[SIDE_I].shape.line)
        return unknown(f, "L2: line: loads and fetches do not agree on it"), 0;
    c->line = f->l2_line;
    if (second_ways(f, &c->ways, e) < 0)
        return -1;
    if (!c->ways)
        return unknown(f, "L2: ways: not 1 to %d", MOST_WAYS), 0;
    say(f, L2, "ways: %" PRIu64 " fetched lines at distance %" PRIu64 " are all held for loads, one more is not (any policy, from power-on)", c->ways, f->stride);
    if (second_way_size(f, &size, e) < 0)
        return -1;
    if (!size)
        return unknown(f, "L2: sets: a way is not smaller than %" PRIu64 " bytes", f->stride), 0;
    c->sets = size / c->line;
    f->l2.shaped = true;
    say(f, L2, "sets: a full set loses a line to one %" PRIu64 " bytes away and to none at smaller powers of two", size);
    return 0;
}
