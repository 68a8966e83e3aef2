/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "object.h"

/* Of 1 to CLEAR_LINES lines; the remainder is what tells a reader of the binary so. */
ALONE void memory_clear(word *line, word lines)
{
	word rest = (lines - 1) % CLEAR_LINES;

	do {
		line[0] = 0;
		line[1] = 0;
		line[2] = 0;
		line[3] = 0;
		line[4] = 0;
		line[5] = 0;
		line[6] = 0;
		line[7] = 0;
		line += LINE_WORDS;
	} while (rest--);
}
