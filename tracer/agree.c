/* Do probes and trace port tell the same? Every point is the start of a block, so a run's port shows all that its probes record, and more. */
#include "tracer/tracer.h"

#include <inttypes.h>

struct comparison {
    struct trace_reader *probes, *port;
    struct map kinds;         /* address of a point → its kind */
    struct trace_record ahead; /* of the port, if has_ahead: read, not yet compared */
    bool has_ahead;
    struct probe_agreement *a;
};

/* The port's next record that is of a point. 0: the end. */
static int next_point(struct comparison *c, struct trace_record *r, struct err *e) {
    int rc;
    if (c->has_ahead) {
        *r = c->ahead;
        c->has_ahead = false;
        return 1;
    }
    while ((rc = trace_next(c->port, r, e)) > 0) {
        uint64_t kind;
        bool known = map_get(&c->kinds, r->addr, &kind);
        if (known && r->mark == (kind == POINT_ENTER || kind == POINT_LEAVE))
            return 1;
        c->a->blocks++;
    }
    return rc;
}

static int differ(const struct comparison *c, const struct trace_record *probe, const struct trace_record *port, const char *how, struct err *e) {
    return err_set(e, ERR_EXCEEDED, "record %" PRIu64 " of the probes (0x%" PRIx64 " at cycle %" PRIu64 ") and %" PRIu64 " of the port (0x%" PRIx64 " at %" PRIu64
                   ") are not the same: %s", trace_position(c->probes), probe->addr, probe->cycle, trace_position(c->port), port->addr, port->cycle, how);
}

static int compare_times(struct comparison *c, const struct trace_record *probe, const struct trace_record *port, struct err *e) {
    struct probe_agreement *a = c->a;
    if (probe->cycle < port->cycle || (port->mark && probe->cycle != port->cycle))
        return differ(c, probe, port, "their times", e);
    uint64_t d = probe->cycle - port->cycle;
    if (port->mark)
        return 0;
    a->least = a->points == 0 || d < a->least ? d : a->least;
    a->most = d > a->most ? d : a->most;
    a->sum += d;
    a->points++;
    return 0;
}

/* The port's record for the probes' first: boot passes points before it sets up its buffer. A probe's latch lies between its block's
 * start and the next one's, so it is the last record that is not later. */
static int first_point(struct comparison *c, const struct trace_record *probe, struct trace_record *port, struct err *e) {
    int rc = next_point(c, port, e);
    while (rc > 0 && (rc = next_point(c, &c->ahead, e)) > 0 && c->ahead.cycle <= probe->cycle)
        *port = c->ahead;
    c->has_ahead = rc > 0;
    return rc;
}

static int compare(struct comparison *c, struct err *e) {
    struct trace_record probe, port;
    int more, rc;
    while ((more = trace_next(c->probes, &probe, e)) > 0) {
        rc = c->a->records ? next_point(c, &port, e) : first_point(c, &probe, &port, e);
        if (rc <= 0)
            return rc < 0 ? -1 : err_set(e, ERR_EXCEEDED, "the port's trace ends before record %" PRIu64 " of the probes", trace_position(c->probes));
        if (port.addr != probe.addr || probe.lost || port.lost)
            return differ(c, &probe, &port, probe.lost || port.lost ? "records were lost" : "their places", e);
        if (compare_times(c, &probe, &port, e) < 0)
            return -1;
        c->a->records++;
    }
    if (more < 0)
        return -1;
    while ((rc = next_point(c, &port, e)) > 0)
        c->a->behind++;
    return rc;
}

static int check_kinds(const struct comparison *c, const struct image *img, struct err *e) {
    const struct trace_info *a = trace_get_info(c->probes), *b = trace_get_info(c->port);
    if (a->port || !b->port)
        return err_set(e, ERR_INPUT, "the first trace must be of probes, the second of the port");
    if (strcmp(a->build_id, b->build_id) != 0 || strcmp(a->build_id, image_build_id(img)) != 0)
        return err_set(e, ERR_INPUT, "the traces are not of one run of %s", image_path(img));
    return 0;
}

int trace_agreement(const struct image *img, const char *probes, const char *port, struct probe_agreement *a, struct err *e) {
    struct comparison c = {.a = a};
    const struct point *points;
    size_t n = image_points(img, &points);
    *a = (struct probe_agreement){0};
    for (size_t i = 0; i < n; i++)
        map_put(&c.kinds, points[i].addr, points[i].kind);
    int rc = (c.probes = trace_open(probes, e)) && (c.port = trace_open(port, e)) ? check_kinds(&c, img, e) : -1;
    if (rc == 0)
        rc = compare(&c, e);
    trace_close(c.probes);
    trace_close(c.port);
    map_free(&c.kinds);
    return rc;
}
