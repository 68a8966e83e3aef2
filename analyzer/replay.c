/* Replay. Between two records control took a path of the walk without a point on it; the record tells which point it came to.
 * Invariant: `at` is the walk node of the last record, NONE outside a kernel entry. What the CFG does not have is an error: then
 * either the trace or the CFG is wrong, and nothing built on them would be sound.
 *
 * Nesting. A trap out of a kernel entry is an entry of its own; the interrupted one goes on behind the return, and the time between
 * the two is not part of it. Where the kernel goes on with another thread, the entry is cut (a `switch` point of the probes) or over (a `switch`
 * fact); what it had interrupted is cut. An entry that goes on
 * behind a trap that came at no instruction for it (an interrupt, a fault) finds the caches as that left them: it is not what the bound of an
 * entry speaks of, and only counted; its steps are units like others. What comes behind a switch belongs to no entry until the next begins. */
#include "analyzer/known.h"

#include <inttypes.h>

struct loop_run {
    uint64_t executions;
};
typedef VEC(struct loop_run) loop_runs;
/* How control came from one point to the next: edges in the order of passing, in `path` from `first` on. The same two points in the
 * same context always give the same, so each is searched for once. */
struct known_step {
    uint32_t at, block, first, count;
    uint64_t addr;   /* of the block */
    uint32_t to;     /* node */
    bool looping;    /* loops are around `at`: which iteration it is must be asked */
    bool plain;      /* the point is an ordinary one, at which no entry begins, ends or is cut */
};
typedef VEC(struct replay_step) step_list;
/* A kernel entry that a trap has interrupted. */
struct interrupted {
    uint32_t start, at;
    uint64_t begun, cause, cycle, first_cycle, trapped; /* trapped: when the trap came */
    bool disturbed;
    step_list steps;
    loop_runs runs;
};
enum { NESTING_LIMIT = 16 };
struct replay {
    struct walk *w;
    const struct replay_events *events;
    struct trace_reader *in;
    uint32_t start, at;
    uint64_t begun, cycle, position; /* of the entry's first record; of the last record */
    uint64_t base;                   /* the next step's time begins here: `cycle`, or as if nothing had come between */
    bool port;
    uint64_t first_cycle, cause;
    bool first_enter_seen, switched; /* switched: to another thread, since the last enter */
    bool disturbed;                  /* a trap came while the kernel was in this entry, at no instruction that calls one */
    VEC(uint64_t) times;             /* by unit, of this entry */
    VEC(uint32_t) touched;
    step_list steps_of_entry;        /* what this entry passed, in order */
    struct map runs_index;           /* (context, loop) → runs */
    loop_runs runs;
    VEC(uint32_t) queue, via;        /* nodes reached without a point, and the edge each was reached by */
    VEC(uint32_t) path;              /* of all known steps */
    VEC(struct known_step) steps;
    VEC(uint32_t) last_step;         /* by node: the step taken from it last + 1 */
    struct map step_index;           /* (node, block) → step */
    VEC(struct interrupted) outer;   /* innermost last */
    struct known *known;             /* NULL: every entry is replayed */
    bool trapped_here;               /* a trap has come since `at` was passed */
    struct profile_trace *totals;
    struct replay_part *part;        /* NULL: the whole trace */
    uint64_t first;                  /* position of the first record replayed */
};

static const struct cfg *graph(const struct replay *r) { return r->w->cfg; }

static const char *where(const struct replay *r, uint32_t node) {
    const struct cfg *g = graph(r);
    return cfg_describe(g, g->blocks.data[r->w->nodes.data[node].block].addr);
}

static bool loop_has(const struct cfg *g, uint32_t loop, uint32_t block) {
    for (uint32_t l = g->blocks.data[block].loop; l != NONE; l = g->loops.data[l].parent)
        if (l == loop)
            return true;
    return false;
}

/* Only the innermost loop of which BLOCK is an entry can be entered or repeated by an edge to it from outside or inside of it;
 * an enclosing loop with the same header is one loop, so the chain upward is walked to cover irreducible nests too. */
static uint64_t *executions_of(struct replay *r, uint32_t context, uint32_t loop) {
    uint64_t key = (uint64_t)context << 32 | loop, index;
    if (!map_get(&r->runs_index, key, &index)) {
        index = r->runs.len;
        vec_push(&r->runs, ((struct loop_run){0}));
        map_put(&r->runs_index, key, index);
    }
    return &r->runs.data[index].executions;
}

