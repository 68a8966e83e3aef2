#!/usr/bin/python3
# header.py CC PREFIX: tracer/target/potoroo.h on its own: what a probe is, in C and in assembly, and that POTOROO_OFF leaves nothing.
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CC, PREFIX = sys.argv[1:3]
FLAGS = ["-march=rv64imac_zicsr_zifencei", "-mabi=lp64", "-mcmodel=medany", "-O2", "-ffixed-x25", "-ffixed-x26", "-ffixed-x27", "-ffreestanding",
         "-Wall", "-Wextra", "-Werror", "-I" + ROOT + "/tracer/target"]
# docs/ARCHITECTURE.md, "Probes on the target"
PROBE = ["auipc s9,0x0", "sw s9,0(s10)", "sd zero,8(s11)", "ld s9,0(s11)", "sw s9,4(s10)", "add s10,s10,8"]
C_SOURCE = """#include "potoroo.h"
void f(void);
void f(void) { POTOROO_PROBE(); }
_Static_assert(sizeof(struct potoroo_buffer) == 40, "five words");
_Static_assert(__builtin_offsetof(struct potoroo_buffer, head) == POTOROO_BUFFER_HEAD, "head");
_Static_assert(__builtin_offsetof(struct potoroo_buffer, lost) == POTOROO_BUFFER_LOST, "lost");
"""
S_SOURCE = """#include "potoroo.h"
	.globl potoroo_buffer
	.text
f:	POTOROO_ENTER_POINT
	POTOROO_ENTER t0
	POTOROO_PROBE
	POTOROO_EXIT t0
	POTOROO_LEAVE_POINT
	sret
	POTOROO_INIT t0
"""

passed = failed = 0


def check(good, text):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print("failed:", text)


def build(folder, name, source, *flags):
    path, out = os.path.join(folder, name), os.path.join(folder, name + ".o")
    with open(path, "w", encoding="utf-8") as file:
        file.write(source)
    subprocess.run([CC, *FLAGS, *flags, "-c", "-o", out, path], check=True)
    text = subprocess.run([PREFIX + "objdump", "-d", "--no-show-raw-insn", out], check=True, stdout=subprocess.PIPE, text=True).stdout
    lines = [re.sub(r"^addi ", "add ", re.sub(r"\s+", " ", re.sub(r"\s*[#<].*", "", line.split("\t", 1)[1])).strip())
             for line in text.splitlines() if re.match(r"^ *[0-9a-f]+:\t", line)]
    sections = subprocess.run([PREFIX + "readelf", "-SW", out], check=True, stdout=subprocess.PIPE, text=True).stdout
    size = re.search(r" \.potoroo\.points +PROGBITS +\w+ +\w+ +(\w+) +\w+ +([A-Z]*) ", sections)
    return lines, (int(size[1], 16), size[2]) if size else None


with tempfile.TemporaryDirectory() as folder:
    lines, points = build(folder, "probe.c", C_SOURCE)
    check(lines == PROBE + ["ret"], f"a probe in C: {lines}")
    check(points is not None and points[0] == 16 and "A" not in points[1], f"its point: {points}")
    lines, points = build(folder, "probe.S", S_SOURCE)
    check(any(lines[i:i + len(PROBE)] == PROBE for i in range(len(lines))), f"a probe in assembly: {lines}")
    check(points is not None and points[0] == 3 * 16, f"enter, probe and leave: {points}")
    for name, source, rest in (("off.c", C_SOURCE, ["ret"]), ("off.S", S_SOURCE, ["sret"])):
        lines, points = build(folder, name, source, "-DPOTOROO_OFF")
        check(lines == rest and points is None, f"{name}: POTOROO_OFF leaves {lines} {points}")
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
