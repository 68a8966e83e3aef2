#!/usr/bin/python3
"""Programs in many shapes, by two compilers at several levels: executed by QEMU and followed through the CFG.

Usage: traces.py TOOL BUILD-DIRECTORY RV_PREFIX QEMU [quick] [SEED...]: with seeds, random loops (random_loops.py) instead
"""
import copy
import os
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True

sys.path.insert(0, os.path.dirname(__file__))
import random_loops  # noqa: E402
from trace_check import Graph, Walk, addresses, load_cfg  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = {"loops": "loops.c", "switches": "switches.c", "calls": "calls.c", "hand": "hand.S"}
FLAGS = ["-mcmodel=medany", "-ffreestanding", "-fno-pic", "-static", "-nostdlib", "-g"]
GCC = ["-march=rv64imac", "-mabi=lp64"]
CLANG = ["--target=riscv64-unknown-elf", "-march=rv64imac", "-mabi=lp64", "-mno-relax", "-fuse-ld=lld"]


def configurations(prefix, quick):
    gcc = [("gcc" + o, [prefix + "gcc", *GCC, o]) for o in (["-O2", "-O0"] if quick else ["-O0", "-O1", "-O2", "-O3", "-Os"])]
    gcc += [("gcc-O2-double", [prefix + "gcc", "-march=rv64gc", "-mabi=lp64d", "-O2"])]
    if not (shutil.which("clang") and shutil.which("ld.lld")):
        print("clang or lld is not here: its configurations are left out")
        return gcc
    clang = [("clang" + o, ["clang", *CLANG, o]) for o in (["-O2"] if quick else ["-O0", "-O1", "-O2", "-O3", "-Os", "-Oz"])]
    return gcc + clang


def build(command, program, out):
    p = os.path.join(HERE, "programs")
    lib = ["-lgcc"] if "gcc" in command[0] else [subprocess.run(["riscv64-unknown-elf-gcc", *GCC, "-print-libgcc-file-name"],
                                                 check=True, capture_output=True, text=True).stdout.strip()]
    alone = []
    if program.startswith("random"):
        alone = ["-DALONE"] if int(program[6:-2]) % 2 else []
        program = os.path.join(os.path.dirname(os.path.abspath(out)), program)
    subprocess.run([*command, *FLAGS, *alone, "-w", "-T", os.path.join(p, "link.ld"), "-o", out, os.path.join(p, "start.S"), os.path.join(p, program), *lib],
                   check=True)


def seeded_lies(cfg, walk_pcs, vectors, base):
    """Versions of the graph that are wrong must be found wrong. Returns (caught, tried)."""
    used = sorted(base.used)
    lies = []
    for pair in used[:: max(1, len(used) // 8)]:
        lie = copy.deepcopy(cfg)
        for f in lie["functions"]:
            for b in f["blocks"]:
                if int(b["addr"], 16) == pair[0]:
                    b["succ"] = [e for e in b["succ"] if int(e["to"], 16) != pair[1]]
        lies.append(lie)
    tight = [(l["header"], l["function"]) for l in base.g.bounds if l["bound"] and l["seen"] == l["bound"]["max"] > 1]
    for header, function in tight[:4]:
        lie = copy.deepcopy(cfg)
        for f in lie["functions"]:
            for l in f["loops"]:
                if l["header"] == header and f["name"] == function:
                    l["bound"]["max"] -= 1
        lies.append(lie)
    caught = sum(bool(Walk(Graph(lie), vectors).run(iter(walk_pcs)).errors) for lie in lies)
    return caught, len(lies)


def main():
    tool, out, prefix, qemu = sys.argv[1:5]
    quick = "quick" in sys.argv[5:]
    programs = dict(PROGRAMS)
    seeds = [a for a in sys.argv[5:] if a.isdigit()]
    if seeds:
        programs = {f"random{s}": f"random{s}.c" for s in seeds}
    os.makedirs(out, exist_ok=True)
    for s in seeds:
        with open(os.path.join(out, f"random{s}.c"), "w", encoding="ascii") as f:
            f.write(random_loops.program(int(s)))
    passed = failed = 0
    bounded = loops = 0
    for name, command in configurations(prefix, quick):
        for program, source in programs.items():
            elf = os.path.join(out, f"{program}-{name}.elf")
            build(command, source, elf)
            cfg = load_cfg(tool, elf)
            names = {f["name"]: int(f["addr"], 16) for f in cfg["functions"]}
            pcs = list(addresses(qemu, elf, elf + ".log"))
            os.unlink(elf + ".log")
            vectors = [names["trap_vector"]]
            walk = Walk(Graph(cfg), vectors).run(iter(pcs))
            problems = list(walk.errors)
            if walk.transfers < 100:
                problems.append(f"only {walk.transfers} transfers were followed")
            problems += [f"unresolved: {u['place']}: {u['why']}" for u in cfg["unresolved"]]
            if not seeds and (quick is False or name in ("gcc-O2", "clang-O2")):
                caught, tried = seeded_lies(cfg, pcs, vectors, walk)
                if caught != tried or tried == 0:
                    problems.append(f"{tried - caught} of {tried} seeded lies were believed")
            for p in problems:
                print(f"{program}-{name}: {p}")
            failed += bool(problems)
            passed += not problems
            bounded += cfg["stats"]["loops_bounded"]
            loops += cfg["stats"]["loops"]
    print(f"loops bounded without facts: {bounded} of {loops}")
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
