#!/usr/bin/python3
"""A kernel with the habits of other people's kernels (loom), unmodified, by what its engineer does: ask for the facts that are missing, fill them
in, run, profile, bound. Two compilers, boards of two sizes of cache.

usage: foreign.py POTOROO RV_PREFIX PLATFORM.ini"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
POTOROO, PREFIX, BOARD = str(pathlib.Path(sys.argv[1]).resolve()), sys.argv[2], pathlib.Path(sys.argv[3]).resolve()
LOOM = ROOT / "benchmarks/guests/loom"
CALLS = ["id", "ticks", "yield", "send", "take", "firmware", "long"]
passed = failed = 0


def check(name, good, why=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"{name}: {why}")


def potoroo(*arguments, expect=0):
    r = subprocess.run([POTOROO, *map(str, arguments)], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    check(" ".join(map(str, arguments[:1])), r.returncode == expect, f"status {r.returncode}: {r.stderr.strip()} (of {' '.join(map(str, arguments))})")
    return r.stdout, r.stderr


def template(elf, *facts):
    return potoroo("cfg", elf, *facts, "--facts-template", expect=4 if not facts else 0)[0]


def fill_targets(text):
    """The engineer's answers to what the template asks of pointers, from what it says of each."""
    facts, about = [], ""
    for line in text.splitlines():
        m = re.match(r"# (calls|jumps) (0x\w+) TARGET", line)
        if line.startswith("elf"):
            facts.append(line)
        elif not line:
            about = ""
        elif not m:
            about += line + "\n"
        elif "mapped a second time" in about:
            check("what is mapped twice", "user_resume" in about, about)
            facts.append(f"{m[1]} {m[2]} user_resume")
        elif "as the ELF has it" in about:
            names = re.search(r"as the ELF has it, calls holds: (.*)", about)
            check("the table that could be written", names and sorted(names[1].split()) == sorted("call_" + c for c in CALLS), about)
            facts.append(f"{m[1]} {m[2]} {names[1] if names else ''}")
        else:
            check("candidates", all(f" {n}" in about for n in ("write_pipe", "write_console", "user_trap")), about)
            facts.append(f"{m[1]} {m[2]} " + ("user_trap" if re.search(r"(trampoline|user_vector)\+", about) else "write_pipe write_console"))
    return facts


def fill_rest(text):
    check("no recursion is asked for: only panics recur", "recursion" not in text, text)
    check("a switch of threads is suggested", '# switch weave because ""' in text, text)
    most = {"take": 1, "print": 17}
    return [f'loop {m[1]} max {most.get(m[1].split("+")[0], 512)} because "read in the source"' for m in re.finditer(r"^# loop (\S+) max N", text, re.M)]


def small(folder):
    """The board with an eighth of the sets and half of the ways."""
    text = re.sub(r"^ways = 4", "ways = 2", re.sub(r"^sets = 64", "sets = 8", BOARD.read_text(), flags=re.M), flags=re.M)
    (folder / "small.ini").write_text(text)
    return folder / "small.ini"


def entries(vector):
    text = "".join(f"[entry {c}]\nstart = user_vector\nvia = call_{c}\n" for c in CALLS)
    text += "[entry any-call]\nstart = user_vector\ncause = 8\n[entry user-tick]\nstart = user_vector\ncause = interrupt:1\n"
    return text + f"[entry kernel-tick]\nstart = kernel_vector\n[entry timer]\nstart = machine_vectors+{vector}\n[entry firmware-call]\nstart = machine_vectors\n"


