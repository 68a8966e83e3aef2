#!/usr/bin/python3
"""Exhaustive truth: small programs run on the board with every input once. What the run shows of whole entries is then the exact
distribution over all inputs, and the combined exceedance, made of nothing but the units' own profiles, must be nowhere below it.

usage: truth_test.py POTOROO PLATFORM.ini CC [PROGRAMS]
The programs are generated; the caches are made small, so that times vary. With --dependence=comonotonic the same check must fail for
some program: a test that this operator passes would not be one."""
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
from fractions import Fraction

HERE = pathlib.Path(__file__).parent / "truth"
TARGET = HERE.parent.parent.parent / "tracer" / "target"
FLAGS = ["-march=rv64imac_zicsr_zifencei", "-mabi=lp64", "-mcmodel=medany", "-msmall-data-limit=0", "-ffreestanding", "-nostdlib", "-fno-pic",
         "-fno-stack-protector", "-fno-asynchronous-unwind-tables", "-ffixed-x25", "-ffixed-x26", "-ffixed-x27", "-g", "-std=gnu11",
         "-DPOTOROO_COUNTER=0x87fff000", "-I", str(TARGET)]
INPUTS = 1024
POTOROO, PLATFORM, CC = sys.argv[1:4]
PROGRAMS = int(sys.argv[4]) if len(sys.argv) > 4 else 8

# Two blocks, each slow for one input in sixteen, never both: what comonotonicity gets wrong. No branch decides which.
OPPOSED = """
static volatile unsigned char memory[1 << 16];
static unsigned touch(unsigned x, unsigned which) { return memory[((x & 15) == which) * (64 + (x * 64 & 0xffc0))]; }
unsigned f(unsigned x) {
    unsigned s = touch(x, 3);
    if (x & 16) s += memory[64];
    s += touch(x, 5);
    if (x & 32) s += memory[128];
    return s;
}
"""

# The first iteration is fast, the later ones are slow; no branch decides it. Who takes one for the other is told either by the exact
# distribution or by a longest path no shorter than the bound, which knows nothing of first and later.
LATER = """
static volatile unsigned char memory[1 << 16];
unsigned f(unsigned x) {
    unsigned s = memory[0];
    for (unsigned i = 0; i < 4; i++) {
        s += memory[-(unsigned)(i != 0) & (64 + ((x * 7 + i * 5) * 64 & 0xffc0))];
        __asm__ volatile("" ::: "memory");
    }
    return s;
}
"""

# A loop left early for a long way, at the end of its body for a short one: the longest path is not the longest of both.
EXITS = """
static volatile unsigned char memory[1 << 16];
unsigned f(unsigned x) {
    unsigned s = x, i = 0;
    do {
        if (x >> i & 1) {
            for (unsigned k = 0; k < 8; k++) {
                s += memory[(x * 64 + k * 64) & 0xffc0];
                __asm__ volatile("" ::: "memory");
            }
            return s;
        }
        s += memory[(x * 128 + i * 64) & 0xffc0] + memory[(x * 192 + i * 64) & 0xffc0] + memory[(x * 320 + i * 64) & 0xffc0];
    } while (++i < 4);
    return s;
}
"""

# A loop with two entries, two exits and unlike halves: by which it comes in and goes out matters.
ENTRIES = """
#define KEEP __asm__ volatile("" ::: "memory")
static volatile unsigned char memory[1 << 16];
unsigned f(unsigned x) {
    unsigned s = 0, i = 0;
    if (x & 1) goto middle;
top:
    s += memory[(x * 64 + i * 64) & 0xffc0];
    KEEP;
    if (x >> i & 4) goto out;
middle:
    s += memory[(x * 128 + i * 192) & 0xffc0] + memory[(x * 320 + i * 64) & 0xffc0];
    KEEP;
    if (++i < 4) goto top;
    s += memory[(x * 192) & 0xffc0];
out:
    return s;
}
"""

