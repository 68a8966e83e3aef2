#include "analyzer/command.h"
#include "tracer/tracer.h"

#include <getopt.h>
#include <inttypes.h>

struct dump {
    struct image *img;        /* NULL: no names */
    bool csv;
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
        rc = command_done(&command_dump, print_all(d, t));
    trace_close(t);
    image_free(d->img);
    return rc;
}

static int run(int argc, char **argv) {
    static const struct option options[] = {{"format", required_argument, NULL, 'f'}, {"kernel", required_argument, NULL, 'k'}, {0}};
    struct dump d = {0};
    const char *kernel = NULL;
    for (int c; (c = getopt_long(argc, argv, "k:", options, NULL)) >= 0;) {
        if (c == '?')
            return command_bad_option(&command_dump);
        if (c == 'k')
            kernel = optarg;
        else if (strcmp(optarg, "ctf") == 0 || strcmp(optarg, "chrome") == 0)
            return command_usage(&command_dump, "--format=%s is not available", optarg);
        else if (!(d.csv = strcmp(optarg, "csv") == 0) && strcmp(optarg, "text") != 0)
            return command_usage(&command_dump, "--format=text or csv, not %s", optarg);
    }
    if (argc - optind != 1)
        return command_usage(&command_dump, "which trace?");
    return dump(argv[optind], kernel, &d);
}

const struct command command_dump = {
    "dump", "print a trace", run,
    "usage: potoroo dump T.ptrace [--format=text|csv] [-k KERNEL.elf]\n"
    "\n"
    "A line for each record: its number, its cycle, the point's address and, with -k, its place in the kernel.\n"
    "\n"
    "  --format=text       for people (the default)\n"
    "  --format=csv        record,cycle,address,symbol,lost_before\n"
    "  -k, --kernel FILE   the kernel that was traced\n"
    "\n"
    "Of a damaged or cut trace, everything that is whole is printed; the exit code is then 3.\n"
};
