/* replay: a state put into a board, code run from it, and the time it takes. What coverage predicts must come out.
 *
 * The board is powered on with a guest in uncached memory, which prepares memory and caches, loads the registers and goes on in S-mode at the
 * code's own virtual address, translated by the constant that the image's headers say. The time is that of a case less that of a null
 * case, which ends where it begins. */
#ifndef POTOROO_REPLAY_H
#define POTOROO_REPLAY_H

#include "cachemodel/coverage.h"
#include "cfg/cfg.h"

struct replay_word {
    uint64_t addr;      /* virtual */
    uint32_t size;      /* 1 to 8 bytes */
    uint64_t value;
};
struct replay_case {
    const char *name;                     /* borrowed, for messages */
    uint64_t start, end;                  /* virtual: from the instruction at START until the one at END is about to be executed */
    uint64_t x[32];
    bool probes;                          /* s10 is the probes' own: it is made to point to free memory past the caches */
    uint64_t sscratch, sepc, scause, stval, stvec;
    VEC(struct replay_word) words;        /* memory at START */
    VEC(struct replay_word) stores;       /* what the code stores to: where, not what */
    const struct cover_case *state;       /* its caches, borrowed */
    VEC(uint64_t) before;                 /* fetches that come before START, behind the state: addresses */
    /* out */
    char *refused;                        /* NULL, or why it cannot be put into the board */
    bool elsewhere;                       /* refused for an address: another state of the same count could do, without any in */
    uint64_t bad_lo, bad_hi;              /* this range, both included */
    char *failed;                         /* NULL, or why it did not come to END */
    uint64_t cycles;                      /* from START to END, END's fetch included */
    bool counted;                         /* the board was asked for its own count of misses: it is */
    uint64_t misses[2];                   /* [fetch] */
};
void replay_case_free(struct replay_case *c);
/* Runs all N of them on PLATFORM, in as few power-ons as there is room for. TRUTH: also takes the board's own count of misses from its ground-truth
 * log: to check with, no analysis may rest on it. ERR_INPUT: the board cannot be used at all, or the model is another one's. */
int replay_run(const char *platform, const struct image *img, const struct model *m, bool truth, struct replay_case *cases, size_t n, struct err *e);

#endif
