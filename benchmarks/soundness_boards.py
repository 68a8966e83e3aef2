#!/usr/bin/python3
"""Bounds on boards that nobody has tuned anything for: boards of the blind suite are inferred, the kernel is measured on each, bounded by the
inferred model, and held against further kernel entries with another seed.

    soundness_boards.py POTOROO KERNEL FOLDER [--boards I,J,…] [--suite SEED] [--seed N] [--entries N] [--measure N]

A line a board: rows that are bounds of all rows; the sum of the bounds, and what it would be if every access missed; how near the further
entries came. A board fails if anything is wrong: a violation, a step above its cost, an observation that the model does not explain, or a row without a bound."""
import argparse, json, os, re, subprocess, sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "cachemodel/test"))
import blind


class Failed(Exception):
    pass


def run(args, **more):
    r = subprocess.run(args, capture_output=True, text=True, timeout=1800, **more)
    if r.returncode not in (0, 1):
        raise Failed(f"{' '.join(args[:3])}: {(r.stderr or r.stdout).strip().splitlines()[-1][:300]}")
    return r


def entries_of(o, folder, name, seed, count):
    trace = os.path.join(folder, name + ".ptrace")
    run([o.potoroo, "run", "-p", os.path.join(folder, "board.ini"), "-k", o.kernel, "-o", trace, "--timeout", "1200", "--",
         "-device", f"loader,addr=0x87e08000,data={seed},data-len=8", "-device", f"loader,addr=0x87e08008,data={count},data-len=8"])
    return trace


def analysis(o, folder):
    text = open(os.path.join(ROOT, "potoroo.ini")).read()
    for key, value in (("elf", o.kernel), ("facts", os.path.join(ROOT, "kernel/facts.ff")), ("profile", os.path.join(folder, "kernel.prof")),
                       ("model", os.path.join(folder, "board.model")), ("platform", os.path.join(folder, "board.ini"))):
        text, n = re.subn(rf"(?m)^{key} = .*$", f"{key} = {os.path.abspath(value)}", text)
        if n != 1:
            raise Failed(f"potoroo.ini: '{key}' is there {n} times")
    path = os.path.join(folder, "potoroo.ini")
    open(path, "w").write(text)
    return path


def describe(p):
    caches = [f"{n} {p[n]['sets']}x{p[n]['ways']}x{p[n]['line']} {p[n]['policy']}" for n in ("l1i", "l1d", "l2") if n in p]
    return ", ".join(caches + [n for n in ("itlb", "dtlb") if n in p] + (["jitter"] if "jitter" in p["core"] else []))


def try_board(o, index):
    folder = os.path.join(o.folder, f"board{index}")
    os.makedirs(folder, exist_ok=True)
    p = blind.generate(o.suite, index)
    blind.write_ini(p, os.path.join(folder, "board.ini"))
    run([o.potoroo, "model", "infer", "-p", os.path.join(folder, "board.ini"), "-o", os.path.join(folder, "board.model")])
    trace = entries_of(o, folder, "measured", 1, o.measure)
    run([o.potoroo, "profile", "-k", o.kernel, trace, "-o", os.path.join(folder, "kernel.prof")])
    os.remove(trace)
    ini, result = analysis(o, folder), os.path.join(folder, "wcet.json")
    r = run([o.potoroo, "wcet", "-c", ini, "-o", result])
    rows = json.load(open(result))["entries"]
    bounds = [x for x in rows if x["status"] == "bound"]
    total, all_missed = sum(x["bound"] for x in bounds), sum(x["bound_all_miss"] for x in bounds)
    why = sorted({x.get("estimate_why", "; ".join(x["missing"])) for x in rows if x["status"] != "bound"})
    trace = entries_of(o, folder, "further", 1000003 + 8191 * o.seed + index, o.entries)
    v = run([o.potoroo, "verify", "--strict", "-c", ini, "-r", result, trace])
    os.remove(trace)
    last = v.stdout.strip().splitlines()[-1]
    print(f"board {index} ({describe(p)}): {len(bounds)} of {len(rows)} rows are bounds, {total} cycles in all, {all_missed} all missed; {last}"
          + (f"; not: {why[0]}" if why else ""), flush=True)
    return v.returncode == 0 and len(bounds) == len(rows)


def main():
    a = argparse.ArgumentParser()
    for name in ("potoroo", "kernel", "folder"):
        a.add_argument(name)
    a.add_argument("--boards", default="0,1,3,4,6")
    a.add_argument("--suite", type=int, default=1)
    a.add_argument("--seed", type=int, default=2)
    a.add_argument("--entries", type=int, default=100000)
    a.add_argument("--measure", type=int, default=60000)
    o = a.parse_args()
    passed = failed = 0
    for index in map(int, o.boards.split(",")):
        try:
            good = try_board(o, index)
        except (Failed, subprocess.TimeoutExpired) as e:
            print(f"board {index} ({describe(blind.generate(o.suite, index))}): {e}", flush=True)
            good = False
        passed, failed = passed + good, failed + (not good)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
