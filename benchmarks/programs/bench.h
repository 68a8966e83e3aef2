/* What the benchmark programs share. Each is one file with `main`, which returns 0 if the results are right; its true
 * loop bounds are in NAME.bounds, found by the labels in its sources (README.md). */
#ifndef BENCH_H
#define BENCH_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned u32;
typedef unsigned long u64;
typedef signed char i8;
typedef short i16;
typedef int i32;
typedef long i64;

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define NOINLINE __attribute__((noinline))

extern volatile u32 bench_seed; /* 1; the compiler does not know */

void *memcpy(void *to, const void *from, u64 size);
void *memset(void *to, int value, u64 size);
int main(void);

static inline u32 bench_random(u32 *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

#endif