uint32_t replay_loops_around(const struct walk *w, uint32_t context) {
    uint32_t n = 0;
    for (const struct context *c = &w->contexts.data[context]; c->parent != NONE; c = &w->contexts.data[c->parent])
        for (uint32_t l = w->cfg->blocks.data[c->site].loop; l != NONE; l = w->cfg->loops.data[l].parent)
            n++;
    return n;
}

/* In which iterations of the loops around it control is at BLOCK in CONTEXT: unit_turn's bits. */
static uint32_t turn_at(struct replay *r, uint32_t context, uint32_t block) {
    const struct cfg *g = graph(r);
    const struct context *c = &r->w->contexts.data[context];
    uint32_t turn = c->parent == NONE ? 0 : turn_at(r, c->parent, c->site);
    if (g->blocks.data[block].loop == NONE)
        return turn;
    uint32_t around = replay_loops_around(r->w, context);
    for (uint32_t l = g->blocks.data[block].loop; l != NONE; l = g->loops.data[l].parent) {
        uint32_t bit = around + g->loops.data[l].depth - 1;
        if (bit < LOOPS_APART && *executions_of(r, context, l) > 1)
            turn |= 1u << bit;
    }
    return turn;
}

static void count_loops(struct replay *r, const struct walk_edge *we) {
    const struct cfg *g = graph(r);
    const struct walk_node *n = &r->w->nodes.data[we->to];
    for (uint32_t l = g->blocks.data[n->block].loop; l != NONE; l = g->loops.data[l].parent) {
        const struct loop *loop = &g->loops.data[l];
        bool entry = false;
        for (size_t i = 0; i < loop->entries.len; i++)
            entry |= loop->entries.data[i] == n->block;
        if (!entry)
            continue;
        bool inside = we->within != NONE && loop_has(g, l, we->within);
        uint64_t *count = executions_of(r, n->context, l);
        *count = inside ? *count + 1 : 1;
        if (r->events->loop)
            r->events->loop(r->events->user, l, *count, r->position);
    }
}

static void keep_step(struct replay *r, uint32_t unit, uint64_t cycles) {
    while (r->times.len < r->w->ipg.len * TURNS)
        vec_push(&r->times, 0);
    if (r->times.data[unit]++ == 0)
        vec_push(&r->touched, unit);
    vec_push(&r->steps_of_entry, ((struct replay_step){unit, cycles}));
}

/* The unit of which the walk's EDGE is the last; NONE if it leads to no point. */
static uint32_t pass_edge(struct replay *r, uint32_t edge, uint32_t turn) {
    const struct walk_edge *we = &r->w->edges.data[edge];
    if (graph(r)->blocks.data[r->w->nodes.data[we->to].block].loop != NONE)
        count_loops(r, we);
    return we->ipg == NONE ? NONE : unit_of(we->ipg, turn);
}

/* All nodes reachable from `at` without passing a point, breadth first; the edges to points are candidates. */
static int find_step(struct replay *r, uint32_t block, uint32_t *arrival, struct err *e) {
    uint32_t target = NONE;
    *arrival = NONE;
    r->queue.len = r->via.len = 0;
    vec_push(&r->queue, r->at);
    vec_push(&r->via, NONE);
    for (size_t i = 0; i < r->queue.len; i++) {
        uint32_t node = r->queue.data[i];
        if (walk_expand(r->w, node, e) < 0)
            return -1;
        for (uint32_t k = 0; k < r->w->nodes.data[node].edges; k++) {
            uint32_t edge = r->w->nodes.data[node].edge + k, to = r->w->edges.data[edge].to;
            if (!walk_at_point(r->w, to)) {
                bool seen = false;
                for (size_t j = 1; j < r->queue.len && !seen; j++)
                    seen = r->queue.data[j] == to;
                if (!seen) {
                    vec_push(&r->queue, to);
                    vec_push(&r->via, edge);
                }
            } else if (r->w->nodes.data[to].block == block) {
                if (target != NONE && target != to)
                    return err_set(e, ERR_INCOMPLETE, "after %s the points do not tell the call paths to %s apart", where(r, r->at), where(r, to));
                if (target == NONE)
                    *arrival = edge;
                target = to;
            }
        }
    }
    return 0;
}

