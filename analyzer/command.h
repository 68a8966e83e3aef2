/* The `potoroo` command: one file a subcommand (cmd_*.c), joined by the table in main.c.
 *
 * A subcommand gets argv with its own name first and returns the exit code: DESIGN.md's 0 to 4. Data goes to standard output, words to
 * standard error. Its help text is printed by `potoroo CMD -h`, `--help` and `potoroo help CMD`. */
#ifndef POTOROO_COMMAND_H
#define POTOROO_COMMAND_H

#include "base/base.h"

struct command {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
    const char *help;          /* whole: "usage: potoroo NAME …\n" first, ends with a newline */
};

/* Defined by cmd_NAME.c, listed in main.c's table. */
extern const struct command command_cc, command_dump, command_effect, command_import, command_run, command_cfg, command_coverage, command_ilp, command_replay, command_model, command_profile, command_verify, command_wcet;
extern const struct command command_campaign, command_top, command_diff, command_explain, command_log, command_report;

/* "potoroo NAME: <text>" on standard error; returns the exit code to end with. */
int command_fail(const struct command *c, const struct err *e);
/* A usage error in words (printf), then the usage line; returns 2. */
int command_usage(const struct command *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* For getopt_long's '?' and ':', which have already said what is wrong; returns 2. */
int command_bad_option(const struct command *c);
/* Flush standard output: an error there (a full disk) is a failure like any other. Returns RC, or 3 after saying why. */
int command_done(const struct command *c, int rc);

#endif
