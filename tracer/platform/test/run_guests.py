#!/usr/bin/python3
"""Runs the guests on the board and compares what they cost with what their comments work out.

A guest is an assembly file; its comments direct the run:
    # platform FILE          instead of reference.ini
    # set SECTION.KEY = V    in the platform; V may be {a:b:...}: the N-th of them
    # append [SECTION] K=V…  to the platform
    # remove SECTION         from it
    # for N in …             run once for each, assembled with -DN=…
    # let NAME = EXPR
    # expect EXPR            Python over the platform's costs (names as in the file, `ret` for return, l1d_miss …), MARK, N, and the
                             marks' lists: c (cycles) v (value) insns l1i l1d l2 itlb dtlb dirty l2dirty taken traps
"""
import configparser, os, re, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "../../.."))
QEMU = os.environ.get("QEMU", "qemu-system-riscv64")
PREFIX = os.environ.get("RV_PREFIX", "riscv64-unknown-elf-")
PLUGIN = os.path.join(ROOT, os.environ.get("PLUGIN", "build/platform/potoroo-platform.so"))


def board_ini(base, settings, appended, path, n):
    ini = configparser.ConfigParser(inline_comment_prefixes=None)
    ini.read(os.path.join(ROOT, "platforms", base))
    for where, value in settings:
        section, key = where.split(".")
        choice = re.fullmatch(r"\{(.*)\}", value)
        ini[section][key] = choice.group(1).split(":")[n] if choice else value
    for section, pairs in appended:
        if pairs:
            ini[section] = dict(p.split("=") for p in pairs.split())
        else:
            ini.remove_section(section)
    with open(path, "w") as f:
        ini.write(f)
    return ini


def costs_of(ini):
    names = {"ret" if k == "return" else k: int(v) for k, v in ini["core"].items() if k not in ("isa", "clock_hz")}
    for level in ("l1i", "l1d", "l2", "itlb", "dtlb"):
        for key in ("miss", "evict_dirty"):
            names[f"{level}_{key}"] = int(ini.get(level, key, fallback="0"))
    names["MARK"] = names["alu"] + names["store"] + names["device_access"]
    return names


def assemble(source, elf, n, work):
    subprocess.run([PREFIX + "gcc", "-nostdlib", "-march=rv64gc", "-mabi=lp64d", "-mno-relax", "-mcmodel=medany", "-I", os.path.join(HERE, "guests"),
                    f"-DN={n}", "-Wl,-Ttext=0x80000000", "-Wl,--no-warn-rwx-segments", "-o", elf, source], check=True, cwd=work)


def boot(elf, platform, work, extra=(), qemu=()):
    """Runs ELF; returns (exit code, stderr). Plugin arguments in EXTRA, more of QEMU's in QEMU."""
    ram = os.path.join(work, "ram")
    plugin = ",".join([PLUGIN, f"platform={platform}", f"ram={ram}", *extra])
    ini = configparser.ConfigParser()
    try:
        ini.read(platform)
        run = ini.get("run", "qemu", fallback="").split()
    except configparser.Error:
        run = []
    done = subprocess.run([QEMU, "-M", "virt,memory-backend=ram", "-object", f"memory-backend-file,id=ram,size=128M,mem-path={ram},share=on",
                           "-bios", "none", "-icount", "shift=0,sleep=off", "-display", "none", "-monitor", "none", "-serial", "null", "-no-reboot",
                           *run, "-kernel", elf, "-plugin", plugin, *qemu], capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL)
    return done.returncode, done.stderr


def read_truth(path):
    lists = {"v": [], "c": []}
    for line in open(path):
        words = line.split()
        if words[0] != "mark":
            continue
        lists["v"].append(int(words[1]))
        for name, value in zip(words[2::2], words[3::2]):
            lists.setdefault("c" if name == "cycles" else name, []).append(int(value))
    return lists


class Guest:
    def __init__(self, path):
        self.path, self.platform, self.settings, self.appended, self.numbers, self.steps = path, "reference.ini", [], [], [0], []
        for line in open(path):
            m = re.match(r"# (platform|set|append|remove|for|let|expect) (.*)", line)
            if not m:
                continue
            word, rest = m.groups()
            if word == "platform" and rest.endswith(".ini"):
                self.platform = rest
            elif word == "set" and " = " in rest:
                self.settings.append(tuple(rest.split(" = ")))
            elif word == "append":
                self.appended.append(re.fullmatch(r"\[(\w+)\] (.*)", rest).groups())
            elif word == "remove" and rest.isalnum():
                self.appended.append((rest, ""))
            elif word == "for" and rest.startswith("N in "):
                self.numbers = [int(n) for n in rest[5:].split()]
            elif word in ("let", "expect"):
                self.steps.append((word, rest))

    def run(self, n, work, spoil=None):
        """The failures: (expectation, what it evaluated to). SPOIL(ini) changes the board behind the expectations' back."""
        elf, platform, truth = (os.path.join(work, f) for f in ("guest.elf", "board.ini", "truth"))
        assemble(os.path.abspath(self.path), elf, n, work)
        ini = board_ini(self.platform, self.settings, self.appended, platform, n)
        names = dict(costs_of(ini), N=n)
        if spoil:
            spoil(ini)
            with open(platform, "w") as f:
                ini.write(f)
        code, errors = boot(elf, platform, work, [f"truth={truth}"])
        if code:
            return [("the run ends well", f"exit code {code}: {errors.strip()}")]
        return check(self.steps, dict(names, **read_truth(truth)))


def check(steps, names):
    names = dict(names, max=max, min=min)
    failures = []
    for word, text in steps:
        if word == "let":
            name, expr = text.split(" = ", 1)
            names[name] = eval(expr, {"__builtins__": {}}, names)
            continue
        try:
            good = eval(text, {"__builtins__": {}}, names) is True
            sides = [eval(s, {"__builtins__": {}}, names) for s in text.split(" == ")] if " == " in text and " and " not in text else []
        except (IndexError, NameError, SyntaxError) as e:
            good, sides = False, [repr(e)]
        if not good:
            failures.append((text, " against ".join(map(str, sides))))
    return failures


def main(paths):
    passed = failed = 0
    guests = [Guest(p) for p in paths or sorted(os.path.join(HERE, "guests", f) for f in os.listdir(os.path.join(HERE, "guests")) if f.endswith(".S"))]
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as work:
        for guest in guests:
            for n in guest.numbers:
                failures = guest.run(n, work)
                checks = sum(word == "expect" for word, _ in guest.steps)
                assert checks, f"{guest.path} expects nothing"
                for text, why in failures:
                    print(f"{os.path.relpath(guest.path, ROOT)} N={n}: {text}: {why}")
                failed += len(failures)
                passed += checks - min(checks, len(failures))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
