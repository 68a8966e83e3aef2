#!/usr/bin/python3
"""`potoroo cfg` on binaries that nobody here wrote: firmware, a boot loader, a C library. See README.md.

Usage: run.py [--out=FOLDER]
Environment: POTOROO PLUGIN PLATFORM QEMU RV_PREFIX.
"""
import glob
import json
import os
import subprocess
import sys
from collections import Counter

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "programs")]
from follow import Graph, Walk  # noqa: E402
from board import execute, tool  # noqa: E402
from tables import disassemble, table_jumps  # noqa: E402

PREFIX = tool("RV_PREFIX", "riscv64-unknown-elf-")
LIBRARY = "/usr/lib/picolibc/riscv64-unknown-elf/lib"
RAM = 0x80000000
SECONDS, SECONDS_A_MEGABYTE, MOST_MEMORY, LEAST_SHARE = 3, 7, 1 << 30, 95  # 10 s for a megabyte


def packages():
    """[(package, [(short name, path)])]; a package without files is not installed."""
    def found(pattern, name):
        return [(name(path), path) for path in sorted(glob.glob(pattern))]

    return [("opensbi", found("/usr/lib/riscv64-linux-gnu/opensbi/*/*.elf", lambda p: "opensbi/" + os.path.basename(p)[:-4])),
            ("u-boot-qemu", found("/usr/lib/u-boot/qemu-riscv64*/u*boot*.elf", lambda p: "u-boot/" + os.path.basename(os.path.dirname(p))))]


def link_with_library(source, level, elf):
    """For the first target that the library is installed for: Debian 13 has it without compressed double-precision code."""
    for march, mabi in ("rv64gc", "lp64d"), ("rv64imac", "lp64"):
        done = subprocess.run([PREFIX + "gcc", "--specs=picolibc.specs", f"-march={march}", f"-mabi={mabi}", "-mcmodel=medany", level,
                               "-Wl,--defsym=__flash=0x80000000,--defsym=__flash_size=0x80000,--defsym=__ram=0x80100000,--defsym=__ram_size=0x80000",
                               "-o", elf, source, "-lm"], stderr=subprocess.PIPE, text=True)
        if done.returncode == 0:
            return
    sys.exit(f"{source} cannot be linked with picolibc:\n{done.stderr}")


def library_programs(out):
    """Programs linked against picolibc: name, path. They run, too."""
    made = []
    for name in ("print", "sort", "convert"):
        for level in ("-O2", "-O0", "-Os"):
            elf = os.path.join(out, f"{name}{level}.elf")
            link_with_library(os.path.join(HERE, name + ".c"), level, elf)
            made.append((f"picolibc/{name}{level}", elf))
    return made


