#include "analyzer/analyzer.h"
#include "analyzer/cmd_profile.h"
#include "analyzer/command.h"

#include <getopt.h>
#include <unistd.h>

struct options {
    const char *kernel, *output, *facts;
    bool json, shorten;
    uint32_t depth;           /* calls that contexts are shortened to */
    unsigned jobs;
};

static struct profile *replay_all(const struct options *o, char **traces, struct err *e) {
    struct image *img = NULL;
    struct cfg *g = NULL;
    struct trace_reader *first = trace_open(*traces, e);
    bool good = first && kernel_open(o->kernel, o->facts, trace_get_info(first)->port, &img, &g, e) == 0;
    trace_close(first);
    struct profile *all = good ? profile_replay_all(g, traces, o->jobs, e) : NULL;
    cfg_free(g);
    image_free(img);
    return all;
}

static struct profile *merge_all(char **files, struct err *e) {
    struct profile *all = NULL;
    for (; *files; files++) {
        struct profile *one = profile_read(*files, e);
        if (!one || (all && profile_merge(all, one, e) < 0)) {
            if (one)
                err_wrap(e, "%s", *files);
            profile_free(all);
            return NULL;
        }
        all = all ? all : one;
    }
    return all;
}

static void say(const struct profile *p) {
    uint64_t entries = 0, lost = 0, cut = 0, interrupted = 0;
    for (size_t i = 0; i < p->traces.len; i++) {
        entries += p->traces.data[i].entries;
        lost += p->traces.data[i].lost;
        cut += p->traces.data[i].cut;
        interrupted += p->traces.data[i].interrupted;
    }
    fprintf(stderr, "%llu kernel entries, %zu IPG edges in context, %zu distinct paths, %llu records lost, %llu entries cut\n", (unsigned long long)entries,
            p->edges.len, p->paths.len, (unsigned long long)lost, (unsigned long long)cut);
    if (interrupted)
        fprintf(stderr, "%llu more entries were interrupted by traps: how long they took is left out\n", (unsigned long long)interrupted);
}

static int show_profile(const struct options *o, const struct profile *p, struct err *e) {
    struct image *img = o->kernel ? image_open(o->kernel, e) : NULL;
    if (o->kernel && !img)
        return -1;
    int rc = 0;
    if (img && strcmp(image_build_id(img), p->info.build_id) != 0)
        rc = err_set(e, ERR_INPUT, "measured on build %.16s, but %s is build %.16s", p->info.build_id, o->kernel, image_build_id(img));
    if (rc == 0 && o->json) {
        json_t *j = profile_json(p);
        rc = json_write(j, NULL, e);
        json_decref(j);
    } else if (rc == 0) {
        profile_print(p, img, stdout);
    }
    image_free(img);
    return rc;
}

static int show(const struct options *o, const char *file) {
    struct err e;
    struct profile *p = profile_read(file, &e);
    if (p && o->shorten)
        profile_shorten(p, o->depth);
    int rc = p && show_profile(o, p, &e) == 0 ? 0 : command_fail(&command_profile, &e);
    profile_free(p);
    return command_done(&command_profile, rc);
}

