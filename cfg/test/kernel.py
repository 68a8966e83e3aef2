#!/usr/bin/python3
"""The kernel's graph: nothing unresolved, every point begins a block, most loops bounded; stripped, the same blocks.

Usage: kernel.py CFG_TOOL KERNEL.elf...
"""
import json
import os
import struct
import subprocess
import sys
import tempfile


def cfg_of(tool, elf):
    return json.loads(subprocess.run([tool, "json", elf], check=True, capture_output=True).stdout)


def blocks_of(cfg):
    return {int(b["addr"], 16): b for f in cfg["functions"] for b in f["blocks"]}


def points_of(elf):
    with tempfile.NamedTemporaryFile() as f:
        done = subprocess.run(["riscv64-unknown-elf-objcopy", "-O", "binary", "--only-section=.potoroo.points", "--set-section-flags",
                               ".potoroo.points=alloc", elf, f.name], capture_output=True)
        data = open(f.name, "rb").read() if done.returncode == 0 else b""
    return [p for p in struct.iter_unpack("<QQ", data) if p[0]]


def main():
    tool, passed, failed = sys.argv[1], 0, 0
    for elf in sys.argv[2:]:
        cfg = cfg_of(tool, elf)
        blocks = blocks_of(cfg)
        stripped = elf + f".stripped{os.getpid()}"
        subprocess.run(["riscv64-unknown-elf-strip", "-o", stripped, elf], check=True)
        bare = blocks_of(cfg_of(tool, stripped))
        os.unlink(stripped)
        points = points_of(elf)
        covered = sum(any(a <= b < a + k["size"] for a, k in ((b, bare[b]),) if b in bare) for b in blocks)
        stats = cfg["stats"]
        checks = [
            (not cfg["unresolved"], f"unresolved: {[(u['place'], u['why']) for u in cfg['unresolved']]}"),
            (all(p in blocks for p, _ in points), f"points that begin no block: {[hex(p) for p, _ in points if p not in blocks]}"),
            (any(k == 1 for _, k in points) or "plain" in elf, "no enter point"),
            (covered >= 0.98 * len(blocks), f"stripped, only {covered} of {len(blocks)} blocks are found"),
            (stats["loops_bounded"] >= 0.7 * stats["loops"], f"only {stats['loops_bounded']} of {stats['loops']} loops bounded"),
        ]
        for ok, why in checks:
            passed += ok
            failed += not ok
            if not ok:
                print(f"{elf}: {why}")
        print(f"{elf}: {stats['functions']} functions, {stats['blocks']} blocks, {stats['loops_bounded']} of {stats['loops']} loops bounded, "
              f"{stats['indirect_resolved']} of {stats['indirect']} indirect transfers resolved, {len(points)} points; stripped {covered} blocks")
    print(f"{passed} passed, {failed} failed")
    return failed != 0


sys.exit(main())
