/* lab: experiments on a board. A list of operations is written down, the board powered on, and each operation's time read back.
 *
 * Between two latches lies one operation and the guest's own instructions, which are always the same for one kind and touch no cache
 * (the guest lives in uncached memory). So time - (least time of the kind) is what the caches did: its "excess".
 *
 * Every run starts from power-on. The only access to cached memory before the list's first operation is the fetch of the boot stub,
 * the first 12 bytes of RAM, offset 0. */
#ifndef POTOROO_CACHEMODEL_LAB_H
#define POTOROO_CACHEMODEL_LAB_H

#include "tracer/tracer.h"

enum op_kind { OP_LOAD, OP_STORE, OP_FETCH, OP_CALL, OP_KINDS };

struct lab_op {
    enum op_kind kind;
    uint64_t at; /* offset from RAM's base; a multiple of 8; see aliases */
};

struct lab {
    struct guest_board *board;
    struct board_facts facts;
    uint64_t cached;             /* offsets below are cached RAM that nobody else uses */
    VEC(struct lab_op) ops;
    VEC(uint32_t) time;          /* after lab_run: of each operation, cycles */
    VEC(uint32_t) code;          /* pairs (offset / 4, word), written before power-on */
    bool translate;              /* run in S-mode with Sv39, everything mapped to itself and to its aliases */
    uint64_t aliases;            /* 1 or 4: a load or fetch at k GiB + offset, k < aliases, is one at offset by another virtual address */
    /* private */
    uint64_t home, table, list, room; /* where guest, page table and list are (offsets); operations that fit */
};

/* The guest's own data accesses when translating, in order. First a store and a load of the counter page, a load of word -2, a store of
 * the counter page. Then for word -1 and each operation's: a load of the counter page, a store of the word before, a load of its own
 * word, its access (of a load or store), a store of the counter page, which ends its time. */
uint64_t lab_word(const struct lab *lab, size_t k); /* when translating: offset from RAM's base of operation K's word; also -1 and -2 */

#define LAB_ALIAS (1ull << 30)
enum { LAB_STUB = 8 }; /* a fetch here finds the line (of 16 bytes or more) that the stub was fetched from */
enum { LAB_DATA = 0x3f00, LAB_DEVICE = 0x1800 }; /* offsets that code under test finds in a5; in a6, from the guest's home */

int lab_open(struct lab *lab, const char *platform, struct err *e);
void lab_close(struct lab *lab);
void lab_begin(struct lab *lab); /* an empty list */
static inline void lab_op(struct lab *lab, enum op_kind kind, uint64_t at) { vec_push(&lab->ops, ((struct lab_op){kind, at})); }
void lab_code(struct lab *lab, uint64_t at, const uint32_t *words, size_t n);
int lab_run(struct lab *lab, struct err *e);

#endif
