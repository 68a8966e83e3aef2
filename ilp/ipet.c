/* The flow graph as a program, and exact checks of flows. */
#include "ilp/graph.h"

struct ipet *ipet_new(uint32_t nodes, uint32_t source) {
    struct ipet *g = mem_alloc(sizeof *g);
    g->nodes = nodes;
    g->source = source;
    return g;
}

void ipet_free(struct ipet *g) {
    if (!g)
        return;
    for (size_t k = 0; k < g->loops.len; k++) {
        vec_free(&g->loops.data[k].inside);
        vec_free(&g->loops.data[k].outside);
    }
    for (size_t k = 0; k < g->rules.len; k++) {
        vec_free(&g->rules.data[k].terms);
        free(g->rules.data[k].text);
    }
    vec_free(&g->sinks);
    vec_free(&g->edges);
    vec_free(&g->loops);
    vec_free(&g->rules);
    free(g);
}

void ipet_sink(struct ipet *g, uint32_t node) {
    for (size_t k = 0; k < g->sinks.len; k++)
        if (g->sinks.data[k] == node)
            return;
    vec_push(&g->sinks, node);
}

uint32_t ipet_edge(struct ipet *g, uint32_t from, uint32_t to, uint64_t cost) {
    vec_push(&g->edges, ((struct ipet_edge){from, to, cost}));
    return (uint32_t)g->edges.len - 1;
}

static void copy_set(struct indices *to, const uint32_t *from, size_t n) {
    for (size_t k = 0; k < n; k++) {
        bool there = false;
        for (size_t x = 0; x < to->len && !there; x++)
            there = to->data[x] == from[k];
        if (!there)
            vec_push(to, from[k]);
    }
}

void ipet_loop(struct ipet *g, const uint32_t *inside, size_t insides, const uint32_t *outside, size_t outsides, uint64_t max) {
    struct ipet_loop l = {.max = max};
    copy_set(&l.inside, inside, insides);
    copy_set(&l.outside, outside, outsides);
    vec_push(&g->loops, l);
}

void ipet_constraint(struct ipet *g, const struct ipet_term *terms, size_t n, char sense, int64_t rhs, const char *text) {
    struct ipet_rule c = {.sense = sense, .rhs = rhs, .text = str_dup(text ? text : "")};
    for (size_t k = 0; k < n; k++)
        vec_push(&c.terms, terms[k]);
    vec_push(&g->rules, c);
}

/* Does the unit of flow that starts at the source enter the loop there? */
bool ipet_source_enters(const struct ipet *g, const struct ipet_loop *l) {
    for (size_t k = 0; k < l->inside.len; k++)
        if (g->edges.data[l->inside.data[k]].to == g->source)
            return true;
    return false;
}

/* ---- the unreduced program ---------------------------------------------------------------------------------------- */

static void add_variables(struct ilp *p, const struct ipet *g) {
    char name[32];
    mpq_t cost;
    mpq_init(cost);
    for (size_t k = 0; k < g->edges.len; k++) {
        snprintf(name, sizeof name, "e%zu", k);
        mpq_set_ui(cost, g->edges.data[k].cost, 1);
        ilp_variable(p, name, cost, NULL);
    }
    mpq_set_ui(cost, 0, 1);
    for (size_t k = 0; k < g->sinks.len; k++) {
        snprintf(name, sizeof name, "sink%u", g->sinks.data[k]);
        ilp_variable(p, name, cost, NULL);
    }
    mpq_clear(cost);
}

/* out + sink − in = 1 at the source, 0 elsewhere. */
static void add_node_rows(struct ilp *p, const struct ipet *g) {
    char name[32];
    mpq_t rhs, one, minus;
    mpq_inits(rhs, one, minus, NULL);
    mpq_set_si(one, 1, 1);
    mpq_set_si(minus, -1, 1);
    for (uint32_t v = 0; v < g->nodes; v++) {
        snprintf(name, sizeof name, "node%u", v);
        mpq_set_ui(rhs, v == g->source, 1);
        ilp_row(p, name, '=', rhs);
    }
    for (uint32_t k = 0; k < g->edges.len; k++) {
        ilp_term(p, g->edges.data[k].from, k, one);
        ilp_term(p, g->edges.data[k].to, k, minus);
    }
    for (uint32_t k = 0; k < g->sinks.len; k++)
        ilp_term(p, g->sinks.data[k], (uint32_t)g->edges.len + k, one);
    mpq_clears(rhs, one, minus, NULL);
}

