/* A path tree for people: one node a line, with its combined profile. */
#include "analyzer/replay.h"
#include "analyzer/row_profile.h"

#include <inttypes.h>

struct printer {
    const struct tree *t;
    struct tree_evaluation *v;
    bool units;
    FILE *out;
};

static const struct cfg *cfg_of(const struct printer *p) { return p->t->row->w->cfg; }

static const char *point_name(const struct printer *p, uint32_t walk_node) {
    const struct walk *w = p->t->row->w->walk;
    return cfg_describe(cfg_of(p), cfg_of(p)->blocks.data[w->nodes.data[walk_node].block].addr);
}

/* Of the steps that a node is made of, one from the first place to one to the last: enough to find it in the source. NONE: no time passes. */
static uint32_t end_unit(const struct printer *p, uint32_t node, bool last) {
    const struct tree_node *n = &p->t->nodes.data[node];
    uint32_t unit = n->kind == TREE_UNIT ? node : NONE;
    for (size_t i = 0; i < n->parts.len && unit == NONE; i++)
        unit = end_unit(p, n->parts.data[last && n->kind == TREE_SEQUENCE ? n->parts.len - 1 - i : i], last);
    for (size_t i = 0; n->kind == TREE_REGION && i < n->dag.len && unit == NONE; i++)
        if (last ? n->dag.data[i].to == n->places - 1 : n->dag.data[i].from == 0)
            unit = end_unit(p, n->dag.data[i].node, last);
    return unit;
}

static uint32_t end_point(const struct printer *p, uint32_t node, bool last) {
    uint32_t unit = end_unit(p, node, last);
    const struct ipg_edge *x = unit == NONE ? NULL : &p->t->row->w->walk->ipg.data[p->t->nodes.data[unit].ipg];
    return !x ? NONE : last ? x->to : x->from;
}

/* "file.c:12" of the node's first point, "" if not known. The caller frees it. */
static char *source_of(const struct printer *p, uint32_t node) {
    uint32_t point = end_point(p, node, false);
    const struct walk *w = p->t->row->w->walk;
    const char *file;
    int line;
    if (point == NONE || !image_line(p->t->row->w->image, cfg_of(p)->blocks.data[w->nodes.data[point].block].addr, &file, &line))
        return str_dup("");
    const char *name = strrchr(file, '/');
    return str_printf("%s:%d", name ? name + 1 : file, line);
}

static char *between(const struct printer *p, const char *kind, uint32_t node) {
    uint32_t from = end_point(p, node, false), to = end_point(p, node, true);
    if (from == NONE || to == NONE)
        return str_dup(kind);
    char *begin = str_dup(point_name(p, from)), *name = str_printf("%s %s … %s", kind, begin, point_name(p, to));
    free(begin);
    return name;
}

static char *loop_name(const struct printer *p, const struct tree_node *n) {
    const char *header = cfg_describe(cfg_of(p), cfg_of(p)->blocks.data[cfg_of(p)->loops.data[n->loop].header].addr);
    char *entries = n->flow.entry.len > 1 ? str_printf(", %zu entries", n->flow.entry.len) : str_dup("");
    char *name = str_printf("loop %s at most %" PRIu64 "%s", header, n->max, entries);
    free(entries);
    return name;
}

static char *what(const struct printer *p, uint32_t node) {
    const struct tree_node *n = &p->t->nodes.data[node];
    const struct walk *w = p->t->row->w->walk;
    switch (n->kind) {
    case TREE_UNIT: return str_printf("%s → %s", point_name(p, w->ipg.data[n->ipg].from), point_name(p, w->ipg.data[n->ipg].to));
    case TREE_EMPTY: return str_dup("nothing");
    case TREE_SEQUENCE: return between(p, "sequence", node);
    case TREE_ALTERNATIVE: return between(p, "alternative", node);
    case TREE_LOOP: return loop_name(p, n);
    case TREE_EXIT: return str_printf("loop left from %s", point_name(p, n->mark));
    case TREE_CALL: return str_printf("call %s", cfg_of(p)->functions.data[w->contexts.data[n->context].function].name);
    case TREE_REGION: {
        char *ends = between(p, "region", node), *name = str_printf("%s of %" PRIu32 " nodes, %zu parts", ends, n->places, n->dag.len);
        free(ends);
        return name;
    }
    }
    return str_dup("?");
}

