/* CRC-32 bit by bit and by a table; CRC-16-CCITT with the bits counted down. */
#include "bench.h"

static u32 table[256];
static u8 message[128];

static u32 bitwise(const u8 *p, u32 n) {
    u32 crc = ~0u;
    while (n--) { /* @bytes */
        crc ^= *p++;
        for (int bit = 0; bit < 8; bit++) { /* @bits */
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
        }
    }
    return ~crc;
}

static void table_make(void) {
    for (u32 i = 0; i < 256; i++) { /* @entries */
        u32 crc = i;
        for (int bit = 8; bit > 0; bit--) { /* @entry-bits */
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
        }
        table[i] = crc;
    }
}

static u32 tabled(const u8 *p, u32 n) {
    u32 crc = ~0u;
    const u8 *end = p + n;
    while (p < end) { /* @tabled */
        crc = table[(crc ^ *p++) & 255] ^ crc >> 8;
    }
    return ~crc;
}

static u16 ccitt(const u8 *p, u32 n) {
    u16 crc = 0xffff;
    for (u32 i = 0; i != n; i++) { /* @ccitt */
        crc ^= (u16)(p[i] << 8);
        int bits = 8;
        do { /* @ccitt-bits */
            crc = (u16)(crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1);
        } while (--bits);
    }
    return crc;
}

int main(void) {
    static const u8 digits[] = "123456789";
    int wrong = 0;
    table_make();
    wrong += bitwise(digits, 9) != 0xcbf43926u || tabled(digits, 9) != 0xcbf43926u || ccitt(digits, 9) != 0x29b1;
    for (int i = 0; i < COUNT(message); i++) { /* @fill */
        message[i] = (u8)(i * 37 + (int)bench_seed);
    }
    wrong += bitwise(message, sizeof message) != tabled(message, sizeof message);
    wrong += ccitt(message, sizeof message) == 0;
    return wrong != 0;
}
