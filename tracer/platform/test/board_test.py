#!/usr/bin/python3
"""The board's other outputs, and that its tests can fail: port, points, ranges, drain, determinism, arguments."""
import os, struct, subprocess, sys, tempfile
import run_guests as g

passed = failed = 0


def expect(what, good, detail=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"board_test: {what} failed {detail}")


class Setup:
    """A guest, assembled, with its platform."""

    def __init__(self, name, work):
        self.guest = g.Guest(os.path.join(g.HERE, "guests", name))
        self.work, self.elf, self.platform = work, os.path.join(work, name + ".elf"), os.path.join(work, name + ".ini")
        n = self.guest.numbers[0]
        g.assemble(self.guest.path, self.elf, n, work)
        self.costs = g.costs_of(g.board_ini(self.guest.platform, self.guest.settings, self.guest.appended, self.platform, n))
        nm = subprocess.run([g.PREFIX + "nm", self.elf], check=True, capture_output=True, text=True).stdout.split()
        self.symbols = dict(zip(nm[2::3], (int(a, 16) for a in nm[0::3])))

    def boot(self, *extra, qemu=()):
        return g.boot(self.elf, self.platform, self.work, extra, qemu)

    def path(self, name):
        return os.path.join(self.work, name)

    def port(self, *extra):
        """Records as (place, kind, cycle)."""
        code, errors = self.boot("port=" + self.path("port"), *extra)
        assert code == 0, errors
        names = {a: n for n, a in self.symbols.items()}
        data = open(self.path("port"), "rb").read()
        self.causes = []  # of the traps: (interrupt, number)
        records = []
        for pc, cycle in struct.iter_unpack("<QQ", data):
            kind = cycle >> 62
            if kind == ENTER:
                plain = pc & (1 << 57) - 1 | (0x7f << 57 if pc >> 56 & 1 else 0)
                self.causes.append(((pc ^ plain) >> 63, (pc ^ plain) >> 57 & 63))
                pc = plain
            records.append((names.get(pc, hex(pc)), kind, cycle & (1 << 62) - 1))
        return records

    def points(self, *names):
        with open(self.path("points"), "wb") as f:
            for n in names:
                f.write(struct.pack("<Q", self.symbols[n]))
        return "points=" + self.path("points")


POINT, ENTER, LEAVE = 0, 1, 2


def test_port(work):
    s = Setup("port.S", work)
    records = s.port()
    kernel = [("handler", ENTER), ("handler_out", POINT), ("sret_out", LEAVE), ("handler", ENTER), ("handler_odd", POINT), ("the_end", POINT)]
    want = [("0x1000", POINT), ("_start", POINT), ("boot_mret", LEAVE), ("s_mode", POINT), ("sret_boot", LEAVE)] + kernel
    got = [r[:2] for r in records]
    expect("port: blocks of privileged code", got == want, got)
    expect("port: causes of calls from user mode", s.causes == [(0, 8)] * 2, s.causes)
    c = s.costs
    enter, out, leave, enter2 = (r[2] for r in records[5:9])
    expect("port: enter is before the trap's cost, the line of the handler is cold", out - enter == c["trap"] + c["l1i_miss"] + 2 * c["csr"] + 2 * c["alu"] + c["branch"] + c["branch_taken"])
    expect("port: leave is behind sret", leave - out == c["alu"] + c["ret"])
    expect("port: the user's part", enter2 - leave == c["branch"] + c["branch_taken"] + c["csr"])
    boot_leave = records[4][2]
    expect("port: cold user line", enter - boot_leave == c["l1i_miss"] + c["alu"] + c["csr"])


def test_double(work):
    """An interrupt to M-mode before the first instruction of a trap to S-mode: the S-mode vector is told of once, as `enter`."""
    s = Setup("double.S", work)
    records = s.port(s.points("handler", "m_handler"))
    at_once = sum(a[0] == "handler" and b[0] == "m_handler" for a, b in zip(records, records[1:]))
    expect("port: vectors are told of as enter only", at_once > 0 and not [r for r in records if r[1] == POINT], at_once)
    expect("port: every trap to S-mode", sum(r[:2] == ("handler", ENTER) for r in records) == 3100, sum(r[:2] == ("handler", ENTER) for r in records))


