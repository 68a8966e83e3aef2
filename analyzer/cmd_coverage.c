#include "analyzer/command.h"
#include "analyzer/coverage.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <sys/stat.h>

struct options {
    const char *analysis, *output, *functional;
    struct coverage_options o;
    bool json, replay, close;
};

static int verdict(const struct coverage *c) {
    int rc = 0;
    for (size_t i = 0; i < c->units.len; i++) {
        const struct coverage_unit *u = &c->units.data[i];
        for (size_t k = 0; k < u->examples.len; k++) {
            const struct coverage_example *x = &u->examples.data[k];
            if (!x->replayed || x->agrees)
                continue;
            fprintf(stderr, "%s with %u misses: %" PRIu64 " cycles were predicted, ", u->id, x->state.count, x->expected);
            if (x->replay.failed)
                fprintf(stderr, "but %s\n", x->replay.failed);
            else
                fprintf(stderr, "the board took %" PRIu64 "%s\n", x->replay.cycles, x->replay.cycles == x->expected ? ", but with other misses" : "");
            rc = ERR_EXCEEDED;
        }
    }
    return rc;
}

static int output(const struct coverage *c, const struct options *o, struct err *e) {
    json_t *j = o->json || o->output ? coverage_json(c) : NULL;
    int rc = o->output ? json_write(j, o->output, e) : 0;
    if (rc == 0 && o->json)
        rc = json_write(j, NULL, e);
    json_decref(j);
    if (rc == 0 && !o->json)
        coverage_print(c, stdout);
    return rc;
}

static int make_folder(const char *path, struct err *e) {
    if (!path || mkdir(path, 0777) == 0 || errno == EEXIST)
        return 0;
    return err_set(e, ERR_INPUT, "%s: %s", path, strerror(errno));
}

static int functional(const struct coverage *c) {
    for (size_t i = 0; i < c->units.len; i++)
        for (size_t k = 0; k < c->units.data[i].paths.len; k++) {
            printf("%s, path %zu of %zu\n", c->units.data[i].id, k + 1, c->units.data[i].paths.len);
            cover_path_print(&c->units.data[i].paths.data[k].code, c->wcet->cfg, c->model, stdout);
        }
    return 0;
}

static int on_board(struct coverage **c, const struct options *o, const char *platform, struct err *e) {
    return o->close ? coverage_close(c, &o->o, platform, e) : coverage_replay(*c, platform, true, e);
}

static int work(const struct options *o) {
    struct err e;
    struct analysis *a = analysis_read(o->analysis, &e);
    if (!a || make_folder(o->o.proofs, &e) < 0) {
        analysis_free(a);
        return command_fail(&command_coverage, &e);
    }
    struct coverage *c = coverage_analyse(a, &o->o, &e);
    int rc = c ? 0 : -1;
    if (rc == 0 && (o->replay || o->close))
        rc = a->platform ? on_board(&c, o, a->platform, &e) : err_set(&e, ERR_INPUT, "%s: [kernel] needs 'platform': where is it to be replayed?", a->path);
    if (rc == 0)
        rc = o->functional ? functional(c) : output(c, o, &e);
    rc = rc == 0 ? verdict(c) : command_fail(&command_coverage, &e);
    coverage_free(c);
    analysis_free(a);
    return command_done(&command_coverage, rc);
}

