#!/usr/bin/python3
"""`potoroo profile` on real traces: its rate against zstd's on the same file, its memory on traces each four times as long as the last, and on one
of which nothing is new but the length; two traces at a time against one, of two lengths. Prints the figures; exit code 1 if memory grows with the length.

usage: bench_profile.py POTOROO REPEAT_TRACE KERNEL.elf FACTS.ff SHORT.ptrace MIDDLE.ptrace LONG.ptrace MIDDLE_OTHER.ptrace LONG_OTHER.ptrace
The others are as long as MIDDLE and LONG. Rates are differences between LONG and MIDDLE, so neither starting nor learning the kernel's first ways counts."""
import os
import subprocess
import sys
import tempfile
import time

POTOROO, REPEAT_TRACE, KERNEL, FACTS, SHORT, MIDDLE, LONG, MIDDLE_OTHER, LONG_OTHER = sys.argv[1:]
TIMES = 5


def measure(*words):
    """Wall clock, processor seconds, kilobytes."""
    began = time.monotonic()
    p = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(p.pid, 0)
    assert status == 0, words
    return time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def best(*runs):
    """Of several runs of each, taken in turns, the least times and the most memory: others may load the machine."""
    seen = [[measure(*words) for words in runs] for _ in range(TIMES)]
    return [(min(s[i][0] for s in seen), min(s[i][1] for s in seen), max(s[i][2] for s in seen)) for i in range(len(runs))]


def main_thread(*words):
    """Processor seconds of the process's first thread: asked for when it has ended."""
    least = 1e9
    for _ in range(TIMES):
        p = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.waitid(os.P_PID, p.pid, os.WEXITED | os.WNOWAIT) # it has ended, but can still be asked
        with open(f"/proc/{p.pid}/task/{p.pid}/stat") as f:
            words_of = f.read().rsplit(")", 1)[1].split()
        least = min(least, (int(words_of[11]) + int(words_of[12])) / os.sysconf("SC_CLK_TCK"))
        assert p.wait() == 0, words
    return least


def counts(profile):
    """Records, kernel entries, ways."""
    with open(profile) as f:
        lines = f.read().split("\n")
    words = next(l for l in lines if l.startswith("trace ")).split()
    return int(words[3]), int(words[5]), sum(l.startswith("path ") for l in lines)


with tempfile.TemporaryDirectory() as folder:
    def profile(jobs, *traces):
        return POTOROO, "profile", "-j", str(jobs), "-k", KERNEL, "-f", FACTS, "-o", f"{folder}/{len(traces)}.prof", *traces

    def known(trace):
        measure(*profile(1, trace))
        return counts(f"{folder}/1.prof")

    traces = (SHORT, MIDDLE, LONG)
    sizes = [known(t) for t in traces]
    zstd_middle, zstd, middle, whole, wide = best(("zstd", "-qdc", MIDDLE), ("zstd", "-qdc", LONG), profile(1, MIDDLE), profile(1, LONG), profile(2, LONG))
    n = sizes[2][0] - sizes[1][0]
    own, ref = (whole[1] - middle[1]) * 1e9 / n, (zstd[1] - zstd_middle[1]) * 1e9 / n
    print(f"profile: {own:.2f} ns of a processor's time a record, zstd -dc {ref:.2f}: {ref / own:.3f} of its rate (wanted: 0.25), start-up and first ways apart; "
          f"{zstd[1] / whole[1]:.3f} with them")
    print(f"profile, by the clock: {sizes[2][0] / whole[0] / 1e6:.0f} million records a second by one thread, {sizes[2][0] / wide[0] / 1e6:.0f} by two, "
          f"{sizes[2][0] / zstd[0] / 1e6:.0f} by zstd -dc: {zstd[0] / whole[0]:.3f} and {zstd[0] / wide[0]:.3f} of its rate")
    memory = [measure(*profile(1, t))[2] for t in traces]
    for size, mb, t in zip(sizes, memory, traces):
        print(f"memory: {mb:.1f} MB for {size[1]} kernel entries, {size[0]} records, {os.path.getsize(t) / 1e6:.1f} MB; {size[2]} different ways were passed")
    again = f"{folder}/again.ptrace"
    subprocess.run([REPEAT_TRACE, SHORT, again, "16"], check=True)
    repeated = measure(*profile(1, again))[2]
    print(f"memory: {repeated:.1f} MB for the shortest of these 16 times over, which has the same ways: {repeated / memory[0]:.2f} times as much")
    for pair in ((MIDDLE, MIDDLE_OTHER), (LONG, LONG_OTHER)):
        one, two = best(profile(1, *pair), profile(2, *pair))
        serial = main_thread(*profile(2, *pair))
        print(f"two traces of {sum(map(os.path.getsize, pair)) / 2e6:.0f} MB: {one[0]:.2f} s by one thread, {two[0]:.2f} s by two: {one[0] / two[0]:.2f} times as fast (wanted: 1.7; "
              f"load average {os.getloadavg()[0]:.1f}). By processor time: {one[1]:.2f} s and {two[1]:.2f} s, of which {serial:.2f} s before, between and behind the two: "
              f"{one[1] / (serial + (two[1] - serial) / 2):.2f} times on two processors that nobody else uses")
sys.exit(repeated > 1.2 * memory[0])
