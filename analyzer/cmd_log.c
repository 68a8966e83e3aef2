/* History: what each commit's bounds were. A folder holds one small JSON file a result, named NNNNNN-COMMIT.json in the order of
 * adding: it can be kept in a repository, copied, and cleaned up with rm. */
#include "analyzer/command.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <sys/stat.h>

struct options {
    const char *folder, *commit, *note;
    bool json, csv;
};
struct record {
    unsigned long number;
    char *name;                /* file */
    json_t *value;
};
typedef VEC(struct record) records;

static int by_number(const void *p, const void *q) {
    const struct record *a = p, *b = q;
    return a->number != b->number ? (a->number > b->number) - (a->number < b->number) : strcmp(a->name, b->name);
}

static void records_free(records *r) {
    for (size_t i = 0; i < r->len; i++) {
        free(r->data[i].name);
        json_decref(r->data[i].value);
    }
    vec_free(r);
}

static int read_record(const char *folder, const char *name, records *out, struct err *e) {
    char *end, *path;
    unsigned long number = strtoul(name, &end, 10);
    size_t length = strlen(name);
    json_error_t je;
    if (end == name || *end != '-' || length < 6 || strcmp(name + length - 5, ".json") != 0)
        return 0; /* none of ours */
    path = str_printf("%s/%s", folder, name);
    struct record r = {number, str_dup(name), json_load_file(path, 0, &je)};
    int rc = json_is_object(json_object_get(r.value, "entries")) ? 0 : err_set(e, ERR_INPUT, "%s: %s", path, r.value ? "it has no 'entries'" : je.text);
    vec_push(out, r);
    free(path);
    return rc;
}

/* A folder that is not there is an empty history. */
static int read_all(const char *folder, records *out, struct err *e) {
    DIR *d = opendir(folder);
    int rc = 0;
    if (!d)
        return errno == ENOENT ? 0 : err_set(e, ERR_INPUT, "%s: %s", folder, strerror(errno));
    for (struct dirent *x; rc == 0 && (x = readdir(d)) != NULL;)
        rc = read_record(folder, x->d_name, out, e);
    closedir(d);
    if (out->len)
        qsort(out->data, out->len, sizeof *out->data, by_number);
    return rc;
}

/* ---- adding ------------------------------------------------------------------------------------------------------------ */

static json_t *summary(const json_t *result, const struct options *o) {
    json_t *entries = json_object(), *x;
    size_t i;
    json_array_foreach(json_object_get(result, "entries"), i, x)
        if (json_string_value(json_object_get(x, "name")))
            json_object_set_new(entries, json_string_value(json_object_get(x, "name")),
                                json_pack("{s:O?,s:O?,s:O?,s:O?}", "bound", json_object_get(x, "bound"), "observed_max", json_object_get(x, "observed_max"), "observations",
                                          json_object_get(x, "observations"), "status", json_object_get(x, "status")));
    return json_pack("{s:s,s:s,s:O?,s:O?,s:o}", "commit", o->commit, "note", o->note ? o->note : "", "build_id", json_object_get(result, "build_id"), "platform",
                     json_object_get(result, "platform"), "entries", entries);
}

static bool good_commit(const char *s) { return *s && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == strlen(s); }

static int add(const struct options *o, const char *path, struct err *e) {
    json_error_t je;
    records r = {0};
    json_t *result = json_load_file(path, 0, &je);
    int rc = json_is_array(json_object_get(result, "entries")) ? read_all(o->folder, &r, e)
                                                               : err_set(e, ERR_INPUT, "%s: %s", path, result ? "it has no 'entries': not a result of potoroo wcet" : je.text);
    if (rc == 0 && mkdir(o->folder, 0777) < 0 && errno != EEXIST)
        rc = err_set(e, ERR_INPUT, "%s: %s", o->folder, strerror(errno));
    if (rc == 0) {
        char *to = str_printf("%s/%06lu-%s.json", o->folder, r.len ? r.data[r.len - 1].number + 1 : 1, o->commit);
        json_t *j = summary(result, o);
        rc = json_write(j, to, e);
        json_decref(j);
        free(to);
    }
    records_free(&r);
    json_decref(result);
    return rc;
}

/* ---- showing ----------------------------------------------------------------------------------------------------------- */

static json_int_t bound_in(const struct record *r, const char *entry) {
    const json_t *b = json_object_get(json_object_get(json_object_get(r->value, "entries"), entry), "bound");
    return json_is_integer(b) ? json_integer_value(b) : -1;
}

static void print_trend(const records *r, const char *entry) {
    static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    json_int_t low = INT64_MAX, high = -1, first = -1, last = -1;
    for (size_t i = 0; i < r->len; i++) {
        json_int_t b = bound_in(&r->data[i], entry);
        if (b < 0)
            continue;
        low = b < low ? b : low;
        high = b > high ? b : high;
        first = first < 0 ? b : first;
        last = b;
    }
    printf("%-22s ", entry);
    for (size_t i = 0; i < r->len; i++) {
        json_int_t b = bound_in(&r->data[i], entry);
        fputs(b < 0 ? "·" : bars[high > low ? (b - low) * 7 / (high - low) : 3], stdout);
    }
    if (last >= 0)
        printf("  %" JSON_INTEGER_FORMAT " → %" JSON_INTEGER_FORMAT " (%+.2f%%), lowest %" JSON_INTEGER_FORMAT ", highest %" JSON_INTEGER_FORMAT, first, last,
               first ? 100.0 * (double)(last - first) / (double)first : 0, low, high);
    putchar('\n');
}

