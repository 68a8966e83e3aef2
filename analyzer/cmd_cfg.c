#include "cfg/cfg.h"
#include "analyzer/command.h"

#include <getopt.h>

enum form { TEXT, JSON, DOT, ANNOTATE, FUNCTIONAL, TEMPLATE };

struct options {
    const char *facts, *function, *proofs, *worst, *entry;
    enum form form;
    bool verbose;
};

static void print_text(const struct cfg *g) {
    for (size_t i = 0; i < g->functions.len; i++) {
        const struct function *f = &g->functions.data[i];
        printf("%016llx %6zu blocks  %s%s\n", (unsigned long long)f->addr, f->blocks.len, f->name, f->returns ? "" : " (does not return)");
    }
    for (size_t i = 0; i < g->loops.len; i++) {
        const struct loop *l = &g->loops.data[i];
        const char *file = "?";
        int line = 0;
        uint64_t header = g->blocks.data[l->header].addr;
        image_line(g->image, header, &file, &line);
        if (l->endless)
            printf("loop %s (%s:%d): never left\n", cfg_describe(g, header), file, line);
        else if (l->origin == BOUND_NONE)
            printf("loop %s (%s:%d): no bound\n", cfg_describe(g, header), file, line);
        else
            printf("loop %s (%s:%d): at most %llu, %s\n", cfg_describe(g, header), file, line, (unsigned long long)l->max, l->why ? l->why : "");
    }
}

static int by_why(const void *x, const void *y) { return strcmp((*(const struct unresolved *const *)x)->why, (*(const struct unresolved *const *)y)->why); }

/* How many there are of each kind; a kind that names a place is told once. */
static void count_unresolved(const struct cfg *g) {
    size_t n = g->unresolved.len;
    const struct unresolved **list = mem_alloc(n * sizeof *list);
    for (size_t i = 0; i < n; i++)
        list[i] = &g->unresolved.data[i];
    qsort(list, n, sizeof *list, by_why);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && strcmp(list[end]->why, list[i]->why) == 0;)
            end++;
        fprintf(stderr, "unresolved: %6zu  %s\n", end - i, list[i]->why);
    }
    free(list);
}

static void report_unresolved(const struct cfg *g, bool verbose) {
    enum { FEW = 10, FIRST = 5 };
    size_t n = g->unresolved.len, told = verbose || n <= FEW ? n : FIRST;
    for (size_t i = 0; i < told; i++)
        fprintf(stderr, "unresolved: %s: %s\n", cfg_describe(g, g->unresolved.data[i].addr), g->unresolved.data[i].why);
    if (told == n)
        return;
    fprintf(stderr, "unresolved: … and %zu more places (-v prints them, --json has them with their candidates):\n", n - told);
    count_unresolved(g);
}

static int report(const struct cfg *g, bool verbose) {
    size_t unbounded = 0, endless = 0;
    for (size_t i = 0; i < g->loops.len; i++) {
        endless += g->loops.data[i].endless;
        unbounded += g->loops.data[i].origin == BOUND_NONE && !g->loops.data[i].endless;
    }
    fprintf(stderr, "%zu functions, %zu blocks, %zu edges, %zu loops (%zu without a bound, %zu never left), %u indirect (%u resolved)\n", g->functions.len,
            g->blocks.len, g->edges.len, g->loops.len, unbounded, endless, g->indirect, g->indirect_resolved);
    if (g->unasked)
        fprintf(stderr, "no loop was put to the solver: %s\n", g->unasked);
    report_unresolved(g, verbose);
    return g->unresolved.len ? ERR_INCOMPLETE : 0;
}

/* ---- the worst path of a result ------------------------------------------------------------------------------------------ */

static int read_step(const json_t *j, struct path_step *s, struct err *e) {
    const char *from = json_string_value(json_object_get(j, "addr")), *to = json_string_value(json_object_get(j, "to"));
    *s = (struct path_step){.count = (uint64_t)json_integer_value(json_object_get(j, "count")), .cycles = (uint64_t)json_integer_value(json_object_get(j, "total"))};
    if (!from || parse_u64(from, &s->from) < 0 || (to && parse_u64(to, &s->to) < 0))
        return err_set(e, ERR_INPUT, "a step of the worst path has no address");
    return 0;
}

/* The entry of that name; without a name the one with the greatest bound. NULL: none. */
static const json_t *find_entry(const json_t *result, const char *name) {
    const json_t *entries = json_object_get(result, "entries"), *best = NULL;
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *x = json_array_get(entries, i);
        const char *own = json_string_value(json_object_get(x, "name"));
        if (name ? own && strcmp(own, name) == 0 : !best || json_number_value(json_object_get(x, "bound")) > json_number_value(json_object_get(best, "bound")))
            best = x;
    }
    return best;
}

static int draw_worst(const struct cfg *g, const json_t *result, const char *entry, struct err *e) {
    const char *build = json_string_value(json_object_get(result, "build_id"));
    const json_t *x = find_entry(result, entry), *path = json_object_get(x, "worst_path");
    VEC(struct path_step) steps = {0};
    if (!build || strcmp(build, image_build_id(g->image)) != 0)
        return err_set(e, ERR_INPUT, "a result of the build %s, but %s is the build %s", build ? build : "(none)", image_path(g->image), image_build_id(g->image));
    if (!x)
        return err_set(e, ERR_INPUT, "no entry %s", entry ? entry : "");
    if (!json_array_size(path))
        return err_set(e, ERR_INPUT, "the entry %s has no worst path", json_string_value(json_object_get(x, "name")));
    int rc = 0;
    for (size_t i = 0; i < json_array_size(path) && rc == 0; i++) {
        struct path_step s;
        rc = read_step(json_array_get(path, i), &s, e);
        vec_push(&steps, s);
    }
    if (rc == 0)
        rc = cfg_dot_path(g, steps.data, steps.len, stdout, e);
    vec_free(&steps);
    return rc;
}

