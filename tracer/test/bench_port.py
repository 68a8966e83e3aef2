#!/usr/bin/python3
"""What the trace port costs: the same kernel on the same board without tracing, with the port into a trace, and (a kernel with probes) drained.
Prints the figures; exit code 1 above 2.5 times.

usage: bench_port.py POTOROO QEMU PLUGIN PLATFORM.ini PLAIN.elf PROBED.elf FACTS.ff"""
import configparser
import os
import subprocess
import sys
import tempfile

POTOROO, QEMU, PLUGIN, PLATFORM, PLAIN, PROBED, FACTS = sys.argv[1:8]
WORDS = ["-device", "loader,addr=0x87e08000,data=7,data-len=8", "-device", "loader,addr=0x87e08008,data=60000,data-len=8"]


def seconds(*words):
    """Processor time of it and its children: the lesser of two."""
    least = None
    for _ in range(2):
        before = os.times()
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        after = os.times()
        spent = after.children_user + after.children_system - before.children_user - before.children_system
        least = spent if least is None or spent < least else least
    return least


def board(folder, elf):
    ini = configparser.ConfigParser(inline_comment_prefixes=(";",))
    ini.read(PLATFORM)
    ram = f"{folder}/ram"
    return seconds(QEMU, "-M", "virt,memory-backend=ram", "-object", f"memory-backend-file,id=ram,size={ini['memory']['ram']},mem-path={ram},share=on", "-m",
                   ini["memory"]["ram"] + "B", "-bios", "none", "-icount", "shift=0,sleep=off", "-display", "none", "-monitor", "none", "-serial", "null", "-no-reboot",
                   "-kernel", elf, "-plugin", f"{PLUGIN},platform={PLATFORM},ram={ram}", *ini["run"]["qemu"].split(), *WORDS)


with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as there:
    run = [POTOROO, "run", "-p", PLATFORM, "-o", f"{there}/t.ptrace"]
    quiet = board(there, PLAIN)
    port = seconds(*run, "-k", PLAIN, "-f", FACTS, "--points=port", "--", *WORDS)
    quiet_probed = board(there, PROBED)
    probes = seconds(*run, "-k", PROBED, "--", *WORDS)
print(f"board without tracing {quiet:.2f} s, with the port into a trace {port:.2f} s: {port / quiet:.2f} times (at most 2.5)")
print(f"kernel with probes: {quiet_probed:.2f} s, drained into a trace {probes:.2f} s: {probes / quiet_probed:.2f} times; {quiet_probed / quiet:.2f} times the kernel without")
sys.exit(port > 2.5 * quiet)
