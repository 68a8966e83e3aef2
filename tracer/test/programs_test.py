#!/usr/bin/python3
"""Programs with and without probes must do the same on a bare machine, and every basic block of the probed ones must begin with a probe.

usage: programs_test.py POTOROO RV_PREFIX QEMU
The blocks are found from objdump's listing alone, by rules of its own: branch targets, what follows branches and calls, symbols, and the
addresses in .potoroo.points themselves. What the probes recorded in the run is checked too: each record is a point, and of two
neighbours the second can be reached from the first without passing a third."""
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent / "programs"
MACHINE = ["-march=rv64imac", "-mabi=lp64", "-mcmodel=medany", "-ffreestanding", "-fno-builtin", "-std=gnu11", "-Wall", "-Wextra",
           "-Wno-implicit-fallthrough", "-I", str(HERE)]
GCC_WAYS = ["-O0", "-O1", "-O2 -g", "-O3 -funroll-loops", "-Os -msave-restore", "-O2 -ffunction-sections -mno-relax", "-O2 -march=rv64ima"]
CLANG_WAYS = ["-O0", "-O2 -g", "-Os", "-O3"]
SPARSE_WAYS = ["-O0", "-O1", "-O2", "-Os"]
BUFFER, SIZE_AT, RAM = 0x90000000, 0x8ffffff8, 0x80000000


# ---- a random program ---------------------------------------------------------------------------------------------------------------

