/* A guest for import_test.py: some probed work, and then, if the word at 0x87e08000 says so, the trace on the console. */
#include "potoroo.h"

#define ARGUMENT (*(volatile uint64_t *)0x87e08000)
#define UART (*(volatile unsigned char *)0x10000000)

uint64_t work(uint64_t n);
void finish(void);

__attribute__((noinline)) uint64_t work(uint64_t n)
{
	uint64_t sum = 0;
	for (uint64_t i = 0; i < n; i++)
		switch (i % 5) {
		case 0: sum += i; break;
		case 1: sum ^= i << 3; break;
		case 2: __asm__ volatile("" : "+r"(sum)); break;
		default: sum *= 3;
		}
	return sum;
}

__attribute__((section(".noprobe.text"))) static void put(char c) { UART = (unsigned char)c; }

__attribute__((section(".noprobe.text"))) void finish(void)
{
	if (ARGUMENT)
		potoroo_dump(put);
}
