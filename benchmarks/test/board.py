# The reference board without its timing plugin: enough to run the kernel, and to read the records it leaves in RAM.
# The cycle counter then reads 0; points and their order are as they would be with it.
import os
import struct
import subprocess
import tempfile

RAM = 0x80000000
ARGUMENTS = 0x87E08000
BUFFER = 0x87E10000
HEADER = struct.Struct("<5Q")
MAGIC = 0x314F4F524F544F50


def run(elf, seed=0, entries=0, mode=0, timeout=120):
    """Boots ELF; returns (exit code, UART output, RAM contents). An exit code of None: it did not end in time."""
    with tempfile.TemporaryDirectory() as folder:
        ram = os.path.join(folder, "ram")
        command = [os.environ.get("QEMU", "qemu-system-riscv64"), "-M", "virt,memory-backend=ram",
                   "-object", f"memory-backend-file,id=ram,size=128M,mem-path={ram},share=on",
                   "-cpu", "rv64,sstc=on", "-bios", "none", "-icount", "shift=0,sleep=off",
                   "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot", "-kernel", elf]
        for place, value in ((0, seed), (8, entries), (16, mode)):
            command += ["-device", f"loader,addr={ARGUMENTS + place:#x},data={value},data-len=8"]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  timeout=timeout, check=False)
        except subprocess.TimeoutExpired as stopped:
            return None, (stopped.stdout or b"").decode(errors="replace"), b""
        with open(ram, "rb") as file:
            return done.returncode, done.stdout.decode(errors="replace"), file.read()


def records(ram):
    """The trace buffer: (point's low half, cycle's low half) each, and how many were lost."""
    base = BUFFER - RAM
    magic, start, head, _limit, lost = HEADER.unpack_from(ram, base)
    if magic != MAGIC:
        raise ValueError("no trace buffer in RAM")
    first = base + (start & 0xFFFFFFFF) - BUFFER
    return list(struct.iter_unpack("<II", ram[first:first + head - start])), lost


def section(elf, name):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "section")
        prefix = os.environ.get("RV_PREFIX", "riscv64-unknown-elf-")
        subprocess.run([prefix + "objcopy", "-O", "binary", "--only-section=" + name,
                        "--set-section-flags", name + "=alloc", elf, out], check=True)
        with open(out, "rb") as file:
            return file.read()


def points(elf):
    """{low half of the address: (address, kind)}"""
    return {address & 0xFFFFFFFF: (address, kind)
            for address, kind in struct.iter_unpack("<QQ", section(elf, ".potoroo.points")) if address}


def symbols(elf):
    """[(address, name)] of the kernel's code, sorted."""
    prefix = os.environ.get("RV_PREFIX", "riscv64-unknown-elf-")
    lines = subprocess.run([prefix + "nm", "-n", elf], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    fields = [line.split() for line in lines]
    return [(int(f[0], 16), f[2]) for f in fields if len(f) == 3 and f[1] in "tT"]
