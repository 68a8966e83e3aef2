/* `potoroo cc`: the compiler wrapper.
 *
 * Each C source goes CC -S → probe_insert → CC -c through anonymous memory, so that nothing needs removing whatever happens; only
 * compile-and-link has a private directory, for the objects, which goes away also on signals. */
#include "tracer/cc.h"
#include "tracer/tracer.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef VEC(char *) words; /* borrowed */

struct cc {
    struct cc_line line;
    bool clang;
    enum probe_density density;
    char clock[80];           /* "": the latch */
    FILE *map;                /* NULL: not wanted */
    char *dir;                /* of the objects of compile-and-link, or NULL */
    VEC(char *) objects;      /* in it, owned; one for each C source */
    VEC(char *) scratch;      /* strings in command lines, owned */
};

/* ---- children ------------------------------------------------------------------------------------------------------ */

static volatile sig_atomic_t caught;
static volatile pid_t child;

static void on_signal(int sig) {
    caught = sig;
    if (child > 0)
        kill(child, sig);
}

static const int deadly[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

static void set_signals(void (*handler)(int)) {
    struct sigaction sa = {.sa_handler = handler};
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
        sigaction(deadly[i], &sa, NULL);
}

static void become(char **argv, int in, int out, pid_t parent) {
    set_signals(SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(126);
    if (in >= 0)
        dup2(in, 0);
    if (out >= 0)
        dup2(out, 1);
    execvp(argv[0], argv);
    dprintf(2, "potoroo cc: %s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

/* The command's exit status; 128 + the signal that ended it or us. IN and OUT: -1 leaves ours. */
static int run(words *w, int in, int out) {
    vec_push(w, NULL);
    if (caught)
        return 128 + caught;
    fflush(NULL);
    pid_t self = getpid(), pid = fork();
    if (pid == 0)
        become(w->data, in, out, self);
    child = pid;
    int status = 0;
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        if (caught)
            kill(pid, caught); /* it may have come before `child` was set */
    child = 0;
    if (pid < 0) {
        fprintf(stderr, "potoroo cc: fork: %s\n", strerror(errno));
        return ERR_INPUT;
    }
    if (caught)
        return 128 + caught;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- command lines ------------------------------------------------------------------------------------------------- */

static char *own(struct cc *c, char *s) {
    vec_push(&c->scratch, s);
    return s;
}

static void say(words *w, const char *s) { vec_push(w, (char *)(uintptr_t)s); }

static const char *base_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* PATH with the ending of its last part replaced; with none, ENDING is appended. */
static char *with_ending(struct cc *c, const char *path, const char *ending) {
    const char *base = base_of(path), *dot = strrchr(base, '.');
    size_t stem = (size_t)((dot && dot != base ? dot : base + strlen(base)) - path);
    return own(c, str_printf("%.*s%s", (int)stem, path, ending));
}

/* Where CC would have written this source's dependencies, and the name of their target. */
static void say_dependencies(struct cc *c, words *w, const char *source) {
    const struct cc_line *l = &c->line;
    if (!l->dep)
        return;
    if (!l->dep_file) {
        const char *stem = with_ending(c, base_of(source), "");
        char *file = with_ending(c, l->output ? l->output : base_of(source), ".d");
        bool joined = l->mode == CC_LINK && !l->output && !c->clang; /* gcc: after a.out, unless that says nothing new */
        if (joined && (l->inputs > 1 || strcmp(stem, "a") != 0))
            file = own(c, str_printf("a-%s.d", stem));
        say(w, "-MF");
        say(w, file);
    }
    if (!l->dep_target) {
        say(w, "-MQ");
        say(w, l->output ? l->output : with_ending(c, base_of(source), ".o"));
    }
}

/* gcc names further outputs (stack usage, dumps) after the object that it believes to make. */
static void say_names(struct cc *c, words *w, const char *source) {
    if (!c->line.aux || c->clang)
        return;
    const char *out = c->line.output && c->line.mode != CC_LINK ? c->line.output : base_of(source);
    const char *base = base_of(out);
    if (base > out) {
        say(w, "-dumpdir");
        say(w, own(c, str_printf("%.*s", (int)(base - out), out)));
    }
    say(w, "-dumpbase");
    say(w, with_ending(c, base, ".c"));
    say(w, "-dumpbase-ext");
    say(w, ".c");
}

static void say_flags(struct cc *c, words *w, bool source) {
    say(w, c->line.compiler);
    for (size_t i = 0; i < c->line.args.len; i++) {
        enum cc_role role = c->line.args.data[i].role;
        if (role == CC_FLAG || role == CC_FLAG_ASM || (source && role == CC_FLAG_SOURCE))
            say(w, c->line.args.data[i].text);
    }
    say(w, "-ffixed-x25");
    say(w, "-ffixed-x26");
    say(w, "-ffixed-x27");
    if (c->clang)
        say(w, "-Wno-unused-command-line-argument");
    say(w, "-S");
    say(w, "-o");
    say(w, "-");
}

static void say_compile(struct cc *c, words *w, const struct cc_arg *source) {
    say_flags(c, w, true);
    if (c->clang)
        say(w, "-emit-llvm");
    say_dependencies(c, w, source->text);
    say_names(c, w, source->text);
    if (source->language) {
        say(w, "-x");
        say(w, source->language);
    }
    say(w, source->text);
}

/* From LLVM's intermediate representation, already optimised, to assembly. */
static void say_generate(struct cc *c, words *w) {
    say_flags(c, w, false);
    say(w, "-Xclang");
    say(w, "-disable-llvm-passes");
    say(w, "-x");
    say(w, "ir");
    say(w, "-");
}

static void say_assemble(struct cc *c, words *w, const char *object) {
    say(w, c->line.compiler);
    for (size_t i = 0; i < c->line.args.len; i++)
        if (c->line.args.data[i].role == CC_FLAG_ASM)
            say(w, c->line.args.data[i].text);
    if (c->clang)
        say(w, "-Wno-unused-command-line-argument");
    say(w, "-x");
    say(w, "assembler");
    say(w, "-c");
    say(w, "-o");
    say(w, object);
    say(w, "-");
}

/* The whole line again, its C sources left out or (to link) their objects in their places. */
static void say_rest(struct cc *c, words *w) {
    const struct cc_line *l = &c->line;
    const char *language = NULL;
    size_t object = 0;
    say(w, l->compiler);
    for (size_t i = 0; i < l->args.len; i++) {
        const struct cc_arg *a = &l->args.data[i];
        bool replaced = a->role == CC_SOURCE, input = replaced || a->role == CC_INPUT;
        const char *wanted = input && !replaced ? a->language : NULL;
        if (a->role == CC_LANGUAGE || (replaced && l->mode != CC_LINK))
            continue;
        if (input && (wanted == NULL) != (language == NULL)) {
            say(w, "-x");
            say(w, wanted ? wanted : "none");
        }
        language = input ? wanted : language;
        say(w, replaced ? c->objects.data[object++] : a->text);
    }
}

/* ---- one source ---------------------------------------------------------------------------------------------------- */

static int complain(const struct err *e) {
    fprintf(stderr, "potoroo cc: %s\n", e->text);
    return (int)e->kind;
}

/* What gcc and clang both write at the head of RISC-V assembly. */
static int check_isa(const char *text, const char *name, struct err *e) {
    const char *rv64 = strstr(text, "\"rv64"), *attribute = strstr(text, ".attribute");
    if (attribute && rv64)
        return 0;
    return err_set(e, ERR_INPUT, "%s: the compiler did not write 64-bit RISC-V assembly with its .attribute arch", name);
}

static int complain_of(const char *name, const char *why) {
    struct err e;
    err_set(&e, ERR_INPUT, "%s: %s", name, why);
    return complain(&e);
}

/* Run W, which it frees, with IN as its standard input; its standard output becomes *text (owned by the caller). Returns the exit code. */
static int capture(words *w, int in, const char *name, char **text, size_t *size) {
    int fd = memfd_create("potoroo-cc", MFD_CLOEXEC), rc = fd < 0 ? complain_of(name, strerror(errno)) : run(w, in, fd);
    vec_free(w);
    if (rc == 0) {
        off_t end = lseek(fd, 0, SEEK_END);
        *size = (size_t)end;
        *text = mem_alloc(*size + 1);
        if (pread(fd, *text, *size, 0) != end)
            rc = complain_of(name, "what the compiler wrote cannot be read back");
    }
    if (fd >= 0)
        close(fd);
    return rc;
}

/* clang up to 14 at least does not tell its code generator of -ffixed-x25: the functions' own list of features replaces the one that
 * says so. So it is added to each. (In this text, a quotation mark within a string is written as \22.) */
static FILE *reserve_in_ir(const char *ir) {
    static const char list[] = "\"target-features\"=\"", more[] = "+reserve-x25,+reserve-x26,+reserve-x27,";
    int fd = memfd_create("potoroo-cc", MFD_CLOEXEC);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w+e");
    for (const char *next; f && (next = strstr(ir, list)); ir = next) {
        next += sizeof list - 1;
        fwrite(ir, 1, (size_t)(next - ir), f);
        fputs(*next == '"' ? "+reserve-x25,+reserve-x26,+reserve-x27" : more, f);
    }
    if (f && (fputs(ir, f) < 0 || fflush(f) != 0)) {
        fclose(f);
        f = NULL;
    }
    return f;
}

static int generate(struct cc *c, const char *name, char **text, size_t *size) {
    words w = {0};
    FILE *ir = reserve_in_ir(*text);
    free(*text);
    *text = NULL;
    if (!ir)
        return complain_of(name, strerror(errno));
    rewind(ir);
    say_generate(c, &w);
    int rc = capture(&w, fileno(ir), name, text, size);
    fclose(ir);
    return rc;
}

/* Compile to assembly in *text (owned by the caller). Returns the exit code. */
static int compile(struct cc *c, const struct cc_arg *source, char **text, size_t *size) {
    words w = {0};
    say_compile(c, &w, source);
    int rc = capture(&w, -1, source->text, text, size);
    return rc == 0 && c->clang ? generate(c, source->text, text, size) : rc;
}

/* A stream of its own to put the assembly into: the user's file for -S, else anonymous memory. */
static FILE *open_probed(struct cc *c, const char *output) {
    if (c->line.mode == CC_ASSEMBLY)
        return strcmp(output, "-") == 0 ? fdopen(dup(1), "w") : fopen(output, "we");
    int fd = memfd_create("potoroo-cc", MFD_CLOEXEC);
    return fd < 0 ? NULL : fdopen(fd, "w+e");
}

static int assemble(struct cc *c, FILE *probed, const char *object) {
    words w = {0};
    rewind(probed);
    say_assemble(c, &w, object);
    int rc = run(&w, fileno(probed), -1);
    vec_free(&w);
    return rc;
}

static int make_probed(struct cc *c, const char *text, size_t size, const char *source, const char *output) {
    struct err e;
    FILE *f = open_probed(c, output);
    if (!f)
        return complain_of(output, strerror(errno));
    int rc = check_isa(text, source, &e);
    if (rc == 0)
        rc = probe_insert_with(text, size, source, &(struct probe_options){c->density, c->map, *c->clock ? c->clock : NULL, c->clang}, f, &e);
    if (rc == 0 && fflush(f) != 0)
        rc = err_set(&e, ERR_INPUT, "%s: %s", output, strerror(errno));
    rc = rc < 0 ? complain(&e) : c->line.mode == CC_ASSEMBLY ? 0 : assemble(c, f, output);
    fclose(f);
    if (rc != 0 && c->line.mode == CC_ASSEMBLY && strcmp(output, "-") != 0)
        unlink(output);
    return rc;
}

static int make_one(struct cc *c, const struct cc_arg *source, const char *output) {
    char *text = NULL;
    size_t size;
    int rc = compile(c, source, &text, &size);
    if (rc == 0)
        rc = make_probed(c, text, size, source->text, output);
    free(text);
    return rc;
}

/* ---- the whole line ------------------------------------------------------------------------------------------------ */

static int open_dir(struct cc *c) {
    const char *tmp = getenv("TMPDIR");
    c->dir = str_printf("%s/potoroo-cc-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (mkdtemp(c->dir))
        return 0;
    int rc = complain_of(c->dir, strerror(errno));
    free(c->dir);
    c->dir = NULL;
    return rc;
}

static void remove_dir(struct cc *c) {
    for (size_t i = 0; i < c->objects.len; i++) {
        unlink(c->objects.data[i]);
        free(c->objects.data[i]);
    }
    vec_free(&c->objects);
    if (c->dir)
        rmdir(c->dir);
    free(c->dir);
}

static const char *object_of(struct cc *c, const char *source) {
    if (c->line.mode == CC_LINK) {
        const char *stem = with_ending(c, base_of(source), "");
        char *path = str_printf("%s/%zu-%s.o", c->dir, c->objects.len, stem);
        vec_push(&c->objects, path);
        return path;
    }
    if (c->line.output)
        return c->line.output;
    return with_ending(c, base_of(source), c->line.mode == CC_ASSEMBLY ? ".s" : ".o");
}

/* As a compiler does, go on with the other sources after one that fails; the first failure counts. */
static int make_all(struct cc *c) {
    int rc = c->line.mode == CC_LINK ? open_dir(c) : 0;
    if (rc)
        return rc;
    for (size_t i = 0; i < c->line.args.len && !caught; i++)
        if (c->line.args.data[i].role == CC_SOURCE) {
            const struct cc_arg *a = &c->line.args.data[i];
            int one = make_one(c, a, object_of(c, a->text));
            rc = rc ? rc : one;
        }
    bool rest = c->line.mode == CC_LINK ? rc == 0 : c->line.inputs > c->line.sources;
    if (rest && !caught) {
        words w = {0};
        say_rest(c, &w);
        int one = run(&w, -1, -1);
        vec_free(&w);
        rc = rc ? rc : one;
    }
    return rc;
}

static int usage(const char *why, const char *what) {
    fprintf(stderr, "potoroo cc: %s%s\nusage: potoroo cc [--probes=all|sparse] [--clock=CLOCK] [--map FILE] -- CC ARGUMENT…\n", why, what);
    return ERR_USAGE;
}

static int make(struct cc *c, char **argv) {
    const struct cc_line *l = &c->line;
    if (l->mode != CC_LINK && l->mode != CC_OTHER && l->sources && l->output && l->inputs > 1)
        return usage("-o names one output, but there are several inputs", "");
    if (l->sources == 0 || l->mode == CC_OTHER) { /* nothing to give probes to */
        fflush(NULL);
        execvp(argv[0], argv);
        return complain_of(argv[0], strerror(errno));
    }
    c->clang = cc_is_clang(c->line.compiler);
    set_signals(on_signal);
    int rc = make_all(c);
    remove_dir(c);
    set_signals(SIG_DFL);
    if (caught)
        raise(caught);
    for (size_t i = 0; i < c->scratch.len; i++)
        free(c->scratch.data[i]);
    vec_free(&c->scratch);
    return rc;
}

static int make_with_map(struct cc *c, const char *map, int argc, char **argv) {
    struct err e;
    struct atomic_file *f = map ? atomic_open(map, &e) : NULL;
    if (map && !f)
        return complain(&e);
    c->map = f ? atomic_stream(f) : NULL;
    int rc = cc_parse(argc, argv, &c->line, &e) < 0 ? complain(&e) : make(c, argv);
    cc_free(&c->line);
    if (f && rc == 0)
        return atomic_commit(f, &e) < 0 ? complain(&e) : 0;
    atomic_abort(f);
    return rc;
}

/* As POTOROO_CLOCK_CSR and POTOROO_CLOCK_LOAD of the target's header. */
static int set_clock(struct cc *c, const char *text) {
    char *end;
    long offset = strncmp(text, "load:", 5) == 0 ? strtol(text + 5, &end, 0) : 0;
    *c->clock = 0;
    if (strcmp(text, "latch") == 0)
        return 0;
    if (strncmp(text, "csr:", 4) == 0 && text[4] && strspn(text + 4, "abcdefghijklmnopqrstuvwxyz0123456789") == strlen(text + 4) && strlen(text) < 40)
        snprintf(c->clock, sizeof c->clock, "csrr\ts9,%s", text + 4);
    else if (strncmp(text, "load:", 5) == 0 && text[5] && !*end && offset >= -2048 && offset <= 2047)
        snprintf(c->clock, sizeof c->clock, "ld\ts9,%ld(s11)", offset);
    return *c->clock ? 0 : -1;
}

int cc_main(int argc, char **argv) {
    static const struct option options[] = {{"probes", required_argument, NULL, 'p'}, {"map", required_argument, NULL, 'm'}, {"clock", required_argument, NULL, 'c'}, {0}};
    struct cc c = {.density = PROBES_ALL};
    const char *map = NULL;
    for (int o; (o = getopt_long(argc, argv, "+", options, NULL)) >= 0;) {
        if (o == 'm')
            map = optarg;
        else if (o == 'c' && set_clock(&c, optarg) == 0)
            continue;
        else if (o == 'c')
            return usage("--clock=latch, csr:NAME or load:OFFSET, not ", optarg);
        else if (o == 'p' && strcmp(optarg, "sparse") == 0)
            c.density = PROBES_SPARSE;
        else if (o != 'p' || strcmp(optarg, "all") != 0)
            return o == 'p' ? usage("--probes=all or sparse, not ", optarg) : usage("which option is this?", "");
    }
    if (optind >= argc)
        return usage("which compiler?", "");
    return make_with_map(&c, map, argc - optind, argv + optind);
}