/* The edges that led to ARRIVAL, outermost first, to the end of `path`. */
static void keep_path(struct replay *r, uint32_t arrival) {
    size_t first = r->path.len;
    for (uint32_t edge = arrival;;) {
        vec_push(&r->path, edge);
        size_t i = 0;
        while (r->queue.data[i] != r->w->edges.data[edge].from)
            i++;
        if (i == 0)
            break;
        edge = r->via.data[i];
    }
    for (size_t i = first, k = r->path.len; i + 1 < k--; i++) {
        uint32_t edge = r->path.data[i];
        r->path.data[i] = r->path.data[k];
        r->path.data[k] = edge;
    }
}

static bool is_leave(const struct replay *r, uint32_t block) { return graph(r)->blocks.data[block].end == END_TRAP_RETURN; }

/* REC NULL: of the trace port, what a record without a mark is. */
static enum point_kind kind_of(const struct replay *r, uint32_t block, const struct trace_record *rec) {
    const struct point *points;
    if (r->port)
        return rec && rec->mark && !is_leave(r, block) ? POINT_ENTER : POINT_PROBE;
    image_points(graph(r)->image, &points);
    return points[graph(r)->blocks.data[block].point].kind;
}

static bool is_looping(const struct replay *r, uint32_t node) {
    const struct walk_node *n = &r->w->nodes.data[node];
    return graph(r)->blocks.data[n->block].loop != NONE || replay_loops_around(r->w, n->context) > 0;
}

/* Was BLOCK, which find_step did not find, come to by calling a function from which no execution returns? */
static bool calls_dead_end(const struct replay *r, uint32_t block) {
    const struct cfg *g = graph(r);
    uint32_t function = g->blocks.data[block].function;
    if (!r->w->dead[function] || g->functions.data[function].entry != block)
        return false;
    for (size_t i = 0; i < r->queue.len; i++) {
        const struct block *b = &g->blocks.data[r->w->nodes.data[r->queue.data[i]].block];
        for (uint32_t k = b->call; k < b->call + b->calls; k++)
            if (g->calls.data[k] == function)
                return true;
    }
    return false;
}

static int no_step(const struct replay *r, uint32_t block, struct err *e) {
    const struct cfg *g = graph(r);
    const char *to = cfg_describe(g, g->blocks.data[block].addr);
    bool returns = g->blocks.data[r->w->nodes.data[r->at].block].end == END_RETURN;
    return err_set(e, ERR_INPUT, "the CFG has no step from %s to %s%s", where(r, r->at), to,
                   returns ? ": if it returns to another thread there, a fact `switch PLACE because \"…\"` must say where threads are switched" : "");
}

/* 1: the step; 0: into a dead end; -1: an error. */
static int search_step(struct replay *r, uint32_t block, uint64_t *step, struct err *e) {
    uint32_t arrival;
    if (find_step(r, block, &arrival, e) < 0)
        return err_wrap(e, "on the way to %s", cfg_describe(graph(r), graph(r)->blocks.data[block].addr));
    if (arrival == NONE)
        return calls_dead_end(r, block) ? 0 : no_step(r, block, e);
    struct known_step s = {.at = r->at, .block = block, .first = (uint32_t)r->path.len};
    keep_path(r, arrival);
    s.count = (uint32_t)r->path.len - s.first;
    s.addr = graph(r)->blocks.data[block].addr;
    s.to = r->w->edges.data[arrival].to;
    s.looping = is_looping(r, r->at);
    s.plain = kind_of(r, block, NULL) == POINT_PROBE && !walk_ends(r->w, s.to);
    vec_push(&r->steps, s);
    *step = r->steps.len - 1;
    map_put(&r->step_index, (uint64_t)r->at << 32 | block, *step);
    return 1;
}

/* The step from `at` to BLOCK: as search_step. */
static int take_step(struct replay *r, uint32_t block, struct known_step *step, struct err *e) {
    while (r->last_step.len <= r->at)
        vec_push(&r->last_step, 0);
    uint32_t *last = &r->last_step.data[r->at];
    uint64_t found = *last - 1;
    int rc = 1;
    if (!*last || r->steps.data[found].block != block) {
        if (!map_get(&r->step_index, (uint64_t)r->at << 32 | block, &found))
            rc = search_step(r, block, &found, e);
        if (rc <= 0)
            return rc;
        r->last_step.data[r->at] = (uint32_t)found + 1;
    }
    *step = r->steps.data[found];
    return rc;
}

