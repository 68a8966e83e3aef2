/* The tokens of a frame into records (the coder is told of in trace_format.h). Internal to the reader. */
#ifndef POTOROO_TRACE_DECODE_H
#define POTOROO_TRACE_DECODE_H

#include "tracer/trace_format.h"

enum { BATCH = 2048 };
_Static_assert((int)BATCH >= (int)PHRASE_MAX, "a phrase is a batch");

struct trace_phrase {
    uint32_t pool, records;   /* its points and last steps in the pools */
    uint32_t to;              /* `current` behind it */
    bool near;                /* it can be met again */
    uint32_t known;           /* the user's */
    uint64_t sum;             /* of its last steps */
};

/* Points have the same number in all frames of a reader. All-zero is one that has decoded nothing. */
struct trace_decoder {
    VEC(uint64_t) points;     /* by number: the address, with the port's mark in bit 0 */
    struct map by_addr;
    /* The frame's nodes. Node n has the slots SUCCESSORS · n and on. A slot that is not filled leads to a sink that only leads to itself,
     * so that whether any of many tokens was wrong shows at the end of them. */
    uint32_t *to;             /* by slot: the first slot of the node */
    uint64_t *step;           /* by slot */
    uint32_t *seen, *number;  /* by node: successors so far; its point's number */
    uint32_t room, sink;      /* nodes there is room for; the sink's first slot */
    uint32_t nodes, current;  /* current: the node's first slot */
    uint64_t last_new, cycle; /* cycle: of the last record decoded */
    const uint8_t *where, *time, *extra, *end;
    uint32_t token, tokens, record, records; /* decoded so far, and in all */
    VEC(struct trace_phrase) phrases;
    VEC(uint32_t) pool_points, pool_steps;

    /* The last batch: records of which only the first may have a loss before it. */
    uint32_t count;
    uint32_t point_room[BATCH], slot[BATCH];
    uint64_t steps[BATCH];
    const uint32_t *point, *near; /* near: as in struct trace_batch, as is … */
    uint32_t *known;
    uint64_t high;            /* no step is longer than this, where they are decoded one by one */
    uint64_t before;          /* the cycle that the first one's step is counted from */
    uint64_t lost;            /* lost just before the first of them, as told by the tokens so far */
};

void decoder_free(struct trace_decoder *d);
enum { DECODE_SLACK = 64 };   /* bytes behind a frame's that may be read too */
void decoder_begin(struct trace_decoder *d, const struct frame_head *f, const uint8_t *raw);
/* The next records, at most BATCH. -1: the frame is not what its head says; the batch is empty then. */
int decoder_batch(struct trace_decoder *d);
static inline bool decoder_done(const struct trace_decoder *d) { return d->token == d->tokens; }

#endif
