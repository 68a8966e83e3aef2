#!/usr/bin/python3
"""Closing the loop, on a small kernel whose measurements were weakened on purpose: two pointers always on one line, a branch never to a cold
line. What was missed is found, its replay shows the predicted count and time, then its units are complete; what a stronger workload shows of them
is what the replays showed. And wrong builds of potoroo, which must not get through that.

usage: closing_test.py POTOROO PLATFORM.ini CC MODEL LINK_WORDS… (the compiler that links a potoroo, its libraries last)"""
import json
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

import jsonschema

HERE = pathlib.Path(__file__).parent / "closing"
ROOT = HERE.parents[2]
FLAGS = ["-march=rv64imac_zicsr_zifencei", "-mabi=lp64", "-mcmodel=medany", "-msmall-data-limit=0", "-ffreestanding", "-nostdlib", "-fno-pic",
         "-fno-stack-protector", "-fno-asynchronous-unwind-tables", "-ffixed-x25", "-ffixed-x26", "-ffixed-x27", "-g", "-std=gnu11",
         "-DPOTOROO_COUNTER=0x87fff000", "-I", str(ROOT / "tracer/target")]
POTOROO, PLATFORM, CC, MODEL = sys.argv[1:5]
LINK = sys.argv[5:]
ARGUMENTS = 0x87e08000
# Calls: two indices of 8-byte words, and whether to branch to the line of its own.
WEAK = [(8 * k, 8 * k + j, (j + 1) % 2) for k in range(8) for j in range(8)] * 2
STRONG = [(0, 8, 1)] + [(16 * k, 16 * k + 8, k % 2) for k in range(1, 8)] * 2 + [(256 + 8 * k, 256 + 8 * k, k % 2) for k in range(8)] * 2
# Wrong builds: name, file, old text, new text.
MUTANTS = [
    ("count-off-by-one", "analyzer/coverage_close.c", "x->state.count, unit_cycles(x), 1}", "x->state.count - 1, unit_cycles(x), 1}"),
    ("cycles-of-the-harness", "analyzer/coverage_close.c", "return x->replay.cycles + x->cycles - x->expected;", "return x->replay.cycles;"),
    ("data-not-prepared", "cachemodel/replay.c", "if (t->fetch != (fetch == 1))", "if (t->fetch != (fetch == 1) || (!t->fetch && !t->filler))"),
    ("code-left-warm", "cachemodel/replay.c", "if (t->fetch != (fetch == 1))", "if (t->fetch != (fetch == 1) || t->fetch)"),
    ("pointers-swapped-for-one", "analyzer/coverage_replay.c", "memcpy(r->x, x->values.x, sizeof r->x);", "memcpy(r->x, x->values.x, sizeof r->x); r->x[11] = r->x[10];"),
]
passed = failed = 0


def check(what, good, detail=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"FAILED: {what} {detail}")
    return good


def run(*args, expect=0):
    done = subprocess.run([str(a) for a in args], capture_output=True, text=True, timeout=120)
    if expect is not None and done.returncode != expect:
        raise RuntimeError(f"{' '.join(map(str, args))}\nexit {done.returncode}: {done.stderr}")
    return done


def analysis(work, name, profile, model=True):
    text = re.sub(r"(?m)^profile = .*", f"profile = {profile}", (HERE / "closing.ini").read_text())
    (work / name).write_text(text if model else re.sub(r"(?m)^model = .*\n", "", text))
    return work / name


def measure(work, name, warm, calls, *how):
    words = struct.pack("<QQ", warm, len(calls)) + b"".join(struct.pack("<QQQ", *c) for c in calls) + bytes(24)
    (work / f"{name}.words").write_bytes(words)
    run(POTOROO, "run", "-p", work / "platform.ini", "-k", work / "k.elf", "-o", work / f"{name}.ptrace", *how, "--", "-device",
        f"loader,file={work / name}.words,addr={ARGUMENTS},force-raw=on")
    run(POTOROO, "profile", "-k", work / "k.elf", work / f"{name}.ptrace", "-o", work / f"{name}.prof")
    return analysis(work, f"{name}.ini", f"{name}.prof")