static void free_interrupted(struct interrupted *o) {
    vec_free(&o->steps);
    vec_free(&o->runs);
}

static void drop_entry(struct replay *r) {
    if (r->at != NONE)
        r->totals->cut++;
    r->at = NONE;
    for (; r->outer.len; r->totals->cut++)
        free_interrupted(&r->outer.data[--r->outer.len]);
}

static void forget(struct replay *r) {
    for (size_t i = 0; i < r->touched.len; i++)
        r->times.data[r->touched.data[i]] = 0;
    r->touched.len = r->steps_of_entry.len = 0;
}

static void finish_entry(struct replay *r) {
    struct replay_entry entry = {.start = r->start, .end = r->at, .cycles = r->cycle - r->first_cycle, .position = r->begun, .cause = r->cause,
                                 .touched = r->touched.data, .touches = r->touched.len, .times = r->times.data,
                                 .steps = r->steps_of_entry.data, .step_count = r->steps_of_entry.len};
    r->at = NONE;
    if (r->disturbed) {
        r->totals->interrupted++;
        return;
    }
    r->totals->entries++;
    r->events->entry(r->events->user, &entry);
}

/* Is the trap that came on the way from `at` an instruction's of the kernel that is there to trap (ecall, ebreak)? Probes do not tell causes: then
 * there must be such an instruction in the block, and no trap have come there before. */
static bool is_called(const struct replay *r, uint64_t cause) {
    static const uint64_t environment[] = {3, 8, 9, 10, 11};
    bool called = false;
    if (cause == NO_CAUSE)
        return !r->trapped_here && cfg_block_calls_out(graph(r), r->w->nodes.data[r->at].block);
    for (size_t i = 0; i < sizeof environment / sizeof *environment; i++)
        called |= cause == environment[i];
    return called;
}

/* A trap came while the kernel was at `at`. */
static int suspend(struct replay *r, uint64_t before, uint64_t cause, struct err *e) {
    if (r->outer.len == NESTING_LIMIT)
        return err_set(e, ERR_INCOMPLETE, "%d kernel entries interrupted by traps and not gone on with: does the kernel switch contexts within them?", NESTING_LIMIT);
    struct interrupted o = {.start = r->start, .at = r->at, .begun = r->begun, .cause = r->cause, .cycle = before, .first_cycle = r->first_cycle, .trapped = r->cycle,
                            .disturbed = r->disturbed || !is_called(r, cause)};
    for (size_t i = 0; i < r->steps_of_entry.len; i++)
        vec_push(&o.steps, r->steps_of_entry.data[i]);
    for (size_t i = 0; i < r->runs.len; i++) {
        vec_push(&o.runs, r->runs.data[i]);
        r->runs.data[i] = (struct loop_run){0};
    }
    vec_push(&r->outer, o);
    return 0;
}

/* The innermost interrupted entry goes on, as if no time had passed since the trap. */
static void resume(struct replay *r) {
    struct interrupted o = r->outer.data[--r->outer.len];
    uint64_t elsewhere = r->cycle - o.trapped;
    r->start = o.start;
    r->at = o.at;
    r->begun = o.begun;
    r->cause = o.cause;
    r->base = o.cycle + elsewhere;
    r->disturbed = o.disturbed;
    r->trapped_here = true;
    r->first_cycle = o.first_cycle + elsewhere;
    forget(r);
    for (size_t i = 0; i < o.steps.len; i++)
        keep_step(r, o.steps.data[i].unit, o.steps.data[i].cycles);
    for (size_t i = 0; i < r->runs.len; i++)
        r->runs.data[i] = i < o.runs.len ? o.runs.data[i] : (struct loop_run){0};
    free_interrupted(&o);
}

static void begin_entry(struct replay *r, uint32_t block, const struct trace_record *rec) {
    r->first_enter_seen = true;
    r->switched = r->disturbed = r->trapped_here = false;
    forget(r);
    r->start = r->at = walk_start(r->w, block);
    for (uint32_t l = graph(r)->blocks.data[block].loop; l != NONE; l = graph(r)->loops.data[l].parent)
        *executions_of(r, r->w->nodes.data[r->at].context, l) = 1;
    r->begun = r->position;
    r->cause = rec->mark ? rec->cause : NO_CAUSE;
    r->first_cycle = rec->cycle;
}

