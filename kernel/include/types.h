/* SPDX-License-Identifier: GPL-2.0-or-later
 * Words, attributes, and the circular list whose operations have no branch. */
#ifndef KERNEL_TYPES_H
#define KERNEL_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t word;

/* A function that the analysis tells kernel entries apart by: it stays one function under its own name. */
#define ENTRY __attribute__((noipa))

/* A function that is not copied into its callers: one with a loop, so that a loop in the source is one loop in the binary
 * (facts.ff). */
#define ALONE __attribute__((noinline, noclone))

#define LINE_WORDS 8 /* the 64 bytes that copies move at a time */

/* A list is a link that stands for no element; an empty one points at itself, and so does a link that is in no list. */
struct link {
	struct link *next, *prev;
};

static inline void list_init(struct link *list)
{
	list->next = list;
	list->prev = list;
}

static inline bool list_empty(const struct link *list)
{
	return list->next == list;
}

static inline void list_append(struct link *list, struct link *element)
{
	element->next = list;
	element->prev = list->prev;
	list->prev->next = element;
	list->prev = element;
}

static inline void list_remove(struct link *element)
{
	element->prev->next = element->next;
	element->next->prev = element->prev;
	element->next = element;
	element->prev = element;
}

static inline void line_copy(word *to, const word *from)
{
	to[0] = from[0];
	to[1] = from[1];
	to[2] = from[2];
	to[3] = from[3];
	to[4] = from[4];
	to[5] = from[5];
	to[6] = from[6];
	to[7] = from[7];
}

#endif
