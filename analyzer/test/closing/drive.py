#!/usr/bin/python3
"""The workload of `potoroo coverage --close --workload`: boots cold and calls what is offered, what needs most registers first.

usage: drive.py POTOROO PLATFORM.ini KERNEL.elf OFFERS.json TRACE.ptrace"""
import json
import struct
import subprocess
import sys

potoroo, platform, kernel, offers, trace = sys.argv[1:]
wanted = [o for o in json.load(open(offers)) if o["registers"] is not None]
wanted.sort(key=lambda o: (-len(o["registers"]), -o["count"]))
calls = [tuple(int(o["registers"].get(r, "0"), 16) for r in ("a0", "a1", "a2")) for o in wanted]
words = trace + ".words"
with open(words, "wb") as f:
    f.write(struct.pack("<QQ", 0, len(calls)) + b"".join(struct.pack("<QQQ", *c) for c in calls) + bytes(24))
sys.exit(subprocess.run([potoroo, "run", "-p", platform, "-k", kernel, "-o", trace, "--", "-device", f"loader,file={words},addr=0x87e08000,force-raw=on"]).returncode)
