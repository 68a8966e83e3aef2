/* tracer_import on mutated logs, under the sanitizers: import_fuzz ROUNDS [SEED]. Whatever comes in, no record comes out that was not in the
 * log whole, and none is lost without being counted. The kernel's image is a stub: any multiple of four is a point. */
#include "tracer/run.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

enum { POINTS = 64, LOG_MAX = 1 << 15, RECORDS = 300 };

static struct point points[POINTS];
const char *image_path(const struct image *img) { return (const char *)img; }
const char *image_build_id(const struct image *img) { return (const char *)img; }
struct image *image_open(const char *path, struct err *e) { return path ? (struct image *)"stub" : (err_set(e, ERR_INPUT, "no path"), NULL); }
void image_free(struct image *img) { (void)img; }
size_t image_points(const struct image *img, const struct point **p) {
    *p = img ? points : NULL;
    return POINTS;
}
int platform_info(const char *path, struct trace_info *info, struct err *e) { return path && info ? 0 : err_set(e, ERR_INPUT, "none"); }

static uint64_t state = 1;
static uint64_t rnd(uint64_t n) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % n;
}

static uint32_t sum_of(const char *p, const char *end) {
    uint32_t sum = 2166136261u;
    for (; p < end; p++)
        sum = (sum ^ (unsigned char)*p) * 16777619u;
    return sum;
}

static size_t finish(char *log, size_t from, size_t at) { return at + (size_t)sprintf(log + at, " %08x\n", sum_of(log + from, log + at)); }

/* As tracer/target/potoroo.c writes it. */
static size_t make_log(char *log) {
    size_t at = (size_t)sprintf(log, "ptr< %016x %016x", RECORDS, 3);
    at = finish(log, 5, at);
    for (unsigned i = 0; i < RECORDS; i += 4) {
        size_t from = at + 5;
        at += (size_t)sprintf(log + at, "ptr: %08x", i);
        for (unsigned k = i; k < i + 4; k++)
            at += (size_t)sprintf(log + at, " %08x%08x", 0x1000 + 4 * (k * 7 % POINTS), k * 10);
        at = finish(log, from, at);
    }
    size_t from = at + 5;
    at += (size_t)sprintf(log + at, "ptr> %016x", RECORDS);
    return finish(log, from, at);
}

static size_t mutate(char *log, size_t size) {
    static const char pieces[] = "ptr: ptr< ptr> 0123456789abcdef\n \r\0";
    for (uint64_t n = rnd(8); n-- > 0 && size > 200;) {
        size_t at = rnd(size), length = rnd(120);
        switch (rnd(4)) {
        case 0: log[at] = (char)rnd(256); break;
        case 1:
            length = length < size - at ? length : size - at;
            memmove(log + at, log + at + length, size - at - length);
            size -= length;
            break;
        case 2:
            if (size + length > LOG_MAX)
                break;
            memmove(log + at + length, log + at, size - at);
            for (size_t i = 0; i < length; i++)
                log[at + i] = pieces[rnd(sizeof pieces)];
            size += length;
            break;
        default: size = rnd(8) ? size : at;
        }
    }
    return size;
}

static void check_trace(const char *path, const struct import_summary *s) {
    struct err e;
    struct trace_record r;
    uint64_t n = 0, lost = 0, last = 0;
    struct trace_reader *t = trace_open(path, &e);
    while (t && trace_next(t, &r, &e) == 1) {
        uint64_t k = r.cycle / 10;
        if (k >= RECORDS || r.cycle % 10 || r.addr != 0x1000 + 4 * (k * 7 % POINTS) || r.cycle < last) {
            fprintf(stderr, "record %" PRIu64 ": 0x%" PRIx64 " at %" PRIu64 " was in no log\n", n, r.addr, r.cycle);
            abort();
        }
        last = r.cycle;
        lost += r.lost;
        n++;
    }
    if (!t || n != s->records || trace_lost(t) != s->lost || lost > s->lost)
        abort();
    trace_close(t);
}

int main(int argc, char **argv) {
    long rounds = argc > 1 ? atol(argv[1]) : 1000;
    char dir[] = "/tmp/potoroo-import-XXXXXX", log_path[64], out[64], *log = mem_alloc(LOG_MAX + 1), *mutant = mem_alloc(LOG_MAX + 1);
    state = argc > 2 ? (uint64_t)atol(argv[2]) * 2654435761u + 1 : 1;
    if (!mkdtemp(dir))
        return 1;
    snprintf(log_path, sizeof log_path, "%s/log", dir);
    snprintf(out, sizeof out, "%s/t.ptrace", dir);
    for (unsigned i = 0; i < POINTS; i++)
        points[i].addr = 0x1000 + 4 * i;
    size_t whole = make_log(log);
    long refused = 0;
    for (long i = 0; i < rounds; i++) {
        memcpy(mutant, log, whole);
        size_t size = i ? mutate(mutant, whole) : whole;
        FILE *f = fopen(log_path, "wb");
        if (!f || fwrite(mutant, 1, size, f) != size || fclose(f) != 0)
            return 1;
        struct import_options o = {.kernel = "k", .input = log_path, .output = out, .clock_hz = 1};
        struct import_summary s;
        struct err e;
        if (tracer_import(&o, &s, &e) < 0)
            refused++;
        else
            check_trace(out, &s);
        if (i == 0 && (s.records != RECORDS || s.lost != 3 || s.problems))
            abort();
        unlink(out);
    }
    unlink(log_path);
    rmdir(dir);
    free(log);
    free(mutant);
    printf("  %ld mutated logs, %ld refused\n1 passed, 0 failed\n", rounds, refused);
    return 0;
}
