"""Where compilers put jump tables, read off the disassembly: an oracle that knows patterns and nothing of potoroo.

A table jump is `jr REG` whose register comes, by the straight code just before it, from a load at an address to which a shifted index was
added. Tail calls through pointers have no such shift. objdump sweeps linearly, which the code of compilers bears.
"""
import re
import subprocess

LINE = re.compile(r"^\s*([0-9a-f]+):\t(\S+)\t?([^#<]*)")
LOADS = {"lb", "lbu", "lh", "lhu", "lw", "lwu", "ld"}
STORES = {"sb", "sh", "sw", "sd", "fsw", "fsd"}
SHIFTS = {"sll", "slli", "sh1add", "sh2add", "sh3add"}
LEAVES = {"ret", "jr", "j", "jal", "jalr", "mret", "sret", "ebreak", "unimp"}
BACK = 16


def disassemble(objdump, elf):
    """[(address, mnemonic, operands)] of all code sections."""
    text = subprocess.run([objdump, "-d", "--no-show-raw-insn", elf], capture_output=True, text=True, check=True).stdout
    found = (LINE.match(line) for line in text.splitlines())
    return [(int(m.group(1), 16), m.group(2), [o for o in re.split(r"[,()\s]+", m.group(3)) if o]) for m in found if m]


def is_table(before, register):
    """Whether the instructions BEFORE a jump to REGISTER compute it by one load, from an indexed address."""
    wanted, loaded = {register}, 0
    for _, name, operands in reversed(before):
        if name in LEAVES:
            return False
        if not operands or operands[0] not in wanted or name in STORES or name[0] == "b":
            continue
        if loaded == 1 and name in SHIFTS:
            return True
        loaded += name in LOADS
        wanted.discard(operands[0])
        wanted.update(o for o in operands[1:] if re.fullmatch(r"[ast]\d+", o))
    return False


def table_jumps(lines):
    """The addresses of the jumps through tables, and of all indirect jumps but returns."""
    jumps = [i for i, (_, name, operands) in enumerate(lines) if name == "jr" and operands[-1] not in ("ra", "t0")]
    return [lines[i][0] for i in jumps if is_table(lines[max(0, i - BACK):i], lines[i][2][-1])], [lines[i][0] for i in jumps]
