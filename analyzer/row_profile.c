/* A row's curves: observed, combined, and the bound as the wall. */
#include "analyzer/row_profile.h"

#include <inttypes.h>

const double percentile[PERCENTILES] = {50, 90, 99, 99.9};

const char *dependence_label(const struct row_profile_options *o) { return o->measured ? "measured" : dependence_name[o->dependence]; }

const char *dependence_words(const struct row_profile_options *o) {
    if (o->measured)
        return "ASSUMED: on each way the units' times hang together as they did in the traces; of entries with ways that were not measured nothing is assumed";
    switch (o->dependence) {
    case DEPENDENCE_UNKNOWN: return "nothing is assumed of how the units' times hang together";
    case DEPENDENCE_INDEPENDENT: return "ASSUMED: the units' times are independent of each other and of the way taken";
    default: return "HEURISTIC, no bound: the units are slow together (comonotonic)";
    }
}

/* ---- ways that were measured as a whole ------------------------------------------------------------------------------ */

enum { MOST_WAYS = 10000 };

/* How many ways lead through the graph. MOST_WAYS: so many or more, or a loop is on some. */
static uint64_t ways_through(const struct tree *t, const struct tree_flow *f) {
    uint64_t *ways = mem_alloc(f->places * sizeof *ways), n;
    ways[f->entry.data[0]] = 1;
    for (size_t i = 0; i < f->edges.len; i++) {
        const struct flow_edge *x = &f->edges.data[i];
        const struct tree_node *node = &t->nodes.data[x->node];
        uint64_t parts = node->kind == TREE_LOOP ? MOST_WAYS : node->kind == TREE_CALL ? ways_through(t, &node->flow) : 1;
        uint64_t more = ways[x->from] * parts, sum = ways[x->to] + (more < MOST_WAYS ? more : MOST_WAYS);
        ways[x->to] = sum < MOST_WAYS ? sum : MOST_WAYS;
    }
    n = ways[f->exit.data[0]];
    free(ways);
    return n;
}

/* An entry without loops of which every way was passed: whatever decides the way and however often, P(time > t) is a mean of what it is on each way,
 * so the largest of these at most. (Pooling the ways would bound it only as long as they are taken as often as they were.) Where no block
 * comes twice two ways have different sets of units, and each set is one of the profile's paths. */
static bool joint_curve(const struct row_graph *r, const struct tree *t, double alpha, struct row_profile *p) {
    const struct profile *all = r->w->profile;
    uint64_t ways = ways_through(t, &t->flow), passed = 0;
    p->sample = UINT64_MAX;
    for (size_t i = 0; i < all->paths.len && ways < MOST_WAYS; i++) {
        const struct profile_path *path = &all->paths.data[i];
        if (!row_matches(r, all, path))
            continue;
        struct curve one = curve_of_histogram(&path->bins), old = p->combined;
        p->combined = passed++ ? curve_either(&old, &one) : curve_copy(&one);
        p->sample = path->count < p->sample ? path->count : p->sample;
        curve_free(&one);
        curve_free(&old);
    }
    if (passed && passed == ways) {
        p->ways = ways;
        p->band_combined = curve_band(alpha / (double)ways, p->sample);
        p->grounds = UNIT_OWN;
        return true;
    }
    curve_free(&p->combined);
    p->combined = (struct curve){0};
    return false;
}

static void combine_units(const struct row_graph *r, const uint32_t *ipg_of, const struct tree *t, const struct row_profile_options *o, struct row_profile *p) {
    struct unit_table *u = units_new(r, ipg_of);
    struct tree_evaluation *v = tree_evaluate(t, u, o->dependence, o->alpha, o->points);
    const struct tree_value *x = tree_value_of(v, t->root, 0, 0);
    p->combined = curve_copy(&x->curve);
    p->sample = x->executions;
    p->units = tree_units(v);
    p->band_combined = x->band;
    p->grounds = x->grounds;
    tree_evaluation_free(v);
    units_free(u);
}