static int print_worst(const struct cfg *g, const struct options *o, struct err *e) {
    json_error_t at;
    json_t *result = json_load_file(o->worst, 0, &at);
    if (!result)
        return err_set(e, ERR_INPUT, "%s:%d: %s", o->worst, at.line, at.text);
    int rc = draw_worst(g, result, o->entry, e);
    json_decref(result);
    return rc < 0 ? err_wrap(e, "%s", o->worst) : 0;
}

static int write_proofs(const struct cfg *g, const char *prefix, struct err *e) {
    size_t written;
    if (cfg_write_proofs(g, prefix, &written, e) < 0)
        return -1;
    fprintf(stderr, "%zu loop bounds proved by Z3, each question in %sloop-….smt2\n", written, prefix);
    return 0;
}

/* ---- the command ------------------------------------------------------------------------------------------------------------- */

static int print(const struct cfg *g, const struct options *o, struct err *e) {
    if (o->worst)
        return print_worst(g, o, e);
    if (o->form == JSON) {
        json_t *j = cfg_json(g);
        int rc = json_write(j, NULL, e);
        json_decref(j);
        return rc;
    }
    if (o->function && cfg_function_named(g, o->function) == NONE)
        return err_set(e, ERR_INPUT, "%s: no function is named %s", image_path(g->image), o->function);
    switch (o->form) {
    case DOT: cfg_dot(g, o->function, stdout); break;
    case ANNOTATE: cfg_annotate(g, o->function, stdout); break;
    case FUNCTIONAL: cfg_print_functional(g, cfg_function_named(g, o->function), stdout); break;
    case TEMPLATE: cfg_facts_template(g, o->verbose, stdout); break;
    default: print_text(g);
    }
    return 0;
}

static int run(int argc, char **argv) {
    struct options o = {0};
    static const struct option options[] = {{"facts", required_argument, NULL, 'f'}, {"json", no_argument, NULL, 'j'}, {"dot", optional_argument, NULL, 'd'}, {"annotate", optional_argument, NULL, 'a'},
                                           {"functional", required_argument, NULL, 'F'}, {"facts-template", no_argument, NULL, 't'},
                                           {"proofs", required_argument, NULL, 'p'}, {"worst", required_argument, NULL, 'w'}, {"entry", required_argument, NULL, 'e'},
                                           {"verbose", no_argument, NULL, 'v'}, {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, "f:v", options, NULL)) != -1;) {
        switch (c) {
        case 'f': o.facts = optarg; break;
        case 'j': o.form = JSON; break;
        case 'd': o.form = DOT; o.function = optarg; break;
        case 'a': o.form = ANNOTATE; o.function = optarg; break;
        case 'F': o.form = FUNCTIONAL; o.function = optarg; break;
        case 't': o.form = TEMPLATE; o.function = NULL; break;
        case 'p': o.proofs = optarg; break;
        case 'w': o.worst = optarg; break;
        case 'e': o.entry = optarg; break;
        case 'v': o.verbose = true; break;
        default: return command_bad_option(&command_cfg);
        }
    }
    if (optind + 1 != argc)
        return command_usage(&command_cfg, "one KERNEL.elf is needed");
    if (o.worst ? o.form != DOT && o.form != TEXT : o.entry != NULL)
        return command_usage(&command_cfg, "--worst goes with --dot, and --entry with --worst");
    struct err e;
    struct image *img = image_open(argv[optind], &e);
    struct cfg *g = img ? cfg_build_with(img, o.facts, &e) : NULL;
    bool good = g && print(g, &o, &e) == 0 && (!o.proofs || write_proofs(g, o.proofs, &e) == 0);
    int rc = good ? report(g, o.verbose) : command_fail(&command_cfg, &e);
    cfg_free(g);
    image_free(img);
    return command_done(&command_cfg, rc);
}

const struct command command_cfg = {
    "cfg", "reconstruct a kernel's control-flow graph and loops", run,
    "usage: potoroo cfg KERNEL.elf [-f FACTS.ff] [--json | --dot[=FUNC] | --annotate[=FUNC] | --functional=FUNC | --facts-template] [--proofs=PREFIX] [-v]\n"
    "       potoroo cfg KERNEL.elf [-f FACTS.ff] --dot --worst=RESULT.json [--entry=NAME]\n"
    "\n"
    "Rebuilds functions, basic blocks, calls, jump tables and loops from the linked binary and prints functions\n"
    "and loops. Exit code 4 if something could not be resolved: the first such places are listed, and how many of each kind.\n"
    "\n"
    "  -f, --facts FACTS.ff  apply flow facts\n"
    "      --json            everything, as JSON\n"
    "      --dot[=FUNC]      the graph of FUNC, or of all functions, with its loop nest, for graphviz\n"
    "      --annotate[=FUNC] disassembly with source lines, blocks, loops and bounds\n"
    "      --functional=FUNC FUNC as the purely functional program that every analysis works on\n"
    "      --facts-template  a facts file with a line for each question that is open\n"
    "      --worst=RESULT.json  draw the worst path that `potoroo wcet` found, with the functions that it passes\n"
    "      --entry=NAME      of this entry; else of the one with the greatest bound\n"
    "      --proofs=PREFIX   write the question behind each bound proved by Z3: PREFIXloop-….smt2, unsatisfiable\n"
    "  -v, --verbose         list every place that could not be resolved; with --facts-template also the candidates that were left out\n"};
