#!/usr/bin/python3
"""potoroo coverage and replay on the default analysis: a few units, all counts. coverage_test.py POTOROO"""
import json, os, re, subprocess, sys, tempfile

POTOROO = sys.argv[1]
passed = failed = 0


def check(what, good, detail=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"FAILED: {what} {detail}")


def run(*args):
    return subprocess.run([POTOROO, *args], capture_output=True, text=True)


def default_analysis(work, **changes):
    """The default analysis with another file for a key, all paths absolute."""
    text = open("potoroo.ini").read()
    for key in ("elf", "facts", "model", "profile", "platform"):
        text = re.sub(rf"(?m)^{key} = (.*)$", lambda m: f"{key} = {changes.get(key) or os.path.abspath(m[1])}", text)
    path = os.path.join(work, "analysis.ini")
    open(path, "w").write(text)
    return path


def main():
    with tempfile.TemporaryDirectory() as work:
        replays = 0
        for place in ("sys_send", "ready_add", "trap_return"):
            r = run("coverage", "--unit", place, "--exact", "--replay", "--json")
            check(f"{place} is answered", r.returncode == 0, r.stderr)
            if r.returncode:
                continue
            result = json.loads(r.stdout)
            for u in result["units"]:
                lo, hi = u["proven"] or (0, u["limit"])
                check(f"{u['id']}: what was observed is possible", all(lo <= n <= hi for n in u["observed"]))
                if u["status"] == "complete":
                    check(f"{u['id']}: complete means nothing is missing", not u["missing"] and u["observed"])
                if u["status"] == "counterexample":
                    check(f"{u['id']}: a counterexample was not observed", u["counterexample"]["count"] not in u["observed"])
            replays += result["summary"]["replays"]["run"]
            check(f"{place}: replays are as predicted", result["summary"]["replays"]["agreed"] == result["summary"]["replays"]["run"])
        check("something was replayed", replays > 0)
        model = json.load(open("build/reference.model"))
        for c in model["caches"]:
            c["miss"] = c["cold"] = c["miss"] + 1
        wrong = os.path.join(work, "wrong.model")
        json.dump(model, open(wrong, "w"))
        r = run("coverage", "-c", default_analysis(work, model=wrong), "--unit", "sys_send", "--json")
        units = json.loads(r.stdout)["units"] if r.returncode == 0 else []
        check("times that the model does not explain leave units open, or the model is refused", r.returncode == 3 or any(u["status"] == "open" for u in units), r.stderr)
        r = run("coverage", "--unit", "no_such_function")
        check("an unknown unit is a usage error", r.returncode == 2)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


main()
