#!/usr/bin/python3
"""docs/WALKTHROUGH.md, as it stands: its indented lines are run by sh -e in an empty folder.

Usage: walkthrough_test.py FOLDER
"""
import json
import os
import re
import shutil
import subprocess
import sys

FOLDER = os.path.abspath(sys.argv[1])
passed = failed = 0


def check(name, good, told=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"FAILED: {name} {told}")


shutil.rmtree(FOLDER, ignore_errors=True)
os.makedirs(FOLDER)
with open("docs/WALKTHROUGH.md") as f:
    page = f.read()
blocks = re.findall(r"(?:^    .*\n|^\n(?=    ))+", page, re.M)
script = "\n".join(re.sub(r"^    ", "", b, flags=re.M) for b in blocks)
env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS")}
r = subprocess.run(["sh", "-eu"], input=script, cwd=FOLDER, env={**env, "POTOROO": os.getcwd()}, capture_output=True, text=True, timeout=600)
check("the walk-through runs", r.returncode == 0, r.stderr[-500:])
rows = []
if r.returncode == 0:
    with open(os.path.join(FOLDER, "tick.json")) as f:
        rows = json.load(f)["entries"]
check("both entries are bounded", len(rows) == 2 and all(x["bound"] and x["observations"] > 1000 for x in rows), rows and [x["name"] for x in rows])
check("the interrupt is explained", "trap" in r.stdout and "it rests on" in r.stdout)
check("the gate passes", "2 entries, 0 failed" in r.stdout)
if subprocess.run(["/usr/bin/python3", "-c", "import jinja2"], capture_output=True).returncode == 0:
    check("the page is there", os.path.exists(os.path.join(FOLDER, "tick.html")))
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
