#include "analyzer/command.h"
#include "analyzer/diff.h"

#include <getopt.h>
#include <unistd.h>

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_JUNIT, FORMAT_SARIF, FORMAT_MARKDOWN, FORMATS };

static int format_named(const char *name) {
    static const char *const names[FORMATS] = {"text", "json", "junit", "sarif", "markdown"};
    for (int i = 0; i < FORMATS; i++)
        if (strcmp(name, names[i]) == 0)
            return i;
    return -1;
}

static bool wants_color(void) {
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(STDOUT_FILENO) && !(no && *no) && !(term && strcmp(term, "dumb") == 0);
}

static int print(const struct diff *d, enum format f, bool quiet, struct err *e) {
    json_t *j = f == FORMAT_JSON ? diff_json(d) : f == FORMAT_SARIF ? diff_sarif(d) : NULL;
    int rc = j ? json_write(j, NULL, e) : 0;
    json_decref(j);
    if (f == FORMAT_TEXT)
        diff_print_text(d, wants_color(), quiet, stdout);
    if (f == FORMAT_MARKDOWN)
        diff_print_markdown(d, stdout);
    if (f == FORMAT_JUNIT)
        diff_print_junit(d, stdout);
    return rc;
}

/* An entry without a bound before and after is not judged: that must not look like success. */
static int outcome(const struct diff *d) {
    int rc = d->failed ? ERR_EXCEEDED : 0;
    for (size_t i = 0; i < d->entries.len; i++) {
        const struct entry_diff *x = &d->entries.data[i];
        if (!x->new_entry || x->has_new || x->has_old)
            continue;
        fprintf(stderr, "%s has no bound: nothing to compare\n", x->name);
        rc = rc ? rc : ERR_INCOMPLETE;
    }
    return rc;
}

static int compare(char **files, struct diff_options o, enum format f, bool quiet) {
    struct err e;
    struct diff *d = diff_results(files[0], files[1], o, &e);
    if (!d)
        return command_fail(&command_diff, &e);
    int rc = print(d, f, quiet, &e) < 0 ? command_fail(&command_diff, &e) : outcome(d);
    diff_free(d);
    return command_done(&command_diff, rc);
}

static bool cycles_of(const char *text, int64_t *out) {
    uint64_t v;
    if (parse_u64(text, &v) < 0 || v > INT64_MAX)
        return false;
    *out = (int64_t)v;
    return true;
}

static int run(int argc, char **argv) {
    struct diff_options o = {.threshold = {.relative = true, .share = 0.02}, .noise = {.relative = true, .share = 0.03}, .min_cycles = 60, .code_cycles = 10};
    static const struct option options[] = {{"threshold", required_argument, NULL, 't'}, {"min-cycles", required_argument, NULL, 'm'},
                                            {"code-cycles", required_argument, NULL, 'C'}, {"noise", required_argument, NULL, 'N'}, {"format", required_argument, NULL, 'f'},
                                            {"json", no_argument, NULL, 'j'}, {"quiet", no_argument, NULL, 'q'}, {NULL, 0, NULL, 0}};
    int format = FORMAT_TEXT;
    bool quiet = false;
    struct err e;
    for (int c; (c = getopt_long(argc, argv, "t:m:f:q", options, NULL)) != -1;) {
        switch (c) {
        case 't':
        case 'N':
            if (threshold_parse(optarg, c == 't' ? &o.threshold : &o.noise, &e) < 0)
                return command_usage(&command_diff, "%s", e.text);
            o.threshold_given |= c == 't';
            break;
        case 'm':
        case 'C':
            if (!cycles_of(optarg, c == 'm' ? &o.min_cycles : &o.code_cycles))
                return command_usage(&command_diff, "'%s' is no number of cycles", optarg);
            break;
        case 'f':
            if ((format = format_named(optarg)) < 0)
                return command_usage(&command_diff, "no format '%s'", optarg);
            break;
        case 'j': format = FORMAT_JSON; break;
        case 'q': quiet = true; break;
        default: return command_bad_option(&command_diff);
        }
    }
    if (argc - optind != 2)
        return command_usage(&command_diff, "two results are needed, the old and the new");
    return compare(argv + optind, o, (enum format)format, quiet);
}

const struct command command_diff = {
    "diff", "the gate: did an entry's bound grow, and why", run,
    "usage: potoroo diff OLD.json NEW.json [--threshold 2%|N] [--noise 3%|N] [--min-cycles N] [--code-cycles N]\n"
    "                    [--format=FORMAT] [--quiet]\n"
    "\n"
    "Compares two results of potoroo wcet, entry by entry: bound, longest observation, and why the bound moved.\n"
    "Code is matched by function and shape, not by address. The change is split into work (changed code, changed\n"
    "loop bounds and facts) and noise (the same instructions on other cache lines, or measured again).\n"
    "\n"
    "An entry fails if its bound grew by more than the threshold (besides what lying on more lines adds, and besides\n"
    "noise within its allowance), if work alone adds --code-cycles or more, if it exceeds its budget, lost its\n"
    "bound, or is gone.\n"
    "\n"
    "  -t, --threshold T    a share (2%) or cycles that a bound may grow by; overrides `threshold = T` of the\n"
    "                       entries in potoroo.ini, which overrides the default of 2%\n"
    "      --noise N        growth by the same instructions that is forgiven, a share or cycles (default 3%)\n"
    "  -m, --min-cycles N   growth of less than N cycles in all is within any threshold (default 60: three\n"
    "                       lines of code or data that lie badly)\n"
    "      --code-cycles N  work that adds N cycles or more fails, whatever the rest (default 10; 0: not judged)\n"
    "  -f, --format F       text, json, junit, sarif or markdown\n"
    "      --json           as --format=json\n"
    "  -q, --quiet          only what failed\n"
    "\n"
    "Exit code 1: an entry failed. 3: a result cannot be read. 4: an entry has no bound, before and after.\n"};
