/* What the board shows: the counter page and the trace buffer in the guest's RAM, the trace port, the ground-truth log. */
#include "tracer/platform/board.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- files ------------------------------------------------------------------------------------------------------------------- */

static FILE *open_output(const char *path, const char *mode)
{
    FILE *f = path ? fopen(path, mode) : NULL;
    if (path && !f) board_fatal("%s: %s", path, strerror(errno));
    if (f) setvbuf(f, NULL, _IOFBF, 1 << 16);
    return f;
}

static void close_output(FILE *f, const char *path)
{
    if (!f) return;
    int bad = ferror(f);
    if (fclose(f) || bad) board_fatal("%s: cannot be written: %s", path, strerror(errno));
}

static void write_output(FILE *f, const char *path, const void *data, size_t size)
{
    if (fwrite(data, 1, size, f) != size) board_fatal("%s: cannot be written: %s", path, strerror(errno));
}

void output_open(void)
{
    board.trace = open_output(board.trace_path, "wb");
    board.port = open_output(board.port_path, "wb");
    board.truth = open_output(board.truth_path, "w");
    board.stamps = open_output(getenv("POTOROO_STAMPS"), "wb");
}

/* ---- the guest's memory ------------------------------------------------------------------------------------------------------ */

static uint64_t ram_read(uint64_t paddr)
{
    uint64_t value;
    memcpy(&value, board.ram + (paddr - RAM_BASE), sizeof value);
    return value;
}

static void ram_write(uint64_t paddr, uint64_t value)
{
    memcpy(board.ram + (paddr - RAM_BASE), &value, sizeof value);
}

enum { COUNTER_LATCHED = 0, COUNTER_LATCH = 8, COUNTER_TRAP = 16, COUNTER_RETURN = 24, COUNTER_MARK = 32, COUNTER_MTRAP = 40, COUNTER_MRETURN = 48 };

static void counter_set(unsigned offset, uint64_t value)
{
    if (board.platform.counter) ram_write(board.platform.counter + offset, value);
}

/* ---- ground truth ------------------------------------------------------------------------------------------------------------ */

static void write_truth(const char *what, uint64_t value, uint64_t cycles, uint64_t insns)
{
    const struct counts *c = &board.count;
    if (!board.truth) return;
    fprintf(board.truth, "%s %" PRIu64 " cycles %" PRIu64 " insns %" PRIu64 " l1i %" PRIu64 " l1d %" PRIu64 " l2 %" PRIu64 " itlb %" PRIu64
            " dtlb %" PRIu64 " dirty %" PRIu64 " l2dirty %" PRIu64 " taken %" PRIu64 " traps %" PRIu64 "\n",
            what, value, cycles, insns, c->l1i, c->l1d, c->l2, c->itlb, c->dtlb, c->dirty, c->l2_dirty, c->taken, c->traps);
}

static uint64_t insns_now(const struct insn *i)
{
    return board.count.insns + (i->block == board.current ? (uint64_t)(i - i->block->insn) + 1 : 0);
}

/* For tests: at every latch, trap to S-mode and sret, the cycle and all misses so far: { u64 cycle; u32 l1i, l1d, l2, itlb, dtlb, dirty, l2dirty, 0 }. */
static void write_stamp(uint64_t cycle)
{
    const struct counts *c = &board.count;
    if (!board.stamps) return;
    uint32_t count[8] = {(uint32_t)c->l1i, (uint32_t)c->l1d, (uint32_t)c->l2, (uint32_t)c->itlb, (uint32_t)c->dtlb, (uint32_t)c->dirty, (uint32_t)c->l2_dirty, 0};
    write_output(board.stamps, "the stamps", &cycle, sizeof cycle);
    write_output(board.stamps, "the stamps", count, sizeof count);
}

/* Cycles that pass at a latch before its count is taken, on a board whose clock is not that exact. They stay in the count, so two
 * latches are never closer than what lies between them. */
static void pass_jitter(void)
{
    static uint64_t seed = 0x2545f4914f6cdd1du;
    if (!board.platform.jitter) return;
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    board.cycles += (seed >> 11) % (board.platform.jitter + 1ull);
}

void output_counter(const struct insn *i, uint64_t paddr)
{
    switch (paddr - board.platform.counter) {
    case COUNTER_LATCH:
        pass_jitter();
        counter_set(COUNTER_LATCHED, board_now(i));
        write_stamp(board_now(i));
        break;
    case COUNTER_MARK: write_truth("mark", ram_read(paddr), board_now(i), insns_now(i)); break;
    }
}

/* ---- the trace buffer -------------------------------------------------------------------------------------------------------- */

static const uint64_t buffer_magic = 0x314f4f524f544f50; /* "POTOROO1" */
enum { BUFFER_MAGIC = 0, BUFFER_START = 8, BUFFER_HEAD = 16, BUFFER_LIMIT = 24 };

/* The records lie in one piece of physical memory, wherever the kernel maps it. False: the kernel has not set it up yet. */
static bool find_records(uint64_t start, uint64_t limit)
{
    if (ram_read(board.buffer + BUFFER_MAGIC) != buffer_magic) return false;
    uint64_t first = flow_walk(start), last = flow_walk(limit - 1);
    if (first == NO_LINE || last == NO_LINE) {
        if (board.records) return true; /* this address space does not map it; an earlier one did */
        board_fatal("trace buffer: 0x%" PRIx64 " is not mapped", start);
    }
    if (limit <= start || last - first != limit - 1 - start || first - RAM_BASE >= board.ram_size || last - RAM_BASE >= board.ram_size)
        board_fatal("trace buffer: 0x%" PRIx64 "-0x%" PRIx64 " is not one piece of RAM", start, limit);
    board.records = first;
    return true;
}