def build(work, source="handle.c"):
    run(POTOROO, "cc", "--", CC, *FLAGS, "-O2" if source == "handle.c" else "-O1", "-c", HERE / source, "-o", work / "handle.o")
    run(CC, *FLAGS, "-c", HERE / "start.S", "-o", work / "start.o")
    run(CC, *FLAGS, "-Wl,--build-id=sha1", "-Wl,--no-warn-rwx-segments", "-static", "-T", HERE.parent / "truth/truth.lds", work / "start.o",
        work / "handle.o", "-o", work / "k.elf")
    (work / "k.ff").write_text((HERE / "closing.ff").read_text())
    (work / "platform.ini").write_bytes(pathlib.Path(PLATFORM).read_bytes())
    (work / "board.model").write_bytes(pathlib.Path(MODEL).read_bytes())


def coverage(ini, *more, potoroo=POTOROO, expect=0):
    done = run(potoroo, "coverage", "-c", ini, "--json", *more, expect=expect)
    return json.loads(done.stdout) if done.stdout else None


def histogram(work, name, unit):
    """Cycles and counts of a unit in a profile, all contexts together."""
    bins = {}
    for x in json.loads(run(POTOROO, "profile", "show", work / f"{name}.prof", "--json").stdout)["edges"]:
        if (x["from"], x["to"]) == (unit["from"], unit["to"]):
            for t, n in x["profile"]:
                bins[t] = bins.get(t, 0) + n
    return bins


def bound(work, profile, model):
    ini = analysis(work, "bound.ini", profile, model)
    run(POTOROO, "wcet", "-c", ini, "-o", work / "bound.json")
    return json.loads((work / "bound.json").read_text())["entries"][0]


def the_pointers(work, before, after):
    """The unit in which both pointers are used, on the way to the line of its own."""
    pairs = [u for u in before["units"] if u["function"] == "handle" and u["limit"] >= 3]
    check("one unit loads by both pointers", len(pairs) == 1, [u["id"] for u in pairs])
    was = pairs[0]
    now = next(u for u in after["units"] if u["id"] == was["id"])
    example, seen = was["counterexample"], histogram(work, "weak", was)
    check("on one line: never two data misses", was["status"] == "counterexample" and was["observed"] == [0, 1], was["observed"])
    check("the missing count is higher than any measured, and its time", example and example["count"] > 1 and example["cycles"] > max(seen), (example, seen))
    lines = {l["line"] for l in example["caches"] if l["cache"] == "L1D" and l["counted"]}
    check("its pointers are on two lines", len(lines) == 2, lines)
    check("its replay takes what was predicted", example["replay"]["agrees"] and example["replay"]["cycles"] == example["replay"]["expected"], example["replay"])
    check("closed: complete, and told apart", now["status"] == "complete" and now["observed"] == was["observed"] and now["replayed"] == [2, 3] and now["missing"] == [], now)
    most = max(r["cycles"] for r in now["replays"])
    strong = histogram(work, "strong", was)
    check("what a stronger workload measured is what was replayed", max(strong) == most > max(seen), (strong, most))


def the_branch(work, before, after):
    """The unit whose code is a line of its own, always warm."""
    was = next(u for u in before["units"] if u["function"] == "rare")
    now = next(u for u in after["units"] if u["id"] == was["id"])
    check("never cold", was["observed"] == [0] and was["counterexample"]["count"] == 1, was)
    check("a fetch misses in its example", [l["cache"] for l in was["counterexample"]["caches"] if not l["hit"] and l["counted"]] == ["L1I"], was["counterexample"])
    check("its replay takes a miss more", was["counterexample"]["replay"]["agrees"] and was["counterexample"]["cycles"] == max(histogram(work, "weak", was)) + 20, was)
    check("closed: complete by replay", now["status"] == "complete" and now["replayed"] == [1], now)


