#include "analyzer/campaign.h"
#include "analyzer/command.h"

#include <getopt.h>
#include <limits.h>
#include <unistd.h>

struct options {
    const char *file, *folder, *job;
    uint64_t jobs;
    bool list, merge, keep;
};

/* In single quotes, as every shell reads it. */
static void print_quoted(const char *text) {
    putchar('\'');
    for (; *text; text++)
        if (*text == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*text);
    putchar('\'');
}

static int list(const struct campaign *c, const char *self, bool keep) {
    for (size_t i = 0; i < c->jobs.len; i++) {
        print_quoted(self);
        fputs(" campaign -c ", stdout);
        print_quoted(c->path);
        fputs(" -o ", stdout);
        print_quoted(c->folder);
        fputs(" --job ", stdout);
        print_quoted(c->jobs.data[i].name);
        puts(keep ? " --keep-traces" : "");
    }
    return 0;
}

static int one(const struct campaign *c, const char *name, bool keep) {
    struct err e;
    for (size_t i = 0; i < c->jobs.len; i++)
        if (strcmp(c->jobs.data[i].name, name) == 0)
            return campaign_do(c, &c->jobs.data[i], keep, &e) < 0 ? command_fail(&command_campaign, &e) : 0;
    return command_usage(&command_campaign, "%s has no job %s", c->path, name);
}

static int report(const struct campaign *c, int rc, const struct campaign_outcome *o, const struct err *e) {
    if (rc < 0)
        return command_fail(&command_campaign, e);
    fprintf(stderr, "%zu jobs: %zu in the profiles, %llu records", c->jobs.len, o->done, (unsigned long long)o->records);
    if (o->spared)
        fprintf(stderr, "; %zu not needed: %llu profiles in a row brought nothing new", o->spared, (unsigned long long)c->stable);
    if (o->failed + o->missing)
        fprintf(stderr, "; %zu failed or not done", o->failed + o->missing);
    fputc('\n', stderr);
    for (size_t p = 0; o->done && p < c->platforms.len; p++) {
        char *path = campaign_profile(c, p);
        puts(path);
        free(path);
    }
    return o->failed + o->missing ? ERR_INCOMPLETE : 0;
}

static int work(const struct options *o) {
    struct err e;
    struct campaign_outcome outcome;
    char self[PATH_MAX + 1], file[PATH_MAX], folder[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, PATH_MAX);
    self[n > 0 ? n : 0] = 0;
    struct campaign *c = campaign_read(o->file, o->folder, &e);
    if (!c)
        return command_fail(&command_campaign, &e);
    int rc;
    if (o->job) {
        rc = one(c, o->job, o->keep);
    } else if (n <= 0 || !realpath(o->file, file) || !realpath(o->folder, folder)) {
        rc = command_usage(&command_campaign, "%s and %s have no paths", o->file, o->folder);
    } else { /* jobs get whole paths: they may start anywhere */
        free(c->path);
        free(c->folder);
        c->path = str_dup(file);
        c->folder = str_dup(folder);
        if (o->list)
            rc = list(c, self, o->keep);
        else
            rc = report(c, o->merge ? campaign_merge(c, &outcome, &e) : campaign_run(c, self, (unsigned)o->jobs, o->keep, &outcome, &e), &outcome, &e);
    }
    campaign_free(c);
    return command_done(&command_campaign, rc);
}

static int run(int argc, char **argv) {
    static const struct option options[] = {{"config", required_argument, NULL, 'c'}, {"output", required_argument, NULL, 'o'}, {"jobs", required_argument, NULL, 'j'},
                                            {"job", required_argument, NULL, 'J'},    {"list", no_argument, NULL, 'l'},        {"merge", no_argument, NULL, 'm'},
                                            {"keep-traces", no_argument, NULL, 'k'},  {0}};
    struct options o = {0};
    for (int c; (c = getopt_long(argc, argv, "c:o:j:", options, NULL)) != -1;)
        switch (c) {
        case 'c': o.file = optarg; break;
        case 'o': o.folder = optarg; break;
        case 'J': o.job = optarg; break;
        case 'l': o.list = true; break;
        case 'm': o.merge = true; break;
        case 'k': o.keep = true; break;
        case 'j':
            if (parse_u64(optarg, &o.jobs) < 0 || !o.jobs || o.jobs > 1024)
                return command_usage(&command_campaign, "-j wants a number of processes, not %s", optarg);
            break;
        default: return command_bad_option(&command_campaign);
        }
    if (!o.file || !o.folder || optind < argc)
        return command_usage(&command_campaign, "-c and -o are needed, and nothing else");
    if (o.list + o.merge + !!o.job > 1)
        return command_usage(&command_campaign, "only one of --list, --merge and --job");
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    o.jobs = o.jobs ? o.jobs : processors > 0 ? (uint64_t)processors : 1;
    return work(&o);
}

const struct command command_campaign = {
    "campaign", "many runs of a kernel, into one profile", run,
    "usage: potoroo campaign -c CAMPAIGN.ini -o FOLDER [-j N] [--keep-traces]\n"
    "       potoroo campaign -c CAMPAIGN.ini -o FOLDER --list|--merge|--job NAME\n"
    "\n"
    "Boots the kernel once for each platform, seed, workload and cache preparation that CAMPAIGN.ini names, each a job\n"
    "in a process of its own that leaves a profile in FOLDER, and merges them: FOLDER/PLATFORM.prof. Jobs that are done\n"
    "are not done again, so a campaign that was stopped goes on; a job that fails (the guest hangs, QEMU is killed, the\n"
    "disk is full) is told of, fails alone, and is tried again the next time. Exit code 4 if there was one.\n"
    "\n"
    "  -c, --config FILE    the campaign\n"
    "  -o, --output FOLDER  where profiles go; made if need be\n"
    "  -j, --jobs N         so many at a time; default: as many as there are processors\n"
    "  --list               print each job's command line instead: it runs as it is, by hand, GNU parallel or Slurm\n"
    "  --job NAME           do this one job\n"
    "  --merge              merge what is done, and do nothing else\n"
    "  --keep-traces        do not remove traces when they are replayed\n"
    "\n"
    "CAMPAIGN.ini: [campaign] kernel, platforms, seeds (1-8 12 …); and where wanted facts, points (probes or port), timeout\n"
    "(seconds a run), cycles (stop a run then), stable (stop when so many profiles in a row had no new step, path or longest\n"
    "time), arguments (QEMU's; {seed} is the seed). [workload NAME] and [cache NAME]: arguments, each combined with each.\n"};