static void print_entry(const records *r, const char *entry) {
    json_int_t before = -1;
    printf("%s\n", entry);
    for (size_t i = 0; i < r->len; i++) {
        json_int_t b = bound_in(&r->data[i], entry);
        const char *commit = json_string_value(json_object_get(r->data[i].value, "commit")), *note = json_string_value(json_object_get(r->data[i].value, "note"));
        printf("  %-16.16s ", commit ? commit : "?");
        if (b < 0)
            printf("%10s %9s", "-", "");
        else if (before < 0)
            printf("%10" JSON_INTEGER_FORMAT " %9s", b, "");
        else
            printf("%10" JSON_INTEGER_FORMAT " %+9" JSON_INTEGER_FORMAT, b, b - before);
        printf("  %s\n", note ? note : "");
        before = b < 0 ? before : b;
    }
}

static void print_csv(const records *r) {
    puts("commit,entry,bound,observed_max");
    for (size_t i = 0; i < r->len; i++) {
        const char *name, *commit = json_string_value(json_object_get(r->data[i].value, "commit"));
        json_t *x;
        json_object_foreach(json_object_get(r->data[i].value, "entries"), name, x) {
            printf("%s,\"%s\",", commit ? commit : "", name);
            if (json_is_integer(json_object_get(x, "bound")))
                printf("%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(x, "bound")));
            printf(",%" JSON_INTEGER_FORMAT "\n", json_integer_value(json_object_get(x, "observed_max")));
        }
    }
}

static int print_json(const records *r, struct err *e) {
    json_t *list = json_array();
    for (size_t i = 0; i < r->len; i++)
        json_array_append(list, r->data[i].value);
    int rc = json_write(list, NULL, e);
    json_decref(list);
    return rc;
}

static int show(const struct options *o, char **entries, struct err *e) {
    records r = {0};
    int rc = read_all(o->folder, &r, e);
    if (rc == 0 && !r.len)
        rc = err_set(e, ERR_INPUT, "%s: no results yet: `potoroo log add R.json --commit ID` adds one", o->folder);
    if (rc == 0 && o->json)
        rc = print_json(&r, e);
    else if (rc == 0 && o->csv)
        print_csv(&r);
    else if (rc == 0 && *entries)
        for (; *entries; entries++)
            print_entry(&r, *entries);
    else if (rc == 0) {
        const char *name;
        json_t *x;
        json_object_foreach(json_object_get(r.data[r.len - 1].value, "entries"), name, x)
            print_trend(&r, name);
    }
    records_free(&r);
    return rc;
}

static int run(int argc, char **argv) {
    struct options o = {.folder = ".potoroo"};
    static const struct option options[] = {{"directory", required_argument, NULL, 'd'}, {"commit", required_argument, NULL, 'c'}, {"note", required_argument, NULL, 'n'},
                                            {"json", no_argument, NULL, 'j'}, {"csv", no_argument, NULL, 'v'}, {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, "d:c:n:", options, NULL)) != -1;) {
        switch (c) {
        case 'd': o.folder = optarg; break;
        case 'c': o.commit = optarg; break;
        case 'n': o.note = optarg; break;
        case 'j': o.json = true; break;
        case 'v': o.csv = true; break;
        default: return command_bad_option(&command_log);
        }
    }
    bool adds = optind < argc && strcmp(argv[optind], "add") == 0;
    if (adds && (argc - optind != 2 || !o.commit || !good_commit(o.commit)))
        return command_usage(&command_log, "add needs a result and --commit ID (letters, digits, . _ -)");
    struct err e;
    int rc = adds ? add(&o, argv[optind + 1], &e) : show(&o, argv + optind, &e);
    return rc < 0 ? command_fail(&command_log, &e) : command_done(&command_log, 0);
}

const struct command command_log = {
    "log", "keep results by commit, show how bounds moved", run,
    "usage: potoroo log add R.json --commit ID [--note TEXT] [-d DIRECTORY]\n"
    "       potoroo log [ENTRY…] [-d DIRECTORY] [--json|--csv]\n"
    "\n"
    "add keeps a result's bounds and longest observations, one small file a commit. Without it, prints the trend\n"
    "of each entry over all that was added, or each commit's bound of the entries named.\n"
    "\n"
    "  -d, --directory DIR  where they are kept (default: .potoroo)\n"
    "  -c, --commit ID      whose result it is: `git rev-parse --short HEAD`\n"
    "  -n, --note TEXT      a line to show beside it: `git log -1 --format=%s`\n"
    "      --json, --csv    everything, for other tools\n"};