def analyse(elf, out):
    """(CFG, exit code, seconds of CPU, bytes of memory)."""
    figures = os.path.join(out, "figures")
    done = subprocess.run([sys.executable, "-IS", os.path.join(HERE, "measure.py"), figures, tool("POTOROO", "build/potoroo"), "cfg", "--json", elf],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    with open(figures) as file:
        code, seconds, memory = file.read().split()
    return (json.loads(done.stdout) if code in ("0", "4") else None), int(code), float(seconds), int(memory) * 1024


def sound_shape(cfg):
    """What is wrong with the graph as such."""
    blocks = {int(b["addr"], 16): b for f in cfg["functions"] for b in f["blocks"]}
    functions = {int(f["addr"], 16) for f in cfg["functions"]}
    problems, end = [], 0
    for address in sorted(blocks):
        if address < end:
            problems.append(f"the block at 0x{address:x} overlaps the one before")
        end = address + blocks[address]["size"]
    for address, b in blocks.items():
        problems += [f"0x{address:x}: successor {e['to']} is no block" for e in b["succ"] if int(e["to"], 16) not in blocks]
        problems += [f"0x{address:x}: callee {c} is no function" for c in b["calls"] if int(c, 16) not in functions]
    return problems[:5]


def jumps_of(cfg):
    """Addresses of the last instructions of blocks with table edges or table tail calls."""
    known = set()
    for f in cfg["functions"]:
        for b in f["blocks"]:
            if any(e["kind"] == "table" for e in b["succ"]) or (not b.get("open") and b["end"] in ("tail", "jump", "stop") and b["calls"]):
                known.update(int(b["addr"], 16) + b["size"] - k for k in (2, 4))
    return known


def examine(name, elf, out):
    """A row of the table, with its problems."""
    lines = disassemble(PREFIX + "objdump", elf)
    cfg, code, seconds, memory = analyse(elf, out)
    row = {"name": name, "seconds": seconds, "memory": memory, "problems": []}
    if cfg is None:
        row["problems"].append(f"exit code {code}")
        return row
    code_bytes = sum(b["size"] for f in cfg["functions"] for b in f["blocks"])
    instructions = sum(b["insns"] for f in cfg["functions"] for b in f["blocks"])
    known, (tables, jumps) = jumps_of(cfg), table_jumps(lines)
    open_tables = [t for t in tables if t not in known]
    row.update(cfg["stats"], bytes=code_bytes, share=instructions / max(1, len(lines)), tables=len(tables), tables_resolved=len(tables) - len(open_tables), jumps=len(jumps),
               unresolved=cfg["unresolved"], cfg=cfg)
    row["problems"] += sound_shape(cfg)
    if seconds > SECONDS + SECONDS_A_MEGABYTE * code_bytes / 1e6:
        row["problems"].append(f"{seconds:.1f} s for {code_bytes} bytes of code")
    if memory > MOST_MEMORY:
        row["problems"].append(f"{memory >> 20} MiB of memory")
    with open(os.path.join(out, name.replace("/", "-") + ".unresolved"), "w") as file:
        for u in cfg["unresolved"]:
            print(u["place"], u["why"], sep="\t", file=file)
    row["open_tables"] = open_tables
    return row


def run_firmware(elf, out):
    """Boots OpenSBI, linked at 0, with payload.S behind it. Without the hypervisor's instructions, which the board does not model."""
    payload = os.path.join(out, "payload")
    subprocess.run([PREFIX + "gcc", "-march=rv64imac", "-mabi=lp64", "-nostdlib", "-Wl,-Ttext=0x80200000", "-o", payload + ".elf",
                    os.path.join(HERE, "payload.S")], check=True)
    subprocess.run([PREFIX + "objcopy", "-O", "binary", payload + ".elf", payload + ".bin"], check=True)
    status, pcs = execute(None, loads=[(elf[:-4] + ".bin", RAM), (payload + ".bin", RAM + 0x200000)], span=(RAM, RAM + 0x3ffff), cpu="rv64,h=off")
    return status, [pc - RAM for pc in pcs]


def follow(row, elf, out):
    """Runs a program of the library, or firmware, and follows it."""
    firmware = row["name"].startswith("opensbi")
    status, pcs = run_firmware(elf, out) if firmware else execute(elf)
    graph = Graph(row["cfg"], elf)
    walk = Walk(graph, lenient=True).run(pcs, pcs[0] if firmware else RAM, graph.vectors() if firmware else ())
    row["problems"] += walk.errors
    if status:
        row["problems"].append(f"exit status {status}")
    if walk.transfers < 1000:
        row["problems"].append(f"only {walk.transfers} transfers were followed")
    for loop in walk.g.loops:
        if loop["bound"] and loop["bound"]["max"] < loop["seen"]:
            row["problems"].append(f"loop {loop['function']} {loop['header']}: bound {loop['bound']['max']}, but it ran {loop['seen']} times")
    row["transfers"], row["opened"] = walk.transfers, walk.opened
    if walk.lost is not None:
        print(f"{row['name']}: followed {walk.transfers} of {len(pcs)} transfers; then an unresolved one leads to 0x{walk.lost:x}, where the CFG has no block")


def print_table(rows):
    print(f"{'binary':<24} {'code KB':>7} {'found':>6} {'func.':>6} {'blocks':>7} {'loops':>6} {'bounded':>8} {'tables':>8} {'indirect':>9} {'resolved':>9} {'CPU s':>6} {'MB':>5} {'followed':>9}")
    for r in rows:
        if "blocks" not in r:
            print(f"{r['name']:<24} failed")
            continue
        print(f"{r['name']:<24} {r['bytes'] / 1e3:7.1f} {100 * r['share']:5.1f}% {r['functions']:6} {r['blocks']:7} {r['loops']:6} {r['loops_bounded']:8} "
              f"{r['tables_resolved']:>4}/{r['tables']:<3} {r['indirect']:9} {r['indirect_resolved']:9} {r['seconds']:6.2f} {r['memory'] >> 20:5} {r.get('transfers', '-'):>9}")
    done = [r for r in rows if "blocks" in r]
    tables, resolved = sum(r["tables"] for r in done), sum(r["tables_resolved"] for r in done)
    print(f"{resolved} of {tables} jump tables resolved; {sum(r['loops_bounded'] for r in done)} of {sum(r['loops'] for r in done)} loops bounded without facts; "
          f"{sum(r.get('transfers', 0) for r in done)} transfers followed, {sum(r.get('opened', 0) for r in done)} of them where the CFG says that it does not know")


def main():
    out = next((a[6:] for a in sys.argv[1:] if a.startswith("--out=")), "build/benchmarks/binaries")
    os.makedirs(out, exist_ok=True)
    binaries, programs, rows = [], [], []
    for package, files in packages():
        if not files:
            print(f"{package} is not installed: left out (make binaries installs it)")
        binaries += files
    if os.path.isdir(LIBRARY):
        programs = library_programs(out)
    else:
        print("picolibc-riscv64-unknown-elf is not installed: left out (make binaries installs it)")
    for name, elf in binaries + programs:
        rows.append(examine(name, elf, out))
        if ((name, elf) in programs or name == "opensbi/fw_jump") and "cfg" in rows[-1]:
            follow(rows[-1], elf, out)
    print_table(rows)
    for why, n in Counter(u["why"] for r in rows for u in r.get("unresolved", [])).most_common():
        if "0x" not in why:
            print(f"{n:6} unresolved: {why}")
    print(f"each unresolved place: {out}/*.unresolved")
    for r in rows:
        for t in r.get("open_tables", []):
            print(f"{r['name']}: table jump at 0x{t:x} is not resolved")
        for p in r["problems"]:
            print(f"{r['name']}: {p}")
    failed, count = sum(bool(r["problems"]) for r in rows), len(rows)
    if rows:
        count += 1
        if 100 * sum(r.get("tables_resolved", 0) for r in rows) < LEAST_SHARE * sum(r.get("tables", 0) for r in rows):
            print(f"less than {LEAST_SHARE} % of the jump tables are resolved")
            failed += 1
    print(f"{count - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
