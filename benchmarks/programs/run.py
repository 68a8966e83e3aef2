#!/usr/bin/python3
"""Compiles the benchmark programs, runs them on the reference board and judges `potoroo cfg` by what they did.

Usage: run.py [--slice] [--out=FOLDER] [--report=FILE] [PROGRAM…]
Environment: POTOROO PLUGIN PLATFORM QEMU RV_PREFIX. What is checked is in README.md.
"""
import copy
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from board import execute, tool  # noqa: E402
from follow import Graph, Walk  # noqa: E402
from truth import Truth  # noqa: E402

ENTRY = 0x80000000
FLAGS = ["-march=rv64imac", "-mabi=lp64", "-mcmodel=medany", "-ffreestanding", "-fno-pic", "-fno-stack-protector", "-static", "-nostdlib", "-g",
         "-std=gnu11", "-Wall", "-Wextra", "-Wshadow", "-Werror", "-Wno-implicit-fallthrough", "-ffunction-sections", "-fno-asynchronous-unwind-tables"]
LEVELS = ["-O0", "-O1", "-O2", "-O3", "-Os"]


PREFIX = tool("RV_PREFIX", "riscv64-unknown-elf-")
COMPILERS = {"gcc": [PREFIX + "gcc"], "clang": ["clang", "--target=riscv64-unknown-elf", "-mno-relax"]}


def command(words, folder=None):
    done = subprocess.run(words, capture_output=True, text=True, cwd=folder, check=False)
    if done.returncode:
        raise RuntimeError(f"{os.path.basename(words[0])}: {done.stderr.strip()[:300]}")
    return done.stdout


def compiler_works(name):
    try:
        command([*COMPILERS[name], *FLAGS, "-c", "-x", "c", "-o", os.devnull, os.devnull])
    except (OSError, RuntimeError):
        return False
    return True


def compile_program(name, compiler, level, folder):
    """The ELF. GNU ld links for both compilers, with the libgcc of the GNU one."""
    elf = os.path.join(folder, f"{name}-{compiler}{level}.elf")
    parts = []
    for source, more in ((name, []), ("lib", ["-fno-tree-loop-distribute-patterns" if compiler == "gcc" else "-fno-builtin"])):
        parts.append(f"{elf[:-4]}-{source}.o")
        command([*COMPILERS[compiler], *FLAGS, level, *more, "-c", "-o", parts[-1], f"-fdebug-prefix-map={HERE}=.", f"{source}.c"], HERE)
    command([PREFIX + "gcc", "-march=rv64imac", "-mabi=lp64", "-nostdlib", "-static", "-Wl,--gc-sections,--build-id=none,--no-warn-rwx-segments",
             "-T", os.path.join(HERE, "link.ld"), "-o", elf, os.path.join(HERE, "crt.S"), *parts, "-lgcc"])
    for part in parts:
        os.unlink(part)
    return elf


def load_cfg(elf):
    done = subprocess.run([tool("POTOROO", "build/potoroo"), "cfg", "--json", elf], capture_output=True, text=True, timeout=120)
    if done.returncode not in (0, 4):
        raise RuntimeError(f"potoroo cfg: exit code {done.returncode}: {done.stderr.strip()[:200]}")
    return json.loads(done.stdout)


def bound_of(loop):
    bound = loop["bound"]
    return bound["max"] if bound and bound["origin"] in ("derived", "proved") else None


def judge(cfg, elf, truth, level, pcs):
    """(problems, walk): what is wrong with the CFG, given what was executed and what is true of the sources."""
    walk = Walk(Graph(cfg, elf)).run(pcs, ENTRY)
    problems = list(walk.errors)
    if walk.transfers < (50 if walk.g.loops else 1): # a compiler may have done all of the work
        problems.append(f"only {walk.transfers} transfers were followed")
    problems += [f"unresolved: {u['place']}: {u['why']}" for u in cfg["unresolved"]]
    for loop in walk.g.loops:
        bound, place = bound_of(loop), f"{loop['function']} {loop['header']} ({loop.get('source', '?')})"
        if bound is not None and bound < loop["seen"]:
            problems.append(f"loop {place}: bound {bound} ({loop['bound']['why']}), but it ran {loop['seen']} times")
        problems += [f"loop {place}: {p}" for p in truth.loop(loop, bound, level)]
    problems += truth.recursion(walk, level)
    return problems, walk


