/* SPDX-License-Identifier: GPL-2.0-or-later
 * Words, attributes, and the circular list whose operations have no branch. */
#ifndef KERNEL_TYPES_H
#define KERNEL_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t word;

/* ENTRY: a function that the analysis tells kernel entries apart by: it stays one function under its own name.
 * ALONE: one that is not copied into its callers: a loop, so that one in the source is one in the binary (facts.ff), or a
 * step that many take, so that what was measured of it for one holds for all. */
#ifdef __clang__
#define ENTRY __attribute__((noinline))
#define ALONE __attribute__((noinline))
#else
#define ENTRY __attribute__((noipa))
#define ALONE __attribute__((noinline, noclone))
#endif

/* The compiler is to forget where a value came from: it cannot then end a function in several places, each of which would have
 * to be seen to return to each caller, nor skip a test on the way that it thinks is decided. */
#define ONE_EXIT(value) __asm__ volatile("" : "+r"(value))

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

/* Out of its list; its own links are to be written anew. */
static inline void list_unlink(struct link *element)
{
	element->prev->next = element->next;
	element->next->prev = element->prev;
}

static inline void list_remove(struct link *element)
{
	list_unlink(element);
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
