"""Every control transfer of an execution under QEMU must be in the CFG, and no loop may run beyond its bound.

The oracle is QEMU's own log, one instruction a translation block; nothing of potoroo takes part in making it.
"""
import json
import re
import subprocess

LINE = re.compile(rb"Trace \d+: \S+ \[[0-9a-f]+/([0-9a-f]+)/")


def addresses(qemu, elf, log, timeout=120):
    """Runs ELF to its end and yields the address of each instruction executed."""
    subprocess.run([qemu, "-M", "virt", "-bios", "none", "-nographic", "-monitor", "none", "-serial", "none", "-accel",
                    "tcg,one-insn-per-tb=on", "-d", "exec,nochain", "-D", log, "-kernel", elf], check=True, timeout=timeout,
                   stdin=subprocess.DEVNULL)
    with open(log, "rb") as f:
        for line in f:
            m = LINE.match(line)
            if m:
                yield int(m.group(1), 16)


class Graph:
    def __init__(self, cfg):
        self.block = {}
        self.function_of = {}
        self.loops_of = {}
        self.headers = {}
        self.returns = {f["addr"]: f["returns"] for f in cfg["functions"]}
        self.bounds = []
        for f in cfg["functions"]:
            for b in f["blocks"]:
                b = dict(b, at=int(b["addr"], 16), to={int(e["to"], 16): e["kind"] for e in b["succ"]},
                         callees={int(c, 16) for c in b["calls"]}, entry=int(f["addr"], 16))
                b["resume"] = int(b["resume"], 16) if "resume" in b else None
                self.block[b["at"]] = b
            for l in f["loops"]:
                index = len(self.bounds)
                self.bounds.append(dict(l, function=f["name"], seen=0))
                members = {int(a, 16) for a in l["blocks"]}
                for a in members:
                    self.loops_of.setdefault(a, []).append(index)
                for a in l["entries"]:
                    self.headers.setdefault(int(a, 16), []).append(index)


class Walk:
    """Follows an execution through a graph. `errors` says what was not in it."""

    def __init__(self, graph, vectors=()):
        self.g, self.vectors = graph, set(vectors)
        self.stack = []     # frames: (return address, loop counts)
        self.counts = {}
        self.errors = []
        self.used = set()   # (from, to) block pairs within functions
        self.transfers = 0

    def error(self, at, to, why):
        if len(self.errors) < 10:
            self.errors.append(f"0x{at:x} -> 0x{to:x}: {why}")

    def arrive(self, before, to):
        """Enter block TO of the current frame, coming from block BEFORE of it (None: from outside)."""
        inside = set(self.g.loops_of.get(to, ()))
        came = set(self.g.loops_of.get(before, ())) if before is not None else set()
        for l in list(self.counts):
            if l not in inside:
                del self.counts[l]
        for l in self.g.headers.get(to, ()):
            if l not in came:
                self.counts[l] = 0
            self.counts[l] = self.counts.get(l, 0) + 1
            loop = self.g.bounds[l]
            loop["seen"] = max(loop["seen"], self.counts[l])
            if loop["bound"] and self.counts[l] > loop["bound"]["max"]:
                self.error(before or 0, to, f"loop of {loop['function']} runs more than {loop['bound']['max']} times ({loop['bound']['why']})")

    def call(self, resume, block):
        self.stack.append((resume, self.counts, block["at"]))
        self.counts = {}

    def leave(self, block, to):
        """The last instruction of BLOCK was executed; TO is next."""
        b = block
        self.transfers += 1
        if b["end"] == "trap-return":
            if self.stack and self.stack[-1][0] is None:
                _, self.counts, _ = self.stack.pop()
                return "resumed"
            return self.error(b["at"], to, "a trap return without a trap")
        if b["end"] == "call" or (b["end"] == "stop" and b["calls"]):
            if to in b["callees"]:
                self.call(b["at"] + b["size"], b)
                return self.arrive(None, to)
            if not b.get("open"):
                return self.error(b["at"], to, "a call that the CFG does not have")
        if to in b["to"]:
            self.used.add((b["at"], to))
            return self.arrive(b["at"], to)
        if b["end"] == "stop" and not b["calls"] and to == self.last:
            return "again"  # a jump to itself
        if b["end"] != "call" and to in b["callees"]:
            self.counts = {}
            return self.arrive(None, to)
        if b["end"] == "return" and self.stack and self.stack[-1][0] == to:
            _, self.counts, caller = self.stack.pop()
            c = self.g.block[caller]
            if to in c["to"]:
                self.used.add((caller, to))
                return self.arrive(caller, to)
            if c["resume"] == to:
                self.counts = {}
                return self.arrive(None, to)
            return self.error(caller, to, "the CFG says that this call does not return")
        return self.error(b["at"], to, f"no such edge (the block ends in {b['end']})")

    def run(self, pcs):
        block, left, last = None, 0, None
        suspended = []
        for pc in pcs:
            if block is None:
                if pc in self.g.block and not self.stack and last is None and pc >= 0x80000000:
                    block, last = self.g.block[pc], pc
                    left = block["insns"] - 1
                    self.arrive(None, pc)
                continue
            if pc in self.vectors and pc not in block["to"]:
                suspended.append((block, left))
                self.stack.append((None, self.counts, block["at"]))
                self.counts = {}
                self.arrive(None, pc)
                block = self.g.block[pc]
                left = block["insns"] - 1
                last = pc
                continue
            if left:
                if pc - last not in (2, 4) or not block["at"] < pc < block["at"] + block["size"]:
                    self.error(last, pc, "control leaves the middle of a block")
                    return self
                left, last = left - 1, pc
                continue
            self.last = last
            outcome = self.leave(block, pc)
            if outcome == "again":
                continue
            if outcome == "resumed":
                block, left = suspended.pop()
                # the trapped instruction was counted when it trapped; the handler skipped it
                if left:
                    left, last = left - 1, pc
                    continue
                self.leave(block, pc)
            if pc not in self.g.block:
                self.error(last, pc, "no block begins here")
                return self
            block, last = self.g.block[pc], pc
            left = block["insns"] - 1
        return self


def load_cfg(tool, elf, facts=None):
    return json.loads(subprocess.run([tool, "json", elf] + ([facts] if facts else []), check=True, capture_output=True).stdout)
