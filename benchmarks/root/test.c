#include "user.h"
int test_main(void) { uart_text("hi\n"); return 0; }
