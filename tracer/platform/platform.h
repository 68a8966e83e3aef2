/* platform: the timing parameters of a board, read from its INI file ("Platform file" in the design; docs/PLATFORM.md says what
 * each number costs). Needs libc and inih only: the QEMU plugin and `potoroo run` both use it.
 *
 * Units: costs in cycles, sizes and addresses in bytes, addresses physical. Nothing here allocates. */
#ifndef POTOROO_PLATFORM_H
#define POTOROO_PLATFORM_H

#include <stdbool.h>
#include <stdint.h>

enum platform_class {
    CLASS_ALU, CLASS_MUL, CLASS_DIV, CLASS_LOAD, CLASS_STORE, CLASS_BRANCH, CLASS_JUMP, CLASS_CSR, CLASS_FENCE, CLASS_FP,
    CLASS_RETURN, CLASS_COUNT
};

enum platform_policy { POLICY_LRU, POLICY_FIFO, POLICY_PLRU, POLICY_NRU, POLICY_MRU, POLICY_SRRIP, POLICY_RANDOM, POLICY_COUNT };

struct platform_cache {
    bool present;
    uint32_t line, sets, ways; /* line and sets are powers of two; so is ways with POLICY_PLRU */
    enum platform_policy policy;
    bool write_back, allocate; /* allocate: a line that a store missed is filled */
    uint32_t miss, evict_dirty;
};

struct platform_tlb { /* fully associative */
    bool present;
    uint32_t entries, page;
    enum platform_policy policy;
    uint32_t miss;
};

struct platform {
    char isa[64];
    uint64_t clock_hz;
    uint32_t cost[CLASS_COUNT]; /* of every instruction of the class */
    uint32_t branch_taken;      /* in addition to cost[CLASS_BRANCH] */
    uint32_t trap;
    uint32_t device_access;
    uint32_t jitter;            /* each latch of the counter is late by 0 to this many cycles, evenly, from a fixed seed */
    struct platform_cache l1i, l1d, l2;
    struct platform_tlb itlb, dtlb;
    uint64_t ram;                          /* 0: not said */
    uint64_t uncached_base, uncached_size; /* size 0: none */
    uint64_t counter;                      /* 0: none */
    char qemu[1024];                       /* extra arguments, as written; "" if none */
};

enum { PLATFORM_ERROR_SIZE = 512 };

/* Reads and checks the file. 0, or -1 with one line in ERROR: "PATH:LINE: why" (without a line where the fault has none). */
int platform_load(const char *path, struct platform *out, char error[PLATFORM_ERROR_SIZE]);

const char *platform_class_name(enum platform_class c);
const char *platform_policy_name(enum platform_policy p);

#endif
