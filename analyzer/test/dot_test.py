#!/usr/bin/python3
"""`potoroo cfg`: worst paths drawn for graphviz, questions of proved bounds as files, open questions summed up.

Usage: dot_test.py POTOROO KERNEL.elf WORKDIR RV_PREFIX
"""
import json
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(HERE, "..", "..", "cfg", "test")
passed = failed = 0


def check(what, fine):
    global passed, failed
    passed += bool(fine)
    failed += not fine
    if not fine:
        print(f"failed: {what}")


def cfg(*args):
    return subprocess.run([POTOROO, "cfg", *args], capture_output=True, text=True, timeout=120)


def walk(graph):
    """A path through the function with the most loops: each block, then its first successor that is new, or the loop's header again."""
    function = max(graph["functions"], key=lambda f: len(f["loops"]))
    blocks = {b["addr"]: b for b in function["blocks"]}
    at, path, seen = function["addr"], [], set()
    while at not in seen and blocks[at]["succ"]:
        seen.add(at)
        to = blocks[at]["succ"][0]["to"]
        path.append({"addr": at, "to": to, "count": 3, "cost": 10, "total": 30})
        at = to
    return function, path


def worst_paths(kernel, work):
    graph = json.loads(cfg("--json", kernel).stdout)
    function, path = walk(graph)
    result = os.path.join(work, "worst.json")

    def drawn(build=graph["build_id"], steps=path, *args):
        with open(result, "w") as file:
            json.dump({"build_id": build, "entries": [{"name": "small", "bound": 1, "worst_path": path[:1]}, {"name": "large", "bound": 9, "worst_path": steps}]}, file)
        return cfg("--dot", f"--worst={result}", *args, kernel)

    done = drawn()
    red = [l for l in done.stdout.splitlines() if "->" in l and "color=red" in l]
    check("a worst path is drawn", done.returncode == 0 and done.stdout.count("subgraph cluster_function") == 1)
    check("each of its steps is a red edge with its count", len(red) == len(path) and all("×3" in l for l in red))
    check("its blocks are red", done.stdout.count("cycles of the path") == len({s["addr"] for s in path} | {s["to"] for s in path}))
    check("loops are boxes", done.stdout.count("subgraph cluster_loop") == len(function["loops"]) > 0)
    if shutil.which("dot"):
        svg = subprocess.run(["dot", "-Tsvg"], input=done.stdout, capture_output=True, text=True, timeout=120)
        root = xml.etree.ElementTree.fromstring(svg.stdout) if svg.returncode == 0 else None
        kinds = [g.get("class") for g in root.iter("{http://www.w3.org/2000/svg}g")] if root is not None else []
        check("graphviz takes it: a node a block", kinds.count("node") == len(function["blocks"]))
    one = drawn(graph["build_id"], path, "--entry=small")
    check("an entry is chosen by name", one.returncode == 0 and one.stdout.count("color=red, penwidth=3") == 1)
    check("an entry that is not there is refused", drawn(graph["build_id"], path, "--entry=none").returncode == 3)
    check("another build's result is refused", drawn("0123").returncode == 3)
    check("a step from nowhere is refused", drawn(graph["build_id"], [{"addr": "0x3", "to": "0x5", "count": 1, "total": 1}]).returncode == 3)
    with open(result, "w") as file:
        file.write("{")
    check("a broken result is refused", cfg("--dot", f"--worst={result}", kernel).returncode == 3)
    check("--entry alone is wrong usage", cfg("--entry=small", kernel).returncode == 2)


def proofs(work, prefix):
    elf, folder = os.path.join(work, "prove.elf"), os.path.join(work, "proofs", "")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    subprocess.run([prefix + "gcc", "-march=rv64imac_zicsr", "-mabi=lp64", "-nostdlib", "-T", os.path.join(GOLDEN, "programs", "link.ld"), "-o", elf,
                    os.path.join(GOLDEN, "golden", "prove.S")], check=True)
    graph = json.loads(cfg("--json", f"--proofs={folder}", elf).stdout)
    named = {l["bound"]["proof"] for f in graph["functions"] for l in f["loops"] if l["bound"] and l["bound"]["origin"] == "proved"}
    check("each proved bound has its file", len(named) > 5 and named == set(os.listdir(folder)))
    for name in sorted(named):
        answer = subprocess.run(["z3", folder + name], capture_output=True, text=True, timeout=120).stdout
        check(f"{name} is unsatisfiable", answer == "unsat\n")
    check("the same again", cfg("--json", elf).stdout == cfg("--json", elf).stdout)
    alone = subprocess.run([POTOROO, "cfg", "--json", elf], capture_output=True, text=True, timeout=120, env={"PATH": os.path.join(work, "nothing")})
    check("without the solver nothing is proved, and it says so", '"proved"' not in alone.stdout and "put to the solver" in alone.stderr and alone.returncode == 0)


def summary(work, prefix):
    source, elf = os.path.join(work, "calls.S"), os.path.join(work, "calls.elf")
    with open(source, "w") as file:
        file.write(".globl _start\n_start:\n" + "ld t0, 0(a0)\njalr t0\n" * 30 + "ret\n")
    subprocess.run([prefix + "gcc", "-march=rv64imac", "-mabi=lp64", "-nostdlib", "-T", os.path.join(GOLDEN, "programs", "link.ld"), "-o", elf, source], check=True)
    few, all_of = cfg(elf), cfg("-v", elf)
    check("open questions are summed up", few.returncode == 4 and 0 < few.stderr.count("unresolved: _start") < 10 and "25 more" in few.stderr)
    check("-v lists them all", all_of.returncode == 4 and all_of.stderr.count("unresolved: _start") == 30)


POTOROO = sys.argv[1]
os.makedirs(sys.argv[3], exist_ok=True)
worst_paths(sys.argv[2], sys.argv[3])
proofs(sys.argv[3], sys.argv[4])
summary(sys.argv[3], sys.argv[4])
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
