/* board: the state of the reference platform inside QEMU (one hart, so one global), shared by the plugin's files:
 *   plugin.c     arguments, start and end
 *   translate.c  what is known of a block before it runs
 *   timing.c     cycles while it runs: caches, TLBs, blocks following blocks
 *   flow.c       when the next block is not one that this block leads to: traps, returns, aborted blocks
 *   output.c     counter page, trace buffer, trace port, ground truth
 *
 * Invariant of time: board.cycles holds everything but the base costs of the block that is running (board.current): those are
 * added when the block is left, which is when the next one begins. Inside it, the time after an instruction is
 * board.cycles + insn->after (board_now). A block that is left early (fault) adds only what it executed. */
#ifndef POTOROO_BOARD_H
#define POTOROO_BOARD_H

#include "tracer/platform/cache.h"
#include "tracer/platform/decode.h"
#include "tracer/platform/qemu_api.h"

#include <stdio.h>

enum block_end {
    END_NEXT,     /* whatever ends it, the next instruction follows */
    END_BRANCH,   /* next[0] = fall-through, next[1] = target */
    END_JUMP,     /* next[0] */
    END_INDIRECT, /* anywhere */
    END_RETURN,   /* sret, mret */
    END_CALL,     /* ecall, ebreak: traps */
    END_NONE,     /* no block ran yet */
};

enum block_flag {
    BLOCK_TRANSLATION = 1, /* it ends in a write of satp, mstatus or a trap vector: what is remembered of them is read again */
    BLOCK_UNKNOWN = 2,     /* it holds an opcode that the model does not know */
    BLOCK_CROSSING = 4,    /* one instruction on two pages */
    BLOCK_EARLY = 8,       /* early_line[] is not empty */
    BLOCK_PORT = 16,       /* there is a trace port to tell of it */
};

#pragma GCC visibility push(hidden) /* one shared object: no indirection between its files */

struct block;

struct insn {
    struct block *block;
    uint32_t limit;       /* of a memory access: the last offset in an L1D line at which it does not straddle */
    uint32_t bytes;       /* of a memory access */
    uint64_t pc;
    uint64_t place;       /* pc as the ELF has it: see struct image_part */
    uint64_t line, line2; /* line2: the second line that its bytes touch, or NO_LINE. NO_LINE: not cached */
    uint32_t code;
    uint32_t before, after;
    uint8_t kind, length;
    bool point;
};

enum { EARLY_LINES = 4 };

struct block {
    uint64_t pc;
    uint64_t next[2]; /* ODD (no address) where the fast path must not match */
    uint32_t cost[2]; /* base cost of the whole block, leaving by next[0] or next[1] */
    uint32_t n;
    uint8_t end, flags, early;
    uint64_t line;   /* of the first instruction */
    uint64_t follow; /* address behind it */
    uint64_t early_line[EARLY_LINES], early_page[EARLY_LINES]; /* lines fetched at the start, besides */
    struct insn insn[];
} __attribute__((aligned(64)));

#define ODD 1u
#define NO_LINE UINT64_MAX

struct counts {
    uint64_t insns, l1i, l1d, l2, itlb, dtlb, dirty, l2_dirty, taken, traps; /* dirty: evictions from L1D */
};

/* Where a virtual page of data lies. Direct-mapped on the page number. */
enum { PAGES = 256, PAGE_SHIFT = 12 };
#define PAGE_SPECIAL (1ull << 63)
struct page {
    uint64_t tag;   /* virtual page number; PAGE_SPECIAL is set where accesses bypass the caches; NO_LINE = empty */
    uint64_t delta; /* physical - virtual */
};

struct csr_handles {
    struct qemu_plugin_register *priv, *satp, *mstatus, *stvec, *sepc, *scause, *mtvec, *mepc, *mcause;
};

struct range {
    uint64_t low, high; /* [low, high) */
};

/* A part of the kernel's image. Code that runs from it at another virtual address than the ELF's (before translation is on, or mapped a second
 * time, as trampolines are) is told of by the ELF's, which is the only one that an analysis of the ELF knows. */
struct image_part {
    uint64_t low, high, paddr; /* [low, high) of the ELF lies at paddr */
    uint64_t *page;            /* by page of the ITLB: the virtual page that it was translated from, NO_LINE: none yet */
};

struct board {
    struct block *current;
    uint64_t cycles;
    struct counts count;

