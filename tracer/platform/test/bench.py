#!/usr/bin/python3
"""What the board costs: processor time of a workload on QEMU with the plugin over that without, in turns, the best of each.

    bench.py                    the built-in workload
    bench.py ELF [QEMU ARGS…]   that one, traced if it has a trace buffer
"""
import os, subprocess, sys, tempfile
import run_guests as g

BOUND, TURNS = 3.0, 5


def build(work):
    elf = os.path.join(work, "bench.elf")
    subprocess.run([g.PREFIX + "gcc", "-O2", "-nostdlib", "-ffreestanding", "-mno-relax", "-march=rv64gc", "-mabi=lp64d", "-mcmodel=medany",
                    "-Wl,--section-start=.boot=0x80000000", "-Wl,-Ttext=0x80001000", "-Wl,-e,_start", "-o", elf, os.path.join(g.HERE, "bench.c")], check=True)
    return elf


def buffer_of(elf):
    """The kernel's trace buffer is in the board's uncached range; its virtual address ends in the physical one's low 31 bits."""
    for line in subprocess.run([g.PREFIX + "nm", elf], check=True, capture_output=True, text=True).stdout.splitlines():
        if line.endswith(" potoroo_buffer"):
            return [f"buffer={0x80000000 | int(line.split()[0], 16) & 0x7fffffff:#x}", "trace=/dev/null"]
    return []


def run(elf, work, plugin, qemu):
    """(seconds, instructions)"""
    ram, truth = os.path.join(work, "ram"), os.path.join(work, "truth")
    command = [g.QEMU, "-M", "virt,memory-backend=ram", "-object", f"memory-backend-file,id=ram,size=128M,mem-path={ram},share=on", "-bios", "none",
               "-icount", "shift=0,sleep=off", "-display", "none", "-monitor", "none", "-serial", "null", "-no-reboot", "-cpu", "rv64,sstc=on,v=off",
               "-kernel", elf, *qemu]
    if plugin:
        platform = os.path.join(g.ROOT, "platforms/reference.ini")
        command += ["-plugin", ",".join([g.PLUGIN, f"platform={platform}", f"ram={ram}", f"truth={truth}", *buffer_of(elf)])]
    start = os.times()
    subprocess.run(command, check=True, timeout=60, stdin=subprocess.DEVNULL)
    end = os.times()
    insns = int(open(truth).read().split("insns ")[-1].split()[0]) if plugin else 0
    return end.children_user + end.children_system - start.children_user - start.children_system, insns


def main(arguments):
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as work:
        elf = arguments[0] if arguments else build(work)
        runs = [(run(elf, work, False, arguments[1:]), run(elf, work, True, arguments[1:])) for _ in range(TURNS)]
    plain, board, insns = min(r[0][0] for r in runs), min(r[1][0] for r in runs), runs[0][1][1]
    print(f"{'built-in workload' if not arguments else os.path.relpath(elf, g.ROOT)}: {insns} instructions, QEMU alone {plain:.2f} s, "
          f"with the board {board:.2f} s ({insns / board / 1e6:.0f} M instructions/s), slow-down: {board / plain:.2f}")
    return 0 if board / plain <= BOUND else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
