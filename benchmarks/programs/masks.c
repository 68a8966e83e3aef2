/* Loops bounded by masks, by pointers, by tables' ends and by the bits left in a word: schedulers and drivers in small. */
#include "bench.h"

enum { RING = 32 };
static u8 ring[RING];
static u32 head, tail;
static const struct { u16 id, size; } descriptors[] = {{1, 4}, {2, 16}, {3, 7}, {9, 1}, {0, 0}};
static u32 ready[4];

static int drain(void) { /* everything in the ring */
    int sum = 0;
    while (tail != head) { /* @drain */
        sum += ring[tail];
        tail = (tail + 1) & (RING - 1);
    }
    return sum;
}

static int put(const u8 *p, const u8 *end) {
    int n = 0;
    while (p != end && ((head + 1) & (RING - 1)) != tail) { /* @put */
        ring[head] = *p++;
        head = (head + 1) & (RING - 1);
        n++;
    }
    return n;
}

static int total(void) { /* a table with an end mark */
    int sum = 0;
    for (int i = 0; descriptors[i].id; i++) { /* @table */
        sum += descriptors[i].size;
    }
    return sum;
}

static int each_bit(u32 pending) { /* lowest bit first */
    int order = 0;
    while (pending) { /* @pending */
        u32 bit = pending & -pending;
        pending &= ~bit;
        order = order * 3 + (bit > 256);
    }
    return order;
}

static int highest(void) { /* two-level bitmap, as in schedulers */
    for (int w = 3; w >= 0; w--) { /* @words */
        for (int b = 31; ready[w] && b >= 0; b--) { /* @bits */
            if (ready[w] >> b & 1)
                return 32 * w + b;
        }
    }
    return -1;
}

static int aligned(u64 address, u64 size) { /* pages touched */
    int n = 0;
    u64 end = address + (size & 0xffff);
    for (u64 page = address & ~0xffful; page < end; page += 0x1000) { /* @pages */
        n++;
    }
    return n;
}

static int low_nibble(u32 x) {
    int n = 0;
    for (x &= 15; x > 0; x--) { /* @nibble */
        n += 2;
    }
    return n;
}

static int varint(const u8 *p) { /* seven bits a byte, at most ten bytes */
    u64 value = 0;
    int i;
    for (i = 0; i < 10; i++) { /* @varint */
        value |= (u64)(p[i] & 127) << (7 * i);
        if (!(p[i] & 128))
            break;
    }
    return i < 10 ? (int)value : -1;
}

int main(void) {
    static u8 bytes[40];
    int wrong = 0;
    for (u8 *p = bytes; p < bytes + sizeof bytes; ++p) { /* @fill */
        *p = (u8)(0x80 + bench_seed);
    }
    wrong += put(bytes, bytes + 40) != 31 || drain() != 31 * 0x81;
    wrong += put(bytes, bytes + 5) != 5 || drain() != 5 * 0x81;
    wrong += total() != 28;
    wrong += each_bit(~0u) == 0 || each_bit(0) != 0 || each_bit(0x80000001) != 1;
    wrong += highest() != -1;
    ready[0] = bench_seed;
    wrong += highest() != 0;
    wrong += aligned(0x1fff, 0xfffe) != 17 || aligned(0x2000, 0) != 0;
    wrong += low_nibble(0xff) != 30;
    wrong += varint(bytes) != -1;
    bytes[1] = 1;
    wrong += varint(bytes) != 129;
    return wrong != 0;
}
