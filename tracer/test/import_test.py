#!/usr/bin/python3
"""`potoroo import`: what a target prints is what a host would have drained; of a log that is torn and mixed with noise, the rest is kept and
every loss is told of.

usage: import_test.py POTOROO RV_PREFIX PLATFORM.ini"""
import pathlib
import random
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
POTOROO, PREFIX, PLATFORM = str(pathlib.Path(sys.argv[1]).resolve()), sys.argv[2], str(pathlib.Path(sys.argv[3]).resolve())
TARGET = HERE.parent / "target"
passed = failed = 0


def check(name, good, why=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"{name}: {why}")


def potoroo(*arguments):
    r = subprocess.run([POTOROO, *map(str, arguments)], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    return r.returncode, r.stdout, r.stderr


def build(folder):
    flags = ["-O2", "-march=rv64imac_zicsr", "-mabi=lp64", "-mcmodel=medany", "-ffreestanding", "-Wall", "-Wextra", "-Werror", "-I", str(TARGET),
             "-DPOTOROO_COUNTER=0x87fff000", "-DPOTOROO_BUFFER_SIZE=0x20000"]
    for source in HERE / "import_guest.c", HERE / "import_start.S", TARGET / "potoroo.c":
        subprocess.run([POTOROO, "cc", "--", PREFIX + "gcc", *flags, "-c", source, "-o", folder / (source.stem + ".o")], check=True)
    (folder / "x.ld").write_text("ENTRY(_start) PHDRS { text PT_LOAD FLAGS(5); note PT_NOTE FLAGS(4); }\n"
                                 "SECTIONS { . = 0x80000000; .text : { *(.text.start) *(.text*) *(.noprobe*) *(.rodata*) } :text\n"
                                 ".note.gnu.build-id : { *(.note.gnu.build-id) } :text :note\n"
                                 ".potoroo.buffer 0x87e10000 (NOLOAD) : { *(.bss.potoroo_buffer) } :NONE\n"
                                 ".potoroo.points 0 (INFO) : { KEEP(*(.potoroo.points)) } :NONE }\n")
    subprocess.run([PREFIX + "gcc", "-nostdlib", "-static", "-Wl,--build-id=sha1", "-Wl,--no-warn-rwx-segments", "-T", folder / "x.ld",
                    *(folder / f"{n}.o" for n in ("import_start", "import_guest", "potoroo")), "-o", folder / "guest.elf"], check=True)


def rows(folder, trace):
    code, out, err = potoroo("dump", "--format=csv", trace)
    check(f"dump {trace.name}", code == 0, err)
    return [tuple(map(int, (r.split(",")[1], r.split(",")[2][2:]), (10, 16))) + (int(r.split(",")[4]),) for r in out.splitlines()[1:]]


def imported(folder, log, expect=0):
    (folder / "log").write_bytes(log)
    code, out, err = potoroo("import", "-k", folder / "guest.elf", "-p", PLATFORM, "-o", folder / "i.ptrace", folder / "log")
    check("import", code == expect and not out, f"{code} {err}")
    return rows(folder, folder / "i.ptrace") if code == 0 else None, err


def test_whole(folder):
    run = ["run", "-p", PLATFORM, "-k", folder / "guest.elf", "-o", folder / "d.ptrace"]
    code, _, err = potoroo(*run)
    check("drained", code == 0, err)
    drained = rows(folder, folder / "d.ptrace")
    code, _, err = potoroo(*run, "--points=port", "--console", folder / "console", "--", "-device", "loader,addr=0x87e08000,data=1,data-len=8")
    check("printed", code == 0, err)
    log = (folder / "console").read_bytes()
    got, err = imported(folder, log)
    check("what is printed is what is drained", got == drained and len(got) > 1000, f"{len(got or [])} of {len(drained)}")
    check("whole", re.search(r"(\d+) records of 1 dumps, 0 records lost, 0 problems\n", err), err)
    got, _ = imported(folder, b"\n".join(l + b"\r" for l in log.split(b"\n")))
    check("CRLF", got == drained)
    noise = b"".join(b"[  0.1] boot: hello ptr: ptr\n" + l + b"\n" for l in log.splitlines())
    got, err = imported(folder, noise)
    check("noise between the lines", got == drained and " 0 records lost" in err, err[:300])
    got, err = imported(folder, b"".join(b"junk\xff\x00 " + l + b" junk\n" for l in log.splitlines()))
    check("noise within the lines", got == drained and " 0 records lost, 0 problems" in err, err[:300])
    return log.splitlines(keepends=True), drained


def expect_loss(name, folder, lines, drained, gone, told):
    """GONE: numbers of the records that must be missing; TOLD: a pattern for each message, in order."""
    got, err = imported(folder, b"".join(lines))
    kept = [r for i, r in enumerate(drained) if i not in gone]
    check(f"{name}: the rest is kept", got is not None and [r[:2] for r in got] == [r[:2] for r in kept], f"{len(got or [])} records, {err}")
    numbers = [i for i in range(len(drained)) if i not in gone]
    wrong = [i for k, (before, i) in enumerate(zip([-1] + numbers, numbers)) if (got or [])[k:] and got[k][2] != i - before - 1]
    check(f"{name}: losses are marked where they are", got and not wrong, wrong[:5])
    check(f"{name}: {len(gone)} lost", f" {len(gone)} records lost" in err, err)
    messages = err.splitlines()[:-1]
    check(f"{name}: told of", len(messages) == len(told) and all(re.search(t, m) for t, m in zip(told, messages)), messages)


def test_damage(folder, log, drained):
    n = len(drained)
    expect_loss("a line is gone", folder, log[:5] + log[6:], drained, set(range(16, 20)), [r"log:6: 4 records are missing before this line"])
    torn = [log[6][:30] + b"\n"]
    expect_loss("a torn line", folder, log[:6] + torn + log[7:], drained, set(range(20, 24)), [r"log:7: a damaged line", r"log:8: 4 records are missing"])
    expect_loss("a line without an end", folder, log[:6] + [log[6][:30]] + log[7:], drained, set(range(20, 24)), [r"log:7: a damaged line", r"log:7: 4 records are missing"])
    expect_loss("a doubled line", folder, log[:9] + log[8:], drained, set(), [r"log:10: record 28 again, or out of order"])
    expect_loss("two lines changed places", folder, log[:8] + [log[9], log[8]] + log[10:], drained, set(range(28, 32)), [r"log:9: 4 records are missing", r"log:10: record 28 again, or out of order"])
    flipped = bytearray(log[3])
    flipped[20] ^= 1
    expect_loss("a flipped bit", folder, log[:3] + [bytes(flipped)] + log[4:], drained, set(range(8, 12)), [r"log:4: a damaged line", r"log:5: 4 records"])
    expect_loss("no beginning", folder, log[1:], drained, set(), [r"log:1: records outside of a dump"])
    expect_loss("no end", folder, log[:-3], drained, set(range(n - (n - 1) % 4 - 5, n)), [r"the end of the dump is missing", r"\d+ records are missing at the end of the dump"])
    check("nothing whole", imported(folder, b"hello\nptr: 00000000 zz\n", 3)[1].count("not a single whole record") == 1)
    check("no file", potoroo("import", "-k", folder / "guest.elf", "--clock", "1000", "-o", folder / "x", folder / "none")[0] == 3)
    for words in ["", "-k a -o b c", "-k a -o b -p c --clock 3 d", "-k a -o b --clock 0 d", "-k a -o b --clock 1", "--bogus"]:
        check(f"import {words}", potoroo("import", *words.split())[0] == 2)


def test_twice(folder, log, drained):
    """Two dumps in one log: one trace, if time goes on."""
    code, _, err = potoroo("import", "-k", folder / "guest.elf", "-p", PLATFORM, "-o", folder / "i.ptrace", folder / "log")
    got, err = imported(folder, b"".join(log + [b"booting again\n"] + log))
    check("two dumps", got is not None and [r[1] for r in got] == [r[1] for r in drained] * 2 and got[len(drained)][0] - drained[0][0] == 1 << 32 and "of 2 dumps" in err, err)


def test_random(folder, log, drained):
    """Whatever happens to a log, every record that comes out was in it, in order; and the losses are counted."""
    random.seed(5)
    for turn in range(40):
        data = bytearray(b"".join(log))
        for _ in range(random.randrange(1, 12)):
            at = random.randrange(len(data))
            kind = random.randrange(4)
            if kind == 0:
                data[at] = random.randrange(256)
            elif kind == 1:
                del data[at : at + random.randrange(200)]
            elif kind == 2:
                data[at:at] = bytes(random.choice(b"ptr: 0123456789abcdef\n<>") for _ in range(random.randrange(60)))
            else:
                data[at:at] = data[at - 200 : at]
        got, err = imported(folder, bytes(data))
        it, good = iter(r[:2] for r in drained), True
        for r in got or []:
            good = good and r[:2] in it
        lost = int(re.search(r"(\d+) records lost", err)[1])
        check(f"random damage {turn}", got and good and len(got) + lost >= len(drained) - 8, f"{len(got or [])} + {lost} of {len(drained)}")


with tempfile.TemporaryDirectory() as base:
    there = pathlib.Path(base)
    build(there)
    whole, records = test_whole(there)
    test_damage(there, whole, records)
    test_twice(there, whole, records)
    test_random(there, whole, records)
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
