/* cc: reading a compiler's command line, as far as `potoroo cc` must understand it. */
#ifndef POTOROO_CC_H
#define POTOROO_CC_H

#include "base/base.h"

enum cc_role {
    CC_FLAG,        /* passed on to the compilation */
    CC_FLAG_SOURCE, /* the same, but only where C is read: preprocessing, dependencies, the language */
    CC_FLAG_ASM,    /* passed on to the compilation and to the assembler */
    CC_MODE,        /* -c, -S, -E and their like */
    CC_OUTPUT,      /* -o and its argument */
    CC_LANGUAGE,    /* -x and its argument */
    CC_DROP,        /* without meaning here: -save-temps, -pipe */
    CC_SOURCE,      /* C, to be given probes */
    CC_INPUT        /* any other input */
};
struct cc_arg {
    char *text;
    enum cc_role role;
    const char *language; /* of an input: what -x says, NULL: by its name */
};
enum cc_mode { CC_LINK, CC_OBJECT, CC_ASSEMBLY, CC_OTHER /* preprocess, check, print: nothing to give probes to */ };

struct cc_line {
    char *compiler;
    VEC(struct cc_arg) args; /* response files expanded */
    enum cc_mode mode;
    const char *output;      /* of -o, or NULL */
    size_t sources, inputs;  /* how many have role CC_SOURCE, and CC_SOURCE or CC_INPUT */
    bool dep, dep_file, dep_target; /* -MD or -MMD; -MF; -MT or -MQ */
    bool aux;                /* asks for files named after the output: -fstack-usage, -fdump-… */
};

/* ARGV begins with the compiler. ERR_INPUT for what cannot be given probes (link-time optimisation, reserved registers). */
int cc_parse(int argc, char **argv, struct cc_line *line, struct err *e);
void cc_free(struct cc_line *line);
bool cc_is_clang(const char *compiler); /* by the name that it resolves to */

#endif