static int enter(struct replay *r, uint32_t block, const struct trace_record *rec, struct err *e) {
    bool is_entry = kind_of(r, block, rec) == POINT_ENTER;
    if (!is_entry && (r->port || !r->first_enter_seen)) {
        r->totals->boot++;
        return 0;
    }
    if (!is_entry && (r->totals->lost || rec->lost || r->switched))
        return 0; /* the rest of an entry of which records were lost, or of what another thread had begun */
    if (!is_entry)
        return err_set(e, ERR_INPUT, "%s is passed outside of any kernel entry", cfg_describe(graph(r), rec->addr));
    begin_entry(r, block, rec);
    return 0;
}

/* The step belongs to the iteration that it begins in. */
static uint32_t turn_of(struct replay *r, const struct known_step *s) {
    const struct walk_node *n = &r->w->nodes.data[r->at];
    return s->looping ? turn_at(r, n->context, n->block) : 0;
}

static void pass_step(struct replay *r, const struct known_step *s, uint64_t cycles) {
    uint32_t turn = turn_of(r, s);
    for (uint32_t i = 0; i < s->count; i++) {
        uint32_t unit = pass_edge(r, r->path.data[s->first + i], turn);
        if (unit == NONE)
            continue;
        keep_step(r, unit, cycles);
        if (r->events->edge && !(r->disturbed && r->events->undisturbed))
            r->events->edge(r->events->user, unit, cycles, r->position);
    }
    r->at = s->to;
    r->trapped_here = false;
}

/* Most records: an ordinary point, reached as the last time. */
static bool plain_step(const struct replay *r, const struct trace_record *rec, struct known_step *s) {
    if (r->at >= r->last_step.len || !r->last_step.data[r->at] || rec->mark)
        return false;
    *s = r->steps.data[r->last_step.data[r->at] - 1];
    return s->addr == rec->addr && s->plain;
}

static bool step_as_before(struct replay *r, const struct trace_record *rec) {
    struct known_step s;
    if (r->at == NONE || rec->lost || rec->cycle < r->cycle || !plain_step(r, rec, &s))
        return false;
    uint64_t before = r->base;
    r->cycle = r->base = rec->cycle;
    pass_step(r, &s, rec->cycle - before);
    return true;
}

/* Control has come to BLOCK: does the entry end there? */
static bool is_over(const struct replay *r, uint32_t block) {
    return walk_ends(r->w, r->at) && (!r->port || is_leave(r, block) || graph(r)->blocks.data[block].switches);
}

static int step(struct replay *r, const struct trace_record *rec, struct err *e) {
    if (step_as_before(r, rec))
        return 0;
    struct known_step s;
    uint32_t block = cfg_block_at(graph(r), rec->addr);
    if (block == NONE || graph(r)->blocks.data[block].point == NONE)
        return err_set(e, ERR_INPUT, "0x%llx is no instrumentation point of this kernel%s", (unsigned long long)rec->addr,
                       r->port && image_is_code(graph(r)->image, rec->addr) ? ": was the run given other facts (-f)? else nothing that is known leads there" : "");
    if (rec->lost)
        drop_entry(r);
    r->totals->lost += rec->lost;
    uint64_t before = r->base;
    if (r->totals->records > 0 && rec->cycle < r->cycle && !rec->lost)
        return err_set(e, ERR_INPUT, "time runs backwards: cycle %llu after %llu", (unsigned long long)rec->cycle, (unsigned long long)r->cycle);
    r->cycle = r->base = rec->cycle;
    if (r->at != NONE && kind_of(r, block, rec) == POINT_ENTER) {
        if (suspend(r, before, rec->mark ? rec->cause : NO_CAUSE, e) < 0)
            return -1;
        r->at = NONE;
    }
    if (r->at == NONE)
        return enter(r, block, rec, e);
    int found = take_step(r, block, &s, e);
    if (found < 0)
        return -1;
    if (found == 0) { /* a panic: what is done there is no kernel entry's, and none goes on behind it */
        fprintf(stderr, "record %" PRIu64 ": the kernel came to %s, from which nothing returns\n", r->position, graph(r)->functions.data[graph(r)->blocks.data[block].function].name);
        r->switched = true;
        drop_entry(r);
        return 0;
    }
    pass_step(r, &s, rec->cycle - before);
    if (is_over(r, block)) {
        finish_entry(r);
        if (graph(r)->blocks.data[block].switches) {
            r->switched = true;
            drop_entry(r);
        } else if (r->outer.len)
            resume(r);
    } else if (kind_of(r, block, rec) == POINT_SWITCH) {
        r->switched = true;
        drop_entry(r);
    }
    return 0;
}

