"""Follows an execution, as the board's trace port tells of it, through the CFG that `potoroo cfg --json` rebuilt.

The port tells of each instruction behind a branch (taken or not), a jump, a trap or a return, so between two records the
execution ran straight on, and every record must be the start of a block to which the CFG lets control go.
"""
import array
import struct

CAUSE = 3 << 62


class Code:
    """The loadable bytes of an ELF; only told apart: whether a block's last instruction jumps."""

    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read()
        at, = struct.unpack_from("<Q", data, 32)
        size, count = struct.unpack_from("<HH", data, 54)
        heads = (struct.unpack_from("<IIQQQQ", data, at + i * size) for i in range(count))
        self.parts = [(address, data[offset:offset + length]) for kind, _, offset, address, _, length in heads if kind == 1]

    def half(self, address):
        for base, data in self.parts:
            if base <= address < base + len(data) - 1:
                return struct.unpack_from("<H", data, address - base)[0]
        return 0

    def jumps(self, block):
        """jal or jalr; c.j, c.jr or c.jalr."""
        at, end = block.at, block.resume
        while at < end:
            word = self.half(at)
            at += 4 if word & 3 == 3 else 2
        return word & 0x7f in (0x6f, 0x67) or word & 0xe003 == 0xa001 or word & 0xe07f == 0x8002


def records(path):
    """Addresses in the order of execution, without the stamps of traps."""
    words = array.array("Q")
    with open(path, "rb") as file:
        words.frombytes(file.read())
    return [pc for pc, cycle in zip(words[::2], words[1::2]) if not cycle & CAUSE]


class Block:
    __slots__ = ("at", "end", "resume", "callees", "to", "after", "open", "function", "loops", "heads", "runs_on")


class Graph:
    """The CFG in a shape that is quick to follow. A loop's count is of the executions of its entries (cfg.h), by activation."""

    def __init__(self, cfg, elf):
        code = Code(elf)
        self.blocks, self.loops, self.functions = {}, [], {}
        for f in cfg["functions"]:
            entry = int(f["addr"], 16)
            self.functions[entry] = f
            for b in f["blocks"]:
                n = Block()
                n.at, n.end, n.function = int(b["addr"], 16), b["end"], entry
                n.resume = n.at + b["size"]
                n.callees = {int(c, 16) for c in b["calls"]}
                n.to = {int(e["to"], 16): e["kind"] for e in b["succ"]}
                n.after = int(b["resume"], 16) if "resume" in b else None
                n.open = b.get("open", False) or b["end"] == "open"
                n.loops, n.heads = frozenset(), ()
                n.runs_on = n.end == "tail" and n.callees == {n.resume} and not code.jumps(n)
                self.blocks[n.at] = n
            for l in f["loops"]:
                index = len(self.loops)
                self.loops.append(dict(l, function=f["name"], entry=entry, seen=0, total=0))
                for a in l["blocks"]:
                    self.blocks[int(a, 16)].loops |= {index}
                for a in l["entries"]:
                    self.blocks[int(a, 16)].heads += (index,)


class Walk:
    """errors: what the execution did that the CFG does not have. depth: most activations of a function at once."""

    def __init__(self, graph, lenient=False):
        """LENIENT: where the CFG itself says that it does not know the targets, any block will do; `opened` counts these."""
        self.g, self.errors, self.transfers = graph, [], 0
        self.lenient, self.opened, self.lost = lenient, 0, None  # lost: where such a target is in no block, so the walk ended
        self.stack = []  # (return address, loop counts, calling block, function)
        self.counts, self.function = {}, None
        self.active, self.depth = {}, {}
        self.used, self.covered = set(), set()

    def error(self, block, to, why):
        if len(self.errors) < 5:
            self.errors.append(f"0x{block.at:x} -> 0x{to:x}: {why}")

    def begin(self, function):
        self.counts, self.function = {}, function
        n = self.active[function] = self.active.get(function, 0) + 1
        if n > self.depth.get(function, 0):
            self.depth[function] = n

    def enter(self, before, block):
        """Count loops at BLOCK, reached from block BEFORE of the same activation (None: the activation begins)."""
        counts, loops = self.counts, self.g.loops
        came = before.loops if before else frozenset()
        for l in came - block.loops:
            counts.pop(l, None)
        for l in block.heads:
            n = counts[l] = counts.get(l, 0) + 1 if l in came else 1
            loops[l]["total"] += 1
            if n > loops[l]["seen"]:
                loops[l]["seen"] = n

    def run_straight(self, block):
        """From the start of BLOCK to the next block that ends in a transfer."""
        while True:
            self.covered.add(block.at)
            if block.end == "fall" and block.to:
                after = self.g.blocks[next(iter(block.to))]
                self.used.add((block.at, after.at))
                self.enter(block, after)
            elif block.runs_on:
                after = self.g.blocks[block.resume]  # into the next function: no transfer, so no record
                self.active[self.function] -= 1
                self.begin(after.at)
                self.enter(None, after)
            else:
                return block
            block = after

    def transfer(self, block, to):
        """BLOCK's last instruction was executed and TO comes next. The block at TO, or None where the CFG does not have it."""
        target = self.g.blocks.get(to)
        if target is None and self.lenient and block.open:
            self.lost = to
            return None
        if target is None:
            return self.error(block, to, "no block begins there")
        if to in block.to and block.to[to] != "return":
            self.used.add((block.at, to))
            self.enter(block, target)
            return target
        if to in block.callees:
            if block.end == "call" or block.end == "stop":
                self.stack.append((block.resume, self.counts, block, self.function))
            else:
                self.active[self.function] -= 1
            self.begin(to)
            self.enter(None, target)
            return target
        if block.end == "return" and self.stack and self.stack[-1][0] == to:
            self.active[self.function] -= 1
            _, self.counts, caller, self.function = self.stack.pop()
            if to in caller.to:
                self.used.add((caller.at, to))
                self.enter(caller, target)
                return target
            if caller.after == to:
                self.active[self.function] -= 1
                self.begin(to)
                self.enter(None, target)
                return target
            return self.error(caller, to, "the CFG says that this call does not return there")
        if self.lenient and block.open:
            self.opened += 1
            if block.end == "call":
                self.stack.append((block.resume, self.counts, block, self.function))
            else:
                self.active[self.function] -= 1
            self.begin(to)
            self.enter(None, target)
            return target
        return self.error(block, to, f"no such edge (the block ends in {block.end})")

    def run(self, pcs, entry):
        at = pcs.index(entry)
        block = self.g.blocks[entry]
        self.begin(entry)
        self.enter(None, block)
        for pc in pcs[at + 1:]:
            block = self.run_straight(block)
            if block.end == "stop" and not block.callees:
                break  # the jump to itself behind the power-off
            block = self.transfer(block, pc)
            self.transfers += 1
            if block is None:
                break
        return self