# Two ways, the slow one first in the order of inputs: run with the first half of them it is always taken.
WAYS = """
static volatile unsigned char memory[1 << 16];
unsigned f(unsigned x) {
    if (x & 512)
        return memory[0];
    return memory[(x * 64) & 0xffc0] + memory[(x * 192) & 0xffc0];
}
"""
CRAFTED = [(OPPOSED, []), (LATER, []), (EXITS, []), (ENTRIES, [(8, 8), (12, 8)])]


class Generator:
    """Functions of one input: branches on its bits, loops that it bounds, memory that it picks, returns from the midst of loops, and
    jumps forward across branches, which make graphs that are no trees."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.lines, self.facts, self.depth, self.labels = [], [], 0, 0

    def put(self, text):
        self.lines.append("    " * (self.depth + 1) + text)

    def bits(self, n):
        return f"(x >> {self.r.randrange(0, 10 - n)} & {(1 << n) - 1})"

    def statement(self, room, callee):
        kind = self.r.randrange(8) if room else 0
        if kind == 0:
            self.put(f"s += memory[{self.bits(self.r.randrange(1, 4))} * {self.r.choice([64, 128, 192])} + {self.r.randrange(4) * 4096}];")
        elif kind == 1:
            self.put("s ^= s << 3;")
        elif kind in (2, 3):
            self.branch(room, callee)
        elif kind == 4:
            self.loop(room, callee)
        elif kind == 5 and callee:
            self.put(f"s += g{callee}(x + s % 2);")
        elif kind == 6:
            self.forward(room, callee)
        else:
            self.put(f"memory[{self.bits(2)} * 64] = s;")

    def body(self, room, callee, n=2):
        self.depth += 1
        for _ in range(self.r.randrange(1, n + 1)):
            self.statement(room - 1, callee)
        self.depth -= 1

    def branch(self, room, callee):
        self.put(f"if ({self.bits(self.r.randrange(1, 4))} {self.r.choice(['==', '>'])} {self.r.randrange(2)}) {{")
        self.body(room, callee)
        if self.r.random() < 0.6:
            self.put("} else {")
            self.body(room, callee)
        self.put("}")

    def loop(self, room, callee):
        i, n = f"i{self.depth}", self.r.randrange(1, 3)
        self.put(f"for (unsigned {i} = 0, n = {self.bits(n)} + 1; {i} < n; {i}++) {{")
        self.facts.append((len(self.lines), (1 << n) + 1))
        self.body(room, callee)
        if self.r.random() < 0.4:
            self.put(f"    if (s % 7 == 5) {'break' if self.r.random() < 0.5 else 'return s'};")
        self.put("    KEEP;")
        self.put("}")

    def forward(self, room, callee):
        """Two branches whose ends cross: a bridge."""
        self.labels += 2
        a, b = f"l{self.labels}", f"l{self.labels + 1}"
        self.put(f"if ({self.bits(1)}) {{")
        self.body(room, callee, 1)
        self.put(f"    if ({self.bits(1)}) goto {a};")
        self.put("} else {")
        self.body(room, callee, 1)
        self.put(f"    goto {a};")
        self.put("}")
        self.body(room, callee, 1)
        self.put(f"goto {b};")
        self.put(f"{a}: KEEP;")
        self.body(room, callee, 1)
        self.put(f"{b}: KEEP;")

    def function(self, name, callee, room):
        self.lines.append(f"{'' if name == 'f' else '__attribute__((noinline)) static '}unsigned {name}(unsigned x) {{")
        self.put("unsigned s = x;")
        for _ in range(self.r.randrange(2, 5)):
            self.statement(room, callee)
        self.put("return s;")
        self.lines.append("}")

    def program(self):
        self.lines = ["#define KEEP __asm__ volatile(\"\" ::: \"memory\")", "static volatile unsigned char memory[1 << 15];"]
        self.function("g1", None, 1)
        self.function("g2", 1, 2)
        self.function("f", 2, 3)
        return "\n".join(self.lines) + "\n"


def run(*args):
    done = subprocess.run([str(a) for a in args], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, args))}\nexit {done.returncode}: {done.stderr}")
    return done.stdout


def small_caches(text):
    """The platform with caches of a few lines."""
    out, section = [], ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip()
        if section in ("[l1i]", "[l1d]"):
            line = re.sub(r"^sets *=.*", "sets = 8", line)
            line = re.sub(r"^ways *=.*", "ways = 2", line)
        out.append(line)
    return "\n".join(out) + "\n"


def build(folder, source, facts, opt, inputs=INPUTS):
    (folder / "f.c").write_text(source)
    run(POTOROO, "cc", "--", CC, *FLAGS, opt, "-c", folder / "f.c", "-o", folder / "f.o")
    run(CC, *FLAGS, f"-DINPUTS={inputs}", "-c", HERE / "start.S", "-o", folder / "start.o")
    run(CC, *FLAGS, "-Wl,--build-id=sha1", "-Wl,--no-warn-rwx-segments", "-static", "-T", HERE / "truth.lds", folder / "start.o", folder / "f.o",
        "-o", folder / "k.elf")
    (folder / "platform.ini").write_text(small_caches(pathlib.Path(PLATFORM).read_text()))
    (folder / "k.ini").write_text("[kernel]\nelf = k.elf\narch = rv64\nfacts = k.ff\nprofile = k.prof\nplatform = platform.ini\n"
                                  "[entry f]\nstart = trap_vector\nend = return\n")
    build_id = json.loads(subprocess.run([POTOROO, "cfg", folder / "k.elf", "--json"], capture_output=True, text=True).stdout)["build_id"]
    never = f'elf "{build_id}"\n'
    kept = []
    for line, most in facts: # a loop that the compiler dissolved has no header to speak of
        kept.append(f'loop f.c:{line} max {most} because "the generator says so"')
        (folder / "k.ff").write_text(never + "\n".join(kept) + "\n")
        if subprocess.run([POTOROO, "cfg", folder / "k.elf", "-f", folder / "k.ff"], capture_output=True).returncode == 3:
            kept.pop()
    (folder / "k.ff").write_text(never + "\n".join(kept) + "\n")


def measure(folder):
    run(POTOROO, "run", "-p", folder / "platform.ini", "-k", folder / "k.elf", "-o", folder / "k.ptrace")
    run(POTOROO, "profile", "-k", folder / "k.elf", folder / "k.ptrace", "-o", folder / "k.prof")


class Infeasible(Exception):
    """With every input, some step between two blocks that are both passed is never taken: no fact can say so. Or the compiler made one
    loop of two, so that the generator's bound is not that of the header."""


