"""The unreduced integer program of an entry has the bound that the analysis printed: by potoroo ilp, and by glpsol where it is installed.

Usage: dump_lp_test.py POTOROO FOLDER ENTRY…
"""
import json
import os
import re
import shutil
import subprocess
import sys


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=True).stdout


def glpsol(path):
    """The optimum that glpsol prints, None where it is not installed."""
    if not shutil.which("glpsol"):
        return None
    answer = path + ".txt"
    run("glpsol", "--lp", path, "-o", answer, "--tmlim", "60")
    with open(answer, encoding="utf-8") as f:
        return round(float(re.search(r"^Objective: .* = ([-+.0-9e]+)", f.read(), re.M).group(1)))


def main(potoroo, folder, *entries):
    os.makedirs(folder, exist_ok=True)
    only = [word for name in entries for word in ("--entry", name)]
    rows = json.loads(run(potoroo, "wcet", "--json", "--dump-lp", folder, *only))["entries"]
    passed = failed = 0
    for row in rows:
        path = os.path.join(folder, row["name"] + ".lp")
        answers = {"potoroo ilp": int(json.loads(run(potoroo, "ilp", path, "--json"))["bound"]), "glpsol": glpsol(path)}
        for who, answer in answers.items():
            if answer is not None:
                passed, failed = passed + (answer == row["bound"]), failed + (answer != row["bound"])
                if answer != row["bound"]:
                    print(f"{row['name']}: {who} says {answer}, the analysis {row['bound']}")
    print(f"{passed} passed, {failed} failed")
    return failed != 0


sys.exit(main(*sys.argv[1:]))
