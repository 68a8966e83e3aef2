"""What gate_test.py does to the kernel. An edit is (file, text that is there once, its replacement).

A regression names an entry that must fail and a function that must be named."""

NOPS = '__asm__ volatile(".rept 20\\n\\tnop\\n\\t.endr");'

REGRESSIONS = [
    {"name": "twenty-cycles", "entry": "yield", "function": "sys_yield",
     "edits": [("kernel/src/syscall.c", "\tthread_result(current, KERNEL_OK);\n\tready_remove(current);",
                f"\tthread_result(current, KERNEL_OK);\n\t{NOPS}\n\tready_remove(current);")]},
    {"name": "longer-loop", "entry": "send", "function": "message_copy_lines",
     "edits": [("kernel/src/endpoint.c", "} while (line < length);", "} while (line < length + LINE_WORDS);")],
     "facts": [("max 15 because", "max 16 because")]},
    {"name": "lost-inlining", "entry": "send", "function": "send_now",
     "edits": [("kernel/src/endpoint.c", "static inline void send_now", "ALONE static void send_now"),
               ("kernel/src/endpoint.c", "static inline void message_arrived", "ALONE static void message_arrived")]},
    {"name": "fields-on-many-lines", "entry": "yield", "function": "schedule",
     "edits": [("kernel/src/sched.c", "struct link ready[PRIORITIES];\nword ready_map;\nstruct tcb *current;\nstatic word active_satp;",
                "struct link ready[PRIORITIES];\n#define FAR __attribute__((aligned(4096)))\nFAR word ready_map;\nFAR struct tcb *current;\nFAR static word active_satp;"),
               ("kernel/src/sched.c", "\tlist_remove(&thread->link);", "\tstatic FAR word removals;\n\n\tremovals++;\n\tlist_remove(&thread->link);")]},
    {"name": "deeper-lookup", "entry": "signal", "function": "cap_find",
     "edits": [("kernel/src/cap.c", "\tstruct cap *cap;\n\n\tif (!cap_slot(index, &cap) || cap->type != type)",
                "\tstruct cap *cap;\n\n\tcap_slot(1, &cap);\n\t__asm__ volatile(\"\" :: \"r\"(cap->extra));\n\tcap_slot(2, &cap);\n\t__asm__ volatile(\"\" :: \"r\"(cap->extra));\n"
                "\tif (!cap_slot(index, &cap) || cap->type != type)")]},
    {"name": "division", "entry": "wait", "function": "schedule",
     "edits": [("kernel/src/sched.c", "\tcurrent = next;\n\treturn next;", "\tcurrent = next;\n\tactive_satp += next->context.x[5] / (next->priority + 1) & 0;\n"
                "\t__asm__ volatile(\"\" :: \"r\"(next->context.x[6] / (next->priority + 2)));\n\treturn next;")]},
    {"name": "search-by-loop", "entry": "timer-interrupt", "function": "schedule",
     "edits": [("kernel/src/sched.c", "\tstruct tcb *next = tcb_of(ready[highest_bit(ready_map)].next);",
                "\tword top = PRIORITIES - 1;\n\twhile (!(ready_map >> top & 1))\n\t\ttop--;\n\tstruct tcb *next = tcb_of(ready[top].next);"),
               ("kernel/src/sched.c", "static inline word highest_bit", "static inline __attribute__((unused)) word highest_bit")],
     "facts": [("never panic because", "loop sched.c:42 max 64 because \"one turn a priority\"\nnever panic because")]},
    {"name": "work-in-interrupt", "entry": "device-interrupt", "function": "handle_device",
     "edits": [("kernel/src/trap.c", "\tnotification_signal(irq->notification, irq->badge);",
                "\t*device(PLIC_THRESHOLD) = 0;\n\t*device(PLIC_THRESHOLD) = 0;\n\tirq->badge |= plic_claim() & 0;\n\tnotification_signal(irq->notification, irq->badge);")]},
    {"name": "statistics", "entry": "call", "function": "ready_add",
     "edits": [("kernel/src/sched.c", "\tthread->state = READY;\n\tlist_append(",
                "\tstatic struct { word n, rest[7]; } seen[PRIORITIES];\n\n\tseen[thread->priority].n++;\n\tthread->state = READY;\n\tlist_append(")]},
    {"name": "checks-on-every-fault", "entry": "page-fault", "function": "fault_raise",
     "edits": [("kernel/src/fault.c", "\tself->fault_value = value;\n\tif (cap->type",
                "\tself->fault_value = value;\n\tfor (word i = 0; i < 8; i++)\n\t\t((volatile word *)self->context.x)[i];\n\tif (cap->type")]},
]

UNRELATED = ("__attribute__((used, noinline)) word unrelated(word a, word b);\n__attribute__((used, noinline)) word unrelated(word a, word b)\n{{\n"
             "\t__asm__ volatile(\".rept {0}\\n\\tnop\\n\\t.endr\");\n\treturn a * b;\n}}\n\n")

HARMLESS = [
    {"name": "same-sources"},
    {"name": "unrelated-function", "edits": [("kernel/src/cap.c", "static inline bool cnode_slot", UNRELATED.format(3) + "static inline bool cnode_slot")]},
    {"name": "unrelated-function-larger", "edits": [("kernel/src/sched.c", "void ready_add(struct tcb *thread)\n", UNRELATED.format(45) + "void ready_add(struct tcb *thread)\n")]},
    {"name": "comments", "edits": [("kernel/src/endpoint.c", "void endpoint_send(", "/* A comment\n * of\n * some\n * lines. */\nvoid endpoint_send(")]},
    {"name": "renamed-variable", "edits": [("kernel/src/sched.c", "\tstruct link *list = &ready[thread->priority];\n\n\tlist_remove(&thread->link);\n\tif (list_empty(list))",
                                            "\tstruct link *queue = &ready[thread->priority];\n\n\tlist_remove(&thread->link);\n\tif (list_empty(queue))")]},
    {"name": "renamed-function", "edits": [("kernel/include/object.h", "endpoint_fault(", "endpoint_raise("),
                                           ("kernel/src/endpoint.c", "void endpoint_fault(", "void endpoint_raise("),
                                           ("kernel/src/fault.c", "\t\tendpoint_fault(", "\t\tendpoint_raise(")]},
    {"name": "other-link-order", "edits": [("kernel/rules.mk", "KERNEL_C := kernel/src/cap.c kernel/src/endpoint.c", "KERNEL_C := kernel/src/endpoint.c kernel/src/cap.c")]},
    {"name": "unrelated-data", "edits": [("kernel/src/sched.c", "word ready_map;", "__attribute__((used)) static word unrelated_data[29];\nword ready_map;")]},
    {"name": "boot-code", "edits": [("kernel/src/boot.c", "\tpool = virt_to_phys(kernel_end);", "\tpool = (virt_to_phys(kernel_end) + 0xfffff) & ~(word)0xfffff;")]},
    {"name": "other-seed", "seed": "9"},
]
