/* Histograms. Their memory is bounded: where there would be more than bins_limit different times they are rounded up to multiples of 2^grain, for
 * the least grain that does. The least and the most time stay exact, and nothing is rounded beyond the most, so every P(time > t) can only grow,
 * by what lies within 2^grain cycles above t.
 *
 * What results does not depend on the order in which times are added or histograms merged. Rounding to a finer grid first changes nothing
 * of rounding to a coarser one. And of a part of the times there are never more different ones than of all of them, at any grain (an extreme that
 * becomes an inner time falls onto a place of the grid that only it and what was rounded beyond it, to itself, had): so no part needs a grain that
 * the whole does not need, and the least grain of the whole is the same however it is come to. */
#include "analyzer/analyzer.h"

size_t bins_limit = 1024;

static uint64_t rounded(const bin_list *bins, uint64_t cycles) {
    uint64_t most = bins_most(bins), last = ((uint64_t)1 << bins->grain) - 1;
    return cycles > UINT64_MAX - last || ((cycles + last) & ~last) > most ? most : (cycles + last) & ~last;
}

/* All bins, with room for N. */
static struct bin *make_room(bin_list *bins, size_t n) {
    if (n <= (size_t)1 << bins->room)
        return bins_of(bins);
    struct bin first = bins->one, *old = bins->room ? bins->many : NULL;
    while (n > (size_t)1 << bins->room)
        bins->room++;
    bins->many = mem_resize(old, sizeof first << bins->room);
    if (!old)
        bins->many[0] = first;
    return bins->many;
}

void bins_free(bin_list *bins) {
    if (bins->room)
        free(bins->many);
    *bins = (bin_list){0};
}

void bins_push(bin_list *bins, struct bin b) {
    make_room(bins, bins->len + 1)[bins->len] = b;
    bins->len++;
}

/* Rounds what is between the extremes. */
static void settle(bin_list *bins) {
    struct bin *bin = bins_of(bins);
    uint32_t kept = 1, last = bins->len - 1;
    for (uint32_t i = 1; i <= last; i++) {
        struct bin b = {i < last ? rounded(bins, bin[i].cycles) : bin[last].cycles, bin[i].count};
        if (kept > 1 && bin[kept - 1].cycles == b.cycles)
            bin[kept - 1].count += b.count;
        else
            bin[kept++] = b;
    }
    bins->len = kept;
}

static void insert(bin_list *bins, uint64_t cycles, uint64_t count) {
    struct bin *bin = bins_of(bins);
    size_t lo = 0;
    for (size_t n = bins->len, half; n; n -= half) { /* no branch on the times, which nothing foretells */
        half = n - n / 2;
        lo += half * (bin[lo + half - 1].cycles < cycles);
    }
    if (lo < bins->len && bin[lo].cycles == cycles) {
        bin[lo].count += count;
        return;
    }
    bin = make_room(bins, bins->len + 1);
    memmove(bin + lo + 1, bin + lo, (bins->len++ - lo) * sizeof *bin);
    bin[lo] = (struct bin){cycles, count};
}

static void make_coarser(bin_list *bins, unsigned grain) {
    bins->grain = grain & 63;
    if (bins->len)
        settle(bins);
}

void bins_add(bin_list *bins, uint64_t cycles, uint64_t count) {
    bool extreme = bins->len == 0 || cycles < bins_least(bins) || cycles > bins_most(bins);
    if (bins->grain && !extreme && cycles != bins_least(bins))
        cycles = rounded(bins, cycles);
    insert(bins, cycles, count);
    if (bins->grain && extreme)
        settle(bins);
    while (bins->len > bins_limit)
        make_coarser(bins, bins->grain + 1);
}

/* How many different times A and B have. */
static size_t different(const bin_list *a, const bin_list *b) {
    const struct bin *x = bins_of(a), *y = bins_of(b);
    size_t n = (size_t)a->len + b->len;
    for (size_t i = 0, k = 0; i < a->len && k < b->len;) {
        uint64_t s = x[i].cycles, t = y[k].cycles;
        n -= s == t;
        i += s <= t;
        k += t <= s;
    }
    return n;
}

/* Both have grain 0. From the back, so that it is done in place. */
static void merge_exact(bin_list *into, const bin_list *from) {
    size_t n = different(into, from), a = into->len;
    const struct bin *other = bins_of(from);
    struct bin *bin = make_room(into, n);
    into->len = (uint32_t)n;
    for (size_t b = from->len; b;) {
        if (a && bin[a - 1].cycles > other[b - 1].cycles) {
            bin[--n] = bin[--a];
            continue;
        }
        struct bin last = other[--b];
        if (a && bin[a - 1].cycles == last.cycles)
            last.count += bin[--a].count;
        bin[--n] = last;
    }
}

void bins_merge(bin_list *into, const bin_list *from) {
    if (!into->grain && !from->grain) {
        merge_exact(into, from);
    } else {
        if (into->grain < from->grain)
            make_coarser(into, from->grain);
        for (uint32_t i = 0; i < from->len; i++)
            bins_add(into, bins_of(from)[i].cycles, bins_of(from)[i].count);
    }
    while (into->len > bins_limit)
        make_coarser(into, into->grain + 1);
}

bool bins_exact(const bin_list *bins, size_t i) { return bins->grain == 0 || i == 0 || i + 1 == bins->len; }

uint64_t bins_error(const bin_list *bins) { return ((uint64_t)1 << bins->grain) - 1; }
