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
    uint64_t most = bins->data[bins->len - 1].cycles, last = ((uint64_t)1 << bins->grain) - 1;
    return cycles > UINT64_MAX - last || ((cycles + last) & ~last) > most ? most : (cycles + last) & ~last;
}

/* Rounds what is between the extremes. */
static void settle(bin_list *bins) {
    size_t kept = 1, last = bins->len - 1;
    for (size_t i = 1; i <= last; i++) {
        struct bin b = {i < last ? rounded(bins, bins->data[i].cycles) : bins->data[last].cycles, bins->data[i].count};
        if (kept > 1 && bins->data[kept - 1].cycles == b.cycles)
            bins->data[kept - 1].count += b.count;
        else
            bins->data[kept++] = b;
    }
    bins->len = kept;
}

static void insert(bin_list *bins, uint64_t cycles, uint64_t count) {
    size_t lo = 0, hi = bins->len;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (bins->data[mid].cycles < cycles)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo < bins->len && bins->data[lo].cycles == cycles) {
        bins->data[lo].count += count;
        return;
    }
    if (bins->len == bins->cap) { /* most have one, and there are very many of them */
        bins->cap = bins->cap ? 2 * bins->cap : 1;
        bins->data = mem_resize(bins->data, bins->cap * sizeof *bins->data);
    }
    bins->len++;
    memmove(bins->data + lo + 1, bins->data + lo, (bins->len - 1 - lo) * sizeof(struct bin));
    bins->data[lo] = (struct bin){cycles, count};
}

static void make_coarser(bin_list *bins, unsigned grain) {
    bins->grain = grain;
    if (bins->len)
        settle(bins);
}

void bins_add(bin_list *bins, uint64_t cycles, uint64_t count) {
    bool extreme = bins->len == 0 || cycles < bins->data[0].cycles || cycles > bins->data[bins->len - 1].cycles;
    if (bins->grain && !extreme && cycles != bins->data[0].cycles)
        cycles = rounded(bins, cycles);
    insert(bins, cycles, count);
    if (bins->grain && extreme)
        settle(bins);
    while (bins->len > bins_limit)
        make_coarser(bins, bins->grain + 1);
}

void bins_merge(bin_list *into, const bin_list *from) {
    if (into->grain < from->grain)
        make_coarser(into, from->grain);
    for (size_t i = 0; i < from->len; i++)
        bins_add(into, from->data[i].cycles, from->data[i].count);
    while (into->len > bins_limit)
        make_coarser(into, into->grain + 1);
}

bool bins_exact(const bin_list *bins, size_t i) { return bins->grain == 0 || i == 0 || i + 1 == bins->len; }

uint64_t bins_error(const bin_list *bins) { return ((uint64_t)1 << bins->grain) - 1; }
