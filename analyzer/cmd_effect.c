#include "analyzer/command.h"
#include "tracer/tracer.h"

#include <getopt.h>
#include <inttypes.h>

/* ---- one run, seen both ways ----------------------------------------------------------------------------------------- */

static int show_agreement(const char *kernel, const char *probes, const char *port, struct err *e) {
    struct probe_agreement a;
    struct image *img = image_open(kernel, e);
    int rc = img ? trace_agreement(img, probes, port, &a, e) : -1;
    image_free(img);
    if (rc < 0)
        return -1;
    printf("%" PRIu64 " records of the probes, %" PRIu64 " of the port beside them: the same points in the same order\n", a.records, a.blocks + a.behind);
    if (a.points)
        printf("from the start of a block to its probe's latch: %" PRIu64 " to %" PRIu64 " cycles, on average %.2f\n", a.least, a.most,
               (double)a.sum / (double)a.points);
    return 0;
}

/* ---- two results ----------------------------------------------------------------------------------------------------- */

struct figures {
    double max, mean, bound, total;
};

static double number(const json_t *row, const char *key) {
    const json_t *v = json_object_get(row, key);
    return json_is_string(v) ? strtod(json_string_value(v), NULL) : json_number_value(v);
}

static struct figures figures_of(const json_t *row) {
    struct figures f = {.max = number(row, "observed_max"), .bound = number(row, "bound"), .total = number(row, "observed_total")};
    double n = number(row, "observations");
    f.mean = n > 0 ? f.total / n : 0;
    return f;
}

static const json_t *entries_of(const char *path, json_t **result, struct err *e) {
    json_error_t why;
    *result = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
    const json_t *entries = *result ? json_object_get(*result, "entries") : NULL;
    if (!*result)
        err_set(e, ERR_INPUT, "%s:%d: %s", path, why.line, why.text);
    else if (!json_is_array(entries))
        err_set(e, ERR_INPUT, "%s: not a result of potoroo wcet", path);
    return json_is_array(entries) ? entries : NULL;
}

static const json_t *row_named(const json_t *entries, const char *name) {
    const json_t *row;
    size_t i;
    json_array_foreach(entries, i, row) {
        const char *this = json_string_value(json_object_get(row, "name"));
        if (this && name && strcmp(this, name) == 0)
            return row;
    }
    return NULL;
}

static double percent(double with, double without) { return without > 0 ? 100 * (with - without) / without : 0; }

static json_t *add_row(json_t *rows, const char *name, struct figures with, struct figures without) {
    json_t *row = json_pack("{s:s,s:o,s:o,s:o,s:o,s:o,s:o}", "name", name, "mean_with", json_real(with.mean), "mean_without", json_real(without.mean), "max_with",
                            json_real(with.max), "max_without", json_real(without.max), "bound_with", json_real(with.bound), "bound_without", json_real(without.bound));
    json_array_append_new(rows, row);
    return row;
}

static void print_row(const char *name, struct figures with, struct figures without) {
    printf("%-20s %9.1f %9.1f %+7.1f%% %9.0f %9.0f %+7.1f%% %9.0f %9.0f %+7.1f%%\n", name, without.mean, with.mean, percent(with.mean, without.mean), without.max,
           with.max, percent(with.max, without.max), without.bound, with.bound, percent(with.bound, without.bound));
}

static const char *const label[2][2] = {{"without", "probes"}, {"all", "sparse"}};

/* The kernel of a result, where it is still there: how many points and bytes of code. */
static void print_size(const char *what, const json_t *result) {
    struct err e;
    const struct point *points;
    const char *kernel = json_string_value(json_object_get(result, "kernel")), *id = json_string_value(json_object_get(result, "build_id"));
    struct image *img = kernel ? image_open(kernel, &e) : NULL;
    if (img && id && strcmp(image_build_id(img), id) == 0)
        printf("%s: %zu points, %" PRIu64 " bytes of code\n", what, image_points(img, &points), image_code_size(img));
    else
        printf("%s: %s is not there any more: its size is not known\n", what, kernel ? kernel : "its kernel");
    image_free(img);
}

