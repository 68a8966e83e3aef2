#!/usr/bin/python3
"""What `potoroo cfg` finds of a binary without its symbols, against what it finds with them.

Usage: stripped.py [--slice] [--out=FOLDER] ELF…     (the benchmark programs are added)
Environment: POTOROO RV_PREFIX. At least 98 % of the blocks must be found, and nothing that is no code of the unstripped one.
"""
import os
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from run import COMPILERS, LEVELS, PREFIX, compile_program, compiler_works, load_cfg  # noqa: E402

LEAST = 98


def strip(elf, out):
    bare = os.path.join(out, os.path.basename(os.path.dirname(elf)) + "-" + os.path.basename(elf)[:-4] + ".stripped")
    subprocess.run([PREFIX + "objcopy", "--strip-all", elf, bare], check=True)
    symbols = subprocess.run([PREFIX + "nm", bare], capture_output=True, text=True, check=False).stdout
    if symbols.strip():
        raise RuntimeError(f"{bare} still has symbols")
    return bare


def blocks_of(cfg):
    return {int(b["addr"], 16): b["size"] for f in cfg["functions"] for b in f["blocks"]}


def compare(elf, out, entry=None):
    """(blocks with symbols, of these found without, blocks without symbols that are in none with them, unresolved more, lost ones)"""
    with_symbols, bare = load_cfg(elf), strip(elf, out)
    if entry is not None:
        with open(bare, "r+b") as file:
            file.seek(24)
            file.write(struct.pack("<Q", entry(blocks_of(with_symbols))))
    without = load_cfg(bare)
    true, found = blocks_of(with_symbols), blocks_of(without)
    covered = {a for start, size in true.items() for a in range(start, start + size, 2)}
    extra = [a for a in found if a not in covered]
    more = len(without["unresolved"]) - len(with_symbols["unresolved"])
    return len(true), sum(a in found for a in true), extra, more, sorted(set(true) - set(found))


def programs(out, sliced):
    names = sorted(f[:-7] for f in os.listdir(HERE) if f.endswith(".bounds"))
    for i, name in enumerate(names):
        for c in filter(compiler_works, COMPILERS):
            for k, level in enumerate(LEVELS):
                if not sliced or (i + k) % 10 == 0:
                    yield compile_program(name, c, level, out)


def main():
    elves = [a for a in sys.argv[1:] if not a.startswith("--")]
    out = os.path.abspath(next((a[6:] for a in sys.argv[1:] if a.startswith("--out=")), "build/benchmarks/stripped"))
    os.makedirs(out, exist_ok=True)
    passed = failed = 0
    sums = {}
    images = elves + list(programs(out, "--slice" in sys.argv))
    of, found, *_ = compare(images[-1], out, max)
    if 100 * found >= LEAST * of:  # begun at its last block, little of a program can be found
        print("an entry in the wrong place goes unnoticed")
        failed += 1
    passed += 100 * found < LEAST * of
    for elf in images:
        of, found, extra, more, lost = compare(elf, out)
        short = os.path.relpath(elf, out if elf.startswith(out) else ".")
        group = short if elf in elves else "benchmark programs, " + short[:-4].rpartition("-")[0].rpartition("-")[2]
        row = sums.setdefault(group, [0, 0, 0])
        row[0], row[1], row[2] = row[0] + of, row[1] + found, row[2] + len(extra)
        bad = 100 * found < LEAST * of
        if bad or extra or more > 0:
            print(f"{short}: {found} of {of} blocks" + (f", {len(extra)} that are none: {extra[0]:#x} …" if extra else "") +
                  (f", {more} places more unresolved" if more > 0 else "") + (f"; lost {lost[0]:#x} …" if lost else ""))
        failed += bad
        passed += not bad
    for group, (of, found, extra) in sums.items():
        print(f"{group:<40} {found:>6} of {of:>6} blocks found without symbols: {100 * found / of:6.2f} %; {extra} more")
    of, found = sum(r[0] for r in sums.values()), sum(r[1] for r in sums.values())
    print(f"{'all':<40} {found:>6} of {of:>6} blocks found without symbols: {100 * found / of:6.2f} %")
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