class Generator:
    """Functions of nested branches, loops, switches and forward gotos over three variables; each terminates."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.out, self.labels = [], 0

    def value(self):
        return self.r.choice(["x", "y", "z", str(self.r.randrange(1000)), f"(x >> {self.r.randrange(60)})", "(y ^ z)", "next_random()"])

    def condition(self):
        return f"({self.value()}) {self.r.choice(['<', '>', '==', '!=', '<='])} ({self.value()}) % {self.r.randrange(1, 99)}"

    def statement(self, depth, callee, exits):
        r, pad = self.r, "    " * (6 - depth)
        kind = r.randrange(10) if depth > 0 else r.randrange(3)
        if kind < 3:
            return f"{pad}{r.choice('xyz')} {r.choice(['+=', '^=', '-=', '*=', '|='])} {self.value()};\n"
        if kind < 5:
            other = f" else {{\n{self.body(depth - 1, callee, exits)}{pad}}}" if r.random() < 0.5 else ""
            return f"{pad}if ({self.condition()}) {{\n{self.body(depth - 1, callee, exits)}{pad}}}{other}\n"
        if kind == 5:
            i = f"i{depth}"
            return f"{pad}for (int {i} = 0; {i} < {r.randrange(1, 5)}; {i}++) {{\n{self.body(depth - 1, callee, exits)}{pad}}}\n"
        if kind == 6:
            n = r.randrange(2, 9)
            cases = "".join(f"{pad}case {k}:\n{self.body(depth - 1, callee, exits)}" + (f"{pad}    break;\n" if r.random() < 0.8 else "")
                            for k in range(n))
            return f"{pad}switch (({self.value()}) % {n + 1}) {{\n{cases}{pad}default: y++;\n{pad}}}\n"
        if kind == 7 and callee is not None:
            return f"{pad}z += f{callee}({self.value()}, {self.value()});\n"
        if kind == 8:
            return f"{pad}if ({self.condition()}) goto {r.choice(exits)};\n"
        return f"{pad}if ({self.condition()}) return x ^ y;\n"

    def body(self, depth, callee, exits):
        return "".join(self.statement(depth, callee, exits) for _ in range(self.r.randrange(1, 4)))

    def program(self, functions):
        text = '#include "program.h"\n'
        for n in range(functions):
            first, second = f"out{n}a", f"out{n}b"
            text += (f"__attribute__((noinline)) static uint64_t f{n}(uint64_t x, uint64_t y) {{\n    uint64_t z = 1;\n"
                     f"{self.body(4, n - 1 if n else None, [first, second])}{first}:\n    z += y;\n"
                     f"{self.body(3, n - 1 if n else None, [second])}{second}:\n    return x + y * z;\n}}\n")
        calls = "".join(f'    print("f{n}", f{n}(next_random(), next_random()));\n' for n in range(functions))
        return text + f"void test_random(void) {{\n{calls}}}\n"


# ---- building and running -----------------------------------------------------------------------------------------------------------

def run(command, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, **more)
    if done.returncode:
        raise AssertionError(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stderr[-2000:]}")
    return done.stdout


def build(compiler, linker, way, sources, where):
    where.mkdir()
    objects = []
    for source in sources:
        objects.append(where / (source.stem + ".o"))
        run(compiler + MACHINE + way.split() + ["-c", str(source), "-o", str(objects[-1])])
    elf = where / "program.elf"
    run(linker + ["-march=rv64imac", "-mabi=lp64", "-nostdlib", "-static", "-T", str(HERE / "program.lds"), "-Wl,--no-warn-rwx-segments"] +
        [str(o) for o in objects] + ["-lgcc", "-o", str(elf)])
    return elf


def execute(qemu, elf, ram):
    """The console's text, and the trace buffer's records."""
    size = 0x20000000
    text = run([qemu, "-M", "virt,memory-backend=ram", "-object", f"memory-backend-file,id=ram,size={size},mem-path={ram},share=on", "-m",
                f"{size}B", "-bios", "none", "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot", "-kernel", str(elf)],
               stdin=subprocess.DEVNULL)
    with open(ram, "rb") as f:
        f.seek(SIZE_AT - RAM)
        end, = struct.unpack("<Q", f.read(8))
        f.seek(BUFFER - RAM)
        records = [low for low, _ in struct.iter_unpack("<II", f.read(end - BUFFER))]
    pathlib.Path(ram).unlink()
    assert text.endswith("done\n"), f"{elf}: {text[-300:]!r}"
    return text, records


# ---- the program's blocks, from its listing -----------------------------------------------------------------------------------------

BRANCHES = {"beq", "bne", "blt", "bge", "bltu", "bgeu", "beqz", "bnez", "blez", "bgez", "bltz", "bgtz", "bgt", "ble", "bgtu", "bleu"}


class Listing:
    def __init__(self, prefix, elf):
        self.insns, self.symbols, function = {}, {}, ""
        self.function_of, self.functions = {}, set()
        for line in run([prefix + "nm", str(elf)]).splitlines():
            address, kind, name = line.split()
            if kind in "tT":
                self.symbols.setdefault(name, int(address, 16))
        named = {a: n for n, a in self.symbols.items() if not n.startswith((".", "$"))}
        for line in run([prefix + "objdump", "-d", "-M", "no-aliases,numeric", "--no-show-raw-insn", str(elf)]).splitlines():
            m = re.match(r"\s*([0-9a-f]+):\s+(\S+)\s*(.*)", line)
            if m:
                at = int(m[1], 16)
                function = named.get(at, function)
                if at in named:
                    self.functions.add(at)
                self.insns[at] = (m[2].removeprefix("c."), m[3])
                self.function_of[at] = function
        self.order = sorted(self.insns)
        self.next = dict(zip(self.order, self.order[1:]))
        dump = run([prefix + "objdump", "-s", "-j", ".potoroo.points", str(elf)])
        data = bytes.fromhex("".join("".join(re.match(r" [0-9a-f]+ ((?:[0-9a-f]+ ?){1,4}) ", l)[1].split()) for l in dump.splitlines()
                                     if re.match(r" [0-9a-f]+ [0-9a-f]", l)))
        self.points = {a for a, kind in struct.iter_unpack("<QQ", data) if a}

    def target(self, at):
        m = re.search(r"\b([0-9a-f]{8,})\b", self.insns[at][1])
        return int(m[1], 16) if m else None

    def kind(self, at):
        name, args = self.insns[at]
        if name in BRANCHES:
            return "branch"
        if name in ("j", "jal"):
            return "jump" if name == "j" or args.startswith("x0,") or args.startswith("zero,") else "call"
        if name in ("jr", "jalr"):
            return "leave" if name == "jr" or args.startswith("x0") else "call"
        return "mret" if name in ("mret", "sret") else "next"

    def leaders(self):
        """Address → why a block begins there."""
        found = {a: "point" for a in self.points}
        for at in self.order:
            kind, after = self.kind(at), self.next.get(at)
            if kind in ("branch", "jump") and self.target(at) in self.insns:
                found.setdefault(self.target(at), f"target of {at:x}")
            if kind in ("branch", "call") and after and after not in self.functions:
                found.setdefault(after, f"behind {at:x}")
        for at in self.functions:
            found.setdefault(at, "function")
        return found

    def in_reservation(self, at):
        """Between a load-reserved and its store-conditional, where no probe may be; or behind the latter's own failure branch."""
        i = self.order.index(at)
        before = [self.insns[a][0] for a in self.order[max(0, i - 6):i]]
        return any(n.startswith("lr.") for n in before) and not any(n.startswith("sc.") for n in before)


def is_trampoline(l, at):
    """The jump that the assembler puts behind an inverted branch whose target is out of reach."""
    i = l.order.index(at)
    return l.kind(at) == "jump" and i > 0 and l.kind(l.order[i - 1]) == "branch" and l.target(l.order[i - 1]) == l.next.get(at)


def ends_function(l, at):
    """Behind a call that does not return there may be nothing of the same function, or only padding."""
    i = l.order.index(at)
    return i > 0 and l.function_of[l.order[i - 1]] != l.function_of[at]


def check_blocks(l, foreign):
    missing = [(a, why) for a, why in sorted(l.leaders().items())
               if a not in l.points and l.function_of[a] not in foreign and not l.in_reservation(a) and not is_trampoline(l, a)
               and not ends_function(l, a)]
    assert not missing, "blocks without a probe: " + ", ".join(f"{a:#x} in {l.function_of[a]} ({why})" for a, why in missing[:5])
    for p in l.points:
        name, args = l.insns[p]
        assert name == "auipc" and args.startswith("x25,0x0"), f"the point {p:#x} is {name} {args}"