def analyse(folder, name, elf, board, model, facts):
    potoroo("run", "-p", board, "-k", elf, "-f", facts, "--points=port", "-o", folder / "t.ptrace", "--must-end", "--timeout", 60)
    _, err = potoroo("profile", "-k", elf, "-f", facts, folder / "t.ptrace", "-o", folder / "t.prof")
    m = re.search(r"(\d+) more entries were interrupted", err)
    check(f"{name}: interrupted entries are told of", m and int(m[1]) > 100, err)
    head = f"[kernel]\nelf = {elf}\narch = rv64\nfacts = {facts}\nmodel = {model}\nprofile = {folder}/t.prof\nplatform = {board}\n"
    (folder / "t.ini").write_text(head + entries("0x1c"))
    certificates = folder / "certificates"
    shutil.rmtree(certificates, ignore_errors=True)
    certificates.mkdir()
    potoroo("wcet", "-c", folder / "t.ini", "-o", folder / "t.json", f"--certificates={certificates}/")
    rows = {r["name"]: r for r in json.loads((folder / "t.json").read_text())["entries"]}
    for n, r in rows.items():
        check(f"{name}, {n}", r["status"] == "bound" and r["observations"] > 10 and r["observed_max"] <= r["bound"], {k: r[k] for k in ("status", "bound", "observed_max", "observations")})
    check(f"{name}: what a firmware call does to the caches is in", rows["firmware"]["bound"] >= rows["firmware"]["observed_max"] > 16 * 24, rows["firmware"]["observed_max"])
    check(f"{name}: every call is one of the calls", rows["any-call"]["observations"] >= sum(rows[c]["observations"] for c in CALLS), rows["any-call"]["observations"])
    proved = [n for n in rows["id"]["ledger"] if "call_id" in json.dumps(n) and "proved by Z3" in json.dumps(n)]
    question = re.search(r"loop-\w+\.smt2", json.dumps(proved))
    check(f"{name}: a loop bound rests on a question to the solver", proved and question and "at most 3 times" in json.dumps(proved), rows["id"]["ledger"])
    if question:
        again = subprocess.run(["z3", certificates / question[0]], capture_output=True, text=True, timeout=60)
        check(f"{name}: anybody can ask it again", again.stdout.strip() == "unsat", again.stdout)
    ledger = json.dumps(rows["yield"]["ledger"])
    check(f"{name}: the ledger tells of switches and interrupted entries", "another thread" in ledger and "interrupted" in ledger, ledger)
    out, _ = potoroo("verify", "-c", folder / "t.ini", "-r", folder / "t.json", folder / "t.ptrace")


def test_build(folder, name, models, *build):
    subprocess.run(["make", "-s", "-C", LOOM, f"OUT={folder}", f"LD={PREFIX}ld", *build], check=True)
    elf, facts = folder / "loom.elf", folder / "loom.ff"
    lines = fill_targets(template(elf))
    facts.write_text("\n".join(lines) + "\n")
    if name.startswith("gcc"):
        potoroo("run", "-p", BOARD, "-k", elf, "--points=port", "-o", folder / "t.ptrace", "--must-end", "--timeout", 60)
        _, err = potoroo("profile", "-k", elf, folder / "t.ptrace", "-o", folder / "t.prof", expect=4)
        check("a pointer that no fact tells of", re.search(r"on the way to \w+: (trampoline|user_vector).*`jumps 0x\w+ TARGET…` tells", err), err)
    rest = potoroo("cfg", elf, "-f", facts, "--facts-template")[0]
    lines += fill_rest(rest)
    facts.write_text("\n".join(lines) + "\n")
    potoroo("run", "-p", BOARD, "-k", elf, "-f", facts, "--points=port", "-o", folder / "t.ptrace", "--must-end", "--timeout", 60)
    _, err = potoroo("profile", "-k", elf, "-f", facts, folder / "t.ptrace", "-o", folder / "t.prof", expect=3)
    check(f"{name}: a switch of threads that no fact tells of", "no step from weave" in err and "switch PLACE" in err, err)
    facts.write_text("\n".join(lines + ['switch weave because "goes on as another thread"']) + "\n")
    check(f"{name}: nothing is asked any more", "# " not in potoroo("cfg", elf, "-f", facts, "--facts-template")[0])
    for board, model in models:
        analyse(folder, f"{name}, {board.stem}", elf, board, model, facts)


