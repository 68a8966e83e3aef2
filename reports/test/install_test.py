#!/usr/bin/python3
"""make install and uninstall, what is installed used from where it lies; manual pages and completion tell of every command.

Usage: install_test.py FOLDER WCET.json MAKE
"""
import os
import re
import shutil
import subprocess
import sys

FOLDER, RESULT, MAKE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3].split()
BIN = os.path.join(FOLDER, "opt/x y/bin/potoroo")
passed = failed = 0


def check(name, good, told=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"FAILED: {name} {told}")


def run(*args, **more):
    return subprocess.run(args, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL, **more)


def files():
    return [os.path.join(d, f) for d, _, names in os.walk(FOLDER) for f in names]


def make(target):
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS")}
    return run(*MAKE, "-s", target, f"DESTDIR={FOLDER}", "PREFIX=/opt/x y", env=env)


def has(module):
    return run("/usr/bin/python3", "-c", f"import {module}").returncode == 0


def commands():
    text = run(BIN, "help").stdout
    return re.findall(r"^  (\S+) ", text[text.index("Commands:"):], re.M)


def manual():
    """Each command has a page, which tells of every long option in its help."""
    for c in commands():
        source = f"docs/man/potoroo-{c}.1.scd"
        check(f"{c} has a manual page", os.path.exists(source))
        if os.path.exists(source):
            page = open(source).read().replace("\\", "")
            missing = {o for o in re.findall(r"--[a-z][a-z-]+", run(BIN, "help", c).stdout) if o not in page}
            check(f"{c}'s manual page tells of every option", not missing, missing)
        if shutil.which("scdoc"):
            r = subprocess.run(["scdoc"], stdin=open(source), capture_output=True, timeout=60)
            check(f"scdoc takes {source}", r.returncode == 0, r.stderr)


def completion():
    script = os.path.join(FOLDER, "opt/x y/share/bash-completion/completions/potoroo")
    ask = 'source "$1"; COMP_WORDS=("${@:3}"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _potoroo "$2"; printf "%s\\n" "${COMPREPLY[@]}"'

    def complete(*words):
        return run("bash", "-c", ask, "-", script, BIN, *words).stdout.split()
    check("commands are completed", set(commands()) <= set(complete("potoroo", "")))
    check("options are completed", "--threshold" in complete("potoroo", "diff", "--t"))


def report():
    page = os.path.join(FOLDER, "r.html")
    r = run(BIN, "report", RESULT, "-o", page)
    if not has("jinja2"):
        check("without jinja2, report names the package", r.returncode == 3 and "python3-jinja2" in r.stderr, r.stderr)
        return
    check("the installed report works", r.returncode == 0 and os.path.getsize(page) < 5_000_000, r.stderr)
    first = open(page).read()
    run(BIN, "report", RESULT, "-o", page)
    check("same inputs, same page", open(page).read() == first)
    check("the page asks for nothing from elsewhere", not re.search(r'(?:src|href)="(?!#|data:)', first) and "@import" not in first)
    r = run(BIN, "report", "/nowhere.json", "-o", page)
    check("a missing result is one line, exit code 3", r.returncode == 3 and r.stderr.count("\n") == 1, r.stderr)
    os.remove(page)


def recipes():
    share = os.path.join(FOLDER, "opt/x y/share/potoroo")
    out = os.path.join(FOLDER, "ci")
    env = {**os.environ, "POTOROO": BIN}
    r = run(os.path.join(share, "gate.sh"), RESULT, RESULT, out, env=env)
    check("gate.sh leaves what CI reads", r.returncode == 0 and sorted(os.listdir(out)) == ["diff.json", "diff.md", "diff.sarif", "junit.xml"], r.stderr)
    shutil.rmtree(out)
    bisect = os.path.join(share, "bisect.sh")
    new = os.path.join(FOLDER, "new.json")
    copy = f"cp '{RESULT}' '{new}'"
    check("bisect.sh: good", run(bisect, RESULT, copy, new, env=env).returncode == 0)
    check("bisect.sh: cannot be built", run(bisect, RESULT, "false", new, env=env).returncode == 125)
    check("bisect.sh: bad", run(bisect, RESULT, f"sed 's/\"bound\": [0-9]*/\"bound\": 99999/' '{RESULT}' > '{new}'", new, env=env).returncode == 1)
    os.remove(new)


def history():
    folder = os.path.join(FOLDER, "history")
    for commit in ("a1", "b2"):
        check("log add", run(BIN, "log", "add", RESULT, "--commit", commit, "-d", folder).returncode == 0)
    r = run(BIN, "log", "-d", folder, "--csv")
    check("log keeps both", r.stdout.count("\na1,") == r.stdout.count("\nb2,") > 0)
    check("log of nothing says how to begin", run(BIN, "log", "-d", folder + "x").returncode == 3)
    check("a commit is no path", run(BIN, "log", "add", RESULT, "--commit", "../x", "-d", folder).returncode == 2)
    shutil.rmtree(folder)


def explanations():
    for form, mark in (("text", "it rests on"), ("folded", ";"), ("csv", "entry,addr"), ("dot", "digraph")):
        r = run(BIN, "explain", RESULT, f"--format={form}")
        check(f"explain {form}", r.returncode == 0 and mark in r.stdout, r.stderr)
    import json
    total = sum(s["total"] for e in json.load(open(RESULT))["entries"] for s in e["worst_path"])
    folded = run(BIN, "explain", RESULT, "-f", "folded").stdout
    check("folded stacks add up to the bounds", sum(int(x.rsplit(" ", 1)[1]) for x in folded.splitlines()) == total)
    check("an unknown entry is usage", run(BIN, "explain", RESULT, "no-such-entry").returncode == 2)


shutil.rmtree(FOLDER, ignore_errors=True)
r = make("install")
check("make install", r.returncode == 0 and os.access(BIN, os.X_OK), r.stderr)
if failed == 0:
    manual()
    completion()
    report()
    recipes()
    history()
    explanations()
check("make uninstall leaves nothing", make("uninstall").returncode == 0 and not files(), files()[:5])
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