/* Without single steps only what leads to a loop, a call or a region is taken apart. */
static bool worth_a_look(const struct printer *p, uint32_t node) {
    const struct tree_node *n = &p->t->nodes.data[node];
    bool any = p->units || n->kind == TREE_LOOP || n->kind == TREE_CALL || n->kind == TREE_REGION;
    for (size_t i = 0; i < n->parts.len && !any; i++)
        any = worth_a_look(p, n->parts.data[i]);
    return any;
}

static void print_line(const struct printer *p, uint32_t node, const char *label, int depth, const struct tree_value *x) {
    static const char *const mark[] = {"", " (of any iteration)", " (of other entries)", " (of other contexts)", " (never observed)"};
    char *text = what(p, node), *source = source_of(p, node), sample[24] = "-";
    for (int i = 0; i < PERCENTILES; i++)
        fprintf(p->out, "%8" PRIu64, curve_quantile(&x->curve, (100 - percentile[i]) / 100));
    if (x->executions != UINT64_MAX)
        snprintf(sample, sizeof sample, "%" PRIu64, x->executions);
    fprintf(p->out, "%8" PRIu64 "%9s  %-22s %*s%s%s%s\n", curve_max(&x->curve), sample, source, 2 * depth, "", label, text,
            p->t->nodes.data[node].kind == TREE_UNIT ? mark[x->grounds] : "");
    free(text);
    free(source);
}

static void print_node(const struct printer *p, uint32_t node, const char *label, int depth, uint32_t known, uint32_t turn) {
    const struct tree_node *n = &p->t->nodes.data[node];
    if (!p->units && (n->kind == TREE_UNIT || n->kind == TREE_EMPTY || n->kind == TREE_EXIT) && !*label)
        return;
    print_line(p, node, label, depth, tree_value_of(p->v, node, known, turn));
    if (!worth_a_look(p, node))
        return;
    if (n->kind == TREE_LOOP && n->bit < LOOPS_APART) {
        print_node(p, n->parts.data[0], "first iteration: ", depth + 1, known | 1u << n->bit, turn & ~(1u << n->bit));
        if (n->max > 1)
            print_node(p, n->parts.data[0], "later iterations: ", depth + 1, known | 1u << n->bit, turn | 1u << n->bit);
        return;
    }
    const struct tree_node *parts = n->kind == TREE_CALL && p->t->nodes.data[n->parts.data[0]].kind == TREE_SEQUENCE ? &p->t->nodes.data[n->parts.data[0]] : n;
    for (size_t i = 0; i < parts->parts.len; i++)
        print_node(p, parts->parts.data[i], parts->kind == TREE_ALTERNATIVE ? "or: " : "", depth + 1, known, turn);
    for (size_t i = 0; n->kind == TREE_REGION && i < n->dag.len; i++) {
        char from_to[40];
        snprintf(from_to, sizeof from_to, "%" PRIu32 "→%" PRIu32 ": ", n->dag.data[i].from, n->dag.data[i].to);
        print_node(p, n->dag.data[i].node, from_to, depth + 1, known, turn);
    }
}

/* ---- JSON ------------------------------------------------------------------------------------------------------------- */

static json_t *node_json(const struct printer *p, uint32_t node, uint32_t known, uint32_t turn);

static json_t *loop_json(const struct printer *p, const struct tree_node *n, uint32_t known, uint32_t turn) {
    uint32_t bit = n->bit < LOOPS_APART ? 1u << n->bit : 0;
    json_t *j = json_object();
    json_object_set_new(j, bit ? "first" : "any", node_json(p, n->parts.data[0], known | bit, turn & ~bit));
    if (bit && n->max > 1)
        json_object_set_new(j, "later", node_json(p, n->parts.data[0], known | bit, turn | bit));
    return j;
}

static json_t *region_json(const struct printer *p, const struct tree_node *n, uint32_t known, uint32_t turn) {
    json_t *list = json_array();
    for (size_t i = 0; i < n->dag.len; i++)
        json_array_append_new(list, json_pack("{s:i,s:i,s:o}", "from", (int)n->dag.data[i].from, "to", (int)n->dag.data[i].to, "part",
                                              node_json(p, n->dag.data[i].node, known, turn)));
    return list;
}

