#include "analyzer/command.h"
#include "analyzer/coverage.h"

#include <getopt.h>
#include <inttypes.h>

static bool print_example(const struct coverage_unit *u, const struct coverage_example *x) {
    printf("%s  %u misses  predicted %" PRIu64 "  ", u->id, x->state.count, x->expected);
    if (x->replay.refused)
        printf("not replayed: %s\n", x->replay.refused);
    else if (x->replay.failed)
        printf("%s\n", x->replay.failed);
    else
        printf("measured %" PRIu64 "%s\n", x->replay.cycles, x->agrees ? "" : "  DIFFERENT");
    return x->replay.refused || x->agrees;
}

static int work(const char *path, const struct coverage_options *o) {
    struct err e;
    struct analysis *a = analysis_read(path, &e);
    bool agree = true;
    int rc = a ? 0 : -1;
    if (rc == 0 && !a->platform)
        rc = err_set(&e, ERR_INPUT, "%s: [kernel] needs 'platform': where is it to be replayed?", path);
    struct coverage *c = rc == 0 ? coverage_analyse(a, o, &e) : NULL;
    rc = c && coverage_replay(c, a->platform, &e) == 0 ? 0 : command_fail(&command_replay, &e);
    for (size_t i = 0; rc == 0 && i < c->units.len; i++)
        for (size_t k = 0; k < c->units.data[i].examples.len; k++)
            agree &= print_example(&c->units.data[i], &c->units.data[i].examples.data[k]);
    coverage_free(c);
    analysis_free(a);
    return command_done(&command_replay, rc ? rc : agree ? 0 : ERR_EXCEEDED);
}

static int run(int argc, char **argv) {
    const char *path = "potoroo.ini";
    struct coverage_options o = {.steps = 1000000};
    static const struct option options[] = {{"config", required_argument, NULL, 'c'}, {"unit", required_argument, NULL, 'u'},
                                            {"exact", no_argument, NULL, 'x'},        {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, "c:", options, NULL)) != -1;) {
        switch (c) {
        case 'c': path = optarg; break;
        case 'u': o.unit = optarg; break;
        case 'x': o.exact = true; break;
        default: return command_bad_option(&command_replay);
        }
    }
    if (optind != argc)
        return command_usage(&command_replay, "'%s' is not wanted here", argv[optind]);
    return work(path, &o);
}

const struct command command_replay = {
    "replay", "put states that were not measured into the platform, and run them", run,
    "usage: potoroo replay [-c potoroo.ini] [--unit U] [--exact]\n"
    "\n"
    "Finds the counterexamples of potoroo coverage, prepares registers, memory and caches on the platform as each\n"
    "of them says, runs the unit from there and prints the cycles that were predicted and those that it took.\n"
    "\n"
    "  -c, --config FILE    the analysis (default: potoroo.ini); it must name a model and a platform\n"
    "      --unit U         only unit U: FROM->TO, or all that begin at the place U\n"
    "      --exact          every count that was not observed, not only one for each unit\n"
    "\n"
    "Exit code 1: one of them did not take what was predicted.\n"};
