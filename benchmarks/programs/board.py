"""The reference board, running one program with its trace port open."""
import os
import subprocess
import tempfile

from follow import records


def tool(name, default):
    return os.environ.get(name, default)


def execute(elf, limit=120):
    """Runs ELF; (exit status, addresses in order)."""
    with tempfile.TemporaryDirectory() as folder:
        ram, port = os.path.join(folder, "ram"), os.path.join(folder, "port")
        done = subprocess.run([tool("QEMU", "qemu-system-riscv64"), "-M", "virt,memory-backend=ram", "-object",
                               f"memory-backend-file,id=ram,size=128M,mem-path={ram},share=on", "-bios", "none", "-icount", "shift=0,sleep=off",
                               "-display", "none", "-monitor", "none", "-serial", "null", "-no-reboot", "-kernel", elf, "-plugin",
                               f"{tool('PLUGIN', 'build/platform/potoroo-platform.so')},platform={tool('PLATFORM', 'platforms/reference.ini')},"
                               f"ram={ram},port={port}"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit)
        if done.stderr.strip():
            raise RuntimeError(f"qemu: {done.stderr.strip()[:200]}")
        return done.returncode, records(port)
