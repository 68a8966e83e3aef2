#include "tracer/cc.h"

#include <ctype.h>
#include <unistd.h>

static bool begins(const char *s, const char *prefix) { return strncmp(s, prefix, strlen(prefix)) == 0; }

static bool in_list(const char *s, const char *const *list) {
    for (; *list; list++)
        if (strcmp(s, *list) == 0)
            return true;
    return false;
}

static bool in_list_as_prefix(const char *s, const char *const *list) {
    for (; *list; list++)
        if (begins(s, *list))
            return true;
    return false;
}

/* Options of gcc and clang whose argument is a word of its own. */
static const char *const separate[] = {
    "-o", "-x", "-I", "-D", "-U", "-L", "-l", "-T", "-u", "-z", "-e", "-A", "-B", "-G", "-MF", "-MT", "-MQ", "-include", "-imacros",
    "-iquote", "-isystem", "-idirafter", "-iprefix", "-iwithprefix", "-iwithprefixbefore", "-isysroot", "-imultilib", "-Xlinker",
    "-Xassembler", "-Xpreprocessor", "-Xclang", "-mllvm", "-target", "-arch", "--param", "-dumpbase", "-dumpbase-ext", "-dumpdir",
    "-wrapper", "-specs", "--sysroot", "-Ttext", "-Tdata", "-Tbss", "--entry", "-gcc-toolchain", NULL};

static const char *const modes_other[] = {"-E", "-M", "-MM", "-fsyntax-only", "-###", "--help", "--version", "-dumpmachine",
                                          "-dumpversion", "-dumpspecs", "-emit-llvm", NULL};

/* What the assembler must know too, by its beginning. */
static const char *const for_assembler[] = {"-m", "-Wa,", "-B", "--target=", "-target", "-Xassembler", "--sysroot", "-specs", "-wrapper",
                                            "-fPIC", "-fpic", "-fPIE", "-fpie", "-fno-pic", "-fno-PIC", "-fno-pie", "-fno-PIE",
                                            "-fintegrated-as", "-fno-integrated-as", "-integrated-as", "-no-integrated-as",
                                            "--gcc-toolchain", "-gz", "-v", NULL};

static const char *const for_source[] = {"-D", "-U", "-I", "-include", "-imacros", "-iquote", "-isystem", "-idirafter", "-iprefix", "-iwithprefix",
                                         "-M", "-Wp,", "-Xpreprocessor", "-std", "-ansi", "-trigraphs", "-nostdinc", NULL};

static const char *const aux_makers[] = {"-fstack-usage", "-fcallgraph-info", "-fdump-", "--coverage", "-coverage", "-ftest-coverage",
                                         "-fprofile-arcs", "-fsave-optimization-record", NULL};

/* The registers of the probes must stay out of the compiler's hands. */
static bool takes_reserved(const char *flag) {
    static const char *const registers[] = {"s9", "s10", "s11", "x25", "x26", "x27", NULL};
    static const char *const claims[] = {"-fcall-saved-", "-fcall-used-", NULL};
    for (const char *const *c = claims; *c; c++)
        if (begins(flag, *c) && in_list(flag + strlen(*c), registers))
            return true;
    return false;
}

static bool is_c(const char *path, const char *language) {
    if (language)
        return strcmp(language, "c") == 0 || strcmp(language, "cpp-output") == 0;
    const char *dot = strrchr(path, '.');
    return dot && (strcmp(dot, ".c") == 0 || strcmp(dot, ".i") == 0);
}

static bool is_foreign(const char *path, const char *language) {
    static const char *const languages[] = {"c++", "c++-cpp-output", "objective-c", "d", "go", "f77", "f95", "ada", "ir", NULL};
    static const char *const endings[] = {".C", ".cc", ".cp", ".cxx", ".cpp", ".CPP", ".c++", ".ii", ".m", ".mm", ".d", ".go", ".f",
                                          ".f90", ".F", ".F90", ".adb", ".ll", ".bc", NULL};
    const char *dot = strrchr(path, '.');
    return language ? in_list(language, languages) : dot && in_list(dot, endings);
}

/* ---- response files ------------------------------------------------------------------------------------------------ */

static void add(struct cc_line *l, char *text) {
    struct cc_arg a = {.text = text};
    vec_push(&l->args, a);
}

/* The next word by gcc's rules: white space separates, quotes and backslashes protect. NULL at the end. */
static char *next_word(const char **p) {
    while (isspace((unsigned char)**p))
        ++*p;
    if (!**p)
        return NULL;
    char *word = mem_alloc(strlen(*p) + 1), *to = word, quote = 0;
    for (; **p && (quote || !isspace((unsigned char)**p)); ++*p) {
        if (**p == '\\' && (*p)[1])
            *to++ = *++*p;
        else if (quote ? **p == quote : **p == '"' || **p == '\'')
            quote = quote ? 0 : **p;
        else
            *to++ = **p;
    }
    return word;
}

static int expand(struct cc_line *l, const char *arg, int depth, struct err *e) {
    if (arg[0] != '@' || access(arg + 1, R_OK) < 0) {
        add(l, str_dup(arg));
        return 0;
    }
    if (depth > 20)
        return err_set(e, ERR_INPUT, "%s: response files nested too deeply", arg + 1);
    char *text, *word;
    size_t size;
    int rc = file_read(arg + 1, &text, &size, e);
    if (rc < 0)
        return rc;
    for (const char *p = text; rc == 0 && (word = next_word(&p));) {
        rc = expand(l, word, depth + 1, e);
        free(word);
    }
    free(text);
    return rc;
}

