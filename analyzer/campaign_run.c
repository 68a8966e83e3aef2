/* Doing the jobs, and putting their profiles together in their order.
 *
 * A platform's jobs are merged in order as far as they are ready, whoever is first. When `stable` profiles in a row have brought nothing new, the rest is
 * not needed: which jobs count is thus the same whatever the number of processes. */
#include "analyzer/campaign.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum state { WAITING, RUNNING, DONE, FAILED, SPARED };
struct work {
    enum state state;
    pid_t pid;
    double deadline;
};
struct platform_so_far {
    struct profile *merged;
    uint64_t signature, quiet; /* quiet: profiles in a row that changed nothing */
    size_t next;              /* job to merge next */
    bool enough;
};
struct campaign_state {
    const struct campaign *c;
    struct work *work;        /* by job */
    struct platform_so_far *so_far;
    struct campaign_outcome *outcome;
    double begun, shown;
    size_t before;            /* jobs done before we came */
    bool terminal;
};

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- merging ------------------------------------------------------------------------------------------------------- */

/* All that a bound can depend on: which units and paths there are, and the extremes of each. */
static uint64_t signature(const struct profile *p) {
    uint64_t h = 1;
    for (size_t i = 0; i < p->edges.len; i++) {
        const struct profile_edge *x = &p->edges.data[i];
        const char *context = p->contexts.data[x->context];
        h = hash_bytes(context, strlen(context), h);
        h = hash_bytes((uint64_t[]){x->from, x->to, x->turn, bins_most(&x->bins)}, 32, h);
    }
    for (size_t i = 0; i < p->paths.len; i++) {
        const struct profile_path *x = &p->paths.data[i];
        h = hash_bytes((uint64_t[]){x->start, x->end, x->max, x->edges.len}, 32, h);
        for (size_t k = 0; k < x->edges.len; k++)
            h = hash_bytes((uint64_t[]){x->edges.data[k].edge, bins_most(&x->edges.data[k].bins)}, 16, h);
    }
    for (size_t i = 0; i < p->loops.len; i++)
        h = hash_bytes((uint64_t[]){p->loops.data[i].header, p->loops.data[i].max}, 16, h);
    return h;
}

static void drop(struct campaign_state *s, size_t job, const char *why) {
    s->work[job].state = FAILED;
    s->outcome->failed++;
    fprintf(stderr, "%s%s failed: %s\n", s->terminal ? "\r\033[K" : "", s->c->jobs.data[job].name, why);
}

/* A kernel that does not heed its seed runs alike again: nothing new, and nothing to count twice. */
static bool seen_before(const struct profile *merged, const struct profile *p) {
    for (size_t i = 0; merged && i < merged->traces.len; i++)
        for (size_t k = 0; k < p->traces.len; k++)
            if (strcmp(merged->traces.data[i].digest, p->traces.data[k].digest) == 0)
                return true;
    return false;
}

static void merge_one(struct campaign_state *s, struct platform_so_far *f, size_t job) {
    struct err e;
    struct profile *p = profile_read(s->c->jobs.data[job].result, &e);
    uint64_t records = 0;
    for (size_t i = 0; p && i < p->traces.len; i++)
        records += p->traces.data[i].records;
    if (p && seen_before(f->merged, p)) {
        profile_free(p);
        records = 0;
    } else if (!p || (f->merged && profile_merge(f->merged, p, &e) < 0)) {
        drop(s, job, e.text);
        return;
    } else {
        f->merged = f->merged ? f->merged : p;
    }
    s->outcome->done++;
    s->outcome->records += records;
    uint64_t sign = signature(f->merged);
    f->quiet = sign == f->signature ? f->quiet + 1 : 0;
    f->signature = sign;
    f->enough = s->c->stable && f->quiet >= s->c->stable;
}