static json_t *node_json(const struct printer *p, uint32_t node, uint32_t known, uint32_t turn) {
    static const char *const kind[] = {"unit", "empty", "sequence", "alternative", "loop", "exit", "call", "region"};
    static const char *const grounds[] = {"own", "any iteration", "other entries", "other contexts", "never observed"};
    const struct tree_node *n = &p->t->nodes.data[node];
    const struct tree_value *x = tree_value_of(p->v, node, known, turn);
    json_t *curve = json_array(), *parts = json_array();
    for (size_t i = 0; i < x->curve.steps.len; i++)
        json_array_append_new(curve, json_pack("[I,f]", (json_int_t)x->curve.steps.data[i].cycles, x->curve.steps.data[i].above));
    char *text = what(p, node), *source = source_of(p, node);
    json_t *j = json_pack("{s:s,s:s,s:s,s:o,s:I,s:f,s:o}", "kind", kind[n->kind], "what", text, "source", source, "curve", curve, "max", (json_int_t)curve_max(&x->curve), "band", x->band,
                          "sample", x->executions == UINT64_MAX ? json_null() : json_integer((json_int_t)x->executions));
    free(text);
    free(source);
    json_object_set_new(j, "percentiles", row_quantiles_json(&x->curve, 0));
    for (size_t i = 0; n->kind != TREE_LOOP && i < n->parts.len; i++)
        json_array_append_new(parts, node_json(p, n->parts.data[i], known, turn));
    if (n->kind == TREE_UNIT)
        json_object_set_new(j, "grounds", json_string(grounds[x->grounds]));
    if (n->kind == TREE_LOOP) {
        json_object_set_new(j, "iterations", loop_json(p, n, known, turn));
        json_object_set_new(j, "times", json_integer((json_int_t)n->max));
    } else if (n->kind == TREE_REGION) {
        json_object_set_new(j, "graph", region_json(p, n, known, turn));
    }
    if (json_array_size(parts))
        json_object_set(j, "parts", parts);
    json_decref(parts);
    return j;
}

/* ---- an entry ----------------------------------------------------------------------------------------------------------- */

json_t *tree_json(const struct row_graph *r, const uint32_t *ipg_of, const struct row_profile_options *o, struct err *e) {
    struct tree t;
    if (r->row->status == WCET_INCOMPLETE) {
        err_set(e, ERR_INCOMPLETE, "%s", r->row->missing.data[0]);
        return NULL;
    }
    if (tree_build(r, &t, e) < 0)
        return NULL;
    struct unit_table *u = units_new(r, ipg_of);
    struct printer p = {&t, tree_evaluate(&t, u, o->dependence, o->alpha, o->points), true, NULL};
    json_t *j = json_pack("{s:s,s:s,s:o}", "entry", r->row->spec->name, "assumption", dependence_words(o), "tree", node_json(&p, t.root, 0, 0));
    tree_evaluation_free(p.v);
    units_free(u);
    tree_free(&t);
    return j;
}

int tree_print(const struct row_graph *r, const uint32_t *ipg_of, const struct row_profile_options *o, bool units, FILE *out, struct err *e) {
    struct tree t;
    if (r->row->status == WCET_INCOMPLETE)
        return err_set(e, ERR_INCOMPLETE, "%s", r->row->missing.data[0]);
    if (tree_build(r, &t, e) < 0)
        return -1;
    struct unit_table *u = units_new(r, ipg_of);
    struct printer p = {&t, tree_evaluate(&t, u, o->dependence, o->alpha, o->points), units, out};
    fprintf(out, "path tree of %s: %s\n", r->row->spec->name, dependence_words(o));
    gmp_fprintf(out, "bound %Zd; observed up to %" PRIu64 " in %" PRIu64 " entries", r->row->bound, r->row->observed_max, r->row->observations);
    if (r->row->observations)
        fprintf(out, ", at record %" PRIu64 " of trace %s", r->row->max_at.position, r->w->profile->traces.data[r->row->max_at.trace].digest);
    fprintf(out, "\nTimes in cycles; `sample`: executions of the node's least observed unit\n");
    for (int i = 0; i < PERCENTILES; i++)
        fprintf(out, "%7g%%", percentile[i]);
    fprintf(out, "%8s%9s  %-22s %s\n", "max", "sample", "source", "node");
    print_node(&p, t.root, "", 0, 0, 0);
    tree_evaluation_free(p.v);
    units_free(u);
    tree_free(&t);
    return 0;
}
