/* repeat_trace IN.ptrace OUT.ptrace N: the kernel entries of IN that were seen whole, N times one after the other: a longer trace in which nothing is new. */
#include "tracer/tracer.h"

struct pass {
    struct trace_writer *to;
    uint64_t later;           /* cycles added to its times */
    uint64_t first, end;      /* the phrases to be written, counted from 0 */
    uint64_t phrases;         /* so far */
    uint64_t began, last;     /* cycles of the first record written and of the last */
};

static int write_batch(struct pass *p, const struct trace_reader *r, const struct trace_batch *b, struct err *e) {
    struct trace_record rec = {.cycle = b->cycle};
    if (b->known && trace_phrase(p->to, e) < 0)
        return -1;
    for (uint32_t i = 0; i < b->count; i++) {
        rec.cycle += b->near ? b->near[i] : b->step[i];
        trace_point(r, b->point[i], &rec);
        p->last = rec.cycle + p->later;
        p->began = p->began ? p->began : p->last;
        if ((rec.mark ? trace_append_mark(p->to, rec.addr, rec.cause, p->last, e) : trace_append(p->to, rec.addr, p->last, e)) < 0)
            return -1;
    }
    return 0;
}

/* What stands before the first phrase, the kernel's start, counts as part of phrase 0 of the first pass only. */
static int go_through(const char *path, struct pass *p, struct err *e) {
    struct trace_reader *r = trace_open(path, e);
    struct trace_batch b;
    int rc = r ? 0 : -1;
    while (rc == 0 && (rc = trace_next_batch(r, &b, e)) > 0) {
        p->phrases += b.known != NULL;
        bool wanted = p->phrases ? p->phrases > p->first && p->phrases <= p->end : p->first == 0;
        rc = p->to && wanted ? write_batch(p, r, &b, e) : 0;
    }
    trace_close(r);
    return rc;
}

static int repeat(const char *from, const char *path, uint64_t times, struct err *e) {
    struct pass p = {0};
    struct trace_reader *r = trace_open(from, e);
    if (!r || go_through(from, &p, e) < 0)
        return -1;
    uint64_t phrases = p.phrases, length = 0;
    p.to = trace_create(path, trace_get_info(r), e);
    trace_close(r);
    for (uint64_t i = 0; p.to && i < times; i++) {
        p = (struct pass){.to = p.to, .later = i * length, .first = i ? 1 : 0, .end = i + 1 < times ? phrases - 1 : phrases};
        if (go_through(from, &p, e) < 0) {
            trace_abort(p.to);
            return -1;
        }
        length = length ? length : p.last - p.began + 1;
    }
    return p.to ? trace_commit(p.to, e) : -1;
}

int main(int argc, char **argv) {
    struct err e = {0};
    if (argc != 4)
        return ERR_USAGE;
    if (repeat(argv[1], argv[2], strtoull(argv[3], NULL, 10), &e) == 0)
        return 0;
    fprintf(stderr, "repeat_trace: %s\n", e.text);
    return ERR_INPUT;
}
