/* What compilers call behind the program's back. */
#include "bench.h"

volatile u32 bench_seed = 1;

void *memcpy(void *to, const void *from, u64 size) {
    u8 *t = to;
    const u8 *f = from;
    for (u64 i = 0; i < size; i++)
        t[i] = f[i];
    return to;
}

void *memset(void *to, int value, u64 size) {
    u8 *t = to;
    for (u64 i = 0; i < size; i++)
        t[i] = (u8)value;
    return to;
}