static void add_loop_rows(struct ilp *p, const struct ipet *g) {
    char name[32];
    mpq_t a, rhs;
    mpq_inits(a, rhs, NULL);
    for (size_t k = 0; k < g->loops.len; k++) {
        const struct ipet_loop *l = &g->loops.data[k];
        snprintf(name, sizeof name, "loop%zu", k);
        mpq_set_ui(rhs, ipet_source_enters(g, l) ? l->max - 1 : 0, 1);
        uint32_t row = ilp_row(p, name, '<', rhs);
        mpq_set_si(a, 1, 1);
        for (size_t x = 0; x < l->inside.len; x++)
            ilp_term(p, row, l->inside.data[x], a);
        mpq_set_ui(a, l->max - 1, 1);
        mpq_neg(a, a);
        for (size_t x = 0; x < l->outside.len; x++)
            ilp_term(p, row, l->outside.data[x], a);
    }
    mpq_clears(a, rhs, NULL);
}

static void add_rule_rows(struct ilp *p, const struct ipet *g) {
    char name[32];
    mpq_t a;
    mpq_init(a);
    for (size_t k = 0; k < g->rules.len; k++) {
        const struct ipet_rule *c = &g->rules.data[k];
        snprintf(name, sizeof name, "c%zu", k);
        mpq_set_si(a, c->rhs, 1);
        uint32_t row = ilp_row(p, name, c->sense, a);
        for (size_t x = 0; x < c->terms.len; x++) {
            mpq_set_si(a, c->terms.data[x].coefficient, 1);
            ilp_term(p, row, c->terms.data[x].edge, a);
        }
    }
    mpq_clear(a);
}

struct ilp *ipet_program(const struct ipet *g) {
    struct ilp *p = ilp_new();
    add_variables(p, g);
    add_node_rows(p, g);
    add_loop_rows(p, g);
    add_rule_rows(p, g);
    for (size_t k = 0; k < p->rows.len; k++)
        terms_sort(&p->rows.data[k].terms); /* an edge from a node to itself leaves and enters it: LP files name a variable once a row */
    return p;
}

/* ---- checks ------------------------------------------------------------------------------------------------------- */

static int check_edges(const struct ipet *g, const struct indices *list, size_t loop, struct err *e) {
    for (size_t k = 0; k < list->len; k++)
        if (list->data[k] >= g->edges.len)
            return err_set(e, ERR_INPUT, "loop %zu names edge %u of %zu", loop, list->data[k], g->edges.len);
    return 0;
}

/* Indices in range, loop bounds at least 1. */
int ipet_valid(const struct ipet *g, struct err *e) {
    if (g->source >= g->nodes)
        return err_set(e, ERR_INPUT, "the source, node %u, is not one of %u nodes", g->source, g->nodes);
    for (size_t k = 0; k < g->edges.len; k++)
        if (g->edges.data[k].from >= g->nodes || g->edges.data[k].to >= g->nodes)
            return err_set(e, ERR_INPUT, "edge %zu leaves the graph's %u nodes", k, g->nodes);
    for (size_t k = 0; k < g->sinks.len; k++)
        if (g->sinks.data[k] >= g->nodes)
            return err_set(e, ERR_INPUT, "sink %u is not one of %u nodes", g->sinks.data[k], g->nodes);
    for (size_t k = 0; k < g->loops.len; k++) {
        if (check_edges(g, &g->loops.data[k].inside, k, e) || check_edges(g, &g->loops.data[k].outside, k, e))
            return -1;
        if (g->loops.data[k].max == 0)
            return err_set(e, ERR_INPUT, "loop %zu has bound 0: exclude its edges by a constraint instead", k);
    }
    for (size_t k = 0; k < g->rules.len; k++) {
        const struct ipet_rule *c = &g->rules.data[k];
        if (c->sense != '<' && c->sense != '=' && c->sense != '>')
            return err_set(e, ERR_INPUT, "constraint %zu (%s) has the sense '%c'", k, c->text, c->sense);
        for (size_t x = 0; x < c->terms.len; x++)
            if (c->terms.data[x].edge >= g->edges.len)
                return err_set(e, ERR_INPUT, "constraint %zu (%s) names edge %u of %zu", k, c->text, c->terms.data[x].edge, g->edges.len);
    }
    return 0;
}

