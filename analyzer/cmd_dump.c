#include "analyzer/command.h"
#include "analyzer/dump_format.h"
#include "tracer/tracer.h"

#include <getopt.h>
#include <inttypes.h>

struct dump {
    struct image *img;        /* NULL: no names */
    bool csv;
    const struct format *format; /* NULL: text or csv */
    const char *output;
    struct map kinds;         /* of the kernel's points that are no probes */
};

/* The symbol that ADDR lies in: the last one at or before it. */
static const struct symbol *symbol_of(const struct image *img, uint64_t addr) {
    const struct symbol *symbols;
    size_t low = 0, high = image_symbols(img, &symbols);
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (symbols[mid].addr <= addr)
            low = mid + 1;
        else
            high = mid;
    }
    while (low > 0 && low > 1 && symbols[low - 1].addr == symbols[low - 2].addr && !symbols[low - 1].function)
        low--; /* of several at one place, rather a function's */
    return low ? &symbols[low - 1] : NULL;
}

static void print_place(const struct dump *d, uint64_t addr) {
    const struct symbol *s = d->img ? symbol_of(d->img, addr) : NULL;
    if (s && s->addr == addr)
        fputs(s->name, stdout);
    else if (s)
        printf("%s+0x%" PRIx64, s->name, addr - s->addr);
}

static void print_record(const struct dump *d, const struct trace_record *r, uint64_t position) {
    if (d->csv) {
        printf("%" PRIu64 ",%" PRIu64 ",0x%" PRIx64 ",", position, r->cycle, r->addr);
        print_place(d, r->addr);
        printf(",%" PRIu64 "\n", r->lost);
        return;
    }
    if (r->lost)
        printf("# %" PRIu64 " records are missing here\n", r->lost);
    printf("%10" PRIu64 " %14" PRIu64 " 0x%" PRIx64, position, r->cycle, r->addr);
    if (d->img) {
        putchar(' ');
        print_place(d, r->addr);
    }
    if (r->mark && r->cause)
        printf(" cause %s%" PRIu64, r->cause >> 63 ? "interrupt:" : "", r->cause & INT64_MAX);
    putchar('\n');
}

static void print_head(const struct dump *d, const struct trace_info *i) {
    if (d->csv)
        puts("record,cycle,address,symbol,lost_before");
    else
        printf("# isa %s, kernel %s, platform %s, clock %" PRIu64 " Hz, points: %s\n", i->isa, i->build_id, i->platform, i->clock_hz,
               i->port ? "port" : "probes");
}

static int print_all(const struct dump *d, struct trace_reader *t) {
    struct trace_record r;
    struct err e;
    uint64_t lost = 0;
    int rc, worst = 0;
    print_head(d, trace_get_info(t));
    while ((rc = trace_next(t, &r, &e)) != 0) {
        if (rc < 0) {
            worst = command_fail(&command_dump, &e);
            continue;
        }
        lost += r.lost;
        print_record(d, &r, trace_position(t));
    }
    if (!d->csv && trace_lost(t) > lost)
        printf("# %" PRIu64 " records are missing here\n", trace_lost(t) - lost);
    if (!trace_cut(t))
        return worst;
    fprintf(stderr, "potoroo dump: the trace was cut short: what stands above is all of it that is whole\n");
    return ERR_INPUT;
}

/* ---- other formats -------------------------------------------------------------------------------------------------- */

static const char *place_of(const struct dump *d, uint64_t addr, char *text, size_t size) {
    const struct symbol *s = d->img ? symbol_of(d->img, addr) : NULL;
    *text = 0;
    if (s && s->addr == addr)
        snprintf(text, size, "%s", s->name);
    else if (s)
        snprintf(text, size, "%s+0x%" PRIx64, s->name, addr - s->addr);
    return text;
}

/* A mark of the trace port is where a trap came to, or an instruction that returns from one. */
static enum record_kind kind_of(const struct dump *d, const struct trace_record *r) {
    enum { SRET = 0x10200073, MRET = 0x30200073 };
    uint64_t kind = POINT_PROBE;
    uint32_t word = 0;
    const uint8_t *code = r->mark && d->img ? image_at(d->img, r->addr, sizeof word) : NULL;
    if (code)
        memcpy(&word, code, sizeof word);
    if (code)
        return word == SRET || word == MRET ? RECORD_LEAVE : RECORD_ENTER;
    if (d->img && !r->mark)
        map_get(&d->kinds, r->addr, &kind);
    return kind == POINT_ENTER ? RECORD_ENTER : kind == POINT_LEAVE ? RECORD_LEAVE : RECORD_POINT;
}