static int check_build(const struct replay *r, const char *path, struct err *e) {
    const struct trace_info *info = trace_get_info(r->in);
    const char *id = image_build_id(graph(r)->image);
    if (info->port != image_has_port(graph(r)->image))
        return err_set(e, ERR_INPUT, "%s: from %s, unlike the others", path, info->port ? "the trace port" : "probes");
    if (strcmp(info->build_id, id) != 0)
        return err_set(e, ERR_INPUT, "%s: recorded from build %.16s, but %s is build %.16s", path, info->build_id,
                       image_path(graph(r)->image), id);
    return 0;
}

static uint64_t step_of(const struct trace_batch *b, uint32_t i) { return b->near ? b->near[i] : b->step[i]; }

static int replay_each(struct replay *r, const struct trace_batch *b, struct err *e) {
    struct trace_record rec = {.cycle = b->cycle, .lost = b->lost};
    for (uint32_t i = 0; i < b->count; i++, rec.lost = 0) {
        rec.cycle += step_of(b, i);
        trace_point(r->in, b->point[i], &rec);
        r->position = b->position + i;
        if (step(r, &rec, e) < 0)
            return err_wrap(e, "record %llu", (unsigned long long)r->position);
        r->totals->records++;
    }
    return 0;
}

static bool between_entries(const struct replay *r) { return r->at == NONE && !r->outer.len; }

/* What an entry does hangs on its points alone if it begins and ends outside of any other: the loops' counters are set anew where it
 * enters them. */
static bool count_again(struct replay *r, const struct trace_batch *b) {
    if (!b->near || !*b->known || !known_count(r->known, *b->known, b->near, b->count, b->last - b->cycle - b->near[0], b->position))
        return false;
    r->cycle = r->base = b->last;
    r->first_enter_seen = true;
    r->switched = false;
    r->position = b->position + b->count - 1;
    r->totals->records += b->count;
    r->totals->entries++;
    return true;
}

static void hand_over(struct replay *r) {
    while (r->times.len < r->w->ipg.len * TURNS)
        vec_push(&r->times, 0);
    forget(r);
    known_end(r->known, r->events, r->times.data);
}

/* A step of what has been one entry and nothing else so far: its unit to `steps_of_entry`. 1: it still is, and ends here if LAST; 0: not; -1: an error. */
static int learn_step(struct replay *r, const struct trace_record *rec, bool last, struct err *e) {
    size_t steps = r->steps_of_entry.len;
    struct known_step s;
    if (!plain_step(r, rec, &s)) {
        uint32_t block = cfg_block_at(graph(r), rec->addr);
        if (block == NONE || graph(r)->blocks.data[block].point == NONE || kind_of(r, block, rec) == POINT_ENTER || kind_of(r, block, rec) == POINT_SWITCH)
            return 0;
        int found = take_step(r, block, &s, e);
        if (found <= 0)
            return found;
    }
    uint32_t turn = turn_of(r, &s);
    for (uint32_t i = 0; i < s.count; i++) {
        uint32_t unit = pass_edge(r, r->path.data[s.first + i], turn);
        if (unit != NONE)
            vec_push(&r->steps_of_entry, ((struct replay_step){unit, 0}));
    }
    r->at = s.to;
    bool over = !s.plain && is_over(r, s.block);
    return over == last && !(over && graph(r)->blocks.data[s.block].switches) && r->steps_of_entry.len == steps + 1;
}

/* A phrase, met between entries. 1: it is one whole entry, which ended at `at`; its units are in `steps_of_entry`. 0: it is something else; -1: an error.
 * Nothing is told of it but the loops: if it must be replayed after all, the same is told of them again. */
static int learn_units(struct replay *r, const struct trace_batch *b, struct err *e) {
    struct trace_record rec = {.cycle = 0};
    trace_point(r->in, b->point[0], &rec);
    uint32_t block = cfg_block_at(graph(r), rec.addr);
    if (b->count == 1 || block == NONE || graph(r)->blocks.data[block].point == NONE || kind_of(r, block, &rec) != POINT_ENTER)
        return 0;
    begin_entry(r, block, &rec);
    int rc = 1;
    for (uint32_t i = 1; i < b->count && rc == 1; i++) {
        trace_point(r->in, b->point[i], &rec);
        r->position = b->position + i;
        rc = learn_step(r, &rec, i + 1 == b->count, e);
    }
    return rc < 0 ? err_wrap(e, "record %llu", (unsigned long long)r->position) : rc;
}

