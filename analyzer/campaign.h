/* Campaigns: many runs of one kernel, each a job of its own. Internal to the analyzer.
 *
 * A job is a seed, a workload, a preparation of the caches and a platform; it boots, replays, and leaves one profile whose name holds a digest of
 * all that it depends on, so a job that is done is done, and one that was changed is another. Nothing else is shared between jobs. */
#ifndef POTOROO_ANALYZER_CAMPAIGN_H
#define POTOROO_ANALYZER_CAMPAIGN_H

#include "analyzer/analyzer.h"

typedef VEC(char *) texts;

struct campaign_part {        /* a workload or a cache preparation */
    char *name;
    texts arguments;          /* of QEMU; {seed} stands for the seed */
};
struct campaign_job {
    char *name;               /* PLATFORM[.WORKLOAD][.CACHE].SEED */
    size_t platform;          /* index into platforms */
    texts arguments;
    char *result;             /* path of its profile */
};
struct campaign {
    char *path, *folder;      /* of the campaign file and of all that it makes */
    char *kernel, *facts;     /* facts: NULL if none */
    bool port;
    double timeout;           /* seconds a run may take */
    uint64_t cycles;          /* stop a run then; 0: it powers off by itself */
    uint64_t stable;          /* stop when so many profiles in a row had nothing new; 0: never */
    VEC(uint64_t) seeds;
    texts platforms, arguments;
    VEC(struct campaign_part) workloads, caches;
    VEC(struct campaign_job) jobs; /* platform by platform, within one seed by seed */
};

/* Reads the campaign file, whose paths are relative to its folder, and what it names. FOLDER: where results go; made if need be. */
struct campaign *campaign_read(const char *path, const char *folder, struct err *e);
void campaign_free(struct campaign *c);
/* Do one job, here and now. With KEEP its trace stays beside its profile. */
int campaign_do(const struct campaign *c, const struct campaign_job *job, bool keep, struct err *e);

struct campaign_outcome {
    size_t done, failed, spared, missing; /* spared: not needed any more; missing: not done yet (campaign_merge) */
    uint64_t records;
};
/* Do what is not done yet, JOBS at a time, each in a process of its own that runs SELF; merge. A job that fails is told of and costs nothing else. */
int campaign_run(const struct campaign *c, const char *self, unsigned jobs, bool keep, struct campaign_outcome *o, struct err *e);
/* Merge what is done into FOLDER/PLATFORM.prof, in the order of the jobs: the result does not depend on who was ready first. */
int campaign_merge(const struct campaign *c, struct campaign_outcome *o, struct err *e);
/* FOLDER/PLATFORM.prof of a platform: the caller frees it. */
char *campaign_profile(const struct campaign *c, size_t platform);

#endif