def test_points(work):
    s = Setup("port.S", work)
    names = ["handler_mid", "user_3", "handler_out", "sret_out", "handler"]
    got = s.port(s.points(*names))
    want = [("boot_mret", LEAVE), ("sret_boot", LEAVE), ("handler", ENTER), ("handler_mid", POINT), ("handler_out", POINT), ("sret_out", LEAVE), ("handler", ENTER), ("handler_mid", POINT)]
    expect("points: exactly the ones asked for", [r[:2] for r in got] == want, got)
    enter, mid = got[2][2], got[3][2]
    expect("points: in the middle of a block", mid - enter == s.costs["trap"] + s.costs["l1i_miss"] + s.costs["csr"])
    user = s.port(s.points("user_2", "user_3", "handler"), f"range={s.symbols['user']:#x}-{s.symbols['handler']:#x}")
    expect("range: user code on demand, nothing else", [r[:2] for r in user] == [("user_2", POINT), ("user_3", POINT)], user)
    two = s.port(s.points("user_2", "handler_mid"), f"range={s.symbols['user']}-{s.symbols['user'] + 64}", f"range={s.symbols['handler_mid']}-{s.symbols['handler_mid'] + 4}")
    expect("range: more than one", [r[0] for r in two] == ["handler_mid", "user_2", "handler_mid"], two)


def test_drain(work):
    s = Setup("drain.S", work)
    code, errors = s.boot("trace=" + s.path("trace"), "buffer=0x87e10000", "truth=" + s.path("truth"))
    expect("drain: the run", code == 0, errors)
    data = open(s.path("trace"), "rb").read()
    expect("drain: all records, in order", data == b"".join(struct.pack("<II", i, 3 * i) for i in range(1, 22)), data.hex())
    expect("drain: the guest's expectation", not g.check(s.guest.steps, dict(s.costs, **g.read_truth(s.path("truth")))))
    other = s.path("truth.undrained")
    s.boot("truth=" + other)
    expect("drain: the guest sees no time pass", open(other).read() == open(s.path("truth")).read())


def test_determinism(work):
    for name in ("interrupt.S", "double.S"):
        s = Setup(name, work)
        runs = []
        for _ in range(2):
            code, errors = s.boot("port=" + s.path("port"), "truth=" + s.path("truth"))
            runs.append((code, open(s.path("port"), "rb").read(), open(s.path("truth")).read()))
        expect(f"{name}: two runs alike", runs[0] == runs[1] and len(runs[0][1]) > 10000)
        s.boot("truth=" + s.path("plain"))
        expect(f"{name}: the port takes no time", open(s.path("plain")).read() == runs[0][2])


def test_blocks_do_not_matter(work):
    """How QEMU cuts the code into blocks is not the board's business: one instruction a block gives the same truth and the same points."""
    for name in sorted(f for f in os.listdir(os.path.join(g.HERE, "guests")) if f.endswith(".S")):
        s = Setup(name, work)
        outputs = []
        text = sorted(a for n, a in s.symbols.items() if 0x80000000 <= a < 0x80100000)
        with open(s.path("points"), "wb") as f:
            f.write(b"".join(struct.pack("<Q", a + 4 * k) for a in text for k in range(5)))
        for accel in ("tcg", "tcg,one-insn-per-tb=on"):
            code, errors = s.boot("port=" + s.path("port"), "points=" + s.path("points"), "truth=" + s.path("truth"), qemu=["-accel", accel])
            outputs.append((code, open(s.path("port"), "rb").read(), open(s.path("truth")).read()))
        expect(f"{name}: the same with one instruction a block", outputs[0] == outputs[1] and outputs[0][0] == 0 and outputs[0][1] and outputs[0][2])


def test_translation_memory(work):
    s = Setup("many.S", work)
    for size in (1, 64):
        code, errors = s.boot("truth=" + s.path(f"truth.{size}"), qemu=["-accel", f"tcg,tb-size={size}"])
        expect(f"many blocks, {size} MiB of translations", code == 0 and not g.check(s.guest.steps, dict(s.costs, **g.read_truth(s.path(f"truth.{size}")))), errors)


