#include "cfg/cfg.h"
#include "analyzer/command.h"

#include <getopt.h>

enum form { TEXT, JSON, DOT, ANNOTATE, FUNCTIONAL, TEMPLATE };

struct options {
    const char *facts, *function;
    enum form form;
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

static int report(const struct cfg *g) {
    size_t unbounded = 0, endless = 0;
    for (size_t i = 0; i < g->loops.len; i++) {
        endless += g->loops.data[i].endless;
        unbounded += g->loops.data[i].origin == BOUND_NONE && !g->loops.data[i].endless;
    }
    fprintf(stderr, "%zu functions, %zu blocks, %zu edges, %zu loops (%zu without a bound, %zu never left), %u indirect (%u resolved)\n", g->functions.len,
            g->blocks.len, g->edges.len, g->loops.len, unbounded, endless, g->indirect, g->indirect_resolved);
    for (size_t i = 0; i < g->unresolved.len; i++)
        fprintf(stderr, "unresolved: %s: %s\n", cfg_describe(g, g->unresolved.data[i].addr), g->unresolved.data[i].why);
    return g->unresolved.len ? ERR_INCOMPLETE : 0;
}

static int print(const struct cfg *g, const struct options *o, struct err *e) {
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
    case TEMPLATE: cfg_facts_template(g, stdout); break;
    default: print_text(g);
    }
    return 0;
}

static int run(int argc, char **argv) {
    struct options o = {0};
    static const struct option options[] = {{"facts", required_argument, NULL, 'f'}, {"json", no_argument, NULL, 'j'}, {"dot", optional_argument, NULL, 'd'}, {"annotate", optional_argument, NULL, 'a'},
                                           {"functional", required_argument, NULL, 'F'}, {"facts-template", no_argument, NULL, 't'}, {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, "f:", options, NULL)) != -1;) {
        switch (c) {
        case 'f': o.facts = optarg; break;
        case 'j': o.form = JSON; break;
        case 'd': o.form = DOT; o.function = optarg; break;
        case 'a': o.form = ANNOTATE; o.function = optarg; break;
        case 'F': o.form = FUNCTIONAL; o.function = optarg; break;
        case 't': o.form = TEMPLATE; o.function = NULL; break;
        default: return command_bad_option(&command_cfg);
        }
    }
    if (optind + 1 != argc)
        return command_usage(&command_cfg, "one KERNEL.elf is needed");
    struct err e;
    struct image *img = image_open(argv[optind], &e);
    struct cfg *g = img ? cfg_build(img, &e) : NULL;
    bool good = g && (!o.facts || cfg_apply_facts(&g, o.facts, &e) == 0) && print(g, &o, &e) == 0;
    int rc = good ? report(g) : command_fail(&command_cfg, &e);
    cfg_free(g);
    image_free(img);
    return command_done(&command_cfg, rc);
}

const struct command command_cfg = {
    "cfg", "reconstruct a kernel's control-flow graph and loops", run,
    "usage: potoroo cfg KERNEL.elf [-f FACTS.ff] [--json | --dot[=FUNC] | --annotate[=FUNC] | --functional=FUNC | --facts-template]\n"
    "\n"
    "Rebuilds functions, basic blocks, calls, jump tables and loops from the linked binary and prints functions\n"
    "and loops. Exit code 4 if something could not be resolved; each such place is listed.\n"
    "\n"
    "  -f, --facts FACTS.ff  apply flow facts\n"
    "      --json            everything, as JSON\n"
    "      --dot[=FUNC]      the graph of FUNC, or of all functions, with its loop nest, for graphviz\n"
    "      --annotate[=FUNC] disassembly with source lines, blocks, loops and bounds\n"
    "      --functional=FUNC FUNC as the purely functional program that every analysis works on\n"
    "      --facts-template  a facts file with a line for each question that is open\n"};
