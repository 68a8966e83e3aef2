#!/usr/bin/python3
"""The conformance test on kernels with a fault each: it must fail on every one, or the kernel that tests its invariants must.
Usage: mutants.py MAKE FOLDER [NAME…]      without names: all"""
import os
import shutil
import subprocess
import sys

import board

# name, file below kernel/src, text that is there once, its replacement
MUTANTS = [
    ("guard-ignored", "object/lookup.c", "(guard == node->badge)", "(guard == guard)"),
    ("one-level-more", "object/lookup.c", "level < LOOKUP_LEVELS", "level < LOOKUP_LEVELS - 1"),
    ("rights-grow", "object/slot.c", "\tto->cap.rights &= (uint8_t)rights;\n", "\tto->cap.rights |= (uint8_t)rights;\n"),
    ("rights-ignored", "kernel/syscall.c", "return rights & ~(word)cap->rights ? KERNEL_NO_RIGHT : KERNEL_OK;", "return KERNEL_OK + 0 * rights;"),
    ("untyped-copied", "object/slot.c", "TYPE_BIT(TYPE_TIMER))", "TYPE_BIT(TYPE_TIMER) | TYPE_BIT(TYPE_UNTYPED))"),
    ("copies-are-originals", "object/slot.c", "to->cap.level += from->cap.level != LEVEL_COPY;", "to->cap.level += 0 * LEVEL_COPY;"),
    ("moved-not-emptied", "object/slot.c", "\tslot_empty(from);\n\tif", "\tif"),
    ("kernel-in-reach", "arch/boot.S", "#define KERNEL_PTE (PTE_V | ", "#define KERNEL_PTE (PTE_V | PTE_U | "),
    ("kernel-addresses-mapped", "object/vspace.c", "if ((address >= USER_TOP) | ((address", "if (((address"),
    ("access-not-decoded", "object/vspace.c", "return wants & ~(word)frame->rights ? KERNEL_NO_RIGHT : KERNEL_OK;", "return KERNEL_OK + 0 * wants * frame->rights;"),
    ("always-writable", "object/vspace.c", "| PTE_V | PTE_U | PTE_A", "| PTE_V | PTE_W | PTE_U | PTE_A"),
    ("stale-translations", "object/vspace.c", '__asm__ volatile("sfence.vma" ::: "memory");', '__asm__ volatile("nop" ::: "memory");'),
    ("unmapped-in-name", "object/vspace.c", "\tif (entry != &no_entry)\n\t\tentry_set(entry, 0);\n\tframe->extra = 0;", "\t(void)entry;\n\tframe->extra = 0;"),
    ("table-keeps-entries", "object/vspace.c", "\tmemory_clear(cap_object(&target->cap), CLEAR_LINES);\n", ""),
    ("old-vspace-stays", "object/vspace.c", "asid_set(vspace->asid, empty_table, kernel_satp);", "(void)vspace;"),
    ("memory-not-cleared", "object/untyped.c", "if (!untyped->device && clear_some(", "if (untyped->device && clear_some("),
    ("a-page-not-cleared", "object/untyped.c", "\t\tlines = CLEAR_LINES;\n", "\t\tlines = CLEAR_LINES, from += lines * LINE_WORDS * sizeof(word);\n"),
    ("memory-twice", "object/untyped.c", "\tuntyped->badge = end;\n", ""),
    ("slots-not-empty", "object/untyped.c", "return types == TYPE_NULL;", "return types == types;"),
    ("revoked-in-part", "object/cnode.c", "\tif (!revoke_some(slot))\n\t\treturn PREEMPTED;", "\trevoke_some(slot);"),
    ("cancelled-in-part", "object/cnode.c", "? KERNEL_OK : PREEMPTED;\n}\n\n/* The cursor", "? KERNEL_OK : KERNEL_OK;\n}\n\n/* The cursor"),
    ("cancels-everyone", "object/cnode.c", "if (thread->send_badge == endpoint->cancel_badge) {", "if (thread->send_badge | 1) {"),
    ("never-back-to-the-ecall", "kernel/syscall.c", "\t\tself->context.x[REG_PC] -= 4;\n", "\t\tthread_result(self, KERNEL_OK);\n"),
    ("waits-for-the-dead", "object/delete.c", "\t\tthread_abort(list_take(&queue->threads));", "\t\tlist_take(&queue->threads);"),
    ("reaped-in-part", "object/delete.c", "} while (++units < REAP_UNITS);", "} while (++units < REAP_UNITS);\n\tdead_slots = NULL;"),
    ("reply-twice", "object/reply.c", "\tslot_empty(slot);\n\tif (to->fault)", "\tif (to->fault)"),
    ("grants-without-right", "kernel/syscall.c", "current->send_grants = cap->rights & RIGHT_GRANT;", "current->send_grants = cap->rights | 1;"),
    ("longer-than-the-buffer", "kernel/message.c", "\tif (!tcb_buffer(from, &in) || !tcb_buffer(to, &out)) {", "\tif (!tcb_buffer(to, &out) || !tcb_buffer(from, &in)) {\n\t\tarrived = &info;"),
    ("a-line-short", "kernel/message.c", "} while (line < length);", "} while (line + LINE_WORDS < length);"),
    ("buffer-to-read-only", "object/tcb.c", "rights[] = {0, 0, RIGHT_SEND, RIGHT_SEND | RIGHT_RECV};", "rights[] = {0, 0, RIGHT_SEND, RIGHT_SEND};"),
    ("buffer-behind-the-frame", "object/tcb.c", "return !(offset >> frame->bits) & ", "return !(offset >> 31 >> frame->bits) & "),
    ("written-while-it-runs", "object/tcb.c", "\tif (thread->state != INACTIVE)\n\t\treturn KERNEL_BAD_STATE;\n\tcontext_copy(", "\tcontext_copy("),
    ("ready-for-ever", "kernel/sched.c", "\tif (list_empty(list))\n\t\tready_map &=", "\tif (!list)\n\t\tready_map &="),
    ("signal-lost", "object/notification.c", "\t\tnotification->pending |= badge;", "\t\tnotification->pending = badge;"),
    ("taken-but-there", "object/notification.c", "\tnotification_give(current, notification->pending);\n\tnotification->pending = 0;", "\tnotification_give(current, notification->pending);"),
    ("interrupt-twice", "object/irq.c", "(to->cap.type != TYPE_NULL) | irqs[number].issued", "(to->cap.type != TYPE_NULL) | 0"),
    ("register-lost", "arch/trap.S", "26, 27, 28, 29, 30, 31\n\tsd\tx\\r, 8 * \\r(sp)", "26, 27, 29, 30, 31\n\tsd\tx\\r, 8 * \\r(sp)"),
    ("register-not-restored", "arch/trap.S", "26, 27, 28, 29, 30, 31\n\tld\tx\\r, 8 * \\r(a0)", "26, 27, 28, 29, 30\n\tld\tx\\r, 8 * \\r(a0)"),
    ("fast-and-long", "kernel/fastpath.c", "return ((info & 0xff) + 3) >> 3;", "return ((info & 0x7f) + 3) >> 4;"),
    ("fast-without-right", "kernel/fastpath.c", "(0xff | right << 8) ? NULL", "(0xff) ? NULL"),
    ("fast-to-the-unimportant", "kernel/fastpath.c", "\tothers = fast_others(self);\n\tif (others >> to->priority)\n\t\treturn slow_call();", "\tothers = fast_others(self);"),
    ("fast-reply-to-the-unimportant", "kernel/fastpath.c", "\tothers = fast_others(self);\n\tif (others >> to->priority)\n\t\treturn slow_replyrecv();", "\tothers = fast_others(self);"),
    ("fast-reply-to-a-fault", "kernel/fastpath.c", "if (to->fault | self->bound", "if (self->bound"),
    ("fast-past-a-signal", "kernel/fastpath.c", "to->fault | self->bound->pending | ", "to->fault | "),
    ("fast-past-a-sender", "kernel/fastpath.c", " | !list_empty(&endpoint->senders.threads))", ")"),
    ("fast-in-the-old-space", "kernel/fastpath.c", "\tcurrent = next;\n\tspace_enter(next);", "\tcurrent = next;"),
    ("fast-badge", "kernel/fastpath.c", "\tout[REG_A6] = badge;", "\tout[REG_A6] = badge & 0xff;"),
    ("fast-guard-ignored", "kernel/fastpath.c", " | (pointer >> root->bits ^ root->badge)", ""),
]


