#!/usr/bin/python3
# facts.py: kernel/facts.ff against the sources: each position still is what the fact speaks of, every loop that runs after
# boot has a fact, and the numbers are those of the named constants.
import glob
import os
import re
import sys

ROOM = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
AFTER_BOOT = [path for path in glob.glob(ROOM + "/src/*/*.c") if os.path.basename(path) not in ("boot.c", "check.c")]
BOUNDS = {"message.c": "MESSAGE_LINES_MAX", "vspace.c": "WALK_LEVELS"}
DERIVED = {"cnode.c": 2, "delete.c": 1, "lookup.c": 1, "memory.c": 1, "tcb.c": 1, "untyped.c": 2, "vspace.c": 1}  # loops that the analysis bounds by itself

passed = failed = 0


def check(good, text):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print("failed:", text)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def constant(name, texts):
    """The value of a macro whose body is made of numbers, other macros, and / alone."""
    body = next(re.search(rf"#define {name} (.*?)\s*(/\*.*)?$", text, re.M) for text in texts
                if re.search(rf"#define {name} ", text))[1].strip("()")
    parts = [int(part) if part.isdigit() else constant(part, texts) for part in body.split(" / ")]
    value = parts[0]
    for part in parts[1:]:
        value //= part
    return value


sources = {os.path.basename(path): read(path) for path in AFTER_BOOT}
headers = [read(path) for path in glob.glob(ROOM + "/include/*.h")]
facts = read(ROOM + "/facts.ff")
loops = re.findall(r"^loop (\w+\.c):(\d+) max (\d+) because ", facts, re.M)
nevers = re.findall(r"^never (\w+\.c):(\d+) because ", facts, re.M)

for name, line, most in loops:
    text = sources[name].splitlines()[int(line) - 1]
    check("while (" in text or "for (" in text, f"{name}:{line} is no loop: {text.strip()}")
    check(int(most) == constant(BOUNDS[name], headers + [sources[name]]), f"{name}:{line}: {most} is not {BOUNDS[name]}")
for name, line in nevers:
    text = sources[name].splitlines()[int(line) - 1]
    check("panic();" in text, f"{name}:{line} does not call panic: {text.strip()}")

# `do … while` counts once; panic's is `for (;;)`.
for name, text in sorted(sources.items()):
    written = len(re.findall(r"\b(?:while|for) \((?!;;\))", re.sub(r"/\*.*?\*/", "", text, flags=re.S)))
    stated = sum(1 for where, _, _ in loops if where == name)
    check(written == stated + DERIVED.get(name, 0), f"{written} loops in {name}, {stated} in facts.ff")
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
