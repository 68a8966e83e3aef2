/* Control that goes where no block leads: traps, returns, and blocks that QEMU breaks off.
 *
 * The plugin interface tells of none of these. What is known when a block starts is the block before it, and the privileged
 * registers. A trap always lands on the vector of the mode that takes it, and its EPC says how far the block before came:
 *   - an interrupt or a fetch fault comes between blocks: that block is complete, EPC is where it led;
 *     but wfi does not end a block, and an interrupt that ends the waiting finds EPC behind it;
 *   - every other exception is raised by an instruction of that block, at EPC: it costs its fetch and its base cost, then the trap.
 * Not told apart from a trap: a jalr to the trap vector itself (in a table of vectors, to that of the last interrupt). Anything else unexplained ends the run with an error. */
#include "tracer/platform/board.h"

#include <inttypes.h>
#include <string.h>

/* ---- registers --------------------------------------------------------------------------------------------------------------- */

void flow_init_registers(qemu_plugin_id_t id, unsigned vcpu)
{
    (void)id;
    (void)vcpu;
    struct csr_handles *c = &board.csr;
    const struct {
        const char *name;
        struct qemu_plugin_register **handle;
    } wanted[] = {{"priv", &c->priv}, {"satp", &c->satp}, {"mstatus", &c->mstatus}, {"stvec", &c->stvec}, {"sepc", &c->sepc},
                  {"scause", &c->scause}, {"mtvec", &c->mtvec}, {"mepc", &c->mepc}, {"mcause", &c->mcause}};
    const struct qemu_array *list = qemu_plugin_get_registers();
    const struct qemu_reg_descriptor *regs = list->data;
    for (size_t w = 0; w < sizeof wanted / sizeof *wanted; w++) {
        for (unsigned i = 0; i < list->length; i++)
            if (!strcmp(regs[i].name, wanted[w].name)) *wanted[w].handle = regs[i].handle;
        if (!*wanted[w].handle) board_fatal("this CPU has no register %s", wanted[w].name);
    }
    board.csr_bytes = g_byte_array_new();
}

static uint64_t read_csr(struct qemu_plugin_register *handle)
{
    uint64_t value = 0;
    g_byte_array_set_size(board.csr_bytes, 0);
    int n = qemu_plugin_read_register(handle, board.csr_bytes);
    if (n <= 0 || n > 8) board_fatal("QEMU does not let registers be read");
    memcpy(&value, board.csr_bytes->data, (size_t)n);
    return value;
}

static void read_vectors(void)
{
    board.stvec = read_csr(board.csr.stvec);
    board.mtvec = read_csr(board.csr.mtvec);
}

static bool on_vector(uint64_t xtvec, uint64_t pc)
{
    uint64_t base = xtvec & ~3ull, offset = pc - base;
    return offset == 0 || ((xtvec & 3) == 1 && offset < 4 * 64 && offset % 4 == 0);
}

/* A jalr to PC, which lies among the vectors, is no trap if the last trap's cause does not lead there: code may follow a table that is not full. */
static bool lands_by_trap(uint64_t xtvec, struct qemu_plugin_register *xcause, uint64_t pc)
{
    uint64_t offset = pc - (xtvec & ~3ull), cause;
    if (!on_vector(xtvec, pc)) return false;
    if (offset == 0) return true;
    cause = read_csr(xcause);
    return cause >> 63 && (cause & INT64_MAX) == offset / 4;
}

uint64_t flow_walk(uint64_t vaddr)
{
    uint64_t mode = board.satp >> 60, table = (board.satp & 0xfffffffffffull) << PAGE_SHIFT;
    if (!mode) return vaddr;
    for (int level = (int)mode - 6; level >= 0; level--) { /* modes 8, 9, 10 = Sv39, Sv48, Sv57: levels 2.., 3.., 4.. */
        int shift = PAGE_SHIFT + 9 * level;
        uint64_t at = table + (vaddr >> shift & 511) * 8 - RAM_BASE, pte;
        if (at >= board.ram_size) return NO_LINE;
        memcpy(&pte, board.ram + at, sizeof pte);
        if (!(pte & 1)) return NO_LINE;
        uint64_t paddr = (pte >> 10 & 0xfffffffffffull) << PAGE_SHIFT, within = (1ull << shift) - 1;
        if (pte & 0xe) return (paddr & ~within) | (vaddr & within);
        table = paddr;
    }
    return NO_LINE;
}

/* ---- leaving a block --------------------------------------------------------------------------------------------------------- */

static _Noreturn void unknown_opcode(const struct block *b)
{
    const struct insn *i = b->insn;
    while (i->kind != DECODE_UNKNOWN) i++;
    board_fatal("0x%" PRIx64 ": opcode 0x%08x is not modelled: the board is RV64GC; if the kernel looks for more, take it from the CPU (-cpu rv64,h=off,v=off,…)", i->pc, i->code);
}

/* Whether FROM, executed to its end, may be followed by TO. */
static bool leads_to(const struct block *from, uint64_t to)
{
    switch (from->end) {
    case END_INDIRECT: return !lands_by_trap(board.stvec, board.csr.scause, to) && !lands_by_trap(board.mtvec, board.csr.mcause, to);
    case END_RETURN: return to == board.return_pc;
    case END_CALL: return false;
    case END_NONE: return true;
    case END_NEXT: return to == from->follow;
    }
    return to == from->next[0] || to == from->next[1];
}

/* satp, mstatus or a trap vector was written, or nothing is known yet. */
static void reload(void)
{
    uint64_t satp = read_csr(board.csr.satp);
    read_vectors();
    timing_flush_pages();
    if (satp != board.satp) timing_flush_tlbs();
    board.satp = satp;
}

