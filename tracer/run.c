/* `potoroo run`: QEMU with the board's plugin as a child, its records through a pipe, as they come, into a trace.
 *
 * The guest's RAM, the port's list of points and QEMU's messages are anonymous files that QEMU opens as /proc/self/fd/N: nothing is left
 * behind however this ends. The child dies with us. */
#include "tracer/run.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct run {
    const struct run_options *o;
    struct platform platform;
    struct image *img;
    struct channel {
        struct trace_writer *trace;
        struct drain *drain;
        int pipe[2];          /* -1: closed */
    } channel[2];             /* the probes' or the port's; the port's besides the probes' */
    size_t channels;
    int ram, points, words;   /* anonymous files; -1: none. words: what QEMU says on its standard error */
    pid_t child;
    double deadline;
    bool stopped;             /* QEMU was asked to end */
    struct progress *progress;
};

/* ---- signals ------------------------------------------------------------------------------------------------------- */

static volatile sig_atomic_t caught;
static const int deadly[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
enum { DEADLY = sizeof deadly / sizeof *deadly, GRACE = 20 /* seconds */ };

static void on_signal(int sig) { caught = sig; }

/* Held back except while waiting in ppoll, so that none slips in between a look at `caught` and the wait. What whoever started us lets be ignored
 * (nohup, a shell's background job) stays so. */
static void hold_signals(struct sigaction old[DEADLY], sigset_t *before) {
    struct sigaction sa = {.sa_handler = on_signal};
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < DEADLY; i++) {
        sigaction(deadly[i], NULL, &old[i]);
        if (old[i].sa_handler == SIG_IGN)
            continue;
        sigaction(deadly[i], &sa, NULL);
        sigaddset(&set, deadly[i]);
    }
    sigprocmask(SIG_BLOCK, &set, before);
}

/* What was caught takes its usual effect now. */
static void release_signals(struct sigaction old[DEADLY], const sigset_t *before) {
    for (int i = 0; i < DEADLY; i++)
        sigaction(deadly[i], &old[i], NULL);
    sigprocmask(SIG_SETMASK, before, NULL);
    if (caught)
        raise(caught);
}

/* ---- setting up ---------------------------------------------------------------------------------------------------- */

static int anonymous(const char *name, struct err *e) {
    int fd = memfd_create(name, 0); /* QEMU inherits it */
    return fd < 0 ? err_set(e, ERR_INPUT, "memfd_create: %s", strerror(errno)) : fd;
}

static int load_platform(const char *path, struct platform *p, struct trace_info *info, struct err *e) {
    char why[PLATFORM_ERROR_SIZE], *text;
    size_t size;
    if (platform_load(path, p, why) < 0)
        return err_set(e, ERR_INPUT, "%s", why);
    if (file_read(path, &text, &size, e) < 0)
        return -1;
    snprintf(info->platform, sizeof info->platform, "%016" PRIx64 "%016" PRIx64, hash_bytes(text, size, 0), hash_bytes(text, size, 1));
    info->clock_hz = p->clock_hz;
    free(text);
    return 0;
}

int platform_info(const char *path, struct trace_info *info, struct err *e) {
    struct platform p = {0};
    return load_platform(path, &p, info, e);
}

static int read_platform(struct run *r, struct trace_info *info, struct err *e) {
    if (load_platform(r->o->platform, &r->platform, info, e) < 0)
        return -1;
    return r->platform.ram ? 0 : err_set(e, ERR_INPUT, "%s: [memory] ram is missing: how large is the board's RAM?", r->o->platform);
}

static int open_trace(struct run *r, struct trace_info *info, struct err *e) {
    snprintf(info->isa, sizeof info->isa, "rv64");
    snprintf(info->build_id, sizeof info->build_id, "%s", image_build_id(r->img));
    r->channels = r->o->port_output ? 2 : 1;
    for (size_t i = 0; i < r->channels; i++) {
        struct channel *c = &r->channel[i];
        info->port = i || r->o->port;
        c->trace = trace_create(i ? r->o->port_output : r->o->output, info, e);
        c->drain = c->trace ? drain_new(r->img, info->port, c->trace, e) : NULL;
        if (!c->drain)
            return -1;
    }
    return 0;
}

/* The port reports at every basic block of the kernel: the plugin gets their addresses. */
static int write_points(struct run *r, struct err *e) {
    if (!r->o->port && !r->o->port_output)
        return 0;
    image_use_port(r->img);
    struct cfg *g = cfg_build_with(r->img, r->o->facts, e);
    if (!g || (r->points = anonymous("potoroo-points", e)) < 0) {
        cfg_free(g);
        return -1;
    }
    FILE *f = fdopen(dup(r->points), "wb");
    for (size_t i = 0; i < g->blocks.len; i++)
        fwrite(&g->blocks.data[i].addr, 8, 1, f);
    bool bad = fclose(f) != 0;
    cfg_free(g);
    return bad ? err_set(e, ERR_INPUT, "writing the list of points: %s", strerror(errno)) : 0;
}

