/* image: what only cfg's own passes ask of an ELF image. */
#ifndef POTOROO_CFG_IMAGE_H
#define POTOROO_CFG_IMAGE_H

#include "cfg/cfg.h"

struct range {
    uint64_t lo, hi; /* [lo, hi) */
};

/* The parts of the image that hold code: sorted, disjoint, never adjacent, each wholly in the file. */
size_t image_code(const struct image *img, const struct range **ranges);
/* Can the 8 bytes at ADDR be an address at run time? In a position-independent image only if a relocation makes them one. */
bool image_may_point(const struct image *img, uint64_t addr);
/* The file's part of loadable segment I. 0: no such segment, SIZE_MAX: an empty one. */
size_t image_data(const struct image *img, size_t i, uint64_t *addr, const uint8_t **bytes);

/* Where loadable segment I that the program may write lies in memory. False: there are no more. */
bool image_memory(const struct image *img, size_t i, uint64_t *lo, uint64_t *hi);

#endif
