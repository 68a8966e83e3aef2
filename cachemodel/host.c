/* The machine that this runs on, as far as an unprivileged program can see it: its first-level data cache, by timing pointer chases.
 *
 * A chase over N lines that collide takes no longer per load than one over few, iff all stay in the cache: N <= ways. Beyond, at least
 * one load in N misses, whatever the policy (pigeonhole). The least of many repetitions is what counts: noise only adds. Everything
 * is measured several times over and must come out the same, and must be what the CPU says of itself; else it is not certain.
 * Times are ticks of the time-stamp counter, which are not core cycles: they appear as evidence only. */
#include "cachemodel/host.h"

#ifdef __x86_64__

#include <cpuid.h>
#include <errno.h>
#include <sched.h>
#include <sys/mman.h>
#include <x86intrin.h>

enum {
    MEMORY = 64 << 20, PAGE = 4096, MOST_LINES = 70, LEAST_STRIDE = 1024, MOST_STRIDE = 16384, STRIDES = 5,
    LAYOUTS = 40, TRIES = 400, TIMINGS = 4, LOADS = 2000, AGREEING = 5, READINGS = 24, PIECE = 64, ROUNDS = 3,
};

struct host {
    char *memory;
    uint64_t seed;
};

struct geometry {
    int64_t line, sets, ways;
    double hit, beyond;      /* ticks a load: all in L1D; none */
};

static uint64_t host_random(struct host *h, uint64_t n) {
    h->seed ^= h->seed << 13;
    h->seed ^= h->seed >> 7;
    h->seed ^= h->seed << 17;
    return (h->seed >> 11) % n;
}

/* ---- timing ------------------------------------------------------------------------------------------------------------------ */

static uint64_t ticks(void) {
    unsigned cpu;
    _mm_lfence();
    uint64_t t = __rdtscp(&cpu);
    _mm_lfence();
    return t;
}

static void **chase(void **p, int loads) {
    for (int i = 0; i < loads; i++)
        p = *p;
    __asm__ volatile("" : "+r"(p));
    return p;
}

/* Ticks a load of a cyclic chase over the lines in random order; the least of some timings. */
static double time_once(struct host *h, char **line, int n) {
    double best = 1e9;
    for (int i = n - 1; i > 0; i--) {
        int k = (int)host_random(h, (uint64_t)i + 1);
        char *other = line[i];
        line[i] = line[k];
        line[k] = other;
    }
    for (int i = 0; i < n; i++)
        *(void **)(void *)line[i] = line[(i + 1) % n];
    void **p = chase((void **)(void *)line[0], 4 * n);
    for (int i = 0; i < TIMINGS; i++) {
        uint64_t start = ticks();
        p = chase(p, LOADS);
        double t = (double)(ticks() - start) / LOADS;
        best = t < best ? t : best;
    }
    return best;
}

/* N lines STRIDE apart, the last one moved by EXTRA, somewhere. */
static double time_lines(struct host *h, int n, size_t stride, size_t extra) {
    char *line[MOST_LINES + 1] = {NULL}, *start = h->memory + host_random(h, 64) * PAGE + host_random(h, PAGE / 1024) * 1024;
    for (int i = 0; i < n; i++)
        line[i] = start + (size_t)i * stride + (i == n - 1 ? extra : 0);
    return time_once(h, line, n);
}

/* ---- geometry ---------------------------------------------------------------------------------------------------------------- */

