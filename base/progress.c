#include "base/base.h"

#include <time.h>
#include <unistd.h>

struct progress {
    const char *what;
    uint64_t total;
    double begun, shown;
    bool terminal, drawn;
};

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct progress *progress_begin(const char *what, uint64_t total) {
    struct progress *p = mem_alloc(sizeof *p);
    *p = (struct progress){.what = what, .total = total, .begun = now(), .terminal = isatty(STDERR_FILENO)};
    return p;
}

void progress_at(struct progress *p, uint64_t done) {
    if (!p->terminal)
        return;
    double t = now();
    if (t - p->begun < 2 || t - p->shown < 0.2)
        return;
    p->shown = t;
    p->drawn = true;
    if (p->total)
        fprintf(stderr, "\r%s: %3.0f %%\033[K", p->what, 100.0 * (double)done / (double)p->total);
    else
        fprintf(stderr, "\r%s: %llu\033[K", p->what, (unsigned long long)done);
}

void progress_end(struct progress *p) {
    if (p && p->drawn)
        fputs("\r\033[K", stderr);
    free(p);
}