def lies(cfg, walk):
    """CFGs wrong in one thing that the execution disproves: a bound one too small, an edge or a callee gone."""
    tight = [(l["function"], l["header"], l["seen"]) for l in walk.g.loops if l["seen"] > 1]
    for function, header, seen in tight[:3]:
        lie = copy.deepcopy(cfg)
        for f in lie["functions"]:
            for l in f["loops"]:
                if (f["name"], l["header"]) == (function, header):
                    l["bound"] = {"max": seen - 1, "origin": "derived", "why": "a seeded lie"}
        yield lie
    used = sorted(walk.used)
    for source, to in used[::max(1, len(used) // 3)][:3]:
        lie = copy.deepcopy(cfg)
        for f in lie["functions"]:
            for b in f["blocks"]:
                if int(b["addr"], 16) == source:
                    b["succ"] = [e for e in b["succ"] if int(e["to"], 16) != to]
        yield lie


def case(job):
    """One program by one compiler at one level: its row of the table."""
    name, compiler, level, out, seeded = job
    row = {"program": name, "config": compiler + level, "loops": 0, "bounded": 0, "seen": 0, "tight": 0, "transfers": 0, "iterations": 0, "tried": 0, "caught": 0,
           "open": []}
    try:
        elf = compile_program(name, compiler, level, out)
        cfg, (status, pcs) = load_cfg(elf), execute(elf)
        truth = Truth(os.path.join(HERE, name + ".c"), os.path.join(HERE, name + ".bounds"))
        row["problems"], walk = judge(cfg, elf, truth, level, pcs)
        row["problems"] += truth.problems
        if status:
            row["problems"].append(f"the program says that its results are wrong (exit status {status})")
        loops = walk.g.loops
        row["loops"], row["bounded"] = len(loops), sum(bound_of(l) is not None for l in loops)
        row["seen"], row["tight"] = sum(l["seen"] > 0 for l in loops), sum(bound_of(l) == l["seen"] for l in loops if l["seen"])
        row["transfers"], row["iterations"] = walk.transfers, sum(l["total"] for l in loops)
        row["open"] = [f"{l['function']} {l['header']} {l.get('source', '?')} ran {l['seen']}" for l in loops if bound_of(l) is None]
        row["indirect"], row["resolved"] = cfg["stats"]["indirect"], cfg["stats"]["indirect_resolved"]
        if seeded and not row["problems"]:
            for lie in lies(cfg, walk):
                row["tried"] += 1
                row["caught"] += bool(judge(lie, elf, truth, level, pcs)[0])
            if row["caught"] != row["tried"] or not row["tried"]:
                row["problems"].append(f"{row['tried'] - row['caught']} of {row['tried']} seeded lies were believed")
    except (RuntimeError, OSError, subprocess.SubprocessError, ValueError, KeyError) as e:
        row["problems"] = [f"{type(e).__name__}: {e}"]
    return row


def table(rows, configs, report):
    print(f"{'loops bounded without facts':<16}", *[f"{c.replace('clang', 'cl'):>8}" for c in configs], f"{'share':>7}", file=report)
    for name in sorted({r["program"] for r in rows}):
        mine = {r["config"]: r for r in rows if r["program"] == name}
        cells = [f"{mine[c]['bounded']}/{mine[c]['loops']}" if c in mine else "-" for c in configs]
        n, of = sum(r["bounded"] for r in mine.values()), sum(r["loops"] for r in mine.values())
        print(f"{name:<27}", *[f"{c:>8}" for c in cells], f"{100 * n / max(of, 1):6.1f}%", file=report)
    cells = []
    for c in configs:
        mine = [r for r in rows if r["config"] == c]
        cells.append(f"{100 * sum(r['bounded'] for r in mine) / max(1, sum(r['loops'] for r in mine)):7.1f}%")
    n, of = sum(r["bounded"] for r in rows), sum(r["loops"] for r in rows)
    print(f"{'all':<27}", *cells, f"{100 * n / max(of, 1):6.1f}%", file=report)
    total = {k: sum(r.get(k, 0) for r in rows) for k in ("seen", "tight", "transfers", "iterations", "tried", "caught", "indirect", "resolved")}
    print(f"{n} of {of} loops bounded without facts; {total['tight']} of {total['seen']} executed loops bounded exactly", file=report)
    print(f"{total['indirect']} indirect jumps, {total['resolved']} resolved; {total['transfers']} control transfers and {total['iterations']} iterations followed; "
          f"{total['caught']} of {total['tried']} seeded lies caught", file=report)


def main():
    options = [a for a in sys.argv[1:] if a.startswith("--")]
    names = [a for a in sys.argv[1:] if not a.startswith("--")]
    values = dict(o[2:].split("=", 1) for o in options if "=" in o)
    sliced = "--slice" in options
    everything = sorted(f[:-7] for f in os.listdir(HERE) if f.endswith(".bounds"))
    out = values.get("out", "build/benchmarks/programs")
    os.makedirs(out, exist_ok=True)
    out = os.path.abspath(out)
    compilers = [c for c in COMPILERS if compiler_works(c)]
    for c in COMPILERS:
        if c not in compilers:
            print(f"{c} for rv64 is not installed: its half of the table is left out")
    jobs = []
    for i, name in enumerate(names or everything):
        for c in compilers:
            for k, level in enumerate(LEVELS):
                if not sliced or (i + k + 2 * (c == "clang")) % len(LEVELS) == 0:
                    jobs.append((name, c, level, out, level in ("-O0", "-O2") or sliced))
    with ThreadPoolExecutor(2) as pool:
        rows = list(pool.map(case, jobs))
    configs = [c + l for c in compilers for l in LEVELS]
    table(rows, configs, sys.stdout)
    if "open" in values:
        with open(values["open"], "w") as file:
            for r in rows:
                for place in r["open"]:
                    print(r["program"], r["config"], place, file=file)
    for r in rows:
        for p in r["problems"]:
            print(f"{r['program']} {r['config']}: {p}")
    failed = sum(bool(r["problems"]) for r in rows)
    print(f"{len(rows) - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
