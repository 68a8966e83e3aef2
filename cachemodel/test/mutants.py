#!/usr/bin/python3
"""Seeded wrong solvers must be caught: each changes one place of a source file, is linked in its place, and run on boards of the
blind suite. `wrong` ones must fail there; a `falsified` one must be caught by the model's own falsification run, so that its model
says less but nothing wrong; and where the policy's name is missing from the library, its table must be found instead.

    mutants.py TOOL_OBJECT LINK_WORDS... (the compiler's, its name first, its libraries last)      [ONLY=NAME,...]
"""
import json, os, re, subprocess, sys, tempfile
import blind

SEED = 1
# name, file, old text, new text, board, what must happen
MUTANTS = [
    ("ways", "geometry.c", "ways = n ? n : MOST_WAYS + 1;", "ways = n ? n + 1 : MOST_WAYS + 1;", 6, "wrong"),
    ("sets", "geometry.c", "l->shape.sets = size / l->shape.line;", "l->shape.sets = 2 * size / l->shape.line;", 2, "wrong"),
    ("line", "geometry.c", "uint64_t at = d < DISTANCES ? distance(d) : 0;", "uint64_t at = d < DISTANCES ? 2 * distance(d) : 0;", 0, "wrong"),
    ("second-ways", "geometry.c", "*ways = held ? 0 : low;", "*ways = held ? 0 : low + 1;", 5, "wrong"),
    ("second-sets", "geometry.c", "c->sets = size / c->line;", "c->sets = 2 * size / c->line;", 5, "wrong"),
    ("miss", "geometry.c", "    l->miss = part;", "    l->miss = part + 1;", 2, "wrong"),
    ("latency", "calibrate.c", "return straight && step >= 0 ? step : MODEL_UNKNOWN;", "return straight && step >= 0 ? step + 1 : MODEL_UNKNOWN;", 2, "wrong"),
    ("evict", "stores.c", "return !back ? 0 : s.high == INT64_MAX ? MODEL_UNKNOWN : span_value(s);", "return !back ? 0 : s.high == INT64_MAX ? MODEL_UNKNOWN : span_value(s) + 1;", 2, "falsified"),
    ("equivalent", "replacement.c", "return survivors | (ways == 1", "return survivors | 1u << MODEL_FIFO | (ways == 1", 2, "wrong"),
    ("policy", "replacement.c", "l->policies = survivors ? equivalent_only(survivors, l->shape.ways) : 0;", "survivors = 1u << MODEL_LRU;\n    l->policies = survivors ? equivalent_only(survivors, l->shape.ways) : 0;", 26, "falsified"),
    ("no-lru", "sim.c", "if (p == MODEL_RANDOM || p == MODEL_PERMUTATION)", "if (p == MODEL_RANDOM || p == MODEL_PERMUTATION || p == MODEL_LRU)", 62, "by table"),
    ("no-plru", "sim.c", "if (p == MODEL_RANDOM || p == MODEL_PERMUTATION)", "if (p == MODEL_RANDOM || p == MODEL_PERMUTATION || p == MODEL_PLRU)", 58, "by table"),
    ("no-fifo", "sim.c", "if (p == MODEL_RANDOM || p == MODEL_PERMUTATION)", "if (p == MODEL_RANDOM || p == MODEL_PERMUTATION || p == MODEL_FIFO)", 38, "by table"),
    ("hit-cost", "predict.c", "c->dirty2 += (outcome & SIM_WROTE_BACK) != 0;", "c->dirty2 += 0;", 1, "incomplete"),
]
ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))


def build(mutant, tool_object, link, work):
    name, file, old, new = mutant[:4]
    text = open(os.path.join(ROOT, "cachemodel", file)).read()
    if text.count(old) != 1:
        sys.exit(f"mutants.py: {name}: its place in {file} is there {text.count(old)} times")
    source, tool = os.path.join(work, name + ".c"), os.path.join(work, name)
    open(source, "w").write(text.replace(old, new))
    subprocess.run([link[0], "-std=c11", "-O1", "-I.", "-D_GNU_SOURCE", "-o", tool, source, tool_object, *link[1:]], check=True, cwd=ROOT)
    return tool


def outcome(tool, board, work):
    v, error, _ = blind.run_one(tool, blind.generate(SEED, board), os.path.join(work, "board.ini"))
    if v is None:
        return "error: " + error
    if v.wrong:
        return "wrong"
    if any(o.endswith("by table") for o in v.open):
        return "by table"
    return "falsified" if "falsified" in v.open else "incomplete" if v.open else "exact"


def main():
    tool_object, link = sys.argv[1], sys.argv[2:]
    only = os.environ.get("ONLY", "").split(",") if os.environ.get("ONLY") else None
    passed = failed = 0
    for mutant in MUTANTS:
        if only and mutant[0] not in only:
            continue
        with tempfile.TemporaryDirectory() as work:
            got = outcome(build(mutant, tool_object, link, work), mutant[4], work)
        if got == mutant[5]:
            passed += 1
        else:
            failed += 1
            print(f"mutant {mutant[0]}: {got}, should be {mutant[5]}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