static void finish(const struct block *from, uint64_t to)
{
    bool taken = from->end == END_BRANCH && to != from->follow;
    if (from->flags & BLOCK_UNKNOWN) unknown_opcode(from);
    board.cycles += from->cost[taken];
    board.count.insns += from->n;
    board.count.taken += taken;
    if (from->end == END_RETURN) {
        if (board.priv == 3) timing_flush_machine_pages(); /* the return clears mstatus.MPRV */
        timing_set_privilege(read_csr(board.csr.priv));
    }
    if (from->flags & BLOCK_TRANSLATION) reload();
}

/* FROM was left at its instruction at PC, which is the last that counts. */
static void finish_at(const struct block *from, uint64_t pc)
{
    if (from == &board.resumed && from->pc == pc) return;
    for (uint32_t k = 0; k < from->n; k++) {
        if (from->insn[k].pc == pc) {
            board.cycles += from->insn[k].after;
            board.count.insns += k + 1;
            return;
        }
        if (from->insn[k].kind == DECODE_UNKNOWN) unknown_opcode(from);
    }
    board_fatal("0x%" PRIx64 ": an exception here does not belong to the block at 0x%" PRIx64, pc, from->pc);
}

static bool between_blocks(uint64_t cause)
{
    return cause >> 63 || cause == 0 || cause == 1 || cause == 12;
}

/* The wfi in FROM that an interrupt at EPC has ended, or NULL. */
static const struct insn *waited(const struct block *from, uint64_t epc)
{
    for (uint32_t k = 0; k < from->n; k++)
        if (from->insn[k].kind == DECODE_WAIT && from->insn[k].pc + from->insn[k].length == epc) return &from->insn[k];
    return NULL;
}

static bool belongs(const struct block *from, uint64_t epc, uint64_t cause)
{
    if (!between_blocks(cause)) return epc - from->pc < from->follow - from->pc;
    return leads_to(from, epc) || waited(from, epc);
}

static void settle(const struct block *from, uint64_t epc, uint64_t cause)
{
    if (!between_blocks(cause)) finish_at(from, epc);
    else if (leads_to(from, epc)) finish(from, epc);
    else if (waited(from, epc)) finish_at(from, waited(from, epc)->pc);
    else board_fatal("0x%" PRIx64 ": an interrupt here (cause 0x%" PRIx64 ") does not follow the block at 0x%" PRIx64, epc, cause, from->pc);
}

static void enter_trap(uint64_t priv, uint64_t vector, uint64_t cause)
{
    output_trap(priv, vector, cause);
    board.cycles += board.platform.trap;
    board.count.traps++;
    timing_set_privilege(priv);
}

static void take_trap(const struct block *from, uint64_t to)
{
    uint64_t priv = read_csr(board.csr.priv);
    read_vectors();
    if (priv == 0 || !on_vector(priv == 3 ? board.mtvec : board.stvec, to)) {
        if (from->flags & BLOCK_UNKNOWN) unknown_opcode(from);
        board_fatal("0x%" PRIx64 " does not follow from the block at 0x%" PRIx64 " and is no trap vector", to, from->pc);
    }
    uint64_t epc = read_csr(priv == 3 ? board.csr.mepc : board.csr.sepc), cause = read_csr(priv == 3 ? board.csr.mcause : board.csr.scause);
    if (priv == 3 && !belongs(from, epc, cause) && on_vector(board.stvec, epc)) {
        /* two traps at once: to S-mode, and before its first instruction to M-mode */
        settle(from, read_csr(board.csr.sepc), read_csr(board.csr.scause));
        enter_trap(1, epc, read_csr(board.csr.scause));
    } else {
        settle(from, epc, cause);
    }
    enter_trap(priv, to, cause);
}

void flow_leave(struct block *from, uint64_t to)
{
    bool complete = !(from->flags & BLOCK_UNKNOWN) && leads_to(from, to);
    if (complete) finish(from, to);
    else take_trap(from, to);
}

/* With -icount, an instruction that turns out to access a device in the middle of a block is broken off before the access and
 * run again in a block of its own, in which QEMU calls memory callbacks only. The first attempt has paid fetch and base cost. */
void flow_resume(const struct insn *i)
{
    if (board.current == &board.resumed && board.resumed.pc == i->pc) return;
    finish_at(board.current, i->pc);
    board.resumed.pc = i->pc;
    board.resumed.end = END_NEXT;
    board.resumed.follow = board.resumed.next[0] = board.resumed.next[1] = i->pc + i->length;
    board.current = &board.resumed;
}

/* Runs just before the instruction does: whether it will return or trap is decided here by its own rules. */
void flow_on_return(unsigned vcpu, void *user)
{
    const struct insn *i = user;
    bool sret = i->kind == DECODE_SRET;
    uint64_t priv = read_csr(board.csr.priv), tsr = read_csr(board.csr.mstatus) >> 22 & 1;
    bool legal = priv == 3 || (sret && priv == 1 && !tsr);
    (void)vcpu;
    board.return_pc = legal ? read_csr(sret ? board.csr.sepc : board.csr.mepc) & ~1ull : ODD;
    if (legal) output_return(i);
}

/* sfence.vma, before it runs: the same. */
void flow_on_fence(unsigned vcpu, void *user)
{
    uint64_t priv = read_csr(board.csr.priv), tvm = read_csr(board.csr.mstatus) >> 20 & 1;
    (void)vcpu;
    (void)user;
    timing_flush_pages();
    if (priv == 3 || (priv == 1 && !tvm)) timing_flush_tlbs();
}