/* ---- roles --------------------------------------------------------------------------------------------------------- */

static int take_flag(struct cc_line *l, struct cc_arg *a, struct err *e) {
    const char *t = a->text;
    if ((begins(t, "-flto") && strcmp(t, "-flto=no") != 0) || begins(t, "-gsplit-dwarf") || strcmp(t, "-fsplit-stack") == 0)
        return err_set(e, ERR_INPUT, "%s: probes are inserted in the assembly of each source, which this flag does not leave", t);
    if (takes_reserved(t))
        return err_set(e, ERR_INPUT, "%s: s9, s10 and s11 are reserved for probes", t);
    if (begins(t, "-save-temps") || begins(t, "--save-temps") || strcmp(t, "-pipe") == 0)
        a->role = CC_DROP;
    else if (in_list_as_prefix(t, for_assembler) && !begins(t, "-mllvm"))
        a->role = CC_FLAG_ASM;
    else
        a->role = in_list_as_prefix(t, for_source) ? CC_FLAG_SOURCE : CC_FLAG;
    l->dep = l->dep || strcmp(t, "-MD") == 0 || strcmp(t, "-MMD") == 0;
    l->dep_file = l->dep_file || begins(t, "-MF");
    l->dep_target = l->dep_target || begins(t, "-MT") || begins(t, "-MQ");
    l->aux = l->aux || in_list_as_prefix(t, aux_makers);
    return 0;
}

static void take_mode(struct cc_line *l, struct cc_arg *a, enum cc_mode mode) {
    a->role = CC_MODE;
    if (mode > l->mode) /* the one that stops earliest wins */
        l->mode = mode;
}

static int take_input(struct cc_line *l, struct cc_arg *a, const char *language, struct err *e) {
    a->language = language;
    a->role = is_c(a->text, language) ? CC_SOURCE : CC_INPUT;
    if (is_foreign(a->text, language))
        return err_set(e, ERR_INPUT, "%s: only C can be given probes", a->text);
    l->sources += a->role == CC_SOURCE;
    l->inputs++;
    return 0;
}

/* The option at I, which has an argument of its own at I + 1. */
static int take_pair(struct cc_line *l, size_t i, const char **language, struct err *e) {
    struct cc_arg *a = &l->args.data[i];
    int rc = 0;
    if (strcmp(a->text, "-o") == 0) {
        a->role = CC_OUTPUT;
        l->output = a[1].text;
    } else if (strcmp(a->text, "-x") == 0) {
        a->role = CC_LANGUAGE;
        *language = strcmp(a[1].text, "none") == 0 ? NULL : a[1].text;
    } else {
        rc = take_flag(l, a, e);
    }
    a[1].role = a->role;
    return rc;
}

static int take(struct cc_line *l, size_t *i, const char **language, struct err *e) {
    struct cc_arg *a = &l->args.data[*i];
    const char *t = a->text;
    if (t[0] != '-' || !t[1])
        return take_input(l, a, *language, e);
    if (in_list(t, separate) && *i + 1 < l->args.len)
        return take_pair(l, (*i)++, language, e);
    if (strcmp(t, "-c") == 0)
        take_mode(l, a, CC_OBJECT);
    else if (strcmp(t, "-S") == 0)
        take_mode(l, a, CC_ASSEMBLY);
    else if (in_list(t, modes_other) || begins(t, "-print-"))
        take_mode(l, a, CC_OTHER);
    else if (begins(t, "-x")) {
        a->role = CC_LANGUAGE;
        *language = strcmp(t + 2, "none") == 0 ? NULL : t + 2;
    } else if (begins(t, "-o") && !begins(t, "-object")) {
        a->role = CC_OUTPUT;
        l->output = t + 2;
    } else
        return take_flag(l, a, e);
    return 0;
}

int cc_parse(int argc, char **argv, struct cc_line *line, struct err *e) {
    const char *language = NULL;
    int rc = 0;
    *line = (struct cc_line){.compiler = argv[0]};
    for (int i = 1; i < argc && rc == 0; i++)
        rc = expand(line, argv[i], 0, e);
    for (size_t i = 0; i < line->args.len && rc == 0; i++)
        rc = take(line, &i, &language, e);
    return rc;
}

void cc_free(struct cc_line *line) {
    for (size_t i = 0; i < line->args.len; i++)
        free(line->args.data[i].text);
    vec_free(&line->args);
}

static bool names_clang(const char *path) {
    char *real = realpath(path, NULL);
    const char *p = real ? real : path, *slash = strrchr(p, '/');
    bool yes = strstr(slash ? slash + 1 : p, "clang") != NULL;
    free(real);
    return yes;
}

bool cc_is_clang(const char *compiler) {
    if (strchr(compiler, '/') || strstr(compiler, "clang"))
        return names_clang(compiler);
    char *path = str_dup(getenv("PATH") ? getenv("PATH") : ""), *save = NULL;
    bool yes = false;
    for (char *dir = strtok_r(path, ":", &save); dir; dir = strtok_r(NULL, ":", &save)) {
        char *full = str_printf("%s/%s", dir, compiler);
        bool found = access(full, X_OK) == 0;
        yes = found && names_clang(full);
        free(full);
        if (found)
            break;
    }
    free(path);
    return yes;
}