def saved(work, result, name="saved.json"):
    (work / name).write_text(json.dumps(result))
    done = run(POTOROO, "replay", "-c", work / "weak.ini", "--from", work / name, expect=None)
    return done.returncode, done.stdout + done.stderr


def the_replays(work):
    """Counterexamples read from a saved result; what is wrong in it is told by the board."""
    result = coverage(work / "weak.ini", "--exact", "--replay")
    run_ = result["summary"]["replays"]["run"]
    code, text = saved(work, result)
    same = re.findall(r"predicted (\d+)  measured (\d+), misses (\d+) and the board counts (\d+)$", text, re.M)
    check("saved and replayed: cycles and the board's own misses are the predicted ones", code == 0 and len(same) == run_ > 8 and
          all(a == b and c == d for a, b, c, d in same), (run_, text))
    at = next(i for i, u in enumerate(result["units"]) if u["function"] == "handle" and u["limit"] >= 3)

    def altered(what, change, told="DIFFERENT"):
        wrong = json.loads(json.dumps(result))
        example = wrong["units"][at]["counterexample"]
        change(example)
        code, text = saved(work, wrong)
        check(f"{what} is told", code == 1 and text.count(told) == 1, text)

    def one_pointer(x):
        x["registers"]["a1"] = x["registers"]["a0"]

    def line_there(x):
        next(l for l in x["caches"] if l["cache"] == "L1D" and not l["hit"])["age"] = 0

    def more_misses(x):
        x["replay"]["misses"]["L1D"] += 1

    def more_cycles(x):
        x["replay"]["expected"] += 1

    altered("a state with one pointer for two", one_pointer)
    altered("a line that is there and should not be", line_there)
    altered("a prediction of one miss more in the same time", more_misses)
    altered("a prediction of one cycle more", more_cycles)
    wrong = json.loads(json.dumps(result))
    wrong["build_id"] = "00" + wrong["build_id"][2:]
    check("another build's result is refused", saved(work, wrong)[0] == 3)
    del result["units"][at]["counterexample"]["replay"]["misses"]
    code, text = saved(work, result)
    check("an incomplete result is refused, and why", code == 3 and "misses" in text, text)


def the_whole(work, ini, after):
    units = after["units"]
    check("every unit is complete", all(u["status"] == "complete" for u in units), [(u["id"], u["status"]) for u in units])
    check("the summary says by what", after["summary"]["complete_by_replay"] == len(units) and after["summary"]["closing"]["end"] == "nothing new", after["summary"])
    weak, closed = (json.loads(run(POTOROO, "profile", "show", work / f"{n}.prof", "--json").stdout) for n in ("weak", "closed"))
    replays = closed.pop("replays")
    check("the profile has the replays, and all else as it was", not weak.pop("replays") and weak == closed and len(replays) == sum(len(u["replayed"]) for u in units))
    again = coverage(analysis(work, "closed.ini", "closed.prof"), "--close")
    schema = json.loads((ROOT / "reports/schema/coverage.json").read_text())
    check("both results are what the schema says", not [e.message for r in (json.loads((work / "closed.json").read_text()), again)
                                                         for e in jsonschema.Draft202012Validator(schema).iter_errors(r)])
    check("closed once is closed", again["summary"]["closing"]["added"] == 0 and again["summary"]["replays"]["run"] == 0 and
          [(u["status"], u["observed"], u["replayed"]) for u in again["units"]] == [(u["status"], u["observed"], u["replayed"]) for u in units])
    coverage(ini, "--close", "--exact", "--profile-out", work / "second.prof", "-o", work / "second.json")
    check("the same bytes each time", (work / "second.prof").read_bytes() == (work / "closed.prof").read_bytes() and
          (work / "second.json").read_bytes() == (work / "closed.json").read_bytes())
    merged = run(POTOROO, "profile", "merge", work / "closed.prof", work / "strong.prof", "-o", work / "merged.prof")
    merged = json.loads(run(POTOROO, "profile", "show", work / "merged.prof", "--json").stdout)
    check("merging keeps replays", merged["replays"] == replays)
    limited = coverage(ini, "--close", "--rounds", "1")
    check("a budget of one round ends it, and says so", limited["summary"]["closing"]["end"] == "the rounds are used up")


