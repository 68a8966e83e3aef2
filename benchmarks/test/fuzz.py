#!/usr/bin/python3
# fuzz.py ELF CALLS SEED…: random system calls, on the kernel that tests its invariants on its way out; CALLS for each seed.
import re
import sys

import board

elf, calls = sys.argv[1], int(sys.argv[2])
passed = failed = 0
for seed in map(int, sys.argv[3:]):
    code, output, _ = board.run(elf, seed, calls, mode=2, timeout=60 + calls // 1000)
    closing = re.search(r"^(\d+) calls, 0 errors that nobody documented$", output, re.M)
    if code == 0 and closing and int(closing[1]) >= calls:
        passed += 1
    else:
        failed += 1
        print(f"failed: seed {seed}: exit code {code}: {output[-300:]!r}")
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