/* What is behind a platform's last needed job. */
static void spare(struct campaign_state *s, size_t platform) {
    for (size_t i = s->so_far[platform].next; i < s->c->jobs.len; i++) {
        if (s->c->jobs.data[i].platform != platform || s->work[i].state == SPARED)
            continue;
        if (s->work[i].state == RUNNING)
            child_kill(s->work[i].pid);
        s->outcome->failed -= s->work[i].state == FAILED;
        s->work[i].state = SPARED;
        s->outcome->spared++;
    }
}

static void advance(struct campaign_state *s) {
    for (size_t p = 0; p < s->c->platforms.len; p++) {
        struct platform_so_far *f = &s->so_far[p];
        for (; !f->enough && f->next < s->c->jobs.len; f->next++) {
            enum state state = s->work[f->next].state;
            if (s->c->jobs.data[f->next].platform != p || state == FAILED)
                continue;
            if (state != DONE)
                break;
            merge_one(s, f, f->next);
        }
        if (f->enough)
            spare(s, p);
    }
}

static int write_all(struct campaign_state *s, struct err *e) {
    int rc = 0;
    for (size_t p = 0; p < s->c->platforms.len; p++) {
        char *path = campaign_profile(s->c, p);
        if (rc == 0 && s->so_far[p].merged)
            rc = profile_write(s->so_far[p].merged, path, e);
        free(path);
    }
    return rc;
}

static struct campaign_state begin(const struct campaign *c, struct campaign_outcome *o) {
    struct campaign_state s = {.c = c, .outcome = o, .begun = now(), .terminal = isatty(STDERR_FILENO)};
    s.work = mem_alloc((c->jobs.len + 1) * sizeof *s.work);
    s.so_far = mem_alloc((c->platforms.len + 1) * sizeof *s.so_far);
    *o = (struct campaign_outcome){0};
    for (size_t i = 0; i < c->jobs.len; i++)
        if (access(c->jobs.data[i].result, R_OK) == 0) {
            s.work[i].state = DONE;
            s.before++;
        }
    return s;
}

static void end(struct campaign_state *s) {
    for (size_t p = 0; p < s->c->platforms.len; p++)
        profile_free(s->so_far[p].merged);
    free(s->work);
    free(s->so_far);
}

/* A job that is not done is passed over here: what is behind it is merged too. */
int campaign_merge(const struct campaign *c, struct campaign_outcome *o, struct err *e) {
    struct campaign_state s = begin(c, o);
    for (size_t i = 0; i < c->jobs.len; i++)
        s.work[i].state = s.work[i].state == DONE ? DONE : FAILED;
    advance(&s);
    for (size_t i = 0; i < c->jobs.len; i++)
        if (s.work[i].state == FAILED && access(c->jobs.data[i].result, R_OK) != 0) {
            o->missing++;
            fprintf(stderr, "%s is not done\n", c->jobs.data[i].name);
        }
    int rc = write_all(&s, e);
    end(&s);
    return rc;
}

/* ---- doing ---------------------------------------------------------------------------------------------------------- */

static char *log_of(const struct campaign_job *j) { return str_printf("%.*s.log", (int)(strlen(j->result) - strlen(".prof")), j->result); }

static void start(struct campaign_state *s, size_t job, const char *self, bool keep) {
    const struct campaign_job *j = &s->c->jobs.data[job];
    char *log = log_of(j);
    char *argv[] = {(char *)self, "campaign", "-c", s->c->path, "-o", s->c->folder, "--job", j->name, keep ? "--keep-traces" : NULL, NULL};
    struct err e;
    int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    struct work *w = &s->work[job];
    /* Beyond the run's own time limit there is the replay; a job that hangs even so is ended. */
    w->deadline = now() + 2 * s->c->timeout + 60;
    w->state = RUNNING;
    if (fd < 0 || child_start(argv, (struct child_limits){.seconds = 2 * s->c->timeout + 60}, -1, fd, &w->pid, &e) < 0) {
        char why[300];
        snprintf(why, sizeof why, "%.200s: %s", fd < 0 ? log : "no process for it", fd < 0 ? strerror(errno) : e.text);
        drop(s, job, why);
    }
    if (fd >= 0)
        close(fd);
    free(log);
}

