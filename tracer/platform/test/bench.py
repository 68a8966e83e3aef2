#!/usr/bin/python3
"""What the board costs: wall-clock time of a workload on QEMU with the plugin over that without, in turns, best of each.

    bench.py [ELF [QEMU ARGS...]]     ELF: instead of the built-in workload
"""
import os, subprocess, sys, tempfile, time
import run_guests as g

BOUND = 3.0


def run(elf, work, plugin, qemu):
    ram, platform = os.path.join(work, "ram"), os.path.join(g.ROOT, "platforms/reference.ini")
    command = [g.QEMU, "-M", "virt,memory-backend=ram", "-object", f"memory-backend-file,id=ram,size=128M,mem-path={ram},share=on", "-bios", "none",
               "-icount", "shift=0,sleep=off", "-display", "none", "-monitor", "none", "-serial", "null", "-no-reboot", "-cpu", "rv64,sstc=on,v=off",
               "-kernel", elf, *qemu]
    truth = os.path.join(work, "truth")
    if plugin:
        command += ["-plugin", f"{g.PLUGIN},platform={platform},ram={ram},truth={truth}"]
    start = os.times()
    wall = time.monotonic()
    subprocess.run(command, check=True, timeout=60, stdin=subprocess.DEVNULL)
    wall = time.monotonic() - wall
    end = os.times()
    insns = int(open(truth).read().split("insns ")[-1].split()[0]) if plugin else 0
    return end.children_user + end.children_system - start.children_user - start.children_system, insns, wall


def main(arguments):
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as work:
        elf = arguments[0] if arguments else os.path.join(work, "bench.elf")
        if not arguments:
            subprocess.run([g.PREFIX + "gcc", "-O2", "-nostdlib", "-ffreestanding", "-mno-relax", "-march=rv64gc", "-mabi=lp64d", "-mcmodel=medany", "-mno-relax",
                            "-Wl,--section-start=.boot=0x80000000", "-Wl,-Ttext=0x80001000", "-Wl,-e,_start", "-o", elf, os.path.join(g.HERE, "bench.c")], check=True)
        times = {False: [], True: []}
        for _ in range(3):
            for plugin in (False, True):
                seconds, insns, _ = run(elf, work, plugin, arguments[1:])
                times[plugin].append(seconds)
        plain, with_plugin = min(times[False]), min(times[True])
        print(f"instructions: {insns}")
        print(f"QEMU alone: {plain:.2f} s, with the board: {with_plugin:.2f} s ({insns / with_plugin / 1e6:.0f} M instructions/s)")
        print(f"slow-down: {with_plugin / plain:.2f}")
    return 0 if with_plugin / plain <= BOUND else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
