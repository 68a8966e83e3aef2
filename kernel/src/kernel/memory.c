/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "object.h"

/* Turns CLEAR_LINES times at most. */
ALONE void memory_clear(word *line, word lines)
{
	while (lines) {
		line[0] = 0;
		line[1] = 0;
		line[2] = 0;
		line[3] = 0;
		line[4] = 0;
		line[5] = 0;
		line[6] = 0;
		line[7] = 0;
		line += LINE_WORDS;
		lines--;
	}
}
