/* The code that a result speaks of: functions, blocks, loops. What `potoroo diff` matches two builds by, and reports show. */
#include "analyzer/analyzer.h"

#include <inttypes.h>

static json_t *hex(uint64_t v) { return json_sprintf("0x%" PRIx64, v); }

/* Which blocks any row's graph reaches, and which are on a worst path. */
struct coverage {
    bool *reached, *worst;    /* by block */
    bool *function;           /* has a reached block */
};

static struct coverage cover(const struct wcet *w) {
    struct coverage c = {mem_alloc(w->cfg->blocks.len + 1), mem_alloc(w->cfg->blocks.len + 1), mem_alloc(w->cfg->functions.len + 1)};
    for (size_t i = 0; i < w->walk->nodes.len; i++) {
        uint32_t block = w->walk->nodes.data[i].block;
        c.reached[block] = c.function[w->cfg->blocks.data[block].function] = true;
    }
    for (size_t r = 0; r < w->rows.len; r++)
        for (size_t i = 0; i < w->rows.data[r].worst_path.len; i++)
            c.worst[w->walk->nodes.data[w->walk->ipg.data[w->rows.data[r].worst_path.data[i].edge].from].block] = true;
    return c;
}

static json_t *successors(const struct cfg *g, const struct block *b) {
    json_t *list = json_array();
    for (uint32_t i = b->edge; i < b->edge + b->edges; i++)
        json_array_append_new(list, hex(g->blocks.data[g->edges.data[i].to].addr));
    return list;
}

/* The source line of each instruction of the block. */
static json_t *lines(const struct wcet *w, const struct block *b) {
    json_t *list = json_array();
    for (uint64_t at = b->addr, end = b->addr + b->size; at < end;) {
        const char *file = "";
        int line = 0;
        image_line(w->image, at, &file, &line);
        json_array_append_new(list, json_integer(line));
        const uint8_t *p = image_at(w->image, at, 2);
        at += p && (p[0] & 3) == 3 ? 4 : 2; /* RISC-V: 16-bit instructions do not end in 11 */
    }
    return list;
}

static json_t *block_json(const struct wcet *w, const struct coverage *c, uint32_t block, uint64_t shape) {
    const struct block *b = &w->cfg->blocks.data[block];
    const char *file = "";
    int line = 0;
    image_line(w->image, b->addr, &file, &line);
    json_t *j = json_pack("{s:o,s:I,s:I,s:o,s:s,s:i,s:o}", "addr", hex(b->addr), "size", (json_int_t)b->size, "insns", (json_int_t)b->insns, "shape", hex(shape),
                          "file", file, "line", line, "succ", successors(w->cfg, b));
    if (c->worst[block]) {
        json_object_set_new(j, "text", cfg_block_text(w->cfg, block));
        json_object_set_new(j, "lines", lines(w, b));
    }
    if (!c->reached[block])
        json_object_set_new(j, "reached", json_false());
    return j;
}

/* The most turns that a trace showed; null: never entered. */
static json_t *turns_seen(const struct profile *p, uint64_t header) {
    json_int_t most = -1;
    for (size_t i = 0; i < p->loops.len; i++)
        if (p->loops.data[i].header == header && (json_int_t)p->loops.data[i].max > most)
            most = (json_int_t)p->loops.data[i].max;
    return most < 0 ? json_null() : json_integer(most);
}

static json_t *loops_json(const struct wcet *w, uint32_t function) {
    static const char *const origin[] = {"none", "derived", "proved", "annotated"};
    const struct cfg *g = w->cfg;
    json_t *list = json_array();
    for (size_t i = 0; i < g->loops.len; i++) {
        const struct loop *l = &g->loops.data[i];
        const struct block *header = &g->blocks.data[l->header];
        if (header->function != function)
            continue;
        const char *file = "";
        int line = 0;
        image_line(w->image, header->addr, &file, &line);
        json_array_append_new(list, json_pack("{s:o,s:s,s:s,s:i,s:I,s:o,s:s,s:s,s:o}", "header", hex(header->addr), "symbol", cfg_describe(g, header->addr), "file", file,
                                              "line", line, "depth", (json_int_t)l->depth, "max", l->origin == BOUND_NONE ? json_null() : json_integer((json_int_t)l->max),
                                              "origin", origin[l->origin], "why", l->why ? l->why : "", "observed", turns_seen(w->profile, header->addr)));
    }
    return list;
}

static json_t *function_json(const struct wcet *w, const struct coverage *c, uint32_t index) {
    const struct function *f = &w->cfg->functions.data[index];
    uint64_t *shape = mem_alloc((f->blocks.len + 1) * sizeof *shape);
    json_t *blocks = json_array();
    cfg_shapes(w->cfg, index, shape);
    for (size_t i = 0; i < f->blocks.len; i++)
        json_array_append_new(blocks, block_json(w, c, f->blocks.data[i], shape[i]));
    free(shape);
    return json_pack("{s:s,s:o,s:I,s:o,s:o}", "name", f->name, "addr", hex(f->addr), "size", (json_int_t)f->size, "blocks", blocks, "loops", loops_json(w, index));
}

json_t *wcet_code_json(const struct wcet *w) {
    struct coverage c = cover(w);
    json_t *list = json_array();
    for (uint32_t i = 0; i < w->cfg->functions.len; i++)
        if (c.function[i])
            json_array_append_new(list, function_json(w, &c, i));
    free(c.reached);
    free(c.worst);
    free(c.function);
    return list;
}
