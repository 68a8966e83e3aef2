/* ELF files bent at random: every one must give a clear error or a graph, never a crash or an endless loop.
 * fuzz SECONDS SEED WORKDIR FILE… tries the given files, then mutates them for so many seconds of processor time, the solver's included; it is
 * built with the address and undefined-behaviour sanitizers. The file that is being tried is left in WORK/fuzz-last.PID.elf, so a crash can be
 * looked at. With COVERAGE_GUIDED it is a target for libFuzzer, which made the corpus (cfg/rules.mk). */
#include "cfg/cfg.h"
#include "cfg/insn.h"
#include "cfg/smt.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

static uint64_t seed;
static uint64_t next_random(void) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    return seed ^= seed << 17;
}

static unsigned long graphs, refusals;

/* The invariants of a graph that its clients rely on. */
static void check(const struct cfg *g) {
    for (uint32_t i = 0; i < g->blocks.len; i++) {
        const struct block *b = &g->blocks.data[i];
        if (b->function >= g->functions.len || !b->insns || (i && g->blocks.data[i - 1].addr + g->blocks.data[i - 1].size > b->addr))
            abort();
        for (uint32_t e = b->edge; e < b->edge + b->edges; e++)
            if (g->edges.data[e].from != i || g->blocks.data[g->edges.data[e].to].function != b->function)
                abort();
        for (uint32_t c = b->call; c < b->call + b->calls; c++)
            if (g->calls.data[c] >= g->functions.len)
                abort();
        if (b->loop != NONE && b->loop >= g->loops.len)
            abort();
    }
    for (uint32_t i = 0; i < g->functions.len; i++)
        if (g->functions.data[i].entry == NONE || g->blocks.data[g->functions.data[i].entry].addr != g->functions.data[i].addr)
            abort();
    for (uint32_t i = 0; i < g->loops.len; i++)
        if (!g->loops.data[i].entries.len || (g->loops.data[i].origin != BOUND_NONE && (!g->loops.data[i].max || !g->loops.data[i].why)))
            abort();
}

static void try_file(const char *path, FILE *sink) {
    struct err e = {0};
    struct image *img = image_open(path, &e);
    struct cfg *g = img ? cfg_build(img, &e) : NULL;
    if (!g && (e.kind == ERR_NONE || !*e.text || strchr(e.text, '\n')))
        abort();
    refusals += !g;
    graphs += g != NULL;
    if (g) {
        check(g);
        json_decref(cfg_json(g));
        cfg_print(g, sink);
        cfg_facts_template(g, true, sink);
        if (g->functions.len < 200) {
            cfg_dot(g, NULL, sink);
            cfg_annotate(g, NULL, sink);
        }
        cfg_print_functional(g, (uint32_t)(next_random() % g->functions.len), sink);
    }
    cfg_free(g);
    image_free(img);
}

static void write_file(const char *path, const void *data, size_t size) {
    FILE *f = fopen(path, "w");
    if (!f || fwrite(data, 1, size, f) != size)
        exit(ERR_INPUT);
    fclose(f);
}

#ifdef COVERAGE_GUIDED

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Without the solver: what is made of the code is what may crash. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static FILE *sink;
    sink = sink ? sink : fopen("/dev/null", "w");
    int fd = memfd_create("input.elf", MFD_CLOEXEC);
    char *path = str_printf("/proc/self/fd/%d", fd);
    write_file(path, data, size);
    smt_use_solver("/no/solver");
    try_file(path, sink);
    free(path);
    close(fd);
    return 0;
}

#else

/* Bits anywhere, whole fields of the headers, bytes of the code, or cut short. */
static size_t mutate(char *d, size_t size) {
    for (unsigned n = 1 + (unsigned)(next_random() % 6); n-- > 0;) {
        uint64_t r = next_random();
        size_t at = r & 256 ? (r >> 16) % (size < 4096 ? size : 4096) : (r >> 16) % size;
        switch (r & 7) {
        case 0: d[at] ^= (char)(1 << (r >> 9 & 7)); break;
        case 1: d[at] = (char)(r >> 10); break;
        case 2: if (at + 8 <= size) memset(d + (at & ~7ul), (int)(r >> 9 & 1) - 1, 8); break;
        case 3: if (at + 8 <= size) { uint64_t v = r >> 20; memcpy(d + (at & ~7ul), &v, 8); } break;
        case 4: if (at + 64 <= size) for (int i = 0; i < 64; i++) d[at + (size_t)i] = (char)next_random(); break;
        case 5: if (at + 64 <= size) memmove(d + at, d + (next_random() % (size - 32)), 32); break;
        case 6: if (at + 4 <= size) { uint32_t w = (uint32_t)next_random() << 7 | 0x63; memcpy(d + (at & ~1ul), &w, 4); } break; /* a branch */
        case 7: if ((r >> 10 & 15) == 0) return at ? at : 1; break;
        }
    }
    return size;
}

static double processor_seconds(void) {
    double t = 0;
    for (int who = RUSAGE_CHILDREN; who <= RUSAGE_SELF; who++) {
        struct rusage u;
        getrusage(who, &u);
        t += (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + 1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
    }
    return t;
}

/* What is made of the code is what may crash: the solver, which takes long over it, is asked at times only. */
static void try_bounded(const char *path, FILE *sink, bool ask) {
    setitimer(ITIMER_PROF, &(struct itimerval){.it_value.tv_sec = 60}, NULL); /* an endless loop is a failure: the signal ends the program */
    smt_use_solver(ask ? NULL : "/no/solver");
    try_file(path, sink);
    setitimer(ITIMER_PROF, &(struct itimerval){0}, NULL);
}

int main(int argc, char **argv) {
    if (argc < 5) {
        fputs("usage: fuzz SECONDS SEED WORKDIR FILE...\n", stderr);
        return ERR_USAGE;
    }
    struct err e = {0};
    unsigned long files = (unsigned long)argc - 4;
    char *path = str_printf("%s/fuzz-last.%ld.elf", argv[3], (long)getpid());
    FILE *sink = fopen("/dev/null", "w");
    double limit = strtod(argv[1], NULL), slowest = 0, last = 0;
    seed = strtoull(argv[2], NULL, 0) * 2 + 0x9e3779b97f4a7c15ull;
    for (unsigned long round = 0; round < files || last < limit; round++) {
        char *data;
        size_t size;
        if (file_read(argv[4 + round % files], &data, &size, &e) < 0) {
            fprintf(stderr, "fuzz: %s\n", e.text);
            return ERR_INPUT;
        }
        write_file(path, data, round < files ? size : mutate(data, size));
        free(data);
        try_bounded(path, sink, round % 64 == 63);
        double t = processor_seconds();
        slowest = t - last > slowest ? t - last : slowest;
        last = t;
    }
    unlink(path);
    free(path);
    fclose(sink);
    printf("%lu files, %.1f minutes of processor time: %lu graphs, %lu refusals, slowest %.2f s\n%lu passed, 0 failed\n", files, last / 60, graphs, refusals, slowest,
           graphs + refusals);
    return graphs == 0 || refusals == 0;
}
#endif
