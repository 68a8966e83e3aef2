/* From a console's log to a trace: the lines that tracer/target/potoroo.c prints, wherever they stand among others.
 *
 * A line is believed only if its sum is right, and its records only if they follow those before. What is torn, missing or doubled is told
 * of with its line number and is a loss in the trace; nothing is guessed. One thing cannot be seen: a loss in which the 32 bits of the
 * cycle wrapped more than once. */
#include "tracer/run.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>

enum { PER_LINE = 4, MARK = 5, PROBLEM_ROOM = 160 };

struct import {
    const struct import_options *o;
    struct import_summary *s;
    struct trace_writer *trace;
    struct drain *drain;
    uint64_t line;
    bool in_dump;
    uint64_t expected, total; /* number of the next record; of all of this dump */
};

static void problem(struct import *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void problem(struct import *m, const char *fmt, ...) {
    char text[PROBLEM_ROOM];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    m->s->problems++;
    if (m->o->problem)
        m->o->problem(m->o->user, m->line, text);
}

/* ---- one line ------------------------------------------------------------------------------------------------------- */

/* DIGITS hexadecimal digits at *P, and no more of them behind. */
static bool take_hex(const char **p, int digits, uint64_t *v) {
    *v = 0;
    for (int i = 0; i < digits; i++) {
        int c = (unsigned char)*(*p)++;
        if (!isdigit(c) && (c < 'a' || c > 'f'))
            return false;
        *v = *v << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return !isxdigit((unsigned char)**p);
}

static uint32_t sum_of(const char *from, const char *to) {
    uint32_t sum = 2166136261u;
    while (from < to)
        sum = (sum ^ (unsigned char)*from++) * 16777619u;
    return sum;
}

/* " SUM", of what stands from FROM on. */
static bool sum_right(const char *from, const char *p) {
    uint64_t sum;
    const char *to = p;
    return *p++ == ' ' && take_hex(&p, 8, &sum) && sum == sum_of(from, to);
}

static int lose(struct import *m, uint64_t records, struct err *e) {
    m->s->lost += records;
    return trace_append_lost(m->trace, records, e);
}

static int end_dump(struct import *m, struct err *e) {
    uint64_t missing = m->in_dump && m->expected < m->total ? m->total - m->expected : 0;
    if (missing)
        problem(m, "%" PRIu64 " records are missing at the end of the dump", missing);
    m->in_dump = false;
    return lose(m, missing, e);
}

static int take_begin(struct import *m, const char *text, struct err *e) {
    uint64_t records, lost;
    const char *p = text;
    if (!take_hex(&p, 16, &records) || *p++ != ' ' || !take_hex(&p, 16, &lost) || !sum_right(text, p)) {
        problem(m, "a damaged line: the beginning of a dump");
        return 0;
    }
    if (m->in_dump)
        problem(m, "a dump begins before the last one ended");
    if (end_dump(m, e) < 0)
        return -1;
    m->in_dump = true;
    m->expected = 0;
    m->total = records;
    m->s->dumps++;
    return lose(m, lost, e);
}

static int take_end(struct import *m, const char *text, struct err *e) {
    uint64_t records;
    const char *p = text;
    if (!take_hex(&p, 16, &records) || !sum_right(text, p)) {
        problem(m, "a damaged line: the end of a dump");
        return 0;
    }
    m->total = records;
    return end_dump(m, e);
}

static int append(struct import *m, uint64_t first, const uint64_t *record, uint64_t n, struct err *e) {
    if (first < m->expected) {
        problem(m, "record %" PRIu64 " again, or out of order: dropped", first);
        return 0;
    }
    if (first > m->expected) {
        problem(m, "%" PRIu64 " records are missing before this line", first - m->expected);
        if (lose(m, first - m->expected, e) < 0)
            return -1;
    }
    m->expected = first + n;
    for (uint64_t i = 0; i < n; i++) {
        uint32_t half[2] = {htole32((uint32_t)(record[i] >> 32)), htole32((uint32_t)record[i])};
        if (drain_take(m->drain, (const uint8_t *)half, sizeof half, e) < 0)
            return -1;
    }
    return 0;
}

static int take_records(struct import *m, const char *text, struct err *e) {
    uint64_t first, record[PER_LINE], n = 0;
    const char *p = text;
    bool good = take_hex(&p, 8, &first);
    for (const char *q; good && n < PER_LINE && *(q = p) == ' ' && (q++, take_hex(&q, 16, &record[n])); n++)
        p = q;
    if (!good || !n || !sum_right(text, p)) {
        problem(m, "a damaged line: records");
        return 0;
    }
    if (!m->in_dump) { /* its first line was lost */
        problem(m, "records outside of a dump: its beginning is missing");
        m->in_dump = true;
        m->expected = m->total = 0;
        m->s->dumps++;
    }
    return append(m, first, record, n, e);
}

/* Everything that begins like a line of ours, even in the middle of another: what came before may be another's output. */
static int take_line(struct import *m, const char *line, struct err *e) {
    for (const char *at = line; (at = strstr(at, "ptr")); at += 3) {
        int rc = 0;
        if (strncmp(at, "ptr< ", MARK) == 0)
            rc = take_begin(m, at + MARK, e);
        else if (strncmp(at, "ptr: ", MARK) == 0)
            rc = take_records(m, at + MARK, e);
        else if (strncmp(at, "ptr> ", MARK) == 0)
            rc = take_end(m, at + MARK, e);
        if (rc < 0)
            return err_wrap(e, "line %" PRIu64, m->line);
    }
    return 0;
}

/* ---- the whole ------------------------------------------------------------------------------------------------------ */

static int take_file(struct import *m, struct err *e) {
    FILE *f = strcmp(m->o->input, "-") == 0 ? stdin : fopen(m->o->input, "r");
    char *line = NULL;
    size_t room = 0;
    int rc = 0;
    if (!f)
        return err_set(e, ERR_INPUT, "%s: %s", m->o->input, strerror(errno));
    for (ssize_t n; rc == 0 && (n = getline(&line, &room, f)) >= 0;) {
        m->line++;
        for (ssize_t i = 0; i < n; i++)
            line[i] = line[i] ? line[i] : ' '; /* noise may be anything */
        rc = take_line(m, line, e);
    }
    if (rc == 0 && ferror(f))
        rc = err_set(e, ERR_INPUT, "reading it: %s", strerror(errno));
    free(line);
    if (f != stdin)
        fclose(f);
    if (rc == 0 && m->in_dump && (problem(m, "the end of the dump is missing"), end_dump(m, e) < 0))
        rc = -1;
    return rc < 0 ? err_wrap(e, "%s", m->o->input) : 0;
}

static int import(struct import *m, const struct image *img, struct err *e) {
    struct run_summary s;
    struct trace_info info = {.isa = "rv64", .clock_hz = m->o->clock_hz};
    snprintf(info.build_id, sizeof info.build_id, "%s", image_build_id(img));
    snprintf(info.platform, sizeof info.platform, "imported");
    if (m->o->platform && platform_info(m->o->platform, &info, e) < 0)
        return -1;
    if (!(m->trace = trace_create(m->o->output, &info, e)) || !(m->drain = drain_new(img, false, m->trace, e)) || take_file(m, e) < 0 ||
        drain_end(m->drain, &s, e) < 0)
        return -1;
    m->s->records = s.records;
    if (!s.records)
        return err_set(e, ERR_INPUT, "%s: not a single whole record in it", m->o->input);
    struct trace_writer *w = m->trace;
    m->trace = NULL;
    return trace_commit(w, e);
}

int tracer_import(const struct import_options *o, struct import_summary *s, struct err *e) {
    struct import m = {.o = o, .s = s};
    struct image *img = image_open(o->kernel, e);
    *s = (struct import_summary){0};
    int rc = img ? import(&m, img, e) : -1;
    trace_abort(m.trace);
    drain_free(m.drain);
    image_free(img);
    return rc;
}
