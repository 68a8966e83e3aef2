"""The reference board, running one program with its trace port open."""
import os
import subprocess
import tempfile

from follow import records


def tool(name, default):
    return os.environ.get(name, default)


def execute(elf, limit=120, loads=(), span=None, cpu="rv64"):
    """Runs ELF, or what LOADS put into memory: (file, address). (exit status, addresses in order), of the SPAN (first, last) alone if given."""
    with tempfile.TemporaryDirectory() as folder:
        ram, port = os.path.join(folder, "ram"), os.path.join(folder, "port")
        what = ["-kernel", elf] if elf else []
        for file, address in loads:
            what += ["-device", f"loader,file={file},addr={address:#x},force-raw=on"]
        plugin = (f"{tool('PLUGIN', 'build/platform/potoroo-platform.so')},platform={tool('PLATFORM', 'platforms/reference.ini')},"
                  f"ram={ram},port={port}" + (f",range={span[0]:#x}-{span[1]:#x}" if span else ""))
        done = subprocess.run([tool("QEMU", "qemu-system-riscv64"), "-M", "virt,memory-backend=ram", "-cpu", cpu, "-object",
                               f"memory-backend-file,id=ram,size=128M,mem-path={ram},share=on", "-bios", "none", "-icount", "shift=0,sleep=off",
                               "-display", "none", "-monitor", "none", "-serial", "null", "-no-reboot", *what, "-plugin", plugin],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit, check=False)
        if done.stderr.strip():
            raise RuntimeError(f"qemu: {done.stderr.strip()[:200]}")
        return done.returncode, records(port)
