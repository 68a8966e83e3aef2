#!/usr/bin/python3
# conformance.py ELF…: boots each kernel, has the root task check every system call, and adds up what it says.
import re
import sys

import board

passed = failed = 0
for elf in sys.argv[1:]:
    code, output, _ = board.run(elf, mode=1, timeout=15)
    lines = output.splitlines()
    closing = re.fullmatch(r"(\d+) passed, (\d+) failed", lines[-1]) if lines else None
    if not closing:
        print(f"{elf}: did not finish (exit code {code}): {output[-500:]!r}")
        failed += 1
        continue
    for line in lines[:-1]:
        print(f"{elf}: {line}")
    passed += int(closing[1])
    failed += int(closing[2])
    if (code == 0) != (int(closing[2]) == 0):
        print(f"{elf}: exit code {code} does not agree with: {lines[-1]}")
        failed += 1
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