def scratch(folder):
    """A tree like ours with sources of the kernel, and what was made of them, of its own."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(os.path.join(folder, "build"))
    for name in sorted(os.listdir(".")):
        if name not in ("build", "kernel", ".git"):
            os.symlink(os.path.abspath(name), os.path.join(folder, name))
    shutil.copytree("kernel", os.path.join(folder, "kernel"))
    shutil.copy2("build/deps.mk", os.path.join(folder, "build"))
    for name in ("kernel-check", "benchmarks"):
        shutil.copytree(os.path.join("build", name), os.path.join(folder, "build", name))


def caught(make, folder, name, source, old, new):
    path = os.path.join(folder, "kernel/src", source)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if text.count(old) != 1:
        print(f"failed: {name}: {source} holds {text.count(old)} times, not once: {old!r}")
        return False
    stamp = os.stat(path)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(old, new))
    elf = "build/kernel-check/kernel.elf"
    made = subprocess.run([make, "-C", folder, "--no-print-directory", elf, "KERNEL_OPT=-O2 -Wno-error"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, close_fds=False)
    code, output = 0, ""
    if made.returncode == 0:
        code, output, _ = board.run(os.path.join(folder, elf), mode=1, timeout=12)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    os.remove(os.path.join(folder, "build/kernel-check/src", os.path.splitext(source)[0] + ".o"))
    if made.returncode:
        print(f"failed: {name}: does not build: {made.stdout[-500:]}")
    elif code == 0:
        print(f"failed: {name}: nobody noticed: {output[-100:]!r}")
    return code != 0


make, folder = sys.argv[1], os.path.abspath(sys.argv[2])
chosen = [mutant for mutant in MUTANTS if not sys.argv[3:] or mutant[0] in sys.argv[3:]]
unknown = set(sys.argv[3:]) - {mutant[0] for mutant in MUTANTS}
if unknown:
    sys.exit(f"mutants.py: no such mutant: {', '.join(sorted(unknown))}")
scratch(folder)
passed = sum(caught(make, folder, *mutant) for mutant in chosen)
print(f"{passed} passed, {len(chosen) - passed} failed")
sys.exit(passed != len(chosen))
