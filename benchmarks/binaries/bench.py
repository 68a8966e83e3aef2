#!/usr/bin/python3
"""How long `potoroo cfg` takes, and how much memory, by size of the code: copies of the benchmark programs linked into one image.

Usage: bench.py OUT. Environment: POTOROO RV_PREFIX. The last two figures are ratios: seconds and bytes of memory a byte
of code, of each size against the smallest: 1.0 would be linear.
"""
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = os.path.join(HERE, "..", "programs")
FLAGS = ["-march=rv64imac", "-mabi=lp64", "-mcmodel=medany", "-ffreestanding", "-fno-pic", "-nostdlib", "-O2", "-std=gnu11"]
SIZES = [5, 10, 20, 40]


def tool(name):
    return os.environ.get("RV_PREFIX", "riscv64-unknown-elf-") + name


def run(*words):
    subprocess.run(words, check=True)


def one_copy(out):
    """All programs in one object, each with names of its own."""
    parts = []
    run(tool("gcc"), *FLAGS, "-c", "-o", f"{out}/lib.o", f"{PROGRAMS}/lib.c")
    for name in sorted(f[:-2] for f in os.listdir(PROGRAMS) if f.endswith(".c") and f != "lib.c"):
        part = f"{out}/part-{name}.o"
        run(tool("gcc"), *FLAGS, "-c", "-o", part, f"{PROGRAMS}/{name}.c")
        run(tool("gcc"), *FLAGS, "-r", "-o", part + ".r", part, f"{out}/lib.o", "-lgcc")
        run(tool("objcopy"), f"--prefix-symbols={name}_", part + ".r", part)
        parts.append(part)
    run(tool("gcc"), *FLAGS, "-r", "-o", f"{out}/copy.o", *parts)


def image(out, copies):
    parts = []
    for i in range(copies):
        parts.append(f"{out}/copy-{i}.o")
        if not os.path.exists(parts[-1]):
            run(tool("objcopy"), f"--prefix-symbols=c{i}_", f"{out}/copy.o", parts[-1])
    with open(f"{out}/start.S", "w") as file:
        file.write("        .globl _start\n_start: j _start\n")
    elf = f"{out}/size-{copies}.elf"
    run(tool("gcc"), *FLAGS, "-static", "-Ttext=0x80000000", "-o", elf, f"{out}/start.S", *parts)
    text = subprocess.run([tool("size"), "-A", elf], check=True, capture_output=True, text=True).stdout
    return elf, sum(int(l.split()[1]) for l in text.splitlines() if l.startswith(".text"))


def measure(elf):
    began = time.monotonic()
    pid = os.posix_spawnp(os.environ.get("POTOROO", "build/potoroo"), ["potoroo", "cfg", "--json", elf], os.environ,
                          file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0), (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 4):
        raise RuntimeError(f"potoroo cfg {elf}: exit code {os.waitstatus_to_exitcode(status)}")
    return time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def main():
    out = sys.argv[1]
    os.makedirs(out, exist_ok=True)
    one_copy(out)
    print(f"{'text':>10} {'clock s':>8} {'CPU s':>8} {'memory':>10} {'CPU s/MB':>8} {'time':>6} {'memory':>7}")
    first = None
    for copies in SIZES:
        elf, text = image(out, copies)
        clock, seconds, memory = measure(elf)
        first = first or (seconds / text, memory / text)
        print(f"{text:>10} {clock:>8.2f} {seconds:>8.2f} {memory >> 20:>7} MB {seconds / text * 1e6:>8.2f} {seconds / text / first[0]:>6.2f} {memory / text / first[1]:>7.2f}")


if __name__ == "__main__":
    main()