static int run(int argc, char **argv) {
    struct options o = {.analysis = "potoroo.ini", .o = {.steps = 1000000, .rounds = 16}};
    static const struct option options[] = {{"config", required_argument, NULL, 'c'}, {"output", required_argument, NULL, 'o'},
                                            {"unit", required_argument, NULL, 'u'},   {"functional", required_argument, NULL, 'f'},
                                            {"proofs", required_argument, NULL, 'p'}, {"steps", required_argument, NULL, 's'},
                                            {"replay", no_argument, NULL, 'r'},       {"exact", no_argument, NULL, 'x'},
                                            {"json", no_argument, NULL, 'j'},         {"close", no_argument, NULL, 'l'},
                                            {"rounds", required_argument, NULL, 'R'}, {"budget", required_argument, NULL, 'b'},
                                            {"profile-out", required_argument, NULL, 'P'}, {"workload", required_argument, NULL, 'w'}, {NULL, 0, NULL, 0}};
    uint64_t rounds = o.o.rounds, seconds = 0;
    for (int c; (c = getopt_long(argc, argv, "c:o:", options, NULL)) != -1;) {
        switch (c) {
        case 'c': o.analysis = optarg; break;
        case 'o': o.output = optarg; break;
        case 'u': o.o.unit = optarg; break;
        case 'f': o.functional = o.o.unit = optarg; break;
        case 'p': o.o.proofs = optarg; break;
        case 'r': o.replay = true; break;
        case 'x': o.o.exact = true; break;
        case 'j': o.json = true; break;
        case 'l': o.close = true; break;
        case 'w': o.o.workload = optarg; break;
        case 'P': o.o.profile_out = optarg; break;
        case 'R':
            if (parse_u64(optarg, &rounds) < 0 || !rounds || rounds > UINT32_MAX)
                return command_usage(&command_coverage, "--rounds %s: not a number above 0", optarg);
            break;
        case 'b':
            if (parse_u64(optarg, &seconds) < 0 || !seconds)
                return command_usage(&command_coverage, "--budget %s: not a number of seconds above 0", optarg);
            break;
        case 's':
            if (parse_u64(optarg, &o.o.steps) < 0 || !o.o.steps)
                return command_usage(&command_coverage, "--steps %s: not a number above 0", optarg);
            break;
        default: return command_bad_option(&command_coverage);
        }
    }
    if (optind != argc)
        return command_usage(&command_coverage, "'%s' is not wanted here", argv[optind]);
    if ((o.o.profile_out || o.o.workload) && !o.close)
        return command_usage(&command_coverage, "--profile-out and --workload are for --close: without it nothing is taken in");
    o.o.rounds = (unsigned)rounds;
    o.o.seconds = (double)seconds;
    return work(&o);
}

const struct command command_coverage = {
    "coverage", "were the measurements enough? counterexamples if not", run,
    "usage: potoroo coverage [-c potoroo.ini] [-o R.json] [--json] [--unit U] [--functional U] [--replay] [--exact] [--proofs DIR] [--steps N]\n"
    "       potoroo coverage --close [--rounds N] [--budget SECONDS] [--workload COMMAND] [--profile-out P.prof] [the options above]\n"
    "\n"
    "For each unit (the code from one instrumentation point to the next) on a worst path: which counts of cache\n"
    "misses can it have, over all registers, memory and cache contents that the facts allow, and which were\n"
    "observed? Every unit is complete (all feasible counts were observed), or has a counterexample (a state with\n"
    "another count), or is open (with the reason).\n"
    "\n"
    "  -c, --config FILE    the analysis (default: potoroo.ini); it must name a model\n"
    "  -o, --output R.json  write the result\n"
    "      --json           print the result instead of the table\n"
    "      --unit U         only unit U: FROM->TO, or all that begin at the place U\n"
    "      --functional U   print the pure function that unit U is: registers, memory, caches -> misses\n"
    "      --replay         put every counterexample into the platform and run it: the count must be as predicted\n"
    "      --close          replay them, take what the replays showed as further observations of their units (told\n"
    "                       apart from the workload's everywhere, in no histogram), answer those units again, until\n"
    "                       nothing is new; then the bounds of the new profile\n"
    "      --rounds N       of closing, at most (default: 16)\n"
    "      --budget SECONDS no round of closing begins later\n"
    "      --workload COMMAND  run as COMMAND OFFERS.json TRACE.ptrace when replays show nothing new: the first says with\n"
    "                       which registers to enter the kernel for each counterexample, where that can be derived;\n"
    "                       what it measures into the second joins the profile; until that shows nothing new\n"
    "      --profile-out P  where the profile goes, replays included; the analysis' own is never written\n"
    "      --exact          decide every count, also where the extremes alone say that something is missing\n"
    "      --proofs DIR     keep each question that the solver denied, as an SMT-LIB file\n"
    "      --steps N        the solver's limit for one question (default: 1000000, the same on every machine)\n"
    "\n"
    "Exit code 1: a replay did not show what was predicted.\n"};
