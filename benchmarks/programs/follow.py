"""Follows an execution, as the board's trace port tells of it, through the CFG that `potoroo cfg --json` rebuilt.

The port tells of each instruction behind a branch (taken or not), a jump, a trap or a return, so between two records the
execution ran straight on, and every record must be the start of a block to which the CFG lets control go.
"""
import array
import struct

LEAVE, ENTER = 2 << 62, 1 << 62


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
    """Addresses in the order of execution. A trap's stamp stands for the record of its vector; a return's tells of the return itself."""
    words = array.array("Q")
    with open(path, "rb") as file:
        words.frombytes(file.read())
    return [address(pc) if cycle & ENTER else pc for pc, cycle in zip(words[::2], words[1::2]) if not cycle & LEAVE]


def address(pc):
    """Of a record of a trap, whose upper seven bits tell the cause instead of repeating bit 56."""
    pc &= (1 << 57) - 1
    return pc | ((1 << 64) - (1 << 57) if pc >> 56 else 0)


class Block:
    __slots__ = ("at", "end", "resume", "callees", "to", "after", "open", "function", "loops", "heads", "runs_on")


class Graph:
    """The CFG in a shape that is quick to follow. A loop's count is of the executions of its entries (cfg.h), by activation."""

    def __init__(self, cfg, elf):
        self.code = code = Code(elf)
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


    def vectors(self):
        """Entries of the functions that end in a trap's return, themselves or by jumping on; blocks that begin by a swap with mscratch."""
        found = {a for a in self.blocks if self.code.half(a) & 0x707f == 0x1073 and self.code.half(a + 2) >> 4 == 0x340}
        while True:
            more = {entry for entry, f in self.functions.items() if entry not in found and
                    any(b["end"] == "trap-return" or b["end"] != "call" and any(int(c, 16) in found for c in b["calls"]) for b in f["blocks"])}
            if not more:
                return found
            found |= more


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

    def take_trap(self, block, pc):
        """A trap while BLOCK, or what it runs on into, was executed; or the next one after a return to code that is not ours."""
        if block is not None:
            self.suspended.append((block, self.stack, self.counts, self.function))
        self.stack = []
        self.begin(pc)
        target = self.g.blocks[pc]
        self.enter(None, target)
        return target

    def trap_return(self, pc):
        """Where a trap's return goes on: in what was interrupted, or, outside for a while, at the next trap."""
        self.active[self.function] -= 1
        if pc in self.vectors:
            return self.take_trap(None, pc)
        while self.suspended:
            block, self.stack, self.counts, self.function = self.suspended.pop()
            within = self.run_straight(block)
            if block.at <= pc < within.resume:
                return within
        return None

    def run(self, pcs, entry, vectors=()):
        """VECTORS: the entries of trap handlers, to which control may come from anywhere."""
        self.vectors, self.suspended = set(vectors), []
        block = self.g.blocks[entry]
        self.begin(entry)
        self.enter(None, block)
        for pc in pcs[pcs.index(entry) + 1:]:
            before, block = block, self.run_straight(block)
            if block.end == "stop" and not block.callees:
                break  # the jump to itself behind the power-off
            if block.end == "trap-return" and vectors:
                block = self.trap_return(pc)
                if block is None:
                    self.error(before, pc, "a trap returns to where none was taken")
            elif pc in self.vectors and pc not in block.to and pc not in block.callees:
                block = self.take_trap(before, pc)
            else:
                block = self.transfer(block, pc)
            self.transfers += 1
            if block is None:
                break
        return self
