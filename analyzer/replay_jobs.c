/* Several traces at once, and parts of one. The calling thread merges what is ready, in the order of the traces; the others replay, each with a walk of its
 * own, and stay at most twice as many jobs ahead of the merging as there are threads, so that memory does not hang on how many traces there are. */
#include "analyzer/replay.h"

#include <math.h>
#include <pthread.h>

struct job {
    const char *trace;
    struct replay_part part;  /* afterwards: where it came to */
    unsigned number;          /* of the part that it begins with */
    bool done;
    struct profile *result;   /* NULL: see error */
    struct err error;
};
struct pool {
    const struct cfg *g;
    VEC(struct job) jobs;
    unsigned threads;
    size_t begun, merged;
    bool stop;                /* nothing more need be begun */
    pthread_mutex_t lock;     /* of the four above, and `done` */
    pthread_cond_t change;
};

static struct job *next_job(struct pool *p) {
    struct job *j = NULL;
    pthread_mutex_lock(&p->lock);
    while (!p->stop && p->begun < p->jobs.len && p->begun >= p->merged + 2 * p->threads)
        pthread_cond_wait(&p->change, &p->lock);
    if (!p->stop && p->begun < p->jobs.len)
        j = &p->jobs.data[p->begun++];
    pthread_mutex_unlock(&p->lock);
    return j;
}

static void *work(void *user) {
    struct pool *p = user;
    for (struct job *j; (j = next_job(p));) {
        j->result = profile_replay_part(p->g, j->trace, &j->part, &j->error);
        pthread_mutex_lock(&p->lock);
        j->done = true;
        pthread_cond_broadcast(&p->change);
        pthread_mutex_unlock(&p->lock);
    }
    return NULL;
}

static void wait_for(struct pool *p, const struct job *j) {
    pthread_mutex_lock(&p->lock);
    while (!j->done)
        pthread_cond_wait(&p->change, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

static void went_on(struct pool *p, size_t merged, bool stop) {
    pthread_mutex_lock(&p->lock);
    p->merged = merged;
    p->stop = stop;
    pthread_cond_broadcast(&p->change);
    pthread_mutex_unlock(&p->lock);
}

/* The profile of the trace that the job *I is the first of. *I becomes the next trace's. */
static struct profile *join_trace(struct pool *p, size_t *i, struct err *e) {
    struct profile *whole = NULL;
    const char *trace = p->jobs.data[*i].trace;
    for (unsigned wanted = 0; *i < p->jobs.len && p->jobs.data[*i].trace == trace; ++*i) {
        struct job *j = &p->jobs.data[*i];
        wait_for(p, j);
        if (j->number < wanted) { /* the one before did not end where this one began */
            profile_free(j->result);
        } else if (!j->result) {
            *e = j->error;
            profile_free(whole);
            whole = NULL;
            break;
        } else {
            wanted = j->part.number;
            if (whole)
                profile_join(whole, j->result);
            whole = whole ? whole : j->result;
        }
        j->result = NULL;
        went_on(p, *i + 1, false);
    }
    return whole;
}

static struct profile *merge_traces(struct pool *p, struct err *e) {
    struct profile *all = NULL;
    for (size_t i = 0; i < p->jobs.len;) {
        struct profile *one = join_trace(p, &i, e);
        if (!one || (all && profile_merge(all, one, e) < 0)) {
            profile_free(all);
            return NULL;
        }
        all = all ? all : one;
    }
    return all;
}

static int size_of(const char *trace, uint64_t *size, struct err *e) {
    struct trace_reader *r = trace_open(trace, e);
    *size = r ? trace_size(r) : 0;
    trace_close(r);
    return r ? 0 : -1;
}

/* Each part learns the kernel's ways anew, so as few as leave no thread with much more than its share: a tenth is not split off. */
static unsigned parts_of(uint64_t size, uint64_t all, unsigned threads) {
    double shares = (double)size / (double)all * threads;
    return shares > 1.1 ? (unsigned)ceil(shares - 0.1) : 1;
}

static int add_jobs(struct pool *p, const char *trace, unsigned parts, struct err *e) {
    struct trace_reader *r = trace_open(trace, e);
    if (!r)
        return -1;
    struct trace_part *part = mem_alloc(parts * sizeof *part);
    parts = trace_split(r, part, parts);
    for (unsigned i = 0; i < parts; i++)
        vec_push(&p->jobs, ((struct job){.trace = trace, .part = {part, i, parts}, .number = i}));
    trace_close(r);
    return 0;
}

static int share_out(struct pool *p, char *const *traces, unsigned threads, struct err *e) {
    VEC(uint64_t) size = {0};
    uint64_t all = 0;
    int rc = 0;
    for (size_t i = 0; traces[i] && rc == 0; i++) {
        vec_push(&size, 0);
        rc = size_of(traces[i], &size.data[i], e);
        all += size.data[i];
    }
    for (size_t i = 0; traces[i] && rc == 0; i++)
        rc = add_jobs(p, traces[i], parts_of(size.data[i], all, threads), e);
    vec_free(&size);
    return rc;
}

static void release(struct pool *p) {
    for (size_t i = 0; i < p->jobs.len; i++) {
        profile_free(p->jobs.data[i].result);
        if (p->jobs.data[i].number == 0)
            free((void *)(uintptr_t)p->jobs.data[i].part.part);
    }
    vec_free(&p->jobs);
    pthread_cond_destroy(&p->change);
    pthread_mutex_destroy(&p->lock);
}

struct profile *profile_replay_all(const struct cfg *g, char *const *traces, unsigned jobs, struct err *e) {
    struct pool p = {.g = g, .lock = PTHREAD_MUTEX_INITIALIZER, .change = PTHREAD_COND_INITIALIZER};
    unsigned started = 0;
    bool good = share_out(&p, traces, jobs, e) == 0;
    p.threads = jobs < p.jobs.len ? jobs : (unsigned)p.jobs.len;
    pthread_t *threads = mem_alloc((p.threads + 1) * sizeof *threads);
    while (good && started < p.threads && pthread_create(&threads[started], NULL, work, &p) == 0)
        started++;
    struct profile *all = NULL;
    if (good && !started)
        err_set(e, ERR_INPUT, "no thread can be started");
    else if (good)
        all = merge_traces(&p, e);
    went_on(&p, 0, true);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    release(&p);
    return all;
}