static int compare_double(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double least_time(struct host *h, int n, size_t stride) {
    double best = 1e9;
    for (int k = 0; k < LAYOUTS; k++) {
        double t = time_lines(h, n, stride, 0);
        best = t < best ? t : best;
    }
    return best;
}

/* Sets what a hit and what a miss takes. */
static void scale(struct host *h, struct geometry *g) {
    double t[9];
    g->hit = least_time(h, 2, PAGE);
    for (int i = 0; i < 9; i++)
        t[i] = least_time(h, MOST_LINES - i, PAGE);
    qsort(t, 9, sizeof *t, compare_double);
    g->beyond = t[4];
}

/* Whether a chase was ever seen to have no miss in thousands of loads. If the lines do not fit it cannot be: one miss in MOST_LINES is
 * more than the tolerance. If they do, another's noise can hide it for long: hence the many tries. */
static bool fits(struct host *h, const struct geometry *g, int n, size_t stride, size_t extra) {
    double limit = g->hit + (g->beyond - g->hit) / (MOST_LINES + 1);
    for (int k = 0; k < TRIES; k++)
        if (time_lines(h, n, stride, extra) <= limit)
            return true;
    return false;
}

/* How many lines STRIDE apart are held; 0: no clear step. */
static int lines_held(struct host *h, size_t stride, const struct geometry *g) {
    int held = 2;
    while (held < MOST_LINES && fits(h, g, held + 1, stride, 0))
        held++;
    if (held + 2 > MOST_LINES || fits(h, g, held + 2, stride, 0))
        return 0;
    return held;
}

/* The smallest distance at which one line more than fit no longer collides: one step of the index is one line. */
static int64_t line_size(struct host *h, const struct geometry *g, size_t way) {
    int64_t line = 0;
    for (size_t d = 8; d <= 512; d *= 2) {
        bool apart = fits(h, g, (int)g->ways + 1, way, d);
        if (apart && !line)
            line = (int64_t)d;
        if (!apart && line)
            return 0;
    }
    return line;
}

static struct geometry read_geometry(struct host *h) {
    struct geometry g = {0};
    int held[STRIDES];
    size_t way = 0;
    scale(h, &g);
    if (g.beyond < 1.3 * g.hit)
        return (struct geometry){0};
    for (int i = 0; i < STRIDES; i++)
        held[i] = lines_held(h, (size_t)LEAST_STRIDE << i, &g);
    g.ways = held[STRIDES - 1];
    for (int i = STRIDES - 1; i >= 0 && held[i] == g.ways; i--)
        way = (size_t)LEAST_STRIDE << i;
    /* both sides of the step must have been seen, and twice as many lines at half the stride */
    if (!g.ways || way == MOST_STRIDE || way == LEAST_STRIDE)
        return (struct geometry){0};
    if (held[__builtin_ctzll(way / LEAST_STRIDE) - 1] != 2 * g.ways)
        return (struct geometry){0};
    g.line = line_size(h, &g, way);
    if (!g.line)
        return (struct geometry){0};
    g.sets = (int64_t)way / g.line;
    return g;
}

/* ---- latency by footprint ---------------------------------------------------------------------------------------------------- */

/* Ticks a load of a random cycle over all 64-byte pieces of the first BYTES; the least of a few rounds. */
static double time_footprint(struct host *h, size_t bytes) {
    uint32_t n = (uint32_t)(bytes / PIECE), *order = mem_alloc(n * sizeof *order);
    double best = 1e9;
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    for (uint32_t i = n - 1; i > 0; i--) {
        uint32_t k = (uint32_t)host_random(h, i + 1ull), other = order[i];
        order[i] = order[k];
        order[k] = other;
    }
    for (uint32_t i = 0; i < n; i++)
        *(void **)(void *)(h->memory + (size_t)order[i] * PIECE) = h->memory + (size_t)order[(i + 1) % n] * PIECE;
    void **p = chase((void **)(void *)h->memory, (int)n);
    for (int i = 0; i < ROUNDS; i++) {
        int loads = n < LOADS ? LOADS : (int)n / 2;
        uint64_t start = ticks();
        p = chase(p, loads);
        double t = (double)(ticks() - start) / loads;
        best = t < best ? t : best;
    }
    free(order);
    return best;
}

static char *footprints(struct host *h) {
    char *text = str_dup("ticks a load, by KiB visited at random:");
    for (size_t bytes = 16 << 10; bytes <= MEMORY; bytes *= 2) {
        char *old = text;
        text = str_printf("%s %zu: %.1f", old, bytes >> 10, time_footprint(h, bytes));
        free(old);
    }
    return text;
}

/* ---- what the CPU says ------------------------------------------------------------------------------------------------------- */

/* The deterministic cache parameters: leaf 4 (Intel), 0x8000001d (AMD), the same layout. */
static struct geometry reported(void) {
    const unsigned leaves[] = {4, 0x8000001d};
    struct geometry g = {0};
    for (int l = 0; l < 2; l++)
        for (unsigned sub = 0; sub < 16; sub++) {
            unsigned a, b, c, d;
            if (!__get_cpuid_count(leaves[l], sub, &a, &b, &c, &d) || (a & 31) == 0)
                break;
            if ((a & 31) == 1 && (a >> 5 & 7) == 1) /* data, level 1 */
                g = (struct geometry){(b & 0xfff) + 1, (int64_t)c + 1, (b >> 22) + 1, 0, 0};
        }
    return g;
}

/* ---- the model --------------------------------------------------------------------------------------------------------------- */

static bool same(const struct geometry *a, const struct geometry *b) { return a->line == b->line && a->sets == b->sets && a->ways == b->ways; }

/* AGREEING readings the same, and at most half as many that differ: noise can make lines seem lost, not held. Readings that show no
 * clear step count for nothing. */
static bool read_stable(struct host *h, struct geometry *g) {
    struct geometry seen[READINGS];
    int n = 0;
    for (int k = 0; k < READINGS; k++) {
        struct geometry now = read_geometry(h);
        if (!now.ways)
            continue;
        int agree = 1;
        for (int i = 0; i < n; i++)
            agree += same(&seen[i], &now);
        seen[n++] = now;
        *g = now;
        if (agree >= AGREEING && n - agree <= agree / 2)
            return true;
    }
    return false;
}

static void add_unknown(struct model *m, const char *text) { vec_push(&m->unknown, str_dup(text)); }

static void fill_cache(struct model *m, struct host *h) {
    struct geometry g = {0}, told = reported();
    struct model_cache c = {.name = "L1D", .line = MODEL_UNKNOWN, .sets = MODEL_UNKNOWN, .ways = MODEL_UNKNOWN, .miss = MODEL_UNKNOWN,
                            .cold = MODEL_UNKNOWN, .stores = true, .write_back = MODEL_UNKNOWN, .allocate = MODEL_UNKNOWN, .evict_dirty = MODEL_UNKNOWN};
    bool stable = read_stable(h, &g);
    if (stable && same(&g, &told)) {
        c.line = g.line;
        c.sets = g.sets;
        c.ways = g.ways;
        vec_push(&c.evidence, str_printf("line, sets, ways: %d readings the same, and what the CPU reports", AGREEING));
        vec_push(&c.evidence, str_printf("a load takes about %.1f ticks of the time-stamp counter, %.1f where it misses", g.hit, g.beyond));
    } else {
        char *why = stable ? str_printf("L1D: not certain: measured %d x %d x %d bytes, the CPU reports %d x %d x %d (sets x ways x line)", (int)g.sets, (int)g.ways, (int)g.line,
                                        (int)told.sets, (int)told.ways, (int)told.line)
                           : str_dup("L1D: not certain: readings are not clear or do not repeat");
        vec_push(&m->unknown, why);
    }
    vec_push(&c.evidence, footprints(h));
    vec_push(&m->caches, c);
    add_unknown(m, "L1D: policy, miss, write, allocate, evict_dirty: not measured on a host");
    add_unknown(m, "L1I, L2, L3, ITLB, DTLB: not measured on a host, but for the steps of latency by footprint (L1D's evidence)");
    add_unknown(m, "latencies, counter overhead: ticks of a host's counter are not its cycles");
}

struct model *host_infer(struct err *e) {
    struct host h = {.seed = 88172645463325252u};
    cpu_set_t before, one;
    void *memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED) {
        err_set(e, ERR_INPUT, "%d MiB of memory to measure with: %s", MEMORY >> 20, strerror(errno));
        return NULL;
    }
    h.memory = memory;
    bool moved = sched_getaffinity(0, sizeof before, &before) == 0;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    moved = moved && sched_setaffinity(0, sizeof one, &one) == 0;
    struct model *m = mem_alloc(sizeof *m);
    m->platform = str_dup("host");
    m->estimate = true;
    m->counter_overhead = m->jitter = MODEL_UNKNOWN;
    for (int c = 0; c < MODEL_CLASSES; c++)
        m->latency[c] = MODEL_UNKNOWN;
    fill_cache(m, &h);
    if (moved)
        sched_setaffinity(0, sizeof before, &before);
    munmap(memory, MEMORY);
    return m;
}

#else

struct model *host_infer(struct err *e) {
    err_set(e, ERR_USAGE, "-p host: this machine is no x86-64");
    return NULL;
}

#endif
