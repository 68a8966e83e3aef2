/* The workload, in U-mode: random system calls, blocking and not, faults, and one task that never blocks and ends the run. */
#include "tick.h"

#define POWER_OFF (*(volatile uint32_t *)0x100000)

#ifndef TICKS
#define TICKS 12000
#endif

static int64_t system_call(enum call n, uint64_t a, uint64_t b)
{
	register uint64_t a0 __asm__("a0") = a, a1 __asm__("a1") = b, a2 __asm__("a2") = b + 1, a3 __asm__("a3") = b + 2, a4 __asm__("a4") = b + 3,
			  a7 __asm__("a7") = n;
	__asm__ volatile("ecall" : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4) : "r"(a7) : "memory");
	return (int64_t)a0;
}

/* xorshift: each task has its own numbers. */
static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static volatile uint64_t states[TASKS], starts;

static void work(uint64_t turns)
{
	for (volatile uint64_t i = 0; i < turns; i++)
		;
}

void task_entry(uint64_t self)
{
	uint64_t state = states[self] + (++starts) * 0x9e3779b97f4a7c15u + self * 77;
	for (;;) {
		uint64_t r = next(&state) >> 20, kind = r % 64, value = r >> 8;
		states[self] = state;
		if (self == TASKS - 1) {
			if (system_call(CALL_TIME, 0, 0) >= TICKS)
				POWER_OFF = 0x5555;
			static const uint8_t quiet[8] = {CALL_TIME, CALL_STATISTICS, CALL_KICK, CALL_POST, CALL_SEND};
			system_call(quiet[kind % 16 < 5 ? kind % 16 : 0], value, value);
			if (kind == 63 && value % 8 == 0) { /* a full semaphore, and then an interrupt that posts it */
				while (system_call(CALL_POST, 0, 0) == 0)
					;
				system_call(CALL_KICK, 0, 0);
			}
			work(value % 200);
		} else if (kind == 63) {
			__asm__ volatile("unimp");
		} else if (kind == 62) {
			system_call((enum call)(8 + value % 100), value, 0);
		} else if (kind >= 52) {
			system_call(CALL_SLEEP, value >> self, 0);
		} else {
			system_call(kind >= 46 ? CALL_WAIT : (enum call)(kind % 8), kind >= 46 ? 0 : value >> 3, value);
		}
	}
}
