#include "analyzer/command.h"
#include "tracer/tracer.h"

#include <getopt.h>
#include <math.h>

static int parse(int argc, char **argv, struct run_options *o, const char **ranges) {
    static const struct option options[] = {
        {"platform", required_argument, NULL, 'p'}, {"kernel", required_argument, NULL, 'k'},  {"output", required_argument, NULL, 'o'},
        {"points", required_argument, NULL, 'P'},   {"range", required_argument, NULL, 'r'},   {"timeout", required_argument, NULL, 't'},
        {"truth", required_argument, NULL, 'T'},    {"console", required_argument, NULL, 'c'}, {"facts", required_argument, NULL, 'f'},
        {"port-output", required_argument, NULL, 'b'}, {"must-end", no_argument, NULL, 'm'},     {"cycles", required_argument, NULL, 'C'},
        {0}};
    size_t n = 0;
    char *end;
    for (int c; (c = getopt_long(argc, argv, "+p:k:o:f:", options, NULL)) >= 0;)
        switch (c) {
        case 'p': o->platform = optarg; break;
        case 'k': o->kernel = optarg; break;
        case 'o': o->output = optarg; break;
        case 'b': o->port_output = optarg; break;
        case 'f': o->facts = optarg; break;
        case 'r': ranges[n++] = optarg; break;
        case 'T': o->truth = optarg; break;
        case 'c': o->console = optarg; break;
        case 'm': o->must_end = true; break;
        case 'C':
            if (parse_u64(optarg, &o->cycles) < 0 || !o->cycles)
                return command_usage(&command_run, "--cycles wants a number of cycles, not %s", optarg);
            break;
        case 'P':
            o->port = strcmp(optarg, "port") == 0;
            if (!o->port && strcmp(optarg, "probes") != 0)
                return command_usage(&command_run, "--points=probes or port, not %s", optarg);
            break;
        case 't':
            o->timeout = strtod(optarg, &end);
            if (*end || end == optarg || !isfinite(o->timeout) || o->timeout <= 0)
                return command_usage(&command_run, "--timeout wants a number of seconds, not %s", optarg);
            break;
        default: return command_bad_option(&command_run);
        }
    o->qemu_args = argv + optind;
    bool stray = optind < argc && strcmp(argv[optind - 1], "--") != 0;
    if (!o->platform || !o->kernel || !o->output)
        return command_usage(&command_run, "-p, -k and -o are needed");
    return stray ? command_usage(&command_run, "QEMU's arguments stand behind --: %s", argv[optind]) : 0;
}

static int run(int argc, char **argv) {
    struct err e;
    struct run_summary s;
    struct run_options o = {0};
    const char **ranges = mem_alloc((size_t)(argc + 1) * sizeof *ranges);
    o.ranges = ranges;
    int rc = parse(argc, argv, &o, ranges);
    if (rc == 0)
        rc = tracer_run(&o, &s, &e) < 0 ? command_fail(&command_run, &e) : 0;
    free(ranges);
    if (rc == 0 && s.stopped)
        fprintf(stderr, "potoroo run: stopped after %g s: the guest had not powered off; %llu records are kept\n", o.timeout > 0 ? o.timeout : 600, (unsigned long long)s.records);
    if (rc == 0 && s.stopped && s.entry != 0x80000000)
        fprintf(stderr, "potoroo run: the board begins at 0x80000000, but the kernel's entry is 0x%llx: is it linked so that it comes first?\n", (unsigned long long)s.entry);
    if (rc == 0 && s.lost)
        fprintf(stderr, "potoroo run: %llu records were lost: the kernel's trace buffer was full\n", (unsigned long long)s.lost);
    return rc;
}

const struct command command_run = {
    "run", "boot a kernel on a platform and write a trace", run,
    "usage: potoroo run -p PLATFORM.ini -k KERNEL.elf -o T.ptrace [OPTION]… [-- QEMU-ARGUMENT…]\n"
    "\n"
    "Boots the kernel on the platform and writes when it passed which point, until it powers off or is stopped.\n"
    "\n"
    "  -p, --platform FILE  the board's timing\n"
    "  -k, --kernel FILE    the kernel, compiled with `potoroo cc` (any kernel for --points=port)\n"
    "  -o, --output FILE    the trace; it appears when it is whole\n"
    "  --points=probes      what the kernel's own probes record (the default)\n"
    "  --points=port        what the board's trace port shows, at every basic block; no probes are needed\n"
    "  --port-output FILE   besides the probes' trace, what the port shows of the same run: a trace of its own\n"
    "  -f, --facts FILE     flow facts: what they tell of indirect calls and jumps makes blocks too (--points=port)\n"
    "  --range SYMBOL       only within this function, or LOW-HIGH; may be repeated (--points=port)\n"
    "  --timeout SECONDS    stop it then, default 600; what was recorded is kept\n"
    "  --must-end           not powering off in time is an error, and nothing is kept\n"
    "  --cycles N           stop it after N cycles: the same trace each time, for a kernel that never powers off\n"
    "  --console FILE       where the guest's console goes, - for standard output; default: nowhere\n"
    "  --truth FILE         also write the board's own counts, for tests: no analysis reads them\n"
    "\n"
    "Arguments behind -- go to QEMU: `-- -device loader,addr=ADDRESS,data=N,data-len=8` puts a number into the guest's memory.\n"
    "Environment: POTOROO_QEMU names the emulator, POTOROO_PLUGIN the board's plugin, where they are not found by themselves.\n"
};