def exclude_dead(folder):
    """What no input passes is dead: the analysis is told, block by block."""
    for _ in range(30):
        done = subprocess.run([POTOROO, "profile", "curve", "-c", folder / "k.ini"], capture_output=True, text=True)
        missing = re.search(r"never observed: the step from \S+ to (\S+)", done.stderr)
        if done.returncode == 0:
            return
        if done.returncode != 4 or not missing:
            if "which the analysis excludes" in done.stderr or "no path that the facts allow" in done.stderr or "is said to run at most" in done.stderr:
                raise Infeasible
            raise RuntimeError(done.stderr)
        with open(folder / "k.ff", "a") as f:
            f.write(f'never {missing[1]} because "no input passes it"\n')
    raise Infeasible


def curves(folder, dependence):
    entry = json.loads(run(POTOROO, "profile", "curve", "-c", folder / "k.ini", "--json", "--dependence", dependence))["entries"][0]
    return entry["histogram"], entry["combined"]["curve"], entry["bound"]


def first_below(histogram, combined):
    """The first time at which the combined P(X > t) is below the exact one, None if at none."""
    total, above, k, bound = sum(n for _, n in histogram), sum(n for _, n in histogram), 0, Fraction(1)
    for t, n in histogram: # between two times of the histogram the exact one stays and the combined one falls: look just before the next
        while k < len(combined) and combined[k][0] < t:
            bound = Fraction(combined[k][1])
            k += 1
        if bound < Fraction(above, total):
            return t - 1, bound, Fraction(above, total)
        above -= n
    return None


