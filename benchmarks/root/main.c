#include "api.h"
#include <stdint.h>
void root_main(void);
void root_main(void)
{
	volatile uint8_t *uart = (volatile uint8_t *)USER_UART;
	for (const char *s = "hello\n"; *s; s++)
		*uart = (uint8_t)*s;
	*(volatile uint32_t *)USER_POWER = 0x5555;
}
