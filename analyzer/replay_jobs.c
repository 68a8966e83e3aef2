/* Several traces at once: a process each, since a CFG hands out strings of its own arena. A child's profile comes back through an anonymous
 * file. Merging is associative and commutative, so the result does not depend on who is done first. */
#include "analyzer/analyzer.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

struct job {
    pid_t pid;
    int result, words;        /* anonymous files: the profile, or the error's text */
    enum err_kind kind;
};

/* A copy of the file at PATH's contents to FD. */
static int copy_to(int fd, const char *path, struct err *e) {
    char *data;
    size_t size;
    if (file_read(path, &data, &size, e) < 0)
        return -1;
    bool good = write(fd, data, size) == (ssize_t)size;
    free(data);
    return good ? 0 : err_set(e, ERR_INPUT, "a profile: %s", strerror(errno));
}

static int write_to(const struct profile *p, int fd, struct err *e) {
    char dir[] = "/tmp/potoroo-profile-XXXXXX";
    if (!mkdtemp(dir))
        return err_set(e, ERR_INPUT, "%s: %s", dir, strerror(errno));
    char *path = str_printf("%s/p", dir);
    int rc = profile_write(p, path, e);
    if (rc == 0)
        rc = copy_to(fd, path, e);
    unlink(path);
    rmdir(dir);
    free(path);
    return rc;
}

static _Noreturn void work(const struct cfg *g, const char *trace, const struct job *j) {
    struct err e;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct profile *p = profile_replay(g, trace, &e);
    if (p && write_to(p, j->result, &e) == 0)
        _exit(0);
    if (write(j->words, e.text, strlen(e.text)) < 0)
        _exit(ERR_INPUT);
    _exit((int)e.kind);
}

static int start(const struct cfg *g, const char *trace, struct job *j, struct err *e) {
    j->result = memfd_create("potoroo-profile", MFD_CLOEXEC);
    j->words = memfd_create("potoroo-words", MFD_CLOEXEC);
    fflush(NULL);
    j->pid = j->result < 0 || j->words < 0 ? -1 : fork();
    if (j->pid == 0)
        work(g, trace, j);
    return j->pid < 0 ? err_set(e, ERR_INPUT, "%s: no process for it: %s", trace, strerror(errno)) : 0;
}

static struct profile *collect(const char *trace, struct job *j, struct err *e) {
    int status = 0;
    char path[40], text[sizeof e->text];
    while (waitpid(j->pid, &status, 0) < 0 && errno == EINTR)
        ;
    j->pid = 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", j->result);
    struct profile *p = NULL;
    ssize_t n = pread(j->words, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = 0;
    if (WIFSIGNALED(status))
        err_set(e, ERR_INPUT, "%s: its process was ended by signal %d", trace, WTERMSIG(status));
    else if (WEXITSTATUS(status))
        err_set(e, (enum err_kind)WEXITSTATUS(status), "%s", text);
    else
        p = profile_read(path, e);
    return p;
}

static void release(struct job *j, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (j[i].pid > 0) {
            kill(j[i].pid, SIGKILL);
            waitpid(j[i].pid, NULL, 0);
        }
        if (j[i].result >= 0)
            close(j[i].result);
        if (j[i].words >= 0)
            close(j[i].words);
    }
    free(j);
}

struct profile *profile_replay_all(const struct cfg *g, char *const *traces, unsigned jobs, struct err *e) {
    struct profile *all = NULL;
    size_t n = 0, started = 0;
    while (traces[n])
        n++;
    if (n == 1)
        return profile_replay(g, traces[0], e);
    struct job *j = mem_alloc(n * sizeof *j);
    for (size_t i = 0; i < n; i++)
        j[i] = (struct job){.result = -1, .words = -1};
    bool good = true;
    for (size_t i = 0; i < n && good; i++) {
        for (; started < n && started < i + jobs && good; started++)
            good = start(g, traces[started], &j[started], e) == 0;
        struct profile *one = good ? collect(traces[i], &j[i], e) : NULL;
        good = one && (!all || profile_merge(all, one, e) == 0);
        all = all ? all : one;
    }
    release(j, n);
    if (good)
        return all;
    profile_free(all);
    return NULL;
}
