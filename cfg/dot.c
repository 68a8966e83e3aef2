/* The graph for graphviz: a box a function, a box within it a loop, and what is passed by a path in red, with how often. */
#include "cfg/graph.h"

#include <inttypes.h>

static const char *const edge_names[] = {"fall", "taken", "jump", "table", "return"};
static const char *const origin_names[] = {"none", "derived", "proved", "fact"};

struct drawing {
    const struct cfg *g;
    FILE *out;
    struct map passed;          /* block → cycles of the path's steps that begin in it */
    struct map count;           /* from << 32 | to → how often */
    uint64_t total;
};

static void quoted(FILE *out, const char *s) {
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            fputc('\\', out);
        fputc((unsigned char)*s < ' ' ? '?' : *s, out);
    }
}

static void instructions(const struct drawing *d, const struct block *b) {
    struct code *c = &d->g->own->flow.code;
    for (uint64_t at = b->addr; at < b->addr + b->size;) {
        const struct insn *i = &c->insn[code_slot(c, at)];
        char text[128];
        insn_text(i, at, text, sizeof text);
        fprintf(d->out, "%" PRIx64 "  ", at);
        quoted(d->out, *text ? text : insn_names[i->op]);
        fputs("\\l", d->out);
        at += i->size;
    }
}

/* The deeper the red, the larger the share of the path's cycles. */
static void draw_passed(const struct drawing *d, uint32_t b) {
    uint64_t cycles;
    if (!map_get(&d->passed, b, &cycles))
        return;
    double share = d->total ? (double)cycles / (double)d->total : 0;
    fprintf(d->out, ", color=red, style=filled, fillcolor=\"0.0 %.3f 1.0\"", share > 0.25 ? 0.6 : 0.05 + 2.2 * share);
}

static void draw_edge(const struct drawing *d, uint32_t from, uint32_t to, const char *name, const char *style) {
    uint64_t count;
    fprintf(d->out, "  b%u -> b%u [label=\"%s", from, to, name);
    if (map_get(&d->count, (uint64_t)from << 32 | to, &count))
        fprintf(d->out, " ×%" PRIu64 "\", color=red, penwidth=3%s];\n", count, style);
    else
        fprintf(d->out, "\"%s];\n", style);
}

static void draw_block(const struct drawing *d, uint32_t b) {
    const struct block *k = block_of(d->g, b);
    uint64_t cycles;
    fprintf(d->out, "  b%u [label=\"", b);
    quoted(d->out, cfg_describe(d->g, k->addr));
    fputs("\\l", d->out);
    instructions(d, k);
    for (uint32_t i = k->call; i < k->call + k->calls; i++) {
        fputs("→ ", d->out);
        quoted(d->out, d->g->functions.data[d->g->calls.data[i]].name);
        fputs("\\l", d->out);
    }
    if (map_get(&d->passed, b, &cycles))
        fprintf(d->out, "%" PRIu64 " cycles of the path\\l", cycles);
    fprintf(d->out, "\"%s%s", k->open ? ", color=red" : k->never ? ", style=dashed" : "", k->point != NONE ? ", penwidth=2" : "");
    draw_passed(d, b);
    fputs("];\n", d->out);
    for (uint32_t i = k->edge; i < k->edge + k->edges; i++)
        draw_edge(d, b, d->g->edges.data[i].to, edge_names[d->g->edges.data[i].kind], "");
}

static void loop_label(const struct drawing *d, const struct loop *l) {
    if (l->endless)
        fputs("never left", d->out);
    else if (l->origin == BOUND_NONE)
        fputs("unbounded", d->out);
    else
        fprintf(d->out, "max %" PRIu64 " (%s)", l->max, origin_names[l->origin]);
}

/* A block's node is named in its innermost loop. */
static void draw_loops(const struct drawing *d, uint32_t function, uint32_t parent) {
    for (uint32_t i = 0; i < d->g->loops.len; i++) {
        const struct loop *l = &d->g->loops.data[i];
        if (l->parent != parent || block_of(d->g, l->header)->function != function)
            continue;
        fprintf(d->out, "  subgraph cluster_loop%u { style=rounded; color=blue; label=\"", i);
        loop_label(d, l);
        fputs("\";\n", d->out);
        for (size_t k = 0; k < l->blocks.len; k++)
            if (block_of(d->g, l->blocks.data[k])->loop == i)
                fprintf(d->out, "    b%u;\n", l->blocks.data[k]);
        draw_loops(d, function, i);
        fputs("  }\n", d->out);
    }
}