static int learn(struct replay *r, const struct trace_batch *b, struct err *e) {
    int rc = learn_units(r, b, e);
    struct replay_entry entry = {.start = r->start, .end = r->at, .cause = r->cause, .steps = r->steps_of_entry.data, .step_count = r->steps_of_entry.len};
    r->at = NONE;
    if (rc == 1)
        *b->known = known_add(r->known, b->point, b->count, &entry);
    return rc;
}

static int replay_batch(struct replay *r, const struct trace_batch *b, struct err *e) {
    if (!r->known || !b->known || b->lost || !between_entries(r))
        return replay_each(r, b, e);
    if (count_again(r, b))
        return 0;
    uint32_t name = known_find(r->known, b->point, b->count);
    if (name)
        *b->known = name;
    else if (learn(r, b, e) < 0)
        return -1;
    return count_again(r, b) ? 0 : replay_each(r, b, e);
}

/* The part that is replayed ends here, and the next can do without us: it knows all that there is to know of what was before it. */
static bool part_ends(struct replay *r) {
    if (!r->part || r->first + r->totals->records != r->part->part[r->part->number].end)
        return false;
    r->part->number++;
    return between_entries(r) && r->first_enter_seen && !r->switched && !r->totals->lost && r->cycle <= r->part->part[r->part->number].cycle;
}

static void begin_part(struct replay *r) {
    const struct trace_part *part = &r->part->part[r->part->number];
    trace_seek(r->in, part);
    r->first = part->first;
    r->first_enter_seen = part->first > 0;
}

static int replay_records(struct replay *r, const char *path, struct err *e) {
    bool shown = !r->part || r->part->number == 0;
    struct progress *progress = shown ? progress_begin(path, trace_size(r->in)) : NULL;
    struct trace_batch b;
    int got = 0;
    bool ended = false;
    while (!(ended = part_ends(r)) && (got = trace_next_batch(r->in, &b, e)) > 0) {
        if (replay_batch(r, &b, e) < 0) {
            got = -1;
            break;
        }
        if (r->known && between_entries(r) && known_full(r->known)) /* what is counted of an entry on its way stays */
            hand_over(r);
        if (progress)
            progress_at(progress, trace_offset(r->in));
    }
    if (r->part && !ended)
        r->part->number = r->part->parts;
    progress_end(progress);
    drop_entry(r);
    if (r->known)
        hand_over(r);
    if (got == 0 && !ended && trace_cut(r->in))
        return err_set(e, ERR_INPUT, "%s: cut short after record %llu", path, (unsigned long long)r->position);
    return got < 0 ? err_wrap(e, "%s", path) : 0;
}

int replay_trace(struct walk *w, const char *path, const struct replay_events *events, struct profile_trace *totals,
                 struct trace_info *info, struct err *e) {
    return replay_some(w, path, NULL, events, totals, info, e);
}

int replay_some(struct walk *w, const char *path, struct replay_part *part, const struct replay_events *events, struct profile_trace *totals,
                struct trace_info *info, struct err *e) {
    struct replay r = {.w = w, .events = events, .at = NONE, .totals = totals, .part = part};
    *totals = (struct profile_trace){0};
    uint64_t digest;
    if (file_hash(path, &digest, e) < 0)
        return -1;
    snprintf(totals->digest, sizeof totals->digest, "%016llx", (unsigned long long)digest);
    r.in = trace_open(path, e);
    if (!r.in)
        return -1;
    int rc = check_build(&r, path, e);
    if (rc == 0) {
        *info = *trace_get_info(r.in);
        r.port = info->port;
        if (part)
            begin_part(&r);
        r.known = events->repeated && known_limit ? known_new() : NULL;
        rc = replay_records(&r, path, e);
    }
    trace_close(r.in);
    known_free(r.known);
    vec_free(&r.times);
    vec_free(&r.touched);
    vec_free(&r.steps_of_entry);
    vec_free(&r.runs);
    vec_free(&r.queue);
    vec_free(&r.via);
    vec_free(&r.path);
    vec_free(&r.steps);
    vec_free(&r.last_step);
    vec_free(&r.outer);
    map_free(&r.step_index);
    map_free(&r.runs_index);
    return rc;
}