static void index_kinds(struct dump *d, const struct trace_info *info) {
    const struct point *points;
    size_t n = d->img && !info->port ? image_points(d->img, &points) : 0;
    for (size_t i = 0; i < n; i++)
        if (points[i].kind != POINT_PROBE)
            map_put(&d->kinds, points[i].addr, points[i].kind);
}

static int convert(struct dump *d, struct trace_reader *t) {
    struct trace_record r;
    struct err e;
    char place[256];
    uint64_t lost = 0;
    int rc, worst = 0;
    index_kinds(d, trace_get_info(t));
    struct format_sink *s = d->format->open(d->output, trace_get_info(t), &e);
    if (!s)
        return command_fail(&command_dump, &e);
    while ((rc = trace_next(t, &r, &e)) != 0) {
        if (rc > 0 && (lost += r.lost, d->format->record(s, &r, kind_of(d, &r), place_of(d, r.addr, place, sizeof place), &e)) == 0)
            continue;
        worst = command_fail(&command_dump, &e);
        if (rc > 0)
            break;
    }
    if (d->format->close(s, trace_lost(t) - lost, &e) < 0)
        worst = command_fail(&command_dump, &e);
    if (trace_cut(t) && (worst = ERR_INPUT))
        fprintf(stderr, "potoroo dump: the trace was cut short: all of it that is whole was converted\n");
    return worst;
}

static int dump(const char *path, const char *kernel, struct dump *d) {
    struct err e;
    struct trace_reader *t = trace_open(path, &e);
    if (!t)
        return command_fail(&command_dump, &e);
    int rc = 0;
    if (kernel && !(d->img = image_open(kernel, &e)))
        rc = command_fail(&command_dump, &e);
    else if (kernel && strcmp(image_build_id(d->img), trace_get_info(t)->build_id) != 0)
        rc = command_fail(&command_dump, (err_set(&e, ERR_INPUT, "%s is a trace of another build than %s", path, kernel), &e));
    else
        rc = command_done(&command_dump, d->format ? convert(d, t) : print_all(d, t));
    trace_close(t);
    image_free(d->img);
    map_free(&d->kinds);
    return rc;
}

static int set_format(struct dump *d, const char *name) {
    d->csv = strcmp(name, "csv") == 0;
    d->format = strcmp(name, "ctf") == 0 ? &format_ctf : strcmp(name, "chrome") == 0 ? &format_chrome : NULL;
    return d->csv || d->format || strcmp(name, "text") == 0 ? 0 : -1;
}

static int run(int argc, char **argv) {
    static const struct option options[] = {{"format", required_argument, NULL, 'f'}, {"kernel", required_argument, NULL, 'k'},
                                            {"output", required_argument, NULL, 'o'}, {0}};
    struct dump d = {0};
    const char *kernel = NULL;
    for (int c; (c = getopt_long(argc, argv, "k:o:", options, NULL)) >= 0;) {
        if (c == '?')
            return command_bad_option(&command_dump);
        if (c == 'k')
            kernel = optarg;
        else if (c == 'o')
            d.output = optarg;
        else if (set_format(&d, optarg) < 0)
            return command_usage(&command_dump, "--format=text, csv, ctf or chrome, not %s", optarg);
    }
    if ((d.format == &format_ctf) != (d.output != NULL))
        return command_usage(&command_dump, "-o names a new folder for --format=ctf; the others go to standard output");
    if (argc - optind != 1)
        return command_usage(&command_dump, "which trace?");
    return dump(argv[optind], kernel, &d);
}

const struct command command_dump = {
    "dump", "print a trace", run,
    "usage: potoroo dump T.ptrace [--format=text|csv|ctf|chrome] [-k KERNEL.elf] [-o FOLDER]\n"
    "\n"
    "A line for each record: its number, its cycle, the point's address and, with -k, its place in the kernel.\n"
    "\n"
    "  --format=text       for people (the default)\n"
    "  --format=csv        record,cycle,address,symbol,lost_before\n"
    "  --format=ctf        the Common Trace Format 1.8, into a new folder (babeltrace2, Trace Compass)\n"
    "  --format=chrome     JSON for Perfetto and chrome://tracing: with -k a slice for each kernel entry, in it one for each step\n"
    "  -k, --kernel FILE   the kernel that was traced\n"
    "  -o, --output FOLDER where --format=ctf goes\n"
    "\n"
    "Of a damaged or cut trace, everything that is whole is printed; the exit code is then 3.\n"
};
