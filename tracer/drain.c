#include "tracer/run.h"
#include "tracer/trace_format.h"

#include <endian.h>
#include <inttypes.h>

enum { RECORD_MAX = 16, PORT_KIND_SHIFT = 62, PORT_TRAP = 1 };

struct drain {
    bool port;
    struct trace_writer *to;
    uint8_t part[RECORD_MAX]; /* of a record whose end has not come yet */
    size_t parts;
    const struct point *points;
    struct map by_low;        /* low half of a point's address → its place among them */
    uint64_t records, first, last;
};

/* A record has only 32 bits of the address. */
static int index_points(struct drain *d, const struct image *img, struct err *e) {
    size_t n = image_points(img, &d->points);
    const struct point *points = d->points;
    if (!n)
        return err_set(e, ERR_INPUT, "%s: no points in it: its sources were not compiled with `potoroo cc`", image_path(img));
    for (size_t i = 0; i < n; i++) {
        uint64_t other, low = points[i].addr & UINT32_MAX;
        if (map_get(&d->by_low, low, &other) && (other = points[other].addr) != points[i].addr)
            return err_set(e, ERR_INPUT, "%s: points 0x%" PRIx64 " and 0x%" PRIx64 " cannot be told apart: their low halves are equal",
                           image_path(img), other, points[i].addr);
        map_put(&d->by_low, low, i);
    }
    return 0;
}

struct drain *drain_new(const struct image *img, bool port, struct trace_writer *to, struct err *e) {
    struct drain *d = mem_alloc(sizeof *d);
    d->port = port;
    d->to = to;
    if (port || index_points(d, img, e) == 0)
        return d;
    drain_free(d);
    return NULL;
}

void drain_free(struct drain *d) {
    if (!d)
        return;
    map_free(&d->by_low);
    free(d);
}

/* { u32 low half of the point, u32 low half of the cycle }. Cycles never run backwards, so a smaller low half is one wrap. */
static int widen(struct drain *d, const uint8_t *p, uint64_t *addr, uint64_t *cycle, struct err *e) {
    uint32_t half[2];
    uint64_t point;
    memcpy(half, p, sizeof half);
    uint32_t low = le32toh(half[0]), count = le32toh(half[1]);
    if (!map_get(&d->by_low, low, &point))
        return err_set(e, ERR_INPUT, "record %" PRIu64 ": 0x%08" PRIx32 " is no point of the kernel", d->records, low);
    *addr = d->points[point].addr;
    if (d->points[point].kind == POINT_ENTER && trace_phrase(d->to, e) < 0)
        return -1;
    uint64_t high = d->last & ~(uint64_t)UINT32_MAX;
    *cycle = (high | count) + (count < (uint32_t)d->last ? (uint64_t)1 << 32 : 0);
    return 0;
}

static int take_record(struct drain *d, const uint8_t *p, struct err *e) {
    uint64_t addr = 0, cycle = 0, cause = 0;
    bool mark = false;
    if (d->port) {
        memcpy(&addr, p, 8);
        memcpy(&cycle, p + 8, 8);
        addr = le64toh(addr);
        cycle = le64toh(cycle);
        mark = cycle >> PORT_KIND_SHIFT;
        if (cycle >> PORT_KIND_SHIFT == PORT_TRAP) {
            cause = get_cause(&addr);
            if (trace_phrase(d->to, e) < 0)
                return -1;
        }
        cycle &= ((uint64_t)1 << PORT_KIND_SHIFT) - 1;
    } else if (widen(d, p, &addr, &cycle, e) < 0) {
        return -1;
    }
    if ((mark ? trace_append_mark(d->to, addr, cause, cycle, e) : trace_append(d->to, addr, cycle, e)) < 0)
        return -1;
    d->first = d->records++ ? d->first : cycle;
    d->last = cycle;
    return 0;
}

int drain_take(struct drain *d, const uint8_t *data, size_t size, struct err *e) {
    const size_t whole = d->port ? 16 : 8;
    if (d->parts) {
        size_t n = whole - d->parts < size ? whole - d->parts : size;
        memcpy(d->part + d->parts, data, n);
        d->parts += n;
        data += n;
        size -= n;
        if (d->parts < whole)
            return 0;
        d->parts = 0;
        if (take_record(d, d->part, e) < 0)
            return -1;
    }
    for (; size >= whole; data += whole, size -= whole)
        if (take_record(d, data, e) < 0)
            return -1;
    memcpy(d->part, data, size);
    d->parts = size;
    return 0;
}

uint64_t drain_records(const struct drain *d) { return d->records; }

int drain_end(struct drain *d, struct run_summary *s, struct err *e) {
    if (d->parts)
        return err_set(e, ERR_INPUT, "record %" PRIu64 " is cut short", d->records);
    s->records = d->records;
    s->first_cycle = d->first;
    s->last_cycle = d->last;
    return 0;
}