    /* data side, hot */
    struct page *pages;           /* pages_of[priv == 3] */
    uint64_t *load_line, *store_line; /* per L1D set: a line that a load (store) may touch with no effect, or NO_LINE */
    uint32_t l1d_shift, l1d_mask;
    uint64_t l1d_offset;          /* line - 1 */
    bool data_slow;               /* no L1D, or a DTLB: every access goes the long way */

    /* instruction side */
    uint64_t fetch_line, fetch_page; /* the line in the fetch unit, the page that it translated last */
    uint64_t *fetch_mru;          /* per L1I set, as load_line */
    uint32_t l1i_shift, l1i_mask, l2_shift, itlb_shift, dtlb_shift;

    struct cache *l1i_cache, *l1d_cache, *l2_cache, *itlb_cache, *dtlb_cache;
    struct page pages_of[2][PAGES];

    /* privileged state as of the start of the current block */
    uint64_t priv, satp, stvec, mtvec;
    uint64_t return_pc;           /* where the xRET that ends the current block goes; ODD: it will trap */
    uint64_t told[4];             /* by mode: the trap vector that the port has told of and whose block has not started yet, or ODD */
    struct block resumed;         /* stands for an instruction that QEMU ran again for its device access */
    struct block start;
    struct csr_handles csr;
    struct qemu_array *csr_bytes;

    struct platform platform;
    uint8_t *ram;                 /* our mapping of the RAM file */
    uint64_t ram_size;
    const uint8_t *qemu_ram;      /* QEMU's mapping */
    const char *ram_path;
    uint64_t buffer;              /* physical address of struct potoroo_buffer, 0 = none */
    uint64_t records;             /* physical address of its first record, 0 = not yet known */
    uint64_t stop;                /* the run ends at the first trap, or block that the port tells of, at or after this cycle; 0 = never */

    FILE *trace, *port, *truth, *stamps; /* NULL: not asked for, or closed */
    bool closed;
    const char *trace_path, *port_path, *truth_path;
    uint64_t *points;             /* sorted */
    size_t n_points;
    struct range ranges[64];
    size_t n_ranges;
    bool counterless;             /* the page of the counter is ordinary memory: nothing in the kernel reads it */
    struct image_part image[64];
    size_t n_image;
};

extern struct board board;

#define RAM_BASE 0x80000000u
#define POWER_OFF 0x100000u /* a store here ends the run */

static inline uint64_t board_now(const struct insn *i)
{
    return board.cycles + (i->block == board.current ? i->after : 0);
}

/* Prints one line and ends QEMU with exit code 3: the model does not know how to go on. */
_Noreturn void board_fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* translate.c */
void translate_block(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
void translate_flush(qemu_plugin_id_t id);
uint64_t translate_place(uint64_t vaddr, uint64_t paddr); /* what the ELF calls what lies at PADDR; VADDR if it is not of the image */
struct image_part *translate_part(uint64_t paddr);        /* NULL: not of the image */

/* timing.c */
void timing_init(void);
void timing_flush_pages(void);               /* what was remembered of data addresses */
void timing_flush_machine_pages(void);       /* of M-mode only */
void timing_flush_tlbs(void);                /* what the modelled TLBs hold */
void timing_set_privilege(uint64_t priv);
qemu_exec_cb timing_on_block, timing_on_fetch;
qemu_mem_cb timing_on_load, timing_on_store;

/* flow.c */
void flow_init_registers(qemu_plugin_id_t id, unsigned vcpu);
void flow_leave(struct block *from, uint64_t to); /* accounts for FROM when TO is not plainly next[] of it */
void flow_resume(const struct insn *i);           /* I runs again, alone, for its device access */
qemu_exec_cb flow_on_return, flow_on_fence;
uint64_t flow_walk(uint64_t vaddr);               /* physical address by satp's page table (or as it is); NO_LINE if unmapped */
static inline bool flow_translating(void)
{
    return board.priv != 3 && board.satp >> 60;
}

/* output.c */
enum port_kind { PORT_POINT, PORT_ENTER, PORT_LEAVE };
void output_open(void);
void output_close(void);
void output_power_off(const struct insn *i);       /* the store to POWER_OFF: nothing is told of what QEMU may still run */
void output_trap(uint64_t priv, uint64_t pc, uint64_t cause); /* to mode PRIV, PC = its vector; now = board.cycles */
void output_return(const struct insn *i);         /* sret, mret: about to return */
void output_counter(const struct insn *i, uint64_t paddr); /* a store to the counter page */
void output_port(enum port_kind kind, uint64_t pc, uint64_t cycle);
void output_block(const struct block *from, const struct block *b); /* B starts */
qemu_exec_cb output_on_point;

#pragma GCC visibility pop

#endif
