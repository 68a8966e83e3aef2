#!/usr/bin/python3
"""`potoroo run` and `potoroo dump` on a tiny guest: right records, and one clear line for whatever can go wrong, with nothing left behind.

usage: run_test.py POTOROO RV_PREFIX PLATFORM.ini"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
POTOROO, PREFIX, PLATFORM = str(pathlib.Path(sys.argv[1]).resolve()), sys.argv[2], str(pathlib.Path(sys.argv[3]).resolve())
passed = failed = 0


def check(name, good, why=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"{name}: {why}")


def words(mode, count=1):
    return ["--"] + [w for i, v in enumerate((mode, count)) for w in ("-device", f"loader,addr={0x87e08000 + 8 * i:#x},data={v},data-len=8")]


def start(folder, arguments, environment=None, **more):
    return subprocess.Popen([POTOROO] + arguments, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env=dict(os.environ, TMPDIR=str(folder), **(environment or {})), **more)


def potoroo(folder, *arguments, environment=None):
    p = start(folder, [str(a) for a in arguments], environment)
    out, err = p.communicate(timeout=120)
    return p.returncode, out, err


def boot(folder, elf, *more, mode=0, count=1, environment=None):
    arguments = ["run", "-p", PLATFORM, "-k", elf, "-o", "t.ptrace", *more] + words(mode, count)
    return potoroo(folder, *arguments, environment=environment)


def build(folder, name, *flags):
    elf = folder / name
    subprocess.run([PREFIX + "gcc", "-march=rv64imac_zicsr", "-mabi=lp64", "-mcmodel=medany", "-nostdlib", "-static", "-I", str(HERE.parents[1]),
                    "-DPOTOROO_COUNTER=0x87fff000", "-Wl,--build-id=sha1", "-Wl,--no-warn-rwx-segments", "-T", str(HERE / "run_guest.lds"), *flags,
                    str(HERE / "run_guest.S"), "-o", str(elf)], check=True)
    return elf


def refused(name, result, status, message, folder):
    code, out, err = result
    check(name, code == status, f"status {code}: {err}")
    check(name, err.startswith("potoroo ") and message in err and err.count("\n") == 1 and not out, f"{err!r}, expected {message!r}")
    check(name, not list(folder.glob("t.ptrace*")), f"left behind: {list(folder.glob('t.ptrace*'))}")


def test_records(folder, elf):
    traces = []
    for _ in range(2):
        code, out, err = boot(folder, elf, count=1000)
        check("run", code == 0 and not out and not err, f"status {code}: {err}")
        traces.append((folder / "t.ptrace").read_bytes())
    check("run", traces[0] == traces[1], "two runs differ")
    code, csv, err = potoroo(folder, "dump", "--format=csv", "-k", elf, "t.ptrace")
    rows = [r.split(",") for r in csv.splitlines()[1:]]
    expected = [name for n in range(1000, 0, -1) for name in (["again"] if n % 4 == 0 else ["again", "second"])]
    names = ["again" if r[3] == "again" else "second" for r in rows]
    check("dump csv", code == 0 and names == expected, f"{len(rows)} rows, status {code} {err}")
    cycles = [int(r[1]) for r in rows]
    check("dump csv", cycles == sorted(set(cycles)) and [int(r[0]) for r in rows] == list(range(len(rows))), "cycles or numbers")
    code, text, err = potoroo(folder, "dump", "t.ptrace")
    head, *lines = text.splitlines()
    check("dump text", code == 0 and head.startswith("# isa rv64, kernel ") and len(lines) == len(rows), head)
    check("dump text", [l.split()[:3] for l in lines] == [r[:3] for r in rows], "differs from csv")
    other = build(folder, "other.elf", "-DOTHER", "-Wl,--defsym=x=1")
    code, _, err = potoroo(folder, "dump", "-k", other, "t.ptrace")
    check("dump, other build", code == 3 and "another build" in err, f"{code} {err}")
    whole = (folder / "t.ptrace").read_bytes()
    (folder / "cut").write_bytes(whole[:-10])
    code, out, err = potoroo(folder, "dump", "cut")
    check("dump, cut", code == 3 and "cut short" in err and len(out.splitlines()) == len(lines) + 1, f"{code} {err}")
    (folder / "flip").write_bytes(whole[:340] + bytes([whole[340] ^ 1]) + whole[341:])
    code, out, err = potoroo(folder, "dump", "flip")
    check("dump, flipped bit", code == 3 and re.search(r"flip: offset \d+: damaged", err) and "records are missing" in out, f"{code} {err}")
    for words_ in ["--format=ctf t.ptrace", "--format=chrome -o x t.ptrace", "--format=xml t.ptrace", "", "a b"]:
        check(f"dump {words_}", potoroo(folder, "dump", *words_.split())[0] == 2)
    (folder / "t.ptrace").unlink()


def test_modes(folder, elf):
    code, _, err = boot(folder, elf, mode=6)
    _, csv, _ = potoroo(folder, "dump", "--format=csv", "t.ptrace")
    check("wrap", [r.split(",")[1] for r in csv.splitlines()[1:]] == [str(v) for v in (0xfffffff0, 2**32, 2**32 + 0xfffffff0, 2**33 + 5)], csv)
    code, _, err = boot(folder, elf, mode=5)
    check("lost", code == 0 and "42 records were lost" in err, f"{code} {err}")
    check("lost", "# 42 records are missing here" in potoroo(folder, "dump", "t.ptrace")[1])
    code, out, _ = boot(folder, elf, "--console", "-", mode=7)
    check("console", code == 0 and out == "hi\n", repr(out))
    code, out, _ = boot(folder, elf, "--console", "con,sole", mode=7)
    check("console", code == 0 and out == "" and (folder / "con,sole").read_text() == "hi\n", repr(out))
    code, _, _ = boot(folder, elf, "--truth", "truth", count=3)
    check("truth", code == 0 and (folder / "truth").read_text().startswith("end 0 cycles "), str(code))
    code, _, err = boot(folder, elf, "--points=port", count=3)
    check("port", code == 0, err)
    _, csv, _ = potoroo(folder, "dump", "--format=csv", "-k", elf, "t.ptrace")
    port = [r.split(",")[3] for r in csv.splitlines()[1:]]
    check("port", port[0] == "_start" and port.count("again") == 3 and port.count("skip") == 3, str(port))
    code, _, err = boot(folder, elf, "--points=port", "--range", "0x80000000-0x80000004", count=3)
    check("range", code == 3 and "without a single record" in err or potoroo(folder, "dump", "t.ptrace")[1].count("\n") == 2, f"{code} {err}")
    (folder / "t.ptrace").unlink(missing_ok=True)


def test_formats(folder, elf):
    """What another reader makes of the other formats is what `--format=csv` says."""
    for name, mode, count in (("records", 0, 20000), ("lost", 5, 1)):
        code, _, err = boot(folder, elf, mode=mode, count=count)
        _, csv, _ = potoroo(folder, "dump", "--format=csv", "-k", elf, "t.ptrace")
        rows = [r.split(",") for r in csv.splitlines()[1:]]
        code, out, err = potoroo(folder, "dump", "--format=chrome", "-k", elf, "t.ptrace")
        events = json.loads(out)["traceEvents"]
        steps = [e for e in events if e["ph"] == "X"]
        check(f"{name}: chrome", code == 0 and len(steps) == max(len(rows) - 1, 0) and all(e["name"] == r[3] and abs(e["ts"] * 100 - int(r[1])) < 0.01
              and e["args"]["cycles"] == int(n[1]) - int(r[1]) for e, r, n in zip(steps, rows, rows[1:])), f"{len(steps)} of {len(rows)} {err}")
        lost = [e["args"]["records"] for e in events if e["name"] == "lost"]
        check(f"{name}: chrome, losses", lost == ([42] if mode else []), lost)
        code, out, err = potoroo(folder, "dump", "--format=ctf", "-o", "ctf", "-k", elf, "t.ptrace")
        check(f"{name}: ctf", code == 0 and not out and not err, err)
        check(f"{name}: ctf, where something is", potoroo(folder, "dump", "--format=ctf", "-o", "ctf", "t.ptrace")[0] == 3)
        if shutil.which("babeltrace2"):
            r = subprocess.run(["babeltrace2", "--clock-cycles", "--no-delta", folder / "ctf"], capture_output=True, text=True)
            got = re.findall(r"^\[0*(\d+)\] point: \{ address = 0x([0-9A-F]+), place = \"(.*)\" \}$", r.stdout, re.M)
            check(f"{name}: babeltrace2 reads it", r.returncode == 0 and [(c, int(a, 16), p) for c, a, p in got] == [(x[1], int(x[2], 16), x[3]) for x in rows],
                  f"{len(got)} of {len(rows)}: {r.stderr[:300]} {r.stdout[:200]}")
            check(f"{name}: babeltrace2, losses", ("discarded 42 events" in r.stderr) == bool(mode), r.stderr)
        else:
            print("babeltrace2 is not installed: it was not asked")
        shutil.rmtree(folder / "ctf")
    (folder / "t.ptrace").unlink()


def test_failures(folder, elf):
    for mode, message in [(2, "status 7"), (3, "record 1: 0x00001234 is no point of the kernel"), (4, "without setting up its trace buffer")]:
        refused(f"mode {mode}", boot(folder, elf, mode=mode), 3, message, folder)
    began = time.monotonic()
    refused("hang", boot(folder, elf, "--timeout", "1.5", "--must-end", mode=1), 3, "did not power off within 1.5 s", folder)
    refused("nothing told", boot(folder, elf, "--timeout", "1.5", mode=1), 3, "was stopped without a single record", folder)
    check("hang", time.monotonic() - began < 30, "it took too long")
    old = folder / "old-qemu"
    old.write_text("#!/bin/sh\ncase $1 in --version) echo 'QEMU emulator version 7.2.9 (Debian)';; *) exit 1;; esac\n")
    old.chmod(0o755)
    refused("old QEMU", boot(folder, elf, environment={"POTOROO_QEMU": str(old)}), 3, "is QEMU 7: the board's plugin needs QEMU 10 or newer", folder)
    refused("no QEMU", boot(folder, elf, environment={"POTOROO_QEMU": "/nonexistent/q"}), 3, "/nonexistent/q", folder)
    refused("no plugin", boot(folder, elf, environment={"POTOROO_PLUGIN": "/nonexistent/p"}), 3, "POTOROO_PLUGIN: /nonexistent/p", folder)
    refused("no kernel", boot(folder, "nothing.elf"), 3, "nothing.elf", folder)
    whole = elf.read_bytes()
    (folder / "short.elf").write_bytes(whole[:200])
    refused("truncated", boot(folder, "short.elf"), 3, "short.elf", folder)
    (folder / "narrow.elf").write_bytes(whole[:4] + b"\1" + whole[5:])
    refused("32 bits", boot(folder, "narrow.elf"), 3, "narrow.elf", folder)
    bare = build(folder, "bare.elf", "-DPOTOROO_OFF")
    refused("no points", boot(folder, bare), 3, "no points in it", folder)
    (folder / "bad.ini").write_text(pathlib.Path(PLATFORM).read_text() + "\n[l1i]\nbogus = 1\n")
    refused("platform", potoroo(folder, "run", "-p", "bad.ini", "-k", elf, "-o", "t.ptrace"), 3, "bad.ini:", folder)
    refused("output", potoroo(folder, "run", "-p", PLATFORM, "-k", elf, "-o", "/nonexistent/t.ptrace"), 3, "/nonexistent/t.ptrace", folder)
    for line in ["", "-p x", "-p x -k y -o z --points=many", "-p x -k y -o z --timeout=-1", "-p x -k y -o z stray", "--bogus"]:
        code, out, err = potoroo(folder, "run", *line.split())
        check(f"run {line}", code == 2 and err and not out, f"{code} {err}")
    code, _, err = boot(folder, elf, "--range", "again")
    check("range without port", code == 2 and "--range needs" in err, err)


def kept(name, folder, result):
    """A run that was stopped: what it recorded until then is a whole trace."""
    code, out, err = result
    code_dump, text, err_dump = potoroo(folder, "dump", "t.ptrace")
    check(name, code == 0 and not out, f"status {code}: {err}")
    check(name, code_dump == 0 and not err_dump and len(text.splitlines()) > 1000, f"{err_dump} {text[:200]}")
    return (folder / "t.ptrace").read_bytes(), err


def test_stopped(folder, elf):
    _, err = kept("stopped by time", folder, boot(folder, elf, "--points=port", "--timeout", "1.5", mode=1))
    check("stopped by time", re.fullmatch(r"potoroo run: stopped after 1.5 s: the guest had not powered off; \d+ records are kept\n", err), err)
    first, err = kept("stopped by cycles", folder, boot(folder, elf, "--points=port", "--cycles", "300000", mode=1))
    again, _ = kept("stopped by cycles", folder, boot(folder, elf, "--points=port", "--cycles", "300000", mode=1))
    check("stopped by cycles", not err and first == again, f"{err} {len(first)} {len(again)} bytes")
    (folder / "t.ptrace").unlink()
    p = start(folder, ["run", "-p", PLATFORM, "-k", str(elf), "-o", "t.ptrace", "--points=port"] + words(1))
    time.sleep(2)
    p.send_signal(signal.SIGTERM)
    p.communicate(timeout=60)
    check("stopped by a signal", p.returncode == -signal.SIGTERM, f"status {p.returncode}")
    kept("stopped by a signal", folder, (0, "", ""))
    (folder / "t.ptrace").unlink()


def children(pid):
    return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def is_running(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_signals(folder, elf):
    for sig in signal.SIGINT, signal.SIGTERM, signal.SIGHUP: # nohup, or a shell's background job, ignores some, and so would what we start
        signal.signal(sig, signal.SIG_DFL)
    for sig in signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL:
        p = start(folder, ["run", "-p", PLATFORM, "-k", str(elf), "-o", "t.ptrace"] + words(1))
        deadline = time.monotonic() + 20
        while not children(p.pid) and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.3)
        child = children(p.pid)
        p.send_signal(sig)
        p.communicate(timeout=20)
        time.sleep(0.1)
        check(sig.name, p.returncode == -sig, f"status {p.returncode}")
        check(sig.name, len(child) == 1 and not is_running(child[0]), f"QEMU goes on: {child}")
        left = [f.name for f in folder.glob("*ptrace*")]
        check(sig.name, not left or sig == signal.SIGKILL, f"left behind: {left}")
        for f in left:
            (folder / f).unlink()


def main():
    with tempfile.TemporaryDirectory() as base:
        folder = pathlib.Path(base)
        elf = build(folder, "guest.elf")
        test_records(folder, elf)
        test_modes(folder, elf)
        test_formats(folder, elf)
        test_failures(folder, elf)
        test_stopped(folder, elf)
        test_signals(folder, elf)
    print(f"{passed} passed, {failed} failed")
    return failed > 0


sys.exit(main())
