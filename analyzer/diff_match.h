/* A wcet result as `potoroo diff` reads it, and the matching of two. Internal to diff. */
#ifndef POTOROO_ANALYZER_DIFF_MATCH_H
#define POTOROO_ANALYZER_DIFF_MATCH_H

#include "analyzer/diff.h"

#define NO_BLOCK UINT32_MAX

struct code_block {            /* strings are borrowed from the JSON */
    uint64_t addr, shape;
    uint32_t function;
    int64_t insns, size;
    const char *file;
    int line;
    uint32_t twin;             /* the block of the other result that it corresponds to, NO_BLOCK */
};
struct code_function {
    const char *name;
    uint32_t block, blocks;    /* contiguous */
    uint32_t twin;
};
struct result {
    char *path;
    json_t *root, *entries;
    const char *build_id, *kernel;
    VEC(struct code_function) functions;
    VEC(struct code_block) blocks;
    struct map block_at;       /* address → block */
    int64_t line;              /* bytes of a line of the first instruction cache: the model's, else 64 */
    struct map cost;           /* hash of (from, to) → cycles */
};
struct result *result_read(const char *path, struct err *e);
void result_free(struct result *r);
json_t *result_entry(const struct result *r, const char *name); /* borrowed, NULL */
/* The block at a JSON string's address, NO_BLOCK. */
uint32_t result_block(const struct result *r, const json_t *address);
/* The largest cost known of the step between two blocks. */
bool result_cost(const struct result *r, uint32_t from, uint32_t to, int64_t *cost);
/* Set the twins of both. */
void result_match(struct result *a, struct result *b);
bool same_code(const struct result *a, const struct result *b, uint32_t function_of_a);

#endif