/* WITH the probes and WITHOUT. Every entry that either knows must be in both. */
static int compare_results(const json_t *with, const json_t *without, json_t *rows, bool sparse, struct err *e) {
    const json_t *row;
    size_t i;
    struct figures all[2] = {{0}};
    double n[2] = {0};
    if (!rows)
        printf("%-20s %28s %28s %28s\n%-20s %9s %9s %8s %9s %9s %8s %9s %9s %8s\n", "", "mean", "largest", "bound", "entry", label[sparse][0], label[sparse][1], "", label[sparse][0],
               label[sparse][1], "", label[sparse][0], label[sparse][1], "");
    json_array_foreach(with, i, row) {
        const char *name = json_string_value(json_object_get(row, "name"));
        const json_t *other = row_named(without, name);
        if (!other)
            return err_set(e, ERR_INPUT, "the entry '%s' is in the first result only", name ? name : "?");
        struct figures f = figures_of(row), g = figures_of(other);
        if (rows)
            add_row(rows, name, f, g);
        else
            print_row(name, f, g);
        n[0] += number(row, "observations");
        n[1] += number(other, "observations");
        all[0].total += f.total;
        all[1].total += g.total;
    }
    for (int k = 0; k < 2 && !rows; k++)
        printf("%s probes: %.0f cycles in %.0f entries, %.1f each\n", sparse ? label[1][!k] : k ? "without" : "with", all[k].total, n[k], n[k] > 0 ? all[k].total / n[k] : 0);
    return 0;
}

static int show_effect(const char *with, const char *without, bool as_json, bool sparse, struct err *e) {
    json_t *a, *b = NULL, *rows = as_json ? json_array() : NULL;
    const json_t *x = entries_of(with, &a, e), *y = x ? entries_of(without, &b, e) : NULL;
    int rc = y ? compare_results(x, y, rows, sparse, e) : -1;
    if (rc == 0 && !rows) {
        print_size(sparse ? "sparse probes" : "with probes", a);
        print_size(sparse ? "all probes" : "without probes", b);
    }
    if (rc == 0 && rows) {
        json_t *out = json_pack("{s:O}", "probe_effect", rows);
        rc = json_write(out, NULL, e);
        json_decref(out);
    }
    json_decref(rows);
    json_decref(a);
    json_decref(b);
    return rc;
}

static int run(int argc, char **argv) {
    static const struct option options[] = {{"kernel", required_argument, NULL, 'k'}, {"json", no_argument, NULL, 'j'}, {"sparse", no_argument, NULL, 's'}, {0}};
    const char *kernel = NULL;
    bool as_json = false, sparse = false;
    struct err e;
    for (int c; (c = getopt_long(argc, argv, "k:", options, NULL)) >= 0;) {
        if (c == '?')
            return command_bad_option(&command_effect);
        if (c == 'k')
            kernel = optarg;
        else
            *(c == 's' ? &sparse : &as_json) = true;
    }
    if (argc - optind != 2)
        return command_usage(&command_effect, "two files are needed");
    int rc = kernel ? show_agreement(kernel, argv[optind], argv[optind + 1], &e) : show_effect(argv[optind], argv[optind + 1], as_json, sparse, &e);
    return command_done(&command_effect, rc < 0 ? command_fail(&command_effect, &e) : 0);
}

const struct command command_effect = {
    "effect", "what the probes change, and whether they agree with the trace port", run,
    "usage: potoroo effect PROBED.json PLAIN.json [--json]\n"
    "       potoroo effect --sparse SPARSE.json ALL.json [--json]\n"
    "       potoroo effect -k KERNEL.elf PROBES.ptrace PORT.ptrace\n"
    "\n"
    "With two results of `potoroo wcet`, of the kernel with probes and of the same kernel without them through the trace port: the mean, the\n"
    "largest and the bounded time of each entry, how much the probes add, and the size of both kernels' code. With --sparse, of the kernel\n"
    "with sparse probes and with all: how much time and code is saved.\n"
    "With -k, two traces of one run (`potoroo run --port-output`): are the points passed the same, in the same order, and how long after the\n"
    "start of its block does a probe take the time? Exit code 1 if they are not the same.\n"
    "\n"
    "  -k, --kernel FILE  the kernel that was traced\n"
    "      --sparse       both have probes, the first only those of potoroo cc --probes=sparse\n"
    "      --json         as JSON: {\"probe_effect\": […]}\n"};
