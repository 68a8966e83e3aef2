#include "analyzer/command.h"

#include <errno.h>
#include <stdarg.h>

#define VERSION "0.1"

/* In the order of `potoroo help`: the way that an analysis takes. */
static const struct command *const commands[] = {
    &command_cc,
    &command_replay,
    &command_run,
    &command_import,
    &command_dump,
    &command_effect,
    &command_cfg,
    &command_coverage,
    &command_profile,
    &command_campaign,
    &command_top,
    &command_model,
    &command_wcet,
    &command_explain,
    &command_report,
    &command_diff,
    &command_log,
    &command_ilp,
    &command_verify,
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_usage(FILE *out) {
    fputs("usage: potoroo COMMAND [ARGUMENT]…\n       potoroo help [COMMAND]\n       potoroo --version\n\n"
          "Worst-case execution times of kernel entries, from measurements.\n\nCommands:\n", out);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\nExit codes: 0 fine, 1 budget exceeded or latency regressed, 2 usage, 3 bad input, 4 analysis incomplete.\n", out);
}

static void print_usage_line(const struct command *c) {
    fprintf(stderr, "%.*s\nTry `potoroo help %s`.\n", (int)strcspn(c->help, "\n"), c->help, c->name);
}

int command_fail(const struct command *c, const struct err *e) {
    fprintf(stderr, "potoroo %s: %s\n", c->name, e->text);
    return (int)e->kind;
}

int command_usage(const struct command *c, const char *fmt, ...) {
    va_list ap;
    fprintf(stderr, "potoroo %s: ", c->name);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    print_usage_line(c);
    return ERR_USAGE;
}

int command_bad_option(const struct command *c) {
    print_usage_line(c);
    return ERR_USAGE;
}

int command_done(const struct command *c, int rc) {
    if (!ferror(stdout) && fflush(stdout) == 0)
        return rc;
    struct err e;
    err_set(&e, ERR_INPUT, "standard output: %s", strerror(errno));
    return command_fail(c, &e);
}

static const struct command *find(const char *name) {
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    fprintf(stderr, "potoroo: no command \"%s\"\n\n", name);
    print_usage(stderr);
    return NULL;
}

static int help(int argc, char **argv) {
    if (argc < 2) {
        print_usage(stdout);
        return 0;
    }
    const struct command *c = find(argv[1]);
    if (!c)
        return ERR_USAGE;
    fputs(c->help, stdout);
    return command_done(c, 0);
}

/* `potoroo cc … -- CC -h` is the compiler's own, so look no further than the first "--". */
static bool wants_help(int argc, char **argv) {
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0)
            return true;
    return false;
}

int main(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : NULL;
    if (!name) {
        print_usage(stderr);
        return ERR_USAGE;
    }
    if (strcmp(name, "help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "--help") == 0)
        return help(argc - 1, argv + 1);
    if (strcmp(name, "--version") == 0)
        return puts("potoroo " VERSION) < 0 || fflush(stdout) != 0 ? ERR_INPUT : 0;
    const struct command *c = find(name);
    if (!c)
        return ERR_USAGE;
    if (wants_help(argc - 1, argv + 1)) {
        fputs(c->help, stdout);
        return command_done(c, 0);
    }
    char *own = str_printf("potoroo %s", c->name); /* what getopt names in its messages */
    argv[1] = own;
    int rc = c->run(argc - 1, argv + 1);
    free(own);
    return rc;
}
