/* Certificates: text, self-contained, the same bytes for the same proof. The format: CERTIFICATES.md. */
#include "ilp/graph.h"

#include <inttypes.h>

static void put_q(FILE *f, const mpq_t q) { mpq_out_str(f, 10, q); }

/* ---- the program, into memory: its digest goes before it ------------------------------------------------------------ */

static void write_rows(FILE *f, const struct ilp *p) {
    fprintf(f, "rows %zu %zu\n", p->variables.len, p->rows.len);
    for (size_t j = 0; j < p->variables.len; j++) {
        const struct variable *v = &p->variables.data[j];
        fputs(v->real ? "real " : "int ", f);
        put_q(f, v->cost);
        fputc(' ', f);
        if (v->bounded)
            mpz_out_str(f, 10, v->upper);
        else
            fputc('-', f);
        fprintf(f, " %s\n", v->name);
    }
    for (size_t i = 0; i < p->rows.len; i++) {
        const struct row *r = &p->rows.data[i];
        fprintf(f, "row %c ", r->sense);
        put_q(f, r->rhs);
        fprintf(f, " %zu", r->terms.len);
        for (size_t k = 0; k < r->terms.len; k++) {
            fprintf(f, " %u ", r->terms.data[k].index);
            put_q(f, r->terms.data[k].a);
        }
        fputc('\n', f);
    }
}

static void write_set(FILE *f, const struct indices *set) {
    fprintf(f, " %zu", set->len);
    for (size_t k = 0; k < set->len; k++)
        fprintf(f, " %u", set->data[k]);
}

static void write_graph(FILE *f, const struct ipet *g) {
    fprintf(f, "ipet %u %zu %zu %zu %zu %u\n", g->nodes, g->edges.len, g->sinks.len, g->loops.len, g->rules.len, g->source);
    for (size_t k = 0; k < g->edges.len; k++)
        fprintf(f, "edge %u %u %" PRIu64 "\n", g->edges.data[k].from, g->edges.data[k].to, g->edges.data[k].cost);
    for (size_t k = 0; k < g->sinks.len; k++)
        fprintf(f, "sink %u\n", g->sinks.data[k]);
    for (size_t k = 0; k < g->loops.len; k++) {
        fprintf(f, "loop %" PRIu64, g->loops.data[k].max);
        write_set(f, &g->loops.data[k].inside);
        write_set(f, &g->loops.data[k].outside);
        fputc('\n', f);
    }
    for (size_t k = 0; k < g->rules.len; k++) {
        const struct ipet_rule *c = &g->rules.data[k];
        fprintf(f, "constraint %c %" PRId64 " %zu", c->sense, c->rhs, c->terms.len);
        for (size_t x = 0; x < c->terms.len; x++)
            fprintf(f, " %u %" PRId64, c->terms.data[x].edge, c->terms.data[x].coefficient);
        fputc('\n', f);
    }
}

static uint64_t fnv1a(const char *s, size_t n) {
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t k = 0; k < n; k++)
        h = (h ^ (unsigned char)s[k]) * 0x100000001b3u;
    return h;
}

/* ---- the proof ------------------------------------------------------------------------------------------------------ */

static void write_terms(FILE *f, const struct terms *t) {
    fprintf(f, " %zu", t->len);
    for (size_t k = 0; k < t->len; k++) {
        fprintf(f, " %u ", t->data[k].index);
        put_q(f, t->data[k].a);
    }
}

static void write_proof(FILE *f, const struct proof *proof) {
    for (size_t k = 0; k < proof->len; k++) {
        const struct proof_node *n = &proof->data[k];
        if (n->kind == PROOF_SPLIT) {
            fputs("split ", f);
            mpz_out_str(f, 10, n->at);
            write_terms(f, &n->form);
        } else if (n->kind == PROOF_LEMMA) {
            fputs("lemma", f);
            write_terms(f, &n->y);
        } else {
            fputs(n->kind == PROOF_LEAF ? "leaf" : "empty", f);
            write_terms(f, &n->y);
            write_terms(f, &n->splits);
        }
        fputc('\n', f);
    }
}

static void write_answer(FILE *f, const struct ilp_result *r) {
    if (r->status == ILP_INFEASIBLE) {
        fputs("infeasible\n", f);
    } else {
        fputs("bound ", f);
        mpz_out_str(f, 10, r->bound);
        fputc('\n', f);
    }
    if (!r->witness)
        return;
    size_t n = 0;
    for (size_t j = 0; j < r->variables; j++)
        n += mpz_sgn(r->x[j]) != 0;
    fputs("witness ", f);
    mpz_out_str(f, 10, r->value);
    fprintf(f, " %zu", n);
    for (size_t j = 0; j < r->variables; j++)
        if (mpz_sgn(r->x[j])) {
            fprintf(f, " %zu ", j);
            mpz_out_str(f, 10, r->x[j]);
        }
    fputc('\n', f);
}

static int write_all(const char *program, size_t size, const struct proof *proof, const struct ilp_result *r, const char *path, struct err *e) {
    struct atomic_file *a = atomic_open(path, e);
    if (!a)
        return -1;
    FILE *f = atomic_stream(a);
    fprintf(f, "potoroo-certificate 1\ndigest %016" PRIx64 "\n", fnv1a(program, size));
    fwrite(program, 1, size, f);
    write_answer(f, r);
    write_proof(f, proof);
    fputs("end\n", f);
    return atomic_commit(a, e);
}

static int write_certificate(const struct ilp *p, const struct ipet *g, const struct proof *proof, const struct ilp_result *r, const char *path,
                             struct err *e) {
    char *program = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&program, &size);
    if (!f)
        return err_set(e, ERR_INPUT, "%s: out of memory", path);
    if (g)
        write_graph(f, g);
    else
        write_rows(f, p);
    fclose(f);
    int bad = write_all(program, size, proof, r, path, e);
    free(program);
    return bad;
}

int certificate_write_ilp(const struct ilp *p, const struct proof *proof, const struct ilp_result *r, const char *path, struct err *e) {
    return write_certificate(p, NULL, proof, r, path, e);
}

int certificate_write_ipet(const struct ipet *g, const struct proof *proof, const struct ilp_result *r, const char *path, struct err *e) {
    return write_certificate(NULL, g, proof, r, path, e);
}
