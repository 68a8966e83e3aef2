"""What gate_test.py does to the kernel. An edit is (file's name, text that is there once, its replacement).

A regression names an entry that must fail and a function that must be named. `facts` are such edits of the facts: what an engineer who
makes the change must say."""

NOPS = '__asm__ volatile(".rept 20\\n\\tnop\\n\\t.endr");'

REGRESSIONS = [
    {"name": "twenty-cycles", "entry": "yield", "function": "sys_yield",
     "edits": [("syscall.c", "\tthread_result(current, KERNEL_OK);\n\tready_remove(current);",
                f"\tthread_result(current, KERNEL_OK);\n\t{NOPS}\n\tready_remove(current);")]},
    {"name": "longer-loop", "entry": "send", "function": "message_copy_lines",
     "edits": [("message.c", "} while (line < length);", "} while (line < length + LINE_WORDS);")],
     "facts": [("max 15 because", "max 16 because")]},
    {"name": "lost-inlining", "entry": "send", "function": "message_arrived",
     "edits": [("endpoint.c", "static inline void message_arrived", "ALONE static void message_arrived")]},
    {"name": "fields-on-many-lines", "entry": "yield", "function": ("schedule", "ready_add"),
     "edits": [("sched.c", "struct link ready[PRIORITIES];\nword ready_map;\nstruct tcb *current;\nword active_satp;",
                "struct link ready[PRIORITIES];\n#define FAR __attribute__((aligned(4096)))\nFAR word ready_map;\nFAR struct tcb *current;\nFAR word active_satp;"),
               ("sched.c", "\tlist_remove(&thread->link);", "\tstatic FAR word removals;\n\n\tremovals++;\n\tlist_remove(&thread->link);")]},
    {"name": "deeper-lookup", "entry": "send", "function": "lookup",
     "edits": [("lookup.c", "\t\tif (header_type(header) != TYPE_CNODE)\n", "\t\t__asm__ volatile(\"\" :: \"r\"(address / (radix + 1u)));\n\t\tif (header_type(header) != TYPE_CNODE)\n")]},
    {"name": "removed-preemption-point", "entry": "untyped-retype", "function": "memory_clear",
     "edits": [("object.h", "#define CLEAR_LINES 64", "#define CLEAR_LINES 128")]},
    {"name": "division", "entry": "wait", "function": "schedule",
     "edits": [("sched.c", "\tcurrent = next;\n", "\tcurrent = next;\n"
                "\t__asm__ volatile(\"\" :: \"r\"(next->context.x[5] / (next->priority + 1)), \"r\"(next->context.x[6] / (next->priority + 2)));\n")]},
    {"name": "search-by-loop", "entry": "timer-interrupt", "function": "schedule",
     "edits": [("sched.c", "\tstruct tcb *next = tcb_of(ready[highest_bit(ready_map)].next);",
                "\tword top = PRIORITIES - 1;\n\twhile (!(ready_map >> top & 1))\n\t\ttop--;\n\tstruct tcb *next = tcb_of(ready[top].next);"),
               ("sched.c", "static inline word highest_bit", "static inline __attribute__((unused)) word highest_bit")],
     "facts": [("never panic because", "loop sched.c:42 max 64 because \"one turn a priority\"\nnever panic because")]},
    {"name": "work-in-interrupt", "entry": "device-interrupt", "function": "handle_device",
     "edits": [("trap.c", "\tirq_signal(&irqs[plic_claim()].slot);", "\tfor (word i = 0; i < 8; i++)\n\t\t*device(PLIC_THRESHOLD) = 0;\n\tirq_signal(&irqs[plic_claim()].slot);")]},
    {"name": "statistics", "entry": "yield", "function": "ready_add",
     "edits": [("sched.c", "\tthread->state = READY;\n\tlist_append(",
                "\tstatic struct { word n, rest[7]; } seen[PRIORITIES];\n\n\tseen[thread->priority].n++;\n\tthread->state = READY;\n\tlist_append(")]},
    {"name": "checks-on-every-fault", "entry": "page-fault", "function": "fault_raise",
     "edits": [("fault.c", "\tself->fault_value = value;\n\tendpoint_fault(",
               "\tself->fault_value = value;\n\tfor (word i = 0; i < 8; i++)\n\t\t((volatile word *)self->context.x)[i];\n\tendpoint_fault(")]},
]

UNRELATED = ("__attribute__((used, noinline)) word unrelated(word a, word b);\n__attribute__((used, noinline)) word unrelated(word a, word b)\n{{\n"
             "\t__asm__ volatile(\".rept {0}\\n\\tnop\\n\\t.endr\");\n\treturn a * b;\n}}\n\n")

HARMLESS = [
    {"name": "same-sources"},
    {"name": "unrelated-function", "edits": [("lookup.c", "static inline bool resolves", UNRELATED.format(3) + "static inline bool resolves")]},
    {"name": "unrelated-function-larger", "edits": [("sched.c", "/* The highest bit of a map", UNRELATED.format(45) + "/* The highest bit of a map")]},
    {"name": "comments", "edits": [("endpoint.c", "void endpoint_send(", "/* A comment\n * of\n * some\n * lines. */\nvoid endpoint_send(")]},
    {"name": "renamed-variable", "edits": [("sched.c", "\tstruct link *list = &ready[thread->priority];\n\n\tlist_remove(&thread->link);\n\tif (list_empty(list))",
                                            "\tstruct link *queue = &ready[thread->priority];\n\n\tlist_remove(&thread->link);\n\tif (list_empty(queue))")]},
    {"name": "renamed-function", "edits": [("object.h", "endpoint_fault(", "endpoint_raise("), ("endpoint.c", "void endpoint_fault(", "void endpoint_raise("),
                                           ("fault.c", "\tendpoint_fault(", "\tendpoint_raise(")]},
    {"name": "other-link-order", "edits": [("rules.mk", "$(wildcard kernel/src/kernel/*.c kernel/src/object/*.c)", "$(wildcard kernel/src/object/*.c kernel/src/kernel/*.c)")]},
    {"name": "unrelated-data", "edits": [("sched.c", "word ready_map;", "__attribute__((used)) static word unrelated_data[29];\nword ready_map;")]},
    {"name": "boot-code", "edits": [("boot.c", "\tpool = virt_to_phys(kernel_end);", "\tpool = (virt_to_phys(kernel_end) + 0xfffff) & ~(word)0xfffff;")]},
    {"name": "other-seed", "seed": "9"},
]
