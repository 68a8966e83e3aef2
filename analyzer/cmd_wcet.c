#include "analyzer/analyzer.h"
#include "analyzer/command.h"

#include <getopt.h>
#include <inttypes.h>

struct options {
    const char *analysis, *output, *certificates, *dump, *coverage;
    bool json, explain, no_modelled, keep;
    VEC(const char *) only;
};

static int budgets_and_gaps(const struct wcet *w) {
    int rc = 0;
    for (size_t i = 0; i < w->rows.len; i++) {
        const struct wcet_row *row = &w->rows.data[i];
        if (row->status != WCET_INCOMPLETE && row->spec->budget && mpz_cmp_ui(row->bound, row->spec->budget) > 0) {
            gmp_fprintf(stderr, "%s: the bound %Zd exceeds the budget of %llu cycles\n", row->spec->name, row->bound, (unsigned long long)row->spec->budget);
            rc = rc ? rc : ERR_EXCEEDED;
        }
        if (row->status != WCET_INCOMPLETE)
            continue;
        rc = ERR_INCOMPLETE;
        fprintf(stderr, "%s is incomplete:\n", row->spec->name);
        for (size_t k = 0; k < row->missing.len; k++)
            fprintf(stderr, "  %s\n", row->missing.data[k]);
    }
    if (w->unmatched)
        fprintf(stderr, "%" PRIu64 " observed kernel entries are none of the entries of %s\n", w->unmatched, w->analysis->path);
    return rc;
}

static int print(const struct wcet *w, const struct options *o, struct err *e) {
    json_t *j = o->json || o->output ? wcet_json(w) : NULL;
    int rc = 0;
    if (o->output)
        rc = json_write(j, o->output, e);
    if (rc == 0 && o->json)
        rc = json_write(j, NULL, e);
    json_decref(j);
    if (rc < 0 || o->json)
        return rc;
    wcet_print_table(w, stdout);
    for (size_t i = 0; o->explain && i < w->rows.len; i++) {
        putchar('\n');
        wcet_print_path(w, &w->rows.data[i], stdout);
    }
    return 0;
}

static int analyse(struct options *o) {
    struct err e;
    struct analysis *a = analysis_read(o->analysis, &e);
    if (!a)
        return command_fail(&command_wcet, &e);
    a->no_modelled = o->no_modelled;
    a->keep_infeasible = o->keep;
    a->dump_lp = o->dump;
    if (o->coverage) {
        free(a->coverage);
        a->coverage = str_dup(o->coverage);
    }
    vec_push(&o->only, NULL);
    struct wcet *w = wcet_analyse(a, o->only.len > 1 ? o->only.data : NULL, o->certificates, &e);
    int rc = w && print(w, o, &e) == 0 ? budgets_and_gaps(w) : command_fail(&command_wcet, &e);
    wcet_free(w);
    analysis_free(a);
    vec_free(&o->only);
    return command_done(&command_wcet, rc);
}

static int run(int argc, char **argv) {
    struct options o = {.analysis = "potoroo.ini"};
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},  {"output", required_argument, NULL, 'o'},
                                            {"entry", required_argument, NULL, 'e'},   {"json", no_argument, NULL, 'j'},
                                            {"explain", no_argument, NULL, 'x'},       {"certificates", required_argument, NULL, 'C'},
                                            {"no-modelled", no_argument, NULL, 'M'},
                                            {"keep-infeasible", no_argument, NULL, 'k'},
                                            {"coverage", required_argument, NULL, 'v'},
                                            {"dump-lp", required_argument, NULL, 'D'},
                                            {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, "c:o:e:", options, NULL)) != -1;) {
        switch (c) {
        case 'c': o.analysis = optarg; break;
        case 'o': o.output = optarg; break;
        case 'e': vec_push(&o.only, (const char *)optarg); break;
        case 'j': o.json = true; break;
        case 'x': o.explain = true; break;
        case 'M': o.no_modelled = true; break;
        case 'C': o.certificates = optarg; break;
        case 'k': o.keep = true; break;
        case 'v': o.coverage = optarg; break;
        case 'D': o.dump = optarg; break;
        default: return command_bad_option(&command_wcet);
        }
    }
    if (optind != argc)
        return command_usage(&command_wcet, "'%s' is not wanted here", argv[optind]);
    return analyse(&o);
}

const struct command command_wcet = {
    "wcet", "bound every kernel entry's execution time", run,
    "usage: potoroo wcet [-c potoroo.ini] [-o R.json] [--json] [--entry NAME]… [--explain] [--certificates PREFIX] [--no-modelled] [--keep-infeasible] [--dump-lp DIR] [--coverage C.json]\n"
    "\n"
    "Reads the analysis file, the kernel, its facts and its profile, and bounds the execution time of each\n"
    "entry: a table with a row an entry, times in cycles. The bounds and what they rest on go to R.json.\n"
    "\n"
    "  -c, --config FILE        the analysis (default: potoroo.ini)\n"
    "  -o, --output R.json      write the result\n"
    "      --json               print the result instead of the table\n"
    "  -e, --entry NAME         only this entry; may be repeated\n"
    "      --explain            print the worst path of each entry: address, function, source, count, cost\n"
    "      --certificates PREFIX  write PREFIXNAME.cert for each entry, for potoroo-check, and PREFIXinfeasible-….smt2\n"
    "                           for each way that cannot be executed, for any SMT solver\n"
    "      --coverage C.json    a result of potoroo coverage, instead of the analysis file's: the column `complete` says\n"
    "                           which share of the worst path's cycles rests on steps of which every feasible count of\n"
    "                           cache misses was observed, in the workload or by a replay\n"
    "      --keep-infeasible    do not ask the solver (z3) which ways cannot be executed\n"
    "      --dump-lp DIR        write DIR/NAME.lp for each entry: its integer program, unreduced, in CPLEX LP format\n"
    "\n"
    "With `model` in the analysis file (what `potoroo model infer` wrote), a step costs what its instructions take\n"
    "and the misses that cache analysis cannot exclude, every observation must be explained by that, and the\n"
    "column `all missed` says what the bound would be without the analysis. Without, steps cost what they were\n"
    "measured to take, and the rows are estimates.\n"
    "\n"
    "      --no-modelled        a step that was never observed makes its entry incomplete, model or not\n"
    "\n"
    "Exit code 1: a bound exceeds its budget. 4: an entry is incomplete; what is missing is listed.\n"};
