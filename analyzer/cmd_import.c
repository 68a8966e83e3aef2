#include "analyzer/command.h"
#include "tracer/tracer.h"

#include <getopt.h>
#include <inttypes.h>

enum { SHOWN = 20 };

struct told {
    const char *input;
    uint64_t problems;
};

static void tell(void *user, uint64_t line, const char *text) {
    struct told *t = user;
    if (t->problems++ < SHOWN)
        fprintf(stderr, "potoroo import: %s:%" PRIu64 ": %s\n", t->input, line, text);
}

static int import(struct import_options *o) {
    struct err e;
    struct import_summary s;
    struct told told = {.input = o->input};
    o->problem = tell;
    o->user = &told;
    if (tracer_import(o, &s, &e) < 0)
        return command_fail(&command_import, &e);
    if (s.problems > SHOWN)
        fprintf(stderr, "potoroo import: %" PRIu64 " problems more\n", s.problems - SHOWN);
    fprintf(stderr, "%" PRIu64 " records of %" PRIu64 " dumps, %" PRIu64 " records lost, %" PRIu64 " problems\n", s.records, s.dumps, s.lost, s.problems);
    return 0;
}

static int run(int argc, char **argv) {
    static const struct option options[] = {{"kernel", required_argument, NULL, 'k'}, {"output", required_argument, NULL, 'o'},
                                            {"platform", required_argument, NULL, 'p'}, {"clock", required_argument, NULL, 'c'}, {0}};
    struct import_options o = {0};
    for (int c; (c = getopt_long(argc, argv, "k:o:p:", options, NULL)) >= 0;)
        switch (c) {
        case 'k': o.kernel = optarg; break;
        case 'o': o.output = optarg; break;
        case 'p': o.platform = optarg; break;
        case 'c':
            if (parse_u64(optarg, &o.clock_hz) < 0 || !o.clock_hz)
                return command_usage(&command_import, "--clock wants a number of Hz, not %s", optarg);
            break;
        default: return command_bad_option(&command_import);
        }
    if (argc - optind != 1 || !o.kernel || !o.output || !o.platform == !o.clock_hz)
        return command_usage(&command_import, "-k, -o, either -p or --clock, and one log are needed");
    o.input = argv[optind];
    return import(&o);
}

const struct command command_import = {
    "import", "make a trace of what a target printed on its console", run,
    "usage: potoroo import -k KERNEL.elf (-p PLATFORM.ini | --clock HZ) -o T.ptrace LOG\n"
    "\n"
    "Reads the records that potoroo_dump() of the target's runtime (tracer/target/potoroo.c) has printed into a console's log; LOG - is standard\n"
    "input. Other lines, and what else stands in a line, do not matter. Lines that are torn, missing, doubled or out of order are told of by\n"
    "number; what they held is marked as lost in the trace, the rest is kept. Exit code 3 if no record is whole.\n"
    "\n"
    "  -k, --kernel FILE    the kernel that printed it\n"
    "  -p, --platform FILE  the board it ran on, as `potoroo run` knows it\n"
    "      --clock HZ       another board: its clock\n"
    "  -o, --output FILE    the trace\n"};
