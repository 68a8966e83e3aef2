#!/usr/bin/python3
"""Campaigns: the same result whatever the number of processes, stopped and gone on with, with jobs that crash, hang or find no room; jobs by hand.

usage: campaign_test.py POTOROO QEMU PLATFORM.ini KERNEL.elf FACTS.ff"""
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

POTOROO, QEMU, BOARD, KERNEL, FACTS = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:6])
passed = failed = 0


def check(name, good, why=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"{name}: {why}")


def campaign(*arguments, expect=0, qemu=QEMU, wrap=()):
    r = subprocess.run([*wrap, POTOROO, "campaign", *map(str, arguments)], capture_output=True, text=True, timeout=200, stdin=subprocess.DEVNULL,
                       env={**os.environ, "POTOROO_QEMU": str(qemu)})
    check(f"campaign {' '.join(map(str, arguments))}", r.returncode == expect, f"status {r.returncode}: {r.stderr}")
    return r.stdout, r.stderr


def write(folder, name, more="", seeds="1-3", arguments="-device loader,addr=0x87e08000,data={seed},data-len=8", entries=(600, 900)):
    ini = folder / name
    ini.write_text(f"[campaign]\nkernel = {KERNEL}\nfacts = {FACTS}\nplatforms = {BOARD}\nseeds = {seeds}\narguments = {arguments}\n{more}\n" +
                   "".join(f"[workload w{n}]\narguments = -device loader,addr=0x87e08008,data={n},data-len=8\n" for n in entries))
    return ini


def result(folder):
    return (folder / (pathlib.Path(BOARD).stem + ".prof")).read_bytes()


def jobs(folder):
    return {p.name: p.stat().st_mtime_ns for p in folder.glob("*-????????.prof")}


def fake(folder, name, body):
    """A QEMU that does BODY when it is to run seed 2, and else its work."""
    path = folder / name
    path.write_text(f'#!/bin/sh\ncase "$*" in *addr=0x87e08000,data=2,*) {body};; esac\nexec {QEMU} "$@"\n')
    path.chmod(0o755)
    return path


def test_order(there, ini):
    _, err = campaign("-c", ini, "-o", there / "a", "-j", 1)
    check("all are done", "6 jobs: 6 in the profiles" in err, err)
    campaign("-c", ini, "-o", there / "b", "-j", 3)
    check("any number of processes", result(there / "a") == result(there / "b"))
    check("no traces and logs are left", not list((there / "a").glob("*.ptrace")) + list((there / "a").glob("*.log")))
    before = jobs(there / "a")
    campaign("-c", ini, "-o", there / "a")
    check("what is done is not done again", jobs(there / "a") == before and len(before) == 6)
    campaign("-c", write(there, "k.ini", seeds="1", entries=(600,)), "-o", there / "k", "--keep-traces")
    check("traces are kept", len(list((there / "k").glob("*.ptrace"))) == 1)
    return result(there / "a")


