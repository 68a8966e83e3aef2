#include "analyzer/command.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

enum { SECONDS = 300 };

/* reports/ in the checkout that build/potoroo is part of, else where `make install` puts it. The caller frees it; NULL: not found. */
static char *find_script(void) {
    static const char *const places[] = {"../reports/report.py", "../lib/potoroo/reports/report.py"};
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n < 0)
        return NULL;
    self[n] = 0;
    char *slash = strrchr(self, '/');
    for (size_t i = 0; slash && i < sizeof places / sizeof *places; i++) {
        char *path = str_printf("%.*s/%s", (int)(slash - self), self, places[i]);
        if (access(path, R_OK) == 0)
            return path;
        free(path);
    }
    return NULL;
}

static int make_page(char *script, int argc, char **argv) {
    struct err e;
    struct child_result r;
    VEC(char *) args = {0};
    char python[] = "/usr/bin/python3", isolated[] = "-B";
    vec_push(&args, python);
    vec_push(&args, isolated);
    vec_push(&args, script);
    for (int i = 0; i < argc; i++)
        vec_push(&args, argv[i]);
    vec_push(&args, NULL);
    int rc = child_run(args.data, (struct child_limits){.seconds = SECONDS}, STDOUT_FILENO, STDERR_FILENO, &r, &e);
    vec_free(&args);
    if (rc == 0 && r.timed_out)
        rc = err_set(&e, ERR_INPUT, "the page was not made within %d seconds", SECONDS);
    return rc < 0 ? command_fail(&command_report, &e) : r.status <= ERR_INCOMPLETE && r.status != ERR_EXCEEDED ? r.status : ERR_INPUT;
}

static int run(int argc, char **argv) {
    struct err e;
    char *script = find_script();
    if (!script) {
        err_set(&e, ERR_INPUT, "reports/report.py is neither beside this command nor installed");
        return command_fail(&command_report, &e);
    }
    int rc = make_page(script, argc - 1, argv + 1);
    free(script);
    return rc;
}

const struct command command_report = {
    "report", "one self-contained HTML page of a result", run,
    "usage: potoroo report R.json -o OUT.html [--curves C.json] [--model M.json] [--coverage C.json]\n"
    "                      [--diff D.json] [--effect E.json] [--history H.json] [--source DIR]\n"
    "\n"
    "Makes one page of a result of potoroo wcet: the table, each entry's worst path with source and disassembly,\n"
    "its graph, its ledger, loop bounds, digests of the inputs. It needs no network, reads well without scripts,\n"
    "and prints. Same inputs, same bytes.\n"
    "\n"
    "  -o, --output OUT.html   where to write\n"
    "      --curves C.json     `potoroo profile curve --json`: plots of exceedance and observed times\n"
    "      --model M.json      a cache model\n"
    "      --coverage C.json   `potoroo coverage --json`\n"
    "      --diff D.json       `potoroo diff --json`: what changed against an earlier result\n"
    "      --effect E.json     `potoroo effect --json`: what the probes themselves cost\n"
    "      --history H.json    `potoroo log --json`: each entry's trend\n"
    "      --source DIR        where the sources lie (default: here)\n"
    "\n"
    "Needs Debian's python3-jinja2, and python3-matplotlib for --curves (`make report` installs both).\n"};
