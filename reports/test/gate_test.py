#!/usr/bin/python3
"""The latency gate on the kernel itself: seeded regressions must fail, harmless changes must pass.

Each change is an edit of a copy of the kernel's sources, built, measured (a smaller campaign than `make`'s), analysed
and compared with the unchanged kernel by `potoroo diff` at its defaults.
Usage: gate_test.py POTOROO FOLDER [ENTRIES] [NAME…]      without names: all
"""
import difflib
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from gate_changes import HARMLESS, REGRESSIONS  # noqa: E402

POTOROO, FOLDER = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
ENTRIES = sys.argv[3] if len(sys.argv) > 3 else "60000"
TREE = ("Makefile", ".ci", "base", "cfg", "tracer", "ilp", "cachemodel", "analyzer", "benchmarks", "platforms", "reports")


class Failed(Exception):
    pass


def run(args, cwd, log, allowed=(0,)):
    with open(log, "ab") as f:
        r = subprocess.run(args, cwd=cwd, stdout=f, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=900)
    if r.returncode not in allowed:
        raise Failed(f"{' '.join(args)}: exit code {r.returncode}, see {log}")


def scratch(folder):
    """A tree like ours with a kernel of its own, everything else by reference."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(os.path.join(folder, "build"))
    for name in TREE:
        if os.path.exists(name):
            os.symlink(os.path.abspath(name), os.path.join(folder, name))
    shutil.copytree("kernel", os.path.join(folder, "kernel"))
    shutil.copy("build/deps.mk", os.path.join(folder, "build"))
    shutil.copy("potoroo.ini", folder)
    for name in ("potoroo", "platform", "reference.model"):
        os.symlink(os.path.abspath(os.path.join("build", name)), os.path.join(folder, "build", name))


def source(folder, name):
    """The path of the one file of that name among the kernel's."""
    found = [os.path.join(d, name) for d, _, names in os.walk(os.path.join(folder, "kernel")) if name in names]
    if len(found) != 1:
        raise Failed(f"gate_changes.py: {len(found)} files of the kernel are named {name}")
    return found[0]


def edit(folder, name, old, new):
    name = source(folder, name)
    text = open(name).read()
    if text.count(old) != 1:
        raise Failed(f"gate_changes.py: {name} holds {text.count(old)} times, not once: {old!r}")
    with open(name, "w") as f:
        f.write(text.replace(old, new))


def follow_lines(folder):
    """Facts name source lines: those of the unchanged sources become those of the edited ones."""
    def moved(m):
        try:
            path = os.path.relpath(source(".", m[1]))
        except Failed:
            return m[0]
        a, b = open(path).read().split("\n"), open(os.path.join(folder, path)).read().split("\n")
        line = int(m[2]) - 1
        for x, y, n in difflib.SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks():
            if x <= line < x + n:
                return f"{m[1]}:{y + line - x + 1}"
        return m[0]
    name = os.path.join(folder, "kernel/facts.ff")
    text = re.sub(r"\b(\w+\.[cS]):(\d+)", moved, open(name).read())
    with open(name, "w") as f:
        f.write(text)


def measure(name, edits, facts=(), seed="1"):
    """Build, run, profile, bound: the path of the result."""
    folder = os.path.join(FOLDER, name)
    scratch(folder)
    log = os.path.join(folder, "log")
    for e in edits:
        edit(folder, *e)
    follow_lines(folder)
    for e in facts:
        edit(folder, "facts.ff", *e)
    run(["make", "-s", "-o", "build/potoroo", "-o", "build/deps.mk", "build/kernel/kernel.elf"], folder, log)
    run([POTOROO, "run", "-p", "platforms/reference.ini", "-k", "build/kernel/kernel.elf", "-o", "t.ptrace", "--timeout", "600", "--must-end", "--",
         "-device", f"loader,addr=0x87e08000,data={seed},data-len=8", "-device", f"loader,addr=0x87e08008,data={ENTRIES},data-len=8"], folder, log)
    run([POTOROO, "profile", "-k", "build/kernel/kernel.elf", "t.ptrace", "-o", "build/kernel/kernel.prof"], folder, log)
    os.remove(os.path.join(folder, "t.ptrace"))
    run([POTOROO, "wcet", "-c", "potoroo.ini", "-o", "wcet.json"], folder, log, (0, 4))
    return os.path.join(folder, "wcet.json")


def gate(old, new):
    r = subprocess.run([POTOROO, "diff", "--json", old, new], capture_output=True, text=True, timeout=120)
    return r.returncode, json.loads(r.stdout) if r.stdout else r.stderr


def judge(change, old, regression):
    """None if the gate told right, else what it said."""
    try:
        new = measure(change["name"], change.get("edits", ()), change.get("facts", ()), change.get("seed", "1"))
    except Failed as e:
        return str(e)
    code, diff = gate(old, new)
    if code not in (0, 1, 4):  # 4: the campaign is too small to bound all entries
        return f"exit code {code}: {diff}"
    failed = [x for x in diff["entries"] if x["verdict"] == "fail"]
    if not regression:
        return "; ".join(f"{x['name']}: {x['reasons'][0]}" for x in failed) or None
    lost = [x["reasons"][0] for x in failed if x["new"] and x["new"]["bound"] is None]
    if lost:
        return lost[0]
    if not failed:
        most = max(diff["entries"], key=lambda x: x["change"])
        return f"passed; most: {most['name']} {most['change']:+}, work {most['work']:+}"
    told = [x for x in failed if x["name"] == change["entry"]]
    if not told:
        return f"it does not name {change['entry']} but {[x['name'] for x in failed]}"
    lead = told[0]["lead"] or {"function": "nothing", "line": 0}
    right = change["function"] if isinstance(change["function"], tuple) else (change["function"],)
    good = lead["function"].split(".")[0] in right and lead["line"] > 0
    return None if good else f"it does not name {' or '.join(right)} but {lead['function']}, line {lead['line']}"


def main():
    wanted = sys.argv[4:]
    cases = [(c, True) for c in REGRESSIONS] + [(c, False) for c in HARMLESS]
    cases = [(c, r) for c, r in cases if not wanted or c["name"] in wanted]
    if len(cases) < len(wanted):
        sys.exit("no such change")
    os.makedirs(FOLDER, exist_ok=True)
    old = measure("unchanged", ())
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(lambda c: judge(c[0], old, c[1]), cases))
    for (change, regression), wrong in zip(cases, told):
        kind = "regression" if regression else "harmless"
        print(f"{'FAILED' if wrong else 'ok'}: {kind} '{change['name']}'{': ' + wrong if wrong else ''}")
    failed = sum(1 for w in told if w)
    print(f"{len(told) - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
