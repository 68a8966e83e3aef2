"""Each exclusion in a result's ledger has a file that the solver calls unsatisfiable when given it alone, and bounds only fell.

Usage: infeasible_test.py R.json FOLDER
"""
import json
import os
import subprocess
import sys


def verdict(path):
    """The solver's answer to the file."""
    return subprocess.run(["z3", path], capture_output=True, text=True, timeout=120, check=False).stdout.split()


def main(result, folder):
    with open(result, encoding="utf-8") as f:
        entries = json.load(f)["entries"]
    files, passed, failed = set(), 0, 0
    for entry in entries:
        if entry["bound"] is not None and int(entry["bound"]) > int(entry["bound_before"]):
            print(f"{entry['name']}: the bound rose")
            failed += 1
        files.update(line["grounds"] for line in entry["ledger"] if line["kind"] == "infeasible")
    for name in sorted(files):
        if verdict(os.path.join(folder, name)) == ["unsat"]:
            passed += 1
        else:
            print(f"{name}: not unsatisfiable")
            failed += 1
    if not files:
        print("no way was excluded")
        failed += 1
    print(f"{passed} passed, {failed} failed")
    return failed != 0


sys.exit(main(*sys.argv[1:]))
