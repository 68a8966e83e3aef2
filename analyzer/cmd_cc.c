#include "analyzer/command.h"
#include "tracer/tracer.h"

const struct command command_cc = {
    "cc", "compile C, with a probe at every basic-block boundary", cc_main,
    "usage: potoroo cc [--probes=all|sparse] [--clock=CLOCK] [--map FILE] -- CC ARGUMENT…\n"
    "\n"
    "Stands in for the compiler CC (gcc or clang for 64-bit RISC-V): every C source among the arguments is compiled to assembly,\n"
    "given probes at its basic-block boundaries, and assembled. All else (linking, preprocessing, assembly sources) is CC's own affair.\n"
    "\n"
    "  --probes=all     a probe in every basic block (the default)\n"
    "  --probes=sparse  only as many as tell all paths apart\n"
    "  --clock=CLOCK    what a probe reads the time from: latch (the board's counter page, the default), csr:NAME (csr:cycle, csr:time,\n"
    "                   csr:0x7c0 …) or load:OFFSET (a 64-bit word so far from the counter page's address)\n"
    "  --map FILE       write a line for each probe: source, probe's number in it, function, FILE:LINE, tab-separated\n"
    "\n"
    "Registers s9, s10 and s11 are the probes': code that uses them is an error. Functions placed in a section whose name begins with\n"
    "\".noprobe\" get no probes and may use those registers. Exit code: CC's own where CC fails, else 0, 2 for wrong usage, 3 for code\n"
    "that cannot be given probes.\n"
};
