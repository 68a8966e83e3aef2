#!/usr/bin/python3
# builds.py MAKE COMPILER:LEVEL…: builds the kernel without probes by each compiler (gcc, clang) at each level, warnings being
# errors, and has each pass the conformance test.
import os
import re
import subprocess
import sys

import board

passed = failed = 0
for build in sys.argv[2:]:
    compiler, level = build.split(":")
    elf = f"build/kernel-builds/{compiler}{level}/kernel.elf"
    made = subprocess.run([sys.argv[1], "--no-print-directory", elf], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, close_fds=False)  # the descriptors of make's jobserver
    code, output = 1, made.stdout
    if made.returncode == 0 and "warning" not in made.stdout:
        code, output, _ = board.run(elf, mode=1, timeout=60)
    lines = output.splitlines()
    if code == 0 and lines and re.fullmatch(r"\d+ passed, 0 failed", lines[-1]):
        passed += 1
    else:
        failed += 1
        print(f"failed: {compiler} {level}: exit code {code}: {output[-500:]!r}")
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