static int open_files(struct run *r, struct err *e) {
    r->ram = anonymous("potoroo-ram", e);
    r->words = r->ram < 0 ? -1 : anonymous("potoroo-words", e);
    if (r->words < 0)
        return -1;
    if (ftruncate(r->ram, (off_t)r->platform.ram) < 0)
        return err_set(e, ERR_INPUT, "%" PRIu64 " bytes of RAM: %s", r->platform.ram, strerror(errno));
    if (qemu_place_image(r->img, r->ram, r->platform.ram, e) < 0)
        return -1;
    for (size_t i = 0; i < r->channels; i++) {
        int *ends = r->channel[i].pipe;
        if (pipe2(ends, 0) < 0)
            return err_set(e, ERR_INPUT, "pipe: %s", strerror(errno));
        fcntl(ends[0], F_SETFD, FD_CLOEXEC);
        fcntl(ends[0], F_SETPIPE_SZ, 1 << 20);
    }
    return write_points(r, e);
}

static int start(struct run *r, struct err *e) {
    char ram[40], trace[40], port[40], points[40];
    struct qemu_line line = {0};
    bool both = r->channels > 1;
    struct qemu_files files = {ram, r->o->port ? NULL : trace, r->o->port ? trace : both ? port : NULL, r->points >= 0 ? points : NULL};
    snprintf(ram, sizeof ram, "/proc/self/fd/%d", r->ram);
    snprintf(trace, sizeof trace, "/proc/self/fd/%d", r->channel[0].pipe[1]);
    snprintf(port, sizeof port, "/proc/self/fd/%d", r->channel[1].pipe[1]);
    snprintf(points, sizeof points, "/proc/self/fd/%d", r->points);
    bool console = r->o->console && strcmp(r->o->console, "-") == 0;
    int rc = qemu_line_make(&line, r->o, &r->platform, r->img, &files, e);
    if (rc == 0)
        rc = child_start(line.argv.data, (struct child_limits){.seconds = 1e9}, console ? 1 : -1, r->words, &r->child, e);
    qemu_line_free(&line);
    for (size_t i = 0; i < r->channels; i++) {
        close(r->channel[i].pipe[1]);
        r->channel[i].pipe[1] = -1;
    }
    return rc;
}

/* ---- while it runs ------------------------------------------------------------------------------------------------- */

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int too_late(struct run *r, struct err *e) {
    return err_set(e, ERR_INPUT, "%s: the guest did not power off within %g s", r->o->kernel, r->o->timeout);
}

/* QEMU is asked to end, which lets the plugin hand over what it still has; the end of that is waited for, but not for ever. */
static int stop(struct run *r, struct err *e) {
    if (r->stopped)
        return err_set(e, ERR_INPUT, "%s: QEMU did not end when asked to", r->o->kernel);
    if (r->o->must_end)
        return caught ? err_set(e, ERR_INPUT, "interrupted") : too_late(r, e);
    r->stopped = true;
    r->deadline = now() + GRACE;
    kill(r->child, SIGTERM);
    return 0;
}

/* 1: there is something to read (or the end of it). 0: look again. */
static int wait_for_data(struct run *r, struct pollfd p[2], const sigset_t *mask, struct err *e) {
    double left = r->deadline - now();
    if (left <= 0 || (caught && !r->stopped))
        return stop(r, e);
    struct timespec t = {(time_t)left, (long)((left - (double)(time_t)left) * 1e9)};
    for (size_t i = 0; i < 2; i++)
        p[i] = (struct pollfd){r->channel[i].pipe[0], POLLIN, 0};
    int n = ppoll(p, 2, &t, mask);
    return n > 0 ? 1 : n < 0 && errno == EINTR ? 0 : n == 0 ? stop(r, e) : err_set(e, ERR_INPUT, "poll: %s", strerror(errno));
}

/* Some of what is there. At the end of it the channel is closed. */
static int drain_some(struct channel *c, struct err *e) {
    static uint8_t buffer[1 << 16];
    ssize_t n = read(c->pipe[0], buffer, sizeof buffer);
    if (n < 0)
        return err_set(e, ERR_INPUT, "reading the board's records: %s", strerror(errno));
    if (n == 0) {
        close(c->pipe[0]);
        c->pipe[0] = -1;
    }
    return drain_take(c->drain, buffer, (size_t)n, e);
}

static int drain_all(struct run *r, const sigset_t *mask, struct err *e) {
    struct pollfd p[2];
    while (r->channel[0].pipe[0] >= 0 || r->channel[1].pipe[0] >= 0) {
        int ready = wait_for_data(r, p, mask, e);
        if (ready < 0)
            return -1;
        for (size_t i = 0; ready && i < r->channels; i++)
            if (p[i].revents && drain_some(&r->channel[i], e) < 0)
                return -1;
        progress_at(r->progress, drain_records(r->channel[0].drain));
    }
    return 0;
}

