/* tracer: probes, runs and trace files.
 *
 * A trace is a sequence of (point, cycle): which instrumentation point of one particular build was passed, and the 64-bit cycle count
 * at which it was. Lost records are counted and marked, never hidden. */
#ifndef POTOROO_TRACER_H
#define POTOROO_TRACER_H

#include "base/base.h"
#include "cfg/cfg.h"

/* ---- trace files (.ptrace) ----------------------------------------------------------------------------------------- */

struct trace_info {
    char isa[16];             /* "rv64" */
    char build_id[129];       /* of the kernel that was run, hex */
    char platform[33];        /* digest of the platform file, hex */
    uint64_t clock_hz;
    bool port;                /* records from the trace port, not from probes */
};
struct trace_record {
    uint64_t addr;            /* of the point */
    uint64_t cycle;
    uint64_t lost;            /* records known to be missing just before this one */
    bool mark;                /* from the trace port: not a block's start but a trap's coming to its vector `addr`, before its cost, or
                               * the return at `addr`, its cost included */
    uint64_t cause;           /* of a trap's mark, as in mcause: bit 63 and a number up to 63 (63: that or a larger one); else 0 */
};

struct trace_writer; /* writes beside PATH, appears at commit */
struct trace_writer *trace_create(const char *path, const struct trace_info *info, struct err *e);
int trace_append(struct trace_writer *w, uint64_t addr, uint64_t cycle, struct err *e);
int trace_append_mark(struct trace_writer *w, uint64_t addr, uint64_t cause, uint64_t cycle, struct err *e); /* only if info->port */
/* The next record begins a kernel entry. Nothing depends on it but how fast the trace can be read. */
int trace_phrase(struct trace_writer *w, struct err *e);
int trace_append_lost(struct trace_writer *w, uint64_t records, struct err *e);
int trace_commit(struct trace_writer *w, struct err *e); /* frees w */
void trace_abort(struct trace_writer *w);

struct trace_reader;
struct trace_reader *trace_open(const char *path, struct err *e);
const struct trace_info *trace_get_info(const struct trace_reader *r);
/* 1: *record is the next one · 0: the end · -1: damaged here (offset and why in E; the reader may go on with the next frame). */
int trace_next(struct trace_reader *r, struct trace_record *record, struct err *e);
enum { STEPS_SLACK = 64 };
/* The same, many records at a time: what B points to is the reader's, until the next call. */
struct trace_batch {
    const uint32_t *point;    /* by record: its point's number, which trace_point explains */
    const uint64_t *step;     /* by record: cycles since the one before it, the first one's: since `cycle`; or NULL, and they are in … */
    const uint32_t *near;     /* STEPS_SLACK places behind the last can be read too: nothing is said of what is there */
    uint32_t count;           /* at least 1 */
    uint64_t cycle, last;     /* last: the last one's cycle */
    uint64_t lost;            /* records known to be missing just before the first */
    uint64_t position;        /* of the first */
    /* NULL, or this is a phrase, and when it comes again this is the same variable, mostly: for the caller, 0 at first. */
    uint32_t *known;
};
int trace_next_batch(struct trace_reader *r, struct trace_batch *b, struct err *e);
/* What a number stands for, the same as long as the reader is open: sets RECORD's addr, mark and cause. */
void trace_point(const struct trace_reader *r, uint32_t number, struct trace_record *record);
/* Parts of a trace that can be read each by itself; in order they are the whole of it. A part begins where a frame does. */
struct trace_part {
    uint64_t offset;          /* of its first frame */
    uint64_t first, cycle;    /* position of its first record, and when that was */
    uint64_t end;             /* position of the first record behind it; UINT64_MAX: it is the last part */
};
/* N parts, of about as many records each, or fewer; returns how many. One, the whole, if records were lost or there is no sound index. */
unsigned trace_split(const struct trace_reader *r, struct trace_part *part, unsigned n);
void trace_seek(struct trace_reader *r, const struct trace_part *part); /* before the first record is read: it will be the part's */
uint64_t trace_position(const struct trace_reader *r);   /* index of the record that trace_next gave last, from 0 */
uint64_t trace_lost(const struct trace_reader *r);       /* records known to be missing so far, those behind the last record included */
uint64_t trace_size(const struct trace_reader *r);       /* bytes of the file */
uint64_t trace_offset(const struct trace_reader *r);     /* bytes read so far, for progress */
bool trace_cut(const struct trace_reader *r);            /* after the end: the footer is missing, so the file was cut short */
void trace_close(struct trace_reader *r);

/* Holds the two traces of one run against each other (run's OUTPUT and PORT_OUTPUT): the probes' points must be passed by the port's account in
 * the same order, traps and returns at the same time, and each probe's time must not be before its block's start. ERR_EXCEEDED: they are not. */