void row_profile_make(const struct row_graph *r, const uint32_t *ipg_of, const struct row_profile_options *o, struct row_profile *p) {
    struct tree t;
    struct err e;
    *p = (struct row_profile){.row = r->row, .observations = r->row->observations};
    if (r->row->observed.len)
        p->observed = curve_of_histogram(&r->row->observed);
    p->band_observed = curve_band(o->alpha, p->observations);
    p->fitted = o->evt && evt_fit(&r->row->observed, &p->evt);
    if (r->row->status == WCET_INCOMPLETE) {
        p->missing = str_printf("the entry is incomplete: %s", r->row->missing.data[0]);
        return;
    }
    if (tree_build(r, &t, &e) < 0) {
        p->missing = str_dup(e.text);
        return;
    }
    if (!o->measured || !joint_curve(r, &t, o->alpha, p))
        combine_units(r, ipg_of, &t, o, p);
    if (mpz_cmp_ui(r->row->bound, curve_max(&p->combined)) < 0)
        curve_cut(&p->combined, mpz_get_ui(r->row->bound));
    tree_free(&t);
}

void row_profile_free(struct row_profile *p) {
    curve_free(&p->observed);
    curve_free(&p->combined);
    free(p->missing);
}

bool row_profile_quantile(const struct curve *c, double band, double percent, uint64_t *t) {
    double risk = (100 - percent) / 100 - band;
    if (c->steps.len == 0 || risk < 0)
        return false;
    *t = curve_quantile(c, risk);
    return true;
}

/* ---- the diagnostic --------------------------------------------------------------------------------------------------- */

static const char evt_words[] = "DIAGNOSTIC: extrapolation, no bound";

static const char *evt_verdict(const struct row_profile *p) {
    if (!p->fitted)
        return "not fitted: too few peaks, or too few different ones";
    return p->evt.p <= EVT_REJECT ? "the law does not fit" : "fit not rejected";
}

static void print_evt(const struct row_profile *p, size_t n, int width, FILE *out) {
    fprintf(out, "\nEVT, %s. It takes entries for independent draws of one law with a smooth tail, and knows only ways that were taken.\n"
                 "Generalised Pareto over a threshold; p: how often a sample of the law itself is as far from it.\n"
                 "%-*s %9s %6s %8s %8s %8s %5s %9s %9s %8s\n",
            evt_words, width, "entry", "threshold", "peaks", "shape", "scale", "distance", "p", "1e-6", "1e-9", "bound");
    for (size_t i = 0; i < n; i++) {
        const struct evt_fit *f = &p[i].evt;
        fprintf(out, "%-*s ", width, p[i].row->spec->name);
        if (p[i].fitted)
            fprintf(out, "%9" PRIu64 " %6" PRIu64 " %8.3f %8.1f %8.3f %5.2f %9.0f %9.0f ", f->threshold, f->peaks, f->shape, f->scale, f->distance, f->p,
                    evt_quantile(f, 1e-6), evt_quantile(f, 1e-9));
        if (p[i].fitted && p[i].row->status != WCET_INCOMPLETE)
            gmp_fprintf(out, "%8Zd  ", p[i].row->bound);
        fprintf(out, "%s\n", evt_verdict(&p[i]));
    }
}

static json_t *evt_json(const struct row_profile *p) {
    json_t *j = json_pack("{s:s,s:s}", "what", evt_words, "verdict", evt_verdict(p));
    if (p->fitted) {
        json_object_update_new(j, json_pack("{s:I,s:I,s:f,s:f,s:f,s:f}", "threshold", (json_int_t)p->evt.threshold, "peaks", (json_int_t)p->evt.peaks, "shape",
                                            p->evt.shape, "scale", p->evt.scale, "distance", p->evt.distance, "p", p->evt.p));
        json_object_set_new(j, "exceeded_with", json_pack("{s:f,s:f}", "1e-6", evt_quantile(&p->evt, 1e-6), "1e-9", evt_quantile(&p->evt, 1e-9)));
    }
    return j;
}

/* ---- table ------------------------------------------------------------------------------------------------------------ */

