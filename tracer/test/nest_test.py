#!/usr/bin/python3
"""Traps out of a kernel entry and switches in the middle of one, by probes and by the port: entries are cut out right, and the time of a
nested one is no part of the one around it. And `potoroo cc --clock`.

usage: nest_test.py POTOROO RV_PREFIX PLATFORM.ini"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
POTOROO, PREFIX, PLATFORM = str(pathlib.Path(sys.argv[1]).resolve()), sys.argv[2], str(pathlib.Path(sys.argv[3]).resolve())
passed = failed = 0


def check(name, good, why=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"{name}: {why}")


def potoroo(*arguments):
    r = subprocess.run([POTOROO, *map(str, arguments)], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    return r.returncode, r.stdout, r.stderr


def analyse(folder, elf, *how):
    code, _, err = potoroo("run", "-p", PLATFORM, "-k", elf, "-o", folder / "t.ptrace", *how)
    check("run", code == 0, err)
    code, _, err = potoroo("profile", "-k", elf, folder / "t.ptrace", "-o", folder / "t.prof")
    check("profile", code == 0, err)
    counts = tuple(map(int, re.search(r"(\d+) kernel entries.* (\d+) entries cut", err).groups())) if code == 0 else None
    (folder / "a.ini").write_text(f"[kernel]\nelf = {elf}\nprofile = {folder}/t.prof\n[entry outer]\nstart = vector\nvia = outer\n[entry nested]\nstart = vector\nvia = nested\n")
    code, out, err = potoroo("wcet", "-c", folder / "a.ini", "--json")
    rows = {r["name"]: r for r in json.loads(out)["entries"]} if out else {}
    return counts, rows, err


def test_nesting(folder):
    elf = folder / "guest.elf"
    subprocess.run([PREFIX + "gcc", "-march=rv64imac_zicsr", "-mabi=lp64", "-mcmodel=medany", "-nostdlib", "-static", "-I", str(HERE.parents[1]),
                    "-DPOTOROO_COUNTER=0x87fff000", "-DPOTOROO_MACHINE", "-Wl,--build-id=sha1", "-Wl,--no-warn-rwx-segments", "-T", str(HERE / "nest_guest.lds"),
                    str(HERE / "nest_guest.S"), "-o", str(elf)], check=True)
    counts, probes, err = analyse(folder, elf)
    # 800 calls, 400 of them with a trap within, 100 switches; the last call's `leave` would be written by the next entry
    check("probes: entries", counts == (800 - 100 + 400 - 1, 100 + 1), f"{counts} {err}")
    counts, port, err = analyse(folder, elf, "--points=port")
    check("port: entries", counts == (800 + 400, 0), f"{counts} {err}")
    check("port: both are bounded", all(port[n]["bound"] for n in ("outer", "nested")), err)
    check("port: observations", port["outer"]["observations"] == 800 and port["nested"]["observations"] == 400, port)
    check("probes: observations", probes["outer"]["observations"] == 699 and probes["nested"]["observations"] == 400, probes)
    for name in "outer", "nested":
        a, b = probes[name]["observed_max"], port[name]["observed_max"]
        check(f"{name}: the two agree", b - 60 <= a <= b + 60 and a != 0, f"{a} by probes, {b} by the port")
    check("the nested time is no part of the other", port["outer"]["observed_max"] + 100 < port["nested"]["observed_max"], port)


def test_clock(folder):
    (folder / "f.c").write_text("int f(int x);\nint f(int x) { return x > 3 ? x * 7 : 2; }\n")
    cc = [PREFIX + "gcc", "-O2", "-march=rv64imac_zicsr", "-mabi=lp64", "-S", "-o", "-", folder / "f.c"]
    for clock, words in (("latch", "sd\tzero,8(s11)\n\tld\ts9,0(s11)"), ("csr:cycle", "csrr\ts9,cycle"), ("csr:0x7c0", "csrr\ts9,0x7c0"), ("load:-8", "ld\ts9,-8(s11)")):
        code, out, err = potoroo("cc", f"--clock={clock}", "--", *cc)
        probe = "\tsw\ts9,0(s10)\n\t" + words + "\n\tsw\ts9,4(s10)\n"
        check(f"--clock={clock}", code == 0 and out.count(probe) == out.count("auipc\ts9,0") > 0, err or out)
    for clock in "csr:", "csr:a b", "load:", "load:4096", "load:x", "sundial":
        check(f"--clock={clock}", potoroo("cc", f"--clock={clock}", "--", *cc)[0] == 2)
    for flag, words in (("-DPOTOROO_CLOCK_CSR=mcycle", "csrr\ts9,mcycle"), ("-DPOTOROO_CLOCK_LOAD=24", "ld\ts9,24(s11)")):
        (folder / "p.S").write_text('#include "potoroo.h"\n\t.globl potoroo_buffer\nf:\tPOTOROO_ENTER_POINT\n\tPOTOROO_ENTER t0\n\tPOTOROO_PROBE\n\tPOTOROO_EXIT t0\n\tPOTOROO_LEAVE_POINT\n\tmret\n')
        (folder / "p.c").write_text('#include "potoroo.h"\nvoid g(void);\nvoid g(void) { POTOROO_PROBE(); }\n')
        for source, times in ("p.S", 3), ("p.c", 1):
            o = folder / "p.o"
            r = subprocess.run([PREFIX + "gcc", "-march=rv64imac_zicsr", "-mabi=lp64", "-mcmodel=medany", "-ffreestanding", "-ffixed-x25", "-ffixed-x26", "-ffixed-x27", flag,
                                "-I", str(HERE.parent / "target"), "-c", folder / source, "-o", o], capture_output=True, text=True)
            text = subprocess.run([PREFIX + "objdump", "-d", "--no-show-raw-insn", o], capture_output=True, text=True).stdout if r.returncode == 0 else ""
            check(f"{flag}, {source}", text.count(words) == times, f"{text.count(words)} {r.stderr}")


with tempfile.TemporaryDirectory() as base:
    test_nesting(pathlib.Path(base))
    test_clock(pathlib.Path(base))
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
