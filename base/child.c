#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* In the child, between fork and exec: only async-signal-safe calls. PDEATHSIG covers the leader; what it starts itself is in
 * the group, which child_kill and child_wait end. The exec's failure travels up the close-on-exec pipe. */
static void become(char *const argv[], struct child_limits limits, int out_fd, int err_fd, pid_t parent, int report) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(126);
    sigset_t none; /* signals that its parent holds back are not held back from it */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(out_fd < 0 ? null : out_fd, 1);
    dup2(err_fd < 0 ? null : err_fd, 2);
    if (limits.bytes) {
        struct rlimit r = {limits.bytes, limits.bytes};
        setrlimit(RLIMIT_AS, &r);
    }
    execvp(argv[0], argv);
    int why = errno;
    ssize_t n = write(report, &why, sizeof why);
    _exit(n == sizeof why ? 127 : 126);
}

int child_start(char *const argv[], struct child_limits limits, int out_fd, int err_fd, pid_t *pid, struct err *e) {
    int report[2], why = 0;
    if (pipe2(report, O_CLOEXEC) < 0)
        return err_set(e, ERR_INPUT, "%s: %s", argv[0], strerror(errno));
    fflush(NULL);
    pid_t self = getpid();
    *pid = fork();
    if (*pid == 0)
        become(argv, limits, out_fd, err_fd, self, report[1]);
    close(report[1]);
    if (*pid < 0)
        why = errno;
    else if (read(report[0], &why, sizeof why) == sizeof why)
        waitpid(*pid, NULL, 0);
    close(report[0]);
    return why ? err_set(e, ERR_INPUT, "%s: %s", argv[0], strerror(why)) : 0;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ended(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

void child_kill(pid_t pid) {
    kill(-pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

int child_wait(pid_t pid, struct child_limits limits, struct child_result *result, struct err *e) {
    double deadline = now() + limits.seconds;
    long pause = 200 * 1000; /* ns; doubles up to 20 ms */
    int status;
    *result = (struct child_result){0};
    for (;;) {
        pid_t got = waitpid(pid, &status, WNOHANG);
        if (got < 0 && errno != EINTR)
            return err_set(e, ERR_INPUT, "waiting for a child process: %s", strerror(errno));
        if (got == pid)
            break;
        if (now() > deadline) {
            child_kill(pid);
            *result = (struct child_result){.status = 128 + SIGKILL, .timed_out = true};
            return 0;
        }
        struct timespec t = {0, pause};
        nanosleep(&t, NULL);
        if (pause < 20 * 1000 * 1000)
            pause *= 2;
    }
    kill(-pid, SIGKILL); /* whatever the leader left behind in its group */
    result->status = ended(status);
    return 0;
}

int child_run(char *const argv[], struct child_limits limits, int out_fd, int err_fd, struct child_result *result, struct err *e) {
    pid_t pid;
    if (child_start(argv, limits, out_fd, err_fd, &pid, e) < 0)
        return -1;
    return child_wait(pid, limits, result, e);
}
