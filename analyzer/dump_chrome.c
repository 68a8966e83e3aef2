/* Chrome's and Perfetto's JSON: a slice for each kernel entry, in it one for each step from a point to the next. Times are microseconds. */
#include "analyzer/dump_format.h"

#include <inttypes.h>

struct format_sink {
    uint64_t hz, depth, last;
    bool any, step;           /* step: the one that began at `last` is open */
    char *place;
};

static struct format_sink *chrome_open(const char *output, const struct trace_info *info, struct err *e) {
    if (output) {
        err_set(e, ERR_USAGE, "this format goes to standard output");
        return NULL;
    }
    struct format_sink *s = mem_alloc(sizeof *s);
    s->hz = info->clock_hz ? info->clock_hz : 1000000;
    printf("{\"displayTimeUnit\": \"ns\", \"otherData\": {\"isa\": \"%s\", \"kernel\": \"%s\", \"platform\": \"%s\", \"points\": \"%s\", \"clock\": \"%" PRIu64
           "\"},\n\"traceEvents\": [\n", info->isa, info->build_id, info->platform, info->port ? "port" : "probes", info->clock_hz);
    return s;
}

/* Without rounding as far as a nanosecond goes; then down. */
static void put_time(const struct format_sink *s, const char *key, uint64_t cycles) {
    uint64_t seconds = cycles / s->hz, rest = cycles % s->hz;
    uint64_t ns = (uint64_t)((unsigned __int128)rest * 1000000000 / s->hz);
    printf(", \"%s\": %" PRIu64 ".%03" PRIu64, key, seconds * 1000000 + ns / 1000, ns % 1000);
}

static void put_name(const char *text) {
    for (; *text; text++)
        if (*text == '"' || *text == '\\' || (unsigned char)*text < ' ')
            printf("\\u%04x", (unsigned char)*text);
        else
            putchar(*text);
}

static void begin_event(struct format_sink *s, const char *phase, const char *name, uint64_t cycle) {
    printf("%s{\"pid\": 1, \"tid\": 1, \"ph\": \"%s\", \"name\": \"", s->any ? ",\n" : "", phase);
    s->any = true;
    put_name(name);
    putchar('"');
    put_time(s, "ts", cycle);
}

static void end_step(struct format_sink *s, uint64_t cycle) {
    if (s->step) {
        begin_event(s, "X", s->place, s->last);
        put_time(s, "dur", cycle - s->last);
        printf(", \"args\": {\"cycles\": %" PRIu64 "}}", cycle - s->last);
    }
    s->step = false;
}

static void begin_step(struct format_sink *s, const struct trace_record *r, const char *place) {
    free(s->place);
    s->place = *place ? str_dup(place) : str_printf("0x%" PRIx64, r->addr);
    s->last = r->cycle;
    s->step = true;
}

static void close_entries(struct format_sink *s, uint64_t cycle) {
    for (; s->depth; s->depth--) {
        begin_event(s, "E", "", cycle);
        putchar('}');
    }
}

static void put_loss(struct format_sink *s, uint64_t records, uint64_t cycle) {
    s->step = false;
    close_entries(s, s->last);
    begin_event(s, "i", "lost", cycle);
    printf(", \"s\": \"g\", \"args\": {\"records\": %" PRIu64 "}}", records);
}

static int chrome_record(struct format_sink *s, const struct trace_record *r, enum record_kind kind, const char *place, struct err *e) {
    if (r->lost)
        put_loss(s, r->lost, r->cycle);
    end_step(s, r->cycle);
    if (kind == RECORD_ENTER) {
        begin_event(s, "B", *place ? place : "entry", r->cycle);
        putchar('}');
        s->depth++;
    }
    if (kind == RECORD_LEAVE && s->depth) {
        begin_event(s, "E", "", r->cycle);
        putchar('}');
        s->depth--;
    }
    if (kind != RECORD_LEAVE)
        begin_step(s, r, place);
    s->last = r->cycle;
    return ferror(stdout) ? err_set(e, ERR_INPUT, "standard output cannot be written") : 0;
}

static int chrome_close(struct format_sink *s, uint64_t lost_at_end, struct err *e) {
    (void)e;
    if (lost_at_end)
        put_loss(s, lost_at_end, s->last);
    close_entries(s, s->last);
    puts("\n]}");
    free(s->place);
    free(s);
    return 0;
}

const struct format format_chrome = {chrome_open, chrome_record, chrome_close};
