/* The parts of `potoroo profile` that speak of the entries of an analysis: cmd_profile_rows.c. */
#ifndef POTOROO_ANALYZER_CMD_PROFILE_H
#define POTOROO_ANALYZER_CMD_PROFILE_H

#include <stdbool.h>

struct profile_row_options {
    const char *analysis, *dependence, *confidence; /* NULL: the default */
    bool json, csv, percentiles, units, evt;
};
/* ENTRIES: NULL-terminated names, none: all. Returns the exit code. */
int profile_rows(const struct profile_row_options *o, bool tree, char **entries);

#endif
