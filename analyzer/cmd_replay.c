#include "analyzer/command.h"
#include "analyzer/coverage.h"

#include <getopt.h>
#include <inttypes.h>

/* Misses of both caches; of which the board's own count. */
static void print_misses(const struct replay_case *r, const uint64_t predicted[2]) {
    printf(", misses %" PRIu64, predicted[0] + predicted[1]);
    if (r->counted)
        printf(" and the board counts %" PRIu64, r->misses[0] + r->misses[1]);
}

static bool print_example(const char *unit, const struct coverage_example *x) {
    printf("%s  %u misses  predicted %" PRIu64 "  ", unit, x->state.count, x->expected);
    if (x->replay.refused)
        printf("not replayed: %s\n", x->replay.refused);
    else if (x->replay.failed)
        printf("%s\n", x->replay.failed);
    else {
        printf("measured %" PRIu64, x->replay.cycles);
        print_misses(&x->replay, x->misses);
        puts(x->agrees ? "" : "  DIFFERENT");
    }
    return x->replay.refused || x->agrees;
}

static int find_and_replay(const struct analysis *a, const struct coverage_options *o, bool *agree, struct err *e) {
    struct coverage *c = coverage_analyse(a, o, e);
    int rc = c ? coverage_replay(c, a->platform, true, e) : -1;
    for (size_t i = 0; rc == 0 && i < c->units.len; i++)
        for (size_t k = 0; k < c->units.data[i].examples.len; k++)
            *agree &= print_example(c->units.data[i].id, &c->units.data[i].examples.data[k]);
    coverage_free(c);
    return rc;
}

static int replay_file(const struct analysis *a, const char *from, const char *unit, bool *agree, struct err *e) {
    saved_list list = {0};
    struct image *img = image_open(a->elf, e);
    struct model *m = img && a->model ? model_load(a->model, e) : NULL;
    int rc = m ? saved_read(from, img, unit, &list, e) : -1;
    if (img && !a->model)
        err_set(e, ERR_INPUT, "%s: [kernel] needs 'model': how are its caches to be prepared?", a->path);
    if (rc == 0)
        rc = saved_replay(&list, a->platform, img, m, e);
    for (size_t i = 0; rc == 0 && i < list.len; i++)
        *agree &= print_example(list.data[i].unit, list.data[i].example);
    saved_free(&list);
    model_free(m);
    image_free(img);
    return rc;
}

static int work(const char *path, const char *from, const struct coverage_options *o) {
    struct err e;
    struct analysis *a = analysis_read(path, &e);
    bool agree = true;
    int rc = a ? 0 : -1;
    if (rc == 0 && !a->platform)
        rc = err_set(&e, ERR_INPUT, "%s: [kernel] needs 'platform': where is it to be replayed?", path);
    if (rc == 0)
        rc = from ? replay_file(a, from, o->unit, &agree, &e) : find_and_replay(a, o, &agree, &e);
    rc = rc == 0 ? 0 : command_fail(&command_replay, &e);
    analysis_free(a);
    return command_done(&command_replay, rc ? rc : agree ? 0 : ERR_EXCEEDED);
}

static int run(int argc, char **argv) {
    const char *path = "potoroo.ini", *from = NULL;
    struct coverage_options o = {.steps = 1000000};
    static const struct option options[] = {{"config", required_argument, NULL, 'c'}, {"unit", required_argument, NULL, 'u'},
                                            {"exact", no_argument, NULL, 'x'},        {"from", required_argument, NULL, 'F'},
                                            {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, "c:", options, NULL)) != -1;) {
        switch (c) {
        case 'c': path = optarg; break;
        case 'u': o.unit = optarg; break;
        case 'F': from = optarg; break;
        case 'x': o.exact = true; break;
        default: return command_bad_option(&command_replay);
        }
    }
    if (optind != argc)
        return command_usage(&command_replay, "'%s' is not wanted here", argv[optind]);
    return work(path, from, &o);
}

const struct command command_replay = {
    "replay", "put states that were not measured into the platform, and run them", run,
    "usage: potoroo replay [-c potoroo.ini] [--unit U] [--exact] [--from R.json]\n"
    "\n"
    "Finds the counterexamples of potoroo coverage, prepares registers, memory and caches on the platform as each\n"
    "of them says, runs the unit from there and prints the cycles that were predicted and those that it took; and the\n"
    "misses, against the board's own count.\n"
    "\n"
    "  -c, --config FILE    the analysis (default: potoroo.ini); it must name a model and a platform\n"
    "      --unit U         only unit U: FROM->TO, or all that begin at the place U\n"
    "      --exact          every count that was not observed, not only one for each unit\n"
    "      --from R.json    those of a result of potoroo coverage, instead of finding them again\n"
    "\n"
    "Exit code 1: one of them did not take what was predicted.\n"};