/* The last line of the job's words, or its status. */
static void explain(struct campaign_state *s, size_t job, int status) {
    char *log = log_of(&s->c->jobs.data[job]), *text = NULL, *last = NULL;
    struct err e;
    size_t size;
    if (WIFEXITED(status) && file_read(log, &text, &size, &e) == 0) {
        while (size && text[size - 1] == '\n')
            text[--size] = 0;
        last = strrchr(text, '\n');
        last = last ? last + 1 : text;
    }
    char *why = WIFSIGNALED(status) ? str_printf("it was ended by signal %d", WTERMSIG(status)) : last && *last ? str_dup(last) : str_printf("status %d", WEXITSTATUS(status));
    drop(s, job, why);
    free(why);
    free(text);
    free(log);
}

static void finish(struct campaign_state *s, size_t job, int status) {
    struct work *w = &s->work[job];
    kill(-w->pid, SIGKILL); /* whatever it left behind */
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && access(s->c->jobs.data[job].result, R_OK) == 0) {
        char *log = log_of(&s->c->jobs.data[job]);
        w->state = DONE;
        unlink(log);
        free(log);
        return;
    }
    explain(s, job, status);
}

/* Returns how many are running. */
static size_t poll_all(struct campaign_state *s) {
    size_t running = 0;
    for (size_t i = 0; i < s->c->jobs.len; i++) {
        int status;
        struct work *w = &s->work[i];
        if (w->state != RUNNING)
            continue;
        if (waitpid(w->pid, &status, WNOHANG) == w->pid)
            finish(s, i, status);
        else if (now() > w->deadline) {
            child_kill(w->pid);
            drop(s, i, "it hung and was ended");
        } else
            running++;
    }
    return running;
}

static void show(struct campaign_state *s, size_t running) {
    size_t ready = 0, all = s->c->jobs.len;
    double t = now(), spent = t - s->begun;
    for (size_t i = 0; i < all; i++)
        ready += s->work[i].state != WAITING && s->work[i].state != RUNNING;
    if (!s->terminal || t - s->shown < 0.5)
        return;
    s->shown = t;
    fprintf(stderr, "\r%zu of %zu jobs, %zu running, %zu failed, %" PRIu64 " records", ready, all, running, s->outcome->failed, s->outcome->records);
    if (ready > s->before)
        fprintf(stderr, "; %.1f jobs a minute, %.0f min left", (double)(ready - s->before) / spent * 60, spent / (double)(ready - s->before) * (double)(all - ready) / 60);
    fputs("\033[K", stderr);
}

/* A result that cannot be read is none. */
static void check_results(struct campaign_state *s) {
    for (size_t i = 0; i < s->c->jobs.len; i++) {
        struct err e;
        struct profile *p = s->work[i].state == DONE ? profile_read(s->c->jobs.data[i].result, &e) : NULL;
        if (s->work[i].state == DONE && !p)
            s->work[i].state = WAITING;
        profile_free(p);
    }
}

int campaign_run(const struct campaign *c, const char *self, unsigned jobs, bool keep, struct campaign_outcome *o, struct err *e) {
    struct campaign_state s = begin(c, o);
    const struct timespec pause = {0, 20 * 1000 * 1000};
    size_t running = 0;
    check_results(&s);
    for (size_t next = 0;;) {
        advance(&s);
        running = poll_all(&s);
        for (; running < jobs && next < c->jobs.len; next++)
            if (s.work[next].state == WAITING) {
                start(&s, next, self, keep);
                running += s.work[next].state == RUNNING;
            }
        if (!running && next == c->jobs.len)
            break;
        show(&s, running);
        nanosleep(&pause, NULL);
    }
    advance(&s);
    if (s.shown > 0)
        fputs("\r\033[K", stderr);
    int rc = write_all(&s, e);
    end(&s);
    return rc;
}
