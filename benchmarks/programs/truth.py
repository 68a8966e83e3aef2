"""The true loop bounds of a program: NAME.bounds, its labels tied to source lines by the marks in NAME.c.

A loop of the sources begins on a line that ends in a mark `/* @LABEL */`; it extends over the lines indented further, and a
closing line at its own indentation. `LABEL N  why` says that its body is begun at most N times for each entry to the loop, and that
the program's own inputs attain it; `recursion FUNCTION N  why` that N activations of FUNCTION are reached at once.
"""
import os
import re

MARK = re.compile(r"/\* @([\w-]+) \*/\s*$")
LOOP = re.compile(r"^\s*(?:\} )?(?:for|while|do)\b(?!.*;\s*$)")


class Truth:
    def __init__(self, source, bounds):
        self.name = os.path.basename(source)
        self.problems = []
        self.times, self.deep = {}, {}
        self.loops = []  # (first line, last line, label), outer ones first
        self.met = {}
        self.read_bounds(bounds)
        self.read_marks(source)

    def read_bounds(self, path):
        with open(path) as file:
            for number, line in enumerate(file, 1):
                fields = line.split()
                if not fields:
                    continue
                table = self.times
                if fields[0] == "recursion":
                    table, fields = self.deep, fields[1:]
                if len(fields) < 3 or not fields[1].isdigit() or fields[0] in table:
                    raise ValueError(f"{path}:{number}: not `LABEL N why`")
                table[fields[0]] = int(fields[1])

    def read_marks(self, path):
        with open(path) as file:
            lines = file.read().split("\n")
        indents = [len(l) - len(l.lstrip()) for l in lines]
        for i, line in enumerate(lines):
            mark = MARK.search(line)
            if not mark:
                if LOOP.match(line):
                    self.problems.append(f"{self.name}:{i + 1}: a loop without a mark")
                continue
            last = i
            while last + 1 < len(lines) and (not lines[last + 1].strip() or indents[last + 1] > indents[i]):
                last += 1
            if last + 1 < len(lines) and indents[last + 1] == indents[i] and lines[last + 1].lstrip().startswith("}"):
                last += 1
            self.loops.append((i + 1, last + 1, mark.group(1)))
        labels = [l for _, _, l in self.loops]
        if sorted(set(labels)) != sorted(self.times) or len(set(labels)) != len(labels):
            self.problems.append(f"labels and bounds differ: {sorted(set(labels) ^ set(self.times))}")

    def around(self, loop):
        """The labels of the source loops around a header, innermost first."""
        name, _, line = loop.get("source", "").rpartition(":")
        if os.path.basename(name) != self.name or not line.isdigit():
            return []
        return [label for first, last, label in reversed(self.loops) if first <= int(line) <= last]

    def loop(self, loop, bound, level):
        """What is wrong with a loop that ran loop["seen"] times at most, and with its derived bound.

        Without optimisation the loops of the binary are those of the sources: the header runs as often as the body, or once
        more where it holds the test. Optimised ones are unrolled, peeled, merged and moved between lines; there the execution
        itself, whose inputs attain the truth as the unoptimised program proves, is the measure of a bound (run.py).
        """
        if level != "-O0" or not loop["seen"]:
            return []
        labels = [l for l in self.around(loop) if l in self.times]
        if not labels:
            return ["no mark in the sources"] if os.path.basename(loop.get("source", "").rpartition(":")[0]) == self.name else []
        true = self.times[labels[0]]
        self.met[labels[0]] = max(self.met.get(labels[0], 0), loop["seen"])
        problems = []
        if loop["seen"] not in (true, true + 1):
            problems.append(f"ran {loop['seen']} times at most, the truth of @{labels[0]} being {true}")
        if bound is not None and bound < true:
            problems.append(f"bound {bound}, the truth of @{labels[0]} being {true}")
        return problems

    def recursion(self, walk, level):
        problems = []
        names = {f["name"]: (entry, f) for entry, f in walk.g.functions.items()}
        for function, true in self.deep.items():
            if level != "-O0":
                continue
            entry, f = names.get(function, (None, None))
            if f is None or walk.depth.get(entry, 0) != true:
                problems.append(f"{function} was active {walk.depth.get(entry, 0)} times at once, the truth being {true}")
            elif f["recursion"] != 0:
                problems.append(f"{function} is recursive, but the CFG says {f['recursion']}")
        if level == "-O0":
            problems += [f"@{label} was not seen" for _, _, label in self.loops if label not in self.met]
            deep = [f["name"] for e, f in walk.g.functions.items() if walk.depth.get(e, 0) > 1 and f["name"] not in self.deep]
            problems += [f"{name} recurses, and no truth is stated" for name in deep]
        for entry, depth in walk.depth.items():
            claimed = walk.g.functions[entry]["recursion"] if entry in walk.g.functions else None
            if depth > 1 and claimed == 1:
                problems.append(f"{walk.g.functions[entry]['name']} was active {depth} times at once, but the CFG finds no recursion")
        return problems
