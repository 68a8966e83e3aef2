#include "program.h"

/* Blocks so far apart that no conditional branch spans them once probes are in. */
#define STEP(n) if (x & (1u << ((n) % 31))) y += x ^ (n); else y ^= next_random() & (n);
#define STEP8(n) STEP(n) STEP((n) + 1) STEP((n) + 2) STEP((n) + 3) STEP((n) + 4) STEP((n) + 5) STEP((n) + 6) STEP((n) + 7)
#define STEP64(n) STEP8(n) STEP8((n) + 8) STEP8((n) + 16) STEP8((n) + 24) STEP8((n) + 32) STEP8((n) + 40) STEP8((n) + 48) STEP8((n) + 56)

__attribute__((noinline)) static uint64_t far(uint64_t x, int rounds) {
    uint64_t y = 0;
    while (rounds-- > 0) {
        if (x % 3 == 0) {
            STEP64(1) STEP64(65)
        }
        x += 7 + (y & 1);
    }
    return y;
}

void test_far(void) { print("far", far(next_random(), 20)); }
