#!/usr/bin/python3
"""Candidates of open pointers: whom QEMU sees called must be among them; who reads more arguments than there are must not.

Usage: pointers.py TOOL BUILD-DIRECTORY RV_PREFIX QEMU [quick]
"""
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True

sys.path.insert(0, os.path.dirname(__file__))
from trace_check import addresses, load_cfg  # noqa: E402
from traces import build, configurations  # noqa: E402

# By the last open pointer of the function on the left nobody on the right can be meant: it reads more than is given there.
WRONG = {
    "site_1": ["takes_3", "takes_4", "takes_5", "hands_on", "takes_8"],
    "site_2": ["takes_4", "takes_5", "hands_on", "takes_8"],
    "site_4": ["takes_8"],
    "site_after": ["takes_8"],
}
# Where operations are reached by a pointer to their table, those that stand at the same place in any are told apart.
FITTING = {f"do_{name}": {f"{of}_{name}" for of in ("disk", "pipe", "tape")} for name in ("open", "read", "write", "close", "stat")}
# Elements of an array that has a name, where no compiler has moved the pointer that walks along it.
ELEMENTS = {8: {"run_one", "run_two"}, 16: {"undo_one", "undo_two"}}


def called(pcs, sites):
    """By site: the addresses that came next."""
    seen, before = {}, None
    for pc in pcs:
        if before in sites:
            seen.setdefault(before, set()).add(pc)
        before = pc
    return seen


def judge(cfg, whole, pcs):
    """What is wrong with the candidates of CFG, and how many there are of how many. WHOLE: the same with all names."""
    functions = {int(f["addr"], 16): f["name"] for f in whole["functions"]}
    asked = {int(u["addr"], 16): u for u in cfg["unresolved"] if "candidates" in u}
    place = {int(u["addr"], 16): u for u in whole["unresolved"]}
    for addr, u in asked.items():
        u["function"], u["place"] = place[addr]["function"], place[addr]["place"]
    seen = called(pcs, asked)
    problems = []
    last = {u["function"]: addr for addr, u in sorted(asked.items())}
    for addr, u in asked.items():
        names = {functions.get(int(c, 16)) for c in u["candidates"]}
        for to in seen.get(addr, ()):
            if functions.get(to) not in names:
                problems.append(f"{u['place']}: {functions.get(to)} was called and is left out")
        for name in WRONG.get(u["function"], ()) if addr == last[u["function"]] else ():
            if name in names:
                problems.append(f"{u['place']}: {name} is a candidate")
        fitting = {functions.get(int(c, 16), "") for c in u.get("fitting", ())}
        if u["function"] == "do_command" and cfg is whole and not ELEMENTS.get(u.get("offset"), set()) <= fitting:
            problems.append(f"{u['place']}: only {sorted(fitting)} are said to fit")
        if u["function"] in FITTING:
            others = ("disk", "pipe") + (("takes",) if u["offset"] >= 16 and cfg is whole else ())  # a table of two could be a structure; one without a name goes on
            if not {n for n in FITTING[u["function"]] if n in functions.values()} <= fitting or any(n.startswith(others) for n in fitting - FITTING[u["function"]]):
                problems.append(f"{u['place']}: {sorted(fitting)} are said to fit")
    if len(seen) < 20:
        problems.append(f"only {len(seen)} of {len(asked)} open pointers were seen")
    kept = sum(u["candidate_count"] for u in asked.values())
    return problems, kept, kept + sum(u["left_out_count"] for u in asked.values())


def judge_template(text, cfg):
    """The facts template must tell of each open pointer what the JSON does."""
    functions = {f["addr"]: f["name"] for f in cfg["functions"]}
    problems = []
    parts = re.split(r"^# (?:calls|jumps) (0x\w+) TARGET.*$", text, flags=re.M)
    told = dict(zip(parts[1::2], parts[0::2]))
    for u in cfg["unresolved"]:
        if "candidates" not in u:
            continue
        part = told.get(u["addr"], "").split("\n\n")[-1]
        wanted = [f"candidates: {u['candidate_count']} of {u['candidate_count'] + u['left_out_count']} functions"]
        if u["left_out"]:
            wanted.append(f"left out: {u['left_out_count']} that read more than the {u['arguments']} arguments")
        left = part.split("# left out", 1)[-1].split()
        if any(w not in part for w in wanted) or any(functions[c] not in left for c in u["left_out"]):
            problems.append(f"{u['place']}: the template tells otherwise: {part}")
    return problems


def main():
    tool, out, prefix, qemu = sys.argv[1:5]
    os.makedirs(out, exist_ok=True)
    passed = failed = 0
    for name, command in configurations(prefix, "quick" in sys.argv[5:]):
        elf = os.path.join(out, f"pointers-{name}.elf")
        build(command, "pointers.c", elf)
        pcs = list(addresses(qemu, elf, elf + ".log"))
        os.unlink(elf + ".log")
        whole = load_cfg(tool, elf)
        subprocess.run([prefix + "strip", "-o", elf + ".stripped", elf], check=True)
        for what, cfg in ((name, whole), (name + " stripped", load_cfg(tool, elf + ".stripped"))):
            problems, kept, of = judge(cfg, whole, pcs)
            if cfg is whole:
                problems += judge_template(subprocess.run([tool, "template", elf], check=True, capture_output=True, text=True).stdout, whole)
            print(f"{what}: {kept} candidates of {of}")
            for p in problems:
                print(f"{what}: {p}")
            failed += bool(problems)
            passed += not problems
    print(f"{passed} passed, {failed} failed")
    return failed != 0


sys.exit(main())
