/* SPDX-License-Identifier: GPL-2.0-or-later
 * The root task. Boot argument 2 says which program: 0 the campaign, 1 the conformance test, 2 the fuzzer, 3 the benchmark of IPC,
 * 4 the fuzzer with cold caches. */
#include "user.h"

void root_main(void);

static void power_off(word code)
{
	*(volatile uint32_t *)USER_POWER = code ? (uint32_t)(code << 16 | 0x3333) : 0x5555;
}

void root_main(void)
{
	user_setup();
	switch (argument_mode()) {
	case 0:
		campaign_main();
		power_off(0);
		break;
	case 1:
		power_off(test_main() != 0);
		break;
	case 2:
		power_off((word)fuzz_main(false));
		break;
	case 4:
		power_off((word)fuzz_main(true));
		break;
	case 3:
		power_off((word)bench_main());
		break;
	default:
		uart_text("root: no such mode\n");
		power_off(2);
		break;
	}
}
