"""Tests of the set-up, of the runners of `make check`, and of the Makefile's targets that need no set-up.

Machines that lack something are made from a PATH of links and, where a file must go, a mount namespace.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
BINUTILS, COMPILER = "binutils-riscv64-unknown-elf", "gcc-riscv64-unknown-elf"
BOOKWORM = "ID=debian\nVERSION_CODENAME=bookworm\n"
CMOCKA_PASS, CMOCKA_FAIL = "[  PASSED  ] 3 test(s).", "[  FAILED  ] 1 test(s), listed below:"
# An apt-get that notes how it was called, keeps the sources and pins it was given, and names one mirror.
APT = r"""
echo "$@" >>"$0.calls"
case "$*" in *--print-uris) echo "'http://mirror.test/debian/dists/bookworm/InRelease' x 0"; exit 0 ;; esac
for word; do case $word in Dir::Etc::*Parts=*) mkdir -p "$0.seen"; cp "${word#*=}"/* "$0.seen" 2>/dev/null ;; esac; done
"""
CHECKS = """
check: ; +@MAKE='$(MAKE)' {check} log build pass fail silent unbuilt crash
good: ; +@MAKE='$(MAKE)' {check} log build pass
pass: ; @echo "3 passed, 0 failed"
fail: ; @echo "3 passed, 2 failed"; exit 1
silent: ; @exit 1
unbuilt: no-such.o ; @echo "1 passed, 0 failed"
crash: ; @kill -SEGV $$$$
build: ; @echo built
"""


# What a test may take away or replace; everything else is linked once, in a folder shared by all machines.
CHANGED = {"apt-get", "sudo", "id", "qemu-system-riscv64", "riscv64-unknown-elf-gcc", "riscv64-unknown-elf-ld"}
COMMON = pathlib.Path(tempfile.mkdtemp())


def link_programs():
    for directory in ("/usr/sbin", "/usr/bin"):
        for entry in os.scandir(directory):
            link = COMMON / entry.name
            if entry.name not in CHANGED and not link.is_symlink():
                link.symlink_to(entry.path)


class Machine:
    """A scratch folder with a PATH that holds this machine's programs less some, and fakes of others."""

    def __init__(self, folder, without=(), fakes=None):
        assert CHANGED.issuperset(without) and CHANGED.issuperset(fakes or ())
        self.folder, self.bin = folder, folder / "bin"
        self.bin.mkdir()
        for name in CHANGED.difference(without):
            program = shutil.which(name, path="/usr/sbin:/usr/bin")
            if program:
                (self.bin / name).symlink_to(program)
        for name, script in (fakes or {}).items():
            self.fake(name, script)
        self.out = folder / "out" / "deps.mk"
        (folder / "out" / "deps").mkdir(parents=True)
        (folder / "tmp").mkdir()
        if (TOP / "build/deps/capstone").is_dir():
            (folder / "out/deps/capstone").symlink_to(TOP / "build/deps/capstone")
        self.mounts = ""

    def fake(self, name, script):
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text("#!/bin/sh\n" + script + "\n")
        path.chmod(0o755)
        return path

    def hide(self, target, content, mode=0o755):
        """Puts a file of this content over TARGET, for what the machine runs alone."""
        cover = self.folder / f"cover-{target.replace('/', '-')}"
        cover.write_text(content)
        cover.chmod(mode)
        self.mounts += f"mount --bind {cover} {target}; "

    def start(self, *command, cwd=TOP):
        env = {k: v for k, v in os.environ.items() if "MAKE" not in k and k not in ("MFLAGS", "V")}
        env.update(PATH=f"{self.bin}:{COMMON}", TMPDIR=str(self.folder / "tmp"), LC_ALL="C.UTF-8")
        if self.mounts:
            root = [] if os.geteuid() == 0 else ["--map-root-user"]
            command = ("/usr/bin/unshare", *root, "--mount", "/bin/sh", "-euc", self.mounts + 'exec "$@"', "sh", *map(str, command))
        return subprocess.Popen([str(c) for c in command], cwd=cwd, env=env, text=True, start_new_session=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, *command, cwd=TOP):
        process = self.start(*command, cwd=cwd)
        process.out_text, process.err_text = process.communicate(timeout=60)
        return process

    def setup(self):
        return self.run(TOP / ".ci/setup", self.out)

    def calls(self, name="apt-get"):
        file = self.bin / f"{name}.calls"
        return file.read_text().splitlines() if file.exists() else []


def one_line(process):
    lines = process.err_text.splitlines()
    assert process.returncode not in (0, 2), process.returncode
    assert len(lines) == 1, process.err_text
    return lines[0]


def qemu(version, help_text):
    return f'#!/bin/sh\ncase $1 in --version) echo "QEMU emulator version {version} (test)" ;; *) echo "{help_text}" ;; esac\n'


def test_all_there_needs_no_apt_and_no_root(folder):
    machine = Machine(folder, fakes={"apt-get": APT + "exit 1", "sudo": 'echo x >>"$0.calls"; exit 1', "id": "echo 1000"})
    times = []
    for _ in range(3):
        start = time.monotonic()
        process = machine.setup()
        times.append(time.monotonic() - start)
        assert process.returncode == 0 and process.err_text == "", process.err_text
    assert machine.calls() == [] and machine.calls("sudo") == []
    assert min(times) < 1, times
    keys = re.findall(r"^(\w+) :=", machine.out.read_text(), re.M)
    assert keys == ["DEPS_CPPFLAGS", "CAPSTONE_LIBS", "RV_PREFIX", "RV_CC", "QEMU", "PYTHON"], keys


def test_missing_without_apt_is_one_line(folder):
    machine = Machine(folder, without=["riscv64-unknown-elf-gcc", "apt-get"])
    line = one_line(machine.setup())
    assert COMPILER in line and BINUTILS not in line, line
    assert not machine.out.exists()


def test_missing_without_root_is_one_line(folder):
    machine = Machine(folder, ["riscv64-unknown-elf-ld"], {"apt-get": APT, "id": "echo 1000", "sudo": "exit 1"})
    line = one_line(machine.setup())
    assert BINUTILS in line and "root" in line and COMPILER not in line, line
    assert machine.calls() == [] and not machine.out.exists()


def test_missing_is_announced_then_installed(folder):
    machine = Machine(folder, ["riscv64-unknown-elf-ld"], {"id": "echo 0"})
    machine.fake("apt-get", APT + f'case "$*" in *" install "*) ln -s /bin/true {machine.bin}/riscv64-unknown-elf-ld ;; esac')
    process = machine.setup()
    assert process.returncode == 0, process.err_text
    assert process.err_text.splitlines()[0].endswith(f"install with apt: {BINUTILS}"), process.err_text
    assert machine.out.exists()
    assert re.search(rf" install --no-remove {BINUTILS}$", machine.calls()[-1]), machine.calls()
    assert list((folder / "tmp").iterdir()) == []


def test_sudo_is_used_where_it_needs_no_password(folder):
    machine = Machine(folder, ["riscv64-unknown-elf-ld"], {"id": "echo 1000", "apt-get": APT + "exit 1"})
    machine.fake("sudo", 'echo "$@" >>"$0.calls"; shift; exec "$@"')
    assert machine.setup().returncode != 0
    assert any("apt-get" in call for call in machine.calls("sudo")), machine.calls("sudo")


def test_apts_complaint_names_the_package(folder):
    machine = Machine(folder, ["riscv64-unknown-elf-ld", "riscv64-unknown-elf-gcc"], {"id": "echo 0"})
    machine.fake("apt-get", APT + f'case "$*" in *" install "*) echo "E: Unable to locate package {BINUTILS}"; exit 100 ;; esac')
    process = machine.setup()
    last = process.err_text.splitlines()[-1]
    assert process.returncode == 1 and not machine.out.exists()
    assert f"cannot install {BINUTILS}: E: Unable to locate" in last and COMPILER not in last, last


def test_installed_but_not_usable_is_an_error(folder):
    machine = Machine(folder, ["riscv64-unknown-elf-ld"], {"id": "echo 0", "apt-get": APT})
    process = machine.setup()
    assert process.returncode == 1 and not machine.out.exists()
    assert BINUTILS in process.err_text.splitlines()[-1], process.err_text


def test_interrupted_leaves_nothing_and_can_be_repeated(folder):
    machine = Machine(folder, ["riscv64-unknown-elf-ld"], {"id": "echo 0", "apt-get": APT + "exec sleep 50"})
    process = machine.start(TOP / ".ci/setup", machine.out)
    while not machine.calls():
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode != 0 and not machine.out.exists()
    assert list((folder / "tmp").iterdir()) == []
    (machine.bin / "riscv64-unknown-elf-ld").symlink_to("/bin/true")
    assert machine.setup().returncode == 0


def test_old_qemu_in_the_path_is_passed_over(folder):
    machine = Machine(folder, fakes={"apt-get": APT})
    (machine.bin / "qemu-system-riscv64").unlink(missing_ok=True)
    (machine.bin / "qemu-system-riscv64").write_text(qemu("7.2.0", "-plugin x"))
    (machine.bin / "qemu-system-riscv64").chmod(0o755)
    assert machine.setup().returncode == 0
    assert "QEMU := /usr/bin/qemu-system-riscv64\n" in machine.out.read_text()


def test_old_or_pluginless_qemu_is_one_line(folder):
    for index, script in enumerate((qemu("7.2.0", "-plugin x"), qemu("10.0.2", "-no-plugins"))):
        (folder / str(index)).mkdir()
        machine = Machine(folder / str(index), without=["qemu-system-riscv64", "apt-get"])
        machine.hide("/usr/bin/qemu-system-riscv64", script)
        assert "QEMU >= 10 needed" in one_line(machine.setup())


def test_qemu_of_debian_12_comes_from_its_mirrors_backports(folder):
    machine = Machine(folder, ["qemu-system-riscv64"], {"id": "echo 0", "apt-get": APT})
    machine.hide("/usr/bin/qemu-system-riscv64", qemu("7.2.0", "-plugin x"))
    machine.hide("/etc/os-release", BOOKWORM)
    before = sorted(os.listdir("/etc/apt/sources.list.d"))
    process = machine.setup()
    assert "qemu-system-riscv, its parts and its firmware from bookworm-backports" in process.err_text, process.err_text
    seen = machine.bin / "apt-get.seen"
    source = (seen / "potoroo-bookworm-backports.list").read_text()
    assert source.endswith(" http://mirror.test/debian bookworm-backports main\n") and "signed-by=/usr" in source, source
    pins = (seen / "potoroo-bookworm-backports").read_text().split("\n\n")
    assert pins[0].split("\n") == ["Package: *", "Pin: release n=bookworm-backports", "Pin-Priority: -1"], pins
    assert pins[1].startswith("Package: src:qemu src:opensbi src:seabios\n"), pins
    assert before == sorted(os.listdir("/etc/apt/sources.list.d"))


def test_capstone_of_debian_12_needs_no_root(folder):
    machine = Machine(folder, fakes={"id": "echo 1000", "sudo": "exit 1", "apt-get": APT})
    if (folder / "out/deps/capstone").is_symlink():
        (folder / "out/deps/capstone").unlink()
    machine.hide("/etc/os-release", BOOKWORM)
    if os.path.exists("/usr/include/capstone/capstone.h"):
        machine.hide("/usr/include/capstone/capstone.h", "#define CS_API_MAJOR 4\n")
    process = machine.setup()
    assert "fetch libcapstone-dev from trixie and unpack it" in process.err_text, process.err_text
    assert machine.calls()[-1].endswith("download libcapstone-dev/trixie"), machine.calls()
    assert process.returncode != 0 and not machine.out.exists()  # the fake fetched nothing


def test_missing_header_names_its_package(folder):
    machine = Machine(folder, without=["apt-get"])
    machine.mounts = f"mount --bind {folder}/tmp /usr/include/elfutils; "
    line = one_line(machine.setup())
    assert "libdw-dev" in line and "libelf-dev" not in line, line


def scratch_checkout(folder):
    top = folder / "checkout"
    top.mkdir()
    shutil.copy(TOP / "Makefile", top)
    shutil.copytree(TOP / ".ci", top / ".ci")
    return top


def test_class_is_asked_for_only_by_name(folder):
    machine = Machine(folder, without=["apt-get"])
    machine.mounts += "[ ! -d /usr/lib/u-boot ] || mount -t tmpfs none /usr/lib/u-boot; "
    assert machine.setup().returncode == 0
    process = machine.run(TOP / ".ci/setup", "--with", "binaries", machine.out)
    line = one_line(process)
    assert "u-boot-qemu" in line and COMPILER not in line, line
    for wrong in (["--with", "binaries"], ["--with", "all", machine.out], ["--help"], []):
        assert machine.run(TOP / ".ci/setup", *wrong).returncode == 2, wrong


def test_help_and_clean_need_no_setup(folder):
    top = scratch_checkout(folder)
    machine = Machine(folder, without=["riscv64-unknown-elf-gcc", "apt-get"])
    process = machine.run("make", "help", cwd=top)
    assert process.returncode == 0 and "make check" in process.out_text, process.err_text
    assert machine.run("make", "clean", cwd=top).returncode == 0
    assert not (top / "build").exists()


def test_failed_setup_fails_make(folder):
    top = scratch_checkout(folder)
    process = Machine(folder, without=["riscv64-unknown-elf-gcc", "apt-get"]).run("make", "-j2", "build", cwd=top)
    assert process.returncode == 2 and process.err_text.count(COMPILER) == 1, process.err_text
    assert not (top / "build/deps.mk").exists()


def test_check_sums_and_goes_on_after_failures(folder):
    (folder / "Makefile").write_text(CHECKS.format(check=TOP / ".ci/check"))
    machine = Machine(folder)
    for jobs in ("-j1", "-j2"):
        process = machine.run("make", jobs, "check", cwd=folder)
        lines = process.out_text.splitlines()
        assert process.returncode == 2 and lines[-1] == "6 passed, 5 failed", process.out_text
        assert sorted(lines[-2].split()) == sorted("failed: fail silent unbuilt crash".split()), lines
        process = machine.run("make", jobs, "good", cwd=folder)
        assert process.returncode == 0 and process.out_text.splitlines()[-1] == "3 passed, 0 failed", process.out_text


def test_cmocka_runner_counts(folder):
    machine = Machine(folder)
    cases = ((f"echo '{CMOCKA_PASS}'", "3 passed, 0 failed", 0),
             (f"echo '{CMOCKA_PASS}'; echo '{CMOCKA_FAIL}'; exit 1", "3 passed, 1 failed", 1),
             (f"echo '{CMOCKA_PASS}'; kill -SEGV $$", "3 passed, 1 failed", 1),
             ("exit 0", "0 passed, 1 failed", 1))
    for script, closing, status in cases:
        process = machine.run(TOP / ".ci/cmocka", machine.fake("program", script))
        assert process.out_text.splitlines()[-1] == closing, process.out_text
        assert process.returncode == status


def mounts_work():
    root = [] if os.geteuid() == 0 else ["--map-root-user"]
    command = ["unshare", *root, "--mount", "mount", "--bind", "/tmp", "/mnt"]
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0


def main():
    passed = failed = 0
    link_programs()
    for name, test in [item for item in globals().items() if item[0].startswith("test_")]:
        if {"hide", "mounts"}.intersection(test.__code__.co_names) and not mounts_work():
            print(f"{name}: skipped, no mount namespaces here")
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                test(pathlib.Path(folder))
                passed += 1
            except (AssertionError, subprocess.TimeoutExpired, OSError) as error:
                print(f"{name}: {type(error).__name__}: {error}")
                failed += 1
    shutil.rmtree(COMMON)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


main()