static void print_quantiles(const struct curve *c, double band, FILE *out) {
    for (int i = 0; i < PERCENTILES; i++) {
        uint64_t t;
        if (row_profile_quantile(c, band, percentile[i], &t))
            fprintf(out, " %8" PRIu64, t);
        else
            fprintf(out, " %8s", "-");
    }
}

static void print_curve(const char *name, const char *kind, const struct curve *c, uint64_t sample, double band, int width, FILE *out) {
    if (!c->steps.len)
        return;
    fprintf(out, "%-*s %-9s %9" PRIu64, width, name, kind, sample);
    print_quantiles(c, 0, out);
    fprintf(out, " %8" PRIu64 " ", curve_max(c));
    print_quantiles(c, band, out);
    fprintf(out, "  %6" PRIu64 "\n", c->error);
}

void row_profiles_print(const struct row_profile *p, size_t n, const struct row_profile_options *o, FILE *out) {
    int width = 5;
    for (size_t i = 0; i < n; i++)
        width = (int)strlen(p[i].row->spec->name) > width ? (int)strlen(p[i].row->spec->name) : width;
    fprintf(out, "Combined: %s.\nTimes in cycles. Behind `max`: the percentiles with %g %% confidence (DKW), if observations are independent draws.\n",
            dependence_words(o), 100 - 100 * o->alpha);
    fprintf(out, "%-*s %-9s %9s", width, "entry", "curve", "sample");
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < PERCENTILES; i++)
            fprintf(out, " %7g%%", percentile[i]);
        fprintf(out, k ? "  coarse\n" : " %8s ", "max");
    }
    for (size_t i = 0; i < n; i++) {
        const char *name = p[i].row->spec->name;
        print_curve(name, "observed", &p[i].observed, p[i].observations, p[i].band_observed, width, out);
        print_curve(name, p[i].ways ? "joint" : "combined", &p[i].combined, p[i].sample, p[i].band_combined, width, out);
        if (p[i].missing)
            fprintf(out, "%-*s %-9s not known: %s\n", width, name, "combined", p[i].missing);
        if (p[i].row->status == WCET_INCOMPLETE)
            fprintf(out, "%-*s %-9s %9s not known\n", width, name, "bound", "");
        else
            gmp_fprintf(out, "%-*s %-9s %9s %8s %8s %8s %8s %8Zd\n", width, name, "bound", "", "", "", "", "", p[i].row->bound);
    }
    if (o->evt)
        print_evt(p, n, width, out);
}

/* ---- CSV -------------------------------------------------------------------------------------------------------------- */

static void csv_curve(const char *name, const char *kind, const struct curve *c, FILE *out) {
    for (size_t i = 0; i < c->steps.len; i++)
        fprintf(out, "%s,%s,%" PRIu64 ",%.17g\n", name, kind, c->steps.data[i].cycles, c->steps.data[i].above);
}

void row_profiles_csv(const struct row_profile *p, size_t n, FILE *out) {
    fputs("entry,curve,cycles,above\n", out);
    for (size_t i = 0; i < n; i++) {
        csv_curve(p[i].row->spec->name, "observed", &p[i].observed, out);
        csv_curve(p[i].row->spec->name, "combined", &p[i].combined, out);
        if (p[i].row->status != WCET_INCOMPLETE)
            gmp_fprintf(out, "%s,bound,%Zd,0\n", p[i].row->spec->name, p[i].row->bound);
    }
}

static void csv_percentiles(const char *name, const char *kind, const struct curve *c, uint64_t sample, double band, FILE *out) {
    if (!c->steps.len)
        return;
    fprintf(out, "%s,%s,%" PRIu64, name, kind, sample);
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < PERCENTILES; i++) {
            uint64_t t;
            if (row_profile_quantile(c, k ? band : 0, percentile[i], &t))
                fprintf(out, ",%" PRIu64, t);
            else
                fputc(',', out);
        }
        if (k == 0)
            fprintf(out, ",%" PRIu64, curve_max(c));
    }
    fprintf(out, ",%.17g,%" PRIu64 "\n", band, c->error);
}