def check_trace(l, records, foreign):
    """Between neighbours, walk on from the first: through direct control flow only; an indirect jump, a return or foreign code may lead
    to any point."""
    low = {p & 0xffffffff: p for p in l.points}
    after = {}
    for record in records:
        assert record in low, f"record {record:#x} is no point"
    for a, b in set(zip(records, records[1:])):
        after.setdefault(low[a], set()).add(low[b])
    for point, seen in after.items():
        reach, anywhere, todo, done = set(), False, [l.next[point]], set()
        while todo:
            at = todo.pop()
            if at in done or at not in l.insns:
                continue
            done.add(at)
            if at in l.points:
                reach.add(at)
                continue
            kind, target = l.kind(at), l.target(at)
            if kind == "leave" or (kind == "call" and target is None) or l.function_of[at] in foreign:
                anywhere = True
            elif kind in ("jump", "call"):
                todo.append(target)
            else:
                todo += [l.next[at]] + ([target] if kind == "branch" else [])
        assert anywhere or seen <= reach, f"from {point:#x} to {sorted(map(hex, seen - reach))}, which it cannot reach"


def ambiguous(l, points, foreign):
    """Points from which two paths lead to the same next point, or out (a call, a return, an indirect jump), or round without a point."""
    found = []
    for start in points:
        done, out, todo, bad, strange = set(), 0, [l.next[start]], False, False
        while todo and not bad:
            at = todo.pop()
            while True:
                bad = at in done
                done.add(at)
                if bad or at in points or at not in l.insns or l.function_of[at] in foreign:
                    break
                strange = strange or l.insns[at][0].startswith("lr.")
                kind = l.kind(at)
                if kind in ("leave", "call", "mret") or (kind == "jump" and l.target(at) in l.functions):
                    out += 1
                    bad = out > 1
                    break
                if kind == "branch":
                    todo.append(l.target(at))
                at = l.target(at) if kind == "jump" else l.next[at]
        if bad and not strange:
            found.append(start)
    return found


def check_sparse(l, dense, foreign):
    own = {p for p in l.points if l.function_of[p] not in foreign}
    twice = ambiguous(l, own, foreign)
    assert not twice, f"two paths from {twice[0]:#x} in {l.function_of[twice[0]]} look alike"
    assert len(l.points) < 0.9 * len(dense.points), f"{len(l.points)} points of {len(dense.points)}"
    behind = {l.next[a] for a in l.order if l.kind(a) == "branch"}
    assert ambiguous(l, own - behind, foreign), "this test cannot fail"


# ---- all ways -----------------------------------------------------------------------------------------------------------------------

def try_way(name, compiler, linker, way, sparse, potoroo, prefix, qemu, sources, where):
    plain = build(compiler, linker, way, sources, where / "plain")
    cc = [potoroo, "cc"] + ["--probes=sparse"] * sparse + ["--"]
    probed = build(cc + compiler, linker, way, sources, where / "probed")
    expected, none = execute(qemu, plain, str(where / "ram"))
    text, records = execute(qemu, probed, str(where / "ram"))
    assert not none, "the plain program wrote records"
    assert text == expected, f"outputs differ:\n{expected}\n{text}"
    l = Listing(prefix, probed)
    foreign = {n for n in l.function_of.values() if n == "_start" or n.startswith("__riscv_")}
    if sparse:
        dense = build([potoroo, "cc", "--"] + compiler, linker, way, sources, where / "dense")
        check_sparse(l, Listing(prefix, dense), foreign)
    else:
        check_blocks(l, foreign)
    check_trace(l, records, foreign)
    return f"{name} {way}{' sparse' * sparse}: {len(l.points)} points, {len(records)} records"


def main():
    potoroo, prefix, qemu = sys.argv[1:4]
    gcc = [prefix + "gcc"]
    ways = [("gcc", gcc, way, False) for way in GCC_WAYS] + [("gcc", gcc, way, True) for way in SPARSE_WAYS]
    if shutil.which("clang"):
        ways += [("clang", ["clang", "--target=riscv64", "-Wno-unused-command-line-argument"], way, False) for way in CLANG_WAYS]
    passed = failed = 0
    for seed, (name, compiler, way, sparse) in enumerate(ways):
        with tempfile.TemporaryDirectory() as folder:
            where = pathlib.Path(folder)
            (where / "random.c").write_text(Generator(seed).program(12))
            sources = sorted(HERE.glob("*.c")) + [HERE / "start.S", where / "random.c"]
            try:
                print("  " + try_way(name, compiler, gcc, way, sparse, potoroo, prefix, qemu, sources, where))
                passed += 1
            except (AssertionError, subprocess.TimeoutExpired) as e:
                failed += 1
                print(f"{name} {way} (seed {seed}): {e}")
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