def test_arguments(work):
    s = Setup("straight.S", work)
    bad = s.path("bad.ini")
    with open(bad, "w") as f:
        f.write("[core]\nisa = rv64gc\nclock_hz = 1\nspeed = 3\n")
    small = s.path("small.ini")
    with open(small, "w") as f:
        f.write("[core]\nisa = rv64gc\nclock_hz = 1\n[memory]\nram = 4096\n")
    cases = [
        (["nonsense=1"], "unknown argument nonsense=1"), (["range=5"], "range=5"), (["range=0x20-0x10", "port=/dev/null"], "HIGH beyond LOW"),
        (["buffer=0x87e10001", "trace=/dev/null"], "not an address"), (["buffer=0x87e10000"], "go together"), (["trace=/dev/null"], "go together"),
        (["buffer=0x1000", "trace=/dev/null"], "outside RAM"), (["points=/dev/null"], "need port="), (["points=/nowhere", "port=/dev/null"], "/nowhere: No such file"),
        (["port=/nowhere/port"], "/nowhere/port: No such file"), ([f"platform={bad}"], f"{bad}:4: unknown key speed in [core]"),
        ([f"platform={small}"], "[memory] ram says 4096"), (["platform=/nowhere.ini"], "/nowhere.ini: No such file"),
    ]
    for extra, message in cases:
        code, errors = s.boot(*extra)
        expect(f"arguments {extra}", code == 3 and message in errors and errors.count("\n") == 1, f"exit {code}: {errors}")
    code, errors = s.boot(qemu=["-smp", "2"])
    expect("two harts", code == 3 and "one hart" in errors, errors)


def test_unknown_opcode(work):
    """An opcode that QEMU executes but the model does not know ends the run; never reached, it does not matter."""
    for name, word, fatal in (("zbb", "0x60051513", True), ("unreached", "j 1f; .word 0x60051513; 1:", False)):
        source = os.path.join(work, name + ".S")
        with open(source, "w") as f:
            f.write(f'#include "guest.h"\nBEGIN\n{".word " if fatal else ""}{word}\nMARK\nEND\n')
        elf = os.path.join(work, name + ".elf")
        g.assemble(source, elf, 0, work)
        code, errors = g.boot(elf, os.path.join(g.ROOT, "platforms/reference.ini"), work)
        expect(f"unknown opcode, {name}", (code == 3 and "opcode 0x60051513 is not modelled" in errors) if fatal else code == 0, f"{code} {errors}")


# Each cost of the platform and a guest whose expectations must notice when it is off by one.
NOTICES = {
    "core.alu": "straight.S", "core.mul": "classes.S", "core.div": "classes.S", "core.load": "straddle.S", "core.store": "dirty.S", "core.branch": "branch.S",
    "core.branch_taken": "branch.S", "core.jump": "jump.S", "core.csr": "trap.S", "core.fence": "classes.S", "core.fp": "classes.S", "core.trap": "trap.S",
    "core.return": "user.S", "core.device_access": "device.S", "l1i.miss": "straight.S", "l1d.miss": "strided.S", "l1d.evict_dirty": "dirty.S",
    "l2.miss": "strided-l2.S", "dtlb.miss": "tlb.S", "itlb.miss": "tlb.S", "l1d.ways": "strided.S", "l1i.ways": "icache.S", "l2.ways": "strided-l2.S",
}


def test_the_tests(work):
    for where, name in NOTICES.items():
        section, key = where.split(".")

        def spoil(ini):
            value = int(ini[section][key])
            ini[section][key] = str(value - 1 if key == "ways" else value + 1)

        guest = g.Guest(os.path.join(g.HERE, "guests", name))
        expect(f"{name} notices a wrong {where}", guest.run(guest.numbers[-1], work, spoil))
    for name in sorted(set(NOTICES.values())):
        guest = g.Guest(os.path.join(g.HERE, "guests", name))
        guest.steps = [(w, t + " + 1" if w == "expect" and " == " in t else t) for w, t in guest.steps]
        wrong = guest.run(guest.numbers[0], work)
        expect(f"{name}: every expectation, made wrong by one, fails", len(wrong) == sum(w == "expect" and " == " in t for w, t in guest.steps), wrong)


def main():
    for test in (test_port, test_double, test_points, test_drain, test_determinism, test_blocks_do_not_matter, test_translation_memory, test_arguments, test_unknown_opcode, test_the_tests):
        with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as work:
            test(work)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
