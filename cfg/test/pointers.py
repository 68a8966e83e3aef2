#!/usr/bin/python3
"""Candidates of open pointers: whom QEMU sees called must be among them; who reads more arguments than there are must not.

Usage: pointers.py TOOL BUILD-DIRECTORY RV_PREFIX QEMU [quick]
"""
import os
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


def called(pcs, sites):
    """By site: the addresses that came next."""
    seen, before = {}, None
    for pc in pcs:
        if before in sites:
            seen.setdefault(before, set()).add(pc)
        before = pc
    return seen


def judge(cfg, pcs):
    """What is wrong with the candidates of CFG, and how many there are of how many."""
    functions = {int(f["addr"], 16): f["name"] for f in cfg["functions"]}
    asked = {int(u["addr"], 16): u for u in cfg["unresolved"] if "candidates" in u}
    seen = called(pcs, asked)
    problems = []
    last = {u["function"]: addr for addr, u in sorted(asked.items())}
    for addr, u in asked.items():
        names = {functions[int(c, 16)] for c in u["candidates"]}
        for to in seen.get(addr, ()):
            if functions.get(to) not in names:
                problems.append(f"{u['place']}: {functions.get(to)} was called and is left out")
        for name in WRONG.get(u["function"], ()) if addr == last[u["function"]] else ():
            if name in names:
                problems.append(f"{u['place']}: {name} is a candidate")
    if len(seen) < 20:
        problems.append(f"only {len(seen)} of {len(asked)} open pointers were seen")
    kept = sum(u["candidate_count"] for u in asked.values())
    return problems, kept, kept + sum(sum(u["left_out_count"].values()) for u in asked.values())


def main():
    tool, out, prefix, qemu = sys.argv[1:5]
    os.makedirs(out, exist_ok=True)
    passed = failed = 0
    for name, command in configurations(prefix, "quick" in sys.argv[5:]):
        elf = os.path.join(out, f"pointers-{name}.elf")
        build(command, "pointers.c", elf)
        pcs = list(addresses(qemu, elf, elf + ".log"))
        os.unlink(elf + ".log")
        problems, kept, of = judge(load_cfg(tool, elf), pcs)
        print(f"{name}: {kept} candidates of {of}")
        for p in problems:
            print(f"{name}: {p}")
        failed += bool(problems)
        passed += not problems
    print(f"{passed} passed, {failed} failed")
    return failed != 0


sys.exit(main())