def test_panic(folder):
    """A run that ends in a panic: told, and what was before it is kept."""
    subprocess.run(["make", "-s", "-C", LOOM, f"OUT={folder}", f"LD={PREFIX}ld", f"CC={PREFIX}gcc", "DEFINES=-DROUNDS=300 -DFAULT"], check=True)
    elf, facts = folder / "loom.elf", folder / "loom.ff"
    facts.write_text("\n".join(fill_targets(template(elf)) + ['switch weave because "goes on as another thread"']) + "\n")
    potoroo("run", "-p", BOARD, "-k", elf, "-f", facts, "--points=port", "-o", folder / "t.ptrace", "--cycles", 20000000)
    _, err = potoroo("profile", "-k", elf, "-f", facts, folder / "t.ptrace", "-o", folder / "t.prof")
    m = re.search(r"^(\d+) kernel entries", err, re.M)
    check("a panic", "the kernel came to panic, from which nothing returns" in err and m and int(m[1]) > 300, err)


def test_entry(folder):
    """A kernel that does not begin where the board does: told when it was stopped."""
    elf = folder / "elsewhere.elf"
    subprocess.run([f"{PREFIX}ld", "-nostdlib", "-static", "-T", LOOM / "loom.ld", "-e", "kernel_main", "--no-warn-rwx-segments", "-o", elf, *(folder / "panic").glob("*.o")], check=True)
    _, err = potoroo("run", "-p", BOARD, "-k", elf, "--points=port", "-o", folder / "e.ptrace", "--timeout", 1)
    check("the entry is elsewhere", "the board begins at 0x80000000, but the kernel's entry is 0x8000" in err, err)


def test_moved(folder):
    """Firmware that is position-independent and linked at 0: it runs, and is told of by the ELF's addresses."""
    elf = next(iter(sorted(pathlib.Path("/usr/lib/riscv64-linux-gnu/opensbi").glob("*/fw_jump.elf"))), None)
    check("opensbi is installed", elf)
    if not elf:
        return
    cpu = ["--", "-cpu", "rv64,h=off,v=off"]
    potoroo("run", "-p", BOARD, "-k", elf, "--points=port", "-o", folder / "sbi.ptrace", "--cycles", 25000000, "--console", folder / "sbi.txt", *cpu)
    check("the firmware runs", "Domain0 Name" in (folder / "sbi.txt").read_text(), (folder / "sbi.txt").read_text()[-200:])
    out, _ = potoroo("dump", "--format=csv", folder / "sbi.ptrace")
    places = [int(m, 16) for m in re.findall(r"0x([0-9a-f]+)", out)]
    check("it is told of by its own addresses", places[0] == 0 and max(places) < 0x40000 and len(set(places)) > 1000, (places[:3], max(places)))
    _, err = potoroo("run", "-p", BOARD, "-k", elf, "--points=port", "-o", folder / "sbi.ptrace", "--cycles", 25000000, expect=3)
    check("what the board does not model", "0x62000073" in err and "h=off" in err, err)
    (folder / "tiny.ini").write_text(BOARD.read_text().replace("ram = 134217728", "ram = 262144").replace("0x87e00000", "0x80020000").replace("size = 0x200000", "size = 0x20000").replace("0x87fff000", "0x8003f000"))
    _, err = potoroo("run", "-p", folder / "tiny.ini", "-k", elf, "--points=port", "-o", folder / "sbi.ptrace", expect=3)
    check("too little RAM for it", "does not fit into the board's RAM" in err, err)


with tempfile.TemporaryDirectory() as base:
    there = pathlib.Path(base)
    boards = [(b, there / f"{b.stem}.model") for b in (BOARD, small(there))]
    for b, m in boards:
        potoroo("model", "infer", "-p", b, "-o", m)
    test_build(there / "gcc", "gcc -O2", boards, f"CC={PREFIX}gcc")
    test_build(there / "clang", "clang -O1, a table in writable memory", boards[1:], "CC=clang --target=riscv64-unknown-elf", "OPTIMIZE=-O1",
               "TARGET=-march=rv64imac -mabi=lp64", "DEFINES=-DPOKED")
    test_panic(there / "panic")
    test_entry(there)
    test_moved(there)
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
