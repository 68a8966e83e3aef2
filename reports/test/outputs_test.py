#!/usr/bin/python3
"""Outputs for machines: JSON as the schemas say, JUnit and SARIF that other people's readers take, the diff's verdicts on edited results.

Usage: outputs_test.py POTOROO WCET.json KERNEL.elf FOLDER
"""
import copy
import json
import os
import subprocess
import sys
import xml.etree.ElementTree

import jsonschema

POTOROO, RESULT, KERNEL, FOLDER = map(os.path.abspath, sys.argv[1:5])
SCHEMAS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "schema")
passed = failed = 0


def check(name, good, told=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"FAILED: {name} {told}")


def potoroo(*args):
    return subprocess.run([POTOROO, *args], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)


def problems(schema, value):
    with open(os.path.join(SCHEMAS, schema + ".json")) as f:
        s = json.load(f)
    jsonschema.Draft202012Validator.check_schema(s)
    return [f"{'/'.join(map(str, e.path))}: {e.message[:160]}" for e in jsonschema.Draft202012Validator(s).iter_errors(value)][:3]


def valid(schema, value):
    wrong = problems(schema, value)
    check(f"{schema} is as its schema says", not wrong, wrong)


def write(name, value):
    path = os.path.join(FOLDER, name)
    with open(path, "w") as f:
        f.write(value if isinstance(value, str) else json.dumps(value))
    return path


def with_entry(change):
    """The result with its first entry edited."""
    r = copy.deepcopy(result)
    change(r["entries"][0])
    return r


def slower(cycles):
    def change(e):
        step = max(e["worst_path"], key=lambda s: s["cost"])
        e["bound"] += cycles * step["count"]
        step["cost"] += cycles
        step["total"] += cycles * step["count"]
    return change


def work(cycles):
    """As if the code of the costliest step had changed."""
    r = with_entry(slower(cycles))
    r["build_id"] = "0" * 40
    step = max(r["entries"][0]["worst_path"], key=lambda s: s["cost"])
    for f in r["functions"]:
        for b in f["blocks"]:
            if b["addr"] == step["addr"]:
                b["shape"] = "0x1"
    return r, step


def gate(old, new, *options):
    return potoroo("diff", *options, write("old.json", old), write("new.json", new))


def schemas():
    valid("wcet", result)
    valid("cfg", json.loads(potoroo("cfg", KERNEL, "--json").stdout))
    broken = copy.deepcopy(result)
    broken["entries"][0]["worst_path"][0]["addr"] = 5
    check("a wrong type is seen", problems("wcet", broken))
    for schema in ("model", "coverage", "diff"):
        check(f"{schema}: an empty object is refused", problems(schema, {}))