def the_bounds(work):
    weak, closed, strong = (bound(work, f"{n}.prof", False) for n in ("weak", "closed", "strong"))
    check("by measurements alone, the weak suite's bound was too low", weak["bound"] < strong["observed_max"], (weak["bound"], strong["observed_max"]))
    check("with the replays it is not", closed["bound"] >= strong["observed_max"] and closed["status"] == "estimate", (closed["bound"], strong["observed_max"]))
    check("the ledger names them", any(l["grounds"] == "replayed" for l in closed["ledger"]))
    ini = analysis(work, "bound.ini", "closed.prof")
    table = run(POTOROO, "wcet", "-c", ini, "--coverage", work / "closed.json").stdout
    check("the table says which share is complete", re.search(r"observations complete  status\ncall +\d+ .* 100%  bound", table), table)
    run(POTOROO, "wcet", "-c", ini, "--coverage", work / "before.json", "-o", work / "bound.json")
    share = json.loads((work / "bound.json").read_text())["entries"][0]["coverage"]
    check("before, none of it was", share["complete"] == 0 < share["counterexample"] and share["complete_by_replay"] == 0, share)
    weak, closed = (bound(work, f"{n}.prof", True)["bound"] for n in ("weak", "closed"))
    check("the model's bound held before and now", weak == closed >= strong["observed_max"], (weak, closed, strong["observed_max"]))