void row_percentiles_csv(const struct row_profile *p, size_t n, FILE *out) {
    fputs("entry,curve,sample,p50,p90,p99,p99.9,max,p50_with_confidence,p90_with_confidence,p99_with_confidence,p99.9_with_confidence,band,coarsening\n", out);
    for (size_t i = 0; i < n; i++) {
        const char *name = p[i].row->spec->name;
        csv_percentiles(name, "observed", &p[i].observed, p[i].observations, p[i].band_observed, out);
        csv_percentiles(name, "combined", &p[i].combined, p[i].sample, p[i].band_combined, out);
        if (p[i].row->status != WCET_INCOMPLETE)
            gmp_fprintf(out, "%s,bound,,,,,,%Zd,,,,,,\n", name, p[i].row->bound);
    }
}

/* ---- JSON ------------------------------------------------------------------------------------------------------------- */

json_t *row_quantiles_json(const struct curve *c, double band) {
    json_t *j = json_object();
    for (int i = 0; i < PERCENTILES; i++) {
        uint64_t t;
        char key[16];
        snprintf(key, sizeof key, "%g", percentile[i]);
        json_object_set_new(j, key, row_profile_quantile(c, band, percentile[i], &t) ? json_integer((json_int_t)t) : json_null());
    }
    return j;
}

static json_t *curve_json(const struct curve *c, uint64_t sample, double band) {
    json_t *steps = json_array();
    if (!c->steps.len)
        return json_null();
    for (size_t i = 0; i < c->steps.len; i++)
        json_array_append_new(steps, json_pack("[I,f]", (json_int_t)c->steps.data[i].cycles, c->steps.data[i].above));
    return json_pack("{s:o,s:I,s:f,s:I,s:o,s:o,s:I}", "curve", steps, "sample", (json_int_t)sample, "band", band, "max", (json_int_t)curve_max(c), "percentiles",
                     row_quantiles_json(c, 0), "percentiles_with_confidence", row_quantiles_json(c, band), "coarsening", (json_int_t)c->error);
}

static json_t *profile_row_json(const struct wcet *w, const struct row_profile *p, bool evt) {
    json_t *histogram = json_array(), *observed = curve_json(&p->observed, p->observations, p->band_observed);
    for (size_t i = 0; i < p->row->observed.len; i++)
        json_array_append_new(histogram, json_pack("[I,I]", (json_int_t)bins_of(&p->row->observed)[i].cycles, (json_int_t)bins_of(&p->row->observed)[i].count));
    if (json_is_object(observed))
        json_object_set_new(observed, "max_at", json_pack("{s:s,s:I}", "trace", w->profile->traces.data[p->row->max_at.trace].digest, "record",
                                                          (json_int_t)p->row->max_at.position));
    json_t *combined = curve_json(&p->combined, p->sample, p->band_combined), *j;
    if (json_is_object(combined))
        json_object_set_new(combined, p->ways ? "ways" : "units", json_integer((json_int_t)(p->ways ? p->ways : p->units)));
    j = json_pack("{s:s,s:o,s:o,s:o}", "name", p->row->spec->name, "histogram", histogram, "observed", observed, "combined", combined);
    json_object_set_new(j, "bound", p->row->status == WCET_INCOMPLETE ? json_null() : json_integer((json_int_t)mpz_get_ui(p->row->bound)));
    if (evt)
        json_object_set_new(j, "evt", evt_json(p));
    json_object_set_new(j, "missing", p->missing ? json_string(p->missing) : json_null());
    return j;
}

json_t *row_profiles_json(const struct wcet *w, const struct row_profile *p, size_t n, const struct row_profile_options *o) {
    json_t *rows = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(rows, profile_row_json(w, &p[i], o->evt));
    return json_pack("{s:s,s:s,s:s,s:s,s:f,s:o}", "kernel", w->analysis->elf, "build_id", w->profile->info.build_id, "dependence", dependence_label(o),
                     "assumption", dependence_words(o), "confidence", 1 - o->alpha, "entries", rows);
}
