/* callers: intervals of arguments that flow into functions from all the places that call them. Private to cfg.
 *
 * A function that is only called where we see it, and whose address nobody takes, begins with arguments that one of its callers gave it. Its
 * callers are asked first, and theirs before them, up to a few levels.
 * Assumed: a function's address is made by lui or auipc and an addition to the same register, or stands in an aligned word of the data. */
#ifndef POTOROO_CFG_CALLERS_H
#define POTOROO_CFG_CALLERS_H

#include "cfg/ranges.h"

enum { ARGUMENTS = 8 }; /* a0 to a7 */
struct arguments {
    struct interval of[ARGUMENTS];
};
/* Of the functions that WANTED says (an element a function): KNOWN[f] becomes true and ARGS[f] filled where there is something to tell. */
void callers_arguments(struct cfg *g, const bool *wanted, const uint32_t *unsaved, struct arguments *args, bool *known);

#endif
