#include "cfg/cfg.h"
#include "analyzer/command.h"

#include <getopt.h>

enum form { TEXT, JSON, DOT };

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
        if (l->origin == BOUND_NONE)
            printf("loop %s (%s:%d): no bound\n", cfg_describe(g, header), file, line);
        else
            printf("loop %s (%s:%d): at most %llu, %s\n", cfg_describe(g, header), file, line, (unsigned long long)l->max, l->why ? l->why : "");
    }
}

static int report(const struct cfg *g) {
    size_t unbounded = 0;
    for (size_t i = 0; i < g->loops.len; i++)
        unbounded += g->loops.data[i].origin == BOUND_NONE;
    fprintf(stderr, "%zu functions, %zu blocks, %zu edges, %zu loops (%zu without a bound), %u indirect (%u resolved)\n", g->functions.len, g->blocks.len, g->edges.len,
            g->loops.len, unbounded, g->indirect, g->indirect_resolved);
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
    if (o->form == DOT)
        cfg_dot(g, o->function, stdout);
    else
        print_text(g);
    return 0;
}

static int run(int argc, char **argv) {
    struct options o = {0};
    static const struct option options[] = {{"facts", required_argument, NULL, 'f'}, {"json", no_argument, NULL, 'j'}, {"dot", optional_argument, NULL, 'd'}, {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, "f:", options, NULL)) != -1;) {
        switch (c) {
        case 'f': o.facts = optarg; break;
        case 'j': o.form = JSON; break;
        case 'd': o.form = DOT; o.function = optarg; break;
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
    "usage: potoroo cfg KERNEL.elf [-f FACTS.ff] [--json | --dot[=FUNC]]\n"
    "\n"
    "Rebuilds functions, basic blocks, calls, jump tables and loops from the linked binary and prints functions\n"
    "and loops. Exit code 4 if something could not be resolved; each such place is listed.\n"
    "\n"
    "  -f, --facts FACTS.ff  apply flow facts\n"
    "      --json            everything, as JSON\n"
    "      --dot[=FUNC]      the graph of FUNC, or of all functions, for graphviz\n"};
