#!/usr/bin/python3
"""`potoroo cc` stands in for the compiler: the same command line with and without it must leave the same files, dependencies,
messages and status; what differs is the probes.

usage: cc_test.py POTOROO RV_PREFIX"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

POTOROO, PREFIX = str(pathlib.Path(sys.argv[1]).resolve()), sys.argv[2]
GCC = PREFIX + "gcc"
MACHINE = ["-march=rv64imac", "-mabi=lp64", "-mcmodel=medany", "-ffreestanding"]
FIXED = ["-ffixed-x25", "-ffixed-x26", "-ffixed-x27"]
FILES = {
    "a.c": '#include "a.h"\nint twice(int x)\n{\n\tif (x > N)\n\t\treturn 2 * x;\n\treturn other(x);\n}\n',
    "a.h": "#define N 5\nint other(int);\n",
    "b.c": "int other(int x)\n{\n\tfor (int i = 0; i < x; i++)\n\t\t__asm__ volatile(\"nop\");\n\treturn x;\n}\n",
    "s.S": "#ifdef YES\n\t.globl _start\n_start:\n\tbeqz a0, 1f\n1:\tcall twice\n#endif\n",
    "pre.i": "int pre(int x) { return x ? 1 : 2; }\n",
    "text": "int text(int x) { return x ? 1 : 2; }\n",
    "bad.c": "int bad(void) { return nothing; }\n",
    "args": "-O2 -c 'a.c' @more\n",
    "more": "-o \"x y.o\"\n",
}
# Command lines that must behave alike. Directory d exists.
LINES = [
    "-c a.c", "-c -o d/x.o a.c", "-cd/nothing", "-O2 -g -c a.c -o x.o", "-c a.c b.c", "-c a.c s.S -DYES", "-S a.c",
    "-S -o d/x.s a.c", "-S -o - a.c", "-E a.c", "-E -o x.i a.c", "-M a.c", "-MM a.c", "-c -MD a.c", "-c -MMD -o d/x.o a.c",
    "-c -MD -MF d/dep a.c", "-c -MD -MT target -o x.o a.c", "-c -MMD -MP -MQ $(target) -o x.o a.c", "-c -MD -MFdep -MTt1 -MT t2 a.c",
    "-c -Wp,-MD,dep -o d/x.o a.c", "-c -MD a.c b.c", "-S -MD a.c", "-S -MD -o d/x.s a.c", "-nostdlib -MD -DYES -o d/prog a.c b.c s.S",
    "-nostdlib -MD -r a.c", "-nostdlib -MD -r b.c", "-nostdlib -MD -r b.c a.c", "-nostdlib -r -o d/prog.o a.c", "-nostdlib -r a.c b.c", "-nostdlib -r -MMD -o x b.c", "@args", "-c pre.i",
    "-x c -c text -o x.o", "-xc -c text -x none -o x.o", "-c -x assembler-with-cpp s.S", "-c -od/x.o a.c", "-fsyntax-only a.c", "--version",
    "-dumpmachine", "-c bad.c", "-c bad.c a.c", "-c nothing.c", "-c -fstack-usage a.c", "-c -fstack-usage -o d/x.o a.c", "-pipe -c a.c",
    "-c -Wall -Wextra -Wunused -Dx=y a.c", "-c -frobnicate a.c", "-v -E a.c", "-c -D Q -I d -include a.h -o x.o a.c", "-nostdlib -o",
    "-nostdlib -DYES -T nothing.ld a.c", "-print-libgcc-file-name", "-c -save-temps=obj -o d/y.o b.c", "", "-c -ffunction-sections b.c",
]

passed = failed = 0


def check(name, good, why=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"{name}: {why}")


def fill(folder):
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "d").mkdir(parents=True)
    (folder / "tmp").mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)


def run(command, folder, **more):
    environment = dict(os.environ, TMPDIR=str(folder / "tmp"), LC_ALL="C")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, env=environment, **more)
    left = list((folder / "tmp").iterdir())
    check(" ".join(command), not left, f"left behind: {left}")
    return done


def leftovers(folder):
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


def sections(path):
    return subprocess.run([PREFIX + "objdump", "-h", str(path)], capture_output=True, text=True).stdout


def probed(path):
    return ".potoroo.points" in sections(path)


def without_probes(text):
    return re.sub(r"\.Lpotoroo\d+:\n(\t.*\n){9}", "", text)


def is_object(path):
    return path.read_bytes()[:4] == b"\x7fELF"


def same_line(line, plain, wrapped, compiler=(GCC,)):
    """The same command line, by the compiler itself and through the wrapper."""
    for folder in plain, wrapped:
        fill(folder)
    words, clang = MACHINE + line.split(), len(compiler) > 1
    a = run([*compiler] + FIXED + words, plain)
    b = run([POTOROO, "cc", "--", *compiler] + words, wrapped)
    name = f"cc {compiler[0]} {line}"
    check(name, a.returncode == b.returncode, f"status {b.returncode}, the compiler's own is {a.returncode}\n{b.stderr}")
    check(name, without_probes(b.stdout) == a.stdout or "-v" in words or clang, f"standard output differs:\n{b.stdout}")
    tidy = lambda s: re.sub(r"\S*/(cc\w+|potoroo-cc-\w+/\w+-\w+)\.(o|s)|COLLECT_\S+.*|\S+ld: |.*warning: cannot find entry.*\n", "", s)
    if "-v" not in words:
        check(name, tidy(a.stderr) == tidy(b.stderr), f"messages differ:\n{a.stderr}--\n{b.stderr}")
    temporary = {n for n in leftovers(plain) if "save-temps" in line and n not in FILES and n.endswith((".i", ".s"))}
    check(name, leftovers(plain) - temporary == leftovers(wrapped), f"files differ: {leftovers(plain) ^ leftovers(wrapped)}")
    for file in sorted(leftovers(plain) & leftovers(wrapped)):
        old, new = plain / file, wrapped / file
        if file in FILES or file.endswith(".i"):
            continue
        if is_object(old):
            from_c = not file.startswith("s.")
            check(name, probed(new) == from_c and not probed(old), f"{file}: " + ("no probes" if from_c else "probes"))
        elif file.endswith(".s"):
            same = clang or without_probes(new.read_text()) == old.read_text() # clang's registers differ: it ignores -ffixed by itself
            check(name, "potoroo" in new.read_text() and same, f"{file} differs")
        elif file.endswith(".su"):
            check(name, old.read_text() == new.read_text(), f"{file} differs: {new.read_text()}")
        else:
            check(name, old.read_text() == new.read_text(), f"{file} differs:\n{old.read_text()}--\n{new.read_text()}")


CLANG_LINES = ["-c a.c", "-O2 -c -o d/x.o a.c", "-c a.c b.c", "-S a.c", "-S -o d/x.s a.c", "-E a.c", "-c -MD a.c", "-c -MMD -MP -o d/x.o a.c", "@args",
               "-c -MD -MF d/dep -MT target a.c", "-c -Wall -Wextra -Dx=y -std=c11 -include a.h a.c", "-c bad.c", "-x c -c text -o x.o", "-c pre.i"]


def line_table(path):
    out = subprocess.run([PREFIX + "objdump", "--dwarf=decodedline", str(path)], capture_output=True, text=True).stdout
    return [m.groups() for m in re.finditer(r"^(\S+\.[ch])\s+(\d+)\s+0x", out, re.M)]


def debug_lines(plain, wrapped):
    for folder in plain, wrapped:
        fill(folder)
    for options in ["-g -O0", "-g -O2", "-gdwarf-4 -O1", "-g3 -Os"]:
        words = MACHINE + options.split() + ["-c", "a.c", "b.c"]
        run([GCC] + FIXED + words, plain)
        run([POTOROO, "cc", "--", GCC] + words, wrapped)
        for o in "a.o", "b.o":
            a, b = line_table(plain / o), line_table(wrapped / o)
            check(options, a == b and len(a) > 3, f"the line table of {o} differs:\n{a}\n{b}")


# Options or sources that must be refused: (arguments, extra file, status, a part of the message).
REFUSED = [
    ("-flto -c a.c", "", 3, "-flto"),
    ("-c -fcall-used-s9 a.c", "", 3, "-fcall-used-s9"),
    ("-c -fcall-saved-x27 a.c", "", 3, "reserved for probes"),
    ("-c -gsplit-dwarf a.c", "", 3, "-gsplit-dwarf"),
    ("-c u.c", 'int f(int x)\n{\n\t__asm__("mv s10, %0" : "+r"(x));\n\treturn x;\n}\n', 3, "u.c:3: `mv s10"),
    ("-c -O2 -g u.c", '\nint f(int x)\n{\n\tregister int y __asm__("s9") = x;\n\t__asm__ volatile("nop" : "+r"(y));\n\treturn y;\n}\n', 3, "u.c:"),
    ("-c u.c", 'void f(void)\n{\n\n\t__asm__(".rept 2\\n\\tj f\\n\\t.endr");\n}\n', 3, "u.c:4: `j f`"),
    ("-c u.c", 'void f(void)\n{\n\t__asm__("beqz a0, .+8\\n\\tnop");\n}\n', 3, "u.c:3: `beqz a0, .+8`"),
    ("-c x.cpp", "", 3, "only C can be given probes"),
]


def refused(folder):
    for arguments, source, status, message in REFUSED:
        fill(folder)
        (folder / "u.c").write_text(source)
        before = leftovers(folder)
        done = run([POTOROO, "cc", "--", GCC] + MACHINE + arguments.split(), folder)
        check(arguments, done.returncode == status, f"status {done.returncode}: {done.stderr}")
        check(arguments, done.stderr.startswith("potoroo cc: ") and message in done.stderr and done.stderr.count("\n") == 1, done.stderr)
        check(arguments, leftovers(folder) == before, f"it left {leftovers(folder) - before}")


def usage(folder):
    for words, status in [(["cc"], 2), (["cc", "--"], 2), (["cc", "--probes=some", "--", GCC], 2), (["cc", "--bogus", "--", GCC], 2),
                          (["cc", "--", GCC, "-c", "-o", "x.o", "a.c", "b.c"], 2), (["cc", "--", "ccache", GCC, "-c", "-o", "x.o", "a.c"], 2),
                          (["cc", "--", "/nonexistent/cc", "-c", "a.c"], 127), (["cc", "--map", "/nonexistent/m", "--", GCC, "-c", "a.c"], 3)]:
        fill(folder)
        done = run([POTOROO] + words, folder)
        check(" ".join(words), done.returncode == status and done.stderr and not done.stdout, f"status {done.returncode}: {done.stderr}")
    done = run([POTOROO, "cc", "--", "gcc", "-c", "b.c"], folder)
    check("host gcc", done.returncode == 3 and "RISC-V" in done.stderr and not (folder / "b.o").exists(), done.stderr)
    done = run([POTOROO, "cc", "--map", "m", "--", GCC] + MACHINE + ["-g", "-c", "a.c", "b.c"], folder)
    rows = [row.split("\t") for row in (folder / "m").read_text().splitlines()]
    check("--map", done.returncode == 0 and ["a.c", "0", "twice", "a.c:3"] in rows and all(len(r) == 4 for r in rows), str(rows))


def signals(folder):
    """Ended by a signal in the middle of compile-and-link: nothing stays, neither file nor process."""
    for sig in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
        fill(folder)
        compiler = folder / "slow-cc"
        compiler.write_text(f"#!/bin/sh\ncase \"$*\" in *\" -S \"*) exec {GCC} \"$@\";; *assembler*) exec {GCC} \"$@\";; esac\nexec sleep 20\n")
        compiler.chmod(0o755)
        environment = dict(os.environ, TMPDIR=str(folder / "tmp"))
        p = subprocess.Popen([POTOROO, "cc", "--", str(compiler)] + MACHINE + ["a.c", "b.c", "-o", "prog"], cwd=folder, env=environment)
        deadline = time.monotonic() + 30
        while len(list((folder / "tmp").rglob("*.o"))) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.1)
        child = pathlib.Path(f"/proc/{p.pid}/task/{p.pid}/children").read_text().split()
        p.send_signal(sig)
        status = p.wait(timeout=10)
        check(sig.name, status == -sig, f"status {status}")
        check(sig.name, not list((folder / "tmp").iterdir()), f"left behind: {list((folder / 'tmp').iterdir())}")
        check(sig.name, len(child) == 1 and not pathlib.Path(f"/proc/{child[0]}").exists(), "the compiler goes on running")


def main():
    with tempfile.TemporaryDirectory() as base:
        plain, wrapped = pathlib.Path(base) / "plain" / "w", pathlib.Path(base) / "wrapped" / "w"
        for line in LINES:
            same_line(line, plain, wrapped)
        for line in CLANG_LINES if shutil.which("clang") else []:
            same_line(line, plain, wrapped, ("clang", "--target=riscv64"))
        debug_lines(plain, wrapped)
        refused(wrapped)
        usage(wrapped)
        signals(wrapped)
    print(f"{passed} passed, {failed} failed")
    return failed > 0


sys.exit(main())
