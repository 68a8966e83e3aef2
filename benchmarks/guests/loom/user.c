/* The workload, in user mode, where its code and stacks are seen at other addresses than it was linked for: nothing here may be an address. */
#include "loom.h"

#ifndef ROUNDS
#define ROUNDS 4000
#endif

static int64_t system_call(uint64_t n, uint64_t a)
{
	register uint64_t a0 __asm__("a0") = a, a7 __asm__("a7") = n;
	__asm__ volatile("ecall" : "+r"(a0) : "r"(a7) : "memory");
	return (int64_t)a0;
}

void user_main(uint64_t self)
{
	uint64_t seed = 0x9e3779b97f4a7c15u * (self + 1);
	for (unsigned i = 0;; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		if (self == 0 && i == ROUNDS)
#ifdef FAULT
			*(volatile uint32_t *)8 = 1;
#else
			*(volatile uint32_t *)(DEVICE_WINDOW + 0x100000) = 0x5555;
#endif
		uint64_t n = (seed >> 20) % (CALLS + 2);
		system_call(self == 0 && n == CALL_TAKE ? CALL_ID : n, n == CALL_SEND ? (seed >> 30 & 31) << 8 : seed >> 40);
	}
}
