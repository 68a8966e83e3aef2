#include "analyzer/campaign.h"
#include "analyzer/command.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <time.h>
#include <unistd.h>

struct row {
    const struct entry_spec *spec;
    uint64_t start;
    VEC(uint64_t) end, via;
    uint64_t high, seen, raised; /* raised: profiles read when high grew last */
};
struct view {
    const char *folder, *platform; /* platform: NULL, or whose jobs */
    struct analysis *a;
    struct image *img;
    struct cfg *g;
    VEC(struct row) rows;
    struct map read;          /* hash of a profile's name: it was read */
    uint64_t profiles, records;
};

static int place_all(struct view *v, struct row *r, struct err *e) {
    uint64_t addr;
    if (cfg_place(v->g, r->spec->start, &r->start, e) < 0)
        return -1;
    for (size_t i = 0; i < r->spec->end.len + r->spec->via.len; i++) {
        bool end = i < r->spec->end.len;
        if (cfg_place(v->g, end ? r->spec->end.data[i] : r->spec->via.data[i - r->spec->end.len], &addr, e) < 0)
            return -1;
        if (end)
            vec_push(&r->end, addr);
        else
            vec_push(&r->via, addr);
    }
    return 0;
}

static int make_rows(struct view *v, bool port, struct err *e) {
    if (kernel_open(v->a->elf, v->a->facts, port, &v->img, &v->g, e) < 0)
        return -1;
    for (size_t i = 0; i < v->a->entries.len; i++) {
        vec_push(&v->rows, ((struct row){.spec = &v->a->entries.data[i]}));
        if (place_all(v, &v->rows.data[i], e) < 0)
            return -1;
    }
    return 0;
}

static bool passes(const struct profile *p, const struct profile_path *path, uint64_t addr) {
    bool found = path->start == addr;
    for (size_t i = 0; i < path->edges.len && !found; i++)
        found = p->edges.data[path->edges.data[i].edge].to == addr;
    return found;
}

static bool belongs(const struct row *r, const struct profile *p, const struct profile_path *path) {
    bool good = path->start == r->start, ended = r->end.len == 0;
    for (size_t i = 0; i < r->end.len; i++)
        ended |= r->end.data[i] == path->end;
    for (size_t i = 0; i < r->via.len && good; i++)
        good = passes(p, path, r->via.data[i]);
    return good && ended && entry_has_cause(r->spec, path->cause);
}

static void take(struct view *v, const struct profile *p) {
    v->profiles++;
    for (size_t i = 0; i < p->traces.len; i++)
        v->records += p->traces.data[i].records;
    for (size_t i = 0; i < p->paths.len; i++)
        for (size_t k = 0; k < v->rows.len; k++) {
            const struct profile_path *path = &p->paths.data[i];
            struct row *r = &v->rows.data[k];
            if (!belongs(r, p, path))
                continue;
            r->seen += path->count;
            if (path->max > r->high) {
                r->high = path->max;
                r->raised = v->profiles;
            }
        }
}

/* Jobs' profiles are NAME.SEED-DIGEST.prof; the merged ones have no digest, and count nothing twice so. */
static bool is_job(const struct view *v, const char *name) {
    size_t n = strlen(name), k = v->platform ? strlen(v->platform) : 0;
    if (v->platform && (strncmp(name, v->platform, k) != 0 || name[k] != '.'))
        return false;
    return n > 14 && strcmp(name + n - 5, ".prof") == 0 && name[n - 14] == '-' && strspn(name + n - 13, "0123456789abcdef") == 8;
}

static int refresh(struct view *v, struct err *e) {
    struct dirent **names;
    int n = scandir(v->folder, &names, NULL, alphasort), rc = n < 0 ? err_set(e, ERR_INPUT, "%s: %s", v->folder, strerror(errno)) : 0;
    for (int i = 0; i < n; i++) {
        uint64_t seen, key = hash_bytes(names[i]->d_name, strlen(names[i]->d_name), 0);
        if (rc == 0 && is_job(v, names[i]->d_name) && !map_get(&v->read, key, &seen)) {
            char *path = str_printf("%s/%s", v->folder, names[i]->d_name);
            struct profile *p = profile_read(path, e);
            rc = !p || (!v->g && make_rows(v, p->info.port, e) < 0) ? -1 : 0;
            if (rc == 0 && strcmp(p->info.build_id, image_build_id(v->img)) != 0)
                rc = err_set(e, ERR_INPUT, "%s: of another build than %s", path, v->a->elf);
            if (rc == 0)
                take(v, p);
            map_put(&v->read, key, 1);
            profile_free(p);
            free(path);
        }
        free(names[i]);
    }
    if (n >= 0)
        free(names);
    return rc;
}

static void draw(const struct view *v, bool live) {
    int width = 5;
    for (size_t i = 0; i < v->rows.len; i++)
        width = (int)strlen(v->rows.data[i].spec->name) > width ? (int)strlen(v->rows.data[i].spec->name) : width;
    if (live)
        fputs("\033[H\033[J", stdout);
    printf("%" PRIu64 " profiles, %" PRIu64 " records\n%-*s %12s %14s %10s\n", v->profiles, v->records, width, "entry", "high water", "observations", "raised by");
    for (size_t i = 0; i < v->rows.len; i++) {
        const struct row *r = &v->rows.data[i];
        printf("%-*s %12" PRIu64 " %14" PRIu64 " %10" PRIu64 "\n", width, r->spec->name, r->high, r->seen, r->raised);
    }
    fflush(stdout);
}

static int look(struct view *v, struct err *e) {
    bool live = isatty(STDOUT_FILENO);
    do {
        if (refresh(v, e) < 0)
            return -1;
        draw(v, live);
    } while (live && nanosleep(&(struct timespec){2, 0}, NULL) == 0);
    return 0;
}

static int run(int argc, char **argv) {
    static const struct option options[] = {{"config", required_argument, NULL, 'c'}, {"platform", required_argument, NULL, 'p'}, {0}};
    const char *file = "potoroo.ini", *platform = NULL;
    for (int c; (c = getopt_long(argc, argv, "c:p:", options, NULL)) != -1;)
        switch (c) {
        case 'c': file = optarg; break;
        case 'p': platform = optarg; break;
        default: return command_bad_option(&command_top);
        }
    if (optind + 1 != argc)
        return command_usage(&command_top, "a campaign's folder is needed");
    struct err e;
    struct view v = {.folder = argv[optind], .platform = platform, .a = analysis_read(file, &e)};
    int rc = v.a && look(&v, &e) == 0 ? 0 : command_fail(&command_top, &e);
    for (size_t i = 0; i < v.rows.len; i++) {
        vec_free(&v.rows.data[i].end);
        vec_free(&v.rows.data[i].via);
    }
    vec_free(&v.rows);
    map_free(&v.read);
    cfg_free(v.g);
    image_free(v.img);
    analysis_free(v.a);
    return command_done(&command_top, rc);
}

const struct command command_top = {
    "top", "a campaign's high-water marks so far", run,
    "usage: potoroo top [-c potoroo.ini] [-p PLATFORM] FOLDER\n"
    "\n"
    "Reads the profiles of the jobs that a campaign has done so far and prints for each entry of the analysis the longest time\n"
    "seen, how often the entry was seen, and which profile (the how-manieth read) raised the mark last. On a terminal the view\n"
    "is renewed every two seconds, until interrupted; otherwise it is printed once.\n"
    "\n"
    "  -c, --config FILE    the analysis (default: potoroo.ini)\n"
    "  -p, --platform NAME  only jobs on this platform, named as its file without folder and ending; default: all\n"};
