#include "analyzer/command.h"
#include "ilp/ilp.h"

#include <getopt.h>

static const char *const status_words[] = {
    [ILP_OPTIMAL] = "optimal", [ILP_BOUNDED] = "bound", [ILP_INFEASIBLE] = "infeasible", [ILP_UNBOUNDED] = "unbounded", [ILP_OPEN] = "open",
};

struct job {
    const char *file, *certificate;
    bool json;
    struct ilp_limits limits;
};

static bool has_bound(const struct ilp_result *r) { return r->status == ILP_OPTIMAL || r->status == ILP_BOUNDED; }

/* Numbers of any size: as decimal strings. */
static json_t *number(const mpz_t z) {
    char *text = mpz_get_str(NULL, 10, z);
    json_t *s = json_string(text);
    free(text);
    return s;
}

static json_t *solution(const struct ilp *p, const struct ilp_result *r) {
    json_t *o = json_object();
    for (uint32_t j = 0; j < ilp_variables(p); j++)
        if (mpz_sgn(r->x[j]))
            json_object_set_new(o, ilp_variable_name(p, j), number(r->x[j]));
    return o;
}

static int print_json(const struct job *job, const struct ilp *p, const struct ilp_result *r, struct err *e) {
    json_t *o = json_object();
    json_object_set_new(o, "file", json_string(job->file));
    json_object_set_new(o, "status", json_string(status_words[r->status]));
    json_object_set_new(o, "variables", json_integer(ilp_variables(p)));
    json_object_set_new(o, "rows", json_integer(ilp_rows(p)));
    json_object_set_new(o, "leaves", json_integer(r->leaves));
    json_object_set_new(o, "bound", has_bound(r) ? number(r->bound) : json_null());
    json_object_set_new(o, "value", r->witness ? number(r->value) : json_null());
    json_object_set_new(o, "solution", r->witness ? solution(p, r) : json_null());
    int bad = json_write(o, NULL, e);
    json_decref(o);
    return bad;
}

static void print_text(const struct ilp_result *r) {
    printf("status  %s\n", status_words[r->status]);
    if (has_bound(r))
        gmp_printf("bound   %Zd\n", r->bound);
    if (r->witness)
        gmp_printf("value   %Zd\n", r->value);
}

static int solve(const struct job *job, const struct ilp *p, struct err *e) {
    struct ilp_result r;
    if (ilp_solve(p, job->limits, job->certificate, &r, e))
        return command_fail(&command_ilp, e);
    int rc = 0;
    if (job->json && print_json(job, p, &r, e))
        rc = command_fail(&command_ilp, e);
    else if (!job->json)
        print_text(&r);
    if (!rc && (r.status == ILP_UNBOUNDED || r.status == ILP_OPEN)) {
        err_set(e, ERR_INCOMPLETE, "%s: %s", job->file, r.status == ILP_OPEN ? "no bound within the time limit" : "the maximum has no bound");
        rc = command_fail(&command_ilp, e);
    }
    ilp_result_free(&r);
    return command_done(&command_ilp, rc);
}

static int parse_seconds(const char *s, double *out) {
    char *rest;
    *out = strtod(s, &rest);
    return rest != s && *rest == '\0' && *out > 0 && *out < 1e9 ? 0 : -1;
}

static int run(int argc, char **argv) {
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, {"certificate", required_argument, NULL, 'c'}, {"time-limit", required_argument, NULL, 't'}, {0}};
    struct job job = {.limits = {.seconds = 30}};
    struct err e = {0};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'j')
            job.json = true;
        else if (c == 'c')
            job.certificate = optarg;
        else if (c != 't')
            return command_bad_option(&command_ilp);
        else if (parse_seconds(optarg, &job.limits.seconds))
            return command_usage(&command_ilp, "--time-limit wants a number of seconds above 0, not \"%s\"", optarg);
    }
    if (argc - optind != 1)
        return command_usage(&command_ilp, "one file is wanted");
    job.file = argv[optind];
    struct ilp *p = ilp_read_lp(job.file, &e);
    if (!p)
        return command_fail(&command_ilp, &e);
    int rc = solve(&job, p, &e);
    ilp_free(p);
    return rc;
}

const struct command command_ilp = {
    .name = "ilp",
    .summary = "certified bound of an integer program",
    .run = run,
    .help = "usage: potoroo ilp FILE.lp [--json] [--certificate FILE] [--time-limit SECONDS]\n"
            "\n"
            "Bounds the maximum of an integer program in CPLEX LP format, in exact arithmetic. Status \"optimal\": a solution reaches the\n"
            "bound; \"bound\": the maximum is not above it; \"infeasible\": proved to have no solution. Variables not declared integers may\n"
            "be anything from 0; the value is that of the best all-integer solution found.\n"
            "\n"
            "  --json                numbers are decimal strings, as they may be of any size\n"
            "  --certificate FILE    write a proof that potoroo-check can verify\n"
            "  --time-limit SECONDS  what is proved by then is the answer (default 30)\n",
};
