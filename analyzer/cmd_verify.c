#include "analyzer/analyzer.h"
#include "analyzer/command.h"

#include <getopt.h>
#include <inttypes.h>

static int verify(const char *analysis, const char *result, char **traces, bool strict) {
    struct err e;
    struct verify_summary s;
    struct analysis *a = analysis_read(analysis, &e);
    if (!a || verify_result(a, result, traces, stdout, &s, &e) < 0) {
        analysis_free(a);
        return command_fail(&command_verify, &e);
    }
    if (s.edge_violations)
        printf("steps above their cost: %" PRIu64 "\n", s.edge_violations);
    printf("violations: %" PRIu64 " entries: %" PRIu64 " worst ratio: %.4f\n", s.violations, s.entries, s.worst_ratio);
    analysis_free(a);
    return command_done(&command_verify, s.violations || s.entries == 0 || (strict && s.edge_violations) ? ERR_EXCEEDED : 0);
}

static int run(int argc, char **argv) {
    const char *analysis = "potoroo.ini", *result = NULL;
    bool strict = false;
    static const struct option options[] = {{"config", required_argument, NULL, 'c'}, {"result", required_argument, NULL, 'r'}, {"strict", no_argument, NULL, 's'}, {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, "c:r:", options, NULL)) != -1;) {
        switch (c) {
        case 'c': analysis = optarg; break;
        case 'r': result = optarg; break;
        case 's': strict = true; break;
        default: return command_bad_option(&command_verify);
        }
    }
    if (!result || optind == argc)
        return command_usage(&command_verify, "-r and at least one trace are needed");
    return verify(analysis, result, argv + optind, strict);
}

const struct command command_verify = {
    "verify", "hold further traces against a result", run,
    "usage: potoroo verify [-c potoroo.ini] -r R.json [--strict] T.ptrace…\n"
    "\n"
    "Replays the traces and compares each kernel entry with the bounds of R.json. An entry above its bound, or\n"
    "one that no row speaks of, is a violation. The last line is `violations: N entries: N worst ratio: X`, the\n"
    "ratio being the largest of observed time to bound. Exit code 1 on any violation, or if there was no entry.\n"
    "\n"
    "  -c, --config FILE   the analysis (default: potoroo.ini)\n"
    "  -r, --result R.json what `potoroo wcet -o` wrote\n"
    "      --strict        also fail if a step took longer than the cost that the bounds used for it\n"};