def the_workload(work, ini):
    """What is offered, run as a workload: then it is the workload that showed it."""
    command = f"{sys.executable} {HERE / 'drive.py'} {pathlib.Path(POTOROO).resolve()} {work / 'platform.ini'} {work / 'k.elf'}"
    result = coverage(ini, "--close", "--exact", "--workload", command, "--profile-out", work / "driven.prof")
    closing = result["summary"]["closing"]
    offer = next(o for o in closing["offers"] if o["unit"].startswith("handle->") and o["count"] == 3)
    a, b = (int(offer["registers"][r], 16) % 512 // 8 for r in ("a0", "a1"))
    check("the two pointers are offered on two lines, on the way to the branch", a != b and int(offer["registers"]["a2"], 16) != 0 and offer["entries"] == ["call"], offer)
    check("the lines of its state are told", sorted(l["there"] for l in offer["lines"]) == [False, False, False, True], offer["lines"])
    pointers = next(u for u in result["units"] if u["id"] == offer["unit"])
    branch = next(u for u in result["units"] if u["id"].endswith("->rare"))
    check("measured as offered, it is the workload that showed it", 2 in pointers["observed"] and 2 not in pointers["replayed"] and 1 in branch["observed"], pointers)
    check("three misses take as long as two that evict two dirty lines: only the replay tells", 3 in pointers["replayed"] and pointers["unclear"] > 0, pointers)
    check("until the workload showed nothing new", closing["measured"] == 2 and closing["end"] == "nothing new" and all(u["status"] == "complete" for u in result["units"]), closing)
    check("its trace is in the profile", len(json.loads(run(POTOROO, "profile", "show", work / "driven.prof", "--json").stdout)["traces"]) == 2)
    done = run(POTOROO, "coverage", "-c", ini, "--close", "--workload", "false", expect=None)
    check("a workload that fails is an error", done.returncode == 3 and "false" in done.stderr, done.stderr)


def the_fact(work, ini, before):
    """Instead of a replay: a fact that says that it cannot be, with a reason; and one that a trace contradicts."""
    facts = (work / "k.ff").read_text()
    was = next(u for u in before["units"] if u["function"] == "handle" and u["limit"] >= 3)
    line = 'assume misses {} {} max {} because "callers keep both on one line"\n'
    (work / "k.ff").write_text(facts.replace("elf any", f'elf "{before["build_id"]}"') + line.format(*was["id"].split("->"), 1))
    result = coverage(ini, "--exact")
    unit = next(u for u in result["units"] if u["id"] == was["id"])
    check("marked unreachable: complete, under an assumption that is printed", unit["status"] == "complete" and unit["proven"] == [0, 1] and
          any("at most 1 misses" in a and "callers keep both on one line" in a for a in result["summary"]["assumptions"]), unit)
    (work / "k.ff").write_text(facts.replace("elf any", f'elf "{before["build_id"]}"') + line.format(*was["id"].split("->"), 0))
    done = run(POTOROO, "coverage", "-c", ini, expect=None)
    check("a fact that a trace contradicts is an error that names both", done.returncode == 3 and "callers keep both" in done.stderr and "trace" in done.stderr, done.stderr)
    (work / "k.ff").write_text(facts)


def the_flow(work):
    """Blocks, edges, pairs of edges, iterations, and what was never passed."""
    build(work, "flow.c")
    suites = {"one": [(0, 0, 1)], "diagonal": [(0, 0, 1), (1, 1, 2)] * 2, "all": [(p, q, n) for p in (0, 1) for q in (0, 1) for n in range(16)]}
    seen = {name: coverage(measure(work, name, 0, calls))["summary"]["workload"] for name, calls in suites.items()}
    one, diagonal, every = (seen[n] for n in suites)
    check("the whole is the same whatever was measured", len({json.dumps([s[k]["all"] for k in ("blocks", "edges", "edge_pairs")]) for s in seen.values()}) == 1, seen)
    check("one call leaves blocks out, and names them", 0 < len(one["blocks"]["missing"]) == one["blocks"]["all"] - one["blocks"]["passed"] and
          all(b.startswith("handle+") for b in one["blocks"]["missing"]), one["blocks"])
    check("steps never passed rest on the model, and are named", one["modelled"] and not every["modelled"] and all("handle" in u for u in one["modelled"]), one["modelled"])
    check("two calls pass each block, but not each pair of edges", not diagonal["blocks"]["missing"] and diagonal["edge_pairs"]["passed"] < every["edge_pairs"]["passed"] <=
          every["edge_pairs"]["all"] and not every["edges"]["missing"], (diagonal, every))
    loops = [[(l["possible"], l["observed"]) for l in s["loops"]] for s in (one, diagonal, every)]
    check("iterations: possible against observed", all(len(l) == 1 for l in loops) and loops[0][0][1] < loops[1][0][1] < loops[2][0][1] == loops[2][0][0], loops)


OTHER = {"l1i": {"line": 32, "sets": 32, "ways": 2, "policy": "fifo", "miss": 13},
         "l1d": {"line": 32, "sets": 128, "ways": 2, "policy": "lru", "write": "through", "allocate": "no", "miss": 17, "evict_dirty": 0}}


def the_other_board(work):
    """The same on caches of another shape: FIFO, and stores that write through and allocate nothing."""
    out, section = [], ""
    for line in pathlib.Path(PLATFORM).read_text().splitlines():
        section = line.strip("[] ") if line.startswith("[") else section
        key = line.split("=")[0].strip()
        out.append(f"{key} = {OTHER[section][key]}" if key in OTHER.get(section, ()) else line)
    build(work)
    (work / "platform.ini").write_text("\n".join(out) + "\n")
    run(POTOROO, "model", "infer", "-p", work / "platform.ini", "-o", work / "board.model")
    result = coverage(measure(work, "weak", 1, WEAK), "--close", "--exact")
    replays = result["summary"]["replays"]
    check("another board: complete by replays, all as predicted", all(u["status"] == "complete" for u in result["units"]) and replays["run"] == replays["agreed"] > 8,
          [(u["id"], u["status"], u.get("why")) for u in result["units"]])
    coverage(work / "weak.ini", "--exact", "-o", work / "other.json")
    done = run(POTOROO, "replay", "-c", work / "weak.ini", "--from", work / "other.json")
    check("and by the board's own count", len(re.findall(r"misses (\d+) and the board counts \1$", done.stdout, re.M)) > 8, done.stdout)


def the_port(work):
    """Unmodified code, measured through the trace port: its loops end where they begin, and say so."""
    off = [*FLAGS, "-DPOTOROO_OFF"]
    run(CC, *off, "-O1", "-c", HERE / "flow.c", "-o", work / "handle.o")
    run(CC, *off, "-c", HERE / "start.S", "-o", work / "start.o")
    run(CC, *off, "-Wl,--build-id=sha1", "-Wl,--no-warn-rwx-segments", "-static", "-T", HERE.parent / "truth/truth.lds", work / "start.o",
        work / "handle.o", "-o", work / "k.elf")
    (work / "k.ff").write_text("".join(line + "\n" for line in (HERE / "closing.ff").read_text().splitlines() if not line.startswith("assume s1")))
    (work / "platform.ini").write_bytes(pathlib.Path(PLATFORM).read_bytes())
    (work / "board.model").write_bytes(pathlib.Path(MODEL).read_bytes())
    result = coverage(measure(work, "port", 0, [(0, 0, 3), (1, 1, 5)], "--points=port"), "--close", "--exact")
    replays, left = result["summary"]["replays"], [u for u in result["units"] if u["status"] != "complete"]
    check("the port's units: replays as predicted", replays["run"] == replays["agreed"] > 3, replays)
    check("only what the harness cannot do is left, with why", all(u["why"] if u["status"] == "open" else u["counterexample"]["replay"]["why"] for u in left),
          [(u["id"], u["status"], u.get("why")) for u in left])


def gets_through(work, mutant, good):
    """Does a wrong build come to the same end as the right one?"""
    name, file, old, new = mutant
    text = (ROOT / file).read_text()
    if text.count(old) != 1:
        sys.exit(f"closing_test.py: {name}: its place in {file} is there {text.count(old)} times")
    (work / "mutant.c").write_text(text.replace(old, new))
    subprocess.run([LINK[0], "-std=c11", "-O1", "-I.", "-D_GNU_SOURCE", "-o", work / "mutant", work / "mutant.c", *LINK[1:]], check=True, cwd=ROOT)
    done = subprocess.run([work / "mutant", "coverage", "-c", work / "weak.ini", "--close", "--exact", "--json", "--profile-out", work / "mutant.prof"],
                          capture_output=True, text=True, cwd=ROOT, timeout=120)
    if done.returncode:
        return False
    analysis(work, "mutant.ini", "mutant.prof")
    return all(u["status"] == "complete" for u in coverage(work / "mutant.ini")["units"]) and all(u["status"] == "complete" for u in json.loads(done.stdout)["units"])


def main():
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        build(work)
        weak = measure(work, "weak", 1, WEAK)
        measure(work, "strong", 0, STRONG)
        before = coverage(weak, "--replay", "-o", work / "before.json")
        after = coverage(weak, "--close", "--exact", "--profile-out", work / "closed.prof", "-o", work / "closed.json")
        the_pointers(work, before, after)
        the_branch(work, before, after)
        the_replays(work)
        the_whole(work, weak, after)
        the_bounds(work)
        the_workload(work, weak)
        the_fact(work, weak, before)
        for mutant in MUTANTS:
            check(f"the wrong build {mutant[0]} is noticed", not gets_through(work, mutant, after))
    with tempfile.TemporaryDirectory() as name:
        the_flow(pathlib.Path(name))
    with tempfile.TemporaryDirectory() as name:
        the_other_board(pathlib.Path(name))
    with tempfile.TemporaryDirectory() as name:
        the_port(pathlib.Path(name))
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


main()
