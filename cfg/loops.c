/* Loop nesting: Steensgaard, "Sequentializing program dependence graphs for irreducible programs" (1993), in Ramalingam's framework
 * ("On loops, dominators, and dominance frontiers", TOPLAS 2002): a loop is a strongly connected region; its entries are all blocks with
 * a predecessor outside; the loops inside are those of the region without the edges to its entries. For reducible code these
 * are the natural loops. Every cycle of the function's graph is inside a loop and passes one of its entries. */
#include "cfg/graph.h"

struct region {
    uint32_t id, parent;    /* id marks the members; the loop that the region is, NONE for a whole function */
    VEC(uint32_t) blocks;
};

struct nest {
    struct cfg *g;
    uint32_t *region;       /* each block's innermost region so far */
    bool *entry;            /* of the loop that it is directly in */
    uint32_t *number, *low; /* Tarjan's; number 0: not visited */
    bool *on_stack;
    VEC(uint32_t) stack;
    VEC(uint64_t) path;     /* block, next edge: the depth-first search without recursion */
    VEC(struct region) work;
    uint32_t regions, counter;
};

static bool inside(const struct nest *n, const struct region *r, uint32_t to) { return n->region[to] == r->id && !n->entry[to]; }

static bool has_edge(const struct cfg *g, uint32_t from, uint32_t to) {
    const struct block *b = block_of(g, from);
    for (uint32_t i = b->edge; i < b->edge + b->edges; i++)
        if (g->edges.data[i].to == to)
            return true;
    return false;
}

