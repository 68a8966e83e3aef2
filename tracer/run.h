/* run: the parts of tracer_run(). */
#ifndef POTOROO_RUN_H
#define POTOROO_RUN_H

#include "tracer/platform/platform.h"
#include "tracer/tracer.h"

/* ---- from raw records to a trace (drain.c) ------------------------------------------------------------------------- */

/* Takes the records that the plugin sends, in whatever pieces they come, and appends them to a trace. */
struct drain;
/* Borrows all three. With PORT the records are the trace port's, else the probes'. */
struct drain *drain_new(const struct image *img, bool port, struct trace_writer *to, struct err *e);
int drain_take(struct drain *d, const uint8_t *data, size_t size, struct err *e);
uint64_t drain_records(const struct drain *d); /* taken so far */
/* No more will come. ERR_INPUT if the last record is not whole. */
int drain_end(struct drain *d, struct run_summary *s, struct err *e);
void drain_free(struct drain *d);

/* The parts of *info that the platform file decides. */
int platform_info(const char *path, struct trace_info *info, struct err *e);

/* ---- QEMU's command line (qemu.c) ---------------------------------------------------------------------------------- */

struct qemu_files {
    const char *ram, *trace, *port, *points; /* paths for QEMU to open; all but ram may be NULL: none */
};
struct qemu_line {
    VEC(char *) argv;         /* owned, NULL-terminated */
};
int qemu_line_make(struct qemu_line *l, const struct run_options *o, const struct platform *p, const struct image *img,
                   const struct qemu_files *files, struct err *e);
/* What is added to the physical addresses of a position-independent kernel that is linked below RAM: QEMU itself would load it there. 0: to no other's. */
uint64_t qemu_load_bias(const struct image *img);
/* Such a kernel, into the RAM file (SIZE bytes): the reset vector leads to the beginning of RAM. */
int qemu_place_image(const struct image *img, int ram, uint64_t size, struct err *e);
/* For a guest that is in the RAM file already: no kernel, console or trace. */
int qemu_line_make_bare(struct qemu_line *l, const char *platform, const struct platform *p, const char *ram, struct err *e);
void qemu_line_free(struct qemu_line *l);
/* Physical address of the ELF's potoroo_buffer. */
int qemu_find_buffer(const struct image *img, uint64_t *paddr, struct err *e);
/* ERR_INPUT if the QEMU that would run is older than 10 or cannot be run. */
int qemu_check_version(struct err *e);

#endif
