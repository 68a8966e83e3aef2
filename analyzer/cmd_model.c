#include "analyzer/command.h"
#include "cachemodel/cachemodel.h"

#include <getopt.h>

struct options {
    const char *platform, *output;
    bool json;
};

static int write_json(const struct model *m, const char *path, struct err *e) {
    json_t *j = model_json(m);
    int rc = json_write(j, path, e);
    json_decref(j);
    return rc;
}

static int show_model(const struct model *m, const struct options *o, struct err *e) {
    if (o->json)
        return write_json(m, NULL, e);
    model_print(m, stdout);
    return 0;
}

static int finish(struct model *m, const struct options *o, struct err *e) {
    bool good = m && (!o->output || write_json(m, o->output, e) == 0) && (show_model(m, o, e) == 0);
    model_free(m);
    return command_done(&command_model, good ? 0 : command_fail(&command_model, e));
}

static int run_infer(const struct options *o) {
    struct err e;
    if (!o->platform)
        return command_usage(&command_model, "infer: which platform? -p PLATFORM.ini is needed");
    if (!o->output)
        return command_usage(&command_model, "infer: where shall the model go? -o M.model is needed");
    return finish(model_infer(o->platform, &e), o, &e);
}

static int run_show(const struct options *o, const char *path) {
    struct err e;
    if (o->platform || o->output)
        return command_usage(&command_model, "show: takes no -p and no -o");
    return finish(model_load(path, &e), o, &e);
}

static int run(int argc, char **argv) {
    struct options o = {0};
    static const struct option options[] = {{"platform", required_argument, NULL, 'p'}, {"output", required_argument, NULL, 'o'}, {"json", no_argument, NULL, 'j'}, {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, "p:o:", options, NULL)) != -1;) {
        switch (c) {
        case 'p': o.platform = optarg; break;
        case 'o': o.output = optarg; break;
        case 'j': o.json = true; break;
        default: return command_bad_option(&command_model);
        }
    }
    const char *what = optind < argc ? argv[optind] : "";
    if (strcmp(what, "infer") == 0 && optind + 1 == argc)
        return run_infer(&o);
    if (strcmp(what, "show") == 0 && optind + 2 == argc)
        return run_show(&o, argv[optind + 1]);
    return command_usage(&command_model, "infer or show M.model is needed");
}

const struct command command_model = {
    "model", "find a platform's caches and latencies by measuring", run,
    "usage: potoroo model infer -p PLATFORM.ini|host -o M.model [--json]\n"
    "       potoroo model show M.model [--json]\n"
    "\n"
    "infer boots a measuring guest on the platform, over and over, and finds caches, replacement policies, penalties\n"
    "and instruction latencies from a cycle counter alone; then predicts random accesses and measures them. What it\n"
    "is not certain of is \"unknown\". The platform file is read by the board that runs the guest, by nobody else.\n"
    "With -p host, the first-level data cache of this x86-64 machine is measured, as an estimate.\n"
    "\n"
    "  -p, --platform PLATFORM.ini  the board to measure; host = this machine\n"
    "  -o, --output M.model         where to write the model (JSON)\n"
    "      --json                   print it as JSON, not in words\n"};
