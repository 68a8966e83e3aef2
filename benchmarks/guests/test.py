#!/usr/bin/python3
"""A kernel that is not ours, bounded three ways: with probes, with sparse probes, and unmodified through the trace port. Nothing is given but
CC= and its potoroo.ini. And: probes and port tell the same of one run, of that kernel and of ours.

usage: test.py POTOROO RV_PREFIX PLATFORM.ini KERNEL.elf KERNEL_PLAIN.elf"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
POTOROO, PREFIX = str(pathlib.Path(sys.argv[1]).resolve()), sys.argv[2]
BOARD, KERNEL, PLAIN = (str(pathlib.Path(p).resolve()) for p in sys.argv[3:6])
TICK = ROOT / "benchmarks/guests/tick"
passed = failed = 0


def check(name, good, why=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"{name}: {why}")


def run(*arguments, expect=0):
    r = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    check(" ".join(str(a) for a in arguments[:2]), r.returncode == expect, f"status {r.returncode}: {r.stderr.strip()} (of {' '.join(str(a) for a in arguments)})")
    return r.stdout, r.stderr


def build(folder, probes):
    """As its user would: its own Makefile, another compiler."""
    more = ["DEFINES=-DPOTOROO_OFF", f"CC={PREFIX}gcc"]
    if probes is not None:
        more = [f"CC={POTOROO} cc {probes} -- {PREFIX}gcc", f"RUNTIME_C={ROOT}/tracer/target/potoroo.c", "DEFINES=-DPOTOROO_MACHINE -DPOTOROO_COUNTER=0x87fff000"]
    run("make", "-s", "-C", TICK, f"OUT={folder}", f"TASK_CC={PREFIX}gcc", *more)


def analyse(folder, name, ini, *how):
    """Run, profile, bound; the result."""
    elf = folder / "tick.elf"
    run(POTOROO, "run", "-p", BOARD, "-k", elf, "-o", folder / "tick.ptrace", *how)
    run(POTOROO, "profile", "-k", elf, folder / "tick.ptrace", "-o", folder / "tick.prof")
    text = re.sub(r"= \S*/(tick\.\w+)", rf"= {folder}/\1", (TICK / ini).read_text())
    (folder / "potoroo.ini").write_text(re.sub(r"platform = \S+", f"platform = {BOARD}", text))
    run(POTOROO, "wcet", "-c", folder / "potoroo.ini", "-o", folder / "tick.json")
    rows = json.loads((folder / "tick.json").read_text())["entries"]
    check(f"{name}: both entries are bounded", [r["name"] for r in rows] == ["exception", "interrupt"] and all(r["bound"] for r in rows), rows)
    for r in rows:
        check(f"{name}, {r['name']}", r["observed_max"] <= r["bound"] <= 2 * r["observed_max"] and r["observations"] > 10000,
              f"{r['observed_max']} of {r['observations']} against {r['bound']}")
    out, _ = run(POTOROO, "verify", "-c", folder / "potoroo.ini", "-r", folder / "tick.json", folder / "tick.ptrace")
    return rows


def causes(folder, rows):
    """The same trace, its entries told apart by what the trap port says of each trap: they add up to what symbols tell apart."""
    text = re.sub(r"= \S*/(tick\.\w+)", rf"= {folder}/\1", (TICK / "cause.ini").read_text())
    (folder / "cause.ini").write_text(re.sub(r"platform = \S+", f"platform = {BOARD}", text))
    run(POTOROO, "wcet", "-c", folder / "cause.ini", "-o", folder / "cause.json")
    by_cause = {r["name"]: r for r in json.loads((folder / "cause.json").read_text())["entries"]}
    seen = {k: r["observations"] for k, r in by_cause.items()}
    exception, interrupt = (r["observations"] for r in rows)
    check("causes and symbols agree", seen["call"] + seen["illegal"] == exception and seen["software"] + seen["timer"] == interrupt and min(seen.values()) > 0, (seen, rows))
    check("by cause: bounds", all(r["observed_max"] <= r["bound"] for r in by_cause.values()), by_cause)
    out, _ = run(POTOROO, "verify", "-c", folder / "cause.ini", "-r", folder / "cause.json", folder / "tick.ptrace")
    (folder / "wrong.ini").write_text((folder / "cause.ini").read_text().replace("cause = 2", "cause = 99"))
    _, err = run(POTOROO, "wcet", "-c", folder / "wrong.ini", expect=3)
    check("no such cause", re.search(r"wrong.ini:\d+: .*cause '99'", err), err)


def agree(name, elf, probes, port):
    out, _ = run(POTOROO, "effect", "-k", elf, probes, port)
    m = re.match(r"(\d+) records of the probes, (\d+) of the port beside them: the same points in the same order\n.*: (\d+) to (\d+) cycles", out)
    check(f"{name}: probes and port agree", m and int(m[1]) > 1000000, out)
    # auipc, sw, the latch's sd, and what is fetched on the way: at most two lines of code
    check(f"{name}: a probe's own time", m and int(m[3]) == 1 + 2 * (1 + 2) and int(m[4]) <= 7 + 2 * 20, out)
    print(f"{name}: {out}", end="")


def test_tick(folder):
    plain, probed, sparse = folder / "plain", folder / "probed", folder / "sparse"
    build(plain, None)
    names = subprocess.run([PREFIX + "nm", plain / "tick.elf"], capture_output=True, text=True, check=True).stdout
    check("the unmodified kernel has nothing of potoroo", "potoroo" not in names, names)
    causes(plain, analyse(plain, "port", "port.ini", "--points=port"))
    build(probed, "")
    analyse(probed, "probes", "potoroo.ini", "--port-output", probed / "port.ptrace")
    (probed / "cause.ini").write_text((probed / "potoroo.ini").read_text() + "cause = 8\n")
    _, err = run(POTOROO, "wcet", "-c", probed / "cause.ini", expect=3)
    check("probes tell no causes", "only the trace port tells" in err, err)
    agree("tick", probed / "tick.elf", probed / "tick.ptrace", probed / "port.ptrace")
    build(sparse, "--probes=sparse")
    analyse(sparse, "sparse probes", "potoroo.ini")
    out, _ = run(POTOROO, "effect", "--sparse", sparse / "tick.json", probed / "tick.json")
    m = re.findall(r"^(sparse|all) probes: (\d+) points, (\d+) bytes of code$", out, re.M)
    each = dict(re.findall(r"^(sparse|all) probes: .* entries, ([\d.]+) each$", out, re.M))
    check("sparse probes save size and time", [k for k, *_ in m] == ["sparse", "all"] and int(m[0][1]) < int(m[1][1]) and int(m[0][2]) < int(m[1][2]) and
          float(each["sparse"]) < float(each["all"]), out)
    print(out, end="")
    out, _ = run(POTOROO, "effect", probed / "tick.json", plain / "tick.json")
    check("effect", out.count("\n") == 8 and "without probes: " in out, out)
    effect = json.loads(run(POTOROO, "effect", "--json", probed / "tick.json", plain / "tick.json")[0])["probe_effect"]
    check("effect", all(r["mean_with"] > r["mean_without"] > 100 for r in effect) and len(effect) == 2, effect)
    print(out, end="")
    return probed


def test_disagreement(folder, probed):
    """What does not agree is noticed."""
    elf, port = probed / "tick.elf", folder / "narrow.ptrace"
    run(POTOROO, "run", "-p", BOARD, "-k", elf, "-o", folder / "again.ptrace", "--port-output", port, "--range", "trap")
    _, err = run(POTOROO, "effect", "-k", elf, folder / "again.ptrace", port, expect=1)
    check("blocks that the port does not tell of", "are not the same: their places" in err, err)
    check("a second run is the same run", (folder / "again.ptrace").read_bytes() == (probed / "tick.ptrace").read_bytes())
    _, err = run(POTOROO, "effect", "-k", elf, port, folder / "again.ptrace", expect=3)
    _, err = run(POTOROO, "effect", "-k", PLAIN, folder / "again.ptrace", port, expect=3)


def test_kernel(folder):
    words = ["--", "-device", "loader,addr=0x87e08000,data=11,data-len=8", "-device", "loader,addr=0x87e08008,data=33000,data-len=8"]
    run(POTOROO, "run", "-p", BOARD, "-k", KERNEL, "-f", ROOT / "kernel/facts.ff", "-o", folder / "k.ptrace", "--port-output", folder / "p.ptrace", *words)
    agree("kernel", KERNEL, folder / "k.ptrace", folder / "p.ptrace")


def test_plain_kernel(folder):
    """Our own kernel, unmodified, through the port: all entries but those that the short workload leaves steps of unseen."""
    words = ["--", "-device", "loader,addr=0x87e08000,data=1,data-len=8", "-device", "loader,addr=0x87e08008,data=33000,data-len=8"]
    facts = ROOT / "kernel/facts.ff"
    run(POTOROO, "run", "-p", BOARD, "-k", PLAIN, "-f", facts, "--points=port", "-o", folder / "plain.ptrace", *words)
    run(POTOROO, "profile", "-k", PLAIN, "-f", facts, folder / "plain.ptrace", "-o", folder / "plain.prof")
    entries = (ROOT / "potoroo.ini").read_text()
    head = f"[kernel]\nelf = {PLAIN}\narch = rv64\nfacts = {facts}\nprofile = {folder}/plain.prof\nplatform = {BOARD}\n\n"
    (folder / "plain.ini").write_text(head + entries[entries.index("[entry"):])
    r = subprocess.run([POTOROO, "wcet", "-c", folder / "plain.ini", "-o", folder / "plain.json"], capture_output=True, text=True, timeout=120)
    rows = json.loads((folder / "plain.json").read_text())["entries"]
    bounded = [x for x in rows if x["bound"]]
    check("the plain kernel is bounded", r.returncode in (0, 4) and len(bounded) >= len(rows) - 3 and len(rows) > 15, r.stderr)
    below = [x["name"] for x in bounded if x["bound"] < x["observed_max"]]
    check("the plain kernel's bounds hold", not below, f"below what was observed: {', '.join(below)}")
    # Rows whose longest path the short workload does not take whole are far above what it saw; most are not.
    ratios = sorted((x["bound"] / x["observed_max"], x["name"]) for x in bounded)
    middle, most = ratios[len(ratios) // 2], ratios[-1]
    check("the plain kernel's bounds are tight", middle[0] <= 1.5 and most[0] <= 4, f"{middle[1]} (the median) {middle[0]:.2f}, {most[1]} {most[0]:.2f} times what was observed")


with tempfile.TemporaryDirectory() as base:
    there = pathlib.Path(base)
    probed_folder = test_tick(there)
    test_disagreement(there, probed_folder)
    test_kernel(there)
    test_plain_kernel(there)
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