static int block_order(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* A strongly connected component, blocks [from, end) of the stack, becomes a loop and a region to be searched in turn. */
static void make_loop(struct nest *n, const struct region *r, size_t from) {
    struct region inner = {.id = ++n->regions, .parent = (uint32_t)n->g->loops.len};
    struct loop l = {.parent = r->parent, .depth = 1};
    if (r->parent != NONE)
        l.depth = n->g->loops.data[r->parent].depth + 1;
    for (size_t i = from; i < n->stack.len; i++) {
        uint32_t b = n->stack.data[i];
        vec_push(&l.blocks, b);
        vec_push(&inner.blocks, b);
        n->region[b] = inner.id;
        n->g->blocks.data[b].loop = inner.parent;
    }
    qsort(l.blocks.data, l.blocks.len, sizeof(uint32_t), block_order);
    qsort(inner.blocks.data, inner.blocks.len, sizeof(uint32_t), block_order);
    vec_push(&n->g->loops, l);
    vec_push(&n->work, inner);
}

/* Entries are known once the region of every block of the loop is set: a predecessor outside has another one. Inner regions are made
 * later, so this is asked before the region is searched. */
static void find_entries(struct nest *n, const struct region *r, const uint32_t *pred, const uint32_t *first) {
    struct loop *l = &n->g->loops.data[r->parent];
    for (size_t i = 0; i < r->blocks.len; i++) {
        uint32_t b = r->blocks.data[i];
        bool enters = n->g->functions.data[block_of(n->g, b)->function].entry == b;
        for (uint32_t p = first[b]; p < first[b + 1] && !enters; p++)
            enters = n->region[pred[p]] != r->id;
        n->entry[b] = enters;
        if (enters)
            vec_push(&l->entries, b);
    }
    if (!l->entries.len) { /* cannot be reached from the function's entry: any block will do */
        vec_push(&l->entries, r->blocks.data[0]);
        n->entry[r->blocks.data[0]] = true;
    }
    l->header = l->entries.data[0];
}

static void visit(struct nest *n, uint32_t b) {
    n->number[b] = n->low[b] = ++n->counter;
    n->on_stack[b] = true;
    vec_push(&n->stack, b);
    vec_push(&n->path, b);
    vec_push(&n->path, block_of(n->g, b)->edge);
}

static void leave(struct nest *n, const struct region *r, uint32_t b) {
    if (n->low[b] == n->number[b]) {
        size_t from = n->stack.len;
        do
            n->on_stack[n->stack.data[--from]] = false;
        while (n->stack.data[from] != b);
        if (n->stack.len - from > 1 || (has_edge(n->g, b, b) && inside(n, r, b)))
            make_loop(n, r, from);
        n->stack.len = from;
    }
    n->path.len -= 2;
    if (n->path.len) {
        uint32_t up = (uint32_t)n->path.data[n->path.len - 2];
        if (n->low[b] < n->low[up])
            n->low[up] = n->low[b];
    }
}

/* Tarjan 1972 over one region, without the edges to its entries. */
static void components(struct nest *n, const struct region *r) {
    for (size_t i = 0; i < r->blocks.len; i++)
        n->number[r->blocks.data[i]] = 0;
    for (size_t i = 0; i < r->blocks.len; i++) {
        if (n->number[r->blocks.data[i]])
            continue;
        visit(n, r->blocks.data[i]);
        while (n->path.len) {
            uint32_t b = (uint32_t)n->path.data[n->path.len - 2];
            uint64_t e = n->path.data[n->path.len - 1]++;
            if (e >= block_of(n->g, b)->edge + block_of(n->g, b)->edges) {
                leave(n, r, b);
                continue;
            }
            uint32_t to = n->g->edges.data[e].to;
            if (!inside(n, r, to))
                continue;
            if (!n->number[to])
                visit(n, to);
            else if (n->on_stack[to] && n->number[to] < n->low[b])
                n->low[b] = n->number[to];
        }
    }
}

/* Predecessors of block b: pred[first[b] .. first[b + 1]). Both are the caller's. */
static void predecessors(const struct cfg *g, uint32_t **pred, uint32_t **first) {
    size_t n = g->blocks.len;
    *first = mem_alloc((n + 2) * sizeof **first);
    *pred = mem_alloc((g->edges.len + 1) * sizeof **pred);
    for (size_t i = 0; i < g->edges.len; i++)
        (*first)[g->edges.data[i].to + 2]++;
    for (size_t i = 2; i < n + 2; i++)
        (*first)[i] += (*first)[i - 1];
    for (size_t i = 0; i < g->edges.len; i++)
        (*pred)[(*first)[g->edges.data[i].to + 1]++] = g->edges.data[i].from;
}

static const struct cfg *sorting; /* qsort has no argument for it */

static int loop_order(const void *a, const void *b) {
    const struct loop *x = &sorting->loops.data[*(const uint32_t *)a], *y = &sorting->loops.data[*(const uint32_t *)b];
    return x->header < y->header ? -1 : x->header > y->header;
}

/* By header: no block is the header of two loops, as an entry is in no loop inside its own. */
static void sort_loops(struct cfg *g) {
    size_t n = g->loops.len;
    uint32_t *order = mem_alloc(n * sizeof *order), *place = mem_alloc(n * sizeof *place);
    struct loop *sorted = mem_alloc(n * sizeof *sorted);
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    sorting = g;
    if (n)
        qsort(order, n, sizeof *order, loop_order);
    for (uint32_t i = 0; i < n; i++)
        place[order[i]] = i;
    for (uint32_t i = 0; i < n; i++) {
        sorted[i] = g->loops.data[order[i]];
        if (sorted[i].parent != NONE)
            sorted[i].parent = place[sorted[i].parent];
    }
    for (size_t b = 0; b < g->blocks.len; b++)
        if (g->blocks.data[b].loop != NONE)
            g->blocks.data[b].loop = place[g->blocks.data[b].loop];
    if (n)
        memcpy(g->loops.data, sorted, n * sizeof *sorted);
    free(order);
    free(place);
    free(sorted);
}

static bool is_left(const struct cfg *g, uint32_t loop) {
    const struct loop *l = &g->loops.data[loop];
    for (size_t i = 0; i < l->blocks.len; i++) {
        const struct block *b = block_of(g, l->blocks.data[i]);
        bool ends = b->open || b->resume != NONE || b->end == END_RETURN || b->end == END_TRAP_RETURN || b->end == END_TAIL || (b->calls && b->end != END_CALL && b->end != END_STOP);
        for (uint32_t e = b->edge; e < b->edge + b->edges && !ends; e++) {
            uint32_t in = block_of(g, g->edges.data[e].to)->loop;
            while (in != NONE && in != loop)
                in = g->loops.data[in].parent;
            ends = in == NONE;
        }
        if (ends)
            return true;
    }
    return false;
}

void loops_find(struct cfg *g) {
    size_t blocks = g->blocks.len;
    struct nest n = {.g = g, .region = mem_alloc(blocks * sizeof(uint32_t)), .entry = mem_alloc(blocks * sizeof(bool)),
                     .number = mem_alloc(blocks * sizeof(uint32_t)), .low = mem_alloc(blocks * sizeof(uint32_t)),
                     .on_stack = mem_alloc(blocks * sizeof(bool))};
    uint32_t *pred, *first;
    predecessors(g, &pred, &first);
    for (size_t f = 0; f < g->functions.len; f++) {
        struct region whole = {.id = ++n.regions, .parent = NONE};
        for (size_t i = 0; i < g->functions.data[f].blocks.len; i++) {
            vec_push(&whole.blocks, g->functions.data[f].blocks.data[i]);
            n.region[whole.blocks.data[i]] = whole.id;
        }
        vec_push(&n.work, whole);
        while (n.work.len) {
            struct region r = n.work.data[--n.work.len];
            if (r.parent != NONE)
                find_entries(&n, &r, pred, first);
            components(&n, &r);
            vec_free(&r.blocks);
        }
    }
    sort_loops(g);
    for (uint32_t i = 0; i < g->loops.len; i++)
        g->loops.data[i].endless = !is_left(g, i);
    free(pred), free(first);
    free(n.region), free(n.entry), free(n.number), free(n.low), free(n.on_stack);
    vec_free(&n.stack);
    vec_free(&n.path);
    vec_free(&n.work);
}

/* ---- recursion ---------------------------------------------------------------------------------------------------------- */

struct calls {
    const struct cfg *g;
    uint32_t *number, *low;
    bool *on_stack;
    VEC(uint32_t) stack;
    VEC(uint64_t) path; /* function, block in it, call of the block */
    uint32_t counter;
};

static void call_visit(struct calls *c, uint32_t f) {
    c->number[f] = c->low[f] = ++c->counter;
    c->on_stack[f] = true;
    vec_push(&c->stack, f);
    vec_push(&c->path, f);
    vec_push(&c->path, 0);
    vec_push(&c->path, 0);
}

/* The next callee of the function on top of the path; NONE: no more. The call index may run past a block's: then the next block. */
static uint32_t call_next(struct calls *c) {
    uint64_t *top = &c->path.data[c->path.len - 3];
    const struct function *f = &c->g->functions.data[top[0]];
    for (; top[1] < f->blocks.len; top[1]++, top[2] = 0) {
        const struct block *b = block_of(c->g, f->blocks.data[top[1]]);
        if (top[2] < b->calls)
            return c->g->calls.data[b->call + top[2]++];
        if (top[2]++ == b->calls && b->resume != NONE)
            return b->resume;
    }
    return NONE;
}

static bool calls_itself(const struct cfg *g, uint32_t f) {
    for (size_t i = 0; i < g->functions.data[f].blocks.len; i++) {
        const struct block *b = block_of(g, g->functions.data[f].blocks.data[i]);
        for (uint32_t k = b->call; k < b->call + b->calls; k++)
            if (g->calls.data[k] == f)
                return true;
    }
    return false;
}

static void call_leave(struct calls *c, struct cfg *g, uint32_t f) {
    if (c->low[f] == c->number[f]) {
        size_t from = c->stack.len;
        do
            c->on_stack[c->stack.data[--from]] = false;
        while (c->stack.data[from] != f);
        bool cycle = c->stack.len - from > 1 || calls_itself(g, f);
        for (size_t i = from; i < c->stack.len && cycle; i++)
            g->functions.data[c->stack.data[i]].recursion = 0;
        c->stack.len = from;
    }
    c->path.len -= 3;
    if (c->path.len) {
        uint64_t up = c->path.data[c->path.len - 3];
        if (c->low[f] < c->low[up])
            c->low[up] = c->low[f];
    }
}

void recursion_find(struct cfg *g) {
    size_t n = g->functions.len;
    struct calls c = {.g = g, .number = mem_alloc(n * sizeof(uint32_t)), .low = mem_alloc(n * sizeof(uint32_t)), .on_stack = mem_alloc(n)};
    for (uint32_t f = 0; f < n; f++) {
        if (c.number[f])
            continue;
        call_visit(&c, f);
        while (c.path.len) {
            uint32_t top = (uint32_t)c.path.data[c.path.len - 3], to = call_next(&c);
            if (to == NONE)
                call_leave(&c, g, top);
            else if (!c.number[to])
                call_visit(&c, to);
            else if (c.on_stack[to] && c.number[to] < c.low[top])
                c.low[top] = c.number[to];
        }
    }
    free(c.number), free(c.low), free(c.on_stack);
    vec_free(&c.stack);
    vec_free(&c.path);
}