def test_stop(there, ini, whole):
    folder = there / "stopped"
    p = subprocess.Popen([POTOROO, "campaign", "-c", ini, "-o", folder, "-j", "1"], env={**os.environ, "POTOROO_QEMU": QEMU}, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    for _ in range(600):
        if folder.exists() and len(jobs(folder)) >= 2:
            break
        time.sleep(0.05)
    p.send_signal(signal.SIGKILL)
    p.wait()
    before = jobs(folder)
    check("stopped half-way", 2 <= len(before) < 6, before)
    time.sleep(0.5)
    check("nothing runs on", jobs(folder) == before)
    campaign("-c", ini, "-o", folder)
    check("gone on with", result(folder) == whole and before.items() <= jobs(folder).items())
    victim = sorted(folder.glob("*-????????.prof"))[0]
    victim.write_bytes(victim.read_bytes()[:1000])
    campaign("-c", ini, "-o", folder)
    check("a torn result is done again", result(folder) == whole)


def test_failures(there, ini, whole):
    crash = fake(there, "crash", "kill -9 $$")
    _, err = campaign("-c", ini, "-o", there / "c", expect=4, qemu=crash)
    name = pathlib.Path(BOARD).stem
    check("crashes are listed", all(re.search(rf"^{name}\.w{n}\.2 failed: .*signal 9", err, re.M) for n in (600, 900)), err)
    check("and are alone", "4 in the profiles" in err and "2 failed" in err and len(jobs(there / "c")) == 4, err)
    campaign("-c", ini, "-o", there / "c")
    check("and are tried again", result(there / "c") == whole)
    hang = fake(there, "hang", "sleep 100")
    _, err = campaign("-c", write(there, "t.ini", "timeout = 2", entries=(600,)), "-o", there / "h", expect=4, qemu=hang)
    check("a run that hangs", re.search(r"\.2 failed: ", err) and "2 in the profiles" in err, err)


def test_full(there, ini):
    """A disk on which only some of the results find room."""
    size = sum(p.stat().st_size for p in (there / "a").glob("*-????????.prof")) // 2048
    folder = there / "full"
    folder.mkdir()
    script = f"mount -t tmpfs -o size={size}k none {folder} && {POTOROO} campaign -c {ini} -o {folder} -j 1; s=$?; ls {folder}; exit $s"
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:
        print("a full disk: not tried: no mount namespaces here")
        return
    r = subprocess.run(["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True, timeout=200, env={**os.environ, "POTOROO_QEMU": QEMU})
    check("a full disk", r.returncode in (3, 4) and "No space left on device" in r.stderr and re.search(r"-[0-9a-f]{8}\.prof", r.stdout), f"{r.returncode} {r.stderr} {r.stdout}")


def test_by_hand(there, ini, whole):
    out, _ = campaign("-c", ini, "-o", there / "hand", "--list")
    lines = out.splitlines()
    check("a line for each job", len(lines) == 6 and len(set(lines)) == 6, out)
    for i, line in enumerate(reversed(lines)):
        if i == 5:
            _, err = campaign("-c", ini, "-o", there / "hand", "--merge", expect=4)
            check("what is missing", "w600.1 is not done" in err and "5 in the profiles" in err, err)
        r = subprocess.run(["sh", "-c", line], cwd="/", capture_output=True, text=True, env={**os.environ, "POTOROO_QEMU": QEMU})
        check(line, r.returncode == 0 and not r.stdout, r.stderr)
    campaign("-c", ini, "-o", there / "hand", "--merge")
    check("by hand in any order", result(there / "hand") == whole)


def test_stable(there):
    """A run that does not heed its seed brings nothing new."""
    ini = write(there, "s.ini", "stable = 2", seeds="1-9", arguments="-device loader,addr=0x87e08000,data=7,data-len=8", entries=(600,))
    for j in (1, 3):
        _, err = campaign("-c", ini, "-o", there / f"s{j}", "-j", j)
        check("stops early", "9 jobs: 3 in the profiles" in err and "6 not needed: 2 profiles" in err, err)
    check("the same jobs count", result(there / "s1") == result(there / "s3"))


def test_top(there):
    root = pathlib.Path(__file__).resolve().parents[2]
    r = subprocess.run([POTOROO, "top", there / "a"], cwd=root, capture_output=True, text=True)
    rows = {m[1]: (int(m[2]), int(m[3])) for m in re.finditer(r"^(\S+) +(\d+) +(\d+) +\d+$", r.stdout, re.M)}
    check("top", r.returncode == 0 and "6 profiles" in r.stdout and rows["nbsend"][0] > 500 and rows["nbsend"][1] > 20, r.stdout + r.stderr)
    longest = max(int(line.split(" : ")[1].split(",")[-1].split("*")[0]) for line in result(there / "a").decode().splitlines() if line.startswith("path "))
    check("and the profile agree", longest == max(h for h, _ in rows.values()), longest)
    r = subprocess.run([POTOROO, "top", "-p", "nowhere", there / "a"], cwd=root, capture_output=True, text=True)
    check("of one platform", "0 profiles" in r.stdout, r.stdout)


def test_mistakes(there):
    for name, text, words in (("no seeds", f"[campaign]\nkernel = {KERNEL}\nplatforms = {BOARD}\n", "needs kernel, platforms and seeds"),
                              ("bad seeds", "[campaign]\nseeds = 8-1\n", "m.ini:2: .*not 8-1"), ("unknown", "[campaign]\nfoo = 1\n", "m.ini:2: .*foo"),
                              ("section", "[bar]\nx = 1\n", "unknown section"), ("name", "[workload a/b]\narguments = x\n", "letters, digits")):
        (there / "m.ini").write_text(text)
        _, err = campaign("-c", there / "m.ini", "-o", there / "m", expect=3)
        check(name, re.search(words, err), err)
    campaign("-c", there / "m.ini", expect=2)
    campaign("-c", there / "k.ini", "-o", there / "k", "--job", "nosuch", expect=2)


with tempfile.TemporaryDirectory() as base:
    place = pathlib.Path(base)
    config = write(place, "c.ini")
    all_of_it = test_order(place, config)
    test_stop(place, config, all_of_it)
    test_failures(place, config, all_of_it)
    test_full(place, config)
    test_by_hand(place, config, all_of_it)
    test_stable(place)
    test_top(place)
    test_mistakes(place)
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
