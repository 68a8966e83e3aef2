#!/usr/bin/python3
"""A campaign's jobs through GNU parallel and through a Slurm array, whose controller and node run on this machine for the occasion: the merged
profile is that of the local run, to the byte. Needs Debian's parallel, munge, slurmctld, slurmd and slurm-client, and to be root.

usage: cluster_test.py POTOROO QEMU PLATFORM.ini KERNEL.elf FACTS.ff"""
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

POTOROO, QEMU, BOARD, KERNEL, FACTS = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:6])
os.environ["POTOROO_QEMU"] = QEMU
passed = failed = 0


def check(name, good, why=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"{name}: {why}")


def run(*words, **more):
    r = subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL, **more)
    check(" ".join(str(w) for w in words[:3]), r.returncode == 0, f"status {r.returncode}: {r.stdout[-500:]} {r.stderr[-1500:]}")
    return r.stdout


def result(folder):
    return (folder / (pathlib.Path(BOARD).stem + ".prof")).read_bytes()


def with_parallel(there, ini, whole):
    folder = there / "parallel"
    jobs = there / "parallel.txt"
    jobs.write_text(run(POTOROO, "campaign", "-c", ini, "-o", folder, "--list"))
    run("parallel", "--will-cite", "-j", "2", "-a", jobs)
    run(POTOROO, "campaign", "-c", ini, "-o", folder, "--merge")
    check("GNU parallel: equal to the local run", result(folder) == whole)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def configure(there):
    """A cluster of one node: this machine, by its loopback address."""
    host = socket.gethostname().split(".")[0]
    (there / "spool").mkdir()
    (there / "state").mkdir()
    conf = there / "slurm.conf"
    conf.write_text(f"""ClusterName=potoroo
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmctldPort={free_port()}
SlurmdPort={free_port()}
AuthType=auth/munge
AuthInfo=socket={there}/munge/socket
CryptoType=crypto/munge
StateSaveLocation={there}/state
SlurmdSpoolDir={there}/spool
SlurmctldPidFile={there}/ctld.pid
SlurmdPidFile={there}/d.pid
SlurmctldLogFile={there}/ctld.log
SlurmdLogFile={there}/d.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
""")
    return conf


def start(there):
    """munged, slurmctld and slurmd in the foreground, so that they end with us."""
    munge = there / "munge"
    munge.mkdir(mode=0o711)
    key = munge / "key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)
    os.environ["SLURM_CONF"] = str(configure(there))
    log = open(there / "daemons.log", "wb")
    # the socket's folder and the log's must be ours alone, whatever is above them: --force
    lines = (["munged", "-F", "--force", f"--key-file={key}", f"--socket={munge}/socket", f"--pid-file={munge}/pid", f"--seed-file={munge}/seed", f"--log-file={munge}/log"],
             ["slurmctld", "-D", "-i", "-c"], ["slurmd", "-D", "-c", "-N", socket.gethostname().split(".")[0]])
    running = []
    for line in lines:
        running.append(subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}))
        time.sleep(1.5)
    return running


def with_slurm(there, ini, whole):
    folder, jobs, script = there / "slurm", there / "slurm.txt", there / "array.sh"
    lines = run(POTOROO, "campaign", "-c", ini, "-o", folder, "--list")
    jobs.write_text(lines)
    script.write_text(f'#!/bin/sh\neval "$(sed -n "${{SLURM_ARRAY_TASK_ID}}p" {jobs})"\n')
    daemons = start(there)
    try:
        for _ in range(60):
            if "idle" in subprocess.run(["sinfo", "-h", "-o", "%T"], capture_output=True, text=True).stdout:
                break
            time.sleep(0.5)
        run("sbatch", "--wait", f"--array=1-{len(lines.splitlines())}", "--output", there / "task-%a.out", script)
        outputs = " ".join(p.read_text() for p in there.glob("task-*.out"))
        check("slurm: no task says a word", not outputs.strip(), outputs)
        run(POTOROO, "campaign", "-c", ini, "-o", folder, "--merge")
        check("slurm: equal to the local run", (folder / (pathlib.Path(BOARD).stem + ".prof")).exists() and result(folder) == whole)
    finally:
        for d in reversed(daemons):
            d.terminate()
        for d in daemons:
            try:
                d.wait(10)
            except subprocess.TimeoutExpired:
                d.kill()
    if failed:
        for log in ("daemons.log", "ctld.log", "d.log"):
            if (there / log).exists():
                print(f"--- {log}\n" + (there / log).read_text(errors="replace")[-2000:])


missing = [p for p in ("parallel", "munged", "slurmctld", "slurmd", "sbatch") if not shutil.which(p, path=os.environ["PATH"] + ":/usr/sbin:/sbin")]
if missing:
    sys.exit(f"not there: {', '.join(missing)}; `.ci/setup --with cluster` installs them")
with tempfile.TemporaryDirectory() as base:
    place = pathlib.Path(base)
    config = place / "c.ini"
    config.write_text(f"[campaign]\nkernel = {KERNEL}\nfacts = {FACTS}\nplatforms = {BOARD}\nseeds = 1-4\narguments = -device loader,addr=0x87e08000,data={{seed}},data-len=8\n"
                      "[workload w]\narguments = -device loader,addr=0x87e08008,data=800,data-len=8\n")
    run(POTOROO, "campaign", "-c", config, "-o", place / "local", "-j", "1")
    local = result(place / "local")
    with_parallel(place, config, local)
    with_slurm(place, config, local)
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