def check(folder, number, seed, kinds):
    """What is wrong, None if nothing; and whether the comonotonic operator is told."""
    g = Generator(seed)
    source, facts = CRAFTED[number] if number < len(CRAFTED) else (g.program(), g.facts)
    (folder / "source").write_text(source)
    build(folder, source, facts, ["-O1", "-O2", "-Os"][number % 3])
    measure(folder)
    exclude_dead(folder)
    histogram, combined, bound = curves(folder, "unknown")
    for line in run(POTOROO, "profile", "tree", "f", "-c", folder / "k.ini").splitlines()[3:]:
        for kind in kinds:
            kinds[kind] += bool(re.search(rf"\d  .*\b{kind}\b", line))
    told = first_below(*curves(folder, "comonotonic")[:2]) is not None
    below = first_below(histogram, combined) or first_below(*curves(folder, "measured")[:2])
    entries = sum(n for _, n in histogram)
    if entries != INPUTS:
        return f"{entries} entries instead of {INPUTS}", told
    if below:
        return f"P(X > {below[0]}) is {float(below[2])}, combined {float(below[1])}", told
    if not histogram[-1][0] <= combined[-1][0] <= bound:
        return f"observed {histogram[-1][0]}, combined {combined[-1][0]}, bound {bound} are not in order", told
    if source == LATER and combined[-1][0] >= bound:
        return "the first iteration is taken to be as slow as the later ones", told
    return None, told


def check_ways(folder):
    """Ways that were measured as a whole: their curve must hold however often each is taken; that of all entries together must not."""
    build(folder, WAYS, [], "-O1")
    measure(folder)
    entry = json.loads(run(POTOROO, "profile", "curve", "-c", folder / "k.ini", "--json", "--dependence", "measured"))["entries"][0]
    if "ways" not in entry["combined"]:
        return "the ways of the program were not all measured"
    build(folder, WAYS, [], "-O1", INPUTS // 2)
    measure(folder)
    exclude_dead(folder) # the fast way is
    slow = curves(folder, "unknown")[0]
    if first_below(entry["histogram"], entry["combined"]["curve"]) or first_below(slow, entry["combined"]["curve"]):
        return "the curve of ways measured as a whole is below the exact one"
    if not first_below(slow, entry["observed"]["curve"]):
        return "the observed curve holds for other inputs: this test tells nothing"
    return None


def main():
    passed = failed = told = 0
    with tempfile.TemporaryDirectory() as name:
        problem = check_ways(pathlib.Path(name))
        print(problem or "ways measured as a whole: dominated")
        passed += problem is None
        failed += problem is not None
    kinds = dict.fromkeys(("sequence", "alternative", "loop", "call", "region", "entries"), 0)
    seeds = iter(range(10 * PROGRAMS))
    for number in range(PROGRAMS):
        problem = "every generated program had a step that no input takes"
        for seed in seeds:
            with tempfile.TemporaryDirectory() as name:
                try:
                    problem, tells = check(pathlib.Path(name), number, seed, kinds)
                    told += tells
                except Infeasible:
                    continue
                except RuntimeError as e:
                    problem = str(e)
                if problem:
                    print((pathlib.Path(name) / "source").read_text())
                break
        if problem:
            print(f"program {number}, seed {seed}: {problem}")
        failed += problem is not None
        passed += problem is None
    print(f"{told} of {PROGRAMS} programs tell the comonotonic operator; nodes seen: {kinds}")
    for good, what in ((told > 0, "no program tells the comonotonic operator"), (all(kinds.values()), "some kind of node never occurred")):
        passed += good
        failed += not good
        if not good:
            print(what)
    print(f"{passed} passed, {failed} failed")
    return failed != 0


sys.exit(main())