/* What the flow leaves at each node; the sinks may keep some, every other node must be at 0. */
static int admits_nodes(const struct ipet *g, const uint64_t *count, struct err *e) {
    mpz_t *rest = mpz_array_new(g->nodes);
    bool *sink = mem_alloc(g->nodes + 1);
    int bad = 0;
    mpz_set_ui(rest[g->source], 1);
    for (size_t k = 0; k < g->edges.len; k++) {
        mpz_sub_ui(rest[g->edges.data[k].from], rest[g->edges.data[k].from], count[k]);
        mpz_add_ui(rest[g->edges.data[k].to], rest[g->edges.data[k].to], count[k]);
    }
    for (size_t k = 0; k < g->sinks.len; k++)
        sink[g->sinks.data[k]] = true;
    for (uint32_t v = 0; v < g->nodes && !bad; v++)
        if (sink[v] ? mpz_sgn(rest[v]) < 0 : mpz_sgn(rest[v]) != 0)
            bad = err_set(e, ERR_INPUT, "the flow is not conserved at node %u", v);
    mpz_array_free(rest, g->nodes);
    free(sink);
    return bad;
}

static int admits_loop(const struct ipet *g, const struct ipet_loop *l, const uint64_t *count) {
    mpz_t in, out;
    mpz_inits(in, out, NULL);
    for (size_t k = 0; k < l->inside.len; k++)
        mpz_add_ui(in, in, count[l->inside.data[k]]);
    mpz_set_ui(out, ipet_source_enters(g, l));
    for (size_t k = 0; k < l->outside.len; k++)
        mpz_add_ui(out, out, count[l->outside.data[k]]);
    mpz_mul_ui(out, out, l->max - 1);
    bool good = mpz_cmp(in, out) <= 0;
    mpz_clears(in, out, NULL);
    return good ? 0 : -1;
}

static int admits_rule(const struct ipet_rule *c, const uint64_t *count) {
    mpz_t sum, t;
    mpz_inits(sum, t, NULL);
    for (size_t k = 0; k < c->terms.len; k++) {
        mpz_set_ui(t, count[c->terms.data[k].edge]);
        mpz_mul_si(t, t, c->terms.data[k].coefficient);
        mpz_add(sum, sum, t);
    }
    int cmp = mpz_cmp_si(sum, c->rhs);
    mpz_clears(sum, t, NULL);
    return (c->sense == '<' ? cmp <= 0 : c->sense == '>' ? cmp >= 0 : cmp == 0) ? 0 : -1;
}

int ipet_admits(const struct ipet *g, const uint64_t *count, struct err *e) {
    if (ipet_valid(g, e) || admits_nodes(g, count, e))
        return -1;
    for (size_t k = 0; k < g->loops.len; k++)
        if (admits_loop(g, &g->loops.data[k], count))
            return err_set(e, ERR_INPUT, "loop %zu runs more often than its bound of %llu", k, (unsigned long long)g->loops.data[k].max);
    for (size_t k = 0; k < g->rules.len; k++)
        if (admits_rule(&g->rules.data[k], count))
            return err_set(e, ERR_INPUT, "constraint %zu does not hold: %s", k, g->rules.data[k].text);
    return 0;
}
