/* SPDX-License-Identifier: BSD-2-Clause
 *
 * potoroo.c: the trace buffer, and printing it. Freestanding; its functions are in a section that `potoroo cc` gives no probes.
 *
 * Where the buffer must lie is the linker script's affair: its section is .bss.potoroo_buffer (on the reference board, memory that no cache
 * holds). The format of the dump, one line each, made so that a torn or mixed-up line is noticed:
 *     ptr< RECORDS LOST SUM         hexadecimal, 16 digits each
 *     ptr: FIRST RECORD… SUM        number of the line's first record (8 digits), up to 4 records (point and cycle, 8 digits each), and
 *                                   the FNV-1a of the line between "ptr: " and the blank before SUM
 *     ptr> RECORDS SUM              SUM of that number
 */
#include "potoroo.h"

#ifndef POTOROO_OFF

#define POTOROO_CODE __attribute__((noinline, section(".noprobe.potoroo")))

union potoroo_storage {
	struct potoroo_buffer head;
	char bytes[POTOROO_BUFFER_SIZE];
};
extern union potoroo_storage potoroo_storage __asm__("potoroo_buffer");
__attribute__((aligned(64), section(".bss.potoroo_buffer"))) union potoroo_storage potoroo_storage;

struct potoroo_line {
	void (*put)(char c);
	uint32_t sum;
};

POTOROO_CODE static void potoroo_put(struct potoroo_line *l, const char *text)
{
	for (; *text; text++) {
		l->put(*text);
		l->sum = (l->sum ^ (unsigned char)*text) * 16777619u;
	}
}

POTOROO_CODE static void potoroo_hex(struct potoroo_line *l, uint64_t value, int digits)
{
	char text[2] = {0, 0};
	while (digits-- > 0) {
		unsigned d = (unsigned)(value >> 4 * digits & 15);
		text[0] = (char)(d < 10 ? '0' + d : 'a' + d - 10);
		potoroo_put(l, text);
	}
}

POTOROO_CODE static void potoroo_end(struct potoroo_line *l)
{
	uint32_t sum = l->sum;
	potoroo_put(l, " ");
	potoroo_hex(l, sum, 8);
	potoroo_put(l, "\n");
}

POTOROO_CODE static struct potoroo_line potoroo_begin(void (*put)(char c), const char *mark)
{
	struct potoroo_line l = {put, 0};
	potoroo_put(&l, mark);
	l.sum = 2166136261u;
	return l;
}

POTOROO_CODE void potoroo_dump(void (*put)(char c))
{
	struct potoroo_buffer *b = &potoroo_storage.head;
	const uint32_t *word = (const uint32_t *)b->start;
	uint64_t records = (b->head - b->start) / 8;
	struct potoroo_line l = potoroo_begin(put, "ptr< ");
	potoroo_hex(&l, records, 16);
	potoroo_put(&l, " ");
	potoroo_hex(&l, b->lost, 16);
	potoroo_end(&l);
	for (uint64_t i = 0; i < records; i += 4) {
		l = potoroo_begin(put, "ptr: ");
		potoroo_hex(&l, i, 8);
		for (uint64_t k = i; k < records && k < i + 4; k++) {
			potoroo_put(&l, " ");
			potoroo_hex(&l, word[2 * k], 8);
			potoroo_hex(&l, word[2 * k + 1], 8);
		}
		potoroo_end(&l);
	}
	l = potoroo_begin(put, "ptr> ");
	potoroo_hex(&l, records, 16);
	potoroo_end(&l);
	b->head = b->start;
	b->lost = 0;
}

#endif
