#!/usr/bin/python3
# ipc.py ELF PLUGIN PLATFORM: warm one-way IPC on the board with time, by the kernel without probes; fails above 300 cycles.
import os
import subprocess
import sys
import tempfile

elf, plugin, platform = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder:
    ram = os.path.join(folder, "ram")
    done = subprocess.run([os.environ.get("QEMU", "qemu-system-riscv64"), "-M", "virt,memory-backend=ram", "-object",
                           f"memory-backend-file,id=ram,size=128M,mem-path={ram},share=on", "-bios", "none", "-icount", "shift=0,sleep=off",
                           "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot", "-cpu", "rv64,sstc=on,v=off", "-kernel", elf,
                           "-device", "loader,addr=0x87e08010,data=3,data-len=8", "-plugin", f"{plugin},platform={platform},ram={ram}"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
print(done.stdout, end="")
good = done.returncode == 0 and done.stdout.count(" cycles") == 2
print(f"{int(good)} passed, {int(not good)} failed")
sys.exit(not good)
