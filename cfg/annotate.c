/* Disassembly with what is known of it: source lines, blocks, where control goes, loops and their bounds. */
#include "cfg/graph.h"

#include <inttypes.h>

struct annotator {
    const struct cfg *g;
    FILE *out;
    const char *file;   /* the source position last shown */
    int line;
    char *text;         /* of the source file last opened, NULL: it cannot be read */
    char *opened;
};

/* The line of the file, from where the command runs; NULL: not to be had. LEN: without the end of line. */
static const char *source_text(struct annotator *a, const char *file, int line, int *len) {
    if (!a->opened || strcmp(a->opened, file)) {
        struct err e;
        size_t size;
        free(a->opened), free(a->text);
        a->opened = str_dup(file);
        if (file_read(file, &a->text, &size, &e))
            a->text = NULL;
    }
    const char *p = a->text;
    for (int i = 1; p && i < line; i++) {
        p = strchr(p, '\n');
        p = p ? p + 1 : NULL;
    }
    *len = p ? (int)strcspn(p, "\r\n") : 0;
    return p;
}

static void show_source(struct annotator *a, uint64_t addr) {
    const char *file;
    int line, len;
    if (!image_line(a->g->image, addr, &file, &line) || (line == a->line && file == a->file))
        return;
    a->file = file;
    a->line = line;
    const char *text = source_text(a, file, line, &len);
    fprintf(a->out, "  # %s:%d%s%.*s\n", file, line, text ? "  " : "", len, text ? text : "");
}

static void show_loop(struct annotator *a, const struct loop *l) {
    fprintf(a->out, "  ; loop of depth %" PRIu32, l->depth);
    if (l->endless)
        fputs(": never left\n", a->out);
    else if (l->origin == BOUND_NONE)
        fputs(": no bound\n", a->out);
    else
        fprintf(a->out, ": at most %" PRIu64 " times, %s\n", l->max, l->why);
}

static void show_way_on(struct annotator *a, const struct block *k) {
    static const char *const kinds[] = {"", " if taken", "", " from the table", " after the call"};
    const char *comma = "  ; to";
    for (uint32_t i = k->call; i < k->call + k->calls; i++, comma = ",")
        fprintf(a->out, "%s %s", comma, a->g->functions.data[a->g->calls.data[i]].name);
    for (uint32_t i = k->edge; i < k->edge + k->edges && k->end != END_FALL; i++, comma = ",")
        fprintf(a->out, "%s %s%s", comma, cfg_describe(a->g, block_of(a->g, a->g->edges.data[i].to)->addr), kinds[a->g->edges.data[i].kind]);
    if (*comma == ',')
        fputc('\n', a->out);
    if (k->open)
        fputs("  ; and where else is not known\n", a->out);
}

static void show_block(struct annotator *a, uint32_t b) {
    const struct block *k = block_of(a->g, b);
    const struct code *c = &a->g->own->flow.code;
    char text[128];
    fprintf(a->out, "%s:%s\n", cfg_describe(a->g, k->addr), k->never ? "  ; never executed, by a fact" : "");
    for (uint32_t l = k->loop; l != NONE && l == k->loop; l = a->g->loops.data[l].parent)
        for (size_t i = 0; i < a->g->loops.data[l].entries.len; i++)
            if (a->g->loops.data[l].entries.data[i] == b)
                show_loop(a, &a->g->loops.data[l]);
    for (uint64_t at = k->addr; at < k->addr + k->size;) {
        const struct insn *i = &c->insn[code_slot(c, at)];
        show_source(a, at);
        insn_text(i, at, text, sizeof text);
        fprintf(a->out, "  %" PRIx64 "  %s\n", at, *text ? text : insn_names[i->op]);
        at += i->size;
    }
    show_way_on(a, k);
}

void cfg_annotate(const struct cfg *g, const char *function, FILE *out) {
    struct annotator a = {.g = g, .out = out};
    uint32_t only = function ? cfg_function_named(g, function) : NONE;
    for (uint32_t f = 0; f < g->functions.len; f++) {
        if (function && f != only)
            continue;
        fprintf(out, "\n%s, %zu blocks%s%s\n", g->functions.data[f].name, g->functions.data[f].blocks.len, g->functions.data[f].returns ? "" : ", does not return",
                g->functions.data[f].recursion != 1 ? ", recursive" : "");
        for (size_t i = 0; i < g->functions.data[f].blocks.len; i++)
            show_block(&a, g->functions.data[f].blocks.data[i]);
    }
    free(a.opened);
    free(a.text);
}