static void draw_function(const struct drawing *d, uint32_t f) {
    const struct function *fn = &d->g->functions.data[f];
    fprintf(d->out, "  subgraph cluster_function%u { style=dotted; label=\"", f);
    quoted(d->out, fn->name);
    fputs("\";\n", d->out);
    draw_loops(d, f, NONE);
    for (size_t k = 0; k < fn->blocks.len; k++)
        if (block_of(d->g, fn->blocks.data[k])->loop == NONE)
            fprintf(d->out, "    b%u;\n", fn->blocks.data[k]);
    fputs("  }\n", d->out);
    for (size_t k = 0; k < fn->blocks.len; k++)
        draw_block(d, fn->blocks.data[k]);
}

/* DRAWN: an element a function. */
static void draw(const struct drawing *d, const bool *drawn) {
    fputs("digraph cfg {\n  node [shape=box, fontname=monospace];\n", d->out);
    for (uint32_t i = 0; i < d->g->functions.len; i++)
        if (drawn[i])
            draw_function(d, i);
}

void cfg_dot(const struct cfg *g, const char *function, FILE *out) {
    struct drawing d = {.g = g, .out = out};
    uint32_t only = function ? cfg_function_named(g, function) : NONE;
    bool *drawn = mem_alloc(g->functions.len + 1);
    for (uint32_t i = 0; i < g->functions.len; i++)
        drawn[i] = !function || i == only;
    draw(&d, drawn);
    fputs("}\n", out);
    free(drawn);
}

/* ---- a path ------------------------------------------------------------------------------------------------------------------ */

static void add(struct map *m, uint64_t key, uint64_t value) {
    uint64_t before = 0;
    map_get(m, key, &before);
    map_put(m, key, before + value);
}

static bool is_edge(const struct cfg *g, uint32_t from, uint32_t to) {
    const struct block *b = block_of(g, from);
    for (uint32_t i = b->edge; i < b->edge + b->edges; i++)
        if (g->edges.data[i].to == to)
            return true;
    return false;
}

static const char *step_name(const struct cfg *g, uint32_t from, uint32_t to) {
    const struct block *b = block_of(g, from);
    for (uint32_t i = b->call; i < b->call + b->calls; i++)
        if (g->functions.data[g->calls.data[i]].entry == to)
            return "call";
    return b->end == END_RETURN ? "return" : "…";
}

int cfg_dot_path(const struct cfg *g, const struct path_step *steps, size_t n, FILE *out, struct err *e) {
    struct drawing d = {.g = g, .out = out};
    bool *drawn = mem_alloc(g->functions.len + 1);
    VEC(uint64_t) between = {0};
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        uint32_t from = cfg_block_at(g, steps[i].from), to = cfg_block_at(g, steps[i].to);
        if (from == NONE || (to == NONE && steps[i].to)) {
            rc = err_set(e, ERR_INPUT, "the path passes 0x%" PRIx64 ", where no block of %s begins", from == NONE ? steps[i].from : steps[i].to, image_path(g->image));
            continue;
        }
        drawn[block_of(g, from)->function] = true;
        add(&d.passed, from, steps[i].cycles);
        d.total += steps[i].cycles;
        if (to == NONE)
            continue;
        drawn[block_of(g, to)->function] = true;
        add(&d.passed, to, 0);
        uint64_t key = (uint64_t)from << 32 | to, unused;
        if (!is_edge(g, from, to) && !map_get(&d.count, key, &unused))
            vec_push(&between, key);
        add(&d.count, key, steps[i].count);
    }
    if (rc == 0)
        draw(&d, drawn);
    for (size_t i = 0; i < between.len && rc == 0; i++) /* calls, returns, and ways on which nothing is measured */
        draw_edge(&d, (uint32_t)(between.data[i] >> 32), (uint32_t)between.data[i], step_name(g, (uint32_t)(between.data[i] >> 32), (uint32_t)between.data[i]),
                  ", style=dashed, constraint=false");
    if (rc == 0)
        fputs("}\n", out);
    vec_free(&between);
    map_free(&d.passed);
    map_free(&d.count);
    free(drawn);
    return rc;
}