static int run(int argc, char **argv) {
    struct options o = {0};
    uint64_t jobs = 0, depth;
    struct profile_row_options rows = {0};
    static const struct option options[] = {{"kernel", required_argument, NULL, 'k'}, {"output", required_argument, NULL, 'o'},
                                            {"jobs", required_argument, NULL, 'j'},
                                            {"facts", required_argument, NULL, 'f'},  {"json", no_argument, NULL, 'w'},
                                            {"config", required_argument, NULL, 'c'}, {"csv", optional_argument, NULL, 'v'},
                                            {"units", no_argument, NULL, 'u'},        {"dependence", required_argument, NULL, 'd'},
                                            {"confidence", required_argument, NULL, 'C'}, {"context-depth", required_argument, NULL, 'D'}, {"evt", no_argument, NULL, 'e'},
                                            {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, "k:o:f:c:j:", options, NULL)) != -1;) {
        switch (c) {
        case 'k': o.kernel = optarg; break;
        case 'o': o.output = optarg; break;
        case 'f': o.facts = optarg; break;
        case 'j':
            if (parse_u64(optarg, &jobs) < 0 || !jobs || jobs > 1024)
                return command_usage(&command_profile, "-j wants a number of processes, not %s", optarg);
            break;
        case 'w': o.json = rows.json = true; break;
        case 'c': rows.analysis = optarg; break;
        case 'v':
            rows.csv = true;
            rows.percentiles = optarg && strcmp(optarg, "percentiles") == 0;
            if (optarg && !rows.percentiles && strcmp(optarg, "curves") != 0)
                return command_usage(&command_profile, "--csv is of curves or percentiles, not of %s", optarg);
            break;
        case 'u': rows.units = true; break;
        case 'd': rows.dependence = optarg; break;
        case 'C': rows.confidence = optarg; break;
        case 'e': rows.evt = true; break;
        case 'D':
            if (parse_u64(optarg, &depth) < 0 || depth > 1000)
                return command_usage(&command_profile, "--context-depth wants a number of calls, not %s", optarg);
            o.shorten = true;
            o.depth = (uint32_t)depth;
            break;
        default: return command_bad_option(&command_profile);
        }
    }
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    o.jobs = jobs ? (unsigned)jobs : processors > 0 ? (unsigned)processors : 1;
    argv += optind;
    argc -= optind;
    if (argc == 2 && strcmp(argv[0], "show") == 0)
        return show(&o, argv[1]);
    bool merge = argc > 0 && strcmp(argv[0], "merge") == 0;
    if (o.shorten && !merge)
        return command_usage(&command_profile, "--context-depth goes with show and merge");
    if (argc > 1 && strcmp(argv[0], "tree") == 0)
        return profile_rows(&rows, true, argv + 1);
    if (argc > 0 && strcmp(argv[0], "curve") == 0)
        return profile_rows(&rows, false, argv + 1);
    if (!o.output || argc < 1 + merge || (!merge && !o.kernel))
        return command_usage(&command_profile, "-o, and -k with at least one trace, are needed");
    struct err e;
    struct profile *p = merge ? merge_all(argv + 1, &e) : replay_all(&o, argv, &e);
    if (p && o.shorten)
        profile_shorten(p, o.depth);
    int rc = p && profile_write(p, o.output, &e) == 0 ? 0 : command_fail(&command_profile, &e);
    if (rc == 0)
        say(p); /* its hundreds of thousands of histograms go with the process: to free each takes as long as to write them */
    return command_done(&command_profile, rc);
}

const struct command command_profile = {
    "profile", "replay traces into an execution-time profile", run,
    "usage: potoroo profile -k KERNEL.elf [-f FACTS.ff] T.ptrace… -o P.prof\n"
    "       potoroo profile merge P.prof… -o ALL.prof [--context-depth K]\n"
    "       potoroo profile show P.prof [--json] [-k KERNEL.elf] [--context-depth K]\n"
    "       potoroo profile tree ENTRY… [-c potoroo.ini] [--units|--json] [--dependence D] [--confidence P]\n"
    "       potoroo profile curve [ENTRY…] [-c potoroo.ini] [--json|--csv[=WHAT]] [--evt] [--dependence D]\n"
    "                             [--confidence P]\n"
    "\n"
    "Replays every trace through the kernel's control-flow graph and keeps, for each step between two\n"
    "instrumentation points and each call path, how often it took how many cycles. A step that the graph does\n"
    "not have is an error. Profiles of one build on one platform merge in any order. show prints every unit:\n"
    "how long it took, and which record of which trace was the longest and the shortest.\n"
    "\n"
    "tree prints what an entry's paths are made of (sequence, alternative, loop, call, region), each node with\n"
    "its combined profile; curve prints each entry's exceedance: observed, combined, and the bound.\n"
    "\n"
    "  -k, --kernel KERNEL.elf  the kernel that was run; with show: whose symbols points are named by\n"
    "  -f, --facts FACTS.ff     flow facts (targets of indirect calls and jumps)\n"
    "  -o, --output FILE        where to write\n"
    "  -j, --jobs N             replay by so many threads, traces or parts of them; default: as many as there are\n"
    "                           processors. The profile is the same\n"
    "      --json               with show, tree, curve: JSON\n"
    "      --context-depth K    with show, merge: pool what has the last K calls in common (no analysis takes\n"
    "                           such a profile); default: whole call paths\n"
    "      --csv[=WHAT]         with curve: curves (default), entry, curve, cycles, P(time > cycles), a line a step;\n"
    "                           or percentiles, a line a curve\n"
    "  -c, --config FILE        with tree, curve: the analysis (default: potoroo.ini)\n"
    "      --units              with tree: the single steps too\n"
    "      --dependence D       how units' times hang together: unknown (default: sound whatever they do),\n"
    "                           measured (with curve: as in the traces, for entries all of whose ways were measured),\n"
    "                           independent (an assumption of yours), comonotonic (a heuristic, no bound)\n"
    "      --confidence P       of the bands, default 0.95\n"
    "      --evt                with curve: what extreme-value theory extrapolates from the observed times: a diagnostic,\n"
    "                           no bound\n"};
