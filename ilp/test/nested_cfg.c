/* Random structured control flow with loop bounds, and its longest path by construction: the longest of a sequence is the sum, of an
 * alternative the longer, of a loop what its bound allows of the body. Solved by ipet_solve and held against that.
 *
 * usage: nested_cfg BLOCKS SEED [PROGRAM.lp [CERTIFICATE]]
 * Prints the blocks, the edges, the seconds of ipet_solve and the bound; exit code 1: it is not the longest path. */
#include "ilp/test/random_graph.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct arc {
    uint32_t from, to;
    uint64_t cost;
};
struct turn {
    uint32_t inside, outside; /* arcs */
    uint64_t max;
};
struct nest {
    uint64_t seed;
    uint32_t nodes;
    VEC(struct arc) arcs;
    VEC(struct turn) turns;
};

enum { DEEPEST = 12 };

static uint32_t below(struct nest *n, uint32_t limit) { return (uint32_t)(random_next(&n->seed) % limit); }

static uint32_t arc(struct nest *n, uint32_t from, uint32_t to, uint64_t cost) {
    vec_push(&n->arcs, ((struct arc){from, to, cost}));
    return (uint32_t)n->arcs.len - 1;
}

/* About BLOCKS nodes behind FROM. Returns the last; what the way there takes at most is added to LONGEST. */
static uint32_t grow(struct nest *n, uint32_t from, uint32_t blocks, unsigned depth, mpz_t longest);

static uint32_t grow_block(struct nest *n, uint32_t from, mpz_t longest) {
    uint64_t cost = below(n, 100);
    arc(n, from, n->nodes, cost);
    mpz_add_ui(longest, longest, cost);
    return n->nodes++;
}

static uint32_t grow_alternative(struct nest *n, uint32_t from, uint32_t blocks, unsigned depth, mpz_t longest) {
    mpz_t way[2];
    mpz_inits(way[0], way[1], NULL);
    uint32_t part = below(n, blocks), end[2];
    for (int k = 0; k < 2; k++)
        end[k] = grow(n, grow_block(n, from, way[k]), k ? blocks - part : part, depth, way[k]);
    for (int k = 0; k < 2; k++)
        arc(n, end[k], n->nodes, 0);
    mpz_add(longest, longest, mpz_cmp(way[0], way[1]) > 0 ? way[0] : way[1]);
    mpz_clears(way[0], way[1], NULL);
    return n->nodes++;
}

/* while (…) …: the header runs MAX times at most, the body once less. */
static uint32_t grow_loop(struct nest *n, uint32_t from, uint32_t blocks, unsigned depth, mpz_t longest) {
    mpz_t body;
    mpz_init(body);
    struct turn t = {.outside = (uint32_t)n->arcs.len, .max = 1 + below(n, 20)};
    uint32_t header = grow_block(n, from, longest), tail = grow(n, grow_block(n, header, body), blocks, depth, body);
    uint64_t back = below(n, 10);
    t.inside = arc(n, tail, header, back);
    vec_push(&n->turns, t);
    mpz_add_ui(body, body, back);
    mpz_addmul_ui(longest, body, t.max - 1);
    mpz_clear(body);
    return grow_block(n, header, longest);
}

static uint32_t grow(struct nest *n, uint32_t from, uint32_t blocks, unsigned depth, mpz_t longest) {
    for (uint32_t end = n->nodes + blocks; n->nodes < end;) {
        uint32_t left = end - n->nodes, kind = left > 4 && depth < DEEPEST ? below(n, 4) : 0;
        uint32_t inner = left > 4 ? below(n, left - 4) : 0;
        from = kind == 2   ? grow_alternative(n, from, inner + 1, depth + 1, longest)
               : kind == 3 ? grow_loop(n, from, inner, depth + 1, longest)
                           : grow_block(n, from, longest);
    }
    return from;
}

static struct ipet *graph_of(const struct nest *n, uint32_t sink) {
    struct ipet *g = ipet_new(n->nodes, 0);
    for (size_t i = 0; i < n->arcs.len; i++)
        ipet_edge(g, n->arcs.data[i].from, n->arcs.data[i].to, n->arcs.data[i].cost);
    for (size_t i = 0; i < n->turns.len; i++)
        ipet_loop(g, &n->turns.data[i].inside, 1, &n->turns.data[i].outside, 1, n->turns.data[i].max);
    ipet_sink(g, sink);
    return g;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int fail(const struct err *e) {
    fprintf(stderr, "nested_cfg: %s\n", e->text);
    return 2;
}

int main(int argc, char **argv) {
    if (argc < 3)
        return fprintf(stderr, "usage: nested_cfg BLOCKS SEED [PROGRAM.lp [CERTIFICATE]]\n"), 2;
    struct nest n = {.seed = strtoull(argv[2], NULL, 10), .nodes = 1};
    struct err e = {0};
    mpz_t longest;
    mpz_init(longest);
    uint32_t sink = grow(&n, 0, (uint32_t)strtoul(argv[1], NULL, 10), 0, longest);
    struct ipet *g = graph_of(&n, sink);
    struct ilp *program = argc > 3 ? ipet_program(g) : NULL;
    if (program && ilp_write_lp(program, argv[3], &e) < 0)
        return fail(&e);
    struct ipet_result r;
    double start = now();
    if (ipet_solve(g, (struct ilp_limits){.seconds = 60}, argc > 4 ? argv[4] : NULL, &r, &e) < 0)
        return fail(&e);
    double seconds = now() - start;
    bool exact = r.status == ILP_OPTIMAL && mpz_cmp(r.bound, longest) == 0;
    gmp_printf("%u %zu %.3f %Zd\n", n.nodes, n.arcs.len, seconds, r.bound);
    if (!exact)
        gmp_fprintf(stderr, "nested_cfg: the longest path takes %Zd\n", longest);
    ipet_result_free(&r);
    ilp_free(program);
    ipet_free(g);
    vec_free(&n.arcs);
    vec_free(&n.turns);
    mpz_clear(longest);
    return !exact;
}