/* The line of QEMU's messages that tells most: the plugin's own, else the last. */
static void last_words(struct run *r, char *line, size_t room) {
    char text[8192];
    ssize_t n = pread(r->words, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = 0;
    char *save = NULL;
    *line = 0;
    for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
        snprintf(line, room, "%s", l);
        if (strncmp(l, "potoroo-platform: ", 18) == 0)
            break;
    }
}

static int wait_for_end(struct run *r, struct err *e) {
    char line[600];
    struct child_result result;
    double left = r->deadline - now();
    pid_t child = r->child;
    r->child = 0;
    if (child_wait(child, (struct child_limits){.seconds = left > 1 ? left : 1}, &result, e) < 0)
        return -1;
    if (result.timed_out)
        return too_late(r, e);
    if (result.status == 0)
        return 0;
    if (qemu_check_version(e) < 0)
        return -1;
    last_words(r, line, sizeof line);
    if (result.status > 128)
        return err_set(e, ERR_INPUT, "QEMU was ended by signal %d", result.status - 128);
    return err_set(e, ERR_INPUT, "%s: the guest or QEMU failed with status %d%s%s", r->o->kernel, result.status, *line ? ": " : "", line);
}

/* Records that the kernel itself dropped because nobody drained its buffer. */
static int count_lost(struct run *r, struct run_summary *s, struct err *e) {
    uint64_t buffer, head[5];
    if (r->o->port)
        return 0;
    if (qemu_find_buffer(r->img, &buffer, e) < 0)
        return -1;
    const uint64_t ram_base = 0x80000000;
    if (buffer < ram_base || buffer - ram_base > r->platform.ram - sizeof head ||
        pread(r->ram, head, sizeof head, (off_t)(buffer - ram_base)) != sizeof head)
        return err_set(e, ERR_INPUT, "potoroo_buffer at 0x%" PRIx64 " lies outside the board's RAM", buffer);
    if (memcmp(head, "POTOROO1", 8) != 0)
        return err_set(e, ERR_INPUT, "%s: it ended without setting up its trace buffer (physical 0x%" PRIx64 ")", r->o->kernel, buffer);
    s->lost = head[4];
    return trace_append_lost(r->channel[0].trace, s->lost, e);
}

static int finish(struct run *r, struct run_summary *s, struct err *e) {
    struct run_summary port;
    if (wait_for_end(r, e) < 0 || drain_end(r->channel[0].drain, s, e) < 0 || count_lost(r, s, e) < 0)
        return -1;
    if (!s->records)
        return err_set(e, ERR_INPUT, "%s: it %s without a single record", r->o->kernel, r->stopped ? "was stopped" : "ended");
    s->stopped = r->stopped;
    if (image_physical(r->img, image_entry(r->img), &s->entry))
        s->entry += qemu_load_bias(r->img);
    if (r->channels > 1 && drain_end(r->channel[1].drain, &port, e) < 0)
        return -1;
    for (size_t i = 0; i < r->channels; i++) {
        struct trace_writer *w = r->channel[i].trace;
        r->channel[i].trace = NULL;
        if (trace_commit(w, e) < 0)
            return -1;
    }
    return 0;
}

static int run(struct run *r, struct run_summary *s, const sigset_t *mask, struct err *e) {
    struct trace_info info = {0};
    if (read_platform(r, &info, e) < 0 || !(r->img = image_open(r->o->kernel, e)) || open_trace(r, &info, e) < 0 ||
        open_files(r, e) < 0 || start(r, e) < 0)
        return -1;
    r->deadline = now() + r->o->timeout;
    r->progress = progress_begin("records", 0);
    int rc = drain_all(r, mask, e);
    progress_end(r->progress);
    if (rc == 0)
        rc = finish(r, s, e);
    return rc;
}

static void release(struct run *r) {
    const int fds[] = {r->ram, r->points, r->words, r->channel[0].pipe[0], r->channel[0].pipe[1], r->channel[1].pipe[0], r->channel[1].pipe[1]};
    if (r->child > 0)
        child_kill(r->child);
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    for (size_t i = 0; i < 2; i++) {
        drain_free(r->channel[i].drain);
        trace_abort(r->channel[i].trace);
    }
    image_free(r->img);
}

int tracer_run(const struct run_options *o, struct run_summary *s, struct err *e) {
    struct run_options options = *o;
    struct run r = {.o = &options, .ram = -1, .points = -1, .words = -1, .channel = {{.pipe = {-1, -1}}, {.pipe = {-1, -1}}}};
    struct sigaction old[DEADLY];
    sigset_t before;
    if (!(options.timeout > 0))
        options.timeout = 600;
    if (options.port && options.port_output)
        return err_set(e, ERR_USAGE, "--port-output is for the port besides the probes: with --points=port, -o has it");
    if (options.ranges && *options.ranges && !options.port && !options.port_output)
        return err_set(e, ERR_USAGE, "--range needs --points=port");
    *s = (struct run_summary){0};
    caught = 0;
    hold_signals(old, &before);
    int rc = run(&r, s, &before, e);
    release(&r);
    release_signals(old, &before);
    return rc;
}