def verdicts():
    name = result["entries"][0]["name"]
    check("the same result passes", gate(result, result).returncode == 0)
    new, step = work(20)
    r = gate(result, new, "--json")
    diff = json.loads(r.stdout)
    valid("diff", diff)
    first = diff["entries"][0]
    check("20 cycles of work fail", r.returncode == 1 and first["verdict"] == "fail" and diff["summary"]["failed"] == 1, r.stdout[:300])
    check("the function and line are named", any(c["file"] == step["file"] and c["function"] == step["symbol"].split("+")[0] for c in first["causes"]))
    check("the parts add up", all(sum(e["parts"].values()) == e["change"] for e in diff["entries"]))
    check("the gate is named in text", name in gate(result, new, "-q").stdout)
    small = gate(result, work(9)[0])
    check("9 cycles of work pass", small.returncode == 0, small.stdout[-200:])
    check("9 cycles of work fail if none are allowed", gate(result, work(9)[0], "--code-cycles", "1").returncode == 1)
    measured = with_entry(slower(61))
    check("61 cycles of measurement in a large entry pass", gate(result, measured, "--threshold", "50%").returncode == 0)
    check("and fail against an absolute threshold", gate(result, measured, "--threshold", "60", "--noise", "0").returncode == 1)
    check("but not below --min-cycles", gate(result, measured, "--threshold", "1", "--noise", "0", "--min-cycles", "62").returncode == 0)
    check("an entry's own threshold counts", gate(result, with_entry(lambda e: (slower(61)(e), e.update(threshold="60"))), "--noise", "0").returncode == 1)
    check("the command line's overrides it", gate(result, with_entry(lambda e: (slower(61)(e), e.update(threshold="60"))), "-t", "99%").returncode == 0)
    check("noise within its allowance is forgiven", gate(result, measured, "--threshold", "0").returncode == 0)
    check("but not beyond", gate(result, with_entry(slower(result["entries"][0]["bound"] // 10))).returncode == 1)
    check("a budget counts", gate(result, with_entry(lambda e: e.update(budget=1))).returncode == 1)
    gone = copy.deepcopy(result)
    gone["entries"].pop(0)
    check("a vanished entry fails", gate(result, gone).returncode == 1)
    check("a new entry passes", gate(gone, result).returncode == 0)
    lost = with_entry(lambda e: e.update(bound=None, status="incomplete", missing=["no bound for a loop"]))
    r = gate(result, lost)
    check("a lost bound fails and says why", r.returncode == 1 and "no bound for a loop" in r.stdout)
    check("no bound on either side is no success", gate(lost, lost).returncode == 4)


def bad_input():
    for what, text in (("no JSON", "{"), ("no result", "{}"), ("an old result", '{"entries": []}'), ("a bad bound", '{"functions": [], "entries": [{"name": "x", "bound": 1.5}]}')):
        r = potoroo("diff", write("bad.json", text), RESULT)
        check(f"{what}: one line, exit code 3", r.returncode == 3 and r.stderr.count("\n") == 1 and "bad.json" in r.stderr and not r.stdout, r.stderr)
    huge = with_entry(lambda e: e["worst_path"][0].update(count=2**40))
    r = gate(huge, result)
    check("a path too large to compare is refused", r.returncode == 3 and "too large" in r.stderr, r.stderr)
    check("a bad threshold is usage", potoroo("diff", "-t", "fast", RESULT, RESULT).returncode == 2)
    check("one result is usage", potoroo("diff", RESULT).returncode == 2)


def formats():
    new, step = work(20)
    new["entries"][0]["name"] = 'a<"&\u0001>é'
    old = copy.deepcopy(result)
    old["entries"][0]["name"] = new["entries"][0]["name"]
    suites = xml.etree.ElementTree.fromstring(gate(old, new, "--format=junit").stdout)
    cases = suites.findall("./testsuite/testcase")
    check("JUnit has a case an entry", suites.tag == "testsuites" and len(cases) == len(result["entries"]))
    check("JUnit tells the failure", len(suites.findall("./testsuite/testcase/failure")) == 1 and suites.get("failures") == "1" and cases[0].get("name") == 'a<"&?>é')
    junitparser(gate(old, new, "--format=junit").stdout)
    sarif = json.loads(gate(old, new, "--format=sarif").stdout)
    results = sarif["runs"][0]["results"]
    where = results[0]["locations"][0]["physicalLocation"]
    check("SARIF names file and line", len(results) == 1 and where["artifactLocation"]["uri"] == step["file"] and where["region"]["startLine"] > 0)
    check("SARIF's rule is declared", sarif["version"] == "2.1.0" and results[0]["ruleId"] == sarif["runs"][0]["tool"]["driver"]["rules"][results[0]["ruleIndex"]]["id"])
    text = gate(old, new, "--format=markdown").stdout
    check("Markdown has a row an entry", text.count("\n| `") == len(result["entries"]))
    for f in ("text", "json", "junit", "sarif", "markdown"):
        check(f"{f}: same inputs, same bytes", gate(old, new, "-f", f).stdout == gate(old, new, "-f", f).stdout)


def junitparser(text):
    """A reader that nobody here wrote, where it is installed."""
    try:
        from junitparser import JUnitXml
    except ImportError:
        return
    suites = JUnitXml.fromstring(text.encode())
    check("junitparser counts the same", suites.failures == 1 and suites.tests == len(result["entries"]))


with open(RESULT) as f:
    result = json.load(f)
os.makedirs(FOLDER, exist_ok=True)
schemas()
verdicts()
bad_input()
formats()
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
