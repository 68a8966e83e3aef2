/* `potoroo profile tree` and `potoroo profile curve`. */
#include "analyzer/cmd_profile.h"
#include "analyzer/command.h"
#include "analyzer/row_profile.h"

struct job {
    const struct profile_row_options *o;
    struct row_profile_options how;
    VEC(struct row_profile) rows;
    json_t *trees;
};

static int visit_tree(void *user, const struct row_graph *r, const uint32_t *ipg_of, struct err *e) {
    struct job *job = user;
    if (job->o->json) {
        json_t *j = tree_json(r, ipg_of, &job->how, e);
        return j ? json_array_append_new(job->trees, j) : -1;
    }
    return tree_print(r, ipg_of, &job->how, job->o->units, stdout, e);
}

static int visit_curve(void *user, const struct row_graph *r, const uint32_t *ipg_of, struct err *e) {
    struct job *job = user;
    struct row_profile p;
    (void)e;
    row_profile_make(r, ipg_of, &job->how, &p);
    vec_push(&job->rows, p);
    return 0;
}

static int write_curves(const struct job *job, const struct wcet *w, struct err *e) {
    int rc = 0;
    if (job->o->json) {
        json_t *j = row_profiles_json(w, job->rows.data, job->rows.len, &job->how);
        rc = json_write(j, NULL, e);
        json_decref(j);
    } else if (job->o->percentiles) {
        row_percentiles_csv(job->rows.data, job->rows.len, stdout);
    } else if (job->o->csv) {
        row_profiles_csv(job->rows.data, job->rows.len, stdout);
    } else {
        row_profiles_print(job->rows.data, job->rows.len, &job->how, stdout);
    }
    return rc;
}

static int gaps(const struct job *job) {
    int rc = 0;
    for (size_t i = 0; i < job->rows.len; i++)
        if (job->rows.data[i].missing) {
            fprintf(stderr, "%s: %s\n", job->rows.data[i].row->spec->name, job->rows.data[i].missing);
            rc = ERR_INCOMPLETE;
        }
    return rc;
}

static bool set_dependence(struct job *job, const char *name) {
    job->how.measured = name && strcmp(name, "measured") == 0;
    if (job->how.measured)
        return true;
    for (int d = 0; d < 3; d++)
        if (!name || strcmp(name, dependence_name[d]) == 0) {
            job->how.dependence = (enum dependence)d;
            return true;
        }
    return false;
}

int profile_rows(const struct profile_row_options *o, bool tree, char **entries) {
    struct err e;
    struct job job = {.o = o, .trees = json_array()};
    char *end = NULL;
    double confidence = o->confidence ? strtod(o->confidence, &end) : 0.95;
    if (o->confidence && (*end || !(confidence > 0 && confidence < 1)))
        return command_usage(&command_profile, "--confidence wants a number between 0 and 1");
    if (!set_dependence(&job, o->dependence))
        return command_usage(&command_profile, "--dependence is unknown, measured, independent or comonotonic");
    if (o->evt && (tree || o->csv))
        return command_usage(&command_profile, "--evt goes with the table and the JSON of curve");
    if (job.how.measured && tree)
        return command_usage(&command_profile, "--dependence measured goes with curve: it is whole ways that were measured, not nodes of a tree");
    job.how.alpha = 1 - confidence;
    job.how.evt = o->evt;
    struct analysis *a = analysis_read(o->analysis ? o->analysis : "potoroo.ini", &e);
    if (a)
        a->keep_infeasible = true; /* distributions and trees are of the graph's ways */
    struct wcet *w = a ? wcet_analyse_visiting(a, *entries ? (const char *const *)entries : NULL, NULL, tree ? visit_tree : visit_curve, &job, &e) : NULL;
    for (size_t i = 0; w && i < job.rows.len; i++) /* the rows have stopped moving */
        job.rows.data[i].row = &w->rows.data[i];
    int written = !w ? -1 : !tree ? write_curves(&job, w, &e) : o->json ? json_write(job.trees, NULL, &e) : 0;
    int rc = written == 0 ? gaps(&job) : command_fail(&command_profile, &e);
    json_decref(job.trees);
    for (size_t i = 0; i < job.rows.len; i++)
        row_profile_free(&job.rows.data[i]);
    vec_free(&job.rows);
    wcet_free(w);
    analysis_free(a);
    return command_done(&command_profile, rc);
}
