#!/usr/bin/python3
"""Binaries that nobody here wrote: no crash, every jump resolved but few, and a table of figures.

Calls through pointers that a caller gives are open questions by nature; they are counted, not held against the analysis.
Usage: binaries.py CFG_TOOL WORKDIR RV_PREFIX
"""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
OPENSBI = "/usr/lib/riscv64-linux-gnu/opensbi/generic/"


def main():
    tool, work, prefix = sys.argv[1:4]
    os.makedirs(work, exist_ok=True)
    images = []
    for level in ("-O0", "-O2", "-Os"):
        elf = os.path.join(work, "library" + level + ".elf")
        subprocess.run([prefix + "gcc", "--specs=picolibc.specs", "--oslib=semihost", "-march=rv64gc", "-mabi=lp64d", "-mcmodel=medany",
                        level, "-g", "-o", elf, os.path.join(HERE, "programs", "library.c")], check=True)
        images.append(elf)
        images.append(elf + ".stripped")
        subprocess.run([prefix + "strip", "-o", images[-1], elf], check=True)
    images += [p for p in (OPENSBI + "fw_jump.elf", OPENSBI + "fw_dynamic.elf") if os.path.exists(p)]
    passed = failed = 0
    print(f"{'functions':>9} {'blocks':>7} {'loops':>6} {'bounded':>7} {'indirect':>8} {'resolved':>8} {'open jumps':>10}  image")
    for image in images:
        cfg = json.loads(subprocess.run([tool, "json", image], check=True, capture_output=True, timeout=60).stdout)
        s = cfg["stats"]
        jumps = [u for u in cfg["unresolved"] if "call" not in u["why"]]
        print(f"{s['functions']:9} {s['blocks']:7} {s['loops']:6} {s['loops_bounded']:7} {s['indirect']:8} {s['indirect_resolved']:8} {len(jumps):10}  "
              f"{os.path.basename(image)}")
        ok = len(jumps) <= 0.05 * max(s["indirect_resolved"], 1) + ("fw_" in image)
        for u in [] if ok else jumps:
            print(f"  {u['place']}: {u['why']}")
        passed += ok
        failed += not ok
    print(f"{passed} passed, {failed} failed")
    return failed != 0


sys.exit(main())