struct probe_agreement {
    uint64_t records;         /* of the probes */
    uint64_t points;          /* of them, those of probes proper: from the block's start to the probe's latch it took … */
    uint64_t least, most, sum; /* … cycles */
    uint64_t blocks;          /* records of the port at blocks and traps without a point */
    uint64_t behind;          /* records of the port at points behind the last of the probes */
};
int trace_agreement(const struct image *img, const char *probes, const char *port, struct probe_agreement *a, struct err *e);

/* ---- running a kernel on a platform -------------------------------------------------------------------------------- */

struct run_options {
    const char *platform, *kernel, *output;
    bool port;
    const char *const *ranges;  /* symbols, NULL-terminated; may be NULL */
    const char *port_output;    /* besides the probes' trace in OUTPUT, the port's of the same run; NULL: none. Not with PORT */
    const char *facts;          /* flow facts, by which the port's points are found; may be NULL */
    double timeout;             /* seconds; 0 = 600. Then the guest is stopped, and what it recorded is kept */
    bool must_end;              /* instead that is an error and nothing is kept: a guest that ends by itself has hung */
    uint64_t cycles;            /* stop it at the first trap (or block that the port tells of) from this cycle on; 0: never */
    char *const *qemu_args;     /* NULL-terminated; may be NULL */
    const char *truth;          /* ground-truth log for tests, may be NULL */
    const char *console;        /* where the guest's console goes: a file, "-" = standard output, NULL = nowhere */
};
struct run_summary {
    uint64_t records, lost, first_cycle, last_cycle;
    bool stopped;               /* by the timeout or a signal, not by itself or by `cycles` */
    uint64_t entry;             /* where the ELF wants to begin, physical; the board begins at 0x80000000 */
};
/* On a signal that would end this process the trace is finished first; the signal takes effect before this returns. */
int tracer_run(const struct run_options *o, struct run_summary *s, struct err *e);

/* ---- a console's log (tracer/target/potoroo.c's potoroo_dump) --------------------------------------------------------- */

struct import_options {
    const char *kernel, *input, *output; /* input "-": standard input */
    const char *platform;                /* the platform file, or NULL: */
    uint64_t clock_hz;                   /* the clock of another board */
    void (*problem)(void *user, uint64_t line, const char *text); /* what is torn or missing; may be NULL */
    void *user;
};
struct import_summary {
    uint64_t records, lost, dumps, problems;
};
/* Every record that is whole becomes one of the trace, every missing one a loss in it. ERR_INPUT: none is whole, or one is no point of the kernel. */
int tracer_import(const struct import_options *o, struct import_summary *s, struct err *e);

/* ---- bare-metal guests --------------------------------------------------------------------------------------------- */

/* All that a guest's author is told of a board: where things are, nothing of what anything costs. Addresses are physical. */
struct board_facts {
    uint64_t ram_base, ram_size;
    uint64_t uncached_base, uncached_size; /* size 0: none. QEMU keeps its device tree at the start of the last 2 MiB of RAM below 3 GiB: at most 64 KiB */
    uint64_t counter;                      /* the counter page (docs/ARCHITECTURE.md) */
    uint64_t clock_hz;
    char digest[33];                       /* of the platform file, hex */
};
struct guest_board;
struct guest_board *guest_open(const char *platform, struct board_facts *facts, struct err *e); /* NULL on failure */
/* Fresh RAM, all zero, for the next power-on: borrowed, valid until the next guest_reset or guest_close. Write the program there. */
uint8_t *guest_reset(struct guest_board *b, struct err *e);
/* Power on; execution starts at ram_base in M-mode. Returns when the guest has powered off; its results are in the RAM. */
int guest_run(struct guest_board *b, double seconds, struct err *e);
/* The same, and the board's own count of misses at every latch, in order: for tests and for checking replays, never for an analysis. *STAMPS: the
 * caller frees it. */
struct guest_stamp {
    uint64_t cycle;                        /* what was latched */
    uint32_t l1i, l1d, l2, itlb, dtlb, dirty, l2_dirty, nothing;
};
int guest_run_stamped(struct guest_board *b, double seconds, struct guest_stamp **stamps, size_t *n, struct err *e);
void guest_close(struct guest_board *b); /* b may be NULL */

/* ---- the compiler wrapper ------------------------------------------------------------------------------------------ */

enum probe_density { PROBES_ALL, PROBES_SPARSE };
/* Insert probes into the assembly text IN (as gcc or clang -S writes it), giving OUT. NAME is for messages. */
int probe_insert(const char *in, size_t size, const char *name, enum probe_density density, FILE *out, struct err *e);
struct probe_options {
    enum probe_density density;
    FILE *map;   /* NULL, or gets a line for each probe: NAME, number from 0, function, FILE:LINE ("-": not known), tab-separated */
    const char *clock; /* the instructions that leave the time in s9, at most 8 bytes of them; NULL: the latch */
    bool reach;  /* the assembler to come does not help conditional branches that the probes have put out of reach (LLVM's) */
};
int probe_insert_with(const char *in, size_t size, const char *name, const struct probe_options *o, FILE *out, struct err *e);
/* `potoroo cc`: returns the exit code to end with. */
int cc_main(int argc, char **argv);

#endif
