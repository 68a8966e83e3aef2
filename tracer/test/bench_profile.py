#!/usr/bin/python3
"""`potoroo profile` on real traces: its rate against zstd's on the same file, its memory on a long trace against a short one, two traces at a
time against one. Prints the figures; exit code 1 if memory grows with the trace, or two processors are no use where there are two.

usage: bench_profile.py POTOROO KERNEL.elf PLATFORM.ini FACTS.ff"""
import os
import subprocess
import sys
import tempfile
import time

POTOROO, KERNEL, PLATFORM, FACTS = sys.argv[1:5]
bad = 0


def trace(folder, seed, entries):
    path = f"{folder}/{seed}-{entries}.ptrace"
    subprocess.run([POTOROO, "run", "-p", PLATFORM, "-k", KERNEL, "-o", path, "--", "-device", f"loader,addr=0x87e08000,data={seed},data-len=8",
                    "-device", f"loader,addr=0x87e08008,data={entries},data-len=8"], check=True)
    return path


def measure(*words):
    """Wall clock, processor seconds, kilobytes."""
    began = time.monotonic()
    p = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(p.pid, 0)
    assert status == 0, words
    return time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss


def best(n, *words):
    runs = [measure(*words) for _ in range(n)]
    return min(r[0] for r in runs), min(r[1] for r in runs), max(r[2] for r in runs)


def records(path):
    dump = subprocess.Popen([POTOROO, "dump", "--format=csv", path], stdout=subprocess.PIPE) # not kept: a child's peak begins at ours
    n = sum(block.count(b"\n") for block in iter(lambda: dump.stdout.read(1 << 16), b"")) - 1
    assert dump.wait() == 0
    return n


with tempfile.TemporaryDirectory() as folder:
    short, long, other = trace(folder, 3, 160000), trace(folder, 1, 480000), trace(folder, 2, 480000)
    profile = [POTOROO, "profile", "-k", KERNEL, "-f", FACTS, "-o", f"{folder}/p.prof"]
    n = records(long) - records(short)
    zstd = best(5, "zstd", "-qdc", long)[1] - best(5, "zstd", "-qdc", short)[1]
    a, b = best(3, *profile, short), best(3, *profile, long)
    own = b[1] - a[1]
    print(f"profile: {own * 1e9 / n:.1f} ns a record beyond the start-up, {zstd / own:.3f} of zstd's rate alone (wanted: 0.25)")
    print(f"memory: {a[2] / 1024:.1f} MB for the short trace, {b[2] / 1024:.1f} MB for one three times as long")
    bad |= b[2] > 1.5 * a[2]
    one, two = best(3, *profile, "-j", "1", long, other)[0], best(3, *profile, "-j", "2", long, other)[0]
    print(f"two traces: {one:.2f} s by one process at a time, {two:.2f} s by two: {one / two:.2f} times as fast (wanted: 1.7; load average {os.getloadavg()[0]:.1f})")
sys.exit(bad)