/* Takes the records out if there are enough of them (ALL: any). */
static void drain(bool all)
{
    if (!board.trace || !board.buffer) return;
    uint64_t start = ram_read(board.buffer + BUFFER_START), head = ram_read(board.buffer + BUFFER_HEAD);
    uint64_t limit = ram_read(board.buffer + BUFFER_LIMIT), used = head - start;
    if (!all && used < (limit - start) / 2) return;
    if (!find_records(start, limit)) return;
    if (head < start || head > limit || used % 8) board_fatal("trace buffer: head = 0x%" PRIx64 " is not in 0x%" PRIx64 "-0x%" PRIx64, head, start, limit);
    write_output(board.trace, board.trace_path, board.ram + (board.records - RAM_BASE), used);
    ram_write(board.buffer + BUFFER_HEAD, start);
}

/* ---- the end of a run that has one ------------------------------------------------------------------------------------------- */

static void stop_if_due(void)
{
    if (!board.stop || board.cycles < board.stop) return;
    output_close();
    _exit(0);
}

/* ---- the trace port ---------------------------------------------------------------------------------------------------------- */

/* A record is { u64 pc; u64 cycle | kind << 62 }. In PORT_ENTER's pc the upper seven bits, which in an address are copies of bit 56, are
 * inverted where the trap's cause has ones: whether it is an interrupt, and six bits of its number (63: that or a larger one). */
void output_port(enum port_kind kind, uint64_t pc, uint64_t cycle)
{
    uint64_t record[2] = {pc, cycle | (uint64_t)kind << 62};
    write_output(board.port, board.port_path, record, sizeof record);
}

/* PRIV: of the code at PC. */
static bool port_wants(uint64_t pc, uint64_t priv)
{
    for (size_t i = 0; i < board.n_ranges; i++)
        if (pc >= board.ranges[i].low && pc < board.ranges[i].high) return true;
    return !board.n_ranges && priv != 0;
}

/* Such an instruction is told of as PORT_LEAVE. */
static bool is_legal_return(const struct insn *i)
{
    return (i->kind == DECODE_SRET && board.priv != 0) || (i->kind == DECODE_MRET && board.priv == 3);
}

void output_block(const struct block *from, const struct block *b)
{
    if (!board.port) return;
    stop_if_due();
    bool transfer = from->end != END_NEXT || b->pc != from->follow;
    uint64_t *told = &board.told[board.priv];
    if (*told == b->pc) {
        *told = ODD;
        return;
    }
    if (!(board.points ? b->insn[0].point : transfer) || is_legal_return(b->insn)) return;
    if (port_wants(b->insn[0].place, board.priv)) output_port(PORT_POINT, b->insn[0].place, board.cycles);
}

void output_on_point(unsigned vcpu, void *user)
{
    const struct insn *i = user;
    (void)vcpu;
    if (!board.port || is_legal_return(i) || !port_wants(i->place, board.priv)) return;
    output_port(PORT_POINT, i->place, board.cycles + i->before);
}

/* ---- entry and exit ---------------------------------------------------------------------------------------------------------- */

static uint64_t with_cause(uint64_t pc, uint64_t cause)
{
    uint64_t number = cause & INT64_MAX;
    return pc ^ (cause >> 63 << 63 | (number < 63 ? number : 63) << 57);
}

void output_trap(uint64_t priv, uint64_t pc, uint64_t cause)
{
    stop_if_due();
    counter_set(priv == 3 ? COUNTER_MTRAP : COUNTER_TRAP, board.cycles);
    if (priv != 3) write_stamp(board.cycles);
    board.told[priv] = ODD;
    if (!board.port) return;
    uint64_t place = board.n_image ? translate_place(pc, priv == 3 ? pc : flow_walk(pc)) : pc;
    if (!port_wants(place, priv)) return;
    output_port(PORT_ENTER, with_cause(place, cause), board.cycles);
    board.told[priv] = pc;
}

void output_return(const struct insn *i)
{
    counter_set(i->kind == DECODE_MRET ? COUNTER_MRETURN : COUNTER_RETURN, board_now(i));
    if (i->kind == DECODE_SRET) write_stamp(board_now(i));
    if (board.port && port_wants(i->place, board.priv)) output_port(PORT_LEAVE, i->place, board_now(i));
    drain(false);
}

static void finish_outputs(uint64_t cycles, uint64_t insns)
{
    drain(true);
    write_truth("end", 0, cycles, insns);
    close_output(board.trace, board.trace_path);
    close_output(board.port, board.port_path);
    close_output(board.truth, board.truth_path);
    close_output(board.stamps, "the stamps");
    board.trace = board.port = board.truth = board.stamps = NULL;
    board.closed = true;
}

void output_power_off(const struct insn *i)
{
    if (!board.closed) finish_outputs(board_now(i), insns_now(i));
}

void output_close(void)
{
    if (!board.closed) finish_outputs(board.cycles, board.count.insns);
}
